/* csr_check.c - judging a request that csr.c has found: its kind of key, the key itself, its signature; see
 * csr.h.
 *
 * The order is by cost: tables and sizes, then arithmetic on the modulus, then the block list, then the one
 * public-key operation.
 */
#include "lib/pki/csr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/csr_parts.h"
#include "lib/pki/key.h"
#include "lib/pki/product.h"

/* SBR 6.1.6: exponents SHOULD be 2^16 + 1 to 2^256 - 1; OpenSSL takes 64 bits at most for moduli over 3072.
 */
#define EXPONENT_LEAST      65537
#define EXPONENT_BITS       256
#define EXPONENT_BITS_LARGE 64
#define MODULUS_BITS_LARGE  3072

static int fault_named(struct err *e, enum fault fault, const char *name)
{
	return err_set_arg(e, fault, name, "csr: %s: %s", fault_code(fault), name);
}

static int fault_number(struct err *e, enum fault fault, long number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%ld", number);
	return fault_named(e, fault, text);
}

/* A name for an object identifier: the well-known short one, or the numbers. */
static void object_name(char *out, size_t room, const ASN1_OBJECT *object)
{
	int nid = OBJ_obj2nid(object);
	const char *curve = EC_curve_nid2nist(nid);

	if (curve != NULL)
		(void)snprintf(out, room, "%s", curve);
	else if (nid != NID_undef)
		(void)snprintf(out, room, "%s", OBJ_nid2sn(nid));
	else
		(void)OBJ_obj2txt(out, (int)room, object, 1);
}

/* An EC key's curve, from the parameters of its algorithm (RFC 5480 2.1.1). */
static int refuse_curve(const X509_ALGOR *algorithm, struct err *e)
{
	const void *value;
	char name[80];
	int type;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_OBJECT)
		return fault_named(e, FAULT_csr_curve_unsupported, "explicit parameters");
	object_name(name, sizeof(name), value);
	return fault_named(e, FAULT_csr_curve_unsupported, name);
}

/* A key of none of the kinds of SBR 7.1.3.1: say of which one it is. */
static int refuse_kind(const struct csr_parts *parts, struct err *e)
{
	const unsigned char *p = parts->key.algorithm.whole;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &p, (long)parts->key.algorithm.whole_len);
	const ASN1_OBJECT *object;
	char name[80];

	if (algorithm == NULL) {
		ERR_clear_error();
		return fault_named(e, FAULT_csr_key_type_unsupported, "?");
	}
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	object_name(name, sizeof(name), object);
	if (parts->key.type != 0)
		(void)fault_named(e, FAULT_csr_key_type_unsupported, "EC, compressed point");
	else if (OBJ_obj2nid(object) == NID_X9_62_id_ecPublicKey)
		(void)refuse_curve(algorithm, e);
	else if (OBJ_obj2nid(object) == NID_rsaEncryption)
		(void)fault_named(e, FAULT_csr_key_type_unsupported, "RSA, parameters not NULL");
	else
		(void)fault_named(e, FAULT_csr_key_type_unsupported, name);
	X509_ALGOR_free(algorithm);
	return -1;
}

static int check_kind(
    const struct csr *csr, const struct csr_parts *parts, const struct product *product, struct err *e)
{
	if (csr->type == 0)
		return refuse_kind(parts, e);
	if (product == NULL || (product->keys & csr->type) != 0)
		return 0;
	return fault_named(e,
	    (csr->type & KEY_EC) != 0 ? FAULT_csr_curve_unsupported : FAULT_csr_key_type_unsupported,
	    key_word(csr->type));
}

static int check_size(const struct csr *csr, const struct product *product, struct err *e)
{
	long least = product == NULL ? KEY_RSA_BITS_LEAST : product->rsa_bits_least;
	long most = product == NULL ? KEY_RSA_BITS_MOST : product->rsa_bits_most;

	if (csr->type != KEY_RSA)
		return 0;
	if (csr->bits < least)
		return fault_number(e, FAULT_csr_key_too_small, csr->bits);
	if (csr->bits > most || csr->bits % 8 != 0)
		return fault_number(e, FAULT_csr_key_size_unsupported, csr->bits);
	return 0;
}

static int check_exponent(const struct csr *csr, struct err *e)
{
	BIGNUM *exponent = NULL;
	char *shown;
	int most = csr->bits > MODULUS_BITS_LARGE ? EXPONENT_BITS_LARGE : EXPONENT_BITS, bits, rc = 0;

	if (csr->type != KEY_RSA)
		return 0;
	if (EVP_PKEY_get_bn_param(csr->key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
		return err_set(e, FAULT_busy, "csr: no exponent");
	bits = BN_num_bits(exponent);
	if (!BN_is_odd(exponent) || bits > most || (bits <= 32 && BN_get_word(exponent) < EXPONENT_LEAST)) {
		shown = bits <= 64 ? BN_bn2dec(exponent) : NULL;
		rc = fault_named(e, FAULT_csr_exponent_unsupported, shown == NULL ? "over 64 bits" : shown);
		OPENSSL_free(shown);
	}
	BN_free(exponent);
	return rc;
}

/* The hash inside RSASSA-PSS parameters (RFC 8017 A.2.3; absent: SHA-1). */
static int pss_digest(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object;
	RSA_PSS_PARAMS *pss;
	int nid = NID_sha1;

	if (algorithm->parameter == NULL)
		return NID_undef;
	pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
	if (pss == NULL)
		return NID_undef;
	if (pss->hashAlgorithm != NULL) {
		X509_ALGOR_get0(&object, NULL, NULL, pss->hashAlgorithm);
		nid = OBJ_obj2nid(object);
	}
	RSA_PSS_PARAMS_free(pss);
	return nid;
}

/* Which hashes count as sound: SHA-2 and SHA-3. Ed25519 brings its own (NID_undef with a known signature). */
static int digest_sound(int digest)
{
	static const int sound[] = {NID_sha256, NID_sha384, NID_sha512, NID_sha224, NID_sha512_256,
	    NID_sha512_224, NID_sha3_224, NID_sha3_256, NID_sha3_384, NID_sha3_512};

	for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
		if (sound[i] == digest)
			return 1;
	return 0;
}

static int check_signature_algorithm(const X509_ALGOR *algorithm, struct err *e)
{
	const ASN1_OBJECT *object;
	int nid, digest, kind;
	char name[80];

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	nid = OBJ_obj2nid(object);
	object_name(name, sizeof(name), object);
	if (nid == NID_ED25519)
		return 0;
	if (OBJ_find_sigid_algs(nid, &digest, &kind) != 1)
		return fault_named(e, FAULT_csr_signature_invalid, name);
	if (nid == NID_rsassaPss)
		digest = pss_digest(algorithm);
	if (digest_sound(digest))
		return 0;
	if (digest == NID_undef)
		return fault_named(e, FAULT_csr_signature_invalid, name);
	return fault_named(e, FAULT_csr_signature_weak, OBJ_nid2sn(digest));
}

/* Verify over the info's octets as they stand: as ASN1_ANY it is one opaque element to OpenSSL, which decodes
 * nothing inside. */
static int verify(
    const struct csr *csr, const struct csr_parts *parts, const X509_ALGOR *algorithm, struct err *e)
{
	const unsigned char *p = parts->info.whole, *s = parts->signature.whole;
	ASN1_TYPE *info = d2i_ASN1_TYPE(NULL, &p, (long)parts->info.whole_len);
	ASN1_BIT_STRING *signature = d2i_ASN1_BIT_STRING(NULL, &s, (long)parts->signature.whole_len);
	int rc = 0;

	if (info == NULL || signature == NULL ||
	    ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, info, csr->key) != 1)
		rc = err_set(e, FAULT_csr_signature_invalid, "csr: signature does not verify");
	ASN1_BIT_STRING_free(signature);
	ASN1_TYPE_free(info);
	ERR_clear_error();
	return rc;
}

static int check_blocked(const struct csr *csr, const struct blocklist *blocklist, struct err *e)
{
	enum block_reason reason;

	if (blocklist == NULL)
		return 0;
	if (blocklist_find_key(blocklist, csr->spki_sha256, csr->key, &reason, e) == -1)
		return -1;
	if (reason == BLOCK_NONE)
		return 0;
	return reason == BLOCK_DEBIAN ? err_set(e, FAULT_csr_key_weak_debian, "csr: a Debian key")
				      : err_set(e, FAULT_csr_key_compromised, "csr: key on the block list");
}

int csr_check(
    const struct csr *csr, const struct product *product, const struct blocklist *blocklist, struct err *e)
{
	X509_ALGOR *algorithm = NULL;
	struct csr_parts parts;
	const unsigned char *p;
	size_t at;
	int rc = -1;

	if (csr_split(&parts, csr->der, csr->der_len, &at) == -1)
		return err_set(e, FAULT_csr_not_parsable, "csr: not what csr_read() gave");
	if (check_kind(csr, &parts, product, e) == -1 || check_size(csr, product, e) == -1 ||
	    check_exponent(csr, e) == -1)
		return -1;
	p = parts.algorithm.whole;
	algorithm = d2i_X509_ALGOR(NULL, &p, (long)parts.algorithm.whole_len);
	if (algorithm == NULL) {
		ERR_clear_error();
		return err_set(e, FAULT_csr_signature_invalid, "csr: no signature algorithm");
	}
	if (check_signature_algorithm(algorithm, e) == -1 || key_check(csr->key, e) == -1 ||
	    check_blocked(csr, blocklist, e) == -1 || verify(csr, &parts, algorithm, e) == -1)
		goto out;
	rc = 0;
out:
	X509_ALGOR_free(algorithm);
	return rc;
}
