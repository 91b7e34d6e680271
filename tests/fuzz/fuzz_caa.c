/* fuzz_caa.c - libFuzzer: whatever stands in CAA records, they are judged, and permit only as they should.
 *
 * The input is a list of records, each two octets of length and its RDATA.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/pki/caa.h"

#define RECORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut the input into records, each in a block of exactly its size, so that reading past its end is seen. */
static size_t records_cut(struct caa_rdata set[RECORDS_MAX], const uint8_t *data, size_t size)
{
	size_t n = 0;

	while (size >= 2 && n < RECORDS_MAX) {
		size_t len = (size_t)data[0] << 8 | data[1];
		unsigned char *copy;

		data += 2;
		size -= 2;
		len = len > size ? size : len;
		copy = malloc(len == 0 ? 1 : len);
		if (copy == NULL)
			abort();
		memcpy(copy, data, len);
		set[n++] = (struct caa_rdata){copy, len};
		data += len;
		size -= len;
	}
	return n;
}

/* Texts go to the database and to mails: plain ASCII lines. */
static void text_check(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text < ' ' && *text != '\n') || *text > '~')
			abort();
}

/* A permission by name needs a record in which the name stands, in full and without anything the grammar
 * forbids. */
static void permission_check(const struct caa_result *r, const struct caa_rdata *set, size_t n)
{
	static const char us[] = "mailcert.example";
	int found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at + sizeof(us) - 1 <= set[i].len; at++)
			found |= strncasecmp((const char *)set[i].bytes + at, us, sizeof(us) - 1) == 0;
	if (r->reason == CAA_NAMED && !found)
		abort();
	if ((r->decision == CAA_PERMITTED) != (r->reason >= CAA_NO_RECORDS) || r->decision == CAA_UNREACHABLE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct caa_rdata set[RECORDS_MAX];
	struct caa_result result = {0};
	size_t n = records_cut(set, data, size);

	if (caa_evaluate(&result, set, n, "mailcert.example") == -1)
		abort();
	text_check(result.records);
	text_check(result.issuers);
	text_check(result.iodef);
	permission_check(&result, set, n);
	caa_result_free(&result);
	for (size_t i = 0; i < n; i++)
		free((void *)set[i].bytes);
	return 0;
}
