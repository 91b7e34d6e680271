/* shape.c - telling cut and whole DER apart by its beginning; see shape.h.
 *
 * der.h refuses what is cut, rightly; so this reads headers by itself.
 */
#include "lib/pki/shape.h"

#include <string.h>

#include "lib/pki/der.h"

#define CONTEXT_0 0xa0

/* A header: its tag, its own length and the length it announces. Whether the content is all there is not
 * asked. 0 or -1. */
static int header_read(const struct der *in, unsigned char *tag, size_t *head, size_t *body)
{
	size_t have = (size_t)(in->end - in->at), octets;
	const unsigned char *p = in->at;

	if (have < 2 || (p[0] & 0x1f) == 0x1f)
		return -1;
	*tag = p[0];
	*head = 2;
	*body = p[1];
	if (p[1] < 0x80)
		return 0;
	octets = p[1] & 0x7fU;
	if (octets == 0 || octets > 4 || have < 2 + octets || p[2] == 0)
		return -1;
	*body = 0;
	for (size_t i = 0; i < octets; i++)
		*body = *body << 8 | p[2 + i];
	*head += octets;
	return *body < 0x80 || *body > 0x7fffffff ? -1 : 0;
}

/* Step into an element whose content may be cut: what is there of it. Indefinite lengths are let through, for
 * PKCS #7 may have them. */
static bool peek_into(struct der *in, unsigned char tag)
{
	size_t head, body;
	unsigned char found;

	if (in->end - in->at >= 2 && in->at[0] == tag && in->at[1] == 0x80) {
		in->at += 2;
		return true;
	}
	if (header_read(in, &found, &head, &body) == -1 || found != tag)
		return false;
	in->at += head;
	if (body < (size_t)(in->end - in->at))
		in->end = in->at + body;
	return true;
}

static bool oid_starts(struct der oid, const char *bytes, size_t len)
{
	return peek_into(&oid, DER_OID) && (size_t)(oid.end - oid.at) >= len &&
	       memcmp(oid.at, bytes, len) == 0;
}

/* Behind SEQUENCE { SEQUENCE { OID: a public key, or an encrypted private one. */
static enum shape shape_algorithm(struct der outer, struct der oid)
{
	struct der_value algorithm;

	if (der_take(&outer, DER_SEQUENCE, &algorithm) && !der_end(&outer)) {
		if (*outer.at == DER_BIT_STRING)
			return SHAPE_PUBLIC_KEY;
		return *outer.at == DER_OCTET_STRING ? SHAPE_PRIVATE_KEY : SHAPE_UNKNOWN;
	}
	/* Cut before that: PKCS #5 and #12 algorithms only ever encrypt. */
	if (oid_starts(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x05", 8) ||
	    oid_starts(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x0c", 8))
		return SHAPE_PRIVATE_KEY;
	return SHAPE_UNKNOWN;
}

enum shape shape_find(const unsigned char *der, size_t len)
{
	struct der outer = der_open(der, len), inner;

	if (!peek_into(&outer, DER_SEQUENCE) || der_end(&outer))
		return SHAPE_UNKNOWN;
	if (*outer.at == DER_INTEGER) /* a private key's version has one octet, a public modulus many */
		return outer.end - outer.at < 2 || outer.at[1] == 1 ? SHAPE_PRIVATE_KEY : SHAPE_PUBLIC_KEY;
	if (*outer.at == DER_OID)
		return oid_starts(outer, "\x2a\x86\x48\x86\xf7\x0d\x01\x07", 8) ? SHAPE_PKCS7 : SHAPE_UNKNOWN;
	inner = outer;
	if (!peek_into(&inner, DER_SEQUENCE) || der_end(&inner))
		return SHAPE_UNKNOWN;
	if (*inner.at == DER_INTEGER)
		return SHAPE_REQUEST;
	if (*inner.at == CONTEXT_0)
		return SHAPE_CERTIFICATE;
	return *inner.at == DER_OID ? shape_algorithm(outer, inner) : SHAPE_UNKNOWN;
}

int shape_outer_len(size_t *outer, const unsigned char *der, size_t len)
{
	struct der in = der_open(der, len);
	size_t head, body;
	unsigned char tag;

	if (header_read(&in, &tag, &head, &body) == -1)
		return -1;
	*outer = head + body;
	return 0;
}

bool shape_cut(const unsigned char *der, size_t len)
{
	size_t outer;

	if (len < 2 || (der[1] > 0x80 && der[1] <= 0x84 && len < 2U + (der[1] & 0x7fU)))
		return true;
	return shape_outer_len(&outer, der, len) == 0 && outer > len;
}
