/* test_profile.c - what stands in a certificate as the checklist puts it: who is named, which extensions are
 * critical, what a key may be used for, and that nothing of a request but its key comes into it. OpenSSL
 * makes the requests and reads the certificates, so builder and reader have no code in common.
 */
#include "tests/unit/fixture_pki.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/pki/address.h"
#include "lib/pki/csr.h"

static struct fixture fixture;

static const unsigned char serial[SERIAL_LEN] = {
    0x4d, 0x61, 0x69, 0x6c, 0x63, 0x65, 0x72, 0x74, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

/* A signed certificate of a product for an address and a key. */
static X509 *certificate_for(
    const struct product *product, const char *address, unsigned fields, unsigned char *spki, size_t spki_len)
{
	struct subscriber s = {.product = product,
	    .address = address,
	    .not_before = FIXTURE_NOW,
	    .fields = fields,
	    .spki = spki,
	    .spki_len = spki_len};
	unsigned char *der;
	const unsigned char *p;
	size_t len;
	X509 *x;

	memcpy(s.serial, serial, SERIAL_LEN);
	fixture_certificate_make(fixture.issuer, &s, &der, &len);
	p = der;
	x = d2i_X509(NULL, &p, (long)len);
	assert_non_null(x);
	free(der);
	return x;
}

static X509 *certificate_with_key(const struct product *product, const char *address, const char *key)
{
	unsigned char *spki;
	size_t len;
	X509 *x;

	fixture_spki_load(key, &spki, &len);
	x = certificate_for(
	    product, address, (1U << FIELD_COMMON_NAME) | (1U << FIELD_EMAIL_ADDRESS), spki, len);
	OPENSSL_free(spki);
	return x;
}

/* --- 9.4
 * -------------------------------------------------------------------------------------------------------- */

#define LOCAL_64 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd"

static void name_check(X509 *x, int nid, const char *address, bool expected)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, nid, -1);
	const ASN1_STRING *value;

	assert_int_equal(at >= 0, expected);
	if (!expected)
		return;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	assert_int_equal(ASN1_STRING_length(value), strlen(address));
	assert_memory_equal(ASN1_STRING_get0_data(value), address, strlen(address));
	assert_int_equal(X509_NAME_get_index_by_NID(subject, nid, at), -1);
}

static void test_one_address(void **state)
{
	static const struct {
		const char *typed, *canonical;
		bool name, email;
	} rows[] = {
	    {"joe.doe@mailcert.example", "joe.doe@mailcert.example", true, true},
	    {"Joe.DOE@MailCert.EXAMPLE", "Joe.DOE@mailcert.example", true, true},
	    {"joe@B\xc3\xbc"
	     "cher.example",
		"joe@xn--bcher-kva.example", true, true},
	    {"o'brien+tag=x@mailcert.example", "o'brien+tag=x@mailcert.example", true, true},
	    {LOCAL_64 "@mailcert.example", LOCAL_64 "@mailcert.example", false, true},
	    {LOCAL_64 "@" LOCAL_64, NULL, false, false},
	    {"j\xc3\xb6rg@mailcert.example", NULL, false, false},
	};
	struct product product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);

	(void)state;
	product.fields[FIELD_COMMON_NAME] = product.fields[FIELD_EMAIL_ADDRESS] = FIELD_MANDATORY;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char address[ADDRESS_MAX + 1];
		GENERAL_NAMES *names;
		struct err e;
		X509 *x;

		assert_int_equal(
		    address_read(address, rows[i].typed, &e), rows[i].canonical == NULL ? -1 : 0);
		if (rows[i].canonical == NULL)
			continue; /* refused: nothing is made of it */
		assert_string_equal(address, rows[i].canonical);
		x = certificate_with_key(&product, address, "p256");
		names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
		assert_int_equal(sk_GENERAL_NAME_num(names), 1);
		assert_int_equal(sk_GENERAL_NAME_value(names, 0)->type, GEN_EMAIL);
		assert_int_equal(
		    ASN1_STRING_length(sk_GENERAL_NAME_value(names, 0)->d.rfc822Name), strlen(address));
		assert_memory_equal(ASN1_STRING_get0_data(sk_GENERAL_NAME_value(names, 0)->d.rfc822Name),
		    address, strlen(address));
		name_check(x, NID_commonName, address, rows[i].name);
		name_check(x, NID_pkcs9_emailAddress, address, rows[i].email);
		GENERAL_NAMES_free(names);
		X509_free(x);
	}
}

/* --- 9.9
 * -------------------------------------------------------------------------------------------------------- */

/* Section 1.1, column Strict: what is there, and what is critical. Nothing else may be there. */
static void test_criticality(void **state)
{
	static const struct {
		int nid;
		bool critical;
	} rows[] = {
	    {NID_certificate_policies, false},
	    {NID_crl_distribution_points, false},
	    {NID_info_access, false},
	    {NID_key_usage, true},
	    {NID_ext_key_usage, false},
	    {NID_authority_key_identifier, false},
	    {NID_subject_alt_name, false},
	    {NID_subject_key_identifier, false},
	};
	static const char *const keys[] = {"rsa2048", "p256", "p384", "p521"};
	struct product product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);

	(void)state;
	for (size_t k = 0; k < 8; k++) {
		const bool empty = k >= 4;
		X509 *x;
		int seen = 0;

		product.fields[FIELD_EMAIL_ADDRESS] = empty ? FIELD_ABSENT : FIELD_MANDATORY;
		product.fields[FIELD_COMMON_NAME] = FIELD_ABSENT;
		x = certificate_with_key(&product, "joe.doe@mailcert.example", keys[k % 4]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const int at = X509_get_ext_by_NID(x, rows[i].nid, -1);
			const bool critical = rows[i].nid == NID_subject_alt_name ? empty : rows[i].critical;

			assert_true(at >= 0);
			assert_int_equal(X509_get_ext_by_NID(x, rows[i].nid, at), -1);
			assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(x, at)) != 0, critical);
			seen++;
		}
		if (X509_get_ext_by_NID(x, NID_basic_constraints, -1) >= 0) { /* MAY; then cA is FALSE */
			assert_int_equal(X509_check_ca(x), 0);
			seen++;
		}
		assert_int_equal(X509_get_ext_count(x), seen);
		assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(x)), empty ? 0 : 1);
		X509_free(x);
	}
}

/* --- 9.12
 * ------------------------------------------------------------------------------------------------------- */

#define SIGNS    (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)
#define ENCIPHER KU_KEY_ENCIPHERMENT
#define AGREES   KU_KEY_AGREEMENT

/* Section 1.3: bits that must be there and bits that may. */
static void test_key_usage(void **state)
{
	static const struct {
		const char *key;
		enum purpose purpose;
		uint32_t must, may;
	} rows[] = {
	    {"rsa2048", PURPOSE_SIGNING, KU_DIGITAL_SIGNATURE, SIGNS},
	    {"rsa2048", PURPOSE_KEY_MANAGEMENT, ENCIPHER, ENCIPHER},
	    {"rsa2048", PURPOSE_DUAL, KU_DIGITAL_SIGNATURE | ENCIPHER, SIGNS | ENCIPHER},
	    {"p256", PURPOSE_SIGNING, KU_DIGITAL_SIGNATURE, SIGNS},
	    {"p256", PURPOSE_KEY_MANAGEMENT, AGREES, AGREES},
	    {"p256", PURPOSE_DUAL, KU_DIGITAL_SIGNATURE | AGREES, SIGNS | AGREES},
	    {"p384", PURPOSE_SIGNING, KU_DIGITAL_SIGNATURE, SIGNS},
	    {"p384", PURPOSE_KEY_MANAGEMENT, AGREES, AGREES},
	    {"p384", PURPOSE_DUAL, KU_DIGITAL_SIGNATURE | AGREES, SIGNS | AGREES},
	    {"p521", PURPOSE_SIGNING, KU_DIGITAL_SIGNATURE, SIGNS},
	    {"p521", PURPOSE_KEY_MANAGEMENT, AGREES, AGREES},
	    {"p521", PURPOSE_DUAL, KU_DIGITAL_SIGNATURE | AGREES, SIGNS | AGREES},
	    {"ed25519", PURPOSE_SIGNING, KU_DIGITAL_SIGNATURE, SIGNS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct product product = fixture_product(GENERATION_STRICT, rows[i].purpose, 365);
		X509 *x = certificate_with_key(&product, "joe.doe@mailcert.example", rows[i].key);
		const uint32_t bits = X509_get_key_usage(x);

		assert_int_equal(bits & rows[i].must, rows[i].must);
		assert_int_equal(bits & ~rows[i].may, 0);
		if (rows[i].key[0] == 'p')
			assert_int_equal(bits & KU_KEY_ENCIPHERMENT, 0);
		X509_free(x);
	}
}

/* --- 9.5
 * -------------------------------------------------------------------------------------------------------- */

#define NAMES_MANY 300

/* Requests that ask for what no certificate of ours has. Subject entries, then extensions as OpenSSL's
 * configuration writes them; copies: so many attributes on top. */
static const struct hostile {
	const char *name;
	const char *subject[8][2];
	const char *extensions[6][2];
	int copies;
} hostiles[] = {
    {"CA:TRUE", {{"CN", "CA"}},
	{{"basicConstraints", "critical,CA:TRUE,pathlen:9"}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
	0},
    {"organization", {{"C", "US"}, {"O", "Bank Corporation"}, {"OU", "IT"}, {"CN", "CEO"}}, {{NULL, NULL}},
	0},
    {"person",
	{{"GN", "Ann"}, {"SN", "Other"}, {"title", "CEO"}, {"street", "Main 1"}, {"serialNumber", "1"}},
	{{NULL, NULL}}, 0},
    {"another emailAddress", {{"CN", "ceo@bank.example"}, {"emailAddress", "ceo@bank.example"}},
	{{NULL, NULL}}, 0},
    {"another mailbox in SAN", {{"CN", "x"}}, {{"subjectAltName", "email:ceo@bank.example"}}, 0},
    {"names of servers in SAN", {{"CN", "x"}},
	{{"subjectAltName", "DNS:bank.example,IP:192.0.2.1,URI:https://bank.example/,RID:1.2.3.4"}}, 0},
    {"otherName in SAN", {{"CN", "x"}},
	{{"subjectAltName", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ceo@bank.example,otherName:1.3.6.1.5.5.7."
			    "8.9;UTF8:ceo@bank.example"}},
	0},
    {"serverAuth", {{"CN", "x"}},
	{{"extendedKeyUsage",
	    "serverAuth,clientAuth,codeSigning,timeStamping,OCSPSigning,anyExtendedKeyUsage"}},
	0},
    {"key usage", {{"CN", "x"}},
	{{"keyUsage", "critical,dataEncipherment,keyAgreement,encipherOnly,decipherOnly"}}, 0},
    {"policies", {{"CN", "x"}}, {{"certificatePolicies", "2.23.140.1.5.4.3,2.23.140.1.5.3.3,2.5.29.32.0"}},
	0},
    {"addresses", {{"CN", "x"}},
	{{"crlDistributionPoints", "URI:https://bank.example/crl"},
	    {"authorityInfoAccess", "OCSP;URI:https://bank.example/"}},
	0},
    {"key identifier", {{"CN", "x"}}, {{"subjectKeyIdentifier", "DEADBEEF"}}, 0},
    {"name constraints", {{"CN", "x"}},
	{{"nameConstraints", "critical,permitted;email:."}, {"2.5.29.36", "critical,ASN1:NULL"}}, 0},
    {"unknown critical", {{"CN", "x"}}, {{"1.2.3.4.5", "critical,ASN1:UTF8:x"}, {"2.5.29.9", "ASN1:NULL"}},
	0},
    {"hundreds of attributes", {{"CN", "x"}}, {{"extendedKeyUsage", "serverAuth"}}, NAMES_MANY},
    {"all of it",
	{{"C", "US"}, {"O", "Bank"}, {"CN", "ceo@bank.example"}, {"emailAddress", "ceo@bank.example"}},
	{{"basicConstraints", "critical,CA:TRUE"},
	    {"subjectAltName", "email:ceo@bank.example,DNS:bank.example"}, {"extendedKeyUsage", "serverAuth"},
	    {"keyUsage", "critical,keyCertSign,digitalSignature"}, {"certificatePolicies", "2.5.29.32.0"}},
	0},
};

static EVP_PKEY *key;

/* The PEM of a request with the key; h NULL: a clean one. */
static char *request_make(const struct hostile *h, size_t *len)
{
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_NAME *subject = X509_NAME_new();
	BIO *bio = BIO_new(BIO_s_mem());
	CONF *conf = NCONF_new(NULL);
	X509V3_CTX ctx;
	char *data, *text;

	X509V3_set_ctx(&ctx, NULL, NULL, request, NULL, 0);
	X509V3_set_nconf(&ctx, conf); /* policies want one, be it empty */
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	for (size_t i = 0; h != NULL && i < 8 && h->subject[i][0] != NULL; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(subject, h->subject[i][0], MBSTRING_UTF8,
				     (const unsigned char *)h->subject[i][1], -1, -1, 0),
		    1);
	for (size_t i = 0; h != NULL && i < 6 && h->extensions[i][0] != NULL; i++) {
		X509_EXTENSION *x = X509V3_EXT_nconf(NULL, &ctx, h->extensions[i][0], h->extensions[i][1]);

		if (x == NULL)
			fail_msg("%s: OpenSSL does not know %s", h->name, h->extensions[i][0]);
		assert_true(sk_X509_EXTENSION_push(list, x) > 0);
	}
	assert_int_equal(X509_REQ_set_subject_name(request, subject), 1);
	if (sk_X509_EXTENSION_num(list) > 0)
		assert_int_equal(X509_REQ_add_extensions(request, list), 1);
	for (int i = 0; h != NULL && i < h->copies; i++) {
		char oid[32];

		(void)snprintf(oid, sizeof(oid), "1.2.3.4.%d", i);
		assert_int_equal(X509_REQ_add1_attr_by_txt(request, oid, MBSTRING_ASC,
				     (const unsigned char *)"ceo@bank.example", -1),
		    1);
	}
	assert_true(X509_REQ_sign(request, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, request), 1);
	*len = (size_t)BIO_get_mem_data(bio, &data);
	text = strndup(data, *len);
	BIO_free(bio);
	NCONF_free(conf);
	X509_NAME_free(subject);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(request);
	return text;
}

/* The tbsCertificate for a request, with the same serial and times as for any other. */
static unsigned char *tbs_of(const struct hostile *h, size_t *len)
{
	const struct product product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);
	struct subscriber s = {
	    .product = &product, .address = "joe.doe@mailcert.example", .not_before = FIXTURE_NOW};
	unsigned char *tbs;
	struct csr *csr = NULL;
	size_t text_len;
	struct err e;
	char *text = request_make(h, &text_len);

	assert_done(csr_read(&csr, text, text_len, NULL, &e), &e);
	assert_done(csr_check(csr, &product, NULL, &e), &e);
	s.spki = csr->spki;
	s.spki_len = csr->spki_len;
	memcpy(s.serial, serial, SERIAL_LEN);
	assert_done(certificate_tbs(&tbs, len, &s, fixture.issuer, &e), &e);
	csr_free(csr);
	free(text);
	return tbs;
}

static void test_hostile(void **state)
{
	const struct hostile *h = *state;
	size_t clean_len, len;
	unsigned char *clean = tbs_of(NULL, &clean_len), *tbs = tbs_of(h, &len);

	assert_int_equal(len, clean_len);
	assert_memory_equal(tbs, clean, len);
	free(clean);
	free(tbs);
}

static int group_setup(void **state)
{
	(void)state;
	fixture_dir_make(&fixture);
	fixture_ca_make(&fixture, CA_KEY_P256, CA_KEY_P256);
	key = EVP_EC_gen("P-256");
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
	static struct CMUnitTest tests[40] = {
	    {"section 9.4: SAN, commonName and emailAddress are one canonical string", test_one_address, NULL,
		NULL, NULL},
	    {"section 9.9: the extensions of 1.1, no others, each critical as it must be", test_criticality,
		NULL, NULL, NULL},
	    {"section 9.12: keyUsage by key and purpose, EC never with keyEncipherment", test_key_usage, NULL,
		NULL, NULL},
	};
	size_t n = 3;

	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++)
		tests[n++] = (struct CMUnitTest){
		    fixture_point("9.5", hostiles[i].name), test_hostile, NULL, NULL, (void *)&hostiles[i]};
	return _cmocka_run_group_tests("profile", tests, n, group_setup, group_teardown);
}
