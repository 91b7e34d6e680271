/* signer_client.c - talking to the signer; see signer_client.h. */
#include "lib/ipc/signer_client.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/ipc/peer.h"
#include "lib/ipc/signer_protocol.h"

#define PING_MS 2000

/* Put a question, within timeout_ms. On success the answer comes over *fd, which is the caller's to close. */
static int signer_ask(
    const struct conf *conf, uint16_t op, uint64_t order_id, int timeout_ms, int *fd, struct err *e)
{
	struct signer_request q = {.protocol = SIGNER_PROTOCOL, .op = op, .order_id = order_id};
	struct wire w;

	if (peer_connect(fd, conf_text(conf, SET_SIGNER_SOCKET), timeout_ms, e) == -1)
		return -1;
	wire_write(&w);
	if (signer_request_code(&w, &q) == 0 && wire_send(*fd, &w, timeout_ms) == 0)
		return 0;
	(void)err_errno(e, FAULT_busy, "signer: question %u", (unsigned)op);
	(void)close(*fd);
	return -1;
}

void signer_nudge(const struct conf *conf, uint64_t order_id)
{
	struct err ignored;
	int fd;

	if (signer_ask(conf, SIGNER_NUDGE, order_id, 0, &fd, &ignored) == 0)
		(void)close(fd);
}

int signer_ping(const struct conf *conf, struct err *e)
{
	struct signer_reply a = {0};
	struct wire w;
	int fd, rc = 0;

	if (signer_ask(conf, SIGNER_PING, 0, PING_MS, &fd, e) == -1)
		return -1;
	if (wire_receive(fd, &w, PING_MS) == -1 || signer_reply_code(&w, &a) == -1)
		rc = err_errno(e, FAULT_busy, "signer: no answer");
	(void)close(fd);
	if (rc == -1)
		return -1;
	return a.answer == SIGNER_OK ? 0 : err_set(e, FAULT_busy, "signer answers %u", (unsigned)a.answer);
}
