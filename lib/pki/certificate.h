/* certificate.h - build a subscriber's certificate by the mailbox-validated profile.
 *
 * One issuance: certificate_serial(), certificate_tbs(), lint_tbs() (lint.h), issuer_sign() (issuer.h),
 * certificate_assemble(). Everything in the certificate comes from the canonical address, the public key and
 * the product; nothing else of a request can get in (SBR 3.2.5).
 */
#ifndef LIB_PKI_CERTIFICATE_H
#define LIB_PKI_CERTIFICATE_H

#include <stddef.h>
#include <time.h>

struct err;
struct issuer;
struct product;

#define SERIAL_LEN 16 /* octets; never fewer, never more */

/* The policies of mailbox-validated certificates (SBR 7.1.6.1). */
#define POLICY_MAILBOX_MULTIPURPOSE "2.23.140.1.5.1.2"
#define POLICY_MAILBOX_STRICT       "2.23.140.1.5.1.3"

/* OpenSSL's and RFC 5280's upper bounds in characters: an attribute over them is left out. */
#define COMMON_NAME_MAX   64
#define EMAIL_ADDRESS_MAX 128

/* What one certificate is made from. All is borrowed. */
struct subscriber {
	const struct product *product;
	const char *address;       /* canonical (address.h) */
	const unsigned char *spki; /* SubjectPublicKeyInfo in DER, judged by csr_check() */
	size_t spki_len;
	unsigned char serial[SERIAL_LEN];
	time_t not_before;
	unsigned fields; /* optional subject fields chosen: bits 1U << FIELD_…; mandatory ones come anyway */
};

/* A fresh serial number: 126.99 random bits from the CSPRNG, positive, its first octet not 0, so that its DER
 * has always SERIAL_LEN octets (SBR 7.1: at least 64 bits, below 2^159). Uniqueness is the database's to
 * hold. */
int certificate_serial(unsigned char serial[SERIAL_LEN], struct err *e);

/* Build the DER of the tbsCertificate (SBR 7.1.2.3, 7.1.4.2.3), malloc'ed, given to the caller.
 * FAULT_csr_key_type_unsupported: this kind of key cannot serve the product's purpose (arg: the key);
 * FAULT_internal: validity not inside the issuer's, serial or public key not in proper form. */
int certificate_tbs(
    unsigned char **out, size_t *out_len, const struct subscriber *, const struct issuer *, struct err *e);

/* Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature } in DER, malloc'ed, given to the
 * caller. The CRL has the same outer form, so this serves both (RFC 5280 4.1, 5.1). */
int certificate_assemble(unsigned char **out, size_t *out_len, const unsigned char *tbs, size_t tbs_len,
    const struct issuer *, const unsigned char *signature, size_t signature_len, struct err *e);

#endif
