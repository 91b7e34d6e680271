/* offer.c - offers GETs at a steady rate, whatever becomes of them: an open loop. A client that waits for
 * each answer before it asks again slows down with the service and never shows what overload does.
 *
 * Usage: offer PORT RATE SECONDS CONNECTIONS COOKIE PATH...; the service is on 127.0.0.1, the paths are asked
 * in turn. Connections are kept and used again, the one that was used last first; a request that finds all
 * CONNECTIONS busy waits here, and its time counts from when it was due. Prints one line of JSON: how many
 * requests were offered, served (2xx, 3xx), refused (429, 503 with Retry-After), wrong (any other answer) and
 * lost (none within five seconds after the last was due), milliseconds of the served and of the refused, and
 * the CPU seconds spent here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE  5.0 /* seconds for the last answers */
#define HEAD_MAX  4096
#define PATHS_MAX 8

struct connection {
	int fd;
	double due;              /* of the request in hand */
	int status, retry_after; /* of the answer, when its head is read */
	long left;               /* octets of the body to come; -1 while the head is read */
	size_t head_len;
	char head[HEAD_MAX];
};

struct outcome {
	double *ms; /* of each */
	size_t n;
};

static struct {
	struct sockaddr_in to;
	char request[PATHS_MAX][4096];
	size_t request_len[PATHS_MAX], requests, next;
	struct connection *all;
	struct connection **idle;
	size_t most, made, idle_n, busy, wrong, lost;
	int epoll;
	struct outcome served, refused;
} o;

static double now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void outcome_add(struct outcome *to, double due)
{
	to->ms[to->n++] = (now() - due) * 1e3;
}

/* Connect anew; the answer to what was asked on the old connection is lost. */
static void connection_open(struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 || connect(c->fd, (struct sockaddr *)&o.to, sizeof(o.to)) == -1)
		fail("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(o.epoll, EPOLL_CTL_ADD, c->fd, &event) == -1)
		fail("epoll_ctl");
}

/* Send a request that was due then; 0 when every connection is busy. */
static int request_send(double due)
{
	struct connection *c;

	if (o.idle_n > 0) {
		c = o.idle[--o.idle_n];
	} else if (o.made < o.most) {
		c = &o.all[o.made++];
		c->fd = -1;
	} else {
		return 0;
	}
	if (c->fd == -1)
		connection_open(c);
	c->due = due;
	c->left = -1;
	c->head_len = 0;
	o.busy++;
	if (send(c->fd, o.request[o.next], o.request_len[o.next], MSG_NOSIGNAL) !=
	    (ssize_t)o.request_len[o.next])
		fail("send");
	o.next = (o.next + 1) % o.requests;
	return 1;
}

static void connection_done(struct connection *c, int keep)
{
	if (!keep) {
		(void)close(c->fd);
		c->fd = -1;
	}
	o.busy--;
	o.idle[o.idle_n++] = c;
}

static void answer_count(struct connection *c)
{
	if (c->status >= 200 && c->status < 400)
		outcome_add(&o.served, c->due);
	else if ((c->status == 429 || c->status == 503) && c->retry_after)
		outcome_add(&o.refused, c->due);
	else
		o.wrong++;
}

/* Read what the head says, once it is whole: 1 when it is. */
static int head_read(struct connection *c)
{
	char *end, *line;

	c->head[c->head_len] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (end == NULL)
		return 0;
	c->status = atoi(c->head + strlen("HTTP/1.1 "));
	c->retry_after = 0;
	c->left = 0;
	for (line = c->head; line < end; line = strstr(line, "\r\n") + 2) {
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			c->left = strtol(line + 15, NULL, 10);
		if (strncasecmp(line, "Retry-After:", 12) == 0)
			c->retry_after = 1;
	}
	c->left -= (long)(c->head_len - (size_t)(end + 4 - c->head));
	return 1;
}

static void answer_read(struct connection *c)
{
	static char body[65536];
	ssize_t got;

	for (;;) {
		if (c->left == -1)
			got = recv(c->fd, c->head + c->head_len, HEAD_MAX - 1 - c->head_len, MSG_DONTWAIT);
		else
			got = recv(c->fd, body, sizeof(body), MSG_DONTWAIT);
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			o.lost++;
			connection_done(c, 0);
			return;
		}
		if (c->left == -1) {
			c->head_len += (size_t)got;
			if (!head_read(c))
				continue;
		} else {
			c->left -= got;
		}
		if (c->left <= 0) {
			answer_count(c);
			connection_done(c, 1);
			return;
		}
	}
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(struct outcome *of, double part)
{
	if (of->n == 0)
		return 0;
	qsort(of->ms, of->n, sizeof(*of->ms), ascending);
	return of->ms[(size_t)((double)(of->n - 1) * part)];
}

static void report(size_t offered)
{
	struct rusage spent;

	(void)getrusage(RUSAGE_SELF, &spent);
	(void)printf("{\"offered\": %zu, \"served\": %zu, \"refused\": %zu, \"wrong\": %zu, \"lost\": %zu, ",
	    offered, o.served.n, o.refused.n, o.wrong, o.lost);
	(void)printf("\"p50\": %.2f, \"p99\": %.2f, ", quantile(&o.served, 0.5), quantile(&o.served, 0.99));
	(void)printf("\"refused_p99\": %.2f, \"connections\": %zu, \"cpu\": %.2f}\n",
	    quantile(&o.refused, 0.99), o.made,
	    (double)(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec) +
		(double)(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec) / 1e6);
}

static void run(double rate, double seconds)
{
	const double began = now();
	const size_t all = (size_t)(rate * seconds);
	struct epoll_event events[256];
	size_t sent = 0;

	while ((sent < all || o.busy > 0) && now() - began < seconds + PATIENCE) {
		const double due_now = (now() - began) * rate;
		int n;

		while (sent < all && (double)sent <= due_now && request_send(began + (double)sent / rate))
			sent++;
		n = epoll_wait(o.epoll, events, 256, 1);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			answer_read(c);
		}
	}
	o.lost = all - o.served.n - o.refused.n - o.wrong;
	report(all);
}

static void request_make(const char *cookie, const char *path)
{
	char *to = o.request[o.requests];
	size_t len = (size_t)snprintf(to, sizeof(o.request[0]),
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nCookie: %s\r\n\r\n", path, cookie);

	if (len >= sizeof(o.request[0]))
		fail("path");
	o.request_len[o.requests++] = len;
}

int main(int argc, char **argv)
{
	const double rate = argc > 2 ? atof(argv[2]) : 0, seconds = argc > 3 ? atof(argv[3]) : 0;
	const size_t room = (size_t)(rate * seconds) + 1;

	if (argc < 7 || argc > 6 + PATHS_MAX || rate <= 0 || seconds <= 0 || atoi(argv[4]) <= 0) {
		(void)fputs("usage: offer PORT RATE SECONDS CONNECTIONS COOKIE PATH...\n", stderr);
		return 2;
	}
	o.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argv[1]))};
	o.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	o.most = (size_t)atoi(argv[4]);
	for (int i = 6; i < argc; i++)
		request_make(argv[5], argv[i]);
	o.all = calloc(o.most, sizeof(*o.all));
	o.idle = calloc(o.most, sizeof(struct connection *));
	o.served.ms = calloc(room, sizeof(double));
	o.refused.ms = calloc(room, sizeof(double));
	o.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (o.all == NULL || o.idle == NULL || o.served.ms == NULL || o.refused.ms == NULL || o.epoll == -1)
		fail("start");
	run(rate, seconds);
	return 0;
}
