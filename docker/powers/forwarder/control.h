/*
 * The lines by which a forwarder is told what to do, and its answers:
 *
 *   set PEER KEY VALUE ...   the whole fault of a peer (an address, or * for those that have none of their own)
 *   clear [PEER]             nothing is wrong with that link any more; without a peer: with none
 *   stat                     one line of JSON: what was done so far, by peer
 *
 * Each is answered by one line: "ok", JSON, or "error" and what was wrong; a line that is wrong changes nothing.
 */
#ifndef AMNESIA_CONTROL_H
#define AMNESIA_CONTROL_H

/* Carries one line out and prints its answer; an empty line is none. The line is changed. */
void control_line(char *line);

#endif
