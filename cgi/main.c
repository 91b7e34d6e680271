/* main.c - the worker: a FastCGI program that serves a bounded number of requests, then ends; its supervisor
 * starts the next. SIGTERM lets the request in hand finish.
 *
 * Usage: mailcert-web [--config FILE]; standard input is the listening FastCGI socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "cgi/metrics.h"
#include "cgi/page.h"
#include "cgi/req.h"
#include "cgi/route.h"
#include "lib/base/conf.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/password.h"
#include "lib/pki/blocklist.h"
#include "lib/pki/product.h"

#define PATH_MAX_OURS 512
#define COOKIE_NAME   "mailcert"
/* Over TLS no other host of the domain may set our cookies (RFC 6265bis 4.1.3.2): who could choose the
 * visitor's would know the token of their forms. */
#define COOKIE_PREFIX(w) ((w)->secure ? "__Host-" : "")

static void on_term(int number)
{
	(void)number;
	FCGX_ShutdownPending();
}

static const char *param(const FCGX_Request *f, const char *name)
{
	const char *value = FCGX_GetParam(name, f->envp);

	return value == NULL ? "" : value;
}

/* A cookie's value from the header, or NULL; *len its length. */
static const char *cookie_find(const char *header, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	while (*header != '\0') {
		size_t item = strcspn(header, ";");

		if (item > name_len && strncmp(header, name, name_len) == 0 && header[name_len] == '=') {
			*len = item - name_len - 1;
			return header + name_len + 1;
		}
		header += item;
		header += strspn(header, "; ");
	}
	return NULL;
}

static void cookie_copy(char *out, size_t room, const char *header, const char *name)
{
	size_t len;
	const char *value = cookie_find(header, name, &len);

	*out = '\0';
	if (value != NULL && len < room)
		(void)snprintf(out, room, "%.*s", (int)len, value);
}

/* Where the request came from, as nginx says it; anything that is no IP address is not kept, whoever says it.
 */
static void actor_address_read(struct actor *actor, const char *told)
{
	unsigned char octets[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, told, octets) != 1 && inet_pton(AF_INET6, told, octets) != 1)
		told = "unknown";
	(void)snprintf(actor->address, sizeof(actor->address), "%s", told);
}

/* Who says so: the session's cookie, or a partner's key (RFC 6750 2.1; a scheme's name is written in any
 * case, RFC 9110 11.1). */
static void actor_read(struct req *r, const FCGX_Request *f)
{
	static const char bearer[] = "Bearer ";
	const char *authorization = param(f, "HTTP_AUTHORIZATION");
	char id[BASE64URL_ROOM(SESSION_ID_LEN) + 8], name[32];

	actor_address_read(&r->actor, param(f, "REMOTE_ADDR"));
	if (strncasecmp(authorization, bearer, strlen(bearer)) == 0) {
		const char *key = authorization + strlen(bearer);

		key += strspn(key, " ");
		r->actor.kind = ACTOR_KEY;
		r->actor.secret_len = strnlen(key, ACTOR_SECRET_MAX);
		memcpy(r->actor.secret, key, r->actor.secret_len);
		return;
	}
	(void)snprintf(name, sizeof(name), "%s" COOKIE_NAME, COOKIE_PREFIX(r->w));
	cookie_copy(id, sizeof(id), param(f, "HTTP_COOKIE"), name);
	if (*id != '\0' && base64url_decode(r->actor.secret, SESSION_ID_LEN, id) == 0) {
		r->actor.kind = ACTOR_SESSION;
		r->actor.secret_len = SESSION_ID_LEN;
	}
	explicit_bzero(id, sizeof(id));
}

static enum http_method method_read(const char *name)
{
	if (strcmp(name, "GET") == 0)
		return HTTP_GET;
	if (strcmp(name, "HEAD") == 0)
		return HTTP_HEAD;
	return strcmp(name, "POST") == 0 ? HTTP_POST : HTTP_OTHER;
}

/* Fill a request from FastCGI's parameters. */
static int req_read(struct req *r, const FCGX_Request *f, struct err *e)
{
	const char *uri = param(f, "REQUEST_URI"), *query = strchr(uri, '?');
	const char *cookies = param(f, "HTTP_COOKIE");
	size_t path_len = query == NULL ? strlen(uri) : (size_t)(query - uri);
	char language[8], name[32];

	r->method = method_read(param(f, "REQUEST_METHOD"));
	r->json = strstr(param(f, "HTTP_ACCEPT"), "application/json") != NULL;
	r->html = strstr(param(f, "HTTP_ACCEPT"), "text/html") != NULL;
	(void)snprintf(r->agent, sizeof(r->agent), "%s", param(f, "HTTP_USER_AGENT"));
	(void)snprintf(name, sizeof(name), "%s" COOKIE_NAME "_visitor", COOKIE_PREFIX(r->w));
	cookie_copy(r->visitor, sizeof(r->visitor), cookies, name);
	cookie_copy(language, sizeof(language), cookies, "mailcert_language");
	page_choose_language(r, NULL, language, param(f, "HTTP_ACCEPT_LANGUAGE"));
	r->path = strndup(uri, path_len < PATH_MAX_OURS ? path_len : PATH_MAX_OURS);
	if (r->path == NULL)
		return err_set(e, FAULT_busy, "request: out of memory");
	return query == NULL ? 0 : form_read_urlencoded(&r->query, query + 1, strlen(query + 1), e);
}

/* The request's body, at most one octet over the limit (so that "too large" is seen). */
static char *body_get(const struct req *r, FCGX_Request *f, size_t *len)
{
	size_t limit = (size_t)conf_number(r->w->conf, SET_WEB_BODY_MAX) + 1;
	unsigned long long told = strtoull(param(f, "CONTENT_LENGTH"), NULL, 10);
	size_t want = told < limit ? (size_t)told : limit;
	char *body = malloc(want + 1);
	int got;

	*len = 0;
	if (body == NULL || r->method != HTTP_POST)
		return body;
	while (*len < want && (got = FCGX_GetStr(body + *len, (int)(want - *len), f->in)) > 0)
		*len += (size_t)got;
	body[*len] = '\0';
	return body;
}

/* The status in words (RFC 9110 15); some programs want them. */
static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *words;
	} phrases[] = {{200, "OK"}, {201, "Created"}, {303, "See Other"}, {400, "Bad Request"},
	    {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	    {409, "Conflict"}, {410, "Gone"}, {413, "Content Too Large"}, {415, "Unsupported Media Type"},
	    {422, "Unprocessable Content"}, {429, "Too Many Requests"}, {500, "Internal Server Error"},
	    {503, "Service Unavailable"}};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].words;
	return "Status";
}

/* Headers of every answer (OWASP secure headers); pages hold personal data, so nobody keeps them. */
static void headers_put(struct req *r, FCGX_Request *f)
{
	struct buf b = {0};

	buf_printf(&b, "Status: %d %s\r\n", r->status, reason_phrase(r->status));
	if (r->body.len > 0)
		buf_printf(&b, "Content-Type: %s\r\n", r->type);
	/* A browser that is sent to what programs are answered shall show nothing of it, and save it under no
	 * name that the address chose (reflected file download). */
	if (strcmp(r->type, "application/json") == 0 && !r->named)
		buf_puts(&b, "Content-Disposition: attachment; filename=\"answer.json\"\r\n");
	buf_printf(&b, "Content-Length: %zu\r\n", r->body.len);
	buf_puts(&b, "Cache-Control: no-store\r\n"
		     "X-Content-Type-Options: nosniff\r\n"
		     "X-Frame-Options: DENY\r\n"
		     "Referrer-Policy: no-referrer\r\n"
		     "Cross-Origin-Opener-Policy: same-origin\r\n"
		     "Cross-Origin-Resource-Policy: same-origin\r\n"
		     "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"
		     "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
		     "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
		     "frame-ancestors 'none'\r\n");
	if (r->w->secure)
		buf_puts(&b, "Strict-Transport-Security: max-age=63072000\r\n");
	if (r->visitor_new)
		buf_printf(&b,
		    "Set-Cookie: %s" COOKIE_NAME "_visitor=%s; Path=/; HttpOnly; SameSite=Lax%s\r\n",
		    COOKIE_PREFIX(r->w), r->visitor, r->w->secure ? "; Secure" : "");
	/* For nginx' log alone, which keeps it from the visitor: who read what (ASVS 8.3.5). */
	if (r->me.known)
		req_header(r, "X-Mailcert-Who", "account:%.70s", r->me.login);
	else if (r->partner != 0)
		req_header(r, "X-Mailcert-Who", "partner:%" PRId64, r->partner);
	if (r->headers.len > 0)
		buf_add(&b, r->headers.data, r->headers.len);
	buf_puts(&b, "\r\n");
	(void)FCGX_PutStr(b.data, (int)b.len, f->out);
	buf_free(&b);
}

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Count an answered request; *before is what the counts were when it began. */
static void count(const struct req *r, double began, const struct metrics_request *before)
{
	struct metrics_request q = {.route = r->route, .status = r->status, .seconds = seconds_now() - began};

	db_spent(r->w->db, &q.db_statements, &q.db_seconds);
	q.db_statements -= before->db_statements;
	q.db_seconds -= before->db_seconds;
	metrics_count(r->w->metrics, &q);
}

static void serve(struct worker *w, FCGX_Request *f)
{
	const double began = seconds_now();
	struct metrics_request before = {0};
	struct req *r = calloc(1, sizeof(*r));
	struct err e;
	char *body = NULL;
	size_t len = 0;

	if (r == NULL) {
		(void)FCGX_FPrintF(f->out, "Status: 503\r\nRetry-After: 5\r\n\r\n");
		return;
	}
	r->w = w;
	r->from_metrics = strcmp(param(f, "MAILCERT_LISTENER"), "metrics") == 0;
	db_spent(w->db, &before.db_statements, &before.db_seconds);
	actor_read(r, f);
	if (req_read(r, f, &e) == -1) {
		page_begin(r);
		page_show_fault(r, &e, NULL);
	} else {
		body = body_get(r, f, &len);
		route_dispatch(r, param(f, "CONTENT_TYPE"), body == NULL ? "" : body, len);
	}
	headers_put(r, f);
	if (r->method != HTTP_HEAD && r->body.len > 0)
		(void)FCGX_PutStr(r->body.data, (int)r->body.len, f->out);
	count(r, began, &before);
	if (body != NULL)
		explicit_bzero(body, len);
	free(body);
	form_free(&r->query);
	form_free(&r->form);
	buf_free(&r->headers);
	buf_free(&r->body);
	free(r->path);
	explicit_bzero(r, sizeof(*r));
	free(r);
}

/* End a request, and with it its connection. libfcgi would say that nothing follows, then sleep until nginx
 * has closed its side, lest what is on its way to us makes TCP throw away what is on its way to nginx. Where
 * nginx' side was read to its end nothing is on its way, so the connection is closed at once. */
static void request_end(FCGX_Request *f)
{
	if (FCGX_GetChar(f->in) == EOF)
		(void)FCGX_Detach(f); /* closed without the wait */
	FCGX_Finish_r(f);
}

/* A pepper that cannot be read stops the start, not the first who signs in. */
static int pepper_try(const struct conf *conf, struct err *e)
{
	unsigned char nothing[PASSWORD_DERIVED_LEN] = {0};
	bool there;

	return password_pepper(nothing, conf, &there, e);
}

static int worker_open(struct worker *w, const struct conf *conf, struct err *e)
{
	char path[PATH_MAX];

	w->conf = conf;
	w->secure = strncmp(conf_text(conf, SET_WEB_BASE_URL), "https://", 8) == 0;
	(void)snprintf(path, sizeof(path), "%s/products.hdf", conf_text(conf, SET_HDF_DIR));
	if (*conf_text(conf, SET_PRODUCTS_FILE) != '\0')
		(void)snprintf(path, sizeof(path), "%s", conf_text(conf, SET_PRODUCTS_FILE));
	if (products_load(&w->products, path, e) == -1 || pages_open(&w->pages, conf, e) == -1 ||
	    db_open(&w->db, conf, DB_WEB, e) == -1 || pepper_try(conf, e) == -1)
		return -1;
	if (*conf_text(conf, SET_CA_BLOCKLIST) == '\0')
		return 0;
	return blocklist_open(&w->blocklist, conf_text(conf, SET_CA_BLOCKLIST), e);
}

/* Without its counts a worker serves all the same. */
static void worker_count(struct worker *w)
{
	struct err e;

	if (metrics_open(&w->metrics, conf_text(w->conf, SET_WEB_RUN_DIR), &e) == -1)
		log_err(LOG_LEVEL_WARNING, &e, "nothing is counted for /metrics");
}

static void worker_close(struct worker *w)
{
	metrics_close(w->metrics);
	db_close(w->db);
	pages_close(w->pages);
	products_free(w->products);
	blocklist_free(w->blocklist);
}

static void usage(FILE *to)
{
	(void)fputs("usage: mailcert-web [--config FILE]\n"
		    "Serve mailcert's pages over FastCGI on the socket that is standard input.\n"
		    "  --config FILE  settings (else MAILCERT_CONFIG, else /etc/mailcert/mailcert.hdf)\n",
	    to);
}

static const char *config_option(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c') {
			config = optarg;
		} else {
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	return config;
}

int main(int argc, char **argv)
{
	struct sigaction term = {.sa_handler = on_term};
	struct conf *conf = NULL;
	struct worker w = {0};
	FCGX_Request f;
	struct err e;
	long left;

	log_open("mailcert-web");
	secrets_guard();
	if (conf_load(&conf, config_option(argc, argv), &e) == -1 || worker_open(&w, conf, &e) == -1) {
		log_err(LOG_LEVEL_ERROR, &e, "start");
		worker_close(&w);
		conf_free(conf);
		return 1;
	}
	worker_count(&w);
	(void)sigaction(SIGTERM, &term, NULL);
	(void)sigaction(SIGINT, &term, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	srandom((unsigned)time(NULL) ^ (unsigned)getpid());
	(void)FCGX_Init();
	(void)FCGX_InitRequest(&f, 0, FCGI_FAIL_ACCEPT_ON_INTR);
	for (left = conf_number(conf, SET_WEB_REQUESTS); left > 0 && FCGX_Accept_r(&f) == 0; left--) {
		serve(&w, &f);
		request_end(&f);
	}
	FCGX_Free(&f, 1);
	worker_close(&w);
	conf_free(conf);
	return 0;
}
