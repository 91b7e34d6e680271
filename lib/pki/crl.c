/* crl.c - build, sign and write CRLs; see crl.h.
 *
 * All is made in one piece of memory: room is left in front, the entries follow as they come, and the
 * headers, whose lengths are known only at the end, are then written backwards into that room.
 */
#include "lib/pki/crl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/der.h"
#include "lib/pki/issuer.h"
#include "lib/pki/openssl.h"

#define FRONT_ROOM \
	2048         /* octets for what stands before the entries; the issuer's name is the largest of it */
#define ENTRY_MAX 96 /* octets of one entry */

enum {
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_EXTENSIONS = 0xa0
};

/* A place that moves down as pieces are written in front of each other. */
struct front {
	unsigned char *at, *least;
	bool full;
};

static void front_bytes(struct front *f, const void *bytes, size_t len)
{
	if (f->full || (size_t)(f->at - f->least) < len) {
		f->full = true;
		return;
	}
	f->at -= len;
	memcpy(f->at, bytes, len);
}

/* Tag and length for a value of len octets that stands behind. */
static void front_header(struct front *f, unsigned char tag, size_t len)
{
	unsigned char head[2 + sizeof(size_t)];
	size_t n = 0;

	head[n++] = tag;
	if (len < 0x80) {
		head[n++] = (unsigned char)len;
	} else {
		size_t octets = 1;

		while (octets < sizeof(size_t) && len >> (8 * octets) != 0)
			octets++;
		head[n++] = (unsigned char)(0x80 | octets);
		while (octets-- > 0)
			head[n++] = (unsigned char)(len >> (8 * octets));
	}
	front_bytes(f, head, n);
}

/* A Time with its header (RFC 5280 5.1.2.4: UTCTime until 2049); returns its length, 0 when it has none. */
static size_t time_encode(unsigned char out[20], time_t t)
{
	struct tm tm;
	char text[64];
	bool utc;
	int len;

	if (t < 0 || gmtime_r(&t, &tm) == NULL || tm.tm_year > 8099)
		return 0;
	utc = tm.tm_year < 150;
	if (utc)
		len = snprintf(text, sizeof(text), "%02d%02d%02d%02d%02d%02dZ", tm.tm_year % 100,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	else
		len = snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	out[0] = utc ? TAG_UTC_TIME : TAG_GENERALIZED_TIME;
	out[1] = (unsigned char)len;
	memcpy(out + 2, text, (size_t)len);
	return (size_t)len + 2;
}

/* A positive INTEGER with its header, from big-endian octets; returns its length, 0 for zero or too long. */
static size_t integer_encode(unsigned char out[24], const unsigned char *bytes, size_t len)
{
	size_t pad;

	while (len > 0 && *bytes == 0) {
		bytes++;
		len--;
	}
	if (len == 0 || len > 20)
		return 0;
	pad = *bytes > 0x7f ? 1 : 0;
	out[0] = TAG_INTEGER;
	out[1] = (unsigned char)(len + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, bytes, len);
	return len + pad + 2;
}

static bool reason_allowed(enum crl_reason reason)
{
	return (reason >= REASON_UNSPECIFIED && reason <= REASON_CESSATION_OF_OPERATION) ||
	       reason == REASON_PRIVILEGE_WITHDRAWN;
}

static int entry_add(struct buf *b, const struct crl_entry *entry, struct err *e)
{
	/* crlEntryExtensions { reasonCode }, not critical (SBR 7.2.2) */
	unsigned char reason[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a,
	    0x01, (unsigned char)entry->reason};
	unsigned char out[ENTRY_MAX];
	size_t serial_len, time_len, len;

	serial_len = entry->serial_len > sizeof(entry->serial)
			 ? 0
			 : integer_encode(out + 2, entry->serial, entry->serial_len);
	time_len = serial_len == 0 ? 0 : time_encode(out + 2 + serial_len, entry->revoked_at);
	if (time_len == 0 || !reason_allowed(entry->reason))
		return err_set(e, FAULT_internal, "CRL entry: serial, time or reason %d not allowed",
		    (int)entry->reason);
	len = serial_len + time_len;
	if (entry->reason != REASON_UNSPECIFIED) {
		memcpy(out + 2 + len, reason, sizeof(reason));
		len += sizeof(reason);
	}
	out[0] = TAG_SEQUENCE;
	out[1] = (unsigned char)len;
	buf_add(b, out, len + 2);
	return 0;
}

static int entries_add(struct buf *b, const struct crl_plan *plan, size_t *count, struct err *e)
{
	struct crl_entry entry;
	int more;

	*count = 0;
	if (plan->next == NULL)
		return 0;
	while ((more = plan->next(plan->arg, &entry, e)) == 1) {
		if (entry_add(b, &entry, e) == -1)
			return -1;
		++*count;
	}
	return more;
}

/* crlExtensions: authorityKeyIdentifier and cRLNumber (RFC 5280 5.2.1, 5.2.3). Small, so made apart. */
static int extensions_add(struct buf *b, const struct crl_plan *plan, struct err *e)
{
	static const unsigned char aki_oid[] = {0x06, 0x03, 0x55, 0x1d, 0x23};
	static const unsigned char number_oid[] = {0x06, 0x03, 0x55, 0x1d, 0x14};
	const ASN1_OCTET_STRING *key_id = plan->issuer->key_id;
	unsigned char room[256], big_endian[8], number[24];
	struct front f = {room + sizeof(room), room, false};
	unsigned char *end;
	size_t number_len;

	for (int i = 0; i < 8; i++)
		big_endian[i] = (unsigned char)(plan->number >> (56 - 8 * i));
	number_len = integer_encode(number, big_endian, sizeof(big_endian));
	front_bytes(&f, number, number_len);
	front_header(&f, 0x04, number_len);
	front_bytes(&f, number_oid, sizeof(number_oid));
	front_header(&f, TAG_SEQUENCE, (size_t)(room + sizeof(room) - f.at));
	end = f.at;
	front_bytes(&f, ASN1_STRING_get0_data(key_id), (size_t)ASN1_STRING_length(key_id));
	front_header(&f, 0x80, (size_t)(end - f.at));
	front_header(&f, TAG_SEQUENCE, (size_t)(end - f.at));
	front_header(&f, 0x04, (size_t)(end - f.at));
	front_bytes(&f, aki_oid, sizeof(aki_oid));
	front_header(&f, TAG_SEQUENCE, (size_t)(end - f.at));
	end = room + sizeof(room);
	front_header(&f, TAG_SEQUENCE, (size_t)(end - f.at));
	front_header(&f, TAG_EXTENSIONS, (size_t)(end - f.at));
	if (f.full)
		return err_set(e, FAULT_internal, "CRL: key identifier too long");
	buf_add(b, f.at, (size_t)(end - f.at));
	return 0;
}

/* Everything of tbsCertList that stands before the entries. */
static int head_write(
    struct front *f, const struct crl_plan *plan, size_t entries_len, size_t rest_len, struct err *e)
{
	static const unsigned char version[] = {TAG_INTEGER, 0x01, 0x01}; /* v2 */
	const struct issuer *issuer = plan->issuer;
	unsigned char this_update[20], next_update[20];
	size_t this_len = time_encode(this_update, plan->this_update);
	size_t next_len = time_encode(next_update, plan->next_update);
	unsigned char *end = f->at;

	if (this_len == 0 || next_len == 0)
		return err_set(e, FAULT_internal, "CRL: thisUpdate or nextUpdate out of range");
	if (entries_len > 0)
		front_header(f, TAG_SEQUENCE, entries_len);
	front_bytes(f, next_update, next_len);
	front_bytes(f, this_update, this_len);
	front_bytes(f, issuer->subject, issuer->subject_len);
	front_bytes(f, issuer->algorithm->der, issuer->algorithm->der_len);
	front_bytes(f, version, sizeof(version));
	front_header(f, TAG_SEQUENCE, (size_t)(end - f->at) + rest_len);
	if (f->full)
		return err_set(e, FAULT_internal, "CRL: issuer's name too long");
	return 0;
}

static int plan_check(const struct crl_plan *plan, struct err *e)
{
	X509 *x = plan->issuer->certificate;
	bool root = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	time_t most = root ? CRL_CA_MOST : CRL_SUBSCRIBER_MOST;

	if (plan->number == 0)
		return err_set(e, FAULT_internal, "CRL: cRLNumber is 0");
	if (plan->next_update <= plan->this_update || plan->next_update - plan->this_update > most)
		return err_set(
		    e, FAULT_internal, "CRL: nextUpdate must be within %ld s of thisUpdate", (long)most);
	return 0;
}

/* AlgorithmIdentifier and BIT STRING behind the tbsCertList that stands at offset start of the buffer. */
static int signature_add(struct buf *b, size_t start, const struct issuer *issuer, struct err *e)
{
	unsigned char head[16], *signature;
	struct front f = {head + sizeof(head), head, false};
	static const unsigned char no_unused_bits = 0;
	size_t len;

	if (issuer_sign(issuer, (unsigned char *)b->data + start, b->len - start, &signature, &len, e) == -1)
		return -1;
	front_bytes(&f, &no_unused_bits, 1);
	front_header(&f, TAG_BIT_STRING, len + 1);
	buf_add(b, issuer->algorithm->der, issuer->algorithm->der_len);
	buf_add(b, f.at, (size_t)(head + sizeof(head) - f.at));
	buf_add(b, signature, len);
	free(signature);
	return 0;
}

static int crl_compose(
    struct buf *b, size_t *start, const struct crl_plan *plan, size_t *count, struct err *e)
{
	static const unsigned char room[FRONT_ROOM];
	struct front f;
	size_t entries_end;

	buf_add(b, room, sizeof(room));
	if (entries_add(b, plan, count, e) == -1)
		return -1;
	entries_end = b->len;
	if (extensions_add(b, plan, e) == -1)
		return -1;
	if (b->failed)
		return err_set(e, FAULT_busy, "CRL: out of memory");
	f = (struct front){(unsigned char *)b->data + FRONT_ROOM, (unsigned char *)b->data, false};
	if (head_write(&f, plan, entries_end - FRONT_ROOM, b->len - FRONT_ROOM, e) == -1)
		return -1;
	*start = (size_t)(f.at - (unsigned char *)b->data);
	if (signature_add(b, *start, plan->issuer, e) == -1)
		return -1;
	if (b->failed)
		return err_set(e, FAULT_busy, "CRL: out of memory");
	f = (struct front){(unsigned char *)b->data + *start, (unsigned char *)b->data, false};
	front_header(&f, TAG_SEQUENCE, b->len - *start);
	*start = (size_t)(f.at - (unsigned char *)b->data);
	return f.full ? err_set(e, FAULT_internal, "CRL: issuer's name too long") : 0;
}

int crl_build(struct crl *out, const struct crl_plan *plan, struct err *e)
{
	struct buf b = {0};
	size_t start = 0;

	memset(out, 0, sizeof(*out));
	if (plan_check(plan, e) == -1 || crl_compose(&b, &start, plan, &out->entries, e) == -1) {
		buf_free(&b);
		return -1;
	}
	out->number = plan->number;
	out->room = (unsigned char *)b.data;
	out->der = out->room + start;
	out->der_len = b.len - start;
	return 0;
}

void crl_free(struct crl *c)
{
	free(c->room);
	memset(c, 0, sizeof(*c));
}

/* --- where readers find it
 * ------------------------------------------------------------------------------------ */

/* The number that an extension holds when it is the cRLNumber, else 0. */
static uint64_t extension_number(const struct der_value *extension)
{
	static const unsigned char oid[] = {0x55, 0x1d, 0x14};
	struct der in = der_inside(extension), inner;
	struct der_value name, value, integer;
	uint64_t number = 0;

	if (!der_take(&in, DER_OID, &name) || !der_is(&name, oid, sizeof(oid)) ||
	    !der_take_last(&in, DER_OCTET_STRING, &value))
		return 0;
	inner = der_inside(&value);
	if (!der_take_last(&inner, DER_INTEGER, &integer) || integer.len > 9)
		return 0;
	for (size_t i = 0; i < integer.len; i++)
		number = number << 8 | integer.bytes[i];
	return number;
}

/* What counts of a CRL when the next one is made. */
struct list_head {
	uint64_t number;    /* cRLNumber; 0: it has none, or cannot be read */
	time_t this_update; /* 0: cannot be read */
};

/* The entries are one value, stepped over: a million cost no more than one. */
static struct list_head head_read(const unsigned char *der, size_t len)
{
	struct der in = der_open(der, len);
	struct list_head head = {0};
	struct der_value v = {0};

	if (!der_take_last(&in, DER_SEQUENCE, &v))
		return head;
	in = der_inside(&v);
	if (!der_take(&in, DER_SEQUENCE, &v))
		return head;
	for (in = der_inside(&v); v.tag != TAG_EXTENSIONS;) {
		if (der_next(&in, &v) != DER_GOOD)
			return head;
		/* thisUpdate is the first of two times */
		if (head.this_update == 0 && !der_time(&v, &head.this_update))
			head.this_update = 0;
	}
	in = der_inside(&v);
	if (!der_take_last(&in, DER_SEQUENCE, &v))
		return head;
	in = der_inside(&v);
	while (head.number == 0 && der_take(&in, DER_SEQUENCE, &v))
		head.number = extension_number(&v);
	return head;
}

uint64_t crl_number(const unsigned char *der, size_t len)
{
	return head_read(der, len).number;
}

static int path_make(char path[PATH_MAX], const struct issuer *issuer, const char *public_dir)
{
	return snprintf(path, PATH_MAX, "%s/crl/%s.crl", public_dir, issuer->name) >= PATH_MAX ? -1 : 0;
}

/* All zero when there is none. */
static struct list_head standing_read(const struct issuer *issuer, const char *public_dir)
{
	struct list_head head = {0};
	char path[PATH_MAX];
	struct stat st;
	void *bytes;
	int fd;

	if (path_make(path, issuer, public_dir) == -1 || (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return head;
	if (fstat(fd, &st) == 0 && st.st_size > 0 &&
	    (bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) != MAP_FAILED) {
		head = head_read(bytes, (size_t)st.st_size);
		(void)munmap(bytes, (size_t)st.st_size);
	}
	(void)close(fd);
	return head;
}

uint64_t crl_standing(const struct issuer *issuer, const char *public_dir)
{
	return standing_read(issuer, public_dir).number;
}

time_t crl_this_update(const struct issuer *issuer, const char *public_dir, time_t now)
{
	const time_t standing = standing_read(issuer, public_dir).this_update;
	time_t at = now - BACKDATE;

	if (at < issuer->not_before)
		at = issuer->not_before;
	return standing > at && standing <= now ? standing : at;
}

/* Remove what file_replace() left behind where a signer died in it: <name>.crl.XXXXXX. */
static void leftovers_remove(int folder, const struct issuer *issuer)
{
	char prefix[CA_NAME_MAX + 8];
	struct dirent *entry;
	DIR *d = fdopendir(dup(folder));

	if (d == NULL)
		return;
	(void)snprintf(prefix, sizeof(prefix), "%s.crl.", issuer->name);
	while ((entry = readdir(d)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			(void)unlinkat(folder, entry->d_name, 0);
	(void)closedir(d);
}

static int folder_lock(int *out, const char *public_dir, struct err *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/crl", public_dir) >= (int)sizeof(path))
		return err_set(e, FAULT_config_invalid, "Ca.PublicDir: path too long");
	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out == -1)
		return err_errno(e, FAULT_internal, "open %s", path);
	if (flock(*out, LOCK_EX) == 0)
		return 0;
	(void)close(*out);
	return err_errno(e, FAULT_internal, "lock %s", path);
}

int crl_publish(const struct crl *c, const struct issuer *issuer, const char *public_dir, struct err *e)
{
	uint64_t standing;
	char path[PATH_MAX];
	int folder = -1, rc;

	if (path_make(path, issuer, public_dir) == -1)
		return err_set(e, FAULT_config_invalid, "Ca.PublicDir: path too long");
	if (folder_lock(&folder, public_dir, e) == -1)
		return -1;
	leftovers_remove(folder, issuer);
	standing = crl_standing(issuer, public_dir);
	if (standing > c->number)
		rc = err_set(e, FAULT_busy, "CRL %llu of %s: %llu stands there already",
		    (unsigned long long)c->number, issuer->name, (unsigned long long)standing);
	else
		rc = file_replace(path, c->der, c->der_len, 0644, e);
	(void)close(folder);
	return rc;
}

int crl_lists_issuer(
    bool *out, const struct issuer *issuer, const char *root_name, const char *public_dir, struct err *e)
{
	const unsigned char *p;
	X509_REVOKED *entry;
	char path[PATH_MAX], *der;
	X509_CRL *crl;
	size_t len;

	*out = false;
	if (snprintf(path, sizeof(path), "%s/crl/%s.crl", public_dir, root_name) >= (int)sizeof(path))
		return err_set(e, FAULT_config_invalid, "Ca.PublicDir: path too long");
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (file_read(path, ROOT_CRL_MAX, &der, &len, e) == -1)
		return -1;
	p = (unsigned char *)der;
	crl = d2i_X509_CRL(NULL, &p, (long)len);
	free(der);
	if (crl == NULL)
		return openssl_error(e, FAULT_config_invalid, "%s: not a CRL in DER", path);
	*out = X509_CRL_get0_by_cert(crl, &entry, issuer->certificate) == 1;
	X509_CRL_free(crl);
	return 0;
}
