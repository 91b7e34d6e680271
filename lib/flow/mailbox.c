/* mailbox.c - the transitions of step 2; see mailbox.h. */
#include "lib/flow/mailbox.h"

#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/db/db.h"

int mailbox_draft(
    struct db *db, const struct actor *actor, const struct order_number *on, const char *email, struct err *e)
{
	return db_run(db, STMT_MAILBOX_DRAFT, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_TEXT(email), P_TEXT(actor->address)));
}

int mailbox_confirm(
    struct db *db, const struct actor *actor, const struct order_number *on, const char *email, struct err *e)
{
	return db_run(db, STMT_MAILBOX_CONFIRM, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_TEXT(email), P_TEXT(actor->address)));
}

int mailbox_resend(struct db *db, const struct actor *actor, const struct order_number *on, struct err *e)
{
	return db_run(db, STMT_MAILBOX_RESEND, NULL, e, DB_ARGS(P_CLAIM(actor, on), P_TEXT(actor->address)));
}

int mailbox_value_show(struct db *db, const char *value, struct db_rows **out, struct err *e)
{
	unsigned char octets[MAILBOX_VALUE_LEN];

	*out = NULL;
	if (base64url_decode(octets, sizeof(octets), value) == -1)
		return 0;
	return db_run(db, STMT_MAILBOX_VALUE_SHOW, out, e, DB_ARGS(P_BYTES(octets, sizeof(octets))));
}

int mailbox_answer(
    struct db *db, const char *value, bool confirm, const char *address, const char *agent, struct err *e)
{
	unsigned char octets[MAILBOX_VALUE_LEN];
	char kept[201];

	if (base64url_decode(octets, sizeof(octets), value) == -1)
		return err_set(e, FAULT_value_unknown, "holder's link: not a value");
	(void)snprintf(kept, sizeof(kept), "%s", agent);
	for (char *p = kept; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	return db_run(db, STMT_MAILBOX_ANSWER, NULL, e,
	    DB_ARGS(P_BYTES(octets, sizeof(octets)), P_NUMBER(confirm), P_TEXT(address), P_TEXT(kept)));
}
