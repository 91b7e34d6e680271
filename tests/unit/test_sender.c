/* test_sender.c - a round of the mailer, from row to recorded verdict, against a real SMTP connection and an
 * outbox kept here instead of in the database. */
#include "tests/unit/fixture_smtp.h"

#include <openssl/rand.h>

/* The mailer is a program, not a room: its two files are taken in as they are. */
#include "tools/mailer/facts.c"
#include "tools/mailer/sender.c"

#define ROWS_MAX 8

/* What the mailer asked of the outbox, in order. */
struct record {
	uint64_t id;
	char what[16]; /* sent, later, refused, given_up */
	long pause;
	char reply[SMTP_REPLY_MAX];
};

struct db {
	struct outbox_row rows[ROWS_MAX];
	size_t rows_count;
	unsigned lease;
	uint8_t hash[ROWS_MAX][OUTBOX_HASH_LEN]; /* stored values, by row id */
	int letters_at_store[ROWS_MAX];          /* letters the server had when the hash was stored */
	enum fault store_fault;
	int record_failures; /* so many records fail first */
	struct record records[ROWS_MAX];
	size_t records_count;
	struct smtp_server *server;
};

int outbox_take(
    struct db *db, struct holder *mailer, unsigned n, unsigned lease, struct outbox_rows **out, struct err *e)
{
	(void)e;
	assert_string_equal(mailer->name, "test:1");
	assert_true(n >= db->rows_count);
	db->lease = lease;
	*out = calloc(1, sizeof(**out));
	(*out)->list = db->rows;
	(*out)->count = db->rows_count;
	return 0;
}

void outbox_rows_free(struct outbox_rows *rows)
{
	free(rows);
}

int outbox_value_store(
    struct db *db, const char *mailer, uint64_t id, const uint8_t hash[OUTBOX_HASH_LEN], struct err *e)
{
	assert_string_equal(mailer, "test:1");
	if (db->store_fault != FAULT_none)
		return err_set(e, db->store_fault, "told to fail");
	memcpy(db->hash[id], hash, OUTBOX_HASH_LEN);
	db->letters_at_store[id] = db->server->letters;
	return 0;
}

static int record_add(struct db *db, const char *mailer, uint64_t id, const char *what, long pause,
    const char *reply, struct err *e)
{
	struct record *r = &db->records[db->records_count];

	assert_string_equal(mailer, "test:1");
	if (db->record_failures > 0) {
		db->record_failures--;
		return err_set(e, FAULT_busy, "told to fail");
	}
	assert_true(db->records_count < ROWS_MAX);
	r->id = id;
	r->pause = pause;
	(void)snprintf(r->what, sizeof(r->what), "%s", what);
	(void)snprintf(r->reply, sizeof(r->reply), "%s", reply);
	db->records_count++;
	return 0;
}

int outbox_sent(
    struct db *db, const char *mailer, uint64_t id, const char *server, const char *reply, struct err *e)
{
	assert_string_equal(server, "127.0.0.1");
	return record_add(db, mailer, id, "sent", 0, reply, e);
}

int outbox_back(struct db *db, const char *mailer, uint64_t id, struct err *e)
{
	return record_add(db, mailer, id, "back", 0, "", e);
}

int outbox_later(struct db *db, const char *mailer, uint64_t id, long pause, const char *reply, struct err *e)
{
	return record_add(db, mailer, id, "later", pause, reply, e);
}

int outbox_refused(struct db *db, const char *mailer, uint64_t id, const char *reply, struct err *e)
{
	return record_add(db, mailer, id, "refused", 0, reply, e);
}

int outbox_given_up(struct db *db, const char *mailer, uint64_t id, const char *reply, struct err *e)
{
	return record_add(db, mailer, id, "given_up", 0, reply, e);
}

/* --- a world for one test --- */

struct world {
	struct mail_folder folder;
	struct smtp_server server;
	struct db db;
	struct conf *conf;
	struct sender *sender;
	void *certificate;
	int certificate_len;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	mail_folder_make(&w->folder);
	server_start(&w->server);
	w->db.server = &w->server;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	sender_close(w->sender);
	conf_free(w->conf);
	server_stop(&w->server);
	mail_folder_remove(&w->folder);
	OPENSSL_free(w->certificate);
	free(w);
	return 0;
}

static void world_open(struct world *w, const char *more)
{
	char text[1024], path[128];
	struct err e;

	(void)snprintf(text, sizeof(text),
	    "Hdf.Dir = hdf\nMail.Host = 127.0.0.1:%d\nMail.Tls = off\nMail.From = no-reply@mailcert.example\n"
	    "Mail.Timeout = 2\nMail.GiveUpAfter = 86400\nWeb.BaseUrl = https://mailcert.example\n%s",
	    w->server.port, more);
	mail_file_write(&w->folder, "mailcert.hdf", text, strlen(text), 0600);
	mail_path(path, &w->folder, "mailcert.hdf");
	assert_done(conf_load(&w->conf, path, &e), &e);
	assert_done(sender_open(&w->sender, w->conf, "test:1", &e), &e);
}

static struct outbox_row row_sample(uint64_t id, const char *kind, const char *recipient)
{
	return (struct outbox_row){
	    .id = id,
	    .kind = (char *)(uintptr_t)kind,
	    .order = (char *)(uintptr_t) "0000123456/b01",
	    .recipient = (char *)(uintptr_t)recipient,
	    .address = (char *)(uintptr_t) "joe.doe@xn--bcher-kva.example",
	    .language = (char *)(uintptr_t) "en",
	    .message_id = (char *)(uintptr_t) "outbox.1.abc",
	    .created_at = time(NULL) - 10,
	    .now = time(NULL), /* by which the fixture's certificates are made */
	    .mailbox_id = 7,
	    .needs_value = strcmp(kind, "verification") == 0,
	    .asker = (char *)(uintptr_t) "Doe & Sons <sales>",
	    .product = (char *)(uintptr_t) "smime-mailbox-365",
	    .reason = (char *)(uintptr_t) "",
	    .reason_arg = (char *)(uintptr_t) "",
	};
}

static void world_row(struct world *w, const char *kind, const char *recipient)
{
	uint64_t id = w->db.rows_count;

	w->db.rows[w->db.rows_count++] = row_sample(id, kind, recipient);
}

static void world_round(struct world *w)
{
	size_t taken;
	struct err e;

	assert_done(sender_round(w->sender, &w->db, &taken, &e), &e);
	assert_int_equal(taken, w->db.rows_count);
}

/* A letter's text part without its soft line breaks and escapes of "=". */
static void letter_text(char *out, size_t room, const char *letter)
{
	const char *at = strstr(letter, "text/plain"), *end;
	size_t n = 0;

	assert_non_null(at);
	end = strstr(at, "\r\n--=_");
	assert_non_null(end);
	for (; at < end && n + 1 < room; at++) {
		if (strncmp(at, "=\r\n", 3) == 0)
			at += 2;
		else if (strncmp(at, "=3D", 3) == 0)
			out[n++] = '=', at += 2;
		else
			out[n++] = *at;
	}
	out[n] = '\0';
}

/* The value in the mail's link, as octets. */
static void value_in(unsigned char octets[OUTBOX_VALUE_LEN], const char *letter)
{
	char text[8192], value[BASE64URL_ROOM(OUTBOX_VALUE_LEN)];
	const char *link;

	letter_text(text, sizeof(text), letter);
	link = strstr(text, "https://mailcert.example/verify/");
	assert_non_null(link);
	(void)snprintf(value, sizeof(value), "%s", link + strlen("https://mailcert.example/verify/"));
	assert_int_equal(base64url_decode(octets, OUTBOX_VALUE_LEN, value), 0);
}

/* --- tests --- */

/* The hash is stored before the mail goes out, is that of the value in the mail, and every sending has its
 * own. */
static void value_before_mail(void **state)
{
	struct world *w = *state;
	unsigned char octets[2][OUTBOX_VALUE_LEN];
	uint8_t hash[OUTBOX_HASH_LEN];

	world_open(w, "");
	world_row(w, "verification", "joe@example.org");
	for (int i = 0; i < 2; i++) {
		world_round(w);
		assert_int_equal(w->server.letters, i + 1);
		assert_int_equal(w->db.letters_at_store[0], i);
		value_in(octets[i], w->server.text[i].data);
		assert_int_equal(EVP_Digest(octets[i], OUTBOX_VALUE_LEN, hash, NULL, EVP_sha256(), NULL), 1);
		assert_memory_equal(hash, w->db.hash[0], OUTBOX_HASH_LEN);
		assert_string_equal(w->db.records[i].what, "sent");
		assert_string_equal(w->db.records[i].reply, "250 2.0.0 queued as 4711");
		assert_non_null(
		    strstr(w->server.text[i].data, "Message-ID: <outbox.1.abc@mailcert.example>\r\n"));
		assert_non_null(strstr(w->server.text[i].data, "X-Mailcert-Order: 0000123456/b01\r\n"));
		assert_string_equal(w->server.to[i], "joe@example.org");
	}
	assert_memory_not_equal(octets[0], octets[1], OUTBOX_VALUE_LEN);
	assert_true(w->db.lease > ROUND_SECONDS + 600); /* Mail.DataTimeout */
}

/* Everything a reader needs is in the mail, escaped where it is HTML. */
static void verification_reads(void **state)
{
	struct world *w = *state;
	char text[8192];

	world_open(w, "");
	world_row(w, "verification", "joe@example.org");
	world_round(w);
	letter_text(text, sizeof(text), w->server.text[0].data);
	assert_non_null(strstr(text, "Doe & Sons <sales>"));
	assert_non_null(strstr(text, "S/MIME Mailbox 365 days"));
	assert_non_null(strstr(text, "joe.doe@xn--bcher-kva.example"));
	assert_non_null(strstr(text, "joe.doe@b=C3=BCcher.example"));
	assert_non_null(strstr(text, " UTC"));
	assert_non_null(strstr(w->server.text[0].data, "Doe &amp; Sons &lt;sales&gt;"));
}

static void no_longer_wanted(void **state)
{
	struct world *w = *state;

	world_open(w, "");
	world_row(w, "verification", "joe@example.org");
	w->db.store_fault = FAULT_value_replaced;
	world_round(w);
	assert_int_equal(w->server.letters, 0);
	assert_int_equal(w->db.records_count, 0); /* the database has ended the row itself */
}

/* Without its value stored a mail must not go out; it is for later. */
static void value_not_stored(void **state)
{
	struct world *w = *state;

	world_open(w, "");
	world_row(w, "verification", "joe@example.org");
	world_row(w, "verified", "ann@example.org");
	w->db.store_fault = FAULT_busy;
	world_round(w);
	assert_int_equal(w->server.letters, 1);
	assert_string_equal(w->server.to[0], "ann@example.org");
	assert_string_equal(w->db.records[0].what, "later");
	assert_string_equal(w->db.records[1].what, "sent");
}

static void verdicts_recorded(void **state)
{
	static const struct {
		const char *to, *what;
		long pause;
		unsigned attempts;
		long age;
	} want[] = {
	    {"a@example.org", "sent", 0, 0, 10}, {"later@example.org", "later", 60, 0, 10},
	    {"later@example.org", "later", 3600, 3, 10},
	    {"later@example.org", "later", 100, 9, 86300}, /* one last try at the end of its time */
	    {"later@example.org", "given_up", 0, 9, 86400}, {"refused@example.org", "refused", 0, 0, 10},
	    {"a@example.org", "sent", 0, 9, 90000}, /* old, but taken at last */
	};
	struct world *w = *state;

	world_open(w, "");
	for (size_t i = 0; i < nitems(want); i++) {
		world_row(w, "verified", want[i].to);
		w->db.rows[i].attempts = want[i].attempts;
		w->db.rows[i].created_at = w->db.rows[i].now - want[i].age;
	}
	world_round(w);
	assert_int_equal(w->server.connections, 1);
	assert_int_equal(w->db.records_count, nitems(want));
	for (size_t i = 0; i < nitems(want); i++) {
		assert_int_equal(w->db.records[i].id, i);
		assert_string_equal(w->db.records[i].what, want[i].what);
		assert_int_equal(w->db.records[i].pause, want[i].pause);
	}
	assert_string_equal(w->db.records[5].reply, "550 5.1.1 no such user");
}

/* When the connection breaks, what was sent is recorded as sent, the letter at which it broke is for later,
 * and those behind it are not made to wait for its sake. */
static void connection_breaks(void **state)
{
	struct world *w = *state;

	world_open(w, "");
	world_row(w, "verified", "a@example.org");
	world_row(w, "verified", "drop@example.org");
	world_row(w, "verified", "b@example.org");
	world_round(w);
	assert_int_equal(w->db.records_count, 3);
	assert_string_equal(w->db.records[0].what, "sent");
	assert_string_equal(w->db.records[1].what, "later");
	assert_string_equal(w->db.records[2].what, "back");
}

/* A database that is away for a moment costs no second mail: the verdict is recorded when it is back. */
static void record_repeated(void **state)
{
	struct world *w = *state;
	size_t taken;
	struct err e;

	world_open(w, "");
	world_row(w, "verified", "a@example.org");
	w->db.record_failures = 2;
	world_round(w);
	assert_int_equal(w->db.records_count, 1);
	assert_string_equal(w->db.records[0].what, "sent");
	w->db.record_failures = 100;
	assert_int_equal(sender_round(w->sender, &w->db, &taken, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
}

/* A row that cannot be made into a mail does not hinder the others. */
static void bad_rows(void **state)
{
	struct world *w = *state;

	world_open(w, "");
	world_row(w, "nonsense", "a@example.org");
	world_row(w, "certificate_issued", "b@example.org"); /* without a certificate */
	world_row(w, "problem", "c@example.org");            /* without a fault */
	world_row(w, "verified", "bad address@example.org");
	world_row(w, "verification", "d@example.org");
	w->db.rows[4].needs_value = false; /* would be a mail without a link */
	world_row(w, "verified", "e@example.org");
	world_round(w);
	assert_int_equal(w->server.letters, 1);
	assert_string_equal(w->server.to[0], "e@example.org");
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(w->db.records[i].what, "later");
		assert_string_equal(
		    w->db.records[i].reply, "the mail could not be made; see the mailer's log");
	}
	assert_string_equal(w->db.records[5].what, "sent");
}

static void problem_reads(void **state)
{
	struct world *w = *state;
	char text[8192];

	world_open(w, "");
	world_row(w, "problem", "a@example.org");
	w->db.rows[0].reason = (char *)(uintptr_t) "caa_denied";
	w->db.rows[0].reason_arg = (char *)(uintptr_t) "otherca.example";
	world_round(w);
	letter_text(text, sizeof(text), w->server.text[0].data);
	assert_non_null(strstr(text, "otherca.example"));
	assert_null(strstr(text, "{arg}"));
}

/* A mail about an account: whose, when, and nothing of an order, in its head neither. */
static void account_reads(void **state)
{
	static const char *const kinds[] = {
	    "password_changed", "address_changed", "key_added", "key_removed"};
	struct world *w = *state;
	char text[8192];

	world_open(w, "");
	for (size_t i = 0; i < nitems(kinds); i++) {
		world_row(w, kinds[i], "a@example.org");
		w->db.rows[i].order = w->db.rows[i].address = w->db.rows[i].asker = w->db.rows[i].product =
		    (char *)(uintptr_t) "";
		w->db.rows[i].mailbox_id = 0;
		w->db.rows[i].reason = (char *)(uintptr_t) "jan <j>";
		w->db.rows[i].happened_at = 1795356180;
	}
	world_round(w);
	assert_int_equal(w->server.letters, nitems(kinds));
	for (size_t i = 0; i < nitems(kinds); i++) {
		const char *letter = w->server.text[i].data;

		letter_text(text, sizeof(text), letter);
		assert_non_null(strstr(text, "jan <j>"));
		assert_non_null(strstr(text, "2026-11-22 14:03 UTC"));
		assert_null(strstr(text, "ORDER/"));
		assert_null(strstr(letter, "X-Mailcert-Order"));
		assert_null(strstr(letter, "mailcert.example/"));
		assert_string_equal(w->db.records[i].what, "sent");
	}
}

static void world_certificate(struct world *w)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert =
	    mail_certificate_make(&w->folder, "joe", "email:joe.doe@xn--bcher-kva.example", 365, key);

	w->certificate_len = i2d_X509(cert, (unsigned char **)&w->certificate);
	assert_true(w->certificate_len > 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void certificate_attached(void **state)
{
	struct world *w = *state;
	struct outbox_row *row = &w->db.rows[0];
	const char *letter;
	char text[8192];

	world_open(w, "");
	world_certificate(w);
	world_row(w, "certificate_issued", "joe@example.org");
	row->certificate = w->certificate;
	row->certificate_len = (size_t)w->certificate_len;
	row->chain = w->certificate; /* any certificate will do */
	row->chain_len = (size_t)w->certificate_len;
	world_round(w);
	assert_int_equal(w->server.letters, 1);
	letter = w->server.text[0].data;
	assert_non_null(strstr(letter, "filename=\"joe.doe.pem\""));
	assert_non_null(strstr(letter, "filename=\"chain.pem\""));
	letter_text(text, sizeof(text), letter);
	assert_non_null(strstr(text, "1234")); /* its serial */
	assert_non_null(strstr(text, "mailcert test CA"));
}

static void mails_signed(void **state)
{
	struct world *w = *state;
	char more[512];

	mail_identity_make(&w->folder, "service", "email:no-reply@mailcert.example", 30);
	(void)snprintf(more, sizeof(more),
	    "Mail.Sign.CertFile = %s/service.pem\nMail.Sign.KeyFile = %s/service.key\n", w->folder.dir,
	    w->folder.dir);
	world_open(w, more);
	world_row(w, "verified", "a@example.org");
	world_round(w);
	assert_non_null(strstr(w->server.text[0].data, "Content-Type: multipart/signed"));
}

/* With a certificate that is over the mail goes out all the same, unsigned. */
static void mails_unsigned_after_end(void **state)
{
	struct world *w = *state;
	char more[512];

	mail_identity_make(&w->folder, "service", "email:no-reply@mailcert.example", -1);
	(void)snprintf(more, sizeof(more),
	    "Mail.Sign.CertFile = %s/service.pem\nMail.Sign.KeyFile = %s/service.key\n", w->folder.dir,
	    w->folder.dir);
	world_open(w, more);
	world_row(w, "verified", "a@example.org");
	world_round(w);
	assert_null(strstr(w->server.text[0].data, "multipart/signed"));
	assert_string_equal(w->db.records[0].what, "sent");
}

static void nothing_due(void **state)
{
	struct world *w = *state;

	world_open(w, "");
	world_round(w);
	assert_int_equal(w->server.connections, 0);
}

static void file_names(void **state)
{
	char out[FACTS_FILE_MAX];

	(void)state;
	facts_file(out, "joe.doe@example.com");
	assert_string_equal(out, "joe.doe");
	facts_file(out, "a/../b`c$d@example.com");
	assert_string_equal(out, "a-..-b-c-d");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest t[] = {TEST(value_before_mail), TEST(verification_reads),
	    TEST(no_longer_wanted), TEST(value_not_stored), TEST(verdicts_recorded), TEST(connection_breaks),
	    TEST(record_repeated), TEST(bad_rows), TEST(problem_reads), TEST(account_reads),
	    TEST(certificate_attached), TEST(mails_signed), TEST(mails_unsigned_after_end), TEST(nothing_due),
	    cmocka_unit_test(file_names)};

	return cmocka_run_group_tests_name("sender", t, NULL, NULL);
}
