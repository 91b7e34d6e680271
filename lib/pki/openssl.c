/* openssl.c - OpenSSL's error queue as one of our errors; see openssl.h. */
#include "lib/pki/openssl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <openssl/asn1.h>
#include <openssl/err.h>

int openssl_error(struct err *e, enum fault fault, const char *fmt, ...)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
	char line[ERR_LOG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ERR_clear_error();
	if (reason == NULL)
		return err_set(e, fault, "%s", line);
	return err_set(e, fault, "%s: %s", line, reason);
}

int openssl_time(time_t *out, const ASN1_TIME *t)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	*out = timegm(&tm);
	return 0;
}
