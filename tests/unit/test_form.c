/* test_form.c - reading form fields: what browsers send, what attackers send, what was cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cgi/form.h"
#include "lib/base/err.h"

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

struct urlencoded_case {
	const char *name, *in;
	const char *field, *want; /* want NULL: refused */
	size_t count;
};
static struct urlencoded_case urlencoded_cases[] = {
    {"one field", "email=joe%40example.com", "email", "joe@example.com", 1},
    {"plus is a blank", "q=a+b%2Bc", "q", "a b+c", 1},
    {"empty value", "a=&b=2", "a", "", 2},
    {"no equals sign", "a&b=2", "a", "", 2},
    {"empty pairs are skipped", "&&a=1&&", "a", "1", 1},
    {"first of several", "a=1&a=2", "a", "1", 2},
    {"utf-8", "name=%C5%81ukasz", "name", "\xc5\x81ukasz", 1},
    {"broken escape", "a=%4", "a", NULL, 0},
    {"no hex", "a=%zz", "a", NULL, 0},
    {"escape at the pair's end does not eat the next", "a=%4&1=2", "a", NULL, 0},
    {"nul octet", "a=x%00y", "a", NULL, 0},
    {"overlong utf-8", "a=%C0%AF", "a", NULL, 0},
    {"nothing", "", "a", "", 0},
};

static void urlencoded_check(void **state)
{
	const struct urlencoded_case *c = *state;
	static struct form form;
	struct err e;
	int rc = form_read_urlencoded(&form, c->in, strlen(c->in), &e);

	if (c->want == NULL) {
		assert_int_equal(rc, -1);
		assert_int_equal(e.fault, FAULT_request_malformed);
	} else {
		assert_int_equal(rc, 0);
		assert_int_equal(form.count, c->count);
		assert_string_equal(form_text(&form, c->field), c->want);
	}
	form_free(&form);
}

static const char multipart[] = "--XyZ\r\nContent-Disposition: form-data; name=\"csr\"\r\n\r\n"
				"-----BEGIN\r\n--Xy no boundary\r\n\r\n--XyZ\r\n"
				"Content-Disposition: form-data; name=\"csr_file\"; filename=\"a.csr\"\r\n"
				"Content-Type: application/octet-stream\r\n\r\n"
				"\x30\x00\xff\r\n--XyZ--\r\n";
static const char multipart_type[] = "multipart/form-data; boundary=XyZ";

static void multipart_whole(void **state)
{
	static struct form form;
	struct err e;

	(void)state;
	assert_int_equal(form_read_multipart(&form, multipart_type, multipart, sizeof(multipart) - 1, &e), 0);
	assert_int_equal(form.count, 2);
	assert_string_equal(form_text(&form, "csr"), "-----BEGIN\r\n--Xy no boundary\r\n");
	assert_int_equal(form_find(&form, "csr_file")->len, 3);
	assert_memory_equal(form_find(&form, "csr_file")->value, "\x30\x00\xff", 3);
	form_free(&form);
}

static void multipart_cut_anywhere(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(multipart) - 3; len++) {
		static struct form form;
		char *copy = malloc(len + 1); /* so that a look past the end is seen */
		struct err e;

		memcpy(copy, multipart, len);
		assert_int_equal(form_read_multipart(&form, multipart_type, copy, len, &e), -1);
		assert_int_equal(e.fault, FAULT_request_malformed);
		form_free(&form);
		free(copy);
	}
}

static void multipart_without_boundary(void **state)
{
	static struct form form;
	struct err e;

	(void)state;
	assert_int_equal(form_read_multipart(&form, "multipart/form-data", multipart, 10, &e), -1);
	assert_int_equal(form_read_multipart(&form, "multipart/form-data; boundary=", multipart, 10, &e), -1);
}

static void too_many_fields(void **state)
{
	static struct form form;
	char text[4 * (FORM_FIELDS_MAX + 2)] = "";
	struct err e;

	(void)state;
	for (int i = 0; i <= FORM_FIELDS_MAX; i++)
		strcat(text, "a=&");
	assert_int_equal(form_read_urlencoded(&form, text, strlen(text), &e), -1);
	assert_int_equal(e.fault, FAULT_request_malformed);
	form_free(&form);
}

int main(void)
{
	struct CMUnitTest t[nitems(urlencoded_cases) + 4];
	size_t n = 0;

	for (; n < nitems(urlencoded_cases); n++)
		t[n] = (struct CMUnitTest){
		    urlencoded_cases[n].name, urlencoded_check, NULL, NULL, &urlencoded_cases[n]};
	t[n++] = (struct CMUnitTest)cmocka_unit_test(multipart_whole);
	t[n++] = (struct CMUnitTest)cmocka_unit_test(multipart_cut_anywhere);
	t[n++] = (struct CMUnitTest)cmocka_unit_test(multipart_without_boundary);
	t[n++] = (struct CMUnitTest)cmocka_unit_test(too_many_fields);
	return cmocka_run_group_tests_name("form", t, NULL, NULL);
}
