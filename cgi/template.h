/* template.h - a page's template, parsed for one language.
 *
 * Most of a page is the same at every request: its words, the names of the service. A `<?cs var:NAME ?>`
 * whose NAME has a value among these constants becomes plain text when the template is read, escaped as
 * ClearSilver would escape it at every rendering; a `<?cs call:icon("NAME") ?>` becomes Icon.NAME, as it is.
 * The end of a line behind a macro, a comment or an included file is left out. Everything else in the
 * template stays as it is, and may still look the constants up.
 */
#ifndef CGI_TEMPLATE_H
#define CGI_TEMPLATE_H

#include <ClearSilver/ClearSilver.h>

/* Parse a template and what it includes, found by data's hdf.loadpaths; pages only: they escape for HTML
 * (Config.VarEscapeMode = html in data). Gives *out to the caller, for cs_destroy(); data and constants must
 * outlive it. After a failure *out is NULL. */
NEOERR *template_parse(CSPARSE **out, HDF *data, HDF *constants, const char *file);

#endif
