/* cmd_config.c - mailcertctl config: the settings there are, and a file held against them. */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"

static void line_say(void *arg, const char *line)
{
	(void)printf("%s: %s\n", (const char *)arg, line);
}

static int run_check(struct ctl *ctl, struct err *e)
{
	char *path = ctl->args[0];
	int wrong = conf_check(path, line_say, path, e);

	if (wrong == -1)
		return -1;
	if (wrong > 0)
		return ctl_refuse(e, "%s: %d wrong", path, wrong);
	ctl_note(ctl, "%s: nothing wrong", path);
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
    {"config check", "FILE", 1, 1, NULL, 0, "name every wrong line of a configuration file", run_check},
    {"config list", "", 0, 0, NULL, 0, "list the settings: type, default, bounds, what each is", run_list},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
