/* test_caa_resolver.c - the CAA RRset that counts is found with DNSSEC validated, against a private DNS of
 * the test's own.
 *
 * tests/pki/dns.sh makes a signed root with good, unsigned and broken zones below it and serves them with nsd
 * on a loopback port; unbound beside it is the resolver of somebody who lets no other ask. Without them these
 * tests are skipped.
 */
#include "tests/unit/fixture_pki.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/conf.h"
#include "lib/pki/caa_panel.h"

#define US "mailcert.example"

static struct fixture fixture;
static bool have_dns;
static int port;
static char anchor[PATH_MAX], stub[64], forward[64];

#define NEED_DNS()              \
	do {                    \
		if (!have_dns)  \
			skip(); \
	} while (0)

/* A loopback port with a UDP socket on it; the caller closes it. */
static int port_take(int *fd)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

static int group_setup(void **state)
{
	int fd;

	(void)state;
	fixture_dir_make(&fixture);
	have_dns = system("PATH=$PATH:/usr/sbin; command -v nsd ldns-signzone drill unbound >/dev/null") == 0;
	if (!have_dns)
		return 0;
	port = port_take(&fd);
	(void)close(fd);
	(void)snprintf(anchor, sizeof(anchor), "%s/anchor", fixture.dir);
	(void)snprintf(stub, sizeof(stub), "127.0.0.1@%d", port);
	fixture_run("PATH=$PATH:/usr/sbin tests/pki/dns.sh start %s %d </dev/null >%s/dns.log", fixture.dir,
	    port, fixture.dir);
	(void)snprintf(forward, sizeof(forward), "127.0.0.1@%d", port_take(&fd));
	(void)close(fd);
	fixture_run("PATH=$PATH:/usr/sbin tests/pki/dns.sh forward %s %s </dev/null >>%s/dns.log",
	    fixture.dir, strchr(forward, '@') + 1, fixture.dir);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	if (have_dns)
		fixture_run("tests/pki/dns.sh stop %s", fixture.dir);
	fixture_remove(&fixture);
	return 0;
}

static struct caa_resolver *resolver_open(const char *where, const char *anchor_file, long timeout)
{
	const struct caa_settings settings = {
	    .stub = where, .forward = "", .anchor_file = anchor_file, .identities = US, .timeout = timeout};
	struct caa_resolver *r;
	struct err e;

	assert_done(caa_resolver_open(&r, &settings, &e), &e);
	return r;
}

struct looked_up {
	const char *domain;
	enum caa_reason reason;
	const char *found_at;
	bool secure;
};

static const struct looked_up looked_up[] = {
    {"permit.signed", CAA_NAMED, "permit.signed", true}, {"PERMIT.signed", CAA_NAMED, "PERMIT.signed", true},
    {"a.b.permit.signed", CAA_NAMED, "permit.signed", true},     /* climbs past a name with other records */
    {"no.such.permit.signed", CAA_NAMED, "permit.signed", true}, /* and past names that do not exist */
    {"deny.signed", CAA_OTHER_ISSUERS, "deny.signed", true},
    {"a.deny.signed", CAA_OTHER_ISSUERS, "deny.signed", true},
    {"nobody.signed", CAA_OTHER_ISSUERS, "nobody.signed", true},
    {"first.deny.signed", CAA_NO_ISSUEMAIL, "first.deny.signed",
	true}, /* the first RRset counts, not the parent's */
    {"critical.signed", CAA_CRITICAL, "critical.signed", true},
    {"xn--bcher-kva.signed", CAA_NAMED, "xn--bcher-kva.signed", true},
    {"none.signed", CAA_NO_RECORDS, "", true}, {"no.such.signed", CAA_NO_RECORDS, "", true},
    {"no.such.tld", CAA_NO_RECORDS, "", true},
    {"x.tldcaa", CAA_OTHER_ISSUERS, "tldcaa", false}, /* up to the top-level domain */
    {"alias.signed", CAA_NAMED, "alias.signed", true}, {"chain.signed", CAA_NAMED, "chain.signed", true},
    {"alias-denied.signed", CAA_OTHER_ISSUERS, "alias-denied.signed", true},
    {"alias-away.signed", CAA_OTHER_ISSUERS, "alias-away.signed", false}, /* leads into an unsigned zone */
    {"alias-none.deny.signed", CAA_OTHER_ISSUERS, "deny.signed",
	true},                                       /* the alias's own parent, RFC 8659 3 */
    {"many.signed", CAA_NAMED, "many.signed", true}, /* over TCP */
    {"permit.insecure", CAA_NAMED, "permit.insecure", false},
    {"deny.insecure", CAA_OTHER_ISSUERS, "deny.insecure", false},
    {"none.insecure", CAA_NO_RECORDS, "", false}, {"permit.bogus", CAA_BOGUS, "permit.bogus", false},
    {"none.bogus", CAA_BOGUS, "none.bogus", false}, {"permit.expired", CAA_BOGUS, "permit.expired", false},
    {"permit.stripped", CAA_BOGUS, "permit.stripped", false},
    {"permit.broken-insecure", CAA_LOOKUP_FAILED, "permit.broken-insecure",
	false}, /* nothing answers: no proof */
};

static void test_looked_up(void **state)
{
	const struct looked_up *l = *state;
	enum caa_decision decision = l->reason >= CAA_NO_RECORDS ? CAA_PERMITTED : CAA_DENIED;
	struct caa_result result = {0};
	struct caa_resolver *r;
	struct err e;
	int rc;

	NEED_DNS();
	if (l->reason == CAA_BOGUS || l->reason == CAA_LOOKUP_FAILED)
		decision = CAA_UNREACHABLE;
	r = resolver_open(stub, anchor, 5);
	rc = caa_check(r, l->domain, FIXTURE_NOW, &result, &e);
	assert_string_equal(caa_reason_word(result.reason), caa_reason_word(l->reason));
	assert_int_equal(result.decision, decision);
	assert_int_equal(rc, decision == CAA_PERMITTED ? 0 : -1);
	assert_string_equal(result.found_at, l->found_at);
	assert_int_equal(result.secure, l->secure);
	assert_string_equal(result.domain, l->domain);
	assert_int_equal(result.checked_at, FIXTURE_NOW);
	assert_int_equal(result.valid_until, FIXTURE_NOW + (rc == 0 ? CAA_FRESH : 0));
	if (decision == CAA_DENIED)
		assert_int_equal(e.fault, FAULT_caa_denied);
	if (decision == CAA_UNREACHABLE)
		assert_int_equal(e.fault, FAULT_caa_unreachable);
	caa_result_free(&result);
	caa_resolver_close(r);
}

/* A signed zone whose server answers SERVFAIL: never permission, whatever else is known. */
static void test_failure_in_signed_zone(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	r = resolver_open(stub, anchor, 5);
	assert_int_equal(caa_check(r, "permit.broken-signed", FIXTURE_NOW, &result, &e), -1);
	assert_int_equal(e.fault, FAULT_caa_unreachable);
	assert_int_equal(result.decision, CAA_UNREACHABLE);
	caa_result_free(&result);
	caa_resolver_close(r);
}

/* A server between, that fails for CAA and for nothing else, as some old servers do. */
static pid_t proxy_start(int *proxy_port)
{
	struct sockaddr_in nsd = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
	int in, out;
	pid_t pid;

	*proxy_port = port_take(&in);
	(void)port_take(&out);
	nsd.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(out, (struct sockaddr *)&nsd, sizeof(nsd)), 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0)
		(void)alarm(60); /* whatever becomes of the test, this ends */
	while (pid == 0) {
		unsigned char m[4096];
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(in, m, sizeof(m), 0, (struct sockaddr *)&from, &from_len);
		size_t at = 12;

		if (len < 17)
			continue;
		while (at < (size_t)len && m[at] != 0)
			at += m[at] + 1U;
		if (at + 2 < (size_t)len && m[at + 1] == 1 && m[at + 2] == 1) { /* type 257 */
			m[2] |= 0x80;
			m[3] = (unsigned char)((m[3] & 0xf0) | 2);
		} else {
			(void)send(out, m, (size_t)len, 0);
			len = recv(out, m, sizeof(m), 0);
		}
		(void)sendto(in, m, (size_t)len, 0, (struct sockaddr *)&from, from_len);
	}
	(void)close(in);
	(void)close(out);
	return pid;
}

/* Only CAA fails, twice: that permits where the name is proven unsigned, and nowhere else. The names are
 * those of zones, so that nothing sends the resolver from the one port served here to the port 53 of a name
 * server. */
static void test_failure_for_caa_alone(void **state)
{
	static const struct {
		const char *domain;
		enum caa_reason reason;
	} rows[] = {
	    {"insecure", CAA_PROVEN_INSECURE},
	    {"signed", CAA_LOOKUP_FAILED},
	    {"expired", CAA_LOOKUP_FAILED},
	};
	struct caa_resolver *r;
	int proxy_port;
	char where[64];
	struct err e;
	pid_t pid;

	(void)state;
	NEED_DNS();
	pid = proxy_start(&proxy_port);
	(void)snprintf(where, sizeof(where), "127.0.0.1@%d", proxy_port);
	r = resolver_open(where, anchor, 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct caa_result result = {0};
		int rc = caa_check(r, rows[i].domain, FIXTURE_NOW, &result, &e);

		assert_string_equal(caa_reason_word(result.reason), caa_reason_word(rows[i].reason));
		assert_int_equal(rc, rows[i].reason == CAA_PROVEN_INSECURE ? 0 : -1);
		assert_int_equal(result.valid_until, FIXTURE_NOW + (rc == 0 ? CAA_FRESH : 0));
		assert_string_not_equal(result.detail, "");
		assert_false(result.secure);
		caa_result_free(&result);
	}
	caa_resolver_close(r);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void test_denial_told(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	r = resolver_open(stub, anchor, 5);
	assert_int_equal(caa_check(r, "a.deny.signed", FIXTURE_NOW, &result, &e), -1);
	assert_string_equal(e.arg, "ca.example");
	assert_string_equal(result.issuers, "ca.example");
	assert_string_equal(result.iodef, "mailto:security@deny.signed");
	assert_non_null(strstr(result.records, "0 issuemail \"ca.example\""));
	assert_non_null(strstr(result.records, "0 iodef \"mailto:security@deny.signed\""));
	assert_int_equal(result.ttl, 300);
	caa_result_free(&result);
	caa_resolver_close(r);
}

/* max(TTL, 8 h): a record that lives a day holds for a day. */
static void test_long_ttl(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	r = resolver_open(stub, anchor, 5);
	assert_done(caa_check(r, "long.signed", FIXTURE_NOW, &result, &e), &e);
	assert_int_equal(result.ttl, 86400);
	assert_int_equal(result.valid_until, FIXTURE_NOW + 86400);
	caa_result_free(&result);
	caa_resolver_close(r);
}

/* After a denial the administrator adds us, and the same resolver sees it at once, long before the TTL's end.
 */
static void test_retry_after_denial(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	r = resolver_open(stub, anchor, 5);
	assert_int_equal(caa_check(r, "flip.signed", FIXTURE_NOW, &result, &e), -1);
	assert_int_equal(e.fault, FAULT_caa_denied);
	caa_result_free(&result);
	fixture_run("PATH=$PATH:/usr/sbin tests/pki/dns.sh permit %s </dev/null >>%s/dns.log", fixture.dir,
	    fixture.dir);
	assert_done(caa_check(r, "flip.signed", FIXTURE_NOW, &result, &e), &e);
	assert_int_equal(result.reason, CAA_NAMED);
	caa_result_free(&result);
	caa_resolver_close(r);
}

/* With the key of another root nothing is believed, not even of unsigned zones. */
static void test_wrong_anchor(void **state)
{
	static const char *const domains[] = {"permit.signed", "permit.insecure", "none.signed"};
	char other[PATH_MAX];
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	(void)snprintf(other, sizeof(other), "%s/anchor.other", fixture.dir);
	fixture_run("sed 's/^signed\\./\\./' %s/Ksigned.+*.key > %s", fixture.dir, other);
	r = resolver_open(stub, other, 5);
	for (size_t i = 0; i < 3; i++) {
		struct caa_result result = {0};

		assert_int_equal(caa_check(r, domains[i], FIXTURE_NOW, &result, &e), -1);
		assert_string_equal(caa_reason_word(result.reason), "bogus");
		caa_result_free(&result);
	}
	caa_resolver_close(r);
}

static struct caa_resolver *forward_open(const char *list)
{
	const struct caa_settings settings = {
	    .stub = "", .forward = list, .anchor_file = anchor, .identities = US, .timeout = 5};
	struct caa_resolver *r;
	struct err e;

	assert_done(caa_resolver_open(&r, &settings, &e), &e);
	return r;
}

/* Through a resolver that validates nothing the answers are the same: we validate. */
static void test_forward(void **state)
{
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	r = forward_open(forward);
	for (size_t i = 0; i < sizeof(looked_up) / sizeof(looked_up[0]); i++) {
		const struct looked_up *l = &looked_up[i];
		struct caa_result result = {0};
		int rc = caa_check(r, l->domain, FIXTURE_NOW, &result, &e);

		if (strcmp(caa_reason_word(result.reason), caa_reason_word(l->reason)) != 0)
			fail_msg("%s: %s, not %s (%s)", l->domain, caa_reason_word(result.reason),
			    caa_reason_word(l->reason), result.detail);
		assert_int_equal(rc, l->reason >= CAA_NO_RECORDS ? 0 : -1);
		assert_string_equal(result.found_at, l->found_at);
		assert_int_equal(result.secure, l->secure);
		caa_result_free(&result);
	}
	caa_resolver_close(r);
}

/* One of several resolvers is away: the others are asked. */
static void test_forward_several(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	char list[160];
	struct err e;
	int fd;

	(void)state;
	NEED_DNS();
	(void)snprintf(list, sizeof(list), "127.0.0.1@%d, %s", port_take(&fd), forward);
	(void)close(fd);
	r = forward_open(list);
	assert_done(caa_check(r, "permit.signed", FIXTURE_NOW, &result, &e), &e);
	assert_true(result.secure);
	caa_result_free(&result);
	caa_resolver_close(r);
}

/* A resolver of our own that fails for CAA: a fault on our side permits nothing, proven unsigned or not. */
static void test_forward_failure_never_permits(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	int proxy_port;
	char where[64];
	struct err e;
	pid_t pid;

	(void)state;
	NEED_DNS();
	pid = proxy_start(&proxy_port);
	(void)snprintf(where, sizeof(where), "127.0.0.1@%d", proxy_port);
	r = forward_open(where);
	assert_int_equal(caa_check(r, "insecure", FIXTURE_NOW, &result, &e), -1);
	assert_string_equal(caa_reason_word(result.reason), caa_reason_word(CAA_LOOKUP_FAILED));
	assert_int_equal(result.decision, CAA_UNREACHABLE);
	caa_result_free(&result);
	caa_resolver_close(r);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* RFC 4034 appendix B. */
static unsigned key_tag(const unsigned char *rdata, size_t len)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (i & 1) != 0 ? rdata[i] : (unsigned long)rdata[i] << 8;
	return (unsigned)((sum + (sum >> 16)) & 0xffff);
}

/* What is asked when nothing is configured: the Internet's root, validated to IANA's keys: that of 2017, and
 * that of 2024 which signs since October 2026. */
static void test_production_default(void **state)
{
	static const unsigned tags[] = {20326, 38696};
	const struct caa_settings settings = {.stub = setting_row(SET_DNS_STUB)->def,
	    .forward = setting_row(SET_DNS_FORWARD)->def,
	    .anchor_file = setting_row(SET_DNS_ANCHOR)->def,
	    .identities = US,
	    .timeout = 1};
	char *text, *line, *rest;
	struct caa_resolver *r;
	size_t found = 0;
	struct err e;

	(void)state;
	assert_string_equal(settings.stub, "");
	assert_string_equal(settings.forward, "");
	assert_done(file_read(settings.anchor_file, 65536, &text, NULL, &e), &e);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		unsigned char rdata[1024] = {1, 1, 3, 8}; /* flags 257, protocol 3, algorithm 8 */
		char *key = strstr(line, "DNSKEY 257 3 8 ");
		int len;

		if (key == NULL)
			continue;
		key += strlen("DNSKEY 257 3 8 ");
		key[strcspn(key, " ;")] = '\0';
		len = EVP_DecodeBlock(rdata + 4, (unsigned char *)key, (int)strlen(key));
		for (const char *p = key + strlen(key); len > 0 && p[-1] == '='; p--)
			len--;
		for (size_t i = 0; i < 2; i++)
			found += len > 0 && key_tag(rdata, (size_t)len + 4) == tags[i];
	}
	free(text);
	assert_int_equal(found, 2);
	assert_done(caa_resolver_open(&r, &settings, &e), &e);
	caa_resolver_close(r);
}

static void open_refused(const char *where, const char *anchor_file, const char *identities)
{
	const struct caa_settings settings = {
	    .stub = where, .forward = "", .anchor_file = anchor_file, .identities = identities, .timeout = 1};
	struct caa_resolver *r;
	struct err e;

	assert_int_equal(caa_resolver_open(&r, &settings, &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
}

/* Validation cannot be switched off by an anchor that anchors nothing. */
static void test_settings_refused(void **state)
{
	char path[PATH_MAX];
	struct err e;

	(void)state;
	NEED_DNS();
	open_refused(stub, "/nowhere/anchor", US);
	(void)snprintf(path, sizeof(path), "%s/anchor.bad", fixture.dir);
	assert_done(file_replace(path, "", 0, 0644, &e), &e);
	open_refused(stub, path, US);
	assert_done(file_replace(path, "; DNSKEY\n", 9, 0644, &e), &e);
	open_refused(stub, path, US);
	assert_done(file_replace(path, "signed. IN DNSKEY 257 3 13 AA==\n", 32, 0644, &e), &e);
	open_refused(stub, path, US);
	open_refused(stub, anchor, "");
	open_refused(stub, anchor, " , ");
	open_refused("not an address", anchor, US);
}

static void test_forward_refused(void **state)
{
	static const char *const bad[] = {"not an address", "127.0.0.1@x", "127.0.0.1,resolver.example",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct caa_settings settings = {.stub = "", .anchor_file = anchor, .identities = US, .timeout = 1};
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		settings.forward = bad[i];
		assert_int_equal(caa_resolver_open(&r, &settings, &e), -1);
		assert_int_equal(e.fault, FAULT_config_invalid);
	}
	settings.forward = forward;
	settings.stub = stub;
	assert_int_equal(caa_resolver_open(&r, &settings, &e), -1);
	assert_non_null(strstr(e.log, "not both"));
}

/* A server that never answers: refused, and not later than the time allows (asked twice, then DS and SOA). */
static void test_silent_server(void **state)
{
	struct caa_result result = {0};
	struct caa_resolver *r;
	time_t from = time(NULL);
	char where[64];
	struct err e;
	int fd;

	(void)state;
	NEED_DNS();
	(void)snprintf(where, sizeof(where), "127.0.0.1@%d", port_take(&fd));
	r = resolver_open(where, anchor, 1);
	assert_int_equal(caa_check(r, "permit.insecure", FIXTURE_NOW, &result, &e), -1);
	assert_int_equal(e.fault, FAULT_caa_unreachable);
	assert_int_equal(result.decision, CAA_UNREACHABLE);
	assert_in_range(time(NULL) - from, 1, 6);
	caa_result_free(&result);
	caa_resolver_close(r);
	(void)close(fd);
}

static void test_not_a_domain(void **state)
{
	static const char *const bad[] = {"", ".", ".signed"};
	struct caa_resolver *r;
	struct err e;

	(void)state;
	NEED_DNS();
	r = resolver_open(stub, anchor, 1);
	for (size_t i = 0; i < 3; i++) {
		struct caa_result result = {0};

		assert_int_equal(caa_check(r, bad[i], FIXTURE_NOW, &result, &e), -1);
		assert_int_not_equal(result.decision, CAA_PERMITTED);
		caa_result_free(&result);
	}
	caa_resolver_close(r);
}

/* --- several perspectives
 * ------------------------------------------------------------------------------------- */

/* Ask from here and from remotes, which are the resolver that lets no other ask, or a port where nobody
 * answers. */
static enum caa_decision panel_ask(
    const char *remotes, const char *domain, struct caa_views *views, struct err *e)
{
	const struct caa_settings settings = {
	    .stub = stub, .forward = "", .anchor_file = anchor, .identities = US, .timeout = 1};
	struct caa_result result = {0};
	struct caa_panel *p;
	enum caa_decision decision;
	int rc;

	assert_done(caa_panel_open(&p, &settings, remotes, e), e);
	rc = caa_panel_check(p, domain, FIXTURE_NOW, &result, views, e);
	decision = result.decision;
	assert_int_equal(rc == 0, decision == CAA_PERMITTED);
	assert_int_equal(result.valid_until > FIXTURE_NOW, decision == CAA_PERMITTED);
	caa_result_free(&result);
	caa_panel_close(p);
	return decision;
}

static void test_panel(void **state)
{
	char remotes[512], silent[64];
	struct caa_views views;
	struct err e;
	int fd;

	(void)state;
	NEED_DNS();
	(void)snprintf(silent, sizeof(silent), "127.0.0.1@%d", port_take(&fd));
	/* none: our own look-up alone */
	assert_int_equal(panel_ask("", "permit.signed", &views, &e), CAA_PERMITTED);
	assert_int_equal(views.count, 0);
	/* four that see what we see */
	(void)snprintf(remotes, sizeof(remotes), "%s,%s, %s,%s", forward, forward, forward, forward);
	assert_int_equal(panel_ask(remotes, "permit.signed", &views, &e), CAA_PERMITTED);
	assert_int_equal(views.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(views.list[i].where, forward);
		assert_int_equal(views.list[i].decision, CAA_PERMITTED);
		assert_int_equal(views.list[i].reason, CAA_NAMED);
		assert_string_equal(views.list[i].found_at, "permit.signed");
		assert_true(views.list[i].secure);
	}
	/* one of four is silent, then two */
	(void)snprintf(remotes, sizeof(remotes), "%s,%s,%s,%s", forward, silent, forward, forward);
	assert_int_equal(panel_ask(remotes, "permit.signed", &views, &e), CAA_PERMITTED);
	assert_int_equal(views.list[1].decision, CAA_UNREACHABLE);
	(void)snprintf(remotes, sizeof(remotes), "%s,%s,%s,%s", silent, silent, forward, forward);
	assert_int_equal(panel_ask(remotes, "permit.signed", &views, &e), CAA_UNREACHABLE);
	assert_int_equal(e.fault, FAULT_caa_unreachable);
	/* what we are refused ourselves nobody else is asked */
	assert_int_equal(panel_ask(remotes, "deny.signed", &views, &e), CAA_DENIED);
	assert_int_equal(views.count, 0);
	(void)close(fd);
}

static void test_panel_refused(void **state)
{
	static const char *const bad[] = {
	    "not-an-address", "127.0.0.1@x", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"};
	const struct caa_settings settings = {
	    .stub = stub, .forward = "", .anchor_file = anchor, .identities = US, .timeout = 1};
	struct caa_panel *p;
	struct err e;

	(void)state;
	NEED_DNS();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(caa_panel_open(&p, &settings, bad[i], &e), -1);
		assert_int_equal(e.fault, FAULT_config_invalid);
		assert_non_null(strstr(e.log, "Caa.Remotes"));
	}
}

/* No setting reaches the validator: what there is to set is where to ask, whom to trust, how long to wait. */
static void test_no_switch(void **state)
{
	static const char *const settings[] = {
#define SETTING(id, name, type, value, least, most, what) name,
#include "lib/base/settings.def"
#undef SETTING
	};
	static const char *const known[] = {
	    "Dns.Forward", "Dns.Stub", "Dns.AnchorFile", "Dns.Timeout", "Caa.Identity", "Caa.Remotes"};

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		bool found = strncmp(settings[i], "Dns.", 4) != 0 && strncmp(settings[i], "Caa.", 4) != 0;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found = found || strcmp(settings[i], known[k]) == 0;
		if (!found)
			fail_msg("%s: can it turn validation off?", settings[i]);
		assert_null(strstr(settings[i], "Dnssec"));
		assert_null(strstr(settings[i], "Lint"));
	}
}

int main(void)
{
	static struct CMUnitTest tests[64] = {
	    {"section 9.16: so many perspectives as are configured must see the same, but for the quorum's "
	     "slack",
		test_panel, NULL, NULL, NULL},
	    cmocka_unit_test(test_panel_refused),
	    {"section 9.14: no setting turns the validation off", test_no_switch, NULL, NULL, NULL},
	    {"section 9.14: a failure in a signed zone is never permission", test_failure_in_signed_zone,
		NULL, NULL, NULL},
	    {"section 9.14: a failed look-up permits only what is proven unsigned",
		test_failure_for_caa_alone, NULL, NULL, NULL},
	    cmocka_unit_test(test_denial_told),
	    {"section 9.13: a result holds for max(TTL, 8 h)", test_long_ttl, NULL, NULL, NULL},
	    cmocka_unit_test(test_retry_after_denial),
	    cmocka_unit_test(test_wrong_anchor),
	    cmocka_unit_test(test_settings_refused),
	    cmocka_unit_test(test_silent_server),
	    cmocka_unit_test(test_not_a_domain),
	    cmocka_unit_test(test_forward),
	    cmocka_unit_test(test_forward_several),
	    {"section 9.14: a fault on our side permits nothing", test_forward_failure_never_permits, NULL,
		NULL, NULL},
	    cmocka_unit_test(test_forward_refused),
	    {"section 9.14: the default is the Internet, validated to IANA's anchor", test_production_default,
		NULL, NULL, NULL},
	};
	size_t n = 17;

	for (size_t i = 0; i < sizeof(looked_up) / sizeof(looked_up[0]); i++)
		tests[n++] = (struct CMUnitTest){
		    fixture_point(looked_up[i].reason <= CAA_BOGUS ? "9.14" : "9.13", looked_up[i].domain),
		    test_looked_up, NULL, NULL, (void *)&looked_up[i]};
	return _cmocka_run_group_tests("caa_resolver", tests, n, group_setup, group_teardown);
}
