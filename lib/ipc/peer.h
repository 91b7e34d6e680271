/* peer.h - UNIX sockets whose other end is known: the kernel says which user speaks. */
#ifndef LIB_IPC_PEER_H
#define LIB_IPC_PEER_H

#include <stddef.h>
#include <sys/types.h>

struct err;

#define PEER_UIDS_MAX 16

/* The users that may speak. */
struct peer_uids {
	uid_t uids[PEER_UIDS_MAX];
	size_t count;
};

/* Read a comma-separated list of user names and ids; empty means this process's own user only. */
int peer_uids_read(struct peer_uids *out, const char *list, struct err *e);

/* Listen on a UNIX stream socket at path (mode 0660), replacing a stale one. Gives the descriptor. A socket
 * handed over by systemd (LISTEN_FDS=1) is taken instead. */
int peer_listen(int *out, const char *path, struct err *e);

/* Accept one connection; -1 in *out when there was none (EAGAIN) or its user may not speak (then e says who:
 * the caller logs it). Returns 0 or, for a fault, -1. */
int peer_accept(int *out, int listener, const struct peer_uids *, struct err *e);

/* Connect to path within timeout_ms, or at once with 0; FAULT_busy when nobody listens or has room for us. */
int peer_connect(int *out, const char *path, int timeout_ms, struct err *e);

/* Become that user for good (supplementary groups too), when started as root and user is not empty. */
int peer_drop_root(const char *user, struct err *e);

#endif
