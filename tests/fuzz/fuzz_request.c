/* fuzz_request.c - libFuzzer: requests as nginx hands them on, over FastCGI, through the worker's accept
 * loop, its routes, handlers and pages, and the answer read back. Behind the worker lies a database of paper.
 *
 * An input is four octets for the database, a line "GET /address?query", lines "PARAMETER: value", an empty
 * line and the body. Broken FastCGI is left out: libfcgi ends the program at a length it cannot have, and
 * only nginx speaks it.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define main worker_main
#include "cgi/main.c"
#undef main

#include "tests/fuzz/paper_db.h"

#define RECORD_MAX 65528 /* a FastCGI record's content */
#define ANSWER_MAX (1 << 20)
#define INPUT_MAX  60000 /* what fits into a socket before anybody reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct worker worker;
static FCGX_Request fcgi;
static int listener, peer = -1;
static struct sockaddr_un where = {.sun_family = AF_UNIX};

static void demand(int good)
{
	if (!good)
		abort();
}

/* --- the worker, started once --- */

static struct conf *conf_make(void)
{
	static const char text[] =
	    "Hdf.Dir = hdf\nWeb.RunDir = build/fuzz/run\nWeb.MailViewer = build/fuzz/run/mail\n"
	    "Signer.Socket = build/fuzz/run/none\nDns.Stub = 127.0.0.1@1\nWeb.BodyMax = 32768\n";
	struct conf *conf;
	struct err e;

	(void)mkdir("build/fuzz/run", 0700);
	(void)mkdir("build/fuzz/run/mail", 0700);
	demand(file_replace("build/fuzz/run/request.hdf", text, sizeof(text) - 1, 0600, &e) == 0);
	demand(conf_load(&conf, "build/fuzz/run/request.hdf", &e) == 0);
	return conf;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;

	(void)argc;
	(void)argv;
	demand(worker_open(&worker, conf_make(), &e) == 0);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(where.sun_path + 1, sizeof(where.sun_path) - 1, "mailcert-fuzz-%ld", (long)getpid());
	demand(bind(listener, (struct sockaddr *)&where, sizeof(where)) == 0 && listen(listener, 5) == 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)FCGX_Init();
	(void)FCGX_InitRequest(&fcgi, listener, 0);
	return 0;
}

/* --- a request in FastCGI's records (FastCGI specification 1.0, 3.3) --- */

static void record_add(struct buf *out, unsigned char type, const char *content, size_t len)
{
	do {
		size_t part = len < RECORD_MAX ? len : RECORD_MAX;
		const unsigned char head[8] = {
		    1, type, 0, 1, (unsigned char)(part >> 8), (unsigned char)part, 0, 0};

		buf_add(out, head, sizeof(head));
		buf_add(out, content, part);
		content += part;
		len -= part;
	} while (len > 0);
}

static void param_len_add(struct buf *out, size_t len)
{
	const unsigned char four[4] = {(unsigned char)(len >> 24 | 0x80), (unsigned char)(len >> 16),
	    (unsigned char)(len >> 8), (unsigned char)len};

	buf_add(out, len < 128 ? four + 3 : four, len < 128 ? 1 : 4);
}

static void param_add(struct buf *out, const char *name, size_t name_len, const char *value, size_t value_len)
{
	param_len_add(out, name_len);
	param_len_add(out, value_len);
	buf_add(out, name, name_len);
	buf_add(out, value, value_len);
}

/* The lines up to the empty one; *at is left behind it. */
static void params_read(struct buf *params, const char **at, const char *end)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at)),
		   *stop = memchr(*at, '\n', (size_t)(end - *at));

	stop = stop == NULL ? end : stop;
	if (blank == NULL || blank > stop)
		blank = stop;
	param_add(params, "REQUEST_METHOD", 14, *at, (size_t)(blank - *at));
	param_add(params, "REQUEST_URI", 11, blank < stop ? blank + 1 : stop,
	    (size_t)(stop - blank - (blank < stop)));
	for (*at = stop < end ? stop + 1 : end; *at < end && **at != '\n';
	     *at = stop < end ? stop + 1 : end) {
		const char *colon = memchr(*at, ':', (size_t)(end - *at));

		stop = memchr(*at, '\n', (size_t)(end - *at));
		stop = stop == NULL ? end : stop;
		if (colon != NULL && colon + 2 <= stop)
			param_add(params, *at, (size_t)(colon - *at), colon + 2, (size_t)(stop - colon - 2));
	}
	*at += *at < end;
}

static void request_make(struct buf *out, const char *text, size_t len)
{
	static const char begin[8] = {0, 1 /* responder */, 1 /* keep the connection */};
	const char *at = text, *end = text + len;
	struct buf params = {0};
	char told[24];

	params_read(&params, &at, end);
	(void)snprintf(told, sizeof(told), "%zu", (size_t)(end - at));
	param_add(&params, "CONTENT_LENGTH", 14, told, strlen(told));
	record_add(out, 1, begin, sizeof(begin));
	record_add(out, 4, params.data, params.len);
	record_add(out, 4, "", 0);
	if (at < end)
		record_add(out, 5, at, (size_t)(end - at));
	record_add(out, 5, "", 0);
	buf_free(&params);
}

/* --- the answer --- */

/* Put the answer's octets together out of the records that came back. */
static size_t answer_read(char *answer)
{
	static char raw[ANSWER_MAX + 65536];
	size_t n = 0, len = 0;
	ssize_t got;

	while (n < sizeof(raw) && (got = recv(peer, raw + n, sizeof(raw) - n, MSG_DONTWAIT)) > 0)
		n += (size_t)got;
	for (size_t at = 0; at + 8 <= n;) {
		const unsigned char *head = (unsigned char *)raw + at;
		size_t content = (size_t)head[4] << 8 | head[5];

		demand(at + 8 + content <= n && len + content <= ANSWER_MAX);
		if (head[1] == 6)
			memcpy(answer + len, raw + at + 8, content);
		len += head[1] == 6 ? content : 0;
		at += 8 + content + head[6];
	}
	return len;
}

/* One header line is a name of ours and a value in which nothing can begin another. */
static void header_check(const char *line, size_t len)
{
	static const char *const names[] = {"Status", "Content-Type", "Content-Length", "Content-Disposition",
	    "Cache-Control", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
	    "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy",
	    "Content-Security-Policy", "Set-Cookie", "Location", "Allow", "Retry-After", "WWW-Authenticate",
	    "X-Incident", "X-Mailcert-Who"};
	bool known = false;

	/* libFuzzer looks at each memcmp(), so those that cannot agree are left out. */
	for (size_t i = 0; !known && i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t n = strlen(names[i]);

		known = len > n + 2 && line[0] == names[i][0] && line[n] == ':' && line[n + 1] == ' ' &&
			memcmp(line, names[i], n) == 0;
	}
	demand(known);
	demand(memchr(line, '\r', len) == NULL && memchr(line, '\n', len) == NULL &&
	       memchr(line, '\0', len) == NULL);
	if (len > 10 && memcmp(line, "Location: ", 10) == 0)
		demand(line[10] == '/' && (len == 11 || (line[11] != '/' && line[11] != '\\')));
}

static void answer_check(const char *answer, size_t len)
{
	const char *end = memmem(answer, len, "\r\n\r\n", 4), *body, *length;
	size_t body_len;
	int status;

	demand(end != NULL && sscanf(answer, "Status: %d ", &status) == 1);
	length = memmem(answer, (size_t)(end - answer), "\r\nContent-Length: ", 18);
	body = end + 4;
	body_len = len - (size_t)(body - answer);
	for (const char *line = answer; line < end;) {
		const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);

		header_check(line, (size_t)(stop - line));
		line = stop + 2;
	}
	/* A fault of ours may only be that the database was away. */
	demand(status < 500 || (status == 503 && paper_db_was_away()) ||
	       memmem(answer, len, "worker ok", 9) != NULL);
	demand(length != NULL && (body_len == 0 || strtoull(length + 18, NULL, 10) == body_len));
	if (memmem(answer, (size_t)(end - answer), "application/octet-stream", 24) == NULL &&
	    memmem(answer, (size_t)(end - answer), "application/pkix-cert", 21) == NULL &&
	    memmem(answer, (size_t)(end - answer), "application/x-pkcs7", 19) == NULL)
		demand(utf8_valid(body, body_len));
	if (memmem(answer, (size_t)(end - answer), "text/html", 9) != NULL)
		demand(memmem(body, body_len, "<xq", 3) == NULL);
}

/* --- one input --- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answer[ANSWER_MAX];
	struct buf request = {0};
	uint32_t number = 0;

	if (size < 5 || size > INPUT_MAX)
		return -1;
	memcpy(&number, data, 4);
	paper_db_turn(number);
	request_make(&request, (const char *)data + 4, size - 4);
	if (peer == -1) {
		peer = socket(AF_UNIX, SOCK_STREAM, 0);
		demand(connect(peer, (struct sockaddr *)&where, sizeof(where)) == 0);
	}
	demand(send(peer, request.data, request.len, MSG_NOSIGNAL) == (ssize_t)request.len);
	demand(FCGX_Accept_r(&fcgi) == 0);
	serve(&worker, &fcgi);
	FCGX_Finish_r(&fcgi);
	answer_check(answer, answer_read(answer));
	buf_free(&request);
	return 0;
}
