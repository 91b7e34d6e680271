/* hosts.h - the database servers of a cluster, and which of them to ask next.
 *
 * A program keeps to one host as long as it answers and goes on to the next when it does not, so that a host
 * that is gone costs its time limit once and not with every connection.
 */
#ifndef LIB_DB_HOSTS_H
#define LIB_DB_HOSTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

struct db_host {
	char *name;    /* name or address, without brackets */
	unsigned port; /* 3306 when none is given */
};

struct db_hosts {
	struct db_host *list; /* owned */
	size_t count;
	size_t at;            /* the one to ask now */
	atomic_llong *silent; /* when each was silent, in ms; a file's memory, or NULL: we tell nobody */
};

/* Read "host:port,host:port" (an IPv6 address stands in brackets, the port may be left out).
 * FAULT_config_invalid when it is empty or not of that form. What hosts holds is freed by db_hosts_free(),
 * also after a failure. */
int db_hosts_read(struct db_hosts *, const char *text, struct err *e);
void db_hosts_free(struct db_hosts *);

/* The host to ask now; and say that it did not serve, so that the next in the circle is asked. */
const struct db_host *db_hosts_now(const struct db_hosts *);
void db_hosts_turn(struct db_hosts *);

/* Tell the other processes that share `path` (a file of 0600, made when it is not there) which host was
 * silent, and hear it from them: then one of them waits for a host that is gone without a word, not each.
 * Where the file cannot be had, and for hosts behind the sixteenth, each finds out by itself. Times are
 * seconds of CLOCK_MONOTONIC, which the processes of a machine have in common. */
void db_hosts_share(struct db_hosts *, const char *path);
/* The host to ask now was silent just now. */
void db_hosts_silent(struct db_hosts *, double now);
/* Whether anybody said so of it after `since`. What a machine said before it was started anew counts for
 * nothing. */
bool db_hosts_silent_since(const struct db_hosts *, double since, double now);

#endif
