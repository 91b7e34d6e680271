/* metrics.h - what the workers of a host count together, for Prometheus.
 *
 * A worker lives for a bounded number of requests and has siblings, so the counts live in a file below the
 * run folder that all of them map: a request costs a few atomic additions and no lock. A counter begins at 0
 * when the file is made, which is at boot, or when a new version counts other things; Prometheus bears that.
 */
#ifndef CGI_METRICS_H
#define CGI_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct metrics;
struct route;

/* Open the counts in folder/metrics, or begin them. Gives *out to the caller. */
int metrics_open(struct metrics **out, const char *folder, struct err *e);
void metrics_close(struct metrics *); /* NULL is fine */

/* One request was answered. route NULL: no address of ours. The statements it ran and the time they took are
 * part of its seconds. NULL metrics counts nothing. */
struct metrics_request {
	const struct route *route;
	int status;
	double seconds, db_seconds;
	uint64_t db_statements;
};
void metrics_count(struct metrics *, const struct metrics_request *);

/* Add the counts to out, in Prometheus' text format. */
void metrics_write(const struct metrics *, struct buf *out);

/* A few counts that one worker at a time brings up to date, from something that has a position (the audit
 * log): where it stood last, and a count for each of METRICS_EVENTS kinds. 0, or -1 with *e; then
 * metrics_events_end() must not be called. */
#define METRICS_EVENTS 32
struct metrics_events {
	uint64_t position, counts[METRICS_EVENTS];
};
int metrics_events_begin(struct metrics *, struct metrics_events **out, struct err *e);
void metrics_events_end(struct metrics *);

/* Lines of Prometheus' text format: what a metric is, then its samples. labels: `queue="outbox"`, or "". */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
void metrics_sample(struct buf *out, const char *name, const char *labels, double value);

#endif
