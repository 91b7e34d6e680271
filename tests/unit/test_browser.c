/* test_browser.c - names of browsers: the common ones by what they sent, and whatever else is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/browser.h"

static const struct {
	const char *agent, *name;
} common[] = {
    {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox, Linux"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
     "Safari/537.36",
	"Chrome, Windows"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
     "Safari/537.36 "
     "Edg/131.0.0.0",
	"Edge, Windows"},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
     "Safari/605.1.15",
	"Safari, macOS"},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
	"Chrome, iPhone"},
    {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 "
     "Chrome/125.0.0.0 "
     "Mobile Safari/537.36",
	"Samsung Internet, Android"},
    {"Firefox/128.0", "Firefox"},
};

static void name_common(void **state)
{
	char name[BROWSER_NAME_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		browser_name(name, common[i].agent);
		assert_string_equal(name, common[i].name);
	}
}

/* Whatever is sent is one printable line that fits. */
static void name_other(void **state)
{
	char name[BROWSER_NAME_ROOM], longest[4 * BROWSER_NAME_ROOM];

	(void)state;
	browser_name(name, "");
	assert_string_equal(name, "");
	browser_name(name, "curl/8.5.0 (x86_64)");
	assert_string_equal(name, "curl/8.5.0");
	browser_name(name, "a\nb\x1b[2J\xc5\xbc x");
	assert_string_equal(name, "a?b?[2J??");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	browser_name(name, longest);
	assert_int_equal(strlen(name), BROWSER_NAME_ROOM - 1);
}

int main(void)
{
	const struct CMUnitTest t[] = {
	    cmocka_unit_test(name_common),
	    cmocka_unit_test(name_other),
	};

	return cmocka_run_group_tests_name("browser", t, NULL, NULL);
}
