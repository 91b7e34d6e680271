/* instance.h - which of a host's processes of one kind this is, so that it can know its dead predecessor.
 *
 * Work is leased to a process by name. A name with the process id in it dies with the process, and what it
 * had taken waits for the lease to end. A name such as "host:1" is taken up by the process that is started in
 * its place, which then knows that whoever had it before is dead and takes over at once.
 */
#ifndef LIB_BASE_INSTANCE_H
#define LIB_BASE_INSTANCE_H

struct conf;
struct err;

#define INSTANCE_NAME_MAX 64

/* Take the lowest number that no other process of this kind ("mailer"), host and database holds, until this
 * process ends, however it ends. Writes "host:number" to name. The number is held by a bound socket in the
 * abstract namespace, so it needs no file and no rights, and anybody on this host may hold them: when all are
 * held the process goes on under a number by chance that nobody takes up, says so in the log, and what it
 * leaves behind waits for the lease to end. FAULT_busy: no socket can be made. */
int instance_take(char name[INSTANCE_NAME_MAX], const char *kind, const struct conf *, struct err *e);

#endif
