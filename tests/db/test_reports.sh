#!/bin/bash
# test_reports.sh - the report views over a database of a known shape: every ready-made question of sql/reports, its answer
# worked out by hand beside it; what the views tell of people; what the account `report` is refused; and that comments,
# README and views name the same columns.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

# --- ten orders of two days, and one of today ---------------------------------------------------------------------
#
#    ordered on 2025-03-01                                      the holder is asked, says yes; submitted; issued
#  1 acme     365  10:00        10:10  10:30  11:00:00  11:00:20
#  2 acme     365  12:00        12:20  12:30  12:40:00  12:40:40   revoked on 03-05 by acme, keyCompromise
#  3 acme     365  12:30        cancelled on 03-02
#  4 beta     730  12:30        13:00  (nobody answers; its mail arrived)
#  5 customer 365  14:00        never begun
#    ordered on 2025-03-02
#  6 customer 365  08:00        08:05  08:20  (no request yet; one was refused: csr_key_too_small)
#  7 customer 730  09:00        09:10  the holder says no at 09:40
#  8 acme     730  10:00        10:10  10:20  10:30  waits: CAA cannot be asked; two requests refused before
#  9 beta     365  11:00        11:30  12:30  12:31:00  on 04-01 at 12:31:00; it expires in 10 days and an hour from now
# 10 beta     365  12:00        12:01 (its mail bounced; another address at 12:03)  12:05  12:06:00  CAA forbids it
#    ordered just now
# 11 acme     365  an hour ago  the holder was asked half an hour ago
is "the orders above are in the database" "$(as root "
INSERT INTO partner (id, name, title) VALUES (1, 'acme', 'Acme Ltd'), (2, 'beta', 'Beta GmbH');
INSERT INTO account (id, login, kind, name, email, salt, verifier) VALUES (1, 'jan.kowalski@example.org', 'customer', 'Jan Kowalski',
    'jan.kowalski@example.org', REPEAT('s', 16), REPEAT('v', 32));
INSERT INTO callback_address (id, partner_id, url, secret, created_at) VALUES (1, 1, 'https://acme.example/told', 'hush', '2025-01-01');
INSERT INTO issuer (id, name, kind, certificate, sha256, not_after) VALUES (1, 'issuing-1', 'issuing', 'der', REPEAT('i', 32), '2040-01-01');
INSERT INTO orders (id, number, item, account_id, partner_id, product, customer_name, language, ordered_at) VALUES
    (1, '0000000001', 'b01', NULL, 1, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-01 10:00:00'),
    (2, '0000000002', 'b01', NULL, 1, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-01 12:00:00'),
    (3, '0000000003', 'b01', NULL, 1, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-01 12:30:00'),
    (4, '0000000004', 'b01', NULL, 2, 'smime-mailbox-730', 'Jan Kowalski', 'en', '2025-03-01 12:30:00'),
    (5, '0000000005', 'b01', 1, NULL, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-01 14:00:00'),
    (6, '0000000006', 'b01', 1, NULL, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-02 08:00:00'),
    (7, '0000000007', 'b01', 1, NULL, 'smime-mailbox-730', 'Jan Kowalski', 'en', '2025-03-02 09:00:00'),
    (8, '0000000008', 'b01', NULL, 1, 'smime-mailbox-730', 'Jan Kowalski', 'en', '2025-03-02 10:00:00'),
    (9, '0000000009', 'b01', NULL, 2, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-02 11:00:00'),
    (10, '0000000010', 'b01', NULL, 2, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2025-03-02 12:00:00'),
    (11, '0000000011', 'b01', NULL, 1, 'smime-mailbox-365', 'Jan Kowalski', 'en', UTC_TIMESTAMP() - INTERVAL 1 HOUR);
-- what became of each address; the two of order 10 are 10 and 12
INSERT INTO mailbox (id, order_id, email, initiated_at, confirmed_at, rejected_at, replaced_at, expires_at, accepted_at, bounced_at) VALUES
    (1, 1, 'jan@example.org', '2025-03-01 10:10:00', '2025-03-01 10:30:00', NULL, NULL, '2025-03-02 10:10:01', '2025-03-01 10:10:02', NULL),
    (2, 2, 'jan@example.org', '2025-03-01 12:20:00', '2025-03-01 12:30:00', NULL, NULL, '2025-03-02 12:20:01', '2025-03-01 12:20:02', NULL),
    (4, 4, 'jan@example.org', '2025-03-01 13:00:00', NULL, NULL, NULL, '2025-03-02 13:00:01', '2025-03-01 13:00:02', NULL),
    (6, 6, 'jan@example.org', '2025-03-02 08:05:00', '2025-03-02 08:20:00', NULL, '2025-04-01 08:05:00', '2025-03-03 08:05:01', '2025-03-02 08:05:02', NULL),
    (7, 7, 'jan@example.org', '2025-03-02 09:10:00', NULL, '2025-03-02 09:40:00', NULL, '2025-03-03 09:10:01', '2025-03-02 09:10:02', NULL),
    (8, 8, 'jan@example.org', '2025-03-02 10:10:00', '2025-03-02 10:20:00', NULL, NULL, '2025-03-03 10:10:01', '2025-03-02 10:10:02', NULL),
    (9, 9, 'jan@example.org', '2025-03-02 11:30:00', '2025-03-02 12:30:00', NULL, NULL, '2025-03-03 11:30:01', '2025-03-02 11:30:02', NULL),
    (10, 10, 'jna@example.org', '2025-03-02 12:01:00', NULL, NULL, '2025-03-02 12:03:00', '2025-03-03 12:01:01', NULL, '2025-03-02 12:01:02'),
    (12, 10, 'jan@example.org', '2025-03-02 12:03:00', '2025-03-02 12:05:00', NULL, NULL, '2025-03-03 12:03:01', '2025-03-02 12:03:02', NULL),
    (11, 11, 'jan@example.org', UTC_TIMESTAMP() - INTERVAL 30 MINUTE, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE orders o JOIN mailbox m ON m.order_id = o.id AND m.id <> 10 SET o.mailbox_id = m.id, o.email = m.email,
    o.initiated_at = (SELECT MIN(n.initiated_at) FROM mailbox n WHERE n.order_id = o.id),
    o.verified_at = m.confirmed_at,
    o.mailbox_status = IF(m.confirmed_at IS NOT NULL, 'verified', IF(m.rejected_at IS NOT NULL, 'waiting_for_data', 'waiting_for_verification')),
    o.activation_status = IF(m.confirmed_at IS NULL, 'not_available', 'waiting_for_data');
UPDATE orders SET cancelled_at = '2025-03-02 07:00:00' WHERE id = 3;
UPDATE orders SET submitted_at = '2025-03-01 11:00:00', issued_at = '2025-03-01 11:00:20', activation_status = 'verified' WHERE id = 1;
UPDATE orders SET submitted_at = '2025-03-01 12:40:00', issued_at = '2025-03-01 12:40:40', activation_status = 'verified',
    revoked_at = '2025-03-05 10:00:00' WHERE id = 2;
UPDATE orders SET submitted_at = '2025-03-02 10:30:00', activation_status = 'waiting_for_verification' WHERE id = 8;
UPDATE orders SET submitted_at = '2025-03-02 12:31:00', issued_at = '2025-04-01 12:31:00', activation_status = 'verified' WHERE id = 9;
UPDATE orders SET submitted_at = '2025-03-02 12:06:00', activation_reason = 'caa_denied' WHERE id = 10;
INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) VALUES (1, REPEAT('1', 16), 1, REPEAT('t', 32), '2025-03-01', 'issued'),
    (1, REPEAT('2', 16), 2, REPEAT('t', 32), '2025-03-01', 'issued'), (1, REPEAT('9', 16), 9, REPEAT('t', 32), '2025-04-01', 'issued'),
    (1, REPEAT('8', 16), 8, REPEAT('t', 32), '2025-03-02', 'abandoned');
INSERT INTO certificate (id, order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at, revoked_at) VALUES
    (1, 1, 1, REPEAT('1', 16), 'jan@example.org', 'der', REPEAT('h', 32), REPEAT('k', 32), '2025-03-01', UTC_TIMESTAMP() - INTERVAL 1 DAY, '2025-03-01 11:00:20', NULL),
    (2, 2, 1, REPEAT('2', 16), 'jan@example.org', 'der', REPEAT('h', 32), REPEAT('l', 32), '2025-03-01', UTC_DATE() + INTERVAL 5 DAY, '2025-03-01 12:40:40', '2025-03-05 10:00:00'),
    (9, 9, 1, REPEAT('9', 16), 'jan@example.org', 'der', REPEAT('h', 32), REPEAT('m', 32), '2025-04-01', UTC_TIMESTAMP() + INTERVAL 10 DAY + INTERVAL 1 HOUR, '2025-04-01 12:31:00', NULL);
-- CRL 1 brought nothing, the signer died over CRL 2, CRL 3 followed 26 hours after order 2's revocation was asked for
INSERT INTO crl (issuer_id, number, this_update, next_update, published_at) VALUES (1, 1, '2025-03-01', '2025-03-08', '2025-03-01 00:00:01'),
    (1, 2, '2025-03-05', '2025-03-12', NULL), (1, 3, '2025-03-06', '2025-03-13', '2025-03-06 12:00:00');
INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by, received_at, listed_in) VALUES
    (1, REPEAT('2', 16), '2025-03-05 10:00:00', 1, '2026-03-01', 'partner:acme', '2025-03-05 10:00:00', 2),
    (1, REPEAT('8', 16), '2025-03-02 10:31:00', 0, '2027-03-01', 'signer:abandoned', NULL, NULL);
INSERT INTO problem_report (id, once, certificate_id, reporter, cause, note, received_at, answer_due_at, answered_at, revoke_due_at, done_at, finding) VALUES
    (1, REPEAT('a', 16), 9, 'Mallory <m@example.net>', 'misuse', 'spam', UTC_TIMESTAMP() - INTERVAL 30 HOUR, UTC_TIMESTAMP() - INTERVAL 6 HOUR, NULL, UTC_TIMESTAMP() + INTERVAL 90 HOUR, NULL, NULL),
    (2, REPEAT('b', 16), NULL, 'Mallory <m@example.net>', 'misuse', 'spam', '2025-03-01', '2025-03-02', '2025-03-01 12:00:00', NULL, '2025-03-01 13:00:00', 'kept');
INSERT INTO issuance (order_id, state, queued_at, next_at, attempts, last_code) VALUES (8, 'waiting', UTC_TIMESTAMP() - INTERVAL 120 SECOND, UTC_TIMESTAMP(), 2, 'caa_unreachable'),
    (1, 'done', '2025-03-01 11:00:00', '2025-03-01', 1, NULL);
INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, attempts, taken_by) VALUES
    ('verification', 11, 11, 'jan@example.org', 'en', UTC_TIMESTAMP() - INTERVAL 1800 SECOND, 'waiting', UTC_TIMESTAMP(), 3, NULL),
    ('verification', 10, 12, 'jan@example.org', 'en', UTC_TIMESTAMP() - INTERVAL 60 SECOND, 'waiting', UTC_TIMESTAMP(), 1, 'mailer:1'),
    ('verification', 10, 10, 'jna@example.org', 'en', '2025-03-02 12:01:00', 'refused', '2025-03-02 12:01:02', 1, NULL);
-- acme was told of four changes: two taken at once and after 20 s, one given up after five posts, one waits
INSERT INTO callback (address_id, order_id, status, mailbox_status, activation_status, happened_at, state, tried_since, next_at, attempts, done_at) VALUES
    (1, 1, 'issued', 'verified', 'verified', '2025-03-01 11:00:20', 'done', '2025-03-01', '2025-03-01', 1, '2025-03-01 11:00:20'),
    (1, 2, 'issued', 'verified', 'verified', '2025-03-01 12:40:40', 'done', '2025-03-01', '2025-03-01', 2, '2025-03-01 12:41:00'),
    (1, 2, 'revoked', 'verified', 'verified', '2025-03-05 10:00:00', 'given_up', '2025-03-05', '2025-03-05', 5, '2025-03-08 10:00:00'),
    (1, 8, 'activation_waiting_for_verification', 'verified', 'waiting_for_verification', UTC_TIMESTAMP() - INTERVAL 240 SECOND, 'waiting', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0, NULL);
DELETE FROM callback WHERE happened_at > UTC_TIMESTAMP() - INTERVAL 100 SECOND; -- what the triggers added above
INSERT INTO audit (at, actor, event, order_id, address, detail) VALUES
    ('2025-03-01 10:10:00', 'partner:acme', 'email_confirmed', 1, '192.0.2.1', 'jan@example.org'),
    ('2025-03-01 10:10:02', 'mailer', 'mail_accepted', 1, NULL, '192.0.2.25: 250 <jan@example.org> kept'),
    ('2025-03-01 10:30:00', 'holder', 'mailbox_verified', 1, '192.0.2.3', ' | Mozilla/5.0'),
    ('2025-03-01 10:50:00', 'account:paula@acme.example', 'csr_saved', 1, '192.0.2.1', 'P-256 256 | SPKI AB'),
    ('2025-03-01 11:00:20', 'signer:host:12', 'certificate_issued', 1, NULL, '3131 | SHA-256 CD'),
    ('2025-03-02 08:30:00', 'account:jan.kowalski@example.org', 'csr_refused', 6, '192.0.2.7', 'csr_key_too_small'),
    ('2025-03-02 10:25:00', 'partner:acme', 'csr_refused', 8, '192.0.2.1', 'csr_not_pem'),
    ('2025-03-02 10:26:00', 'partner:acme', 'csr_refused', 8, '192.0.2.1', 'csr_not_pem'),
    ('2025-03-02 12:06:01', 'signer:host:12', 'caa_denied', 10, NULL, 'example.org | example.org 0 issuemail \"other.example\"'),
    ('2025-03-02 12:06:02', 'signer:host:12', 'issuance_refused', 10, NULL, 'caa_denied '),
    ('2025-03-03 10:31:00', 'signer:host:12', 'caa_unreachable', 8, NULL, 'example.org | - '),
    ('2025-03-03 10:32:00', 'signer:host:12', 'issuance_refused', 9, NULL, 'csr_key_compromised '),
    ('2025-03-04 01:00:00', 'login:jan.kowalski@example.org', 'sign_in_refused', NULL, '192.0.2.66', NULL),
    ('2025-03-04 01:00:01', 'login:jan.kowalski@example.org', 'sign_in_refused', NULL, '192.0.2.67', NULL),
    ('2025-03-04 01:00:02', 'login:other', 'sign_in_refused', NULL, '192.0.2.66', NULL),
    ('2025-03-04 01:00:03', 'login:other', 'sign_in_throttled', NULL, '192.0.2.66', 'login'),
    ('2025-03-05 09:00:00', 'account:jan.kowalski@example.org', 'signed_in', NULL, '192.0.2.7', NULL)")" ""

# report NAME [OPTION]...: its answer as CSV.
report() {
	ctl report "$@" --csv | tr -d '\r'
}
march='--from 2025-03-01 --to 2025-03-31'
# The day of order 11, which may have been yesterday an hour ago; and of the end of order 2's certificate.
today=$(as root "SELECT ordered_on FROM orders WHERE id = 11")
ending=$(as root "SELECT DATE(not_after) FROM certificate WHERE id = 2")

# --- the questions, with answers worked out from the table above ---------------------------------------------------
asked=
answer() { # NAME WHAT GOT WANTED
	asked="$asked $1"
	is "$1: $2" "$3" "$4"
}

# shellcheck disable=SC2086
answer orders "each order in one status" "$(report orders $march)" \
"ordered_on,product,partner,orders,mailbox_waiting_for_data,mailbox_waiting_for_verification,activation_waiting_for_data,activation_waiting_for_verification,issued,cancelled
2025-03-01,smime-mailbox-365,,1,1,0,0,0,0,0
2025-03-01,smime-mailbox-365,acme,3,0,0,0,0,2,1
2025-03-01,smime-mailbox-730,beta,1,0,1,0,0,0,0
2025-03-02,smime-mailbox-365,,1,0,0,1,0,0,0
2025-03-02,smime-mailbox-365,beta,2,0,0,1,0,1,0
2025-03-02,smime-mailbox-730,,1,1,0,0,0,0,0
2025-03-02,smime-mailbox-730,acme,1,0,0,0,1,0,0"
answer orders "of one product and partner" "$(report orders --from 2025-03-02 --to 2025-03-02 --product smime-mailbox-365 --partner beta | tail -n +2)" \
	"2025-03-02,smime-mailbox-365,beta,2,0,0,1,0,1,0"
answer orders "the last 30 days when nothing else is said" "$(report orders | tail -n +2)" "$today,smime-mailbox-365,acme,1,0,1,0,0,0,0"

# 03-01: asked after 10, 20 and 30 minutes: 60/3 = 20; yes after 20 and 10: 15; submitted after 30 and 10: 20;
#        issued after 20 and 40 s: 30 s = 0.5. Two of five: 40 %.
# 03-02: asked after 5, 10, 10, 30 and 1 (order 10's first address): 56/5 = 11.2; yes after 15, 10, 60 and 4: 89/4 = 22.25;
#        submitted after 10, 1 and 1: 4; issued after 30 days: 43200 minutes. One of five: 20 %.
# shellcheck disable=SC2086
answer funnel "steps and minutes" "$(report funnel $march)" \
"ordered_on,ordered,initiated,verified,submitted,issued,issued_percent,initiated_minutes,verified_minutes,submitted_minutes,issued_minutes
2025-03-01,5,3,2,2,2,40.0,20.0,15.0,20.0,0.5
2025-03-02,5,5,4,3,1,20.0,11.2,22.3,4.0,43200.0"
# acme on 03-01: orders 1, 2, 3: asked after 10 and 20.
answer funnel "of one partner" "$(report funnel --from 2025-03-01 --to 2025-03-01 --partner acme | tail -n +2)" "2025-03-01,3,2,2,2,2,66.7,15.0,15.0,20.0,0.5"

# 03-01: three begun; all sent and taken; two yes; order 4's link is dead. 03-02: six (order 10 has two); the bounced one was
# replaced while its link was alive; order 6's yes counts though it has grown too old since.
# shellcheck disable=SC2086
answer mailbox-verifications "mails and answers" "$(report mailbox-verifications $march)" \
"initiated_on,initiated,sent,accepted,bounced,confirmed,rejected,expired,replaced,waiting
2025-03-01,3,3,3,0,2,0,1,0,0
2025-03-02,6,6,5,1,4,1,0,1,0"
answer mailbox-verifications "one still waits" "$(report mailbox-verifications | tail -n +2 | cut -d , -f 2-)" "1,0,0,0,0,0,0,0,1"

# shellcheck disable=SC2086
answer csr-refusals "by code, when handed in and by the signer" "$(report csr-refusals $march)" \
"code,refusals,by_signer,first_at,last_at
csr_not_pem,2,0,2025-03-02T10:25:00Z,2025-03-02T10:26:00Z
csr_key_compromised,1,1,2025-03-03T10:32:00Z,2025-03-03T10:32:00Z
csr_key_too_small,1,0,2025-03-02T08:30:00Z,2025-03-02T08:30:00Z"
# shellcheck disable=SC2086
answer csr-refusals "of one partner" "$(report csr-refusals $march --partner acme | tail -n +2 | cut -d , -f 1-3)" "csr_not_pem,2,0"

# shellcheck disable=SC2086
answer certificates-issued "by day" "$(report certificates-issued $march)" "issued_on,product,certificates
2025-03-01,smime-mailbox-365,2"
answer certificates-issued "of one partner, in its own month" "$(report certificates-issued --from 2025-03-01 --to 2025-04-30 --partner beta | tail -n +2)" "2025-04-01,smime-mailbox-365,1"

answer certificates-expiring "neither the expired nor the revoked" "$(report certificates-expiring --days 11 | cut -d , -f 2-)" \
"days_left,order_number,product,partner,issuer,serial
10,0000000009/b01,smime-mailbox-365,beta,issuing-1,39393939393939393939393939393939"
answer certificates-expiring "sooner: none" "$(report certificates-expiring --days 10 | wc -l)" 1
answer certificates-ending "with the revoked" "$(report certificates-ending --days 6 | tail -n +2)" "$ending,1,1"

# shellcheck disable=SC2086
answer revocations "by reason and asker; the abandoned serial is on no CRL yet" "$(report revocations $march)" \
"reason,requested_by,revocations,unlisted
abandoned,signer,1,1
keyCompromise,partner,1,0"

# The report on order 9 is 30 hours old and not answered; what is done shows when asked for.
answer revocation-clock "open and overdue" "$(report revocation-clock | tail -n +2 | cut -d , -f 1-4,9-)" "problem_report,1,0000000009/b01,misuse,,,overdue"
# Order 2: asked 03-05 10:00, on the CRL of 03-06 12:00, two hours late. Report 2 was answered in time and kept.
answer revocation-clock "and what is done" "$(report revocation-clock --days 36500 | grep -v overdue | tail -n +2)" \
"problem_report,2,,misuse,2025-03-01T00:00:00Z,2025-03-02T00:00:00Z,2025-03-01T12:00:00Z,,,,done
request,,0000000002/b01,keyCompromise,2025-03-05T10:00:00Z,,,2025-03-06T10:00:00Z,2025-03-05T10:00:00Z,2025-03-06T12:00:00Z,late"

# Order 9's key was pasted in this year, 1's has expired, 2 is revoked.
as root "INSERT INTO key_block (spki_sha256, source, added_at) VALUES (REPEAT('k', 32), 'import', '2025-01-01'), (REPEAT('l', 32), 'keyCompromise', '2025-03-05'),
	(REPEAT('m', 32), 'pasted', '2026-01-02 03:04:05')"
answer keys-blocked "of what is valid" "$(report keys-blocked | cut -d , -f 1-6,8)" "blocked_at,source,order_number,partner,issuer,serial,revoke_due_at
2026-01-02T03:04:05Z,pasted,0000000009/b01,beta,issuing-1,39393939393939393939393939393939,2026-01-03T03:04:05Z"

# Oldest first. None of the 17 audit events above, and of that of db migrate, has a seal; the one revocation without a CRL is the abandoned one.
answer backlog "what waits" "$(report backlog | cut -d , -f 1-5)" \
"queue,kind,waiting,taken,tried
audit,,18,0,0
crl,,1,0,0
outbox,verification,2,1,1
callback,acme,1,0,0
issuance,caa_unreachable,1,0,1"
answer backlog "and since when" "$(report backlog | sed -n '4,$p' | while IFS=, read -r queue _ _ _ _ _ seconds; do
	case $queue:$seconds in outbox:18??) echo 1800 ;; callback:2??) echo 240 ;; issuance:1??) echo 120 ;; *) echo "$queue $seconds" ;; esac
done)" $'1800\n240\n120'

# Two done with 1 and 2 posts, after 0 and 20 s; one given up after 5: 8 posts for 3.
# shellcheck disable=SC2086
answer callbacks "what became of them" "$(report callbacks $march)" "partner,callbacks,done,given_up,waiting,attempts_each,seconds_each
acme,3,2,1,0,2.67,10.0"

# shellcheck disable=SC2086
answer sign-in-failures "how many, of how many, from how many" "$(report sign-in-failures $march)" "failed_on,failures,logins,addresses,throttled
2025-03-04,3,2,2,1"

# shellcheck disable=SC2086
answer caa-denials "with what was found" "$(report caa-denials $march)" "checked_at,decision,order_number,partner,domain,found
2025-03-02T12:06:01Z,denied,0000000010/b01,beta,example.org,\"example.org 0 issuemail \"\"other.example\"\"\"
2025-03-03T10:31:00Z,unreachable,0000000008/b01,acme,example.org,- "

answer order-trail "without addresses, logins and mail servers' words" "$(report order-trail --order 0000000001/b01)" "at,actor,what,detail
2025-03-01T10:10:00Z,partner:acme,email_confirmed,
2025-03-01T10:10:02Z,mailer,mail_accepted,
2025-03-01T10:30:00Z,holder,mailbox_verified,
2025-03-01T10:50:00Z,partner,csr_saved,P-256 256
2025-03-01T11:00:20Z,signer,certificate_issued,3131"
answer order-trail "of a customer" "$(report order-trail --order ORDER/0000000006/b01 | tail -n +2)" "2025-03-02T08:30:00Z,customer,csr_refused,csr_key_too_small"

# March: acme ordered 1, 2, 3 and 8; beta 4, 9 and 10. beta's one certificate belongs to April.
# shellcheck disable=SC2086
answer partner-volumes "by month" "$(report partner-volumes $march)" "month,partner,title,product,orders,cancelled,certificates,revoked
2025-03,acme,Acme Ltd,smime-mailbox-365,3,1,2,1
2025-03,acme,Acme Ltd,smime-mailbox-730,1,0,0,0
2025-03,beta,Beta GmbH,smime-mailbox-365,2,0,0,0
2025-03,beta,Beta GmbH,smime-mailbox-730,1,0,0,0"
answer partner-volumes "--from alone is that month" "$(report partner-volumes --from 2025-04-01 | tail -n +2)" "2025-04,beta,Beta GmbH,smime-mailbox-365,0,0,1,0"

is "no ready-made question is without an answer here" "$(for file in sql/reports/*.sql; do
	name=$(basename "$file" .sql)
	case "$asked " in *" $name "*) ;; *) echo "$name" ;; esac
done)" ""

# --- mailcertctl report ---
is "the list names them all" "$(report | tail -n +2 | cut -d , -f 1)" "$(basename -s .sql sql/reports/*.sql)"
is "each begins with its question" "$(head -qn 1 sql/reports/*.sql | grep -vc '^-- .*?$')" 0
like "for people" "$(ctl report partner-volumes --from 2025-04-01)" "MONTH    PARTNER  TITLE      PRODUCT*2025-04  beta     Beta GmbH  smime-mailbox-365       0          0             1        0"
is "numbers are numbers in JSON" "$(ctl report partner-volumes --from 2025-04-01 --json | python3 -c 'import json, sys; print(json.load(sys.stdin))')" \
	"[{'month': '2025-04', 'partner': 'beta', 'title': 'Beta GmbH', 'product': 'smime-mailbox-365', 'orders': 0, 'cancelled': 0, 'certificates': 1, 'revoked': 0}]"
for wrong in "nothing" "../admin" "orders --days 3" "order-trail" "order-trail --order 12" "orders --from yesterday" "backlog --partner acme"; do
	# shellcheck disable=SC2086
	run ctl report $wrong
	is "report $wrong is not understood" "$RC" 2
done

# --- in the mariadb client, as the account `report` ---
sql_report() {
	mariadb --no-defaults -S "$T/s" -ureport -preport -N -B "$DB" 2>&1
}
for file in sql/reports/*.sql; do
	is "$(basename "$file") runs as it stands" "$(sql_report <"$file" | grep ERROR)" ""
done
is "the options are variables there" "$({ echo "SET @from = '2025-03-02', @to = '2025-03-02', @partner = 'acme';"; cat sql/reports/orders.sql; } | sql_report)" \
	$'2025-03-02\tsmime-mailbox-730\tacme\t1\t0\t0\t0\t1\t0\t0'

# --- nothing of people, no secrets: all views, every cell ---
views=$(as root "SELECT table_name FROM information_schema.views WHERE table_schema = '$DB' AND table_name LIKE 'report\\_%' ORDER BY 1")
for view in $views; do as report "SELECT * FROM $view"; done >"$T/all"
ok "the views answer" test "$(wc -l <"$T/all")" -gt 60
for word in jan jna kowalski Kowalski paula Mallory 192.0.2 hush acme.example Mozilla ssss vvvv kkkk tttt; do
	is "no view tells \"$word\"" "$(grep -cF -- "$word" "$T/all")" 0
done

# --- the account reads these and nothing else ---
refused() { # WHAT SQL
	local got
	got=$(as report "$2")
	case $got in "ERROR 1142 "* | "ERROR 1143 "* | "ERROR 1370 "* | "ERROR 1044 "* | "ERROR 1227 "*) got=refused ;; esac
	is "report cannot $1" "$got" refused
}
is "it may read all of them, and sees nothing else" "$(as report "SHOW TABLES")" "$views"
for table in $(as root "SELECT table_name FROM information_schema.tables WHERE table_schema = '$DB' AND table_name NOT LIKE 'report\\_%'"); do
	refused "read $table" "SELECT * FROM \`$table\`"
	refused "write $table" "DELETE FROM \`$table\`"
done
for routine in $(as root "SELECT CONCAT(routine_type, ':', routine_name) FROM information_schema.routines WHERE routine_schema = '$DB'"); do
	if [ "${routine%%:*}" = PROCEDURE ]; then
		refused "call ${routine#*:}" "CALL ${routine#*:}()"
	else
		refused "ask ${routine#*:}" "SELECT ${routine#*:}()"
	fi
done
for view in $views; do
	refused "change what $view shows" "DELETE FROM $view"
done
refused "put a view of its own in" "CREATE VIEW mine AS SELECT 1"
refused "replace one" "CREATE OR REPLACE VIEW report_version AS SELECT 2 AS version"
refused "make a table" "CREATE TABLE mine (id INT)"
refused "give its rights away" "GRANT SELECT ON report_order TO web@localhost"
refused "read the server's accounts" "SELECT * FROM mysql.global_priv"
refused "write files" "SELECT 1 INTO OUTFILE '$T/x'"
is "nor can it see how the views are made" "$(as report "SELECT COUNT(*) FROM information_schema.views WHERE view_definition <> ''")" 0

# --- a question about some days reads those days ---
as root "SET foreign_key_checks = 0; INSERT INTO orders (number, item, account_id, product, customer_name, language, ordered_at, issued_at, issued_on)
	SELECT 5000000000 + seq, 'b01', 1, 'smime-mailbox-365', 'Jan Kowalski', 'en', '2024-01-01' + INTERVAL seq HOUR,
	'2024-01-01' + INTERVAL seq HOUR, '2024-01-01' + INTERVAL seq HOUR FROM seq_1_to_5000;
	INSERT INTO mailbox (order_id, email, initiated_at) SELECT 5000000000 + seq, 'jan@example.org', '2024-01-01' + INTERVAL seq HOUR
	FROM seq_1_to_5000; ANALYZE TABLE orders, mailbox" >/dev/null
rows_read() { as root "SELECT SUM(variable_value) FROM information_schema.global_status WHERE variable_name LIKE 'Handler\_read%'"; }
for report in orders funnel certificates-issued mailbox-verifications partner-volumes; do
	for days in '' '--from 2025-03-01 --to 2025-03-02'; do
		before=$(rows_read)
		# shellcheck disable=SC2086
		ctl report "$report" $days >/dev/null
		read=$(($(rows_read) - before))
		ok "$report ${days:-as it stands} reads few rows of 5,011 ($read)" test "$read" -lt 2500
	done
done

# --- comments, README and views name the same columns ---
as root "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = '$DB' AND table_name LIKE 'report\\_%'
	ORDER BY table_name, ordinal_position" >"$T/columns"
sed -n -e 's/^-- \(report_[a-z_]*\): .*/view \1/p' -e 's/^--\t\([a-z_]*\)\t\+\(.*\)/\1\t\2/p' sql/reports.sql |
	awk -F '\t' '/^view /{view = substr($0, 6); next} {print view "." $1 "\t" $2}' | sort -s -t . -k 1,1 >"$T/comments"
# shellcheck disable=SC2016
sed -n -e 's/^### `\(report_[a-z_]*\)`/view \1/p' -e 's/^| `\([a-z_]*\)` | \(.*\) |$/\1\t\2/p' <(sed -n '/^## Reports/,$p' sql/README.md) |
	awk -F '\t' '/^view /{view = substr($0, 6); next} view != "" {print view "." $1 "\t" $2}' | sort -s -t . -k 1,1 >"$T/readme"
is "the comments say every column" "$(cut -f 1 "$T/comments" | diff - "$T/columns")" ""
is "README says the same" "$(diff "$T/comments" "$T/readme")" ""
is "and the version" "$(grep -o 'in \*\*version [0-9]*\*\*' sql/README.md)" "in **version $(as report "SELECT version FROM report_version")**"
finish
