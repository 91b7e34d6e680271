/* blocklist.h - keys nobody may use: a sorted file of truncated hashes, read through memory.
 *
 * The file: a header of 32 octets (magic, version, size and number of entries), then entries of 16 octets,
 * sorted: 15 of a SHA-256 and one that says why. The hashes are of SubjectPublicKeyInfo (keys that were
 * compromised), or of the number that makes a key (key_number_sha256(): Debian's and other known keys,
 * whatever their exponent). One file holds both; a hash of the one kind never meets one of the other.
 *
 * Readers map it; writers put a new file in its place in one step, and blocklist_refresh() goes over to it.
 */
#ifndef LIB_PKI_BLOCKLIST_H
#define LIB_PKI_BLOCKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

struct err;
struct blocklist;
struct block_set;

/* Why a key is blocked: the last octet of an entry. */
enum block_reason {
	BLOCK_NONE = 0,
	BLOCK_DEBIAN = 1,      /* made by Debian's broken generator (CVE-2008-0166) */
	BLOCK_COMPROMISED = 2, /* its private half is known to others */
};

/* Map the file. Gives *out to the caller. FAULT_config_invalid when it is missing or is no block list. */
int blocklist_open(struct blocklist **out, const char *path, struct err *e);
void blocklist_free(struct blocklist *); /* NULL is fine */

/* Go over to the file that stands at the path now, if another one does or it changed; costs one stat(2) if
 * not. -1 with FAULT_config_invalid when that one cannot be used: the old one stays in use. */
int blocklist_refresh(struct blocklist *, struct err *e);

size_t blocklist_count(const struct blocklist *);

/* Why the key with that hash is blocked, or BLOCK_NONE. */
enum block_reason blocklist_find(const struct blocklist *, const unsigned char sha256[32]);

/* The same for a key, by the hash of its SPKI and by that of its number. 0 with *reason set, or -1 without
 * memory. */
int blocklist_find_key(const struct blocklist *, const unsigned char spki_sha256[32], const EVP_PKEY *key,
    enum block_reason *reason, struct err *e);

/* A set of hashes on its way to a file; 16 octets of memory each. */
int block_set_new(struct block_set **out, struct err *e);
void block_set_free(struct block_set *); /* NULL is fine */
int block_set_add(
    struct block_set *, const unsigned char sha256[32], enum block_reason reason, struct err *e);
size_t block_set_count(const struct block_set *); /* as added; doubles are found when writing */

/* Add all that a block list has. */
int block_set_add_list(struct block_set *, const struct blocklist *, struct err *e);

/* Add a text file: one SHA-256 in 64 hex digits a line, blanks around it, empty lines and # comments allowed.
 * FAULT_config_invalid names file, line and reason; the set then has the lines before it. */
int block_set_import_hex(struct block_set *, const char *path, enum block_reason reason, struct err *e);

/* Add a block list of badkeys (blocklist.dat: no header, 15 octets of SHA-256 over a key's number and one for
 * the source). reasons[source] says what each source is here; sources with BLOCK_NONE are left out.
 * badkeysdata.json names them. FAULT_config_invalid when the size is no multiple of 16 or the entries are not
 * sorted. */
int block_set_import_badkeys(
    struct block_set *, const char *path, const enum block_reason reasons[256], struct err *e);

/* Write the set as a block list: sorted, each hash once (the lower reason stays), in place of path in one
 * step and on disk before it answers. Sorts the set. *count (NULL is fine): entries written. */
int blocklist_write(struct block_set *, const char *path, unsigned mode, size_t *count, struct err *e);

#endif
