/* encoding.c - quoted-printable and base64; see encoding.h. */
#include "lib/mail/encoding.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/base/text.h"

#define QP_LINE     75 /* the 76th octet is for the "=" of a soft line break */
#define BASE64_STEP 57 /* octets that make a line of 76 */

/* Whether the octet stands for itself (RFC 2045 6.7 rules 2 and 3); last: nothing follows it in its line. */
static bool qp_literal(unsigned char c, bool last)
{
	if (c == ' ' || c == '\t')
		return !last;
	return c > ' ' && c < 0x7f && c != '=';
}

static void qp_line(struct buf *out, const char *line, size_t len)
{
	bool from = len >= 5 && memcmp(line, "From ", 5) == 0;
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		bool literal = qp_literal(c, i + 1 == len) && !(from && i == 0);
		size_t width = literal ? 1 : 3;

		if (column + width > QP_LINE) {
			buf_puts(out, "=\r\n");
			column = 0;
		}
		if (literal)
			buf_add(out, &c, 1);
		else
			buf_printf(out, "=%02X", c);
		column += width;
	}
	buf_puts(out, "\r\n");
}

void quoted_printable_add(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\r\n");

		qp_line(out, text, len);
		text += len;
		if (text[0] == '\r' && text[1] == '\n')
			text += 2;
		else if (*text != '\0')
			text++;
	}
}

void base64_add(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	unsigned char line[BASE64_STEP / 3 * 4 + 1];

	while (len > 0) {
		size_t step = len < BASE64_STEP ? len : BASE64_STEP;

		buf_add(out, line, (size_t)EVP_EncodeBlock(line, p, (int)step));
		buf_puts(out, "\r\n");
		p += step;
		len -= step;
	}
}
