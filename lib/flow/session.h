/* session.h - signing in and out. The browser holds a random id, the database its hash. */
#ifndef LIB_FLOW_SESSION_H
#define LIB_FLOW_SESSION_H

#include "lib/flow/actor.h"
#include "lib/flow/password.h"

struct conf;
struct db;
struct err;

/* What a session opens: everything, or only the page on which an admin's password is replaced, or only the
 * one that asks for the person's security key. */
enum session_opens { SESSION_OPENS_ALL, SESSION_OPENS_PASSWORD, SESSION_OPENS_KEY };

/* What proves a password to the database: the derived key with the pepper, and behind it the one without, for
 * verifiers from before there was one; where there is none, the one without alone. */
struct proof {
	unsigned char octets[2 * PASSWORD_DERIVED_LEN];
	size_t len;
	int cost;
};
#define P_PROOF(p) P_BYTES((p)->octets, (p)->len)

/* The proof of a password (NUL-terminated, at most PASSWORD_MAX octets) with the login's salt, at the cost it
 * was made with, in one of the host's turns to hash. The caller clears *out (OPENSSL_cleanse), also after a
 * failure. Faults: sign_in_throttled (arg: seconds to wait), busy. */
int session_prove(struct db *, const struct conf *, const struct actor *, const char *login,
    const char *password, struct proof *out, struct err *e);

/* Sign in. On success *actor becomes the new session (the id for the cookie in actor->secret); the session it
 * held before, if any, ends. actor->address must be filled. Login and password are NUL-terminated, as typed;
 * agent is what the browser calls itself, of which the person's list of sessions keeps a short name.
 * *opens: what the session opens; where a security key is wanted as well, account_key_sign_in() gives another
 * one for it. Faults: login_missing, password_missing, sign_in_refused (the same for a wrong login and a
 * wrong password, after the same time), password_expired (an admin's, too old), sign_in_throttled (arg:
 * seconds to wait), busy (too many at once, or no database). */
int session_sign_in(struct db *, const struct conf *, struct actor *, const char *login, const char *password,
    const char *agent, enum session_opens *opens, struct err *e);

/* End the session; one that has ended already is fine. */
int session_sign_out(struct db *, const struct actor *, struct err *e);

/* A change of password, as typed by who is signed in. */
struct password_change {
	const char *login, *password, *wish; /* wish: the new one */
	bool others;                         /* end all other sessions of this person */
};

/* Change the password of the person signed in. Faults: password_missing, password_wrong (counts as a failed
 * sign-in), password_short, password_long, password_common, password_unchanged, sign_in_throttled, busy. */
int session_password(
    struct db *, const struct conf *, const struct actor *, const struct password_change *, struct err *e);

/* End every other session of the person signed in. */
int session_end_others(struct db *, const struct actor *, struct err *e);

/* End one session of the person signed in, named by its mark (sql/transitions.sql, session_mark); that it has
 * ended already is fine. Faults: not_found (no such session, or somebody else's). */
int session_end(struct db *, const struct actor *, const char *mark, struct err *e);

/* Note that the session is in use (keeps it from ending by idleness). */
int session_touch(struct db *, const struct actor *, struct err *e);

/* Keep the person's choice of language ("en"). */
int session_language(struct db *, const struct actor *, const char *language, struct err *e);

#endif
