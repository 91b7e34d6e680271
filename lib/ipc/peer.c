/* peer.c - UNIX sockets with known peers; see peer.h. */
#include "lib/ipc/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/err.h"

#define LISTEN_FD_FIRST 3 /* sd_listen_fds(3) */
#define BACKLOG         64

int peer_uids_read(struct peer_uids *out, const char *list, struct err *e)
{
	out->count = 0;
	if (*list == '\0') {
		out->uids[out->count++] = geteuid();
		return 0;
	}
	while (*list != '\0') {
		char name[64], *end;
		size_t len = strcspn(list, ",");
		const struct passwd *pw;
		unsigned long number;

		(void)snprintf(
		    name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), list);
		number = strtoul(name, &end, 10);
		pw = *end == '\0' && end != name ? NULL : getpwnam(name);
		if (pw == NULL && (*end != '\0' || end == name))
			return err_set(e, FAULT_config_invalid, "no user %s", name);
		if (out->count == PEER_UIDS_MAX)
			return err_set(e, FAULT_config_invalid, "more than %d peers", PEER_UIDS_MAX);
		out->uids[out->count++] = pw != NULL ? pw->pw_uid : (uid_t)number;
		list += len;
		list += strspn(list, ", ");
	}
	return 0;
}

static int address_make(struct sockaddr_un *sun, const char *path, struct err *e)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun->sun_path))
		return err_set(e, FAULT_config_invalid, "socket path longer than %zu: %s",
		    sizeof(sun->sun_path) - 1, path);
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return 0;
}

/* The socket that systemd made for us, or -1. */
static int listener_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != (long)getpid() || strcmp(fds, "1") != 0)
		return -1;
	return LISTEN_FD_FIRST;
}

int peer_listen(int *out, const char *path, struct err *e)
{
	struct sockaddr_un sun;
	mode_t mask;
	int fd = listener_inherited(), bound;

	if (fd != -1) {
		*out = fd;
		return 0;
	}
	if (address_make(&sun, path, e) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return err_errno(e, FAULT_internal, "socket");
	(void)unlink(path);
	mask = umask(0117);
	bound = bind(fd, (const struct sockaddr *)&sun, sizeof(sun));
	(void)umask(mask);
	if (bound == -1 || listen(fd, BACKLOG) == -1) {
		(void)err_errno(e, FAULT_internal, "listen on %s", path);
		(void)close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

int peer_accept(int *out, int listener, const struct peer_uids *uids, struct err *e)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	*out = -1;
	if (fd == -1)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED
			   ? 0
			   : err_errno(e, FAULT_internal, "accept");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1) {
		(void)close(fd);
		return err_errno(e, FAULT_internal, "SO_PEERCRED");
	}
	for (size_t i = 0; i < uids->count; i++) {
		if (uids->uids[i] == who.uid) {
			*out = fd;
			return 0;
		}
	}
	(void)close(fd);
	return err_set(
	    e, FAULT_internal, "peer with uid %u, pid %d refused", (unsigned)who.uid, (int)who.pid);
}

int peer_connect(int *out, const char *path, int timeout_ms, struct err *e)
{
	struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	struct sockaddr_un sun;
	int fd;

	if (address_make(&sun, path, e) == -1)
		return -1;
	/* a blocking connect() waits for room in the listener's queue, and no time limit at all would be one
	 * of 0 */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (timeout_ms == 0 ? SOCK_NONBLOCK : 0), 0);
	if (fd == -1)
		return err_errno(e, FAULT_internal, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == -1) {
		(void)err_errno(e, FAULT_busy, "connect to %s", path);
		(void)close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

int peer_drop_root(const char *user, struct err *e)
{
	const struct passwd *pw;

	if (*user == '\0' || geteuid() != 0)
		return 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return err_set(e, FAULT_config_invalid, "no user %s", user);
	if (initgroups(user, pw->pw_gid) == -1 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		return err_errno(e, FAULT_internal, "become %s", user);
	return 0;
}
