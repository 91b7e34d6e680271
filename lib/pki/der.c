/* der.c - read DER strictly; see der.h. */
#include "lib/pki/der.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define DEPTH_MAX   24 /* certificates need about ten */
#define CONSTRUCTED 0x20

struct der der_open(const unsigned char *bytes, size_t len)
{
	return (struct der){bytes, bytes + len};
}

struct der der_inside(const struct der_value *v)
{
	return der_open(v->bytes, v->len);
}

bool der_end(const struct der *d)
{
	return d->at == d->end;
}

/* The length octets at *at (X.690 8.1.3, 10.1), read only as far as end. */
static enum der_fault length_read(const unsigned char **at, const unsigned char *end, size_t *out)
{
	const unsigned char *p = *at;
	size_t octets, len = 0;

	if (p == end)
		return DER_BAD_TRUNCATED;
	if (*p < 0x80) {
		*out = *p++;
		*at = p;
		return DER_GOOD;
	}
	octets = *p++ & 0x7fU;
	if (octets == 0)
		return DER_BAD_LENGTH_INDEFINITE;
	if (octets > 4 || (size_t)(end - p) < octets)
		return DER_BAD_TRUNCATED;
	if (*p == 0)
		return DER_BAD_LENGTH_NOT_MINIMAL;
	while (octets-- > 0)
		len = len << 8 | *p++;
	if (len < 0x80)
		return DER_BAD_LENGTH_NOT_MINIMAL;
	*out = len;
	*at = p;
	return DER_GOOD;
}

enum der_fault der_next(struct der *d, struct der_value *out)
{
	const unsigned char *p = d->at;
	enum der_fault fault;
	size_t len;

	if (p == d->end)
		return DER_BAD_TRUNCATED;
	if ((*p & 0x1f) == 0x1f)
		return DER_BAD_TAG;
	p++;
	fault = length_read(&p, d->end, &len);
	if (fault != DER_GOOD)
		return fault;
	if ((size_t)(d->end - p) < len)
		return DER_BAD_TRUNCATED;
	out->tag = *d->at;
	out->whole = d->at;
	out->bytes = p;
	out->len = len;
	out->whole_len = (size_t)(p - d->at) + len;
	d->at = p + len;
	return DER_GOOD;
}

bool der_take(struct der *d, unsigned char tag, struct der_value *out)
{
	struct der after = *d;
	struct der_value v;

	if (der_next(&after, &v) != DER_GOOD || v.tag != tag)
		return false;
	*d = after;
	*out = v;
	return true;
}

bool der_take_last(struct der *d, unsigned char tag, struct der_value *out)
{
	return der_take(d, tag, out) && der_end(d);
}

bool der_is(const struct der_value *v, const void *bytes, size_t len)
{
	return v->len == len && memcmp(v->bytes, bytes, len) == 0;
}

bool der_same(const struct der_value *a, const struct der_value *b)
{
	return a->whole_len == b->whole_len && memcmp(a->whole, b->whole, a->whole_len) == 0;
}

static bool integer_good(const struct der_value *v)
{
	if (v->len == 0)
		return false;
	return v->len == 1 ||
	       !((v->bytes[0] == 0x00 && v->bytes[1] < 0x80) || (v->bytes[0] == 0xff && v->bytes[1] > 0x7f));
}

/* The first octet counts the unused bits of the last one, which must be zero (X.690 11.2.1). */
static bool bit_string_good(const struct der_value *v)
{
	unsigned unused;

	if (v->len == 0)
		return false;
	unused = v->bytes[0];
	if (v->len == 1)
		return unused == 0;
	return unused < 8 && (v->bytes[v->len - 1] & ((1U << unused) - 1)) == 0;
}

/* Each arc in base 128 without a leading zero digit, the last octet ending one (X.690 8.19.2). */
static bool oid_good(const struct der_value *v)
{
	bool fresh = true;

	for (size_t i = 0; i < v->len; i++) {
		if (fresh && v->bytes[i] == 0x80)
			return false;
		fresh = v->bytes[i] < 0x80;
	}
	return v->len > 0 && fresh;
}

static bool string_good(const struct der_value *v)
{
	static const char printable[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";

	if (v->tag == DER_UTF8_STRING)
		return utf8_valid((const char *)v->bytes, v->len);
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = v->bytes[i];

		if (c > 0x7f || (v->tag == DER_PRINTABLE_STRING && (c == 0 || strchr(printable, c) == NULL)))
			return false;
	}
	return true;
}

static int digits(const unsigned char *p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

bool der_time(const struct der_value *v, time_t *out)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year_len = v->tag == DER_UTC_TIME ? 2 : 4, year, part[5];
	const unsigned char *p = v->bytes;
	struct tm tm;

	if ((v->tag != DER_UTC_TIME && v->tag != DER_GENERALIZED_TIME) || v->len != (size_t)year_len + 11 ||
	    p[v->len - 1] != 'Z')
		return false;
	year = digits(p, year_len);
	for (int i = 0; i < 5; i++)
		part[i] = digits(p + year_len + 2 * i, 2);
	if (v->tag == DER_UTC_TIME && year >= 0)
		year += year < 50 ? 2000 : 1900;
	if (year < 0 || part[0] < 1 || part[0] > 12 || part[1] < 1 || part[2] < 0 || part[2] > 23 ||
	    part[3] < 0 || part[3] > 59 || part[4] < 0 || part[4] > 59)
		return false;
	if (part[1] > days[part[0] - 1] +
			  (part[0] == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0) ? 1 : 0))
		return false;
	tm = (struct tm){.tm_year = year - 1900,
	    .tm_mon = part[0] - 1,
	    .tm_mday = part[1],
	    .tm_hour = part[2],
	    .tm_min = part[3],
	    .tm_sec = part[4]};
	*out = timegm(&tm);
	return true;
}

/* SET OF: the encodings in ascending order (X.690 11.6). */
static bool set_good(const struct der_value *v)
{
	struct der d = der_inside(v);
	struct der_value before = {0}, now;

	while (!der_end(&d)) {
		size_t shorter;
		int order;

		if (der_next(&d, &now) != DER_GOOD)
			return false;
		shorter = before.whole_len < now.whole_len ? before.whole_len : now.whole_len;
		order = shorter == 0 ? 0 : memcmp(before.whole, now.whole, shorter);
		if (order > 0 || (order == 0 && before.whole_len > now.whole_len))
			return false;
		before = now;
	}
	return true;
}

/* The rules of one value, its inner ones aside. */
static enum der_fault value_check(const struct der_value *v)
{
	time_t t;

	if ((v->tag & 0xc0) != 0) /* context-specific: the form is the schema's matter */
		return (v->tag & 0xc0) == 0x80 ? DER_GOOD : DER_BAD_TAG;
	switch (v->tag) {
	case DER_BOOLEAN:
		return v->len == 1 && (v->bytes[0] == 0x00 || v->bytes[0] == 0xff) ? DER_GOOD
										   : DER_BAD_BOOLEAN;
	case DER_INTEGER:
	case DER_ENUMERATED:
		return integer_good(v) ? DER_GOOD : DER_BAD_INTEGER;
	case DER_BIT_STRING:
		return bit_string_good(v) ? DER_GOOD : DER_BAD_BIT_STRING;
	case DER_NULL:
		return v->len == 0 ? DER_GOOD : DER_BAD_NULL;
	case DER_OID:
		return oid_good(v) ? DER_GOOD : DER_BAD_OID;
	case DER_UTF8_STRING:
	case DER_PRINTABLE_STRING:
	case DER_IA5_STRING:
		return string_good(v) ? DER_GOOD : DER_BAD_STRING;
	case DER_UTC_TIME:
	case DER_GENERALIZED_TIME:
		return der_time(v, &t) ? DER_GOOD : DER_BAD_TIME;
	case DER_SET:
		return set_good(v) ? DER_GOOD : DER_BAD_SET_ORDER;
	case DER_OCTET_STRING:
	case DER_SEQUENCE:
		return DER_GOOD;
	default:
		return DER_BAD_TAG;
	}
}

static enum der_fault tree_check(struct der *d, int depth, const unsigned char **where)
{
	while (!der_end(d)) {
		struct der_value v;
		enum der_fault fault;

		*where = d->at;
		fault = depth > DEPTH_MAX ? DER_BAD_DEPTH : der_next(d, &v);
		if (fault != DER_GOOD)
			return fault;
		if ((v.tag & CONSTRUCTED) != 0) {
			struct der inner = der_inside(&v);

			fault = tree_check(&inner, depth + 1, where);
			if (fault != DER_GOOD)
				return fault;
			*where = v.whole;
		}
		fault = value_check(&v);
		if (fault != DER_GOOD)
			return fault;
	}
	return DER_GOOD;
}

enum der_fault der_check(const unsigned char *bytes, size_t len, size_t *where)
{
	struct der all = der_open(bytes, len), one;
	const unsigned char *at = bytes;
	struct der_value v;
	enum der_fault fault = der_next(&all, &v);

	if (fault == DER_GOOD) {
		one = der_open(v.whole, v.whole_len);
		fault = tree_check(&one, 0, &at);
	}
	if (fault == DER_GOOD && !der_end(&all)) {
		at = all.at;
		fault = DER_BAD_TRAILING;
	}
	*where = (size_t)(at - bytes);
	return fault;
}

void der_oid_text(char *out, size_t room, const struct der_value *v)
{
	struct buf text = {0};
	uint64_t arc = 0;
	bool first = true;

	if (v->tag != DER_OID || !oid_good(v)) {
		(void)snprintf(out, room, "?");
		return;
	}
	for (size_t i = 0; i < v->len; i++) {
		arc = (arc & UINT64_MAX >> 7) << 7 | (v->bytes[i] & 0x7fU);
		if (v->bytes[i] > 0x7f)
			continue;
		if (first)
			buf_printf(&text, "%d.%llu", arc < 80 ? (int)(arc / 40) : 2,
			    (unsigned long long)(arc < 80 ? arc % 40 : arc - 80));
		else
			buf_printf(&text, ".%llu", (unsigned long long)arc);
		first = false;
		arc = 0;
	}
	(void)snprintf(out, room, "%s", text.failed || text.data == NULL ? "?" : text.data);
	buf_free(&text);
}
