/* facts.h - an outbox row as the facts that a mail template may name (hdf/README.md, "Mails"). */
#ifndef TOOLS_MAILER_FACTS_H
#define TOOLS_MAILER_FACTS_H

#include <stddef.h>
#include <time.h>

struct _hdf; /* ClearSilver's HDF */
struct buf;
struct conf;
struct err;
struct mail_view;
struct outbox_row;

#define FACTS_FILE_MAX 80

/* Read the names of the products, HDF as in Products.File. Gives *out to the caller (hdf_destroy). */
int products_names_load(struct _hdf **out, const struct conf *, struct err *e);

struct facts_sources {
	const struct conf *conf;
	struct _hdf *products;        /* of products_names_load() */
	const struct mail_view *view; /* for a fault's sentences */
};

/* Put Brand.* and Mail.* of a row into a new tree, the caller's (hdf_destroy). value: the random value as it
 * stands in the link, dead after expires_at; NULL for kinds without one. FAULT_internal when the row lacks
 * what its kind needs. */
int facts_make(struct _hdf **out, const struct facts_sources *, const struct outbox_row *row,
    const char *value, time_t expires_at, struct err *e);

/* The beginning of file names for an address: its local part, what is not A-Za-z0-9._- turned into "-". */
void facts_file(char out[FACTS_FILE_MAX], const char *address);

/* Append DER certificates, one behind the other, as PEM. FAULT_internal when they are not certificates. */
int facts_pem(struct buf *out, const void *der, size_t len, struct err *e);

#endif
