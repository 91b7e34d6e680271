/* page_certificate.c - step 5, certificate: downloads and self-service revocation. */
#include <stdio.h>
#include <string.h>

#include "cgi/pages.h"
#include "lib/db/db.h"
#include "lib/flow/revocation.h"
#include "lib/pki/bundle.h"

/* What can be downloaded: which certificates, in which form, under which name. */
enum file_part { PART_LEAF = 1, PART_ISSUER = 2, PART_ROOT = 4 };
enum file_form { FORM_PEM, FORM_DER, FORM_P7B };

static const struct download {
	const char *file; /* the last segment of the address */
	unsigned parts;
	enum file_form form;
	const char *type;
	const char *suffix; /* behind the stem, in the name the browser saves */
} downloads[] = {
    {"certificate.pem", PART_LEAF, FORM_PEM, "application/x-pem-file", ".pem"},
    {"certificate.cer", PART_LEAF, FORM_DER, "application/pkix-cert", ".cer"},
    {"certificate.der", PART_LEAF, FORM_DER, "application/pkix-cert", ".der"},
    {"chain.pem", PART_ISSUER | PART_ROOT, FORM_PEM, "application/x-pem-file", "_chain.pem"},
    {"issuer.pem", PART_ISSUER, FORM_PEM, "application/x-pem-file", "_issuer.pem"},
    {"root.pem", PART_ROOT, FORM_PEM, "application/x-pem-file", "_root.pem"},
    {"bundle.p7b", PART_LEAF | PART_ISSUER | PART_ROOT, FORM_P7B, "application/x-pkcs7-certificates", ".p7b"},
};

static const struct download *download_find(const char *file)
{
	for (size_t i = 0; i < sizeof(downloads) / sizeof(downloads[0]); i++)
		if (strcmp(downloads[i].file, file) == 0)
			return &downloads[i];
	return NULL;
}

/* Put the wanted certificates into out. */
static int download_build(struct buf *out, const struct download *d, const struct order_page *p,
    const struct db_rows *chain, struct err *e)
{
	struct bundle_item certificates[3] = {{NULL, 0}};
	size_t n = 0, len;
	const char *der;

	if ((d->parts & PART_LEAF) != 0 && (der = db_bytes(p->rows, 0, "der", &len)) != NULL)
		certificates[n++] = (struct bundle_item){(const unsigned char *)der, len};
	if ((d->parts & PART_ISSUER) != 0 && (der = db_bytes(chain, 0, "issuer", &len)) != NULL)
		certificates[n++] = (struct bundle_item){(const unsigned char *)der, len};
	if ((d->parts & PART_ROOT) != 0 && (der = db_bytes(chain, 0, "root", &len)) != NULL)
		certificates[n++] = (struct bundle_item){(const unsigned char *)der, len};
	if (n == 0)
		return err_set(e, FAULT_certificate_missing, "nothing to download as %s", d->file);
	if (d->form == FORM_DER) {
		buf_add(out, certificates[0].der, certificates[0].len);
		return 0;
	}
	return d->form == FORM_PEM ? bundle_pem(out, certificates, n, e)
				   : bundle_p7b(out, certificates, n, e);
}

int page_certificate_file(struct req *r, struct err *e)
{
	const struct download *d = download_find(r->params[2]);
	struct order_page p = {0};
	struct db_rows *chain = NULL;
	struct buf bytes = {0};
	char stem[FILE_NAME_ROOM], name[FILE_NAME_ROOM + 32];
	int rc = -1;

	if (d == NULL)
		return err_set(e, FAULT_not_found, "no download %.60s", r->params[2]);
	if (order_page_load(r, &p, e) == -1)
		goto out;
	/* Long after its end a certificate is cleared, and the address with it (sql/retention.sql). */
	if (!p.order.issued || p.order.email == NULL) {
		(void)err_set(e, FAULT_certificate_missing, "order %s/%s has no certificate",
		    p.order.on.number, p.order.on.item);
		goto out;
	}
	if (db_run(r->w->db, STMT_PAGE_CHAIN, &chain, e,
		DB_ARGS(P_NUMBER(db_number(p.rows, 0, "certificate_id")))) == -1 ||
	    download_build(&bytes, d, &p, chain, e) == -1)
		goto out;
	file_name_for(stem, p.order.email, (time_t)db_number(p.rows, 0, "issued_at"));
	(void)snprintf(name, sizeof(name), "%s%s", stem, d->suffix);
	rc = req_file(r, d->type, name, bytes.data, bytes.len);
out:
	buf_free(&bytes);
	db_rows_free(chain);
	order_page_free(&p);
	return rc;
}

/* --- revocation --- */

static int revoke_show(struct req *r, const struct order_page *p, struct err *e)
{
	char name[32];

	for (int i = 0; i < revocation_reasons_count; i++) {
		(void)snprintf(name, sizeof(name), "Reason.%d.id", i);
		page_set(r, name, revocation_reasons[i].word);
	}
	page_set(r, "Form.reason", form_text(&r->form, "reason"));
	if (strcmp(form_text(&r->form, "confirm"), "yes") == 0)
		page_set(r, "Form.confirm", "yes");
	show_order_page(r, p);
	page_setf(r, "Page.path", "/certificates/%s/%s/revoke", p->order.on.number, p->order.on.item);
	return page_show(r, "certificate_revoke", e);
}

/* Load an order that has a certificate. */
static int revoke_load(struct req *r, struct order_page *p, struct err *e)
{
	if (order_page_load(r, p, e) == -1)
		return -1;
	if (!p->order.issued)
		return err_set(e, FAULT_certificate_none_to_revoke, "order %s/%s has no certificate",
		    p->order.on.number, p->order.on.item);
	return 0;
}

int page_revoke(struct req *r, struct err *e)
{
	struct order_page p;
	int rc = -1;

	if (revoke_load(r, &p, e) == 0)
		rc = revoke_show(r, &p, e);
	order_page_free(&p);
	return rc;
}

int page_revoke_post(struct req *r, struct err *e)
{
	const char *reason = form_text(&r->form, "reason");
	struct order_page p;
	struct err fault;
	int wrong = 0, rc = -1;

	if (revoke_load(r, &p, e) == -1)
		goto out;
	if (revocation_reason_number(reason) == -1) {
		(void)err_set_arg(&fault,
		    *reason == '\0' ? FAULT_revocation_reason_missing : FAULT_revocation_reason_unknown,
		    reason, "revocation reason %.40s", reason);
		page_add_error(r, &fault);
		wrong++;
	}
	if (strcmp(form_text(&r->form, "confirm"), "yes") != 0) {
		(void)err_set(&fault, FAULT_revocation_confirm_missing, "revocation not confirmed");
		page_add_error(r, &fault);
		wrong++;
	}
	if (wrong > 0)
		rc = revoke_show(r, &p, e);
	else if (certificate_revoke(r->w->db, &r->actor, &p.order.on, revocation_reason_number(reason), e) ==
		 0)
		rc = req_see_other(r, "/certificates/%s/%s", p.order.on.number, p.order.on.item);
out:
	order_page_free(&p);
	return rc;
}
