/* fixture_mail.h - what the tests of the mail room share: a folder of their own, certificates in it, a
 * letter. */
#ifndef TESTS_UNIT_FIXTURE_MAIL_H
#define TESTS_UNIT_FIXTURE_MAIL_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define SHARED    __attribute__((unused)) static
#define nitems(a) (sizeof(a) / sizeof((a)[0]))

/* Fail with the log's words, which say more than "-1". */
#define assert_done(call, e)                                                  \
	do {                                                                  \
		if ((call) != 0)                                              \
			fail_msg("%s: %s", fault_code((e)->fault), (e)->log); \
	} while (0)

/* A folder that is removed at the end, with ca.pem (self-made CA) and its key in memory. */
struct mail_folder {
	char dir[64], ca_file[96];
	X509 *ca;
	EVP_PKEY *ca_key;
};

SHARED void mail_path(char out[128], const struct mail_folder *f, const char *name)
{
	(void)snprintf(out, 128, "%s/%s", f->dir, name);
}

SHARED void mail_file_write(
    const struct mail_folder *f, const char *name, const void *bytes, size_t len, unsigned mode)
{
	struct err e;
	char path[128];

	mail_path(path, f, name);
	assert_done(file_replace(path, bytes, len, mode, &e), &e);
}

SHARED void mail_extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* A P-256 certificate; issuer NULL: self-signed CA; san as in openssl.cnf ("DNS:mx.example"); days may be
 * negative: already over. */
SHARED X509 *mail_certificate_make(
    const struct mail_folder *f, const char *name, const char *san, int days, EVP_PKEY *key)
{
	X509 *cert = X509_new(), *issuer = f->ca == NULL ? cert : f->ca;
	X509_NAME *subject;

	assert_non_null(cert);
	(void)X509_set_version(cert, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), f->ca == NULL ? 1 : 0x1234);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -10L * 86400);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), days * 86400L);
	subject = X509_get_subject_name(cert);
	(void)X509_NAME_add_entry_by_txt(
	    subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	(void)X509_set_issuer_name(cert, X509_get_subject_name(issuer));
	(void)X509_set_pubkey(cert, key);
	mail_extension_add(cert, issuer, NID_subject_key_identifier, "hash");
	mail_extension_add(
	    cert, issuer, NID_basic_constraints, f->ca == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (san != NULL)
		mail_extension_add(cert, issuer, NID_subject_alt_name, san);
	assert_true(X509_sign(cert, f->ca == NULL ? key : f->ca_key, EVP_sha256()) > 0);
	return cert;
}

SHARED void mail_pem_write(
    const struct mail_folder *f, const char *name, X509 *cert, EVP_PKEY *key, unsigned mode)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes;
	long len;

	if (cert != NULL)
		assert_int_equal(PEM_write_bio_X509(out, cert), 1);
	if (key != NULL)
		assert_int_equal(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(out, &bytes);
	mail_file_write(f, name, bytes, (size_t)len, mode);
	BIO_free(out);
}

SHARED void mail_folder_make(struct mail_folder *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/mailcert-test.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->ca_key = EVP_EC_gen("P-256");
	f->ca = mail_certificate_make(f, "mailcert test CA", NULL, 100, f->ca_key);
	mail_pem_write(f, "ca.pem", f->ca, NULL, 0644);
	(void)snprintf(f->ca_file, sizeof(f->ca_file), "%s/ca.pem", f->dir);
}

/* Write <stem>.pem and <stem>.key of a certificate under the folder's CA. */
SHARED void mail_identity_make(const struct mail_folder *f, const char *stem, const char *san, int days)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = mail_certificate_make(f, stem, san, days, key);
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.pem", stem);
	mail_pem_write(f, name, cert, NULL, 0644);
	(void)snprintf(name, sizeof(name), "%s.key", stem);
	mail_pem_write(f, name, NULL, key, 0600);
	X509_free(cert);
	EVP_PKEY_free(key);
}

SHARED int mail_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

SHARED void mail_folder_remove(struct mail_folder *f)
{
	X509_free(f->ca);
	EVP_PKEY_free(f->ca_key);
	(void)nftw(f->dir, mail_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
