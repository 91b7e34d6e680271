/* csr_parts.h - the parts of a CertificationRequest (RFC 2986 4.2) inside its DER; for csr.c and csr_check.c.
 */
#ifndef LIB_PKI_CSR_PARTS_H
#define LIB_PKI_CSR_PARTS_H

#include <stddef.h>

#include "lib/pki/der.h"

/* All borrowed from the DER. */
struct csr_parts {
	struct der_value info; /* CertificationRequestInfo: what is signed */
	struct der_value spki; /* SubjectPublicKeyInfo */
	struct der_value key_algorithm;
	struct der_value key_bits;  /* BIT STRING, with its octet of unused bits, which is 0 */
	struct der_value algorithm; /* signatureAlgorithm */
	struct der_value signature; /* BIT STRING */
};

/* Split der, which must be one request and nothing more. 0, or -1 with *at the octet where it is none. */
int csr_split(struct csr_parts *parts, const unsigned char *der, size_t len, size_t *at);

/* What SBR 7.1.3.1 allows as AlgorithmIdentifier of a key, byte for byte. */
struct key_algorithm {
	unsigned type;    /* KEY_… of product.h */
	size_t point_len; /* EC: octets of an uncompressed point; else 0 */
	const char *der;
	size_t len;
};

/* The row whose octets those are, or NULL. */
const struct key_algorithm *key_algorithm_find(const struct der_value *algorithm);

#endif
