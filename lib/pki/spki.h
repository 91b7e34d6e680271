/* spki.h - SubjectPublicKeyInfo (RFC 5280 4.1.2.7): the kinds of key and the one form of each that
 * SBR 7.1.3.1 allows, read without OpenSSL's decoders.
 *
 * Those try every format they know for each key, which takes longer than verifying a signature with it.
 */
#ifndef LIB_PKI_SPKI_H
#define LIB_PKI_SPKI_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

#include "lib/pki/der.h"

/* Its parts, all borrowed from the DER. */
struct spki {
	unsigned type; /* KEY_… of product.h by the AlgorithmIdentifier, byte for byte; 0: none */
	bool formed;   /* the key is in the one form of its kind: RSA in DER, a point uncompressed */
	struct der_value algorithm; /* AlgorithmIdentifier */
	struct der_value key; /* BIT STRING with its octet of unused bits, which is 0, and more behind it */
	struct der_value modulus, exponent; /* KEY_RSA: INTEGERs, positive; set when formed */
};

/* Split what is inside the SEQUENCE. On failure *in stands at what is none. */
bool spki_split(struct spki *out, struct der *in);

/* Read one whole SubjectPublicKeyInfo of exactly len octets; whether it is of a known kind, in the only form
 * that one key can have (so that it has one hash). A point may still not be on its curve. */
bool spki_read(struct spki *out, const unsigned char *der, size_t len);

/* The key made of these numbers, given to the caller. NULL: not formed, the point is not on its curve, or no
 * memory. */
EVP_PKEY *spki_key(const struct spki *);

#endif
