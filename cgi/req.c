/* req.c - building answers; see req.h. */
#include "cgi/req.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base/conf.h"

void req_header(struct req *r, const char *name, const char *fmt, ...)
{
	char value[BACK_MAX + 100];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	value[strcspn(value, "\r\n")] = '\0';
	buf_printf(&r->headers, "%s: %s\r\n", name, value);
}

int req_see_other(struct req *r, const char *fmt, ...)
{
	char path[BACK_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	r->status = 303;
	req_header(r, "Location", "%s", path);
	return 0;
}

int req_file(struct req *r, const char *type, const char *name, const void *bytes, size_t len)
{
	(void)snprintf(r->type, sizeof(r->type), "%s", type);
	req_header(r, "Content-Disposition", "attachment; filename=\"%s\"", name);
	r->named = true;
	r->status = 200;
	r->body.len = 0;
	buf_add(&r->body, bytes, len);
	return 0;
}

int req_json(struct req *r, struct json_t *whole, struct err *e)
{
	char *text = whole == NULL ? NULL : json_dumps(whole, JSON_COMPACT);

	json_decref(whole);
	if (text == NULL)
		return err_set(e, FAULT_busy, "answer in JSON: out of memory");
	r->body.len = 0;
	buf_puts(&r->body, text);
	buf_puts(&r->body, "\n");
	(void)snprintf(r->type, sizeof(r->type), "application/json");
	free(text);
	return 0;
}

/* SHA-256 as found once: EVP_sha256() is looked for anew at each use. Kept until the process ends. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *found;

	if (found == NULL)
		found = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	return found == NULL ? EVP_sha256() : found;
}

void req_form_token(struct req *r, char out[44])
{
	unsigned char seed[ACTOR_SECRET_MAX + 8] = "form", digest[32];
	size_t len = 4;

	if (r->actor.kind == ACTOR_SESSION) {
		memcpy(seed + len, r->actor.secret, r->actor.secret_len);
		len += r->actor.secret_len;
	} else {
		if (r->visitor[0] == '\0') {
			unsigned char id[24];

			(void)RAND_bytes(id, sizeof(id));
			base64url_encode(r->visitor, id, sizeof(id));
			r->visitor_new = true;
		}
		len += (size_t)snprintf((char *)seed + len, sizeof(seed) - len, "%s", r->visitor);
	}
	(void)EVP_Digest(seed, len, digest, NULL, sha256(), NULL);
	base64url_encode(out, digest, sizeof(digest));
	OPENSSL_cleanse(seed, sizeof(seed));
}

bool req_form_token_good(struct req *r)
{
	const struct field *f = form_find(&r->form, "form_token");
	char want[44];

	req_form_token(r, want);
	return f != NULL && f->len == strlen(want) && CRYPTO_memcmp(f->value, want, f->len) == 0;
}

int req_order_number(struct req *r, struct order_number *out, struct err *e)
{
	if (order_number_read(out, r->params[0], r->params[1]))
		return 0;
	return err_set(e, FAULT_not_found, "no order number in %.100s", r->path);
}

int req_id(const struct req *r, int param, int64_t *out, struct err *e)
{
	const char *text = r->params[param];
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return err_set(e, FAULT_not_found, "no number in %.100s", r->path);
	*out = strtoll(text, NULL, 10);
	return 0;
}

void req_filter(const struct req *r, const char *name, char *out, size_t room)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
	const char *typed = form_text(&r->query, name);
	size_t len = strlen(typed);

	(void)snprintf(out, room, "%s", len < room && strspn(typed, letters) == len ? typed : "?");
}

void req_cookie_session(struct req *r, const struct actor *actor)
{
	char id[BASE64URL_ROOM(SESSION_ID_LEN)] = "";

	if (actor->kind == ACTOR_SESSION)
		base64url_encode(id, actor->secret, SESSION_ID_LEN);
	req_header(r, "Set-Cookie", "%smailcert=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
	    r->w->secure ? "__Host-" : "", id, r->w->secure ? "; Secure" : "",
	    *id == '\0' ? "; Max-Age=0" : "");
	OPENSSL_cleanse(id, sizeof(id));
}

const char *req_back(const char *typed, const char *fallback)
{
	if (typed[0] != '/' || typed[1] == '/' || typed[1] == '\\' || strlen(typed) > BACK_MAX)
		return fallback;
	for (const char *p = typed; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e || *p == '\\' || *p == '"')
			return fallback;
	return typed;
}
