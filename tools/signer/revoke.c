/* revoke.c - the signer's duty for revocation lists: at least daily, and at once when something was revoked;
 * and no certificate from a CA that was revoked itself.
 */
#include "tools/signer/signer.h"

#include <openssl/evp.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/fault_point.h"
#include "lib/base/log.h"
#include "lib/flow/crl_queue.h"
#include "lib/pki/crl.h"
#include "lib/pki/issuer.h"

#define CRL_LIFE                                                                                    \
	(6L * 86400) /* now to nextUpdate; SBR 4.9.7 allows ten days from thisUpdate (crl.c), a new \
			one comes daily */

/* Build and sign; a token that was away is opened again once. */
static int crl_make(
    struct signer *s, struct crl *crl, const struct crl_plan *plan, struct crl_job *job, struct err *e)
{
	if (crl_build(crl, plan, e) == 0)
		return 0;
	if (e->fault != FAULT_busy || job->failed || keys_reopen(s, e) == -1)
		return -1;
	crl_job_rewind(job);
	return crl_build(crl, plan, e);
}

/* A CRL that was begun: made, put where readers find it, noted. */
static int crl_finish(struct signer *s, const struct signer_ca *ca, struct crl_job *job, struct err *e)
{
	const struct crl_plan plan = {.issuer = ca->issuer,
	    .number = job->number,
	    .this_update =
		crl_this_update(ca->issuer, conf_text(s->conf, SET_CA_PUBLIC_DIR), job->this_update),
	    .next_update = job->next_update,
	    .next = crl_job_next,
	    .arg = job};
	unsigned char sha256[32];
	struct crl crl = {0};
	int rc = -1;

	fault_point("crl-after-begin");
	if (crl_make(s, &crl, &plan, job, e) == 0) {
		fault_point("crl-after-sign");
		rc = crl_publish(&crl, ca->issuer, conf_text(s->conf, SET_CA_PUBLIC_DIR), e);
	}
	if (rc == 0) {
		(void)EVP_Digest(crl.der, crl.der_len, sha256, NULL, EVP_sha256(), NULL);
		rc = crl_job_published(job, s->name, crl.entries, sha256, e);
		fault_point("crl-after-published");
		log_line(LOG_LEVEL_INFO, "CRL %llu of %s: %zu entries", (unsigned long long)job->number,
		    ca->issuer->name, crl.entries);
	}
	crl_free(&crl);
	return rc;
}

static int crl_of(struct signer *s, struct signer_ca *ca, struct err *e)
{
	struct crl_job job;
	bool due;
	int rc = 0;

	if (keys_ready(s, e) == -1 || ca_row_find(s, ca, e) == -1 ||
	    crl_job_begin(s->db, ca->id, s->name, CRL_LIFE,
		crl_standing(ca->issuer, conf_text(s->conf, SET_CA_PUBLIC_DIR)), &job, &due, e) == -1)
		return -1;
	if (due)
		rc = crl_finish(s, ca, &job, e);
	crl_job_free(&job);
	return rc;
}

/* The file is small and lies on this host, so it is read anew each time: nothing is signed after it came. */
int issuer_unrevoked(struct signer *s, struct err *e)
{
	struct signer_ca *ca = &s->cas[0];
	bool listed;

	if (ca_row_find(s, ca, e) == -1)
		return -1;
	if (*ca->root == '\0')
		return 0;
	if (crl_lists_issuer(&listed, ca->issuer, ca->root, conf_text(s->conf, SET_CA_PUBLIC_DIR), e) == -1)
		return -1;
	return listed ? err_set(e, FAULT_config_invalid,
			    "%s was revoked by %s: nothing is issued until Ca.Issuer names another CA",
			    ca->issuer->name, ca->root)
		      : 0;
}

bool crl_round(struct signer *s)
{
	bool good = true;
	struct err e;

	keys_missing_tell(s);
	for (size_t i = 0; i < s->ca_count; i++) {
		struct signer_ca *ca = &s->cas[i];
		const bool late = crl_of(s, ca, &e) == -1;

		if (late && !ca->crl_late && !s->keys_away) /* once, not every second */
			log_err(LOG_LEVEL_ERROR, &e, "CRL of %s", ca->issuer->name);
		ca->crl_late = late;
		good = good && !late;
	}
	return good;
}
