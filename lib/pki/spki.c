/* spki.c - SubjectPublicKeyInfo; see spki.h. */
#include "lib/pki/spki.h"

#include <stdint.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "lib/pki/product.h"

/* What SBR 7.1.3.1 allows as AlgorithmIdentifier of a key. */
struct kind {
	unsigned type;
	size_t len;        /* octets of the key; 0: RSA's, any */
	const char *group; /* EC: the curve, and the octets are an uncompressed point's */
	const char *algorithm;
	size_t algorithm_len;
};

#define ALGORITHM(bytes) (bytes), sizeof(bytes) - 1
static const struct kind kinds[] = {
    {KEY_RSA, 0, NULL, ALGORITHM("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")},
    {KEY_P256, 65, "P-256",
	ALGORITHM("\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")},
    {KEY_P384, 97, "P-384",
	ALGORITHM("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22")},
    {KEY_P521, 133, "P-521",
	ALGORITHM("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23")},
    {KEY_ED25519, 32, NULL, ALGORITHM("\x30\x05\x06\x03\x2b\x65\x70")},
};

static const struct kind *kind_find(const struct der_value *algorithm)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].algorithm_len == algorithm->whole_len &&
		    memcmp(kinds[i].algorithm, algorithm->whole, algorithm->whole_len) == 0)
			return &kinds[i];
	return NULL;
}

/* A positive INTEGER in its shortest form. */
static bool take_positive(struct der *in, struct der_value *out)
{
	if (!der_take(in, DER_INTEGER, out) || out->len == 0 || (out->bytes[0] & 0x80) != 0)
		return false;
	return out->bytes[0] != 0 || (out->len > 1 && (out->bytes[1] & 0x80) != 0);
}

/* RSAPublicKey (RFC 8017 A.1.1) in DER, so that one key has one encoding and one hash. */
static bool rsa_split(struct spki *out)
{
	struct der bits = der_open(out->key.bytes + 1, out->key.len - 1);
	struct der_value sequence;

	if (!der_take_last(&bits, DER_SEQUENCE, &sequence))
		return false;
	bits = der_inside(&sequence);
	return take_positive(&bits, &out->modulus) && take_positive(&bits, &out->exponent) && der_end(&bits);
}

bool spki_split(struct spki *out, struct der *in)
{
	const struct kind *kind;
	struct der all = *in;

	*out = (struct spki){0};
	if (!der_take(&all, DER_SEQUENCE, &out->algorithm))
		return false;
	*in = all;
	if (!der_take_last(&all, DER_BIT_STRING, &out->key) || out->key.len < 2 || out->key.bytes[0] != 0)
		return false;
	*in = all;
	kind = kind_find(&out->algorithm);
	if (kind == NULL)
		return true;
	out->type = kind->type;
	if (kind->type == KEY_RSA)
		out->formed = rsa_split(out);
	else
		out->formed =
		    out->key.len - 1 == kind->len && (kind->group == NULL || out->key.bytes[1] == 4);
	return true;
}

bool spki_read(struct spki *out, const unsigned char *der, size_t len)
{
	struct der all = der_open(der, len);
	struct der_value whole;

	if (!der_take_last(&all, DER_SEQUENCE, &whole))
		return false;
	all = der_inside(&whole);
	return spki_split(out, &all) && out->formed;
}

/* What OpenSSL makes of these parameters: a public key, or what keys of a group share. NULL when it finds
 * that they are none. */
static EVP_PKEY *key_make(const char *type, int selection, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *rsa_key(const struct spki *s)
{
	BIGNUM *n = BN_bin2bn(s->modulus.bytes, (int)s->modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(s->exponent.bytes, (int)s->exponent.len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key;

	if (n != NULL && e != NULL && build != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	key = key_make("RSA", EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return key;
}

/* A key of a curve, without a point. NULL without memory. */
static EVP_PKEY *bare_make(const char *group)
{
	/* What is handed over is read only; its type has no word for that. */
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
	    OSSL_PARAM_construct_end()};

	return key_make("EC", EVP_PKEY_KEY_PARAMETERS, params);
}

/* Looking a group up by its name and working out its constants takes a fifth of a verification, copying them
 * a twentieth: so one such key for each of kinds[] that has a group is made at the first use, and stays. One
 * that could not be made then is made anew for each key. */
static EVP_PKEY *bare[sizeof(kinds) / sizeof(kinds[0])];

static void bare_make_all(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].group != NULL)
			bare[i] = bare_make(kinds[i].group);
}

static EVP_PKEY *ec_key(const struct spki *s)
{
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
	const struct kind *kind = kind_find(&s->algorithm);
	EVP_PKEY *group, *key;

	if (CRYPTO_THREAD_run_once(&once, bare_make_all) != 1)
		return NULL;
	group = bare[kind - kinds];
	key = group == NULL ? bare_make(kind->group) : EVP_PKEY_dup(group);
	if (key != NULL && EVP_PKEY_set1_encoded_public_key(key, s->key.bytes + 1, s->key.len - 1) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

EVP_PKEY *spki_key(const struct spki *s)
{
	EVP_PKEY *key = NULL;

	if (!s->formed)
		return NULL;
	if (s->type == KEY_RSA)
		key = rsa_key(s);
	else if (s->type == KEY_ED25519)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, s->key.bytes + 1, s->key.len - 1);
	else
		key = ec_key(s);
	if (key == NULL)
		ERR_clear_error();
	return key;
}
