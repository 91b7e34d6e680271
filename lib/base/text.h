/* text.h - bounded text: a growing buffer, hex and base64url, UTF-8 checks, file reading. */
#ifndef LIB_BASE_TEXT_H
#define LIB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* A buffer that grows; always NUL-terminated once something was added. All-zero is a valid empty buffer.
 * After memory ran out `failed` is set, later additions are ignored, and the one check stands at the end. */
struct buf {
	char *data; /* owned; NULL while empty */
	size_t len;
	size_t room;
	bool failed;
};

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *b); /* frees the bytes and empties the buffer for reuse */

/* Put texts one behind the other into out[room], cut where it is full. What snprintf
 * would do with "%s%s", at a tenth of its cost: for what is done a hundred times a page. */
void text_join_parts(char *out, size_t room, const char *const *parts);
#define text_join(out, room, ...) text_join_parts(out, room, (const char *const[]){__VA_ARGS__, NULL})

/* Lower-case hex of len bytes into out, which has room for 2 * len + 1. */
void hex_encode(char *out, const void *bytes, size_t len);
/* Exactly 2 * len hex digits into out[len]; 0, or -1 when text is anything else. */
int hex_decode(void *out, size_t len, const char *text);

/* base64url without padding (RFC 4648 section 5) into out, which has room for BASE64URL_ROOM(len). */
#define BASE64URL_ROOM(len) (((len)*4 + 2) / 3 + 1)
void base64url_encode(char *out, const void *bytes, size_t len);
/* Decode text that stands for exactly len bytes; 0, or -1 when it does not (wrong length, alphabet, spare
 * bits). */
int base64url_decode(void *out, size_t len, const char *text);

/* Whether len bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL. */
bool utf8_valid(const char *bytes, size_t len);
/* Copy text as far as it fits into out[room], cut between two characters; what is not UTF-8 there is left
 * out. */
void utf8_copy(char *out, size_t room, const char *text);
/* Whether a text is printable ASCII alone: what columns of ascii can be compared with. */
bool ascii_plain(const char *text);

/* Read a whole file of at most max bytes into *out (owned by the caller, NUL added after it). */
int file_read(const char *path, size_t max, char **out, size_t *out_len, struct err *e);
/* Open a file with a secret for reading: a plain file of root's or of this process's user, which others may
 * not touch at all; a group may read it when it is root's, who gave it to that group. The checks are made on
 * the open file, so that nothing can be swapped in between. Gives the descriptor, or -1 with config_invalid.
 */
int secret_open(const char *path, struct err *e);
/* Read a secret of at most 4 kB (password, PIN, key in PEM) as secret_open() lets it: the file without its
 * trailing line end. The caller clears and frees it. */
int file_read_secret(const char *path, char **out, struct err *e);
/* What this process knows leaves it by no core file, and no other process of its user may trace it or read
 * its memory. The first act of every main(), before a secret is read. */
void secrets_guard(void);
/* Write a file so that readers see the old or the new whole: temporary file, fsync, rename. */
int file_replace(const char *path, const void *bytes, size_t len, unsigned mode, struct err *e);

#endif
