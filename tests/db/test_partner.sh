#!/bin/bash
# test_partner.sh - what sql/partner.sql holds to that no other test of this folder looks at: order numbers that are taken.
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
finish
