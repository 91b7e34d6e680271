/* revocation.c - reasons and the transition; see revocation.h. */
#include "lib/flow/revocation.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/db/db.h"

const struct revocation_reason revocation_reasons[] = {
    {"keyCompromise", 1},
    {"affiliationChanged", 3},
    {"superseded", 4},
    {"cessationOfOperation", 5},
    {"unspecified", 0},
};
const int revocation_reasons_count = sizeof(revocation_reasons) / sizeof(revocation_reasons[0]);

int revocation_reason_number(const char *word)
{
	for (int i = 0; i < revocation_reasons_count; i++)
		if (strcmp(revocation_reasons[i].word, word) == 0)
			return revocation_reasons[i].number;
	return -1;
}

const char *revocation_reason_word(int number)
{
	for (int i = 0; i < revocation_reasons_count; i++)
		if (revocation_reasons[i].number == number)
			return revocation_reasons[i].word;
	return number == 9 ? "privilegeWithdrawn" : "unspecified";
}

int certificate_revoke(
    struct db *db, const struct actor *actor, const struct order_number *on, int reason, struct err *e)
{
	return db_run(db, STMT_CERTIFICATE_REVOKE, NULL, e,
	    DB_ARGS(P_CLAIM(actor, on), P_NUMBER(reason), P_TEXT(actor->address)));
}
