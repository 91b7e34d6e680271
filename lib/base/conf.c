/* conf.c - reading and checking settings; see conf.h. */
#include "lib/base/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ClearSilver/util/neo_err.h>
#include <ClearSilver/util/neo_hdf.h>

#include "lib/base/err.h"
#include "lib/base/netaddr.h"
#include "lib/base/text.h"

#define CONF_DEFAULT_PATH "/etc/mailcert/mailcert.hdf"
#define CONF_MAX          1048576 /* octets of a file */

#ifndef DATA_DIR /* the Makefile says where templates and SQL are installed */
#define DATA_DIR "/usr/local/share/mailcert"
#endif

static const struct setting_row setting_table[SET__MAX] = {
#define SETTING(id, name, type, def, least, most, what) \
	[SET_##id] = {name, SETTING_##type, def, least, most, what},
#include "lib/base/settings.def"
#undef SETTING
};

struct conf {
	char *values[SET__MAX]; /* owned; NULL: the default */
};

/* Who wants to hear of each wrong line while a file is read. */
struct conf_reader {
	struct conf *conf;
	void (*tell)(void *arg, const char *line);
	void *arg;
	int wrong;
	struct buf seen; /* " name" of each assignment that was judged line by line, and a blank */
};

const struct setting_row *setting_row(enum setting id)
{
	return &setting_table[id];
}

static int setting_find(const char *name)
{
	for (int i = 0; i < SET__MAX; i++)
		if (strcmp(setting_table[i].name, name) == 0)
			return i;
	return -1;
}

/* Whether value fits the row; when not, why is filled for the person who wrote the file. */
static bool setting_fits(const struct setting_row *row, const char *value, char *why, size_t room)
{
	char *end;
	long number;

	switch (row->type) {
	case SETTING_NUMBER:
	case SETTING_FLAG:
		errno = 0;
		number = strtol(value, &end, 10);
		if (errno == 0 && end != value && *end == '\0' && number >= row->least && number <= row->most)
			return true;
		(void)snprintf(why, room, "%s = %.60s: a whole number from %ld to %ld is wanted", row->name,
		    value, row->least, row->most);
		return false;
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_SECRET:
		if (utf8_valid(value, strlen(value)) && strpbrk(value, "\r\n") == NULL)
			return true;
		(void)snprintf(why, room, "%s: one line of UTF-8 is wanted", row->name);
		return false;
	}
	return false;
}

static void conf_wrong(struct conf_reader *reader, const char *why)
{
	reader->wrong++;
	reader->tell(reader->arg, why);
}

/* Whether an assignment to that name was judged where it stands. */
static bool name_seen(const struct conf_reader *reader, const char *name)
{
	char word[260];

	(void)snprintf(word, sizeof(word), " %s ", name);
	return reader->seen.data != NULL && strstr(reader->seen.data, word) != NULL;
}

/* Judge one assignment; number is its line, 0 when that is not known. */
static void assignment_judge(struct conf_reader *reader, const char *name, const char *value, unsigned number)
{
	char why[400], line[24] = "", all[440];
	int id = setting_find(name);

	if (id != -1 && setting_fits(&setting_table[id], value, why, sizeof(why)))
		return;
	if (id == -1)
		(void)snprintf(why, sizeof(why), "%s: no such setting", name);
	if (number > 0)
		(void)snprintf(line, sizeof(line), "line %u: ", number);
	(void)snprintf(all, sizeof(all), "%s%s", line, why);
	conf_wrong(reader, all);
}

#define NAME_OCTETS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."
#define BLANKS      " \t\r\v\f" /* what HDF passes over in a line */

/* Where a line by line reading of a file stands. */
struct scan {
	char block[256]; /* the dotted name of the block, "" outside of all */
	char ending[64]; /* the word that ends the text of several lines in which we are; "" when in none */
	unsigned number;
	bool links; /* a line was refused by line_links() */
};

/* Whether HDF may take a line for a link ("a : b") or for one with attributes ("a [x] : b"), wherever it
 * stands. Links can lead round in circles, in which HDF itself is lost while it reads; no setting needs
 * either. */
static bool line_links(const char *line)
{
	const char *name = line + strspn(line, BLANKS), *at = name + strspn(name, NAME_OCTETS "*");

	if (at == name)
		return false;
	at += strspn(at, BLANKS);
	return *at == '[' || (*at == ':' && at[1] != '=');
}

static void block_leave(struct scan *s)
{
	char *dot = strrchr(s->block, '.');

	*(dot == NULL ? s->block : dot) = '\0';
}

/* One line without its end: an assignment is judged, blocks are entered and left, links are refused. What HDF
 * has besides (copies, included files) is left to conf_walk(). */
static void line_scan(struct conf_reader *reader, struct scan *s, char *line)
{
	char *at = line + strspn(line, BLANKS), *end = at + strlen(at), name[256];
	size_t len = strspn(at, NAME_OCTETS);
	char why[400];

	if (line_links(line)) {
		(void)snprintf(why, sizeof(why), "line %u: %.*s: a link; the value itself is wanted",
		    s->number, (int)(len < 200 ? len : 200), at);
		conf_wrong(reader, why);
		s->links = true;
		return;
	}
	while (end > at && strchr(BLANKS, end[-1]) != NULL)
		*--end = '\0';
	if (*s->ending != '\0') {
		if (strcmp(at, s->ending) == 0)
			*s->ending = '\0';
		return;
	}
	if (*at == '}')
		block_leave(s);
	if (len == 0)
		return;
	(void)snprintf(name, sizeof(name), "%s%s%.*s", s->block, *s->block == '\0' ? "" : ".", (int)len, at);
	at += len;
	at += strspn(at, BLANKS);
	if (*at == '{') {
		(void)snprintf(s->block, sizeof(s->block), "%s", name);
	} else if (strncmp(at, "<<", 2) == 0) {
		(void)snprintf(
		    why, sizeof(why), "line %u: %.200s: one line of UTF-8 is wanted", s->number, name);
		conf_wrong(reader, why);
		buf_printf(&reader->seen, " %s ", name);
		at += 2;
		(void)snprintf(s->ending, sizeof(s->ending), "%s", at + strspn(at, BLANKS));
	} else if (*at == '=') {
		at++;
		assignment_judge(reader, name, at + strspn(at, BLANKS), s->number);
		buf_printf(&reader->seen, " %s ", name);
	}
}

/* Judge a file line by line: one that a later line overrides is wrong all the same. *readable: HDF may read
 * it.
 */
static int conf_scan(struct conf_reader *reader, const char *path, bool *readable, struct err *e)
{
	struct scan s = {.number = 0};
	char *text, *rest, *line;

	if (file_read(path, CONF_MAX, &text, NULL, e) == -1)
		return -1;
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		s.number++;
		line_scan(reader, &s, line);
	}
	free(text);
	*readable = !s.links;
	return 0;
}

/* Take the settings of one HDF node and all below it; prefix is the dotted name of the node. */
static void conf_walk(struct conf_reader *reader, HDF *node, const char *prefix)
{
	for (HDF *child = hdf_obj_child(node); child != NULL; child = hdf_obj_next(child)) {
		const char *value;
		char name[256], why[400];
		int id;

		(void)snprintf(
		    name, sizeof(name), "%s%s%s", prefix, *prefix == '\0' ? "" : ".", hdf_obj_name(child));
		if (child->link) {
			/* HDF's "a : b". Links can lead round in circles. */
			(void)snprintf(why, sizeof(why), "%s: a link; the value itself is wanted", name);
			conf_wrong(reader, why);
			continue;
		}
		value = hdf_obj_value(child);
		/* Where nothing was found wrong line by line, what HDF made of the lines is judged once more.
		 */
		if (value != NULL && (reader->wrong == 0 || !name_seen(reader, name)))
			assignment_judge(reader, name, value, 0);
		if (value != NULL && (id = setting_find(name)) != -1) {
			free(reader->conf->values[id]);
			reader->conf->values[id] = strdup(value);
		}
		if (hdf_obj_child(child) != NULL)
			conf_walk(reader, child, name);
	}
}

/* Whether an item of Db.Hosts (lib/db/hosts.h: "127.0.0.1:3307", "[::1]") is this machine. What has another
 * form is not. */
static bool host_is_here(const char *item, size_t len)
{
	const bool bracket = len > 0 && *item == '[';
	char name[64];

	if (len >= sizeof(name))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len - bracket, item + bracket);
	name[strcspn(name, bracket ? "]" : ":")] = '\0';
	return netaddr_is_loopback(name);
}

/* What one setting asks of another. A database on a network is spoken to by TLS or not at all. */
static void settings_agree(struct conf_reader *reader)
{
	const char *item = conf_text(reader->conf, SET_DB_HOSTS);
	char why[400];

	if (*item == '\0' || *conf_text(reader->conf, SET_DB_TLS_CA) != '\0')
		return;
	for (size_t len;; item += len + 1) {
		len = strcspn(item, ",");
		if (!host_is_here(item, len)) {
			(void)snprintf(why, sizeof(why),
			    "Db.Hosts: %.*s is not this machine's loopback: TLS is wanted, so Db.TlsCa",
			    (int)(len < 200 ? len : 200), item);
			conf_wrong(reader, why);
		}
		if (item[len] == '\0')
			return;
	}
}

/* Turn a ClearSilver error into ours, freeing it. Always -1. */
static int conf_neo(struct err *e, NEOERR *ne, const char *path)
{
	STRING words;

	string_init(&words);
	nerr_error_string(ne, &words);
	(void)err_set(
	    e, FAULT_config_invalid, "%s: %s", path, words.buf == NULL ? "cannot be read" : words.buf);
	string_clear(&words);
	nerr_ignore(&ne);
	return -1;
}

static int conf_read(struct conf_reader *reader, const char *path, struct err *e)
{
	bool readable = false;
	HDF *hdf = NULL;
	NEOERR *ne;
	int rc = conf_scan(reader, path, &readable, e);

	if (rc == -1 || !readable)
		goto out;
	ne = hdf_init(&hdf);
	if (ne == STATUS_OK)
		ne = hdf_read_file(hdf, path);
	if (ne == STATUS_OK) {
		conf_walk(reader, hdf, "");
		settings_agree(reader);
	} else {
		rc = conf_neo(e, ne, path);
	}
out:
	buf_free(&reader->seen);
	hdf_destroy(&hdf);
	return rc;
}

static void conf_tell_first(void *arg, const char *line)
{
	char *first = arg;

	if (*first == '\0')
		(void)snprintf(first, 400, "%s", line);
}

const char *conf_file(const char *path)
{
	if (path == NULL)
		path = getenv("MAILCERT_CONFIG");
	return path == NULL ? CONF_DEFAULT_PATH : path;
}

int conf_load(struct conf **out, const char *path, struct err *e)
{
	struct conf_reader reader = {.tell = conf_tell_first};
	char first[400] = "";

	path = conf_file(path);
	reader.arg = first;
	reader.conf = calloc(1, sizeof(*reader.conf));
	if (reader.conf == NULL)
		return err_set(e, FAULT_busy, "configuration: out of memory");
	if (conf_read(&reader, path, e) == -1) {
		conf_free(reader.conf);
		return -1;
	}
	if (reader.wrong > 0) {
		conf_free(reader.conf);
		return err_set(e, FAULT_config_invalid, "%s: %s", path, first);
	}
	*out = reader.conf;
	return 0;
}

int conf_check(const char *path, void (*tell)(void *arg, const char *line), void *arg, struct err *e)
{
	struct conf_reader reader = {.tell = tell, .arg = arg};
	int rc;

	reader.conf = calloc(1, sizeof(*reader.conf));
	if (reader.conf == NULL)
		return err_set(e, FAULT_busy, "configuration: out of memory");
	rc = conf_read(&reader, path, e);
	conf_free(reader.conf);
	return rc == -1 ? -1 : reader.wrong;
}

void conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (int i = 0; i < SET__MAX; i++)
		free(conf->values[i]);
	free(conf);
}

static const char *conf_value(const struct conf *conf, enum setting id)
{
	return conf->values[id] == NULL ? setting_table[id].def : conf->values[id];
}

const char *conf_text(const struct conf *conf, enum setting id)
{
	assert(setting_table[id].type != SETTING_NUMBER && setting_table[id].type != SETTING_FLAG);
	return conf_value(conf, id);
}

long conf_number(const struct conf *conf, enum setting id)
{
	assert(setting_table[id].type == SETTING_NUMBER);
	return strtol(conf_value(conf, id), NULL, 10);
}

bool conf_flag(const struct conf *conf, enum setting id)
{
	assert(setting_table[id].type == SETTING_FLAG);
	return strcmp(conf_value(conf, id), "1") == 0;
}

void conf_secret_path(const struct conf *conf, enum setting id, char out[CONF_PATH_MAX])
{
	const char *path = conf_value(conf, id), *folder = getenv("CREDENTIALS_DIRECTORY"), *name;

	assert(setting_table[id].type == SETTING_SECRET);
	name = strrchr(path, '/');
	name = name == NULL ? path : name + 1;
	if (folder != NULL && *name != '\0') {
		(void)snprintf(out, CONF_PATH_MAX, "%s/secret_%s", folder, name);
		if (access(out, F_OK) == 0)
			return;
	}
	(void)snprintf(out, CONF_PATH_MAX, "%s", path);
}

int conf_secret(const struct conf *conf, enum setting id, char **out, struct err *e)
{
	char path[CONF_PATH_MAX];

	*out = NULL;
	conf_secret_path(conf, id, path);
	return *path == '\0' ? 0 : file_read_secret(path, out, e);
}

void secret_free(char *secret)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}
