/* cmd_callback.c - mailcertctl partner callback: where partners' programs are told of changes, what was
 * delivered, and sending it again. */
#include "tools/mailcertctl/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"

#define ID_MAX       4294967295L
#define CALLBACK_MAX 9223372036854775807L

static int url_check(struct ctl *ctl, const char *url, struct err *e)
{
	if (callback_url_good(url))
		return 0;
	return ctl_usage(
	    ctl, e, "\"%s\": a whole address with https:// is wanted, without a user and a #", url);
}

/* --- addresses --- */

static int run_add(struct ctl *ctl, struct err *e)
{
	char secret[PARTNER_SECRET_ROOM];
	struct db_rows *rows = NULL;
	int rc;

	if (url_check(ctl, ctl->args[0], e) == -1 ||
	    partner_secret_make(secret, PARTNER_CALLBACK_PREFIX, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_CALLBACK_ADDRESS_ADD, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(ctl_option(ctl, "partner")), P_TEXT(ctl->args[0]),
		P_TEXT(secret)));
	if (rc == 0)
		rc = ctl_secret_show(ctl, db_text(rows, 0, "id"), "secret", secret, e);
	db_rows_free(rows);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

static int run_list(struct ctl *ctl, struct err *e)
{
	const char *partner = ctl_option(ctl, "partner");
	struct db_rows *rows = NULL;
	int rc = db_run(
	    ctl->db, STMT_ADMIN_CALLBACK_ADDRESS_LIST, &rows, e, DB_ARGS(P_TEXT(partner), P_TEXT(partner)));

	if (rc == 0)
		rc = output_rows(ctl->form, rows, "id waiting given_up", "", e);
	db_rows_free(rows);
	return rc;
}

static int run_change(struct ctl *ctl, struct err *e)
{
	const bool anew = ctl_option(ctl, "new-secret") != NULL;
	const char *url = ctl_option(ctl, "url");
	char secret[PARTNER_SECRET_ROOM] = "", number[24];
	long id;
	int rc;

	if (ctl_number(ctl, "id", 0, 1, ID_MAX, &id, e) == -1 ||
	    (url != NULL && url_check(ctl, url, e) == -1))
		return -1;
	if (url == NULL && !anew)
		return ctl_usage(ctl, e, "--url, --new-secret or both are needed");
	if (ctl_confirm(ctl, e, "Callbacks of address %ld go to%s%s%s%s from now on.", id,
		url == NULL ? "" : " ", url == NULL ? "" : url, url != NULL && anew ? " and" : "",
		anew ? " are signed with a new secret" : "") == -1)
		return -1;
	if (anew && partner_secret_make(secret, PARTNER_CALLBACK_PREFIX, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_CALLBACK_ADDRESS_CHANGE, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_NUMBER(id), P_TEXT(url), P_TEXT(anew ? secret : NULL)));
	(void)snprintf(number, sizeof(number), "%ld", id);
	if (rc == 0 && anew)
		rc = ctl_secret_show(ctl, number, "secret", secret, e);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

static int run_remove(struct ctl *ctl, struct err *e)
{
	long id;

	if (ctl_number(ctl, "id", 0, 1, ID_MAX, &id, e) == -1 ||
	    ctl_confirm(ctl, e, "Nothing is posted to address %ld any more; what waits is given up.", id) ==
		-1)
		return -1;
	return db_run(
	    ctl->db, STMT_ADMIN_CALLBACK_ADDRESS_REMOVE, NULL, e, DB_ARGS(P_TEXT(ctl->admin), P_NUMBER(id)));
}

/* --- deliveries --- */

/* Callbacks as the options narrow them; id 0: any. */
static int log_load(
    struct ctl *ctl, const struct order_number *on, long id, long limit, struct db_rows **rows, struct err *e)
{
	const char *partner = id == 0 ? ctl_option(ctl, "partner") : NULL;
	const char *state = id == 0 ? ctl_option(ctl, "state") : NULL;
	const char *number = on == NULL ? NULL : on->number;

	return db_run(ctl->db, STMT_ADMIN_CALLBACK_LOG, rows, e,
	    DB_ARGS(P_TEXT(partner), P_TEXT(partner), P_TEXT(number), P_TEXT(number),
		P_TEXT(on == NULL ? NULL : on->item), P_TEXT(state), P_TEXT(state), P_NUMBER(id),
		P_NUMBER(id), P_NUMBER(limit)));
}

static int run_log(struct ctl *ctl, struct err *e)
{
	const char *order = ctl_option(ctl, "order"), *state = ctl_option(ctl, "state");
	struct db_rows *rows = NULL;
	struct order_number on;
	long limit;
	int rc;

	if (ctl_number(ctl, "limit", 50, 1, 1000000, &limit, e) == -1 ||
	    (order != NULL && ctl_order(ctl, order, &on, e) == -1))
		return -1;
	if (state != NULL && strcmp(state, "waiting") != 0 && strcmp(state, "done") != 0 &&
	    strcmp(state, "given_up") != 0)
		return ctl_usage(ctl, e, "--state %s: waiting, done or given_up is wanted", state);
	rc = log_load(ctl, order == NULL ? NULL : &on, 0, limit, &rows, e);
	if (rc == 0)
		rc = output_rows(ctl->form, rows, "id attempts http_status", "", e);
	db_rows_free(rows);
	return rc;
}

static int run_show(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL, *attempts = NULL;
	char *end;
	long id = strtol(ctl->args[0], &end, 10);
	int rc = -1;

	if (id < 1 || *end != '\0')
		return ctl_usage(ctl, e, "\"%s\" is not the number of a callback", ctl->args[0]);
	if (log_load(ctl, NULL, id, 1, &rows, e) == -1)
		goto out;
	if (db_rows_count(rows) == 0) {
		(void)ctl_refuse(e, "there is no callback %ld", id);
		goto out;
	}
	rc = output_record(ctl->form, rows, 0, "id attempts http_status", "", e);
	if (rc == -1 || ctl->form != OUTPUT_TABLE)
		goto out;
	rc = db_run(ctl->db, STMT_ADMIN_CALLBACK_ATTEMPTS, &attempts, e, DB_ARGS(P_NUMBER(id)));
	if (rc == 0) {
		(void)putchar('\n');
		rc = output_rows(ctl->form, attempts, "http_status milliseconds", "", e);
	}
out:
	db_rows_free(rows);
	db_rows_free(attempts);
	return rc;
}

static int run_replay(struct ctl *ctl, struct err *e)
{
	const char *partner = ctl_option(ctl, "partner");
	struct db_rows *rows = NULL;
	long id, address;
	int rc;

	if (ctl_number(ctl, "id", 0, 1, CALLBACK_MAX, &id, e) == -1 ||
	    ctl_number(ctl, "address", 0, 1, ID_MAX, &address, e) == -1)
		return -1;
	if ((id != 0) + (address != 0) + (partner != NULL) != 1)
		return ctl_usage(ctl, e, "one of --id, --address and --partner is needed");
	if (id == 0 && ctl_confirm(ctl, e, "All callbacks of this %s that were given up are posted again.",
			   address == 0 ? "partner" : "address") == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_CALLBACK_REPLAY, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), id == 0 ? P_NULL() : P_NUMBER(id), P_TEXT(partner),
		address == 0 ? P_NULL() : P_NUMBER(address)));
	if (rc == 0)
		rc = output_record(ctl->form, rows, 0, "replayed", "", e);
	db_rows_free(rows);
	return rc;
}

static const struct option_row add_options[] = {
    {"partner", "PARTNER", true, "whose address"},
    {NULL, NULL, false, NULL},
};
static const struct option_row list_options[] = {
    {"partner", "PARTNER", false, "only the addresses of this partner"},
    {NULL, NULL, false, NULL},
};
static const struct option_row change_options[] = {
    {"id", "N", true, "number of the address, see partner callback list"},
    {"url", "URL", false, "post there from now on, also what waits"},
    {"new-secret", NULL, false, "make a new secret and show it once"},
    {NULL, NULL, false, NULL},
};
static const struct option_row remove_options[] = {
    {"id", "N", true, "number of the address, see partner callback list"},
    {NULL, NULL, false, NULL},
};
static const struct option_row log_options[] = {
    {"partner", "PARTNER", false, "only this partner's"},
    {"order", "ORDER", false, "only of this order"},
    {"state", "STATE", false, "only waiting, done or given_up"},
    {"limit", "N", false, "so many, the newest first (50)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row replay_options[] = {
    {"id", "N", false, "this callback, whatever became of it"},
    {"address", "N", false, "all of this address that were given up"},
    {"partner", "PARTNER", false, "all of this partner that were given up"},
    {NULL, NULL, false, NULL},
};

const struct command callback_commands[] = {
    {"partner callback add", "URL", 1, 1, add_options, NEEDS_CONF | NEEDS_DB,
	"register an address and show once the secret that signs what is posted there", run_add},
    {"partner callback list", "", 0, 0, list_options, NEEDS_CONF | NEEDS_DB,
	"list the addresses, and how much waits or was given up", run_list},
    {"partner callback change", "", 0, 0, change_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"give an address another url, another secret, or both", run_change},
    {"partner callback remove", "", 0, 0, remove_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"post nothing there any more", run_remove},
    {"partner callback log", "", 0, 0, log_options, NEEDS_CONF | NEEDS_DB,
	"list callbacks with their last attempt, the newest first", run_log},
    {"partner callback show", "ID", 1, 1, NULL, NEEDS_CONF | NEEDS_DB, "show a callback and every attempt",
	run_show},
    {"partner callback replay", "", 0, 0, replay_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"post callbacks again under their ids, for another three days", run_replay},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
