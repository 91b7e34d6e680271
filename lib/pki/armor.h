/* armor.h - find PEM blocks (RFC 7468) in what a person pasted, and turn their base64 into octets.
 *
 * Lax where people and mail programs are: prose around, CRLF, blanks, no-break spaces. Strict in what makes a
 * block whole: both boundary lines, one alphabet, full padding. The text is only borrowed, never changed.
 */
#ifndef LIB_PKI_ARMOR_H
#define LIB_PKI_ARMOR_H

#include <stdbool.h>
#include <stddef.h>

enum armor_kind {
	ARMOR_REQUEST,     /* CERTIFICATE REQUEST, NEW CERTIFICATE REQUEST */
	ARMOR_CERTIFICATE, /* CERTIFICATE, X509 CERTIFICATE, TRUSTED CERTIFICATE */
	ARMOR_PRIVATE_KEY, /* anything with PRIVATE KEY */
	ARMOR_PUBLIC_KEY,  /* anything with PUBLIC KEY */
	ARMOR_PKCS7,       /* PKCS7, CMS */
	ARMOR_OTHER,
};

struct armor_block {
	enum armor_kind kind;
	const char *begin; /* the boundary line */
	const char *body;
	size_t body_len;
	bool whole; /* the matching END line is there; else the body goes on to the next BEGIN or the end */
};

/* Find the next block in *text..end and move *text behind it. false when there is none. */
bool armor_next(const char **text, const char *end, struct armor_block *out);

/* Whether a blank of one to three octets stands at p (space, tab, line end, no-break space, zero-width space,
 * byte order mark); its length, or 0. */
size_t armor_blank(const char *p, const char *end);

/* Whether text is UTF-16 in either order, as Windows writes files: it begins with the byte order mark, or
 * every second octet is NUL and no other. */
bool armor_wide(const char *text, size_t len);

/* Such text as ASCII, len / 2 characters, each where it stood: other blanks of armor_blank() are spaces, and
 * what ASCII has not is '?'. Given to the caller, who clears and frees it (OPENSSL_clear_free). NULL without
 * memory. */
char *armor_narrow(const char *text, size_t len);

enum armor_fault { ARMOR_OK, ARMOR_BAD_CHARACTER, ARMOR_CUT, ARMOR_NO_MEMORY };

/* Decode base64 with blanks in it. Gives *out to the caller, who clears and frees it (OPENSSL_clear_free).
 * ARMOR_BAD_CHARACTER: *bad points at it; ARMOR_CUT: the number of characters fits no whole octets,
 * and *out has those of the whole groups of four. With the other faults *out is left alone. */
enum armor_fault armor_decode(
    unsigned char **out, size_t *out_len, const char *text, size_t len, const char **bad);

#endif
