/* fuzz_conf.c - libFuzzer: whatever stands in a configuration file, it is read whole or refused with a line
 * that names what is wrong; what was read keeps to its table, and conf_check() finds nothing in it.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int good)
{
	if (!good)
		abort();
}

static void values_check(const struct conf *conf)
{
	for (int i = 0; i < SET__MAX; i++) {
		const struct setting_row *row = setting_row((enum setting)i);
		const char *text;
		long number;

		if (row->type == SETTING_FLAG) {
			(void)conf_flag(conf, (enum setting)i);
		} else if (row->type == SETTING_NUMBER) {
			number = conf_number(conf, (enum setting)i);
			demand(number >= row->least && number <= row->most);
		} else {
			text = conf_text(conf, (enum setting)i);
			demand(utf8_valid(text, strlen(text)) && strpbrk(text, "\r\n") == NULL);
		}
	}
}

static void line_check(void *told, const char *line)
{
	demand(*line != '\0');
	(*(int *)told)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[32];
	struct conf *conf = NULL;
	struct err e = {0};
	int told = 0, wrong;

	/* A file that includes others would have the fuzzer read this machine's; a long one says nothing new.
	 */
	if (size > 1024 || memmem(data, size, "#include", 8) != NULL)
		return -1;
	if (fd == -1) {
		fd = memfd_create("conf", MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	demand(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	wrong = conf_check(path, line_check, &told, &e);
	demand(wrong == -1 || wrong == told);
	if (conf_load(&conf, path, &e) == 0) {
		demand(wrong == 0);
		values_check(conf);
		conf_free(conf);
	} else {
		demand(wrong != 0 && e.fault == FAULT_config_invalid && *e.log != '\0');
	}
	return 0;
}
