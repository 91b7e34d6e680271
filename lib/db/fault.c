/* fault.c - planned failures of the database, for tests; see fault.h. */
#include "lib/db/fault.h"

#ifdef FAULT_POINTS
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Count one more attempt; how many there were before. */
static long attempt_count(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat before = {0};
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || flock(fd, LOCK_EX) == -1 || fstat(fd, &before) == -1 || write(fd, ".", 1) != 1)
		abort(); /* a test that counts wrongly proves nothing */
	(void)close(fd);
	return (long)before.st_size;
}

/* Whether a word of the plan is about this statement; *what is then its part behind the name. */
static int word_fits(const char *word, const char *name, const char **what)
{
	size_t len = strcspn(word, ":");

	*what = word[len] == ':' ? word + len + 1 : word;
	return word[len] != ':' || (strlen(name) == len && strncmp(word, name, len) == 0);
}

struct fault_plan fault_plan(const char *name)
{
	const char *dir = getenv("MAILCERT_DB_FAULTS"), *what;
	struct fault_plan plan = {0, MOMENT_NEVER};
	char path[PATH_MAX], word[64];
	FILE *file;
	long left;

	if (dir == NULL)
		return plan;
	left = attempt_count(dir, name);
	(void)snprintf(path, sizeof(path), "%s/plan", dir);
	file = fopen(path, "re");
	while (file != NULL && fscanf(file, "%63s", word) == 1) {
		if (!word_fits(word, name, &what) || left-- > 0)
			continue;
		plan.number = (unsigned)strtoul(what, NULL, 10);
		plan.moment = strstr(what, "-before") != NULL  ? MOMENT_BEFORE
			      : strstr(what, "-after") != NULL ? MOMENT_AFTER
							       : MOMENT_NEVER;
		break;
	}
	if (file != NULL)
		(void)fclose(file);
	return plan;
}
#endif
