/* page_partner_bulk.c - many orders from one CSV file: checked whole first, errors by line, then all or
 * nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cgi/pages.h"
#include "lib/base/csv.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"
#include "lib/pki/address.h"
#include "lib/pki/product.h"

#define ROWS_MAX       "1000"
#define LINES_TOLD_MAX 50 /* wrong lines said at once */
#define FILES_SHOWN    10

/* Columns a file may have; the first three it must have. */
static const char *const columns[] = {
    "partner_ref", "product", "email", "customer_name", "language", "callback"};
#define COLUMNS        (sizeof(columns) / sizeof(columns[0]))
#define COLUMNS_WANTED 3

/* What is wrong with a line of the file. */
struct wrong {
	long line;
	struct err fault;
};

/* A file on its way. */
struct bulk {
	char *text; /* owned; cut by the reader */
	struct csv csv;
	json_t *rows;       /* owned; those that are good by themselves */
	struct wrong *told; /* owned; up to LINES_TOLD_MAX by each of the two checks */
	size_t told_count;
	long wrong; /* lines */
};

static void bulk_free(struct bulk *b)
{
	free(b->told);
	csv_free(&b->csv);
	free(b->text);
	json_decref(b->rows);
}

/* What was handed in: the chosen file, else the pasted text. */
static const struct field *bulk_field(const struct req *r)
{
	const struct field *file = form_find(&r->form, "csv_file"), *text = form_find(&r->form, "csv");

	return file != NULL && file->len > 0 ? file : text;
}

/* Does the heading name what is wanted, and nothing we do not know? */
static int heading_check(const struct csv *csv, struct err *e)
{
	for (size_t i = 0; i < COLUMNS_WANTED; i++) {
		bool found = false;

		for (unsigned c = 0; c < csv->columns; c++)
			found = found || strcmp(csv->cells[c], columns[i]) == 0;
		if (!found)
			return err_set_arg(
			    e, FAULT_bulk_column_missing, columns[i], "bulk: no column %s", columns[i]);
	}
	for (unsigned c = 0; c < csv->columns; c++) {
		bool known = false;

		for (size_t i = 0; i < COLUMNS; i++)
			known = known || strcmp(csv->cells[c], columns[i]) == 0;
		if (!known)
			return err_set_arg(
			    e, FAULT_bulk_column_unknown, csv->cells[c], "bulk: column %.60s", csv->cells[c]);
	}
	return 0;
}

static int table_read(struct bulk *b, const struct field *f, struct err *e)
{
	if (f == NULL || strspn(f->value, " \t\r\n") == f->len)
		return err_set(e, FAULT_bulk_missing, "bulk: nothing was handed in");
	if (!utf8_valid(f->value, f->len))
		return err_set_arg(e, FAULT_bulk_malformed, "1", "bulk: not UTF-8");
	b->text = strdup(f->value);
	if (b->text == NULL)
		return err_set(e, FAULT_busy, "bulk: out of memory");
	if (csv_read(&b->csv, b->text, e) == -1 || heading_check(&b->csv, e) == -1)
		return -1;
	if (b->csv.rows < 2)
		return err_set(e, FAULT_bulk_missing, "bulk: a heading alone");
	if (b->csv.rows - 1 > (size_t)strtol(ROWS_MAX, NULL, 10))
		return err_set_arg(e, FAULT_bulk_too_many, ROWS_MAX, "bulk: %zu rows", b->csv.rows - 1);
	return 0;
}

/* Does an earlier row have the same reference? */
static bool ref_twice(const struct csv *csv, size_t row, const char *ref)
{
	for (size_t i = 1; i < row; i++) {
		const char *earlier = csv_cell(csv, i, "partner_ref");

		if (earlier != NULL && strcmp(earlier, ref) == 0)
			return true;
	}
	return false;
}

/* Check one row; its canonical address goes to email. */
static int row_check(
    struct req *r, const struct csv *csv, size_t row, char email[ADDRESS_MAX + 1], struct err *e)
{
	const char *ref = csv_cell(csv, row, "partner_ref"), *product = csv_cell(csv, row, "product");
	const char *typed = csv_cell(csv, row, "email"), *name = csv_cell(csv, row, "customer_name");
	const char *language = csv_cell(csv, row, "language"), *callback = csv_cell(csv, row, "callback");

	if (ref == NULL)
		return err_set(e, FAULT_partner_ref_missing, "bulk: no partner_ref");
	if (!partner_ref_good(ref))
		return err_set(e, FAULT_partner_ref_invalid, "bulk: partner_ref of another form");
	if (ref_twice(csv, row, ref))
		return err_set_arg(e, FAULT_bulk_ref_twice, ref, "bulk: %.64s twice", ref);
	if (product == NULL)
		return err_set(e, FAULT_product_missing, "bulk: no product");
	if (product_find(r->w->products, product) == NULL)
		return err_set_arg(e, FAULT_product_unknown, product, "bulk: product %.60s", product);
	if (name != NULL && !customer_name_good(name))
		return err_set(e, FAULT_customer_name_invalid, "bulk: customer_name of another form");
	if (language != NULL && page_language_code(r->w->pages, language) == NULL)
		return err_set_arg(e, FAULT_language_unknown, language, "bulk: language %.20s", language);
	if (callback != NULL && !callback_url_good(callback))
		return err_set_arg(e, FAULT_callback_unknown, callback, "bulk: callback of another form");
	return address_read(email, typed == NULL ? "" : typed, e);
}

static void wrong_add(struct bulk *b, long line, const struct err *fault, bool tell)
{
	if (tell)
		b->told[b->told_count++] = (struct wrong){line, *fault};
	b->wrong++;
}

static int wrong_compare(const void *a, const void *b)
{
	const long x = ((const struct wrong *)a)->line, y = ((const struct wrong *)b)->line;

	return (x > y) - (x < y);
}

/* Line.N: what is wrong with the first wrong lines of the file. */
static void lines_set(struct req *r, struct bulk *b)
{
	char prefix[24], number[24];

	if (b->told_count > 0)
		qsort(b->told, b->told_count, sizeof(*b->told), wrong_compare);
	for (size_t i = 0; i < b->told_count && i < LINES_TOLD_MAX; i++) {
		const struct err *fault = &b->told[i].fault;

		(void)snprintf(prefix, sizeof(prefix), "Line.%zu", i);
		(void)snprintf(number, sizeof(number), "%ld", b->told[i].line);
		page_set_in(r, prefix, "number", number);
		page_set_in(r, prefix, "field", fault_field(fault->fault));
		page_set_fault(r, prefix, fault->fault, fault->arg);
	}
	if (b->wrong > LINES_TOLD_MAX)
		page_setf(r, "Bulk.untold", "%ld", b->wrong - LINES_TOLD_MAX);
}

static void row_take(struct req *r, struct bulk *b, size_t row, const char *email)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "line", json_integer(b->csv.lines[row]));
	(void)json_object_set_new(o, "ref", json_string(csv_cell(&b->csv, row, "partner_ref")));
	(void)json_object_set_new(o, "email", json_string(email));
	for (size_t i = 1; i < COLUMNS; i++) {
		const char *text = csv_cell(&b->csv, row, columns[i]);

		if (text != NULL && strcmp(columns[i], "language") == 0)
			text = page_language_code(r->w->pages, text);
		if (text != NULL && strcmp(columns[i], "email") != 0)
			(void)json_object_set_new(o, columns[i], json_string(text));
	}
	(void)json_array_append_new(b->rows, o);
}

/* Look at every row; those that are good are put together, those that are not are told. */
static int rows_check(struct req *r, struct bulk *b, struct err *e)
{
	char email[ADDRESS_MAX + 1];
	struct err fault;

	b->rows = json_array();
	b->told = calloc(2 * LINES_TOLD_MAX, sizeof(*b->told));
	if (b->rows == NULL || b->told == NULL)
		return err_set(e, FAULT_busy, "bulk: out of memory");
	for (size_t row = 1; row < b->csv.rows; row++) {
		if (row_check(r, &b->csv, row, email, &fault) == 0)
			row_take(r, b, row, email);
		else
			wrong_add(b, b->csv.lines[row], &fault, b->wrong < LINES_TOLD_MAX);
	}
	return 0;
}

/* What only the database knows: references that are taken by other orders, callback addresses that are not
 * registered. */
static int rows_check_known(struct req *r, struct bulk *b, struct err *e)
{
	char *text = json_dumps(b->rows, JSON_COMPACT);
	struct db_rows *rows = NULL;
	struct err fault;
	int rc;

	if (text == NULL)
		return err_set(e, FAULT_busy, "bulk: out of memory");
	rc = db_run(r->w->db, STMT_PARTNER_BULK_CHECK, &rows, e,
	    DB_ARGS(P_NUMBER(r->partner), P_TEXT(text), P_NUMBER(strtol(ROWS_MAX, NULL, 10))));
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)err_set_arg(&fault, fault_by_code(db_text(rows, i, "code")), db_text(rows, i, "arg"),
		    "bulk: line %" PRId64, db_number(rows, i, "line"));
		wrong_add(b, (long)db_number(rows, i, "line"), &fault, i < LINES_TOLD_MAX);
	}
	db_rows_free(rows);
	free(text);
	return rc;
}

/* Make all the orders, or none; *id names the file's page. */
static int bulk_make(struct req *r, const struct bulk *b, long *id, struct err *e)
{
	char *text = json_dumps(b->rows, JSON_COMPACT);
	struct db_rows *rows = NULL;
	int rc;

	if (text == NULL)
		return err_set(e, FAULT_busy, "bulk: out of memory");
	rc = db_run(r->w->db, STMT_PARTNER_BULK_ADD, &rows, e,
	    DB_ARGS(P_TEXT("session"), P_SECRET(&r->actor), P_TEXT("orders.csv"), P_TEXT(text),
		P_TEXT(r->actor.address)));
	if (rc == 0)
		*id = (long)db_number(rows, 0, "bulk");
	db_rows_free(rows);
	free(text);
	return rc;
}

/* File.N: what was ordered by file before, the newest first. */
static int files_set(struct req *r, struct err *e)
{
	static const char *const parts[] = {"made_at", "made_by", "count"};
	struct db_rows *rows = NULL;
	char prefix[16];

	if (db_run(r->w->db, STMT_PARTNER_BULKS, &rows, e,
		DB_ARGS(P_NUMBER(r->partner), P_NUMBER(FILES_SHOWN))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "File.%zu", i);
		page_set_in(r, prefix, "id", db_text(rows, i, "bulk_id"));
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
	}
	db_rows_free(rows);
	return 0;
}

static int bulk_show(struct req *r, struct bulk *b, struct err *e)
{
	const struct field *f = bulk_field(r);
	char prefix[16], name[24];

	if (files_set(r, e) == -1)
		return -1;

	for (size_t i = 0; i < COLUMNS; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Column.%zu", i);
		page_set_in(r, prefix, "name", columns[i]);
		page_set_in(r, prefix, "wanted", i < COLUMNS_WANTED ? "1" : "");
	}
	for (size_t i = 0; i < r->w->products->count; i++) {
		(void)snprintf(name, sizeof(name), "Product.%zu.id", i);
		page_set(r, name, r->w->products->list[i].id);
	}
	if (f != NULL && utf8_valid(f->value, f->len))
		page_set(r, "Form.csv", f->value);
	if (b != NULL && b->rows != NULL) {
		page_setf(r, "Bulk.good", "%zu", json_array_size(b->rows));
		page_setf(r, "Bulk.wrong", "%ld", b->wrong);
		lines_set(r, b);
	}
	page_set(r, "Page.path", "/partner/bulk");
	return page_show(r, "partner_bulk", e);
}

int page_partner_bulk(struct req *r, struct err *e)
{
	return partner_prove(r, "order", e) == -1 ? -1 : bulk_show(r, NULL, e);
}

int page_partner_bulk_post(struct req *r, struct err *e)
{
	const bool check_only = strcmp(form_text(&r->form, "action"), "check") == 0;
	struct bulk b = {0};
	struct err fault;
	long id = 0;
	int rc = -1;

	if (partner_prove(r, "order", e) == -1)
		return -1;
	if (table_read(&b, bulk_field(r), &fault) == -1 || rows_check(r, &b, &fault) == -1 ||
	    rows_check_known(r, &b, &fault) == -1) {
		if (fault_status(fault.fault) >= 500) {
			*e = fault;
			goto out;
		}
		page_add_error(r, &fault);
	} else if (b.wrong > 0) {
		r->status = 422;
	} else if (!check_only) {
		if (bulk_make(r, &b, &id, &fault) == 0) {
			rc = id == 0 ? req_see_other(r, "/partner/orders")
				     : req_see_other(r, "/partner/bulk/%ld", id);
			goto out;
		}
		/* Somebody was quicker since the check. */
		if (fault_status(fault.fault) >= 500 || rows_check_known(r, &b, e) == -1) {
			*e = fault;
			goto out;
		}
		if (b.wrong == 0)
			page_add_error(r, &fault);
		else
			r->status = 422;
	}
	rc = bulk_show(r, &b, e);
out:
	bulk_free(&b);
	return rc;
}

/* Whether an order in that state has got its certificate. */
static bool state_is_issued(const char *state)
{
	return strcmp(state, "issued") == 0 || strcmp(state, "expired") == 0 || strcmp(state, "revoked") == 0;
}

/* How far the orders of a file have come. */
int page_partner_bulk_one(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;
	int64_t id, total = 0, issued = 0;
	char prefix[16];
	int rc = -1;

	if (partner_prove(r, "read", e) == -1 || req_id(r, 0, &id, e) == -1 ||
	    db_run(r->w->db, STMT_PARTNER_BULK, &rows, e, DB_ARGS(P_NUMBER(r->partner), P_NUMBER(id))) == -1)
		goto out;
	if (db_rows_count(rows) == 0) {
		(void)err_set(e, FAULT_not_found, "no file %" PRId64 " of this partner", id);
		goto out;
	}
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Stage.%zu", i);
		page_set_in(r, prefix, "code", db_text(rows, i, "state"));
		page_set_in(r, prefix, "count", db_text(rows, i, "count"));
		total += db_number(rows, i, "count");
		if (state_is_issued(db_text(rows, i, "state")))
			issued += db_number(rows, i, "count");
	}
	page_setf(r, "Bulk.total", "%" PRId64, total);
	page_setf(r, "Bulk.issued", "%" PRId64, issued);
	page_setf(r, "Bulk.id", "%" PRId64, id);
	page_set(r, "Bulk.made_at", db_text(rows, 0, "made_at"));
	page_set(r, "Bulk.made_by", db_text(rows, 0, "made_by"));
	page_setf(r, "Page.path", "/partner/bulk/%" PRId64, id);
	rc = page_show(r, "partner_bulk_one", e);
out:
	db_rows_free(rows);
	return rc;
}
