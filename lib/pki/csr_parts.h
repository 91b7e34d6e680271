/* csr_parts.h - the parts of a CertificationRequest (RFC 2986 4.2) inside its DER; for csr.c and csr_check.c.
 */
#ifndef LIB_PKI_CSR_PARTS_H
#define LIB_PKI_CSR_PARTS_H

#include <stddef.h>

#include "lib/pki/der.h"
#include "lib/pki/spki.h"

/* All borrowed from the DER. */
struct csr_parts {
	struct der_value info; /* CertificationRequestInfo: what is signed */
	struct der_value subject;
	struct der_value spki;       /* SubjectPublicKeyInfo */
	struct spki key;             /* the same, split */
	struct der_value attributes; /* whole_len 0: left out */
	struct der_value algorithm;  /* signatureAlgorithm */
	struct der_value signature;  /* BIT STRING */
};

/* Split der, which must be one request and nothing more. 0, or -1 with *at the octet where it is none. */
int csr_split(struct csr_parts *parts, const unsigned char *der, size_t len, size_t *at);

#endif
