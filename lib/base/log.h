/* log.h - one line per event on standard error, where systemd's journal or the stack's log file takes it.
 *
 * "2026-11-22T14:03:00Z mailcert-web[123] error: words". Control bytes and non-UTF-8 are escaped as \xNN, so
 * that nothing from outside can forge a line. Only the top of a program calls these.
 */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

struct err;

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Name this program for the lines that follow. The string must live as long as the program. */
void log_open(const char *program);

/* Write one line (cut at 2,000 bytes), in a single write(2). */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Write an error's code and log text, with words in front saying what was being done. */
void log_err(enum log_level level, const struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
