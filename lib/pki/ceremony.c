/* ceremony.c - make a root and issuing CAs; see ceremony.h. */
#include "lib/pki/ceremony.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/ceremony_place.h"
#include "lib/pki/certificate.h"
#include "lib/pki/extension.h"
#include "lib/pki/issuer.h"
#include "lib/pki/openssl.h"
#include "lib/pki/token.h"

/* A new CA on its way: what must be undone if it fails lies here. */
struct birth {
	const struct ceremony_place *place;
	const struct ceremony_plan *plan;
	struct signing_key *key; /* NULL: it lies elsewhere */
	EVP_PKEY *public_key;    /* borrowed */
	struct issuer *root;     /* NULL: it is a root itself */
	char key_path[PATH_MAX], certificate_path[PATH_MAX], public_path[PATH_MAX];
	bool key_made, certificate_made;
};

static int plan_check(const struct ceremony_place *place, const struct ceremony_plan *plan, struct err *e)
{
	if (ca_name_check(plan->name, e) == -1)
		return -1;
	if (plan->common_name[0] == '\0' || strlen(plan->common_name) > 64 || plan->organization[0] == '\0' ||
	    strlen(plan->organization) > 64)
		return err_set(
		    e, FAULT_config_invalid, "a CA needs commonName and organization of 1 to 64 octets");
	if (!utf8_valid(plan->common_name, strlen(plan->common_name)) ||
	    !utf8_valid(plan->organization, strlen(plan->organization)))
		return err_set(e, FAULT_config_invalid, "commonName and organization must be UTF-8");
	if (strlen(plan->country) != 2 || strspn(plan->country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
		return err_set(e, FAULT_config_invalid, "country must be two capital letters (ISO 3166-1)");
	if (plan->validity < 86400 || plan->validity > 25L * 366 * 86400)
		return err_set(e, FAULT_config_invalid, "a CA lives from a day to 25 years");
	if (strncmp(place->public_url, "http://", 7) != 0)
		return err_set(
		    e, FAULT_config_invalid, "Ca.PublicUrl %s: must begin with http://", place->public_url);
	return 0;
}

int public_dirs_make(const char *public_dir, struct err *e)
{
	static const char *const names[] = {"ca", "crl"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", public_dir, names[i]) >= (int)sizeof(path))
			return err_set(e, FAULT_config_invalid, "Ca.PublicDir: path too long");
		if (mkdir(path, 0755) == -1 && errno != EEXIST)
			return err_errno(e, FAULT_config_invalid, "make folder %s", path);
	}
	return 0;
}

static int paths_make(struct birth *b, struct err *e)
{
	const struct ceremony_place *place = b->place;
	const char *name = b->plan->name;
	int a, c, d;

	a = snprintf(b->key_path, PATH_MAX, "%s/%s.key", place->dir, name);
	c = snprintf(b->certificate_path, PATH_MAX, "%s/%s.cer", place->dir, name);
	d = snprintf(b->public_path, PATH_MAX, "%s/ca/%s.cer", place->public_dir, name);
	if (a >= PATH_MAX || c >= PATH_MAX || d >= PATH_MAX)
		return err_set(e, FAULT_config_invalid, "Ca.Dir or Ca.PublicDir: path too long");
	if (access(b->certificate_path, F_OK) == 0 || access(b->public_path, F_OK) == 0)
		return err_set(e, FAULT_config_invalid, "a CA called %s is there already", name);
	return 0;
}

static int key_make(struct birth *b, struct err *e)
{
	int rc;

	rc = b->place->token != NULL
		 ? signing_key_create_in_token(&b->key, b->plan->key, b->place->token, b->plan->name, e)
		 : signing_key_create(&b->key, b->plan->key, b->key_path, e);
	b->key_made = rc == 0;
	if (rc == 0)
		b->public_key = signing_key_public(b->key);
	return rc;
}

static int name_add(X509_NAME *name, int nid, const char *text, struct err *e)
{
	/* countryName is a PrintableString by its definition; the others may have any letter. */
	int type = nid == NID_countryName ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;

	if (X509_NAME_add_entry_by_NID(name, nid, type, (const unsigned char *)text, -1, -1, 0) != 1)
		return openssl_error(e, FAULT_config_invalid, "subject %s", OBJ_nid2sn(nid));
	return 0;
}

static int serial_add(X509 *x, struct err *e)
{
	unsigned char serial[SERIAL_LEN];

	if (certificate_serial(serial, e) == -1)
		return -1;
	if (ASN1_STRING_set(X509_get_serialNumber(x), serial, sizeof(serial)) != 1)
		return openssl_error(e, FAULT_busy, "serial number");
	return 0;
}

static int head_fill(X509 *x, const struct birth *b, struct err *e)
{
	const struct ceremony_plan *plan = b->plan;
	X509_NAME *subject = X509_get_subject_name(x);
	time_t not_after = plan->not_before + plan->validity - 1;

	if (b->root != NULL && (plan->not_before < b->root->not_before || not_after > b->root->not_after))
		return err_set(e, FAULT_config_invalid, "validity of %s is not inside that of %s", plan->name,
		    b->root->name);
	if (serial_add(x, e) == -1 || name_add(subject, NID_countryName, plan->country, e) == -1 ||
	    name_add(subject, NID_organizationName, plan->organization, e) == -1 ||
	    name_add(subject, NID_commonName, plan->common_name, e) == -1)
		return -1;
	if (b->root != NULL && X509_NAME_cmp(subject, X509_get_subject_name(b->root->certificate)) == 0)
		return err_set(e, FAULT_config_invalid, "%s would have the root's own subject", plan->name);
	if (X509_set_version(x, X509_VERSION_3) != 1 ||
	    X509_set_issuer_name(
		x, b->root == NULL ? subject : X509_get_subject_name(b->root->certificate)) != 1 ||
	    ASN1_TIME_set(X509_getm_notBefore(x), plan->not_before) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(x), not_after) == NULL || X509_set_pubkey(x, b->public_key) != 1)
		return openssl_error(e, FAULT_internal, "certificate of %s", plan->name);
	return 0;
}

static int root_extensions_add(X509 *x, struct err *e)
{
	if (extension_basic_constraints(x, -1, e) == -1 ||
	    extension_key_usage(x, USAGE_KEY_CERT_SIGN | USAGE_CRL_SIGN, e) == -1 ||
	    extension_subject_key_id(x, e) == -1)
		return -1;
	return 0;
}

static int issuing_extensions_add(X509 *x, const struct birth *b, struct err *e)
{
	static const int purposes[] = {NID_email_protect, NID_client_auth, NID_undef};
	static const char *const policies[] = {POLICY_MAILBOX_STRICT, POLICY_MAILBOX_MULTIPURPOSE, NULL};
	const char *cps = b->place->cps_url == NULL ? "" : b->place->cps_url;

	if (extension_basic_constraints(x, 0, e) == -1 ||
	    extension_key_usage(x, USAGE_KEY_CERT_SIGN | USAGE_CRL_SIGN, e) == -1 ||
	    extension_ext_key_usage(x, purposes, e) == -1 || extension_policies(x, policies, cps, e) == -1 ||
	    extension_authority_key_id(x, b->root->key_id, e) == -1 || extension_subject_key_id(x, e) == -1 ||
	    extension_crl_url(x, b->root->crl_url, e) == -1 ||
	    extension_ca_issuers(x, b->root->ca_url, e) == -1)
		return -1;
	return 0;
}

/* Sign with the root's key, or with the new key itself for a root; give the certificate's DER. */
static int certificate_sign(
    const struct birth *b, X509 *x, unsigned char **out, size_t *out_len, struct err *e)
{
	struct issuer self = {.name = (char *)b->plan->name, .key = b->key};
	const struct issuer *by = b->root;
	unsigned char *tbs = NULL, *signature = NULL;
	size_t tbs_len, signature_len;
	int rc = -1;

	if (by == NULL) {
		self.algorithm = signature_algorithm_for(b->public_key, 0);
		by = &self;
	}
	if (tbs_encode(x, by->algorithm->der, by->algorithm->der_len, &tbs, &tbs_len, e) == 0 &&
	    issuer_sign(by, tbs, tbs_len, &signature, &signature_len, e) == 0)
		rc = certificate_assemble(out, out_len, tbs, tbs_len, by, signature, signature_len, e);
	free(tbs);
	free(signature);
	return rc;
}

static int certificate_make(struct birth *b, struct err *e)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	size_t der_len;
	int rc = -1;

	if (x == NULL) {
		(void)openssl_error(e, FAULT_busy, "new certificate");
		goto out;
	}
	if (head_fill(x, b, e) == -1 ||
	    (b->root == NULL ? root_extensions_add(x, e) : issuing_extensions_add(x, b, e)) == -1 ||
	    certificate_sign(b, x, &der, &der_len, e) == -1)
		goto out;
	if (file_replace(b->certificate_path, der, der_len, 0644, e) == -1)
		goto out;
	b->certificate_made = true;
	rc = file_replace(b->public_path, der, der_len, 0644, e);
out:
	free(der);
	X509_free(x);
	return rc;
}

/* A ceremony leaves a whole CA or nothing: a key without a certificate would block its name. */
static void birth_undo(const struct birth *b)
{
	struct err ignored;

	if (b->certificate_made) {
		(void)unlink(b->certificate_path);
		(void)unlink(b->public_path);
	}
	if (b->key_made && b->place->token != NULL)
		(void)token_key_destroy(b->place->token, b->plan->name, &ignored);
	else if (b->key_made)
		(void)unlink(b->key_path);
}

int place_issuer_open(
    struct issuer **out, const struct ceremony_place *place, const char *name, struct err *e)
{
	const struct issuer_place where = {
	    .dir = place->dir,
	    .name = name,
	    .token = place->token,
	    .public_url = place->public_url,
	    .cps_url = place->cps_url,
	};

	return issuer_open(out, &where, e);
}

/* What came out must open as an issuer. */
static int birth_prove(const struct birth *b, struct err *e)
{
	struct issuer *made;

	if (b->key == NULL)
		return 0;
	if (place_issuer_open(&made, b->place, b->plan->name, e) == -1)
		return -1;
	issuer_close(made);
	return 0;
}

/* public_key NULL: a new key is made. */
static int ca_make(const struct ceremony_place *place, const struct ceremony_plan *plan, struct issuer *root,
    EVP_PKEY *public_key, struct err *e)
{
	struct birth b = {.place = place, .plan = plan, .root = root, .public_key = public_key};
	int rc = -1;

	if (plan_check(place, plan, e) == -1 || paths_make(&b, e) == -1 ||
	    public_dirs_make(place->public_dir, e) == -1)
		return -1;
	if ((public_key != NULL || key_make(&b, e) == 0) && certificate_make(&b, e) == 0)
		rc = birth_prove(&b, e);
	if (rc == -1)
		birth_undo(&b);
	signing_key_free(b.key);
	return rc;
}

int ceremony_root(const struct ceremony_place *place, const struct ceremony_plan *plan, struct err *e)
{
	return ca_make(place, plan, NULL, NULL, e);
}

static int issuing_make(const struct ceremony_place *place, const struct ceremony_plan *plan,
    const char *root_name, EVP_PKEY *public_key, struct err *e)
{
	struct issuer *root;
	int rc;

	if (place_issuer_open(&root, place, root_name, e) == -1)
		return -1;
	rc = ca_make(place, plan, root, public_key, e);
	issuer_close(root);
	return rc;
}

int ceremony_issuing(const struct ceremony_place *place, const struct ceremony_plan *plan,
    const char *root_name, struct err *e)
{
	return issuing_make(place, plan, root_name, NULL, e);
}

/* SBR 6.1.5, as enum ca_key has it. */
static bool key_fits_ca(const EVP_PKEY *key)
{
	const int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= 4096;
	return EVP_PKEY_is_a(key, "EC") && signature_algorithm_for(key, 0) != NULL &&
	       (bits == 256 || bits == 384);
}

int ceremony_sign(const struct ceremony_place *place, const struct ceremony_plan *plan, const char *root_name,
    EVP_PKEY *public_key, struct err *e)
{
	if (!key_fits_ca(public_key))
		return err_set(
		    e, FAULT_config_invalid, "a CA's key must be P-256, P-384 or RSA of 4096 bits or more");
	return issuing_make(place, plan, root_name, public_key, e);
}

int ceremony_crl(
    const struct ceremony_place *place, const char *root_name, time_t now, long validity, struct err *e)
{
	struct revoked_list revoked = {0};
	struct crl_plan plan = {
	    .number = (uint64_t)now,
	    .next = revoked_next,
	    .arg = &revoked,
	};
	struct issuer *root;
	struct crl crl = {0};
	uint64_t standing;
	int rc = -1;

	if (public_dirs_make(place->public_dir, e) == -1 ||
	    place_issuer_open(&root, place, root_name, e) == -1)
		return -1;
	plan.issuer = root;
	plan.this_update = crl_this_update(root, place->public_dir, now);
	plan.next_update = plan.this_update + validity;
	standing = crl_standing(root, place->public_dir);
	if (plan.number <= standing)
		plan.number = standing + 1; /* two within a second, or a clock that was set back */
	if (revoked_read(&revoked, place, root_name, e) == 0 &&
	    revoked_covers(&revoked, place->public_dir, root_name, e) == 0 && crl_build(&crl, &plan, e) == 0)
		rc = crl_publish(&crl, root, place->public_dir, e);
	crl_free(&crl);
	revoked_free(&revoked);
	issuer_close(root);
	return rc;
}
