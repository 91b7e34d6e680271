/* fuzz_form.c - libFuzzer: whatever comes as a query or a form post, what is taken is bounded, NUL-terminated
 * and, but for files, UTF-8; a field that was taken is found by its name. The first line of the input is the
 * Content-Type.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/form.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int good)
{
	if (!good)
		abort();
}

static void form_check(struct form *form, int rc, const struct err *e, size_t body, int files)
{
	demand(rc == 0 || (e->fault != FAULT_none && utf8_valid(e->arg, strlen(e->arg))));
	demand(form->count <= FORM_FIELDS_MAX);
	for (size_t i = 0; i < form->count; i++) {
		const struct field *f = &form->fields[i];

		demand(utf8_valid(f->name, strlen(f->name)));
		demand(f->len <= body && f->value[f->len] == '\0');
		demand(files || (strlen(f->value) == f->len && utf8_valid(f->value, f->len)));
		demand(form_find(form, f->name) != NULL && form_text(form, f->name) != NULL);
	}
	form_free(form);
	demand(form->count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
	size_t type_len = line == NULL ? 0 : (size_t)(line - data),
	       len = size - (line == NULL ? 0 : type_len + 1);
	char *type = strndup((const char *)data, type_len), *body = malloc(len == 0 ? 1 : len);
	static struct form form;
	struct err e = {0};

	if (type == NULL || body == NULL)
		goto out;
	if (len > 0)
		memcpy(body, data + (size - len),
		    len); /* exactly that size, so that reading past its end is seen */
	form_check(&form, form_read_urlencoded(&form, body, len, &e), &e, len, 0);
	form_check(&form, form_read_multipart(&form, type, body, len, &e), &e, len, 1);
out:
	free(type);
	free(body);
	return 0;
}
