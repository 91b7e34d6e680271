/* page.h - pages: ClearSilver templates over the data of a request; hdf/README.md is the contract.
 *
 * Each template is parsed once per worker. Rendering goes into the request's body, in memory, so that a
 * broken template is a clean 500. Words of the request's language lie below the page's own data.
 */
#ifndef CGI_PAGE_H
#define CGI_PAGE_H

#include "cgi/req.h"

struct conf;
struct db_rows;
struct pages;

/* Load the words of every language in <Hdf.Dir>/words and make an empty data tree. */
int pages_open(struct pages **out, const struct conf *, struct err *e);
void pages_close(struct pages *); /* NULL is fine */

/* Take the data tree for a request, emptied; r->hdf. And choose the language of the answer: wish is the
 * account's choice or NULL, then the cookie's, then Accept-Language. */
void page_begin(struct req *);
void page_choose_language(struct req *, const char *wish, const char *cookie, const char *accept_language);
/* The code ("en") of a language there are words for, typed in any case; NULL: there are none. */
const char *page_language_code(struct pages *, const char *typed);

/* Set one value of the page's data; a NULL or empty value leaves it out. */
void page_set(struct req *, const char *name, const char *value);
void page_setf(struct req *, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Set "<prefix>.<name>". */
void page_set_in(struct req *, const char *prefix, const char *name, const char *value);

/* The same for many values below one prefix: its branch of the page's data, then each value there. NULL is
 * fine, and then nothing is set. */
struct _hdf *page_at(struct req *, const char *prefix);
void page_set_at(struct _hdf *at, const char *name, const char *value);

/* A value of the page's data as it stands now, or NULL. It lives until it is set anew. */
const char *page_value(struct req *, const char *name);

/* Say a fault as the person's sentence: sets <prefix>.code, .says, .help, .command. */
void page_set_fault(struct req *, const char *prefix, enum fault fault, const char *arg);
/* Add a fault to the form's error summary (Error.N) and make the answer's status the fault's. */
void page_add_error(struct req *, const struct err *);

/* A sentence from the words of the request's language ("Fault.busy.says"), or "" when there is none. */
const char *page_word(struct req *, const char *name);

/* Render pages/<name>.cs into the body. Always ends the handler: 0, or -1 when the template fails. */
int page_show(struct req *, const char *name, struct err *e);
/* The page "error" for a fault, or its JSON form when the client asked for that. Never fails: in need it is a
 * line of plain text. incident: short id that stands in the log, or NULL. */
void page_show_fault(struct req *, const struct err *, const char *incident);

#endif
