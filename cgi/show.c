/* show.c - facts of an order, its mail, its request and its certificate, put into the page's data under the
 * names of hdf/README.md. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/revocation.h"
#include "lib/flow/session.h"
#include "lib/pki/address.h"
#include "lib/pki/bundle.h"
#include "lib/pki/certificate_view.h"
#include "lib/pki/csr.h"
#include "lib/pki/product.h"

int me_read(struct req *r, const struct db_rows *rows, struct err *e)
{
	if (db_rows_count(rows) == 0)
		return err_set(e, FAULT_sign_in_required, "no live session for %.100s", r->path);
	r->me.known = true;
	(void)snprintf(r->me.login, sizeof(r->me.login), "%s", db_text(rows, 0, "me_login"));
	(void)snprintf(r->me.name, sizeof(r->me.name), "%s", db_text(rows, 0, "me_name"));
	(void)snprintf(r->me.kind, sizeof(r->me.kind), "%s", db_text(rows, 0, "me_kind"));
	if (!db_null(rows, 0, "me_language"))
		page_choose_language(r, db_text(rows, 0, "me_language"), r->language, NULL);
	/* A session that cannot be lengthened just now still holds: while the database takes no writes, a
	 * page that only shows something is shown. */
	if (db_number(rows, 0, "me_stale") != 0 && session_touch(r->w->db, &r->actor, e) == -1 &&
	    !db_read_only(r->w->db))
		return -1;
	return 0;
}

int me_read_list(struct req *r, const struct db_rows *rows, struct err *e)
{
	struct db_rows *me = NULL;
	int rc = -1;

	if (db_rows_count(rows) > 0)
		return me_read(r, rows, e);
	if (db_run(r->w->db, STMT_PAGE_ME, &me, e, DB_ARGS(P_SECRET(&r->actor))) == 0)
		rc = me_read(r, me, e);
	db_rows_free(me);
	return rc;
}

void me_load(struct req *r)
{
	struct db_rows *rows = NULL;
	struct err ignored;

	if (r->actor.kind == ACTOR_SESSION && !r->me.known &&
	    db_run(r->w->db, STMT_PAGE_ME, &rows, &ignored, DB_ARGS(P_SECRET(&r->actor))) == 0)
		(void)me_read(r, rows, &ignored);
	db_rows_free(rows);
}

int partner_me_read(struct req *r, const struct db_rows *rows, struct err *e)
{
	if (db_rows_count(rows) > 0)
		r->partner = db_number(rows, 0, "partner_id");
	if (db_rows_count(rows) > 0 && r->actor.kind == ACTOR_KEY)
		return 0;
	return me_read(r, rows, e);
}

int partner_prove(struct req *r, const char *scope, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(r->w->db, STMT_PARTNER_ME, &rows, e, DB_ARGS(P_PARTNER(r, scope, 1)));

	if (rc == 0)
		rc = partner_me_read(r, rows, e);
	db_rows_free(rows);
	return rc;
}

static int mail_load(struct req *r, struct order_page *p, struct err *e)
{
	if (db_run(r->w->db, STMT_PAGE_MAIL, &p->mail, e,
		DB_ARGS(P_NUMBER(db_number(p->rows, 0, "order_id")),
		    P_NUMBER(db_number(p->rows, 0, "mailbox_id")))) == -1)
		return -1;
	if (db_rows_count(p->mail) == 0) {
		db_rows_free(p->mail);
		p->mail = NULL;
	}
	return 0;
}

static int last_code_load(struct req *r, struct order_page *p, struct err *e)
{
	struct db_rows *row = NULL;

	if (db_run(r->w->db, STMT_PAGE_ISSUANCE, &row, e,
		DB_ARGS(P_NUMBER(db_number(p->rows, 0, "order_id")))) == -1)
		return -1;
	if (db_rows_count(row) > 0)
		text_join(p->last_code, sizeof(p->last_code), db_text(row, 0, "last_code"));
	db_rows_free(row);
	return 0;
}

static int reason_load(struct req *r, struct order_page *p, struct err *e)
{
	struct db_rows *row = NULL;

	if (db_run(r->w->db, STMT_PAGE_REVOCATION, &row, e,
		DB_ARGS(P_NUMBER(db_number(p->rows, 0, "certificate_id")))) == -1)
		return -1;
	if (db_rows_count(row) > 0)
		p->reason = (int)db_number(row, 0, "reason");
	db_rows_free(row);
	return 0;
}

/* Load what an order in its state has besides; a program is told of the mail in any state. */
static int order_page_rest(struct req *r, struct order_page *p, struct err *e)
{
	if ((p->order.mailbox == STEP_WAITING_FOR_VERIFICATION || r->json) && mail_load(r, p, e) == -1)
		return -1;
	if (p->order.activation == STEP_WAITING_FOR_VERIFICATION)
		return last_code_load(r, p, e);
	return p->order.revoked ? reason_load(r, p, e) : 0;
}

int partner_order_load(struct req *r, struct order_page *out, const char *scope, int cost, struct err *e)
{
	struct order_number on;

	memset(out, 0, sizeof(*out));
	if (req_order_number(r, &on, e) == -1)
		return -1;
	if (db_run(r->w->db, STMT_PARTNER_ORDER, &out->rows, e,
		DB_ARGS(P_PARTNER(r, scope, cost), P_TEXT(on.number), P_TEXT(on.item))) == -1 ||
	    partner_me_read(r, out->rows, e) == -1)
		return -1;
	if (!order_from_row(&out->order, out->rows, 0))
		return err_set(
		    e, FAULT_not_found, "order %s/%s is not there for this partner", on.number, on.item);
	out->product = product_find(r->w->products, out->order.product);
	return order_page_rest(r, out, e);
}

/* What order_page_load() and order_history_load() share: rows is what their statement found. */
static int order_page_read(
    struct req *r, const struct order_number *on, struct order_page *out, struct err *e)
{
	if (me_read(r, out->rows, e) == -1)
		return -1;
	if (!order_from_row(&out->order, out->rows, 0))
		return err_set(
		    e, FAULT_not_found, "order %s/%s is not there for %s", on->number, on->item, r->me.login);
	out->product = product_find(r->w->products, out->order.product);
	return order_page_rest(r, out, e);
}

int order_page_load(struct req *r, struct order_page *out, struct err *e)
{
	struct order_number on;

	if (r->actor.kind == ACTOR_KEY || strncmp(r->path, "/partner/", strlen("/partner/")) == 0)
		return partner_order_load(r, out, "read", 1, e);
	memset(out, 0, sizeof(*out));
	if (req_order_number(r, &on, e) == -1 ||
	    db_run(r->w->db, STMT_PAGE_ORDER, &out->rows, e,
		DB_ARGS(P_TEXT(on.number), P_TEXT(on.item), P_SECRET(&r->actor))) == -1)
		return -1;
	return order_page_read(r, &on, out, e);
}

int order_history_load(struct req *r, struct order_page *out, struct err *e)
{
	struct order_number on;

	memset(out, 0, sizeof(*out));
	if (req_order_number(r, &on, e) == -1 ||
	    db_run(r->w->db, STMT_PAGE_ORDER_HISTORY, &out->rows, e,
		DB_ARGS(P_TEXT(on.number), P_TEXT(on.item), P_SECRET(&r->actor),
		    P_NUMBER(HISTORY_ALONG + 1))) == -1)
		return -1;
	out->history = db_rows_count(out->rows) > 0 && db_rows_count(out->rows) <= HISTORY_ALONG &&
		       !db_null(out->rows, 0, "event_id");
	return order_page_read(r, &on, out, e);
}

void order_page_free(struct order_page *p)
{
	db_rows_free(p->rows);
	db_rows_free(p->mail);
}

/* An address, and beside it the same as people write its domain when that differs. */
static void address_set(struct _hdf *at, const char *name, const char *address)
{
	char shown[512], key[64];
	const char *domain;

	if (address == NULL)
		return;
	page_set_at(at, name, address);
	domain = address_domain(address);
	(void)snprintf(shown, sizeof(shown), "%.*s", (int)(domain - address), address);
	address_domain_shown(shown + strlen(shown), sizeof(shown) - strlen(shown), address);
	if (strcmp(shown, address) == 0)
		return;
	text_join(key, sizeof(key), name, "_shown");
	page_set_at(at, key, shown);
}

void show_address(struct req *r, const char *prefix, const char *name, const char *address)
{
	address_set(page_at(r, prefix), name, address);
}

/* The local part in A-Za-z0-9._- only, for file names and shell commands. */
static void show_file(struct req *r, const char *prefix, const char *address)
{
	char stem[FILE_NAME_ROOM];

	file_name_for(stem, address, 0);
	stem[strlen(stem) - strlen("_1970-01-01")] = '\0';
	page_set_in(r, prefix, "file", stem);
}

/* One of the two steps: status, button, why it went back. */
static void show_step(struct req *r, const char *prefix, const char *step, enum step_status status,
    const char *page, const char *reason, const char *arg)
{
	char name[80], path[128];

	text_join(name, sizeof(name), prefix, ".", step);
	page_set_in(r, name, "status", step_status_word(status));
	if (page != NULL) {
		text_join(path, sizeof(path), "/certificates/", r->params[0], "/", r->params[1], page);
		page_set_in(r, name, "href", path);
	}
	if (reason != NULL) {
		page_set_in(r, name, "reason", reason);
		page_set_fault(r, name, fault_by_code(reason), arg);
	}
}

void show_order(struct req *r, const char *prefix, const struct order *o)
{
	const struct product *product = product_find(r->w->products, o->product);
	struct _hdf *at = page_at(r, prefix);
	char number[16], path[64], href[128];
	const char *page;

	text_join(number, sizeof(number), o->on.number, "/", o->on.item);
	text_join(path, sizeof(path), "/certificates/", number);
	page_set_at(at, "number", number);
	page_set_at(at, "path", path);
	page_set_at(at, "product", product == NULL ? o->product : product->name);
	page_set_at(at, "category", product == NULL ? "" : product->category);
	page_set_at(at, "ordered_at", o->ordered_at);
	page_set_at(at, "state", order_state(o));
	page_set_at(at, "not_after", o->not_after);
	page_set_at(at, "next.code", order_next(o, &page));
	text_join(href, sizeof(href), path, page);
	page_set_at(at, "next.href", href);
	address_set(at, "email", o->email);
	address_set(at, "email_draft", o->email_draft);
}

/* The newest verification mail, told as far as it got. */
static void show_mail(struct req *r, const struct db_rows *rows)
{
	const char *state = db_text(rows, 0, "mail_state");
	const char *status = "queued";

	if (state == NULL || strcmp(state, "dropped") == 0)
		return;
	if (strcmp(state, "sent") == 0)
		status = "accepted";
	else if (strcmp(state, "waiting") != 0)
		status = "failed";
	else if (db_number(rows, 0, "mail_attempts") > 0 && !db_null(rows, 0, "mail_reply"))
		status = "delayed";
	page_set(r, "Order.mail.status", status);
	page_set(r, "Order.mail.address", db_text(rows, 0, "mail_address"));
	page_set(r, "Order.mail.sent_at", db_text(rows, 0, "mail_sent_at"));
	if (strcmp(status, "accepted") == 0) {
		page_set(r, "Order.mail.accepted_at", db_text(rows, 0, "mail_accepted_at"));
		page_set(r, "Order.mail.expires_at", db_text(rows, 0, "mail_expires_at"));
	}
	page_set(r, "Order.mail.server", db_text(rows, 0, "mail_server"));
	page_set(r, "Order.mail.reply", db_text(rows, 0, "mail_reply"));
	if (db_number(rows, 0, "mail_resend_in") > 0)
		page_set(r, "Order.mail.resend_in", db_text(rows, 0, "mail_resend_in"));
}

/* "ABCD…" as "AB:CD:…". */
static void colons(char *out, size_t room, const char *hex)
{
	size_t n = 0;

	for (size_t i = 0; hex[i] != '\0' && n + 4 < room; i++) {
		if (i > 0 && i % 2 == 0)
			out[n++] = ':';
		out[n++] = (char)toupper((unsigned char)hex[i]);
	}
	out[n] = '\0';
}

/* Certificate.<which>.N.name, .value: the attributes of a name, in the certificate's order. */
static void show_name(struct req *r, const char *which, const struct view_name *name)
{
	char prefix[48], text[ADDRESS_MAX + 1];

	for (int i = 0; i < name->count; i++) {
		const struct view_attribute *a = &name->attributes[i];

		(void)snprintf(text, sizeof(text), "%.*s", (int)a->len, a->value);
		(void)snprintf(prefix, sizeof(prefix), "Certificate.%s.%d", which, i);
		page_set_in(r, prefix, "name", a->type);
		if (utf8_valid(text, strlen(text)))
			page_set_in(r, prefix, "value", text);
	}
}

/* Certificate.usage.N: keyUsage by the names of RFC 5280, in its order. */
static void show_usages(struct req *r, const struct certificate_view *view)
{
	static const char *const usages[VIEW_USAGES] = {
	    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"};
	char name[32];
	int n = 0;

	for (int i = 0; i < VIEW_USAGES; i++) {
		if (!view->usage[i] || usages[i] == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "Certificate.usage.%d", n++);
		page_set(r, name, usages[i]);
	}
}

void key_shown(char *out, size_t room, const char *type, int bits)
{
	if (strcmp(type, "RSA") == 0)
		(void)snprintf(out, room, "RSA %d", bits);
	else
		(void)snprintf(out, room, "%s%s", strncmp(type, "P-", 2) == 0 ? "EC " : "", type);
}

static void show_certificate(struct req *r, const struct order_page *p)
{
	struct certificate_view view;
	char text[128], stem[FILE_NAME_ROOM];
	size_t len;
	const char *der = db_bytes(p->rows, 0, "der", &len);

	/* Of an order whose time is over, retention keeps neither. */
	if (der == NULL || p->order.email == NULL ||
	    !certificate_view(&view, (const unsigned char *)der, len))
		return;
	page_set(r, "Certificate.serial", db_text(p->rows, 0, "serial"));
	page_set(r, "Certificate.not_before", db_text(p->rows, 0, "not_before"));
	page_set(r, "Certificate.not_after", p->order.not_after);
	colons(text, sizeof(text), db_text(p->rows, 0, "sha256"));
	page_set(r, "Certificate.fingerprint", text);
	key_shown(text, sizeof(text), view.key_type, view.key_bits);
	page_set(r, "Certificate.key", text);
	show_name(r, "subject", &view.subject);
	show_name(r, "issuer", &view.issuer);
	show_usages(r, &view);
	file_name_for(stem, p->order.email, (time_t)db_number(p->rows, 0, "issued_at"));
	page_setf(r, "Certificate.pem_name", "%s.pem", stem);
	page_setf(r, "Certificate.chain_name", "%s_chain.pem", stem);
	page_set(r, "Certificate.may_revoke", p->order.revoked || p->order.expired ? "" : "1");
	if (p->order.revoked) {
		page_set(r, "Certificate.revoked_at", db_text(p->rows, 0, "revoked_at"));
		page_set(r, "Certificate.reason", revocation_reason_word(p->reason));
	}
}

/* Where the first step's button leads, or NULL when it has none now: while the holder is asked, the page
 * leads to what can be done about the mail instead. */
static const char *mailbox_page(const struct order *o)
{
	return o->cancelled || o->mailbox != STEP_WAITING_FOR_DATA ? NULL : "/email";
}

void show_order_page(struct req *r, const struct order_page *p)
{
	const struct order *o = &p->order;
	const char *mailbox_reason = o->mailbox_reason, *activation_reason = o->activation_reason;
	const bool open = !o->cancelled && o->activation == STEP_WAITING_FOR_DATA;

	show_order(r, "Order", o);
	if (mailbox_reason == NULL && o->mailbox == STEP_WAITING_FOR_VERIFICATION && p->mail != NULL &&
	    db_number(p->mail, 0, "mail_expired") != 0)
		mailbox_reason = "value_expired";
	if (activation_reason == NULL && *p->last_code != '\0')
		activation_reason = p->last_code;
	show_step(r, "Order", "mailbox", o->mailbox, mailbox_page(o), mailbox_reason, NULL);
	show_step(r, "Order", "activation", o->activation, open ? activation_next_page(o) : NULL,
	    activation_reason, o->activation_reason_arg);
	page_set(r, "Order.mailbox.resume", o->email_draft != NULL ? "1" : "");
	page_set(r, "Order.activation.resume", open && o->fields != NULL ? "1" : "");
	page_set(r, "Order.mailbox.verified_at", db_text(p->rows, 0, "confirmed_at"));
	page_set(r, "Order.activation.submitted_at", db_text(p->rows, 0, "submitted_at"));
	if (o->email != NULL)
		show_file(r, "Order", o->email);
	if (p->mail != NULL)
		show_mail(r, p->mail);
	if (o->issued)
		show_certificate(r, p);
}

void show_fields(struct req *r, const struct order_page *p)
{
	char prefix[32];
	int n = 0;

	for (int i = 0; p->product != NULL && i < FIELD__MAX; i++) {
		const char *word = subject_field_word((enum subject_field)i);
		const bool mandatory = p->product->fields[i] == FIELD_MANDATORY;

		if (p->product->fields[i] == FIELD_ABSENT)
			continue;
		(void)snprintf(prefix, sizeof(prefix), "Field.%d", n++);
		page_set_in(r, prefix, "name", word);
		page_set_in(r, prefix, "value", p->order.email);
		page_set_in(r, prefix, "mandatory", mandatory ? "1" : "");
		page_set_in(r, prefix, "chosen",
		    mandatory || p->order.fields == NULL || strstr(p->order.fields, word) != NULL ? "1" : "");
	}
}

void show_csr(struct req *r, const struct csr *csr)
{
	struct csr_words words;
	char text[512], hex[65];
	struct err ignored;

	if (csr_words(&words, csr, &ignored) == -1)
		return;
	key_shown(text, sizeof(text), key_word(csr->type), csr->bits);
	page_set(r, "Csr.key", text);
	page_set(r, "Csr.signature", words.signature);
	hex_encode(hex, csr->spki_sha256, sizeof(csr->spki_sha256));
	colons(text, sizeof(text), hex);
	page_set(r, "Csr.fingerprint", text);
	if (*words.subject != '\0')
		page_set(r, "Csr.subject", words.subject);
	if (words.more)
		page_set(r, "Csr.ignored", "1");
}
