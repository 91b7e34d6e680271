/* page_partner.c - form posts of partners' programs: one step of an order a post, answered in JSON or as
 * pages. The panel posts to the same addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/activation.h"
#include "lib/flow/mailbox.h"
#include "lib/flow/partner.h"
#include "lib/flow/revocation.h"
#include "lib/ipc/signer_client.h"
#include "lib/pki/address.h"
#include "lib/pki/csr.h"
#include "lib/pki/product.h"

/* --- an order in JSON --- */

/* Set a text; one that is absent is left out. */
static void json_text_set(json_t *to, const char *name, const char *text)
{
	if (text != NULL && *text != '\0')
		(void)json_object_set_new(to, name, json_string(text));
}

/* Why a step went back or waits, in the form of errors. */
static void reason_set(struct req *r, json_t *step, const char *code, const char *arg)
{
	json_t *reason;

	if (code == NULL)
		return;
	page_set_fault(r, "Reason", fault_by_code(code), arg);
	reason = json_object();
	json_text_set(reason, "code", code);
	json_text_set(reason, "message", page_value(r, "Reason.says"));
	json_text_set(reason, "help", page_value(r, "Reason.help"));
	(void)json_object_set_new(step, "reason", reason);
}

static json_t *mailbox_json(struct req *r, const struct order_page *p)
{
	json_t *step = json_object();

	json_text_set(step, "status", step_status_word(p->order.mailbox));
	json_text_set(step, "email", p->order.email);
	json_text_set(step, "verified_at", db_text(p->rows, 0, "confirmed_iso"));
	json_text_set(step, "mail", p->mail == NULL ? NULL : db_text(p->mail, 0, "mail_state"));
	json_text_set(step, "mail_reply", p->mail == NULL ? NULL : db_text(p->mail, 0, "mail_reply"));
	reason_set(r, step, p->order.mailbox_reason, NULL);
	return step;
}

static json_t *activation_json(struct req *r, const struct order_page *p)
{
	const char *reason = p->order.activation_reason;
	json_t *step = json_object();

	if (reason == NULL && *p->last_code != '\0')
		reason = p->last_code;
	json_text_set(step, "status", step_status_word(p->order.activation));
	(void)json_object_set_new(step, "csr", json_boolean(p->order.has_csr));
	json_text_set(step, "submitted_at", db_text(p->rows, 0, "submitted_iso"));
	reason_set(r, step, reason, p->order.activation_reason_arg);
	return step;
}

static json_t *certificate_json(const struct order_page *p)
{
	json_t *certificate;

	if (!p->order.issued)
		return NULL;
	certificate = json_object();
	json_text_set(certificate, "serial", db_text(p->rows, 0, "serial"));
	json_text_set(certificate, "sha256", db_text(p->rows, 0, "sha256"));
	json_text_set(certificate, "not_before", db_text(p->rows, 0, "not_before_iso"));
	json_text_set(certificate, "not_after", db_text(p->rows, 0, "not_after_iso"));
	json_text_set(certificate, "revoked_at", db_text(p->rows, 0, "revoked_iso"));
	if (p->order.revoked)
		json_text_set(certificate, "reason", revocation_reason_word(p->reason));
	return certificate;
}

static bool cancel_open(const struct order *o)
{
	return !o->cancelled && !o->issued;
}

static bool resend_open(const struct order *o)
{
	return cancel_open(o) && o->mailbox == STEP_WAITING_FOR_VERIFICATION;
}

static bool email_open(const struct order *o)
{
	return resend_open(o) || (cancel_open(o) && o->mailbox == STEP_WAITING_FOR_DATA);
}

static bool activate_open(const struct order *o)
{
	return cancel_open(o) && o->activation == STEP_WAITING_FOR_DATA;
}

static bool revoke_open(const struct order *o)
{
	return o->issued && !o->revoked && !o->expired;
}

static const struct partner_field email_fields[] = {{"email", true}};
static const struct partner_field activate_fields[] = {
    {"csr", false}, {"fields", false}, {"accept_terms", true}, {"accept_data", true}};
static const struct partner_field revoke_fields[] = {{"reason", true}};

#define FIELDS(list) list, sizeof(list) / sizeof((list)[0])
const struct partner_step partner_steps[] = {
    {"email", email_open, FIELDS(email_fields)},
    {"resend", resend_open, NULL, 0},
    {"activate", activate_open, FIELDS(activate_fields)},
    {"cancel", cancel_open, NULL, 0},
    {"revoke", revoke_open, FIELDS(revoke_fields)},
};
const size_t partner_steps_count = sizeof(partner_steps) / sizeof(partner_steps[0]);

static void link_set(
    const struct req *r, json_t *to, const struct order *o, const char *name, const char *page)
{
	char url[1024];

	(void)snprintf(url, sizeof(url), "%s/partner/orders/%s/%s%s%s",
	    conf_text(r->w->conf, SET_WEB_BASE_URL), o->on.number, o->on.item, *page == '\0' ? "" : "/",
	    page);
	json_text_set(to, name, url);
}

/* What can be done now, each by its address. */
static json_t *links_json(const struct req *r, const struct order *o)
{
	json_t *all = json_object();

	link_set(r, all, o, "self", "");
	for (size_t i = 0; i < partner_steps_count; i++)
		if (partner_steps[i].open(o))
			link_set(r, all, o, partner_steps[i].name, partner_steps[i].name);
	if (o->issued) {
		link_set(r, all, o, "certificate", "certificate.pem");
		link_set(r, all, o, "chain", "chain.pem");
	}
	return all;
}

static int order_json(struct req *r, const struct order_page *p, struct err *e)
{
	const struct order *o = &p->order;
	json_t *whole = json_object();
	char number[16];

	(void)snprintf(number, sizeof(number), "%s/%s", o->on.number, o->on.item);
	json_text_set(whole, "order", number);
	json_text_set(whole, "status", order_state(o));
	json_text_set(whole, "partner_ref", db_text(p->rows, 0, "partner_ref"));
	json_text_set(whole, "product", o->product);
	json_text_set(whole, "customer_name", o->customer_name);
	json_text_set(whole, "language", o->language);
	json_text_set(whole, "callback", db_text(p->rows, 0, "callback"));
	json_text_set(whole, "ordered_at", db_text(p->rows, 0, "ordered_iso"));
	(void)json_object_set_new(whole, "mailbox", mailbox_json(r, p));
	(void)json_object_set_new(whole, "activation", activation_json(r, p));
	(void)json_object_set_new(whole, "certificate", o->issued ? certificate_json(p) : json_null());
	(void)json_object_set_new(whole, "links", links_json(r, o));
	return req_json(r, whole, e);
}

/* --- answers --- */

/* A step is done: the order as it stands now, in JSON; people go to its page. */
static int order_answer(
    struct req *r, const struct order_number *on, int status, const char *notice, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (!r->json)
		return req_see_other(r, "/partner/orders/%s/%s%s%s", on->number, on->item,
		    *notice == '\0' ? "" : "?notice=", notice);
	r->params[0] = on->number;
	r->params[1] = on->item;
	if (partner_order_load(r, &p, "", 0, e) == 0) {
		r->status = status;
		if (status == 201)
			req_header(r, "Location", "/partner/orders/%s/%s", on->number, on->item);
		rc = order_json(r, &p, e);
	}
	order_page_free(&p);
	return rc;
}

/* A step was refused: in JSON and for faults of ours the dispatcher says it; who wants pages sees the order
 * again. */
static int order_refused(struct req *r, const struct order_page *p, const struct err *fault, struct err *e)
{
	const int status = fault_status(fault->fault);

	if (r->json || status >= 500 || status == 401 || status == 404) {
		*e = *fault;
		return -1;
	}
	page_add_error(r, fault);
	return partner_order_show(r, p, e);
}

int page_partner_order(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (partner_order_load(r, &p, "read", 1, e) == 0)
		rc = r->json ? order_json(r, &p, e) : partner_order_show(r, &p, e);
	order_page_free(&p);
	return rc;
}

/* A step's address, opened instead of posted to: a person who loads a page with a fault again goes to the
 * order, a program is told. */
int page_partner_step(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (partner_order_load(r, &p, "read", 1, e) == 0) {
		if (r->json) {
			req_header(r, "Allow", "POST");
			(void)err_set(
			    e, FAULT_method_not_allowed, "GET of a step of order %s", p.order.on.number);
		} else {
			rc = req_see_other(r, "/partner/orders/%s/%s", p.order.on.number, p.order.on.item);
		}
	}
	order_page_free(&p);
	return rc;
}

/* --- a new order --- */

/* The text of an optional field, or NULL when it is absent or empty. */
static const char *optional(const struct req *r, const char *name)
{
	const char *text = form_text(&r->form, name);

	return *text == '\0' ? NULL : text;
}

/* A new order while its fields are read. */
struct order_draft {
	struct partner_order o;
	const struct product *product;
	char email[ADDRESS_MAX + 1], fields[128];
	struct csr *csr; /* owned */
};

static int product_read(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	if (*text == '\0')
		return err_set(e, FAULT_product_missing, "order without product");
	d->o.product = text;
	d->product = product_find(r->w->products, text);
	return d->product != NULL ? 0 : err_set_arg(e, FAULT_product_unknown, text, "product %.60s", text);
}

static int ref_read(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	(void)r;
	d->o.ref = text;
	if (*text == '\0')
		return err_set(e, FAULT_partner_ref_missing, "order without partner_ref");
	return partner_ref_good(text) ? 0
				      : err_set(e, FAULT_partner_ref_invalid, "partner_ref of another form");
}

static int email_read(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	(void)r;
	d->o.email = d->email;
	return address_read(d->email, text, e);
}

static int language_read(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	d->o.language = page_language_code(r->w->pages, text);
	return d->o.language != NULL ? 0
				     : err_set_arg(e, FAULT_language_unknown, text, "language %.20s", text);
}

static int customer_name_read(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	(void)r;
	d->o.customer_name = text;
	return customer_name_good(text)
		   ? 0
		   : err_set(e, FAULT_customer_name_invalid, "customer_name of another form");
}

static int fields_draft(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	(void)text; /* it may come several times */
	d->o.fields = d->fields;
	return fields_read(r, d->product, d->fields, sizeof(d->fields), e);
}

static int csr_draft(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	bool secret;
	int rc = csr_take(r, d->product, &d->csr, &secret, e);

	(void)text;
	d->o.csr = d->csr;
	return rc;
}

static int callback_read_url(struct req *r, const char *text, struct order_draft *d, struct err *e)
{
	(void)r;
	d->o.callback = text;
	return callback_url_good(text)
		   ? 0
		   : err_set_arg(e, FAULT_callback_unknown, text, "callback of another form");
}

/* Reads a field's text into the draft; product comes first, since others depend on it. */
static int (*const order_field_readers[])(
    struct req *, const char *text, struct order_draft *, struct err *) = {product_read, ref_read, email_read,
    language_read, customer_name_read, fields_draft, csr_draft, callback_read_url};
const struct partner_field partner_order_fields[] = {
    {"product", true},
    {"partner_ref", true},
    {"email", true},
    {"language", false},
    {"customer_name", false},
    {"fields", false},
    {"csr", false},
    {"callback", false},
};
const size_t partner_order_fields_count = sizeof(partner_order_fields) / sizeof(partner_order_fields[0]);
_Static_assert(sizeof(order_field_readers) / sizeof(order_field_readers[0]) ==
		   sizeof(partner_order_fields) / sizeof(partner_order_fields[0]),
    "each field of a new order has its reader");

/* Put a new order together and make it. */
static int order_make(struct req *r, struct order_number *on, bool *made, struct err *e)
{
	struct order_draft d = {.product = NULL};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < partner_order_fields_count; i++) {
		const struct partner_field *f = &partner_order_fields[i];

		if (f->mandatory || optional(r, f->name) != NULL)
			rc = order_field_readers[i](r, form_text(&r->form, f->name), &d, e);
	}
	if (rc == 0)
		rc = partner_order_add(r->w->db, &r->actor, &d.o, on, made, e);
	csr_free(d.csr);
	return rc;
}

int page_partner_order_post(struct req *r, struct err *e)
{
	struct order_number on;
	struct err fault;
	bool made;

	if (partner_prove(r, "order", e) == -1)
		return -1;
	if (order_make(r, &on, &made, &fault) == 0)
		return order_answer(r, &on, made ? 201 : 200, made ? "order_made" : "", e);
	if (r->json || fault_status(fault.fault) >= 500 || fault_status(fault.fault) == 401) {
		*e = fault;
		return -1;
	}
	return partner_new_again(r, &fault, e);
}

/* --- the steps of an order --- */

int page_partner_email_post(struct req *r, struct err *e)
{
	char email[ADDRESS_MAX + 1];
	struct order_page p;
	struct err fault;
	int rc = -1;

	if (partner_order_load(r, &p, "order", 1, e) == 0) {
		if (address_read(email, form_text(&r->form, "email"), &fault) == 0 &&
		    partner_email(r->w->db, &r->actor, &p.order.on, email, &fault) == 0)
			rc = order_answer(r, &p.order.on, 200, "saved", e);
		else
			rc = order_refused(r, &p, &fault, e);
	}
	order_page_free(&p);
	return rc;
}

int page_partner_resend_post(struct req *r, struct err *e)
{
	struct order_page p;
	struct err fault;
	int rc = -1;

	if (partner_order_load(r, &p, "order", 1, e) == 0) {
		if (mailbox_resend(r->w->db, &r->actor, &p.order.on, &fault) == 0)
			rc = order_answer(r, &p.order.on, 200, "mail_resent", e);
		else
			rc = order_refused(r, &p, &fault, e);
	}
	order_page_free(&p);
	return rc;
}

/* The first statement that was not accepted. */
static int statements_read(const struct req *r, struct err *e)
{
	if (strcmp(form_text(&r->form, "accept_terms"), "yes") != 0)
		return err_set(e, FAULT_accept_terms_missing, "activate: accept_terms is not yes");
	if (strcmp(form_text(&r->form, "accept_data"), "yes") != 0)
		return err_set(e, FAULT_accept_data_missing, "activate: accept_data is not yes");
	return 0;
}

/* Was a request handed in with this post? */
static bool csr_given(const struct req *r)
{
	return optional(r, "csr") != NULL || optional(r, "csr_file") != NULL;
}

/* Fields and request of an activation, and its statements; then submit. */
static int order_activate(struct req *r, const struct order_page *p, struct err *e)
{
	struct csr *csr = NULL;
	struct err ignored;
	char fields[128];
	long long order_id;
	bool secret;
	int rc;

	if (p->product == NULL)
		return err_set_arg(
		    e, FAULT_product_unknown, p->order.product, "product %.60s", p->order.product);
	if (optional(r, "fields") == NULL && p->order.fields != NULL)
		(void)snprintf(fields, sizeof(fields), "%s", p->order.fields);
	else if (fields_read(r, p->product, fields, sizeof(fields), e) == -1)
		return -1;
	if (csr_given(r) && csr_take(r, p->product, &csr, &secret, e) == -1) {
		if (strncmp(fault_code(e->fault), "csr_", 4) == 0)
			(void)activation_csr_refused(r->w->db, &r->actor, &p->order.on, e, &ignored);
		return -1;
	}
	rc = statements_read(r, e);
	if (rc == 0 && csr == NULL && p->order.activation == STEP_WAITING_FOR_DATA)
		rc = csr_saved_check(r, p, e);
	if (rc == 0)
		rc = partner_activate(r->w->db, &r->actor, &p->order.on, fields, csr, &order_id, e);
	if (rc == 0)
		signer_nudge(r->w->conf, (uint64_t)order_id);
	csr_free(csr);
	return rc;
}

int page_partner_activate_post(struct req *r, struct err *e)
{
	struct order_page p;
	struct err fault;
	int rc = -1;

	if (partner_order_load(r, &p, "order", 1, e) == 0) {
		if (order_activate(r, &p, &fault) == 0)
			rc = order_answer(r, &p.order.on, 200, "saved", e);
		else
			rc = order_refused(r, &p, &fault, e);
	}
	order_page_free(&p);
	return rc;
}

int page_partner_revoke_post(struct req *r, struct err *e)
{
	const char *reason = form_text(&r->form, "reason");
	int number = revocation_reason_number(reason), rc = -1;
	struct order_page p;
	struct err fault;

	if (partner_order_load(r, &p, "revoke", 1, e) == 0) {
		if (number == -1)
			(void)err_set_arg(&fault,
			    *reason == '\0' ? FAULT_revocation_reason_missing
					    : FAULT_revocation_reason_unknown,
			    reason, "revocation reason %.40s", reason);
		if (number != -1 && certificate_revoke(r->w->db, &r->actor, &p.order.on, number, &fault) == 0)
			rc = order_answer(r, &p.order.on, 200, "saved", e);
		else
			rc = order_refused(r, &p, &fault, e);
	}
	order_page_free(&p);
	return rc;
}

int page_partner_cancel_post(struct req *r, struct err *e)
{
	struct order_page p;
	struct err fault;
	int rc = -1;

	if (partner_order_load(r, &p, "order", 1, e) == 0) {
		if (partner_cancel(r->w->db, &r->actor, &p.order.on, &fault) == 0)
			rc = order_answer(r, &p.order.on, 200, "saved", e);
		else
			rc = order_refused(r, &p, &fault, e);
	}
	order_page_free(&p);
	return rc;
}
