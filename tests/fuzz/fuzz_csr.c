/* fuzz_csr.c - libFuzzer: whatever is pasted for a request, csr_read() and csr_check() answer and never
 * break.
 *
 * What is accepted must be DER that is read again with the same result, and only by a key that the struct
 * names.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/pki/csr.h"
#include "lib/pki/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct csr *csr)
{
	struct csr *again = NULL;
	struct err e;

	if (csr_read(&again, (const char *)csr->der, csr->der_len, NULL, &e) == -1 ||
	    again->der_len != csr->der_len || memcmp(again->der, csr->der, csr->der_len) != 0 ||
	    again->type != csr->type)
		abort();
	csr_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size, so that reading past its end is seen; never NULL. */
	char *text = malloc(size == 0 ? 1 : size);
	struct key_hashes pasted;
	struct csr *csr = NULL;
	struct err e = {0};

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	if (csr_read(&csr, text, size, &pasted, &e) == 0) {
		if ((csr->type == 0) != (csr->key == NULL))
			abort();
		if (csr_check(csr, NULL, NULL, &e) == 0 && csr->key == NULL)
			abort();
		read_again(csr);
	} else if (e.fault == FAULT_none || strncmp(fault_code(e.fault), "csr_", 4) != 0) {
		abort();
	}
	csr_free(csr);
	free(text);
	return 0;
}
