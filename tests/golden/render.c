/* render.c - print one page as the worker would: the words of a language, a sample of data, a template.
 *
 *	render words.hdf sample.hdf folder template.cs
 *
 * The sample names a fault by its code; the sentences are written in here, as the worker does it, so that a
 * sample holds facts only and a golden page shows the words as they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ClearSilver.h"

#include "cgi/template.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

static int failed(NEOERR *ne)
{
	if (ne == STATUS_OK)
		return 0;
	nerr_log_error(ne);
	nerr_ignore(&ne);
	return -1;
}

static int sentence_set(HDF *node, HDF *fault, const char *part)
{
	static const char *const names[] = {"arg", "caa", NULL};
	const char *const values[] = {hdf_get_value(node, "arg", ""), "mailcert.example"};
	const char *sentence = hdf_get_value(fault, part, NULL);
	struct buf text = {0};
	int rc;

	if (sentence == NULL || hdf_get_value(node, part, NULL) != NULL)
		return 0;
	if (words_format(&text, sentence, names, values) > 0)
		fprintf(stderr, "a place without a value: %s\n", sentence);
	rc = failed(hdf_set_value(node, part, text.data));
	buf_free(&text);
	return rc;
}

/* Every node that names a fault in `code` or `reason` gets its sentences beside it. */
static int sentences_set(HDF *node, HDF *words)
{
	static const char *const parts[] = {"says", "help", "command"};
	const char *code = hdf_get_value(node, "reason", hdf_get_value(node, "code", NULL));
	HDF *fault = NULL, *child;
	size_t i;

	if (code != NULL && fault_by_code(code) != FAULT_none)
		fault = hdf_get_obj(hdf_get_obj(words, "Fault"), code);
	for (i = 0; fault != NULL && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (sentence_set(node, fault, parts[i]) < 0)
			return -1;
	for (child = hdf_obj_child(node); child != NULL; child = hdf_obj_next(child))
		if (sentences_set(child, words) < 0)
			return -1;
	return 0;
}

static NEOERR *print(void *ctx, char *text)
{
	(void)ctx;
	fputs(text, stdout);
	return STATUS_OK;
}

static int text_template(const char *name)
{
	return strstr(name, ".txt.") != NULL;
}

static int sample_read(HDF *hdf, const char *sample)
{
	char folder[4096];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", sample);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	/* Samples include one another. */
	if (failed(hdf_set_value(hdf, "hdf.loadpaths.0", folder)) < 0)
		return -1;
	return failed(hdf_read_file(hdf, sample));
}

/* Pages have icons among their constants. */
static int constants_read(HDF *constants, const char *words, const char *folder)
{
	char icons[4096];

	if (failed(hdf_read_file(constants, words)) < 0)
		return -1;
	if (strstr(folder, "pages") == NULL)
		return 0;
	snprintf(icons, sizeof(icons), "%s/icons.hdf", folder);
	return failed(hdf_read_file(constants, icons));
}

/* Pages are parsed as the worker does it, mails as the mailer does. */
static NEOERR *part_parse(CSPARSE **cs, HDF *hdf, HDF *words, const char *folder, const char *name)
{
	NEOERR *ne;

	if (strstr(folder, "pages") != NULL)
		return template_parse(cs, hdf, words, name);
	ne = cs_init(cs, hdf);
	if (ne != STATUS_OK)
		return ne;
	(*cs)->global_hdf = words;
	ne = cgi_register_strfuncs(*cs);
	return ne == STATUS_OK ? cs_parse_file(*cs, name) : ne;
}

static int part_print(HDF *hdf, HDF *words, const char *folder, const char *name)
{
	CSPARSE *cs = NULL;
	int rc = -1;

	if (failed(part_parse(&cs, hdf, words, folder, name)) == 0)
		rc = failed(cs_render(cs, NULL, print));
	cs_destroy(&cs);
	return rc;
}

int main(int argc, char **argv)
{
	HDF *words = NULL, *hdf = NULL;
	int rc = EXIT_FAILURE;

	if (argc != 5) {
		fputs("usage: render words.hdf sample.hdf folder template.cs\n", stderr);
		return 2;
	}
	if (failed(hdf_init(&words)) < 0 || failed(hdf_init(&hdf)) < 0)
		goto out;
	if (constants_read(words, argv[1], argv[3]) < 0 || sample_read(hdf, argv[2]) < 0)
		goto out;
	if (sentences_set(hdf, words) < 0)
		goto out;
	if (failed(hdf_set_value(hdf, "Config.VarEscapeMode", text_template(argv[4]) ? "none" : "html")) < 0)
		goto out;
	if (failed(hdf_set_value(hdf, "hdf.loadpaths.0", argv[3])) < 0)
		goto out;
	if (part_print(hdf, words, argv[3], argv[4]) == 0 && fflush(stdout) == 0)
		rc = EXIT_SUCCESS;
out:
	hdf_destroy(&hdf);
	hdf_destroy(&words);
	return rc;
}
