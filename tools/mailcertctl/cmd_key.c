/* cmd_key.c - mailcertctl key block: the file of keys that nobody may use (lib/pki/blocklist.h). */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/db/db.h"
#include "lib/pki/blocklist.h"

#define LIST_MODE 0644

static int reason_read(struct ctl *ctl, enum block_reason *out, struct err *e)
{
	const char *word = ctl_option_or(ctl, "reason", "compromised");

	if (strcmp(word, "compromised") == 0)
		*out = BLOCK_COMPROMISED;
	else if (strcmp(word, "debian") == 0)
		*out = BLOCK_DEBIAN;
	else
		return ctl_usage(ctl, e, "\"%s\": the reasons are compromised and debian", word);
	return 0;
}

/* Add one file of hashes to the set, in the form named. */
static int file_import(struct ctl *ctl, struct block_set *set, const char *path, struct err *e)
{
	const char *form = ctl_option_or(ctl, "format", "hex");
	enum block_reason reason = BLOCK_NONE, reasons[256];

	if (reason_read(ctl, &reason, e) == -1)
		return -1;
	if (strcmp(form, "hex") == 0)
		return block_set_import_hex(set, path, reason, e);
	if (strcmp(form, "badkeys") != 0)
		return ctl_usage(ctl, e, "\"%s\": the formats are hex and badkeys", form);
	for (int i = 0; i < 256; i++)
		reasons[i] = reason;
	return block_set_import_badkeys(set, path, reasons, e);
}

/* The list in use, if there is one yet. */
static int list_keep(struct block_set *set, const char *path, struct err *e)
{
	struct blocklist *list = NULL;
	int rc;

	if (access(path, F_OK) == -1)
		return 0;
	if (blocklist_open(&list, path, e) == -1)
		return -1;
	rc = block_set_add_list(set, list, e);
	blocklist_free(list);
	return rc;
}

static int run_import(struct ctl *ctl, struct err *e)
{
	const char *path = conf_text(ctl->conf, SET_CA_BLOCKLIST);
	struct block_set *set = NULL;
	size_t count;
	int rc = -1;

	if (*path == '\0')
		return ctl_refuse(e, "Ca.BlockList is not set");
	if (block_set_new(&set, e) == -1)
		return -1;
	if (list_keep(set, path, e) == -1)
		goto out;
	for (unsigned i = 0; i < ctl->args_count; i++)
		if (file_import(ctl, set, ctl->args[i], e) == -1)
			goto out;
	if (blocklist_write(set, path, LIST_MODE, &count, e) == -1)
		goto out;
	(void)printf("%zu keys are blocked in %s\n", count, path);
	rc = ctl_audit(ctl, e, "key_block_imported", "%zu", count);
out:
	block_set_free(set);
	return rc;
}

static const struct option_row import_options[] = {
    {"format", "FORM", false, "hex: SHA-256 of SPKIs, one a line (the default); badkeys: its blocklist.dat"},
    {"reason", "WHY", false, "compromised (the default) or debian"},
    {NULL, NULL, false, NULL},
};

const struct command key_commands[] = {
    {"key block import", "[FILE]...", 0, 1000, import_options, NEEDS_CONF | NEEDS_DB,
	"add hashes of keys to the block list; makes an empty list when there is none", run_import},
    {NULL, NULL, 0, 0, NULL, 0, NULL, NULL},
};
