/* cmd_partner.c - mailcertctl partner: firms that order for their own customers, and the keys of their
 * programs. */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"

#define PARTNER_NAME_MAX 64
#define PARTNER_WORD     "abcdefghijklmnopqrstuvwxyz0123456789-"

static int run_add(struct ctl *ctl, struct err *e)
{
	const char *name = ctl_option(ctl, "name"), *title = ctl_option(ctl, "title");

	if (*name == '\0' || strlen(name) > PARTNER_NAME_MAX || name[strspn(name, PARTNER_WORD)] != '\0')
		return ctl_usage(ctl, e, "--name: 1 to %d of a-z, 0-9 and - are wanted", PARTNER_NAME_MAX);
	if (*title == '\0' || strlen(title) > 200 || !utf8_valid(title, strlen(title)) ||
	    strpbrk(title, "\r\n") != NULL)
		return ctl_usage(ctl, e, "--title: 1 to 200 octets of UTF-8 are wanted");
	return db_run(ctl->db, STMT_ADMIN_PARTNER_ADD, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(name), P_TEXT(title)));
}

static int run_list(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, STMT_ADMIN_PARTNER_LIST, &rows, e, 0, NULL);

	if (rc == 0)
		rc = output_rows(ctl->form, rows, "rate burst orders keys accounts", "", e);
	db_rows_free(rows);
	return rc;
}

/* Whether text is a list of scopes; MariaDB would say no to another word too, but not in words for people. */
static bool scopes_known(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		bool known = false;

		for (size_t i = 0; i < PARTNER_SCOPES; i++)
			known = known || (strlen(partner_scopes[i]) == len &&
					     strncmp(text, partner_scopes[i], len) == 0);
		if (!known)
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

static int run_key_add(struct ctl *ctl, struct err *e)
{
	const char *scopes = ctl_option_or(ctl, "scopes", "order,read,revoke");
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char key[PARTNER_SECRET_ROOM];
	struct db_rows *rows = NULL;
	long days;
	int rc;

	if (ctl_number(ctl, "days", 0, 1, 36500, &days, e) == -1)
		return -1;
	if (!scopes_known(scopes))
		return ctl_usage(
		    ctl, e, "--scopes: a list of order, read and revoke is wanted, such as order,read");
	if (partner_secret_make(key, PARTNER_KEY_PREFIX, e) == -1)
		return -1;
	(void)SHA256((unsigned char *)key, strlen(key), hash);
	rc = db_run(ctl->db, STMT_ADMIN_PARTNER_KEY_ADD, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(ctl_option(ctl, "partner")), P_BYTES(hash, sizeof(hash)),
		P_TEXT(ctl_option_or(ctl, "label", "key")), P_TEXT(scopes),
		days == 0 ? P_NULL() : P_NUMBER(days)));
	if (rc == 0)
		rc = ctl_secret_show(ctl, db_text(rows, 0, "id"), "key", key, e);
	db_rows_free(rows);
	explicit_bzero(key, sizeof(key));
	return rc;
}

static int run_key_list(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *partner = ctl_option(ctl, "partner");
	int rc =
	    db_run(ctl->db, STMT_ADMIN_PARTNER_KEY_LIST, &rows, e, DB_ARGS(P_TEXT(partner), P_TEXT(partner)));

	if (rc == 0)
		rc = output_rows(ctl->form, rows, "id", "", e);
	db_rows_free(rows);
	return rc;
}

static int run_key_revoke(struct ctl *ctl, struct err *e)
{
	long id;

	if (ctl_number(ctl, "id", 0, 1, 4294967295L, &id, e) == -1 ||
	    ctl_confirm(ctl, e, "Programs that use key %ld are refused from now on.", id) == -1)
		return -1;
	return db_run(
	    ctl->db, STMT_ADMIN_PARTNER_KEY_REVOKE, NULL, e, DB_ARGS(P_TEXT(ctl->admin), P_NUMBER(id)));
}

static int run_throttle(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	long rate, burst;
	int rc;

	if (ctl_number(ctl, "rate", 0, 1, 100000, &rate, e) == -1 ||
	    ctl_number(ctl, "burst", 0, 1, 1000000, &burst, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_PARTNER_THROTTLE, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(ctl->args[0]), rate == 0 ? P_NULL() : P_NUMBER(rate),
		burst == 0 ? P_NULL() : P_NUMBER(burst)));
	if (rc == 0)
		rc = output_record(ctl->form, rows, 0, "rate burst", "", e);
	db_rows_free(rows);
	return rc;
}

static const struct option_row add_options[] = {
    {"name", "NAME", true, "short name: a-z, 0-9 and -"},
    {"title", "TITLE", true, "the firm as people write it"},
    {NULL, NULL, false, NULL},
};
static const struct option_row key_add_options[] = {
    {"partner", "PARTNER", true, "whose key"},
    {"label", "LABEL", false, "what it is for, for lists"},
    {"scopes", "SCOPES", false, "what it may do: order,read,revoke (default: all three)"},
    {"days", "N", false, "it expires after so many days; else never"},
    {NULL, NULL, false, NULL},
};
static const struct option_row key_list_options[] = {
    {"partner", "PARTNER", false, "only the keys of this partner"},
    {NULL, NULL, false, NULL},
};
static const struct option_row throttle_options[] = {
    {"rate", "N", false, "so many requests a second each of its keys may go on with"},
    {"burst", "N", false, "so many at once after a rest"},
    {NULL, NULL, false, NULL},
};
static const struct option_row key_revoke_options[] = {
    {"id", "N", true, "number of the key, see partner key list"},
    {NULL, NULL, false, NULL},
};

const struct command partner_commands[] = {
    {"partner add", "", 0, 0, add_options, NEEDS_CONF | NEEDS_DB, "add a partner", run_add},
    {"partner list", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB, "list the partners", run_list},
    {"partner throttle", "PARTNER", 1, 1, throttle_options, NEEDS_CONF | NEEDS_DB,
	"say or change how many requests its keys may make", run_throttle},
    {"partner key add", "", 0, 0, key_add_options, NEEDS_CONF | NEEDS_DB,
	"make a key for a partner's program and show it once", run_key_add},
    {"partner key list", "", 0, 0, key_list_options, NEEDS_CONF | NEEDS_DB, "list the keys of partners",
	run_key_list},
    {"partner key revoke", "", 0, 0, key_revoke_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"refuse a key from now on", run_key_revoke},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
