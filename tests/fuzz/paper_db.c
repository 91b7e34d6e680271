/* paper_db.c - see paper_db.h. It takes the place of lib/db/db.c in the fuzzer's program. */
#include "tests/fuzz/paper_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/password.h"

static uint32_t turn, asked;
static bool away;

struct db {
	int unused;
};

struct db_rows {
	enum stmt stmt;
	size_t count;
	uint32_t turn;
};

/* What a column may hold; NULL stands for SQL's. */
struct column {
	const char *name;
	const char *const *values;
	size_t count;
};
#define VALUES(...) \
	(const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)
static const struct column columns[] = {
    {"me_id", VALUES("1")},
    {"me_login", VALUES("demo", "z\xc5\xbc")},
    {"me_name", VALUES("Joe Doe", "<xq> & Co", NULL)},
    {"me_kind", VALUES("customer", "customer", "partner")},
    {"me_language", VALUES("en", "pl", NULL)},
    {"me_stale", VALUES("0", "0", "0", "1")},
    {"initial", VALUES("0", "0", "1")},
    {"plain", VALUES("0", "1")},
    {"key_wanted", VALUES("0", "0", "1")},
    {"credential", VALUES("AAAA", "another key")},
    {"algorithm", VALUES("-7", "-8", "-257", "0")},
    {"public_key", VALUES("no key at all", NULL)},
    {"order_id", VALUES("7", "7", "7", NULL)},
    {"number", VALUES("0000123456")},
    {"item", VALUES("b01")},
    {"product", VALUES("smime-mailbox-365", "smime-mailbox-730", "sold-no-more")},
    {"customer_name", VALUES("Ann <xq>", "\xe3\x81\xad\xe3\x81\x93")},
    {"language", VALUES("en", "pl")},
    {"email", VALUES("joe@mailbox.example", "a'b@xn--bcher-kva.example", NULL)},
    {"email_draft", VALUES("joe@mailbox.example", "joe@gmial.com", NULL, NULL)},
    {"mailbox_status", VALUES("waiting_for_data", "waiting_for_verification", "verified", "verified",
			   "verified", "not_available")},
    {"activation_status", VALUES("waiting_for_data", "waiting_for_data", "waiting_for_verification",
			      "verified", "not_available")},
    {"mailbox_reason", VALUES(NULL, NULL, NULL, "mailbox_too_old", "value_rejected")},
    {"activation_reason", VALUES(NULL, NULL, NULL, "caa_denied", "csr_key_too_small", "no_such_code")},
    {"activation_reason_arg", VALUES(NULL, "ca.example <xq>", "1024")},
    {"cancelled_at", VALUES(NULL, NULL, NULL, NULL, NULL, NULL, "2026-01-01 00:00:00")},
    {"fields", VALUES("emailAddress", "emailAddress,commonName", NULL)},
    {"method", VALUES("csr", "browser", NULL)},
    {"has_csr", VALUES("1", "0")},
    {"certificate_id", VALUES(NULL, NULL, "9")},
    {"revoked", VALUES("0", "0", "1")},
    {"expired", VALUES("0", "0", "1")},
    {"revocation_reason", VALUES("0", "1", "4", NULL)},
    {"mail_state", VALUES("waiting", "sent", "refused", "given_up", "dropped", NULL)},
    {"mail_attempts", VALUES("0", "2")},
    {"mail_reply", VALUES("250 2.0.0 Ok <xq>", NULL)},
    {"mail_server", VALUES("mx.example <xq>", NULL)},
    {"mail_resend_in", VALUES("0", "59")},
    {"mail_expired", VALUES("0", "1", NULL)},
    {"last_code", VALUES(NULL, NULL, "caa_unreachable", "lint_failed")},
    {"state",
	VALUES("ask", "confirmed", "rejected", "expired", "replaced", "issued", "mailbox_waiting_for_data")},
    {"detail", VALUES("csr_key_too_small 1024", "mx.example: 250 Ok", NULL, "a <xq>")},
    {"event", VALUES("order_added", "issuance_refused", "unknown_event", "order_cleared")},
    {"certificate.revocation_reason", VALUES("0", "4", "77", NULL)},
    {"partner_id", VALUES("2", NULL)},
    {"tab", VALUES("information", "problems", "expiration", "new")},
    {"count", VALUES("0", "1", "20")},
    {"address", VALUES("joe@mailbox.example", "a@xn--bcher-kva.example")},
    {"asker", VALUES("Ann <xq>", "Joe")},
    {"url", VALUES("https://partner.example/<xq>", NULL)},
    {"key_id", VALUES("3", NULL)},
    {"key_state", VALUES("valid", "expired", "revoked")},
    {"address_id", VALUES("4", NULL)},
    {"callback_id", VALUES("5", NULL)},
    {"bulk_id", VALUES("6", NULL)},
    {"bulk", VALUES("6", "0")},
    {"issued_at", VALUES("1795356180", "0", NULL)},
    {"serial", VALUES("0a0b", NULL)},
    {"confirmed_at", VALUES("2026-11-22 14:03 UTC", NULL)},
    {"submitted_at", VALUES("2026-11-22 14:03 UTC", NULL)},
    {"revoked_at", VALUES("2026-11-22 14:03 UTC", NULL)},
    {"partner_ref", VALUES("A-1", "B:2/c", NULL)},
    {"callback", VALUES("https://partner.example/", NULL)},
    {"arg", VALUES("email", "https://partner.example/")},
    {"line", VALUES("2", "3")},
    {"mailbox_order", VALUES("0000123456/b01", NULL)},
    {"activation_order", VALUES("0000123456/b01", NULL)},
    {"mailbox_waiting", VALUES("0", "1", "2")},
    {"activation_waiting", VALUES("0", "1", "2")},
    {"cost", VALUES("15", "16")},
    {"sha256", VALUES("00FF")},
};
/* All others are taken for times that are there. */
static const struct column a_time = {"", VALUES("2026-11-22 14:03 UTC")};
/* A column of several statements, with words of their own. */
static const struct column codes = {"code", VALUES("ok", "ok", "mailbox_too_old")};
static const struct column order_codes = {"code", VALUES("made", "same")};
static const struct column sign_in_codes = {"code", VALUES("ok", "sign_in_refused", "password_expired")};
static const struct column password_codes = {"code", VALUES("ok", "password_wrong")};
static const struct column key_codes = {"code", VALUES("ok", "account_key_refused")};
static const struct column notice_codes = {
    "code", VALUES("issued", "caa_denied", "mail_delayed", "value_expired")};

static const char *const stmt_table[STMT__MAX] = {
#define STMT(name, account, params, text) [STMT_##name] = text,
#include "sql/statements.def"
#undef STMT
};

static uint32_t mix(uint32_t n)
{
	n = (n ^ n >> 16) * 0x7feb352dU;
	n = (n ^ n >> 15) * 0x846ca68bU;
	return n ^ n >> 16;
}

static uint32_t hash(const char *name)
{
	uint32_t n = 2166136261U;

	for (; *name != '\0'; name++)
		n = (n ^ (unsigned char)*name) * 16777619U;
	return n;
}

void paper_db_turn(uint32_t number)
{
	turn = number;
	asked = 0;
	away = false;
}

bool paper_db_was_away(void)
{
	return away;
}

/* Octets that are parsed again: a certificate and a request from the fuzzers' own seeds. */
static const unsigned char *der_of(const char *column, size_t *len)
{
	static unsigned char *certificate, *csr;
	static int certificate_len, csr_len;

	if (certificate == NULL) {
		struct err e;
		char *text;
		size_t text_len;
		BIO *b;
		X509_REQ *req;

		if (file_read("tests/fuzz/seeds/der/p256.cer", 65536, &text, &text_len, &e) == -1)
			abort();
		certificate = (unsigned char *)text;
		certificate_len = (int)text_len;
		b = BIO_new_file("tests/fuzz/seeds/csr/p256.txt", "r");
		req = PEM_read_bio_X509_REQ(b, NULL, NULL, NULL);
		csr_len = i2d_X509_REQ(req, &csr);
		X509_REQ_free(req);
		BIO_free(b);
		if (csr_len <= 0)
			abort();
	}
	*len = (size_t)(strcmp(column, "csr") == 0 ? csr_len : certificate_len);
	return strcmp(column, "csr") == 0 ? csr : certificate;
}

static bool is_der(const char *column)
{
	return strcmp(column, "csr") == 0 || strcmp(column, "der") == 0 || strcmp(column, "issuer") == 0 ||
	       strcmp(column, "root") == 0;
}

const char *db_bytes(const struct db_rows *rows, size_t row, const char *column, size_t *len)
{
	static const char zeros[32];
	const char *text;

	if (strcmp(column, "salt") == 0 || strcmp(column, "spki_sha256") == 0 ||
	    strcmp(column, "challenge") == 0 || strcmp(column, "handle") == 0) {
		*len = strcmp(column, "salt") == 0 ? PASSWORD_SALT_LEN : sizeof(zeros);
		return zeros;
	}
	if (is_der(column) && mix(rows->turn ^ hash(column)) % 4 != 0)
		return (const char *)der_of(column, len);
	text = is_der(column) ? NULL : db_text(rows, row, column);
	*len = text == NULL ? 0 : strlen(text);
	return text;
}

/* Where a column stands in a table of hashes, or where it would. A page asks for dozens, and each strcmp()
 * that a search made would cost more than the answer: libFuzzer looks at all of them. */
static const struct column **column_slot(uint32_t name_hash)
{
	static struct slot {
		uint32_t hash;
		const struct column *column; /* NULL: free */
	} slots[256];
	size_t i = name_hash % (sizeof(slots) / sizeof(slots[0]));

	while (slots[i].column != NULL && slots[i].hash != name_hash)
		i = (i + 1) % (sizeof(slots) / sizeof(slots[0]));
	slots[i].hash = name_hash;
	return &slots[i].column;
}

static const struct column *email; /* its row of the table */

static void columns_fill(void)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		*column_slot(hash(columns[i].name)) = &columns[i];
	*column_slot(hash(codes.name)) = &codes;
	email = *column_slot(hash("email"));
}

static const struct column *column_find(enum stmt s, uint32_t name_hash)
{
	const struct column *found;

	if (email == NULL)
		columns_fill();
	found = *column_slot(name_hash);
	if (found == NULL)
		return &a_time;
	if (found != &codes)
		return found;
	return s == STMT_PARTNER_ORDER_ADD ? &order_codes
	       : s == STMT_ACCOUNT_PASSWORD || s == STMT_ACCOUNT_KEY_BEGIN || s == STMT_ACCOUNT_KEY_REMOVE
		   ? &password_codes
	       : s == STMT_SIGN_IN_KEY                                   ? &key_codes
	       : s == STMT_SIGN_IN                                       ? &sign_in_codes
	       : s == STMT_PAGE_NOTICES || s == STMT_PAGE_NOTICES_ISSUED ? &notice_codes
									 : &codes;
}

const char *db_text(const struct db_rows *rows, size_t row, const char *column)
{
	const uint32_t name_hash = hash(column);
	const struct column *c = column_find(rows->stmt, name_hash);

	if (row >= rows->count)
		abort();
	/* A certificate is for an address, whatever the rest says. */
	if (c == email && db_text(rows, row, "certificate_id") != NULL)
		return c->values[0];
	return c->values[mix(rows->turn ^ name_hash ^ (uint32_t)row) % c->count];
}

int64_t db_number(const struct db_rows *rows, size_t row, const char *column)
{
	const char *text = db_text(rows, row, column);

	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

bool db_null(const struct db_rows *rows, size_t row, const char *column)
{
	return db_text(rows, row, column) == NULL;
}

size_t db_rows_count(const struct db_rows *rows)
{
	return rows == NULL ? 0 : rows->count;
}

/* Columns as they come, for what tells all of a row (cgi/page_data.c): some of its names, whatever was asked.
 */
static const char *const telling[] = {"me_id", "order_id", "language", "customer_name", "mailbox.email",
    "activation.csr", "certificate.pem", "certificate.revocation_reason", "mine", "count", "event", "detail",
    "created_at"};

unsigned db_columns_count(const struct db_rows *rows)
{
	(void)rows;
	return sizeof(telling) / sizeof(telling[0]);
}

const char *db_column(const struct db_rows *rows, unsigned column)
{
	(void)rows;
	return telling[column];
}

bool db_column_is_number(const struct db_rows *rows, unsigned column)
{
	return strcmp(db_column(rows, column), "count") == 0;
}

const char *db_cell(const struct db_rows *rows, size_t row, unsigned column)
{
	return db_text(rows, row, db_column(rows, column));
}

size_t db_cell_len(const struct db_rows *rows, size_t row, unsigned column)
{
	const char *text = db_cell(rows, row, column);

	return text == NULL ? 0 : strlen(text);
}

void db_rows_free(struct db_rows *rows)
{
	free(rows);
}

/* The refusal that falls to this statement, or FAULT_none. */
static enum fault refusal(uint32_t n)
{
	static const enum fault faults[] = {FAULT_sign_in_required, FAULT_not_found, FAULT_step_not_open,
	    FAULT_summary_changed, FAULT_email_draft_missing, FAULT_resend_too_soon, FAULT_order_cancelled,
	    FAULT_value_expired, FAULT_value_used, FAULT_csr_key_in_use, FAULT_partner_ref_conflict,
	    FAULT_partner_key_scope, FAULT_too_many_requests, FAULT_busy};

	return n % 8 != 0 ? FAULT_none : faults[n / 8 % (sizeof(faults) / sizeof(faults[0]))];
}

int db_run(
    struct db *db, enum stmt s, struct db_rows **out, struct err *e, size_t n, const struct db_arg *args)
{
	uint32_t here = mix(turn ^ (uint32_t)s << 8 ^ asked++);
	enum fault fault = refusal(here);

	(void)db;
	for (size_t i = 0; i < n; i++)
		if (args[i].kind == DB_ARG_TEXT && !utf8_valid(args[i].data, args[i].len))
			abort(); /* the database would refuse it: a 500 */
	away = away || fault == FAULT_busy;
	if (out != NULL)
		*out = NULL;
	if (fault != FAULT_none)
		return err_set_arg(
		    e, fault, fault == FAULT_partner_ref_conflict ? "email" : "30", "paper: refused");
	if (out == NULL)
		return 0;
	*out = malloc(sizeof(**out));
	if (*out == NULL)
		abort();
	**out = (struct db_rows){.stmt = s, .turn = turn, .count = here % 16 == 2 ? 25 : 1};
	/* A page's statement answers no row when nobody is signed in; a transition always answers one. */
	if (here % 16 == 1 && strncmp(stmt_table[s], "SELECT", 6) == 0)
		(*out)->count = 0;
	return 0;
}

struct db_arg db_arg_text(const char *text)
{
	struct db_arg arg = {.kind = DB_ARG_NULL};

	if (text != NULL)
		arg = (struct db_arg){.kind = DB_ARG_TEXT, .data = text, .len = strlen(text)};
	return arg;
}

int db_open(struct db **out, const struct conf *conf, enum db_account account, struct err *e)
{
	static struct db paper;

	(void)conf;
	(void)account;
	(void)e;
	*out = &paper;
	return 0;
}

void db_close(struct db *db)
{
	(void)db;
}

unsigned db_links(const struct db *db)
{
	(void)db;
	return 1;
}

/* scrypt is slow on purpose, and no subject here. */
int password_derive(unsigned char derived[PASSWORD_DERIVED_LEN], const char *password,
    const unsigned char salt[PASSWORD_SALT_LEN], int cost, struct err *e)
{
	(void)e;
	memset(derived, *password ^ *salt ^ cost, PASSWORD_DERIVED_LEN);
	return 0;
}

int password_new(unsigned char derived[PASSWORD_DERIVED_LEN], unsigned char salt[PASSWORD_SALT_LEN],
    const char *password, struct err *e)
{
	memset(salt, 1, PASSWORD_SALT_LEN);
	return password_derive(derived, password, salt, PASSWORD_COST, e);
}

int password_check(const char *password, const char *dictionary, struct err *e)
{
	(void)dictionary;
	return strlen(password) < PASSWORD_LEAST ? err_set(e, FAULT_password_short, "paper: short") : 0;
}
