/* header.c - folding and encoding of header fields; see header.h. */
#include "lib/mail/header.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define FOLD_AT       78  /* RFC 5322 2.1.1: lines should not be longer */
#define TOKEN_MAX     900 /* what cannot be folded must stay well under 998 */
#define ENCODED_LINE  76  /* RFC 2047 2: longest line with an encoded word, so a word after a space has 75 */
#define ENCODED_FRAME 12  /* "=?UTF-8?Q?" and "?=" */
#define ADDRESS_MAX   254
#define LOCAL_MAX     64

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define ATEXT ALNUM "!#$%&'*+-/=?^_`{|}~"

static bool name_fits(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= HEADER_NAME_MAX && strspn(name, ALNUM "-") == len;
}

static bool ascii_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

bool header_text_fits(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = strlen(text);

	if (len > HEADER_TEXT_MAX || !utf8_valid(text, len))
		return false;
	for (; *p != 0; p++)
		if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return false;
	return true;
}

/* Dots between non-empty runs of the alphabet, of at most max octets. */
static bool dotted_fits(const char *text, size_t len, size_t max, const char *alphabet)
{
	size_t run = 0;

	if (len == 0 || len > max)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && run == 0)
			return false;
		if (text[i] != '.' && strchr(alphabet, text[i]) == NULL)
			return false;
		run = text[i] == '.' ? 0 : run + 1;
	}
	return run > 0;
}

bool header_address_fits(const char *address)
{
	const char *at = strchr(address, '@');
	size_t len = strlen(address), local;

	if (at == NULL || len > ADDRESS_MAX)
		return false;
	local = (size_t)(at - address);
	return dotted_fits(address, local, LOCAL_MAX, ATEXT) &&
	       dotted_fits(at + 1, len - local - 1, ADDRESS_MAX, ALNUM "-");
}

/* The value must not be shown in a log: it may come from outside. */
static int header_refuse(struct err *e, const char *name)
{
	return err_set(e, FAULT_internal, "header %.40s: value or name cannot stand in a mail",
	    name_fits(name) ? name : "(bad name)");
}

/* Write text, breaking before spaces so that lines stay within 78 octets; column is where the line stands. */
static void folded_add(struct buf *out, size_t column, const char *text)
{
	bool first = true;

	while (*text != '\0') {
		size_t len = strspn(text, " ");

		len += strcspn(text + len, " ");
		if (!first && column + len > FOLD_AT && text[len - 1] != ' ') {
			buf_puts(out, "\r\n");
			column = 0;
		}
		buf_add(out, text, len);
		column += len;
		text += len;
		first = false;
	}
}

/* The longest stretch of text that folded_add() cannot break: blanks and the word behind them. */
static size_t longest_token(const char *text)
{
	size_t longest = 0;

	while (*text != '\0') {
		size_t len = strspn(text, " ");

		len += strcspn(text + len, " ");
		longest = len > longest ? len : longest;
		text += len;
	}
	return longest;
}

/* Whether readers will see the text as it is when it is written as it is. */
static bool text_plain(const char *text)
{
	size_t len = strlen(text);

	return ascii_printable(text) && strstr(text, "=?") == NULL && longest_token(text) <= TOKEN_MAX &&
	       (len == 0 || (text[0] != ' ' && text[len - 1] != ' '));
}

static size_t utf8_width(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Q encoding leaves only what RFC 2047 5 (3) allows in a phrase, so one form serves everywhere. */
static size_t q_width(unsigned char c)
{
	return c == ' ' || strchr(ALNUM "!*+-/", c) != NULL ? 1 : 3;
}

static void q_add(struct buf *out, const char *text, size_t len)
{
	buf_puts(out, "=?UTF-8?Q?");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == ' ')
			buf_puts(out, "_");
		else if (q_width(c) == 1)
			buf_add(out, &c, 1);
		else
			buf_printf(out, "=%02X", c);
	}
	buf_puts(out, "?=");
}

static void b_add(struct buf *out, const char *text, size_t len)
{
	unsigned char line[ENCODED_LINE + 4];

	buf_puts(out, "=?UTF-8?B?");
	buf_add(out, line, (size_t)EVP_EncodeBlock(line, (const unsigned char *)text, (int)len));
	buf_puts(out, "?=");
}

/* How many octets of text, whole characters only, fit into one encoded word of at most room octets. */
static size_t word_takes(const char *text, size_t room, bool q)
{
	size_t taken = 0, width = ENCODED_FRAME;

	while (text[taken] != '\0') {
		size_t len = utf8_width((unsigned char)text[taken]), more = 0;

		for (size_t i = 0; i < len; i++)
			more += q_width((unsigned char)text[taken + i]);
		if (q ? width + more > room : ENCODED_FRAME + (taken + len + 2) / 3 * 4 > room)
			break;
		width += more;
		taken += len;
	}
	return taken;
}

/* Write text as encoded words, one a line; returns the column after the last. */
static size_t encoded_add(struct buf *out, size_t column, const char *text)
{
	size_t q = 0, len = strlen(text);
	bool quoted;

	for (const char *p = text; *p != '\0'; p++)
		q += q_width((unsigned char)*p);
	quoted = q <= (len + 2) / 3 * 4;
	while (*text != '\0') {
		size_t taken = word_takes(text, ENCODED_LINE - column, quoted);

		(quoted ? q_add : b_add)(out, text, taken);
		column += quoted ? ENCODED_FRAME : ENCODED_FRAME + (taken + 2) / 3 * 4;
		for (size_t i = 0; quoted && i < taken; i++)
			column += q_width((unsigned char)text[i]);
		text += taken;
		if (*text != '\0') {
			buf_puts(out, "\r\n ");
			column = 1;
		}
	}
	return column;
}

int header_add_text(struct buf *out, const char *name, const char *text, struct err *e)
{
	if (!name_fits(name) || !header_text_fits(text))
		return header_refuse(e, name);
	buf_printf(out, "%s: ", name);
	if (text_plain(text))
		folded_add(out, strlen(name) + 2, text);
	else
		(void)encoded_add(out, strlen(name) + 2, text);
	buf_puts(out, "\r\n");
	return 0;
}

int header_add_plain(struct buf *out, const char *name, const char *value, struct err *e)
{
	if (!name_fits(name) || strlen(value) > HEADER_TEXT_MAX || !ascii_printable(value))
		return header_refuse(e, name);
	buf_printf(out, "%s: ", name);
	folded_add(out, strlen(name) + 2, value);
	buf_puts(out, "\r\n");
	return 0;
}

static size_t quoted_add(struct buf *out, const char *text)
{
	size_t before = out->len;

	buf_puts(out, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_puts(out, "\\");
		buf_add(out, text, 1);
	}
	buf_puts(out, "\"");
	return out->len - before;
}

/* Write a display name (RFC 5322 phrase); returns the column after it. */
static size_t phrase_add(struct buf *out, size_t column, const char *display)
{
	if (!text_plain(display))
		return encoded_add(out, column, display);
	if (strspn(display, ATEXT " ") == strlen(display) && strstr(display, "  ") == NULL) {
		size_t before = out->len;
		const char *line;

		folded_add(out, column, display);
		line = out->data == NULL ? NULL : memrchr(out->data + before, '\n', out->len - before);
		return line == NULL ? column + out->len - before : (size_t)(out->data + out->len - line - 1);
	}
	return column + quoted_add(out, display);
}

int header_add_mailbox(
    struct buf *out, const char *name, const char *display, const char *address, struct err *e)
{
	size_t column;

	if (!name_fits(name) || !header_address_fits(address) ||
	    (display != NULL && (!header_text_fits(display) || strlen(display) > HEADER_TEXT_MAX / 3)))
		return header_refuse(e, name);
	buf_printf(out, "%s: ", name);
	if (display == NULL || *display == '\0') {
		buf_printf(out, "%s\r\n", address);
		return 0;
	}
	column = phrase_add(out, strlen(name) + 2, display);
	buf_printf(out, "%s <%s>\r\n", column + strlen(address) + 3 > FOLD_AT ? "\r\n" : "", address);
	return 0;
}

int header_add_id(struct buf *out, const char *name, const char *id, struct err *e)
{
	if (!name_fits(name) || !header_address_fits(id))
		return header_refuse(e, name);
	buf_printf(out, "%s: <%s>\r\n", name, id);
	return 0;
}
