/* certificate_view.c - see certificate_view.h. */
#include "lib/pki/certificate_view.h"

#include <stdio.h>
#include <string.h>

/* An OBJECT IDENTIFIER's content octets, and the word for it. */
struct oid_word {
	const char *word, *oid;
	size_t len;
};
#define OID(word, oid)                     \
	{                                  \
		word, oid, sizeof(oid) - 1 \
	}
#define PKCS "\x2a\x86\x48\x86\xf7\x0d\x01"

/* Attribute types (X.520; RFC 4519; RFC 2985), by the words that `openssl x509` shows, but E for an address.
 */
static const struct oid_word attribute_types[] = {OID("CN", "\x55\x04\x03"), OID("SN", "\x55\x04\x04"),
    OID("serialNumber", "\x55\x04\x05"), OID("C", "\x55\x04\x06"), OID("L", "\x55\x04\x07"),
    OID("ST", "\x55\x04\x08"), OID("street", "\x55\x04\x09"), OID("O", "\x55\x04\x0a"),
    OID("OU", "\x55\x04\x0b"), OID("title", "\x55\x04\x0c"), OID("postalCode", "\x55\x04\x11"),
    OID("GN", "\x55\x04\x2a"), OID("pseudonym", "\x55\x04\x41"),
    OID("organizationIdentifier", "\x55\x04\x61"), OID("DC", "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"),
    OID("E", PKCS "\x09\x01")};

/* Kinds of key by their algorithm (RFC 3279, RFC 8410), and curves by name (RFC 5480). */
static const struct oid_word algorithms[] = {OID("RSA", PKCS "\x01\x01"),
    OID("EC", "\x2a\x86\x48\xce\x3d\x02\x01"), OID("Ed25519", "\x2b\x65\x70"), OID("Ed448", "\x2b\x65\x71")};
static const struct oid_word curves[] = {OID("P-256", "\x2a\x86\x48\xce\x3d\x03\x01\x07"),
    OID("P-384", "\x2b\x81\x04\x00\x22"), OID("P-521", "\x2b\x81\x04\x00\x23")};
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const char *oid_find(const struct oid_word *words, size_t n, const struct der_value *oid)
{
	for (size_t i = 0; i < n; i++)
		if (der_is(oid, words[i].oid, words[i].len))
			return words[i].word;
	return NULL;
}

static bool attribute_read(struct view_attribute *out, struct der *set)
{
	struct der_value one, type, value;
	const char *word;
	struct der d;

	if (!der_take(set, DER_SEQUENCE, &one))
		return false;
	d = der_inside(&one);
	if (!der_take(&d, DER_OID, &type) || der_next(&d, &value) != DER_GOOD ||
	    (value.tag != DER_UTF8_STRING && value.tag != DER_PRINTABLE_STRING &&
		value.tag != DER_IA5_STRING))
		return false;
	word = oid_find(attribute_types, LENGTH(attribute_types), &type);
	if (word == NULL)
		der_oid_text(out->type, sizeof(out->type), &type);
	else
		(void)snprintf(out->type, sizeof(out->type), "%s", word);
	out->value = (const char *)value.bytes;
	out->len = value.len;
	return true;
}

static void name_read(struct view_name *out, const struct der_value *name)
{
	struct der relative = der_inside(name);
	struct der_value set;

	while (out->count < VIEW_ATTRIBUTES_MAX && der_take(&relative, DER_SET, &set)) {
		struct der d = der_inside(&set);

		while (out->count < VIEW_ATTRIBUTES_MAX && !der_end(&d) &&
		       attribute_read(&out->attributes[out->count], &d))
			out->count++;
	}
}

/* Bits of the modulus in an RSAPublicKey (RFC 8017 A.1.1), a BIT STRING's content. */
static int modulus_bits(const struct der_value *key)
{
	struct der_value sequence, modulus;
	struct der d = der_open(key->bytes + 1, key->len - 1);
	int bits;

	if (!der_take(&d, DER_SEQUENCE, &sequence))
		return 0;
	d = der_inside(&sequence);
	if (!der_take(&d, DER_INTEGER, &modulus))
		return 0;
	while (modulus.len > 1 && *modulus.bytes == 0) {
		modulus.bytes++;
		modulus.len--;
	}
	bits = (int)modulus.len * 8;
	for (unsigned top = *modulus.bytes; bits > 0 && (top & 0x80) == 0; top <<= 1)
		bits--;
	return bits;
}

static bool key_read(struct certificate_view *out, const struct der_value *spki)
{
	struct der_value algorithm, oid, curve, key;
	struct der d = der_inside(spki);
	const char *word;

	if (!der_take(&d, DER_SEQUENCE, &algorithm) || !der_take(&d, DER_BIT_STRING, &key) || key.len < 2)
		return false;
	d = der_inside(&algorithm);
	if (!der_take(&d, DER_OID, &oid))
		return false;
	word = oid_find(algorithms, LENGTH(algorithms), &oid);
	if (word != NULL && strcmp(word, "EC") == 0)
		word = der_take(&d, DER_OID, &curve) ? oid_find(curves, LENGTH(curves), &curve) : NULL;
	(void)snprintf(out->key_type, sizeof(out->key_type), "%s", word == NULL ? "" : word);
	if (strcmp(out->key_type, "RSA") == 0)
		out->key_bits = modulus_bits(&key);
	return true;
}

/* keyUsage among the extensions; without it nothing is set. */
static void usage_read(struct certificate_view *out, const struct der_value *extensions)
{
	struct der_value sequence, one, oid, octets, bits;
	struct der list = der_inside(extensions);

	if (!der_take(&list, DER_SEQUENCE, &sequence))
		return;
	list = der_inside(&sequence);
	while (der_take(&list, DER_SEQUENCE, &one)) {
		struct der d = der_inside(&one);

		if (!der_take(&d, DER_OID, &oid) || !der_is(&oid, "\x55\x1d\x0f", 3))
			continue;
		(void)der_take(&d, DER_BOOLEAN, &octets); /* critical */
		if (!der_take(&d, DER_OCTET_STRING, &octets))
			return;
		d = der_inside(&octets);
		if (!der_take(&d, DER_BIT_STRING, &bits))
			return;
		for (size_t i = 0; i < VIEW_USAGES && 1 + i / 8 < bits.len; i++)
			out->usage[i] = (bits.bytes[1 + i / 8] >> (7 - i % 8) & 1) != 0;
	}
}

bool certificate_view(struct certificate_view *out, const unsigned char *der, size_t len)
{
	struct der d = der_open(der, len);
	struct der_value whole, tbs, ignored, issuer, subject, spki, extensions;

	memset(out, 0, sizeof(*out));
	if (!der_take_last(&d, DER_SEQUENCE, &whole))
		return false;
	d = der_inside(&whole);
	if (!der_take(&d, DER_SEQUENCE, &tbs))
		return false;
	d = der_inside(&tbs);
	/* version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo (RFC 5280 4.1) */
	if (!der_take(&d, 0xa0, &ignored) || !der_take(&d, DER_INTEGER, &ignored) ||
	    !der_take(&d, DER_SEQUENCE, &ignored) || !der_take(&d, DER_SEQUENCE, &issuer) ||
	    !der_take(&d, DER_SEQUENCE, &ignored) || !der_take(&d, DER_SEQUENCE, &subject) ||
	    !der_take(&d, DER_SEQUENCE, &spki) || !key_read(out, &spki))
		return false;
	name_read(&out->issuer, &issuer);
	name_read(&out->subject, &subject);
	if (der_take(&d, 0xa3, &extensions))
		usage_read(out, &extensions);
	return true;
}
