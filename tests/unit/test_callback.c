/* test_callback.c - callbacks: body, signature, pauses, which addresses are public; and the forms of a
 * partner's fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/base/netaddr.h"
#include "lib/base/text.h"
#include "lib/flow/callback.h"
#include "lib/flow/partner.h"

static void body_is_a_form(void **state)
{
	const struct callback c = {.id = 7,
	    .number = "7",
	    .order = "0000123456/b01",
	    .partner_ref = "A & 1",
	    .status = "issued",
	    .mailbox_status = "verified",
	    .activation_status = "verified",
	    .happened_at = "2026-11-22T14:03:00Z"};
	struct buf b = {0};

	(void)state;
	callback_body(&b, &c);
	assert_string_equal(b.data,
	    "id=7&order=0000123456%2Fb01&partner_ref=A%20%26%201&status=issued&mailbox_status=verified&"
	    "activation_status=verified&at=2026-11-22T14%3A03%3A00Z");
	buf_free(&b);
}

/* Held against `printf '1764000000.a=b' | openssl dgst -sha256 -hmac secret`. */
static void signature_is_hmac(void **state)
{
	char got[CALLBACK_SIGNATURE_ROOM];

	(void)state;
	callback_sign(got, "secret", 1764000000, "a=b", 3);
	assert_string_equal(
	    got, "t=1764000000,v1=da4577fae3df41f308bd1448c449e835473d4db1593edf3a657375c845e482bf");
}

static void pauses_grow(void **state)
{
	(void)state;
	for (unsigned attempts = 1; attempts < 100; attempts++) {
		long least = attempts > 10 ? 3600 : 5L << (attempts - 1),
		     pause = callback_pause(attempts, 5, 3600);

		least = least > 3600 ? 3600 : least;
		assert_in_range(pause, least * 1000, least * 1200);
	}
}

static const struct address {
	const char *text;
	int public;
} addresses[] = {
    {"8.8.8.8", 1},
    {"172.15.255.255", 1},
    {"172.32.0.1", 1},
    {"100.63.0.1", 1},
    {"2a00:1450::1", 1},
    {"64:ff9b::8.8.8.8", 1},
    {"0.0.0.0", 0},
    {"10.1.2.3", 0},
    {"100.64.0.1", 0},
    {"127.0.0.1", 0},
    {"127.255.255.254", 0},
    {"169.254.169.254", 0},
    {"172.16.0.1", 0},
    {"172.31.255.255", 0},
    {"192.168.0.1", 0},
    {"198.19.0.1", 0},
    {"224.0.0.1", 0},
    {"255.255.255.255", 0},
    {"::", 0},
    {"::1", 0},
    {"::ffff:127.0.0.1", 0},
    {"::ffff:8.8.8.8", 0},
    {"64:ff9b::10.0.0.1", 0},
    {"2002:7f00:1::", 0},
    {"2001::1", 0},
    {"2001:db8::1", 0},
    {"fc00::1", 0},
    {"fd12:3456::1", 0},
    {"fe80::1", 0},
    {"ff02::1", 0},
};

static void address_judged(void **state)
{
	const struct address *a = *state;
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (strchr(a->text, ':') == NULL) {
		assert_int_equal(inet_pton(AF_INET, a->text, &in4.sin_addr), 1);
		assert_int_equal(netaddr_is_public((struct sockaddr *)&in4), a->public);
	} else {
		assert_int_equal(inet_pton(AF_INET6, a->text, &in6.sin6_addr), 1);
		assert_int_equal(netaddr_is_public((struct sockaddr *)&in6), a->public);
	}
}

static void other_families_are_not_public(void **state)
{
	struct sockaddr local = {.sa_family = AF_UNIX};

	(void)state;
	assert_false(netaddr_is_public(&local));
}

static void references(void **state)
{
	char longest[PARTNER_REF_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[PARTNER_REF_MAX] = '\0';
	assert_true(partner_ref_good(longest));
	longest[PARTNER_REF_MAX] = 'x';
	longest[PARTNER_REF_MAX + 1] = '\0';
	assert_false(partner_ref_good(longest));
	assert_true(partner_ref_good("A-1/b_2:3.4"));
	assert_false(partner_ref_good(""));
	assert_false(partner_ref_good("a b"));
	assert_false(partner_ref_good("\xc4\x85"));
}

static void names(void **state)
{
	(void)state;
	assert_true(customer_name_good("\xc5\x81\xc4\x85ka & <Sons>"));
	assert_false(customer_name_good(""));
	assert_false(customer_name_good("a\nb"));
	assert_false(customer_name_good("a\x7f"));
	assert_false(customer_name_good("\xff"));
	assert_false(customer_name_good("a\xe2\x80\xae"
					"b"));               /* U+202E: what follows reads backwards */
	assert_true(customer_name_good("\xd7\x90\xd7\x91")); /* Hebrew as such */
}

static void urls(void **state)
{
	static const char *const bad[] = {"", "http://a.example/", "https://", "https:///x",
	    "https://u@a.example/", "https://a.example/#f", "https://a.example/ b", "https://:443/",
	    "HTTPS://a.example/", "https://a.example/\r\n"};

	(void)state;
	assert_true(callback_url_good("https://a.example/hook?x=1@2"));
	assert_true(callback_url_good("https://a.example:8443"));
	assert_true(callback_url_good("https://[2a00::1]:443/"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(callback_url_good(bad[i]));
}

#define ADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

int main(void)
{
	const struct CMUnitTest plain[] = {cmocka_unit_test(body_is_a_form),
	    cmocka_unit_test(signature_is_hmac), cmocka_unit_test(pauses_grow),
	    cmocka_unit_test(other_families_are_not_public), cmocka_unit_test(references),
	    cmocka_unit_test(names), cmocka_unit_test(urls)};
	const size_t plain_count = sizeof(plain) / sizeof(plain[0]);
	struct CMUnitTest tests[sizeof(plain) / sizeof(plain[0]) + ADDRESSES];

	memcpy(tests, plain, sizeof(plain));
	for (size_t i = 0; i < ADDRESSES; i++)
		tests[plain_count + i] = (struct CMUnitTest){
		    addresses[i].text, address_judged, NULL, NULL, (void *)(uintptr_t)&addresses[i]};
	return cmocka_run_group_tests_name("callback", tests, NULL, NULL);
}
