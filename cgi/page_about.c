/* page_about.c - pages without an order: tools, terms, accessibility, health, and the demo's mail viewer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ClearSilver/ClearSilver.h>

#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/db/db.h"
#include "lib/ipc/signer_client.h"

#define MAILS_SHOWN    100
#define ATTACHMENT_MAX ((size_t)1048576)

/* A page open to everyone; whoever is signed in sees their menu too. */
static int public_show(struct req *r, const char *page, const char *path, struct err *e)
{
	me_load(r);
	page_set(r, "Page.path", path);
	return page_show(r, page, e);
}

int page_tools(struct req *r, struct err *e)
{
	(void)browser_kinds_set(r, NULL);
	return public_show(r, "tools", "/tools", e);
}

int page_terms(struct req *r, struct err *e)
{
	return public_show(r, "terms", "/terms", e);
}

int page_accessibility(struct req *r, struct err *e)
{
	return public_show(r, "accessibility", "/accessibility", e);
}

/* 200 when this worker, the database and the signer answer; else 503, saying which does not. */
int page_health(struct req *r, struct err *e)
{
	struct err fault;
	bool database = db_run(r->w->db, STMT_PING, NULL, &fault, 0, NULL) == 0;
	bool signer = signer_ping(r->w->conf, &fault) == 0;

	(void)e;
	r->status = database && signer ? 200 : 503;
	if (r->status == 503)
		req_header(r, "Retry-After", "5");
	buf_printf(&r->body, "worker ok\ndatabase %s\nsigner %s\n", database ? "ok" : "down",
	    signer ? "ok" : "down");
	(void)snprintf(r->type, sizeof(r->type), "text/plain; charset=utf-8");
	return 0;
}

/* --- the demo's mail: the mail sink leaves each caught mail as <folder>/<id>/message.hdf and its parts ---
 */

static const char *viewer_dir(const struct req *r, struct err *e)
{
	const char *dir = conf_text(r->w->conf, SET_WEB_MAIL_VIEWER);

	if (*dir == '\0')
		(void)err_set(e, FAULT_not_found, "no mail viewer configured");
	return *dir == '\0' ? NULL : dir;
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Put one mail's head into the list. */
static void mail_list_set(struct req *r, const char *dir, const char *id, int n)
{
	static const char *const heads[] = {"at", "from", "to", "subject"};
	char path[4096], prefix[32], name[48];
	HDF *mail = NULL;
	NEOERR *ne;

	(void)snprintf(path, sizeof(path), "%s/%s/message.hdf", dir, id);
	ne = hdf_init(&mail);
	if (ne == STATUS_OK)
		ne = hdf_read_file(mail, path);
	(void)snprintf(prefix, sizeof(prefix), "List.%d", n);
	for (size_t i = 0; ne == STATUS_OK && i < sizeof(heads) / sizeof(heads[0]); i++) {
		(void)snprintf(name, sizeof(name), "Message.%s", heads[i]);
		page_set_in(r, prefix, heads[i], hdf_get_value(mail, name, ""));
	}
	(void)snprintf(name, sizeof(name), "%s.href", prefix);
	page_setf(r, name, "/demo/mail/%s", id);
	nerr_ignore(&ne);
	hdf_destroy(&mail);
}

int page_demo_mail(struct req *r, struct err *e)
{
	const char *dir = viewer_dir(r, e);
	struct dirent **mails = NULL;
	int n, shown = 0;

	if (dir == NULL)
		return -1;
	n = scandir(dir, &mails, not_hidden, alphasort);
	for (int i = n - 1; i >= 0; i--) { /* names begin with the time: newest last */
		if (shown < MAILS_SHOWN)
			mail_list_set(r, dir, mails[i]->d_name, shown++);
		free(mails[i]);
	}
	free(mails);
	return public_show(r, "demo_mail", "/demo/mail", e);
}

/* Whether a segment of an address is a plain name and not a way out of the folder. */
static bool name_plain(const char *name)
{
	return name[0] != '.' &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] ==
		   '\0';
}

int page_demo_mail_message(struct req *r, struct err *e)
{
	const char *dir = viewer_dir(r, e);
	char path[4096];
	NEOERR *ne;

	if (dir == NULL)
		return -1;
	if (!name_plain(r->params[0]))
		return err_set(e, FAULT_not_found, "no such mail");
	(void)snprintf(path, sizeof(path), "%s/%s/message.hdf", dir, r->params[0]);
	ne = hdf_read_file(r->hdf, path);
	if (ne != STATUS_OK) {
		nerr_ignore(&ne);
		return err_set(e, FAULT_not_found, "no such mail");
	}
	(void)snprintf(path, sizeof(path), "/demo/mail/%s", r->params[0]);
	return public_show(r, "demo_mail_message", path, e);
}

int page_demo_mail_part(struct req *r, struct err *e)
{
	const char *dir = viewer_dir(r, e);
	char path[4096], *bytes;
	size_t len;
	struct err ignored;

	if (dir == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s/%s", dir, r->params[0], r->params[1]);
	if (!name_plain(r->params[0]) || !name_plain(r->params[1]) ||
	    file_read(path, ATTACHMENT_MAX, &bytes, &len, &ignored) == -1)
		return err_set(e, FAULT_not_found, "no such part of a mail");
	(void)req_file(r, "application/octet-stream", r->params[1], bytes, len);
	free(bytes);
	return 0;
}
