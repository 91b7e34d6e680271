/* crl.h - build, sign and write a complete CRL v2 (RFC 5280 5, SBR 4.9.7, 7.2.2).
 *
 * Entries come one at a time from the caller (a cursor of the database) and are encoded as they come, so that
 * a million of them need little more memory than the CRL itself. The CRL is complete (not partitioned), so it
 * has no issuingDistributionPoint.
 */
#ifndef LIB_PKI_CRL_H
#define LIB_PKI_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct err;
struct issuer;

/* Longest times between thisUpdate and nextUpdate in seconds (SBR 4.9.7). */
#define CRL_SUBSCRIBER_MOST ((time_t)10 * 86400)
#define CRL_CA_MOST         ((time_t)365 * 86400)

#define ROOT_CRL_MAX (1 << 20) /* octets of a root's CRL that are read */

/* RFC 5280 5.3.1, those SBR 7.2.2 leaves. unspecified is never written out; certificateHold is forbidden. */
enum crl_reason {
	REASON_UNSPECIFIED = 0,
	REASON_KEY_COMPROMISE = 1,
	REASON_CA_COMPROMISE = 2,
	REASON_AFFILIATION_CHANGED = 3,
	REASON_SUPERSEDED = 4,
	REASON_CESSATION_OF_OPERATION = 5,
	REASON_PRIVILEGE_WITHDRAWN = 9,
};

struct crl_entry {
	unsigned char serial[20];
	size_t serial_len;
	time_t revoked_at;
	enum crl_reason reason;
};

/* Fill *out with the next entry: 1, or 0 at the end, or -1 with *e filled (which stops the building). */
typedef int crl_next(void *arg, struct crl_entry *out, struct err *e);

struct crl_plan {
	const struct issuer *issuer;
	uint64_t number;                 /* cRLNumber: greater than every one before of this issuer; not 0 */
	time_t this_update, next_update; /* crl_this_update() */
	crl_next *next;                  /* NULL: no entries */
	void *arg;
};

struct crl {
	uint64_t number;
	unsigned char *room;      /* owned: the memory that der lies in */
	const unsigned char *der; /* CertificateList */
	size_t der_len;
	size_t entries;
};

/* Build and sign. A root's CRL may live CRL_CA_MOST, all others CRL_SUBSCRIBER_MOST. *out is filled, to be
 * emptied with crl_free(). FAULT_internal: the plan or an entry breaks a rule above; faults of issuer_sign()
 * and next. */
int crl_build(struct crl *out, const struct crl_plan *, struct err *e);
void crl_free(struct crl *); /* empties it; an all-zero one is fine */

/* Write the DER as <public_dir>/crl/<issuer's name>.crl so that readers see the old or the new whole, and
 * never a lower cRLNumber after a higher one (RFC 5280 5.2.3): of two signers that write at once the later
 * number stays. Takes away what a signer that died while writing left behind. FAULT_busy: a higher number
 * stands there. */
int crl_publish(const struct crl *, const struct issuer *, const char *public_dir, struct err *e);

/* thisUpdate of a CRL that is made now: BACKDATE earlier, or whoever is some seconds behind would refuse it
 * as not valid yet, just after a revocation. Not before the issuer began, nor before thisUpdate of the CRL
 * that stands there (unless that is to come: then a clock was set back). */
time_t crl_this_update(const struct issuer *, const char *public_dir, time_t now);

/* The cRLNumber of a CRL in DER; 0 when it has none, or cannot be read. */
uint64_t crl_number(const unsigned char *der, size_t len);

/* The cRLNumber of the CRL that stands there; 0 when there is none, or none that can be read. */
uint64_t crl_standing(const struct issuer *, const char *public_dir);

/* Whether the CRL that the root called root_name has published lists the issuer's own certificate: *out. No
 * such CRL lists nobody. Its signature is not verified: who can write there can as well take it away.
 * config_invalid: it cannot be read. */
int crl_lists_issuer(
    bool *out, const struct issuer *, const char *root_name, const char *public_dir, struct err *e);

#endif
