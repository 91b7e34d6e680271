/* smtp.h - hand letters to one SMTP server, several over one connection, and learn what became of each.
 *
 * libesmtp speaks the protocol; here is what it leaves open: which certificate is good, when a password may
 * be sent, what a reply means for a letter, and time limits for everything, connect() too.
 *
 * TLS: `required` means STARTTLS with a certificate that is valid for the configured host (name or address),
 * or nothing is sent. `auto` encrypts when the server offers it and does not look at the certificate (RFC
 * 7435: some protection is better than none). A password is only sent under `required`, or to this machine
 * itself. The version is TLS 1.2; smtp.c says why.
 */
#ifndef LIB_MAIL_SMTP_H
#define LIB_MAIL_SMTP_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct err;
struct smtp;

enum smtp_tls { SMTP_TLS_OFF, SMTP_TLS_AUTO, SMTP_TLS_REQUIRED };

struct smtp_settings {
	const char *host; /* "mx.example:25", "192.0.2.1:587"; no IPv6 literals */
	enum smtp_tls tls;
	const char *ca_file;         /* PEM; NULL or empty: the system's */
	const char *user, *password; /* NULL or empty user: no AUTH; at most 255 octets each */
	const char *from;            /* envelope sender */
	unsigned timeout;            /* seconds to wait for a connection or a reply; at least 1 */
	unsigned data_timeout;       /* the same for the reply to a letter's text; timeout at least */
	unsigned batch_max; /* seconds after which no further letter of a batch is begun; 0: no limit */
};

/* What became of a letter: taken by the server; not now, try again (4xx, no connection, our own set-up);
 * never (5xx to this sender, recipient or text). */
enum smtp_verdict { SMTP_ACCEPTED, SMTP_LATER, SMTP_REFUSED };

#define SMTP_REPLY_MAX  400
#define SMTP_SERVER_MAX 256

struct smtp_letter {
	/* given */
	const char *to;    /* envelope recipient */
	const char *bytes; /* RFC 5322, CRLF line ends */
	size_t len;
	void *tag; /* the caller's */
	/* found */
	enum smtp_verdict verdict;
	bool untried; /* later for another letter's sake: the connection ended at that one, before this one's
			 turn */
	int code;     /* the server's last reply code for this letter; 0: none came */
	char reply[SMTP_REPLY_MAX];   /* "250 2.0.0 Ok", or what went wrong; one line of printable ASCII */
	char server[SMTP_SERVER_MAX]; /* its name as the resolver knows it, else as configured */
};

/* Check settings and make the TLS context. Gives *out to the caller; the settings are copied.
 * FAULT_config_invalid when a setting is wrong or would send a password unprotected. */
int smtp_open(struct smtp **out, const struct smtp_settings *, struct err *e);
/* The same from Mail.Host, .Tls, .CaFile, .User, .PasswordFile, .From, .Timeout, .DataTimeout. */
int smtp_open_conf(struct smtp **out, const struct conf *, unsigned batch_max, struct err *e);
void smtp_close(struct smtp *); /* NULL is fine */

/* Ask this before the text of each letter goes out: once it says true no further letter of a batch is begun,
 * and those are `later` and untried. NULL: nobody asks. */
void smtp_stop_when(struct smtp *, bool (*asked)(void));

/* Called once for each letter of a batch, as soon as its verdict stands, from inside smtp_send_batch(). */
typedef void smtp_told(void *arg, struct smtp_letter *letter);

/* Send n letters in order over one connection. Every letter gets its verdict and `told` (may be NULL) its
 * call, whatever happens; letters after a lost connection are `later`. 0 when a server was spoken to, -1 with
 * the reason when none was. A letter may have been taken although it is `later` (the connection broke before
 * the reply). Uses SIGALRM and ignores SIGPIPE while it runs, so one thread at a time. */
int smtp_send_batch(
    struct smtp *, struct smtp_letter *letters, size_t n, smtp_told *told, void *arg, struct err *e);

/* The longest a batch can take with these settings, in seconds; 0: no limit is set. Leases must be longer. */
unsigned smtp_batch_longest(const struct smtp *);

#endif
