/* wire.h - a bounded coder for messages on a socket: the same function writes and reads, so the two cannot
 * drift.
 *
 * A frame is a length (u32, network order) and that many octets. Numbers are in network order.
 */
#ifndef LIB_IPC_WIRE_H
#define LIB_IPC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX ((size_t)1024)

struct wire {
	unsigned char bytes[WIRE_FRAME_MAX];
	size_t len; /* octets in the frame: filled when reading, grows when writing */
	size_t at;  /* next octet to read */
	bool writing;
	bool failed; /* something was too short, too long or out of bounds */
};

/* Begin a frame to be written; to be read, from len octets (more than fit fail at wire_end()). */
void wire_write(struct wire *);
void wire_read(struct wire *, const void *bytes, size_t len);

/* Code one number: put *v when writing, fill it when reading (0 after a failure). */
void wire_u16(struct wire *, uint16_t *v);
void wire_u64(struct wire *, uint64_t *v);

/* 0, or -1 when anything failed or, reading, octets are left over. */
int wire_end(struct wire *);

/* Send or receive one frame on a socket within timeout_ms; 0, or -1 with errno (ETIMEDOUT, EMSGSIZE, EPIPE at
 * the other's end of stream, …). A frame longer than WIRE_FRAME_MAX is refused before it is read. */
int wire_send(int fd, const struct wire *, int timeout_ms);
int wire_receive(int fd, struct wire *, int timeout_ms);

#endif
