/* cmd_queue.c - mailcertctl queue: what waits for the mailer and the signer, and for how long. */
#include "tools/mailcertctl/ctl.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"

static int rows_show(struct ctl *ctl, enum stmt s, const char *numbers, const char *flags, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, s, &rows, e, 0, NULL);

	if (rc == 0)
		rc = output_rows(ctl->form, rows, numbers, flags, e);
	db_rows_free(rows);
	return rc;
}

static int run_queue(struct ctl *ctl, struct err *e)
{
	if (ctl->args_count == 0)
		return rows_show(ctl, STMT_ADMIN_QUEUE, "count oldest_seconds taken", "", e);
	if (strcmp(ctl->args[0], "outbox") == 0)
		return rows_show(
		    ctl, STMT_ADMIN_QUEUE_OUTBOX, "id age_seconds attempts next_in_seconds", "", e);
	if (strcmp(ctl->args[0], "issuance") == 0)
		return rows_show(
		    ctl, STMT_ADMIN_QUEUE_ISSUANCE, "age_seconds attempts next_in_seconds", "", e);
	return ctl_usage(ctl, e, "\"%s\": the queues are outbox and issuance", ctl->args[0]);
}

static int outbox_retry(struct ctl *ctl, struct db_rows **rows, struct err *e)
{
	const bool failed = ctl_option(ctl, "failed") != NULL;
	long id;

	if (ctl_option(ctl, "order") != NULL)
		return ctl_usage(ctl, e, "--order goes with issuance; a mail has an --id");
	if (ctl_number(ctl, "id", 0, 1, 9223372036854775807L, &id, e) == -1)
		return -1;
	return db_run(ctl->db, STMT_ADMIN_OUTBOX_RETRY, rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), id == 0 ? P_NULL() : P_NUMBER(id), P_NUMBER(failed)));
}

static int issuance_retry(struct ctl *ctl, struct db_rows **rows, struct err *e)
{
	const char *order = ctl_option(ctl, "order");
	struct order_number on;

	if (ctl_option(ctl, "id") != NULL || ctl_option(ctl, "failed") != NULL)
		return ctl_usage(ctl, e, "--id and --failed go with outbox");
	if (order != NULL && ctl_order(ctl, order, &on, e) == -1)
		return -1;
	return db_run(ctl->db, STMT_ADMIN_ISSUANCE_RETRY, rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(order == NULL ? NULL : on.number),
		P_TEXT(order == NULL ? NULL : on.item)));
}

static int run_retry(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc;

	if (strcmp(ctl->args[0], "outbox") == 0)
		rc = outbox_retry(ctl, &rows, e);
	else if (strcmp(ctl->args[0], "issuance") == 0)
		rc = issuance_retry(ctl, &rows, e);
	else
		rc = ctl_usage(ctl, e, "\"%s\": the queues are outbox and issuance", ctl->args[0]);
	if (rc == 0)
		rc = output_record(ctl->form, rows, 0, "retried", "", e);
	db_rows_free(rows);
	return rc;
}

static const struct option_row retry_options[] = {
    {"id", "N", false, "outbox: this mail, also one that was refused or given up"},
    {"failed", NULL, false, "outbox: all that were refused or given up, too"},
    {"order", "ORDER", false, "issuance: this order"},
    {NULL, NULL, false, NULL},
};

const struct command queue_commands[] = {
    {"queue", "[outbox|issuance]", 0, 1, NULL, NEEDS_CONF | NEEDS_DB,
	"show what waits: the sums, or one queue row by row", run_queue},
    {"queue retry", "outbox|issuance", 1, 1, retry_options, NEEDS_CONF | NEEDS_DB,
	"try what waits now, without its pause", run_retry},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
