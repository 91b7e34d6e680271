/* token.c - a PKCS #11 token with CA keys; see token.h. */
#include "lib/pki/token.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <p11-kit-1/p11-kit/pkcs11.h>

#include "lib/base/err.h"
#include "lib/pki/openssl.h"

#define SLOTS_MAX     64
#define SIGNATURE_MAX 1024 /* octets: RSA-8192 */
#define POINT_MAX     160  /* octets of a P-521 point with its OCTET STRING header, and some */

struct token {
	char *module, *label, *pin;
	void *library; /* dlopen() */
	CK_FUNCTION_LIST_PTR p11;
	bool initialized; /* by us, and not ended since */
	bool pin_refused;
	void (*watch)(bool begins); /* NULL: nobody watches */
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE while the token is away */
	unsigned generation;
};

/* What the module answered, as the log tells it: PKCS #11 names its answers by number. */
static int token_error(struct err *e, enum fault fault, const struct token *t, const char *call, CK_RV rv)
{
	return err_set(e, fault, "token %s: %s: CKR 0x%lx", t->label, call, rv);
}

static int token_load(struct token *t, struct err *e)
{
	CK_C_GetFunctionList list;
	CK_RV rv;

	t->library = dlopen(t->module, RTLD_NOW | RTLD_LOCAL);
	if (t->library == NULL)
		return err_set(e, FAULT_config_invalid, "PKCS #11 module %s: %s", t->module, dlerror());
	*(void **)&list = dlsym(t->library, "C_GetFunctionList");
	if (list == NULL)
		return err_set(e, FAULT_config_invalid, "%s is no PKCS #11 module", t->module);
	rv = list(&t->p11);
	if (rv != CKR_OK || t->p11 == NULL)
		return token_error(e, FAULT_config_invalid, t, "C_GetFunctionList", rv);
	return 0;
}

/* Token labels are padded with blanks to 32 octets and not NUL-terminated. */
static bool label_matches(const CK_TOKEN_INFO *info, const char *label)
{
	char padded[sizeof(info->label)];
	size_t len = strlen(label);

	if (len > sizeof(padded))
		return false;
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, len);
	return memcmp(padded, info->label, sizeof(padded)) == 0;
}

static int token_slot_find(struct token *t, struct err *e)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	CK_RV rv = t->p11->C_GetSlotList(CK_TRUE, slots, &count);

	if (rv != CKR_OK)
		return token_error(e, FAULT_busy, t, "C_GetSlotList", rv);
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (t->p11->C_GetTokenInfo(slots[i], &info) != CKR_OK || !label_matches(&info, t->label))
			continue;
		t->slot = slots[i];
		return 0;
	}
	return err_set(e, FAULT_busy, "token %s: not there (%lu other slots)", t->label, count);
}

static int token_login(struct token *t, struct err *e)
{
	CK_RV rv;

	rv = t->p11->C_OpenSession(t->slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
	if (rv != CKR_OK) {
		t->session = CK_INVALID_HANDLE;
		return token_error(e, FAULT_busy, t, "C_OpenSession", rv);
	}
	rv = t->p11->C_Login(t->session, CKU_USER, (unsigned char *)t->pin, strlen(t->pin));
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	t->pin_refused = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_LEN_RANGE ||
			 rv == CKR_PIN_INVALID || rv == CKR_PIN_EXPIRED;
	if (t->pin_refused)
		return token_error(e, FAULT_config_invalid, t, "C_Login: PIN wrong or locked", rv);
	return token_error(e, FAULT_busy, t, "C_Login", rv);
}

/* C_Finalize() ends every session and login of this process, so a fresh start is really one. A module that
 * refuses that must at least give up its sessions. */
static void token_disconnect(struct token *t)
{
	CK_RV rv = t->initialized ? t->p11->C_Finalize(NULL) : CKR_OK;

	t->initialized = rv != CKR_OK && rv != CKR_CRYPTOKI_NOT_INITIALIZED;
	if (t->initialized)
		(void)t->p11->C_CloseAllSessions(t->slot);
	t->session = CK_INVALID_HANDLE;
}

static int token_connect(struct token *t, struct err *e)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_RV rv = t->p11->C_Initialize(&args);

	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED && t->initialized) /* it could not be ended */
		rv = CKR_OK;
	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return err_set(e, FAULT_config_invalid, "PKCS #11 module %s is open already", t->module);
	if (rv != CKR_OK)
		return token_error(e, FAULT_busy, t, "C_Initialize", rv);
	t->initialized = true;
	t->generation++;
	if (token_slot_find(t, e) == 0 && token_login(t, e) == 0)
		return 0;
	token_disconnect(t);
	return -1;
}

int token_open(struct token **out, const char *module, const char *label, const char *pin, struct err *e)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_set(e, FAULT_busy, "token %s: out of memory", label);
	t->session = CK_INVALID_HANDLE;
	t->module = strdup(module);
	t->label = strdup(label);
	t->pin = strdup(pin);
	if (t->module == NULL || t->label == NULL || t->pin == NULL) {
		(void)err_set(e, FAULT_busy, "token %s: out of memory", label);
		goto fail;
	}
	if (token_load(t, e) == -1 || t->p11 == NULL || token_connect(t, e) == -1)
		goto fail;
	*out = t;
	return 0;
fail:
	token_close(t);
	return -1;
}

int token_reopen(struct token *t, struct err *e)
{
	token_disconnect(t);
	return token_connect(t, e);
}

void token_close(struct token *t)
{
	if (t == NULL)
		return;
	if (t->p11 != NULL)
		token_disconnect(t);
	if (t->library != NULL)
		(void)dlclose(t->library);
	if (t->pin != NULL)
		OPENSSL_cleanse(t->pin, strlen(t->pin));
	free(t->pin);
	free(t->module);
	free(t->label);
	free(t);
}

void token_watch(struct token *t, void (*told)(bool begins))
{
	t->watch = told;
}

bool token_pin_refused(const struct token *t)
{
	return t->pin_refused;
}

unsigned token_generation(const struct token *t)
{
	return t->generation;
}

/* Find up to two objects of a class with a label: zero, one or "several" is all that is asked. */
static int objects_find(struct token *t, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label,
    CK_OBJECT_HANDLE found[2], CK_ULONG *count, struct err *e)
{
	CK_ATTRIBUTE want[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_LABEL, (void *)label, strlen(label)},
	};
	CK_RV rv = t->p11->C_FindObjectsInit(session, want, 2);

	if (rv != CKR_OK)
		return token_error(e, FAULT_busy, t, "C_FindObjectsInit", rv);
	rv = t->p11->C_FindObjects(session, found, 2, count);
	(void)t->p11->C_FindObjectsFinal(session);
	if (rv != CKR_OK)
		return token_error(e, FAULT_busy, t, "C_FindObjects", rv);
	return 0;
}

int token_key_find(struct token *t, const char *label, unsigned long *handle, struct err *e)
{
	CK_OBJECT_HANDLE found[2];
	CK_ULONG count = 0;

	if (objects_find(t, t->session, CKO_PRIVATE_KEY, label, found, &count, e) == -1)
		return -1;
	if (count != 1)
		return err_set(e, FAULT_config_invalid, "token %s: %s private key labelled \"%s\"", t->label,
		    count == 0 ? "no" : "more than one", label);
	*handle = found[0];
	return 0;
}

/* The OIDs of named curves (RFC 5480 2.1.1.1) in DER, as CKA_EC_PARAMS takes them. */
static const unsigned char oid_p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const unsigned char oid_p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};

static int pair_generate(struct token *t, CK_SESSION_HANDLE session, enum ca_key type, const char *label,
    CK_OBJECT_HANDLE *public_handle, CK_OBJECT_HANDLE *private_handle, struct err *e)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bits = 4096;
	CK_BYTE exponent[] = {0x01, 0x00, 0x01};
	CK_MECHANISM rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0}, ec = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public_part[] = {
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_VERIFY, &yes, sizeof(yes)},
	    {CKA_LABEL, (void *)label, strlen(label)},
	    {CKA_ID, (void *)label, strlen(label)},
	    {CKA_EC_PARAMS, (void *)oid_p256, sizeof(oid_p256)},
	    {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
	};
	CK_ATTRIBUTE private_part[] = {
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &yes, sizeof(yes)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &no, sizeof(no)},
	    {CKA_SIGN, &yes, sizeof(yes)},
	    {CKA_LABEL, (void *)label, strlen(label)},
	    {CKA_ID, (void *)label, strlen(label)},
	};
	CK_ULONG public_count = 5;
	CK_RV rv;

	if (type == CA_KEY_P384)
		public_part[4] = (CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)oid_p384, sizeof(oid_p384)};
	if (type == CA_KEY_RSA4096) {
		public_part[4] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof(bits)};
		public_count = 6;
	}
	rv =
	    t->p11->C_GenerateKeyPair(session, type == CA_KEY_RSA4096 ? &rsa : &ec, public_part, public_count,
		private_part, sizeof(private_part) / sizeof(private_part[0]), public_handle, private_handle);
	if (rv != CKR_OK)
		return token_error(e, FAULT_busy, t, "C_GenerateKeyPair", rv);
	return 0;
}

static EVP_PKEY *public_key_build(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *rsa_public_read(struct token *t, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
	unsigned char modulus[SIGNATURE_MAX], exponent[32];
	CK_ATTRIBUTE got[] = {
	    {CKA_MODULUS, modulus, sizeof(modulus)},
	    {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
	};
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL, *x = NULL;
	EVP_PKEY *key = NULL;

	if (bld != NULL && t->p11->C_GetAttributeValue(session, handle, got, 2) == CKR_OK) {
		n = BN_bin2bn(modulus, (int)got[0].ulValueLen, NULL);
		x = BN_bin2bn(exponent, (int)got[1].ulValueLen, NULL);
	}
	if (n != NULL && x != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, x) == 1)
		key = public_key_build("RSA", bld);
	BN_free(n);
	BN_free(x);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

/* CKA_EC_POINT is an OCTET STRING in DER around the point; older modules give the bare point. */
static EVP_PKEY *ec_public_read(
    struct token *t, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, enum ca_key type)
{
	unsigned char point[POINT_MAX];
	CK_ATTRIBUTE got = {CKA_EC_POINT, point, sizeof(point)};
	size_t bare = type == CA_KEY_P384 ? 97 : 65;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (bld != NULL && t->p11->C_GetAttributeValue(session, handle, &got, 1) == CKR_OK &&
	    (got.ulValueLen == bare || got.ulValueLen == bare + 2) &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, ca_key_row(type)->group, 0) ==
		1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		bld, OSSL_PKEY_PARAM_PUB_KEY, point + (got.ulValueLen - bare), bare) == 1)
		key = public_key_build("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

/* Only making and destroying keys needs a session that may write; the login holds for all sessions. */
static int session_open_writing(struct token *t, CK_SESSION_HANDLE *session, struct err *e)
{
	CK_RV rv = t->p11->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session);

	return rv == CKR_OK ? 0 : token_error(e, FAULT_busy, t, "C_OpenSession", rv);
}

int token_key_create(struct token *t, enum ca_key type, const char *label, unsigned long *handle,
    EVP_PKEY **public_key, struct err *e)
{
	CK_OBJECT_HANDLE found[2], public_handle;
	CK_SESSION_HANDLE session;
	CK_ULONG count = 0;
	int rc = -1;

	if (session_open_writing(t, &session, e) == -1)
		return -1;
	if (objects_find(t, session, CKO_PRIVATE_KEY, label, found, &count, e) == -1)
		goto out;
	if (count != 0) {
		(void)err_set(
		    e, FAULT_config_invalid, "token %s: has a key labelled \"%s\" already", t->label, label);
		goto out;
	}
	if (pair_generate(t, session, type, label, &public_handle, handle, e) == -1)
		goto out;
	*public_key = type == CA_KEY_RSA4096 ? rsa_public_read(t, session, public_handle)
					     : ec_public_read(t, session, public_handle, type);
	if (*public_key == NULL) {
		(void)openssl_error(
		    e, FAULT_internal, "token %s: public key of \"%s\" not readable", t->label, label);
		/* Nobody could use the pair, and its label would be in use. */
		(void)t->p11->C_DestroyObject(session, public_handle);
		(void)t->p11->C_DestroyObject(session, *handle);
	} else {
		rc = 0;
	}
out:
	(void)t->p11->C_CloseSession(session);
	return rc;
}

int token_key_destroy(struct token *t, const char *label, struct err *e)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
	CK_SESSION_HANDLE session;
	int rc = 0;

	if (session_open_writing(t, &session, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]) && rc == 0; i++) {
		CK_OBJECT_HANDLE found[2];
		CK_ULONG count = 0;
		CK_RV rv = CKR_OK;

		rc = objects_find(t, session, classes[i], label, found, &count, e);
		for (CK_ULONG n = 0; rc == 0 && rv == CKR_OK && n < count; n++)
			rv = t->p11->C_DestroyObject(session, found[n]);
		if (rv != CKR_OK)
			rc = token_error(e, FAULT_busy, t, "C_DestroyObject", rv);
	}
	(void)t->p11->C_CloseSession(session);
	return rc;
}

/* DigestInfo of RFC 8017 9.2 up to the digest itself. */
static const struct digest_info {
	const char *hash;
	unsigned char prefix[19];
} digest_infos[] = {
    {"SHA256", {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
		   0x05, 0x00, 0x04, 0x20}},
    {"SHA384", {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
		   0x05, 0x00, 0x04, 0x30}},
    {"SHA512", {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
		   0x05, 0x00, 0x04, 0x40}},
};

static int digest_info_build(unsigned char out[19 + EVP_MAX_MD_SIZE], size_t *out_len, const char *hash,
    const unsigned char *digest, size_t digest_len, struct err *e)
{
	for (size_t i = 0; i < sizeof(digest_infos) / sizeof(digest_infos[0]); i++) {
		const struct digest_info *info = &digest_infos[i];

		if (strcmp(info->hash, hash) != 0 || info->prefix[18] != digest_len)
			continue;
		memcpy(out, info->prefix, sizeof(info->prefix));
		memcpy(out + sizeof(info->prefix), digest, digest_len);
		*out_len = sizeof(info->prefix) + digest_len;
		return 0;
	}
	return err_set(e, FAULT_internal, "no DigestInfo for %s", hash);
}

/* PKCS #11 gives r and s side by side; certificates want the SEQUENCE of RFC 3279 2.2.3. */
static int ecdsa_encode(
    const unsigned char *raw, size_t raw_len, unsigned char **out, size_t *out_len, struct err *e)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, (int)(raw_len / 2), NULL);
	BIGNUM *s = BN_bin2bn(raw + raw_len / 2, (int)(raw_len / 2), NULL);
	unsigned char *der = NULL, *p;
	int len = -1;

	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		len = i2d_ECDSA_SIG(pair, NULL);
	}
	if (len > 0 && (der = malloc((size_t)len)) != NULL) {
		p = der;
		len = i2d_ECDSA_SIG(pair, &p);
	}
	ECDSA_SIG_free(pair);
	if (der == NULL)
		return openssl_error(e, FAULT_busy, "encode ECDSA signature");
	*out = der;
	*out_len = (size_t)len;
	return 0;
}

int token_sign(struct token *t, unsigned long handle, const EVP_PKEY *public_key, const char *hash,
    const unsigned char *digest, size_t digest_len, unsigned char **out, size_t *out_len, struct err *e)
{
	bool rsa = EVP_PKEY_is_a(public_key, "RSA") == 1;
	CK_MECHANISM mechanism = {rsa ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0};
	unsigned char data[19 + EVP_MAX_MD_SIZE], raw[SIGNATURE_MAX];
	size_t data_len = digest_len;
	CK_ULONG raw_len = sizeof(raw);
	CK_RV rv;

	if (t->session == CK_INVALID_HANDLE)
		return err_set(e, FAULT_busy, "token %s: away", t->label);
	if (rsa && digest_info_build(data, &data_len, hash, digest, digest_len, e) == -1)
		return -1;
	if (!rsa)
		memcpy(data, digest, digest_len);
	if (t->watch != NULL)
		t->watch(true);
	rv = t->p11->C_SignInit(t->session, &mechanism, handle);
	if (rv == CKR_OK)
		rv = t->p11->C_Sign(t->session, data, data_len, raw, &raw_len);
	if (t->watch != NULL)
		t->watch(false);
	if (rv != CKR_OK)
		return token_error(e, FAULT_busy, t, "C_Sign", rv);
	if (!rsa)
		return ecdsa_encode(raw, raw_len, out, out_len, e);
	*out = malloc(raw_len);
	if (*out == NULL)
		return err_set(e, FAULT_busy, "token %s: out of memory", t->label);
	memcpy(*out, raw, raw_len);
	*out_len = raw_len;
	return 0;
}
