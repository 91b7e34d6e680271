/* certificate.c - build subscriber certificates; see certificate.h. */
#include "lib/pki/certificate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/pki/extension.h"
#include "lib/pki/issuer.h"
#include "lib/pki/openssl.h"
#include "lib/pki/product.h"
#include "lib/pki/spki.h"

int certificate_serial(unsigned char serial[SERIAL_LEN], struct err *e)
{
	do {
		if (RAND_bytes(serial, SERIAL_LEN) != 1)
			return openssl_error(e, FAULT_busy, "random bytes for a serial number");
		serial[0] &= 0x7f;
	} while (serial[0] == 0);
	return 0;
}

/* SBR 7.1.2.3(e): keyUsage by the kind of key (KEY_…) and what it is for; 0 where there is no such
 * certificate. */
static unsigned usage_for(unsigned type, enum purpose purpose)
{
	static const struct {
		unsigned types;
		unsigned bits[3];
	} rows[] = {
	    {KEY_RSA, {[PURPOSE_SIGNING] = USAGE_DIGITAL_SIGNATURE,
			  [PURPOSE_KEY_MANAGEMENT] = USAGE_KEY_ENCIPHERMENT,
			  [PURPOSE_DUAL] = USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT}},
	    {KEY_EC, {[PURPOSE_SIGNING] = USAGE_DIGITAL_SIGNATURE,
			 [PURPOSE_KEY_MANAGEMENT] = USAGE_KEY_AGREEMENT,
			 [PURPOSE_DUAL] = USAGE_DIGITAL_SIGNATURE | USAGE_KEY_AGREEMENT}},
	    {KEY_ED25519, {[PURPOSE_SIGNING] = USAGE_DIGITAL_SIGNATURE}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((rows[i].types & type) != 0)
			return rows[i].bits[purpose];
	return 0;
}

static bool field_wanted(const struct subscriber *s, enum subject_field field)
{
	enum field_rule rule = s->product->fields[field];

	return rule == FIELD_MANDATORY || (rule == FIELD_OPTIONAL && (s->fields & 1U << field) != 0);
}

/* '@' is no PrintableString, so commonName is UTF8String; emailAddress is IA5String by its definition. */
static int subject_add(X509 *x, const struct subscriber *s, struct err *e)
{
	X509_NAME *name = X509_get_subject_name(x);
	const unsigned char *address = (const unsigned char *)s->address;
	size_t len = strlen(s->address);

	if (field_wanted(s, FIELD_COMMON_NAME) && len <= COMMON_NAME_MAX &&
	    X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, address, (int)len, -1, 0) !=
		1)
		return openssl_error(e, FAULT_internal, "subject commonName");
	if (field_wanted(s, FIELD_EMAIL_ADDRESS) && len <= EMAIL_ADDRESS_MAX &&
	    X509_NAME_add_entry_by_NID(
		name, NID_pkcs9_emailAddress, V_ASN1_IA5STRING, address, (int)len, -1, 0) != 1)
		return openssl_error(e, FAULT_internal, "subject emailAddress");
	return 0;
}

/* Both ends count (SBR 6.3.2), and nobody can trust a certificate outside its issuer's time. */
static int validity_set(X509 *x, const struct subscriber *s, const struct issuer *issuer, struct err *e)
{
	time_t not_after = s->not_before + s->product->validity - 1;

	if (s->not_before < issuer->not_before || not_after > issuer->not_after)
		return err_set(e, FAULT_internal,
		    "validity of the certificate is not inside that of issuer %s", issuer->name);
	if (ASN1_TIME_set(X509_getm_notBefore(x), s->not_before) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(x), not_after) == NULL)
		return openssl_error(e, FAULT_internal, "validity");
	return 0;
}

static int serial_set(X509 *x, const struct subscriber *s, struct err *e)
{
	ASN1_INTEGER *serial = X509_get_serialNumber(x);

	if (s->serial[0] == 0 || s->serial[0] > 0x7f)
		return err_set(e, FAULT_internal, "serial number not of the proper form");
	if (ASN1_STRING_set(serial, s->serial, SERIAL_LEN) != 1)
		return openssl_error(e, FAULT_busy, "serial number");
	return 0;
}

/* Copy the key into the certificate, as it came. X509_set_pubkey() would have it decoded by OpenSSL, which
 * takes longer than a signature. */
static int public_key_set(X509 *x, const struct spki *key, struct err *e)
{
	const unsigned char *p = key->algorithm.whole;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &p, (long)key->algorithm.whole_len);
	size_t len = key->key.len - 1; /* behind the octet of unused bits */
	unsigned char *bits = OPENSSL_memdup(key->key.bytes + 1, len);
	ASN1_OBJECT *curve = NULL;
	const ASN1_OBJECT *kind;
	const void *value;
	int type, rc = -1;

	if (algorithm == NULL || bits == NULL)
		goto out;
	X509_ALGOR_get0(&kind, &type, &value, algorithm);
	if (type == V_ASN1_OBJECT) /* the only parameters with a content that our keys have: a named curve */
		curve = OBJ_dup(value);
	if ((curve == NULL) == (type == V_ASN1_OBJECT) ||
	    X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x), OBJ_dup(kind), type, curve, bits, (int)len) != 1)
		goto out;
	bits = NULL;
	curve = NULL;
	rc = 0;
out:
	OPENSSL_free(bits);
	ASN1_OBJECT_free(curve);
	X509_ALGOR_free(algorithm);
	return rc == 0 ? 0 : openssl_error(e, FAULT_internal, "public key");
}

static int key_usage_add(X509 *x, const struct subscriber *s, const struct spki *key, struct err *e)
{
	unsigned bits = usage_for(key->type, s->product->purpose);

	if (bits == 0)
		return err_set_arg(e, FAULT_csr_key_type_unsupported, key_word(key->type),
		    "product %s: no keyUsage for this kind of key", s->product->id);
	return extension_key_usage(x, bits, e);
}

/* Strict is for mail alone; Multipurpose may also sign its holder in (SBR 7.1.2.3(f)). */
static const int strict_purposes[] = {NID_email_protect, NID_undef};
static const int multipurpose_purposes[] = {NID_email_protect, NID_client_auth, NID_undef};

/* The rows of SBR 7.1.2.3, in the order they stand in our certificates. */
static int extensions_add(
    X509 *x, const struct subscriber *s, const struct spki *key, const struct issuer *issuer, struct err *e)
{
	bool strict = s->product->generation == GENERATION_STRICT;
	const char *policies[] = {strict ? POLICY_MAILBOX_STRICT : POLICY_MAILBOX_MULTIPURPOSE, NULL};
	bool subject_empty = X509_NAME_entry_count(X509_get_subject_name(x)) == 0;

	if (extension_authority_key_id(x, issuer->key_id, e) == -1 || extension_subject_key_id(x, e) == -1 ||
	    key_usage_add(x, s, key, e) == -1 ||
	    extension_ext_key_usage(x, strict ? strict_purposes : multipurpose_purposes, e) == -1 ||
	    extension_policies(x, policies, issuer->cps_url, e) == -1 ||
	    extension_mailbox(x, s->address, subject_empty, e) == -1 ||
	    extension_crl_url(x, issuer->crl_url, e) == -1 ||
	    extension_ca_issuers(x, issuer->ca_url, e) == -1)
		return -1;
	return 0;
}

int certificate_tbs(unsigned char **out, size_t *out_len, const struct subscriber *s,
    const struct issuer *issuer, struct err *e)
{
	X509 *x = X509_new();
	struct spki key;
	int rc = -1;

	if (!spki_read(&key, s->spki, s->spki_len)) {
		(void)err_set(e, FAULT_internal, "public key is not in its only form");
		goto out;
	}
	if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    X509_set_issuer_name(x, X509_get_subject_name(issuer->certificate)) != 1) {
		(void)openssl_error(e, FAULT_busy, "new certificate");
		goto out;
	}
	if (serial_set(x, s, e) == -1 || validity_set(x, s, issuer, e) == -1 || subject_add(x, s, e) == -1 ||
	    public_key_set(x, &key, e) == -1 || extensions_add(x, s, &key, issuer, e) == -1)
		goto out;
	rc = tbs_encode(x, issuer->algorithm->der, issuer->algorithm->der_len, out, out_len, e);
out:
	X509_free(x);
	return rc;
}

int certificate_assemble(unsigned char **out, size_t *out_len, const unsigned char *tbs, size_t tbs_len,
    const struct issuer *issuer, const unsigned char *signature, size_t signature_len, struct err *e)
{
	const struct signature_algorithm *a = issuer->algorithm;
	int bits = ASN1_object_size(0, (int)signature_len + 1, V_ASN1_BIT_STRING);
	int content = (int)(tbs_len + a->der_len) + bits;
	int whole = ASN1_object_size(1, content, V_ASN1_SEQUENCE);
	unsigned char *der, *p;

	if (bits < 0 || whole < 0 || (der = malloc((size_t)whole)) == NULL)
		return err_set(e, FAULT_busy, "assemble certificate: out of memory");
	p = der;
	ASN1_put_object(&p, 1, content, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(p, tbs, tbs_len);
	p += tbs_len;
	memcpy(p, a->der, a->der_len);
	p += a->der_len;
	ASN1_put_object(&p, 0, (int)signature_len + 1, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
	*p++ = 0; /* no unused bits */
	memcpy(p, signature, signature_len);
	*out = der;
	*out_len = (size_t)whole;
	return 0;
}
