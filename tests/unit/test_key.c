/* test_key.c - weak public keys: a vector for each check, made here, and good keys that none may refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/pki/key.h"
#include "tests/unit/weak_keys.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static void check_fault(BIGNUM *n, enum fault want, const char *arg)
{
	EVP_PKEY *key = rsa_take(n, 65537);
	struct err e = {0};
	int rc = key_check(key, &e);

	EVP_PKEY_free(key);
	assert_int_equal(rc, want == FAULT_none ? 0 : -1);
	assert_string_equal(fault_code(e.fault), fault_code(want));
	assert_string_equal(e.arg, arg);
}

static const int sizes[] = {2048, 2056, 3072, 4096, 8192};

static void check_roca(void **state)
{
	(void)state;
	for (size_t i = 0; i < NITEMS(sizes); i++)
		check_fault(modulus_roca_make(sizes[i]), FAULT_csr_key_weak_roca, "");
}

/* Two powers of the generator make a hit, one of them and a stranger do not. */
static void check_roca_half(void **state)
{
	BIGNUM *n = product_make(roca_half(1024), odd_make(1024));

	(void)state;
	assert_false(modulus_roca(n));
	BN_free(n);
}

/* All residues must be powers: one that is not clears the key. n + 2M' with M' the product of all but r
 * changes only the residue modulo r. */
static void check_roca_each_residue(void **state)
{
	static const unsigned tested[] = {
	    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};

	(void)state;
	for (size_t i = 0; i < NITEMS(tested); i++) {
		BIGNUM *n = modulus_roca_make(2048), *step = BN_new();
		unsigned tries = 0;

		assert_true(modulus_roca(n));
		assert_int_equal(BN_one(step), 1);
		for (size_t j = 0; j < NITEMS(tested); j++)
			if (j != i)
				assert_int_equal(BN_mul_word(step, tested[j]), 1);
		do
			assert_int_equal(BN_add(n, n, step), 1);
		while (modulus_roca(n) && ++tries < tested[i]);
		assert_true(tries < tested[i]);
		BN_free(n);
		BN_free(step);
	}
}

static void check_fermat(void **state)
{
	static const unsigned rounds[] = {1, 2, 50, 95};

	(void)state;
	for (size_t i = 0; i < NITEMS(sizes); i++)
		for (size_t j = 0; j < NITEMS(rounds); j++) {
			BIGNUM *n = modulus_fermat_make(sizes[i], rounds[j]);

			assert_int_equal(modulus_fermat(n), 1);
			BN_free(n);
		}
	check_fault(modulus_fermat_make(2048, 3), FAULT_csr_key_weak_fermat, "");
}

/* 100 rounds and no more: the bound is a rule, not a guess. */
static void check_fermat_bound(void **state)
{
	BIGNUM *n = modulus_fermat_make(2048, 110);

	(void)state;
	assert_int_equal(modulus_fermat(n), 0);
	BN_free(n);
}

static void check_square(void **state)
{
	(void)state;
	check_fault(modulus_power_make(2048, 2), FAULT_csr_key_weak_fermat, "");
	check_fault(modulus_power_make(4096, 4), FAULT_csr_key_weak_fermat, "");
}

static void check_power(void **state)
{
	static const int powers[] = {3, 5, 7, 11, 31};

	(void)state;
	for (size_t i = 0; i < NITEMS(powers); i++)
		check_fault(modulus_power_make(2048, powers[i]), FAULT_csr_key_weak_factor, "p^k");
	check_fault(modulus_power_make(4096, 9), FAULT_csr_key_weak_factor, "p^k");
}

static void check_factor(void **state)
{
	static const unsigned factors[] = {3, 5, 7, 11, 251, 257, 743, 751, 757, 32749, 65519, 65521, 65537};
	char shown[16];

	(void)state;
	for (size_t i = 0; i < NITEMS(factors); i++) {
		(void)snprintf(shown, sizeof(shown), "%u", factors[i]);
		check_fault(modulus_factor_make(2048, factors[i]), FAULT_csr_key_weak_factor, shown);
	}
	check_fault(modulus_factor_make(8192, 65537), FAULT_csr_key_weak_factor, "65537");
	check_fault(modulus_factor_make(2049, 3), FAULT_csr_key_weak_factor, "3");
}

/* Against OpenSSL's division, for every odd number that could be a factor: product by product, nothing is
 * missed. */
static void check_factor_every_prime(void **state)
{
	BIGNUM *n = odd_make(2048), *m = BN_new();

	(void)state;
	for (unsigned p = 3; p <= 65537; p += 2) {
		unsigned d = 3;

		while (d * d <= p && p % d != 0)
			d += 2;
		if (d * d <= p ||
		    (p > 2000 && p % 7 != 1 && p < 65000)) /* a seventh of the middle is enough */
			continue;
		assert_non_null(BN_copy(m, n));
		assert_int_equal(BN_mul_word(m, p), 1);
		assert_int_equal(modulus_small_factor(m), p);
	}
	BN_free(n);
	BN_free(m);
}

static void check_even(void **state)
{
	BIGNUM *n = odd_make(2048);

	(void)state;
	assert_int_equal(BN_add_word(n, 1), 1);
	check_fault(n, FAULT_csr_key_weak_factor, "2");
}

static void check_too_large(void **state)
{
	(void)state;
	check_fault(modulus_roca_make(8200), FAULT_csr_key_size_unsupported, "");
}

/* No false alarm on a hundred honest moduli. */
static void check_honest(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		check_fault(product_make(odd_make(1024), odd_make(1024)), FAULT_none, "");
	check_fault(product_make(odd_make(4096), odd_make(4096)), FAULT_none, "");
}

static void check_other_kinds(void **state)
{
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	EVP_PKEY *key;
	struct err e;

	(void)state;
	for (size_t i = 0; i < NITEMS(curves); i++) {
		key = EVP_EC_gen(curves[i]);
		assert_int_equal(key_check(key, &e), 0);
		EVP_PKEY_free(key);
	}
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_int_equal(key_check(key, &e), 0);
	EVP_PKEY_free(key);
}

/* A key whose octets are `first`, then `fill` thirty times, then `last`. */
static EVP_PKEY *ed25519_make(unsigned first, unsigned fill, unsigned last)
{
	unsigned char raw[32];

	memset(raw, (int)fill, sizeof(raw));
	raw[0] = (unsigned char)first;
	raw[31] = (unsigned char)last;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
}

static void check_unfit(EVP_PKEY *key)
{
	struct err e = {0};

	assert_non_null(key);
	assert_int_equal(key_check(key, &e), -1);
	assert_string_equal(fault_code(e.fault), "csr_not_parsable");
	assert_string_equal(e.arg, "Ed25519");
	EVP_PKEY_free(key);
}

/* y of the points of order 8. */
static const unsigned char order_8[2][32] = {
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
	0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
	0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* Each point of small order with either sign, and each y that is p or more. */
static void check_ed25519_unfit(void **state)
{
	(void)state;
	for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
		check_unfit(ed25519_make(0x00, 0x00, sign));
		check_unfit(ed25519_make(0x01, 0x00, sign));
		for (unsigned low = 0xec; low <= 0xff; low++) /* p - 1, p, ... 2^255 - 1 */
			check_unfit(ed25519_make(low, 0xff, 0x7f | sign));
		for (size_t i = 0; i < NITEMS(order_8); i++) {
			unsigned char raw[32];

			memcpy(raw, order_8[i], sizeof(raw));
			raw[31] |= (unsigned char)sign;
			check_unfit(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw)));
		}
	}
}

/* The neighbours of those, and keys as they are made. */
static void check_ed25519_fit(void **state)
{
	struct err e;

	(void)state;
	for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
		EVP_PKEY *const fit[] = {ed25519_make(0x02, 0x00, sign),
		    ed25519_make(0xeb, 0xff, 0x7f | sign), ed25519_make(0xed, 0xff, 0x7e | sign),
		    ed25519_make(0xff, 0xfe, 0x7f | sign)};

		for (size_t i = 0; i < NITEMS(fit); i++) {
			assert_int_equal(key_check(fit[i], &e), 0);
			EVP_PKEY_free(fit[i]);
		}
	}
	for (int i = 0; i < 100; i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

		assert_int_equal(key_check(key, &e), 0);
		EVP_PKEY_free(key);
	}
}

/* The number's hash is that of the number alone: another exponent changes the SPKI's, not this one. */
static void check_number_hash(void **state)
{
	unsigned char one[32], other[32], spki_one[32], spki_other[32], bytes[256], want[32];
	BIGNUM *n = product_make(odd_make(1024), odd_make(1024));
	EVP_PKEY *a, *b;
	struct err e;

	(void)state;
	assert_int_equal(BN_bn2bin(n, bytes), 256);
	(void)SHA256(bytes, 256, want);
	a = rsa_take(BN_dup(n), 65537);
	b = rsa_take(n, 3);
	assert_int_equal(key_number_sha256(one, a, &e), 0);
	assert_int_equal(key_number_sha256(other, b, &e), 0);
	assert_int_equal(key_spki_sha256(spki_one, a, &e), 0);
	assert_int_equal(key_spki_sha256(spki_other, b, &e), 0);
	assert_memory_equal(one, want, 32);
	assert_memory_equal(other, want, 32);
	assert_memory_not_equal(spki_one, spki_other, 32);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}

/* x of a point and an Edwards key's octets, without leading zeros. */
static void check_number_hash_others(void **state)
{
	static const unsigned char raw[32] = {0, 0, 7, 8, 9, 10};
	unsigned char got[32], want[32], point[65];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	size_t len = 0, zeros = 1;
	struct err e;

	(void)state;
	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len), 1);
	while (point[zeros] == 0)
		zeros++;
	(void)SHA256(point + zeros, 33 - zeros, want);
	assert_int_equal(key_number_sha256(got, key, &e), 0);
	assert_memory_equal(got, want, 32);
	EVP_PKEY_free(key);
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
	(void)SHA256(raw + 2, 30, want);
	assert_int_equal(key_number_sha256(got, key, &e), 0);
	assert_memory_equal(got, want, 32);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    {"section 9.7: ROCA is found", check_roca, NULL, NULL, NULL},
	    cmocka_unit_test(check_roca_half),
	    {"section 9.7: ROCA only when all 17 residues say so", check_roca_each_residue, NULL, NULL, NULL},
	    {"section 9.7: close primes are found by Fermat", check_fermat, NULL, NULL, NULL},
	    {"section 9.7: Fermat goes 100 rounds", check_fermat_bound, NULL, NULL, NULL},
	    cmocka_unit_test(check_square),
	    cmocka_unit_test(check_power),
	    cmocka_unit_test(check_factor),
	    {"section 9.7: every small prime factor is found", check_factor_every_prime, NULL, NULL, NULL},
	    cmocka_unit_test(check_even),
	    cmocka_unit_test(check_too_large),
	    {"section 9.7: honest keys pass", check_honest, NULL, NULL, NULL},
	    cmocka_unit_test(check_other_kinds),
	    {"an Ed25519 key of small order or another encoding is found", check_ed25519_unfit, NULL, NULL,
		NULL},
	    cmocka_unit_test(check_ed25519_fit),
	    cmocka_unit_test(check_number_hash),
	    cmocka_unit_test(check_number_hash_others),
	};

	return cmocka_run_group_tests_name("weak keys", tests, NULL, NULL);
}
