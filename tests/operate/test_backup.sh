#!/bin/bash
# test_backup.sh - tools/backup: whole or not at all, and what was there stays. age, the database and the files are stand-ins;
# tests/install does it with real ones.
# shellcheck disable=SC2016,SC2317
set -u
cd "$(dirname "$0")/../.." || exit 1

T=$(mktemp -d "${TMPDIR:-/tmp}/mailcert-backup.XXXXXX")
trap 'rm -rf "$T"' EXIT
mkdir "$T/bin" "$T/to"
program() { printf '#!/bin/bash\n%s\n' "$2" >"$T/bin/$1" && chmod 755 "$T/bin/$1"; }
program age 'if [ "$1" = -d ]; then exec cat "$4"; else exec cat; fi'
program tar 'echo files; exit ${TAR_STATUS:-0}'
program mariadb-dump 'echo "row $ROW"; [ -n "${CUT:-}" ] || echo "-- Dump completed on 2026-12-01"; exit ${DUMP_STATUS:-0}'
echo age1someone >"$T/recipients"
export PATH=$T/bin:$PATH
tests=0 failed=0
ok() { # NAME CONDITION...
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then echo "ok $tests - $name"; else
		echo "not ok $tests - $name"
		failed=1
	fi
}
backup() { tools/backup --dir "$T/to" --recipients "$T/recipients" "$@" >"$T/out" 2>&1; }
fails() { ! "$@"; }
count() { find "$T/to" -name "$1" | wc -l; }
newest() { find "$T/to" -name 'database-*.age' | sort | tail -n 1; }

export ROW=1
ok 'a backup' backup
ok 'is two files' test "$(count '*')" = 3 # the folder too
ok 'for nobody but their owner' test "$(stat -c %a "$(newest)")" = 600
ok 'that can be read' test "$(tools/backup --read "$(newest)" --key none | head -n 1)" = 'row 1'
first=$(newest)
sleep 1
ok 'a dump that is cut short is an error' fails env CUT=1 ROW=2 tools/backup --dir "$T/to" --recipients "$T/recipients"
ok 'so is one that failed' fails env DUMP_STATUS=3 ROW=2 tools/backup --dir "$T/to" --recipients "$T/recipients"
ok 'so are files that cannot be read' fails env TAR_STATUS=2 ROW=2 tools/backup --dir "$T/to" --recipients "$T/recipients"
ok 'the one before stays' test "$(newest)" = "$first"
ok 'nothing half is left' test "$(count '*.new')" = 0
ok 'files that changed while they were read are none' env TAR_STATUS=1 ROW=3 tools/backup --dir "$T/to" --recipients "$T/recipients"
ok 'and the new one is beside the first' test "$(count 'database-*')" = 2
sleep 1
ROW=4
ok 'of which so many stay as were wanted' backup --keep 1
ok 'one dump, one of the files' test "$(count '*.age')" = 2
ok 'the newest' test "$(tools/backup --read "$(newest)" --key none | head -n 1)" = 'row 4'
gzip -dc "$(newest)" | head -n 1 | gzip >"$T/cut.age"
ok 'a dump without its end is not restored without a word' fails tools/backup --read "$T/cut.age" --key none
: >"$T/recipients"
ok 'without a recipient nothing is written' fails backup
ok 'a wrong number is an error' fails backup --keep 0
echo "1..$tests"
exit $failed
