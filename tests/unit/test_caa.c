/* test_caa.c - CAA RRsets judged: RFC 8659 4, RFC 9495 4 to 6, without any DNS. */
#include "tests/unit/fixture_pki.h"

#include "lib/pki/caa_panel.h"

#define US "mailcert.example, mailcert.test"

/* A record as "flags tag value", a set as an array ended by NULL. Octets of the value may be \x escapes of C.
 */
struct judged {
	const char *name;
	const char *records[6];
	enum caa_reason reason;
	const char *issuers;
};

static const struct judged judged[] = {
    {"no_records", {NULL}, CAA_NO_RECORDS, ""},
    {"issue_only", {"0 issue ca.example", NULL}, CAA_NO_ISSUEMAIL, ""},
    {"issue_nobody_does_not_count", {"0 issue ;", "0 issuewild ;", NULL}, CAA_NO_ISSUEMAIL, ""},
    {"iodef_only", {"0 iodef mailto:a@b.example", NULL}, CAA_NO_ISSUEMAIL, ""},
    {"named", {"0 issuemail mailcert.example", NULL}, CAA_NAMED, "mailcert.example"},
    {"named_by_second_identity", {"0 issuemail mailcert.test", NULL}, CAA_NAMED, "mailcert.test"},
    {"named_among_others", {"0 issuemail ca.example", "0 issuemail mailcert.example", NULL}, CAA_NAMED,
	"ca.example, mailcert.example"},
    {"named_in_capitals", {"0 issuemail MailCert.Example", NULL}, CAA_NAMED, "MailCert.Example"},
    {"tag_in_capitals", {"0 IssueMail ca.example", NULL}, CAA_OTHER_ISSUERS, "ca.example"},
    {"tag_in_capitals_names_us", {"128 ISSUEMAIL mailcert.example", NULL}, CAA_NAMED, "mailcert.example"},
    {"named_with_blanks", {"0 issuemail  \t mailcert.example \t ", NULL}, CAA_NAMED, "mailcert.example"},
    {"named_with_empty_parameters", {"0 issuemail mailcert.example;", NULL}, CAA_NAMED, "mailcert.example"},
    {"named_with_empty_parameters_and_blanks", {"0 issuemail mailcert.example ; ", NULL}, CAA_NAMED,
	"mailcert.example"},
    {"other_issuers", {"0 issuemail ca.example", "0 issuemail other.example", NULL}, CAA_OTHER_ISSUERS,
	"ca.example, other.example"},
    {"nobody", {"0 issuemail ;", NULL}, CAA_OTHER_ISSUERS, ""},
    {"nobody_with_blanks", {"0 issuemail  ;  ", NULL}, CAA_OTHER_ISSUERS, ""},
    {"nobody_with_parameters", {"0 issuemail ;account=1", NULL}, CAA_OTHER_ISSUERS, ""},
    {"empty_value", {"0 issuemail ", NULL}, CAA_OTHER_ISSUERS, ""},
    {"nobody_and_us", {"0 issuemail ;", "0 issuemail mailcert.example", NULL}, CAA_NAMED, "mailcert.example"},
    {"parameter_unknown", {"0 issuemail mailcert.example; account=12", NULL}, CAA_OTHER_ISSUERS,
	"mailcert.example"},
    {"parameters_unknown", {"0 issuemail mailcert.example;a=1 ; b-c = 2", NULL}, CAA_OTHER_ISSUERS,
	"mailcert.example"},
    {"parameter_value_empty", {"0 issuemail mailcert.example; a=", NULL}, CAA_OTHER_ISSUERS,
	"mailcert.example"},
    {"parameter_beside_a_plain_one",
	{"0 issuemail mailcert.example; a=1", "0 issuemail mailcert.example", NULL}, CAA_NAMED,
	"mailcert.example, mailcert.example"},
    {"subdomain_of_ours", {"0 issuemail a.mailcert.example", NULL}, CAA_OTHER_ISSUERS, "a.mailcert.example"},
    {"parent_of_ours", {"0 issuemail example", NULL}, CAA_OTHER_ISSUERS, "example"},
    {"prefix_of_ours", {"0 issuemail mailcert.exampl", NULL}, CAA_OTHER_ISSUERS, "mailcert.exampl"},
    {"malformed_two_words", {"0 issuemail mailcert.example ca.example", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_dot_at_end", {"0 issuemail mailcert.example.", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_dots", {"0 issuemail mailcert..example", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_hyphen_first", {"0 issuemail -mailcert.example", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_hyphen_last", {"0 issuemail mailcert-.example", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_quotes", {"0 issuemail \"mailcert.example\"", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_octet", {"0 issuemail mailcert.example\xff", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_comma", {"0 issuemail mailcert.example, ca.example", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_parameter_without_value", {"0 issuemail mailcert.example; account", NULL}, CAA_OTHER_ISSUERS,
	""},
    {"malformed_parameter_without_tag", {"0 issuemail mailcert.example; =1", NULL}, CAA_OTHER_ISSUERS, ""},
    {"malformed_parameters_without_semicolon", {"0 issuemail mailcert.example; a=1 b=2", NULL},
	CAA_OTHER_ISSUERS, ""},
    {"malformed_parameters_semicolon_last", {"0 issuemail mailcert.example; a=1;", NULL}, CAA_OTHER_ISSUERS,
	""},
    {"malformed_blank_in_value", {"0 issuemail mailcert.example; a=1 2", NULL}, CAA_OTHER_ISSUERS, ""},
    {"critical_unknown", {"128 future x", NULL}, CAA_CRITICAL, ""},
    {"critical_unknown_beside_us", {"128 future x", "0 issuemail mailcert.example", NULL}, CAA_CRITICAL,
	"mailcert.example"},
    {"critical_with_reserved_bits", {"255 future x", NULL}, CAA_CRITICAL, ""},
    {"not_critical_unknown", {"0 future x", NULL}, CAA_NO_ISSUEMAIL, ""},
    {"reserved_bits_are_not_critical", {"127 future x", NULL}, CAA_NO_ISSUEMAIL, ""},
    {"critical_known",
	{"128 issue a", "128 issuewild a", "128 iodef a", "128 issuemail mailcert.example", NULL}, CAA_NAMED,
	"mailcert.example"},
    {"critical_prefix_of_known", {"128 issuemai mailcert.example", NULL}, CAA_CRITICAL, ""},
    {"critical_known_and_more", {"128 issuemails mailcert.example", NULL}, CAA_CRITICAL, ""},
};

static size_t record_encode(unsigned char out[512], const char *text)
{
	char *end;
	unsigned long flags = strtoul(text, &end, 10);
	const char *tag = end + 1, *space = strchr(tag, ' ');
	size_t tag_len = (size_t)(space - tag), value_len = strlen(space + 1);

	out[0] = (unsigned char)flags;
	out[1] = (unsigned char)tag_len;
	memcpy(out + 2, tag, tag_len);
	memcpy(out + 2 + tag_len, space + 1, value_len);
	return 2 + tag_len + value_len;
}

static size_t set_encode(struct caa_rdata set[6], unsigned char room[6][512], const char *const records[6])
{
	size_t n = 0;

	for (; records[n] != NULL; n++)
		set[n] = (struct caa_rdata){room[n], record_encode(room[n], records[n])};
	return n;
}

static void test_judged(void **state)
{
	const struct judged *j = *state;
	struct caa_result result = {0};
	unsigned char room[6][512];
	struct caa_rdata set[6];
	size_t n = set_encode(set, room, j->records);

	assert_int_equal(caa_evaluate(&result, set, n, US), 0);
	assert_string_equal(caa_reason_word(result.reason), caa_reason_word(j->reason));
	assert_int_equal(result.decision, j->reason >= CAA_NO_RECORDS ? CAA_PERMITTED : CAA_DENIED);
	assert_string_equal(result.issuers, j->issuers);
	caa_result_free(&result);
}

/* The order of records in a set means nothing. */
static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		struct caa_result result = {0};
		unsigned char room[6][512];
		struct caa_rdata set[6], turned[6];
		size_t n = set_encode(set, room, judged[i].records);

		for (size_t k = 0; k < n; k++)
			turned[k] = set[n - 1 - k];
		assert_int_equal(caa_evaluate(&result, turned, n, US), 0);
		assert_int_equal(result.reason, judged[i].reason);
		caa_result_free(&result);
	}
}

static void test_malformed_rdata(void **state)
{
	static const struct caa_rdata bad[] = {
	    {(const unsigned char *)"", 0}, {(const unsigned char *)"\x00", 1},
	    {(const unsigned char *)"\x00\x05", 2}, {(const unsigned char *)"\x00\x00value", 7}, /* no tag */
	    {(const unsigned char *)"\x00\x09issuemai", 10}, /* tag longer than the record */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned char room[512];
		struct caa_rdata set[2] = {
		    {room, record_encode(room, "0 issuemail mailcert.example")}, bad[i]};
		struct caa_result result = {0};

		assert_int_equal(caa_evaluate(&result, set, 2, US), 0);
		assert_int_equal(result.reason, CAA_MALFORMED);
		assert_int_equal(result.decision, CAA_DENIED);
		assert_non_null(strstr(result.records, "malformed"));
		caa_result_free(&result);
	}
}

/* A value with a NUL inside must not end there. */
static void test_nul_in_value(void **state)
{
	static const unsigned char rdata[] = "\x00\x09issuemailmailcert.example\0.attacker.example";
	struct caa_rdata set = {rdata, sizeof(rdata) - 1};
	struct caa_result result = {0};

	(void)state;
	assert_int_equal(caa_evaluate(&result, &set, 1, US), 0);
	assert_int_equal(result.reason, CAA_OTHER_ISSUERS);
	assert_string_equal(result.records, "0 issuemail \"mailcert.example\\000.attacker.example\"");
	caa_result_free(&result);
}

static void test_texts(void **state)
{
	static const char *const records[6] = {"0 issuemail ca.example", "128 iodef mailto:a@b.example",
	    "0 iodef https://b.example/caa", "0 x a\"b\\c\x01", NULL};
	struct caa_result result = {0};
	unsigned char room[6][512];
	struct caa_rdata set[6];
	size_t n = set_encode(set, room, records);

	(void)state;
	assert_int_equal(caa_evaluate(&result, set, n, US), 0);
	assert_string_equal(result.records, "0 issuemail \"ca.example\"\n"
					    "128 iodef \"mailto:a@b.example\"\n"
					    "0 iodef \"https://b.example/caa\"\n"
					    "0 x \"a\\\"b\\\\c\\001\"");
	assert_string_equal(result.iodef, "mailto:a@b.example\nhttps://b.example/caa");
	assert_string_equal(result.issuers, "ca.example");
	caa_result_free(&result);
}

static void test_no_identity(void **state)
{
	static const char *const lists[] = {"", ",", " , "};
	unsigned char room[512];
	struct caa_rdata set = {room, record_encode(room, "0 issuemail ;")};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct caa_result result = {0};

		assert_int_equal(caa_evaluate(&result, &set, 1, lists[i]), 0);
		assert_int_equal(result.decision, CAA_DENIED);
		caa_result_free(&result);
	}
}

/* What nobody filled in permits nothing. */
static void test_zero_is_not_permission(void **state)
{
	struct caa_result result = {0};

	(void)state;
	assert_int_not_equal(result.decision, CAA_PERMITTED);
	assert_string_equal(caa_decision_word(result.decision), "unreachable");
	assert_string_equal(caa_reason_word(result.reason), "lookup_failed");
	assert_string_equal(caa_decision_word(CAA_PERMITTED), "permitted");
	assert_string_equal(caa_decision_word(CAA_DENIED), "denied");
}

/* TBR 3.2.2.9: of 2 to 5 remote perspectives one may differ, of 6 and more two. */
static void test_quorum(void **state)
{
	static const struct {
		size_t remotes, denied, unreachable;
		bool ours;
		enum caa_decision decision;
	} rows[] = {
	    {0, 0, 0, true, CAA_PERMITTED},
	    {0, 0, 0, false, CAA_UNREACHABLE},
	    {1, 0, 0, true, CAA_PERMITTED},
	    {1, 0, 1, true, CAA_UNREACHABLE},
	    {1, 1, 0, true, CAA_DENIED},
	    {2, 0, 1, true, CAA_PERMITTED},
	    {2, 1, 0, true, CAA_PERMITTED},
	    {2, 1, 1, true, CAA_UNREACHABLE},
	    {2, 2, 0, true, CAA_DENIED},
	    {5, 1, 0, true, CAA_PERMITTED},
	    {5, 0, 2, true, CAA_UNREACHABLE},
	    {5, 2, 0, true, CAA_DENIED},
	    {5, 0, 0, false, CAA_UNREACHABLE},
	    {6, 1, 1, true, CAA_PERMITTED},
	    {6, 2, 0, true, CAA_PERMITTED},
	    {6, 2, 1, true, CAA_UNREACHABLE},
	    {6, 3, 0, true, CAA_DENIED},
	    {16, 0, 2, true, CAA_PERMITTED},
	    {16, 0, 3, true, CAA_UNREACHABLE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct caa_view views[CAA_REMOTES_MAX] = {{.decision = CAA_UNREACHABLE}};

		for (size_t k = 0; k < rows[i].remotes; k++)
			views[k].decision = k < rows[i].denied                         ? CAA_DENIED
					    : k < rows[i].denied + rows[i].unreachable ? CAA_UNREACHABLE
										       : CAA_PERMITTED;
		if (caa_panel_judge(rows[i].ours, views, rows[i].remotes) != rows[i].decision)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	static struct CMUnitTest tests[80] = {
	    {"section 9.16: the quorum by the number of perspectives", test_quorum, NULL, NULL, NULL},
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_malformed_rdata),
	    cmocka_unit_test(test_nul_in_value),
	    {"section 9.15: all records, the issuers named and the iodef contacts are kept", test_texts, NULL,
		NULL, NULL},
	    cmocka_unit_test(test_no_identity),
	    cmocka_unit_test(test_zero_is_not_permission),
	};
	size_t n = 7;

	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++)
		tests[n++] = (struct CMUnitTest){
		    fixture_point("9.13", judged[i].name), test_judged, NULL, NULL, (void *)&judged[i]};
	return _cmocka_run_group_tests("caa", tests, n, NULL, NULL);
}
