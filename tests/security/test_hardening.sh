#!/bin/bash
# test_hardening.sh - how the programs were built, read from the binaries by readelf and nm: what makes it hard to turn
# a fault of memory into code that runs. And what is not in them: a worker links nothing that signs, a signer nothing
# that parses pages.
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build/plain}

tests=0
failed=0
ok() { # NAME CONDITION...
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then echo "ok $tests - $name"; else
		echo "not ok $tests - $name"
		failed=1
	fi
}
has() { grep -qE -- "$1" <<<"$2"; }
has_not() { ! has "$@"; }

if readelf -sW "$B/mailcert-web" | grep -q __asan_init; then
	echo '1..0 # SKIP a build with sanitizers is not the one that is installed'
	exit 0
fi
for program in mailcert-web mailcert-signer mailcert-mailer mailcert-callback mailcertctl; do
	file=$B/$program
	header=$(readelf -hW "$file")
	segments=$(readelf -lW "$file")
	dynamic=$(readelf -dW "$file")
	symbols=$(readelf --dyn-syms -W "$file")
	ok "$program: PIE, so that its place is drawn anew at each start" has 'Type: +DYN \(Position-Independent' "$header"
	ok "$program: no memory is writable and executable" has_not 'LOAD.* RWE ' "$segments"
	ok "$program: NX: the stack is not executable" has 'GNU_STACK.* RW +0x' "$segments"
	ok "$program: RELRO" has GNU_RELRO "$segments"
	ok "$program: in full: all is bound at the start" has 'FLAGS_1.*NOW|BIND_NOW' "$dynamic"
	ok "$program: no relocation changes its code" has_not 'TEXTREL' "$dynamic"
	ok "$program: no library is taken from a folder of the build" has_not '\((RPATH|RUNPATH)\)' "$dynamic"
	ok "$program: stack protector" has ' __stack_chk_fail' "$symbols"
	ok "$program: _FORTIFY_SOURCE" has ' __(snprintf|vsnprintf|memcpy|memmove|strcpy|strncpy|strcat|read|printf|fprintf|vfprintf)_chk' "$symbols"
	if [ "$(uname -m)" = x86_64 ]; then
		ok "$program: CET: indirect jumps land on marked places (IBT)" has 'endbr64' "$(objdump -d --no-show-raw-insn "$file" | grep -A1 '<main>:')"
	fi
done

# Each object of ours, since the programs take in ClearSilver's archives too, which Debian builds without those marks.
objects=$(find "$B/cgi" "$B/lib" "$B/tools" -name '*.o')
ok 'there are objects to look at' test "$(wc -l <<<"$objects")" -gt 100
# shellcheck disable=SC2086
found=$(nm -uA $objects | grep -E ' U (gets|strcpy|stpcpy|strcat|sprintf|vsprintf|scanf|tmpnam|mktemp|system|popen|alloca|wordexp)$' || true)
ok 'none calls a function that cannot know the room it has, or a shell' test -z "$found"
[ -z "$found" ] || echo "# $found"
if [ "$(uname -m)" = x86_64 ]; then
	found=$(for object in $objects; do readelf -nW "$object" 2>/dev/null | grep -q 'IBT, SHSTK' || echo "$object"; done)
	ok 'each is marked for CET, IBT and the shadow stack' test -z "$found"
	[ -z "$found" ] || echo "# $found"
fi

needed() { readelf -dW "$B/$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'; }
ok 'the worker links nothing that signs' has_not 'pkcs11|p11-kit' "$(needed mailcert-web)"
ok 'those names are right: the signer has them' has ' issuer_sign$' "$(nm "$B/mailcert-signer")"
ok 'nor has it a function that opens a key, or signs certificates, CRLs or seals' has_not ' (crl_build|issuer_open|issuer_sign|token_open|token_sign|seal_sign|seal_key_load)$' \
	"$(nm "$B/mailcert-web" | grep -i ' t ')"
ok 'the signer links no FastCGI and no templates for pages' has_not 'fcgi|neo_cs|neo_cgi' "$(needed mailcert-signer) $(nm "$B/mailcert-signer" | grep -E 'cs_render|cgi_init|FCGX_' || true)"
ok 'nothing but the mailer speaks SMTP' has_not esmtp "$(needed mailcert-web) $(needed mailcert-signer) $(needed mailcert-callback)"
ok 'nothing but the sender of callbacks speaks HTTP to others' has_not 'libcurl' "$(needed mailcert-web) $(needed mailcert-signer) $(needed mailcert-mailer) $(needed mailcertctl)"
ok 'stack clash protection and FORTIFY are asked of the compiler at level 3' grep -q -- '^HARDEN.plain := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection' Makefile
echo "1..$tests"
exit $failed
