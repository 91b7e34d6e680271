/* test_smtp.c - verdicts over a real connection: what the server says, when it says nothing, TLS, AUTH. */
#include "tests/unit/fixture_smtp.h"

#include <dlfcn.h>
#include <netinet/tcp.h>
#include <time.h>

#include "lib/mail/letter.h"
#include "lib/mail/pause.h"
#include "lib/mail/smtp.h"

static const char small[] =
    "From: a@mailcert.example\r\nDate: Sun, 22 Nov 2026 14:03:00 +0000\r\n"
    "Message-ID: <1@mailcert.example>\r\nTo: b@example.org\r\n\r\n.\r\n..two\r\nend\r\n";

struct fixture {
	const void *the_case; /* of a table */
	struct mail_folder folder;
	struct smtp_server server;
	char host[64], cert[128], key[128];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->the_case = *state;
	mail_folder_make(&f->folder);
	*state = f;
	return 0;
}

/* Runs after a failed test as well: the server's thread ends with its test. */
static int teardown(void **state)
{
	struct fixture *f = *state;

	server_stop(&f->server);
	mail_folder_remove(&f->folder);
	free(f);
	return 0;
}

static void fixture_certificate(struct fixture *f, const char *san, int days)
{
	mail_identity_make(&f->folder, "mx", san, days);
	mail_path(f->cert, &f->folder, "mx.pem");
	mail_path(f->key, &f->folder, "mx.key");
	f->server.cert = f->cert;
	f->server.key = f->key;
}

static struct smtp_settings settings_for(struct fixture *f, const char *name)
{
	(void)snprintf(f->host, sizeof(f->host), "%s:%d", name, f->server.port);
	return (struct smtp_settings){
	    .host = f->host, .tls = SMTP_TLS_OFF, .from = "no-reply@mailcert.example", .timeout = 5};
}

struct told {
	size_t calls;
	const struct smtp_letter *order[SERVER_LETTERS];
};

static void told_count(void *arg, struct smtp_letter *letter)
{
	struct told *told = arg;

	told->order[told->calls++] = letter;
}

/* Send letters to n recipients; every one is told exactly once. Returns what smtp_send_batch() did. */
static int batch_send(
    const struct smtp_settings *settings, const char *const to[], struct smtp_letter letters[], size_t n)
{
	struct told told = {0};
	struct smtp *smtp;
	struct err e;
	int rc;

	for (size_t i = 0; i < n; i++)
		letters[i] = (struct smtp_letter){.to = to[i], .bytes = small, .len = sizeof(small) - 1};
	assert_done(smtp_open(&smtp, settings, &e), &e);
	rc = smtp_send_batch(smtp, letters, n, told_count, &told, &e);
	smtp_close(smtp);
	assert_int_equal(told.calls, n);
	for (size_t i = 0; i < n; i++) {
		size_t seen = 0;

		for (size_t k = 0; k < n; k++)
			seen += told.order[k] == &letters[i];
		assert_int_equal(seen, 1);
	}
	return rc;
}

/* --- what the server says, letter by letter, over one connection --- */

static void batch_mixed(void **state)
{
	static const char *const to[] = {"a@example.org", "later@example.org", "b@example.org",
	    "refused@example.org", "laterdata@example.org", "refuseddata@example.org",
	    "bad address@example.org", "noauth@example.org", "c@example.org"};
	static const struct {
		enum smtp_verdict verdict;
		int code;
		const char *reply;
	} want[] = {
	    {SMTP_ACCEPTED, 250, "250 2.0.0 queued as 4711"},
	    {SMTP_LATER, 451, "451 4.7.1 greylisted, try again"},
	    {SMTP_ACCEPTED, 250, "250 2.0.0 queued as 4711"},
	    {SMTP_REFUSED, 550, "550 5.1.1 no such user"},
	    {SMTP_LATER, 452, "452 4.3.1 disk full"},
	    {SMTP_REFUSED, 554, "554 5.7.1 we do not like [31mthis? text"},
	    {SMTP_REFUSED, 0, "the address cannot be used"},
	    {SMTP_LATER, 530, "530 5.7.0 sign in first"},
	    {SMTP_ACCEPTED, 250, "250 2.0.0 queued as 4711"},
	};
	struct smtp_letter letters[nitems(to)];
	struct fixture *f = *state;
	struct smtp_settings settings;

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	assert_int_equal(batch_send(&settings, to, letters, nitems(to)), 0);
	for (size_t i = 0; i < nitems(to); i++) {
		assert_string_equal(letters[i].reply, want[i].reply);
		assert_int_equal(letters[i].verdict, want[i].verdict);
		assert_int_equal(letters[i].code, want[i].code);
		assert_string_equal(letters[i].server, "127.0.0.1");
	}
	assert_int_equal(f->server.connections, 1);
	assert_int_equal(f->server.letters, 3);
	assert_string_equal(f->server.from[0], "no-reply@mailcert.example");
	assert_string_equal(f->server.to[2], "c@example.org");
	/* dots were doubled on the way and nothing else was touched: byte for byte what was given */
	assert_string_equal(f->server.text[0].data, small);
}

/* A signed letter arrives byte for byte, or its signature would be worth nothing. */
static void batch_letter_whole(void **state)
{
	struct fixture *f = *state;
	struct letter_header order = {"X-Mailcert-Order", "0000123456/b01"};
	struct letter letter = {.from_name = "mailcert",
	    .from_address = "no-reply@mailcert.example",
	    .to_address = "joe@example.org",
	    .message_id = "outbox.1.x@mailcert.example",
	    .date = 1795356180,
	    .subject = "Zażółć gęślą jaźń, a subject of two lines and more, with – dashes – and so on",
	    .language = "pl",
	    .text = ".\n..\nFrom me\n",
	    .html = "<p>.\n.</p>",
	    .headers = &order,
	    .headers_count = 1};
	struct smtp_letter sent;
	struct letter_signer *signer;
	struct buf bytes = {0};
	char cert[128], key[128];
	struct smtp *smtp;
	struct smtp_settings settings;
	struct err e;

	mail_identity_make(&f->folder, "service", "email:no-reply@mailcert.example", 30);
	mail_path(cert, &f->folder, "service.pem");
	mail_path(key, &f->folder, "service.key");
	assert_done(letter_signer_open(&signer, cert, key, letter.from_address, &e), &e);
	assert_done(letter_build(&bytes, &letter, signer, &e), &e);
	letter_signer_free(signer);
	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	sent = (struct smtp_letter){.to = "joe@example.org", .bytes = bytes.data, .len = bytes.len};
	assert_done(smtp_open(&smtp, &settings, &e), &e);
	assert_done(smtp_send_batch(smtp, &sent, 1, NULL, NULL, &e), &e);
	smtp_close(smtp);
	assert_int_equal(sent.verdict, SMTP_ACCEPTED);
	assert_string_equal(f->server.text[0].data, bytes.data);
	buf_free(&bytes);
}

/* --- when the connection goes: what was taken stays taken, the rest is for later --- */

static const struct loss_case {
	const char *name, *to[3], *reply; /* reply: of the second letter */
	enum smtp_verdict verdict[3];
} loss_cases[] = {
    {"cut within the text", {"a@example.org", "drop@example.org", "b@example.org"}, "the connection was lost",
	{SMTP_ACCEPTED, SMTP_LATER, SMTP_LATER}},
    {"cut before the reply", {"a@example.org", "dropend@example.org", "b@example.org"},
	"the connection was lost", {SMTP_ACCEPTED, SMTP_LATER, SMTP_LATER}},
    {"no reply in time", {"a@example.org", "slow@example.org", "b@example.org"}, "no reply within 1 seconds",
	{SMTP_ACCEPTED, SMTP_LATER, SMTP_LATER}},
};

static void loss_check(void **state)
{
	struct fixture *f = *state;
	const struct loss_case *c = f->the_case;
	struct smtp_letter letters[3];
	struct smtp_settings settings;
	time_t began = time(NULL);

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	settings.timeout = 1;
	assert_int_equal(batch_send(&settings, c->to, letters, 3), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(letters[i].verdict, c->verdict[i]);
	assert_string_equal(letters[1].reply, c->reply);
	assert_string_equal(letters[2].reply, c->reply);
	assert_int_equal(letters[2].code, 0);
	assert_false(letters[1].untried);
	assert_true(letters[2].untried); /* so that one letter that ends every connection holds up no other */
	assert_true(time(NULL) - began < 10);
}

/* --- servers that do not want to talk --- */

static const struct greeting_case {
	const char *name, *greeting, *reply;
} greeting_cases[] = {
    {"greeted with 554", "554 5.7.1 go away\r\n", "554 5.7.1 go away"},
    {"greeted with 421", "421 4.3.2 shutting down\r\n", "421 4.3.2 shutting down"},
    {"no greeting", "", "no reply within 1 seconds"},
    {"not SMTP", "SSH-2.0-OpenSSH_9.2\r\n", "the connection was lost"},
};

static void greeting_check(void **state)
{
	struct fixture *f = *state;
	const struct greeting_case *c = f->the_case;
	static const char *const to[] = {"a@example.org", "b@example.org"};
	struct smtp_letter letters[2];
	struct smtp_settings settings;

	f->server.greeting = c->greeting;
	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	settings.timeout = 1;
	assert_int_equal(batch_send(&settings, to, letters, 2), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(letters[i].verdict, SMTP_LATER); /* never the letter's fault */
		assert_false(letters[i].untried);                 /* but a reason to wait for each */
		assert_string_equal(letters[i].reply, c->reply);
	}
}

static void sender_refused(void **state)
{
	static const char *const to[] = {"a@example.org", "b@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letters[2];
	struct smtp_settings settings;

	f->server.mail_refused = true;
	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	assert_int_equal(batch_send(&settings, to, letters, 2), 0);
	assert_int_equal(letters[0].verdict, SMTP_REFUSED);
	assert_int_equal(letters[1].verdict, SMTP_REFUSED);
	assert_string_equal(letters[1].reply, "553 5.1.8 sender refused");
}

static void nobody_listens(void **state)
{
	static const char *const to[] = {"a@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letter;
	struct smtp_settings settings;
	int port, fd = loopback_listen(&port, 1);

	(void)close(fd);
	settings = settings_for(f, "127.0.0.1");
	(void)snprintf(f->host, sizeof(f->host), "127.0.0.1:%d", port);
	assert_int_equal(batch_send(&settings, to, &letter, 1), -1);
	assert_int_equal(letter.verdict, SMTP_LATER);
	assert_non_null(strstr(letter.reply, "Connection refused"));
}

static void host_unknown(void **state)
{
	static const char *const to[] = {"a@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letter;
	struct smtp_settings settings = settings_for(f, "127.0.0.1");

	settings.host = "no-such-host.invalid:25";
	assert_int_equal(batch_send(&settings, to, &letter, 1), -1);
	assert_int_equal(letter.verdict, SMTP_LATER);
	assert_string_equal(letter.server, "no-such-host.invalid");
}

/* A host that swallows connection attempts: a full queue of connections is one. */
static void connect_times_out(void **state)
{
	static const char *const to[] = {"a@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letter;
	struct smtp_settings settings;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int port, fd = loopback_listen(&port, 0), held[4];
	time_t began;

	address.sin_port = htons((uint16_t)port);
	for (size_t i = 0; i < nitems(held); i++) {
		held[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(held[i], (struct sockaddr *)&address, sizeof(address));
	}
	settings = settings_for(f, "127.0.0.1");
	(void)snprintf(f->host, sizeof(f->host), "127.0.0.1:%d", port);
	settings.timeout = 1;
	began = time(NULL);
	assert_int_equal(batch_send(&settings, to, &letter, 1), -1);
	assert_true(time(NULL) - began <= 3);
	assert_int_equal(letter.verdict, SMTP_LATER);
	assert_non_null(strstr(letter.reply, "within 1 seconds"));
	for (size_t i = 0; i < nitems(held); i++)
		(void)close(held[i]);
	(void)close(fd);
}

/* A server may scan a letter for longer than any other reply takes (RFC 5321 4.5.3.2.6). Whoever hangs up
 * meanwhile sends it again and again. */
static void scanning_is_waited_for(void **state)
{
	static const char *const to[] = {"scan@example.org", "b@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letters[2];
	struct smtp_settings settings;

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	settings.timeout = 1;
	settings.data_timeout = 20;
	assert_int_equal(batch_send(&settings, to, letters, 2), 0);
	assert_int_equal(letters[0].verdict, SMTP_ACCEPTED);
	assert_int_equal(letters[1].verdict, SMTP_ACCEPTED);
	assert_int_equal(f->server.connections, 1);
}

static void silence_after_the_text(void **state)
{
	static const char *const to[] = {"silentdata@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letter;
	struct smtp_settings settings;
	time_t began = time(NULL);

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	settings.timeout = 1;
	settings.data_timeout = 3;
	assert_int_equal(batch_send(&settings, to, &letter, 1), 0);
	assert_in_range(time(NULL) - began, 2, 6);
	assert_int_equal(letter.verdict, SMTP_LATER);
	assert_string_equal(letter.reply, "no reply within 3 seconds");
}

/* After its time is over no further letter of a batch is begun. */
static void sleep_told(void *arg, struct smtp_letter *letter)
{
	(void)letter;
	if ((*(int *)arg)++ == 0)
		(void)sleep(2);
}

static void batch_has_an_end(void **state)
{
	struct fixture *f = *state;
	struct smtp_letter letters[3];
	struct smtp_settings settings;
	struct smtp *smtp;
	struct err e;
	int calls = 0;

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	settings.batch_max = 1;
	settings.data_timeout = 100;
	for (int i = 0; i < 3; i++)
		letters[i] =
		    (struct smtp_letter){.to = "a@example.org", .bytes = small, .len = sizeof(small) - 1};
	assert_done(smtp_open(&smtp, &settings, &e), &e);
	assert_true(smtp_batch_longest(smtp) > 1 + settings.timeout + settings.data_timeout);
	assert_done(smtp_send_batch(smtp, letters, 3, sleep_told, &calls, &e), &e);
	smtp_close(smtp);
	assert_int_equal(calls, 3);
	assert_int_equal(letters[0].verdict, SMTP_ACCEPTED);
	assert_int_equal(letters[1].verdict, SMTP_LATER);
	assert_int_equal(letters[2].verdict, SMTP_LATER);
	assert_string_equal(letters[1].reply, "not tried: the batch took over 1 seconds");
	assert_int_equal(f->server.letters, 1);
}

/* Whoever asks to stop waits for the letter under way and no further one, and the others are not to blame. */
static bool stop_wanted;
static bool stop_said(void)
{
	return stop_wanted;
}
static void stop_told(void *arg, struct smtp_letter *letter)
{
	(void)arg;
	(void)letter;
	stop_wanted = true;
}

static void stops_after_the_letter(void **state)
{
	struct fixture *f = *state;
	struct smtp_letter letters[3];
	struct smtp_settings settings;
	struct smtp *smtp;
	struct err e;

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	for (int i = 0; i < 3; i++)
		letters[i] =
		    (struct smtp_letter){.to = "a@example.org", .bytes = small, .len = sizeof(small) - 1};
	stop_wanted = false;
	assert_done(smtp_open(&smtp, &settings, &e), &e);
	smtp_stop_when(smtp, stop_said);
	assert_done(smtp_send_batch(smtp, letters, 3, stop_told, NULL, &e), &e);
	assert_int_equal(f->server.letters, 1);
	assert_int_equal(letters[0].verdict, SMTP_ACCEPTED);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(letters[i].verdict, SMTP_LATER);
		assert_true(letters[i].untried);
		assert_string_equal(letters[i].reply, "not tried: asked to stop");
	}
	/* Nor is a whole batch begun. */
	assert_done(smtp_send_batch(smtp, letters, 3, NULL, NULL, &e), &e);
	smtp_close(smtp);
	assert_int_equal(f->server.letters, 1);
	assert_true(letters[0].untried);
}

/* --- TLS --- */

static const struct tls_case {
	const char *name, *host;
	enum smtp_tls tls;
	const char *san; /* NULL: the server offers no STARTTLS */
	int days;
	bool trusted;       /* our CA is in Mail.CaFile */
	const char *inject; /* plain text behind the STARTTLS reply */
	enum smtp_verdict verdict;
	bool encrypted;    /* the handshake was completed on the server's side */
	const char *reply; /* part of it */
} tls_cases[] = {
    {"required, name right", "localhost", SMTP_TLS_REQUIRED, "DNS:localhost", 9, true, NULL, SMTP_ACCEPTED,
	true, "250"},
    {"required, address right", "127.0.0.1", SMTP_TLS_REQUIRED, "IP:127.0.0.1", 9, true, NULL, SMTP_ACCEPTED,
	true, "250"},
    {"required, name wrong", "localhost", SMTP_TLS_REQUIRED, "DNS:mx.example", 9, true, NULL, SMTP_LATER,
	false, "ostname mismatch"},
    {"required, address wrong", "127.0.0.1", SMTP_TLS_REQUIRED, "IP:192.0.2.1", 9, true, NULL, SMTP_LATER,
	false, "IP address mismatch"},
    {"required, name only in the CN", "mx", SMTP_TLS_REQUIRED, "DNS:other.example", 9, true, NULL, SMTP_LATER,
	false, NULL},
    {"required, CA not trusted", "localhost", SMTP_TLS_REQUIRED, "DNS:localhost", 9, false, NULL, SMTP_LATER,
	false, "certificate of localhost"},
    {"required, certificate over", "localhost", SMTP_TLS_REQUIRED, "DNS:localhost", -1, true, NULL,
	SMTP_LATER, false, "expired"},
    {"required, not offered", "localhost", SMTP_TLS_REQUIRED, NULL, 0, true, NULL, SMTP_LATER, false,
	"does not offer STARTTLS"},
    {"required, replies injected", "localhost", SMTP_TLS_REQUIRED, "DNS:localhost", 9, true,
	"250-mx.example\r\n250 SIZE 1\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n", SMTP_LATER, false,
	"plain text behind"},
    {"auto, name wrong: encrypted all the same", "127.0.0.1", SMTP_TLS_AUTO, "DNS:mx.example", 9, true, NULL,
	SMTP_ACCEPTED, true, "250"},
    {"auto, CA not trusted: encrypted all the same", "127.0.0.1", SMTP_TLS_AUTO, "DNS:localhost", 9, false,
	NULL, SMTP_ACCEPTED, true, "250"},
    {"auto, not offered", "127.0.0.1", SMTP_TLS_AUTO, NULL, 0, false, NULL, SMTP_ACCEPTED, false, "250"},
    {"auto, replies injected", "127.0.0.1", SMTP_TLS_AUTO, "DNS:localhost", 9, false,
	"250-mx.example\r\n250 SIZE 1\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n", SMTP_LATER, false,
	"plain text behind"},
    {"off, offered", "127.0.0.1", SMTP_TLS_OFF, "DNS:localhost", 9, true, NULL, SMTP_ACCEPTED, false, "250"},
};

static void tls_check(void **state)
{
	struct fixture *f = *state;
	const struct tls_case *c = f->the_case;
	struct smtp_letter letter;
	struct smtp_settings settings;
	char other[128];

	if (c->san != NULL)
		fixture_certificate(f, c->san, c->days);
	f->server.inject = c->inject;
	server_start(&f->server);
	settings = settings_for(f, c->host);
	settings.tls = c->tls;
	settings.timeout = 2;
	mail_identity_make(&f->folder, "stranger", "DNS:localhost", 9);
	mail_path(other, &f->folder, "stranger.pem");
	settings.ca_file = c->trusted ? f->folder.ca_file : other;
	(void)batch_send(&settings, (const char *const[]){"a@example.org"}, &letter, 1);
	if (c->reply != NULL && strstr(letter.reply, c->reply) == NULL)
		fail_msg("reply: %s", letter.reply);
	assert_int_equal(letter.verdict, c->verdict);
	assert_int_equal(f->server.letters, c->verdict == SMTP_ACCEPTED ? 1 : 0);
	if (c->verdict == SMTP_ACCEPTED)
		assert_int_equal(f->server.tls, c->encrypted);
	if (c->encrypted && strcmp(c->host, "localhost") == 0)
		assert_string_equal(f->server.sni, "localhost");
}

/* --- AUTH --- */

static const struct auth_case {
	const char *name, *offered, *user, *password;
	enum smtp_verdict verdict;
	bool signed_in;
	const char *reply;
} auth_cases[] = {
    {"PLAIN", "PLAIN", "mailcert", "geheim", SMTP_ACCEPTED, true, "250"},
    {"LOGIN", "LOGIN", "mailcert", "geheim", SMTP_ACCEPTED, true, "250"},
    {"unknown first, then PLAIN", "XOAUTH2 PLAIN", "mailcert", "geheim", SMTP_ACCEPTED, true, "250"},
    {"wrong password", "PLAIN LOGIN", "mailcert", "falsch", SMTP_LATER, false, "550 5.7.1 relaying denied"},
    {"none offered", NULL, "mailcert", "geheim", SMTP_LATER, false, "550 5.7.1 relaying denied"},
    {"without user", "PLAIN", NULL, NULL, SMTP_REFUSED, false, "550 5.7.1 relaying denied"},
};

static void auth_check(void **state)
{
	struct fixture *f = *state;
	const struct auth_case *c = f->the_case;
	struct smtp_letter letter;
	struct smtp_settings settings;

	f->server.auth = c->offered;
	f->server.user = "mailcert";
	f->server.password = "geheim";
	f->server.auth_needed = true;
	fixture_certificate(f, "DNS:localhost", 9);
	server_start(&f->server);
	settings = settings_for(f, "localhost");
	settings.tls = SMTP_TLS_REQUIRED;
	settings.ca_file = f->folder.ca_file;
	settings.user = c->user;
	settings.password = c->password;
	(void)batch_send(&settings, (const char *const[]){"a@example.org"}, &letter, 1);
	if (strstr(letter.reply, c->reply) == NULL)
		fail_msg("reply: %s", letter.reply);
	assert_int_equal(letter.verdict, c->verdict);
	assert_int_equal(f->server.signed_in, c->signed_in);
}

/* --- settings --- */

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct settings_case {
	const char *name;
	struct smtp_settings settings;
	bool good;
} settings_cases[] = {
    {"host and port", {.host = "mx.example:25", .from = "a@b.example"}, true},
    {"no port", {.host = "mx.example", .from = "a@b.example"}, false},
    {"empty port", {.host = "mx.example:", .from = "a@b.example"}, false},
    {"no host", {.host = ":25", .from = "a@b.example"}, false},
    {"IPv6 literal", {.host = "[::1]:25", .from = "a@b.example"}, false},
    {"bad sender", {.host = "mx.example:25", .from = "a>b@c.example"}, false},
    {"no CA file",
	{.host = "mx.example:25", .from = "a@b.example", .tls = SMTP_TLS_AUTO, .ca_file = "/nowhere.pem"},
	false},
    {"password over plain text",
	{.host = "mx.example:25", .from = "a@b.example", .tls = SMTP_TLS_OFF, .user = "u", .password = "p"},
	false},
    {"password where TLS can be stripped",
	{.host = "mx.example:25", .from = "a@b.example", .tls = SMTP_TLS_AUTO, .user = "u", .password = "p"},
	false},
    {"password with TLS required",
	{.host = "mx.example:25",
	    .from = "a@b.example",
	    .tls = SMTP_TLS_REQUIRED,
	    .user = "u",
	    .password = "p"},
	true},
    {"password to this machine",
	{.host = "127.0.0.1:25", .from = "a@b.example", .user = "u", .password = "p"}, true},
    {"a host that begins like this machine",
	{.host = "127.example:25", .from = "a@b.example", .user = "u", .password = "p"}, false},
    {"user without password", {.host = "127.0.0.1:25", .from = "a@b.example", .user = "u"}, false},
    {"user too long for PLAIN",
	{.host = "127.0.0.1:25", .from = "a@b.example", .user = A64 A64 A64 A64, .password = "p"}, false},
};

static void settings_check_case(void **state)
{
	const struct settings_case *c = *state;
	struct smtp *smtp = NULL;
	struct err e;

	assert_int_equal(smtp_open(&smtp, &c->settings, &e), c->good ? 0 : -1);
	if (!c->good)
		assert_int_equal(e.fault, FAULT_config_invalid);
	smtp_close(smtp);
}

/* --- many --- */

/* A hundred batches leave nothing behind: descriptors are counted here, memory by the sanitizer. */
static void batches_leave_nothing(void **state)
{
	static const char *const to[] = {"refused@example.org", "later@example.org"};
	struct fixture *f = *state;
	struct smtp_letter letters[2];
	struct smtp_settings settings;
	int before, after;

	fixture_certificate(f, "DNS:localhost", 9);
	server_start(&f->server);
	settings = settings_for(f, "localhost");
	settings.tls = SMTP_TLS_REQUIRED;
	settings.ca_file = f->folder.ca_file;
	before = dup(0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(batch_send(&settings, to, letters, 2), 0);
	after = dup(0);
	assert_true(after <= before + 1); /* the server may still be closing its end */
	(void)close(before);
	(void)close(after);
	assert_int_equal(f->server.connections, 20);
}

static void signals_are_restored(void **state)
{
	static const char *const to[] = {"a@example.org"};
	struct fixture *f = *state;
	struct sigaction pipe_now, alarm_now;
	struct smtp_letter letter;
	struct smtp_settings settings;

	server_start(&f->server);
	settings = settings_for(f, "127.0.0.1");
	(void)signal(SIGPIPE, SIG_DFL);
	assert_int_equal(batch_send(&settings, to, &letter, 1), 0);
	(void)sigaction(SIGPIPE, NULL, &pipe_now);
	(void)sigaction(SIGALRM, NULL, &alarm_now);
	assert_true(pipe_now.sa_handler == SIG_DFL);
	assert_true(alarm_now.sa_handler == SIG_DFL);
}

static void batch_of_none(void **state)
{
	struct fixture *f = *state;
	struct smtp_settings settings = settings_for(f, "127.0.0.1");
	struct smtp *smtp;
	struct err e;

	settings.host = "127.0.0.1:1";
	assert_done(smtp_open(&smtp, &settings, &e), &e);
	assert_done(smtp_send_batch(smtp, NULL, 0, NULL, NULL, &e), &e);
	smtp_close(smtp);
}

/* libesmtp's sockets are made by this program's socket(), which lets nothing that was written wait. */
static void nothing_written_waits(void **state)
{
	void *dso = dlopen("libesmtp.so.6", RTLD_LAZY | RTLD_NOLOAD);
	int (*theirs)(int, int, int) = (int (*)(int, int, int))(uintptr_t)dlsym(RTLD_DEFAULT, "socket");
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 0;
	socklen_t len = sizeof(on);

	(void)state;
	assert_non_null(dso);
	assert_true(theirs == socket);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_true(on);
	(void)close(fd);
	(void)dlclose(dso);
}

static void pauses_grow(void **state)
{
	static const long want[] = {60, 60, 300, 900, 3600, 14400, 14400, 14400};

	(void)state;
	for (unsigned i = 0; i < nitems(want); i++)
		assert_int_equal(mail_next_pause(i, 60), want[i]);
	assert_int_equal(mail_next_pause(4000000000U, 60), 14400);
	assert_int_equal(mail_next_pause(2, 1), 5);
}

#define CASES(table, check, before, after)                                     \
	for (size_t i = 0; i < nitems(table); i++)                             \
		t[n++] = (struct CMUnitTest)                                   \
		{                                                              \
			table[i].name, check, before, after, (void *)&table[i] \
		}

int main(void)
{
	const struct CMUnitTest more[] = {
	    cmocka_unit_test_setup_teardown(batch_mixed, setup, teardown),
	    cmocka_unit_test_setup_teardown(batch_letter_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(sender_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(nobody_listens, setup, teardown),
	    cmocka_unit_test_setup_teardown(host_unknown, setup, teardown),
	    cmocka_unit_test_setup_teardown(connect_times_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(scanning_is_waited_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(silence_after_the_text, setup, teardown),
	    cmocka_unit_test_setup_teardown(batch_has_an_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(stops_after_the_letter, setup, teardown),
	    cmocka_unit_test_setup_teardown(batches_leave_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(signals_are_restored, setup, teardown),
	    cmocka_unit_test_setup_teardown(batch_of_none, setup, teardown),
	    cmocka_unit_test(nothing_written_waits),
	    cmocka_unit_test(pauses_grow),
	};
	struct CMUnitTest t[nitems(loss_cases) + nitems(greeting_cases) + nitems(tls_cases) +
			    nitems(auth_cases) + nitems(settings_cases) + nitems(more)];
	size_t n = 0;

	for (size_t i = 0; i < nitems(more); i++)
		t[n++] = more[i];
	CASES(loss_cases, loss_check, setup, teardown);
	CASES(greeting_cases, greeting_check, setup, teardown);
	CASES(tls_cases, tls_check, setup, teardown);
	CASES(auth_cases, auth_check, setup, teardown);
	CASES(settings_cases, settings_check_case, NULL, NULL);
	return cmocka_run_group_tests_name("smtp", t, NULL, NULL);
}
