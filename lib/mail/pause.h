/* pause.h - how long to wait before a mail is tried again. */
#ifndef LIB_MAIL_PAUSE_H
#define LIB_MAIL_PAUSE_H

/* Seconds to wait after the attempt with that number (1: the first) failed: `first` seconds, then 5, 15, 60
 * and 240 times as long; with a minute that ends at 4 h each time (RFC 5321 4.5.4.1 asks for growing pauses
 * and some days of trying). Attempt 0 counts as 1. */
long mail_next_pause(unsigned attempt, long first);

#endif
