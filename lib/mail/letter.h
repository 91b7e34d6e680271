/* letter.h - one mail as bytes: headers, a text and an HTML part, attachments, perhaps signed (S/MIME).
 *
 * The bytes are RFC 5322 and MIME with CRLF line ends, 7-bit only, no line over 998 octets, so any server
 * takes them. Dots at line beginnings are not doubled: that is SMTP's matter. The same letter gives the same
 * bytes (unsigned), so a repeated sending is recognised by its Message-ID.
 */
#ifndef LIB_MAIL_LETTER_H
#define LIB_MAIL_LETTER_H

#include <stddef.h>
#include <time.h>

struct buf;
struct err;
struct letter_signer;

struct letter_attachment {
	const char *name;       /* file name, UTF-8, at most 200 octets, no slashes or control characters */
	const char *media_type; /* "application/x-pem-file" */
	const void *bytes;
	size_t len;
};

struct letter_header {
	const char *name, *value; /* printable ASCII; "X-Mailcert-Order" */
};

/* What a letter is made of; everything is borrowed. */
struct letter {
	const char *from_name; /* shown beside from_address; may be NULL */
	const char *from_address, *to_address;
	const char *message_id;         /* without angle brackets, stable over repeated sendings */
	time_t date;                    /* of the header, and of the signature */
	const char *subject, *language; /* language: "en", RFC 5646 */
	const char *text, *html;        /* UTF-8 */
	const struct letter_attachment *attachments;
	size_t attachments_count;
	const struct letter_header *headers; /* besides those that follow from the fields above */
	size_t headers_count;
};

/* Append the letter's bytes to out. signer NULL: unsigned; else multipart/signed with a detached CMS
 * signature over SHA-256 (RFC 8551 3.5.3). FAULT_internal when a value cannot stand in a mail: control
 * characters, not UTF-8, not an address; out is then not to be used. */
int letter_build(struct buf *out, const struct letter *, const struct letter_signer *signer, struct err *e);

/* Read the certificate (PEM; further certificates in the file are its chain and go along) and its private key
 * (PEM, unencrypted, a file only its owner may read) that sign our letters. FAULT_config_invalid when they do
 * not belong together, or the certificate does not name the address `from`. Gives *out to the caller. */
int letter_signer_open(
    struct letter_signer **out, const char *cert_file, const char *key_file, const char *from, struct err *e);
void letter_signer_free(struct letter_signer *); /* NULL is fine */

/* The end of the signer's certificate, or 0 when it is not valid yet at `now`: letters go unsigned outside.
 */
time_t letter_signer_valid_until(const struct letter_signer *, time_t now);

#endif
