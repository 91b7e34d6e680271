/* signing_key.h - a CA's private key, in a file or in a PKCS #11 token, and the signatures made with it.
 *
 * The AlgorithmIdentifiers are those of SBR 7.1.3.2 and no others: RSA PKCS #1 v1.5 with SHA-256, SHA-384 or
 * SHA-512, and ECDSA with the hash its curve fixes. Every signature is verified with the public key before it
 * leaves here: a faulty signature of RSA-CRT would give the key away, and none of ECDSA would be of use.
 */
#ifndef LIB_PKI_SIGNING_KEY_H
#define LIB_PKI_SIGNING_KEY_H

#include <stddef.h>
#include <openssl/types.h>

#include "lib/pki/ca_key.h"

struct err;
struct signing_key;
struct token;

/* A signature's AlgorithmIdentifier in DER, exactly (SBR 7.1.3.2), and its hash as OpenSSL names it. */
struct signature_algorithm {
	unsigned char der[16];
	size_t der_len;
	const char *hash; /* "SHA256" */
};

/* The algorithm for a CA's public key. rsa_hash 256, 384 or 512 counts for RSA only (0: 256).
 * Static; NULL when the key is of a kind that no CA of ours has. */
const struct signature_algorithm *signature_algorithm_for(const EVP_PKEY *public_key, int rsa_hash);

/* Load a PEM private key (PKCS #8, unencrypted) from a file. The file must be a plain one, owned by the
 * effective user and closed to all others: else FAULT_config_invalid. Gives *out to the caller. */
int signing_key_load(struct signing_key **out, const char *path, struct err *e);

/* Take the private key labelled so in a token, whose public half the caller knows (it is shared, not taken).
 * The token must outlive the key. FAULT_busy when the token is away. Gives *out to the caller. */
int signing_key_find(
    struct signing_key **out, struct token *, const char *label, EVP_PKEY *public_key, struct err *e);

/* Make a new key in a new file (mode 0600; refuses to replace one) or inside a token (never leaves it).
 * Gives *out to the caller. */
int signing_key_create(struct signing_key **out, enum ca_key, const char *path, struct err *e);
int signing_key_create_in_token(
    struct signing_key **out, enum ca_key, struct token *, const char *label, struct err *e);

/* The public half; belongs to the key. */
EVP_PKEY *signing_key_public(const struct signing_key *);

/* Sign len bytes; the signature is verified with public_key (the certificate's; NULL: the key's own), then
 * malloc'ed and given to the caller. FAULT_busy when the token failed (it may have been away: reopen),
 * FAULT_internal when the signature is false. */
int signing_key_sign(const struct signing_key *, const struct signature_algorithm *, EVP_PKEY *public_key,
    const unsigned char *bytes, size_t len, unsigned char **out, size_t *out_len, struct err *e);

/* Verify a signature with a public key; 0, or -1 with FAULT_internal. */
int signature_verify(EVP_PKEY *public_key, const struct signature_algorithm *, const unsigned char *bytes,
    size_t len, const unsigned char *signature, size_t signature_len, struct err *e);

/* Forget the key (a key from a file is cleared from memory). NULL is fine. */
void signing_key_free(struct signing_key *);

#endif
