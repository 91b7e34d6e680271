/* lint_view.h - a tbsCertificate taken apart for the checks of lint.c; of no use to others. */
#ifndef LIB_PKI_LINT_VIEW_H
#define LIB_PKI_LINT_VIEW_H

#include <stdbool.h>
#include <time.h>

#include "lib/pki/der.h"
#include "lib/pki/lint.h"

#define VIEW_EXTENSIONS_MAX 32

/* The extensions the profile knows; everything else is EXTENSION_OTHER. */
enum lint_extension {
	EXTENSION_AKI,
	EXTENSION_SKI,
	EXTENSION_KEY_USAGE,
	EXTENSION_EXT_KEY_USAGE,
	EXTENSION_POLICIES,
	EXTENSION_SAN,
	EXTENSION_CRLDP,
	EXTENSION_AIA,
	EXTENSION_BASIC_CONSTRAINTS,
	EXTENSION_OTHER
};

struct extension_view {
	struct der_value oid, value; /* value: the OCTET STRING */
	struct der_value critical;   /* the BOOLEAN, when encoded */
	bool has_critical;
	enum lint_extension type;
};

enum key_kind { KIND_RSA, KIND_P256, KIND_P384, KIND_P521, KIND_ED25519, KIND_OTHER };

/* What the issuing CA's own certificate says. */
struct issuer_view {
	struct der_value subject, key_id;
	time_t not_before, not_after;
	enum key_kind kind;
};

struct lint_view {
	const struct lint_facts *facts;
	struct issuer_view issuer_facts;
	struct der_value version, serial, signature, issuer, not_before, not_after, subject, spki,
	    spki_algorithm, spki_key; /* version.whole NULL: not there */
	bool unique_ids;
	bool has_extensions;
	struct extension_view extensions[VIEW_EXTENSIONS_MAX];
	size_t extension_count;
	enum key_kind kind;
};

/* Sort the key by its AlgorithmIdentifier's octets (SBR 7.1.3.1). */
enum key_kind key_kind(const struct der_value *algorithm);
/* The first extension of a type, or NULL. */
const struct extension_view *extension_find(const struct lint_view *, enum lint_extension);
/* Its content as one value with this tag: false when it is not there or of another form. */
bool extension_open(const struct lint_view *, enum lint_extension, unsigned char tag, struct der_value *out);
/* Whether a value is the text, octet for octet. */
bool value_is_text(const struct der_value *, const char *text);

/* A check: true when the rule is kept; else it writes what is wrong into words (room of lint_finding.words).
 */
typedef bool lint_function(const struct lint_view *, char *words);
#define WORDS_ROOM (sizeof(((struct lint_finding *)0)->words))

struct lint_check {
	const char *id, *section;
	lint_function *function;
};

/* Write words and answer false: how a check ends that found something. */
bool lint_say(char *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The tables, each in the order of the document; ended by an id of NULL. */
extern const struct lint_check lint_field_checks[];     /* lint_fields.c */
extern const struct lint_check lint_extension_checks[]; /* lint_extensions.c */

#endif
