/* test_product.c - the product file: what ships is right, and every slip of the pen stops with its line and
 * reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/pki/product.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* A good product; each case replaces or adds lines of it. */
static const char *const good_lines[] = {"Id = a-product", "Name = A product", "Category = S/MIME",
    "Generation = strict", "Purpose = dual", "ValidityDays = 365", "Fields.emailAddress = mandatory",
    "Methods = csr, browser", "Keys = RSA, P-256", "RsaBits.Least = 2048", "RsaBits.Most = 4096"};

static const struct wrong_case {
	const char *name;
	const char *without; /* a good line whose beginning this is is left out */
	const char *with;    /* and this is put in its place, at line 2 */
	const char *says;    /* all of this stands in the log line, behind the file's name */
} wrong_cases[] = {
    {"unknown key", "-", "Colour = red", ":2: product 1 (?): Colour: no such key"},
    {"key in the wrong case", "Name", "name = x", ":2: product 1 (?): name: no such key"},
    {"unknown field", "-", "Fields.surname = optional", ":2: product 1 (?): Fields.surname: no such key"},
    {"no Id", "Id", "", ":1: product 1 (?): Id is missing"},
    {"no Name", "Name", "", ":1: product 1 (a-product): Name is missing"},
    {"no Keys", "Keys", "", "Keys is missing"},
    {"no Methods", "Methods", "", "Methods is missing"},
    {"no Generation", "Generation", "", "Generation is missing"},
    {"no Purpose", "Purpose", "", "Purpose is missing"},
    {"no ValidityDays", "ValidityDays", "", "ValidityDays is missing"},
    {"no Category", "Category", "", "Category is missing"},
    {"Id with a blank", "Id", "Id = a product", ":2: product 1 (?): Id: \"a product\": 1 to 64"},
    {"Id too long", "Id", "Id = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"1 to 64"},
    {"legacy generation", "Generation", "Generation = legacy",
	"Generation: \"legacy\" is not a word known here"},
    {"unknown purpose", "Purpose", "Purpose = all", "Purpose: \"all\" is not a word"},
    {"section 9.11: 826 days", "ValidityDays", "ValidityDays = 826",
	"ValidityDays: \"826\": a whole number from 1 to 825"},
    {"0 days", "ValidityDays", "ValidityDays = 0", "a whole number from 1 to 825"},
    {"negative days", "ValidityDays", "ValidityDays = -1", "a whole number from 1 to 825"},
    {"days in words", "ValidityDays", "ValidityDays = 365 days", "a whole number from 1 to 825"},
    {"unknown rule", "Fields", "Fields.emailAddress = must", "Fields.emailAddress: \"must\" is not a word"},
    {"unknown method", "Methods", "Methods = csr, magic", "Methods: \"magic\" is not a word"},
    {"method twice", "Methods", "Methods = csr, csr", "Methods: csr stands twice"},
    {"methods without a comma", "Methods", "Methods = csr browser", "Methods: a comma is wanted after csr"},
    {"methods end with a comma", "Methods", "Methods = csr,", "Methods: \"\" is not a word"},
    {"unknown curve", "Keys", "Keys = RSA, P-192", "Keys: \"P-192\" is not a word"},
    {"RSA under 2048", "RsaBits.Least", "RsaBits.Least = 1024", "from 2048 to 8192"},
    {"RSA over 8192", "RsaBits.Most", "RsaBits.Most = 16384", "from 2048 to 8192"},
    {"RSA not divisible by 8", "RsaBits.Least", "RsaBits.Least = 2050", "2050 is not divisible by 8"},
    {"RSA without sizes", "RsaBits.Least", "", "RsaBits: Least and Most are wanted"},
    {"sizes without RSA", "Keys", "Keys = P-256", "RsaBits: not wanted when Keys has no RSA"},
    {"sizes upside down", "RsaBits.Least", "RsaBits.Least = 8192", "RsaBits: Least is over Most"},
    {"Ed25519 to encrypt", "Keys", "Keys = RSA, Ed25519", "Keys: Ed25519 is for Purpose = signing only"},
    {"a value and a block", "-", "Fields = x", ":2: product 1 (?): Fields: no such key"},
};

static void file_write(char path[64], const char *text)
{
	FILE *f;
	int fd;

	(void)snprintf(path, 64, "/tmp/test_product.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Load text as a product file; it must be refused, and the log must say so. */
static void check_refused(const char *text, const char *says)
{
	struct products *products = NULL;
	struct err e = {0};
	char path[64];
	int rc;

	file_write(path, text);
	rc = products_load(&products, path, &e);
	(void)unlink(path);
	assert_int_equal(rc, -1);
	assert_null(products);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_memory_equal(e.log, path, strlen(path));
	if (strstr(e.log, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.log, says);
}

static void check_wrong(void **state)
{
	const struct wrong_case *c = *state;
	char text[2000] = "Products.1 {\n";

	strcat(strcat(text, c->with), "\n");
	for (size_t i = 0; i < NITEMS(good_lines); i++)
		if (strncmp(good_lines[i], c->without, strlen(c->without)) != 0)
			strcat(strcat(text, good_lines[i]), "\n");
	check_refused(strcat(text, "}\n"), c->says);
}

/* The lines that the cases above start from are themselves good. */
static void check_good(void **state)
{
	struct products *products = NULL;
	char text[2000] = "Products {\n7 {\n", path[64];
	const struct product *p;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < NITEMS(good_lines); i++)
		strcat(strcat(text, good_lines[i]), "\n");
	file_write(path, strcat(text, "}\n}\n"));
	assert_int_equal(products_load(&products, path, &e), 0);
	(void)unlink(path);
	p = product_find(products, "a-product");
	assert_non_null(p);
	assert_int_equal(p->fields[FIELD_EMAIL_ADDRESS], FIELD_MANDATORY);
	assert_int_equal(p->fields[FIELD_COMMON_NAME], FIELD_ABSENT);
	assert_int_equal(p->keys, KEY_RSA | KEY_P256);
	products_free(products);
}

static void check_shipped(void **state)
{
	static const struct {
		const char *id, *name;
		long days;
	} want[] = {{"smime-mailbox-365", "S/MIME Mailbox 365 days - issue", 365},
	    {"smime-mailbox-730", "S/MIME Mailbox 730 days - issue", 730}};
	struct products *products = NULL;
	struct err e = {0};

	(void)state;
	if (products_load(&products, "hdf/products.hdf", &e) == -1)
		fail_msg("%s", e.log);
	assert_int_equal(products->count, NITEMS(want));
	for (size_t i = 0; i < NITEMS(want); i++) {
		const struct product *p = product_find(products, want[i].id);

		assert_ptr_equal(p, &products->list[i]);
		assert_string_equal(p->name, want[i].name);
		assert_string_equal(p->category, "S/MIME");
		assert_int_equal(p->validity, want[i].days * 86400);
		assert_int_equal(p->generation, GENERATION_STRICT);
		assert_int_equal(p->purpose, PURPOSE_DUAL);
		assert_int_equal(p->fields[FIELD_EMAIL_ADDRESS], FIELD_MANDATORY);
		assert_int_equal(p->fields[FIELD_COMMON_NAME], FIELD_MANDATORY);
		assert_int_equal(p->methods, METHOD_CSR | METHOD_BROWSER);
		assert_int_equal(p->keys, KEY_RSA | KEY_P256 | KEY_P384 | KEY_P521);
		assert_int_equal(p->rsa_bits_least, 2048);
		assert_int_equal(p->rsa_bits_most, 8192);
	}
	assert_null(product_find(products, "smime-mailbox-36"));
	products_free(products);
}

static void check_two(const char *number, const char *id, const char *says)
{
	char text[4000] = "";

	for (int product = 1; product <= 2; product++) {
		strcat(strcat(strcat(text, "Products."), product == 1 ? "1" : number), " {\n");
		strcat(strcat(strcat(text, "Id = "), product == 1 ? "a-product" : id), "\n");
		for (size_t i = 1; i < NITEMS(good_lines); i++)
			strcat(strcat(text, good_lines[i]), "\n");
		strcat(text, "}\n");
	}
	check_refused(text, says);
}

static void check_id_twice(void **state)
{
	(void)state;
	check_two("2", "a-product", ":15: product 2 (a-product): Id: stands at two products");
}

static void check_number_twice(void **state)
{
	(void)state;
	check_two("1", "b-product", "1 products but 2 lines with Id: a number stands twice");
}

static void check_file(void **state)
{
	struct products *products = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(products_load(&products, "/nonexistent/products.hdf", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_non_null(strstr(e.log, "/nonexistent/products.hdf"));
	check_refused("", "no product");
	check_refused("Produce.1.Id = x\n", ":1: Produce: no such key");
	check_refused("Products.1 = x\n", "product 1 (?): a block is wanted");
	check_refused("Products.1 {\nId = x\nnonsense\n}\n", ":3");
}

static void check_words(void **state)
{
	(void)state;
	assert_string_equal(subject_field_word(FIELD_EMAIL_ADDRESS), "emailAddress");
	assert_string_equal(subject_field_word(FIELD_COMMON_NAME), "commonName");
	assert_string_equal(method_word(METHOD_BROWSER), "browser");
	assert_string_equal(key_word(KEY_P521), "P-521");
	assert_string_equal(key_word(KEY_RSA | KEY_P256), "");
	assert_int_equal(method_by_word("csr"), METHOD_CSR);
	assert_int_equal(method_by_word("CSR"), 0);
	assert_int_equal(method_by_word(""), 0);
}

int main(void)
{
	struct CMUnitTest tests[NITEMS(wrong_cases) + 6];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(wrong_cases); i++)
		tests[n++] = (struct CMUnitTest){
		    wrong_cases[i].name, check_wrong, NULL, NULL, (void *)(uintptr_t)&wrong_cases[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_good);
	tests[n++] = (struct CMUnitTest){
	    "section 9.11: the products shipped are well below 825 days", check_shipped, NULL, NULL, NULL};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_id_twice);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_number_twice);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_file);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_words);
	return cmocka_run_group_tests_name("product", tests, NULL, NULL);
}
