/* test_certificate.c - subscriber certificates: golden texts, the profile row by row, refusals, reading back.
 *
 * The golden texts in tests/golden/certificates are OpenSSL's print of each tbsCertificate with a fixed
 * serial, time, public key and issuer. GOLDEN_REFRESH=1 writes them anew; look at the difference before
 * committing it.
 */
#include "tests/unit/fixture_pki.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "lib/pki/certificate_view.h"
#include "lib/pki/openssl.h"

#define GOLDEN_DIR "tests/golden/certificates"

/* The issuer of the golden certificates: only its certificate is kept, as nothing is signed for them. */
static void golden_issuer_make(struct issuer *s, const char *cps_url)
{
	static const struct signature_algorithm *algorithm;
	int len;
	FILE *f;

	memset(s, 0, sizeof(*s));
	f = fopen(GOLDEN_DIR "/issuing-1.pem", "r");
	if (f == NULL)
		fail_msg("%s/issuing-1.pem: not there (start tests from the top folder)", GOLDEN_DIR);
	s->certificate = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);
	assert_non_null(s->certificate);
	len = i2d_X509_NAME(X509_get_subject_name(s->certificate), &s->subject);
	assert_true(len > 0);
	s->subject_len = (size_t)len;
	s->key_id = X509_get0_subject_key_id(s->certificate);
	s->not_before = FIXTURE_NOW - DAY;
	s->not_after = FIXTURE_NOW + 3000 * DAY;
	s->name = strdup("issuing-1");
	s->crl_url = strdup(FIXTURE_URL "/crl/issuing-1.crl");
	s->ca_url = strdup(FIXTURE_URL "/ca/issuing-1.cer");
	s->cps_url = strdup(cps_url);
	algorithm = signature_algorithm_for(X509_get0_pubkey(s->certificate), 0);
	assert_non_null(algorithm);
	s->algorithm = algorithm;
}

static void golden_issuer_free(struct issuer *s)
{
	X509_free(s->certificate);
	OPENSSL_free(s->subject);
	free(s->name);
	free(s->crl_url);
	free(s->ca_url);
	free(s->cps_url);
}

#define ADDRESS_65 "a.local.part.of.forty.octets.in.all.here@mailbox.mailcert.example"
#define ADDRESS_130                                                                                      \
	"local.part.for.a.very.long.address@"                                                            \
	"a-label-of-many-octets-in-a-name.and-another-one-of-the-same-kind.and-a-third-one-to-pass-the-" \
	"bound."                                                                                         \
	"mailcert.example"

struct golden {
	const char *name, *key;
	enum generation generation;
	enum purpose purpose;
	long days;
	unsigned fields;
	enum field_rule email;
	const char *address, *cps_url;
};

#define JOE "joe.doe@mailcert.example"
#define CPS "https://mailcert.example/cps"
#define CN  (1U << FIELD_COMMON_NAME)

static const struct golden goldens[] = {
    {"strict_365_dual_rsa2048", "rsa2048", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_dual_rsa3072", "rsa3072", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_dual_rsa4096", "rsa4096", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_dual_p256", "p256", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_dual_p384", "p384", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_dual_p521", "p521", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_730_dual_rsa2048", "rsa2048", GENERATION_STRICT, PURPOSE_DUAL, 730, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_730_dual_rsa3072", "rsa3072", GENERATION_STRICT, PURPOSE_DUAL, 730, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_730_dual_rsa4096", "rsa4096", GENERATION_STRICT, PURPOSE_DUAL, 730, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_730_dual_p256", "p256", GENERATION_STRICT, PURPOSE_DUAL, 730, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_730_dual_p384", "p384", GENERATION_STRICT, PURPOSE_DUAL, 730, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_730_dual_p521", "p521", GENERATION_STRICT, PURPOSE_DUAL, 730, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_signing_rsa2048", "rsa2048", GENERATION_STRICT, PURPOSE_SIGNING, 365, 0, FIELD_MANDATORY,
	JOE, ""},
    {"strict_365_signing_p256", "p256", GENERATION_STRICT, PURPOSE_SIGNING, 365, 0, FIELD_MANDATORY, JOE, ""},
    {"strict_365_signing_ed25519", "ed25519", GENERATION_STRICT, PURPOSE_SIGNING, 365, 0, FIELD_MANDATORY,
	JOE, ""},
    {"strict_365_encrypt_rsa2048", "rsa2048", GENERATION_STRICT, PURPOSE_KEY_MANAGEMENT, 365, 0,
	FIELD_MANDATORY, JOE, ""},
    {"strict_365_encrypt_p256", "p256", GENERATION_STRICT, PURPOSE_KEY_MANAGEMENT, 365, 0, FIELD_MANDATORY,
	JOE, ""},
    {"multipurpose_365_dual_rsa2048", "rsa2048", GENERATION_MULTIPURPOSE, PURPOSE_DUAL, 365, 0,
	FIELD_MANDATORY, JOE, ""},
    {"multipurpose_365_dual_p256", "p256", GENERATION_MULTIPURPOSE, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY,
	JOE, ""},
    {"common_name_chosen", "p256", GENERATION_STRICT, PURPOSE_DUAL, 365, CN, FIELD_MANDATORY, JOE, ""},
    {"common_name_left_out_past_64", "p256", GENERATION_STRICT, PURPOSE_DUAL, 365, CN, FIELD_MANDATORY,
	ADDRESS_65, ""},
    {"subject_empty_past_128", "p256", GENERATION_STRICT, PURPOSE_DUAL, 365, CN, FIELD_MANDATORY, ADDRESS_130,
	""},
    {"subject_empty_by_product", "p256", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_ABSENT, JOE, ""},
    {"cps_named", "p256", GENERATION_STRICT, PURPOSE_DUAL, 365, 0, FIELD_MANDATORY, JOE, CPS},
};

static const unsigned char golden_serial[SERIAL_LEN] = {
    0x4d, 0x61, 0x69, 0x6c, 0x63, 0x65, 0x72, 0x74, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

static char *print_certificate(const unsigned char *tbs, size_t tbs_len, const struct issuer *issuer)
{
	static const unsigned char no_signature[8];
	unsigned char *der;
	const unsigned char *p;
	char *text, *copy;
	struct err e;
	size_t len;
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *x;

	assert_done(
	    certificate_assemble(&der, &len, tbs, tbs_len, issuer, no_signature, sizeof(no_signature), &e),
	    &e);
	p = der;
	x = d2i_X509(NULL, &p, (long)len);
	assert_non_null(x);
	assert_int_equal(X509_print_ex(bio, x, XN_FLAG_RFC2253, X509_FLAG_NO_SIGDUMP), 1);
	len = (size_t)BIO_get_mem_data(bio, &text);
	copy = strndup(text, len);
	X509_free(x);
	BIO_free(bio);
	free(der);
	return copy;
}

static void test_golden(void **state)
{
	const struct golden *g = *state;
	struct product product = fixture_product(g->generation, g->purpose, g->days);
	struct subscriber s = {
	    .product = &product, .address = g->address, .not_before = FIXTURE_NOW, .fields = g->fields};
	unsigned char *tbs, *spki;
	char path[PATH_MAX], *text, *want;
	struct issuer issuer;
	size_t tbs_len;
	struct err e;

	product.fields[FIELD_EMAIL_ADDRESS] = g->email;
	golden_issuer_make(&issuer, g->cps_url);
	fixture_spki_load(g->key, &spki, &s.spki_len);
	s.spki = spki;
	memcpy(s.serial, golden_serial, SERIAL_LEN);
	assert_done(certificate_tbs(&tbs, &tbs_len, &s, &issuer, &e), &e);
	text = print_certificate(tbs, tbs_len, &issuer);
	(void)snprintf(path, sizeof(path), "%s/%s.txt", GOLDEN_DIR, g->name);
	if (getenv("GOLDEN_REFRESH") != NULL)
		assert_done(file_replace(path, text, strlen(text), 0644, &e), &e);
	assert_done(file_read(path, 65536, &want, NULL, &e), &e);
	assert_string_equal(text, want);
	free(want);
	free(text);
	free(tbs);
	OPENSSL_free(spki);
	golden_issuer_free(&issuer);
}

/* A Strict tbsCertificate for joe with a P-256 key; callers change *s and *product before. */
struct setting {
	struct product product;
	struct subscriber s;
	struct issuer issuer;
	unsigned char *spki;
};

static void setting_make(struct setting *t)
{
	t->product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);
	t->s = (struct subscriber){.product = &t->product, .address = JOE, .not_before = FIXTURE_NOW};
	golden_issuer_make(&t->issuer, "");
	fixture_spki_load("p256", &t->spki, &t->s.spki_len);
	t->s.spki = t->spki;
	memcpy(t->s.serial, golden_serial, SERIAL_LEN);
}

static void setting_free(struct setting *t)
{
	OPENSSL_free(t->spki);
	golden_issuer_free(&t->issuer);
}

/* Expect a refusal with a fault. */
static void setting_refused(struct setting *t, enum fault fault)
{
	unsigned char *tbs;
	struct err e;
	size_t len;

	assert_int_equal(certificate_tbs(&tbs, &len, &t->s, &t->issuer, &e), -1);
	assert_string_equal(fault_code(e.fault), fault_code(fault));
	setting_free(t);
}

static void test_validity_past_issuer(void **state)
{
	unsigned char *tbs;
	struct setting t;
	struct err e;
	size_t len;

	(void)state;
	setting_make(&t);
	t.issuer.not_after = FIXTURE_NOW + t.product.validity - 1;
	assert_done(certificate_tbs(&tbs, &len, &t.s, &t.issuer, &e), &e); /* to the second */
	free(tbs);
	t.issuer.not_after--;
	setting_refused(&t, FAULT_internal);
}

static void test_validity_before_issuer(void **state)
{
	struct setting t;

	(void)state;
	setting_make(&t);
	t.issuer.not_before = FIXTURE_NOW + 1;
	setting_refused(&t, FAULT_internal);
}

static void test_serial_first_octet_zero(void **state)
{
	struct setting t;

	(void)state;
	setting_make(&t);
	t.s.serial[0] = 0;
	setting_refused(&t, FAULT_internal);
}

static void test_serial_negative(void **state)
{
	struct setting t;

	(void)state;
	setting_make(&t);
	t.s.serial[0] = 0x80;
	setting_refused(&t, FAULT_internal);
}

static void test_spki_trailing_octet(void **state)
{
	unsigned char longer[512] = {0};
	struct setting t;

	(void)state;
	setting_make(&t);
	memcpy(longer, t.spki, t.s.spki_len);
	t.s.spki = longer;
	t.s.spki_len++;
	setting_refused(&t, FAULT_internal);
}

static void test_ed25519_dual(void **state)
{
	struct setting t;

	(void)state;
	setting_make(&t);
	OPENSSL_free(t.spki);
	fixture_spki_load("ed25519", &t.spki, &t.s.spki_len);
	t.s.spki = t.spki;
	setting_refused(&t, FAULT_csr_key_type_unsupported);
}

/* The certificate of a setting, its signature aside; the caller's. */
static X509 *setting_certificate(const struct setting *t)
{
	unsigned char *tbs, *der;
	const unsigned char *p;
	size_t tbs_len, len;
	struct err e;
	X509 *x;

	assert_done(certificate_tbs(&tbs, &tbs_len, &t->s, &t->issuer, &e), &e);
	assert_done(certificate_assemble(&der, &len, tbs, tbs_len, &t->issuer, tbs, 8, &e), &e);
	p = der;
	x = d2i_X509(NULL, &p, (long)len);
	assert_non_null(x);
	assert_ptr_equal(p, der + len);
	free(tbs);
	free(der);
	return x;
}

static bool time_is(const ASN1_TIME *t, time_t expected)
{
	time_t read;

	return openssl_time(&read, t) == 0 && read == expected;
}

/* notAfter is the last second that counts: 365 days have 365 * 86400 seconds, both ends included. */
static void test_validity_arithmetic(void **state)
{
	struct setting t;
	X509 *x;

	(void)state;
	setting_make(&t);
	t.product.validity = 825 * DAY;
	x = setting_certificate(&t);
	assert_true(time_is(X509_get0_notBefore(x), FIXTURE_NOW));
	assert_true(time_is(X509_get0_notAfter(x), FIXTURE_NOW + 825 * DAY - 1));
	X509_free(x);
	setting_free(&t);
}

static int serial_compare(const void *a, const void *b)
{
	return memcmp(a, b, SERIAL_LEN);
}

/* Each bit of a good serial is 1 about half of the time: 1,000 of 2,000, give or take 5 standard deviations.
 */
static void test_serial_random(void **state)
{
	static unsigned char serials[2000][SERIAL_LEN];
	int ones[SERIAL_LEN * 8] = {0};
	struct err e;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		assert_done(certificate_serial(serials[i], &e), &e);
		assert_in_range(serials[i][0], 0x01, 0x7f);
		for (int bit = 0; bit < SERIAL_LEN * 8; bit++)
			ones[bit] += serials[i][bit / 8] >> (7 - bit % 8) & 1;
	}
	for (int bit = 1; bit < SERIAL_LEN * 8; bit++)
		assert_in_range(ones[bit], 1000 - 130, 1000 + 130);
	qsort(serials, 2000, SERIAL_LEN, serial_compare);
	for (size_t i = 1; i < 2000; i++)
		assert_memory_not_equal(serials[i - 1], serials[i], SERIAL_LEN);
}

static void name_equal(const X509_NAME *name, const char *expected)
{
	char *shown;
	BIO *bio = BIO_new(BIO_s_mem());
	long len;

	assert_true(X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) > 0);
	len = BIO_get_mem_data(bio, &shown);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(shown, expected, (size_t)len);
	BIO_free(bio);
}

/* What OpenSSL reads in a certificate is what it was made from. */
static void test_read_back(void **state)
{
	struct setting t;
	unsigned char *spki = NULL;
	const ASN1_INTEGER *serial;
	int len;
	X509 *x;

	(void)state;
	setting_make(&t);
	t.s.fields = CN;
	x = setting_certificate(&t);
	serial = X509_get0_serialNumber(x);
	assert_int_equal(ASN1_STRING_length(serial), SERIAL_LEN);
	assert_memory_equal(ASN1_STRING_get0_data(serial), t.s.serial, SERIAL_LEN);
	name_equal(X509_get_subject_name(x), "emailAddress=" JOE ",CN=" JOE);
	name_equal(X509_get_issuer_name(x), "CN=mailcert Test Issuing 1,O=mailcert Test,C=DE");
	assert_true(EVP_PKEY_is_a(X509_get0_pubkey(x), "EC"));
	len = i2d_PUBKEY(X509_get0_pubkey(x), &spki);
	assert_int_equal(len, t.s.spki_len);
	assert_memory_equal(spki, t.s.spki, t.s.spki_len);
	OPENSSL_free(spki);
	X509_free(x);
	setting_free(&t);
}

/* What pages show is what OpenSSL reads, for every kind of key. */
static void test_view(void **state)
{
	static const struct {
		const char *name, *type;
		int bits;
	} keys[] = {{"rsa2048", "RSA", 2048}, {"rsa3072", "RSA", 3072}, {"rsa4096", "RSA", 4096},
	    {"p256", "P-256", 0}, {"p384", "P-384", 0}, {"p521", "P-521", 0}};
	static const char *const types[] = {"C", "O", "CN"}, *const values[] = {"DE", "mailcert Test",
								 "mailcert Test Issuing 1"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct certificate_view view;
		struct setting t;
		unsigned char *tbs, *der;
		size_t tbs_len, len;
		X509 *x;
		struct err e;
		const unsigned char *p;

		setting_make(&t);
		OPENSSL_free(t.spki);
		fixture_spki_load(keys[i].name, &t.spki, &t.s.spki_len);
		t.s.spki = t.spki;
		t.s.fields = CN;
		assert_done(certificate_tbs(&tbs, &tbs_len, &t.s, &t.issuer, &e), &e);
		assert_done(certificate_assemble(&der, &len, tbs, tbs_len, &t.issuer, tbs, 8, &e), &e);
		assert_true(certificate_view(&view, der, len));
		assert_string_equal(view.key_type, keys[i].type);
		assert_int_equal(view.key_bits, keys[i].bits);
		assert_int_equal(view.issuer.count, 3);
		for (int k = 0; k < 3; k++) {
			assert_string_equal(view.issuer.attributes[k].type, types[k]);
			assert_int_equal(view.issuer.attributes[k].len, strlen(values[k]));
			assert_memory_equal(view.issuer.attributes[k].value, values[k], strlen(values[k]));
		}
		assert_int_equal(view.subject.count, 2);
		assert_string_equal(view.subject.attributes[0].type, "CN");
		assert_string_equal(view.subject.attributes[1].type, "E");
		assert_int_equal(view.subject.attributes[1].len, strlen(JOE));
		assert_memory_equal(view.subject.attributes[1].value, JOE, strlen(JOE));
		p = der;
		x = d2i_X509(NULL, &p, (long)len);
		assert_non_null(x);
		for (int k = 0; k < 8; k++) /* OpenSSL's bits: the first octet's, the highest first */
			assert_int_equal(view.usage[k], (X509_get_key_usage(x) >> (7 - k)) & 1);
		X509_free(x);
		/* However it is cut short, it is read to no harm. */
		for (size_t cut = 0; cut < len; cut++)
			assert_false(certificate_view(&view, der, cut));
		free(tbs);
		free(der);
		setting_free(&t);
	}
}

/* Lengths of one, two and three octets in the outer headers all come out as OpenSSL would write them. */
static void test_assemble(void **state)
{
	static const size_t lengths[] = {8, 126, 127, 128, 255, 256, 512, 70000};
	static unsigned char signature[70000];
	unsigned char *tbs, *der, *again;
	size_t tbs_len, len;
	struct setting t;
	struct err e;

	(void)state;
	setting_make(&t);
	assert_done(certificate_tbs(&tbs, &tbs_len, &t.s, &t.issuer, &e), &e);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const unsigned char *p;
		X509 *x;

		assert_done(
		    certificate_assemble(&der, &len, tbs, tbs_len, &t.issuer, signature, lengths[i], &e), &e);
		p = der;
		x = d2i_X509(NULL, &p, (long)len);
		assert_non_null(x);
		assert_ptr_equal(p, der + len);
		again = NULL;
		assert_int_equal(i2d_X509(x, &again), len);
		assert_memory_equal(der, again, len);
		OPENSSL_free(again);
		X509_free(x);
		free(der);
	}
	free(tbs);
	setting_free(&t);
}

int main(void)
{
	static struct CMUnitTest tests[64] = {
	    {"section 9.11: notAfter inside the issuer's, to the second", test_validity_past_issuer, NULL,
		NULL, NULL},
	    cmocka_unit_test(test_validity_before_issuer),
	    {"section 9.10: a serial is as long as it was made", test_serial_first_octet_zero, NULL, NULL,
		NULL},
	    {"section 9.10: a serial is positive and under 2^159", test_serial_negative, NULL, NULL, NULL},
	    cmocka_unit_test(test_spki_trailing_octet),
	    cmocka_unit_test(test_ed25519_dual),
	    {"section 9.11: 825 days are 825 * 86400 - 1 seconds of difference", test_validity_arithmetic,
		NULL, NULL, NULL},
	    {"section 9.10: a serial has 126 random bits and comes once", test_serial_random, NULL, NULL,
		NULL},
	    cmocka_unit_test(test_read_back),
	    cmocka_unit_test(test_view),
	    cmocka_unit_test(test_assemble),
	};
	size_t n = 10;

	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++)
		tests[n++] =
		    (struct CMUnitTest){goldens[i].name, test_golden, NULL, NULL, (void *)&goldens[i]};
	return _cmocka_run_group_tests("certificate", tests, n, NULL, NULL);
}
