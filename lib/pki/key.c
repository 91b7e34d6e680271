/* key.c - weak public keys; see key.h.
 *
 * The checks run on every request, so what can be prepared once is: the primes to 65537 in groups whose
 * product fills a machine word, and the powers of 65537 that the ROCA test looks for. One pass of exact
 * reduction over the modulus then answers for a whole group.
 */
#include "lib/pki/key.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/pki/openssl.h"

#define FACTOR_MAX 65537
#define PRIMES     6542 /* odd primes up to FACTOR_MAX */
#define LIMBS_MAX  (KEY_RSA_BITS_MOST / 64)
#define LANES      8 /* groups reduced side by side, so that the processor never waits for one product */
#define GROUPS_MAX 2048

/* An odd prime and what tells with one product whether it divides a word: w * inverse <= limit. */
struct small_prime {
	uint64_t inverse, limit;
	unsigned prime;
};

/* A run of primes, their product, and its inverse modulo 2^64. */
struct group {
	uint64_t product, inverse;
	unsigned first, count;
};

static const unsigned roca_primes[] = {
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};
#define ROCA_PRIMES (sizeof(roca_primes) / sizeof(roca_primes[0]))

/* Constant once prepared. */
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static struct small_prime primes[PRIMES];
static struct group groups[GROUPS_MAX];
static unsigned group_count;
static unsigned char roca_powers[ROCA_PRIMES][160]; /* [i][r]: r is a power of 65537 modulo roca_primes[i] */

/* The inverse of an odd number modulo 2^64; each round of Newton's method doubles the right bits, from 3. */
static uint64_t word_inverse(uint64_t odd)
{
	uint64_t inverse = odd;

	for (int i = 0; i < 5; i++)
		inverse *= 2 - odd * inverse;
	return inverse;
}

static bool number_prime(unsigned n)
{
	if (n < 2 || n % 2 == 0)
		return n == 2;
	for (unsigned d = 3; d * d <= n; d += 2)
		if (n % d == 0)
			return false;
	return true;
}

static void group_close(struct group *g)
{
	g->inverse = word_inverse(g->product);
}

static void primes_prepare(void)
{
	struct group *g = groups;
	unsigned count = 0;

	*g = (struct group){.product = 1};
	for (unsigned n = 3; n <= FACTOR_MAX && count < PRIMES; n += 2) {
		if (!number_prime(n))
			continue;
		if (g->product > UINT64_MAX / n) {
			group_close(g);
			*++g = (struct group){.product = 1, .first = count};
		}
		g->product *= n;
		g->count++;
		primes[count].prime = n;
		primes[count].inverse = word_inverse(n);
		primes[count].limit = UINT64_MAX / n;
		count++;
	}
	group_close(g);
	group_count = (unsigned)(g - groups) + 1;
	while (group_count % LANES != 0) /* fill the last row of lanes: 1 has no primes */
		groups[group_count++] = (struct group){.product = 1, .inverse = 1};
}

static void roca_prepare(void)
{
	for (size_t i = 0; i < ROCA_PRIMES; i++)
		for (unsigned r = 1; !roca_powers[i][r]; r = r * (65537 % roca_primes[i]) % roca_primes[i])
			roca_powers[i][r] = 1;
}

static void prepare(void)
{
	primes_prepare();
	roca_prepare();
}

bool modulus_roca(const BIGNUM *n)
{
	(void)pthread_once(&prepared, prepare);
	for (size_t i = 0; i < ROCA_PRIMES; i++)
		if (!roca_powers[i][BN_mod_word(n, roca_primes[i])])
			return false;
	return true;
}

/* n in words, the lowest first; how many. */
static size_t limbs_read(uint64_t limbs[LIMBS_MAX], const BIGNUM *n)
{
	unsigned char bytes[LIMBS_MAX * 8];
	size_t count = (size_t)(BN_num_bits(n) + 63) / 64;

	if (BN_bn2lebinpad(n, bytes, (int)(count * 8)) == -1)
		return 0;
	for (size_t i = 0; i < count; i++) {
		limbs[i] = 0;
		for (int j = 7; j >= 0; j--)
			limbs[i] = limbs[i] << 8 | bytes[i * 8 + (size_t)j];
	}
	return count;
}

/* Reduce n modulo LANES group products by exact division, limb after limb: rest[i] = -n * 2^(-64 count)
 * modulo the product, or the product itself for 0. Sign and power of two change no divisibility by an odd
 * prime. */
static void groups_reduce(uint64_t rest[LANES], const struct group *g, const uint64_t *limbs, size_t count)
{
	uint64_t acc[LANES] = {0};

	for (size_t i = 0; i < count; i++)
#pragma GCC unroll 8
		for (int lane = 0; lane < LANES; lane++) {
			uint64_t q = (limbs[i] - acc[lane]) * g[lane].inverse;
			uint64_t high = (uint64_t)((unsigned __int128)q * g[lane].product >> 64);

			acc[lane] = high + (limbs[i] < acc[lane]);
		}
	memcpy(rest, acc, sizeof(acc));
}

/* The first prime of the group that divides its rest, or 0. */
static unsigned group_divisor(const struct group *g, uint64_t rest)
{
	for (unsigned i = g->first; i < g->first + g->count; i++)
		if (rest * primes[i].inverse <= primes[i].limit)
			return primes[i].prime;
	return 0;
}

unsigned modulus_small_factor(const BIGNUM *n)
{
	uint64_t limbs[LIMBS_MAX], rest[LANES];
	unsigned found;
	size_t count;

	assert(BN_num_bits(n) <= KEY_RSA_BITS_MOST);
	(void)pthread_once(&prepared, prepare);
	if (!BN_is_odd(n))
		return 2;
	count = limbs_read(limbs, n);
	for (unsigned i = 0; i < group_count; i += LANES) {
		groups_reduce(rest, groups + i, limbs, count);
		for (unsigned lane = 0; lane < LANES; lane++)
			if ((found = group_divisor(groups + i + lane, rest[lane])) != 0)
				return found;
	}
	return 0;
}

/* root = the square root of n, rounded down (Newton's method from above, which ends there but for 0). 0, or
 * -1 without memory. */
static int number_root(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *next;
	int rc = -1;

	if (BN_is_zero(n))
		return BN_set_word(root, 0) ? 0 : -1;
	BN_CTX_start(ctx);
	next = BN_CTX_get(ctx);
	if (next == NULL || !BN_set_word(root, 0) || !BN_set_bit(root, (BN_num_bits(n) + 1) / 2))
		goto out;
	for (;;) {
		if (!BN_div(next, NULL, n, root, ctx) || !BN_add(next, next, root) || !BN_rshift1(next, next))
			goto out;
		if (BN_cmp(next, root) >= 0)
			break;
		if (BN_copy(root, next) == NULL)
			goto out;
	}
	rc = 0;
out:
	BN_CTX_end(ctx);
	return rc;
}

/* 1 when n is a square, 0 when not, -1 without memory. */
static int number_square(const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *root;
	int rc = -1;

	BN_CTX_start(ctx);
	root = BN_CTX_get(ctx);
	if (root != NULL && number_root(root, n, ctx) == 0 && BN_sqr(root, root, ctx))
		rc = BN_cmp(root, n) == 0;
	BN_CTX_end(ctx);
	return rc;
}

/* Whether r, a rest modulo 64 * 63 * 65 * 11, may come from a square: 19 of 20 others do not. */
#define SQUARE_MODULUS (64UL * 63 * 65 * 11)
static bool rest_square(uint64_t r)
{
	static const uint64_t modulo_64 = 0x0202021202030213, modulo_63 = 0x0402483012450293;
	static const uint64_t modulo_65_low = 0x218a019866014613, modulo_11 = 0x23b;
	uint64_t r65 = r % 65;

	/* Bit i of each word: i is a square to that modulus; 64 is one modulo 65. */
	return (modulo_64 >> (r & 63) & 1) && (modulo_63 >> r % 63 & 1) && (modulo_11 >> r % 11 & 1) &&
	       (r65 == 64 || (modulo_65_low >> r65 & 1));
}

/* Fermat: n = (a - b)(a + b) when a^2 - n is a square b^2, for a from the root of n upwards. The rounds are
 * done on the rest of a^2 - n to a small modulus; only what may be a square is looked at in full. */
static int fermat_rounds(BIGNUM *a, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *b2 = BN_CTX_get(ctx);
	uint64_t rest, step;
	int square;

	if (b2 == NULL || !BN_sqr(b2, a, ctx) || !BN_sub(b2, b2, n))
		return -1;
	rest = BN_mod_word(b2, SQUARE_MODULUS);
	step = BN_mod_word(a, SQUARE_MODULUS);
	for (int round = 0; round < KEY_FERMAT_ROUNDS; round++) {
		if (rest_square(rest)) {
			if (!BN_sqr(b2, a, ctx) || !BN_sub(b2, b2, n) ||
			    (square = number_square(b2, ctx)) == -1)
				return -1;
			if (square)
				return 1;
		}
		rest = (rest + 2 * step + 1) % SQUARE_MODULUS; /* (a + 1)^2 = a^2 + 2a + 1 */
		step = (step + 1) % SQUARE_MODULUS;
		if (!BN_add_word(a, 1))
			return -1;
	}
	return 0;
}

int modulus_fermat(const BIGNUM *n)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *a, *square;
	int rc = -1;

	if (ctx == NULL)
		return -1;
	BN_CTX_start(ctx);
	a = BN_CTX_get(ctx);
	square = BN_CTX_get(ctx);
	if (square == NULL || number_root(a, n, ctx) == -1 || !BN_sqr(square, a, ctx))
		goto out;
	if (BN_cmp(square, n) < 0 && !BN_add_word(a, 1))
		goto out;
	rc = fermat_rounds(a, n, ctx);
out:
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return rc;
}

/* base^exponent modulo q < 2^32. */
static uint64_t word_power(uint64_t base, unsigned exponent, uint64_t q)
{
	uint64_t result = 1;

	for (base %= q; exponent > 0; exponent >>= 1) {
		if (exponent & 1)
			result = result * base % q;
		base = base * base % q;
	}
	return result;
}

/* Whether n looks like a k-th power to every prime q = 1 (mod k) tried; another number passes each with
 * chance 1/k. Enough are tried for a false alarm under 2^-40. */
static bool modulus_power_of(const BIGNUM *n, unsigned k)
{
	double left = 1099511627776.0; /* 2^40 */

	for (unsigned q = 2 * k + 1; left > 1; q += 2 * k) {
		uint64_t r;

		if (!number_prime(q) || (r = BN_mod_word(n, q)) == 0)
			continue;
		if (word_power(r, (q - 1) / k, q) != 1)
			return false;
		left /= k;
	}
	return true;
}

bool modulus_power(const BIGNUM *n)
{
	/* Without factors of 16 bits a k-th power has more than 16 k bits. */
	unsigned most = (unsigned)BN_num_bits(n) / 16;

	for (unsigned k = 3; k <= most; k += 2)
		if (number_prime(k) && modulus_power_of(n, k))
			return true;
	return false;
}

static int check_modulus(const BIGNUM *n, struct err *e)
{
	char factor[16];
	unsigned small;
	int fermat;

	if (BN_num_bits(n) > KEY_RSA_BITS_MOST)
		return err_set(e, FAULT_csr_key_size_unsupported, "key: modulus of %d bits", BN_num_bits(n));
	if (modulus_roca(n))
		return err_set(e, FAULT_csr_key_weak_roca, "key: ROCA");
	small = modulus_small_factor(n);
	if (small != 0) {
		(void)snprintf(factor, sizeof(factor), "%u", small);
		return err_set_arg(e, FAULT_csr_key_weak_factor, factor, "key: divisible by %s", factor);
	}
	fermat = modulus_fermat(n);
	if (fermat == -1)
		return openssl_error(e, FAULT_busy, "key: Fermat");
	if (fermat == 1)
		return err_set(e, FAULT_csr_key_weak_fermat, "key: close primes");
	if (modulus_power(n))
		return err_set_arg(e, FAULT_csr_key_weak_factor, "p^k", "key: a prime power");
	return 0;
}

static int check_rsa(const EVP_PKEY *key, struct err *e)
{
	BIGNUM *n = NULL;
	int rc;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		return openssl_error(e, FAULT_busy, "key: no modulus");
	rc = check_modulus(n, e);
	BN_free(n);
	return rc;
}

static int check_point(const EVP_PKEY *key, struct err *e)
{
	EVP_PKEY *same = (EVP_PKEY *)(uintptr_t)key; /* the context takes a reference, no more */
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, same, NULL);
	int rc = 0;

	if (ctx == NULL)
		return openssl_error(e, FAULT_busy, "key: no context");
	if (EVP_PKEY_public_check_quick(ctx) != 1)
		rc = openssl_error(e, FAULT_csr_not_parsable, "key: no point of its curve");
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

/* The y of Ed25519's points of order 1, 2, 4 and 8, lowest octet first; both signs of x count. */
static const unsigned char ed25519_small[][32] = {
    {0x01},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x00},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
	0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
	0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* Whether y is p = 2^255 - 19 or more: RFC 8032 5.1.3 decodes no such point. */
static bool ed25519_over(const unsigned char y[32])
{
	for (int i = 1; i < 31; i++)
		if (y[i] != 0xff)
			return false;
	return y[31] == 0x7f && y[0] >= 0xed;
}

/* OpenSSL takes any octets for a key of Ed25519, and reduces a y of p or more, so that a point has two
 * encodings and two hashes. Against a key of small order one signature holds for many messages, or for all:
 * it proves no possession. */
static int check_ed25519(const EVP_PKEY *key, struct err *e)
{
	unsigned char y[32];
	size_t len = sizeof(y);
	bool fit;

	if (EVP_PKEY_get_raw_public_key(key, y, &len) != 1 || len != sizeof(y))
		return openssl_error(e, FAULT_busy, "key: no octets");
	y[31] &= 0x7f; /* the sign of x */
	fit = !ed25519_over(y);
	for (size_t i = 0; i < sizeof(ed25519_small) / sizeof(ed25519_small[0]); i++)
		fit = fit && memcmp(y, ed25519_small[i], sizeof(y)) != 0;
	return fit ? 0
		   : err_set_arg(e, FAULT_csr_not_parsable, "Ed25519",
			 "key: a point of small order, or not in its one encoding");
}

int key_check(const EVP_PKEY *key, struct err *e)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return check_rsa(key, e);
	if (EVP_PKEY_is_a(key, "ED25519"))
		return check_ed25519(key, e);
	return EVP_PKEY_is_a(key, "EC") ? check_point(key, e) : 0;
}

static int number_hash(unsigned char out[32], const EVP_PKEY *key, const char *param)
{
	unsigned char bytes[KEY_RSA_BITS_MOST / 8];
	BIGNUM *number = NULL;
	int rc = -1;

	if (EVP_PKEY_get_bn_param(key, param, &number) == 1 && BN_num_bytes(number) <= (int)sizeof(bytes)) {
		(void)SHA256(bytes, (size_t)BN_bn2bin(number, bytes), out);
		rc = 0;
	}
	BN_free(number);
	return rc;
}

int key_number_sha256(unsigned char out[32], const EVP_PKEY *key, struct err *e)
{
	unsigned char raw[64];
	size_t len = sizeof(raw), zeros = 0;
	int rc;

	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
		rc = number_hash(out, key, OSSL_PKEY_PARAM_RSA_N);
	else if (EVP_PKEY_is_a(key, "EC"))
		rc = number_hash(out, key, OSSL_PKEY_PARAM_EC_PUB_X);
	else {
		rc = EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 ? 0 : -1;
		while (rc == 0 && zeros < len && raw[zeros] == 0)
			zeros++;
		if (rc == 0)
			(void)SHA256(raw + zeros, len - zeros, out);
	}
	return rc == 0 ? 0 : openssl_error(e, FAULT_busy, "key: no number to hash");
}

/* An EC key's SubjectPublicKeyInfo: it may have come with its curve spelled out, or its point compressed. */
static int ec_spki(unsigned char **der, const EVP_PKEY *key)
{
	EVP_PKEY *copy = EVP_PKEY_dup((EVP_PKEY *)(uintptr_t)key); /* which is only read */
	int len = -1;

	if (copy != NULL &&
	    EVP_PKEY_set_utf8_string_param(
		copy, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") == 1 &&
	    EVP_PKEY_set_utf8_string_param(copy, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve") == 1)
		len = i2d_PUBKEY(copy, der);
	EVP_PKEY_free(copy);
	return len;
}

/* An id-RSASSA-PSS key's numbers as rsaEncryption, the only algorithm that a request may name for them. */
static int pss_spki(unsigned char **der, const EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *all = NULL, *n, *e; /* of all, the hash and salt length stay behind */
	EVP_PKEY *rsa = NULL;
	int len = -1;

	if (ctx != NULL && EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &all) == 1 &&
	    (n = OSSL_PARAM_locate(all, OSSL_PKEY_PARAM_RSA_N)) != NULL &&
	    (e = OSSL_PARAM_locate(all, OSSL_PKEY_PARAM_RSA_E)) != NULL) {
		OSSL_PARAM numbers[] = {*n, *e, OSSL_PARAM_construct_end()};

		if (EVP_PKEY_fromdata_init(ctx) == 1 &&
		    EVP_PKEY_fromdata(ctx, &rsa, EVP_PKEY_PUBLIC_KEY, numbers) == 1)
			len = i2d_PUBKEY(rsa, der);
	}
	EVP_PKEY_free(rsa);
	OSSL_PARAM_free(all);
	EVP_PKEY_CTX_free(ctx);
	return len;
}

int key_spki_sha256(unsigned char out[32], const EVP_PKEY *key, struct err *e)
{
	unsigned char *der = NULL;
	int len;

	if (EVP_PKEY_is_a(key, "EC"))
		len = ec_spki(&der, key);
	else
		len = EVP_PKEY_is_a(key, "RSA-PSS") ? pss_spki(&der, key) : i2d_PUBKEY(key, &der);
	if (len <= 0)
		return openssl_error(e, FAULT_busy, "key: no SubjectPublicKeyInfo");
	(void)SHA256(der, (size_t)len, out);
	OPENSSL_free(der);
	return 0;
}

int key_hashes(struct key_hashes *out, const EVP_PKEY *key, struct err *e)
{
	return key_spki_sha256(out->spki, key, e) == -1 ? -1 : key_number_sha256(out->number, key, e);
}
