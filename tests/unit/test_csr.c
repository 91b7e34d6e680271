/* test_csr.c - what people paste for a request: each thing read, or named by its fault and where it is wrong.
 *
 * Every vector is made here. A case fills a buffer with what is pasted; csr_read() and then csr_check() judge
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/csr.h"
#include "lib/pki/key.h"
#include "lib/pki/product.h"
#include "tests/unit/weak_keys.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* Keys made once: RSA takes its time. */
static EVP_PKEY *rsa, *p256, *p384, *p521, *ed25519;
static EVP_PKEY *pss, *pss_numbers; /* an RSA-PSS key, and its public half as rsaEncryption */
static const struct product shipped = {
    .keys = KEY_RSA | KEY_P256 | KEY_P384 | KEY_P521, .rsa_bits_least = 2048, .rsa_bits_most = 8192};
static const struct product rsa_only = {.keys = KEY_RSA, .rsa_bits_least = 3072, .rsa_bits_most = 4096};
static const struct product p256_only = {.keys = KEY_P256};
static const struct product with_ed25519 = {.keys = KEY_P256 | KEY_ED25519};

/* A request for pub, signed by the key of sign, with names and extensions that must not matter. */
static X509_REQ *request_make(EVP_PKEY *pub, EVP_PKEY *sign, const EVP_MD *md)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = X509_REQ_get_subject_name(req);

	assert_int_equal(
	    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Evil", -1, -1, 0), 1);
	(void)sk_X509_EXTENSION_push(
	    extensions, X509V3_EXT_nconf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE"));
	assert_int_equal(X509_REQ_add_extensions(req, extensions), 1);
	assert_int_equal(X509_REQ_set_pubkey(req, pub), 1);
	assert_true(X509_REQ_sign(req, sign, md) > 0);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return req;
}

static void put_request_der(struct buf *out, X509_REQ *req)
{
	unsigned char *der = NULL;
	int len = i2d_X509_REQ(req, &der);

	assert_true(len > 0);
	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	X509_REQ_free(req);
}

/* Add octets as PEM with any label. */
static void put_pem(struct buf *out, const char *label, const void *der, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long got;

	assert_true(PEM_write_bio(bio, label, "", der, (long)len) > 0);
	got = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)got);
	BIO_free(bio);
}

static void put_request_pem(struct buf *out, const char *label, X509_REQ *req)
{
	struct buf der = {0};

	put_request_der(&der, req);
	put_pem(out, label, der.data, der.len);
	buf_free(&der);
}

static void put_good(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(p256, p256, EVP_sha256()));
}

static void make_rsa(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(rsa, rsa, EVP_sha256()));
}

static void make_p384(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(p384, p384, EVP_sha384()));
}

static void make_p521(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(p521, p521, EVP_sha512()));
}

static void make_ed25519(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(ed25519, ed25519, NULL));
}

static void make_new(struct buf *out)
{
	put_request_pem(out, "NEW CERTIFICATE REQUEST", request_make(p256, p256, EVP_sha256()));
}

static void make_der(struct buf *out)
{
	put_request_der(out, request_make(p256, p256, EVP_sha256()));
}

/* base64 without boundaries, in lines of 64. */
static void make_bare(struct buf *out)
{
	struct buf pem = {0};
	char *end;

	put_good(&pem);
	end = strstr(pem.data, "-----END");
	buf_add(out, strchr(pem.data, '\n') + 1, (size_t)(end - strchr(pem.data, '\n') - 1));
	buf_free(&pem);
}

static void make_crlf(struct buf *out)
{
	struct buf pem = {0};

	put_good(&pem);
	buf_puts(out, "\xef\xbb\xbf\r\n");
	for (size_t i = 0; i < pem.len; i++)
		buf_puts(out, pem.data[i] == '\n' ? "  \r\n" : (char[2]){pem.data[i], '\0'});
	buf_free(&pem);
}

/* What make gives, each character a unit of UTF-16 with its low octet at `low` (0 or 1). */
static void put_wide(struct buf *out, void (*make)(struct buf *), size_t low)
{
	struct buf narrow = {0};

	make(&narrow);
	for (size_t i = 0; i < narrow.len; i++) {
		char unit[2] = {0};

		unit[low] = narrow.data[i];
		buf_add(out, unit, sizeof(unit));
	}
	buf_free(&narrow);
}

/* As `>` of Windows PowerShell and Notepad's "Unicode" write it. */
static void make_utf16_little(struct buf *out)
{
	buf_add(out, "\xff\xfe", 2);
	put_wide(out, put_good, 0);
}

static void make_utf16_big(struct buf *out)
{
	buf_add(out, "\xfe\xff", 2);
	put_wide(out, put_good, 1);
}

static void make_utf16_little_bare(struct buf *out)
{
	put_wide(out, put_good, 0);
}

static void make_utf16_big_bare(struct buf *out)
{
	put_wide(out, put_good, 1);
}

/* Prose that ASCII cannot write, a no-break space, and half a unit at the end. */
static void make_utf16_prose(struct buf *out)
{
	buf_add(out, "\xff\xfe\x7c\x01\x05\x01\r\0\n\0\xa0\0", 12);
	put_wide(out, put_good, 0);
	buf_add(out, "\n", 1);
}

static void make_one_line(struct buf *out)
{
	struct buf pem = {0};

	put_good(&pem);
	for (char *p = pem.data; *p != '\0'; p++)
		buf_add(out, *p == '\n' ? " " : p, 1);
	buf_free(&pem);
}

static void make_prose(struct buf *out)
{
	buf_puts(out, "Dear all,\nhere is my request (the private key stays with me):\n\n");
	put_good(out);
	buf_puts(out, "\nRegards -- Joe\n");
}

static void make_openssl_text(struct buf *out)
{
	X509_REQ *req = request_make(rsa, rsa, EVP_sha256());
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(X509_REQ_print(bio, req), 1);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, req), 1);
	len = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)len);
	BIO_free(bio);
	X509_REQ_free(req);
}

static X509 *certificate_make(void)
{
	X509 *x = X509_new();

	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1000), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 60));
	assert_int_equal(X509_set_pubkey(x, p256), 1);
	assert_true(X509_sign(x, p256, EVP_sha256()) > 0);
	return x;
}

/* Signed data around content, or only its certificate when there is none. */
static void put_pkcs7(struct buf *out, const struct buf *content)
{
	X509 *x = certificate_make();
	BIO *data = content == NULL ? NULL : BIO_new_mem_buf(content->data, (int)content->len);
	CMS_ContentInfo *cms;
	unsigned char *der = NULL;
	int len;

	cms = content == NULL ? CMS_sign(NULL, NULL, NULL, NULL, CMS_DETACHED | CMS_PARTIAL)
			      : CMS_sign(x, p256, NULL, data, CMS_BINARY | CMS_NOSMIMECAP);
	assert_non_null(cms);
	if (content == NULL)
		assert_int_equal(CMS_add1_cert(cms, x), 1);
	len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(data);
	X509_free(x);
}

static void make_pkcs7_der(struct buf *out)
{
	struct buf der = {0};

	make_der(&der);
	put_pkcs7(out, &der);
	buf_free(&der);
}

static void make_pkcs7_pem(struct buf *out)
{
	struct buf der = {0};

	make_pkcs7_der(&der);
	put_pem(out, "PKCS7", der.data, der.len);
	buf_free(&der);
}

/* As certreq of Windows labels it. */
static void make_pkcs7_as_request(struct buf *out)
{
	struct buf der = {0};

	make_pkcs7_der(&der);
	put_pem(out, "NEW CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
}

static void make_pkcs7_twice(struct buf *out)
{
	struct buf der = {0};

	make_pkcs7_der(&der);
	put_pkcs7(out, &der);
	buf_free(&der);
}

/* As certreq of Windows makes it when nobody says PKCS10; flags: with the signer's certificate or without. */
static void put_cmc(struct buf *out, const char *label, unsigned flags)
{
	X509 *x = certificate_make();
	BIO *data =
	    BIO_new_mem_buf("\x30\x08\x30\x00\x30\x00\x30\x00\x30\x00", 10); /* PKIData with nothing */
	unsigned char *der = NULL;
	CMS_ContentInfo *cms;
	int len;

	cms = CMS_sign(x, p256, NULL, data, CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL | flags);
	assert_non_null(cms);
	assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_id_cct_PKIData)), 1);
	assert_int_equal(CMS_final(cms, data, NULL, CMS_BINARY), 1);
	len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	if (label == NULL)
		buf_add(out, der, (size_t)len);
	else
		put_pem(out, label, der, (size_t)len);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(data);
	X509_free(x);
}

static void make_cmc(struct buf *out)
{
	put_cmc(out, "NEW CERTIFICATE REQUEST", CMS_NOCERTS);
}

static void make_cmc_with_certificate(struct buf *out)
{
	put_cmc(out, "PKCS7", 0);
}

static void make_cmc_der(struct buf *out)
{
	put_cmc(out, NULL, CMS_NOCERTS);
}

static void make_pkcs7_certificates(struct buf *out)
{
	put_pkcs7(out, NULL);
}

static void make_pss(struct buf *out)
{
	X509_REQ *req = request_make(rsa, rsa, EVP_sha256());
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey;

	assert_int_equal(EVP_DigestSignInit(ctx, &pkey, EVP_sha256(), NULL, rsa), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING), 1);
	assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
	EVP_MD_CTX_free(ctx);
	put_request_pem(out, "CERTIFICATE REQUEST", req);
}

static void make_pss_sha1(struct buf *out)
{
	X509_REQ *req = request_make(rsa, rsa, EVP_sha256());
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey;

	assert_int_equal(EVP_DigestSignInit(ctx, &pkey, EVP_sha1(), NULL, rsa), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING), 1);
	assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
	EVP_MD_CTX_free(ctx);
	put_request_pem(out, "CERTIFICATE REQUEST", req);
}

/* What is no request. */
static void make_empty(struct buf *out)
{
	buf_puts(out, "");
}

static void make_blank(struct buf *out)
{
	buf_puts(out, " \r\n\t\xc2\xa0\n");
}

static void make_prose_only(struct buf *out)
{
	buf_puts(out, "please issue my certificate");
}

static void make_word(struct buf *out)
{
	buf_puts(out, "test");
}

static void make_binary(struct buf *out)
{
	buf_add(out, "\x89PNG\r\n\x1a\n\0\0\0\0", 12);
}

static void make_pgp(struct buf *out)
{
	put_pem(out, "PGP MESSAGE", "anything", 8);
}

static void make_certificate(struct buf *out)
{
	X509 *x = certificate_make();
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	buf_puts(out, "subject=x\n");
	put_pem(out, "CERTIFICATE", der, (size_t)len);
	OPENSSL_free(der);
	X509_free(x);
}

static void make_certificate_der(struct buf *out)
{
	X509 *x = certificate_make();
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	X509_free(x);
}

static void make_certificate_v1(struct buf *out)
{
	X509 *x = certificate_make();
	unsigned char *der = NULL;
	int len;

	assert_int_equal(X509_set_version(x, X509_VERSION_1), 1);
	assert_true(X509_sign(x, p256, EVP_sha256()) > 0);
	len = i2d_X509(x, &der);
	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	X509_free(x);
}

static void make_certificate_mislabelled(struct buf *out)
{
	struct buf der = {0};

	make_certificate_der(&der);
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
}

static void make_public(struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(rsa, &der);

	put_pem(out, "PUBLIC KEY", der, (size_t)len);
	OPENSSL_free(der);
}

static void make_public_der(struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(rsa, &der);

	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
}

static void make_public_pkcs1(struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PublicKey(rsa, &der);

	put_pem(out, "RSA PUBLIC KEY", der, (size_t)len);
	OPENSSL_free(der);
}

static void make_public_ssh(struct buf *out)
{
	buf_puts(out, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC joe@home\n");
}

/* One more octet, or one less, in a whole block. */
static void make_trailing(struct buf *out)
{
	struct buf der = {0};

	make_der(&der);
	buf_add(&der, "\0\0\0", 3);
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
}

static void make_trailing_der(struct buf *out)
{
	make_der(out);
	buf_puts(out, "\n");
}

static void make_short(struct buf *out)
{
	struct buf der = {0};

	make_der(&der);
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len - 1);
	buf_free(&der);
}

static void make_no_end(struct buf *out)
{
	put_good(out);
	*strstr(out->data, "-----END") = '\0';
	out->len = strlen(out->data);
}

static void make_no_begin(struct buf *out)
{
	struct buf pem = {0};

	put_good(&pem);
	buf_puts(out, pem.data + 40);
	buf_free(&pem);
}

static void make_empty_block(struct buf *out)
{
	buf_puts(out, "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n");
}

static void make_two(struct buf *out)
{
	put_good(out);
	make_rsa(out);
}

static void make_three(struct buf *out)
{
	make_two(out);
	make_pkcs7_pem(out);
}

static void make_bad_character(struct buf *out)
{
	put_good(out);
	out->data[36 + 65 + 10] = '*'; /* in the third line */
}

static void make_bad_character_crlf(struct buf *out)
{
	make_crlf(out);
	*(strstr(out->data, "REQUEST-----") + 12 + 4) = '>';
}

static void make_too_large(struct buf *out)
{
	put_good(out);
	while (out->len <= CSR_TEXT_MAX)
		buf_puts(out, " ");
}

static void make_too_large_der(struct buf *out)
{
	static unsigned char big[CSR_DER_MAX + 1] = {0x30, 0x82, 0x3f, 0xfd, 0x30, 0x03, 0x02, 0x01};

	put_pem(out, "CERTIFICATE REQUEST", big, sizeof(big));
}

static void make_utf16_bad_character(struct buf *out)
{
	buf_add(out, "\xff\xfe", 2);
	put_wide(out, make_bad_character_crlf, 0);
}

static void make_utf16_blank(struct buf *out)
{
	buf_add(out, "\xff\xfe\n\0", 4);
}

/* Put octets over those that stand at the first place where `at` does, in the DER. */
static void put_patched(
    struct buf *out, const char *at, size_t at_len, size_t skip, const char *with, size_t len)
{
	struct buf der = {0};
	char *found;

	make_der(&der);
	found = memmem(der.data, der.len, at, at_len);
	assert_non_null(found);
	memcpy(found + skip, with, len);
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
}

#define EC_ID "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"

static void make_version_2(struct buf *out)
{
	put_patched(out, "\x02\x01\x00", 3, 2, "\x01", 1);
}

static void make_bad_subject(struct buf *out)
{
	put_patched(out, "\x02\x01\x00\x30", 4, 3, "\x31", 1);
}

static void make_bad_attributes(struct buf *out)
{
	put_patched(out, "\xa0\x22\x30\x20", 4, 0, "\xa1", 1);
}

static void make_point_off_curve(struct buf *out)
{
	put_patched(out, "\x03\x42\x00\x04", 4, 10, "\0\0\0\0\0\0\0\0", 8);
}

static void make_unused_bits(struct buf *out)
{
	put_patched(out, "\x03\x42\x00\x04", 4, 2, "\x01", 1);
}

static void make_indefinite(struct buf *out)
{
	buf_add(out, "\x30\x80\x30\x03\x02\x01\x00\x00\x00", 9);
}

static void make_long_length(struct buf *out)
{
	struct buf der = {0};

	make_der(&der); /* 30 81 xx or 30 82 xx xx: one length octet more, which DER forbids */
	assert_int_equal((unsigned char)der.data[1] & 0x80, 0x80);
	buf_add(out, "\x30", 1);
	buf_add(out, (char[2]){(char)(der.data[1] + 1), 0}, 2);
	buf_add(out, der.data + 2, der.len - 2);
	buf_free(&der);
}

/* Signatures. */
static void make_false_signature(struct buf *out)
{
	EVP_PKEY *other = EVP_EC_gen("P-256");

	put_request_pem(out, "CERTIFICATE REQUEST", request_make(p256, other, EVP_sha256()));
	EVP_PKEY_free(other);
}

static void make_other_kind_signature(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(p256, rsa, EVP_sha256()));
}

static void make_changed(struct buf *out)
{
	put_patched(out, "Evil", 4, 0, "Good", 4);
}

static void make_unknown_signature(struct buf *out)
{
	put_patched(out, "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 10, 9, "\x77", 1);
}

static void make_md5(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(rsa, rsa, EVP_md5()));
}

static void make_sha1(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(rsa, rsa, EVP_sha1()));
}

static void make_sha1_ec(struct buf *out)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(p256, p256, EVP_sha1()));
}

/* Kinds of keys. The signature is another key's: the kind is judged before. */
static void put_foreign(struct buf *out, EVP_PKEY *pub)
{
	put_request_pem(out, "CERTIFICATE REQUEST", request_make(pub, p256, EVP_sha256()));
	EVP_PKEY_free(pub);
}

static void make_secp256k1(struct buf *out)
{
	put_foreign(out, EVP_EC_gen("secp256k1"));
}

static void make_brainpool(struct buf *out)
{
	put_foreign(out, EVP_EC_gen("brainpoolP256r1"));
}

static void make_p224(struct buf *out)
{
	put_foreign(out, EVP_EC_gen("P-224"));
}

static void make_explicit(struct buf *out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
	put_foreign(out, key);
}

static void make_compressed(struct buf *out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_int_equal(
	    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"), 1);
	put_foreign(out, key);
}

static void make_rsa_pss_key(struct buf *out)
{
	assert_int_equal(EVP_PKEY_up_ref(pss), 1);
	put_foreign(out, pss);
}

static void make_x25519(struct buf *out)
{
	put_foreign(out, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
}

static void make_ed448(struct buf *out)
{
	put_foreign(out, EVP_PKEY_Q_keygen(NULL, NULL, "ED448"));
}

/* The neutral point for a key, and a signature without a secret: R the neutral point, S 0. It holds for every
 * message, so only the key can be refused. */
static void make_ed25519_neutral(struct buf *out)
{
	static const unsigned char neutral[32] = {1}, forged[64] = {1};
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, neutral, sizeof(neutral));
	struct buf der = {0};

	put_request_der(&der, request_make(key, ed25519, NULL));
	memcpy(der.data + der.len - sizeof(forged), forged, sizeof(forged));
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
	EVP_PKEY_free(key);
}

static void make_unknown_kind(struct buf *out)
{
	put_patched(out, EC_ID, 9, 8, "\x7e", 1);
}

/* rsaEncryption with its NULL turned into an empty OCTET STRING: decodes, but is not the octets of
 * SBR 7.1.3.1. */
static void make_rsa_not_null(struct buf *out)
{
	struct buf der = {0};
	char *found;

	put_request_der(&der, request_make(rsa, rsa, EVP_sha256()));
	found = memmem(der.data, der.len, "\xf7\x0d\x01\x01\x01\x05\x00", 7);
	assert_non_null(found);
	found[5] = 4;
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
}

/* RSA sizes and exponents; no honest factors are needed to be refused. */
static void make_rsa_1024(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(1024), 65537));
}

static void make_rsa_2047(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(2047), 65537));
}

static void make_rsa_2050(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(2050), 65537));
}

static void make_rsa_8200(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(8200), 65537));
}

static void make_exponent_1(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(2048), 1));
}

static void make_exponent_3(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(2048), 3));
}

static void make_exponent_even(struct buf *out)
{
	put_foreign(out, rsa_take(odd_make(2048), 65538));
}

static void put_exponent(struct buf *out, int modulus_bits, int bits)
{
	BIGNUM *n = odd_make(modulus_bits), *exponent = odd_make(bits);

	put_foreign(out, rsa_make(n, exponent));
	BN_free(n);
	BN_free(exponent);
}

static void make_exponent_264(struct buf *out)
{
	put_exponent(out, 2048, 264);
}

static void make_exponent_72_large(struct buf *out)
{
	put_exponent(out, 4096, 72);
}

static void make_roca(struct buf *out)
{
	put_foreign(out, rsa_take(modulus_roca_make(2048), 65537));
}

static void make_fermat(struct buf *out)
{
	put_foreign(out, rsa_take(modulus_fermat_make(2048, 9), 65537));
}

static void make_square(struct buf *out)
{
	put_foreign(out, rsa_take(modulus_power_make(2048, 2), 65537));
}

static void make_factor(struct buf *out)
{
	put_foreign(out, rsa_take(modulus_factor_make(2056, 751), 65537));
}

static const struct case_row {
	const char *name;
	void (*make)(struct buf *);
	enum fault fault; /* FAULT_none: accepted */
	const char *arg;
	const struct product *product; /* NULL: the shipped ones */
	EVP_PKEY **key;                /* accepted: this key came out */
} cases[] = {
    {"RSA", make_rsa, 0, NULL, NULL, &rsa},
    {"P-256", put_good, 0, NULL, NULL, &p256},
    {"P-384", make_p384, 0, NULL, NULL, &p384},
    {"P-521", make_p521, 0, NULL, NULL, &p521},
    {"NEW CERTIFICATE REQUEST", make_new, 0, NULL, NULL, &p256},
    {"DER", make_der, 0, NULL, NULL, &p256},
    {"bare base64", make_bare, 0, NULL, NULL, &p256},
    {"CRLF, BOM and blanks", make_crlf, 0, NULL, NULL, &p256},
    {"UTF-16, low octet first", make_utf16_little, 0, NULL, NULL, &p256},
    {"UTF-16, high octet first", make_utf16_big, 0, NULL, NULL, &p256},
    {"UTF-16 without its mark, low octet first", make_utf16_little_bare, 0, NULL, NULL, &p256},
    {"UTF-16 without its mark, high octet first", make_utf16_big_bare, 0, NULL, NULL, &p256},
    {"UTF-16 with prose around", make_utf16_prose, 0, NULL, NULL, &p256},
    {"one line", make_one_line, 0, NULL, NULL, &p256},
    {"prose around", make_prose, 0, NULL, NULL, &p256},
    {"openssl req -text", make_openssl_text, 0, NULL, NULL, &rsa},
    {"PKCS #7 in DER", make_pkcs7_der, 0, NULL, NULL, &p256},
    {"PKCS #7 in PEM", make_pkcs7_pem, 0, NULL, NULL, &p256},
    {"PKCS #7 labelled as a request", make_pkcs7_as_request, 0, NULL, NULL, &p256},
    {"signed with RSASSA-PSS", make_pss, 0, NULL, NULL, &rsa},

    {"empty", make_empty, FAULT_csr_missing, "", NULL, NULL},
    {"blanks", make_blank, FAULT_csr_missing, "", NULL, NULL},
    {"blanks in UTF-16", make_utf16_blank, FAULT_csr_missing, "", NULL, NULL},
    {"prose", make_prose_only, FAULT_csr_not_pem, "", NULL, NULL},
    {"a word that is base64", make_word, FAULT_csr_not_pem, "", NULL, NULL},
    {"a picture", make_binary, FAULT_csr_not_pem, "", NULL, NULL},
    {"PGP", make_pgp, FAULT_csr_not_pem, "", NULL, NULL},
    {"certificate", make_certificate, FAULT_csr_is_certificate, "", NULL, NULL},
    {"certificate in DER", make_certificate_der, FAULT_csr_is_certificate, "", NULL, NULL},
    {"certificate of version 1", make_certificate_v1, FAULT_csr_is_certificate, "", NULL, NULL},
    {"certificate labelled as a request", make_certificate_mislabelled, FAULT_csr_is_certificate, "", NULL,
	NULL},
    {"certificates in PKCS #7", make_pkcs7_certificates, FAULT_csr_is_certificate, "PKCS7", NULL, NULL},
    {"CMC labelled as a request", make_cmc, FAULT_csr_cmc, "", NULL, NULL},
    {"CMC with a certificate", make_cmc_with_certificate, FAULT_csr_cmc, "", NULL, NULL},
    {"CMC in DER", make_cmc_der, FAULT_csr_cmc, "", NULL, NULL},
    {"public key", make_public, FAULT_csr_is_public_key, "", NULL, NULL},
    {"public key in DER", make_public_der, FAULT_csr_is_public_key, "", NULL, NULL},
    {"RSA PUBLIC KEY", make_public_pkcs1, FAULT_csr_is_public_key, "", NULL, NULL},
    {"SSH public key", make_public_ssh, FAULT_csr_is_public_key, "", NULL, NULL},
    {"octets behind", make_trailing, FAULT_csr_trailing_data, "3", NULL, NULL},
    {"octet behind DER", make_trailing_der, FAULT_csr_trailing_data, "1", NULL, NULL},
    {"an octet short", make_short, FAULT_csr_truncated, "", NULL, NULL},
    {"no END line", make_no_end, FAULT_csr_truncated, "", NULL, NULL},
    {"no BEGIN line", make_no_begin, FAULT_csr_truncated, "", NULL, NULL},
    {"nothing between", make_empty_block, FAULT_csr_truncated, "", NULL, NULL},
    {"two", make_two, FAULT_csr_several, "2", NULL, NULL},
    {"three", make_three, FAULT_csr_several, "3", NULL, NULL},
    {"text too large", make_too_large, FAULT_csr_too_large, "65536", NULL, NULL},
    {"DER too large", make_too_large_der, FAULT_csr_too_large, "16384", NULL, NULL},
    {"character in line 3", make_bad_character, FAULT_csr_not_parsable, "line 3", NULL, NULL},
    {"character in line 3, CRLF", make_bad_character_crlf, FAULT_csr_not_parsable, "line 3", NULL, NULL},
    {"character in line 3, UTF-16", make_utf16_bad_character, FAULT_csr_not_parsable, "line 3", NULL, NULL},
    {"version 2", make_version_2, FAULT_csr_not_parsable, "byte 6", NULL, NULL},
    {"no subject", make_bad_subject, FAULT_csr_not_parsable, "byte 9", NULL, NULL},
    {"no attributes", make_bad_attributes, FAULT_csr_not_parsable, "byte 117", NULL, NULL},
    {"section 9.6: point not on its curve", make_point_off_curve, FAULT_csr_not_parsable, "byte 49", NULL,
	NULL},
    {"unused bits in the key", make_unused_bits, FAULT_csr_not_parsable, "byte 49", NULL, NULL},
    {"indefinite length", make_indefinite, FAULT_csr_not_parsable, "byte 0", NULL, NULL},
    {"length not the shortest", make_long_length, FAULT_csr_not_parsable, "byte 0", NULL, NULL},
    {"PKCS #7 in PKCS #7", make_pkcs7_twice, FAULT_csr_not_parsable, "byte 0", NULL, NULL},

    {"section 9.6: false signature", make_false_signature, FAULT_csr_signature_invalid, "", NULL, NULL},
    {"signature of another kind of key", make_other_kind_signature, FAULT_csr_signature_invalid, "", NULL,
	NULL},
    {"section 9.6: changed after signing", make_changed, FAULT_csr_signature_invalid, "", NULL, NULL},
    {"unknown signature algorithm", make_unknown_signature, FAULT_csr_signature_invalid,
	"1.2.840.10045.4.3.119", NULL, NULL},
    {"MD5", make_md5, FAULT_csr_signature_weak, "MD5", NULL, NULL},
    {"SHA-1", make_sha1, FAULT_csr_signature_weak, "SHA1", NULL, NULL},
    {"SHA-1 with ECDSA", make_sha1_ec, FAULT_csr_signature_weak, "SHA1", NULL, NULL},
    {"SHA-1 with RSASSA-PSS", make_pss_sha1, FAULT_csr_signature_weak, "SHA1", NULL, NULL},

    {"section 9.6: secp256k1", make_secp256k1, FAULT_csr_curve_unsupported, "secp256k1", NULL, NULL},
    {"section 9.6: brainpoolP256r1", make_brainpool, FAULT_csr_curve_unsupported, "brainpoolP256r1", NULL,
	NULL},
    {"section 9.6: P-224", make_p224, FAULT_csr_curve_unsupported, "P-224", NULL, NULL},
    {"section 9.6: explicit parameters", make_explicit, FAULT_csr_curve_unsupported, "explicit parameters",
	NULL, NULL},
    {"P-384 not sold", make_p384, FAULT_csr_curve_unsupported, "P-384", &p256_only, NULL},
    {"RSA not sold", make_rsa, FAULT_csr_key_type_unsupported, "RSA", &p256_only, NULL},
    {"compressed point", make_compressed, FAULT_csr_key_type_unsupported, "EC, compressed point", NULL, NULL},
    {"section 9.6: RSASSA-PSS key", make_rsa_pss_key, FAULT_csr_key_type_unsupported, "RSASSA-PSS", NULL,
	NULL},
    {"X25519", make_x25519, FAULT_csr_key_type_unsupported, "X25519", NULL, NULL},
    {"Ed448", make_ed448, FAULT_csr_key_type_unsupported, "ED448", NULL, NULL},
    {"Ed25519 not sold", make_ed25519, FAULT_csr_key_type_unsupported, "Ed25519", NULL, NULL},
    {"Ed25519 sold", make_ed25519, 0, NULL, &with_ed25519, &ed25519},
    {"Ed25519, a key that any signature proves", make_ed25519_neutral, FAULT_csr_not_parsable, "Ed25519",
	&with_ed25519, NULL},
    {"unknown kind of key", make_unknown_kind, FAULT_csr_key_type_unsupported, "1.2.840.10045.2.126", NULL,
	NULL},
    {"section 9.6: RSA without its NULL", make_rsa_not_null, FAULT_csr_key_type_unsupported,
	"RSA, parameters not NULL", NULL, NULL},
    {"section 9.6: RSA 1024", make_rsa_1024, FAULT_csr_key_too_small, "1024", NULL, NULL},
    {"section 9.6: RSA 2047", make_rsa_2047, FAULT_csr_key_too_small, "2047", NULL, NULL},
    {"RSA 2048, 3072 wanted", make_rsa, FAULT_csr_key_too_small, "2048", &rsa_only, NULL},
    {"section 9.6: RSA 2050", make_rsa_2050, FAULT_csr_key_size_unsupported, "2050", NULL, NULL},
    {"RSA 8200", make_rsa_8200, FAULT_csr_key_size_unsupported, "8200", NULL, NULL},
    {"section 9.6: exponent 1", make_exponent_1, FAULT_csr_exponent_unsupported, "1", NULL, NULL},
    {"exponent 3", make_exponent_3, FAULT_csr_exponent_unsupported, "3", NULL, NULL},
    {"section 9.6: exponent even", make_exponent_even, FAULT_csr_exponent_unsupported, "65538", NULL, NULL},
    {"exponent of 264 bits", make_exponent_264, FAULT_csr_exponent_unsupported, "over 64 bits", NULL, NULL},
    {"exponent of 72 bits, RSA 4096", make_exponent_72_large, FAULT_csr_exponent_unsupported, "over 64 bits",
	NULL, NULL},
    {"section 9.7: a request with ROCA", make_roca, FAULT_csr_key_weak_roca, "", NULL, NULL},
    {"section 9.7: a request with close primes", make_fermat, FAULT_csr_key_weak_fermat, "", NULL, NULL},
    {"square", make_square, FAULT_csr_key_weak_fermat, "", NULL, NULL},
    {"section 9.7: a request with small factor", make_factor, FAULT_csr_key_weak_factor, "751", NULL, NULL},
};

static int judge(const struct buf *text, const struct product *product, const struct blocklist *list,
    struct csr **out, struct err *e)
{
	struct key_hashes pasted;
	struct csr *csr = NULL;
	int rc;

	memset(e, 0, sizeof(*e));
	rc = csr_read(&csr, text->data == NULL ? "" : text->data, text->len, &pasted, e);
	if (rc == 0)
		rc = csr_check(csr, product, list, e);
	if (out != NULL && rc == 0)
		*out = csr;
	else
		csr_free(csr);
	return rc;
}

static void check_key_out(const struct csr *csr, EVP_PKEY *key)
{
	unsigned char *der = NULL, number[32];
	int len = i2d_PUBKEY(key, &der);
	struct err e;

	assert_int_equal(csr->spki_len, len);
	assert_memory_equal(csr->spki, der, csr->spki_len);
	assert_memory_equal(SHA256(der, (size_t)len, NULL), csr->spki_sha256, 32);
	assert_int_equal(key_number_sha256(number, key, &e), 0);
	assert_memory_equal(csr->number_sha256, number, sizeof(number));
	assert_int_equal(EVP_PKEY_eq(csr->key, key), 1);
	assert_int_equal(csr->bits, EVP_PKEY_get_bits(key));
	assert_string_equal(key_word(csr->type), key == rsa    ? "RSA"
						 : key == p256 ? "P-256"
						 : key == p384 ? "P-384"
						 : key == p521 ? "P-521"
							       : "Ed25519");
	OPENSSL_free(der);
}

static void check_case(void **state)
{
	const struct case_row *c = *state;
	struct csr *csr = NULL;
	struct buf text = {0};
	struct err e;
	int rc;

	c->make(&text);
	rc = judge(&text, c->product == NULL ? &shipped : c->product, NULL, &csr, &e);
	buf_free(&text);
	if (rc == -1 && c->fault == FAULT_none)
		fail_msg("%s: %s", fault_code(e.fault), e.log);
	assert_int_equal(rc, c->fault == FAULT_none ? 0 : -1);
	assert_string_equal(fault_code(e.fault), fault_code(c->fault));
	if (rc == -1)
		assert_string_equal(e.arg, c->arg);
	else
		check_key_out(csr, *c->key);
	csr_free(csr);
}

/* Whatever a product says, "any" takes Ed25519; what was kept is the request, octet by octet. */
static void check_any_product(void **state)
{
	struct buf text = {0}, der = {0};
	struct csr *csr = NULL;
	struct err e;

	(void)state;
	make_ed25519(&text);
	assert_int_equal(judge(&text, NULL, NULL, &csr, &e), 0);
	assert_int_equal(csr->type, KEY_ED25519);
	csr_free(csr);
	make_der(&der);
	assert_int_equal(judge(&der, NULL, NULL, &csr, &e), 0);
	assert_int_equal(csr->der_len, der.len);
	assert_memory_equal(csr->der, der.data, der.len);
	csr_free(csr);
	buf_free(&text);
	buf_free(&der);
}

/* No beginning of a good request is one, and each but the shortest is called cut. */
static void check_cut(void (*make)(struct buf *), size_t least_named)
{
	struct buf text = {0}, part = {0};
	struct err e;
	char *end;

	make(&text);
	end = strstr(text.data, "REQUEST-----\n\0");
	for (size_t len = 0; len < text.len; len++) {
		if (end != NULL && strstr(text.data, "-----END") != NULL && len >= text.len - 1)
			break; /* only the last line end is missing */
		part.len = 0;
		buf_add(&part, text.data, len);
		assert_int_equal(judge(&part, NULL, NULL, NULL, &e), -1);
		if (len >= least_named && e.fault != FAULT_csr_truncated)
			fail_msg("cut at %zu of %zu: %s", len, text.len, fault_code(e.fault));
	}
	buf_free(&text);
	buf_free(&part);
}

static void check_cut_pem(void **state)
{
	(void)state;
	check_cut(put_good, sizeof("-----BEGIN ") - 1);
	check_cut(make_rsa, sizeof("-----BEGIN ") - 1);
}

static void check_cut_der(void **state)
{
	(void)state;
	check_cut(make_der, 2);
}

static void bare_joined(struct buf *out)
{
	struct buf bare = {0};

	make_bare(&bare);
	for (size_t i = 0; i < bare.len; i++)
		if (bare.data[i] != '\n')
			buf_add(out, bare.data + i, 1);
	buf_free(&bare);
}

static void check_cut_bare(void **state)
{
	(void)state;
	check_cut(bare_joined, 65);
}

static void check_cut_pkcs7(void **state)
{
	(void)state;
	check_cut(make_pkcs7_der, 20);
}

/* No request with one bit changed is accepted: all of it is signed, or is the signature. */
static void check_bits(void **state)
{
	struct buf der = {0};
	struct err e;

	(void)state;
	make_der(&der);
	for (size_t bit = 0; bit < der.len * 8; bit++) {
		der.data[bit / 8] = (char)(der.data[bit / 8] ^ (1 << bit % 8));
		if (judge(&der, NULL, NULL, NULL, &e) == 0)
			fail_msg("bit %zu of octet %zu does not matter", bit % 8, bit / 8);
		der.data[bit / 8] = (char)(der.data[bit / 8] ^ (1 << bit % 8));
	}
	assert_int_equal(judge(&der, NULL, NULL, NULL, &e), 0);
	buf_free(&der);
}

/* Private keys: refused in every dress, and the hash is that of the public half when it could be read. */
static void put_private(struct buf *out, EVP_PKEY *key, const char *label, int encrypted)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	char *text;
	long got;
	int len;

	if (encrypted) {
		assert_int_equal(
		    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
		got = BIO_get_mem_data(bio, &text);
		buf_add(out, text, (size_t)got);
	} else {
		len = strcmp(label, "PRIVATE KEY") == 0 || *label == '\0' ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der)
									  : i2d_PrivateKey(key, &der);
		assert_true(len > 0);
		if (*label == '\0')
			buf_add(out, der, (size_t)len);
		else
			put_pem(out, label, der, (size_t)len);
	}
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	BIO_free(bio);
}

static void make_private_rsa(struct buf *out)
{
	put_private(out, rsa, "RSA PRIVATE KEY", 0);
}

static void make_private_pkcs8(struct buf *out)
{
	put_private(out, rsa, "PRIVATE KEY", 0);
}

static void make_private_ec(struct buf *out)
{
	put_private(out, p256, "EC PRIVATE KEY", 0);
}

/* An EC key's forms that no request may have. */
static void put_private_ec(struct buf *out, EVP_PKEY *key, const char *param, const char *value)
{
	EVP_PKEY *copy = EVP_PKEY_dup(key);

	assert_int_equal(EVP_PKEY_set_utf8_string_param(copy, param, value), 1);
	put_private(out, copy, "EC PRIVATE KEY", 0);
	EVP_PKEY_free(copy);
}

static void make_private_compressed(struct buf *out)
{
	put_private_ec(out, p256, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
}

static void make_private_hybrid(struct buf *out)
{
	put_private_ec(out, p384, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid");
}

static void make_private_explicit(struct buf *out)
{
	put_private_ec(out, p521, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
}

static void make_private_pss(struct buf *out)
{
	put_private(out, pss, "PRIVATE KEY", 0);
}

static void make_private_ed25519(struct buf *out)
{
	put_private(out, ed25519, "PRIVATE KEY", 0);
}

static void make_private_der(struct buf *out)
{
	put_private(out, p256, "", 0);
}

static void make_private_ed25519_der(struct buf *out)
{
	put_private(out, ed25519, "", 0);
}

static void make_private_utf16_little(struct buf *out)
{
	buf_add(out, "\xff\xfe", 2);
	put_wide(out, make_private_pkcs8, 0);
}

static void make_private_utf16_big(struct buf *out)
{
	buf_add(out, "\xfe\xff", 2);
	put_wide(out, make_private_pkcs8, 1);
}

static void make_private_utf16_bare(struct buf *out)
{
	put_wide(out, make_private_ec, 0);
}

static void make_private_encrypted(struct buf *out)
{
	put_private(out, p256, "", 1);
}

static void make_private_beside(struct buf *out)
{
	put_good(out);
	make_private_ec(out);
}

static void make_private_with_parameters(struct buf *out)
{
	put_pem(out, "EC PARAMETERS", "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10);
	make_private_ec(out);
}

static void bare_of(struct buf *out, void (*make)(struct buf *))
{
	struct buf pem = {0};
	char *from;

	make(&pem);
	from = strchr(pem.data, '\n') + 1;
	buf_add(out, from, (size_t)(strstr(from, "-----END") - from));
	buf_free(&pem);
}

static void make_private_bare(struct buf *out)
{
	bare_of(out, make_private_rsa);
}

static void make_private_bare_ed25519(struct buf *out)
{
	bare_of(out, make_private_ed25519);
}

static void make_private_cut(struct buf *out)
{
	make_private_rsa(out);
	out->len /= 2;
	out->data[out->len] = '\0';
}

static void make_private_bare_cut(struct buf *out)
{
	make_private_bare(out);
	out->len = out->len / 8 * 4 + 2;
	out->data[out->len] = '\0';
}

static void make_private_few_dashes(struct buf *out)
{
	struct buf pem = {0};

	make_private_ec(&pem);
	buf_puts(out, pem.data + 1);
	buf_free(&pem);
}

static void make_private_openssh(struct buf *out)
{
	put_pem(out, "OPENSSH PRIVATE KEY", "openssh-key-v1\0\0\0\0\4none", 23);
}

static void make_private_pem_encrypted(struct buf *out)
{
	buf_puts(out,
	    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
	    "-----END RSA PRIVATE KEY-----\n");
}

static void make_private_putty(struct buf *out)
{
	buf_puts(out, "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 6\n");
}

static void make_private_mislabelled(struct buf *out)
{
	struct buf der = {0};

	make_private_der(&der);
	put_pem(out, "CERTIFICATE REQUEST", der.data, der.len);
	buf_free(&der);
}

static void make_private_pkcs12(struct buf *out)
{
	X509 *x = certificate_make();
	PKCS12 *p12 = PKCS12_create("secret", "joe", p256, x, NULL, 0, 0, 1, 1, 0);
	unsigned char *der = NULL;
	int len = i2d_PKCS12(p12, &der);

	assert_true(len > 0);
	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	PKCS12_free(p12);
	X509_free(x);
}

/* Another's public numbers with private ones that are not theirs: must not get that key blocked. */
static void make_private_false(struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(rsa, &der);

	for (int i = 300; i < len; i++) /* past n and e: d, the primes and the rest */
		if (der[i] != 0 && i % 7 == 0)
			der[i] ^= 0x10;
	put_pem(out, "RSA PRIVATE KEY", der, (size_t)len);
	OPENSSL_free(der);
}

static void make_private_false_ec(struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(p256, &der);

	der[20] ^= 1;
	put_pem(out, "EC PRIVATE KEY", der, (size_t)len);
	OPENSSL_free(der);
}

static void make_private_encrypted_first(struct buf *out)
{
	make_private_encrypted(out);
	make_private_pem_encrypted(out);
	make_private_openssh(out);
	make_private_rsa(out);
}

static void make_private_false_first(struct buf *out)
{
	make_private_false(out);
	make_private_ec(out);
}

/* More than are tried: each but the last is a false one. */
static void make_private_many_first(struct buf *out)
{
	for (int i = 0; i < 8; i++)
		make_private_false_ec(out);
	make_private_ec(out);
}

static const struct private_row {
	const char *name;
	void (*make)(struct buf *);
	EVP_PKEY **noted; /* whose hash comes out; NULL: none */
} privates[] = {
    {"section 9.8: RSA PRIVATE KEY", make_private_rsa, &rsa},
    {"section 9.8: PKCS #8", make_private_pkcs8, &rsa},
    {"EC PRIVATE KEY", make_private_ec, &p256},
    {"Ed25519 PRIVATE KEY", make_private_ed25519, &ed25519},
    {"private key in DER", make_private_der, &p256},
    {"Ed25519 private key in DER", make_private_ed25519_der, &ed25519},
    {"section 9.8: private key beside a good request", make_private_beside, &p256},
    {"private key behind EC PARAMETERS", make_private_with_parameters, &p256},
    {"private key in bare base64", make_private_bare, &rsa},
    {"Ed25519 private key in bare base64", make_private_bare_ed25519, &ed25519},
    {"private key labelled as a request", make_private_mislabelled, &p256},
    {"private key in UTF-16, low octet first", make_private_utf16_little, &rsa},
    {"private key in UTF-16, high octet first", make_private_utf16_big, &rsa},
    {"private key in UTF-16 without its mark", make_private_utf16_bare, &p256},
    {"section 9.8: private key, encrypted", make_private_encrypted, NULL},
    {"private key, encrypted the old way", make_private_pem_encrypted, NULL},
    {"private key, OpenSSH", make_private_openssh, NULL},
    {"private key, PuTTY", make_private_putty, NULL},
    {"private key, PKCS #12", make_private_pkcs12, NULL},
    {"private key, cut", make_private_cut, NULL},
    {"private key in bare base64, cut", make_private_bare_cut, NULL},
    {"private key, a dash lost", make_private_few_dashes, NULL},
    {"private key, false RSA numbers", make_private_false, NULL},
    {"private key, false EC number", make_private_false_ec, NULL},
    {"EC private key, compressed point", make_private_compressed, &p256},
    {"EC private key, hybrid point", make_private_hybrid, &p384},
    {"EC private key, explicit parameters", make_private_explicit, &p521},
    {"RSA-PSS private key", make_private_pss, &pss_numbers},
    {"private key behind others that cannot be read", make_private_encrypted_first, &rsa},
    {"private key behind a false one", make_private_false_first, &p256},
    {"private key behind eight false ones", make_private_many_first, NULL},
};

static void check_private(void **state)
{
	const struct private_row *c = *state;
	struct key_hashes got, want = {0};
	struct csr *csr = NULL;
	struct buf text = {0};
	struct err e = {0};

	c->make(&text);
	memset(&got, 0xff, sizeof(got));
	assert_int_equal(csr_read(&csr, text.data, text.len, &got, &e), -1);
	assert_string_equal(fault_code(e.fault), "csr_is_private_key");
	assert_null(csr);
	if (c->noted != NULL)
		assert_int_equal(key_hashes(&want, *c->noted, &e), 0);
	assert_memory_equal(got.spki, want.spki, 32);
	assert_memory_equal(got.number, want.number, 32);
	assert_int_equal(csr_read(&csr, text.data, text.len, NULL, &e), -1); /* nobody wants the hash */
	assert_int_equal(e.fault, FAULT_csr_is_private_key);
	buf_free(&text);
}

/* Blocked by hash of the SPKI or of the number; the reason tells the fault. */
static void check_blocked(void **state)
{
	static const struct {
		int by_number;
		enum block_reason reason;
		enum fault want;
	} rows[] = {{0, BLOCK_COMPROMISED, FAULT_csr_key_compromised},
	    {1, BLOCK_COMPROMISED, FAULT_csr_key_compromised}, {0, BLOCK_DEBIAN, FAULT_csr_key_weak_debian},
	    {1, BLOCK_DEBIAN, FAULT_csr_key_weak_debian}};
	char path[] = "/tmp/test_csr.XXXXXX";
	struct blocklist *list = NULL;
	struct block_set *set = NULL;
	struct buf text = {0}, other = {0};
	unsigned char hash[32];
	struct err e;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	make_rsa(&text);
	put_good(&other);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		assert_int_equal(
		    rows[i].by_number ? key_number_sha256(hash, rsa, &e) : key_spki_sha256(hash, rsa, &e), 0);
		assert_int_equal(block_set_new(&set, &e), 0);
		assert_int_equal(block_set_add(set, hash, rows[i].reason, &e), 0);
		assert_int_equal(blocklist_write(set, path, 0600, NULL, &e), 0);
		block_set_free(set);
		assert_int_equal(blocklist_open(&list, path, &e), 0);
		assert_int_equal(judge(&text, &shipped, list, NULL, &e), -1);
		assert_string_equal(fault_code(e.fault), fault_code(rows[i].want));
		assert_int_equal(judge(&other, &shipped, list, NULL, &e), 0);
		blocklist_free(list);
	}
	(void)unlink(path);
	buf_free(&text);
	buf_free(&other);
}

/* A key that signs with RSASSA-PSS and SHA-384 alone. */
static void pss_make(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	BIGNUM *n = NULL;

	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_sha384()) == 1 && EVP_PKEY_generate(ctx, &pss) == 1 &&
	    EVP_PKEY_get_bn_param(pss, OSSL_PKEY_PARAM_RSA_N, &n) == 1)
		pss_numbers = rsa_take(n, 65537);
	EVP_PKEY_CTX_free(ctx);
}

static int keys_make(void **state)
{
	(void)state;
	pss_make();
	rsa = EVP_RSA_gen(2048);
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	p521 = EVP_EC_gen("P-521");
	ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return rsa == NULL || p256 == NULL || p384 == NULL || p521 == NULL || ed25519 == NULL ||
		       pss_numbers == NULL
		   ? -1
		   : 0;
}

static int keys_free(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(p521);
	EVP_PKEY_free(ed25519);
	EVP_PKEY_free(pss);
	EVP_PKEY_free(pss_numbers);
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[NITEMS(cases) + NITEMS(privates) + 7];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(cases); i++)
		tests[n++] =
		    (struct CMUnitTest){cases[i].name, check_case, NULL, NULL, (void *)(uintptr_t)&cases[i]};
	for (size_t i = 0; i < NITEMS(privates); i++)
		tests[n++] = (struct CMUnitTest){
		    privates[i].name, check_private, NULL, NULL, (void *)(uintptr_t)&privates[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_any_product);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_cut_pem);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_cut_der);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_cut_bare);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_cut_pkcs7);
	tests[n++] = (struct CMUnitTest){
	    "section 9.6: any bit of a request that is turned is noticed", check_bits, NULL, NULL, NULL};
	tests[n++] = (struct CMUnitTest){
	    "section 9.7: a key on the own list is refused", check_blocked, NULL, NULL, NULL};
	return cmocka_run_group_tests_name("requests", tests, keys_make, keys_free);
}
