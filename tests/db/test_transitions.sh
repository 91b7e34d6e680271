#!/bin/bash
# test_transitions.sh - every transition of sql/transitions.sql as the account that may run it: the good path,
# each refusal by its code, the same call again, and two at once.
#
# "Two at once" is made sure of: a third connection holds the order's row until both calls wait for it.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

ADDRESS="'192.0.2.1'"
HASH1="REPEAT('1', 32)"
HASH2="REPEAT('2', 32)"
REFUSED='ERROR 1644 '

# --- people: demo (session s), other (session o), partner acme with a key for each scope ---
for login in demo other; do
	as admin "CALL admin_account_add('test', '$login', 'Name of $login', NULL, '$login@customer.example', NULL, RPAD('$login', 16, '$login'), 16, REPEAT('p', 32))" >/dev/null
done
as admin "CALL admin_partner_add('test', 'acme', 'Acme');
	CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key-all', 256)), 'all', 'order,read,revoke', NULL);
	CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key-read', 256)), 'read', 'read', NULL);
	CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key-old', 256)), 'old', 'order', 1);
	CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key-gone', 256)), 'gone', 'order', NULL);
	CALL admin_partner_key_revoke('test', (SELECT id FROM partner_key WHERE label = 'gone'));" >/dev/null
as root "UPDATE partner_key SET expires_at = UTC_TIMESTAMP() WHERE label = 'old'"

# --- orders on their way ---

# order_new [ACCOUNT]: a fresh order; its number to N, the first arguments of its transitions to C.
order_new() {
	local who=${1:-demo} seq
	seq=$(as root "SELECT NEXTVAL(order_number)")
	N=$(printf '%010d' "$seq")
	if [ "$who" = acme ]; then
		as admin "CALL admin_order_add('test', '[{\"number\": \"$N\", \"partner\": \"acme\", \"ref\": \"$N\", \"product\": \"smime-mailbox-365\", \"language\": \"en\"}]')"
	else
		as admin "CALL admin_order_add('test', '[{\"number\": \"$N\", \"account\": \"$who\", \"product\": \"smime-mailbox-365\", \"language\": \"en\"}]')"
	fi
	ID=$(as root "SELECT id FROM orders WHERE number = '$N'")
	C="'session', REPEAT('s', 32), '$N', 'b01'"
}

statuses() {
	as root "SELECT mailbox_status, activation_status, COALESCE(mailbox_reason, activation_reason, '-') FROM orders WHERE id = $ID"
}
count() { # TABLE CONDITION
	as root "SELECT COUNT(*) FROM $1 WHERE $2"
}
events() { # EVENT: of this order
	count audit "order_id = $ID AND event = '$1'"
}

to_confirmed() { # [ADDRESS]
	local email=${1:-joe@example.org}
	as web "CALL mailbox_draft($C, '$email', $ADDRESS); CALL mailbox_confirm($C, '$email', $ADDRESS)"
}
# Send the waiting verification as the mailer does; its random value is "value-N".
to_mailed() {
	to_confirmed "$@"
	as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" >/dev/null
	MAIL=$(as root "SELECT MAX(id) FROM outbox WHERE order_id = $ID AND kind = 'verification'")
	as mailer "CALL outbox_value($MAIL, 'm1', UNHEX(SHA2('value-$N', 256)));
		CALL outbox_done($MAIL, 'm1', 'sent', 0, 'mx.example.org', '250 ok')" >/dev/null
}
to_verified() {
	to_mailed "$@"
	as web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'browser')"
}
to_key() { # [KEY]: a hash of 32 octets as SQL
	to_verified
	as web "CALL activation_data($C, 'emailAddress,commonName', $ADDRESS); CALL activation_method($C, 'csr', $ADDRESS);
		CALL activation_key($C, 'request', ${1:-$HASH1}, 'RSA', 2048, $ADDRESS)"
}
to_submitted() {
	to_key "$@"
	as web "CALL activation_submit($C, ${1:-$HASH1}, '1', $ADDRESS)" >/dev/null
}
# JSON batches for the signer: serial is 32 hex digits made of one.
reserve_json() { # DIGIT [KEY-HEX] [LINT] [NUMBER-HEX]: without the last as a signer of the version before
	printf '[{"order": %s, "issuer": 1, "serial": "%s", "tbs": "%s", "spki": "%s", "lint": "%s"%s}]' "$ID" \
		"$(printf "$1%.0s" {1..32})" "$(printf "$1%.0s" {1..64})" "${2:-$(printf '31%.0s' {1..32})}" "${3-a lint 1}" "${4:+, \"number\": \"$4\"}"
}
permitted() { # SECONDS it is valid
	as signer "CALL caa_record('s1', JSON_ARRAY(JSON_OBJECT('order', $ID, 'domain', 'example.org', 'decision', 'permitted', 'secure', 1, 'checked_at', UNIX_TIMESTAMP(), 'valid_until', UNIX_TIMESTAMP() + ${1:-28800})))"
}
store_json() { # DIGIT WHERE: members that say where its certificate is
	printf '[{"order": %s, "issuer": 1, "serial": "%s", "sha256": "%s", "spki": "%s", "email": "joe@example.org", "not_before": 1764000000, "not_after": 1795536000, %s}]' \
		"$ID" "$(printf "$1%.0s" {1..32})" "$(printf '%s' "$N" | sha256sum | cut -c1-64)" "$(printf '31%.0s' {1..32})" "$2"
}
store() { # SIGNER DIGIT: the CALL that stores an order's certificate, which stands behind other octets
	printf "CALL issuance_store_with('%s', '%s', 'another, certificate %s and more')" "$1" \
		"$(store_json "$2" "\"at\": 10, \"len\": $((12 + ${#N}))")" "$N"
}
store_before() { # as a signer of the version before
	printf "CALL issuance_store('%s', '%s')" "$1" "$(store_json "$2" "\"der\": \"$(printf 'certificate %s' "$N" | base64)\"")"
}
to_taken() {
	to_submitted "$@"
	as signer "CALL issuance_take('s1', 1000, 60, FALSE)" >/dev/null
	permitted
}
to_issued() { # DIGIT
	to_taken
	as signer "CALL issuance_reserve('s1', '$(reserve_json "$1")'); $(store s1 "$1")" >/dev/null
}

# race SQL SQL: both as web, at the same moment: both wait for the order's row. Their answers go to R1 and R2.
race() {
	as root "START TRANSACTION; SELECT id FROM orders WHERE id = $ID FOR UPDATE; DO SLEEP(1); COMMIT" >/dev/null &
	local holder=$! one two
	sleep 0.3
	as web "$1" >"$T/r1" &
	one=$!
	as web "$2" >"$T/r2" &
	two=$!
	wait "$holder" "$one" "$two"
	R1=$(cat "$T/r1")
	R2=$(cat "$T/r2")
}

# refuses NAME ACCOUNT SQL CODE: refused with that code, and without a trace.
refuses() {
	local before after got
	before=$(as root "SELECT COUNT(*) FROM audit; SELECT COUNT(*) FROM outbox; CHECKSUM TABLE orders, mailbox, activation, issuance, certificate")
	got=$(as "$2" "$3")
	after=$(as root "SELECT COUNT(*) FROM audit; SELECT COUNT(*) FROM outbox; CHECKSUM TABLE orders, mailbox, activation, issuance, certificate")
	is "$1" "$got / $([ "$before" = "$after" ] && echo nothing changed)" "$REFUSED$4 / nothing changed"
}

# --- signing in ---
SALT=$'demodemodemodemo\t16'
is "sign_in_begin answers the salt and its cost" "$(as web "CALL sign_in_begin('demo', $ADDRESS)")" "$SALT"
one=$(as web "CALL sign_in_begin('nobody', $ADDRESS)" | od -An -tx1)
two=$(as web "CALL sign_in_begin('nobody', $ADDRESS)" | od -An -tx1)
is "an unknown login has a salt, always the same" "$one" "$two"
ok "and not an empty one" test "${#one}" -gt 20
is "sign_in with a wrong password is refused in a row" "$(as web "CALL sign_in('demo', REPEAT('x', 32), NULL, REPEAT('n', 32), 60, 600, $ADDRESS)")" sign_in_refused
is "so is an unknown login" "$(as web "CALL sign_in('nobody', REPEAT('p', 32), NULL, REPEAT('n', 32), 60, 600, $ADDRESS)")" sign_in_refused
is "each leaves its trace" "$(count sign_in_failure 1) $(count audit "event = 'sign_in_refused'")" "2 2"
is "a login in other letters is another login" "$(as web "CALL sign_in('DEMO', REPEAT('p', 32), NULL, REPEAT('n', 32), 60, 600, $ADDRESS)")" sign_in_refused
is "sign_in" "$(as web "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, $ADDRESS)")" $'ok\t0\t0\t0'
is "sign_in again (a lost answer)" "$(as web "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('s', 32), 1800, 43200, $ADDRESS)")" $'ok\t0\t0\t0'
is "gives one session" "$(count session 1)" 1
is "the session is live" "$(as web "SELECT login FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('s', 32), 256))")" demo
is "its id stands nowhere" "$(count session "id_hash = REPEAT('s', 32)")" 0
as web "CALL sign_in('other', REPEAT('p', 32), NULL, REPEAT('t', 32), 1800, 43200, $ADDRESS)" >/dev/null
is "signing in ends the session the browser had" \
	"$(as web "CALL sign_in('other', REPEAT('p', 32), REPEAT('t', 32), REPEAT('o', 32), 1800, 43200, $ADDRESS)"; count session "id_hash = UNHEX(SHA2(REPEAT('t', 32), 256))")" \
	$'ok\t0\t0\t0\n0'
as root "INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2('guessed', 256)), '198.51.100.1' FROM seq_1_to_10"
like "guessing one login from one address is slowed down" "$(as web "CALL sign_in_begin('guessed', '198.51.100.1')")" "${REFUSED}sign_in_throttled|[0-9]*"
like "sign_in itself knows" "$(as web "CALL sign_in('guessed', REPEAT('p', 32), NULL, REPEAT('n', 32), 60, 600, '198.51.100.1')")" "${REFUSED}sign_in_throttled|[0-9]*"
is "from elsewhere it goes on" "$(as web "CALL sign_in('guessed', REPEAT('p', 32), NULL, REPEAT('n', 32), 60, 600, $ADDRESS)")" sign_in_refused
as root "INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2('guessed', 256)), CONCAT('198.51.100.', 100 + seq) FROM seq_1_to_13"
like "24 failures stop it from everywhere" "$(as web "CALL sign_in_begin('guessed', $ADDRESS)")" "${REFUSED}sign_in_throttled|[0-9]*"
as root "INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2(seq, 256)), '198.51.100.2' FROM seq_1_to_100"
like "guessing from one address is slowed down" "$(as web "CALL sign_in_begin('demo', '198.51.100.2')")" "${REFUSED}sign_in_throttled|[0-9]*"
is "others sign in meanwhile" "$(as web "CALL sign_in_begin('demo', '198.51.100.3')")" "$SALT"
as root "DELETE FROM sign_in_failure"
as root "INSERT INTO account (login, kind, name, salt, verifier) VALUES ('third', 'customer', 'T', REPEAT('t', 16), REPEAT('t', 32)),
	('fourth', 'customer', 'F', REPEAT('f', 16), REPEAT('f', 32))"
for guess in 1 2 3 4 5 6 7 8 9; do as web "CALL sign_in('third', REPEAT('$guess', 32), NULL, REPEAT('n', 32), 60, 600, '198.51.100.4')" >/dev/null; done
is "nine wrong guesses are nine refusals" "$(count audit "actor = 'login:third' AND event = 'sign_in_refused'") $(count audit "event = 'sign_in_throttled'")" "9 0"
as web "CALL sign_in('third', REPEAT('0', 32), NULL, REPEAT('n', 32), 60, 600, '198.51.100.4')" >/dev/null
is "the tenth is the last from there, and the log says so once" "$(as web "CALL sign_in_begin('third', '198.51.100.4')" | cut -d '|' -f 1) $(as root "SELECT actor, detail FROM audit WHERE event = 'sign_in_throttled'")" \
	"${REFUSED}sign_in_throttled login:third"$'\t'"login from this address"
as root "INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2(seq, 256)), '198.51.100.2' FROM seq_1_to_99"
as web "CALL sign_in('fourth', REPEAT('0', 32), NULL, REPEAT('n', 32), 60, 600, '198.51.100.2')" >/dev/null
is "so it does for an address" "$(as root "SELECT actor, detail FROM audit WHERE event = 'sign_in_throttled' AND actor <> 'login:third'")" $'login:fourth\taddress'
as root "INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2('third', 256)), CONCAT('203.0.113.', seq) FROM seq_1_to_13"
as web "CALL sign_in('third', REPEAT('0', 32), NULL, REPEAT('n', 32), 60, 600, '203.0.113.99')" >/dev/null
is "and for a login from everywhere" "$(as root "SELECT actor, detail FROM audit WHERE event = 'sign_in_throttled' AND detail = 'login'")" $'login:third\tlogin'
as web "CALL sign_in('a password', REPEAT('1', 32), NULL, REPEAT('n', 32), 60, 600, '198.51.100.9')" >/dev/null
is "what nobody has as a login may be a password: the log has a mark of it" "$(as root "SELECT actor REGEXP '^login:[?][0-9a-f]{16}$' FROM audit ORDER BY id DESC LIMIT 1")" 1
as root "UPDATE sign_in_failure SET at = at - INTERVAL 15 MINUTE"
is "after a quarter of an hour it goes on" "$(as web "CALL sign_in_begin('demo', '198.51.100.2')")" "$SALT"

# --- the password, and other sessions ---
for session in a b c; do
	as web "CALL sign_in('other', REPEAT('p', 32), NULL, REPEAT('$session', 32), 1800, 43200, $ADDRESS)" >/dev/null
done
live() { as web "SELECT COUNT(*) FROM live_session WHERE login = 'other'"; }
is "account_password wants the one in use" "$(as web "CALL account_password(REPEAT('a', 32), REPEAT('x', 32), REPEAT('n', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)")" password_wrong
is "which counts as a failed sign-in" "$(count sign_in_failure "login_hash = UNHEX(SHA2('other', 256))") $(live)" "1 4"
is "account_password" "$(as web "CALL account_password(REPEAT('a', 32), REPEAT('p', 32), REPEAT('n', 16), 16, REPEAT('q', 32), FALSE, $ADDRESS)")" ok
is "again (a lost answer)" "$(as web "CALL account_password(REPEAT('a', 32), REPEAT('p', 32), REPEAT('n', 16), 16, REPEAT('q', 32), FALSE, $ADDRESS)")" ok
is "the person is told by mail, once, and not of a wrong one" "$(as root "SELECT recipient, language, arg, order_id IS NULL, happened_at <= UTC_TIMESTAMP(), state FROM outbox WHERE kind = 'password_changed'")" \
	$'other@customer.example\ten\tother\t1\t1\twaiting'
is "the old one signs nobody in" "$(as web "CALL sign_in('other', REPEAT('p', 32), NULL, REPEAT('d', 32), 1800, 43200, $ADDRESS)")" sign_in_refused
is "the new one does" "$(as web "CALL sign_in('other', REPEAT('q', 32), NULL, REPEAT('d', 32), 1800, 43200, $ADDRESS)") $(live)" $'ok\t0\t0\t0 5'
is "with others, all other sessions end" "$(as web "CALL account_password(REPEAT('a', 32), REPEAT('q', 32), REPEAT('m', 16), 16, REPEAT('p', 32), TRUE, $ADDRESS)") $(live)" "ok 1"
is "of no session it is refused" "$(as web "CALL account_password(REPEAT('z', 32), REPEAT('p', 32), REPEAT('k', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)")" "${REFUSED}sign_in_required"
as admin "CALL admin_account_add('test', 'mute', 'No address', NULL, NULL, NULL, RPAD('mute', 16, 'mute'), 16, REPEAT('p', 32))" >/dev/null
as web "CALL sign_in('mute', REPEAT('p', 32), NULL, REPEAT('y', 32), 1800, 43200, $ADDRESS)" >/dev/null
is "who has no address is told nothing" "$(as web "CALL account_password(REPEAT('y', 32), REPEAT('p', 32), REPEAT('n', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)") $(count outbox "arg = 'mute'")" "ok 0"
as admin "CALL admin_account_passwd('test', 'mute', REPEAT('w', 16), 16, REPEAT('p', 32))"
is "nor by an admin's change" "$(count outbox "arg = 'mute'")" 0
as admin "CALL admin_account_email('test', 'mute', 'mute@old.example')"
as admin "CALL admin_account_passwd('test', 'mute', REPEAT('v', 16), 16, REPEAT('p', 32)); CALL admin_account_passwd('test', 'mute', REPEAT('v', 16), 16, REPEAT('p', 32))"
as admin "CALL admin_account_email('test', 'mute', 'mute@new.example'); CALL admin_account_email('test', 'mute', 'mute@new.example')"
is "an admin's change is told, and a new address to the one before, each once" "$(as root "SELECT kind, recipient FROM outbox WHERE arg = 'mute' ORDER BY id")" \
	$'password_changed\tmute@old.example\naddress_changed\tmute@old.example'
is "the mailer gets login and time, and nothing of an order" "$(as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" | cut -f 2-4,13,15 | grep mute | head -n 1)" $'password_changed\tNULL\tmute@old.example\tmute\t'"$(as root "SELECT UNIX_TIMESTAMP(happened_at) FROM outbox WHERE arg = 'mute' LIMIT 1")"
as mailer "CALL outbox_done($(as root "SELECT MIN(id) FROM outbox WHERE arg = 'mute'"), 'm1', 'sent', 0, 'mx.old.example', '250 ok')"
is "and says what became of it" "$(as root "SELECT state FROM outbox WHERE arg = 'mute' ORDER BY id LIMIT 1; SELECT event, order_id, detail FROM audit WHERE actor = 'mailer'")" $'sent\nnotice_accepted\tNULL\tmx.old.example: 250 ok'

# --- a password that an admin set: for one sign-in, which must come in time ---
initial() { as web "SELECT login, initial FROM any_session WHERE id_hash = UNHEX(SHA2(REPEAT('$1', 32), 256))"; }
open_to() { as web "SELECT COUNT(*) FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('$1', 32), 256))"; }
as admin "CALL admin_account_add_with('test', 'fresh', 'Fresh', NULL, NULL, NULL, RPAD('fresh', 16, 'fresh'), 16, REPEAT('p', 32), 7)"
is "it ends in days" "$(as root "SELECT TIMESTAMPDIFF(DAY, UTC_TIMESTAMP(), password_until + INTERVAL 1 HOUR) FROM account WHERE login = 'fresh'")" 7
is "sign_in says that it is initial" "$(as web "CALL sign_in_with('fresh', REPEAT('p', 32), NULL, REPEAT('1', 32), 1800, 43200, $ADDRESS, NULL)")" $'ok\t1\t0\t0'
is "that session is nobody's but for the page that replaces it" "$(open_to 1) $(initial 1)" $'0 fresh\t1'
is "it opens no order, list or end of a session" "$(as web "CALL mailbox_draft('session', REPEAT('1', 32), '0000123456', 'b01', 'a@b.example', $ADDRESS)") $(as web "CALL session_list(REPEAT('1', 32))") $(as web "CALL sign_out_others(REPEAT('1', 32), $ADDRESS)")" \
	"${REFUSED}sign_in_required  ${REFUSED}sign_in_required"
as web "CALL account_language(REPEAT('1', 32), 'pl')"
is "but the language" "$(as root "SELECT language FROM account WHERE login = 'fresh'")" pl
is "a wrong one replaces nothing" "$(as web "CALL account_password(REPEAT('1', 32), REPEAT('x', 32), REPEAT('1', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)") $(open_to 1)" "password_wrong 0"
is "replaced, it is a session like any" "$(as web "CALL account_password(REPEAT('1', 32), REPEAT('p', 32), REPEAT('1', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)") $(open_to 1) $(initial 1)" $'ok 1 fresh\t0'
is "and the password is the person's own" "$(as web "CALL sign_in_with('fresh', REPEAT('q', 32), NULL, REPEAT('2', 32), 1800, 43200, $ADDRESS, NULL)") $(open_to 2)" $'ok\t0\t0\t0 1'
as admin "CALL admin_account_passwd_with('test', 'fresh', REPEAT('2', 16), 16, REPEAT('r', 32), 1)"
as web "CALL sign_in_with('fresh', REPEAT('r', 32), NULL, REPEAT('3', 32), 1800, 43200, $ADDRESS, NULL)" >/dev/null
as root "UPDATE account SET password_until = UTC_TIMESTAMP() WHERE login = 'fresh'"
is "when its time is over it signs nobody in, and an open session is none" "$(as web "CALL sign_in_with('fresh', REPEAT('r', 32), NULL, REPEAT('4', 32), 1800, 43200, $ADDRESS, NULL)") $(initial 3)$(initial 4)" "password_expired "
is "nor can it be replaced then" "$(as web "CALL account_password(REPEAT('3', 32), REPEAT('r', 32), REPEAT('3', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)")" "${REFUSED}sign_in_required"
is "the log says why" "$(as root "SELECT event, detail FROM audit WHERE actor = 'account:fresh' ORDER BY id DESC LIMIT 1")" $'sign_in_refused\tpassword_expired'
is "a worker of the version before gets the same, which it takes for a refusal" "$(as web "CALL sign_in('fresh', REPEAT('r', 32), NULL, REPEAT('5', 32), 1800, 43200, $ADDRESS)")" password_expired
as admin "CALL admin_account_passwd('test', 'fresh', REPEAT('4', 16), 16, REPEAT('r', 32))"
is "and a command of that version sets the person's own" "$(as web "CALL sign_in('fresh', REPEAT('r', 32), NULL, REPEAT('5', 32), 1800, 43200, $ADDRESS)") $(open_to 5)" $'ok\t0\t0\t0 1'
as root "DELETE FROM sign_in_failure"

as root "UPDATE account SET cost = 15 WHERE login = 'other'"
as web "CALL account_password_renew(REPEAT('a', 32), REPEAT('x', 32), REPEAT('r', 16), 16, REPEAT('r', 32))"
is "account_password_renew wants it too" "$(as web "CALL sign_in_begin('other', $ADDRESS)")" $'mmmmmmmmmmmmmmmm\t15'
as web "CALL account_password_renew(REPEAT('a', 32), REPEAT('p', 32), REPEAT('r', 16), 16, REPEAT('p', 32))"
is "account_password_renew" "$(as web "CALL sign_in_begin('other', $ADDRESS)")" $'rrrrrrrrrrrrrrrr\t16'

# --- a proof of 64 octets: with the pepper, and without it for verifiers from before ---
proved() { as web "CALL sign_in_with('other', CONCAT(REPEAT('$1', 32), REPEAT('$2', 32)), NULL, REPEAT('0', 32), 1800, 43200, $ADDRESS, NULL)"; }
is "a verifier without the pepper is proved by the second half" "$(proved h p)" $'ok\t0\t1\t0'
is "and by nothing else" "$(proved h x) $(proved x h)" "sign_in_refused sign_in_refused"
as web "CALL account_password_renew(REPEAT('0', 32), CONCAT(REPEAT('h', 32), REPEAT('p', 32)), REPEAT('w', 16), 16, REPEAT('h', 32))"
is "account_password_renew moves it over, at the same cost" "$(proved h p) $(as web "CALL sign_in_begin('other', $ADDRESS)")" $'ok\t0\t0\t0 wwwwwwwwwwwwwwww\t16'
is "then the second half alone proves nothing" "$(proved x p) $(as web "CALL sign_in('other', REPEAT('p', 32), NULL, REPEAT('0', 32), 1800, 43200, $ADDRESS)")" "sign_in_refused sign_in_refused"
as web "CALL account_password_renew(REPEAT('0', 32), CONCAT(REPEAT('h', 32), REPEAT('p', 32)), REPEAT('z', 16), 16, REPEAT('z', 32))"
is "and what has moved over stays" "$(as web "CALL sign_in_begin('other', $ADDRESS)")" $'wwwwwwwwwwwwwwww\t16'
is "account_password takes either" "$(as web "CALL account_password(REPEAT('0', 32), CONCAT(REPEAT('x', 32), REPEAT('h', 32)), REPEAT('r', 16), 16, REPEAT('p', 32), FALSE, $ADDRESS)")" ok
as root "DELETE FROM session WHERE id_hash = UNHEX(SHA2(REPEAT('0', 32), 256)); DELETE FROM outbox WHERE kind = 'password_changed' AND arg = 'other' AND state = 'waiting'; DELETE FROM sign_in_failure"

as web "CALL sign_in('other', REPEAT('p', 32), NULL, REPEAT('b', 32), 1800, 43200, $ADDRESS)" >/dev/null
is "sign_out_others" "$(as web "CALL sign_out_others(REPEAT('b', 32), $ADDRESS)") $(live) $(count session "id_hash = UNHEX(SHA2(REPEAT('b', 32), 256))")" " 1 1"
as web "CALL sign_in('other', REPEAT('p', 32), NULL, REPEAT('o', 32), 1800, 43200, $ADDRESS)" >/dev/null

# --- sessions one by one ---
is "sign_in_with keeps the browser's name" "$(as web "CALL sign_in_with('other', REPEAT('p', 32), NULL, REPEAT('e', 32), 1800, 43200, $ADDRESS, 'Firefox, Linux')")" $'ok\t0\t0\t0'
as root "UPDATE session SET seen_at = seen_at - INTERVAL 1 MINUTE WHERE id_hash = UNHEX(SHA2(REPEAT('b', 32), 256))"
is "session_list: this one first, then the last used, of one's own alone" "$(as web "CALL session_list(REPEAT('o', 32))" | cut -f 2,5)" $'NULL\t1\nFirefox, Linux\t0\nNULL\t0'
is "of no session nothing" "$(as web "CALL session_list(REPEAT('z', 32))")" ""
MARK=$(as web "CALL session_list(REPEAT('o', 32))" | awk '/Firefox/ { print $1 }')
THEIRS=$(as web "CALL session_list(REPEAT('s', 32))" | cut -f 1 | head -n 1)
is "session_end of somebody else's is as of none" "$(as web "CALL session_end(REPEAT('o', 32), '$THEIRS', $ADDRESS)") $(as web "CALL session_end(REPEAT('o', 32), 'ffffffffffffffff', $ADDRESS)") $(live)" "${REFUSED}not_found ${REFUSED}not_found 3"
is "nor by no session" "$(as web "CALL session_end(REPEAT('z', 32), '$MARK', $ADDRESS)") $(live)" "${REFUSED}sign_in_required 3"
is "session_end, and again (a lost answer)" "$(as web "CALL session_end(REPEAT('o', 32), '$MARK', $ADDRESS)")$(as web "CALL session_end(REPEAT('o', 32), '$MARK', $ADDRESS)") $(live) $(count audit "event = 'signed_out_elsewhere' AND detail = '$MARK'")" " 2 1"
is "it is seen no more" "$(as web "CALL session_list(REPEAT('o', 32))" | cut -f 2,5)" $'NULL\t1\nNULL\t0'
as web "CALL session_end(REPEAT('o', 32), '$(as web "CALL session_list(REPEAT('b', 32))" | cut -f 1 | head -n 1)', $ADDRESS)"

as root "UPDATE session SET seen_at = seen_at - INTERVAL 100 SECOND WHERE id_hash = UNHEX(SHA2(REPEAT('s', 32), 256))"
is "a session not seen for a minute is stale" "$(as web "SELECT stale FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('s', 32), 256))")" 1
as web "CALL session_touch(REPEAT('s', 32))"
is "session_touch" "$(as web "SELECT stale FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('s', 32), 256))")" 0
is "account_language" "$(as web "CALL account_language(REPEAT('s', 32), 'pl')"; as root "SELECT GROUP_CONCAT(COALESCE(language, '-') ORDER BY login) FROM account WHERE login IN ('demo', 'other')")" "pl,-"
is "account_language of no session changes nothing" "$(as web "CALL account_language(REPEAT('z', 32), 'de')"; as root "SELECT GROUP_CONCAT(COALESCE(language, '-') ORDER BY login) FROM account WHERE login IN ('demo', 'other')")" "pl,-"
as web "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('u', 32), 1800, 43200, $ADDRESS)" >/dev/null
as root "UPDATE session SET seen_at = seen_at - INTERVAL 1800 SECOND WHERE id_hash = UNHEX(SHA2(REPEAT('u', 32), 256))"
as web "CALL session_touch(REPEAT('u', 32))"
is "section 9.22: an idle session has ended and cannot be touched" "$(as web "SELECT COUNT(*) FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('u', 32), 256))")" 0
as web "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('v', 32), 1800, 43200, $ADDRESS)" >/dev/null
as root "UPDATE session SET expires_at = UTC_TIMESTAMP() WHERE id_hash = UNHEX(SHA2(REPEAT('v', 32), 256))"
is "an old session has ended" "$(as web "SELECT COUNT(*) FROM live_session WHERE id_hash = UNHEX(SHA2(REPEAT('v', 32), 256))")" 0
as web "CALL sign_in('demo', REPEAT('p', 32), NULL, REPEAT('w', 32), 1800, 43200, $ADDRESS)" >/dev/null
is "sign_out, twice" "$(as web "CALL sign_out(REPEAT('w', 32), $ADDRESS); CALL sign_out(REPEAT('w', 32), $ADDRESS)"; count session "id_hash = UNHEX(SHA2(REPEAT('w', 32), 256))"; count audit "event = 'signed_out'")" $'0\n1'

# --- security keys ---
as admin "CALL admin_account_add('test', 'keyed', 'Keyed', NULL, 'keyed@customer.example', NULL, RPAD('keyed', 16, 'keyed'), 16, REPEAT('p', 32))" >/dev/null
enter() { as web "CALL sign_in('keyed', REPEAT('p', 32), NULL, REPEAT('$1', 32), 1800, 43200, $ADDRESS)"; }
begin() { as web "CALL account_key_begin(REPEAT('$1', 32), REPEAT('${3:-p}', 32), REPEAT('$2', 32), $ADDRESS)" | cut -f 1,3; }
add() { as web "CALL account_key_add(REPEAT('$1', 32), REPEAT('$2', 32), '$3', -7, 'public', 5, 'name of $3', $ADDRESS)"; }
knows() { as web "SELECT (SELECT COUNT(*) FROM live_session WHERE id_hash = x.h), (SELECT COUNT(*) FROM any_session WHERE id_hash = x.h), (SELECT COUNT(*) FROM key_session WHERE id_hash = x.h) FROM (SELECT UNHEX(SHA2(REPEAT('$1', 32), 256)) AS h) x"; }
asks() { as web "CALL account_key_ask(REPEAT('$1', 32), REPEAT('$2', 32), $ADDRESS)"; }
used() { as web "CALL sign_in_key(REPEAT('$1', 32), REPEAT('$2', 32), $K, $3, REPEAT('$4', 32), 1800, 43200, $ADDRESS)"; } # session, challenge, count, new session
is "without a key the password signs in" "$(enter A) $(knows A)" $'ok\t0\t0\t0 1\t1\t0'
is "account_key_begin wants the password" "$(begin A c x) $(count sign_in_failure "login_hash = UNHEX(SHA2('keyed', 256))")" "password_wrong 1"
is "account_key_add wants a challenge" "$(add A c one)" "${REFUSED}account_key_late"
is "account_key_begin" "$(begin A c)" $'ok\tNULL'
is "another challenge is none" "$(add A d one)" "${REFUSED}account_key_late"
is "account_key_add, and again (a lost answer)" "$(add A c one)$(add A c one) $(count account_key "credential = 'one' AND sign_count = 5") $(count outbox "kind = 'key_added' AND arg = 'keyed'") $(count audit "event = 'key_added' AND actor = 'account:keyed'")" " 1 1 1"
is "the challenge is used up" "$(add A c two)" "${REFUSED}account_key_late"
is "the next one is told what there is" "$(begin A c)" $'ok\tone'
as root "UPDATE session SET challenge_at = challenge_at - INTERVAL 121 SECOND WHERE challenge IS NOT NULL"
is "after two minutes it is over" "$(as web "CALL account_key_asked(REPEAT('A', 32), NULL)")$(add A c two)" "${REFUSED}account_key_late"
begin A c >/dev/null
as root "UPDATE session SET challenge_at = challenge_at + INTERVAL 30 SECOND WHERE challenge IS NOT NULL"
is "nor is one good from before a clock that was set back" "$(as web "CALL account_key_asked(REPEAT('A', 32), NULL)")$(add A c two)" "${REFUSED}account_key_late"
as web "CALL account_key_begin(REPEAT('s', 32), REPEAT('p', 32), REPEAT('c', 32), $ADDRESS)" >/dev/null
is "a key of somebody else's is refused" "$(add s c one)" "${REFUSED}account_key_refused"
is "account_key_list is of one's own" "$(as web "CALL account_key_list(REPEAT('A', 32))" | cut -f 2,4)$(as web "CALL account_key_list(REPEAT('s', 32))")" $'name of one\tNULL'
K=$(as root "SELECT id FROM account_key WHERE credential = 'one'")
is "with one the password gives a session that waits, and nothing else knows it" "$(enter B) $(knows B)" $'ok\t0\t0\t1 0\t0\t1'
is "for a quarter of an hour" "$(as root "SELECT TIMESTAMPDIFF(SECOND, created_at, expires_at) FROM session WHERE id_hash = UNHEX(SHA2(REPEAT('B', 32), 256))")" 900
is "it adds, removes, changes and ends nothing" "$(add B c two; begin B c
	as web "CALL account_key_remove(REPEAT('B', 32), REPEAT('p', 32), $K, $ADDRESS)"
	as web "CALL account_password(REPEAT('B', 32), REPEAT('p', 32), REPEAT('B', 16), 16, REPEAT('q', 32), TRUE, $ADDRESS)"
	as web "CALL sign_out_others(REPEAT('B', 32), $ADDRESS)"
	as web "CALL session_end(REPEAT('B', 32), 'x', $ADDRESS)" | sort -u)" "$(for i in 1 2 3 4 5 6; do echo "${REFUSED}sign_in_required"; done)"
is "nor is it in a list" "$(as web "CALL session_list(REPEAT('A', 32))" | wc -l)" 1
is "a signed-in session is asked for no key" "$(asks A c)" "${REFUSED}sign_in_required"
is "account_key_ask" "$(asks B e) $(as web "CALL account_key_asked(REPEAT('B', 32), 'one')" | cut -f 2-4) $(as web "CALL account_key_asked(REPEAT('B', 32), 'two')" | cut -f 2)" "one $K"$'\t-7\tpublic NULL'
is "sign_in_key wants that challenge" "$(used B f 6 C)" "${REFUSED}account_key_late"
is "and a key of theirs" "$(K=0 used B e 6 C)" "${REFUSED}account_key_refused"
is "a count that stays is refused, and noted" "$(used B e 5 C) $(as root "SELECT actor, detail FROM audit WHERE event = 'key_refused'")" "account_key_refused account:keyed"$'\t'"count of key $K: 5 after 5"
is "which uses the challenge up" "$(used B e 6 C)" "${REFUSED}account_key_late"
asks B e >/dev/null
is "a wrong answer counts as a failed sign-in, once" "$(for i in 1 2; do as web "CALL account_key_refused(REPEAT('B', 32), TRUE, REPEAT('e', 32), 'why', $ADDRESS)"; done; count sign_in_failure "login_hash = UNHEX(SHA2('keyed', 256))"; count audit "event = 'key_refused' AND detail = 'why'")" $'3\n1'
asks B e >/dev/null
is "sign_in_key, and again (a lost answer): another session, the one before is over" "$(used B e 6 C) $(used B e 6 C) $(knows B) $(knows C)" $'ok\t0 ok\t0 0\t0\t0 1\t1\t0'
is "said once in the log" "$(as root "SELECT event, detail FROM audit WHERE actor = 'account:keyed' AND event IN ('signed_in', 'password_accepted') ORDER BY id")" \
	$'signed_in\tNULL\npassword_accepted\tNULL\nsigned_in\tsecurity key '"$K"
enter D >/dev/null
asks D e >/dev/null
is "of two at once with one answer, one signs in" "$({ used D e 7 E & used D e 7 F & wait; } | sed "s/^${REFUSED}\(account_key_late\|sign_in_required\)$/no/" | sort)" $'no\nok\t0'
as root "INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2('keyed', 256)), CONCAT('203.0.113.', seq) FROM seq_1_to_24"
enter G >/dev/null
as root "INSERT INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at, key_wanted, challenge, challenge_at) SELECT UNHEX(SHA2(REPEAT('G', 32), 256)), id, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 900, UTC_TIMESTAMP() + INTERVAL 900 SECOND, TRUE, REPEAT('e', 32), UTC_TIMESTAMP() FROM account WHERE login = 'keyed'"
is "guessing is slowed down" "$(for said in "$(asks G e)" "$(used G e 8 H)" "$(as web "CALL account_key_refused(REPEAT('G', 32), TRUE, REPEAT('e', 32), 'why', $ADDRESS)")" "$(begin C c)"; do cut -d '|' -f 1 <<<"$said"; done | sort -u)" "${REFUSED}sign_in_throttled"
as root "DELETE FROM sign_in_failure"
is "signing out ends a session that waits" "$(as web "CALL sign_out(REPEAT('G', 32), $ADDRESS)") $(knows G)" $' 0\t0\t0'
remove() { as web "CALL account_key_remove(REPEAT('C', 32), REPEAT('$1', 32), $K, $ADDRESS)"; }
is "account_key_remove wants the password" "$(remove x) $(count account_key "id = $K")" "password_wrong 1"
is "of somebody else's it removes nothing" "$(as web "CALL account_key_remove(REPEAT('s', 32), REPEAT('p', 32), $K, $ADDRESS)") $(count account_key "id = $K")" "ok 1"
is "account_key_remove, and again" "$(remove p) $(remove p) $(count account_key "id = $K") $(count outbox "kind = 'key_removed' AND arg = 'keyed'") $(count audit "event = 'key_removed'")" "ok ok 0 1 1"
is "then the password signs in" "$(enter I)" $'ok\t0\t0\t0'
for key in 1 2 3 4 5 6 7 8 9 10; do begin I c >/dev/null; add I c "k$key"; done
is "nobody has more than ten" "$(begin I c) $(add I c k11)" "${REFUSED}account_key_too_many|10 ${REFUSED}account_key_too_many|10"
is "an admin removes one, or all; sessions end" "$(as admin "CALL admin_account_key_remove('test', 'keyed', (SELECT id FROM account_key WHERE credential = 'k3')); CALL admin_account_key_remove('test', 'keyed', NULL); CALL admin_account_key_remove('test', 'keyed', NULL)" | paste -sd ' ') $(knows I) $(count outbox "kind = 'key_removed' AND arg = 'keyed'")" $'1 9 0 0\t0\t0 3'
as root "DELETE FROM sign_in_failure; DELETE FROM outbox WHERE arg = 'keyed'"

# --- mailbox ---
order_new
refuses "no session" web "CALL mailbox_draft('session', REPEAT('z', 32), '$N', 'b01', 'joe@example.org', $ADDRESS)" sign_in_required
refuses "someone else's order is the same as none" web "CALL mailbox_draft('session', REPEAT('o', 32), '$N', 'b01', 'joe@example.org', $ADDRESS)" not_found
refuses "no such order" web "CALL mailbox_draft('session', REPEAT('s', 32), '9999999999', 'b01', 'joe@example.org', $ADDRESS)" not_found
refuses "no such item" web "CALL mailbox_draft('session', REPEAT('s', 32), '$N', 'b02', 'joe@example.org', $ADDRESS)" not_found
refuses "confirm before an address is given" web "CALL mailbox_confirm($C, 'joe@example.org', $ADDRESS)" email_draft_missing
refuses "resend before an address is given" web "CALL mailbox_resend($C, $ADDRESS)" step_not_open
refuses "activation before verification" web "CALL activation_data($C, 'commonName', $ADDRESS)" step_not_open
refuses "submit before verification" web "CALL activation_submit($C, $HASH1, '1', $ADDRESS)" step_not_open
refuses "revoke before there is a certificate" web "CALL certificate_revoke($C, 1, $ADDRESS)" certificate_none_to_revoke
is "mailbox_draft keeps the address" "$(as web "CALL mailbox_draft($C, 'joe@example.org', $ADDRESS)"; as root "SELECT email_draft FROM orders WHERE id = $ID")" joe@example.org
is "and starts nothing" "$(statuses; count outbox "order_id = $ID")" $'waiting_for_data\tnot_available\t-\n0'
refuses "confirm of another address than the draft" web "CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)" summary_changed
refuses "in other letters it is another address" web "CALL mailbox_confirm($C, 'Joe@example.org', $ADDRESS)" summary_changed
is "mailbox_confirm" "$(as web "CALL mailbox_confirm($C, 'joe@example.org', $ADDRESS)"; statuses)" $'waiting_for_verification\tnot_available\t-'
is "puts one mail into the outbox" "$(as root "SELECT kind, recipient, language, state FROM outbox WHERE order_id = $ID")" $'verification\tjoe@example.org\ten\twaiting'
is "and an audit event" "$(as root "SELECT actor, address, detail FROM audit WHERE order_id = $ID AND event = 'email_confirmed'")" $'account:demo\t192.0.2.1\tjoe@example.org'
is "mailbox_confirm again is calm" "$(as web "CALL mailbox_confirm($C, 'joe@example.org', $ADDRESS)"; count outbox "order_id = $ID"; count mailbox "order_id = $ID"; events email_confirmed)" $'1\n1\n1'

order_new
as web "CALL mailbox_draft($C, 'joe@example.org', $ADDRESS)"
race "CALL mailbox_confirm($C, 'joe@example.org', $ADDRESS)" "CALL mailbox_confirm($C, 'joe@example.org', $ADDRESS)"
is "mailbox_confirm twice at once: one mail" "$R1$R2 $(count outbox "order_id = $ID") $(count mailbox "order_id = $ID") $(events email_confirmed)" " 1 1 1"

as web "CALL mailbox_draft($C, 'ann@example.org', $ADDRESS)"
is "a draft while waiting leaves the verification alone" "$(statuses) $(as root "SELECT email FROM orders WHERE id = $ID")" $'waiting_for_verification\tnot_available\t- joe@example.org'
as web "CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)"
is "another address ends the first verification" "$(as root "SELECT email, replaced_at IS NULL, fresh_until IS NULL FROM mailbox WHERE order_id = $ID ORDER BY id")" $'joe@example.org\t0\t1\nann@example.org\t1\t0'
is "and drops its waiting mail" "$(as root "SELECT recipient, state FROM outbox WHERE order_id = $ID ORDER BY id")" $'joe@example.org\tdropped\nann@example.org\twaiting'

other_id=$ID
order_new
as root "START TRANSACTION; SELECT id FROM orders WHERE id = $other_id FOR UPDATE; DO SLEEP(2); COMMIT" >/dev/null &
one=$!
sleep 0.3
SECONDS=0
as web "CALL mailbox_draft($C, 'joe@example.org', $ADDRESS)"
ok "one order does not wait for another" test "$SECONDS" -lt 2 -a "$(events email_saved)" = 1
wait "$one"

# --- outbox ---
order_new
to_confirmed
is "outbox_take hands a mail to one mailer" "$(as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" | cut -f 2,4,6 | tail -1)" $'verification\tjoe@example.org\ten'
MAIL=$(as root "SELECT MAX(id) FROM outbox WHERE order_id = $ID")
is "another mailer gets none" "$(as mailer "CALL outbox_take('m2', 1000, 60, FALSE)")" ""
is "outbox_value" "$(as mailer "CALL outbox_value($MAIL, 'm1', UNHEX(SHA2('value-$N', 256)))")" ok
is "section 9.1: a value lives 24 hours, to the second" "$(as root "SELECT TIMESTAMPDIFF(SECOND, created_at, expires_at) FROM mailbox_value WHERE outbox_id = $MAIL")" 86400
is "outbox_value again is the same" "$(as mailer "CALL outbox_value($MAIL, 'm1', UNHEX(SHA2('value-$N', 256)))"; count mailbox_value "outbox_id = $MAIL")" $'ok\n1'
as mailer "CALL outbox_done($MAIL, 'm1', 'waiting', 30, 'mx.example.org', '451 later'); CALL outbox_done($MAIL, 'm1', 'waiting', 30, 'mx.example.org', '451 later')"
is "outbox_done: later, said twice, noted once" "$(as root "SELECT state, taken_by IS NULL, next_at > UTC_TIMESTAMP() + INTERVAL 25 SECOND, reply FROM outbox WHERE id = $MAIL"; events mail_delayed)" $'waiting\t1\t1\t451 later\n1'
is "it is not taken before its time" "$(as mailer "CALL outbox_take('m1', 1000, 60, FALSE)")" ""
as root "SET foreign_key_checks = 0; UPDATE outbox SET next_at = UTC_TIMESTAMP(), order_id = 4000000000 WHERE id = $MAIL"
is "a mail whose order does not show is not handed out" "$(as mailer "CALL outbox_take('m1', 1000, 60, FALSE)")" ""
as root "UPDATE outbox SET order_id = $ID, attempts = attempts - 1, taken_by = NULL WHERE id = $MAIL"
as root "UPDATE outbox SET next_at = UTC_TIMESTAMP() WHERE id = $MAIL"
is "and taken then" "$(as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" | cut -f 1,7)" "$MAIL"$'\t1'
as mailer "CALL outbox_back($MAIL, 'm2'); CALL outbox_back($MAIL, 'm1'); CALL outbox_back($MAIL, 'm1')"
is "outbox_back, said twice: as if it had not been taken" "$(as root "SELECT state, attempts, taken_by IS NULL FROM outbox WHERE id = $MAIL"; as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" | cut -f 1,7; events mail_delayed)" $'waiting\t1\t1\n'"$MAIL"$'\t1\n1'
as mailer "CALL outbox_done($MAIL, 'm1', 'sent', 0, 'mx.example.org', '250 ok')"
as mailer "CALL outbox_done($MAIL, 'm1', 'sent', 0, 'mx.example.org', '250 ok')"
as root "UPDATE outbox SET kind = 'verified', state = 'waiting', taken_by = 'm1' WHERE id = $MAIL"
as mailer "CALL outbox_done($MAIL, 'm1', 'sent', 0, 'mx.example.org', '250 ok')"
is "another kind of mail is not noted as the verification's" "$(events notice_accepted)" 1
is "outbox_done: sent, said twice, noted once" "$(as root "SELECT state, server, reply, done_at IS NOT NULL FROM outbox WHERE id = $MAIL"; events mail_accepted)" $'sent\tmx.example.org\t250 ok\t1\n1'
order_new
to_confirmed
as mailer "CALL outbox_take('m1', 1000, 0, FALSE)" >/dev/null
is "a mailer that died loses its mail after the lease" "$(as mailer "CALL outbox_take('m2', 1000, 60, FALSE)" | wc -l)" 1
is "a mailer that goes on in a dead one's name has it at once, and nobody else's" "$(as mailer "CALL outbox_take('m4', 1000, 60, TRUE)" | wc -l
	as mailer "CALL outbox_take('m2', 1000, 60, TRUE)" | wc -l; as mailer "CALL outbox_take('m2', 1000, 60, FALSE)" | wc -l)" $'0\n1\n0'
MAIL=$(as root "SELECT MAX(id) FROM outbox WHERE order_id = $ID")
for end in sent refused given_up dropped waiting; do
	as mailer "CALL outbox_done($MAIL, 'm1', '$end', 0, 'mx.example.org', 'late')"
done
is "the mailer whose lease ran out cannot end what another one holds" "$(as root "SELECT state, taken_by, reply FROM outbox WHERE id = $MAIL") $(count audit "order_id = $ID AND event LIKE 'mail\_%'")" $'waiting\tm2\tNULL 0'
refuses "nor store a value for it" mailer "CALL outbox_value($MAIL, 'm1', $HASH2)" busy
is "of which none is left" "$(count mailbox_value "hash = $HASH2")" 0
as web "CALL mailbox_draft($C, 'ann@example.org', $ADDRESS); CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)"
is "a mail whose address was replaced gets no value and is dropped" "$(as mailer "CALL outbox_value($MAIL, 'm2', $HASH2)"; as root "SELECT state FROM outbox WHERE id = $MAIL"; count mailbox_value "hash = $HASH2")" $'value_replaced\ndropped\n0'
as mailer "CALL outbox_take('m9', 1000, 60, FALSE)" >/dev/null

for _ in 1 2 3 4 5 6; do order_new; to_confirmed; done
as mailer "CALL outbox_take('a', 3, 60, FALSE)" | cut -f1 >"$T/a" &
one=$!
as mailer "CALL outbox_take('b', 3, 60, FALSE)" | cut -f1 >"$T/b"
wait "$one"
is "two mailers at once share six mails" "$(cat "$T/a" "$T/b" | sort -u | wc -l) $(wc -l <"$T/a") $(wc -l <"$T/b")" "6 3 3"
# A mailer in the middle of taking: its rows are locked, not yet marked.
for _ in 1 2; do order_new; to_confirmed; done
as root "START TRANSACTION; SELECT id FROM outbox WHERE order_id = $ID FOR UPDATE; DO SLEEP(2); COMMIT" >/dev/null &
one=$!
sleep 0.5
SECONDS=0
got=$(as mailer "CALL outbox_take('c', 10, 60, FALSE)" | wc -l)
ok "a mailer passes over rows that another one is taking" test "$got" = 1 -a "$SECONDS" -lt 2
wait "$one"
as mailer "CALL outbox_take('m9', 1000, 60, FALSE)" >/dev/null

# --- resend ---
order_new
to_confirmed
is "resend within five seconds is one click" "$(as web "CALL mailbox_resend($C, $ADDRESS)"; count outbox "order_id = $ID")" 1
as root "UPDATE outbox SET state = 'sent', created_at = created_at - INTERVAL 20 SECOND WHERE order_id = $ID"
like "resend within a minute is too soon" "$(as web "CALL mailbox_resend($C, $ADDRESS)")" "${REFUSED}resend_too_soon|[34]?"
as root "UPDATE outbox SET created_at = created_at - INTERVAL 60 SECOND WHERE order_id = $ID"
is "resend after a minute" "$(as web "CALL mailbox_resend($C, $ADDRESS)"; count outbox "order_id = $ID AND state = 'waiting'"; events resend_asked)" $'1\n1'
is "resend again while it waits" "$(as web "CALL mailbox_resend($C, $ADDRESS)"; count outbox "order_id = $ID")" 2
as root "UPDATE outbox SET state = 'sent', created_at = created_at - INTERVAL 2 HOUR WHERE order_id = $ID;
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, state, next_at) SELECT kind, order_id, mailbox_id, recipient, language, created_at, state, next_at FROM outbox CROSS JOIN seq_1_to_8 WHERE id = (SELECT MAX(id) FROM outbox)"
like "the eleventh mail in a day is too many, and when it may go is said" "$(as web "CALL mailbox_resend($C, $ADDRESS)")" "${REFUSED}resend_too_often|79[12]??"
as web "CALL mailbox_draft($C, 'ann@example.org', $ADDRESS)"
like "to another address too" "$(as web "CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)")" "${REFUSED}resend_too_often|79[12]??"
is "what was typed stays" "$(as root "SELECT email_draft, email, mailbox_status FROM orders WHERE id = $ID")" $'ann@example.org\tjoe@example.org\twaiting_for_verification'
as root "UPDATE outbox SET created_at = created_at - INTERVAL 1 DAY WHERE order_id = $ID ORDER BY id LIMIT 1"
is "tomorrow it goes" "$(as web "CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)"; as root "SELECT recipient FROM outbox WHERE order_id = $ID AND state = 'waiting'")" ann@example.org
order_new
for n in $(seq 12); do to_confirmed "joe$n@example.org"; done
is "corrections before a mail went out are no mails" "$(as root "SELECT email FROM orders WHERE id = $ID")" joe12@example.org
order_new acme
for n in $(seq 11); do
	as root "UPDATE outbox SET state = 'sent', attempts = 1 WHERE order_id = $ID"
	got=$(as web "CALL partner_email('key', 'key-all', '$N', 'b01', '$([ $((n % 2)) = 0 ] && echo joe || echo ann)@example.org', $ADDRESS)")
done
like "a partner that goes back and forth between two addresses is stopped at ten mails" "$got $(count outbox "order_id = $ID")" "${REFUSED}resend_too_often|8???? 10"
order_new
to_confirmed
as root "UPDATE outbox SET state = 'sent', created_at = created_at - INTERVAL 1 HOUR WHERE order_id = $ID"
race "CALL mailbox_resend($C, $ADDRESS)" "CALL mailbox_resend($C, $ADDRESS)"
is "resend twice at once: one mail" "$R1$R2 $(count outbox "order_id = $ID AND state = 'waiting'")" " 1"

# --- the holder's answer ---
order_new
to_mailed
is "mailbox_value_show asks" "$(as web "CALL mailbox_value_show('value-$N')" | cut -f 1-3)" $'ask\tjoe@example.org\tName of demo'
is "and changes nothing" "$(statuses)" $'waiting_for_verification\tnot_available\t-'
is "an unknown value shows nothing" "$(as web "CALL mailbox_value_show('value-x')")" ""
refuses "an unknown value" web "CALL mailbox_answer('value-x', TRUE, $ADDRESS, 'b')" value_unknown
refuses "the stored hash is not the value" web "CALL mailbox_answer(UNHEX(SHA2('value-$N', 256)), TRUE, $ADDRESS, 'b')" value_unknown
is "mailbox_answer: yes" "$(as web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'Browser/1')"; statuses)" $'verified\twaiting_for_data\t-'
is "section 9.3: a verification is stored with its method, the version of the rules, begin and end" "$(as root "SELECT method, initiated_at IS NOT NULL, confirmed_at >= initiated_at FROM mailbox WHERE order_id = $ID")" $'3.2.2.2\t1\t1'
is "section 9.25: the version recorded is the one configured" "$(as root "SELECT sbr_version FROM mailbox WHERE order_id = $ID")" "$(sed -n 's/^#define SBR_VERSION "\(.*\)"/\1/p' lib/pki/policy.h)"
is "with evidence" "$(as root "SELECT confirmed_from, confirmed_agent, confirmed_at IS NULL FROM mailbox WHERE order_id = $ID"; events mailbox_verified)" $'192.0.2.1\tBrowser/1\t0\n1'
is "and a mail to the customer" "$(as root "SELECT kind, recipient FROM outbox WHERE order_id = $ID AND state = 'waiting'")" $'verified\tdemo@customer.example'
is "section 9.2: a value counts once" "$(as web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'Browser/1')"; events mailbox_verified)" 1
refuses "no after yes" web "CALL mailbox_answer('value-$N', FALSE, $ADDRESS, 'b')" value_used
is "it shows so" "$(as web "CALL mailbox_value_show('value-$N')" | cut -f 1)" confirmed
refuses "a verified address cannot be changed" web "CALL mailbox_draft($C, 'ann@example.org', $ADDRESS)" step_not_open
refuses "nor confirmed anew" web "CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)" step_not_open
is "the same confirmed late is calm" "$(as web "CALL mailbox_confirm($C, 'joe@example.org', $ADDRESS)"; statuses)" $'verified\twaiting_for_data\t-'
order_new
to_mailed
as web "CALL mailbox_answer('value-$N', FALSE, $ADDRESS, 'b')"
is "mailbox_answer: no" "$(statuses)" $'waiting_for_data\tnot_available\tvalue_rejected'
is "no again is calm" "$(as web "CALL mailbox_answer('value-$N', FALSE, $ADDRESS, 'b')"; events value_rejected)" 1
refuses "yes after no" web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')" value_rejected
to_mailed ann@example.org
is "another address after a no" "$(statuses)" $'waiting_for_verification\tnot_available\t-'
order_new
to_mailed
as root "UPDATE mailbox_value SET expires_at = UTC_TIMESTAMP() WHERE outbox_id = $MAIL"
is "section 9.1: and ends then" "$(as web "CALL mailbox_value_show('value-$N')" | cut -f 1)" expired
refuses "an expired value" web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')" value_expired
as web "CALL mailbox_draft($C, 'ann@example.org', $ADDRESS); CALL mailbox_confirm($C, 'ann@example.org', $ADDRESS)"
is "a value of a replaced address shows so" "$(as web "CALL mailbox_value_show('value-$N')" | cut -f 1)" replaced
refuses "a replaced address" web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')" value_replaced
order_new
to_mailed
race "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')" "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')"
is "yes twice at once: one verification" "$R1$R2 $(statuses) $(events mailbox_verified)" $' verified\twaiting_for_data\t- 1'
order_new
to_mailed
race "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')" "CALL mailbox_answer('value-$N', FALSE, $ADDRESS, 'b')"
is "yes and no at once: one counts" "$(count audit "order_id = $ID AND event IN ('mailbox_verified', 'value_rejected')")" 1
as web "CALL mailbox_draft($C, 'ann@example.org', $ADDRESS)" >/dev/null

# --- activation ---
order_new
to_verified
refuses "method before data" web "CALL activation_method($C, 'csr', $ADDRESS)" step_not_open
refuses "key before method" web "CALL activation_key($C, 'r', $HASH1, 'RSA', 2048, $ADDRESS)" step_not_open
is "activation_data" "$(as web "CALL activation_data($C, 'emailAddress,commonName', $ADDRESS)"; as root "SELECT fields FROM activation WHERE order_id = $ID"; events fields_saved)" $'emailAddress,commonName\n1'
is "activation_method" "$(as web "CALL activation_method($C, 'csr', $ADDRESS)"; as root "SELECT method FROM activation WHERE order_id = $ID")" csr
refuses "submit before a key" web "CALL activation_submit($C, $HASH1, '1', $ADDRESS)" step_not_open
is "activation_key" "$(as web "CALL activation_key($C, 'request', $HASH1, 'RSA', 2048, $ADDRESS)"; as root "SELECT csr, spki_sha256, key_type, key_bits FROM activation WHERE order_id = $ID")" $'request\t11111111111111111111111111111111\tRSA\t2048'
as web "CALL activation_method($C, 'csr', $ADDRESS)"
is "the same method keeps the request" "$(as root "SELECT csr IS NULL FROM activation WHERE order_id = $ID")" 0
as web "CALL activation_method($C, 'browser', $ADDRESS)"
is "another method lets go of it" "$(as root "SELECT csr IS NULL AND spki_sha256 IS NULL AND key_type IS NULL AND key_bits IS NULL, method FROM activation WHERE order_id = $ID")" $'1\tbrowser'
as web "CALL activation_key($C, 'request', $HASH1, 'RSA', 2048, $ADDRESS)"
refuses "submit with another key than shown" web "CALL activation_submit($C, $HASH2, '1', $ADDRESS)" summary_changed
is "csr_refused is counted, and why" "$(as web "CALL csr_refused($C, 'csr_key_too_small', '1024', $ADDRESS)"; as root "SELECT detail FROM audit WHERE order_id = $ID AND event = 'csr_refused'")" 'csr_key_too_small 1024'
is "csr_refused without more to say" "$(as web "CALL csr_refused($C, 'csr_truncated', '', $ADDRESS)"; as root "SELECT detail FROM audit WHERE order_id = $ID AND event = 'csr_refused' ORDER BY id DESC LIMIT 1")" csr_truncated
is "activation_submit" "$(as web "CALL activation_submit($C, $HASH1, 'v1', $ADDRESS)"; statuses)" $'ok\t'"$ID"$'\nverified\twaiting_for_verification\t-'
is "section 9.18: freezes what was declared: terms by version, accuracy, when and by whom" "$(as root "SELECT terms_version, accepted_terms_at IS NOT NULL, accepted_data_at IS NOT NULL, submitted_at IS NOT NULL, submitted_by FROM activation WHERE order_id = $ID")" $'v1\t1\t1\t1\taccount:demo'
is "and queues the issuance" "$(as root "SELECT state, attempts FROM issuance WHERE order_id = $ID")" $'waiting\t0'
is "activation_submit again answers the same" "$(as web "CALL activation_submit($C, $HASH1, 'v1', $ADDRESS)"; events activation_submitted)" $'ok\t'"$ID"$'\n1'
refuses "data after submit" web "CALL activation_data($C, 'commonName', $ADDRESS)" step_not_open
refuses "method after submit" web "CALL activation_method($C, 'csr', $ADDRESS)" step_not_open
refuses "key after submit" web "CALL activation_key($C, 'r', $HASH2, 'RSA', 2048, $ADDRESS)" step_not_open
order_new
to_key
race "CALL activation_submit($C, $HASH1, '1', $ADDRESS)" "CALL activation_submit($C, $HASH1, '1', $ADDRESS)"
is "submit twice at once: one submission, both told so" "$R1 $R2 $(events activation_submitted)" "ok"$'\t'"$ID ok"$'\t'"$ID 1"
order_new
to_key
race "CALL activation_key($C, 'other', $HASH2, 'RSA', 3072, $ADDRESS)" "CALL activation_submit($C, $HASH1, '1', $ADDRESS)"
is "a key and a submit at once: what is submitted was shown" "$(as root "SELECT submitted_at IS NULL OR spki_sha256 = $HASH1 FROM activation WHERE order_id = $ID")" 1
order_new
to_key
as root "UPDATE mailbox SET fresh_until = UTC_TIMESTAMP() WHERE order_id = $ID"
is "a verification that is too old is told in a row" "$(as web "CALL activation_submit($C, $HASH1, '1', $ADDRESS)" | cut -f 1; statuses)" $'mailbox_too_old\nwaiting_for_data\tnot_available\tmailbox_too_old'
is "the address is kept as a draft" "$(as root "SELECT email_draft FROM orders WHERE id = $ID")" joe@example.org

as web "CALL key_pasted($HASH2, $ADDRESS); CALL key_pasted($HASH2, $ADDRESS)"
is "section 9.8: key_pasted blocks the key, once" "$(as root "SELECT source FROM key_block"; count audit "event = 'key_pasted'")" $'pasted\n1'
like "key_check" "$(as web "CALL key_check($HASH2)")" "${REFUSED}csr_key_compromised"
is "key_check of a good key" "$(as web "CALL key_check($HASH1)")" ""
as web "CALL key_pasted_with(REPEAT('5', 32), REPEAT('6', 32), $ADDRESS)"
like "key_check_with of another key of a blocked number" "$(as web "CALL key_check_with(REPEAT('7', 32), REPEAT('6', 32))")" "${REFUSED}csr_key_compromised"
like "key_check_with of a blocked key, whatever its number" "$(as web "CALL key_check_with(REPEAT('5', 32), REPEAT('8', 32))")" "${REFUSED}csr_key_compromised"
is "key_check_with of a good key" "$(as web "CALL key_check_with(REPEAT('6', 32), REPEAT('5', 32))")" ""
as web "CALL key_pasted_with($HASH2, REPEAT('9', 32), $ADDRESS); CALL key_pasted_with($HASH2, REPEAT('8', 32), $ADDRESS)"
is "a key pasted again has the number that was told first" "$(as root "SELECT number_sha256 = REPEAT('9', 32) FROM key_block WHERE spki_sha256 = $HASH2"; count audit "event = 'key_pasted'")" $'1\n2'
as root "INSERT INTO key_block (spki_sha256, source, added_at) VALUES (REPEAT('0', 32), 'keyCompromise', UTC_TIMESTAMP())"
as web "CALL key_pasted_with(REPEAT('0', 32), REPEAT('9', 32), $ADDRESS)"
is "but none is told by a worker of a revoked one" "$(as root "SELECT number_sha256 FROM key_block WHERE spki_sha256 = REPEAT('0', 32)")" NULL
as root "DELETE FROM key_block WHERE spki_sha256 = REPEAT('0', 32)"
order_new
to_verified
as web "CALL activation_data($C, 'commonName', $ADDRESS); CALL activation_method($C, 'csr', $ADDRESS)"
refuses "a blocked key is not taken" web "CALL activation_key($C, 'r', $HASH2, 'RSA', 2048, $ADDRESS)" csr_key_compromised
as web "CALL activation_key($C, 'r', REPEAT('3', 32), 'RSA', 2048, $ADDRESS); CALL key_pasted(REPEAT('3', 32), $ADDRESS)"
refuses "nor submitted when it was blocked meanwhile" web "CALL activation_submit($C, REPEAT('3', 32), '1', $ADDRESS)" csr_key_compromised

# --- issuance ---
as root "UPDATE issuance SET state = 'returned'"
as admin "CALL admin_issuer_add('test', 'root-1', NULL, 'der', REPEAT('r', 32), UTC_TIMESTAMP())"
order_new
to_submitted
is "issuance_take hands an order to one signer" "$(as signer "CALL issuance_take('s1', 10, 60, FALSE)" | cut -f 1,2,3,4,5,6,9,10,11,12,13,15,16)" \
	"$ID"$'\t'"$N/b01"$'\tsmime-mailbox-365\tjoe@example.org\t1\tjoe@example.org\t1\temailAddress,commonName\trequest\t1\t11111111111111111111111111111111\t0\tNULL'
is "another signer gets none" "$(as signer "CALL issuance_take('s2', 10, 60, TRUE)")" ""
is "a signer that goes on in a dead one's name has it at once" "$(as signer "CALL issuance_take('s1', 10, 60, FALSE)" | wc -l
	as signer "CALL issuance_take('s1', 10, 60, TRUE)" | cut -f 1)" $'0\n'"$ID"
is "another signer reserves nothing" "$(as signer "CALL issuance_reserve('s2', '$(reserve_json a)')"; count serial "order_id = $ID")" 0
as signer "CALL issuance_later($ID, 's1', 'caa_unreachable', 100)"
is "issuance_later" "$(as root "SELECT state, taken_by IS NULL, last_code, next_at > UTC_TIMESTAMP() + INTERVAL 90 SECOND FROM issuance WHERE order_id = $ID"; events issuance_delayed)" $'waiting\t1\tcaa_unreachable\t1\n1'
as signer "CALL issuance_later($ID, 's1', 'caa_unreachable', 100)"
is "issuance_later again is not heard twice" "$(events issuance_delayed)" 1
as root "UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = $ID"
as signer "CALL issuance_take('s1', 10, 60, FALSE)" >/dev/null
waiting() { as root "SELECT state, attempts, taken_by, last_code, next_at <= UTC_TIMESTAMP() FROM issuance WHERE order_id = $ID"; }
told=$(count audit 1)
as signer "CALL issuance_back('s2', '[{\"order\": $ID}]')"
is "another signer's issuance_back is not heard" "$(waiting)" $'waiting\t3\ts1\tcaa_unreachable\t0'
as signer "CALL issuance_back('s1', '[{\"order\": $ID}]'); CALL issuance_back('s1', '[{\"order\": $ID}]')"
is "issuance_back, twice: as if it had not been taken, due at once, without an event" "$(waiting) $(($(count audit 1) - told))" $'waiting\t2\tNULL\tcaa_unreachable\t1 0'
as signer "CALL issuance_take('s1', 10, 60, FALSE)" >/dev/null
as signer "CALL caa_record('s1', JSON_ARRAY(JSON_OBJECT('order', $ID, 'domain', 'example.org', 'decision', 'permitted', 'found_at', NULL, 'records', NULL, 'secure', 1, 'checked_at', UNIX_TIMESTAMP(), 'valid_until', UNIX_TIMESTAMP() + 28800, 'perspectives', '[{\"where\":\"::1\"}]')))"
is "caa_record" "$(as root "SELECT domain, decision, TIMESTAMPDIFF(SECOND, checked_at, valid_until), ABS(TIMESTAMPDIFF(SECOND, checked_at, UTC_TIMESTAMP())) < 10 FROM caa_check WHERE order_id = $ID"; events caa_permitted)" $'example.org\tpermitted\t28800\t1\n1'
told=$(as signer "CALL caa_record('s1', JSON_ARRAY(JSON_OBJECT('order', $ID, 'domain', 'example.org', 'decision', 'denied', 'secure', 1, 'checked_at', 1, 'valid_until', 1), JSON_OBJECT('order', $ID, 'domain', 'example.org', 'decision', 'never', 'secure', 1, 'checked_at', 1, 'valid_until', 1)))" 2>&1)
is "caa_record: all of a batch or none" "$(grep -o 'Data truncated' <<<"$told") $(count caa_check "order_id = $ID AND decision = 'denied'")" 'Data truncated 0'
is "caa_record: what is null stays NULL, what perspectives saw is JSON" "$(as root "SELECT found_at, records, JSON_VALUE(perspectives, '\$[0].where') FROM caa_check WHERE order_id = $ID ORDER BY id DESC LIMIT 1")" $'NULL\tNULL\t::1'
as signer "CALL caa_record('s1', JSON_ARRAY(JSON_OBJECT('order', $ID, 'domain', REPEAT('d', 253), 'decision', 'unreachable', 'found_at', REPEAT('f', 253), 'records', REPEAT('r', 2000), 'secure', 1, 'checked_at', UNIX_TIMESTAMP(), 'valid_until', UNIX_TIMESTAMP())))"
is "caa_record: the longest names and records are noted as far as there is room" "$(as root "SELECT LENGTH(domain), LENGTH(found_at), LENGTH(records) FROM caa_check WHERE order_id = $ID AND decision = 'unreachable'; SELECT LENGTH(detail) FROM audit WHERE order_id = $ID AND event = 'caa_unreachable'")" $'253\t253\t2000\n1000'
as root "DELETE FROM caa_check WHERE order_id = $ID AND decision = 'unreachable'"
is "issuance_reserve" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json a)')")" "$ID"
is "writes serial and hash down" "$(as root "SELECT LOWER(HEX(serial)), LOWER(HEX(tbs_sha256)), state FROM serial WHERE order_id = $ID")" "$(printf 'a%.0s' {1..32})"$'\t'"$(printf 'a%.0s' {1..64})"$'\treserved'
is "issuance_reserve again (a lost answer) answers the same" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json a)')"; count serial "order_id = $ID"; count revocation 1)" "$ID"$'\n1\n0'
is "a new serial after a crash" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json b)')"; as root "SELECT LOWER(LEFT(HEX(serial), 1)), state FROM serial WHERE order_id = $ID ORDER BY serial")" "$ID"$'\na\tabandoned\nb\treserved'
is "puts the abandoned one on the CRL" "$(as root "SELECT LOWER(LEFT(HEX(serial), 1)), reason, requested_by FROM revocation"; events serial_abandoned)" $'a\t0\tsigner:abandoned\n1'
is "what was signed with the abandoned serial is not stored" "$(as signer "$(store s1 a)"; count certificate "order_id = $ID")" 0
is "issuance_store" "$(as signer "$(store s1 b)"; statuses)" "$ID"$'\nverified\tverified\t-'
is "stores the certificate" "$(as root "SELECT der, email, UNIX_TIMESTAMP(not_before), UNIX_TIMESTAMP(not_after), LOWER(LEFT(HEX(serial), 1)), HEX(spki_sha256) FROM certificate WHERE order_id = $ID")" "certificate $N"$'\tjoe@example.org\t1764000000\t1795536000\tb\t'"$(printf '31%.0s' {1..32})"
is "ends the issuance" "$(as root "SELECT state, taken_by IS NULL, done_at IS NOT NULL FROM issuance WHERE order_id = $ID"; as root "SELECT state FROM serial WHERE order_id = $ID AND state <> 'abandoned'")" $'done\t1\t1\nissued'
is "writes the mail row and one event" "$(count outbox "order_id = $ID AND kind = 'certificate_issued'") $(events certificate_issued)" "1 1"
is "the order holds what lists say of its certificate" "$(as root "SELECT o.state, o.issued_at <=> c.issued_at AND o.not_after <=> c.not_after AND o.revoked_at <=> c.revoked_at FROM orders o JOIN certificate c ON c.order_id = o.id WHERE o.id = $ID")" $'issued\t1'
is "issuance_store again answers the same" "$(as signer "$(store s1 b)"; count outbox "order_id = $ID AND kind = 'certificate_issued'"; events certificate_issued; count certificate "order_id = $ID")" "$ID"$'\n1\n1\n1'
is "an issued order reserves nothing more" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json c)')"; count serial "order_id = $ID")" 2
is "an issued order is not taken" "$(as signer "CALL issuance_take('s1', 10, 60, FALSE)")" ""
is "submit after issuance answers as before" "$(as web "CALL activation_submit($C, $HASH1, '1', $ADDRESS)"; statuses)" $'ok\t'"$ID"$'\nverified\tverified\t-'
first=$ID first_n=$N

order_new
to_verified ann@example.org
as web "CALL activation_data($C, 'commonName', $ADDRESS); CALL activation_method($C, 'csr', $ADDRESS)"
refuses "another mailbox's key" web "CALL activation_key($C, 'r', $HASH1, 'RSA', 2048, $ADDRESS)" csr_key_in_use
order_new
to_verified Joe@example.org
as web "CALL activation_data($C, 'commonName', $ADDRESS); CALL activation_method($C, 'csr', $ADDRESS)"
refuses "a mailbox in other letters is another mailbox" web "CALL activation_key($C, 'r', $HASH1, 'RSA', 2048, $ADDRESS)" csr_key_in_use

order_new
to_taken
as signer "CALL issuance_return($ID, 's2', 'activation', 'csr_key_compromised', '')"
is "another signer's issuance_return is not heard" "$(statuses)" $'verified\twaiting_for_verification\t-'
as signer "CALL issuance_return($ID, 's1', 'activation', 'caa_denied', 'ca.example')"
is "issuance_return to the activation" "$(statuses; as root "SELECT activation_reason_arg FROM orders WHERE id = $ID")" $'verified\twaiting_for_data\tcaa_denied\nca.example'
is "takes the statements back, keeps the rest" "$(as root "SELECT submitted_at IS NULL AND accepted_terms_at IS NULL AND accepted_data_at IS NULL, csr FROM activation WHERE order_id = $ID")" $'1\trequest'
is "tells the customer" "$(as root "SELECT kind, arg FROM outbox WHERE order_id = $ID AND kind = 'problem'")" $'problem\tcaa_denied'
as signer "CALL issuance_return($ID, 's1', 'activation', 'caa_denied', 'ca.example')"
is "issuance_return again is calm" "$(events issuance_refused)" 1
is "submitted anew" "$(as web "CALL activation_submit($C, $HASH1, '1', $ADDRESS)"; statuses; as root "SELECT state, attempts, last_code FROM issuance WHERE order_id = $ID")" $'ok\t'"$ID"$'\nverified\twaiting_for_verification\t-\nwaiting\t0\tNULL'
as signer "CALL issuance_take('s1', 10, 60, FALSE); CALL issuance_return($ID, 's1', 'mailbox', 'mailbox_too_old', NULL)" >/dev/null
is "issuance_return to the mailbox" "$(statuses)" $'waiting_for_data\tnot_available\tmailbox_too_old'

order_new
to_taken
as root "UPDATE issuance SET taken_until = UTC_TIMESTAMP() WHERE order_id = $ID"
is "a lease that ran out reserves nothing" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json d)')"; count serial "order_id = $ID")" 0
as root "UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = $ID"
is "another signer takes the order then" "$(as signer "CALL issuance_take('s2', 10, 60, FALSE)" | cut -f 1,5)" "$ID"$'\t2'
as signer "CALL issuance_reserve('s2', '$(reserve_json e)')" >/dev/null
as signer "$(store s2 e)" >"$T/r1" &
one=$!
as signer "$(store s2 e)" >"$T/r2" &
two=$!
wait "$one" "$two"
is "store twice at once: one certificate, one mail, one event" "$(cat "$T/r1" "$T/r2" | tr '\n' ' ')$(count certificate "order_id = $ID") $(count outbox "order_id = $ID AND kind = 'certificate_issued'") $(events certificate_issued)" "$ID $ID 1 1 1"

order_new
to_taken
as signer "CALL issuance_reserve('s1', '$(reserve_json 8)')" >/dev/null
is "issuance_store of the version before" "$(as signer "$(store_before s1 8)"; as root "SELECT der FROM certificate WHERE order_id = $ID")" "$ID"$'\n'"certificate $N"

order_new
to_taken
as signer "CALL issuance_reserve('s1', '$(reserve_json 5)')" >/dev/null
back() { # SIGNER DIGIT
	as signer "CALL issuance_back('$1', '[{\"order\": $ID, \"code\": \"busy\", \"issuer\": 1, \"serial\": \"$(printf "$2%.0s" {1..32})\"}]')"
}
serial() { as root "SELECT s.state, i.state, i.attempts, i.taken_by, i.last_code FROM serial s JOIN issuance i USING (order_id) WHERE order_id = $ID AND serial = UNHEX(REPEAT('$1', 32))"; }
back s2 5
is "a serial that another signer reserved is not given back" "$(serial 5)" $'reserved\twaiting\t1\ts1\tNULL'
back s1 5
back s1 5
is "issuance_back with a serial that came to no key: it is unused" "$(serial 5)" $'unused\twaiting\t0\tNULL\tbusy'
is "on no CRL, in one event" "$(count revocation "serial = UNHEX(REPEAT('5', 32))") $(count audit "event = 'serials_unused' AND detail = REPEAT('5', 32) AND actor = 'signer:s1'")" "0 1"
as signer "CALL issuance_take('s1', 1000, 60, FALSE)" >/dev/null
is "nothing is signed or stored with it any more" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json 5)')" 2>&1; as signer "$(store s1 5)"; serial 5 | cut -f 1)" unused
as signer "CALL issuance_reserve('s1', '$(reserve_json 4)')" >/dev/null
back s1 5
is "another serial that is reserved meanwhile stays so" "$(serial 4 | cut -f 1)" reserved
as root "UPDATE serial SET state = 'abandoned' WHERE state = 'reserved'; UPDATE issuance SET state = 'returned' WHERE order_id = $ID"
# many at once: an event holds some 25 serials
as root "INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at) SELECT 1, UNHEX(LPAD(seq, 32, 'c0')), $ID, REPEAT('t', 32), UTC_TIMESTAMP() FROM seq_1_to_60;
	UPDATE issuance SET state = 'waiting', taken_by = 's1', attempts = 1 WHERE order_id = $ID"
as signer "CALL issuance_back('s1', '$(as root "SELECT JSON_ARRAYAGG(JSON_OBJECT('order', $ID, 'issuer', 1, 'serial', HEX(serial))) FROM serial WHERE state = 'reserved'")')"
is "a batch of serials is told in few events, whole" "$(as root "SELECT COUNT(*), SUM(LENGTH(REPLACE(detail, ' ', ''))) DIV 32 FROM audit WHERE event = 'serials_unused' AND detail LIKE '% %'"; count serial "order_id = $ID AND state = 'unused'")" $'3\t60\n61'
as root "UPDATE issuance SET state = 'returned' WHERE order_id = $ID"

for _ in 1 2 3 4; do order_new; to_submitted; done
as signer "CALL issuance_take('s1', 2, 60, FALSE)" | cut -f1 >"$T/a" &
one=$!
as signer "CALL issuance_take('s2', 2, 60, FALSE)" | cut -f1 >"$T/b"
wait "$one"
is "two signers at once share four orders" "$(cat "$T/a" "$T/b" | sort -u | wc -l)" 4

# --- held to at the moment of signing: hours may have passed since an order was taken and judged ---
# held NAME SERIALS [SQL [KEY-HEX [LINT [NUMBER-HEX]]]]: an order that was taken and found good; then SQL; then so many serials are reserved.
held() {
	order_new
	to_taken
	[ -z "${3:-}" ] || as root "$3"
	as signer "CALL issuance_reserve('s1', '$(reserve_json 7 "${4:-}" "${5-a lint 1}" "${6:-}")')" >"$T/reserved"
	is "$1" "$(cat "$T/reserved"; count serial "order_id = $ID")" "$([ "$2" = 0 ] || echo "$ID")${2/#1/$'\n'1}"
	as root "DELETE FROM serial WHERE order_id = $ID"
	as signer "CALL issuance_return($ID, 's1', 'activation', 'busy', NULL)"
}
OURS='order_id = (SELECT MAX(id) FROM orders)'
held "reserved: an order for which all holds" 1
held "section 9.3: nothing is reserved for a verification begun 30 days ago" 0 \
	"UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() - INTERVAL 30 DAY WHERE $OURS"
held "nor for one that grows so old before the lease ends" 0 \
	"UPDATE mailbox m JOIN issuance i USING (order_id) SET m.initiated_at = i.taken_until - INTERVAL 30 DAY - INTERVAL 1 SECOND WHERE m.$OURS"
held "but up to then" 1 \
	"UPDATE mailbox m JOIN issuance i USING (order_id) SET m.initiated_at = i.taken_until - INTERVAL 30 DAY WHERE m.$OURS"
held "nor for one begun in the future" 0 "UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() + INTERVAL 1 HOUR WHERE $OURS"
held "nor for a mailbox that was not confirmed" 0 "UPDATE mailbox SET confirmed_at = NULL WHERE $OURS"
held "nor for one that was replaced" 0 "UPDATE mailbox SET replaced_at = UTC_TIMESTAMP() WHERE $OURS"
held "nor for another mailbox than the order's" 0 "UPDATE mailbox SET email = 'ann@example.org' WHERE $OURS"
held "nor for an order that was cancelled" 0 "UPDATE orders SET cancelled_at = UTC_TIMESTAMP() WHERE id = (SELECT MAX(order_id) FROM issuance)"
held "section 9.13: nothing is reserved when CAA was asked longer ago than its time" 0 \
	"UPDATE caa_check SET checked_at = checked_at - INTERVAL 28801 SECOND, valid_until = valid_until - INTERVAL 28801 SECOND WHERE $OURS"
held "nor when that ends before the lease does" 0 \
	"UPDATE caa_check k JOIN issuance i USING (order_id) SET k.valid_until = i.taken_until - INTERVAL 1 SECOND WHERE k.$OURS"
held "but up to then CAA holds" 1 "UPDATE caa_check k JOIN issuance i USING (order_id) SET k.valid_until = i.taken_until WHERE k.$OURS"
held "nor when CAA denied" 0 "UPDATE caa_check SET decision = 'denied' WHERE $OURS"
held "nor when another domain permitted" 0 "UPDATE caa_check SET domain = 'example.com' WHERE $OURS"
held "nor when CAA was not asked" 0 "DELETE FROM caa_check WHERE $OURS"
held "section 9.18: nothing is reserved without the statements" 0 \
	"UPDATE activation SET submitted_at = NULL, accepted_terms_at = NULL WHERE $OURS"
held "section 9.17: nothing is reserved that no lint passed" 0 "" "" ""
held "nor for another key than the person saw" 0 "" "$(printf '32%.0s' {1..32})"
held "nor for a key that was blocked meanwhile" 0 "INSERT INTO key_block (spki_sha256, source, added_at) VALUES ($HASH1, 'import', UTC_TIMESTAMP())"
as root "DELETE FROM key_block WHERE spki_sha256 = $HASH1"
held "nor for a key whose number was blocked" 0 \
	"INSERT INTO key_block (spki_sha256, number_sha256, source, added_at) VALUES (REPEAT('y', 32), REPEAT('z', 32), 'pasted', UTC_TIMESTAMP())" \
	"" "a lint 1" "$(printf '7a%.0s' {1..32})"
held "but for one of another number" 1 "" "" "a lint 1" "$(printf '7b%.0s' {1..32})"
held "and for a signer of the version before, which tells none" 1
as root "DELETE FROM key_block WHERE spki_sha256 = REPEAT('y', 32)"
is "the lint is written down with the serial" "$(as root "SELECT lint FROM serial WHERE order_id = $first")" $'a lint 1\na lint 1'
like "and told with the certificate" "$(as root "SELECT detail FROM audit WHERE order_id = $first AND event = 'certificate_issued'")" "*, lint a lint 1"

# Two mailboxes wait with one key: the first order gets it, whichever is signed first.
order_new
to_submitted "REPEAT('k', 32)"
one=$ID one_n=$N
KEY=$(printf '6b%.0s' {1..32})
order_new
to_verified ann@example.org
as web "CALL activation_data($C, 'commonName', $ADDRESS); CALL activation_method($C, 'csr', $ADDRESS);
	CALL activation_key($C, 'r', REPEAT('k', 32), 'RSA', 2048, $ADDRESS); CALL activation_submit($C, REPEAT('k', 32), '1', $ADDRESS)" >/dev/null
is "one key for two mailboxes: the later order is told" "$(as signer "CALL issuance_take('s1', 1000, 60, FALSE)" | cut -f 1,15)" "$one"$'\t0\n'"$ID"$'\t1'
permitted
is "and nothing is reserved for it" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json 7 "$KEY")')")" ""
two=$ID ID=$one
permitted
is "but for the first" "$(as signer "CALL issuance_reserve('s1', '$(reserve_json 7 "$KEY")')")" "$one"
as root "UPDATE serial SET state = 'abandoned' WHERE order_id = $one; UPDATE issuance SET state = 'returned' WHERE order_id IN ($one, $two)"

# --- serials ---
order_new
to_taken
one=$ID
order_new
to_taken
two=$ID
ID=$one; json_one=$(reserve_json 6)
ID=$two; json_two=$(reserve_json 6)
as signer "CALL issuance_reserve('s1', '$json_one')" >"$T/r1" &
pid_one=$!
as signer "CALL issuance_reserve('s1', '$json_two')" >"$T/r2" &
pid_two=$!
wait "$pid_one" "$pid_two"
is "section 9.10: one serial for two orders at once is one's alone" "$(count serial "serial = UNHEX(REPEAT('6', 32))") $(cat "$T/r1" "$T/r2" | grep -cE "^($one|$two)$")" "1 1"
as root "UPDATE serial SET state = 'abandoned' WHERE state = 'reserved'; UPDATE issuance SET state = 'returned'"

# --- the sweep ---
order_new
to_verified
old=$ID
as root "UPDATE mailbox SET fresh_until = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE order_id = $old"
order_new
to_submitted
as root "UPDATE mailbox SET fresh_until = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE order_id = $ID"
submitted=$ID
is "mailbox_sweep" "$(as signer "CALL mailbox_sweep()")" 1
ID=$old
is "puts an old verification back" "$(statuses; events mailbox_too_old; as root "SELECT kind, arg FROM outbox WHERE order_id = $ID AND kind = 'problem'")" $'waiting_for_data\tnot_available\tmailbox_too_old\n1\nproblem\tmailbox_too_old'
ID=$submitted
is "leaves a submitted order to the signer" "$(statuses)" $'verified\twaiting_for_verification\t-'
is "mailbox_sweep again finds nothing" "$(as signer "CALL mailbox_sweep()")" 0

# --- revocation and CRL ---
ID=$first N=$first_n
C="'session', REPEAT('s', 32), '$N', 'b01'"
as root "DELETE FROM crl"
is "crl_begin makes the first CRL" "$(as signer "CALL crl_begin(1, 's1', 864000, 0)" | cut -f1)" 1
is "one at a time" "$(as signer "CALL crl_begin(1, 's1', 864000, 0)")" ""
as signer "CALL crl_published(1, 1, 's1', 5, $HASH1); CALL crl_published(1, 1, 's1', 5, $HASH1)"
is "crl_published, twice" "$(as root "SELECT entries, published_at IS NOT NULL FROM crl"; count audit "event = 'crl_published'")" $'5\t1\n1'
is "no other is due" "$(as signer "CALL crl_begin(1, 's1', 864000, 1)")" ""
is "where an older one stands, the newest is given again under its number" "$(as signer "CALL crl_begin(1, 's1', 864000, 0)") $(count crl 1)" "$(as root 'SELECT number, UNIX_TIMESTAMP(this_update), UNIX_TIMESTAMP(next_update) FROM crl') 1"
is "where a newer one stands than is known, nothing is due either" "$(as signer "CALL crl_begin(1, 's1', 864000, 7)")" ""
race "CALL certificate_revoke($C, 3, $ADDRESS)" "CALL certificate_revoke($C, 4, $ADDRESS)"
is "certificate_revoke twice at once: one revocation, both calm" "$R1$R2 $(count revocation "requested_by = 'account:demo'") $(events certificate_revoked)" " 1 1"
is "the certificate says so" "$(as root "SELECT revoked_at IS NOT NULL FROM certificate WHERE order_id = $ID")" 1
is "the order holds its revocation" "$(as root "SELECT o.state, o.issued_at <=> c.issued_at AND o.not_after <=> c.not_after AND o.revoked_at <=> c.revoked_at FROM orders o JOIN certificate c ON c.order_id = o.id WHERE o.id = $ID")" $'revoked\t1'
is "certificate_revoke again is calm" "$(as web "CALL certificate_revoke($C, 5, $ADDRESS)"; events certificate_revoked)" 1
is "the holder is told" "$(count outbox "order_id = $ID AND kind = 'revoked'")" 1
is "a revocation makes the next CRL due" "$(as signer "CALL crl_begin(1, 's1', 864000, 1)" | cut -f1)" 2
as root "UPDATE crl SET this_update = this_update - INTERVAL 61 SECOND WHERE number = 2"
is "section 9.20: one that was never published is followed by another, whose number is higher than any that stands" "$(as signer "CALL crl_begin(1, 's1', 864000, 7)" | cut -f1)" 8
order_new
to_issued f
as web "CALL certificate_revoke($C, 1, $ADDRESS)"
is "section 9.19: keyCompromise blocks the key" "$(count key_block "spki_sha256 = $HASH1 AND source = 'keyCompromise'")" 1
unnumbered() { as signer "CALL key_unnumbered($1, 100)" | grep -v NULL; } # of those that have a certificate
is "its number is the signer's to find, from a certificate" "$(unnumbered "''" | cut -f 1; unnumbered "''" | grep -c certificate)" "$(printf '1%.0s' {1..32})"$'\n1'
is "which asks on behind the last" "$(unnumbered "$HASH1")" ""
as signer "CALL key_numbered($HASH1, REPEAT('n', 32)); CALL key_numbered($HASH1, REPEAT('m', 32))"
is "it is told once" "$(as root "SELECT number_sha256 = REPEAT('n', 32) FROM key_block WHERE spki_sha256 = $HASH1"; unnumbered "''")" 1
as root "DELETE FROM key_block WHERE spki_sha256 = $HASH1"
refuses "someone else's certificate cannot be revoked" web "CALL certificate_revoke('session', REPEAT('o', 32), '$N', 'b01', 1, $ADDRESS)" not_found

# --- a partner's key ---
order_new acme
K="'key', 'key-all', '$N', 'b01'"
is "a key acts for its partner" "$(as web "CALL mailbox_draft($K, 'joe@example.org', $ADDRESS); CALL mailbox_confirm($K, 'joe@example.org', $ADDRESS)"; statuses; as root "SELECT actor FROM audit WHERE order_id = $ID AND event = 'email_confirmed'")" $'waiting_for_verification\tnot_available\t-\npartner:acme'
refuses "a key without the scope" web "CALL mailbox_resend('key', 'key-read', '$N', 'b01', $ADDRESS)" partner_key_scope
refuses "an expired key" web "CALL mailbox_resend('key', 'key-old', '$N', 'b01', $ADDRESS)" partner_key_refused
refuses "a revoked key" web "CALL mailbox_resend('key', 'key-gone', '$N', 'b01', $ADDRESS)" partner_key_refused
refuses "an unknown key" web "CALL mailbox_resend('key', 'key-x', '$N', 'b01', $ADDRESS)" partner_key_refused
refuses "a customer does not see a partner's order" web "CALL mailbox_draft($C, 'joe@example.org', $ADDRESS)" not_found
order_new
refuses "a partner does not see a customer's order" web "CALL mailbox_draft('key', 'key-all', '$N', 'b01', 'joe@example.org', $ADDRESS)" not_found

# --- cancelled ---
order_new
to_mailed
as admin "CALL admin_order_cancel('test', '$N', 'b01', 'no longer wanted'); CALL admin_order_cancel('test', '$N', 'b01', 'again')"
is "admin_order_cancel, twice" "$(as root "SELECT cancelled_at IS NOT NULL FROM orders WHERE id = $ID"; events order_cancelled)" $'1\n1'
refuses "a cancelled order takes nothing" web "CALL mailbox_draft($C, 'joe@example.org', $ADDRESS)" order_cancelled
refuses "and its link is dead" web "CALL mailbox_answer('value-$N', TRUE, $ADDRESS, 'b')" value_replaced
is "which the page says" "$(as web "CALL mailbox_value_show('value-$N')" | cut -f 1)" replaced
order_new
to_taken
like "not while the signer works on it" "$(as admin "CALL admin_order_cancel('test', '$N', 'b01', NULL)")" "${REFUSED}order_being_issued"
as signer "CALL issuance_later($ID, 's1', 'busy', 0)"
as admin "CALL admin_order_cancel('test', '$N', 'b01', NULL)"
is "a submitted order that is cancelled is not issued" "$(as signer "CALL issuance_take('s1', 1000, 60, FALSE)" | grep -c "$N")" 0
order_new
to_issued 9
like "an issued order is not cancelled" "$(as admin "CALL admin_order_cancel('test', '$N', 'b01', NULL)")" "${REFUSED}order_issued"
is "admin_certificate_revoke" "$(as admin "CALL admin_certificate_revoke('test', '$N', 'b01', 4, '2026-01-02 03:04:05')" | cut -f 3,4; as root "SELECT received_at FROM revocation WHERE requested_by = 'admin:test'")" $'4\tadmin:test\n2026-01-02 03:04:05'
is "again it answers the first reason" "$(as admin "CALL admin_certificate_revoke('test', '$N', 'b01', 1, UTC_TIMESTAMP())" | cut -f 3,4; events certificate_revoked)" $'4\tadmin:test\n1'

# --- queues ---
order_new
to_confirmed
MAIL=$(as root "SELECT MAX(id) FROM outbox WHERE order_id = $ID")
as root "UPDATE outbox SET state = IF(id = $MAIL, 'given_up', 'sent'), taken_by = NULL, created_at = created_at - INTERVAL 3 DAY, attempts = 9, done_at = UTC_TIMESTAMP()"
is "admin_outbox_retry leaves what ended alone" "$(as admin "CALL admin_outbox_retry('test', NULL, FALSE)")" 0
is "but takes up what failed when asked" "$(as admin "CALL admin_outbox_retry('test', NULL, TRUE)"; as root "SELECT state, attempts, done_at, TIMESTAMPDIFF(MINUTE, created_at, UTC_TIMESTAMP()) FROM outbox WHERE id = $MAIL")" $'1\nwaiting\t0\tNULL\t0'
as mailer "CALL outbox_take('m1', 10, 60, FALSE)" >/dev/null
is "a mail on its way is left alone" "$(as admin "CALL admin_outbox_retry('test', $MAIL, TRUE)")" 0
order_new
to_taken
is "an order that is being signed is left alone" "$(as admin "CALL admin_issuance_retry('test', '$N', 'b01')")" 0
as signer "CALL issuance_later($ID, 's1', 'busy', 1000)"
is "admin_issuance_retry" "$(as admin "CALL admin_issuance_retry('test', '$N', 'b01')"; as signer "CALL issuance_take('s1', 10, 60, FALSE)" | cut -f 1)" $'1\n'"$ID"

# --- what reports count by ---
reached() { # which first times of this order are there
	as root "SELECT CONCAT_WS(' ', IF(initiated_at IS NULL, NULL, 'initiated'), IF(verified_at IS NULL, NULL, 'verified'),
		IF(submitted_at IS NULL, NULL, 'submitted'), IF(issued_at IS NULL, NULL, 'issued')), ordered_on = DATE(ordered_at), issued_on <=> DATE(issued_at)
		FROM orders WHERE id = $ID"
}
mails() { # what its verification keeps of its mails
	as root "SELECT CONCAT_WS(' ', IF(m.expires_at IS NULL, NULL, 'sent'), IF(m.accepted_at IS NULL, NULL, 'accepted'), IF(m.bounced_at IS NULL, NULL, 'bounced'),
		IF(m.value_at IS NULL, NULL, 'answered')) FROM mailbox m JOIN orders o ON o.mailbox_id = m.id WHERE o.id = $ID"
}
order_new
is "a new order has reached nothing" "$(reached)" $'\t1\t1'
to_confirmed
is "an address confirmed" "$(reached) / $(mails)" $'initiated\t1\t1 / '
as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" >/dev/null
MAIL=$(as root "SELECT MAX(id) FROM outbox WHERE order_id = $ID AND kind = 'verification'")
as mailer "CALL outbox_value($MAIL, 'm1', UNHEX(SHA2('value-$N', 256)))" >/dev/null
is "its value made" "$(mails); $(as root "SELECT COUNT(*) FROM mailbox m JOIN mailbox_value v ON v.mailbox_id = m.id WHERE m.order_id = $ID AND m.expires_at = v.expires_at")" "sent; 1"
as mailer "CALL outbox_done($MAIL, 'm1', 'waiting', 0, 'mx', '450 later')"
is "a delayed mail is neither accepted nor bounced" "$(mails)" sent
as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" >/dev/null
as mailer "CALL outbox_done($MAIL, 'm1', 'refused', 0, 'mx', '550 no')"
is "a refused one bounced" "$(mails)" "sent bounced"
as root "UPDATE outbox SET created_at = created_at - INTERVAL 2 MINUTE WHERE order_id = $ID"
as web "CALL mailbox_resend($C, $ADDRESS)"
as mailer "CALL outbox_take('m1', 1000, 60, FALSE)" >/dev/null
MAIL=$(as root "SELECT MAX(id) FROM outbox WHERE order_id = $ID AND kind = 'verification'")
as mailer "CALL outbox_value($MAIL, 'm1', UNHEX(SHA2('value-$N-2', 256))); CALL outbox_done($MAIL, 'm1', 'sent', 0, 'mx', '250 ok')" >/dev/null
is "the next was accepted" "$(mails)" "sent accepted bounced"
as web "CALL mailbox_answer('value-$N-2', TRUE, $ADDRESS, 'browser')"
is "answered: with the value that was made then" "$(reached) / $(mails); $(as root "SELECT m.value_at = v.created_at FROM mailbox m JOIN mailbox_value v ON v.mailbox_id = m.id AND v.used_at IS NOT NULL WHERE m.order_id = $ID")" \
	$'initiated verified\t1\t1 / sent accepted bounced answered; 1'
as root "UPDATE orders SET verified_at = verified_at, mailbox_status = 'waiting_for_data', activation_status = 'not_available' WHERE id = $ID"
is "a step gone back keeps the first time" "$(reached)" $'initiated verified\t1\t1'
order_new
to_issued 0
is "an issued order has reached everything" "$(reached)" $'initiated verified submitted issued\t1\t1'
is "its certificate's time is the order's" "$(as root "SELECT c.issued_at = o.issued_at FROM orders o JOIN certificate c ON c.order_id = o.id WHERE o.id = $ID")" 1

# --- staff ---
is "section 9.22: no procedure of the admin's confirms a mailbox, submits, queues or issues" "$(as root "SELECT GROUP_CONCAT(routine_name) FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_name LIKE 'admin\\_%'
	AND (routine_definition REGEXP 'confirmed_at *=|submitted_at *=|accepted_[a-z]+_at *=|mailbox_status *=|activation_status *=|INTO (issuance|certificate|serial|mailbox|activation|caa_check) '
	    OR routine_definition REGEXP 'CALL (mailbox_|activation_|issuance_|order_claim|caa_record)')"; as root "SELECT COUNT(*) > 15 FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_name LIKE 'admin\\_%'")" $'NULL\n1'

# --- a flood of revocations ---
as root "SET foreign_key_checks = 0; UPDATE crl SET published_at = UTC_TIMESTAMP() WHERE published_at IS NULL; UPDATE revocation SET listed_in = 8;
	INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by)
	SELECT 1, UNHEX(LEFT(SHA2(seq, 256), 32)), UTC_TIMESTAMP(), 0, UTC_TIMESTAMP() + INTERVAL 1 YEAR, 'test' FROM seq_1_to_50007"
FIRST=$(as signer "CALL crl_begin(1, 's1', 864000, 8)" | cut -f1)
is "crl_begin claims as many as a statement has time for" "$(count revocation "listed_in = $FIRST") $(count revocation 'listed_in IS NULL')" "50000 7"
as signer "CALL crl_published(1, $FIRST, 's1', 50000, $HASH1)"
is "the rest makes the next one due at once" "$(as signer "CALL crl_begin(1, 's1', 864000, $FIRST)" | cut -f1) $(count revocation 'listed_in IS NULL')" "$((FIRST + 1)) 0"

# --- the audit log ---
like "section 9.21: an audit event cannot be changed, not even by root" "$(as root "UPDATE audit SET detail = 'x' LIMIT 1")" "ERROR 1644 *append-only"
like "nor removed" "$(as root "DELETE FROM audit LIMIT 1")" "ERROR 1644 *append-only"
finish
