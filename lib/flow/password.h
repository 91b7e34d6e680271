/* password.h - how a sign-in password is kept: not at all. The database holds a salt and a verifier.
 *
 * derived = scrypt(password, salt, N = 32768, r = 8, p = 1), 32 octets (RFC 7914); verifier =
 * SHA-256(derived). The expensive half is computed outside the database, the cheap one inside, so a reader of
 * the table cannot sign in with what stands there. One derivation takes 32 MiB and some 60 ms.
 */
#ifndef LIB_FLOW_PASSWORD_H
#define LIB_FLOW_PASSWORD_H

#include <stddef.h>

#define PASSWORD_SALT_LEN    16
#define PASSWORD_DERIVED_LEN 32
#define PASSWORD_LEAST       8    /* octets a new password must have */
#define PASSWORD_MAX         1024 /* octets; more is refused before it is hashed */

struct err;

/* Derive the key of a NUL-terminated password of at most PASSWORD_MAX octets. The caller clears `derived`.
 * Faults: sign_in_refused (longer than that), busy (no memory for it). */
int password_derive(unsigned char derived[PASSWORD_DERIVED_LEN], const char *password,
    const unsigned char salt[PASSWORD_SALT_LEN], struct err *e);

#endif
