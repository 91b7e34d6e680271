/* signer_protocol.c - coding of the signer's messages; see signer_protocol.h. */
#include "lib/ipc/signer_protocol.h"

int signer_request_code(struct wire *w, struct signer_request *q)
{
	wire_u16(w, &q->protocol);
	wire_u16(w, &q->op);
	wire_u64(w, &q->order_id);
	return wire_end(w);
}

int signer_reply_code(struct wire *w, struct signer_reply *a)
{
	wire_u16(w, &a->protocol);
	wire_u16(w, &a->answer);
	return wire_end(w);
}
