/* main.c - mailcertctl, the admin's command: finds the command, reads its options, runs it.
 *
 * Exit status: 0 done, 1 failed (one line on standard error says why), 2 not understood.
 */
#include "lib/base/text.h"
#include "tools/mailcertctl/ctl.h"

#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/db/db.h"

#define EXIT_USAGE        2
#define OPTIONS_MAX       24
#define WORDS_MAX         3
#define OPTION_FIRST      1000 /* getopt_long's value of the first option */
#define AUDIT_DETAIL_ROOM 1001 /* audit.detail and its end */

/* One table a noun, in the order of --help. */
static const struct command *const tables[] = {db_commands, ca_commands, ceremony_commands, account_commands,
    partner_commands, callback_commands, order_commands, certificate_commands, problem_commands,
    queue_commands, key_commands, audit_commands, report_commands, retention_commands, config_commands};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Options of every command; they follow the command's own in the list for getopt_long. */
static const struct option_row common_options[] = {
    {"config", "FILE", false, "configuration; else MAILCERT_CONFIG, else /etc/mailcert/mailcert.hdf"},
    {"json", NULL, false, "answer in JSON"},
    {"csv", NULL, false, "answer in CSV"},
    {"help", NULL, false, "say this"},
    {NULL, NULL, false, NULL},
};
static const struct option_row yes_option = {"yes", NULL, false, "do not ask"};

/* --- words --- */

/* How many of the arguments the command's words match: all its words, or 0. */
static unsigned words_match(const char *words, char **args, unsigned count)
{
	unsigned n = 0;

	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		if (n == count || strlen(args[n]) != len || strncmp(args[n], words, len) != 0)
			return 0;
		words += len + (words[len] == ' ');
		n++;
	}
	return n;
}

/* The command that the longest run of leading words names, or NULL. */
static const struct command *command_find(char **args, unsigned count, unsigned *words)
{
	const struct command *found = NULL;

	*words = 0;
	for (size_t t = 0; t < TABLES; t++)
		for (const struct command *c = tables[t]; c->words != NULL; c++) {
			unsigned n = words_match(c->words, args, count);

			if (n > *words) {
				*words = n;
				found = c;
			}
		}
	return found;
}

/* --- help --- */

/* List the commands whose words begin with prefix (empty: all); returns how many. */
static unsigned commands_list(FILE *to, const char *prefix)
{
	size_t len = strlen(prefix);
	unsigned listed = 0;

	for (size_t t = 0; t < TABLES; t++)
		for (const struct command *c = tables[t]; c->words != NULL; c++) {
			if (strncmp(c->words, prefix, len) != 0 ||
			    (len > 0 && c->words[len] != ' ' && c->words[len] != '\0'))
				continue;
			(void)fprintf(to, "  %-24s %s\n", c->words, c->what);
			listed++;
		}
	return listed;
}

static void help_all(FILE *to)
{
	(void)fprintf(to, "Usage: mailcertctl COMMAND [OPTION]... [ARGUMENT]...\n\n");
	(void)commands_list(to, "");
	(void)fprintf(to,
	    "\n`mailcertctl COMMAND --help` explains one; the manual page mailcertctl(8) explains all.\n");
}

static void help_option(FILE *to, const struct option_row *o)
{
	char left[64];

	(void)snprintf(
	    left, sizeof(left), "--%s%s%s", o->name, o->arg == NULL ? "" : " ", o->arg == NULL ? "" : o->arg);
	(void)fprintf(to, "  %-24s %s%s\n", left, o->what, o->required ? " (needed)" : "");
}

static void help_command(FILE *to, const struct command *c)
{
	(void)fprintf(to, "Usage: mailcertctl %s", c->words);
	for (const struct option_row *o = c->options; o != NULL && o->name != NULL; o++)
		if (o->required)
			(void)fprintf(to, " --%s %s", o->name, o->arg);
	(void)fprintf(
	    to, " [OPTION]...%s%s\n%s.\n\n", *c->arguments == '\0' ? "" : " ", c->arguments, c->what);
	for (const struct option_row *o = c->options; o != NULL && o->name != NULL; o++)
		help_option(to, o);
	if ((c->needs & NEEDS_YES) != 0)
		help_option(to, &yes_option);
	for (const struct option_row *o = common_options; o->name != NULL; o++)
		help_option(to, o);
}

/* --- options --- */

static unsigned options_count(const struct option_row *rows)
{
	unsigned n = 0;

	while (rows != NULL && rows[n].name != NULL)
		n++;
	return n;
}

static int option_index(const struct ctl *ctl, const char *name)
{
	unsigned count = options_count(ctl->command->options);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(ctl->command->options[i].name, name) == 0)
			return (int)i;
	(void)fprintf(stderr, "mailcertctl: %s has no option %s\n", ctl->command->words, name);
	abort();
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
	return ctl->values[option_index(ctl, name)];
}

const char *ctl_option_or(const struct ctl *ctl, const char *name, const char *otherwise)
{
	const char *value = ctl_option(ctl, name);

	return value == NULL ? otherwise : value;
}

int ctl_number(
    struct ctl *ctl, const char *name, long otherwise, long least, long most, long *out, struct err *e)
{
	const char *value = ctl_option(ctl, name);
	char *end;

	*out = otherwise;
	if (value == NULL)
		return 0;
	*out = strtol(value, &end, 10);
	if (end == value || *end != '\0' || *out < least || *out > most)
		return ctl_usage(
		    ctl, e, "--%s %s: a whole number from %ld to %ld is wanted", name, value, least, most);
	return 0;
}

/* The list for getopt_long: the command's options, then --yes if it may ask, then the common ones. */
static void options_fill(struct option *list, const struct command *c)
{
	unsigned n = 0, own = options_count(c->options);

	for (; n < own; n++)
		list[n] = (struct option){
		    c->options[n].name, c->options[n].arg != NULL, NULL, OPTION_FIRST + (int)n};
	if ((c->needs & NEEDS_YES) != 0)
		list[n++] = (struct option){"yes", 0, NULL, 'y'};
	for (const struct option_row *o = common_options; o->name != NULL; o++)
		list[n++] = (struct option){o->name, o->arg != NULL, NULL, o->name[0]};
	list[n] = (struct option){NULL, 0, NULL, 0};
}

/* Take one option that getopt_long found; false when it was not understood (getopt_long has said so). */
static bool option_take(struct ctl *ctl, int which)
{
	switch (which) {
	case 'c': /* --config has an argument, --csv none */
		if (optarg == NULL)
			ctl->form = OUTPUT_CSV;
		else
			ctl->config = optarg;
		return true;
	case 'j':
		ctl->form = OUTPUT_JSON;
		return true;
	case 'y':
		ctl->yes = true;
		return true;
	case 'h':
		help_command(stdout, ctl->command);
		exit(EXIT_SUCCESS);
	default:
		if (which < OPTION_FIRST)
			return false;
		ctl->values[which - OPTION_FIRST] = optarg == NULL ? "" : optarg;
		return true;
	}
}

static int options_read(struct ctl *ctl, int argc, char **argv, struct err *e)
{
	struct option list[OPTIONS_MAX];
	unsigned own = options_count(ctl->command->options);
	int which;

	options_fill(list, ctl->command);
	while ((which = getopt_long(argc, argv, "", list, NULL)) != -1)
		if (!option_take(ctl, which))
			return ctl_usage(ctl, e, "see mailcertctl %s --help", ctl->command->words);
	ctl->args = argv + optind;
	ctl->args_count = (unsigned)(argc - optind);
	for (unsigned i = 0; i < own; i++)
		if (ctl->command->options[i].required && ctl->values[i] == NULL)
			return ctl_usage(ctl, e, "--%s is needed; see mailcertctl %s --help",
			    ctl->command->options[i].name, ctl->command->words);
	if (ctl->args_count < ctl->command->least)
		return ctl_usage(ctl, e, "%s is missing; see mailcertctl %s --help", ctl->command->arguments,
		    ctl->command->words);
	if (ctl->args_count > ctl->command->most)
		return ctl_usage(ctl, e, "\"%s\" is too much; see mailcertctl %s --help",
		    ctl->args[ctl->command->most], ctl->command->words);
	return 0;
}

/* --- what commands are given --- */

int ctl_usage(struct ctl *ctl, struct err *e, const char *fmt, ...)
{
	char why[ERR_ARG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	ctl->usage = true;
	return err_set_arg(e, FAULT_command_refused, why, "%s", why);
}

int ctl_refuse(struct err *e, const char *fmt, ...)
{
	char why[ERR_ARG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set_arg(e, FAULT_command_refused, why, "%s", why);
}

int ctl_confirm(struct ctl *ctl, struct err *e, const char *fmt, ...)
{
	char line[16];
	va_list ap;

	if (ctl->yes)
		return 0;
	if (isatty(STDIN_FILENO) == 0)
		return ctl_usage(ctl, e, "no terminal to ask on; --yes does it without asking");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, " Type yes to go on: ");
	if (fgets(line, sizeof(line), stdin) == NULL || strcmp(line, "yes\n") != 0)
		return ctl_refuse(e, "not done");
	return 0;
}

int ctl_database(struct ctl *ctl, struct err *e)
{
	return ctl->db != NULL ? 0 : db_open(&ctl->db, ctl->conf, DB_ADMIN, e);
}

int ctl_audit(struct ctl *ctl, struct err *e, const char *event, const char *detail, ...)
{
	char text[AUDIT_DETAIL_ROOM];
	va_list ap;

	va_start(ap, detail);
	(void)vsnprintf(text, sizeof(text), detail, ap);
	va_end(ap);
	return db_run(
	    ctl->db, STMT_ADMIN_AUDIT_ADD, NULL, e, DB_ARGS(P_TEXT(ctl->admin), P_TEXT(event), P_TEXT(text)));
}

int ctl_order(struct ctl *ctl, const char *text, struct order_number *out, struct err *e)
{
	static const char prefix[] = "ORDER/";
	char number[16];
	const char *slash;

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	slash = strchr(text, '/');
	if (slash == NULL || (size_t)(slash - text) >= sizeof(number))
		return ctl_usage(ctl, e, "\"%s\" is not an order number such as 0000123456/b01", text);
	(void)snprintf(number, sizeof(number), "%.*s", (int)(slash - text), text);
	if (!order_number_read(out, number, slash + 1))
		return ctl_usage(ctl, e, "\"%s\" is not an order number such as 0000123456/b01", text);
	return 0;
}

int ctl_time(struct ctl *ctl, const char *text, char out[20], struct err *e)
{
	static const char *const forms[] = {
	    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);

		/* Half a time, or a day that the month does not have: timegm() makes another of it. */
		if (end == NULL || *end != '\0' || timegm(&tm) == -1)
			continue;
		if (strftime(out, 20, "%Y-%m-%d %H:%M:%S", &tm) > 0 && strncmp(out, text, 10) == 0)
			return 0;
	}
	return ctl_usage(ctl, e, "\"%s\" is not a time such as 2026-11-22T14:03:00Z (UTC)", text);
}

int ctl_past(struct ctl *ctl, const char *option, char out[20], struct err *e)
{
	const char *text = ctl_option(ctl, option);
	const time_t now = time(NULL);
	char today[20];
	struct tm tm;

	out[0] = '\0';
	if (text == NULL)
		return 0;
	if (ctl_time(ctl, text, out, e) == -1)
		return -1;
	(void)gmtime_r(&now, &tm);
	(void)strftime(today, sizeof(today), "%Y-%m-%d %H:%M:%S", &tm);
	return strcmp(out, today) > 0 ? ctl_usage(ctl, e, "--%s %s lies in the future", option, text) : 0;
}

void ctl_note(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	if (ctl->form != OUTPUT_TABLE)
		return;
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

int ctl_secret_show(struct ctl *ctl, const char *id, const char *name, const char *secret, struct err *e)
{
	const char *const names[] = {"id", name}, *const cells[] = {id, secret};
	struct output_list list = {names, 2, cells, 1};

	if (ctl->form != OUTPUT_TABLE)
		return output_list(ctl->form, &list, "id", "", e);
	ctl_note(ctl, "The %s of number %s. This is the only time it is shown:", name, id);
	return printf("%s\n", secret) < 0 || fflush(stdout) == EOF
		   ? err_errno(e, FAULT_internal, "standard output")
		   : 0;
}

/* Who acts: behind sudo the person who called it, else the user's own name. */
static void admin_name(char out[65])
{
	const struct passwd *user = getpwuid(getuid());
	const char *name = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
	size_t n = 0;

	if (name == NULL || *name == '\0')
		name = user == NULL ? "unknown" : user->pw_name;
	for (; *name != '\0' && n < 64; name++)
		out[n++] = *name > 0x20 && *name < 0x7f ? *name : '_';
	out[n] = '\0';
}

/* --- */

/* The database account that a command needs; DB_ACCOUNT__MAX: none. */
static enum db_account account_of(unsigned needs)
{
	if ((needs & NEEDS_DB) != 0)
		return DB_ADMIN;
	if ((needs & NEEDS_DB_REPORT) != 0)
		return DB_REPORT;
	return (needs & NEEDS_DB_RETENTION) != 0 ? DB_RETENTION : DB_ACCOUNT__MAX;
}

static int ctl_prepare(struct ctl *ctl, struct err *e)
{
	const enum db_account account = account_of(ctl->command->needs);

	if ((ctl->command->needs & NEEDS_CONF) != 0 && conf_load(&ctl->conf, ctl->config, e) == -1)
		return -1;
	if (account != DB_ACCOUNT__MAX && db_open(&ctl->db, ctl->conf, account, e) == -1)
		return -1;
	admin_name(ctl->admin);
	return 0;
}

/* Before it is shown, so that nothing is shown untold; but while the database takes no writes, an admin must
 * see what hinders it. */
static int reading_record(struct ctl *ctl, struct err *e)
{
	char what[AUDIT_DETAIL_ROOM];
	int rc;

	if ((ctl->command->needs & READS_PEOPLE) == 0)
		return 0;
	(void)snprintf(what, sizeof(what), "%s", ctl->command->words);
	for (unsigned i = 0; i < ctl->args_count; i++)
		(void)snprintf(what + strlen(what), sizeof(what) - strlen(what), " %.60s", ctl->args[i]);
	rc = ctl_audit(ctl, e, "people_read", "%s", what);
	if (rc == -1 && db_read_only(ctl->db)) {
		ctl_note(ctl, "no audit event tells of this: %s", e->log);
		rc = 0;
	}
	return rc;
}

static void error_say(const struct err *e)
{
	if (e->fault == FAULT_command_refused)
		(void)fprintf(stderr, "mailcertctl: %s\n", *e->arg == '\0' ? e->log : e->arg);
	else
		(void)fprintf(stderr, "mailcertctl: %s: %s\n", fault_code(e->fault), e->log);
}

/* argv begins with the last word of the command. */
static int command_run(struct ctl *ctl, int argc, char **argv)
{
	struct err e = {0};
	int rc;

	ctl->values = calloc(options_count(ctl->command->options) + 1, sizeof(*ctl->values));
	if (ctl->values == NULL)
		return EXIT_FAILURE;
	rc = options_read(ctl, argc, argv, &e);
	if (rc == 0)
		rc = ctl_prepare(ctl, &e);
	if (rc == 0)
		rc = reading_record(ctl, &e);
	if (rc == 0)
		rc = ctl->command->run(ctl, &e);
	if (rc == -1)
		error_say(&e);
	db_close(ctl->db);
	conf_free(ctl->conf);
	free(ctl->values);
	if (rc == 0)
		return EXIT_SUCCESS;
	return ctl->usage ? EXIT_USAGE : EXIT_FAILURE;
}

/* No command has these words: list those that begin alike. */
static int words_unknown(char **args, unsigned count, bool help)
{
	FILE *to = help ? stdout : stderr;

	if (count == 0) {
		help_all(to);
	} else if (commands_list(to, args[0]) == 0) {
		(void)fprintf(stderr, "mailcertctl: no command \"%s\"; see mailcertctl --help\n", args[0]);
		return EXIT_USAGE;
	}
	return help ? EXIT_SUCCESS : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {0};
	char *args[WORDS_MAX];
	unsigned count = 0, words;
	bool help = false;
	int at = 1, last;

	secrets_guard();
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	/* Common options may stand before the command's words. */
	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--config") == 0 && at + 1 < argc)
			ctl.config = argv[++at];
		else if (strncmp(argv[at], "--config=", 9) == 0)
			ctl.config = argv[at] + 9;
		else if (strcmp(argv[at], "--json") == 0)
			ctl.form = OUTPUT_JSON;
		else if (strcmp(argv[at], "--csv") == 0)
			ctl.form = OUTPUT_CSV;
		else if (strcmp(argv[at], "--help") == 0)
			help = true;
		else
			return words_unknown(args, 0, false);
	}
	while (count < WORDS_MAX && at + (int)count < argc && argv[at + (int)count][0] != '-') {
		args[count] = argv[at + (int)count];
		count++;
	}
	ctl.command = command_find(args, count, &words);
	if (ctl.command == NULL)
		return words_unknown(args, count,
		    help || (at + (int)count < argc && strcmp(argv[at + (int)count], "--help") == 0));
	if (help) {
		help_command(stdout, ctl.command);
		return EXIT_SUCCESS;
	}
	last = at + (int)words - 1;
	argv[last] = argv[0]; /* getopt_long() names it in its messages */
	return command_run(&ctl, argc - last, argv + last);
}
