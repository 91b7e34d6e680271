/* page_mailbox.c - step 2, mailbox: wizard 1 (e-mail data, summary, done) and the resending. */
#include <stdio.h>
#include <string.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/flow/mail_host.h"
#include "lib/flow/mailbox.h"
#include "lib/pki/address.h"

/* Go to the page of the wizard where this order stands. */
static int mailbox_go_on(struct req *r, const struct order_page *p)
{
	const char *page = "";

	if (p->order.mailbox == STEP_WAITING_FOR_VERIFICATION || p->order.mailbox == STEP_VERIFIED)
		page = "/email/done";
	else if (p->order.mailbox == STEP_WAITING_FOR_DATA)
		page = p->order.email_draft == NULL ? "/email" : "/email/summary";
	return req_see_other(r, "/certificates/%s/%s%s", r->params[0], r->params[1], page);
}

/* May an address be given (or changed) now? */
static bool mailbox_open(const struct order_page *p)
{
	return !p->order.cancelled && (p->order.mailbox == STEP_WAITING_FOR_DATA ||
					  p->order.mailbox == STEP_WAITING_FOR_VERIFICATION);
}

static int mailbox_data_show(struct req *r, const struct order_page *p, const char *typed, struct err *e)
{
	show_order_page(r, p);
	page_setf(r, "Page.path", "/certificates/%s/%s/email", r->params[0], r->params[1]);
	page_set(r, "Form.email",
	    typed != NULL                  ? typed
	    : p->order.email_draft != NULL ? p->order.email_draft
					   : p->order.email);
	page_set(r, "Page.change", p->order.mailbox == STEP_WAITING_FOR_VERIFICATION ? "1" : "");
	return page_show(r, "mailbox_data", e);
}

int page_mailbox_data(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (order_page_load(r, &p, e) == 0)
		rc = mailbox_open(&p) ? mailbox_data_show(r, &p, NULL, e) : mailbox_go_on(r, &p);
	order_page_free(&p);
	return rc;
}

/* The form again, with the fault on top and what was typed. */
static int mailbox_data_again(struct req *r, const char *typed, const struct err *fault, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (fault_status(fault->fault) >= 500 || r->json) {
		*e = *fault;
		return -1;
	}
	if (order_page_load(r, &p, e) == 0) {
		if (mailbox_open(&p)) {
			page_add_error(r, fault);
			rc = mailbox_data_show(r, &p, typed, e);
		} else {
			rc = mailbox_go_on(r, &p);
		}
	}
	order_page_free(&p);
	return rc;
}

int page_mailbox_data_post(struct req *r, struct err *e)
{
	const char *typed = form_text(&r->form, "email");
	char email[ADDRESS_MAX + 1];
	struct order_number on;
	struct err fault;

	if (req_order_number(r, &on, e) == -1)
		return -1;
	if (address_read(email, typed, &fault) == -1)
		return mailbox_data_again(r, typed, &fault, e);
	if (mailbox_draft(r->w->db, &r->actor, &on, email, &fault) == 0)
		return req_see_other(r, "/certificates/%s/%s/email/summary", on.number, on.item);
	if (fault.fault == FAULT_step_not_open)
		return mailbox_data_again(r, typed, &fault, e);
	*e = fault;
	return -1;
}

static int mailbox_summary_show(struct req *r, const struct order_page *p, struct err *e)
{
	const char *hint = address_domain_hint(p->order.email_draft);

	show_order_page(r, p);
	page_setf(r, "Page.path", "/certificates/%s/%s/email/summary", p->order.on.number, p->order.on.item);
	if (hint != NULL)
		page_setf(r, "Page.suggestion", "%.*s@%s",
		    (int)(address_domain(p->order.email_draft) - p->order.email_draft) - 1,
		    p->order.email_draft, hint);
	if (mail_host_look(r->w->conf, address_domain(p->order.email_draft)) == MAIL_HOST_NONE)
		page_set(r, "Page.no_mail_server", "1");
	return page_show(r, "mailbox_summary", e);
}

int page_mailbox_summary(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (order_page_load(r, &p, e) == 0)
		rc = mailbox_open(&p) && p.order.email_draft != NULL ? mailbox_summary_show(r, &p, e)
								     : mailbox_go_on(r, &p);
	order_page_free(&p);
	return rc;
}

int page_mailbox_summary_post(struct req *r, struct err *e)
{
	const char *shown = form_text(&r->form, "email");
	char email[ADDRESS_MAX + 1];
	struct order_page p;
	struct err fault;
	int rc = -1;

	if (order_page_load(r, &p, e) == -1)
		goto out;
	/* A program may post the summary without repeating the address; then what is saved counts. */
	if (*shown == '\0')
		shown = p.order.email_draft != NULL ? p.order.email_draft : p.order.email;
	if (shown == NULL)
		(void)err_set(&fault, FAULT_email_draft_missing, "summary without an address");
	else if (address_read(email, shown, &fault) == -1)
		(void)err_set(&fault, FAULT_summary_changed, "summary: what was shown is no address");
	else if (mailbox_confirm(r->w->db, &r->actor, &p.order.on, email, &fault) == 0) {
		rc = req_see_other(r, "/certificates/%s/%s/email/done", p.order.on.number, p.order.on.item);
		goto out;
	}
	if ((fault_status(fault.fault) == 409 || fault.fault == FAULT_resend_too_often) && !r->json) {
		if (fault.fault != FAULT_email_draft_missing && fault.fault != FAULT_step_not_open &&
		    p.order.email_draft != NULL) {
			page_add_error(r, &fault);
			rc = mailbox_summary_show(r, &p, e);
		} else {
			rc = mailbox_go_on(r, &p);
		}
		goto out;
	}
	*e = fault;
out:
	order_page_free(&p);
	return rc;
}

static int mailbox_done_show(struct req *r, const struct order_page *p, struct err *e)
{
	show_order_page(r, p);
	page_setf(r, "Page.path", "/certificates/%s/%s/email/done", r->params[0], r->params[1]);
	if (strcmp(form_text(&r->query, "notice"), "mail_resent") == 0)
		page_set(r, "Page.notice", "mail_resent");
	return page_show(r, "mailbox_done", e);
}

int page_mailbox_done(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (order_page_load(r, &p, e) == 0)
		rc = p.order.mailbox == STEP_WAITING_FOR_VERIFICATION || p.order.mailbox == STEP_VERIFIED
			 ? mailbox_done_show(r, &p, e)
			 : mailbox_go_on(r, &p);
	order_page_free(&p);
	return rc;
}

int page_mailbox_resend_post(struct req *r, struct err *e)
{
	struct order_number on;
	struct order_page p;
	struct err fault;
	int rc = -1;

	if (req_order_number(r, &on, e) == -1)
		return -1;
	if (mailbox_resend(r->w->db, &r->actor, &on, &fault) == 0)
		return req_see_other(
		    r, "/certificates/%s/%s/email/done?notice=mail_resent", on.number, on.item);
	if ((fault_status(fault.fault) != 429 && fault.fault != FAULT_step_not_open) || r->json) {
		*e = fault;
		return -1;
	}
	if (order_page_load(r, &p, e) == 0) {
		if (p.order.mailbox == STEP_WAITING_FOR_VERIFICATION) {
			page_add_error(r, &fault);
			rc = mailbox_done_show(r, &p, e);
		} else {
			rc = mailbox_go_on(r, &p);
		}
	}
	order_page_free(&p);
	return rc;
}
