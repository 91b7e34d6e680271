/* lint_fields.c - the lint's checks of everything in a tbsCertificate but its extensions; see lint.h. */
#include "lib/pki/lint_view.h"

#include <string.h>

#define DAY_SECONDS 86400L

/* --- version, serialNumber, signature, issuer, validity
 * ------------------------------------------------------- */

static bool version_v3(const struct lint_view *v, char *words)
{
	if (v->version.whole == NULL || !der_is(&v->version, "\x02", 1))
		return lint_say(words, "version is not v3");
	return true;
}

static bool serial_positive(const struct lint_view *v, char *words)
{
	static const unsigned char zero[20];

	if (v->serial.len == 0 || v->serial.bytes[0] > 0x7f)
		return lint_say(words, "serialNumber is negative");
	if (v->serial.len <= sizeof(zero) && memcmp(v->serial.bytes, zero, v->serial.len) == 0)
		return lint_say(words, "serialNumber is zero");
	return true;
}

static bool serial_octets(const struct lint_view *v, char *words)
{
	if (v->serial.len > 20)
		return lint_say(words, "serialNumber has %zu octets, at most 20", v->serial.len);
	if (v->serial.len < 9)
		return lint_say(
		    words, "serialNumber has %zu octets: no room for 64 random bits", v->serial.len);
	return true;
}

static bool serial_reserved(const struct lint_view *v, char *words)
{
	if (!der_is(&v->serial, v->facts->serial, v->facts->serial_len))
		return lint_say(words, "serialNumber is not the reserved one");
	return true;
}

/* SBR 7.1.3.2: the octets, and which kind of CA key may stand behind them. */
static const struct {
	size_t len;
	unsigned char der[15];
	enum key_kind kind;
} signature_rows[] = {
    {15, {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00},
	KIND_RSA},
    {15, {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c, 0x05, 0x00},
	KIND_RSA},
    {15, {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d, 0x05, 0x00},
	KIND_RSA},
    {12, {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}, KIND_P256},
    {12, {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}, KIND_P384},
    {12, {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}, KIND_P521},
};

static enum key_kind signature_kind(const struct der_value *signature)
{
	for (size_t i = 0; i < sizeof(signature_rows) / sizeof(signature_rows[0]); i++)
		if (signature->whole_len == signature_rows[i].len &&
		    memcmp(signature->whole, signature_rows[i].der, signature_rows[i].len) == 0)
			return signature_rows[i].kind;
	return KIND_OTHER;
}

static bool signature_algorithm_octets(const struct lint_view *v, char *words)
{
	if (signature_kind(&v->signature) == KIND_OTHER)
		return lint_say(words, "signature's AlgorithmIdentifier is none of the allowed encodings");
	return true;
}

static bool signature_algorithm_key(const struct lint_view *v, char *words)
{
	enum key_kind kind = signature_kind(&v->signature);

	if (kind != KIND_OTHER && kind != v->issuer_facts.kind)
		return lint_say(words, "signature's algorithm is not one of the issuer's key");
	return true;
}

static bool issuer_octets(const struct lint_view *v, char *words)
{
	if (!der_same(&v->issuer, &v->issuer_facts.subject))
		return lint_say(words, "issuer is not octet for octet the issuing CA's subject");
	return true;
}

/* The times were walked as DER before, so they can be read. */
static void validity_read(const struct lint_view *v, time_t *from, time_t *to)
{
	*from = *to = 0;
	(void)der_time(&v->not_before, from);
	(void)der_time(&v->not_after, to);
}

static bool validity_order(const struct lint_view *v, char *words)
{
	time_t from, to;

	validity_read(v, &from, &to);
	return from < to ? true : lint_say(words, "notAfter is not behind notBefore");
}

static bool validity_encoding(const struct lint_view *v, char *words)
{
	const struct der_value *times[] = {&v->not_before, &v->not_after};
	static const time_t year_2050 = 2524608000;

	for (int i = 0; i < 2; i++) {
		time_t t = 0;

		(void)der_time(times[i], &t);
		if ((t < year_2050) != (times[i]->tag == DER_UTC_TIME))
			return lint_say(words, "%s must be UTCTime through 2049, GeneralizedTime from 2050",
			    i == 0 ? "notBefore" : "notAfter");
	}
	return true;
}

static bool validity_825_days(const struct lint_view *v, char *words)
{
	time_t from, to;

	validity_read(v, &from, &to);
	if (to - from > 825 * DAY_SECONDS - 1)
		return lint_say(
		    words, "validity is %ld s over 825 days", (long)(to - from + 1 - 825 * DAY_SECONDS));
	return true;
}

static bool validity_product(const struct lint_view *v, char *words)
{
	time_t from, to;

	validity_read(v, &from, &to);
	if (to - from + 1 != v->facts->validity)
		return lint_say(words, "validity is %ld s, the product's %ld s", (long)(to - from + 1),
		    v->facts->validity);
	return true;
}

static bool validity_inside_issuer(const struct lint_view *v, char *words)
{
	time_t from, to;

	validity_read(v, &from, &to);
	if (from < v->issuer_facts.not_before || to > v->issuer_facts.not_after)
		return lint_say(words, "validity is not inside the issuing CA's");
	return true;
}

static bool validity_starts_now(const struct lint_view *v, char *words)
{
	time_t from, to;

	validity_read(v, &from, &to);
	if (from > v->facts->now + 300 || from < v->facts->now - DAY_SECONDS)
		return lint_say(words, "notBefore is %ld s away from now", (long)(from - v->facts->now));
	return true;
}

static bool unique_ids_absent(const struct lint_view *v, char *words)
{
	return v->unique_ids ? lint_say(words, "issuerUniqueID or subjectUniqueID present") : true;
}

/* --- subject
 * -------------------------------------------------------------------------------------------------- */

static const unsigned char oid_common_name[] = {0x55, 0x04, 0x03};
static const unsigned char oid_email_address[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01};

/* One attribute of the subject. */
struct attribute {
	struct der_value type, value;
	bool alone; /* in its RelativeDistinguishedName */
};

/* Read the next attribute: 1, or 0 at the end, or -1 when the Name is broken. */
static int attribute_next(struct der *names, struct der *set, struct attribute *out)
{
	struct der_value v;
	struct der d;

	out->alone = true;
	if (der_end(set)) {
		if (der_end(names))
			return 0;
		if (!der_take(names, DER_SET, &v))
			return -1;
		*set = der_inside(&v);
	} else {
		out->alone = false;
	}
	if (!der_take(set, DER_SEQUENCE, &v))
		return -1;
	d = der_inside(&v);
	if (!der_take(&d, DER_OID, &out->type) || der_next(&d, &out->value) != DER_GOOD || !der_end(&d))
		return -1;
	if (!der_end(set))
		out->alone = false;
	return 1;
}

/* Find an attribute by its type; returns how many there are, or -1 when the Name is broken. */
static int attribute_find(
    const struct lint_view *v, const unsigned char *oid, size_t oid_len, struct attribute *out)
{
	struct der names = der_inside(&v->subject), set = {NULL, NULL};
	struct attribute a;
	int more, count = 0;

	while ((more = attribute_next(&names, &set, &a)) == 1) {
		if (!der_is(&a.type, oid, oid_len))
			continue;
		*out = a;
		count++;
	}
	return more == -1 ? -1 : count;
}

/* Run a test over all attributes; the first that fails it ends the walk. */
static bool attributes_all(
    const struct lint_view *v, bool (*test)(const struct attribute *, char *words), char *words)
{
	struct der names = der_inside(&v->subject), set = {NULL, NULL};
	struct attribute a;
	int more;

	while ((more = attribute_next(&names, &set, &a)) == 1)
		if (!test(&a, words))
			return false;
	return more == 0 ? true : lint_say(words, "subject is not a Name");
}

static bool attribute_allowed(const struct attribute *a, char *words)
{
	char oid[64];

	if (der_is(&a->type, oid_common_name, sizeof(oid_common_name)) ||
	    der_is(&a->type, oid_email_address, sizeof(oid_email_address)))
		return true;
	der_oid_text(oid, sizeof(oid), &a->type);
	return lint_say(words, "subject has attribute %s", oid);
}

static bool subject_attributes(const struct lint_view *v, char *words)
{
	return attributes_all(v, attribute_allowed, words);
}

static bool attribute_alone(const struct attribute *a, char *words)
{
	return a->alone ? true
			: lint_say(words, "subject has a RelativeDistinguishedName of several attributes");
}

static bool subject_single_valued(const struct lint_view *v, char *words)
{
	return attributes_all(v, attribute_alone, words);
}

/* SBR 7.1.4.2: no attribute that only fills its place. */
static bool attribute_filled(const struct attribute *a, char *words)
{
	for (size_t i = 0; i < a->value.len; i++)
		if (strchr(" .-", a->value.bytes[i]) == NULL || a->value.bytes[i] == '\0')
			return true;
	return lint_say(words, "subject has an attribute without meaning");
}

static bool subject_filled(const struct lint_view *v, char *words)
{
	return attributes_all(v, attribute_filled, words);
}

static bool subject_no_duplicates(const struct lint_view *v, char *words)
{
	struct attribute a;

	if (attribute_find(v, oid_common_name, sizeof(oid_common_name), &a) > 1)
		return lint_say(words, "several commonName");
	if (attribute_find(v, oid_email_address, sizeof(oid_email_address), &a) > 1)
		return lint_say(words, "several emailAddress");
	return true;
}

static bool common_name_type(const struct lint_view *v, char *words)
{
	struct attribute a;

	if (attribute_find(v, oid_common_name, sizeof(oid_common_name), &a) > 0 &&
	    a.value.tag != DER_UTF8_STRING)
		return lint_say(words, "commonName is not a UTF8String");
	return true;
}

static bool common_name_length(const struct lint_view *v, char *words)
{
	struct attribute a;
	size_t characters = 0;

	if (attribute_find(v, oid_common_name, sizeof(oid_common_name), &a) <= 0)
		return true;
	for (size_t i = 0; i < a.value.len; i++)
		characters += (a.value.bytes[i] & 0xc0) != 0x80;
	if (characters < 1 || characters > 64)
		return lint_say(words, "commonName has %zu characters, 1 to 64 allowed", characters);
	return true;
}

static bool common_name_mailbox(const struct lint_view *v, char *words)
{
	struct attribute a;

	if (attribute_find(v, oid_common_name, sizeof(oid_common_name), &a) > 0 &&
	    !value_is_text(&a.value, v->facts->address))
		return lint_say(words, "commonName is not the verified mailbox");
	return true;
}

static bool email_address_type(const struct lint_view *v, char *words)
{
	struct attribute a;

	if (attribute_find(v, oid_email_address, sizeof(oid_email_address), &a) > 0 &&
	    a.value.tag != DER_IA5_STRING)
		return lint_say(words, "emailAddress is not an IA5String");
	return true;
}

static bool email_address_length(const struct lint_view *v, char *words)
{
	struct attribute a;

	if (attribute_find(v, oid_email_address, sizeof(oid_email_address), &a) > 0 &&
	    (a.value.len < 1 || a.value.len > 128))
		return lint_say(words, "emailAddress has %zu octets, 1 to 128 allowed", a.value.len);
	return true;
}

static bool email_address_mailbox(const struct lint_view *v, char *words)
{
	struct attribute a;

	if (attribute_find(v, oid_email_address, sizeof(oid_email_address), &a) > 0 &&
	    !value_is_text(&a.value, v->facts->address))
		return lint_say(words, "emailAddress is not the verified mailbox");
	return true;
}

/* What was asked for is there, and nothing else; a mailbox too long for its attribute is left out. */
static bool subject_as_asked(const struct lint_view *v, char *words)
{
	size_t len = strlen(v->facts->address);
	bool want_name = (v->facts->fields & 1U << FIELD_COMMON_NAME) != 0 && len <= 64;
	bool want_email = (v->facts->fields & 1U << FIELD_EMAIL_ADDRESS) != 0 && len <= 128;
	struct attribute a;

	if ((attribute_find(v, oid_common_name, sizeof(oid_common_name), &a) > 0) != want_name)
		return lint_say(words, "commonName is %s", want_name ? "missing" : "not asked for");
	if ((attribute_find(v, oid_email_address, sizeof(oid_email_address), &a) > 0) != want_email)
		return lint_say(words, "emailAddress is %s", want_email ? "missing" : "not asked for");
	return true;
}

/* --- subjectPublicKeyInfo
 * ------------------------------------------------------------------------------------- */

static bool spki_algorithm_octets(const struct lint_view *v, char *words)
{
	if (v->kind == KIND_OTHER)
		return lint_say(words, "the key's AlgorithmIdentifier is none of the allowed encodings");
	return true;
}

static bool spki_requested(const struct lint_view *v, char *words)
{
	if (v->spki.whole_len != v->facts->spki_len ||
	    memcmp(v->spki.whole, v->facts->spki, v->facts->spki_len) != 0)
		return lint_say(words, "subjectPublicKeyInfo is not the request's");
	return true;
}

/* RSAPublicKey ::= SEQUENCE { modulus, publicExponent }; false when the key is not of that form. */
static bool rsa_read(const struct lint_view *v, struct der_value *modulus, struct der_value *exponent)
{
	struct der d = der_open(v->spki_key.bytes + 1, v->spki_key.len - 1), inner;
	struct der_value sequence;
	size_t where;

	if (der_check(d.at, (size_t)(d.end - d.at), &where) != DER_GOOD ||
	    !der_take_last(&d, DER_SEQUENCE, &sequence))
		return false;
	inner = der_inside(&sequence);
	return der_take(&inner, DER_INTEGER, modulus) && der_take_last(&inner, DER_INTEGER, exponent) &&
	       modulus->bytes[0] < 0x80 && exponent->bytes[0] < 0x80;
}

static size_t integer_bits(const struct der_value *n)
{
	size_t i = 0, bits;

	while (i < n->len && n->bytes[i] == 0)
		i++;
	if (i == n->len)
		return 0;
	bits = (n->len - i) * 8;
	for (unsigned char top = n->bytes[i]; top < 0x80; top = (unsigned char)(top << 1))
		bits--;
	return bits;
}

static bool spki_rsa_form(const struct lint_view *v, char *words)
{
	struct der_value n, e;

	if (v->kind == KIND_RSA && !rsa_read(v, &n, &e))
		return lint_say(words, "the key is not an RSAPublicKey of two positive integers");
	return true;
}

static bool spki_rsa_modulus(const struct lint_view *v, char *words)
{
	struct der_value n, e;
	size_t bits;

	if (v->kind != KIND_RSA || !rsa_read(v, &n, &e))
		return true;
	bits = integer_bits(&n);
	if (bits < 2048 || bits % 8 != 0 || (n.bytes[n.len - 1] & 1) == 0)
		return lint_say(
		    words, "RSA modulus of %zu bits: must be odd, at least 2048 and divisible by 8", bits);
	return true;
}

static bool spki_rsa_exponent(const struct lint_view *v, char *words)
{
	struct der_value n, e;
	size_t bits;

	if (v->kind != KIND_RSA || !rsa_read(v, &n, &e))
		return true;
	bits = integer_bits(&e);
	if (bits < 17 || bits > 256 || (e.bytes[e.len - 1] & 1) == 0)
		return lint_say(
		    words, "RSA exponent of %zu bits: must be odd and from 2^16+1 to 2^256-1", bits);
	return true;
}

static bool spki_ec_point(const struct lint_view *v, char *words)
{
	static const size_t lengths[] = {[KIND_P256] = 65, [KIND_P384] = 97, [KIND_P521] = 133};

	if (v->kind != KIND_P256 && v->kind != KIND_P384 && v->kind != KIND_P521)
		return true;
	if (v->spki_key.len - 1 != lengths[v->kind] || v->spki_key.bytes[1] != 0x04)
		return lint_say(words, "EC key is not an uncompressed point of %zu octets", lengths[v->kind]);
	return true;
}

static bool spki_ed25519_length(const struct lint_view *v, char *words)
{
	if (v->kind == KIND_ED25519 && v->spki_key.len - 1 != 32)
		return lint_say(words, "Ed25519 key has %zu octets, not 32", v->spki_key.len - 1);
	return true;
}

const struct lint_check lint_field_checks[] = {
    {"version_v3", "SBR 7.1.1", version_v3},
    {"serial_positive", "SBR 7.1; RFC 5280 4.1.2.2", serial_positive},
    {"serial_octets", "SBR 7.1; RFC 5280 4.1.2.2", serial_octets},
    {"serial_reserved", "our books", serial_reserved},
    {"signature_algorithm_octets", "SBR 7.1.3.2", signature_algorithm_octets},
    {"signature_algorithm_key", "SBR 7.1.3.2", signature_algorithm_key},
    {"issuer_octets", "SBR 7.1.4.1", issuer_octets},
    {"validity_order", "RFC 5280 4.1.2.5", validity_order},
    {"validity_encoding", "RFC 5280 4.1.2.5", validity_encoding},
    {"validity_825_days", "SBR 6.3.2", validity_825_days},
    {"validity_product", "SBR 6.3.2", validity_product},
    {"validity_inside_issuer", "RFC 5280 6.1.3", validity_inside_issuer},
    {"validity_starts_now", "our rule", validity_starts_now},
    {"unique_ids_absent", "RFC 5280 4.1.2.8", unique_ids_absent},
    {"subject_attributes", "SBR 7.1.4.2.3", subject_attributes},
    {"subject_single_valued", "SBR 7.1.4.2.2", subject_single_valued},
    {"subject_filled", "SBR 7.1.4.2", subject_filled},
    {"subject_no_duplicates", "SBR 7.1.4.2.2", subject_no_duplicates},
    {"subject_as_asked", "SBR 7.1.4.2.3", subject_as_asked},
    {"common_name_type", "RFC 5280 4.1.2.4", common_name_type},
    {"common_name_length", "RFC 5280 A.1", common_name_length},
    {"common_name_mailbox", "SBR 7.1.4.2.2(a)", common_name_mailbox},
    {"email_address_type", "RFC 5280 4.1.2.6", email_address_type},
    {"email_address_length", "RFC 5280 A.1", email_address_length},
    {"email_address_mailbox", "SBR 7.1.4.2.1", email_address_mailbox},
    {"spki_algorithm_octets", "SBR 7.1.3.1", spki_algorithm_octets},
    {"spki_requested", "SBR 3.2.5", spki_requested},
    {"spki_rsa_form", "RFC 3279 2.3.1", spki_rsa_form},
    {"spki_rsa_modulus", "SBR 6.1.5", spki_rsa_modulus},
    {"spki_rsa_exponent", "SBR 6.1.6", spki_rsa_exponent},
    {"spki_ec_point", "SBR 6.1.5; RFC 5480 2.2", spki_ec_point},
    {"spki_ed25519_length", "SBR 6.1.5; RFC 8410 4", spki_ed25519_length},
    {NULL, NULL, NULL},
};
