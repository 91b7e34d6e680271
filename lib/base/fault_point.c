/* fault_point.c - dying, standing still or going wrong where a test says; see fault_point.h. */
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

void fault_bend(const char *name, unsigned char *bytes, size_t len)
{
	const char *at = getenv("MAILCERT_BEND_AT");

	if (at != NULL && strcmp(at, name) == 0)
		bytes[len - 1] ^= 1;
}
#endif
