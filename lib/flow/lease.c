/* lease.c - taking rows of a queue; see lease.h. */
#include "lib/flow/lease.h"

int lease_take(struct db *db, enum stmt take, struct holder *holder, unsigned n, unsigned seconds,
    bool empty_handed, struct db_rows **rows, struct err *e)
{
	const unsigned links = db_links(db);
	const bool anew = empty_handed && (!holder->begun || holder->links != links);

	if (db_run(db, take, rows, e,
		DB_ARGS(P_TEXT(holder->name), P_NUMBER(n), P_NUMBER(seconds), P_NUMBER(anew))) == -1)
		return -1;
	if (empty_handed) {
		holder->begun = true;
		holder->links = links; /* not of now: the connection may have been lost in between */
	}
	return 0;
}
