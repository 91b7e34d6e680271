/* webauthn.h - what a security key answers, judged (W3C Web Authentication Level 2, sections 7.1 and 7.2).
 *
 * The signature and the public key are read by libfido2, after the form of both was looked at. Attestation is
 * "none": who made a key is nobody's business here, so its statement is neither asked for nor looked at, and
 * authenticator data comes without the object around it (getAuthenticatorData() of Level 2). What binds an
 * answer to us, origin and name (RP id), comes from the service's own address, never from a request.
 */
#ifndef LIB_FLOW_WEBAUTHN_H
#define LIB_FLOW_WEBAUTHN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define WEBAUTHN_CHALLENGE_LEN 32
#define WEBAUTHN_ID_MAX        1023 /* octets of a credential id (section 4) */
#define WEBAUTHN_PUBLIC_MAX    512
#define WEBAUTHN_DATA_MAX      4096 /* octets of client data, authenticator data, a signature */

/* Algorithms of COSE that are taken, the preferred first: ES256, EdDSA, RS256. 0 ends the list. */
extern const int webauthn_algorithms[];

/* Whom a key knows: the name and origin of this service. */
struct webauthn_site {
	char id[256];     /* "mailcert.example" */
	char origin[300]; /* "https://mailcert.example", as browsers write it: small letters, no default port
			   */
};

struct webauthn_key {
	int algorithm; /* of webauthn_algorithms */
	unsigned char octets[WEBAUTHN_PUBLIC_MAX];
	size_t len;
};

/* A key that was made. */
struct webauthn_made {
	unsigned char id[WEBAUTHN_ID_MAX];
	size_t id_len;
	struct webauthn_key key;
	uint32_t count;
};

/* What a browser sent, in base64url without padding. */
struct webauthn_answer {
	const char *client_data, *authenticator_data;
	const char *signature; /* NULL for a key that was made */
};

/* Read name and origin from the service's address (Web.BaseUrl). False, with *out empty, where no browser
 * gives a key to it: neither https nor localhost, or a number instead of a name (section 5.1.3, and "secure
 * context"). */
bool webauthn_site(struct webauthn_site *out, const char *base_url);

/* Decode base64url of 1 to room octets; 0, or -1 when it is none. */
int webauthn_octets(unsigned char *out, size_t room, size_t *len, const char *text);

/* Judge the answer of a key that was made for the challenge (section 7.1): of our origin and name, touched,
 * with a public key that libfido2 finds sound. Fills *out. Fault: account_key_refused; e->log says why. */
int webauthn_made(struct webauthn_made *out, const struct webauthn_site *,
    const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], const struct webauthn_answer *, struct err *e);

/* Judge what a key signed (section 7.2): this challenge, for our origin and name, touched, and the signature
 * by the key. *count is what it counts; whether that goes forward is the database's to say. Fault:
 * account_key_refused; e->log says why. */
int webauthn_signed(uint32_t *count, const struct webauthn_site *,
    const unsigned char challenge[WEBAUTHN_CHALLENGE_LEN], const struct webauthn_key *,
    const struct webauthn_answer *, struct err *e);

#endif
