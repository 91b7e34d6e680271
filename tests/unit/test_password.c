/* test_password.c - which new passwords will do: by length, and against a dictionary of common ones. And the
 * pepper in what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/flow/password.h"

#define DICTIONARY "/var/cache/cracklib/cracklib_dict" /* as cracklib-runtime packs it */

static enum fault judged(const char *password, const char *dictionary)
{
	struct err e;

	return password_check(password, dictionary, &e) == 0 ? FAULT_none : e.fault;
}

/* Words and what people put behind them, whatever the case. */
static void check_common(void **state)
{
	static const char *const common[] = {"administrator", "Administrator", "password1234",
	    "PASSWORD2026!", "iloveyou123456", "qwerty123456789", "letmein...!!!", "congratulations",
	    "123456789012", "0123456789012345", "098765432109"};

	(void)state;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (judged(common[i], DICTIONARY) != FAULT_password_common)
			fail_msg("\"%s\" will do", common[i]);
}

/* No rules of composition: several words, one letter again and again, other scripts, anything drawn. */
static void check_fine(void **state)
{
	static const char *const fine[] = {"correct horse battery", "password and more", "AAAAAAAAAAAA",
	    "zażółć gęślą jaźń", "            ", "😀😀😀😀😀😀😀😀😀😀😀😀", "!!!!....!!!!", "123456789013",
	    "112233445566", "x7f93kq0pmz1", "a73019422651", "be7301942265",
	    "administratoradministratoradministrator"};

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (judged(fine[i], DICTIONARY) != FAULT_none)
			fail_msg("\"%s\" will not do", fine[i]);
}

static void check_length(void **state)
{
	char longest[PASSWORD_MOST + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(judged(longest, DICTIONARY), FAULT_password_long);
	assert_int_equal(judged(longest + 1, DICTIONARY), FAULT_none);
	assert_int_equal(judged("password123", DICTIONARY), FAULT_password_short);
	assert_int_equal(judged("", DICTIONARY), FAULT_password_short);
}

/* Without the dictionary nothing is waved through, and nobody is told that their password is bad. */
static void check_away(void **state)
{
	(void)state;
	assert_int_equal(judged("correct horse battery", "/nowhere/dictionary"), FAULT_internal);
	assert_int_equal(judged("correct horse battery", DICTIONARY), FAULT_none);
}

/* The key with a pepper in it, as hex; "none" without one, "refused" when it cannot be had. */
static void peppered(char out[2 * PASSWORD_DERIVED_LEN + 1], const char *pepper, unsigned mode)
{
	char folder[] = "/tmp/mailcert-pepper-XXXXXX", path[64], file[64], setting[96];
	unsigned char derived[PASSWORD_DERIVED_LEN];
	struct conf *conf;
	bool there;
	struct err e;

	for (size_t i = 0; i < sizeof(derived); i++)
		derived[i] = (unsigned char)i;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	(void)snprintf(file, sizeof(file), "%s/pepper", folder);
	(void)snprintf(setting, sizeof(setting), "Web.PepperFile = %s\n", pepper == NULL ? "" : file);
	assert_int_equal(file_replace(path, setting, strlen(setting), 0600, &e), 0);
	if (pepper != NULL && *pepper != '\0')
		assert_int_equal(file_replace(file, pepper, strlen(pepper), mode, &e), 0);
	assert_int_equal(conf_load(&conf, path, &e), 0);
	if (password_pepper(derived, conf, &there, &e) == -1) {
		assert_int_equal(e.fault, FAULT_config_invalid);
		assert_false(there);
		(void)snprintf(out, sizeof("refused"), "refused");
	} else if (there) {
		hex_encode(out, derived, sizeof(derived));
	} else {
		for (size_t i = 0; i < sizeof(derived); i++)
			assert_int_equal(derived[i], i);
		(void)snprintf(out, sizeof("none"), "none");
	}
	conf_free(conf);
	(void)unlink(path);
	(void)unlink(file);
	(void)rmdir(folder);
}

/* HMAC-SHA-256 of the derived key, with the line in the file; the value is from another program. A file that
 * is away, short or open to others lets nothing through. */
static void pepper_known(void **state)
{
	char out[2 * PASSWORD_DERIVED_LEN + 1];

	(void)state;
	peppered(out, "0123456789abcdef0123456789abcdef\n", 0600);
	assert_string_equal(out, "da7164a2bac13505f97e4d5e630fa9e59f47e8ea74fb7b30c59a1ec4cb355363");
	peppered(out, "0123456789abcdef0123456789abcdeg\n", 0600);
	assert_string_not_equal(out, "da7164a2bac13505f97e4d5e630fa9e59f47e8ea74fb7b30c59a1ec4cb355363");
	peppered(out, NULL, 0600);
	assert_string_equal(out, "none");
	peppered(out, "", 0600);
	assert_string_equal(out, "refused");
	peppered(out, "0123456789abcdef0123456789abcde\n", 0600);
	assert_string_equal(out, "refused");
	peppered(out, "0123456789abcdef0123456789abcdef\n", 0644);
	assert_string_equal(out, "refused");
}

int main(void)
{
	const struct CMUnitTest t[] = {
	    cmocka_unit_test(check_common),
	    cmocka_unit_test(check_fine),
	    cmocka_unit_test(check_length),
	    cmocka_unit_test(check_away),
	    cmocka_unit_test(pepper_known),
	};

	return cmocka_run_group_tests_name("password", t, NULL, NULL);
}
