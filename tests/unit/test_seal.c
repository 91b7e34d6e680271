/* test_seal.c - the audit log's hash chain and seals: whatever is done to a sealed log is found. */
#include "tests/unit/fixture_pki.h"

#include "lib/pki/seal.h"

#define EVENTS 6

static struct fixture fixture;
static EVP_PKEY *key;

/* A small sealed log: two seals of three events each. */
struct log {
	char events[EVENTS + 1][64];
	uint64_t numbers[EVENTS + 1];
	size_t count;
	struct seal seals[2];
	size_t seal_count;
};

static void chain(unsigned char head[SEAL_HASH_LEN], const char *event)
{
	struct err e;

	assert_done(seal_event_hash(head, head, event, strlen(event), &e), &e);
}

static void log_make(struct log *log)
{
	unsigned char head[SEAL_HASH_LEN];
	struct err e;

	memset(log, 0, sizeof(*log));
	memcpy(head, seal_origin, sizeof(head));
	for (size_t i = 0; i < EVENTS; i++) {
		struct seal *s = &log->seals[i / 3];

		(void)snprintf(
		    log->events[i], sizeof(log->events[i]), "event %zu: an order was placed", i + 1);
		log->numbers[i] = i + 1;
		if (i % 3 == 0) {
			s->first = i + 1;
			memcpy(s->before, head, sizeof(head));
		}
		chain(head, log->events[i]);
		s->last = i + 1;
		memcpy(s->head, head, sizeof(head));
	}
	log->count = EVENTS;
	log->seal_count = 2;
	for (size_t i = 0; i < 2; i++) {
		log->seals[i].sealed_at = FIXTURE_NOW + (time_t)i;
		assert_done(seal_sign(&log->seals[i], key, &e), &e);
	}
}

/* Verify as an auditor does: numbers without gaps, the chain, each seal's hashes and signature. */
static bool log_good(const struct log *log)
{
	unsigned char head[SEAL_HASH_LEN];
	size_t at = 0;
	struct err e;

	memcpy(head, seal_origin, sizeof(head));
	for (size_t i = 0; i < log->seal_count; i++) {
		const struct seal *s = &log->seals[i];

		if (seal_verify(s, key, &e) == -1 || s->first != at + 1 ||
		    memcmp(s->before, head, sizeof(head)) != 0)
			return false;
		for (; at < s->last; at++) {
			if (at >= log->count || log->numbers[at] != at + 1)
				return false;
			chain(head, log->events[at]);
		}
		if (memcmp(s->head, head, sizeof(head)) != 0)
			return false;
	}
	return at == log->count;
}

static void log_remove(struct log *log, size_t at)
{
	memmove(log->events[at], log->events[at + 1], (EVENTS - at) * sizeof(log->events[0]));
	log->count--;
}

static void tamper_removed(struct log *log)
{
	log_remove(log, 1);
}

static void tamper_removed_first(struct log *log)
{
	log_remove(log, 0);
}

static void tamper_removed_last(struct log *log)
{
	log_remove(log, EVENTS - 1);
}

static void tamper_added(struct log *log)
{
	memmove(log->events[3], log->events[2], 4 * sizeof(log->events[0]));
	log->numbers[6] = 7;
	log->count++;
}

static void tamper_reordered(struct log *log)
{
	char kept[64];

	memcpy(kept, log->events[1], sizeof(kept));
	memcpy(log->events[1], log->events[2], sizeof(kept));
	memcpy(log->events[2], kept, sizeof(kept));
}

static void tamper_changed(struct log *log)
{
	log->events[4][0] ^= 1;
}

static void tamper_joined(struct log *log)
{
	/* the end of one event moved to the start of the next: the same octets in all */
	size_t len = strlen(log->events[0]);

	memmove(log->events[1] + 1, log->events[1], strlen(log->events[1]) + 1);
	log->events[1][0] = log->events[0][len - 1];
	log->events[0][len - 1] = '\0';
}

static void tamper_seal_removed(struct log *log)
{
	log->seals[0] = log->seals[1];
	log->seal_count = 1;
}

static void tamper_seal_time(struct log *log)
{
	log->seals[1].sealed_at++;
}

static void tamper_seals_swapped(struct log *log)
{
	struct seal kept = log->seals[0];

	log->seals[0] = log->seals[1];
	log->seals[1] = kept;
}

/* Everything from an event on made anew, as one who has the database but not the key would. */
static void tamper_rewritten(struct log *log)
{
	unsigned char head[SEAL_HASH_LEN];

	log->events[5][0] ^= 1;
	memcpy(head, log->seals[1].before, sizeof(head));
	for (size_t i = 3; i < EVENTS; i++)
		chain(head, log->events[i]);
	memcpy(log->seals[1].head, head, sizeof(head));
}

/* …and sealed with another key. */
static void tamper_other_key(struct log *log)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct err e;

	tamper_rewritten(log);
	assert_done(seal_sign(&log->seals[1], other, &e), &e);
	EVP_PKEY_free(other);
}

static const struct tamper {
	const char *name;
	void (*tamper)(struct log *);
} tampers[] = {
    {"found_removed", tamper_removed},
    {"found_removed_first", tamper_removed_first},
    {"found_removed_last", tamper_removed_last},
    {"found_added", tamper_added},
    {"found_reordered", tamper_reordered},
    {"found_changed", tamper_changed},
    {"found_joined", tamper_joined},
    {"found_seal_removed", tamper_seal_removed},
    {"found_seal_time", tamper_seal_time},
    {"found_seals_swapped", tamper_seals_swapped},
    {"found_rewritten", tamper_rewritten},
    {"found_sealed_with_other_key", tamper_other_key},
};

static void test_tamper(void **state)
{
	const struct tamper *t = *state;
	struct log log;

	log_make(&log);
	assert_true(log_good(&log));
	t->tamper(&log);
	assert_false(log_good(&log));
}

/* Any bit of a seal matters. */
static void test_every_bit_of_a_seal(void **state)
{
	struct log log;
	struct err e;

	(void)state;
	log_make(&log);
	for (size_t bit = 0; bit < sizeof(struct seal) * 8; bit++) {
		struct seal s = log.seals[0];

		((unsigned char *)&s)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(seal_verify(&s, key, &e), -1);
	}
}

/* SHA-256(32 zero octets || "abc"), worked out with sha256sum. */
static void test_known_hash(void **state)
{
	unsigned char out[SEAL_HASH_LEN];
	char hex[65];
	struct err e;

	(void)state;
	assert_done(seal_event_hash(out, seal_origin, "abc", 3, &e), &e);
	hex_encode(hex, out, sizeof(out));
	assert_string_equal(hex, "365aa7d8f7f9402c4b9434502b4cc89ddb09fe50d7cd95b493b834c62d5a5370");
}

static void test_key_file(void **state)
{
	char path[PATH_MAX], *pem;
	EVP_PKEY *again, *public_key;
	struct stat st;
	struct log log;
	struct err e;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/audit.key", fixture.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(seal_key_create(&again, path, &e), -1); /* replaces nothing */
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_done(seal_key_load(&again, path, &e), &e);
	assert_int_equal(EVP_PKEY_eq(again, key), 1);
	assert_done(seal_public_write(&pem, again, &e), &e);
	assert_null(strstr(pem, "PRIVATE"));
	assert_done(seal_public_read(&public_key, pem, &e), &e);
	log_make(&log);
	assert_done(seal_verify(&log.seals[0], public_key, &e), &e);
	assert_int_equal(seal_sign(&log.seals[0], public_key, &e), -1); /* only the private half signs */
	free(pem);
	EVP_PKEY_free(public_key);
	EVP_PKEY_free(again);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(seal_key_load(&again, path, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
}

static void test_key_of_other_kind(void **state)
{
	EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *out;
	char path[PATH_MAX], *pem;
	struct log log;
	struct err e;

	(void)state;
	log_make(&log);
	assert_int_equal(seal_sign(&log.seals[0], ec, &e), -1);
	assert_int_equal(seal_verify(&log.seals[0], ec, &e), -1);
	(void)snprintf(path, sizeof(path), "%s/ec.key", fixture.dir);
	fixture_run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s", path);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(seal_key_load(&out, path, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_done(seal_public_write(&pem, ec, &e), &e);
	assert_int_equal(seal_public_read(&out, pem, &e), -1);
	assert_int_equal(seal_public_read(&out, "no key", &e), -1);
	free(pem);
	EVP_PKEY_free(ec);
}

static void test_events_out_of_order(void **state)
{
	struct log log;
	struct err e;

	(void)state;
	log_make(&log);
	log.seals[0].first = log.seals[0].last + 1;
	assert_int_equal(seal_sign(&log.seals[0], key, &e), -1);
}

static int group_setup(void **state)
{
	char path[PATH_MAX];
	struct err e;

	(void)state;
	fixture_dir_make(&fixture);
	(void)snprintf(path, sizeof(path), "%s/audit.key", fixture.dir);
	assert_done(seal_key_create(&key, path, &e), &e);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	fixture_remove(&fixture);
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[32] = {
	    cmocka_unit_test(test_known_hash),
	    cmocka_unit_test(test_every_bit_of_a_seal),
	    cmocka_unit_test(test_key_file),
	    cmocka_unit_test(test_key_of_other_kind),
	    cmocka_unit_test(test_events_out_of_order),
	};
	size_t n = 5;

	for (size_t i = 0; i < sizeof(tampers) / sizeof(tampers[0]); i++)
		tests[n++] =
		    (struct CMUnitTest){tampers[i].name, test_tamper, NULL, NULL, (void *)&tampers[i]};
	return _cmocka_run_group_tests("seal", tests, n, group_setup, group_teardown);
}
