/* product.c - reading hdf/products.hdf; see product.h.
 *
 * Each key of a product is a row of a table: its name, whether it must be there, and the function that reads
 * its value. What no row names is refused, so that a slip of the pen never becomes a default.
 */
#include "lib/pki/product.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ClearSilver/util/neo_err.h>
#include <ClearSilver/util/neo_hdf.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/key.h"

#define FILE_MAX          ((size_t)262144)
#define ID_MAX            64
#define NAME_MAX_OCTETS   200
#define DAY_SECONDS       86400L
#define VALIDITY_DAYS_MAX 825L /* SBR 6.3.2 */

/* A word of the file and what it stands for. */
struct word {
	const char *text;
	unsigned value;
};

static const struct word generation_words[] = {
    {"strict", GENERATION_STRICT}, {"multipurpose", GENERATION_MULTIPURPOSE}, {NULL, 0}};
static const struct word purpose_words[] = {{"signing", PURPOSE_SIGNING},
    {"key-management", PURPOSE_KEY_MANAGEMENT}, {"dual", PURPOSE_DUAL}, {NULL, 0}};
static const struct word rule_words[] = {
    {"absent", FIELD_ABSENT}, {"optional", FIELD_OPTIONAL}, {"mandatory", FIELD_MANDATORY}, {NULL, 0}};
static const struct word field_words[] = {
    {"emailAddress", FIELD_EMAIL_ADDRESS}, {"commonName", FIELD_COMMON_NAME}, {NULL, 0}};
static const struct word method_words[] = {{"csr", METHOD_CSR}, {"browser", METHOD_BROWSER}, {NULL, 0}};
static const struct word key_words[] = {{"RSA", KEY_RSA}, {"P-256", KEY_P256}, {"P-384", KEY_P384},
    {"P-521", KEY_P521}, {"Ed25519", KEY_ED25519}, {NULL, 0}};

/* One product while it is read: where we are, and why it was refused. */
struct reading {
	struct product *product;
	char key[160]; /* dotted, below the product; empty: the product as a whole */
	char why[256];
};

static const struct word *word_find(const struct word *words, const char *text, size_t len)
{
	for (; words->text != NULL; words++)
		if (strlen(words->text) == len && strncmp(words->text, text, len) == 0)
			return words;
	return NULL;
}

static const char *word_text(const struct word *words, unsigned value)
{
	for (; words->text != NULL; words++)
		if (words->value == value)
			return words->text;
	return "";
}

static int reading_wrong(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int reading_wrong(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return -1;
}

static void reading_at(struct reading *r, const char *key)
{
	(void)snprintf(r->key, sizeof(r->key), "%s", key);
}

static int read_word(struct reading *r, const struct word *words, const char *value, unsigned *out)
{
	const struct word *word = word_find(words, value, strlen(value));

	if (word == NULL)
		return reading_wrong(r, "\"%.60s\" is not a word known here", value);
	*out = word->value;
	return 0;
}

/* "csr, browser": words between commas, each once, at least one. */
static int read_bits(struct reading *r, const struct word *words, const char *value, unsigned *out)
{
	unsigned bits = 0;

	for (const char *p = value;; p++) {
		const struct word *word;
		size_t len;

		p += strspn(p, " \t");
		len = strcspn(p, ", \t");
		word = word_find(words, p, len);
		if (word == NULL)
			return reading_wrong(
			    r, "\"%.*s\" is not a word known here", (int)(len > 60 ? 60 : len), p);
		if ((bits & word->value) != 0)
			return reading_wrong(r, "%s stands twice", word->text);
		bits |= word->value;
		p += len;
		p += strspn(p, " \t");
		if (*p == '\0')
			break;
		if (*p != ',')
			return reading_wrong(r, "a comma is wanted after %s", word->text);
	}
	*out = bits;
	return 0;
}

static int read_number(struct reading *r, const char *value, long least, long most, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(value, &end, 10);
	if (errno != 0 || !isdigit((unsigned char)*value) || *end != '\0' || *out < least || *out > most)
		return reading_wrong(
		    r, "\"%.60s\": a whole number from %ld to %ld is wanted", value, least, most);
	return 0;
}

static int read_text(struct reading *r, const char *value, char **out)
{
	size_t len = strlen(value);

	if (len == 0 || len > NAME_MAX_OCTETS || !utf8_valid(value, len))
		return reading_wrong(r, "1 to %d octets of UTF-8 are wanted", NAME_MAX_OCTETS);
	for (const char *p = value; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return reading_wrong(r, "a control character stands in it");
	free(*out);
	*out = strdup(value);
	return *out == NULL ? reading_wrong(r, "out of memory") : 0;
}

static int read_id(struct reading *r, const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len > ID_MAX || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return reading_wrong(r, "\"%.60s\": 1 to %d of a-z, 0-9 and '-' are wanted", value, ID_MAX);
	return read_text(r, value, &r->product->id);
}

static int read_name(struct reading *r, const char *value)
{
	return read_text(r, value, &r->product->name);
}

static int read_category(struct reading *r, const char *value)
{
	return read_text(r, value, &r->product->category);
}

static int read_generation(struct reading *r, const char *value)
{
	unsigned found = 0;

	if (read_word(r, generation_words, value, &found) == -1)
		return -1;
	r->product->generation = (enum generation)found;
	return 0;
}

static int read_purpose(struct reading *r, const char *value)
{
	unsigned found = 0;

	if (read_word(r, purpose_words, value, &found) == -1)
		return -1;
	r->product->purpose = (enum purpose)found;
	return 0;
}

static int read_validity(struct reading *r, const char *value)
{
	long days;

	if (read_number(r, value, 1, VALIDITY_DAYS_MAX, &days) == -1)
		return -1;
	r->product->validity = days * DAY_SECONDS;
	return 0;
}

static int read_field(struct reading *r, const char *value)
{
	const char *name = strchr(r->key, '.') + 1;
	const struct word *field = word_find(field_words, name, strlen(name));
	unsigned rule = FIELD_ABSENT;

	if (read_word(r, rule_words, value, &rule) == -1)
		return -1;
	r->product->fields[field->value] = (enum field_rule)rule;
	return 0;
}

static int read_methods(struct reading *r, const char *value)
{
	return read_bits(r, method_words, value, &r->product->methods);
}

static int read_keys(struct reading *r, const char *value)
{
	return read_bits(r, key_words, value, &r->product->keys);
}

static int read_rsa_bits(struct reading *r, const char *value, long *out)
{
	if (read_number(r, value, KEY_RSA_BITS_LEAST, KEY_RSA_BITS_MOST, out) == -1)
		return -1;
	return *out % 8 == 0 ? 0 : reading_wrong(r, "%ld is not divisible by 8", *out);
}

static int read_rsa_least(struct reading *r, const char *value)
{
	return read_rsa_bits(r, value, &r->product->rsa_bits_least);
}

static int read_rsa_most(struct reading *r, const char *value)
{
	return read_rsa_bits(r, value, &r->product->rsa_bits_most);
}

static const struct key_row {
	const char *key;
	bool mandatory;
	int (*read)(struct reading *, const char *value);
} key_rows[] = {
    {"Id", true, read_id},
    {"Name", true, read_name},
    {"Category", true, read_category},
    {"Generation", true, read_generation},
    {"Purpose", true, read_purpose},
    {"ValidityDays", true, read_validity},
    {"Fields.emailAddress", false, read_field},
    {"Fields.commonName", false, read_field},
    {"Methods", true, read_methods},
    {"Keys", true, read_keys},
    {"RsaBits.Least", false, read_rsa_least},
    {"RsaBits.Most", false, read_rsa_most},
};
#define KEY_ROWS (sizeof(key_rows) / sizeof(key_rows[0]))

/* Take every value below node; prefix is the dotted name of the node, below the product. */
static int reading_walk(struct reading *r, HDF *node, const char *prefix, bool seen[KEY_ROWS])
{
	for (HDF *child = hdf_obj_child(node); child != NULL; child = hdf_obj_next(child)) {
		const char *value = hdf_obj_value(child);
		char name[160];
		size_t row = 0;

		(void)snprintf(
		    name, sizeof(name), "%s%s%s", prefix, *prefix == '\0' ? "" : ".", hdf_obj_name(child));
		reading_at(r, name);
		if (value != NULL) {
			while (row < KEY_ROWS && strcmp(key_rows[row].key, name) != 0)
				row++;
			if (row == KEY_ROWS)
				return reading_wrong(r, "no such key");
			seen[row] = true;
			if (key_rows[row].read(r, value) == -1)
				return -1;
		}
		if (hdf_obj_child(child) != NULL && reading_walk(r, child, name, seen) == -1)
			return -1;
	}
	return 0;
}

/* What the keys must be to each other. */
static int reading_judge(struct reading *r)
{
	const struct product *p = r->product;
	bool rsa = (p->keys & KEY_RSA) != 0;

	reading_at(r, "RsaBits");
	if (rsa && (p->rsa_bits_least == 0 || p->rsa_bits_most == 0))
		return reading_wrong(r, "Least and Most are wanted when Keys has RSA");
	if (!rsa && (p->rsa_bits_least != 0 || p->rsa_bits_most != 0))
		return reading_wrong(r, "not wanted when Keys has no RSA");
	if (p->rsa_bits_least > p->rsa_bits_most)
		return reading_wrong(r, "Least is over Most");
	reading_at(r, "Keys");
	if ((p->keys & KEY_ED25519) != 0 && p->purpose != PURPOSE_SIGNING)
		return reading_wrong(r, "Ed25519 is for Purpose = signing only (SBR 7.1.2.3(e))");
	return 0;
}

static int reading_run(struct reading *r, HDF *node)
{
	bool seen[KEY_ROWS] = {false};

	if (reading_walk(r, node, "", seen) == -1)
		return -1;
	for (size_t i = 0; i < KEY_ROWS; i++)
		if (key_rows[i].mandatory && !seen[i]) {
			reading_at(r, "");
			return reading_wrong(r, "%s is missing", key_rows[i].key);
		}
	return reading_judge(r);
}

/* The last part of a dotted name. */
static const char *name_tail(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL ? name : dot + 1;
}

/* Whether a line of the file sets or opens the name, alone or as a part of a dotted one. */
static bool line_names(const char *line, const char *name)
{
	const char *part = line + strspn(line, " \t");
	size_t want = strlen(name), len;

	for (;; part += len + 1) {
		len = strcspn(part, ". \t={:<\r\n");
		if (len == want && strncmp(part, name, want) == 0)
			return true;
		if (part[len] != '.')
			return false;
	}
}

/* The line where the product's key stands, or the product when key is empty; 0 when not even that is found.
 * The parser keeps no line numbers, so the text is asked. */
static unsigned line_find(const char *text, const char *product, const char *key)
{
	unsigned number = 0, opened = 0;

	for (const char *line = text; line != NULL && *line != '\0'; number++) {
		if (opened == 0 && line_names(line, product))
			opened = number + 1;
		if (opened != 0 && *key != '\0' && line_names(line, name_tail(key)))
			return number + 1;
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return opened;
}

/* How many lines set an Id: two products under one name become one in the parser, and this tells. */
static size_t lines_with_id(const char *text)
{
	size_t count = 0;

	for (const char *line = text; line != NULL && *line != '\0';) {
		count += line_names(line, "Id");
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return count;
}

static int product_wrong(
    struct err *e, const char *path, const char *text, const char *name, const struct reading *r)
{
	const char *id = r->product->id == NULL ? "?" : r->product->id;

	return err_set(e, FAULT_config_invalid, "%s:%u: product %s (%s): %s%s%s", path,
	    line_find(text, name, r->key), name, id, r->key, *r->key == '\0' ? "" : ": ", r->why);
}

/* Whether the product read last has an Id of its own. */
static int product_unique(const struct products *products, struct reading *r)
{
	if (product_find(products, r->product->id) == r->product)
		return 0;
	reading_at(r, "Id");
	return reading_wrong(r, "stands at two products");
}

static int product_read(
    struct products *products, HDF *node, const char *path, const char *text, struct err *e)
{
	struct reading r = {.product = &products->list[products->count++]};

	if (hdf_obj_value(node) != NULL)
		(void)reading_wrong(&r, "a block is wanted");
	else if (reading_run(&r, node) == 0 && product_unique(products, &r) == 0)
		return 0;
	return product_wrong(e, path, text, hdf_obj_name(node), &r);
}

/* Turn a ClearSilver error, which names file and line, into ours, freeing it. Always -1. */
static int products_neo(struct err *e, NEOERR *ne, const char *path)
{
	STRING words;

	string_init(&words);
	nerr_error_string(ne, &words);
	(void)err_set(
	    e, FAULT_config_invalid, "%s: %s", path, words.buf == NULL ? "cannot be read" : words.buf);
	string_clear(&words);
	nerr_ignore(&ne);
	return -1;
}

static int products_read(
    struct products *products, HDF *hdf, const char *path, const char *text, struct err *e)
{
	size_t count = 0;
	HDF *node;

	for (node = hdf_obj_child(hdf); node != NULL; node = hdf_obj_next(node))
		if (strcmp(hdf_obj_name(node), "Products") != 0)
			return err_set(e, FAULT_config_invalid, "%s:%u: %s: no such key", path,
			    line_find(text, hdf_obj_name(node), ""), hdf_obj_name(node));
	for (node = hdf_get_child(hdf, "Products"); node != NULL; node = hdf_obj_next(node))
		count++;
	if (count == 0)
		return err_set(e, FAULT_config_invalid, "%s: no product", path);
	products->list = calloc(count, sizeof(*products->list));
	if (products->list == NULL)
		return err_set(e, FAULT_busy, "%s: out of memory", path);
	for (node = hdf_get_child(hdf, "Products"); node != NULL; node = hdf_obj_next(node))
		if (product_read(products, node, path, text, e) == -1)
			return -1;
	if (lines_with_id(text) != count)
		return err_set(e, FAULT_config_invalid,
		    "%s: %zu products but %zu lines with Id: a number stands twice", path, count,
		    lines_with_id(text));
	return 0;
}

int products_load(struct products **out, const char *path, struct err *e)
{
	struct products *products = calloc(1, sizeof(*products));
	char *text = NULL;
	HDF *hdf = NULL;
	NEOERR *ne;
	int rc = -1;

	if (products == NULL)
		return err_set(e, FAULT_busy, "%s: out of memory", path);
	if (file_read(path, FILE_MAX, &text, NULL, e) == -1) {
		e->fault = FAULT_config_invalid;
		goto out;
	}
	ne = hdf_init(&hdf);
	if (ne == STATUS_OK)
		ne = hdf_read_file(hdf, path);
	if (ne != STATUS_OK) {
		(void)products_neo(e, ne, path);
		goto out;
	}
	if (products_read(products, hdf, path, text, e) == -1)
		goto out;
	*out = products;
	products = NULL;
	rc = 0;
out:
	hdf_destroy(&hdf);
	free(text);
	products_free(products);
	return rc;
}

void products_free(struct products *products)
{
	if (products == NULL)
		return;
	for (size_t i = 0; i < products->count; i++) {
		free(products->list[i].id);
		free(products->list[i].name);
		free(products->list[i].category);
	}
	free(products->list);
	free(products);
}

const struct product *product_find(const struct products *products, const char *id)
{
	for (size_t i = 0; i < products->count; i++)
		if (strcmp(products->list[i].id, id) == 0)
			return &products->list[i];
	return NULL;
}

const char *subject_field_word(enum subject_field field)
{
	return word_text(field_words, field);
}

const char *method_word(unsigned method_bit)
{
	return word_text(method_words, method_bit);
}

const char *key_word(unsigned key_bit)
{
	return word_text(key_words, key_bit);
}

unsigned method_by_word(const char *word)
{
	const struct word *found = word_find(method_words, word, strlen(word));

	return found == NULL ? 0 : found->value;
}
