/* caa_order.c - CAA for the domain of an order; see caa_order.h. */
#include "tools/signer/caa_order.h"

#include <stdio.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/flow/issuance.h"
#include "lib/pki/address.h"
#include "lib/pki/caa_panel.h"
#include "lib/pki/policy.h"
#include "tools/signer/signer.h"

int caa_order_open(struct signer *s, struct err *e)
{
	const struct caa_settings settings = {.stub = conf_text(s->conf, SET_DNS_STUB),
	    .forward = conf_text(s->conf, SET_DNS_FORWARD),
	    .anchor_file = conf_text(s->conf, SET_DNS_ANCHOR),
	    .identities = conf_text(s->conf, SET_CAA_IDENTITY),
	    .timeout = conf_number(s->conf, SET_DNS_TIMEOUT)};
	size_t remotes;

	if (caa_panel_open(&s->caa, &settings, conf_text(s->conf, SET_CAA_REMOTES), e) == -1)
		return -1;
	remotes = caa_panel_remotes(s->caa);
	if (remotes > 0 && remotes < policy_remotes_least(time(NULL)))
		log_line(LOG_LEVEL_WARNING,
		    "Caa.Remotes names %zu perspectives; methods that need remote ones need %zu today (TBR "
		    "3.2.2.9)",
		    remotes, policy_remotes_least(time(NULL)));
	return 0;
}

int caa_order_ask(struct signer *s, const struct issuance *i, struct caa_result *asked,
    struct caa_views *views, struct err *e)
{
	return caa_panel_check(s->caa, address_domain(i->email), i->now, asked, views, e);
}
