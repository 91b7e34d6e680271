/* pause.h - how long to wait before a mail is tried again. */
#ifndef LIB_MAIL_PAUSE_H
#define LIB_MAIL_PAUSE_H

/* Seconds to wait after the attempt with that number (1: the first) failed: 1 min, 5 min, 15 min, 1 h, then 4
 * h each time (RFC 5321 4.5.4.1 asks for growing pauses and some days of trying). 0 counts as 1. */
long mail_next_pause(unsigned attempt);

#endif
