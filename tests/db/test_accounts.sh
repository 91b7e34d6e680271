#!/bin/bash
# test_accounts.sh - mailcertctl db accounts: passwords in their files and at the server, all of them or one; and the
# server's clock, which no account may set.
. "$(dirname "$0")/lib.sh"
db_start
server() { mariadb --no-defaults -S "$T/s" -uroot; }
password() { cat "$T/$1.password"; }
signs_in() { mariadb --no-defaults -S "$T/s" -u"$1" -p"$2" -e 'SELECT 1' >/dev/null 2>&1; }

# --- on a server that has no account of ours ---
for name in admin web mailer signer callback report metrics retention; do server <<<"DROP USER $name@localhost"; done
rm "$T"/*.password
run ctl db accounts
is "db accounts" "$RC $(cat "$T/err")" "0 "
server <"$T/out"
for name in admin web mailer signer callback report metrics retention; do
	ok "$name signs in with the password of its file" signs_in "$name" "$(password "$name")"
	is "which root alone reads" "$(stat -c %a "$T/$name.password")" 600
	like "and is long and random" "$(password "$name")" "????????????????????????????????"
done
is "no two are the same" "$(sort -u "$T"/*.password | wc -l)" 8
ok "and none is what it was" test "$(grep -lx -e admin -e web -e mailer -e signer -e callback -e report -e metrics -e retention "$T"/*.password | wc -l)" = 0
run ctl db migrate
is "db migrate goes on from there" "$RC" 0

# --- one account ---
old=$(password web) others=$(sha256sum "$T"/{admin,mailer,signer,callback,report,metrics,retention}.password)
chmod 640 "$T/web.password"
run ctl db accounts --only web
like "--only is one account's statement, and the note of it" "$(cat "$T/out")" "ALTER USER \`web\`@localhost *"
is "a line each" "$(wc -l <"$T/out")" 2
server <"$T/out"
ok "the new password works" signs_in web "$(password web)"
run signs_in web "$old"
is "the old one does not" "$RC" 1
is "a file keeps the mode it had" "$(stat -c %a "$T/web.password")" 640
chmod 600 "$T/web.password" # 640 is good for root's files alone, and this may be anybody's
is "the others stay as they were" "$(sha256sum "$T"/{admin,mailer,signer,callback,report,metrics,retention}.password)" "$others"
run ctl db accounts --only nobody
is "an account that is none is a usage error" "$RC" 2
grep -v Report "$T/conf.hdf" >"$T/less.hdf"
run "$CTL" --config "$T/less.hdf" db accounts --only report
is "an account without a file has no password" "$RC" 1

# --- both for a while ---
old=$(password web)
ctl db accounts --beside | server
ok "--beside: the new password works" signs_in web "$(password web)"
ok "and the one before" signs_in web "$old"
ok "they differ" test "$old" != "$(password web)"
ctl db accounts --again | server
ok "--again: the new one goes on" signs_in web "$(password web)"
run signs_in web "$old"
is "the one before does not" "$RC" 1
old=$(password mailer)
ctl db accounts --only mailer --beside | server
ok "one account: both" signs_in mailer "$old"
ctl db accounts --only mailer --again | server
run signs_in mailer "$old"
is "then one" "$RC $(signs_in mailer "$(password mailer)" && echo new)" "1 new"
before=$(password web)
ctl db accounts --beside | server
once=$(password web)
ctl db accounts --beside | server
is "--beside run twice locks nobody out who has not heard of the first" "$(signs_in web "$before" && echo old; signs_in web "$(password web)" && echo new)" $'old\nnew'
is "and makes no third password" "$(password web)" "$once"
ctl db accounts --again | server
is "until --again" "$(signs_in web "$before" && echo old; signs_in web "$once" && echo new; find "$T" -name '*.former')" new
run ctl db accounts --beside --again
is "both options are a usage error" "$RC" 2
cp -p "$T/web.password" "$T/web.kept"
printf "it's\n" >"$T/web.password"
run ctl db accounts --again
is "a password that would break the SQL is refused" "$RC $(cat "$T/out")" "1 "
mv "$T/web.kept" "$T/web.password"

# --- all again ---
ctl db accounts | server
ok "run again it sets all anew" signs_in web "$(password web)"
run ctl db status
is "and what was there stays" "$RC" 0
run script -qec "$CTL --config $T/conf.hdf db accounts" /dev/null
is "a terminal gets no passwords" "$RC" 2
ok "and nothing is changed for it" signs_in web "$(password web)"
sed -i "/Web.PasswordFile/s,= .*,= $T/none/password," "$T/conf.hdf"
run ctl db accounts
is "a file that cannot be written fails" "$RC" 1
is "with no half of the SQL" "$(cat "$T/out")" ""

# --- the clock ---
config_write "$T/conf.hdf" "$DB"
kill "$SERVER"
wait "$SERVER"
mariadbd --no-defaults --user="$(id -un)" --datadir="$T/data" --socket="$T/s" --skip-networking >"$T/server.log" 2>&1 &
SERVER=$!
for _ in $(seq 150); do server <<<'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
(umask 077; for name in admin web mailer signer callback; do echo "$name" >"$T/$name.password"; done)
accounts_make "$DB"
run ctl db status
is "a server whose clock can be set is refused" "$RC" 1
like "in words" "$(cat "$T/err")" "*secure_timestamp = NO; it must be SUPER or YES*"
is "and nothing is issued there" "$(as signer "CALL issuance_take('s', 1, 60, FALSE)" | cut -d ' ' -f 1-2) $(as signer "CALL issuance_take('s', 1, 60, FALSE)" | grep -c 'config_invalid|.*secure-timestamp')" "ERROR 1644 1"

# --- the binary log ---
for how in "--binlog-format=ROW" "--binlog-format=MIXED --binlog-annotate-row-events=OFF" "--binlog-format=ROW --binlog-annotate-row-events=OFF"; do
	kill "$SERVER"
	wait "$SERVER"
	# shellcheck disable=SC2086
	mariadbd --no-defaults --user="$(id -un)" --datadir="$T/data" --socket="$T/s" --skip-networking --secure-timestamp=SUPER \
		--log-bin=mailcert --log-bin-trust-function-creators=ON $how >"$T/server.log" 2>&1 &
	SERVER=$!
	for _ in $(seq 150); do server <<<'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
	run ctl db status
	case $how in
	"--binlog-format=ROW --"*) is "with $how the server is as it must be" "$RC $(cat "$T/err")" "0 " ;;
	*) like "with $how it is refused" "$RC $(cat "$T/err")" "1 *the server's binary log keeps secrets*" ;;
	esac
done
accounts_make "$DB"
is "the passwords of accounts are in no binary log" "$(grep -cF "PASSWORD('web')" "$T"/data/mailcert.0* | cut -d : -f 2 | sort -u)" 0
is "their hashes are" "$(cat "$T"/data/mailcert.0* | grep -cF "'$(server -BN <<<"SELECT PASSWORD('web')")'")" 1
finish
