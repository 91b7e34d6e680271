/* test_signer_protocol.c - the signer's messages: there and back, cut at every octet, too long, and the
 * socket that knows its peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/ipc/peer.h"
#include "lib/ipc/signer_client.h"
#include "lib/ipc/signer_protocol.h"

static void there_and_back(void **state)
{
	struct signer_request q = {SIGNER_PROTOCOL, SIGNER_NUDGE, 0x0123456789abcdefULL}, got = {0};
	struct signer_reply a = {SIGNER_PROTOCOL, SIGNER_IMPAIRED}, answer = {0};
	struct wire w, r;

	(void)state;
	wire_write(&w);
	assert_int_equal(signer_request_code(&w, &q), 0);
	wire_read(&r, w.bytes, w.len);
	assert_int_equal(signer_request_code(&r, &got), 0);
	assert_int_equal(got.protocol, q.protocol); /* field by field: between them lies padding */
	assert_int_equal(got.op, q.op);
	assert_int_equal(got.order_id, q.order_id);
	wire_write(&w);
	assert_int_equal(signer_reply_code(&w, &a), 0);
	wire_read(&r, w.bytes, w.len);
	assert_int_equal(signer_reply_code(&r, &answer), 0);
	assert_int_equal(answer.answer, SIGNER_IMPAIRED);
}

static void cut_or_longer_is_refused(void **state)
{
	struct signer_request q = {SIGNER_PROTOCOL, SIGNER_NUDGE, 7};
	struct wire w, r;

	(void)state;
	wire_write(&w);
	assert_int_equal(signer_request_code(&w, &q), 0);
	for (size_t len = 0; len < w.len; len++) {
		wire_read(&r, w.bytes, len);
		assert_int_equal(signer_request_code(&r, &q), -1);
	}
	for (size_t more = 1; w.len + more <= WIRE_FRAME_MAX; more *= 2) {
		wire_read(&r, w.bytes, w.len + more);
		assert_int_equal(signer_request_code(&r, &q), -1);
	}
	wire_read(&r, w.bytes, WIRE_FRAME_MAX + 1);
	assert_int_equal(wire_end(&r), -1);
}

static void frame_over_the_bound_is_not_read(void **state)
{
	const unsigned char head[4] = {0xff, 0xff, 0xff, 0xff};
	struct wire w;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[0], head, sizeof(head)), (ssize_t)sizeof(head));
	assert_int_equal(wire_receive(pair[1], &w, 100), -1);
	assert_int_equal(errno, EMSGSIZE);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void silent_peer_times_out(void **state)
{
	struct wire w;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(wire_receive(pair[1], &w, 20), -1);
	assert_int_equal(errno, ETIMEDOUT);
	(void)close(pair[0]);
	assert_int_equal(wire_receive(pair[1], &w, 20), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(pair[1]);
}

/* Connect to the socket, as another user when root; the child's exit status is 0. */
static pid_t connect_as(const char *path, uid_t uid)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct err e;
		int fd;

		if (uid != geteuid() && setresuid(uid, uid, uid) == -1)
			_exit(2);
		if (peer_connect(&fd, path, 1000, &e) == -1)
			_exit(1);
		(void)usleep(100000);
		_exit(0);
	}
	return pid;
}

/* Somebody has knocked. */
static void knock_wait(int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 30000), 1);
}

static void peer_is_known_by_the_kernel(void **state)
{
	char dir[] = "/tmp/mailcert-peer-XXXXXX", path[64];
	struct peer_uids only_me, stranger = {{12345}, 1};
	int listener, fd, status;
	struct stat st;
	struct err e;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(peer_listen(&listener, path, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(peer_accept(&fd, listener, &stranger, &e), 0); /* nobody there yet */
	assert_int_equal(fd, -1);

	assert_int_equal(peer_uids_read(&only_me, "", &e), 0);
	pid = connect_as(path, geteuid());
	knock_wait(listener);
	assert_int_equal(peer_accept(&fd, listener, &only_me, &e), 0);
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	pid = connect_as(path, geteuid());
	knock_wait(listener);
	assert_int_equal(peer_accept(&fd, listener, &stranger, &e), -1);
	assert_int_equal(fd, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (geteuid() == 0) { /* another user cannot even connect: mode 0660 */
		pid = connect_as(path, 65534);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), 1);
	}
	(void)close(listener);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void uids_are_names_or_numbers(void **state)
{
	struct peer_uids u;
	struct err e;

	(void)state;
	assert_int_equal(peer_uids_read(&u, "root, 33", &e), 0);
	assert_int_equal(u.count, 2);
	assert_int_equal(u.uids[0], 0);
	assert_int_equal(u.uids[1], 33);
	assert_int_equal(peer_uids_read(&u, "no-such-user-here", &e), -1);
}

/* A signer that is in the middle of a round accepts nobody; it finds the nudges when it is done. */
static void nudges_wait_for_nobody(void **state)
{
	char dir[] = "/tmp/mailcert-peer-XXXXXX", path[64], text[128], conf_path[64];
	struct signer_request q = {0};
	struct peer_uids only_me;
	struct conf *conf;
	int listener, fd;
	struct wire w;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	(void)snprintf(conf_path, sizeof(conf_path), "%s/c.hdf", dir);
	(void)snprintf(text, sizeof(text), "Signer.Socket = %s\n", path);
	assert_int_equal(file_replace(conf_path, text, strlen(text), 0600, &e), 0);
	assert_int_equal(conf_load(&conf, conf_path, &e), 0);
	signer_nudge(conf, 1); /* nobody listens */
	assert_int_equal(peer_listen(&listener, path, &e), 0);
	(void)alarm(30); /* ends the program; many more than the listener has room for */
	for (uint64_t order = 1; order <= 1000; order++)
		signer_nudge(conf, order);
	(void)alarm(0);

	assert_int_equal(peer_uids_read(&only_me, "", &e), 0);
	assert_int_equal(peer_accept(&fd, listener, &only_me, &e), 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(wire_receive(fd, &w, 1000), 0);
	assert_int_equal(signer_request_code(&w, &q), 0);
	assert_int_equal(q.op, SIGNER_NUDGE);
	assert_int_equal(q.order_id, 1);
	(void)close(fd);
	(void)close(listener);
	conf_free(conf);
	(void)unlink(conf_path);
	(void)unlink(path);
	(void)rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest t[] = {
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(cut_or_longer_is_refused),
	    cmocka_unit_test(frame_over_the_bound_is_not_read),
	    cmocka_unit_test(silent_peer_times_out),
	    cmocka_unit_test(peer_is_known_by_the_kernel),
	    cmocka_unit_test(uids_are_names_or_numbers),
	    cmocka_unit_test(nudges_wait_for_nobody),
	};

	return cmocka_run_group_tests_name("signer protocol", t, NULL, NULL);
}
