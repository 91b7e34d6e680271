/* netaddr.h - where we may connect to on behalf of others: nothing inside a network may be reached through
 * us. And which names are this machine. */
#ifndef LIB_BASE_NETADDR_H
#define LIB_BASE_NETADDR_H

#include <stdbool.h>

struct sockaddr;

/* Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890): not
 * loopback, private, link-local, shared, multicast, documentation or reserved, nor an IPv6 form that carries
 * such an IPv4 address inside (mapped, NAT64, 6to4). */
bool netaddr_is_public(const struct sockaddr *);

/* Whether a host's name, or its address without brackets, is this machine's loopback: "localhost", or of
 * 127.0.0.0/8 or ::1 in numbers. Any other name is not, whatever it resolves to today. */
bool netaddr_is_loopback(const char *host);

#endif
