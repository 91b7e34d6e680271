/* accounts.c - mailcertctl db accounts; see accounts.h.
 *
 * Only the server's root may make accounts, and that is a person: the command prints SQL for the mariadb
 * client, and signs in nowhere.
 */
#include "tools/mailcertctl/accounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "tools/mailcertctl/ctl.h"

#define PASSWORD_OCTETS 24
#define PASSWORD_ROOM   BASE64URL_ROOM(PASSWORD_OCTETS)
#define SCRIPT_MAX      65536

static const struct {
	const char *name;
	enum setting file;
} accounts[] = {
    {"admin", SET_DB_PASSWORD_ADMIN},
    {"web", SET_DB_PASSWORD_WEB},
    {"mailer", SET_DB_PASSWORD_MAILER},
    {"signer", SET_DB_PASSWORD_SIGNER},
    {"callback", SET_DB_PASSWORD_CALLBACK},
    {"report", SET_DB_PASSWORD_REPORT},
    {"metrics", SET_DB_PASSWORD_METRICS},
    {"retention", SET_DB_PASSWORD_RETENTION},
};
#define ACCOUNTS (sizeof(accounts) / sizeof(accounts[0]))

/* Put the password into its file, which keeps its mode and group when there is one. */
static int password_keep(const char *path, const char *password, struct err *e)
{
	char line[PASSWORD_ROOM + 1];
	struct stat old;
	const bool known = stat(path, &old) == 0;
	int n = snprintf(line, sizeof(line), "%s\n", password), rc;

	rc = file_replace(path, line, (size_t)n, known ? old.st_mode & 0640 : 0600, e);
	OPENSSL_cleanse(line, sizeof(line));
	if (rc == 0 && known && chown(path, old.st_uid, old.st_gid) == -1)
		rc = err_errno(e, FAULT_config_invalid, "give %s its owner again", path);
	return rc;
}

/* Where an account's former password is kept from --beside until --again. */
static void former_path(char out[CONF_PATH_MAX], const char *path)
{
	(void)snprintf(out, CONF_PATH_MAX, "%s.former", path);
}

static int former_forget(const char *path, struct err *e)
{
	char former[CONF_PATH_MAX];

	former_path(former, path);
	if (unlink(former) == -1 && errno != ENOENT)
		return err_errno(e, FAULT_config_invalid, "remove %s", former);
	return 0;
}

/* What shall become of an account's password. */
enum change {
	CHANGE_NEW,    /* a new one takes its place */
	CHANGE_BESIDE, /* a new one, and the one so far serves as well */
	CHANGE_NONE,   /* the one of the file, and no other */
};

/* An account's passwords; both NULL: it has none. */
struct passwords {
	char *now, *old;
};

static void passwords_free(struct passwords *p)
{
	secret_free(p->now);
	secret_free(p->old);
}

/* A new password, in its file and given to the caller. */
static int password_make(const char *path, char **out, struct err *e)
{
	unsigned char octets[PASSWORD_OCTETS];
	char *password = calloc(1, PASSWORD_ROOM);

	if (password == NULL || RAND_bytes(octets, sizeof(octets)) != 1) {
		free(password);
		return err_set(e, FAULT_busy, "no memory or random octets for a password");
	}
	base64url_encode(password, octets, sizeof(octets));
	OPENSSL_cleanse(octets, sizeof(octets));
	if (password_keep(path, password, e) == -1) {
		secret_free(password);
		return -1;
	}
	*out = password;
	return 0;
}

/* The password in the file, which must go into SQL as it is. */
static int password_read(const char *path, char **out, struct err *e)
{
	char *password;

	*out = NULL;
	if (file_read_secret(path, &password, e) == -1)
		return -1;
	if (*password != '\0' && ascii_plain(password) && strpbrk(password, "'\\") == NULL) {
		*out = password;
		return 0;
	}
	secret_free(password);
	(void)ctl_refuse(e, "%s: a password in plain ASCII is wanted, without quotes and backslashes", path);
	return -1;
}

/* A new password, and the former one. When they are told apart already the processes may not know the new one
 * yet: both stay as they are, or whoever runs the command twice would lock them out. */
static int passwords_beside(const char *path, struct passwords *out, struct err *e)
{
	char former[CONF_PATH_MAX];

	former_path(former, path);
	if (access(former, F_OK) == 0)
		return password_read(former, &out->old, e) == -1 ? -1 : password_read(path, &out->now, e);
	if (password_read(path, &out->old, e) == -1 ||
	    file_replace(former, out->old, strlen(out->old), 0600, e) == -1)
		return -1;
	return password_make(path, &out->now, e);
}

static int passwords_take(
    const struct conf *conf, size_t i, enum change change, struct passwords *out, struct err *e)
{
	const char *path = conf_text(conf, accounts[i].file);
	int rc;

	*out = (struct passwords){NULL, NULL};
	if (*path == '\0')
		return 0;
	if (change == CHANGE_BESIDE)
		return passwords_beside(path, out, e);
	rc = change == CHANGE_NONE ? password_read(path, &out->now, e) : password_make(path, &out->now, e);
	return rc == 0 ? former_forget(path, e) : -1;
}

/* All accounts: accounts.sql with its variables before it. */
static int accounts_write(const struct conf *conf, enum change change, struct buf *sql, struct err *e)
{
	char path[4096], *script = NULL;
	size_t len;

	buf_printf(sql, "SET @database = '%s'", conf_text(conf, SET_DB_NAME));
	for (size_t i = 0; i < ACCOUNTS; i++) {
		struct passwords p;
		int rc = passwords_take(conf, i, change, &p, e);

		if (p.now != NULL)
			buf_printf(sql, ", @%s_password = '%s'", accounts[i].name, p.now);
		if (p.old != NULL)
			buf_printf(sql, ", @%s_old_password = '%s'", accounts[i].name, p.old);
		passwords_free(&p);
		if (rc == -1)
			return -1;
	}
	buf_puts(sql, ";\n");
	(void)snprintf(path, sizeof(path), "%s/accounts.sql", conf_text(conf, SET_SQL_DIR));
	if (file_read(path, SCRIPT_MAX, &script, &len, e) == -1)
		return -1;
	buf_add(sql, script, len);
	free(script);
	return 0;
}

static int account_write(
    const struct conf *conf, size_t i, enum change change, struct buf *sql, struct err *e)
{
	struct passwords p;
	int rc = passwords_take(conf, i, change, &p, e);

	if (rc == 0 && p.now == NULL)
		rc = ctl_refuse(
		    e, "%s has no password: the configuration names no file for it", accounts[i].name);
	if (rc == 0)
		buf_printf(sql,
		    "ALTER USER `%s`@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('%s')",
		    accounts[i].name, p.now);
	if (rc == 0 && p.old != NULL)
		buf_printf(sql, " OR mysql_native_password USING PASSWORD('%s')", p.old);
	buf_puts(sql, ";\n");
	passwords_free(&p);
	return rc;
}

static int change_read(struct ctl *ctl, enum change *out, struct err *e)
{
	const bool beside = ctl_option(ctl, "beside") != NULL, again = ctl_option(ctl, "again") != NULL;

	if (beside && again)
		return ctl_usage(ctl, e, "--beside makes new passwords, --again makes none: which?");
	*out = beside ? CHANGE_BESIDE : again ? CHANGE_NONE : CHANGE_NEW;
	return 0;
}

/* Whoever runs the SQL, it notes who asked for it; a database whose tables are not made yet has no audit log.
 */
static void event_write(const struct ctl *ctl, size_t one, enum change change, struct buf *sql)
{
	static const char *const what[] = {"new", "new beside the old", "those of the files"};
	const char *db = conf_text(ctl->conf, SET_DB_NAME);
	char hex[2 * sizeof(ctl->admin) + 1];

	hex_encode(hex, (const unsigned char *)ctl->admin, strlen(ctl->admin));
	buf_printf(sql,
	    "SET @noted = IF(EXISTS (SELECT 1 FROM information_schema.routines WHERE routine_schema = '%s' "
	    "AND "
	    "routine_name = 'audit_add'), \"CALL `%s`.audit_add(CONCAT('admin:', CONVERT(X'%s' USING "
	    "ascii)), "
	    "'passwords_changed', NULL, NULL, '%s: %s')\", 'DO 0'); EXECUTE IMMEDIATE @noted;\n",
	    db, db, hex, one == ACCOUNTS ? "all accounts" : accounts[one].name, what[change]);
}

/* Which account --only names; ACCOUNTS without it. */
static int account_find(struct ctl *ctl, size_t *out, struct err *e)
{
	const char *only = ctl_option(ctl, "only");

	for (*out = 0; *out < ACCOUNTS; ++*out)
		if (only != NULL && strcmp(only, accounts[*out].name) == 0)
			return 0;
	return only == NULL ? 0 : ctl_usage(ctl, e, "--only %s: there is no such account", only);
}

int run_accounts(struct ctl *ctl, struct err *e)
{
	struct buf sql = {0};
	enum change change = CHANGE_NEW;
	size_t one;
	int rc;

	if (isatty(STDOUT_FILENO) == 1)
		return ctl_usage(
		    ctl, e, "passwords are not for the screen: mailcertctl db accounts | mariadb");
	if (account_find(ctl, &one, e) == -1 || change_read(ctl, &change, e) == -1)
		return -1;
	rc = one == ACCOUNTS ? accounts_write(ctl->conf, change, &sql, e)
			     : account_write(ctl->conf, one, change, &sql, e);
	if (rc == 0)
		event_write(ctl, one, change, &sql);
	if (rc == 0 &&
	    (sql.failed || fwrite(sql.data, 1, sql.len, stdout) != sql.len || fflush(stdout) == EOF))
		rc = ctl_refuse(e, "the SQL cannot be written: %s; run it again", strerror(errno));
	if (sql.data != NULL)
		OPENSSL_cleanse(sql.data, sql.room);
	buf_free(&sql);
	return rc;
}
