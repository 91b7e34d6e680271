/* csr.c - finding the request in what was pasted, and parsing its outside; see csr.h.
 *
 * text -> armor (armor.h) -> shape (shape.h) -> parts. Each stage knows what a person may have taken for a
 * request, and says so. OpenSSL sees the public key only after its AlgorithmIdentifier was found allowed.
 */
#include "lib/pki/csr.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/armor.h"
#include "lib/pki/csr_parts.h"
#include "lib/pki/der.h"
#include "lib/pki/key.h"
#include "lib/pki/product.h"
#include "lib/pki/shape.h"
#include "lib/pki/spki.h"

#define ATTRIBUTES 0xa0 /* [0] IMPLICIT SET OF Attribute */

/* Larger private keys are no RSA-8192 key, but could keep us busy for long. */
#define PRIVATE_DER_MAX 8192

/* Nor are more blocks tried for a private key that can be read: each may cost a signature. */
#define PRIVATE_TRIES_MAX 8

/* One call of csr_read(). */
struct reader {
	const char *text, *end;
	struct key_hashes *pasted; /* where a private key's hashes go; NULL: nowhere */
	struct csr **out;
	bool unwrapped; /* inside PKCS #7 already */
};

/* The content of the info; on failure info stands where it was. */
static bool info_split(struct csr_parts *parts, struct der *info)
{
	struct der_value version;
	struct der before = *info, spki;

	if (!der_take(info, DER_INTEGER, &version) || !der_is(&version, "", 1)) {
		*info = before;
		return false;
	}
	if (!der_take(info, DER_SEQUENCE, &parts->subject) || !der_take(info, DER_SEQUENCE, &parts->spki))
		return false;
	spki = der_inside(&parts->spki);
	if (!spki_split(&parts->key, &spki)) {
		*info = spki;
		return false;
	}
	/* Attributes are mandatory, but some programs leave the empty set out, and OpenSSL takes that too. */
	parts->attributes = (struct der_value){0};
	return der_end(info) || der_take_last(info, ATTRIBUTES, &parts->attributes);
}

int csr_split(struct csr_parts *parts, const unsigned char *der, size_t len, size_t *at)
{
	struct der all = der_open(der, len), request, info;
	struct der_value outer;

	*at = 0;
	if (!der_take_last(&all, DER_SEQUENCE, &outer))
		return -1;
	request = der_inside(&outer);
	*at = (size_t)(request.at - der);
	if (!der_take(&request, DER_SEQUENCE, &parts->info))
		return -1;
	info = der_inside(&parts->info);
	if (!info_split(parts, &info)) {
		*at = (size_t)(info.at - der);
		return -1;
	}
	if (der_take(&request, DER_SEQUENCE, &parts->algorithm) &&
	    der_take_last(&request, DER_BIT_STRING, &parts->signature))
		return 0;
	*at = (size_t)(request.at - der);
	return -1;
}

static int fault_at_byte(struct err *e, size_t at, const char *why)
{
	char where[40];

	(void)snprintf(where, sizeof(where), "byte %zu", at);
	return err_set_arg(e, FAULT_csr_not_parsable, where, "csr: %s at %s", why, where);
}

static int fault_at_line(struct err *e, const struct reader *r, const char *at)
{
	char where[40];
	unsigned line = 1;

	for (const char *p = r->text; p < at; p++)
		line += *p == '\n' || (*p == '\r' && p[1] != '\n');
	(void)snprintf(where, sizeof(where), "line %u", line);
	return err_set_arg(e, FAULT_csr_not_parsable, where, "csr: no base64 in %s", where);
}

static int fault_too_large(struct err *e, size_t most)
{
	char size[40];

	(void)snprintf(size, sizeof(size), "%zu", most);
	return err_set_arg(e, FAULT_csr_too_large, size, "csr: over %s octets", size);
}

/* Make the public key if its kind is known; kinds that are not, and compressed points, leave type 0 to
 * csr_check(). */
static int request_key(
    struct csr *csr, const unsigned char *der, const struct csr_parts *parts, struct err *e)
{
	if (parts->key.type == 0 || ((parts->key.type & KEY_EC) != 0 && !parts->key.formed))
		return 0;
	csr->key = spki_key(&parts->key);
	if (csr->key == NULL)
		return fault_at_byte(e, (size_t)(parts->key.key.whole - der), "no public key");
	csr->type = parts->key.type;
	csr->bits = EVP_PKEY_get_bits(csr->key);
	/* What is longer csr_check() refuses, without a look at its number. */
	return csr->bits > KEY_RSA_BITS_MOST ? 0 : key_number_sha256(csr->number_sha256, csr->key, e);
}

static void *bytes_copy(const void *bytes, size_t len)
{
	void *copy = malloc(len == 0 ? 1 : len);

	if (copy != NULL)
		memcpy(copy, bytes, len);
	return copy;
}

/* A whole request as DER: keep it, and its public key. */
static int request_keep(
    struct csr **out, const unsigned char *der, size_t len, const struct csr_parts *parts, struct err *e)
{
	struct csr *csr = calloc(1, sizeof(*csr));

	if (csr == NULL)
		return err_set(e, FAULT_busy, "csr: out of memory");
	csr->der = bytes_copy(der, len);
	csr->der_len = len;
	csr->spki = bytes_copy(parts->spki.whole, parts->spki.whole_len);
	csr->spki_len = parts->spki.whole_len;
	if (csr->der == NULL || csr->spki == NULL) {
		csr_free(csr);
		return err_set(e, FAULT_busy, "csr: out of memory");
	}
	SHA256(csr->spki, csr->spki_len, csr->spki_sha256);
	if (request_key(csr, der, parts, e) == -1) {
		csr_free(csr);
		return -1;
	}
	*out = csr;
	return 0;
}

/* Whether a private key signs what its public half verifies. Who pastes another's public numbers with false
 * private ones must not get that other's key blocked. */
static bool private_proves(EVP_PKEY *key)
{
	static const unsigned char words[] = "proof that this private key belongs to its public key";
	unsigned char signature[KEY_RSA_BITS_MOST / 8];
	size_t len = sizeof(signature);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	/* Edwards keys bring their hash, RSA-PSS keys may allow one only: their default. */
	const EVP_MD *md = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC") ? EVP_sha256() : NULL;
	bool proved;

	proved = sign != NULL && verify != NULL && EVP_PKEY_get_size(key) <= (int)sizeof(signature) &&
		 EVP_DigestSignInit(sign, NULL, md, NULL, key) == 1 &&
		 EVP_DigestSign(sign, signature, &len, words, sizeof(words)) == 1 &&
		 EVP_DigestVerifyInit(verify, NULL, md, NULL, key) == 1 &&
		 EVP_DigestVerify(verify, signature, len, words, sizeof(words)) == 1;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return proved;
}

/* An RSA private exponent longer than its modulus has no use but to keep us busy. */
static bool private_fits(EVP_PKEY *key)
{
	BIGNUM *d = NULL;
	bool fits;

	if (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "RSA-PSS"))
		return EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "ED25519") ||
		       EVP_PKEY_is_a(key, "ED448");
	fits = EVP_PKEY_get_bits(key) <= KEY_RSA_BITS_MOST &&
	       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &d) == 1 &&
	       BN_num_bits(d) <= EVP_PKEY_get_bits(key);
	BN_clear_free(d);
	return fits;
}

/* Note the hashes of a private key's public half; whether it could be read and proved itself. */
static bool private_note(const struct reader *r, const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	EVP_PKEY *key = NULL;
	struct key_hashes hashes;
	struct err ignored;
	bool noted;

	if (r->pasted != NULL && len <= PRIVATE_DER_MAX)
		key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	noted = key != NULL && private_fits(key) && private_proves(key) &&
		key_hashes(&hashes, key, &ignored) == 0;
	if (noted)
		*r->pasted = hashes;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return noted;
}

static int private_found(const struct reader *r, const unsigned char *der, size_t len, struct err *e)
{
	(void)private_note(r, der, len);
	return err_set(e, FAULT_csr_is_private_key, "csr: a private key was pasted");
}

static int der_read(struct reader *r, const unsigned char *der, size_t len, struct err *e);

/* PKCS #7 may hold a request as its data (certreq, cms -sign), a request of CMC (RFC 5272 3.2: PKIData), or
 * only certificates. */
static int pkcs7_read(struct reader *r, const unsigned char *der, size_t len, struct err *e)
{
	const unsigned char *p = der;
	CMS_ContentInfo *cms = NULL;
	ASN1_OCTET_STRING **content = NULL;
	STACK_OF(X509) *certificates = NULL;
	int rc = -1;

	cms = d2i_CMS_ContentInfo(NULL, &p, (long)len);
	if (cms == NULL || p != der + len || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		(void)fault_at_byte(e, 0, "no PKCS #7 signed data");
		goto out;
	}
	content = CMS_get0_content(cms);
	if (content != NULL && *content != NULL &&
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_pkcs7_data) {
		r->unwrapped = true;
		rc = der_read(r, ASN1_STRING_get0_data(*content), (size_t)ASN1_STRING_length(*content), e);
		goto out;
	}
	if (OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_id_cct_PKIData) {
		(void)err_set(e, FAULT_csr_cmc, "csr: a request of CMC");
		goto out;
	}
	certificates = CMS_get1_certs(cms);
	if (sk_X509_num(certificates) > 0)
		(void)err_set_arg(e, FAULT_csr_is_certificate, "PKCS7", "csr: PKCS #7 with certificates");
	else
		(void)fault_at_byte(e, 0, "PKCS #7 without a request");
out:
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return rc;
}

/* What has a request's outside but is none: perhaps an old certificate. */
static int request_refuse(const unsigned char *der, size_t len, size_t at, struct err *e)
{
	const unsigned char *p = der;
	X509 *certificate = d2i_X509(NULL, &p, (long)len);

	X509_free(certificate);
	ERR_clear_error();
	if (certificate != NULL)
		return err_set(e, FAULT_csr_is_certificate, "csr: a certificate (version 1)");
	return fault_at_byte(e, at, "no certification request");
}

static int fault_cut(struct err *e, size_t len)
{
	return err_set(e, FAULT_csr_truncated, "csr: cut after %zu octets", len);
}

static int request_read(struct reader *r, const unsigned char *der, size_t len, struct err *e)
{
	struct csr_parts parts;
	char left[40];
	size_t outer, at;

	if (shape_outer_len(&outer, der, len) == -1)
		return fault_at_byte(e, 0, "no length in DER");
	if (outer < len) {
		(void)snprintf(left, sizeof(left), "%zu", len - outer);
		return err_set_arg(
		    e, FAULT_csr_trailing_data, left, "csr: %s octets behind the request", left);
	}
	if (csr_split(&parts, der, len, &at) == -1)
		return request_refuse(der, len, at, e);
	return request_keep(r->out, der, len, &parts, e);
}

static int der_read(struct reader *r, const unsigned char *der, size_t len, struct err *e)
{
	enum shape shape = shape_find(der, len);

	if (len > CSR_DER_MAX)
		return fault_too_large(e, CSR_DER_MAX);
	if (shape == SHAPE_PRIVATE_KEY)
		return private_found(r, der, len, e);
	if (shape == SHAPE_CERTIFICATE)
		return err_set(e, FAULT_csr_is_certificate, "csr: a certificate");
	if (shape == SHAPE_PUBLIC_KEY)
		return err_set(e, FAULT_csr_is_public_key, "csr: a public key");
	if (shape_cut(der, len))
		return fault_cut(e, len);
	if (shape == SHAPE_PKCS7 && !r->unwrapped)
		return pkcs7_read(r, der, len, e);
	if (shape == SHAPE_REQUEST)
		return request_read(r, der, len, e);
	return fault_at_byte(e, 0, "no certification request");
}

/* The base64 of a block, or of bare text. */
static int base64_read(struct reader *r, const char *text, size_t len, struct err *e)
{
	unsigned char *der = NULL;
	const char *bad = NULL;
	size_t der_len = 0;
	int rc;

	switch (armor_decode(&der, &der_len, text, len, &bad)) {
	case ARMOR_OK:
		rc = der_read(r, der, der_len, e);
		OPENSSL_clear_free(der, der_len);
		return rc;
	case ARMOR_BAD_CHARACTER:
		return fault_at_line(e, r, bad);
	case ARMOR_CUT: /* a cut private key must not come back on the page either */
		rc = shape_find(der, der_len) == SHAPE_PRIVATE_KEY ? private_found(r, der, der_len, e)
								   : fault_cut(e, der_len);
		OPENSSL_clear_free(der, der_len);
		return rc;
	case ARMOR_NO_MEMORY:
		break;
	}
	return err_set(e, FAULT_busy, "csr: out of memory");
}

static bool text_has(const struct reader *r, const char *word)
{
	return memmem(r->text, (size_t)(r->end - r->text), word, strlen(word)) != NULL;
}

/* Whether a private key stands anywhere, whole or not; the first that can be read and proves itself is noted,
 * whatever stands before it. */
static bool private_anywhere(const struct reader *r)
{
	const char *at = r->text, *bad;
	struct armor_block block;
	bool found = text_has(r, "PRIVATE KEY-") || text_has(r, "PuTTY-User-Key-File"), noted = false;
	unsigned tries = 0;

	while (!noted && tries < PRIVATE_TRIES_MAX && armor_next(&at, r->end, &block)) {
		unsigned char *der = NULL;
		size_t len = 0;

		if (block.kind != ARMOR_PRIVATE_KEY)
			continue;
		found = true;
		tries++;
		noted = armor_decode(&der, &len, block.body, block.body_len, &bad) == ARMOR_OK &&
			private_note(r, der, len);
		OPENSSL_clear_free(der, len);
	}
	return found;
}

/* No request among the blocks: say what the first one is instead. */
static int block_refuse(const struct armor_block *block, struct err *e)
{
	if (block->kind == ARMOR_CERTIFICATE)
		return err_set(e, FAULT_csr_is_certificate, "csr: a certificate");
	if (block->kind == ARMOR_PUBLIC_KEY)
		return err_set(e, FAULT_csr_is_public_key, "csr: a public key");
	if (!block->whole)
		return err_set(e, FAULT_csr_truncated, "csr: a cut block");
	return err_set(e, FAULT_csr_not_pem, "csr: another kind of block");
}

static int blocks_read(struct reader *r, struct err *e)
{
	struct armor_block block, first = {0}, request = {0};
	const char *at = r->text;
	unsigned requests = 0;
	char count[16];

	while (armor_next(&at, r->end, &block)) {
		if (first.begin == NULL)
			first = block;
		if (block.kind != ARMOR_REQUEST && block.kind != ARMOR_PKCS7)
			continue;
		requests++;
		request = block;
	}
	(void)snprintf(count, sizeof(count), "%u", requests);
	if (requests == 0)
		return block_refuse(&first, e);
	if (requests > 1)
		return err_set_arg(e, FAULT_csr_several, count, "csr: %s requests", count);
	if (!request.whole)
		return err_set(e, FAULT_csr_truncated, "csr: no END line");
	return base64_read(r, request.body, request.body_len, e);
}

/* Whether text is base64 of something known. */
static bool base64_known(const char *text, size_t len)
{
	unsigned char *der = NULL;
	enum shape shape = SHAPE_UNKNOWN;
	const char *bad;
	size_t der_len = 0;

	if (armor_decode(&der, &der_len, text, len, &bad) == ARMOR_OK)
		shape = shape_find(der, der_len);
	OPENSSL_clear_free(der, der_len);
	return shape != SHAPE_UNKNOWN;
}

/* Text without a BEGIN line: base64 alone, a part of PEM, an SSH key, or anything. */
static int bare_read(struct reader *r, const char *start, struct err *e)
{
	static const char *const public_words[] = {
	    "ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "SSH2 PUBLIC KEY"};
	size_t len = (size_t)(r->end - start);

	if (text_has(r, "-----END "))
		return err_set(e, FAULT_csr_truncated, "csr: no BEGIN line");
	for (size_t i = 0; i < sizeof(public_words) / sizeof(public_words[0]); i++)
		if (text_has(r, public_words[i]))
			return err_set(e, FAULT_csr_is_public_key, "csr: an SSH public key");
	/* "MI" begins a SEQUENCE of more than 127 octets: then a wrong character or a missing end is worth
	 * naming. */
	if (base64_known(start, len) || (len > 64 && memcmp(start, "MI", 2) == 0))
		return base64_read(r, start, len, e);
	return err_set(e, FAULT_csr_not_pem, "csr: neither PEM nor DER");
}

/* Whether the upload is DER and no text: '0' and an octet no UTF-8 text has there, or exactly its length. */
static bool octets_der(const char *text, size_t len)
{
	unsigned char length = len < 2 ? 0 : (unsigned char)text[1];

	return len >= 2 && (unsigned char)text[0] == DER_SEQUENCE &&
	       ((length & 0x80) != 0 || len == 2U + length);
}

/* An upload in the octets that PEM and DER are written in. */
static int octets_read(struct reader *r, struct err *e)
{
	const char *start = r->text;
	size_t len = (size_t)(r->end - r->text), blank;

	if (octets_der(r->text, len))
		return der_read(r, (const unsigned char *)r->text, len, e);
	while ((blank = armor_blank(start, r->end)) > 0)
		start += blank;
	if (start == r->end)
		return err_set(e, FAULT_csr_missing, "csr: empty");
	if (private_anywhere(r))
		return err_set(e, FAULT_csr_is_private_key, "csr: a private key was pasted");
	if (text_has(r, "-----BEGIN "))
		return blocks_read(r, e);
	return bare_read(r, start, e);
}

int csr_read(struct csr **out, const char *text, size_t len, struct key_hashes *pasted, struct err *e)
{
	struct reader r = {.text = text, .end = text + len, .pasted = pasted, .out = out};
	char *narrow;
	int rc;

	if (pasted != NULL)
		*pasted = (struct key_hashes){0};
	if (len > CSR_TEXT_MAX)
		return fault_too_large(e, CSR_TEXT_MAX);
	if (!armor_wide(text, len))
		return octets_read(&r, e);
	narrow = armor_narrow(text, len);
	if (narrow == NULL)
		return err_set(e, FAULT_busy, "csr: out of memory");
	r.text = narrow;
	r.end = narrow + len / 2;
	rc = octets_read(&r, e);
	OPENSSL_clear_free(narrow, len / 2); /* perhaps a private key */
	return rc;
}

/* A name as text; false when it is none, or is no UTF-8 even then. */
static bool name_words(char *out, size_t room, const struct der_value *name)
{
	const unsigned char *p = name->whole;
	X509_NAME *read = d2i_X509_NAME(NULL, &p, (long)name->whole_len);
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (read != NULL && bio != NULL &&
	    X509_NAME_print_ex(bio, read, 0, XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) > 0)
		n = BIO_read(bio, out, (int)room - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	X509_NAME_free(read);
	ERR_clear_error();
	return n > 0 && utf8_valid(out, (size_t)n);
}

int csr_words(struct csr_words *out, const struct csr *csr, struct err *e)
{
	const unsigned char *p;
	struct csr_parts parts;
	const ASN1_OBJECT *signature;
	X509_ALGOR *algorithm;
	size_t at;

	memset(out, 0, sizeof(*out));
	if (csr_split(&parts, csr->der, csr->der_len, &at) == -1)
		return err_set(e, FAULT_csr_not_parsable, "csr: not what csr_read() gave");
	p = parts.algorithm.whole;
	algorithm = d2i_X509_ALGOR(NULL, &p, (long)parts.algorithm.whole_len);
	if (algorithm == NULL) {
		ERR_clear_error();
		return err_set(e, FAULT_csr_signature_invalid, "csr: no signature algorithm");
	}
	X509_ALGOR_get0(&signature, NULL, NULL, algorithm);
	out->signature = OBJ_nid2ln(OBJ_obj2nid(signature));
	X509_ALGOR_free(algorithm);
	if (parts.subject.len > 0 && !name_words(out->subject, sizeof(out->subject), &parts.subject))
		*out->subject = '\0';
	out->more = parts.subject.len > 0 || parts.attributes.len > 0;
	return 0;
}

void csr_free(struct csr *csr)
{
	if (csr == NULL)
		return;
	EVP_PKEY_free(csr->key);
	free(csr->spki);
	free(csr->der);
	free(csr);
}
