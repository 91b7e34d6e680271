/* session.c - signing in and out; see session.h. */
#include "lib/flow/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base/browser.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/password.h"

#define LOGIN_MAX        190
#define SESSION_MARK_LEN 16
#define HASH_WAIT_MS     3000 /* how long a sign-in waits for its turn to hash */

/* Take one of the host's turns to compute a password hash: a lock on one of so many files. Memory and time of
 * a hash are its point, so a flood of sign-ins must not take a host's all. Gives the descriptor to close. */
static int turn_take(const struct conf *conf, int *out, struct err *e)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000000L};
	long turns = conf_number(conf, SET_WEB_HASHES);
	char path[4096];

	for (int waited = 0; waited < HASH_WAIT_MS; waited += 20) {
		for (long i = 0; i < turns; i++) {
			int fd;

			(void)snprintf(
			    path, sizeof(path), "%s/hash.%ld", conf_text(conf, SET_WEB_RUN_DIR), i);
			fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
			if (fd == -1)
				return err_errno(e, FAULT_internal, "open %s", path);
			if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
				*out = fd;
				return 0;
			}
			(void)close(fd);
		}
		(void)nanosleep(&pause, NULL);
	}
	return err_set(e, FAULT_busy, "sign-in: no turn to hash within %d ms", HASH_WAIT_MS);
}

static int proof_derive(struct proof *out, const struct conf *conf, const char *password,
    const unsigned char salt[PASSWORD_SALT_LEN], struct err *e)
{
	unsigned char *plain = out->octets + PASSWORD_DERIVED_LEN;
	bool peppered = false;

	if (password_derive(out->octets, password, salt, out->cost, e) == -1)
		return -1;
	memcpy(plain, out->octets, PASSWORD_DERIVED_LEN);
	if (password_pepper(out->octets, conf, &peppered, e) == -1)
		return -1;
	out->len = peppered ? sizeof(out->octets) : PASSWORD_DERIVED_LEN;
	return 0;
}

int session_prove(struct db *db, const struct conf *conf, const struct actor *actor, const char *login,
    const char *password, struct proof *out, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *salt;
	size_t salt_len;
	int turn = -1, rc = -1;

	if (db_run(db, STMT_SIGN_IN_BEGIN, &rows, e, DB_ARGS(P_TEXT(login), P_TEXT(actor->address))) == -1)
		return -1;
	out->cost = (int)db_number(rows, 0, "cost");
	salt = db_bytes(rows, 0, "salt", &salt_len);
	if (salt == NULL || salt_len != PASSWORD_SALT_LEN)
		(void)err_set(e, FAULT_internal, "sign-in: salt of %zu octets", salt_len);
	else if (turn_take(conf, &turn, e) == 0)
		rc = proof_derive(out, conf, password, (const unsigned char *)salt, e);
	if (turn != -1)
		(void)close(turn);
	db_rows_free(rows);
	return rc;
}

/* A new password's key, with the pepper, and salt, in its turn. */
static int new_derive(const struct conf *conf, const char *password,
    unsigned char derived[PASSWORD_DERIVED_LEN], unsigned char salt[PASSWORD_SALT_LEN], struct err *e)
{
	bool peppered;
	int turn = -1, rc;

	if (turn_take(conf, &turn, e) == -1)
		return -1;
	rc = password_new(derived, salt, password, e);
	(void)close(turn);
	return rc == 0 ? password_pepper(derived, conf, &peppered, e) : -1;
}

/* What was derived for less than it costs now, or without the pepper, is derived anew. That it fails hinders
 * nobody: the next sign-in tries again. */
static void password_renew(struct db *db, const struct conf *conf, const struct actor *actor,
    const char *password, const struct proof *proof)
{
	unsigned char dearer[PASSWORD_DERIVED_LEN], salt[PASSWORD_SALT_LEN];
	struct err ignored;

	if (new_derive(conf, password, dearer, salt, &ignored) == 0)
		(void)db_run(db, STMT_ACCOUNT_PASSWORD_RENEW, NULL, &ignored,
		    DB_ARGS(P_BYTES(actor->secret, actor->secret_len), P_PROOF(proof),
			P_BYTES(salt, sizeof(salt)), P_NUMBER(PASSWORD_COST),
			P_BYTES(dearer, sizeof(dearer))));
	OPENSSL_cleanse(dearer, sizeof(dearer));
}

/* What the database answered to a sign-in. */
static int sign_in_judge(
    const struct db_rows *rows, const struct actor *actor, enum session_opens *opens, struct err *e)
{
	const char *code = db_text(rows, 0, "code");

	if (strcmp(code, "password_expired") == 0)
		return err_set(e, FAULT_password_expired, "sign-in from %s: an admin's password, too old",
		    actor->address);
	if (strcmp(code, "ok") != 0)
		return err_set(e, FAULT_sign_in_refused, "sign-in from %s refused", actor->address);
	*opens = SESSION_OPENS_ALL;
	if (db_number(rows, 0, "key_wanted") == 1)
		*opens = SESSION_OPENS_KEY;
	else if (db_number(rows, 0, "initial") == 1)
		*opens = SESSION_OPENS_PASSWORD;
	return 0;
}

int session_sign_in(struct db *db, const struct conf *conf, struct actor *actor, const char *login,
    const char *password, const char *agent, enum session_opens *opens, struct err *e)
{
	struct proof proof = {.len = 0};
	unsigned char id[SESSION_ID_LEN];
	char browser[BROWSER_NAME_ROOM];
	struct db_rows *rows = NULL;
	const bool had = actor->kind == ACTOR_SESSION;
	int rc = -1;

	if (*login == '\0')
		return err_set(e, FAULT_login_missing, "sign-in without a login");
	if (*password == '\0')
		return err_set(e, FAULT_password_missing, "sign-in without a password");
	if (strlen(login) > LOGIN_MAX || strlen(password) > PASSWORD_MAX)
		return err_set(e, FAULT_sign_in_refused, "sign-in: login or password too long");
	if (session_prove(db, conf, actor, login, password, &proof, e) == -1)
		goto out;
	browser_name(browser, agent);
	if (RAND_bytes(id, sizeof(id)) != 1) {
		(void)err_set(e, FAULT_internal, "sign-in: no random octets");
		goto out;
	}
	if (db_run(db, STMT_SIGN_IN, &rows, e,
		DB_ARGS(P_TEXT(login), P_PROOF(&proof),
		    had ? P_BYTES(actor->secret, actor->secret_len) : P_NULL(), P_BYTES(id, sizeof(id)),
		    P_NUMBER(conf_number(conf, SET_WEB_SESSION_IDLE)),
		    P_NUMBER(conf_number(conf, SET_WEB_SESSION_MAX)), P_TEXT(actor->address),
		    P_TEXT(browser))) == -1 ||
	    sign_in_judge(rows, actor, opens, e) == -1)
		goto out;
	actor->kind = ACTOR_SESSION;
	memcpy(actor->secret, id, sizeof(id));
	actor->secret_len = sizeof(id);
	rc = 0;
	if (proof.cost < PASSWORD_COST || db_number(rows, 0, "plain") == 1)
		password_renew(db, conf, actor, password, &proof);
out:
	OPENSSL_cleanse(&proof, sizeof(proof));
	OPENSSL_cleanse(id, sizeof(id));
	db_rows_free(rows);
	return rc;
}

int session_sign_out(struct db *db, const struct actor *actor, struct err *e)
{
	return db_run(db, STMT_SIGN_OUT, NULL, e,
	    DB_ARGS(P_BYTES(actor->secret, actor->secret_len), P_TEXT(actor->address)));
}

int session_password(struct db *db, const struct conf *conf, const struct actor *actor,
    const struct password_change *c, struct err *e)
{
	unsigned char made[PASSWORD_DERIVED_LEN], salt[PASSWORD_SALT_LEN];
	struct proof proof = {.len = 0};
	struct db_rows *rows = NULL;
	int rc = -1;

	if (*c->password == '\0')
		return err_set(e, FAULT_password_missing, "change of password without the one in use");
	if (password_check(c->wish, conf_text(conf, SET_PASSWORD_DICTIONARY), e) == -1)
		return -1;
	if (strlen(c->password) > PASSWORD_MAX)
		return err_set(e, FAULT_password_wrong, "change of password: too long");
	if (strcmp(c->password, c->wish) == 0)
		return err_set(e, FAULT_password_unchanged, "change of password: to the same one");
	if (session_prove(db, conf, actor, c->login, c->password, &proof, e) == 0 &&
	    new_derive(conf, c->wish, made, salt, e) == 0)
		rc = db_run(db, STMT_ACCOUNT_PASSWORD, &rows, e,
		    DB_ARGS(P_BYTES(actor->secret, actor->secret_len), P_PROOF(&proof),
			P_BYTES(salt, sizeof(salt)), P_NUMBER(PASSWORD_COST), P_BYTES(made, sizeof(made)),
			P_NUMBER(c->others), P_TEXT(actor->address)));
	if (rc == 0 && strcmp(db_text(rows, 0, "code"), "ok") != 0)
		rc = err_set(e, FAULT_password_wrong, "change of password from %s refused", actor->address);
	OPENSSL_cleanse(&proof, sizeof(proof));
	OPENSSL_cleanse(made, sizeof(made));
	db_rows_free(rows);
	return rc;
}

int session_end_others(struct db *db, const struct actor *actor, struct err *e)
{
	return db_run(db, STMT_SIGN_OUT_OTHERS, NULL, e,
	    DB_ARGS(P_BYTES(actor->secret, actor->secret_len), P_TEXT(actor->address)));
}

int session_end(struct db *db, const struct actor *actor, const char *mark, struct err *e)
{
	/* Marks are ASCII (sql/transitions.sql, session_mark); what is longer or has other letters is none.
	 */
	if (strlen(mark) > SESSION_MARK_LEN || !ascii_plain(mark))
		return err_set(e, FAULT_not_found, "no such session");
	return db_run(db, STMT_SESSION_END, NULL, e,
	    DB_ARGS(P_BYTES(actor->secret, actor->secret_len), P_TEXT(mark), P_TEXT(actor->address)));
}

int session_touch(struct db *db, const struct actor *actor, struct err *e)
{
	return db_run(db, STMT_SESSION_TOUCH, NULL, e, DB_ARGS(P_BYTES(actor->secret, actor->secret_len)));
}

int session_language(struct db *db, const struct actor *actor, const char *language, struct err *e)
{
	return db_run(db, STMT_ACCOUNT_LANGUAGE, NULL, e,
	    DB_ARGS(P_BYTES(actor->secret, actor->secret_len), P_TEXT(language)));
}
