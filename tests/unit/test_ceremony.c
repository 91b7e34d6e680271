/* test_ceremony.c - roots and issuing CAs come out as SBR 7.1.2.1 and 7.1.2.2 say, and chains verify. */
#include "tests/unit/fixture_pki.h"

#include <openssl/x509v3.h>

#include "lib/pki/csr.h"

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
	assert_done(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 300 * DAY, &e), &e);
	fixture_run(
	    "openssl crl -inform DER -in %s/public/crl/root-1.crl -out %s/root.crl.pem -CAfile %s/root.pem",
	    f.dir, f.dir, f.dir);
	fixture_run(
	    "openssl verify -x509_strict -crl_check -attime %ld -CAfile %s/root.pem -CRLfile %s/root.crl.pem"
	    " %s/issuing.pem",
	    (long)FIXTURE_NOW + DAY, f.dir, f.dir, f.dir);
	fixture_run("openssl verify -x509_strict -crl_check -attime %ld -CAfile %s/root.pem -CRLfile "
		    "%s/root.crl.pem %s/issuing.pem",
	    (long)FIXTURE_NOW - 10, f.dir, f.dir, f.dir); /* by a clock that is behind */
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
	assert_int_equal(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 365 * DAY + 1, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
	assert_done(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 365 * DAY, &e), &e);
	fixture_remove(&f);
}

/* --- a CA that is revoked --- */

static X509_CRL *root_crl_read(const struct fixture *f)
{
	char path[PATH_MAX];
	X509_CRL *crl;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/crl/root-1.crl", f->public_dir);
	file = fopen(path, "rb");
	assert_non_null(file);
	crl = d2i_X509_CRL_fp(file, NULL);
	(void)fclose(file);
	assert_non_null(crl);
	return crl;
}

static uint64_t crl_number_of(const X509_CRL *crl)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	uint64_t value;

	assert_non_null(number);
	assert_int_equal(ASN1_INTEGER_get_uint64(&value, number), 1);
	ASN1_INTEGER_free(number);
	return value;
}

/* The root's CRL, made now, lists the issuing CA and nothing else, with this time and reason; its number. */
static uint64_t crl_lists(struct fixture *f, time_t revoked_at, enum crl_reason reason)
{
	ASN1_ENUMERATED *said;
	X509_REVOKED *entry;
	X509_CRL *crl;
	uint64_t number;
	struct err e;

	assert_done(ceremony_crl(&f->place, "root-1", FIXTURE_NOW, 300 * DAY, &e), &e);
	crl = root_crl_read(f);
	number = crl_number_of(crl);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 1);
	assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, f->issuer->certificate), 1);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_REVOKED_get0_revocationDate(entry), revoked_at), 0);
	said = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	assert_non_null(said); /* SBR 7.2.2: it must be there */
	assert_int_equal(ASN1_ENUMERATED_get(said), reason);
	ASN1_ENUMERATED_free(said);
	X509_CRL_free(crl);
	return number;
}

static void test_revoke(void **state)
{
	struct crl_entry entry = {.revoked_at = FIXTURE_NOW - 100, .reason = REASON_CA_COMPROMISE};
	struct fixture f;
	uint64_t number;
	bool known, listed;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	assert_done(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 300 * DAY, &e), &e);
	assert_done(crl_lists_issuer(&listed, f.issuer, "root-1", f.public_dir, &e), &e);
	assert_false(listed);
	assert_done(ceremony_revoke(&f.place, "root-1", "issuing-1", &entry, &known, &e), &e);
	assert_false(known);
	assert_int_equal(entry.serial_len, SERIAL_LEN);
	number = crl_lists(&f, FIXTURE_NOW - 100, REASON_CA_COMPROMISE);
	assert_int_equal(number, FIXTURE_NOW + 1); /* two CRLs of one second have two numbers */
	assert_int_equal(crl_lists(&f, FIXTURE_NOW - 100, REASON_CA_COMPROMISE), number + 1);
	assert_done(crl_lists_issuer(&listed, f.issuer, "root-1", f.public_dir, &e), &e);
	assert_true(listed);
	assert_done(crl_lists_issuer(&listed, f.issuer, "root-2", f.public_dir, &e), &e);
	assert_false(listed);

	/* Again: the first reason stays, and the earliest time. */
	entry = (struct crl_entry){.revoked_at = FIXTURE_NOW, .reason = REASON_SUPERSEDED};
	assert_done(ceremony_revoke(&f.place, "root-1", "issuing-1", &entry, &known, &e), &e);
	assert_true(known);
	assert_int_equal(entry.revoked_at, FIXTURE_NOW - 100);
	assert_int_equal(entry.reason, REASON_CA_COMPROMISE);
	entry.revoked_at = FIXTURE_NOW - 200;
	assert_done(ceremony_revoke(&f.place, "root-1", "issuing-1", &entry, &known, &e), &e);
	(void)crl_lists(&f, FIXTURE_NOW - 200, REASON_CA_COMPROMISE);
	fixture_remove(&f);
}

static void revoke_refused(
    struct fixture *f, const char *name, time_t at, enum crl_reason reason, enum fault fault)
{
	struct crl_entry entry = {.revoked_at = at, .reason = reason};
	char path[PATH_MAX];
	struct err e;
	bool known;

	assert_int_equal(ceremony_revoke(&f->place, "root-1", name, &entry, &known, &e), -1);
	assert_int_equal(e.fault, fault);
	(void)snprintf(path, sizeof(path), "%s/root-1.revoked", f->ca);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_revoke_refuses(void **state)
{
	struct fixture f, other;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	fixture_dir_make(&other);
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	fixture_ca_make(&other, CA_KEY_P256, CA_KEY_P256);
	revoke_refused(&f, "issuing-1", FIXTURE_NOW, REASON_UNSPECIFIED, FAULT_internal);
	revoke_refused(
	    &f, "issuing-1", FIXTURE_NOW, (enum crl_reason)6, FAULT_internal); /* certificateHold */
	revoke_refused(&f, "root-1", FIXTURE_NOW, REASON_SUPERSEDED, FAULT_config_invalid);
	revoke_refused(&f, "issuing-1", FIXTURE_NOW - 31 * DAY, REASON_SUPERSEDED, FAULT_config_invalid);
	fixture_run("cp %s/issuing-1.cer %s/foreign-1.cer", other.ca, f.ca); /* by a root of the same name */
	revoke_refused(&f, "foreign-1", FIXTURE_NOW, REASON_SUPERSEDED, FAULT_config_invalid);
	assert_int_equal(ceremony_revoke(&f.place, "root-1", "../x",
			     &(struct crl_entry){.reason = REASON_SUPERSEDED}, &(bool){false}, &e),
	    -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	fixture_remove(&f);
	fixture_remove(&other);
}

/* A CRL that leaves out what is not understood, or was lost, would forgive. */
static void test_revoked_file(void **state)
{
	static const char *const bad[] = {"half a line\n", "0g 2026-11-22T14:03:00Z superseded\n",
	    "0102 2026-11-22T14:03:00Z certificateHold\n", "0102 2026-11-22 superseded\n",
	    "0102 2026-11-22T14:03:00Z superseded more\n", "012 2026-11-22T14:03:00Z superseded\n"};
	struct crl_entry entry = {.revoked_at = FIXTURE_NOW, .reason = REASON_SUPERSEDED};
	char path[PATH_MAX], *text;
	struct fixture f;
	struct err e;
	bool known;
	size_t len;

	(void)state;
	fixture_dir_make(&f);
	fixture_ca_make(&f, CA_KEY_P256, CA_KEY_P256);
	assert_done(ceremony_revoke(&f.place, "root-1", "issuing-1", &entry, &known, &e), &e);
	(void)crl_lists(&f, FIXTURE_NOW, REASON_SUPERSEDED);
	(void)snprintf(path, sizeof(path), "%s/root-1.revoked", f.ca);
	assert_done(file_read(path, 1000, &text, &len, &e), &e);
	assert_int_equal(len, 2 * SERIAL_LEN + strlen(" 2026-11-22T14:03:00Z superseded\n"));
	assert_string_equal(text + 2 * SERIAL_LEN, " 2026-11-22T14:03:00Z superseded\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_done(file_replace(path, bad[i], strlen(bad[i]), 0644, &e), &e);
		assert_int_equal(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 300 * DAY, &e), -1);
		assert_int_equal(e.fault, FAULT_config_invalid);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ceremony_crl(&f.place, "root-1", FIXTURE_NOW, 300 * DAY, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_done(file_replace(path, text, len, 0644, &e), &e);
	(void)crl_lists(&f, FIXTURE_NOW, REASON_SUPERSEDED);
	free(text);
	fixture_remove(&f);
}

/* --- the root elsewhere --- */

/* Two places: `there` has the root, `here` the issuing CA's key. */
struct distance {
	struct fixture there, here;
	char *request;
	struct arrivals arrivals;
};

static void arrival_load(struct arrival *a, const struct fixture *f, const char *path)
{
	char whole[PATH_MAX];
	struct err e;

	(void)snprintf(whole, sizeof(whole), "%s/%s", f->dir, path);
	free(a->der);
	assert_done(file_read(whole, 1 << 20, (char **)&a->der, &a->len, &e), &e);
}

/* The issuing CA's key as a request proves it. */
static struct csr *request_read(const char *pem)
{
	struct csr *csr;
	struct err e;

	assert_done(csr_read(&csr, pem, strlen(pem), NULL, &e), &e);
	assert_done(csr_check(csr, NULL, NULL, &e), &e);
	return csr;
}

static void distance_make(struct distance *d, enum ca_key root_key, enum ca_key issuing_key)
{
	struct ceremony_plan root = fixture_root_plan(root_key), issuing = fixture_issuing_plan(issuing_key);
	struct csr *csr;
	struct err e;

	memset(d, 0, sizeof(*d));
	fixture_dir_make(&d->there);
	fixture_dir_make(&d->here);
	assert_done(ceremony_root(&d->there.place, &root, &e), &e);
	assert_done(ceremony_crl(&d->there.place, "root-1", FIXTURE_NOW, 365 * DAY, &e), &e);
	assert_done(ceremony_request(&d->here.place, "issuing-1", issuing_key, &d->request, &e), &e);
	csr = request_read(d->request);
	assert_done(ceremony_sign(&d->there.place, &issuing, "root-1", csr->key, &e), &e);
	csr_free(csr);
	arrival_load(&d->arrivals.root, &d->there, "ca/root-1.cer");
	arrival_load(&d->arrivals.root_crl, &d->there, "public/crl/root-1.crl");
	arrival_load(&d->arrivals.issuing, &d->there, "ca/issuing-1.cer");
}

static void distance_remove(struct distance *d)
{
	free(d->request);
	free(d->arrivals.root.der);
	free(d->arrivals.root_crl.der);
	free(d->arrivals.issuing.der);
	fixture_remove(&d->there);
	fixture_remove(&d->here);
}

static bool is_there(const struct fixture *f, const char *path)
{
	char whole[PATH_MAX];

	(void)snprintf(whole, sizeof(whole), "%s/%s", f->dir, path);
	return access(whole, F_OK) == 0;
}

static void test_away_chain(void **state)
{
	const struct pair *pair = *state;
	struct fixture *f;
	struct distance d;
	struct err e;

	distance_make(&d, pair->root, pair->issuing);
	f = &d.here;
	assert_false(is_there(&d.there, "ca/issuing-1.key"));
	assert_false(is_there(f, "ca/root-1.key"));
	assert_done(ceremony_take(&f->place, &d.arrivals, "root-1", "issuing-1", FIXTURE_NOW, &e), &e);
	assert_done(fixture_issuer_open(f, "issuing-1", &f->issuer, &e), &e);
	assert_string_equal(f->issuer->crl_url, FIXTURE_URL "/crl/issuing-1.crl");
	fixture_run("openssl x509 -inform DER -in %s/public/ca/root-1.cer -out %s/root.pem", f->dir, f->dir);
	fixture_run(
	    "openssl x509 -inform DER -in %s/public/ca/issuing-1.cer -out %s/issuing.pem", f->dir, f->dir);
	subscriber_verify(f);
	assert_true(is_there(f, "public/crl/root-1.crl"));
	assert_done(ceremony_take(&f->place, &d.arrivals, "root-1", "issuing-1", FIXTURE_NOW, &e),
	    &e); /* again is fine */
	distance_remove(&d);
}

static void test_away_request(void **state)
{
	char path[PATH_MAX];
	struct distance d;
	struct err e;
	char *again;

	(void)state;
	distance_make(&d, CA_KEY_P256, CA_KEY_P384);
	(void)snprintf(path, sizeof(path), "%s/issuing-1.csr", d.here.dir);
	assert_done(file_replace(path, d.request, strlen(d.request), 0644, &e), &e);
	fixture_run("openssl req -in %s -noout -verify -subject 2>&1 | grep -q 'verify OK'", path);
	assert_int_equal(ceremony_request(&d.here.place, "issuing-1", CA_KEY_P384, &again, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid); /* its key is there */
	assert_int_equal(ceremony_request(&d.here.place, "../x", CA_KEY_P384, &again, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	distance_remove(&d);
}

static void take_refused(struct distance *d)
{
	struct err e;

	assert_int_equal(
	    ceremony_take(&d->here.place, &d->arrivals, "root-1", "issuing-1", FIXTURE_NOW, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_false(is_there(&d->here, "ca/issuing-1.cer"));
	assert_false(is_there(&d->here, "public/ca/issuing-1.cer"));
}

static void test_away_take_refuses(void **state)
{
	struct distance d, other;
	struct err e;

	(void)state;
	distance_make(&d, CA_KEY_P256, CA_KEY_P256);
	distance_make(&other, CA_KEY_P256, CA_KEY_P256);
	arrival_load(&d.arrivals.root_crl, &other.there, "public/crl/root-1.crl");
	take_refused(&d); /* another root's CRL */
	arrival_load(&d.arrivals.root_crl, &d.there, "public/crl/root-1.crl");
	arrival_load(&d.arrivals.issuing, &other.there, "ca/issuing-1.cer");
	take_refused(&d); /* another root's issuing CA */
	arrival_load(&d.arrivals.root, &other.there, "ca/root-1.cer");
	arrival_load(&d.arrivals.root_crl, &other.there, "public/crl/root-1.crl");
	take_refused(&d); /* whose key is not here */
	arrival_load(&d.arrivals.issuing, &d.there, "ca/issuing-1.cer");
	arrival_load(&d.arrivals.root, &d.there, "ca/issuing-1.cer");
	take_refused(&d); /* no root at all */
	arrival_load(&d.arrivals.root, &d.there, "public/crl/root-1.crl");
	take_refused(&d); /* no certificate at all */
	arrival_load(&d.arrivals.root, &d.there, "ca/root-1.cer");
	arrival_load(&d.arrivals.root_crl, &d.there, "public/crl/root-1.crl");
	assert_done(ceremony_take(&d.here.place, &d.arrivals, "root-1", "issuing-1", FIXTURE_NOW, &e), &e);
	assert_int_equal(
	    ceremony_take(&d.here.place, &other.arrivals, "root-1", "issuing-1", FIXTURE_NOW, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid); /* the names are taken now */
	distance_remove(&d);
	distance_remove(&other);
}

/* The root's CRL of that moment, as it would arrive. Its file there is taken away first, so that its number
 * is that moment. */
static void crl_arrive(struct distance *d, time_t at)
{
	char path[PATH_MAX];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/crl/root-1.crl", d->there.public_dir);
	(void)unlink(path);
	assert_done(ceremony_crl(&d->there.place, "root-1", at, 365 * DAY, &e), &e);
	arrival_load(&d->arrivals.root_crl, &d->there, "public/crl/root-1.crl");
}

static void crl_taken(struct distance *d, time_t now)
{
	struct err e;

	assert_done(ceremony_take(&d->here.place, &d->arrivals, "root-1", "issuing-1", now, &e), &e);
	fixture_run("cmp %s/crl/root-1.crl %s/crl/root-1.crl", d->here.public_dir, d->there.public_dir);
}

static void crl_refused(struct distance *d, time_t now)
{
	struct arrival before = {0}, after = {0};
	struct err e;

	arrival_load(&before, &d->here, "public/crl/root-1.crl");
	assert_int_equal(ceremony_take(&d->here.place, &d->arrivals, "root-1", "issuing-1", now, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	arrival_load(&after, &d->here, "public/crl/root-1.crl");
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.der, after.der, after.len);
	free(before.der);
	free(after.der);
}

/* What stands where readers find it is the newest, whatever folder comes along. */
static void test_away_crl(void **state)
{
	struct distance d;

	(void)state;
	distance_make(&d, CA_KEY_P256, CA_KEY_P256);
	crl_taken(&d, FIXTURE_NOW);
	crl_arrive(&d, FIXTURE_NOW + 2 * DAY);
	crl_taken(&d, FIXTURE_NOW + 2 * DAY);
	crl_taken(&d, FIXTURE_NOW + 2 * DAY); /* the very one that stands */
	crl_arrive(&d, FIXTURE_NOW + DAY);
	crl_refused(&d, FIXTURE_NOW + 2 * DAY); /* older */
	crl_arrive(&d, FIXTURE_NOW + 2 * DAY);
	crl_refused(&d, FIXTURE_NOW + 2 * DAY); /* another one under the same number */
	crl_arrive(&d, FIXTURE_NOW + 3 * DAY);
	crl_refused(&d, FIXTURE_NOW + 369 * DAY); /* newer, but expired */
	crl_taken(&d, FIXTURE_NOW + 367 * DAY);
	distance_remove(&d);
}

/* A CA that has the root's key and another name: its CRL verifies with that key, and is none of the root's.
 */
static void test_away_crl_of_another_name(void **state)
{
	struct ceremony_plan plan = fixture_root_plan(CA_KEY_P256);
	struct distance d;
	struct fixture *f;
	struct err e;

	(void)state;
	distance_make(&d, CA_KEY_P256, CA_KEY_P256);
	f = &d.there;
	plan.name = "root-2";
	plan.common_name = "Another Name";
	assert_done(ceremony_root(&f->place, &plan, &e), &e);
	fixture_run(
	    "openssl x509 -new -key %s/root-1.key -subj '/C=DE/O=x/CN=Another Name' -days 3000 -outform DER "
	    "-extfile /dev/stdin -out %s/root-2.cer <<END\nbasicConstraints=critical,CA:TRUE\n"
	    "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nEND\n"
	    "cp %s/root-1.key %s/root-2.key",
	    f->ca, f->ca, f->ca, f->ca);
	assert_done(ceremony_crl(&f->place, "root-2", FIXTURE_NOW, 365 * DAY, &e), &e);
	arrival_load(&d.arrivals.root_crl, f, "public/crl/root-2.crl");
	take_refused(&d);
	distance_remove(&d);
}

static void test_away_key_refused(void **state)
{
	static const char *const names[] = {"rsa2048", "rsa3072", "p521", "ed25519"};
	struct ceremony_plan root = fixture_root_plan(CA_KEY_P256),
			     issuing = fixture_issuing_plan(CA_KEY_P256);
	struct fixture f;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	assert_done(ceremony_root(&f.place, &root, &e), &e);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned char *spki;
		const unsigned char *p;
		EVP_PKEY *key;
		size_t len;

		fixture_spki_load(names[i], &spki, &len);
		p = spki;
		key = d2i_PUBKEY(NULL, &p, (long)len);
		assert_non_null(key);
		assert_int_equal(ceremony_sign(&f.place, &issuing, "root-1", key, &e), -1);
		assert_int_equal(e.fault, FAULT_config_invalid);
		assert_false(is_there(&f, "ca/issuing-1.cer"));
		EVP_PKEY_free(key);
		OPENSSL_free(spki);
	}
	fixture_remove(&f);
}

static const struct pair pairs_away[] = {
    {"away_p256_p256", CA_KEY_P256, CA_KEY_P256},
    {"away_p384_p256", CA_KEY_P384, CA_KEY_P256},
    {"away_p256_rsa4096", CA_KEY_P256, CA_KEY_RSA4096},
};

int main(void)
{
	struct CMUnitTest tests[32] = {
	    {"section 9.24: the root as in 1.5", test_root_profile, NULL, NULL, NULL},
	    {"section 9.24: the issuing CA as in 1.5", test_issuing_profile, NULL, NULL, NULL},
	    cmocka_unit_test(test_key_file_mode),
	    cmocka_unit_test(test_name_in_use),
	    cmocka_unit_test(test_outlives_root),
	    cmocka_unit_test(test_crl_over_12_months),
	    cmocka_unit_test(test_revoke),
	    cmocka_unit_test(test_revoke_refuses),
	    cmocka_unit_test(test_revoked_file),
	    cmocka_unit_test(test_away_request),
	    cmocka_unit_test(test_away_take_refuses),
	    cmocka_unit_test(test_away_crl),
	    cmocka_unit_test(test_away_crl_of_another_name),
	    cmocka_unit_test(test_away_key_refused),
	};
	size_t n = 14;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		tests[n++] = (struct CMUnitTest){pairs[i].name, test_chain, NULL, NULL, (void *)&pairs[i]};
	for (size_t i = 0; i < sizeof(pairs_away) / sizeof(pairs_away[0]); i++)
		tests[n++] = (struct CMUnitTest){
		    pairs_away[i].name, test_away_chain, NULL, NULL, (void *)&pairs_away[i]};
	for (size_t i = 0; i < sizeof(bad_plans) / sizeof(bad_plans[0]); i++)
		tests[n++] =
		    (struct CMUnitTest){bad_plans[i].name, test_bad_plan, NULL, NULL, (void *)&bad_plans[i]};
	return _cmocka_run_group_tests("ceremony", tests, n, NULL, NULL);
}
