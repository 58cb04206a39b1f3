/*
 * Links to peers: what is wrong with each, and what becomes of one packet of it. Knows neither the kernel nor a clock:
 * the time of a packet and the source of chance are given.
 */
#ifndef AMNESIA_LINK_H
#define AMNESIA_LINK_H

#include "packet.h"
#include "../random.h"

#define LINKS_MAX 256

/* Shares are between 0 and 1. Zero everywhere is a link without fault. */
struct link_fault {
  double delay_ms;
  /* A packet takes up to so much more or less than `delay_ms`. */
  double jitter_ms;
  double loss;
  /* Gilbert-Elliott: a good link turns bad with `burst_begin`, a bad one loses all and turns good with `burst_end`. */
  double burst_begin;
  double burst_end;
  double duplicate;
  /* This share is held back by `reorder_ms`, so that later ones overtake it. */
  double reorder;
  double reorder_ms;
  /* This share has one bit of its payload turned round. */
  double corrupt;
  /* 1: the checksum is made right again, so that the change gets through to the application. */
  double mend_checksum;
  /* Bits in a second; 0: as fast as it can. */
  double rate_bits;
  /* Bytes that wait for a limited rate before packets are dropped. */
  double queue_bytes;
};

struct link_counts {
  uint64_t seen;
  uint64_t lost;
  uint64_t overflowed;
  uint64_t duplicated;
  uint64_t reordered;
  uint64_t corrupted;
  uint64_t delayed;
};

struct link {
  int in_use;
  /* The fault of all peers that have none of their own. */
  int is_everybody;
  address peer;
  struct link_fault fault;
  struct link_counts counts;
  int in_burst;
  int64_t free_at_ns;
};

/* What is to be done with a packet. */
struct fate {
  int dropped;
  int duplicated;
  int corrupted;
  /* How much later than it came; 0: at once. */
  int64_t delay_ns;
};

/* The link to a peer, or the one of everybody; null where nothing is wrong with it. */
struct link *link_of(const address *peer);

/* Finds or makes the link of "*" or of an address. Null where there is no room, or no address. */
struct link *link_named(const char *name);

/* Forgets one ("*" as well: only that of everybody), or all of them where `name` is null. */
void link_clear(const char *name);

/* Calls `visit` with each link that is in use. */
void link_each(void (*visit)(const struct link *link));

/* Duplicates are decided where a packet leaves, all else where it arrives. */
struct fate link_decide(struct link *link, size_t length, int64_t now_ns, int leaving,
                        struct random_source *random);

/* Turns one bit of the payload round; 0 where it has none. */
int link_corrupt(struct link *link, struct packet *packet, struct random_source *random);

#endif
