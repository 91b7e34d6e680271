/* callback.c - rows, body and signature of callbacks; see callback.h. */
#include "lib/flow/callback.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/lease.h"

#define SAYS_MAX 200

int callback_take(struct db *db, struct holder *sender, unsigned n, unsigned lease, bool empty_handed,
    struct db_rows **rows, struct err *e)
{
	return lease_take(db, STMT_CALLBACK_TAKE, sender, n, lease, empty_handed, rows, e);
}

void callback_read(struct callback *out, const struct db_rows *rows, size_t row)
{
	*out = (struct callback){
	    .id = (uint64_t)db_number(rows, row, "id"),
	    .number = db_text(rows, row, "id"),
	    .url = db_text(rows, row, "url"),
	    .secret = db_text(rows, row, "secret"),
	    .order = db_text(rows, row, "order_number"),
	    .partner_ref = db_text(rows, row, "partner_ref"),
	    .status = db_text(rows, row, "status"),
	    .mailbox_status = db_text(rows, row, "mailbox_status"),
	    .activation_status = db_text(rows, row, "activation_status"),
	    .reason = db_text(rows, row, "reason"),
	    .happened_at = db_text(rows, row, "happened_at"),
	    .serial = db_text(rows, row, "serial"),
	    .attempts = (unsigned)db_number(rows, row, "attempts"),
	    .age = (long)db_number(rows, row, "age"),
	    .now = (time_t)db_number(rows, row, "now"),
	};
}

/* What a receiver said is from outside: one line of printable ASCII is kept. */
static void says_clean(char out[SAYS_MAX + 1], const char *says)
{
	size_t n = 0;

	for (; *says != '\0' && n < SAYS_MAX; says++)
		out[n++] = *says >= 0x20 && *says <= 0x7e ? *says : ' ';
	out[n] = '\0';
}

int callback_done(struct db *db, uint64_t id, const char *sender, enum callback_end end, long pause,
    long http_status, const char *says, long milliseconds, struct err *e)
{
	static const char *const states[] = {
	    [CALLBACK_DONE] = "done", [CALLBACK_LATER] = "waiting", [CALLBACK_GIVEN_UP] = "given_up"};
	char kept[SAYS_MAX + 1];

	says_clean(kept, says);
	return db_run(db, STMT_CALLBACK_DONE, NULL, e,
	    DB_ARGS(P_NUMBER(id), P_TEXT(sender), P_TEXT(states[end]), P_NUMBER(pause),
		http_status == 0 ? P_NULL() : P_NUMBER(http_status), P_TEXT(kept), P_NUMBER(milliseconds)));
}

/* name=value, with the '&' that parts it from the field before. An absent value is left out. */
static void body_field(struct buf *out, const char *name, const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	if (value == NULL)
		return;
	buf_printf(out, "%s%s=", out->len == 0 ? "" : "&", name);
	for (; *value != '\0'; value++) {
		if (strchr(plain, *value) != NULL)
			buf_add(out, value, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*value);
	}
}

/* The fields of the post, each with the text it is taken from. */
static const struct {
	const char *name;
	size_t at; /* offset of a const char * */
} fields[] = {
    {"id", offsetof(struct callback, number)},
    {"order", offsetof(struct callback, order)},
    {"partner_ref", offsetof(struct callback, partner_ref)},
    {"status", offsetof(struct callback, status)},
    {"mailbox_status", offsetof(struct callback, mailbox_status)},
    {"activation_status", offsetof(struct callback, activation_status)},
    {"reason", offsetof(struct callback, reason)},
    {"serial", offsetof(struct callback, serial)},
    {"at", offsetof(struct callback, happened_at)},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

const char *callback_field(size_t i)
{
	return i < FIELDS ? fields[i].name : NULL;
}

void callback_body(struct buf *out, const struct callback *c)
{
	for (size_t i = 0; i < FIELDS; i++)
		body_field(out, fields[i].name,
		    *(const char *const *)(const void *)((const char *)c + fields[i].at));
}

void callback_sign(
    char out[CALLBACK_SIGNATURE_ROOM], const char *secret, time_t at, const char *body, size_t len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	struct buf signed_text = {0};

	buf_printf(&signed_text, "%lld.", (long long)at);
	buf_add(&signed_text, body, len);
	out[0] = '\0';
	if (!signed_text.failed &&
	    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)signed_text.data,
		signed_text.len, mac, &mac_len) != NULL) {
		hex_encode(hex, mac, mac_len);
		(void)snprintf(out, CALLBACK_SIGNATURE_ROOM, "t=%lld,v1=%.64s", (long long)at, hex);
	}
	buf_free(&signed_text);
}

long callback_pause(unsigned attempts, long least, long most)
{
	long pause = least;

	while (attempts-- > 1 && pause < most)
		pause *= 2;
	pause = (pause < most ? pause : most) * 1000;
	return pause + random() % (pause / 5 + 1);
}
