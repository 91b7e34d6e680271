/* lint_extensions.c - the lint's checks of the extensions, in the order of SBR 7.1.2.3; see lint.h. */
#include "lib/pki/lint_view.h"

#include <ctype.h>
#include <string.h>
#include <openssl/sha.h>

#define OID_IS(value, ...) \
	der_is((value), (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}))

/* --- the list as a whole
 * -------------------------------------------------------------------------------------- */

static bool extensions_present(const struct lint_view *v, char *words)
{
	return v->has_extensions ? true : lint_say(words, "no extensions");
}

static bool extension_no_duplicates(const struct lint_view *v, char *words)
{
	char oid[64];

	for (size_t i = 0; i < v->extension_count; i++)
		for (size_t k = 0; k < i; k++) {
			if (!der_same(&v->extensions[i].oid, &v->extensions[k].oid))
				continue;
			der_oid_text(oid, sizeof(oid), &v->extensions[i].oid);
			return lint_say(words, "extension %s stands there twice", oid);
		}
	return true;
}

/* critical is DEFAULT FALSE, so FALSE is never written out (X.690 11.5). */
static bool extension_default_omitted(const struct lint_view *v, char *words)
{
	char oid[64];

	for (size_t i = 0; i < v->extension_count; i++) {
		const struct extension_view *x = &v->extensions[i];

		if (!x->has_critical || x->critical.bytes[0] != 0)
			continue;
		der_oid_text(oid, sizeof(oid), &x->oid);
		return lint_say(words, "extension %s: critical FALSE is written out", oid);
	}
	return true;
}

static bool oid_prohibited(const struct der_value *oid)
{
	return OID_IS(oid, 0x55, 0x1d, 0x09) ||                                     /* attributes */
	       OID_IS(oid, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0x98, 0x2a, 0x01) || /* LEI */
	       OID_IS(oid, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0x98, 0x2a, 0x02) || /* LEI role */
	       OID_IS(
		   oid, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x2f, 0x01, 0x01, 0x09, 0x01) ||  /* Adobe time-stamp */
	       OID_IS(oid, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x2f, 0x01, 0x01, 0x09, 0x02); /* archiveRevInfo */
}

static bool extension_prohibited(const struct lint_view *v, char *words)
{
	char oid[64];

	for (size_t i = 0; i < v->extension_count; i++) {
		if (!oid_prohibited(&v->extensions[i].oid))
			continue;
		der_oid_text(oid, sizeof(oid), &v->extensions[i].oid);
		return lint_say(words, "extension %s is prohibited", oid);
	}
	return true;
}

static bool extension_known(const struct lint_view *v, char *words)
{
	char oid[64];

	for (size_t i = 0; i < v->extension_count; i++) {
		const struct extension_view *x = &v->extensions[i];

		if (x->type != EXTENSION_OTHER || oid_prohibited(&x->oid))
			continue;
		der_oid_text(oid, sizeof(oid), &x->oid);
		return lint_say(words, "extension %s is not in the profile", oid);
	}
	return true;
}

/* Whether an extension, if it is there, has this criticality. */
static bool critical_is(const struct lint_view *v, enum lint_extension type, bool critical, char *words)
{
	const struct extension_view *x = extension_find(v, type);

	if (x == NULL || (x->has_critical && x->critical.bytes[0] != 0) == critical)
		return true;
	return lint_say(words, "extension must %sbe critical", critical ? "" : "not ");
}

static bool present(const struct lint_view *v, enum lint_extension type, char *words)
{
	return extension_find(v, type) != NULL ? true : lint_say(words, "extension is missing");
}

/* --- (a) certificatePolicies
 * ---------------------------------------------------------------------------------- */

static bool policies_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_POLICIES, words);
}

static bool policies_not_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_POLICIES, false, words);
}

struct policies_view {
	size_t count, reserved, ours, any, other;
	struct der_value qualifiers; /* of the first that has some */
	bool has_qualifiers;
};

static void policy_count(struct policies_view *p, const struct der_value *oid, enum generation generation)
{
	unsigned char last = generation == GENERATION_STRICT ? 0x03 : 0x02;

	p->count++;
	if (oid->len >= 5 && memcmp(oid->bytes, "\x67\x81\x0c\x01\x05", 5) == 0)
		p->reserved++;
	else if (OID_IS(oid, 0x55, 0x1d, 0x20, 0x00))
		p->any++;
	else
		p->other++;
	if (OID_IS(oid, 0x67, 0x81, 0x0c, 0x01, 0x05, 0x01, last))
		p->ours++;
}

/* CertificatePolicies ::= SEQUENCE OF SEQUENCE { policyIdentifier, policyQualifiers OPTIONAL } */
static bool policies_read(const struct lint_view *v, struct policies_view *out)
{
	struct der_value sequence, one, oid;
	struct der list;

	memset(out, 0, sizeof(*out));
	if (!extension_open(v, EXTENSION_POLICIES, DER_SEQUENCE, &sequence))
		return false;
	list = der_inside(&sequence);
	while (!der_end(&list)) {
		struct der d;

		if (!der_take(&list, DER_SEQUENCE, &one))
			return false;
		d = der_inside(&one);
		if (!der_take(&d, DER_OID, &oid))
			return false;
		policy_count(out, &oid, v->facts->generation);
		if (!der_end(&d) && !out->has_qualifiers)
			out->has_qualifiers = der_take(&d, DER_SEQUENCE, &out->qualifiers);
		if (!der_end(&d))
			return false;
	}
	return out->count > 0;
}

static bool policies_form(const struct lint_view *v, char *words)
{
	struct policies_view p;

	if (extension_find(v, EXTENSION_POLICIES) != NULL && !policies_read(v, &p))
		return lint_say(words, "certificatePolicies is not a list of policies");
	return true;
}

static bool policies_reserved_one(const struct lint_view *v, char *words)
{
	struct policies_view p;

	if (policies_read(v, &p) && p.reserved != 1)
		return lint_say(words, "%zu reserved policies, exactly one allowed", p.reserved);
	return true;
}

static bool policies_generation(const struct lint_view *v, char *words)
{
	struct policies_view p;

	if (policies_read(v, &p) && p.ours != 1)
		return lint_say(words, "policy 2.23.140.1.5.1.%d does not stand there once",
		    v->facts->generation == GENERATION_STRICT ? 3 : 2);
	return true;
}

static bool policies_any(const struct lint_view *v, char *words)
{
	struct policies_view p;

	return policies_read(v, &p) && p.any > 0 ? lint_say(words, "anyPolicy") : true;
}

static bool policies_known(const struct lint_view *v, char *words)
{
	struct policies_view p;

	if (policies_read(v, &p) && p.other > 0)
		return lint_say(words, "a policy that no CPS of ours names");
	return true;
}

/* One qualifier: id-qt-cps with our address as IA5String. */
static bool qualifier_is_cps(const struct der_value *qualifiers, const char *url)
{
	struct der list = der_inside(qualifiers), d;
	struct der_value one, oid, text;

	if (!der_take_last(&list, DER_SEQUENCE, &one))
		return false;
	d = der_inside(&one);
	return der_take(&d, DER_OID, &oid) && OID_IS(&oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02, 0x01) &&
	       der_take_last(&d, DER_IA5_STRING, &text) && value_is_text(&text, url);
}

static bool policies_qualifier(const struct lint_view *v, char *words)
{
	const char *url = v->facts->cps_url;
	struct policies_view p;

	if (!policies_read(v, &p))
		return true;
	if (!p.has_qualifiers)
		return url[0] == '\0' ? true : lint_say(words, "the CPS's address is missing");
	if (url[0] == '\0' || !qualifier_is_cps(&p.qualifiers, url))
		return lint_say(words, "a qualifier that is not the CPS's address");
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return lint_say(words, "the CPS's address is neither http nor https");
	return true;
}

/* --- (b) cRLDistributionPoints
 * -------------------------------------------------------------------------------- */

static bool crldp_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_CRLDP, words);
}

static bool crldp_not_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_CRLDP, false, words);
}

/* SEQUENCE { SEQUENCE { [0] { [0] fullName { [6] URI } } } } and nothing beside it. */
static bool crldp_read(const struct lint_view *v, struct der_value *uri)
{
	struct der_value sequence, point, name, full;
	struct der d;

	if (!extension_open(v, EXTENSION_CRLDP, DER_SEQUENCE, &sequence))
		return false;
	d = der_inside(&sequence);
	if (!der_take_last(&d, DER_SEQUENCE, &point))
		return false;
	d = der_inside(&point);
	if (!der_take_last(&d, 0xa0, &name))
		return false;
	d = der_inside(&name);
	if (!der_take_last(&d, 0xa0, &full))
		return false;
	d = der_inside(&full);
	return der_take_last(&d, 0x86, uri);
}

static bool crldp_form(const struct lint_view *v, char *words)
{
	struct der_value uri;

	if (extension_find(v, EXTENSION_CRLDP) != NULL && !crldp_read(v, &uri))
		return lint_say(words, "not one distribution point with one URI in fullName");
	return true;
}

static bool uri_is_http(const struct der_value *uri)
{
	return uri->len > 7 && memcmp(uri->bytes, "http://", 7) == 0;
}

static bool crldp_http(const struct lint_view *v, char *words)
{
	struct der_value uri;

	if (crldp_read(v, &uri) && !uri_is_http(&uri))
		return lint_say(words, "the CRL's address does not begin with http://");
	return true;
}

static bool crldp_address(const struct lint_view *v, char *words)
{
	struct der_value uri;

	if (crldp_read(v, &uri) && !value_is_text(&uri, v->facts->crl_url))
		return lint_say(words, "the CRL's address is not %s", v->facts->crl_url);
	return true;
}

/* --- (c) authorityInfoAccess
 * ---------------------------------------------------------------------------------- */

static bool aia_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_AIA, words);
}

static bool aia_not_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_AIA, false, words);
}

struct aia_view {
	size_t count, ca_issuers, other, not_uri, not_http;
	struct der_value uri; /* of the first caIssuers */
};

/* AuthorityInfoAccessSyntax ::= SEQUENCE OF SEQUENCE { accessMethod, accessLocation } */
static bool aia_read(const struct lint_view *v, struct aia_view *out)
{
	struct der_value sequence, one, oid, location;
	struct der list;

	memset(out, 0, sizeof(*out));
	if (!extension_open(v, EXTENSION_AIA, DER_SEQUENCE, &sequence))
		return false;
	list = der_inside(&sequence);
	while (!der_end(&list)) {
		struct der d;

		if (!der_take(&list, DER_SEQUENCE, &one))
			return false;
		d = der_inside(&one);
		if (!der_take(&d, DER_OID, &oid) || der_next(&d, &location) != DER_GOOD || !der_end(&d))
			return false;
		out->count++;
		out->not_uri += location.tag != 0x86;
		out->not_http += !uri_is_http(&location);
		if (!OID_IS(&oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02))
			out->other++;
		else if (out->ca_issuers++ == 0)
			out->uri = location;
	}
	return out->count > 0;
}

static bool aia_form(const struct lint_view *v, char *words)
{
	struct aia_view a;

	if (extension_find(v, EXTENSION_AIA) == NULL)
		return true;
	if (!aia_read(v, &a))
		return lint_say(words, "not a list of access descriptions");
	return a.not_uri == 0 ? true : lint_say(words, "an access location that is no URI");
}

static bool aia_http(const struct lint_view *v, char *words)
{
	struct aia_view a;

	if (aia_read(v, &a) && a.not_http > 0)
		return lint_say(words, "an address does not begin with http://");
	return true;
}

/* No OCSP responder is run, so none may be named (MRSP 5.2: no address without a live service). */
static bool aia_methods(const struct lint_view *v, char *words)
{
	struct aia_view a;

	if (aia_read(v, &a) && (a.other > 0 || a.ca_issuers != 1))
		return lint_say(words, "must be caIssuers once and nothing else");
	return true;
}

static bool aia_address(const struct lint_view *v, char *words)
{
	struct aia_view a;

	if (aia_read(v, &a) && a.ca_issuers > 0 && !value_is_text(&a.uri, v->facts->ca_url))
		return lint_say(words, "the issuing CA's address is not %s", v->facts->ca_url);
	return true;
}

/* --- (d) basicConstraints
 * ------------------------------------------------------------------------------------- */

/* It may stand there, but only as an empty SEQUENCE: cA is DEFAULT FALSE, and pathLen is for CAs. */
static bool basic_constraints_not_ca(const struct lint_view *v, char *words)
{
	struct der_value sequence;

	if (extension_find(v, EXTENSION_BASIC_CONSTRAINTS) == NULL)
		return true;
	if (!extension_open(v, EXTENSION_BASIC_CONSTRAINTS, DER_SEQUENCE, &sequence) || sequence.len != 0)
		return lint_say(words, "basicConstraints is not an empty SEQUENCE");
	return true;
}

/* --- (e) keyUsage
 * --------------------------------------------------------------------------------------------- */

#define SIGN    (1U << 0)
#define NONREP  (1U << 1)
#define KEYENC  (1U << 2)
#define DATAENC (1U << 3)
#define AGREE   (1U << 4)
#define ENCONLY (1U << 7)
#define DECONLY (1U << 8)

static bool key_usage_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_KEY_USAGE, words);
}

static bool key_usage_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_KEY_USAGE, true, words);
}

static bool key_usage_read(const struct lint_view *v, struct der_value *bits, unsigned *out)
{
	*out = 0;
	if (!extension_open(v, EXTENSION_KEY_USAGE, DER_BIT_STRING, bits) || bits->len > 3)
		return false;
	for (unsigned i = 0; i < (bits->len - 1) * 8; i++)
		*out |= ((unsigned)bits->bytes[1 + i / 8] >> (7 - i % 8) & 1U) << i;
	return true;
}

/* A named bit list ends with its last 1 (X.690 11.2.2), and one bit at least is set (RFC 5280 4.2.1.3). */
static bool key_usage_encoding(const struct lint_view *v, char *words)
{
	struct der_value bits;
	unsigned usage;

	if (extension_find(v, EXTENSION_KEY_USAGE) == NULL)
		return true;
	if (!key_usage_read(v, &bits, &usage) || usage == 0)
		return lint_say(words, "keyUsage is not a BIT STRING with a bit set");
	if ((bits.bytes[bits.len - 1] >> bits.bytes[0] & 1) == 0)
		return lint_say(words, "keyUsage has zero bits at its end");
	return true;
}

static unsigned usage_allowed(const struct lint_view *v)
{
	switch (v->kind) {
	case KIND_RSA:
		return SIGN | NONREP | KEYENC | (v->facts->generation == GENERATION_STRICT ? 0 : DATAENC);
	case KIND_P256:
	case KIND_P384:
	case KIND_P521:
		return SIGN | NONREP | AGREE | ENCONLY | DECONLY;
	case KIND_ED25519:
		return SIGN | NONREP;
	default:
		return 0;
	}
}

static bool key_usage_allowed(const struct lint_view *v, char *words)
{
	struct der_value bits;
	unsigned usage, only;

	if (!key_usage_read(v, &bits, &usage))
		return true;
	only = usage & (ENCONLY | DECONLY);
	if ((usage & ~usage_allowed(v)) != 0)
		return lint_say(
		    words, "keyUsage bits 0x%x are not for this kind of key", usage & ~usage_allowed(v));
	if (only != 0 && ((usage & AGREE) == 0 || only == (ENCONLY | DECONLY)))
		return lint_say(words, "encipherOnly or decipherOnly without keyAgreement, or both");
	return true;
}

/* Of what the table allows, our products use the bits of their purpose and no more. */
static bool key_usage_purpose(const struct lint_view *v, char *words)
{
	unsigned cipher = v->kind == KIND_RSA ? KEYENC : AGREE, want = 0, usage;
	struct der_value bits;

	if (!key_usage_read(v, &bits, &usage))
		return true;
	if (v->facts->purpose != PURPOSE_KEY_MANAGEMENT)
		want |= SIGN;
	if (v->facts->purpose != PURPOSE_SIGNING)
		want |= cipher;
	return usage == want ? true
			     : lint_say(words, "keyUsage is 0x%x, the purpose asks for 0x%x", usage, want);
}

/* --- (f) extKeyUsage
 * ------------------------------------------------------------------------------------------ */

static bool ext_key_usage_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_EXT_KEY_USAGE, words);
}

static bool ext_key_usage_not_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_EXT_KEY_USAGE, false, words);
}

struct purposes_view {
	size_t count, email, client, prohibited;
};

static bool purpose_prohibited(const struct der_value *oid)
{
	return OID_IS(oid, 0x55, 0x1d, 0x25, 0x00) ||                         /* anyExtendedKeyUsage */
	       OID_IS(oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01) || /* serverAuth */
	       OID_IS(oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03) || /* codeSigning */
	       OID_IS(oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08);   /* timeStamping */
}

static bool purposes_read(const struct lint_view *v, struct purposes_view *out)
{
	struct der_value sequence, oid;
	struct der list;

	memset(out, 0, sizeof(*out));
	if (!extension_open(v, EXTENSION_EXT_KEY_USAGE, DER_SEQUENCE, &sequence))
		return false;
	list = der_inside(&sequence);
	while (!der_end(&list)) {
		if (!der_take(&list, DER_OID, &oid))
			return false;
		out->count++;
		out->prohibited += purpose_prohibited(&oid);
		out->client += OID_IS(&oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02);
		out->email += OID_IS(&oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04);
	}
	return out->count > 0;
}

static bool ext_key_usage_form(const struct lint_view *v, char *words)
{
	struct purposes_view p;

	if (extension_find(v, EXTENSION_EXT_KEY_USAGE) != NULL && !purposes_read(v, &p))
		return lint_say(words, "extKeyUsage is not a list of purposes");
	return true;
}

static bool ext_key_usage_email(const struct lint_view *v, char *words)
{
	struct purposes_view p;

	if (purposes_read(v, &p) && p.email != 1)
		return lint_say(words, "emailProtection stands there %zu times", p.email);
	return true;
}

static bool ext_key_usage_prohibited(const struct lint_view *v, char *words)
{
	struct purposes_view p;

	if (purposes_read(v, &p) && p.prohibited > 0)
		return lint_say(words, "serverAuth, codeSigning, timeStamping or anyExtendedKeyUsage");
	return true;
}

/* Strict: mail only. Multipurpose of ours: clientAuth beside it (SBR 1.0.16 and Apple will allow no other).
 */
static bool ext_key_usage_generation(const struct lint_view *v, char *words)
{
	struct purposes_view p;

	if (!purposes_read(v, &p))
		return true;
	if (v->facts->generation == GENERATION_STRICT && p.count != p.email)
		return lint_say(words, "Strict, but more than emailProtection");
	if (v->facts->generation == GENERATION_MULTIPURPOSE &&
	    (p.client != 1 || p.count != p.email + p.client))
		return lint_say(words, "Multipurpose, but not emailProtection and clientAuth");
	return true;
}

/* --- (g) authorityKeyIdentifier, (n) subjectKeyIdentifier
 * ----------------------------------------------------- */

static bool aki_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_AKI, words);
}

static bool aki_not_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_AKI, false, words);
}

static bool aki_read(const struct lint_view *v, struct der_value *key_id)
{
	struct der_value sequence;
	struct der d;

	if (!extension_open(v, EXTENSION_AKI, DER_SEQUENCE, &sequence))
		return false;
	d = der_inside(&sequence);
	return der_take_last(&d, 0x80, key_id);
}

static bool aki_key_id_only(const struct lint_view *v, char *words)
{
	struct der_value key_id;

	if (extension_find(v, EXTENSION_AKI) != NULL && !aki_read(v, &key_id))
		return lint_say(words, "not keyIdentifier alone");
	return true;
}

static bool aki_issuer(const struct lint_view *v, char *words)
{
	struct der_value key_id;

	if (aki_read(v, &key_id) &&
	    !der_is(&key_id, v->issuer_facts.key_id.bytes, v->issuer_facts.key_id.len))
		return lint_say(words, "not the issuing CA's subjectKeyIdentifier");
	return true;
}

static bool ski_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_SKI, words);
}

static bool ski_not_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_SKI, false, words);
}

static bool ski_of_key(const struct lint_view *v, char *words)
{
	unsigned char digest[SHA_DIGEST_LENGTH];
	struct der_value key_id;

	if (extension_find(v, EXTENSION_SKI) == NULL)
		return true;
	(void)SHA1(v->spki_key.bytes + 1, v->spki_key.len - 1, digest);
	if (!extension_open(v, EXTENSION_SKI, DER_OCTET_STRING, &key_id) ||
	    !der_is(&key_id, digest, sizeof(digest)))
		return lint_say(words, "not the SHA-1 of the public key");
	return true;
}

/* --- (h) subjectAltName
 * --------------------------------------------------------------------------------------- */

static bool san_present(const struct lint_view *v, char *words)
{
	return present(v, EXTENSION_SAN, words);
}

static bool san_critical(const struct lint_view *v, char *words)
{
	return critical_is(v, EXTENSION_SAN, v->subject.len == 0, words);
}

struct san_view {
	size_t count, mailboxes;
	struct der_value mailbox; /* the first */
};

static bool san_read(const struct lint_view *v, struct san_view *out)
{
	struct der_value sequence, name;
	struct der list;

	memset(out, 0, sizeof(*out));
	if (!extension_open(v, EXTENSION_SAN, DER_SEQUENCE, &sequence))
		return false;
	list = der_inside(&sequence);
	while (!der_end(&list)) {
		if (der_next(&list, &name) != DER_GOOD || (name.tag & 0xc0) != 0x80)
			return false;
		out->count++;
		if (name.tag == 0x81 && out->mailboxes++ == 0)
			out->mailbox = name;
	}
	return out->count > 0;
}

static bool san_form(const struct lint_view *v, char *words)
{
	struct san_view s;

	if (extension_find(v, EXTENSION_SAN) != NULL && !san_read(v, &s))
		return lint_say(words, "subjectAltName is not a list of names");
	return true;
}

static bool san_types(const struct lint_view *v, char *words)
{
	struct san_view s;

	if (san_read(v, &s) && s.count != s.mailboxes)
		return lint_say(words, "a name that is no rfc822Name");
	return true;
}

static bool san_one_mailbox(const struct lint_view *v, char *words)
{
	struct san_view s;

	if (san_read(v, &s) && s.mailboxes != 1)
		return lint_say(words, "%zu mailboxes, one was verified", s.mailboxes);
	return true;
}

static bool san_mailbox_verified(const struct lint_view *v, char *words)
{
	struct san_view s;

	if (san_read(v, &s) && s.mailboxes > 0 && !value_is_text(&s.mailbox, v->facts->address))
		return lint_say(words, "not the verified mailbox, octet for octet");
	return true;
}

/* Dot-string of RFC 5321 4.1.2: atoms of RFC 5322 3.2.3 between dots. */
static bool local_part_good(const unsigned char *p, size_t len)
{
	if (len == 0 || len > 64 || p[0] == '.' || p[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '.' && p[i - 1] == '.')
			return false;
		if (p[i] == '\0' || p[i] > 0x7e ||
		    (!isalnum(p[i]) && strchr("!#$%&'*+-/=?^_`{|}~.", p[i]) == NULL))
			return false;
	}
	return true;
}

static bool label_good(const unsigned char *p, size_t len)
{
	if (len == 0 || len > 63 || p[0] == '-' || p[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '-'))
			return false;
	return true;
}

/* Lower-case LDH labels, two at least; no top-level domain begins with a digit, so the last does not. */
static bool domain_good(const unsigned char *p, size_t len)
{
	size_t start = 0, labels = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && p[i] != '.')
			continue;
		if (!label_good(p + start, i - start))
			return false;
		labels++;
		if (i == len && labels >= 2)
			return p[start] >= 'a';
		start = i + 1;
	}
	return false;
}

static bool san_mailbox_syntax(const struct lint_view *v, char *words)
{
	const unsigned char *at;
	struct san_view s;
	size_t local;

	if (!san_read(v, &s) || s.mailboxes == 0)
		return true;
	at = memchr(s.mailbox.bytes, '@', s.mailbox.len);
	if (at == NULL || s.mailbox.len > 254)
		return lint_say(words, "not a Mailbox of at most 254 octets");
	local = (size_t)(at - s.mailbox.bytes);
	if (!local_part_good(s.mailbox.bytes, local))
		return lint_say(words, "local part is not a Dot-string of at most 64 octets");
	if (!domain_good(at + 1, s.mailbox.len - local - 1))
		return lint_say(words, "domain is not of lower-case A-labels, two at least");
	return true;
}

const struct lint_check lint_extension_checks[] = {
    {"extensions_present", "SBR 7.1.2.3", extensions_present},
    {"extension_no_duplicates", "RFC 5280 4.2", extension_no_duplicates},
    {"extension_default_omitted", "X.690 11.5", extension_default_omitted},
    {"extension_prohibited", "SBR 7.1.2.3(j), (l), (m)", extension_prohibited},
    {"extension_known", "SBR 7.1.2.4", extension_known},
    {"policies_present", "SBR 7.1.2.3(a)", policies_present},
    {"policies_not_critical", "SBR 7.1.2.3(a)", policies_not_critical},
    {"policies_form", "RFC 5280 4.2.1.4", policies_form},
    {"policies_reserved_one", "SBR 7.1.6.1", policies_reserved_one},
    {"policies_generation", "SBR 7.1.6.1", policies_generation},
    {"policies_any", "SBR 7.1.2.3(a)", policies_any},
    {"policies_known", "SBR 7.1.2.3(a)", policies_known},
    {"policies_qualifier", "SBR 7.1.2.3(a)", policies_qualifier},
    {"crldp_present", "SBR 7.1.2.3(b)", crldp_present},
    {"crldp_not_critical", "SBR 7.1.2.3(b)", crldp_not_critical},
    {"crldp_form", "SBR 7.1.2.3(b); RFC 5280 4.2.1.13", crldp_form},
    {"crldp_http", "SBR 7.1.2.3(b)", crldp_http},
    {"crldp_address", "SBR 7.1.2.3(b)", crldp_address},
    {"aia_present", "SBR 7.1.2.3(c)", aia_present},
    {"aia_not_critical", "SBR 7.1.2.3(c)", aia_not_critical},
    {"aia_form", "SBR 7.1.2.3(c); RFC 5280 4.2.2.1", aia_form},
    {"aia_http", "SBR 7.1.2.3(c)", aia_http},
    {"aia_methods", "SBR 7.1.2.3(c); MRSP 5.2", aia_methods},
    {"aia_address", "SBR 7.1.2.3(c)", aia_address},
    {"basic_constraints_not_ca", "SBR 7.1.2.3(d)", basic_constraints_not_ca},
    {"key_usage_present", "SBR 7.1.2.3(e)", key_usage_present},
    {"key_usage_critical", "SBR 7.1.2.3(e)", key_usage_critical},
    {"key_usage_encoding", "X.690 11.2.2; RFC 5280 4.2.1.3", key_usage_encoding},
    {"key_usage_allowed", "SBR 7.1.2.3(e)", key_usage_allowed},
    {"key_usage_purpose", "SBR 7.1.2.3(e)", key_usage_purpose},
    {"ext_key_usage_present", "SBR 7.1.2.3(f)", ext_key_usage_present},
    {"ext_key_usage_not_critical", "our rule", ext_key_usage_not_critical},
    {"ext_key_usage_form", "RFC 5280 4.2.1.12", ext_key_usage_form},
    {"ext_key_usage_email", "SBR 7.1.2.3(f)", ext_key_usage_email},
    {"ext_key_usage_prohibited", "SBR 7.1.2.3(f)", ext_key_usage_prohibited},
    {"ext_key_usage_generation", "SBR 7.1.2.3(f)", ext_key_usage_generation},
    {"aki_present", "SBR 7.1.2.3(g)", aki_present},
    {"aki_not_critical", "SBR 7.1.2.3(g)", aki_not_critical},
    {"aki_key_id_only", "SBR 7.1.2.3(g)", aki_key_id_only},
    {"aki_issuer", "RFC 5280 4.2.1.1", aki_issuer},
    {"san_present", "SBR 7.1.2.3(h)", san_present},
    {"san_critical", "SBR 7.1.2.3(h); RFC 5280 4.2.1.6", san_critical},
    {"san_form", "RFC 5280 4.2.1.6", san_form},
    {"san_types", "SBR 7.1.4.2.1", san_types},
    {"san_one_mailbox", "SBR 7.1.4.2.1", san_one_mailbox},
    {"san_mailbox_verified", "SBR 7.1.4.2.1; RFC 9598 5", san_mailbox_verified},
    {"san_mailbox_syntax", "SBR 1.6.1; RFC 5321 4.1.2", san_mailbox_syntax},
    {"ski_present", "SBR 7.1.2.3(n)", ski_present},
    {"ski_not_critical", "SBR 7.1.2.3(n)", ski_not_critical},
    {"ski_of_key", "RFC 5280 4.2.1.2", ski_of_key},
    {NULL, NULL, NULL},
};
