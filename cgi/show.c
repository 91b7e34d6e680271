/* show.c - facts of an order, its mail, its request and its certificate, put into the page's data under the
 * names of hdf/README.md. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/revocation.h"
#include "lib/flow/session.h"
#include "lib/pki/address.h"
#include "lib/pki/bundle.h"
#include "lib/pki/certificate.h"
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
	return db_number(rows, 0, "me_stale") != 0 ? session_touch(r->w->db, &r->actor, e) : 0;
}

int partner_me_read(struct req *r, const struct db_rows *rows, struct err *e)
{
	if (db_rows_count(rows) > 0 && r->actor.kind == ACTOR_KEY)
		return 0;
	return me_read(r, rows, e);
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
	return 0;
}

int order_page_load(struct req *r, struct order_page *out, struct err *e)
{
	struct order_number on;

	if (r->actor.kind == ACTOR_KEY || strncmp(r->path, "/partner/", strlen("/partner/")) == 0)
		return partner_order_load(r, out, "read", 1, e);
	memset(out, 0, sizeof(*out));
	if (req_order_number(r, &on, e) == -1)
		return -1;
	if (db_run(r->w->db, STMT_PAGE_ORDER, &out->rows, e,
		DB_ARGS(P_TEXT(on.number), P_TEXT(on.item), P_BYTES(r->actor.secret, r->actor.secret_len))) ==
		-1 ||
	    me_read(r, out->rows, e) == -1)
		return -1;
	if (!order_from_row(&out->order, out->rows, 0))
		return err_set(
		    e, FAULT_not_found, "order %s/%s is not there for %s", on.number, on.item, r->me.login);
	out->product = product_find(r->w->products, out->order.product);
	return 0;
}

void order_page_free(struct order_page *p)
{
	db_rows_free(p->rows);
}

void show_address(struct req *r, const char *prefix, const char *name, const char *address)
{
	char shown[512], key[64];
	const char *domain;

	if (address == NULL)
		return;
	page_set_in(r, prefix, name, address);
	domain = address_domain(address);
	(void)snprintf(shown, sizeof(shown), "%.*s", (int)(domain - address), address);
	address_domain_shown(shown + strlen(shown), sizeof(shown) - strlen(shown), address);
	(void)snprintf(key, sizeof(key), "%s_shown", name);
	if (strcmp(shown, address) != 0)
		page_set_in(r, prefix, key, shown);
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

	(void)snprintf(name, sizeof(name), "%s.%s", prefix, step);
	page_set_in(r, name, "status", step_status_word(status));
	if (page != NULL) {
		(void)snprintf(path, sizeof(path), "%s.href", name);
		page_setf(r, path, "/certificates/%s/%s%s", r->params[0], r->params[1], page);
	}
	if (reason != NULL) {
		page_set_in(r, name, "reason", reason);
		page_set_fault(r, name, fault_by_code(reason), arg);
	}
}

void show_order(struct req *r, const char *prefix, const struct order *o)
{
	const struct product *product = product_find(r->w->products, o->product);
	char number[16], path[64], href[128], next[64];
	const char *page;

	(void)snprintf(number, sizeof(number), "%s/%s", o->on.number, o->on.item);
	(void)snprintf(path, sizeof(path), "/certificates/%s", number);
	page_set_in(r, prefix, "number", number);
	page_set_in(r, prefix, "path", path);
	page_set_in(r, prefix, "product", product == NULL ? o->product : product->name);
	page_set_in(r, prefix, "category", product == NULL ? "" : product->category);
	page_set_in(r, prefix, "ordered_at", o->ordered_at);
	page_set_in(r, prefix, "state", order_state(o));
	page_set_in(r, prefix, "not_after", o->not_after);
	(void)snprintf(next, sizeof(next), "%s.next", prefix);
	page_set_in(r, next, "code", order_next(o, &page));
	(void)snprintf(href, sizeof(href), "%s%s", path, page);
	page_set_in(r, next, "href", href);
	show_address(r, prefix, "email", o->email);
	show_address(r, prefix, "email_draft", o->email_draft);
	(void)snprintf(next, sizeof(next), "%s.mailbox", prefix);
	page_set_in(r, next, "status", step_status_word(o->mailbox));
	(void)snprintf(next, sizeof(next), "%s.activation", prefix);
	page_set_in(r, next, "status", step_status_word(o->activation));
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

/* keyUsage as its names in RFC 5280's order. */
static void show_usage(struct req *r, const unsigned char *der, size_t len)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} usages[] = {{KU_DIGITAL_SIGNATURE, "digitalSignature"}, {KU_NON_REPUDIATION, "nonRepudiation"},
	    {KU_KEY_ENCIPHERMENT, "keyEncipherment"}, {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
	    {KU_KEY_AGREEMENT, "keyAgreement"}};
	X509 *x = d2i_X509(NULL, &der, (long)len);
	char text[128] = "";

	if (x == NULL)
		return;
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if ((X509_get_key_usage(x) & usages[i].bit) != 0)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			    *text == '\0' ? "" : ", ", usages[i].name);
	page_set(r, "Certificate.usage", text);
	X509_free(x);
}

/* "RSA", 3072 as "RSA 3072"; "P-256" as "EC P-256". */
static void key_shown(char *out, size_t room, const char *type, int bits)
{
	if (strcmp(type, "RSA") == 0)
		(void)snprintf(out, room, "RSA %d", bits);
	else
		(void)snprintf(out, room, "%s%s", strncmp(type, "P-", 2) == 0 ? "EC " : "", type);
}

static void show_certificate(struct req *r, const struct order_page *p)
{
	struct certificate_facts facts;
	struct err e;
	char text[128], stem[FILE_NAME_ROOM];
	size_t len;
	const char *der = db_bytes(p->rows, 0, "der", &len);

	if (der == NULL || certificate_describe(&facts, (const unsigned char *)der, len, &e) == -1)
		return;
	page_set(r, "Certificate.serial", facts.serial);
	page_set(r, "Certificate.not_before", db_text(p->rows, 0, "not_before"));
	page_set(r, "Certificate.not_after", p->order.not_after);
	colons(text, sizeof(text), db_text(p->rows, 0, "sha256"));
	page_set(r, "Certificate.fingerprint", text);
	page_set(r, "Certificate.subject", facts.subject);
	page_set(r, "Certificate.issuer", facts.issuer);
	if (strncmp(facts.key, "RSA-", 4) == 0)
		(void)snprintf(text, sizeof(text), "RSA %s", facts.key + 4);
	else
		(void)snprintf(
		    text, sizeof(text), "%s%s", strncmp(facts.key, "P-", 2) == 0 ? "EC " : "", facts.key);
	page_set(r, "Certificate.key", text);
	show_usage(r, (const unsigned char *)der, len);
	file_name_for(stem, p->order.email, (time_t)db_number(p->rows, 0, "issued_at"));
	page_setf(r, "Certificate.pem_name", "%s.pem", stem);
	page_setf(r, "Certificate.chain_name", "%s_chain.pem", stem);
	page_set(r, "Certificate.expired", p->order.expired ? "1" : "");
	page_set(r, "Certificate.may_revoke", p->order.revoked || p->order.expired ? "" : "1");
	if (p->order.revoked) {
		page_set(r, "Certificate.revoked_at", db_text(p->rows, 0, "revoked_at"));
		page_set(r, "Certificate.reason",
		    revocation_reason_word((int)db_number(p->rows, 0, "revocation_reason")));
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
	page_setf(r, "Page.path", "%s", r->path);
	if (mailbox_reason == NULL && o->mailbox == STEP_WAITING_FOR_VERIFICATION &&
	    db_number(p->rows, 0, "mail_expired") != 0)
		mailbox_reason = "value_expired";
	if (activation_reason == NULL && o->activation == STEP_WAITING_FOR_VERIFICATION)
		activation_reason = db_text(p->rows, 0, "last_code");
	show_step(r, "Order", "mailbox", o->mailbox, mailbox_page(o), mailbox_reason, NULL);
	show_step(r, "Order", "activation", o->activation, open ? activation_next_page(o) : NULL,
	    activation_reason, o->activation_reason_arg);
	page_set(r, "Order.mailbox.resume", o->email_draft != NULL ? "1" : "");
	page_set(r, "Order.activation.resume", open && o->fields != NULL ? "1" : "");
	page_set(r, "Order.mailbox.verified_at", db_text(p->rows, 0, "confirmed_at"));
	page_set(r, "Order.activation.submitted_at", db_text(p->rows, 0, "submitted_at"));
	if (o->email != NULL)
		show_file(r, "Order", o->email);
	show_mail(r, p->rows);
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
	const unsigned char *der = csr->der;
	X509_REQ *req = d2i_X509_REQ(NULL, &der, (long)csr->der_len);
	char text[512], hex[65];
	X509_NAME *subject;

	if (req == NULL)
		return;
	key_shown(text, sizeof(text), key_word(csr->type), csr->bits);
	page_set(r, "Csr.key", text);
	page_set(r, "Csr.signature", OBJ_nid2ln(X509_REQ_get_signature_nid(req)));
	hex_encode(hex, csr->spki_sha256, sizeof(csr->spki_sha256));
	colons(text, sizeof(text), hex);
	page_set(r, "Csr.fingerprint", text);
	subject = X509_REQ_get_subject_name(req);
	if (X509_NAME_entry_count(subject) > 0) {
		BIO *b = BIO_new(BIO_s_mem());
		int n = 0;

		if (b != NULL &&
		    X509_NAME_print_ex(b, subject, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) > 0)
			n = BIO_read(b, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		BIO_free(b);
		if (utf8_valid(text, strlen(text)))
			page_set(r, "Csr.subject", text);
		page_set(r, "Csr.ignored", "1");
	} else if (X509_REQ_get_attr_count(req) > 0) {
		page_set(r, "Csr.ignored", "1");
	}
	X509_REQ_free(req);
}
