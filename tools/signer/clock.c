/* clock.c - the signer's duty for the database's clock, by which everything ends and begins: it is looked at
 * every few seconds, and a jump is told to whoever reads the log. What a jump back does, the database mends.
 */
#include "tools/signer/signer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/db/db.h"

#define WATCH_SECONDS 5  /* between two looks */
#define JUMP_SECONDS  60 /* less is what time servers do now and then */

/* By a clock that nobody sets, and that goes on while the machine sleeps. */
static time_t seconds_passed(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

void clock_look(struct signer *s)
{
	const time_t passed = seconds_passed();
	struct db_rows *rows = NULL;
	int64_t now, back, jump;
	struct err e;

	if (s->clock_looked != 0 && passed - s->clock_looked < WATCH_SECONDS)
		return;
	if (db_run(s->db, STMT_CLOCK_WATCH, &rows, &e, 0, NULL) == -1) {
		if (e.fault != FAULT_busy)
			log_err(LOG_LEVEL_ERROR, &e, "clock");
		return;
	}
	now = db_number(rows, 0, "now");
	back = db_number(rows, 0, "back");
	jump = s->clock_looked == 0 ? 0 : now - s->clock_said - (passed - s->clock_looked);
	if (back > 0)
		log_line(LOG_LEVEL_WARNING,
		    "the database's clock went back by %" PRId64
		    " seconds: what ends or waits by it goes back with it",
		    back);
	else if (llabs(jump) > JUMP_SECONDS)
		log_line(LOG_LEVEL_WARNING, "the database's clock jumped by %" PRId64 " seconds", jump);
	s->clock_looked = passed;
	s->clock_said = now;
	db_rows_free(rows);
}
