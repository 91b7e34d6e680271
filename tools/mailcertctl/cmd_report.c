/* cmd_report.c - mailcertctl report: the ready-made questions of sql/reports, asked as the account that may
 * read the report views and nothing else.
 *
 * A report is a file with one SELECT. Its first line is the question it answers, in a comment. What it can be
 * asked for stands in it as @from, @partner and so on: variables of the session, set here from the options of
 * those names as an admin sets them in the mariadb client, and NULL without. Not placeholders: one that is
 * NULL has no type for the database, which then reads a view whole before it looks for the days asked for.
 */
#include "tools/mailcertctl/ctl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"

#define REPORT_PATH_MAX 4096
#define REPORT_SQL_MAX  65536

static const char *const parameters[] = {"from", "to", "days", "product", "partner", "order"};
enum { PARAMETERS = sizeof(parameters) / sizeof(parameters[0]) };
#define PARAMETERS_SET "SET @from = ?, @to = ?, @days = ?, @product = ?, @partner = ?, @order = ?"

/* A report as it is asked: the query, and which parameters it names. */
struct report {
	struct buf sql;
	char question[512];
	bool takes[PARAMETERS];
};

static const struct option_row report_options[] = {
    {"from", "DAY", false, "first day, such as 2026-11-01"},
    {"to", "DAY", false, "last day"},
    {"days", "N", false, "so many days"},
    {"product", "PRODUCT", false, "only this product"},
    {"partner", "PARTNER", false, "only this partner"},
    {"order", "ORDER", false, "only this order"},
    {NULL, NULL, false, NULL},
};

/* --- reading a file --- */

static void report_free(struct report *r)
{
	buf_free(&r->sql);
}

/* Note the parameter whose name begins at text; false: there is none such. */
static bool parameter_note(struct report *r, const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	for (unsigned p = 0; p < PARAMETERS; p++)
		if (strlen(parameters[p]) == len && strncmp(parameters[p], text, len) == 0)
			return r->takes[p] = true;
	return false;
}

/* Copy the query without its comments and its last semicolon. */
static int query_read(struct report *r, const char *text, const char *path, struct err *e)
{
	bool quoted = false;

	while (*text != '\0') {
		if (!quoted && strncmp(text, "--", 2) == 0) {
			text += strcspn(text, "\n");
			continue;
		}
		if (!quoted && *text == '@' && !parameter_note(r, text + 1))
			return ctl_refuse(e, "%s: no report knows %.20s", path, text);
		quoted = quoted != (*text == '\'');
		if (quoted || *text != ';')
			buf_add(&r->sql, text, 1);
		text++;
	}
	buf_puts(&r->sql, "");
	return r->sql.failed ? err_set(e, FAULT_busy, "%s: out of memory", path) : 0;
}

/* Names are words of a-z and '-', so that none leads out of the folder. */
static bool name_fits(const char *name)
{
	return *name >= 'a' && *name <= 'z' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz-")] == '\0' &&
	       strlen(name) < 64;
}

static void folder_of(const struct ctl *ctl, char *out, size_t room)
{
	(void)snprintf(out, room, "%s/reports", conf_text(ctl->conf, SET_SQL_DIR));
}

/* Read the report of that name; *r was all-zero, report_free() empties it, also after a failure. */
static int report_load(struct ctl *ctl, struct report *r, const char *name, struct err *e)
{
	char folder[REPORT_PATH_MAX], path[REPORT_PATH_MAX + 80], *text = NULL;
	size_t len;
	int rc;

	folder_of(ctl, folder, sizeof(folder));
	(void)snprintf(path, sizeof(path), "%s/%s.sql", folder, name);
	if (!name_fits(name) || file_read(path, REPORT_SQL_MAX, &text, &len, e) == -1)
		return ctl_usage(ctl, e, "there is no report \"%s\"; mailcertctl report lists them", name);
	if (strncmp(text, "-- ", 3) == 0)
		(void)snprintf(
		    r->question, sizeof(r->question), "%.*s", (int)strcspn(text + 3, "\n"), text + 3);
	rc = query_read(r, text, path, e);
	free(text);
	return rc;
}

/* --- the list --- */

static int entry_is_report(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

static void takes_say(const struct report *r, char *out, size_t room)
{
	*out = '\0';
	for (unsigned p = 0; p < PARAMETERS; p++)
		if (r->takes[p])
			(void)snprintf(out + strlen(out), room - strlen(out), "%s%s", *out == '\0' ? "" : " ",
			    parameters[p]);
}

/* One report's row: name, options, question. */
static int row_fill(struct ctl *ctl, char *const row[3], const char *file, struct err *e)
{
	struct report r = {0};
	int rc;

	(void)snprintf(row[0], 64, "%.*s", (int)(strlen(file) - 4), file);
	rc = report_load(ctl, &r, row[0], e);
	takes_say(&r, row[1], 64);
	(void)snprintf(row[2], sizeof(r.question), "%s", r.question);
	report_free(&r);
	return rc;
}

static int list_show(struct ctl *ctl, struct dirent **entries, size_t count, struct err *e)
{
	static const char *const names[] = {"report", "options", "question"};
	struct row {
		char name[64], takes[64], question[512];
	} *rows = calloc(count + 1, sizeof(*rows));
	const char **cells = calloc(3 * count + 1, sizeof(*cells));
	struct output_list list = {names, 3, cells, count};
	int rc = -1;

	if (rows == NULL || cells == NULL) {
		(void)err_set(e, FAULT_busy, "reports: out of memory");
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		char *const row[] = {rows[i].name, rows[i].takes, rows[i].question};

		if (row_fill(ctl, row, entries[i]->d_name, e) == -1)
			goto out;
		memcpy(&cells[3 * i], row, sizeof(row));
	}
	rc = output_list(ctl->form, &list, "", "", e);
out:
	free(cells);
	free(rows);
	return rc;
}

static int reports_list(struct ctl *ctl, struct err *e)
{
	char folder[REPORT_PATH_MAX];
	struct dirent **entries = NULL;
	int count, rc;

	folder_of(ctl, folder, sizeof(folder));
	count = scandir(folder, &entries, entry_is_report, alphasort);
	if (count == -1)
		return err_errno(e, FAULT_config_invalid, "Sql.Dir: %s", folder);
	rc = list_show(ctl, entries, (size_t)count, e);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return rc;
}

/* --- asking --- */

/* What the options say, in the form that the queries want. */
struct answers {
	char day[2][20], order[16];
	long days;
	struct db_arg values[PARAMETERS];
};

static int day_read(struct ctl *ctl, struct answers *a, unsigned p, struct err *e)
{
	const char *text = ctl_option(ctl, parameters[p]);

	if (text == NULL)
		return 0;
	if (ctl_time(ctl, text, a->day[p], e) == -1)
		return -1;
	a->day[p][strlen("2026-11-22")] = '\0';
	a->values[p] = P_TEXT(a->day[p]);
	return 0;
}

static int answers_read(struct ctl *ctl, struct answers *a, struct err *e)
{
	enum { FROM, TO, DAYS, PRODUCT, PARTNER, ORDER };
	const char *order = ctl_option(ctl, "order");
	struct order_number on;

	if (day_read(ctl, a, FROM, e) == -1 || day_read(ctl, a, TO, e) == -1 ||
	    ctl_number(ctl, "days", 0, 0, 36500, &a->days, e) == -1)
		return -1;
	if (ctl_option(ctl, "days") != NULL)
		a->values[DAYS] = P_NUMBER(a->days);
	a->values[PRODUCT] = P_TEXT(ctl_option(ctl, "product"));
	a->values[PARTNER] = P_TEXT(ctl_option(ctl, "partner"));
	if (order == NULL)
		return 0;
	if (ctl_order(ctl, order, &on, e) == -1)
		return -1;
	(void)snprintf(a->order, sizeof(a->order), "%s/%s", on.number, on.item);
	a->values[ORDER] = P_TEXT(a->order);
	return 0;
}

/* An option that the report does not know would be passed over in silence. */
static int options_fit(struct ctl *ctl, const struct report *r, struct err *e)
{
	for (unsigned p = 0; p < PARAMETERS; p++)
		if (ctl_option(ctl, parameters[p]) != NULL && !r->takes[p])
			return ctl_usage(ctl, e, "the report %s has no --%s", ctl->args[0], parameters[p]);
	if (r->takes[PARAMETERS - 1] && ctl_option(ctl, "order") == NULL)
		return ctl_usage(ctl, e, "the report %s wants --order", ctl->args[0]);
	return 0;
}

/* The names of the columns that hold numbers, as output_rows() wants them. */
static void numbers_say(const struct db_rows *rows, struct buf *out)
{
	for (unsigned c = 0; c < db_columns_count(rows); c++)
		if (db_column_is_number(rows, c))
			buf_printf(out, "%s ", db_column(rows, c));
	buf_puts(out, "");
}

static int report_ask(struct ctl *ctl, const struct report *r, struct err *e)
{
	struct answers a = {0};
	struct db_rows *rows = NULL;
	struct buf numbers = {0};
	int rc;

	if (answers_read(ctl, &a, e) == -1)
		return -1;
	if (db_run_query(ctl->db, PARAMETERS_SET, &rows, e, PARAMETERS, a.values) == -1 ||
	    db_run_query(ctl->db, r->sql.data, &rows, e, 0, NULL) == -1)
		return err_context(e, "report %s", ctl->args[0]);
	numbers_say(rows, &numbers);
	rc = numbers.failed ? err_set(e, FAULT_busy, "report: out of memory")
			    : output_rows(ctl->form, rows, numbers.data, "", e);
	buf_free(&numbers);
	db_rows_free(rows);
	return rc;
}

static int run_report(struct ctl *ctl, struct err *e)
{
	struct report r = {0};
	int rc;

	if (ctl->args_count == 0)
		return reports_list(ctl, e);
	rc = report_load(ctl, &r, ctl->args[0], e);
	if (rc == 0)
		rc = options_fit(ctl, &r, e);
	if (rc == 0)
		rc = report_ask(ctl, &r, e);
	report_free(&r);
	return rc;
}

const struct command report_commands[] = {
    {"report", "[NAME]", 0, 1, report_options, NEEDS_CONF | NEEDS_DB_REPORT,
	"answer a ready-made question; without a name: list them", run_report},
    {NULL, NULL, 0, 0, NULL, 0, NULL, NULL},
};
