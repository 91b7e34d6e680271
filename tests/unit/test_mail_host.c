/* test_mail_host.c - has a domain a mail server? Asked of a small DNS server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/flow/mail_host.h"

#define TYPE_A  1
#define TYPE_MX 15

/* Answer a question by the first label of its name: "mx", "null", "address", "empty", "fail"; else no such
 * name. */
static size_t answer_make(unsigned char *m, size_t len)
{
	static const unsigned char mx[] = {0xc0, 12, 0, TYPE_MX, 0, 1, 0, 0, 0, 9, 0, 5, 0, 10, 1, 'm', 0};
	static const unsigned char null[] = {0xc0, 12, 0, TYPE_MX, 0, 1, 0, 0, 0, 9, 0, 3, 0, 0, 0};
	static const unsigned char a[] = {0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, 1};
	const char *label = (const char *)m + 13;
	const int type = m[len - 3];
	const unsigned char *rr = NULL;
	size_t rr_len = 0;

	m[2] = 0x84;
	m[3] = 0;
	if (strncmp(label, "mx", 2) == 0 && type == TYPE_MX) {
		rr = mx;
		rr_len = sizeof(mx);
	} else if (strncmp(label, "null", 4) == 0 && type == TYPE_MX) {
		rr = null;
		rr_len = sizeof(null);
	} else if (strncmp(label, "address", 7) == 0 && type == TYPE_A) {
		rr = a;
		rr_len = sizeof(a);
	} else if (strncmp(label, "fail", 4) == 0) {
		m[3] = 2;
	} else if (strncmp(label, "none", 4) == 0) {
		m[3] = 3;
	}
	m[7] = rr != NULL;
	memcpy(m + len, rr == NULL ? a : rr, rr_len);
	return len + rr_len;
}

static void dns_serve(int fd)
{
	unsigned char m[600];
	struct sockaddr_in from;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, m, 500, 0, (struct sockaddr *)&from, &from_len);

		if (len > 16)
			(void)sendto(
			    fd, m, answer_make(m, (size_t)len), 0, (struct sockaddr *)&from, from_len);
	}
}

struct dns {
	pid_t pid;
	struct conf *conf;
};

static int dns_start(void **state)
{
	static struct dns dns;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	char path[] = "/tmp/mailcert-dns-XXXXXX", text[64];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), file = mkstemp(path);
	struct err e;

	if (fd == -1 || file == -1 || bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) == -1)
		return -1;
	(void)close(file);
	dns.pid = fork();
	if (dns.pid == 0)
		dns_serve(fd);
	(void)close(fd);
	(void)snprintf(text, sizeof(text), "Dns.Stub = 127.0.0.1@%d\n", ntohs(at.sin_port));
	if (file_replace(path, text, strlen(text), 0600, &e) == -1 || conf_load(&dns.conf, path, &e) == -1)
		return -1;
	(void)unlink(path);
	*state = &dns;
	return 0;
}

static int dns_stop(void **state)
{
	struct dns *dns = *state;

	(void)kill(dns->pid, SIGKILL);
	(void)waitpid(dns->pid, NULL, 0);
	conf_free(dns->conf);
	return 0;
}

static void domains_are_judged(void **state)
{
	const struct dns *dns = *state;

	assert_int_equal(mail_host_look(dns->conf, "mx.example.com"), MAIL_HOST_THERE);
	assert_int_equal(mail_host_look(dns->conf, "address.example.com"), MAIL_HOST_THERE);
	assert_int_equal(mail_host_look(dns->conf, "null.example.com"), MAIL_HOST_NONE);
	assert_int_equal(mail_host_look(dns->conf, "none.example.com"), MAIL_HOST_NONE);
	assert_int_equal(mail_host_look(dns->conf, "empty.example.com"), MAIL_HOST_NONE);
	assert_int_equal(mail_host_look(dns->conf, "fail.example.com"), MAIL_HOST_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest t[] = {cmocka_unit_test(domains_are_judged)};

	return cmocka_run_group_tests_name("mail host", t, dns_start, dns_stop);
}
