/* caa_resolver.h - find the CAA RRset that counts for a mailbox's domain, with DNSSEC validated
 * (SBR 4.2.2.1.1).
 *
 * libunbound asks from the root on, or through resolvers of the operator's, and validates to the anchor;
 * there is no way to switch that off. Answers are kept by it for their TTL; after a refusal they are
 * forgotten, so that a customer whose administrator added a record can try again at once.
 */
#ifndef LIB_PKI_CAA_RESOLVER_H
#define LIB_PKI_CAA_RESOLVER_H

#include <time.h>

#include "lib/pki/caa.h"

struct caa_resolver;
struct err;

struct caa_settings {
	const char *stub; /* Dns.Stub: "address@port" of the server of a private root; "": the Internet's */
	const char *forward; /* Dns.Forward: "address@port,address" of resolvers that ask for us; "": none */
	const char *anchor_file; /* Dns.AnchorFile: DS or DNSKEY of the root */
	const char *identities;  /* Caa.Identity: issuer domain names that mean us, comma-separated */
	long timeout;            /* Dns.Timeout: seconds to wait for an answer */
};

/* Make a resolver, to be kept open. FAULT_config_invalid: anchor file missing or without a key of the root,
 * wrong stub, wrong forward or both, no identity. Asks nothing yet. It has a thread of libunbound's from its
 * first check on: open it after fork(). Gives *out to the caller. */
int caa_resolver_open(struct caa_resolver **out, const struct caa_settings *, struct err *e);

/* Ask for a domain (A-labels, as address_domain() gives it) and judge. The name is climbed to just before the
 * root (RFC 8659 3), aliases followed by the resolver, and the first RRset that is not empty counts. 0:
 * permitted. -1: FAULT_caa_denied (arg: the issuers the domain names, "" for nobody), FAULT_caa_unreachable,
 * or busy without memory. *out (all-zero before) is filled in every case and emptied with caa_result_free().
 * A failed look-up permits only when it failed again after all was forgotten and the name is proven unsigned
 * by an answer of the same servers (so that the fault is not on our side either); a bogus answer never does.
 * Through resolvers of our own none permits: their fault would be ours (SBR 4.2.2.1).
 */
int caa_check(struct caa_resolver *, const char *domain, time_t now, struct caa_result *out, struct err *e);

void caa_resolver_close(struct caa_resolver *); /* NULL is fine */

#endif
