/* page_order.c - step 1, order: the lists of orders, and one order with its two steps. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/pki/product.h"

#define ORDERS_A_PAGE 20
#define PAGES_MOST    1000
#define SEARCH_MAX    200
#define HISTORY_MOST  100 /* events shown */

int64_t page_before(const struct req *r)
{
	const char *typed = form_text(&r->query, "page");
	int64_t before = strtoll(typed, NULL, 10);

	return before > 0 ? before : INT64_MAX;
}

/* A page of a customer's list. Links say "2-57", the second page, which begins before order 57: so nothing is
 * shown twice or left out when orders come and go. The number alone counts from the newest. */
struct place {
	int64_t number, before, skip;
};

static struct place place_read(const struct req *r)
{
	const char *typed = form_text(&r->query, "page");
	struct place at = {.number = 1, .before = INT64_MAX};
	char *end;
	long number = strtol(typed, &end, 10);

	if (number < 1 || number > PAGES_MOST)
		return at;
	at.number = number;
	if (*end == '-')
		at.before = strtoll(end + 1, NULL, 10);
	else
		at.skip = (number - 1) * ORDERS_A_PAGE;
	return at;
}

/* Put the rows as List.N and the link to the next page; base is the address with its other parameters. */
static void list_set(struct req *r, const struct db_rows *rows, const char *base)
{
	const struct place at = place_read(r);
	struct order o;
	char prefix[32];

	for (size_t i = 0; i < db_rows_count(rows) && order_from_row(&o, rows, i); i++) {
		if (i == ORDERS_A_PAGE) {
			page_setf(r, "Paging.next", "%s%cpage=%" PRId64 "-%s", base,
			    strchr(base, '?') == NULL ? '?' : '&', at.number + 1,
			    db_text(rows, i - 1, "order_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "List.%zu", i);
		show_order(r, prefix, &o);
	}
	if (at.number > 1)
		page_set(r, "Paging.prev", base);
}

int page_products(struct req *r, struct err *e)
{
	const struct place at = place_read(r);
	struct db_rows *rows = NULL;
	int rc = -1;

	if (db_run(r->w->db, STMT_PAGE_ORDERS, &rows, e,
		DB_ARGS(P_NUMBER(at.before), P_SECRET(&r->actor), P_NUMBER(ORDERS_A_PAGE + 1),
		    P_NUMBER(at.skip))) == 0 &&
	    me_read_list(r, rows, e) == 0) {
		page_set(r, "Page.path", "/account/data-security-products");
		list_set(r, rows, "/account/data-security-products");
		rc = page_show(r, "products", e);
	}
	db_rows_free(rows);
	return rc;
}

void url_encode(struct buf *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			buf_add(out, text, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

void like_prefix(struct buf *out, const char *text)
{
	if (strncasecmp(text, "ORDER/", 6) == 0)
		text += 6;
	for (; *text != '\0'; text++) {
		if (strchr("%_\\", *text) != NULL)
			buf_puts(out, "\\");
		buf_add(out, text, 1);
	}
	buf_puts(out, "%");
}

void number_pattern(char out[NUMBER_LEN + 2], const char *typed)
{
	size_t digits;

	if (strncasecmp(typed, "ORDER/", 6) == 0)
		typed += 6;
	digits = strspn(typed, "0123456789");
	out[0] = '\0';
	if (digits == 0 || digits > NUMBER_LEN || (typed[digits] != '\0' && typed[digits] != '/'))
		return;
	if (*typed == '0')
		(void)snprintf(out, NUMBER_LEN + 2, "%.*s%%", (int)digits, typed);
	else
		(void)snprintf(out, NUMBER_LEN + 2, "%0*lld", NUMBER_LEN, strtoll(typed, NULL, 10));
}

static int orders_find(struct req *r, const char *q, const char *status, struct db_rows **rows, struct err *e)
{
	/* Numbers and addresses are ASCII: a search for anything else finds none, and must not be compared.
	 */
	const struct place at = place_read(r);
	char number[NUMBER_LEN + 2];
	struct buf like = {0};
	int rc;

	if (*q == '\0' && *status == '\0')
		return db_run(r->w->db, STMT_PAGE_ORDERS, rows, e,
		    DB_ARGS(P_NUMBER(at.before), P_SECRET(&r->actor), P_NUMBER(ORDERS_A_PAGE + 1),
			P_NUMBER(at.skip)));
	like_prefix(&like, q);
	number_pattern(number, q);
	rc = db_run(r->w->db, STMT_PAGE_ORDERS_FOUND, rows, e,
	    DB_ARGS(P_NUMBER(at.before), P_SECRET(&r->actor), P_TEXT(ascii_plain(q) ? like.data : ""),
		P_TEXT(number), P_TEXT(ascii_plain(q) ? like.data : ""), P_TEXT(status),
		P_NUMBER(ORDERS_A_PAGE + 1), P_NUMBER(at.skip)));
	buf_free(&like);
	return rc;
}

int page_certificates(struct req *r, struct err *e)
{
	char q[SEARCH_MAX + 1], status[64];
	struct db_rows *rows = NULL;
	struct buf base = {0};
	int rc = -1;

	(void)snprintf(
	    q, sizeof(q), "%s", form_text(&r->query, "q") + strspn(form_text(&r->query, "q"), " \t"));
	req_filter(r, "status", status, sizeof(status));
	if (!utf8_valid(q, strlen(q)) || q[strspn(q, " ")] == '\0')
		q[0] = '\0';
	buf_puts(&base, "/certificates?q=");
	url_encode(&base, q);
	buf_puts(&base, "&status=");
	url_encode(&base, status);
	if (base.failed) {
		(void)err_set(e, FAULT_busy, "certificates: out of memory");
		goto out;
	}
	if (orders_find(r, q, status, &rows, e) == -1 || me_read_list(r, rows, e) == -1)
		goto out;
	if (strcmp(r->me.kind, "partner") == 0) {
		rc = req_see_other(r, "/partner/orders");
	} else {
		page_set(r, "Form.q", q);
		page_set(r, "Form.status", status);
		page_set(
		    r, "Page.searched", *q != '\0' || *status != '\0' || place_read(r).number > 1 ? "1" : "");
		page_set(r, "Page.path", base.data);
		list_set(r, rows, base.data);
		rc = page_show(r, "certificates", e);
	}
out:
	buf_free(&base);
	db_rows_free(rows);
	return rc;
}

/* The fields that were chosen, "emailAddress,commonName", as History.N.field.M. */
static void history_fields(struct req *r, const char *prefix, const char *list)
{
	char name[48], word[32];
	int n = 0;

	for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
		(void)snprintf(name, sizeof(name), "field.%d", n++);
		(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(list, ","), list);
		page_set_in(r, prefix, name, word);
	}
}

/* What an event tells besides its name: codes and ids as people know them. */
static void history_detail(struct req *r, const char *prefix, const char *event, const char *detail)
{
	const struct product *product = product_find(r->w->products, detail);
	char code[48], key[48];
	enum fault fault;

	(void)snprintf(code, sizeof(code), "%.*s", (int)strcspn(detail, " "), detail);
	fault = fault_by_code(code);
	if (fault != FAULT_none) {
		page_set_fault(
		    r, prefix, fault, detail[strlen(code)] == ' ' ? detail + strlen(code) + 1 : "");
	} else if (strcmp(event, "method_saved") == 0) {
		page_set_in(r, prefix, "method", detail);
	} else if (strcmp(event, "fields_saved") == 0) {
		history_fields(r, prefix, detail);
	} else if (strcmp(event, "csr_saved") == 0) {
		key_shown(key, sizeof(key), code, (int)strtol(detail + strlen(code), NULL, 10));
		page_set_in(r, prefix, "detail", key);
	} else {
		page_set_in(r, prefix, "detail", product == NULL ? detail : product->name);
	}
}

/* An event of the history, in a row of a statement. */
struct event {
	int64_t id;
	size_t row;
};

static int event_newer(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return (x->id < y->id) - (x->id > y->id);
}

/* The events of the rows that people are told of, newest first; how many. */
static size_t events_sort(struct event events[HISTORY_MOST], const struct db_rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < db_rows_count(rows) && n < HISTORY_MOST; i++)
		if (!db_null(rows, i, "event_id") && strcmp(db_text(rows, i, "event"), "mail_dropped") != 0)
			events[n++] = (struct event){db_number(rows, i, "event_id"), i};
	qsort(events, n, sizeof(*events), event_newer);
	return n;
}

int history_set(struct req *r, const struct order_page *p, struct err *e)
{
	struct event events[HISTORY_MOST];
	struct db_rows *loaded = NULL;
	const struct db_rows *rows = p->rows;
	char prefix[32];
	size_t n;

	if (!p->history) {
		if (db_run(r->w->db, STMT_PAGE_HISTORY, &loaded, e,
			DB_ARGS(P_NUMBER(db_number(p->rows, 0, "order_id")), P_NUMBER(HISTORY_MOST))) == -1)
			return -1;
		rows = loaded;
	}
	n = events_sort(events, rows);
	for (size_t i = 0; i < n; i++) {
		const char *at = db_text(rows, events[i].row, "at"),
			   *event = db_text(rows, events[i].row, "event"),
			   *detail = db_text(rows, events[i].row, "detail");

		(void)snprintf(prefix, sizeof(prefix), "History.%zu", i);
		page_set_in(r, prefix, "at", at);
		page_set_in(r, prefix, "event", event);
		history_detail(r, prefix, event, detail == NULL ? "" : detail);
		/* What came before an order was cleared names the mailbox: it is for auditors alone. */
		if (strcmp(event, "order_cleared") == 0)
			break;
	}
	db_rows_free(loaded);
	return 0;
}

int page_order(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (order_history_load(r, &p, e) == -1)
		goto out;
	if (strcmp(r->me.kind, "partner") == 0) {
		rc = req_see_other(r, "/partner/orders/%s/%s", p.order.on.number, p.order.on.item);
	} else if (history_set(r, &p, e) == 0) {
		show_order_page(r, &p);
		page_setf(r, "Page.path", "/certificates/%s/%s", r->params[0], r->params[1]);
		rc = page_show(r, "order", e);
	}
out:
	order_page_free(&p);
	return rc;
}
