/* script.h - a file of SQL, split into its statements.
 *
 * A statement ends with ";" as the last octet of a line that is no comment; in a file that has lines "$$" it
 * ends with such a line, so that procedures may hold semicolons. Comments before a statement stay with it.
 */
#ifndef TOOLS_MAILCERTCTL_SCRIPT_H
#define TOOLS_MAILCERTCTL_SCRIPT_H

#include <openssl/sha.h>

struct err;

struct script {
	char *text;        /* owned; cut into the statements */
	char **statements; /* owned array; each points into text, without its end */
	unsigned count;
};

/* Read and split a file of at most 4 MiB. sha256, if not NULL, is filled with the file's. A statement without
 * an end is refused (command_refused). *out was all-zero; script_free() empties it, also after a failure. */
int script_load(
    struct script *out, const char *path, unsigned char sha256[SHA256_DIGEST_LENGTH], struct err *e);
void script_free(struct script *); /* all-zero is fine */

#endif
