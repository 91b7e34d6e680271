/* form.h - the fields of a query or a form post: urlencoded (WHATWG URL) and multipart (RFC 7578).
 *
 * Bounded in count and size, valid UTF-8 without NUL, or refused as a whole. A field may come several times.
 */
#ifndef CGI_FORM_H
#define CGI_FORM_H

#include <stddef.h>

struct err;

#define FORM_FIELDS_MAX 100

struct field {
	char *name;  /* NUL-terminated UTF-8 */
	char *value; /* NUL-terminated; a file may hold NUL and non-UTF-8 inside, see len */
	size_t len;
};

struct form {
	struct field fields[FORM_FIELDS_MAX]; /* owned */
	size_t count;
};

/* Add the fields of a query or an application/x-www-form-urlencoded body. FAULT_request_malformed for broken
 * escapes, NUL, bad UTF-8 or too many fields. */
int form_read_urlencoded(struct form *, const char *text, size_t len, struct err *e);

/* Add the fields of a multipart/form-data body. content_type is the header's value, with the boundary. Parts
 * with a file name may hold any octets; an unchosen file is an empty field. */
int form_read_multipart(struct form *, const char *content_type, const char *body, size_t len, struct err *e);

/* The first field of that name, or NULL. */
const struct field *form_find(const struct form *, const char *name);

/* Its text, or "" when there is none. */
const char *form_text(const struct form *, const char *name);

void form_free(struct form *); /* clears what it frees: it may have held a password */

#endif
