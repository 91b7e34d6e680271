/* partner.c - the transitions of partners; see partner.h. */
#include "lib/flow/partner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/activation.h"
#include "lib/pki/csr.h"
#include "lib/pki/product.h"

#define REF_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/"

const char *const partner_scopes[PARTNER_SCOPES] = {"order", "read", "revoke"};

#define SECRET_LEN 32
_Static_assert(
    sizeof(PARTNER_KEY_PREFIX) - 1 + BASE64URL_ROOM(SECRET_LEN) <= PARTNER_SECRET_ROOM, "a key has room");

int partner_secret_make(char out[PARTNER_SECRET_ROOM], const char *prefix, struct err *e)
{
	unsigned char octets[SECRET_LEN];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return err_set(e, FAULT_internal, "no random octets for a secret");
	(void)snprintf(out, PARTNER_SECRET_ROOM, "%s", prefix);
	base64url_encode(out + strlen(prefix), octets, sizeof(octets));
	OPENSSL_cleanse(octets, sizeof(octets));
	return 0;
}

bool partner_ref_good(const char *ref)
{
	size_t len = strlen(ref);

	return len > 0 && len <= PARTNER_REF_MAX && strspn(ref, REF_CHARS) == len;
}

bool customer_name_good(const char *name)
{
	/* Line and paragraph separator, embeddings, overrides and isolates of bidirectional text, U+2028 to
	 * U+202E and U+2066 to U+2069: with them a name reads as another than it is. */
	static const char *const deceiving[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
	    "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7",
	    "\xe2\x81\xa8", "\xe2\x81\xa9"};
	size_t len = strlen(name);

	if (len == 0 || len > CUSTOMER_NAME_MAX || !utf8_valid(name, len))
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	for (size_t i = 0; i < sizeof(deceiving) / sizeof(deceiving[0]); i++)
		if (strstr(name, deceiving[i]) != NULL)
			return false;
	return true;
}

bool callback_url_good(const char *url)
{
	static const char scheme[] = "https://";
	const char *host = url + strlen(scheme);
	size_t host_len;

	if (strlen(url) > CALLBACK_URL_MAX || strncmp(url, scheme, strlen(scheme)) != 0)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e || strchr("\"<>\\^`{|}#", *p) != NULL)
			return false;
	host_len = strcspn(host, "/?");
	return host_len > 0 && *host != ':' && memchr(host, '@', host_len) == NULL;
}

/* A request's four columns, NULL when there is none. */
#define P_CSR(csr)                                                                              \
	(csr) == NULL ? P_NULL() : P_BYTES((csr)->der, (csr)->der_len),                         \
	    (csr) == NULL ? P_NULL() : P_BYTES((csr)->spki_sha256, sizeof((csr)->spki_sha256)), \
	    (csr) == NULL ? P_NULL() : P_TEXT(key_word((csr)->type)),                           \
	    (csr) == NULL ? P_NULL() : P_NUMBER((csr)->bits)

int partner_order_add(struct db *db, const struct actor *actor, const struct partner_order *o,
    struct order_number *out, bool *made, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = 0;

	if (db_run(db, STMT_PARTNER_ORDER_ADD, &rows, e,
		DB_ARGS(P_ACTOR(actor), P_TEXT(o->ref), P_TEXT(o->product), P_TEXT(o->email),
		    P_TEXT(o->language), P_TEXT(o->customer_name), P_TEXT(o->fields), P_CSR(o->csr),
		    P_TEXT(o->callback), P_TEXT(actor->address))) == -1)
		return -1;
	*made = strcmp(db_text(rows, 0, "code"), "made") == 0;
	if (!order_number_read(out, db_text(rows, 0, "number"), db_text(rows, 0, "item")))
		rc = err_set(e, FAULT_internal, "partner's order: no number came back");
	db_rows_free(rows);
	return rc;
}

int partner_email(
    struct db *db, const struct actor *actor, const struct order_number *on, const char *email, struct err *e)
{
	return db_run(db, STMT_PARTNER_EMAIL, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_TEXT(email), P_TEXT(actor->address)));
}

int partner_activate(struct db *db, const struct actor *actor, const struct order_number *on,
    const char *fields, const struct csr *csr, long long *order_id, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *code;
	int rc = 0;

	if (db_run(db, STMT_PARTNER_ACTIVATE, &rows, e,
		DB_ARGS(P_CLAIM(actor, on), P_TEXT(fields), P_CSR(csr), P_TEXT(TERMS_VERSION),
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

int partner_cancel(struct db *db, const struct actor *actor, const struct order_number *on, struct err *e)
{
	return db_run(db, STMT_PARTNER_CANCEL, NULL, e, DB_ARGS(P_CLAIM(actor, on), P_TEXT(actor->address)));
}
