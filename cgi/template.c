/* template.c - parsing with constants put in; see template.h. */
#include "cgi/template.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TAG_BEGIN "<?cs "
#define TAG_END   " ?>"

/* A tag that shows a constant: what stands before its name and after it, and what the name begins with
 * besides. The macro icon is the one place that shows something unescaped. */
static const struct tag {
	const char *begin, *end, *prefix;
	bool escapes;
} tags[] = {{TAG_BEGIN "var:", TAG_END, "", true}, {TAG_BEGIN "call:icon(\"", "\")" TAG_END, "Icon.", false}};

/* The tag at text that shows a constant, or NULL when there is anything else; *value and *len, the whole
 * tag's length. */
static const struct tag *constant_at(HDF *constants, const char *text, const char **value, size_t *len)
{
	for (const struct tag *t = tags; t < tags + sizeof(tags) / sizeof(tags[0]); t++) {
		const char *name = text + strlen(t->begin);
		size_t name_len, prefix_len = strlen(t->prefix);
		char key[128];

		if (strncmp(text, t->begin, strlen(t->begin)) != 0)
			continue;
		name_len = strcspn(name, " ?[]()+\"'");
		if (prefix_len + name_len >= sizeof(key) ||
		    strncmp(name + name_len, t->end, strlen(t->end)) != 0)
			return NULL;
		memcpy(key, t->prefix, prefix_len);
		memcpy(key + prefix_len, name, name_len);
		key[prefix_len + name_len] = '\0';
		*len = strlen(t->begin) + name_len + strlen(t->end);
		*value = hdf_get_value(constants, key, NULL);
		return *value == NULL ? NULL : t;
	}
	return NULL;
}

static NEOERR *constant_append(STRING *out, const struct tag *tag, const char *value)
{
	char *escaped = NULL;
	NEOERR *ne;

	if (!tag->escapes)
		return nerr_pass(string_append(out, value));
	ne = neos_html_escape(value, (int)strlen(value), &escaped);
	if (ne == STATUS_OK)
		ne = string_append(out, escaped);
	free(escaped);
	return nerr_pass(ne);
}

/* How much of text belongs to a tag after which the line's end means nothing: a macro's end, a comment, an
 * included file. The page would begin with an empty line for each, a piece of its own at every rendering. */
static size_t silent_at(const char *text)
{
	static const char *const begins[] = {TAG_BEGIN "/def", TAG_BEGIN "#", TAG_BEGIN "include"};
	const char *end;

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (strncmp(text, begins[i], strlen(begins[i])) != 0)
			continue;
		end = strstr(text, TAG_END);
		return end == NULL ? 0 : (size_t)(end - text) + strlen(TAG_END);
	}
	return 0;
}

/* Copy a template's text to out with the constants in place of their tags. */
static NEOERR *constants_fill(STRING *out, HDF *constants, const char *text)
{
	NEOERR *ne = STATUS_OK;
	const char *at;

	while (ne == STATUS_OK && (at = strstr(text, TAG_BEGIN)) != NULL) {
		size_t len = 0, silent = silent_at(at), plain = silent > 0 ? silent : strlen(TAG_BEGIN);
		const char *value = NULL;
		const struct tag *tag = constant_at(constants, at, &value, &len);

		ne = string_appendn(out, text, (int)((size_t)(at - text) + (tag == NULL ? plain : 0)));
		if (ne == STATUS_OK && tag != NULL)
			ne = constant_append(out, tag, value);
		text = at + (tag == NULL ? plain : len);
		if (silent > 0)
			text += strspn(text, "\n");
	}
	if (ne == STATUS_OK)
		ne = string_append(out, text);
	return nerr_pass(ne);
}

/* ClearSilver's hook for reading a file: the constants are its ctx, the text is the parser's to free. */
static NEOERR *template_load(void *ctx, HDF *data, const char *file, char **text)
{
	char path[PATH_MAX], *raw = NULL;
	STRING filled;
	NEOERR *ne = hdf_search_path(data, file, path);

	string_init(&filled);
	if (ne == STATUS_OK)
		ne = ne_load_file(path, &raw);
	if (ne == STATUS_OK)
		ne = constants_fill(&filled, ctx, raw);
	free(raw);
	if (ne != STATUS_OK)
		string_clear(&filled);
	*text = filled.buf;
	return nerr_pass(ne);
}

NEOERR *template_parse(CSPARSE **out, HDF *data, HDF *constants, const char *file)
{
	NEOERR *ne = cs_init(out, data);

	if (ne != STATUS_OK)
		return nerr_pass(ne);
	(*out)->global_hdf = constants;
	cs_register_fileload(*out, constants, template_load);
	ne = cgi_register_strfuncs(*out);
	if (ne == STATUS_OK)
		ne = cs_parse_file(*out, file);
	if (ne != STATUS_OK)
		cs_destroy(out);
	return nerr_pass(ne);
}
