/* ceremony.h - make a root and issuing CAs (SBR 7.1.2.1, 7.1.2.2, 7.1.4.3; section numbers of RFC 5280
 * aside).
 *
 * Done once, by a person, with mailcertctl. Keys are made as files in Ca.Dir (mode 0600) or inside a PKCS #11
 * token, from which they never come out; the calls go to the module itself, as OpenSSL's engine cannot make
 * EC keys. Nothing is ever replaced: a name in use is refused.
 */
#ifndef LIB_PKI_CEREMONY_H
#define LIB_PKI_CEREMONY_H

#include <stdbool.h>
#include <stddef.h>
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

/* Make the key of an issuing CA whose root is elsewhere, and a request for its certificate (PKCS #10 in PEM,
 * given to the caller). Of the request only the key counts; its subject is the CA's name in this place.
 * Faults as above. A second call for the same name is refused: the key is there. */
int ceremony_request(const struct ceremony_place *, const char *name, enum ca_key, char **pem, struct err *e);

/* As ceremony_issuing(), for a key that lies elsewhere: its public half, proven by a request (csr.h), is all
 * that is known here. FAULT_config_invalid: not a key that an issuing CA may have. plan->key is not asked. */
int ceremony_sign(const struct ceremony_place *, const struct ceremony_plan *, const char *root_name,
    EVP_PKEY *public_key, struct err *e);

/* What a ceremony elsewhere gave, in DER. */
struct arrival {
	unsigned char *der;
	size_t len;
};
struct arrivals {
	struct arrival root, root_crl, issuing;
};

/* Take it in. The CRL and the issuing CA must be signed by the root, the CA's key must be the one in this
 * place; then they are put where they belong, and published. A certificate that is here already under its
 * name is fine, another one is refused. The CRL must be the root's, not have expired, and have a higher
 * number than the one that is published, or be that very one (RFC 5280 5.2.3). Faults: config_invalid; busy
 * (token, or a CRL with a higher number came meanwhile). */
int ceremony_take(const struct ceremony_place *, const struct arrivals *, const char *root_name,
    const char *name, time_t now, struct err *e);

/* Sign and publish the root's CRL, for 12 months at most (SBR 4.9.7), with every CA that ceremony_revoke()
 * has noted. Its thisUpdate is crl_this_update(); its number is now, as nothing but the clock is at hand in a
 * ceremony, or one more than that of the CRL that stands there. Faults: config_invalid, also when that CRL
 * lists a CA that is not noted; busy (token). */
int ceremony_crl(
    const struct ceremony_place *, const char *root_name, time_t now, long validity, struct err *e);

/* Note that the root revokes the issuing CA called name, whose certificate lies in Ca.Dir, in the file
 * <Ca.Dir>/<root>.revoked, from which its CRLs are made (SBR 4.9.1.2). *entry has time and reason; it comes
 * out as it is noted, with the serial: of a CA that was revoked before (*known) the reason stays, and the
 * earliest time. The CRL is the caller's to make. Faults: config_invalid (not signed by this root, a time
 * before it began, a file that is not understood); internal (a reason that no CA may have). */
int ceremony_revoke(const struct ceremony_place *, const char *root_name, const char *name,
    struct crl_entry *entry, bool *known, struct err *e);

/* The reasons that a CA may have, as RFC 5280 5.3.1 spells them (SBR 7.2.2: a reason must be there, and is
 * neither unspecified nor certificateHold); false and NULL for all others. */
bool ca_reason_read(enum crl_reason *out, const char *word);
const char *ca_reason_word(enum crl_reason);

#endif
