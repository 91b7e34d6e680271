/* wire.c - frames and numbers; see wire.h. */
#include "lib/ipc/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void wire_write(struct wire *w)
{
	memset(w, 0, sizeof(*w));
	w->writing = true;
}

void wire_read(struct wire *w, const void *bytes, size_t len)
{
	memset(w, 0, sizeof(*w));
	if (len > sizeof(w->bytes)) {
		w->failed = true;
		return;
	}
	if (len > 0)
		memcpy(w->bytes, bytes, len);
	w->len = len;
}

/* Code n octets of a number, most significant first. */
static void wire_number(struct wire *w, uint64_t *v, size_t n)
{
	size_t at = w->writing ? w->len : w->at, end = w->writing ? sizeof(w->bytes) : w->len;

	if (w->failed || n > end - at) {
		w->failed = true;
		*v = w->writing ? *v : 0;
		return;
	}
	if (w->writing) {
		for (size_t i = 0; i < n; i++)
			w->bytes[at + i] = (unsigned char)(*v >> (8 * (n - 1 - i)));
		w->len += n;
		return;
	}
	*v = 0;
	for (size_t i = 0; i < n; i++)
		*v = *v << 8 | w->bytes[at + i];
	w->at += n;
}

void wire_u16(struct wire *w, uint16_t *v)
{
	uint64_t wide = *v;

	wire_number(w, &wide, 2);
	*v = (uint16_t)wide;
}

void wire_u64(struct wire *w, uint64_t *v)
{
	wire_number(w, v, 8);
}

int wire_end(struct wire *w)
{
	if (!w->writing && w->at != w->len)
		w->failed = true;
	return w->failed ? -1 : 0;
}

static long milliseconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait until fd is ready, but not past the moment `end`: a peer that sends an octet now and then must not
 * hold us up for longer than one that sends none. */
static int wait_until(int fd, short events, long end)
{
	struct pollfd p = {.fd = fd, .events = events};
	long left = end - milliseconds_now();
	int n = poll(&p, 1, left > 0 ? (int)left : 0);

	if (n == 0)
		errno = ETIMEDOUT;
	return n == 1 ? 0 : -1;
}

int wire_send(int fd, const struct wire *w, int timeout_ms)
{
	unsigned char frame[4 + WIRE_FRAME_MAX];
	uint32_t len = htonl((uint32_t)w->len);
	size_t sent = 0, whole = 4 + w->len;
	const long end = milliseconds_now() + timeout_ms;

	memcpy(frame, &len, 4);
	memcpy(frame + 4, w->bytes, w->len);
	while (sent < whole) {
		ssize_t n;

		if (wait_until(fd, POLLOUT, end) == -1)
			return -1;
		n = send(fd, frame + sent, whole - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int receive_all(int fd, unsigned char *bytes, size_t len, long end)
{
	for (size_t got = 0; got < len;) {
		ssize_t n;

		if (wait_until(fd, POLLIN, end) == -1)
			return -1;
		n = recv(fd, bytes + got, len - got, MSG_DONTWAIT);
		if (n == 0) {
			errno = EPIPE;
			return -1;
		}
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		got += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int wire_receive(int fd, struct wire *w, int timeout_ms)
{
	const long end = milliseconds_now() + timeout_ms;
	unsigned char bytes[WIRE_FRAME_MAX];
	uint32_t len;

	if (receive_all(fd, (unsigned char *)&len, sizeof(len), end) == -1)
		return -1;
	len = ntohl(len);
	if (len > WIRE_FRAME_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (receive_all(fd, bytes, len, end) == -1)
		return -1;
	wire_read(w, bytes, len);
	return 0;
}
