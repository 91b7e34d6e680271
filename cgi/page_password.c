/* page_password.c - a person's own password, and where else they are signed in: the forms of the account's
 * page. And the only page that opens as long as their password is one that an admin set. */
#include <string.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/session.h"

/* Who is signed in, also with a password that an admin set (*initial). */
static int person_read(struct req *r, bool *initial, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(r->w->db, STMT_PAGE_SESSION, &rows, e, DB_ARGS(P_SECRET(&r->actor)));

	if (rc == 0)
		rc = me_read(r, rows, e);
	if (rc == 0)
		*initial = db_number(rows, 0, "initial") == 1;
	db_rows_free(rows);
	return rc;
}

/* Nothing else is open yet, so the page has no menu. */
static int initial_show(struct req *r, struct err *e)
{
	r->me.known = false;
	page_set(r, "Account.login", r->me.login);
	page_set(r, "Page.path", "/account/password");
	return page_show(r, "password_initial", e);
}

int page_password(struct req *r, struct err *e)
{
	bool initial = false;

	if (person_read(r, &initial, e) == -1)
		return -1;
	return initial ? initial_show(r, e) : req_see_other(r, "/account");
}

int page_password_post(struct req *r, struct err *e)
{
	struct password_change c = {.password = form_text(&r->form, "password"),
	    .wish = form_text(&r->form, "new_password"),
	    .others = strcmp(form_text(&r->form, "others"), "yes") == 0,
	    .login = r->me.login};
	bool initial = false;
	struct err fault;

	if (person_read(r, &initial, e) == -1)
		return -1;
	if (session_password(r->w->db, r->w->conf, &r->actor, &c, &fault) == 0)
		return req_see_other(r, "/account?notice=password_changed");
	if (r->json || fault_status(fault.fault) != 422) {
		*e = fault;
		return -1;
	}
	page_add_error(r, &fault);
	return initial ? initial_show(r, e) : page_account(r, e);
}

int page_sign_out_others_post(struct req *r, struct err *e)
{
	if (session_end_others(r->w->db, &r->actor, e) == -1)
		return -1;
	return req_see_other(r, "/account?notice=others_signed_out");
}

int page_session_end_post(struct req *r, struct err *e)
{
	if (session_end(r->w->db, &r->actor, r->params[0], e) == -1)
		return -1;
	return req_see_other(r, "/account?notice=one_signed_out");
}
