/* fixture_pki.h - what the tests of the certificate rooms share: a folder of their own, a CA in it, products.
 *
 * Everything is static, as each test is one program. The tests are started from the project's top folder.
 */
#ifndef TESTS_UNIT_FIXTURE_PKI_H
#define TESTS_UNIT_FIXTURE_PKI_H

#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/ceremony.h"
#include "lib/pki/certificate.h"
#include "lib/pki/issuer.h"
#include "lib/pki/product.h"

#define SHARED __attribute__((unused)) static

/* 2026-11-22 14:03:00 UTC: the "now" of all tests. */
#define FIXTURE_NOW ((time_t)1795356180)
#define FIXTURE_URL "http://pki.mailcert.example"
#define DAY         86400L

struct fixture {
	char dir[64], ca[80], public_dir[80];
	struct ceremony_place place;
	struct issuer *issuer;
};

SHARED int fixture_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

SHARED void fixture_dir_make(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/mailcert-test.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->ca, sizeof(f->ca), "%s/ca", f->dir);
	(void)snprintf(f->public_dir, sizeof(f->public_dir), "%s/public", f->dir);
	assert_int_equal(mkdir(f->ca, 0700), 0);
	assert_int_equal(mkdir(f->public_dir, 0755), 0);
	f->place =
	    (struct ceremony_place){.dir = f->ca, .public_dir = f->public_dir, .public_url = FIXTURE_URL};
}

SHARED void fixture_remove(struct fixture *f)
{
	issuer_close(f->issuer);
	f->issuer = NULL;
	(void)nftw(f->dir, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The name of a test that stands for a point of the checklist (tests/checklist): "section 9.13: " before the
 * rest. */
SHARED const char *fixture_point(const char *point, const char *rest)
{
	static char names[400][96];
	static size_t count;

	assert_in_range(count, 0, 399);
	(void)snprintf(names[count], sizeof(names[count]), "section %s: %s", point, rest);
	return names[count++];
}

/* Fail with the log's words, which say more than "-1". */
#define assert_done(call, e)                                                  \
	do {                                                                  \
		if ((call) != 0)                                              \
			fail_msg("%s: %s", fault_code((e)->fault), (e)->log); \
	} while (0)

SHARED struct ceremony_plan fixture_root_plan(enum ca_key key)
{
	return (struct ceremony_plan){
	    .name = "root-1",
	    .common_name = "mailcert Test Root 1",
	    .organization = "mailcert Test",
	    .country = "DE",
	    .key = key,
	    .not_before = FIXTURE_NOW - 30 * DAY,
	    .validity = 20L * 365 * DAY,
	};
}

SHARED struct ceremony_plan fixture_issuing_plan(enum ca_key key)
{
	return (struct ceremony_plan){
	    .name = "issuing-1",
	    .common_name = "mailcert Test Issuing 1",
	    .organization = "mailcert Test",
	    .country = "DE",
	    .key = key,
	    .not_before = FIXTURE_NOW - 30 * DAY,
	    .validity = 10L * 365 * DAY,
	};
}

SHARED int fixture_issuer_open(struct fixture *f, const char *name, struct issuer **out, struct err *e)
{
	const struct issuer_place where = {
	    .dir = f->ca,
	    .name = name,
	    .token = f->place.token,
	    .public_url = FIXTURE_URL,
	    .cps_url = f->place.cps_url,
	};

	return issuer_open(out, &where, e);
}

/* A folder with root-1 and issuing-1, the latter open. */
SHARED void fixture_ca_make(struct fixture *f, enum ca_key root_key, enum ca_key issuing_key)
{
	struct ceremony_plan root = fixture_root_plan(root_key), issuing = fixture_issuing_plan(issuing_key);
	struct err e;

	assert_done(ceremony_root(&f->place, &root, &e), &e);
	assert_done(ceremony_issuing(&f->place, &issuing, root.name, &e), &e);
	assert_done(fixture_issuer_open(f, issuing.name, &f->issuer, &e), &e);
}

SHARED struct product fixture_product(enum generation generation, enum purpose purpose, long days)
{
	return (struct product){
	    .id = "test",
	    .name = "test",
	    .category = "S/MIME",
	    .validity = days * DAY,
	    .generation = generation,
	    .purpose = purpose,
	    .fields = {[FIELD_EMAIL_ADDRESS] = FIELD_MANDATORY, [FIELD_COMMON_NAME] = FIELD_OPTIONAL},
	    .methods = METHOD_CSR,
	    .keys = KEY_RSA | KEY_P256 | KEY_P384 | KEY_P521 | KEY_ED25519,
	    .rsa_bits_least = 2048,
	    .rsa_bits_most = 4096,
	};
}

/* The public keys the tests certify lie in tests/golden/keys, each as a PEM SubjectPublicKeyInfo. */
SHARED void fixture_spki_load(const char *name, unsigned char **out, size_t *out_len)
{
	char path[PATH_MAX];
	EVP_PKEY *key;
	FILE *f;
	int len;

	(void)snprintf(path, sizeof(path), "tests/golden/keys/%s.pem", name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: not there (start tests from the top folder)", path);
	key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	(void)fclose(f);
	assert_non_null(key);
	*out = NULL;
	len = i2d_PUBKEY(key, out);
	EVP_PKEY_free(key);
	assert_true(len > 0);
	*out_len = (size_t)len;
}

/* Sign a tbsCertificate with the fixture's issuer. */
SHARED void fixture_certificate_make(
    const struct issuer *issuer, const struct subscriber *s, unsigned char **out, size_t *out_len)
{
	unsigned char *tbs, *signature;
	size_t tbs_len, signature_len;
	struct err e;

	assert_done(certificate_tbs(&tbs, &tbs_len, s, issuer, &e), &e);
	assert_done(issuer_sign(issuer, tbs, tbs_len, &signature, &signature_len, &e), &e);
	assert_done(
	    certificate_assemble(out, out_len, tbs, tbs_len, issuer, signature, signature_len, &e), &e);
	free(tbs);
	free(signature);
}

/* Run a command line; the test fails with its output when it does not end with 0. */
SHARED void fixture_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
SHARED void fixture_run(const char *fmt, ...)
{
	char command[4096], output[4096];
	va_list ap;
	size_t len;
	FILE *p;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof(command) - 8, fmt, ap);
	va_end(ap);
	strcat(command, " 2>&1");
	p = popen(command, "r");
	assert_non_null(p);
	len = fread(output, 1, sizeof(output) - 1, p);
	output[len] = '\0';
	if (pclose(p) != 0)
		fail_msg("%s:\n%s", command, output);
}

#endif
