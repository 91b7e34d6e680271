/* fault_point.c - dying or standing still where a test says; see fault_point.h. */
#include "lib/base/fault_point.h"

#ifdef FAULT_POINTS
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void fault_point(const char *name)
{
	const char *die = getenv("MAILCERT_DIE_AT"), *stop = getenv("MAILCERT_STOP_AT");
	static bool stopped;

	if (die != NULL && strcmp(die, name) == 0)
		(void)raise(SIGKILL);
	if (stop != NULL && strcmp(stop, name) == 0 && !stopped) {
		stopped = true;
		(void)raise(SIGSTOP);
	}
}
#endif
