/* test_render.c - mails from templates: escaping, languages, kept templates, and never half a mail. */
#include "tests/unit/fixture_mail.h"

#include <ClearSilver/ClearSilver.h>

#include "lib/mail/render.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable()  ((void)0)
#endif

struct fixture {
	struct mail_folder folder;
	struct mail_views *views;
	HDF *facts;
};

static const struct file {
	const char *name, *text;
} files[] = {
    {"words/en.hdf",
	"Words {\nhello = Hello\n}\nMail {\nverification.subject = Confirm – {order} for {address}\n"
	"empty.subject = x\nbroken.subject = x\nendless.subject = x\nhalf.subject = x\n"
	"wrong.subject = {nobody}\n}\nFault.caa_denied.says = Only {arg} may issue\n"},
    {"words/pl.hdf",
	"Words {\nhello = Dzień dobry\n}\nMail {\nverification.subject = Potwierdź – {order}\n}\n"},
    {"words/notes.txt", "not words"},
    {"mails/part.txt.cs", "-- \n<?cs var:Brand.name ?>\n"},
    {"mails/verification.txt.cs", "<?cs var:Words.hello ?>, <?cs var:Mail.asker ?> (<?cs var:Lang ?>)\n"
				  "<?cs set:Mail.seen = Mail.seen + #1 ?><?cs var:Mail.seen ?>\n"
				  "<?cs var:Mail.link ?>\n<?cs include:\"part.txt.cs\" ?>"},
    {"mails/verification.html.cs",
	"<html lang=\"<?cs var:Lang ?>\"><p><?cs var:Words.hello ?>, <?cs var:Mail.asker ?></p>"
	"<?cs each:x = Mail.list ?><i><?cs var:x ?></i><?cs /each ?>"
	"<a href=\"<?cs var:Mail.link ?>\">x</a></html>\n"},
    {"mails/empty.txt.cs", "<?cs if:Mail.nothing ?>x<?cs /if ?>\n \n"},
    {"mails/empty.html.cs", "<p>x</p>"},
    {"mails/half.txt.cs", "text"},
    {"mails/broken.txt.cs", "text <?cs if:Mail.order ?> without end"},
    {"mails/broken.html.cs", "<p>x</p>"},
    {"mails/endless.txt.cs",
	"<?cs loop:i = #1, #40000 ?>0123456789012345678901234567890123456789<?cs /loop ?>"},
    {"mails/endless.html.cs", "<p>x</p>"},
    {"mails/wrong.txt.cs", "x"},
    {"mails/wrong.html.cs", "x"},
};

static void folder_add(struct fixture *f, const char *name)
{
	char path[128];

	mail_path(path, &f->folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e;

	mail_folder_make(&f->folder);
	folder_add(f, "words");
	folder_add(f, "mails");
	for (size_t i = 0; i < nitems(files); i++)
		mail_file_write(&f->folder, files[i].name, files[i].text, strlen(files[i].text), 0600);
	assert_done(mail_views_load(&f->views, f->folder.dir, &e), &e);
	assert_true(hdf_init(&f->facts) == STATUS_OK);
	(void)hdf_set_value(f->facts, "Brand.name", "mailcert <demo>");
	(void)hdf_set_value(f->facts, "Mail.order", "0000123456/b01");
	(void)hdf_set_value(f->facts, "Mail.address", "joe@example.com");
	(void)hdf_set_value(f->facts, "Mail.asker", "Doe & \"Sons\" <script>alert('x')</script>");
	(void)hdf_set_value(f->facts, "Mail.link", "https://mailcert.example/verify/a-b_c");
	(void)hdf_set_value(f->facts, "Mail.list.0", "<1>");
	(void)hdf_set_value(f->facts, "Mail.list.1", "2");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hdf_destroy(&f->facts);
	mail_views_free(f->views);
	mail_folder_remove(&f->folder);
	free(f);
	return 0;
}

#define HTML_TEXT                                                                     \
	"Doe &amp; &quot;Sons&quot; "                                                 \
	"&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</p><i>&lt;1&gt;</i><i>2</i>" \
	"<a href=\"https://mailcert.example/verify/a-b_c\">x</a></html>\n"
#define PLAIN_TEXT                                                                                    \
	"Doe & \"Sons\" <script>alert('x')</script> (en)\n1\nhttps://mailcert.example/verify/a-b_c\n" \
	"-- \nmailcert <demo>\n"

/* Rendered again and again from the kept templates, in both languages in turn, with the same result. */
static void render_again(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 6; i++) {
		struct mail_text text;
		struct err e;
		int polish = i % 2;

		assert_done(mail_render(mail_view_find(f->views, polish ? "pl" : "en"), "verification",
				f->facts, &text, &e),
		    &e);
		if (polish) {
			assert_string_equal(text.subject, "Potwierdź – ORDER/0000123456/b01");
			assert_non_null(strstr(text.text, "Dzień dobry, Doe & \"Sons\""));
			assert_non_null(strstr(text.html, "<html lang=\"pl\"><p>Dzień dobry, Doe &amp;"));
		} else {
			assert_string_equal(
			    text.subject, "Confirm – ORDER/0000123456/b01 for joe@example.com");
			assert_string_equal(text.text, "Hello, " PLAIN_TEXT);
			assert_string_equal(text.html, "<html lang=\"en\"><p>Hello, " HTML_TEXT);
		}
		mail_text_free(&text);
		assert_null(text.html);
	}
	assert_null(
	    hdf_get_value(f->facts, "Mail.seen", NULL)); /* what a template sets stays in its own copy */
	assert_null(hdf_get_value(f->facts, "Lang", NULL));
}

/* A fact of one mail must not turn up in the next. */
static void render_forgets(void **state)
{
	struct fixture *f = *state;
	struct mail_view *view = mail_view_find(f->views, "en");
	struct mail_text text;
	struct err e;
	HDF *other;

	assert_done(mail_render(view, "verification", f->facts, &text, &e), &e);
	mail_text_free(&text);
	assert_true(hdf_init(&other) == STATUS_OK);
	(void)hdf_set_value(other, "Mail.order", "0000000002/b01");
	(void)hdf_set_value(other, "Mail.address", "ann@example.com");
	assert_done(mail_render(view, "verification", other, &text, &e), &e);
	assert_null(strstr(text.text, "verify"));
	assert_null(strstr(text.html, "Sons"));
	mail_text_free(&text);
	hdf_destroy(&other);
}

static const struct fail_case {
	const char *kind, *why;
} fail_cases[] = {
    {"empty", "rendered to nothing"},
    {"half", "half.html.cs"},        /* one part's template is missing */
    {"broken", "broken.txt.cs"},     /* does not parse */
    {"endless", "octets"},           /* too large */
    {"wrong", "Mail.wrong.subject"}, /* the subject names what is not there */
    {"unknown", "Mail.unknown.subject"},
    {"../words/en", "no such kind"},
    {"Verification", "no such kind"},
    {"", "no such kind"},
};

static void render_fails(void **state)
{
	struct fixture *f = *state;

	__lsan_disable(); /* ClearSilver leaks when a template does not parse */
	for (size_t i = 0; i < nitems(fail_cases); i++) {
		struct mail_text text = {.html = (char *)1};
		struct err e;

		assert_int_equal(
		    mail_render(mail_view_find(f->views, "en"), fail_cases[i].kind, f->facts, &text, &e), -1);
		assert_int_equal(e.fault, FAULT_internal);
		if (strstr(e.log, fail_cases[i].why) == NULL)
			fail_msg("%s: %s", fail_cases[i].kind, e.log);
		assert_true(text.subject == NULL && text.text == NULL && text.html == NULL);
	}
	__lsan_enable();
	render_again(state); /* and the good ones still go */
}

/* A template mended after a failure is read anew. */
static void render_mended(void **state)
{
	struct fixture *f = *state;
	struct mail_text text;
	struct err e;

	assert_int_equal(mail_render(mail_view_find(f->views, "en"), "half", f->facts, &text, &e), -1);
	mail_file_write(&f->folder, "mails/half.html.cs", "<p>x</p>", 8, 0600);
	assert_done(mail_render(mail_view_find(f->views, "en"), "half", f->facts, &text, &e), &e);
	assert_string_equal(text.html, "<p>x</p>");
	mail_text_free(&text);
}

static void view_words(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(mail_view_language(mail_view_find(f->views, "pl")), "pl");
	assert_string_equal(mail_view_language(mail_view_find(f->views, "xx")), "en");
	assert_string_equal(mail_view_language(mail_view_find(f->views, "")), "en");
	assert_string_equal(
	    mail_view_word(mail_view_find(f->views, "en"), "Fault.caa_denied.says"), "Only {arg} may issue");
	assert_null(mail_view_word(mail_view_find(f->views, "pl"), "Fault.caa_denied.says"));
}

static void views_refused(void **state)
{
	struct fixture *f = *state;
	struct mail_views *views;
	char path[128];
	struct err e;

	assert_int_equal(mail_views_load(&views, "/nowhere", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	mail_file_write(&f->folder, "words/de.hdf", "no value\n", 9, 0600);
	assert_int_equal(mail_views_load(&views, f->folder.dir, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	mail_path(path, &f->folder, "words/de.hdf");
	assert_int_equal(unlink(path), 0);
	mail_path(path, &f->folder, "words/en.hdf");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mail_views_load(&views, f->folder.dir, &e), -1);
	assert_non_null(strstr(e.log, "en.hdf"));
}

/* --- the mails of the product: each kind in each language, with the sample facts of the golden pages --- */

static const char *const kinds[] = {"verification", "verified", "certificate_issued", "rejected", "problem",
    "revoked", "password_changed", "address_changed", "key_added", "key_removed"};

static void product_mail(void **state)
{
	const char *kind = *state;
	char path[128];
	struct mail_views *views;
	struct err e;
	HDF *facts;

	assert_done(mail_views_load(&views, "hdf", &e), &e);
	assert_true(hdf_init(&facts) == STATUS_OK);
	(void)snprintf(path, sizeof(path), "tests/golden/data/mail_%s.hdf", kind);
	assert_true(hdf_read_file(facts, path) == STATUS_OK);
	for (int i = 0; i < 2; i++) {
		const char *language = i == 0 ? "en" : "pl";
		struct mail_text text;

		assert_string_equal(mail_view_language(mail_view_find(views, language)), language);
		assert_done(mail_render(mail_view_find(views, language), kind, facts, &text, &e), &e);
		if (hdf_get_value(facts, "Mail.order", NULL) != NULL) {
			assert_non_null(strstr(text.subject, "ORDER/0000123456/b01"));
			assert_non_null(strstr(text.text, "0000123456/b01"));
			assert_non_null(strstr(text.html, "0000123456/b01"));
			assert_non_null(strstr(text.text, "joe.doe@example.com"));
		} else { /* about an account: whose and when, and nothing to click but our address */
			assert_null(strstr(text.text, "ORDER/"));
			assert_non_null(strstr(text.text, "jan.kowalski"));
			assert_non_null(strstr(text.text, "2026-11-23 08:00 UTC"));
			assert_non_null(strstr(text.html, "jan.kowalski"));
			assert_null(strstr(text.text, "://"));
			assert_null(strstr(text.html, "://"));
			assert_null(strstr(text.html, "<form"));
		}
		assert_null(strstr(text.text, "&amp;"));
		assert_null(strchr(text.subject, '{'));
		mail_text_free(&text);
	}
	hdf_destroy(&facts);
	mail_views_free(views);
}

int main(void)
{
	struct CMUnitTest t[6 + nitems(kinds)] = {
	    cmocka_unit_test_setup_teardown(render_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(render_forgets, setup, teardown),
	    cmocka_unit_test_setup_teardown(render_fails, setup, teardown),
	    cmocka_unit_test_setup_teardown(render_mended, setup, teardown),
	    cmocka_unit_test_setup_teardown(view_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(views_refused, setup, teardown),
	};

	for (size_t i = 0; i < nitems(kinds); i++)
		t[6 + i] =
		    (struct CMUnitTest){kinds[i], product_mail, NULL, NULL, (void *)(uintptr_t)kinds[i]};
	return cmocka_run_group_tests_name("render", t, NULL, NULL);
}
