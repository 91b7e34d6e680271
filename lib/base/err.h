/* err.h - one error value for two audiences.
 *
 * A visitor gets a sentence found by a stable code (the list: faults.def; the sentences: hdf/words);
 * the operator gets a line for the log. Functions that can fail return 0 or -1 and fill a struct err;
 * nobody but the top of a program logs it. Neither part may hold a secret, a random value or a key.
 */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

#include <stddef.h>

/* Every fault of the product, from faults.def. FAULT_none (0) means "no fault". */
enum fault {
	FAULT_none = 0,
#define FAULT(code, status, field) FAULT_##code,
#include "lib/base/faults.def"
#undef FAULT
	FAULT__MAX
};

#define ERR_ARG_MAX 200
#define ERR_LOG_MAX 512

struct err {
	enum fault fault;
	char arg[ERR_ARG_MAX]; /* what the sentence names as {arg}: a size, a name, a line; may be empty */
	char log[ERR_LOG_MAX]; /* for the operator: object, call, library text; never shown to visitors */
};

/* Fill *e with a fault and a printf-formed line for the log (cut at ERR_LOG_MAX - 1 bytes). Empties arg.
 * Always returns -1, so that a function can end with `return err_set(...)`. */
int err_set(struct err *e, enum fault fault, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(), and set arg to what the visitor's sentence names as {arg}. Always -1. */
int err_set_arg(struct err *e, enum fault fault, const char *arg, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As err_set(), appending strerror(errno) as errno stood on entry. Always -1. */
int err_errno(struct err *e, enum fault fault, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put words in front of the line for the log, as "words: line"; for callers that know the object. Always -1.
 */
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The stable code ("csr_key_too_small"); the HTTP status it answers with; the form field it belongs to
 * (empty string: none). Static strings; an unknown fault is answered as "internal", 500, "". */
const char *fault_code(enum fault fault);
int fault_status(enum fault fault);
const char *fault_field(enum fault fault);

/* The fault with that code, or FAULT_none. The database answers with codes from the same list. */
enum fault fault_by_code(const char *code);

#endif
