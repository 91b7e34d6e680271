/* test_text.c - base: bounded text, encodings, secrets on disk, settings, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

static void base64url_there_and_back(void **state)
{
	unsigned char in[40], out[40];
	char text[BASE64URL_ROOM(sizeof(in))];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 37 + 200);
	for (size_t len = 0; len <= sizeof(in); len++) {
		base64url_encode(text, in, len);
		assert_int_equal(strlen(text), BASE64URL_ROOM(len) - 1);
		assert_int_equal(base64url_decode(out, len, text), 0);
		assert_memory_equal(out, in, len);
	}
}

static void base64url_refuses(void **state)
{
	unsigned char out[2];

	(void)state;
	assert_int_equal(base64url_decode(out, 2, "AAA"), 0);
	assert_int_equal(base64url_decode(out, 2, "AA"), -1);   /* too short */
	assert_int_equal(base64url_decode(out, 2, "AAAA"), -1); /* too long */
	assert_int_equal(base64url_decode(out, 2, "AA="), -1);  /* padding */
	assert_int_equal(base64url_decode(out, 2, "A+A"), -1);  /* the other alphabet */
	assert_int_equal(
	    base64url_decode(out, 2, "AAB"), -1); /* spare bits: a second spelling of the same value */
}

static void hex_both_ways(void **state)
{
	unsigned char out[2];
	char text[5];

	(void)state;
	hex_encode(text, "\x0a\xff", 2);
	assert_string_equal(text, "0aff");
	assert_int_equal(hex_decode(out, 2, "0AfF"), 0);
	assert_int_equal(out[0], 0x0a);
	assert_int_equal(hex_decode(out, 2, "0aff0"), -1);
	assert_int_equal(hex_decode(out, 2, "0ag0"), -1);
}

static void utf8_only_well_formed(void **state)
{
	static const struct {
		const char *bytes;
		bool good;
	} cases[] = {{"plain", true}, {"\xc5\x81", true}, {"\xe2\x82\xac", true}, {"\xf0\x9f\x93\xa7", true},
	    {"\xc0\xaf", false}, {"\xe0\x80\xaf", false}, {"\xed\xa0\x80", false},
	    {"\xf4\x90\x80\x80", false}, {"\x80", false}, {"\xe2\x82", false}, {"\xff", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(utf8_valid(cases[i].bytes, strlen(cases[i].bytes)), cases[i].good);
	assert_false(utf8_valid("a\0b", 3));
}

static void buffer_grows(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%04d", i);
	assert_false(b.failed);
	assert_int_equal(b.len, 40000);
	assert_memory_equal(b.data + 39996, "9999", 5);
	buf_free(&b);
	assert_null(b.data);
}

static void secret_is_for_its_owner_only(void **state)
{
	char path[] = "/tmp/mailcert-secret-XXXXXX", *secret;
	int fd = mkstemp(path);
	struct err e;

	(void)state;
	assert_int_equal(write(fd, "word\n", 5), 5);
	(void)close(fd);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(file_read_secret(path, &secret, &e), 0);
	assert_string_equal(secret, "word");
	secret_free(secret);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(file_read_secret(path, &secret, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	(void)unlink(path);
}

static void lines_count(void *arg, const char *line)
{
	assert_true(*line != '\0');
	(*(int *)arg)++;
}

static void configuration_is_checked(void **state)
{
	char path[] = "/tmp/mailcert-conf-XXXXXX";
	const char text[] =
	    "Web {\n  RequestsPerWorker = 7\n  BodyMax = many\n}\nNo.Such = 1\nBrand.Name = Acme CA\n";
	int fd = mkstemp(path), told = 0;
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	(void)close(fd);
	assert_int_equal(conf_check(path, lines_count, &told, &e), 2);
	assert_int_equal(told, 2);
	assert_int_equal(conf_load(&conf, path, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);

	assert_int_equal(file_replace(path, "Web.RequestsPerWorker = 7\n", 26, 0600, &e), 0);
	assert_int_equal(conf_load(&conf, path, &e), 0);
	assert_int_equal(conf_number(conf, SET_WEB_REQUESTS), 7);
	assert_int_equal(conf_number(conf, SET_WEB_BODY_MAX), 262144);
	conf_free(conf);
	(void)unlink(path);
	assert_int_equal(conf_load(&conf, path, &e), -1);
}

static void every_default_fits_its_type(void **state)
{
	(void)state;
	for (int i = 0; i < SET__MAX; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		assert_true(*row->what != '\0');
		if (row->type == SETTING_NUMBER || row->type == SETTING_FLAG) {
			assert_true(strtol(row->def, NULL, 10) >= row->least);
			assert_true(strtol(row->def, NULL, 10) <= row->most);
		}
	}
}

static void faults_are_found_by_code(void **state)
{
	(void)state;
	for (int i = FAULT_none + 1; i < FAULT__MAX; i++) {
		assert_int_equal(fault_by_code(fault_code((enum fault)i)), i);
		assert_true(fault_status((enum fault)i) >= 400 && fault_status((enum fault)i) < 600);
	}
	assert_int_equal(fault_by_code("no_such_code"), FAULT_none);
	assert_int_equal(fault_status((enum fault)9999), 500);
}

int main(void)
{
	const struct CMUnitTest t[] = {
	    cmocka_unit_test(base64url_there_and_back),
	    cmocka_unit_test(base64url_refuses),
	    cmocka_unit_test(hex_both_ways),
	    cmocka_unit_test(utf8_only_well_formed),
	    cmocka_unit_test(buffer_grows),
	    cmocka_unit_test(secret_is_for_its_owner_only),
	    cmocka_unit_test(configuration_is_checked),
	    cmocka_unit_test(every_default_fits_its_type),
	    cmocka_unit_test(faults_are_found_by_code),
	};

	return cmocka_run_group_tests_name("base", t, NULL, NULL);
}
