#!/bin/bash
# test_fresh.sh - `mailcertctl db migrate` on a Galera node that has nothing yet, and orders made there. (galera.mjs makes its
# nodes of a server's data, as an operator does who goes from one to three.)
. "$(dirname "$0")/../db/lib.sh"

provider=/usr/lib/galera/libgalera_smm.so
if [ ! -e "$provider" ]; then
	echo '1..1'
	echo 'ok 1 # SKIP galera-4 is not installed'
	exit
fi
options=()
while read -r line; do
	options+=("--$line")
done < <(sed -n 's/ = /=/; /^wsrep-\(on\|provider\|cluster-name\|sync-wait\|slave-threads\)=/p; /^binlog-format/p; /^default-storage/p; /^innodb-autoinc/p' \
	tools/galera/61-mailcert-cluster.cnf)
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# The strides of a node of three, though it is alone.
db_start "${options[@]}" --wsrep-new-cluster --wsrep-cluster-address=gcomm:// --wsrep-node-address="127.0.0.1:$port" \
	--wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:$port;gcache.size=16M" --log-bin-trust-function-creators=ON \
	--wsrep-auto-increment-control=OFF --auto-increment-increment=3 --auto-increment-offset=2
is "the server is a node" "$(as root "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_local_state_comment'")" Synced

run ctl db migrate
is "a fresh cluster is migrated" "$RC $(cat "$T/err")" "0 "
run ctl db migrate
is "and again" "$RC" 0
run ctl db status
is "its status is fine" "$RC" 0
before=$(as root "SELECT NEXTVAL(order_number)")
is "order numbers come in the node's strides" "$(as root 'SELECT NEXTVAL(order_number)')" $((before + 3))

as admin "CALL admin_partner_add('test', 'acme', 'Acme'); CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key', 256)), 'all', 'order', NULL)" >/dev/null
run ctl order add --partner acme --product smime-mailbox-365 --count 20
is "orders are added" "$RC $(grep -c '^[0-9]\{10\}/b01' "$T/out")" "0 20"
is "a partner makes one" "$(as web "CALL partner_order_add('key', 'key', 'ref-1', 'smime-mailbox-365', 'joe@example.org', 'en', 'Joe', NULL, NULL, NULL, NULL, NULL, NULL, '192.0.2.1')" | cut -f 1,3)" "made	b01"
is "each has a number of its own, ten digits long" "$(as root "SELECT COUNT(DISTINCT number), MIN(LENGTH(number)) FROM orders")" "21	10"
finish
