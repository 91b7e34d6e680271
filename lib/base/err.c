/* err.c - building error values and looking faults up; see err.h. */
#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

static const struct fault_row {
	const char *code;
	int status;
	const char *field;
} fault_table[FAULT__MAX] = {
    [FAULT_none] = {"none", 200, ""},
#define FAULT(code, status, field) [FAULT_##code] = {#code, status, field},
#include "lib/base/faults.def"
#undef FAULT
};

static void err_fill(struct err *e, enum fault fault, const char *fmt, va_list ap)
{
	e->fault = fault;
	e->arg[0] = '\0';
	(void)vsnprintf(e->log, sizeof(e->log), fmt, ap);
}

int err_set(struct err *e, enum fault fault, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_fill(e, fault, fmt, ap);
	va_end(ap);
	return -1;
}

int err_set_arg(struct err *e, enum fault fault, const char *arg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_fill(e, fault, fmt, ap);
	va_end(ap);
	utf8_copy(e->arg, sizeof(e->arg), arg == NULL ? "" : arg);
	return -1;
}

int err_errno(struct err *e, enum fault fault, const char *fmt, ...)
{
	int saved = errno;
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	err_fill(e, fault, fmt, ap);
	va_end(ap);
	used = strlen(e->log);
	(void)snprintf(e->log + used, sizeof(e->log) - used, ": %s", strerror(saved));
	return -1;
}

int err_context(struct err *e, const char *fmt, ...)
{
	char line[ERR_LOG_MAX];
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	used = strlen(line);
	(void)snprintf(line + used, sizeof(line) - used, ": %s", e->log);
	memcpy(e->log, line, sizeof(line));
	return -1;
}

static const struct fault_row *fault_row(enum fault fault)
{
	if ((int)fault < 0 || fault >= FAULT__MAX)
		fault = FAULT_internal;
	return &fault_table[fault];
}

const char *fault_code(enum fault fault)
{
	return fault_row(fault)->code;
}

int fault_status(enum fault fault)
{
	return fault_row(fault)->status;
}

const char *fault_field(enum fault fault)
{
	return fault_row(fault)->field;
}

enum fault fault_by_code(const char *code)
{
	/* A history asks this of every line: most codes differ in their first letter already. */
	for (int i = FAULT_none + 1; i < FAULT__MAX; i++)
		if (*fault_table[i].code == *code && strcmp(fault_table[i].code, code) == 0)
			return (enum fault)i;
	return FAULT_none;
}
