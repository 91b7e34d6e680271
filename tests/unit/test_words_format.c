/* test_words_format.c - filling the places of a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/text.h"
#include "lib/base/words.h"

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

static const char *const names[] = {"order", "arg", "empty", "trap", NULL};
static const char *const values[] = {"ORDER/0000123456/b01", "zażółć", NULL, "{order}{arg}%s%n"};

static const struct format_case {
	const char *name, *pattern, *want;
	size_t unknown;
} format_cases[] = {
    {"no place", "See you", "See you", 0},
    {"nothing at all", "", "", 0},
    {"one place", "Your order {order} is ready", "Your order ORDER/0000123456/b01 is ready", 0},
    {"place at both ends", "{arg} and {arg}", "zażółć and zażółć", 0},
    {"places side by side", "{arg}{order}", "zażółćORDER/0000123456/b01", 0},
    {"NULL counts as empty", "<{empty}>", "<>", 0},
    {"a value's braces stay", "{trap}!", "{order}{arg}%s%n!", 0},
    {"unknown name stays", "{nobody} {arg}", "{nobody} zażółć", 1},
    {"two unknown", "{a}{b_2}", "{a}{b_2}", 2},
    {"name is not a prefix", "{ord}{orders}", "{ord}{orders}", 2},
    {"not a name: capitals, blanks, empty", "{Order} { order } {}", "{Order} { order } {}", 0},
    {"open brace at the end", "x {", "x {", 0},
    {"name without its end", "x {order", "x {order", 0},
    {"doubled brace", "{{order}}", "{ORDER/0000123456/b01}", 0},
};

static void format_check(void **state)
{
	const struct format_case *c = *state;
	struct buf out = {0};

	assert_int_equal(words_format(&out, c->pattern, names, values), c->unknown);
	assert_false(out.failed);
	assert_string_equal(out.data, c->want);
	buf_free(&out);
}

static void format_appends(void **state)
{
	struct buf out = {0};

	(void)state;
	buf_puts(&out, "before ");
	assert_int_equal(words_format(&out, "{order}", names, values), 0);
	assert_string_equal(out.data, "before ORDER/0000123456/b01");
	buf_free(&out);
}

int main(void)
{
	struct CMUnitTest t[nitems(format_cases) + 1];

	for (size_t i = 0; i < nitems(format_cases); i++)
		t[i] = (struct CMUnitTest){
		    format_cases[i].name, format_check, NULL, NULL, (void *)&format_cases[i]};
	t[nitems(format_cases)] = (struct CMUnitTest)cmocka_unit_test(format_appends);
	return cmocka_run_group_tests_name("words format", t, NULL, NULL);
}
