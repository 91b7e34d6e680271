/* outbox.c - the mailer's transitions; see outbox.h. */
#include "lib/flow/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/flow/lease.h"
#include "lib/flow/revocation.h"

static char *text_copy(const struct db_rows *rows, size_t row, const char *column)
{
	const char *text = db_text(rows, row, column);

	return strdup(text == NULL ? "" : text);
}

static int bytes_copy(void **out, size_t *out_len, const struct db_rows *rows, size_t row, const char *column)
{
	const char *bytes = db_bytes(rows, row, column, out_len);

	if (bytes == NULL)
		return 0;
	*out = malloc(*out_len + 1);
	if (*out == NULL)
		return -1;
	memcpy(*out, bytes, *out_len);
	return 0;
}

/* Issuer and root, one behind the other. */
static int chain_copy(struct outbox_row *r, const struct db_rows *rows, size_t row)
{
	size_t issuer_len, root_len;
	const char *issuer = db_bytes(rows, row, "issuer", &issuer_len);
	const char *root = db_bytes(rows, row, "root", &root_len);

	if (issuer == NULL || strcmp(r->kind, "certificate_issued") != 0)
		return 0;
	if (root == NULL)
		root_len = 0;
	r->chain = malloc(issuer_len + root_len + 1);
	if (r->chain == NULL)
		return -1;
	memcpy(r->chain, issuer, issuer_len);
	if (root_len > 0)
		memcpy((char *)r->chain + issuer_len, root, root_len);
	r->chain_len = issuer_len + root_len;
	return 0;
}

static int row_read(struct outbox_row *r, const struct db_rows *rows, size_t row)
{
	char id[64];

	r->id = (uint64_t)db_number(rows, row, "id");
	r->kind = text_copy(rows, row, "kind");
	r->order = text_copy(rows, row, "order_number");
	r->recipient = text_copy(rows, row, "recipient");
	r->address = text_copy(rows, row, "email");
	r->language = text_copy(rows, row, "language");
	r->asker = text_copy(rows, row, "customer_name");
	r->product = text_copy(rows, row, "product");
	r->reason_arg = text_copy(rows, row, "activation_reason_arg");
	r->attempts = (unsigned)db_number(rows, row, "attempts");
	r->created_at = (time_t)db_number(rows, row, "created_at");
	r->now = (time_t)db_number(rows, row, "now");
	r->mailbox_id = (uint64_t)db_number(rows, row, "mailbox_id");
	r->happened_at = (time_t)db_number(rows, row, "happened_at");
	(void)snprintf(
	    id, sizeof(id), "outbox.%llu.%llx", (unsigned long long)r->id, (unsigned long long)r->created_at);
	r->message_id = strdup(id);
	if (r->kind == NULL)
		return -1;
	r->needs_value = strcmp(r->kind, "verification") == 0;
	r->reason = strcmp(r->kind, "revoked") == 0
			? strdup(revocation_reason_word((int)db_number(rows, row, "arg")))
			: text_copy(rows, row, "arg");
	if (r->order == NULL || r->recipient == NULL || r->address == NULL || r->language == NULL ||
	    r->asker == NULL || r->product == NULL || r->reason == NULL || r->reason_arg == NULL ||
	    r->message_id == NULL)
		return -1;
	return bytes_copy(&r->certificate, &r->certificate_len, rows, row, "certificate") == -1
		   ? -1
		   : chain_copy(r, rows, row);
}

int outbox_take(
    struct db *db, struct holder *mailer, unsigned n, unsigned lease, struct outbox_rows **out, struct err *e)
{
	struct db_rows *rows = NULL;
	struct outbox_rows *taken = NULL;
	int rc = -1;

	if (lease_take(db, STMT_OUTBOX_TAKE, mailer, n, lease, true, &rows, e) == -1)
		return -1;
	taken = calloc(1, sizeof(*taken));
	if (taken != NULL)
		taken->list = calloc(db_rows_count(rows) + 1, sizeof(*taken->list));
	if (taken == NULL || taken->list == NULL) {
		(void)err_set(e, FAULT_busy, "outbox: out of memory");
		goto out;
	}
	for (size_t i = 0; i < db_rows_count(rows); i++) {
		taken->count++;
		if (row_read(&taken->list[i], rows, i) == -1) {
			(void)err_set(e, FAULT_busy, "outbox: out of memory");
			goto out;
		}
	}
	*out = taken;
	taken = NULL;
	rc = 0;
out:
	outbox_rows_free(taken);
	db_rows_free(rows);
	return rc;
}

void outbox_rows_free(struct outbox_rows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; rows->list != NULL && i < rows->count; i++) {
		struct outbox_row *r = &rows->list[i];

		free(r->kind);
		free(r->order);
		free(r->recipient);
		free(r->address);
		free(r->language);
		free(r->message_id);
		free(r->asker);
		free(r->product);
		free(r->reason);
		free(r->reason_arg);
		free(r->certificate);
		free(r->chain);
	}
	free(rows->list);
	free(rows);
}

int outbox_value_store(
    struct db *db, const char *mailer, uint64_t id, const uint8_t hash[OUTBOX_HASH_LEN], struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = 0;

	if (db_run(db, STMT_OUTBOX_VALUE, &rows, e,
		DB_ARGS(P_NUMBER(id), P_TEXT(mailer), P_BYTES(hash, OUTBOX_HASH_LEN))) == -1)
		return -1;
	if (strcmp(db_text(rows, 0, "code"), "ok") != 0)
		rc = err_set(
		    e, FAULT_value_replaced, "mail %llu has no purpose any more", (unsigned long long)id);
	db_rows_free(rows);
	return rc;
}

static int outbox_done(struct db *db, const char *mailer, uint64_t id, const char *state, long pause,
    const char *server, const char *reply, struct err *e)
{
	char server_cut[254], reply_cut[513];

	(void)snprintf(server_cut, sizeof(server_cut), "%s", server == NULL ? "" : server);
	(void)snprintf(reply_cut, sizeof(reply_cut), "%s", reply == NULL ? "" : reply);
	return db_run(db, STMT_OUTBOX_DONE, NULL, e,
	    DB_ARGS(P_NUMBER(id), P_TEXT(mailer), P_TEXT(state), P_NUMBER(pause), P_TEXT(server_cut),
		P_TEXT(reply_cut)));
}

int outbox_sent(
    struct db *db, const char *mailer, uint64_t id, const char *server, const char *reply, struct err *e)
{
	return outbox_done(db, mailer, id, "sent", 0, server, reply, e);
}

int outbox_back(struct db *db, const char *mailer, uint64_t id, struct err *e)
{
	return db_run(db, STMT_OUTBOX_BACK, NULL, e, DB_ARGS(P_NUMBER(id), P_TEXT(mailer)));
}

int outbox_later(struct db *db, const char *mailer, uint64_t id, long pause, const char *reply, struct err *e)
{
	return outbox_done(db, mailer, id, "waiting", pause, NULL, reply, e);
}

int outbox_refused(struct db *db, const char *mailer, uint64_t id, const char *reply, struct err *e)
{
	return outbox_done(db, mailer, id, "refused", 0, NULL, reply, e);
}

int outbox_given_up(struct db *db, const char *mailer, uint64_t id, const char *reply, struct err *e)
{
	return outbox_done(db, mailer, id, "given_up", 0, NULL, reply, e);
}
