/* password.c - scrypt with this product's parameters; see password.h. */
#include "lib/flow/password.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define IN_CRACKLIB /* else the header shows no dictionary */
#include <packer.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

#define SCRYPT_R   8
#define SCRYPT_P   1
#define COST_LEAST 14
#define COST_MOST  20
#define WORD_LEAST 4

/* Whether a dictionary has this word. A letter or three say nothing of the digits behind them: "be7301942265"
 * may have been drawn. One longer than any is none. */
static bool word_found(PWDICT *dictionary, char *word)
{
	size_t len = strlen(word);

	return len >= WORD_LEAST && len < MAXWORDLEN && FindPW(dictionary, word) < PW_WORDS(dictionary);
}

/* "123456789012", "098765432109": each digit one more, or one less, than the one before. */
static bool digits_count(const char *text)
{
	int step = (text[1] - text[0] + 10) % 10;

	for (size_t i = 0; text[i] != '\0'; i++)
		if (!isdigit((unsigned char)text[i]) || (i > 0 && (text[i] - text[i - 1] + 10) % 10 != step))
			return false;
	return step == 1 || step == 9;
}

/* FascistCheck() of the same library would bring rules of composition along (different characters, classes),
 * and refuses long passphrases for a word in them; so only its dictionary is asked. */
static int common_check(const char *password, const char *path, struct err *e)
{
	char word[PASSWORD_MAX + 1], mode[] = "r";
	PWDICT *dictionary = PWOpen(path, mode);
	size_t len = strlen(password);
	bool found = digits_count(password);

	if (dictionary == NULL)
		return err_set(
		    e, FAULT_internal, "dictionary %s: cannot be read; see cracklib-runtime", path);
	for (size_t i = 0; i <= len; i++) /* the NUL as well */
		word[i] = (char)(isascii(password[i]) ? tolower((unsigned char)password[i]) : password[i]);
	found = found || word_found(dictionary, word);
	while (len > 0 && isascii(word[len - 1]) && !islower((unsigned char)word[len - 1]))
		word[--len] = '\0';
	found = found || word_found(dictionary, word);
	explicit_bzero(word, sizeof(word));
	(void)PWClose(dictionary);
	return found ? err_set(e, FAULT_password_common, "password: a common one") : 0;
}

int password_check(const char *password, const char *dictionary, struct err *e)
{
	size_t len = strlen(password), characters = 0;

	for (const char *p = password; *p != '\0'; p++)
		characters += (*p & 0xc0) != 0x80; /* all but the later octets of one (RFC 3629 3) */
	if (characters < PASSWORD_LEAST || !utf8_valid(password, len))
		return err_set(e, FAULT_password_short, "password: under %d characters", PASSWORD_LEAST);
	if (characters > PASSWORD_MOST)
		return err_set(e, FAULT_password_long, "password: over %d characters", PASSWORD_MOST);
	return common_check(password, dictionary, e);
}

int password_pepper(
    unsigned char derived[PASSWORD_DERIVED_LEN], const struct conf *conf, bool *there, struct err *e)
{
	char *pepper = NULL;
	size_t len;
	int rc = 0;

	*there = false;
	if (conf_secret(conf, SET_WEB_PEPPER, &pepper, e) == -1)
		return -1;
	if (pepper == NULL)
		return 0;
	len = strlen(pepper);
	if (len < PASSWORD_PEPPER_LEAST)
		rc = err_set(e, FAULT_config_invalid, "%s: a pepper of %d characters or more is wanted",
		    conf_text(conf, SET_WEB_PEPPER), PASSWORD_PEPPER_LEAST);
	else if (HMAC(EVP_sha256(), pepper, (int)len, derived, PASSWORD_DERIVED_LEN, derived, NULL) == NULL)
		rc = err_set(e, FAULT_internal, "password: HMAC failed");
	*there = rc == 0;
	secret_free(pepper);
	return rc;
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
