# lib.sh - for the scripts of this folder: a private MariaDB, our programs' view of it, and TAP.
#
# Source it, then call db_start. Everything lies below one temporary folder, which goes away at the end together
# with the server. B names the build (build/plain).
# shellcheck shell=bash
set -eu

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
B=${B:-build/plain}
CTL=$B/mailcertctl
DB=mailcert_test
T=$(mktemp -d "${TMPDIR:-/tmp}/mailcert-db.XXXXXX")
TESTS=0
FAILED=0
RC=0
SERVER=

db_stop() {
	if [ -n "$SERVER" ]; then
		kill "$SERVER" 2>/dev/null || true
		wait "$SERVER" 2>/dev/null || true
	fi
	rm -rf "$T"
}
trap db_stop EXIT
trap 'exit 1' INT TERM

# db_start [OPTION]...: start the server, with more options, and make the database and its accounts. The report account's
# password is "report", and so on.
db_start() {
	# In a shared folder a server that starts takes away the temporary tables of all others.
	export TMPDIR=$T/tmp
	mkdir "$TMPDIR"
	mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$T/data" --auth-root-authentication-method=normal \
		--skip-test-db >"$T/install.log" 2>&1 || { cat "$T/install.log"; exit 1; }
	mariadbd --no-defaults --user="$(id -un)" --datadir="$T/data" --socket="$T/s" --skip-networking --secure-timestamp=YES \
		--innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=64M "$@" >"$T/server.log" 2>&1 &
	SERVER=$!
	for _ in $(seq 150); do
		mariadb --no-defaults -S "$T/s" -uroot -e 'SELECT 1' >/dev/null 2>&1 && break
		sleep 0.2
	done
	accounts_make "$DB"
	config_write "$T/conf.hdf" "$DB"
}

# accounts_make DATABASE
accounts_make() {
	{
		echo "SET @database = '$1', @admin_password = 'admin', @web_password = 'web', @mailer_password = 'mailer',"
		echo "@signer_password = 'signer', @callback_password = 'callback', @report_password = 'report',"
		echo "@metrics_password = 'metrics', @retention_password = 'retention';"
		cat sql/accounts.sql
	} | mariadb --no-defaults -S "$T/s" -uroot
}

# config_write FILE DATABASE [SQL_DIR]
config_write() {
	local account name
	for account in Admin Web Mailer Signer Callback Report Metrics Retention; do
		name=${account,,}
		(umask 077 && printf '%s\n' "$name" >"$T/$name.password")
		echo "Db.$account.PasswordFile = $T/$name.password"
	done >"$1"
	cat >>"$1" <<-END
		Db.Socket = $T/s
		Db.Name = $2
		Sql.Dir = ${3:-$PWD/sql}
		Hdf.Dir = $PWD/hdf
		Ca.Dir = $T/ca
		Ca.PublicDir = $T/public
		Ca.BlockList = $T/blocklist
	END
}

ctl() {
	"$CTL" --config "$T/conf.hdf" "$@"
}

# as ACCOUNT SQL: run it and print the rows, tab-separated, or "ERROR number text".
as() {
	local account=$1 password=(-p"$1") out
	[ "$account" = root ] && password=()
	if out=$(mariadb --no-defaults --default-character-set=utf8mb4 -S "$T/s" -u"$account" "${password[@]}" -N -B "$DB" \
		--init-command="SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 5" \
		-e "$2" 2>&1); then
		[ -z "$out" ] || printf '%s\n' "$out"
	else
		printf '%s\n' "$out" | sed -n 's/^ERROR \([0-9]*\) ([0-9A-Z]*)\( at line [0-9]*\)\{0,1\}: /ERROR \1 /p'
	fi
}

# run COMMAND...: its output goes to $T/out and $T/err, its exit status to RC.
run() {
	RC=0
	"$@" >"$T/out" 2>"$T/err" || RC=$?
}

# --- TAP ---

# ok NAME CONDITION...: the condition is a command.
ok() {
	local name=$1
	shift
	TESTS=$((TESTS + 1))
	if "$@"; then
		echo "ok $TESTS - $name"
	else
		echo "not ok $TESTS - $name"
		FAILED=$((FAILED + 1))
	fi
}

# is NAME GOT WANTED
is() {
	TESTS=$((TESTS + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $TESTS - $1"
	else
		echo "not ok $TESTS - $1"
		printf '#      got: %s\n#   wanted: %s\n' "${2//$'\n'/ | }" "${3//$'\n'/ | }"
		FAILED=$((FAILED + 1))
	fi
}

# like NAME GOT PATTERN: a shell pattern.
like() {
	TESTS=$((TESTS + 1))
	# shellcheck disable=SC2053
	if [[ $2 == $3 ]]; then
		echo "ok $TESTS - $1"
	else
		echo "not ok $TESTS - $1"
		printf '#      got: %s\n#   wanted: %s\n' "${2//$'\n'/ | }" "$3"
		FAILED=$((FAILED + 1))
	fi
}

# The plan, and the exit status.
finish() {
	echo "1..$TESTS"
	[ "$FAILED" = 0 ]
}
