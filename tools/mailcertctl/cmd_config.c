/* cmd_config.c - mailcertctl config: the settings there are, and a file held against them. */
#include "tools/mailcertctl/ctl.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/policy.h"

static void line_say(void *arg, const char *line)
{
	(void)printf("%s: %s\n", (const char *)arg, line);
}

/* A file without a block list is wrong. A list that is short or not there yet is told and no more: the file
 * is right, and it is written before the list is made. *told: it was. */
static int block_list_check(const struct ctl *ctl, const char *path, const struct conf *conf, bool *told)
{
	const char *list_path = conf_text(conf, SET_CA_BLOCKLIST);
	struct blocklist *list = NULL;
	struct err e;

	*told = true;
	if (*list_path == '\0') {
		(void)printf(
		    "%s: Ca.BlockList is not set: Debian's weak keys are not refused (SBR 6.1.1.3)\n", path);
		return 1;
	}
	if (blocklist_open(&list, list_path, &e) == -1)
		ctl_note(ctl, "%s: Ca.BlockList: %s", path, e.log);
	else if (!policy_weak_keys_listed(blocklist_count(list)))
		ctl_note(ctl,
		    "%s: Ca.BlockList: %zu keys are too few for a list of Debian's weak ones, which are not "
		    "refused: mailcertctl key block import",
		    path, blocklist_count(list));
	else
		*told = false;
	blocklist_free(list);
	return 0;
}

static int run_check(struct ctl *ctl, struct err *e)
{
	const char *path = ctl->args[0] != NULL ? ctl->args[0] : conf_file(ctl->config);
	int wrong = conf_check(path, line_say, (void *)(uintptr_t)path, e);
	struct conf *conf = NULL;
	bool told = false;

	if (wrong == 0) {
		if (conf_load(&conf, path, e) == -1)
			return -1;
		wrong = block_list_check(ctl, path, conf, &told);
		conf_free(conf);
	}
	if (wrong == -1)
		return -1;
	if (wrong > 0)
		return ctl_refuse(e, "%s: %d wrong", path, wrong);
	ctl_note(ctl, "%s: nothing %swrong", path, told ? "else " : "");
	return 0;
}

static int run_list(struct ctl *ctl, struct err *e)
{
	static const char *const names[] = {"name", "type", "default", "least", "most", "what"};
	static const char *const types[] = {
	    [SETTING_TEXT] = "text",
	    [SETTING_NUMBER] = "number",
	    [SETTING_FLAG] = "flag",
	    [SETTING_PATH] = "path",
	    [SETTING_SECRET] = "secret",
	};
	enum { COLUMNS = 6, NUMBER = 24 };
	const char *cells[SET__MAX * COLUMNS];
	char numbers[SET__MAX * 2][NUMBER];
	const struct output_list list = {names, COLUMNS, cells, SET__MAX};

	for (int i = 0; i < SET__MAX; i++) {
		const struct setting_row *s = setting_row((enum setting)i);
		const bool bounds = s->type == SETTING_NUMBER || s->type == SETTING_FLAG;
		const char **row = &cells[i * COLUMNS];

		(void)snprintf(numbers[2 * i], NUMBER, "%ld", s->least);
		(void)snprintf(numbers[2 * i + 1], NUMBER, "%ld", s->most);
		row[0] = s->name;
		row[1] = types[s->type];
		row[2] = s->def;
		row[3] = bounds ? numbers[2 * i] : NULL;
		row[4] = bounds ? numbers[2 * i + 1] : NULL;
		row[5] = s->what;
	}
	return output_list(ctl->form, &list, "least most", "", e);
}

const struct command config_commands[] = {
    {"config check", "[FILE]", 0, 1, NULL, 0,
	"name every wrong line of the configuration, or of another file", run_check},
    {"config list", "", 0, 0, NULL, 0, "list the settings: type, default, bounds, what each is", run_list},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
