/* cmd_retention.c - mailcertctl retention: let go what has been kept long enough (sql/retention.sql says what
 * and when), a few rows a transaction, so that nobody waits for it.
 */
#include "tools/mailcertctl/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/db/db.h"

#define STEP_ROWS "500" /* a step takes some 10 ms */

/* Progress is for whoever watches; a timer's log needs the sums alone. */
static void progress_say(const struct ctl *ctl, const char *rule, uint64_t done, int64_t after, int64_t last)
{
	if (ctl->form != OUTPUT_TABLE || isatty(STDERR_FILENO) == 0)
		return;
	if (last > 0)
		(void)fprintf(stderr, "\r%s: %" PRIu64 " (%" PRId64 " %%)\033[K", rule, done,
		    after >= last ? 100 : after * 100 / last);
	else
		(void)fprintf(stderr, "\r%s: %" PRIu64 "\033[K", rule, done);
}

static int step_run(
    struct ctl *ctl, const char *rule, int64_t after, long rows_max, int64_t *done, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, STMT_RETENTION_STEP, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(rule), P_NUMBER(after), P_NUMBER(rows_max)));

	if (rc == 0)
		*done = db_number(rows, 0, "done");
	db_rows_free(rows);
	return rc;
}

/* Follow one rule to its end: last > 0 walks all numbers up to it, else until a step is not full. */
static int rule_run(
    struct ctl *ctl, const char *rule, int64_t last, long rows_max, uint64_t *sum, struct err *e)
{
	int64_t done = 0, after = 0;

	*sum = 0;
	do {
		if (step_run(ctl, rule, after, rows_max, &done, e) == -1)
			return err_context(e, "retention of %s, after %" PRIu64, rule, *sum);
		*sum += (uint64_t)done;
		after += rows_max;
		progress_say(ctl, rule, *sum, after, last);
	} while (last > 0 ? after < last : done == rows_max);
	return 0;
}

/* A number for each rule, in the order in which they are followed. */
static int rules_show(
    struct ctl *ctl, const struct db_rows *rules, const char *what, const uint64_t *numbers, struct err *e)
{
	const char *const names[] = {"rule", what};
	enum { ROOM = 24 };
	const size_t count = db_rows_count(rules);
	char(*texts)[ROOM] = calloc(count + 1, ROOM);
	const char **cells = calloc(2 * count + 1, sizeof(*cells));
	struct output_list list = {names, 2, cells, count};
	int rc;

	for (size_t i = 0; cells != NULL && texts != NULL && i < count; i++) {
		(void)snprintf(texts[i], ROOM, "%" PRIu64, numbers[i]);
		cells[2 * i] = db_text(rules, i, "rule");
		cells[2 * i + 1] = texts[i];
	}
	if (cells == NULL || texts == NULL)
		rc = err_set(e, FAULT_busy, "retention: out of memory");
	else
		rc = output_list(ctl->form, &list, what, "", e);
	free(cells);
	free(texts);
	return rc;
}

/* Follow all rules that have something due; numbers[] becomes what each let go. */
static int rules_run(
    struct ctl *ctl, const struct db_rows *rules, long rows_max, uint64_t *numbers, struct err *e)
{
	uint64_t due = 0;
	int rc;

	for (size_t i = 0; i < db_rows_count(rules); i++)
		due += numbers[i];
	rc = ctl_confirm(ctl, e, "%" PRIu64 " records are past their time and go for good.", due);
	for (size_t i = 0; rc == 0 && i < db_rows_count(rules); i++)
		if (numbers[i] > 0)
			rc = rule_run(ctl, db_text(rules, i, "rule"), db_number(rules, i, "last"), rows_max,
			    &numbers[i], e);
	if (ctl->form == OUTPUT_TABLE && isatty(STDERR_FILENO) == 1)
		(void)fputs("\r\033[K", stderr);
	return rc;
}

static int run_retention(struct ctl *ctl, struct err *e)
{
	const bool dry = ctl_option(ctl, "dry-run") != NULL;
	struct db_rows *rules = NULL;
	uint64_t *numbers = NULL;
	long rows_max;
	int rc = -1;

	if (ctl_number(ctl, "rows", strtol(STEP_ROWS, NULL, 10), 1, 10000, &rows_max, e) == -1 ||
	    db_run(ctl->db, STMT_RETENTION_DUE, &rules, e, 0, NULL) == -1)
		goto out;
	numbers = calloc(db_rows_count(rules) + 1, sizeof(*numbers));
	if (numbers == NULL) {
		(void)err_set(e, FAULT_busy, "retention: out of memory");
		goto out;
	}
	for (size_t i = 0; i < db_rows_count(rules); i++)
		numbers[i] = (uint64_t)db_number(rules, i, "due");
	rc = dry ? 0 : rules_run(ctl, rules, rows_max, numbers, e);
	if (rc == 0)
		rc = rules_show(ctl, rules, dry ? "due" : "done", numbers, e);
out:
	free(numbers);
	db_rows_free(rules);
	return rc;
}

static const struct option_row retention_options[] = {
    {"dry-run", NULL, false, "say how much is due by each rule, change nothing"},
    {"rows", "N", false, "at most so many rows in one transaction (" STEP_ROWS ")"},
    {NULL, NULL, false, NULL},
};

const struct command retention_commands[] = {
    {"retention", "", 0, 0, retention_options, NEEDS_CONF | NEEDS_DB_RETENTION | NEEDS_YES,
	"let go what was kept long enough", run_retention},
    {NULL, NULL, 0, 0, NULL, 0, NULL, NULL},
};
