/* sender.c - one round of the mailer; see sender.h. */
#include "tools/mailer/sender.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ClearSilver/ClearSilver.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/flow/lease.h"
#include "lib/flow/outbox.h"
#include "lib/mail/letter.h"
#include "lib/mail/pause.h"
#include "lib/mail/render.h"
#include "lib/mail/smtp.h"
#include "tools/mailer/facts.h"

#define ROUND_SECONDS  300   /* no further letter is begun after that; leases are longer */
#define VALUE_SECONDS  86400 /* the life of a random value (SBR 3.2.2.2: at most 24 hours) */
#define LEASE_MARGIN   60    /* for making the letters and for recording */
#define RECORD_TRIES   8     /* a second apart: a database that is started again needs a few */
#define MESSAGE_ID_MAX 254

struct sender {
	const struct conf *conf;
	struct holder holder;
	struct mail_views *views;
	HDF *products;
	struct smtp *smtp;
	struct letter_signer *signer; /* NULL: letters go unsigned */
	bool told_expired;
};

/* A row on its way through a round. */
struct job {
	struct round *round;
	const struct outbox_row *row;
	struct buf bytes; /* the letter */
	struct smtp_letter *letter;
	bool ready;    /* there is a letter to send */
	bool recorded; /* the database knows what became of it, or will take the row again */
};

struct round {
	struct sender *sender;
	struct db *db;
	struct job *jobs;
	size_t count;
};

static int signer_read(struct sender *s, struct err *e)
{
	const char *cert = conf_text(s->conf, SET_MAIL_SIGN_CERT);
	char key[CONF_PATH_MAX];

	if (*cert == '\0')
		return 0;
	conf_secret_path(s->conf, SET_MAIL_SIGN_KEY, key);
	return letter_signer_open(&s->signer, cert, key, conf_text(s->conf, SET_MAIL_FROM), e);
}

int sender_open(struct sender **out, const struct conf *conf, const char *name, struct err *e)
{
	struct sender *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, FAULT_busy, "mailer: out of memory");
	s->holder.name = name;
	s->conf = conf;
	if (mail_views_load(&s->views, conf_text(conf, SET_HDF_DIR), e) == -1 ||
	    products_names_load(&s->products, conf, e) == -1 ||
	    smtp_open_conf(&s->smtp, conf, ROUND_SECONDS, e) == -1 || signer_read(s, e) == -1) {
		sender_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void sender_close(struct sender *s)
{
	if (s == NULL)
		return;
	letter_signer_free(s->signer);
	smtp_close(s->smtp);
	hdf_destroy(&s->products);
	mail_views_free(s->views);
	free(s);
}

void sender_stop_when(struct sender *s, bool (*asked)(void))
{
	smtp_stop_when(s->smtp, asked);
}

/* The certificate to sign with, as long as it is valid: an old signature would worry readers more than none.
 */
static const struct letter_signer *signer_now(struct sender *s, time_t now)
{
	if (s->signer == NULL || letter_signer_valid_until(s->signer, now) > now)
		return s->signer;
	if (!s->told_expired)
		log_line(LOG_LEVEL_WARNING, "Mail.Sign.CertFile: not valid now, mails go out unsigned");
	s->told_expired = true;
	return NULL;
}

/* Tell the database what became of a row. A verdict that cannot be recorded now is tried again at the end. */
static int job_record(struct job *job, struct err *e)
{
	const struct outbox_row *row = job->row;
	const struct smtp_letter *letter = job->letter;
	const char *mailer = job->round->sender->holder.name;
	struct db *db = job->round->db;
	const struct conf *conf = job->round->sender->conf;
	long pause = mail_next_pause(row->attempts + 1, conf_number(conf, SET_MAIL_PAUSE_FIRST)), left;

	if (letter->untried)
		return outbox_back(db, mailer, row->id, e);
	if (letter->verdict == SMTP_ACCEPTED)
		return outbox_sent(db, mailer, row->id, letter->server, letter->reply, e);
	if (letter->verdict == SMTP_REFUSED)
		return outbox_refused(db, mailer, row->id, letter->reply, e);
	left = conf_number(conf, SET_MAIL_GIVE_UP) - (long)(row->now - row->created_at);
	if (left <= 0)
		return outbox_given_up(db, mailer, row->id, letter->reply, e);
	return outbox_later(db, mailer, row->id, pause < left ? pause : left, letter->reply, e);
}

static void job_told(void *arg, struct smtp_letter *letter)
{
	struct job *job = letter->tag;
	struct err e;

	(void)arg;
	if (letter->verdict != SMTP_ACCEPTED && !letter->untried)
		log_line(LOG_LEVEL_WARNING, "mail %" PRIu64 " (%s) %s: %s: %s", job->row->id, job->row->kind,
		    letter->verdict == SMTP_REFUSED ? "refused" : "not taken", letter->server, letter->reply);
	job->recorded = job_record(job, &e) == 0;
	if (!job->recorded)
		log_err(LOG_LEVEL_WARNING, &e, "mail %" PRIu64 ": verdict not recorded yet", job->row->id);
}

/* A row whose letter cannot be made: try it later, when template, words or data may be mended. */
static void job_fail(struct job *job, const struct err *why)
{
	struct smtp_letter later = {
	    .verdict = SMTP_LATER, .reply = "the mail could not be made; see the mailer's log"};
	struct err e;

	log_err(LOG_LEVEL_ERROR, why, "mail %" PRIu64 " (%s)", job->row->id, job->row->kind);
	job->letter = &later;
	if (job_record(job, &e) == -1)
		log_err(LOG_LEVEL_WARNING, &e, "mail %" PRIu64 ": verdict not recorded", job->row->id);
	job->letter = NULL;
	job->recorded = true;
}

/* Make this sending's random value and have the hash of it stored. */
static int value_make(struct job *job, char value[BASE64URL_ROOM(OUTBOX_VALUE_LEN)], struct err *e)
{
	unsigned char octets[OUTBOX_VALUE_LEN];
	uint8_t hash[OUTBOX_HASH_LEN];
	int rc = -1;

	if (RAND_priv_bytes(octets, sizeof(octets)) != 1 ||
	    EVP_Digest(octets, sizeof(octets), hash, NULL, EVP_sha256(), NULL) != 1)
		(void)err_set(e, FAULT_busy, "random value: no randomness");
	else
		rc = outbox_value_store(
		    job->round->db, job->round->sender->holder.name, job->row->id, hash, e);
	if (rc == 0)
		base64url_encode(value, octets, sizeof(octets));
	explicit_bzero(octets, sizeof(octets));
	return rc;
}

static int text_make(
    struct job *job, const char *value, time_t expires_at, struct mail_text *text, struct err *e)
{
	struct sender *s = job->round->sender;
	struct mail_view *view = mail_view_find(s->views, job->row->language);
	struct facts_sources from = {.conf = s->conf, .products = s->products, .view = view};
	HDF *facts;
	int rc;

	if (facts_make(&facts, &from, job->row, value, expires_at, e) == -1)
		return -1;
	rc = mail_render(view, job->row->kind, facts, text, e);
	hdf_destroy(&facts);
	if (rc == 0 && value != NULL &&
	    (strstr(text->text, value) == NULL || strstr(text->html, value) == NULL)) {
		mail_text_free(text);
		return err_set(e, FAULT_internal, "mail %s: a part is without its link", job->row->kind);
	}
	return rc;
}

struct attachments {
	struct letter_attachment list[2];
	size_t count;
	struct buf certificate, chain; /* PEM */
	char name[FACTS_FILE_MAX + 4];
};

/* The issued certificate and those above it, when the row has them. */
static int attachments_make(struct attachments *a, const struct outbox_row *row, struct err *e)
{
	char stem[FACTS_FILE_MAX];

	if (strcmp(row->kind, "certificate_issued") != 0)
		return 0;
	if (facts_pem(&a->certificate, row->certificate, row->certificate_len, e) == -1 ||
	    facts_pem(&a->chain, row->chain, row->chain_len, e) == -1)
		return -1;
	facts_file(stem, row->address);
	(void)snprintf(a->name, sizeof(a->name), "%s.pem", stem);
	a->list[0] = (struct letter_attachment){
	    a->name, "application/x-pem-file", a->certificate.data, a->certificate.len};
	a->list[1] =
	    (struct letter_attachment){"chain.pem", "application/x-pem-file", a->chain.data, a->chain.len};
	a->count = 2;
	return 0;
}

static int letter_make(struct job *job, const struct mail_text *text, struct err *e)
{
	const struct outbox_row *row = job->row;
	struct sender *s = job->round->sender;
	const char *from = conf_text(s->conf, SET_MAIL_FROM), *at = strchr(from, '@');
	struct attachments attached = {.count = 0};
	struct letter_header header = {"X-Mailcert-Order", row->order};
	char message_id[MESSAGE_ID_MAX + 1];
	struct letter letter = {
	    .from_name = conf_text(s->conf, SET_BRAND_NAME),
	    .from_address = from,
	    .to_address = row->recipient,
	    .message_id = message_id,
	    .date = row->now,
	    .subject = text->subject,
	    .language = mail_view_language(mail_view_find(s->views, row->language)),
	    .text = text->text,
	    .html = text->html,
	    .headers = &header,
	    .headers_count = *row->order != '\0', /* a mail about an account has none */
	};
	int rc;

	(void)snprintf(message_id, sizeof(message_id), "%.100s%s", row->message_id, at == NULL ? "" : at);
	rc = attachments_make(&attached, row, e);
	letter.attachments = attached.list;
	letter.attachments_count = attached.count;
	if (rc == 0)
		rc = letter_build(&job->bytes, &letter, signer_now(s, row->now), e);
	buf_free(&attached.certificate);
	buf_free(&attached.chain);
	return rc;
}

/* Turn a row into a letter: the value first, its hash committed, then the words around it. */
static int job_make(struct job *job, struct err *e)
{
	char value[BASE64URL_ROOM(OUTBOX_VALUE_LEN)];
	time_t expires_at =
	    job->row->now + VALUE_SECONDS; /* from before the value is stored, so never too much */
	struct mail_text text;
	int rc;

	if (job->row->needs_value && value_make(job, value, e) == -1)
		return -1;
	rc = text_make(job, job->row->needs_value ? value : NULL, expires_at, &text, e);
	explicit_bzero(value, sizeof(value));
	if (rc == -1)
		return -1;
	rc = letter_make(job, &text, e);
	mail_text_free(&text);
	return rc;
}

static void job_prepare(struct job *job)
{
	struct err e;

	if (job_make(job, &e) == 0) {
		job->ready = true;
	} else if (e.fault == FAULT_value_replaced) {
		log_line(LOG_LEVEL_INFO, "mail %" PRIu64 ": no longer wanted", job->row->id);
		job->recorded = true;
	} else {
		job_fail(job, &e);
	}
}

/* Send what is ready, over one connection. */
static void round_send(struct round *round, struct smtp_letter *letters)
{
	size_t n = 0;
	struct err e;

	for (size_t i = 0; i < round->count; i++) {
		struct job *job = &round->jobs[i];

		if (!job->ready)
			continue;
		job->letter = &letters[n++];
		*job->letter = (struct smtp_letter){
		    .to = job->row->recipient, .bytes = job->bytes.data, .len = job->bytes.len, .tag = job};
	}
	if (n > 0 && smtp_send_batch(round->sender->smtp, letters, n, job_told, NULL, &e) == -1)
		log_err(LOG_LEVEL_ERROR, &e, "%zu mails wait", n);
}

/* Verdicts that could not be recorded at once: the database may be back in a moment. Without them the rows
 * are sent again after the lease. */
static int round_record(struct round *round, struct err *e)
{
	int rc = 0;

	for (int try = 0; try < RECORD_TRIES; try++) {
		rc = 0;
		for (size_t i = 0; i < round->count; i++) {
			struct job *job = &round->jobs[i];

			if (job->ready && !job->recorded && !(job->recorded = job_record(job, e) == 0))
				rc = -1;
		}
		if (rc == 0)
			return 0;
		if (try + 1 < RECORD_TRIES)
			(void)sleep(1);
	}
	return rc;
}

static int round_run(struct round *round, const struct outbox_rows *rows, struct err *e)
{
	struct smtp_letter *letters = calloc(rows->count, sizeof(*letters));
	int rc = -1;

	round->jobs = calloc(rows->count, sizeof(*round->jobs));
	if (letters == NULL || round->jobs == NULL) {
		(void)err_set(e, FAULT_busy, "mailer: out of memory");
		goto out;
	}
	round->count = rows->count;
	for (size_t i = 0; i < round->count; i++) {
		round->jobs[i] = (struct job){.round = round, .row = &rows->list[i]};
		job_prepare(&round->jobs[i]);
	}
	round_send(round, letters);
	rc = round_record(round, e);
out:
	for (size_t i = 0; i < round->count; i++) {
		if (round->jobs[i].bytes.data != NULL) /* it may hold a random value */
			explicit_bzero(round->jobs[i].bytes.data, round->jobs[i].bytes.len);
		buf_free(&round->jobs[i].bytes);
	}
	free(round->jobs);
	free(letters);
	return rc;
}

int sender_round(struct sender *s, struct db *db, size_t *taken, struct err *e)
{
	struct round round = {.sender = s, .db = db};
	struct outbox_rows *rows = NULL;
	unsigned n = (unsigned)conf_number(s->conf, SET_MAIL_BATCH);
	int rc = 0;

	*taken = 0;
	if (outbox_take(db, &s->holder, n, smtp_batch_longest(s->smtp) + LEASE_MARGIN, &rows, e) == -1)
		return -1;
	*taken = rows->count;
	if (rows->count > 0)
		rc = round_run(&round, rows, e);
	outbox_rows_free(rows);
	return rc;
}
