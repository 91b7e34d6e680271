/* page_partner_dashboard.c - the panel's dashboard: open orders by step, problems, what expires, volumes; the
 * same in JSON for a program with a key. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"

#define PROBLEMS_A_PAGE 10

/* The states in the order of an order's life, each with the step it stands at; an open one is shown at 0 too.
 */
static const struct stage {
	const char *state, *step;
	bool open;
} stages[] = {
    {"mailbox_waiting_for_data", "mailbox", true},
    {"mailbox_waiting_for_verification", "mailbox", true},
    {"activation_waiting_for_data", "activation", true},
    {"activation_waiting_for_verification", "activation", true},
    {"issued", "ended", false},
    {"expired", "ended", false},
    {"revoked", "ended", false},
    {"cancelled", "ended", false},
};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

/* What the three statements of the dashboard say. */
struct dashboard {
	int64_t counts[STAGES], expiring;
	struct db_rows *problems, *volumes; /* owned */
};

static void dashboard_free(struct dashboard *d)
{
	db_rows_free(d->problems);
	db_rows_free(d->volumes);
}

static size_t stage_index(const char *state)
{
	size_t i = 0;

	while (i < STAGES && strcmp(stages[i].state, state) != 0)
		i++;
	return i;
}

/* Count the orders by state. What is issued and past its end counts as expired. */
static int states_count(struct req *r, struct dashboard *d, struct err *e)
{
	struct db_rows *rows = NULL;

	if (db_run(r->w->db, STMT_PARTNER_STATES, &rows, e, DB_ARGS(P_NUMBER(r->partner))) == -1)
		return -1;
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		const char *state = db_text(rows, i, "state");
		size_t stage = stage_index(state);

		if (stage == STAGES)
			continue;
		d->counts[stage] += db_number(rows, i, "count");
		if (strcmp(state, "issued") != 0)
			continue;
		d->counts[stage] -= db_number(rows, i, "expired");
		d->counts[stage_index("expired")] += db_number(rows, i, "expired");
		d->expiring = db_number(rows, i, "expiring");
	}
	db_rows_free(rows);
	return 0;
}

static int dashboard_load(struct req *r, struct dashboard *d, struct err *e)
{
	if (states_count(r, d, e) == -1 ||
	    db_run(r->w->db, STMT_PARTNER_PROBLEMS, &d->problems, e,
		DB_ARGS(P_NUMBER(r->partner), P_NUMBER(page_before(r)), P_NUMBER(PROBLEMS_A_PAGE + 1))) == -1)
		return -1;
	return db_run(r->w->db, STMT_PARTNER_VOLUMES, &d->volumes, e,
	    DB_ARGS(P_NUMBER(r->partner), P_NUMBER(r->partner)));
}

/* The fault that a problem's code names, or, behind the codes of groups, the order's own. */
static enum fault problem_fault(const struct db_rows *rows, size_t i)
{
	enum fault fault = fault_by_code(db_text(rows, i, "code"));

	if (fault == FAULT_none && !db_null(rows, i, "activation_reason"))
		fault = fault_by_code(db_text(rows, i, "activation_reason"));
	return fault;
}

/* --- as a page --- */

static void stages_set(struct req *r, const struct dashboard *d)
{
	char prefix[16], count[24];
	int n = 0;

	for (size_t i = 0; i < STAGES; i++) {
		if (!stages[i].open && d->counts[i] == 0)
			continue;
		(void)snprintf(prefix, sizeof(prefix), "Stage.%d", n++);
		page_set_in(r, prefix, "code", stages[i].state);
		page_set_in(r, prefix, "step", stages[i].step);
		(void)snprintf(count, sizeof(count), "%" PRId64, d->counts[i]);
		page_set_in(r, prefix, "count", count);
	}
	page_setf(r, "Expiring.count", "%" PRId64, d->expiring);
}

/* List.N: orders with a problem, each with its sentence. */
static void problems_set(struct req *r, const struct db_rows *rows)
{
	char prefix[16];

	for (size_t i = 0; i < db_rows_count(rows); i++) {
		const enum fault fault = problem_fault(rows, i);

		if (i == PROBLEMS_A_PAGE) {
			page_setf(r, "Paging.next", "/partner/dashboard?page=%s#problems",
			    db_text(rows, i - 1, "order_id"));
			break;
		}
		(void)snprintf(prefix, sizeof(prefix), "List.%zu", i);
		partner_row_set(r, prefix, rows, i);
		if (fault != FAULT_none)
			page_set_fault(r, prefix, fault, db_text(rows, i, "activation_reason_arg"));
		page_set_in(r, prefix, "code", db_text(rows, i, "code"));
		page_set_in(r, prefix, "at", db_text(rows, i, "at"));
	}
	if (page_before(r) != INT64_MAX)
		page_set(r, "Paging.prev", "/partner/dashboard#problems");
}

/* Volume.N: a month's orders and certificates. */
static void volumes_set(struct req *r, const struct db_rows *rows)
{
	static const char *const parts[] = {"month", "ordered", "issued"};
	char prefix[16];

	for (size_t i = 0; i < db_rows_count(rows); i++) {
		(void)snprintf(prefix, sizeof(prefix), "Volume.%zu", i);
		for (size_t c = 0; c < sizeof(parts) / sizeof(parts[0]); c++)
			page_set_in(r, prefix, parts[c], db_text(rows, i, parts[c]));
	}
}

/* --- in JSON --- */

static json_t *problem_json(struct req *r, const struct db_rows *rows, size_t i)
{
	const enum fault fault = problem_fault(rows, i);
	json_t *problem = partner_row_json(rows, i);

	(void)json_object_set_new(problem, "code", json_string(db_text(rows, i, "code")));
	if (fault == FAULT_none)
		return problem;
	page_set_fault(r, "Reason", fault, db_text(rows, i, "activation_reason_arg"));
	(void)json_object_set_new(problem, "message", json_string(page_value(r, "Reason.says")));
	if (page_value(r, "Reason.help") != NULL)
		(void)json_object_set_new(problem, "help", json_string(page_value(r, "Reason.help")));
	return problem;
}

static json_t *volume_json(const struct db_rows *rows, size_t i)
{
	return json_pack("{s:s, s:I, s:I}", "month", db_text(rows, i, "month"), "ordered",
	    (json_int_t)db_number(rows, i, "ordered"), "issued", (json_int_t)db_number(rows, i, "issued"));
}

/* {"orders": {state: count}, "expiring", "problems": […], "next", "volumes": […]} */
static int dashboard_json(struct req *r, const struct dashboard *d, struct err *e)
{
	json_t *whole = json_object(), *orders = json_object(), *problems = json_array(),
	       *volumes = json_array();
	char next[1024];

	for (size_t i = 0; i < STAGES; i++)
		(void)json_object_set_new(orders, stages[i].state, json_integer(d->counts[i]));
	for (size_t i = 0; i < db_rows_count(d->problems) && i < PROBLEMS_A_PAGE; i++)
		(void)json_array_append_new(problems, problem_json(r, d->problems, i));
	for (size_t i = 0; i < db_rows_count(d->volumes); i++)
		(void)json_array_append_new(volumes, volume_json(d->volumes, i));
	(void)json_object_set_new(whole, "orders", orders);
	(void)json_object_set_new(whole, "expiring", json_integer(d->expiring));
	(void)json_object_set_new(whole, "problems", problems);
	(void)json_object_set_new(whole, "volumes", volumes);
	if (db_rows_count(d->problems) > PROBLEMS_A_PAGE) {
		(void)snprintf(next, sizeof(next), "%s/partner/dashboard?page=%s",
		    conf_text(r->w->conf, SET_WEB_BASE_URL),
		    db_text(d->problems, PROBLEMS_A_PAGE - 1, "order_id"));
		(void)json_object_set_new(whole, "next", json_string(next));
	}
	return req_json(r, whole, e);
}

int page_partner_dashboard(struct req *r, struct err *e)
{
	struct dashboard d = {.expiring = 0};
	int rc = -1;

	if (partner_prove(r, "read", e) == -1 || dashboard_load(r, &d, e) == -1)
		goto out;
	if (r->json) {
		rc = dashboard_json(r, &d, e);
		goto out;
	}
	stages_set(r, &d);
	problems_set(r, d.problems);
	volumes_set(r, d.volumes);
	page_set(r, "Page.path", "/partner/dashboard");
	rc = page_show(r, "partner_dashboard", e);
out:
	dashboard_free(&d);
	return rc;
}
