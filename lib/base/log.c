/* log.c - the lines for the operator; see log.h. */
#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"

#define LOG_LINE_MAX 2000

static const char *log_program = "mailcert";
static const char *const log_words[] = {"info", "warning", "error"};

void log_open(const char *program)
{
	log_program = program;
}

/* Copy text, turning control bytes and bytes over 0x7e into \xNN; UTF-8 is not worth the doubt in a log. */
static size_t log_escape(char *out, size_t room, const char *text)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && n + 5 < room; p++) {
		if (*p >= 0x20 && *p < 0x7f && *p != '\\')
			out[n++] = (char)*p;
		else
			n += (size_t)snprintf(out + n, room - n, "\\x%02x", *p);
	}
	return n;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX + 128];
	struct tm tm;
	time_t now = time(NULL);
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)gmtime_r(&now, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	n += (size_t)snprintf(
	    line + n, sizeof(line) - n, "%s[%ld] %s: ", log_program, (long)getpid(), log_words[level]);
	n += log_escape(line + n, sizeof(line) - n - 1, text);
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
}

void log_err(enum log_level level, const struct err *e, const char *fmt, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	log_line(level, "%s: %s: %s", words, fault_code(e->fault), e->log);
}
