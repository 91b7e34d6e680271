/* bundle.c - certificates for downloads and mails; see bundle.h. */
#include "lib/pki/bundle.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/openssl.h"

int bundle_pem(struct buf *out, const struct bundle_item *items, size_t count, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc = -1;

	if (bio == NULL)
		return openssl_error(e, FAULT_busy, "PEM: out of memory");
	for (size_t i = 0; i < count; i++)
		if (PEM_write_bio(bio, PEM_STRING_X509, "", items[i].der, (long)items[i].len) <= 0) {
			(void)openssl_error(e, FAULT_busy, "PEM of certificate %zu", i);
			goto out;
		}
	len = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)len);
	rc = out->failed ? err_set(e, FAULT_busy, "PEM: out of memory") : 0;
out:
	BIO_free(bio);
	return rc;
}

static int p7b_add(PKCS7 *p7, const struct bundle_item *item)
{
	const unsigned char *p = item->der;
	X509 *certificate = d2i_X509(NULL, &p, (long)item->len);
	int rc = -1;

	if (certificate != NULL && p == item->der + item->len && PKCS7_add_certificate(p7, certificate) == 1)
		rc = 0;
	X509_free(certificate);
	return rc;
}

int bundle_p7b(struct buf *out, const struct bundle_item *items, size_t count, struct err *e)
{
	PKCS7 *p7 = PKCS7_new();
	unsigned char *der = NULL;
	int len, rc = -1;

	if (p7 == NULL || PKCS7_set_type(p7, NID_pkcs7_signed) != 1 ||
	    PKCS7_content_new(p7, NID_pkcs7_data) != 1 || PKCS7_set_detached(p7, 1) != 1) {
		(void)openssl_error(e, FAULT_busy, "PKCS #7");
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		if (p7b_add(p7, &items[i]) == -1) {
			(void)openssl_error(e, FAULT_internal, "PKCS #7: certificate %zu", i);
			goto out;
		}
	len = i2d_PKCS7(p7, &der);
	if (len <= 0) {
		(void)openssl_error(e, FAULT_busy, "PKCS #7");
		goto out;
	}
	buf_add(out, der, (size_t)len);
	rc = out->failed ? err_set(e, FAULT_busy, "PKCS #7: out of memory") : 0;
out:
	OPENSSL_free(der);
	PKCS7_free(p7);
	return rc;
}

/* The character that stands for c behind the one before it. */
static char file_name_char(char c, char before)
{
	bool first = before == '\0';

	if (isalnum((unsigned char)c) || c == '_' || (c == '-' && !first) ||
	    (c == '.' && !first && before != '.'))
		return c;
	return '_';
}

void file_name_for(char out[FILE_NAME_ROOM], const char *address, time_t when)
{
	size_t len = strcspn(address, "@");
	struct tm day;
	char before = '\0';

	if (len > FILE_NAME_ROOM - sizeof("_2026-11-22"))
		len = FILE_NAME_ROOM - sizeof("_2026-11-22");
	for (size_t i = 0; i < len; i++)
		before = out[i] = file_name_char(address[i], before);
	out[len] = '\0';
	if (gmtime_r(&when, &day) != NULL)
		(void)strftime(out + len, FILE_NAME_ROOM - len, "_%Y-%m-%d", &day);
}
