/* policy.c - the rules' days; see policy.h. */
#include "lib/pki/policy.h"

#include <stdlib.h>

#include <openssl/evp.h>

#define DAY 86400L

static const struct policy_row rows[POLICY__MAX] = {
#define POLICY(id, day, what, source, held) [POLICY_##id] = {day, what, source, held},
#include "lib/pki/policy.def"
#undef POLICY
};

const struct policy_row *policy_row(enum policy p)
{
	return &rows[p];
}

/* The first second of a day "2026-12-15" of the Gregorian calendar, UTC. */
static time_t day_begin(const char *text)
{
	const long month = strtol(text + 5, NULL, 10), day = strtol(text + 8, NULL, 10);
	/* a year that begins in March has its leap day last */
	const long year = strtol(text, NULL, 10) - (month <= 2);
	const long of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return (time_t)((year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719468) * DAY);
}

bool policy_in_force(enum policy p, time_t now)
{
	return now >= day_begin(rows[p].day);
}

size_t policy_remotes_least(time_t now)
{
	static const enum policy steps[] = {POLICY_MPIC_2, POLICY_MPIC_3, POLICY_MPIC_4, POLICY_MPIC_5};
	size_t least = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (policy_in_force(steps[i], now))
			least = i + 2;
	return least;
}

bool policy_ca_key_serves(const EVP_PKEY *key, time_t now)
{
	return EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) >= 3072 ||
	       !policy_in_force(POLICY_RSA_CA_3072, now);
}

bool policy_weak_keys_listed(size_t keys)
{
	/* That OpenSSL made a key from nothing but the process's number, 1 to 32,767, of each size and on
	 * each architecture. */
	return keys >= 32767;
}
