/* test_webauthn.c - answers of security keys: fixed ones of each algorithm, and what becomes of them when
 * something is another than it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fido.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/flow/webauthn.h"

#define nitems(a) (sizeof(a) / sizeof((a)[0]))
#define ADDRESS   "http://localhost:18080"
#define CHALLENGE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* the octets 0 to 31 */
#define SAID(type)                                                                     \
	"{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ADDRESS \
	"\",\"crossOrigin\":false}"
#define MADE SAID("webauthn.create")
#define USED SAID("webauthn.get")

/* Keys made and used for that challenge, at that address. */
static const struct {
	const char *name;
	int algorithm;
	const char *made, *used,
	    *signature; /* authenticator data twice, and what signs the second and USED */
	uint32_t count;
} keys[] = {
    {"ES256, as Chromium made it", COSE_ES256,
	"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NBAAAAAQAAAAAAAAAAAAAAAAAAAAAAIOqq7ico6BC-JIw-"
	"AP2hRiC6ZLv0ZPxuMBsYXFfek4yYpQECAyYgASFYIGz1__CZWBxqpGg6UE4Qf29-T5-_5EqsIci3UxRrySI2Ilgg"
	"xJwUnyIRCdHRsHTeouFlM-_h6AgKBDSgSKz152J7bAg",
	"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MBAAAAAg",
	"MEQCIG42HKmJm7ozIiH0nh5UGbld-ZPjqTuX06RBHhz36vGlAiAZVdF-QSr0SUGRBXyozbrpFaqTIoA6Iv3BwsIC"
	"E0kOsw",
	2},
    {"EdDSA", COSE_EDDSA,
	"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NBAAAAAAAAAAAAAAAAAAAAAAAAAAAAIFwb928tcmmSLWOy"
	"X6ZIoYeLiD4a5eoHxSvbNFt_NxxHpAEBAycgBiFYIGxQQZu5rHdoEOIWQUYODR2T5COPNDjCfU4Iwlh4HPo7",
	"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MBAAAAAQ",
	"dsEBNCupmtP-emgJc4-uDZ7RE5dvsJ1odPl2-DNAOD5raFCprcKAaKAnXLlJsRAXzWN4ANfgykUNdXDw66qqAA", 1},
    {"RS256", COSE_RS256,
	"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NBAAAAAAAAAAAAAAAAAAAAAAAAAAAAIJl3V9dnJPvJiAaE"
	"lIvLJ0AztwJ8P-JRTV9iHdwKakHLpAEDAzkBACBZAQDTDuxeufG93nvZiu6tQFLO0pyszV2yYLZ3Hs4TigXePlJw"
	"xT71-YRO88ejnZL0i_FQJGRePgD3hkPCzBeH71IIi7aF8HcfddTgR4dp1H4Niy_WPx3_kvGXG8gjmL6vYF7zp0PX"
	"qiPt4w5T5A4ksLTvuuRlMaLCs-43zoI9SCZc1vmLp24I4lGhkIsxCkQxLtkaLRvCfgqlXYHbK7yzuH2TDbJFNwFI"
	"ziDHYD4OJUnj937qTjfkHArWYBm5GFojhrRqPfrTNtm4gb42XKX0Nl3DPzulDJt1SHbJUQ3aaUfkp2C6q0_BfeUZ"
	"_qpZD5AsiU-3-fs4axT0FLpYfyw098SDIUMBAAE",
	"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MBAAAAAQ",
	"DUj9gKETUs9_5gT5HqlOeVimxrqnj6KkEMPHGaQkber7rMQjbItysUyTXT98rN0vTIDp3bgszQ1_AXDl_ol_bi5U"
	"JvZvBiRb9Tapnyp3KJN-j-sg5w4MznVM8fVIehsyCa3220NZt4azH2Ur723FxKvppsYyKOJBbHnleD2PPZlG7QLn"
	"cEGtkOHEJHoaMvWPKnJ1Azvg_DbNFjBL0yxHHAISJMPPVkIXEWtv8JF-i7M029YPhrJyFk-Ed5dv2c-oT-7fdF0y"
	"V0WEMD7MNGCICNXFIx2VDVp0FeFfrrsHX5rg_6s2l66wlRmYkPiabrypjy280icp42faIZk9jDsWTQ",
	1},
};

static unsigned char challenge[WEBAUTHN_CHALLENGE_LEN];
static struct webauthn_site site;

static int world_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(challenge); i++)
		challenge[i] = (unsigned char)i;
	return webauthn_site(&site, ADDRESS "/") ? 0 : -1;
}

/* base64url of a text, for the caller to free. */
static char *encoded(const void *bytes, size_t len)
{
	char *out = malloc(BASE64URL_ROOM(len));

	assert_non_null(out);
	base64url_encode(out, bytes, len);
	return out;
}

static enum fault made_judge(struct webauthn_made *out, const char *client, const char *data, struct err *e)
{
	char *said = encoded(client, strlen(client));
	const struct webauthn_answer a = {.client_data = said, .authenticator_data = data};
	const enum fault fault = webauthn_made(out, &site, challenge, &a, e) == 0 ? FAULT_none : e->fault;

	free(said);
	return fault;
}

static enum fault used_judge(uint32_t *count, const struct webauthn_key *key, const char *client,
    const char *data, const char *signature, struct err *e)
{
	char *said = encoded(client, strlen(client));
	const struct webauthn_answer a = {
	    .client_data = said, .authenticator_data = data, .signature = signature};
	const enum fault fault =
	    webauthn_signed(count, &site, challenge, key, &a, e) == 0 ? FAULT_none : e->fault;

	free(said);
	return fault;
}

static void key_make(struct webauthn_made *out, size_t i)
{
	struct err e;

	if (made_judge(out, MADE, keys[i].made, &e) != FAULT_none)
		fail_msg("%s: %s", keys[i].name, e.log);
}

static void check_good(void **state)
{
	struct webauthn_made made;
	uint32_t count;
	struct err e;

	(void)state;
	for (size_t i = 0; i < nitems(keys); i++) {
		key_make(&made, i);
		assert_int_equal(made.key.algorithm, keys[i].algorithm);
		assert_int_equal(made.id_len, 32);
		assert_int_equal(made.count, keys[i].count - 1);
		if (used_judge(&count, &made.key, USED, keys[i].used, keys[i].signature, &e) != FAULT_none)
			fail_msg("%s: %s", keys[i].name, e.log);
		assert_int_equal(count, keys[i].count);
		/* Chromium adds members to what it says, and tells not to compare it with a pattern. */
		assert_int_equal(made_judge(&made,
				     "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE
				     "\",\"origin\":\"" ADDRESS "\",\"more\":[1]}",
				     keys[i].made, &e),
		    FAULT_none);
	}
}

/* What a browser says, with one thing wrong each, and why it is refused. */
#define WRONG(type)                                                                                      \
	{"", "client data is no base64url, or too long"}, {"[]", "client data is no JSON object"},       \
	    {"{", "client data is no JSON object"}, {SAID(type) "x", "client data is no JSON object"},   \
	    {"{}", "client data of another type"},                                                       \
	    {"{\"type\":\"" type "\",\"type\":\"" type "\"}", "client data is no JSON object"},          \
	    {"{\"type\":\"" type "\",\"origin\":\"" ADDRESS "\"}", "another challenge"},                 \
	    {"{\"type\":\"" type "\",\"challenge\":\"AAAA\",\"origin\":\"" ADDRESS "\"}",                \
		"another challenge"},                                                                    \
	    {"{\"type\":\"" type "\",\"challenge\":7,\"origin\":\"" ADDRESS "\"}", "another challenge"}, \
	    {"{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\"}", "another origin"},               \
	    {"{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ADDRESS "0\"}",      \
		"another origin"},                                                                       \
	    {"{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ADDRESS              \
	     "\",\"crossOrigin\":true}",                                                                 \
		"in a frame of another origin"},                                                         \
	{                                                                                                \
		"{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ADDRESS           \
		"\",\"crossOrigin\":\"no\"}",                                                            \
		    "in a frame of another origin"                                                       \
	}

static void check_said(void **state)
{
	static const struct {
		const char *said, *why;
	} made_wrong[] = {WRONG("webauthn.create"), {USED, "client data of another type"}},
	  used_wrong[] = {WRONG("webauthn.get"), {MADE, "client data of another type"}};
	struct webauthn_made made, other;
	uint32_t count;
	struct err e;

	(void)state;
	key_make(&made, 0);
	for (size_t i = 0; i < nitems(made_wrong); i++) {
		assert_int_equal(
		    made_judge(&other, made_wrong[i].said, keys[0].made, &e), FAULT_account_key_refused);
		assert_string_equal(e.log, made_wrong[i].why);
	}
	for (size_t i = 0; i < nitems(used_wrong); i++) {
		assert_int_equal(
		    used_judge(&count, &made.key, used_wrong[i].said, keys[0].used, keys[0].signature, &e),
		    FAULT_account_key_refused);
		assert_string_equal(e.log, used_wrong[i].why);
		assert_int_equal(count, 0);
	}
}

/* Each bit of what a key signed and of the signature, turned; and each of them cut. */
static void check_signed(void **state)
{
	unsigned char data[WEBAUTHN_DATA_MAX], signature[WEBAUTHN_DATA_MAX];
	struct webauthn_made made;
	size_t data_len, len;
	uint32_t count;
	struct err e;

	(void)state;
	for (size_t i = 0; i < nitems(keys); i++) {
		key_make(&made, i);
		assert_int_equal(webauthn_octets(data, sizeof(data), &data_len, keys[i].used), 0);
		assert_int_equal(webauthn_octets(signature, sizeof(signature), &len, keys[i].signature), 0);
		for (size_t bit = 0; bit < 8 * (data_len + len); bit++) {
			unsigned char *at =
			    bit / 8 < data_len ? &data[bit / 8] : &signature[bit / 8 - data_len];
			char *sent[2];

			*at ^= (unsigned char)(1U << bit % 8);
			sent[0] = encoded(data, data_len);
			sent[1] = encoded(signature, len);
			if (used_judge(&count, &made.key, USED, sent[0], sent[1], &e) !=
				FAULT_account_key_refused ||
			    count != 0)
				fail_msg("%s: bit %zu turned, and taken", keys[i].name, bit);
			free(sent[0]);
			free(sent[1]);
			*at ^= (unsigned char)(1U << bit % 8);
		}
		for (size_t short_len = 1; short_len < len; short_len++) {
			char *cut = encoded(signature, short_len);

			assert_int_equal(used_judge(&count, &made.key, USED, keys[i].used, cut, &e),
			    FAULT_account_key_refused);
			free(cut);
		}
		for (size_t other = 0; other < nitems(keys); other++)
			if (other != i)
				assert_int_equal(used_judge(&count, &made.key, USED, keys[other].used,
						     keys[other].signature, &e),
				    FAULT_account_key_refused);
	}
}

/* What is not signed can be said by anybody; it is read without harm, and a key that is none is refused. */
static void check_made(void **state)
{
	unsigned char data[WEBAUTHN_DATA_MAX];
	struct webauthn_made made;
	size_t len, taken = 0;
	struct err e = {.fault = FAULT_none};

	(void)state;
	for (size_t i = 0; i < nitems(keys); i++) {
		assert_int_equal(webauthn_octets(data, sizeof(data), &len, keys[i].made), 0);
		for (size_t cut = 1; cut < len; cut++) {
			char *sent = encoded(data, cut);

			assert_int_equal(made_judge(&made, MADE, sent, &e), FAULT_account_key_refused);
			free(sent);
		}
		for (size_t bit = 0; bit < 8 * len; bit++) {
			char *sent;

			data[bit / 8] ^= (unsigned char)(1U << bit % 8);
			sent = encoded(data, len);
			taken += made_judge(&made, MADE, sent, &e) == FAULT_none;
			if (bit < 8 * 32 || bit == 8 * 32 ||
			    bit == 8 * 32 + 6) /* name, touched, credential */
				assert_int_equal(e.fault, FAULT_account_key_refused);
			if (keys[i].algorithm == COSE_ES256 && bit >= 8 * (len - 32))
				assert_int_equal(e.fault, FAULT_account_key_refused); /* on no curve */
			free(sent);
			data[bit / 8] ^= (unsigned char)(1U << bit % 8);
			e.fault = FAULT_none;
		}
	}
	assert_true(taken > 0); /* the count, the model, the credential's id */
	assert_int_equal(made_judge(&made, MADE, "", &e), FAULT_account_key_refused);
	assert_int_equal(made_judge(&made, MADE, "=", &e), FAULT_account_key_refused);
}

/* What libfido2 is not shown: members that nobody asked for, and keys of another form than CTAP2's, which
 * could claim any length. */
static void check_form(void **state)
{
	unsigned char data[WEBAUTHN_DATA_MAX] = {0};
	struct webauthn_made made;
	size_t len, key_at = 37 + 16 + 2 + 32;
	uint32_t count;
	struct err e;
	char *sent;

	(void)state;
	assert_int_equal(webauthn_octets(data, sizeof(data), &len, keys[0].made), 0);
	memcpy(data + key_at, "\xbb\x00\x00\x00\x00\x10\x00\x00\x00", 9); /* a map of 2^28 members */
	sent = encoded(data, len);
	assert_int_equal(made_judge(&made, MADE, sent, &e), FAULT_account_key_refused);
	assert_string_equal(e.log, "no credential that can be read");
	free(sent);
	assert_int_equal(webauthn_octets(data, sizeof(data), &len, keys[0].made), 0);
	data[32] |= 0x80;
	sent = encoded(data, len);
	assert_int_equal(made_judge(&made, MADE, sent, &e), FAULT_account_key_refused);
	assert_string_equal(e.log, "extensions that nobody asked for");
	free(sent);
	key_make(&made, 0);
	assert_int_equal(webauthn_octets(data, sizeof(data), &len, keys[0].used), 0);
	sent = encoded(data, len + 1);
	assert_int_equal(
	    used_judge(&count, &made.key, USED, sent, keys[0].signature, &e), FAULT_account_key_refused);
	assert_string_equal(e.log, "authenticator data of another length");
	free(sent);
}

/* A public key that the database would never hold. */
static void check_key_none(void **state)
{
	struct webauthn_key none = {.algorithm = COSE_ES256, .len = 64};
	uint32_t count;
	struct err e;

	(void)state;
	assert_int_equal(
	    used_judge(&count, &none, USED, keys[0].used, keys[0].signature, &e), FAULT_account_key_refused);
	none.algorithm = 0;
	assert_int_equal(
	    used_judge(&count, &none, USED, keys[0].used, keys[0].signature, &e), FAULT_account_key_refused);
	assert_int_equal(used_judge(&count, &none, USED, keys[0].used, NULL, &e), FAULT_account_key_refused);
}

static void check_site(void **state)
{
	static const struct {
		const char *address, *id, *origin;
	} good[] = {
	    {"https://Mailcert.Example", "mailcert.example", "https://mailcert.example"},
	    {"https://mailcert.example:443/", "mailcert.example", "https://mailcert.example"},
	    {"https://mailcert.example:4/", "mailcert.example", "https://mailcert.example:4"},
	    {"https://mailcert.example:8443", "mailcert.example", "https://mailcert.example:8443"},
	    {"https://mailcert.example/here/", "mailcert.example", "https://mailcert.example"},
	    {"http://localhost", "localhost", "http://localhost"},
	    {"http://localhost:80", "localhost", "http://localhost"},
	    {"http://a.localhost:8080", "a.localhost", "http://a.localhost:8080"},
	};
	static const char *const none[] = {"http://mailcert.example", "http://127.0.0.1:8080",
	    "https://127.0.0.1", "https://[::1]:8443", "https://", "https:///x", "https://:443",
	    "ftp://localhost", "localhost", "", "http://notlocalhost", "https://1.2.3"};
	struct webauthn_site found;

	(void)state;
	for (size_t i = 0; i < nitems(good); i++) {
		assert_true(webauthn_site(&found, good[i].address));
		assert_string_equal(found.id, good[i].id);
		assert_string_equal(found.origin, good[i].origin);
	}
	for (size_t i = 0; i < nitems(none); i++)
		if (webauthn_site(&found, none[i]) || *found.id != '\0' || *found.origin != '\0')
			fail_msg("\"%s\" will do", none[i]);
}

int main(void)
{
	const struct CMUnitTest t[] = {
	    cmocka_unit_test(check_good),
	    cmocka_unit_test(check_said),
	    cmocka_unit_test(check_signed),
	    cmocka_unit_test(check_made),
	    cmocka_unit_test(check_form),
	    cmocka_unit_test(check_key_none),
	    cmocka_unit_test(check_site),
	};

	return cmocka_run_group_tests_name("webauthn", t, world_open, NULL);
}
