/*
 * What has to be known of a packet's bytes: where it comes from and goes to, and where its payload begins. IPv4 and
 * IPv6, both only with the headers that the kernel itself sends (no chains of extension headers).
 */
#ifndef AMNESIA_PACKET_H
#define AMNESIA_PACKET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 address is kept in its mapped form (::ffff:a.b.c.d), so that one comparison does for both. */
typedef struct in6_addr address;

struct packet {
  uint8_t *bytes;
  size_t length;
  int version;
  address source;
  address destination;
  uint8_t protocol;
  /* Of the TCP, UDP or other header. */
  size_t transport_at;
};

/* 0 where it is no whole IPv4 or IPv6 packet. */
int packet_read(struct packet *packet, uint8_t *bytes, size_t length);

/* 0 where the text is no address. */
int address_read(address *into, const char *text);

/*
 * Where the bytes of the application begin; `length` where there are none, or where nobody knows (neither TCP nor
 * UDP, or a later fragment).
 */
size_t packet_payload_at(const struct packet *packet);

/* Makes the TCP or UDP checksum right again after a change of the payload. */
void packet_mend_checksum(struct packet *packet);

#endif
