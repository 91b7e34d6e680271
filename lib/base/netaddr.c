/* netaddr.c - public, loopback, or neither; see netaddr.h. */
#include "lib/base/netaddr.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Networks of the IPv4 special-purpose registry that are no destination for us. */
static const struct {
	uint32_t network;
	int bits;
} closed4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared, carrier NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, with the clouds' metadata service */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* IETF protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relay */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarking */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

static bool ipv4_is_public(uint32_t address)
{
	for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++)
		if ((address ^ closed4[i].network) >> (32 - closed4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t ipv4_at(const unsigned char *octets)
{
	return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static bool ipv6_is_public(const unsigned char a[16])
{
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (memcmp(a, nat64, sizeof(nat64)) == 0)
		return ipv4_is_public(ipv4_at(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02)
		return ipv4_is_public(ipv4_at(a + 2)); /* 6to4 */
	if (a[0] == 0x20 && a[1] == 0x01 && (a[2] < 0x02 || (a[2] == 0x0d && a[3] == 0xb8)))
		return false;         /* Teredo and other assignments, documentation */
	return (a[0] & 0xe0) == 0x20; /* global unicast is 2000::/3; mapped and all others are outside */
}

bool netaddr_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ipv4_is_public(
		    ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return ipv6_is_public(
		    ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
	return false;
}

bool netaddr_is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcasecmp(host, "localhost") == 0;
}
