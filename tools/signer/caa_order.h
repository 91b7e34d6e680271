/* caa_order.h - CAA for one order (RFC 9495, SBR 4.2.2.1): asked unless a permission outlasts the lease. Who
 * asks records the answer before anything is signed (issue.c). */
#ifndef TOOLS_SIGNER_CAA_ORDER_H
#define TOOLS_SIGNER_CAA_ORDER_H

struct caa_result;
struct caa_views;
struct err;
struct issuance;
struct signer;

/* Open the resolver. CAA is asked before every issuance; no setting turns that off. */
int caa_order_open(struct signer *, struct err *e);

/* Ask for the order's domain, unless a permission outlasts the lease. 0 when CAA permits; -1 with caa_denied
 * (*step "activation") or caa_unreachable (*step NULL: again later). *asked (all-zero before, emptied with
 * caa_result_free()) is what was found here, *views (all-zero before) at remote perspectives; without a
 * domain when nothing was asked. */
int caa_order_check(struct signer *, const struct issuance *, struct caa_result *asked,
    struct caa_views *views, const char **step, struct err *e);

#endif
