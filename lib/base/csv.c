/* csv.c - a small reader and writer of RFC 4180; see csv.h. */
#include "lib/base/csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

struct reader {
	char *at;      /* next octet to read */
	unsigned line; /* its line */
	size_t cells, cells_room, lines_room;
	char separator; /* of fields */
	struct csv *csv;
};

static int malformed(struct err *e, unsigned line, const char *why)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", line);
	return err_set_arg(e, FAULT_bulk_malformed, number, "line %u: %s", line, why);
}

static bool cell_add(struct reader *r, char *cell)
{
	if (r->cells == r->cells_room) {
		size_t room = r->cells_room == 0 ? 64 : 2 * r->cells_room;
		char **grown = realloc(r->csv->cells, room * sizeof(*grown));

		if (grown == NULL)
			return false;
		r->csv->cells = grown;
		r->cells_room = room;
	}
	r->csv->cells[r->cells++] = cell;
	return true;
}

static bool row_add(struct reader *r, unsigned line)
{
	if (r->csv->rows == r->lines_room) {
		size_t room = r->lines_room == 0 ? 64 : 2 * r->lines_room;
		unsigned *grown = realloc(r->csv->lines, room * sizeof(*grown));

		if (grown == NULL)
			return false;
		r->csv->lines = grown;
		r->lines_room = room;
	}
	r->csv->lines[r->csv->rows++] = line;
	return true;
}

/* Take the quotes off a field in place; NULL when its end is missing. Leaves r->at at what ends the field,
 * whose first octet *end tells, since the field's own end may be written over it. */
static char *quoted_read(struct reader *r, char *end)
{
	char *cell = ++r->at, *to = cell;

	for (;; r->at++) {
		if (*r->at == '\0')
			return NULL;
		if (*r->at == '"' && r->at[1] != '"')
			break;
		if (*r->at == '"')
			r->at++;
		r->line += *r->at == '\n';
		*to++ = *r->at;
	}
	r->at++;
	*end = *r->at;
	*to = '\0'; /* at the closing quote at the latest */
	return cell;
}

/* Read one field and what ends it, which goes to *end: ',', '\n' or '\0' (end of the text). */
static char *field_read(struct reader *r, char *end, struct err *e)
{
	const unsigned line = r->line;
	char *cell = r->at;

	if (*r->at == '"') {
		cell = quoted_read(r, end);
	} else {
		while (strchr("\r\n\"", *r->at) == NULL && *r->at != r->separator)
			r->at++; /* strchr() finds the end of the text too */
		*end = *r->at;
	}
	if (cell == NULL) {
		(void)malformed(e, line, "a quote is not closed");
		return NULL;
	}
	if (*end == '\r' && r->at[1] == '\n') {
		*r->at++ = '\0';
		*end = '\n';
	}
	if (*end != r->separator && *end != '\n' && *end != '\0') {
		(void)malformed(e, line, "something stands behind the field");
		return NULL;
	}
	if (*end != '\0')
		*r->at++ = '\0';
	r->line += *end == '\n';
	return cell;
}

static int row_read(struct reader *r, struct err *e)
{
	const unsigned line = r->line;
	unsigned columns = 0;
	char end;

	do {
		char *cell = field_read(r, &end, e);

		if (cell == NULL)
			return -1;
		if (!cell_add(r, cell))
			return err_set(e, FAULT_busy, "csv: out of memory");
		columns++;
	} while (end == r->separator);
	if (r->csv->rows == 0)
		r->csv->columns = columns;
	if (columns != r->csv->columns)
		return malformed(e, line, "another number of fields than the heading");
	return row_add(r, line) ? 0 : err_set(e, FAULT_busy, "csv: out of memory");
}

/* The first of the three signs that stands in the text; a table of one column has none. */
static char separator_find(const char *text)
{
	const char sign = text[strcspn(text, ",;\t")];

	return sign == '\0' ? ',' : sign;
}

int csv_read(struct csv *out, char *text, struct err *e)
{
	struct reader r = {.at = text, .line = 1, .csv = out};

	memset(out, 0, sizeof(*out));
	if (strncmp(r.at, "\xef\xbb\xbf", 3) == 0)
		r.at += 3; /* spreadsheets put a byte order mark first */
	r.separator = separator_find(r.at);
	while (*r.at != '\0') {
		size_t blank = strspn(r.at, "\r\n");

		for (size_t i = 0; i < blank; i++)
			r.line += *r.at++ == '\n';
		if (*r.at != '\0' && row_read(&r, e) == -1) {
			csv_free(out);
			return -1;
		}
	}
	return 0;
}

void csv_free(struct csv *csv)
{
	free(csv->cells);
	free(csv->lines);
	memset(csv, 0, sizeof(*csv));
}

const char *csv_cell(const struct csv *csv, size_t row, const char *column)
{
	for (unsigned c = 0; c < csv->columns; c++) {
		const char *cell = csv->cells[row * csv->columns + c];

		if (strcmp(csv->cells[c], column) == 0)
			return *cell == '\0' ? NULL : cell;
	}
	return NULL;
}

static void field_add(struct buf *out, enum csv_reader reader, const char *text)
{
	const bool formula = reader == CSV_SPREADSHEET && *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
	const bool quoted = formula || strpbrk(text, ",\"\r\n") != NULL;

	buf_puts(out, quoted ? "\"" : "");
	buf_puts(out, formula ? "'" : "");
	for (; *text != '\0'; text++)
		buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	buf_puts(out, quoted ? "\"" : "");
}

void csv_add(struct buf *out, enum csv_reader reader, const char *const *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i == 0 ? "" : ",");
		field_add(out, reader, fields[i] == NULL ? "" : fields[i]);
	}
	buf_puts(out, "\r\n");
}
