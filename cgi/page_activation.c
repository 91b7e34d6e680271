/* page_activation.c - step 3, activation: wizard 2 (data, method, key, summary, done) and the live check of a
 * request. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <openssl/pem.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/activation.h"
#include "lib/ipc/signer_client.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/csr.h"
#include "lib/pki/key.h"
#include "lib/pki/product.h"

/* How far the wizard has come; each page is open once those before it are filled in. */
enum wizard_page { WIZARD_DATA, WIZARD_METHOD, WIZARD_KEY, WIZARD_SUMMARY };

static bool wizard_open(const struct order *o, enum wizard_page page)
{
	if (o->cancelled || o->activation != STEP_WAITING_FOR_DATA)
		return false;
	switch (page) {
	case WIZARD_DATA:
		return true;
	case WIZARD_METHOD:
		return o->fields != NULL;
	case WIZARD_KEY:
		return o->fields != NULL && o->method != NULL;
	case WIZARD_SUMMARY:
		return o->fields != NULL && o->method != NULL && o->has_csr;
	}
	return false;
}

/* Go to the page that is open. */
static int wizard_go_on(struct req *r, const struct order *o)
{
	const char *page = o->activation == STEP_NOT_AVAILABLE || o->cancelled ? "" : activation_next_page(o);

	return req_see_other(r, "/certificates/%s/%s%s", o->on.number, o->on.item, page);
}

static int wizard_see(struct req *r, const struct order_number *on, const char *page)
{
	return req_see_other(r, "/certificates/%s/%s/activation/%s", on->number, on->item, page);
}

/* Load the order for a page of the wizard; 1 when it was redirected to the open one instead. */
static int wizard_load(struct req *r, struct order_page *p, enum wizard_page page, struct err *e)
{
	if (order_page_load(r, p, e) == -1)
		return -1;
	if (wizard_open(&p->order, page))
		return 0;
	(void)wizard_go_on(r, &p->order);
	return 1;
}

/* The request saved with the order, or NULL. */
static struct csr *csr_saved(const struct order_page *p)
{
	struct csr *csr = NULL;
	struct err e;
	size_t len;
	const char *der = db_bytes(p->rows, 0, "csr", &len);

	if (der == NULL || csr_read(&csr, der, len, NULL, &e) == -1)
		return NULL;
	return csr;
}

/* A page of the wizard again with a fault on top: either ours to say there, or one for the dispatcher. */
static bool fault_here(const struct req *r, const struct err *fault)
{
	return !r->json && (fault_status(fault->fault) == 422 || fault->fault == FAULT_summary_changed ||
			       fault->fault == FAULT_csr_too_large);
}

/* A transition refused: to the open page when this one is not open any more, else the dispatcher's. */
static int wizard_refused(struct req *r, const struct order_page *p, const struct err *fault, struct err *e)
{
	if (fault->fault == FAULT_step_not_open && !r->json)
		return wizard_go_on(r, &p->order);
	if (fault->fault == FAULT_mailbox_too_old && !r->json)
		return req_see_other(r, "/certificates/%s/%s", p->order.on.number, p->order.on.item);
	*e = *fault;
	return -1;
}

static int wizard_show(
    struct req *r, const struct order_page *p, const char *page, const char *last, struct err *e)
{
	show_order_page(r, p);
	page_setf(
	    r, "Page.path", "/certificates/%s/%s/activation/%s", p->order.on.number, p->order.on.item, last);
	return page_show(r, page, e);
}

/* --- certificate data --- */

static int data_show(struct req *r, const struct order_page *p, struct err *e)
{
	show_fields(r, p);
	return wizard_show(r, p, "activation_data", "data", e);
}

int page_activation_data(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = wizard_load(r, &p, WIZARD_DATA, e);

	if (rc == 0)
		rc = data_show(r, &p, e);
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

/* Mark the fields that a list with commas names. */
static int fields_mark(
    const char *list, const struct product *product, bool chosen[FIELD__MAX], struct err *e)
{
	for (size_t len; *list != '\0'; list += len + (list[len] == ',')) {
		bool known = false;
		char name[64];

		len = strcspn(list, ",");
		for (int i = 0; i < FIELD__MAX; i++) {
			const char *word = subject_field_word((enum subject_field)i);

			if (product->fields[i] == FIELD_ABSENT || strlen(word) != len ||
			    strncmp(word, list, len) != 0)
				continue;
			known = chosen[i] = true;
		}
		(void)snprintf(name, sizeof(name), "%.*s", (int)(len < 60 ? len : 60), list);
		if (!known)
			return err_set_arg(e, FAULT_field_unknown, name, "field %s", name);
	}
	return 0;
}

int fields_read(const struct req *r, const struct product *product, char *out, size_t room, struct err *e)
{
	bool chosen[FIELD__MAX] = {false};

	for (size_t f = 0; f < r->form.count; f++)
		if (strcmp(r->form.fields[f].name, "fields") == 0 &&
		    fields_mark(r->form.fields[f].value, product, chosen, e) == -1)
			return -1;
	*out = '\0';
	for (int i = 0; i < FIELD__MAX; i++)
		if (chosen[i] || product->fields[i] == FIELD_MANDATORY)
			(void)snprintf(out + strlen(out), room - strlen(out), "%s%s", *out == '\0' ? "" : ",",
			    subject_field_word((enum subject_field)i));
	return 0;
}

int page_activation_data_post(struct req *r, struct err *e)
{
	struct order_page p;
	char fields[128];
	struct err fault;
	int rc = wizard_load(r, &p, WIZARD_DATA, e);

	if (rc != 0)
		goto out;
	if (p.product == NULL)
		(void)err_set(
		    &fault, FAULT_product_unknown, "product %.60s is sold no more", p.order.product);
	else if (fields_read(r, p.product, fields, sizeof(fields), &fault) == 0 &&
		 activation_data(r->w->db, &r->actor, &p.order.on, fields, &fault) == 0) {
		rc = wizard_see(r, &p.order.on, "method");
		goto out;
	}
	if (fault_here(r, &fault)) {
		page_add_error(r, &fault);
		rc = data_show(r, &p, e);
	} else {
		rc = wizard_refused(r, &p, &fault, e);
	}
out:
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

/* --- generation method --- */

int browser_kinds_set(struct req *r, const struct product *product)
{
	static const struct {
		const char *id; /* as in nginx/browser/keypair.js */
		unsigned key;
		long bits;
	} kinds[] = {{"rsa_3072", KEY_RSA, 3072}, {"rsa_2048", KEY_RSA, 2048}, {"rsa_4096", KEY_RSA, 4096},
	    {"p_256", KEY_P256, 0}, {"p_384", KEY_P384, 0}};
	char name[32];
	int n = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (product != NULL && (product->keys & kinds[i].key) == 0)
			continue;
		if (product != NULL && kinds[i].key == KEY_RSA &&
		    (kinds[i].bits < product->rsa_bits_least || kinds[i].bits > product->rsa_bits_most))
			continue;
		(void)snprintf(name, sizeof(name), "Kind.%d.id", n++);
		page_set(r, name, kinds[i].id);
	}
	return n;
}

/* Whether the product takes keys brought this way; one made in the browser must be of a kind it takes. */
static bool method_open(struct req *r, const struct order_page *p, unsigned method)
{
	if (p->product != NULL && (p->product->methods & method) == 0)
		return false;
	return method != METHOD_BROWSER || browser_kinds_set(r, p->product) > 0;
}

static int method_show(struct req *r, const struct order_page *p, const char *typed, struct err *e)
{
	static const unsigned all[] = {METHOD_CSR, METHOD_BROWSER};
	char name[32];
	int n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!method_open(r, p, all[i]))
			continue;
		(void)snprintf(name, sizeof(name), "Method.%d.id", n++);
		page_set(r, name, method_word(all[i]));
	}
	page_set(r, "Form.method",
	    typed != NULL             ? typed
	    : p->order.method != NULL ? p->order.method
				      : method_word(METHOD_CSR));
	return wizard_show(r, p, "activation_method", "method", e);
}

int page_activation_method(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = wizard_load(r, &p, WIZARD_METHOD, e);

	if (rc == 0)
		rc = method_show(r, &p, NULL, e);
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

int page_activation_method_post(struct req *r, struct err *e)
{
	const char *typed = form_text(&r->form, "method");
	struct order_page p;
	struct err fault;
	int rc = wizard_load(r, &p, WIZARD_METHOD, e);

	if (rc != 0)
		goto out;
	if (*typed == '\0')
		(void)err_set(&fault, FAULT_method_missing, "no method");
	else if (method_by_word(typed) == 0 || !method_open(r, &p, method_by_word(typed)))
		(void)err_set_arg(&fault, FAULT_method_unknown, typed, "method %.40s", typed);
	else if (activation_method(r->w->db, &r->actor, &p.order.on, typed, &fault) == 0) {
		rc = wizard_see(r, &p.order.on, "key");
		goto out;
	}
	if (fault_here(r, &fault)) {
		page_add_error(r, &fault);
		rc = method_show(r, &p, typed, e);
	} else {
		rc = wizard_refused(r, &p, &fault, e);
	}
out:
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

/* --- key pair generation --- */

/* The request as text that can be shown again: PEM. */
static void csr_form_set(struct req *r, const struct csr *csr)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;

	if (b != NULL && PEM_write_bio(b, PEM_STRING_X509_REQ, "", csr->der, (long)csr->der_len) > 0 &&
	    BIO_write(b, "", 1) == 1 && BIO_get_mem_data(b, &text) > 0)
		page_set(r, "Form.csr", text);
	BIO_free(b);
}

static int key_show(struct req *r, const struct order_page *p, const char *typed, struct err *e)
{
	struct csr *csr = typed == NULL ? csr_saved(p) : NULL;

	if (csr != NULL) {
		csr_form_set(r, csr);
		show_csr(r, csr);
		show_fields(r, p);
	}
	page_set(r, "Form.csr", typed);
	page_set(r, "Form.method", p->order.method);
	page_set(r, "Page.browser", method_open(r, p, METHOD_BROWSER) ? "1" : "");
	csr_free(csr);
	return wizard_show(r, p, "activation_key", "key", e);
}

int page_activation_key(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = wizard_load(r, &p, WIZARD_KEY, e);

	if (rc == 0)
		rc = key_show(r, &p, NULL, e);
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

/* What was handed in: the pasted text, else the file. */
static const struct field *csr_field(const struct req *r)
{
	const struct field *text = form_find(&r->form, "csr"), *file = form_find(&r->form, "csr_file");

	if (text != NULL && strspn(text->value, " \t\r\n") == text->len)
		text = NULL;
	return text != NULL ? text : file;
}

int csr_take(struct req *r, const struct product *product, struct csr **out, bool *secret, struct err *e)
{
	static const struct key_hashes none;
	const struct field *f = csr_field(r);
	struct key_hashes pasted;
	struct err ignored;

	*secret = false;
	if (r->w->blocklist != NULL && blocklist_refresh(r->w->blocklist, e) == -1)
		return -1;
	if (csr_read(out, f == NULL ? "" : f->value, f == NULL ? 0 : f->len, &pasted, e) == -1) {
		*secret = e->fault == FAULT_csr_is_private_key;
		if (memcmp(&pasted, &none, sizeof(none)) != 0 &&
		    activation_key_pasted(r->w->db, &r->actor, &pasted, &ignored) == -1)
			*e = ignored;
		return -1;
	}
	if (csr_check(*out, product, r->w->blocklist, e) == 0 && activation_key_check(r->w->db, *out, e) == 0)
		return 0;
	csr_free(*out);
	*out = NULL;
	return -1;
}

int page_activation_key_post(struct req *r, struct err *e)
{
	const struct field *f = csr_field(r);
	struct order_page p;
	struct csr *csr = NULL;
	struct err fault, ignored;
	bool secret = false;
	int rc = wizard_load(r, &p, WIZARD_KEY, e);

	if (rc != 0)
		goto out;
	if (csr_take(r, p.product, &csr, &secret, &fault) == 0 &&
	    activation_key(r->w->db, &r->actor, &p.order.on, csr, &fault) == 0) {
		rc = wizard_see(r, &p.order.on, "summary");
		goto out;
	}
	if (strncmp(fault_code(fault.fault), "csr_", 4) == 0 &&
	    activation_csr_refused(r->w->db, &r->actor, &p.order.on, &fault, &ignored) == -1)
		fault = ignored;
	if (fault_here(r, &fault)) {
		page_add_error(r, &fault);
		rc = key_show(r, &p, secret || f == NULL || !utf8_valid(f->value, f->len) ? "" : f->value, e);
	} else {
		rc = wizard_refused(r, &p, &fault, e);
	}
out:
	csr_free(csr);
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

/* The verdict in JSON, for partners' programs. */
static void verdict_json(struct req *r, const struct csr *csr, const struct order_page *p)
{
	json_t *whole = json_object(), *fields = json_object();
	char hex[65], *text;

	hex_encode(hex, csr->spki_sha256, sizeof(csr->spki_sha256));
	if (whole != NULL && fields != NULL) {
		(void)json_object_set_new(whole, "verdict", json_string("Correct"));
		(void)json_object_set_new(whole, "key",
		    json_pack("{s:s, s:i, s:s}", "type", key_word(csr->type), "bits", csr->bits,
			"spki_sha256", hex));
		for (int i = 0; p != NULL && p->product != NULL && p->order.email != NULL && i < FIELD__MAX;
		     i++)
			if (p->product->fields[i] != FIELD_ABSENT)
				(void)json_object_set_new(fields, subject_field_word((enum subject_field)i),
				    json_string(p->order.email));
		(void)json_object_set(whole, "certificate", fields);
	}
	text = whole == NULL ? NULL : json_dumps(whole, JSON_COMPACT);
	buf_puts(&r->body, text == NULL ? "{}" : text);
	buf_puts(&r->body, "\n");
	(void)snprintf(r->type, sizeof(r->type), "application/json");
	free(text);
	json_decref(fields);
	json_decref(whole);
}

/* The order that a live check names, as "0000123456/b01" in the field `order`; p stays empty when there is
 * none. */
static int check_order_load(struct req *r, struct order_page *p, struct err *e)
{
	static char number[16];
	char *slash;

	memset(p, 0, sizeof(*p));
	(void)snprintf(number, sizeof(number), "%s", form_text(&r->form, "order"));
	slash = strchr(number, '/');
	if (slash == NULL) {
		if (r->actor.kind == ACTOR_KEY)
			return db_run(r->w->db, STMT_PARTNER_ME, &p->rows, e, DB_ARGS(P_PARTNER(r, "", 1)));
		return db_run(r->w->db, STMT_PAGE_ME, &p->rows, e, DB_ARGS(P_SECRET(&r->actor))) == 0
			   ? me_read(r, p->rows, e)
			   : -1;
	}
	*slash = '\0';
	r->params[0] = number;
	r->params[1] = slash + 1;
	return order_page_load(r, p, e);
}

int page_csr_check_post(struct req *r, struct err *e)
{
	struct order_page p;
	struct csr *csr = NULL;
	bool secret, fragment = !r->json;
	struct err fault;
	int rc = -1;

	if (check_order_load(r, &p, e) == -1)
		goto out;
	if (csr_take(r, p.product, &csr, &secret, &fault) == -1) {
		if (!fragment || fault_status(fault.fault) >= 500) {
			*e = fault;
			goto out;
		}
		page_add_error(r, &fault);
	} else if (!fragment) {
		verdict_json(r, csr, p.order.product == NULL ? NULL : &p);
		rc = 0;
		goto out;
	} else {
		show_csr(r, csr);
		if (p.order.product != NULL)
			show_fields(r, &p);
	}
	rc = page_show(r, "csr_verdict", e);
out:
	csr_free(csr);
	order_page_free(&p);
	return rc;
}

/* --- summary --- */

/* Form.summary: what the person sees named in one short text, so that a change in another tab is noticed. */
static void summary_set(struct req *r, const struct order_page *p)
{
	size_t len;
	const char *spki = db_bytes(p->rows, 0, "spki_sha256", &len);
	char hex[65];

	if (spki == NULL || len != 32)
		return;
	hex_encode(hex, spki, len);
	page_set(r, "Form.summary", hex);
}

static int summary_show(struct req *r, const struct order_page *p, struct err *e)
{
	struct csr *csr = csr_saved(p);

	show_fields(r, p);
	if (csr != NULL)
		show_csr(r, csr);
	csr_free(csr);
	summary_set(r, p);
	page_set(r, "Form.method", p->order.method);
	if (strcmp(form_text(&r->form, "accept_terms"), "yes") == 0)
		page_set(r, "Form.accept_terms", "yes");
	if (strcmp(form_text(&r->form, "accept_data"), "yes") == 0)
		page_set(r, "Form.accept_data", "yes");
	return wizard_show(r, p, "activation_summary", "summary", e);
}

int page_activation_summary(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = wizard_load(r, &p, WIZARD_SUMMARY, e);

	if (rc == 0)
		rc = summary_show(r, &p, e);
	order_page_free(&p);
	return rc == -1 ? -1 : 0;
}

/* Both statements, each with its own fault; how many are missing. *e is the first of them. */
static int statements_missing(struct req *r, struct err *e)
{
	static const struct {
		const char *field;
		enum fault fault;
	} statements[] = {
	    {"accept_terms", FAULT_accept_terms_missing}, {"accept_data", FAULT_accept_data_missing}};
	struct err fault;
	int missing = 0;

	for (size_t i = 0; i < 2; i++) {
		if (strcmp(form_text(&r->form, statements[i].field), "yes") == 0)
			continue;
		(void)err_set(&fault, statements[i].fault, "summary: %s not ticked", statements[i].field);
		page_add_error(r, &fault);
		if (missing++ == 0)
			*e = fault;
	}
	return missing;
}

int csr_saved_check(struct req *r, const struct order_page *p, struct err *e)
{
	struct csr *csr = csr_saved(p);
	int rc = csr == NULL ? 0 : activation_key_check(r->w->db, csr, e);

	csr_free(csr);
	return rc;
}

/* Submit what the summary showed, if its key was not blocked since it was handed in. */
static int summary_submit(struct req *r, const struct order_page *p, const unsigned char spki[32],
    long long *order_id, struct err *e)
{
	if (wizard_open(&p->order, WIZARD_SUMMARY) && csr_saved_check(r, p, e) == -1)
		return -1;
	return activation_submit(r->w->db, &r->actor, &p->order.on, spki, order_id, e);
}

int page_activation_summary_post(struct req *r, struct err *e)
{
	const char *shown = form_text(&r->form, "summary");
	unsigned char spki[32];
	struct order_page p;
	struct err fault;
	long long order_id;
	size_t len;
	int rc = -1;

	if (order_page_load(r, &p, e) == -1)
		goto out;
	/* A program may post without the summary's name; then what is saved counts. */
	if (*shown == '\0' && db_bytes(p.rows, 0, "spki_sha256", &len) != NULL && len == sizeof(spki))
		memcpy(spki, db_bytes(p.rows, 0, "spki_sha256", &len), sizeof(spki));
	else if (hex_decode(spki, sizeof(spki), shown) == -1)
		memset(spki, 0, sizeof(spki));
	if (wizard_open(&p.order, WIZARD_SUMMARY) && statements_missing(r, e) > 0) {
		rc = r->json ? -1 : summary_show(r, &p, e);
		goto out;
	}
	if (summary_submit(r, &p, spki, &order_id, &fault) == 0) {
		signer_nudge(r->w->conf, (uint64_t)order_id);
		rc = wizard_see(r, &p.order.on, "done");
	} else if (fault_here(r, &fault) && wizard_open(&p.order, WIZARD_SUMMARY)) {
		page_add_error(r, &fault);
		rc = summary_show(r, &p, e);
	} else {
		rc = wizard_refused(r, &p, &fault, e);
	}
out:
	order_page_free(&p);
	return rc;
}

int page_activation_done(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (order_page_load(r, &p, e) == 0) {
		if (p.order.activation == STEP_WAITING_FOR_VERIFICATION ||
		    p.order.activation == STEP_VERIFIED)
			rc = wizard_show(r, &p, "activation_done", "done", e);
		else if (p.order.activation_reason != NULL) /* refused meanwhile: the order says why */
			rc = req_see_other(r, "/certificates/%s/%s", p.order.on.number, p.order.on.item);
		else
			rc = wizard_go_on(r, &p.order);
	}
	order_page_free(&p);
	return rc;
}
