#!/bin/sh
# dns.sh - a small private DNS for the CAA tests: a signed root and zones below it, good and bad, served by nsd.
#
#   dns.sh start DIR PORT    make keys and zones in DIR, serve them on 127.0.0.1 at PORT; DIR/anchor is the root's key
#   dns.sh permit DIR        let flip.signed permit us from now on, and have nsd read it
#   dns.sh forward DIR PORT  a resolver of somebody's own on that port, which asks that nsd and validates nothing
#   dns.sh stop DIR          end what was started
#
# One server has the root and all zones, so a resolver told to ask it for "." needs no other port.
set -eu

# zone NAME: write the zone's text without its signatures; NAME "." is the root
zone_text() {
	origin=$1
	echo "\$ORIGIN $origin"
	echo "\$TTL ${TTL:-300}"
	echo "@ IN SOA ns.signed. hostmaster.signed. $(date +%s) 3600 600 86400 60"
	echo "@ IN NS ns.signed."
	case $origin in
	.)
		for child in $delegated; do
			echo "$child. IN NS ns.signed."
		done
		for child in signed expired stripped broken-signed; do
			cat "K$child."*.ds
		done
		# a DS that fits no key of the zone
		sed 's/^signed\./bogus./' Ksigned.*.ds
		;;
	signed.)
		cat <<-ZONE
			ns IN A 127.0.0.1
			permit IN CAA 0 issuemail "mailcert.example"
			a.b.permit IN A 127.0.0.1
			deny IN CAA 0 issuemail "ca.example"
			deny IN CAA 0 iodef "mailto:security@deny.signed"
			a.deny IN A 127.0.0.1
			nobody IN CAA 0 issuemail ";"
			first.deny IN CAA 0 issue "ca.example"
			critical IN CAA 128 future "x"
			none IN A 127.0.0.1
			long 86400 IN CAA 0 issuemail "mailcert.example"
			xn--bcher-kva IN CAA 0 issuemail "mailcert.example"
			alias IN CNAME permit
			chain IN CNAME alias
			alias-denied IN CNAME deny
			alias-none.deny IN CNAME none
			alias-away IN CNAME deny.insecure.
			flip IN CAA 0 issuemail "${FLIP:-ca.example}"
		ZONE
		n=0
		while [ $n -lt 60 ]; do
			echo "many IN CAA 0 issuemail \"ca$n.a-long-name-so-that-the-answer-goes-over-tcp.example\""
			n=$((n + 1))
		done
		echo 'many IN CAA 0 issuemail "mailcert.example"'
		;;
	tldcaa.)
		echo '@ IN CAA 0 issuemail "ca.example"'
		echo 'x IN A 127.0.0.1'
		;;
	*)
		echo 'permit IN CAA 0 issuemail "mailcert.example"'
		echo 'deny IN CAA 0 issuemail "ca.example"'
		echo 'none IN A 127.0.0.1'
		;;
	esac
}

delegated="signed insecure bogus expired stripped broken-signed broken-insecure tldcaa"

# sign ZONE FILE [more options]
sign() {
	name=$1
	shift
	ldns-signzone "$@" -o "$name" -f "$name.zone" "$name.plain" "$(basename "$(ls "K$name"+*.private)" .private)"
}

zones_make() {
	for name in . signed. expired. stripped. broken-signed.; do
		ldns-keygen -a ECDSAP256SHA256 -k "$name" >/dev/null
	done
	for name in . signed. insecure. bogus. expired. stripped. tldcaa.; do
		zone_text "$name" >"$name.plain"
	done
	sign .
	sign signed.
	# signed with a key its DS does not name
	cp "$(ls Kstripped.+*.key)" Kbogus.+013+00001.key
	cp "$(ls Kstripped.+*.private)" Kbogus.+013+00001.private
	sed -i 's/^stripped\./bogus./' Kbogus.+013+00001.key
	sign bogus.
	sign expired. -i 20200101000000 -e 20200201000000
	cp stripped..plain stripped..zone
	cp insecure..plain insecure..zone
	cp tldcaa..plain tldcaa..zone
	grep -h DNSKEY K.+*.key >anchor
}

nsd_conf() {
	cat <<-CONF
		server:
		 ip-address: 127.0.0.1@$1
		 do-ip6: no
		 server-count: 1
		 username: ""
		 chroot: ""
		 zonesdir: "$PWD"
		 database: ""
		 pidfile: "$PWD/nsd.pid"
		 logfile: "$PWD/nsd.log"
		 xfrdfile: "$PWD/xfrd.state"
		 xfrdir: "$PWD"
		 zonelistfile: "$PWD/zone.list"
		 zonefiles-check: yes
		remote-control:
		 control-enable: no
	CONF
	for name in . signed. insecure. bogus. expired. stripped. broken-signed. broken-insecure. tldcaa.; do
		printf 'zone:\n name: "%s"\n zonefile: "%s.zone"\n' "$name" "$name"
	done
}

# The server's first process writes its pid; it is there when an answer comes.
wait_for_answer() {
	n=0
	until drill -p "$1" @127.0.0.1 "$2" CAA 2>/dev/null | grep -q "$3"; do
		n=$((n + 1))
		[ $n -lt 100 ] || {
			cat nsd.log >&2
			exit 1
		}
		sleep 0.05
	done
}

command=$1
cd "$2"
case $command in
start)
	zones_make
	nsd_conf "$3" >nsd.conf
	echo "$3" >port
	nsd -c nsd.conf
	wait_for_answer "$3" permit.signed. mailcert.example
	;;
permit)
	FLIP=mailcert.example zone_text signed. >signed..plain
	sign signed.
	kill -HUP "$(cat nsd.pid)"
	wait_for_answer "$(cat port)" flip.signed. mailcert.example
	;;
forward)
	cat >unbound.conf <<-CONF
		server:
		 interface: 127.0.0.1@$3
		 do-ip6: no
		 num-threads: 1
		 username: ""
		 chroot: ""
		 directory: "$PWD"
		 pidfile: "$PWD/unbound.pid"
		 logfile: "$PWD/unbound.log"
		 use-syslog: no
		 do-not-query-localhost: no
		 module-config: "iterator"
		remote-control:
		 control-enable: no
		stub-zone:
		 name: "."
		 stub-addr: 127.0.0.1@$(cat port)
	CONF
	unbound -c "$PWD/unbound.conf"
	wait_for_answer "$3" permit.signed. mailcert.example
	;;
stop)
	for server in nsd unbound; do
		if [ -s $server.pid ]; then
			pid=$(cat $server.pid)
			kill "$pid"
			# Until it has ended it takes files out of DIR, which whoever removes DIR stumbles over. One that nobody
			# has waited for yet has no words left.
			for _ in $(seq 100); do
				[ -n "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ] || break
				sleep 0.1
			done
		fi
	done
	;;
*)
	echo "usage: dns.sh start DIR PORT | permit DIR | forward DIR PORT | stop DIR" >&2
	exit 2
	;;
esac
