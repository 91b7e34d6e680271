/* test_metrics.c - the counts that the workers of a host share: added up over processes and lives, begun anew
 * when they are of another form, and written in Prometheus' text format.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cgi/metrics.h"
#include "cgi/route.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

static char folder[] = "/tmp/mailcert-metrics-XXXXXX";

static int folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static void file_remove(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/metrics", folder);
	(void)unlink(path);
}

static int folder_remove(void **state)
{
	(void)state;
	file_remove();
	return rmdir(folder);
}

static struct metrics *opened(void)
{
	struct metrics *m = NULL;
	struct err e = {0};

	if (metrics_open(&m, folder, &e) == -1)
		fail_msg("%s", e.log);
	return m;
}

static const struct route *route_of(enum http_method method, const char *path)
{
	for (size_t i = 0; i < routes_count; i++)
		if (routes[i].method == method && strcmp(routes[i].path, path) == 0)
			return &routes[i];
	fail_msg("no route %s", path);
	return NULL;
}

static void count(struct metrics *m, const char *path, int status, double seconds)
{
	metrics_count(m, &(struct metrics_request){.route = path == NULL ? NULL : route_of(HTTP_GET, path),
			     .status = status,
			     .seconds = seconds,
			     .db_seconds = seconds / 2,
			     .db_statements = 2});
}

/* The whole text; the caller frees it. */
static char *written(struct metrics *m)
{
	struct buf b = {0};

	metrics_write(m, &b);
	assert_false(b.failed);
	return b.data;
}

/* Whether the text has this very line. */
static bool has(const char *text, const char *line)
{
	const size_t len = strlen(line);

	for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static void test_counts(void **state)
{
	struct metrics *m = opened();
	char *text;

	(void)state;
	count(m, "/certificates", 200, 0.003);
	count(m, "/certificates", 200, 0.02);
	count(m, "/certificates", 503, 60);
	count(m, "/certificates", 418, 0.005); /* on a bound; a status that is none of ours */
	count(m, NULL, 404, 0.001);
	text = written(m);
	assert_true(has(
	    text, "mailcert_http_requests_total{method=\"GET\",route=\"/certificates\",status=\"200\"} 2"));
	assert_true(has(
	    text, "mailcert_http_requests_total{method=\"GET\",route=\"/certificates\",status=\"503\"} 1"));
	assert_true(has(
	    text, "mailcert_http_requests_total{method=\"GET\",route=\"/certificates\",status=\"other\"} 1"));
	assert_true(has(text, "mailcert_http_requests_total{method=\"\",route=\"\",status=\"404\"} 1"));
#define BUCKET "mailcert_http_request_duration_seconds_bucket{method=\"GET\",route=\"/certificates\",le="
	assert_true(has(text, BUCKET "\"0.005\"} 2"));
	assert_true(has(text, BUCKET "\"0.01\"} 2"));
	assert_true(has(text, BUCKET "\"0.025\"} 3"));
	assert_true(has(text, BUCKET "\"5\"} 3"));
	assert_true(has(text, BUCKET "\"+Inf\"} 4"));
	assert_true(has(text,
	    "mailcert_http_request_duration_seconds_sum{method=\"GET\",route=\"/certificates\"} 60.028"));
	assert_true(has(
	    text, "mailcert_http_request_duration_seconds_count{method=\"GET\",route=\"/certificates\"} 4"));
	assert_true(has(text, "mailcert_db_statements_total 10"));
	assert_true(has(text, "mailcert_db_seconds_total 30.0145"));
	assert_null(strstr(text, "/sign-in")); /* nobody asked for it */
	free(text);
	metrics_close(m);
	file_remove();
}

#define CHILDREN 4
#define EACH     20000
/* Workers of a host: all add to the same counts at once, and none gets lost, nor with a worker's end. */
static void test_shared(void **state)
{
	char line[128], *text;
	struct metrics *m;
	int status;

	(void)state;
	for (int i = 0; i < CHILDREN; i++)
		if (fork() == 0) {
			m = opened();
			for (int n = 0; n < EACH; n++)
				count(m, "/", 303, 0.001);
			_exit(0);
		}
	for (int i = 0; i < CHILDREN; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	m = opened();
	text = written(m);
	(void)snprintf(line, sizeof(line),
	    "mailcert_http_requests_total{method=\"GET\",route=\"/\",status=\"303\"} %d", CHILDREN * EACH);
	assert_true(has(text, line));
	free(text);
	metrics_close(m);
	file_remove();
}

/* A file of another form, such as a former version's, is left to those who have it open. */
static void test_other_form(void **state)
{
	struct metrics *old, *m;
	char path[64], *text;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/metrics", folder);
	old = opened();
	count(old, "/", 200, 1);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_true(fputs("another", f) >= 0);
	assert_int_equal(fclose(f), 0);
	m = opened();
	text = written(m);
	assert_null(strstr(text, "status=\"200\""));
	free(text);
	count(old, "/", 200, 1); /* a worker of before goes on with its own */
	text = written(old);
	assert_non_null(strstr(text, "status=\"200\"} 2"));
	free(text);
	metrics_close(old);
	metrics_close(m);

	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("too short", f) >= 0);
	assert_int_equal(fclose(f), 0);
	m = opened();
	count(m, "/", 200, 1);
	metrics_close(m);
	file_remove();
}

static void test_events(void **state)
{
	struct metrics *m = opened(), *other = opened();
	struct metrics_events *events;
	struct err e;

	(void)state;
	assert_int_equal(metrics_events_begin(m, &events, &e), 0);
	assert_int_equal(events->position, 0);
	events->position = 7;
	events->counts[METRICS_EVENTS - 1] = 3;
	metrics_events_end(m);
	assert_int_equal(metrics_events_begin(other, &events, &e), 0);
	assert_int_equal(events->position, 7);
	assert_int_equal(events->counts[METRICS_EVENTS - 1], 3);
	metrics_events_end(other);
	metrics_close(other);
	metrics_close(m);
	file_remove();
}

static void test_no_folder(void **state)
{
	struct metrics *m = NULL;
	struct err e;

	(void)state;
	assert_int_equal(metrics_open(&m, "/tmp/mailcert-metrics-none", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_null(m);
	count(NULL, "/", 200, 1); /* a worker that could not open its counts serves all the same */
	metrics_close(NULL);
}

/* Nobody else reads how many sign-ins were refused; and a link in the folder leads nowhere. */
static void test_file(void **state)
{
	struct metrics *m = opened();
	char path[64];
	struct stat st;
	struct err e;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/metrics", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	metrics_close(m);
	file_remove();
	assert_int_equal(symlink("/tmp/mailcert-metrics-elsewhere", path), 0);
	assert_int_equal(metrics_open(&m, folder, &e), -1);
	assert_int_not_equal(stat("/tmp/mailcert-metrics-elsewhere", &st), 0);
	file_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_other_form),
	    cmocka_unit_test(test_events),
	    cmocka_unit_test(test_no_folder),
	    cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests_name("metrics", tests, folder_make, folder_remove);
}
