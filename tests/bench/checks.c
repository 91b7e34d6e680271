/* checks.c - what it costs to judge a request: build/plain/tests/bench/checks. Processor's microseconds a
 * call of csr_read() with csr_check(), which a worker does while a person types and the signer before it
 * signs, and of key_check() alone, beside one verification of the request's signature in the same run: quote
 * the ratio, not the microseconds.
 */
#include "tests/unit/fixture_pki.h"

#include "lib/pki/csr.h"
#include "lib/pki/key.h"

#define ROUND 0.4 /* seconds a measure runs */
#define TIMES 5   /* the median of so many */

static const struct product *product;

struct subject {
	char *pem;
	size_t len;
	X509_REQ *request;
	EVP_PKEY *key;
};

static void check_csr(const struct subject *s)
{
	struct csr *csr = NULL;
	struct err e;

	assert_done(csr_read(&csr, s->pem, s->len, NULL, &e), &e);
	assert_done(csr_check(csr, product, NULL, &e), &e);
	csr_free(csr);
}

static void check_key(const struct subject *s)
{
	struct err e;

	assert_done(key_check(s->key, &e), &e);
}

static void check_signature(const struct subject *s)
{
	if (X509_REQ_verify(s->request, s->key) != 1)
		exit(1);
}

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Microseconds a call. */
static double cost(void (*call)(const struct subject *), const struct subject *s)
{
	double list[TIMES];

	for (int i = 0; i < TIMES; i++) {
		const double begin = seconds();
		double now = begin;
		long calls = 0;

		for (; now - begin < ROUND; now = seconds(), calls++)
			call(s);
		list[i] = (now - begin) * 1e6 / (double)calls;
	}
	qsort(list, TIMES, sizeof(list[0]), compare);
	return list[TIMES / 2];
}

static void measure(const char *name, EVP_PKEY *key)
{
	struct subject s = {.request = X509_REQ_new(), .key = key};
	BIO *bio = BIO_new(BIO_s_mem());
	double csr, alone, signature;
	char *data;

	if (key == NULL || X509_REQ_set_pubkey(s.request, key) != 1 ||
	    X509_REQ_sign(s.request, key, EVP_sha256()) <= 0 || PEM_write_bio_X509_REQ(bio, s.request) != 1)
		exit(1);
	s.len = (size_t)BIO_get_mem_data(bio, &data);
	s.pem = data;
	csr = cost(check_csr, &s);
	alone = cost(check_key, &s);
	signature = cost(check_signature, &s);
	(void)printf(
	    "%-9s %9.1f us %9.1f us %9.1f us  %6.1f\n", name, csr, alone, signature, csr / signature);
	(void)fflush(stdout);
	BIO_free(bio);
	X509_REQ_free(s.request);
	EVP_PKEY_free(key);
}

int main(void)
{
	struct product any = fixture_product(GENERATION_STRICT, PURPOSE_DUAL, 365);

	product = &any;
	(void)printf("key       read+check    key_check  signature  ratio\n");
	measure("RSA-2048", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
	measure("RSA-3072", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072));
	measure("RSA-4096", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)4096));
	measure("P-256", EVP_EC_gen("P-256"));
	measure("P-384", EVP_EC_gen("P-384"));
	measure("P-521", EVP_EC_gen("P-521"));
	return 0;
}
