-- admin.sql - what mailcertctl may change, as procedures: one act, one transaction, one audit event whose actor is
-- "admin:" and the admin's name.
--
-- A refusal is `command_refused|sentence`; the sentence is for the admin's eyes. As in transitions.sql every act
-- may be run again after a lost connection. Nobody but the admin account may run these (grants.sql names none).
--
-- Applied again by every `mailcertctl db migrate`, after transitions.sql; each statement ends with the line "$$".

CREATE OR REPLACE PROCEDURE admin_refuse(p_why VARCHAR(400))
BEGIN
	DECLARE v_text VARCHAR(420) DEFAULT CONCAT('command_refused|', LEFT(p_why, 180));

	SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = v_text;
END
$$

CREATE OR REPLACE PROCEDURE admin_audit(p_admin VARCHAR(64), p_event VARCHAR(40), p_order BIGINT UNSIGNED,
    p_detail VARCHAR(1000))
	CALL audit_add(CONCAT('admin:', p_admin), p_event, p_order, NULL, p_detail)
$$

-- ---------------------------------------------------------------- partners and their keys

-- The partner of that name, locked; refuses when there is none.
CREATE OR REPLACE PROCEDURE admin_partner(p_name VARCHAR(64) CHARACTER SET ascii, OUT o_partner INT UNSIGNED)
BEGIN
	SELECT id INTO o_partner FROM partner WHERE name = p_name FOR UPDATE;
	IF o_partner IS NULL THEN CALL admin_refuse(CONCAT('there is no partner "', p_name, '"')); END IF;
END
$$

CREATE OR REPLACE PROCEDURE admin_partner_add(p_admin VARCHAR(64), p_name VARCHAR(64) CHARACTER SET ascii, p_title VARCHAR(200))
BEGIN
	DECLARE v_title VARCHAR(200);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT title INTO v_title FROM partner WHERE name = p_name FOR UPDATE;
	IF v_title IS NULL THEN
		INSERT INTO partner (name, title) VALUES (p_name, p_title);
		CALL admin_audit(p_admin, 'partner_added', NULL, CONCAT(p_name, ': ', p_title));
	ELSEIF v_title <> p_title THEN
		CALL admin_refuse(CONCAT('there is a partner "', p_name, '" already: ', v_title));
	END IF;
	COMMIT;
END
$$

-- p_hash is the SHA-256 of the key's text. p_days NULL: it does not expire.
CREATE OR REPLACE PROCEDURE admin_partner_key_add(p_admin VARCHAR(64), p_partner VARCHAR(64) CHARACTER SET ascii,
    p_hash BINARY(32), p_label VARCHAR(100), p_scopes VARCHAR(40), p_days INT UNSIGNED)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_partner(p_partner, v_partner);
	IF NOT EXISTS (SELECT 1 FROM partner_key WHERE hash = p_hash) THEN
		INSERT INTO partner_key (partner_id, hash, label, scopes, expires_at)
		VALUES (v_partner, p_hash, p_label, p_scopes, UTC_TIMESTAMP() + INTERVAL p_days DAY);
		CALL admin_audit(p_admin, 'partner_key_added', NULL,
		    CONCAT(p_partner, ': key ', LAST_INSERT_ID(), ' ', p_label, ', ', p_scopes));
	END IF;
	COMMIT;
	SELECT id FROM partner_key WHERE hash = p_hash;
END
$$

CREATE OR REPLACE PROCEDURE admin_partner_key_revoke(p_admin VARCHAR(64), p_id INT UNSIGNED)
BEGIN
	DECLARE v_partner VARCHAR(64);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT p.name INTO v_partner FROM partner_key k JOIN partner p ON p.id = k.partner_id WHERE k.id = p_id;
	IF v_partner IS NULL THEN CALL admin_refuse(CONCAT('there is no key ', p_id)); END IF;
	UPDATE partner_key SET revoked_at = UTC_TIMESTAMP() WHERE id = p_id AND revoked_at IS NULL;
	IF ROW_COUNT() > 0 THEN
		CALL admin_audit(p_admin, 'partner_key_revoked', NULL, CONCAT(v_partner, ': key ', p_id));
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- accounts

-- The account of that login, locked; refuses when there is none.
CREATE OR REPLACE PROCEDURE admin_account(p_login VARCHAR(190) COLLATE utf8mb4_bin, OUT o_account INT UNSIGNED)
BEGIN
	SELECT id INTO o_account FROM account WHERE login = p_login FOR UPDATE;
	IF o_account IS NULL THEN CALL admin_refuse(CONCAT('there is no account "', p_login, '"')); END IF;
END
$$

-- p_partner (a name) makes it a partner's. p_derived is scrypt(password, salt); only its hash is stored.
CREATE OR REPLACE PROCEDURE admin_account_add(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_bin,
    p_name VARCHAR(200), p_partner VARCHAR(64), p_email VARCHAR(254), p_language CHAR(2), p_salt BINARY(16),
    p_derived BINARY(32))
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_salt BINARY(16);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_partner IS NOT NULL THEN CALL admin_partner(p_partner, v_partner); END IF;
	SELECT salt INTO v_salt FROM account WHERE login = p_login FOR UPDATE;
	IF v_salt IS NULL THEN
		INSERT INTO account (login, kind, partner_id, name, email, language, salt, verifier)
		VALUES (p_login, IF(v_partner IS NULL, 'customer', 'partner'), v_partner, p_name, p_email, p_language, p_salt,
		    UNHEX(SHA2(p_derived, 256)));
		CALL admin_audit(p_admin, 'account_added', NULL, p_login);
	ELSEIF v_salt <> p_salt THEN
		CALL admin_refuse(CONCAT('there is an account "', p_login, '" already'));
	END IF;
	COMMIT;
END
$$

-- A new password; whoever is signed in with the old one is signed out.
CREATE OR REPLACE PROCEDURE admin_account_passwd(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_bin,
    p_salt BINARY(16), p_derived BINARY(32))
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_account(p_login, v_account);
	UPDATE account SET salt = p_salt, verifier = UNHEX(SHA2(p_derived, 256))
	WHERE id = v_account AND salt <> p_salt;
	IF ROW_COUNT() > 0 THEN
		DELETE FROM session WHERE account_id = v_account;
		CALL admin_audit(p_admin, 'password_changed', NULL, p_login);
	END IF;
	COMMIT;
END
$$

CREATE OR REPLACE PROCEDURE admin_account_disable(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_bin)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_account(p_login, v_account);
	UPDATE account SET disabled_at = UTC_TIMESTAMP() WHERE id = v_account AND disabled_at IS NULL;
	IF ROW_COUNT() > 0 THEN
		DELETE FROM session WHERE account_id = v_account;
		CALL admin_audit(p_admin, 'account_disabled', NULL, p_login);
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- orders

-- Add orders, all or none: [{"number", "account" or "partner", "ref", "product", "customer_name", "language"}, …].
-- The numbers were drawn from the sequence before, so a second run finds them and adds nothing. Answers the
-- numbers.
CREATE OR REPLACE PROCEDURE admin_order_add(p_admin VARCHAR(64), p_batch LONGTEXT CHARACTER SET utf8mb4)
BEGIN
	DECLARE v_wrong VARCHAR(190);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	CREATE OR REPLACE TEMPORARY TABLE new_order AS
	SELECT j.number, j.account, j.partner, j.ref, j.product, j.customer_name, j.language
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (number CHAR(10) CHARACTER SET ascii PATH '$.number',
	    account VARCHAR(190) COLLATE utf8mb4_bin PATH '$.account', partner VARCHAR(64) CHARACTER SET ascii PATH '$.partner',
	    ref VARCHAR(64) COLLATE utf8mb4_bin PATH '$.ref', product VARCHAR(64) CHARACTER SET ascii PATH '$.product',
	    customer_name VARCHAR(200) PATH '$.customer_name', language CHAR(2) CHARACTER SET ascii PATH '$.language')) j;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT n.account INTO v_wrong FROM new_order n LEFT JOIN account a ON a.login = n.account AND a.disabled_at IS NULL
	    AND a.kind = 'customer'
	WHERE n.account IS NOT NULL AND a.id IS NULL LIMIT 1;
	IF v_wrong IS NOT NULL THEN CALL admin_refuse(CONCAT('there is no customer''s account "', v_wrong, '"')); END IF;
	SELECT n.partner INTO v_wrong FROM new_order n LEFT JOIN partner p ON p.name = n.partner AND p.disabled_at IS NULL
	WHERE n.partner IS NOT NULL AND p.id IS NULL LIMIT 1;
	IF v_wrong IS NOT NULL THEN CALL admin_refuse(CONCAT('there is no partner "', v_wrong, '"')); END IF;
	SELECT n.ref INTO v_wrong FROM new_order n JOIN partner p ON p.name = n.partner
	JOIN orders o ON o.partner_id = p.id AND o.partner_ref = n.ref AND o.number <> n.number LIMIT 1;
	IF v_wrong IS NOT NULL THEN CALL admin_refuse(CONCAT('the partner has an order "', v_wrong, '" already')); END IF;

	DELETE n FROM new_order n JOIN orders o ON o.number = n.number;
	INSERT INTO orders (number, item, account_id, partner_id, partner_ref, product, customer_name, language)
	SELECT n.number, 'b01', a.id, p.id, n.ref, n.product, COALESCE(n.customer_name, a.name, p.title), n.language
	FROM new_order n LEFT JOIN account a ON a.login = n.account LEFT JOIN partner p ON p.name = n.partner
	ORDER BY n.number;
	INSERT INTO audit (at, actor, event, order_id, detail)
	SELECT UTC_TIMESTAMP(6), CONCAT('admin:', p_admin), 'order_added', o.id, o.product
	FROM new_order n JOIN orders o ON o.number = n.number AND o.item = 'b01' ORDER BY o.id;
	COMMIT;
	DROP TEMPORARY TABLE new_order;
END
$$

-- The order of that number, locked; refuses when there is none.
CREATE OR REPLACE PROCEDURE admin_order(p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii,
    OUT o_order BIGINT UNSIGNED)
BEGIN
	SELECT id INTO o_order FROM orders WHERE number = p_number AND item = p_item FOR UPDATE;
	IF o_order IS NULL THEN CALL admin_refuse(CONCAT('there is no order ', p_number, '/', p_item)); END IF;
END
$$

-- End an order that has no certificate, by the rules of order_end; twice is calm.
CREATE OR REPLACE PROCEDURE admin_order_cancel(p_admin VARCHAR(64), p_number CHAR(10) CHARACTER SET ascii,
    p_item CHAR(3) CHARACTER SET ascii, p_why VARCHAR(200))
admin_order_cancel: BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_order(p_number, p_item, v_order);
	IF (SELECT cancelled_at FROM orders WHERE id = v_order) IS NOT NULL THEN
		COMMIT;
		LEAVE admin_order_cancel;
	END IF;
	CALL order_end(v_order);
	CALL admin_audit(p_admin, 'order_cancelled', v_order, p_why);
	COMMIT;
END
$$

-- ---------------------------------------------------------------- queues

-- Try waiting mail now. p_id: that mail alone, also one that was refused or given up; p_failed: all of those too.
-- Such a mail counts as new from now on. Mail that a mailer holds is left alone: it may be on its way.
CREATE OR REPLACE PROCEDURE admin_outbox_retry(p_admin VARCHAR(64), p_id BIGINT UNSIGNED, p_failed BOOLEAN)
BEGIN
	DECLARE v_retried INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox WHERE id = p_id) THEN
		CALL admin_refuse(CONCAT('there is no mail ', p_id));
	END IF;
	UPDATE outbox SET attempts = IF(state = 'waiting', attempts, 0), done_at = NULL,
	    created_at = IF(state = 'waiting', created_at, UTC_TIMESTAMP()), next_at = UTC_TIMESTAMP(3), state = 'waiting'
	WHERE taken_by IS NULL AND (p_id IS NULL OR id = p_id)
	    AND (state = 'waiting' OR (state IN ('refused', 'given_up') AND (p_failed OR p_id IS NOT NULL)));
	SET v_retried = ROW_COUNT();
	IF v_retried > 0 THEN
		CALL admin_audit(p_admin, 'outbox_retried', (SELECT order_id FROM outbox WHERE id = p_id),
		    CONCAT(v_retried, ' mails'));
	END IF;
	COMMIT;
	SELECT v_retried AS retried;
END
$$

-- Let the signer take waiting orders now; p_number NULL: all. Orders that a signer holds are left alone.
CREATE OR REPLACE PROCEDURE admin_issuance_retry(p_admin VARCHAR(64), p_number CHAR(10) CHARACTER SET ascii,
    p_item CHAR(3) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_retried INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_number IS NOT NULL THEN CALL admin_order(p_number, p_item, v_order); END IF;
	UPDATE issuance SET next_at = UTC_TIMESTAMP()
	WHERE state = 'waiting' AND taken_by IS NULL AND (p_number IS NULL OR order_id = v_order);
	SET v_retried = ROW_COUNT();
	IF v_retried > 0 THEN
		CALL admin_audit(p_admin, 'issuance_retried', v_order, CONCAT(v_retried, ' orders'));
	END IF;
	COMMIT;
	SELECT v_retried AS retried;
END
$$

-- ---------------------------------------------------------------- certificates and CAs

-- Revoke an order's certificate. p_received_at: when the report arrived; the clock of SBR 4.9.1.1 runs from then. A
-- certificate that is revoked already keeps its first reason; the answer says which.
CREATE OR REPLACE PROCEDURE admin_certificate_revoke(p_admin VARCHAR(64), p_number CHAR(10) CHARACTER SET ascii,
    p_item CHAR(3) CHARACTER SET ascii, p_reason TINYINT UNSIGNED, p_received_at DATETIME)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_order(p_number, p_item, v_order);
	IF NOT EXISTS (SELECT 1 FROM certificate WHERE order_id = v_order) THEN
		CALL admin_refuse(CONCAT('the order ', p_number, '/', p_item, ' has no certificate'));
	END IF;
	IF (SELECT revoked_at FROM certificate WHERE order_id = v_order FOR UPDATE) IS NULL THEN
		CALL revocation_add(v_order, p_reason, CONCAT('admin:', p_admin), NULL, p_received_at);
	END IF;
	COMMIT;
	SELECT LOWER(HEX(r.serial)) AS serial, DATE_FORMAT(r.revoked_at, '%Y-%m-%dT%H:%i:%sZ') AS revoked_at, r.reason,
	    r.requested_by
	FROM certificate c JOIN revocation r ON r.issuer_id = c.issuer_id AND r.serial = c.serial WHERE c.order_id = v_order;
END
$$

-- Make a CA known. p_parent NULL: a root. The same certificate again is fine, another under the name is refused.
CREATE OR REPLACE PROCEDURE admin_issuer_add(p_admin VARCHAR(64), p_name VARCHAR(64) CHARACTER SET ascii,
    p_parent VARCHAR(64) CHARACTER SET ascii, p_certificate BLOB, p_sha256 BINARY(32), p_not_after DATETIME)
BEGIN
	DECLARE v_parent SMALLINT UNSIGNED;
	DECLARE v_sha256 BINARY(32);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_parent IS NOT NULL THEN
		SELECT id INTO v_parent FROM issuer WHERE name = p_parent AND kind = 'root';
		IF v_parent IS NULL THEN CALL admin_refuse(CONCAT('there is no root "', p_parent, '"')); END IF;
	END IF;
	SELECT sha256 INTO v_sha256 FROM issuer WHERE name = p_name FOR UPDATE;
	IF v_sha256 IS NULL THEN
		INSERT INTO issuer (name, kind, parent_id, certificate, sha256, not_after)
		VALUES (p_name, IF(p_parent IS NULL, 'root', 'issuing'), v_parent, p_certificate, p_sha256, p_not_after);
		CALL admin_audit(p_admin, 'issuer_added', NULL, CONCAT(p_name, ' ', LOWER(HEX(p_sha256))));
	ELSEIF v_sha256 <> p_sha256 THEN
		CALL admin_refuse(CONCAT('there is another CA "', p_name, '" already'));
	END IF;
	COMMIT;
END
$$
