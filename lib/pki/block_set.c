/* block_set.c - gathering hashes of blocked keys and writing them as a block list; see blocklist.h. */
#include "lib/pki/blocklist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/block_file.h"

struct block_set {
	unsigned char (*entries)[BLOCK_ENTRY]; /* owned */
	size_t count, room;
};

int block_set_new(struct block_set **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? err_set(e, FAULT_busy, "block list: out of memory") : 0;
}

void block_set_free(struct block_set *set)
{
	if (set == NULL)
		return;
	free(set->entries);
	free(set);
}

static int entry_add(
    struct block_set *set, const unsigned char hash[BLOCK_HASH], enum block_reason reason, struct err *e)
{
	if (set->count == set->room) {
		size_t room = set->room == 0 ? 1024 : set->room * 2;
		void *grown =
		    room > SIZE_MAX / BLOCK_ENTRY ? NULL : realloc(set->entries, room * BLOCK_ENTRY);

		if (grown == NULL)
			return err_set(e, FAULT_busy, "block list: out of memory at %zu entries", set->count);
		set->entries = grown;
		set->room = room;
	}
	memcpy(set->entries[set->count], hash, BLOCK_HASH);
	set->entries[set->count][BLOCK_HASH] = (unsigned char)reason;
	set->count++;
	return 0;
}

int block_set_add(
    struct block_set *set, const unsigned char sha256[32], enum block_reason reason, struct err *e)
{
	return entry_add(set, sha256, reason, e);
}

size_t block_set_count(const struct block_set *set)
{
	return set->count;
}

int block_set_add_list(struct block_set *set, const struct blocklist *list, struct err *e)
{
	const unsigned char *entry = blocklist_entries(list);

	for (size_t i = 0; i < blocklist_count(list); i++, entry += BLOCK_ENTRY)
		if (entry_add(set, entry, (enum block_reason)entry[BLOCK_HASH], e) == -1)
			return -1;
	return 0;
}

/* Cut a line at its comment and the blanks around it; what is left. */
static char *line_trim(char *line)
{
	size_t len;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	for (len = strlen(line); len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'); len--)
		line[len - 1] = '\0';
	return line;
}

/* One line of hex. */
static int line_import(struct block_set *set, char *line, enum block_reason reason, struct err *e)
{
	unsigned char sha256[32];
	const char *hex = line_trim(line);

	if (*hex == '\0')
		return 0;
	if (hex_decode(sha256, sizeof(sha256), hex) == -1)
		return err_set(e, FAULT_config_invalid, "64 hex digits are wanted");
	return block_set_add(set, sha256, reason, e);
}

int block_set_import_hex(struct block_set *set, const char *path, enum block_reason reason, struct err *e)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0;
	int rc = -1;

	if (f == NULL)
		return err_errno(e, FAULT_config_invalid, "%s", path);
	while (getline(&line, &room, f) != -1) {
		number++;
		if (line_import(set, line, reason, e) == -1) {
			(void)err_context(e, "%s:%u", path, number);
			goto out;
		}
	}
	if (ferror(f) != 0) {
		(void)err_errno(e, FAULT_config_invalid, "read %s", path);
		goto out;
	}
	rc = 0;
out:
	free(line);
	(void)fclose(f);
	return rc;
}

/* The size of an open file as a number of entries. */
static int badkeys_count(FILE *f, const char *path, size_t *count, struct err *e)
{
	struct stat st;

	if (fstat(fileno(f), &st) == -1)
		return err_errno(e, FAULT_config_invalid, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size % BLOCK_ENTRY != 0)
		return err_set(
		    e, FAULT_config_invalid, "%s: %lld octets: no badkeys list", path, (long long)st.st_size);
	*count = (size_t)st.st_size / BLOCK_ENTRY;
	return 0;
}

int block_set_import_badkeys(
    struct block_set *set, const char *path, const enum block_reason reasons[256], struct err *e)
{
	unsigned char entry[BLOCK_ENTRY], before[BLOCK_HASH] = {0};
	FILE *f = fopen(path, "re");
	size_t count = 0;
	int rc = -1;

	if (f == NULL)
		return err_errno(e, FAULT_config_invalid, "%s", path);
	if (badkeys_count(f, path, &count, e) == -1)
		goto out;
	for (size_t i = 0; i < count; i++) {
		if (fread(entry, sizeof(entry), 1, f) != 1) {
			(void)err_errno(e, FAULT_config_invalid, "read %s", path);
			goto out;
		}
		if (memcmp(entry, before, BLOCK_HASH) < 0) {
			(void)err_set(e, FAULT_config_invalid,
			    "%s: entry %zu is out of order: no badkeys list", path, i);
			goto out;
		}
		memcpy(before, entry, BLOCK_HASH);
		if (reasons[entry[BLOCK_HASH]] != BLOCK_NONE &&
		    entry_add(set, entry, reasons[entry[BLOCK_HASH]], e) == -1)
			goto out;
	}
	rc = 0;
out:
	(void)fclose(f);
	return rc;
}

static int entry_order(const void *a, const void *b)
{
	return memcmp(a, b, BLOCK_ENTRY);
}

/* Sort, and keep of equal hashes the first, which has the lowest reason. */
static void set_settle(struct block_set *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->entries, set->count, BLOCK_ENTRY, entry_order);
	for (size_t i = 1; i < set->count; i++)
		if (memcmp(set->entries[kept], set->entries[i], BLOCK_HASH) != 0)
			memmove(set->entries[++kept], set->entries[i], BLOCK_ENTRY);
	set->count = kept + 1;
}

static void be_write(unsigned char *p, int octets, unsigned long value)
{
	while (octets-- > 0) {
		p[octets] = (unsigned char)value;
		value >>= 8;
	}
}

static int file_put(int fd, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	while (len > 0) {
		ssize_t put = write(fd, p, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		p += put;
		len -= (size_t)put;
	}
	return 0;
}

/* The new name is on disk only when its folder is. */
static int folder_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	int fd, rc;

	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		(void)snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = fsync(fd);
	(void)close(fd);
	return rc;
}

static int set_put(const struct block_set *set, int fd, unsigned mode)
{
	unsigned char header[BLOCK_HEADER] = BLOCK_MAGIC;

	memset(header + BLOCK_MAGIC_LEN, 0, BLOCK_HEADER - BLOCK_MAGIC_LEN);
	be_write(header + 8, 4, BLOCK_VERSION);
	be_write(header + 12, 4, BLOCK_ENTRY);
	be_write(header + 16, 8, set->count);
	if (file_put(fd, header, sizeof(header)) == -1 ||
	    file_put(fd, set->entries, set->count * BLOCK_ENTRY) == -1 || fchmod(fd, mode) == -1)
		return -1;
	return fsync(fd);
}

int blocklist_write(struct block_set *set, const char *path, unsigned mode, size_t *count, struct err *e)
{
	char temporary[4096];
	int fd, rc;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return err_set(e, FAULT_internal, "write %s: path too long", path);
	set_settle(set);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd == -1)
		return err_errno(e, FAULT_internal, "write %s", path);
	rc = set_put(set, fd, mode);
	if (rc == -1)
		(void)err_errno(e, FAULT_internal, "write %s", path);
	if (close(fd) == -1 && rc == 0)
		rc = err_errno(e, FAULT_internal, "write %s", path);
	if (rc == 0 && (rename(temporary, path) == -1 || folder_sync(path) == -1))
		rc = err_errno(e, FAULT_internal, "write %s", path);
	if (rc == -1)
		(void)unlink(temporary);
	else if (count != NULL)
		*count = set->count;
	return rc;
}
