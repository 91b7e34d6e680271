/* account_key.c - security keys of people; see account_key.h. */
#include "lib/flow/account_key.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"
#include "lib/flow/password.h"

#define P_SECRET(actor) P_BYTES((actor)->secret, (actor)->secret_len)

bool account_key_name_good(const char *name)
{
	size_t characters = 0;

	for (const char *p = name; *p != '\0'; p++)
		characters += (*p & 0xc0) != 0x80; /* all but the later octets of one (RFC 3629 3) */
	return customer_name_good(name) && name[strspn(name, " ")] != '\0' &&
	       characters <= ACCOUNT_KEY_NAME_MAX;
}

void account_key_question_free(struct account_key_question *q)
{
	buf_free(&q->known);
}

/* A question with a new challenge, whose octets go to the database. */
static int question_draw(struct account_key_question *out, const struct conf *conf,
    unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], struct err *e)
{
	memset(out, 0, sizeof(*out));
	(void)webauthn_site(&out->site, conf_text(conf, SET_WEB_BASE_URL));
	if (RAND_bytes(challenge, WEBAUTHN_CHALLENGE_LEN) != 1)
		return err_set(e, FAULT_internal, "security key: no random octets");
	base64url_encode(out->challenge, challenge, WEBAUTHN_CHALLENGE_LEN);
	return 0;
}

/* The credential ids of the keys there are. */
static int known_read(struct account_key_question *out, const struct db_rows *rows, struct err *e)
{
	char text[BASE64URL_ROOM(WEBAUTHN_ID_MAX)];

	for (size_t i = 0; i < db_rows_count(rows); i++) {
		size_t len;
		const char *id = db_bytes(rows, i, "credential", &len);

		if (id == NULL || len > WEBAUTHN_ID_MAX)
			continue;
		base64url_encode(text, id, len);
		if (out->known.len > 0)
			buf_puts(&out->known, " ");
		buf_puts(&out->known, text);
	}
	return out->known.failed ? err_set(e, FAULT_busy, "security key: out of memory") : 0;
}

int account_key_begin(struct db *db, const struct conf *conf, const struct actor *actor, const char *login,
    const char *password, struct account_key_question *out, struct err *e)
{
	unsigned char challenge[WEBAUTHN_CHALLENGE_LEN];
	struct proof proof = {.len = 0};
	struct db_rows *rows = NULL;
	const char *handle;
	size_t len;
	int rc = -1;

	if (question_draw(out, conf, challenge, e) == -1)
		return -1;
	if (*password == '\0')
		return err_set(e, FAULT_password_missing, "security key: without the password");
	if (strlen(password) > PASSWORD_MAX)
		return err_set(e, FAULT_password_wrong, "security key: password too long");
	if (session_prove(db, conf, actor, login, password, &proof, e) == -1 ||
	    db_run(db, STMT_ACCOUNT_KEY_BEGIN, &rows, e,
		DB_ARGS(P_SECRET(actor), P_PROOF(&proof), P_BYTES(challenge, sizeof(challenge)),
		    P_TEXT(actor->address))) == -1)
		goto out;
	if (strcmp(db_text(rows, 0, "code"), "ok") != 0) {
		(void)err_set(
		    e, FAULT_password_wrong, "security key: password from %s refused", actor->address);
		goto out;
	}
	handle = db_bytes(rows, 0, "handle", &len);
	if (handle == NULL || len > 32) {
		(void)err_set(e, FAULT_internal, "security key: no handle of the account");
		goto out;
	}
	base64url_encode(out->handle, handle, len);
	rc = known_read(out, rows, e);
out:
	OPENSSL_cleanse(&proof, sizeof(proof));
	db_rows_free(rows);
	return rc;
}

/* What the database holds an answer against. */
struct asked {
	unsigned char challenge[WEBAUTHN_CHALLENGE_LEN];
	int64_t id; /* of the key; 0: the person has none of that name */
	struct webauthn_key key;
};

static int asked_read(
    struct db *db, const struct actor *actor, struct asked *out, struct db_arg credential, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *challenge, *octets;
	size_t len = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = db_run(db, STMT_ACCOUNT_KEY_ASKED, &rows, e, DB_ARGS(P_SECRET(actor), credential));
	if (rc == -1)
		goto out;
	if (db_rows_count(rows) == 0) {
		rc = err_set(e, FAULT_account_key_late, "security key: no challenge is open");
		goto out;
	}
	challenge = db_bytes(rows, 0, "challenge", &len);
	if (challenge == NULL || len != sizeof(out->challenge)) {
		rc = err_set(e, FAULT_internal, "security key: a challenge of %zu octets", len);
		goto out;
	}
	memcpy(out->challenge, challenge, len);
	octets = db_bytes(rows, 0, "public_key", &len);
	if (octets == NULL || len > sizeof(out->key.octets))
		goto out;
	memcpy(out->key.octets, octets, len);
	out->key.len = len;
	out->key.algorithm = (int)db_number(rows, 0, "algorithm");
	out->id = db_number(rows, 0, "key_id");
out:
	db_rows_free(rows);
	return rc;
}

/* Have the database note an answer that was found wrong; *e says why, and stays unless that failed. */
static int refused(
    struct db *db, const struct actor *actor, bool waiting, const struct asked *asked, struct err *e)
{
	struct err other;

	if (e->fault == FAULT_account_key_refused &&
	    db_run(db, STMT_ACCOUNT_KEY_REFUSED, NULL, &other,
		DB_ARGS(P_SECRET(actor), P_NUMBER(waiting),
		    P_BYTES(asked->challenge, sizeof(asked->challenge)), P_TEXT(e->log),
		    P_TEXT(actor->address))) == -1)
		*e = other;
	return -1;
}

int account_key_add(struct db *db, const struct conf *conf, const struct actor *actor, const char *name,
    const struct webauthn_answer *answer, struct err *e)
{
	struct webauthn_site site;
	struct webauthn_made made;
	struct asked asked;

	if (!account_key_name_good(name))
		return err_set(e, FAULT_account_key_name_missing, "security key: no name");
	(void)webauthn_site(&site, conf_text(conf, SET_WEB_BASE_URL));
	if (asked_read(db, actor, &asked, P_NULL(), e) == -1)
		return -1;
	if (webauthn_made(&made, &site, asked.challenge, answer, e) == -1)
		return refused(db, actor, false, &asked, e);
	return db_run(db, STMT_ACCOUNT_KEY_ADD, NULL, e,
	    DB_ARGS(P_SECRET(actor), P_BYTES(asked.challenge, sizeof(asked.challenge)),
		P_BYTES(made.id, made.id_len), P_NUMBER(made.key.algorithm),
		P_BYTES(made.key.octets, made.key.len), P_NUMBER(made.count), P_TEXT(name),
		P_TEXT(actor->address)));
}

int account_key_remove(struct db *db, const struct conf *conf, const struct actor *actor, const char *login,
    const char *password, int64_t id, struct err *e)
{
	struct proof proof = {.len = 0};
	struct db_rows *rows = NULL;
	int rc;

	if (*password == '\0')
		return err_set(e, FAULT_password_missing, "security key: without the password");
	if (strlen(password) > PASSWORD_MAX)
		return err_set(e, FAULT_password_wrong, "security key: password too long");
	rc = session_prove(db, conf, actor, login, password, &proof, e);
	if (rc == 0)
		rc = db_run(db, STMT_ACCOUNT_KEY_REMOVE, &rows, e,
		    DB_ARGS(P_SECRET(actor), P_PROOF(&proof), P_NUMBER(id), P_TEXT(actor->address)));
	if (rc == 0 && strcmp(db_text(rows, 0, "code"), "ok") != 0)
		rc = err_set(
		    e, FAULT_password_wrong, "security key: password from %s refused", actor->address);
	OPENSSL_cleanse(&proof, sizeof(proof));
	db_rows_free(rows);
	return rc;
}

int account_key_ask(struct db *db, const struct conf *conf, const struct actor *actor,
    struct account_key_question *out, struct err *e)
{
	unsigned char challenge[WEBAUTHN_CHALLENGE_LEN];
	struct db_rows *rows = NULL;
	int rc;

	if (question_draw(out, conf, challenge, e) == -1)
		return -1;
	rc = db_run(db, STMT_ACCOUNT_KEY_ASK, &rows, e,
	    DB_ARGS(P_SECRET(actor), P_BYTES(challenge, sizeof(challenge)), P_TEXT(actor->address)));
	if (rc == 0)
		rc = known_read(out, rows, e);
	db_rows_free(rows);
	return rc;
}

int account_key_sign_in(struct db *db, const struct conf *conf, struct actor *actor, const char *credential,
    const struct webauthn_answer *answer, enum session_opens *opens, struct err *e)
{
	unsigned char name[WEBAUTHN_ID_MAX], id[SESSION_ID_LEN];
	struct webauthn_site site;
	struct db_rows *rows = NULL;
	struct asked asked;
	uint32_t count;
	size_t len;
	int rc = -1;

	if (webauthn_octets(name, sizeof(name), &len, credential) == -1)
		len = 0; /* no key is called so */
	(void)webauthn_site(&site, conf_text(conf, SET_WEB_BASE_URL));
	if (asked_read(db, actor, &asked, P_BYTES(name, len), e) == -1)
		return -1;
	if (asked.id == 0) {
		(void)err_set(e, FAULT_account_key_refused, "no key of this person");
		return refused(db, actor, true, &asked, e);
	}
	if (webauthn_signed(&count, &site, asked.challenge, &asked.key, answer, e) == -1)
		return refused(db, actor, true, &asked, e);
	if (RAND_bytes(id, sizeof(id)) != 1)
		return err_set(e, FAULT_internal, "sign-in: no random octets");
	if (db_run(db, STMT_SIGN_IN_KEY, &rows, e,
		DB_ARGS(P_SECRET(actor), P_BYTES(asked.challenge, sizeof(asked.challenge)),
		    P_NUMBER(asked.id), P_NUMBER(count), P_BYTES(id, sizeof(id)),
		    P_NUMBER(conf_number(conf, SET_WEB_SESSION_IDLE)),
		    P_NUMBER(conf_number(conf, SET_WEB_SESSION_MAX)), P_TEXT(actor->address))) == -1)
		goto out;
	if (strcmp(db_text(rows, 0, "code"), "ok") != 0) {
		(void)err_set(e, FAULT_account_key_refused, "sign-in from %s: the key's count went back",
		    actor->address);
		goto out;
	}
	*opens = db_number(rows, 0, "initial") == 1 ? SESSION_OPENS_PASSWORD : SESSION_OPENS_ALL;
	memcpy(actor->secret, id, sizeof(id));
	actor->secret_len = sizeof(id);
	rc = 0;
out:
	OPENSSL_cleanse(id, sizeof(id));
	db_rows_free(rows);
	return rc;
}
