/* page_partner_panel.c - the partner's panel: dashboard, orders, one order, and the wizard of a new order. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/rand.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"
#include "lib/pki/product.h"

#define ORDERS_A_PAGE 20
#define ORDERS_IN_CSV 10000
#define SEARCH_MAX    200

/* Calm messages that come along as ?notice=. */
static void notice_set(struct req *r)
{
	static const char *const notices[] = {"mail_resent", "saved", "order_made"};
	const char *wish = form_text(&r->query, "notice");

	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (strcmp(wish, notices[i]) == 0)
			page_set(r, "Page.notice", wish);
}

/* --- dashboard --- */

/* Stage.N: how many orders stand where, in the order of their life. */
static int stages_set(struct req *r, struct err *e)
{
	static const char *const states[] = {"mailbox_waiting_for_data", "mailbox_waiting_for_verification",
	    "activation_waiting_for_data", "activation_waiting_for_verification", "issued", "expired",
	    "revoked", "cancelled"};
	struct db_rows *rows = NULL;
	long expiring = 0;
	char prefix[16];
	int n = 0;

	if (db_run(r->w->db, STMT_PARTNER_STATES, &rows, e, DB_ARGS(P_PARTNER(r, "read", 0))) == -1)
		return -1;
	for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
		for (size_t i = 0; i < db_rows_count(rows); i++) {
			if (strcmp(db_text(rows, i, "state"), states[s]) != 0)
				continue;
			(void)snprintf(prefix, sizeof(prefix), "Stage.%d", n++);
			page_set_in(r, prefix, "code", states[s]);
			page_set_in(r, prefix, "count", db_text(rows, i, "count"));
			expiring += db_number(rows, i, "expiring");
		}
	}
	page_setf(r, "Expiring.count", "%ld", expiring);
	db_rows_free(rows);
	return 0;
}

/* Volume.N: a month's orders and certificates. */
static int volumes_set(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	char prefix[16];

	if (db_run(r->w->db, STMT_PARTNER_VOLUMES, &rows, e, DB_ARGS(P_PARTNER(r, "read", 0))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Volume.%zu", i);
		page_set_in(r, prefix, "month", db_text(rows, i, "month"));
		page_set_in(r, prefix, "ordered", db_text(rows, i, "ordered"));
		page_set_in(r, prefix, "issued", db_text(rows, i, "issued"));
	}
	db_rows_free(rows);
	return 0;
}

/* An order of a list, with what only partners have. */
static void partner_row_set(struct req *r, const char *prefix, const struct db_rows *rows, size_t i)
{
	struct order o;

	if (!order_from_row(&o, rows, i))
		return;
	show_order(r, prefix, &o);
	page_set_in(r, prefix, "partner_ref", db_text(rows, i, "partner_ref"));
	page_set_in(r, prefix, "customer_name", o.customer_name);
}

/* List.N: orders with a problem, each with its sentence. */
static void problems_set(struct req *r, const struct db_rows *rows)
{
	char prefix[16];

	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "code"); i++) {
		const char *code = db_text(rows, i, "code");
		enum fault fault = fault_by_code(code);

		(void)snprintf(prefix, sizeof(prefix), "List.%zu", i);
		partner_row_set(r, prefix, rows, i);
		if (fault == FAULT_none && !db_null(rows, i, "activation_reason"))
			fault = fault_by_code(db_text(rows, i, "activation_reason"));
		if (fault != FAULT_none)
			page_set_fault(r, prefix, fault, db_text(rows, i, "activation_reason_arg"));
		page_set_in(r, prefix, "code", code);
		page_set_in(r, prefix, "at", db_text(rows, i, "at"));
	}
}

int page_partner_dashboard(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(r->w->db, STMT_PARTNER_NOTICES, &rows, e,
		DB_ARGS(P_PARTNER(r, "read", 1), P_TEXT("problems"))) == 0 &&
	    partner_me_read(r, rows, e) == 0 && stages_set(r, e) == 0 && volumes_set(r, e) == 0) {
		problems_set(r, rows);
		page_set(r, "Page.path", "/partner/dashboard");
		rc = page_show(r, "partner_dashboard", e);
	}
	db_rows_free(rows);
	return rc;
}

/* --- orders --- */

/* What the list is narrowed to; empty: nothing. */
struct filter {
	char q[SEARCH_MAX + 1], product[65], status[64];
	long bulk;
};

static void filter_read(struct req *r, struct filter *f)
{
	const char *q = form_text(&r->query, "q");

	memset(f, 0, sizeof(*f));
	(void)snprintf(f->q, sizeof(f->q), "%s", q + strspn(q, " \t"));
	if (!utf8_valid(f->q, strlen(f->q)))
		f->q[0] = '\0';
	(void)snprintf(f->product, sizeof(f->product), "%s", form_text(&r->query, "product"));
	(void)snprintf(f->status, sizeof(f->status), "%s", form_text(&r->query, "status"));
	f->bulk = strtol(form_text(&r->query, "bulk"), NULL, 10);
}

/* The filter as a query, for links: "q=…&product=…". */
static void filter_query(struct buf *out, const struct filter *f)
{
	buf_puts(out, "q=");
	url_encode(out, f->q);
	buf_puts(out, "&product=");
	url_encode(out, f->product);
	buf_puts(out, "&status=");
	url_encode(out, f->status);
	if (f->bulk > 0)
		buf_printf(out, "&bulk=%ld", f->bulk);
}

static int orders_find(
    struct req *r, const struct filter *f, int64_t before, long most, struct db_rows **rows, struct err *e)
{
	struct buf like = {0};
	int rc;

	like_prefix(&like, f->q);
	rc = db_run(r->w->db, STMT_PARTNER_ORDERS, rows, e,
	    DB_ARGS(P_PARTNER(r, "read", 1), P_NUMBER(before), P_TEXT(like.data), P_TEXT(like.data),
		P_TEXT(like.data), P_TEXT(like.data), P_TEXT(f->product), P_TEXT(f->status),
		P_NUMBER(f->bulk), P_NUMBER(most)));
	buf_free(&like);
	return rc;
}

/* Product.N: what is sold, for choices. */
static void products_set(struct req *r)
{
	char prefix[24];

	for (size_t i = 0; i < r->w->products->count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Product.%zu", i);
		page_set_in(r, prefix, "id", r->w->products->list[i].id);
		page_set_in(r, prefix, "name", r->w->products->list[i].name);
		page_set_in(r, prefix, "category", r->w->products->list[i].category);
	}
}

static int orders_show(struct req *r, const struct filter *f, const struct db_rows *rows, struct err *e)
{
	struct buf query = {0};
	char prefix[32];
	int rc;

	filter_query(&query, f);
	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "order_id"); i++) {
		if (i == ORDERS_A_PAGE) {
			page_setf(r, "Paging.next", "/partner/orders?%s&page=%s", query.data,
			    db_text(rows, i - 1, "order_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "List.%zu", i);
		partner_row_set(r, prefix, rows, i);
	}
	if (page_before(r) != INT64_MAX)
		page_setf(r, "Paging.prev", "/partner/orders?%s", query.data);
	page_setf(r, "Page.path", "/partner/orders?%s", query.data);
	page_setf(r, "Page.csv", "/partner/orders.csv?%s", query.data);
	page_set(r, "Form.q", f->q);
	page_set(r, "Form.product", f->product);
	page_set(r, "Form.status", f->status);
	page_set(r, "Page.searched",
	    *f->q != '\0' || *f->product != '\0' || *f->status != '\0' || f->bulk > 0 ||
		    page_before(r) != INT64_MAX
		? "1"
		: "");
	products_set(r);
	rc = query.failed ? err_set(e, FAULT_busy, "orders: out of memory")
			  : page_show(r, "partner_orders", e);
	buf_free(&query);
	return rc;
}

/* One order of the list in JSON; the whole of it is at its own address. */
static json_t *row_json(const struct db_rows *rows, size_t i)
{
	static const char *const parts[][2] = {{"partner_ref", "partner_ref"}, {"status", "state"},
	    {"product", "product"}, {"customer_name", "customer_name"}, {"email", "email"},
	    {"ordered_at", "ordered_iso"}, {"not_after", "not_after_iso"}, {"serial", "serial"}};
	json_t *row = json_object();
	char number[16];

	(void)snprintf(number, sizeof(number), "%s/%s", db_text(rows, i, "number"), db_text(rows, i, "item"));
	(void)json_object_set_new(row, "order", json_string(number));
	for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
		if (!db_null(rows, i, parts[c][1]))
			(void)json_object_set_new(
			    row, parts[c][0], json_string(db_text(rows, i, parts[c][1])));
	return row;
}

/* {"orders": […], "next": "address of the next page"} */
static int orders_json(struct req *r, const struct filter *f, const struct db_rows *rows, struct err *e)
{
	json_t *whole = json_object(), *list = json_array();
	struct buf next = {0};
	char *text;

	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "order_id"); i++) {
		if (i < ORDERS_A_PAGE) {
			(void)json_array_append_new(list, row_json(rows, i));
			continue;
		}
		buf_printf(&next, "%s/partner/orders?", conf_text(r->w->conf, SET_WEB_BASE_URL));
		filter_query(&next, f);
		buf_printf(&next, "&page=%s", db_text(rows, i - 1, "order_id"));
	}
	(void)json_object_set_new(whole, "orders", list);
	if (next.len > 0)
		(void)json_object_set_new(whole, "next", json_string(next.data));
	text = next.failed ? NULL : json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	buf_free(&next);
	if (text == NULL)
		return err_set(e, FAULT_busy, "orders: out of memory");
	buf_puts(&r->body, text);
	buf_puts(&r->body, "\n");
	(void)snprintf(r->type, sizeof(r->type), "application/json");
	free(text);
	return 0;
}

int page_partner_orders(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	struct filter f;
	int rc = -1;

	filter_read(r, &f);
	if (orders_find(r, &f, page_before(r), ORDERS_A_PAGE + 1, &rows, e) == 0 &&
	    partner_me_read(r, rows, e) == 0)
		rc = r->json ? orders_json(r, &f, rows, e) : orders_show(r, &f, rows, e);
	db_rows_free(rows);
	return rc;
}

/* One field of RFC 4180. What a spreadsheet would run as a formula is kept as text by an apostrophe. */
static void csv_field(struct buf *out, const char *text, bool last)
{
	const char *formula = text != NULL && *text != '\0' && strchr("=+-@\t\r", *text) != NULL ? "'" : "";

	buf_printf(out, "\"%s", formula);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"')
			buf_puts(out, "\"");
		buf_add(out, text, 1);
	}
	buf_puts(out, last ? "\"\r\n" : "\",");
}

static void csv_row(struct buf *out, const struct db_rows *rows, size_t i)
{
	static const char *const columns[] = {"partner_ref", "state", "product", "customer_name", "email",
	    "ordered_iso", "not_after_iso", "serial"};
	const size_t last = sizeof(columns) / sizeof(columns[0]) - 1;
	char number[16];

	(void)snprintf(number, sizeof(number), "%s/%s", db_text(rows, i, "number"), db_text(rows, i, "item"));
	csv_field(out, number, false);
	for (size_t c = 0; c <= last; c++)
		csv_field(out, db_text(rows, i, columns[c]), c == last);
}

int page_partner_orders_csv(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	struct buf out = {0};
	struct filter f;
	int rc = -1;

	filter_read(r, &f);
	if (orders_find(r, &f, INT64_MAX, ORDERS_IN_CSV, &rows, e) == -1 || partner_me_read(r, rows, e) == -1)
		goto out;
	buf_puts(
	    &out, "order,partner_ref,status,product,customer_name,email,ordered_at,not_after,serial\r\n");
	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "order_id"); i++)
		csv_row(&out, rows, i);
	rc = out.failed ? err_set(e, FAULT_busy, "orders.csv: out of memory")
			: req_file(r, "text/csv; charset=utf-8", "orders.csv", out.data, out.len);
out:
	buf_free(&out);
	db_rows_free(rows);
	return rc;
}

int partner_order_show(struct req *r, const struct order_page *p, struct err *e)
{
	const struct order *o = &p->order;
	const bool open = !o->cancelled && !o->issued;

	if (history_set(r, p->rows, e) == -1)
		return -1;
	show_order_page(r, p);
	page_setf(r, "Page.path", "/partner/orders/%s/%s", o->on.number, o->on.item);
	page_setf(r, "Order.panel", "/partner/orders/%s/%s", o->on.number, o->on.item);
	page_set(r, "Order.partner_ref", db_text(p->rows, 0, "partner_ref"));
	page_set(r, "Order.customer_name", o->customer_name);
	page_set(r, "Order.callback", db_text(p->rows, 0, "callback"));
	page_set(r, "Order.may_cancel", open ? "1" : "");
	page_set(r, "Order.may_resend", open && o->mailbox == STEP_WAITING_FOR_VERIFICATION ? "1" : "");
	page_set(r, "Order.may_email",
	    open && (o->mailbox == STEP_WAITING_FOR_DATA || o->mailbox == STEP_WAITING_FOR_VERIFICATION)
		? "1"
		: "");
	page_set(r, "Form.email", form_text(&r->form, "email"));
	notice_set(r);
	return page_show(r, "partner_order", e);
}

/* --- new order: product, details, e-mail address --- */

static const char *const new_fields[] = {
    "product", "partner_ref", "customer_name", "language", "callback", "email"};

/* A reference nobody has used, for people who have none of their own. */
static void ref_suggest(struct req *r)
{
	unsigned char octets[6];
	char hex[sizeof(octets) * 2 + 1];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return;
	hex_encode(hex, octets, sizeof(octets));
	page_setf(r, "Form.partner_ref", "panel-%s", hex);
}

/* Address.N: where callbacks may go. */
static int addresses_set(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	char prefix[24];

	if (db_run(r->w->db, STMT_PARTNER_ADDRESSES, &rows, e, DB_ARGS(P_PARTNER(r, "read", 0))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows) && !db_null(rows, i, "address_id"); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Address.%zu", i);
		page_set_in(r, prefix, "url", db_text(rows, i, "url"));
	}
	db_rows_free(rows);
	return 0;
}

/* The first page of the wizard whose fields are not good yet, at most the wished one; its fault on top if it
 * was left. */
static int new_page(struct req *r, const struct form *form, int wish)
{
	const char *product = form_text(form, "product"), *ref = form_text(form, "partner_ref");
	const char *name = form_text(form, "customer_name");
	struct err fault = {.fault = FAULT_none};

	if (wish >= 2 && product_find(r->w->products, product) == NULL) {
		(void)err_set_arg(&fault, FAULT_product_unknown, product, "new order: product");
		wish = 1;
	} else if (wish >= 3 && !partner_ref_good(ref)) {
		(void)err_set(&fault, *ref == '\0' ? FAULT_partner_ref_missing : FAULT_partner_ref_invalid,
		    "new order: reference");
		wish = 2;
	} else if (wish >= 3 && *name != '\0' && !customer_name_good(name)) {
		(void)err_set(&fault, FAULT_customer_name_invalid, "new order: customer");
		wish = 2;
	}
	if (fault.fault != FAULT_none)
		page_add_error(r, &fault);
	return wish;
}

/* Page.back: the wizard's page before, with all that was typed. */
static void new_back_set(struct req *r, const struct form *form, int page)
{
	struct buf back = {0};

	if (page < 2)
		return;
	buf_printf(&back, "/partner/orders/new?step=%d", page - 1);
	for (size_t i = 0; i < sizeof(new_fields) / sizeof(new_fields[0]); i++) {
		if (*form_text(form, new_fields[i]) == '\0')
			continue;
		buf_printf(&back, "&%s=", new_fields[i]);
		url_encode(&back, form_text(form, new_fields[i]));
	}
	page_set(r, "Page.back", back.data);
	buf_free(&back);
}

static int new_show(struct req *r, const struct form *form, int page, struct err *e)
{
	const struct product *product = product_find(r->w->products, form_text(form, "product"));
	char name[32];

	for (size_t i = 0; i < sizeof(new_fields) / sizeof(new_fields[0]); i++) {
		(void)snprintf(name, sizeof(name), "Form.%s", new_fields[i]);
		page_set(r, name, form_text(form, new_fields[i]));
	}
	if (product != NULL)
		page_set(r, "Form.product_name", product->name);
	if (*form_text(form, "partner_ref") == '\0' && page == 2 && r->status == 200)
		ref_suggest(r);
	new_back_set(r, form, page);
	products_set(r);
	page_setf(r, "Page.step", "%d", page);
	page_set(r, "Page.path", "/partner/orders/new");
	return page_show(r, "partner_new", e);
}

int page_partner_new(struct req *r, struct err *e)
{
	long wish = strtol(form_text(&r->query, "step"), NULL, 10);
	struct db_rows *rows = NULL;
	int rc = db_run(r->w->db, STMT_PARTNER_ME, &rows, e, DB_ARGS(P_PARTNER(r, "order", 1)));

	if (rc == 0)
		rc = partner_me_read(r, rows, e);
	db_rows_free(rows);
	if (rc == -1 || addresses_set(r, e) == -1)
		return -1;
	return new_show(r, &r->query, new_page(r, &r->query, wish < 1 || wish > 3 ? 1 : (int)wish), e);
}

int partner_new_again(struct req *r, const struct err *fault, struct err *e)
{
	const char *field = fault_field(fault->fault);
	int page = 3;

	if (strcmp(field, "product") == 0)
		page = 1;
	else if (strcmp(field, "email") != 0)
		page = 2;
	if (addresses_set(r, e) == -1)
		return -1;
	page_add_error(r, fault);
	return new_show(r, &r->form, page, e);
}
