/* metrics.c - counts shared by the workers of a host; see metrics.h. */
#include "cgi/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgi/route.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

#define OPEN_TRIES 10
#define NANO       1e9

/* Upper bounds in seconds; one more bucket takes the rest. */
static const double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
enum { BOUNDS = sizeof(bounds) / sizeof(bounds[0]) };

/* The statuses that we answer; the last place takes any other. */
static const int statuses[] = {
    200, 201, 303, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

struct route_counts {
	atomic_uint_least64_t statuses[STATUSES + 1];
	atomic_uint_least64_t buckets[BOUNDS + 1];
	atomic_uint_least64_t nanoseconds;
};

/* The file. routes has routes_count places and one for what is no address of ours. */
struct shared {
	uint64_t layout;
	atomic_uint_least64_t db_statements, db_nanoseconds;
	struct metrics_events events;
	struct route_counts routes[];
};

struct metrics {
	struct shared *shared;
	size_t size;
	int fd;
};

/* --- the file --- */

static uint64_t hash_add(uint64_t hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3U; /* FNV-1a */
	return hash;
}

/* A number for the addresses and the form of the counts: a file with another is somebody else's. */
static uint64_t layout_of(void)
{
	uint64_t hash = 0xcbf29ce484222325U;
	const size_t size = sizeof(struct shared) + sizeof(struct route_counts);

	hash = hash_add(hash, &size, sizeof(size));
	hash = hash_add(hash, bounds, sizeof(bounds));
	hash = hash_add(hash, statuses, sizeof(statuses));
	for (size_t i = 0; i < routes_count; i++) {
		hash = hash_add(hash, &routes[i].method, sizeof(routes[i].method));
		hash = hash_add(hash, routes[i].path, strlen(routes[i].path) + 1);
	}
	return hash;
}

/* Map the locked file. 1: it is ours; 0: it has other counts and was taken out of the way; -1 with *e. */
static int file_map(struct metrics *m, const char *path, struct err *e)
{
	const uint64_t layout = layout_of();
	struct stat st;

	if (fstat(m->fd, &st) == -1)
		return err_errno(e, FAULT_config_invalid, "%s", path);
	if (st.st_nlink == 0)
		return 0; /* another worker took it away before the lock was ours */
	if (st.st_size == 0 && ftruncate(m->fd, (off_t)m->size) == -1)
		return err_errno(e, FAULT_config_invalid, "%s", path);
	if (st.st_size == 0 || (size_t)st.st_size == m->size) {
		m->shared = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
		if (m->shared == MAP_FAILED) {
			m->shared = NULL;
			return err_errno(e, FAULT_config_invalid, "%s", path);
		}
		if (st.st_size == 0)
			m->shared->layout = layout;
		if (m->shared->layout == layout)
			return 1;
		(void)munmap(m->shared, m->size);
		m->shared = NULL;
	}
	return unlink(path) == -1 ? err_errno(e, FAULT_config_invalid, "%s", path) : 0;
}

static int file_open(struct metrics *m, const char *path, struct err *e)
{
	int got = 0;

	for (int i = 0; i < OPEN_TRIES && got == 0; i++) {
		if (m->fd != -1)
			(void)close(m->fd);
		m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (m->fd == -1 || flock(m->fd, LOCK_EX) == -1)
			return err_errno(e, FAULT_config_invalid, "Web.RunDir: %s", path);
		got = file_map(m, path, e);
		(void)flock(m->fd, LOCK_UN);
	}
	if (got == 0)
		return err_set(
		    e, FAULT_config_invalid, "Web.RunDir: %s: others replace it all the time", path);
	return got == -1 ? -1 : 0;
}

int metrics_open(struct metrics **out, const char *folder, struct err *e)
{
	struct metrics *m = calloc(1, sizeof(*m));
	char path[PATH_MAX];

	if (m == NULL)
		return err_set(e, FAULT_busy, "metrics: out of memory");
	m->fd = -1;
	m->size = sizeof(struct shared) + (routes_count + 1) * sizeof(struct route_counts);
	(void)snprintf(path, sizeof(path), "%s/metrics", folder);
	if (file_open(m, path, e) == -1) {
		metrics_close(m);
		return -1;
	}
	*out = m;
	return 0;
}

void metrics_close(struct metrics *m)
{
	if (m == NULL)
		return;
	if (m->shared != NULL)
		(void)munmap(m->shared, m->size);
	if (m->fd != -1)
		(void)close(m->fd);
	free(m);
}

/* --- counting --- */

static void add(atomic_uint_least64_t *count, uint64_t n)
{
	(void)atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

void metrics_count(struct metrics *m, const struct metrics_request *q)
{
	struct route_counts *r;
	size_t s = 0, b = 0;

	if (m == NULL)
		return;
	r = &m->shared->routes[q->route == NULL ? routes_count : (size_t)(q->route - routes)];
	while (s < STATUSES && statuses[s] != q->status)
		s++;
	while (b < BOUNDS && bounds[b] < q->seconds)
		b++;
	add(&r->statuses[s], 1);
	add(&r->buckets[b], 1);
	add(&r->nanoseconds, (uint64_t)(q->seconds * NANO));
	if (q->db_statements > 0) {
		add(&m->shared->db_statements, q->db_statements);
		add(&m->shared->db_nanoseconds, (uint64_t)(q->db_seconds * NANO));
	}
}

int metrics_events_begin(struct metrics *m, struct metrics_events **out, struct err *e)
{
	if (flock(m->fd, LOCK_EX) == -1)
		return err_errno(e, FAULT_busy, "metrics: lock");
	*out = &m->shared->events;
	return 0;
}

void metrics_events_end(struct metrics *m)
{
	(void)flock(m->fd, LOCK_UN);
}

/* --- writing --- */

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(struct buf *out, const char *name, const char *labels, double value)
{
	buf_printf(out, "%s%s%s%s %.15g\n", name, *labels == '\0' ? "" : "{", labels,
	    *labels == '\0' ? "" : "}", value);
}

static uint64_t count_of(const atomic_uint_least64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

/* `method="GET",route="/certificates"`; our addresses need no escaping. */
static void route_labels(char *out, size_t room, size_t route)
{
	if (route == routes_count)
		(void)snprintf(out, room, "method=\"\",route=\"\"");
	else
		(void)snprintf(out, room, "method=\"%s\",route=\"%s\"",
		    routes[route].method == HTTP_POST ? "POST" : "GET", routes[route].path);
}

static void requests_write(const struct metrics *m, struct buf *out)
{
	static const char name[] = "mailcert_http_requests_total";
	char labels[256], all[320], status[8];

	metrics_head(out, name, "counter", "Requests answered by the workers of this host.");
	for (size_t i = 0; i <= routes_count; i++) {
		route_labels(labels, sizeof(labels), i);
		for (int s = 0; s <= STATUSES; s++) {
			const uint64_t count = count_of(&m->shared->routes[i].statuses[s]);

			if (count == 0)
				continue;
			(void)snprintf(status, sizeof(status), "%d", s == STATUSES ? 0 : statuses[s]);
			(void)snprintf(
			    all, sizeof(all), "%s,status=\"%s\"", labels, s == STATUSES ? "other" : status);
			metrics_sample(out, name, all, (double)count);
		}
	}
}

static void seconds_write(const struct metrics *m, struct buf *out)
{
	static const char name[] = "mailcert_http_request_duration_seconds";
	char labels[256], all[320];

	metrics_head(
	    out, name, "histogram", "Time from a request's arrival at a worker to its whole answer.");
	for (size_t i = 0; i <= routes_count; i++) {
		const struct route_counts *r = &m->shared->routes[i];
		uint64_t upto = 0;

		route_labels(labels, sizeof(labels), i);
		for (int b = 0; b <= BOUNDS; b++)
			upto += count_of(&r->buckets[b]);
		if (upto == 0)
			continue;
		upto = 0;
		for (int b = 0; b < BOUNDS; b++) {
			upto += count_of(&r->buckets[b]);
			(void)snprintf(all, sizeof(all), "%s,le=\"%g\"", labels, bounds[b]);
			metrics_sample(
			    out, "mailcert_http_request_duration_seconds_bucket", all, (double)upto);
		}
		upto += count_of(&r->buckets[BOUNDS]);
		(void)snprintf(all, sizeof(all), "%s,le=\"+Inf\"", labels);
		metrics_sample(out, "mailcert_http_request_duration_seconds_bucket", all, (double)upto);
		metrics_sample(out, "mailcert_http_request_duration_seconds_sum", labels,
		    (double)count_of(&r->nanoseconds) / NANO);
		metrics_sample(out, "mailcert_http_request_duration_seconds_count", labels, (double)upto);
	}
}

void metrics_write(const struct metrics *m, struct buf *out)
{
	requests_write(m, out);
	seconds_write(m, out);
	metrics_head(
	    out, "mailcert_db_statements_total", "counter", "Statements the workers ran in the database.");
	metrics_sample(out, "mailcert_db_statements_total", "", (double)count_of(&m->shared->db_statements));
	metrics_head(out, "mailcert_db_seconds_total", "counter",
	    "Time the workers waited for the database, connecting and trying again included.");
	metrics_sample(
	    out, "mailcert_db_seconds_total", "", (double)count_of(&m->shared->db_nanoseconds) / NANO);
}
