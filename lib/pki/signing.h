/* signing.h - signing a list one after the other, in a thread of its own when the list is long, so that what
 * is signed already can be stored while the token goes on. Nobody else may use the key or its token until
 * signing_end(). */
#ifndef LIB_PKI_SIGNING_H
#define LIB_PKI_SIGNING_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct issuer;
struct signing;

/* What is signed, and the signature; that is owned by whoever owns the task, NULL until signed. */
struct signing_task {
	const unsigned char *tbs;
	size_t tbs_len;
	unsigned char *signature;
	size_t signature_len;
	bool begun; /* the key was asked to sign it: perhaps it did, whatever came of that */
};

/* Seconds by a clock that nobody sets, and that goes on while the machine sleeps. */
long signing_seconds(void);

/* Begin to sign n tasks, which stay where they are until signing_end(), with the issuer's key. It ends with
 * the last, with the first failure, and (busy) when a task would begin at `until` (by signing_seconds()) or
 * later: what it was judged by need not hold any more then. A short list, or when there can be no thread, is
 * signed before this returns. -1 with busy: out of memory. */
int signing_begin(struct signing **out, const struct issuer *, struct signing_task *tasks, size_t n,
    long until, struct err *e);
/* How many are signed, the first of the list, when it has ended (*over), or after so many milliseconds as
 * soon as there are more than `seen`. */
size_t signing_wait(struct signing *, size_t seen, long ms, bool *over);
/* Let it end, after the task in hand. 0 when all tasks were signed, or it was ended before a failure; else -1
 * with why it ended. */
int signing_end(struct signing *, struct err *e);

#endif
