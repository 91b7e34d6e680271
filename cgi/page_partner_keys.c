/* page_partner_keys.c - the panel's keys. Only people come here: a key can make no key. It is shown once, in
 * the answer to the post that made it. */
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

#define ONCE_LEN  16
#define DAYS_MAX  3650
#define LABEL_MAX 100

/* The ticked scopes as "order,read". */
static void scopes_read(const struct req *r, char *out, size_t room)
{
	*out = '\0';
	for (size_t i = 0; i < PARTNER_SCOPES; i++)
		for (size_t f = 0; f < r->form.count; f++)
			if (strcmp(r->form.fields[f].name, "scopes") == 0 &&
			    strcmp(r->form.fields[f].value, partner_scopes[i]) == 0 &&
			    strstr(out, partner_scopes[i]) == NULL)
				(void)snprintf(out + strlen(out), room - strlen(out), "%s%s",
				    *out == '\0' ? "" : ",", partner_scopes[i]);
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
	for (size_t i = 0; i < PARTNER_SCOPES; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Scope.%zu", i);
		page_set_in(r, prefix, "id", partner_scopes[i]);
		page_set_in(r, prefix, "chosen", strstr(ticked, partner_scopes[i]) != NULL ? "1" : "");
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

	if (db_run(r->w->db, STMT_PARTNER_KEYS, &rows, e, DB_ARGS(P_NUMBER(r->partner))) == -1)
		goto out;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
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
	return partner_prove(r, "", e) == -1 ? -1 : keys_show(r, "order,read", NULL, e);
}

/* Make a key from the form. *key stays empty when the form was sent before. */
static int key_add(struct req *r, const char *ticked, char key[PARTNER_SECRET_ROOM], struct err *e)
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
	if (partner_secret_make(key, PARTNER_KEY_PREFIX, e) == -1)
		return -1;
	(void)EVP_Digest(key, strlen(key), hash, NULL, EVP_sha256(), NULL);
	rc = db_run(r->w->db, STMT_PARTNER_KEY_ADD, &rows, e,
	    DB_ARGS(P_SECRET(&r->actor), P_BYTES(once, sizeof(once)), P_BYTES(hash, sizeof(hash)),
		P_TEXT(label), P_TEXT(ticked), *typed == '\0' ? P_NULL() : P_NUMBER(days),
		P_TEXT(r->actor.address)));
	if (rc == 0 && db_rows_count(rows) == 0)
		rc = err_set(e, FAULT_key_made_already, "key: the form was sent before");
	db_rows_free(rows);
	return rc;
}

int page_partner_keys_post(struct req *r, struct err *e)
{
	char ticked[64], key[PARTNER_SECRET_ROOM] = "";
	struct err fault;
	int rc = -1;

	if (partner_prove(r, "", e) == -1)
		return -1;
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
	int64_t id;

	if (req_id(r, 0, &id, e) == -1 ||
	    db_run(r->w->db, STMT_PARTNER_KEY_END, NULL, e,
		DB_ARGS(P_SECRET(&r->actor), P_NUMBER(id), P_TEXT(r->actor.address))) == -1)
		return -1;
	return req_see_other(r, "/partner/keys");
}
