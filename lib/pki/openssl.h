/* openssl.h - OpenSSL's error queue as one of our errors, and the few conversions its users share. */
#ifndef LIB_PKI_OPENSSL_H
#define LIB_PKI_OPENSSL_H

#include <time.h>
#include <openssl/types.h>

#include "lib/base/err.h"

/* As err_set(), appending the reason of OpenSSL's newest error, and empty OpenSSL's queue. Always -1. */
int openssl_error(struct err *e, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* An ASN.1 time as seconds since 1970; 0 and *out, or -1 when it is none. */
int openssl_time(time_t *out, const ASN1_TIME *t);

#endif
