/* page_account.c - signing in and out, the account, its language, the dashboard. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/session.h"

#define NOTICES_A_PAGE 20

int page_home(struct req *r, struct err *e)
{
	if (r->actor.kind != ACTOR_SESSION)
		return req_see_other(r, "/sign-in");
	return page_dashboard(r, e);
}

/* A calm message that came along as ?notice=; only words we have. */
static void notice_set(struct req *r)
{
	static const char *const notices[] = {"signed_out", "session_ended", "mail_resent",
	    "language_changed", "saved", "password_changed", "others_signed_out", "one_signed_out",
	    "key_added", "key_removed"};
	const char *wish = form_text(&r->query, "notice");

	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (strcmp(wish, notices[i]) == 0)
			page_set(r, "Page.notice", wish);
}

static int sign_in_show(struct req *r, const char *login, const char *back, struct err *e)
{
	page_set(r, "Form.login", login);
	page_set(r, "Form.back", req_back(back, ""));
	page_set(r, "Page.path", "/sign-in");
	notice_set(r);
	return page_show(r, "sign_in", e);
}

/* To the page that asks for the security key, and from there on to where the person wanted to go. */
static int sign_in_key_first(struct req *r, const char *back)
{
	struct buf query = {.len = 0};

	if (*req_back(back, "") != '\0') {
		buf_puts(&query, "?back=");
		url_encode(&query, back);
	}
	(void)req_see_other(r, "/sign-in/key%s", query.data == NULL ? "" : query.data);
	buf_free(&query);
	return 0;
}

int page_sign_in(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	bool waits = false;

	if (r->actor.kind == ACTOR_SESSION) {
		if (db_run(r->w->db, STMT_PAGE_SESSION, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == -1)
			return -1;
		if (db_rows_count(rows) > 0) {
			const bool initial = db_number(rows, 0, "initial") == 1;

			db_rows_free(rows);
			return req_see_other(r, "%s",
			    initial ? "/account/password"
				    : req_back(form_text(&r->query, "back"), "/dashboard"));
		}
		db_rows_free(rows);
		if (key_session_find(r, &waits, e) == -1)
			return -1;
		if (waits)
			return sign_in_key_first(r, form_text(&r->query, "back"));
		/* The cookie's session has ended; forms of the signed-out page go by the visitor's cookie. */
		req_cookie_session(r, &(struct actor){.kind = ACTOR_NOBODY});
		r->actor.kind = ACTOR_NOBODY;
	}
	return sign_in_show(r, "", form_text(&r->query, "back"), e);
}

int page_sign_in_post(struct req *r, struct err *e)
{
	const char *login = form_text(&r->form, "login"), *back = form_text(&r->form, "back");
	enum session_opens opens;
	struct err refused;

	if (session_sign_in(r->w->db, r->w->conf, &r->actor, login, form_text(&r->form, "password"), r->agent,
		&opens, &refused) == 0) {
		req_cookie_session(r, &r->actor);
		if (opens == SESSION_OPENS_KEY)
			return sign_in_key_first(r, back);
		return req_see_other(r, "%s",
		    opens == SESSION_OPENS_PASSWORD ? "/account/password" : req_back(back, "/dashboard"));
	}
	if (fault_status(refused.fault) >= 500 || r->json) {
		*e = refused;
		return -1;
	}
	page_add_error(r, &refused);
	if (refused.fault == FAULT_sign_in_throttled)
		req_header(r, "Retry-After", "%s", refused.arg);
	return sign_in_show(r, login, back, e);
}

int page_sign_out_post(struct req *r, struct err *e)
{
	if (r->actor.kind == ACTOR_SESSION && session_sign_out(r->w->db, &r->actor, e) == -1)
		return -1;
	req_cookie_session(r, &(struct actor){.kind = ACTOR_NOBODY});
	return req_see_other(r, "/sign-in?notice=signed_out");
}

int language_take(struct req *r, struct err *e)
{
	const char *typed = form_text(&r->form, "language");
	const char *language = page_language_code(r->w->pages, typed);

	if (language == NULL)
		return err_set_arg(e, FAULT_language_unknown, typed, "language %.20s", typed);
	req_header(r, "Set-Cookie",
	    "mailcert_language=%s; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax%s", language,
	    r->w->secure ? "; Secure" : "");
	return r->actor.kind == ACTOR_SESSION ? session_language(r->w->db, &r->actor, language, e) : 0;
}

int page_language_post(struct req *r, struct err *e)
{
	if (language_take(r, e) == -1)
		return -1;
	return req_see_other(r, "%s", req_back(form_text(&r->form, "back"), "/"));
}

/* Session.N: where else this person is signed in. */
static int sessions_set(struct req *r, struct err *e)
{
	static const char *const parts[] = {"mark", "browser", "created_at", "seen_at"};
	struct db_rows *rows = NULL;
	char prefix[32];

	if (db_run(r->w->db, STMT_SESSION_LIST, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Session.%zu", i);
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
		page_set_in(r, prefix, "mine", db_number(rows, i, "mine") == 1 ? "1" : "");
	}
	db_rows_free(rows);
	return 0;
}

int page_account(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(r->w->db, STMT_PAGE_ACCOUNT, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == 0 &&
	    me_read(r, rows, e) == 0 && sessions_set(r, e) == 0 && account_keys_set(r, e) == 0) {
		page_set(r, "Account.since", db_text(rows, 0, "since"));
		page_set(r, "Account.email", db_text(rows, 0, "email"));
		page_set(r, "Page.path", "/account");
		notice_set(r);
		rc = page_show(r, "account", e);
	}
	db_rows_free(rows);
	return rc;
}

/* --- dashboard --- */

/* Put one task ("E-mail verification"): how many orders wait, and where to begin. */
static void task_set(struct req *r, const char *task, long count, const char *order, const char *page)
{
	char prefix[32], name[48];

	if (count == 0)
		return;
	(void)snprintf(prefix, sizeof(prefix), "Task.%s", task);
	(void)snprintf(name, sizeof(name), "%s.count", prefix);
	page_setf(r, name, "%ld", count);
	(void)snprintf(name, sizeof(name), "%s.href", prefix);
	if (count == 1)
		page_setf(r, name, "/certificates/%s%s", order, page);
	else
		page_setf(r, name, "/certificates?status=%s_waiting_for_data", task);
}

/* The dashboard's tabs, in the manual's order. */
enum tab { TAB_INFORMATION, TAB_PROBLEMS, TAB_EXPIRATION, TAB_NEW, TABS };
static const char *const tabs[TABS] = {"information", "problems", "expiration", "new"};

/* The tab of that name; what is none is the first. */
static enum tab tab_find(const char *name)
{
	for (enum tab i = TAB_INFORMATION; i < TABS; i++)
		if (strcmp(tabs[i], name) == 0)
			return i;
	return TAB_INFORMATION;
}

/* Tab.ID.count: how many notifications each tab has; and the tasks. */
static int counts_set(struct req *r, int64_t account, struct err *e)
{
	struct db_rows *rows = NULL;
	long counts[TABS] = {0}, mailbox = 0, activation = 0;
	const char *mailbox_order = NULL, *activation_order = NULL;
	char name[64];

	if (db_run(r->w->db, STMT_PAGE_COUNTS, &rows, e,
		DB_ARGS(P_NUMBER(account), P_NUMBER(account), P_NUMBER(account), P_NUMBER(account))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		counts[tab_find(db_text(rows, i, "tab"))] += db_number(rows, i, "count");
		mailbox += db_number(rows, i, "mailbox_waiting");
		activation += db_number(rows, i, "activation_waiting");
		if (mailbox_order == NULL)
			mailbox_order = db_text(rows, i, "mailbox_order");
		if (activation_order == NULL)
			activation_order = db_text(rows, i, "activation_order");
	}
	for (size_t i = 0; i < TABS; i++) {
		(void)snprintf(name, sizeof(name), "Tab.%s.count", tabs[i]);
		if (counts[i] > 0)
			page_setf(r, name, "%ld", counts[i]);
	}
	task_set(r, "mailbox", mailbox, mailbox_order, "/email");
	task_set(r, "activation", activation, activation_order, "/activation/data");
	db_rows_free(rows);
	return 0;
}

/* Where a page of notifications begins: those before this time, and before this order at the same time. */
struct notice_key {
	char at[32];
	int64_t order_id;
};

/* From ?page=20261122140355.000000-57; whatever is none begins with the newest. */
static void notice_key_read(struct notice_key *k, const char *typed)
{
	static const char form[] = "dddddddddddddd.dddddd-d";
	size_t i = 0;

	while (
	    form[i] != '\0' && (form[i] == 'd' ? isdigit((unsigned char)typed[i]) != 0 : typed[i] == form[i]))
		i++;
	(void)snprintf(k->at, sizeof(k->at), "%.*s", (int)strlen("20261122140355.000000"),
	    form[i] == '\0' ? typed : "99991231235959.000000");
	k->order_id = form[i] == '\0' ? strtoll(typed + i - 1, NULL, 10) : 0;
}

/* List.N: the notifications of a tab. */
static void notices_set(struct req *r, const struct db_rows *rows, const char *tab)
{
	struct order o;
	char prefix[32];

	if (*form_text(&r->query, "page") != '\0')
		page_setf(r, "Paging.prev", "/dashboard?tab=%s", tab);
	for (size_t i = 0; i < db_rows_count(rows) && order_from_row(&o, rows, i); i++) {
		const char *code = db_text(rows, i, "code");
		enum fault fault = fault_by_code(code);

		if (i == NOTICES_A_PAGE) {
			page_setf(r, "Paging.next", "/dashboard?tab=%s&page=%s-%s", tab,
			    db_text(rows, i - 1, "notice_at"), db_text(rows, i - 1, "notice_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "List.%zu", i);
		if (strcmp(tab, "problems") == 0) {
			if (fault == FAULT_none && o.activation_reason != NULL)
				fault = fault_by_code(o.activation_reason);
			if (fault != FAULT_none)
				page_set_fault(r, prefix, fault, o.activation_reason_arg);
		}
		show_order(r, prefix, &o);
		page_set_in(r, prefix, "code", code);
		page_set_in(r, prefix, "at", db_text(rows, i, "at"));
		page_set_in(r, prefix, "reply", db_text(rows, i, "reply"));
	}
}

/* Read the notifications of a tab, from those that its page begins before: one more than it shows. */
static int notices_read(struct req *r, int64_t account, enum tab tab, const struct notice_key *before,
    struct db_rows **rows, struct err *e)
{
	const struct db_arg who = P_NUMBER(account), which = P_TEXT(tabs[tab]), at = P_TEXT(before->at),
			    order = P_NUMBER(before->order_id), many = P_NUMBER(NOTICES_A_PAGE + 1);

	if (tab == TAB_NEW || tab == TAB_EXPIRATION)
		return db_run(r->w->db, STMT_PAGE_NOTICES_ISSUED, rows, e,
		    DB_ARGS(who, which, which, at, at, order, many, many));
	return db_run(r->w->db, STMT_PAGE_NOTICES, rows, e,
	    DB_ARGS(who, which, at, at, order, many, who, which, at, at, order, many, many));
}

int page_dashboard(struct req *r, struct err *e)
{
	const enum tab tab = tab_find(form_text(&r->query, "tab"));
	struct db_rows *me = NULL, *rows = NULL;
	struct notice_key before;
	int64_t account;
	int rc = -1;

	if (db_run(r->w->db, STMT_PAGE_ME, &me, e, DB_ARGS(P_SECRET(&r->actor))) == -1 ||
	    me_read(r, me, e) == -1)
		goto out;
	if (strcmp(r->me.kind, "partner") == 0) {
		rc = req_see_other(r, "/partner/dashboard");
		goto out;
	}
	account = db_number(me, 0, "me_id");
	notice_key_read(&before, form_text(&r->query, "page"));
	if (notices_read(r, account, tab, &before, &rows, e) == 0 && counts_set(r, account, e) == 0) {
		page_set(r, "Page.tab", tabs[tab]);
		page_setf(r, "Page.path", "/dashboard?tab=%s", tabs[tab]);
		notice_set(r);
		notices_set(r, rows, tabs[tab]);
		rc = page_show(r, "dashboard", e);
	}
out:
	db_rows_free(rows);
	db_rows_free(me);
	return rc;
}
