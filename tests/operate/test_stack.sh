#!/bin/bash
# test_stack.sh - what tools/stack and the targets around it do when something is not as it should be.
# shellcheck disable=SC2317
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build/plain}
case $B in /*) ;; *) B=$PWD/$B ;; esac
T=$(mktemp -d "${TMPDIR:-/tmp}/mailcert-stack.XXXXXX")
PORT=$((10000 + RANDOM % 10000))
export B PORT VAR=$T/var ORDERS=1 WORKERS=1
unset CA_KEY MAKEFLAGS MAKEOVERRIDES MFLAGS
tests=0 failed=0 rc=0

end() {
	tools/stack stop >/dev/null 2>&1
	rm -rf "$T"
}
trap end EXIT
trap 'exit 130' INT TERM HUP

ok() { # NAME CONDITION...
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then echo "ok $tests - $name"; else
		echo "not ok $tests - $name"
		sed 's/^/# /' "$T/out" 2>/dev/null
		failed=1
	fi
}
run() { # COMMAND...: its words go to $T/out, its exit status to rc
	rc=0
	"$@" >"$T/out" 2>&1 </dev/null || rc=$?
}
said() { grep -q -- "$1" "$T/out"; }
well() { curl -fsS -o /dev/null "http://127.0.0.1:$PORT/healthz"; }
until_good() { for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done; return 1; }

# --- a folder whose name the configurations of others cannot hold ---
for folder in "$T/a b" "$T/it's" "$T/a;b" "$T/a#b"; do
	run make --no-print-directory start PORT="$PORT" VAR="$folder"
	ok "$(basename "$folder"): refused" test "$rc" = 2
	ok 'in one sentence' said "^stack: .*$(basename "$folder").*another folder"
	ok 'before anything is made' test ! -e "$folder"
done
mkdir "$T/the checkout"
cp -R Makefile tools "$T/the checkout/"
run make --no-print-directory -C "$T/the checkout" start PORT="$PORT"
ok 'so is a checkout with such a name' said '^stack: .*the checkout.*another folder'

# --- a first step that fails ---
run env CA_KEY=nonsense tools/stack start
ok 'a CA that cannot be made ends the start' test "$rc" = 1
ok 'in words that name the step' said '^stack: .*\<ca\>.*failed'
ok 'and the reason' said 'mailcertctl: .*--key'
ok 'nothing says that it was done' test ! -e "$VAR/done/ca"
ok 'nothing runs on' test ! -e "$VAR/run/mariadb.pid"

# --- a start through make ---
run make --no-print-directory start PORT="$PORT" VAR="$VAR"
ok 'a plain start' test "$rc" = 0
ok 'says where' said "ready http://127.0.0.1:$PORT/"

# --- run on what runs already ---
run timeout 60 make --no-print-directory run PORT="$PORT" VAR="$VAR"
ok 'a second run is refused' test "$rc" = 2
ok 'in words' said "^stack: .*runs already at http://127.0.0.1:$PORT"
run tools/stack status
ok 'the first runs on' test "$rc" = 0

# --- a false PIN: tokens lock after a few ---
log=$VAR/log/signer.log
cp "$VAR/secrets/pin" "$T/pin"
echo 00000000 >"$VAR/secrets/pin"
tools/stack stop signer
tools/stack start signer >/dev/null 2>&1
sleep 3
run tools/stack status
ok 'a signer whose PIN is refused stays down' said '^signer is down'
ok 'it has tried once' test "$(grep -c 'PIN wrong or locked' "$log")" = 1
ok 'its log says that it stays down' grep -q 'signer ended (status 78) and stays down' "$log"
cp "$T/pin" "$VAR/secrets/pin"
run tools/stack start signer
ok 'with the right one it starts' test "$rc" = 0
ok 'and all is well' until_good well

run make --no-print-directory stop VAR="$VAR"
ok 'stopped through make' test "$rc" = 0
ok 'nothing is left' test ! -e "$VAR/run/nginx.watch"

# --- two at the same moment: one after the other sets up and builds ---
mkdir -p build
exec 8>build/.lock
flock 8
run timeout 3 make --no-print-directory setup
ok 'set-up waits while somebody else sets up or builds' test "$rc" = 124
run timeout 3 make --no-print-directory -o setup run
ok 'so does building' test "$rc" = 124
exec 8>&-

echo "1..$tests"
exit $failed
