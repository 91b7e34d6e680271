/* page_data.c - what the service keeps of a person's account, as one file that they take along (ASVS 8.3.2).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/revocation.h"

/* A partner may have a million orders: so many a file, and of each thing that hangs on an order so many, the
 * newest first. */
#define ORDERS_A_FILE 100
#define ROWS_AN_ORDER 200

/* Columns in DER, told in PEM. */
static const struct pem_column {
	const char *name, *label;
} pem_columns[] = {
    {"activation.csr", PEM_STRING_X509_REQ},
    {"certificate.pem", PEM_STRING_X509},
};

static json_t *pem_json(const char *label, const char *der, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *text = NULL;
	char *bytes;
	long count;

	if (bio != NULL && PEM_write_bio(bio, label, "", (const unsigned char *)der, (long)len) > 0 &&
	    (count = BIO_get_mem_data(bio, &bytes)) > 0)
		text = json_stringn(bytes, (size_t)count);
	BIO_free(bio);
	return text;
}

/* A cell as JSON. NULL: there is nothing to tell, also where retention has emptied it. */
static json_t *cell_json(const struct db_rows *rows, size_t row, unsigned column)
{
	const char *name = db_column(rows, column), *text = db_cell(rows, row, column);

	if (text == NULL || db_cell_len(rows, row, column) == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(pem_columns) / sizeof(pem_columns[0]); i++)
		if (strcmp(name, pem_columns[i].name) == 0)
			return pem_json(pem_columns[i].label, text, db_cell_len(rows, row, column));
	if (strcmp(name, "certificate.revocation_reason") == 0)
		return json_string(revocation_reason_word((int)strtol(text, NULL, 10)));
	if (strcmp(name, "mine") == 0)
		return json_boolean(*text == '1');
	return db_column_is_number(rows, column) ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

/* A row as an object. The statements name its members: a column "mailbox.email" is the member email of the
 * member mailbox. Ids are the database's own, and the columns me_ are for me_read(). */
static json_t *row_json(const struct db_rows *rows, size_t row)
{
	json_t *whole = json_object();

	for (unsigned c = 0; c < db_columns_count(rows); c++) {
		const char *name = db_column(rows, c), *dot = strchr(name, '.');
		json_t *value, *part = whole;
		char group[32];

		if (strncmp(name, "me_", 3) == 0 || strstr(name, "_id") != NULL ||
		    (value = cell_json(rows, row, c)) == NULL)
			continue;
		if (dot != NULL) {
			(void)snprintf(group, sizeof(group), "%.*s", (int)(dot - name), name);
			part = json_object_get(whole, group);
			if (part == NULL && json_object_set_new(whole, group, json_object()) == 0)
				part = json_object_get(whole, group);
		}
		(void)json_object_set_new(part, dot == NULL ? name : dot + 1, value);
	}
	return whole;
}

static json_t *rows_json(const struct db_rows *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < db_rows_count(rows); i++)
		(void)json_array_append_new(list, row_json(rows, i));
	return list;
}

/* These lists are made for a page, "2026-11-22 14:03 UTC"; in JSON times are ISO 8601. */
static void times_iso(json_t *row)
{
	static const char *const names[] = {"created_at", "seen_at", "last_used_at"};
	char time[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *shown = json_string_value(json_object_get(row, names[i]));

		if (shown == NULL || strlen(shown) < 16)
			continue;
		(void)snprintf(time, sizeof(time), "%.10sT%.5sZ", shown, shown + 11);
		(void)json_object_set_new(row, names[i], json_string(time));
	}
}

/* Add a list of the account's: its sessions, its security keys. */
static int list_add(struct req *r, json_t *whole, const char *name, enum stmt stmt, struct err *e)
{
	struct db_rows *rows = NULL;
	json_t *list;

	if (db_run(r->w->db, stmt, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == -1)
		return -1;
	list = rows_json(rows);
	for (size_t i = 0; i < json_array_size(list); i++)
		times_iso(json_array_get(list, i));
	(void)json_object_set_new(whole, name, list);
	db_rows_free(rows);
	return 0;
}

/* What was there before an order was cleared names the mailbox: it is for auditors alone, as on the order's
 * page. */
static void history_end(json_t *events)
{
	bool cleared = false;
	size_t count = 0;

	while (count < json_array_size(events) && !cleared) {
		const char *event =
		    json_string_value(json_object_get(json_array_get(events, count++), "event"));

		cleared = event != NULL && strcmp(event, "order_cleared") == 0;
	}
	while (json_array_size(events) > count)
		(void)json_array_remove(events, count);
}

/* Add what hangs on an order: its mailboxes, mails and events. */
static int order_parts_add(struct req *r, json_t *order, int64_t id, struct err *e)
{
	static const struct part {
		const char *name;
		enum stmt stmt;
	} parts[] = {
	    {"mailboxes", STMT_DATA_MAILBOXES}, {"mails", STMT_DATA_MAILS}, {"history", STMT_DATA_HISTORY}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct db_rows *rows = NULL;
		json_t *list;

		if (db_run(r->w->db, parts[i].stmt, &rows, e,
			DB_ARGS(P_NUMBER(id), P_NUMBER(ROWS_AN_ORDER + 1))) == -1)
			return -1;
		list = rows_json(rows);
		if (db_rows_count(rows) > ROWS_AN_ORDER) {
			(void)json_array_remove(list, ROWS_AN_ORDER);
			(void)json_object_set_new(order, "cut", json_true());
		}
		if (parts[i].stmt == STMT_DATA_HISTORY)
			history_end(list);
		(void)json_object_set_new(order, parts[i].name, list);
		db_rows_free(rows);
	}
	return 0;
}

/* Add the orders before an id, the newest first: a customer's own, or those of the person's partner. */
static int orders_add(struct req *r, json_t *whole, const struct db_rows *me, int64_t before, struct err *e)
{
	const bool partner = !db_null(me, 0, "partner_id");
	const enum stmt stmt = partner ? STMT_DATA_PARTNER_ORDERS : STMT_DATA_ORDERS;
	json_t *list = json_array();
	struct db_rows *rows = NULL;
	char next[256];
	int rc;

	(void)json_object_set_new(whole, "orders", list);
	rc = db_run(r->w->db, stmt, &rows, e,
	    DB_ARGS(P_NUMBER(db_number(me, 0, partner ? "partner_id" : "me_id")), P_NUMBER(before),
		P_NUMBER(ORDERS_A_FILE + 1)));
	for (size_t i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		if (i == ORDERS_A_FILE) {
			(void)snprintf(next, sizeof(next), "%s/account/data?before=%s",
			    conf_text(r->w->conf, SET_WEB_BASE_URL), db_text(rows, i - 1, "order_id"));
			(void)json_object_set_new(whole, "next", json_string(next));
			(void)json_object_set_new(
			    whole, "next_says", json_string(page_word(r, "Words.account.data_more")));
			break;
		}
		(void)json_array_append_new(list, row_json(rows, i));
		rc = order_parts_add(r, json_array_get(list, i), db_number(rows, i, "order_id"), e);
	}
	db_rows_free(rows);
	return rc;
}

/* The answer as a file with a name, indented, since a person may look into it. */
static int data_answer(struct req *r, json_t *whole, struct err *e)
{
	char *text = json_dumps(whole, JSON_INDENT(1));
	int rc;

	if (text == NULL)
		return err_set(e, FAULT_busy, "account's data: out of memory");
	rc = req_file(r, "application/json", "account-data.json", text, strlen(text));
	free(text);
	return rc;
}

int page_account_data(struct req *r, struct err *e)
{
	const int64_t typed = strtoll(form_text(&r->query, "before"), NULL, 10);
	json_t *whole = json_object();
	struct db_rows *me = NULL;
	int rc = -1;

	if (db_run(r->w->db, STMT_DATA_ACCOUNT, &me, e, DB_ARGS(P_SECRET(&r->actor))) == 0 &&
	    me_read(r, me, e) == 0) {
		(void)json_object_set_new(whole, "made_at", json_string(db_text(me, 0, "me_now")));
		(void)json_object_set_new(
		    whole, "besides", json_string(page_word(r, "Words.account.data_besides")));
		(void)json_object_set_new(whole, "account", row_json(me, 0));
		if (list_add(r, whole, "sessions", STMT_SESSION_LIST, e) == 0 &&
		    list_add(r, whole, "security_keys", STMT_ACCOUNT_KEY_LIST, e) == 0 &&
		    orders_add(r, whole, me, typed > 0 ? typed : INT64_MAX, e) == 0)
			rc = data_answer(r, whole, e);
	}
	json_decref(whole);
	db_rows_free(me);
	return rc;
}
