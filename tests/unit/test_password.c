/* test_password.c - which new passwords will do: by length, and against a dictionary of common ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
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

int main(void)
{
	const struct CMUnitTest t[] = {
	    cmocka_unit_test(check_common),
	    cmocka_unit_test(check_fine),
	    cmocka_unit_test(check_length),
	    cmocka_unit_test(check_away),
	};

	return cmocka_run_group_tests_name("password", t, NULL, NULL);
}
