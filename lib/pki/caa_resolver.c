/* caa_resolver.c - find the CAA RRset that counts, with libunbound; see caa_resolver.h. */
#include "lib/pki/caa_resolver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define TYPE_SOA       6
#define TYPE_DS        43
#define TYPE_CAA       257
#define CLASS_IN       1
#define RECORDS_MAX    256
#define RCODE_NOERROR  0
#define RCODE_NXDOMAIN 3
#define CLOCK_LEAP     2 /* seconds by which a clock that was set differs from one that was steered */

struct caa_resolver {
	struct ub_ctx *ctx; /* NULL: to be made at the next look-up */
	char *stub, *forward, *anchor_file, *identities;
	long timeout;
	long clocks; /* clocks_apart() when ctx was made */
};

/* What one look-up came to. */
enum lookup_state {
	LOOKUP_DATA,
	LOOKUP_EMPTY, /* no such name, or no record of this type */
	LOOKUP_BOGUS,
	LOOKUP_FAILED
};

struct lookup {
	struct ub_result *result; /* owned; NULL when nothing came */
	bool done;
	int error; /* of libunbound */
};

/* --- the context
 * ---------------------------------------------------------------------------------------------- */

/* An anchor file that anchors nothing would make every answer "insecure": so it must name the root's key. */
static int anchor_check(const char *path, struct err *e)
{
	char *text, *line, *rest;
	bool found = false;

	if (file_read(path, 65536, &text, NULL, e) == -1) {
		e->fault = FAULT_config_invalid;
		return err_context(e, "Dns.AnchorFile");
	}
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] == '.' && (line[1] == ' ' || line[1] == '\t') &&
		    (strstr(line, "DS") != NULL || strstr(line, "DNSKEY") != NULL))
			found = true;
	free(text);
	return found
		   ? 0
		   : err_set(e, FAULT_config_invalid, "Dns.AnchorFile %s: no DS or DNSKEY of the root", path);
}

/* Let ctx ask the resolvers of a list. They may run on this very host, which libunbound does not expect. */
static int context_forward(struct ub_ctx *ctx, const char *list)
{
	int error = ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");

	while (*(list += strspn(list, ", ")) != '\0') {
		size_t len = strcspn(list, ", ");
		char address[64];

		if (len >= sizeof(address))
			return UB_SYNTAX;
		(void)snprintf(address, sizeof(address), "%.*s", (int)len, list);
		error |= ub_ctx_set_fwd(ctx, address);
		list += len;
	}
	return error;
}

static int context_options(struct ub_ctx *ctx, const struct caa_resolver *r)
{
	int error = 0;

	error |= ub_ctx_async(ctx, 1); /* a thread, not a process of its own */
	error |= ub_ctx_set_option(ctx, "module-config:", "validator iterator");
	error |= ub_ctx_set_option(ctx, "val-permissive-mode:", "no");
	error |= ub_ctx_set_option(ctx, "harden-dnssec-stripped:", "yes");
	error |= ub_ctx_add_ta_file(ctx, r->anchor_file);
	if (r->stub[0] != '\0') {
		error |= ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
		error |= ub_ctx_set_stub(ctx, ".", r->stub, 0);
	}
	if (r->forward[0] != '\0')
		error |= context_forward(ctx, r->forward);
	return error;
}

/* Seconds by which the clock that is set leads the one that nobody sets. */
static long clocks_apart(void)
{
	struct timespec set, steady;

	(void)clock_gettime(CLOCK_REALTIME, &set);
	(void)clock_gettime(CLOCK_BOOTTIME, &steady);
	return (long)(set.tv_sec - steady.tv_sec);
}

static int context_make(struct caa_resolver *r, struct err *e)
{
	if (r->ctx != NULL)
		return 0;
	r->clocks = clocks_apart();
	r->ctx = ub_ctx_create();
	if (r->ctx == NULL)
		return err_set(e, FAULT_busy, "libunbound: no context");
	if (context_options(r->ctx, r) == 0)
		return 0;
	ub_ctx_delete(r->ctx);
	r->ctx = NULL;
	return err_set(
	    e, FAULT_config_invalid, "libunbound: Dns.Stub, Dns.Forward or Dns.AnchorFile not accepted");
}

/* Forget all that was learnt, failures too (libunbound keeps those for some seconds). */
static void context_forget(struct caa_resolver *r)
{
	if (r->ctx != NULL)
		ub_ctx_delete(r->ctx);
	r->ctx = NULL;
}

int caa_resolver_open(struct caa_resolver **out, const struct caa_settings *settings, struct err *e)
{
	struct caa_resolver *r;

	if (anchor_check(settings->anchor_file, e) == -1)
		return -1;
	if (settings->identities[strspn(settings->identities, ", \t")] == '\0')
		return err_set(e, FAULT_config_invalid, "Caa.Identity names nobody");
	if (settings->stub[0] != '\0' && settings->forward[0] != '\0')
		return err_set(e, FAULT_config_invalid, "Dns.Stub and Dns.Forward: one of them, not both");
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_set(e, FAULT_busy, "CAA resolver: out of memory");
	r->stub = strdup(settings->stub);
	r->forward = strdup(settings->forward);
	r->anchor_file = strdup(settings->anchor_file);
	r->identities = strdup(settings->identities);
	r->timeout = settings->timeout;
	if (r->stub == NULL || r->forward == NULL || r->anchor_file == NULL || r->identities == NULL)
		(void)err_set(e, FAULT_busy, "CAA resolver: out of memory");
	else if (context_make(r, e) == 0) {
		*out = r;
		return 0;
	}
	caa_resolver_close(r);
	return -1;
}

void caa_resolver_close(struct caa_resolver *r)
{
	if (r == NULL)
		return;
	context_forget(r);
	free(r->stub);
	free(r->forward);
	free(r->anchor_file);
	free(r->identities);
	free(r);
}

/* --- one look-up
 * ---------------------------------------------------------------------------------------------- */

static void lookup_done(void *arg, int error, struct ub_result *result)
{
	struct lookup *l = arg;

	l->done = true;
	l->error = error;
	l->result = result;
}

static long milliseconds_left(const struct timespec *end)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
}

/* Wait until the answer is there or the time is over. */
static void lookup_wait(struct ub_ctx *ctx, const struct lookup *l, long seconds)
{
	struct pollfd p = {.fd = ub_fd(ctx), .events = POLLIN};
	struct timespec end;
	long left;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while (!l->done && (left = milliseconds_left(&end)) > 0) {
		p.revents = 0;
		if (poll(&p, 1, (int)left) == -1 && errno != EINTR)
			return;
		if ((p.revents & POLLIN) != 0 && ub_process(ctx) != 0)
			return;
	}
}

static enum lookup_state lookup_judge(const struct lookup *l, struct caa_result *out)
{
	const struct ub_result *r = l->result;

	if (r == NULL) {
		(void)snprintf(out->detail, sizeof(out->detail), "%s",
		    l->done ? ub_strerror(l->error) : "no answer in time");
		return LOOKUP_FAILED;
	}
	if (r->bogus) {
		(void)snprintf(
		    out->detail, sizeof(out->detail), "bogus: %s", r->why_bogus == NULL ? "" : r->why_bogus);
		return LOOKUP_BOGUS;
	}
	if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN) {
		(void)snprintf(out->detail, sizeof(out->detail), "answer with code %d", r->rcode);
		return LOOKUP_FAILED;
	}
	return r->havedata ? LOOKUP_DATA : LOOKUP_EMPTY;
}

/* Ask once. The result, if any, is the caller's to free with ub_resolve_free(). */
static enum lookup_state lookup_once(
    struct caa_resolver *r, const char *name, int type, struct ub_result **result, struct caa_result *out)
{
	struct lookup l = {0};
	enum lookup_state state;
	struct err ignored;
	int id = 0;

	*result = NULL;
	if (context_make(r, &ignored) == -1)
		return LOOKUP_FAILED;
	l.error = ub_resolve_async(r->ctx, name, type, CLASS_IN, &l, lookup_done, &id);
	if (l.error == 0)
		lookup_wait(r->ctx, &l, r->timeout);
	if (l.error == 0 && !l.done)
		(void)ub_cancel(r->ctx, id);
	state = lookup_judge(&l, out);
	*result = l.result;
	return state;
}

/* Ask, and once more with everything forgotten when there was no answer (SBR 4.2.2.1: retried at least once).
 */
static enum lookup_state lookup(
    struct caa_resolver *r, const char *name, struct ub_result **result, struct caa_result *out)
{
	enum lookup_state state = lookup_once(r, name, TYPE_CAA, result, out);

	if (state != LOOKUP_FAILED)
		return state;
	ub_resolve_free(*result);
	context_forget(r);
	return lookup_once(r, name, TYPE_CAA, result, out);
}

/* Whether some answer at this name is proven unsigned: validation went down from the anchor and found the
 * chain securely ended. DS comes from the parent's servers, SOA from the name's own. */
static bool name_insecure(struct caa_resolver *r, const char *name, struct caa_result *out)
{
	static const int types[] = {TYPE_DS, TYPE_SOA};
	bool insecure = false;

	for (size_t i = 0; i < 2 && !insecure; i++) {
		struct ub_result *result;
		enum lookup_state state;
		char kept[sizeof(out->detail)];

		memcpy(kept, out->detail, sizeof(kept)); /* the first failure is the one to tell */
		state = lookup_once(r, name, types[i], &result, out);
		memcpy(out->detail, kept, sizeof(kept));
		insecure = (state == LOOKUP_DATA || state == LOOKUP_EMPTY) && !result->secure;
		ub_resolve_free(result);
	}
	return insecure;
}

/* --- the check
 * ------------------------------------------------------------------------------------------------ */

static int rrset_judge(
    const struct caa_resolver *r, const char *name, const struct ub_result *result, struct caa_result *out)
{
	struct caa_rdata set[RECORDS_MAX];
	size_t count = 0;

	for (; count < RECORDS_MAX && result->data[count] != NULL; count++)
		set[count] =
		    (struct caa_rdata){(unsigned char *)result->data[count], (size_t)result->len[count]};
	(void)snprintf(out->found_at, sizeof(out->found_at), "%s", name);
	out->ttl = result->ttl;
	out->secure = result->secure != 0;
	free(out->records);
	free(out->issuers);
	free(out->iodef);
	if (caa_evaluate(out, set, count, r->identities) == -1)
		return -1;
	if (count == RECORDS_MAX) { /* what was not looked at may forbid */
		out->decision = CAA_DENIED;
		out->reason = CAA_MALFORMED;
	}
	return 0;
}

static void lookup_refuse(
    struct caa_resolver *r, const char *name, enum lookup_state state, struct caa_result *out)
{
	(void)snprintf(out->found_at, sizeof(out->found_at), "%s", name);
	out->decision = CAA_UNREACHABLE;
	out->reason = state == LOOKUP_BOGUS ? CAA_BOGUS : CAA_LOOKUP_FAILED;
	out->secure = false;
	if (state == LOOKUP_FAILED && r->forward[0] == '\0' && name_insecure(r, name, out)) {
		out->decision = CAA_PERMITTED;
		out->reason = CAA_PROVEN_INSECURE;
	}
}

/* Climb from the domain to its top-level domain until an RRset or a failure ends it. */
static int climb(struct caa_resolver *r, const char *name, struct caa_result *out)
{
	bool secure = true;

	while (name != NULL && *name != '\0') {
		struct ub_result *result;
		enum lookup_state state = lookup(r, name, &result, out);
		int rc = 0;

		if (state == LOOKUP_DATA)
			rc = rrset_judge(r, name, result, out);
		else if (state != LOOKUP_EMPTY)
			lookup_refuse(r, name, state, out);
		secure = secure && result != NULL && result->secure;
		ub_resolve_free(result);
		if (state != LOOKUP_EMPTY)
			return rc;
		name = strchr(name, '.');
		name = name == NULL ? NULL : name + 1;
	}
	out->decision = CAA_PERMITTED;
	out->reason = CAA_NO_RECORDS;
	out->secure = secure;
	return 0;
}

int caa_check(struct caa_resolver *r, const char *domain, time_t now, struct caa_result *out, struct err *e)
{
	long hold;

	(void)snprintf(out->domain, sizeof(out->domain), "%s", domain);
	out->checked_at = out->valid_until = now;
	if (strlen(domain) >= sizeof(out->domain) || domain[0] == '\0' || domain[0] == '.')
		return err_set(e, FAULT_internal, "CAA: not a domain");
	if (caa_evaluate(out, NULL, 0, r->identities) == -1) /* for its empty texts */
		return err_set(e, FAULT_busy, "CAA of %s: out of memory", domain);
	out->decision = CAA_UNREACHABLE;
	out->reason = CAA_LOOKUP_FAILED;
	/* libunbound keeps answers until a moment of this machine's clock: set back, it would keep them for
	 * longer. */
	if (labs(clocks_apart() - r->clocks) > CLOCK_LEAP)
		context_forget(r);
	if (climb(r, domain, out) == -1)
		return err_set(e, FAULT_busy, "CAA of %s: out of memory", domain);
	hold = out->ttl > CAA_FRESH ? out->ttl : CAA_FRESH;
	if (out->decision == CAA_PERMITTED) {
		out->valid_until = now + hold;
		return 0;
	}
	context_forget(r);
	if (out->decision == CAA_DENIED)
		return err_set_arg(e, FAULT_caa_denied, out->issuers, "CAA of %s denies (%s) at %s", domain,
		    caa_reason_word(out->reason), out->found_at);
	return err_set(e, FAULT_caa_unreachable, "CAA of %s not known (%s) at %s: %s", domain,
	    caa_reason_word(out->reason), out->found_at, out->detail);
}
