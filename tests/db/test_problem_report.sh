#!/bin/bash
# test_problem_report.sh - the clock of certificate problem reports (SBR 4.9.1.1, 4.9.5): dues by cause, what is overdue,
# what ends it, and that every step leaves its audit event.
# `done` is a word of the command, not of the shell.
# shellcheck disable=SC1010
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

json() { # FILTER: a Python expression over the JSON on standard input, called j
	python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
events() { as root "SELECT COUNT(*) FROM audit WHERE event = 'problem_report_$1'"; }
SERIAL=00a1b2c3d4e5f60718293a4b5c6d7e8f

ctl account add --login demo --name Demo <<<'correct horse' >/dev/null
ctl order add --account demo --product smime-mailbox-365 --count 2 >"$T/orders"
read -r ORDER <"$T/orders"
BARE=$(tail -1 "$T/orders")
as root "INSERT INTO issuer (name, kind, certificate, sha256, not_after) VALUES ('issuing-1', 'issuing', 'x', REPEAT('x', 32), '2040-01-01');
	INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) VALUES (1, UNHEX('$SERIAL'), 1, REPEAT('t', 32), UTC_TIMESTAMP(), 'issued');
	INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at)
	VALUES (1, 1, UNHEX('$SERIAL'), 'joe@example.org', 'der', REPEAT('h', 32), REPEAT('k', 32), UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 10 DAY, UTC_TIMESTAMP())"

# --- causes and dues ---
is "fifteen causes, as many as SBR 4.9.1.1 has, each of 24 hours or 5 days" \
	"$(ctl problem-report causes --json | json '(len(j), [c["hours"] for c in j])')" "(15, [24, 24, 24, 24, 24, 120, 120, 120, 120, 120, 120, 120, 120, 120, 120])"
clock='[j[k] for k in ("order", "serial", "answer_due_at", "revoke_due_at", "answered_at", "done_at", "overdue")]'
is "a leaked key: answer and revocation within 24 hours of the receipt" \
	"$(ctl problem-report add --reporter 'Ann, ann@example.org' --cause key-compromised --order "$ORDER" --received 2026-01-02T03:04:05Z --note 'found on a web page' --json | json "$clock")" \
	"['$ORDER', '$SERIAL', '2026-01-03T03:04:05Z', '2026-01-03T03:04:05Z', None, None, 'ANSWER, REVOCATION']"
is "misuse: answer within 24 hours, revocation within 5 days; found by the serial number as people copy it" \
	"$(ctl problem-report add --reporter Ann --cause misuse --serial a1:B2:c3:d4:e5:f6:07:18:29:3a:4b:5c:6d:7e:8f --received 2026-01-02T03:04:05Z --json | json "$clock")" \
	"['$ORDER', '$SERIAL', '2026-01-03T03:04:05Z', '2026-01-07T03:04:05Z', None, None, 'ANSWER, REVOCATION']"
is "no certificate named: only the answer is due" \
	"$(ctl problem-report add --reporter Bob --cause misuse --received 2026-01-02T03:04:05Z --json | json "$clock")" \
	"[None, None, '2026-01-03T03:04:05Z', None, None, None, 'ANSWER']"
is "received now: nothing is overdue" "$(ctl problem-report add --reporter Eve --cause misuse --order "$ORDER" --json | json 'j["overdue"]')" None
is "section 9.19: each of the 15 causes has its due, from the receipt on" "$(for cause in $(ctl problem-report causes --csv | tail -n +2 | cut -d , -f 1); do
	ctl problem-report add --reporter x --cause "$cause" --order "$ORDER" --received 2026-01-02 --json | json 'j["revoke_due_at"][8:10]'
done | sort | uniq -c | tr -s ' ')" $' 5 03\n 10 07'
as root "DELETE FROM problem_report WHERE id > 4"
is "an event for each report" "$(events added)" 19
is "which names it" "$(as root "SELECT detail FROM audit WHERE event = 'problem_report_added' ORDER BY id LIMIT 1")" "report 1: key-compromised, serial $SERIAL, received 2026-01-02 03:04:05"
is "and no order's history, which its customer sees" "$(as root "SELECT COUNT(order_id) FROM audit WHERE event LIKE 'problem_report%'")" 0

# --- what is refused ---
for words in "--reporter x --cause none" "--reporter x --cause misuse --order $BARE" "--reporter x --cause misuse --serial 01" \
	"--reporter x --cause misuse --order 0000000001/b01"; do
	# shellcheck disable=SC2086
	run ctl problem-report add $words
	is "refused: add $words" "$RC" 1
done
for words in "--cause misuse" "--reporter x" "--reporter x --cause misuse --order $ORDER --serial 01" "--reporter x --cause misuse --serial xyz" \
	"--reporter x --cause misuse --serial 0$SERIAL" "--reporter x --cause misuse --serial :" "--reporter x --cause misuse --received 2999-01-01"; do
	# shellcheck disable=SC2086
	run ctl problem-report add $words
	is "not understood: add $words" "$RC" 2
done
is "and nothing was added" "$(as root 'SELECT COUNT(*) FROM problem_report')" 4
once="CALL admin_problem_report_add('x', REPEAT('o', 16), NULL, NULL, NULL, 'x', 'misuse', NULL, NULL)"
is "the command's transaction run again (a lost answer) is one report" "$(as admin "$once; $once")" $'20\n20'
as root "DELETE FROM problem_report WHERE id = 20"
for id in 99 0 -- x 1x; do
	run ctl problem-report show "$id"
	is "show of what is not there: $id" "$([ "$RC" != 0 ] && wc -l <"$T/out")" 0
done
is "the database refuses a finding without an answer" "$(as root "UPDATE problem_report SET done_at = UTC_TIMESTAMP(), finding = 'kept' WHERE id = 1" | cut -d ' ' -f 1-2)" "ERROR 4025"
is "and a due without its report" "$(as web 'SELECT * FROM problem_report' | cut -d ' ' -f 1-2) $(as web "CALL admin_problem_report_done('x', 1, 'kept', NULL)" | cut -d ' ' -f 1-2)" "ERROR 1142 ERROR 1370"

# --- overdue ---
run ctl problem-report list
is "list fails while something is overdue" "$RC $(cat "$T/err")" "1 mailcertctl: OVERDUE: 3 (SBR 4.9.5)"
is "those come first, and say what" "$(ctl problem-report list --json 2>/dev/null | json '[(p["id"], p["overdue"]) for p in j]')" \
	"[(1, 'ANSWER, REVOCATION'), (2, 'ANSWER, REVOCATION'), (3, 'ANSWER'), (4, None)]"
run ctl problem-report done 1 --finding kept
is "done without an answer is refused" "$RC $(cat "$T/err")" "1 mailcertctl: the problem report 1 is not answered yet: problem-report answer"
run ctl problem-report answer 1 --at 2026-01-02T03:04:04Z
is "an answer before the report is refused" "$RC" 1
is "answer in time" "$(ctl problem-report answer 1 --at 2026-01-03T03:04:05Z --json | json '(j["answered_at"], j["overdue"])')" "('2026-01-03T03:04:05Z', 'REVOCATION')"
is "a second answer keeps the time of the first" "$(ctl problem-report answer 1 --json | json 'j["answered_at"]') $(events answered)" "2026-01-03T03:04:05Z 1"
is "another cause was found: the due moves" "$(ctl problem-report answer 2 --cause key-weak --json | json '(j["cause"], j["revoke_due_at"])') $(events assessed)" "('key-weak', '2026-01-03T03:04:05Z') 1"
run ctl problem-report answer 2 --cause none
is "a cause that is none" "$RC" 1
run ctl problem-report done 1 --finding revoked
is "revoked is not said before the certificate is" "$RC $(cat "$T/err")" "1 mailcertctl: the certificate of the problem report 1 is not revoked: certificate revoke"
run ctl problem-report done 1 --finding maybe
is "a finding that is none" "$RC" 2

# --- done ---
is "kept: nothing more is due" "$(ctl problem-report done 2 --finding kept --note 'the report was mistaken' --json | json '(j["finding"], j["finding_note"], j["done_at"] is not None, j["overdue"])')" \
	"('kept', 'the report was mistaken', True, None)"
run ctl problem-report done 2 --finding kept
is "said twice, noted once" "$RC $(events done)" "0 1"
run ctl problem-report done 2 --finding revoked
is "another finding later is refused" "$RC" 1
run ctl problem-report answer 2
is "and another answer" "$RC" 1
ctl certificate revoke "$ORDER" --reason keyCompromise --received 2026-01-02T03:04:05Z --yes >/dev/null
is "revoked, but on no CRL yet: still overdue, done or not" "$(ctl problem-report done 1 --finding revoked --json | json '(j["finding"], j["revocation_published_at"], j["overdue"])')" "('revoked', None, 'REVOCATION')"
run ctl problem-report list --json
is "so the list still shows it" "$RC $(json '[p["id"] for p in j]' <"$T/out")" "1 [1, 3, 4]"
as signer "CALL crl_begin(1, 's', 86400, 0)" >/dev/null
is "begun is not published" "$(ctl problem-report show 1 --json | json 'j["overdue"]')" REVOCATION
as signer "CALL crl_published(1, 1, 's', 1, REPEAT('h', 32))"
is "the CRL with it is published: the clock stops" "$(ctl problem-report show 1 --json | json '(j["revocation_published_at"] is not None, j["overdue"])')" "(True, None)"
ctl problem-report answer 3 >/dev/null
run ctl problem-report list --json
is "nothing is overdue any more" "$RC $(json '[p["id"] for p in j]' <"$T/out")" "0 [3, 4]"
is "list --all" "$(ctl problem-report list --all --json | json 'sorted(p["id"] for p in j)')" "[1, 2, 3, 4]"

# --- a certificate is found by its index ---
as root "SET foreign_key_checks = 0; INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at)
	SELECT 1000 + seq, 1, UNHEX(LPAD(HEX(seq), 32, '0')), '', '', REPEAT('h', 32), REPEAT('k', 32), '2024-01-01', '2025-01-01', '2024-01-01' FROM seq_1_to_3000"
rows_read() { as root "SELECT SUM(variable_value) FROM information_schema.global_status WHERE variable_name LIKE 'Handler\_read%'"; }
for words in "--serial $SERIAL" "--order $ORDER"; do
	before=$(rows_read)
	# shellcheck disable=SC2086
	run ctl problem-report add --reporter x --cause misuse $words
	read=$(($(rows_read) - before))
	ok "a report by ${words%% *} reads few of 3,001 certificates ($read)" test "$RC" = 0 -a "$read" -lt 2500
done
finish
