/* hosts.c - the list of database servers; see hosts.h. */
#include "lib/db/hosts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/err.h"

#define PORT_STANDARD 3306
#define PORT_MAX      65535
#define SHARED        16 /* hosts in the file */
#define SHARED_SIZE   (SHARED * sizeof(atomic_llong))

/* Where the name ends and the port begins, or the item's end. */
static const char *name_end(const char *item, const char *end)
{
	const char *close = *item == '[' ? memchr(item, ']', (size_t)(end - item)) : NULL;
	const char *colon =
	    memchr(close == NULL ? item : close, ':', (size_t)(end - (close == NULL ? item : close)));

	return colon == NULL ? end : colon;
}

static int port_read(unsigned *out, const char *digits, const char *end)
{
	size_t len = (size_t)(end - digits);
	unsigned long port;

	*out = PORT_STANDARD;
	if (len == 0)
		return 0;
	if (*digits != ':' || len < 2 || len > 6 || strspn(digits + 1, "0123456789") < len - 1)
		return -1;
	port = strtoul(digits + 1, NULL, 10);
	*out = (unsigned)port;
	return port >= 1 && port <= PORT_MAX ? 0 : -1;
}

/* Read the item between two commas. */
static int host_read(struct db_host *out, const char *item, const char *end, struct err *e)
{
	const char *stop = name_end(item, end);
	size_t len = (size_t)(stop - item);

	if (port_read(&out->port, stop, end) == -1)
		return err_set(e, FAULT_config_invalid, "Db.Hosts: host:port is wanted, not %.*s",
		    (int)(end - item), item);
	if (len >= 2 && *item == '[' && item[len - 1] == ']') {
		item++;
		len -= 2;
	}
	if (len == 0 || strcspn(item, " []") < len)
		return err_set(e, FAULT_config_invalid, "Db.Hosts: not a host's name: %.*s", (int)len, item);
	out->name = strndup(item, len);
	return out->name == NULL ? err_set(e, FAULT_busy, "database: out of memory") : 0;
}

int db_hosts_read(struct db_hosts *hosts, const char *text, struct err *e)
{
	size_t room = 1;

	*hosts = (struct db_hosts){0};
	for (const char *c = text; *c != '\0'; c++)
		room += *c == ',';
	hosts->list = calloc(room, sizeof(*hosts->list));
	if (hosts->list == NULL)
		return err_set(e, FAULT_busy, "database: out of memory");
	for (;;) {
		const char *end = text + strcspn(text, ",");

		if (host_read(&hosts->list[hosts->count], text, end, e) == -1)
			return -1;
		hosts->count++;
		if (*end == '\0')
			return 0;
		text = end + 1;
	}
}

void db_hosts_free(struct db_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		free(hosts->list[i].name);
	free(hosts->list);
	if (hosts->silent != NULL)
		(void)munmap(hosts->silent, SHARED_SIZE);
	*hosts = (struct db_hosts){0};
}

const struct db_host *db_hosts_now(const struct db_hosts *hosts)
{
	return hosts->count == 0 ? NULL : &hosts->list[hosts->at];
}

void db_hosts_turn(struct db_hosts *hosts)
{
	if (hosts->count > 0)
		hosts->at = (hosts->at + 1) % hosts->count;
}

void db_hosts_share(struct db_hosts *hosts, const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *memory = MAP_FAILED;

	if (fd == -1)
		return;
	if (ftruncate(fd, SHARED_SIZE) == 0) /* those who have it mapped see no change */
		memory = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (memory != MAP_FAILED)
		hosts->silent = memory;
}

void db_hosts_silent(struct db_hosts *hosts, double now)
{
	if (hosts->silent != NULL && hosts->at < SHARED)
		atomic_store(&hosts->silent[hosts->at], (long long)(now * 1e3));
}

bool db_hosts_silent_since(const struct db_hosts *hosts, double since, double now)
{
	double at;

	if (hosts->silent == NULL || hosts->at >= SHARED)
		return false;
	at = (double)atomic_load(&hosts->silent[hosts->at]) / 1e3;
	return at > since && at <= now;
}
