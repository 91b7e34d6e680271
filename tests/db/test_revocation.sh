#!/bin/bash
# test_revocation.sh - a compromised key takes along every certificate that has it: several orders of one mailbox may.
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null

as admin "CALL admin_partner_add('test', 'acme', 'Acme');
	CALL admin_partner_key_add('test', 'acme', UNHEX(SHA2('key', 256)), 'all', 'order,read,revoke', NULL)" >/dev/null
# Orders 1 to 6 with certificates: key k but for 5, which has its own; 4 has expired, 6 is revoked already. 3 tells its partner.
as root "
INSERT INTO callback_address (id, partner_id, url, secret, created_at) SELECT 1, id, 'https://acme.example/told', 'hush', UTC_TIMESTAMP() FROM partner;
INSERT INTO issuer (id, name, kind, certificate, sha256, not_after) VALUES (1, 'issuing-1', 'issuing', 'der', REPEAT('i', 32), '2040-01-01');
INSERT INTO orders (id, number, item, partner_id, product, customer_name, language, email, mailbox_status, activation_status, callback_address_id)
	SELECT seq, LPAD(seq, 10, '0'), 'b01', (SELECT id FROM partner), 'smime-mailbox-365', 'Joe', 'en', 'joe@example.org', 'verified', 'verified', IF(seq = 3, 1, NULL) FROM seq_1_to_6;
INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) SELECT 1, REPEAT(seq, 16), seq, REPEAT('t', 32), UTC_TIMESTAMP(), 'issued' FROM seq_1_to_6;
INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at)
	SELECT seq, 1, REPEAT(seq, 16), 'joe@example.org', 'der', REPEAT('h', 32), REPEAT(IF(seq = 5, 'o', 'k'), 32), UTC_TIMESTAMP() - INTERVAL 300 DAY,
	UTC_TIMESTAMP() + INTERVAL IF(seq = 4, -1, 65) DAY, UTC_TIMESTAMP() - INTERVAL 300 DAY FROM seq_1_to_6"
revoke() { as web "CALL certificate_revoke('key', 'key', '$(printf %010d "$1")', 'b01', $2, '192.0.2.1')"; }
revoked() { as root "SELECT GROUP_CONCAT(c.order_id, ':', r.reason ORDER BY c.order_id) FROM revocation r JOIN certificate c USING (issuer_id, serial)"; }

revoke 6 4
is "another reason takes one certificate" "$(revoked)" "6:4"
revoke 2 1
is "keyCompromise takes all that are valid and have the key" "$(revoked)" "1:1,2:1,3:1,6:4"
is "their orders say so" "$(as root "SELECT GROUP_CONCAT(id ORDER BY id) FROM orders WHERE state = 'revoked'")" "1,2,3,6"
is "each is noted, with why" "$(as root "SELECT order_id, actor, detail FROM audit WHERE event = 'certificate_revoked' AND order_id <> 6 ORDER BY order_id")" \
	$'1\tpartner:acme\treason 1 | it has the key of 0000000002/b01\n2\tpartner:acme\treason 1\n3\tpartner:acme\treason 1 | it has the key of 0000000002/b01'
is "each holder is told" "$(as root "SELECT GROUP_CONCAT(order_id ORDER BY order_id) FROM outbox WHERE kind = 'revoked' AND arg = '1'")" "1,2,3"
is "and each partner that wants to know" "$(as root "SELECT GROUP_CONCAT(order_id, ':', status) FROM callback")" "3:revoked"
revoke 1 1
is "again is calm" "$(as root "SELECT COUNT(*) FROM revocation; SELECT COUNT(*) FROM audit WHERE event = 'certificate_revoked'")" $'4\n4'
is "an admin's, for the whole key too" "$(as root "UPDATE certificate SET spki_sha256 = REPEAT('o', 32), not_after = UTC_TIMESTAMP() + INTERVAL 1 DAY WHERE order_id = 4";
	as admin "CALL admin_certificate_revoke('test', '0000000005', 'b01', 1, '2026-01-02 03:04:05')" >/dev/null
	as root "SELECT requested_by, received_at FROM revocation r JOIN certificate c USING (issuer_id, serial) WHERE c.order_id = 4")" $'admin:test\t2026-01-02 03:04:05'
is "nothing valid with a blocked key is left" "$(ctl report keys-blocked --csv | wc -l)" 1
finish
