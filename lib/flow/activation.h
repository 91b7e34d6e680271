/* activation.h - step 3, activation: fields, key and statements, until they are submitted and frozen.
 *
 * Each function is one transition of sql/transitions.sql, guarded there and safe to repeat. All refuse with
 * step_not_open when the order's activation is not waiting for data.
 */
#ifndef LIB_FLOW_ACTIVATION_H
#define LIB_FLOW_ACTIVATION_H

#include <stddef.h>

#include "lib/flow/actor.h"

struct csr;
struct db;
struct err;
struct key_hashes;

/* The version of the terms that a submission accepts (SBR 9.6.3); grows with every change of their words. */
#define TERMS_VERSION "1.0"

/* Choose the subject fields: a comma-separated list of subject_field_word()s. */
int activation_data(
    struct db *, const struct actor *, const struct order_number *, const char *fields, struct err *e);

/* Choose how the key is made: a method_word(). Another one than before lets go of the request handed in. */
int activation_method(
    struct db *, const struct actor *, const struct order_number *, const char *method, struct err *e);

/* Hand in a request that csr_check() found good. csr_key_compromised, csr_key_in_use. */
int activation_key(
    struct db *, const struct actor *, const struct order_number *, const struct csr *, struct err *e);

/* Submit for issuance what the summary showed, named by the SHA-256 of its key's SPKI; *order_id then names
 * the order to the signer. summary_changed, mailbox_too_old (the order is back at step 2 then). */
int activation_submit(struct db *, const struct actor *, const struct order_number *,
    const unsigned char spki_sha256[32], long long *order_id, struct err *e);

/* Leave the audit event that a request was refused and why, for the order's history and for reports by code.
 */
int activation_csr_refused(
    struct db *, const struct actor *, const struct order_number *, const struct err *why, struct err *e);

/* A private key was pasted: block its public key, and each that is of the same number. */
int activation_key_pasted(struct db *, const struct actor *, const struct key_hashes *, struct err *e);

/* Refuse (csr_key_compromised) when the request's key is on the block list, or one of the same number is;
 * changes nothing. */
int activation_key_check(struct db *, const struct csr *, struct err *e);

#endif
