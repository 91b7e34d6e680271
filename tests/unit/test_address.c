/* test_address.c - typed mailbox addresses: what they become, or which fault names what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/pki/address.h"

#define A16       "aaaaaaaaaaaaaaaa"
#define A62       A16 A16 A16 "aaaaaaaaaaaaaa"
#define A61       A16 A16 A16 "aaaaaaaaaaaaa"
#define D252      A61 "." A62 "." A62 "." A62 ".c"
#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static const struct read_case {
	const char *name, *in, *want; /* want NULL: refused */
	enum fault fault;
	const char *arg;
} read_cases[] = {
    {"plain", "joe.doe@example.org", "joe.doe@example.org", 0, NULL},
    {"domain lowered, local part kept", "Ann.O'Neil@EXAMPLE.Org", "Ann.O'Neil@example.org", 0, NULL},
    {"blanks around", " \t\xc2\xa0joe@example.org\xe3\x80\x80 ", "joe@example.org", 0, NULL},
    {"every atext", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", 0, NULL},
    {"plus", "joe+tag@example.test", "joe+tag@example.test", 0, NULL},
    {"IDN",
	"joe@B\xc3\xbc"
	"cher.de",
	"joe@xn--bcher-kva.de", 0, NULL},
    {"IDN, non-transitional sharp s", "joe@fa\xc3\x9f.de", "joe@xn--fa-hia.de", 0, NULL},
    {"A-label typed", "joe@XN--bcher-KVA.de", "joe@xn--bcher-kva.de", 0, NULL},
    {"ideographic full stop", "joe@example\xe3\x80\x82org", "joe@example.org", 0, NULL},
    {"full-width letters", "joe@\xef\xbd\x81\xef\xbd\x82.org", "joe@ab.org", 0, NULL},
    {"digits in the domain", "joe@1.2.3.example.org", "joe@1.2.3.example.org", 0, NULL},
    {"local part of 64", A62 "bb@example.org", A62 "bb@example.org", 0, NULL},
    {"label of 63", "joe@" A62 "b.org", "joe@" A62 "b.org", 0, NULL},
    {"254 octets", "b@" D252, "b@" D252, 0, NULL},

    {"empty", "", NULL, FAULT_email_missing, ""},
    {"only blanks", " \t\xc2\xa0 ", NULL, FAULT_email_missing, ""},
    {"no @", "joe.example.org", NULL, FAULT_email_no_at, ""},
    {"two @", "joe@doe@example.org", NULL, FAULT_email_several_at, "@"},
    {"space", "joe doe@example.org", NULL, FAULT_email_space, "U+0020"},
    {"display name", "Joe <joe@example.org>", NULL, FAULT_email_space, "U+0020"},
    {"no-break space",
	"joe\xc2\xa0"
	"doe@example.org",
	NULL, FAULT_email_space, "U+00A0"},
    {"tab", "joe@\texample.org", NULL, FAULT_email_space, "U+0009"},
    {"header injection", "a@b.org\r\nBcc: c@d.org", NULL, FAULT_email_control, "U+000D"},
    {"line end behind", "a@b.org\n", NULL, FAULT_email_control, "U+000A"},
    {"delete", "a\x7f@b.org", NULL, FAULT_email_control, "U+007F"},
    {"right-to-left mark", "a\xe2\x80\xae@b.org", NULL, FAULT_email_control, "U+202E"},
    {"line separator", "a@b.org\xe2\x80\xa8", NULL, FAULT_email_control, "U+2028"},
    {"not UTF-8", "a\xff@b.org", NULL, FAULT_email_control, ""},
    {"surrogate", "a\xed\xa0\x80@b.org", NULL, FAULT_email_control, ""},
    {"quoted", "\"joe doe\"@example.org", NULL, FAULT_email_quoted, "\""},
    {"quoted @", "\"joe@doe\"@example.org", NULL, FAULT_email_quoted, "\""},
    {"no local part", "@example.org", NULL, FAULT_email_local_missing, ""},
    {"umlaut in the local part",
	"j\xc3\xb6"
	"e@example.org",
	NULL, FAULT_email_local_not_ascii, "\xc3\xb6 (U+00F6)"},
    {"zero-width space in the local part",
	"j\xe2\x80\x8b"
	"e@b.org",
	NULL, FAULT_email_local_not_ascii, "U+200B"},
    {"full-width @",
	"joe\xef\xbc\xa0"
	"example.org",
	NULL, FAULT_email_no_at, ""},
    {"comma", "joe,doe@example.org", NULL, FAULT_email_local_syntax, ","},
    {"mailto", "mailto:joe@example.org", NULL, FAULT_email_local_syntax, ":"},
    {"angle brackets", "<joe@example.org>", NULL, FAULT_email_local_syntax, "<"},
    {"dot first", ".joe@example.org", NULL, FAULT_email_local_syntax, "."},
    {"dot last", "joe.@example.org", NULL, FAULT_email_local_syntax, "."},
    {"two dots", "joe..doe@example.org", NULL, FAULT_email_local_syntax, ".."},
    {"local part of 65", A62 "bbb@example.org", NULL, FAULT_email_local_too_long, ""},
    {"no domain", "joe@", NULL, FAULT_email_domain_missing, ""},
    {"address literal", "joe@[192.0.2.1]", NULL, FAULT_email_domain_literal, "[192.0.2.1]"},
    {"IPv6 literal", "joe@[IPv6:2001:db8::1]", NULL, FAULT_email_domain_literal, "[IPv6:2001:db8::1]"},
    {"IPv4", "joe@192.0.2.1", NULL, FAULT_email_domain_literal, "192.0.2.1"},
    {"IPv6", "joe@2001:db8::1", NULL, FAULT_email_domain_literal, "2001:db8::1"},
    {"IPv4 with odd stops",
	"joe@192\xe3\x80\x82"
	"0.2.1",
	NULL, FAULT_email_domain_invalid, "1"},
    {"single label", "joe@localhost", NULL, FAULT_email_domain_single_label, "localhost"},
    {"number at the end", "joe@example.123", NULL, FAULT_email_domain_invalid, "123"},
    {"hex number at the end", "joe@example.0x7f", NULL, FAULT_email_domain_invalid, "0x7f"},
    {"dot at the end", "joe@example.org.", NULL, FAULT_email_domain_invalid, "."},
    {"dot in front", "joe@.example.org", NULL, FAULT_email_domain_invalid, "."},
    {"two dots in the domain", "joe@example..org", NULL, FAULT_email_domain_invalid, "."},
    {"underscore is not dropped", "joe@a_b.org", NULL, FAULT_email_domain_invalid, "a_b"},
    {"slash made of one character", "joe@\xe2\x84\x80.org", NULL, FAULT_email_domain_invalid, "a/c"},
    {"hyphen first", "joe@-a.org", NULL, FAULT_email_domain_invalid, "-a.org"},
    {"hyphen last", "joe@a-.org", NULL, FAULT_email_domain_invalid, "a-.org"},
    {"reserved label", "joe@ab--cd.org", NULL, FAULT_email_domain_invalid, "ab--cd.org"},
    {"A-label of nothing", "joe@xn--abc.org", NULL, FAULT_email_domain_invalid, "xn--abc.org"},
    {"heart", "joe@i\xe2\x99\xa5y.org", NULL, FAULT_email_domain_invalid, "i\xe2\x99\xa5y.org"},
    {"label of 64", "joe@" A62 "bb.org", NULL, FAULT_email_domain_invalid, A62 "bb.org"},
    {"255 octets", "bb@" D252, NULL, FAULT_email_too_long, ""},
    {"300 octets", "joe@" A62 "." A62 "." A62 "." A62 "." A62 ".org", NULL, FAULT_email_too_long, ""},
};

static void check_read(void **state)
{
	const struct read_case *c = *state;
	char out[ADDRESS_MAX + 1];
	struct err e = {0};
	int rc = address_read(out, c->in, &e);

	if (c->want != NULL) {
		assert_int_equal(rc, 0);
		assert_string_equal(out, c->want);
		assert_string_equal(address_domain(out), strchr(c->want, '@') + 1);
		return;
	}
	assert_int_equal(rc, -1);
	assert_string_equal(fault_code(e.fault), fault_code(c->fault));
	assert_string_equal(e.arg, c->arg);
}

static void check_typed_too_long(void **state)
{
	static char text[5001];
	char out[ADDRESS_MAX + 1];
	struct err e = {0};

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(address_read(out, text, &e), -1);
	assert_int_equal(e.fault, FAULT_email_too_long);
}

/* A canonical address reads as itself: what stands in the database may be read again. */
static void check_again(void **state)
{
	char once[ADDRESS_MAX + 1], twice[ADDRESS_MAX + 1];
	struct err e;

	(void)state;
	for (size_t i = 0; i < NITEMS(read_cases); i++) {
		if (read_cases[i].want == NULL)
			continue;
		assert_int_equal(address_read(once, read_cases[i].in, &e), 0);
		assert_int_equal(address_read(twice, once, &e), 0);
		assert_string_equal(once, twice);
	}
}

static void check_arg_whole_characters(void **state)
{
	char text[400] = "joe@\xe2\x99\xa5", out[ADDRESS_MAX + 1];
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 80; i++)
		strcat(text, "\xc3\xbc");
	strcat(text,
	    "\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5"
	    "\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5\xe2\x99\xa5.org");
	assert_int_equal(address_read(out, text, &e), -1);
	assert_int_equal(e.fault, FAULT_email_domain_invalid);
	assert_int_equal(
	    strlen(e.arg) % 2, 1); /* 3 octets, then pairs, then threes: cut between, never inside */
	assert_int_equal(strlen(e.arg), 199);
	assert_memory_equal(e.arg + 196, "\xe2\x99\xa5", 3);
}

static void check_shown(void **state)
{
	char shown[64], tight[4];

	(void)state;
	address_domain_shown(shown, sizeof(shown), "joe@xn--bcher-kva.de");
	assert_string_equal(shown, "b\xc3\xbc"
				   "cher.de");
	address_domain_shown(tight, sizeof(tight), "joe@xn--bcher-kva.de");
	assert_string_equal(tight, "b\xc3\xbc");
	address_domain_shown(tight, 3, "joe@xn--bcher-kva.de");
	assert_string_equal(tight, "b");
	address_domain_shown(shown, sizeof(shown), "joe@xn--abc.org");
	assert_string_equal(shown, "xn--abc.org");
}

static const struct hint_case {
	const char *name, *domain, *want;
} hint_cases[] = {
    {"swapped", "gmial.com", "gmail.com"},
    {"one more", "gmaill.com", "gmail.com"},
    {"one less", "hotmal.com", "hotmail.com"},
    {"one other", "hotnail.com", "hotmail.com"},
    {"top swapped", "gmail.cmo", "gmail.com"},
    {"top other", "gmail.con", "gmail.com"},
    {"top cut", "gmail.co", "gmail.com"},
    {"right", "gmail.com", NULL},
    {"one slip from gmail, but real", "mail.com", NULL},
    {"another country", "yahoo.fr", NULL},
    {"a short name", "gmy.de", NULL},
    {"nothing near", "example.org", NULL},
    {"two slips", "gmiall.com", NULL},
};

static void check_hint(void **state)
{
	const struct hint_case *c = *state;
	char address[80];
	const char *hint;

	(void)snprintf(address, sizeof(address), "joe@%s", c->domain);
	hint = address_domain_hint(address);
	if (c->want == NULL)
		assert_null(hint);
	else
		assert_string_equal(hint, c->want);
}

int main(void)
{
	struct CMUnitTest tests[NITEMS(read_cases) + NITEMS(hint_cases) + 4];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(read_cases); i++)
		tests[n++] = (struct CMUnitTest){
		    read_cases[i].name, check_read, NULL, NULL, (void *)(uintptr_t)&read_cases[i]};
	for (size_t i = 0; i < NITEMS(hint_cases); i++)
		tests[n++] = (struct CMUnitTest){
		    hint_cases[i].name, check_hint, NULL, NULL, (void *)(uintptr_t)&hint_cases[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_typed_too_long);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_again);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_arg_whole_characters);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_shown);
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
