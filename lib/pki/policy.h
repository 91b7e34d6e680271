/* policy.h - which version of the rules we work by, and the days on which they change (policy.def). */
#ifndef LIB_PKI_POLICY_H
#define LIB_PKI_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <openssl/types.h>

/* The CA/Browser Forum's S/MIME Baseline Requirements we work by: recorded with each mailbox verification
 * (SBR 3.2.2; mailbox_begin in sql/transitions.sql) and in the lint's version. */
#define SBR_VERSION "1.0.16"

enum policy {
#define POLICY(id, day, what, source, held) POLICY_##id,
#include "lib/pki/policy.def"
#undef POLICY
	POLICY__MAX
};

/* All static. */
struct policy_row {
	const char *day; /* "2026-12-15": in force from its first second on, UTC */
	const char *what, *source, *held;
};
const struct policy_row *policy_row(enum policy);

/* Whether a rule holds at that moment. */
bool policy_in_force(enum policy, time_t now);

/* How many remote perspectives TBR 3.2.2.9 wants where it binds: for domain methods, which we do not have;
 * SBR 4.2.2.1 asks none of a service that verifies mailboxes by mail alone. */
size_t policy_remotes_least(time_t now);

/* Whether a CA with this public key may still sign subscribers' certificates. */
bool policy_ca_key_serves(const EVP_PKEY *, time_t now);

/* Whether a block list of so many keys can be one that refuses Debian's weak keys (SBR 6.1.1.3). */
bool policy_weak_keys_listed(size_t keys);

#endif
