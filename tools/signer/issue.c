/* issue.c - one round of issuing: take, judge, build, lint, write down, sign, store.
 *
 * Orders move in batches, so that many share a durable commit; each is judged and signed by itself, and one
 * that fails leaves the others alone.
 */
#include "tools/signer/signer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/fault_point.h"
#include "lib/base/log.h"
#include "lib/db/db.h"
#include "lib/flow/issuance.h"
#include "lib/pki/address.h"
#include "lib/pki/caa_panel.h"
#include "lib/pki/certificate.h"
#include "lib/pki/csr.h"
#include "lib/pki/issuer.h"
#include "lib/pki/lint.h"
#include "lib/pki/policy.h"
#include "lib/pki/product.h"
#include "lib/pki/signing.h"
#include "tools/signer/caa_order.h"

#define KEY_PAUSE \
	1 /* seconds until an order whose key was away is ready again; nothing is taken before the key is */
#define PIECE_MS    100  /* while a slow key signs, what it has signed is stored every so often */
#define LATER_PAUSE 300  /* seconds until an order that failed by our fault is looked at again */
#define PAUSE_MOST  3600 /* and one whose domain cannot be asked for, after many tries */
#define FALSE_PAUSE \
	10 /* seconds for which nothing is taken after a false signature; twice as many each time, */
#define FALSE_MOST 600 /* up to this */
#define CAA_PART   3   /* of the lease, the part in which CAA is asked for */

/* An order on its way through a round. */
struct work {
	struct issuance *order;
	unsigned char *tbs; /* owned; NULL: it was not built */
	size_t tbs_len;
	struct caa_result caa;  /* owned; without a domain: not asked */
	struct caa_views views; /* what remote perspectives saw of it */
	struct err caa_why;     /* why it does not permit; FAULT_none: it does */
	bool unasked;           /* not built: there was no time to ask for CAA */
	const char *step;       /* not built: the step it goes back to, or NULL: again later */
	struct err why;         /* not built: why */
};

/* What a round has in hand. */
struct round {
	struct issuance_batch *batch; /* owned */
	struct work *work;            /* owned; one for each of the batch */
	long until, caa_until; /* by signing_seconds(): the lease's end, and when to ask no more for CAA */
	bool asked;            /* for CAA */
};

/* Seconds until an order is looked at again by itself. To ask in vain takes long, so a domain that does not
 * answer is asked less and less often. */
static unsigned later_pause(const struct issuance *i, const struct err *why)
{
	unsigned pause = LATER_PAUSE;

	if (why->fault == FAULT_caa_unreachable)
		for (unsigned n = 1; n < i->attempts && pause < PAUSE_MOST; n++)
			pause *= 2;
	return pause < PAUSE_MOST ? pause : PAUSE_MOST;
}

/* End an order's turn: back to the person, or again later. A failure here costs nothing but the lease. */
static int issue_end(
    struct signer *s, const struct issuance *i, const char *step, const struct err *why, struct err *e)
{
	log_err(step == NULL ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, why, "%s",
	    step == NULL ? "issuance later" : "issuance refused");
	if (step != NULL)
		return issuance_return(s->db, s->name, i->order_id, step, why, e);
	return issuance_later(s->db, s->name, i->order_id, why, later_pause(i, why), e);
}

/* The lint's view of what the certificate must say, taken from the order and not from the builder. */
static int issue_lint(
    const struct signer *s, const struct issuance *i, const struct judged *j, struct work *w, struct err *e)
{
	struct lint_report report;
	struct lint_facts facts = {
	    .issuer = s->cas[0].issuer->der,
	    .issuer_len = s->cas[0].issuer->der_len,
	    .crl_url = s->cas[0].issuer->crl_url,
	    .ca_url = s->cas[0].issuer->ca_url,
	    .cps_url = s->cas[0].issuer->cps_url,
	    .address = i->email,
	    .spki = j->csr->spki,
	    .spki_len = j->csr->spki_len,
	    .serial = i->serial,
	    .serial_len = sizeof(i->serial),
	    .generation = j->product->generation,
	    .purpose = j->product->purpose,
	    .validity = j->product->validity,
	    .fields = j->fields,
	    .now = i->now,
	};

	if (lint_tbs(&report, w->tbs, w->tbs_len, &facts, e) == 0) {
		w->order->lint = LINT_VERSION;
		return 0;
	}
	for (size_t n = 0; n < report.count; n++)
		log_line(LOG_LEVEL_ERROR, "order %s: lint %s (%s): %s", i->order, report.list[n].id,
		    report.list[n].section, report.list[n].words);
	return -1;
}

/* What was answered for an order of the same domain a moment ago, in this round, is the answer for this one
 * too: partners order for one domain by hundreds, and a domain that does not answer takes long each time. */
static int caa_share(struct work *w, const struct work *seen)
{
	w->views = seen->views;
	w->caa_why = seen->caa_why;
	return caa_result_copy(&w->caa, &seen->caa) == 0 ? 0
							 : err_set(&w->why, FAULT_busy, "CAA: out of memory");
}

/* May a certificate be issued for this mailbox's domain? Not known, and not asked, when the time for that is
 * spent: the others would not be signed within the lease. One is asked for in any round. */
static int issue_caa(struct signer *s, struct round *r, struct work *w)
{
	const struct issuance *i = w->order;
	const struct work *seen = r->work;

	if (i->caa_valid_until >= i->taken_until) /* permitted in an earlier round */
		return 0;
	while (seen < w && strcmp(seen->caa.domain, address_domain(i->email)) != 0)
		seen++;
	if (seen < w) {
		if (caa_share(w, seen) == -1)
			return -1;
	} else if (r->asked && signing_seconds() >= r->caa_until) {
		w->unasked = true;
		return err_set(&w->why, FAULT_caa_unreachable, "order %s: not asked for", i->order);
	} else {
		r->asked = true;
		(void)caa_order_ask(s, i, &w->caa, &w->views, &w->caa_why);
	}
	if (w->caa_why.fault == FAULT_none)
		return 0;
	w->why = w->caa_why;
	if (w->why.fault == FAULT_caa_denied)
		w->step = "activation";
	return err_context(&w->why, "order %s", i->order);
}

/* Judge an order and build what would be signed for it; *w says what came of it. */
static int issue_build(struct signer *s, struct round *r, struct work *w)
{
	const char **step = &w->step;
	struct err *e = &w->why;
	struct issuance *i = w->order;
	struct subscriber subscriber = {.address = i->email, .not_before = i->now - BACKDATE};
	struct judged j;
	int rc = -1;

	if (judge(s, i, &j, step, e) == -1)
		goto out;
	*step = NULL;
	if (!policy_ca_key_serves(X509_get0_pubkey(s->cas[0].issuer->certificate), i->now)) {
		(void)err_set(e, FAULT_internal, "order %s: the CA's key is too short since %s (%s)",
		    i->order, policy_row(POLICY_RSA_CA_3072)->day, policy_row(POLICY_RSA_CA_3072)->source);
		goto out;
	}
	if (issue_caa(s, r, w) == -1 || certificate_serial(i->serial, e) == -1)
		goto out;
	subscriber.product = j.product;
	subscriber.spki = j.csr->spki;
	subscriber.spki_len = j.csr->spki_len;
	subscriber.fields = j.fields;
	memcpy(subscriber.serial, i->serial, sizeof(i->serial));
	if (certificate_tbs(&w->tbs, &w->tbs_len, &subscriber, s->cas[0].issuer, e) == -1)
		goto out;
	fault_bend("tbs", w->tbs, w->tbs_len);
	if (issue_lint(s, i, &j, w, e) == -1)
		goto out;
	(void)EVP_Digest(w->tbs, w->tbs_len, i->tbs_sha256, NULL, EVP_sha256(), NULL);
	memcpy(i->spki, j.csr->spki_sha256, sizeof(i->spki));
	memcpy(i->number, j.csr->number_sha256, sizeof(i->number));
	i->not_before = subscriber.not_before;
	i->not_after = subscriber.not_before + (time_t)j.product->validity - 1;
	rc = 0;
out:
	judged_free(&j);
	if (rc == -1) {
		free(w->tbs);
		w->tbs = NULL;
	}
	return rc;
}

/* Record what CAA said to the n orders that were looked at (SBR 4.2.2.1): nothing is signed before. All at
 * once; should the database refuse that, one by one, so that only those it refuses wait. */
static int issue_caa_record(struct signer *s, struct work *work, size_t n, struct err *e)
{
	struct issuance_caa *list = calloc(n + 1, sizeof(*list));
	size_t asked = 0;
	int rc = 0;

	if (list == NULL)
		return err_set(e, FAULT_busy, "CAA: out of memory");
	for (size_t k = 0; k < n; k++)
		if (*work[k].caa.domain != '\0')
			list[asked++] =
			    (struct issuance_caa){work[k].order->order_id, &work[k].caa, &work[k].views};
	if (asked > 0)
		rc = issuance_caa_record(s->db, s->name, list, asked, e);
	free(list);
	if (rc == 0 || e->fault == FAULT_busy)
		return rc;
	for (size_t k = 0; k < n; k++) {
		const struct issuance_caa one = {work[k].order->order_id, &work[k].caa, &work[k].views};

		if (*work[k].caa.domain == '\0' || issuance_caa_record(s->db, s->name, &one, 1, e) == 0)
			continue;
		if (e->fault == FAULT_busy)
			return -1;
		free(work[k].tbs);
		work[k].tbs = NULL;
		work[k].step = NULL;
		work[k].why = *e;
	}
	return 0;
}

/* Make the certificates of those that were signed, list[*made..got), and store them. *later: one could not be
 * made, and those before it are stored. */
static int issue_store(struct signer *s, struct issuance **list, const struct signing_task *tasks,
    size_t *made, size_t got, bool *later, struct err *e)
{
	const size_t first = *made;
	struct err why;

	while (*made < got && !*later) {
		const struct signing_task *t = &tasks[*made];
		struct issuance *i = list[*made];

		if (certificate_assemble(&i->der, &i->der_len, t->tbs, t->tbs_len, s->cas[0].issuer,
			t->signature, t->signature_len, &why) == 0)
			++*made;
		else
			*later = true;
		fault_point("after-sign");
	}
	fault_point("before-store");
	if (*made > first &&
	    issuance_store(s->db, s->name, s->cas[0].id, list + first, *made - first, e) == -1) {
		*later = false;
		return -1;
	}
	fault_point("after-store");
	for (size_t k = first; k < *made; k++)
		if (!list[k]->stored)
			log_line(LOG_LEVEL_WARNING, "order %s: signed too late, not stored", list[k]->order);
	if (*later)
		*e = why;
	return *later ? -1 : 0;
}

/* Sign list[*made..n) and store what is signed meanwhile; *made: how many are. On failure *later: all that
 * was signed is stored, so the others may come round again; else the database failed. */
static int issue_sign_and_store(struct signer *s, struct issuance **list, struct signing_task *tasks,
    size_t n, long until, size_t *made, bool *later, struct err *e)
{
	const size_t first = *made;
	struct signing *signing;
	struct err why;
	int rc = 0, signed_rc;

	*later = true;
	if (signing_begin(&signing, s->cas[0].issuer, tasks + first, n - first, until, e) == -1)
		return -1;
	*later = false;
	for (bool over = false; rc == 0 && !over;) {
		const size_t got = first + signing_wait(signing, *made - first, PIECE_MS, &over);

		if (got > *made)
			rc = issue_store(s, list, tasks, made, got, later, e);
	}
	signed_rc = signing_end(signing, &why);
	if (rc == 0 && signed_rc == -1) {
		*later = true;
		*e = why;
		rc = *made < n ? err_context(e, "order %s", list[*made]->order) : -1;
	}
	return rc;
}

/* The key gave a signature that does not verify: who goes on asking it wastes serials, or worse. */
static void false_signature(struct signer *s, const struct err *why)
{
	s->false_pause = s->false_pause == 0 ? FALSE_PAUSE : s->false_pause * 2;
	if (s->false_pause > FALSE_MOST)
		s->false_pause = FALSE_MOST;
	s->false_until = signing_seconds() + s->false_pause;
	log_err(LOG_LEVEL_ERROR, why, "false signature, nothing is issued for %ld seconds", s->false_pause);
}

/* End the turn of reserved orders that could not be signed. What the key was asked for is perhaps signed, so
 * its serial is given up; the others go back with theirs unused. Leaves the list in disorder. */
static void issue_unsigned(struct signer *s, struct issuance **list, const struct signing_task *tasks,
    size_t n, const struct err *why)
{
	size_t back = 0; /* so many of the list, the first, then */
	struct err e;
	int rc = 0;

	for (size_t k = 0; k < n && rc == 0; k++)
		if (tasks[k].begun)
			rc = issuance_later(s->db, s->name, list[k]->order_id, why, KEY_PAUSE, &e);
		else
			list[back++] = list[k];
	if (rc == 0 && back > 0)
		rc = issuance_back(s->db, s->name, s->cas[0].id, list, back, why, &e);
	if (rc == -1) /* the lease's end sees to it */
		log_err(LOG_LEVEL_WARNING, &e, "orders that were not signed");
}

/* The reserved orders of a round: sign and store all. A token that does not answer is opened again, once for
 * each order. When the key fails, or the lease runs out while it takes its time, what was signed until then
 * is stored, and the others come round again. */
static int issue_reserved(
    struct signer *s, struct issuance **list, struct signing_task *tasks, size_t n, long until, struct err *e)
{
	size_t made = 0, tried = SIZE_MAX;
	bool later = false;

	while (issue_sign_and_store(s, list, tasks, n, until, &made, &later, e) == -1) {
		if (!later)
			return -1;
		if (e->fault == FAULT_busy && tried != made && signing_seconds() < until &&
		    keys_reopen(s, e) == 0) {
			tried = made;
			continue;
		}
		if (e->fault != FAULT_busy)
			false_signature(s, e);
		issue_unsigned(s, list + made, tasks + made, n - made, e);
		return -1;
	}
	if (n > 0)
		s->false_pause = 0;
	return 0;
}

/* An order that the database did not reserve: back to the person when its key, or one of the same number, was
 * blocked, which the database cannot tell when an order is taken. Anything else is judged anew. */
static int issue_unreserved(struct signer *s, const struct issuance *i, struct err *e)
{
	struct err why;

	if (issuance_key_check(s->db, i, &why) == 0) {
		log_line(LOG_LEVEL_WARNING,
		    "order %s: not reserved: taken by another, or judged anew after its lease", i->order);
		return 0;
	}
	if (why.fault != FAULT_csr_key_compromised) {
		*e = why;
		return -1;
	}
	(void)err_context(&why, "order %s", i->order);
	return issue_end(s, i, "activation", &why, e);
}

/* The ready orders of a round: reserve all, sign each, store all. */
static int issue_ready(struct signer *s, struct work *ready, size_t n, long until, struct err *e)
{
	struct issuance **list = calloc(n + 1, sizeof(struct issuance *));
	struct signing_task *tasks = calloc(n + 1, sizeof(*tasks));
	size_t reserved = 0;
	int rc = -1;

	if (list == NULL || tasks == NULL) {
		(void)err_set(e, FAULT_busy, "issuance: out of memory");
		goto out;
	}
	for (size_t k = 0; k < n; k++)
		list[k] = ready[k].order;
	fault_point("before-reserve");
	if (n > 0 && issuance_reserve(s->db, s->name, s->cas[0].id, list, n, e) == -1)
		goto out;
	fault_point("after-reserve");
	for (size_t k = 0; k < n; k++) {
		if (!ready[k].order->reserved)
			continue;
		list[reserved] = ready[k].order;
		tasks[reserved++] = (struct signing_task){.tbs = ready[k].tbs, .tbs_len = ready[k].tbs_len};
	}
	rc = issue_reserved(s, list, tasks, reserved, until, e);
	for (size_t k = 0; k < n && rc == 0; k++)
		if (!ready[k].order->reserved)
			rc = issue_unreserved(s, ready[k].order, e);
out:
	for (size_t k = 0; k < reserved; k++)
		free(tasks[k].signature);
	free(tasks);
	free(list);
	return rc;
}

static void work_swap(struct work *a, struct work *b)
{
	const struct work one = *a;

	*a = *b;
	*b = one;
}

/* Build those of a batch that were tried before, or those that were not, behind the first *n of work. False:
 * the last one could not be, since database, token or resolver is away. */
static bool issue_build_some(struct signer *s, struct round *r, bool tried, size_t *n)
{
	for (size_t k = 0; k < r->batch->count; k++) {
		struct work *w = &r->work[*n];

		if ((r->batch->list[k].attempts > 1) != tried)
			continue;
		w->order = &r->batch->list[k];
		++*n;
		if (issue_build(s, r, w) == -1 && w->why.fault == FAULT_busy && w->step == NULL)
			return false;
	}
	return true;
}

/* Those of the first n that CAA was not asked for go back: others have their turn first. */
static int issue_back(struct signer *s, const struct round *r, size_t n, struct err *e)
{
	struct issuance **list = calloc(n + 1, sizeof(struct issuance *));
	size_t back = 0;
	int rc = 0;

	if (list == NULL)
		return err_set(e, FAULT_busy, "issuance: out of memory");
	for (size_t k = 0; k < n; k++)
		if (r->work[k].unasked)
			list[back++] = r->work[k].order;
	if (back > 0) {
		log_line(LOG_LEVEL_WARNING, "CAA takes long: %zu orders wait for another round", back);
		rc = issuance_back(s->db, s->name, s->cas[0].id, list, back, NULL, e);
	}
	free(list);
	return rc;
}

/* Build all of a batch, record what CAA said, end the turns of those that cannot be. The ready ones come to
 * the front of work, *ready is how many. -1: database, token or resolver is away; the round ends, the leases
 * run out. */
static int issue_build_all(struct signer *s, struct round *r, size_t *ready, struct err *e)
{
	struct work *work = r->work;
	bool away;
	size_t n = 0;

	/* Those that were not tried before come first: domains that did not answer take no time from them. */
	away = !issue_build_some(s, r, false, &n) || !issue_build_some(s, r, true, &n);
	if (issue_caa_record(s, work, n, e) == -1 || issue_back(s, r, n, e) == -1)
		return -1;
	if (away)
		*e = work[--n].why;
	for (size_t k = 0; k < n; k++) {
		struct err ended;

		if (work[k].tbs != NULL) {
			work_swap(&work[(*ready)++], &work[k]);
		} else if (!work[k].unasked &&
			   issue_end(s, work[k].order, work[k].step, &work[k].why, &ended) == -1) {
			*e = ended;
			return -1;
		}
	}
	return away ? -1 : 0;
}

int issue_round(struct signer *s, size_t *taken, struct err *e)
{
	const long lease = conf_number(s->conf, SET_SIGNER_LEASE), now = signing_seconds();
	struct round r = {.until = now + lease, /* from before the database's begins */
	    .caa_until = now + lease / CAA_PART};
	const unsigned most = s->false_pause > 0 ? 1 : (unsigned)conf_number(s->conf, SET_SIGNER_BATCH);
	size_t ready = 0;
	int rc = -1;

	*taken = 0;
	if (s->false_pause > 0 && now < s->false_until)
		return err_set(e, FAULT_internal, "the key's last signature was false");
	if (ca_row_find(s, &s->cas[0], e) == -1 ||
	    issuance_take(s->db, &s->holder, most, (unsigned)lease, &r.batch, e) == -1)
		return -1;
	*taken = r.batch->count;
	fault_point("after-take");
	r.work = calloc(r.batch->count + 1, sizeof(*r.work));
	if (r.work == NULL)
		(void)err_set(e, FAULT_busy, "issuance: out of memory");
	else if (issue_build_all(s, &r, &ready, e) == 0)
		rc = issue_ready(s, r.work, ready, r.until, e);
	for (size_t k = 0; r.work != NULL && k < r.batch->count; k++) {
		free(r.work[k].tbs);
		caa_result_free(&r.work[k].caa);
	}
	free(r.work);
	issuance_batch_free(r.batch);
	return rc;
}
