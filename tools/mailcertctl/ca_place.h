/* ca_place.h - what every command about CAs begins with: where CAs live, what a new one shall be. */
#ifndef TOOLS_MAILCERTCTL_CA_PLACE_H
#define TOOLS_MAILCERTCTL_CA_PLACE_H

#include "lib/pki/ceremony.h"

struct conf;
struct ctl;
struct err;
struct token;

#define ROOT_NAME "root-1" /* when --root does not say */

/* Open the place that the configuration names, its token included (*token NULL: keys in files). What is made
 * there must be the signer's, who owns Ca.Dir: until place_close() root works as that user, so whatever only
 * root can read is read before. */
int place_open(struct ceremony_place *, struct token **token, const struct conf *, struct err *e);
void place_close(struct token *); /* also after a place_open() that failed; NULL is fine */

/* --key, else P-256. */
int key_kind_read(struct ctl *, enum ca_key *out, struct err *e);
/* What the options say of a new root (--root-common-name, --root-years) and a new issuing CA (--common-name,
 * --years); --organization and --country serve both. The kind of key is left to the caller. */
int root_plan_read(struct ctl *, struct ceremony_plan *, const char *name, struct err *e);
int issuing_plan_read(struct ctl *, struct ceremony_plan *, const char *name, struct err *e);

#endif
