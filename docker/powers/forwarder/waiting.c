/* See waiting.h. */
#include "waiting.h"

static struct waiting_packet heap[WAITING_MAX];
static int count;
static uint64_t arrivals;

static int is_before(const struct waiting_packet *left, const struct waiting_packet *right) {
  if (left->due_ns != right->due_ns) return left->due_ns < right->due_ns;
  return left->arrival < right->arrival;
}

int waiting_count(void) { return count; }

int waiting_hold(uint32_t packet_id, int64_t due_ns) {
  if (count == WAITING_MAX) return 0;
  struct waiting_packet packet = {due_ns, arrivals++, packet_id};
  int at = count++;
  while (at > 0) {
    int parent = (at - 1) / 2;
    if (!is_before(&packet, &heap[parent])) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = packet;
  return 1;
}

const struct waiting_packet *waiting_first(void) { return count > 0 ? &heap[0] : 0; }

void waiting_release_first(void) {
  if (count == 0) return;
  struct waiting_packet last = heap[--count];
  int at = 0;
  for (;;) {
    int child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && is_before(&heap[child + 1], &heap[child])) child++;
    if (!is_before(&heap[child], &last)) break;
    heap[at] = heap[child];
    at = child;
  }
  if (count > 0) heap[at] = last;
}
