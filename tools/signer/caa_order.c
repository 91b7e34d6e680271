/* caa_order.c - CAA for one order; see caa_order.h. */
#include "tools/signer/caa_order.h"

#include <stdio.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/flow/issuance.h"
#include "lib/pki/address.h"
#include "lib/pki/caa_resolver.h"
#include "tools/signer/signer.h"

int caa_order_open(struct signer *s, struct err *e)
{
	const struct caa_settings settings = {.stub = conf_text(s->conf, SET_DNS_STUB),
	    .forward = conf_text(s->conf, SET_DNS_FORWARD),
	    .anchor_file = conf_text(s->conf, SET_DNS_ANCHOR),
	    .identities = conf_text(s->conf, SET_CAA_IDENTITY),
	    .timeout = conf_number(s->conf, SET_DNS_TIMEOUT)};

	return caa_resolver_open(&s->resolver, &settings, e);
}

int caa_order_check(struct signer *s, const struct issuance *i, const char **step, struct err *e)
{
	struct caa_result result = {0};
	struct err recorded;
	int rc;

	*step = NULL;
	if (i->caa_valid_until > i->now)
		return 0;
	rc = caa_check(s->resolver, address_domain(i->email), i->now, &result, e);
	if (rc == -1 && e->fault == FAULT_caa_denied)
		*step = "activation";
	/* Unrecorded is not asked (SBR 4.2.2.1: every CAA action is logged). */
	if (issuance_caa_record(s->db, s->name, i->order_id, &result, &recorded) == -1) {
		*step = NULL;
		*e = recorded;
		rc = -1;
	}
	caa_result_free(&result);
	return rc == -1 ? err_context(e, "order %s", i->order) : 0;
}
