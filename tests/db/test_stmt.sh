#!/bin/bash
# test_stmt.sh - every statement of sql/statements.def on a fresh database; see tests/unit/test_stmt.c.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null
MAILCERT_TEST_CONFIG=$T/conf.hdf CMOCKA_MESSAGE_OUTPUT=TAP "$B/tests/unit/test_stmt"
