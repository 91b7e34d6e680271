/* template.c - parsing with constants put in; see template.h. */
#include "cgi/template.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VAR_BEGIN "<?cs var:"
#define VAR_END   " ?>"

/* The constant that a `<?cs var:NAME ?>` at text shows, or NULL when it shows anything else; *len is the
 * whole tag's length. */
static const char *constant_at(HDF *constants, const char *text, size_t *len)
{
	const char *name = text + strlen(VAR_BEGIN);
	size_t name_len = strcspn(name, " ?[]()+\"'");
	char key[128];

	if (name_len >= sizeof(key) || strncmp(name + name_len, VAR_END, strlen(VAR_END)) != 0)
		return NULL;
	memcpy(key, name, name_len);
	key[name_len] = '\0';
	*len = strlen(VAR_BEGIN) + name_len + strlen(VAR_END);
	return hdf_get_value(constants, key, NULL);
}

static NEOERR *escaped_append(STRING *out, const char *value)
{
	char *escaped = NULL;
	NEOERR *ne = neos_html_escape(value, (int)strlen(value), &escaped);

	if (ne == STATUS_OK)
		ne = string_append(out, escaped);
	free(escaped);
	return nerr_pass(ne);
}

/* Copy a template's text to out with the constants in place of their tags. */
static NEOERR *constants_fill(STRING *out, HDF *constants, const char *text)
{
	NEOERR *ne = STATUS_OK;
	const char *tag;

	while (ne == STATUS_OK && (tag = strstr(text, VAR_BEGIN)) != NULL) {
		size_t len = strlen(VAR_BEGIN);
		const char *value = constant_at(constants, tag, &len);

		if (value == NULL)
			len = strlen(VAR_BEGIN);
		ne = string_appendn(out, text, (int)((size_t)(tag - text) + (value == NULL ? len : 0)));
		if (ne == STATUS_OK && value != NULL)
			ne = escaped_append(out, value);
		text = tag + len;
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
