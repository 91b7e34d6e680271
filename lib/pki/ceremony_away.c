/* ceremony_away.c - the half of a ceremony that happens where the root is not: a request goes out,
 * certificates come in; see ceremony.h.
 */
#include "lib/pki/ceremony.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/ceremony_place.h"
#include "lib/pki/certificate.h"
#include "lib/pki/issuer.h"
#include "lib/pki/openssl.h"
#include "lib/pki/token.h"

#define ARRIVAL_MAX (1 << 20) /* octets */

/* --- the request --- */

/* CertificationRequestInfo in DER (RFC 2986 4.1), malloc'ed by OpenSSL. */
static int request_info(
    X509_REQ *q, const char *name, EVP_PKEY *key, unsigned char **out, size_t *len, struct err *e)
{
	int n = -1;

	if (X509_REQ_set_version(q, X509_REQ_VERSION_1) == 1 &&
	    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(q), "CN", MBSTRING_UTF8,
		(const unsigned char *)name, -1, -1, 0) == 1 &&
	    X509_REQ_set_pubkey(q, key) == 1)
		n = i2d_re_X509_REQ_tbs(q, out);
	if (n <= 0)
		return openssl_error(e, FAULT_internal, "request of %s", name);
	*len = (size_t)n;
	return 0;
}

static int request_pem(char **pem, const unsigned char *der, size_t len, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	*pem = NULL;
	if (bio != NULL && PEM_write_bio(bio, PEM_STRING_X509_REQ, "", der, (long)len) > 0) {
		n = BIO_get_mem_data(bio, &text);
		*pem = strndup(text, (size_t)n);
	}
	BIO_free(bio);
	return *pem == NULL ? openssl_error(e, FAULT_busy, "request in PEM") : 0;
}

/* A request has the outer form of a certificate. */
static int request_make(const char *name, struct signing_key *key, char **pem, struct err *e)
{
	struct issuer self = {.name = (char *)name, .key = key};
	unsigned char *info = NULL, *signature = NULL, *der = NULL;
	size_t info_len = 0, signature_len, der_len;
	X509_REQ *q = X509_REQ_new();
	int rc = -1;

	self.algorithm = signature_algorithm_for(signing_key_public(key), 0);
	if (q == NULL)
		(void)openssl_error(e, FAULT_busy, "new request");
	else if (request_info(q, name, signing_key_public(key), &info, &info_len, e) == 0 &&
		 signing_key_sign(key, self.algorithm, NULL, info, info_len, &signature, &signature_len, e) ==
		     0 &&
		 certificate_assemble(&der, &der_len, info, info_len, &self, signature, signature_len, e) ==
		     0)
		rc = request_pem(pem, der, der_len, e);
	OPENSSL_free(info);
	free(signature);
	free(der);
	X509_REQ_free(q);
	return rc;
}

int ceremony_request(
    const struct ceremony_place *place, const char *name, enum ca_key kind, char **pem, struct err *e)
{
	struct signing_key *key = NULL;
	char path[PATH_MAX];
	struct err ignored;
	int rc;

	if (ca_name_check(name, e) == -1)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s.key", place->dir, name);
	rc = place->token != NULL ? signing_key_create_in_token(&key, kind, place->token, name, e)
				  : signing_key_create(&key, kind, path, e);
	if (rc == 0 && (rc = request_make(name, key, pem, e)) == -1) {
		/* A key that nobody asked a certificate for would block its name. */
		if (place->token != NULL)
			(void)token_key_destroy(place->token, name, &ignored);
		else
			(void)unlink(path);
	}
	signing_key_free(key);
	return rc;
}

/* --- what comes back --- */

static int arrival_put(const struct arrival *a, const char *folder, const char *sub, const char *name,
    const char *kind, struct err *e)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s/%s.%s", folder, sub, name, kind);
	return file_replace(path, a->der, a->len, 0644, e);
}

/* Whether the file at path is what arrived: 1, or 0 when it is something else; -1: nothing is there. */
static int arrival_compare(const struct arrival *a, const char *path)
{
	struct err none;
	size_t len;
	char *der;
	int same;

	if (file_read(path, ARRIVAL_MAX, &der, &len, &none) == -1)
		return -1;
	same = len == a->len && memcmp(der, a->der, len) == 0;
	free(der);
	return same;
}

/* The name is free here, or its very certificate is here already. */
static int name_free(const struct arrival *a, const char *dir, const char *name, struct err *e)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s.cer", dir, name);
	if (arrival_compare(a, path) != 0)
		return 0;
	return err_set(e, FAULT_config_invalid, "another CA called %s is here already", name);
}

/* The CRL is newer than the one that stands published here, or that very one (*stands): an older one would
 * forgive whom the root has revoked since. */
static int crl_newer(const struct arrival *a, const struct ceremony_place *place, const char *root_name,
    bool *stands, struct err *e)
{
	const struct issuer root = {.name = (char *)root_name};
	const uint64_t standing = crl_standing(&root, place->public_dir), number = crl_number(a->der, a->len);
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/crl/%s.crl", place->public_dir, root_name);
	*stands = number == standing && arrival_compare(a, path) == 1;
	if (number > standing || *stands)
		return 0;
	return err_set(e, FAULT_config_invalid,
	    "the CRL of %s has the number %llu, and %llu stands here already", root_name,
	    (unsigned long long)number, (unsigned long long)standing);
}

/* As the signers' CRLs are: of two that come at once the later number stays. */
static int crl_put(
    const struct arrival *a, const struct ceremony_place *place, const char *root_name, struct err *e)
{
	const struct issuer root = {.name = (char *)root_name};
	const struct crl crl = {.number = crl_number(a->der, a->len), .der = a->der, .der_len = a->len};

	return crl_publish(&crl, &root, place->public_dir, e);
}

/* What is asked of the root's CRL beside its signature. */
static int crl_good(X509_CRL *crl, const X509 *root, time_t now, struct err *e)
{
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);

	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(root)) != 0)
		return err_set(e, FAULT_config_invalid, "the CRL is of another CA than this root");
	if (end == NULL || ASN1_TIME_cmp_time_t(end, now) <= 0)
		return err_set(e, FAULT_config_invalid, "the CRL has expired");
	return 0;
}

/* The root is its own; it signed the CRL and the issuing CA. */
static int arrivals_verify(const struct arrivals *all, time_t now, struct err *e)
{
	const unsigned char *r = all->root.der, *l = all->root_crl.der, *c = all->issuing.der;
	X509 *root = d2i_X509(NULL, &r, (long)all->root.len),
	     *ca = d2i_X509(NULL, &c, (long)all->issuing.len);
	X509_CRL *crl = d2i_X509_CRL(NULL, &l, (long)all->root_crl.len);
	EVP_PKEY *key = root == NULL ? NULL : X509_get0_pubkey(root);
	int rc = -1;

	if (key == NULL || ca == NULL || crl == NULL)
		(void)openssl_error(e, FAULT_config_invalid, "a certificate or CRL cannot be read");
	else if (X509_verify(root, key) != 1)
		(void)openssl_error(e, FAULT_config_invalid, "the root is not signed by itself");
	else if (X509_verify(ca, key) != 1)
		(void)openssl_error(e, FAULT_config_invalid, "the issuing CA is not signed by this root");
	else if (X509_CRL_verify(crl, key) != 1)
		(void)openssl_error(e, FAULT_config_invalid, "the CRL is not signed by this root");
	else
		rc = crl_good(crl, root, now, e);
	X509_free(root);
	X509_free(ca);
	X509_CRL_free(crl);
	return rc;
}

/* The certificate must open with the key that is here; else it goes again. */
static int issuing_prove(const struct ceremony_place *place, const char *name, struct err *e)
{
	const struct issuer_place where = {.dir = place->dir,
	    .name = name,
	    .token = place->token,
	    .public_url = place->public_url,
	    .cps_url = place->cps_url};
	struct issuer *made;
	char path[PATH_MAX];

	if (issuer_open(&made, &where, e) == 0) {
		issuer_close(made);
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/%s.cer", place->dir, name);
	(void)unlink(path);
	return -1;
}

int ceremony_take(const struct ceremony_place *place, const struct arrivals *all, const char *root_name,
    const char *name, time_t now, struct err *e)
{
	bool stands;

	if (ca_name_check(root_name, e) == -1 || ca_name_check(name, e) == -1 ||
	    arrivals_verify(all, now, e) == -1 || name_free(&all->root, place->dir, root_name, e) == -1 ||
	    name_free(&all->issuing, place->dir, name, e) == -1 ||
	    public_dirs_make(place->public_dir, e) == -1 ||
	    crl_newer(&all->root_crl, place, root_name, &stands, e) == -1)
		return -1;
	if (arrival_put(&all->issuing, place->dir, "", name, "cer", e) == -1 ||
	    issuing_prove(place, name, e) == -1)
		return -1;
	if (arrival_put(&all->root, place->dir, "", root_name, "cer", e) == -1 ||
	    arrival_put(&all->root, place->public_dir, "/ca", root_name, "cer", e) == -1 ||
	    (!stands && crl_put(&all->root_crl, place, root_name, e) == -1))
		return -1;
	return arrival_put(&all->issuing, place->public_dir, "/ca", name, "cer", e);
}
