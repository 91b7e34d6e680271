#!/bin/bash
# test_partner.sh - what sql/partner.sql holds to that no other test of this folder looks at: order numbers that are taken,
# what a file's page counts, addresses of callbacks, and partners that were disabled.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

as admin "CALL admin_partner_add('test', 'acme', 'Acme');
	CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key', 256)), 'all', 'order,read,revoke', NULL)" >/dev/null
ACME=$(as root "SELECT id FROM partner WHERE name = 'acme'")

add() { # REF [ADDRESS]: make an order, or find it
	as web "CALL partner_order_add('key', 'key', '$1', 'smime-mailbox-365', ${2-NULL}, 'en', 'Joe', NULL, NULL, NULL, NULL, NULL, NULL, '192.0.2.1')"
}
rows() { # REF...: the rows of a bulk file
	local line=1 text=
	for ref; do
		line=$((line + 1))
		text="$text${text:+, }{\"line\": $line, \"ref\": \"$ref\", \"product\": \"smime-mailbox-365\", \"language\": \"en\", \"customer_name\": \"Joe\"}"
	done
	printf '[%s]' "$text"
}
bulk() { # NAME REF...
	local name=$1
	shift
	as web "CALL partner_bulk_add('key', 'key', '$name', '$(rows "$@")', '192.0.2.1')"
}

# --- the sequence stands behind the orders, as after a restore in parts ---
for n in 1 2 3 4 5; do
	add "early-$n" >/dev/null
done
first=$(as root "SELECT MIN(number) FROM orders")
behind() { as root "ALTER SEQUENCE order_number RESTART WITH $((10#$first))"; }
behind
like "a post draws past the numbers that are taken" "$(add late-1)" "made*"
behind
like "so does a file" "$(bulk file.csv late-2 late-3)" "*	2"
behind
run ctl order add --partner acme --product smime-mailbox-365 --count 3
is "so does mailcertctl" "$RC $(grep -c /b01 "$T/out")" "0 3"
is "no order is lost" "$(as root 'SELECT COUNT(*), COUNT(DISTINCT number) FROM orders')" "11	11"
is "and each was noted" "$(as root "SELECT COUNT(DISTINCT order_id) FROM audit WHERE event = 'order_added'")" 11
like "the same post again finds its own" "$(add late-1)" "same*"
like "mailcertctl of the version before is told of a number that another order has" "$(as admin "CALL admin_order_add('test', '[{\"number\": \"$first\", \"partner\": \"acme\", \"ref\": \"other\", \"product\": \"smime-mailbox-365\", \"language\": \"en\"}]')")" \
	"ERROR 1644 command_refused|another order has the number $first*"
is "and its own numbers are found again" "$(as admin "CALL admin_order_add('test', '[{\"number\": \"$first\", \"partner\": \"acme\", \"ref\": \"early-1\", \"product\": \"smime-mailbox-365\", \"language\": \"en\"}]')")" ""

# --- what a file's page counts ---
# statement NAME ARGUMENT...: a query of statements.def, filled in, as web.
statement() {
	as web "$(printf '#define STMT(name, account, params, text) %%%% name %%%% text %%%%\n#include "sql/statements.def"\n' | cc -E -P -x c -I . - |
		/usr/bin/python3 -c 'import re, sys
text = re.search(r"%% " + sys.argv[1] + r" %% (.*?) %%", sys.stdin.read(), re.S).group(1)
text = "".join(re.findall(r"\"((?:[^\"\\\\]|\\\\.)*)\"", text))
for value in sys.argv[2:]:
    text = text.replace("?", value, 1)
print(text)' "$@")"
}
rows=$(bulk file.csv count-1 count-2 count-3 count-4 | cut -f 1)
as root "UPDATE orders SET mailbox_status = 'verified', activation_status = 'verified', not_after = UTC_TIMESTAMP() + INTERVAL IF(partner_ref = 'count-1', 9, -9) DAY
	WHERE partner_ref IN ('count-1', 'count-2', 'count-3')"
is "expired orders are counted apart from issued ones" "$(statement PARTNER_BULK "$ACME" "$rows" | cut -f 5,6 | sort)" $'expired\t2\nissued\t1\nmailbox_waiting_for_data\t1'

# --- addresses of callbacks ---
long() { printf '%s' "https://acme.example/$1"; printf 'x%.0s' $(seq 478); }
as admin "CALL admin_callback_address_add('test', 'acme', '$(long a)', 'hush')" >/dev/null
TO=$(as root "SELECT id FROM callback_address")
is "a long address is changed for another long one" "$(as admin "CALL admin_callback_address_change('test', $TO, '$(long b)', 'hush2')"; as root "SELECT url LIKE 'https://acme.example/bx%' FROM callback_address WHERE id = $TO")" 1
is "and noted, as far as there is room" "$(as root "SELECT LENGTH(detail) FROM audit WHERE event = 'callback_address_changed'")" 1000

as root "UPDATE orders SET callback_address_id = $TO WHERE partner_ref = 'count-4'"
as root "START TRANSACTION; CALL callback_address_end($ACME, $TO, 'test', NULL); DO SLEEP(2); COMMIT" >/dev/null &
one=$!
sleep 0.5
as root "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; UPDATE orders SET cancelled_at = UTC_TIMESTAMP() WHERE partner_ref = 'count-4'"
wait "$one"
is "an address that is being removed gets no callback that would wait for ever" "$(as root "SELECT COUNT(*) FROM callback WHERE state = 'waiting'")" 0
# --- the partner was disabled ---
as admin "CALL admin_account_add('test', 'paula', 'Paula', 'acme', NULL, NULL, REPEAT('s', 16), 16, REPEAT('p', 32))" >/dev/null
as web "CALL sign_in('paula', REPEAT('p', 32), NULL, REPEAT('s', 32), 3600, 3600, '192.0.2.1')" >/dev/null
N=$(as root "SELECT number FROM orders WHERE partner_ref = 'count-4'")
as root "UPDATE orders SET cancelled_at = NULL WHERE partner_ref = 'count-4'"
draft() { as web "CALL mailbox_draft('session', REPEAT('s', 32), '$N', 'b01', 'joe@example.org', '192.0.2.1')"; }
is "its staff act for it" "$(draft; as web "SELECT partner_of('session', REPEAT('s', 32), '', 0)")" "$ACME"
as root "UPDATE partner SET disabled_at = UTC_TIMESTAMP()"
is "and no more when it was disabled, on a page that was open" "$(draft)" "ERROR 1644 not_found"
is "nor do they see its orders" "$(statement PAGE_ORDER "'$N'" "'b01'" "REPEAT('s', 32)" | cut -f 2,7,8)" $'paula\tNULL\tNULL'
is "nor its panel" "$(as web "SELECT partner_of('session', REPEAT('s', 32), '', 0)")" "ERROR 1644 not_found"
finish
