/* main.c - mailcert-signer: the privileged helper with the CA's key.
 *
 * It takes nudges from the workers over a UNIX socket and looks by itself every few seconds. It reads what to
 * do from the database, re-checks everything (judge.c), and issues (issue.c). Nothing that comes over the
 * socket is ever signed or believed.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/audit.h"
#include "lib/ipc/peer.h"
#include "lib/ipc/signer_protocol.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/caa_panel.h"
#include "lib/pki/issuer.h"
#include "lib/pki/policy.h"
#include "lib/pki/product.h"
#include "lib/pki/seal.h"
#include "lib/pki/token.h"
#include "tools/signer/caa_order.h"
#include "tools/signer/cage.h"
#include "tools/signer/signer.h"

#define PEER_MS   500   /* a peer has so long for its question */
#define RETRY_MS  1000  /* after a round that failed */
#define DRAIN_MS  100   /* for peers that wait already when the next turn is due */
#define GATHER_MS 10    /* after a round that took all that waited: for more, who then share its commits */
#define DUTIES_MS 1000  /* under load, between two looks at CRLs, seals and the sweep */
#define SWEEP_MS  60000 /* between two sweeps for verifications that grew too old */
#define SEAL_MOST 2000  /* audit events under one seal */
#define SEAL_NEAR 500   /* how many ids before the newest sealed event are looked through each time, */
#define SEAL_FAR  20000 /* and how many now and then: a long transaction's events appear that late */
#define FAR_MS    10000 /* between two looks that far, */
#define BUSY_MS   2000  /* and when something was sealed since: two signers' batches pass each other */

static volatile sig_atomic_t stopping;

static void on_term(int number)
{
	(void)number;
	stopping = 1;
}

/* No key on a swap disk. */
static void memory_lock(void)
{
	struct rlimit locked;

	/* Under a limit the lock would hold, and every later allocation would fail. */
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == -1 || locked.rlim_cur != RLIM_INFINITY)
		log_line(LOG_LEVEL_WARNING, "memory is not locked: RLIMIT_MEMLOCK is not unlimited");
	else if (mlockall(MCL_CURRENT | MCL_FUTURE) == -1)
		log_line(LOG_LEVEL_WARNING, "memory is not locked: %s", strerror(errno));
}

/* Without a list nothing else would tell that Debian's weak keys get certificates. */
static void weak_keys_tell(const struct signer *s)
{
	if (s->blocklist == NULL)
		log_line(LOG_LEVEL_WARNING,
		    "Ca.BlockList is not set: Debian's weak keys are not refused (SBR 6.1.1.3)");
	else if (!policy_weak_keys_listed(blocklist_count(s->blocklist)))
		log_line(LOG_LEVEL_WARNING,
		    "Ca.BlockList: %zu keys are too few for a list of Debian's weak ones, which are not "
		    "refused: mailcertctl key block import",
		    blocklist_count(s->blocklist));
}

static int signer_open(struct signer *s, struct err *e)
{
	char path[PATH_MAX], key_path[CONF_PATH_MAX];

	s->holder.name = s->name;
	(void)snprintf(path, sizeof(path), "%s/products.hdf", conf_text(s->conf, SET_HDF_DIR));
	if (*conf_text(s->conf, SET_PRODUCTS_FILE) != '\0')
		(void)snprintf(path, sizeof(path), "%s", conf_text(s->conf, SET_PRODUCTS_FILE));
	if (instance_take(s->name, "signer", s->conf, e) == -1 ||
	    products_load(&s->products, path, e) == -1 || db_open(&s->db, s->conf, DB_SIGNER, e) == -1)
		return -1;
	if (*conf_text(s->conf, SET_CA_BLOCKLIST) != '\0' &&
	    blocklist_open(&s->blocklist, conf_text(s->conf, SET_CA_BLOCKLIST), e) == -1)
		return -1;
	weak_keys_tell(s);
	conf_secret_path(s->conf, SET_AUDIT_KEY, key_path);
	if (*key_path != '\0' && seal_key_load(&s->audit_key, key_path, e) == -1)
		return -1;
	return caa_order_open(s, e) == -1 ? -1 : keys_open(s, e);
}

static void signer_close(struct signer *s)
{
	EVP_PKEY_free(s->audit_key);
	caa_panel_close(s->caa);
	keys_close(s);
	blocklist_free(s->blocklist);
	products_free(s->products);
	db_close(s->db);
}

/* Answer one peer; true when it nudged. */
static bool peer_serve(const struct signer *s, int fd)
{
	struct signer_request q;
	struct signer_reply a = {.protocol = SIGNER_PROTOCOL, .answer = SIGNER_REFUSED};
	bool nudged = false;
	struct wire w;

	if (wire_receive(fd, &w, PEER_MS) == -1)
		return false;
	if (signer_request_code(&w, &q) == 0 && q.protocol == SIGNER_PROTOCOL &&
	    (q.op == SIGNER_PING || q.op == SIGNER_NUDGE)) {
		a.answer = s->impaired ? SIGNER_IMPAIRED : SIGNER_OK;
		nudged = q.op == SIGNER_NUDGE;
	}
	wire_write(&w);
	if (signer_reply_code(&w, &a) == 0)
		(void)wire_send(fd, &w, PEER_MS);
	return nudged;
}

static long milliseconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Serve peers for least_ms, and on up to most_ms until one nudges; those that wait already are served in any
 * case, as far as the time for that reaches. */
static void peers_serve(
    const struct signer *s, int listener, const struct peer_uids *uids, long least_ms, long most_ms)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	const long begin = milliseconds_now();
	bool nudged = false;
	struct err e;
	int fd;

	while (!stopping) {
		const long passed = milliseconds_now() - begin, end = nudged ? least_ms : most_ms;

		if (passed > end + DRAIN_MS || poll(&p, 1, passed > end ? 0 : (int)(end - passed)) <= 0)
			return;
		if (peer_accept(&fd, listener, uids, &e) == -1)
			log_err(LOG_LEVEL_WARNING, &e, "socket");
		if (fd == -1)
			continue;
		nudged = peer_serve(s, fd) || nudged;
		(void)close(fd);
	}
}

/* Seal what happened since the last time, all of it. */
static void seal(struct signer *s)
{
	const long now = milliseconds_now(), pause = s->sealed_any ? BUSY_MS : FAR_MS;
	const bool far = s->looked_far_at == 0 || now - s->looked_far_at >= pause;
	size_t sealed = SEAL_MOST;
	struct err e;

	if (far) {
		s->looked_far_at = now;
		s->sealed_any = false;
	}
	while (s->audit_key != NULL && !stopping && sealed == SEAL_MOST) {
		if (audit_seal(s->db, s->audit_key, far ? SEAL_FAR : SEAL_NEAR, SEAL_MOST, &sealed, &e) ==
		    -1) {
			if (e.fault != FAULT_busy)
				log_err(LOG_LEVEL_ERROR, &e, "sealing");
			return;
		}
		s->sealed_any = s->sealed_any || sealed > 0;
	}
}

static void sweep(struct signer *s)
{
	static long next; /* by a clock that nobody sets: set back, the other would end the sweeps for long */
	struct err e;

	if (milliseconds_now() < next)
		return;
	next = milliseconds_now() + SWEEP_MS;
	if (db_run(s->db, STMT_MAILBOX_SWEEP, NULL, &e, 0, NULL) == -1 && e.fault != FAULT_busy)
		log_err(LOG_LEVEL_ERROR, &e, "sweep");
}

/* One round of issuing; *taken: how many orders it was for, 0 when it failed. */
static int issue(struct signer *s, size_t *taken, struct err *e)
{
	int rc = keys_ready(s, e);

	if (rc == 0 && ((rc = issuer_unrevoked(s, e)) == -1 || (rc = issue_round(s, taken, e)) == -1) &&
	    !s->impaired && !s->keys_away)
		log_err(LOG_LEVEL_ERROR, e, "issuing"); /* once, not every second */
	if (rc == -1)
		*taken = 0;
	return rc;
}

/* What must be done beside issuing: between rounds, and under load at least every second, or a long queue
 * would keep a revoked certificate off the CRL. False when the CRL failed. */
static bool duties(struct signer *s, bool busy)
{
	const long now = milliseconds_now();
	bool good;

	if (busy && now - s->duties_at < DUTIES_MS)
		return true;
	clock_look(s);
	good = crl_round(s);
	seal(s);
	sweep(s);
	numbers_look(s, milliseconds_now());
	s->duties_at = milliseconds_now();
	return good;
}

/* A turn at all work. True when nothing failed; *taken: how many orders it took, so others may wait. */
static bool turn(struct signer *s, size_t *taken)
{
	struct err e;
	bool good = issue(s, taken, &e) == 0;

	/* With the database away each duty would wait for it as long again. */
	if (good || s->keys_away || e.fault != FAULT_busy)
		good = duties(s, *taken > 0) && good;
	if (s->impaired && good)
		log_line(LOG_LEVEL_INFO, "all is well again");
	s->impaired = !good;
	return good;
}

static const char *config_option(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c') {
			config = optarg;
			continue;
		}
		(void)fputs(
		    "usage: mailcert-signer [--config FILE]\n"
		    "Issue certificates for submitted orders with the CA's key.\n"
		    "  --config FILE  settings (else MAILCERT_CONFIG, else /etc/mailcert/mailcert.hdf)\n",
		    option == 'h' ? stdout : stderr);
		exit(option == 'h' ? 0 : 2);
	}
	return config;
}

int main(int argc, char **argv)
{
	struct sigaction term = {.sa_handler = on_term};
	struct peer_uids uids;
	struct signer s = {0};
	struct conf *conf = NULL;
	struct err e;
	int listener;

	log_open("mailcert-signer");
	secrets_guard();
	memory_lock();
	/* Also while it starts: SoftHSM writes its token anew at each login, and one that is cut off there is
	 * lost. */
	(void)sigaction(SIGTERM, &term, NULL);
	(void)sigaction(SIGINT, &term, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (conf_load(&conf, config_option(argc, argv), &e) == -1)
		goto fail;
	s.conf = conf;
	if (peer_uids_read(&uids, conf_text(conf, SET_SIGNER_PEER_UIDS), &e) == -1 ||
	    signer_open(&s, &e) == -1 || peer_drop_root(conf_text(conf, SET_SIGNER_USER), &e) == -1 ||
	    peer_listen(&listener, conf_text(conf, SET_SIGNER_SOCKET), &e) == -1 || cage_enter(&e) == -1)
		goto fail;
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	log_line(LOG_LEVEL_INFO, "issuing as %s under %s", s.name, s.cas[0].issuer->name);
	while (!stopping) {
		size_t taken = 0;
		const bool good = turn(&s, &taken);
		const long gather = taken < (size_t)conf_number(conf, SET_SIGNER_BATCH) ? GATHER_MS : 0;

		if (taken > 0)
			peers_serve(&s, listener, &uids, gather, gather);
		else
			peers_serve(
			    &s, listener, &uids, 0, good ? conf_number(conf, SET_SIGNER_POLL) : RETRY_MS);
	}
	(void)close(listener);
	signer_close(&s);
	conf_free(conf);
	return 0;
fail:
	log_err(LOG_LEVEL_ERROR, &e, "start");
	signer_close(&s);
	conf_free(conf);
	/* Trying again mends nothing else, and a false PIN tried again and again locks the token. */
	return e.fault == FAULT_busy ? EX_TEMPFAIL : EX_CONFIG;
}
