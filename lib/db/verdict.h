/* verdict.h - what an error of MariaDB, or of its client library, means for the statement that met it. */
#ifndef LIB_DB_VERDICT_H
#define LIB_DB_VERDICT_H

enum verdict {
	VERDICT_FAIL,     /* the statement is wrong: a programmer's or an installer's error, or a refusal */
	VERDICT_BUSY,     /* the server cannot serve now (no room, too many clients, read-only): nobody's
			     error, and running the statement again at once would not help */
	VERDICT_AGAIN,    /* it was rolled back for another's sake: run it again on the same connection */
	VERDICT_RECONNECT /* the connection is gone or of no use; whether the statement took effect is not
			     known, so it is run again on a new one */
};

/* The verdict on an error number: 1000 to 4999 are the server's (mysqld_error.h), 2000 to 2999 and 5000 up
 * the client library's (errmsg.h). Numbers it does not know are VERDICT_FAIL. */
enum verdict verdict_of(unsigned number);

#endif
