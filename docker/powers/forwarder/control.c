/* See control.h. */
#include "control.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "waiting.h"

struct key {
  const char *name;
  size_t at;
  double most;
};

#define KEY(field, most) {#field, offsetof(struct link_fault, field), most}

static const double hour_ms = 3600e3;

static const struct key keys[] = {
    KEY(delay_ms, hour_ms), KEY(jitter_ms, hour_ms), KEY(loss, 1),
    KEY(burst_begin, 1),    KEY(burst_end, 1),       KEY(duplicate, 1),
    KEY(reorder, 1),        KEY(reorder_ms, hour_ms), KEY(corrupt, 1),
    KEY(mend_checksum, 1),  KEY(rate_bits, 1e12),    KEY(queue_bytes, 1e9),
};

static const char *separators = " \t\r\n";

/* Fills in `fault`; null, or what is wrong. */
static const char *read_pair(struct link_fault *fault, const char *name, const char *text) {
  static char wrong[160];
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcmp(keys[i].name, name) != 0) continue;
    char *end;
    double value = text ? strtod(text, &end) : NAN;
    if (!text || *end || !(value >= 0 && value <= keys[i].most)) {
      snprintf(wrong, sizeof wrong, "%s must be between 0 and %g and is %.40s", name, keys[i].most,
               text ? text : "missing");
      return wrong;
    }
    memcpy((char *)fault + keys[i].at, &value, sizeof value);
    return 0;
  }
  snprintf(wrong, sizeof wrong, "there is no %.40s", name);
  return wrong;
}

static void set_link(char *rest) {
  char *peer = strtok_r(rest, separators, &rest);
  struct link_fault fault = {0};
  for (char *name; (name = strtok_r(0, separators, &rest));) {
    const char *wrong = read_pair(&fault, name, strtok_r(0, separators, &rest));
    if (wrong) {
      printf("error %s\n", wrong);
      return;
    }
  }
  struct link *link = peer ? link_named(peer) : 0;
  if (!link) {
    printf("error set needs the address of a peer, or *, and at most %d of them\n", LINKS_MAX);
    return;
  }
  link->fault = fault;
  link->in_burst = 0;
  link->free_at_ns = 0;
  puts("ok");
}

static int links_printed;

static void print_link(const struct link *link) {
  char name[INET6_ADDRSTRLEN] = "*";
  if (!link->is_everybody) {
    int is_ipv4 = IN6_IS_ADDR_V4MAPPED(&link->peer);
    const void *bytes = is_ipv4 ? (const void *)&link->peer.s6_addr[12] : (const void *)&link->peer;
    inet_ntop(is_ipv4 ? AF_INET : AF_INET6, bytes, name, sizeof name);
  }
  const struct link_counts *counts = &link->counts;
  printf("%s\"%s\":{\"seen\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"overflowed\":%" PRIu64
         ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"corrupted\":%" PRIu64
         ",\"delayed\":%" PRIu64 "}",
         links_printed++ > 0 ? "," : "", name, counts->seen, counts->lost, counts->overflowed,
         counts->duplicated, counts->reordered, counts->corrupted, counts->delayed);
}

static void print_statistics(void) {
  links_printed = 0;
  printf("{\"waiting\":%d,\"links\":{", waiting_count());
  link_each(print_link);
  puts("}}");
}

void control_line(char *line) {
  char *rest = line;
  char *verb = strtok_r(rest, separators, &rest);
  if (!verb) return;
  if (strcmp(verb, "set") == 0) {
    set_link(rest);
  } else if (strcmp(verb, "clear") == 0) {
    link_clear(strtok_r(0, separators, &rest));
    puts("ok");
  } else if (strcmp(verb, "stat") == 0) {
    print_statistics();
  } else {
    printf("error there is no %.40s; accepted are set, clear, stat\n", verb);
  }
  fflush(stdout);
}
