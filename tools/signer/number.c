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
#define KEYS_MOST \
	500 /* a look; of an imported list most have no certificate, and are looked at again and again */

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

/* One run of blocked keys behind the one that was looked at last; behind the last of all it begins anew. */
static int numbers_fill(struct signer *s, struct err *e)
{
	unsigned char *after = s->number_after;
	struct db_rows *rows = NULL;
	int rc = 0;

	if (db_run(s->db, STMT_KEY_UNNUMBERED, &rows, e, DB_ARGS(P_BYTES(after, 32), P_NUMBER(KEYS_MOST))) ==
	    -1)
		return -1;
	if (db_rows_count(rows) < KEYS_MOST)
		memset(after, 0, 32);
	for (size_t i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		size_t spki_len, der_len;
		const char *spki = db_bytes(rows, i, "spki_sha256", &spki_len);
		const char *der = db_bytes(rows, i, "der", &der_len);
		struct key_hashes hashes;

		if (spki == NULL || spki_len != 32)
			continue;
		if (db_rows_count(rows) == KEYS_MOST)
			memcpy(after, spki, 32);
		if (der != NULL && certificate_hashes(&hashes, (const unsigned char *)der, der_len) &&
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
	struct err e;

	if (now < s->numbers_due)
		return;
	s->numbers_due = now + LOOK_SECONDS * 1000L;
	if (numbers_fill(s, &e) == -1 && e.fault != FAULT_busy)
		log_err(LOG_LEVEL_ERROR, &e, "numbers of blocked keys");
}
