/* signer_protocol.h - the messages of the signer's socket: few, small, and never data to sign.
 *
 * A peer may say "look at this order now" and "are you there"; all else the signer reads from the database
 * itself.
 */
#ifndef LIB_IPC_SIGNER_PROTOCOL_H
#define LIB_IPC_SIGNER_PROTOCOL_H

#include <stdint.h>

#include "lib/ipc/wire.h"

#define SIGNER_PROTOCOL 1

enum signer_op { SIGNER_PING = 1, SIGNER_NUDGE = 2 };
enum signer_answer { SIGNER_OK = 0, SIGNER_REFUSED = 1, SIGNER_IMPAIRED = 2 /* key or database away */ };

struct signer_request {
	uint16_t protocol;
	uint16_t op;
	uint64_t order_id; /* SIGNER_NUDGE; 0 for SIGNER_PING */
};

struct signer_reply {
	uint16_t protocol;
	uint16_t answer;
};

/* Code a message in the direction the wire has; 0, or -1 when the frame is not exactly this message. */
int signer_request_code(struct wire *, struct signer_request *);
int signer_reply_code(struct wire *, struct signer_reply *);

#endif
