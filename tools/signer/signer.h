/* signer.h - the signer: what it holds while it lives, and its three duties (judge, issue, serve). */
#ifndef TOOLS_SIGNER_SIGNER_H
#define TOOLS_SIGNER_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <openssl/types.h>

struct blocklist;
struct caa_resolver;
struct conf;
struct csr;
struct db;
struct err;
struct issuance;
struct issuer;
struct product;
struct products;
struct token;

struct signer {
	const struct conf *conf;
	struct db *db;
	struct products *products;
	struct blocklist *blocklist;   /* NULL: none configured */
	struct token *token;           /* NULL: key files */
	struct caa_resolver *resolver; /* NULL: CAA is not asked */
	struct issuer *issuer;
	EVP_PKEY *audit_key; /* NULL: this signer seals no audit events */
	unsigned issuer_id;  /* row of table issuer; 0: not looked up yet */
	char name[64];       /* "host:pid", the owner of a lease */
	bool impaired;       /* the last round failed for want of key or database */
};

/* What is known of an order once it was judged good. */
struct judged {
	const struct product *product;
	struct csr *csr; /* owned */
	unsigned fields; /* bits 1U << FIELD_… */
};

/* Re-check everything about an order in the signer's own eyes (architecture.md, invariant 5;
 * SBR 4.2.1, 6.1.1.3): nothing a worker says counts. 0, or -1 with the fault; *step then says which step the
 * person must do again, or NULL when the signer should try later by itself. */
int judge(struct signer *, const struct issuance *, struct judged *out, const char **step, struct err *e);
void judged_free(struct judged *);

/* One round: take waiting orders, issue or return each. *taken: how many were taken. -1 when the round as a
 * whole failed (database or key away); what it had taken comes round again after the lease. */
int issue_round(struct signer *, size_t *taken, struct err *e);

/* Publish the issuer's next CRL if one is due. */
int crl_round(struct signer *, struct err *e);

/* Open key and certificate of the issuing CA; again after the token was away. */
int signer_open_issuer(struct signer *, struct err *e);
int signer_reopen_issuer(struct signer *, struct err *e);

#ifdef FAULT_POINTS
/* Tests only: die by SIGKILL when the environment's MAILCERT_DIE_AT names this point. */
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
