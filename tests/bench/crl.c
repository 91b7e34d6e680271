/* crl.c - how long a CRL takes and how much memory, by its entries: build/plain/tests/bench/crl [ENTRIES]...
 *
 * Each size is made in a process of its own, so that its peak memory is its own: entries with random serials
 * and every second one with a reason, built, signed by a P-256 key and published. Beside it, in the same run,
 * what a walk over as many octets with SHA-256 takes: quote the ratio, not the seconds. The row's peak is of
 * the whole process.
 */
#include "tests/unit/fixture_pki.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/pki/crl.h"

static struct fixture fixture;

struct source {
	size_t left;
	uint64_t state;
};

/* xorshift64: fast, and the same each time. */
static uint64_t draw(struct source *s)
{
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return s->state;
}

static int next(void *arg, struct crl_entry *out, struct err *e)
{
	struct source *s = arg;

	(void)e;
	if (s->left == 0)
		return 0;
	for (int i = 0; i < 2; i++) {
		const uint64_t word = draw(s);

		memcpy(out->serial + i * 8, &word, 8);
	}
	out->serial[0] = (unsigned char)((out->serial[0] & 0x7f) | 0x40);
	out->serial_len = 16;
	out->revoked_at = FIXTURE_NOW - (time_t)(s->left % 1000000);
	out->reason = s->left % 2 == 0 ? REASON_UNSPECIFIED : REASON_SUPERSEDED;
	s->left--;
	return 1;
}

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(size_t entries)
{
	struct source source = {.left = entries, .state = 88172645463325252U};
	const struct crl_plan plan = {.issuer = fixture.issuer,
	    .number = entries,
	    .this_update = FIXTURE_NOW,
	    .next_update = FIXTURE_NOW + 6 * DAY,
	    .next = next,
	    .arg = &source};
	unsigned char digest[32];
	double begin, built, published, hashed;
	struct rusage used;
	struct crl crl = {0};
	struct err e;

	begin = seconds();
	if (crl_build(&crl, &plan, &e) == -1) {
		(void)fprintf(stderr, "crl: %s\n", e.log);
		exit(1);
	}
	built = seconds();
	if (crl_publish(&crl, fixture.issuer, fixture.public_dir, &e) == -1) {
		(void)fprintf(stderr, "crl: %s\n", e.log);
		exit(1);
	}
	published = seconds();
	(void)EVP_Digest(crl.der, crl.der_len, digest, NULL, EVP_sha256(), NULL);
	hashed = seconds();
	(void)getrusage(RUSAGE_SELF, &used);
	(void)printf("%9zu  %10zu  %8.3f  %8.3f  %7.0f  %8.1f\n", entries, crl.der_len, built - begin,
	    published - built, (double)used.ru_maxrss / 1024, (built - begin) / (hashed - published));
	crl_free(&crl);
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {"10000", "100000", "1000000"};
	const char *const *sizes = argc > 1 ? (const char *const *)argv + 1 : usual;
	const int count = argc > 1 ? argc - 1 : 3;
	int failed = 0;

	fixture_dir_make(&fixture);
	fixture_ca_make(&fixture, CA_KEY_P256, CA_KEY_P256);
	(void)printf("  entries      octets   build s  publish s  peak MB  times SHA-256\n");
	for (int i = 0; i < count; i++) {
		pid_t pid;
		int status;

		(void)fflush(stdout);
		pid = fork();
		if (pid == 0) {
			measure((size_t)strtoull(sizes[i], NULL, 10));
			(void)fflush(stdout);
			_exit(0);
		}
		failed |= pid == -1 || waitpid(pid, &status, 0) == -1 || status != 0;
	}
	fixture_remove(&fixture);
	return failed;
}
