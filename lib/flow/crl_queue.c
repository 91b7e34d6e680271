/* crl_queue.c - transitions and cursor of revocation lists; see crl_queue.h. */
#include "lib/flow/crl_queue.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/pki/crl.h"
#include "lib/pki/issuer.h"

#define PAGE_ENTRIES 10000

int crl_job_begin(struct db *db, unsigned issuer_id, const char *signer, long life, uint64_t standing,
    struct crl_job *out, bool *due, struct err *e)
{
	struct db_rows *rows = NULL;

	memset(out, 0, sizeof(*out));
	*due = false;
	if (db_run(db, STMT_CRL_BEGIN, &rows, e,
		DB_ARGS(P_NUMBER(issuer_id), P_TEXT(signer), P_NUMBER(life), P_NUMBER(standing))) == -1)
		return -1;
	if (db_rows_count(rows) > 0) {
		*due = true;
		out->db = db;
		out->issuer_id = issuer_id;
		out->number = (uint64_t)db_number(rows, 0, "number");
		out->this_update = (time_t)db_number(rows, 0, "this_update");
		out->next_update = (time_t)db_number(rows, 0, "next_update");
	}
	db_rows_free(rows);
	return 0;
}

/* The next page of entries, or the end. */
static int page_turn(struct crl_job *job, struct err *e)
{
	size_t count, len;
	const char *last;

	db_rows_free(job->page);
	job->page = NULL;
	job->at = 0;
	job->failed =
	    db_run(job->db, STMT_CRL_ENTRIES, &job->page, e,
		DB_ARGS(P_NUMBER(job->issuer_id), P_BYTES(job->last, sizeof(job->last)),
		    P_NUMBER(job->number), P_NUMBER(job->this_update), P_NUMBER(PAGE_ENTRIES))) == -1;
	if (job->failed)
		return -1;
	count = db_rows_count(job->page);
	job->ended = count < PAGE_ENTRIES;
	if (count > 0 && (last = db_bytes(job->page, count - 1, "serial", &len)) != NULL &&
	    len == sizeof(job->last))
		memcpy(job->last, last, len);
	return 0;
}

int crl_job_next(void *arg, struct crl_entry *out, struct err *e)
{
	struct crl_job *job = arg;
	const char *serial;

	if (job->at == db_rows_count(job->page) && !job->ended && page_turn(job, e) == -1)
		return -1;
	if (job->at == db_rows_count(job->page))
		return 0;
	serial = db_cell(job->page, job->at, 0);
	out->serial_len = db_cell_len(job->page, job->at, 0);
	if (serial == NULL || out->serial_len > sizeof(out->serial))
		return err_set(e, FAULT_internal, "CRL entry with a serial of %zu octets", out->serial_len);
	memcpy(out->serial, serial, out->serial_len);
	/* As thisUpdate is (crl_this_update()): no entry is later than it, and all CRLs say the same of it.
	 */
	out->revoked_at = (time_t)db_number(job->page, job->at, "revoked_at") - BACKDATE;
	out->reason = (enum crl_reason)db_number(job->page, job->at, "reason");
	job->at++;
	return 1;
}

int crl_job_published(
    struct crl_job *job, const char *signer, size_t entries, const unsigned char sha256[32], struct err *e)
{
	return db_run(job->db, STMT_CRL_PUBLISHED, NULL, e,
	    DB_ARGS(P_NUMBER(job->issuer_id), P_NUMBER(job->number), P_TEXT(signer), P_NUMBER(entries),
		P_BYTES(sha256, 32)));
}

void crl_job_rewind(struct crl_job *job)
{
	crl_job_free(job);
	memset(job->last, 0, sizeof(job->last));
	job->at = 0;
	job->ended = false;
}

void crl_job_free(struct crl_job *job)
{
	db_rows_free(job->page);
	job->page = NULL;
}
