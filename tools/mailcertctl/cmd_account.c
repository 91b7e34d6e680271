/* cmd_account.c - mailcertctl account: the people who sign in. */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/password.h"

#define LOGIN_MAX       190
#define PERSON_NAME_MAX 200
#define EMAIL_MAX       254
#define DAYS_DEFAULT    7
#define DAYS_MOST       30
#define PEPPER_OCTETS   32
#define PEPPER_MARK_LEN 8

/* What stands for a password in the database. */
struct password {
	unsigned char salt[PASSWORD_SALT_LEN];
	unsigned char derived[PASSWORD_DERIVED_LEN];
};

/* Read one line without its end into line[room]; false when it is longer, empty input, or not a text. */
static bool line_read(char *line, size_t room)
{
	size_t len = 0;
	int c;

	while ((c = getchar()) != EOF && c != '\n') {
		if (len + 1 >= room || c == '\0')
			return false;
		line[len++] = (char)c;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return c != EOF || len > 0;
}

/* On a terminal: ask, without showing what is typed. */
static bool line_ask(char *line, size_t room)
{
	struct termios shown, hidden;
	const bool terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &shown) == 0;
	bool ok;

	if (terminal) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)fprintf(stderr, "Password: ");
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	ok = line_read(line, room);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		(void)fputc('\n', stderr);
	}
	return ok;
}

/* What an admin is told of a password that will not do. */
static int password_refuse(struct err *e)
{
	if (e->fault == FAULT_password_common)
		return ctl_refuse(
		    e, "password: this is a common one, which is tried first; several words are better");
	if (e->fault == FAULT_password_short || e->fault == FAULT_password_long)
		return ctl_refuse(
		    e, "password: %d to %d characters of UTF-8 are wanted", PASSWORD_LEAST, PASSWORD_MOST);
	return -1;
}

/* Read a new password from standard input and derive its key with a new salt. */
static int password_read(const struct ctl *ctl, struct password *out, struct err *e)
{
	char line[PASSWORD_MAX + 2];
	bool peppered;
	int rc;

	(void)setvbuf(stdin, NULL, _IONBF, 0); /* no copy of it in a buffer of the library */
	if (!line_ask(line, sizeof(line)))
		rc = ctl_refuse(e, "password: one line of %d to %d characters is wanted on standard input",
		    PASSWORD_LEAST, PASSWORD_MOST);
	else if (password_check(line, conf_text(ctl->conf, SET_PASSWORD_DICTIONARY), e) == -1)
		rc = password_refuse(e);
	else
		rc = password_new(out->derived, out->salt, line, e);
	explicit_bzero(line, sizeof(line));
	return rc == 0 ? password_pepper(out->derived, ctl->conf, &peppered, e) : -1;
}

/* A name that people read: UTF-8, one line, not blank. */
static int text_check(struct ctl *ctl, const char *what, const char *text, size_t most, struct err *e)
{
	if (*text == '\0' || strlen(text) > most || !utf8_valid(text, strlen(text)))
		return ctl_usage(ctl, e, "--%s: 1 to %zu octets of UTF-8 are wanted", what, most);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return ctl_usage(ctl, e, "--%s: control characters are not wanted", what);
	return 0;
}

/* An address that mail can go to; what it names is the admin's to know. */
static int email_check(struct ctl *ctl, const char *email, struct err *e)
{
	const size_t len = strlen(email);

	for (size_t i = 0; i < len; i++)
		if (email[i] <= ' ' || email[i] > '~')
			return ctl_usage(ctl, e, "--email: blanks and letters beyond ASCII are not wanted");
	if (strchr(email, '@') == NULL || strpbrk(email, "<>\"") != NULL || len > EMAIL_MAX)
		return ctl_usage(ctl, e, "--email: \"%s\" is not an address", email);
	return 0;
}

/* For how many days the password that was read opens the page on which its person replaces it: NULL for good,
 * as it is their own. */
static int days_read(struct ctl *ctl, struct db_arg *out, struct err *e)
{
	const bool own = ctl_option(ctl, "permanent") != NULL;
	long days;

	if (own && ctl_option(ctl, "days") != NULL)
		return ctl_usage(ctl, e, "--permanent and --days are one or the other");
	if (ctl_number(ctl, "days", DAYS_DEFAULT, 1, DAYS_MOST, &days, e) == -1)
		return -1;
	*out = own ? P_NULL() : P_NUMBER(days);
	return 0;
}

static int run_add(struct ctl *ctl, struct err *e)
{
	const char *login = ctl_option(ctl, "login"), *name = ctl_option(ctl, "name"),
		   *email = ctl_option(ctl, "email");
	const char *kind = ctl_option_or(ctl, "kind", "customer"), *partner = ctl_option(ctl, "partner");
	const char *language = ctl_option(ctl, "language");
	struct password password;
	struct db_arg days;
	int rc;

	if (text_check(ctl, "login", login, LOGIN_MAX, e) == -1 ||
	    text_check(ctl, "name", name, PERSON_NAME_MAX, e) == -1)
		return -1;
	if (strcmp(kind, "customer") != 0 && strcmp(kind, "partner") != 0)
		return ctl_usage(ctl, e, "--kind is customer or partner");
	if ((strcmp(kind, "partner") == 0) != (partner != NULL))
		return ctl_usage(ctl, e, "--kind partner and --partner belong together");
	if (language != NULL && strcmp(language, "en") != 0 && strcmp(language, "pl") != 0)
		return ctl_usage(ctl, e, "--language is en or pl");
	if (email != NULL && email_check(ctl, email, e) == -1)
		return -1;
	if (days_read(ctl, &days, e) == -1 || password_read(ctl, &password, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_ACCOUNT_ADD, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(login), P_TEXT(name), P_TEXT(partner), P_TEXT(email),
		P_TEXT(language), P_BYTES(password.salt, sizeof(password.salt)), P_NUMBER(PASSWORD_COST),
		P_BYTES(password.derived, sizeof(password.derived)), days));
	explicit_bzero(&password, sizeof(password));
	return rc;
}

static int run_passwd(struct ctl *ctl, struct err *e)
{
	struct password password;
	struct db_arg days;
	int rc;

	if (days_read(ctl, &days, e) == -1 || password_read(ctl, &password, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_ACCOUNT_PASSWD, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(ctl_option(ctl, "login")),
		P_BYTES(password.salt, sizeof(password.salt)), P_NUMBER(PASSWORD_COST),
		P_BYTES(password.derived, sizeof(password.derived)), days));
	explicit_bzero(&password, sizeof(password));
	return rc;
}

static int run_email(struct ctl *ctl, struct err *e)
{
	const char *email = ctl_option(ctl, "email");

	if (email != NULL && email_check(ctl, email, e) == -1)
		return -1;
	return db_run(ctl->db, STMT_ADMIN_ACCOUNT_EMAIL, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(ctl_option(ctl, "login")), P_TEXT(email)));
}

static int run_disable(struct ctl *ctl, struct err *e)
{
	const char *login = ctl_option(ctl, "login");

	if (ctl_confirm(ctl, e, "The account %s can no longer sign in.", login) == -1)
		return -1;
	return db_run(
	    ctl->db, STMT_ADMIN_ACCOUNT_DISABLE, NULL, e, DB_ARGS(P_TEXT(ctl->admin), P_TEXT(login)));
}

static int run_list(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, STMT_ADMIN_ACCOUNT_LIST, &rows, e, 0, NULL);

	if (rc == 0)
		rc = output_rows(ctl->form, rows, "orders", "", e);
	db_rows_free(rows);
	return rc;
}

/* --- security keys --- */

static int run_key_list(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc =
	    db_run(ctl->db, STMT_ADMIN_ACCOUNT_KEY_LIST, &rows, e, DB_ARGS(P_TEXT(ctl_option(ctl, "login"))));

	if (rc == 0)
		rc = output_rows(ctl->form, rows, "id", "", e);
	db_rows_free(rows);
	return rc;
}

static int run_key_remove(struct ctl *ctl, struct err *e)
{
	const char *login = ctl_option(ctl, "login");
	const bool one = ctl_option(ctl, "id") != NULL;
	struct db_rows *rows = NULL;
	long id;
	int rc;

	if (ctl_number(ctl, "id", 1, 1, INT32_MAX, &id, e) == -1)
		return -1;
	if (one &&
	    ctl_confirm(ctl, e, "Security key %ld of %s can no longer be used to sign in.", id, login) == -1)
		return -1;
	if (!one && ctl_confirm(ctl, e, "After this the password of %s alone signs in.", login) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_ACCOUNT_KEY_REMOVE, &rows, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(login), one ? P_NUMBER(id) : P_NULL()));
	if (rc == 0 && db_number(rows, 0, "removed") == 0)
		rc = ctl_refuse(e, "%s has no such security key", login);
	db_rows_free(rows);
	return rc;
}

/* --- the pepper --- */

/* Make the file of the pepper; one that is there stays. */
static int pepper_make(const char *path, struct err *e)
{
	unsigned char octets[PEPPER_OCTETS];
	char line[BASE64URL_ROOM(PEPPER_OCTETS)];
	int rc;

	if (access(path, F_OK) == 0)
		return ctl_refuse(
		    e, "%s is there already: without it nobody it was used for can sign in", path);
	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return err_set(e, FAULT_internal, "no random octets for a pepper");
	base64url_encode(line, octets, sizeof(octets));
	line[sizeof(line) - 1] = '\n';
	rc = file_replace(path, line, sizeof(line), 0600, e);
	OPENSSL_cleanse(octets, sizeof(octets));
	OPENSSL_cleanse(line, sizeof(line));
	return rc;
}

/* What hosts compare: nothing that tells the pepper, and of another pepper another. */
static int pepper_mark(const struct conf *conf, char out[2 * PEPPER_MARK_LEN + 1], struct err *e)
{
	unsigned char nothing[PASSWORD_DERIVED_LEN] = {0};
	bool there;

	if (password_pepper(nothing, conf, &there, e) == -1)
		return -1;
	hex_encode(out, nothing, PEPPER_MARK_LEN);
	return 0;
}

static int run_pepper(struct ctl *ctl, struct err *e)
{
	const bool make = ctl_option(ctl, "create") != NULL;
	char path[CONF_PATH_MAX], mark[2 * PEPPER_MARK_LEN + 1];

	conf_secret_path(ctl->conf, SET_WEB_PEPPER, path);
	if (*path == '\0')
		return ctl_refuse(e, "Web.PepperFile is not set");
	/* One that could not be noted is not made. */
	if (make && (ctl_database(ctl, e) == -1 || pepper_make(path, e) == -1))
		return -1;
	if (pepper_mark(ctl->conf, mark, e) == -1)
		return -1;
	(void)puts(mark);
	return make ? ctl_audit(ctl, e, "pepper_made", "%s", mark) : 0;
}

#define PASSWORD_OPTIONS                                                                             \
	{"password-stdin", NULL, false,                                                              \
	    "take the password from standard input; the only way, so it need not be said"},          \
	    {"days", "N", false,                                                                     \
		"it is replaced at the first sign-in, which must come in so many days (7)"},         \
	{                                                                                            \
		"permanent", NULL, false, "it is the person's own already, and need not be replaced" \
	}
static const struct option_row add_options[] = {
    {"login", "LOGIN", true, "what the person types to sign in"},
    {"name", "NAME", true, "the person's or firm's name"},
    {"kind", "KIND", false, "customer (default) or partner"},
    {"partner", "PARTNER", false, "name of the partner the person works for"},
    {"email", "ADDRESS", false, "where news of the orders and the account goes; else nowhere"},
    {"language", "LANGUAGE", false, "en or pl; else as the browser asks"},
    PASSWORD_OPTIONS,
    {NULL, NULL, false, NULL},
};
static const struct option_row passwd_options[] = {
    {"login", "LOGIN", true, "whose password"},
    PASSWORD_OPTIONS,
    {NULL, NULL, false, NULL},
};
static const struct option_row email_options[] = {
    {"login", "LOGIN", true, "whose address"},
    {"email", "ADDRESS", false, "where news of the orders and the account goes from now on; else nowhere"},
    {NULL, NULL, false, NULL},
};
static const struct option_row pepper_options[] = {
    {"create", NULL, false, "make the file first; refuses to replace one"},
    {NULL, NULL, false, NULL},
};
static const struct option_row login_options[] = {
    {"login", "LOGIN", true, "which account"},
    {NULL, NULL, false, NULL},
};
static const struct option_row key_remove_options[] = {
    {"login", "LOGIN", true, "whose"},
    {"id", "N", false, "this one alone, by the id that the list shows; else all they have"},
    {NULL, NULL, false, NULL},
};

const struct command account_commands[] = {
    {"account add", "", 0, 0, add_options, NEEDS_CONF | NEEDS_DB, "add a person who may sign in", run_add},
    {"account passwd", "", 0, 0, passwd_options, NEEDS_CONF | NEEDS_DB,
	"set a new password and sign the person out everywhere", run_passwd},
    {"account email", "", 0, 0, email_options, NEEDS_CONF | NEEDS_DB,
	"set the address that news goes to; the one before is told", run_email},
    {"account list", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB | READS_PEOPLE, "list the accounts", run_list},
    {"account disable", "", 0, 0, login_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"let an account sign in no more", run_disable},
    {"account key list", "", 0, 0, login_options, NEEDS_CONF | NEEDS_DB, "list a person's security keys",
	run_key_list},
    {"account key remove", "", 0, 0, key_remove_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"remove security keys that were lost, and sign the person out everywhere", run_key_remove},
    {"account pepper", "", 0, 0, pepper_options, NEEDS_CONF,
	"print a mark of the pepper, the same on every host", run_pepper},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
