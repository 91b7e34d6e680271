/* test_bundle.c - certificates for downloads: PEM and PKCS #7 read back, file names safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/bundle.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))
#define CHAIN     3

static struct bundle_item chain[CHAIN];

/* A small self-signed certificate with that serial number. */
static void item_make(struct bundle_item *item, long serial)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;

	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 60));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	item->len = (size_t)i2d_X509(x, &der);
	item->der = der;
	X509_free(x);
	EVP_PKEY_free(key);
}

static void check_pem(void **state)
{
	struct buf out = {0};
	struct err e;
	BIO *bio;

	(void)state;
	assert_int_equal(bundle_pem(&out, chain, CHAIN, &e), 0);
	assert_memory_equal(out.data, "-----BEGIN CERTIFICATE-----\n", 28);
	assert_string_equal(out.data + out.len - 26, "-----END CERTIFICATE-----\n");
	bio = BIO_new_mem_buf(out.data, (int)out.len);
	for (int i = 0; i < CHAIN; i++) { /* in their order, octet by octet */
		unsigned char *der = NULL;
		long len = 0;

		assert_int_equal(PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, bio, NULL, NULL), 1);
		assert_int_equal(len, chain[i].len);
		assert_memory_equal(der, chain[i].der, chain[i].len);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	buf_free(&out);
}

static void check_p7b(void **state)
{
	struct buf out = {0};
	const unsigned char *p;
	STACK_OF(X509) * found;
	unsigned seen = 0;
	struct err e;
	PKCS7 *p7;

	(void)state;
	assert_int_equal(bundle_p7b(&out, chain, CHAIN, &e), 0);
	p = (const unsigned char *)out.data;
	p7 = d2i_PKCS7(NULL, &p, (long)out.len);
	assert_non_null(p7);
	assert_ptr_equal(p, out.data + out.len);
	assert_true(PKCS7_type_is_signed(p7));
	assert_int_equal(sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info), 0);
	assert_int_equal(sk_X509_ALGOR_num(p7->d.sign->md_algs), 0);
	assert_true(PKCS7_type_is_data(p7->d.sign->contents));
	assert_null(p7->d.sign->contents->d.data);
	found = p7->d.sign->cert;
	assert_int_equal(sk_X509_num(found), CHAIN);
	for (int i = 0; i < CHAIN; i++) {
		unsigned char *der = NULL;
		long serial = ASN1_INTEGER_get(X509_get0_serialNumber(sk_X509_value(found, i)));
		int len = i2d_X509(sk_X509_value(found, i), &der);

		assert_in_range(serial, 1, CHAIN);
		seen |= 1U << serial;
		assert_int_equal(len, chain[serial - 1].len);
		assert_memory_equal(der, chain[serial - 1].der, chain[serial - 1].len);
		OPENSSL_free(der);
	}
	assert_int_equal(seen, 2 + 4 + 8);
	PKCS7_free(p7);
	buf_free(&out);
}

static void check_p7b_refused(void **state)
{
	struct bundle_item bad[2] = {chain[0], {(const unsigned char *)"nonsense", 8}};
	struct buf out = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(bundle_p7b(&out, bad, 2, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
	assert_int_equal(out.len, 0);
	bad[1] = chain[1];
	bad[1].len--;
	assert_int_equal(bundle_p7b(&out, bad, 2, &e), -1);
	assert_int_equal(out.len, 0);
}

static const struct name_case {
	const char *name, *address;
	time_t when;
	const char *want;
} name_cases[] = {
    {"plain", "joe.doe@example.org", 1795305600, "joe.doe_2026-11-22"},
    {"last second of the day", "joe.doe@example.org", 1795391999, "joe.doe_2026-11-22"},
    {"next day", "joe.doe@example.org", 1795392000, "joe.doe_2026-11-23"},
    {"plus and slash", "joe+a/b@example.org", 0, "joe_a_b_1970-01-01"},
    {"hyphen first", "-rf@example.org", 0, "_rf_1970-01-01"},
    {"shell characters", "$`{|}*?'&!@example.org", 0, "___________1970-01-01"},
    {"hyphen and underscore inside", "a-b_c@example.org", 0, "a-b_c_1970-01-01"},
    {"not canonical: dots", "../../x@example.org", 0, "_._.__x_1970-01-01"},
    {"not canonical: quote and line end", "a\"\r\nb@example.org", 0, "a___b_1970-01-01"},
    {"not canonical: UTF-8", "\xc3\xb6@example.org", 0, "___1970-01-01"},
    {"64 octets", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.org", 0,
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_1970-01-01"},
};

static void check_name(void **state)
{
	const struct name_case *c = *state;
	char out[FILE_NAME_ROOM];

	file_name_for(out, c->address, c->when);
	assert_string_equal(out, c->want);
}

static void check_name_long(void **state)
{
	char address[400], out[FILE_NAME_ROOM];

	(void)state;
	memset(address, 'a', sizeof(address) - 1);
	address[sizeof(address) - 1] = '\0';
	file_name_for(out, address, 0);
	assert_int_equal(strlen(out), FILE_NAME_ROOM - 1);
	assert_string_equal(out + strlen(out) - 11, "_1970-01-01");
}

static int chain_make(void **state)
{
	(void)state;
	for (int i = 0; i < CHAIN; i++)
		item_make(&chain[i], i + 1);
	return 0;
}

static int chain_free(void **state)
{
	(void)state;
	for (int i = 0; i < CHAIN; i++)
		OPENSSL_free((void *)(uintptr_t)chain[i].der);
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[NITEMS(name_cases) + 4];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(name_cases); i++)
		tests[n++] = (struct CMUnitTest){
		    name_cases[i].name, check_name, NULL, NULL, (void *)(uintptr_t)&name_cases[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_pem);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_p7b);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_p7b_refused);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_name_long);
	return cmocka_run_group_tests_name("bundle", tests, chain_make, chain_free);
}
