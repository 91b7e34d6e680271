/* crl_queue.h - which CRL is due, and what stands on it: the signer's transitions for revocation lists. */
#ifndef LIB_FLOW_CRL_QUEUE_H
#define LIB_FLOW_CRL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct crl_entry;
struct db;
struct db_rows;
struct err;

/* A CRL that was begun: its number is taken, its revocations are claimed. */
struct crl_job {
	unsigned issuer_id;
	uint64_t number;
	time_t this_update, next_update; /* by the database's clock, not set back as the CRL's own is */

	/* the cursor over its entries */
	struct db *db;
	struct db_rows *page; /* owned */
	size_t at;
	unsigned char last[16];
	bool ended;
	bool failed; /* the database did not give the entries: what failed is not the key */
};

/* Begin the issuer's next CRL if one is due, or have the newest one again if the one that stands published
 * here is older; *due says so. life: seconds until nextUpdate; standing: the number that stands here
 * (crl_standing()). End with crl_job_free(). */
int crl_job_begin(struct db *, unsigned issuer_id, const char *signer, long life, uint64_t standing,
    struct crl_job *out, bool *due, struct err *e);

/* The entries one by one, in bounded memory; a crl_next of lib/pki/crl.h with the job as arg. */
int crl_job_next(void *job, struct crl_entry *out, struct err *e);

/* Let the entries begin from the first again. */
void crl_job_rewind(struct crl_job *);

/* It stands where readers find it. */
int crl_job_published(
    struct crl_job *, const char *signer, size_t entries, const unsigned char sha256[32], struct err *e);

void crl_job_free(struct crl_job *);

#endif
