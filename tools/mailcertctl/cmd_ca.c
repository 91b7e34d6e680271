/* cmd_ca.c - mailcertctl ca: the key ceremony, and what came out of it. */
#include "tools/mailcertctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/bio.h>
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

#define YEAR      (365L * 86400)
#define YEARS_MAX 25 /* SBR 6.3.2 */
#define CA_BACKDATE \
	3600 /* seconds: a certificate issued at once starts before its making, and so must its CA */

/* --- the place --- */

/* Make the folder when it is missing; its parent must be there. */
static int folder_make(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) == -1 && errno != EEXIST)
		return err_errno(e, FAULT_config_invalid, "make folder %s", path);
	return 0;
}

/* Open the token when the configuration names one; *out is NULL when it does not. */
static int token_take(struct token **out, const struct conf *conf, struct err *e)
{
	char *pin = NULL;
	int rc;

	*out = NULL;
	if (*conf_text(conf, SET_CA_PKCS11_MODULE) == '\0')
		return 0;
	if (conf_secret(conf, SET_CA_PKCS11_PIN, &pin, e) == -1)
		return -1;
	if (pin == NULL)
		return err_set(e, FAULT_config_invalid, "Ca.Pkcs11.PinFile is wanted with Ca.Pkcs11.Module");
	rc = token_open(
	    out, conf_text(conf, SET_CA_PKCS11_MODULE), conf_text(conf, SET_CA_PKCS11_TOKEN), pin, e);
	secret_free(pin);
	return rc;
}

static int place_open(
    struct ceremony_place *place, struct token **token, const struct conf *conf, struct err *e)
{
	if (folder_make(conf_text(conf, SET_CA_DIR), 0700, e) == -1 ||
	    folder_make(conf_text(conf, SET_CA_PUBLIC_DIR), 0755, e) == -1 ||
	    token_take(token, conf, e) == -1)
		return -1;
	*place = (struct ceremony_place){
	    .dir = conf_text(conf, SET_CA_DIR),
	    .public_dir = conf_text(conf, SET_CA_PUBLIC_DIR),
	    .public_url = conf_text(conf, SET_CA_PUBLIC_URL),
	    .cps_url = conf_text(conf, SET_CA_CPS_URL),
	    .token = *token,
	};
	return 0;
}

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
	const char *organization = ctl_option_or(ctl, "organization", "mailcert demo"),
		   *key = ctl_option_or(ctl, "key", "p256");
	static const struct {
		const char *word;
		enum ca_key key;
	} keys[] = {{"p256", CA_KEY_P256}, {"p384", CA_KEY_P384}, {"rsa4096", CA_KEY_RSA4096}};
	const time_t now = time(NULL);
	enum ca_key kind = CA_KEY__MAX;
	long years, root_years;

	c->root = ctl_option_or(ctl, "root", "root-1");
	c->name = ctl_option_or(ctl, "name", conf_text(ctl->conf, SET_CA_ISSUER));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(key, keys[i].word) == 0)
			kind = keys[i].key;
	if (kind == CA_KEY__MAX)
		return ctl_usage(ctl, e, "--key is p256, p384 or rsa4096");
	if (ctl_number(ctl, "years", 8, 1, YEARS_MAX, &years, e) == -1 ||
	    ctl_number(ctl, "root-years", 20, 1, YEARS_MAX, &root_years, e) == -1)
		return -1;
	c->root_plan = (struct ceremony_plan){.name = c->root,
	    .organization = organization,
	    .common_name = ctl_option_or(ctl, "root-common-name", "mailcert demo root CA"),
	    .country = ctl_option_or(ctl, "country", "PL"),
	    .key = kind,
	    .not_before = now - CA_BACKDATE,
	    .validity = root_years * YEAR};
	c->plan = c->root_plan;
	c->plan.name = c->name;
	c->plan.common_name = ctl_option_or(ctl, "common-name", "mailcert demo issuing CA");
	c->plan.validity = years * YEAR;
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
		    ceremony_crl(place, c->root, c->root_plan.not_before, CRL_CA_MOST, NULL, NULL, e) == -1)
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
	token_close(token);
	return rc;
}

static int run_register(struct ctl *ctl, struct err *e)
{
	const char *root = ctl_option_or(ctl, "root", "root-1");
	const char *name = ctl_option_or(ctl, "name", conf_text(ctl->conf, SET_CA_ISSUER));

	if (ca_name_check(root, e) == -1 || ca_name_check(name, e) == -1 ||
	    issuer_store(ctl, root, NULL, e) == -1)
		return -1;
	return issuer_store(ctl, name, root, e);
}

static int run_crl(struct ctl *ctl, struct err *e)
{
	const char *root = ctl_option_or(ctl, "root", "root-1");
	struct ceremony_place place;
	struct token *token = NULL;
	int rc = -1;

	if (ca_name_check(root, e) == 0 && place_open(&place, &token, ctl->conf, e) == 0)
		rc = ceremony_crl(&place, root, time(NULL), CRL_CA_MOST, NULL, NULL, e);
	token_close(token);
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
	"tell the database of certificates that lie in Ca.Dir already", run_register},
    {"ca crl", "", 0, 0, crl_options, NEEDS_CONF, "sign and publish the root's CRL anew (lives 12 months)",
	run_crl},
    {"ca show", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB, "print the CAs and their certificates", run_show},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
