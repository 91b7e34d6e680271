/* page_partner_orders.c - the panel's list of orders, as a page, in JSON and as CSV; and one order. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/base/csv.h"
#include "lib/db/db.h"
#include "lib/pki/product.h"

#define ORDERS_A_PAGE 20
#define ORDERS_IN_CSV 100000
#define CSV_AT_A_TIME 2000
#define SEARCH_MAX    200

/* --- one order of a list --- */

/* An order of a list, with what only partners have. */
void partner_row_set(struct req *r, const char *prefix, const struct db_rows *rows, size_t i)
{
	struct order o;

	if (!order_from_row(&o, rows, i))
		return;
	show_order(r, prefix, &o);
	page_set_in(r, prefix, "partner_ref", db_text(rows, i, "partner_ref"));
	page_set_in(r, prefix, "customer_name", o.customer_name);
}

json_t *partner_row_json(const struct db_rows *rows, size_t i)
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

/* --- what a list is narrowed to --- */

/* A status to choose: the state in the database, and the days from now between which the certificate ends; ""
 * is no bound. */
static const struct status {
	const char *word, *state, *after, *until;
} statuses[] = {
    {"mailbox_waiting_for_data", "mailbox_waiting_for_data", "", ""},
    {"mailbox_waiting_for_verification", "mailbox_waiting_for_verification", "", ""},
    {"activation_waiting_for_data", "activation_waiting_for_data", "", ""},
    {"activation_waiting_for_verification", "activation_waiting_for_verification", "", ""},
    {"issued", "issued", "0", ""},
    {"expiring", "issued", "0", "30"},
    {"expired", "issued", "", "0"},
    {"revoked", "revoked", "", ""},
    {"cancelled", "cancelled", "", ""},
};
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

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
	req_filter(r, "product", f->product, sizeof(f->product));
	req_filter(r, "status", f->status, sizeof(f->status));
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

static const struct status *status_find(const char *word)
{
	static const struct status any = {"", "", "", ""}, none = {"?", "?", "", ""};

	for (size_t i = 0; i < STATUSES; i++)
		if (strcmp(statuses[i].word, word) == 0)
			return &statuses[i];
	return *word == '\0' ? &any : &none;
}

/* The statement whose index reads least for a filter. */
static enum stmt filter_statement(const struct filter *f, const struct status *s)
{
	if (*f->q != '\0')
		return STMT_PARTNER_ORDERS_FOUND;
	if (f->bulk > 0)
		return STMT_PARTNER_ORDERS_OF_BULK;
	if (*s->until != '\0')
		return STMT_PARTNER_ORDERS_ENDING;
	if (*s->state != '\0')
		return STMT_PARTNER_ORDERS_IN_STATE;
	return *f->product != '\0' ? STMT_PARTNER_ORDERS_OF_PRODUCT : STMT_PARTNER_ORDERS;
}

/* Orders of the filter with ids smaller than before, newest first. */
static int orders_find(
    struct req *r, const struct filter *f, int64_t before, long most, struct db_rows **rows, struct err *e)
{
	const struct status *s = status_find(f->status);
	const char *after = *s->after == '\0' ? NULL : s->after, *until = *s->until == '\0' ? NULL : s->until;
	char number[NUMBER_LEN + 2];
	struct buf like = {0};
	/* References and addresses are ASCII: a search for anything else finds none, and must not be
	 * compared. */
	const char *ascii;
	int rc;

	number_pattern(number, f->q);
	like_prefix(&like, f->q);
	ascii = ascii_plain(f->q) ? like.data : "";
	rc = db_run(r->w->db, filter_statement(f, s), rows, e,
	    DB_ARGS(P_NUMBER(r->partner), P_NUMBER(before), P_TEXT(*f->q == '\0' ? NULL : "q"),
		P_TEXT(number), P_TEXT(ascii), P_TEXT(ascii), P_TEXT(like.data), P_TEXT(f->product),
		P_TEXT(f->product), P_TEXT(s->state), P_TEXT(s->state), P_TEXT(after), P_TEXT(after),
		P_TEXT(until), P_TEXT(until), P_NUMBER(f->bulk), P_NUMBER(f->bulk), P_NUMBER(most)));
	buf_free(&like);
	return rc;
}

/* --- as a page --- */

/* Product.N: what is sold, for choices. */
void partner_products_set(struct req *r)
{
	char prefix[24];

	for (size_t i = 0; i < r->w->products->count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Product.%zu", i);
		page_set_in(r, prefix, "id", r->w->products->list[i].id);
		page_set_in(r, prefix, "name", r->w->products->list[i].name);
		page_set_in(r, prefix, "category", r->w->products->list[i].category);
	}
}

/* Status.N: what may be chosen; two words of the list are of partners alone. */
static void statuses_set(struct req *r, const struct filter *f)
{
	char prefix[24];

	for (size_t i = 0; i < STATUSES; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Status.%zu", i);
		page_set_in(r, prefix, "id", statuses[i].word);
		page_set_in(r, prefix, "chosen", strcmp(statuses[i].word, f->status) == 0 ? "1" : "");
	}
}

static int orders_show(struct req *r, const struct filter *f, const struct db_rows *rows, struct err *e)
{
	const bool later = page_before(r) != INT64_MAX;
	struct buf query = {0};
	char prefix[32];
	int rc;

	filter_query(&query, f);
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		if (i == ORDERS_A_PAGE) {
			page_setf(r, "Paging.next", "/partner/orders?%s&page=%s", query.data,
			    db_text(rows, i - 1, "order_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "List.%zu", i);
		partner_row_set(r, prefix, rows, i);
	}
	if (later)
		page_setf(r, "Paging.prev", "/partner/orders?%s", query.data);
	page_setf(r, "Page.path", "/partner/orders?%s", query.data);
	page_setf(r, "Page.csv", "/partner/orders.csv?%s", query.data);
	page_set(r, "Form.q", f->q);
	page_set(r, "Form.product", f->product);
	if (f->bulk > 0)
		page_setf(r, "Form.bulk", "%ld", f->bulk);
	if (*f->q != '\0' || *f->product != '\0' || *f->status != '\0' || f->bulk > 0 || later)
		page_set(r, "Page.searched", "1");
	partner_products_set(r);
	statuses_set(r, f);
	rc = query.failed ? err_set(e, FAULT_busy, "orders: out of memory")
			  : page_show(r, "partner_orders", e);
	buf_free(&query);
	return rc;
}

/* {"orders": […], "next": "address of the next page"} */
static int orders_json(struct req *r, const struct filter *f, const struct db_rows *rows, struct err *e)
{
	json_t *whole = json_object(), *list = json_array();
	struct buf next = {0};

	for (size_t i = 0; i < db_rows_count(rows); i++) {
		if (i < ORDERS_A_PAGE) {
			(void)json_array_append_new(list, partner_row_json(rows, i));
			continue;
		}
		buf_printf(&next, "%s/partner/orders?", conf_text(r->w->conf, SET_WEB_BASE_URL));
		filter_query(&next, f);
		buf_printf(&next, "&page=%s", db_text(rows, i - 1, "order_id"));
	}
	(void)json_object_set_new(whole, "orders", list);
	if (next.len > 0)
		(void)json_object_set_new(whole, "next", json_string(next.data));
	buf_free(&next);
	return req_json(r, whole, e);
}

int page_partner_orders(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	struct filter f;
	int rc = -1;

	filter_read(r, &f);
	if (partner_prove(r, "read", e) == 0 &&
	    orders_find(r, &f, page_before(r), ORDERS_A_PAGE + 1, &rows, e) == 0)
		rc = r->json ? orders_json(r, &f, rows, e) : orders_show(r, &f, rows, e);
	db_rows_free(rows);
	return rc;
}

/* --- as CSV --- */

/* The columns of orders.csv, each with the column of the row it comes from. */
static const struct csv_column {
	const char *name, *from;
} csv_columns[] = {{"order", NULL}, {"partner_ref", "partner_ref"}, {"status", "state"},
    {"product", "product"}, {"customer_name", "customer_name"}, {"email", "email"},
    {"ordered_at", "ordered_iso"}, {"not_after", "not_after_iso"}, {"serial", "serial"}};
#define CSV_COLUMNS (sizeof(csv_columns) / sizeof(csv_columns[0]))

static void csv_heading_add(struct buf *out)
{
	const char *names[CSV_COLUMNS];

	for (size_t c = 0; c < CSV_COLUMNS; c++)
		names[c] = csv_columns[c].name;
	csv_add(out, CSV_SPREADSHEET, names, CSV_COLUMNS);
}

static void csv_order_add(struct buf *out, const struct db_rows *rows, size_t i)
{
	const char *fields[CSV_COLUMNS];
	char number[16];

	(void)snprintf(number, sizeof(number), "%s/%s", db_text(rows, i, "number"), db_text(rows, i, "item"));
	for (size_t c = 0; c < CSV_COLUMNS; c++)
		fields[c] = csv_columns[c].from == NULL ? number : db_text(rows, i, csv_columns[c].from);
	csv_add(out, CSV_SPREADSHEET, fields, CSV_COLUMNS);
}

/* Add up to ORDERS_IN_CSV orders, some at a time, so that none of the statements takes long. *before: the id
 * that the next one ends before; 0 when all are there. */
static int csv_orders_add(
    struct req *r, const struct filter *f, struct buf *out, int64_t *before, struct err *e)
{
	for (long left = ORDERS_IN_CSV; left > 0 && *before > 0; left -= CSV_AT_A_TIME) {
		struct db_rows *rows = NULL;
		size_t count;

		if (orders_find(r, f, *before, CSV_AT_A_TIME, &rows, e) == -1)
			return -1;
		count = db_rows_count(rows);
		for (size_t i = 0; i < count; i++)
			csv_order_add(out, rows, i);
		*before = count < CSV_AT_A_TIME ? 0 : db_number(rows, count - 1, "order_id");
		db_rows_free(rows);
	}
	return out->failed ? err_set(e, FAULT_busy, "orders.csv: out of memory") : 0;
}

int page_partner_orders_csv(struct req *r, struct err *e)
{
	int64_t before = page_before(r);
	struct buf out = {0}, query = {0};
	struct filter f;
	int rc = -1;

	filter_read(r, &f);
	csv_heading_add(&out);
	filter_query(&query, &f);
	if (partner_prove(r, "read", e) == 0 && csv_orders_add(r, &f, &out, &before, e) == 0)
		rc = req_file(r, "text/csv; charset=utf-8", "orders.csv", out.data, out.len);
	if (rc == 0 && before > 0) /* there is more: RFC 8288 */
		req_header(r, "Link", "<%s/partner/orders.csv?%s&page=%" PRId64 ">; rel=\"next\"",
		    conf_text(r->w->conf, SET_WEB_BASE_URL), query.data, before);
	buf_free(&out);
	buf_free(&query);
	return rc;
}

/* --- one order --- */

/* Calm messages that come along as ?notice=. */
void partner_notice_set(struct req *r)
{
	static const char *const notices[] = {"mail_resent", "saved", "order_made", "callback_replayed"};
	const char *wish = form_text(&r->query, "notice");

	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (strcmp(wish, notices[i]) == 0)
			page_set(r, "Page.notice", wish);
}

int partner_order_show(struct req *r, const struct order_page *p, struct err *e)
{
	const struct order *o = &p->order;
	char name[32];

	if (history_set(r, p, e) == -1)
		return -1;
	show_order_page(r, p);
	page_setf(r, "Page.path", "/partner/orders/%s/%s", o->on.number, o->on.item);
	page_setf(r, "Order.panel", "/partner/orders/%s/%s", o->on.number, o->on.item);
	page_set(r, "Order.partner_ref", db_text(p->rows, 0, "partner_ref"));
	page_set(r, "Order.customer_name", o->customer_name);
	page_set(r, "Order.callback", db_text(p->rows, 0, "callback"));
	for (size_t i = 0; i < partner_steps_count; i++) {
		(void)snprintf(name, sizeof(name), "Order.may_%s", partner_steps[i].name);
		page_set(r, name, partner_steps[i].open(o) ? "1" : "");
	}
	page_set(r, "Form.email", form_text(&r->form, "email"));
	partner_notice_set(r);
	return page_show(r, "partner_order", e);
}
