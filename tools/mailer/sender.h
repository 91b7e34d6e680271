/* sender.h - one round of the mailer: outbox rows become letters, letters go out, what became of them is
 * recorded.
 *
 * A verification mail's random value exists only here: 32 octets from the CSPRNG, made for this sending, its
 * SHA-256 committed to the database before the mail goes out; every sending makes a new one.
 */
#ifndef TOOLS_MAILER_SENDER_H
#define TOOLS_MAILER_SENDER_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct db;
struct err;
struct sender;

/* Read all that sending needs: words, products, server settings, the certificate that signs. Gives *out to
 * the caller. name ("host:number") is the mailer's name on its leases; it and conf must outlive the sender.
 */
int sender_open(struct sender **out, const struct conf *conf, const char *name, struct err *e);
void sender_close(struct sender *); /* NULL is fine */

/* Asked within a round: once it says true the round ends after the mail under way, and the others go back as
 * they were. */
void sender_stop_when(struct sender *, bool (*asked)(void));

/* Take what is due, up to Mail.Batch rows, send it over one connection and record each verdict as soon as it
 * stands. *taken tells how many rows there were. What concerns one row alone is logged and does not end the
 * round. -1 when nothing could be taken, or verdicts could not be recorded (their rows are sent again after
 * the lease). */
int sender_round(struct sender *, struct db *db, size_t *taken, struct err *e);

#endif
