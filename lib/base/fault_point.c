/* fault_point.c - dying where a test says; see fault_point.h. */
#include "lib/base/fault_point.h"

#ifdef FAULT_POINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void fault_point(const char *name)
{
	const char *at = getenv("MAILCERT_DIE_AT");

	if (at != NULL && strcmp(at, name) == 0)
		(void)raise(SIGKILL);
}
#endif
