/* audit.c - sealing the audit log; see audit.h. */
#include "lib/flow/audit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/pki/seal.h"

const char *const audit_field_names[AUDIT_FIELDS] = {
    "id", "at", "actor", "event", "order_id", "address", "detail"};

void audit_event_octets(struct buf *out, const char *const fields[AUDIT_FIELDS])
{
	for (int i = 0; i < AUDIT_FIELDS; i++) {
		if (fields[i] == NULL)
			buf_puts(out, "-,");
		else
			buf_printf(out, "%zu:%s,", strlen(fields[i]), fields[i]);
	}
}

/* Where the chain stands: the number and hash of the last sealed event; and what time it is by the database,
 * whose clock gave the events theirs. */
static int head_read(struct db *db, struct seal *seal, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *hash;
	size_t len;

	if (db_run(db, STMT_AUDIT_HEAD, &rows, e, 0, NULL) == -1)
		return -1;
	memcpy(seal->before, seal_origin, sizeof(seal->before));
	seal->first = 1;
	seal->sealed_at = (time_t)db_number(rows, 0, "now");
	hash = db_bytes(rows, 0, "hash", &len);
	if (hash != NULL && len == sizeof(seal->before)) {
		seal->first = (uint64_t)db_number(rows, 0, "last_seq") + 1;
		memcpy(seal->before, hash, len);
	}
	db_rows_free(rows);
	return 0;
}

/* Chain the events of the rows onto seal->before; their ids and hashes go to *batch. */
static int events_chain(const struct db_rows *rows, struct seal *seal, json_t *batch, struct err *e)
{
	struct buf octets = {0};
	char hex[2 * SEAL_HASH_LEN + 1];
	int rc = 0;

	memcpy(seal->head, seal->before, sizeof(seal->head));
	for (size_t i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		const char *fields[AUDIT_FIELDS];

		for (unsigned f = 0; f < AUDIT_FIELDS; f++)
			fields[f] = db_cell(rows, i, f);
		octets.len = 0;
		audit_event_octets(&octets, fields);
		if (octets.failed)
			rc = err_set(e, FAULT_busy, "audit: out of memory");
		else
			rc = seal_event_hash(seal->head, seal->head, octets.data, octets.len, e);
		hex_encode(hex, seal->head, sizeof(seal->head));
		(void)json_array_append_new(
		    batch, json_pack("{s:I, s:s}", "id", (json_int_t)db_number(rows, i, "id"), "hash", hex));
	}
	seal->last = seal->first + db_rows_count(rows) - 1;
	buf_free(&octets);
	return rc;
}

static int seal_store(
    struct db *db, const struct seal *seal, const json_t *batch, bool *stored, struct err *e)
{
	struct db_rows *rows = NULL;
	char *text = json_dumps(batch, JSON_COMPACT);
	int rc;

	if (text == NULL)
		return err_set(e, FAULT_busy, "audit: out of memory");
	rc = db_run(db, STMT_AUDIT_SEAL_ADD, &rows, e,
	    DB_ARGS(P_NUMBER(seal->first), P_NUMBER(seal->last), P_NUMBER(seal->sealed_at),
		P_BYTES(seal->before, sizeof(seal->before)), P_BYTES(seal->head, sizeof(seal->head)),
		P_BYTES(seal->signature, sizeof(seal->signature)), P_TEXT(text)));
	if (rc == 0)
		*stored = db_number(rows, 0, "stored") == 1;
	db_rows_free(rows);
	free(text);
	return rc;
}

int audit_seal(struct db *db, EVP_PKEY *key, unsigned back, unsigned most, size_t *sealed, struct err *e)
{
	struct seal seal = {0};
	struct db_rows *rows = NULL;
	json_t *batch = NULL;
	bool stored = false;
	int rc = -1;

	*sealed = 0;
	if (head_read(db, &seal, e) == -1 ||
	    db_run(db, STMT_AUDIT_UNSEALED, &rows, e, DB_ARGS(P_NUMBER(back), P_NUMBER(most))) == -1)
		return -1;
	if (db_rows_count(rows) == 0) {
		rc = 0;
		goto out;
	}
	batch = json_array();
	if (batch == NULL) {
		(void)err_set(e, FAULT_busy, "audit: out of memory");
		goto out;
	}
	if (events_chain(rows, &seal, batch, e) == -1 || seal_sign(&seal, key, e) == -1 ||
	    seal_store(db, &seal, batch, &stored, e) == -1)
		goto out;
	if (stored)
		*sealed = db_rows_count(rows);
	rc = 0;
out:
	json_decref(batch);
	db_rows_free(rows);
	return rc;
}
