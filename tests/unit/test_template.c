/* test_template.c - constants put into templates: the page must be the one ClearSilver makes without, but for
 * empty lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cgi/template.h"
#include "lib/base/text.h"

#define NAME_50 "a.very.long.name.of.a.constant.that.goes.on.and.on"

static char folder[] = "/tmp/test_template.XXXXXX";
static HDF *constants, *data;

static const struct template_case {
	const char *name, *text, *want;
} template_cases[] = {
    {"text alone", "<p>no tag</p>", "<p>no tag</p>"},
    {"empty", "", ""},
    {"a constant", "<p><?cs var:Words.hello ?></p>", "<p>Hello</p>"},
    {"two, side by side", "<?cs var:Words.hello ?><?cs var:Words.hello ?>", "HelloHello"},
    {"escaped once", "<i><?cs var:Words.sharp ?></i>", "<i>a &lt; b &amp; &quot;c&quot; &#39;d&#39;</i>"},
    {"in an attribute", "<a title=\"<?cs var:Words.sharp ?>\">",
	"<a title=\"a &lt; b &amp; &quot;c&quot; &#39;d&#39;\">"},
    {"a value that looks like a tag", "<?cs var:Words.tag ?>", "&lt;?cs var:Words.hello ?&gt;"},
    {"not English", "<?cs var:Words.polish ?>", "Dzień dobry"},
    {"data is no constant", "<?cs var:Order.number ?>", "1 &lt; 2"},
    {"nowhere a value", "[<?cs var:Words.nothing ?>]", "[]"},
    {"a branch without a value", "[<?cs var:Words ?>]", "[]"},
    {"chosen by data", "<?cs var:Words[Order.key] ?>", "Hello"},
    {"an expression", "<?cs var:Words.hello + \"!\" ?>", "Hello!"},
    {"an icon", "<?cs def:icon(name) ?><?cs uvar:Icon[name] ?><?cs /def ?><i><?cs call:icon(\"tick\") ?></i>",
	"<i><b/></i>"},
    {"an icon chosen by data",
	"<?cs def:icon(name) ?><?cs uvar:Icon[name] ?><?cs /def ?><?cs call:icon(Order.icon) ?>", "<b/>"},
    {"an icon that is none",
	"<?cs def:icon(name) ?>[<?cs uvar:Icon[name] ?>]<?cs /def ?><?cs call:icon(\"x\") ?>", "[]"},
    {"lines of macros and comments",
	"<?cs # one ?>\n\n<?cs def:m() ?>\n<?cs var:Words.hello ?>\n<?cs /def ?>\n<?cs # two ?>\n<p>\n<?cs "
	"call:m() ?>\n</p>\n",
	"<p>\n\nHello\n\n</p>\n"},
    {"a line after an included template", "<?cs include:\"part.cs\" ?>\n!", "part: Hello!"},
    {"a comment that names a constant", "<?cs # var:Words.hello ?>[<?cs var:Words.hello ?>]", "[Hello]"},
    {"in a macro",
	"<?cs def:m(x) ?><?cs var:Words.hello ?> <?cs var:x ?><?cs /def ?><?cs call:m(Words.sharp) ?>",
	"Hello a &lt; b &amp; &quot;c&quot; &#39;d&#39;"},
    {"in a condition", "<?cs if:Words.hello ?><?cs var:Words.hello ?><?cs else ?>no<?cs /if ?>", "Hello"},
    {"in a loop", "<?cs each:w = Words ?><?cs name:w ?> <?cs /each ?>", "hello sharp tag polish "},
    {"in an included template", "<?cs include:\"part.cs\" ?>!", "part: Hello!"},
    {"a name longer than any", "[<?cs var:" NAME_50 "." NAME_50 "." NAME_50 " ?>]", "[]"},
    {"an open tag", "Words <?cs var:Words.hello", NULL},
};

static void file_make(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static int folder_make(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	file_make("part.cs", "part: <?cs var:Words.hello ?>");
	assert_ptr_equal(hdf_init(&constants), STATUS_OK);
	assert_ptr_equal(hdf_init(&data), STATUS_OK);
	assert_ptr_equal(hdf_set_value(constants, "Words.hello", "Hello"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(constants, "Words.sharp", "a < b & \"c\" 'd'"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(constants, "Words.tag", "<?cs var:Words.hello ?>"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(constants, "Words.polish", "Dzień dobry"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(constants, "Icon.tick", "<b/>"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(data, "Order.icon", "tick"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(data, "Config.VarEscapeMode", "html"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(data, "hdf.loadpaths.0", folder), STATUS_OK);
	assert_ptr_equal(hdf_set_value(data, "Order.number", "1 < 2"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(data, "Order.key", "hello"), STATUS_OK);
	return 0;
}

static int folder_remove(void **state)
{
	char path[256];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/part.cs", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/page.cs", folder);
	(void)unlink(path);
	hdf_destroy(&constants);
	hdf_destroy(&data);
	return rmdir(folder);
}

static NEOERR *append(void *ctx, char *text)
{
	buf_puts(ctx, text);
	return STATUS_OK;
}

/* Parse with constants looked up at every rendering. */
static NEOERR *plain_parse(CSPARSE **out)
{
	NEOERR *ne = cs_init(out, data);

	if (ne != STATUS_OK)
		return ne;
	(*out)->global_hdf = constants;
	ne = cgi_register_strfuncs(*out);
	return ne == STATUS_OK ? cs_parse_file(*out, "page.cs") : ne;
}

/* Render and destroy. */
static char *rendered(CSPARSE *cs)
{
	struct buf page = {0};

	buf_puts(&page, "");
	assert_ptr_equal(cs_render(cs, &page, append), STATUS_OK);
	cs_destroy(&cs);
	return page.data;
}

/* Whether two pages say the same; the ends of lines mean nothing in HTML. */
static bool pages_same(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "\n");
		b += strspn(b, "\n");
		if (*a != *b || *a == '\0')
			return *a == *b;
	}
}

static void case_run(void **state)
{
	const struct template_case *c = *state;
	CSPARSE *cs = NULL;
	char *page, *plain;
	NEOERR *ne;

	file_make("page.cs", c->text);
	ne = template_parse(&cs, data, constants, "page.cs");
	if (c->want == NULL) {
		assert_ptr_not_equal(ne, STATUS_OK);
		assert_null(cs);
		nerr_ignore(&ne);
		return;
	}
	assert_ptr_equal(ne, STATUS_OK);
	page = rendered(cs);
	assert_string_equal(page, c->want);
	assert_ptr_equal(plain_parse(&cs), STATUS_OK);
	plain = rendered(cs);
	assert_true(pages_same(page, plain));
	free(page);
	free(plain);
}

static void kept_as_read(void **state)
{
	CSPARSE *cs = NULL;
	HDF *mine = NULL;
	char *page;

	(void)state;
	file_make("page.cs", "<?cs var:Words.hello ?>");
	assert_ptr_equal(hdf_init(&mine), STATUS_OK);
	assert_ptr_equal(hdf_set_value(mine, "Words.hello", "then"), STATUS_OK);
	assert_ptr_equal(template_parse(&cs, data, mine, "page.cs"), STATUS_OK);
	assert_ptr_equal(hdf_set_value(mine, "Words.hello", "now"), STATUS_OK);
	page = rendered(cs);
	assert_string_equal(page, "then");
	free(page);
	hdf_destroy(&mine);
}

static void missing_file(void **state)
{
	CSPARSE *cs = NULL;
	NEOERR *ne = template_parse(&cs, data, constants, "nowhere.cs");

	(void)state;
	assert_ptr_not_equal(ne, STATUS_OK);
	assert_null(cs);
	nerr_ignore(&ne);
}

int main(void)
{
	enum { CASES = sizeof(template_cases) / sizeof(template_cases[0]) };
	struct CMUnitTest tests[CASES + 2];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){
		    template_cases[i].name, case_run, NULL, NULL, (void *)(uintptr_t)&template_cases[i]};
	tests[CASES] = (struct CMUnitTest)cmocka_unit_test(kept_as_read);
	tests[CASES + 1] = (struct CMUnitTest)cmocka_unit_test(missing_file);
	return cmocka_run_group_tests_name("template", tests, folder_make, folder_remove);
}
