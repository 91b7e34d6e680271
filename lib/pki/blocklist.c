/* blocklist.c - looking keys up in the mapped file of truncated hashes; see blocklist.h.
 *
 * Binary search over entries that are sorted as octets. A writer never changes a file that is mapped
 * (block_set.c puts a new one in its place), so a mapping stays whole for as long as it lives.
 */
#include "lib/pki/blocklist.h"

#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/pki/block_file.h"
#include "lib/pki/key.h"

/* One mapped file. */
struct mapping {
	const unsigned char *bytes; /* NULL: none */
	size_t len, count;
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

struct blocklist {
	char *path;
	struct mapping map;
};

static void mapping_close(struct mapping *map)
{
	if (map->bytes != NULL)
		(void)munmap((void *)(uintptr_t)map->bytes, map->len);
	map->bytes = NULL;
}

static unsigned long be_read(const unsigned char *p, int octets)
{
	unsigned long value = 0;

	while (octets-- > 0)
		value = value << 8 | *p++;
	return value;
}

/* Whether the header fits the file it stands in. */
static int mapping_check(struct mapping *map, const char *path, struct err *e)
{
	const unsigned char *p = map->bytes;

	if (memcmp(p, BLOCK_MAGIC, BLOCK_MAGIC_LEN) != 0)
		return err_set(e, FAULT_config_invalid, "block list %s: not a block list", path);
	if (be_read(p + 8, 4) != BLOCK_VERSION || be_read(p + 12, 4) != BLOCK_ENTRY)
		return err_set(e, FAULT_config_invalid,
		    "block list %s: version %lu, entries of %lu: not known here", path, be_read(p + 8, 4),
		    be_read(p + 12, 4));
	map->count = be_read(p + 16, 8);
	if (map->count != (map->len - BLOCK_HEADER) / BLOCK_ENTRY ||
	    (map->len - BLOCK_HEADER) % BLOCK_ENTRY != 0)
		return err_set(e, FAULT_config_invalid, "block list %s: %zu octets do not fit %zu entries",
		    path, map->len, map->count);
	return 0;
}

static int mapping_open(struct mapping *out, const char *path, struct err *e)
{
	struct mapping map = {0};
	struct stat st;
	void *bytes;
	int fd, rc = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return err_errno(e, FAULT_config_invalid, "block list %s", path);
	if (fstat(fd, &st) == -1) {
		(void)err_errno(e, FAULT_config_invalid, "block list %s", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < BLOCK_HEADER) {
		(void)err_set(e, FAULT_config_invalid, "block list %s: not a block list", path);
		goto out;
	}
	map.len = (size_t)st.st_size;
	bytes = mmap(NULL, map.len, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		(void)err_errno(e, FAULT_busy, "map block list %s", path);
		goto out;
	}
	map.bytes = bytes;
	map.dev = st.st_dev;
	map.ino = st.st_ino;
	map.changed = st.st_mtim;
	rc = mapping_check(&map, path, e);
	if (rc == -1)
		mapping_close(&map);
	else
		*out = map;
out:
	(void)close(fd);
	return rc;
}

int blocklist_open(struct blocklist **out, const char *path, struct err *e)
{
	struct blocklist *list = calloc(1, sizeof(*list));

	if (list == NULL || (list->path = strdup(path)) == NULL) {
		free(list);
		return err_set(e, FAULT_busy, "block list %s: out of memory", path);
	}
	if (mapping_open(&list->map, path, e) == -1) {
		blocklist_free(list);
		return -1;
	}
	*out = list;
	return 0;
}

void blocklist_free(struct blocklist *list)
{
	if (list == NULL)
		return;
	mapping_close(&list->map);
	free(list->path);
	free(list);
}

int blocklist_refresh(struct blocklist *list, struct err *e)
{
	struct mapping fresh;
	struct stat st;

	if (stat(list->path, &st) == -1)
		return err_errno(e, FAULT_config_invalid, "block list %s", list->path);
	if (st.st_dev == list->map.dev && st.st_ino == list->map.ino && (size_t)st.st_size == list->map.len &&
	    st.st_mtim.tv_sec == list->map.changed.tv_sec && st.st_mtim.tv_nsec == list->map.changed.tv_nsec)
		return 0;
	if (mapping_open(&fresh, list->path, e) == -1)
		return -1;
	mapping_close(&list->map);
	list->map = fresh;
	return 0;
}

size_t blocklist_count(const struct blocklist *list)
{
	return list->map.count;
}

const unsigned char *blocklist_entries(const struct blocklist *list)
{
	return list->map.bytes + BLOCK_HEADER;
}

enum block_reason blocklist_find(const struct blocklist *list, const unsigned char sha256[32])
{
	const unsigned char *entries = blocklist_entries(list);
	size_t low = 0, high = list->map.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const unsigned char *entry = entries + middle * BLOCK_ENTRY;
		int order = memcmp(sha256, entry, BLOCK_HASH);

		if (order == 0) /* a reason from a later version blocks too */
			return entry[BLOCK_HASH] == BLOCK_DEBIAN ? BLOCK_DEBIAN : BLOCK_COMPROMISED;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return BLOCK_NONE;
}

int blocklist_find_key(const struct blocklist *list, const unsigned char spki_sha256[32], const EVP_PKEY *key,
    enum block_reason *reason, struct err *e)
{
	unsigned char number[32];

	*reason = blocklist_find(list, spki_sha256);
	if (*reason != BLOCK_NONE)
		return 0;
	if (key_number_sha256(number, key, e) == -1)
		return -1;
	*reason = blocklist_find(list, number);
	return 0;
}
