/* session.h - signing in and out. The browser holds a random id, the database its hash. */
#ifndef LIB_FLOW_SESSION_H
#define LIB_FLOW_SESSION_H

#include "lib/flow/actor.h"

struct conf;
struct db;
struct err;

/* Sign in. On success *actor becomes the new session (the id for the cookie in actor->secret); the session it
 * held before, if any, ends. actor->address must be filled. Login and password are NUL-terminated, as typed.
 * Faults: login_missing, password_missing, sign_in_refused (the same for a wrong login and a wrong password,
 * after the same time), sign_in_throttled (arg: seconds to wait), busy (too many at once, or no database). */
int session_sign_in(
    struct db *, const struct conf *, struct actor *, const char *login, const char *password, struct err *e);

/* End the session; one that has ended already is fine. */
int session_sign_out(struct db *, const struct actor *, struct err *e);

/* Note that the session is in use (keeps it from ending by idleness). */
int session_touch(struct db *, const struct actor *, struct err *e);

/* Keep the person's choice of language ("en"). */
int session_language(struct db *, const struct actor *, const char *language, struct err *e);

#endif
