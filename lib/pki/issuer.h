/* issuer.h - an issuing CA (or, in a ceremony, the root) opened for signing: certificate, private key,
 * addresses.
 *
 * The certificate lies in Ca.Dir as <name>.cer (DER). The private key lies beside it as <name>.key, or in a
 * PKCS #11 token under the label <name>.
 */
#ifndef LIB_PKI_ISSUER_H
#define LIB_PKI_ISSUER_H

#include <stddef.h>
#include <time.h>
#include <openssl/types.h>

#include "lib/pki/signing_key.h"

struct err;
struct token;

#define CA_NAME_MAX        64 /* octets of a CA's name: lower-case letters, digits and inner '-' */
#define CA_CERTIFICATE_MAX 8192

/* What is signed now says that it began so many seconds ago: the clocks of those who read it differ. */
#define BACKDATE 60

/* Where an issuing CA is found. The strings need to live only during issuer_open(). */
struct issuer_place {
	const char *dir;     /* Ca.Dir */
	const char *name;    /* Ca.Issuer: "issuing-1" */
	struct token *token; /* borrowed, must outlive the issuer; NULL: the key is a file */
	const char
	    *public_url; /* Ca.PublicUrl, "http://…" without a slash at the end (SBR 7.1.2.3: http only) */
	const char *cps_url; /* Ca.CpsUrl, http or https; NULL or "": certificates name no CPS */
	int rsa_hash;        /* 256, 384, 512; 0: 256; EC has the hash of its curve */
};

struct issuer {
	char *name;
	X509 *certificate;
	unsigned char *der; /* of the certificate */
	size_t der_len;
	unsigned char sha256[32];
	unsigned char *subject; /* Name in DER, as it stands in the certificate */
	size_t subject_len;
	const ASN1_OCTET_STRING *key_id; /* subjectKeyIdentifier; belongs to the certificate */
	time_t not_before, not_after;
	char *crl_url; /* <public url>/crl/<name>.crl */
	char *ca_url;  /* <public url>/ca/<name>.cer */
	char *cps_url; /* "" when certificates name none */
	const struct signature_algorithm *algorithm;
	struct signing_key *key; /* NULL after a reopen that failed */
	/* for issuer_reopen() */
	char *key_path;
	struct token *token;
};

/* Whether text can name a CA: it becomes part of paths, addresses and token labels. */
int ca_name_check(const char *name, struct err *e);

/* Open a CA: certificate read, CA:TRUE with keyCertSign and cRLSign required, key opened and proven to match
 * by a signature. Faults: config_invalid (missing, foreign owner or mode, wrong certificate, key does not
 * match), busy (token away). Gives *out to the caller. */
int issuer_open(struct issuer **out, const struct issuer_place *, struct err *e);

/* Open the key anew after a signature failed with busy. With a token, call token_reopen() first (once for all
 * issuers of that token). Faults as issuer_open(); after a failure issuer_sign() answers busy. */
int issuer_reopen(struct issuer *, struct err *e);

/* Sign a tbsCertificate or tbsCertList of len octets with issuer->algorithm, whose octets must stand in it.
 * The signature was verified with the certificate's public key before it comes out; it is malloc'ed and given
 * to the caller. FAULT_busy: the token failed; FAULT_internal: a false signature, do not go on. */
int issuer_sign(const struct issuer *, const unsigned char *tbs, size_t len, unsigned char **out,
    size_t *out_len, struct err *e);

void issuer_close(struct issuer *); /* NULL is fine; leaves the token open */

#endif
