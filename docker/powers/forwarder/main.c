/*
 * link-forwarder QUEUE SEED: makes links bad without netem. The kernel hands over the packets of an NFQUEUE rule and
 * holds them until our verdict, so a packet can be late, lost, changed, or overtaken; control lines come on stdin
 * (see control.h), and the end of stdin is the end of the program.
 *
 * - The rule belongs on the receiver's INPUT. On the sender's OUTPUT the packets that are held count against its
 *   socket, and throughput collapses (TCP small queues).
 * - Only duplicates are made on OUTPUT: a raw packet goes out, never in. The copy carries a mark by which the rule
 *   lets it pass, else it would be copied again.
 * - The rule should have --queue-bypass: else the death of this program is a partition.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h> /* Before the kernel's own headers, which then leave its names alone. */
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "link.h"
#include "waiting.h"

enum { copy_mark = 0x77, receive_buffer = 8 << 20, packets_per_turn = 64 };

static struct random_source chance;
static struct nfq_q_handle *queue;
static int raw_ipv4 = -1, raw_ipv6 = -1;

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int open_raw(int family) {
  int socket_fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  int mark = copy_mark;
  if (socket_fd < 0) return -1;
  if (setsockopt(socket_fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0) return socket_fd;
  close(socket_fd);
  return -1;
}

/* Sockets are opened when the first copy is made: without duplicates NET_RAW is not needed. */
static int send_copy(const struct packet *packet) {
  if (packet->version == 4) {
    if (raw_ipv4 < 0) raw_ipv4 = open_raw(AF_INET);
    struct sockaddr_in to = {.sin_family = AF_INET};
    memcpy(&to.sin_addr, &packet->destination.s6_addr[12], 4);
    return sendto(raw_ipv4, packet->bytes, packet->length, 0, (void *)&to, sizeof to) >= 0;
  }
  if (raw_ipv6 < 0) raw_ipv6 = open_raw(AF_INET6);
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = packet->destination};
  return sendto(raw_ipv6, packet->bytes, packet->length, 0, (void *)&to, sizeof to) >= 0;
}

static int accept_packet(uint32_t id) { return nfq_set_verdict(queue, id, NF_ACCEPT, 0, 0); }

static int drop_packet(uint32_t id) { return nfq_set_verdict(queue, id, NF_DROP, 0, 0); }

/* A changed packet is given back at once: the kernel takes new bytes only together with the verdict. */
static int decide(struct link *link, struct packet *packet, uint32_t id, int leaving) {
  struct fate fate = link_decide(link, packet->length, now_ns(), leaving, &chance);
  if (fate.dropped) return drop_packet(id);
  if (fate.duplicated && send_copy(packet)) link->counts.duplicated++;
  if (fate.corrupted && link_corrupt(link, packet, &chance)) {
    return nfq_set_verdict(queue, id, NF_ACCEPT, (uint32_t)packet->length, packet->bytes);
  }
  if (fate.delay_ns == 0) return accept_packet(id);
  if (waiting_hold(id, now_ns() + fate.delay_ns)) return 0;
  link->counts.overflowed++;
  return drop_packet(id);
}

static int on_packet(struct nfq_q_handle *handle, struct nfgenmsg *message, struct nfq_data *data,
                     void *unused) {
  (void)handle, (void)message, (void)unused;
  struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(data);
  if (!header) return 0;
  uint32_t id = ntohl(header->packet_id);
  int leaving = header->hook == NF_INET_LOCAL_OUT || header->hook == NF_INET_POST_ROUTING;
  uint8_t *bytes;
  int length = nfq_get_payload(data, &bytes);
  struct packet packet;
  if (length < 0 || !packet_read(&packet, bytes, (size_t)length)) return accept_packet(id);
  struct link *link = link_of(leaving ? &packet.destination : &packet.source);
  return link ? decide(link, &packet, id, leaving) : accept_packet(id);
}

static struct nfq_handle *open_queue(int number) {
  struct nfq_handle *netfilter = nfq_open();
  if (!netfilter) {
    fprintf(stderr, "link-forwarder: netfilter cannot be opened: %s\n", strerror(errno));
    return 0;
  }
  queue = nfq_create_queue(netfilter, (uint16_t)number, on_packet, 0);
  if (!queue) {
    const char *why = errno == EPERM ? "NET_ADMIN is needed, and a queue that nobody else has"
                                     : strerror(errno);
    fprintf(stderr, "link-forwarder: queue %d cannot be opened: %s\n", number, why);
    return 0;
  }
  nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff);
  nfq_set_queue_maxlen(queue, WAITING_MAX - 1);
  int on = 1, size = receive_buffer;
  setsockopt(nfq_fd(netfilter), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  /* A full buffer must lose packets, not end the program. */
  setsockopt(nfq_fd(netfilter), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  return netfilter;
}

static void release_due(void) {
  int64_t now = now_ns();
  for (const struct waiting_packet *first; (first = waiting_first()) && first->due_ns <= now;) {
    accept_packet(first->packet_id);
    waiting_release_first();
  }
}

static void wait_for_more(struct pollfd polled[2]) {
  const struct waiting_packet *first = waiting_first();
  struct timespec wait;
  if (first) {
    int64_t left = first->due_ns - now_ns();
    if (left < 0) left = 0;
    wait = (struct timespec){left / 1000000000, left % 1000000000};
  }
  ppoll(polled, 2, first ? &wait : 0, 0);
}

/* 0 at the end of stdin. Lines may come in pieces, and several at once. */
static int read_control(void) {
  static char text[4096];
  static size_t filled;
  ssize_t got = read(STDIN_FILENO, text + filled, sizeof text - 1 - filled);
  if (got <= 0) return got < 0 && errno == EINTR;
  filled += (size_t)got;
  text[filled] = 0;
  char *line = text;
  for (char *end; (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    control_line(line);
  }
  filled -= (size_t)(line - text);
  memmove(text, line, filled);
  /* A line longer than this is none of ours. */
  if (filled == sizeof text - 1) filled = 0;
  return 1;
}

/* The state is mixed once: seeds are small numbers that differ by one. */
static void seed_chance(const char *text) {
  chance.state = strtoull(text, 0, 10);
  chance.state = random_bits(&chance);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: link-forwarder QUEUE SEED\n");
    return 2;
  }
  seed_chance(arguments[2]);
  struct nfq_handle *netfilter = open_queue(atoi(arguments[1]));
  if (!netfilter) return 1;
  puts("ready");
  fflush(stdout);
  struct pollfd polled[2] = {{nfq_fd(netfilter), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  static char buffer[1 << 17];
  for (;;) {
    release_due();
    wait_for_more(polled);
    for (int i = 0; polled[0].revents && i < packets_per_turn; i++) {
      ssize_t got = recv(polled[0].fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) break;
      nfq_handle_packet(netfilter, buffer, (int)got);
    }
    if (polled[1].revents && !read_control()) return 0;
  }
}
