/* revocation.h - ending a certificate before its time (SBR 4.9): reasons and the transition. */
#ifndef LIB_FLOW_REVOCATION_H
#define LIB_FLOW_REVOCATION_H

#include "lib/flow/actor.h"

struct db;
struct err;

/* Reasons a subscriber may give, in the order of pages (RFC 5280 5.3.1 names and numbers). unspecified is 0
 * and never encoded (SBR 7.2.2); certificateHold does not exist for Strict. */
struct revocation_reason {
	const char *word;
	int number;
};
extern const struct revocation_reason revocation_reasons[];
extern const int revocation_reasons_count;

/* The number for a reason's word, or -1; the word for a number, or "unspecified". */
int revocation_reason_number(const char *word);
const char *revocation_reason_word(int number);

/* Revoke the order's certificate; it stands on the CRL within a minute. Revoked already is fine.
 * certificate_missing. */
int certificate_revoke(
    struct db *, const struct actor *, const struct order_number *, int reason, struct err *e);

#endif
