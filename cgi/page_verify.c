/* page_verify.c - step 2 seen by the mailbox's holder: the page behind the link in the verification mail.
 *
 * Looking changes nothing, whoever looks (mail scanners follow links). The value in the address is a secret
 * that only the mail holds, so a POST here needs no form token: who cannot read the mailbox cannot forge it.
 */
#include <stdio.h>
#include <string.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/mailbox.h"
#include "lib/pki/product.h"

static int verify_status(const char *state)
{
	if (strcmp(state, "unknown") == 0)
		return 404;
	return strcmp(state, "expired") == 0 || strcmp(state, "replaced") == 0 ? 410 : 200;
}

/* Show the page of the value's state; fault, if any, is said above the form. */
static int verify_show(struct req *r, const struct err *fault, struct err *e)
{
	static const char *const facts[] = {
	    "asker", "order", "asked_at", "expires_at", "confirmed_at", "rejected_at"};
	struct db_rows *rows = NULL;
	const struct product *product;
	const char *state = "unknown";
	int rc;

	if (mailbox_value_show(r->w->db, r->params[0], &rows, e) == -1)
		return -1;
	if (db_rows_count(rows) > 0) {
		state = db_text(rows, 0, "state");
		product = product_find(r->w->products, db_text(rows, 0, "product"));
		show_address(r, "Verify", "address", db_text(rows, 0, "address"));
		page_set(r, "Verify.product", product == NULL ? db_text(rows, 0, "product") : product->name);
		for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
			page_set_in(r, "Verify", facts[i], db_text(rows, 0, facts[i]));
	}
	page_set(r, "Verify.state", state);
	/* The address holds the secret value, so the language is changed by a post to the page's own address.
	 */
	page_set(r, "Page.language_here", "1");
	r->status = verify_status(state);
	if (fault != NULL && strcmp(state, "ask") == 0)
		page_add_error(r, fault);
	rc = page_show(r, "verify", e);
	db_rows_free(rows);
	return rc;
}

int page_verify(struct req *r, struct err *e)
{
	return verify_show(r, NULL, e);
}

int page_verify_post(struct req *r, struct err *e)
{
	const bool reject = strcmp(form_text(&r->form, "action"), "reject") == 0;
	char value[128];
	struct err fault;

	if (form_find(&r->form, "language") != NULL) {
		if (!req_form_token_good(r))
			return err_set(e, FAULT_form_token_invalid, "form token on the holder's page");
		return language_take(r, e) == -1 ? -1 : req_see_other(r, "/verify/%s", r->params[0]);
	}
	if (!reject && strcmp(form_text(&r->form, "control"), "yes") != 0) {
		(void)err_set(&fault, FAULT_control_not_ticked, "holder's page without the box");
		return verify_show(r, &fault, e);
	}
	(void)snprintf(value, sizeof(value), "%s", r->params[0]);
	if (mailbox_answer(r->w->db, value, !reject, r->actor.address, r->agent, &fault) == 0)
		return req_see_other(r, "/verify/%s", value);
	if (fault_status(fault.fault) >= 500) {
		*e = fault;
		return -1;
	}
	/* The value's page says calmly what has become of it; that the answer did not count shows in the
	 * status. */
	if (verify_show(r, NULL, e) == -1)
		return -1;
	r->status = fault_status(fault.fault);
	return 0;
}
