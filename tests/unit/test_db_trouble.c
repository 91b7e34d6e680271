/* test_db_trouble.c - which errors of the database end a statement, which have it run again, and where; the
 * list of hosts. That the retries themselves work is shown by tests/fault/database_errors.mjs with a real
 * database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/db/hosts.h"
#include "lib/db/verdict.h"

static const struct judged {
	const char *name;
	unsigned number;
	enum verdict verdict;
} judged[] = {
    {"deadlock or failed certification", 1213, VERDICT_AGAIN},
    {"lock wait timeout", 1205, VERDICT_AGAIN},
    {"server gone", 2006, VERDICT_RECONNECT},
    {"lost during query", 2013, VERDICT_RECONNECT},
    {"commands out of sync", 2014, VERDICT_RECONNECT},
    {"error in the network's reading", 5013, VERDICT_RECONNECT},
    {"connection killed", 1927, VERDICT_RECONNECT},
    {"node not in its cluster", 1047, VERDICT_RECONNECT},
    {"unknown prepared statement", 1243, VERDICT_RECONNECT},
    {"table is full", 1114, VERDICT_BUSY},
    {"disk is full", 1021, VERDICT_BUSY},
    {"an engine's error", 1030, VERDICT_BUSY},
    {"too many connections", 1040, VERDICT_BUSY},
    {"read-only server", 1290, VERDICT_BUSY},
    {"statement took too long", 1969, VERDICT_BUSY},
    {"access denied", 1142, VERDICT_FAIL},
    {"syntax error", 1064, VERDICT_FAIL},
    {"duplicate key", 1062, VERDICT_FAIL},
    {"a transition's refusal", 1644, VERDICT_FAIL},
};

static void number_judged(void **state)
{
	const struct judged *j = *state;

	assert_int_equal(verdict_of(j->number), j->verdict);
}

static const struct listed {
	const char *name, *text;
	size_t count;
	const char *last; /* NULL: the text is refused */
	unsigned port;
} listed[] = {
    {"one name", "db1", 1, "db1", 3306},
    {"with ports", "db1:3307,db2:3308", 2, "db2", 3308},
    {"a port here and there", "db1:3307,db2", 2, "db2", 3306},
    {"addresses", "10.0.0.1,[2001:db8::1]:3307", 2, "2001:db8::1", 3307},
    {"brackets without a port", "[::1]", 1, "::1", 3306},
    {"nothing", "", 0, NULL, 0},
    {"an empty item", "db1,,db2", 0, NULL, 0},
    {"a comma at the end", "db1,", 0, NULL, 0},
    {"a space", "db1, db2", 0, NULL, 0},
    {"a port that is a word", "db1:mysql", 0, NULL, 0},
    {"a port that is too large", "db1:65536", 0, NULL, 0},
    {"an empty port", "db1:", 0, NULL, 0},
    {"words behind the brackets", "[::1]x:3306", 0, NULL, 0},
};

static void list_read(void **state)
{
	const struct listed *l = *state;
	struct db_hosts hosts;
	struct err e;
	int rc = db_hosts_read(&hosts, l->text, &e);

	if (l->last == NULL) {
		assert_int_equal(rc, -1);
		assert_int_equal(e.fault, FAULT_config_invalid);
	} else {
		assert_int_equal(rc, 0);
		assert_int_equal(hosts.count, l->count);
		assert_string_equal(hosts.list[l->count - 1].name, l->last);
		assert_int_equal(hosts.list[l->count - 1].port, l->port);
	}
	db_hosts_free(&hosts);
}

static void hosts_in_a_circle(void **state)
{
	struct db_hosts hosts;
	struct err e;

	(void)state;
	assert_int_equal(db_hosts_read(&hosts, "a,b,c", &e), 0);
	for (const char *name = "abcab"; *name != '\0'; name++) {
		assert_int_equal(db_hosts_now(&hosts)->name[0], *name);
		db_hosts_turn(&hosts);
	}
	db_hosts_free(&hosts);
	assert_null(db_hosts_now(&hosts));
	db_hosts_turn(&hosts);
}

/* What one process says of a host the others hear; of other hosts, from before, or from a clock that began
 * anew, nothing. */
static void hosts_tell_each_other(void **state)
{
	char path[] = "/tmp/mailcert-test.XXXXXX";
	struct db_hosts one, other, alone, many;
	struct err e;

	(void)state;
	assert_int_not_equal(mkstemp(path), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(db_hosts_read(&one, "a,b", &e), 0);
	assert_int_equal(db_hosts_read(&other, "a,b", &e), 0);
	assert_int_equal(db_hosts_read(&alone, "a,b", &e), 0);
	assert_int_equal(db_hosts_read(&many, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", &e), 0);
	for (int i = 0; i < 16; i++)
		db_hosts_turn(&many);
	db_hosts_share(&one, path);
	db_hosts_silent(&one, 100);
	db_hosts_share(&other, path); /* who comes later hears it as well */
	db_hosts_share(&many, path);
	assert_true(db_hosts_silent_since(&other, 90, 101));
	assert_false(db_hosts_silent_since(&other, 100, 101));
	assert_false(db_hosts_silent_since(&other, 0, 99));
	db_hosts_turn(&other);
	assert_false(db_hosts_silent_since(&other, 90, 101));
	db_hosts_silent(&other, 102);
	assert_false(db_hosts_silent_since(&one, 101, 103));
	db_hosts_turn(&one);
	assert_true(db_hosts_silent_since(&one, 101, 103));
	db_hosts_share(&alone, "/nowhere/at/all");
	db_hosts_silent(&alone, 100);
	assert_false(db_hosts_silent_since(&alone, 0, 101));
	db_hosts_silent(&many, 100);
	assert_false(db_hosts_silent_since(&many, 0, 101));
	db_hosts_free(&one);
	db_hosts_free(&other);
	db_hosts_free(&alone);
	db_hosts_free(&many);
	assert_int_equal(unlink(path), 0);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int main(void)
{
	struct CMUnitTest tests[COUNT(judged) + COUNT(listed) + 2];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(judged); i++)
		tests[n++] = (struct CMUnitTest){.name = judged[i].name,
		    .test_func = number_judged,
		    .initial_state = (void *)(uintptr_t)&judged[i]};
	for (size_t i = 0; i < COUNT(listed); i++)
		tests[n++] = (struct CMUnitTest){.name = listed[i].name,
		    .test_func = list_read,
		    .initial_state = (void *)(uintptr_t)&listed[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(hosts_in_a_circle);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(hosts_tell_each_other);
	return _cmocka_run_group_tests("db_trouble", tests, n, NULL, NULL);
}
