/* webauthn.c - answers of security keys; see webauthn.h. */
#include "lib/flow/webauthn.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

/* Authenticator data begins with SHA-256 of the RP id, a flags octet and the count (section 6.1). */
#define RP_HASH_LEN     32
#define FLAGS_AT        32
#define HEAD_LEN        37
#define FLAG_TOUCHED    0x01
#define FLAG_CREDENTIAL 0x40
#define FLAG_EXTENSIONS 0x80

/* Attested credential data (section 6.5.1): a model's id, the length of the credential's id, that, its key.
 */
#define MODEL_LEN 16
#define ID_AT     (HEAD_LEN + MODEL_LEN + 2)

/* Public keys in COSE, which have one form each: CBOR is canonical there, and nothing optional may stand in
 * it (section 6.5.1.1). Held against it before libfido2 reads them, since libcbor makes room for as many
 * members as an array or map claims to have. */
static const struct {
	int algorithm;
	size_t len;
	const char *head; /* up to the first number */
	size_t head_len;
} forms[] = {
    {COSE_ES256, 77, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10},      /* x, then 22 58 20 and y */
    {COSE_EDDSA, 42, "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10},      /* x */
    {COSE_RS256, 272, "\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", 11}, /* n, then 21 43 and e */
};
#define FORM_Y_AT 42
#define FORM_E_AT (11 + 256)

const int webauthn_algorithms[] = {COSE_ES256, COSE_EDDSA, COSE_RS256, 0};

/* Whether a host is written as a number: IPv6 in brackets, or a last label of digits (as URLs of today). */
static bool host_is_number(const char *host)
{
	const char *dot = strrchr(host, '.'), *last = dot == NULL ? host : dot + 1;

	return *host == '[' || (*last != '\0' && last[strspn(last, "0123456789")] == '\0');
}

bool webauthn_site(struct webauthn_site *out, const char *base_url)
{
	const bool tls = strncmp(base_url, "https://", 8) == 0;
	const char *usual = tls ? ":443" : ":80", *host, *port;
	size_t len, host_len;

	memset(out, 0, sizeof(*out));
	if (!tls && strncmp(base_url, "http://", 7) != 0)
		return false;
	host = base_url + (tls ? 8 : 7);
	len = strcspn(host, "/");
	port = *host == '[' ? NULL : memchr(host, ':', len);
	host_len = port == NULL ? len : (size_t)(port - host);
	if (host_len == 0 || host_len >= sizeof(out->id))
		return false;
	for (size_t i = 0; i < host_len; i++)
		out->id[i] = (char)tolower((unsigned char)host[i]);
	if (host_is_number(out->id) ||
	    (!tls && strcmp(out->id, "localhost") != 0 &&
		(host_len < 11 || strcmp(out->id + host_len - 10, ".localhost") != 0))) {
		memset(out, 0, sizeof(*out));
		return false;
	}
	if (len - host_len == strlen(usual) && strncmp(port, usual, strlen(usual)) == 0)
		port = NULL;
	(void)snprintf(out->origin, sizeof(out->origin), "%s://%s%.*s", tls ? "https" : "http", out->id,
	    port == NULL ? 0 : (int)(len - host_len), port == NULL ? "" : port);
	return true;
}

int webauthn_octets(unsigned char *out, size_t room, size_t *len, const char *text)
{
	*len = strlen(text) * 3 / 4;
	return *len == 0 || *len > room ? -1 : base64url_decode(out, *len, text);
}

static bool client_text_is(const json_t *client, const char *name, const char *want)
{
	const json_t *value = json_object_get(client, name);

	return json_is_string(value) && json_string_length(value) == strlen(want) &&
	       CRYPTO_memcmp(json_string_value(value), want, strlen(want)) == 0;
}

/* What the browser says it did (section 5.8.1): for us, this challenge, not in somebody else's frame. */
static int client_judge(const char *octets, size_t len, const char *type, const char *origin,
    const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], struct err *e)
{
	char wanted[BASE64URL_ROOM(WEBAUTHN_CHALLENGE_LEN)];
	json_t *client = json_loadb(octets, len, JSON_REJECT_DUPLICATES, NULL);
	int rc = 0;

	base64url_encode(wanted, challenge, WEBAUTHN_CHALLENGE_LEN);
	if (!json_is_object(client))
		rc = err_set(e, FAULT_account_key_refused, "client data is no JSON object");
	else if (!client_text_is(client, "type", type))
		rc = err_set(e, FAULT_account_key_refused, "client data of another type");
	else if (!client_text_is(client, "challenge", wanted))
		rc = err_set(e, FAULT_account_key_refused, "another challenge");
	else if (!client_text_is(client, "origin", origin))
		rc = err_set(e, FAULT_account_key_refused, "another origin");
	else if (json_object_get(client, "crossOrigin") != NULL &&
		 !json_is_false(json_object_get(client, "crossOrigin")))
		rc = err_set(e, FAULT_account_key_refused, "in a frame of another origin");
	json_decref(client);
	return rc;
}

/* An answer's octets. */
struct answer {
	unsigned char client_hash[32];
	unsigned char data[WEBAUTHN_DATA_MAX]; /* the authenticator's */
	size_t data_len;
};

static int answer_read(struct answer *out, const struct webauthn_site *site, const char *type,
    const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], const struct webauthn_answer *a, struct err *e)
{
	unsigned char client[WEBAUTHN_DATA_MAX], name[RP_HASH_LEN];
	size_t len;

	if (*site->id == '\0')
		return err_set(e, FAULT_account_key_refused, "the service's address takes no security key");
	if (webauthn_octets(client, sizeof(client), &len, a->client_data) == -1)
		return err_set(e, FAULT_account_key_refused, "client data is no base64url, or too long");
	if (client_judge((const char *)client, len, type, site->origin, challenge, e) == -1)
		return -1;
	if (webauthn_octets(out->data, sizeof(out->data), &out->data_len, a->authenticator_data) == -1 ||
	    out->data_len < HEAD_LEN)
		return err_set(
		    e, FAULT_account_key_refused, "authenticator data is no base64url, or of no length");
	if (EVP_Digest(client, len, out->client_hash, NULL, EVP_sha256(), NULL) != 1 ||
	    EVP_Digest(site->id, strlen(site->id), name, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, FAULT_internal, "SHA-256 failed");
	if (CRYPTO_memcmp(out->data, name, sizeof(name)) != 0)
		return err_set(e, FAULT_account_key_refused, "for a service of another name");
	if ((out->data[FLAGS_AT] & FLAG_TOUCHED) == 0)
		return err_set(e, FAULT_account_key_refused, "nobody touched the key");
	if ((out->data[FLAGS_AT] & FLAG_EXTENSIONS) != 0)
		return err_set(e, FAULT_account_key_refused, "extensions that nobody asked for");
	return 0;
}

/* The algorithm of the key in authenticator data with a credential; 0 when it has none of the forms. */
static int made_algorithm(const struct answer *answer)
{
	const unsigned char *key = answer->data + ID_AT;
	size_t id_len, len;

	if (answer->data_len <= ID_AT)
		return 0;
	id_len = (size_t)answer->data[ID_AT - 2] << 8 | answer->data[ID_AT - 1];
	if (id_len == 0 || id_len > WEBAUTHN_ID_MAX || answer->data_len - ID_AT <= id_len)
		return 0;
	key += id_len;
	len = answer->data_len - ID_AT - id_len;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (len == forms[i].len && memcmp(key, forms[i].head, forms[i].head_len) == 0 &&
		    (forms[i].algorithm != COSE_ES256 || memcmp(key + FORM_Y_AT, "\x22\x58\x20", 3) == 0) &&
		    (forms[i].algorithm != COSE_RS256 || memcmp(key + FORM_E_AT, "\x21\x43", 2) == 0))
			return forms[i].algorithm;
	return 0;
}

/* Have libfido2 read the credential in authenticator data, whose key must be of this algorithm. */
static bool made_read(struct webauthn_made *out, const struct answer *answer, int algorithm)
{
	fido_cred_t *cred = fido_cred_new();
	bool good = false;

	if (cred != NULL && fido_cred_set_type(cred, algorithm) == FIDO_OK &&
	    fido_cred_set_authdata_raw(cred, answer->data, answer->data_len) == FIDO_OK) {
		const size_t id_len = fido_cred_id_len(cred), key_len = fido_cred_pubkey_len(cred);

		good = fido_cred_id_ptr(cred) != NULL && fido_cred_pubkey_ptr(cred) != NULL && id_len > 0 &&
		       id_len <= sizeof(out->id) && key_len > 0 && key_len <= sizeof(out->key.octets);
		if (good) {
			memcpy(out->id, fido_cred_id_ptr(cred), id_len);
			out->id_len = id_len;
			memcpy(out->key.octets, fido_cred_pubkey_ptr(cred), key_len);
			out->key.len = key_len;
			out->key.algorithm = algorithm;
			out->count = fido_cred_sigcount(cred);
		}
	}
	fido_cred_free(&cred);
	return good;
}

/* A public key as libfido2 takes it; NULL when it is none, such as a point that lies on no curve. */
static void *public_open(const struct webauthn_key *key)
{
	es256_pk_t *ec = NULL;
	eddsa_pk_t *ed = NULL;
	rs256_pk_t *rsa = NULL;

	switch (key->algorithm) {
	case COSE_ES256:
		if ((ec = es256_pk_new()) != NULL && es256_pk_from_ptr(ec, key->octets, key->len) != FIDO_OK)
			es256_pk_free(&ec);
		return ec;
	case COSE_EDDSA:
		if ((ed = eddsa_pk_new()) != NULL && eddsa_pk_from_ptr(ed, key->octets, key->len) != FIDO_OK)
			eddsa_pk_free(&ed);
		return ed;
	case COSE_RS256:
		if ((rsa = rs256_pk_new()) != NULL &&
		    rs256_pk_from_ptr(rsa, key->octets, key->len) != FIDO_OK)
			rs256_pk_free(&rsa);
		return rsa;
	default:
		return NULL;
	}
}

static void public_close(int algorithm, void *public)
{
	es256_pk_t *ec = public;
	eddsa_pk_t *ed = public;
	rs256_pk_t *rsa = public;

	if (algorithm == COSE_ES256)
		es256_pk_free(&ec);
	else if (algorithm == COSE_EDDSA)
		eddsa_pk_free(&ed);
	else if (algorithm == COSE_RS256)
		rs256_pk_free(&rsa);
}

int webauthn_made(struct webauthn_made *out, const struct webauthn_site *site,
    const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], const struct webauthn_answer *a, struct err *e)
{
	struct answer answer = {.data_len = 0};
	int algorithm;
	void *public;

	memset(out, 0, sizeof(*out));
	if (answer_read(&answer, site, "webauthn.create", challenge, a, e) == -1)
		return -1;
	if ((answer.data[FLAGS_AT] & FLAG_CREDENTIAL) == 0)
		return err_set(e, FAULT_account_key_refused, "no credential in it");
	algorithm = made_algorithm(&answer);
	if (algorithm == 0 || !made_read(out, &answer, algorithm))
		return err_set(e, FAULT_account_key_refused, "no credential that can be read");
	public = public_open(&out->key);
	if (public == NULL)
		return err_set(e, FAULT_account_key_refused, "a public key that is none");
	public_close(out->key.algorithm, public);
	return 0;
}

int webauthn_signed(uint32_t *count, const struct webauthn_site *site,
    const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], const struct webauthn_key *key,
    const struct webauthn_answer *a, struct err *e)
{
	unsigned char signature[WEBAUTHN_DATA_MAX];
	fido_assert_t *assertion;
	struct answer answer = {.data_len = 0};
	void *public;
	size_t len = 0;
	int rc, said = FIDO_ERR_INTERNAL;

	*count = 0;
	if (answer_read(&answer, site, "webauthn.get", challenge, a, e) == -1)
		return -1;
	if (answer.data_len != HEAD_LEN)
		return err_set(e, FAULT_account_key_refused, "authenticator data of another length");
	if (a->signature == NULL || webauthn_octets(signature, sizeof(signature), &len, a->signature) == -1)
		return err_set(e, FAULT_account_key_refused, "signature is no base64url, or too long");
	public = public_open(key);
	assertion = fido_assert_new();
	if (public != NULL && assertion != NULL && (said = fido_assert_set_count(assertion, 1)) == FIDO_OK &&
	    (said = fido_assert_set_rp(assertion, site->id)) == FIDO_OK &&
	    (said = fido_assert_set_up(assertion, FIDO_OPT_TRUE)) == FIDO_OK &&
	    (said = fido_assert_set_clientdata_hash(
		 assertion, answer.client_hash, sizeof(answer.client_hash))) == FIDO_OK &&
	    (said = fido_assert_set_authdata_raw(assertion, 0, answer.data, answer.data_len)) == FIDO_OK &&
	    (said = fido_assert_set_sig(assertion, 0, signature, len)) == FIDO_OK &&
	    (said = fido_assert_verify(assertion, 0, key->algorithm, public)) == FIDO_OK)
		*count = fido_assert_sigcount(assertion, 0);
	rc = said == FIDO_OK ? 0 : err_set(e, FAULT_account_key_refused, "libfido2: %s", fido_strerr(said));
	fido_assert_free(&assertion);
	if (public != NULL)
		public_close(key->algorithm, public);
	return rc;
}
