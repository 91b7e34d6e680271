/* script.c - splitting SQL files; see script.h. */
#include "tools/mailcertctl/script.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "tools/mailcertctl/ctl.h"

#define SQL_FILE_MAX (4 * 1024 * 1024)

void script_free(struct script *s)
{
	free(s->text);
	free(s->statements);
	memset(s, 0, sizeof(*s));
}

/* Whether a line (of len octets, without its end) is empty or a comment. */
static bool line_is_comment(const char *line, size_t len)
{
	while (len > 0 && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	return len == 0 || strncmp(line, "--", 2) == 0;
}

/* Whether the line ends a statement: it is "$$" in a file that has such lines, else its last octet is ";". */
static bool line_is_end(const char *line, size_t len, bool dollars)
{
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	if (dollars)
		return len == 2 && memcmp(line, "$$", 2) == 0;
	return len > 0 && line[len - 1] == ';' && !line_is_comment(line, len);
}

static bool script_add(struct script *s, char *statement)
{
	char **grown = realloc(s->statements, (s->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	s->statements = grown;
	s->statements[s->count++] = statement;
	return true;
}

/* Cut s->text into statements. Comments before a statement stay with it; a file may end in comments. */
static int script_split(struct script *s, const char *path, struct err *e)
{
	const bool dollars = strncmp(s->text, "$$\n", 3) == 0 || strstr(s->text, "\n$$\n") != NULL;
	char *begin = s->text, *line = s->text, *next;
	bool words = false;

	for (; *line != '\0'; line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		if (!line_is_end(line, len, dollars)) {
			words = words || !line_is_comment(line, len);
			continue;
		}
		if (dollars)
			*line = '\0';
		else
			*(char *)memrchr(line, ';', len) = '\0';
		if ((words || !dollars) && !script_add(s, begin))
			return err_set(e, FAULT_busy, "%s: out of memory", path);
		begin = next;
		words = false;
	}
	if (words)
		return ctl_refuse(
		    e, "%s: the last statement has no end (%s)", path, dollars ? "a line \"$$\"" : "\";\"");
	return 0;
}

int script_load(struct script *s, const char *path, unsigned char sha256[SHA256_DIGEST_LENGTH], struct err *e)
{
	size_t len = 0;

	if (file_read(path, SQL_FILE_MAX, &s->text, &len, e) == -1 || s->text == NULL)
		return -1;
	if (strlen(s->text) != len)
		return ctl_refuse(e, "%s: not a text", path);
	if (sha256 != NULL)
		(void)SHA256((const unsigned char *)s->text, len, sha256);
	return script_split(s, path, e);
}
