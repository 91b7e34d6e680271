/* text.c - bounded text; see text.h. */
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fault_point.h"

#define SECRET_MAX 4096 /* a password, a PIN, a key in PEM */
#define READ_FIRST 4096 /* memory for a file, before it proves to need more */

static bool buf_reserve(struct buf *b, size_t more)
{
	size_t want, room;
	char *grown;

	if (b->failed || more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
		b->failed = true;
		return false;
	}
	want = b->len + more + 1;
	if (want <= b->room)
		return true;
	room = b->room == 0 ? 256 : b->room;
	while (room < want)
		room *= 2;
	grown = realloc(b->data, room);
	if (grown == NULL) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->room = room;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_free(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void text_join_parts(char *out, size_t room, const char *const *parts)
{
	for (; *parts != NULL && room > 1; parts++) {
		size_t len = strnlen(*parts, room - 1);

		memcpy(out, *parts, len);
		out += len;
		room -= len;
	}
	if (room > 0)
		*out = '\0';
}

void hex_encode(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(void *out, size_t len, const char *text)
{
	unsigned char *p = out;

	if (strlen(text) != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		p[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

static const char base64url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(char *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	unsigned held = 0;
	int bits = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = base64url_alphabet[held >> (bits - 6) & 63];
	}
	if (bits > 0)
		*out++ = base64url_alphabet[held << (6 - bits) & 63];
	*out = '\0';
}

int base64url_decode(void *out, size_t len, const char *text)
{
	unsigned char *p = out;
	unsigned held = 0;
	int bits = 0;
	size_t n = 0;

	if (strlen(text) != BASE64URL_ROOM(len) - 1)
		return -1;
	for (; *text != '\0'; text++) {
		const char *at = strchr(base64url_alphabet, *text);

		if (at == NULL)
			return -1;
		held = held << 6 | (unsigned)(at - base64url_alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (n == len)
				return -1;
			p[n++] = (unsigned char)(held >> bits & 255);
		}
	}
	return n == len && (held & ((1U << bits) - 1)) == 0 ? 0 : -1;
}

/* How many octets from p on are plain ASCII and no NUL, eight at a time: most of most texts is. */
static size_t ascii_run(const unsigned char *p, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	size_t n = 0;
	uint64_t word;

	for (; len - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, p + n, sizeof(word));
		/* Taking one from each octet sets its highest bit when it was 0, or was set before. */
		if (((word | (word - ones)) & highs) != 0)
			break;
	}
	return n;
}

bool utf8_valid(const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = p + len;

	while (p < end) {
		unsigned long cp;
		int more;

		p += ascii_run(p, (size_t)(end - p));
		if (p == end)
			break;
		if (*p == 0)
			return false;
		if (*p < 0x80) {
			p++;
			continue;
		}
		if (*p >= 0xc2 && *p <= 0xdf)
			more = 1;
		else if ((*p & 0xf0) == 0xe0)
			more = 2;
		else if (*p >= 0xf0 && *p <= 0xf4)
			more = 3;
		else
			return false;
		if (end - p <= more)
			return false;
		cp = *p & (0x3fU >> more);
		for (int i = 1; i <= more; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return false;
			cp = cp << 6 | (p[i] & 0x3f);
		}
		if ((more == 2 && (cp < 0x800 || (cp >= 0xd800 && cp <= 0xdfff))) ||
		    (more == 3 && (cp < 0x10000 || cp > 0x10ffff)))
			return false;
		p += more + 1;
	}
	return true;
}

void utf8_copy(char *out, size_t room, const char *text)
{
	size_t len = strnlen(text, room - 1);

	memcpy(out, text, len);
	while (len > 0 && !utf8_valid(out, len))
		len--;
	out[len] = '\0';
}

bool ascii_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* The same octets in more memory; what held them, a secret perhaps, is cleared. NULL: there is none. */
static char *read_grow(char *data, size_t len, size_t room)
{
	char *grown = malloc(room);

	if (grown != NULL)
		memcpy(grown, data, len);
	explicit_bzero(data, len);
	free(data);
	return grown;
}

/* Read all of fd, at most max bytes, and close it; path is for messages. Memory grows with what comes: most
 * files are far smaller than they may be. */
static int fd_read(int fd, const char *path, size_t max, char **out, size_t *out_len, struct err *e)
{
	size_t len = 0, room = max < READ_FIRST ? max + 2 : READ_FIRST;
	char *data = malloc(room);
	ssize_t got;

	while (data != NULL && len <= max && (got = read(fd, data + len, room - 1 - len)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			(void)err_errno(e, FAULT_internal, "read %s", path);
			goto fail;
		}
		len += (size_t)got;
		if (len == room - 1 && len <= max) {
			room = room < max / 2 ? room * 2 : max + 2;
			data = read_grow(data, len, room);
		}
	}
	if (data == NULL) {
		(void)err_set(e, FAULT_busy, "read %s: out of memory", path);
		goto fail;
	}
	if (len > max) {
		(void)err_set(e, FAULT_internal, "read %s: larger than %zu bytes", path, max);
		goto fail;
	}
	(void)close(fd);
	data[len] = '\0';
	*out = data;
	if (out_len != NULL)
		*out_len = len;
	return 0;
fail:
	(void)close(fd);
	free(data);
	return -1;
}

int file_read(const char *path, size_t max, char **out, size_t *out_len, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, FAULT_internal, "open %s", path);
	return fd_read(fd, path, max, out, out_len, e);
}

/* Whether the file may hold a secret of ours; when not, e says why. */
static bool secret_guarded(const struct stat *st, const char *path, struct err *e)
{
	const unsigned mode = st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		(void)err_set(e, FAULT_config_invalid, "secret file %s: not a plain file", path);
	else if (st->st_uid != 0 && st->st_uid != geteuid())
		(void)err_set(e, FAULT_config_invalid,
		    "secret file %s: owned by user %u; it must be root's or user %u's", path,
		    (unsigned)st->st_uid, (unsigned)geteuid());
	else if ((mode & ~(st->st_uid == 0 ? 0640U : 0600U)) != 0)
		(void)err_set(e, FAULT_config_invalid,
		    "secret file %s: mode %04o; at most 0600, or 0640 when it is root's", path, mode);
	else
		return true;
	return false;
}

int secret_open(const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd == -1)
		return err_errno(e, FAULT_config_invalid, "secret file %s", path);
	if (fstat(fd, &st) == -1)
		(void)err_errno(e, FAULT_config_invalid, "secret file %s", path);
	else if (secret_guarded(&st, path, e))
		return fd;
	(void)close(fd);
	return -1;
}

int file_read_secret(const char *path, char **out, struct err *e)
{
	size_t len = 0;
	int fd = secret_open(path, e);

	if (fd == -1 || fd_read(fd, path, SECRET_MAX, out, &len, e) == -1)
		return -1;
	while (len > 0 && ((*out)[len - 1] == '\n' || (*out)[len - 1] == '\r'))
		(*out)[--len] = '\0';
	return 0;
}

void secrets_guard(void)
{
	const struct rlimit none = {0, 0};

	/* Both: a program that takes cores by a pipe is handed them whatever the limit. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

/* Make a rename in the folder of a path last through a loss of power. */
static int folder_sync(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";
	int fd, rc;

	if (slash != NULL)
		(void)snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_errno(e, FAULT_internal, "open %s", folder);
	rc = fsync(fd);
	(void)close(fd);
	return rc == 0 ? 0 : err_errno(e, FAULT_internal, "sync %s", folder);
}

int file_replace(const char *path, const void *bytes, size_t len, unsigned mode, struct err *e)
{
	char temporary[4096];
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return err_set(e, FAULT_internal, "write %s: path too long", path);
	fd = mkstemp(temporary);
	if (fd == -1)
		return err_errno(e, FAULT_internal, "write %s", path);
	if (write_all(fd, bytes, len) == -1 || fchmod(fd, mode) == -1 || fsync(fd) == -1) {
		(void)err_errno(e, FAULT_internal, "write %s", path);
		(void)close(fd);
		goto fail;
	}
	if (close(fd) == -1) {
		(void)err_errno(e, FAULT_internal, "write %s", path);
		goto fail;
	}
	fault_point("before-rename");
	if (rename(temporary, path) == -1) {
		(void)err_errno(e, FAULT_internal, "write %s", path);
		goto fail;
	}
	fault_point("after-rename");
	return folder_sync(path, e);
fail:
	(void)unlink(temporary);
	return -1;
}
