/* route.h - the table of all addresses, and the dispatcher that walks it. */
#ifndef CGI_ROUTE_H
#define CGI_ROUTE_H

#include <stddef.h>

#include "cgi/req.h"

/* What a route asks for before its handler runs. */
#define R_PUBLIC 1U /* anyone; else a session cookie must be there (the handler's statement proves it) */
#define R_NO_TOKEN \
	2U         /* a POST without form token: it changes nothing, or its address is a secret in itself */
#define R_FILE 4U  /* takes multipart/form-data */
#define R_KEY  8U  /* a partner's key will do as well; the handler's statement proves it */
#define R_LED  16U /* not a page of its own: whoever opens it is led on, so no list of addresses names it */
#define R_JSON 32U /* for programs first: JSON to whoever did not name text/html, faults too */

struct route {
	enum http_method method; /* GET serves HEAD too */
	const char *path;        /* segments; ":name" takes any one segment */
	int (*handle)(struct req *, struct err *);
	unsigned flags;
};

extern const struct route routes[];
extern const size_t routes_count;

/* Answer a request: find its route, check token and session cookie, run the handler, turn a fault into a
 * page. Always leaves a whole answer in r. content_type and body are the request's. */
void route_dispatch(struct req *r, const char *content_type, const char *body, size_t body_len);

#endif
