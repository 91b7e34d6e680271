/* pause.c - growing pauses; see pause.h. */
#include "lib/mail/pause.h"

long mail_next_pause(unsigned attempt, long first)
{
	static const long times[] = {1, 5, 15, 60, 240};
	const unsigned last = sizeof(times) / sizeof(times[0]) - 1;
	unsigned step = attempt == 0 ? 0 : attempt - 1;

	return first * times[step < last ? step : last];
}
