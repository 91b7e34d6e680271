/* csv.h - reading a table in CSV (RFC 4180): quoted fields, LF or CRLF. */
#ifndef TOOLS_MAILCERTCTL_CSV_H
#define TOOLS_MAILCERTCTL_CSV_H

#include <stddef.h>

struct err;

struct csv {
	char **cells;     /* owned; each cell in the text that was read */
	unsigned *lines;  /* owned; the line of the file where each row begins, from 1 */
	unsigned columns; /* of the first row, hence of every row */
	size_t rows;      /* the heading is row 0 */
};

/* Split text, which is changed and must outlive the csv. Lines that are empty are passed over. A row with
 * another number of fields than the first, a quote in an unquoted field or one that is never closed is an
 * error that names its line. */
int csv_read(struct csv *out, char *text, struct err *e);
void csv_free(struct csv *); /* all-zero is fine */

/* The field of a row, or NULL when the table has no such column or the field is empty. */
const char *csv_cell(const struct csv *, size_t row, const char *column);

#endif
