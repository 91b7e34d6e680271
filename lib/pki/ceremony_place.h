/* ceremony_place.h - what the parts of the ceremony (ceremony.c, ceremony_away.c, ceremony_revoke.c) share;
 * nobody else. */
#ifndef LIB_PKI_CEREMONY_PLACE_H
#define LIB_PKI_CEREMONY_PLACE_H

#include <stddef.h>

struct ceremony_place;
struct crl_entry;
struct err;
struct issuer;

/* Make the folders ca and crl of Ca.PublicDir when they are missing. */
int public_dirs_make(const char *public_dir, struct err *e);

/* As issuer_open(), for a CA of this place. */
int place_issuer_open(struct issuer **out, const struct ceremony_place *, const char *name, struct err *e);

/* The CAs that a root has revoked. */
struct revoked_list {
	struct crl_entry *entries; /* owned */
	size_t count, at;
};

/* Read <Ca.Dir>/<root>.revoked; no file is no CA. config_invalid names a line that is not understood. *out is
 * emptied with revoked_free(). */
int revoked_read(
    struct revoked_list *out, const struct ceremony_place *, const char *root_name, struct err *e);
void revoked_free(struct revoked_list *); /* an all-zero one is fine */
/* The entries one by one; a crl_next with the list as arg. */
int revoked_next(void *list, struct crl_entry *out, struct err *e);
/* config_invalid: the CRL that stands published lists a CA that the list does not. The file was lost, and a
 * CRL made from what is left would forgive that CA. */
int revoked_covers(const struct revoked_list *, const char *public_dir, const char *root_name, struct err *e);

#endif
