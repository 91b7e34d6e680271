/* ceremony_place.h - what the two halves of the ceremony (ceremony.c, ceremony_away.c) share; nobody else. */
#ifndef LIB_PKI_CEREMONY_PLACE_H
#define LIB_PKI_CEREMONY_PLACE_H

struct err;

/* Make the folders ca and crl of Ca.PublicDir when they are missing. */
int public_dirs_make(const char *public_dir, struct err *e);

#endif
