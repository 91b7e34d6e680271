/* netaddr.h - where we may connect to on behalf of others: nothing inside a network may be reached through
 * us. */
#ifndef LIB_BASE_NETADDR_H
#define LIB_BASE_NETADDR_H

#include <stdbool.h>

struct sockaddr;

/* Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890): not
 * loopback, private, link-local, shared, multicast, documentation or reserved, nor an IPv6 form that carries
 * such an IPv4 address inside (mapped, NAT64, 6to4). */
bool netaddr_is_public(const struct sockaddr *);

#endif
