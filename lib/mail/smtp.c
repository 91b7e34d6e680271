/* smtp.c - libesmtp, with verdicts; see smtp.h. */
#include "lib/mail/smtp.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

#define AUTH_TEXT_MAX 255 /* libesmtp's PLAIN copies into a buffer of that size without looking */

struct smtp {
	char *host_port, *host; /* host: without the port */
	char *user, *password;  /* NULL: no AUTH */
	char *from;
	enum smtp_tls tls;
	unsigned timeout, data_timeout, batch_max;
	SSL_CTX *ctx;       /* NULL when TLS is off */
	struct talk *talk;  /* while a batch is on its way */
	bool (*stop)(void); /* NULL: nobody asks to stop */
};

/* socket(2) for the whole program, libesmtp included, which tells nobody its descriptor: what is written goes
 * out at once. A letter is written in pieces; the kernel would keep its last one until the server has
 * acknowledged those before (RFC 896), which a server puts off for 40 ms (RFC 1122 4.2.3.2): 24 mails a
 * second, and no more. */
int socket(int domain, int type, int protocol)
{
	const int fd = (int)syscall(SYS_socket, domain, type, protocol), on = 1;

	if (fd != -1 && (domain == AF_INET || domain == AF_INET6))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* none but TCP has it */
	return fd;
}

/* One connection. */
struct talk {
	struct smtp *smtp;
	struct slot *slots; /* one a letter, in order */
	size_t count;
	smtp_told *told;
	void *arg;
	time_t began, heard;     /* monotonic: of the batch; of the last sign of life */
	bool connected;          /* a server took the connection */
	bool starttls, injected; /* STARTTLS was sent; the server said more than its reply in plain text */
	bool signing_in, signed_in;
	bool quitting;
	bool too_late;                /* the batch has taken longer than it may */
	bool stopped;                 /* we were asked to stop */
	bool text_sent;               /* a letter's text, and its reply has not come */
	char trouble[SMTP_REPLY_MAX]; /* what went wrong with the connection, in our words */
	char last[SMTP_REPLY_MAX];    /* the server's last line before QUIT */
};

/* A letter on its way. */
struct slot {
	struct talk *talk;
	struct smtp_letter *letter;
	bool given;   /* to libesmtp's reader */
	bool begun;   /* the server has heard of it */
	bool settled; /* verdict stands, told was called */
};

static time_t seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Copy what a server said as one printable line; logs, pages and the database get nothing else. */
static void reply_copy(char *out, size_t room, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < room; text++) {
		char c = *text >= ' ' && *text <= '~' ? *text : (unsigned char)*text > 0x7f ? '?' : ' ';

		if (c != ' ' || (n > 0 && out[n - 1] != ' '))
			out[n++] = c;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static void trouble_set(struct talk *talk, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void trouble_set(struct talk *talk, const char *fmt, ...)
{
	char words[SMTP_REPLY_MAX];
	va_list ap;

	if (talk->trouble[0] != '\0') /* the first cause is the cause */
		return;
	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	reply_copy(talk->trouble, sizeof(talk->trouble), words);
}

/* Say of every letter who was asked. */
static void servers_name(struct talk *talk, const char *name)
{
	for (size_t i = 0; i < talk->count; i++)
		reply_copy(talk->slots[i].letter->server, SMTP_SERVER_MAX, name);
}

/* A verdict stands: write it down and tell. */
static void slot_settle(struct slot *slot, enum smtp_verdict verdict, int code, const char *words)
{
	struct smtp_letter *letter = slot->letter;

	if (slot->settled)
		return;
	slot->settled = true;
	letter->verdict = verdict;
	letter->code = code;
	reply_copy(letter->reply, sizeof(letter->reply), words);
	if (slot->talk->told != NULL)
		slot->talk->told(slot->talk->arg, letter);
}

/* Codes that speak of our sign-in or of TLS, not of the letter (RFC 4954 section 6, RFC 3207 section 4). */
static bool code_of_setup(int code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

static void slot_judge(struct slot *slot, const smtp_status_t *status)
{
	struct talk *talk = slot->talk;
	char words[SMTP_REPLY_MAX + 64], triple[40] = "";
	const char *text = status->text == NULL ? "" : status->text;
	enum smtp_verdict verdict = SMTP_LATER;
	/* libesmtp goes on unauthenticated when AUTH fails; the letter is not to blame for the answer. */
	bool not_signed_in = talk->smtp->user != NULL && !talk->signed_in;

	if (status->enh_class != 0)
		(void)snprintf(triple, sizeof(triple), "%d.%d.%d ", status->enh_class, status->enh_subject,
		    status->enh_detail);
	(void)snprintf(words, sizeof(words), "%d %s%s", status->code, triple, text);
	talk->last[0] = '\0'; /* it was this letter's: no reason for what happens to others */
	if (status->code >= 200 && status->code <= 299)
		verdict = SMTP_ACCEPTED;
	else if (status->code >= 500 && status->code <= 599 && !code_of_setup(status->code) && !not_signed_in)
		verdict = SMTP_REFUSED;
	slot_settle(slot, verdict, status->code, words);
}

static bool status_bad(const smtp_status_t *status)
{
	return status != NULL && (status->code < 200 || status->code > 299);
}

static void connect_timer_stop(void)
{
	struct itimerval off = {0};

	(void)setitimer(ITIMER_REAL, &off, NULL);
}

/* Certificate events of libesmtp. Under `required` OpenSSL has checked chain and name in verify_peer()
 * already; libesmtp's own look at the name knows no addresses and trusts the resolver's canonical name, so it
 * is only let pass what OpenSSL found good. */
static bool certificate_good(const struct talk *talk, const SSL *ssl)
{
	return talk->smtp->tls == SMTP_TLS_AUTO || SSL_get_verify_result(ssl) == X509_V_OK;
}

static void certificate_event(struct talk *talk, int event, va_list ap)
{
	int *ok;

	switch (event) {
	case SMTP_EV_INVALID_PEER_CERTIFICATE:
		(void)va_arg(ap, long);
		ok = va_arg(ap, int *);
		*ok = talk->smtp->tls == SMTP_TLS_AUTO;
		break;
	case SMTP_EV_NO_PEER_CERTIFICATE:
		ok = va_arg(ap, int *);
		*ok = talk->smtp->tls == SMTP_TLS_AUTO;
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		ok = va_arg(ap, int *);
		(void)va_arg(ap, char *);
		*ok = certificate_good(talk, va_arg(ap, SSL *));
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		trouble_set(talk, "the server does not offer STARTTLS, which Mail.Tls requires");
		break;
	default:
		trouble_set(talk, "TLS: event %d of libesmtp", event);
		break;
	}
}

static void letter_event(int event, va_list ap)
{
	smtp_message_t message;
	smtp_recipient_t recipient;
	const smtp_status_t *status;
	struct slot *slot;

	if (event == SMTP_EV_MESSAGESENT) {
		message = va_arg(ap, smtp_message_t);
		slot = smtp_message_get_application_data(message);
		slot->talk->text_sent = false;
		slot_judge(slot, smtp_message_transfer_status(message));
		return;
	}
	(void)va_arg(ap, char *); /* the address */
	if (event == SMTP_EV_MAILSTATUS) {
		message = va_arg(ap, smtp_message_t);
		slot = smtp_message_get_application_data(message);
		status = smtp_reverse_path_status(message);
	} else {
		recipient = va_arg(ap, smtp_recipient_t);
		slot = smtp_recipient_get_application_data(recipient);
		status = smtp_recipient_status(recipient);
	}
	slot->begun = true;
	if (status_bad(status))
		slot_judge(slot, status);
}

static void talk_event(smtp_session_t session, int event, void *arg, ...)
{
	struct talk *talk = arg;
	va_list ap;

	if (event != SMTP_EV_DISCONNECT)
		talk->heard = seconds_now();
	va_start(ap, arg);
	switch (event) {
	case SMTP_EV_CONNECT:
		connect_timer_stop();
		talk->connected = true;
		servers_name(talk, smtp_get_server_name(session));
		break;
	case SMTP_EV_MAILSTATUS:
	case SMTP_EV_RCPTSTATUS:
	case SMTP_EV_MESSAGESENT:
		letter_event(event, ap);
		break;
	case SMTP_EV_DISCONNECT:
	case SMTP_EV_MESSAGEDATA:
	case SMTP_EV_SYNTAXWARNING:
	case SMTP_EV_STARTTLS_OK:
		break;
	default:
		certificate_event(talk, event, ap);
		break;
	}
	va_end(ap);
}

/* The last line of what was read, for the case that nothing else explains the end. */
static void last_line_keep(struct talk *talk, const char *bytes, size_t len)
{
	char line[SMTP_REPLY_MAX];
	const char *begin;

	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	begin = memrchr(bytes, '\n', len);
	begin = begin == NULL ? bytes : begin + 1;
	len -= (size_t)(begin - bytes);
	len = len < sizeof(line) ? len : sizeof(line) - 1;
	memcpy(line, begin, len);
	line[len] = '\0';
	reply_copy(talk->last, sizeof(talk->last), line);
}

static bool line_begins(const char *bytes, size_t len, const char *word)
{
	return len >= strlen(word) && strncasecmp(bytes, word, strlen(word)) == 0;
}

/* The length of the first reply in what was read, with its continuation lines ("220-"). */
static size_t reply_length(const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *end = memchr(bytes + at, '\n', len - at);
		bool more = len - at > 3 && bytes[at + 3] == '-';

		at = end == NULL ? len : (size_t)(end + 1 - bytes);
		if (!more)
			break;
	}
	return at;
}

/* All that passes over the wire but letters: learn what libesmtp does not tell, namely whether AUTH succeeded
 * and whether the server sent anything behind its STARTTLS reply. libesmtp 1.1.0 would take such plain text
 * for replies under TLS, so that someone in between could answer in the server's name; 1.1.1 mends it, Debian
 * 12 has 1.1.0. Nothing of what passes is kept but the last line read. */
static void talk_monitor(const char *bytes, int length, int writing, void *arg)
{
	struct talk *talk = arg;
	size_t len = (size_t)length;

	talk->heard = seconds_now();
	if (writing) {
		talk->signing_in = talk->signing_in || line_begins(bytes, len, "AUTH ");
		talk->signing_in = talk->signing_in && !line_begins(bytes, len, "MAIL ");
		talk->quitting = talk->quitting || line_begins(bytes, len, "QUIT");
		talk->starttls = line_begins(bytes, len, "STARTTLS");
		return;
	}
	if (talk->starttls) {
		talk->injected = talk->injected || reply_length(bytes, len) < len;
		talk->starttls = false;
	}
	if (talk->signing_in && line_begins(bytes, len, "235"))
		talk->signed_in = true;
	if (!talk->quitting)
		last_line_keep(talk, bytes, len);
}

/* Give the letter's bytes in one piece. Returning NULL with errno set makes libesmtp drop the connection. */
static const char *slot_read(void **ctx, int *len, void *arg)
{
	struct slot *slot = arg;
	struct talk *talk = slot->talk;

	(void)ctx; /* libesmtp would free() it */
	if (len == NULL) {
		slot->given = false;
		return NULL;
	}
	*len = 0;
	if (slot->given)
		return NULL;
	slot->given = true;
	if (talk->smtp->batch_max > 0 && seconds_now() - talk->began >= (time_t)talk->smtp->batch_max) {
		talk->too_late = true;
		errno = ETIMEDOUT;
		return NULL;
	}
	if (talk->smtp->stop != NULL && talk->smtp->stop()) {
		talk->stopped = true;
		errno = ECANCELED;
		return NULL;
	}
	slot->begun = true;
	talk->text_sent = true;
	*len = (int)slot->letter->len;
	return slot->letter->bytes;
}

static int auth_answer(auth_client_request_t request, char **result, int fields, void *arg)
{
	const struct smtp *smtp = arg;

	for (int i = 0; i < fields; i++) {
		if ((request[i].flags & AUTH_USER) != 0)
			result[i] = smtp->user;
		else if ((request[i].flags & AUTH_PASS) != 0)
			result[i] = smtp->password;
		else
			return 0;
	}
	return 1;
}

/* OpenSSL asks for each certificate of the chain; `good` is what it thinks itself, the host's name included.
 */
static int verify_peer(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct smtp *smtp = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct talk *talk = smtp->talk;

	if (talk->injected) {
		trouble_set(talk, "TLS: the server sent plain text behind its STARTTLS reply");
		return 0;
	}
	if (!good && smtp->tls == SMTP_TLS_REQUIRED)
		trouble_set(talk, "TLS: certificate of %s: %s", smtp->host,
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
	return good || smtp->tls == SMTP_TLS_AUTO;
}

/* libesmtp does not name the host it wants (SNI), without which many servers show a wrong certificate. */
static void handshake_begins(const SSL *ssl, int where, int value)
{
	const struct smtp *smtp = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct in_addr address;

	(void)value;
	if (where == SSL_CB_HANDSHAKE_START && inet_pton(AF_INET, smtp->host, &address) != 1)
		(void)SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, smtp->host);
}

static int smtp_tls_setup(struct smtp *smtp, const char *ca_file, struct err *e)
{
	X509_VERIFY_PARAM *param;
	struct in_addr address;
	bool good;

	smtp->ctx = SSL_CTX_new(TLS_client_method());
	if (smtp->ctx == NULL)
		return err_set(e, FAULT_busy, "smtp: no TLS context");
	param = SSL_CTX_get0_param(smtp->ctx);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (inet_pton(AF_INET, smtp->host, &address) == 1)
		good = X509_VERIFY_PARAM_set1_ip_asc(param, smtp->host) == 1;
	else
		good = X509_VERIFY_PARAM_set1_host(param, smtp->host, 0) == 1;
	/* Not TLS 1.3: its session tickets come unasked behind the handshake, and libesmtp 1.1.0 then waits
	 * for the reply to an EHLO that it has not sent yet, until the time is over. */
	good = good && SSL_CTX_set_min_proto_version(smtp->ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(smtp->ctx, TLS1_2_VERSION) == 1;
	(void)SSL_CTX_set_options(smtp->ctx, SSL_OP_NO_RENEGOTIATION);
	if (ca_file != NULL && *ca_file != '\0')
		good = good && SSL_CTX_load_verify_file(smtp->ctx, ca_file) == 1;
	else
		good = good && SSL_CTX_set_default_verify_paths(smtp->ctx) == 1;
	(void)SSL_CTX_set_app_data(smtp->ctx, smtp);
	SSL_CTX_set_verify(smtp->ctx, SSL_VERIFY_PEER, verify_peer);
	SSL_CTX_set_info_callback(smtp->ctx, handshake_begins);
	ERR_clear_error();
	if (!good)
		return err_set(e, FAULT_config_invalid, "Mail.CaFile %s: no certificates to trust",
		    ca_file == NULL ? "" : ca_file);
	return 0;
}

/* Whether host:port is this machine, beyond anybody's power to redirect. */
static bool host_local(const char *host_port)
{
	char host[SMTP_SERVER_MAX];
	struct in_addr address;

	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(host_port, ":"), host_port);
	return strcmp(host, "localhost") == 0 ||
	       (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static int settings_check(const struct smtp_settings *s, struct err *e)
{
	const char *colon = strchr(s->host, ':');
	size_t host;
	bool user = s->user != NULL && *s->user != '\0';

	if (colon == NULL || colon == s->host || colon[1] == '\0' || strchr(colon + 1, ':') != NULL ||
	    strlen(s->host) >= SMTP_SERVER_MAX)
		return err_set(e, FAULT_config_invalid, "Mail.Host = %.60s: host:port is wanted", s->host);
	host = (size_t)(colon - s->host);
	if (strspn(s->host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") != host)
		return err_set(e, FAULT_config_invalid, "Mail.Host = %.60s: not a host's name", s->host);
	if (!header_address_fits(s->from))
		return err_set(e, FAULT_config_invalid, "Mail.From = %.60s: not a mail address", s->from);
	if (!user)
		return 0;
	if (s->password == NULL || strlen(s->user) > AUTH_TEXT_MAX || strlen(s->password) > AUTH_TEXT_MAX)
		return err_set(e, FAULT_config_invalid,
		    "Mail.User: a password is wanted, both at most %d octets", AUTH_TEXT_MAX);
	if (s->tls != SMTP_TLS_REQUIRED && !host_local(s->host))
		return err_set(e, FAULT_config_invalid,
		    "Mail.User: a password may only be sent with Mail.Tls = required, or to this machine");
	return 0;
}

int smtp_open(struct smtp **out, const struct smtp_settings *s, struct err *e)
{
	struct smtp *smtp;

	if (settings_check(s, e) == -1)
		return -1;
	smtp = calloc(1, sizeof(*smtp));
	if (smtp == NULL)
		return err_set(e, FAULT_busy, "smtp: out of memory");
	smtp->host_port = strdup(s->host);
	smtp->host = strndup(s->host, strcspn(s->host, ":"));
	smtp->from = strdup(s->from);
	smtp->tls = s->tls;
	smtp->timeout = s->timeout > 0 ? s->timeout : 1;
	smtp->data_timeout = s->data_timeout > smtp->timeout ? s->data_timeout : smtp->timeout;
	smtp->batch_max = s->batch_max;
	if (s->user != NULL && *s->user != '\0') {
		smtp->user = strdup(s->user);
		smtp->password = strdup(s->password);
	}
	if (smtp->host_port == NULL || smtp->host == NULL || smtp->from == NULL ||
	    (s->user != NULL && *s->user != '\0' && (smtp->user == NULL || smtp->password == NULL))) {
		(void)err_set(e, FAULT_busy, "smtp: out of memory");
		goto fail;
	}
	if (smtp->tls != SMTP_TLS_OFF && smtp_tls_setup(smtp, s->ca_file, e) == -1)
		goto fail;
	auth_client_init();
	*out = smtp;
	return 0;
fail:
	smtp_close(smtp);
	return -1;
}

static int tls_by_word(enum smtp_tls *out, const char *word, struct err *e)
{
	static const char *const words[] = {"off", "auto", "required"};

	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum smtp_tls)i;
			return 0;
		}
	return err_set(e, FAULT_config_invalid, "Mail.Tls = %.40s: off, auto or required is wanted", word);
}

int smtp_open_conf(struct smtp **out, const struct conf *conf, unsigned batch_max, struct err *e)
{
	struct smtp_settings s = {
	    .host = conf_text(conf, SET_MAIL_HOST),
	    .ca_file = conf_text(conf, SET_MAIL_CA),
	    .user = conf_text(conf, SET_MAIL_USER),
	    .from = conf_text(conf, SET_MAIL_FROM),
	    .timeout = (unsigned)conf_number(conf, SET_MAIL_TIMEOUT),
	    .data_timeout = (unsigned)conf_number(conf, SET_MAIL_DATA_TIMEOUT),
	    .batch_max = batch_max,
	};
	char *password = NULL;
	int rc;

	if (tls_by_word(&s.tls, conf_text(conf, SET_MAIL_TLS), e) == -1 ||
	    conf_secret(conf, SET_MAIL_PASSWORD, &password, e) == -1)
		return -1;
	s.password = password;
	rc = smtp_open(out, &s, e);
	secret_free(password);
	return rc;
}

void smtp_close(struct smtp *smtp)
{
	if (smtp == NULL)
		return;
	SSL_CTX_free(smtp->ctx);
	secret_free(smtp->password);
	free(smtp->user);
	free(smtp->from);
	free(smtp->host);
	free(smtp->host_port);
	free(smtp);
}

void smtp_stop_when(struct smtp *smtp, bool (*asked)(void))
{
	smtp->stop = asked;
}

unsigned smtp_batch_longest(const struct smtp *smtp)
{
	/* connect, then one letter begun in the last moment: MAIL, RCPT, DATA, its text, the reply; QUIT */
	return smtp->batch_max == 0 ? 0 : smtp->batch_max + 8 * smtp->timeout + smtp->data_timeout;
}

/* A server that is given up after the text and takes the letter all the same gets it again and again, hence
 * another limit for that reply. */
static void timeouts_set(smtp_session_t session, const struct smtp *smtp)
{
	for (int which = Timeout_GREETING; which <= Timeout_DATA2; which++) {
		const unsigned seconds = which == Timeout_DATA2 ? smtp->data_timeout : smtp->timeout;

		(void)smtp_set_timeout(
		    session, which | Timeout_OVERRIDE_RFC2822_MINIMUM, (long)seconds * 1000);
	}
}

static bool letter_queue(smtp_session_t session, const struct smtp *smtp, struct slot *slot)
{
	smtp_message_t message = smtp_add_message(session);
	smtp_recipient_t recipient;

	if (message == NULL || !smtp_set_reverse_path(message, smtp->from))
		return false;
	recipient = smtp_add_recipient(message, slot->letter->to);
	if (recipient == NULL)
		return false;
	smtp_message_set_application_data_release(message, slot, NULL);
	smtp_recipient_set_application_data_release(recipient, slot, NULL);
	(void)smtp_size_set_estimate(message, slot->letter->len);
	return smtp_set_messagecb(message, slot_read, slot) != 0;
}

/* Whether all that can be sent was handed to the session; letters that cannot be are settled here. */
static bool letters_queue(smtp_session_t session, struct talk *talk, size_t *queued)
{
	for (size_t i = 0; i < talk->count; i++) {
		struct slot *slot = &talk->slots[i];

		if (!header_address_fits(slot->letter->to) || slot->letter->len > INT_MAX) {
			slot_settle(slot, SMTP_REFUSED, 0, "the address cannot be used");
			continue;
		}
		if (!letter_queue(session, talk->smtp, slot))
			return false;
		(*queued)++;
	}
	return true;
}

static void alarm_noted(int number)
{
	(void)number; /* its arrival is enough: connect() ends with EINTR */
}

/* Run the session with SIGPIPE ignored and a time limit on connect(), which libesmtp leaves to the system.
 * The timer repeats for the case that a host has several addresses. */
static bool session_run(smtp_session_t session, unsigned timeout)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, alarmed = {.sa_handler = alarm_noted}, pipe_before,
			 alarm_before;
	struct itimerval every = {{(time_t)timeout, 0}, {(time_t)timeout, 0}};
	bool done;

	(void)sigaction(SIGPIPE, &ignore, &pipe_before);
	(void)sigaction(SIGALRM, &alarmed, &alarm_before);
	(void)setitimer(ITIMER_REAL, &every, NULL);
	done = smtp_start_session(session) != 0;
	connect_timer_stop();
	(void)sigaction(SIGALRM, &alarm_before, NULL);
	(void)sigaction(SIGPIPE, &pipe_before, NULL);
	return done;
}

/* Why letters were left without an answer. */
static void trouble_find(struct talk *talk)
{
	const unsigned limit = talk->text_sent ? talk->smtp->data_timeout : talk->smtp->timeout;
	int error = smtp_errno();
	char words[200] = "";

	if (talk->too_late)
		trouble_set(talk, "not tried: the batch took over %u seconds", talk->smtp->batch_max);
	if (talk->stopped)
		trouble_set(talk, "not tried: asked to stop");
	if (!talk->connected && error == -EINTR)
		trouble_set(talk, "no connection to %s within %u seconds", talk->smtp->host_port,
		    talk->smtp->timeout);
	if (talk->connected && seconds_now() - talk->heard >= (time_t)limit)
		trouble_set(talk, "no reply within %u seconds", limit);
	if (talk->connected && (talk->last[0] == '4' || talk->last[0] == '5'))
		trouble_set(talk, "%s", talk->last);
	if (!talk->connected && smtp_strerror(error, words, sizeof(words)) != NULL)
		trouble_set(talk, "%s: %s", talk->smtp->host_port, words);
	trouble_set(talk, "the connection was lost");
}

static int talk_run(struct talk *talk, struct err *e)
{
	struct smtp *smtp = talk->smtp;
	smtp_session_t session = smtp_create_session();
	auth_context_t auth = smtp->user == NULL ? NULL : auth_create_context();
	size_t queued = 0;
	int rc = -1;

	if (session == NULL || (smtp->user != NULL && auth == NULL) ||
	    !smtp_set_server(session, smtp->host_port) || !letters_queue(session, talk, &queued)) {
		trouble_set(talk, "out of memory");
		(void)err_set(e, FAULT_busy, "smtp: out of memory");
		goto out;
	}
	(void)smtp_option_require_all_recipients(session, 1); /* no DATA when RCPT was not taken */
	(void)smtp_set_eventcb(session, talk_event, talk);
	(void)smtp_set_monitorcb(session, talk_monitor, talk, 0);
	timeouts_set(session, smtp);
	(void)smtp_starttls_enable(session, (enum starttls_option)smtp->tls);
	if (smtp->ctx != NULL)
		(void)smtp_starttls_set_ctx(session, smtp->ctx);
	if (auth != NULL) {
		(void)auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
		(void)auth_set_interact_cb(auth, auth_answer, smtp);
		(void)smtp_auth_set_context(session, auth);
	}
	rc = 0;
	if (queued > 0) {
		(void)session_run(session, smtp->timeout);
		trouble_find(talk);
		if (!talk->connected)
			rc = err_set(e, FAULT_busy, "smtp: %s", talk->trouble);
	}
out:
	ERR_clear_error(); /* OpenSSL's queue is for whoever asks OpenSSL next */
	if (session != NULL)
		(void)smtp_destroy_session(session);
	if (auth != NULL)
		(void)auth_destroy_context(auth);
	return rc;
}

/* The letters that are left without an answer are for later. Once the server has heard of one of the batch,
 * those whose turn had not come are not to blame, nor are those that our own time limit stopped, nor any when
 * we were asked to stop. */
static void rest_settle(struct talk *talk)
{
	bool any = false;

	for (size_t i = 0; i < talk->count; i++)
		any = any || talk->slots[i].begun;
	for (size_t i = 0; i < talk->count; i++) {
		struct slot *slot = &talk->slots[i];

		if (!slot->settled)
			slot->letter->untried = talk->stopped || (any && (!slot->begun || talk->too_late));
		slot_settle(slot, SMTP_LATER, 0, talk->trouble);
	}
}

int smtp_send_batch(
    struct smtp *smtp, struct smtp_letter *letters, size_t n, smtp_told *told, void *arg, struct err *e)
{
	struct talk talk = {.smtp = smtp, .count = n, .told = told, .arg = arg, .began = seconds_now()};
	int rc;

	talk.slots = calloc(n > 0 ? n : 1, sizeof(*talk.slots));
	if (talk.slots == NULL)
		return err_set(e, FAULT_busy, "smtp: out of memory");
	for (size_t i = 0; i < n; i++)
		talk.slots[i] = (struct slot){.talk = &talk, .letter = &letters[i]};
	servers_name(&talk, smtp->host);
	smtp->talk = &talk;
	rc = talk_run(&talk, e);
	smtp->talk = NULL;
	rest_settle(&talk);
	free(talk.slots);
	return rc;
}
