/* form.c - reading form fields; see form.h. */
#include "cgi/form.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

static int form_malformed(struct err *e, const char *why)
{
	return err_set(e, FAULT_request_malformed, "form: %s", why);
}

/* Take a field's name and value, both copied. */
static int form_add(struct form *form, const char *name, size_t name_len, const char *value, size_t len,
    int file, struct err *e)
{
	struct field *f;

	if (form->count == FORM_FIELDS_MAX)
		return form_malformed(e, "too many fields");
	if (!utf8_valid(name, name_len) || (!file && !utf8_valid(value, len)))
		return form_malformed(e, "not UTF-8");
	f = &form->fields[form->count];
	f->name = strndup(name, name_len);
	f->value = malloc(len + 1);
	if (f->name == NULL || f->value == NULL) {
		free(f->name);
		free(f->value);
		return err_set(e, FAULT_busy, "form: out of memory");
	}
	if (len > 0)
		memcpy(f->value, value, len);
	f->value[len] = '\0';
	f->len = len;
	form->count++;
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode '+' and %XX in place; the new length, or -1 for a broken escape. */
static long url_decode(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			text[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			text[n++] = text[i];
			if (text[i] == '+')
				text[n - 1] = ' ';
		}
	}
	return (long)n;
}

/* One "name=value" of a urlencoded text; the text is the caller's to change. */
static int urlencoded_pair(struct form *form, char *pair, size_t len, struct err *e)
{
	char *equals = memchr(pair, '=', len);
	size_t name_len = equals == NULL ? len : (size_t)(equals - pair);
	long name, value = 0;

	name = url_decode(pair, name_len);
	if (equals != NULL)
		value = url_decode(equals + 1, len - name_len - 1);
	if (name < 0 || value < 0)
		return form_malformed(e, "broken escape");
	return form_add(form, pair, (size_t)name, equals == NULL ? "" : equals + 1, (size_t)value, 0, e);
}

int form_read_urlencoded(struct form *form, const char *text, size_t len, struct err *e)
{
	char *copy = malloc(len + 1), *at = copy, *end = copy + len;
	int rc = 0;

	if (copy == NULL)
		return err_set(e, FAULT_busy, "form: out of memory");
	if (len > 0)
		memcpy(copy, text, len);
	*end = '\0';
	while (rc == 0 && at < end) {
		char *amp = memchr(at, '&', (size_t)(end - at));
		char *stop = amp == NULL ? end : amp;

		/* url_decode() looks two bytes ahead within the pair only */
		if (stop > at)
			rc = urlencoded_pair(form, at, (size_t)(stop - at), e);
		at = stop + 1;
	}
	explicit_bzero(copy, len);
	free(copy);
	return rc;
}

/* The boundary in a Content-Type, as "--boundary". */
static int boundary_read(char out[BOUNDARY_MAX + 3], const char *content_type)
{
	const char *at = strcasestr(content_type, "boundary=");
	size_t len;

	if (at == NULL)
		return -1;
	at += strlen("boundary=");
	if (*at == '"') {
		at++;
		len = strcspn(at, "\"");
	} else {
		len = strcspn(at, "; \t");
	}
	if (len == 0 || len > BOUNDARY_MAX)
		return -1;
	(void)snprintf(out, BOUNDARY_MAX + 3, "--%.*s", (int)len, at);
	return 0;
}

/* The value of name="…" in a Content-Disposition line, or NULL; its length in *len. */
static const char *disposition_value(const char *line, size_t line_len, const char *name, size_t *len)
{
	const char *at = memmem(line, line_len, name, strlen(name)), *end;

	if (at == NULL)
		return NULL;
	at += strlen(name);
	end = memchr(at, '"', line_len - (size_t)(at - line));
	if (end == NULL)
		return NULL;
	*len = (size_t)(end - at);
	return at;
}

/* One part: header lines, an empty line, the content. */
static int multipart_part(struct form *form, const char *part, size_t len, struct err *e)
{
	const char *empty = memmem(part, len, "\r\n\r\n", 4), *name = NULL;
	size_t name_len = 0, file_len = 0, head;
	int file = 0;

	if (empty == NULL)
		return form_malformed(e, "part without a header");
	head = (size_t)(empty - part);
	for (const char *line = part; line < empty;) {
		const char *stop = memmem(line, (size_t)(empty + 2 - line), "\r\n", 2);
		size_t line_len = (size_t)(stop - line);

		if (line_len > 20 && strncasecmp(line, "content-disposition:", 20) == 0) {
			name = disposition_value(line, line_len, " name=\"", &name_len);
			file = disposition_value(line, line_len, "filename=\"", &file_len) != NULL;
		}
		line = stop + 2;
	}
	if (name == NULL)
		return form_malformed(e, "part without a name");
	return form_add(form, name, name_len, empty + 4, len - head - 4, file, e);
}

int form_read_multipart(
    struct form *form, const char *content_type, const char *body, size_t len, struct err *e)
{
	char boundary[BOUNDARY_MAX + 3], between[BOUNDARY_MAX + 5];
	const char *at = body, *end = body + len;
	size_t bound_len;

	if (boundary_read(boundary, content_type) == -1)
		return form_malformed(e, "no boundary");
	bound_len = strlen(boundary);
	(void)snprintf(between, sizeof(between), "\r\n%s", boundary);
	if (len < bound_len || memcmp(body, boundary, bound_len) != 0)
		return form_malformed(e, "does not begin with its boundary");
	at += bound_len;
	while (end - at >= 2 && memcmp(at, "\r\n", 2) == 0) {
		const char *next;

		at += 2;
		next = memmem(at, (size_t)(end - at), between, bound_len + 2);
		if (next == NULL)
			return form_malformed(e, "cut off");
		if (multipart_part(form, at, (size_t)(next - at), e) == -1)
			return -1;
		at = next + bound_len + 2;
	}
	return end - at >= 2 && memcmp(at, "--", 2) == 0 ? 0 : form_malformed(e, "cut off");
}

const struct field *form_find(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0)
			return &form->fields[i];
	return NULL;
}

const char *form_text(const struct form *form, const char *name)
{
	const struct field *f = form_find(form, name);

	return f == NULL ? "" : f->value;
}

void form_free(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		explicit_bzero(form->fields[i].value, form->fields[i].len);
		free(form->fields[i].name);
		free(form->fields[i].value);
	}
	form->count = 0;
}
