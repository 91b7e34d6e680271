/* test_words.c - holds words, templates and faults together: hdf/words, hdf/pages, hdf/mails,
 * lib/base/faults.def.
 *
 * Run from the top of the tree. A finding is printed with its file and name; each case counts its findings.
 */
#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ClearSilver/ClearSilver.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define LANGUAGES_MAX 16
#define SOURCE_MAX    ((size_t)1 << 20)
#define KEY_MAX       160

static struct language {
	char code[8];
	HDF *words;
} languages[LANGUAGES_MAX];
static int language_count;

/* All templates, and all C that speaks to people, one after the other. */
static struct buf templates, sources;

/* --- reading --- */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

typedef void (*file_fn)(const char *path, void *ctx);

static void folder_each(const char *folder, const char *end, file_fn fn, void *ctx)
{
	struct dirent **files = NULL;
	int n = scandir(folder, &files, NULL, alphasort);

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, files[i]->d_name);
		if (ends_with(path, end))
			fn(path, ctx);
		free(files[i]);
	}
	free(files);
}

static char *file_text(const char *path)
{
	struct err e;
	char *text = NULL;
	size_t len;

	if (file_read(path, SOURCE_MAX, &text, &len, &e) == -1)
		fail_msg("%s", e.log);
	return text;
}

static void file_append(const char *path, void *ctx)
{
	char *text = file_text(path);

	buf_puts(ctx, text);
	buf_puts(ctx, "\n");
	free(text);
}

static void language_load(const char *path, void *ctx)
{
	struct language *l = &languages[language_count++];
	const char *name = strrchr(path, '/') + 1;

	(void)ctx;
	assert_true(language_count <= LANGUAGES_MAX);
	(void)snprintf(l->code, sizeof(l->code), "%.*s", (int)strcspn(name, "."), name);
	assert_true(hdf_init(&l->words) == STATUS_OK);
	assert_true(hdf_read_file(l->words, path) == STATUS_OK);
}

static int load(void **state)
{
	(void)state;
	folder_each("hdf/words", ".hdf", language_load, NULL);
	folder_each("hdf/pages", ".cs", file_append, &templates);
	folder_each("hdf/mails", ".cs", file_append, &templates);
	folder_each("cgi", ".c", file_append, &sources);
	folder_each("tools/mailer", ".c", file_append, &sources);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (int i = 0; i < language_count; i++)
		hdf_destroy(&languages[i].words);
	buf_free(&templates);
	buf_free(&sources);
	return 0;
}

/* --- every key of a tree --- */

typedef int (*key_fn)(const char *key, const char *value, void *ctx);

static int keys_each(HDF *node, const char *prefix, key_fn fn, void *ctx)
{
	int findings = 0;

	for (; node != NULL; node = hdf_obj_next(node)) {
		char key[KEY_MAX];

		(void)snprintf(
		    key, sizeof(key), "%s%s%s", prefix, *prefix == '\0' ? "" : ".", hdf_obj_name(node));
		if (hdf_obj_value(node) != NULL)
			findings += fn(key, hdf_obj_value(node), ctx);
		findings += keys_each(hdf_obj_child(node), key, fn, ctx);
	}
	return findings;
}

static int language_each(const struct language *l, key_fn fn, void *ctx)
{
	return keys_each(hdf_obj_child(l->words), "", fn, ctx);
}

/* --- the languages --- */

static int key_in_other(const char *key, const char *value, void *ctx)
{
	const struct language *other = ctx;

	(void)value;
	if (hdf_get_value(other->words, key, NULL) != NULL)
		return 0;
	print_error("%s.hdf has no %s\n", other->code, key);
	return 1;
}

static void languages_same_keys(void **state)
{
	int findings = 0;

	(void)state;
	assert_true(language_count >= 2);
	for (int i = 0; i < language_count; i++)
		for (int j = 0; j < language_count; j++)
			findings += language_each(&languages[i], key_in_other, &languages[j]);
	assert_int_equal(findings, 0);
}

/* Whether every {place} of one sentence stands in the other too. */
static bool places_within(const char *sentence, const char *other)
{
	for (const char *at = sentence; (at = strchr(at, '{')) != NULL; at++) {
		char place[40];
		size_t len = strcspn(at, "}");

		if (at[len] == '\0' || len + 2 > sizeof(place))
			return false;
		(void)snprintf(place, sizeof(place), "%.*s", (int)len + 1, at);
		if (strstr(other, place) == NULL)
			return false;
	}
	return true;
}

static int key_same_places(const char *key, const char *value, void *ctx)
{
	const struct language *other = ctx;

	if (places_within(value, hdf_get_value(other->words, key, "")))
		return 0;
	print_error("%s.hdf: other places in %s\n", other->code, key);
	return 1;
}

static void languages_same_places(void **state)
{
	int findings = 0;

	(void)state;
	for (int i = 0; i < language_count; i++)
		for (int j = 0; j < language_count; j++)
			findings += language_each(&languages[i], key_same_places, &languages[j]);
	assert_int_equal(findings, 0);
}

/* Which places the programs fill: see hdf/README.md, "Words". */
static int key_known_places(const char *key, const char *value, void *ctx)
{
	const char *known = "";

	(void)ctx;
	if (strncmp(key, "Words.tools.", strlen("Words.tools.")) == 0)
		return 0;
	if (strncmp(key, "Fault.", strlen("Fault.")) == 0)
		known = "{arg}{caa}";
	if (strncmp(key, "Mail.", strlen("Mail.")) == 0)
		known = "{order}";
	if (places_within(value, known))
		return 0;
	print_error("%s: a place that nobody fills: %s\n", key, value);
	return 1;
}

static void places_known(void **state)
{
	(void)state;
	assert_int_equal(language_each(&languages[0], key_known_places, NULL), 0);
}

/* --- words and those who use them --- */

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

typedef int (*name_fn)(const char *name, bool group, void *ctx);

/* Every Words.<name> in a text; group when [code] follows, so that a key below is meant. */
static int names_each(const char *text, name_fn fn, void *ctx)
{
	int findings = 0;

	while ((text = strstr(text, "Words.")) != NULL) {
		char name[KEY_MAX];
		size_t len = 0;

		while (name_char(text[len]))
			len++;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, text);
		findings += fn(name, text[len] == '[', ctx);
		text += len;
	}
	return findings;
}

static int name_has_key(const char *name, bool group, void *ctx)
{
	HDF *node = hdf_get_obj(languages[0].words, name);

	(void)ctx;
	if (node != NULL && (group ? hdf_obj_child(node) != NULL
				   : hdf_obj_value(node) != NULL || hdf_obj_child(node) != NULL))
		return 0;
	print_error("there is no %s%s\n", name, group ? "[...]" : "");
	return 1;
}

static void names_have_keys(void **state)
{
	(void)state;
	assert_int_equal(names_each(templates.data, name_has_key, NULL), 0);
	assert_int_equal(names_each(sources.data, name_has_key, NULL), 0);
}

/* 1 when the name means the key: itself, or its group. */
static int name_means(const char *name, bool group, void *ctx)
{
	const char *key = ctx;
	size_t len = strlen(name);

	if (strncmp(key, name, len) != 0)
		return 0;
	return (key[len] == '\0' && !group) || key[len] == '.';
}

static int key_used(const char *key, const char *value, void *ctx)
{
	char copy[KEY_MAX];

	(void)value;
	(void)ctx;
	(void)snprintf(copy, sizeof(copy), "%s", key);
	if (strncmp(key, "Words.", strlen("Words.")) != 0)
		return 0;
	if (names_each(templates.data, name_means, copy) > 0 ||
	    names_each(sources.data, name_means, copy) > 0)
		return 0;
	print_error("nobody uses %s\n", key);
	return 1;
}

static void keys_are_used(void **state)
{
	(void)state;
	assert_int_equal(language_each(&languages[0], key_used, NULL), 0);
}

/* Mails about an account name no order; all others do. */
static void mail_has_subject(const char *path, void *ctx)
{
	const char *kind = strrchr(path, '/') + 1;
	const bool account = strncmp(kind, "password_changed.", strlen("password_changed.")) == 0 ||
			     strncmp(kind, "address_changed.", strlen("address_changed.")) == 0 ||
			     strncmp(kind, "key_added.", strlen("key_added.")) == 0 ||
			     strncmp(kind, "key_removed.", strlen("key_removed.")) == 0;
	char key[KEY_MAX];

	if (strncmp(kind, "macros", strlen("macros")) == 0)
		return;
	(void)snprintf(key, sizeof(key), "Mail.%.*s.subject", (int)strcspn(kind, "."), kind);
	for (int i = 0; i < language_count; i++) {
		const char *subject = hdf_get_value(languages[i].words, key, "");

		if (*subject == '\0' || (strstr(subject, "{order}") == NULL) != account)
			fail_msg("%s.hdf: %s is missing, or names no order, or one that is not there",
			    languages[i].code, key);
	}
	++*(int *)ctx;
}

static void mails_have_subjects(void **state)
{
	int text = 0, html = 0, subjects = 0;
	HDF *node;

	(void)state;
	folder_each("hdf/mails", ".txt.cs", mail_has_subject, &text);
	folder_each("hdf/mails", ".html.cs", mail_has_subject, &html);
	for (node = hdf_get_child(languages[0].words, "Mail"); node != NULL; node = hdf_obj_next(node))
		subjects++;
	assert_int_equal(text, html);
	assert_int_equal(text, subjects);
}

/* --- faults --- */

static void fault_has_sentences(void **state)
{
	const char *const parts[] = {"says", "help"};
	const char *code = *state;
	char key[KEY_MAX];

	for (int i = 0; i < language_count; i++) {
		for (size_t part = 0; part < 2; part++) {
			(void)snprintf(key, sizeof(key), "Fault.%s.%s", code, parts[part]);
			if (hdf_get_value(languages[i].words, key, NULL) == NULL)
				fail_msg("%s.hdf has no %s", languages[i].code, key);
		}
	}
}

static void sentences_have_faults(void **state)
{
	HDF *node = hdf_get_child(languages[0].words, "Fault");

	(void)state;
	assert_non_null(node);
	for (; node != NULL; node = hdf_obj_next(node))
		if (fault_by_code(hdf_obj_name(node)) == FAULT_none)
			fail_msg("Fault.%s is not in faults.def", hdf_obj_name(node));
}

/* --- bare sentences --- */

/* Blank out everything from begin to end, ends included; line ends stay. */
static void blank(char *text, const char *begin, const char *end)
{
	char *at = text, *until;

	while ((at = strstr(at, begin)) != NULL) {
		until = strstr(at + strlen(begin), end);
		until = until == NULL ? at + strlen(at) : until + strlen(end);
		for (; at < until; at++)
			if (*at != '\n')
				*at = ' ';
	}
}

/* Letters of a language: two in a row, or any beyond ASCII. */
static bool has_words(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] >= 0xc3 && (unsigned char)text[i] < 0xe2)
			return true;
		if (i + 1 < len && isalpha((unsigned char)text[i]) && isalpha((unsigned char)text[i + 1]))
			return true;
	}
	return false;
}

/* Attributes that people hear or read must hold words of the language. */
static int attributes_bare(const char *path, const char *text)
{
	static const char *const names[] = {
	    "aria-label=\"", "title=\"", "alt=\"", "placeholder=\"", "data-says=\""};
	int findings = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = text;

		while ((at = strstr(at, names[i])) != NULL) {
			at += strlen(names[i]);
			if (!has_words(at, strcspn(at, "\"")))
				continue;
			print_error(
			    "%s: bare words in %s%.*s\"\n", path, names[i], (int)strcspn(at, "\""), at);
			findings++;
		}
	}
	return findings;
}

/* Text constants within <?cs … ?> that are more than a name. */
static int constants_bare(const char *path, const char *text)
{
	int findings = 0;

	while ((text = strstr(text, "<?cs ")) != NULL) {
		const char *end = strstr(text, "?>");

		for (const char *at = text; text[5] != '#' && (at = strchr(at, '"')) != NULL && at < end;) {
			size_t len = strcspn(at + 1, "\"");
			const char *space = memchr(at + 2, ' ', len > 1 ? len - 1 : 0);

			if (space != NULL && has_words(space, len - (size_t)(space - at - 1))) {
				print_error("%s: bare words in a constant: %.*s\n", path, (int)len, at + 1);
				findings++;
			}
			at += len + 2;
		}
		text = end;
	}
	return findings;
}

static void template_check(const char *path, void *ctx)
{
	char *text = file_text(path);
	int *findings = ctx;

	blank(text, "ORDER", "/"); /* part of an order's number */
	*findings += constants_bare(path, text);
	/* Commands for a terminal are the same in every language. */
	blank(text, "<?cs call:command_begin() ?>", "<?cs call:command_end() ?>");
	blank(text, "openssl pkcs12 ", "\n");
	blank(text, "<pre class=\"command\"", "</pre>");
	blank(text, "<code>", "</code>");
	blank(text, "<?cs", "?>");
	/* Attributes made by a macro stand outside of any tag; these two hold ids. */
	blank(text, " aria-invalid=\"", "\"");
	blank(text, " aria-describedby=\"", "\"");
	*findings += attributes_bare(path, text);
	blank(text, "<", ">");
	blank(text, "&", ";");
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (has_words(line, strlen(line))) {
			print_error("%s: bare words: %s\n", path, line);
			++*findings;
		}
	}
	free(text);
}

static void templates_have_no_sentences(void **state)
{
	int findings = 0;

	(void)state;
	folder_each("hdf/pages", ".cs", template_check, &findings);
	folder_each("hdf/mails", ".cs", template_check, &findings);
	assert_int_equal(findings, 0);
}

/* The check itself: it must see what it is there for. */
static void bare_words_are_seen(void **state)
{
	(void)state;
	assert_true(has_words("<p>Sign in</p>", 14));
	assert_true(has_words("ż", 2));
	assert_false(has_words(" · – 1 B", 10));
	assert_int_equal(attributes_bare("a test", "<a title=\"Close\">"), 1);
	assert_int_equal(attributes_bare("a test", "<a title=\"  \">"), 0);
	assert_int_equal(constants_bare("a test", "<?cs set:Page.title = \"Sign in\" ?>"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(languages_same_keys),
	    cmocka_unit_test(languages_same_places),
	    cmocka_unit_test(places_known),
	    cmocka_unit_test(names_have_keys),
	    cmocka_unit_test(keys_are_used),
	    cmocka_unit_test(mails_have_subjects),
	    cmocka_unit_test(sentences_have_faults),
	    cmocka_unit_test(templates_have_no_sentences),
	    cmocka_unit_test(bare_words_are_seen),
	};
	static struct CMUnitTest faults[] = {
#define FAULT(code, status, field) {#code " has its sentences", fault_has_sentences, NULL, NULL, #code},
#include "lib/base/faults.def"
#undef FAULT
	};
	int failed = cmocka_run_group_tests(tests, load, NULL);

	return failed + cmocka_run_group_tests(faults, NULL, unload);
}
