/* der.h - read DER strictly (X.690 chapter 10 and 11), with no help from OpenSSL.
 *
 * The lint judges with it what OpenSSL built, and fuzzing shows that it stands any input. Nothing is copied:
 * values point into the caller's octets.
 */
#ifndef LIB_PKI_DER_H
#define LIB_PKI_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Universal tags as the first octet shows them; 0xa0 | n and 0x80 | n are context-specific. */
enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* Octets still to be read. */
struct der {
	const unsigned char *at, *end;
};

/* One value: its tag, its content, and all of it with the header. */
struct der_value {
	unsigned char tag;
	const unsigned char *bytes;
	size_t len;
	const unsigned char *whole;
	size_t whole_len;
};

/* What breaks DER; DER_GOOD is 0. */
enum der_fault {
	DER_GOOD,
	DER_BAD_TRUNCATED,
	DER_BAD_LENGTH_INDEFINITE,
	DER_BAD_LENGTH_NOT_MINIMAL,
	DER_BAD_TAG, /* high tag number, constructed string, primitive SEQUENCE, a type certificates do not
			have */
	DER_BAD_TRAILING,
	DER_BAD_DEPTH,
	DER_BAD_BOOLEAN,
	DER_BAD_INTEGER,
	DER_BAD_BIT_STRING,
	DER_BAD_NULL,
	DER_BAD_OID,
	DER_BAD_STRING, /* an octet its type does not have */
	DER_BAD_TIME,
	DER_BAD_SET_ORDER,
	DER_BAD__MAX
};

/* Read the next value's header: definite, minimal length, low tag number. *out is filled only when good. */
enum der_fault der_next(struct der *, struct der_value *out);

/* The next value if it has this tag: true, and *out; else false and nothing is read. */
bool der_take(struct der *, unsigned char tag, struct der_value *out);
/* As der_take(), and it must be all that is left. */
bool der_take_last(struct der *, unsigned char tag, struct der_value *out);

/* Octets as something to read; the content of a value likewise. */
struct der der_open(const unsigned char *bytes, size_t len);
struct der der_inside(const struct der_value *);
bool der_end(const struct der *);

/* Walk one whole value and everything in it (OCTET STRINGs and context-specific primitives are left closed)
 * and check every rule of DER; *where is the offset of the first fault. len octets must be exactly that
 * value. */
enum der_fault der_check(const unsigned char *bytes, size_t len, size_t *where);

/* Whether a value's content is exactly these octets. */
bool der_is(const struct der_value *, const void *bytes, size_t len);
/* Whether two values are the same, header and all. */
bool der_same(const struct der_value *, const struct der_value *);

/* UTCTime "YYMMDDHHMMSSZ" or GeneralizedTime "YYYYMMDDHHMMSSZ" (RFC 5280 4.1.2.5), the calendar checked. */
bool der_time(const struct der_value *, time_t *out);

/* An OBJECT IDENTIFIER as dotted text, cut to room; "?" when it is none. */
void der_oid_text(char *out, size_t room, const struct der_value *);

#endif
