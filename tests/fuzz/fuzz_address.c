/* fuzz_address.c - libFuzzer: whatever is typed for an address, what is accepted is plain ASCII, bounded,
 * with one
 * '@', and reads as itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void canonical_check(const char *address)
{
	char again[ADDRESS_MAX + 1], shown[300];
	const char *at = strchr(address, '@');
	struct err e;

	if (strlen(address) > ADDRESS_MAX || at == NULL || at == address || strchr(at + 1, '@') != NULL)
		abort();
	for (const char *p = address; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"()<>,;:\\[]", *p) != NULL)
			abort();
	if (address_read(again, address, &e) == -1 || strcmp(again, address) != 0)
		abort();
	if (address_domain(address) != at + 1 || strchr(at, '.') == NULL)
		abort();
	address_domain_shown(shown, sizeof(shown), address);
	if (!utf8_valid(shown, strlen(shown)) || *shown == '\0')
		abort();
	(void)address_domain_hint(address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), out[ADDRESS_MAX + 1];
	struct err e = {0};

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (address_read(out, text, &e) == 0)
		canonical_check(out);
	else if (e.fault == FAULT_none || strncmp(fault_code(e.fault), "email_", 6) != 0 ||
		 !utf8_valid(e.arg, strlen(e.arg)))
		abort();
	free(text);
	return 0;
}
