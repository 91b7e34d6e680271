/* test_ceremony.c - roots and issuing CAs come out as SBR 7.1.2.1 and 7.1.2.2 say, and chains verify. */
#include "tests/unit/fixture_pki.h"

#include <openssl/x509v3.h>

struct pair {
	const char *name;
	enum ca_key root, issuing;
};

static const struct pair pairs[] = {
    {"chain_p256_p256", CA_KEY_P256, CA_KEY_P256},
    {"chain_p384_p384", CA_KEY_P384, CA_KEY_P384},
    {"chain_rsa4096_p256", CA_KEY_RSA4096, CA_KEY_P256},
};

static X509 *certificate_read(const struct fixture *f, const char *folder, const char *name)
{
	char path[PATH_MAX];
	FILE *file;
	X509 *x;

	(void)snprintf(path, sizeof(path), "%s/%s/%s.cer", f->dir, folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	x = d2i_X509_fp(file, NULL);
	(void)fclose(file);
	assert_non_null(x);
	return x;
}

/* criticality of an extension: 0, 1, or -1 when it is not there */
static int critical_of(const X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);

	return at < 0 ? -1 : X509_EXTENSION_get_critical(X509_get_ext(x, at));
}

static void subscriber_verify(struct fixture *f)
{
	const struct product product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);
	struct subscriber s = {
	    .product = &product, .address = "joe@mailcert.example", .not_before = FIXTURE_NOW};
	unsigned char *der, *spki;
	char path[PATH_MAX];
	struct err e;
	size_t len;

	fixture_spki_load("rsa2048", &spki, &s.spki_len);
	s.spki = spki;
	assert_done(certificate_serial(s.serial, &e), &e);
	fixture_certificate_make(f->issuer, &s, &der, &len);
	(void)snprintf(path, sizeof(path), "%s/leaf.cer", f->dir);
	assert_done(file_replace(path, der, len, 0644, &e), &e);
	fixture_run("openssl verify -x509_strict -purpose smimesign -explicit_policy -policy "
		    "2.23.140.1.5.1.3 -attime "
		    "%ld -CAfile %s/root.pem -untrusted %s/issuing.pem %s",
	    (long)FIXTURE_NOW + DAY, f->dir, f->dir, path);
	fixture_run(
	    "openssl verify -x509_strict -purpose smimeencrypt -attime %ld -CAfile %s/root.pem -untrusted "
	    "%s/issuing.pem %s",
	    (long)FIXTURE_NOW + DAY, f->dir, f->dir, path);
	free(der);
	OPENSSL_free(spki);
}

static void test_chain(void **state)
{
	const struct pair *pair = *state;
	struct fixture f;
	struct err e;

	fixture_dir_make(&f);
	fixture_ca_make(&f, pair->root, pair->issuing);
	fixture_run("openssl x509 -inform DER -in %s/ca/root-1.cer -out %s/root.pem", f.dir, f.dir);
	fixture_run(
	    "openssl x509 -inform DER -in %s/public/ca/issuing-1.cer -out %s/issuing.pem", f.dir, f.dir);
	subscriber_verify(&f);
	assert_done(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 300 * DAY, NULL, NULL, &e), &e);
	fixture_run(
	    "openssl crl -inform DER -in %s/public/crl/root-1.crl -out %s/root.crl.pem -CAfile %s/root.pem",
	    f.dir, f.dir, f.dir);
	fixture_run(
	    "openssl verify -x509_strict -crl_check -attime %ld -CAfile %s/root.pem -CRLfile %s/root.crl.pem"
	    " %s/issuing.pem",
	    (long)FIXTURE_NOW + DAY, f.dir, f.dir, f.dir);
	fixture_remove(&f);
}

static void test_root_profile(void **state)
{
	struct fixture f;
	X509 *x;

	(void)state;
	fixture_dir_make(&f);
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	x = certificate_read(&f, "ca", "root-1");
	assert_int_equal(X509_get_ext_count(x), 3);
	assert_int_equal(critical_of(x, NID_basic_constraints), 1);
	assert_int_equal(X509_get_pathlen(x), -1);
	assert_int_equal(critical_of(x, NID_key_usage), 1);
	assert_int_equal(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(critical_of(x, NID_subject_key_identifier), 0);
	assert_int_equal(critical_of(x, NID_ext_key_usage), -1);
	assert_int_equal(critical_of(x, NID_certificate_policies), -1);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(x)), 3);
	X509_free(x);
	fixture_remove(&f);
}

static void test_issuing_profile(void **state)
{
	struct fixture f;
	X509 *x;

	(void)state;
	fixture_dir_make(&f);
	f.place.cps_url = "https://mailcert.example/cps";
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	x = certificate_read(&f, "public/ca", "issuing-1");
	assert_int_equal(X509_get_ext_count(x), 8);
	assert_int_equal(critical_of(x, NID_basic_constraints), 1);
	assert_int_equal(X509_get_pathlen(x), 0);
	assert_int_equal(critical_of(x, NID_key_usage), 1);
	assert_int_equal(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(critical_of(x, NID_ext_key_usage), 0);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SMIME | XKU_SSL_CLIENT);
	assert_int_equal(critical_of(x, NID_certificate_policies), 0);
	assert_int_equal(critical_of(x, NID_subject_key_identifier), 0);
	assert_int_equal(critical_of(x, NID_authority_key_identifier), 0);
	assert_null(X509_get0_authority_issuer(x));
	assert_int_equal(critical_of(x, NID_crl_distribution_points), 0);
	assert_int_equal(critical_of(x, NID_info_access), 0);
	assert_string_equal(f.issuer->crl_url, FIXTURE_URL "/crl/issuing-1.crl");
	assert_string_equal(f.issuer->ca_url, FIXTURE_URL "/ca/issuing-1.cer");
	assert_string_equal(f.issuer->cps_url, "https://mailcert.example/cps");
	X509_free(x);
	fixture_remove(&f);
}

static void test_key_file_mode(void **state)
{
	char path[PATH_MAX];
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_dir_make(&f);
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	(void)snprintf(path, sizeof(path), "%s/root-1.key", f.ca);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fixture_remove(&f);
}

static void test_name_in_use(void **state)
{
	struct ceremony_plan root = fixture_root_plan(CA_KEY_P256);
	unsigned char before[32];
	struct fixture f;
	struct issuer *s;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	assert_done(fixture_issuer_open(&f, "root-1", &s, &e), &e);
	memcpy(before, s->sha256, sizeof(before));
	issuer_close(s);
	assert_int_equal(ceremony_root(&f.place, &root, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_done(fixture_issuer_open(&f, "root-1", &s, &e), &e);
	assert_memory_equal(before, s->sha256, sizeof(before));
	issuer_close(s);
	fixture_remove(&f);
}

struct bad_plan {
	const char *name;
	void (*spoil)(struct ceremony_plan *);
};

static void spoil_name(struct ceremony_plan *p)
{
	p->name = "../root";
}

static void spoil_country(struct ceremony_plan *p)
{
	p->country = "Germany";
}

static void spoil_organization(struct ceremony_plan *p)
{
	p->organization = "";
}

static void spoil_common_name(struct ceremony_plan *p)
{
	p->common_name = "\xff\xfe";
}

static void spoil_validity(struct ceremony_plan *p)
{
	p->validity = 30L * 365 * DAY;
}

static const struct bad_plan bad_plans[] = {
    {"refused_name_with_path", spoil_name},
    {"refused_country", spoil_country},
    {"refused_organization_empty", spoil_organization},
    {"refused_common_name_not_utf8", spoil_common_name},
    {"refused_validity_over_25_years", spoil_validity},
};

static void test_bad_plan(void **state)
{
	const struct bad_plan *bad = *state;
	struct ceremony_plan plan = fixture_root_plan(CA_KEY_P256);
	struct fixture f;
	struct err e;

	fixture_dir_make(&f);
	bad->spoil(&plan);
	assert_int_equal(ceremony_root(&f.place, &plan, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(rmdir(f.ca), 0); /* still empty: nothing was left */
	fixture_remove(&f);
}

/* An issuing CA that would outlive its root is refused after its key was made: the key must be gone again. */
static void test_outlives_root(void **state)
{
	struct ceremony_plan root = fixture_root_plan(CA_KEY_P256),
			     issuing = fixture_issuing_plan(CA_KEY_P256);
	char path[PATH_MAX];
	struct fixture f;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	issuing.validity = root.validity + 1;
	assert_done(ceremony_root(&f.place, &root, &e), &e);
	assert_int_equal(ceremony_issuing(&f.place, &issuing, "root-1", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	(void)snprintf(path, sizeof(path), "%s/issuing-1.key", f.ca);
	assert_int_equal(access(path, F_OK), -1);
	fixture_remove(&f);
}

static void test_crl_over_12_months(void **state)
{
	struct ceremony_plan root = fixture_root_plan(CA_KEY_P256);
	struct fixture f;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	assert_done(ceremony_root(&f.place, &root, &e), &e);
	assert_int_equal(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 365 * DAY + 1, NULL, NULL, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
	assert_done(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 365 * DAY, NULL, NULL, &e), &e);
	fixture_remove(&f);
}

int main(void)
{
	struct CMUnitTest tests[32] = {
	    cmocka_unit_test(test_root_profile),
	    cmocka_unit_test(test_issuing_profile),
	    cmocka_unit_test(test_key_file_mode),
	    cmocka_unit_test(test_name_in_use),
	    cmocka_unit_test(test_outlives_root),
	    cmocka_unit_test(test_crl_over_12_months),
	};
	size_t n = 6;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		tests[n++] = (struct CMUnitTest){pairs[i].name, test_chain, NULL, NULL, (void *)&pairs[i]};
	for (size_t i = 0; i < sizeof(bad_plans) / sizeof(bad_plans[0]); i++)
		tests[n++] =
		    (struct CMUnitTest){bad_plans[i].name, test_bad_plan, NULL, NULL, (void *)&bad_plans[i]};
	return _cmocka_run_group_tests("ceremony", tests, n, NULL, NULL);
}
