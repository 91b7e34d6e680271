/* cmd_db.c - mailcertctl db: the schema's migrations, transitions and grants.
 *
 * Data definition is not transactional in MariaDB, so a migration goes statement by statement, and the number
 * of the last one done is kept in schema_migration: a run that was interrupted names it and goes on behind
 * it. The one statement that was under way then may have been done already, so every statement of a migration
 * can be run twice (sql/README.md; tests/db/migrate.sh runs each twice).
 */
#include "tools/mailcertctl/ctl.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "tools/mailcertctl/accounts.h"
#include "tools/mailcertctl/script.h"

#define SQL_PATH_MAX 4096
#define LOCK_WAIT    60 /* seconds to wait for another migration to end */
#define LOCK_TURNS   150
#define LOCK_TURN    "SET lock_wait_timeout = 3" /* as innodb_lock_wait_timeout is on every connection */

/* One migration: the file, and what the database says of it. */
struct migration {
	unsigned version;
	char name[100]; /* "0001_base" */
	unsigned char sha256[SHA256_DIGEST_LENGTH];
	struct script script;
	unsigned done;
	bool begun, finished;
	const char *applied_at, *finished_at; /* belong to the plan's rows; NULL: not yet */
};

struct plan {
	struct migration *list;
	unsigned count;
	unsigned applied;     /* by this run */
	struct db_rows *rows; /* of schema_migration, or NULL */
};

/* --- the plan: files against the database --- */

static void plan_free(struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++)
		script_free(&plan->list[i].script);
	free(plan->list);
	db_rows_free(plan->rows);
	memset(plan, 0, sizeof(*plan));
}

static int entry_is_sql(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

static int migration_load(struct migration *m, const char *folder, const char *file, struct err *e)
{
	const size_t digits = strspn(file, "0123456789"), len = strlen(file) - strlen(".sql");
	const size_t word = strspn(file + digits, "abcdefghijklmnopqrstuvwxyz0123456789_");
	char path[SQL_PATH_MAX];

	if (digits != 4 || file[4] != '_' || word < 2 || digits + word != len || len >= sizeof(m->name))
		return ctl_refuse(e, "%s/%s: not a name such as 0001_base.sql", folder, file);
	m->version = (unsigned)strtoul(file, NULL, 10);
	(void)snprintf(m->name, sizeof(m->name), "%.*s", (int)len, file);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	return script_load(&m->script, path, m->sha256, e);
}

/* Read the migrations of a folder; they are numbered from 1 without a gap. */
static int plan_load(struct plan *plan, const char *sql_dir, struct err *e)
{
	char folder[SQL_PATH_MAX - 256];
	struct dirent **entries = NULL;
	bool good;
	int count;

	(void)snprintf(folder, sizeof(folder), "%s/migrations", sql_dir);
	count = scandir(folder, &entries, entry_is_sql, alphasort);
	if (count == -1)
		return err_errno(e, FAULT_config_invalid, "Sql.Dir: %s", folder);
	plan->list = calloc((size_t)count + 1, sizeof(*plan->list));
	good = plan->list != NULL;
	if (!good)
		(void)err_set(e, FAULT_busy, "migrations: out of memory");
	for (int i = 0; i < count; i++) {
		if (good) {
			plan->count = (unsigned)i + 1;
			good = migration_load(&plan->list[i], folder, entries[i]->d_name, e) == 0;
		}
		if (good && plan->list[i].version != (unsigned)i + 1) {
			(void)ctl_refuse(
			    e, "%s/%s: number %04d is wanted here", folder, entries[i]->d_name, i + 1);
			good = false;
		}
		free(entries[i]);
	}
	free(entries);
	return good ? 0 : -1;
}

/* Whether a migration was applied in a form that its file once had. That is so of the first alone: its
 * sequence was one that a Galera cluster refuses, so that no fresh cluster could be set up. What the earlier
 * form left is brought to the same by 0015_order_number.sql. */
static bool form_before(unsigned version, const char *hex)
{
	static const char base[] = "aa06493d16a1dd13d6859db25e8a7bcafeac0e7d57ca9b93757a053a01e83504";

	return version == 1 && strcasecmp(hex, base) == 0;
}

/* Hold one row of schema_migration against its file. */
static int plan_check_row(struct plan *plan, size_t row, struct err *e)
{
	const unsigned version = (unsigned)db_number(plan->rows, row, "version");
	const char *name = db_text(plan->rows, row, "name"), *applied = db_text(plan->rows, row, "sha256");
	struct migration *m;
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	if (version == 0 || version > plan->count)
		return ctl_refuse(
		    e, "the database has migration %s, which this program does not know: it is newer", name);
	m = &plan->list[version - 1];
	hex_encode(hex, m->sha256, sizeof(m->sha256));
	if ((strcasecmp(hex, applied) != 0 && !form_before(version, applied)) || strcmp(name, m->name) != 0)
		return ctl_refuse(e,
		    "migration %s was applied in another form (as %s): a file is never changed afterwards",
		    m->name, name);
	m->begun = true;
	m->done = (unsigned)db_number(plan->rows, row, "statements_done");
	m->applied_at = db_text(plan->rows, row, "applied_at");
	m->finished_at = db_text(plan->rows, row, "finished_at");
	m->finished = m->finished_at != NULL;
	if (m->done > m->script.count)
		return ctl_refuse(e, "migration %s: the database counts %u statements, the file %u", name,
		    m->done, m->script.count);
	return 0;
}

/* Read what the database says; a database without schema_migration is a fresh one. */
static int plan_compare(struct plan *plan, struct db *db, struct err *e)
{
	struct db_rows *rows = NULL;
	bool exists;

	if (db_run(db, STMT_MIGRATE_TABLE_EXISTS, &rows, e, 0, NULL) == -1)
		return -1;
	exists = db_number(rows, 0, "count") > 0;
	db_rows_free(rows);
	if (!exists)
		return 0;
	if (db_run(db, STMT_MIGRATION_LIST, &plan->rows, e, 0, NULL) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(plan->rows); i++)
		if (plan_check_row(plan, i, e) == -1)
			return -1;
	return 0;
}

/* --- migrate --- */

/* Progress is said at once, for whoever watches a long migration. */
#define SAY(ctl, ...)                              \
	do {                                       \
		if ((ctl)->form == OUTPUT_TABLE) { \
			(void)printf(__VA_ARGS__); \
			(void)fflush(stdout);      \
		}                                  \
	} while (0)

static int db_lock(struct db *db, struct err *e)
{
	struct db_rows *rows = NULL;
	bool held;

	if (db_run(db, STMT_MIGRATE_LOCK, &rows, e, DB_ARGS(P_NUMBER(LOCK_WAIT))) == -1)
		return -1;
	held = db_number(rows, 0, "held") == 1;
	db_rows_free(rows);
	return held
		   ? db_run_text(db, LOCK_TURN, strlen(LOCK_TURN), e)
		   : ctl_refuse(e, "another migration of this database has been running for %d s", LOCK_WAIT);
}

/* Run text that may have to wait for people at work. It waits for a lock no longer than LOCK_TURN, as
 * everybody who comes after it for the same table waits behind it, and lets them go first before it tries
 * again. */
static int text_run(struct ctl *ctl, const char *text, size_t len, struct err *e)
{
	for (unsigned turn = 1;; turn++) {
		*e = (struct err){0};
		if (db_run_text(ctl->db, text, len, e) == 0)
			return 0;
		if (!db_locked_out(ctl->db) || turn == LOCK_TURNS)
			return -1;
		if (turn == 1)
			SAY(ctl, "a lock is taken: trying again\n");
		(void)nanosleep(&(struct timespec){1, 0}, NULL);
	}
}

/* Run one statement and note it. A statement that changes rows is committed together with the note; one that
 * changes tables commits by itself before, so it may be met again. */
static int statement_run(struct ctl *ctl, const struct migration *m, unsigned number, struct err *e)
{
	struct buf b = {0};
	int rc;

	buf_printf(&b,
	    "START TRANSACTION;\n%s;\nUPDATE schema_migration SET statements_done = %u WHERE version = "
	    "%u;\nCOMMIT",
	    m->script.statements[number - 1], number, m->version);
	if (b.failed)
		rc = err_set(e, FAULT_busy, "migration: out of memory");
	else
		rc = text_run(ctl, b.data, b.len, e);
	buf_free(&b);
	return rc == 0 ? 0 : err_context(e, "migration %s, statement %u", m->name, number);
}

static int migration_apply(struct ctl *ctl, struct migration *m, struct err *e)
{
	if (m->finished)
		return 0;
	if (m->begun)
		SAY(ctl, "migration %s: interrupted behind statement %u of %u, going on\n", m->name, m->done,
		    m->script.count);
	else
		SAY(ctl, "migration %s: %u statements\n", m->name, m->script.count);
	if (!m->begun &&
	    db_run(ctl->db, STMT_MIGRATION_BEGIN, NULL, e,
		DB_ARGS(P_NUMBER(m->version), P_TEXT(m->name), P_BYTES(m->sha256, sizeof(m->sha256)))) == -1)
		return -1;
	while (m->done < m->script.count) {
		if (statement_run(ctl, m, m->done + 1, e) == -1)
			return -1;
		m->done++;
	}
	return db_run(ctl->db, STMT_MIGRATION_END, NULL, e, DB_ARGS(P_NUMBER(m->version)));
}

/* Run all statements of a script that is applied every time. */
static int script_apply(struct ctl *ctl, const struct script *s, const char *name, struct err *e)
{
	SAY(ctl, "%s: %u statements\n", name, s->count);
	for (unsigned i = 0; i < s->count; i++)
		if (text_run(ctl, s->statements[i], strlen(s->statements[i]), e) == -1)
			return err_context(e, "%s, statement %u", name, i + 1);
	return 0;
}

/* Whether grants.sql gives the account anything on the object. */
static bool grants_name(const struct script *grants, const char *on, const char *object, const char *account)
{
	char wanted[300];

	(void)snprintf(wanted, sizeof(wanted), "ON %s%s TO %s@", on, object, account);
	for (unsigned i = 0; i < grants->count; i++)
		if (strstr(grants->statements[i], wanted) != NULL)
			return true;
	return false;
}

/* Take back what an account was granted once and grants.sql does not name any more. MariaDB shows the grants
 * of others to nobody but its root, so each is revoked as if it were there; its absence is no error. */
static int grants_trim(struct ctl *ctl, const struct script *grants, struct err *e)
{
	static const char *const accounts[] = {
	    "web", "mailer", "signer", "callback", "report", "metrics", "retention"};
	struct db_rows *rows = NULL;
	struct buf b = {0};
	int rc;

	if (db_run(ctl->db, STMT_GRANT_OBJECTS, &rows, e, 0, NULL) == -1)
		return -1;
	buf_puts(&b, "BEGIN NOT ATOMIC\nDECLARE CONTINUE HANDLER FOR 1147, 1403 BEGIN END;\n");
	for (size_t i = 0; i < db_rows_count(rows); i++)
		for (size_t a = 0; a < sizeof(accounts) / sizeof(accounts[0]); a++) {
			const char *name = db_text(rows, i, "name"), *kind = db_text(rows, i, "kind");

			if (!grants_name(grants, kind, name, accounts[a]))
				buf_printf(&b, "REVOKE %s ON %s`%s` FROM %s@localhost;\n",
				    *kind == '\0' ? "ALL PRIVILEGES" : "EXECUTE", kind, name, accounts[a]);
		}
	buf_puts(&b, "END");
	rc = b.failed ? err_set(e, FAULT_busy, "grants: out of memory") : text_run(ctl, b.data, b.len, e);
	db_rows_free(rows);
	buf_free(&b);
	return rc;
}

/* What stands in one piece is applied anew every time, so that program and procedures never differ. */
static int scripts_apply(struct ctl *ctl, const char *sql_dir, struct err *e)
{
	static const char *const files[] = {"transitions.sql", "partner.sql", "admin.sql", "reports.sql",
	    "metrics.sql", "retention.sql", "grants.sql"};
	const size_t last = sizeof(files) / sizeof(files[0]) - 1;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i <= last; i++) {
		char path[SQL_PATH_MAX];
		struct script script = {0};

		(void)snprintf(path, sizeof(path), "%s/%s", sql_dir, files[i]);
		rc = script_load(&script, path, NULL, e);
		if (rc == 0)
			rc = script_apply(ctl, &script, files[i], e);
		if (rc == 0 && i == last)
			rc = grants_trim(ctl, &script, e);
		script_free(&script);
	}
	return rc;
}

static const char *migration_state(const struct migration *m)
{
	return m->finished ? "applied" : m->begun ? "interrupted" : "pending";
}

static int plan_show(struct ctl *ctl, const struct plan *plan, struct err *e)
{
	static const char *const names[] = {
	    "version", "name", "state", "statements", "done", "applied_at", "finished_at"};
	enum { COLUMNS = 7, NUMBER = 12 };
	const char **cells = calloc(plan->count * (size_t)COLUMNS + 1, sizeof(*cells));
	char(*numbers)[NUMBER] = calloc(plan->count * (size_t)3 + 1, NUMBER);
	struct output_list list = {names, COLUMNS, cells, plan->count};
	int rc;

	for (unsigned i = 0; cells != NULL && numbers != NULL && i < plan->count; i++) {
		const struct migration *m = &plan->list[i];
		const char **row = &cells[i * (size_t)COLUMNS];
		char(*n)[NUMBER] = &numbers[i * (size_t)3];

		(void)snprintf(n[0], NUMBER, "%u", m->version);
		(void)snprintf(n[1], NUMBER, "%u", m->script.count);
		(void)snprintf(n[2], NUMBER, "%u", m->done);
		memcpy(row,
		    (const char *[]){
			n[0], m->name, migration_state(m), n[1], n[2], m->applied_at, m->finished_at},
		    COLUMNS * sizeof(*row));
	}
	if (cells == NULL || numbers == NULL)
		rc = err_set(e, FAULT_busy, "migrations: out of memory");
	else
		rc = output_list(ctl->form, &list, "version statements done", "", e);
	free(cells);
	free(numbers);
	return rc;
}

static int migrate(struct ctl *ctl, struct plan *plan, const char *sql_dir, struct err *e)
{
	if (db_lock(ctl->db, e) == -1 || db_run(ctl->db, STMT_MIGRATE_TABLE, NULL, e, 0, NULL) == -1 ||
	    plan_compare(plan, ctl->db, e) == -1)
		return -1;
	for (unsigned i = 0; i < plan->count; i++) {
		plan->applied += !plan->list[i].finished;
		if (migration_apply(ctl, &plan->list[i], e) == -1)
			return -1;
	}
	return scripts_apply(ctl, sql_dir, e);
}

static int run_migrate(struct ctl *ctl, struct err *e)
{
	const char *sql_dir = ctl_option_or(ctl, "sql", conf_text(ctl->conf, SET_SQL_DIR));
	const bool dry = ctl_option(ctl, "dry-run") != NULL;
	struct plan plan = {0};
	int rc;

	rc = plan_load(&plan, sql_dir, e);
	if (rc == 0 && dry)
		rc = plan_compare(&plan, ctl->db, e);
	else if (rc == 0)
		rc = migrate(ctl, &plan, sql_dir, e);
	if (rc == 0 && dry)
		rc = plan_show(ctl, &plan, e);
	else if (rc == 0)
		SAY(ctl, "schema %u is in place\n", plan.count);
	if (rc == 0 && !dry)
		rc = ctl_audit(
		    ctl, e, "schema_migrated", "schema %u, %u migrations applied", plan.count, plan.applied);
	plan_free(&plan);
	return rc;
}

/* Expiry and throttling go by the server's clock, which an account must not be able to set for itself. And
 * the words of a procedure's statements hold its arguments, raw sessions and random values among them, which
 * no binary log may keep. */
static int server_check(struct db *db, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(db, STMT_ADMIN_SERVER, &rows, e, 0, NULL);

	if (rc == 0 && db_number(rows, 0, "clock_open") != 0)
		rc = ctl_refuse(e, "the server runs with secure_timestamp = NO; it must be SUPER or YES");
	else if (rc == 0 && db_number(rows, 0, "words_logged") != 0)
		rc = ctl_refuse(e,
		    "the server's binary log keeps secrets: it must run with binlog_format = ROW and "
		    "binlog_annotate_row_events = OFF");
	db_rows_free(rows);
	return rc;
}

static int run_status(struct ctl *ctl, struct err *e)
{
	struct plan plan = {0};
	unsigned missing = 0;
	int rc = -1;

	if (plan_load(&plan, conf_text(ctl->conf, SET_SQL_DIR), e) == 0 &&
	    plan_compare(&plan, ctl->db, e) == 0)
		rc = plan_show(ctl, &plan, e);
	for (unsigned i = 0; i < plan.count; i++)
		missing += !plan.list[i].finished;
	if (rc == 0 && missing > 0)
		rc = ctl_refuse(
		    e, "%u of %u migrations are missing: mailcertctl db migrate", missing, plan.count);
	plan_free(&plan);
	return rc == 0 ? server_check(ctl->db, e) : -1;
}

static const struct option_row accounts_options[] = {
    {"only", "ACCOUNT", false, "this account alone, which is there already"},
    {"beside", NULL, false, "the passwords so far serve as well, until --again"},
    {"again", NULL, false, "no new passwords: those of the files, and no others"},
    {NULL, NULL, false, NULL},
};
static const struct option_row migrate_options[] = {
    {"dry-run", NULL, false, "say what would be applied, change nothing"},
    {"sql", "FOLDER", false, "the folder of a newer version's SQL (Sql.Dir)"},
    {NULL, NULL, false, NULL},
};

const struct command db_commands[] = {
    {"db accounts", "", 0, 0, accounts_options, NEEDS_CONF,
	"make passwords and print the SQL that gives them to the database's accounts", run_accounts},
    {"db migrate", "", 0, 0, migrate_options, NEEDS_CONF | NEEDS_DB,
	"bring the database's schema, procedures and grants up to date", run_migrate},
    {"db status", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB,
	"show the migrations; fails when one is missing or the server is not set up as it must be",
	run_status},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
