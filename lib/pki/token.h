/* token.h - a PKCS #11 token that holds CA keys: open it, log in, find, make and use keys.
 *
 * Spoken to through its own module (Cryptoki 2.40), as OpenSSL 3.0 has no provider for it in Debian 12 and
 * the engine can neither make EC keys nor log in again after the token was away. Only what every module has
 * is used: CKM_ECDSA, CKM_RSA_PKCS and the two key generations.
 */
#ifndef LIB_PKI_TOKEN_H
#define LIB_PKI_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

#include "lib/pki/ca_key.h"

struct err;
struct token;

/* Load the module, find the token with that label and log in with the PIN. All three strings are copied; the
 * PIN is kept (in memory that is cleared at the end) so that token_reopen() can log in by itself. One process
 * opens a module once. Faults: config_invalid (no such module, PIN wrong or locked), busy (token not there).
 * Gives *out to the caller. */
int token_open(struct token **out, const char *module, const char *label, const char *pin, struct err *e);

/* Log in afresh after the token was away; keys found before must be found again. Faults as token_open();
 * after config_invalid token_pin_refused() says whether it was the PIN. A module that cannot be ended goes on
 * with new sessions. */
int token_reopen(struct token *, struct err *e);

/* From now on call told(true) before the module is asked for a signature, and told(false) when it came back;
 * from the thread that signs. A call into a module may never come back, and nobody can end it. */
void token_watch(struct token *, void (*told)(bool begins));

/* The token said that the PIN is wrong or locked, or may not be used. Who tries again and again locks it. */
bool token_pin_refused(const struct token *);

/* Log out and forget all. NULL is fine. */
void token_close(struct token *);

/* How often the token was opened anew: a key handle of an older count is stale. */
unsigned token_generation(const struct token *);

/* The handle of the one private key with that label. config_invalid: none or several; busy: token away. */
int token_key_find(struct token *, const char *label, unsigned long *handle, struct err *e);

/* Make a key pair that never leaves the token; refuses a label in use. Gives the public half to the caller;
 * a pair whose public half cannot be read is destroyed again. */
int token_key_create(struct token *, enum ca_key, const char *label, unsigned long *handle,
    EVP_PKEY **public_key, struct err *e);

/* Destroy the private and public key with that label, if there are any; for ceremonies that failed half-way.
 */
int token_key_destroy(struct token *, const char *label, struct err *e);

/* Sign a digest: PKCS #1 v1.5 for RSA, a DER ECDSA-Sig-Value for EC. hash names the digest ("SHA256").
 * The signature is malloc'ed and given to the caller. FAULT_busy when the token did not do it. */
int token_sign(struct token *, unsigned long handle, const EVP_PKEY *public_key, const char *hash,
    const unsigned char *digest, size_t digest_len, unsigned char **out, size_t *out_len, struct err *e);

#endif
