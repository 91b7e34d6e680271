/* render.h - mails in the language of the person who reads them: subject, text and HTML from templates.
 *
 * Words are hdf/words/<language>.hdf, templates hdf/mails/<kind>.txt.cs and <kind>.html.cs; what a template
 * may name is in hdf/README.md. Each file is read once; templates are parsed at their first use and kept, for
 * parsing costs ten times a rendering. A letter is rendered whole or not at all.
 */
#ifndef LIB_MAIL_RENDER_H
#define LIB_MAIL_RENDER_H

#include <stddef.h>

struct _hdf; /* ClearSilver's HDF */
struct err;
struct mail_view;
struct mail_views;

/* Read the words of every language below hdf_dir. Gives *out to the caller. FAULT_config_invalid when the
 * folder has no en.hdf or a file cannot be read. */
int mail_views_load(struct mail_views **out, const char *hdf_dir, struct err *e);
void mail_views_free(struct mail_views *); /* NULL is fine */

/* The view of a language ("pl"); English when there is no such language. It belongs to the views. */
struct mail_view *mail_view_find(struct mail_views *, const char *language);
/* The language of the view's words: "en". */
const char *mail_view_language(const struct mail_view *);
/* One entry of the words ("Fault.caa_denied.says"), or NULL. The string lives as long as the views. */
const char *mail_view_word(const struct mail_view *, const char *name);

struct mail_text {
	char *subject, *text, *html; /* owned */
};

/* Render a mail of that kind ("verification") with the facts in data (Brand.*, Mail.*), which is copied, so
 * it is the same afterwards; Lang is added here. In the subject {order} stands for "ORDER/" and Mail.order,
 * any other {name} for Mail.name. The texts go to *out, the caller's to free with mail_text_free(). -1 with
 * FAULT_internal when subject, words or a template are missing, wrong or render to nothing; then *out is
 * empty. */
int mail_render(
    struct mail_view *, const char *kind, struct _hdf *data, struct mail_text *out, struct err *e);
void mail_text_free(struct mail_text *); /* frees the strings and empties it */

#endif
