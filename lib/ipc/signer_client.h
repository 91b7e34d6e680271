/* signer_client.h - what a worker may say to the signer. */
#ifndef LIB_IPC_SIGNER_CLIENT_H
#define LIB_IPC_SIGNER_CLIENT_H

#include <stdint.h>

struct conf;
struct err;

/* Tell the signer that an order waits. Only saves seconds: a nudge that is lost is made good by the signer's
 * own looking, so nothing is reported. Waits for nothing: a round of signing may last for a second, and the
 * person is not to wait until it has ended and the signer answers. */
void signer_nudge(const struct conf *, uint64_t order_id);

/* Ask whether the signer can sign. FAULT_busy when not. Waits at most 2 s. */
int signer_ping(const struct conf *, struct err *e);

#endif
