/* cmd_partner.c - mailcertctl partner: firms that order for their own customers, and the keys of their
 * programs. */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"

#define KEY_PREFIX       "mck_" /* so that a leaked key is recognised by scanners */
#define KEY_RANDOM_LEN   32
#define KEY_ROOM         (sizeof(KEY_PREFIX) - 1 + BASE64URL_ROOM(KEY_RANDOM_LEN))
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
		rc = output_rows(ctl->form, rows, "orders keys accounts", "", e);
	db_rows_free(rows);
	return rc;
}

/* Whether text is a list of scopes; MariaDB would say no to another word too, but not in words for people. */
static bool scopes_known(const char *text)
{
	static const char *const scopes[] = {"order", "read", "revoke"};

	for (;;) {
		size_t len = strcspn(text, ",");
		bool known = false;

		for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
			known = known || (strlen(scopes[i]) == len && strncmp(text, scopes[i], len) == 0);
		if (!known)
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

/* Show the key, once. Programs get it as the only value of an object or a list of one. */
static int key_show(struct ctl *ctl, const char *id, const char *key, struct err *e)
{
	static const char *const names[] = {"id", "key"};
	const char *const cells[] = {id, key};
	struct output_list list = {names, 2, cells, 1};

	if (ctl->form != OUTPUT_TABLE)
		return output_list(ctl->form, &list, "id", "", e);
	ctl_note(ctl, "Key %s. This is the only time it is shown:", id);
	return printf("%s\n", key) < 0 || fflush(stdout) == EOF
		   ? err_errno(e, FAULT_internal, "standard output")
		   : 0;
}

static int run_key_add(struct ctl *ctl, struct err *e)
{
	const char *scopes = ctl_option_or(ctl, "scopes", "order,read,revoke");
	unsigned char octets[KEY_RANDOM_LEN], hash[SHA256_DIGEST_LENGTH];
	char key[KEY_ROOM] = KEY_PREFIX;
	struct db_rows *rows = NULL;
	long days;
	int rc;

	if (ctl_number(ctl, "days", 0, 1, 36500, &days, e) == -1)
		return -1;
	if (!scopes_known(scopes))
		return ctl_usage(
		    ctl, e, "--scopes: a list of order, read and revoke is wanted, such as order,read");
	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return err_set(e, FAULT_internal, "no random octets for a key");
	base64url_encode(key + sizeof(KEY_PREFIX) - 1, octets, sizeof(octets));
	(void)SHA256((unsigned char *)key, strlen(key), hash);
	rc = db_run(ctl->db, STMT_ADMIN_PARTNER_KEY_ADD, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(ctl_option(ctl, "partner")), P_BYTES(hash, sizeof(hash)),
		P_TEXT(ctl_option_or(ctl, "label", "key")), P_TEXT(scopes),
		days == 0 ? P_NULL() : P_NUMBER(days)));
	if (rc == 0)
		rc = key_show(ctl, db_text(rows, 0, "id"), key, e);
	db_rows_free(rows);
	explicit_bzero(octets, sizeof(octets));
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
static const struct option_row key_revoke_options[] = {
    {"id", "N", true, "number of the key, see partner key list"},
    {NULL, NULL, false, NULL},
};

const struct command partner_commands[] = {
    {"partner add", "", 0, 0, add_options, NEEDS_CONF | NEEDS_DB, "add a partner", run_add},
    {"partner list", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB, "list the partners", run_list},
    {"partner key add", "", 0, 0, key_add_options, NEEDS_CONF | NEEDS_DB,
	"make a key for a partner's program and show it once", run_key_add},
    {"partner key list", "", 0, 0, key_list_options, NEEDS_CONF | NEEDS_DB, "list the keys of partners",
	run_key_list},
    {"partner key revoke", "", 0, 0, key_revoke_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"refuse a key from now on", run_key_revoke},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
