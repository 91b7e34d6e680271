/* main.c - mailcert-mailer: sends what the outbox holds.
 *
 * Several mailers may run; each row is taken by one. SIGTERM or SIGINT: the mail under way is finished, then
 * the program ends. It may make random values, send mail and record delivery; it cannot issue or read
 * accounts.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/instance.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "tools/mailer/sender.h"

#define PAUSE_MOST 10000 /* milliseconds between two looks while the database is away */

static volatile sig_atomic_t stopping;

static void stop_ask(int number)
{
	(void)number;
	stopping = 1;
}

/* Whether the end was asked for, also by a signal that is held back while a round is under way. */
static bool stop_asked(void)
{
	sigset_t pending;

	if (stopping || sigpending(&pending) == -1)
		return stopping;
	return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
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

/* Wait for so many milliseconds or for the end; a signal that came meanwhile is taken here. */
static void pause_for(long milliseconds, const sigset_t *waiting)
{
	struct timespec ts = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	(void)ppoll(NULL, 0, &ts, waiting);
}

static long pause_grown(long pause)
{
	return pause * 2 > PAUSE_MOST ? PAUSE_MOST : pause * 2;
}

/* Work until asked to stop, or with `once` until nothing is due. Returns the program's exit code. */
static int mailer_run(
    struct sender *sender, struct db *db, const struct conf *conf, bool once, const sigset_t *waiting)
{
	long poll = conf_number(conf, SET_MAIL_POLL), pause = poll;
	bool away = false;
	struct err e;

	while (!stopping) {
		size_t taken = 0;

		if (sender_round(sender, db, &taken, &e) == -1) {
			if (once) {
				log_err(LOG_LEVEL_ERROR, &e, "outbox");
				return 1;
			}
			if (!away) /* once, not twice a second */
				log_err(LOG_LEVEL_ERROR, &e, "outbox");
			away = true;
			pause_for(pause, waiting);
			pause = pause_grown(pause);
			continue;
		}
		if (away)
			log_line(LOG_LEVEL_INFO, "outbox: answers again");
		away = false;
		pause = poll;
		if (once && taken == 0)
			return 0;
		pause_for(taken > 0 ? 0 : poll, waiting);
	}
	return 0;
}

static void usage(FILE *out)
{
	(void)fputs("usage: mailcert-mailer [--config FILE] [--once]\n"
		    "Sends the mails that wait in the outbox.\n"
		    "  --config FILE  settings; else MAILCERT_CONFIG, else /etc/mailcert/mailcert.hdf\n"
		    "  --once         end when nothing is due\n",
	    out);
}

/* Read the command line. Returns -1 to go on, else the program's exit code. */
static int options_read(int argc, char **argv, const char **config, bool *once)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"once", no_argument, NULL, 'o'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			*config = optarg;
			break;
		case 'o':
			*once = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *config = NULL;
	struct sender *sender = NULL;
	struct conf *conf = NULL;
	struct db *db = NULL;
	char name[INSTANCE_NAME_MAX];
	bool once = false;
	sigset_t waiting;
	struct err e;
	int rc;

	log_open("mailcert-mailer");
	secrets_guard();
	rc = options_read(argc, argv, &config, &once);
	if (rc != -1)
		return rc;
	signals_setup(&waiting);
	if (conf_load(&conf, config, &e) == -1 || instance_take(name, "mailer", conf, &e) == -1 ||
	    sender_open(&sender, conf, name, &e) == -1 || db_open(&db, conf, DB_MAILER, &e) == -1) {
		log_err(LOG_LEVEL_ERROR, &e, "start");
		rc = 1;
	} else {
		log_line(LOG_LEVEL_INFO, "ready");
		sender_stop_when(sender, stop_asked);
		rc = mailer_run(sender, db, conf, once, &waiting);
		log_line(LOG_LEVEL_INFO, "ended");
	}
	db_close(db);
	sender_close(sender);
	conf_free(conf);
	return rc;
}
