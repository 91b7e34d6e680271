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
#include "lib/base/text.h"
#include "lib/db/fault.h"
#include "lib/db/hosts.h"
#include "lib/db/verdict.h"

#define SILENT_S      10 /* for so long nobody connects to a host that another process found silent */
#define DB_TRIES      4  /* a CALL that met a deadlock or lost its connection runs at most so often */
#define DB_ARGS_MAX   32
#define DB_ADMIN_WAIT 3600    /* seconds; a migration of a large table takes its time */
#define DB_REFUSED    "45000" /* SQLSTATE of a transition's refusal */

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
	char *socket, *name, *user, *tls_ca;
	char *password;        /* NULL: the unix_socket plugin */
	struct db_hosts hosts; /* empty: the socket */
	unsigned timeout, connect_timeout;
	unsigned
	    trouble; /* error number of the attempt that failed last; 0: none, or a transition's refusal */
	double away_until; /* no connection is tried before (monotonic clock) */
	double tried_at;   /* when the attempt in hand began */
	double used_at;    /* when the link last answered */
	unsigned links;    /* connections made so far */
	uint64_t statements;
	double seconds;
};

/* A result lies in one piece of memory, so that a page of twenty orders costs a few allocations. */
struct db_rows {
	size_t count, room;
	unsigned columns;
	bool *numbers;   /* owned; of the columns: holds a number */
	unsigned *asked; /* owned; the column asked for last: the next is mostly the one behind it */
	struct cell {
		size_t at, len; /* of bytes; at CELL_NULL: SQL NULL */
	} * cells;              /* owned; (1 + room) * columns: the columns' names, then the rows */
	struct buf bytes;       /* of all cells, a NUL behind each */
};
#define CELL_NULL SIZE_MAX
#define CELL_ROOM 64 /* a longer cell is fetched by itself */

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

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A person's command may last; nobody else waits for it. */
static bool account_is_patient(enum db_account account)
{
	return account == DB_ADMIN || account == DB_REPORT || account == DB_RETENTION;
}

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
	    [DB_REPORT] = {SET_DB_USER_REPORT, SET_DB_PASSWORD_REPORT},
	    [DB_METRICS] = {SET_DB_USER_METRICS, SET_DB_PASSWORD_METRICS},
	    [DB_RETENTION] = {SET_DB_USER_RETENTION, SET_DB_PASSWORD_RETENTION},
	};
	const char *hosts = conf_text(conf, SET_DB_HOSTS);
	char path[CONF_PATH_MAX];
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	db->socket = strdup(conf_text(conf, SET_DB_SOCKET));
	db->name = strdup(conf_text(conf, SET_DB_NAME));
	db->user = strdup(conf_text(conf, accounts[account].user));
	db->tls_ca = strdup(conf_text(conf, SET_DB_TLS_CA));
	db->timeout =
	    account_is_patient(account) ? DB_ADMIN_WAIT : (unsigned)conf_number(conf, SET_DB_TIMEOUT);
	db->connect_timeout = (unsigned)conf_number(conf, SET_DB_CONNECT_TIMEOUT);
	if (db->socket == NULL || db->name == NULL || db->user == NULL || db->tls_ca == NULL) {
		(void)err_set(e, FAULT_busy, "database: out of memory");
		goto fail;
	}
	if (conf_secret(conf, accounts[account].password, &db->password, e) == -1 ||
	    (*hosts != '\0' && db_hosts_read(&db->hosts, hosts, e) == -1))
		goto fail;
	if (account == DB_WEB && db->hosts.count > 1) {
		(void)snprintf(path, sizeof(path), "%s/db-hosts", conf_text(conf, SET_WEB_RUN_DIR));
		db_hosts_share(&db->hosts, path);
	}
	*out = db;
	return 0;
fail:
	db_close(db);
	return -1;
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
	db_hosts_free(&db->hosts);
	free(db->socket);
	free(db->name);
	free(db->user);
	free(db->tls_ca);
	secret_free(db->password);
	free(db);
}

/* What a connection begins with. The server gives a statement up no later than we do, so that none goes on
 * for nobody; an admin's may last. */
static void link_words(const struct db *db, char *out, size_t room)
{
	(void)snprintf(out, room,
	    "SET time_zone = '+00:00', sql_mode = "
	    "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
	    "innodb_lock_wait_timeout = 3, max_statement_time = %u",
	    db->timeout == DB_ADMIN_WAIT ? 0 : db->timeout);
}

/* Connect to the socket, or to the host whose turn it is. */
static int link_open(struct db *db, struct err *e)
{
	const struct db_host *host = db_hosts_now(&db->hosts);
	my_bool verify = 1, again = 0;
	char words[256];

	db->link = mysql_init(NULL);
	if (db->link == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	link_words(db, words, sizeof(words));
	(void)mysql_optionsv(db->link, MYSQL_OPT_RECONNECT, &again);
	(void)mysql_optionsv(db->link, MYSQL_OPT_CONNECT_TIMEOUT, &db->connect_timeout);
	(void)mysql_optionsv(db->link, MYSQL_OPT_READ_TIMEOUT, &db->timeout);
	(void)mysql_optionsv(db->link, MYSQL_OPT_WRITE_TIMEOUT, &db->timeout);
	(void)mysql_optionsv(db->link, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	(void)mysql_optionsv(db->link, MYSQL_INIT_COMMAND, words);
	if (host != NULL && *db->tls_ca != '\0') {
		(void)mysql_optionsv(db->link, MYSQL_OPT_SSL_CA, db->tls_ca);
		(void)mysql_optionsv(db->link, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
	if (mysql_real_connect(db->link, host == NULL ? "localhost" : host->name, db->user, db->password,
		db->name, host == NULL ? 0 : host->port, host == NULL ? db->socket : NULL,
		CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS) == NULL) {
		(void)err_set(e, FAULT_busy, "database: connect as %s: %u %s", db->user,
		    mysql_errno(db->link), mysql_error(db->link));
		db_disconnect(db);
		return -1;
	}
	return 0;
}

/* Of several hosts, one that waited in vain since `began`, for (nearly) as long as it may: tell the others.
 */
static void host_was_silent(struct db *db, double began, unsigned may)
{
	const double now = seconds_now();

	if (now - began >= may * 0.9)
		db_hosts_silent(&db->hosts, now);
}

/* Go past the hosts that another process found silent a moment ago; when all were, none is passed by. */
static void silent_pass(struct db *db, double now)
{
	for (size_t n = 0; n < db->hosts.count && db_hosts_silent_since(&db->hosts, now - SILENT_S, now); n++)
		db_hosts_turn(&db->hosts);
}

/* Connect to the first host that lets us. When none does, none is asked again for as long as that took: a
 * database that refuses is asked anew with each request, one that is silent costs no request its whole time
 * limit while others wait behind it. */
static int db_connect(struct db *db, struct err *e)
{
	double began = seconds_now(), ended;
	size_t hosts = db->hosts.count;

	db->trouble = 0;
	if (began < db->away_until)
		return err_set(e, FAULT_busy, "database: it was silent a moment ago");
	silent_pass(db, began);
	do {
		const double asked = seconds_now();

		if (link_open(db, e) == 0) {
			db->used_at = seconds_now();
			db->links++;
			return 0;
		}
		host_was_silent(db, asked, db->connect_timeout);
		db_hosts_turn(&db->hosts);
	} while (hosts-- > 1);
	ended = seconds_now();
	db->away_until = ended + (ended - began);
	return -1;
}

/* --- errors --- */

/* Turn the database's words into ours. Always -1. */
static int db_fault(
    struct db *db, struct err *e, const char *what, unsigned number, const char *state, const char *text)
{
	enum fault fault = FAULT_internal;
	char code[64];
	const char *bar;

	db->trouble = number;
	if (strcmp(state, DB_REFUSED) == 0) {
		/* "code" or "code|what the sentence names" */
		bar = strchr(text, '|');
		(void)snprintf(
		    code, sizeof(code), "%.*s", bar == NULL ? (int)strlen(text) : (int)(bar - text), text);
		fault = fault_by_code(code);
		if (fault != FAULT_none) {
			db->trouble = 0;
			return err_set_arg(
			    e, fault, bar == NULL ? "" : bar + 1, "%s: refused: %s", what, text);
		}
		fault = FAULT_internal;
	} else if (verdict_of(number) != VERDICT_FAIL) {
		fault = FAULT_busy;
	}
	return err_set(e, fault, "%s: database: %u (%s) %s", what, number, state, text);
}

/* The library notes an answer that breaks off between two results at the connection, or nowhere. */
static int db_stmt_fault(struct db *db, struct err *e, const char *what, MYSQL_STMT *st)
{
	if (mysql_stmt_errno(st) == 0 && mysql_errno(db->link) != 0)
		return db_fault(
		    db, e, what, mysql_errno(db->link), mysql_sqlstate(db->link), mysql_error(db->link));
	if (mysql_stmt_errno(st) == 0)
		return db_fault(db, e, what, CR_SERVER_LOST, "HY000", "the answer broke off");
	return db_fault(db, e, what, mysql_stmt_errno(st), mysql_stmt_sqlstate(st), mysql_stmt_error(st));
}

/* --- results --- */

void db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	buf_free(&rows->bytes);
	free(rows->numbers);
	free(rows->cells);
	free(rows->asked);
	free(rows);
}

/* Add a cell of len bytes, behind which bytes has a NUL. */
static void cell_add(struct db_rows *rows, struct cell *cell, const char *bytes, size_t len)
{
	cell->at = rows->bytes.len;
	cell->len = len;
	buf_add(&rows->bytes, bytes, len + 1);
}

static struct db_rows *rows_new(MYSQL_RES *meta, size_t room)
{
	struct db_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	rows->columns = mysql_num_fields(meta);
	rows->room = room;
	rows->cells = calloc((1 + room) * rows->columns, sizeof(*rows->cells));
	rows->asked = calloc(1, sizeof(*rows->asked));
	rows->numbers = calloc(rows->columns, sizeof(*rows->numbers));
	if (rows->cells == NULL || rows->asked == NULL || rows->numbers == NULL) {
		db_rows_free(rows);
		return NULL;
	}
	for (unsigned i = 0; i < rows->columns; i++) {
		const MYSQL_FIELD *field = mysql_fetch_field_direct(meta, i);

		cell_add(rows, &rows->cells[i], field->name, field->name_length);
		rows->numbers[i] = IS_NUM(field->type);
	}
	return rows;
}

/* Where a fetched cell arrives, or the beginning of a long one. */
struct landing {
	char bytes[CELL_ROOM + 1];
	unsigned long len;
	my_bool null;
};

/* Add a cell that is longer than its landing. */
static int cell_fetch(struct db_rows *rows, struct cell *cell, MYSQL_STMT *st, unsigned column, size_t len)
{
	char *bytes = calloc(1, len + 1);
	MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_STRING, .buffer = bytes, .buffer_length = len};
	int rc = bytes != NULL && mysql_stmt_fetch_column(st, &bind, column, 0) == 0 ? 0 : -1;

	if (rc == 0)
		cell_add(rows, cell, bytes, len);
	free(bytes);
	return rc;
}

/* Add the row that was just fetched. */
static int rows_take(struct db_rows *rows, MYSQL_STMT *st, struct landing *landings)
{
	struct cell *cell = &rows->cells[(1 + rows->count) * rows->columns];

	if (rows->count == rows->room)
		return -1;
	for (unsigned i = 0; i < rows->columns; i++, cell++) {
		struct landing *l = &landings[i];

		if (l->null) {
			cell->at = CELL_NULL;
		} else if (l->len <= CELL_ROOM) {
			l->bytes[l->len] = '\0';
			cell_add(rows, cell, l->bytes, l->len);
		} else if (cell_fetch(rows, cell, st, i, l->len) == -1) {
			return -1;
		}
	}
	rows->count++;
	return rows->bytes.failed ? -1 : 0;
}

static int rows_fetch(struct db_rows *rows, MYSQL_STMT *st)
{
	MYSQL_BIND *bind = calloc(rows->columns, sizeof(*bind));
	struct landing *landings = malloc(rows->columns * sizeof(*landings));
	int got, rc = -1;

	if (bind == NULL || landings == NULL)
		goto out;
	for (unsigned i = 0; i < rows->columns; i++) {
		bind[i].buffer_type = MYSQL_TYPE_STRING;
		bind[i].buffer = landings[i].bytes;
		bind[i].buffer_length = CELL_ROOM;
		bind[i].length = &landings[i].len;
		bind[i].is_null = &landings[i].null;
	}
	if (mysql_stmt_bind_result(st, bind) != 0)
		goto out;
	while ((got = mysql_stmt_fetch(st)) == 0 || got == MYSQL_DATA_TRUNCATED)
		if (rows_take(rows, st, landings) == -1)
			goto out;
	if (got == MYSQL_NO_DATA)
		rc = 0;
out:
	free(landings);
	free(bind);
	return rc;
}

/* Read the result set that st stands at. */
static int rows_read(struct db_rows **out, MYSQL_STMT *st)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(st);
	struct db_rows *rows = NULL;

	if (meta == NULL)
		return -1;
	if (mysql_stmt_store_result(st) == 0)
		rows = rows_new(meta, mysql_stmt_num_rows(st));
	mysql_free_result(meta);
	if (rows == NULL || rows_fetch(rows, st) == -1) {
		db_rows_free(rows);
		return -1;
	}
	*out = rows;
	return 0;
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
	return rows->bytes.data + rows->cells[column].at;
}

static const struct cell *cell_find(const struct db_rows *rows, size_t row, unsigned column)
{
	assert(row < rows->count && column < rows->columns);
	return &rows->cells[(1 + row) * rows->columns + column];
}

bool db_column_is_number(const struct db_rows *rows, unsigned column)
{
	return rows->numbers[column];
}

const char *db_cell(const struct db_rows *rows, size_t row, unsigned column)
{
	const struct cell *cell = cell_find(rows, row, column);

	return cell->at == CELL_NULL ? NULL : rows->bytes.data + cell->at;
}

size_t db_cell_len(const struct db_rows *rows, size_t row, unsigned column)
{
	return cell_find(rows, row, column)->len;
}

static unsigned column_find(const struct db_rows *rows, const char *name)
{
	unsigned column = *rows->asked;

	for (unsigned i = 0; i < rows->columns; i++) {
		column = column + 1 < rows->columns ? column + 1 : 0;
		if (strcmp(db_column(rows, column), name) == 0) {
			*rows->asked = column;
			return column;
		}
	}
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
		(void)db_stmt_fault(db, e, stmt_table[s].name, st);
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

/* Run a prepared statement once; the first result set is the answer, the rest of a CALL's are drained. */
static int stmt_execute(struct db *db, const char *what, MYSQL_STMT *st, struct db_rows **out, struct err *e,
    size_t n, const struct db_arg *args)
{
	MYSQL_BIND bind[DB_ARGS_MAX] = {0};
	struct db_rows *rows = NULL;
	int more;

	stmt_bind(bind, n, args);
	if ((n > 0 && mysql_stmt_bind_param(st, bind) != 0) || mysql_stmt_execute(st) != 0)
		return db_stmt_fault(db, e, what, st);
	do {
		struct db_rows *one = NULL;

		if (mysql_stmt_field_count(st) > 0 && rows_read(&one, st) == -1) {
			db_rows_free(rows);
			(void)mysql_stmt_free_result(st);
			/* Out of memory: what is left of the answer stays unread, as does the connection. */
			return mysql_stmt_errno(st) != 0
				   ? db_stmt_fault(db, e, what, st)
				   : db_fault(db, e, what, CR_OUT_OF_MEMORY, "HY001", "out of memory");
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
		return db_stmt_fault(db, e, what, st);
	}
	if (out != NULL)
		*out = rows;
	else
		db_rows_free(rows);
	return 0;
}

static int stmt_once(
    struct db *db, enum stmt s, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	if (stmt_prepare(db, s, e) == -1)
		return -1;
	return stmt_execute(db, stmt_table[s].name, db->prepared[s], out, e, n, args);
}

/* A pause of 1 to 20 ms that grows with the tries, so that two who met do not meet again. */
static void db_pause(int tries)
{
	struct timespec ts = {.tv_nsec = (1 + random() % 5) * 1000000L * tries};

	(void)nanosleep(&ts, NULL);
}

/* After a failed attempt: see that no transaction is left open on the connection, and say whether one more
 * attempt is worth it. A procedure rolls back before it passes an error on, but the server runs no handler
 * for a statement that it killed or that took too long: what such a transaction did would be committed by the
 * next one's beginning. So a connection is only kept after a refusal and after what can be run again. A
 * second host may still be asked when the first took all the time. */
static bool db_again(struct db *db, int tries, double began)
{
	enum verdict verdict = verdict_of(db->trouble);
	bool late = seconds_now() - began >= db->timeout;

	if (db->trouble == 0)
		return false;
	if (verdict != VERDICT_AGAIN || mysql_rollback(db->link) != 0) {
		db_disconnect(db);
		if (verdict == VERDICT_RECONNECT)
			host_was_silent(db, db->tried_at, db->timeout);
		db_hosts_turn(&db->hosts);
		late = late && (db->hosts.count < 2 || tries > 1);
	}
	return tries < DB_TRIES && !late && (verdict == VERDICT_AGAIN || verdict == VERDICT_RECONNECT);
}

/* One attempt: connect when need be, then run it. */
static int db_attempt(
    struct db *db, enum stmt s, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	struct fault_plan plan = fault_plan(stmt_table[s].name);
	int rc;

	db->trouble = 0;
	/* Another process waited for this host in vain since it last answered us. */
	if (db->link != NULL && db_hosts_silent_since(&db->hosts, db->used_at, seconds_now())) {
		db_disconnect(db);
		db_hosts_turn(&db->hosts);
	}
	if (db->link == NULL && db_connect(db, e) == -1)
		return -1;
	db->tried_at = seconds_now();
	if (plan.moment == MOMENT_BEFORE)
		return db_fault(db, e, stmt_table[s].name, plan.number, "HY000", "as planned, before");
	rc = stmt_once(db, s, out, e, n, args);
	if (rc == 0)
		db->used_at = seconds_now();
	if (rc == -1 || plan.moment != MOMENT_AFTER)
		return rc;
	if (out != NULL) {
		db_rows_free(*out);
		*out = NULL;
	}
	return db_fault(db, e, stmt_table[s].name, plan.number, "HY000", "as planned, after");
}

int db_run(
    struct db *db, enum stmt s, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	double began = seconds_now();
	int tries = 0, rc;

	assert(n == stmt_table[s].params && n <= DB_ARGS_MAX);
	if (out != NULL)
		*out = NULL;
	while ((rc = db_attempt(db, s, out, e, n, args)) == -1 && db_again(db, ++tries, began))
		db_pause(tries);
	db->statements++;
	db->seconds += seconds_now() - began;
	return rc;
}

int db_run_query(
    struct db *db, const char *text, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	MYSQL_STMT *st;
	int rc = -1;

	*out = NULL;
	if (db->link == NULL && db_connect(db, e) == -1)
		return -1;
	st = mysql_stmt_init(db->link);
	if (st == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	if (mysql_stmt_prepare(st, text, strlen(text)) != 0)
		(void)db_stmt_fault(db, e, "query", st);
	else if (mysql_stmt_param_count(st) != n || n > DB_ARGS_MAX)
		(void)err_set(e, FAULT_internal, "query: it takes %lu arguments, not %zu",
		    mysql_stmt_param_count(st), n);
	else
		rc = stmt_execute(db, "query", st, out, e, n, args);
	(void)mysql_stmt_close(st);
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
	return db_fault(
	    db, e, "text", mysql_errno(db->link), mysql_sqlstate(db->link), mysql_error(db->link));
}

bool db_locked_out(const struct db *db)
{
	return db->trouble == ER_LOCK_DEADLOCK || db->trouble == ER_LOCK_WAIT_TIMEOUT;
}

bool db_read_only(const struct db *db)
{
	return db->trouble == ER_OPTION_PREVENTS_STATEMENT;
}

unsigned db_links(const struct db *db)
{
	return db->links;
}

void db_spent(const struct db *db, uint64_t *statements, double *seconds)
{
	*statements = db->statements;
	*seconds = db->seconds;
}
