/* keys.c - the CA keys the signer holds: opened at the start, and opened anew when the token was away. */
#include "tools/signer/signer.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/db/db.h"
#include "lib/pki/issuer.h"
#include "lib/pki/token.h"
#include "tools/signer/watch.h"

#define WATCH_MORE 10 /* seconds beyond the lease that a signature may take: nobody waits for it any more */

static int ca_open(struct signer *s, const char *name, struct err *e)
{
	const struct conf *c = s->conf;
	const struct issuer_place place = {.dir = conf_text(c, SET_CA_DIR),
	    .name = name,
	    .token = s->token,
	    .public_url = conf_text(c, SET_CA_PUBLIC_URL),
	    .cps_url = conf_text(c, SET_CA_CPS_URL)};

	if (issuer_open(&s->cas[s->ca_count].issuer, &place, e) == -1)
		return -1;
	s->ca_count++;
	return 0;
}

/* The CAs that issued before: they issue nothing more, but their CRLs go on (SBR 4.10.1). */
static int former_open(struct signer *s, struct err *e)
{
	const char *list = conf_text(s->conf, SET_CA_FORMER);

	while (*(list += strspn(list, ", ")) != '\0') {
		size_t len = strcspn(list, ", ");
		char name[CA_NAME_MAX + 1];

		if (len >= sizeof(name))
			return err_set(
			    e, FAULT_config_invalid, "Ca.Former: a name is longer than %d", CA_NAME_MAX);
		if (s->ca_count == SIGNER_CAS_MAX)
			return err_set(
			    e, FAULT_config_invalid, "Ca.Former: more than %d names", SIGNER_CAS_MAX - 1);
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, list);
		if (strcmp(name, s->cas[0].issuer->name) != 0 && ca_open(s, name, e) == -1)
			return err_context(e, "Ca.Former");
		list += len;
	}
	return 0;
}

int keys_open(struct signer *s, struct err *e)
{
	const struct conf *c = s->conf;
	char *pin = NULL;
	int rc;

	if (*conf_text(c, SET_CA_PKCS11_MODULE) != '\0') {
		if (conf_secret(c, SET_CA_PKCS11_PIN, &pin, e) == -1)
			return -1;
		rc = token_open(&s->token, conf_text(c, SET_CA_PKCS11_MODULE),
		    conf_text(c, SET_CA_PKCS11_TOKEN), pin == NULL ? "" : pin, e);
		secret_free(pin);
		if (rc == -1 || watch_begin(conf_number(c, SET_SIGNER_LEASE) + WATCH_MORE, e) == -1)
			return -1;
		token_watch(s->token, watch_signature);
	}
	return ca_open(s, conf_text(c, SET_CA_ISSUER), e) == -1 ? -1 : former_open(s, e);
}

static int reopen(struct signer *s, struct err *e)
{
	/* The PIN is not tried again: tokens lock after a few false ones. */
	if (s->token != NULL && token_pin_refused(s->token))
		return err_set(e, FAULT_busy, "the token refused the PIN");
	if (s->token != NULL && token_reopen(s->token, e) == -1) {
		if (token_pin_refused(s->token))
			log_err(
			    LOG_LEVEL_ERROR, e, "not tried again; start the signer anew when this is mended");
		return -1;
	}
	for (size_t i = 0; i < s->ca_count; i++)
		if (issuer_reopen(s->cas[i].issuer, e) == -1)
			return -1;
	return 0;
}

int keys_reopen(struct signer *s, struct err *e)
{
	if (!s->keys_away)
		log_err(LOG_LEVEL_WARNING, e, "key does not sign, opening it again");
	if (reopen(s, e) == 0) {
		if (s->keys_away)
			log_line(LOG_LEVEL_INFO, "key is back");
		s->keys_away = false;
		return 0;
	}
	if (!s->keys_away) /* once, not every second */
		log_err(LOG_LEVEL_ERROR, e, "key is away");
	s->keys_away = true;
	/* Whatever the module said, nothing but the key is wrong: try again. */
	e->fault = FAULT_busy;
	return -1;
}

int keys_ready(struct signer *s, struct err *e)
{
	return s->keys_away ? keys_reopen(s, e) : 0;
}

int ca_row_find(struct signer *s, struct signer_ca *ca, struct err *e)
{
	const struct issuer *issuer = ca->issuer;
	struct db_rows *rows = NULL;
	const char *sha256;
	size_t len;
	int rc = 0;

	if (ca->id != 0)
		return 0;
	if (db_run(s->db, STMT_ISSUER_BY_NAME, &rows, e, DB_ARGS(P_TEXT(issuer->name))) == -1)
		return -1;
	if (db_rows_count(rows) == 0)
		rc = err_set(e, FAULT_config_invalid, "issuer %s is not in the database: mailcertctl ca init",
		    issuer->name);
	else if ((sha256 = db_bytes(rows, 0, "sha256", &len)) == NULL || len != sizeof(issuer->sha256) ||
		 memcmp(sha256, issuer->sha256, len) != 0)
		rc = err_set(e, FAULT_config_invalid, "issuer %s: another certificate than in the database",
		    issuer->name);
	else
		ca->id = (unsigned)db_number(rows, 0, "id");
	if (rc == 0 && db_text(rows, 0, "root") != NULL)
		(void)snprintf(ca->root, sizeof(ca->root), "%s", db_text(rows, 0, "root"));
	db_rows_free(rows);
	return rc;
}

static bool ca_held(const struct signer *s, const char *name)
{
	for (size_t i = 0; i < s->ca_count; i++)
		if (strcmp(s->cas[i].issuer->name, name) == 0)
			return true;
	return false;
}

void keys_missing_tell(struct signer *s)
{
	struct db_rows *rows = NULL;
	struct err e;

	if (s->missing_told || db_run(s->db, STMT_ISSUER_LIVING, &rows, &e, 0, NULL) == -1)
		return;
	for (size_t i = 0; i < db_rows_count(rows); i++)
		if (!ca_held(s, db_text(rows, i, "name")))
			log_line(LOG_LEVEL_ERROR, "nobody makes the CRL of %s: name it in Ca.Former",
			    db_text(rows, i, "name"));
	db_rows_free(rows);
	s->missing_told = true;
}

void keys_close(struct signer *s)
{
	for (size_t i = 0; i < s->ca_count; i++)
		issuer_close(s->cas[i].issuer);
	s->ca_count = 0;
	token_close(s->token);
}
