/* test_letter.c - headers, letters and their signatures, read back by three readers: this file, Python's
 * email package and OpenSSL's CMS. */
#include "tests/unit/fixture_mail.h"

#include <stdbool.h>

#include <openssl/cms.h>

#include "lib/mail/encoding.h"
#include "lib/mail/header.h"
#include "lib/mail/letter.h"

#define LONG_ASCII                                                                                       \
	"A subject that is rather long, so long that it must be folded because a line of a mail should " \
	"have "                                                                                          \
	"no more than seventy-eight octets, says RFC 5322"
#define NO_SPACES                                                                                            \
	"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"89"
#define POLISH \
	"Zażółć gęślą jaźń – potwierdź adres e-mail zamówienia ORDER/0000123456/b01, prosimy o to dzisiaj"
#define JAPANESE \
	"証明書の発行が完了しましたのでご確認くださいますようお願い申し上げます証明書の発行が完了しました"
#define EMOJI                                                                                              \
	"🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂" \
	"🙂🙂🙂🙂🙂🙂"

/* --- headers for people --- */

/* text NULL: refused */
static const struct header_case {
	const char *name, *text, *want;
} header_cases[] = {
    {"plain", "Your certificate", "Subject: Your certificate\r\n"},
    {"empty", "", "Subject: \r\n"},
    {"Polish letter", "Zażółć", "Subject: =?UTF-8?B?WmHFvMOzxYLEhw==?=\r\n"},
    {"one dash", "Confirm your mailbox – ORDER/1/b01",
	"Subject: =?UTF-8?Q?Confirm_your_mailbox_=E2=80=93_ORDER/1/b01?=\r\n"},
    {"looks encoded", "=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=\r\n"},
    {"blank at the end", "x ", "Subject: =?UTF-8?Q?x_?=\r\n"},
    {"injection CRLF", "x\r\nBcc: victim@example.org", NULL},
    {"injection LF", "x\nBcc: victim@example.org", NULL},
    {"injection CR", "x\rBcc: victim@example.org", NULL},
    {"header end", "x\r\n\r\n<script>", NULL},
    {"NEL (C1 control)", "x\xc2\x85y", NULL},
    {"escape", "x\x1b[31m", NULL},
    {"tab", "x\ty", NULL},
    {"DEL", "x\x7f", NULL},
    {"broken UTF-8", "x\xc3(", NULL},
    {"overlong line feed", "x\xc0\x8ay", NULL},
    {"lone surrogate", "x\xed\xa0\x80", NULL},
};

static void header_check(void **state)
{
	const struct header_case *c = *state;
	struct buf out = {0};
	struct err e;

	if (c->want == NULL) {
		assert_int_equal(header_add_text(&out, "Subject", c->text, &e), -1);
		assert_int_equal(e.fault, FAULT_internal);
		assert_int_equal(out.len, 0);
		assert_int_equal(header_add_plain(&out, "X-Test", c->text, &e), -1);
		assert_int_equal(header_add_mailbox(&out, "From", c->text, "a@example.org", &e), -1);
		assert_int_equal(header_add_mailbox(&out, "To", NULL, c->text, &e), -1);
		assert_int_equal(header_add_text(&out, c->text, "x", &e), -1);
		assert_int_equal(header_add_id(&out, "Message-ID", c->text, &e), -1);
		assert_int_equal(out.len, 0);
	} else {
		assert_done(header_add_text(&out, "Subject", c->text, &e), &e);
		assert_string_equal(out.data, c->want);
	}
	buf_free(&out);
}

/* Every line of a block within bounds, ended by CRLF, no other CR or LF, 7-bit. */
static void lines_check(const char *bytes, size_t len, size_t most)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			assert_true(i > 0 && bytes[i - 1] == '\r');
			assert_true(column - 1 <= most);
			column = 0;
			continue;
		}
		assert_true((unsigned char)bytes[i] < 0x80 && bytes[i] != '\0');
		assert_true(bytes[i] != '\r' || (i + 1 < len && bytes[i + 1] == '\n'));
		column++;
	}
	assert_int_equal(column, 0);
}

static const char *const long_texts[] = {LONG_ASCII, POLISH, JAPANESE, EMOJI, NO_SPACES NO_SPACES,
    "a  b   c    d" LONG_ASCII,
    LONG_ASCII "                                                          "
	       "                                            " LONG_ASCII};

/* Long texts stay within 78 octets where they can be folded, and no encoded word is longer than 75. */
static void header_folds(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(long_texts); i++) {
		struct buf out = {0};
		struct err e;

		assert_done(header_add_text(&out, "Subject", long_texts[i], &e), &e);
		lines_check(out.data, out.len, i == 4 ? 250 : 120);
		if (strstr(out.data, "=?") != NULL)
			lines_check(out.data, out.len, 76);
		else if (i == 0)
			lines_check(out.data, out.len, 78);
		buf_free(&out);
	}
}

static void header_too_long(void **state)
{
	char text[HEADER_TEXT_MAX + 2];
	struct buf out = {0};
	struct err e;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[HEADER_TEXT_MAX + 1] = '\0';
	assert_int_equal(header_add_text(&out, "Subject", text, &e), -1);
	text[HEADER_TEXT_MAX] = '\0';
	assert_done(header_add_text(&out, "Subject", text, &e), &e);
	lines_check(out.data, out.len, 998);
	buf_free(&out);
}

/* --- addresses --- */

static const struct address_case {
	const char *name, *address;
	bool fits;
} address_cases[] = {
    {"simple", "joe.doe@example.com", true},
    {"plus and symbols", "a!#$%&'*+-/=?^_`{|}~b@xn--bcher-kva.example", true},
    {"no at", "joe.example.com", false},
    {"two at", "a@b@example.org", false},
    {"empty local", "@example.org", false},
    {"empty domain", "joe@", false},
    {"dot first", ".joe@example.org", false},
    {"dots together", "joe..doe@example.org", false},
    {"dot last in domain", "joe@example.org.", false},
    {"blank", "joe doe@example.org", false},
    {"angle bracket", "joe>@example.org", false},
    {"SMTP parameter", "joe@example.org> BODY=8BITMIME", false},
    {"line feed", "joe@example.org\nBcc: x@y.example", false},
    {"quoted", "\"joe doe\"@example.org", false},
    {"literal", "joe@[192.0.2.1]", false},
    {"not ASCII", "jo\xc3\xa9@example.org", false},
    {"local of 65", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg@example.org", false},
    {"local of 64", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg@example.org", true},
};

static void address_check(void **state)
{
	const struct address_case *c = *state;
	struct buf out = {0};
	struct err e;

	assert_int_equal(header_address_fits(c->address), c->fits);
	assert_int_equal(header_add_mailbox(&out, "To", NULL, c->address, &e), c->fits ? 0 : -1);
	assert_true(c->fits == (out.len > 0));
	buf_free(&out);
}

static const struct display_case {
	const char *name, *display, *want;
} display_cases[] = {
    {"atoms", "mailcert demo", "From: mailcert demo <no-reply@mailcert.example>\r\n"},
    {"none", "", "From: no-reply@mailcert.example\r\n"},
    {"needs quotes", "Doe, Joe", "From: \"Doe, Joe\" <no-reply@mailcert.example>\r\n"},
    {"quote and backslash", "a\"b\\c", "From: \"a\\\"b\\\\c\" <no-reply@mailcert.example>\r\n"},
    {"address in the name", "ceo@bank.example", "From: \"ceo@bank.example\" <no-reply@mailcert.example>\r\n"},
    {"angle bracket", "x <ceo@bank.example>,",
	"From: \"x <ceo@bank.example>,\" <no-reply@mailcert.example>\r\n"},
    {"not ASCII", "Müller & Söhne",
	"From: =?UTF-8?B?TcO8bGxlciAmIFPDtmhuZQ==?= <no-reply@mailcert.example>\r\n"},
    {"long atoms are folded", "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff",
	"From: aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff\r\n "
	"<no-reply@mailcert.example>\r\n"},
};

static void display_check(void **state)
{
	const struct display_case *c = *state;
	struct buf out = {0};
	struct err e;

	assert_done(header_add_mailbox(&out, "From", c->display, "no-reply@mailcert.example", &e), &e);
	assert_string_equal(out.data, c->want);
	buf_free(&out);
}

/* --- quoted-printable --- */

static const struct qp_case {
	const char *name, *text, *want;
} qp_cases[] = {
    {"plain", "hello\nworld\n", "hello\r\nworld\r\n"},
    {"no line end", "hello", "hello\r\n"},
    {"all line ends", "a\r\nb\rc\nd", "a\r\nb\r\nc\r\nd\r\n"},
    {"empty lines", "a\n\n\nb", "a\r\n\r\n\r\nb\r\n"},
    {"equals", "a=b", "a=3Db\r\n"},
    {"UTF-8", "ż", "=C5=BC\r\n"},
    {"blank at the line's end", "a \nb\t\n", "a=20\r\nb=09\r\n"},
    {"From at the line's beginning", "From x\n From y\n", "=46rom x\r\n From y\r\n"},
    {"dot alone", ".\n", ".\r\n"},
    {"76 octets", "1234567890123456789012345678901234567890123456789012345678901234567890123456",
	"123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n6\r\n"},
    {"escape not cut", "12345678901234567890123456789012345678901234567890123456789012345678901234ż",
	"12345678901234567890123456789012345678901234567890123456789012345678901234=\r\n=C5=BC\r\n"},
};

static void qp_check(void **state)
{
	const struct qp_case *c = *state;
	struct buf out = {0};

	quoted_printable_add(&out, c->text);
	assert_string_equal(out.data, c->want);
	buf_free(&out);
}

/* --- letters --- */

static const char pem[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
static const struct letter_header order_header = {"X-Mailcert-Order", "0000123456/b01"};

static struct letter letter_sample(void)
{
	return (struct letter){
	    .from_name = "mailcert demo",
	    .from_address = "no-reply@mailcert.example",
	    .to_address = "joe.doe@example.com",
	    .message_id = "outbox.17.9f86d081@mailcert.example",
	    .date = 1795356180,
	    .subject = POLISH,
	    .language = "pl",
	    .text = "Dzień dobry,\n\nhttps://mailcert.example/verify/abc\n.\nFrom here on: zażółć\n",
	    .html = "<!doctype html>\n<p>Dzień dobry</p>\n",
	    .headers = &order_header,
	    .headers_count = 1,
	};
}

static struct buf letter_bytes(const struct letter *letter, const struct letter_signer *signer)
{
	struct buf out = {0};
	struct err e;

	assert_done(letter_build(&out, letter, signer, &e), &e);
	lines_check(out.data, out.len, 998);
	lines_check(out.data, out.len, 120);
	return out;
}

/* Let Python's email package read the letter and compare what it prints. */
static void python_reads(const struct buf *letter, const char *want)
{
	struct mail_folder f = {.dir = "/tmp/mailcert-test.XXXXXX"};
	char command[256], path[128], got[8192];
	FILE *pipe;
	size_t n;
	int status;

	assert_non_null(mkdtemp(f.dir));
	mail_file_write(&f, "letter.eml", letter->data, letter->len, 0600);
	mail_path(path, &f, "letter.eml");
	(void)snprintf(command, sizeof(command), "/usr/bin/python3 tests/unit/letter_read.py %s", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(got, 1, sizeof(got) - 1, pipe);
	got[n] = '\0';
	status = pclose(pipe);
	mail_folder_remove(&f);
	assert_int_equal(status, 0);
	assert_string_equal(got, want);
}

#define HEAD                                                                                           \
	"From: mailcert demo <no-reply@mailcert.example>\nTo: joe.doe@example.com\nSubject: " POLISH   \
	"\nDate: Sun, 22 Nov 2026 14:03:00 +0000\nMessage-ID: <outbox.17.9f86d081@mailcert.example>\n" \
	"Auto-Submitted: auto-generated\nContent-Language: pl\nX-Mailcert-Order: 0000123456/b01\n"     \
	"MIME-Version: 1.0\nheaders: 10\n"
/* SHA-256 (its beginning, made with sha256sum) of the two texts with CRLF line ends; the last
 * CRLF belongs to the boundary (RFC 2046 5.1.1) */
#define TEXTS                                                                                 \
	"part multipart/alternative\npart text/plain charset=utf-8 sha256=857adedaea36567d\n" \
	"part text/html charset=utf-8 sha256=e4cc1e1b296a2eef\n"

static void letter_plain(void **state)
{
	struct letter letter = letter_sample();
	struct buf bytes = letter_bytes(&letter, NULL), again = letter_bytes(&letter, NULL);

	(void)state;
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.data, again.data, bytes.len);
	python_reads(&bytes, HEAD TEXTS);
	buf_free(&bytes);
	buf_free(&again);
}

static void letter_attachments(void **state)
{
	struct letter_attachment files[] = {
	    {"joe.doe_2026-11-22.pem", "application/x-pem-file", pem, sizeof(pem) - 1},
	    {"zażółć \"x\".bin", "application/octet-stream", "\0\1\2\377", 4},
	};
	struct letter letter = letter_sample();
	struct buf bytes;

	(void)state;
	letter.attachments = files;
	letter.attachments_count = nitems(files);
	bytes = letter_bytes(&letter, NULL);
	python_reads(&bytes, HEAD
	    "part multipart/mixed\n" TEXTS
	    "part application/x-pem-file file=joe.doe_2026-11-22.pem charset=None sha256=8010bfcee1842b2a\n"
	    "part application/octet-stream file=zażółć \"x\".bin charset=None sha256=3d1f57c984978ef9\n");
	buf_free(&bytes);
}

/* Each of these in any field makes no letter at all. */
static const char *const attacks[] = {"x\r\nBcc: a@b.example", "x\n", "\r", "x\x01", "\x7f",
    "\xc2\x9b"
    "2J",
    "\xff"};

static void letter_attacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(attacks); i++) {
		const char *bad = attacks[i];
		struct letter_header header = {"X-Test", bad}, name = {bad, "x"};
		struct letter_attachment file = {bad, "text/plain", "x", 1}, type = {"x", bad, "x", 1};
		struct letter l[10];

		for (size_t k = 0; k < nitems(l); k++)
			l[k] = letter_sample();
		l[0].from_name = bad;
		l[1].from_address = bad;
		l[2].to_address = bad;
		l[3].message_id = bad;
		l[4].subject = bad;
		l[5].language = bad;
		l[6].headers = &header;
		l[7].headers = &name;
		l[8].attachments = &file;
		l[9].attachments = &type;
		l[8].attachments_count = l[9].attachments_count = 1;
		for (size_t k = 0; k < nitems(l); k++) {
			struct buf out = {0};
			struct err e;

			assert_int_equal(letter_build(&out, &l[k], NULL, &e), -1);
			assert_int_equal(e.fault, FAULT_internal);
			assert_null(strstr(e.log, "Bcc"));
			buf_free(&out);
		}
	}
}

static void letter_not_utf8(void **state)
{
	struct letter letter = letter_sample();
	struct buf out = {0};
	struct err e;

	(void)state;
	letter.html = "<p>\xff</p>";
	assert_int_equal(letter_build(&out, &letter, NULL, &e), -1);
	buf_free(&out);
}

/* --- signatures --- */

static int folder_setup(void **state)
{
	struct mail_folder *f = calloc(1, sizeof(*f));

	mail_folder_make(f);
	mail_identity_make(f, "service", "email:no-reply@mailcert.example", 30);
	mail_identity_make(f, "other", "email:other@mailcert.example", 30);
	mail_identity_make(f, "old", "email:no-reply@mailcert.example", -1);
	*state = f;
	return 0;
}

static int folder_teardown(void **state)
{
	mail_folder_remove(*state);
	free(*state);
	return 0;
}

static int signer_open(
    struct letter_signer **out, const struct mail_folder *f, const char *cert, const char *key, struct err *e)
{
	char cert_path[128], key_path[128];

	mail_path(cert_path, f, cert);
	mail_path(key_path, f, key);
	*out = NULL;
	return letter_signer_open(out, cert_path, key_path, "no-reply@mailcert.example", e);
}

/* The signature says the letter's date, whatever the clock of this process says. */
static void signing_time_check(CMS_ContentInfo *cms)
{
	CMS_SignerInfo *info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	ASN1_TIME *at =
	    CMS_signed_get0_data_by_OBJ(info, OBJ_nid2obj(NID_pkcs9_signingTime), -3, V_ASN1_UTCTIME);

	assert_non_null(at);
	assert_int_equal(ASN1_TIME_cmp_time_t(at, letter_sample().date), 0);
}

/* Verify as a mail program does: OpenSSL's own MIME reader, our CA as the only trust. */
static int signature_good(const struct mail_folder *f, const struct buf *letter)
{
	BIO *in = BIO_new_mem_buf(letter->data, (int)letter->len), *content = NULL;
	CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);
	X509_STORE *store = X509_STORE_new();
	int good;

	assert_non_null(cms);
	assert_non_null(content);
	signing_time_check(cms);
	assert_int_equal(X509_STORE_add_cert(store, f->ca), 1);
	(void)X509_STORE_set_purpose(store, X509_PURPOSE_ANY);
	good = CMS_verify(cms, NULL, store, content, NULL, CMS_BINARY);
	X509_STORE_free(store);
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	BIO_free(in);
	return good;
}

static void letter_signed(void **state)
{
	struct letter_attachment file = {"joe.pem", "application/x-pem-file", pem, sizeof(pem) - 1};
	const struct mail_folder *f = *state;
	struct letter letter = letter_sample();
	struct letter_signer *signer;
	struct buf bytes;
	struct err e;
	char *at;

	assert_done(signer_open(&signer, f, "service.pem", "service.key", &e), &e);
	for (size_t attachments = 0; attachments < 2; attachments++) {
		letter.attachments = &file;
		letter.attachments_count = attachments;
		bytes = letter_bytes(&letter, signer);
		assert_non_null(strstr(bytes.data, "micalg=sha-256"));
		assert_int_equal(signature_good(f, &bytes), 1);
		at = strstr(bytes.data, "mailcert.example/verify/abc");
		assert_non_null(at);
		at[0] = 'M'; /* one letter changed on the way */
		assert_int_equal(signature_good(f, &bytes), 0);
		buf_free(&bytes);
	}
	letter_signer_free(signer);
}

static void letter_signed_reads(void **state)
{
	const struct mail_folder *f = *state;
	struct letter letter = letter_sample();
	struct letter_signer *signer;
	struct buf bytes;
	struct err e;

	assert_done(signer_open(&signer, f, "service.pem", "service.key", &e), &e);
	bytes = letter_bytes(&letter, signer);
	assert_non_null(
	    strstr(bytes.data, "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\""));
	assert_non_null(strstr(bytes.data, "filename=\"smime.p7s\""));
	letter_signer_free(signer);
	buf_free(&bytes);
}

static void signer_valid(void **state)
{
	struct letter_signer *signer;
	time_t now = time(NULL);
	struct err e;

	assert_done(signer_open(&signer, *state, "service.pem", "service.key", &e), &e);
	assert_in_range(letter_signer_valid_until(signer, now) - now, 29 * 86400, 31 * 86400);
	assert_int_equal(letter_signer_valid_until(signer, now - 20 * 86400), 0); /* not valid yet */
	letter_signer_free(signer);
	assert_done(signer_open(&signer, *state, "old.pem", "old.key", &e), &e);
	assert_true(letter_signer_valid_until(signer, now) < now);
	letter_signer_free(signer);
}

static void signer_refused(void **state)
{
	const struct mail_folder *f = *state;
	struct letter_signer *signer;
	char path[128];
	struct err e;

	assert_int_equal(signer_open(&signer, f, "service.pem", "other.key", &e), -1); /* another's key */
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(signer_open(&signer, f, "other.pem", "other.key", &e), -1); /* another's address */
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(signer_open(&signer, f, "nowhere.pem", "service.key", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(
	    signer_open(&signer, f, "service.key", "service.key", &e), -1); /* no certificate in it */
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(signer_open(&signer, f, "service.pem", "service.pem", &e), -1); /* readable by all */
	assert_int_equal(e.fault, FAULT_config_invalid);
	mail_path(path, f, "service.key");
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(signer_open(&signer, f, "service.pem", "service.key", &e), -1);
	assert_int_equal(e.fault, FAULT_config_invalid);
	assert_int_equal(chmod(path, 0600), 0);
}

#define CASES(table, check)                                                 \
	for (size_t i = 0; i < nitems(table); i++)                          \
		t[n++] = (struct CMUnitTest)                                \
		{                                                           \
			table[i].name, check, NULL, NULL, (void *)&table[i] \
		}

int main(void)
{
	struct CMUnitTest
	    t[nitems(header_cases) + nitems(address_cases) + nitems(display_cases) + nitems(qp_cases) + 10];
	const struct CMUnitTest more[] = {
	    cmocka_unit_test(header_folds),
	    cmocka_unit_test(header_too_long),
	    cmocka_unit_test(letter_plain),
	    cmocka_unit_test(letter_attachments),
	    cmocka_unit_test(letter_attacks),
	    cmocka_unit_test(letter_not_utf8),
	    cmocka_unit_test_setup_teardown(letter_signed, folder_setup, folder_teardown),
	    cmocka_unit_test_setup_teardown(letter_signed_reads, folder_setup, folder_teardown),
	    cmocka_unit_test_setup_teardown(signer_valid, folder_setup, folder_teardown),
	    cmocka_unit_test_setup_teardown(signer_refused, folder_setup, folder_teardown),
	};
	size_t n = 0;

	CASES(header_cases, header_check);
	CASES(address_cases, address_check);
	CASES(display_cases, display_check);
	CASES(qp_cases, qp_check);
	for (size_t i = 0; i < nitems(more); i++)
		t[n++] = more[i];
	return cmocka_run_group_tests_name("letter", t, NULL, NULL);
}
