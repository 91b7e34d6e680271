/* page_metrics.c - /metrics: what the workers of this host counted, and what the database can tell, in
 * Prometheus' text format. Only the listener for it (nginx/metrics.conf.in), which is on a loopback address,
 * reaches it.
 *
 * What the database tells is the same on every host: ask one, or take the largest.
 */
#include <stdio.h>
#include <string.h>

#include "cgi/metrics.h"
#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/base/log.h"
#include "lib/db/db.h"
#include "lib/ipc/signer_client.h"

/* Audit events that are counted. Kinds of one metric stand together. */
static const struct {
	const char *event, *metric, *labels, *help;
} events[] = {
    {"order_added", "mailcert_orders_total", "", "Orders made."},
    {"mailbox_verified", "mailcert_mailbox_answers_total", "answer=\"yes\"", "Answers of mailbox holders."},
    {"value_rejected", "mailcert_mailbox_answers_total", "answer=\"no\"", NULL},
    {"csr_refused", "mailcert_csr_refusals_total", "",
	"Certificate signing requests refused when handed in."},
    {"caa_permitted", "mailcert_caa_checks_total", "decision=\"permitted\"",
	"CAA look-ups before an issuance."},
    {"caa_denied", "mailcert_caa_checks_total", "decision=\"denied\"", NULL},
    {"caa_unreachable", "mailcert_caa_checks_total", "decision=\"unreachable\"", NULL},
    {"issuance_refused", "mailcert_issuances_returned_total", "",
	"Orders that the signer gave back to the person."},
    {"issuance_delayed", "mailcert_issuances_delayed_total", "", "Times the signer put an order off."},
    {"certificate_issued", "mailcert_certificates_issued_total", "", "Certificates issued."},
    {"certificate_revoked", "mailcert_certificates_revoked_total", "", "Certificates revoked."},
    {"crl_published", "mailcert_crls_published_total", "", "CRLs published."},
    {"mail_accepted", "mailcert_mails_total", "result=\"accepted\"",
	"Attempts to send a mail, by result; taken mails with a certificate count in "
	"mailcert_certificates_mailed_total."},
    {"mail_delayed", "mailcert_mails_total", "result=\"delayed\"", NULL},
    {"mail_failed", "mailcert_mails_total", "result=\"failed\"", NULL},
    {"mail_dropped", "mailcert_mails_total", "result=\"dropped\"", NULL},
    {"certificate_mailed", "mailcert_certificates_mailed_total", "",
	"Mails with a certificate that a server took."},
    {"signed_in", "mailcert_sign_ins_total", "result=\"ok\"", "Sign-ins."},
    {"sign_in_refused", "mailcert_sign_ins_total", "result=\"refused\"", NULL},
    {"sign_in_throttled", "mailcert_sign_in_throttles_total", "", "Times that guessing was stopped."},
};
enum { EVENTS = sizeof(events) / sizeof(events[0]) };
_Static_assert(EVENTS <= METRICS_EVENTS, "room for the events");

/* --- events: the shared counts move on with the log --- */

/* Add the events behind the counts' position to now[]. The position and the counts move only to where no
 * transaction can be under way any more: an event gets its number before it is committed. */
static void events_add(struct metrics_events *shared, uint64_t now[EVENTS], const struct db_rows *rows)
{
	for (size_t row = 0; row < db_rows_count(rows); row++)
		for (int i = 0; i < EVENTS; i++)
			if (strcmp(db_text(rows, row, "event"), events[i].event) == 0) {
				now[i] += (uint64_t)db_number(rows, row, "events");
				shared->counts[i] += (uint64_t)db_number(rows, row, "settled");
			}
	if (db_rows_count(rows) > 0 && !db_null(rows, 0, "upto"))
		shared->position = (uint64_t)db_number(rows, 0, "upto");
}

/* The first reading begins at the log's end; so does one that finds a log that is younger than the counts. */
static int events_start(struct db *db, struct metrics_events *shared, struct err *e)
{
	struct db_rows *rows = NULL;
	uint64_t last;

	if (db_run(db, STMT_METRICS_LAST, &rows, e, 0, NULL) == -1)
		return -1;
	last = (uint64_t)db_number(rows, 0, "last");
	if (shared->position == 0 || shared->position > last)
		shared->position = last;
	db_rows_free(rows);
	return 0;
}

static int events_read(struct metrics *m, struct db *db, uint64_t now[EVENTS], struct err *e)
{
	struct metrics_events *shared;
	struct db_rows *rows = NULL;
	int rc;

	if (metrics_events_begin(m, &shared, e) == -1)
		return -1;
	rc = events_start(db, shared, e);
	memcpy(now, shared->counts, EVENTS * sizeof(*now));
	if (rc == 0)
		rc = db_run(db, STMT_METRICS_EVENTS, &rows, e,
		    DB_ARGS(P_NUMBER(shared->position), P_NUMBER(shared->position)));
	if (rc == 0)
		events_add(shared, now, rows);
	metrics_events_end(m);
	db_rows_free(rows);
	return rc;
}

static int events_write(struct req *r, struct db *db, struct err *e)
{
	uint64_t now[EVENTS];

	if (events_read(r->w->metrics, db, now, e) == -1)
		return -1;
	for (int i = 0; i < EVENTS; i++) {
		if (events[i].help != NULL)
			metrics_head(&r->body, events[i].metric, "counter", events[i].help);
		metrics_sample(&r->body, events[i].metric, events[i].labels, (double)now[i]);
	}
	return 0;
}

/* --- gauges --- */

static void gauge_write(struct buf *out, const struct db_rows *rows, const char *label, const char *column,
    const char *metric, const char *help)
{
	char labels[128];

	metrics_head(out, metric, "gauge", help);
	for (size_t row = 0; row < db_rows_count(rows); row++) {
		(void)snprintf(labels, sizeof(labels), "%s=\"%.60s\"", label, db_text(rows, row, label));
		metrics_sample(out, metric, labels, (double)db_number(rows, row, column));
	}
}

static int gauges_write(struct req *r, struct db *db, struct err *e)
{
	struct db_rows *queues = NULL, *crls = NULL;
	int rc = -1;

	if (db_run(db, STMT_METRICS_QUEUES, &queues, e, 0, NULL) == -1 ||
	    db_run(db, STMT_METRICS_CRLS, &crls, e, 0, NULL) == -1)
		goto out;
	gauge_write(
	    &r->body, queues, "queue", "waiting", "mailcert_queue_waiting", "What waits for a process.");
	gauge_write(&r->body, queues, "queue", "oldest_seconds", "mailcert_queue_oldest_seconds",
	    "For how long the oldest of them has waited.");
	gauge_write(&r->body, crls, "issuer", "next_update", "mailcert_crl_next_update_timestamp_seconds",
	    "Until when the newest CRL is good.");
	rc = 0;
out:
	db_rows_free(queues);
	db_rows_free(crls);
	return rc;
}

/* What the database tells, by an account and a connection of its own. Nothing is written by halves. */
static bool database_write(struct req *r)
{
	const size_t before = r->body.len;
	struct db *db = NULL;
	struct err e;
	int rc = db_open(&db, r->w->conf, DB_METRICS, &e);

	if (rc == 0)
		rc = gauges_write(r, db, &e);
	if (rc == 0)
		rc = events_write(r, db, &e);
	db_close(db);
	if (rc == 0)
		return true;
	log_err(LOG_LEVEL_WARNING, &e, "metrics");
	if (r->body.data != NULL) {
		r->body.len = before;
		r->body.data[before] = '\0';
	}
	return false;
}

int page_metrics(struct req *r, struct err *e)
{
	struct err ignored;
	bool database;

	if (!r->from_metrics || r->w->metrics == NULL)
		return err_set(e, FAULT_not_found, "metrics are not for this listener");
	metrics_write(r->w->metrics, &r->body);
	database = database_write(r);
	metrics_head(&r->body, "mailcert_up", "gauge", "Whether a part answers.");
	metrics_sample(&r->body, "mailcert_up", "part=\"database\"", database);
	metrics_sample(&r->body, "mailcert_up", "part=\"signer\"", signer_ping(r->w->conf, &ignored) == 0);
	(void)snprintf(r->type, sizeof(r->type), "text/plain; version=0.0.4; charset=utf-8");
	return r->body.failed ? err_set(e, FAULT_busy, "metrics: out of memory") : 0;
}
