/* seal.c - seal the audit log; see seal.h. */
#include "lib/pki/seal.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "lib/base/err.h"
#include "lib/pki/key_file.h"
#include "lib/pki/openssl.h"

/* So that a seal can never pass for a signature of another kind, nor another version's for this one's. */
#define SEAL_CONTEXT "mailcert audit seal 1"
#define SEAL_OCTETS  (sizeof(SEAL_CONTEXT) + 3 * 8 + 2 * SEAL_HASH_LEN)

const unsigned char seal_origin[SEAL_HASH_LEN];

int seal_event_hash(unsigned char out[SEAL_HASH_LEN], const unsigned char before[SEAL_HASH_LEN],
    const void *event, size_t len, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = 0;

	if (ctx == NULL || EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, before, SEAL_HASH_LEN) != 1 || EVP_DigestUpdate(ctx, event, len) != 1 ||
	    EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		rc = openssl_error(e, FAULT_busy, "hash of an event");
	EVP_MD_CTX_free(ctx);
	return rc;
}

static unsigned char *put_number(unsigned char *p, uint64_t n)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		*p++ = (unsigned char)(n >> shift);
	return p;
}

/* What is signed: the context with its NUL, the three numbers in big-endian order, the two hashes. */
static void seal_encode(unsigned char out[SEAL_OCTETS], const struct seal *s)
{
	unsigned char *p = out;

	memcpy(p, SEAL_CONTEXT, sizeof(SEAL_CONTEXT));
	p = put_number(p + sizeof(SEAL_CONTEXT), s->first);
	p = put_number(p, s->last);
	p = put_number(p, (uint64_t)s->sealed_at);
	memcpy(p, s->before, SEAL_HASH_LEN);
	memcpy(p + SEAL_HASH_LEN, s->head, SEAL_HASH_LEN);
}

int seal_sign(struct seal *s, EVP_PKEY *key, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char octets[SEAL_OCTETS];
	size_t len = sizeof(s->signature);
	int rc = 0;

	seal_encode(octets, s);
	if (s->last < s->first || !EVP_PKEY_is_a(key, "ED25519"))
		rc = err_set(e, FAULT_internal, "seal: events out of order, or not an Ed25519 key");
	else if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) != 1 ||
		 EVP_DigestSign(ctx, s->signature, &len, octets, sizeof(octets)) != 1)
		rc = openssl_error(e, FAULT_internal, "seal");
	EVP_MD_CTX_free(ctx);
	return rc;
}

int seal_verify(const struct seal *s, EVP_PKEY *public_key, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char octets[SEAL_OCTETS];
	int rc = 0;

	seal_encode(octets, s);
	if (ctx == NULL || s->last < s->first || !EVP_PKEY_is_a(public_key, "ED25519") ||
	    EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, public_key, NULL) != 1 ||
	    EVP_DigestVerify(ctx, s->signature, sizeof(s->signature), octets, sizeof(octets)) != 1)
		rc = openssl_error(e, FAULT_internal, "seal of events %llu to %llu does not verify",
		    (unsigned long long)s->first, (unsigned long long)s->last);
	EVP_MD_CTX_free(ctx);
	return rc;
}

int seal_key_create(EVP_PKEY **out, const char *path, struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (key == NULL)
		return openssl_error(e, FAULT_internal, "make a sealing key");
	if (key_file_create(path, key, e) == -1) {
		EVP_PKEY_free(key);
		return -1;
	}
	*out = key;
	return 0;
}

int seal_key_load(EVP_PKEY **out, const char *path, struct err *e)
{
	EVP_PKEY *key;

	if (key_file_load(&key, path, e) == -1)
		return -1;
	if (!EVP_PKEY_is_a(key, "ED25519")) {
		EVP_PKEY_free(key);
		return err_set(e, FAULT_config_invalid, "key file %s: not an Ed25519 key", path);
	}
	*out = key;
	return 0;
}

int seal_public_write(char **pem, EVP_PKEY *key, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy = NULL;
	long len;

	if (bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1) {
		len = BIO_get_mem_data(bio, &text);
		copy = strndup(text, (size_t)len);
	}
	BIO_free(bio);
	if (copy == NULL)
		return openssl_error(e, FAULT_busy, "public half of the sealing key");
	*pem = copy;
	return 0;
}

int seal_public_read(EVP_PKEY **out, const char *pem, struct err *e)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	if (key == NULL || !EVP_PKEY_is_a(key, "ED25519")) {
		EVP_PKEY_free(key);
		return openssl_error(e, FAULT_config_invalid, "not the public half of a sealing key");
	}
	*out = key;
	return 0;
}
