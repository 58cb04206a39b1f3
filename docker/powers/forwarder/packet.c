/* See packet.h. */
#include "packet.h"

#include <arpa/inet.h>
#include <string.h>

enum { protocol_tcp = 6, protocol_udp = 17, ipv4_header = 20, ipv6_header = 40 };

static void map_ipv4(address *into, const uint8_t *four) {
  memset(into, 0, sizeof *into);
  into->s6_addr[10] = into->s6_addr[11] = 0xff;
  memcpy(&into->s6_addr[12], four, 4);
}

int address_read(address *into, const char *text) {
  struct in_addr four;
  if (inet_pton(AF_INET, text, &four) == 1) {
    map_ipv4(into, (const uint8_t *)&four);
    return 1;
  }
  return inet_pton(AF_INET6, text, into) == 1;
}

int packet_read(struct packet *packet, uint8_t *bytes, size_t length) {
  if (length < ipv4_header) return 0;
  packet->bytes = bytes;
  packet->length = length;
  packet->version = bytes[0] >> 4;
  if (packet->version == 4) {
    packet->transport_at = (size_t)(bytes[0] & 15) * 4;
    packet->protocol = bytes[9];
    map_ipv4(&packet->source, bytes + 12);
    map_ipv4(&packet->destination, bytes + 16);
  } else if (packet->version == 6 && length >= ipv6_header) {
    packet->transport_at = ipv6_header;
    packet->protocol = bytes[6];
    memcpy(&packet->source, bytes + 8, 16);
    memcpy(&packet->destination, bytes + 24, 16);
  } else {
    return 0;
  }
  return packet->transport_at <= length;
}

static int is_later_fragment(const struct packet *packet) {
  if (packet->version != 4) return 0;
  return ((packet->bytes[6] & 0x1f) << 8 | packet->bytes[7]) != 0;
}

size_t packet_payload_at(const struct packet *packet) {
  const uint8_t *transport = packet->bytes + packet->transport_at;
  size_t rest = packet->length - packet->transport_at;
  size_t header = 0;
  if (is_later_fragment(packet)) return packet->length;
  if (packet->protocol == protocol_tcp && rest >= 20) header = (size_t)(transport[12] >> 4) * 4;
  if (packet->protocol == protocol_udp && rest >= 8) header = 8;
  if (header == 0 || header > rest) return packet->length;
  return packet->transport_at + header;
}

/* The sum of 16-bit words of RFC 1071, not yet folded. */
static uint32_t sum_words(const uint8_t *bytes, size_t length, uint32_t sum) {
  for (; length > 1; length -= 2, bytes += 2) sum += (uint32_t)(bytes[0] << 8 | bytes[1]);
  return length == 1 ? sum + (uint32_t)(bytes[0] << 8) : sum;
}

void packet_mend_checksum(struct packet *packet) {
  size_t rest = packet->length - packet->transport_at;
  uint8_t *transport = packet->bytes + packet->transport_at;
  size_t checksum_at;
  if (packet->protocol == protocol_tcp) checksum_at = 16;
  else if (packet->protocol == protocol_udp) checksum_at = 6;
  else return;
  if (rest < checksum_at + 2) return;
  transport[checksum_at] = transport[checksum_at + 1] = 0;
  const uint8_t *addresses = packet->bytes + (packet->version == 4 ? 12 : 8);
  size_t addresses_length = packet->version == 4 ? 8 : 32;
  uint32_t sum = sum_words(addresses, addresses_length, packet->protocol + (uint32_t)rest);
  sum = sum_words(transport, rest, sum);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  uint16_t checksum = (uint16_t)~sum;
  /* In UDP a zero says that there is no checksum. */
  if (checksum == 0 && packet->protocol == protocol_udp) checksum = 0xffff;
  transport[checksum_at] = (uint8_t)(checksum >> 8);
  transport[checksum_at + 1] = (uint8_t)checksum;
}
