/* key.h - is a public key one that somebody else can break?
 *
 * Own checks on what the public key alone shows (SBR 6.1.1.3, 6.1.6); keys known by name stand on the block
 * list (blocklist.h). All take the bare number, need no secret, and may run in variable time.
 */
#ifndef LIB_PKI_KEY_H
#define LIB_PKI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

struct err;

/* Modulus sizes ever taken, whatever a product says: SBR 6.1.5 below, our own guard against slow keys above.
 */
#define KEY_RSA_BITS_LEAST 2048
#define KEY_RSA_BITS_MOST  8192

#define KEY_FERMAT_ROUNDS 100

/* Whether the modulus has the shape of Infineon's prime generator (ROCA, CVE-2017-15361): for each of 17
 * small primes r, n mod r is a power of 65537. False alarms: one in 2^27. */
bool modulus_roca(const BIGNUM *n);

/* Whether Fermat's method factors n within KEY_FERMAT_ROUNDS rounds: its primes are too close. Squares hit in
 * the first round. -1 without memory. */
int modulus_fermat(const BIGNUM *n);

/* The smallest prime factor of n that is at most 65537, or 0. n at most KEY_RSA_BITS_MOST bits. */
unsigned modulus_small_factor(const BIGNUM *n);

/* Whether n is a power p^k, k an odd prime (squares: modulus_fermat()), so that one root breaks it. For n
 * without small factors. False alarms: under one in 2^35. */
bool modulus_power(const BIGNUM *n);

/* All of the above for an RSA key, for an EC key that its point is a fit one (SP 800-56A partial validation),
 * and for an Ed25519 key that its y is below p (RFC 8032 5.1.3) and its order not 1, 2, 4 or 8 (SBR 6.1.6: a
 * valid point). 0, or -1 with csr_key_weak_roca, csr_key_weak_fermat, csr_key_weak_factor (arg: the factor,
 * or "p^k"), csr_key_size_unsupported for a modulus that is too long to be looked at, csr_not_parsable for a
 * point that is not on its curve or unfit (arg: "Ed25519" for one of those), or busy without memory. */
int key_check(const EVP_PKEY *key, struct err *e);

/* SHA-256 of the number that makes the key, as the lists of Debian and other known keys name it: the modulus
 * n, an EC point's x, or an Edwards key's octets, big-endian without leading zeros. It stays the same
 * whatever the exponent, the sign of y or the encoding, so it tells keys of one private key. */
int key_number_sha256(unsigned char out[32], const EVP_PKEY *key, struct err *e);

/* SHA-256 of the SubjectPublicKeyInfo in DER, in the one form of each kind of key that a request may have
 * (SBR 7.1.3.1), in whichever form the key came: an EC curve by its name, a point uncompressed, an RSA-PSS
 * key as rsaEncryption. */
int key_spki_sha256(unsigned char out[32], const EVP_PKEY *key, struct err *e);

/* Both of them: what a key is blocked by. */
struct key_hashes {
	unsigned char spki[32], number[32];
};
int key_hashes(struct key_hashes *out, const EVP_PKEY *key, struct err *e);

#endif
