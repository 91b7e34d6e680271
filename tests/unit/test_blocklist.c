/* test_blocklist.c - the file of blocked keys: written, mapped, searched, replaced, imported, refused when
 * wrong. */
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
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/key.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static char folder[] = "/tmp/test_blocklist.XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void hash_of(unsigned char out[32], unsigned number)
{
	(void)SHA256((const unsigned char *)&number, sizeof(number), out);
}

/* Write numbers first, first + step, ... as a block list. */
static void list_make(
    const char *path, unsigned first, unsigned step, unsigned count, enum block_reason reason)
{
	struct block_set *set = NULL;
	unsigned char hash[32];
	struct err e;

	assert_int_equal(block_set_new(&set, &e), 0);
	for (unsigned i = 0; i < count; i++) {
		hash_of(hash, first + i * step);
		assert_int_equal(block_set_add(set, hash, reason, &e), 0);
	}
	assert_int_equal(blocklist_write(set, path, 0644, NULL, &e), 0);
	block_set_free(set);
}

static void check_find(void **state)
{
	static const unsigned counts[] = {0, 1, 2, 3, 1000, 4097};
	struct blocklist *list = NULL;
	unsigned char hash[32];
	struct err e;

	(void)state;
	for (size_t c = 0; c < NITEMS(counts); c++) {
		list_make(in_folder("find"), 0, 2, counts[c], BLOCK_DEBIAN);
		assert_int_equal(blocklist_open(&list, in_folder("find"), &e), 0);
		assert_int_equal(blocklist_count(list), counts[c]);
		for (unsigned i = 0; i < 2 * counts[c]; i++) {
			hash_of(hash, i);
			assert_int_equal(blocklist_find(list, hash), i % 2 == 0 ? BLOCK_DEBIAN : BLOCK_NONE);
		}
		memset(hash, 0, sizeof(hash));
		assert_int_equal(blocklist_find(list, hash), BLOCK_NONE);
		memset(hash, 0xff, sizeof(hash));
		assert_int_equal(blocklist_find(list, hash), BLOCK_NONE);
		blocklist_free(list);
	}
}

static void check_sorted_unique(void **state)
{
	struct block_set *set = NULL;
	unsigned char hash[32];
	size_t count = 0, len;
	char *file;
	struct err e;

	(void)state;
	assert_int_equal(block_set_new(&set, &e), 0);
	for (unsigned i = 0; i < 3000; i++) {
		hash_of(hash, i % 1000);
		assert_int_equal(
		    block_set_add(set, hash, i < 1000 ? BLOCK_COMPROMISED : BLOCK_DEBIAN, &e), 0);
	}
	assert_int_equal(block_set_count(set), 3000);
	assert_int_equal(blocklist_write(set, in_folder("unique"), 0640, &count, &e), 0);
	block_set_free(set);
	assert_int_equal(count, 1000);
	assert_int_equal(file_read(in_folder("unique"), 1 << 20, &file, &len, &e), 0);
	assert_int_equal(len, 32 + 16 * 1000);
	assert_memory_equal(file, "mcblock\n\0\0\0\1\0\0\0\x10\0\0\0\0\0\0\x03\xe8\0\0\0\0\0\0\0\0", 32);
	for (size_t i = 0; i < 1000; i++) {
		if (i > 0)
			assert_true(memcmp(file + 32 + 16 * (i - 1), file + 32 + 16 * i, 15) < 0);
		assert_int_equal(file[32 + 16 * i + 15], BLOCK_DEBIAN); /* of two reasons the lower one */
	}
	free(file);
}

static void check_mode(void **state)
{
	struct stat st;

	(void)state;
	list_make(in_folder("mode"), 0, 1, 3, BLOCK_DEBIAN);
	assert_int_equal(stat(in_folder("mode"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

/* Who holds the list sees the new one after a refresh, and the old one whole until then. */
static void check_refresh(void **state)
{
	struct blocklist *list = NULL;
	unsigned char old[32], new[32];
	struct err e;

	(void)state;
	hash_of(old, 0);
	hash_of(new, 5000);
	list_make(in_folder("refresh"), 0, 1, 10, BLOCK_DEBIAN);
	assert_int_equal(blocklist_open(&list, in_folder("refresh"), &e), 0);
	list_make(in_folder("refresh"), 5000, 1, 20, BLOCK_COMPROMISED);
	assert_int_equal(blocklist_find(list, old), BLOCK_DEBIAN);
	assert_int_equal(blocklist_find(list, new), BLOCK_NONE);
	assert_int_equal(blocklist_refresh(list, &e), 0);
	assert_int_equal(blocklist_count(list), 20);
	assert_int_equal(blocklist_find(list, old), BLOCK_NONE);
	assert_int_equal(blocklist_find(list, new), BLOCK_COMPROMISED);
	assert_int_equal(blocklist_refresh(list, &e), 0);
	blocklist_free(list);
}

/* A bad or missing successor: an error, and the old list goes on. */
static void check_refresh_bad(void **state)
{
	struct blocklist *list = NULL;
	unsigned char hash[32];
	struct err e;

	(void)state;
	hash_of(hash, 0);
	list_make(in_folder("bad"), 0, 1, 10, BLOCK_DEBIAN);
	assert_int_equal(blocklist_open(&list, in_folder("bad"), &e), 0);
	assert_int_equal(unlink(in_folder("bad")), 0);
	assert_int_equal(blocklist_refresh(list, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(blocklist_find(list, hash), BLOCK_DEBIAN);
	assert_int_equal(
	    file_replace(in_folder("bad"), "nonsense, and more than 32 octets of it", 39, 0644, &e), 0);
	assert_int_equal(blocklist_refresh(list, &e), -1);
	assert_int_equal(blocklist_find(list, hash), BLOCK_DEBIAN);
	list_make(in_folder("bad"), 1, 1, 1, BLOCK_DEBIAN);
	assert_int_equal(blocklist_refresh(list, &e), 0);
	assert_int_equal(blocklist_find(list, hash), BLOCK_NONE);
	blocklist_free(list);
}

static const struct file_case {
	const char *name;
	const char *bytes;
	size_t len;
	const char *says;
} file_cases[] = {
    {"empty file", "", 0, "not a block list"},
    {"short header", "mcblock\n\0\0\0\1\0\0\0\x10", 16, "not a block list"},
    {"other magic", "mcblokc\n\0\0\0\1\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, "not a block list"},
    {"other version", "mcblock\n\0\0\0\2\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, "version 2"},
    {"other entries", "mcblock\n\0\0\0\1\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, "entries of 32"},
    {"count too high", "mcblock\n\0\0\0\1\0\0\0\x10\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 32, "do not fit"},
    {"count huge", "mcblock\n\0\0\0\1\0\0\0\x10\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, "do not fit"},
    {"half an entry", "mcblock\n\0\0\0\1\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0aaaa", 36, "do not fit"},
};

static void check_file(void **state)
{
	const struct file_case *c = *state;
	struct blocklist *list = NULL;
	struct err e = {0};

	assert_int_equal(file_replace(in_folder("file"), c->bytes, c->len, 0644, &e), 0);
	assert_int_equal(blocklist_open(&list, in_folder("file"), &e), -1);
	assert_null(list);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_non_null(strstr(e.log, c->says));
}

static void check_missing(void **state)
{
	struct blocklist *list = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(blocklist_open(&list, in_folder("none"), &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(blocklist_open(&list, folder, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
}

/* A write that cannot succeed leaves no file and no temporary one. */
static void check_write_fails(void **state)
{
	struct block_set *set = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(block_set_new(&set, &e), 0);
	assert_int_equal(blocklist_write(set, in_folder("no/such/folder"), 0644, NULL, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
	assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
	assert_int_equal(blocklist_write(set, in_folder("dir"), 0644, NULL, &e), -1);
	assert_int_equal(rmdir(in_folder("dir")), 0);
	block_set_free(set);
}

static void check_import_hex(void **state)
{
	struct block_set *set = NULL;
	struct blocklist *list = NULL;
	unsigned char hash[32];
	char text[400], hex[65];
	struct err e = {0};

	(void)state;
	hash_of(hash, 1);
	hex_encode(hex, hash, 32);
	(void)snprintf(text, sizeof(text), "# compromised\n\n  %s \t# since May\r\n", hex);
	hash_of(hash, 2);
	hex_encode(hex, hash, 32);
	for (char *p = hex; *p != '\0'; p++)
		*p = (char)(*p >= 'a' ? *p - 32 : *p);
	strcat(text, hex); /* upper case, no line end */
	assert_int_equal(file_replace(in_folder("hex"), text, strlen(text), 0644, &e), 0);
	assert_int_equal(block_set_new(&set, &e), 0);
	assert_int_equal(block_set_import_hex(set, in_folder("hex"), BLOCK_COMPROMISED, &e), 0);
	assert_int_equal(block_set_count(set), 2);
	assert_int_equal(blocklist_write(set, in_folder("list"), 0644, NULL, &e), 0);
	block_set_free(set);
	assert_int_equal(blocklist_open(&list, in_folder("list"), &e), 0);
	assert_int_equal(blocklist_find(list, hash), BLOCK_COMPROMISED);
	hash_of(hash, 1);
	assert_int_equal(blocklist_find(list, hash), BLOCK_COMPROMISED);
	blocklist_free(list);
}

static void check_import_hex_bad(void **state)
{
	static const char *const bad[] = {"# first\n00\n", "\nxyz\n",
	    "\n000000000000000000000000000000000000000000000000000000000000000g\n",
	    "\n00000000000000000000000000000000000000000000000000000000000000000\n"};
	struct block_set *set = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(block_set_new(&set, &e), 0);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		assert_int_equal(file_replace(in_folder("hex"), bad[i], strlen(bad[i]), 0644, &e), 0);
		assert_int_equal(block_set_import_hex(set, in_folder("hex"), BLOCK_COMPROMISED, &e), -1);
		assert_int_equal(e.fault, FAULT_config_invalid);
		assert_non_null(strstr(e.log, "hex:2: 64 hex digits"));
	}
	assert_int_equal(block_set_import_hex(set, in_folder("none"), BLOCK_COMPROMISED, &e), -1);
	block_set_free(set);
}

/* A list as badkeys has it: sources 3 (Debian for us), 7 (compromised) and 9 (left out). */
static void check_import_badkeys(void **state)
{
	enum block_reason reasons[256] = {[3] = BLOCK_DEBIAN, [7] = BLOCK_COMPROMISED};
	static const unsigned char file[64] = {
	    1, 2, [15] = 3, [16] = 1, 3, [31] = 7, [32] = 2, [47] = 9, [48] = 0xff, [63] = 3};
	unsigned char hash[32] = {1, 2};
	struct block_set *set = NULL;
	struct blocklist *list = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(file_replace(in_folder("badkeys"), file, sizeof(file), 0644, &e), 0);
	assert_int_equal(block_set_new(&set, &e), 0);
	assert_int_equal(block_set_import_badkeys(set, in_folder("badkeys"), reasons, &e), 0);
	assert_int_equal(block_set_count(set), 3);
	assert_int_equal(blocklist_write(set, in_folder("list"), 0644, NULL, &e), 0);
	block_set_free(set);
	assert_int_equal(blocklist_open(&list, in_folder("list"), &e), 0);
	assert_int_equal(blocklist_find(list, hash), BLOCK_DEBIAN);
	hash[1] = 3;
	assert_int_equal(blocklist_find(list, hash), BLOCK_COMPROMISED);
	memset(hash, 0, 2);
	hash[0] = 2;
	assert_int_equal(blocklist_find(list, hash), BLOCK_NONE);
	blocklist_free(list);
}

static void check_import_badkeys_bad(void **state)
{
	static const unsigned char unsorted[32] = {5, [16] = 4};
	enum block_reason reasons[256] = {BLOCK_DEBIAN};
	struct block_set *set = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(block_set_new(&set, &e), 0);
	assert_int_equal(file_replace(in_folder("badkeys"), unsorted, 32, 0644, &e), 0);
	assert_int_equal(block_set_import_badkeys(set, in_folder("badkeys"), reasons, &e), -1);
	assert_non_null(strstr(e.log, "entry 1 is out of order"));
	assert_int_equal(file_replace(in_folder("badkeys"), unsorted, 31, 0644, &e), 0);
	assert_int_equal(block_set_import_badkeys(set, in_folder("badkeys"), reasons, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(file_replace(in_folder("badkeys"), "", 0, 0644, &e), 0);
	assert_int_equal(block_set_import_badkeys(set, in_folder("badkeys"), reasons, &e), -1);
	block_set_free(set);
}

/* What was there stays when more is added: the way a compromised key joins the list. */
static void check_grow(void **state)
{
	struct block_set *set = NULL;
	struct blocklist *list = NULL;
	unsigned char hash[32];
	size_t count = 0;
	struct err e;

	(void)state;
	list_make(in_folder("grow"), 0, 1, 100, BLOCK_DEBIAN);
	assert_int_equal(blocklist_open(&list, in_folder("grow"), &e), 0);
	assert_int_equal(block_set_new(&set, &e), 0);
	assert_int_equal(block_set_add_list(set, list, &e), 0);
	hash_of(hash, 777);
	assert_int_equal(block_set_add(set, hash, BLOCK_COMPROMISED, &e), 0);
	assert_int_equal(blocklist_write(set, in_folder("grow"), 0644, &count, &e), 0);
	assert_int_equal(count, 101);
	block_set_free(set);
	assert_int_equal(blocklist_refresh(list, &e), 0);
	assert_int_equal(blocklist_find(list, hash), BLOCK_COMPROMISED);
	hash_of(hash, 42);
	assert_int_equal(blocklist_find(list, hash), BLOCK_DEBIAN);
	blocklist_free(list);
}

/* A key is found by its SPKI, and by its number alone. */
static void check_find_key(void **state)
{
	EVP_PKEY *keys[2] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384")};
	unsigned char spki[2][32], number[32];
	struct block_set *set = NULL;
	struct blocklist *list = NULL;
	enum block_reason reason;
	struct err e;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(key_spki_sha256(spki[i], keys[i], &e), 0);
	for (int by_number = 0; by_number < 2; by_number++) {
		assert_int_equal(block_set_new(&set, &e), 0);
		assert_int_equal(key_number_sha256(number, keys[0], &e), 0);
		assert_int_equal(block_set_add(set, by_number ? number : spki[0], BLOCK_COMPROMISED, &e), 0);
		assert_int_equal(blocklist_write(set, in_folder("keys"), 0644, NULL, &e), 0);
		block_set_free(set);
		assert_int_equal(blocklist_open(&list, in_folder("keys"), &e), 0);
		assert_int_equal(blocklist_find_key(list, spki[0], keys[0], &reason, &e), 0);
		assert_int_equal(reason, BLOCK_COMPROMISED);
		assert_int_equal(blocklist_find_key(list, spki[1], keys[1], &reason, &e), 0);
		assert_int_equal(reason, BLOCK_NONE);
		blocklist_free(list);
	}
	EVP_PKEY_free(keys[0]);
	EVP_PKEY_free(keys[1]);
}

static int folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

/* Empty the folder; rmdir() then proves that no temporary file was left. */
static int folder_remove(void **state)
{
	static const char *const names[] = {
	    "find", "unique", "mode", "refresh", "bad", "file", "hex", "list", "badkeys", "grow", "keys"};

	(void)state;
	for (size_t i = 0; i < NITEMS(names); i++)
		if (unlink(in_folder(names[i])) == -1)
			return -1;
	return rmdir(folder);
}

int main(void)
{
	struct CMUnitTest tests[NITEMS(file_cases) + 13];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(file_cases); i++)
		tests[n++] = (struct CMUnitTest){
		    file_cases[i].name, check_file, NULL, NULL, (void *)(uintptr_t)&file_cases[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_find);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_sorted_unique);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_mode);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_refresh);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_refresh_bad);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_missing);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_write_fails);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_import_hex);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_import_hex_bad);
	tests[n++] = (struct CMUnitTest){
	    "section 9.7: the list of badkeys is imported", check_import_badkeys, NULL, NULL, NULL};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_import_badkeys_bad);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_grow);
	tests[n++] =
	    (struct CMUnitTest){"section 9.7: Debian and compromised keys are found in the block list",
		check_find_key, NULL, NULL, NULL};
	return cmocka_run_group_tests_name("block list", tests, folder_make, folder_remove);
}
