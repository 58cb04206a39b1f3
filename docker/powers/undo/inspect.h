/* Which processes write in ways that the library cannot see. */
#ifndef AMNESIA_INSPECT_H
#define AMNESIA_INSPECT_H

/*
 * Prints one line of JSON: an array with an entry for each of the processes, or for all of this process namespace
 * where none are named. Those that this user may not look at are left out. 0, or 1.
 */
int inspect(const char *data, int pid_count, char **pids);

#endif
