/* activation.c - the transitions of step 3; see activation.h. */
#include "lib/flow/activation.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/pki/csr.h"
#include "lib/pki/key.h"
#include "lib/pki/product.h"

int activation_data(struct db *db, const struct actor *actor, const struct order_number *on,
    const char *fields, struct err *e)
{
	return db_run(db, STMT_ACTIVATION_DATA, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_TEXT(fields), P_TEXT(actor->address)));
}

int activation_method(struct db *db, const struct actor *actor, const struct order_number *on,
    const char *method, struct err *e)
{
	return db_run(db, STMT_ACTIVATION_METHOD, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_TEXT(method), P_TEXT(actor->address)));
}

int activation_key(struct db *db, const struct actor *actor, const struct order_number *on,
    const struct csr *csr, struct err *e)
{
	return db_run(db, STMT_ACTIVATION_KEY, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_BYTES(csr->der, csr->der_len),
		P_BYTES(csr->spki_sha256, sizeof(csr->spki_sha256)), P_TEXT(key_word(csr->type)),
		P_NUMBER(csr->bits), P_TEXT(actor->address)));
}

int activation_submit(struct db *db, const struct actor *actor, const struct order_number *on,
    const unsigned char spki_sha256[32], long long *order_id, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *code;
	int rc = 0;

	if (db_run(db, STMT_ACTIVATION_SUBMIT, &rows, e,
		DB_ARGS(P_CLAIM(actor, on), P_BYTES(spki_sha256, 32), P_TEXT(TERMS_VERSION),
		    P_TEXT(actor->address))) == -1)
		return -1;
	code = db_text(rows, 0, "code");
	if (strcmp(code, "ok") == 0)
		*order_id = db_number(rows, 0, "order_id");
	else
		rc = err_set(e, fault_by_code(code), "order %s/%s: %s", on->number, on->item, code);
	db_rows_free(rows);
	return rc;
}

int activation_csr_refused(struct db *db, const struct actor *actor, const struct order_number *on,
    const struct err *why, struct err *e)
{
	return db_run(db, STMT_CSR_REFUSED, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_TEXT(fault_code(why->fault)), P_TEXT(why->arg),
		P_TEXT(actor->address)));
}

int activation_key_pasted(
    struct db *db, const struct actor *actor, const struct key_hashes *key, struct err *e)
{
	return db_run(db, STMT_KEY_PASTED, NULL, e,
	    DB_ARGS(P_BYTES(key->spki, sizeof(key->spki)), P_BYTES(key->number, sizeof(key->number)),
		P_TEXT(actor->address)));
}

int activation_key_check(struct db *db, const struct csr *csr, struct err *e)
{
	return db_run(db, STMT_KEY_CHECK, NULL, e,
	    DB_ARGS(P_BYTES(csr->spki_sha256, sizeof(csr->spki_sha256)),
		P_BYTES(csr->number_sha256, sizeof(csr->number_sha256))));
}
