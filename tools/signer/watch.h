/* watch.h - a key that never comes back from a signature ends the signer: whoever started it starts it anew,
 * and what it had reserved is given up then. Standing still it would say nothing, and nobody would notice. */
#ifndef TOOLS_SIGNER_WATCH_H
#define TOOLS_SIGNER_WATCH_H

#include <stdbool.h>

struct err;

/* Begin to watch, in a thread of its own: a signature may take so many seconds. FAULT_busy: no thread. */
int watch_begin(long seconds, struct err *e);

/* A signature begins, or (false) is over. One at a time. */
void watch_signature(bool begins);

#endif
