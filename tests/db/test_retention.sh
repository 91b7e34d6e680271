#!/bin/bash
# test_retention.sh - what goes when its time is over, and what must not: for every rule a record just past its time and one
# just before; in small steps, as the account that may do it, with audit events; and nothing that SBR 5.4 and 5.5 want kept.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

# One partner, two customers. Each order below has all that hangs on orders; they differ in what became of them.
#  1 certificate ended two years and a day ago     2 ended two years ago less a day     3 still good
#  4 cancelled two years and a day ago             5 cancelled two years ago less a day
#  6 the holder said no two years and a day ago    7 two years ago less a day           8 still waits, begun 100 days ago
is "the orders above are in the database" "$(as root "
INSERT INTO partner (id, name, title) VALUES (1, 'acme', 'Acme Ltd');
INSERT INTO callback_address (id, partner_id, url, secret, created_at) VALUES (1, 1, 'https://acme.example/told', 'hush', '2020-01-01');
INSERT INTO account (id, login, kind, name, email, salt, verifier, disabled_at) VALUES
    (1, 'gone', 'customer', 'Jan Gone', 'jan@example.org', REPEAT('s', 16), REPEAT('v', 32), UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY),
    (2, 'kept', 'customer', 'Jan Kept', 'jan@example.org', REPEAT('s', 16), REPEAT('v', 32), UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY),
    (3, 'late', 'customer', 'Jan Late', 'jan@example.org', REPEAT('s', 16), REPEAT('v', 32), UTC_TIMESTAMP() - INTERVAL 2 YEAR + INTERVAL 1 DAY),
    (4, 'live', 'customer', 'Jan Live', 'jan@example.org', REPEAT('s', 16), REPEAT('v', 32), NULL);
INSERT INTO issuer (id, name, kind, certificate, sha256, not_after) VALUES (1, 'issuing-1', 'issuing', 'der', REPEAT('i', 32), '2040-01-01');
INSERT INTO orders (id, number, item, account_id, partner_id, partner_ref, product, customer_name, language, email, email_draft, ordered_at, callback_address_id)
SELECT seq, LPAD(seq, 10, '0'), 'b01', IF(seq = 1, 1, IF(seq = 3, 2, NULL)), IF(seq IN (1, 3), NULL, 1), IF(seq IN (1, 3), NULL, CONCAT('ref-', seq)), 'smime-mailbox-365',
    'Jan Kowalski', 'en', 'jan@example.org', 'jan@example.org', UTC_TIMESTAMP() - INTERVAL 4 YEAR, IF(seq IN (1, 3), NULL, 1) FROM seq_1_to_8;
INSERT INTO mailbox (id, order_id, email, initiated_at, confirmed_at, confirmed_from, confirmed_agent, expires_at)
SELECT id, id, email, IF(id = 8, UTC_TIMESTAMP() - INTERVAL 100 DAY, ordered_at), IF(id <= 5, ordered_at, NULL), '192.0.2.1', 'Mozilla/5.0', ordered_at FROM orders;
UPDATE mailbox SET rejected_at = UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY WHERE id = 6;
UPDATE mailbox SET rejected_at = UTC_TIMESTAMP() - INTERVAL 2 YEAR + INTERVAL 1 DAY WHERE id = 7;
UPDATE orders SET mailbox_id = id;
UPDATE orders SET cancelled_at = UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY WHERE id = 4;
UPDATE orders SET cancelled_at = UTC_TIMESTAMP() - INTERVAL 2 YEAR + INTERVAL 1 DAY WHERE id = 5;
UPDATE orders SET mailbox_status = 'verified', activation_status = 'verified', activation_reason_arg = 'example.org' WHERE id <= 3;
INSERT INTO activation (order_id, fields, method, csr, spki_sha256, terms_version, accepted_terms_at, accepted_data_at, submitted_at, submitted_by)
SELECT id, 'commonName', 'csr', 'CN=Jan', REPEAT('k', 32), '1', ordered_at, ordered_at, ordered_at, IF(partner_id IS NULL, 'account:gone', 'partner:acme') FROM orders WHERE id <= 5;
INSERT INTO issuance (order_id, state, queued_at, next_at) SELECT id, 'done', ordered_at, ordered_at FROM orders WHERE id <= 3;
INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) SELECT 1, REPEAT(id, 16), id, REPEAT('t', 32), ordered_at, 'issued' FROM orders WHERE id <= 3;
INSERT INTO certificate (id, order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at, revoked_at)
SELECT id, id, 1, REPEAT(id, 16), email, 'CN=jan@example.org', REPEAT('h', 32), REPEAT(id, 32), ordered_at, ELT(id, UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY,
    UTC_TIMESTAMP() - INTERVAL 2 YEAR + INTERVAL 1 DAY, UTC_TIMESTAMP() + INTERVAL 1 DAY), ordered_at, IF(id = 1, ordered_at, NULL) FROM orders WHERE id <= 3;
INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by, listed_in) SELECT 1, serial, revoked_at, 1, not_after, 'account:gone', 1 FROM certificate WHERE id = 1;
INSERT INTO bulk (id, partner_id, name, made_at, made_by) VALUES (1, 1, 'orders.csv', '2020-01-01', 'account:paula'), (2, 1, 'orders.csv', '2020-01-01', 'account:paula'),
    (3, 1, 'orders.csv', '2020-01-01', 'account:gone'), (4, 1, 'orders.csv', '2020-01-01', 'partner:acme');
UPDATE orders SET bulk_id = ELT(id, NULL, NULL, NULL, 1, 2) WHERE id IN (4, 5);
INSERT INTO caa_check (order_id, domain, decision, secure, checked_at, valid_until) SELECT id, 'example.org', 'permitted', 1, ordered_at, ordered_at FROM orders WHERE id <= 3;
INSERT INTO order_post (order_id, product, email, customer_name) SELECT id, product, email, customer_name FROM orders WHERE id = 4 OR id = 5;
DELETE FROM callback;
-- mails and callbacks: of each order one from 91 days ago and one from 89; the verification of order 8 still waits for its answer
INSERT INTO outbox (id, kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, done_at)
SELECT o.id * 10 + n.seq, 'verification', o.id, o.id, 'jan@example.org', 'en', UTC_TIMESTAMP() - INTERVAL 91 - 2 * n.seq DAY, 'sent', UTC_TIMESTAMP() - INTERVAL 91 - 2 * n.seq DAY,
    UTC_TIMESTAMP() - INTERVAL 91 - 2 * n.seq DAY FROM orders o JOIN seq_0_to_1 n;
INSERT INTO outbox (id, kind, order_id, mailbox_id, recipient, language, created_at, state, next_at) VALUES (5, 'verification', 2, 2, 'jan@example.org', 'en', '2020-01-01', 'waiting', '2020-01-01');
INSERT INTO mailbox_value (hash, mailbox_id, outbox_id, created_at, expires_at) SELECT UNHEX(SHA2(id, 256)), id, id, initiated_at, initiated_at + INTERVAL 1 DAY FROM mailbox;
INSERT INTO callback (id, address_id, order_id, status, mailbox_status, activation_status, happened_at, state, tried_since, next_at, done_at)
SELECT o.id * 10 + n.seq, 1, o.id, 'issued', 'verified', 'verified', UTC_TIMESTAMP() - INTERVAL 91 - 2 * n.seq DAY, ELT(1 + o.id % 2, 'done', 'given_up'), '2020-01-01', UTC_TIMESTAMP() - INTERVAL 91 - 2 * n.seq DAY,
    UTC_TIMESTAMP() - INTERVAL 91 - 2 * n.seq DAY FROM orders o JOIN seq_0_to_1 n WHERE o.partner_id IS NOT NULL;
INSERT INTO callback (id, address_id, order_id, status, mailbox_status, activation_status, happened_at, state, tried_since, next_at) VALUES (5, 1, 2, 'issued', 'verified', 'verified', '2020-01-01', 'waiting', '2020-01-01', '2020-01-01');
INSERT INTO callback_attempt (callback_id, at, says, milliseconds) SELECT id, happened_at, 'jan@example.org', 1 FROM callback;
INSERT INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at) VALUES
    (REPEAT('1', 32), 4, '2020-01-01', UTC_TIMESTAMP() - INTERVAL 25 HOUR, 1800, UTC_TIMESTAMP() + INTERVAL 1 HOUR),
    (REPEAT('2', 32), 4, '2020-01-01', UTC_TIMESTAMP() - INTERVAL 24 HOUR, 1800, UTC_TIMESTAMP() + INTERVAL 1 HOUR),
    (REPEAT('3', 32), 4, '2020-01-01', UTC_TIMESTAMP() - INTERVAL 24 HOUR, 86400, UTC_TIMESTAMP() - INTERVAL 1441 MINUTE),
    (REPEAT('4', 32), 4, '2020-01-01', UTC_TIMESTAMP() - INTERVAL 24 HOUR, 86400, UTC_TIMESTAMP() - INTERVAL 1439 MINUTE),
    (REPEAT('5', 32), 1, '2020-01-01', UTC_TIMESTAMP(), 1800, UTC_TIMESTAMP() + INTERVAL 1 HOUR);
INSERT INTO account_key (account_id, credential, credential_hash, algorithm, public_key, sign_count, name, created_at) VALUES (1, 'a', REPEAT('a', 32), -7, 'p', 0, 'of Gone', UTC_TIMESTAMP()), (4, 'b', REPEAT('b', 32), -7, 'p', 0, 'kept', UTC_TIMESTAMP());
INSERT INTO sign_in_failure (at, login_hash, address) VALUES (UTC_TIMESTAMP() - INTERVAL 1441 MINUTE, REPEAT('l', 32), '192.0.2.1'), (UTC_TIMESTAMP() - INTERVAL 1439 MINUTE, REPEAT('l', 32), '192.0.2.1');
INSERT INTO problem_report (id, once, certificate_id, reporter, cause, note, received_at, answer_due_at, answered_at, revoke_due_at, done_at, finding, finding_note)
SELECT seq, REPEAT(seq, 16), ELT(seq, NULL, 1, 3, NULL, NULL), 'Mallory', 'misuse', 'spam from jan', '2020-01-01', '2020-01-02', '2020-01-01', NULL,
    ELT(seq, UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY, UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY, UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY,
	UTC_TIMESTAMP() - INTERVAL 2 YEAR + INTERVAL 1 DAY, NULL), IF(seq = 5, NULL, 'kept'), 'said jan' FROM seq_1_to_5;
INSERT INTO audit (at, actor, event, order_id, address, detail) SELECT ordered_at, 'account:gone', 'email_confirmed', id, '192.0.2.1', email FROM orders")" ""

# What must stay as it is, whatever happens: the audit log, serials, hashes, dates, statuses, and all of what is not due.
kept() {
	as root "SELECT * FROM audit WHERE event NOT IN ('retention', 'order_cleared');
		SELECT id, number, item, account_id, partner_id, partner_ref, product, ordered_at, cancelled_at, mailbox_id, mailbox_status, activation_status, state, not_after, revoked_at,
		    ordered_on, initiated_at, verified_at, submitted_at, issued_at, issued_on FROM orders;
		SELECT id, order_id, method, initiated_at, confirmed_at, rejected_at, replaced_at, value_at, expires_at FROM mailbox;
		SELECT order_id, HEX(spki_sha256), terms_version, accepted_terms_at, accepted_data_at, submitted_at FROM activation; SELECT * FROM issuance; SELECT * FROM serial;
		SELECT id, order_id, HEX(serial), HEX(sha256), HEX(spki_sha256), not_before, not_after, issued_at, revoked_at FROM certificate;
		SELECT HEX(serial), revoked_at, reason, not_after, listed_in FROM revocation; SELECT * FROM key_block; SELECT * FROM issuer; SELECT * FROM crl;
		SELECT id, cause, received_at, answered_at, done_at, finding, certificate_id FROM problem_report; SELECT id, kind, disabled_at FROM account"
}
whole() { # of orders 2, 3, 5, 7 and 8, and accounts and reports that are not due
	as root "SELECT * FROM orders WHERE id IN (2, 3, 5, 8); SELECT * FROM mailbox WHERE id IN (2, 3, 5, 7, 8); SELECT * FROM activation WHERE order_id IN (2, 3, 5);
		SELECT * FROM certificate WHERE id > 1; SELECT * FROM caa_check WHERE order_id > 1; SELECT * FROM order_post WHERE order_id = 5;
		SELECT * FROM account WHERE id > 1; SELECT * FROM problem_report WHERE id > 2"
}
kept >"$T/kept"
whole >"$T/whole"
everything() { as root "SELECT GROUP_CONCAT(CONCAT(x.t, ' ', x.n)) FROM (SELECT 'session' AS t, COUNT(*) AS n FROM session UNION ALL SELECT 'outbox', COUNT(*) FROM outbox UNION ALL SELECT 'audit', COUNT(*) FROM audit) x"; }
before=$(everything)

# --- a dry run ---
due='rule,due
session,2
sign_in_failure,1
mailbox_value,7
outbox,7
callback,6
mailbox,1
order,2
problem_report,2
account,0'
run ctl retention --dry-run --csv
is "a dry run says what is due" "$RC $(tr -d '\r' <"$T/out")" "0 $due"
is "and changes nothing" "$(everything)" "$before"
run ctl retention </dev/null
is "without --yes it asks" "$RC $(everything)" "2 $before"

# --- for real, three rows at a time ---
run ctl retention --yes --rows 3 --csv
# Account 1 is due only once its order is cleared.
is "what was due goes" "$RC $(tr -d '\r' <"$T/out")" "0 ${due//due
/done
}"
is "sessions that ended over a day ago" "$(as root "SELECT GROUP_CONCAT(LEFT(id_hash, 1) ORDER BY 1) FROM session")" 2,4,5
is "failed sign-ins" "$(as root "SELECT COUNT(*), MIN(at) > UTC_TIMESTAMP() - INTERVAL 1 DAY FROM sign_in_failure")" $'1\t1'
is "random values whose verification ended 90 days ago; not of one that waits" "$(as root "SELECT GROUP_CONCAT(mailbox_id ORDER BY 1) FROM mailbox_value")" 8
is "mails that ended 90 days ago; not of a verification that waits, nor one that is not sent" \
	"$(as root "SELECT GROUP_CONCAT(id ORDER BY id) FROM outbox")" 5,21,31,51,61,71,80,81
is "callbacks, with the log of their attempts" "$(as root "SELECT GROUP_CONCAT(id ORDER BY id) FROM callback; SELECT GROUP_CONCAT(callback_id ORDER BY 1) FROM callback_attempt")" \
	$'5,21,51,61,71,81\n5,21,51,61,71,81'
is "the address of a verification that was refused two years ago" "$(as root "SELECT CONCAT_WS('|', email, confirmed_from, confirmed_agent) FROM mailbox WHERE id IN (6, 7)")" $'\njan@example.org|192.0.2.1|Mozilla/5.0'
is "and its order's" "$(as root "SELECT id, email, email_draft FROM orders WHERE id IN (6, 7)")" $'6\tNULL\tNULL\n7\tjan@example.org\tjan@example.org'
is "all that is personal in an order that ended two years ago, with a certificate and without" "$(as root "SELECT o.id, o.customer_name, o.email, o.email_draft, o.activation_reason_arg, m.email, m.confirmed_from,
	m.confirmed_agent, LENGTH(a.csr), a.submitted_by, c.email, LENGTH(c.der) FROM orders o JOIN mailbox m ON m.order_id = o.id JOIN activation a ON a.order_id = o.id LEFT JOIN certificate c ON c.order_id = o.id
	WHERE o.id IN (1, 4)")" $'1\t\tNULL\tNULL\tNULL\t\tNULL\tNULL\t0\taccount\t\t0\n4\t\tNULL\tNULL\tNULL\t\tNULL\tNULL\t0\tpartner\tNULL\tNULL'
is "with what hung on it" "$(as root "SELECT (SELECT COUNT(*) FROM caa_check WHERE order_id = 1), (SELECT COUNT(*) FROM order_post WHERE order_id = 4)")" $'0\t0'
is "who asked for a revocation, if it was a person" "$(as root "SELECT requested_by FROM revocation")" account
is "who handed in a file of orders, when all of them are cleared" "$(as root "SELECT GROUP_CONCAT(id, ' ', made_by ORDER BY id) FROM bulk")" "1 account,2 account:paula,3 account:gone,4 partner:acme"
is "who reported a problem two years ago, unless the certificate is younger" "$(as root "SELECT GROUP_CONCAT(id, ':', reporter, COALESCE(note, '') ORDER BY id) FROM problem_report")" \
	"1:,2:,3:Malloryspam from jan,4:Malloryspam from jan,5:Malloryspam from jan"
kept >"$T/kept2"
is "section 9.21: numbers, days, statuses, serials, hashes and the audit log stay" "$(diff "$T/kept" "$T/kept2")" ""
whole >"$T/whole2"
is "what is not due stays whole" "$(diff "$T/whole" "$T/whole2")" ""

# --- again ---
run ctl retention --yes --csv
is "the next run finds the account whose orders are cleared" "$(tr -d '\r' <"$T/out" | grep -v ',0$')" $'rule,done\naccount,1'
is "which then names nobody, is signed out and has no security key" "$(as root "SELECT login, name, email, HEX(verifier) = REPEAT('76', 32) FROM account WHERE id = 1; SELECT COUNT(*) FROM session WHERE account_id = 1; SELECT account_id FROM account_key")" $'gone-1\t\tNULL\t0\n0\n4'
is "nor does a file of orders name it" "$(as root "SELECT made_by FROM bulk WHERE id = 3")" account
is "an account with an order that is not cleared is not" "$(as root "SELECT name FROM account WHERE id = 2")" "Jan Kept"
run ctl retention --yes --csv
is "then nothing is due" "$(tr -d '\r' <"$T/out" | grep -v ',0$')" rule,done
is "and nothing is said of it in the log" "$(as root "SELECT COUNT(*) FROM audit WHERE event = 'retention' AND id > (SELECT MAX(id) FROM audit WHERE detail = 'account: 1')")" 0

# --- the log ---
is "every step left an event with the admin's name, and the sums are those" "$(as root "SELECT SUBSTRING_INDEX(detail, ':', 1), SUM(SUBSTRING_INDEX(detail, ' ', -1)), MAX(SUBSTRING_INDEX(detail, ' ', -1)) <= 3,
	GROUP_CONCAT(DISTINCT actor) FROM audit WHERE event = 'retention' GROUP BY 1 ORDER BY MIN(id)")" \
	"$(tail -n +2 <<<"$due" | grep -v account | sed -e 's/,/\t/' -e "s/\$/\t1\tadmin:$(id -un)/")"$'\naccount\t1\t1\tadmin:'"$(id -un)"
is "and each cleared order one of its own" "$(as root "SELECT GROUP_CONCAT(order_id ORDER BY order_id), GROUP_CONCAT(DISTINCT actor) FROM audit WHERE event = 'order_cleared'")" $'1,4\tadmin:'"$(id -un)"

# --- the account ---
refused() { # WHAT SQL
	local got
	got=$(as retention "$2")
	case $got in "ERROR 1142 "* | "ERROR 1143 "* | "ERROR 1370 "* | "ERROR 1044 "*) got=refused ;; esac
	is "retention cannot $1" "$got" refused
}
for table in orders mailbox certificate audit session outbox account report_order retention_order retention_session; do
	refused "read $table" "SELECT * FROM $table"
	refused "delete from $table" "DELETE FROM $table"
done
refused "clear an order past the rule" "CALL retention_clear_order()"
refused "choose what is due" "CALL retention_take('order', 0, 10)"
refused "forge an event" "CALL audit_add('holder', 'mailbox_verified', 1, NULL, NULL)"
like "nor is there another rule" "$(as retention "CALL retention_step('x', 'audit', 0, 10)")" "ERROR 1644 command_refused|there is no rule*"

# --- README's table has every rule ---
is "README says all of them" "$(for rule in $(tail -n +2 <<<"$due" | cut -d , -f 1); do grep -q "^| \`$rule\` |" sql/README.md || echo "$rule"; done)" ""
finish
