/* caa_order.h - CAA for the domain of an order (RFC 9495, SBR 4.2.2.1). Who asks records the answer before
 * anything is signed (issue.c). */
#ifndef TOOLS_SIGNER_CAA_ORDER_H
#define TOOLS_SIGNER_CAA_ORDER_H

struct caa_result;
struct caa_views;
struct err;
struct issuance;
struct signer;

/* Open the resolver. CAA is asked before every issuance; no setting turns that off. */
int caa_order_open(struct signer *, struct err *e);

/* Ask for the order's domain. 0 when CAA permits; -1 with caa_denied or caa_unreachable, and busy without
 * memory. *asked (all-zero before, emptied with caa_result_free()) is what was found here, *views (all-zero
 * before) at remote perspectives. */
int caa_order_ask(struct signer *, const struct issuance *, struct caa_result *asked, struct caa_views *views,
    struct err *e);

#endif
