/* address.c - reading a typed mailbox address; see address.h.
 *
 * The typed text is judged from the outside in: characters that never belong, then the shape around the '@',
 * then the local part, then the domain. So the first fault found is the one that a person would name.
 */
#include "lib/pki/address.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>

#include "lib/base/err.h"
#include "lib/base/text.h"

#define TYPED_MAX  1024 /* more octets than any address; U-labels may be longer than their A-labels */
#define DOMAIN_MAX 253
#define LABEL_MAX  63

/* One character of valid UTF-8 at *p, which moves past it. */
static unsigned long char_take(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	int more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	unsigned long cp = more == 0 ? *s : *s & (0x3fU >> more);

	for (int i = 1; i <= more; i++)
		cp = cp << 6 | (s[i] & 0x3f);
	*p += more + 1;
	return cp;
}

static bool char_blank(unsigned long cp)
{
	return cp == ' ' || cp == '\t' || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Line ends, other controls and marks that turn the direction of writing: what forges headers and lines. */
static bool char_control(unsigned long cp)
{
	return (cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp <= 0x9f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

static bool char_invisible(unsigned long cp)
{
	return char_blank(cp) || char_control(cp) || cp == 0xad || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfe00 && cp <= 0xfe0f);
}

/* Name one character for a person: itself when ASCII, with its code when not, the code alone when unseen. */
static void char_name(char *out, size_t room, const char *at)
{
	const char *end = at;
	unsigned long cp = char_take(&end);

	if (char_invisible(cp))
		(void)snprintf(out, room, "U+%04lX", cp);
	else if (cp < 0x80)
		(void)snprintf(out, room, "%c", (int)cp);
	else
		(void)snprintf(out, room, "%.*s (U+%04lX)", (int)(end - at), at, cp);
}

static int char_fault(struct err *e, enum fault fault, const char *at)
{
	char name[32];

	char_name(name, sizeof(name), at);
	return err_set_arg(e, fault, name, "address: %s", fault_code(fault));
}

/* Cut text at a character's border so that it fits room with its NUL. */
static void text_fit(char *out, size_t room, const char *text)
{
	size_t len = strlen(text);

	if (len > room - 1) {
		len = room - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
}

/* A fault of the domain, or of one label of it; the arg is that part. */
static int domain_fault(struct err *e, enum fault fault, const char *part, const char *why)
{
	char shown[ERR_ARG_MAX];

	text_fit(shown, sizeof(shown), part);
	return err_set_arg(e, fault, shown, "address: domain: %s", why);
}

/* Copy text without the blanks around it into out[TYPED_MAX + 1]. */
static int typed_trim(char *out, const char *text, struct err *e)
{
	size_t len = strlen(text);
	const char *p = text, *next = text, *last;

	if (!utf8_valid(text, len))
		return err_set(e, FAULT_email_control, "address: not UTF-8");
	while (*next != '\0' && char_blank(char_take(&next)))
		p = next;
	last = p;
	for (next = p; *next != '\0';)
		if (!char_blank(char_take(&next)))
			last = next;
	len = (size_t)(last - p);
	if (len == 0)
		return err_set(e, FAULT_email_missing, "address: empty");
	if (len > TYPED_MAX)
		return err_set(e, FAULT_email_too_long, "address: %zu octets typed", len);
	memcpy(out, p, len);
	out[len] = '\0';
	return 0;
}

/* Characters that no part may have. */
static int typed_check(const char *typed, struct err *e)
{
	const char *p, *at, *quote = strchr(typed, '"');

	for (p = at = typed; *p != '\0'; at = p)
		if (char_control(char_take(&p)))
			return char_fault(e, FAULT_email_control, at);
	if (quote != NULL)
		return char_fault(e, FAULT_email_quoted, quote);
	for (p = at = typed; *p != '\0'; at = p)
		if (char_blank(char_take(&p)))
			return char_fault(e, FAULT_email_space, at);
	at = strchr(typed, '@');
	if (at == NULL)
		return err_set(e, FAULT_email_no_at, "address: no @");
	if (strchr(at + 1, '@') != NULL)
		return err_set_arg(e, FAULT_email_several_at, "@", "address: several @");
	return 0;
}

/* RFC 5322 3.2.3 atext. */
static bool char_atext(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* RFC 5321 4.1.2 Dot-string. */
static int local_check(const char *local, size_t len, struct err *e)
{
	if (len == 0)
		return err_set(e, FAULT_email_local_missing, "address: no local part");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)local[i] >= 0x80)
			return char_fault(e, FAULT_email_local_not_ascii, local + i);
	for (size_t i = 0; i < len; i++)
		if (local[i] != '.' && !char_atext(local[i]))
			return char_fault(e, FAULT_email_local_syntax, local + i);
	for (size_t i = 0; i < len; i++)
		if (local[i] == '.' && i + 1 < len && local[i + 1] == '.')
			return err_set_arg(
			    e, FAULT_email_local_syntax, "..", "address: two dots in the local part");
	if (local[0] == '.' || local[len - 1] == '.')
		return err_set_arg(
		    e, FAULT_email_local_syntax, ".", "address: dot at an end of the local part");
	if (len > ADDRESS_LOCAL_MAX)
		return err_set(e, FAULT_email_local_too_long, "address: local part of %zu octets", len);
	return 0;
}

/* RFC 5890 2.3.1: letters, digits and hyphens, no hyphen at the ends. "??--" is kept for A-labels. */
static const char *label_wrong(const char *label, size_t len)
{
	if (len == 0)
		return "empty label";
	if (len > LABEL_MAX)
		return "label over 63 octets";
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)label[i]) && !isdigit((unsigned char)label[i]) && label[i] != '-')
			return "character outside letters, digits, hyphen";
	if (label[0] == '-' || label[len - 1] == '-')
		return "hyphen at an end";
	if (len >= 4 && label[2] == '-' && label[3] == '-' && strncmp(label, "xn", 2) != 0)
		return "reserved label";
	return NULL;
}

/* A last label that reads as a number makes the whole an IP address to some software: "1", "0x7f". */
static bool label_number(const char *label)
{
	if (strncmp(label, "0x", 2) == 0)
		return label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
	return label[strspn(label, "0123456789")] == '\0';
}

/* What is typed as a domain but is an address of a host. */
static bool domain_literal(const char *domain)
{
	size_t digits = strspn(domain, "0123456789.");

	return domain[0] == '[' || strchr(domain, ':') != NULL ||
	       (domain[digits] == '\0' && strchr(domain, '.') != NULL && domain[digits - 1] != '.');
}

/* The labels of a converted domain. */
static int domain_check(const char *domain, struct err *e)
{
	const char *label = domain, *why;
	char part[LABEL_MAX + 2];
	size_t len;

	for (;; label += len + 1) {
		len = strcspn(label, ".");
		why = label_wrong(label, len);
		if (why != NULL) {
			(void)snprintf(part, sizeof(part), "%.*s", (int)len, label);
			return domain_fault(e, FAULT_email_domain_invalid, len == 0 ? "." : part, why);
		}
		if (label[len] == '\0')
			break;
	}
	if (label == domain)
		return domain_fault(e, FAULT_email_domain_single_label, domain, "single label");
	if (label_number(label))
		return domain_fault(e, FAULT_email_domain_invalid, label, "last label is a number");
	if (strlen(domain) > DOMAIN_MAX)
		return err_set(e, FAULT_email_too_long, "address: domain of %zu octets", strlen(domain));
	return 0;
}

/* The A-labels of a typed domain, lower-case, owned by the caller (UTS 46 mapping, then IDNA2008).
 * IDN2_USE_STD3_ASCII_RULES stays unset: libidn2 2.3 drops what those rules forbid, so that "a_b.example"
 * would silently become another's domain. domain_check() refuses instead. */
static int domain_convert(char **out, const char *typed, struct err *e)
{
	char *ascii = NULL, *unicode = NULL, *again = NULL;
	int rc = -1, idn;

	idn = idn2_to_ascii_8z(typed, &ascii, IDN2_NONTRANSITIONAL);
	if (idn == IDN2_OK)
		idn = idn2_to_unicode_8z8z(ascii, &unicode, IDN2_NONTRANSITIONAL);
	if (idn == IDN2_OK)
		idn = idn2_to_ascii_8z(unicode, &again, IDN2_NONTRANSITIONAL);
	if (idn == IDN2_MALLOC) {
		(void)err_set(e, FAULT_busy, "address: out of memory");
	} else if (idn == IDN2_TOO_BIG_DOMAIN) {
		(void)err_set(e, FAULT_email_too_long, "address: domain of %zu octets typed", strlen(typed));
	} else if (idn != IDN2_OK) {
		(void)domain_fault(e, FAULT_email_domain_invalid, typed, idn2_strerror_name(idn));
	} else if (strcmp(ascii, again) != 0) {
		(void)domain_fault(
		    e, FAULT_email_domain_invalid, typed, "no round trip between A- and U-labels");
	} else {
		*out = ascii;
		ascii = NULL;
		rc = 0;
	}
	idn2_free(ascii);
	idn2_free(unicode);
	idn2_free(again);
	return rc;
}

int address_read(char out[ADDRESS_MAX + 1], const char *text, struct err *e)
{
	char typed[TYPED_MAX + 1] = "", *domain, *ascii = NULL;
	size_t local_len;
	int rc = -1;

	if (typed_trim(typed, text, e) == -1 || typed_check(typed, e) == -1)
		return -1;
	local_len = strcspn(typed, "@");
	domain = typed + local_len + 1;
	if (local_check(typed, local_len, e) == -1)
		return -1;
	if (*domain == '\0')
		return err_set(e, FAULT_email_domain_missing, "address: no domain");
	if (domain_literal(domain))
		return domain_fault(e, FAULT_email_domain_literal, domain, "an IP address");
	if (domain_convert(&ascii, domain, e) == -1)
		return -1;
	if (domain_check(ascii, e) == -1)
		goto out;
	if (local_len + 1 + strlen(ascii) > ADDRESS_MAX) {
		(void)err_set(e, FAULT_email_too_long, "address: %zu octets", local_len + 1 + strlen(ascii));
		goto out;
	}
	(void)snprintf(out, ADDRESS_MAX + 1, "%.*s@%s", (int)local_len, typed, ascii);
	rc = 0;
out:
	idn2_free(ascii);
	return rc;
}

const char *address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at == NULL ? address + strlen(address) : at + 1;
}

void address_domain_shown(char *out, size_t room, const char *address)
{
	const char *domain = address_domain(address);
	char *unicode = NULL, *again = NULL;
	bool same;

	if (strstr(domain, "xn--") == NULL) { /* no label of another script, as in nearly every domain */
		text_fit(out, room, domain);
		return;
	}
	/* libidn2 may answer with less than it was given; so what is shown must lead back. */
	same = idn2_to_unicode_8z8z(domain, &unicode, IDN2_NONTRANSITIONAL) == IDN2_OK &&
	       idn2_to_ascii_8z(unicode, &again, IDN2_NONTRANSITIONAL) == IDN2_OK &&
	       strcmp(domain, again) == 0;
	text_fit(out, room, same ? unicode : domain);
	idn2_free(unicode);
	idn2_free(again);
}

/* Domains with many mailboxes. Those that are one slip from another one stand here too, so that nobody with a
 * mailbox at mail.com is sent to gmail.com. */
static const char *const domain_common[] = {"gmail.com", "googlemail.com", "hotmail.com", "outlook.com",
    "yahoo.com", "icloud.com", "proton.me", "protonmail.com", "live.com", "msn.com", "aol.com", "mail.com",
    "email.com", "ymail.com", "gmx.com", "gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.org", "gmx.us",
    "web.de", "t-online.de", "freenet.de", "posteo.de", "mailbox.org", "wp.pl", "onet.pl", "interia.pl",
    "hotmail.co.uk", "yahoo.co.uk", "orange.fr", "laposte.net", "bluewin.ch", "fastmail.com", "fastmail.fm",
    "zoho.com", "tutanota.com"};

/* Whether b comes from a by one slip: a character more, less or other, or two neighbours swapped. */
static bool slip_once(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), same = 0;

	while (a[same] != '\0' && a[same] == b[same])
		same++;
	if (la == lb)
		return strcmp(a + same + (la > same), b + same + (lb > same)) == 0 ||
		       (la - same >= 2 && a[same] == b[same + 1] && a[same + 1] == b[same] &&
			   strcmp(a + same + 2, b + same + 2) == 0);
	if (la == lb + 1)
		return strcmp(a + same + 1, b + same) == 0;
	return lb == la + 1 && strcmp(a + same, b + same + 1) == 0;
}

/* A short name is one slip from too many real ones, and another country's domain is no slip. */
static bool hint_fits(const char *domain, const char *common)
{
	const char *typed_top = strrchr(domain, '.'), *top = strrchr(common, '.');

	if (typed_top == NULL || strcspn(common, ".") < 4 || !slip_once(domain, common))
		return false;
	if (strcmp(typed_top, top) == 0)
		return true;
	return strcmp(top, ".com") == 0 &&
	       (strlen(typed_top) != 3 || strcmp(typed_top, ".co") == 0 || strcmp(typed_top, ".cm") == 0 ||
		   strcmp(typed_top, ".om") == 0);
}

const char *address_domain_hint(const char *address)
{
	const char *domain = address_domain(address);
	const size_t count = sizeof(domain_common) / sizeof(domain_common[0]);

	for (size_t i = 0; i < count; i++)
		if (strcmp(domain, domain_common[i]) == 0)
			return NULL;
	for (size_t i = 0; i < count; i++)
		if (hint_fits(domain, domain_common[i]))
			return domain_common[i];
	return NULL;
}
