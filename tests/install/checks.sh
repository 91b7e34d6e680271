# checks.sh - what tests/install/run does around the blocks of the guide: the people and machines that the guide leaves to
# its reader, and the proof of what it promises. Functions are named before_SECTION_COUNT and after_SECTION_COUNT.
# shellcheck shell=bash disable=SC2154,SC2016,SC2034

UNITS='web signer mailer callback'

# --- Install ---

after_install_1() {
	is 'nothing of mailcert is started' "$(here systemctl list-units --no-legend --plain 'mailcert*')" ''
	is 'each process has a user' "$(for unit in $UNITS; do here id -un "mailcert-$unit"; done | paste -sd' ')" \
		'mailcert-web mailcert-signer mailcert-mailer mailcert-callback'
	like 'the database has nothing of ours' "$(here mariadb -BN -e 'SHOW DATABASES; SELECT user FROM mysql.user')" '!(*mailcert*)'
	is 'no site is enabled' "$(here ls /etc/nginx/sites-enabled)" default
	for page in mailcertctl.8 mailcert-web.8 mailcert-signer.8 mailcert-mailer.8 mailcert-callback.8; do
		ok "there is $page" test -s "$HERE/usr/share/man/man8/$page.gz"
	done
	ok 'there is mailcert.hdf.5' test -s "$HERE/usr/share/man/man5/mailcert.hdf.5.gz"
	ok 'there is the bill of materials' /usr/bin/python3 -m json.tool "$HERE/usr/share/doc/mailcert/sbom.json" /dev/null
	is 'the dictionary of common passwords is packed, for every process to read' "$(here stat -c '%a' /var/cache/cracklib/cracklib_dict.pwd)" 644
	is 'secrets are root'\''s alone' "$(here find /etc/mailcert/secrets /etc/mailcert/tls -printf '%m%u ' )" \
		'700root 700root 700root 700root 700root 700root 700root '
}

after_the_database_2() {
	like 'the schema is in place' "$(tail -n 3 "$WORK/out")" '*applied*'
	is 'passwords are root'\''s alone' "$(here find /etc/mailcert/secrets -type f -printf '%m%u ')" \
		'600root 600root 600root 600root 600root 600root 600root 600root 600root '
}

# The key of MariaDB's files, and what the guide's command says of them.
after_the_database_1() {
	is 'the key of the database is root'\''s, and MariaDB'\''s to read' "$(here stat -c '%a %U %G' /etc/mysql/mailcert.key)" '640 root mysql'
	like 'it has 256 bits' "$(cat "$HERE/etc/mysql/mailcert.key")" "1;$(printf '[0-9a-f]%.0s' {1..64})"
}
before_encryption_of_the_database_s_files_1() {
	until_good all_encrypted # what the server had before the key is done in the background
}
all_encrypted() { here_block "$WORK"/blocks/*.here.encryption_of_the_database_s_files.1 >"$WORK/out" && [ ! -s "$WORK/out" ]; }
after_encryption_of_the_database_s_files_1() {
	is 'nothing of the database is in clear' "$(cat "$WORK/out")" ''
	ok 'no table can be made in clear' test "$(here mariadb -e 'CREATE TABLE mailcert.scratch (a INT) ENCRYPTED=NO' 2>&1 | grep -c ERROR)" = 1
}
# Which files of MariaDB's, all written out since it is stopped, have words in clear.
files_with() { (cd "$HERE/var/lib/mysql" && grep -rlaF -- "$1" . | sort | paste -sd' '); }

# This machine has no network: mail is caught by a sink, DNS is a private signed root.
after_the_settings_1() {
	cat >>"$HERE/etc/mailcert/mailcert.hdf" <<-'END'
		# Of the test: there is no network here.
		Dns.Stub = 127.0.0.1@5353
		Dns.AnchorFile = /etc/mailcert/anchor.key
	END
	VAR=$WORK/dns nsenter -t "$LEADER" -n -- tools/stack _dns 5353 >"$WORK/dns.log" 2>&1 &
	DNS=$!
	nsenter -t "$LEADER" -n -- /usr/bin/python3 tools/mail-sink.py --port 25 --maildir "$WORK/mail" >"$WORK/sink.log" 2>&1 &
	SINK=$!
	until_good test -s "$WORK/dns/dns/anchor.key"
	install -m 644 "$WORK/dns/dns/anchor.key" "$HERE/etc/mailcert/anchor.key"
}

# --- The key ceremony ---

after_the_key_ceremony_3() {
	like 'the request'\''s key is shown here' "$(cat "$WORK/out")" '*SHA-256 of the public key: *'
	KEY_SEEN=$(sed -n 's/^SHA-256 of the public key: //p' "$WORK/out")
}
after_the_key_ceremony_4() {
	like 'and the same on the root'\''s machine' "$(cat "$WORK/out")" "*SHA-256 of the public key: $KEY_SEEN*"
	is 'only public things crossed' "$(cd "$WORK/ceremony" && echo *)" 'issuing-1.cer issuing-1.csr root-1.cer root-1.crl'
	is 'the root'\''s key is in its token alone' "$(find "$AWAY/var/lib/mailcert" "$HERE/var/lib/mailcert" -name '*.key')" ''
}
after_the_key_ceremony_5() {
	is 'what the ceremony made is the signer'\''s' \
		"$(here find /var/lib/mailcert/ca /var/lib/mailcert/token /var/lib/mailcert/public ! -user mailcert-signer)" ''
}

# --- TLS: a certificate by a CA of the test, which the machines trust ---

before_tls_1() {
	local t=$WORK/tls
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=Test of the guide' \
		-keyout "$t/ca.key" -out "$t/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mailcert.example -keyout "$t/private.key" \
		-out "$t/service.csr" 2>/dev/null
	openssl x509 -req -in "$t/service.csr" -CA "$t/ca.pem" -CAkey "$t/ca.key" -days 20 -out "$t/fullchain.pem" \
		-extfile <(echo subjectAltName=DNS:mailcert.example) 2>/dev/null
	install -m 600 "$t/fullchain.pem" "$t/private.key" "$HERE/etc/mailcert/tls/"
	cp "$t/ca.pem" "$HERE/usr/local/share/ca-certificates/test.crt"
	here update-ca-certificates >/dev/null 2>&1
}

after_tls_1() {
	like 'nginx takes a certificate without an OCSP responder, and says so' "$(cat "$WORK/out")" '*"ssl_stapling" ignored*syntax is ok*'
}

# --- Start ---

handshake() { beside openssl s_client -connect mailcert.example:443 -servername mailcert.example -CAfile "$WORK/tls/ca.pem" "$@" </dev/null 2>&1; }
header() { here curl -sSI "$@" | tr -d '\r' | tr '[:upper:]' '[:lower:]'; }
cipher() { handshake "$@" | sed -n 's/^.*Cipher is //p' | head -n 1; }

after_start_1() {
	local unit level
	for unit in $UNITS; do
		is "$unit runs" "$(here systemctl is-active "mailcert-$unit")" active
		is "$unit has its user" "$(here stat -c %U "/proc/$(pid_of "$unit")")" "mailcert-$unit"
		is "$unit has no capability" "$(here sed -n 's/^Cap\(Eff\|Bnd\):\t//p' "/proc/$(pid_of "$unit")/status" | sort -u)" 0000000000000000
		is "$unit is filtered" "$(here sed -n 's/^Seccomp:\t//p' "/proc/$(pid_of "$unit")/status")" 2
		level=$(exposure "mailcert-$unit")
		echo "# exposure of mailcert-$unit.service: $level"
		ok "$unit: exposure under 2.0" awk -v level="${level:-9}" 'BEGIN { exit !(level < 2.0) }'
		ok "$unit: the guide's table says so" grep -q "mailcert-$unit.service.* $level |\$" tools/README.md
	done
	is 'the sockets are for those who may knock' "$(here stat -c '%a %U %G' /run/mailcert/web.sock /run/mailcert/signer.sock | paste -sd,)" \
		'660 root www-data,660 mailcert-signer mailcert-web'
	tls_check
	cages_check
}

exposure() {
	here systemd-analyze security --no-pager "$1.service" | sed -n 's/^.*Overall exposure level.*: \([0-9.]*\) .*/\1/p'
}

tls_check() {
	like 'TLS 1.3' "$(handshake -tls1_3 | grep -c 'Verify return code: 0')" '[1-9]'
	is 'TLS 1.2 with an AEAD suite' "$(cipher -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)" ECDHE-ECDSA-AES128-GCM-SHA256
	is 'no suite with CBC' "$(cipher -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256)" '(NONE)'
	is 'no TLS 1.1' "$(cipher -tls1_1 -cipher 'ALL:@SECLEVEL=0')" '(NONE)'
	like 'a page tells browsers to come by TLS only' "$(header https://mailcert.example/sign-in)" '*200*strict-transport-security: max-age=63072000*'
	like 'so does a static file' "$(header https://mailcert.example/static/style.css)" '*200*strict-transport-security: max-age=63072000*'
	is 'once' "$(header https://mailcert.example/sign-in | grep -c strict-transport)" 1
	is 'a page is not compressed' "$(header --compressed https://mailcert.example/sign-in | grep -c content-encoding)" 0
	like 'plain HTTP goes to TLS' "$(header 'http://mailcert.example/sign-in?x=1')" '*301*location: https://mailcert.example/sign-in?x=1*'
	until_good here curl -fsSo /dev/null http://pki.mailcert.example/crl/issuing-1.crl
	like 'but for CRLs' "$(header http://pki.mailcert.example/crl/issuing-1.crl)" '*200*application/pkix-crl*'
	like 'and CA certificates' "$(header http://pki.mailcert.example/ca/issuing-1.cer)" '*200*application/pkix-cert*'
	is 'without that header' "$(header http://pki.mailcert.example/crl/root-1.crl | grep -c strict-transport)" 0
	is 'the session'\''s cookie is for TLS alone' "$(header https://mailcert.example/sign-in | grep -c 'set-cookie: .*secure')" 1
}

# As a process that was taken over would see it: with its user, in its mount namespace.
as_process() { # UNIT COMMAND...
	local unit=$1
	shift
	here nsenter -t "$(pid_of "$unit")" -m -- setpriv --reuid "mailcert-$unit" --regid "mailcert-$unit" --clear-groups "$@"
}
refused() { ! as_process "$@" >/dev/null 2>&1; }
cages_check() {
	local unit
	for unit in $UNITS; do
		ok "$unit reads no secrets" refused "$unit" ls /etc/mailcert/secrets/admin
		ok "$unit writes no programs and settings" refused "$unit" sh -c 'touch /usr/x || touch /etc/x || touch /var/lib/mailcert/ca/x'
	done
	ok 'a worker sees no token' refused web ls /var/lib/mailcert/token
	ok 'the signer writes CRLs' as_process signer sh -c 'touch /var/lib/mailcert/public/crl/x && rm /var/lib/mailcert/public/crl/x'
	is 'the signer is handed its own secrets' "$(here ls /run/credentials/mailcert-signer.service | paste -sd' ')" \
		'secret_audit.key secret_database secret_pin'
	is 'a worker its own' "$(here ls /run/credentials/mailcert-web.service | paste -sd' ')" 'secret_database secret_metrics secret_pepper'
}

# --- The first certificate ---

order() { sed -n "$1p" "$WORK/orders"; }

before_the_first_certificate_2() {
	local done=$WORK/first
	grep -x '[0-9]*/b[0-9]*' "$WORK/out" >"$WORK/orders"
	is 'ten orders are added' "$(wc -l <"$WORK/orders")" 10
	ok 'the customer replaces the password that was made for them' visit welcome "$(sed -n 's/^for the first sign-in: //p' "$WORK/out")"
	ok 'the customer names a mailbox, its holder confirms it by mail' visit begin "$(order 1)" joe@mailbox.example
	ok 'the customer gets the first certificate' visit finish "$(order 1)" "$done"
	curl_crl issuing-1 "$done"
	curl_crl root-1 "$done"
	is 'it verifies up to the root of the ceremony, CRLs and all' "$(openssl verify -x509_strict -crl_check_all -purpose smimesign \
		-CAfile <(openssl x509 -inform DER -in "$WORK/ceremony/root-1.cer") -untrusted "$done/issuer.pem" \
		-CRLfile <(cat "$done/issuing-1.crl" "$done/root-1.crl") "$done/certificate.pem")" "$done/certificate.pem: OK"
	like 'it names the address of its CRL' "$(openssl x509 -in "$done/certificate.pem" -noout -ext crlDistributionPoints)" \
		'*URI:http://pki.mailcert.example/crl/issuing-1.crl*'
}
# Fetch a CRL over plain HTTP, as a mail program would, and keep it in PEM.
curl_crl() { here curl -fsS "http://pki.mailcert.example/crl/$1.crl" | openssl crl -inform DER -out "$2/$1.crl"; }

after_the_first_certificate_2() {
	like 'the command shows it' "$(cat "$WORK/out")" '*joe@mailbox.example*'
	restarts_check
}

restarts_check() {
	local unit before
	for unit in $UNITS; do
		before=$(pid_of "$unit")
		here kill -s KILL "$before"
		ok "$unit: killed, it is started again" until_good changed "$unit" "$before"
	done
	ok 'and all is well again' until_good healthy
	traffic_start
	here systemctl restart mailcert-web
	here systemctl try-restart 'mailcert-*.service'
	traffic_stop 'all services are restarted'
}
changed() { local now; now=$(pid_of "$1"); [ "$now" != 0 ] && [ "$now" != "$2" ]; }

# Visitors who come and write without a pause, until traffic_stop; its name says what went on meanwhile.
traffic_start() {
	(visit_exec traffic "$(order 10)") >"$WORK/traffic" 2>&1 &
	TRAFFIC=$!
	sleep 3
}
traffic_stop() { # WHAT
	sleep 3
	kill "$TRAFFIC"
	wait "$TRAFFIC" || true
	TRAFFIC=''
	echo "# while $1: $(cut -c 1-300 "$WORK/traffic")"
	like "while $1 no request is lost" "$(cut -c 1-1000 "$WORK/traffic")" '{"answered":[1-9]*,"failed":\[\]}'
}

# --- Mails that are signed ---

# The guide's customer for that is the browser; here it is the visitor who made the first certificate.
before_mails_that_are_signed_1() {
	awk '/^```zone$/ { on = 1; next } /^```/ { on = 0 } on' tools/README.md >"$WORK/zone"
	ok 'the zone of the guide can be read' zone_reads "$WORK/zone"
	ok 'a certificate for our own sender' visit begin "$(order 2)" no-reply@mailcert.example
	ok 'is activated' visit finish "$(order 2)" "$WORK/sender"
	cat "$WORK/sender/certificate.pem" "$WORK/sender/chain.pem" >"$HERE/root/mail.pem"
	cp "$WORK/sender/mailbox.key" "$HERE/root/mail.key"
}
zone_reads() { { printf '$ORIGIN .\n$TTL 60\nexample. IN SOA ns.example. h.example. 1 1 1 1 1\n' && cat "$1"; } | ldns-read-zone /dev/stdin >"$WORK/zone.read"; }
after_mails_that_are_signed_1() {
	until_good journal_has mailer 'ready'
	ok 'the next mail comes' visit begin "$(order 3)" signed@mailbox.example
	is 'and its signature verifies' "$(openssl cms -verify -in "$(mail_for signed@mailbox.example)" -purpose smimesign \
		-CAfile <(openssl x509 -inform DER -in "$WORK/ceremony/root-1.cer") -out /dev/null 2>&1 | head -n 1)" 'CMS Verification successful'
}
mail_for() { grep -l "^Delivered-To: $1" "$WORK"/mail/new/* | tail -n 1; }
journal_has() { journal "$1" | grep -q -- "$2"; }

# --- Watch; When something is down ---

after_watch_1() {
	like 'what to watch is well' "$(cat "$WORK/out")" '*worker ok*mailcert-signer.service*running*nextUpdate*'
}
after_watch_2() {
	is 'the audit log is exported and whole' "$(here bash -c 'mailcertctl audit verify --key /var/lib/mailcert/audit/keys.pem /var/lib/mailcert/audit/audit-*.jsonl' | cut -d: -f1)" whole
	is 'the exporting process is nobody much' "$(here systemctl show -p User --value mailcert-audit)" mailcert-admin
	like 'with an exposure of its own' "$(exposure mailcert-audit)" '[01].[0-9]'
	echo "# exposure of mailcert-audit.service: $(exposure mailcert-audit)"
	like 'and its timer waits' "$(here systemctl list-timers --no-pager mailcert-audit.timer)" '*mailcert-audit.timer*'
}
after_watch_3() {
	is 'retention runs as nobody much' "$(here systemctl show -p User,Result --value mailcert-retention | paste -sd' ')" 'success mailcert-admin'
	like 'is noted in its name' "$(here mailcertctl audit list --limit 1000 --csv)" '*admin:mailcert-admin,retention,*'
	echo "# exposure of mailcert-retention.service: $(exposure mailcert-retention)"
	like 'with an exposure of its own' "$(exposure mailcert-retention)" '[01].[0-9]'
	like 'and its timer waits' "$(here systemctl list-timers --no-pager mailcert-retention.timer)" '*mailcert-retention.timer*'
}
# Something is due: a failed sign-in of two days ago.
before_watch_3() {
	here mariadb mailcert -e "INSERT INTO sign_in_failure (at, login_hash, address) VALUES (UTC_TIMESTAMP() - INTERVAL 2 DAY, REPEAT('l', 32), '192.0.2.1')"
}
after_watch_4() {
	like 'nginx gives the counts, on the loopback address' "$(cat "$WORK/out")" '*mailcert_*'
	is 'and on no other' "$(answers /metrics)" 404
}
after_watch_5() {
	like 'report reads report views' "$(cat "$WORK/out")" '*report_order*'
	ok 'and nothing else' test "$(grep -cv '^report_\|^Tables_in' "$WORK/out")" = 0
	down_check
}
start_fails() { ! here systemctl start "$1" >/dev/null 2>&1; }
says() { here curl -s -H 'Accept: application/json' https://mailcert.example/healthz; }
answers() { here curl -s -o /dev/null -w '%{http_code}' "https://mailcert.example$1"; }
answers_well() { [ "$(answers /healthz)" = 200 ]; }

down_check() {
	local settings=$HERE/etc/mailcert/mailcert.hdf retry
	# The signer cannot reach its token.
	sed -i.kept 's/^Ca.Pkcs11.Token = .*/Ca.Pkcs11.Token = none/' "$settings"
	here systemctl restart mailcert-signer
	ok 'a signer that cannot start says why' until_good journal_has signer 'error: start: .*token none'
	like 'healthz names it' "$(says)" '*signer*'
	is 'and is not well' "$(answers /healthz)" 503
	ok 'people go on' visit submit "$(order 3)" "$WORK/down"
	mv "$settings.kept" "$settings"
	ok 'when it is back it issues what waited' visit fetch "$(order 3)" "$WORK/down"

	# The token refuses the PIN.
	here cp -p /etc/mailcert/secrets/signer/pin /root/pin
	here sh -c 'echo 00000000 >/etc/mailcert/secrets/signer/pin'
	here systemctl restart mailcert-signer
	ok 'a signer whose PIN is refused says so' until_good journal_has signer 'PIN wrong or locked'
	is 'and is not well' "$(answers /healthz)" 503
	sleep 4
	is 'it has tried once, since tokens lock' "$(journal signer | grep -c 'PIN wrong or locked')" 1
	is 'and stays down, whoever knocks' "$(here systemctl is-active mailcert-signer.service mailcert-signer.socket | paste -sd' ')" 'failed inactive'
	here cp -p /root/pin /etc/mailcert/secrets/signer/pin
	here systemctl start mailcert-signer
	ok 'with the right one all is well again' until_good answers_well

	here systemctl stop mailcert-mailer
	ok 'without a mailer people go on' visit name "$(order 4)" later@mailbox.example
	like 'the mail waits' "$(here mailcertctl queue)" '*outbox*waiting*'
	here systemctl start mailcert-mailer
	ok 'and comes when it is back' visit confirm "$(order 4)" later@mailbox.example

	here systemctl stop mailcert-web.socket mailcert-web.service 2>/dev/null
	retry=$(header https://mailcert.example/sign-in)
	like 'without workers nginx says so, calmly' "$retry" '*503*retry-after: *'
	here systemctl start mailcert.target
	ok 'and all is well again' until_good answers_well

	# A table that MariaDB does not encrypt shows that the search finds an address where there is one.
	here mv /etc/mysql/mailcert.key /root/
	ok 'a database that runs needs its key'\''s file no more' here mariadb -e "CREATE DATABASE scratch;
		CREATE TABLE scratch.clear (address TEXT) ENGINE=MyISAM; INSERT INTO scratch.clear VALUES ('clear@mailbox.example');
		CREATE TABLE scratch.hidden (address TEXT) ENGINE=InnoDB; INSERT INTO scratch.hidden VALUES ('hidden@mailbox.example'); FLUSH LOGS"
	like 'the database knows addresses' "$(here mariadb -BN mailcert -e 'SELECT email FROM mailbox')" '*joe@mailbox.example*'
	here systemctl stop mariadb
	is 'an address in a table without encryption is found' "$(files_with clear@mailbox.example)" ./scratch/clear.MYD
	is 'no other file of MariaDB'\''s has an address in clear: tables, logs, binary log' "$(files_with @mailbox.example)" ./scratch/clear.MYD
	is 'without the database nothing is well' "$(answers /healthz)" 503
	like 'healthz names it' "$(says)" '*database*'
	ok 'without its key the database does not start' start_fails mariadb
	here mv /root/mailcert.key /etc/mysql/
	here systemctl start mariadb
	ok 'the processes come back by themselves' until_good answers_well
	here mariadb -e 'DROP DATABASE scratch'
}

# --- Back up and restore ---

after_back_up_and_restore_2() {
	is 'the key of backups is not on the service'\''s machine' "$(grep -rl AGE-SECRET-KEY "$HERE/etc" "$HERE/root" "$WORK/ceremony")" ''
	ok 'a journey is at half its way' visit begin "$(order 5)" before@mailbox.example
}
after_back_up_and_restore_3() {
	is 'what is written every night is encrypted' \
		"$(for file in "$HERE"/var/backups/mailcert/*; do echo "$(basename "$file") $(head -n 1 "$file" | tr -cd '[:print:]')"; done | sed 's/-[-0-9T]*Z[.]/./' | paste -sd,)" \
		'database.sql.gz.age age-encryption.org/v1,files.tar.gz.age age-encryption.org/v1'
	ok 'another one goes on after the dump' visit begin "$(order 6)" after@mailbox.example
	ok 'and a certificate is issued' visit finish "$(order 4)" "$WORK/between"
	CRL_BEFORE=$(crl_number)
	here mailcertctl certificate list --csv >"$WORK/certificates.before"
}
crl_number() { here curl -fsS http://pki.mailcert.example/crl/issuing-1.crl | openssl crl -inform DER -noout -crlnumber; }

# The disk is lost, but for the back-ups; the machine has new packages and nothing else. The keeper brings the key.
after_back_up_and_restore_4() {
	is 'no copy of the binary log has an address in clear' "$(grep -la -- '@mailbox.example' "$HERE"/var/backups/mailcert/*)" ''
	here systemctl stop mailcert.target mailcert-db-room mariadb
	here bash -c 'rm -rf /var/lib/mysql/* /var/lib/mailcert/* /etc/mailcert/* /etc/mysql/mailcert.key /etc/mysql/mariadb.conf.d/6?-mailcert*
		mariadb-install-db --user=mysql --skip-test-db' >/dev/null 2>&1
	here systemctl start mariadb
	is 'all is gone' "$(here mariadb -BN -e 'SHOW DATABASES' | grep -c mailcert)" 0
	cp "$AWAY/root/backup.key" "$HERE/root/"
}
after_back_up_and_restore_6() {
	ok 'and its files are encrypted as before' until_good all_encrypted
	ok 'the service is there again' until_good answers_well
	is 'with every certificate' "$(here mailcertctl certificate list --csv)" "$(cat "$WORK/certificates.before")"
	ok 'the journey begun before the dump goes on' visit finish "$(order 5)" "$WORK/before"
	ok 'and the one begun after it' visit finish "$(order 6)" "$WORK/after"
	is 'the CRL did not go back' "$(crl_number)" "$CRL_BEFORE"
	until_good sealed
	ok 'the audit log is whole' here /usr/libexec/mailcert/audit-export
}
sealed() { here mailcertctl audit status --csv | tail -n 1 | grep -q '^0'; }

# --- Upgrade: the same program as version 0.2, with a migration more ---

nginx_workers() { here sh -c 'cat /proc/$(cat /run/nginx.pid)/task/*/children'; }
before_upgrade_1() {
	local t=$WORK/next
	rm -rf "$t"
	dpkg-deb -R "$deb" "$t"
	sed -i 's/^Version: .*/Version: 0.2/' "$t/DEBIAN/control"
	NEXT=$(printf '%04d' $(($(find sql/migrations -name '*.sql' | wc -l) + 1)))
	cat >"$t/usr/share/mailcert/sql/migrations/${NEXT}_next.sql" <<-'END'
		-- A migration of the version after this one: a column and an index on the table that everybody writes.
		ALTER TABLE orders ADD COLUMN IF NOT EXISTS next_test INT NOT NULL DEFAULT 7;
		ALTER TABLE orders ADD INDEX IF NOT EXISTS next_test (next_test, id);
	END
	dpkg-deb --root-owner-group -b "$t" "$HERE/root/mailcert_0.2_$(dpkg --print-architecture).deb" >/dev/null
	BEFORE=$(pid_of web)
	ROOM_BEFORE=$(pid_of db-room)
	NGINX_BEFORE=$(nginx_workers)
	traffic_start
}
after_upgrade_1() {
	traffic_stop 'the version is changed'
	is 'the new version is installed' "$(here dpkg-query -W -f '${Version}' mailcert)" 0.2
	like 'its schema is there' "$(here mailcertctl db status)" "*${NEXT}_next*applied*"
	ok 'its programs run' changed web "$BEFORE"
	ok 'so does what looks after the disk' changed db-room "$ROOM_BEFORE"
	ok 'nginx has read its new files' test "$(nginx_workers)" != "$NGINX_BEFORE"
	like 'the settings are as they were' "$(here mailcertctl config check /etc/mailcert/mailcert.hdf 2>&1)" '*/etc/mailcert/mailcert.hdf: nothing else wrong'
}

# --- Rotate keys ---

before_rotate_keys_1() {
	OLD=$(cat "$HERE/etc/mailcert/secrets/web/database")
	traffic_start
}
after_rotate_keys_1() {
	traffic_stop 'passwords are changed'
	ok 'the old password is none any more' refused_sign_in "$OLD"
}
refused_sign_in() { ! here mariadb -u web -p"$1" -e 'SELECT 1' >/dev/null 2>&1; }
after_rotate_keys_2() { ok 'the signer knows the new PIN' until_good answers_well; }
after_rotate_keys_3() {
	until_good sealed
	ok 'both keys prove the log whole' here systemctl start mailcert-audit
	is 'in their order' "$(here grep -c BEGIN /var/lib/mailcert/audit/keys.pem)" 2
}
# The keepers put the PIN together again.
before_rotate_keys_5() {
	(umask 077 && sed -n 's/^first keeper: \(.*\)   second keeper: \(.*\)   both: .*/\1\2/p' "$WORK/transcript" \
		>"$AWAY/etc/mailcert/secrets/signer/pin")
}
after_rotate_keys_6() {
	ok 'a certificate' visit begin "$(order 7)" new-ca@mailbox.example
	ok 'comes from the new CA' visit finish "$(order 7)" "$WORK/second"
	like 'by name' "$(openssl x509 -in "$WORK/second/certificate.pem" -noout -issuer)" '*Example Mailbox CA 2'
	ok 'one of the former CA is revoked' visit revoke "$(order 1)"
	ok 'on its own CRL' until_good on_crl issuing-1 "$WORK/first/certificate.pem"
}
on_crl() {
	here curl -fsS "http://pki.mailcert.example/crl/$1.crl" | openssl crl -inform DER -noout -text |
		grep -q "$(openssl x509 -in "$2" -noout -serial | cut -d= -f2)"
}
after_rotate_keys_7() {
	is 'the root'\''s new CRL is published' "$(here sha256sum /var/lib/mailcert/public/crl/root-1.crl | cut -c1-64)" \
		"$(sha256sum "$AWAY/var/lib/mailcert/public/crl/root-1.crl" | cut -c1-64)"
}

# --- Remove ---

after_remove_1() {
	is 'nothing runs' "$(here systemctl list-units --no-legend --plain 'mailcert*')" ''
	ok 'no process is left' test -z "$(for unit in $UNITS; do here find /proc -maxdepth 1 -user "mailcert-$unit"; done)"
	ok 'nginx is well without the site' here nginx -t
	ok 'programs are gone' test ! -e "$HERE/usr/sbin/mailcertctl"
	ok 'settings stay' test -e "$HERE/etc/mailcert/mailcert.hdf"
}
after_remove_2() {
	ok 'purged, settings are gone' test ! -e "$HERE/etc/mailcert/mailcert.hdf"
	ok 'so are programs, units, templates' test -z "$(cd "$HERE" && find usr lib -path '*mailcert*' -type f -not -path '*/perl*' | head -n 3)"
	ok 'keys stay' test -n "$(here find /var/lib/mailcert/token -name '*.object')"
	like 'so does the database' "$(here mariadb -BN -e 'SELECT COUNT(*) FROM mailcert.certificate')" '[1-9]*'
}
