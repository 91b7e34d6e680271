/* page_partner_callbacks.c - the panel's callback addresses, the log of callbacks, one callback with its
 * attempts. A secret is shown once, in the answer to the post that made it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"

#define LOG_A_PAGE 30

static void address_set(struct req *r, const char *prefix, const struct db_rows *rows, size_t i)
{
	static const char *const parts[] = {"url", "created_at", "waiting", "given_up"};

	page_set_in(r, prefix, "id", db_text(rows, i, "address_id"));
	for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
		page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
}

static int addresses_set(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	int64_t given_up = 0;
	char prefix[24];

	if (db_run(r->w->db, STMT_PARTNER_ADDRESSES, &rows, e, DB_ARGS(P_NUMBER(r->partner))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Address.%zu", i);
		address_set(r, prefix, rows, i);
		given_up += db_number(rows, i, "given_up");
	}
	page_setf(r, "Page.given_up", "%" PRId64, given_up);
	db_rows_free(rows);
	return 0;
}

/* What the log is narrowed to; empty: nothing. */
struct filter {
	char state[16], order[16];
};

static void filter_read(const struct req *r, struct filter *f)
{
	req_filter(r, "state", f->state, sizeof(f->state));
	req_filter(r, "order", f->order, sizeof(f->order));
}

/* Callbacks of the filter with ids smaller than before, newest first. */
static int callbacks_find(
    struct req *r, const struct filter *f, int64_t before, struct db_rows **rows, struct err *e)
{
	const enum stmt s = *f->order != '\0'   ? STMT_PARTNER_CALLBACKS_OF_ORDER
			    : *f->state != '\0' ? STMT_PARTNER_CALLBACKS_IN_STATE
						: STMT_PARTNER_CALLBACKS;
	char number[16];
	size_t len = strcspn(f->order, "/");

	(void)snprintf(number, sizeof(number), "%.*s", (int)len, f->order);
	return db_run(r->w->db, s, rows, e,
	    DB_ARGS(P_NUMBER(r->partner), P_NUMBER(before), P_TEXT(f->state), P_TEXT(f->state),
		P_TEXT(number), P_TEXT(number), P_TEXT(f->order + len + (f->order[len] == '/')),
		P_NUMBER(LOG_A_PAGE + 1)));
}

static void callback_set(struct req *r, const char *prefix, const struct db_rows *rows, size_t i)
{
	static const char *const parts[] = {"callback_id", "status", "callback_state", "attempts", "at",
	    "next_at", "url", "order_number", "http_status", "says", "tried_at", "milliseconds"};

	for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
		page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
	page_set_in(r, prefix, "may_replay", db_number(rows, i, "removed") == 0 ? "1" : "");
}

/* Callback.N: the newest callbacks, each with its last attempt. */
static int log_set(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	struct filter f;
	char prefix[24], base[96];

	filter_read(r, &f);
	(void)snprintf(base, sizeof(base), "/partner/callbacks?state=%s&order=%s", f.state, f.order);
	if (callbacks_find(r, &f, page_before(r), &rows, e) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		if (i == LOG_A_PAGE) {
			page_setf(r, "Paging.next", "%s&page=%s", base, db_text(rows, i - 1, "callback_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "Callback.%zu", i);
		callback_set(r, prefix, rows, i);
	}
	if (page_before(r) != INT64_MAX)
		page_set(r, "Paging.prev", base);
	page_set(r, "Form.state", f.state);
	page_set(r, "Form.order", f.order);
	page_set(r, "Page.path", base);
	db_rows_free(rows);
	return 0;
}

/* The page; `secret` is that of an address just registered, or NULL. */
static int callbacks_show(struct req *r, const char *secret, struct err *e)
{
	if (addresses_set(r, e) == -1 || log_set(r, e) == -1)
		return -1;
	partner_notice_set(r);
	page_set(r, "Form.url", form_text(&r->form, "url"));
	page_set(r, "Page.secret", secret);
	return page_show(r, "partner_callbacks", e);
}

int page_partner_callbacks(struct req *r, struct err *e)
{
	return partner_prove(r, "", e) == -1 ? -1 : callbacks_show(r, NULL, e);
}

/* --- addresses --- */

static int address_add(struct req *r, char secret[PARTNER_SECRET_ROOM], struct err *e)
{
	const char *url = form_text(&r->form, "url");
	struct db_rows *rows = NULL;
	int rc;

	if (!callback_url_good(url))
		return err_set(e, FAULT_callback_url_invalid, "callback address of another form");
	if (partner_secret_make(secret, PARTNER_CALLBACK_PREFIX, e) == -1)
		return -1;
	rc = db_run(r->w->db, STMT_CALLBACK_ADDRESS_ADD, &rows, e,
	    DB_ARGS(P_SECRET(&r->actor), P_TEXT(url), P_TEXT(secret), P_TEXT(r->actor.address)));
	if (rc == 0 && db_rows_count(rows) == 0)
		rc = err_set(e, FAULT_callback_registered, "callback address is registered already");
	db_rows_free(rows);
	return rc;
}

int page_partner_callbacks_post(struct req *r, struct err *e)
{
	char secret[PARTNER_SECRET_ROOM] = "";
	struct err fault;
	int rc = -1;

	if (partner_prove(r, "", e) == -1)
		return -1;
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

/* The page of the address in the request's path; url: as typed, or NULL; secret: the one just made, or NULL.
 */
static int address_show(struct req *r, const char *url, const char *secret, struct err *e)
{
	struct db_rows *rows = NULL;
	int64_t id;
	size_t i = 0;
	int rc = -1;

	if (req_id(r, 0, &id, e) == -1 ||
	    db_run(r->w->db, STMT_PARTNER_ADDRESSES, &rows, e, DB_ARGS(P_NUMBER(r->partner))) == -1)
		goto out;
	while (i < db_rows_count(rows) && db_number(rows, i, "address_id") != id)
		i++;
	if (i == db_rows_count(rows)) {
		(void)err_set(e, FAULT_not_found, "no callback address %" PRId64 " of this partner", id);
		goto out;
	}
	address_set(r, "Address", rows, i);
	page_set(r, "Form.url", url == NULL ? db_text(rows, i, "url") : url);
	page_set(r, "Page.secret", secret);
	page_setf(r, "Page.path", "/partner/callbacks/addresses/%" PRId64, id);
	rc = page_show(r, "partner_address", e);
out:
	db_rows_free(rows);
	return rc;
}

int page_partner_address(struct req *r, struct err *e)
{
	return partner_prove(r, "", e) == -1 ? -1 : address_show(r, NULL, NULL, e);
}

/* Another url or another secret for the address in the request's path; NULL leaves it. */
static int address_change(struct req *r, const char *url, const char *secret, struct err *e)
{
	int64_t id;

	if (req_id(r, 0, &id, e) == -1)
		return -1;
	return db_run(r->w->db, STMT_CALLBACK_ADDRESS_CHANGE, NULL, e,
	    DB_ARGS(
		P_SECRET(&r->actor), P_NUMBER(id), P_TEXT(url), P_TEXT(secret), P_TEXT(r->actor.address)));
}

int page_partner_address_post(struct req *r, struct err *e)
{
	const char *url = form_text(&r->form, "url");
	struct err fault;

	if (partner_prove(r, "", e) == -1)
		return -1;
	if (!callback_url_good(url))
		(void)err_set(&fault, FAULT_callback_url_invalid, "callback address of another form");
	else if (address_change(r, url, NULL, &fault) == 0)
		return req_see_other(r, "/partner/callbacks?notice=saved");
	if (fault_status(fault.fault) != 422 && fault.fault != FAULT_callback_registered) {
		*e = fault;
		return -1;
	}
	page_add_error(r, &fault);
	return address_show(r, url, NULL, e);
}

int page_partner_address_secret_post(struct req *r, struct err *e)
{
	char secret[PARTNER_SECRET_ROOM] = "";
	int rc = -1;

	if (partner_prove(r, "", e) == 0 && partner_secret_make(secret, PARTNER_CALLBACK_PREFIX, e) == 0 &&
	    address_change(r, NULL, secret, e) == 0)
		rc = address_show(r, NULL, secret, e);
	OPENSSL_cleanse(secret, sizeof(secret));
	return rc;
}

int page_partner_address_remove_post(struct req *r, struct err *e)
{
	int64_t id;

	if (req_id(r, 0, &id, e) == -1 ||
	    db_run(r->w->db, STMT_CALLBACK_ADDRESS_REMOVE, NULL, e,
		DB_ARGS(P_SECRET(&r->actor), P_NUMBER(id), P_TEXT(r->actor.address))) == -1)
		return -1;
	return req_see_other(r, "/partner/callbacks?notice=saved");
}

/* --- callbacks --- */

/* One callback with every attempt. */
int page_partner_callback(struct req *r, struct err *e)
{
	static const char *const parts[] = {"at", "http_status", "says", "milliseconds"};
	const struct filter any = {"", ""};
	struct db_rows *rows = NULL, *attempts = NULL;
	char prefix[24];
	int64_t id;
	int rc = -1;

	if (partner_prove(r, "", e) == -1 || req_id(r, 0, &id, e) == -1 ||
	    callbacks_find(r, &any, id + 1, &rows, e) == -1)
		goto out;
	if (db_rows_count(rows) == 0 || db_number(rows, 0, "callback_id") != id) {
		(void)err_set(e, FAULT_not_found, "no callback %" PRId64 " of this partner", id);
		goto out;
	}
	if (db_run(r->w->db, STMT_PARTNER_CALLBACK_ATTEMPTS, &attempts, e,
		DB_ARGS(P_NUMBER(r->partner), P_NUMBER(id))) == -1)
		goto out;
	callback_set(r, "Callback", rows, 0);
	for (size_t i = 0; i < db_rows_count(attempts); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Attempt.%zu", i);
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(attempts, i, parts[c]));
	}
	partner_notice_set(r);
	page_setf(r, "Page.path", "/partner/callbacks/%" PRId64, id);
	rc = page_show(r, "partner_callback", e);
out:
	db_rows_free(rows);
	db_rows_free(attempts);
	return rc;
}

int page_partner_callback_replay_post(struct req *r, struct err *e)
{
	int64_t id;

	if (req_id(r, 0, &id, e) == -1 ||
	    db_run(r->w->db, STMT_CALLBACK_REPLAY, NULL, e,
		DB_ARGS(P_SECRET(&r->actor), P_NUMBER(id), P_TEXT(r->actor.address))) == -1)
		return -1;
	return req_see_other(r, "/partner/callbacks/%" PRId64 "?notice=callback_replayed", id);
}

/* All that were given up. */
int page_partner_callbacks_replay_post(struct req *r, struct err *e)
{
	if (db_run(r->w->db, STMT_CALLBACK_REPLAY, NULL, e,
		DB_ARGS(P_SECRET(&r->actor), P_NULL(), P_TEXT(r->actor.address))) == -1)
		return -1;
	return req_see_other(r, "/partner/callbacks?notice=callback_replayed");
}
