/* output.h - answers on standard output: a table for people, JSON or CSV for programs. */
#ifndef TOOLS_MAILCERTCTL_OUTPUT_H
#define TOOLS_MAILCERTCTL_OUTPUT_H

#include <stddef.h>

struct db_rows;
struct err;

enum output_form { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

/* A list to print that does not come from the database: count rows of `columns` cells; NULL is "no value". */
struct output_list {
	const char *const *names; /* columns of them, "snake_case" */
	unsigned columns;
	const char *const *cells; /* row after row */
	size_t count;
};

/* Print a list. Table: names in capitals, columns aligned, control bytes escaped, "-" for no value. JSON: an
 * array of objects, null for no value; the columns named in `numbers` ("id count") are numbers, those in
 * `flags` (which answer 0 or 1) are booleans. CSV: RFC 4180 with a heading, empty for no value. Fails when
 * the output cannot be written. */
int output_list(
    enum output_form, const struct output_list *, const char *numbers, const char *flags, struct err *e);
int output_rows(
    enum output_form, const struct db_rows *, const char *numbers, const char *flags, struct err *e);

/* Print one row as a record: "name: value" lines for people, an object in JSON, CSV as a list of one. */
int output_record(enum output_form, const struct db_rows *, size_t row, const char *numbers,
    const char *flags, struct err *e);

#endif
