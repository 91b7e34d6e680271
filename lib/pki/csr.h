/* csr.h - read and judge a certificate signing request (PKCS #10, RFC 2986).
 *
 * People paste all sorts of things; csr_read() finds the request in them or says what they pasted instead,
 * and csr_check() judges signature and key. Only the public key of a request is ever used (SBR 3.2.5):
 * nothing else of it is kept in the struct.
 */
#ifndef LIB_PKI_CSR_H
#define LIB_PKI_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

struct blocklist;
struct err;
struct key_hashes;
struct product;

#define CSR_TEXT_MAX ((size_t)65536) /* octets of text or DER taken; more is csr_too_large */
#define CSR_DER_MAX  ((size_t)16384)

struct csr {
	unsigned char *der; /* owned: the CertificationRequest, exactly */
	size_t der_len;
	unsigned char *spki; /* owned: SubjectPublicKeyInfo in DER, as it stood in the request */
	size_t spki_len;
	unsigned char spki_sha256[32];
	unsigned char number_sha256[32]; /* of the key (key.h); all zero when type is 0, or it is too long */
	EVP_PKEY *key;                   /* owned; NULL when type is 0 */
	unsigned type; /* KEY_RSA, KEY_P256, … of product.h; 0 when of none of them (csr_check() refuses) */
	int bits;      /* RSA: modulus; EC: field size; 0 when type is 0 */
};

/* Find and parse the one request in text: PEM ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST", with CRLF,
 * blanks, BOM, `openssl req -text` output or prose around it), bare base64, DER, or wrapped in PKCS #7 (as
 * its data; the wrapper's own signature is not asked, the request's is). Text may be UTF-16, as a file that
 * PowerShell or Notepad wrote. Names, attributes and extensions are
 * not even decoded.
 *
 * A private key anywhere in text is FAULT_csr_is_private_key, also beside a good request: then, if pasted is
 * not NULL and the key could be read and proved that it signs for its public half (so that nobody blocks
 * another's key), its hashes stand in *pasted, that of the SPKI in the form that a request would have it
 * (key_spki_sha256()), else all zero. Encrypted and OpenSSH keys cannot be read; of several that can, the
 * first is noted. The text itself is the caller's to clear, and not to show again.
 *
 * Gives *out to the caller. Fails with the csr_* faults only (and busy without memory). The arg: "line 7" of
 * the text or "byte 123" of the DER for csr_not_parsable; octets left over for csr_trailing_data; the bound
 * in octets for csr_too_large; how many for csr_several; else empty. */
int csr_read(struct csr **out, const char *text, size_t len, struct key_hashes *pasted, struct err *e);

/* Judge what csr_read() found: the self-signature proves possession (and uses no MD5 or SHA-1); the
 * AlgorithmIdentifier is byte for byte one of SBR 7.1.3.1; type, size and exponent are allowed
 * (SBR 6.1.5, 6.1.6) and by the product (NULL: by any); not ROCA, Fermat, small-factor, Debian, nor on the
 * block list (NULL: not asked). EC points must be uncompressed; RSA exponents odd, from 65537 to 2^256 - 1
 * (2^64 - 1 over 3072 bits, where OpenSSL ends). Cheap checks come first. 0, or -1 with one csr_* fault; arg:
 * bits, curve, algorithm, factor. */
int csr_check(const struct csr *, const struct product *, const struct blocklist *, struct err *e);

/* What a request says besides its key: shown to a person, used for nothing. */
struct csr_words {
	const char
	    *signature;    /* static: name of its signature's algorithm, as OpenSSL's long names have it */
	char subject[512]; /* UTF-8, cut to room; "" when there is none, or none that can be shown */
	bool more;         /* it has a subject or attributes, which the certificate will not have */
};

/* Read them anew from what csr_read() gave. -1 when its signature's algorithm is no AlgorithmIdentifier,
 * which csr_check() refuses too. */
int csr_words(struct csr_words *out, const struct csr *, struct err *e);

void csr_free(struct csr *); /* NULL is fine */

#endif
