/* caa_order.h - CAA for one order (RFC 9495, SBR 4.2.2.1): asked unless a permission outlasts the lease,
 * always recorded. */
#ifndef TOOLS_SIGNER_CAA_ORDER_H
#define TOOLS_SIGNER_CAA_ORDER_H

struct err;
struct issuance;
struct signer;

/* Open the resolver. CAA is asked before every issuance; no setting turns that off. */
int caa_order_open(struct signer *, struct err *e);

/* 0 when CAA permits; -1 with caa_denied (*step "activation") or
 * caa_unreachable (*step NULL: again later). */
int caa_order_check(struct signer *, const struct issuance *, const char **step, struct err *e);

#endif
