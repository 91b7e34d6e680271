/* page_account_key.c - security keys: adding and removing them on the account's pages, and the page that asks
 * for one at sign-in, the only one that opens until then. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/account_key.h"

/* Page.keys_open: browsers give security keys to the service's address. */
static void keys_open_set(struct req *r)
{
	struct webauthn_site site;

	page_set(
	    r, "Page.keys_open", webauthn_site(&site, conf_text(r->w->conf, SET_WEB_BASE_URL)) ? "1" : "");
}

int account_keys_set(struct req *r, struct err *e)
{
	static const char *const parts[] = {"name", "created_at", "last_used_at"};
	struct db_rows *rows = NULL;
	char prefix[32];

	if (db_run(r->w->db, STMT_ACCOUNT_KEY_LIST, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Key.%zu", i);
		page_set_in(r, prefix, "id", db_text(rows, i, "key_id"));
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
	}
	db_rows_free(rows);
	keys_open_set(r);
	return 0;
}

static int me_prove(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(r->w->db, STMT_PAGE_ME, &rows, e, DB_ARGS(P_SECRET(&r->actor)));

	if (rc == 0)
		rc = me_read(r, rows, e);
	db_rows_free(rows);
	return rc;
}

/* What a browser sent of its key. */
static struct webauthn_answer answer_of(const struct req *r)
{
	return (struct webauthn_answer){.client_data = form_text(&r->form, "client_data"),
	    .authenticator_data = form_text(&r->form, "authenticator_data"),
	    .signature = form_text(&r->form, "signature")};
}

/* A fault of a form goes on its page again, any other is the dispatcher's. */
static bool shown_again(struct req *r, const struct err *fault, struct err *e)
{
	if (r->json || fault_status(fault->fault) != 422) {
		*e = *fault;
		return false;
	}
	page_add_error(r, fault);
	return true;
}

/* --- adding --- */

static int new_show(struct req *r, struct err *e)
{
	keys_open_set(r);
	page_set(r, "Form.key_name", form_text(&r->form, "key_name"));
	page_set(r, "Page.path", "/account/keys/new");
	return page_show(r, "account_key_new", e);
}

int page_account_key_new(struct req *r, struct err *e)
{
	return me_prove(r, e) == -1 ? -1 : new_show(r, e);
}

/* Name and password were good: the page on which the key is used, while the challenge lasts. */
static int make_show(struct req *r, const struct account_key_question *q, struct err *e)
{
	char algorithms[64] = "";

	for (size_t i = 0; webauthn_algorithms[i] != 0; i++)
		(void)snprintf(algorithms + strlen(algorithms), sizeof(algorithms) - strlen(algorithms),
		    "%s%d", i == 0 ? "" : " ", webauthn_algorithms[i]);
	page_set(r, "Form.key_name", form_text(&r->form, "key_name"));
	page_set(r, "Question.challenge", q->challenge);
	page_set(r, "Question.site", q->site.id);
	page_set(r, "Question.handle", q->handle);
	page_set(r, "Question.known", q->known.data);
	page_set(r, "Question.algorithms", algorithms);
	return page_show(r, "account_key_make", e);
}

int page_account_key_new_post(struct req *r, struct err *e)
{
	const char *name = form_text(&r->form, "key_name");
	struct account_key_question q = {.known = {.len = 0}};
	struct err fault;
	int rc;

	if (me_prove(r, e) == -1)
		return -1;
	if (!account_key_name_good(name))
		rc = err_set(&fault, FAULT_account_key_name_missing, "security key: no name");
	else
		rc = account_key_begin(r->w->db, r->w->conf, &r->actor, r->me.login,
		    form_text(&r->form, "password"), &q, &fault);
	if (rc == 0)
		rc = make_show(r, &q, e);
	else if (shown_again(r, &fault, e))
		rc = new_show(r, e);
	account_key_question_free(&q);
	return rc;
}

int page_account_keys_post(struct req *r, struct err *e)
{
	const struct webauthn_answer answer = answer_of(r);
	struct err fault;

	if (me_prove(r, e) == -1)
		return -1;
	if (account_key_add(
		r->w->db, r->w->conf, &r->actor, form_text(&r->form, "key_name"), &answer, &fault) == 0)
		return req_see_other(r, "/account?notice=key_added");
	return shown_again(r, &fault, e) ? new_show(r, e) : -1;
}

/* --- removing --- */

/* The page that asks for the password; not_found for a key that is not this person's. */
static int remove_show(struct req *r, int64_t id, struct err *e)
{
	struct db_rows *rows = NULL;
	bool found = false;

	if (db_run(r->w->db, STMT_ACCOUNT_KEY_LIST, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows) && !found; i++) {
		found = db_number(rows, i, "key_id") == id;
		if (found)
			page_set(r, "Key.name", db_text(rows, i, "name"));
	}
	page_set(r, "Key.last", db_rows_count(rows) == 1 ? "1" : "");
	db_rows_free(rows);
	if (!found)
		return err_set(e, FAULT_not_found, "no security key %" PRId64, id);
	page_setf(r, "Key.id", "%" PRId64, id);
	page_setf(r, "Page.path", "/account/keys/%" PRId64 "/remove", id);
	return page_show(r, "account_key_remove", e);
}

int page_account_key_remove(struct req *r, struct err *e)
{
	int64_t id;

	return me_prove(r, e) == -1 || req_id(r, 0, &id, e) == -1 ? -1 : remove_show(r, id, e);
}

int page_account_key_remove_post(struct req *r, struct err *e)
{
	struct err fault;
	int64_t id;

	if (me_prove(r, e) == -1 || req_id(r, 0, &id, e) == -1)
		return -1;
	if (account_key_remove(r->w->db, r->w->conf, &r->actor, r->me.login, form_text(&r->form, "password"),
		id, &fault) == 0)
		return req_see_other(r, "/account?notice=key_removed");
	return shown_again(r, &fault, e) ? remove_show(r, id, e) : -1;
}

/* --- signing in --- */

int key_session_find(struct req *r, bool *there, struct err *e)
{
	struct db_rows *rows = NULL;
	const int rc = db_run(r->w->db, STMT_PAGE_KEY_SESSION, &rows, e, DB_ARGS(P_SECRET(&r->actor)));

	*there = rc == 0 && db_rows_count(rows) > 0;
	db_rows_free(rows);
	return rc;
}

/* Who gave the password and is to use their key; sign_in_required when nobody is. */
static int waiting_read(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(r->w->db, STMT_PAGE_KEY_SESSION, &rows, e, DB_ARGS(P_SECRET(&r->actor)));

	if (rc == 0)
		rc = me_read(r, rows, e);
	r->me.known = false; /* nothing else is open yet, so the page has no menu */
	db_rows_free(rows);
	return rc;
}

static int sign_in_key_show(struct req *r, const char *back, struct err *e)
{
	page_set(r, "Account.login", r->me.login);
	page_set(r, "Form.back", req_back(back, ""));
	page_set(r, "Page.path", "/sign-in/key");
	return page_show(r, "sign_in_key", e);
}

int page_sign_in_key(struct req *r, struct err *e)
{
	if (waiting_read(r, e) == 0)
		return sign_in_key_show(r, form_text(&r->query, "back"), e);
	/* Somebody who is signed in already, or nobody: /sign-in knows where they go. */
	return e->fault == FAULT_sign_in_required && !r->json ? req_see_other(r, "/sign-in?back=/") : -1;
}

int page_sign_in_key_ask_post(struct req *r, struct err *e)
{
	struct account_key_question q = {.known = {.len = 0}};
	int rc;

	if (waiting_read(r, e) == -1)
		return -1;
	rc = account_key_ask(r->w->db, r->w->conf, &r->actor, &q, e);
	if (rc == 0)
		rc = req_json(r,
		    json_pack("{s:s, s:s, s:s}", "challenge", q.challenge, "site", q.site.id, "known",
			q.known.data == NULL ? "" : q.known.data),
		    e);
	account_key_question_free(&q);
	return rc;
}

int page_sign_in_key_post(struct req *r, struct err *e)
{
	const char *back = form_text(&r->form, "back");
	const struct webauthn_answer answer = answer_of(r);
	enum session_opens opens;
	struct err fault;

	if (waiting_read(r, e) == -1)
		return -1;
	if (account_key_sign_in(r->w->db, r->w->conf, &r->actor, form_text(&r->form, "credential"), &answer,
		&opens, &fault) == 0) {
		req_cookie_session(r, &r->actor);
		return req_see_other(r, "%s",
		    opens == SESSION_OPENS_PASSWORD ? "/account/password" : req_back(back, "/dashboard"));
	}
	return shown_again(r, &fault, e) ? sign_in_key_show(r, back, e) : -1;
}
