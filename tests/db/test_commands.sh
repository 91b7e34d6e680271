#!/bin/bash
# test_commands.sh - mailcertctl as an admin uses it: usage and exit status, accounts, partners and keys, orders and
# imports, the CA, queues, configuration, in all three forms of output.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

json() { # FILTER: a Python expression over the JSON on standard input, called j
	python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# --- usage ---
run ctl --help
is "--help" "$RC" 0
cp "$T/out" "$T/help"
for words in "db accounts" "db migrate" "db status" "account add" "account passwd" "account email" "account list" "account disable" "partner add" \
	"partner list" "partner key add" "partner key list" "partner key revoke" "order add" "order import" "order show" \
	"order list" "order cancel" "ca init" "ca root" "ca request" "ca sign" "ca revoke" "ca register" "ca crl" "ca show" queue "queue retry" "certificate list" \
	"certificate show" "certificate revoke" "problem-report add" "problem-report list" "problem-report show" \
	"problem-report answer" "problem-report done" "problem-report causes" "config check" "config list"; do
	like "--help names $words" "$(cat "$T/help")" "*  $words *"
done
sed -n 's/^  \([a-z-]\{2,\}\( [a-z]\{1,\}\)*\)  .*/\1/p' "$T/help" >"$T/commands"
ok "there are commands" test "$(wc -l <"$T/commands")" -gt 32
while read -r words; do
	# shellcheck disable=SC2086
	is "$words --help" "$("$CTL" $words --help | head -1 | cut -d ' ' -f 1-3)" "Usage: mailcertctl ${words%% *}"
	# shellcheck disable=SC2086
	is "$words and its options stand in the manual page" "$(for option in "$words" $("$CTL" $words --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p'); do
		sed 's/\\-/-/g' tools/mailcertctl/mailcertctl.8 | grep -q -e "$option" || echo "$option"
	done)" ""
done <"$T/commands"
run "$CTL"
is "no command is a usage error" "$RC" 2
run ctl bogus
is "an unknown command too" "$RC $(cat "$T/err")" '2 mailcertctl: no command "bogus"; see mailcertctl --help'
run ctl partner key bogus
is "an unknown word lists the others" "$RC" 2
like "an unknown word lists the others" "$(cat "$T/err")" "*partner key add*"
run ctl order add --produkt x
is "an unknown option" "$RC" 2
run ctl order add
is "a needed option" "$RC $(cat "$T/err")" "2 mailcertctl: --product is needed; see mailcertctl order add --help"
run ctl order show
is "a missing argument" "$RC" 2
run ctl order list more
is "an argument too many" "$RC" 2
run ctl order list --limit many
is "a number that is none" "$RC $(cat "$T/err")" "2 mailcertctl: --limit many: a whole number from 1 to 1000000 is wanted"
run "$CTL" db status --config "$T/none.hdf"
is "a configuration that is not there" "$RC" 1
run "$CTL" db status --config="$T/conf.hdf"
is "--config behind the command" "$RC" 0
run env MAILCERT_CONFIG="$T/conf.hdf" "$CTL" db status
is "or in the environment" "$RC" 0
sed 's,/s$,/none,' "$T/conf.hdf" >"$T/away.hdf"
run "$CTL" --config "$T/away.hdf" order list
is "no database" "$RC" 1
like "is said so" "$(cat "$T/err")" "mailcertctl: busy: database: connect as admin*"

# --- accounts ---
printf 'correct horse\n' >"$T/good"
run ctl account add --login demo --name 'Zażółć Gęś' --email demo@example.org --language pl --password-stdin <"$T/good"
is "account add" "$RC" 0
salt=$(as root "SELECT HEX(salt) FROM account WHERE login = 'demo'")
is "the verifier is SHA-256 of scrypt" "$(as root "SELECT LOWER(HEX(verifier)) FROM account WHERE login = 'demo'")" \
	"$(python3 -c 'import hashlib, sys
print(hashlib.sha256(hashlib.scrypt(b"correct horse", salt=bytes.fromhex(sys.argv[1]), n=65536, r=8, p=1, maxmem=1 << 28, dklen=32)).hexdigest())' "$salt")"
is "the password is for the first sign-in, within seven days" "$(as root "SELECT ROUND(TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), password_until) / 1440) FROM account WHERE login = 'demo'")" 7
run ctl account passwd --login demo --permanent <"$T/good"
is "--permanent: the person's own" "$RC $(as root "SELECT password_until FROM account WHERE login = 'demo'")" "0 NULL"
run ctl account passwd --login demo --days 30 <"$T/good"
is "--days" "$RC $(ctl account list --json | json '[a["password_until"] > a["created_at"] for a in j]')" "0 [True]"
run ctl account passwd --login demo --days 31 <"$T/good"
is "not for long" "$RC" 2
run ctl account passwd --login demo --days 3 --permanent <"$T/good"
is "nor both" "$RC" 2
as root "DELETE FROM outbox"
salt=$(as root "SELECT HEX(salt) FROM account WHERE login = 'demo'")
run ctl account add --login demo --name Other <"$T/good"
is "a login that is taken" "$RC $(cat "$T/err")" '1 mailcertctl: there is an account "demo" already'
run ctl account add --login second --name Second <<<short
is "a password that is too short" "$RC" 1
head -c 129 /dev/zero | tr '\0' x >"$T/long"
run ctl account add --login second --name Second <"$T/long"
is "or too long" "$RC" 1
head -c 128 /dev/zero | tr '\0' x >"$T/long"
run ctl account add --login second --name Second <"$T/long"
is "128 characters are fine" "$RC" 0
run ctl account add --login third --name Third </dev/null
is "no password" "$RC" 1
run ctl account add --login third --name Third --kind partner <"$T/good"
is "a partner's person without the partner" "$RC" 2
run ctl account add --login third --name Third --kind partner --partner nobody <"$T/good"
is "a partner that is not there" "$RC $(cat "$T/err")" '1 mailcertctl: there is no partner "nobody"'
run ctl account add --login third --name $'Evil\e[2J' <"$T/good"
is "a name with control characters" "$RC" 2
as root "INSERT INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at) SELECT REPEAT('h', 32), id, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 1800, UTC_TIMESTAMP() + INTERVAL 1 DAY FROM account WHERE login = 'demo'"
run ctl account passwd --login demo <<<'another password'
is "account passwd" "$RC" 0
is "makes a new salt and signs out" "$(as root "SELECT HEX(salt) <> '$salt' FROM account WHERE login = 'demo'; SELECT COUNT(*) FROM session")" $'1\n0'
run ctl account pepper --create
is "account pepper wants to know where" "$RC $(cat "$T/err")" "1 mailcertctl: Web.PepperFile is not set"
{ cat "$T/conf.hdf"; echo "Web.PepperFile = $T/pepper"; } >"$T/pepper.hdf"
run "$CTL" --config "$T/pepper.hdf" account passwd --login demo <"$T/good"
is "without the file no password is set" "$RC" 1
run "$CTL" --config "$T/pepper.hdf" account pepper --create
is "account pepper makes it" "$RC $(stat -c %a "$T/pepper") $(wc -c <"$T/pepper")" "0 600 44"
mark=$(cat "$T/out")
like "and prints a mark of it" "$mark" "[0-9a-f]*"
is "the same each time" "$("$CTL" --config "$T/pepper.hdf" account pepper)" "$mark"
run "$CTL" --config "$T/pepper.hdf" account pepper --create
is "one that is there stays" "$RC $("$CTL" --config "$T/pepper.hdf" account pepper)" "1 $mark"
run "$CTL" --config "$T/pepper.hdf" account passwd --login demo <"$T/good"
is "the verifier is SHA-256 of HMAC-SHA-256 of scrypt" "$(as root "SELECT LOWER(HEX(verifier)) FROM account WHERE login = 'demo'")" \
	"$(python3 -c 'import hashlib, hmac, sys
derived = hashlib.scrypt(b"correct horse", salt=bytes.fromhex(sys.argv[1]), n=65536, r=8, p=1, maxmem=1 << 28, dklen=32)
print(hashlib.sha256(hmac.digest(sys.argv[2].encode(), derived, "sha256")).hexdigest())' "$(as root "SELECT HEX(salt) FROM account WHERE login = 'demo'")" "$(cat "$T/pepper")")"
as root "DELETE FROM outbox ORDER BY id DESC LIMIT 1"
run ctl account email --login demo --email 'demo@two example.org'
is "account email wants an address" "$RC" 2
run ctl account email --login demo --email new@example.org
is "account email" "$RC $(as root "SELECT email FROM account WHERE login = 'demo'")" "0 new@example.org"
is "the address before is told of both" "$(as root "SELECT kind, recipient, language, arg FROM outbox ORDER BY id")" \
	$'password_changed\tdemo@example.org\tpl\tdemo\naddress_changed\tdemo@example.org\tpl\tdemo'
run ctl account email --login demo
is "none is wanted" "$RC $(as root "SELECT email IS NULL FROM account WHERE login = 'demo'")" "0 1"
is "queue outbox shows what is about no order" "$(ctl queue outbox --json | json '[(q["kind"], q["order"]) for q in j]')" "[('password_changed', None), ('address_changed', None), ('address_changed', None)]"
as root "DELETE FROM outbox"
ctl account email --login demo --email demo@example.org
run ctl account passwd --login nobody <"$T/good"
is "of nobody" "$RC" 1
run ctl account disable --login second </dev/null
is "account disable asks" "$RC" 2
run ctl account disable --login second --yes
is "account disable" "$RC $(as root "SELECT disabled_at IS NOT NULL FROM account WHERE login = 'second'")" "0 1"
is "account list --json" "$(ctl account list --json | json '[(a["login"], a["kind"], a["orders"], a["email"]) for a in j]')" \
	"[('demo', 'customer', 0, 'demo@example.org'), ('second', 'customer', 0, None)]"
like "account list aligns what is not ASCII" "$(ctl account list)" "*demo    customer  -        Zażółć Gęś  demo@example.org*"
is "section 9.22: the admin's name stands in the audit event" "$(as root "SELECT DISTINCT actor FROM audit")" "admin:$(id -un)"
is "behind sudo the caller's" "$(SUDO_USER='jane doe' ctl partner add --name p-sudo --title x; as root "SELECT actor FROM audit ORDER BY id DESC LIMIT 1")" \
	"admin:$([ "$(id -u)" = 0 ] && echo jane_doe || id -un)"

# --- partners ---
run ctl partner add --name acme --title 'Acme "Sp. z o.o.", Gdańsk'
is "partner add" "$RC" 0
run ctl partner add --name acme --title 'Acme "Sp. z o.o.", Gdańsk'
is "the same again is fine" "$RC" 0
run ctl partner add --name acme --title Other
is "another of that name is not" "$RC" 1
run ctl partner add --name 'A B' --title x
is "a name that is none" "$RC" 2
key=$(ctl partner key add --partner acme --label prod 2>/dev/null)
like "partner key add shows the key" "$key" 'mck_???????????????????????????????????????????'
is "its hash is stored" "$(as root "SELECT LOWER(HEX(hash)), label, scopes, expires_at FROM partner_key")" "$(printf '%s' "$key" | sha256sum | cut -d ' ' -f 1)"$'\tprod\torder,read,revoke\tNULL'
like "two keys differ" "$(ctl partner key add --partner acme --scopes read --days 2 --json | json 'j[0]["key"]')" "mck_*"
is "scopes and end" "$(as root "SELECT scopes, TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), expires_at) BETWEEN 2879 AND 2880 FROM partner_key WHERE id = 2")" $'read\t1'
run ctl partner key add --partner acme --scopes order,write
is "an unknown scope" "$RC" 2
run ctl partner key add --partner nobody
is "a key for nobody" "$RC" 1
run ctl partner key revoke --id 2 --yes
is "partner key revoke" "$RC $(ctl partner key list --partner acme --json | json '[k["state"] for k in j]')" "0 ['valid', 'revoked']"
run ctl partner key revoke --id 99 --yes
is "of a key that is not there" "$RC" 1
is "partner list --csv quotes" "$(ctl partner list --csv | grep acme | cut -d , -f 1-7 | tr -d '\r')" 'acme,"Acme ""Sp. z o.o."", Gdańsk",50,1000,0,1'
is "partner throttle says" "$(ctl partner throttle acme --json | json '[j["rate"], j["burst"]]')" "[50, 1000]"
run ctl partner throttle acme --rate 5 --burst 20
is "and changes" "$RC $(as root "SELECT rate, burst FROM partner WHERE name = 'acme'")" $'0 5\t20'
run ctl partner throttle acme --rate 6
is "one alone" "$RC $(as root "SELECT rate, burst FROM partner WHERE name = 'acme'")" $'0 6\t20'
is "with an audit event each time" "$(as root "SELECT detail FROM audit WHERE event = 'partner_throttle_changed'")" $'acme: 5 a second, 20 at once\nacme: 6 a second, 20 at once'
run ctl partner throttle acme --rate 0
is "a rate that is none" "$RC" 2
run ctl partner throttle nobody --rate 5
is "of nobody" "$RC" 1
as root "UPDATE partner SET rate = DEFAULT, burst = DEFAULT"

# --- orders ---
is "order add prints numbers" "$(ctl order add --account demo --product smime-mailbox-365 --count 3)" $'0000123456/b01\n0000123457/b01\n0000123458/b01'
is "with its audit events" "$(as root "SELECT COUNT(*) FROM audit WHERE event = 'order_added'")" 3
is "named like the account" "$(as root "SELECT DISTINCT customer_name FROM orders")" "Zażółć Gęś"
run ctl order add --account demo --product none
is "a product that is not there" "$RC" 1
run ctl order add --account second --product smime-mailbox-365
is "an account that is disabled" "$RC" 1
run ctl order add --account demo --partner acme --product smime-mailbox-365
is "two owners" "$RC" 2
run ctl order add --partner acme --ref r1 --product smime-mailbox-730 --customer-name 'Jan' --language pl
is "a partner's order" "$RC $(as root "SELECT partner_ref, product, customer_name, language, account_id FROM orders WHERE partner_ref = 'r1'")" $'0 r1\tsmime-mailbox-730\tJan\tpl\tNULL'
run ctl order add --partner acme --ref r1 --product smime-mailbox-730
is "the same ref again" "$RC" 1
run ctl order add --partner acme --ref r2 --product smime-mailbox-730 --count 2
is "a ref for two orders" "$RC" 2
before=$(as root 'SELECT COUNT(*) FROM orders')
cat >"$T/bad.csv" <<'END'
account,partner,product,customer_name,language,ref
demo,,smime-mailbox-365,,,
nobody,,smime-mailbox-365,,,
demo,acme,smime-mailbox-365,,,
,acme,bogus,,de,r1
,acme,smime-mailbox-365,,,twice
,acme,smime-mailbox-365,,,twice
END
run ctl order import "$T/bad.csv"
is "a wrong import adds nothing" "$RC $(as root 'SELECT COUNT(*) FROM orders')" "1 $before"
is "and names every wrong line" "$(cut -d : -f 2 "$T/err" | sort | uniq -c | tr -s ' ')" $' 1 line 3\n 1 line 4\n 3 line 5\n 1 line 7\n 1 nothing was added'
printf '\xef\xbb\xbfproduct,account,partner,ref,customer_name\r\nsmime-mailbox-365,demo,,,"Kowalska, ""Ania""\r\nand son"\r\n\r\nsmime-mailbox-730,,acme,r9,\r\n' >"$T/good.csv"
run ctl order import "$T/good.csv"
is "a name of two lines is refused" "$RC $(cat "$T/err" | head -1)" "1 mailcertctl: line 2: customer_name: 1 to 200 octets of UTF-8 without control characters are wanted"
printf '\xef\xbb\xbfproduct,account,partner,ref,customer_name\r\nsmime-mailbox-365,demo,,,"Kowalska, ""Ania"""\r\n\r\nsmime-mailbox-730,,acme,r9,' >"$T/good.csv"
run ctl order import "$T/good.csv"
is "order import" "$RC $(wc -l <"$T/out")" "0 2"
is "reads quotes, a byte order mark, CRLF, a last line without end" "$(as root "SELECT product, COALESCE(partner_ref, '-'), customer_name, language FROM orders ORDER BY id DESC LIMIT 2")" \
	$'smime-mailbox-730\tr9\tAcme "Sp. z o.o.", Gdańsk\ten\nsmime-mailbox-365\t-\tKowalska, "Ania"\ten'
for text in '' 'account,product
demo' 'account,bogus
demo,x' 'account,account
demo,demo' 'account,product
"demo,x' 'account,product
"demo"x,y' 'account,product
de"mo,x'; do
	printf '%s' "$text" >"$T/bad.csv"
	run ctl order import "$T/bad.csv"
	is "a file that is no such table: $(printf '%s' "$text" | tr '\n' '|')" "$RC" 1
done
printf 'account,product\n' >"$T/none.csv"
run ctl order import "$T/none.csv"
is "a heading alone imports nothing" "$RC" 0
{
	echo account,product
	for _ in $(seq 1000); do echo demo,smime-mailbox-365; done
} >"$T/many.csv"
run ctl order import "$T/many.csv"
is "a thousand at once" "$RC $(sort -u "$T/out" | wc -l)" "0 1000"
is "order list" "$(ctl order list --account demo --status mailbox_waiting_for_data --limit 2 --csv | wc -l)" 3
is "order list of a partner" "$(ctl order list --partner acme --json | json 'sorted(o["ref"] for o in j)')" "['r1', 'r9']"
is "order show --json" "$(ctl order show ORDER/0000123456/b01 --json | json '(j["order"], j["status"], j["account"], j["email"])')" "('0000123456/b01', 'mailbox_waiting_for_data', 'demo', None)"
like "order show has the history" "$(ctl order show 0000123456/b01)" "*order_added*"
run ctl order show 0000000001/b01
is "of an order that is not there" "$RC" 1
run ctl order show 123456/b01
is "of a number that is none" "$RC" 2
run ctl order cancel 0000123456/b01 --yes --why 'not paid'
is "order cancel" "$RC $(ctl order show 0000123456/b01 --json | json 'j["status"]')" "0 cancelled"

# --- CA ---
run ctl ca init --key p384 --organization 'Test "Org"' --country DE
is "ca init" "$RC" 0
is "makes a root and an issuing CA" "$(as root "SELECT name, kind, parent_id FROM issuer ORDER BY id")" $'root-1\troot\tNULL\nissuing-1\tissuing\t1'
is "which OpenSSL verifies" "$(openssl x509 -in "$T/ca/root-1.cer" -out "$T/root.pem" && openssl x509 -in "$T/ca/issuing-1.cer" -out "$T/issuing.pem" && openssl verify -x509_strict -CAfile "$T/root.pem" "$T/issuing.pem")" "$T/issuing.pem: OK"
is "keys only their owner reads" "$(stat -c %a "$T"/ca/*.key | sort -u)" 600
is "the root's CRL is published" "$(openssl crl -inform DER -in "$T/public/crl/root-1.crl" -CAfile "$T/root.pem" -noout 2>&1)" "verify OK"
sum=$(sha256sum "$T"/ca/*)
run ctl ca init
is "ca init again is refused" "$RC $(cat "$T/err")" "1 mailcertctl: there is a CA called issuing-1 already; nothing is ever replaced"
as root "DELETE FROM issuer ORDER BY id DESC"
run ctl ca init
is "even when only the files are there" "$RC $([ "$sum" = "$(sha256sum "$T"/ca/*)" ] && echo unchanged)" "1 unchanged"
run ctl ca register
is "ca register makes them known again" "$RC $(as root "SELECT COUNT(*) FROM issuer")" "0 2"
run ctl ca init --name issuing-2 --common-name Two
is "another issuing CA under the same root" "$RC $(ctl ca show --json | json '[(c["name"], c["signed_by"]) for c in j]')" "0 [('root-1', None), ('issuing-1', 'root-1'), ('issuing-2', 'root-1')]"
like "ca show prints them" "$(ctl ca show)" "*Subject: CN=mailcert demo root CA,O=Test*BEGIN CERTIFICATE*"
run ctl ca crl
is "ca crl" "$RC" 0
run ctl ca init --name ../evil
is "a CA's name that is none" "$RC" 1
run ctl ca init --key rsa2048
is "a key that is too small" "$RC" 2

# --- queues and certificates ---
is "an empty queue" "$(ctl queue --json)" "[]"
as root "UPDATE orders SET email = 'joe@example.org' WHERE id = 2;
	INSERT INTO outbox (kind, order_id, recipient, language, created_at, next_at) VALUES ('problem', 2, 'joe@example.org', 'en', UTC_TIMESTAMP() - INTERVAL 90 SECOND, UTC_TIMESTAMP() + INTERVAL 1 HOUR);
	INSERT INTO outbox (kind, order_id, recipient, language, created_at, next_at, state) VALUES ('problem', 2, 'ann@example.org', 'en', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 'given_up')"
is "queue" "$(ctl queue --json | json '[(q["queue"], q["state"], q["count"], q["oldest_seconds"] >= 90) for q in j]')" "[('outbox', 'waiting', 1, True), ('outbox', 'given_up', 1, False)]"
is "queue outbox" "$(ctl queue outbox --json | json '[(q["recipient"], q["state"], q["next_in_seconds"]) for q in j][1]')" "('ann@example.org', 'given_up', None)"
is "queue retry outbox" "$(ctl queue retry outbox --json | json 'j["retried"]')" 1
is "with what failed" "$(ctl queue retry outbox --failed --json | json 'j["retried"]')" 2
run ctl queue retry bogus
is "an unknown queue" "$RC" 2
run ctl queue bogus
is "an unknown queue" "$RC" 2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=joe -keyout /dev/null -outform DER -out "$T/joe.cer" 2>/dev/null
as root "INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) VALUES ((SELECT id FROM issuer WHERE name = 'issuing-1'), REPEAT('s', 16), 2, REPEAT('t', 32), UTC_TIMESTAMP(), 'issued');
	INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at) VALUES (2, (SELECT id FROM issuer WHERE name = 'issuing-1'), REPEAT('s', 16), 'joe@example.org', UNHEX('$(od -An -v -tx1 "$T/joe.cer" | tr -d ' \n')'), REPEAT('h', 32), REPEAT('k', 32), UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 10 DAY, UTC_TIMESTAMP())"
is "certificate list --expiring" "$(ctl certificate list --expiring 11 --json | json '[c["order"] for c in j]') $(ctl certificate list --expiring 9 --json)" "['0000123457/b01'] []"
is "certificate list --email --revoked" "$(ctl certificate list --email joe@example.org --json | json 'len(j)') $(ctl certificate list --revoked --json)" "1 []"
is "certificate show --pem" "$(ctl certificate show 0000123457/b01 --pem)" "$(openssl x509 -inform DER -in "$T/joe.cer")"
run ctl certificate show 0000123458/b01
is "certificate show of an order without one" "$RC" 1
run ctl certificate revoke 0000123457/b01 --reason keyCompromise </dev/null
is "certificate revoke asks" "$RC $(as root 'SELECT COUNT(*) FROM revocation')" "2 0"
run ctl certificate revoke 0000123457/b01 --reason keyCompromised --yes
is "an unknown reason" "$RC" 2
for time in 2999-01-01 2026-02-30 2026-13-01 yesterday '2026-01-01 25:00'; do
	run ctl certificate revoke 0000123457/b01 --reason keyCompromise --received "$time" --yes
	is "a time that is none or to come: $time" "$RC" 2
done
run ctl certificate revoke 0000123457/b01 --reason keyCompromise --received 2026-01-02T03:04:05Z --yes
is "certificate revoke" "$RC $(as root "SELECT reason, received_at, requested_by FROM revocation")" $'0 1\t2026-01-02 03:04:05\tadmin:'"$(id -un)"
is "certificate show says so" "$(ctl certificate show 0000123457/b01 --json | json '(j["state"], j["reason"], j["received_at"])')" "('revoked', '1', '2026-01-02T03:04:05Z')"

# --- configuration ---
python3 -c 'import hashlib; print("\n".join(hashlib.sha256(b"%d" % i).hexdigest() for i in range(32767)))' >"$T/weak.txt"
run ctl key block import --reason debian "$T/weak.txt"
is "a list of weak keys" "$RC" 0
run "$CTL" config check "$T/conf.hdf"
is "config check of a good file" "$RC $(cat "$T/out" "$T/err")" "0 $T/conf.hdf: nothing wrong"
grep -v Ca.BlockList "$T/conf.hdf" >"$T/weak.hdf"
run "$CTL" config check "$T/weak.hdf"
is "config check: without a block list, weak keys are let in" "$RC $(cat "$T/out")" \
	"1 $T/weak.hdf: Ca.BlockList is not set: Debian's weak keys are not refused (SBR 6.1.1.3)"
echo "Ca.BlockList = $T/few" >>"$T/weak.hdf"
MAILCERT_CONFIG=$T/weak.hdf run "$CTL" key block import
run "$CTL" config check "$T/weak.hdf"
like "config check: an empty one is told" "$RC $(cat "$T/out" "$T/err")" "0 $T/weak.hdf: Ca.BlockList: 0 keys are too few for a list of Debian's weak ones, which are not refused*nothing else wrong"
rm "$T/few"
run "$CTL" config check "$T/weak.hdf"
like "config check: one that is not there too" "$RC $(cat "$T/out" "$T/err")" "0 $T/weak.hdf: Ca.BlockList: *No such file*nothing else wrong"
run "$CTL" --config "$T/conf.hdf" config check
is "of the one in use" "$RC $(cat "$T/err")" "0 $T/conf.hdf: nothing wrong"
run env MAILCERT_CONFIG="$T/conf.hdf" "$CTL" config check
is "by the environment too" "$RC $(cat "$T/err")" "0 $T/conf.hdf: nothing wrong"
printf 'Db.Nmae = x\nWeb.BodyMax = big\nCallback.AllowPrivate = 2\n' >"$T/bad.hdf"
run "$CTL" config check "$T/bad.hdf"
is "config check names every wrong line" "$RC $(grep -c . "$T/out")" "1 3"
like "by its setting" "$(cat "$T/out")" "*Db.Nmae: no such setting*Callback.AllowPrivate = 2: a whole number from 0 to 1 is wanted*"
run "$CTL" config check "$T/none.hdf"
is "config check of no file" "$RC" 1
is "config list --json" "$("$CTL" config list --json | json '[(s["type"], s["default"], s["least"], s["most"]) for s in j if s["name"] == "Web.BodyMax"]')" "[('number', '262144', 4096, 67108864)]"
run "$CTL" config list --csv </dev/null
is "config list --csv" "$RC $(head -1 "$T/out" | tr -d '\r')" "0 name,type,default,least,most,what"
run sh -c "'$CTL' config list --json >/dev/full"
is "output that cannot be written is an error" "$RC" 1
# --- callbacks ---
for url in http://a.example/ https:///x https://u@a.example/ 'https://a.example/#f' nonsense; do
	run ctl partner callback add --partner acme "$url"
	is "$url is no address for callbacks" "$RC" 2
done
run ctl partner callback add --partner nobody https://a.example/hook
is "nor has nobody one" "$RC" 1
secret=$(ctl partner callback add --partner acme https://a.example/hook 2>/dev/null)
like "partner callback add shows the secret" "$secret" 'mcs_???????????????????????????????????????????'
is "which signs, so it is stored" "$(as root "SELECT id, url, secret FROM callback_address")" $'1\thttps://a.example/hook\t'"$secret"
run ctl partner callback add --partner acme https://a.example/hook
is "the same again is refused" "$RC" 1
is "and shows no secret" "$(grep -c mcs_ "$T/out")" 0
like "in JSON" "$(ctl partner callback add --partner acme https://b.example/hook --json | json 'j[0]["secret"]')" 'mcs_*'
run ctl partner callback change --id 1 --url https://c.example/ </dev/null
is "partner callback change asks" "$RC" 2
run ctl partner callback change --id 1 --yes
is "and wants something to change" "$RC" 2
run ctl partner callback change --id 1 --url https://b.example/hook --yes
is "not into another's address" "$RC" 1
run ctl partner callback change --id 99 --url https://c.example/ --yes
is "nor one that is not there" "$RC" 1
run ctl partner callback change --id 1 --url https://c.example/ --yes
is "another url" "$RC $(as root "SELECT url, secret = '$secret' FROM callback_address WHERE id = 1")" $'0 https://c.example/\t1'
anew=$(ctl partner callback change --id 1 --new-secret --yes 2>/dev/null)
is "another secret is shown and counts" "$(as root "SELECT secret FROM callback_address WHERE id = 1")" "$anew"
is "what changed is told, the secret is not" "$(as root "SELECT detail FROM audit WHERE event = 'callback_address_changed' ORDER BY id")" \
	$'https://a.example/hook to https://c.example/\nhttps://c.example/, new secret'

# An order that tells of its changes, by partners' own procedure; four changes.
as root "INSERT INTO partner_key (partner_id, hash, label, scopes) SELECT id, UNHEX(SHA2('k', 256)), 'test', 'order,read' FROM partner WHERE name = 'acme'"
made=$(as root "CALL partner_order_add('key', 'k', 'cb-1', 'smime-mailbox-365', 'a@b.example', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'https://c.example/', '127.0.0.1')")
order=$(echo "$made" | cut -f 2-3 | tr '\t' /)
as root "UPDATE orders SET mailbox_status = 'waiting_for_data', mailbox_reason = 'value_rejected' WHERE partner_ref = 'cb-1';
	UPDATE orders SET mailbox_status = 'waiting_for_verification', mailbox_reason = NULL WHERE partner_ref = 'cb-1';
	UPDATE orders SET mailbox_status = 'verified', activation_status = 'waiting_for_data' WHERE partner_ref = 'cb-1';
	UPDATE orders SET cancelled_at = UTC_TIMESTAMP() WHERE partner_ref = 'cb-1'"
is "partner callback log" "$(ctl partner callback log --order "$order" --json | json '[(c["status"], c["state"], c["attempts"], c["url"]) for c in j][::-1]')" \
	"[('mailbox_waiting_for_data', 'waiting', 0, 'https://c.example/'), ('mailbox_waiting_for_verification', 'waiting', 0, 'https://c.example/'), ('activation_waiting_for_data', 'waiting', 0, 'https://c.example/'), ('cancelled', 'waiting', 0, 'https://c.example/')]"
is "the queue counts them" "$(ctl queue --json | json '[q["count"] for q in j if q["queue"] == "callback"]')" "[4]"
as callback "CALL callback_take('t:1', 2, 60, FALSE)" >"$T/taken"
is "a sender takes so many" "$(cut -f 1 "$T/taken" | tr '\n' ' ')" "1 2 "
as callback "CALL callback_done(1, 't:1', 'given_up', 0, 500, 'no', 12)"
is "with one that is given up all that waited as long are" "$(as root "SELECT GROUP_CONCAT(state ORDER BY id) FROM callback")" \
	"given_up,waiting,given_up,given_up"
as callback "CALL callback_done(2, 't:1', 'done', 0, 204, '', 7)"
is "partner callback log --state" "$(ctl partner callback log --partner acme --state given_up --csv | tail -n +2 | cut -d , -f 1 | tr '\n' ' ')" "4 3 1 "
run ctl partner callback log --state lost
is "a state that is none" "$RC" 2
like "partner callback show" "$(ctl partner callback show 1)" "*given_up*500*no*"
run ctl partner callback show 99
is "of none" "$RC" 1
run ctl partner callback replay --yes
is "partner callback replay wants to know which" "$RC" 2
run ctl partner callback replay --id 99 --yes
is "one that is not there" "$RC" 1
run ctl partner callback replay --id 1
is "one is posted again without asking" "$RC $(as root "SELECT state, attempts, tried_since > UTC_TIMESTAMP() - INTERVAL 1 MINUTE FROM callback WHERE id = 1")" \
	$'0 waiting\t0\t1'
run ctl partner callback replay --partner acme </dev/null
is "all asks" "$RC" 2
is "all that were given up" "$(ctl partner callback replay --partner acme --yes --json | json 'j["replayed"]')" 2
is "of an address" "$(ctl partner callback replay --address 1 --yes --json | json 'j["replayed"]')" 0
is "with its audit events" "$(as root "SELECT detail FROM audit WHERE event = 'callback_replayed' ORDER BY id")" $'callback 1\n2 given up'
run ctl partner callback remove --id 1 --yes
is "partner callback remove" "$RC $(as root "SELECT GROUP_CONCAT(state ORDER BY id) FROM callback")" "0 given_up,done,given_up,given_up"
run ctl partner callback replay --id 1 --yes
is "nothing is posted to what was removed" "$RC" 1
is "partner callback list" "$(ctl partner callback list --partner acme --json | json '[(a["url"], a["removed_at"] is None, a["waiting"], a["given_up"]) for a in j]')" \
	"[('https://c.example/', False, 0, 3), ('https://b.example/hook', True, 0, 0)]"
run ctl partner callback change --id "$(as root "SELECT id FROM callback_address WHERE url LIKE '%b.example%'")" --url https://c.example/ --yes
is "a removed one stands in nobody's way" "$RC $(as root "SELECT url FROM callback_address WHERE removed_at IS NULL")" "0 https://c.example/"

finish
