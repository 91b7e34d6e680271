/* key_file.c - private keys in PEM files; see key_file.h. */
#include "lib/pki/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/pki/openssl.h"

#define KEY_FILE_MAX 16384

/* Never ask a terminal for a password: an encrypted key file is an error. */
static int no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

int key_file_load(EVP_PKEY **out, const char *path, struct err *e)
{
	unsigned char text[KEY_FILE_MAX];
	EVP_PKEY *key = NULL;
	BIO *bio;
	ssize_t len;
	int fd;

	fd = secret_open(path, e);
	if (fd == -1)
		return -1;
	len = read(fd, text, sizeof(text));
	(void)close(fd);
	if (len <= 0 || len == sizeof(text)) {
		OPENSSL_cleanse(text, sizeof(text));
		return err_set(
		    e, FAULT_config_invalid, "key file %s: empty, too large or not readable", path);
	}
	bio = BIO_new_mem_buf(text, (int)len);
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	OPENSSL_cleanse(text, sizeof(text));
	BIO_free(bio);
	if (key == NULL)
		return openssl_error(
		    e, FAULT_config_invalid, "key file %s: not an unencrypted PEM key", path);
	*out = key;
	return 0;
}

int key_file_create(const char *path, EVP_PKEY *key, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	long len;
	int fd = -1, rc = -1;

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		(void)openssl_error(e, FAULT_internal, "key file %s: encode", path);
		goto out;
	}
	len = BIO_get_mem_data(bio, &text);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		(void)err_errno(e, FAULT_config_invalid, "key file %s", path);
		goto out;
	}
	if (write(fd, text, (size_t)len) != len || fchmod(fd, 0600) == -1 || fsync(fd) == -1) {
		(void)err_errno(e, FAULT_internal, "key file %s: write", path);
		(void)unlink(path);
		goto out;
	}
	rc = 0;
out:
	if (fd != -1)
		(void)close(fd);
	BIO_free(bio);
	return rc;
}
