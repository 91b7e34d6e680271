/* db.h - MariaDB: one connection, statements prepared once, whole results in memory.
 *
 * Every statement of the product stands in sql/statements.def. A transition is one CALL: one round trip, one
 * transaction, committed before its answer arrives. So when the database says deadlock, failed certification
 * or lost connection, the whole CALL is run again here; every transition is written to bear that. Nothing
 * else reconnects: the client library's silent reconnect stays off.
 */
#ifndef LIB_DB_DB_H
#define LIB_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct db;
struct db_rows;
struct err;

/* The account a process connects as; each is granted only its own statements (sql/grants.sql). */
enum db_account {
	DB_WEB,
	DB_MAILER,
	DB_SIGNER,
	DB_CALLBACK,
	DB_ADMIN,
	DB_REPORT,
	DB_METRICS,
	DB_RETENTION,
	DB_ACCOUNT__MAX
};

/* Every statement, named in sql/statements.def. */
enum stmt {
#define STMT(name, account, params, text) STMT_##name,
#include "sql/statements.def"
#undef STMT
	STMT__MAX
};

/* One argument of a statement; use the macros. The bytes must live until the call returns. */
struct db_arg {
	enum { DB_ARG_NULL, DB_ARG_NUMBER, DB_ARG_TEXT, DB_ARG_BYTES } kind;
	int64_t number;
	const void *data;
	size_t len;
};
#define P_NULL()      ((struct db_arg){.kind = DB_ARG_NULL})
#define P_NUMBER(n)   ((struct db_arg){.kind = DB_ARG_NUMBER, .number = (int64_t)(n)})
#define P_TEXT(s)     db_arg_text(s)
#define P_BYTES(d, n) ((struct db_arg){.kind = DB_ARG_BYTES, .data = (d), .len = (n)})

/* A NUL-terminated UTF-8 text as an argument; NULL becomes SQL NULL. */
struct db_arg db_arg_text(const char *text);

/* Read settings and password of an account; the connection itself is made at the first statement, so a
 * program starts while the database is away. Gives *out to the caller. */
int db_open(struct db **out, const struct conf *, enum db_account, struct err *e);
void db_close(struct db *); /* NULL is fine */

/* Run one statement with n arguments, as many as statements.def says. When it answers rows they go to *out,
 * the caller's to free; out may be NULL to drop them, *out is NULL when there were none. A transition's
 * refusal (SIGNAL SQLSTATE '45000') is the fault its text names. FAULT_busy: the database is away or stays
 * blocked after the retries. */
int db_run(struct db *, enum stmt, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args);
#define DB_ARGS(...)                                                                      \
	sizeof((struct db_arg[]){__VA_ARGS__}) / sizeof(struct db_arg), (struct db_arg[]) \
	{                                                                                 \
		__VA_ARGS__                                                               \
	}

/* Run text that is not in statements.def and takes no arguments (migrations); never in a worker. */
int db_run_text(struct db *, const char *text, size_t len, struct err *e);

/* Run one query that is not in statements.def: a ready-made report. Its rows go to *out, the caller's to
 * free; n must be the number of its "?" (32 at most). Tried once. */
int db_run_query(
    struct db *, const char *text, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args);

/* A result: rows and columns from 0. A cell is text (numbers in decimal, bytes as they are), NUL-terminated,
 * owned by the rows; NULL for SQL NULL. */
size_t db_rows_count(const struct db_rows *);
unsigned db_columns_count(const struct db_rows *);
const char *db_column(const struct db_rows *, unsigned column); /* its name */
bool db_column_is_number(const struct db_rows *, unsigned column);
const char *db_cell(const struct db_rows *, size_t row, unsigned column);
size_t db_cell_len(const struct db_rows *, size_t row, unsigned column);
/* By the column's name: a name that the statement does not answer is a programmer's error. */
const char *db_text(const struct db_rows *, size_t row, const char *column);
const char *db_bytes(const struct db_rows *, size_t row, const char *column, size_t *len);
int64_t db_number(const struct db_rows *, size_t row, const char *column); /* NULL counts as 0 */
bool db_null(const struct db_rows *, size_t row, const char *column);
void db_rows_free(struct db_rows *); /* NULL is fine */

/* Whether the statement that failed last met another's lock, or lost to another in a deadlock: the connection
 * is good, the statement left nothing behind and can be run again. */
bool db_locked_out(const struct db *);
/* Whether the statement that failed last was refused since the database takes no writes (tools/db-room, an
 * admin's maintenance); what only reads goes on. */
bool db_read_only(const struct db *);

/* How many connections were made so far. When it grew, a statement may have taken effect without its answer:
 * what was leased by it is then held in our name, and we do not know. */
unsigned db_links(const struct db *);

/* Figures since the start, for metrics: statements run, seconds spent in them. */
void db_spent(const struct db *, uint64_t *statements, double *seconds);

/* What statements.def says, for the test that prepares them all. */
const char *stmt_name(enum stmt);
const char *stmt_text(enum stmt);
enum db_account stmt_account(enum stmt);
unsigned stmt_params(enum stmt);

#endif
