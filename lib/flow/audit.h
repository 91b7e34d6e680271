/* audit.h - the audit log's events as octets, and their sealing (SBR 5.4; architecture: every transition
 * leaves one).
 *
 * An event's canonical octets are its columns in the order of AUDIT_COLUMNS (sql/statements.def), each as
 * "<length>:<text>," in the manner of netstrings, NULL as "-,". They are hashed into the chain of
 * lib/pki/seal.h.
 */
#ifndef LIB_FLOW_AUDIT_H
#define LIB_FLOW_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

struct buf;
struct db;
struct err;

#define AUDIT_FIELDS 7 /* id, at, actor, event, order_id, address, detail */
extern const char *const audit_field_names[AUDIT_FIELDS];

/* Add an event's canonical octets; a NULL field is SQL NULL. */
void audit_event_octets(struct buf *out, const char *const fields[AUDIT_FIELDS]);

/* Seal the events that are not sealed yet, at most `most` of them; *sealed says how many. An event gets its
 * id before it is committed, so one may appear behind the newest sealed one: `back` ids before that are
 * looked through as well, at 3 us each. Another signer that was faster is no error: *sealed is 0 then. */
int audit_seal(struct db *, EVP_PKEY *key, unsigned back, unsigned most, size_t *sealed, struct err *e);

#endif
