/* browser.h - the name of a browser as its person knows it: "Firefox, Windows". */
#ifndef LIB_BASE_BROWSER_H
#define LIB_BASE_BROWSER_H

#define BROWSER_NAME_ROOM 61 /* octets of a name with its NUL */

/* Make a short name of what a browser says of itself (User-Agent, RFC 9110 10.1.5): browser and system when
 * they are among the common ones, else the first word of it, cut. Printable ASCII always; "" for nothing. It
 * is for people to recognise their own, and proves nothing: a program says what it likes. */
void browser_name(char out[BROWSER_NAME_ROOM], const char *agent);

#endif
