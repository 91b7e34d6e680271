/* page_partner_docs.c - what a partner's programmer reads, made from the tables that the code itself uses:
 * routes, fields of an order, products, faults. */
#include <stdio.h>
#include <string.h>

#include "cgi/pages.h"
#include "cgi/route.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/revocation.h"
#include "lib/pki/product.h"

/* Route.N: the addresses that take a key. */
static void routes_set(struct req *r)
{
	char prefix[24];
	int n = 0;

	for (size_t i = 0; i < routes_count; i++) {
		if ((routes[i].flags & R_KEY) == 0)
			continue;
		(void)snprintf(prefix, sizeof(prefix), "Route.%d", n++);
		page_set_in(r, prefix, "method", routes[i].method == METHOD_POST ? "POST" : "GET");
		page_set_in(r, prefix, "path", routes[i].path);
	}
}

static void fields_set(struct req *r)
{
	char prefix[24];

	for (size_t i = 0; i < partner_order_fields_count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Field.%zu", i);
		page_set_in(r, prefix, "name", partner_order_fields[i].name);
		page_set_in(r, prefix, "mandatory", partner_order_fields[i].mandatory ? "1" : "");
	}
}

static void products_set(struct req *r)
{
	char prefix[24];

	for (size_t i = 0; i < r->w->products->count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Product.%zu", i);
		page_set_in(r, prefix, "id", r->w->products->list[i].id);
		page_set_in(r, prefix, "name", r->w->products->list[i].name);
	}
	for (int i = 0; i < revocation_reasons_count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Reason.%d.id", i);
		page_set(r, prefix, revocation_reasons[i].word);
	}
}

/* Fault.N: every stable code with its status and sentence, {arg} as it stands in the words. */
static void faults_set(struct req *r)
{
	char prefix[24], status[16];

	for (int i = FAULT_none + 1; i < FAULT__MAX; i++) {
		if (i == FAULT_config_invalid || i == FAULT_command_refused)
			continue; /* never reach a visitor */
		(void)snprintf(prefix, sizeof(prefix), "Code.%d", i);
		(void)snprintf(status, sizeof(status), "%d", fault_status((enum fault)i));
		page_set_in(r, prefix, "status", status);
		page_set_in(r, prefix, "field", fault_field((enum fault)i));
		page_set_fault(r, prefix, (enum fault)i, "\xe2\x80\xa6");
	}
}

int page_partner_docs(struct req *r, struct err *e)
{
	struct db_rows *rows = NULL;

	/* For everybody; who is signed in keeps the menu. */
	if (r->actor.kind == ACTOR_SESSION) {
		if (db_run(r->w->db, STMT_PAGE_ME, &rows, e,
			DB_ARGS(P_BYTES(r->actor.secret, r->actor.secret_len))) == -1)
			return -1;
		if (db_rows_count(rows) > 0 && me_read(r, rows, e) == -1) {
			db_rows_free(rows);
			return -1;
		}
		db_rows_free(rows);
	}
	page_set(r, "Doc.url", conf_text(r->w->conf, SET_WEB_BASE_URL));
	routes_set(r);
	fields_set(r);
	products_set(r);
	faults_set(r);
	page_set(r, "Page.path", "/partner/documentation");
	return page_show(r, "partner_documentation", e);
}
