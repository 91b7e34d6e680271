/* number.c - the signer's duty for blocked keys: a key that was revoked as compromised stands on the block
 * list by its SPKI's hash. The hash of its number, by which its kin are known, is worked out here, from a
 * certificate: the database cannot, and a worker is not believed.
 */
#include "tools/signer/signer.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/db/db.h"
#include "lib/pki/key.h"

#define LOOK_SECONDS 5 /* between two looks */
#define KEYS_MOST    100

/* Both hashes of a certificate's key; false when it is none that can be read. */
static bool certificate_hashes(struct key_hashes *out, const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *certificate = d2i_X509(NULL, &p, (long)len);
	EVP_PKEY *key = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
	struct err ignored;
	bool read;

	read = key != NULL && key_hashes(out, key, &ignored) == 0;
	X509_free(certificate);
	ERR_clear_error();
	return read;
}

/* One run of blocked keys behind `after`, which moves on; *more: there may be others. */
static int numbers_fill(struct signer *s, unsigned char after[32], bool *more, struct err *e)
{
	struct db_rows *rows = NULL;
	int rc = 0;

	if (db_run(s->db, STMT_KEY_UNNUMBERED, &rows, e, DB_ARGS(P_BYTES(after, 32), P_NUMBER(KEYS_MOST))) ==
	    -1)
		return -1;
	*more = db_rows_count(rows) == KEYS_MOST;
	for (size_t i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		size_t spki_len, der_len;
		const char *spki = db_bytes(rows, i, "spki_sha256", &spki_len);
		const char *der = db_bytes(rows, i, "der", &der_len);
		struct key_hashes hashes;

		if (spki == NULL || spki_len != 32 || der == NULL)
			continue;
		memcpy(after, spki, 32);
		if (certificate_hashes(&hashes, (const unsigned char *)der, der_len) &&
		    memcmp(hashes.spki, spki, 32) == 0)
			rc = db_run(s->db, STMT_KEY_NUMBERED, NULL, e,
			    DB_ARGS(P_BYTES(hashes.spki, sizeof(hashes.spki)),
				P_BYTES(hashes.number, sizeof(hashes.number))));
	}
	db_rows_free(rows);
	return rc;
}

void numbers_look(struct signer *s, long now)
{
	unsigned char after[32] = {0};
	bool more = true;
	struct err e;

	if (now < s->numbers_due)
		return;
	s->numbers_due = now + LOOK_SECONDS * 1000L;
	while (more)
		if (numbers_fill(s, after, &more, &e) == -1) {
			if (e.fault != FAULT_busy)
				log_err(LOG_LEVEL_ERROR, &e, "numbers of blocked keys");
			return;
		}
}
