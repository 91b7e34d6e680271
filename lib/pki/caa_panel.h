/* caa_panel.h - CAA seen from several places: our own look-up, and those of remote perspectives that must
 * corroborate it (SBR 4.2.2.2, TBR 3.2.2.9).
 *
 * How many there are is a setting: none, and only our own look-up counts, which is all that SBR 4.2.2.1 asks
 * of a service that verifies mailboxes by mail. A remote perspective is a resolver at another place that asks
 * for us; what it says is validated here like everything else. The way there must be authenticated and
 * encrypted (a tunnel), and the places as far apart as TBR 3.2.2.9 wants: neither can be seen from here.
 */
#ifndef LIB_PKI_CAA_PANEL_H
#define LIB_PKI_CAA_PANEL_H

#include "lib/pki/caa_resolver.h"

#define CAA_REMOTES_MAX 16

struct caa_panel;

/* What one remote perspective saw. */
struct caa_view {
	char where[64]; /* its address */
	enum caa_decision decision;
	enum caa_reason reason;
	char found_at[256];
	bool secure;
};

struct caa_views {
	struct caa_view list[CAA_REMOTES_MAX];
	size_t count;
};

/* What follows from our own permission (false: we were refused, nothing more is asked) and what so many
 * remote ones saw: permitted when all but the slack permit too; denied when so many deny that the slack
 * cannot make up for them; else unreachable: ask again. */
enum caa_decision caa_panel_judge(bool ours, const struct caa_view *, size_t remotes);

/* Open all resolvers; remotes: "address@port,address" or "". Faults as caa_resolver_open(), and
 * config_invalid for too many. Gives *out to the caller. */
int caa_panel_open(struct caa_panel **out, const struct caa_settings *, const char *remotes, struct err *e);

/* Number of remote perspectives. */
size_t caa_panel_remotes(const struct caa_panel *);

/* caa_check() from here and, when that permits, from all remote perspectives at once. *own and *views
 * (all-zero before) are filled in every case. 0: permitted. -1 as caa_check(); own->decision then says what
 * the panel decided. */
int caa_panel_check(struct caa_panel *, const char *domain, time_t now, struct caa_result *own,
    struct caa_views *views, struct err *e);

void caa_panel_close(struct caa_panel *); /* NULL is fine */

#endif
