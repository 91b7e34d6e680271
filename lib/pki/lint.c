/* lint.c - take a tbsCertificate apart, run the checks; see lint.h. The checks stand in lint_fields.c and
 * lint_extensions.c. */
#include "lib/pki/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/pki/lint_view.h"

/* DER that is broken is told before all else, each way under its own id. */
static const struct lint_check der_checks[DER_BAD__MAX] = {
    [DER_BAD_TRUNCATED] = {"der_truncated", "X.690 8.1.3", NULL},
    [DER_BAD_LENGTH_INDEFINITE] = {"der_length_definite", "X.690 10.1", NULL},
    [DER_BAD_LENGTH_NOT_MINIMAL] = {"der_length_minimal", "X.690 10.1", NULL},
    [DER_BAD_TAG] = {"der_tag", "X.690 8.1.2, 10.2", NULL},
    [DER_BAD_TRAILING] = {"der_trailing", "X.690 8.1.1", NULL},
    [DER_BAD_DEPTH] = {"der_depth", "our bound", NULL},
    [DER_BAD_BOOLEAN] = {"der_boolean", "X.690 11.1", NULL},
    [DER_BAD_INTEGER] = {"der_integer_minimal", "X.690 8.3.2", NULL},
    [DER_BAD_BIT_STRING] = {"der_bit_string_padding", "X.690 11.2.1", NULL},
    [DER_BAD_NULL] = {"der_null_empty", "X.690 8.8.2", NULL},
    [DER_BAD_OID] = {"der_oid_minimal", "X.690 8.19.2", NULL},
    [DER_BAD_STRING] = {"der_string_octets", "X.690 8.23", NULL},
    [DER_BAD_TIME] = {"der_time_form", "RFC 5280 4.1.2.5", NULL},
    [DER_BAD_SET_ORDER] = {"der_set_order", "X.690 11.6", NULL},
};
static const struct lint_check structure_check = {"tbs_structure", "RFC 5280 4.1", NULL};

bool lint_say(char *words, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, WORDS_ROOM, fmt, ap);
	va_end(ap);
	return false;
}

bool value_is_text(const struct der_value *v, const char *text)
{
	return der_is(v, text, strlen(text));
}

enum key_kind key_kind(const struct der_value *algorithm)
{
	/* SBR 7.1.3.1.1 to 7.1.3.1.3, the only encodings there are */
	static const struct {
		enum key_kind kind;
		size_t len;
		unsigned char der[21];
	} rows[] = {
	    {KIND_RSA, 15,
		{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00}},
	    {KIND_P256, 21,
		{0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
		    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}},
	    {KIND_P384, 18,
		{0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
		    0x04, 0x00, 0x22}},
	    {KIND_P521, 18,
		{0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
		    0x04, 0x00, 0x23}},
	    {KIND_ED25519, 7, {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (algorithm->whole_len == rows[i].len &&
		    memcmp(algorithm->whole, rows[i].der, rows[i].len) == 0)
			return rows[i].kind;
	return KIND_OTHER;
}

static enum lint_extension extension_type(const struct der_value *oid)
{
	/* last octet of id-ce (2.5.29.n) */
	static const struct {
		unsigned char arc;
		enum lint_extension type;
	} rows[] = {
	    {35, EXTENSION_AKI},
	    {14, EXTENSION_SKI},
	    {15, EXTENSION_KEY_USAGE},
	    {37, EXTENSION_EXT_KEY_USAGE},
	    {32, EXTENSION_POLICIES},
	    {17, EXTENSION_SAN},
	    {31, EXTENSION_CRLDP},
	    {19, EXTENSION_BASIC_CONSTRAINTS},
	};
	static const unsigned char aia[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01};

	if (der_is(oid, aia, sizeof(aia)))
		return EXTENSION_AIA;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (oid->len == 3 && oid->bytes[0] == 0x55 && oid->bytes[1] == 0x1d &&
		    oid->bytes[2] == rows[i].arc)
			return rows[i].type;
	return EXTENSION_OTHER;
}

const struct extension_view *extension_find(const struct lint_view *v, enum lint_extension type)
{
	for (size_t i = 0; i < v->extension_count; i++)
		if (v->extensions[i].type == type)
			return &v->extensions[i];
	return NULL;
}

bool extension_open(
    const struct lint_view *v, enum lint_extension type, unsigned char tag, struct der_value *out)
{
	const struct extension_view *x = extension_find(v, type);
	struct der d;

	if (x == NULL)
		return false;
	d = der_inside(&x->value);
	return der_take_last(&d, tag, out);
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static bool extensions_read(struct lint_view *v, const struct der_value *wrapped)
{
	struct der outer = der_inside(wrapped), list;
	struct der_value sequence, one;

	if (!der_take_last(&outer, DER_SEQUENCE, &sequence))
		return false;
	list = der_inside(&sequence);
	while (!der_end(&list)) {
		struct extension_view *x = &v->extensions[v->extension_count];
		struct der d;

		if (v->extension_count == VIEW_EXTENSIONS_MAX || !der_take(&list, DER_SEQUENCE, &one))
			return false;
		d = der_inside(&one);
		if (!der_take(&d, DER_OID, &x->oid))
			return false;
		x->has_critical = der_take(&d, DER_BOOLEAN, &x->critical);
		if (!der_take_last(&d, DER_OCTET_STRING, &x->value))
			return false;
		x->type = extension_type(&x->oid);
		v->extension_count++;
	}
	v->has_extensions = true;
	return true;
}

static bool time_take(struct der *d, struct der_value *out)
{
	return der_take(d, DER_UTC_TIME, out) || der_take(d, DER_GENERALIZED_TIME, out);
}

/* subjectPublicKeyInfo and what stands behind it */
static bool tail_read(struct lint_view *v, struct der *d)
{
	struct der_value wrapped;
	struct der inner;

	if (!der_take(d, DER_SEQUENCE, &v->spki))
		return false;
	inner = der_inside(&v->spki);
	if (!der_take(&inner, DER_SEQUENCE, &v->spki_algorithm) ||
	    !der_take_last(&inner, DER_BIT_STRING, &v->spki_key) || v->spki_key.bytes[0] != 0)
		return false;
	v->kind = key_kind(&v->spki_algorithm);
	v->unique_ids = der_take(d, 0x81, &wrapped) | der_take(d, 0x82, &wrapped);
	if (der_take(d, 0xa3, &wrapped) && !extensions_read(v, &wrapped))
		return false;
	return der_end(d);
}

static bool tbs_read(struct lint_view *v, const struct der_value *tbs)
{
	struct der d = der_inside(tbs), inner;
	struct der_value wrapped;

	if (der_take(&d, 0xa0, &wrapped)) {
		inner = der_inside(&wrapped);
		if (!der_take_last(&inner, DER_INTEGER, &v->version))
			return false;
	}
	if (!der_take(&d, DER_INTEGER, &v->serial) || !der_take(&d, DER_SEQUENCE, &v->signature) ||
	    !der_take(&d, DER_SEQUENCE, &v->issuer) || !der_take(&d, DER_SEQUENCE, &wrapped))
		return false;
	inner = der_inside(&wrapped);
	if (!time_take(&inner, &v->not_before) || !time_take(&inner, &v->not_after) || !der_end(&inner))
		return false;
	return der_take(&d, DER_SEQUENCE, &v->subject) && tail_read(v, &d);
}

/* The issuing CA's certificate is ours and long published; what the lint needs of it is read the same way. */
static bool issuer_read(struct issuer_view *out, const struct lint_facts *facts)
{
	struct lint_view ca = {0};
	struct der all = der_open(facts->issuer, facts->issuer_len), d;
	struct der_value certificate, tbs, key_id;
	size_t where;

	if (der_check(facts->issuer, facts->issuer_len, &where) != DER_GOOD ||
	    !der_take_last(&all, DER_SEQUENCE, &certificate))
		return false;
	d = der_inside(&certificate);
	if (!der_take(&d, DER_SEQUENCE, &tbs) || !tbs_read(&ca, &tbs) ||
	    !extension_open(&ca, EXTENSION_SKI, DER_OCTET_STRING, &key_id))
		return false;
	out->subject = ca.subject;
	out->key_id = key_id;
	out->kind = ca.kind;
	return der_time(&ca.not_before, &out->not_before) && der_time(&ca.not_after, &out->not_after);
}

static void finding_add(struct lint_report *report, const struct lint_check *check, const char *words)
{
	struct lint_finding *finding = &report->list[report->count];

	if (report->count == LINT_FINDINGS_MAX)
		return;
	finding->id = check->id;
	finding->section = check->section;
	(void)snprintf(finding->words, sizeof(finding->words), "%s", words);
	report->count++;
}

static void der_finding_add(struct lint_report *report, enum der_fault fault, const char *part, size_t where)
{
	char words[WORDS_ROOM];

	(void)lint_say(words, "%s, octet %zu", part, where);
	finding_add(report, &der_checks[fault], words);
}

/* Extension values are closed to the walk over the certificate, so each is walked by itself. */
static bool extension_values_check(struct lint_report *report, const struct lint_view *v)
{
	for (size_t i = 0; i < v->extension_count; i++) {
		const struct extension_view *x = &v->extensions[i];
		char oid[64], part[80];
		enum der_fault fault;
		size_t where;

		fault = der_check(x->value.bytes, x->value.len, &where);
		if (fault == DER_GOOD)
			continue;
		der_oid_text(oid, sizeof(oid), &x->oid);
		(void)snprintf(part, sizeof(part), "extension %s", oid);
		der_finding_add(report, fault, part, where);
	}
	return report->count == 0;
}

static void checks_run(struct lint_report *report, const struct lint_view *v, const struct lint_check *checks)
{
	char words[WORDS_ROOM];

	for (; checks->id != NULL; checks++) {
		words[0] = '\0';
		if (!checks->function(v, words))
			finding_add(report, checks, words);
	}
}

static void tbs_check(struct lint_report *report, struct lint_view *v, const unsigned char *tbs, size_t len)
{
	struct der all = der_open(tbs, len);
	struct der_value whole;
	enum der_fault fault;
	size_t where;

	fault = der_check(tbs, len, &where);
	if (fault != DER_GOOD) {
		der_finding_add(report, fault, "tbsCertificate", where);
		return;
	}
	if (!der_take_last(&all, DER_SEQUENCE, &whole) || !tbs_read(v, &whole)) {
		finding_add(report, &structure_check, "not the SEQUENCE of a tbsCertificate");
		return;
	}
	if (!extension_values_check(report, v))
		return;
	checks_run(report, v, lint_field_checks);
	checks_run(report, v, lint_extension_checks);
}

int lint_tbs(struct lint_report *report, const unsigned char *tbs, size_t len, const struct lint_facts *facts,
    struct err *e)
{
	struct lint_view v = {.facts = facts};

	memset(report, 0, sizeof(*report));
	if (!issuer_read(&v.issuer_facts, facts))
		return err_set(e, FAULT_internal, "lint: the issuer's certificate is not readable");
	tbs_check(report, &v, tbs, len);
	if (report->count == 0)
		return 0;
	return err_set_arg(e, FAULT_lint_failed, report->list[0].id, "lint: %zu findings, first %s (%s): %s",
	    report->count, report->list[0].id, report->list[0].section, report->list[0].words);
}

int lint_check_name(size_t n, const char **id, const char **section)
{
	const struct lint_check *const tables[] = {lint_field_checks, lint_extension_checks};
	const struct lint_check *found = NULL;

	if (n < DER_BAD__MAX - 1)
		found = &der_checks[n + 1];
	else if (n == DER_BAD__MAX - 1)
		found = &structure_check;
	n -= found == NULL ? DER_BAD__MAX : 0;
	for (size_t t = 0; found == NULL && t < 2; t++) {
		size_t count = 0;

		while (tables[t][count].id != NULL)
			count++;
		if (n < count)
			found = &tables[t][n];
		n -= count;
	}
	if (found == NULL)
		return -1;
	*id = found->id;
	*section = found->section;
	return 0;
}
