/* poster.c - posting over libcurl's multi interface; see poster.h.
 *
 * The address a name resolves to is judged when the socket is made, so no second look-up can slip another in
 * (DNS rebinding). Redirects are not followed, proxies of the environment not used.
 */
#include "tools/callback/poster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/netaddr.h"
#include "lib/base/text.h"
#include "lib/db/db.h"
#include "lib/flow/callback.h"
#include "lib/flow/lease.h"

#define ANSWER_KEPT  200 /* octets of an answer that the log shows */
#define ANSWER_MAX   65536
#define LEASE_MARGIN 30 /* seconds, for recording */

/* One post under way. */
struct post {
	struct poster *poster;
	CURL *curl; /* NULL: this place is free */
	struct curl_slist *headers;
	struct buf body;
	uint64_t id;
	unsigned attempts;
	long age;
	bool refused; /* the address is not public */
	char answer[ANSWER_KEPT + 1];
	size_t answer_len, answer_all;
	char error[CURL_ERROR_SIZE];
};

struct poster {
	const struct conf *conf;
	struct holder holder;
	CURLM *multi;
	struct post *posts; /* owned; `room` places */
	size_t room, busy;
	bool allow_private;
};

int poster_open(struct poster **out, const struct conf *conf, const char *name, struct err *e)
{
	struct poster *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_set(e, FAULT_busy, "poster: out of memory");
	p->conf = conf;
	p->room = (size_t)conf_number(conf, SET_CALLBACK_PARALLEL);
	p->allow_private = conf_flag(conf, SET_CALLBACK_PRIVATE);
	p->holder.name = name;
	p->posts = calloc(p->room, sizeof(*p->posts));
	p->multi = curl_multi_init();
	if (p->posts == NULL || p->multi == NULL) {
		poster_close(p);
		return err_set(e, FAULT_busy, "poster: out of memory");
	}
	*out = p;
	return 0;
}

/* Free a post's parts; its place is free again. */
static void post_end(struct post *post)
{
	if (post->curl == NULL)
		return;
	(void)curl_multi_remove_handle(post->poster->multi, post->curl);
	curl_easy_cleanup(post->curl);
	curl_slist_free_all(post->headers);
	buf_free(&post->body);
	post->poster->busy--;
	memset(post, 0, sizeof(*post));
}

void poster_close(struct poster *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; p->posts != NULL && i < p->room; i++)
		post_end(&p->posts[i]);
	free(p->posts);
	if (p->multi != NULL)
		(void)curl_multi_cleanup(p->multi);
	free(p);
}

/* --- one post --- */

/* Called with each address before it is connected to. */
static curl_socket_t socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct post *post = arg;

	(void)purpose;
	if (!post->poster->allow_private && !netaddr_is_public(&address->addr)) {
		post->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Keep the beginning of an answer; one that does not end is cut off. */
static size_t answer_take(char *bytes, size_t size, size_t count, void *arg)
{
	struct post *post = arg;
	size_t len = size * count, room = ANSWER_KEPT - post->answer_len, kept = len < room ? len : room;

	memcpy(post->answer + post->answer_len, bytes, kept);
	post->answer_len += kept;
	post->answer_all += len;
	return post->answer_all > ANSWER_MAX ? 0 : len;
}

static bool header_add(struct post *post, const char *name, const char *value)
{
	char line[200];
	struct curl_slist *grown;

	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	grown = curl_slist_append(post->headers, line);
	if (grown == NULL)
		return false;
	post->headers = grown;
	return true;
}

static bool headers_make(struct post *post, const struct callback *c)
{
	char signature[CALLBACK_SIGNATURE_ROOM], id[24], attempt[16];

	callback_sign(signature, c->secret, c->now, post->body.data, post->body.len);
	(void)snprintf(id, sizeof(id), "%" PRIu64, c->id);
	(void)snprintf(attempt, sizeof(attempt), "%u", c->attempts);
	return *signature != '\0' && header_add(post, "X-Mailcert-Signature", signature) &&
	       header_add(post, "X-Mailcert-Id", id) && header_add(post, "X-Mailcert-Attempt", attempt) &&
	       header_add(post, "Expect", "");
}

static bool options_set(struct post *post, const struct callback *c)
{
	const struct conf *conf = post->poster->conf;
	const char *ca = conf_text(conf, SET_CALLBACK_CA);
	CURL *curl = post->curl;

	return curl_easy_setopt(curl, CURLOPT_URL, c->url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT, conf_number(conf, SET_CALLBACK_TIMEOUT)) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "mailcert-callback") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body.data) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)post->body.len) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, socket_open) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, post) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, post) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->error) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PRIVATE, post) == CURLE_OK &&
	       (*ca == '\0' || curl_easy_setopt(curl, CURLOPT_CAINFO, ca) == CURLE_OK);
}

static int post_begin(struct poster *p, const struct callback *c, struct err *e)
{
	struct post *post = p->posts;

	while (post->curl != NULL)
		post++;
	*post = (struct post){.poster = p, .id = c->id, .attempts = c->attempts, .age = c->age};
	post->curl = curl_easy_init();
	if (post->curl == NULL)
		return err_set(e, FAULT_busy, "callback %" PRIu64 ": out of memory", c->id);
	p->busy++;
	callback_body(&post->body, c);
	if (!post->body.failed && headers_make(post, c) && options_set(post, c) &&
	    curl_multi_add_handle(p->multi, post->curl) == CURLM_OK)
		return 0;
	post_end(post);
	return err_set(e, FAULT_busy, "callback %" PRIu64 ": the post cannot be made", c->id);
}

int poster_take(struct poster *p, struct db *db, size_t *begun, struct err *e)
{
	unsigned lease = (unsigned)conf_number(p->conf, SET_CALLBACK_TIMEOUT) + LEASE_MARGIN;
	struct db_rows *rows = NULL;
	struct callback c;
	int rc = 0;

	*begun = 0;
	if (p->busy == p->room)
		return 0;
	if (callback_take(db, &p->holder, (unsigned)(p->room - p->busy), lease, p->busy == 0, &rows, e) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		callback_read(&c, rows, i);
		rc = post_begin(p, &c, e);
		*begun += rc == 0;
	}
	db_rows_free(rows);
	return rc;
}

/* --- how it ended --- */

static int post_record(struct post *post, CURLcode result, struct db *db, struct err *e)
{
	const struct conf *conf = post->poster->conf;
	const long left = conf_number(conf, SET_CALLBACK_GIVE_UP) - post->age;
	long status = 0, pause;
	curl_off_t spent = 0;
	enum callback_end end = CALLBACK_LATER;
	const char *says = post->answer;

	(void)curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(post->curl, CURLINFO_TOTAL_TIME_T, &spent);
	/* A name may have public addresses beside those that were refused. */
	if (result != CURLE_OK && post->refused)
		says = "refused: the address is not a public one";
	else if (result != CURLE_OK)
		says = *post->error != '\0' ? post->error : curl_easy_strerror(result);
	if (result == CURLE_OK && status >= 200 && status <= 299)
		end = CALLBACK_DONE;
	else if (left <= 0)
		end = CALLBACK_GIVEN_UP;
	pause = callback_pause(post->attempts, conf_number(conf, SET_CALLBACK_PAUSE_LEAST),
	    conf_number(conf, SET_CALLBACK_PAUSE_MOST));
	if (end != CALLBACK_DONE)
		log_line(LOG_LEVEL_WARNING, "callback %" PRIu64 " not taken: %ld %s", post->id, status, says);
	return callback_done(db, post->id, post->poster->holder.name, end, end == CALLBACK_LATER ? pause : 0,
	    status, says, (long)(spent / 1000), e);
}

int poster_go_on(struct poster *p, struct db *db, int milliseconds, size_t *left, struct err *e)
{
	int running, waiting, rc = 0;
	CURLMsg *message;

	(void)curl_multi_perform(p->multi, &running);
	if (running > 0) {
		(void)curl_multi_poll(p->multi, NULL, 0, milliseconds, NULL);
		(void)curl_multi_perform(p->multi, &running);
	}
	while ((message = curl_multi_info_read(p->multi, &waiting)) != NULL) {
		struct post *post = NULL;

		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&post);
		if (message->msg != CURLMSG_DONE || post == NULL)
			continue;
		if (post_record(post, message->data.result, db, e) == -1)
			rc = -1;
		post_end(post);
	}
	*left = p->busy;
	return rc;
}
