/* shape.h - what a blob of DER, perhaps cut, looks like from its first elements.
 *
 * People paste certificates and keys for requests, whole or in part; this tells them apart before anything is
 * decoded, and above all knows a private key by its beginning. Nothing is verified.
 */
#ifndef LIB_PKI_SHAPE_H
#define LIB_PKI_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum shape {
	SHAPE_UNKNOWN,
	SHAPE_REQUEST, /* PKCS #10; a version 1 certificate looks the same */
	SHAPE_CERTIFICATE,
	SHAPE_PRIVATE_KEY, /* PKCS #1, SEC 1, PKCS #8 plain or encrypted, PKCS #12 */
	SHAPE_PUBLIC_KEY,  /* SubjectPublicKeyInfo or PKCS #1 */
	SHAPE_PKCS7,
};
enum shape shape_find(const unsigned char *der, size_t len);

/* How long the outermost element says it is, header included. 0 and *outer, or -1 when its header is cut, not
 * in shortest form, of indefinite length or says more than 2^31. */
int shape_outer_len(size_t *outer, const unsigned char *der, size_t len);

/* Whether the outermost element goes on behind what is there, or its header does. */
bool shape_cut(const unsigned char *der, size_t len);

#endif
