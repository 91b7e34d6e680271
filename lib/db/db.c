/* db.c - connection, statements and results over MariaDB Connector/C; see db.h. */
#include "lib/db/db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"

#define DB_TRIES        4 /* a CALL that met a deadlock or lost its connection runs at most so often */
#define DB_ARGS_MAX     32
#define DB_ADMIN_WAIT   3600    /* seconds; a migration of a large table takes its time */
#define DB_REFUSED      "45000" /* SQLSTATE of a transition's refusal */
#define WSREP_NOT_READY 1047    /* Galera: this node is not part of the cluster now */

static const struct stmt_row {
	const char *name, *text;
	enum db_account account;
	unsigned params;
} stmt_table[STMT__MAX] = {
#define STMT(name, account, params, text) [STMT_##name] = {#name, text, DB_##account, params},
#include "sql/statements.def"
#undef STMT
};

struct db {
	MYSQL *link;                     /* NULL while not connected */
	MYSQL_STMT *prepared[STMT__MAX]; /* of this link; NULL: not yet */
	char *host, *socket, *name, *user, *tls_ca;
	char *password; /* NULL: the unix_socket plugin */
	unsigned timeout;
	uint64_t statements;
	double seconds;
};

struct db_rows {
	size_t count, room;
	unsigned columns;
	char **names;    /* owned */
	char **cells;    /* owned; count * columns */
	size_t *lengths; /* of the cells */
};

const char *stmt_name(enum stmt s)
{
	return stmt_table[s].name;
}

const char *stmt_text(enum stmt s)
{
	return stmt_table[s].text;
}

enum db_account stmt_account(enum stmt s)
{
	return stmt_table[s].account;
}

unsigned stmt_params(enum stmt s)
{
	return stmt_table[s].params;
}

struct db_arg db_arg_text(const char *text)
{
	struct db_arg arg = {.kind = DB_ARG_NULL};

	if (text != NULL) {
		arg.kind = DB_ARG_TEXT;
		arg.data = text;
		arg.len = strlen(text);
	}
	return arg;
}

/* --- connection --- */

int db_open(struct db **out, const struct conf *conf, enum db_account account, struct err *e)
{
	static const struct {
		enum setting user, password;
	} accounts[DB_ACCOUNT__MAX] = {
	    [DB_WEB] = {SET_DB_USER_WEB, SET_DB_PASSWORD_WEB},
	    [DB_MAILER] = {SET_DB_USER_MAILER, SET_DB_PASSWORD_MAILER},
	    [DB_SIGNER] = {SET_DB_USER_SIGNER, SET_DB_PASSWORD_SIGNER},
	    [DB_CALLBACK] = {SET_DB_USER_CALLBACK, SET_DB_PASSWORD_CALLBACK},
	    [DB_ADMIN] = {SET_DB_USER_ADMIN, SET_DB_PASSWORD_ADMIN},
	};
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	if (conf_secret(conf, accounts[account].password, &db->password, e) == -1) {
		db_close(db);
		return -1;
	}
	db->host = strdup(conf_text(conf, SET_DB_HOSTS));
	db->socket = strdup(conf_text(conf, SET_DB_SOCKET));
	db->name = strdup(conf_text(conf, SET_DB_NAME));
	db->user = strdup(conf_text(conf, accounts[account].user));
	db->tls_ca = strdup(conf_text(conf, SET_DB_TLS_CA));
	db->timeout = account == DB_ADMIN ? DB_ADMIN_WAIT : (unsigned)conf_number(conf, SET_DB_TIMEOUT);
	if (db->host == NULL || db->socket == NULL || db->name == NULL || db->user == NULL ||
	    db->tls_ca == NULL) {
		db_close(db);
		return err_set(e, FAULT_busy, "database: out of memory");
	}
	*out = db;
	return 0;
}

static void db_disconnect(struct db *db)
{
	for (int i = 0; i < STMT__MAX; i++) {
		if (db->prepared[i] != NULL)
			(void)mysql_stmt_close(db->prepared[i]);
		db->prepared[i] = NULL;
	}
	if (db->link != NULL)
		mysql_close(db->link);
	db->link = NULL;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_disconnect(db);
	free(db->host);
	free(db->socket);
	free(db->name);
	free(db->user);
	free(db->tls_ca);
	secret_free(db->password);
	free(db);
}

static int db_connect(struct db *db, struct err *e)
{
	const bool local = *db->socket != '\0';
	my_bool verify = 1;

	db->link = mysql_init(NULL);
	if (db->link == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	(void)mysql_optionsv(db->link, MYSQL_OPT_CONNECT_TIMEOUT, &db->timeout);
	(void)mysql_optionsv(db->link, MYSQL_OPT_READ_TIMEOUT, &db->timeout);
	(void)mysql_optionsv(db->link, MYSQL_OPT_WRITE_TIMEOUT, &db->timeout);
	(void)mysql_optionsv(db->link, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	(void)mysql_optionsv(db->link, MYSQL_INIT_COMMAND,
	    "SET time_zone = '+00:00', sql_mode = "
	    "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
	    "innodb_lock_wait_timeout = 3");
	if (!local && *db->tls_ca != '\0') {
		(void)mysql_optionsv(db->link, MYSQL_OPT_SSL_CA, db->tls_ca);
		(void)mysql_optionsv(db->link, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
	if (mysql_real_connect(db->link, local ? "localhost" : db->host, db->user, db->password, db->name, 0,
		local ? db->socket : NULL, CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS) == NULL) {
		(void)err_set(e, FAULT_busy, "database: connect as %s: %u %s", db->user,
		    mysql_errno(db->link), mysql_error(db->link));
		db_disconnect(db);
		return -1;
	}
	return 0;
}

/* --- errors --- */

/* What to do after the database said no. */
enum verdict { VERDICT_FAIL, VERDICT_AGAIN, VERDICT_RECONNECT };

static enum verdict db_judge(unsigned number)
{
	switch (number) {
	case ER_LOCK_DEADLOCK:
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_CHECKREAD: /* "Record has changed since last read": snapshot isolation, MariaDB 10.11 */
		return VERDICT_AGAIN;
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case ER_SERVER_SHUTDOWN:
	case ER_CONNECTION_KILLED:
	case ER_QUERY_INTERRUPTED:
	case WSREP_NOT_READY:
		return VERDICT_RECONNECT;
	default:
		return VERDICT_FAIL;
	}
}

/* Turn the database's words into ours. Always -1. */
static int db_fault(struct err *e, const char *what, unsigned number, const char *state, const char *text)
{
	enum fault fault = FAULT_internal;
	char code[64];
	const char *bar;

	if (strcmp(state, DB_REFUSED) == 0) {
		/* "code" or "code|what the sentence names" */
		bar = strchr(text, '|');
		(void)snprintf(
		    code, sizeof(code), "%.*s", bar == NULL ? (int)strlen(text) : (int)(bar - text), text);
		fault = fault_by_code(code);
		if (fault != FAULT_none)
			return err_set_arg(
			    e, fault, bar == NULL ? "" : bar + 1, "%s: refused: %s", what, text);
		fault = FAULT_internal;
	} else if (db_judge(number) != VERDICT_FAIL) {
		fault = FAULT_busy;
	}
	return err_set(e, fault, "%s: database: %u (%s) %s", what, number, state, text);
}

static int db_stmt_fault(struct err *e, enum stmt s, MYSQL_STMT *st)
{
	return db_fault(
	    e, stmt_table[s].name, mysql_stmt_errno(st), mysql_stmt_sqlstate(st), mysql_stmt_error(st));
}

/* --- results --- */

void db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	for (unsigned i = 0; i < rows->columns && rows->names != NULL; i++)
		free(rows->names[i]);
	for (size_t i = 0; i < rows->count * rows->columns; i++)
		free(rows->cells[i]);
	free(rows->names);
	free(rows->cells);
	free(rows->lengths);
	free(rows);
}

static struct db_rows *rows_new(MYSQL_RES *meta, size_t room)
{
	struct db_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	rows->columns = mysql_num_fields(meta);
	rows->room = room;
	rows->names = calloc(rows->columns, sizeof(*rows->names));
	rows->cells = calloc(room * rows->columns + 1, sizeof(*rows->cells));
	rows->lengths = calloc(room * rows->columns + 1, sizeof(*rows->lengths));
	if (rows->names == NULL || rows->cells == NULL || rows->lengths == NULL)
		goto fail;
	for (unsigned i = 0; i < rows->columns; i++)
		if ((rows->names[i] = strdup(mysql_fetch_field_direct(meta, i)->name)) == NULL)
			goto fail;
	return rows;
fail:
	db_rows_free(rows);
	return NULL;
}

/* Read one stored row's cells: lengths are known after the fetch, so each cell is made to measure. */
static int rows_take(struct db_rows *rows, MYSQL_STMT *st, MYSQL_BIND *bind, const unsigned long *lengths,
    const my_bool *nulls)
{
	size_t at = rows->count * rows->columns;

	for (unsigned i = 0; i < rows->columns; i++) {
		if (nulls[i])
			continue;
		rows->cells[at + i] = malloc(lengths[i] + 1);
		if (rows->cells[at + i] == NULL)
			return -1;
		rows->cells[at + i][lengths[i]] = '\0';
		rows->lengths[at + i] = lengths[i];
		bind[i].buffer = rows->cells[at + i];
		bind[i].buffer_length = lengths[i];
		if (lengths[i] > 0 && mysql_stmt_fetch_column(st, &bind[i], i, 0) != 0)
			return -1;
		bind[i].buffer = NULL;
		bind[i].buffer_length = 0;
	}
	return 0;
}

/* Read the result set that st stands at. */
static int rows_read(struct db_rows **out, MYSQL_STMT *st)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(st);
	MYSQL_BIND *bind = NULL;
	unsigned long *lengths = NULL;
	my_bool *nulls = NULL;
	struct db_rows *rows = NULL;
	unsigned columns;
	int got, rc = -1;

	if (meta == NULL || mysql_stmt_store_result(st) != 0)
		goto out;
	columns = mysql_num_fields(meta);
	rows = rows_new(meta, mysql_stmt_num_rows(st));
	bind = calloc(columns, sizeof(*bind));
	lengths = calloc(columns, sizeof(*lengths));
	nulls = calloc(columns, sizeof(*nulls));
	if (rows == NULL || bind == NULL || lengths == NULL || nulls == NULL)
		goto out;
	for (unsigned i = 0; i < columns; i++) {
		bind[i].buffer_type = MYSQL_TYPE_STRING;
		bind[i].length = &lengths[i];
		bind[i].is_null = &nulls[i];
	}
	if (mysql_stmt_bind_result(st, bind) != 0)
		goto out;
	while ((got = mysql_stmt_fetch(st)) == 0 || got == MYSQL_DATA_TRUNCATED) {
		int taken = rows->count < rows->room ? rows_take(rows, st, bind, lengths, nulls) : -1;

		rows->count += rows->count < rows->room;
		if (taken == -1)
			goto out;
	}
	if (got != MYSQL_NO_DATA)
		goto out;
	*out = rows;
	rows = NULL;
	rc = 0;
out:
	db_rows_free(rows);
	free(nulls);
	free(lengths);
	free(bind);
	if (meta != NULL)
		mysql_free_result(meta);
	return rc;
}

size_t db_rows_count(const struct db_rows *rows)
{
	return rows == NULL ? 0 : rows->count;
}

unsigned db_columns_count(const struct db_rows *rows)
{
	return rows == NULL ? 0 : rows->columns;
}

const char *db_column(const struct db_rows *rows, unsigned column)
{
	return rows->names[column];
}

const char *db_cell(const struct db_rows *rows, size_t row, unsigned column)
{
	assert(row < rows->count && column < rows->columns);
	return rows->cells[row * rows->columns + column];
}

size_t db_cell_len(const struct db_rows *rows, size_t row, unsigned column)
{
	assert(row < rows->count && column < rows->columns);
	return rows->lengths[row * rows->columns + column];
}

static unsigned column_find(const struct db_rows *rows, const char *name)
{
	for (unsigned i = 0; i < rows->columns; i++)
		if (strcmp(rows->names[i], name) == 0)
			return i;
	(void)fprintf(stderr, "no column %s in this result\n", name);
	abort();
}

const char *db_text(const struct db_rows *rows, size_t row, const char *column)
{
	return db_cell(rows, row, column_find(rows, column));
}

const char *db_bytes(const struct db_rows *rows, size_t row, const char *column, size_t *len)
{
	unsigned at = column_find(rows, column);

	*len = db_cell_len(rows, row, at);
	return db_cell(rows, row, at);
}

int64_t db_number(const struct db_rows *rows, size_t row, const char *column)
{
	const char *text = db_text(rows, row, column);

	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

bool db_null(const struct db_rows *rows, size_t row, const char *column)
{
	return db_text(rows, row, column) == NULL;
}

/* --- statements --- */

static int stmt_prepare(struct db *db, enum stmt s, struct err *e)
{
	MYSQL_STMT *st;

	if (db->prepared[s] != NULL)
		return 0;
	st = mysql_stmt_init(db->link);
	if (st == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	if (mysql_stmt_prepare(st, stmt_table[s].text, strlen(stmt_table[s].text)) != 0) {
		(void)db_stmt_fault(e, s, st);
		(void)mysql_stmt_close(st);
		return -1;
	}
	if (mysql_stmt_param_count(st) != stmt_table[s].params) {
		(void)mysql_stmt_close(st);
		return err_set(e, FAULT_internal, "%s: takes other arguments than statements.def says",
		    stmt_table[s].name);
	}
	db->prepared[s] = st;
	return 0;
}

static void stmt_bind(MYSQL_BIND *bind, size_t n, const struct db_arg *args)
{
	for (size_t i = 0; i < n; i++) {
		switch (args[i].kind) {
		case DB_ARG_NULL:
			bind[i].buffer_type = MYSQL_TYPE_NULL;
			break;
		case DB_ARG_NUMBER:
			bind[i].buffer_type = MYSQL_TYPE_LONGLONG;
			bind[i].buffer = (void *)(uintptr_t)&args[i].number;
			break;
		case DB_ARG_TEXT:
		case DB_ARG_BYTES:
			bind[i].buffer_type =
			    args[i].kind == DB_ARG_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
			bind[i].buffer = (void *)(uintptr_t)args[i].data;
			bind[i].buffer_length = args[i].len;
			break;
		}
	}
}

/* Run it once on the open connection; the first result set is the answer, the rest of a CALL's are drained.
 */
static int stmt_once(
    struct db *db, enum stmt s, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	MYSQL_BIND bind[DB_ARGS_MAX] = {0};
	struct db_rows *rows = NULL;
	MYSQL_STMT *st;
	int more;

	if (stmt_prepare(db, s, e) == -1)
		return -1;
	st = db->prepared[s];
	stmt_bind(bind, n, args);
	if ((n > 0 && mysql_stmt_bind_param(st, bind) != 0) || mysql_stmt_execute(st) != 0)
		return db_stmt_fault(e, s, st);
	do {
		struct db_rows *one = NULL;

		if (mysql_stmt_field_count(st) > 0 && rows_read(&one, st) == -1) {
			db_rows_free(rows);
			(void)mysql_stmt_free_result(st);
			return mysql_stmt_errno(st) != 0
				   ? db_stmt_fault(e, s, st)
				   : err_set(e, FAULT_busy, "%s: out of memory", stmt_table[s].name);
		}
		if (rows == NULL)
			rows = one;
		else
			db_rows_free(one);
		more = mysql_stmt_next_result(st);
	} while (more == 0);
	(void)mysql_stmt_free_result(st);
	if (more > 0) {
		db_rows_free(rows);
		return db_stmt_fault(e, s, st);
	}
	if (out != NULL)
		*out = rows;
	else
		db_rows_free(rows);
	return 0;
}

/* A pause of 1 to 20 ms that grows with the tries, so that two who met do not meet again. */
static void db_pause(int tries)
{
	struct timespec ts = {.tv_nsec = (1 + random() % 5) * 1000000L * tries};

	(void)nanosleep(&ts, NULL);
}

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int db_run(
    struct db *db, enum stmt s, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	double start = seconds_now();
	int rc = -1;

	assert(n == stmt_table[s].params && n <= DB_ARGS_MAX);
	if (out != NULL)
		*out = NULL;
	for (int tries = 1; tries <= DB_TRIES; tries++) {
		enum verdict verdict;

		if (db->link == NULL && db_connect(db, e) == -1)
			break;
		rc = stmt_once(db, s, out, e, n, args);
		if (rc == 0)
			break;
		verdict = e->fault != FAULT_busy    ? VERDICT_FAIL
			  : db->prepared[s] == NULL ? VERDICT_RECONNECT
						    : db_judge(mysql_stmt_errno(db->prepared[s]));
		if (verdict == VERDICT_RECONNECT)
			db_disconnect(db);
		if (verdict == VERDICT_FAIL)
			break;
		db_pause(tries);
	}
	db->statements++;
	db->seconds += seconds_now() - start;
	return rc;
}

int db_run_text(struct db *db, const char *text, size_t len, struct err *e)
{
	int more;

	if (db->link == NULL && db_connect(db, e) == -1)
		return -1;
	if (mysql_real_query(db->link, text, len) != 0)
		goto fail;
	do {
		MYSQL_RES *result = mysql_store_result(db->link);

		if (result != NULL)
			mysql_free_result(result);
		else if (mysql_field_count(db->link) > 0)
			goto fail;
		more = mysql_next_result(db->link);
	} while (more == 0);
	if (more <= 0)
		return 0;
fail:
	return db_fault(e, "text", mysql_errno(db->link), mysql_sqlstate(db->link), mysql_error(db->link));
}

void db_spent(const struct db *db, uint64_t *statements, double *seconds)
{
	*statements = db->statements;
	*seconds = db->seconds;
}
