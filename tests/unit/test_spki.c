/* test_spki.c - keys made of a SubjectPublicKeyInfo when memory runs out: those that come later are made.
 *
 * A program of its own, since OpenSSL takes another allocator only before it has allocated anything, and
 * since what is made once in a process must not have been made by another test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/pki/der.h"
#include "lib/pki/spki.h"

static bool memory_out;

static void *octets(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory_out ? NULL : malloc(n);
}

static void *octets_again(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory_out ? NULL : realloc(p, n);
}

static void octets_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void test_curve_after_no_memory(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *read;
	unsigned char *der = NULL;
	struct spki spki;
	int len;

	(void)state;
	len = i2d_PUBKEY(key, &der);
	assert_true(len > 0);
	assert_true(spki_read(&spki, der, (size_t)len));
	memory_out = true;
	assert_null(spki_key(&spki)); /* the first use of the curve */
	memory_out = false;
	read = spki_key(&spki);
	assert_non_null(read);
	assert_int_equal(EVP_PKEY_eq(read, key), 1);
	EVP_PKEY_free(read);
	EVP_PKEY_free(key);
	OPENSSL_free(der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_curve_after_no_memory),
	};

	if (CRYPTO_set_mem_functions(octets, octets_again, octets_free) != 1)
		return 1;
	return cmocka_run_group_tests_name("spki", tests, NULL, NULL);
}
