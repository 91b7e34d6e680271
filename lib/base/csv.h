/* csv.h - tables in CSV (RFC 4180): read with quoted fields, LF or CRLF, a byte order mark forgiven; written
 * with CRLF, quoted where it is needed. */
#ifndef LIB_BASE_CSV_H
#define LIB_BASE_CSV_H

#include <stddef.h>

struct buf;
struct err;

/* A table. All-zero is a valid empty one. */
struct csv {
	char **cells;     /* owned; each cell points into the text that was read */
	unsigned *lines;  /* owned; the line of the text where each row begins, from 1 */
	unsigned columns; /* of the first row, hence of every row */
	size_t rows;      /* the heading is row 0 */
};

/* Split text by the first of , ; and tab that stands in it: spreadsheets of some countries write semicolons,
 * and what is copied out of one has tabs. The text is changed and must outlive the table. Empty lines are
 * passed over; blanks around unquoted fields are kept. bulk_malformed (arg: the line) for a row with another
 * number of fields than the first, a quote inside an unquoted field, or one that is never closed. */
int csv_read(struct csv *out, char *text, struct err *e);
void csv_free(struct csv *); /* all-zero is fine */

/* The field of a row by the name in the heading, or NULL when there is no such column or the field is empty.
 */
const char *csv_cell(const struct csv *, size_t row, const char *column);

/* Who reads what is written. A spreadsheet would run a field that begins like a formula (= + - @ tab CR), so
 * there it begins with an apostrophe, which makes it text; a program gets every octet as it is. */
enum csv_reader { CSV_PROGRAM, CSV_SPREADSHEET };

/* Add a row of count fields and its line end to out; NULL is an empty field. */
void csv_add(struct buf *out, enum csv_reader, const char *const *fields, size_t count);

#endif
