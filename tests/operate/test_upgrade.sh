#!/bin/bash
# test_upgrade.sh - a database of an older version, full of orders at every step, is brought to today's schema by a
# mailcertctl that is killed again and again: it goes on where it stopped, ends in the very schema of a fresh database,
# changes nothing that was there, and fills what is new from it. tests/operate/upgrade.mjs does it under load.
. "$(dirname "$0")/../db/lib.sh"
db_start

OLD=2       # the migration that the older version ended with
ORDERS=7000 # a thousand at each step, so that whoever kills meets every migration at work

# --- the older version: its tables alone, as its procedures are replaced as a whole ---
cp -r sql "$T/old"
for file in "$T"/old/migrations/*.sql; do
	[ "$((10#$(basename "$file" | cut -c 1-4)))" -le $OLD ] || rm "$file"
done
for file in transitions partner admin reports metrics retention grants; do echo '-- nothing' >"$T/old/$file.sql"; done
config_write "$T/old.hdf" "$DB" "$T/old"
# It notes nothing in the audit log: the procedure for that is not there.
"$CTL" --config "$T/old.hdf" db migrate >"$T/out" 2>"$T/err" || true
is "a database of the older version" "$(as root "SELECT MAX(version), SUM(finished_at IS NULL) FROM schema_migration")" "$OLD"$'\t0'

# Of seven orders one each: 0 fresh, 1 the holder is asked, 2 verified, 3 submitted, 4 issued, 5 revoked, 6 cancelled.
# Every second one is a partner's, which is told of changes.
is "with orders at every step" "$(as root "
SET SESSION foreign_key_checks = 0;
INSERT INTO partner (id, name, title) VALUES (1, 'acme', 'Acme Ltd');
INSERT INTO callback_address (id, partner_id, url, secret, created_at) VALUES (1, 1, 'https://acme.example/told', 'hush', '2025-01-01');
INSERT INTO account (id, login, kind, name, salt, verifier) VALUES (1, 'jan', 'customer', 'Jan', REPEAT('s', 16), REPEAT('v', 32));
INSERT INTO session VALUES (UNHEX(SHA2('cookie', 256)), 1, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 3600, UTC_TIMESTAMP() + INTERVAL 8 HOUR);
INSERT INTO issuer (id, name, kind, certificate, sha256, not_after) VALUES (1, 'issuing-1', 'issuing', 'der', REPEAT('i', 32), '2040-01-01');
CREATE TABLE made (id BIGINT UNSIGNED PRIMARY KEY, step INT, at DATETIME) AS
    SELECT seq AS id, seq % 7 AS step, UTC_TIMESTAMP() - INTERVAL 20 DAY + INTERVAL seq MINUTE AS at FROM seq_1_to_$ORDERS;
INSERT INTO orders (id, number, item, account_id, partner_id, partner_ref, product, customer_name, language, ordered_at, cancelled_at, mailbox_id,
    email, mailbox_status, activation_status, callback_address_id)
SELECT id, LPAD(id, 10, '0'), 'b01', IF(id % 2, 1, NULL), IF(id % 2, NULL, 1), IF(id % 2, NULL, CONCAT('ref-', id)), 'smime-mailbox-365', 'Jan', 'en', at,
    IF(step = 6, at + INTERVAL 1 DAY, NULL), IF(step IN (0, 6), NULL, id), IF(step IN (0, 6), NULL, CONCAT('box-', id, '@mailbox.example')),
    CASE WHEN step IN (0, 6) THEN 'waiting_for_data' WHEN step = 1 THEN 'waiting_for_verification' ELSE 'verified' END,
    CASE WHEN step IN (0, 1, 6) THEN 'not_available' WHEN step = 2 THEN 'waiting_for_data' WHEN step = 3 THEN 'waiting_for_verification' ELSE 'verified' END,
    IF(id % 2, NULL, 1) FROM made;
INSERT INTO mailbox (id, order_id, email, initiated_at, confirmed_at, fresh_until)
SELECT m.id, m.id, o.email, m.at + INTERVAL 1 HOUR, IF(m.step = 1, NULL, m.at + INTERVAL 2 HOUR), IF(m.step IN (1, 2, 3), m.at + INTERVAL 30 DAY, NULL)
FROM made m JOIN orders o USING (id) WHERE m.step BETWEEN 1 AND 5;
INSERT INTO outbox (id, kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, done_at)
SELECT b.id, 'verification', b.order_id, b.id, b.email, 'en', b.initiated_at, IF(b.id % 70 = 1, 'refused', 'sent'), b.initiated_at, b.initiated_at + INTERVAL 5 SECOND FROM mailbox b;
INSERT INTO mailbox_value (hash, mailbox_id, outbox_id, created_at, expires_at, used_at)
SELECT UNHEX(SHA2(CONCAT('value-', id), 256)), id, id, initiated_at, IF(confirmed_at IS NULL, UTC_TIMESTAMP() + INTERVAL 1 HOUR, initiated_at + INTERVAL 1 DAY), confirmed_at FROM mailbox;
INSERT INTO activation (order_id, fields, method, csr, spki_sha256, terms_version, accepted_terms_at, accepted_data_at, submitted_at, submitted_by)
SELECT id, 'commonName', 'csr', 'CN=x', REPEAT('k', 32), '1', at, at, at + INTERVAL 3 HOUR, 'account:jan' FROM made WHERE step IN (3, 4, 5);
INSERT INTO issuance (order_id, state, queued_at, next_at) SELECT id, IF(step = 3, 'waiting', 'done'), at + INTERVAL 3 HOUR, at FROM made WHERE step IN (3, 4, 5);
INSERT INTO serial SELECT 1, UNHEX(MD5(id)), id, REPEAT('t', 32), at, 'issued' FROM made WHERE step IN (4, 5);
INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at, revoked_at)
SELECT m.id, 1, UNHEX(MD5(m.id)), o.email, 'der', REPEAT('h', 32), REPEAT('k', 32), m.at, m.at + INTERVAL 365 DAY, m.at + INTERVAL 4 HOUR,
    IF(m.step = 5, m.at + INTERVAL 5 HOUR, NULL) FROM made m JOIN orders o USING (id) WHERE m.step IN (4, 5);
INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by) SELECT 1, serial, revoked_at, 1, not_after, 'account:jan' FROM certificate WHERE revoked_at IS NOT NULL;
INSERT INTO callback (address_id, order_id, status, mailbox_status, activation_status, happened_at, tried_since, next_at)
SELECT 1, id, 'issued', 'verified', 'verified', at, at, at FROM made WHERE step = 4 AND id % 2 = 0;
INSERT INTO audit (at, actor, event, order_id, detail) SELECT at, 'account:jan', 'order_added', id, 'smime-mailbox-365' FROM made;
SELECT COUNT(*), COUNT(DISTINCT mailbox_status, activation_status, cancelled_at IS NULL) FROM orders")" "$ORDERS"$'\t6'

# Every row as it was, by the columns that were there then.
as root "SELECT CONCAT('SELECT ', QUOTE(table_name), ', COUNT(*), SUM(CRC32(CONCAT_WS(\'|\', ', GROUP_CONCAT('HEX(\`', column_name, '\`)' ORDER BY ordinal_position),
    '))) FROM \`', table_name, '\`;') FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = '$DB' AND table_type = 'BASE TABLE' AND table_name NOT IN ('schema_migration', 'made') AND engine = 'InnoDB'
    GROUP BY table_name" >"$T/rows.sql"
as root "$(sed -i 's/\\\\/\\/g' "$T/rows.sql"; cat "$T/rows.sql")" >"$T/rows.before"
ok "there are rows to look at" test "$(grep -c "	[1-9][0-9]*	" "$T/rows.before")" -ge 16

# --- today's version, killed behind each statement that it noted, and four times more at its procedures and grants ---
progress() { as root "SELECT COUNT(*), SUM(statements_done), SUM(finished_at IS NULL) FROM schema_migration"; }
migrations=$(find sql/migrations -name '*.sql' | wc -l)
killed=0 last=$(progress)
for _ in $(seq 40); do
	"$CTL" --config "$T/conf.hdf" db migrate >>"$T/migrate.log" 2>&1 & # not by a function, whose shell would be killed instead
	pid=$!
	now=$last
	while [ "$now" = "$last" ] && kill -0 "$pid" 2>/dev/null; do now=$(progress); done
	if [ "$now" = "$migrations"$'\t'"$(cut -f 2 <<<"$now")"$'\t0' ] && [ "$killed" -ge 4 ]; then
		procedures=$((${procedures:-0} + 1))
		sleep "0.$procedures"
		last=none
	else
		last=$now
	fi
	if kill -s KILL "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
	wait "$pid" 2>/dev/null || true
	[ "${procedures:-0}" -lt 4 ] || break
done
behind=$(sed -n 's/^migration \([0-9]*\)_[a-z_]*: interrupted behind statement \([0-9]*\) .*/\1:\2/p' "$T/migrate.log" | paste -sd' ')
echo "# killed $killed times; it went on behind: $behind"
ok "it was killed between its statements" test "$(wc -w <<<"$behind")" -ge 3
run ctl db migrate
is "let be, it ends" "$RC $(cat "$T/err")" "0 "
run ctl db status
is "and all is applied" "$RC $(as root "SELECT SUM(finished_at IS NULL) FROM schema_migration")" "0 0"

# --- what became of it ---
schema() { # DATABASE
	local DB=$1 name
	for name in $(as root "SELECT table_name FROM information_schema.tables WHERE table_schema = '$1' AND table_name <> 'made' ORDER BY 1"); do
		as root "SHOW CREATE TABLE \`$name\`" | sed 's/ AUTO_INCREMENT=[0-9]*//'
	done
	as root "SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = '$1' ORDER BY 1;
		SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = '$1' ORDER BY 1"
}
schema "$DB" >"$T/schema.old"
config_write "$T/fresh.hdf" mailcert_fresh
accounts_make mailcert_fresh
"$CTL" --config "$T/fresh.hdf" db migrate >"$T/out"
schema mailcert_fresh >"$T/schema.fresh"
is "the schema is that of a fresh database" "$(diff "$T/schema.fresh" "$T/schema.old" | head -c 2000)" ""
as root "$(cat "$T/rows.sql")" >"$T/rows.after"
is "nothing that was there has changed" "$(diff "$T/rows.before" "$T/rows.after" | grep '^[<>]' | grep -v "	0	NULL$" | cut -f 1 | sort -u | grep -v '^> audit$' | grep -v '^< audit$')" ""
is "but for the admin's events" "$(as root "SELECT DISTINCT event FROM audit WHERE id > $ORDERS")" schema_migrated

same() { # NAME, SELECT of how many are wrong
	is "$1" "$(as root "$2")" 0
}
same "each order's day and steps are known" "SELECT COUNT(*) FROM orders o JOIN made m USING (id) WHERE NOT (o.ordered_on <=> DATE(m.at)
	AND o.initiated_at <=> IF(m.step BETWEEN 1 AND 5, m.at + INTERVAL 1 HOUR, NULL) AND o.verified_at <=> IF(m.step BETWEEN 2 AND 5, m.at + INTERVAL 2 HOUR, NULL)
	AND o.submitted_at <=> IF(m.step BETWEEN 3 AND 5, m.at + INTERVAL 3 HOUR, NULL) AND o.issued_at <=> IF(m.step IN (4, 5), m.at + INTERVAL 4 HOUR, NULL)
	AND o.issued_on <=> DATE(o.issued_at))"
same "and its state, end and revocation" "SELECT COUNT(*) FROM orders o JOIN made m USING (id) WHERE NOT (o.state <=> ELT(m.step + 1, 'mailbox_waiting_for_data',
	'mailbox_waiting_for_verification', 'activation_waiting_for_data', 'activation_waiting_for_verification', 'issued', 'revoked', 'cancelled')
	AND o.not_after <=> IF(m.step IN (4, 5), m.at + INTERVAL 365 DAY, NULL) AND o.revoked_at <=> IF(m.step = 5, m.at + INTERVAL 5 HOUR, NULL))"
same "what became of each mail" "SELECT COUNT(*) FROM mailbox b JOIN made m USING (id) WHERE NOT (b.initiated_on <=> DATE(b.initiated_at)
	AND b.accepted_at <=> IF(b.id % 70 = 1, NULL, b.initiated_at + INTERVAL 5 SECOND) AND b.bounced_at <=> IF(b.id % 70 = 1, b.initiated_at + INTERVAL 5 SECOND, NULL)
	AND b.value_at <=> IF(m.step = 1, NULL, b.initiated_at) AND b.expires_at IS NOT NULL)"
same "whose each callback is" "SELECT COUNT(*) FROM callback WHERE partner_id IS NULL OR partner_id <> 1"
is "and no callback was told twice or made up" "$(as root "SELECT COUNT(*), COUNT(DISTINCT order_id) FROM callback")" "$((ORDERS / 14))"$'\t'"$((ORDERS / 14))"
is "reports count it" "$(ctl report orders --from 2000-01-01 --csv | tail -n +2 | tr -d '\r' | awk -F, '{ n += $4; issued += $9; cancelled += $10 } END { print n, issued, cancelled }')" \
	"$ORDERS $((ORDERS / 7 * 2)) $((ORDERS / 7))"

# --- people go on: the session holds, and a link that went out before is answered ---
waits=$(as root "SELECT MIN(id) FROM made WHERE step = 1 AND id % 2 = 0")
is "a holder answers a link of before" "$(as web "CALL mailbox_answer('value-$waits', TRUE, '192.0.2.1', 'x')" | grep -c ERROR
	as root "SELECT state FROM orders WHERE id = $waits")" $'0\nactivation_waiting_for_data'
is "the partner is told, once" "$(as root "SELECT status, partner_id FROM callback WHERE order_id = $waits")" $'activation_waiting_for_data\t1'
fresh=$(as root "SELECT MIN(id) FROM made WHERE step = 0 AND id % 2 = 1")
is "a session of before goes on with its order" "$(as web "CALL mailbox_draft('session', 'cookie', LPAD($fresh, 10, '0'), 'b01', 'new@mailbox.example', '192.0.2.1')"
	as root "SELECT email_draft FROM orders WHERE id = $fresh")" new@mailbox.example
finish
