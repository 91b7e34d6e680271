/* password.c - scrypt with this product's parameters; see password.h. */
#include "lib/flow/password.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/base/err.h"

#define SCRYPT_N 32768
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MEMORY \
	(64UL * 1024 * 1024) /* OpenSSL's own limit, 32 MiB, is a few octets short of what N wants */

int password_derive(unsigned char derived[PASSWORD_DERIVED_LEN], const char *password,
    const unsigned char salt[PASSWORD_SALT_LEN], struct err *e)
{
	size_t len = strlen(password);

	if (len > PASSWORD_MAX)
		return err_set(e, FAULT_sign_in_refused, "password: longer than %d octets", PASSWORD_MAX);
	if (EVP_PBE_scrypt(password, len, salt, PASSWORD_SALT_LEN, SCRYPT_N, SCRYPT_R, SCRYPT_P,
		SCRYPT_MEMORY, derived, PASSWORD_DERIVED_LEN) != 1) {
		ERR_clear_error();
		return err_set(e, FAULT_busy, "password: scrypt failed, most likely out of memory");
	}
	return 0;
}
