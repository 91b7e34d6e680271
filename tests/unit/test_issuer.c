/* test_issuer.c - issuing CAs opened from key files and from a PKCS #11 token, their signatures and their
 * refusals.
 *
 * The token is SoftHSM 2 in a folder of the test's own; where it is not installed those tests are skipped.
 */
#include "tests/unit/fixture_pki.h"

#include <openssl/rsa.h>

#include <dlfcn.h>
#include <p11-kit-1/p11-kit/pkcs11.h>

#include "lib/pki/token.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PIN    "739152"

static struct fixture fixture;

static void file_path(char path[PATH_MAX], const char *name)
{
	(void)snprintf(path, PATH_MAX, "%s/%s", fixture.ca, name);
}

/* Signature and its verification by OpenSSL alone, with the certificate's key. */
static void signature_check(const struct issuer *s)
{
	static const unsigned char tbs[] = "octets to sign";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *signature;
	struct err e;
	size_t len;

	assert_done(issuer_sign(s, tbs, sizeof(tbs), &signature, &len, &e), &e);
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, s->algorithm->hash, NULL, NULL,
			     X509_get0_pubkey(s->certificate), NULL),
	    1);
	assert_int_equal(EVP_DigestVerify(ctx, signature, len, tbs, sizeof(tbs)), 1);
	EVP_MD_CTX_free(ctx);
	free(signature);
}

/* Opening issuing-1 fails with a fault. */
static void open_refused(enum fault fault)
{
	struct issuer *s;
	struct err e;

	assert_int_equal(fixture_issuer_open(&fixture, "issuing-1", &s, &e), -1);
	assert_string_equal(fault_code(e.fault), fault_code(fault));
}

static int files_setup(void **state)
{
	(void)state;
	fixture_dir_make(&fixture);
	fixture_ca_make(&fixture, CA_KEY_P384, CA_KEY_P256);
	return 0;
}

static int files_teardown(void **state)
{
	(void)state;
	fixture_remove(&fixture);
	return 0;
}

static void test_file(void **state)
{
	const struct issuer *s = fixture.issuer;
	unsigned char digest[32];

	(void)state;
	signature_check(s);
	assert_string_equal(s->name, "issuing-1");
	assert_int_equal(s->algorithm->der_len, 12);
	assert_memory_equal(s->algorithm->der, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12);
	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, s->der, s->der_len, digest, NULL), 1);
	assert_memory_equal(s->sha256, digest, 32);
	assert_int_equal(s->not_before, FIXTURE_NOW - 30 * DAY);
	assert_int_equal(s->not_after, FIXTURE_NOW - 30 * DAY + 3650 * DAY - 1);
}

/* SBR 7.1.3.2: the AlgorithmIdentifier of each kind of CA key, octet for octet. */
static void test_algorithms(void **state)
{
	static const struct {
		const char *key;
		int rsa_hash;
		const char *hex;
	} rows[] = {
	    {"rsa2048", 0, "300d06092a864886f70d01010b0500"},
	    {"rsa3072", 256, "300d06092a864886f70d01010b0500"},
	    {"rsa4096", 384, "300d06092a864886f70d01010c0500"},
	    {"rsa4096", 512, "300d06092a864886f70d01010d0500"},
	    {"p256", 512, "300a06082a8648ce3d040302"},
	    {"p384", 256, "300a06082a8648ce3d040303"},
	    {"p521", 0, "300a06082a8648ce3d040304"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct signature_algorithm *a;
		unsigned char *spki;
		const unsigned char *p;
		char hex[64];
		EVP_PKEY *key;
		size_t len;

		fixture_spki_load(rows[i].key, &spki, &len);
		p = spki;
		key = d2i_PUBKEY(NULL, &p, (long)len);
		a = signature_algorithm_for(key, rows[i].rsa_hash);
		assert_non_null(a);
		hex_encode(hex, a->der, a->der_len);
		assert_string_equal(hex, rows[i].hex);
		EVP_PKEY_free(key);
		OPENSSL_free(spki);
	}
}

static void test_algorithm_of_ed25519(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)state;
	assert_non_null(key);
	assert_null(signature_algorithm_for(key, 0));
	EVP_PKEY_free(key);
}

struct mode {
	const char *name;
	mode_t mode;
	bool good;
};

static const struct mode modes[] = {
    {"key_file_mode_0600", 0600, true},
    {"key_file_mode_0400", 0400, true},
    {"key_file_mode_0660", 0660, false},
    {"key_file_mode_0604", 0604, false},
    {"key_file_mode_0700", 0700, false},
    {"key_file_mode_0666", 0666, false},
    {"key_file_mode_4600", 04600, false},
};

static void test_mode(void **state)
{
	const struct mode *m = *state;
	char path[PATH_MAX];
	struct issuer *s;
	struct err e;

	file_path(path, "issuing-1.key");
	assert_int_equal(chmod(path, m->mode), 0);
	if (m->good) {
		assert_done(fixture_issuer_open(&fixture, "issuing-1", &s, &e), &e);
		issuer_close(s);
	} else {
		open_refused(FAULT_config_invalid);
	}
	assert_int_equal(chmod(path, 0600), 0);
}

static void test_owner(void **state)
{
	char path[PATH_MAX];

	(void)state;
	if (geteuid() != 0)
		skip();
	file_path(path, "issuing-1.key");
	assert_int_equal(chown(path, 12345, 12345), 0);
	open_refused(FAULT_config_invalid);
	assert_int_equal(chown(path, 0, 0), 0);
}

/* Put other things in the key file's place, one after another. */
static void test_key_file_wrong(void **state)
{
	char path[PATH_MAX], aside[PATH_MAX], other[PATH_MAX];
	struct err e;

	(void)state;
	file_path(path, "issuing-1.key");
	file_path(aside, "aside");
	file_path(other, "root-1.key");
	assert_int_equal(rename(path, aside), 0);
	open_refused(FAULT_config_invalid); /* missing */
	assert_int_equal(symlink(aside, path), 0);
	open_refused(FAULT_config_invalid); /* a symbolic link */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0600), 0);
	open_refused(FAULT_config_invalid); /* a folder */
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(link(other, path), 0);
	open_refused(FAULT_config_invalid); /* another CA's key */
	assert_int_equal(unlink(path), 0);
	assert_done(file_replace(path, "", 0, 0600, &e), &e);
	open_refused(FAULT_config_invalid); /* empty */
	assert_done(file_replace(path, "no key", 6, 0600, &e), &e);
	open_refused(FAULT_config_invalid);
	fixture_run("openssl pkey -in %s -aes256 -passout pass:secret -out %s", aside, path);
	assert_int_equal(chmod(path, 0600), 0);
	open_refused(FAULT_config_invalid); /* encrypted: refused without asking a terminal */
	assert_int_equal(rename(aside, path), 0);
}

static void test_certificate_wrong(void **state)
{
	const struct product product = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);
	struct subscriber s = {
	    .product = &product, .address = "joe@mailcert.example", .not_before = FIXTURE_NOW};
	char path[PATH_MAX], aside[PATH_MAX];
	unsigned char *der, *spki;
	struct err e;
	size_t len;

	(void)state;
	file_path(path, "issuing-1.cer");
	file_path(aside, "aside");
	fixture_spki_load("p256", &spki, &s.spki_len);
	s.spki = spki;
	assert_done(certificate_serial(s.serial, &e), &e);
	fixture_certificate_make(fixture.issuer, &s, &der, &len);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(
	    fixture_issuer_open(&fixture, "issuing-1", &(struct issuer *){NULL}, &e), -1); /* missing */
	assert_done(file_replace(path, der, len, 0644, &e), &e);
	open_refused(FAULT_config_invalid); /* not a CA's */
	assert_done(file_replace(path, der, len - 1, 0644, &e), &e);
	open_refused(FAULT_config_invalid); /* cut */
	assert_done(file_replace(path, "x", 1, 0644, &e), &e);
	open_refused(FAULT_config_invalid);
	assert_int_equal(rename(aside, path), 0);
	free(der);
	OPENSSL_free(spki);
}

static void test_public_url_https(void **state)
{
	const struct issuer_place place = {
	    .dir = fixture.ca, .name = "issuing-1", .public_url = "https://a.example"};
	struct issuer *s;
	struct err e;

	(void)state;
	assert_int_equal(issuer_open(&s, &place, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"", "-a", "a-", "A", "a/b", "..", "a.b", "a b", "issuing_1",
	    "a123456789b123456789c123456789d123456789e123456789f123456789abcde"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ca_name_check(bad[i], &e), -1);
	assert_done(ca_name_check("issuing-1", &e), &e);
	assert_done(ca_name_check("a", &e), &e);
}

static void test_reopen_file(void **state)
{
	char path[PATH_MAX], aside[PATH_MAX];
	unsigned char *signature;
	struct issuer *s;
	struct err e;
	size_t len;

	(void)state;
	file_path(path, "issuing-1.key");
	file_path(aside, "aside");
	assert_done(fixture_issuer_open(&fixture, "issuing-1", &s, &e), &e);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(issuer_reopen(s, &e), -1);
	assert_int_equal(issuer_sign(s, (const unsigned char *)"a", 1, &signature, &len, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_int_equal(rename(aside, path), 0);
	assert_done(issuer_reopen(s, &e), &e);
	signature_check(s);
	issuer_close(s);
}

/* A false signature is told from a true one, in every octet. */
static void test_false_signature(void **state)
{
	const struct issuer *s = fixture.issuer;
	EVP_PKEY *key = X509_get0_pubkey(s->certificate);
	static const unsigned char tbs[] = "octets to sign";
	unsigned char *signature;
	struct err e;
	size_t len;

	(void)state;
	assert_done(issuer_sign(s, tbs, sizeof(tbs), &signature, &len, &e), &e);
	assert_done(signature_verify(key, s->algorithm, tbs, sizeof(tbs), signature, len, &e), &e);
	for (size_t i = 0; i < len; i++) {
		signature[i] ^= 4;
		assert_int_equal(
		    signature_verify(key, s->algorithm, tbs, sizeof(tbs), signature, len, &e), -1);
		signature[i] ^= 4;
	}
	assert_int_equal(signature_verify(key, s->algorithm, tbs, sizeof(tbs) - 1, signature, len, &e), -1);
	free(signature);
}

/* A fault in the key's memory: the half that signs no longer fits the half in the certificate. Whatever comes
 * out of the signing must not get out of the issuer. */
static void test_faulty_key(void **state)
{
	struct issuer other, *s;
	unsigned char *signature = NULL;
	char path[PATH_MAX];
	struct err e;
	size_t len;

	(void)state;
	assert_done(fixture_issuer_open(&fixture, "issuing-1", &s, &e), &e);
	other = *s;
	file_path(path, "root-1.key");
	assert_done(signing_key_load(&other.key, path, &e), &e);
	assert_int_equal(issuer_sign(&other, (const unsigned char *)"a", 1, &signature, &len, &e), -1);
	assert_int_equal(e.fault, FAULT_internal);
	assert_null(signature);
	signing_key_free(other.key);
	issuer_close(s);
}

/* --- RSA, from a file
 * ----------------------------------------------------------------------------------------- */

static void test_rsa_hashes(void **state)
{
	static const int hashes[] = {0, 256, 384, 512}, octets[] = {0x0b, 0x0b, 0x0c, 0x0d};
	struct ceremony_plan root = fixture_root_plan(CA_KEY_RSA4096);
	struct fixture f;
	struct err e;

	(void)state;
	fixture_dir_make(&f);
	assert_done(ceremony_root(&f.place, &root, &e), &e);
	for (size_t i = 0; i < 4; i++) {
		const struct issuer_place place = {
		    .dir = f.ca, .name = "root-1", .public_url = FIXTURE_URL, .rsa_hash = hashes[i]};
		struct issuer *s;

		assert_done(issuer_open(&s, &place, &e), &e);
		signature_check(s);
		assert_int_equal(s->algorithm->der[12], octets[i]);
		issuer_close(s);
	}
	fixture_remove(&f);
}

static void test_rsa_hash_unknown(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);

	(void)state;
	assert_null(signature_algorithm_for(key, 1));
	EVP_PKEY_free(key);
}

/* --- in a token
 * ----------------------------------------------------------------------------------------------- */

static struct token *token;
static bool have_token;

static void token_dir_make(void)
{
	char conf[PATH_MAX], text[512];
	struct err e;

	(void)snprintf(conf, sizeof(conf), "%s/tokens", fixture.dir);
	assert_int_equal(mkdir(conf, 0700), 0);
	(void)snprintf(conf, sizeof(conf), "%s/softhsm2.conf", fixture.dir);
	(void)snprintf(
	    text, sizeof(text), "directories.tokendir = %s/tokens\nlog.level = ERROR\n", fixture.dir);
	assert_done(file_replace(conf, text, strlen(text), 0600, &e), &e);
	assert_int_equal(setenv("SOFTHSM2_CONF", conf, 1), 0);
	fixture_run("softhsm2-util --init-token --free --label mailcert --so-pin 000111 --pin %s", PIN);
}

static int token_setup(void **state)
{
	struct err e;

	(void)state;
	fixture_dir_make(&fixture);
	have_token = access(MODULE, R_OK) == 0 && system("command -v softhsm2-util >/dev/null") == 0;
	if (!have_token)
		return 0;
	token_dir_make();
	assert_done(token_open(&token, MODULE, "mailcert", PIN, &e), &e);
	fixture.place.token = token;
	fixture_ca_make(&fixture, CA_KEY_P384, CA_KEY_P256);
	return 0;
}

static int token_teardown(void **state)
{
	(void)state;
	issuer_close(fixture.issuer);
	fixture.issuer = NULL;
	token_close(token);
	fixture_remove(&fixture);
	return 0;
}

#define NEED_TOKEN()             \
	do {                     \
		if (!have_token) \
			skip();  \
	} while (0)

static void test_token(void **state)
{
	char path[PATH_MAX];
	struct issuer *root;
	struct err e;

	(void)state;
	NEED_TOKEN();
	signature_check(fixture.issuer);
	assert_done(fixture_issuer_open(&fixture, "root-1", &root, &e), &e);
	signature_check(root); /* P-384: another hash and another length of r and s */
	issuer_close(root);
	file_path(path, "issuing-1.key");
	assert_int_equal(access(path, F_OK), -1); /* no key outside */
	fixture_run("openssl x509 -inform DER -in %s/root-1.cer -out %s/root.pem", fixture.ca, fixture.dir);
	fixture_run(
	    "openssl x509 -inform DER -in %s/issuing-1.cer -out %s/issuing.pem", fixture.ca, fixture.dir);
	fixture_run("openssl verify -x509_strict -attime %ld -CAfile %s/root.pem %s/issuing.pem",
	    (long)FIXTURE_NOW, fixture.dir, fixture.dir);
}

static void test_token_many_signatures(void **state)
{
	(void)state;
	NEED_TOKEN();
	for (int i = 0; i < 200; i++) /* r and s with leading zero octets come once in 128 */
		signature_check(fixture.issuer);
}

static void test_token_rsa(void **state)
{
	struct ceremony_plan root = fixture_root_plan(CA_KEY_RSA4096);
	struct issuer *s;
	struct err e;

	(void)state;
	NEED_TOKEN();
	root.name = "root-rsa";
	assert_done(ceremony_root(&fixture.place, &root, &e), &e);
	for (int hash = 256; hash <= 512; hash += 128) {
		const struct issuer_place place = {.dir = fixture.ca,
		    .name = "root-rsa",
		    .token = token,
		    .public_url = FIXTURE_URL,
		    .rsa_hash = hash};

		assert_done(issuer_open(&s, &place, &e), &e);
		signature_check(s);
		issuer_close(s);
	}
}

static void test_token_label_in_use(void **state)
{
	struct signing_key *key;
	struct err e;

	(void)state;
	NEED_TOKEN();
	assert_int_equal(signing_key_create_in_token(&key, CA_KEY_P256, token, "issuing-1", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
}

static CK_RV no_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR t, CK_ULONG n)
{
	(void)session;
	(void)object;
	(void)t;
	(void)n;
	return CKR_DEVICE_ERROR;
}

/* How many objects the token has with that label. */
static CK_ULONG objects_count(CK_FUNCTION_LIST_PTR p11, const char *label)
{
	CK_ATTRIBUTE want = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE found[4];
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8, i = 0;

	assert_int_equal(p11->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
	while (p11->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
		assert_true(++i < count); /* the free slot has no token yet */
	assert_int_equal(p11->C_FindObjectsInit(session, &want, 1), CKR_OK);
	assert_int_equal(p11->C_FindObjects(session, found, 4, &count), CKR_OK);
	assert_int_equal(p11->C_FindObjectsFinal(session), CKR_OK);
	assert_int_equal(p11->C_CloseSession(session), CKR_OK);
	return count;
}

/* The module's own list of functions, with one that fails while a pair is made: neither half is left. */
static void test_token_public_half_unreadable(void **state)
{
	CK_C_GetFunctionList list;
	CK_C_GetAttributeValue value;
	CK_FUNCTION_LIST_PTR p11;
	struct signing_key *key;
	void *library;
	struct err e;

	(void)state;
	NEED_TOKEN();
	library = dlopen(MODULE, RTLD_NOW | RTLD_NOLOAD);
	assert_non_null(library);
	*(void **)&list = dlsym(library, "C_GetFunctionList");
	assert_int_equal(list(&p11), CKR_OK);
	value = p11->C_GetAttributeValue;
	for (int type = 0; type < CA_KEY__MAX; type++) {
		p11->C_GetAttributeValue = no_value;
		assert_int_equal(signing_key_create_in_token(&key, (enum ca_key)type, token, "half", &e), -1);
		p11->C_GetAttributeValue = value;
		assert_string_equal(fault_code(e.fault), "internal");
		assert_int_equal(objects_count(p11, "half"), 0);
	}
	assert_done(signing_key_create_in_token(&key, CA_KEY_P256, token, "half", &e), &e);
	signing_key_free(key);
	assert_int_equal(objects_count(p11, "half"), 2);
	assert_done(token_key_destroy(token, "half", &e), &e);
	(void)dlclose(library);
}

/* The certificate of one CA with the key of another under its label. */
static void test_token_key_of_another(void **state)
{
	struct signing_key *key;
	struct issuer *s;
	struct err e;

	(void)state;
	NEED_TOKEN();
	fixture_run("cp %s/issuing-1.cer %s/stranger.cer", fixture.ca, fixture.ca);
	assert_int_equal(fixture_issuer_open(&fixture, "stranger", &s, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid); /* no such key */
	assert_done(signing_key_create_in_token(&key, CA_KEY_P256, token, "stranger", &e), &e);
	signing_key_free(key);
	assert_int_equal(fixture_issuer_open(&fixture, "stranger", &s, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid); /* does not match */
	assert_done(token_key_destroy(token, "stranger", &e), &e);
}

/* A ceremony that fails after its key was made takes the key out of the token again. */
static void test_token_ceremony_undone(void **state)
{
	struct ceremony_plan plan = fixture_issuing_plan(CA_KEY_P256);
	unsigned long handle;
	struct err e;

	(void)state;
	NEED_TOKEN();
	plan.name = "issuing-2";
	plan.validity = 21L * 365 * DAY;
	assert_int_equal(ceremony_issuing(&fixture.place, &plan, "root-1", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(token_key_find(token, "issuing-2", &handle, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
}

/* The token goes away and comes back: signing says busy, and after both reopens it works. */
static void test_token_away(void **state)
{
	char here[PATH_MAX], away[PATH_MAX];
	unsigned char *signature;
	struct err e;
	size_t len;

	(void)state;
	NEED_TOKEN();
	(void)snprintf(here, sizeof(here), "%s/tokens", fixture.dir);
	(void)snprintf(away, sizeof(away), "%s/away", fixture.dir);
	assert_int_equal(rename(here, away), 0);
	assert_int_equal(mkdir(here, 0700), 0);
	assert_int_equal(token_reopen(token, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_int_equal(
	    issuer_sign(fixture.issuer, (const unsigned char *)"a", 1, &signature, &len, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_int_equal(issuer_reopen(fixture.issuer, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_int_equal(rmdir(here), 0);
	assert_int_equal(rename(away, here), 0);
	assert_done(token_reopen(token, &e), &e);
	assert_done(issuer_reopen(fixture.issuer, &e), &e);
	signature_check(fixture.issuer);
}

/* After the token was opened anew, old handles may name another object: they must not be used. */
static void test_token_handle_stale(void **state)
{
	unsigned char *signature;
	struct err e;
	size_t len;

	(void)state;
	NEED_TOKEN();
	assert_done(token_reopen(token, &e), &e);
	assert_int_equal(
	    issuer_sign(fixture.issuer, (const unsigned char *)"a", 1, &signature, &len, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_done(issuer_reopen(fixture.issuer, &e), &e);
	signature_check(fixture.issuer);
}

/* Open the token through a module that goes wrong as it is told (tests/lib/odd_token.c). */
static void odd_open(char words[PATH_MAX])
{
	const char *b = getenv("B");
	char module[PATH_MAX];
	struct err e;

	issuer_close(fixture.issuer);
	fixture.issuer = NULL;
	token_close(token);
	token = NULL;
	(void)snprintf(words, PATH_MAX, "%s/words", fixture.dir);
	assert_int_equal(setenv("ODD_TOKEN", words, 1), 0);
	(void)snprintf(module, sizeof(module), "%s/tests/lib/odd_token.so", b == NULL ? "build/plain" : b);
	assert_done(token_open(&token, module, "mailcert", PIN, &e), &e);
	fixture.place.token = token;
	assert_done(fixture_issuer_open(&fixture, "issuing-1", &fixture.issuer, &e), &e);
}

/* A module that cannot be ended is none with a wrong PIN: it goes on with new sessions, and signs again when
 * it can. */
static void test_token_held(void **state)
{
	static const char first[] = "held refuse";
	char words[PATH_MAX];
	unsigned char *signature;
	struct err e;
	size_t len;

	(void)state;
	NEED_TOKEN();
	odd_open(words);
	assert_done(file_replace(words, first, strlen(first), 0600, &e), &e);
	assert_int_equal(
	    issuer_sign(fixture.issuer, (const unsigned char *)"a", 1, &signature, &len, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	for (int n = 0; n < 2; n++) {
		assert_done(token_reopen(token, &e), &e);
		assert_false(token_pin_refused(token));
		assert_int_equal(issuer_reopen(fixture.issuer, &e), -1);
		assert_int_equal(e.fault, FAULT_busy);
	}
	assert_done(file_replace(words, "held", 4, 0600, &e), &e);
	assert_done(token_reopen(token, &e), &e);
	assert_done(issuer_reopen(fixture.issuer, &e), &e);
	signature_check(fixture.issuer);
	assert_int_equal(unlink(words), 0);
	assert_done(token_reopen(token, &e), &e);
	assert_done(issuer_reopen(fixture.issuer, &e), &e);
	signature_check(fixture.issuer);
}

/* Wrong places to look for a token; the good one is closed meanwhile, as a module opens once in a process. */
static void test_token_wrong(void **state)
{
	struct token *t;
	struct err e;

	(void)state;
	NEED_TOKEN();
	assert_int_equal(token_open(&t, MODULE, "mailcert", PIN, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid); /* open already */
	issuer_close(fixture.issuer);
	fixture.issuer = NULL;
	token_close(token);
	token = NULL;
	assert_int_equal(token_open(&t, "/nowhere/module.so", "mailcert", PIN, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(token_open(&t, "libcrypto.so.3", "mailcert", PIN, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(token_open(&t, MODULE, "other", PIN, &e), -1);
	assert_int_equal(e.fault, FAULT_busy);
	assert_int_equal(token_open(&t, MODULE, "mailcert", "111111", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_null(strstr(e.log, "111111")); /* a PIN is in no log */
	assert_done(token_open(&token, MODULE, "mailcert", PIN, &e), &e);
	fixture.place.token = token;
	assert_done(fixture_issuer_open(&fixture, "issuing-1", &fixture.issuer, &e), &e);
	signature_check(fixture.issuer);
}

int main(void)
{
	static struct CMUnitTest files[32] = {
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_algorithms),
	    cmocka_unit_test(test_algorithm_of_ed25519),
	    cmocka_unit_test(test_owner),
	    cmocka_unit_test(test_key_file_wrong),
	    cmocka_unit_test(test_certificate_wrong),
	    cmocka_unit_test(test_public_url_https),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_reopen_file),
	    cmocka_unit_test(test_false_signature),
	    cmocka_unit_test(test_faulty_key),
	    cmocka_unit_test(test_rsa_hashes),
	    cmocka_unit_test(test_rsa_hash_unknown),
	};
	static const struct CMUnitTest in_token[] = {
	    {"section 9.23: the CA's key never leaves the token", test_token, NULL, NULL, NULL},
	    cmocka_unit_test(test_token_many_signatures),
	    cmocka_unit_test(test_token_rsa),
	    cmocka_unit_test(test_token_label_in_use),
	    cmocka_unit_test(test_token_public_half_unreadable),
	    cmocka_unit_test(test_token_key_of_another),
	    cmocka_unit_test(test_token_ceremony_undone),
	    cmocka_unit_test(test_token_away),
	    cmocka_unit_test(test_token_handle_stale),
	    cmocka_unit_test(test_token_held),
	    cmocka_unit_test(test_token_wrong),
	};
	size_t n = 13;
	int failed;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		files[n++] = (struct CMUnitTest){modes[i].name, test_mode, NULL, NULL, (void *)&modes[i]};
	failed = _cmocka_run_group_tests("issuer_file", files, n, files_setup, files_teardown);
	failed += _cmocka_run_group_tests(
	    "issuer_token", in_token, sizeof(in_token) / sizeof(in_token[0]), token_setup, token_teardown);
	return failed;
}
