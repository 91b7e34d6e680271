#!/bin/bash
# test_ceremony.sh - a key ceremony by mailcertctl with the root on a machine of its own: no database there, and no
# private key ever on the way.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null
mkdir "$T/root" "$T/way"
# The root's machine: a configuration without a database.
cat >"$T/root.hdf" <<END
Ca.Dir = $T/root/ca
Ca.PublicDir = $T/root/public
Ca.PublicUrl = http://pki.mailcert.example
Db.Socket = $T/root/none
END
there() { "$CTL" --config "$T/root.hdf" "$@"; }

run there ca root --key p384 --organization Example --country DE --root-common-name 'Example Root 1'
is "the root is made without a database" "$RC" 0
run there ca root
is "once" "$RC" 1
run ctl ca request --key p256
is "a request is made here" "$RC" 0
cp "$T/out" "$T/way/issuing-1.csr"
key=$(sed -n 's/^SHA-256 of the public key: //p' "$T/err")
is "with the hash of its key" "$key" "$(openssl req -in "$T/way/issuing-1.csr" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)"
run ctl ca request
is "once: the key is there" "$RC" 1
run there ca sign "$T/way/issuing-1.csr" --organization Example --country DE --common-name 'Example Mailbox CA 1' </dev/null
is "signing asks first" "$RC" 2
run there ca sign --yes "$T/way/issuing-1.csr" --organization Example --country DE --common-name 'Example Mailbox CA 1'
is "the root signs" "$RC" 0
like "and shows the same hash" "$(cat "$T/err")" "*$key*"
run there ca sign --yes "$T/way/issuing-1.csr"
is "once" "$RC" 1
sed -e '3{s/^A/B/;t' -e 's/^./A/}' "$T/way/issuing-1.csr" >"$T/way/bad.csr"
run there ca sign --yes "$T/way/bad.csr" --name issuing-9
is "a request that was changed is refused" "$RC" 1
cp "$T"/root/ca/*.cer "$T/root/public/crl/root-1.crl" "$T/way/"
run ctl ca register --from "$T/way"
is "what the root gave is taken" "$RC $(cat "$T/err")" "0 "
is "and known to the database" "$(ctl ca show --json | python3 -c 'import json, sys; print([(c["name"], c["signed_by"]) for c in json.load(sys.stdin)])')" "[('root-1', None), ('issuing-1', 'root-1')]"
is "and published" "$(cd "$T/public" && echo */*)" "ca/issuing-1.cer ca/root-1.cer crl/root-1.crl"
for name in root-1 issuing-1; do openssl x509 -inform DER -in "$T/public/ca/$name.cer" -out "$T/$name.pem"; done
is "the chain verifies" "$(openssl verify -x509_strict -CAfile "$T/root-1.pem" "$T/issuing-1.pem")" "$T/issuing-1.pem: OK"
like "with the names that the root gave" "$(openssl x509 -in "$T/issuing-1.pem" -noout -subject)" "*C = DE, O = Example, CN = Example Mailbox CA 1"
is "each key is where it was made" "$(cd "$T" && echo ca/*.key root/ca/*.key)" "ca/issuing-1.key root/ca/root-1.key"
run ctl ca register --from "$T/way"
is "again is fine" "$RC" 0

# The root's next CRL, and then a folder with the one before.
mkdir "$T/next"
cp "$T/way"/* "$T/next/"
run there ca crl
cp "$T/root/public/crl/root-1.crl" "$T/next/"
run ctl ca register --from "$T/next"
is "the next CRL is taken" "$RC $(cat "$T/err")" "0 "
ok "and published" cmp -s "$T/next/root-1.crl" "$T/public/crl/root-1.crl"
run ctl ca register --from "$T/way"
is "the one before is refused" "$RC" 1
like "which says why" "$(cat "$T/err")" "mailcertctl: config_invalid: *the CRL of root-1 has the number *, and * stands here already"
ok "and the one that stands stays" cmp -s "$T/next/root-1.crl" "$T/public/crl/root-1.crl"
run ctl ca register --from "$T/next"
is "the one that stands is fine" "$RC $(cat "$T/err")" "0 "
run ctl ca register --from "$T/none"
is "a folder that is not there" "$RC" 1
finish
