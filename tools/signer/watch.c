/* watch.c - a key that never comes back ends the signer; see watch.h. */
#include "tools/signer/watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

#define STACK (512 * 1024) /* octets; all memory of the signer is locked, so not 8 MiB */

static long limit;          /* seconds */
static _Atomic long end_at; /* by monotonic_seconds(), of the signature that is being made; 0: none is */

/* By a clock that nobody sets, and that stands still with the machine. */
static long monotonic_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec;
}

static void *watch(void *arg)
{
	for (;;) {
		const long end = end_at;

		if (end != 0 && monotonic_seconds() > end) {
			log_line(LOG_LEVEL_ERROR,
			    "the key has not come back from a signature for %ld seconds: ending", limit);
			_exit(EX_TEMPFAIL);
		}
		(void)sleep(1);
	}
	return arg;
}

int watch_begin(long seconds, struct err *e)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	bool begun;

	limit = seconds;
	if (pthread_attr_init(&attr) != 0)
		return err_set(e, FAULT_busy, "watch: out of memory");
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
	begun = pthread_attr_setstacksize(&attr, STACK) == 0 &&
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
		pthread_create(&thread, &attr, watch, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return begun ? 0 : err_set(e, FAULT_busy, "watch: no thread");
}

void watch_signature(bool begins)
{
	end_at = begins ? monotonic_seconds() + limit : 0;
}
