/* cmd_problem.c - mailcertctl problem-report: what people report about certificates, and the clock of each
 * report (SBR 4.9.1.1, 4.9.5).
 */
#include "tools/mailcertctl/ctl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"

#define SERIAL_LEN   16
#define ONCE_LEN     16
#define REPORTER_MAX 200
#define NOTE_MAX     1000

/* A serial number as people copy it: hex, perhaps with colons, blanks or without its first zeros. */
static int serial_read(struct ctl *ctl, unsigned char out[SERIAL_LEN], struct err *e)
{
	const char *text = ctl_option(ctl, "serial");
	char digits[2 * SERIAL_LEN + 1], hex[2 * SERIAL_LEN + 1];
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ':' || *p == ' ')
			continue;
		if (n == 2 * SERIAL_LEN || !isxdigit((unsigned char)*p))
			return ctl_usage(
			    ctl, e, "--serial: up to %d hexadecimal digits are wanted", 2 * SERIAL_LEN);
		digits[n++] = *p;
	}
	digits[n] = '\0';
	(void)snprintf(hex, sizeof(hex), "%.*s%s", (int)(2 * SERIAL_LEN - n),
	    "00000000000000000000000000000000", digits);
	return n > 0 && hex_decode(out, SERIAL_LEN, hex) == 0
		   ? 0
		   : ctl_usage(ctl, e, "--serial: up to %d hexadecimal digits are wanted", 2 * SERIAL_LEN);
}

/* An option of free words, such as a note; NULL when it was not given. */
static int words_read(struct ctl *ctl, const char *option, size_t most, const char **out, struct err *e)
{
	*out = ctl_option(ctl, option);
	if (*out == NULL || (**out != '\0' && strlen(*out) <= most && utf8_valid(*out, strlen(*out)) &&
				strpbrk(*out, "\r\n") == NULL))
		return 0;
	return ctl_usage(ctl, e, "--%s: 1 to %zu octets of UTF-8 are wanted", option, most);
}

static int id_read(struct ctl *ctl, long *out, struct err *e)
{
	char *end;

	*out = strtol(ctl->args[0], &end, 10);
	if (end != ctl->args[0] && *end == '\0' && *out > 0 && *out <= 0xffffffffL)
		return 0;
	return ctl_usage(ctl, e, "\"%s\" is not the number of a problem report", ctl->args[0]);
}

static int report_print(struct ctl *ctl, long id, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, STMT_ADMIN_PROBLEM_SHOW, &rows, e, DB_ARGS(P_NUMBER(id)));

	if (rc == 0 && db_rows_count(rows) == 0)
		rc = ctl_refuse(e, "there is no problem report %ld", id);
	else if (rc == 0)
		rc = output_record(ctl->form, rows, 0, "id", "", e);
	db_rows_free(rows);
	return rc;
}

static int run_add(struct ctl *ctl, struct err *e)
{
	const char *order = ctl_option(ctl, "order"), *reporter, *note;
	const bool by_serial = ctl_option(ctl, "serial") != NULL;
	unsigned char once[ONCE_LEN], serial[SERIAL_LEN];
	struct db_rows *rows = NULL;
	struct order_number on;
	char received[20];
	long id;

	if (order != NULL && by_serial)
		return ctl_usage(ctl, e, "--order or --serial names the certificate, not both");
	if ((order != NULL && ctl_order(ctl, order, &on, e) == -1) ||
	    (by_serial && serial_read(ctl, serial, e) == -1) ||
	    words_read(ctl, "reporter", REPORTER_MAX, &reporter, e) == -1 ||
	    words_read(ctl, "note", NOTE_MAX, &note, e) == -1 || ctl_past(ctl, "received", received, e) == -1)
		return -1;
	if (RAND_bytes(once, sizeof(once)) != 1)
		return err_set(e, FAULT_internal, "no random bytes");
	if (db_run(ctl->db, STMT_ADMIN_PROBLEM_ADD, &rows, e,
		DB_ARGS(P_TEXT(ctl->admin), P_BYTES(once, sizeof(once)),
		    P_TEXT(order == NULL ? NULL : on.number), P_TEXT(order == NULL ? NULL : on.item),
		    by_serial ? P_BYTES(serial, sizeof(serial)) : P_NULL(), P_TEXT(reporter),
		    P_TEXT(ctl_option(ctl, "cause")), P_TEXT(*received == '\0' ? NULL : received),
		    P_TEXT(note))) == -1)
		return -1;
	id = db_number(rows, 0, "id");
	db_rows_free(rows);
	return report_print(ctl, id, e);
}

static size_t overdue_count(const struct db_rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < db_rows_count(rows); i++)
		n += db_text(rows, i, "overdue") != NULL;
	return n;
}

static int run_list(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	size_t overdue;
	long limit;
	int rc;

	if (ctl_number(ctl, "limit", 1000, 1, 1000000, &limit, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_PROBLEM_LIST, &rows, e,
	    DB_ARGS(P_NUMBER(ctl_option(ctl, "all") != NULL), P_NUMBER(limit)));
	if (rc == 0)
		rc = output_rows(ctl->form, rows, "id", "", e);
	overdue = rc == 0 ? overdue_count(rows) : 0;
	db_rows_free(rows);
	return overdue == 0 ? rc : ctl_refuse(e, "OVERDUE: %zu (SBR 4.9.5)", overdue);
}

static int run_show(struct ctl *ctl, struct err *e)
{
	long id;

	return id_read(ctl, &id, e) == -1 ? -1 : report_print(ctl, id, e);
}

static int run_answer(struct ctl *ctl, struct err *e)
{
	char at[20];
	long id;

	if (id_read(ctl, &id, e) == -1 || ctl_past(ctl, "at", at, e) == -1 ||
	    db_run(ctl->db, STMT_ADMIN_PROBLEM_ANSWER, NULL, e,
		DB_ARGS(P_TEXT(ctl->admin), P_NUMBER(id), P_TEXT(*at == '\0' ? NULL : at),
		    P_TEXT(ctl_option(ctl, "cause")))) == -1)
		return -1;
	return report_print(ctl, id, e);
}

static int run_done(struct ctl *ctl, struct err *e)
{
	const char *finding = ctl_option(ctl, "finding"), *note;
	long id;

	if (strcmp(finding, "revoked") != 0 && strcmp(finding, "kept") != 0)
		return ctl_usage(ctl, e, "\"%s\": the findings are revoked and kept", finding);
	if (id_read(ctl, &id, e) == -1 || words_read(ctl, "note", NOTE_MAX, &note, e) == -1 ||
	    db_run(ctl->db, STMT_ADMIN_PROBLEM_DONE, NULL, e,
		DB_ARGS(P_TEXT(ctl->admin), P_NUMBER(id), P_TEXT(finding), P_TEXT(note))) == -1)
		return -1;
	return report_print(ctl, id, e);
}

static int run_causes(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, STMT_ADMIN_PROBLEM_CAUSES, &rows, e, 0, NULL);

	if (rc == 0)
		rc = output_rows(ctl->form, rows, "hours", "", e);
	db_rows_free(rows);
	return rc;
}

static const struct option_row add_options[] = {
    {"reporter", "WORDS", true, "who reported, and where the answer goes"},
    {"cause", "CAUSE", true, "what is wrong; problem-report causes lists the words"},
    {"order", "ORDER", false, "the certificate of this order"},
    {"serial", "HEX", false, "the certificate with this serial number"},
    {"received", "TIME", false, "when the report arrived (now), such as 2026-11-22T14:03:00Z"},
    {"note", "WORDS", false, "what was reported"},
    {NULL, NULL, false, NULL},
};
static const struct option_row list_options[] = {
    {"all", NULL, false, "those that are done, too"},
    {"limit", "N", false, "so many, the overdue and oldest first (1000)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row answer_options[] = {
    {"at", "TIME", false, "when it went out (now)"},
    {"cause", "CAUSE", false, "what was found, when it is another cause than was reported"},
    {NULL, NULL, false, NULL},
};
static const struct option_row done_options[] = {
    {"finding", "FINDING", true, "revoked or kept: what became of the certificate"},
    {"note", "WORDS", false, "why"},
    {NULL, NULL, false, NULL},
};

const struct command problem_commands[] = {
    {"problem-report add", "", 0, 0, add_options, NEEDS_CONF | NEEDS_DB,
	"note a report about a certificate; its clock runs from when it was received", run_add},
    {"problem-report list", "", 0, 0, list_options, NEEDS_CONF | NEEDS_DB | READS_PEOPLE,
	"list what is open; fails when something is overdue", run_list},
    {"problem-report show", "ID", 1, 1, NULL, NEEDS_CONF | NEEDS_DB | READS_PEOPLE,
	"show one report and its clock", run_show},
    {"problem-report answer", "ID", 1, 1, answer_options, NEEDS_CONF | NEEDS_DB,
	"note that the preliminary report went to reporter and subscriber", run_answer},
    {"problem-report done", "ID", 1, 1, done_options, NEEDS_CONF | NEEDS_DB,
	"note what became of the certificate", run_done},
    {"problem-report causes", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB,
	"list the causes, and the hours until the certificate must be revoked", run_causes},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
