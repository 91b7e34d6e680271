/* cmd_order.c - mailcertctl order: add, import, look at and cancel orders. */
#include "tools/mailcertctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/conf.h"
#include "lib/base/csv.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/pki/product.h"

#define ORDERS_MAX 10000 /* added at a time; sql ADMIN_ORDER_NUMBERS draws so many numbers at most */
#define IMPORT_MAX (8 * 1024 * 1024)
#define REF_MAX    64
#define NAME_MOST  200

/* One order as it was asked for; NULL: not said. Strings are borrowed. */
struct wanted {
	const char *account, *partner, *ref, *product, *customer_name, *language;
	unsigned line; /* of the file, 0: from options */
};

/* --- checks --- */

/* Say what is wrong with an order; the words begin with the line of the file. Always false. */
static bool __attribute__((format(printf, 2, 3))) wrong(const struct wanted *w, const char *fmt, ...)
{
	va_list ap;

	if (w->line > 0)
		(void)fprintf(stderr, "mailcertctl: line %u: ", w->line);
	else
		(void)fprintf(stderr, "mailcertctl: ");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return false;
}

static bool text_fits(const char *text, size_t most)
{
	if (text == NULL)
		return true;
	if (*text == '\0' || strlen(text) > most || !utf8_valid(text, strlen(text)))
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* What can be seen without the database. Says everything that is wrong. */
static bool wanted_check(const struct wanted *w, const struct products *products)
{
	bool ok = true;

	if ((w->account == NULL) == (w->partner == NULL))
		ok = wrong(w, "either an account or a partner is wanted");
	if (w->product == NULL || product_find(products, w->product) == NULL)
		ok = wrong(w, "there is no product \"%s\"", w->product == NULL ? "" : w->product);
	if (strcmp(w->language, "en") != 0 && strcmp(w->language, "pl") != 0)
		ok = wrong(w, "language \"%s\": en or pl is wanted", w->language);
	if (!text_fits(w->customer_name, NAME_MOST))
		ok =
		    wrong(w, "customer_name: 1 to 200 octets of UTF-8 without control characters are wanted");
	if (!text_fits(w->ref, REF_MAX))
		ok = wrong(w, "ref: 1 to 64 octets of UTF-8 without control characters are wanted");
	if (w->ref != NULL && w->partner == NULL)
		ok = wrong(w, "ref \"%s\" belongs to a partner's order", w->ref);
	return ok;
}

/* What only the database knows. 1: fits, 0: does not (said), -1: the database failed. */
static int wanted_known(struct db *db, const struct wanted *w, struct err *e)
{
	struct db_rows *rows = NULL;
	int fits = 1;

	if (db_run(db, STMT_ADMIN_ORDER_CHECK, &rows, e,
		DB_ARGS(P_TEXT(w->account), P_TEXT(w->partner), P_TEXT(w->partner), P_TEXT(w->ref))) == -1)
		return -1;
	if (w->account != NULL && db_number(rows, 0, "account") == 0)
		fits = wrong(w, "there is no customer's account \"%s\"", w->account);
	if (w->partner != NULL && db_number(rows, 0, "partner") == 0)
		fits = wrong(w, "there is no partner \"%s\"", w->partner);
	if (db_number(rows, 0, "ref") > 0)
		fits = wrong(w, "the partner has an order with ref \"%s\" already", w->ref);
	db_rows_free(rows);
	return fits;
}

static int ref_compare(const void *a, const void *b)
{
	const struct wanted *x = *(const struct wanted *const *)a, *y = *(const struct wanted *const *)b;
	int order = strcmp(x->partner, y->partner);

	if (order == 0)
		order = strcmp(x->ref, y->ref);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Whether no partner's ref stands twice in the file. 1: so; 0: said; -1: out of memory. */
static int refs_differ(const struct wanted *list, size_t count, struct err *e)
{
	const struct wanted **refs = calloc(count + 1, sizeof(const struct wanted *));
	size_t n = 0;
	int fits = 1;

	if (refs == NULL)
		return err_set(e, FAULT_busy, "import: out of memory");
	for (size_t i = 0; i < count; i++)
		if (list[i].ref != NULL && list[i].partner != NULL)
			refs[n++] = &list[i];
	qsort(refs, n, sizeof(const struct wanted *), ref_compare);
	for (size_t i = 1; i < n; i++)
		if (strcmp(refs[i - 1]->partner, refs[i]->partner) == 0 &&
		    strcmp(refs[i - 1]->ref, refs[i]->ref) == 0)
			fits = wrong(refs[i], "ref \"%s\" stands in an earlier line too", refs[i]->ref);
	free(refs);
	return fits;
}

static int orders_check(struct ctl *ctl, const struct wanted *list, size_t count, struct err *e)
{
	struct products *products = NULL;
	char path[4096];
	bool ok = true;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s/products.hdf", conf_text(ctl->conf, SET_HDF_DIR));
	if (*conf_text(ctl->conf, SET_PRODUCTS_FILE) != '\0')
		(void)snprintf(path, sizeof(path), "%s", conf_text(ctl->conf, SET_PRODUCTS_FILE));
	if (products_load(&products, path, e) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		ok = wanted_check(&list[i], products) && ok;
	products_free(products);
	rc = refs_differ(list, count, e);
	ok = ok && rc > 0;
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		rc = wanted_known(ctl->db, &list[i], e);
		ok = ok && rc > 0;
	}
	if (rc == -1)
		return -1;
	return ok ? 0 : ctl_refuse(e, "nothing was added");
}

/* --- adding --- */

static json_t *text_json(const char *text)
{
	return text == NULL ? json_null() : json_string(text);
}

/* The batch for admin_order_add: list[i] under the number in row i. NULL: out of memory. */
static char *batch_write(const struct wanted *list, size_t count, const struct db_rows *numbers)
{
	json_t *array = json_array(), *one;
	char *text;

	for (size_t i = 0; array != NULL && i < count; i++) {
		one = json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:s}", "number",
		    db_text(numbers, i, "number"), "account", text_json(list[i].account), "partner",
		    text_json(list[i].partner), "ref", text_json(list[i].ref), "product", list[i].product,
		    "customer_name", text_json(list[i].customer_name), "language", list[i].language);
		if (json_array_append_new(array, one) == -1) {
			json_decref(array);
			array = NULL;
		}
	}
	text = array == NULL ? NULL : json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return text;
}

static int numbers_show(struct ctl *ctl, const struct db_rows *numbers, struct err *e)
{
	if (ctl->form != OUTPUT_TABLE)
		return output_rows(ctl->form, numbers, "", "", e);
	for (size_t i = 0; i < db_rows_count(numbers); i++)
		(void)printf("%s\n", db_text(numbers, i, "order_number"));
	return fflush(stdout) == EOF ? err_errno(e, FAULT_internal, "standard output") : 0;
}

/* Add checked orders and print their numbers. The numbers are drawn first: a number that is drawn and not
 * used is no harm, but an order that is added twice would be. */
static int orders_add(struct ctl *ctl, const struct wanted *list, size_t count, struct err *e)
{
	struct db_rows *numbers = NULL;
	char *batch = NULL;
	int rc = -1;

	if (db_run(ctl->db, STMT_ADMIN_ORDER_NUMBERS, &numbers, e, DB_ARGS(P_NUMBER(count))) == -1)
		goto out;
	batch = batch_write(list, count, numbers);
	if (batch == NULL) {
		(void)err_set(e, FAULT_busy, "orders: out of memory");
		goto out;
	}
	if (db_run(ctl->db, STMT_ADMIN_ORDER_ADD, NULL, e, DB_ARGS(P_TEXT(ctl->admin), P_TEXT(batch))) == -1)
		goto out;
	rc = numbers_show(ctl, numbers, e);
out:
	free(batch);
	db_rows_free(numbers);
	return rc;
}

static int run_add(struct ctl *ctl, struct err *e)
{
	const struct wanted one = {
	    .account = ctl_option(ctl, "account"),
	    .partner = ctl_option(ctl, "partner"),
	    .ref = ctl_option(ctl, "ref"),
	    .product = ctl_option(ctl, "product"),
	    .customer_name = ctl_option(ctl, "customer-name"),
	    .language = ctl_option_or(ctl, "language", "en"),
	};
	struct wanted *list;
	long count;
	int rc;

	if (ctl_number(ctl, "count", 1, 1, ORDERS_MAX, &count, e) == -1)
		return -1;
	if ((one.account == NULL) == (one.partner == NULL))
		return ctl_usage(ctl, e, "either --account or --partner is needed");
	if (one.ref != NULL && count > 1)
		return ctl_usage(ctl, e, "--ref is one order's: not with --count");
	if (orders_check(ctl, &one, 1, e) == -1)
		return -1;
	list = calloc((size_t)count, sizeof(*list));
	if (list == NULL)
		return err_set(e, FAULT_busy, "orders: out of memory");
	for (long i = 0; i < count; i++)
		list[i] = one;
	rc = orders_add(ctl, list, (size_t)count, e);
	free(list);
	return rc;
}

/* --- importing --- */

static int heading_check(const struct csv *csv, struct err *e)
{
	static const char *const known[] = {
	    "account", "partner", "product", "customer_name", "language", "ref"};

	if (csv->rows == 0)
		return ctl_refuse(e, "the file is empty: a heading such as account,product is wanted");
	for (unsigned c = 0; c < csv->columns; c++) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found = found || strcmp(csv->cells[c], known[i]) == 0;
		for (unsigned other = 0; other < c; other++)
			found = found && strcmp(csv->cells[c], csv->cells[other]) != 0;
		if (!found)
			return ctl_refuse(e, "line %u: column \"%s\" is not known or stands twice",
			    csv->lines[0], csv->cells[c]);
	}
	if (csv->rows - 1 > ORDERS_MAX)
		return ctl_refuse(e, "%zu orders; a file may have %d", csv->rows - 1, ORDERS_MAX);
	return 0;
}

static int csv_import(struct ctl *ctl, const struct csv *csv, struct err *e)
{
	struct wanted *list;
	size_t count;
	int rc;

	if (heading_check(csv, e) == -1)
		return -1;
	count = csv->rows > 0 ? csv->rows - 1 : 0;
	list = calloc(count + 1, sizeof(*list));
	if (list == NULL)
		return err_set(e, FAULT_busy, "import: out of memory");
	for (size_t i = 0; i < count; i++) {
		const char *language = csv_cell(csv, i + 1, "language");

		list[i] = (struct wanted){
		    .account = csv_cell(csv, i + 1, "account"),
		    .partner = csv_cell(csv, i + 1, "partner"),
		    .ref = csv_cell(csv, i + 1, "ref"),
		    .product = csv_cell(csv, i + 1, "product"),
		    .customer_name = csv_cell(csv, i + 1, "customer_name"),
		    .language = language == NULL ? "en" : language,
		    .line = csv->lines[i + 1],
		};
	}
	rc = orders_check(ctl, list, count, e);
	if (rc == 0 && count > 0)
		rc = orders_add(ctl, list, count, e);
	free(list);
	return rc;
}

static int run_import(struct ctl *ctl, struct err *e)
{
	struct err fault = {0};
	struct csv csv = {0};
	char *text = NULL;
	size_t len;
	int rc = -1;

	if (file_read(ctl->args[0], IMPORT_MAX, &text, &len, e) == -1)
		return -1;
	if (!utf8_valid(text, len))
		(void)ctl_refuse(e, "%s: not UTF-8", ctl->args[0]);
	else if (csv_read(&csv, text, &fault) == 0)
		rc = csv_import(ctl, &csv, e);
	else
		(void)ctl_refuse(e, "%s", fault.log);
	csv_free(&csv);
	free(text);
	return rc;
}

/* --- looking, cancelling --- */

static int run_show(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL, *events = NULL;
	struct order_number on;
	int rc = -1;

	if (ctl_order(ctl, ctl->args[0], &on, e) == -1)
		return -1;
	if (db_run(ctl->db, STMT_ADMIN_ORDER_SHOW, &rows, e, DB_ARGS(P_TEXT(on.number), P_TEXT(on.item))) ==
	    -1)
		goto out;
	if (db_rows_count(rows) == 0) {
		(void)ctl_refuse(e, "there is no order %s/%s", on.number, on.item);
		goto out;
	}
	rc = output_record(ctl->form, rows, 0, "mail_attempts issuance_attempts key_bits", "", e);
	if (rc == -1 || ctl->form != OUTPUT_TABLE)
		goto out;
	rc =
	    db_run(ctl->db, STMT_ADMIN_ORDER_EVENTS, &events, e, DB_ARGS(P_TEXT(on.number), P_TEXT(on.item)));
	if (rc == 0) {
		(void)putchar('\n');
		rc = output_rows(ctl->form, events, "", "", e);
	}
out:
	db_rows_free(rows);
	db_rows_free(events);
	return rc;
}

static int run_list(struct ctl *ctl, struct err *e)
{
	const char *account = ctl_option(ctl, "account"), *partner = ctl_option(ctl, "partner"),
		   *status = ctl_option(ctl, "status");
	struct db_rows *rows = NULL;
	long limit;
	int rc;

	if (ctl_number(ctl, "limit", 50, 1, 1000000, &limit, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_ORDER_LIST, &rows, e,
	    DB_ARGS(P_TEXT(account), P_TEXT(account), P_TEXT(partner), P_TEXT(partner), P_TEXT(status),
		P_TEXT(status), P_NUMBER(limit)));
	if (rc == 0)
		rc = output_rows(ctl->form, rows, "", "", e);
	db_rows_free(rows);
	return rc;
}

static int run_cancel(struct ctl *ctl, struct err *e)
{
	struct order_number on;

	if (ctl_order(ctl, ctl->args[0], &on, e) == -1 ||
	    ctl_confirm(ctl, e, "The order %s/%s ends without a certificate.", on.number, on.item) == -1)
		return -1;
	return db_run(ctl->db, STMT_ADMIN_ORDER_CANCEL, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(on.number), P_TEXT(on.item), P_TEXT(ctl_option(ctl, "why"))));
}

static const struct option_row add_options[] = {
    {"account", "LOGIN", false, "the customer who gets the order"},
    {"partner", "PARTNER", false, "or the partner"},
    {"product", "ID", true, "what was bought, see hdf/products.hdf"},
    {"count", "N", false, "so many orders (1)"},
    {"ref", "REF", false, "the partner's own number for it"},
    {"customer-name", "NAME", false,
	"who asks, as the mailbox holder is told; else the account's or partner's name"},
    {"language", "LANGUAGE", false, "of the mails: en (default) or pl"},
    {NULL, NULL, false, NULL},
};
static const struct option_row list_options[] = {
    {"account", "LOGIN", false, "only this customer's"},
    {"partner", "PARTNER", false, "only this partner's"},
    {"status", "STATUS", false, "only in this state, as the column says it"},
    {"limit", "N", false, "so many, the newest first (50)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row cancel_options[] = {
    {"why", "WORDS", false, "kept in the audit event"},
    {NULL, NULL, false, NULL},
};

const struct command order_commands[] = {
    {"order add", "", 0, 0, add_options, NEEDS_CONF | NEEDS_DB, "add orders and print their numbers",
	run_add},
    {"order import", "FILE.csv", 1, 1, NULL, NEEDS_CONF | NEEDS_DB,
	"add the orders of a file, all or none (account or partner, product, customer_name, language, ref)",
	run_import},
    {"order show", "ORDER", 1, 1, NULL, NEEDS_CONF | NEEDS_DB | READS_PEOPLE,
	"show where an order stands and what happened", run_show},
    {"order list", "", 0, 0, list_options, NEEDS_CONF | NEEDS_DB | READS_PEOPLE,
	"list orders, the newest first", run_list},
    {"order cancel", "ORDER", 1, 1, cancel_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"end an order that has no certificate", run_cancel},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
