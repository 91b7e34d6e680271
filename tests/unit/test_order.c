/* test_order.c - where an order stands: one word, the next thing to do, the page where the wizard goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/flow/order.h"
#include "lib/flow/revocation.h"

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

static struct order_case {
	const char *name;
	struct order order;
	const char *state, *next, *page;
} order_cases[] = {
    {"fresh", {.mailbox = STEP_WAITING_FOR_DATA, .activation = STEP_NOT_AVAILABLE},
	"mailbox_waiting_for_data", "provide_email", "/email"},
    {"address typed",
	{.mailbox = STEP_WAITING_FOR_DATA, .activation = STEP_NOT_AVAILABLE, .email_draft = "a@b.example"},
	"mailbox_waiting_for_data", "confirm_email", "/email/summary"},
    {"verification grew too old: the address is asked anew",
	{.mailbox = STEP_WAITING_FOR_DATA,
	    .activation = STEP_NOT_AVAILABLE,
	    .email_draft = "a@b.example",
	    .mailbox_reason = "mailbox_too_old"},
	"mailbox_waiting_for_data", "provide_email", "/email"},
    {"mail is out", {.mailbox = STEP_WAITING_FOR_VERIFICATION, .activation = STEP_NOT_AVAILABLE},
	"mailbox_waiting_for_verification", "wait_for_holder", "/email/done"},
    {"verified", {.mailbox = STEP_VERIFIED, .activation = STEP_WAITING_FOR_DATA},
	"activation_waiting_for_data", "activate", "/activation/data"},
    {"fields chosen",
	{.mailbox = STEP_VERIFIED, .activation = STEP_WAITING_FOR_DATA, .fields = "emailAddress"},
	"activation_waiting_for_data", "activate", "/activation/method"},
    {"method chosen",
	{.mailbox = STEP_VERIFIED,
	    .activation = STEP_WAITING_FOR_DATA,
	    .fields = "emailAddress",
	    .method = "csr"},
	"activation_waiting_for_data", "activate", "/activation/key"},
    {"key handed in",
	{.mailbox = STEP_VERIFIED,
	    .activation = STEP_WAITING_FOR_DATA,
	    .fields = "emailAddress",
	    .method = "csr",
	    .has_csr = true},
	"activation_waiting_for_data", "activate", "/activation/summary"},
    {"submitted", {.mailbox = STEP_VERIFIED, .activation = STEP_WAITING_FOR_VERIFICATION},
	"activation_waiting_for_verification", "wait_for_issuance", "/activation/done"},
    {"issued", {.mailbox = STEP_VERIFIED, .activation = STEP_VERIFIED, .issued = true}, "issued", "download",
	""},
    {"expired", {.mailbox = STEP_VERIFIED, .activation = STEP_VERIFIED, .issued = true, .expired = true},
	"expired", "view", ""},
    {"revoked counts before expired",
	{.mailbox = STEP_VERIFIED,
	    .activation = STEP_VERIFIED,
	    .issued = true,
	    .expired = true,
	    .revoked = true},
	"revoked", "view", ""},
    {"cancelled", {.mailbox = STEP_WAITING_FOR_DATA, .activation = STEP_NOT_AVAILABLE, .cancelled = true},
	"cancelled", "view", ""},
};

static void order_check(void **state)
{
	const struct order_case *c = *state;
	const char *page;

	assert_string_equal(order_state(&c->order), c->state);
	assert_string_equal(order_next(&c->order, &page), c->next);
	assert_string_equal(page, c->page);
}

static void numbers_have_one_form(void **state)
{
	struct order_number on;

	(void)state;
	assert_true(order_number_read(&on, "0000123456", "b01"));
	assert_string_equal(on.number, "0000123456");
	assert_false(order_number_read(&on, "000012345", "b01"));
	assert_false(order_number_read(&on, "00001234567", "b01"));
	assert_false(order_number_read(&on, "000012345x", "b01"));
	assert_false(order_number_read(&on, "0000123456", "B01"));
	assert_false(order_number_read(&on, "0000123456", "b1"));
	assert_false(order_number_read(&on, "0000123456", "b0x"));
}

static void reasons_are_rfc_5280s(void **state)
{
	(void)state;
	assert_int_equal(revocation_reason_number("keyCompromise"), 1);
	assert_int_equal(revocation_reason_number("certificateHold"), -1);
	assert_string_equal(revocation_reason_word(5), "cessationOfOperation");
	assert_string_equal(revocation_reason_word(9), "privilegeWithdrawn");
}

int main(void)
{
	struct CMUnitTest t[nitems(order_cases) + 2];
	size_t n = 0;

	for (; n < nitems(order_cases); n++)
		t[n] = (struct CMUnitTest){order_cases[n].name, order_check, NULL, NULL, &order_cases[n]};
	t[n++] = (struct CMUnitTest)cmocka_unit_test(numbers_have_one_form);
	t[n++] = (struct CMUnitTest)cmocka_unit_test(reasons_are_rfc_5280s);
	return cmocka_run_group_tests_name("order", t, NULL, NULL);
}
