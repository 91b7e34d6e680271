/* req.h - one request and its answer.
 *
 * The accept loop (main.c) fills a request from FastCGI, the dispatcher (route.c) finds its handler, the
 * handler fills the answer; only then does the first byte go out. Everything of a request is bounded.
 */
#ifndef CGI_REQ_H
#define CGI_REQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/form.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/flow/actor.h"

struct conf;
struct db;
struct pages;
struct products;
struct blocklist;
struct metrics;
struct route;
struct _hdf;

/* What lives as long as the worker. */
struct worker {
	const struct conf *conf;
	struct db *db;
	struct pages *pages;
	struct products *products;
	struct blocklist *blocklist; /* NULL: no block list configured */
	struct metrics *metrics;     /* NULL: nothing is counted */
	bool secure;                 /* the service's own address is https */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

#define REQ_PARAMS_MAX 4

/* Who is signed in, from the row every page's statement begins with. */
struct me {
	bool known;
	char login[192], name[804], kind[16];
};

struct req {
	struct worker *w;
	enum http_method method;
	char *path;                         /* owned; decoded by nobody: our addresses are plain ASCII */
	const char *params[REQ_PARAMS_MAX]; /* the ":name" segments of the route, in order; point into path */
	struct form query, form;
	struct actor actor;
	struct me me;
	int64_t partner;  /* whom the actor acts for, once partner_prove() has said so; else 0 */
	char language[8]; /* of this answer: "en" */
	char visitor[64]; /* cookie that ties form tokens of people not signed in; empty: none yet */
	char agent[201];
	const struct route *route; /* NULL until it is found */
	bool from_metrics;         /* came in by the listener for /metrics */
	bool json;                 /* the client asked for application/json */
	bool html;                 /* the client named text/html */
	bool visitor_new;
	struct _hdf *hdf; /* the page's data, for cgi/page.h */

	int status;
	struct buf headers; /* whole lines with CRLF */
	struct buf body;
	char type[64]; /* Content-Type of the answer */
	bool named;    /* it is a file with a name of ours: req_file() */
};

/* Add a header line to the answer. Control bytes in the value end it there, so nothing can be injected. */
void req_header(struct req *, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Answer 303 to a path of ours. Always 0, so that a handler can end with it. */
int req_see_other(struct req *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Answer octets as a file to save under name (A-Za-z0-9._- only). Always 0. */
int req_file(struct req *, const char *type, const char *name, const void *bytes, size_t len);

/* Answer a value as JSON; it is given up, also after a failure. busy when memory ran out. */
struct json_t;
int req_json(struct req *, struct json_t *whole, struct err *e);

/* The token that a form of this visitor carries (a hash of their session's or visitor's cookie). out has room
 * for 44 octets. */
void req_form_token(struct req *, char out[44]);
/* Whether the posted form carries it. */
bool req_form_token_good(struct req *);

/* The order's number in the route's first two params; FAULT_not_found when it is none. */
int req_order_number(struct req *, struct order_number *out, struct err *e);

/* A number in the address ("/partner/keys/12/revoke"): decimal digits alone; else FAULT_not_found. */
int req_id(const struct req *, int param, int64_t *out, struct err *e);

/* A word of the query that a list is narrowed to (a state, a product's id, an order's number). Words of ours
 * have the letters A-Za-z0-9._/- only; any other text becomes "?", which nothing is called. */
void req_filter(const struct req *, const char *name, char *out, size_t room);

/* Set or end the session's cookie. */
void req_cookie_session(struct req *, const struct actor *);

#define BACK_MAX 2000 /* octets: an address with what was typed into its form */
/* A path of ours to come back to, from a form: begins with one '/', plain ASCII, at most BACK_MAX octets;
 * else fallback. */
const char *req_back(const char *typed, const char *fallback);

#endif
