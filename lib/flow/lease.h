/* lease.h - taking rows of a queue for a while, under a name that outlives the process. */
#ifndef LIB_FLOW_LEASE_H
#define LIB_FLOW_LEASE_H

#include <stdbool.h>

#include "lib/db/db.h"

/* Whose name stands on the leases. Give {.name = "host:number"} (instance.h); the rest is kept here. */
struct holder {
	const char *name;
	bool begun;
	unsigned links; /* db_links() when the holder last took something and was answered */
};

/* Run a queue's take: the statement is a CALL with the holder's name, how many rows at most, for how many
 * seconds, and whether all that is held in that name already is due at once. That is so when the holder has
 * nothing in hand and takes for the first time, for then a predecessor has died with it; or when a connection
 * was lost meanwhile, for then the answer to an earlier take may have been lost. *rows is the caller's. */
int lease_take(struct db *, enum stmt, struct holder *, unsigned n, unsigned seconds, bool empty_handed,
    struct db_rows **rows, struct err *e);

#endif
