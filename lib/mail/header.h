/* header.h - header fields of a mail (RFC 5322, RFC 2047), written so that no value can add a field of its
 * own.
 *
 * Every value is checked before a byte is written: control characters (C0, DEL, C1), broken UTF-8 and too
 * long values are refused with FAULT_internal, for what reaches this place was checked long before. On -1
 * nothing was appended. Lines are folded at 78 octets where a space allows it and never exceed 998.
 */
#ifndef LIB_MAIL_HEADER_H
#define LIB_MAIL_HEADER_H

#include <stdbool.h>

struct buf;
struct err;

#define HEADER_NAME_MAX 40  /* octets of a field's name */
#define HEADER_TEXT_MAX 900 /* octets of a value before encoding */

/* Append "Name: text" for people to read, UTF-8; as encoded words (RFC 2047) where it is not plain ASCII, Q
 * or B encoding by what is shorter. */
int header_add_text(struct buf *out, const char *name, const char *text, struct err *e);

/* Append "Name: value" for machines: printable ASCII, as it is. */
int header_add_plain(struct buf *out, const char *name, const char *value, struct err *e);

/* Append "Name: display <address>"; display NULL or empty: the address alone. */
int header_add_mailbox(
    struct buf *out, const char *name, const char *display, const char *address, struct err *e);

/* Append "Name: <id>"; id has the form of an address, without angle brackets (RFC 5322 3.6.4 msg-id). */
int header_add_id(struct buf *out, const char *name, const char *id, struct err *e);

/* Whether an address can stand in a header and in an SMTP envelope as it is: dot-atom, "@", domain of
 * letters, digits, hyphens and dots; ASCII, at most 254 octets. */
bool header_address_fits(const char *address);

/* Whether a value could stand in a header at all: UTF-8 without control characters, at most HEADER_TEXT_MAX.
 */
bool header_text_fits(const char *text);

#endif
