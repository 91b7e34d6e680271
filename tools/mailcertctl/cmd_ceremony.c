/* cmd_ceremony.c - mailcertctl ca root, ca request, ca sign, ca revoke: a ceremony whose root never meets the
 * network.
 *
 * The root is made and signs on a machine of its own, without a database; only a request goes there and only
 * certificates and CRLs come back (ca register --from, cmd_ca.c). What people compare is the SHA-256 of the
 * public key, which both sides print. The service's machine notes its part in the audit log; what is done on
 * the root's, the witnesses write down.
 */
#include "tools/mailcertctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/sha.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/ceremony.h"
#include "lib/pki/csr.h"
#include "lib/pki/issuer.h"
#include "tools/mailcertctl/ca_place.h"

#define KEY_HEX_ROOM (2 * SHA256_DIGEST_LENGTH + 1)

static void key_note(const struct ctl *ctl, const struct csr *csr, char hex[KEY_HEX_ROOM])
{
	hex_encode(hex, csr->spki_sha256, sizeof(csr->spki_sha256));
	ctl_note(ctl, "SHA-256 of the public key: %s", hex);
}

static int run_root(struct ctl *ctl, struct err *e)
{
	const char *name = ctl_option_or(ctl, "root", ROOT_NAME);
	struct ceremony_place place;
	struct ceremony_plan plan;
	struct token *token = NULL;
	int rc = -1;

	if (root_plan_read(ctl, &plan, name, e) == 0 && key_kind_read(ctl, &plan.key, e) == 0 &&
	    place_open(&place, &token, ctl->conf, e) == 0 && ceremony_root(&place, &plan, e) == 0)
		rc = ceremony_crl(&place, name, plan.not_before, CRL_CA_MOST, e);
	place_close(token);
	if (rc == 0)
		ctl_note(ctl, "made the root %s", name);
	return rc;
}

static int run_request(struct ctl *ctl, struct err *e)
{
	const char *name = ctl_option_or(ctl, "name", conf_text(ctl->conf, SET_CA_ISSUER));
	struct ceremony_place place;
	struct token *token = NULL;
	struct csr *csr = NULL;
	char hex[KEY_HEX_ROOM];
	enum ca_key kind;
	char *pem = NULL;
	int rc = -1;

	if (key_kind_read(ctl, &kind, e) == 0 && place_open(&place, &token, ctl->conf, e) == 0)
		rc = ceremony_request(&place, name, kind, &pem, e);
	place_close(token);
	if (rc == 0 && (rc = csr_read(&csr, pem, strlen(pem), NULL, e)) == 0) {
		(void)fputs(pem, stdout);
		key_note(ctl, csr, hex);
		rc = ctl_audit(ctl, e, "ca_key_made", "%s, SHA-256 of the public key %s", name, hex);
	}
	csr_free(csr);
	free(pem);
	return rc;
}

/* Read the request, and have its signature prove that somebody holds the key. */
static int request_read(struct ctl *ctl, struct csr **out, struct err *e)
{
	char *text = NULL;
	size_t len;
	int rc;

	if (file_read(ctl->args[0], CSR_TEXT_MAX, &text, &len, e) == -1)
		return -1;
	rc = csr_read(out, text, len, NULL, e);
	if (rc == 0)
		rc = csr_check(*out, NULL, NULL, e);
	free(text);
	return rc;
}

static int run_sign(struct ctl *ctl, struct err *e)
{
	const char *root = ctl_option_or(ctl, "root", ROOT_NAME);
	const char *name = ctl_option_or(ctl, "name", conf_text(ctl->conf, SET_CA_ISSUER));
	struct ceremony_place place;
	struct ceremony_plan plan;
	struct token *token = NULL;
	struct csr *csr = NULL;
	char hex[KEY_HEX_ROOM];
	int rc = -1;

	if (issuing_plan_read(ctl, &plan, name, e) == 0 && request_read(ctl, &csr, e) == 0) {
		key_note(ctl, csr, hex);
		if (ctl_confirm(ctl, e, "Sign %s, \"%s\", with the root %s?", name, plan.common_name, root) ==
			0 &&
		    place_open(&place, &token, ctl->conf, e) == 0)
			rc = ceremony_sign(&place, &plan, root, csr->key, e);
	}
	place_close(token);
	csr_free(csr);
	return rc;
}

/* --reason and --at. */
static int revocation_read(struct ctl *ctl, struct crl_entry *out, struct err *e)
{
	char at[20];
	struct tm tm = {0};

	if (!ca_reason_read(&out->reason, ctl_option(ctl, "reason")))
		return ctl_usage(ctl, e,
		    "--reason is keyCompromise, cACompromise, affiliationChanged, superseded, "
		    "cessationOfOperation or privilegeWithdrawn");
	if (ctl_past(ctl, "at", at, e) == -1)
		return -1;
	/* No later than thisUpdate of the CRL that is made for it. */
	out->revoked_at = time(NULL) - BACKDATE;
	if (*at != '\0' && strptime(at, "%Y-%m-%d %H:%M:%S", &tm) != NULL && timegm(&tm) < out->revoked_at)
		out->revoked_at = timegm(&tm);
	return 0;
}

/* What is revoked now, and what is left to do: the signer looks at the root's CRL by itself
 * (issuer_unrevoked() there). */
static void revocation_note(
    const struct ctl *ctl, const char *root, const char *name, const struct crl_entry *entry, bool known)
{
	char serial[2 * sizeof(entry->serial) + 1], when[32];
	struct tm tm;

	hex_encode(serial, entry->serial, entry->serial_len);
	(void)gmtime_r(&entry->revoked_at, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	ctl_note(ctl, "%s, serial %s, is revoked %s %s, %s; it stands on the CRL of %s", name, serial,
	    known ? "already, since" : "since", when, ca_reason_word(entry->reason), root);
	ctl_note(ctl,
	    "Bring that CRL to every host of the service within a day (SBR 4.9.7): ca register --from. "
	    "From then on the signer issues nothing from %s. Another CA then becomes Ca.Issuer, and %s "
	    "stays in Ca.Former.",
	    name, name);
}

static int run_revoke(struct ctl *ctl, struct err *e)
{
	const char *root = ctl_option_or(ctl, "root", ROOT_NAME), *name = ctl->args[0];
	struct crl_entry entry = {.reason = REASON_UNSPECIFIED};
	struct ceremony_place place;
	struct token *token = NULL;
	bool known = false;
	int rc = -1;

	if (revocation_read(ctl, &entry, e) == 0 &&
	    ctl_confirm(ctl, e, "The issuing CA %s, with all that it issued, is revoked for good.", name) ==
		0 &&
	    place_open(&place, &token, ctl->conf, e) == 0 &&
	    ceremony_revoke(&place, root, name, &entry, &known, e) == 0)
		rc = ceremony_crl(&place, root, time(NULL), CRL_CA_MOST, e);
	place_close(token);
	if (rc == 0)
		revocation_note(ctl, root, name, &entry, known);
	return rc;
}

static const struct option_row root_options[] = {
    {"key", "KIND", false, "p256 (default), p384 or rsa4096"},
    {"root", "NAME", false, "of the root: files, addresses, token label (root-1)"},
    {"root-common-name", "CN", false, "of the root"},
    {"organization", "O", false, "of the root"},
    {"country", "C", false, "of the root, two capital letters (PL)"},
    {"root-years", "N", false, "of 365 days the root lives (20)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row request_options[] = {
    {"key", "KIND", false, "p256 (default), p384 or rsa4096"},
    {"name", "NAME", false, "of the issuing CA: files, addresses, token label (Ca.Issuer)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row sign_options[] = {
    {"name", "NAME", false, "of the issuing CA: files, addresses (Ca.Issuer)"},
    {"root", "NAME", false, "of the root that signs (root-1)"},
    {"common-name", "CN", false, "of the issuing CA"},
    {"organization", "O", false, "of the issuing CA"},
    {"country", "C", false, "of the issuing CA, two capital letters (PL)"},
    {"years", "N", false, "of 365 days the issuing CA lives (8)"},
    {NULL, NULL, false, NULL},
};
static const struct option_row revoke_options[] = {
    {"reason", "REASON", true,
	"keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
	"privilegeWithdrawn"},
    {"root", "NAME", false, "of the root that signed it (root-1)"},
    {"at", "TIME", false, "since when (now), such as 2026-11-22T14:03:00Z"},
    {NULL, NULL, false, NULL},
};

const struct command ceremony_commands[] = {
    {"ca root", "", 0, 0, root_options, NEEDS_CONF, "make a root and its CRL on a machine without a database",
	run_root},
    {"ca request", "", 0, 0, request_options, NEEDS_CONF | NEEDS_DB,
	"make an issuing CA's key here, and print a request for a root elsewhere", run_request},
    {"ca sign", "REQUEST", 1, 1, sign_options, NEEDS_CONF | NEEDS_YES,
	"sign an issuing CA whose key lies elsewhere", run_sign},
    {"ca revoke", "NAME", 1, 1, revoke_options, NEEDS_CONF | NEEDS_YES,
	"revoke an issuing CA, and publish the root's CRL with it", run_revoke},
    {NULL, "", 0, 0, NULL, 0, NULL, NULL},
};
