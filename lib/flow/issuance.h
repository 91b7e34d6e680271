/* issuance.h - step 4, issuance, as the signer sees it: take submitted orders, write serial and hash down,
 * store what was signed, or send an order back.
 *
 * Orders come and go in batches, one transaction a batch. A taken order belongs to one signer for the length
 * of its lease; the database lets only a serial that is still reserved become a certificate, so a signer that
 * was too slow cannot make a second one.
 */
#ifndef LIB_FLOW_ISSUANCE_H
#define LIB_FLOW_ISSUANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct caa_result;
struct caa_views;
struct db;
struct err;
struct holder;

#define ISSUANCE_SERIAL_LEN 16

/* A submitted order with all the signer judges it by. Pointers belong to the batch. */
struct issuance {
	uint64_t order_id;
	const char *order;   /* "0000123456/b01", for the log */
	const char *product; /* id */
	const char *email;   /* of the order */
	const char *mailbox_email;
	time_t initiated_at, confirmed_at; /* of the mailbox verification; confirmed_at 0: never */
	bool standing;                     /* not cancelled, not replaced, both steps where they must be */
	bool statements;                   /* terms and accuracy both accepted, submitted */
	bool key_blocked, key_in_use;
	const char *fields; /* chosen subject fields, comma-separated; NULL: none recorded */
	const unsigned char *csr;
	size_t csr_len;
	const unsigned char *spki_sha256; /* as accepted on the summary; 32 octets or NULL */
	time_t caa_valid_until;           /* of the last CAA look-up that permitted this domain; 0: none */
	time_t now;                       /* the database's clock */
	time_t taken_until;               /* end of the lease: nothing is signed after it */
	unsigned attempts;                /* how often it was taken, this time included */

	/* filled by the signer */
	uint8_t serial[ISSUANCE_SERIAL_LEN];
	uint8_t tbs_sha256[32];
	const char *lint; /* static: name and version of the lint that passed it; NULL: none did */
	time_t not_before, not_after;
	unsigned char *der; /* owned (free): the certificate, once signed */
	size_t der_len;
	uint8_t spki[32];   /* SHA-256 of the SPKI in it */
	uint8_t number[32]; /* and of its key's number (key.h) */
	bool reserved, stored;
};

struct issuance_batch {
	struct issuance *list; /* owned */
	size_t count;
	void *rows; /* what the pointers point into */
};

/* Take up to n orders for lease seconds; the signer has none in hand (see lease.h). *out is the caller's. */
int issuance_take(struct db *, struct holder *signer, unsigned n, unsigned lease, struct issuance_batch **out,
    struct err *e);
void issuance_batch_free(struct issuance_batch *); /* NULL is fine */

/* Write down serial, tbs_sha256 and lint of the given orders before anything is signed; sets reserved on
 * those that may be signed. The database judges once more, in the transaction that writes: verification,
 * statements, CAA and key must hold until the lease ends, whatever was seen when the order was taken.
 * issuer_id: row of table issuer. */
int issuance_reserve(
    struct db *, const char *signer, unsigned issuer_id, struct issuance **list, size_t n, struct err *e);

/* Whether the key of an order that was not reserved is blocked: csr_key_compromised; else 0, it was another
 * reason. */
int issuance_key_check(struct db *, const struct issuance *, struct err *e);

/* Store the certificates of the given orders, end them, write their mails; sets stored. */
int issuance_store(
    struct db *, const char *signer, unsigned issuer_id, struct issuance **list, size_t n, struct err *e);

/* Send an order back to the person: step "mailbox" or "activation", with the fault's code and argument. */
int issuance_return(struct db *, const char *signer, uint64_t order_id, const char *step,
    const struct err *why, struct err *e);

/* What a CAA look-up for an order found, here and at each remote perspective (none: views->count is 0). */
struct issuance_caa {
	uint64_t order_id;
	const struct caa_result *result;
	const struct caa_views *views;
};

/* Keep what CAA look-ups found, each with an audit event (SBR 4.2.2.1, TBR 5.4.1): all n of them, or none. */
int issuance_caa_record(
    struct db *, const char *signer, const struct issuance_caa *list, size_t n, struct err *e);

/* Taken orders that did not have their turn: they go back as they were, behind all that is due now. A serial
 * that was reserved for one must not have come to the key: it counts as unused, for good. issuer_id: row of
 * table issuer. why: what delays them; NULL: nothing that anybody need know. */
int issuance_back(struct db *, const char *signer, unsigned issuer_id, struct issuance **list, size_t n,
    const struct err *why, struct err *e);

/* Try again by itself after pause seconds. */
int issuance_later(
    struct db *, const char *signer, uint64_t order_id, const struct err *why, unsigned pause, struct err *e);

#endif
