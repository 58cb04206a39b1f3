/* See link.h. */
#include "link.h"

#include <string.h>

static struct link links[LINKS_MAX];
static const double default_queue_bytes = 64000;

struct link *link_of(const address *peer) {
  struct link *everybody = 0;
  for (int i = 0; i < LINKS_MAX; i++) {
    if (!links[i].in_use) continue;
    if (links[i].is_everybody) everybody = &links[i];
    else if (memcmp(&links[i].peer, peer, sizeof *peer) == 0) return &links[i];
  }
  return everybody;
}

static int is_named(const struct link *link, int is_everybody, const address *peer) {
  if (!link->in_use || link->is_everybody != is_everybody) return 0;
  return is_everybody || memcmp(&link->peer, peer, sizeof *peer) == 0;
}

struct link *link_named(const char *name) {
  address peer = {0};
  int is_everybody = strcmp(name, "*") == 0;
  if (!is_everybody && !address_read(&peer, name)) return 0;
  struct link *unused = 0;
  for (int i = 0; i < LINKS_MAX; i++) {
    if (is_named(&links[i], is_everybody, &peer)) return &links[i];
    if (!links[i].in_use && !unused) unused = &links[i];
  }
  if (!unused) return 0;
  memset(unused, 0, sizeof *unused);
  unused->in_use = 1;
  unused->is_everybody = is_everybody;
  unused->peer = peer;
  return unused;
}

void link_clear(const char *name) {
  address peer = {0};
  int is_everybody = name && strcmp(name, "*") == 0;
  if (name && !is_everybody && !address_read(&peer, name)) return;
  for (int i = 0; i < LINKS_MAX; i++) {
    if (!name || is_named(&links[i], is_everybody, &peer)) links[i].in_use = 0;
  }
}

void link_each(void (*visit)(const struct link *link)) {
  for (int i = 0; i < LINKS_MAX; i++) {
    if (links[i].in_use) visit(&links[i]);
  }
}

static int happens(double share, struct random_source *random) {
  return share > 0 && random_share(random) < share;
}

static int is_lost(struct link *link, struct random_source *random) {
  const struct link_fault *fault = &link->fault;
  if (fault->burst_begin > 0) {
    double turn = link->in_burst ? fault->burst_end : fault->burst_begin;
    if (happens(turn, random)) link->in_burst = !link->in_burst;
    if (link->in_burst) return 1;
  }
  return happens(fault->loss, random);
}

/* How long a packet waits until the slow link has taken it; negative where too much waits before it already. */
static int64_t wait_for_rate(struct link *link, size_t length, int64_t now_ns) {
  const struct link_fault *fault = &link->fault;
  if (fault->rate_bits <= 0) return 0;
  int64_t begins_ns = link->free_at_ns > now_ns ? link->free_at_ns : now_ns;
  double waiting_bytes = (double)(begins_ns - now_ns) * fault->rate_bits / 8e9;
  double room = fault->queue_bytes > 0 ? fault->queue_bytes : default_queue_bytes;
  if (waiting_bytes > room) return -1;
  link->free_at_ns = begins_ns + (int64_t)((double)length * 8e9 / fault->rate_bits);
  return link->free_at_ns - now_ns;
}

struct fate link_decide(struct link *link, size_t length, int64_t now_ns, int leaving,
                        struct random_source *random) {
  const struct link_fault *fault = &link->fault;
  struct fate fate = {0};
  if (leaving) {
    fate.duplicated = happens(fault->duplicate, random);
    return fate;
  }
  link->counts.seen++;
  if (is_lost(link, random)) {
    link->counts.lost++;
    fate.dropped = 1;
    return fate;
  }
  int64_t wait_ns = wait_for_rate(link, length, now_ns);
  if (wait_ns < 0) {
    link->counts.overflowed++;
    fate.dropped = 1;
    return fate;
  }
  double delay_ms = fault->delay_ms;
  if (fault->jitter_ms > 0) delay_ms += fault->jitter_ms * (2 * random_share(random) - 1);
  if (happens(fault->reorder, random)) {
    link->counts.reordered++;
    delay_ms += fault->reorder_ms;
  }
  fate.corrupted = happens(fault->corrupt, random);
  fate.delay_ns = wait_ns + (delay_ms > 0 ? (int64_t)(delay_ms * 1e6) : 0);
  if (fate.delay_ns > 0) link->counts.delayed++;
  return fate;
}

int link_corrupt(struct link *link, struct packet *packet, struct random_source *random) {
  size_t payload_at = packet_payload_at(packet);
  if (payload_at >= packet->length) return 0;
  size_t at = payload_at + random_below(random, packet->length - payload_at);
  packet->bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
  if (link->fault.mend_checksum > 0) packet_mend_checksum(packet);
  link->counts.corrupted++;
  return 1;
}
