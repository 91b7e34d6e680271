/* render.c - ClearSilver, into memory; see render.h. */
#include "lib/mail/render.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ClearSilver/ClearSilver.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

#define KIND_MAX   40
#define RENDER_MAX (1U << 20) /* a mail larger than that is a mistake of its template */
#define FACTS_MAX  48
#define ORDER_MAX  80

struct mail_view {
	struct mail_view *next;
	struct mail_views *views;
	char language[16];
	HDF *words;
};

/* A parsed template. Its tree knows no language: words and data are hung in for each rendering. */
struct mail_template {
	struct mail_template *next;
	char name[KIND_MAX + 16];
	CSPARSE *cs;
};

struct mail_views {
	struct mail_view *list;
	struct mail_template *templates;
	char *dir;
};

/* Turn a ClearSilver error into ours, freeing it. Always -1. */
static int render_neo(struct err *e, enum fault fault, NEOERR *ne, const char *what)
{
	STRING words;

	string_init(&words);
	nerr_error_string(ne, &words);
	(void)err_set(e, fault, "%s: %.400s", what, words.buf == NULL ? "failed" : words.buf);
	string_clear(&words);
	nerr_ignore(&ne);
	return -1;
}

static int view_load(struct mail_views *views, const char *file, struct err *e)
{
	struct mail_view *view = calloc(1, sizeof(*view));
	char path[4096];
	NEOERR *ne;

	if (view == NULL)
		return err_set(e, FAULT_busy, "words: out of memory");
	view->next = views->list;
	view->views = views;
	views->list = view;
	(void)snprintf(view->language, sizeof(view->language), "%.*s", (int)strcspn(file, "."), file);
	(void)snprintf(path, sizeof(path), "%s/words/%s", views->dir, file);
	ne = hdf_init(&view->words);
	if (ne == STATUS_OK)
		ne = hdf_read_file(view->words, path);
	return ne == STATUS_OK ? 0 : render_neo(e, FAULT_config_invalid, ne, path);
}

/* Whether a file's name is a language and ".hdf". */
static bool words_file(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

	return len >= 2 && len < 16 && strcmp(name + len, ".hdf") == 0;
}

static struct mail_view *view_by_language(struct mail_views *views, const char *language)
{
	struct mail_view *view = views->list;

	while (view != NULL && strcmp(view->language, language) != 0)
		view = view->next;
	return view;
}

static int views_read(struct mail_views *views, struct err *e)
{
	char path[4096];
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s/words", views->dir);
	dir = opendir(path);
	if (dir == NULL)
		return err_errno(e, FAULT_config_invalid, "words: %s", path);
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (words_file(entry->d_name))
			rc = view_load(views, entry->d_name, e);
	(void)closedir(dir);
	if (rc == 0 && view_by_language(views, "en") == NULL)
		rc = err_set(e, FAULT_config_invalid, "words: %s has no en.hdf", path);
	return rc;
}

int mail_views_load(struct mail_views **out, const char *hdf_dir, struct err *e)
{
	struct mail_views *views = calloc(1, sizeof(*views));

	if (views == NULL || (views->dir = strdup(hdf_dir)) == NULL) {
		free(views);
		return err_set(e, FAULT_busy, "words: out of memory");
	}
	if (views_read(views, e) == -1) {
		mail_views_free(views);
		return -1;
	}
	*out = views;
	return 0;
}

static void template_free(struct mail_template *template)
{
	template->cs->hdf = NULL;
	cs_destroy(&template->cs);
	free(template);
}

void mail_views_free(struct mail_views *views)
{
	if (views == NULL)
		return;
	while (views->templates != NULL) {
		struct mail_template *template = views->templates;

		views->templates = template->next;
		template_free(template);
	}
	while (views->list != NULL) {
		struct mail_view *view = views->list;

		views->list = view->next;
		hdf_destroy(&view->words);
		free(view);
	}
	free(views->dir);
	free(views);
}

struct mail_view *mail_view_find(struct mail_views *views, const char *language)
{
	struct mail_view *view = view_by_language(views, language);

	return view == NULL ? view_by_language(views, "en") : view;
}

const char *mail_view_language(const struct mail_view *view)
{
	return view->language;
}

const char *mail_view_word(const struct mail_view *view, const char *name)
{
	return hdf_get_value(view->words, name, NULL);
}

/* The tree a template is parsed and rendered with: escaping and the folder of its parts. */
static NEOERR *data_begin(HDF **out, const struct mail_views *views, bool html)
{
	char path[4096];
	NEOERR *ne = hdf_init(out);

	(void)snprintf(path, sizeof(path), "%s/mails", views->dir);
	if (ne == STATUS_OK)
		ne = hdf_set_value(*out, "Config.VarEscapeMode", html ? "html" : "none");
	if (ne == STATUS_OK)
		ne = hdf_set_value(*out, "hdf.loadpaths.0", path);
	return ne;
}

static NEOERR *template_parse(struct mail_template *template, HDF *settings)
{
	NEOERR *ne = cs_init(&template->cs, settings);

	if (ne == STATUS_OK)
		ne = cgi_register_strfuncs(template->cs);
	if (ne == STATUS_OK)
		ne = cs_parse_file(template->cs, template->name);
	return ne;
}

/* The parsed template of that name, from the kept ones or from its file; NULL with the error. */
static struct mail_template *template_get(
    struct mail_views *views, const char *name, bool html, struct err *e)
{
	struct mail_template *template = views->templates;
	HDF *settings = NULL;
	NEOERR *ne;

	while (template != NULL && strcmp(template->name, name) != 0)
		template = template->next;
	if (template != NULL)
		return template;
	template = calloc(1, sizeof(*template));
	if (template == NULL) {
		(void)err_set(e, FAULT_busy, "mail template: out of memory");
		return NULL;
	}
	(void)snprintf(template->name, sizeof(template->name), "%s", name);
	ne = data_begin(&settings, views, html);
	if (ne == STATUS_OK)
		ne = template_parse(template, settings);
	if (ne != STATUS_OK) {
		(void)render_neo(e, FAULT_internal, ne, name);
		cs_destroy(&template->cs);
		free(template);
		template = NULL;
	} else {
		template->next = views->templates;
		views->templates = template;
	}
	hdf_destroy(&settings);
	return template;
}

/* After a failed rendering a tree may still point at what is gone; the next mail parses it anew. */
static void template_drop(struct mail_views *views, struct mail_template *template)
{
	struct mail_template **at = &views->templates;

	while (*at != template)
		at = &(*at)->next;
	*at = template->next;
	template_free(template);
}

static NEOERR *render_append(void *arg, char *text)
{
	struct buf *out = arg;

	buf_puts(out, text);
	if (out->failed || out->len > RENDER_MAX)
		return nerr_raise(NERR_OUTOFRANGE, "more than %u octets, or out of memory", RENDER_MAX);
	return STATUS_OK;
}

static NEOERR *data_fill(HDF **out, const struct mail_view *view, HDF *facts, bool html)
{
	NEOERR *ne = data_begin(out, view->views, html);

	if (ne == STATUS_OK)
		ne = hdf_copy(*out, "", facts);
	if (ne == STATUS_OK)
		ne = hdf_set_value(*out, "Lang", view->language);
	return ne;
}

/* Render one part; *out is the caller's, or NULL on -1. */
static int part_render(
    struct mail_view *view, const char *kind, bool html, HDF *facts, char **out, struct err *e)
{
	struct mail_template *template;
	struct buf text = {0};
	char name[KIND_MAX + 16];
	HDF *data = NULL;
	NEOERR *ne;

	(void)snprintf(name, sizeof(name), "%s.%s.cs", kind, html ? "html" : "txt");
	template = template_get(view->views, name, html, e);
	if (template == NULL)
		return -1;
	ne = data_fill(&data, view, facts, html);
	template->cs->hdf = data;
	template->cs->global_hdf = view->words;
	if (ne == STATUS_OK)
		ne = cs_render(template->cs, &text, render_append);
	template->cs->hdf = NULL;
	template->cs->global_hdf = NULL;
	hdf_destroy(&data);
	if (ne != STATUS_OK) {
		template_drop(view->views, template);
		buf_free(&text);
		return render_neo(e, FAULT_internal, ne, name);
	}
	if (text.data == NULL || strspn(text.data, " \t\r\n") == text.len) {
		buf_free(&text);
		return err_set(e, FAULT_internal, "%s: rendered to nothing", name);
	}
	*out = text.data;
	return 0;
}

static int subject_render(struct mail_view *view, const char *kind, HDF *facts, char **out, struct err *e)
{
	const char *names[FACTS_MAX + 2] = {"order"}, *values[FACTS_MAX + 2];
	const char *pattern;
	char entry[KIND_MAX + 32], order[ORDER_MAX];
	struct buf subject = {0};
	size_t n = 1, unknown;

	(void)snprintf(entry, sizeof(entry), "Mail.%s.subject", kind);
	pattern = mail_view_word(view, entry);
	if (pattern == NULL || *pattern == '\0')
		return err_set(e, FAULT_internal, "words %s: no %s", view->language, entry);
	(void)snprintf(order, sizeof(order), "ORDER/%s", hdf_get_value(facts, "Mail.order", ""));
	values[0] = order;
	for (HDF *fact = hdf_get_child(facts, "Mail"); fact != NULL && n < FACTS_MAX;
	     fact = hdf_obj_next(fact)) {
		names[n] = hdf_obj_name(fact);
		values[n++] = hdf_obj_value(fact);
	}
	names[n] = NULL;
	unknown = words_format(&subject, pattern, names, values);
	if (unknown > 0 || subject.failed) {
		buf_free(&subject);
		return err_set(e, FAULT_internal, "words %s: %s names what the mail does not have",
		    view->language, entry);
	}
	*out = subject.data;
	return 0;
}

int mail_render(
    struct mail_view *view, const char *kind, struct _hdf *data, struct mail_text *out, struct err *e)
{
	size_t len = strlen(kind);

	memset(out, 0, sizeof(*out));
	if (len == 0 || len > KIND_MAX || strspn(kind, "abcdefghijklmnopqrstuvwxyz_") != len)
		return err_set(e, FAULT_internal, "mail: no such kind");
	if (subject_render(view, kind, data, &out->subject, e) == -1 ||
	    part_render(view, kind, false, data, &out->text, e) == -1 ||
	    part_render(view, kind, true, data, &out->html, e) == -1) {
		mail_text_free(out);
		return err_context(e, "mail %s (%s)", kind, view->language);
	}
	return 0;
}

void mail_text_free(struct mail_text *text)
{
	free(text->subject);
	free(text->text);
	free(text->html);
	memset(text, 0, sizeof(*text));
}
