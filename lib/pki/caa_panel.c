/* caa_panel.c - CAA seen from several places; see caa_panel.h. */
#include "lib/pki/caa_panel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

struct remote {
	struct caa_resolver *resolver; /* owned */
	char where[64];
};

struct caa_panel {
	struct caa_resolver *own;
	struct remote remotes[CAA_REMOTES_MAX];
	size_t count;
};

/* One remote look-up, in a thread of its own: a resolver is used by one thread at a time. */
struct asked {
	struct caa_resolver *resolver;
	const char *domain;
	time_t now;
	struct caa_view *view;
	pthread_t thread;
	bool running;
};

/* Of so many remote perspectives, how many need not corroborate: 2 to 5: one; 6 and more: two; else none. */
static size_t slack_of(size_t remotes)
{
	if (remotes < 2)
		return 0;
	return remotes < 6 ? 1 : 2;
}

enum caa_decision caa_panel_judge(bool ours, const struct caa_view *views, size_t remotes)
{
	const size_t slack = slack_of(remotes);
	size_t permitted = 0, denied = 0;

	for (size_t i = 0; i < remotes; i++) {
		permitted += views[i].decision == CAA_PERMITTED;
		denied += views[i].decision == CAA_DENIED;
	}
	if (denied > slack)
		return CAA_DENIED;
	return ours && permitted + slack >= remotes ? CAA_PERMITTED : CAA_UNREACHABLE;
}

static int remote_add(
    struct caa_panel *p, const struct caa_settings *settings, const char *where, size_t len, struct err *e)
{
	struct caa_settings its = *settings;
	struct remote *r = &p->remotes[p->count];

	if (p->count == CAA_REMOTES_MAX || len >= sizeof(r->where))
		return err_set(e, FAULT_config_invalid, "Caa.Remotes: more than %d, or too long an address",
		    CAA_REMOTES_MAX);
	(void)snprintf(r->where, sizeof(r->where), "%.*s", (int)len, where);
	its.stub = "";
	its.forward = r->where;
	if (caa_resolver_open(&r->resolver, &its, e) == -1)
		return err_context(e, "Caa.Remotes");
	p->count++;
	return 0;
}

int caa_panel_open(
    struct caa_panel **out, const struct caa_settings *settings, const char *remotes, struct err *e)
{
	struct caa_panel *p = calloc(1, sizeof(*p));
	int rc;

	if (p == NULL)
		return err_set(e, FAULT_busy, "CAA: out of memory");
	rc = caa_resolver_open(&p->own, settings, e);
	while (rc == 0 && *(remotes += strspn(remotes, ", \t")) != '\0') {
		const size_t len = strcspn(remotes, ", \t");

		rc = remote_add(p, settings, remotes, len, e);
		remotes += len;
	}
	if (rc == -1) {
		caa_panel_close(p);
		return -1;
	}
	*out = p;
	return 0;
}

size_t caa_panel_remotes(const struct caa_panel *p)
{
	return p->count;
}

static void *remote_ask(void *arg)
{
	const struct asked *a = arg;
	struct caa_result result = {0};
	struct err ignored; /* the view says it */

	(void)caa_check(a->resolver, a->domain, a->now, &result, &ignored);
	a->view->decision = result.decision;
	a->view->reason = result.reason;
	a->view->secure = result.secure;
	(void)snprintf(a->view->found_at, sizeof(a->view->found_at), "%s", result.found_at);
	caa_result_free(&result);
	return NULL;
}

/* All remote ones at once: each may take as long as its time allows. One that cannot be asked has not seen
 * it. */
static void remotes_ask(struct caa_panel *p, const char *domain, time_t now, struct caa_views *views)
{
	struct asked asked[CAA_REMOTES_MAX];

	views->count = p->count;
	for (size_t i = 0; i < p->count; i++) {
		struct caa_view *view = &views->list[i];

		memset(view, 0, sizeof(*view));
		memcpy(view->where, p->remotes[i].where, sizeof(view->where));
		asked[i] = (struct asked){
		    .resolver = p->remotes[i].resolver, .domain = domain, .now = now, .view = view};
		asked[i].running = pthread_create(&asked[i].thread, NULL, remote_ask, &asked[i]) == 0;
	}
	for (size_t i = 0; i < p->count; i++)
		if (asked[i].running)
			(void)pthread_join(asked[i].thread, NULL);
}

int caa_panel_check(struct caa_panel *p, const char *domain, time_t now, struct caa_result *own,
    struct caa_views *views, struct err *e)
{
	memset(views, 0, sizeof(*views));
	if (caa_check(p->own, domain, now, own, e) == -1)
		return -1;
	remotes_ask(p, domain, now, views);
	own->decision = caa_panel_judge(true, views->list, views->count);
	if (own->decision == CAA_PERMITTED)
		return 0;
	own->valid_until = now;
	if (own->decision == CAA_DENIED)
		return err_set_arg(e, FAULT_caa_denied, "",
		    "CAA of %s is permitted here and denied at remote perspectives", domain);
	return err_set(e, FAULT_caa_unreachable,
	    "CAA of %s is permitted here, and too few remote perspectives say so", domain);
}

void caa_panel_close(struct caa_panel *p)
{
	if (p == NULL)
		return;
	caa_resolver_close(p->own);
	for (size_t i = 0; i < p->count; i++)
		caa_resolver_close(p->remotes[i].resolver);
	free(p);
}
