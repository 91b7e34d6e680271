/* signing.c - signing a list while others are stored; see signing.h. */
#include "lib/pki/signing.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/pki/issuer.h"

#define SHORT 8 /* fewer are signed at once */
#define STACK                                                                                         \
	(512 * 1024) /* octets; all memory of the signer is locked, so not the 8 MiB of the C library \
		      */

struct signing {
	const struct issuer *issuer;
	struct signing_task *tasks;
	size_t n;
	long until;
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t news;
	size_t done;   /* how many are signed */
	size_t wanted; /* at how many the other thread wants to hear; 0: only of the end */
	bool over;     /* no more will be */
	bool stop;     /* no more are wanted */
	int rc;
	struct err why; /* of rc -1 */
};

long signing_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (long)t.tv_sec;
}

static int task_sign(const struct signing *g, struct signing_task *task, struct err *e)
{
	if (signing_seconds() >= g->until)
		return err_set(e, FAULT_busy, "its lease ran out before it was signed");
	task->begun = true;
	return issuer_sign(g->issuer, task->tbs, task->tbs_len, &task->signature, &task->signature_len, e);
}

static void *sign_all(void *data)
{
	struct signing *g = data;
	bool stop = false;

	for (size_t k = 0; k < g->n && !stop; k++) {
		struct err why;
		const int rc = task_sign(g, &g->tasks[k], &why);

		(void)pthread_mutex_lock(&g->lock);
		if (rc == 0) {
			g->done++;
		} else {
			g->rc = -1;
			g->why = why;
		}
		stop = g->stop || rc == -1;
		if (g->done == g->wanted)
			(void)pthread_cond_signal(&g->news);
		(void)pthread_mutex_unlock(&g->lock);
	}
	(void)pthread_mutex_lock(&g->lock);
	g->over = true;
	(void)pthread_cond_signal(&g->news);
	(void)pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* Signals are for the main thread. */
static bool thread_begin(struct signing *g)
{
	sigset_t all, before;
	pthread_attr_t attr;
	bool begun;

	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	begun = pthread_attr_setstacksize(&attr, STACK) == 0 &&
		pthread_create(&g->thread, &attr, sign_all, g) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return begun;
}

/* The condition is waited for by the clock that nobody sets. */
static void news_init(pthread_cond_t *news)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(news, &attr);
	(void)pthread_condattr_destroy(&attr);
}

int signing_begin(struct signing **out, const struct issuer *issuer, struct signing_task *tasks, size_t n,
    long until, struct err *e)
{
	struct signing *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return err_set(e, FAULT_busy, "signing: out of memory");
	g->issuer = issuer;
	g->tasks = tasks;
	g->n = n;
	g->until = until;
	(void)pthread_mutex_init(&g->lock, NULL);
	news_init(&g->news);
	g->threaded = n >= SHORT && thread_begin(g);
	if (!g->threaded)
		(void)sign_all(g);
	*out = g;
	return 0;
}

size_t signing_wait(struct signing *g, size_t seen, long ms, bool *over)
{
	struct timespec end;
	size_t done;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += ms % 1000 * 1000000L;
	end.tv_sec += ms / 1000 + end.tv_nsec / 1000000000L;
	end.tv_nsec %= 1000000000L;
	(void)pthread_mutex_lock(&g->lock);
	while (!g->over && pthread_cond_timedwait(&g->news, &g->lock, &end) == 0)
		;
	g->wanted = seen + 1;
	while (!g->over && g->done < g->wanted)
		(void)pthread_cond_wait(&g->news, &g->lock);
	g->wanted = 0;
	done = g->done;
	*over = g->over;
	(void)pthread_mutex_unlock(&g->lock);
	return done;
}

int signing_end(struct signing *g, struct err *e)
{
	int rc;

	(void)pthread_mutex_lock(&g->lock);
	g->stop = true;
	(void)pthread_mutex_unlock(&g->lock);
	if (g->threaded)
		(void)pthread_join(g->thread, NULL);
	rc = g->rc;
	if (rc == -1)
		*e = g->why;
	(void)pthread_cond_destroy(&g->news);
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
	return rc;
}
