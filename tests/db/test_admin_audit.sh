#!/bin/bash
# test_admin_audit.sh - whatever an admin changes with mailcertctl is an audit event with the admin's name. Every command
# of --help is run here, between two pictures of the whole database and of the files beside it: one that only reads must
# change nothing, one that acts must have changed something and noted it, one that asks first must have done nothing
# when nobody said yes. A command that is new fails this test until it stands below.
# `done` is a word of the command, not of the shell; words of a command are split on purpose.
# shellcheck disable=SC1010,SC2086
. "$(dirname "$0")/lib.sh"
db_start

# Behind sudo the admin is who called it; a plain user cannot pretend to be somebody else.
export SUDO_USER=anna
ADMIN=$([ "$(id -u)" = 0 ] && echo anna || id -un)
mkdir "$T/secrets" "$T/arrived" "$T/root"
cat >>"$T/conf.hdf" <<END
Audit.KeyFile = $T/secrets/audit.key
Web.PepperFile = $T/secrets/pepper
END
# The root's machine, which has no database.
cat >"$T/root.hdf" <<END
Ca.Dir = $T/root/ca
Ca.PublicDir = $T/root/public
Db.Socket = $T/root/none
END
CONFIG=("$CTL" --config "$T/conf.hdf")

# Every table but the audit log, the accounts, and every file but those of the server: a line each, in the file $T/NAME.picture.
# LAST becomes the newest audit event.
picture() {
	as root "SET SESSION group_concat_max_len = 100000,
		    @audit = (SELECT MAX('SELECT COALESCE(MAX(id), 0) FROM audit') FROM information_schema.tables WHERE table_schema = '$DB' AND table_name = 'audit'),
		    @tables = (SELECT GROUP_CONCAT('\`', table_name, '\`') FROM information_schema.tables WHERE table_schema = '$DB'
			AND table_type IN ('BASE TABLE', 'SEQUENCE') AND table_name <> 'audit');
		EXECUTE IMMEDIATE COALESCE(@audit, 'SELECT 0');
		EXECUTE IMMEDIATE COALESCE(CONCAT('CHECKSUM TABLE ', @tables), 'SELECT 0');
		SELECT User, Priv FROM mysql.global_priv WHERE User NOT IN ('root', 'mariadb.sys')" >"$T/$1.picture"
	LAST=$(head -n 1 "$T/$1.picture")
	sed -i 1d "$T/$1.picture"
	(cd "$T" && find . \( -path ./data -o -path ./tmp \) -prune -o -type f -not -name out -not -name err -not -name '*.log' \
		-not -name '*.picture' -exec sha256sum {} + | sort) >>"$T/$1.picture"
}
# The command's words among what was given to it: as long as --help knows them.
words_of() {
	local words='' found='' word
	for word; do
		words="$words${words:+ }$word"
		! grep -qx -- "$words" "$T/commands" || found=$words
	done
	echo "$found"
}
# Run a command between two pictures, and AND on what it printed: CHANGED, and EVENTS that were noted meanwhile.
between() {
	local last
	picture before
	last=$LAST
	run "${CONFIG[@]}" "$@"
	[ -z "${AND:-}" ] || $AND <"$T/out"
	picture after
	CHANGED=$(cmp -s "$T/before.picture" "$T/after.picture" && echo no || echo yes)
	EVENTS=
	[ "$LAST" = "$last" ] || EVENTS=$(as root "SELECT actor, event FROM audit WHERE id > $last ORDER BY id")
}
# A command that asks first does nothing when there is nobody to ask; YES is then what says so for it.
asks() { # WORDS, COMMAND...
	local words=$1
	shift
	YES=
	"$CTL" $words --help | grep -q '^  --yes' || return 0
	between "$@" </dev/null
	is "$words: unasked it does nothing" "$RC $CHANGED $EVENTS" "2 no "
	YES=--yes
}

# acts EVENT COMMAND...: it changes something, and its events are all the admin's, EVENT among them.
acts() {
	local event=$1 words
	shift
	words=$(words_of "$@")
	echo "$words" >>"$T/seen"
	asks "$words" "$@"
	between "$@" $YES <"${INPUT:-/dev/null}"
	is "$words: done" "$RC $([ "$RC" = 0 ] || cat "$T/err")" "0 "
	is "$words: something changed" "$CHANGED" yes
	like "$words: noted as $event" $'\n'"$EVENTS"$'\n' "*"$'\n'"admin:$ADMIN"$'\t'"$event"$'\n'"*"
	is "$words: by the admin alone" "$(cut -f 1 <<<"$EVENTS" | sort -u)" "admin:$ADMIN"
}
# reads COMMAND...: it changes nothing and notes nothing; reads_people: but that it was run.
reads() { reads_noted '' "$@"; }
reads_people() { reads_noted "admin:$ADMIN"$'\t'people_read "$@"; }
reads_noted() {
	local words event=$1
	shift
	words=$(words_of "$@")
	echo "$words" >>"$T/seen"
	between "$@" </dev/null
	is "$words: only reads" "$RC $CHANGED $EVENTS" "0 no $event"
}
# away COMMAND...: it changes something on a machine that has no database to note it in.
away() {
	local words
	words=$(words_of "$@")
	echo "$words" >>"$T/seen"
	CONFIG=("$CTL" --config "$T/root.hdf")
	asks "$words" "$@"
	between "$@" $YES </dev/null
	is "$words: done, without a database" "$RC $CHANGED $EVENTS" "0 yes "
	CONFIG=("$CTL" --config "$T/conf.hdf")
}

"$CTL" --help | sed -n 's/^  \([a-z-]\{2,\}\( [a-z]\{1,\}\)*\)  .*/\1/p' >"$T/commands"

# --- the database ---
acts schema_migrated db migrate
reads db status
reads db migrate --dry-run
server() { mariadb --no-defaults -S "$T/s" -uroot; }
AND=server
acts passwords_changed db accounts
acts passwords_changed db accounts --only web --beside
AND=
is "which says whose and how" "$(as root "SELECT detail FROM audit WHERE event = 'passwords_changed' ORDER BY id")" \
	$'all accounts: new\nweb: new beside the old'
SUDO_USER="o'neil\\" ctl db accounts --again | server
is "a name that is no word goes into SQL as it is" "$(as root "SELECT actor = CONCAT('admin:', X'$(printf '%s' "$([ "$(id -u)" = 0 ] &&
	echo "o'neil\\" || id -un)" | od -An -tx1 | tr -d ' \n')') FROM audit ORDER BY id DESC LIMIT 1")" 1
for name in admin web mailer signer callback report metrics retention; do echo "$name" >"$T/$name.password"; done
accounts_make "$DB"

# --- CAs ---
away ca root --root-common-name 'Example Root 1'
acts ca_key_made ca request
cp "$T/out" "$T/issuing-1.csr"
is "which names the key" "$(as root "SELECT detail FROM audit WHERE event = 'ca_key_made'")" \
	"issuing-1, SHA-256 of the public key $(openssl req -in "$T/issuing-1.csr" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)"
away ca sign "$T/issuing-1.csr" --common-name 'Example Mailbox CA 1'
cp "$T"/root/ca/*.cer "$T/root/public/crl/root-1.crl" "$T/arrived/"
acts issuer_added ca register --from "$T/arrived"
away ca crl
away ca revoke issuing-1 --reason superseded
cp "$T/root/public/crl/root-1.crl" "$T/arrived/"
acts root_crl_taken ca register --from "$T/arrived"
is "which names the CRL" "$(as root "SELECT detail FROM audit WHERE event = 'root_crl_taken' ORDER BY id DESC LIMIT 1")" \
	"root-1, SHA-256 of the CRL $(sha256sum "$T/public/crl/root-1.crl" | cut -d' ' -f1)"
acts issuer_added ca init --root root-2 --name issuing-2
reads ca show

# --- people ---
acts pepper_made account pepper --create
reads account pepper
is "which names its mark" "$(as root "SELECT detail FROM audit WHERE event = 'pepper_made'")" "$(cat "$T/out")"
echo 'correct horse' >"$T/password"
INPUT=$T/password
acts account_added account add --login demo --name Demo --email demo@example.org --password-stdin
echo 'battery staple' >"$T/password"
acts password_changed account passwd --login demo --password-stdin
acts account_address_changed account email --login demo --email new@example.org
acts account_added account add --login gone --name Gone --password-stdin
INPUT=
reads_people account list
as root "INSERT INTO account_key (account_id, credential, credential_hash, algorithm, public_key, sign_count, name, created_at) SELECT id, 'c', REPEAT('c', 32), -7, 'p', 0, 'lost', UTC_TIMESTAMP() FROM account WHERE login = 'demo'" >"$T/out"
reads account key list --login demo
acts key_removed account key remove --login demo
acts account_disabled account disable --login gone

# --- partners ---
acts partner_added partner add --name acme --title 'Acme Ltd'
reads partner list
reads partner throttle acme
acts partner_throttle_changed partner throttle acme --rate 5
acts partner_key_added partner key add --partner acme
reads partner key list
acts partner_key_revoked partner key revoke --id 1
acts callback_address_added partner callback add --partner acme https://a.example/hook
reads partner callback list
acts callback_address_changed partner callback change --id 1 --new-secret
as root "INSERT INTO partner_key (partner_id, hash, label, scopes) SELECT id, UNHEX(SHA2('k', 256)), 'test', 'order,read' FROM partner WHERE name = 'acme';
	CALL partner_order_add('key', 'k', 'cb-1', 'smime-mailbox-365', 'a@b.example', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'https://a.example/hook', '127.0.0.1');
	UPDATE orders SET cancelled_at = UTC_TIMESTAMP() WHERE partner_ref = 'cb-1'; UPDATE callback SET state = 'given_up'" >"$T/out"
reads partner callback log
reads partner callback show 1
acts callback_replayed partner callback replay --partner acme
acts callback_address_removed partner callback remove --id 1

# --- orders and certificates ---
acts order_added order add --account demo --product smime-mailbox-365 --count 3
printf 'account,product\ndemo,smime-mailbox-365\n' >"$T/orders.csv"
acts order_added order import "$T/orders.csv"
ORDER=$(as root "SELECT CONCAT(number, '/', item) FROM orders WHERE account_id IS NOT NULL ORDER BY id LIMIT 1")
OTHER=$(as root "SELECT CONCAT(number, '/', item) FROM orders WHERE account_id IS NOT NULL ORDER BY id LIMIT 1, 1")
reads_people order show "$ORDER"
reads_people order list
acts order_cancelled order cancel "$OTHER"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=joe -keyout /dev/null -outform DER -out "$T/joe.cer" 2>"$T/err"
as root "SET @o = (SELECT id FROM orders WHERE CONCAT(number, '/', item) = '$ORDER'), @i = (SELECT id FROM issuer WHERE name = 'issuing-2');
	INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) VALUES (@i, REPEAT('s', 16), @o, REPEAT('t', 32), UTC_TIMESTAMP(), 'issued');
	INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at)
	VALUES (@o, @i, REPEAT('s', 16), 'joe@example.org', UNHEX('$(od -An -v -tx1 "$T/joe.cer" | tr -d ' \n')'), REPEAT('h', 32), REPEAT('k', 32),
	    UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 10 DAY, UTC_TIMESTAMP())"
reads_people certificate list
reads_people certificate show "$ORDER"
acts problem_report_added problem-report add --reporter Ann --cause misuse --order "$ORDER"
reads_people problem-report list
reads_people problem-report show 1
reads problem-report causes
acts problem_report_answered problem-report answer 1
acts certificate_revoked certificate revoke "$ORDER" --reason keyCompromise
acts problem_report_done problem-report done 1 --finding revoked

# --- queues, keys, the log, what was kept long enough, settings ---
as root "INSERT INTO outbox (kind, order_id, recipient, language, created_at, next_at) VALUES
	('problem', (SELECT MAX(id) FROM orders), 'joe@example.org', 'en', UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 1 HOUR)"
reads queue
acts outbox_retried queue retry outbox
printf '%064d\n' 7 >"$T/blocked"
acts key_block_imported key block import "$T/blocked"
acts audit_key_made audit key --create
reads audit key
cp "$T/out" "$T/public.pem"
is "the event has the public key" "$(as root "SELECT detail = UNHEX('$(od -An -v -tx1 "$T/public.pem" | tr -d ' \n')') FROM audit WHERE event = 'audit_key_made'")" 1
reads audit list
reads audit status
reads audit export -
cp "$T/out" "$T/export.jsonl"
reads audit verify --key "$T/public.pem" "$T/export.jsonl"
as root "INSERT INTO sign_in_failure (at, login_hash, address) VALUES (UTC_TIMESTAMP() - INTERVAL 2 DAY, REPEAT('l', 32), '192.0.2.1')"
reads retention --dry-run
acts retention retention
reads report
reads report orders
reads config check "$T/conf.hdf"
reads config list

is "no command is left out" "$(sort -u "$T/seen" | comm -13 - <(sort "$T/commands"))" ""
finish
