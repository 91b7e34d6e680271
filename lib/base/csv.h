/* csv.h - reading a table in CSV (RFC 4180): quoted fields, LF or CRLF, a byte order mark forgiven. */
#ifndef LIB_BASE_CSV_H
#define LIB_BASE_CSV_H

#include <stddef.h>

struct err;

/* A table. All-zero is a valid empty one. */
struct csv {
	char **cells;     /* owned; each cell points into the text that was read */
	unsigned *lines;  /* owned; the line of the text where each row begins, from 1 */
	unsigned columns; /* of the first row, hence of every row */
	size_t rows;      /* the heading is row 0 */
};

/* Split text, which is changed and must outlive the table. Empty lines are passed over; blanks around
 * unquoted fields are kept. bulk_malformed (arg: the line) for a row with another number of fields than the
 * first, a quote inside an unquoted field, or one that is never closed. */
int csv_read(struct csv *out, char *text, struct err *e);
void csv_free(struct csv *); /* all-zero is fine */

/* The field of a row by the name in the heading, or NULL when there is no such column or the field is empty.
 */
const char *csv_cell(const struct csv *, size_t row, const char *column);

#endif
