/* odd_token.c - a PKCS #11 module for tests: SoftHSM's, and what a test tells it to do otherwise.
 *
 * The file that the environment's ODD_TOKEN names says what, now, in words:
 *   slow     a signature takes a second
 *   false    a signature does not verify
 *   refuse   nothing is signed
 *   hang     C_Sign never comes back
 *   held     C_Finalize does not do it
 * No file, or none of these words in it: as SoftHSM.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <p11-kit-1/p11-kit/pkcs11.h>

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

static CK_FUNCTION_LIST_PTR softhsm;
static CK_FUNCTION_LIST list;

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out);

static bool told(const char *word)
{
	const char *path = getenv("ODD_TOKEN");
	char text[256];
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd == -1 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd != -1)
		(void)close(fd);
	text[len < 0 ? 0 : len] = '\0';
	return strstr(text, word) != NULL;
}

static CK_RV odd_sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
    CK_ULONG_PTR signature_len)
{
	CK_RV rv;

	while (told("hang"))
		(void)sleep(600);
	if (told("slow"))
		(void)sleep(1);
	if (told("refuse"))
		return CKR_DEVICE_ERROR;
	rv = softhsm->C_Sign(session, data, data_len, signature, signature_len);
	if (rv == CKR_OK && told("false"))
		signature[*signature_len - 1] ^= 1;
	return rv;
}

static CK_RV odd_finalize(CK_VOID_PTR reserved)
{
	return told("held") ? CKR_FUNCTION_FAILED : softhsm->C_Finalize(reserved);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out)
{
	CK_C_GetFunctionList get;
	void *library = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
	CK_RV rv;

	if (library == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || (rv = get(&softhsm)) != CKR_OK)
		return CKR_GENERAL_ERROR;
	list = *softhsm;
	list.C_Sign = odd_sign;
	list.C_Finalize = odd_finalize;
	*out = &list;
	return CKR_OK;
}
