/* test_crl.c - CRLs: form, refusals, what OpenSSL reads in them, where they are published, and a million
 * entries within memory. */
#include "tests/unit/fixture_pki.h"

#include <sys/resource.h>
#include <openssl/x509v3.h>

#include "lib/pki/crl.h"
#include "lib/pki/der.h"

static struct fixture fixture;

/* Entries from an array. */
struct list {
	const struct crl_entry *entries;
	size_t count, at;
};

static int list_next(void *arg, struct crl_entry *out, struct err *e)
{
	struct list *list = arg;

	(void)e;
	if (list->at == list->count)
		return 0;
	*out = list->entries[list->at++];
	return 1;
}

static struct crl_plan plan_make(struct list *list)
{
	return (struct crl_plan){
	    .issuer = fixture.issuer,
	    .number = 7,
	    .this_update = FIXTURE_NOW,
	    .next_update = FIXTURE_NOW + 6 * DAY,
	    .next = list == NULL ? NULL : list_next,
	    .arg = list,
	};
}

static X509_CRL *crl_read(const struct crl *c)
{
	const unsigned char *p = c->der;
	X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)c->der_len);
	size_t where;

	assert_non_null(x);
	assert_ptr_equal(p, c->der + c->der_len);
	assert_int_equal(der_check(c->der, c->der_len, &where), DER_GOOD);
	assert_int_equal(X509_CRL_verify(x, X509_get0_pubkey(fixture.issuer->certificate)), 1);
	return x;
}

static void test_empty(void **state)
{
	struct crl_plan plan = plan_make(NULL);
	AUTHORITY_KEYID *aki;
	ASN1_INTEGER *number;
	struct crl crl;
	struct err e;
	X509_CRL *x;
	int critical;

	(void)state;
	assert_done(crl_build(&crl, &plan, &e), &e);
	x = crl_read(&crl);
	assert_null(X509_CRL_get_REVOKED(x)); /* RFC 5280 5.1.2.6: absent, not empty */
	assert_int_equal(X509_CRL_get_version(x), X509_CRL_VERSION_2);
	assert_int_equal(
	    X509_NAME_cmp(X509_CRL_get_issuer(x), X509_get_subject_name(fixture.issuer->certificate)), 0);
	assert_int_equal(X509_CRL_get_ext_count(x), 2);
	number = X509_CRL_get_ext_d2i(x, NID_crl_number, &critical, NULL);
	assert_non_null(number);
	assert_int_equal(critical, 0);
	assert_int_equal(ASN1_INTEGER_get(number), 7);
	aki = X509_CRL_get_ext_d2i(x, NID_authority_key_identifier, &critical, NULL);
	assert_non_null(aki);
	assert_int_equal(critical, 0);
	assert_null(aki->issuer);
	assert_null(aki->serial);
	assert_int_equal(ASN1_OCTET_STRING_cmp(aki->keyid, fixture.issuer->key_id), 0);
	AUTHORITY_KEYID_free(aki);
	ASN1_INTEGER_free(number);
	X509_CRL_free(x);
	crl_free(&crl);
}

static const struct crl_entry entries[] = {
    {{0x4d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 16, FIXTURE_NOW - DAY, REASON_UNSPECIFIED},
    {{0x7f, 0xff}, 2, FIXTURE_NOW - 2, REASON_KEY_COMPROMISE},
    {{0x80}, 1, FIXTURE_NOW - 3, REASON_AFFILIATION_CHANGED},
    {{0, 0, 0x90, 1}, 4, FIXTURE_NOW - 4, REASON_SUPERSEDED},
    {{0x11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, 20, 0,
	REASON_CESSATION_OF_OPERATION},
    {{1}, 1, FIXTURE_NOW, REASON_PRIVILEGE_WITHDRAWN},
    {{2}, 1, 2524608000, REASON_CA_COMPROMISE}, /* 2050: GeneralizedTime */
};
#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static void entry_compare(const X509_REVOKED *got, const struct crl_entry *want)
{
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(got);
	const unsigned char *p = want->serial;
	size_t len = want->serial_len;
	ASN1_ENUMERATED *reason;
	time_t t = want->revoked_at;
	int critical;

	for (; len > 1 && *p == 0; len--)
		p++;
	assert_int_equal(ASN1_STRING_length(serial), len);
	assert_memory_equal(ASN1_STRING_get0_data(serial), p, len);
	assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* positive */
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_REVOKED_get0_revocationDate(got), t), 0);
	assert_int_equal(ASN1_STRING_type(X509_REVOKED_get0_revocationDate(got)),
	    t < 2524608000 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
	reason = X509_REVOKED_get_ext_d2i(got, NID_crl_reason, &critical, NULL);
	assert_int_equal(X509_REVOKED_get_ext_count(got), want->reason == REASON_UNSPECIFIED ? 0 : 1);
	if (want->reason != REASON_UNSPECIFIED) {
		assert_int_equal(critical, 0);
		assert_int_equal(ASN1_ENUMERATED_get(reason), want->reason);
	}
	ASN1_ENUMERATED_free(reason);
}

static void test_entries(void **state)
{
	struct list list = {entries, ENTRY_COUNT, 0};
	struct crl_plan plan = plan_make(&list);
	STACK_OF(X509_REVOKED) * revoked;
	struct crl crl;
	struct err e;
	X509_CRL *x;

	(void)state;
	assert_done(crl_build(&crl, &plan, &e), &e);
	assert_int_equal(crl.entries, ENTRY_COUNT);
	x = crl_read(&crl);
	revoked = X509_CRL_get_REVOKED(x);
	assert_int_equal(sk_X509_REVOKED_num(revoked), ENTRY_COUNT);
	for (size_t i = 0; i < ENTRY_COUNT; i++)
		entry_compare(sk_X509_REVOKED_value(revoked, (int)i), &entries[i]);
	X509_CRL_free(x);
	crl_free(&crl);
}

/* --- refusals
 * ------------------------------------------------------------------------------------------------- */

struct refusal {
	const char *name;
	struct crl_entry entry;
};

static const struct refusal refusals[] = {
    {"section 9.19: certificateHold is refused", {{1}, 1, FIXTURE_NOW, (enum crl_reason)6}},
    {"refused_reason_7", {{1}, 1, FIXTURE_NOW, (enum crl_reason)7}},
    {"refused_remove_from_crl", {{1}, 1, FIXTURE_NOW, (enum crl_reason)8}},
    {"refused_aa_compromise", {{1}, 1, FIXTURE_NOW, (enum crl_reason)10}},
    {"refused_reason_negative", {{1}, 1, FIXTURE_NOW, (enum crl_reason) - 1}},
    {"refused_serial_zero", {{0, 0}, 2, FIXTURE_NOW, REASON_UNSPECIFIED}},
    {"refused_serial_empty", {{0}, 0, FIXTURE_NOW, REASON_UNSPECIFIED}},
    {"refused_serial_too_long", {{1}, 21, FIXTURE_NOW, REASON_UNSPECIFIED}},
    {"refused_time_negative", {{1}, 1, -1, REASON_UNSPECIFIED}},
    {"refused_time_past_9999", {{1}, 1, 253402300800, REASON_UNSPECIFIED}},
};

static void test_refused_entry(void **state)
{
	const struct refusal *r = *state;
	struct list list = {&r->entry, 1, 0};
	struct crl_plan plan = plan_make(&list);
	struct crl crl;
	struct err e;

	assert_int_equal(crl_build(&crl, &plan, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
	assert_null(crl.room);
}

static void plan_refused(const struct crl_plan *plan)
{
	struct crl crl;
	struct err e;

	assert_int_equal(crl_build(&crl, plan, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
}

static void test_refused_number_zero(void **state)
{
	struct crl_plan plan = plan_make(NULL);

	(void)state;
	plan.number = 0;
	plan_refused(&plan);
}

static void test_refused_next_update(void **state)
{
	struct crl_plan plan = plan_make(NULL);
	struct crl crl;
	struct err e;

	(void)state;
	plan.next_update = plan.this_update + CRL_SUBSCRIBER_MOST;
	assert_done(crl_build(&crl, &plan, &e), &e);
	crl_free(&crl);
	plan.next_update++;
	plan_refused(&plan);
	plan.next_update = plan.this_update;
	plan_refused(&plan);
}

static int next_fails(void *arg, struct crl_entry *out, struct err *e)
{
	int *calls = arg;

	*out = entries[0];
	return ++*calls < 3 ? 1 : err_set(e, FAULT_busy, "the database went away");
}

/* Half a list is no list: a cursor that breaks must not end as a CRL that forgives. */
static void test_cursor_breaks(void **state)
{
	struct crl_plan plan = plan_make(NULL);
	struct crl crl;
	int calls = 0;
	struct err e;

	(void)state;
	plan.next = next_fails;
	plan.arg = &calls;
	assert_int_equal(crl_build(&crl, &plan, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_null(crl.room);
}

static void test_number_large(void **state)
{
	struct crl_plan plan = plan_make(NULL);
	ASN1_INTEGER *number;
	uint64_t value;
	struct crl crl;
	struct err e;
	X509_CRL *x;

	(void)state;
	plan.number = UINT64_MAX;
	assert_done(crl_build(&crl, &plan, &e), &e);
	x = crl_read(&crl);
	number = X509_CRL_get_ext_d2i(x, NID_crl_number, NULL, NULL);
	assert_int_equal(ASN1_INTEGER_get_uint64(&value, number), 1);
	assert_true(value == UINT64_MAX);
	ASN1_INTEGER_free(number);
	X509_CRL_free(x);
	crl_free(&crl);
}

/* --- in use
 * --------------------------------------------------------------------------------------------------- */

static void leaf_make(const char *file, unsigned char first)
{
	const struct product product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);
	struct subscriber s = {
	    .product = &product, .address = "joe@mailcert.example", .not_before = FIXTURE_NOW - BACKDATE};
	unsigned char *der, *spki;
	char path[PATH_MAX];
	struct err e;
	size_t len;

	fixture_spki_load("p256", &spki, &s.spki_len);
	s.spki = spki;
	memset(s.serial, first, sizeof(s.serial));
	fixture_certificate_make(fixture.issuer, &s, &der, &len);
	(void)snprintf(path, sizeof(path), "%s/%s", fixture.dir, file);
	assert_done(file_replace(path, der, len, 0644, &e), &e);
	free(der);
	OPENSSL_free(spki);
}

static void test_verify_finds_revoked(void **state)
{
	struct crl_entry revoked = {{0}, 16, FIXTURE_NOW, REASON_KEY_COMPROMISE};
	struct list list = {&revoked, 1, 0};
	struct crl_plan plan = plan_make(&list);
	const char *d = fixture.dir;
	char verify[1024];
	struct crl crl;
	struct err e;

	(void)state;
	memset(revoked.serial, 0x22, 16);
	assert_done(crl_build(&crl, &plan, &e), &e);
	assert_done(crl_publish(&crl, fixture.issuer, fixture.public_dir, &e), &e);
	crl_free(&crl);
	leaf_make("good.cer", 0x11);
	leaf_make("bad.cer", 0x22);
	fixture_run("openssl x509 -inform DER -in %s/ca/root-1.cer -out %s/root.pem", d, d);
	fixture_run("openssl x509 -inform DER -in %s/ca/issuing-1.cer -out %s/issuing.pem", d, d);
	fixture_run("openssl crl -inform DER -in %s/public/crl/issuing-1.crl -out %s/crl.pem", d, d);
	(void)snprintf(verify, sizeof(verify),
	    "openssl verify -x509_strict -crl_check -attime %ld -CAfile %s/root.pem -untrusted %s/issuing.pem"
	    " -CRLfile %s/crl.pem",
	    (long)FIXTURE_NOW + DAY, d, d, d);
	fixture_run("%s %s/good.cer", verify, d);
	fixture_run("%s %s/bad.cer 2>&1 | grep 'certificate revoked'", verify, d);
}

static void this_update_publish(uint64_t number, time_t at)
{
	struct crl_plan plan = plan_make(NULL);
	struct crl crl;
	struct err e;

	plan.number = number;
	plan.this_update = at;
	assert_done(crl_build(&crl, &plan, &e), &e);
	assert_done(crl_publish(&crl, fixture.issuer, fixture.public_dir, &e), &e);
	crl_free(&crl);
}

/* A minute early, never before the issuer, and never back behind the CRL that stands. */
static void test_this_update(void **state)
{
	const struct issuer *issuer = fixture.issuer;
	const char *dir = fixture.public_dir;
	char path[PATH_MAX];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/crl/issuing-1.crl", dir);
	(void)unlink(path);
	assert_int_equal(crl_this_update(issuer, dir, FIXTURE_NOW), FIXTURE_NOW - BACKDATE);
	assert_int_equal(crl_this_update(issuer, dir, issuer->not_before), issuer->not_before);
	this_update_publish(1, FIXTURE_NOW); /* as they were made before */
	assert_int_equal(crl_this_update(issuer, dir, FIXTURE_NOW + 1), FIXTURE_NOW);
	assert_int_equal(crl_this_update(issuer, dir, FIXTURE_NOW + BACKDATE + 1), FIXTURE_NOW + 1);
	assert_int_equal(crl_this_update(issuer, dir, FIXTURE_NOW - 1), FIXTURE_NOW - 1 - BACKDATE);
	(void)unlink(path);
}

/* Whoever is some seconds behind can use what was made just now. */
static void test_clock_behind(void **state)
{
	const char *d = fixture.dir;

	(void)state;
	this_update_publish(2, crl_this_update(fixture.issuer, fixture.public_dir, FIXTURE_NOW));
	leaf_make("now.cer", 0x33);
	fixture_run("openssl x509 -inform DER -in %s/ca/root-1.cer -out %s/root.pem", d, d);
	fixture_run("openssl x509 -inform DER -in %s/ca/issuing-1.cer -out %s/issuing.pem", d, d);
	fixture_run("openssl crl -inform DER -in %s/public/crl/issuing-1.crl -out %s/crl.pem", d, d);
	fixture_run("openssl verify -x509_strict -crl_check -attime %ld -CAfile %s/root.pem -untrusted "
		    "%s/issuing.pem -CRLfile %s/crl.pem %s/now.cer",
	    (long)FIXTURE_NOW - 10, d, d, d, d);
}

static void test_publish_replaces(void **state)
{
	struct crl_plan plan = plan_make(NULL);
	char path[PATH_MAX], *text;
	struct crl crl;
	struct stat st;
	struct err e;
	size_t len;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/crl/issuing-1.crl", fixture.public_dir);
	for (plan.number = 8; plan.number < 10; plan.number++) {
		assert_done(crl_build(&crl, &plan, &e), &e);
		assert_done(crl_publish(&crl, fixture.issuer, fixture.public_dir, &e), &e);
		assert_done(file_read(path, 65536, &text, &len, &e), &e);
		assert_int_equal(len, crl.der_len);
		assert_memory_equal(text, crl.der, len);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0644);
		free(text);
		crl_free(&crl);
	}
}

static void publish_number(uint64_t number, int expected)
{
	struct crl_plan plan = plan_make(NULL);
	struct crl crl;
	struct err e;

	plan.number = number;
	assert_done(crl_build(&crl, &plan, &e), &e);
	assert_int_equal(crl_publish(&crl, fixture.issuer, fixture.public_dir, &e), expected);
	if (expected == -1)
		assert_int_equal(e.fault, FAULT_busy);
	crl_free(&crl);
}

/* Two signers that publish at once: whoever comes last with the lower number leaves the higher one. */
static void test_publish_never_goes_back(void **state)
{
	(void)state;
	publish_number(100, 0);
	publish_number(99, -1);
	assert_int_equal(crl_standing(fixture.issuer, fixture.public_dir), 100);
	publish_number(100, 0);
	publish_number(101, 0);
	assert_int_equal(crl_standing(fixture.issuer, fixture.public_dir), 101);
	publish_number(UINT64_MAX, 0);
	assert_true(crl_standing(fixture.issuer, fixture.public_dir) == UINT64_MAX);
	publish_number(102, -1);
}

/* With and without entries, empty, cut at every length, and none at all. */
static void test_standing(void **state)
{
	static const struct crl_entry entry = {{1, 2}, 2, FIXTURE_NOW, REASON_SUPERSEDED};
	struct list list = {&entry, 1, 0};
	struct crl_plan plan = plan_make(&list);
	char path[PATH_MAX];
	struct crl crl;
	struct err e;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/crl/issuing-1.crl", fixture.public_dir);
	(void)unlink(path);
	assert_int_equal(crl_standing(fixture.issuer, fixture.public_dir), 0);
	assert_int_equal(crl_standing(fixture.issuer, "/nowhere"), 0);
	plan.number = 258;
	assert_done(crl_build(&crl, &plan, &e), &e);
	for (size_t len = 0; len < crl.der_len; len++) {
		assert_done(file_replace(path, crl.der, len, 0644, &e), &e);
		assert_int_equal(crl_standing(fixture.issuer, fixture.public_dir), 0);
	}
	assert_done(crl_publish(&crl, fixture.issuer, fixture.public_dir, &e), &e);
	assert_int_equal(crl_standing(fixture.issuer, fixture.public_dir), 258);
	crl_free(&crl);
}

static void test_publish_takes_leftovers_away(void **state)
{
	char left[PATH_MAX], other[PATH_MAX];
	struct err e;

	(void)state;
	(void)snprintf(left, sizeof(left), "%s/crl/issuing-1.crl", fixture.public_dir);
	(void)unlink(left);
	(void)snprintf(left, sizeof(left), "%s/crl/issuing-1.crl.a1B2c3", fixture.public_dir);
	(void)snprintf(other, sizeof(other), "%s/crl/issuing-10.crl", fixture.public_dir);
	assert_done(file_replace(left, "half", 4, 0644, &e), &e);
	assert_done(file_replace(other, "whole", 5, 0644, &e), &e);
	publish_number(1, 0);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(other, F_OK), 0);
}

static int million_next(void *arg, struct crl_entry *out, struct err *e)
{
	unsigned long *n = arg;

	(void)e;
	if (*n == 1000000)
		return 0;
	memset(out->serial, 0x55, 16);
	memcpy(out->serial + 1, n, sizeof(*n));
	out->serial_len = 16;
	out->revoked_at = FIXTURE_NOW - (time_t)*n;
	out->reason = REASON_SUPERSEDED;
	++*n;
	return 1;
}

/* Under 300 MB; how long it takes stands in tests/bench/crl.mjs. The sanitizer's own memory is not ours. */
static void test_million_entries(void **state)
{
	struct crl_plan plan = plan_make(NULL);
	struct rusage usage;
	unsigned long n = 0;
	struct crl crl;
	struct err e;

	(void)state;
	plan.next = million_next;
	plan.arg = &n;
	assert_done(crl_build(&crl, &plan, &e), &e);
	(void)getrusage(RUSAGE_SELF, &usage);
	print_message("1,000,000 entries: %zu octets, %ld MB at most\n", crl.der_len, usage.ru_maxrss / 1024);
	assert_int_equal(crl.entries, 1000000);
#if !defined(__SANITIZE_ADDRESS__)
	assert_true(usage.ru_maxrss / 1024 < 300);
#endif
	crl_free(&crl);
}

static int group_setup(void **state)
{
	(void)state;
	fixture_dir_make(&fixture);
	fixture_ca_make(&fixture, CA_KEY_P256, CA_KEY_P256);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	fixture_remove(&fixture);
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[32] = {
	    cmocka_unit_test(test_million_entries),
	    cmocka_unit_test(test_empty),
	    {"section 9.19: reasonCode 0 is left out, others are encoded", test_entries, NULL, NULL, NULL},
	    cmocka_unit_test(test_refused_number_zero),
	    {"section 9.20: nextUpdate over ten days is refused", test_refused_next_update, NULL, NULL, NULL},
	    cmocka_unit_test(test_cursor_breaks),
	    cmocka_unit_test(test_number_large),
	    cmocka_unit_test(test_verify_finds_revoked),
	    cmocka_unit_test(test_this_update),
	    cmocka_unit_test(test_clock_behind),
	    cmocka_unit_test(test_publish_replaces),
	    {"section 9.20: a CRL never takes the place of one with a higher number",
		test_publish_never_goes_back, NULL, NULL, NULL},
	    cmocka_unit_test(test_standing),
	    cmocka_unit_test(test_publish_takes_leftovers_away),
	};
	size_t n = 14;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		tests[n++] = (struct CMUnitTest){
		    refusals[i].name, test_refused_entry, NULL, NULL, (void *)&refusals[i]};
	return _cmocka_run_group_tests("crl", tests, n, group_setup, group_teardown);
}
