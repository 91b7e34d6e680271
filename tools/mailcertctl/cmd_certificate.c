/* cmd_certificate.c - mailcertctl certificate: look at and revoke what was issued. */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/pki/crl.h"

/* CRLReason (RFC 5280 5.3.1) as far as SBR 7.2.2 and the table revocation take it. */
static const struct {
	const char *word;
	enum crl_reason reason;
} reasons[] = {
    {"unspecified", REASON_UNSPECIFIED},
    {"keyCompromise", REASON_KEY_COMPROMISE},
    {"affiliationChanged", REASON_AFFILIATION_CHANGED},
    {"superseded", REASON_SUPERSEDED},
    {"cessationOfOperation", REASON_CESSATION_OF_OPERATION},
    {"privilegeWithdrawn", REASON_PRIVILEGE_WITHDRAWN},
};

static int run_list(struct ctl *ctl, struct err *e)
{
	const char *account = ctl_option(ctl, "account"), *email = ctl_option(ctl, "email");
	const bool revoked = ctl_option(ctl, "revoked") != NULL;
	struct db_rows *rows = NULL;
	long days, limit;
	int rc;

	if (ctl_number(ctl, "expiring", 0, 1, 36500, &days, e) == -1 ||
	    ctl_number(ctl, "limit", 50, 1, 1000000, &limit, e) == -1)
		return -1;
	rc = db_run(ctl->db, STMT_ADMIN_CERTIFICATE_LIST, &rows, e,
	    DB_ARGS(P_TEXT(account), P_TEXT(account), P_TEXT(email), P_TEXT(email),
		days == 0 ? P_NULL() : P_NUMBER(days), P_NUMBER(days), P_NUMBER(revoked), P_NUMBER(limit)));
	if (rc == 0)
		rc = output_rows(ctl->form, rows, "", "", e);
	db_rows_free(rows);
	return rc;
}

/* Read the row of an order's certificate. */
static int certificate_row(
    struct ctl *ctl, const struct order_number *on, struct db_rows **rows, struct err *e)
{
	if (db_run(ctl->db, STMT_ADMIN_CERTIFICATE_SHOW, rows, e,
		DB_ARGS(P_TEXT(on->number), P_TEXT(on->item))) == -1)
		return -1;
	if (db_rows_count(*rows) > 0)
		return 0;
	db_rows_free(*rows);
	*rows = NULL;
	return ctl_refuse(e, "the order %s/%s has no certificate", on->number, on->item);
}

static int certificate_print(struct ctl *ctl, const struct order_number *on, bool pem, struct err *e)
{
	struct db_rows *rows = NULL;
	const unsigned char *p;
	X509 *certificate;
	size_t len;
	int ok;

	if (db_run(ctl->db, STMT_ADMIN_CERTIFICATE_DER, &rows, e,
		DB_ARGS(P_TEXT(on->number), P_TEXT(on->item))) == -1)
		return -1;
	p = db_rows_count(rows) == 0 ? NULL : (const unsigned char *)db_bytes(rows, 0, "der", &len);
	certificate = p == NULL ? NULL : d2i_X509(NULL, &p, (long)len);
	if (certificate == NULL)
		ok = 0;
	else if (pem)
		ok = PEM_write_X509(stdout, certificate);
	else
		ok = X509_print_ex_fp(stdout, certificate, XN_FLAG_RFC2253, 0);
	X509_free(certificate);
	db_rows_free(rows);
	return ok == 1 ? 0
		       : err_set(e, FAULT_internal, "the certificate of %s/%s cannot be printed", on->number,
			     on->item);
}

static int run_show(struct ctl *ctl, struct err *e)
{
	const bool pem = ctl_option(ctl, "pem") != NULL, text = ctl_option(ctl, "text") != NULL;
	struct db_rows *rows = NULL;
	struct order_number on;
	int rc;

	if (ctl_order(ctl, ctl->args[0], &on, e) == -1 || certificate_row(ctl, &on, &rows, e) == -1)
		return -1;
	if (pem || text)
		rc = certificate_print(ctl, &on, pem, e);
	else
		rc = output_record(ctl->form, rows, 0, "", "", e);
	db_rows_free(rows);
	return rc;
}

static int reason_read(struct ctl *ctl, enum crl_reason *out, struct err *e)
{
	const char *word = ctl_option(ctl, "reason");

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(word, reasons[i].word) == 0) {
			*out = reasons[i].reason;
			return 0;
		}
	return ctl_usage(ctl, e,
	    "--reason is unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or "
	    "privilegeWithdrawn");
}

static int run_revoke(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	enum crl_reason reason = REASON_UNSPECIFIED;
	struct order_number on;
	char received[20];
	int rc;

	if (ctl_order(ctl, ctl->args[0], &on, e) == -1 || reason_read(ctl, &reason, e) == -1 ||
	    ctl_past(ctl, "received", received, e) == -1 || certificate_row(ctl, &on, &rows, e) == -1)
		return -1;
	rc = ctl_confirm(ctl, e, "The certificate of %s/%s for %s is revoked for good.", on.number, on.item,
	    db_text(rows, 0, "email"));
	db_rows_free(rows);
	rows = NULL;
	if (rc == 0)
		rc = db_run(ctl->db, STMT_ADMIN_CERTIFICATE_REVOKE, &rows, e,
		    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(on.number), P_TEXT(on.item), P_NUMBER(reason),
			P_TEXT(*received == '\0' ? NULL : received)));
	if (rc == 0)
		rc = output_record(ctl->form, rows, 0, "", "", e);
	db_rows_free(rows);
	return rc;
}

static const struct option_row list_options[] = {
    {"account", "LOGIN", false, "only this customer's"},
    {"email", "ADDRESS", false, "only for this mailbox"},
    {"expiring", "DAYS", false, "only those that are valid and end within so many days"},
    {"revoked", NULL, false, "only revoked ones"},
    {"limit", "N", false, "so many, the newest first (50)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row show_options[] = {
    {"pem", NULL, false, "print the certificate itself"},
    {"text", NULL, false, "print what stands in it"},
    {NULL, NULL, false, NULL},
};
static const struct option_row revoke_options[] = {
    {"reason", "REASON", true,
	"unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation, "
	"privilegeWithdrawn"},
    {"received", "TIME", false, "when the report arrived (now), such as 2026-11-22T14:03:00Z"},
    {NULL, NULL, false, NULL},
};

const struct command certificate_commands[] = {
    {"certificate list", "", 0, 0, list_options, NEEDS_CONF | NEEDS_DB | READS_PEOPLE,
	"list certificates, the newest first", run_list},
    {"certificate show", "ORDER", 1, 1, show_options, NEEDS_CONF | NEEDS_DB | READS_PEOPLE,
	"show the certificate of an order", run_show},
    {"certificate revoke", "ORDER", 1, 1, revoke_options, NEEDS_CONF | NEEDS_DB | NEEDS_YES,
	"revoke the certificate of an order; the signer publishes it within a minute", run_revoke},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
