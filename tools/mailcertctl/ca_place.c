/* ca_place.c - what every command about CAs begins with; see ca_place.h. */
#include "tools/mailcertctl/ca_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/pki/token.h"
#include "tools/mailcertctl/ctl.h"

#define YEAR      (365L * 86400)
#define YEARS_MAX 25 /* SBR 6.3.2 */
#define CA_BACKDATE \
	3600 /* seconds: a certificate issued at once starts before its making, and so must its CA */

/* Make the folder when it is missing; its parent must be there. */
static int folder_make(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) == -1 && errno != EEXIST)
		return err_errno(e, FAULT_config_invalid, "make folder %s", path);
	return 0;
}

/* What a ceremony makes must be the signer's, who owns Ca.Dir: root works as that user meanwhile. */
static int owner_become(const char *dir, struct err *e)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(dir, &st) == -1 || setegid(st.st_gid) == -1 || seteuid(st.st_uid) == -1)
		return err_errno(e, FAULT_config_invalid, "work as the owner of %s", dir);
	return 0;
}

static void owner_leave(void)
{
	if (getuid() != 0)
		return;
	if (seteuid(0) == -1 || setegid(0) == -1)
		abort(); /* whoever was root may become it again */
}

/* Become the owner of Ca.Dir, and open the token when the configuration names one; *out is NULL when not. */
static int token_take(struct token **out, const struct conf *conf, struct err *e)
{
	const bool wanted = *conf_text(conf, SET_CA_PKCS11_MODULE) != '\0';
	char *pin = NULL;
	int rc;

	*out = NULL;
	if (wanted && conf_secret(conf, SET_CA_PKCS11_PIN, &pin, e) == -1)
		return -1;
	if (wanted && pin == NULL)
		return err_set(e, FAULT_config_invalid, "Ca.Pkcs11.PinFile is wanted with Ca.Pkcs11.Module");
	rc = owner_become(conf_text(conf, SET_CA_DIR), e);
	if (rc == 0 && wanted)
		rc = token_open(
		    out, conf_text(conf, SET_CA_PKCS11_MODULE), conf_text(conf, SET_CA_PKCS11_TOKEN), pin, e);
	secret_free(pin);
	return rc;
}

int place_open(struct ceremony_place *place, struct token **token, const struct conf *conf, struct err *e)
{
	if (folder_make(conf_text(conf, SET_CA_DIR), 0700, e) == -1 ||
	    folder_make(conf_text(conf, SET_CA_PUBLIC_DIR), 0755, e) == -1 ||
	    token_take(token, conf, e) == -1)
		return -1;
	*place = (struct ceremony_place){
	    .dir = conf_text(conf, SET_CA_DIR),
	    .public_dir = conf_text(conf, SET_CA_PUBLIC_DIR),
	    .public_url = conf_text(conf, SET_CA_PUBLIC_URL),
	    .cps_url = conf_text(conf, SET_CA_CPS_URL),
	    .token = *token,
	};
	return 0;
}

void place_close(struct token *token)
{
	token_close(token);
	owner_leave();
}

int key_kind_read(struct ctl *ctl, enum ca_key *out, struct err *e)
{
	static const struct {
		const char *word;
		enum ca_key key;
	} keys[] = {{"p256", CA_KEY_P256}, {"p384", CA_KEY_P384}, {"rsa4096", CA_KEY_RSA4096}};
	const char *word = ctl_option_or(ctl, "key", "p256");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(word, keys[i].word) == 0) {
			*out = keys[i].key;
			return 0;
		}
	return ctl_usage(ctl, e, "--key is p256, p384 or rsa4096");
}

static void plan_fill(
    struct ctl *ctl, struct ceremony_plan *plan, const char *name, const char *common_name, long years)
{
	*plan = (struct ceremony_plan){.name = name,
	    .organization = ctl_option_or(ctl, "organization", "mailcert demo"),
	    .common_name = common_name,
	    .country = ctl_option_or(ctl, "country", "PL"),
	    .not_before = time(NULL) - CA_BACKDATE,
	    .validity = years * YEAR};
}

int root_plan_read(struct ctl *ctl, struct ceremony_plan *plan, const char *name, struct err *e)
{
	long years;

	if (ctl_number(ctl, "root-years", 20, 1, YEARS_MAX, &years, e) == -1)
		return -1;
	plan_fill(ctl, plan, name, ctl_option_or(ctl, "root-common-name", "mailcert demo root CA"), years);
	return 0;
}

int issuing_plan_read(struct ctl *ctl, struct ceremony_plan *plan, const char *name, struct err *e)
{
	long years;

	if (ctl_number(ctl, "years", 8, 1, YEARS_MAX, &years, e) == -1)
		return -1;
	plan_fill(ctl, plan, name, ctl_option_or(ctl, "common-name", "mailcert demo issuing CA"), years);
	return 0;
}
