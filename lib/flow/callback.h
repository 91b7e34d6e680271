/* callback.h - telling partners of changes: rows written by triggers in the transaction of the change
 * (sql/partner.sql), taken by a sender, posted, and ended with the receiver's answer.
 *
 * A taken row belongs to its sender for the length of the lease. When the sender dies before it has recorded
 * the end, the row is taken again: a callback arrives at least once, and a repeated one carries the same id.
 */
#ifndef LIB_FLOW_CALLBACK_H
#define LIB_FLOW_CALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct buf;
struct db;
struct db_rows;
struct err;
struct holder;

/* A taken row. Texts belong to the rows; reason, partner_ref and serial may be NULL. */
struct callback {
	uint64_t id;
	const char *number; /* the id as text */
	const char *url, *secret;
	const char *order, *partner_ref;
	const char *status;                             /* of the order at that time, in one word */
	const char *mailbox_status, *activation_status; /* of its two steps */
	const char *reason;                             /* fault code: why a step went back */
	const char *happened_at;                        /* ISO 8601 */
	const char *serial;                             /* hex; of an issued or revoked certificate */
	unsigned attempts;                              /* this one included */
	long age;                                       /* seconds since it was first tried, or replayed */
	time_t now;                                     /* the database's clock at taking */
};

/* How an attempt ended. */
enum callback_end { CALLBACK_DONE, CALLBACK_LATER, CALLBACK_GIVEN_UP };

/* Take up to n rows that are due, for `lease` seconds; empty_handed: the sender has none under way (see
 * lease.h). *rows is the caller's to free with db_rows_free(); read each with callback_read(). */
int callback_take(struct db *, struct holder *sender, unsigned n, unsigned lease, bool empty_handed,
    struct db_rows **rows, struct err *e);
void callback_read(struct callback *out, const struct db_rows *rows, size_t row);

/* Record an attempt. pause: milliseconds until the next, for CALLBACK_LATER. http_status 0: no answer; says:
 * what hindered, or the beginning of the answer (cut at 200 octets, made printable). Repeating it changes
 * nothing. */
int callback_done(struct db *, uint64_t id, const char *sender, enum callback_end, long pause,
    long http_status, const char *says, long milliseconds, struct err *e);

/* The form post of a callback, application/x-www-form-urlencoded, added to out. And the names of its fields,
 * in their order; NULL behind the last. */
void callback_body(struct buf *out, const struct callback *);
const char *callback_field(size_t i);

/* The value of the header X-Mailcert-Signature: "t=<unix time>,v1=<hex of HMAC-SHA-256 over "t.body">", with
 * the secret as it was shown to the partner. */
#define CALLBACK_SIGNATURE_ROOM 96
void callback_sign(
    char out[CALLBACK_SIGNATURE_ROOM], const char *secret, time_t at, const char *body, size_t len);

/* Milliseconds to wait after so many attempts: `least` seconds, doubled each time up to `most`, and up to a
 * fifth more so that many do not come back at once. */
long callback_pause(unsigned attempts, long least, long most);

#endif
