/* cmd_audit.c - mailcertctl audit: read the audit log, take it out with its seals, and prove it whole
 * offline.
 *
 * An export is text, one JSON object a line: {"event": {"seq", "id", "at", …}} and behind the events it
 * covers
 * {"seal": {…}}. verify needs that file and the public key, no database: run it on another machine.
 */
#include "tools/mailcertctl/ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/audit.h"
#include "lib/pki/seal.h"

#define PAGE         5000
#define PUBLIC_MAX   4096
#define KEYS_MAX     16
#define UNSEALED_OLD 300 /* seconds; an event unsealed for longer means that no signer seals */

/* --- list --- */

static int run_list(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	const char *order = ctl_option_or(ctl, "order", "");
	long limit;
	int rc;

	if (ctl_number(ctl, "limit", 50, 1, 100000, &limit, e) == -1)
		return -1;
	if (strncmp(order, "ORDER/", 6) == 0)
		order += 6;
	rc = db_run(ctl->db, STMT_ADMIN_AUDIT_LIST, &rows, e, DB_ARGS(P_TEXT(order), P_NUMBER(limit)));
	if (rc == 0)
		rc = output_rows(ctl->form, rows, "id", "", e);
	db_rows_free(rows);
	return rc;
}

/* --- export --- */

static int line_write(FILE *to, const char *kind, json_t *object, struct err *e)
{
	json_t *line = json_pack("{s:o}", kind, object);
	int rc = line == NULL || json_dumpf(line, to, JSON_COMPACT) == -1 || fputc('\n', to) == EOF
		     ? ctl_refuse(e, "the export cannot be written: %s", strerror(errno))
		     : 0;

	json_decref(line);
	return rc;
}

static int event_write(FILE *to, const struct db_rows *rows, size_t row, struct err *e)
{
	json_t *o = json_pack("{s:I}", "seq", (json_int_t)db_number(rows, row, "seq"));

	for (unsigned f = 0; o != NULL && f < AUDIT_FIELDS; f++) {
		const char *value = db_cell(rows, row, f + 1);

		(void)json_object_set_new(
		    o, audit_field_names[f], value == NULL ? json_null() : json_string(value));
	}
	return line_write(to, "event", o, e);
}

static void hex_set(json_t *o, const char *name, const struct db_rows *rows, size_t row, const char *column)
{
	char hex[257] = "";
	size_t len;
	const char *bytes = db_bytes(rows, row, column, &len);

	if (bytes != NULL && len <= 128)
		hex_encode(hex, bytes, len);
	(void)json_object_set_new(o, name, json_string(hex));
}

static int seal_write(FILE *to, const struct db_rows *rows, size_t row, struct err *e)
{
	json_t *o = json_pack("{s:I, s:I, s:I}", "first", (json_int_t)db_number(rows, row, "first_seq"),
	    "last", (json_int_t)db_number(rows, row, "last_seq"), "sealed_at",
	    (json_int_t)db_number(rows, row, "sealed_at"));

	hex_set(o, "before", rows, row, "before_hash");
	hex_set(o, "head", rows, row, "hash");
	hex_set(o, "signature", rows, row, "signature");
	return line_write(to, "seal", o, e);
}

/* Write a whole table by pages: column `by` is the number a page goes on from. */
static int pages_write(struct ctl *ctl, FILE *to, enum stmt s, const char *by,
    int (*write)(FILE *, const struct db_rows *, size_t, struct err *), size_t *written, struct err *e)
{
	int64_t after = 0;
	size_t count;

	do {
		struct db_rows *rows = NULL;

		if (db_run(ctl->db, s, &rows, e, DB_ARGS(P_NUMBER(after), P_NUMBER(PAGE))) == -1)
			return -1;
		count = db_rows_count(rows);
		for (size_t i = 0; i < count; i++) {
			if (write(to, rows, i, e) == -1) {
				db_rows_free(rows);
				return -1;
			}
			after = db_number(rows, i, by);
		}
		db_rows_free(rows);
		*written += count;
	} while (count == PAGE);
	return 0;
}

static int run_export(struct ctl *ctl, struct err *e)
{
	const char *path = ctl->args[0];
	FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "wx");
	size_t events = 0, seals = 0;
	int rc;

	if (to == NULL)
		return ctl_refuse(e, "%s: %s", path, strerror(errno));
	rc = pages_write(ctl, to, STMT_ADMIN_AUDIT_EVENTS, "seq", event_write, &events, e);
	if (rc == 0)
		rc = pages_write(ctl, to, STMT_ADMIN_AUDIT_SEALS, "last_seq", seal_write, &seals, e);
	if (to != stdout && fclose(to) == EOF && rc == 0)
		rc = ctl_refuse(e, "%s: %s", path, strerror(errno));
	if (rc == 0)
		ctl_note(ctl, "%zu events, %zu seals", events, seals);
	return rc;
}

/* --- verify --- */

/* The chain as it is walked: the hash after every event, so that the seals can be held against it. */
struct walk {
	unsigned char (*hashes)[SEAL_HASH_LEN]; /* owned; [0] is the origin, [n] after event n */
	size_t count, room;
	uint64_t sealed; /* last event of the last good seal */
	size_t seals;
	EVP_PKEY *keys[KEYS_MAX]; /* in the order they were used */
	size_t key_count, key;    /* the one that signed the last seal */
};

static int event_verify(struct walk *w, const json_t *event, struct err *e)
{
	const char *fields[AUDIT_FIELDS];
	struct buf octets = {0};
	int rc;

	if ((size_t)json_integer_value(json_object_get(event, "seq")) != w->count)
		return ctl_refuse(e, "event %zu is missing or out of order", w->count);
	if (w->count + 1 > w->room) {
		size_t room = w->room * 2 + 1024;
		void *grown = realloc(w->hashes, room * sizeof(*w->hashes));

		if (grown == NULL)
			return err_set(e, FAULT_busy, "audit: out of memory");
		w->hashes = grown;
		w->room = room;
	}
	for (int f = 0; f < AUDIT_FIELDS; f++)
		fields[f] = json_string_value(json_object_get(event, audit_field_names[f]));
	audit_event_octets(&octets, fields);
	rc = octets.failed
		 ? err_set(e, FAULT_busy, "audit: out of memory")
		 : seal_event_hash(w->hashes[w->count], w->hashes[w->count - 1], octets.data, octets.len, e);
	buf_free(&octets);
	w->count += rc == 0;
	return rc;
}

/* Whether the key in use signed the seal, or a later one, which is in use from here on. */
static bool seal_signed(struct walk *w, const struct seal *seal)
{
	struct err ignored;

	for (size_t i = w->key; i < w->key_count; i++)
		if (seal_verify(seal, w->keys[i], &ignored) == 0) {
			w->key = i;
			return true;
		}
	return false;
}

static int seal_check(struct walk *w, const json_t *o, struct err *e)
{
	struct seal seal = {.first = (uint64_t)json_integer_value(json_object_get(o, "first")),
	    .last = (uint64_t)json_integer_value(json_object_get(o, "last")),
	    .sealed_at = (time_t)json_integer_value(json_object_get(o, "sealed_at"))};
	const char *before = json_string_value(json_object_get(o, "before"));
	const char *head = json_string_value(json_object_get(o, "head"));
	const char *signature = json_string_value(json_object_get(o, "signature"));

	if (before == NULL || head == NULL || signature == NULL ||
	    hex_decode(seal.before, sizeof(seal.before), before) == -1 ||
	    hex_decode(seal.head, sizeof(seal.head), head) == -1 ||
	    hex_decode(seal.signature, sizeof(seal.signature), signature) == -1)
		return ctl_refuse(e, "a seal cannot be read");
	if (seal.first != w->sealed + 1 || seal.last < seal.first)
		return ctl_refuse(e, "the seal after event %" PRIu64 " is missing", w->sealed);
	if (seal.last >= w->count)
		return ctl_refuse(
		    e, "event %zu is missing: a seal covers up to %" PRIu64, w->count, seal.last);
	if (!seal_signed(w, &seal))
		return ctl_refuse(e, "the signature over events %" PRIu64 " to %" PRIu64 " is false",
		    seal.first, seal.last);
	if (memcmp(seal.before, w->hashes[seal.first - 1], SEAL_HASH_LEN) != 0 ||
	    memcmp(seal.head, w->hashes[seal.last], SEAL_HASH_LEN) != 0)
		return ctl_refuse(
		    e, "an event from %" PRIu64 " to %" PRIu64 " was changed", seal.first, seal.last);
	w->sealed = seal.last;
	w->seals++;
	return 0;
}

static int line_verify(struct walk *w, const char *text, size_t len, struct err *e)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	json_t *event = json_object_get(line, "event"), *seal = json_object_get(line, "seal");
	int rc;

	if (event != NULL)
		rc = event_verify(w, event, e);
	else if (seal != NULL)
		rc = seal_check(w, seal, e);
	else
		rc = ctl_refuse(e, "behind event %zu: not a line of an export", w->count - 1);
	json_decref(line);
	return rc;
}

/* The public keys of the file given. */
static int keys_read(struct ctl *ctl, struct walk *w, struct err *e)
{
	static const char begin[] = "-----BEGIN ";
	const char *path = ctl_option(ctl, "key"), *at;
	char *pem;
	int rc = 0;

	if (path == NULL)
		return ctl_usage(ctl, e, "--key FILE, the public key of audit key, is wanted");
	if (file_read(path, PUBLIC_MAX, &pem, NULL, e) == -1)
		return -1;
	for (at = pem; rc == 0 && w->key_count < KEYS_MAX && (at = strstr(at, begin)) != NULL;
	     at += strlen(begin)) {
		rc = seal_public_read(&w->keys[w->key_count], at, e);
		w->key_count += rc == 0;
	}
	free(pem);
	if (rc == 0 && w->key_count == 0)
		rc = ctl_refuse(e, "%s: no public key", path);
	return rc;
}

static int run_verify(struct ctl *ctl, struct err *e)
{
	struct walk w = {.count = 1, .room = 1};
	FILE *from = fopen(ctl->args[0], "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int rc = -1;

	if (from == NULL)
		return ctl_refuse(e, "%s: %s", ctl->args[0], strerror(errno));
	w.hashes = calloc(1, sizeof(*w.hashes));
	if (w.hashes == NULL) {
		(void)err_set(e, FAULT_busy, "audit: out of memory");
		goto out;
	}
	memcpy(w.hashes[0], seal_origin, SEAL_HASH_LEN);
	if (keys_read(ctl, &w, e) == -1)
		goto out;
	rc = 0;
	while (rc == 0 && (len = getline(&line, &room, from)) > 0)
		rc = line_verify(&w, line, (size_t)len, e);
	if (rc == 0 && w.sealed + 1 != w.count)
		rc = ctl_refuse(e, "events %" PRIu64 " to %zu are under no seal", w.sealed + 1, w.count - 1);
	if (rc == 0)
		(void)printf("whole: %zu events under %zu seals\n", w.count - 1, w.seals);
out:
	free(line);
	free(w.hashes);
	for (size_t i = 0; i < w.key_count; i++)
		EVP_PKEY_free(w.keys[i]);
	(void)fclose(from);
	return rc;
}

/* --- key, status --- */

static int run_key(struct ctl *ctl, struct err *e)
{
	const bool make = ctl_option(ctl, "create") != NULL;
	char path[CONF_PATH_MAX];
	EVP_PKEY *key = NULL;
	char *pem = NULL;
	int rc;

	conf_secret_path(ctl->conf, SET_AUDIT_KEY, path);
	if (*path == '\0')
		return ctl_refuse(e, "Audit.KeyFile is not set");
	/* A key that could not be noted is not made. */
	if (make && ctl_database(ctl, e) == -1)
		return -1;
	rc = make ? seal_key_create(&key, path, e) : seal_key_load(&key, path, e);
	if (rc == 0 && (rc = seal_public_write(&pem, key, e)) == 0)
		(void)fputs(pem, stdout);
	if (rc == 0 && make)
		rc = ctl_audit(ctl, e, "audit_key_made", "%s", pem);
	free(pem);
	EVP_PKEY_free(key);
	return rc;
}

static int run_status(struct ctl *ctl, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = db_run(ctl->db, STMT_ADMIN_AUDIT_UNSEALED, &rows, e, 0, NULL);

	if (rc == 0)
		rc = output_record(ctl->form, rows, 0, "count oldest", "", e);
	if (rc == 0 && db_number(rows, 0, "oldest") > UNSEALED_OLD)
		rc = ctl_refuse(e,
		    "an event waits for its seal since %lld seconds: does a signer with Audit.KeyFile run?",
		    (long long)db_number(rows, 0, "oldest"));
	db_rows_free(rows);
	return rc;
}

static const struct option_row list_options[] = {
    {"order", "ORDER", false, "only the events of this order"},
    {"limit", "N", false, "at most so many, the newest (50)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row verify_options[] = {
    {"key", "FILE", true, "public key of the seals, PEM, as audit key prints it"},
    {NULL, NULL, false, NULL},
};
static const struct option_row key_options[] = {
    {"create", NULL, false, "make the key first; refuses to replace one"},
    {NULL, NULL, false, NULL},
};

const struct command audit_commands[] = {
    {"audit list", "", 0, 0, list_options, NEEDS_CONF | NEEDS_DB, "list audit events, the newest first",
	run_list},
    {"audit status", "", 0, 0, NULL, NEEDS_CONF | NEEDS_DB,
	"how many events wait for their seal; fails when one waits long", run_status},
    {"audit export", "FILE", 1, 1, NULL, NEEDS_CONF | NEEDS_DB,
	"write the sealed events and their seals to a new file (-: output)", run_export},
    {"audit verify", "FILE", 1, 1, verify_options, 0,
	"prove that no event of an export is missing or changed; needs no database", run_verify},
    {"audit key", "", 0, 0, key_options, NEEDS_CONF, "print the public key of the seals", run_key},
    {NULL, NULL, 0, 0, NULL, 0, NULL, NULL},
};
