/* certificate.c - build and read subscriber certificates; see certificate.h. */
#include "lib/pki/certificate.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/extension.h"
#include "lib/pki/issuer.h"
#include "lib/pki/openssl.h"
#include "lib/pki/product.h"

int certificate_serial(unsigned char serial[SERIAL_LEN], struct err *e)
{
	do {
		if (RAND_bytes(serial, SERIAL_LEN) != 1)
			return openssl_error(e, FAULT_busy, "random bytes for a serial number");
		serial[0] &= 0x7f;
	} while (serial[0] == 0);
	return 0;
}

/* SBR 7.1.2.3(e): keyUsage by the kind of key and what it is for; 0 where there is no such certificate. */
static unsigned usage_for(const EVP_PKEY *key, enum purpose purpose)
{
	static const struct {
		const char *type;
		unsigned bits[3];
	} rows[] = {
	    {"RSA", {[PURPOSE_SIGNING] = USAGE_DIGITAL_SIGNATURE,
			[PURPOSE_KEY_MANAGEMENT] = USAGE_KEY_ENCIPHERMENT,
			[PURPOSE_DUAL] = USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT}},
	    {"EC", {[PURPOSE_SIGNING] = USAGE_DIGITAL_SIGNATURE,
		       [PURPOSE_KEY_MANAGEMENT] = USAGE_KEY_AGREEMENT,
		       [PURPOSE_DUAL] = USAGE_DIGITAL_SIGNATURE | USAGE_KEY_AGREEMENT}},
	    {"ED25519", {[PURPOSE_SIGNING] = USAGE_DIGITAL_SIGNATURE}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (EVP_PKEY_is_a(key, rows[i].type))
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

/* Copy a SubjectPublicKeyInfo into the certificate. X509_set_pubkey() would decode the key once more, which
 * takes as long as a signature. */
static int public_key_copy(X509 *x, const X509_PUBKEY *from)
{
	const unsigned char *bits;
	const ASN1_OBJECT *curve;
	ASN1_OBJECT *kind, *parameters = NULL;
	X509_ALGOR *algorithm;
	unsigned char *copy;
	int len, type;

	if (X509_PUBKEY_get0_param(&kind, &bits, &len, &algorithm, from) != 1)
		return 0;
	X509_ALGOR_get0(NULL, &type, (const void **)&curve, algorithm);
	copy = OPENSSL_memdup(bits, (size_t)len);
	if (type == V_ASN1_OBJECT) /* the only parameters with a content that our keys have: a named curve */
		parameters = OBJ_dup(curve);
	if (copy != NULL && (parameters != NULL || type == V_ASN1_NULL || type == V_ASN1_UNDEF) &&
	    X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x), OBJ_dup(kind), type, parameters, copy, len) == 1)
		return 1;
	OPENSSL_free(copy);
	ASN1_OBJECT_free(parameters);
	return 0;
}

/* The key goes in as it came: if OpenSSL would write it in another way, something is wrong with it. Gives
 * *out to the caller: what decoding found. */
static int public_key_set(X509 *x, const struct subscriber *s, X509_PUBKEY **out, struct err *e)
{
	const unsigned char *p = s->spki;
	X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &p, (long)s->spki_len);
	unsigned char *der = NULL;
	int len, rc = -1;

	*out = key;
	if (key == NULL || p != s->spki + s->spki_len || X509_PUBKEY_get0(key) == NULL)
		return openssl_error(e, FAULT_internal, "public key");
	len = i2d_PUBKEY(X509_PUBKEY_get0(key), &der);
	if (len < 0 || (size_t)len != s->spki_len || memcmp(der, s->spki, s->spki_len) != 0)
		(void)err_set(e, FAULT_internal, "public key is not in its only form");
	else if (public_key_copy(x, key) != 1)
		(void)openssl_error(e, FAULT_internal, "public key");
	else
		rc = 0;
	OPENSSL_free(der);
	return rc;
}

static int key_usage_add(X509 *x, const struct subscriber *s, const EVP_PKEY *key, struct err *e)
{
	unsigned bits = usage_for(key, s->product->purpose);

	if (bits == 0)
		return err_set_arg(e, FAULT_csr_key_type_unsupported, EVP_PKEY_get0_type_name(key),
		    "product %s: no keyUsage for this kind of key", s->product->id);
	return extension_key_usage(x, bits, e);
}

/* Strict is for mail alone; Multipurpose may also sign its holder in (SBR 7.1.2.3(f)). */
static const int strict_purposes[] = {NID_email_protect, NID_undef};
static const int multipurpose_purposes[] = {NID_email_protect, NID_client_auth, NID_undef};

/* The rows of SBR 7.1.2.3, in the order they stand in our certificates. */
static int extensions_add(
    X509 *x, const struct subscriber *s, const EVP_PKEY *key, const struct issuer *issuer, struct err *e)
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
	X509_PUBKEY *key = NULL;
	int rc = -1;

	if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    X509_set_issuer_name(x, X509_get_subject_name(issuer->certificate)) != 1) {
		(void)openssl_error(e, FAULT_busy, "new certificate");
		goto out;
	}
	if (serial_set(x, s, e) == -1 || validity_set(x, s, issuer, e) == -1 || subject_add(x, s, e) == -1 ||
	    public_key_set(x, s, &key, e) == -1 ||
	    extensions_add(x, s, X509_PUBKEY_get0(key), issuer, e) == -1)
		goto out;
	rc = tbs_encode(x, issuer->algorithm->der, issuer->algorithm->der_len, out, out_len, e);
out:
	X509_PUBKEY_free(key);
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

static int name_print(char *out, size_t room, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (bio == NULL ||
	    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0) {
		BIO_free(bio);
		return -1;
	}
	len = BIO_get_mem_data(bio, &text);
	(void)snprintf(out, room, "%.*s", (int)len, text);
	BIO_free(bio);
	return 0;
}

static void key_print(char *out, size_t room, const EVP_PKEY *key)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(key, "RSA")) {
		(void)snprintf(out, room, "RSA-%d", EVP_PKEY_get_bits(key));
	} else if (EVP_PKEY_is_a(key, "EC") &&
		   EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1) {
		const char *nist = EC_curve_nid2nist(OBJ_sn2nid(group));

		(void)snprintf(out, room, "%s", nist == NULL ? group : nist);
	} else if (EVP_PKEY_is_a(key, "ED25519")) {
		(void)snprintf(out, room, "Ed25519");
	} else {
		(void)snprintf(out, room, "%s", EVP_PKEY_get0_type_name(key));
	}
}

/* The mailbox of subjectAltName; a NUL inside would make it another's, so then there is none. */
static void email_find(char *out, size_t room, const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	out[0] = '\0';
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const char *text;
		size_t len;

		if (name->type != GEN_EMAIL)
			continue;
		text = (const char *)ASN1_STRING_get0_data(name->d.rfc822Name);
		len = (size_t)ASN1_STRING_length(name->d.rfc822Name);
		if (len < room && memchr(text, '\0', len) == NULL)
			(void)snprintf(out, room, "%.*s", (int)len, text);
		break;
	}
	GENERAL_NAMES_free(names);
}

static int spki_digest(unsigned char out[32], const X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	int ok = len > 0 && EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)len, out, NULL) == 1;

	OPENSSL_free(der);
	return ok ? 0 : -1;
}

int certificate_describe(struct certificate_facts *out, const unsigned char *der, size_t len, struct err *e)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	const ASN1_INTEGER *serial;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (x == NULL || p != der + len || X509_get0_pubkey(x) == NULL) {
		(void)openssl_error(e, FAULT_internal, "not one certificate");
		goto out;
	}
	serial = X509_get0_serialNumber(x);
	if (ASN1_STRING_length(serial) > 20 || openssl_time(&out->not_before, X509_get0_notBefore(x)) == -1 ||
	    openssl_time(&out->not_after, X509_get0_notAfter(x)) == -1 ||
	    name_print(out->subject, sizeof(out->subject), X509_get_subject_name(x)) == -1 ||
	    name_print(out->issuer, sizeof(out->issuer), X509_get_issuer_name(x)) == -1 ||
	    EVP_Q_digest(NULL, "SHA256", NULL, der, len, out->sha256, NULL) != 1 ||
	    EVP_Q_digest(NULL, "SHA1", NULL, der, len, out->sha1, NULL) != 1 ||
	    spki_digest(out->spki_sha256, x) == -1) {
		(void)openssl_error(e, FAULT_internal, "certificate not readable");
		goto out;
	}
	hex_encode(out->serial, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	key_print(out->key, sizeof(out->key), X509_get0_pubkey(x));
	email_find(out->email, sizeof(out->email), x);
	rc = 0;
out:
	X509_free(x);
	return rc;
}
