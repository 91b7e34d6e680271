/* judge.c - may this order become a certificate? Asked afresh of everything, trusting no worker. */
#include "tools/signer/signer.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/flow/issuance.h"
#include "lib/pki/address.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/csr.h"
#include "lib/pki/product.h"

#define MAILBOX_FRESH ((time_t)30 * 86400) /* SBR 4.2.1: from the initiation of the verification */

static int refuse(
    const char **step, const char *which, struct err *e, enum fault fault, const struct issuance *i)
{
	*step = which;
	return err_set(e, fault, "order %s", i->order);
}

/* The mailbox: confirmed, for exactly this address, and fresh for as long as the lease lets us sign. */
static int judge_mailbox(const struct issuance *i, const char **step, struct err *e)
{
	char canonical[ADDRESS_MAX + 1];

	if (i->confirmed_at == 0 || i->mailbox_email == NULL || strcmp(i->mailbox_email, i->email) != 0)
		return refuse(step, "mailbox", e, FAULT_mailbox_not_verified, i);
	if (i->taken_until - i->initiated_at > MAILBOX_FRESH || i->initiated_at > i->now)
		return refuse(step, "mailbox", e, FAULT_mailbox_too_old, i);
	if (address_read(canonical, i->email, e) == -1 || strcmp(canonical, i->email) != 0)
		return refuse(step, "mailbox", e, FAULT_mailbox_not_verified, i);
	return 0;
}

/* The key: proven possession, strong, the one the person saw, nobody else's. */
static int judge_key(
    struct signer *s, const struct issuance *i, struct judged *out, const char **step, struct err *e)
{
	*step = "activation";
	if (i->csr == NULL)
		return refuse(step, "activation", e, FAULT_csr_missing, i);
	if (s->blocklist != NULL && blocklist_refresh(s->blocklist, e) == -1) {
		*step = NULL;
		return -1;
	}
	if (csr_read(&out->csr, (const char *)i->csr, i->csr_len, NULL, e) == -1 ||
	    csr_check(out->csr, out->product, s->blocklist, e) == -1)
		return err_context(e, "order %s", i->order);
	if (i->spki_sha256 == NULL ||
	    memcmp(i->spki_sha256, out->csr->spki_sha256, sizeof(out->csr->spki_sha256)) != 0)
		return refuse(step, "activation", e, FAULT_summary_changed, i);
	if (i->key_blocked)
		return refuse(step, "activation", e, FAULT_csr_key_compromised, i);
	return i->key_in_use ? refuse(step, "activation", e, FAULT_csr_key_in_use, i) : 0;
}

/* Subject fields: the mandatory ones, and optional ones chosen. */
static unsigned judge_fields(const struct issuance *i, const struct product *product)
{
	unsigned fields = 0;

	for (int f = 0; f < FIELD__MAX; f++) {
		const char *word = subject_field_word((enum subject_field)f);

		if (product->fields[f] == FIELD_MANDATORY ||
		    (product->fields[f] == FIELD_OPTIONAL && i->fields != NULL &&
			strstr(i->fields, word) != NULL))
			fields |= 1U << f;
	}
	return fields;
}

int judge(struct signer *s, const struct issuance *i, struct judged *out, const char **step, struct err *e)
{
	memset(out, 0, sizeof(*out));
	*step = NULL;
	out->product = product_find(s->products, i->product);
	if (out->product == NULL)
		return err_set(e, FAULT_product_unknown, "order %s: product %.60s is not in the product file",
		    i->order, i->product);
	if (judge_mailbox(i, step, e) == -1)
		return -1;
	if (!i->standing)
		return refuse(step, "activation", e, FAULT_step_not_open, i);
	if (!i->statements)
		return refuse(step, "activation", e, FAULT_statements_missing, i);
	if (judge_key(s, i, out, step, e) == -1)
		return -1;
	out->fields = judge_fields(i, out->product);
	return 0;
}

void judged_free(struct judged *j)
{
	csr_free(j->csr);
	j->csr = NULL;
}
