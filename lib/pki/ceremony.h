/* ceremony.h - make a root and issuing CAs (SBR 7.1.2.1, 7.1.2.2, 7.1.4.3; section numbers of RFC 5280
 * aside).
 *
 * Done once, by a person, with mailcertctl. Keys are made as files in Ca.Dir (mode 0600) or inside a PKCS #11
 * token, from which they never come out; the calls go to the module itself, as OpenSSL's engine cannot make
 * EC keys. Nothing is ever replaced: a name in use is refused.
 */
#ifndef LIB_PKI_CEREMONY_H
#define LIB_PKI_CEREMONY_H

#include <time.h>

#include "lib/pki/crl.h"
#include "lib/pki/signing_key.h"

struct err;
struct token;

/* Where a CA lives and is published. */
struct ceremony_place {
	const char *dir;        /* Ca.Dir: <name>.cer, and <name>.key without a token; must exist */
	const char *public_dir; /* Ca.PublicDir: ca/<name>.cer and crl/<name>.crl; the two folders are made */
	const char *public_url; /* Ca.PublicUrl, http:// (SBR 7.1.2.2(b), (c)) */
	const char *cps_url;    /* Ca.CpsUrl; NULL or "": none */
	struct token *token;    /* NULL: keys in files */
};

/* What the new CA is called and how long it lives. SBR 7.1.4.3.1: commonName, O and C all present. */
struct ceremony_plan {
	const char *name; /* "root-1", "issuing-1": files, addresses, token label */
	const char *common_name, *organization, *country;
	enum ca_key key;
	time_t not_before;
	long validity; /* seconds; notAfter = notBefore + validity - 1 */
};

/* Make a self-signed root: no extKeyUsage, no certificatePolicies, no pathLen. Faults: config_invalid (the
 * plan, a name in use, a place that cannot be written), busy (token), internal. After a failure nothing is
 * left behind. */
int ceremony_root(const struct ceremony_place *, const struct ceremony_plan *, struct err *e);

/* Make an issuing CA, signed by the root called root_name in the same place: emailProtection and clientAuth
 * (which Multipurpose certificates have; the stores allow a CA both), the two mailbox-validated policies,
 * pathLen 0. */
int ceremony_issuing(
    const struct ceremony_place *, const struct ceremony_plan *, const char *root_name, struct err *e);

/* Sign and publish the root's CRL, for 12 months at most (SBR 4.9.7). Its number is this_update, as nothing
 * but the clock is at hand in a ceremony. Entries as in crl.h; next NULL: none. */
int ceremony_crl(const struct ceremony_place *, const char *root_name, time_t this_update, long validity,
    crl_next *next, void *arg, struct err *e);

#endif
