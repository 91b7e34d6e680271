/* conf.h - the settings of every program, typed, from HDF files; the table is settings.def.
 *
 * A program reads the file named by --config, else by MAILCERT_CONFIG, else /etc/mailcert/mailcert.hdf. What
 * a file does not name has its default; that of folders with what was installed follows from where it was
 * installed (DATA_DIR, which the Makefile makes from PREFIX). Unknown names and bad values are errors: a
 * wrong file stops the start.
 */
#ifndef LIB_BASE_CONF_H
#define LIB_BASE_CONF_H

#include <stdbool.h>

struct err;
struct conf;

enum setting {
#define SETTING(id, name, type, def, least, most, what) SET_##id,
#include "lib/base/settings.def"
#undef SETTING
	SET__MAX
};

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_FLAG, SETTING_PATH, SETTING_SECRET };

/* What settings.def says of one setting, for listings and documentation. */
struct setting_row {
	const char *name;
	enum setting_type type;
	const char *def;
	long least, most;
	const char *what;
};
const struct setting_row *setting_row(enum setting id);

/* Which file is read: the one given, else MAILCERT_CONFIG, else the one in /etc. */
const char *conf_file(const char *path);

/* Read the configuration conf_file(path). Gives *out to the caller. */
int conf_load(struct conf **out, const char *path, struct err *e);
void conf_free(struct conf *); /* NULL is fine */

/* Walk every wrong line of a file, one call of `tell` each ("line 3: …"), also of lines that a later one
 * overrides; returns how many, or -1 when it cannot be read. */
int conf_check(const char *path, void (*tell)(void *arg, const char *line), void *arg, struct err *e);

/* A setting's value; strings belong to the configuration. Asking for the wrong type is a programmer's error.
 */
const char *conf_text(const struct conf *, enum setting id); /* TEXT, PATH and SECRET (its path) */
long conf_number(const struct conf *, enum setting id);
bool conf_flag(const struct conf *, enum setting id);

/* Where the secret of a SECRET setting lies: the file that the setting names, or, when systemd handed one
 * over (LoadCredential=secret:FOLDER gives secret_NAME for each file NAME), the credential of that file's
 * name.
 * "" when the setting is empty. out has room for CONF_PATH_MAX octets. */
#define CONF_PATH_MAX 4096
void conf_secret_path(const struct conf *, enum setting id, char out[CONF_PATH_MAX]);

/* The secret in that file, or NULL in *out when the setting is empty. The caller frees it with secret_free().
 */
int conf_secret(const struct conf *, enum setting id, char **out, struct err *e);
void secret_free(char *secret); /* clears, then frees; NULL is fine */

#endif
