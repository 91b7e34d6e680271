/* mail_host.c - looking for a domain's mail server; see mail_host.h. */
#include "lib/flow/mail_host.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/conf.h"

#define ANSWER_MAX   4096
#define TIMEOUT_S    2
#define NULL_MX_DATA 3 /* octets of "0 .": preference and the root's empty label */

/* The configured server instead of the system's; Dns.Stub is "address@port", IPv4. */
static void resolver_point(struct __res_state *state, const char *stub)
{
	struct sockaddr_in *server = &state->nsaddr_list[0];
	char address[64];
	const char *port = strchr(stub, '@');

	(void)snprintf(address, sizeof(address), "%.*s", (int)strcspn(stub, "@"), stub);
	server->sin_family = AF_INET;
	server->sin_port = htons((uint16_t)(port == NULL ? 53 : strtoul(port + 1, NULL, 10)));
	if (inet_pton(AF_INET, address, &server->sin_addr) == 1)
		state->nscount = 1;
}

/* Whether every MX of an answer is the null MX. */
static int mx_is_null(const unsigned char *answer, int len)
{
	ns_msg message;
	ns_rr rr;
	int count, null = 0;

	if (ns_initparse(answer, len, &message) == -1)
		return 0;
	count = ns_msg_count(message, ns_s_an);
	for (int i = 0; i < count; i++)
		if (ns_parserr(&message, ns_s_an, i, &rr) == 0 && ns_rr_type(rr) == ns_t_mx)
			null += ns_rr_rdlen(rr) == NULL_MX_DATA;
	return null > 0 && null == count;
}

enum mail_host mail_host_look(const struct conf *conf, const char *domain)
{
	static const int types[] = {ns_t_mx, ns_t_a, ns_t_aaaa};
	unsigned char answer[ANSWER_MAX];
	enum mail_host found = MAIL_HOST_NONE;
	struct __res_state state;

	memset(&state, 0, sizeof(state));
	if (res_ninit(&state) == -1)
		return MAIL_HOST_UNKNOWN;
	state.retrans = TIMEOUT_S;
	state.retry = 1;
	state.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	if (*conf_text(conf, SET_DNS_STUB) != '\0')
		resolver_point(&state, conf_text(conf, SET_DNS_STUB));
	for (size_t i = 0; found == MAIL_HOST_NONE && i < sizeof(types) / sizeof(types[0]); i++) {
		int len = res_nquery(&state, domain, ns_c_in, types[i], answer, sizeof(answer));

		if (len > 0 && types[i] == ns_t_mx && mx_is_null(answer, len < ANSWER_MAX ? len : ANSWER_MAX))
			break;
		if (len > 0)
			found = MAIL_HOST_THERE;
		else if (state.res_h_errno == TRY_AGAIN || state.res_h_errno == NO_RECOVERY)
			found = MAIL_HOST_UNKNOWN;
		else if (state.res_h_errno == HOST_NOT_FOUND)
			break; /* no such name: no record of any type */
	}
	res_nclose(&state);
	return found;
}
