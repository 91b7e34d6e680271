/* ctl.h - what every command of mailcertctl is given, and how a command is described.
 *
 * A command is a row: its words, its options, its arguments, what it does, and the function. Parsing, --help
 * and usage errors come from the row alone; a function sees only values that were asked for.
 */
#ifndef TOOLS_MAILCERTCTL_CTL_H
#define TOOLS_MAILCERTCTL_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/flow/actor.h"
#include "tools/mailcertctl/output.h"

struct conf;
struct db;
struct err;

/* One option: "--name ARG", or a flag when arg is NULL. A table of them ends with a NULL name. */
struct option_row {
	const char *name, *arg;
	bool required;
	const char *what;
};

/* What must be there before a command runs; NEEDS_YES: the command destroys something and asks first. The
 * database as admin, or as an account that may do just that. READS_PEOPLE: it shows what is known of people,
 * so an audit event tells that it did. */
enum {
	NEEDS_CONF = 1,
	NEEDS_DB = 2,
	NEEDS_YES = 4,
	NEEDS_DB_REPORT = 8,
	NEEDS_DB_RETENTION = 16,
	READS_PEOPLE = 32,
};

struct ctl;

struct command {
	const char *words;                /* "partner key add"; a table ends with NULL */
	const char *arguments;            /* "ORDER" for the usage line, or "" */
	unsigned least, most;             /* arguments it takes */
	const struct option_row *options; /* NULL: only the common ones */
	unsigned needs;
	const char *what;
	int (*run)(struct ctl *, struct err *e); /* 0; -1 with *e */
};

struct ctl {
	const struct command *command;
	const char **values; /* as command->options; NULL: not given */
	char **args;
	unsigned args_count;
	const char *config; /* --config, or NULL */
	enum output_form form;
	bool yes;
	bool usage;     /* the error is one of usage: exit status 2 */
	char admin[65]; /* who acts, for the audit events */
	struct conf *conf;
	struct db *db;
};

extern const struct command account_commands[], ca_commands[], callback_commands[], certificate_commands[],
    config_commands[], audit_commands[], ceremony_commands[], db_commands[], key_commands[], order_commands[],
    partner_commands[], problem_commands[], queue_commands[], report_commands[], retention_commands[];

/* The option's value, or NULL (not given). A flag that was given answers "". An option that the command's
 * table does not have is a programmer's error. */
const char *ctl_option(const struct ctl *, const char *name);
/* The option's value, or `otherwise` when it was not given. */
const char *ctl_option_or(const struct ctl *, const char *name, const char *otherwise);
/* As a whole number within least..most; `otherwise` when not given. A usage error when it is neither. */
int ctl_number(
    struct ctl *, const char *name, long otherwise, long least, long most, long *out, struct err *e);

/* Fill *e with a usage error: exit status 2. Always -1. */
int ctl_usage(struct ctl *, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Fill *e with words for the admin: exit status 1. Always -1. */
int ctl_refuse(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Ask whether to go on, naming what will happen; --yes answers at once. Without --yes and without a terminal
 * it is a usage error. 0: go on. */
int ctl_confirm(struct ctl *, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Open the database as admin, for a command that needs it only with some option; again is fine. */
int ctl_database(struct ctl *, struct err *e);
/* Note what the admin did, as an audit event, where no procedure of the database does so itself. The database
 * must be open. detail, in printf's way, is cut to what an event holds and names no secret. */
int ctl_audit(struct ctl *, struct err *e, const char *event, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* Show a secret that was just made, once: alone on standard output, with a note beside it; for programs as
 * the value `name` ("key") beside its id. */
int ctl_secret_show(struct ctl *, const char *id, const char *name, const char *secret, struct err *e);

/* An order number: "0000123456/b01", with or without "ORDER/" before it. A usage error when it is not one. */
int ctl_order(struct ctl *, const char *text, struct order_number *out, struct err *e);

/* A point in time: "2026-11-22", "2026-11-22T14:03:00Z" or "2026-11-22 14:03", UTC; made into the database's
 * form
 * ("2026-11-22 14:03:00"). A usage error when it is anything else. */
int ctl_time(struct ctl *, const char *text, char out[20], struct err *e);

/* An option that says when something was, as ctl_time(); "" in out when it was not given. A usage error when
 * it lies in the future. */
int ctl_past(struct ctl *, const char *option, char out[20], struct err *e);

/* Cut columns that only serve the command line: a message on standard error, unless a program reads the
 * output. */
void ctl_note(const struct ctl *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
