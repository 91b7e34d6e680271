/* extension.h - the extensions of our certificates, each added by one call; order of calls is order in the
 * DER.
 *
 * Each function adds one extension of RFC 5280 4.2 to a certificate under construction, with the criticality
 * SBR 7.1.2 asks for, and answers 0, or -1 with a fault. They know form, not policy: who builds chooses the
 * values.
 */
#ifndef LIB_PKI_EXTENSION_H
#define LIB_PKI_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

struct err;

/* keyUsage bits as RFC 5280 4.2.1.3 numbers them, so that bit n is 1U << n. */
#define USAGE_DIGITAL_SIGNATURE (1U << 0)
#define USAGE_KEY_ENCIPHERMENT  (1U << 2)
#define USAGE_KEY_AGREEMENT     (1U << 4)
#define USAGE_KEY_CERT_SIGN     (1U << 5)
#define USAGE_CRL_SIGN          (1U << 6)

int extension_basic_constraints(
    X509 *, long path_len, struct err *e);                     /* CA:TRUE; path_len -1: none; critical */
int extension_key_usage(X509 *, unsigned bits, struct err *e); /* critical */
/* nids end with NID_undef; not critical. */
int extension_ext_key_usage(X509 *, const int *nids, struct err *e);
/* oids end with NULL; the first carries the CPS qualifier if cps_url is not ""; not critical. */
int extension_policies(X509 *, const char *const *oids, const char *cps_url, struct err *e);
int extension_crl_url(X509 *, const char *url, struct err *e);    /* cRLDistributionPoints; not critical */
int extension_ca_issuers(X509 *, const char *url, struct err *e); /* authorityInfoAccess; not critical */
int extension_mailbox(
    X509 *, const char *address, bool critical, struct err *e); /* subjectAltName, rfc822Name */
int extension_subject_key_id(
    X509 *, struct err *e); /* SHA-1 of the key (RFC 5280 4.2.1.2 (1)); key set before */
int extension_authority_key_id(
    X509 *, const ASN1_OCTET_STRING *key_id, struct err *e); /* keyIdentifier only */

/* Put a signature's AlgorithmIdentifier into the tbsCertificate and encode only that. Gives *out, malloc'ed.
 */
int tbs_encode(X509 *, const unsigned char *algorithm, size_t algorithm_len, unsigned char **out,
    size_t *out_len, struct err *e);

#endif
