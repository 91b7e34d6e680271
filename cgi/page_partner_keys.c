/* page_partner_keys.c - the panel's keys, callback addresses and the log of callbacks. Only people come here:
 * a key can make no key. What is secret is shown once, in the answer to the post that made it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"

#define KEY_PREFIX    "mck_" /* so that a leaked key is recognised by scanners */
#define SECRET_PREFIX "mcs_"
#define RANDOM_LEN    32
#define SECRET_ROOM   (4 + BASE64URL_ROOM(RANDOM_LEN))
#define ONCE_LEN      16
#define DAYS_MAX      3650
#define LABEL_MAX     100
#define LOG_A_PAGE    30

/* A new secret: prefix and 256 random bits. */
static int secret_make(char out[SECRET_ROOM], const char *prefix, struct err *e)
{
	unsigned char octets[RANDOM_LEN];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return err_set(e, FAULT_internal, "no random octets for a secret");
	(void)snprintf(out, SECRET_ROOM, "%s", prefix);
	base64url_encode(out + strlen(prefix), octets, sizeof(octets));
	OPENSSL_cleanse(octets, sizeof(octets));
	return 0;
}

/* --- keys --- */

static const char *const scopes[] = {"order", "read", "revoke"};
#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

/* The ticked scopes as "order,read". */
static void scopes_read(const struct req *r, char *out, size_t room)
{
	*out = '\0';
	for (size_t i = 0; i < SCOPES; i++)
		for (size_t f = 0; f < r->form.count; f++)
			if (strcmp(r->form.fields[f].name, "scopes") == 0 &&
			    strcmp(r->form.fields[f].value, scopes[i]) == 0 && strstr(out, scopes[i]) == NULL)
				(void)snprintf(out + strlen(out), room - strlen(out), "%s%s",
				    *out == '\0' ? "" : ",", scopes[i]);
}

/* The form of a new key, with a number that makes it one key however often it is sent. */
static void keys_form_set(struct req *r, const char *ticked)
{
	unsigned char once[ONCE_LEN];
	char hex[2 * ONCE_LEN + 1], prefix[16];

	if (RAND_bytes(once, sizeof(once)) == 1) {
		hex_encode(hex, once, sizeof(once));
		page_set(r, "Form.once", hex);
	}
	for (size_t i = 0; i < SCOPES; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Scope.%zu", i);
		page_set_in(r, prefix, "id", scopes[i]);
		page_set_in(r, prefix, "chosen", strstr(ticked, scopes[i]) != NULL ? "1" : "");
	}
	page_set(r, "Form.label", form_text(&r->form, "label"));
	page_set(r, "Form.days", form_text(&r->form, "days"));
}

/* The page with the keys there are; `key` is the one just made, or NULL. */
static int keys_show(struct req *r, const char *ticked, const char *key, struct err *e)
{
	static const char *const parts[] = {
	    "label", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"};
	struct db_rows *rows = NULL;
	char prefix[24];
	int rc = -1;

	if (db_run(r->w->db, STMT_PARTNER_KEYS, &rows, e, DB_ARGS(P_PARTNER(r, "", 0))) == -1 ||
	    partner_me_read(r, rows, e) == -1)
		goto out;
	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "key_id"); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Key.%zu", i);
		page_set_in(r, prefix, "id", db_text(rows, i, "key_id"));
		page_set_in(r, prefix, "state", db_text(rows, i, "key_state"));
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
	}
	keys_form_set(r, ticked);
	page_set(r, "Page.key", key);
	page_set(r, "Page.path", "/partner/keys");
	rc = page_show(r, "partner_keys", e);
out:
	db_rows_free(rows);
	return rc;
}

int page_partner_keys(struct req *r, struct err *e)
{
	return keys_show(r, "order,read", NULL, e);
}

/* Make a key from the form. *key stays empty when the form was sent before. */
static int key_add(struct req *r, const char *ticked, char key[SECRET_ROOM], struct err *e)
{
	const char *label = form_text(&r->form, "label"), *typed = form_text(&r->form, "days");
	unsigned char once[ONCE_LEN], hash[32];
	struct db_rows *rows = NULL;
	char *end;
	long days = strtol(typed, &end, 10);
	int rc;

	if (!customer_name_good(label) || strlen(label) > LABEL_MAX)
		return err_set(e, FAULT_key_label_missing, "key: no label");
	if (*ticked == '\0')
		return err_set(e, FAULT_key_scopes_missing, "key: no scope");
	if (*end != '\0' || (*typed != '\0' && (days < 1 || days > DAYS_MAX)))
		return err_set_arg(e, FAULT_key_days_invalid, typed, "key: days %.20s", typed);
	if (hex_decode(once, sizeof(once), form_text(&r->form, "once")) == -1)
		return err_set(e, FAULT_form_token_invalid, "key: no number of the form");
	if (secret_make(key, KEY_PREFIX, e) == -1)
		return -1;
	(void)EVP_Digest(key, strlen(key), hash, NULL, EVP_sha256(), NULL);
	rc = db_run(r->w->db, STMT_PARTNER_KEY_ADD, &rows, e,
	    DB_ARGS(P_BYTES(r->actor.secret, r->actor.secret_len), P_BYTES(once, sizeof(once)),
		P_BYTES(hash, sizeof(hash)), P_TEXT(label), P_TEXT(ticked),
		*typed == '\0' ? P_NULL() : P_NUMBER(days), P_TEXT(r->actor.address)));
	if (rc == 0 && db_rows_count(rows) == 0)
		rc = err_set(e, FAULT_key_made_already, "key: the form was sent before");
	db_rows_free(rows);
	return rc;
}

int page_partner_keys_post(struct req *r, struct err *e)
{
	char ticked[64], key[SECRET_ROOM] = "";
	struct err fault;
	int rc = -1;

	scopes_read(r, ticked, sizeof(ticked));
	if (key_add(r, ticked, key, &fault) == 0) {
		form_free(&r->form);
		rc = keys_show(r, "order,read", key, e);
	} else if (fault_status(fault.fault) == 422 || fault.fault == FAULT_key_made_already) {
		page_add_error(r, &fault);
		rc = keys_show(r, ticked, NULL, e);
	} else {
		*e = fault;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int page_partner_key_revoke_post(struct req *r, struct err *e)
{
	if (db_run(r->w->db, STMT_PARTNER_KEY_END, NULL, e,
		DB_ARGS(P_BYTES(r->actor.secret, r->actor.secret_len),
		    P_NUMBER(strtol(r->params[0], NULL, 10)), P_TEXT(r->actor.address))) == -1)
		return -1;
	return req_see_other(r, "/partner/keys");
}

/* --- callbacks --- */

static int addresses_show(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	char prefix[24];
	int rc = -1;

	if (db_run(r->w->db, STMT_PARTNER_ADDRESSES, &rows, e, DB_ARGS(P_PARTNER(r, "", 0))) == -1 ||
	    partner_me_read(r, rows, e) == -1)
		goto out;
	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "address_id"); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Address.%zu", i);
		page_set_in(r, prefix, "id", db_text(rows, i, "address_id"));
		page_set_in(r, prefix, "url", db_text(rows, i, "url"));
		page_set_in(r, prefix, "created_at", db_text(rows, i, "created_at"));
		page_set_in(r, prefix, "waiting", db_text(rows, i, "waiting"));
	}
	rc = 0;
out:
	db_rows_free(rows);
	return rc;
}

/* Callback.N: the newest callbacks, each with its last attempt. */
static int log_show(struct req *r, struct err *e)
{
	static const char *const parts[] = {"callback_id", "status", "callback_state", "attempts", "at",
	    "next_at", "url", "order_number", "http_status", "says", "tried_at", "milliseconds"};
	const char *order = form_text(&r->query, "order");
	struct db_rows *rows = NULL;
	char prefix[24];
	int rc = -1;

	if (db_run(r->w->db, STMT_PARTNER_CALLBACKS, &rows, e,
		DB_ARGS(P_PARTNER(r, "", 0), P_NUMBER(page_before(r)), P_TEXT(order),
		    P_NUMBER(LOG_A_PAGE + 1))) == -1 ||
	    partner_me_read(r, rows, e) == -1)
		goto out;
	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "callback_id"); i++) {
		if (i == LOG_A_PAGE) {
			page_setf(r, "Paging.next", "/partner/callbacks?page=%s",
			    db_text(rows, i - 1, "callback_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "Callback.%zu", i);
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
	}
	rc = 0;
out:
	db_rows_free(rows);
	return rc;
}

/* The page; `secret` is that of an address just registered, or NULL. */
static int callbacks_show(struct req *r, const char *secret, struct err *e)
{
	if (addresses_show(r, e) == -1 || log_show(r, e) == -1)
		return -1;
	page_set(r, "Form.url", form_text(&r->form, "url"));
	page_set(r, "Page.secret", secret);
	page_set(r, "Page.path", "/partner/callbacks");
	return page_show(r, "partner_callbacks", e);
}

int page_partner_callbacks(struct req *r, struct err *e)
{
	return callbacks_show(r, NULL, e);
}

static int address_add(struct req *r, char secret[SECRET_ROOM], struct err *e)
{
	const char *url = form_text(&r->form, "url");
	struct db_rows *rows = NULL;
	int rc;

	if (!callback_url_good(url))
		return err_set(e, FAULT_callback_url_invalid, "callback address of another form");
	if (secret_make(secret, SECRET_PREFIX, e) == -1)
		return -1;
	rc = db_run(r->w->db, STMT_CALLBACK_ADDRESS_ADD, &rows, e,
	    DB_ARGS(P_BYTES(r->actor.secret, r->actor.secret_len), P_TEXT(url), P_TEXT(secret),
		P_TEXT(r->actor.address)));
	if (rc == 0 && db_rows_count(rows) == 0)
		rc = err_set(e, FAULT_callback_registered, "callback address is registered already");
	db_rows_free(rows);
	return rc;
}

int page_partner_callbacks_post(struct req *r, struct err *e)
{
	char secret[SECRET_ROOM] = "";
	struct err fault;
	int rc = -1;

	if (address_add(r, secret, &fault) == 0) {
		rc = callbacks_show(r, secret, e);
	} else if (fault_status(fault.fault) == 422 || fault.fault == FAULT_callback_registered) {
		page_add_error(r, &fault);
		rc = callbacks_show(r, NULL, e);
	} else {
		*e = fault;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	return rc;
}

/* One of the two posts that name a thing in their address and lead back to the page. */
static int callback_post(struct req *r, enum stmt s, struct err *e)
{
	if (db_run(r->w->db, s, NULL, e,
		DB_ARGS(P_BYTES(r->actor.secret, r->actor.secret_len),
		    P_NUMBER(strtoll(r->params[0], NULL, 10)), P_TEXT(r->actor.address))) == -1)
		return -1;
	return req_see_other(r, "/partner/callbacks");
}

int page_partner_callback_remove_post(struct req *r, struct err *e)
{
	return callback_post(r, STMT_CALLBACK_ADDRESS_REMOVE, e);
}

int page_partner_callback_replay_post(struct req *r, struct err *e)
{
	return callback_post(r, STMT_CALLBACK_REPLAY, e);
}
