/* page_partner_new.c - the panel's wizard of a new order: product, details, e-mail address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/partner.h"
#include "lib/pki/product.h"

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

	if (db_run(r->w->db, STMT_PARTNER_ADDRESSES, &rows, e, DB_ARGS(P_NUMBER(r->partner))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
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
		(void)err_set_arg(&fault, *product == '\0' ? FAULT_product_missing : FAULT_product_unknown,
		    product, "new order: product");
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

/* Set name to the address of a page of the wizard, with all that was typed. */
static void new_address_set(struct req *r, const char *name, const struct form *form, int page)
{
	struct buf address = {0};

	buf_printf(&address, "/partner/orders/new?step=%d", page);
	for (size_t i = 0; i < sizeof(new_fields) / sizeof(new_fields[0]); i++) {
		if (*form_text(form, new_fields[i]) == '\0')
			continue;
		buf_printf(&address, "&%s=", new_fields[i]);
		url_encode(&address, form_text(form, new_fields[i]));
	}
	page_set(r, name, address.data);
	buf_free(&address);
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
	if (page > 1)
		new_address_set(r, "Page.back", form, page - 1);
	new_address_set(r, "Page.path", form, page);
	partner_products_set(r);
	page_setf(r, "Page.step", "%d", page);
	return page_show(r, "partner_new", e);
}

int page_partner_new(struct req *r, struct err *e)
{
	long wish = strtol(form_text(&r->query, "step"), NULL, 10);

	if (partner_prove(r, "order", e) == -1 || addresses_set(r, e) == -1)
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
