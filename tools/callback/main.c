/* main.c - mailcert-callback: tells partners' programs of changes of their orders.
 *
 * Several may run; each row is taken by one. SIGTERM or SIGINT: the posts under way are ended, then the
 * program. It reads addresses, secrets and statuses of callbacks, and nothing else of the database.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/instance.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "tools/callback/poster.h"

#define PAUSE_MOST 10000 /* milliseconds between two looks while the database is away */

static volatile sig_atomic_t stopping;

static void stop_ask(int number)
{
	(void)number;
	stopping = 1;
}

/* Signals that end the program reach it only while it waits, so that none is lost between look and wait. */
static void signals_setup(sigset_t *waiting)
{
	struct sigaction stop = {.sa_handler = stop_ask}, ignore = {.sa_handler = SIG_IGN};
	sigset_t held;

	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTERM);
	(void)sigaddset(&held, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &held, waiting);
	(void)sigdelset(waiting, SIGTERM);
	(void)sigdelset(waiting, SIGINT);
}

/* Wait for so many milliseconds or for the end; 0 only lets a signal in that came meanwhile. */
static void pause_for(long milliseconds, const sigset_t *waiting)
{
	struct timespec ts = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	(void)ppoll(NULL, 0, &ts, waiting);
}

/* Take what is due unless stopping, and move on what is under way, whether the database answers or not; *idle
 * says that nothing is. */
static int round_run(struct poster *poster, struct db *db, long poll, bool *idle, struct err *e)
{
	size_t begun = 0, left = 0;
	int rc = stopping ? 0 : poster_take(poster, db, &begun, e);
	struct err later;

	if (poster_go_on(poster, db, (int)poll, &left, rc == 0 ? e : &later) == -1)
		rc = -1;
	*idle = begun == 0 && left == 0;
	return rc;
}

static void callback_run(
    struct poster *poster, struct db *db, const struct conf *conf, const sigset_t *waiting)
{
	const long poll = conf_number(conf, SET_CALLBACK_POLL);
	long pause = poll;
	bool away = false, idle = false;
	struct err e;

	while (!stopping || !idle) {
		if (round_run(poster, db, poll, &idle, &e) == 0) {
			if (away)
				log_line(LOG_LEVEL_INFO, "callbacks: the database answers again");
			away = false;
			pause = poll;
			pause_for(idle && !stopping ? poll : 0, waiting);
			continue;
		}
		if (!away) /* once, not twice a second */
			log_err(LOG_LEVEL_ERROR, &e, "callbacks");
		away = true;
		/* Posts under way are not kept waiting; they have an end. */
		pause_for(idle && !stopping ? pause : 0, waiting);
		pause = pause * 2 > PAUSE_MOST ? PAUSE_MOST : pause * 2;
	}
}

static void usage(FILE *out)
{
	(void)fputs("usage: mailcert-callback [--config FILE]\n"
		    "Posts changes of orders to the addresses that partners registered.\n"
		    "  --config FILE  settings; else MAILCERT_CONFIG, else /etc/mailcert/mailcert.hdf\n",
	    out);
}

static const char *config_option(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c') {
			config = optarg;
		} else {
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	return config;
}

int main(int argc, char **argv)
{
	const char *config;
	struct poster *poster = NULL;
	struct conf *conf = NULL;
	struct db *db = NULL;
	char name[INSTANCE_NAME_MAX];
	sigset_t waiting;
	struct err e = {.fault = FAULT_internal, .log = "libcurl does not start"};
	int rc = 0;

	log_open("mailcert-callback");
	secrets_guard();
	config = config_option(argc, argv);
	signals_setup(&waiting);
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || conf_load(&conf, config, &e) == -1 ||
	    instance_take(name, "callback", conf, &e) == -1 || poster_open(&poster, conf, name, &e) == -1 ||
	    db_open(&db, conf, DB_CALLBACK, &e) == -1) {
		log_err(LOG_LEVEL_ERROR, &e, "start");
		rc = 1;
	} else {
		log_line(LOG_LEVEL_INFO, "ready");
		callback_run(poster, db, conf, &waiting);
		log_line(LOG_LEVEL_INFO, "ended");
	}
	poster_close(poster);
	db_close(db);
	conf_free(conf);
	curl_global_cleanup();
	return rc;
}
