#!/bin/bash
# test_exposure.sh - what systemd says of each unit's cage, as a table; none may be exposed by 2.0 or more, and the table
# in the operator's guide says the same. `make exposure` shows the table. tests/install asks the running system.
set -eu
cd "$(dirname "$0")/../.."

command -v systemd-analyze >/dev/null || { echo '1..0 # SKIP systemd-analyze is not installed'; exit 0; }
[ -d /run/systemd ] || [ -w /run ] || { echo '1..0 # SKIP systemd-analyze wants a /run/systemd, which we may not make'; exit 0; }
root=$(mktemp -d "${TMPDIR:-/tmp}/mailcert-units.XXXXXX")
trap 'rm -rf "$root"' EXIT
make --no-print-directory -s install-units DESTDIR="$root" PREFIX=/usr UNITS=/lib/systemd/system
# systemd-analyze wants to find what a unit starts.
install -d "$root/usr/libexec/mailcert" "$root/usr/bin"
for program in mailcert-web mailcert-signer mailcert-mailer mailcert-callback audit-export db-room; do
	install -m 755 /dev/null "$root/usr/libexec/mailcert/$program"
done
install -d "$root/usr/sbin"
install -m 755 /dev/null "$root/usr/bin/multiwatch"
install -m 755 /dev/null "$root/usr/sbin/mailcertctl"

failed=0
tests=0
ok() { # NAME CONDITION...
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then echo "ok $tests - $name"; else
		echo "not ok $tests - $name"
		failed=1
	fi
}

for path in "$root"/lib/systemd/system/mailcert-*.service; do
	unit=$(basename "$path")
	said=$(systemd-analyze security --offline=true --no-pager --root="$root" "$unit" 2>/dev/null || true)
	level=$(sed -n 's/^.*Overall exposure level.*: \([0-9.]*\) .*/\1/p' <<<"$said")
	echo "# $(printf '%-28s' "$unit") ${level:-unknown}"
	ok "$unit: exposure under 2.0" awk -v level="${level:-9}" 'BEGIN { exit !(level < 2.0) }'
	ok "$unit: the guide's table says so" grep -q "\`$unit\`.* $level |\$" tools/README.md
done
# Whatever systemd-analyze means by its figures: no unit may take these back.
for unit in "$root"/lib/systemd/system/mailcert-*.service; do
	ok "$(basename "$unit") has a user of its own" grep -q '^User=mailcert-' "$unit"
	ok "$(basename "$unit") takes nothing of the cage back" test -z "$(grep -E \
		'^(NoNewPrivileges|Protect[A-Za-z]*|CapabilityBoundingSet|AmbientCapabilities)=' "$unit")"
done
echo "1..$tests"
exit $failed
