/* account_key.h - security keys of people: adding, removing, signing in with one after the password. Whose
 * they are, and what is asked of one when, the database holds (sql/transitions.sql, "security keys"); what
 * one answers is judged here (webauthn.h).
 */
#ifndef LIB_FLOW_ACCOUNT_KEY_H
#define LIB_FLOW_ACCOUNT_KEY_H

#include "lib/base/text.h"
#include "lib/flow/actor.h"
#include "lib/flow/session.h"
#include "lib/flow/webauthn.h"

struct conf;
struct db;
struct err;

#define ACCOUNT_KEY_NAME_MAX 60 /* characters */

/* Whether a name (NUL-terminated) will do for a key: 1 to ACCOUNT_KEY_NAME_MAX characters of UTF-8, one line,
 * not blank, and as customer_name_good() wants it. */
bool account_key_name_good(const char *name);

/* What a key is asked, in base64url for the browser. Free with account_key_question_free(). */
struct account_key_question {
	struct webauthn_site site;
	char challenge[BASE64URL_ROOM(WEBAUTHN_CHALLENGE_LEN)];
	char handle[BASE64URL_ROOM(32)]; /* names the account to the key that is made, says nothing of it */
	struct buf known;                /* credential ids with a blank between: of all keys the person has */
};
void account_key_question_free(struct account_key_question *);

/* Begin to add a key for the person signed in: prove their password, keep a new challenge with the session,
 * good once and for two minutes by the database's clock. Fills *out, which the caller frees, also after a
 * failure. Faults: password_missing, password_wrong (counts as a failed sign-in), account_key_too_many,
 * sign_in_throttled, sign_in_required, busy. */
int account_key_begin(struct db *, const struct conf *, const struct actor *, const char *login,
    const char *password, struct account_key_question *out, struct err *e);

/* Add the key that was made for the challenge of this session. name: NUL-terminated UTF-8. Said twice, it is
 * added once. Faults: account_key_name_missing (also too long, or not one line), account_key_refused (the
 * answer is not right; counts as a failed sign-in), account_key_late, account_key_too_many,
 * sign_in_throttled, sign_in_required. */
int account_key_add(struct db *, const struct conf *, const struct actor *, const char *name,
    const struct webauthn_answer *, struct err *e);

/* Remove a key of the person signed in, who proves their password; one that is gone, or somebody else's, is
 * as if removed. Faults: password_missing, password_wrong (counts), sign_in_throttled, sign_in_required,
 * busy.
 */
int account_key_remove(struct db *, const struct conf *, const struct actor *, const char *login,
    const char *password, int64_t id, struct err *e);

/* Ask for a key at sign-in: keep a new challenge with the session that waits for one. As account_key_begin(),
 * without a password and a handle. Faults: sign_in_throttled, sign_in_required. */
int account_key_ask(
    struct db *, const struct conf *, const struct actor *, struct account_key_question *out, struct err *e);

/* Sign in with the answer of the key that the browser names (credential, base64url). On success *actor is
 * another session, which opens *opens; the one that waited has ended. Faults: account_key_refused (not right,
 * not this person's, or its count went back; counts as a failed sign-in), account_key_late (no challenge, or
 * one that was used or is older than two minutes), sign_in_throttled, sign_in_required. */
int account_key_sign_in(struct db *, const struct conf *, struct actor *, const char *credential,
    const struct webauthn_answer *, enum session_opens *opens, struct err *e);

#endif
