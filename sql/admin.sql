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
    p_detail TEXT)
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

-- What each key of a partner may ask: p_rate requests a second, p_burst at once after a rest; NULL leaves it.
CREATE OR REPLACE PROCEDURE admin_partner_throttle(p_admin VARCHAR(64), p_partner VARCHAR(64) CHARACTER SET ascii,
    p_rate INT UNSIGNED, p_burst INT UNSIGNED)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_partner(p_partner, v_partner);
	UPDATE partner SET rate = COALESCE(p_rate, rate), burst = COALESCE(p_burst, burst)
	WHERE id = v_partner AND (rate <> COALESCE(p_rate, rate) OR burst <> COALESCE(p_burst, burst));
	IF ROW_COUNT() > 0 THEN
		CALL admin_audit(p_admin, 'partner_throttle_changed', NULL,
		    (SELECT CONCAT(name, ': ', rate, ' a second, ', burst, ' at once') FROM partner WHERE id = v_partner));
	END IF;
	COMMIT;
	SELECT name, rate, burst FROM partner WHERE id = v_partner;
END
$$

-- ---------------------------------------------------------------- callbacks

-- The partner of a callback address that is not removed, locked; refuses when there is none.
CREATE OR REPLACE PROCEDURE admin_callback_address(p_id INT UNSIGNED, OUT o_partner INT UNSIGNED)
BEGIN
	SELECT partner_id INTO o_partner FROM callback_address WHERE id = p_id AND removed_at IS NULL FOR UPDATE;
	IF o_partner IS NULL THEN CALL admin_refuse(CONCAT('there is no callback address ', p_id)); END IF;
END
$$

-- Answers the address's id. The same command run again finds its own secret.
CREATE OR REPLACE PROCEDURE admin_callback_address_add(p_admin VARCHAR(64), p_partner VARCHAR(64) CHARACTER SET ascii,
    p_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin,
    p_secret VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_made BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_partner(p_partner, v_partner);
	CALL callback_address_put(v_partner, p_url, p_secret, CONCAT('admin:', p_admin), NULL, v_made);
	IF NOT v_made AND NOT EXISTS (SELECT 1 FROM callback_address WHERE partner_id = v_partner AND url = p_url
	    AND secret = p_secret) THEN
		CALL admin_refuse(CONCAT('the partner has registered ', LEFT(p_url, 120), ' already'));
	END IF;
	COMMIT;
	SELECT id FROM callback_address WHERE partner_id = v_partner AND url = p_url;
END
$$

CREATE OR REPLACE PROCEDURE admin_callback_address_change(p_admin VARCHAR(64), p_id INT UNSIGNED,
    p_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin, p_secret VARCHAR(64) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_callback_address(p_id, v_partner);
	IF EXISTS (SELECT 1 FROM callback_address WHERE partner_id = v_partner AND url = p_url AND removed_at IS NULL
	    AND id <> p_id) THEN
		CALL admin_refuse(CONCAT('the partner has registered ', LEFT(p_url, 120), ' already'));
	END IF;
	CALL callback_address_edit(v_partner, p_id, p_url, p_secret, CONCAT('admin:', p_admin), NULL);
	COMMIT;
END
$$

CREATE OR REPLACE PROCEDURE admin_callback_address_remove(p_admin VARCHAR(64), p_id INT UNSIGNED)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT partner_id INTO v_partner FROM callback_address WHERE id = p_id FOR UPDATE;
	IF v_partner IS NULL THEN CALL admin_refuse(CONCAT('there is no callback address ', p_id)); END IF;
	CALL callback_address_end(v_partner, p_id, CONCAT('admin:', p_admin), NULL);
	COMMIT;
END
$$

-- p_id: that callback; else all that were given up, of p_partner (a name) or of the address p_to.
CREATE OR REPLACE PROCEDURE admin_callback_replay(p_admin VARCHAR(64), p_id BIGINT UNSIGNED,
    p_partner VARCHAR(64) CHARACTER SET ascii, p_to INT UNSIGNED)
BEGIN
	DECLARE v_partner, v_count INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_id IS NOT NULL THEN
		SELECT c.partner_id INTO v_partner FROM callback c JOIN callback_address a ON a.id = c.address_id
		WHERE c.id = p_id AND a.removed_at IS NULL;
		IF v_partner IS NULL THEN
			CALL admin_refuse(CONCAT('there is no callback ', p_id, ', or its address was removed'));
		END IF;
	ELSEIF p_to IS NOT NULL THEN
		CALL admin_callback_address(p_to, v_partner);
	ELSE
		CALL admin_partner(p_partner, v_partner);
	END IF;
	CALL callback_again(v_partner, p_id, p_to, CONCAT('admin:', p_admin), NULL, v_count);
	COMMIT;
	SELECT v_count AS replayed;
END
$$

-- ---------------------------------------------------------------- accounts

-- The account of that login, locked; refuses when there is none.
CREATE OR REPLACE PROCEDURE admin_account(p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin, OUT o_account INT UNSIGNED)
BEGIN
	SELECT id INTO o_account FROM account WHERE login = p_login FOR UPDATE;
	IF o_account IS NULL THEN CALL admin_refuse(CONCAT('there is no account "', p_login, '"')); END IF;
END
$$

-- p_partner (a name) makes it a partner's. p_derived is scrypt(password, salt); only its hash is stored. p_days: for so
-- long the password opens the page on which its person replaces it, and no more; NULL: it is the person's own.
CREATE OR REPLACE PROCEDURE admin_account_add_with(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin,
    p_name VARCHAR(200), p_partner VARCHAR(64), p_email VARCHAR(254), p_language CHAR(2), p_salt BINARY(16),
    p_cost TINYINT UNSIGNED, p_derived BINARY(32), p_days SMALLINT UNSIGNED)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_salt BINARY(16);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_partner IS NOT NULL THEN CALL admin_partner(p_partner, v_partner); END IF;
	SELECT salt INTO v_salt FROM account WHERE login = p_login FOR UPDATE;
	IF v_salt IS NULL THEN
		INSERT INTO account (login, kind, partner_id, name, email, language, salt, cost, verifier, password_until)
		VALUES (p_login, IF(v_partner IS NULL, 'customer', 'partner'), v_partner, p_name, p_email, p_language, p_salt,
		    p_cost, UNHEX(SHA2(p_derived, 256)), UTC_TIMESTAMP() + INTERVAL p_days DAY);
		CALL admin_audit(p_admin, 'account_added', NULL, p_login);
	ELSEIF v_salt <> p_salt THEN
		CALL admin_refuse(CONCAT('there is an account "', p_login, '" already'));
	END IF;
	COMMIT;
END
$$

-- A new password; whoever is signed in with the old one is signed out. p_days as for admin_account_add_with.
CREATE OR REPLACE PROCEDURE admin_account_passwd_with(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin,
    p_salt BINARY(16), p_cost TINYINT UNSIGNED, p_derived BINARY(32), p_days SMALLINT UNSIGNED)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_account(p_login, v_account);
	UPDATE account SET salt = p_salt, cost = p_cost, verifier = UNHEX(SHA2(p_derived, 256)),
	    password_until = UTC_TIMESTAMP() + INTERVAL p_days DAY
	WHERE id = v_account AND salt <> p_salt;
	IF ROW_COUNT() > 0 THEN
		DELETE FROM session WHERE account_id = v_account;
		CALL outbox_tell_person(v_account, 'password_changed');
		CALL admin_audit(p_admin, 'password_changed', NULL, p_login);
	END IF;
	COMMIT;
END
$$

-- As the mailcertctl of the version before sets passwords, which knows none that end.
CREATE OR REPLACE PROCEDURE admin_account_add(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin,
    p_name VARCHAR(200), p_partner VARCHAR(64), p_email VARCHAR(254), p_language CHAR(2), p_salt BINARY(16),
    p_cost TINYINT UNSIGNED, p_derived BINARY(32))
	CALL admin_account_add_with(p_admin, p_login, p_name, p_partner, p_email, p_language, p_salt, p_cost, p_derived, NULL)
$$
CREATE OR REPLACE PROCEDURE admin_account_passwd(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin,
    p_salt BINARY(16), p_cost TINYINT UNSIGNED, p_derived BINARY(32))
	CALL admin_account_passwd_with(p_admin, p_login, p_salt, p_cost, p_derived, NULL)
$$

-- Where news of the orders and of the account go from now on; NULL: nowhere. The address before is told.
CREATE OR REPLACE PROCEDURE admin_account_email(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_account(p_login, v_account);
	IF NOT (SELECT BINARY email <=> BINARY p_email FROM account WHERE id = v_account) THEN
		CALL outbox_tell_person(v_account, 'address_changed');
		UPDATE account SET email = p_email WHERE id = v_account;
		CALL admin_audit(p_admin, 'account_address_changed', NULL, p_login);
	END IF;
	COMMIT;
END
$$

CREATE OR REPLACE PROCEDURE admin_account_disable(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin)
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

-- Take a security key away from its person, who lost it; p_id NULL: all they have. They are signed out everywhere: whoever
-- has the key may have used it.
CREATE OR REPLACE PROCEDURE admin_account_key_remove(p_admin VARCHAR(64), p_login VARCHAR(190) COLLATE utf8mb4_nopad_bin,
    p_id INT UNSIGNED)
BEGIN
	DECLARE v_account, v_count INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_account(p_login, v_account);
	DELETE FROM account_key WHERE account_id = v_account AND (p_id IS NULL OR id = p_id);
	SET v_count = ROW_COUNT();
	IF v_count > 0 THEN
		DELETE FROM session WHERE account_id = v_account;
		CALL outbox_tell_person(v_account, 'key_removed');
		CALL admin_audit(p_admin, 'key_removed', NULL, CONCAT(p_login, COALESCE(CONCAT(' ', p_id), '')));
	END IF;
	COMMIT;
	SELECT v_count AS removed;
END
$$

-- ---------------------------------------------------------------- orders

-- Add orders, all or none: [{"number", "account" or "partner", "ref", "product", "customer_name", "language"}, …].
-- The numbers were drawn before, so a second run finds them and adds nothing; one that another order has is refused.
CREATE OR REPLACE PROCEDURE admin_order_add(p_admin VARCHAR(64), p_batch LONGTEXT CHARACTER SET utf8mb4)
BEGIN
	DECLARE v_wrong VARCHAR(190);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	CREATE OR REPLACE TEMPORARY TABLE new_order AS
	SELECT j.number, j.account, j.partner, j.ref, j.product, j.customer_name, j.language
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (number CHAR(10) CHARACTER SET ascii PATH '$.number',
	    account VARCHAR(190) COLLATE utf8mb4_nopad_bin PATH '$.account', partner VARCHAR(64) CHARACTER SET ascii PATH '$.partner',
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

	SELECT n.number INTO v_wrong FROM new_order n JOIN orders o ON o.number = n.number
	LEFT JOIN account a ON a.login = n.account LEFT JOIN partner p ON p.name = n.partner
	WHERE NOT (o.account_id <=> a.id AND o.partner_id <=> p.id AND o.partner_ref <=> n.ref AND o.product = n.product)
	LIMIT 1;
	IF v_wrong IS NOT NULL THEN CALL admin_refuse(CONCAT('another order has the number ', v_wrong, '; run it again')); END IF;

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

-- ---------------------------------------------------------------- certificates

-- Revoke an order's certificate. p_received_at: when the report arrived (NULL: now); the clock of SBR 4.9.1.1 runs from then. A
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
		CALL revocation_add(v_order, p_reason, CONCAT('admin:', p_admin), NULL, COALESCE(p_received_at, UTC_TIMESTAMP()));
	END IF;
	COMMIT;
	SELECT LOWER(HEX(r.serial)) AS serial, DATE_FORMAT(r.revoked_at, '%Y-%m-%dT%H:%i:%sZ') AS revoked_at, r.reason,
	    r.requested_by
	FROM certificate c JOIN revocation r ON r.issuer_id = c.issuer_id AND r.serial = c.serial WHERE c.order_id = v_order;
END
$$

-- ---------------------------------------------------------------- problem reports (SBR 4.9.5)

-- Each report beside its clock. The clock of a revocation stops when a CRL with it is published, not when it is asked for.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW problem_report_clock AS
SELECT x.*, x.answered_at IS NULL AND x.answer_due_at < UTC_TIMESTAMP() AS answer_overdue,
    x.published_at IS NULL AND COALESCE(x.finding, 'revoked') = 'revoked' AND COALESCE(x.revoke_due_at < UTC_TIMESTAMP(), FALSE)
	AS revocation_overdue
FROM (SELECT p.id, p.certificate_id, p.reporter, p.cause, p.note, p.received_at, p.answer_due_at, p.answered_at,
    p.revoke_due_at, p.done_at, p.finding, p.finding_note, c.order_id, c.email, c.serial, c.revoked_at,
    (SELECT MIN(l.published_at) FROM revocation r JOIN crl l ON l.issuer_id = r.issuer_id AND l.number >= r.listed_in
	WHERE r.issuer_id = c.issuer_id AND r.serial = c.serial) AS published_at
    FROM problem_report p LEFT JOIN certificate c ON c.id = p.certificate_id) x
$$

CREATE OR REPLACE PROCEDURE admin_problem_cause(p_cause VARCHAR(24) CHARACTER SET ascii, OUT o_hours SMALLINT UNSIGNED)
BEGIN
	SELECT hours INTO o_hours FROM problem_cause WHERE cause = p_cause;
	IF o_hours IS NULL THEN
		CALL admin_refuse(CONCAT('there is no cause "', p_cause, '"; mailcertctl problem-report causes lists them'));
	END IF;
END
$$

-- Note a report. The certificate is named by its order (p_number, p_item), by its serial number, or not at all (all NULL).
-- The dues count from p_received_at (NULL: now).
CREATE OR REPLACE PROCEDURE admin_problem_report_add(p_admin VARCHAR(64), p_once BINARY(16),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_serial BINARY(16), p_reporter VARCHAR(200),
    p_cause VARCHAR(24) CHARACTER SET ascii, p_received_at DATETIME, p_note VARCHAR(1000))
BEGIN
	DECLARE v_order, v_certificate BIGINT UNSIGNED;
	DECLARE v_received DATETIME DEFAULT COALESCE(p_received_at, UTC_TIMESTAMP());
	DECLARE v_hours SMALLINT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF NOT EXISTS (SELECT 1 FROM problem_report WHERE once = p_once) THEN
		CALL admin_problem_cause(p_cause, v_hours);
		IF p_number IS NOT NULL THEN CALL admin_order(p_number, p_item, v_order); END IF;
		-- by the index of either: with an OR, or without the issuers, the whole table would be read
		IF v_order IS NOT NULL THEN
			SELECT id INTO v_certificate FROM certificate WHERE order_id = v_order;
		ELSE
			SELECT c.id INTO v_certificate FROM issuer i STRAIGHT_JOIN certificate c
			ON c.issuer_id = i.id AND c.serial = p_serial LIMIT 1;
		END IF;
		IF v_certificate IS NULL AND COALESCE(p_number, p_serial) IS NOT NULL THEN
			CALL admin_refuse(COALESCE(CONCAT('the order ', p_number, '/', p_item, ' has no certificate'),
			    CONCAT('no certificate of ours has the serial number ', LOWER(HEX(p_serial)))));
		END IF;
		INSERT INTO problem_report (once, certificate_id, reporter, cause, note, received_at, answer_due_at, revoke_due_at)
		VALUES (p_once, v_certificate, p_reporter, p_cause, p_note, v_received, v_received + INTERVAL 24 HOUR,
		    IF(v_certificate IS NULL, NULL, v_received + INTERVAL v_hours HOUR));
		CALL admin_audit(p_admin, 'problem_report_added', NULL, (SELECT CONCAT('report ', p.id, ': ', p.cause, ', ',
		    COALESCE(CONCAT('serial ', LOWER(HEX(c.serial))), 'no certificate named'), ', received ', p.received_at)
		    FROM problem_report p LEFT JOIN certificate c ON c.id = p.certificate_id WHERE p.once = p_once));
	END IF;
	COMMIT;
	SELECT id FROM problem_report WHERE once = p_once;
END
$$

-- The report, locked, and whether it is done; refuses when there is none.
CREATE OR REPLACE PROCEDURE admin_problem_report(p_id INT UNSIGNED, OUT o_received_at DATETIME, OUT o_answered_at DATETIME,
    OUT o_finding VARCHAR(8), OUT o_certificate BIGINT UNSIGNED)
BEGIN
	SELECT received_at, answered_at, finding, certificate_id INTO o_received_at, o_answered_at, o_finding, o_certificate
	FROM problem_report WHERE id = p_id FOR UPDATE;
	IF o_received_at IS NULL THEN CALL admin_refuse(CONCAT('there is no problem report ', p_id)); END IF;
END
$$

-- The preliminary report was given to reporter and subscriber, at p_at (NULL: now). What was found may be another cause
-- than was reported (p_cause, or NULL); the due of the revocation then moves. A second answer keeps the first one's time.
CREATE OR REPLACE PROCEDURE admin_problem_report_answer(p_admin VARCHAR(64), p_id INT UNSIGNED, p_at DATETIME,
    p_cause VARCHAR(24) CHARACTER SET ascii)
BEGIN
	DECLARE v_received, v_answered DATETIME;
	DECLARE v_at DATETIME DEFAULT COALESCE(p_at, UTC_TIMESTAMP());
	DECLARE v_finding VARCHAR(8);
	DECLARE v_certificate BIGINT UNSIGNED;
	DECLARE v_hours SMALLINT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_problem_report(p_id, v_received, v_answered, v_finding, v_certificate);
	IF v_finding IS NOT NULL THEN CALL admin_refuse(CONCAT('the problem report ', p_id, ' is done')); END IF;
	IF v_at < v_received THEN CALL admin_refuse(CONCAT('it was received at ', v_received, ', after that answer')); END IF;
	IF p_cause IS NOT NULL THEN
		CALL admin_problem_cause(p_cause, v_hours);
		UPDATE problem_report SET cause = p_cause,
		    revoke_due_at = IF(v_certificate IS NULL, NULL, v_received + INTERVAL v_hours HOUR)
		WHERE id = p_id AND cause <> p_cause;
		IF ROW_COUNT() > 0 THEN
			CALL admin_audit(p_admin, 'problem_report_assessed', NULL, CONCAT('report ', p_id, ': ', p_cause));
		END IF;
	END IF;
	IF v_answered IS NULL THEN
		UPDATE problem_report SET answered_at = v_at WHERE id = p_id;
		CALL admin_audit(p_admin, 'problem_report_answered', NULL, CONCAT('report ', p_id, ': at ', v_at));
	END IF;
	COMMIT;
END
$$

-- The report is dealt with: the certificate is 'revoked' or 'kept'. Again with the same finding is calm.
CREATE OR REPLACE PROCEDURE admin_problem_report_done(p_admin VARCHAR(64), p_id INT UNSIGNED, p_finding VARCHAR(8),
    p_note VARCHAR(1000))
BEGIN
	DECLARE v_received, v_answered DATETIME;
	DECLARE v_finding VARCHAR(8);
	DECLARE v_certificate BIGINT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL admin_problem_report(p_id, v_received, v_answered, v_finding, v_certificate);
	IF v_finding <> p_finding THEN
		CALL admin_refuse(CONCAT('the problem report ', p_id, ' is done: ', v_finding));
	END IF;
	IF v_finding IS NULL THEN
		IF v_answered IS NULL THEN
			CALL admin_refuse(CONCAT('the problem report ', p_id, ' is not answered yet: problem-report answer'));
		END IF;
		IF p_finding = 'revoked' AND NOT EXISTS (SELECT 1 FROM certificate WHERE id = v_certificate AND revoked_at IS NOT NULL)
		THEN
			CALL admin_refuse(CONCAT('the certificate of the problem report ', p_id, ' is not revoked: certificate revoke'));
		END IF;
		UPDATE problem_report SET done_at = UTC_TIMESTAMP(), finding = p_finding, finding_note = p_note WHERE id = p_id;
		CALL admin_audit(p_admin, 'problem_report_done', NULL, CONCAT('report ', p_id, ': ', p_finding));
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- CAs

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
