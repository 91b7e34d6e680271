#!/bin/bash
# test_clock.sh - what ends by the clock ends to the second, also where clocks are odd: at the end of a year, when summer time
# begins and ends where the server stands, behind a leap day and a leap second. Only the server's root may move the clock of
# its connection (secure-timestamp = SUPER); here it does, and walks the transitions up to each end and past it, and back
# again: nothing that has ended begins anew, and nothing waits for the clock to come round. And times that people type, and what
# the programs make of them in another zone.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null
kill "$SERVER"
wait "$SERVER"
# A server whose own zone has summer time, and that nobody told of UTC.
TZ=Europe/Warsaw mariadbd --no-defaults --user="$(id -un)" --datadir="$T/data" --socket="$T/s" --skip-networking --secure-timestamp=SUPER \
	>"$T/server.log" 2>&1 &
SERVER=$!
for _ in $(seq 150); do mariadb --no-defaults -S "$T/s" -uroot -e 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done

is "the server stands where summer time is" "$(as root "SELECT @@system_time_zone IN ('CET', 'CEST'), @@global.time_zone")" $'1\tSYSTEM'
is "an account cannot move its clock" "$(as web 'SET timestamp = 1' | cut -c 1-10)" "ERROR 1227"

as root "INSERT INTO account (login, kind, name, salt, verifier) VALUES ('demo', 'customer', 'Demo', REPEAT('s', 16), UNHEX(SHA2(REPEAT('p', 32), 256)));
	INSERT INTO partner (name, title) VALUES ('acme', 'Acme')"
now() { # SECONDS SQL: as root, at that moment
	as root "SET timestamp = $1; $2"
}
signed_in() { now "$1" "SELECT COUNT(*) FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('s', 32), 256))"; }
state() { now "$1" "CALL mailbox_value_show(REPEAT('$N', 32))" | cut -f 1; }
key() { now "$1" "SELECT partner_of('key', REPEAT('$N', 32), 'read', 0)" | cut -c 1-30; }

N=0
while read -r moment what; do
	N=$((N + 1))
	end=$(date -u -d "$moment" +%s)

	# A session: half an hour without a request, twelve hours in all.
	begin=$((end - 1800))
	now $begin "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1')" >/dev/null
	is "$what: a session ends after half an hour without a request" "$(signed_in $((end - 1))) $(signed_in "$end")" "1 0"
	as root "DELETE FROM session"
	begin=$((end - 43200))
	now $begin "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1')" >/dev/null
	for ((touch = begin + 1700; touch < end; touch += 1700)); do now $touch "CALL session_touch(REPEAT('s', 32))" >/dev/null; done
	is "$what: a session ends after twelve hours, however busy" "$(signed_in $((end - 1))) $(signed_in "$end")" "1 0"
	as root "DELETE FROM session"

	# A random value: a day. The order's steps begin a day before the moment.
	begin=$((end - 86400))
	as root "INSERT INTO orders (number, item, account_id, product, customer_name, language) VALUES ('000000000$N', 'b01', 1, 'smime-mailbox-365', 'Demo', 'en')"
	now $begin "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1');
		CALL mailbox_draft('session', REPEAT('s', 32), '000000000$N', 'b01', 'joe$N@example.org', NULL);
		CALL mailbox_confirm('session', REPEAT('s', 32), '000000000$N', 'b01', 'joe$N@example.org', NULL);
		CALL outbox_take('m$N', 10, 60, FALSE);
		CALL outbox_value((SELECT MAX(id) FROM outbox), 'm$N', UNHEX(SHA2(REPEAT('$N', 32), 256)));
		CALL outbox_value((SELECT MAX(id) FROM outbox), 'm$N', UNHEX(SHA2(REPEAT('$N', 31), 256)));
		CALL outbox_value((SELECT MAX(id) FROM outbox), 'm$N', UNHEX(SHA2(REPEAT('$N', 30), 256)))" >"$T/begun"
	is "$what: a value can be answered with for a day" "$(state $begin) $(state $((end - 1))) $(state "$end") $(state $((end + 1)))" "ask ask expired expired"
	is "$what: to the second" "$(now "$end" "CALL mailbox_answer(REPEAT('$N', 31), TRUE, NULL, NULL)" | cut -d ' ' -f 3)" value_expired
	is "$what: what was refused stays so when the clock goes back" \
		"$(now $begin "CALL mailbox_value_show(REPEAT('$N', 31))" | cut -f 1) $(now $begin "CALL mailbox_answer(REPEAT('$N', 31), TRUE, NULL, NULL)" | cut -d ' ' -f 3)" \
		"expired value_expired"
	is "$what: and not a second less" "$(now $((end - 1)) "CALL mailbox_answer(REPEAT('$N', 30), TRUE, NULL, NULL)")$(as root "SELECT mailbox_status, confirmed_at FROM orders o
		JOIN mailbox m ON m.id = o.mailbox_id WHERE o.number = '000000000$N'")" "verified	$(date -u -d "@$((end - 1))" '+%F %T')"

	# A verification: thirty days from when it was begun (SBR 4.2.1).
	old=$((begin + 30 * 86400))
	is "$what: a verification serves for thirty days" "$(now $((old - 1)) 'CALL mailbox_sweep()') $(now $old 'CALL mailbox_sweep()') $(as root "SELECT mailbox_status, mailbox_reason
		FROM orders WHERE number = '000000000$N'")" "0 1 waiting_for_data	mailbox_too_old"
	as root "DELETE FROM session; DELETE FROM sign_in_failure"

	# A partner's key.
	as root "INSERT INTO partner_key (partner_id, hash, label, scopes, expires_at) VALUES (1, UNHEX(SHA2(REPEAT('$N', 32), 256)), 'k', 'read', '$(date -u -d "@$end" '+%F %T')')"
	is "$what: a key opens until its end" "$(key $((end - 1))) $(key "$end")" "1 ERROR 1644 partner_key_refused"
done <<-END
	2027-01-01T00:00:00Z the end of a year
	2027-03-28T01:00:00Z summer time begins
	2027-10-31T01:00:00Z summer time ends
	2028-03-01T00:00:00Z behind a leap day
	2017-01-01T00:00:00Z behind a leap second
END

# --- the clock is set back ------------------------------------------------------------------------------------------
# At noon a session, a value, a key's allowance, three queues and a login that is guessed at; then it is a day earlier.
noon=$(date -u -d 2027-06-01T12:00:00Z +%s)
back=$((noon - 86400))
guess() { for _ in $(seq 10); do now "$1" "CALL sign_in('demo', REPEAT('x', 32), NULL, REPEAT('x', 32), 1800, 43200, '192.0.2.7')"; done; }
throttled() { now "$1" "CALL sign_in_begin('demo', '192.0.2.7')" | grep -c sign_in_throttled; }
as root "DELETE FROM session; DELETE FROM sign_in_failure; DELETE FROM callback; UPDATE outbox SET state = 'dropped';
	INSERT INTO orders (number, item, account_id, product, customer_name, language)
	VALUES ('0000000100', 'b01', 1, 'smime-mailbox-365', 'Demo', 'en'), ('0000000101', 'b01', 1, 'smime-mailbox-365', 'Demo', 'en');
	INSERT INTO callback_address (id, partner_id, url, secret, created_at) VALUES (1, 1, 'https://x.example/', 's', UTC_TIMESTAMP())"
N=8
now "$noon" "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1');
	CALL mailbox_draft('session', REPEAT('s', 32), '0000000100', 'b01', 'joe@example.org', NULL);
	CALL mailbox_confirm('session', REPEAT('s', 32), '0000000100', 'b01', 'joe@example.org', NULL);
	CALL outbox_take('m', 10, 3600, FALSE);
	CALL outbox_value((SELECT MAX(id) FROM outbox), 'm', UNHEX(SHA2(REPEAT('$N', 32), 256)));
	INSERT INTO issuance (order_id, queued_at, next_at, taken_by, taken_until)
	SELECT id, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 300 SECOND, 's', UTC_TIMESTAMP() + INTERVAL 60 SECOND
	FROM orders WHERE number = '0000000101';
	INSERT INTO caa_check (order_id, domain, decision, secure, checked_at, valid_until)
	SELECT id, 'example.org', 'permitted', 0, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 8 HOUR FROM orders WHERE number = '0000000101';
	INSERT INTO callback (address_id, order_id, status, mailbox_status, activation_status, happened_at, tried_since, next_at)
	SELECT 1, id, 'issued', '', '', UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 60 SECOND FROM orders WHERE number = '0000000101';
	UPDATE callback_address SET held_until = UTC_TIMESTAMP() + INTERVAL 60 SECOND;
	INSERT INTO partner_key_rate VALUES (1, 0, UNIX_TIMESTAMP())" >/dev/null
guess "$noon" >/dev/null
watch() { now "$1" "CALL clock_watch()" | cut -f 2; }
queues() { # seconds from the moment $1
	as root "SELECT TIMESTAMPDIFF(SECOND, t, i.next_at), TIMESTAMPDIFF(SECOND, t, i.taken_until), TIMESTAMPDIFF(SECOND, t, k.valid_until),
		TIMESTAMPDIFF(SECOND, t, b.next_at), TIMESTAMPDIFF(SECOND, t, c.next_at), TIMESTAMPDIFF(SECOND, t, c.tried_since),
		TIMESTAMPDIFF(SECOND, t, a.held_until)
		FROM (SELECT '$(date -u -d "@$1" '+%F %T')' AS t) t JOIN issuance i JOIN caa_check k JOIN callback c JOIN callback_address a
		JOIN outbox b ON b.state = 'waiting'" | tr '\t' ' '
}
is "the first look" "$(watch "$noon") $(queues "$noon")" "0 300 60 28800 3600 60 0 60"
is "guessing is slowed down" "$(throttled "$noon")" 1
is "a minute less is nothing" "$(watch $((noon - 60))) $(queues "$noon")" "0 300 60 28800 3600 60 0 60"
is "forward is nothing" "$(watch "$noon") $(queues "$noon")" "0 300 60 28800 3600 60 0 60"
is "a day less: what waits does so as long as it would have, no lease lasts, CAA is asked again as soon" \
	"$(watch "$back") $(queues "$back")" "86400 300 60 28800 3600 60 0 60"
is "once" "$(watch "$back") $(queues "$back")" "0 300 60 28800 3600 60 0 60"
is "it is in the audit log" "$(as root "SELECT COUNT(*), MAX(detail) FROM audit WHERE event = 'clock_back'")" "1	by 86400 seconds, from 2027-06-01 12:00:00"
is "a session ends after half an hour without a request, not a day later" "$(signed_in $((back + 1799))) $(signed_in $((back + 1800)))" "1 0"
is "a value ends after a day, not two" "$(state $((back + 86399))) $(state $((back + 86400)))" "ask expired"
is "guessing is slowed down for a quarter of an hour, not a day" "$(throttled "$back") $(throttled $((back + 900)))" "1 0"
is "when a mail was sent, what somebody said and when stays as it was written" "$(as root "SELECT initiated_at FROM mailbox WHERE email = 'joe@example.org'")" \
	"2027-06-01 12:00:00"
is "a key's allowance fills from now on, not in a day" "$(as root "SELECT at = $back FROM partner_key_rate")" 1
is "the signer may look, and nobody else" "$(as signer 'CALL clock_watch()' | wc -l) $(for who in web mailer callback report metrics retention; do
	as $who 'CALL clock_watch()' | cut -c 1-10; as signer 'CALL clock_back(1)' | cut -c 1-10; done | sort -u)" "1 ERROR 1370"

# A mail was sent at noon.
as root "DELETE FROM session; DELETE FROM sign_in_failure; UPDATE outbox SET state = 'sent' WHERE state = 'waiting'"
now "$back" "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('r', 32), 1800, 43200, '127.0.0.1')" >/dev/null
resend() {
	now "$1" "CALL mailbox_resend('session', REPEAT('r', 32), '0000000100', 'b01', NULL)"
	as root "SELECT COUNT(*) FROM outbox WHERE kind = 'verification' AND state = 'waiting'; UPDATE outbox SET state = 'sent' WHERE state = 'waiting'"
}
is "a new mail need not wait for the time of the last one to come" "$(resend "$back")" 1
is "but for the last one before it, a minute" "$(resend $((back + 59)) | cut -d ' ' -f 3 | tr '\n' ' ')$(resend $((back + 60)))" "resend_too_soon|1 0 1"

# A verification was begun at noon.
as root "UPDATE mailbox m JOIN orders o ON o.mailbox_id = m.id SET m.confirmed_at = '2027-05-31 12:00:00', o.mailbox_status = 'verified',
	o.activation_status = 'waiting_for_data' WHERE o.number = '0000000100';
	INSERT INTO activation (order_id, fields, method, csr, spki_sha256) SELECT id, 'emailAddress', 'csr', 'r', REPEAT('1', 32) FROM orders WHERE number = '0000000100'"
submit() {
	now "$1" "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('v', 32), 1800, 43200, '127.0.0.1');
		CALL activation_submit('session', REPEAT('v', 32), '0000000100', 'b01', REPEAT('1', 32), '1', NULL)" | tail -n 1 | cut -f 1
}
is "nobody knows how old a verification of a time to come is: it goes back to the person" "$(submit "$back") $(as root "SELECT mailbox_status, mailbox_reason
	FROM orders WHERE number = '0000000100'")" "mailbox_too_old waiting_for_data	mailbox_too_old"

# A CRL was made at noon, with a revocation of then.
as root "INSERT INTO issuer (id, name, kind, certificate, sha256, not_after) VALUES (1, 'ca', 'issuing', '', '', '2040-01-01');
	INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at) SELECT 1, REPEAT('1', 16), id, '', '2027-06-01' FROM orders WHERE number = '0000000101';
	INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at) SELECT 1, REPEAT('2', 16), id, '', '2027-06-01' FROM orders WHERE number = '0000000101';
	INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at) SELECT 1, REPEAT('3', 16), id, '', '2027-06-01' FROM orders WHERE number = '0000000101'"
revoked() { as root "INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by) VALUES (1, REPEAT('$1', 16), '2027-06-01 12:00:00', 4, '2028-01-01', 'x')"; }
crl() { # MOMENT STANDING: number, seconds from noon of thisUpdate, seconds until nextUpdate; published
	now "$1" "CALL crl_begin(1, 's', 518400, $2)" | awk -v noon="$noon" '{ print $1, $2 - noon, $3 - $2 }'
	now "$1" "UPDATE crl SET published_at = UTC_TIMESTAMP()"
}
revoked 1
is "a CRL is made at noon" "$(crl "$noon" 0)" "1 0 518400"
is "half a minute less is nothing" "$(crl $((noon - 30)) 1)" ""
revoked 2
is "the next one's time does not go back by that" "$(crl $((noon - 30)) 1)" "2 0 518400"
is "a day less: the one of noon serves nobody yet, another is due" "$(crl "$back" 2)" "3 -86400 518400"
is "it says of no revocation that it is still to come" "$(as root "SELECT DISTINCT revoked_at FROM revocation")" "2027-05-31 12:00:00"
is "and no other is due" "$(crl "$back" 3)" ""
is "until a day has gone, or the clock is right again" "$(crl "$noon" 3) $(crl $((noon + 1)) 3)" " 4 1 518400"
revoked 3
is "nor of one that was not on a CRL yet" "$(crl "$back" 4) $(as root "SELECT DISTINCT revoked_at FROM revocation")" "5 -86400 518400 2027-05-31 12:00:00"

# What has been ended, and not by the clock.
as root "DELETE FROM session"
now "$noon" "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1');
	CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('t', 32), 1800, 43200, '127.0.0.1')" >/dev/null
now $((noon + 60)) "CALL session_end(REPEAT('t', 32), session_mark(UNHEX(SHA2(REPEAT('s', 32), 256))), NULL)"
is "a session that was ended stays so, though the clock goes back" "$(as root "SELECT COUNT(*) FROM session") $(signed_in $((noon + 60))) $(signed_in $((noon + 30))) $(signed_in "$noon")" "2 0 0 0"

# --- times that people type -----------------------------------------------------------------------------------------
while read -r typed kept; do
	run ctl problem-report add --reporter Eve --cause misuse --received "$typed" --json
	if [ "$kept" = - ]; then
		ok "refused: $typed" test "$RC" != 0
	else
		is "taken: $typed" "$RC $(as root 'SELECT received_at FROM problem_report ORDER BY id DESC LIMIT 1')" "0 ${kept/_/ }"
	fi
done <<-END
	2024-02-29T00:00:00Z 2024-02-29_00:00:00
	2025-02-29T00:00:00Z -
	2025-02-30T00:00:00Z -
	2025-13-01T00:00:00Z -
	2025-04-31T12:00:00Z -
	2016-12-31T23:59:59Z 2016-12-31_23:59:59
	2016-12-31T23:59:60Z -
	2016-12-31T24:00:00Z -
	2026-03-29T02:30:00Z 2026-03-29_02:30:00
	2026-01-01T00:00:00+01:00 -
	2026-01-01T00:00:00 -
END
list() { TZ=$1 ctl problem-report list --json 2>/dev/null; TZ=$1 ctl order list --json; }
is "the programs say the same in any time zone" "$(list Europe/Warsaw; list America/St_Johns; list Asia/Kathmandu)" "$(for _ in 1 2 3; do list UTC; done)"
unit_passes() { TZ=$1 "$B/tests/unit/test_$2" >"$T/unit" 2>&1; }
for zone in Europe/Warsaw America/St_Johns Pacific/Apia; do
	for unit in certificate crl lint seal; do
		ok "certificates, CRLs and seals are made alike in $zone: test_$unit" unit_passes "$zone" "$unit"
	done
done
finish
