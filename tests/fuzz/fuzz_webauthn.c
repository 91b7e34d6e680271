/* fuzz_webauthn.c - libFuzzer: what a browser sends of a security key. The first octet says which part is
 * theirs: authenticator data of a key that was made, the same of one that was used with the signature behind
 * it, or the client's words. Nothing is signed by the key there is, and what is made is bounded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/flow/webauthn.h"

#define CHALLENGE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SAID(type)                                          \
	"{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE \
	"\",\"origin\":\"http://localhost\",\"crossOrigin\":false}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *encoded(const void *bytes, size_t len)
{
	char *out = malloc(BASE64URL_ROOM(len));

	if (out == NULL)
		abort();
	base64url_encode(out, bytes, len);
	return out;
}

/* Ed25519: any 32 octets are a key to begin with. */
static const struct webauthn_key key = {
    .algorithm = -8, .octets = "a public key of nobody, 32 long", .len = 32};

static void answer_judge(const struct webauthn_answer *a)
{
	static const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN];
	struct webauthn_site site;
	struct webauthn_made made;
	uint32_t count;
	struct err e = {.fault = FAULT_none};

	if (!webauthn_site(&site, "http://localhost"))
		abort();
	if (webauthn_made(&made, &site, challenge, a, &e) == 0) {
		if (made.id_len == 0 || made.id_len > WEBAUTHN_ID_MAX || made.key.len > WEBAUTHN_PUBLIC_MAX)
			abort();
	} else if (e.fault != FAULT_account_key_refused || strlen(e.log) > 100) {
		abort(); /* the column for the reason ends there */
	}
	if (webauthn_signed(&count, &site, challenge, &key, a, &e) == 0 || strlen(e.log) > 100)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct webauthn_answer a = {.signature = "AAAA"};
	char *said, *theirs, *signature = NULL;
	size_t half;

	if (size < 2)
		return 0;
	said = encoded(data[0] == 1 ? SAID("webauthn.get") : SAID("webauthn.create"),
	    strlen(data[0] == 1 ? SAID("webauthn.get") : SAID("webauthn.create")));
	half = data[0] == 1 && size > 38 ? 37 : size - 1;
	theirs = encoded(data + 1, half);
	if (half < size - 1)
		a.signature = signature = encoded(data + 1 + half, size - 1 - half);
	a.client_data = data[0] == 2 ? theirs : said;
	a.authenticator_data = data[0] == 2 ? said : theirs;
	answer_judge(&a);
	free(said);
	free(theirs);
	free(signature);
	return 0;
}
