/* password.c - scrypt with this product's parameters; see password.h. */
#include "lib/flow/password.h"

#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define SCRYPT_R   8
#define SCRYPT_P   1
#define COST_LEAST 14
#define COST_MOST  20

int password_check(const char *password, struct err *e)
{
	size_t len = strlen(password), characters = 0;

	for (const char *p = password; *p != '\0'; p++)
		characters += (*p & 0xc0) != 0x80; /* all but the later octets of one (RFC 3629 3) */
	if (characters < PASSWORD_LEAST || !utf8_valid(password, len))
		return err_set(e, FAULT_password_short, "password: under %d characters", PASSWORD_LEAST);
	if (characters > PASSWORD_MOST)
		return err_set(e, FAULT_password_long, "password: over %d characters", PASSWORD_MOST);
	return 0;
}

int password_derive(unsigned char derived[PASSWORD_DERIVED_LEN], const char *password,
    const unsigned char salt[PASSWORD_SALT_LEN], int cost, struct err *e)
{
	size_t len = strlen(password);
	uint64_t n;

	if (len > PASSWORD_MAX)
		return err_set(e, FAULT_sign_in_refused, "password: longer than %d octets", PASSWORD_MAX);
	if (cost < COST_LEAST || cost > COST_MOST)
		return err_set(e, FAULT_internal, "password: a cost of %d", cost);
	n = (uint64_t)1 << cost;
	/* 128 * r octets for each of N, and as many again for what goes beside them (RFC 7914 6) */
	if (EVP_PBE_scrypt(password, len, salt, PASSWORD_SALT_LEN, n, SCRYPT_R, SCRYPT_P,
		2 * 128 * SCRYPT_R * n, derived, PASSWORD_DERIVED_LEN) != 1) {
		ERR_clear_error();
		return err_set(e, FAULT_busy, "password: scrypt failed, most likely out of memory");
	}
	return 0;
}

int password_new(unsigned char derived[PASSWORD_DERIVED_LEN], unsigned char salt[PASSWORD_SALT_LEN],
    const char *password, struct err *e)
{
	if (RAND_bytes(salt, PASSWORD_SALT_LEN) != 1)
		return err_set(e, FAULT_internal, "no random octets for a salt");
	return password_derive(derived, password, salt, PASSWORD_COST, e);
}
