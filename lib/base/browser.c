/* browser.c - browsers and systems by the marks they leave in User-Agent; see browser.h. */
#include "lib/base/browser.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct mark {
	const char *mark, *name;
};

/* Each claims to be those behind it as well, so the first that fits counts. */
static const struct mark browsers[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"Vivaldi/", "Vivaldi"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {NULL, NULL},
};
static const struct mark systems[] = {
    {"iPhone", "iPhone"},
    {"iPad", "iPad"},
    {"Android", "Android"},
    {"Windows", "Windows"},
    {"CrOS", "ChromeOS"},
    {"Macintosh", "macOS"},
    {"Linux", "Linux"},
    {NULL, NULL},
};

static const char *mark_find(const struct mark *marks, const char *agent)
{
	while (marks->mark != NULL && strstr(agent, marks->mark) == NULL)
		marks++;
	return marks->name;
}

void browser_name(char out[BROWSER_NAME_ROOM], const char *agent)
{
	const char *browser = mark_find(browsers, agent), *system = mark_find(systems, agent);

	if (browser == NULL)
		(void)snprintf(out, BROWSER_NAME_ROOM, "%.*s", (int)strcspn(agent, " "), agent);
	else
		(void)snprintf(out, BROWSER_NAME_ROOM, "%s%s%s", browser, system == NULL ? "" : ", ",
		    system == NULL ? "" : system);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
}
