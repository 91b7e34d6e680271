/* certificate_view.h - what a page shows of a certificate that we issued, read from its DER by der.h alone.
 *
 * OpenSSL would build objects and decode the key, which takes ten times as long as the rest of the page. It
 * is no check of anything: the signer's lint has judged the certificate before it was signed.
 */
#ifndef LIB_PKI_CERTIFICATE_VIEW_H
#define LIB_PKI_CERTIFICATE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/pki/der.h"

#define VIEW_ATTRIBUTES_MAX 16

/* One attribute of a name. The value is UTF-8 of the certificate, not NUL-terminated. */
struct view_attribute {
	char type[32]; /* as people write it: "CN", "E"; else the dotted OID */
	const char *value;
	size_t len;
};

struct view_name {
	struct view_attribute attributes[VIEW_ATTRIBUTES_MAX]; /* in the certificate's order */
	int count;
};

/* Bits of keyUsage in RFC 5280's order (4.2.1.3): bit 0 is digitalSignature. */
#define VIEW_USAGES 9

struct certificate_view {
	struct view_name subject, issuer;
	char key_type[16]; /* "RSA", "P-256", "Ed25519"; "" for a kind that no product takes */
	int key_bits;      /* of an RSA modulus; else 0 */
	bool usage[VIEW_USAGES];
};

/* Read a certificate's DER; false when it is none. *out points into der, which must outlive it. An attribute
 * whose value is no UTF-8, ASCII or printable string is left out. */
bool certificate_view(struct certificate_view *out, const unsigned char *der, size_t len);

#endif
