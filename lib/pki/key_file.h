/* key_file.h - private keys of ours in PEM files that nobody else can read. */
#ifndef LIB_PKI_KEY_FILE_H
#define LIB_PKI_KEY_FILE_H

#include <openssl/types.h>

struct err;

/* Load an unencrypted PEM private key from a file that secret_open() lets be read: else FAULT_config_invalid.
 * Never asks a terminal for a password. The caller frees the key with EVP_PKEY_free(). */
int key_file_load(EVP_PKEY **out, const char *path, struct err *e);

/* Write a private key (PKCS #8) into a new file of mode 0600, safe on disk before it returns. Refuses to
 * replace a file (config_invalid); leaves none behind when it fails. */
int key_file_create(const char *path, EVP_PKEY *key, struct err *e);

#endif
