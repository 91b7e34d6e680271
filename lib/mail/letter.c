/* letter.c - building a MIME letter, signing it; see letter.h. */
#include "lib/mail/letter.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/mail/encoding.h"
#include "lib/mail/header.h"

/* "=_" can stand neither in quoted-printable nor in base64, so no part can hold a boundary (RFC 2045 6.7). */
#define BOUNDARY_ALTERNATIVE "=_alternative_mailcert"
#define BOUNDARY_MIXED       "=_mixed_mailcert"
#define BOUNDARY_SIGNED      "=_signed_mailcert"

#define FILE_NAME_MAX 200
#define CERT_FILE_MAX 65536

struct letter_signer {
	X509 *cert;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

/* Turn OpenSSL's last word into ours and empty its queue. Always -1. */
static int letter_ssl(struct err *e, enum fault fault, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	(void)err_set(e, fault, "%s: %s", what, reason == NULL ? "failed" : reason);
	ERR_clear_error();
	return -1;
}

/* RFC 5322 3.3, always in UTC; written by hand so that no locale can change it. */
static void date_write(char *out, size_t room, time_t when)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
	    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	(void)snprintf(out, room, "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int headers_add(struct buf *out, const struct letter *l, struct err *e)
{
	char date[64];

	date_write(date, sizeof(date), l->date);
	if (header_add_mailbox(out, "From", l->from_name, l->from_address, e) == -1 ||
	    header_add_mailbox(out, "To", NULL, l->to_address, e) == -1 ||
	    header_add_text(out, "Subject", l->subject, e) == -1 ||
	    header_add_plain(out, "Date", date, e) == -1 ||
	    header_add_id(out, "Message-ID", l->message_id, e) == -1 ||
	    header_add_plain(out, "Auto-Submitted", "auto-generated", e) == -1 ||
	    header_add_plain(out, "Content-Language", l->language, e) == -1)
		return -1;
	for (size_t i = 0; i < l->headers_count; i++)
		if (header_add_plain(out, l->headers[i].name, l->headers[i].value, e) == -1)
			return -1;
	return header_add_plain(out, "MIME-Version", "1.0", e);
}

static int text_part_add(struct buf *out, const char *subtype, const char *text, struct err *e)
{
	if (!utf8_valid(text, strlen(text)))
		return err_set(e, FAULT_internal, "letter: text/%s is not UTF-8", subtype);
	buf_printf(out,
	    "--" BOUNDARY_ALTERNATIVE "\r\n"
	    "Content-Type: text/%s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
	    subtype);
	quoted_printable_add(out, text);
	return 0;
}

/* The two forms of the same words; readers show the last they understand (RFC 2046 5.1.4). */
static int alternative_add(struct buf *out, const struct letter *l, struct err *e)
{
	buf_puts(
	    out, "Content-Type: multipart/alternative;\r\n boundary=\"" BOUNDARY_ALTERNATIVE "\"\r\n\r\n");
	if (text_part_add(out, "plain", l->text, e) == -1 || text_part_add(out, "html", l->html, e) == -1)
		return -1;
	buf_puts(out, "--" BOUNDARY_ALTERNATIVE "--\r\n");
	return 0;
}

static bool media_type_fits(const char *type)
{
	const char *token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-";
	size_t first = strspn(type, token), second;

	if (first == 0 || first > 60 || type[first] != '/')
		return false;
	second = strspn(type + first + 1, token);
	return second > 0 && second <= 60 && type[first + 1 + second] == '\0';
}

/* A parameter with the file's name: quoted when plain, else percent-encoded UTF-8 (RFC 2231 4). */
static void file_name_add(struct buf *out, const char *parameter, const char *name)
{
	const char *plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{}~";

	if (strspn(name, plain) == strlen(name)) {
		buf_printf(out, ";\r\n %s=\"%s\"", parameter, name);
		return;
	}
	buf_printf(out, ";\r\n %s*=UTF-8''", parameter);
	for (const unsigned char *p = (const unsigned char *)name; *p != 0; p++) {
		if (strchr(plain, *p) != NULL)
			buf_add(out, p, 1);
		else
			buf_printf(out, "%%%02X", *p);
	}
}

static int attachment_add(struct buf *out, const struct letter_attachment *a, struct err *e)
{
	if (!media_type_fits(a->media_type) || !header_text_fits(a->name) || *a->name == '\0' ||
	    strlen(a->name) > FILE_NAME_MAX || strpbrk(a->name, "/\\") != NULL)
		return err_set(e, FAULT_internal, "letter: attachment's name or type cannot stand in a mail");
	buf_printf(out, "--" BOUNDARY_MIXED "\r\nContent-Type: %s", a->media_type);
	file_name_add(out, "name", a->name);
	buf_puts(out, "\r\nContent-Disposition: attachment");
	file_name_add(out, "filename", a->name);
	buf_puts(out, "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	base64_add(out, a->bytes, a->len);
	return 0;
}

/* The MIME entity that may be signed: its Content-Type and all that follows. */
static int entity_add(struct buf *out, const struct letter *l, struct err *e)
{
	if (l->attachments_count == 0)
		return alternative_add(out, l, e);
	buf_puts(out, "Content-Type: multipart/mixed;\r\n boundary=\"" BOUNDARY_MIXED "\"\r\n\r\n");
	buf_puts(out, "--" BOUNDARY_MIXED "\r\n");
	if (alternative_add(out, l, e) == -1)
		return -1;
	for (size_t i = 0; i < l->attachments_count; i++)
		if (attachment_add(out, &l->attachments[i], e) == -1)
			return -1;
	buf_puts(out, "--" BOUNDARY_MIXED "--\r\n");
	return 0;
}

/* Say when it was signed (RFC 5652 11.3), before OpenSSL does by the clock of this process. */
static bool signing_time_add(CMS_SignerInfo *info, time_t when)
{
	ASN1_TIME *at = ASN1_TIME_set(NULL, when);
	bool good =
	    at != NULL && CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, at->type, at, -1) == 1;

	ASN1_TIME_free(at);
	return good;
}

/* A detached signature over bytes, DER in a memory BIO that the caller frees; NULL when OpenSSL failed. */
static BIO *signature_make(const struct letter_signer *signer, time_t when, const char *bytes, size_t len)
{
	unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL;
	BIO *in = BIO_new_mem_buf(bytes, (int)len), *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, signer->chain, NULL, flags);
	CMS_SignerInfo *info;
	bool good;

	info = cms == NULL ? NULL : CMS_add1_signer(cms, signer->cert, signer->key, EVP_sha256(), flags);
	good = in != NULL && out != NULL && info != NULL && signing_time_add(info, when) &&
	       CMS_final(cms, in, NULL, flags) == 1 && i2d_CMS_bio(out, cms) == 1;
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	if (!good) {
		BIO_free(out);
		return NULL;
	}
	return out;
}

static int signed_add(
    struct buf *out, const struct letter_signer *signer, time_t when, const struct buf *entity, struct err *e)
{
	char *der;
	long len;
	BIO *signature;

	signature = signature_make(signer, when, entity->data, entity->len);
	if (signature == NULL)
		return letter_ssl(e, FAULT_internal, "letter: sign");
	len = BIO_get_mem_data(signature, &der);
	buf_puts(out, "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
		      " micalg=sha-256; boundary=\"" BOUNDARY_SIGNED "\"\r\n\r\n--" BOUNDARY_SIGNED "\r\n");
	buf_add(out, entity->data, entity->len);
	buf_puts(out, "\r\n--" BOUNDARY_SIGNED "\r\n"
		      "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
		      "Content-Transfer-Encoding: base64\r\n"
		      "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n");
	base64_add(out, der, (size_t)len);
	buf_puts(out, "\r\n--" BOUNDARY_SIGNED "--\r\n");
	BIO_free(signature);
	return 0;
}

int letter_build(struct buf *out, const struct letter *l, const struct letter_signer *signer, struct err *e)
{
	struct buf entity = {0};
	int rc = -1;

	if (headers_add(out, l, e) == -1 || entity_add(&entity, l, e) == -1)
		goto out;
	if (entity.failed) {
		(void)err_set(e, FAULT_busy, "letter: out of memory");
		goto out;
	}
	if (signer != NULL && signed_add(out, signer, l->date, &entity, e) == -1)
		goto out;
	if (signer == NULL)
		buf_add(out, entity.data, entity.len);
	rc = out->failed ? err_set(e, FAULT_busy, "letter: out of memory") : 0;
out:
	buf_free(&entity);
	return rc;
}

/* A key that wants a password must not make the program ask for it on a terminal. */
static int no_password(char *out, int room, int writing, void *arg)
{
	(void)out, (void)room, (void)writing, (void)arg;
	return 0;
}

static EVP_PKEY *key_read(const char *path, struct err *e)
{
	EVP_PKEY *key = NULL;
	char *pem = NULL;
	BIO *in;

	if (file_read_secret(path, &pem, e) == -1)
		return NULL;
	in = BIO_new_mem_buf(pem, -1);
	if (in != NULL)
		key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
	if (key == NULL)
		(void)letter_ssl(e, FAULT_config_invalid, path);
	BIO_free(in);
	secret_free(pem);
	return key;
}

/* Read every certificate of a PEM file: the first is the signer's. */
static int certificates_read(struct letter_signer *s, const char *path, struct err *e)
{
	size_t len;
	char *pem;
	X509 *cert;
	BIO *in;

	if (file_read(path, CERT_FILE_MAX, &pem, &len, e) == -1) {
		e->fault = FAULT_config_invalid;
		return -1;
	}
	in = BIO_new_mem_buf(pem, (int)len);
	s->chain = sk_X509_new_null();
	while (in != NULL && s->chain != NULL &&
	       (cert = PEM_read_bio_X509(in, NULL, no_password, NULL)) != NULL) {
		if (s->cert == NULL)
			s->cert = cert;
		else if (sk_X509_push(s->chain, cert) <= 0)
			X509_free(cert);
	}
	BIO_free(in);
	free(pem);
	if (s->cert == NULL)
		return letter_ssl(e, FAULT_config_invalid, path);
	ERR_clear_error(); /* the end of the file is an error to OpenSSL */
	return 0;
}

int letter_signer_open(
    struct letter_signer **out, const char *cert_file, const char *key_file, const char *from, struct err *e)
{
	struct letter_signer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, FAULT_busy, "letter signer: out of memory");
	if (certificates_read(s, cert_file, e) == -1 || (s->key = key_read(key_file, e)) == NULL)
		goto fail;
	if (X509_check_private_key(s->cert, s->key) != 1) {
		(void)letter_ssl(e, FAULT_config_invalid, "certificate and key of the letter signer");
		goto fail;
	}
	if (X509_check_email(s->cert, from, 0, 0) != 1) {
		(void)err_set(e, FAULT_config_invalid, "%s: the certificate is not for %s", cert_file, from);
		goto fail;
	}
	*out = s;
	return 0;
fail:
	letter_signer_free(s);
	return -1;
}

void letter_signer_free(struct letter_signer *s)
{
	if (s == NULL)
		return;
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
	sk_X509_pop_free(s->chain, X509_free);
	free(s);
}

time_t letter_signer_valid_until(const struct letter_signer *s, time_t now)
{
	struct tm tm;

	if (X509_cmp_time(X509_get0_notBefore(s->cert), &now) > 0 ||
	    ASN1_TIME_to_tm(X509_get0_notAfter(s->cert), &tm) != 1)
		return 0;
	return timegm(&tm);
}
