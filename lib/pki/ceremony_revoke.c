/* ceremony_revoke.c - the root takes back an issuing CA; see ceremony.h.
 *
 * What was revoked stands in <Ca.Dir>/<root>.revoked, beside the root's certificate, since the root's machine
 * has no database. A line for each CA: its serial in hex, the time (UTC), the reason. Nothing leaves that
 * file: an entry may go only after a CRL past the CA's end (RFC 5280 3.3), and a root has few.
 */
#include "lib/pki/ceremony.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/ceremony_place.h"
#include "lib/pki/issuer.h"
#include "lib/pki/openssl.h"

#define REVOKED_MAX (1 << 20) /* octets of the file */
#define TIME_FORM   "%Y-%m-%dT%H:%M:%SZ"

/* RFC 5280 5.3.1 without those that SBR 7.2.2 forbids for a CA: unspecified and certificateHold. */
static const struct {
	const char *word;
	enum crl_reason reason;
} reasons[] = {
    {"keyCompromise", REASON_KEY_COMPROMISE},
    {"cACompromise", REASON_CA_COMPROMISE},
    {"affiliationChanged", REASON_AFFILIATION_CHANGED},
    {"superseded", REASON_SUPERSEDED},
    {"cessationOfOperation", REASON_CESSATION_OF_OPERATION},
    {"privilegeWithdrawn", REASON_PRIVILEGE_WITHDRAWN},
};
#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

bool ca_reason_read(enum crl_reason *out, const char *word)
{
	for (size_t i = 0; i < REASONS; i++)
		if (strcmp(reasons[i].word, word) == 0) {
			*out = reasons[i].reason;
			return true;
		}
	return false;
}

const char *ca_reason_word(enum crl_reason reason)
{
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].reason == reason)
			return reasons[i].word;
	return NULL;
}

/* --- the file --- */

static void path_make(char path[PATH_MAX], const struct ceremony_place *place, const char *root_name)
{
	(void)snprintf(path, PATH_MAX, "%s/%s.revoked", place->dir, root_name);
}

static int line_read(struct crl_entry *out, const char *line)
{
	char serial[2 * sizeof(out->serial) + 1], when[21], reason[32], *rest;
	struct tm tm = {0};
	int end = 0;

	if (sscanf(line, "%40[0-9a-f] %20s %31s%n", serial, when, reason, &end) != 3 || line[end] != '\0')
		return -1;
	out->serial_len = strlen(serial) / 2;
	rest = strptime(when, TIME_FORM, &tm);
	if (hex_decode(out->serial, out->serial_len, serial) == -1 || rest == NULL || *rest != '\0' ||
	    !ca_reason_read(&out->reason, reason))
		return -1;
	out->revoked_at = timegm(&tm);
	return 0;
}

/* The entry of that serial, or NULL. */
static struct crl_entry *entry_find(const struct revoked_list *list, const unsigned char *serial, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].serial_len == len && memcmp(list->entries[i].serial, serial, len) == 0)
			return &list->entries[i];
	return NULL;
}

static int entry_add(struct revoked_list *list, const struct crl_entry *entry, struct err *e)
{
	struct crl_entry *more = realloc(list->entries, (list->count + 1) * sizeof(*more));

	if (more == NULL)
		return err_set(e, FAULT_busy, "revoked CAs: out of memory");
	list->entries = more;
	list->entries[list->count++] = *entry;
	return 0;
}

int revoked_read(
    struct revoked_list *out, const struct ceremony_place *place, const char *root_name, struct err *e)
{
	char path[PATH_MAX], *text, *rest, *line;
	unsigned number = 0;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	path_make(path, place, root_name);
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (file_read(path, REVOKED_MAX, &text, NULL, e) == -1)
		return -1;
	for (rest = text; rc == 0 && (line = strsep(&rest, "\n")) != NULL;) {
		struct crl_entry entry = {.reason = REASON_UNSPECIFIED};

		number++;
		if (*line == '\0')
			continue;
		/* A line that is passed over would be a CA that is forgiven. */
		rc = line_read(&entry, line) == -1
			 ? err_set(e, FAULT_config_invalid,
			       "%s: line %u: not a serial in hex, a time and a reason", path, number)
			 : entry_add(out, &entry, e);
	}
	free(text);
	if (rc == -1)
		revoked_free(out);
	return rc;
}

void revoked_free(struct revoked_list *list)
{
	free(list->entries);
	memset(list, 0, sizeof(*list));
}

int revoked_next(void *arg, struct crl_entry *out, struct err *e)
{
	struct revoked_list *list = arg;

	(void)e;
	if (list->at == list->count)
		return 0;
	*out = list->entries[list->at++];
	return 1;
}

static int revoked_write(
    const struct revoked_list *list, const struct ceremony_place *place, const char *root_name, struct err *e)
{
	char path[PATH_MAX], serial[2 * sizeof(list->entries->serial) + 1], when[32];
	struct buf b = {0};
	struct tm tm;
	int rc;

	for (size_t i = 0; i < list->count; i++) {
		const struct crl_entry *entry = &list->entries[i];

		hex_encode(serial, entry->serial, entry->serial_len);
		(void)gmtime_r(&entry->revoked_at, &tm);
		(void)strftime(when, sizeof(when), TIME_FORM, &tm);
		buf_printf(&b, "%s %s %s\n", serial, when, ca_reason_word(entry->reason));
	}
	path_make(path, place, root_name);
	rc = b.failed ? err_set(e, FAULT_busy, "revoked CAs: out of memory")
		      : file_replace(path, b.data, b.len, 0644, e);
	buf_free(&b);
	return rc;
}

/* --- a CRL never forgives --- */

static int crl_read(X509_CRL **out, const char *path, struct err *e)
{
	const unsigned char *p;
	char *der;
	size_t len;

	*out = NULL;
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (file_read(path, ROOT_CRL_MAX, &der, &len, e) == -1)
		return -1;
	p = (unsigned char *)der;
	*out = d2i_X509_CRL(NULL, &p, (long)len);
	free(der);
	return *out == NULL ? openssl_error(e, FAULT_config_invalid, "%s: not a CRL in DER", path) : 0;
}

int revoked_covers(
    const struct revoked_list *list, const char *public_dir, const char *root_name, struct err *e)
{
	char path[PATH_MAX], hex[2 * 20 + 1];
	STACK_OF(X509_REVOKED) * entries;
	X509_CRL *crl;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s/crl/%s.crl", public_dir, root_name);
	if (crl_read(&crl, path, e) == -1)
		return -1;
	entries = crl == NULL ? NULL : X509_CRL_get_REVOKED(crl);
	for (int i = 0; rc == 0 && i < sk_X509_REVOKED_num(entries); i++) {
		const ASN1_INTEGER *serial =
		    X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i));
		const int len = ASN1_STRING_length(serial);

		if (len > 20 || entry_find(list, ASN1_STRING_get0_data(serial), (size_t)len) != NULL)
			continue;
		hex_encode(hex, ASN1_STRING_get0_data(serial), (size_t)len);
		rc = err_set(e, FAULT_config_invalid,
		    "%s lists the CA with serial %s; %s.revoked in Ca.Dir does not", path, hex, root_name);
	}
	X509_CRL_free(crl);
	return rc;
}

/* --- revoking --- */

/* The certificate of the CA called name, which this root must have signed. */
static int certificate_read(X509 **out, const struct ceremony_place *place, const struct issuer *root,
    const char *name, struct err *e)
{
	const unsigned char *p;
	char path[PATH_MAX], *der;
	size_t len;
	X509 *x;

	(void)snprintf(path, sizeof(path), "%s/%s.cer", place->dir, name);
	if (file_read(path, CA_CERTIFICATE_MAX, &der, &len, e) == -1)
		return -1;
	p = (unsigned char *)der;
	x = d2i_X509(NULL, &p, (long)len);
	free(der);
	if (x == NULL)
		return openssl_error(e, FAULT_config_invalid, "%s: not a certificate in DER", path);
	if (X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(root->certificate)) != 0 ||
	    X509_verify(x, X509_get0_pubkey(root->certificate)) != 1) {
		X509_free(x);
		return openssl_error(e, FAULT_config_invalid, "%s is not signed by %s", name, root->name);
	}
	*out = x;
	return 0;
}

/* Note it; *entry comes out as it is noted. */
static int entry_note(struct revoked_list *list, const struct ceremony_place *place, const char *root_name,
    struct crl_entry *entry, bool *known, struct err *e)
{
	struct crl_entry *noted = entry_find(list, entry->serial, entry->serial_len);
	const bool earlier = noted != NULL && entry->revoked_at < noted->revoked_at;

	*known = noted != NULL;
	if (earlier)
		noted->revoked_at = entry->revoked_at;
	else if (noted == NULL && entry_add(list, entry, e) == -1)
		return -1;
	if ((noted == NULL || earlier) && revoked_write(list, place, root_name, e) == -1)
		return -1;
	if (noted != NULL)
		*entry = *noted;
	return 0;
}

int ceremony_revoke(const struct ceremony_place *place, const char *root_name, const char *name,
    struct crl_entry *entry, bool *known, struct err *e)
{
	struct revoked_list list = {0};
	struct issuer *root = NULL;
	const ASN1_INTEGER *serial;
	X509 *x = NULL;
	time_t begin;
	int rc = -1;

	if (ca_reason_word(entry->reason) == NULL)
		return err_set(e, FAULT_internal, "reason %d is none for a CA", (int)entry->reason);
	if (ca_name_check(root_name, e) == -1 || ca_name_check(name, e) == -1)
		return -1;
	if (strcmp(root_name, name) == 0)
		return err_set(e, FAULT_config_invalid, "a root cannot revoke itself");
	if (place_issuer_open(&root, place, root_name, e) == -1 ||
	    certificate_read(&x, place, root, name, e) == -1)
		goto out;
	serial = X509_get0_serialNumber(x);
	entry->serial_len = (size_t)ASN1_STRING_length(serial);
	if (entry->serial_len > sizeof(entry->serial) || openssl_time(&begin, X509_get0_notBefore(x)) == -1 ||
	    entry->revoked_at < begin) {
		(void)err_set(e, FAULT_config_invalid, "%s cannot have been revoked before it began", name);
		goto out;
	}
	memcpy(entry->serial, ASN1_STRING_get0_data(serial), entry->serial_len);
	if (revoked_read(&list, place, root_name, e) == 0)
		rc = entry_note(&list, place, root_name, entry, known, e);
out:
	revoked_free(&list);
	X509_free(x);
	issuer_close(root);
	return rc;
}
