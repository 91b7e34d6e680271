/* lint.h - hold a tbsCertificate against the rules before it is signed (SBR 4.3.1.2).
 *
 * Written against the documents, not against certificate.c, and sharing no code with it: it reads the DER
 * with der.h alone and knows what the certificate should say from lint_facts. Any finding stops the issuance.
 */
#ifndef LIB_PKI_LINT_H
#define LIB_PKI_LINT_H

#include <stddef.h>
#include <time.h>

#include "lib/pki/policy.h"
#include "lib/pki/product.h"

struct err;

/* Goes into the books with every issuance; raise it whenever a check changes. */
#define LINT_VERSION "mailcert-lint 1 (SBR " SBR_VERSION ")"

/* What the certificate must agree with. The caller takes these from where they were decided (the order, the
 * request, the configuration), not from what was built. All is borrowed. */
struct lint_facts {
	const unsigned char *issuer; /* the issuing CA's certificate in DER */
	size_t issuer_len;
	const char *crl_url, *ca_url;
	const char *cps_url;       /* "": no CPS qualifier */
	const char *address;       /* canonical */
	const unsigned char *spki; /* of the request */
	size_t spki_len;
	const unsigned char *serial; /* as reserved */
	size_t serial_len;
	enum generation generation;
	enum purpose purpose;
	long validity;   /* of the product, in seconds */
	unsigned fields; /* subject fields asked for, mandatory ones included: bits 1U << FIELD_… */
	time_t now;
};

#define LINT_FINDINGS_MAX 40

struct lint_finding {
	const char *id;      /* of the check; static */
	const char *section; /* the rule's source; static */
	char words[160];
};

struct lint_report {
	struct lint_finding list[LINT_FINDINGS_MAX];
	size_t count;
};

/* Run every check. 0: no finding. -1: FAULT_lint_failed, arg the first finding's id, and *report holds them
 * all; or FAULT_internal when the issuer's certificate among the facts is not readable. */
int lint_tbs(struct lint_report *report, const unsigned char *tbs, size_t len, const struct lint_facts *,
    struct err *e);

/* The checks by number, for documentation and tests: 0 and the id and section, or -1 past the last. */
int lint_check_name(size_t n, const char **id, const char **section);

#endif
