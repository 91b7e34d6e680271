/* test_signing.c - a list signed in a thread: all of it, in its order, and what ends it early. */
#include "tests/unit/fixture_pki.h"

#include <openssl/evp.h>

#include "lib/pki/signing.h"

#define MANY  100
#define LATER (signing_seconds() + 3600)

static struct fixture fixture;
static char texts[MANY][32];
static struct signing_task tasks[MANY];

static int setup(void **state)
{
	(void)state;
	fixture_dir_make(&fixture);
	fixture_ca_make(&fixture, CA_KEY_P384, CA_KEY_P256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(&fixture);
	return 0;
}

static void tasks_make(void)
{
	for (size_t k = 0; k < MANY; k++) {
		(void)snprintf(texts[k], sizeof(texts[k]), "certificate %zu", k);
		tasks[k] = (struct signing_task){
		    .tbs = (const unsigned char *)texts[k], .tbs_len = strlen(texts[k])};
	}
}

/* The first n bear good signatures of their own, the others none. */
static void tasks_check(size_t n)
{
	for (size_t k = 0; k < MANY; k++) {
		struct err e;

		if (k < n)
			assert_done(signature_verify(X509_get0_pubkey(fixture.issuer->certificate),
					fixture.issuer->algorithm, tasks[k].tbs, tasks[k].tbs_len,
					tasks[k].signature, tasks[k].signature_len, &e),
			    &e);
		else
			assert_null(tasks[k].signature);
		free(tasks[k].signature);
		tasks[k].signature = NULL;
	}
}

static void test_all(void **state)
{
	struct signing *signing;
	size_t seen = 0;
	bool over = false;
	struct err e;

	(void)state;
	tasks_make();
	assert_done(signing_begin(&signing, fixture.issuer, tasks, MANY, LATER, &e), &e);
	while (!over) {
		const size_t got = signing_wait(signing, seen, 1, &over);

		assert_true(got > seen || over);
		assert_true(got <= MANY);
		for (; seen < got; seen++)
			assert_non_null(tasks[seen].signature);
	}
	assert_int_equal(seen, MANY);
	assert_done(signing_end(signing, &e), &e);
	tasks_check(MANY);
}

/* Few are signed by the time it has begun; none is no failure. */
static void test_few(void **state)
{
	struct err e;

	(void)state;
	for (size_t n = 0; n < 3; n++) {
		struct signing *signing;
		bool over;

		tasks_make();
		assert_done(signing_begin(&signing, fixture.issuer, tasks, n, LATER, &e), &e);
		assert_int_equal(signing_wait(signing, 0, 0, &over), n);
		assert_true(over);
		assert_done(signing_end(signing, &e), &e);
		tasks_check(n);
	}
}

/* Whoever ends it early gets a part that is in order, and no failure. */
static void test_ended_early(void **state)
{
	struct signing *signing;
	struct err e;
	size_t n = 0;

	(void)state;
	tasks_make();
	assert_done(signing_begin(&signing, fixture.issuer, tasks, MANY, LATER, &e), &e);
	assert_done(signing_end(signing, &e), &e);
	while (n < MANY && tasks[n].signature != NULL)
		n++;
	assert_true(n > 0);
	tasks_check(n);
}

/* A lease that has run out, and a key that is away, in a thread and without one. */
static void test_failures(void **state)
{
	static const size_t counts[] = {1, MANY};
	struct issuer away = *fixture.issuer;

	(void)state;
	away.key = NULL;
	for (size_t i = 0; i < 4; i++) {
		const bool late = i % 2 == 0;
		struct signing *signing;
		struct err e;
		bool over;

		tasks_make();
		assert_done(signing_begin(&signing, late ? fixture.issuer : &away, tasks, counts[i / 2],
				late ? signing_seconds() : LATER, &e),
		    &e);
		assert_int_equal(signing_wait(signing, 0, 1000, &over), 0);
		assert_true(over);
		assert_int_equal(signing_end(signing, &e), -1);
		assert_string_equal(fault_code(e.fault), "busy");
		tasks_check(0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_few),
	    cmocka_unit_test(test_ended_early),
	    cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
