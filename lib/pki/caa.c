/* caa.c - judge a CAA RRset for mail; see caa.h. */
#include "lib/pki/caa.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/text.h"

#define FLAG_CRITICAL 0x80

static const char *const reason_words[CAA_REASON__MAX] = {
    [CAA_NO_RECORDS] = "no_records",
    [CAA_NO_ISSUEMAIL] = "no_issuemail",
    [CAA_NAMED] = "named",
    [CAA_PROVEN_INSECURE] = "proven_insecure",
    [CAA_OTHER_ISSUERS] = "other_issuers",
    [CAA_CRITICAL] = "critical",
    [CAA_MALFORMED] = "malformed",
    [CAA_BOGUS] = "bogus",
    [CAA_LOOKUP_FAILED] = "lookup_failed",
};

const char *caa_reason_word(enum caa_reason reason)
{
	return reason_words[reason];
}

const char *caa_decision_word(enum caa_decision decision)
{
	static const char *const words[] = {"unreachable", "denied", "permitted"};

	return words[decision];
}

/* A stretch of octets; the record's parts and what the grammar reads from. */
struct span {
	const unsigned char *at, *end;
};

static size_t span_len(struct span s)
{
	return (size_t)(s.end - s.at);
}

/* Whether a span is this word, upper and lower case alike. */
static bool span_is(struct span s, const char *word, size_t len)
{
	return span_len(s) == len && strncasecmp((const char *)s.at, word, len) == 0;
}

struct record {
	unsigned char flags;
	struct span tag, value;
};

/* RFC 8659 4.1: flags, tag length (1 to 255), tag, value. */
static bool record_read(struct record *out, const struct caa_rdata *rdata)
{
	const unsigned char *p = rdata->bytes;

	if (rdata->len < 3 || p[1] == 0 || (size_t)p[1] > rdata->len - 2)
		return false;
	out->flags = p[0];
	out->tag = (struct span){p + 2, p + 2 + p[1]};
	out->value = (struct span){out->tag.end, p + rdata->len};
	return true;
}

static bool tag_is(const struct record *r, const char *tag)
{
	return span_is(r->tag, tag, strlen(tag));
}

/* --- the grammar of RFC 9495 4
 * -------------------------------------------------------------------------------- */

static void skip_blanks(struct span *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		s->at++;
}

static bool is_alnum(unsigned char c)
{
	return c < 0x80 && isalnum(c);
}

/* A label or a parameter's tag: letters and digits with inner '-'. */
static bool take_word(struct span *s, struct span *out)
{
	const unsigned char *p = s->at;

	while (p < s->end && (is_alnum(*p) || *p == '-'))
		p++;
	if (p == s->at || *s->at == '-' || p[-1] == '-')
		return false;
	*out = (struct span){s->at, p};
	s->at = p;
	return true;
}

static bool take_domain(struct span *s, struct span *out)
{
	struct span label;

	out->at = s->at;
	while (take_word(s, &label)) {
		if (s->at == s->end || *s->at != '.') {
			out->end = s->at;
			return true;
		}
		s->at++;
	}
	return false;
}

/* parameter = tag *WSP "=" *WSP value */
static bool take_parameter(struct span *s)
{
	struct span tag;

	if (!take_word(s, &tag))
		return false;
	skip_blanks(s);
	if (s->at == s->end || *s->at != '=')
		return false;
	s->at++;
	skip_blanks(s);
	while (s->at<s->end && * s->at> 0x20 && *s->at < 0x7f && *s->at != ';')
		s->at++;
	skip_blanks(s);
	return true;
}

/* What follows the ';' behind the issuer: counts parameters; false when malformed. */
static bool take_parameters(struct span *s, size_t *count)
{
	*count = 0;
	skip_blanks(s);
	while (s->at < s->end) {
		if (!take_parameter(s))
			return false;
		++*count;
		if (s->at == s->end)
			return true;
		if (*s->at++ != ';')
			return false;
		skip_blanks(s);
		if (s->at == s->end)
			return false; /* ';' promises another one */
	}
	return true;
}

/* issuemail-value; *domain is empty for ";" and for all that is malformed (RFC 9495 5.3). */
static void issuemail_read(struct span value, struct span *domain, size_t *parameters)
{
	struct span s = value;
	bool good = true;

	*domain = (struct span){value.at, value.at};
	*parameters = 0;
	skip_blanks(&s);
	if (s.at < s.end && *s.at != ';')
		good = take_domain(&s, domain);
	skip_blanks(&s);
	if (good && s.at < s.end)
		good = *s.at++ == ';' && take_parameters(&s, parameters);
	if (!good || s.at != s.end)
		*domain = (struct span){value.at, value.at};
}

/* Whether a name stands in the comma-separated list. */
static bool identity_listed(struct span name, const char *list)
{
	if (span_len(name) == 0)
		return false;
	while (*list != '\0') {
		size_t len;

		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (len > 0 && span_is(name, list, len))
			return true;
		list += len;
	}
	return false;
}

/* --- texts
 * ---------------------------------------------------------------------------------------------------- */

/* Octets in presentation form (RFC 1035 5.1): quotes and backslashes escaped, the rest that is not plain as
 * \DDD. */
static void text_add(struct buf *b, struct span s)
{
	for (; s.at < s.end; s.at++) {
		if (*s.at == '"' || *s.at == '\\')
			buf_printf(b, "\\%c", *s.at);
		else if (*s.at < 0x20 || *s.at > 0x7e)
			buf_printf(b, "\\%03u", *s.at);
		else
			buf_add(b, s.at, 1);
	}
}

static void line_end(struct buf *b)
{
	if (b->len > 0)
		buf_puts(b, "\n");
}

static void record_text_add(struct buf *b, const struct record *r)
{
	line_end(b);
	buf_printf(b, "%u ", r->flags);
	text_add(b, r->tag);
	buf_puts(b, " \"");
	text_add(b, r->value);
	buf_puts(b, "\"");
}

/* Give the buffer's text away, "" for an empty one. */
static char *buf_text(struct buf *b)
{
	buf_puts(b, "");
	return b->failed ? NULL : b->data;
}

/* --- the judgement
 * -------------------------------------------------------------------------------------------- */

struct tally {
	size_t issuemail, ours, critical, malformed;
	struct buf records, issuers, iodef;
};

static void issuemail_count(struct tally *t, const struct record *r, const char *identities)
{
	struct span domain;
	size_t parameters;

	t->issuemail++;
	issuemail_read(r->value, &domain, &parameters);
	if (span_len(domain) == 0)
		return;
	if (identity_listed(domain, identities) && parameters == 0)
		t->ours++;
	if (t->issuers.len > 0)
		buf_puts(&t->issuers, ", ");
	buf_add(&t->issuers, domain.at, span_len(domain));
}

static void record_count(struct tally *t, const struct caa_rdata *rdata, const char *identities)
{
	struct record r;

	if (!record_read(&r, rdata)) {
		t->malformed++;
		line_end(&t->records);
		buf_puts(&t->records, "\\# ");
		buf_printf(&t->records, "%zu octets, malformed", rdata->len);
		return;
	}
	record_text_add(&t->records, &r);
	if (tag_is(&r, "issuemail")) {
		issuemail_count(t, &r, identities);
	} else if (tag_is(&r, "iodef")) {
		line_end(&t->iodef);
		text_add(&t->iodef, r.value);
	} else if (!tag_is(&r, "issue") && !tag_is(&r, "issuewild") && (r.flags & FLAG_CRITICAL) != 0) {
		t->critical++;
	}
}

static enum caa_reason tally_judge(const struct tally *t, size_t count)
{
	if (count == 0)
		return CAA_NO_RECORDS;
	if (t->malformed > 0)
		return CAA_MALFORMED;
	if (t->critical > 0)
		return CAA_CRITICAL;
	if (t->issuemail == 0)
		return CAA_NO_ISSUEMAIL;
	return t->ours > 0 ? CAA_NAMED : CAA_OTHER_ISSUERS;
}

int caa_evaluate(struct caa_result *out, const struct caa_rdata *set, size_t count, const char *identities)
{
	struct tally t = {0};

	for (size_t i = 0; i < count; i++)
		record_count(&t, &set[i], identities);
	out->records = buf_text(&t.records);
	out->issuers = buf_text(&t.issuers);
	out->iodef = buf_text(&t.iodef);
	out->reason = tally_judge(&t, count);
	out->decision = out->reason >= CAA_NO_RECORDS ? CAA_PERMITTED : CAA_DENIED;
	if (out->records != NULL && out->issuers != NULL && out->iodef != NULL)
		return 0;
	buf_free(&t.records);
	buf_free(&t.issuers);
	buf_free(&t.iodef);
	out->records = out->issuers = out->iodef = NULL;
	out->decision = CAA_UNREACHABLE;
	out->reason = CAA_LOOKUP_FAILED;
	return -1;
}

/* A copy of a text; NULL of NULL. */
static char *text_copy(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

int caa_result_copy(struct caa_result *out, const struct caa_result *r)
{
	*out = *r;
	out->records = text_copy(r->records);
	out->issuers = text_copy(r->issuers);
	out->iodef = text_copy(r->iodef);
	if ((out->records == NULL) == (r->records == NULL) &&
	    (out->issuers == NULL) == (r->issuers == NULL) && (out->iodef == NULL) == (r->iodef == NULL))
		return 0;
	caa_result_free(out);
	return -1;
}

void caa_result_free(struct caa_result *r)
{
	free(r->records);
	free(r->issuers);
	free(r->iodef);
	memset(r, 0, sizeof(*r));
}
