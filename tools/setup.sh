#!/bin/bash
# setup.sh - install the Debian packages that a job needs: tools/setup.sh GROUP...
#
#   run          build the programs and run the private stack
#   test         what `make test` needs on top
#   lint         clang-format, clang-tidy, cppcheck
#   fuzz         clang with libFuzzer
#   conformance  other people's linters and mail programs' certificate stores
#   bench        a load generator, and another CA to be measured beside
#   cluster      replication between databases, for the test on three of them
#   package      the Debian package, and a clean root to install it in
#
# When everything is there it does nothing and asks nothing. Otherwise it says what it will do, and does it
# through sudo unless it is root already. Made for Debian 12.
set -eu

packages_of() {
	case $1 in
	run)
		echo gcc libc6-dev make pkg-config openssl gzip
		echo libfcgi-dev libssl-dev libmariadb-dev clearsilver-dev zlib1g-dev
		echo libesmtp-dev libunbound-dev libidn2-dev libjansson-dev libcurl4-openssl-dev libp11-kit-dev libseccomp-dev
		echo libcrack2-dev cracklib-runtime # the latter packs the dictionary of common passwords
		echo libfido2-dev
		echo mariadb-server-core mariadb-client-core nginx-light
		echo multiwatch spawn-fcgi softhsm2 opensc
		echo nsd ldnsutils python3-aiosmtpd
		echo esbuild
		node_is_new || echo nodejs
		command -v npm >/dev/null || echo npm
		;;
	test)
		echo libcmocka-dev chromium chromium-headless-shell fonts-dejavu-core
		echo unbound dns-root-data
		echo libnss3-tools gpgsm gpg-agent curl
		echo mariadb-client
		echo faketime tzdata
		;;
	lint) echo clang-format clang-tidy cppcheck ;;
	fuzz) echo clang libclang-rt-14-dev llvm ;;
	conformance) echo gnutls-bin dirmngr python3-venv ;;
	bench) echo wrk golang-cfssl ;;
	cluster) echo galera-4 mariadb-server rsync lsof ;; # the server whole, for its scripts that copy a node
	package) echo debhelper dpkg-dev fakeroot lintian debootstrap systemd-container ;;
	*)
		echo "setup: no group $1; there are: run test lint fuzz conformance bench cluster package" >&2
		return 1
		;;
	esac
}

# Whether a Node.js of 18 or newer is there, from Debian or from elsewhere.
node_is_new() {
	command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]
}

# Print those of the named packages that are not installed.
missing_of() {
	local package status
	for package; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Some packages bring a service of the system that would start at once, and again at every boot. The stack runs
# its own, so installing must not start them. Debian's way to say so is policy-rc.d; an existing one stays.
policy=/usr/sbin/policy-rc.d
policy_made=
services_hold() {
	[ ! -e "$policy" ] || return 0
	policy_made=yes
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
}
services_release() {
	[ -z "$policy_made" ] || as_root rm -f "$policy"
	policy_made=
}

# Keep the services that came in just now from starting at the next boot.
services_disable() {
	local package
	for package; do
		case $package in
		nginx-light) as_root systemctl --quiet disable nginx.service ;;
		mariadb-server) as_root systemctl --quiet disable mariadb.service ;;
		nsd) as_root systemctl --quiet disable nsd.service ;;
		unbound) as_root systemctl --quiet disable unbound.service ;;
		esac
	done >/dev/null 2>&1 || true
}

main() {
	local group wanted='' missing
	[ $# -gt 0 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }
	for group; do
		wanted="$wanted $(packages_of "$group")"
	done
	# shellcheck disable=SC2086  # a list of words
	missing=$(missing_of $wanted)
	[ -n "$missing" ] || return 0

	command -v apt-get >/dev/null || {
		echo "setup: this is not Debian; please install what these packages of Debian 12 hold: $missing" >&2
		exit 1
	}
	echo "mailcert needs these Debian packages ($*): $missing"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "setup: not root, and no sudo here; as root: apt-get install --no-install-recommends $missing" >&2
			exit 1
		}
		echo "They are installed with sudo apt-get now; none of their services is started."
	fi
	trap services_release EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	services_hold
	# Whoever installs something at this moment, another checkout for one, is waited for.
	as_root apt-get -o DPkg::Lock::Timeout=600 update -q
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends $missing
	# shellcheck disable=SC2086
	services_disable $missing
}

main "$@"
