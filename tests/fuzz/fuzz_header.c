/* fuzz_header.c - no value may add a header field, break a line's bounds or leave 7-bit; what is accepted as
 * plain text is found again. Build: clang -fsanitize=fuzzer,address,undefined; seeds:
 * tests/fuzz/seeds/header. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/mail/encoding.h"
#include "lib/mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int good)
{
	if (!good)
		abort();
}

/* One field: lines of at most `most` octets of printable ASCII, CRLF after each, a space before all but the
 * first, none of them blank. */
static void field_check(const struct buf *b, size_t most)
{
	const char *line = b->data, *all = b->data + b->len;

	while (line < all) {
		const char *end = memchr(line, '\r', (size_t)(all - line));

		demand(end != NULL && end + 1 < all && end[1] == '\n');
		demand((size_t)(end - line) <= most);
		demand((line == b->data) == (*line != ' '));
		demand(strspn(line, " ") < (size_t)(end - line));
		for (const char *p = line; p < end; p++)
			demand(*p >= ' ' && *p <= '~');
		line = end + 2;
	}
}

static void header_try(int rc, struct buf *out)
{
	demand((rc == 0) == (out->len > 0));
	if (rc == 0)
		field_check(out, 998);
	buf_free(out);
}

/* A field for people: encoded words keep to the shorter lines of RFC 2047. */
static void subject_try(const char *text)
{
	struct buf out = {0};
	struct err e;
	int rc = header_add_text(&out, "Subject", text, &e);

	if (rc == 0 && strstr(out.data, "=?") != NULL)
		field_check(&out, 76);
	header_try(rc, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct buf out = {0};
	struct err e;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	subject_try(text);
	header_try(header_add_plain(&out, "X-Mailcert-Order", text, &e), &out);
	header_try(header_add_mailbox(&out, "From", text, "no-reply@mailcert.example", &e), &out);
	header_try(header_add_mailbox(&out, "To", NULL, text, &e), &out);
	header_try(header_add_id(&out, "Message-ID", text, &e), &out);
	header_try(header_add_text(&out, text, "x", &e), &out);
	quoted_printable_add(&out, text);
	for (const char *line = out.data; line != NULL && *line != '\0'; line = strstr(line, "\r\n") + 2)
		demand(strcspn(line, "\r\n") <= 76);
	buf_free(&out);
	free(text);
	return 0;
}
