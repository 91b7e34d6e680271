/* signing_key.c - a CA's private key and the signatures made with it; see signing_key.h. */
#include "lib/pki/signing_key.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "lib/base/err.h"
#include "lib/pki/key_file.h"
#include "lib/pki/openssl.h"
#include "lib/pki/token.h"

struct signing_key {
	EVP_PKEY *key;       /* owned: both halves (file) or the public half (token) */
	struct token *token; /* borrowed; NULL: the key is in memory */
	unsigned long handle;
	unsigned generation; /* of the token when the handle was found */
};

/* SBR 7.1.3.2.1 and 7.1.3.2.2, octet for octet: RSA has the NULL, ECDSA has no parameters. */
#define RSA_WITH(last)                                                                                   \
	{                                                                                                \
		0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last, 0x05, 0x00 \
	}
#define ECDSA_WITH(last)                                                               \
	{                                                                              \
		0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last \
	}

static const struct algorithm_row {
	const char *type, *group; /* group NULL: RSA, told apart by its hash */
	int rsa_hash;
	struct signature_algorithm algorithm;
} algorithm_rows[] = {
    {"RSA", NULL, 256, {RSA_WITH(0x0b), 15, "SHA256"}},
    {"RSA", NULL, 384, {RSA_WITH(0x0c), 15, "SHA384"}},
    {"RSA", NULL, 512, {RSA_WITH(0x0d), 15, "SHA512"}},
    {"EC", "prime256v1", 0, {ECDSA_WITH(0x02), 12, "SHA256"}},
    {"EC", "secp384r1", 0, {ECDSA_WITH(0x03), 12, "SHA384"}},
    {"EC", "secp521r1", 0, {ECDSA_WITH(0x04), 12, "SHA512"}},
};

const struct signature_algorithm *signature_algorithm_for(const EVP_PKEY *public_key, int rsa_hash)
{
	char group[32] = "";

	if (rsa_hash == 0)
		rsa_hash = 256;
	if (EVP_PKEY_is_a(public_key, "EC") &&
	    EVP_PKEY_get_group_name(public_key, group, sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < sizeof(algorithm_rows) / sizeof(algorithm_rows[0]); i++) {
		const struct algorithm_row *row = &algorithm_rows[i];

		if (EVP_PKEY_is_a(public_key, row->type) &&
		    (row->group == NULL ? row->rsa_hash == rsa_hash : strcmp(row->group, group) == 0))
			return &row->algorithm;
	}
	return NULL;
}

static struct signing_key *signing_key_new(EVP_PKEY *key, struct token *token, struct err *e)
{
	struct signing_key *k = calloc(1, sizeof(*k));

	if (k == NULL || EVP_PKEY_up_ref(key) != 1) {
		free(k);
		(void)err_set(e, FAULT_busy, "signing key: out of memory");
		return NULL;
	}
	k->key = key;
	k->token = token;
	return k;
}

int signing_key_load(struct signing_key **out, const char *path, struct err *e)
{
	EVP_PKEY *key;

	if (key_file_load(&key, path, e) == -1)
		return -1;
	*out = signing_key_new(key, NULL, e);
	EVP_PKEY_free(key);
	return *out == NULL ? -1 : 0;
}

int signing_key_find(
    struct signing_key **out, struct token *token, const char *label, EVP_PKEY *public_key, struct err *e)
{
	unsigned long handle;
	struct signing_key *k;

	if (token_key_find(token, label, &handle, e) == -1)
		return -1;
	k = signing_key_new(public_key, token, e);
	if (k == NULL)
		return -1;
	k->handle = handle;
	k->generation = token_generation(token);
	*out = k;
	return 0;
}

int signing_key_create(struct signing_key **out, enum ca_key type, const char *path, struct err *e)
{
	const struct ca_key_row *row = ca_key_row(type);
	EVP_PKEY *key;
	int rc = -1;

	key = row->group != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, row->type, row->group)
				 : EVP_PKEY_Q_keygen(NULL, NULL, row->type, (size_t)row->bits);
	if (key == NULL)
		return openssl_error(e, FAULT_internal, "make a %s key", row->word);
	if (key_file_create(path, key, e) == 0) {
		*out = signing_key_new(key, NULL, e);
		rc = *out == NULL ? -1 : 0;
	}
	EVP_PKEY_free(key);
	return rc;
}

int signing_key_create_in_token(
    struct signing_key **out, enum ca_key type, struct token *token, const char *label, struct err *e)
{
	EVP_PKEY *public_key = NULL;
	unsigned long handle;

	if (token_key_create(token, type, label, &handle, &public_key, e) == -1)
		return -1;
	*out = signing_key_new(public_key, token, e);
	EVP_PKEY_free(public_key);
	if (*out == NULL)
		return -1;
	(*out)->handle = handle;
	(*out)->generation = token_generation(token);
	return 0;
}

EVP_PKEY *signing_key_public(const struct signing_key *k)
{
	return k->key;
}

static int sign_in_memory(const struct signing_key *k, const struct signature_algorithm *a,
    const unsigned char *bytes, size_t len, unsigned char **out, size_t *out_len, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t room = (size_t)EVP_PKEY_get_size(k->key);
	unsigned char *signature = malloc(room == 0 ? 1 : room);
	int rc = -1;

	if (ctx == NULL || signature == NULL ||
	    EVP_DigestSignInit_ex(ctx, NULL, a->hash, NULL, NULL, k->key, NULL) != 1 ||
	    EVP_DigestSign(ctx, signature, &room, bytes, len) != 1) {
		(void)openssl_error(e, FAULT_internal, "sign with %s", a->hash);
		goto out;
	}
	*out = signature;
	*out_len = room;
	signature = NULL;
	rc = 0;
out:
	free(signature);
	EVP_MD_CTX_free(ctx);
	return rc;
}

static int sign_in_token(const struct signing_key *k, const struct signature_algorithm *a,
    const unsigned char *bytes, size_t len, unsigned char **out, size_t *out_len, struct err *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t digest_len;

	if (k->generation != token_generation(k->token))
		return err_set(e, FAULT_busy, "the token was opened anew: the key must be found again");
	if (EVP_Q_digest(NULL, a->hash, NULL, bytes, len, digest, &digest_len) != 1)
		return openssl_error(e, FAULT_internal, "digest with %s", a->hash);
	return token_sign(k->token, k->handle, k->key, a->hash, digest, digest_len, out, out_len, e);
}

int signing_key_sign(const struct signing_key *k, const struct signature_algorithm *a, EVP_PKEY *public_key,
    const unsigned char *bytes, size_t len, unsigned char **out, size_t *out_len, struct err *e)
{
	unsigned char *signature = NULL;
	size_t signature_len = 0;
	int rc;

	rc = k->token == NULL ? sign_in_memory(k, a, bytes, len, &signature, &signature_len, e)
			      : sign_in_token(k, a, bytes, len, &signature, &signature_len, e);
	if (rc == -1)
		return -1;
	if (public_key == NULL)
		public_key = k->key;
	if (signature_verify(public_key, a, bytes, len, signature, signature_len, e) == -1) {
		OPENSSL_cleanse(signature, signature_len);
		free(signature);
		return -1;
	}
	*out = signature;
	*out_len = signature_len;
	return 0;
}

int signature_verify(EVP_PKEY *public_key, const struct signature_algorithm *a, const unsigned char *bytes,
    size_t len, const unsigned char *signature, size_t signature_len, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = 0;

	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, a->hash, NULL, NULL, public_key, NULL) != 1 ||
	    EVP_DigestVerify(ctx, signature, signature_len, bytes, len) != 1)
		rc = openssl_error(e, FAULT_internal, "signature does not verify with the public key");
	EVP_MD_CTX_free(ctx);
	return rc;
}

void signing_key_free(struct signing_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}
