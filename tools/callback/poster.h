/* poster.h - callbacks on their way: several HTTPS posts at a time, none waiting for a slow receiver. */
#ifndef TOOLS_CALLBACK_POSTER_H
#define TOOLS_CALLBACK_POSTER_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct db;
struct err;
struct poster;

/* Make a poster; name ("host:number") marks the rows it takes and must outlive it. Gives *out to the caller.
 */
int poster_open(struct poster **out, const struct conf *, const char *name, struct err *e);
void poster_close(struct poster *); /* NULL is fine; posts under way are dropped and come round again */

/* Take what is due, as far as there is room, and begin to post it. *begun: how many. */
int poster_take(struct poster *, struct db *, size_t *begun, struct err *e);

/* Move the posts under way on, waiting at most so many milliseconds, and record those that ended. *left:
 * still under way. A verdict that cannot be recorded is an error; its row comes round again after the lease.
 */
int poster_go_on(struct poster *, struct db *, int milliseconds, size_t *left, struct err *e);

#endif
