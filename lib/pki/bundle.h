/* bundle.h - certificates as people take them home: PEM text, a PKCS #7 file, a file name.
 *
 * Nothing here judges certificates: they come from the database as DER and go out as they are.
 */
#ifndef LIB_PKI_BUNDLE_H
#define LIB_PKI_BUNDLE_H

#include <stddef.h>
#include <time.h>

struct buf;
struct err;

/* One certificate, borrowed. */
struct bundle_item {
	const unsigned char *der;
	size_t len;
};

/* Add the certificates as PEM text (RFC 7468, label CERTIFICATE, lines of 64) in their order: the holder's
 * first, then who issued it, and so on. 0, or -1 without memory. */
int bundle_pem(struct buf *out, const struct bundle_item *items, size_t count, struct err *e);

/* Add a degenerate PKCS #7 signedData in DER, which only carries certificates (RFC 2315 9.1; ".p7b"). Its
 * certificates are a SET: their order there means nothing. 0, or -1 with FAULT_internal when one is no
 * certificate. */
int bundle_p7b(struct buf *out, const struct bundle_item *items, size_t count, struct err *e);

/* A file name without its ending: "joe.doe_2026-11-22", from the local part of a canonical address and the
 * UTC day of when. Only letters, digits, '.', '_' and '-' are in it, the first is none of '.' and '-', and
 * neighbouring dots do not occur: it is safe in headers, shells and on any disk. */
#define FILE_NAME_ROOM 80
void file_name_for(char out[FILE_NAME_ROOM], const char *address, time_t when);

#endif
