/* outbox.h - what must be mailed: rows written in the transaction that wants them, taken by a mailer, sent,
 * and ended with the server's words.
 *
 * A taken row belongs to its mailer for the length of the lease. When the mailer dies before it has recorded
 * the end, the row is taken again after the lease: a mail goes out at least once, and a repeated one carries
 * the same Message-ID. No function here sees a random value, only its hash.
 */
#ifndef LIB_FLOW_OUTBOX_H
#define LIB_FLOW_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct db;
struct err;
struct holder;

#define OUTBOX_VALUE_LEN 32 /* octets of a random value; in the link as base64url */
#define OUTBOX_HASH_LEN  32 /* SHA-256 of those octets */

/* A taken row with the facts its mail names. Strings are owned by the rows; none is NULL, an absent one is
 * "". */
struct outbox_row {
	uint64_t id;
	char *kind;        /* verification, verified, rejected, certificate_issued, problem, revoked;
			    * password_changed, address_changed, key_added, key_removed: about an account */
	char *order;       /* "0000123456/b01"; "" for a mail about an account */
	char *recipient;   /* canonical address: where the mail goes */
	char *address;     /* canonical address: the mailbox the order is about */
	char *language;    /* "en" */
	char *message_id;  /* stable for the row, without angle brackets and domain: "outbox.123.9f86d081" */
	unsigned attempts; /* times the row was taken before this one */
	time_t created_at; /* when the row was written */
	time_t now;        /* the database's clock at taking; ages are counted by it alone */
	uint64_t mailbox_id; /* the verification it belongs to; 0: none */
	bool needs_value;    /* the mail carries a link: make a value, outbox_value_store() before sending */
	char *asker;         /* who asks for the certificate, in their words (orders.customer_name) */
	char *product;       /* id in products.hdf */
	time_t happened_at;  /* verified, rejected, revoked or changed then; 0: the kind has no such time */
	char *reason;      /* problem: fault code; revoked: reason by its RFC 5280 name; account: its login */
	char *reason_arg;  /* problem: what the fault's sentence names as {arg} */
	void *certificate; /* certificate_issued, revoked: DER; NULL otherwise */
	size_t certificate_len;
	void *chain; /* certificate_issued: DER of those above it, one behind the other, issuer first */
	size_t chain_len;
};

struct outbox_rows {
	struct outbox_row *list; /* owned, oldest first */
	size_t count;
};

/* Take up to n rows that are due (waiting, next_at reached, no lease of another mailer) for `lease` seconds,
 * in one transaction that skips rows locked by others; the mailer has nothing in hand (see lease.h). *out is
 * the caller's, with count 0 when nothing is due. */
int outbox_take(
    struct db *, struct holder *mailer, unsigned n, unsigned lease, struct outbox_rows **out, struct err *e);
void outbox_rows_free(struct outbox_rows *); /* NULL is fine */

/* Store the hash of the value this sending of the row carries; dead 24 hours later by the database's clock.
 * Must be committed before the mail goes out. FAULT_value_replaced: the verification was replaced, confirmed
 * or cancelled since the row was written; the row is ended (dropped) and nothing may be sent. FAULT_busy:
 * another mailer has taken the row since the lease ran out; nothing may be sent either. */
int outbox_value_store(
    struct db *, const char *mailer, uint64_t id, const uint8_t hash[OUTBOX_HASH_LEN], struct err *e);

/* The server took the mail. server: its name; reply: its words (one line). Both are cut to fit. Recording a
 * row that has ended already, or that another mailer holds by now, changes nothing and is no error: the
 * record may be repeated. */
int outbox_sent(
    struct db *, const char *mailer, uint64_t id, const char *server, const char *reply, struct err *e);
/* The mail never had its turn, because another one ended the connection: it goes back as it was. */
int outbox_back(struct db *, const char *mailer, uint64_t id, struct err *e);
/* Not now: the row is due again after pause seconds. reply: the server's words, or what hindered. */
int outbox_later(struct db *, const char *mailer, uint64_t id, long pause, const char *reply, struct err *e);
/* Never: the server refused the mail for good. */
int outbox_refused(struct db *, const char *mailer, uint64_t id, const char *reply, struct err *e);
/* Nobody took it in all the time it was tried (Mail.GiveUpAfter). reply: the last words. */
int outbox_given_up(struct db *, const char *mailer, uint64_t id, const char *reply, struct err *e);

#endif
