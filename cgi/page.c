/* page.c - rendering ClearSilver templates; see page.h. */
#include "cgi/page.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include <ClearSilver/ClearSilver.h>

#include "cgi/template.h"
#include "lib/base/conf.h"
#include "lib/base/words.h"

#define LANGUAGES_MAX 32

struct template
{
	char name[40];
	CSPARSE *tree; /* owned */
};

struct language {
	char code[8];
	HDF *constants;             /* owned; words, icons, and what else is the same on every page */
	struct template *templates; /* owned; the pages shown in it so far */
	size_t template_count;
};

struct pages {
	HDF *data; /* owned; the data of the request in hand, and Config */
	struct language languages[LANGUAGES_MAX];
	int language_count;
	char dir[1024];
	char caa_identity[256];
};

/* Turn a ClearSilver error into ours, freeing it. Always -1. */
static int err_neo(struct err *e, NEOERR *ne, const char *what)
{
	STRING words;

	string_init(&words);
	nerr_error_string(ne, &words);
	(void)err_set(e, FAULT_internal, "%s: %s", what, words.buf == NULL ? "?" : words.buf);
	string_clear(&words);
	nerr_ignore(&ne);
	return -1;
}

/* --- opening --- */

static int words_load(struct pages *pages, const char *file, struct err *e)
{
	struct language *l = &pages->languages[pages->language_count];
	char path[2048];
	NEOERR *ne;

	(void)snprintf(l->code, sizeof(l->code), "%.2s", file);
	(void)snprintf(path, sizeof(path), "%s/words/%s", pages->dir, file);
	ne = hdf_init(&l->constants);
	pages->language_count++;
	if (ne == STATUS_OK)
		ne = hdf_read_file(l->constants, path);
	if (ne == STATUS_OK) {
		(void)snprintf(path, sizeof(path), "%s/pages/icons.hdf", pages->dir);
		ne = hdf_read_file(l->constants, path);
	}
	return ne == STATUS_OK ? 0 : err_neo(e, ne, path);
}

static int words_filter(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len == 6 && strcmp(d->d_name + 2, ".hdf") == 0;
}

static int words_load_all(struct pages *pages, struct err *e)
{
	struct dirent **files = NULL;
	char path[2048];
	int n, rc = 0;

	(void)snprintf(path, sizeof(path), "%s/words", pages->dir);
	n = scandir(path, &files, words_filter, alphasort);
	if (n <= 0)
		rc = err_errno(e, FAULT_config_invalid, "no words in %s", path);
	else if (n > LANGUAGES_MAX)
		rc = err_set(e, FAULT_config_invalid, "%s: %d languages, at most %d", path, n, LANGUAGES_MAX);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = words_load(pages, files[i]->d_name, e);
		free(files[i]);
	}
	free(files);
	return rc;
}

static NEOERR *constant_set(struct language *l, const char *name, const char *value)
{
	return *value == '\0' ? STATUS_OK : nerr_pass(hdf_set_value(l->constants, name, value));
}

/* The list of languages, as a page in language l shows it. */
static NEOERR *constants_set_languages(const struct pages *pages, struct language *l)
{
	NEOERR *ne = constant_set(l, "Lang", l->code);
	char name[32];

	for (int i = 0; ne == STATUS_OK && i < pages->language_count; i++) {
		const struct language *one = &pages->languages[i];

		(void)snprintf(name, sizeof(name), "Language.%d.code", i);
		ne = constant_set(l, name, one->code);
		(void)snprintf(name, sizeof(name), "Language.%d.name", i);
		if (ne == STATUS_OK)
			ne = constant_set(
			    l, name, hdf_get_value(one->constants, "Words.language.name", one->code));
		(void)snprintf(name, sizeof(name), "Language.%d.current", i);
		if (ne == STATUS_OK && one == l)
			ne = constant_set(l, name, "1");
	}
	return nerr_pass(ne);
}

/* What every page of a language is told, beside its words. */
static int constants_set(
    const struct pages *pages, struct language *l, const struct conf *conf, struct err *e)
{
	char assets[24] = ""; /* changes with every build, so that browsers fetch new static files */
	const struct {
		const char *name, *value;
	} constants[] = {{"Brand.name", conf_text(conf, SET_BRAND_NAME)},
	    {"Brand.support", conf_text(conf, SET_BRAND_SUPPORT)},
	    {"Brand.style", conf_text(conf, SET_BRAND_STYLE)}, {"Page.assets", assets},
	    {"Demo.mail", *conf_text(conf, SET_WEB_MAIL_VIEWER) == '\0' ? "" : "1"},
	    {"Demo.hint", conf_text(conf, SET_WEB_DEMO_HINT)}};
	NEOERR *ne = constants_set_languages(pages, l);
	struct stat program;

	if (stat("/proc/self/exe", &program) == 0)
		(void)snprintf(assets, sizeof(assets), "%llx", (unsigned long long)program.st_mtime);
	for (size_t i = 0; ne == STATUS_OK && i < sizeof(constants) / sizeof(constants[0]); i++)
		ne = constant_set(l, constants[i].name, constants[i].value);
	return ne == STATUS_OK ? 0 : err_neo(e, ne, "constants of pages");
}

/* The data tree, empty but for how ClearSilver is to go about it. */
static int data_make(struct pages *pages, struct err *e)
{
	char path[2048];
	NEOERR *ne = hdf_init(&pages->data);

	(void)snprintf(path, sizeof(path), "%s/pages", pages->dir);
	if (ne == STATUS_OK)
		ne = hdf_set_value(pages->data, "Config.VarEscapeMode", "html");
	if (ne == STATUS_OK)
		ne = hdf_set_value(pages->data, "hdf.loadpaths.0", path);
	return ne == STATUS_OK ? 0 : err_neo(e, ne, "pages");
}

int pages_open(struct pages **out, const struct conf *conf, struct err *e)
{
	struct pages *pages = calloc(1, sizeof(*pages));
	const char *identities = conf_text(conf, SET_CAA_IDENTITY);
	int rc;

	if (pages == NULL)
		return err_set(e, FAULT_busy, "pages: out of memory");
	(void)snprintf(pages->dir, sizeof(pages->dir), "%s", conf_text(conf, SET_HDF_DIR));
	(void)snprintf(pages->caa_identity, sizeof(pages->caa_identity), "%.*s",
	    (int)strcspn(identities, ", "), identities);
	rc = data_make(pages, e) == 0 && words_load_all(pages, e) == 0 ? 0 : -1;
	for (int i = 0; rc == 0 && i < pages->language_count; i++)
		rc = constants_set(pages, &pages->languages[i], conf, e);
	if (rc == 0)
		*out = pages;
	else
		pages_close(pages);
	return rc;
}

static void language_end(struct language *l)
{
	for (size_t i = 0; i < l->template_count; i++)
		cs_destroy(&l->templates[i].tree);
	free(l->templates);
	hdf_destroy(&l->constants);
}

void pages_close(struct pages *pages)
{
	if (pages == NULL)
		return;
	for (int i = 0; i < pages->language_count; i++)
		language_end(&pages->languages[i]);
	hdf_destroy(&pages->data);
	free(pages);
}

/* --- language --- */

static struct language *language_find(struct pages *pages, const char *code, size_t len)
{
	for (int i = 0; i < pages->language_count; i++)
		if (len == 2 && strncasecmp(pages->languages[i].code, code, 2) == 0)
			return &pages->languages[i];
	return NULL;
}

const char *page_language_code(struct pages *pages, const char *typed)
{
	const struct language *l = language_find(pages, typed, strlen(typed));

	return l == NULL ? NULL : l->code;
}

/* The known language of an Accept-Language header with the highest weight (RFC 9110 12.5.4), or NULL. */
static const struct language *language_accepted(struct pages *pages, const char *header)
{
	const struct language *best = NULL;
	double best_weight = 0;

	while (*header != '\0') {
		size_t item = strcspn(header, ","), tag = strcspn(header, ",;- ");
		const struct language *l = language_find(pages, header, tag);
		const char *q = memmem(header, item, "q=", 2);
		double weight = q == NULL ? 1.0 : strtod(q + 2, NULL);

		if (l != NULL && weight > best_weight) {
			best = l;
			best_weight = weight;
		}
		header += item;
		header += strspn(header, ", ");
	}
	return best;
}

void page_choose_language(struct req *r, const char *wish, const char *cookie, const char *accept_language)
{
	struct pages *pages = r->w->pages;
	const struct language *l = wish == NULL ? NULL : language_find(pages, wish, strlen(wish));

	if (l == NULL && cookie != NULL)
		l = language_find(pages, cookie, strlen(cookie));
	if (l == NULL && accept_language != NULL)
		l = language_accepted(pages, accept_language);
	if (l == NULL)
		l = language_find(pages, "en", 2);
	if (l == NULL)
		l = &pages->languages[0];
	(void)snprintf(r->language, sizeof(r->language), "%s", l->code);
}

/* --- data --- */

void page_begin(struct req *r)
{
	HDF *child = hdf_obj_child(r->w->pages->data), *next;
	NEOERR *ne;

	for (; child != NULL; child = next) {
		const char *name = hdf_obj_name(child);

		next = hdf_obj_next(child);
		if (strcmp(name, "Config") == 0 || strcmp(name, "hdf") == 0)
			continue;
		ne = hdf_remove_tree(r->w->pages->data, name);
		nerr_ignore(&ne);
	}
	r->hdf = r->w->pages->data;
}

void page_set_at(HDF *at, const char *name, const char *value)
{
	NEOERR *ne;

	if (at == NULL || value == NULL || *value == '\0')
		return;
	ne = hdf_set_value(at, name, value);
	nerr_ignore(&ne); /* only memory can fail here; the page then lacks a value */
}

HDF *page_at(struct req *r, const char *prefix)
{
	HDF *at = NULL;
	NEOERR *ne = hdf_get_node(r->hdf, prefix, &at);

	nerr_ignore(&ne);
	return at;
}

void page_set(struct req *r, const char *name, const char *value)
{
	page_set_at(r->hdf, name, value);
}

void page_setf(struct req *r, const char *name, const char *fmt, ...)
{
	char value[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	page_set(r, name, value);
}

void page_set_in(struct req *r, const char *prefix, const char *name, const char *value)
{
	char path[160];

	if (value == NULL || *value == '\0')
		return;
	text_join(path, sizeof(path), prefix, ".", name);
	page_set(r, path, value);
}

const char *page_value(struct req *r, const char *name)
{
	return hdf_get_value(r->hdf, name, NULL);
}

const char *page_word(struct req *r, const char *name)
{
	const struct language *l = language_find(r->w->pages, r->language, strlen(r->language));
	const char *word = l == NULL ? NULL : hdf_get_value(l->constants, name, NULL);

	return word == NULL ? "" : word;
}

/* A fault's sentence, set as <prefix>.<part>; {arg} is what the fault names, {caa} the name by which CAA
 * permits us. */
static void fault_part_set(
    struct req *r, const char *prefix, const char *code, const char *part, const char *arg)
{
	const char *const names[] = {"arg", "caa", NULL}, *const values[] = {
							      arg, r->w->pages->caa_identity, NULL};
	struct buf text = {0};
	char name[128];

	text_join(name, sizeof(name), "Fault.", code, ".", part);
	(void)words_format(&text, page_word(r, name), names, values);
	page_set_in(r, prefix, part, text.data);
	buf_free(&text);
}

void page_set_fault(struct req *r, const char *prefix, enum fault fault, const char *arg)
{
	const char *code = fault_code(fault);

	page_set_in(r, prefix, "code", code);
	fault_part_set(r, prefix, code, "says", arg == NULL ? "" : arg);
	fault_part_set(r, prefix, code, "help", arg == NULL ? "" : arg);
	fault_part_set(r, prefix, code, "command", arg == NULL ? "" : arg);
}

/* Try again later is an answer only with a time (RFC 9110 10.2.3): the seconds that the fault names, else
 * five. */
static void retry_after_set(struct req *r, const struct err *fault)
{
	const char *after =
	    *fault->arg != '\0' && strspn(fault->arg, "0123456789") == strlen(fault->arg) ? fault->arg : "5";

	if (r->status != 503 && r->status != 429)
		return;
	req_header(r, "Retry-After", "%s", after);
	page_set(r, "Page.retry_after", after);
}

void page_add_error(struct req *r, const struct err *e)
{
	char prefix[32];
	int n = 0;

	for (HDF *at = hdf_get_child(r->hdf, "Error"); at != NULL; at = hdf_obj_next(at))
		n++;
	(void)snprintf(prefix, sizeof(prefix), "Error.%d", n);
	page_set_in(r, prefix, "field", fault_field(e->fault));
	page_set_fault(r, prefix, e->fault, e->arg);
	if (n > 0)
		return;
	r->status = fault_status(e->fault);
	retry_after_set(r, e);
}

/* --- rendering --- */

static NEOERR *page_append(void *ctx, char *text)
{
	buf_puts(ctx, text);
	return STATUS_OK;
}

/* The parse tree of a page in a language, made when it is first asked for. */
static int template_find(
    struct pages *pages, struct language *l, const char *name, CSPARSE **out, struct err *e)
{
	struct template *t;
	char file[64];
	NEOERR *ne;

	for (size_t i = 0; i < l->template_count; i++) {
		if (strcmp(l->templates[i].name, name) == 0) {
			*out = l->templates[i].tree;
			return 0;
		}
	}
	t = reallocarray(l->templates, l->template_count + 1, sizeof(*t));
	if (t == NULL)
		return err_set(e, FAULT_busy, "page %s: out of memory", name);
	l->templates = t;
	t += l->template_count;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	(void)snprintf(file, sizeof(file), "%s.cs", name);
	ne = template_parse(&t->tree, pages->data, l->constants, file);
	if (ne != STATUS_OK)
		return err_neo(e, ne, file);
	l->template_count++;
	*out = t->tree;
	return 0;
}

/* What every page is told, beside the constants. */
static void page_set_common(struct req *r)
{
	char token[44];

	req_form_token(r, token);
	page_set(r, "Form.token", token);
	if (r->me.known) {
		page_set(r, "Me.login", r->me.login);
		page_set(r, "Me.name", r->me.name);
		page_set(r, "Me.kind", r->me.kind);
		page_set(r, "Page.partner", strcmp(r->me.kind, "partner") == 0 ? "1" : "");
	}
}

int page_show(struct req *r, const char *name, struct err *e)
{
	struct language *l = language_find(r->w->pages, r->language, strlen(r->language));
	CSPARSE *tree = NULL;
	NEOERR *ne;

	page_set_common(r);
	if (template_find(r->w->pages, l, name, &tree, e) == -1)
		return -1;
	r->body.len = 0;
	ne = cs_render(tree, &r->body, page_append);
	if (ne != STATUS_OK)
		return err_neo(e, ne, name);
	if (r->body.failed)
		return err_set(e, FAULT_busy, "page %s: out of memory", name);
	(void)snprintf(r->type, sizeof(r->type), "text/html; charset=utf-8");
	return 0;
}

/* {"error": {"code", "field", "message", "help"}} of journey.md. */
static void fault_json(struct req *r, const char *incident)
{
	json_t *error = json_pack("{s:s, s:s, s:s, s:s}", "code", hdf_get_value(r->hdf, "Page.code", ""),
	    "field", hdf_get_value(r->hdf, "Page.field", ""), "message",
	    hdf_get_value(r->hdf, "Page.says", ""), "help", hdf_get_value(r->hdf, "Page.help", ""));
	json_t *whole = json_pack("{s:o*}", "error", error);
	const char *command = hdf_get_value(r->hdf, "Page.command", NULL);
	char *text;

	if (command != NULL)
		(void)json_object_set_new(error, "command", json_string(command));
	if (incident != NULL)
		(void)json_object_set_new(error, "incident", json_string(incident));
	text = whole == NULL ? NULL : json_dumps(whole, JSON_COMPACT);
	r->body.len = 0;
	buf_puts(&r->body, text == NULL ? "{\"error\":{\"code\":\"internal\"}}" : text);
	buf_puts(&r->body, "\n");
	(void)snprintf(r->type, sizeof(r->type), "application/json");
	free(text);
	json_decref(whole);
}

void page_show_fault(struct req *r, const struct err *fault, const char *incident)
{
	struct err e;

	r->status = fault_status(fault->fault);
	page_begin(r);
	page_setf(r, "Page.status", "%d", r->status);
	page_set(r, "Page.incident", incident);
	page_set(r, "Page.field", fault_field(fault->fault));
	page_set_fault(r, "Page", fault->fault, fault->arg);
	if (r->method == HTTP_GET && r->status < 500)
		page_set(r, "Page.path", req_back(r->path == NULL ? "" : r->path, ""));
	retry_after_set(r, fault);
	if (r->json) {
		fault_json(r, incident);
		return;
	}
	if (page_show(r, "error", &e) == 0)
		return;
	r->body.len = 0;
	buf_printf(
	    &r->body, "%d %s\n", r->status, hdf_get_value(r->hdf, "Page.says", fault_code(fault->fault)));
	(void)snprintf(r->type, sizeof(r->type), "text/plain; charset=utf-8");
}
