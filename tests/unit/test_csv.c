/* test_csv.c - tables in CSV: what is read, which line is blamed, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/csv.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

static const struct good {
	const char *name, *text;
	size_t rows;
	const char *b; /* the field of column b in the last row; NULL: empty */
	unsigned line; /* where that row begins */
} goods[] = {
    {"plain", "a,b\n1,2\n", 2, "2", 2},
    {"no line end at the end", "a,b\n1,2", 2, "2", 2},
    {"CRLF", "a,b\r\n1,2\r\n", 2, "2", 2},
    {"byte order mark",
	"\xef\xbb\xbf"
	"a,b\n1,2\n",
	2, "2", 2},
    {"quotes", "a,b\n1,\"x, \"\"y\"\"\"\n", 2, "x, \"y\"", 2},
    {"quoted before a comma", "b,a\n\"x\",1\n", 2, "x", 2},
    {"empty quotes", "a,b\n1,\"\"\n", 2, NULL, 2},
    {"empty field", "a,b\n1,\n", 2, NULL, 2},
    {"line end in quotes", "a,b\n1,\"x\ny\"\n3,4\n", 3, "4", 4},
    {"empty lines", "a,b\n\n\n1,2\n\n", 2, "2", 4},
    {"semicolons", "a;b\n1,5;2,5\n", 2, "2,5", 2},
    {"tabs", "a\tb\r\n1;1\t\"2\t,\"\r\n", 2, "2\t,", 2},
    {"one column", "b\n1\n", 2, "1", 2},
    {"nothing", "", 0, NULL, 0},
};

static const struct bad {
	const char *name, *text, *line;
} bads[] = {
    {"too few", "a,b\n1\n", "2"},
    {"too many", "a,b\n1,2\n1,2,3\n", "3"},
    {"open quote", "a,b\n1,\"2\n3,4\n", "2"},
    {"behind a quote", "a,b\n1,\"2\"x\n", "2"},
    {"quote inside", "a,b\n1,x\"y\n", "2"},
};

static void reads(void **state)
{
	const struct good *g = *state;
	char *text = strdup(g->text);
	struct csv csv;
	struct err e;

	assert_int_equal(csv_read(&csv, text, &e), 0);
	assert_int_equal(csv.rows, g->rows);
	if (g->rows > 0) {
		const char *b = csv_cell(&csv, g->rows - 1, "b");

		assert_int_equal(csv.lines[g->rows - 1], g->line);
		if (g->b == NULL)
			assert_null(b);
		else
			assert_string_equal(b, g->b);
		assert_null(csv_cell(&csv, g->rows - 1, "c"));
	}
	csv_free(&csv);
	free(text);
}

static void refuses(void **state)
{
	const struct bad *b = *state;
	char *text = strdup(b->text);
	struct csv csv;
	struct err e;

	assert_int_equal(csv_read(&csv, text, &e), -1);
	assert_int_equal(e.fault, FAULT_bulk_malformed);
	assert_string_equal(e.arg, b->line);
	free(text);
}

static const char *const fields[] = {"a", NULL, "x, \"y\"", "two\nlines", "=1+1", "-", "@a", "b=c"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void written_for_programs(void **state)
{
	struct buf out = {0};

	(void)state;
	csv_add(&out, CSV_PROGRAM, fields, FIELDS);
	assert_string_equal(out.data, "a,,\"x, \"\"y\"\"\",\"two\nlines\",=1+1,-,@a,b=c\r\n");
	buf_free(&out);
}

static void spreadsheet_runs_nothing(void **state)
{
	struct buf out = {0};

	(void)state;
	csv_add(&out, CSV_SPREADSHEET, fields, FIELDS);
	assert_string_equal(out.data, "a,,\"x, \"\"y\"\"\",\"two\nlines\",\"'=1+1\",\"'-\",\"'@a\",b=c\r\n");
	buf_free(&out);
}

/* What is written is read back, field by field. */
static void read_back(void **state)
{
	static const char *const names[FIELDS] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	struct buf out = {0};
	struct csv csv;
	struct err e;

	(void)state;
	csv_add(&out, CSV_PROGRAM, names, FIELDS);
	csv_add(&out, CSV_PROGRAM, fields, FIELDS);
	assert_int_equal(csv_read(&csv, out.data, &e), 0);
	assert_int_equal(csv.rows, 2);
	for (size_t i = 0; i < FIELDS; i++)
		assert_string_equal(csv.cells[FIELDS + i], fields[i] == NULL ? "" : fields[i]);
	csv_free(&csv);
	buf_free(&out);
}

#define GOODS (sizeof(goods) / sizeof(goods[0]))
#define BADS  (sizeof(bads) / sizeof(bads[0]))

int main(void)
{
	const struct CMUnitTest writes[] = {cmocka_unit_test(written_for_programs),
	    cmocka_unit_test(spreadsheet_runs_nothing), cmocka_unit_test(read_back)};
	struct CMUnitTest tests[GOODS + BADS + sizeof(writes) / sizeof(writes[0])];

	memcpy(tests + GOODS + BADS, writes, sizeof(writes));
	for (size_t i = 0; i < GOODS; i++)
		tests[i] =
		    (struct CMUnitTest){goods[i].name, reads, NULL, NULL, (void *)(uintptr_t)&goods[i]};
	for (size_t i = 0; i < BADS; i++)
		tests[GOODS + i] =
		    (struct CMUnitTest){bads[i].name, refuses, NULL, NULL, (void *)(uintptr_t)&bads[i]};
	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
