/* block_file.h - the layout of a block list's file, for its reader (blocklist.c) and its writer
 * (block_set.c).
 *
 * Header: 8 octets of magic; version, size of an entry (4 octets each, big-endian); number of entries (8); 8
 * of 0. Entry: the first 15 octets of a SHA-256, then an enum block_reason. That is also how badkeys keeps
 * its list, but for the header and the meaning of the last octet.
 */
#ifndef LIB_PKI_BLOCK_FILE_H
#define LIB_PKI_BLOCK_FILE_H

struct blocklist;

#define BLOCK_MAGIC     "mcblock\n"
#define BLOCK_MAGIC_LEN 8
#define BLOCK_VERSION   1
#define BLOCK_HEADER    32
#define BLOCK_ENTRY     16
#define BLOCK_HASH      15

/* The entries of a mapped list: blocklist_count() times BLOCK_ENTRY octets. */
const unsigned char *blocklist_entries(const struct blocklist *);

#endif
