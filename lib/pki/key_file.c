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

/* The checks are made on the open file, so that nothing can be swapped in between. */
static int key_file_open(const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return err_errno(e, FAULT_config_invalid, "key file %s", path);
	if (fstat(fd, &st) == -1)
		(void)err_errno(e, FAULT_config_invalid, "key file %s", path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(e, FAULT_config_invalid, "key file %s: not a plain file", path);
	else if (st.st_uid != geteuid())
		(void)err_set(e, FAULT_config_invalid, "key file %s: owned by user %u, not %u", path,
		    (unsigned)st.st_uid, (unsigned)geteuid());
	else if ((st.st_mode & 07777 & ~(mode_t)0600) != 0)
		(void)err_set(e, FAULT_config_invalid, "key file %s: mode %04o, must be 0600", path,
		    (unsigned)(st.st_mode & 07777));
	else
		return fd;
	(void)close(fd);
	return -1;
}

int key_file_load(EVP_PKEY **out, const char *path, struct err *e)
{
	unsigned char text[KEY_FILE_MAX];
	EVP_PKEY *key = NULL;
	BIO *bio;
	ssize_t len;
	int fd;

	fd = key_file_open(path, e);
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
