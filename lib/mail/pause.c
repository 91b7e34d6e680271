/* pause.c - growing pauses; see pause.h. */
#include "lib/mail/pause.h"

long mail_next_pause(unsigned attempt)
{
	static const long pauses[] = {60, 300, 900, 3600, 14400};
	const unsigned last = sizeof(pauses) / sizeof(pauses[0]) - 1;
	unsigned step = attempt == 0 ? 0 : attempt - 1;

	return pauses[step < last ? step : last];
}
