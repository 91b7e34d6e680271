/* test_lint.c - good certificates have no finding; each bent one is caught by the check meant for it.
 *
 * A bent certificate is a row of a table: the check's id, the good certificate it starts from, where, and
 * what is done there. The last test holds the table against the lint's own list, so that no check is without
 * a row.
 */
#include "tests/unit/fixture_pki.h"
#include "tests/unit/der_tree.h"

#include "lib/pki/lint.h"

#define JOE "joe.doe@mailcert.example"
#define CPS "https://mailcert.example/cps"

/* The good certificates to start from. */
enum base { BASE_P256, BASE_RSA, BASE_ED25519, BASE_MULTIPURPOSE, BASE_EMPTY_SUBJECT, BASE_CPS, BASE__MAX };

static const struct base_row {
	const char *name, *key;
	enum generation generation;
	enum purpose purpose;
	unsigned fields;
	const char *cps_url;
} base_rows[BASE__MAX] = {
    [BASE_P256] = {"good_p256", "p256", GENERATION_STRICT, PURPOSE_DUAL, 3, ""},
    [BASE_RSA] = {"good_rsa", "rsa2048", GENERATION_STRICT, PURPOSE_DUAL, 3, ""},
    [BASE_ED25519] = {"good_ed25519", "ed25519", GENERATION_STRICT, PURPOSE_SIGNING, 3, ""},
    [BASE_MULTIPURPOSE] = {"good_multipurpose", "rsa3072", GENERATION_MULTIPURPOSE, PURPOSE_DUAL, 3, ""},
    [BASE_EMPTY_SUBJECT] = {"good_empty_subject", "p384", GENERATION_STRICT, PURPOSE_KEY_MANAGEMENT, 0, ""},
    [BASE_CPS] = {"good_cps", "p521", GENERATION_STRICT, PURPOSE_SIGNING, 1, CPS},
};

static const unsigned char serial[SERIAL_LEN] = {
    0x4d, 0x61, 0x69, 0x6c, 0x63, 0x65, 0x72, 0x74, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

/* A good tbsCertificate with the facts it agrees with. */
struct specimen {
	struct product product;
	struct subscriber s;
	struct lint_facts facts;
	unsigned char *spki, *tbs;
	size_t tbs_len;
};

static struct fixture fixture;

static void specimen_make(struct specimen *sp, enum base base)
{
	const struct base_row *row = &base_rows[base];
	struct err e;

	memset(sp, 0, sizeof(*sp));
	free(fixture.issuer->cps_url);
	fixture.issuer->cps_url = strdup(row->cps_url);
	sp->product = fixture_product(row->generation, row->purpose, 365);
	sp->product.fields[FIELD_EMAIL_ADDRESS] = FIELD_OPTIONAL;
	fixture_spki_load(row->key, &sp->spki, &sp->s.spki_len);
	sp->s.product = &sp->product;
	sp->s.address = JOE;
	sp->s.spki = sp->spki;
	sp->s.not_before = FIXTURE_NOW;
	sp->s.fields = row->fields;
	memcpy(sp->s.serial, serial, SERIAL_LEN);
	assert_done(certificate_tbs(&sp->tbs, &sp->tbs_len, &sp->s, fixture.issuer, &e), &e);
	sp->facts = (struct lint_facts){
	    .issuer = fixture.issuer->der,
	    .issuer_len = fixture.issuer->der_len,
	    .crl_url = FIXTURE_URL "/crl/issuing-1.crl",
	    .ca_url = FIXTURE_URL "/ca/issuing-1.cer",
	    .cps_url = row->cps_url,
	    .address = JOE,
	    .spki = sp->spki,
	    .spki_len = sp->s.spki_len,
	    .serial = serial,
	    .serial_len = SERIAL_LEN,
	    .generation = row->generation,
	    .purpose = row->purpose,
	    .validity = 365 * DAY,
	    .fields = row->fields,
	    .now = FIXTURE_NOW,
	};
}

static void specimen_free(struct specimen *sp)
{
	OPENSSL_free(sp->spki);
	free(sp->tbs);
}

static void test_good(void **state)
{
	enum base base = (enum base)((const struct base_row *)*state - base_rows);
	struct lint_report report;
	struct specimen sp;
	struct err e;

	specimen_make(&sp, base);
	assert_done(lint_tbs(&report, sp.tbs, sp.tbs_len, &sp.facts, &e), &e);
	assert_int_equal(report.count, 0);
	specimen_free(&sp);
}

/* --- bending
 * -------------------------------------------------------------------------------------------------- */

enum op {
	OP_VALUE,   /* put this content (hex) into the node */
	OP_TEXT,    /* put this text into the node */
	OP_TAG,     /* give the node this tag (hex) */
	OP_REPLACE, /* put this (hex, written as it is) in the node's place */
	OP_REMOVE,  /* take the node away */
	OP_INSERT,  /* put this (hex, written as it is) before the node */
	OP_APPEND,  /* put this (hex, written as it is) behind the node's last child */
	OP_TWICE,   /* put a copy behind the node */
	OP_FLIP,    /* turn the last bit of the node's content */
	OP_TIME,    /* a UTCTime so many seconds after now */
	OP_CUT,     /* leave the last octet of the whole away */
	OP_TAIL,    /* put this (hex) behind the whole */
	OP_DEEP,    /* put 30 SEQUENCEs in each other in the node's place */
	OP_FACTS    /* leave the certificate, change what it should say: see facts_change() */
};

struct bend {
	const char *id;
	enum base base;
	const char
	    *path; /* children from the top, "4/1"; or "ku/1": in that extension; "ku!/0": in its value */
	enum op op;
	const char *what;
};

#define HEX_OF_65_A                                                        \
	"6161616161616161616161616161616161616161616161616161616161616161" \
	"616161616161616161616161616161616161616161616161616161616161616161"

static const struct bend bends[] = {
    /* DER itself */
    {"der_truncated", BASE_P256, "", OP_CUT, NULL},
    {"der_truncated", BASE_P256, "1", OP_REPLACE, "02850000000001"},
    {"der_length_definite", BASE_P256, "4", OP_REPLACE, "30800000"},
    {"der_length_minimal", BASE_P256, "1", OP_REPLACE, "0281104d61696c636572740123456789abcdef"},
    {"der_length_minimal", BASE_P256, "0", OP_REPLACE, "a0820003020102"},
    {"der_length_minimal", BASE_P256, "ku!", OP_REPLACE, "0381020388"},
    {"der_tag", BASE_P256, "0", OP_REPLACE, "bf2003020102"},
    {"der_tag", BASE_P256, "5/1/0/1", OP_REPLACE, "3603160161"},
    {"der_tag", BASE_P256, "5/1/0/1", OP_REPLACE, "1e020061"},
    {"der_tag", BASE_P256, "5/1/0/1", OP_REPLACE, "c10161"},
    {"der_trailing", BASE_P256, "", OP_TAIL, "0500"},
    {"der_trailing", BASE_P256, "ku!", OP_REPLACE, "030203880500"},
    {"der_depth", BASE_P256, "5", OP_DEEP, NULL},
    {"der_boolean", BASE_P256, "ku/1", OP_VALUE, "01"},
    {"der_integer_minimal", BASE_P256, "0/0", OP_VALUE, "0002"},
    {"der_integer_minimal", BASE_P256, "1", OP_VALUE, "004d61696c636572740123456789abcdef"},
    {"der_integer_minimal", BASE_P256, "1", OP_VALUE, ""},
    {"der_bit_string_padding", BASE_P256, "ku!", OP_VALUE, "0389"},
    {"der_bit_string_padding", BASE_P256, "ku!", OP_VALUE, "0988"},
    {"der_bit_string_padding", BASE_P256, "6/1", OP_VALUE, ""},
    {"der_null_empty", BASE_RSA, "6/0/1", OP_REPLACE, "050100"},
    {"der_oid_minimal", BASE_P256, "6/0/0", OP_VALUE, "802a"},
    {"der_oid_minimal", BASE_P256, "cp!/0/0", OP_VALUE, "6781"},
    {"der_string_octets", BASE_P256, "5/1/0/1", OP_VALUE, "e46f406f"},
    {"der_string_octets", BASE_P256, "5/0/0/1", OP_VALUE, "c0ae"},
    {"der_string_octets", BASE_P256, "3/0/0/1", OP_VALUE, "4040"},
    {"der_time_form", BASE_P256, "4/0", OP_TEXT, "2611221403Z"},
    {"der_time_form", BASE_P256, "4/0", OP_TEXT, "261122140300+0000"},
    {"der_time_form", BASE_P256, "4/0", OP_TEXT, "261322140300Z"},
    {"der_time_form", BASE_P256, "4/1", OP_TEXT, "270229140300Z"},
    {"der_time_form", BASE_P256, "4/1", OP_TEXT, "271122240000Z"},
    {"der_set_order", BASE_P256, "5/0", OP_REPLACE,
	"311430080603550403"
	"0c0162"
	"30080603550403"
	"0c0161"},
    /* the frame */
    {"tbs_structure", BASE_P256, "4", OP_REMOVE, NULL},
    {"tbs_structure", BASE_P256, "", OP_APPEND, "0500"},
    {"tbs_structure", BASE_P256, "4/1", OP_REPLACE, "020101"},
    {"tbs_structure", BASE_P256, "4", OP_APPEND, "020101"},
    {"tbs_structure", BASE_P256, "6/1", OP_REMOVE, NULL},
    {"tbs_structure", BASE_P256, "ku/0", OP_REMOVE, NULL},
    {"tbs_structure", BASE_P256, "6/1", OP_VALUE, "0104"},
    /* fields */
    {"version_v3", BASE_P256, "0", OP_REMOVE, NULL},
    {"version_v3", BASE_P256, "0/0", OP_VALUE, "01"},
    {"serial_positive", BASE_P256, "1", OP_VALUE, "8d61696c636572740123456789abcdef"},
    {"serial_positive", BASE_P256, "1", OP_VALUE, "00"},
    {"serial_octets", BASE_P256, "1", OP_VALUE, "4d61696c636572740123456789abcdef0123456789"},
    {"serial_octets", BASE_P256, "1", OP_VALUE, "4d61696c63657274"},
    {"serial_reserved", BASE_P256, "1", OP_VALUE, "4d61696c636572740123456789abcdee"},
    {"serial_reserved", BASE_P256, "", OP_FACTS, "serial"},
    {"signature_algorithm_octets", BASE_P256, "2", OP_REPLACE, "300906072a8648ce3d0401"},
    {"signature_algorithm_octets", BASE_P256, "2", OP_REPLACE, "300c06082a8648ce3d0403020500"},
    {"signature_algorithm_octets", BASE_P256, "2", OP_REPLACE, "300d06092a864886f70d0101050500"},
    {"signature_algorithm_octets", BASE_P256, "2", OP_REPLACE, "300b06092a864886f70d01010b"},
    {"signature_algorithm_key", BASE_P256, "2", OP_REPLACE, "300a06082a8648ce3d040303"},
    {"signature_algorithm_key", BASE_P256, "2", OP_REPLACE, "300d06092a864886f70d01010b0500"},
    {"issuer_octets", BASE_P256, "3/0/0/1", OP_TEXT, "AT"},
    {"issuer_octets", BASE_P256, "3/2", OP_REMOVE, NULL},
    {"issuer_octets", BASE_P256, "3/0/0/1", OP_TAG, "0c"},
    {"validity_order", BASE_P256, "4/1", OP_TIME, "-1"},
    {"validity_encoding", BASE_P256, "4/0", OP_REPLACE, "180f32303236313132323134303330305a"},
    {"validity_encoding", BASE_P256, "4/1", OP_REPLACE, "180f32303237313132323134303235395a"},
    {"validity_825_days", BASE_P256, "4/1", OP_TIME, "71280000"},
    {"validity_product", BASE_P256, "4/1", OP_TIME, "31536000"},
    {"validity_product", BASE_P256, "4/1", OP_TIME, "31535998"},
    {"validity_product", BASE_P256, "", OP_FACTS, "validity"},
    {"validity_inside_issuer", BASE_P256, "4/0", OP_TIME, "-2592001"},
    {"validity_inside_issuer", BASE_P256, "4/1", OP_TIME, "315360000"},
    {"validity_starts_now", BASE_P256, "4/0", OP_TIME, "301"},
    {"validity_starts_now", BASE_P256, "4/0", OP_TIME, "-86401"},
    {"unique_ids_absent", BASE_P256, "7", OP_INSERT, "81020055"},
    {"unique_ids_absent", BASE_P256, "7", OP_INSERT, "82020055"},
    /* subject */
    {"subject_attributes", BASE_P256, "5", OP_APPEND, "310c300a060355040a0c034d4349"},
    {"subject_attributes", BASE_P256, "5", OP_APPEND, "310b3009060355040613024445"},
    {"subject_attributes", BASE_P256, "5", OP_APPEND,
	"310a300806035504051301"
	"31"},
    {"subject_attributes", BASE_EMPTY_SUBJECT, "5", OP_APPEND, "310a3008060355042a0c014a"},
    {"subject_attributes", BASE_P256, "5/0/0", OP_APPEND, "0500"},
    {"subject_single_valued", BASE_P256, "5/0", OP_REPLACE,
	"311430080603550403"
	"0c0161"
	"30080603550403"
	"0c0162"},
    {"subject_filled", BASE_P256, "5/0/0/1", OP_TEXT, "."},
    {"subject_filled", BASE_P256, "5/1/0/1", OP_TEXT, " - "},
    {"subject_filled", BASE_P256, "5/0/0/1", OP_TEXT, ""},
    {"subject_no_duplicates", BASE_P256, "5/0", OP_TWICE, NULL},
    {"subject_no_duplicates", BASE_P256, "5/1", OP_TWICE, NULL},
    {"subject_as_asked", BASE_P256, "5/0", OP_REMOVE, NULL},
    {"subject_as_asked", BASE_P256, "5/1", OP_REMOVE, NULL},
    {"subject_as_asked", BASE_P256, "", OP_FACTS, "fields"},
    {"common_name_type", BASE_P256, "5/0/0/1", OP_TAG, "16"},
    {"common_name_length", BASE_P256, "5/0/0/1", OP_VALUE, HEX_OF_65_A},
    {"common_name_mailbox", BASE_P256, "5/0/0/1", OP_TEXT, "Joe.doe@mailcert.example"},
    {"common_name_mailbox", BASE_P256, "5/0/0/1", OP_TEXT, "Joe Doe"},
    {"email_address_type", BASE_P256, "5/1/0/1", OP_TAG, "0c"},
    {"email_address_length", BASE_P256, "5/1/0/1", OP_VALUE, HEX_OF_65_A HEX_OF_65_A},
    {"email_address_mailbox", BASE_P256, "5/1/0/1", OP_TEXT, "jane.doe@mailcert.example"},
    /* subjectPublicKeyInfo */
    {"spki_algorithm_octets", BASE_RSA, "6/0/1", OP_REMOVE, NULL},
    {"spki_algorithm_octets", BASE_RSA, "6/0/0", OP_VALUE, "2a864886f70d01010a"},
    {"spki_algorithm_octets", BASE_P256, "6/0/1", OP_VALUE, "2b8104000a"},
    {"spki_algorithm_octets", BASE_ED25519, "6/0", OP_APPEND, "0500"},
    {"spki_requested", BASE_P256, "6/1", OP_FLIP, NULL},
    {"spki_requested", BASE_P256, "", OP_FACTS, "spki"},
    {"spki_rsa_form", BASE_RSA, "6/1", OP_VALUE, "000500"},
    {"spki_rsa_form", BASE_RSA, "6/1", OP_VALUE, "003009020103020103020103"},
    {"spki_rsa_form", BASE_RSA, "6/1", OP_VALUE,
	"0030060201830201"
	"03"},
    {"spki_rsa_modulus", BASE_RSA, "6/1", OP_VALUE, "003006020103020103"},
    {"spki_rsa_modulus", BASE_RSA, "6/1", OP_VALUE, "003006020100020103"},
    {"spki_rsa_exponent", BASE_RSA, "6/1", OP_VALUE, "003006020103020103"},
    {"spki_rsa_exponent", BASE_RSA, "6/1", OP_VALUE, "0030080201030203010000"},
    {"spki_ec_point", BASE_P256, "6/1", OP_VALUE,
	"00020000000000000000000000000000000000000000000000000000000000000000"},
    {"spki_ec_point", BASE_P256, "6/1", OP_VALUE, "00"},
    {"spki_ec_point", BASE_P256, "6/0/1", OP_VALUE, "2b81040022"},
    {"spki_ed25519_length", BASE_ED25519, "6/1", OP_VALUE, "00aabb"},
    /* extensions as a whole */
    {"extensions_present", BASE_P256, "7", OP_REMOVE, NULL},
    {"extension_no_duplicates", BASE_P256, "ku", OP_TWICE, NULL},
    {"extension_no_duplicates", BASE_P256, "san", OP_TWICE, NULL},
    {"extension_default_omitted", BASE_P256, "eku/1", OP_INSERT, "010100"},
    {"extension_prohibited", BASE_P256, "7/0", OP_APPEND, "30090603551d0904023000"},
    {"extension_prohibited", BASE_P256, "7/0", OP_APPEND,
	"300f06092b060104018398"
	"2a0104023000"},
    {"extension_prohibited", BASE_P256, "7/0", OP_APPEND, "3010060a2a864886f72f0101090104023000"},
    {"extension_known", BASE_P256, "7/0", OP_APPEND, "30090603551d1e04023000"},
    {"extension_known", BASE_P256, "7/0", OP_APPEND, "300f06092a864886f70d01090f04023000"},
    {"extension_known", BASE_P256, "7/0", OP_APPEND, "300c0603551d630101ff04023000"},
    /* (a) certificatePolicies */
    {"policies_present", BASE_P256, "cp", OP_REMOVE, NULL},
    {"policies_not_critical", BASE_P256, "cp/1", OP_INSERT, "0101ff"},
    {"policies_form", BASE_P256, "cp!", OP_REPLACE, "3000"},
    {"policies_form", BASE_P256, "cp!", OP_REPLACE, "0500"},
    {"policies_reserved_one", BASE_P256, "cp!", OP_APPEND, "3009060767810c01050102"},
    {"policies_reserved_one", BASE_P256, "cp!/0", OP_TWICE, NULL},
    {"policies_generation", BASE_P256, "cp!/0/0", OP_VALUE, "67810c01050102"},
    {"policies_generation", BASE_P256, "cp!/0/0", OP_VALUE, "67810c01050203"},
    {"policies_generation", BASE_P256, "cp!/0/0", OP_VALUE, "67810c01050101"},
    {"policies_generation", BASE_MULTIPURPOSE, "cp!/0/0", OP_VALUE, "67810c01050103"},
    {"policies_any", BASE_P256, "cp!", OP_APPEND, "30060604551d2000"},
    {"policies_known", BASE_P256, "cp!", OP_APPEND, "300b06092b06010401868d1f01"},
    {"policies_qualifier", BASE_P256, "cp!/0", OP_APPEND, "300c300a06082b06010505070202"},
    {"policies_qualifier", BASE_P256, "", OP_FACTS, "cps_url"},
    {"policies_qualifier", BASE_CPS, "cp!/0/1", OP_REMOVE, NULL},
    {"policies_qualifier", BASE_CPS, "cp!/0/1/0/1", OP_TEXT, "ftp://mailcert.example/cps"},
    {"policies_qualifier", BASE_CPS, "cp!/0/1/0", OP_TWICE, NULL},
    {"policies_qualifier", BASE_CPS, "cp!/0/1/0/1", OP_TAG, "0c"},
    /* (b) cRLDistributionPoints */
    {"crldp_present", BASE_P256, "crldp", OP_REMOVE, NULL},
    {"crldp_not_critical", BASE_P256, "crldp/1", OP_INSERT, "0101ff"},
    {"crldp_form", BASE_P256, "crldp!/0", OP_APPEND, "81020640"},
    {"crldp_form", BASE_P256, "crldp!/0", OP_TWICE, NULL},
    {"crldp_form", BASE_P256, "crldp!/0/0/0/0", OP_TAG, "82"},
    {"crldp_form", BASE_P256, "crldp!/0/0/0", OP_TAG, "a1"},
    {"crldp_http", BASE_P256, "crldp!/0/0/0/0", OP_TEXT, "https://pki.mailcert.example/crl/issuing-1.crl"},
    {"crldp_http", BASE_P256, "crldp!/0/0/0/0", OP_TEXT, "ldap://pki.mailcert.example/"},
    {"crldp_address", BASE_P256, "crldp!/0/0/0/0", OP_TEXT, "http://pki.mailcert.example/crl/issuing-2.crl"},
    /* (c) authorityInfoAccess */
    {"aia_present", BASE_P256, "aia", OP_REMOVE, NULL},
    {"aia_not_critical", BASE_P256, "aia/1", OP_INSERT, "0101ff"},
    {"aia_form", BASE_P256, "aia!/0/1", OP_TAG, "82"},
    {"aia_form", BASE_P256, "aia!", OP_REPLACE, "3000"},
    {"aia_http", BASE_P256, "aia!/0/1", OP_TEXT, "https://pki.mailcert.example/ca/issuing-1.cer"},
    {"aia_methods", BASE_P256, "aia!/0/0", OP_VALUE, "2b06010505073001"},
    {"aia_methods", BASE_P256, "aia!/0", OP_TWICE, NULL},
    {"aia_address", BASE_P256, "aia!/0/1", OP_TEXT, "http://pki.mailcert.example/ca/root-1.cer"},
    /* (d) basicConstraints */
    {"basic_constraints_not_ca", BASE_P256, "7/0", OP_APPEND, "300f0603551d130101ff040530030101ff"},
    {"basic_constraints_not_ca", BASE_P256, "7/0", OP_APPEND, "300c0603551d1304053003020100"},
    {"basic_constraints_not_ca", BASE_P256, "7/0", OP_APPEND, "300c0603551d1304053003010100"},
    /* (e) keyUsage */
    {"key_usage_present", BASE_P256, "ku", OP_REMOVE, NULL},
    {"key_usage_critical", BASE_P256, "ku/1", OP_REMOVE, NULL},
    {"key_usage_encoding", BASE_P256, "ku!", OP_VALUE, "0088"},
    {"key_usage_encoding", BASE_P256, "ku!", OP_VALUE, "00"},
    {"key_usage_encoding", BASE_P256, "ku!", OP_VALUE, "038800"},
    {"key_usage_encoding", BASE_P256, "ku!", OP_TAG, "04"},
    {"key_usage_allowed", BASE_P256, "ku!", OP_VALUE, "05a0"},
    {"key_usage_allowed", BASE_P256, "ku!", OP_VALUE, "0284"},
    {"key_usage_allowed", BASE_P256, "ku!", OP_VALUE, "0081"},
    {"key_usage_allowed", BASE_P256, "ku!", OP_VALUE, "078980"},
    {"key_usage_allowed", BASE_RSA, "ku!", OP_VALUE, "0388"},
    {"key_usage_allowed", BASE_RSA, "ku!", OP_VALUE, "04b0"},
    {"key_usage_allowed", BASE_ED25519, "ku!", OP_VALUE, "0388"},
    {"key_usage_purpose", BASE_P256, "ku!", OP_VALUE, "0780"},
    {"key_usage_purpose", BASE_P256, "ku!", OP_VALUE, "03c8"},
    {"key_usage_purpose", BASE_RSA, "ku!", OP_VALUE, "0520"},
    {"key_usage_purpose", BASE_MULTIPURPOSE, "ku!", OP_VALUE, "04b0"},
    {"key_usage_purpose", BASE_P256, "", OP_FACTS, "purpose"},
    /* (f) extKeyUsage */
    {"ext_key_usage_present", BASE_P256, "eku", OP_REMOVE, NULL},
    {"ext_key_usage_not_critical", BASE_P256, "eku/1", OP_INSERT, "0101ff"},
    {"ext_key_usage_form", BASE_P256, "eku!", OP_REPLACE, "3000"},
    {"ext_key_usage_form", BASE_P256, "eku!/0", OP_REPLACE, "0500"},
    {"ext_key_usage_email", BASE_P256, "eku!/0", OP_VALUE, "2b06010505070302"},
    {"ext_key_usage_email", BASE_P256, "eku!/0", OP_TWICE, NULL},
    {"ext_key_usage_prohibited", BASE_P256, "eku!", OP_APPEND, "06082b06010505070301"},
    {"ext_key_usage_prohibited", BASE_P256, "eku!", OP_APPEND, "06082b06010505070303"},
    {"ext_key_usage_prohibited", BASE_P256, "eku!", OP_APPEND, "06082b06010505070308"},
    {"ext_key_usage_prohibited", BASE_MULTIPURPOSE, "eku!", OP_APPEND, "0604551d2500"},
    {"ext_key_usage_generation", BASE_P256, "eku!", OP_APPEND, "06082b06010505070302"},
    {"ext_key_usage_generation", BASE_MULTIPURPOSE, "eku!/1", OP_REMOVE, NULL},
    {"ext_key_usage_generation", BASE_MULTIPURPOSE, "eku!", OP_APPEND, "06082b06010505070309"},
    /* (g), (n) key identifiers */
    {"aki_present", BASE_P256, "aki", OP_REMOVE, NULL},
    {"aki_not_critical", BASE_P256, "aki/1", OP_INSERT, "0101ff"},
    {"aki_key_id_only", BASE_P256, "aki!", OP_APPEND, "820101"},
    {"aki_key_id_only", BASE_P256, "aki!", OP_REPLACE, "3000"},
    {"aki_issuer", BASE_P256, "aki!/0", OP_FLIP, NULL},
    {"ski_present", BASE_P256, "ski", OP_REMOVE, NULL},
    {"ski_not_critical", BASE_P256, "ski/1", OP_INSERT, "0101ff"},
    {"ski_of_key", BASE_P256, "ski!", OP_FLIP, NULL},
    {"ski_of_key", BASE_P256, "ski!", OP_TAG, "80"},
    /* (h) subjectAltName */
    {"san_present", BASE_P256, "san", OP_REMOVE, NULL},
    {"san_critical", BASE_P256, "san/1", OP_INSERT, "0101ff"},
    {"san_critical", BASE_EMPTY_SUBJECT, "san/1", OP_REMOVE, NULL},
    {"san_form", BASE_P256, "san!", OP_REPLACE, "3000"},
    {"san_form", BASE_P256, "san!/0", OP_TAG, "16"},
    {"san_types", BASE_P256, "san!", OP_APPEND, "820161"},
    {"san_types", BASE_P256, "san!", OP_APPEND, "8607687474703a2f2f"},
    {"san_types", BASE_P256, "san!", OP_APPEND, "8704c0000201"},
    {"san_types", BASE_P256, "san!", OP_APPEND, "a4023000"},
    {"san_types", BASE_P256, "san!", OP_APPEND, "a00f06082b06010505070809a0030c0161"},
    {"san_one_mailbox", BASE_P256, "san!/0", OP_TWICE, NULL},
    {"san_one_mailbox", BASE_P256, "san!/0", OP_TAG, "82"},
    {"san_mailbox_verified", BASE_P256, "san!/0", OP_TEXT, "Joe.Doe@mailcert.example"},
    {"san_mailbox_verified", BASE_P256, "san!/0", OP_VALUE,
	"6a6f652e646f65406d61696c636572742e6578616d706c6500"},
    {"san_mailbox_verified", BASE_P256, "", OP_FACTS, "address"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "<joe.doe@mailcert.example>"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "Joe <joe.doe@mailcert.example>"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, " joe.doe@mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe..doe@mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, ".joe@mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "@mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe.doe"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@localhost"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@[192.0.2.1]"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@192.0.2.1"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@Mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@-mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@mailcert.example."},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_TEXT, "joe@a@mailcert.example"},
    {"san_mailbox_syntax", BASE_P256, "san!/0", OP_VALUE, HEX_OF_65_A "40612e6265"},
};
#define BEND_COUNT (sizeof(bends) / sizeof(bends[0]))

static struct node *hex_node(const char *hex)
{
	size_t len = strlen(hex) / 2;
	struct node *n = node_new(0, "", 0);

	free(n->bytes);
	n->bytes = malloc(len + 1);
	assert_non_null(n->bytes);
	assert_int_equal(hex_decode(n->bytes, len, hex), 0);
	n->len = len;
	n->raw = true;
	return n;
}

/* The Extension whose short name stands at the path's start. */
static size_t extension_index(const struct node *list, const char *name, size_t name_len)
{
	static const struct {
		const char *name;
		const char *oid;
		size_t len;
	} rows[] = {{"aki", "\x55\x1d\x23", 3}, {"ski", "\x55\x1d\x0e", 3}, {"ku", "\x55\x1d\x0f", 3},
	    {"eku", "\x55\x1d\x25", 3}, {"cp", "\x55\x1d\x20", 3}, {"san", "\x55\x1d\x11", 3},
	    {"crldp", "\x55\x1d\x1f", 3}, {"aia", "\x2b\x06\x01\x05\x05\x07\x01\x01", 8}};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (size_t i = 0; i < list->count; i++) {
			const struct node *oid = list->children[i]->children[0];

			if (strlen(rows[r].name) == name_len && strncmp(rows[r].name, name, name_len) == 0 &&
			    oid->len == rows[r].len && memcmp(oid->bytes, rows[r].oid, oid->len) == 0)
				return i;
		}
	fail_msg("no extension %.*s", (int)name_len, name);
	return 0;
}

/* Where a path leads: the parent and the child's place in it. parent NULL: the top itself. */
struct place {
	struct node *parent;
	size_t at;
};

static struct node *place_node(struct node *top, struct place p)
{
	if (p.parent == NULL)
		return top;
	assert_true(p.at < p.parent->count);
	return p.parent->children[p.at];
}

static struct place path_walk(struct node *top, const char *path)
{
	struct place p = {NULL, 0};

	if (*path >= 'a' && *path <= 'z') {
		size_t len = strcspn(path, "!/");

		p.parent = top->children[7]->children[0];
		p.at = extension_index(p.parent, path, len);
		path += len;
		if (*path == '!') {
			struct node *x = place_node(top, p), *octets = x->children[x->count - 1];

			node_unwrap(octets);
			p = (struct place){octets, 0};
			path++;
		}
		path += *path == '/' ? 1 : 0;
	}
	while (*path != '\0') {
		char *end;

		p.parent = place_node(top, p);
		p.at = strtoul(path, &end, 10);
		path = *end == '/' ? end + 1 : end;
	}
	return p;
}

static void value_set(struct node *n, const void *bytes, size_t len)
{
	free(n->bytes);
	n->bytes = malloc(len + 1);
	assert_non_null(n->bytes);
	if (len > 0)
		memcpy(n->bytes, bytes, len);
	n->len = len;
	n->open = false;
}

static void time_set(struct node *n, long seconds)
{
	time_t t = FIXTURE_NOW + seconds;
	struct tm tm;
	char text[32];

	assert_non_null(gmtime_r(&t, &tm));
	value_set(n, text + 2, strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm) - 2);
	n->tag = 0x17;
}

static struct node *deep_node(void)
{
	struct node *n = node_new(0x30, "", 0), *outer;

	for (int i = 0; i < 30; i++) {
		outer = node_new(0x30, "", 0);
		outer->open = true;
		node_insert(outer, 0, n);
		n = outer;
	}
	return n;
}

static void place_replace(struct place p, struct node *n)
{
	node_insert(p.parent, p.at, n);
	node_remove(p.parent, p.at + 1);
}

static void node_bend(struct node *top, const struct bend *b)
{
	struct place p = path_walk(top, b->path);
	struct node *hex;

	switch (b->op) {
	case OP_VALUE:
		hex = hex_node(b->what);
		value_set(place_node(top, p), hex->bytes, hex->len);
		node_free(hex);
		break;
	case OP_TEXT:
		value_set(place_node(top, p), b->what, strlen(b->what));
		break;
	case OP_TAG:
		place_node(top, p)->tag = (unsigned char)strtoul(b->what, NULL, 16);
		break;
	case OP_REPLACE:
		place_replace(p, hex_node(b->what));
		break;
	case OP_REMOVE:
		node_remove(p.parent, p.at);
		break;
	case OP_INSERT:
		node_insert(p.parent, p.at, hex_node(b->what));
		break;
	case OP_APPEND:
		node_insert(place_node(top, p), place_node(top, p)->count, hex_node(b->what));
		break;
	case OP_TWICE:
		node_insert(p.parent, p.at + 1, node_copy(place_node(top, p)));
		break;
	case OP_FLIP:
		place_node(top, p)->bytes[place_node(top, p)->len - 1] ^= 1;
		break;
	case OP_TIME:
		time_set(place_node(top, p), atol(b->what));
		break;
	case OP_DEEP:
		place_replace(p, deep_node());
		break;
	case OP_CUT:
	case OP_TAIL:
	case OP_FACTS:
		break; /* not done in the tree */
	}
}

static void facts_change(struct lint_facts *facts, const char *what)
{
	static const unsigned char other_serial[SERIAL_LEN] = {1};

	if (strcmp(what, "serial") == 0)
		facts->serial = other_serial;
	else if (strcmp(what, "validity") == 0)
		facts->validity = 730 * DAY;
	else if (strcmp(what, "fields") == 0)
		facts->fields = 0;
	else if (strcmp(what, "spki") == 0)
		facts->spki_len--;
	else if (strcmp(what, "cps_url") == 0)
		facts->cps_url = CPS;
	else if (strcmp(what, "purpose") == 0)
		facts->purpose = PURPOSE_KEY_MANAGEMENT;
	else if (strcmp(what, "address") == 0)
		facts->address = "jane.doe@mailcert.example";
	else
		fail_msg("no fact %s", what);
}

static void test_bend(void **state)
{
	const struct bend *b = *state;
	struct lint_report report;
	struct buf out = {0};
	struct specimen sp;
	const unsigned char *p;
	struct node *top;
	bool found = false;
	struct err e;

	specimen_make(&sp, b->base);
	p = sp.tbs;
	top = node_parse(&p);
	node_bend(top, b);
	node_write(top, &out);
	if (b->op == OP_CUT)
		out.len--;
	if (b->op == OP_TAIL) {
		struct node *hex = hex_node(b->what);

		buf_add(&out, hex->bytes, hex->len);
		node_free(hex);
	}
	if (b->op == OP_FACTS)
		facts_change(&sp.facts, b->what);
	else
		assert_false(out.len == sp.tbs_len && memcmp(out.data, sp.tbs, out.len) == 0);
	/* in a block of its own size, so that the sanitizer sees a step over its end */
	top->bytes = realloc(top->bytes, out.len);
	memcpy(top->bytes, out.data, out.len);
	assert_int_equal(lint_tbs(&report, top->bytes, out.len, &sp.facts, &e), -1);
	assert_int_equal(e.fault, FAULT_lint_failed);
	assert_string_equal(e.arg, report.list[0].id);
	for (size_t i = 0; i < report.count; i++)
		found = found || strcmp(report.list[i].id, b->id) == 0;
	if (!found)
		fail_msg("%s did not find it; %s did: %s", b->id, report.list[0].id, report.list[0].words);
	buf_free(&out);
	node_free(top);
	specimen_free(&sp);
}

/* --- the lint as a whole
 * -------------------------------------------------------------------------------------- */

static void test_every_check_has_a_bend(void **state)
{
	const char *id, *section;
	size_t n = 0;

	(void)state;
	for (; lint_check_name(n, &id, &section) == 0; n++) {
		bool found = false;

		assert_true(strlen(section) > 0);
		for (size_t i = 0; i < BEND_COUNT; i++)
			found = found || strcmp(bends[i].id, id) == 0;
		if (!found)
			fail_msg("no bent certificate for check %s", id);
	}
	assert_true(n > 90);
}

/* The lint must stand and refuse every shortened certificate. */
static void test_truncated_at_every_octet(void **state)
{
	struct lint_report report;
	struct specimen sp;
	struct err e;

	(void)state;
	specimen_make(&sp, BASE_P256);
	for (size_t len = 0; len < sp.tbs_len; len++) {
		unsigned char *shorter = malloc(len + 1);

		assert_non_null(shorter);
		shorter = realloc(shorter, len == 0 ? 1 : len);
		memcpy(shorter, sp.tbs, len);
		assert_int_equal(lint_tbs(&report, shorter, len, &sp.facts, &e), -1);
		free(shorter);
	}
	specimen_free(&sp);
}

/* Any single bit of a certificate matters: turned, something must be found. */
static void test_every_bit_matters(void **state)
{
	struct lint_report report;
	struct specimen sp;
	struct err e;

	(void)state;
	specimen_make(&sp, BASE_P256);
	for (size_t bit = 0; bit < sp.tbs_len * 8; bit++) {
		sp.tbs[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (lint_tbs(&report, sp.tbs, sp.tbs_len, &sp.facts, &e) == 0)
			fail_msg("bit %zu of octet %zu turned, and nothing was found", bit % 8, bit / 8);
		sp.tbs[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	specimen_free(&sp);
}

/* 825 days to the second pass the SBR's bound, which the product file may use. */
static void test_825_days_pass(void **state)
{
	struct lint_report report;
	struct specimen sp;
	struct err e;

	(void)state;
	specimen_make(&sp, BASE_P256);
	free(sp.tbs);
	sp.product.validity = sp.facts.validity = 825 * DAY;
	assert_done(certificate_tbs(&sp.tbs, &sp.tbs_len, &sp.s, fixture.issuer, &e), &e);
	assert_done(lint_tbs(&report, sp.tbs, sp.tbs_len, &sp.facts, &e), &e);
	specimen_free(&sp);
}

/* A mailbox too long for commonName and emailAddress is left out of both, and the lint agrees. */
static void test_long_mailbox_passes(void **state)
{
	static const char *const addresses[] = {
	    "a.local.part.of.forty.octets.in.all.here@mailbox.mailcert.example",
	    "local.part.for.a.very.long.address@a-label-of-many-octets-in-a-name.and-another-one-of-the-same-"
	    "kind."
	    "and-a-third-one-to-pass-the-bound.mailcert.example",
	};
	struct lint_report report;
	struct specimen sp;
	struct err e;

	(void)state;
	for (int i = 0; i < 2; i++) {
		specimen_make(&sp, BASE_P256);
		free(sp.tbs);
		sp.s.address = sp.facts.address = addresses[i];
		assert_done(certificate_tbs(&sp.tbs, &sp.tbs_len, &sp.s, fixture.issuer, &e), &e);
		assert_done(lint_tbs(&report, sp.tbs, sp.tbs_len, &sp.facts, &e), &e);
		specimen_free(&sp);
	}
}

static void test_issuer_not_readable(void **state)
{
	struct lint_report report;
	struct specimen sp;
	struct err e;

	(void)state;
	specimen_make(&sp, BASE_P256);
	for (size_t len = 0; len < sp.facts.issuer_len; len++) {
		struct lint_facts facts = sp.facts;

		facts.issuer_len = len;
		assert_int_equal(lint_tbs(&report, sp.tbs, sp.tbs_len, &facts, &e), -1);
		assert_int_equal(e.fault, FAULT_internal);
	}
	specimen_free(&sp);
}

static int group_setup(void **state)
{
	(void)state;
	fixture_dir_make(&fixture);
	fixture_ca_make(&fixture, CA_KEY_P256, CA_KEY_P256);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	fixture_remove(&fixture);
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[BEND_COUNT + 16] = {
	    {"section 9.17: every check of the lint catches a bent certificate", test_every_check_has_a_bend,
		NULL, NULL, NULL},
	    cmocka_unit_test(test_truncated_at_every_octet),
	    cmocka_unit_test(test_every_bit_matters),
	    cmocka_unit_test(test_825_days_pass),
	    cmocka_unit_test(test_long_mailbox_passes),
	    cmocka_unit_test(test_issuer_not_readable),
	};
	size_t n = 6;

	for (size_t i = 0; i < BASE__MAX; i++)
		tests[n++] = (struct CMUnitTest){
		    fixture_point("9.9", base_rows[i].name), test_good, NULL, NULL, (void *)&base_rows[i]};
	for (size_t i = 0; i < BEND_COUNT; i++)
		tests[n++] = (struct CMUnitTest){bends[i].id, test_bend, NULL, NULL, (void *)&bends[i]};
	return _cmocka_run_group_tests("lint", tests, n, group_setup, group_teardown);
}
