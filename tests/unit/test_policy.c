/* test_policy.c - the rules' days, and the one version of them that everything records. */
#include "tests/unit/fixture_pki.h"

#include "lib/pki/lint.h"
#include "lib/pki/policy.h"

/* The second a day begins, by another way than policy.c's. */
static time_t midnight(const char *day)
{
	struct tm tm = {0};
	const char *end = strptime(day, "%Y-%m-%d", &tm);

	assert_non_null(end);
	assert_int_equal(*end, '\0');
	return timegm(&tm);
}

static void test_days(void **state)
{
	(void)state;
	for (int p = 0; p < POLICY__MAX; p++) {
		const struct policy_row *row = policy_row((enum policy)p);

		assert_false(policy_in_force((enum policy)p, midnight(row->day) - 1));
		assert_true(policy_in_force((enum policy)p, midnight(row->day)));
		assert_true(strlen(row->what) > 0 && strlen(row->source) > 0 && strlen(row->held) > 0);
		if (p > 0)
			assert_true(strcmp(policy_row((enum policy)(p - 1))->day, row->day) <= 0);
	}
}

static void test_days_named(void **state)
{
	(void)state;
	assert_string_equal(policy_row(POLICY_MPIC_5)->day, "2026-12-15");
	assert_string_equal(policy_row(POLICY_RFC822_NAME)->day, "2027-02-01");
	assert_string_equal(policy_row(POLICY_RSA_CA_3072)->day, "2027-09-15");
}

static void test_remotes(void **state)
{
	static const struct {
		const char *day;
		size_t least;
	} rows[] = {{"2025-09-14", 0}, {"2025-09-15", 2}, {"2026-03-15", 3}, {"2026-06-15", 4},
	    {"2026-12-14", 4}, {"2026-12-15", 5}, {"2030-01-01", 5}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(policy_remotes_least(midnight(rows[i].day)), rows[i].least);
}

static void test_ca_key(void **state)
{
	const time_t day = midnight("2027-09-15");
	EVP_PKEY *rsa2048 = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	EVP_PKEY *rsa3072 = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072);
	EVP_PKEY *p256 = EVP_EC_gen("P-256");

	(void)state;
	assert_true(policy_ca_key_serves(rsa2048, day - 1));
	assert_false(policy_ca_key_serves(rsa2048, day));
	assert_true(policy_ca_key_serves(rsa3072, day));
	assert_true(policy_ca_key_serves(p256, day));
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(rsa3072);
	EVP_PKEY_free(p256);
}

/* Whether a file has this text. */
static bool file_has(const char *path, const char *text)
{
	char *content;
	struct err e;
	bool found;

	assert_done(file_read(path, 1 << 20, &content, NULL, &e), &e);
	found = strstr(content, text) != NULL;
	free(content);
	return found;
}

/* tests/db/test_transitions.sh looks at the row that is recorded; here, that no second version is about. */
static void test_version(void **state)
{
	(void)state;
	assert_non_null(strstr(LINT_VERSION, "(SBR " SBR_VERSION ")"));
	assert_true(file_has("sql/transitions.sql", "'3.2.2.2', '" SBR_VERSION "'"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    {"section 9.25: each rule is in force from the first second of its day", test_days, NULL, NULL,
		NULL},
	    {"section 9.25: the days that lie before us", test_days_named, NULL, NULL, NULL},
	    cmocka_unit_test(test_remotes),
	    {"section 9.25: a CA with a short RSA key stops signing on its day", test_ca_key, NULL, NULL,
		NULL},
	    {"section 9.25: the version in the lint and in the books is the one configured", test_version,
		NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
