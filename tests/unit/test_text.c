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

static void text_cut_between_characters(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {{"abcd", "abcd"}, {"abcdef", "abcd"}, {"abc\xc5\x82", "abc"},
	    {"ab\xc5\x82", "ab\xc5\x82"}, {"a\xf0\x9f\x93\xa7", "a"},
	    {"\xf0\x9f\x93\xa7z", "\xf0\x9f\x93\xa7"}, {"", ""}};
	char out[5];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		utf8_copy(out, sizeof(out), cases[i].text);
		assert_string_equal(out, cases[i].want);
	}
}

static void plain_ascii_only(void **state)
{
	(void)state;
	assert_true(ascii_plain(""));
	assert_true(ascii_plain("a b~"));
	assert_false(ascii_plain("a\tb"));
	assert_false(ascii_plain("\x7f"));
	assert_false(ascii_plain("\xc5\x82"));
}

/* A fault's argument stands in JSON, which is UTF-8: what is cut must stay so. */
static void fault_argument_stays_utf8(void **state)
{
	char arg[2 * ERR_ARG_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(arg) - 1; i++)
		arg[i] = i % 2 == 0 ? (char)0xc5 : (char)0x82;
	arg[sizeof(arg) - 1] = '\0';
	(void)err_set_arg(&e, FAULT_product_unknown, arg, "x");
	assert_true(utf8_valid(e.arg, strlen(e.arg)));
	assert_int_equal(strlen(e.arg), ERR_ARG_MAX - 2);
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

static void texts_join(void **state)
{
	char out[8] = "before";

	(void)state;
	text_join(out, sizeof(out), "List.", "1");
	assert_string_equal(out, "List.1");
	text_join(out, sizeof(out), "", "");
	assert_string_equal(out, "");
	text_join(out, sizeof(out), "four", "four", "four");
	assert_string_equal(out, "fourfou");
	memcpy(out, "before", 7);
	text_join(out, 1, "x");
	assert_string_equal(out, "");
	text_join(out + 1, 0, "x");
	assert_string_equal(out + 1, "efore");
}

/* An octet that makes a text none is found wherever it stands, and so is one that does not. */
static void utf8_is_looked_through_to_its_end(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		bool valid;
	} parts[] = {{"", 1, false}, {"\x01", 1, true}, {"\x7f", 1, true}, {"\x80", 1, false},
	    {"\xff", 1, false}, {"\xc5\xbc", 2, true}, {"\xc5", 1, false}, {"\xf0\x9f\x94\x91", 4, true},
	    {"\xed\xa0\x80", 3, false}};
	char text[48];

	(void)state;
	for (size_t len = 0; len < 40; len++)
		for (size_t at = 0; at <= len; at++)
			for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
				memset(text, 'a', sizeof(text));
				memcpy(text + at, parts[i].octets, parts[i].len);
				assert_int_equal(utf8_valid(text, len + parts[i].len), parts[i].valid);
				assert_true(utf8_valid(text, at));
			}
}

/* A file of len octets is read whole when it may be so long, and refused else. */
static void file_check(const char *path, size_t len, size_t max)
{
	char *out = NULL;
	struct err e;
	size_t got = 0;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < len; i++)
		assert_int_not_equal(fputc('a' + (int)(i % 23), file), EOF);
	assert_int_equal(fclose(file), 0);
	if (len > max) {
		assert_int_equal(file_read(path, max, &out, &got, &e), -1);
		assert_int_equal(e.fault, FAULT_internal);
		return;
	}
	assert_int_equal(file_read(path, max, &out, &got, &e), 0);
	assert_int_equal(got, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], 'a' + (int)(i % 23));
	assert_int_equal(out[len], '\0');
	free(out);
}

static void file_is_read_whole_or_refused(void **state)
{
	static const size_t limits[] = {0, 1, 100, 4094, 4095, 4096, 4097, 8190, 10000, 100000};
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 16384};
	char path[] = "/tmp/mailcert-file-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	(void)close(fd);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
			file_check(path, sizes[k], limits[i]);
		file_check(path, limits[i], limits[i]);
		file_check(path, limits[i] + 1, limits[i]);
	}
	(void)unlink(path);
}

/* A file with a word in it; the path is filled in. */
static void word_write(char *path, const char *word)
{
	int fd = mkstemp(path);

	assert_int_equal(write(fd, word, strlen(word)), (ssize_t)strlen(word));
	(void)close(fd);
}

static bool secret_reads(const char *path, mode_t mode)
{
	char *secret = NULL;
	struct err e;
	int rc;

	assert_int_equal(chmod(path, mode), 0);
	rc = file_read_secret(path, &secret, &e);
	if (rc == 0)
		assert_string_equal(secret, "word");
	else
		assert_int_equal(e.fault, FAULT_config_invalid);
	secret_free(secret);
	return rc == 0;
}

static void secret_is_for_its_owner_only(void **state)
{
	char path[] = "/tmp/mailcert-secret-XXXXXX", link[sizeof(path) + 5];

	(void)state;
	word_write(path, "word\n");
	assert_true(secret_reads(path, 0600));
	assert_true(secret_reads(path, 0400));
	assert_int_equal(secret_reads(path, 0640), geteuid() == 0); /* only root gives secrets to a group */
	assert_false(secret_reads(path, 0660));
	assert_false(secret_reads(path, 0604));
	assert_false(secret_reads(path, 0700));
	assert_int_equal(chmod(path, 0600), 0);
	(void)snprintf(link, sizeof(link), "%s.link", path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(secret_open(link, &(struct err){0}), -1);
	(void)unlink(link);
	(void)unlink(path);
	assert_int_equal(secret_open("/tmp", &(struct err){0}), -1);
}

static void secret_of_another_user_is_refused(void **state)
{
	char path[] = "/tmp/mailcert-secret-XXXXXX";

	(void)state;
	if (geteuid() != 0)
		skip();
	word_write(path, "word\n");
	assert_int_equal(chown(path, 12345, 0), 0);
	assert_false(secret_reads(path, 0600));
	(void)unlink(path);
}

/* What systemd's LoadCredential= hands over is taken instead of the file that the configuration names. */
static void secret_comes_as_a_credential(void **state)
{
	char folder[] = "/tmp/mailcert-credentials-XXXXXX", conf_path[64], credential[64], *secret;
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(conf_path, sizeof(conf_path), "%s/conf", folder);
	(void)snprintf(credential, sizeof(credential), "%s/secret_pin", folder);
	assert_int_equal(file_replace(conf_path, "Ca.Pkcs11.PinFile = /no/where/pin\n", 34, 0600, &e), 0);
	assert_int_equal(conf_load(&conf, conf_path, &e), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	assert_int_equal(conf_secret(conf, SET_CA_PKCS11_PIN, &secret, &e), -1);
	assert_int_equal(file_replace(credential, "1234\n", 5, 0400, &e), 0);
	assert_int_equal(conf_secret(conf, SET_CA_PKCS11_PIN, &secret, &e), 0);
	assert_string_equal(secret, "1234");
	secret_free(secret);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_int_equal(conf_secret(conf, SET_CA_PKCS11_PIN, &secret, &e), -1);
	conf_free(conf);
	(void)unlink(conf_path);
	(void)unlink(credential);
	(void)rmdir(folder);
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

/* Found by fuzz_conf: a link to a group above itself had the reader walk until its stack was full. */
static void configuration_has_no_links(void **state)
{
	char path[] = "/tmp/mailcert-conf-XXXXXX";
	int fd = mkstemp(path), told = 0;
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	(void)close(fd);
	assert_int_equal(
	    file_replace(path, "Web.Brand : Web\nBrand.Name : Brand.Support\n", 43, 0600, &e), 0);
	assert_int_equal(conf_check(path, lines_count, &told, &e), 2);
	assert_int_equal(told, 2);
	/* And one to what it holds itself had HDF's own reader walk so, before anybody could look. */
	told = 0;
	assert_int_equal(
	    file_replace(path, "Db [a=\"x\"] : Db.TlsCa2\nDb.TlsCa {\n}\n\tDb*:Db.Hosts\n", 50, 0600, &e), 0);
	assert_int_equal(conf_check(path, lines_count, &told, &e), 2);
	assert_int_equal(conf_load(&conf, path, &e), -1);
	assert_non_null(strstr(e.log, "line 1: Db: a link"));
	(void)unlink(path);
}

/* Told what is wrong, one after the other. */
struct telling {
	const char *const *lines;
	size_t count, told;
};
static void line_compare(void *arg, const char *line)
{
	struct telling *t = arg;

	assert_true(t->told < t->count);
	assert_string_equal(line, t->lines[t->told]);
	t->told++;
}

/* Every wrong line is named where it stands: in blocks, in dotted names, and when a later line overrides it.
 */
static void configuration_lines_are_named(void **state)
{
	static const char text[] =
	    "# Web.BodyMax = in a comment\n"
	    "Web.BodyMax = big\n"
	    "Web.BodyMax = 8192\n"
	    "Db {\n"
	    "\tNmae = x\n"
	    "\tWeb {\n"
	    "\t\tUsr = 3 \r\n"
	    "\t}\n"
	    "\tTimeout = 0\n"
	    "}\n"
	    "Signer.PollMs=5\n"
	    "Mail.From = a@mailbox.example\n" /* a good line hid the next one (fuzz_conf) */
	    "Mail.From << END\n"
	    "Web.BodyMax = in a text\n"
	    "END\n"
	    "Callback.AllowPrivate = 2\n"
	    "Callback.AllowPrivate = 0\n";
	static const char *const wrong[] = {
	    "line 2: Web.BodyMax = big: a whole number from 4096 to 67108864 is wanted",
	    "line 5: Db.Nmae: no such setting", "line 7: Db.Web.Usr: no such setting",
	    "line 9: Db.Timeout = 0: a whole number from 1 to 600 is wanted",
	    "line 11: Signer.PollMs = 5: a whole number from 10 to 600000 is wanted",
	    "line 13: Mail.From: one line of UTF-8 is wanted",
	    "line 16: Callback.AllowPrivate = 2: a whole number from 0 to 1 is wanted"};
	struct telling t = {wrong, sizeof(wrong) / sizeof(wrong[0]), 0};
	char path[] = "/tmp/mailcert-conf-XXXXXX";
	int fd = mkstemp(path);
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	(void)close(fd);
	assert_int_equal(conf_check(path, line_compare, &t, &e), 7);
	assert_int_equal(t.told, 7);
	assert_int_equal(conf_load(&conf, path, &e), -1);
	assert_non_null(strstr(e.log, "line 2: "));
	(void)unlink(path);
}

/* HDF passes over more than blanks and tabs. A line that begins with another of these was no line to us, and
 * behind a good one of the same name nobody judged it (fuzz_conf). */
static void configuration_lines_begin_as_hdf_has_them(void **state)
{
	static const char text[] = "Web {\n BaseUrl =b{\n\r BaseUrl=\rB\303\377\n}\n\fWeb.BodyMax\v= big\f\n";
	static const char *const wrong[] = {"line 3: Web.BaseUrl: one line of UTF-8 is wanted",
	    "line 5: Web.BodyMax = big: a whole number from 4096 to 67108864 is wanted"};
	struct telling t = {wrong, sizeof(wrong) / sizeof(wrong[0]), 0};
	char path[] = "/tmp/mailcert-conf-XXXXXX";
	int fd = mkstemp(path);
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	(void)close(fd);
	assert_int_equal(conf_check(path, line_compare, &t, &e), 2);
	assert_int_equal(t.told, 2);
	assert_int_equal(conf_load(&conf, path, &e), -1);
	(void)unlink(path);
}

/* A database that is not reached by the loopback is spoken to by TLS alone. */
static void database_of_another_machine_wants_tls(void **state)
{
	static const struct {
		const char *hosts;
		int wrong; /* without Db.TlsCa */
	} cases[] = {{"127.0.0.1", 0}, {"127.0.0.1:3307,127.0.0.2:3308,[::1]:3309", 0}, {"LocalHost:3306", 0},
	    {"db.example", 1}, {"192.0.2.7:3306", 1}, {"[2001:db8::7]:3306", 1},
	    {"127.0.0.1:3307,db.example:3306,192.0.2.7", 2}, {"localhost.db.example", 1}, {"127.1", 1},
	    {"[::ffff:192.0.2.7]", 1}, {"0.0.0.0", 1}, {"127.0.0.1.db.example:3306", 1}, {",localhost", 1}};
	char path[] = "/tmp/mailcert-conf-XXXXXX", text[128];
	struct conf *conf = NULL;
	struct err e;

	(void)state;
	(void)close(mkstemp(path));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int told = 0;

		(void)snprintf(text, sizeof(text), "Db.Hosts = %s\n", cases[i].hosts);
		assert_int_equal(file_replace(path, text, strlen(text), 0600, &e), 0);
		assert_int_equal(conf_check(path, lines_count, &told, &e), cases[i].wrong);
		assert_int_equal(conf_load(&conf, path, &e), cases[i].wrong > 0 ? -1 : 0);
		if (cases[i].wrong > 0)
			assert_non_null(strstr(e.log, "Db.TlsCa"));
		else
			conf_free(conf);
		(void)snprintf(text, sizeof(text), "Db.TlsCa = /ca.pem\nDb.Hosts = %s\n", cases[i].hosts);
		assert_int_equal(file_replace(path, text, strlen(text), 0600, &e), 0);
		assert_int_equal(conf_load(&conf, path, &e), 0);
		conf_free(conf);
	}
	(void)unlink(path);
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
	    cmocka_unit_test(text_cut_between_characters),
	    cmocka_unit_test(plain_ascii_only),
	    cmocka_unit_test(fault_argument_stays_utf8),
	    cmocka_unit_test(buffer_grows),
	    cmocka_unit_test(texts_join),
	    cmocka_unit_test(utf8_is_looked_through_to_its_end),
	    cmocka_unit_test(file_is_read_whole_or_refused),
	    cmocka_unit_test(secret_is_for_its_owner_only),
	    cmocka_unit_test(secret_of_another_user_is_refused),
	    cmocka_unit_test(secret_comes_as_a_credential),
	    cmocka_unit_test(configuration_is_checked),
	    cmocka_unit_test(configuration_has_no_links),
	    cmocka_unit_test(configuration_lines_are_named),
	    cmocka_unit_test(configuration_lines_begin_as_hdf_has_them),
	    cmocka_unit_test(database_of_another_machine_wants_tls),
	    cmocka_unit_test(every_default_fits_its_type),
	    cmocka_unit_test(faults_are_found_by_code),
	};

	return cmocka_run_group_tests_name("base", t, NULL, NULL);
}
