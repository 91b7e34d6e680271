/* ca_key.h - the kinds of key that a new CA may have (SBR 6.1.5; RSA under 4096 bits has ended for CA
 * certificates). */
#ifndef LIB_PKI_CA_KEY_H
#define LIB_PKI_CA_KEY_H

enum ca_key { CA_KEY_P256, CA_KEY_P384, CA_KEY_RSA4096, CA_KEY__MAX };

/* How OpenSSL makes a key of a kind. All static. */
struct ca_key_row {
	const char *word;  /* "P-256", "P-384", "RSA-4096": as documents call it */
	const char *type;  /* "EC", "RSA" */
	const char *group; /* the curve; NULL for RSA */
	unsigned bits;     /* of RSA; else 0 */
};
const struct ca_key_row *ca_key_row(enum ca_key);

#endif
