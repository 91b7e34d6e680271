/* test_instance.c - the names of processes: the lowest free number, and what is left when somebody holds them
 * all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/instance.h"

#define NUMBERS 64

static unsigned long number_of(const char *name)
{
	const char *colon = strrchr(name, ':');

	assert_non_null(colon);
	return strtoul(colon + 1, NULL, 10);
}

static void numbers_end(void **state)
{
	char path[] = "/tmp/mailcert-instance.XXXXXX", kind[32], name[INSTANCE_NAME_MAX],
	     other[INSTANCE_NAME_MAX];
	struct conf *conf;
	struct err e;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(conf_load(&conf, path, &e), 0);
	(void)snprintf(kind, sizeof(kind), "test%d", (int)getpid());
	for (unsigned long i = 1; i <= NUMBERS; i++) {
		assert_int_equal(instance_take(name, kind, conf, &e), 0);
		assert_int_equal(number_of(name), i);
	}
	/* All are held, by whomever: a process starts all the same, under a name of its own. */
	assert_int_equal(instance_take(name, kind, conf, &e), 0);
	assert_int_equal(instance_take(other, kind, conf, &e), 0);
	assert_true(number_of(name) > NUMBERS);
	assert_true(number_of(other) > NUMBERS);
	assert_string_not_equal(name, other);
	conf_free(conf);
	(void)close(fd);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_end)};

	return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}
