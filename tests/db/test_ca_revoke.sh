#!/bin/bash
# test_ca_revoke.sh - an issuing CA is revoked by mailcertctl where its root is, without a database: what the root's CRL
# says of it, for how long, and what a program that verifies makes of what that CA issued.
. "$(dirname "$0")/lib.sh"
# The root's machine: a configuration without a database.
cat >"$T/root.hdf" <<END
Ca.Dir = $T/ca
Ca.PublicDir = $T/public
Ca.PublicUrl = http://pki.mailcert.example
Db.Socket = $T/none
END
there() { "$CTL" --config "$T/root.hdf" "$@"; }
crl() { openssl crl -inform DER -in "$T/public/crl/root-1.crl" -noout "$@"; }
number() { crl -crlnumber | sed 's/^crlNumber=0x//'; }

# Two issuing CAs whose keys lie here, and what the first one issued: a leaf, and an empty CRL.
there ca root 2>/dev/null
cat >"$T/openssl.cnf" <<END
[ca]
default_ca = one
[one]
database = $T/index
default_md = sha256
default_crl_days = 7
crlnumber = $T/crlnumber
END
: >"$T/index"
echo 01 >"$T/crlnumber"
for n in 1 2; do
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/issuing-$n.key" -subj "/CN=x" \
		-out "$T/issuing-$n.csr" 2>/dev/null
	there ca sign --yes "$T/issuing-$n.csr" --name "issuing-$n" --common-name "Issuing $n" 2>/dev/null
	openssl x509 -inform DER -in "$T/ca/issuing-$n.cer" -out "$T/issuing-$n.pem"
done
openssl x509 -inform DER -in "$T/ca/root-1.cer" -out "$T/root-1.pem"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/leaf.key" -subj "/CN=joe" -out "$T/leaf.csr" 2>/dev/null
openssl x509 -req -in "$T/leaf.csr" -CA "$T/issuing-1.pem" -CAkey "$T/issuing-1.key" -days 30 -out "$T/leaf.pem" 2>/dev/null
openssl ca -config "$T/openssl.cnf" -gencrl -cert "$T/issuing-1.pem" -keyfile "$T/issuing-1.key" -out "$T/issuing-1.crl.pem" 2>/dev/null
# What a program that verifies with all CRLs says of a leaf.
verified() {
	openssl crl -inform DER -in "$T/public/crl/root-1.crl" -out "$T/root-1.crl.pem"
	openssl verify -crl_check_all -CAfile "$T/root-1.pem" -untrusted "$T/issuing-1.pem" -CRLfile "$T/root-1.crl.pem" \
		-CRLfile "$T/issuing-1.crl.pem" "$T/leaf.pem" 2>&1
}
serial=$(openssl x509 -in "$T/issuing-1.pem" -noout -serial | sed 's/serial=//')

is "before: a leaf is good" "$(verified)" "$T/leaf.pem: OK"
run there ca revoke issuing-1 --reason superseded </dev/null
is "it asks first" "$RC" 2
for reason in unspecified certificateHold removeFromCRL bogus; do
	run there ca revoke issuing-1 --reason "$reason" --yes
	is "a reason that no CA has: $reason" "$RC" 2
done
run there ca revoke issuing-1 --yes
is "no reason" "$RC" 2
run there ca revoke issuing-1 --reason superseded --at 2999-01-01 --yes
is "a time to come" "$RC" 2
run there ca revoke issuing-1 --reason superseded --at 2020-01-01 --yes
is "a time before it began" "$RC" 1
run there ca revoke root-1 --reason superseded --yes
is "the root itself" "$RC" 1
run there ca revoke issuing-9 --reason superseded --yes
is "a CA that is not there" "$RC" 1
ok "and nothing was noted" test ! -e "$T/ca/root-1.revoked"
is "the leaf is good still" "$(verified)" "$T/leaf.pem: OK"

before=$(number)
run there ca revoke issuing-1 --reason cessationOfOperation --yes
is "it is revoked" "$RC $(cat "$T/out")" "0 "
like "which says what to do next" "$(cat "$T/err")" "*issuing-1, serial ${serial,,}, is revoked since 20*ca register --from*Ca.Former*"
like "it is noted: serial, time, reason" "$(cat "$T/ca/root-1.revoked")" "${serial,,} 20??-??-??T??:??:??Z cessationOfOperation"
is "with what kind of file" "$(stat -c %a "$T/ca/root-1.revoked")" 644
like "the root's CRL has it, with its reason" "$(crl -text)" "*Serial Number: $serial*Reason Code: *Cessation Of Operation*"
like "a leaf fails" "$(verified)" "*certificate revoked*"
ok "the number grew" test $((16#$(number))) -gt $((16#$before))
like "its own issuer made the CRL" "$(crl -CAfile "$T/root-1.pem" 2>&1)" "*verify OK*"

before=$(number)
noted=$(cat "$T/ca/root-1.revoked")
run there ca revoke issuing-1 --reason keyCompromise --yes
is "again is fine" "$RC" 0
like "and says so" "$(cat "$T/err")" "*is revoked already, since 20*cessationOfOperation*"
is "the first reason and time stay" "$(cat "$T/ca/root-1.revoked")" "$noted"
run there ca crl
is "another CRL" "$RC" 0
like "lists it" "$(crl -text)" "*Serial Number: $serial*Cessation Of Operation*"
ok "its number grew" test $((16#$(number))) -gt $((16#$before))
run there ca revoke issuing-2 --reason keyCompromise --yes
is "a second CA" "$RC $(crl -text | grep -c 'Serial Number')" "0 2"

# The file is lost: a CRL of what is left would forgive.
mv "$T/ca/root-1.revoked" "$T/lost"
cp "$T/public/crl/root-1.crl" "$T/standing"
run there ca crl
is "without the file no CRL is made" "$RC" 1
like "which says why" "$(cat "$T/err")" "mailcertctl: config_invalid: *root-1.crl lists the CA with serial *; root-1.revoked in Ca.Dir does not"
ok "and the one that stands stays" cmp -s "$T/public/crl/root-1.crl" "$T/standing"
mv "$T/lost" "$T/ca/root-1.revoked"
run there ca crl
is "with it one is" "$RC $(crl -text | grep -c 'Serial Number')" "0 2"
finish
