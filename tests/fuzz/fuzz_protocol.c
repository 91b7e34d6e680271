/* fuzz_protocol.c - libFuzzer: whatever a worker says to the signer's socket, the signer takes exactly the
 * two messages it knows, whole and of the right length, or nothing; and it never waits for more than was
 * announced.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ipc/signer_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int good)
{
	if (!good)
		abort();
}

/* A message that was taken is written again as the same octets. */
static void request_again(const struct wire *read, struct signer_request q)
{
	struct wire w;

	wire_write(&w);
	demand(signer_request_code(&w, &q) == 0);
	demand(w.len == read->len && memcmp(w.bytes, read->bytes, w.len) == 0);
}

static void reply_again(const struct wire *read, struct signer_reply a)
{
	struct wire w;

	wire_write(&w);
	demand(signer_reply_code(&w, &a) == 0);
	demand(w.len == read->len && memcmp(w.bytes, read->bytes, w.len) == 0);
}

static void messages_try(const struct wire *frame)
{
	struct signer_request q;
	struct signer_reply a;
	struct wire w = *frame;

	if (signer_request_code(&w, &q) == 0)
		request_again(frame, q);
	w = *frame;
	if (signer_reply_code(&w, &a) == 0)
		reply_again(frame, a);
}

/* The octets as they would come over the socket, length and all, and then the end of the stream. */
static void stream_try(const uint8_t *data, size_t size)
{
	uint32_t announced = 0;
	struct wire w;
	int fds[2];

	if (size > 8192 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return;
	demand(size == 0 || write(fds[0], data, size) == (ssize_t)size);
	(void)shutdown(fds[0], SHUT_WR);
	for (size_t i = 0; i < 4 && i < size; i++)
		announced = announced << 8 | data[i];
	if (wire_receive(fds[1], &w, 1000) == 0) {
		demand(
		    size >= 4 && announced <= WIRE_FRAME_MAX && w.len == announced && size - 4 >= announced);
		demand(memcmp(w.bytes, data + 4, w.len) == 0);
		messages_try(&w);
	} else {
		demand(size < 4 || announced > WIRE_FRAME_MAX || size - 4 < announced);
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire w;

	wire_read(&w, data, size);
	messages_try(&w);
	stream_try(data, size);
	return 0;
}
