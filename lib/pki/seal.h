/* seal.h - seal the audit log: a hash chain over its events, signed in batches.
 *
 * The hash of an event is SHA-256(hash of the event before it || the event's canonical octets), so none can
 * be taken out, put in, moved or changed without all later hashes changing; a seal is an Ed25519 signature
 * (RFC 8032) over the numbers of the first and last event of a batch and the last one's hash. The key is the
 * signer's own and signs nothing else. What an event's canonical octets are is said where events are read
 * (lib/flow).
 */
#ifndef LIB_PKI_SEAL_H
#define LIB_PKI_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <openssl/types.h>

struct err;

#define SEAL_HASH_LEN      32
#define SEAL_SIGNATURE_LEN 64

/* The "hash before" of the very first event. */
extern const unsigned char seal_origin[SEAL_HASH_LEN];

struct seal {
	uint64_t first,
	    last; /* numbers of the events it covers; first is one more than the last of the seal before */
	time_t sealed_at;
	unsigned char before[SEAL_HASH_LEN]; /* hash of the event before first: the head of the seal before */
	unsigned char head[SEAL_HASH_LEN];   /* hash of the event last */
	unsigned char signature[SEAL_SIGNATURE_LEN];
};

/* The hash of an event of len octets; out may be before itself. */
int seal_event_hash(unsigned char out[SEAL_HASH_LEN], const unsigned char before[SEAL_HASH_LEN],
    const void *event, size_t len, struct err *e);

/* Sign all the other members into signature. FAULT_internal: last is before first, or the key is not Ed25519.
 */
int seal_sign(struct seal *, EVP_PKEY *key, struct err *e);
/* 0, or -1 with FAULT_internal when the signature is not that key's over these members. */
int seal_verify(const struct seal *, EVP_PKEY *public_key, struct err *e);

/* The sealing key: made in a new file, or loaded; rules and faults of key_file.h, and config_invalid when it
 * is not Ed25519. The caller frees it with EVP_PKEY_free(). */
int seal_key_create(EVP_PKEY **out, const char *path, struct err *e);
int seal_key_load(EVP_PKEY **out, const char *path, struct err *e);

/* Its public half as PEM, for those who verify offline (malloc'ed, given to the caller), and back. */
int seal_public_write(char **pem, EVP_PKEY *key, struct err *e);
int seal_public_read(EVP_PKEY **out, const char *pem, struct err *e);

#endif
