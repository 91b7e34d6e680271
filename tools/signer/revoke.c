/* revoke.c - the signer's duty for revocation lists: at least daily, and at once when something was revoked.
 */
#include "tools/signer/signer.h"

#include <openssl/evp.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/flow/crl_queue.h"
#include "lib/pki/crl.h"

#define CRL_LIFE                                                                                   \
	(6L * 86400) /* thisUpdate to nextUpdate; SBR 4.9.7 allows ten days, a new one comes daily \
		      */

int crl_round(struct signer *s, struct err *e)
{
	unsigned char sha256[32];
	struct crl_plan plan = {.issuer = s->issuer, .next = crl_job_next};
	struct crl_job job;
	struct crl crl = {0};
	bool due;
	int rc = -1;

	if (s->issuer_id == 0)
		return 0;
	if (crl_job_begin(s->db, s->issuer_id, s->name, CRL_LIFE, &job, &due, e) == -1)
		return -1;
	if (!due)
		return 0;
	plan.number = job.number;
	plan.this_update = job.this_update;
	plan.next_update = job.next_update;
	plan.arg = &job;
	if (crl_build(&crl, &plan, e) == 0 &&
	    crl_publish(&crl, s->issuer, conf_text(s->conf, SET_CA_PUBLIC_DIR), e) == 0) {
		(void)EVP_Digest(crl.der, crl.der_len, sha256, NULL, EVP_sha256(), NULL);
		rc = crl_job_published(&job, s->name, crl.entries, sha256, e);
		log_line(LOG_LEVEL_INFO, "CRL %llu of %s: %zu entries", (unsigned long long)job.number,
		    conf_text(s->conf, SET_CA_ISSUER), crl.entries);
	}
	crl_free(&crl);
	crl_job_free(&job);
	return rc;
}
