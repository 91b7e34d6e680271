/* product.h - what is sold, as data: hdf/products.hdf names each product and the profile of its certificates.
 *
 * A new validity or another set of fields is an edit of that file; a wrong file stops the start with the line
 * and the reason.
 */
#ifndef LIB_PKI_PRODUCT_H
#define LIB_PKI_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* SBR 7.1.2.3: the certificate generations still allowed. */
enum generation { GENERATION_STRICT, GENERATION_MULTIPURPOSE };

/* SBR 7.1.2.3(e): what the key is for; with the key's type it selects the keyUsage bits. */
enum purpose { PURPOSE_SIGNING, PURPOSE_KEY_MANAGEMENT, PURPOSE_DUAL };

/* Subject attributes a mailbox-validated certificate may have (SBR 7.1.4.2.3). */
enum subject_field { FIELD_EMAIL_ADDRESS, FIELD_COMMON_NAME, FIELD__MAX };
enum field_rule { FIELD_ABSENT, FIELD_OPTIONAL, FIELD_MANDATORY };

/* Ways to bring a key; bits of product.methods. */
#define METHOD_CSR     1U
#define METHOD_BROWSER 2U

/* Keys a product takes; bits of product.keys. */
#define KEY_RSA     1U
#define KEY_P256    2U
#define KEY_P384    4U
#define KEY_P521    8U
#define KEY_ED25519 16U
#define KEY_EC      (KEY_P256 | KEY_P384 | KEY_P521)

struct product {
	char *id;       /* "smime-mailbox-365": stable, in orders and partner posts */
	char *name;     /* "Certum S/MIME Mailbox 365 days - issue" in the manual; ours from the file */
	char *category; /* "S/MIME" */
	long validity;  /* seconds; notAfter = notBefore + validity - 1 (SBR 6.3.2: at most 825 days) */
	enum generation generation;
	enum purpose purpose;
	enum field_rule fields[FIELD__MAX];
	unsigned methods, keys;
	long rsa_bits_least, rsa_bits_most;
};

struct products {
	struct product *list; /* owned, in the order of the file */
	size_t count;
};

/* Read and check the file. Gives *out to the caller; FAULT_config_invalid's log line names file, line,
 * product and reason: "hdf/products.hdf:17: product 1 (smime-mailbox-365): ValidityDays: "900": a whole
 * number from 1 to 825 …". Unknown keys are refused. */
int products_load(struct products **out, const char *path, struct err *e);
void products_free(struct products *); /* NULL is fine */
/* The product with that id, or NULL. It belongs to the products. */
const struct product *product_find(const struct products *, const char *id);

/* Stable words of the enums, as they stand in the product file, forms and the database: "emailAddress",
 * "commonName"; "csr", "browser"; "strict"; "dual"; "RSA", "P-256". */
const char *subject_field_word(enum subject_field);
const char *method_word(unsigned method_bit);
const char *key_word(unsigned key_bit);
/* The method's bit for a word from a form, or 0. */
unsigned method_by_word(const char *word);

#endif
