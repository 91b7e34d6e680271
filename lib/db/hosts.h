/* hosts.h - the database servers of a cluster, and which of them to ask next.
 *
 * A program keeps to one host as long as it answers and goes on to the next when it does not, so that a host
 * that is gone costs its time limit once and not with every connection.
 */
#ifndef LIB_DB_HOSTS_H
#define LIB_DB_HOSTS_H

#include <stddef.h>

struct err;

struct db_host {
	char *name;    /* name or address, without brackets */
	unsigned port; /* 3306 when none is given */
};

struct db_hosts {
	struct db_host *list; /* owned */
	size_t count;
	size_t at; /* the one to ask now */
};

/* Read "host:port,host:port" (an IPv6 address stands in brackets, the port may be left out).
 * FAULT_config_invalid when it is empty or not of that form. What hosts holds is freed by db_hosts_free(),
 * also after a failure. */
int db_hosts_read(struct db_hosts *, const char *text, struct err *e);
void db_hosts_free(struct db_hosts *);

/* The host to ask now; and say that it did not serve, so that the next in the circle is asked. */
const struct db_host *db_hosts_now(const struct db_hosts *);
void db_hosts_turn(struct db_hosts *);

#endif
