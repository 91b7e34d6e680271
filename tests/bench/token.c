/* token.c - how many signatures a second the token gives with the issuing CA's key: what a signer can give at
 * most, and far below what OpenSSL gives with the key in memory.
 *
 * Usage: token CONFIG SECONDS; reads the signer's settings. One thread, one session, digests of SHA-256,
 * nothing verified. Prints the number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/rand.h>
#include <openssl/x509.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/issuer.h"
#include "lib/pki/token.h"

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static X509 *certificate_of(const struct conf *conf, struct err *e)
{
	char path[4096], *der = NULL;
	const unsigned char *p;
	size_t len;
	X509 *x;

	(void)snprintf(
	    path, sizeof(path), "%s/%s.cer", conf_text(conf, SET_CA_DIR), conf_text(conf, SET_CA_ISSUER));
	if (file_read(path, CA_CERTIFICATE_MAX, &der, &len, e) == -1)
		return NULL;
	p = (const unsigned char *)der;
	x = d2i_X509(NULL, &p, (long)len);
	free(der);
	return x;
}

/* Signatures a second. */
static double rate(struct token *t, unsigned long handle, X509 *issuer, double seconds, struct err *e)
{
	const double begin = seconds_now();
	unsigned char digest[32];
	long signatures = 0;
	double now = begin;

	for (; now - begin < seconds; now = seconds_now(), signatures++) {
		unsigned char *signature;
		size_t len;

		if (RAND_bytes(digest, sizeof(digest)) != 1 ||
		    token_sign(t, handle, X509_get0_pubkey(issuer), "SHA256", digest, sizeof(digest),
			&signature, &len, e) == -1)
			return -1;
		free(signature);
	}
	return (double)signatures / (now - begin);
}

int main(int argc, char **argv)
{
	struct token *token = NULL;
	struct conf *conf = NULL;
	unsigned long handle;
	char *pin = NULL;
	struct err e = {0};
	X509 *issuer = NULL;
	double found = -1;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: token CONFIG SECONDS\n");
		return 2;
	}
	if (conf_load(&conf, argv[1], &e) == 0 && conf_secret(conf, SET_CA_PKCS11_PIN, &pin, &e) == 0 &&
	    (issuer = certificate_of(conf, &e)) != NULL &&
	    token_open(&token, conf_text(conf, SET_CA_PKCS11_MODULE), conf_text(conf, SET_CA_PKCS11_TOKEN),
		pin == NULL ? "" : pin, &e) == 0 &&
	    token_key_find(token, conf_text(conf, SET_CA_ISSUER), &handle, &e) == 0)
		found = rate(token, handle, issuer, strtod(argv[2], NULL), &e);
	secret_free(pin);
	token_close(token);
	X509_free(issuer);
	conf_free(conf);
	if (found < 0) {
		(void)fprintf(stderr, "token: %s\n", e.log);
		return 1;
	}
	(void)printf("%.1f\n", found);
	return 0;
}
