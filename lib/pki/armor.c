/* armor.c - PEM blocks in pasted text; see armor.h. */
#include "lib/pki/armor.h"

#include <ctype.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define BEGIN  "-----BEGIN "
#define END    "-----END "
#define DASHES "-----"

static const char *text_find(const char *text, const char *end, const char *word)
{
	return memmem(text, (size_t)(end - text), word, strlen(word));
}

static bool text_has(const char *text, const char *end, const char *word)
{
	return text_find(text, end, word) != NULL;
}

static bool text_is(const char *text, const char *end, const char *word)
{
	return (size_t)(end - text) == strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

static enum armor_kind label_kind(const char *label, const char *end)
{
	if (text_has(label, end, "PRIVATE KEY"))
		return ARMOR_PRIVATE_KEY;
	if (text_has(label, end, "PUBLIC KEY"))
		return ARMOR_PUBLIC_KEY;
	if (text_is(label, end, "CERTIFICATE REQUEST") || text_is(label, end, "NEW CERTIFICATE REQUEST"))
		return ARMOR_REQUEST;
	if (text_is(label, end, "CERTIFICATE") || text_is(label, end, "X509 CERTIFICATE") ||
	    text_is(label, end, "TRUSTED CERTIFICATE"))
		return ARMOR_CERTIFICATE;
	return text_is(label, end, "PKCS7") || text_is(label, end, "CMS") ? ARMOR_PKCS7 : ARMOR_OTHER;
}

/* The end of a boundary's label: its closing dashes, on the same line. NULL when the line is cut. */
static const char *label_end(const char *label, const char *end)
{
	const char *line_end = memchr(label, '\n', (size_t)(end - label));

	return text_find(label, line_end == NULL ? end : line_end, DASHES);
}

bool armor_next(const char **text, const char *end, struct armor_block *out)
{
	const char *begin = text_find(*text, end, BEGIN), *label, *label_stop, *stop, *close;

	if (begin == NULL)
		return false;
	label = begin + strlen(BEGIN);
	label_stop = label_end(label, end);
	out->begin = begin;
	out->body = label_stop == NULL ? label : label_stop + strlen(DASHES);
	out->kind = label_kind(label, label_stop == NULL ? label : label_stop);
	stop = text_find(out->body, end, BEGIN);
	stop = stop == NULL ? end : stop;
	close = text_find(out->body, stop, END);
	out->body_len = (size_t)((close == NULL ? stop : close) - out->body);
	out->whole = false;
	if (label_stop != NULL && close != NULL) {
		const char *name = close + strlen(END), *name_stop = label_end(name, stop);

		out->whole = name_stop != NULL && label_kind(name, name_stop) == out->kind;
	}
	*text = stop;
	return true;
}

size_t armor_blank(const char *p, const char *end)
{
	size_t left = (size_t)(end - p);

	if (left >= 1 && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
		return 1;
	if (left >= 2 && memcmp(p, "\xc2\xa0", 2) == 0)
		return 2;
	if (left >= 3 && (memcmp(p, "\xe2\x80\x8b", 3) == 0 || memcmp(p, "\xef\xbb\xbf", 3) == 0))
		return 3;
	return 0;
}

/* Whether each unit has a NUL at octet `nul` (0 or 1), and none at the other. */
static bool units_ascii(const char *text, size_t len, size_t nul)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		if (text[i + nul] != '\0' || text[i + 1 - nul] == '\0')
			return false;
	return len >= 2;
}

bool armor_wide(const char *text, size_t len)
{
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return true;
	return units_ascii(text, len, 0) || units_ascii(text, len, 1);
}

static char unit_narrow(unsigned unit)
{
	if (unit == 0xa0 || unit == 0x200b || unit == 0xfeff)
		return ' ';
	return unit == 0 || unit > 0x7f ? '?' : (char)unit;
}

char *armor_narrow(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t count = len / 2; /* the half of a unit at the end is none */
	char *out = OPENSSL_malloc(count + 1);
	size_t low = count > 0 && (p[0] == 0xfe || p[0] == 0x00) ? 1 : 0;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		out[i] = unit_narrow((unsigned)p[2 * i + 1 - low] << 8 | p[2 * i + low]);
	return out;
}

static bool base64_char(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/';
}

/* Copy the characters that count; how many '=' end them goes to *padding. */
static enum armor_fault base64_gather(
    char *out, size_t *count, size_t *padding, const char *text, const char *end, const char **bad)
{
	*count = *padding = 0;
	for (const char *p = text; p < end;) {
		size_t blank = armor_blank(p, end);

		if (blank > 0) {
			p += blank;
			continue;
		}
		if (*p == '=' && *padding < 2)
			(*padding)++;
		else if (!base64_char(*p) || *padding > 0) {
			*bad = p;
			return ARMOR_BAD_CHARACTER;
		}
		out[(*count)++] = *p++;
	}
	return *count % 4 == 0 ? ARMOR_OK : ARMOR_CUT;
}

enum armor_fault armor_decode(
    unsigned char **out, size_t *out_len, const char *text, size_t len, const char **bad)
{
	char *gathered = OPENSSL_malloc(len + 1);
	unsigned char *octets = OPENSSL_malloc(len / 4 * 3 + 4);
	enum armor_fault fault = ARMOR_NO_MEMORY;
	size_t count = 0, padding = 0;
	int got;

	if (gathered == NULL || octets == NULL)
		goto out;
	fault = base64_gather(gathered, &count, &padding, text, text + len, bad);
	if (fault != ARMOR_OK && fault != ARMOR_CUT)
		goto out;
	if (fault == ARMOR_CUT)
		padding = 0;
	got = EVP_DecodeBlock(octets, (unsigned char *)gathered, (int)(count - count % 4));
	if (got < (int)padding) {
		fault = ARMOR_CUT;
		got = (int)padding;
	}
	*out = octets;
	*out_len = (size_t)got - padding;
	octets = NULL;
out:
	OPENSSL_clear_free(gathered, len + 1);
	OPENSSL_clear_free(octets, len / 4 * 3 + 4);
	return fault;
}
