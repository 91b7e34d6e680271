/* encoding.h - the two ways in which bytes travel in a mail: quoted-printable and base64 (RFC 2045 section
 * 6). */
#ifndef LIB_MAIL_ENCODING_H
#define LIB_MAIL_ENCODING_H

#include <stddef.h>

struct buf;

/* Append text as quoted-printable: lines of at most 76 octets that end in CRLF, the last one too. CR, LF and
 * CRLF in the text are all line ends. A line that begins with "From " is encoded, so that no mailbox file
 * format changes it and breaks a signature. */
void quoted_printable_add(struct buf *out, const char *text);

/* Append bytes as base64 in lines of 76 octets that end in CRLF. */
void base64_add(struct buf *out, const void *bytes, size_t len);

#endif
