/* ca_key.c - the kinds of key that a new CA may have; see ca_key.h. */
#include "lib/pki/ca_key.h"

#include <stddef.h>

static const struct ca_key_row rows[CA_KEY__MAX] = {
    [CA_KEY_P256] = {"P-256", "EC", "P-256", 0},
    [CA_KEY_P384] = {"P-384", "EC", "P-384", 0},
    [CA_KEY_RSA4096] = {"RSA-4096", "RSA", NULL, 4096},
};

const struct ca_key_row *ca_key_row(enum ca_key key)
{
	return &rows[key];
}
