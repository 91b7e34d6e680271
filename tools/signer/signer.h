/* signer.h - the signer: what it holds while it lives, and its three duties (judge, issue, serve). */
#ifndef TOOLS_SIGNER_SIGNER_H
#define TOOLS_SIGNER_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <openssl/types.h>

#include "lib/base/instance.h"
#include "lib/flow/lease.h"
#include "lib/pki/issuer.h"

struct blocklist;
struct caa_panel;
struct conf;
struct csr;
struct db;
struct err;
struct issuance;
struct product;
struct products;
struct token;

/* A CA whose key the signer holds. */
struct signer_ca {
	struct issuer *issuer;      /* owned */
	unsigned id;                /* row of table issuer; 0: not looked up yet */
	char root[CA_NAME_MAX + 1]; /* who signed it, as that row says; "": nobody known */
	bool crl_late;              /* its last CRL could not be made */
};
#define SIGNER_CAS_MAX 16

struct signer {
	const struct conf *conf;
	struct db *db;
	struct products *products;
	struct blocklist *blocklist; /* NULL: none configured */
	struct token *token;         /* NULL: key files */
	struct caa_panel *caa;
	struct signer_ca cas[SIGNER_CAS_MAX]; /* the first one issues; CRLs are made for all */
	size_t ca_count;
	bool missing_told;   /* keys_missing_tell() has looked */
	bool keys_away;      /* the token did not answer: nothing is taken until it is opened again */
	long false_pause;    /* seconds to wait after the last signature, which was false; 0: it was good */
	long false_until;    /* by signing_seconds(): nothing is taken before */
	EVP_PKEY *audit_key; /* NULL: this signer seals no audit events */
	long looked_far_at;  /* for late ones to seal; monotonic, 0: never */
	bool sealed_any;     /* since then */
	unsigned char number_after[32]; /* the blocked key that was looked at last; zero: none */
	long numbers_due;    /* when blocked keys are looked through again; monotonic milliseconds */
	long duties_at;      /* when CRLs, seals and the sweep had their turn, by the monotonic clock */
	time_t clock_looked; /* when the database's clock was looked at, by one that nobody sets; 0: never */
	int64_t clock_said;  /* what it said then */
	char name[INSTANCE_NAME_MAX]; /* the owner of a lease */
	struct holder holder;
	bool impaired; /* the last round failed for want of key or database, or a CRL did */
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

/* Publish each CA's next CRL if one is due. True when all is well; what is not was logged. */
bool crl_round(struct signer *);

/* Whether the CA that issues may go on: config_invalid when its root has revoked it, as the root's CRL in
 * Ca.PublicDir says (SBR 4.9.1.2), or when that cannot be read. Its own CRL is still made. */
int issuer_unrevoked(struct signer *, struct err *e);

/* Look at the database's clock, if that is due: what waits or ends goes back with a clock that was set back,
 * and a jump is logged. */
void clock_look(struct signer *);

/* Give blocked keys the hash of their number, if that is due at `now`, a monotonic clock's milliseconds. */
void numbers_look(struct signer *, long now);

/* Open the token, the CA that issues and those that issued before (Ca.Former). */
int keys_open(struct signer *, struct err *e);
/* After a signature failed with busy, whose words *e holds: open all anew. Logs when the keys are found to be
 * away, and when they are back. -1 with busy: still away. */
int keys_reopen(struct signer *, struct err *e);
/* 0 when the keys were open the last time one was used, or could be opened anew now. */
int keys_ready(struct signer *, struct err *e);
/* Log, once, each CA of the database whose CRL nobody makes: it is neither Ca.Issuer nor in Ca.Former. */
void keys_missing_tell(struct signer *);
void keys_close(struct signer *);

/* Look up the CA's row, once. config_invalid: it is not in the database, or with another certificate. */
int ca_row_find(struct signer *, struct signer_ca *, struct err *e);

#endif
