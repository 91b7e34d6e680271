/* facts.c - from outbox row to template; see facts.h. */
#include "tools/mailer/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ClearSilver/ClearSilver.h>
#include <idn2.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/flow/outbox.h"
#include "lib/mail/render.h"

/* Turn a ClearSilver error into ours, freeing it. Always -1. */
static int facts_neo(struct err *e, enum fault fault, NEOERR *ne, const char *what)
{
	STRING words;

	string_init(&words);
	nerr_error_string(ne, &words);
	(void)err_set(e, fault, "%s: %.400s", what, words.buf == NULL ? "failed" : words.buf);
	string_clear(&words);
	nerr_ignore(&ne);
	return -1;
}

int products_names_load(HDF **out, const struct conf *conf, struct err *e)
{
	const char *file = conf_text(conf, SET_PRODUCTS_FILE);
	char path[4096];
	NEOERR *ne;

	if (*file == '\0')
		(void)snprintf(path, sizeof(path), "%s/products.hdf", conf_text(conf, SET_HDF_DIR));
	else
		(void)snprintf(path, sizeof(path), "%s", file);
	*out = NULL;
	ne = hdf_init(out);
	if (ne == STATUS_OK)
		ne = hdf_read_file(*out, path);
	if (ne == STATUS_OK)
		return 0;
	hdf_destroy(out);
	return facts_neo(e, FAULT_config_invalid, ne, path);
}

static const char *product_name(HDF *products, const char *id)
{
	for (HDF *p = hdf_get_child(products, "Products"); p != NULL; p = hdf_obj_next(p))
		if (strcmp(hdf_get_value(p, "Id", ""), id) == 0)
			return hdf_get_value(p, "Name", (char *)(uintptr_t)id);
	return id; /* no longer sold: its id still says which */
}

void facts_file(char out[FACTS_FILE_MAX], const char *address)
{
	size_t n = 0;

	for (; *address != '\0' && *address != '@' && n + 1 < FACTS_FILE_MAX; address++) {
		const char *plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

		out[n++] = strchr(plain, *address) != NULL ? *address : '-';
	}
	out[n] = '\0';
}

int facts_pem(struct buf *out, const void *der, size_t len, struct err *e)
{
	const unsigned char *at = der, *end = at + len;
	BIO *pem = BIO_new(BIO_s_mem());
	int rc = -1;
	long written;
	char *bytes;

	(void)err_set(e, FAULT_internal, "certificate of a mail: not readable");
	while (pem != NULL && at != NULL && at < end) {
		X509 *cert = d2i_X509(NULL, &at, end - at);
		int good = cert != NULL && PEM_write_bio_X509(pem, cert) == 1;

		X509_free(cert);
		if (!good)
			goto out;
	}
	written = pem == NULL ? 0 : BIO_get_mem_data(pem, &bytes);
	if (written > 0) {
		buf_add(out, bytes, (size_t)written);
		rc = 0;
	}
out:
	ERR_clear_error();
	BIO_free(pem);
	return rc;
}

/* The tree under construction; the first error stays, later calls do nothing. */
struct facts {
	HDF *hdf;
	const char *value;
	time_t expires_at;
	NEOERR *ne;
};

static void fact_set(struct facts *f, const char *name, const char *value)
{
	if (f->ne == STATUS_OK && value != NULL && *value != '\0')
		f->ne = hdf_set_value(f->hdf, name, value);
}

static void fact_time(struct facts *f, const char *name, time_t when)
{
	char text[32];
	struct tm tm;

	if (when == 0)
		return;
	(void)gmtime_r(&when, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
	fact_set(f, name, text);
}

static void fact_href(
    struct facts *f, const char *name, const struct conf *conf, const char *path, const char *last)
{
	char href[1024];

	(void)snprintf(href, sizeof(href), "%s%s%s", conf_text(conf, SET_WEB_BASE_URL), path, last);
	fact_set(f, name, href);
}

/* The address with its domain as people write it, when that is not how it is spelled already. */
static void fact_address_shown(struct facts *f, const char *address)
{
	const char *at = strchr(address, '@');
	char *domain = NULL, shown[1024];

	if (at == NULL || idn2_to_unicode_8z8z(at + 1, &domain, 0) != IDN2_OK)
		return;
	if (strcmp(domain, at + 1) != 0) {
		(void)snprintf(shown, sizeof(shown), "%.*s%s", (int)(at + 1 - address), address, domain);
		fact_set(f, "Mail.address_shown", shown);
	}
	idn2_free(domain);
}

static void fact_asn1_time(struct facts *f, const char *name, const ASN1_TIME *when)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(when, &tm) == 1)
		fact_time(f, name, timegm(&tm));
}

static void fact_fingerprint(struct facts *f, const X509 *cert)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[3 * EVP_MAX_MD_SIZE] = "";
	unsigned len = 0;

	if (X509_digest(cert, EVP_sha256(), hash, &len) != 1)
		return;
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(text + 3 * (size_t)i, 4, "%02X%s", hash[i], i + 1 < len ? ":" : "");
	fact_set(f, "Mail.fingerprint", text);
}

static void fact_serial(struct facts *f, const X509 *cert)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	char text[129] = "";

	if (ASN1_STRING_length(serial) <= 64)
		hex_encode(text, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	fact_set(f, "Mail.serial", text);
}

static void fact_issuer(struct facts *f, const X509 *cert)
{
	BIO *out = BIO_new(BIO_s_mem());
	char text[512] = "";

	if (out != NULL && X509_NAME_print_ex(out, X509_get_issuer_name(cert), 0,
			       XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) > 0)
		(void)BIO_read(out, text, sizeof(text) - 1);
	BIO_free(out);
	fact_set(f, "Mail.issuer", text);
}

static int facts_certificate(struct facts *f, const struct outbox_row *row, struct err *e)
{
	const unsigned char *at = row->certificate;
	X509 *cert = at == NULL ? NULL : d2i_X509(NULL, &at, (long)row->certificate_len);

	ERR_clear_error();
	if (cert == NULL)
		return err_set(e, FAULT_internal, "outbox row without a readable certificate");
	fact_serial(f, cert);
	fact_asn1_time(f, "Mail.not_before", X509_get0_notBefore(cert));
	fact_asn1_time(f, "Mail.not_after", X509_get0_notAfter(cert));
	fact_fingerprint(f, cert);
	fact_issuer(f, cert);
	X509_free(cert);
	return 0;
}

/* A fault's sentence with its {arg}, in the language of the mail; absent when the words have none. */
static void fact_sentence(
    struct facts *f, const struct facts_sources *from, const struct outbox_row *row, const char *part)
{
	const char *identities = conf_text(from->conf, SET_CAA_IDENTITY);
	const char *names[] = {"arg", "caa", NULL}, *values[] = {row->reason_arg, NULL, NULL};
	char entry[128], name[32], identity[256];
	struct buf text = {0};
	const char *pattern;

	(void)snprintf(entry, sizeof(entry), "Fault.%.60s.%s", row->reason, part);
	(void)snprintf(name, sizeof(name), "Mail.%s", part);
	pattern = mail_view_word(from->view, entry);
	if (pattern == NULL)
		return;
	(void)snprintf(identity, sizeof(identity), "%.*s", (int)strcspn(identities, ", "), identities);
	values[1] = identity;
	(void)words_format(&text, pattern, names, values);
	fact_set(f, name, text.data);
	buf_free(&text);
}

static int facts_problem(
    struct facts *f, const struct facts_sources *from, const struct outbox_row *row, struct err *e)
{
	if (fault_by_code(row->reason) == FAULT_none)
		return err_set(e, FAULT_internal, "outbox row with an unknown fault");
	fact_sentence(f, from, row, "says");
	fact_sentence(f, from, row, "help");
	fact_sentence(f, from, row, "command");
	if (f->ne == STATUS_OK && hdf_get_value(f->hdf, "Mail.says", NULL) == NULL)
		return err_set(e, FAULT_internal, "words: no sentence for fault %s", row->reason);
	return 0;
}

/* What only some kinds have. */
static int facts_kind(
    struct facts *f, const struct facts_sources *from, const struct outbox_row *row, struct err *e)
{
	char path[256], file[FACTS_FILE_MAX];

	if (strcmp(row->kind, "verification") == 0) {
		fact_href(f, "Mail.link", from->conf, "/verify/", f->value);
		fact_set(f, "Mail.asker", row->asker);
		fact_time(f, "Mail.expires_at", f->expires_at);
	} else if (strcmp(row->kind, "verified") == 0) {
		(void)snprintf(path, sizeof(path), "/certificates/%.60s", row->order);
		fact_href(f, "Mail.next_href", from->conf, path, "/activation/data");
		fact_time(f, "Mail.verified_at", row->happened_at);
	} else if (strcmp(row->kind, "rejected") == 0) {
		fact_time(f, "Mail.rejected_at", row->happened_at);
	} else if (strcmp(row->kind, "problem") == 0) {
		return facts_problem(f, from, row, e);
	} else if (strcmp(row->kind, "certificate_issued") == 0) {
		facts_file(file, row->address);
		fact_set(f, "Mail.file", file);
		fact_href(f, "Mail.tools_href", from->conf, "/tools", "");
		return facts_certificate(f, row, e);
	} else if (strcmp(row->kind, "password_changed") == 0 || strcmp(row->kind, "address_changed") == 0 ||
		   strcmp(row->kind, "key_added") == 0 || strcmp(row->kind, "key_removed") == 0) {
		fact_set(f, "Mail.login", row->reason);
		fact_time(f, "Mail.changed_at", row->happened_at);
	} else if (strcmp(row->kind, "revoked") == 0) {
		fact_time(f, "Mail.revoked_at", row->happened_at);
		fact_set(f, "Mail.reason", row->reason);
		return facts_certificate(f, row, e);
	}
	return 0;
}

/* What all mails about an order have; those about an account have no order. */
static void facts_order(struct facts *f, const struct facts_sources *from, const struct outbox_row *row)
{
	fact_set(f, "Mail.order", row->order);
	fact_set(f, "Mail.product", product_name(from->products, row->product));
	fact_set(f, "Mail.address", row->address);
	fact_address_shown(f, row->address);
	fact_href(f, "Mail.order_href", from->conf, "/certificates/", row->order);
}

int facts_make(HDF **out, const struct facts_sources *from, const struct outbox_row *row, const char *value,
    time_t expires_at, struct err *e)
{
	struct facts f = {.value = value, .expires_at = expires_at, .ne = STATUS_OK};
	int rc;

	if ((value != NULL) != row->needs_value ||
	    row->needs_value != (strcmp(row->kind, "verification") == 0))
		return err_set(
		    e, FAULT_internal, "outbox row: value where none belongs, or none where one does");
	f.ne = hdf_init(&f.hdf);
	fact_set(&f, "Brand.name", conf_text(from->conf, SET_BRAND_NAME));
	fact_set(&f, "Brand.support", conf_text(from->conf, SET_BRAND_SUPPORT));
	if (*row->order != '\0')
		facts_order(&f, from, row);
	rc = facts_kind(&f, from, row, e);
	if (f.ne != STATUS_OK)
		rc = facts_neo(e, FAULT_busy, f.ne, "facts of a mail");
	if (rc == -1) {
		hdf_destroy(&f.hdf);
		return -1;
	}
	*out = f.hdf;
	return 0;
}
