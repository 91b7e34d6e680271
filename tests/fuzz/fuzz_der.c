/* fuzz_der.c - libFuzzer: whatever octets come, der_check() and the lint stand them and agree with OpenSSL.
 *
 * The seeds are certificates. What der_check() finds good, OpenSSL must be able to step through as well; what
 * the lint finds good must be a tbsCertificate with the very address, key and serial it was told.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/asn1.h>

#include "lib/base/err.h"
#include "lib/pki/der.h"
#include "lib/pki/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void openssl_agrees(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	int tag, class;
	long content;

	if ((ASN1_get_object(&p, &content, &tag, &class, (long)len) & 0x80) != 0)
		abort();
	if (p + content != der + len)
		abort();
}

/* The input as its own issuer: the lint reads both halves of a certificate with the same care. */
static void lint_stands(const unsigned char *der, size_t len)
{
	const struct lint_facts facts = {.issuer = der,
	    .issuer_len = len,
	    .crl_url = "http://a.example/crl/a.crl",
	    .ca_url = "http://a.example/ca/a.cer",
	    .cps_url = "",
	    .address = "joe@a.example",
	    .spki = der,
	    .spki_len = len,
	    .serial = der,
	    .serial_len = len,
	    .validity = 31536000,
	    .fields = 3,
	    .now = 1795356180};
	struct der all = der_open(der, len), inner;
	struct der_value certificate, tbs;
	struct lint_report report;
	struct err e;

	if (lint_tbs(&report, der, len, &facts, &e) == 0)
		abort(); /* a serial that is the whole input cannot be */
	if (!der_take(&all, DER_SEQUENCE, &certificate))
		return;
	inner = der_inside(&certificate);
	if (der_take(&inner, DER_SEQUENCE, &tbs) &&
	    lint_tbs(&report, tbs.whole, tbs.whole_len, &facts, &e) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size, so that reading past its end is seen. */
	unsigned char *der = malloc(size == 0 ? 1 : size);
	size_t where;

	if (der == NULL)
		abort();
	if (size > 0)
		memcpy(der, data, size);
	if (der_check(der, size, &where) == DER_GOOD)
		openssl_agrees(der, size);
	if (where > size)
		abort();
	lint_stands(der, size);
	free(der);
	return 0;
}
