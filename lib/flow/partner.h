/* partner.h - what a partner may do with orders of its own: transitions of sql/partner.sql, and the fields of
 * a new order, in one table for the code and its documentation. */
#ifndef LIB_FLOW_PARTNER_H
#define LIB_FLOW_PARTNER_H

#include <stdbool.h>

#include "lib/flow/actor.h"

struct csr;
struct db;
struct err;

#define PARTNER_REF_MAX   64
#define CUSTOMER_NAME_MAX 200
#define CALLBACK_URL_MAX  500

/* A new order as a partner gave it; NULL: not given. Everything is checked and canonical already. */
struct partner_order {
	const char *ref, *product, *email;
	const char *language, *customer_name, *fields, *callback;
	const struct csr *csr;
};

/* What a key may do; a comma stands between several. */
#define PARTNER_SCOPES 3
extern const char *const partner_scopes[PARTNER_SCOPES];

/* A new key, or the secret that signs callbacks: prefix and 256 random bits, base64url. The prefixes let
 * scanners recognise one that has leaked. The caller wipes it. internal: no random octets. */
#define PARTNER_KEY_PREFIX      "mck_"
#define PARTNER_CALLBACK_PREFIX "mcs_"
#define PARTNER_SECRET_ROOM     48
int partner_secret_make(char out[PARTNER_SECRET_ROOM], const char *prefix, struct err *e);

/* Whether a reference has the form we take: 1 to 64 of letters, digits and . _ - : / */
bool partner_ref_good(const char *ref);
/* Whether a name can stand in mails: 1 to 200 octets of UTF-8 without control characters, those of
 * bidirectional text included. */
bool customer_name_good(const char *name);
/* Whether an address may be registered for callbacks: https, a host, printable ASCII, no user and no
 * fragment. */
bool callback_url_good(const char *url);

/* Make an order, or find the one with the same reference: *made says which. partner_ref_conflict (arg: the
 * field that differs), callback_unknown, csr_key_compromised, csr_key_in_use; partner_key_scope. */
int partner_order_add(struct db *, const struct actor *, const struct partner_order *,
    struct order_number *out, bool *made, struct err *e);

/* Give or change the address and start its verification. step_not_open once another is verified. */
int partner_email(
    struct db *, const struct actor *, const struct order_number *, const char *email, struct err *e);

/* Fields, request and statements in one, and submit. csr NULL: the one handed in before (csr_missing).
 * *order_id names the order to the signer. As activation_submit(). */
int partner_activate(struct db *, const struct actor *, const struct order_number *, const char *fields,
    const struct csr *, long long *order_id, struct err *e);

/* End an order without a certificate. order_issued, order_being_issued. */
int partner_cancel(struct db *, const struct actor *, const struct order_number *, struct err *e);

#endif
