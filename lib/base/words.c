/* words.c - filling the places of a sentence; see words.h. */
#include "lib/base/words.h"

#include <string.h>

#include "lib/base/text.h"

/* The length of a name at the beginning of text that a closing brace follows, or 0. */
static size_t name_length(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return text[len] == '}' ? len : 0;
}

static int name_index(const char *const names[], const char *name, size_t len)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return i;
	return -1;
}

size_t words_format(
    struct buf *out, const char *pattern, const char *const names[], const char *const values[])
{
	size_t unknown = 0;

	buf_puts(out, ""); /* so that an empty result is a string too */
	while (*pattern != '\0') {
		size_t plain = strcspn(pattern, "{"), len;
		int i;

		buf_add(out, pattern, plain);
		pattern += plain;
		if (*pattern == '\0')
			break;
		len = name_length(pattern + 1);
		i = len == 0 ? -1 : name_index(names, pattern + 1, len);
		if (i >= 0) {
			if (values[i] != NULL)
				buf_puts(out, values[i]);
			pattern += len + 2;
			continue;
		}
		unknown += len > 0;
		buf_add(out, pattern++, 1);
	}
	return unknown;
}
