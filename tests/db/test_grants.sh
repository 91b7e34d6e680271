#!/bin/bash
# test_grants.sh - what each account must not be able to do: everything here is tried and refused by the database's
# grants (1142 table, 1143 column, 1370 procedure, 1044 database, 1227 server), or by a trigger (1644).
. "$(dirname "$0")/lib.sh"
db_start
ctl db migrate >/dev/null
as root "INSERT INTO partner (name, title) VALUES ('acme', 'Acme');
	INSERT INTO partner_key (partner_id, hash, label, scopes) VALUES (1, REPEAT('k', 32), 'k', 'order');
	INSERT INTO account (login, kind, name, email, salt, verifier) VALUES ('demo', 'customer', 'Demo', 'd@example.org', REPEAT('s', 16), REPEAT('v', 32));
	INSERT INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at) VALUES (REPEAT('h', 32), 1, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 1800, UTC_TIMESTAMP() + INTERVAL 1 DAY);
	INSERT INTO orders (number, item, account_id, product, customer_name, language, email) VALUES ('0000000001', 'b01', 1, 'smime-mailbox-365', 'Demo', 'en', 'joe@example.org');
	INSERT INTO mailbox (order_id, email, initiated_at) VALUES (1, 'joe@example.org', UTC_TIMESTAMP());
	UPDATE orders SET mailbox_id = 1;
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, next_at) VALUES ('verification', 1, 1, 'joe@example.org', 'en', UTC_TIMESTAMP(), UTC_TIMESTAMP());
	INSERT INTO mailbox_value VALUES (REPEAT('m', 32), 1, 1, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 1 DAY, NULL, NULL);
	INSERT INTO issuer (name, kind, certificate, sha256, not_after) VALUES ('issuing-1', 'issuing', 'der', REPEAT('i', 32), UTC_TIMESTAMP());
	CALL audit_add('test', 'test', 1, NULL, NULL)"

# Everything a table holds, to see that an attempt changed nothing.
everything() {
	as root "CHECKSUM TABLE account, session, partner, partner_key, orders, mailbox, mailbox_value, activation, issuance, serial, certificate, revocation, key_block, outbox, audit, issuer, crl, secret"
}
BEFORE=$(everything)

# no ACCOUNT WHAT SQL
no() {
	local got
	got=$(as "$1" "$3")
	case $got in
	"ERROR 1142 "* | "ERROR 1143 "* | "ERROR 1370 "* | "ERROR 1044 "* | "ERROR 1227 "*) got=refused ;;
	esac
	is "$1 cannot $2" "$got" refused
}

# --- the worker ---
is "web reads what pages show" "$(as web 'SELECT email FROM orders')" joe@example.org
is "web does not see how procedures work inside" "$(as web "SELECT COUNT(routine_definition) FROM information_schema.routines")" 0
no web "mark a mailbox verified" "UPDATE mailbox SET confirmed_at = UTC_TIMESTAMP()"
no web "mark an order's step verified" "UPDATE orders SET mailbox_status = 'verified'"
no web "read the hash of a random value" "SELECT hash FROM mailbox_value"
no web "read it through a star" "SELECT * FROM mailbox_value"
no web "search for it" "SELECT created_at FROM mailbox_value WHERE hash = REPEAT('m', 32)"
no web "order by it" "SELECT created_at FROM mailbox_value ORDER BY hash"
no web "make a random value of its own" "INSERT INTO mailbox_value VALUES (REPEAT('w', 32), 1, 1, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 1 DAY, NULL, NULL)"
no web "make one as the mailer does" "CALL outbox_value(1, 'm1', REPEAT('w', 32))"
no web "lengthen one's life" "UPDATE mailbox_value SET expires_at = expires_at + INTERVAL 1 DAY"
no web "redirect a mail" "UPDATE outbox SET recipient = 'mallory@example.org'"
no web "write a mail" "INSERT INTO outbox (kind, order_id, recipient, language, created_at, next_at) VALUES ('verification', 1, 'mallory@example.org', 'en', UTC_TIMESTAMP(), UTC_TIMESTAMP())"
no web "call outbox_verification past the rules" "CALL outbox_verification(1)"
no web "take mail" "CALL outbox_take('web', 1, 60, FALSE)"
no web "say that mail was sent" "CALL outbox_done(1, 'm1', 'sent', 0, '', '')"
no web "insert a certificate" "INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at) VALUES (1, 1, REPEAT('s', 16), 'joe@example.org', 'x', REPEAT('x', 32), REPEAT('x', 32), NOW(), NOW(), NOW())"
no web "reserve a serial" "CALL issuance_reserve('web', '[]')"
no web "take an issuance" "CALL issuance_take('web', 1, 60, FALSE)"
no web "store a certificate" "CALL issuance_store_with('web', '[]', '')"
no web "store a certificate as the version before did" "CALL issuance_store('web', '[]')"
no web "queue an issuance by itself" "INSERT INTO issuance (order_id, queued_at, next_at) VALUES (1, NOW(), NOW())"
no web "send an order back" "CALL issuance_return(1, 'web', 'mailbox', 'x', '')"
no web "say what CAA said" "CALL caa_record('web', '[]')"
no web "change an audit event" "UPDATE audit SET detail = 'nothing happened'"
no web "delete an audit event" "DELETE FROM audit"
no web "empty the audit log" "TRUNCATE audit"
no web "forge an audit event" "CALL audit_add('holder', 'mailbox_verified', 1, NULL, NULL)"
no web "insert one" "INSERT INTO audit (at, actor, event) VALUES (NOW(), 'holder', 'x')"
no web "read who acted, and from where" "SELECT actor, address FROM audit"
no web "drop the audit log's triggers" "DROP TRIGGER audit_kept"
no web "read a verifier" "SELECT verifier FROM account"
no web "read a salt" "SELECT salt FROM account"
no web "read the logins" "SELECT login FROM account"
no web "set a password" "UPDATE account SET verifier = REPEAT('w', 32)"
no web "make an account" "CALL admin_account_add('web', 'x', 'x', NULL, NULL, NULL, REPEAT('x', 16), 16, REPEAT('x', 32))"
no web "read sessions" "SELECT * FROM session"
no web "make a session" "INSERT INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at) VALUES (REPEAT('w', 32), 1, NOW(), NOW(), 1800, NOW())"
no web "see the sessions of all people" "SELECT browser FROM session"
no web "make one through the view" "UPDATE live_session SET id_hash = REPEAT('w', 32)"
no web "read the challenge of a session" "SELECT challenge FROM session"
no web "let a session that waits for a security key in" "UPDATE key_session SET id_hash = REPEAT('w', 32)"
no web "read people's security keys" "SELECT * FROM account_key"
no web "take one away" "CALL admin_account_key_remove('web', 'demo', NULL)"
no web "spend somebody's challenge" "CALL account_key_spend(REPEAT('w', 32), REPEAT('w', 32), @good)"
no web "read a partner's key hash" "SELECT hash FROM partner_key"
no web "make a partner's key" "CALL admin_partner_key_add('web', 'acme', REPEAT('w', 32), 'x', 'order', NULL)"
no web "read the pepper" "SELECT value FROM secret"
no web "unblock a key" "DELETE FROM key_block"
no web "tell another number of a blocked key" "CALL key_numbered(REPEAT('x', 32), REPEAT('y', 32))"
no web "take a certificate off the CRL" "DELETE FROM revocation"
no web "revoke without the owner" "CALL revocation_add(1, 1, 'web', NULL, NULL)"
no web "claim an order and keep it" "CALL order_claim('session', 'x', '0000000001', 'b01', 'order', @a, @b)"
no web "cancel an order as an admin" "CALL admin_order_cancel('web', '0000000001', 'b01', NULL)"
no web "add an order" "INSERT INTO orders (number, item, account_id, product, customer_name, language) VALUES ('1', 'b01', 1, 'x', 'x', 'en')"
no web "draw order numbers" "SELECT NEXTVAL(order_number)"
no web "replace an issuer" "UPDATE issuer SET certificate = 'x'"
no web "make a procedure" "CREATE PROCEDURE backdoor() SELECT 1"
no web "change a procedure" "CREATE OR REPLACE PROCEDURE key_check(p BINARY(32)) SELECT 1"
no web "make a view" "CREATE OR REPLACE VIEW v AS SELECT 1"
no web "make a table" "CREATE TABLE backdoor (id INT)"
no web "change a table" "ALTER TABLE orders ADD COLUMN x INT"
no web "give rights away" "GRANT SELECT ON orders TO mailer@localhost"
no web "read the server's accounts" "SELECT * FROM mysql.global_priv"
no web "read files" "SELECT 1 INTO OUTFILE '/tmp/mailcert-test'"
no web "read the schema's history" "SELECT * FROM schema_migration"

# --- the mailer ---
no mailer "read accounts" "SELECT login FROM account"
no mailer "read orders" "SELECT * FROM orders"
no mailer "read a random value's hash" "SELECT hash FROM mailbox_value"
no mailer "read the outbox past its transition" "SELECT * FROM outbox"
no mailer "mark a mailbox verified" "UPDATE mailbox SET confirmed_at = NOW()"
no mailer "answer for the holder" "CALL mailbox_answer('value', TRUE, NULL, NULL)"
no mailer "submit an activation" "CALL activation_submit('session', 'x', '0000000001', 'b01', REPEAT('x', 32), '1', NULL)"
no mailer "take an issuance" "CALL issuance_take('mailer', 1, 60, FALSE)"
no mailer "store a certificate" "CALL issuance_store_with('mailer', '[]', '')"
no mailer "sign in" "CALL sign_in_begin('demo', NULL)"
no mailer "read the audit log" "SELECT * FROM audit"
no mailer "change the audit log" "DELETE FROM audit"
no mailer "write certificates" "DELETE FROM certificate"
no mailer "make a procedure" "CREATE PROCEDURE backdoor() SELECT 1"

# --- the signer ---
no signer "read accounts" "SELECT login FROM account"
no signer "read the pepper" "SELECT * FROM secret"
no signer "mark a mailbox verified" "UPDATE mailbox SET confirmed_at = NOW()"
no signer "answer for the holder" "CALL mailbox_answer('value', TRUE, NULL, NULL)"
no signer "submit an activation" "CALL activation_submit('session', 'x', '0000000001', 'b01', REPEAT('x', 32), '1', NULL)"
no signer "insert a certificate past its transition" "INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at) VALUES (1, 1, REPEAT('s', 16), 'joe@example.org', 'x', REPEAT('x', 32), REPEAT('x', 32), NOW(), NOW(), NOW())"
no signer "forget a serial" "DELETE FROM serial"
no signer "forget a revocation" "DELETE FROM revocation"
no signer "change the audit log" "UPDATE audit SET detail = 'x'"
no signer "take mail" "CALL outbox_take('signer', 1, 60, FALSE)"
no signer "make a random value" "CALL outbox_value(1, 'm1', REPEAT('w', 32))"
no signer "add an issuer" "CALL admin_issuer_add('signer', 'x', NULL, 'x', REPEAT('x', 32), NOW())"
no signer "make a procedure" "CREATE PROCEDURE backdoor() SELECT 1"

# --- the sender of callbacks ---
no callback "read accounts" "SELECT login FROM account"
no callback "read orders" "SELECT * FROM orders"
no callback "read partners' keys" "SELECT hash FROM partner_key"
no callback "mark a mailbox verified" "UPDATE mailbox SET confirmed_at = NOW()"
no callback "take an issuance" "CALL issuance_take('callback', 1, 60, FALSE)"
no callback "take mail" "CALL outbox_take('callback', 1, 60, FALSE)"
no callback "change the audit log" "DELETE FROM audit"

# --- reports ---
for table in account session partner_key mailbox_value secret activation; do
	no report "read $table" "SELECT * FROM $table"
done
no report "act" "CALL sign_in_begin('demo', NULL)"

is "and nothing of all this left a trace" "$(everything)" "$BEFORE"
is "the audit log cannot be changed by the admin either" "$(as admin "UPDATE audit SET detail = 'x'" | cut -c 1-10)" "ERROR 1644"
is "nor can an event be removed" "$(as admin "DELETE FROM audit" | cut -c 1-10)" "ERROR 1644"
finish
