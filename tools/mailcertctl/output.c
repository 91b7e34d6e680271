/* output.c - table, JSON and CSV; see output.h. */
#include "tools/mailcertctl/output.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <jansson.h>

#include "lib/base/csv.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"

/* Columns that may be read as one list, whoever owns the cells. */
struct grid {
	const char *const *names;
	const char *const *cells;
	unsigned columns;
	size_t count;
	const char *numbers, *flags;
};

static const char *grid_cell(const struct grid *g, size_t row, unsigned column)
{
	return g->cells[row * g->columns + column];
}

/* Whether the space-separated list names the word. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static int output_end(struct err *e)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return err_errno(e, FAULT_internal, "standard output");
	return 0;
}

/* --- for people --- */

/* Text for a terminal: a control byte could move the cursor or change the window's title. */
static void text_show(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_add(out, text, 1);
	}
}

/* How many places text takes on a terminal; bytes when it is not of the terminal's coding. */
static size_t text_width(const char *text)
{
	wchar_t wide[1024];
	size_t n = mbstowcs(wide, text, sizeof(wide) / sizeof(wide[0]));
	int width;

	if (n == (size_t)-1 || n == sizeof(wide) / sizeof(wide[0]))
		return strlen(text);
	width = wcswidth(wide, n);
	return width < 0 ? n : (size_t)width;
}

static void cell_show(struct buf *out, const struct grid *g, size_t row, unsigned column)
{
	const char *cell = grid_cell(g, row, column);

	out->len = 0;
	if (cell == NULL)
		buf_puts(out, "-");
	else if (list_has(g->flags, g->names[column]))
		buf_puts(out, strcmp(cell, "0") == 0 ? "no" : "yes");
	else
		text_show(out, cell);
	buf_puts(out, "");
}

static void name_show(struct buf *out, const char *name)
{
	out->len = 0;
	buf_puts(out, name);
	for (char *p = out->data; p != NULL && *p != '\0'; p++)
		*p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
}

static void table_put(const char *text, size_t width, bool right, bool last)
{
	size_t own = text_width(text), fill = own < width ? width - own : 0;

	if (right)
		(void)printf("%*s%s%s", (int)fill, "", text, last ? "\n" : "  ");
	else if (last)
		(void)printf("%s\n", text);
	else
		(void)printf("%s%*s  ", text, (int)fill, "");
}

static void grid_table(const struct grid *g, struct buf *b, size_t *widths)
{
	for (unsigned c = 0; c < g->columns; c++) {
		widths[c] = text_width(g->names[c]);
		for (size_t r = 0; r < g->count; r++) {
			size_t width;

			cell_show(b, g, r, c);
			width = text_width(b->data);
			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
	for (unsigned c = 0; c < g->columns; c++) {
		name_show(b, g->names[c]);
		table_put(b->data, widths[c], list_has(g->numbers, g->names[c]), c + 1 == g->columns);
	}
	for (size_t r = 0; r < g->count; r++)
		for (unsigned c = 0; c < g->columns; c++) {
			cell_show(b, g, r, c);
			table_put(b->data, widths[c], list_has(g->numbers, g->names[c]), c + 1 == g->columns);
		}
}

static int output_table(const struct grid *g, struct err *e)
{
	size_t *widths = calloc(g->columns, sizeof(*widths));
	struct buf b = {0};

	buf_puts(&b, "");
	if (widths == NULL || b.failed) {
		free(widths);
		buf_free(&b);
		return err_set(e, FAULT_busy, "output: out of memory");
	}
	grid_table(g, &b, widths);
	free(widths);
	buf_free(&b);
	return output_end(e);
}

/* "Name     value" lines; a value of several lines is indented below its name. */
static int output_lines(const struct grid *g, struct err *e)
{
	struct buf b = {0};
	size_t width = 0;

	for (unsigned c = 0; c < g->columns; c++)
		width = strlen(g->names[c]) > width ? strlen(g->names[c]) : width;
	for (unsigned c = 0; c < g->columns; c++) {
		cell_show(&b, g, 0, c);
		(void)printf("%-*s  ", (int)width, g->names[c]);
		(void)printf("%s\n", b.data == NULL ? "" : b.data);
	}
	buf_free(&b);
	return output_end(e);
}

/* --- for programs --- */

static json_t *cell_json(const struct grid *g, size_t row, unsigned column)
{
	const char *cell = grid_cell(g, row, column), *name = g->names[column];

	if (cell == NULL)
		return json_null();
	if (list_has(g->flags, name))
		return json_boolean(strcmp(cell, "0") != 0);
	if (list_has(g->numbers, name))
		return strchr(cell, '.') == NULL ? json_integer(strtoll(cell, NULL, 10))
						 : json_real(strtod(cell, NULL));
	return json_string(cell);
}

static json_t *row_json(const struct grid *g, size_t row)
{
	json_t *object = json_object();

	for (unsigned c = 0; object != NULL && c < g->columns; c++)
		if (json_object_set_new(object, g->names[c], cell_json(g, row, c)) == -1) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static int json_print(json_t *value, struct err *e)
{
	int rc;

	if (value == NULL)
		return err_set(e, FAULT_internal, "output: a value that is not UTF-8, or out of memory");
	rc = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(value);
	(void)putchar('\n');
	return rc == -1 ? err_errno(e, FAULT_internal, "standard output") : output_end(e);
}

static int output_json(const struct grid *g, struct err *e)
{
	json_t *array = json_array();

	for (size_t r = 0; array != NULL && r < g->count; r++)
		if (json_array_append_new(array, row_json(g, r)) == -1) {
			json_decref(array);
			array = NULL;
		}
	return json_print(array, e);
}

static int output_csv(const struct grid *g, struct err *e)
{
	struct buf out = {0};
	int rc;

	csv_add(&out, CSV_PROGRAM, g->names, g->columns);
	for (size_t r = 0; r < g->count; r++)
		csv_add(&out, CSV_PROGRAM, g->cells + r * g->columns, g->columns);
	if (!out.failed)
		(void)fwrite(out.data, 1, out.len, stdout);
	rc = out.failed ? err_set(e, FAULT_busy, "output: out of memory") : output_end(e);
	buf_free(&out);
	return rc;
}

/* --- */

static int output_grid(enum output_form form, const struct grid *g, struct err *e)
{
	switch (form) {
	case OUTPUT_JSON:
		return output_json(g, e);
	case OUTPUT_CSV:
		return output_csv(g, e);
	case OUTPUT_TABLE:
		break;
	}
	return output_table(g, e);
}

int output_list(enum output_form form, const struct output_list *list, const char *numbers, const char *flags,
    struct err *e)
{
	struct grid g = {list->names, list->cells, list->columns, list->count, numbers, flags};

	return output_grid(form, &g, e);
}

/* Names and cells of a result, borrowed from it: columns names, then the cells of rows first..first + count.
 */
static const char **rows_borrow(const struct db_rows *rows, unsigned columns, size_t first, size_t count)
{
	const char **all = calloc((count + 1) * columns + 1, sizeof(*all));

	for (unsigned c = 0; all != NULL && c < columns; c++) {
		all[c] = db_column(rows, c);
		for (size_t r = 0; r < count; r++)
			all[(r + 1) * columns + c] = db_cell(rows, first + r, c);
	}
	return all;
}

int output_rows(
    enum output_form form, const struct db_rows *rows, const char *numbers, const char *flags, struct err *e)
{
	const unsigned columns = db_columns_count(rows);
	const char **all = rows_borrow(rows, columns, 0, db_rows_count(rows));
	struct grid g = {
	    all, all == NULL ? NULL : all + columns, columns, db_rows_count(rows), numbers, flags};
	int rc;

	if (all == NULL)
		return err_set(e, FAULT_busy, "output: out of memory");
	rc = output_grid(form, &g, e);
	free(all);
	return rc;
}

int output_record(enum output_form form, const struct db_rows *rows, size_t row, const char *numbers,
    const char *flags, struct err *e)
{
	const unsigned columns = db_columns_count(rows);
	const char **all = rows_borrow(rows, columns, row, 1);
	struct grid g = {all, all == NULL ? NULL : all + columns, columns, 1, numbers, flags};
	int rc;

	if (all == NULL)
		return err_set(e, FAULT_busy, "output: out of memory");
	if (form == OUTPUT_TABLE)
		rc = output_lines(&g, e);
	else if (form == OUTPUT_JSON)
		rc = json_print(row_json(&g, 0), e);
	else
		rc = output_csv(&g, e);
	free(all);
	return rc;
}
