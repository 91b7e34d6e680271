/* test_stmt.c - every statement of sql/statements.def, prepared by the account that runs it.
 *
 * Needs a migrated database: MAILCERT_TEST_CONFIG names a configuration. tests/db/test_stmt.sh makes one;
 * without it all cases are skipped. A CALL is only looked at when it runs, so for those the procedure is
 * looked up: the account must be granted it, and it must take as many arguments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <mysql.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/db/db.h"

static MYSQL *links[DB_ACCOUNT__MAX]; /* one connection an account; NULL: there is no database */

static const struct {
	enum setting user, password;
} accounts[DB_ACCOUNT__MAX] = {
    [DB_WEB] = {SET_DB_USER_WEB, SET_DB_PASSWORD_WEB},
    [DB_MAILER] = {SET_DB_USER_MAILER, SET_DB_PASSWORD_MAILER},
    [DB_SIGNER] = {SET_DB_USER_SIGNER, SET_DB_PASSWORD_SIGNER},
    [DB_CALLBACK] = {SET_DB_USER_CALLBACK, SET_DB_PASSWORD_CALLBACK},
    [DB_ADMIN] = {SET_DB_USER_ADMIN, SET_DB_PASSWORD_ADMIN},
    [DB_REPORT] = {SET_DB_USER_REPORT, SET_DB_PASSWORD_REPORT},
    [DB_METRICS] = {SET_DB_USER_METRICS, SET_DB_PASSWORD_METRICS},
    [DB_RETENTION] = {SET_DB_USER_RETENTION, SET_DB_PASSWORD_RETENTION},
};

static MYSQL *link_open(const struct conf *conf, enum db_account account, struct err *e)
{
	MYSQL *link = mysql_init(NULL);
	char *password = NULL;

	if (conf_secret(conf, accounts[account].password, &password, e) == -1)
		fail_msg("%s", e->log);
	if (mysql_real_connect(link, "localhost", conf_text(conf, accounts[account].user), password,
		conf_text(conf, SET_DB_NAME), 0, conf_text(conf, SET_DB_SOCKET), 0) == NULL)
		fail_msg("connect as %s: %s", conf_text(conf, accounts[account].user), mysql_error(link));
	secret_free(password);
	return link;
}

static int links_open(void **state)
{
	const char *path = getenv("MAILCERT_TEST_CONFIG");
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	if (path == NULL)
		return 0;
	if (conf_load(&conf, path, &e) == -1)
		fail_msg("%s", e.log);
	for (int i = 0; i < DB_ACCOUNT__MAX; i++)
		links[i] = link_open(conf, (enum db_account)i, &e);
	conf_free(conf);
	return 0;
}

static int links_close(void **state)
{
	(void)state;
	for (int i = 0; i < DB_ACCOUNT__MAX; i++)
		if (links[i] != NULL)
			mysql_close(links[i]);
	mysql_library_end();
	return 0;
}

/* The one number a query answers. */
static long number_ask(MYSQL *link, const char *query)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	long number;

	if (mysql_query(link, query) != 0)
		fail_msg("%s: %s", query, mysql_error(link));
	result = mysql_store_result(link);
	row = mysql_fetch_row(result);
	number = row == NULL || row[0] == NULL ? -1 : strtol(row[0], NULL, 10);
	mysql_free_result(result);
	return number;
}

/* How many arguments stand in the brackets that text begins with. */
static int args_count(const char *text)
{
	int depth = 0, count = text[1] != ')';

	for (; *text != '\0'; text++) {
		depth += (*text == '(') - (*text == ')');
		count += *text == ',' && depth == 1;
	}
	return count;
}

/* "CALL name(?, ?)": may the account run it, and does it take so many arguments? */
static void call_check(enum stmt s)
{
	const char *name = stmt_text(s) + strlen("CALL ");
	const int len = (int)strcspn(name, "(");
	char query[400];

	(void)snprintf(query, sizeof(query),
	    "SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE() "
	    "AND routine_name = '%.*s'",
	    len, name);
	assert_int_equal(number_ask(links[stmt_account(s)], query), 1);
	(void)snprintf(query, sizeof(query),
	    "SELECT COUNT(*) FROM information_schema.parameters WHERE specific_schema = DATABASE() "
	    "AND specific_name = '%.*s'",
	    len, name);
	assert_int_equal(number_ask(links[DB_ADMIN], query), args_count(name + len));
}

static void stmt_check(void **state)
{
	const enum stmt s = (enum stmt)(uintptr_t)*state;
	MYSQL_STMT *prepared;

	if (links[DB_ADMIN] == NULL)
		skip();
	prepared = mysql_stmt_init(links[stmt_account(s)]);
	if (mysql_stmt_prepare(prepared, stmt_text(s), strlen(stmt_text(s))) != 0)
		fail_msg("%s", mysql_stmt_error(prepared));
	assert_int_equal(mysql_stmt_param_count(prepared), stmt_params(s));
	(void)mysql_stmt_close(prepared);
	if (strncmp(stmt_text(s), "CALL ", 5) == 0)
		call_check(s);
}

int main(void)
{
	struct CMUnitTest tests[STMT__MAX];

	/* The first statement's number is 0, which cmocka takes for "no state of its own": NULL then, 0
	 * again. */
	for (int i = 0; i < STMT__MAX; i++)
		tests[i] = (struct CMUnitTest){
		    stmt_name((enum stmt)i), stmt_check, NULL, NULL, (void *)(uintptr_t)i};
	return cmocka_run_group_tests_name("statements", tests, links_open, links_close);
}
