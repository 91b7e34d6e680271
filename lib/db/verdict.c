/* verdict.c - error numbers of MariaDB and what they mean; see verdict.h. */
#include "lib/db/verdict.h"

#include <errmsg.h>
#include <mysqld_error.h>

#define WSREP_NOT_READY 1047 /* Galera: this node is not part of the cluster now (ER_UNKNOWN_COM_ERROR) */

enum verdict verdict_of(unsigned number)
{
	/* All that the client library says is about the connection, or about a connection that is in a state
	 * nobody foresaw; a new one mends both. */
	if ((number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) || number >= CR_EVENT_CREATE_FAILED)
		return VERDICT_RECONNECT;
	switch (number) {
	case ER_LOCK_DEADLOCK: /* and, in a Galera cluster, a commit that failed certification */
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_CHECKREAD: /* "Record has changed since last read": snapshot isolation, MariaDB 10.11 */
		return VERDICT_AGAIN;
	case ER_SERVER_SHUTDOWN:
	case ER_NORMAL_SHUTDOWN:
	case ER_CONNECTION_KILLED:
	case ER_QUERY_INTERRUPTED:
	case ER_ABORTING_CONNECTION:
	case ER_NEW_ABORTING_CONNECTION:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case ER_UNKNOWN_STMT_HANDLER: /* the server forgot what was prepared */
	case WSREP_NOT_READY:
		return VERDICT_RECONNECT;
	case ER_DISK_FULL:
	case ER_RECORD_FILE_FULL:
	case ER_GET_ERRNO: /* an engine's own error: mostly a full disk */
	case ER_ERROR_ON_READ:
	case ER_ERROR_ON_WRITE:
	case ER_CANT_CREATE_FILE: /* of a temporary table */
	case ER_ERROR_DURING_COMMIT:
	case ER_OUTOFMEMORY:
	case ER_OUT_OF_SORTMEMORY:
	case ER_OUT_OF_RESOURCES:
	case ER_LOCK_TABLE_FULL:
	case ER_CON_COUNT_ERROR:
	case ER_TOO_MANY_USER_CONNECTIONS:
	case ER_USER_LIMIT_REACHED:
	case ER_MAX_PREPARED_STMT_COUNT_REACHED:
	case ER_OPTION_PREVENTS_STATEMENT: /* --read-only: maintenance */
	case ER_STATEMENT_TIMEOUT:
		return VERDICT_BUSY;
	default:
		return VERDICT_FAIL;
	}
}
