/* issuer.c - an issuing CA opened for signing; see issuer.h. */
#include "lib/pki/issuer.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/openssl.h"
#include "lib/pki/token.h"

int ca_name_check(const char *name, struct err *e)
{
	size_t len = strlen(name);

	if (len == 0 || len > CA_NAME_MAX || name[0] == '-' || name[len - 1] == '-' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return err_set(e, FAULT_config_invalid,
		    "name of a CA: lower-case letters, digits and inner '-' only, at most %d", CA_NAME_MAX);
	return 0;
}

/* A CA's certificate must be able to sign what we sign, or nobody would believe it (RFC
 * 5280 4.2.1.3, 4.2.1.9). */
static int certificate_check(const X509 *x, const char *path, struct err *e)
{
	uint32_t flags = X509_get_extension_flags((X509 *)x), usage = X509_get_key_usage((X509 *)x);

	if ((flags & EXFLAG_INVALID) != 0 || (flags & EXFLAG_CA) == 0)
		return err_set(e, FAULT_config_invalid, "%s: not a CA certificate", path);
	if (usage == UINT32_MAX || (usage & KU_KEY_CERT_SIGN) == 0 || (usage & KU_CRL_SIGN) == 0)
		return err_set(e, FAULT_config_invalid, "%s: keyUsage lacks keyCertSign or cRLSign", path);
	return 0;
}

static int certificate_load(struct issuer *s, const char *path, struct err *e)
{
	const unsigned char *p;
	unsigned char *subject = NULL;
	int len;

	if (file_read(path, CA_CERTIFICATE_MAX, (char **)&s->der, &s->der_len, e) == -1)
		return -1;
	p = s->der;
	s->certificate = d2i_X509(NULL, &p, (long)s->der_len);
	if (s->certificate == NULL || p != s->der + s->der_len)
		return openssl_error(e, FAULT_config_invalid, "%s: not one DER certificate", path);
	if (certificate_check(s->certificate, path, e) == -1)
		return -1;
	s->key_id = X509_get0_subject_key_id(s->certificate);
	if (s->key_id == NULL)
		return err_set(e, FAULT_config_invalid, "%s: no subjectKeyIdentifier", path);
	if (openssl_time(&s->not_before, X509_get0_notBefore(s->certificate)) == -1 ||
	    openssl_time(&s->not_after, X509_get0_notAfter(s->certificate)) == -1 ||
	    EVP_Q_digest(NULL, "SHA256", NULL, s->der, s->der_len, s->sha256, NULL) != 1)
		return openssl_error(e, FAULT_config_invalid, "%s: validity", path);
	len = i2d_X509_NAME(X509_get_subject_name(s->certificate), &subject);
	if (len <= 0)
		return openssl_error(e, FAULT_busy, "%s: subject", path);
	s->subject = subject;
	s->subject_len = (size_t)len;
	return 0;
}

static int addresses_make(struct issuer *s, const struct issuer_place *place, struct err *e)
{
	if (strncmp(place->public_url, "http://", 7) != 0)
		return err_set(
		    e, FAULT_config_invalid, "Ca.PublicUrl %s: must begin with http://", place->public_url);
	s->cps_url = strdup(place->cps_url == NULL ? "" : place->cps_url);
	if (asprintf(&s->crl_url, "%s/crl/%s.crl", place->public_url, place->name) == -1)
		s->crl_url = NULL;
	if (asprintf(&s->ca_url, "%s/ca/%s.cer", place->public_url, place->name) == -1)
		s->ca_url = NULL;
	if (s->crl_url == NULL || s->ca_url == NULL || s->cps_url == NULL)
		return err_set(e, FAULT_busy, "issuer %s: out of memory", place->name);
	return 0;
}

/* Sign something nobody could have prepared: a token's public object proves nothing about its private one. */
static int key_prove(const struct issuer *s, const struct signing_key *key, struct err *e)
{
	unsigned char challenge[32], *signature;
	size_t len;

	if (RAND_bytes(challenge, sizeof(challenge)) != 1)
		return openssl_error(e, FAULT_busy, "random bytes");
	if (signing_key_sign(key, s->algorithm, X509_get0_pubkey(s->certificate), challenge,
		sizeof(challenge), &signature, &len, e) == 0) {
		free(signature);
		return 0;
	}
	if (e->fault != FAULT_internal)
		return -1;
	return err_set(e, FAULT_config_invalid, "issuer %s: private key does not match certificate", s->name);
}

static int key_open(struct issuer *s, struct err *e)
{
	struct signing_key *key;
	int rc;

	rc = s->token != NULL ? signing_key_find(&key, s->token, s->name, X509_get0_pubkey(s->certificate), e)
			      : signing_key_load(&key, s->key_path, e);
	if (rc == -1)
		return -1;
	if (key_prove(s, key, e) == -1) {
		signing_key_free(key);
		return -1;
	}
	s->key = key;
	return 0;
}

int issuer_open(struct issuer **out, const struct issuer_place *place, struct err *e)
{
	char path[PATH_MAX];
	struct issuer *s;

	if (ca_name_check(place->name, e) == -1)
		return -1;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(e, FAULT_busy, "issuer %s: out of memory", place->name);
	s->token = place->token;
	s->name = strdup(place->name);
	if (s->name == NULL || asprintf(&s->key_path, "%s/%s.key", place->dir, place->name) == -1) {
		s->key_path = NULL;
		(void)err_set(e, FAULT_busy, "issuer %s: out of memory", place->name);
		goto fail;
	}
	(void)snprintf(path, sizeof(path), "%s/%s.cer", place->dir, place->name);
	if (addresses_make(s, place, e) == -1 || certificate_load(s, path, e) == -1)
		goto fail;
	s->algorithm = signature_algorithm_for(X509_get0_pubkey(s->certificate), place->rsa_hash);
	if (s->algorithm == NULL) {
		(void)err_set(
		    e, FAULT_config_invalid, "issuer %s: no signature algorithm for its key", s->name);
		goto fail;
	}
	if (key_open(s, e) == -1)
		goto fail;
	*out = s;
	return 0;
fail:
	issuer_close(s);
	return -1;
}

int issuer_reopen(struct issuer *s, struct err *e)
{
	signing_key_free(s->key);
	s->key = NULL;
	return key_open(s, e);
}

int issuer_sign(const struct issuer *s, const unsigned char *tbs, size_t len, unsigned char **out,
    size_t *out_len, struct err *e)
{
	EVP_PKEY *public_key; /* NULL for a root that signs itself: it has no certificate yet */

	if (s->key == NULL)
		return err_set(e, FAULT_busy, "issuer %s: key not open", s->name);
	public_key = s->certificate == NULL ? NULL : X509_get0_pubkey(s->certificate);
	if (signing_key_sign(s->key, s->algorithm, public_key, tbs, len, out, out_len, e) == -1)
		return err_context(e, "issuer %s", s->name);
	return 0;
}

void issuer_close(struct issuer *s)
{
	if (s == NULL)
		return;
	signing_key_free(s->key);
	X509_free(s->certificate);
	OPENSSL_free(s->subject);
	free(s->der);
	free(s->crl_url);
	free(s->ca_url);
	free(s->cps_url);
	free(s->key_path);
	free(s->name);
	free(s);
}
