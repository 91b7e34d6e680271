/* fixture_smtp.h - a small SMTP server in a thread, on a free loopback port, that does what a test wants.
 *
 * What becomes of a letter is chosen by the recipient's local part:
 *   later@     RCPT: 451            laterdata@  after the text: 452
 *   refused@   RCPT: 550            refuseddata@ after the text: 554, in two lines with an escape sequence
 *   drop@      the connection is cut within the text       dropend@  ... after the text, before the reply
 *   slow@      no reply to RCPT for longer than the client waits
 *   scan@      after the text: 250, two seconds later      silentdata@ ... no reply for longer than the
 * client waits noauth@    RCPT: 530            anything else: accepted
 */
#ifndef TESTS_UNIT_FIXTURE_SMTP_H
#define TESTS_UNIT_FIXTURE_SMTP_H

#include "tests/unit/fixture_mail.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define SERVER_LETTERS 16

struct smtp_server {
	/* set before server_start() */
	const char *greeting;        /* NULL: "220 mx.example ESMTP"; "": silence */
	const char *cert, *key;      /* files; NULL: no STARTTLS */
	const char *inject;          /* plain text behind the STARTTLS reply */
	const char *auth;            /* mechanisms offered: "PLAIN LOGIN"; NULL: none */
	const char *user, *password; /* what is let in */
	bool auth_needed;            /* MAIL without AUTH: 530; RCPT: 550 */
	bool mail_refused;           /* MAIL: 553 */
	/* found */
	int port;
	atomic_int connections, letters;
	bool tls, signed_in;
	char sni[128];
	char from[SERVER_LETTERS][256], to[SERVER_LETTERS][256];
	struct buf text[SERVER_LETTERS];
	/* its own */
	int listening, stop[2];
	pthread_t thread;
	SSL_CTX *ctx;
};

/* One connection of the server. */
struct server_talk {
	struct smtp_server *server;
	int fd;
	SSL *ssl;
	char held[4096];
	size_t held_len;
	char from[256], to[256];
};

SHARED ssize_t talk_read(struct server_talk *t, char *out, size_t room)
{
	return t->ssl != NULL ? SSL_read(t->ssl, out, (int)room) : read(t->fd, out, room);
}

SHARED void talk_say(struct server_talk *t, const char *words)
{
	size_t len = strlen(words);

	if (t->ssl != NULL)
		(void)SSL_write(t->ssl, words, (int)len);
	else
		(void)send(t->fd, words, len, MSG_NOSIGNAL);
}

/* A line without its CRLF; false at the connection's end. */
SHARED bool talk_line(struct server_talk *t, char *out, size_t room)
{
	for (;;) {
		char *end = memchr(t->held, '\n', t->held_len);
		ssize_t got;

		if (end != NULL) {
			size_t len = (size_t)(end - t->held);

			(void)snprintf(out, room, "%.*s", (int)len, t->held);
			out[strcspn(out, "\r")] = '\0';
			t->held_len -= len + 1;
			memmove(t->held, end + 1, t->held_len);
			return true;
		}
		if (t->held_len == sizeof(t->held))
			return false;
		got = talk_read(t, t->held + t->held_len, sizeof(t->held) - t->held_len);
		if (got <= 0)
			return false;
		t->held_len += (size_t)got;
	}
}

SHARED bool talk_is(const struct server_talk *t, const char *local)
{
	size_t len = strlen(local);

	return strncmp(t->to, local, len) == 0 && t->to[len] == '@';
}

/* What stands between angle brackets. */
SHARED void talk_path(char out[256], const char *line)
{
	const char *open = strchr(line, '<'), *end = strchr(line, '>');

	(void)snprintf(out, 256, "%.*s", open == NULL || end == NULL ? 0 : (int)(end - open - 1),
	    open == NULL ? "" : open + 1);
}

SHARED void talk_ehlo(struct server_talk *t)
{
	char words[256];

	(void)snprintf(words, sizeof(words),
	    "250-mx.example\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n%s%s%s%s250 SIZE 10000000\r\n",
	    t->server->ctx != NULL && t->ssl == NULL ? "250-STARTTLS\r\n" : "",
	    t->server->auth == NULL ? "" : "250-AUTH ", t->server->auth == NULL ? "" : t->server->auth,
	    t->server->auth == NULL ? "" : "\r\n");
	talk_say(t, words);
}

SHARED bool talk_starttls(struct server_talk *t)
{
	char words[512];

	(void)snprintf(words, sizeof(words), "220 2.0.0 go ahead\r\n%s",
	    t->server->inject == NULL ? "" : t->server->inject);
	talk_say(t, words);
	t->ssl = SSL_new(t->server->ctx);
	(void)SSL_set_fd(t->ssl, t->fd);
	if (SSL_accept(t->ssl) != 1)
		return false;
	t->server->tls = true;
	if (SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name) != NULL)
		(void)snprintf(t->server->sni, sizeof(t->server->sni), "%s",
		    SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name));
	return true;
}

SHARED bool base64_is(const char *text, const void *bytes, size_t len)
{
	unsigned char want[512];

	(void)EVP_EncodeBlock(want, bytes, (int)len);
	return strcmp(text, (const char *)want) == 0;
}

SHARED bool talk_auth_plain(struct server_talk *t, const char *given)
{
	char bytes[256];
	int len = snprintf(bytes, sizeof(bytes), "%c%s%c%s", 0, t->server->user, 0, t->server->password);

	return base64_is(given, bytes, (size_t)len);
}

SHARED bool talk_auth_login(struct server_talk *t, const char *given)
{
	char line[1024];
	bool user;

	if (*given == '\0') {
		talk_say(t, "334 VXNlcm5hbWU6\r\n");
		if (!talk_line(t, line, sizeof(line)))
			return false;
		given = line;
	}
	user = base64_is(given, t->server->user, strlen(t->server->user));
	talk_say(t, "334 UGFzc3dvcmQ6\r\n");
	return talk_line(t, line, sizeof(line)) && user &&
	       base64_is(line, t->server->password, strlen(t->server->password));
}

SHARED void talk_auth(struct server_talk *t, const char *words)
{
	bool good = strncasecmp(words, "PLAIN ", 6) == 0
			? talk_auth_plain(t, words + 6)
			: talk_auth_login(t, words[5] == ' ' ? words + 6 : "");

	t->server->signed_in = good;
	talk_say(t, good ? "235 2.7.0 welcome\r\n" : "535 5.7.8 authentication failed\r\n");
}

SHARED bool talk_rcpt(struct server_talk *t, const char *line)
{
	talk_path(t->to, line);
	if (talk_is(t, "slow")) {
		char more[64];

		(void)talk_line(t, more, sizeof(more)); /* until the client goes */
		return false;
	}
	if (talk_is(t, "later"))
		talk_say(t, "451 4.7.1 greylisted, try again\r\n");
	else if (talk_is(t, "refused"))
		talk_say(t, "550 5.1.1 no such user\r\n");
	else if (talk_is(t, "noauth"))
		talk_say(t, "530 5.7.0 sign in first\r\n");
	else if (t->server->auth_needed && !t->server->signed_in)
		talk_say(t, "550 5.7.1 relaying denied\r\n");
	else
		talk_say(t, "250 2.1.5 ok\r\n");
	return true;
}

/* Read the text until its lone dot; false when the server cuts the connection. */
SHARED bool talk_data(struct server_talk *t)
{
	struct buf text = {0};
	char line[2048];
	int n = t->server->letters;

	talk_say(t, "354 go ahead\r\n");
	for (;;) {
		if (!talk_line(t, line, sizeof(line)) || talk_is(t, "drop")) {
			buf_free(&text);
			return false;
		}
		if (strcmp(line, ".") == 0)
			break;
		buf_puts(&text, line + (line[0] == '.'));
		buf_puts(&text, "\r\n");
	}
	if (talk_is(t, "silentdata")) {
		buf_free(&text);
		(void)talk_line(t, line, sizeof(line));
		return false;
	}
	if (talk_is(t, "scan"))
		(void)sleep(2);
	if (talk_is(t, "dropend") || talk_is(t, "laterdata") || talk_is(t, "refuseddata") ||
	    n == SERVER_LETTERS) {
		buf_free(&text);
		if (talk_is(t, "laterdata"))
			talk_say(t, "452 4.3.1 disk full\r\n");
		if (talk_is(t, "refuseddata"))
			talk_say(t, "554-5.7.1 we do not like\r\n554 5.7.1 \x1b[31mthis\xff text\r\n");
		return !talk_is(t, "dropend");
	}
	(void)snprintf(t->server->from[n], 256, "%s", t->from);
	(void)snprintf(t->server->to[n], 256, "%s", t->to);
	t->server->text[n] = text;
	t->server->letters = n + 1;
	talk_say(t, "250 2.0.0 queued as 4711\r\n");
	return true;
}

SHARED bool talk_command(struct server_talk *t, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0) {
		talk_ehlo(t);
	} else if (strncasecmp(line, "STARTTLS", 8) == 0) {
		return talk_starttls(t);
	} else if (strncasecmp(line, "AUTH ", 5) == 0) {
		talk_auth(t, line + 5);
	} else if (strncasecmp(line, "MAIL ", 5) == 0) {
		talk_path(t->from, line);
		talk_say(t, t->server->mail_refused ? "553 5.1.8 sender refused\r\n" : "250 2.1.0 ok\r\n");
	} else if (strncasecmp(line, "RCPT ", 5) == 0) {
		return talk_rcpt(t, line);
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		return talk_data(t);
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		talk_say(t, "221 2.0.0 bye\r\n");
		return false;
	} else {
		talk_say(t, "250 2.0.0 ok\r\n");
	}
	return true;
}

SHARED void server_serve(struct smtp_server *s, int fd)
{
	struct server_talk t = {.server = s, .fd = fd};
	struct timeval limit = {20, 0};
	char line[2048];

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	s->connections++;
	talk_say(&t, s->greeting == NULL ? "220 mx.example ESMTP\r\n" : s->greeting);
	while (talk_line(&t, line, sizeof(line)) && talk_command(&t, line))
		;
	if (t.ssl != NULL)
		(void)SSL_shutdown(t.ssl);
	SSL_free(t.ssl);
	(void)close(fd);
}

SHARED void *server_thread(void *arg)
{
	struct smtp_server *s = arg;
	struct pollfd fds[2] = {{s->listening, POLLIN, 0}, {s->stop[0], POLLIN, 0}};

	while (poll(fds, 2, -1) > 0 && fds[1].revents == 0) {
		int fd = accept(s->listening, NULL, NULL);

		if (fd != -1)
			server_serve(s, fd);
	}
	OPENSSL_thread_stop();
	return NULL;
}

SHARED int loopback_listen(int *port, int backlog)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* Start it; the client's timer signal must not be taken by the server's thread, so that one blocks all. */
SHARED void server_start(struct smtp_server *s)
{
	sigset_t all, before;

	if (s->cert != NULL) {
		s->ctx = SSL_CTX_new(TLS_server_method());
		assert_int_equal(SSL_CTX_use_certificate_file(s->ctx, s->cert, SSL_FILETYPE_PEM), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(s->ctx, s->key, SSL_FILETYPE_PEM), 1);
	}
	s->listening = loopback_listen(&s->port, 8);
	assert_int_equal(pipe(s->stop), 0);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_int_equal(pthread_create(&s->thread, NULL, server_thread, s), 0);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

SHARED void server_stop(struct smtp_server *s)
{
	if (s->port == 0)
		return;
	(void)close(s->stop[1]);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->stop[0]);
	(void)close(s->listening);
	SSL_CTX_free(s->ctx);
	for (int i = 0; i < SERVER_LETTERS; i++)
		buf_free(&s->text[i]);
	ERR_clear_error();
}

#endif
