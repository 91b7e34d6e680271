/* address.h - a mailbox address: read what a person typed into the one canonical form used everywhere.
 *
 * RFC 5321 4.1.2 "Mailbox", with what we refuse on purpose: quoted local parts, address literals,
 * single-label and non-public domains, non-ASCII local parts (no SMTPUTF8 in our mail path). The domain
 * becomes lower-case A-labels (IDNA2008 by libidn2); the local part is never folded (RFC 9598 5).
 */
#ifndef LIB_PKI_ADDRESS_H
#define LIB_PKI_ADDRESS_H

#include <stddef.h>

struct err;

#define ADDRESS_MAX       254 /* octets (RFC 5321 4.5.3.1.3 less the angle brackets) */
#define ADDRESS_LOCAL_MAX 64

/* Read typed text (UTF-8, blanks around it forgiven) into out, canonical and NUL-terminated.
 * 0, or -1 with one email_* fault (or busy without memory). The arg names what stands in the way: the
 * character (itself when ASCII, "ö (U+00F6)" when not, "U+200B" when nobody sees it) for space, control,
 * quoted and the local part; the label or domain for domain faults; else empty. */
int address_read(char out[ADDRESS_MAX + 1], const char *text, struct err *e);

/* The domain of a canonical address: a pointer into it, behind the '@'. */
const char *address_domain(const char *address);

/* The domain as people write it (U-labels, UTF-8), for showing beside the canonical form; NUL-terminated, cut
 * to room. Falls back to the A-labels when libidn2 cannot turn them. */
void address_domain_shown(char *out, size_t room, const char *address);

/* A guess for a mistyped common domain ("gmial.com": "gmail.com"), or NULL. Static string. */
const char *address_domain_hint(const char *address);

#endif
