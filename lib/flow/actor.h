/* actor.h - who acts: not a name but the secret that proves it, handed through to the database with every
 * transition (sql/transitions.sql, order_claim). */
#ifndef LIB_FLOW_ACTOR_H
#define LIB_FLOW_ACTOR_H

#include <stdbool.h>
#include <stddef.h>

#define ACTOR_SECRET_MAX 64
#define SESSION_ID_LEN   ((size_t)32)

enum actor_kind { ACTOR_NOBODY, ACTOR_SESSION, ACTOR_KEY };

struct actor {
	enum actor_kind kind;
	unsigned char secret[ACTOR_SECRET_MAX]; /* the session's id, or the partner's key as text */
	size_t secret_len;
	char address[46]; /* where the request came from, for the audit event */
};

/* The number of an order as people see it: ten digits, a slash, a letter and two digits. */
struct order_number {
	char number[11];
	char item[4];
};

/* Read "0000123456" and "b01" (as two path segments). False when they have any other form. */
bool order_number_read(struct order_number *out, const char *number, const char *item);

/* Arguments of statements (lib/db/db.h). The secret alone, where only sessions are taken; with its kind; and
 * with the order, the four that every transition on one begins with. */
#define P_SECRET(actor)    P_BYTES((actor)->secret, (actor)->secret_len)
#define P_ACTOR(actor)     P_TEXT((actor)->kind == ACTOR_KEY ? "key" : "session"), P_SECRET(actor)
#define P_CLAIM(actor, on) P_ACTOR(actor), P_TEXT((on)->number), P_TEXT((on)->item)

#endif
