/* page_partner_docs.c - what a partner's programmer reads, made from the tables that the code itself uses:
 * routes, fields of an order, products, faults. */
#include <stdio.h>
#include <string.h>

#include "cgi/pages.h"
#include "cgi/route.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/flow/callback.h"
#include "lib/flow/revocation.h"
#include "lib/pki/product.h"

/* Route.N: the addresses that take a key. */
static void routes_set(struct req *r)
{
	char prefix[24];
	int n = 0;

	for (size_t i = 0; i < routes_count; i++) {
		if ((routes[i].flags & R_KEY) == 0 || (routes[i].flags & R_LED) != 0)
			continue;
		(void)snprintf(prefix, sizeof(prefix), "Route.%d", n++);
		page_set_in(r, prefix, "method", routes[i].method == HTTP_POST ? "POST" : "GET");
		page_set_in(r, prefix, "path", routes[i].path);
	}
}

/* <prefix>.N: fields of a post. */
static void fields_set(struct req *r, const char *prefix, const struct partner_field *fields, size_t count)
{
	char name[48];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s.%zu", prefix, i);
		page_set_in(r, name, "name", fields[i].name);
		page_set_in(r, name, "mandatory", fields[i].mandatory ? "1" : "");
	}
}

/* Step.N: the posts of an order. */
static void steps_set(struct req *r)
{
	char prefix[24], fields[32];

	for (size_t i = 0; i < partner_steps_count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "Step.%zu", i);
		(void)snprintf(fields, sizeof(fields), "Step.%zu.field", i);
		page_set_in(r, prefix, "name", partner_steps[i].name);
		fields_set(r, fields, partner_steps[i].fields, partner_steps[i].fields_count);
	}
}

/* Told.N: the fields of a callback. */
static void callback_fields_set(struct req *r)
{
	char name[24];

	for (size_t i = 0; callback_field(i) != NULL; i++) {
		(void)snprintf(name, sizeof(name), "Told.%zu.name", i);
		page_set(r, name, callback_field(i));
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
		if (db_run(r->w->db, STMT_PAGE_ME, &rows, e, DB_ARGS(P_SECRET(&r->actor))) == -1)
			return -1;
		if (db_rows_count(rows) > 0 && me_read(r, rows, e) == -1) {
			db_rows_free(rows);
			return -1;
		}
		db_rows_free(rows);
	}
	page_set(r, "Doc.url", conf_text(r->w->conf, SET_WEB_BASE_URL));
	routes_set(r);
	fields_set(r, "Field", partner_order_fields, partner_order_fields_count);
	steps_set(r);
	callback_fields_set(r);
	products_set(r);
	faults_set(r);
	page_set(r, "Page.path", "/partner/documentation");
	return page_show(r, "partner_documentation", e);
}
