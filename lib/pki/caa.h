/* caa.h - may we issue for a mailbox of this domain? CAA issuemail judged (RFC 8659, RFC 9495, SBR 4.2.2.1).
 *
 * This half knows no DNS: caa_evaluate() judges the one RRset that counts; caa_resolver.h finds it.
 */
#ifndef LIB_PKI_CAA_H
#define LIB_PKI_CAA_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* A check holds for the record's TTL or this, whichever is longer (SBR 4.2.2.1). */
#define CAA_FRESH ((time_t)8 * 3600)

/* 0 is what a result says before anything is known. */
enum caa_decision {
	CAA_UNREACHABLE, /* not known: ask again */
	CAA_DENIED,      /* the domain says no: only its administrator can change that */
	CAA_PERMITTED
};

/* Why, as a stable word for the books and the audit log. Those from CAA_NO_RECORDS on permit. */
enum caa_reason {
	CAA_LOOKUP_FAILED, /* unreachable: no answer, twice */
	CAA_BOGUS,         /* unreachable: DNSSEC says the answer is false */
	CAA_OTHER_ISSUERS, /* denied: issuemail names others, nobody, or us with parameters we do not know */
	CAA_CRITICAL,      /* denied: a critical property we do not know */
	CAA_MALFORMED,     /* denied: a record that is none, or more records than anyone needs */
	CAA_NO_RECORDS,    /* permitted: no CAA at the domain or above */
	CAA_NO_ISSUEMAIL,  /* permitted: CAA there, but nothing on mail */
	CAA_NAMED,         /* permitted: an issuemail record names us */
	CAA_PROVEN_INSECURE, /* permitted: look-up failed twice, and the domain is proven unsigned */
	CAA_REASON__MAX
};
const char *caa_reason_word(enum caa_reason);     /* "no_records", … */
const char *caa_decision_word(enum caa_decision); /* "permitted", "denied", "unreachable" */

/* One record's RDATA in wire form (RFC 8659 4.1). */
struct caa_rdata {
	const unsigned char *bytes;
	size_t len;
};

/* A result with all an auditor may ask of it. The texts are owned; empty rather than NULL. */
struct caa_result {
	enum caa_decision decision;
	enum caa_reason reason;
	char domain[256];   /* asked for */
	char found_at[256]; /* the name whose RRset counted; "" when there was none */
	char *records;      /* presentation form, one a line: 0 issuemail "ca.example" */
	char *issuers;      /* whom issuemail names, comma-separated, for the customer's sentence */
	char *iodef;        /* where the domain wants refusals reported, one a line (mailto:, https:) */
	char detail[200];   /* for the log: what DNS said when it failed */
	bool secure;        /* the RRset, or its absence everywhere, was validated */
	long ttl;           /* of the RRset, in seconds; 0 when there was none */
	time_t checked_at,
	    valid_until; /* valid_until = checked_at + max(ttl, CAA_FRESH); checked_at when not permitted */
};

/* Judge an RRset (count 0: none) for the issuer domain names that mean us, comma-separated. Fills decision,
 * reason, records, issuers and iodef of *out, which was all-zero or emptied. 0, or -1 without memory (then
 * *out says unreachable). Tags and names are compared without regard to case; a malformed issuemail value
 * names nobody; a parameter we do not know makes a record permit nothing. We know none. */
int caa_evaluate(struct caa_result *out, const struct caa_rdata *set, size_t count, const char *identities);

/* Copy a result with its texts; *out is emptied with caa_result_free(). 0, or -1 without memory (then *out is
 * empty). */
int caa_result_copy(struct caa_result *out, const struct caa_result *);

/* Empty a result. An all-zero one is fine. */
void caa_result_free(struct caa_result *);

#endif
