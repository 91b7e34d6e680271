/* extension.c - the extensions of our certificates; see extension.h. */
#include "lib/pki/extension.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/err.h"
#include "lib/pki/openssl.h"

/* Encode a value and append it; value NULL means that building it failed. */
static int extension_add(X509 *x, int nid, void *value, bool critical, struct err *e)
{
	if (value == NULL || X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_APPEND) != 1)
		return openssl_error(e, FAULT_internal, "extension %s", OBJ_nid2sn(nid));
	return 0;
}

int extension_basic_constraints(X509 *x, long path_len, struct err *e)
{
	BASIC_CONSTRAINTS *value = BASIC_CONSTRAINTS_new();
	int rc = -1;

	if (value == NULL)
		goto out;
	value->ca = 0xff;
	if (path_len >= 0 && ((value->pathlen = ASN1_INTEGER_new()) == NULL ||
				 ASN1_INTEGER_set(value->pathlen, path_len) != 1))
		goto out;
	rc = extension_add(x, NID_basic_constraints, value, true, e);
	BASIC_CONSTRAINTS_free(value);
	return rc;
out:
	BASIC_CONSTRAINTS_free(value);
	return openssl_error(e, FAULT_busy, "extension basicConstraints");
}

int extension_key_usage(X509 *x, unsigned bits, struct err *e)
{
	ASN1_BIT_STRING *value = ASN1_BIT_STRING_new();
	int rc;

	for (int bit = 0; value != NULL && bit < 9; bit++) {
		if ((bits & 1U << bit) == 0 || ASN1_BIT_STRING_set_bit(value, bit, 1) == 1)
			continue;
		ASN1_BIT_STRING_free(value);
		value = NULL;
	}
	rc = extension_add(x, NID_key_usage, value, true, e);
	ASN1_BIT_STRING_free(value);
	return rc;
}

int extension_ext_key_usage(X509 *x, const int *nids, struct err *e)
{
	EXTENDED_KEY_USAGE *value = sk_ASN1_OBJECT_new_null();
	int rc;

	for (; value != NULL && *nids != NID_undef; nids++) {
		if (sk_ASN1_OBJECT_push(value, OBJ_nid2obj(*nids)) > 0)
			continue;
		EXTENDED_KEY_USAGE_free(value);
		value = NULL;
	}
	rc = extension_add(x, NID_ext_key_usage, value, false, e);
	EXTENDED_KEY_USAGE_free(value);
	return rc;
}

static ASN1_IA5STRING *ia5_make(const char *text)
{
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	if (s == NULL || ASN1_STRING_set(s, text, -1) == 1)
		return s;
	ASN1_IA5STRING_free(s);
	return NULL;
}

static int policy_add_cps(POLICYINFO *policy, const char *url)
{
	POLICYQUALINFO *qualifier = POLICYQUALINFO_new();

	if (qualifier == NULL)
		return -1;
	qualifier->pqualid = OBJ_nid2obj(NID_id_qt_cps);
	qualifier->d.cpsuri = ia5_make(url);
	policy->qualifiers = sk_POLICYQUALINFO_new_null();
	if (qualifier->d.cpsuri == NULL || policy->qualifiers == NULL ||
	    sk_POLICYQUALINFO_push(policy->qualifiers, qualifier) <= 0) {
		POLICYQUALINFO_free(qualifier);
		return -1;
	}
	return 0;
}

static int policy_add(CERTIFICATEPOLICIES *value, const char *oid, const char *cps_url)
{
	POLICYINFO *policy = POLICYINFO_new();

	if (policy == NULL)
		return -1;
	policy->policyid = OBJ_txt2obj(oid, 1);
	if (policy->policyid == NULL || (cps_url[0] != '\0' && policy_add_cps(policy, cps_url) == -1) ||
	    sk_POLICYINFO_push(value, policy) <= 0) {
		POLICYINFO_free(policy);
		return -1;
	}
	return 0;
}

int extension_policies(X509 *x, const char *const *oids, const char *cps_url, struct err *e)
{
	CERTIFICATEPOLICIES *value = sk_POLICYINFO_new_null();
	int rc;

	for (size_t i = 0; value != NULL && oids[i] != NULL; i++) {
		if (policy_add(value, oids[i], i == 0 ? cps_url : "") == 0)
			continue;
		CERTIFICATEPOLICIES_free(value);
		value = NULL;
	}
	rc = extension_add(x, NID_certificate_policies, value, false, e);
	CERTIFICATEPOLICIES_free(value);
	return rc;
}

/* One GeneralName of a text type: GEN_URI or GEN_EMAIL. */
static GENERAL_NAME *name_make(int type, const char *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ia5_make(text);

	if (name == NULL || s == NULL) {
		GENERAL_NAME_free(name);
		ASN1_IA5STRING_free(s);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, type, s);
	return name;
}

static GENERAL_NAMES *names_make(int type, const char *text)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = name_make(type, text);

	if (names == NULL || name == NULL || sk_GENERAL_NAME_push(names, name) <= 0) {
		GENERAL_NAME_free(name);
		sk_GENERAL_NAME_free(names);
		return NULL;
	}
	return names;
}

int extension_crl_url(X509 *x, const char *url, struct err *e)
{
	CRL_DIST_POINTS *value = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	int rc;

	if (point != NULL && (point->distpoint = DIST_POINT_NAME_new()) != NULL) {
		point->distpoint->type = 0; /* fullName */
		point->distpoint->name.fullname = names_make(GEN_URI, url);
	}
	if (value == NULL || point == NULL || point->distpoint == NULL ||
	    point->distpoint->name.fullname == NULL || sk_DIST_POINT_push(value, point) <= 0) {
		DIST_POINT_free(point);
		CRL_DIST_POINTS_free(value);
		return openssl_error(e, FAULT_busy, "extension cRLDistributionPoints");
	}
	rc = extension_add(x, NID_crl_distribution_points, value, false, e);
	CRL_DIST_POINTS_free(value);
	return rc;
}

int extension_ca_issuers(X509 *x, const char *url, struct err *e)
{
	AUTHORITY_INFO_ACCESS *value = sk_ACCESS_DESCRIPTION_new_null();
	ACCESS_DESCRIPTION *access = ACCESS_DESCRIPTION_new();
	int rc;

	if (access != NULL) {
		access->method = OBJ_nid2obj(NID_ad_ca_issuers);
		GENERAL_NAME_free(access->location);
		access->location = name_make(GEN_URI, url);
	}
	if (value == NULL || access == NULL || access->location == NULL ||
	    sk_ACCESS_DESCRIPTION_push(value, access) <= 0) {
		ACCESS_DESCRIPTION_free(access);
		AUTHORITY_INFO_ACCESS_free(value);
		return openssl_error(e, FAULT_busy, "extension authorityInfoAccess");
	}
	rc = extension_add(x, NID_info_access, value, false, e);
	AUTHORITY_INFO_ACCESS_free(value);
	return rc;
}

int extension_mailbox(X509 *x, const char *address, bool critical, struct err *e)
{
	GENERAL_NAMES *value = names_make(GEN_EMAIL, address);
	int rc = extension_add(x, NID_subject_alt_name, value, critical, e);

	GENERAL_NAMES_free(value);
	return rc;
}

int extension_subject_key_id(X509 *x, struct err *e)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;
	int rc = -1;

	if (value != NULL && X509_pubkey_digest(x, EVP_sha1(), digest, &len) == 1 &&
	    ASN1_OCTET_STRING_set(value, digest, (int)len) == 1)
		rc = extension_add(x, NID_subject_key_identifier, value, false, e);
	else
		(void)openssl_error(e, FAULT_busy, "extension subjectKeyIdentifier");
	ASN1_OCTET_STRING_free(value);
	return rc;
}

int extension_authority_key_id(X509 *x, const ASN1_OCTET_STRING *key_id, struct err *e)
{
	AUTHORITY_KEYID *value = AUTHORITY_KEYID_new();
	int rc = -1;

	if (value != NULL && (value->keyid = ASN1_OCTET_STRING_dup(key_id)) != NULL)
		rc = extension_add(x, NID_authority_key_identifier, value, false, e);
	else
		(void)openssl_error(e, FAULT_busy, "extension authorityKeyIdentifier");
	AUTHORITY_KEYID_free(value);
	return rc;
}

int tbs_encode(X509 *x, const unsigned char *algorithm, size_t algorithm_len, unsigned char **out,
    size_t *out_len, struct err *e)
{
	const unsigned char *p = algorithm;
	X509_ALGOR *value = d2i_X509_ALGOR(NULL, &p, (long)algorithm_len);
	unsigned char *der = NULL, *end;
	int len = -1;

	/* OpenSSL sets this field only while signing itself, which a token's key cannot do; hence the cast.
	 */
	if (value != NULL && X509_ALGOR_copy((X509_ALGOR *)X509_get0_tbs_sigalg(x), value) == 1)
		len = i2d_re_X509_tbs(x, NULL);
	X509_ALGOR_free(value);
	if (len <= 0 || (der = malloc((size_t)len)) == NULL)
		return openssl_error(e, FAULT_internal, "encode tbsCertificate");
	end = der;
	*out_len = (size_t)i2d_re_X509_tbs(x, &end);
	*out = der;
	return 0;
}
