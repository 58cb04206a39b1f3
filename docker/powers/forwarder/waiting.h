/*
 * Packets that the kernel holds for us until they are due: a binary heap by due time, and by arrival among
 * those that are due together, so that packets with one delay never overtake each other.
 */
#ifndef AMNESIA_WAITING_H
#define AMNESIA_WAITING_H

#include <stdint.h>

/* The kernel's own queue holds at most this many, too. */
#define WAITING_MAX 65536

struct waiting_packet {
  int64_t due_ns;
  uint64_t arrival;
  /* The number under which the kernel holds it. */
  uint32_t packet_id;
};

int waiting_count(void);

/* 0 where it is full; the packet is not held then. */
int waiting_hold(uint32_t packet_id, int64_t due_ns);

/* The one that is due first; null where none waits. */
const struct waiting_packet *waiting_first(void);

void waiting_release_first(void);

#endif
