/* issuance.c - the signer's transitions; see issuance.h. */
#include "lib/flow/issuance.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/lease.h"
#include "lib/pki/caa_panel.h"

static void issuance_read(struct issuance *i, const struct db_rows *rows, size_t row)
{
	size_t len;

	i->order_id = (uint64_t)db_number(rows, row, "order_id");
	i->order = db_text(rows, row, "order_number");
	i->product = db_text(rows, row, "product");
	i->email = db_text(rows, row, "email");
	i->mailbox_email = db_text(rows, row, "mailbox_email");
	i->initiated_at = (time_t)db_number(rows, row, "initiated_at");
	i->confirmed_at = (time_t)db_number(rows, row, "confirmed_at");
	i->standing = db_number(rows, row, "standing") == 1;
	i->statements = db_number(rows, row, "statements") == 1;
	i->key_blocked = db_number(rows, row, "key_blocked") != 0;
	i->key_in_use = db_number(rows, row, "key_in_use") != 0;
	i->fields = db_text(rows, row, "fields");
	i->csr = (const unsigned char *)db_bytes(rows, row, "csr", &i->csr_len);
	i->spki_sha256 = (const unsigned char *)db_bytes(rows, row, "spki_sha256", &len);
	if (len != 32)
		i->spki_sha256 = NULL;
	i->caa_valid_until = (time_t)db_number(rows, row, "caa_valid_until");
	i->now = (time_t)db_number(rows, row, "now");
	i->taken_until = (time_t)db_number(rows, row, "taken_until");
	i->attempts = (unsigned)db_number(rows, row, "attempts");
}

int issuance_take(struct db *db, struct holder *signer, unsigned n, unsigned lease,
    struct issuance_batch **out, struct err *e)
{
	struct issuance_batch *b = calloc(1, sizeof(*b));
	struct db_rows *rows = NULL;

	if (b == NULL)
		return err_set(e, FAULT_busy, "issuance: out of memory");
	if (lease_take(db, STMT_ISSUANCE_TAKE, signer, n, lease, true, &rows, e) == -1) {
		free(b);
		return -1;
	}
	b->rows = rows;
	b->count = db_rows_count(rows);
	b->list = calloc(b->count + 1, sizeof(*b->list));
	if (b->list == NULL) {
		issuance_batch_free(b);
		return err_set(e, FAULT_busy, "issuance: out of memory");
	}
	for (size_t i = 0; i < b->count; i++)
		issuance_read(&b->list[i], rows, i);
	*out = b;
	return 0;
}

void issuance_batch_free(struct issuance_batch *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; b->list != NULL && i < b->count; i++)
		free(b->list[i].der);
	free(b->list);
	db_rows_free(b->rows);
	free(b);
}

static void hex_add(json_t *object, const char *name, const void *bytes, size_t len)
{
	char hex[65];

	hex_encode(hex, bytes, len);
	(void)json_object_set_new(object, name, json_string(hex));
}

/* One order of a batch, as issuance_reserve and issuance_store_with in transitions.sql read it. ders: where
 * its certificate is added; NULL: it has none yet. */
static json_t *issuance_json(const struct issuance *i, unsigned issuer_id, struct buf *ders)
{
	unsigned char sha256[32];
	json_t *o =
	    json_pack("{s:I, s:I}", "order", (json_int_t)i->order_id, "issuer", (json_int_t)issuer_id);

	if (o == NULL)
		return NULL;
	hex_add(o, "serial", i->serial, sizeof(i->serial));
	hex_add(o, "spki", i->spki, sizeof(i->spki));
	if (ders == NULL) {
		hex_add(o, "tbs", i->tbs_sha256, sizeof(i->tbs_sha256));
		hex_add(o, "number", i->number, sizeof(i->number));
		(void)json_object_set_new(o, "lint", json_string(i->lint == NULL ? "" : i->lint));
		return o;
	}
	(void)EVP_Digest(i->der, i->der_len, sha256, NULL, EVP_sha256(), NULL);
	hex_add(o, "sha256", sha256, sizeof(sha256));
	(void)json_object_set_new(o, "email", json_string(i->email));
	(void)json_object_set_new(o, "not_before", json_integer((json_int_t)i->not_before));
	(void)json_object_set_new(o, "not_after", json_integer((json_int_t)i->not_after));
	(void)json_object_set_new(o, "at", json_integer((json_int_t)ders->len + 1));
	(void)json_object_set_new(o, "len", json_integer((json_int_t)i->der_len));
	buf_add(ders, i->der, i->der_len);
	return o;
}

/* A batch as JSON, malloc'ed; NULL without memory. */
static char *batch_json(unsigned issuer_id, struct issuance **list, size_t n, struct buf *ders)
{
	json_t *batch = json_array();
	char *text;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(batch, issuance_json(list[i], issuer_id, ders));
	text = batch == NULL || json_array_size(batch) != n || (ders != NULL && ders->failed)
		   ? NULL
		   : json_dumps(batch, JSON_COMPACT);
	json_decref(batch);
	return text;
}

static bool rows_have(const struct db_rows *rows, uint64_t order_id)
{
	for (size_t i = 0; i < db_rows_count(rows); i++)
		if ((uint64_t)db_number(rows, i, "order_id") == order_id)
			return true;
	return false;
}

int issuance_reserve(
    struct db *db, const char *signer, unsigned issuer_id, struct issuance **list, size_t n, struct err *e)
{
	struct db_rows *rows = NULL;
	char *batch = batch_json(issuer_id, list, n, NULL);
	int rc;

	if (batch == NULL)
		return err_set(e, FAULT_busy, "issuance: out of memory");
	rc = db_run(db, STMT_ISSUANCE_RESERVE, &rows, e, DB_ARGS(P_TEXT(signer), P_TEXT(batch)));
	for (size_t i = 0; rc == 0 && i < n; i++)
		list[i]->reserved = rows_have(rows, list[i]->order_id);
	db_rows_free(rows);
	free(batch);
	return rc;
}

int issuance_key_check(struct db *db, const struct issuance *i, struct err *e)
{
	return db_run(db, STMT_ISSUANCE_KEY_CHECK, NULL, e,
	    DB_ARGS(P_BYTES(i->spki, sizeof(i->spki)), P_BYTES(i->number, sizeof(i->number))));
}

int issuance_store(
    struct db *db, const char *signer, unsigned issuer_id, struct issuance **list, size_t n, struct err *e)
{
	struct db_rows *rows = NULL;
	struct buf ders = {0};
	char *batch = batch_json(issuer_id, list, n, &ders);
	int rc;

	if (batch == NULL)
		rc = err_set(e, FAULT_busy, "issuance: out of memory");
	else
		rc = db_run(db, STMT_ISSUANCE_STORE, &rows, e,
		    DB_ARGS(P_TEXT(signer), P_TEXT(batch), P_BYTES(ders.data, ders.len)));
	for (size_t i = 0; rc == 0 && i < n; i++)
		list[i]->stored = rows_have(rows, list[i]->order_id);
	db_rows_free(rows);
	buf_free(&ders);
	free(batch);
	return rc;
}

int issuance_return(struct db *db, const char *signer, uint64_t order_id, const char *step,
    const struct err *why, struct err *e)
{
	return db_run(db, STMT_ISSUANCE_RETURN, NULL, e,
	    DB_ARGS(P_NUMBER(order_id), P_TEXT(signer), P_TEXT(step), P_TEXT(fault_code(why->fault)),
		P_TEXT(why->arg)));
}

/* What the remote perspectives saw, as JSON in a text of its own; malloc'ed. NULL: there are none, or no
 * memory. */
static char *views_json(const struct caa_views *views)
{
	json_t *list;
	char *text;

	if (views->count == 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < views->count; i++) {
		const struct caa_view *v = &views->list[i];

		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:s, s:b}", "where", v->where, "decision",
			      caa_decision_word(v->decision), "reason", caa_reason_word(v->reason),
			      "found_at", v->found_at, "secure", (int)v->secure));
	}
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

/* What is told of a look-up in words: at most 2000 octets of ASCII, as everything from DNS is written here.
 */
static void caa_words(struct buf *out, const struct caa_result *r)
{
	buf_printf(out, "%s", caa_reason_word(r->reason));
	if (r->records != NULL && *r->records != '\0')
		buf_printf(out, "; %s", r->records);
	if (r->iodef != NULL && *r->iodef != '\0')
		buf_printf(out, "; iodef %s", r->iodef);
	if (*r->detail != '\0')
		buf_printf(out, "; %s", r->detail);
	if (out->len > 2000)
		out->data[2000] = '\0';
}

/* One look-up, as caa_record in transitions.sql reads it; NULL without memory. */
static json_t *caa_json(const struct issuance_caa *c)
{
	const struct caa_result *r = c->result;
	char *perspectives = views_json(c->views);
	struct buf words = {0};
	json_t *o = NULL;

	caa_words(&words, r);
	if (!words.failed && (perspectives != NULL || c->views->count == 0))
		o = json_pack("{s:I, s:s, s:s, s:s?, s:s, s:i, s:I, s:I, s:s?}", "order",
		    (json_int_t)c->order_id, "domain", r->domain, "decision", caa_decision_word(r->decision),
		    "found_at", *r->found_at == '\0' ? NULL : r->found_at, "records", words.data, "secure",
		    (int)r->secure, "checked_at", (json_int_t)r->checked_at, "valid_until",
		    (json_int_t)r->valid_until, "perspectives", perspectives);
	buf_free(&words);
	free(perspectives);
	return o;
}

int issuance_caa_record(
    struct db *db, const char *signer, const struct issuance_caa *list, size_t n, struct err *e)
{
	json_t *batch = json_array();
	char *text;
	int rc;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(batch, caa_json(&list[i]));
	text = batch == NULL || json_array_size(batch) != n ? NULL : json_dumps(batch, JSON_COMPACT);
	json_decref(batch);
	if (text == NULL)
		return err_set(e, FAULT_busy, "CAA: out of memory");
	rc = db_run(db, STMT_CAA_RECORD, NULL, e, DB_ARGS(P_TEXT(signer), P_TEXT(text)));
	free(text);
	return rc;
}

/* One order that goes back, as issuance_back in transitions.sql reads it; NULL without memory. */
static json_t *back_json(const struct issuance *i, unsigned issuer_id, const struct err *why)
{
	json_t *o = json_pack("{s:I, s:s?}", "order", (json_int_t)i->order_id, "code",
	    why == NULL ? NULL : fault_code(why->fault));

	if (o == NULL || !i->reserved)
		return o;
	(void)json_object_set_new(o, "issuer", json_integer((json_int_t)issuer_id));
	hex_add(o, "serial", i->serial, sizeof(i->serial));
	return o;
}

int issuance_back(struct db *db, const char *signer, unsigned issuer_id, struct issuance **list, size_t n,
    const struct err *why, struct err *e)
{
	json_t *batch = json_array();
	char *text;
	int rc;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(batch, back_json(list[i], issuer_id, why));
	text = batch == NULL || json_array_size(batch) != n ? NULL : json_dumps(batch, JSON_COMPACT);
	json_decref(batch);
	if (text == NULL)
		return err_set(e, FAULT_busy, "issuance: out of memory");
	rc = db_run(db, STMT_ISSUANCE_BACK, NULL, e, DB_ARGS(P_TEXT(signer), P_TEXT(text)));
	free(text);
	return rc;
}

int issuance_later(struct db *db, const char *signer, uint64_t order_id, const struct err *why,
    unsigned pause, struct err *e)
{
	return db_run(db, STMT_ISSUANCE_LATER, NULL, e,
	    DB_ARGS(P_NUMBER(order_id), P_TEXT(signer), P_TEXT(fault_code(why->fault)), P_NUMBER(pause)));
}
