/* instance.c - numbers for processes, held by the kernel; see instance.h. */
#include "lib/base/instance.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

#define INSTANCES 64

/* A short mark of the database, so that two installations on one host do not share their numbers (FNV-1a). */
static unsigned long long database_mark(const struct conf *conf)
{
	const enum setting settings[] = {SET_DB_SOCKET, SET_DB_HOSTS, SET_DB_NAME};
	unsigned long long mark = 14695981039346656037ULL;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *text = conf_text(conf, settings[i]);

		do
			mark = (mark ^ (unsigned char)*text) * 1099511628211ULL;
		while (*text++ != '\0');
	}
	return mark;
}

/* 0: the number is ours now; 1: somebody holds it; -1. */
static int number_take(const char *kind, unsigned long long mark, int number, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), len;

	if (fd == -1)
		return err_errno(e, FAULT_busy, "instance: socket");
	len = snprintf(
	    address.sun_path + 1, sizeof(address.sun_path) - 1, "mailcert-%s-%llx-%d", kind, mark, number);
	if (bind(fd, (const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
		return 0; /* it stays open as long as the process lives */
	(void)close(fd);
	return errno == EADDRINUSE ? 1 : err_errno(e, FAULT_busy, "instance: bind");
}

int instance_take(char name[INSTANCE_NAME_MAX], const char *kind, const struct conf *conf, struct err *e)
{
	unsigned long long mark = database_mark(conf);
	char host[41] = "host";
	unsigned chance;

	(void)gethostname(host, sizeof(host) - 1);
	for (int number = 1; number <= INSTANCES; number++) {
		int rc = number_take(kind, mark, number, e);

		if (rc == -1)
			return -1;
		if (rc == 0) {
			(void)snprintf(name, INSTANCE_NAME_MAX, "%s:%d", host, number);
			return 0;
		}
	}
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		return err_errno(e, FAULT_busy, "instance: random number");
	(void)snprintf(name, INSTANCE_NAME_MAX, "%s:%u", host, (chance | 1U << 31));
	log_line(LOG_LEVEL_WARNING,
	    "instance: all %d numbers of kind %s are held; what %s leaves behind waits for its lease to end",
	    INSTANCES, kind, name);
	return 0;
}
