/* weak_keys.h - moduli that are broken in one way each, made on the spot; for the tests of keys and requests.
 *
 * The factors need not be prime for most of these checks, which saves the time of finding primes.
 */
#ifndef TESTS_UNIT_WEAK_KEYS_H
#define TESTS_UNIT_WEAK_KEYS_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "lib/pki/key.h"

#define SHARED_KEY __attribute__((unused)) static

/* A random odd number of exactly that many bits, without a prime factor below 65538 as far as
 * modulus_small_factor() looks. The caller frees it. */
SHARED_KEY BIGNUM *odd_make(int bits)
{
	BIGNUM *n = BN_new();

	do
		assert_int_equal(BN_rand(n, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
	while (bits <= KEY_RSA_BITS_MOST && modulus_small_factor(n) != 0);
	return n;
}

/* p * q; frees both. */
SHARED_KEY BIGNUM *product_make(BIGNUM *p, BIGNUM *q)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_new();

	assert_int_equal(BN_mul(n, p, q, ctx), 1);
	BN_free(p);
	BN_free(q);
	BN_CTX_free(ctx);
	return n;
}

/* Like Infineon's primes: k * M + (65537^a mod M), M the product of the primes up to 167. */
SHARED_KEY BIGNUM *roca_half(int bits)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *m = BN_new(), *a = BN_new(), *base = BN_new(), *p = BN_new();

	assert_int_equal(BN_one(m), 1);
	for (unsigned prime = 2; prime <= 167; prime++) {
		unsigned d = 2;

		while (prime % d != 0)
			d++;
		if (d == prime)
			assert_int_equal(BN_mul_word(m, prime), 1);
	}
	do {
		assert_int_equal(BN_set_word(base, 65537), 1);
		assert_int_equal(BN_rand(a, 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), 1);
		assert_int_equal(BN_mod_exp(p, base, a, m, ctx), 1);
		assert_int_equal(
		    BN_rand(a, bits - BN_num_bits(m) + 1, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY), 1);
		assert_int_equal(BN_mul(a, a, m, ctx), 1);
		assert_int_equal(BN_add(p, p, a), 1);
	} while (BN_num_bits(p) != bits);
	BN_free(m);
	BN_free(a);
	BN_free(base);
	BN_CTX_free(ctx);
	return p;
}

SHARED_KEY BIGNUM *modulus_roca_make(int bits)
{
	BIGNUM *n = NULL;

	do {
		BN_free(n);
		n = product_make(roca_half(bits / 2), roca_half(bits / 2));
	} while (BN_num_bits(n) != bits);
	return n;
}

/* p * (p + d) that Fermat's method factors in about that many rounds: d^2 = 8 p rounds, for the middle of the
 * two lies d^2 / 8p over the root of their product. */
SHARED_KEY BIGNUM *modulus_fermat_make(int bits, unsigned rounds)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = odd_make(bits / 2), *d = BN_dup(p), *root = BN_new(), *q = BN_new();

	assert_int_equal(BN_mul_word(d, 8 * rounds), 1);
	/* The root of d to the precision that matters: 2^floor(bits / 2), then Newton. */
	assert_int_equal(BN_set_word(root, 0), 1);
	assert_int_equal(BN_set_bit(root, BN_num_bits(d) / 2), 1);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(BN_div(q, NULL, d, root, ctx), 1);
		assert_int_equal(BN_add(root, root, q), 1);
		assert_int_equal(BN_rshift1(root, root), 1);
	}
	if (BN_is_odd(root))
		assert_int_equal(BN_add_word(root, 1), 1);
	for (assert_int_equal(BN_add(q, p, root), 1); modulus_small_factor(q) != 0;)
		assert_int_equal(BN_add_word(q, 2), 1);
	BN_free(d);
	BN_free(root);
	BN_CTX_free(ctx);
	return product_make(p, q);
}

/* A number of that many bits divisible by the factor and by no smaller prime. */
SHARED_KEY BIGNUM *modulus_factor_make(int bits, unsigned factor)
{
	BIGNUM *n = odd_make(bits), *f = BN_new();

	assert_int_not_equal(BN_div_word(n, factor), (BN_ULONG)-1);
	for (assert_int_equal(BN_set_bit(n, 0), 1); modulus_small_factor(n) != 0;)
		assert_int_equal(BN_add_word(n, 2), 1);
	assert_int_equal(BN_set_word(f, factor), 1);
	return product_make(n, f);
}

/* p^k of that many bits. */
SHARED_KEY BIGNUM *modulus_power_make(int bits, int k)
{
	BIGNUM *n = NULL;

	do {
		BIGNUM *p = odd_make(bits / k + (bits % k != 0));

		BN_free(n);
		n = BN_dup(p);
		for (int i = 1; i < k; i++)
			n = product_make(n, BN_dup(p));
		BN_free(p);
	} while (BN_num_bits(n) < bits - k);
	return n;
}

/* An RSA public key of these numbers. The caller frees it; n and e stay the caller's. */
SHARED_KEY EVP_PKEY *rsa_make(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* The same with e = 65537 or another small one, taking n. */
SHARED_KEY EVP_PKEY *rsa_take(BIGNUM *n, unsigned long exponent)
{
	BIGNUM *e = BN_new();
	EVP_PKEY *key;

	assert_int_equal(BN_set_word(e, exponent), 1);
	key = rsa_make(n, e);
	BN_free(n);
	BN_free(e);
	return key;
}

#endif
