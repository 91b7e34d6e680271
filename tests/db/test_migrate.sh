#!/bin/bash
# test_migrate.sh - mailcertctl db: fresh, twice, dry run, interrupted, two at once, newer, changed, malformed.
. "$(dirname "$0")/lib.sh"
db_start

# What the schema looks like: every table, view and procedure as the server would make it again.
schema() {
	local name
	for name in $(as root "SELECT table_name FROM information_schema.tables WHERE table_schema = '$DB' ORDER BY 1"); do
		as root "SHOW CREATE TABLE \`$name\`" | sed 's/ AUTO_INCREMENT=[0-9]*//'
	done
	as root "SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = '$DB' ORDER BY 1"
	as root "SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = '$DB' ORDER BY 1"
}

# A copy of sql/ to change; conf.hdf of the copy.
copy() {
	rm -rf "$T/sql"
	cp -r sql "$T/sql"
	config_write "$T/copy.hdf" "$DB" "$T/sql"
}
ctl_copy() {
	"$CTL" --config "$T/copy.hdf" "$@"
}

# --- dry run and fresh ---
like "a dry run lists what is pending" "$(ctl db migrate --dry-run --csv)" "*0001_base,pending,*"
is "a dry run changes nothing" "$(as root 'SHOW TABLES')" ""
run ctl db status
is "status of an empty database fails" "$RC" 1
run ctl db migrate
is "a fresh database is migrated" "$RC" 0
like "it says what it does" "$(cat "$T/out")" "migration 0001_base: * statements*transitions.sql:*grants.sql:*schema * is in place"
run ctl db status
is "status is fine then" "$RC" 0
is "every migration is finished" "$(as root 'SELECT COUNT(*) FROM schema_migration WHERE finished_at IS NULL')" 0
schema >"$T/schema"
like "there is a schema" "$(cat "$T/schema")" "*CREATE TABLE*mailbox_value*order_claim*"

# --- again ---
run ctl db migrate
is "a second run is fine" "$RC" 0
ok "it applies no migration again" test "$(grep -c ^migration "$T/out")" = 0
schema >"$T/schema2"
ok "and changes nothing" cmp "$T/schema" "$T/schema2"

# --- interrupted: whatever the last statement was that was noted, the rest is run (again) ---
for version in $(as root "SELECT version FROM schema_migration"); do
	name=$(as root "SELECT name FROM schema_migration WHERE version = $version")
	count=$(as root "SELECT statements_done FROM schema_migration WHERE version = $version")
	wrong=
	for done in $(seq 0 "$count"); do
		as root "UPDATE schema_migration SET statements_done = $done, finished_at = NULL WHERE version = $version"
		run ctl db migrate
		[ "$RC" = 0 ] && grep -q "migration $name: interrupted behind statement $done of $count, going on" "$T/out" || wrong="$wrong $done"
	done
	is "$name interrupted behind any statement is named and goes on" "$wrong" ""
done
schema >"$T/schema2"
ok "and ends in the same schema" cmp "$T/schema" "$T/schema2"

# --- a statement that fails in the middle ---
copy
version=$(($(find sql/migrations -name '*.sql' | wc -l) + 1))
name=$(printf '%04d_test' "$version")
cat >"$T/sql/migrations/$name.sql" <<'END'
-- a comment with a semicolon at its end;
CREATE TABLE IF NOT EXISTS test_one (id INT PRIMARY KEY COMMENT 'first; second');
INSERT INTO test_one VALUES (1);
INSERT INTO test_one VALUES (2), (1);
INSERT INTO test_one VALUES (3);
END
run ctl_copy db migrate
is "a failing statement fails the run" "$RC" 1
like "it is named" "$(cat "$T/err")" "*migration $name, statement 3*Duplicate entry*"
is "what was done before it stays, the statement leaves nothing" "$(as root 'SELECT GROUP_CONCAT(id) FROM test_one')" 1
like "status shows the interruption" "$(ctl_copy db status --csv 2>/dev/null)" "*$name,interrupted,4,2,*"
as root "DELETE FROM test_one WHERE id = 1"
run ctl_copy db migrate
is "with its cause mended the run goes on" "$RC" 0
like "behind the last statement done" "$(cat "$T/out")" "*migration $name: interrupted behind statement 2 of 4*"
is "and runs each statement once" "$(as root 'SELECT GROUP_CONCAT(id ORDER BY id) FROM test_one')" 1,2,3

# --- somebody reads the table for long ---
as root "UPDATE schema_migration SET statements_done = 3, finished_at = NULL WHERE version = $version; DELETE FROM test_one WHERE id = 3"
as root "START TRANSACTION; SELECT COUNT(*) FROM test_one; SELECT SLEEP(6); COMMIT" >"$T/reader" &
reader=$!
echo "ALTER TABLE test_one ADD COLUMN IF NOT EXISTS note INT;" >>"$T/sql/migrations/$name.sql"
as root "UPDATE schema_migration SET sha256 = UNHEX('$(sha256sum "$T/sql/migrations/$name.sql" | cut -d ' ' -f 1)') WHERE version = $version"
sleep 1
run ctl_copy db migrate
is "a migration waits for its turn" "$RC" 0
like "which it says: whoever comes after it does not wait behind it for longer than that" "$(cat "$T/out")" "*a lock is taken: trying again*schema * is in place*"
wait "$reader"
is "then it is done" "$(as root 'SELECT COUNT(note) FROM test_one')" 0

# --- the sequence of order numbers, once of a kind that a Galera cluster refuses ---
like "order numbers are drawn in the strides of a cluster" "$(as root 'SHOW CREATE SEQUENCE order_number')" "*increment by 0 cache 100*"
before=$(as root "SELECT NEXTVAL(order_number)")
is "a server on its own counts by 1" "$(as root 'SELECT NEXTVAL(order_number)')" $((before + 1))
as root "ALTER SEQUENCE order_number INCREMENT BY 1 CACHE 100; DELETE FROM schema_migration WHERE version = 15;
	UPDATE schema_migration SET sha256 = UNHEX('aa06493d16a1dd13d6859db25e8a7bcafeac0e7d57ca9b93757a053a01e83504') WHERE version = 1"
run ctl_copy db migrate
is "a database from before is taken as it is" "$RC $(cat "$T/err")" "0 "
like "and its sequence is of the new kind" "$(as root 'SHOW CREATE SEQUENCE order_number')" "*increment by 0 cache 100*"
after=$(as root "SELECT NEXTVAL(order_number)")
ok "it draws no number twice, and few are left out ($before, $after)" test "$after" -gt $((before + 1)) -a "$after" -lt $((before + 300))

# --- newer, changed ---
run ctl db migrate
is "a schema newer than the program is refused" "$RC" 1
like "in words" "$(cat "$T/err")" "*$name*newer*"
echo '-- a word more' >>"$T/sql/migrations/$name.sql"
run ctl_copy db migrate
is "a changed migration is refused" "$RC" 1
like "in words" "$(cat "$T/err")" "*$name*another form*"
as root "DROP TABLE test_one; DELETE FROM schema_migration WHERE version = $version"

# --- names and ends ---
copy
cp sql/migrations/0001_base.sql "$T/sql/migrations/9999_gap.sql"
run ctl_copy db migrate
is "a gap in the numbers is refused" "$RC" 1
like "in words" "$(cat "$T/err")" "*9999_gap.sql: number $(printf '%04d' "$version") is wanted*"
copy
echo 'SELECT 1;' >"$T/sql/migrations/base.sql"
run ctl_copy db migrate
is "a migration without a number is refused" "$RC" 1
copy
echo 'SELECT 1' >"$T/sql/migrations/$name.sql"
run ctl_copy db migrate
is "a statement without an end is refused" "$RC" 1
is "before anything is done" "$(as root "SELECT COUNT(*) FROM schema_migration WHERE version = $version")" 0

# --- grants that were given once and are not named any more ---
as root "GRANT SELECT ON secret TO web@localhost; GRANT EXECUTE ON PROCEDURE issuance_take TO web@localhost"
is "a grant too many works" "$(as web 'SELECT COUNT(*) FROM secret')" 1
ctl db migrate >/dev/null
like "migrate takes back a table's" "$(as web 'SELECT COUNT(*) FROM secret')" "ERROR 1142 *"
like "and a procedure's" "$(as web "CALL issuance_take('x', 1, 60, FALSE)")" "ERROR 1370 *"
like "and leaves the others" "$(as web "CALL key_check(REPEAT('x', 32))")" ""

# --- two at once, on a database of its own ---
DB=mailcert_two
accounts_make "$DB"
config_write "$T/conf.hdf" "$DB"
ctl db migrate >"$T/one" 2>&1 &
one=$!
ctl db migrate >"$T/two" 2>&1 &
two=$!
ok "two at once: the first ends well" wait "$one"
ok "two at once: the second too" wait "$two"
is "only one of them did the migration" "$(cat "$T/one" "$T/two" | grep -c '^migration 0001_base')" 1
finish
