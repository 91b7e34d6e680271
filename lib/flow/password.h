/* password.h - how a sign-in password is kept: not at all. The database holds a salt, a cost and a verifier.
 *
 * derived = scrypt(password, salt, N = 2^cost, r = 8, p = 1), 32 octets (RFC 7914); verifier =
 * SHA-256(HMAC-SHA-256(pepper, derived)), or SHA-256(derived) where Web.PepperFile names no pepper. The
 * expensive half is computed outside the database, the cheap one inside, so a reader of the table cannot sign
 * in with what stands there; and whoever has the table without the pepper cannot try passwords against it
 * (ASVS 2.4.5). One derivation at PASSWORD_COST takes 64 MiB and some 120 ms.
 */
#ifndef LIB_FLOW_PASSWORD_H
#define LIB_FLOW_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_SALT_LEN    16
#define PASSWORD_DERIVED_LEN 32
#define PASSWORD_COST        16   /* of new passwords; sign_in_begin in transitions.sql knows it too */
#define PASSWORD_LEAST       12   /* characters a new password must have (ASVS 2.1.1) */
#define PASSWORD_MOST        128  /* and may have (ASVS 2.1.2) */
#define PASSWORD_MAX         1024 /* octets; more is refused before it is hashed */

#define PASSWORD_PEPPER_LEAST 32 /* characters of the pepper's file */

struct conf;
struct err;

/* Whether a new password will do: UTF-8 of PASSWORD_LEAST to PASSWORD_MOST characters, whichever they are (no
 * rules of composition, ASVS 2.1.9), and none that is tried first (ASVS 2.1.7): neither a word of the
 * dictionary, in small letters, with nothing or with digits and signs behind it, nor digits that count up or
 * down. Several words are fine. dictionary: path of a dictionary packed by cracklib, without its endings.
 * Faults: password_short, password_long, password_common, internal (the dictionary cannot be read). */
int password_check(const char *password, const char *dictionary, struct err *e);

/* Put the pepper of Web.PepperFile into a derived key, the last step before it goes to the database; *there
 * is false, and nothing done, when that names none. Faults: config_invalid (the file cannot be read, or has
 * too few characters): then nothing is waved through. */
int password_pepper(
    unsigned char derived[PASSWORD_DERIVED_LEN], const struct conf *, bool *there, struct err *e);

/* Derive the key of a NUL-terminated password of at most PASSWORD_MAX octets. The caller clears `derived`.
 * Faults: sign_in_refused (longer than that), busy (no memory for it), internal (a cost that is none). */
int password_derive(unsigned char derived[PASSWORD_DERIVED_LEN], const char *password,
    const unsigned char salt[PASSWORD_SALT_LEN], int cost, struct err *e);

/* Make a fresh salt and derive a new password's key with it, at PASSWORD_COST. Faults: as above, and
 * internal. */
int password_new(unsigned char derived[PASSWORD_DERIVED_LEN], unsigned char salt[PASSWORD_SALT_LEN],
    const char *password, struct err *e);

#endif
