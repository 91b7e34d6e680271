/* cmd_ca.c - mailcertctl ca: the key ceremony, and what came out of it. */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/pki/ceremony.h"
#include "lib/pki/issuer.h"
#include "lib/pki/token.h"
#include "tools/mailcertctl/ca_place.h"

#define ARRIVAL_MAX (1 << 20) /* octets of a certificate or CRL from elsewhere */

/* --- the database --- */

/* Whether the database knows a CA of that name: 1 or 0; -1 with *e. */
static int issuer_known(struct db *db, const char *name, struct err *e)
{
	struct db_rows *rows = NULL;
	int known;

	if (db_run(db, STMT_ADMIN_ISSUER_COUNT, &rows, e, DB_ARGS(P_TEXT(name))) == -1)
		return -1;
	known = db_number(rows, 0, "count") > 0;
	db_rows_free(rows);
	return known;
}

/* The certificate's notAfter in the database's form. */
static int not_after_read(const unsigned char *der, size_t len, char out[20], struct err *e)
{
	const unsigned char *p = der;
	X509 *certificate = d2i_X509(NULL, &p, (long)len);
	struct tm tm;
	int rc = -1;

	if (certificate == NULL || p != der + len)
		(void)err_set(e, FAULT_config_invalid, "not a certificate in DER");
	else if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1 ||
		 strftime(out, 20, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)err_set(e, FAULT_config_invalid, "certificate without a readable notAfter");
	else
		rc = 0;
	X509_free(certificate);
	return rc;
}

/* Store the certificate that lies in Ca.Dir; parent NULL: a root. The same one again is fine. */
static int issuer_store(struct ctl *ctl, const char *name, const char *parent, struct err *e)
{
	char path[4096], not_after[20];
	unsigned char sha256[SHA256_DIGEST_LENGTH];
	char *der = NULL;
	size_t len;
	int rc = -1;

	(void)snprintf(path, sizeof(path), "%s/%s.cer", conf_text(ctl->conf, SET_CA_DIR), name);
	if (file_read(path, CA_CERTIFICATE_MAX, &der, &len, e) == -1)
		return -1;
	if (not_after_read((unsigned char *)der, len, not_after, e) == -1) {
		(void)err_context(e, "%s", path);
		goto out;
	}
	(void)SHA256((unsigned char *)der, len, sha256);
	rc = db_run(ctl->db, STMT_ADMIN_ISSUER_ADD, NULL, e,
	    DB_ARGS(P_TEXT(ctl->admin), P_TEXT(name), P_TEXT(parent), P_BYTES(der, len),
		P_BYTES(sha256, sizeof(sha256)), P_TEXT(not_after)));
out:
	free(der);
	return rc;
}

/* --- ceremony --- */

struct ceremony {
	const char *root, *name;
	struct ceremony_plan root_plan, plan;
	bool root_is_new;
};

/* Turn the options into two plans. */
static int ceremony_read(struct ctl *ctl, struct ceremony *c, struct err *e)
{
	enum ca_key kind;

	c->root = ctl_option_or(ctl, "root", ROOT_NAME);
	c->name = ctl_option_or(ctl, "name", conf_text(ctl->conf, SET_CA_ISSUER));
	if (key_kind_read(ctl, &kind, e) == -1 || root_plan_read(ctl, &c->root_plan, c->root, e) == -1 ||
	    issuing_plan_read(ctl, &c->plan, c->name, e) == -1)
		return -1;
	c->root_plan.key = c->plan.key = kind;
	c->plan.not_before = c->root_plan.not_before; /* never before its root */
	return 0;
}

/* What must hold before a key is made. */
static int ceremony_check(struct ctl *ctl, struct ceremony *c, struct err *e)
{
	int known;

	if (ca_name_check(c->root, e) == -1 || ca_name_check(c->name, e) == -1)
		return -1;
	if (strcmp(c->root, c->name) == 0)
		return ctl_usage(ctl, e, "--root and --name must differ");
	known = issuer_known(ctl->db, c->name, e);
	if (known > 0)
		return ctl_refuse(e, "there is a CA called %s already; nothing is ever replaced", c->name);
	if (known == 0)
		known = issuer_known(ctl->db, c->root, e);
	c->root_is_new = known == 0;
	return known == -1 ? -1 : 0;
}

static int ceremony_hold(
    struct ctl *ctl, const struct ceremony *c, const struct ceremony_place *place, struct err *e)
{
	if (c->root_is_new) {
		if (ceremony_root(place, &c->root_plan, e) == -1 ||
		    issuer_store(ctl, c->root, NULL, e) == -1 ||
		    ceremony_crl(place, c->root, c->root_plan.not_before, CRL_CA_MOST, e) == -1)
			return -1;
		ctl_note(ctl, "made the root %s", c->root);
	}
	if (ceremony_issuing(place, &c->plan, c->root, e) == -1 ||
	    issuer_store(ctl, c->name, c->root, e) == -1)
		return -1;
	ctl_note(ctl, "made the issuing CA %s", c->name);
	if (strcmp(c->name, conf_text(ctl->conf, SET_CA_ISSUER)) != 0)
		ctl_note(ctl, "the signer uses it once Ca.Issuer = %s", c->name);
	return 0;
}

static int run_init(struct ctl *ctl, struct err *e)
{
	struct ceremony c = {0};
	struct ceremony_place place;
	struct token *token = NULL;
	int rc = -1;

	if (ceremony_read(ctl, &c, e) == 0 && ceremony_check(ctl, &c, e) == 0 &&
	    place_open(&place, &token, ctl->conf, e) == 0)
		rc = ceremony_hold(ctl, &c, &place, e);
	place_close(token);
	return rc;
}

/* Read one file that a ceremony elsewhere gave. */
static int arrival_read(
    struct arrival *out, const char *folder, const char *name, const char *kind, struct err *e)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s.%s", folder, name, kind);
	return file_read(path, ARRIVAL_MAX, (char **)&out->der, &out->len, e);
}

static int arrivals_take(
    struct ctl *ctl, const char *folder, const char *root, const char *name, struct err *e)
{
	struct arrivals all = {0};
	struct ceremony_place place;
	struct token *token = NULL;
	int rc = -1;

	if (arrival_read(&all.root, folder, root, "cer", e) == 0 &&
	    arrival_read(&all.root_crl, folder, root, "crl", e) == 0 &&
	    arrival_read(&all.issuing, folder, name, "cer", e) == 0 &&
	    place_open(&place, &token, ctl->conf, e) == 0)
		rc = ceremony_take(&place, &all, root, name, time(NULL), e);
	place_close(token);
	/* Certificates are noted when they are stored (issuer_store); the CRL is published here. */
	if (rc == 0) {
		unsigned char sha256[SHA256_DIGEST_LENGTH];
		char hex[2 * sizeof(sha256) + 1];

		(void)SHA256(all.root_crl.der, all.root_crl.len, sha256);
		hex_encode(hex, sha256, sizeof(sha256));
		rc = ctl_audit(ctl, e, "root_crl_taken", "%s, SHA-256 of the CRL %s", root, hex);
	}
	free(all.root.der);
	free(all.root_crl.der);
	free(all.issuing.der);
	return rc;
}

static int run_register(struct ctl *ctl, struct err *e)
{
	const char *root = ctl_option_or(ctl, "root", ROOT_NAME), *from = ctl_option(ctl, "from");
	const char *name = ctl_option_or(ctl, "name", conf_text(ctl->conf, SET_CA_ISSUER));

	if (ca_name_check(root, e) == -1 || ca_name_check(name, e) == -1 ||
	    (from != NULL && arrivals_take(ctl, from, root, name, e) == -1) ||
	    issuer_store(ctl, root, NULL, e) == -1)
		return -1;
	return issuer_store(ctl, name, root, e);
}

static int run_crl(struct ctl *ctl, struct err *e)
{
	const char *root = ctl_option_or(ctl, "root", ROOT_NAME);
	struct ceremony_place place;
	struct token *token = NULL;
	int rc = -1;

	if (ca_name_check(root, e) == 0 && place_open(&place, &token, ctl->conf, e) == 0)
		rc = ceremony_crl(&place, root, time(NULL), CRL_CA_MOST, e);
	place_close(token);
	return rc;
}

/* --- show --- */

static int certificate_text(const char *der, size_t len, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der;
	X509 *certificate = d2i_X509(NULL, &p, (long)len);
	int rc = 0;

	if (certificate == NULL || X509_print_ex_fp(stdout, certificate, XN_FLAG_RFC2253, 0) != 1 ||
	    PEM_write_X509(stdout, certificate) != 1)
		rc = err_set(e, FAULT_internal, "a CA's certificate in the database cannot be printed");
	X509_free(certificate);
	return rc;
}

static int run_show(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL, *ders = NULL;
	int rc;

	rc = db_run(ctl->db, STMT_ADMIN_ISSUER_LIST, &rows, e, 0, NULL);
	if (rc == 0)
		rc = output_rows(ctl->form, rows, "certificates revoked", "", e);
	if (rc == 0 && ctl->form == OUTPUT_TABLE)
		rc = db_run(ctl->db, STMT_ADMIN_ISSUER_DERS, &ders, e, 0, NULL);
	for (size_t i = 0; rc == 0 && ders != NULL && i < db_rows_count(ders); i++) {
		size_t len;
		const char *der = db_bytes(ders, i, "certificate", &len);

		(void)printf("\n%s\n", db_text(ders, i, "name"));
		rc = certificate_text(der, len, e);
	}
	db_rows_free(rows);
	db_rows_free(ders);
	return rc;
}

static const struct option_row init_options[] = {
    {"key", "KIND", false, "p256 (default), p384 or rsa4096, for both"},
    {"name", "NAME", false, "of the issuing CA: files, addresses, token label (Ca.Issuer)"},
    {"root", "NAME", false, "of the root (root-1); one that is there already signs again"},
    {"common-name", "CN", false, "of the issuing CA"},
    {"root-common-name", "CN", false, "of the root"},
    {"organization", "O", false, "of both"},
    {"country", "C", false, "of both, two capital letters (PL)"},
    {"years", "N", false, "of 365 days the issuing CA lives (8)"},
    {"root-years", "N", false, "of 365 days the root lives (20)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row register_options[] = {
    {"name", "NAME", false, "of the issuing CA (Ca.Issuer)"},
    {"root", "NAME", false, "of its root (root-1)"},
    {"from", "FOLDER", false, "first take certificates and the root's CRL from there"},
    {NULL, NULL, false, NULL},
};
static const struct option_row crl_options[] = {
    {"root", "NAME", false, "of the root (root-1)"},
    {NULL, NULL, false, NULL},
};

const struct command ca_commands[] = {
    {"ca init", "", 0, 0, init_options, NEEDS_CONF | NEEDS_DB,
	"make a root and an issuing CA; replaces nothing", run_init},
    {"ca register", "", 0, 0, register_options, NEEDS_CONF | NEEDS_DB,
	"tell the database of certificates that lie in Ca.Dir or come from elsewhere", run_register},
    {"ca crl", "", 0, 0, crl_options, NEEDS_CONF, "sign and publish the root's CRL anew (lives 12 months)",
	run_crl},
    {"ca show", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB, "print the CAs and their certificates", run_show},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
