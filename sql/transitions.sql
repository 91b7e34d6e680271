-- transitions.sql - the state machine: every change a process may make, as procedures with definer rights.
--
-- One transition is one transaction and one round trip, guarded by its WHERE clauses, with its audit event and
-- its outbox row inside. A refusal is SIGNAL SQLSTATE '45000' with a code of lib/base/faults.def as its text
-- ("code" or "code|argument") and leaves nothing behind; the few refusals that must leave a trace commit it and
-- answer the code in a row. Every transition may be run again after a lost connection: repeating it finds its
-- own work done and answers the same.
--
-- Who acts is proved to the database, not told by the worker: p_who is 'session' or 'key', p_secret the raw
-- cookie or partner key of which only hashes are stored. So a hijacked worker acts for nobody whose secret does
-- not pass through it.
--
-- Locks are taken in one order: orders, then mailbox, activation, issuance, certificate, outbox, audit. Every
-- transaction is READ COMMITTED: the session is read before the order is locked, and under REPEATABLE READ all
-- that is read after the wait for the lock would be as old as that first read, so two at once would both act.
--
-- Parameters that are held against a column of ascii are ascii themselves: else the column would be converted,
-- row by row, no index would serve, and FOR UPDATE would lock the whole table.
--
-- Applied again by every `mailcertctl db migrate`; each statement ends with the line "$$".

-- Whoever works for a partner that was disabled stays a person with an account, and acts for no partner. The join is made
-- for people of partners alone, and left out where partner_id is not asked for.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW live_session AS
SELECT s.id_hash, a.id, a.login, a.name, a.kind, p.id AS partner_id, a.language, a.email,
    s.seen_at < UTC_TIMESTAMP() - INTERVAL 60 SECOND AS stale
FROM session s JOIN account a ON a.id = s.account_id
LEFT JOIN partner p ON p.id = a.partner_id AND p.disabled_at IS NULL
WHERE s.seen_at > UTC_TIMESTAMP() - INTERVAL s.idle SECOND AND s.expires_at > UTC_TIMESTAMP()
    AND a.disabled_at IS NULL AND a.password_until IS NULL AND NOT s.key_wanted
$$

-- The same, and besides (initial = 1) the session of a person who has yet to replace the password that an admin set: it
-- opens the page for that, and nothing that asks live_session.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW any_session AS
SELECT s.id_hash, a.id, a.login, a.name, a.kind, a.partner_id, a.language, a.email,
    s.seen_at < UTC_TIMESTAMP() - INTERVAL 60 SECOND AS stale, a.password_until IS NOT NULL AS initial
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.seen_at > UTC_TIMESTAMP() - INTERVAL s.idle SECOND AND s.expires_at > UTC_TIMESTAMP()
    AND a.disabled_at IS NULL AND (a.password_until IS NULL OR a.password_until > UTC_TIMESTAMP()) AND NOT s.key_wanted
$$

-- The session of a person who gave the password and has yet to use their security key: it opens the page for that, and
-- nothing that asks one of the two above.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW key_session AS
SELECT s.id_hash, a.id, a.login, a.name, a.kind, a.partner_id, a.language, FALSE AS stale
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.seen_at > UTC_TIMESTAMP() - INTERVAL s.idle SECOND AND s.expires_at > UTC_TIMESTAMP()
    AND a.disabled_at IS NULL AND (a.password_until IS NULL OR a.password_until > UTC_TIMESTAMP()) AND s.key_wanted
$$

-- What the dashboard says of each order: under which tab, by which code, since when. It is asked for all open orders of an
-- account, so it reads nothing twice: the columns that a dashboard counts by come along, and another table is looked into
-- only where the order's state lets it hold something. Of an order that was issued or revoked statements.def knows a shorter
-- way to the same words (PAGE_NOTICES_ISSUED); what is said of those here is for a worker of the version before.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW order_notice AS
SELECT o.id AS order_id, o.account_id, o.state, o.number, o.item, o.mailbox_status, o.activation_status,
    CASE
	WHEN o.revoked_at IS NOT NULL THEN 'information'
	WHEN o.not_after <= UTC_TIMESTAMP() + INTERVAL 30 DAY THEN 'expiration'
	WHEN o.not_after IS NOT NULL THEN 'new'
	WHEN COALESCE(o.mailbox_reason, o.activation_reason, i.last_code) IS NOT NULL THEN 'problems'
	WHEN o.mailbox_status = 'waiting_for_verification' AND (b.state IN ('refused', 'given_up')
	    OR (b.state = 'waiting' AND b.attempts > 0) OR b.done_at < UTC_TIMESTAMP() - INTERVAL 24 HOUR) THEN 'problems'
	ELSE 'information' END AS tab,
    CASE
	WHEN o.revoked_at IS NOT NULL THEN 'revoked'
	WHEN o.not_after <= UTC_TIMESTAMP() THEN 'expired'
	WHEN o.not_after <= UTC_TIMESTAMP() + INTERVAL 30 DAY THEN 'expires_soon'
	WHEN o.not_after IS NOT NULL THEN 'issued'
	WHEN o.mailbox_reason IS NOT NULL THEN o.mailbox_reason
	WHEN o.activation_reason LIKE 'csr%' THEN 'csr_refused'
	WHEN o.activation_reason IS NOT NULL THEN o.activation_reason
	WHEN i.last_code = 'caa_unreachable' THEN 'caa_unreachable'
	WHEN i.last_code IS NOT NULL THEN 'issuance_delayed'
	WHEN o.mailbox_status = 'waiting_for_verification' AND b.state IN ('refused', 'given_up') THEN 'mail_failed'
	WHEN o.mailbox_status = 'waiting_for_verification' AND b.state = 'waiting' AND b.attempts > 0 THEN 'mail_delayed'
	WHEN o.mailbox_status = 'waiting_for_verification' AND b.done_at < UTC_TIMESTAMP() - INTERVAL 24 HOUR
	    THEN 'value_expired'
	WHEN o.activation_status <> 'not_available' THEN CONCAT('activation_', o.activation_status)
	ELSE CONCAT('mailbox_', o.mailbox_status) END AS code,
    COALESCE(o.revoked_at, o.issued_at, a.submitted_at, m.rejected_at, m.confirmed_at, b.done_at, m.initiated_at,
	o.ordered_at) AS at,
    IF(o.mailbox_status = 'waiting_for_verification' AND b.state <> 'sent', b.reply, NULL) AS reply
FROM orders o
LEFT JOIN mailbox m ON m.id = o.mailbox_id
LEFT JOIN activation a ON a.order_id = o.id AND o.submitted_at IS NOT NULL AND o.not_after IS NULL
LEFT JOIN issuance i ON o.activation_status = 'waiting_for_verification' AND i.order_id = o.id AND i.state = 'waiting'
LEFT JOIN outbox b ON o.mailbox_id IS NOT NULL AND o.mailbox_status <> 'verified' AND b.id = (SELECT MAX(x.id)
    FROM outbox x WHERE x.order_id = o.id AND x.mailbox_id = o.mailbox_id AND x.kind = 'verification')
WHERE o.cancelled_at IS NULL
$$

CREATE OR REPLACE TRIGGER audit_unchanged BEFORE UPDATE ON audit FOR EACH ROW
	SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit events are append-only'
$$
CREATE OR REPLACE TRIGGER audit_kept BEFORE DELETE ON audit FOR EACH ROW
	SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit events are append-only'
$$

-- When an order reached each step first, for reports. In a trigger, so that no transition can forget it.
CREATE OR REPLACE TRIGGER orders_step BEFORE UPDATE ON orders FOR EACH ROW
	SET NEW.initiated_at = COALESCE(OLD.initiated_at, NEW.initiated_at, IF(NEW.mailbox_id IS NULL, NULL, UTC_TIMESTAMP())),
	    NEW.verified_at = COALESCE(OLD.verified_at, NEW.verified_at,
		IF(NEW.mailbox_status = 'verified', UTC_TIMESTAMP(), NULL)),
	    NEW.submitted_at = COALESCE(OLD.submitted_at, NEW.submitted_at,
		IF(NEW.activation_status IN ('waiting_for_verification', 'verified'), UTC_TIMESTAMP(), NULL)),
	    NEW.issued_at = COALESCE(OLD.issued_at, NEW.issued_at, IF(NEW.activation_status = 'verified', UTC_TIMESTAMP(), NULL)),
	    NEW.issued_on = DATE(NEW.issued_at)
$$

-- ---------------------------------------------------------------- inside other procedures only

CREATE OR REPLACE PROCEDURE refuse(p_code VARCHAR(128))
BEGIN
	SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = p_code;
END
$$

-- A number for a new order, which no order has. Where the sequence stands behind the orders (a database restored in parts),
-- their numbers are passed over; whoever finds too many of them in a row has brought it forward for the next.
CREATE OR REPLACE FUNCTION order_number_draw() RETURNS CHAR(10) CHARACTER SET ascii MODIFIES SQL DATA
BEGIN
	DECLARE v_number CHAR(10) CHARACTER SET ascii;
	DECLARE v_left INT DEFAULT 10000;

	REPEAT
		IF v_left = 0 THEN CALL refuse('busy'); END IF;
		SET v_number = LPAD(NEXTVAL(order_number), 10, '0'), v_left = v_left - 1;
	UNTIL NOT EXISTS (SELECT 1 FROM orders WHERE number = v_number) END REPEAT;
	RETURN v_number;
END
$$

-- p_detail: what the order's history tells people, then, behind ' | ', what only auditors want. It is cut: two long names
-- in it must not keep what they are about from happening.
CREATE OR REPLACE PROCEDURE audit_add(p_actor VARCHAR(80), p_event VARCHAR(40), p_order BIGINT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii, p_detail TEXT)
	INSERT INTO audit (at, actor, event, order_id, address, detail)
	VALUES (UTC_TIMESTAMP(6), p_actor, p_event, p_order, p_address, LEFT(p_detail, 1000))
$$

-- Find out who acts, lock their order, and answer its id. An order of somebody else is the same as none.
CREATE OR REPLACE PROCEDURE order_claim(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_scope VARCHAR(8),
    OUT o_order BIGINT UNSIGNED, OUT o_actor VARCHAR(80))
BEGIN
	DECLARE v_account, v_partner INT UNSIGNED;
	DECLARE v_scopes VARCHAR(40);
	DECLARE v_cancelled DATETIME;

	IF p_who = 'session' THEN
		SELECT id, partner_id, CONCAT('account:', LEFT(login, 70)) INTO v_account, v_partner, o_actor
		FROM live_session WHERE id_hash = UNHEX(SHA2(p_secret, 256));
		IF v_account IS NULL THEN CALL refuse('sign_in_required'); END IF;
	ELSE
		SELECT k.partner_id, CONCAT('partner:', p.name), k.scopes INTO v_partner, o_actor, v_scopes
		FROM partner_key k JOIN partner p ON p.id = k.partner_id
		WHERE k.hash = UNHEX(SHA2(p_secret, 256)) AND k.revoked_at IS NULL AND p.disabled_at IS NULL
		    AND (k.expires_at IS NULL OR k.expires_at > UTC_TIMESTAMP());
		IF v_partner IS NULL THEN CALL refuse('partner_key_refused'); END IF;
		IF FIND_IN_SET(p_scope, v_scopes) = 0 THEN CALL refuse('partner_key_scope'); END IF;
	END IF;
	SELECT id, cancelled_at INTO o_order, v_cancelled FROM orders
	WHERE number = p_number AND item = p_item AND (account_id = v_account OR partner_id = v_partner)
	FOR UPDATE;
	IF o_order IS NULL THEN CALL refuse('not_found'); END IF;
	IF v_cancelled IS NOT NULL THEN CALL refuse('order_cancelled'); END IF;
END
$$

-- Put a mail into the outbox for whoever follows the order (its customer), if an address is known.
CREATE OR REPLACE PROCEDURE outbox_tell_customer(p_order BIGINT UNSIGNED, p_kind VARCHAR(24), p_arg VARCHAR(200))
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, arg, created_at, next_at)
	SELECT p_kind, o.id, o.mailbox_id, a.email, o.language, p_arg, UTC_TIMESTAMP(), UTC_TIMESTAMP(3)
	FROM orders o JOIN account a ON a.id = o.account_id
	WHERE o.id = p_order AND a.email IS NOT NULL
$$

-- Tell a person of a change to their account (ASVS 2.2.3, 2.5.5), if an address is known: the login, when, no secret. In
-- the language they chose, or of their newest order.
CREATE OR REPLACE PROCEDURE outbox_tell_person(p_account INT UNSIGNED, p_kind VARCHAR(24))
	INSERT INTO outbox (kind, recipient, language, arg, happened_at, created_at, next_at)
	SELECT p_kind, a.email, COALESCE(a.language,
	    (SELECT o.language FROM orders o WHERE o.account_id = a.id ORDER BY o.id DESC LIMIT 1), 'en'), a.login,
	    UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(3)
	FROM account a WHERE a.id = p_account AND a.email IS NOT NULL
$$

-- A verification mail to the order's mailbox. Ten a day for an order, whatever the mailbox: they go to people who asked for
-- nothing. A mail that was dropped before a mailer had it went to nobody; one from a time that is still to come is of a clock
-- that ran ahead. The refusal names the seconds until the oldest of the ten is a day old.
CREATE OR REPLACE PROCEDURE outbox_verification(p_order BIGINT UNSIGNED)
BEGIN
	DECLARE v_tenth DATETIME DEFAULT (SELECT created_at FROM outbox WHERE order_id = p_order AND kind = 'verification'
	    AND created_at > UTC_TIMESTAMP() - INTERVAL 1 DAY AND created_at <= UTC_TIMESTAMP()
	    AND (state <> 'dropped' OR attempts > 0) ORDER BY created_at DESC LIMIT 1 OFFSET 9);

	IF v_tenth IS NOT NULL THEN
		CALL refuse(CONCAT('resend_too_often|', TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), v_tenth + INTERVAL 1 DAY)));
	END IF;
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, next_at)
	SELECT 'verification', id, mailbox_id, email, language, UTC_TIMESTAMP(), UTC_TIMESTAMP(3)
	FROM orders WHERE id = p_order;
END
$$

-- Start the verification of an address and end the earlier one (p_earlier, or NULL).
CREATE OR REPLACE PROCEDURE mailbox_begin(p_order BIGINT UNSIGNED, p_earlier BIGINT UNSIGNED,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_actor VARCHAR(80),
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	UPDATE mailbox SET replaced_at = UTC_TIMESTAMP(), fresh_until = NULL
	WHERE id = p_earlier AND replaced_at IS NULL;
	UPDATE outbox SET state = 'dropped', done_at = UTC_TIMESTAMP()
	WHERE order_id = p_order AND kind = 'verification' AND state = 'waiting';
	-- the version is SBR_VERSION of lib/pki/policy.h, as a test makes sure
	INSERT INTO mailbox (order_id, email, method, sbr_version, initiated_at, fresh_until)
	VALUES (p_order, p_email, '3.2.2.2', '1.0.16', UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 30 DAY);
	UPDATE orders SET mailbox_id = LAST_INSERT_ID(), email = p_email, email_draft = NULL, mailbox_reason = NULL,
	    mailbox_status = 'waiting_for_verification'
	WHERE id = p_order;
	CALL outbox_verification(p_order);
	CALL audit_add(p_actor, IF(p_earlier IS NULL, 'email_confirmed', 'email_changed'), p_order, p_address, p_email);
END
$$

-- A serial reserved for an order whose signing did not come to its end: perhaps it was signed, so it goes on the CRL, and
-- nothing signed with it can be stored any more.
CREATE OR REPLACE PROCEDURE serial_abandon(p_order BIGINT UNSIGNED, p_actor VARCHAR(80))
BEGIN
	INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by)
	SELECT issuer_id, serial, UTC_TIMESTAMP(), 0, UTC_TIMESTAMP() + INTERVAL 825 DAY, 'signer:abandoned'
	FROM serial WHERE order_id = p_order AND state = 'reserved';
	IF ROW_COUNT() > 0 THEN
		INSERT INTO audit (at, actor, event, order_id, detail)
		SELECT UTC_TIMESTAMP(6), p_actor, 'serial_abandoned', order_id, HEX(serial)
		FROM serial WHERE order_id = p_order AND state = 'reserved';
		UPDATE serial SET state = 'abandoned' WHERE order_id = p_order AND state = 'reserved';
	END IF;
END
$$

-- End an order that has no certificate: links in mails stop working, what waits is not done. Refuses while the signer
-- may be signing for it.
CREATE OR REPLACE PROCEDURE order_end(p_order BIGINT UNSIGNED)
BEGIN
	IF EXISTS (SELECT 1 FROM certificate WHERE order_id = p_order) THEN CALL refuse('order_issued'); END IF;
	IF EXISTS (SELECT 1 FROM issuance WHERE order_id = p_order AND state = 'waiting'
	    AND taken_until > UTC_TIMESTAMP() FOR UPDATE) THEN
		CALL refuse('order_being_issued');
	END IF;
	UPDATE mailbox m JOIN orders o ON o.mailbox_id = m.id
	SET m.replaced_at = COALESCE(m.replaced_at, UTC_TIMESTAMP()), m.fresh_until = NULL WHERE o.id = p_order;
	UPDATE activation SET submitted_at = NULL, accepted_terms_at = NULL, accepted_data_at = NULL
	WHERE order_id = p_order;
	UPDATE issuance SET state = 'returned', taken_by = NULL, taken_until = NULL, last_code = 'order_cancelled'
	WHERE order_id = p_order AND state = 'waiting';
	CALL serial_abandon(p_order, 'cancellation');
	UPDATE outbox SET state = 'dropped', done_at = UTC_TIMESTAMP() WHERE order_id = p_order AND state = 'waiting';
	UPDATE orders SET cancelled_at = UTC_TIMESTAMP(), email_draft = NULL,
	    activation_status = IF(activation_status = 'waiting_for_verification', 'waiting_for_data', activation_status)
	WHERE id = p_order;
END
$$

-- Take the first step back to waiting_for_data: the verification no longer counts.
CREATE OR REPLACE PROCEDURE mailbox_back(p_order BIGINT UNSIGNED, p_reason VARCHAR(40))
BEGIN
	UPDATE mailbox m JOIN orders o ON m.id = o.mailbox_id
	SET m.replaced_at = COALESCE(m.replaced_at, UTC_TIMESTAMP()), m.fresh_until = NULL WHERE o.id = p_order;
	UPDATE activation SET submitted_at = NULL, accepted_terms_at = NULL, accepted_data_at = NULL
	WHERE order_id = p_order;
	UPDATE orders SET mailbox_status = 'waiting_for_data', mailbox_reason = p_reason, email_draft = email,
	    activation_status = 'not_available', activation_reason = NULL, activation_reason_arg = NULL
	WHERE id = p_order;
END
$$

-- ---------------------------------------------------------------- signing in (web)

-- How often a login was guessed at in the last quarter of an hour: from anywhere, from this address; since when; and
-- how often this address guessed at any.
CREATE OR REPLACE PROCEDURE sign_in_failures(p_login VARCHAR(190) CHARACTER SET utf8mb4,
    p_address VARCHAR(45) CHARACTER SET ascii, OUT o_login INT, OUT o_both INT, OUT o_address INT, OUT o_first DATETIME)
BEGIN
	DECLARE v_since DATETIME DEFAULT UTC_TIMESTAMP() - INTERVAL 15 MINUTE;

	SELECT COUNT(*), COALESCE(SUM(address = p_address), 0), MIN(at) INTO o_login, o_both, o_first FROM sign_in_failure
	WHERE login_hash = UNHEX(SHA2(p_login, 256)) AND at > v_since;
	SELECT COUNT(*) INTO o_address FROM sign_in_failure WHERE address = p_address AND at > v_since;
END
$$

-- Is guessing going on? Ten failures stop an address at one login, so that nobody locks others out of their account from
-- a single place; 24 stop the login for everybody (96 an hour; ASVS 2.2.1 allows 100), and 100 stop the address. Asked
-- before the password is hashed, and again by sign_in itself, whoever calls it.
CREATE OR REPLACE PROCEDURE sign_in_guard(p_login VARCHAR(190) CHARACTER SET utf8mb4,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_login, v_both, v_address INT;
	DECLARE v_first DATETIME;

	CALL sign_in_failures(p_login, p_address, v_login, v_both, v_address, v_first);
	IF v_both >= 10 OR v_login >= 24 OR v_address >= 100 THEN
		CALL refuse(CONCAT('sign_in_throttled|',
		    GREATEST(1, 900 - TIMESTAMPDIFF(SECOND, COALESCE(v_first, UTC_TIMESTAMP()), UTC_TIMESTAMP()))));
	END IF;
END
$$

-- Note a wrong password or security key, and once that from now on sign_in_guard() refuses.
CREATE OR REPLACE PROCEDURE sign_in_failed(p_login VARCHAR(190) CHARACTER SET utf8mb4, p_actor VARCHAR(80),
    p_event VARCHAR(40) CHARACTER SET ascii, p_address VARCHAR(45) CHARACTER SET ascii, p_detail VARCHAR(100))
BEGIN
	DECLARE v_login, v_both, v_address INT;
	DECLARE v_first DATETIME;

	INSERT INTO sign_in_failure (at, login_hash, address)
	VALUES (UTC_TIMESTAMP(), UNHEX(SHA2(p_login, 256)), p_address);
	CALL audit_add(p_actor, p_event, NULL, p_address, p_detail);
	CALL sign_in_failures(p_login, p_address, v_login, v_both, v_address, v_first);
	IF v_both = 10 THEN CALL audit_add(p_actor, 'sign_in_throttled', NULL, p_address, 'login from this address'); END IF;
	IF v_login = 24 THEN CALL audit_add(p_actor, 'sign_in_throttled', NULL, p_address, 'login'); END IF;
	IF v_address = 100 THEN CALL audit_add(p_actor, 'sign_in_throttled', NULL, p_address, 'address'); END IF;
END
$$

-- Before the password is hashed: which salt, at what cost? An unknown login gets a salt too, the same every time, and
-- the cost of new passwords (lib/flow/password.h), so nobody learns which logins exist.
CREATE OR REPLACE PROCEDURE sign_in_begin(p_login VARCHAR(190) CHARACTER SET utf8mb4,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	CALL sign_in_guard(p_login, p_address);
	SELECT COALESCE(a.salt, LEFT(UNHEX(SHA2(CONCAT(s.value, p_login), 256)), 16)) AS salt, COALESCE(a.cost, 16) AS cost
	FROM secret s LEFT JOIN account a ON a.login = p_login WHERE s.name = 'pepper';
END
$$

-- Whether a proof fits a verifier: 32 octets, the derived key; or 64, the one with the pepper and behind it the one
-- without, which fits verifiers from before there was a pepper (lib/flow/password.h).
CREATE OR REPLACE FUNCTION proof_plain(p_verifier BINARY(32), p_proof VARBINARY(64)) RETURNS BOOLEAN DETERMINISTIC NO SQL
	RETURN LENGTH(p_proof) = 64 AND p_verifier = UNHEX(SHA2(SUBSTR(p_proof, 33), 256))
$$
CREATE OR REPLACE FUNCTION proof_fits(p_verifier BINARY(32), p_proof VARBINARY(64)) RETURNS BOOLEAN DETERMINISTIC NO SQL
	RETURN p_verifier = UNHEX(SHA2(LEFT(p_proof, 32), 256)) OR proof_plain(p_verifier, p_proof)
$$

-- p_proof: of the password, as proof_fits takes it; only its hash is stored. Ends the session the browser had before.
-- p_browser: its name, for the person's list of sessions. A password that an admin set signs in for a while (initial = 1,
-- see any_session), then nobody. Who has a security key gets a session for a quarter of an hour that waits for it
-- (key_wanted = 1, see key_session). plain = 1: the verifier is without the pepper.
CREATE OR REPLACE PROCEDURE sign_in_with(p_login VARCHAR(190) CHARACTER SET utf8mb4, p_proof VARBINARY(64),
    p_old VARBINARY(32), p_session VARBINARY(32), p_idle INT UNSIGNED, p_max INT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii, p_browser VARCHAR(60) CHARACTER SET ascii)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_until DATETIME;
	DECLARE v_plain, v_key BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL sign_in_guard(p_login, p_address);
	SELECT id, password_until, proof_plain(verifier, p_proof) INTO v_account, v_until, v_plain FROM account
	WHERE login = p_login AND proof_fits(verifier, p_proof) AND disabled_at IS NULL;
	DELETE FROM session WHERE p_old IS NOT NULL AND id_hash = UNHEX(SHA2(p_old, 256));
	IF v_account IS NULL THEN
		-- What nobody has as a login may be a password in the wrong field. The log is kept for good: it gets a mark
		-- of it, the same each time, that nobody can turn back without the pepper.
		SELECT COALESCE(CONCAT('login:', LEFT(a.login, 70)),
		    CONCAT('login:?', LEFT(SHA2(CONCAT(s.value, p_login), 256), 16))) INTO v_actor
		FROM secret s LEFT JOIN account a ON a.login = p_login WHERE s.name = 'pepper';
		CALL sign_in_failed(p_login, v_actor, 'sign_in_refused', p_address, NULL);
		COMMIT;
		SELECT 'sign_in_refused' AS code;
	ELSEIF v_until <= UTC_TIMESTAMP() THEN
		CALL audit_add(CONCAT('account:', LEFT(p_login, 70)), 'sign_in_refused', NULL, p_address, 'password_expired');
		COMMIT;
		SELECT 'password_expired' AS code;
	ELSE
		SET v_key = EXISTS (SELECT 1 FROM account_key WHERE account_id = v_account);
		INSERT IGNORE INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at, browser, key_wanted)
		VALUES (UNHEX(SHA2(p_session, 256)), v_account, UTC_TIMESTAMP(), UTC_TIMESTAMP(), p_idle,
		    UTC_TIMESTAMP() + INTERVAL IF(v_key, LEAST(p_max, 900), p_max) SECOND, p_browser, v_key);
		CALL audit_add(CONCAT('account:', LEFT(p_login, 70)), IF(v_key, 'password_accepted', 'signed_in'), NULL, p_address,
		    NULL);
		COMMIT;
		SELECT 'ok' AS code, v_until IS NOT NULL AS initial, v_plain AS plain, v_key AS key_wanted;
	END IF;
END
$$

-- As a worker of the version before signs in, which names no browser.
CREATE OR REPLACE PROCEDURE sign_in(p_login VARCHAR(190) CHARACTER SET utf8mb4, p_proof VARBINARY(64),
    p_old VARBINARY(32), p_session VARBINARY(32), p_idle INT UNSIGNED, p_max INT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
	CALL sign_in_with(p_login, p_proof, p_old, p_session, p_idle, p_max, p_address, NULL)
$$

CREATE OR REPLACE PROCEDURE sign_out(p_session VARBINARY(32), p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT CONCAT('account:', LEFT(login, 70)) INTO v_actor
	FROM (SELECT login FROM any_session WHERE id_hash = UNHEX(SHA2(p_session, 256))
	    UNION ALL SELECT login FROM key_session WHERE id_hash = UNHEX(SHA2(p_session, 256))) who;
	IF v_actor IS NOT NULL THEN
		DELETE FROM session WHERE id_hash = UNHEX(SHA2(p_session, 256));
		CALL audit_add(v_actor, 'signed_out', NULL, p_address, NULL);
	END IF;
	COMMIT;
END
$$

-- Note that a session is in use; called at most once a minute, changes nothing anybody sees.
CREATE OR REPLACE PROCEDURE session_touch(p_session VARBINARY(32))
	UPDATE session SET seen_at = UTC_TIMESTAMP()
	WHERE id_hash = UNHEX(SHA2(p_session, 256)) AND seen_at > UTC_TIMESTAMP() - INTERVAL idle SECOND
$$

-- A person changes their password; p_proof proves the one they have. With p_others all their other sessions end. A wrong
-- one counts as a failed sign-in, so that nobody guesses with somebody's session.
CREATE OR REPLACE PROCEDURE account_password(p_session VARBINARY(32), p_proof VARBINARY(64), p_salt BINARY(16),
    p_cost TINYINT UNSIGNED, p_new VARBINARY(32), p_others BOOLEAN, p_address VARCHAR(45) CHARACTER SET ascii)
account_password: BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT id, login INTO v_account, v_login FROM any_session WHERE id_hash = UNHEX(SHA2(p_session, 256));
	IF v_account IS NULL THEN CALL refuse('sign_in_required'); END IF;
	CALL sign_in_guard(v_login, p_address);
	IF EXISTS (SELECT 1 FROM account WHERE id = v_account AND salt = p_salt) THEN
		COMMIT;		-- said before
		SELECT 'ok' AS code;
		LEAVE account_password;
	END IF;
	UPDATE account SET salt = p_salt, cost = p_cost, verifier = UNHEX(SHA2(p_new, 256)), password_until = NULL
	WHERE id = v_account AND proof_fits(verifier, p_proof);
	IF ROW_COUNT() = 0 THEN
		CALL sign_in_failed(v_login, CONCAT('account:', LEFT(v_login, 70)), 'password_refused', p_address, NULL);
		COMMIT;
		SELECT 'password_wrong' AS code;
	ELSE
		DELETE FROM session
		WHERE p_others AND account_id = v_account AND id_hash <> UNHEX(SHA2(p_session, 256));
		CALL outbox_tell_person(v_account, 'password_changed');
		CALL audit_add(CONCAT('account:', LEFT(v_login, 70)), 'password_changed', NULL, p_address, NULL);
		COMMIT;
		SELECT 'ok' AS code;
	END IF;
END
$$

-- The same password at a higher cost, or with the pepper, after a sign-in that proved it.
CREATE OR REPLACE PROCEDURE account_password_renew(p_session VARBINARY(32), p_proof VARBINARY(64), p_salt BINARY(16),
    p_cost TINYINT UNSIGNED, p_new VARBINARY(32))
	UPDATE account SET salt = p_salt, cost = p_cost, verifier = UNHEX(SHA2(p_new, 256))
	WHERE id = (SELECT id FROM live_session WHERE id_hash = UNHEX(SHA2(p_session, 256))
	    UNION ALL SELECT id FROM key_session WHERE id_hash = UNHEX(SHA2(p_session, 256)))
	    AND proof_fits(verifier, p_proof) AND (cost < p_cost OR proof_plain(verifier, p_proof))
$$

-- End all sessions of this person but the one they ask in.
CREATE OR REPLACE PROCEDURE sign_out_others(p_session VARBINARY(32), p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT id, CONCAT('account:', LEFT(login, 70)) INTO v_account, v_actor FROM live_session
	WHERE id_hash = UNHEX(SHA2(p_session, 256));
	IF v_account IS NULL THEN CALL refuse('sign_in_required'); END IF;
	DELETE FROM session WHERE account_id = v_account AND id_hash <> UNHEX(SHA2(p_session, 256));
	IF ROW_COUNT() > 0 THEN CALL audit_add(v_actor, 'signed_out_elsewhere', NULL, p_address, NULL); END IF;
	COMMIT;
END
$$

-- What names a session where its person may see it: of the hash that is kept a hash, cut. It opens nothing.
CREATE OR REPLACE FUNCTION session_mark(p_id_hash BINARY(32)) RETURNS CHAR(16) CHARACTER SET ascii DETERMINISTIC NO SQL
	RETURN LEFT(SHA2(CONCAT('session', p_id_hash), 256), 16)
$$

-- The open sessions of the person who asks in one of them: that one first, then the last used.
CREATE OR REPLACE PROCEDURE session_list(p_session VARBINARY(32))
	SELECT session_mark(s.id_hash) AS mark, s.browser, DATE_FORMAT(s.created_at, '%Y-%m-%d %H:%i UTC') AS created_at,
	    DATE_FORMAT(s.seen_at, '%Y-%m-%d %H:%i UTC') AS seen_at, s.id_hash = me.id_hash AS mine
	FROM live_session me JOIN session s ON s.account_id = me.id
	WHERE me.id_hash = UNHEX(SHA2(p_session, 256)) AND s.seen_at > UTC_TIMESTAMP() - INTERVAL s.idle SECOND
	    AND s.expires_at > UTC_TIMESTAMP() AND NOT s.key_wanted
	ORDER BY mine DESC, s.seen_at DESC, s.created_at DESC LIMIT 100
$$

-- End one of the sessions of the person who asks. Its row stays until retention takes it, so that asking twice is no
-- error; a session of somebody else is the same as none. It ends when it began: a clock that is set back opens none.
CREATE OR REPLACE PROCEDURE session_end(p_session VARBINARY(32), p_mark CHAR(16) CHARACTER SET ascii,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_hash BINARY(32);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT id, CONCAT('account:', LEFT(login, 70)) INTO v_account, v_actor FROM live_session
	WHERE id_hash = UNHEX(SHA2(p_session, 256));
	IF v_account IS NULL THEN CALL refuse('sign_in_required'); END IF;
	SELECT MAX(id_hash) INTO v_hash FROM session WHERE account_id = v_account AND session_mark(id_hash) = p_mark;
	IF v_hash IS NULL THEN CALL refuse('not_found'); END IF;
	UPDATE session SET expires_at = LEAST(created_at, UTC_TIMESTAMP()) WHERE id_hash = v_hash AND expires_at > UTC_TIMESTAMP();
	IF ROW_COUNT() > 0 THEN CALL audit_add(v_actor, 'signed_out_elsewhere', NULL, p_address, p_mark); END IF;
	COMMIT;
END
$$

CREATE OR REPLACE PROCEDURE account_language(p_session VARBINARY(32), p_language CHAR(2))
	UPDATE account SET language = p_language
	WHERE id = (SELECT id FROM any_session WHERE id_hash = UNHEX(SHA2(p_session, 256)))
$$

-- ---------------------------------------------------------------- security keys (web)
--
-- A key signs what the worker drew (the challenge), and the worker judges the signature (lib/flow/webauthn.h), since SQL
-- cannot. What is held here: for whose session the challenge is, that it is good once and for two minutes, whose the key
-- is, and that its count goes forward.

-- Which of both a session is: p_waiting says that of one who is to sign in by a key, else of one who is signed in.
CREATE OR REPLACE PROCEDURE account_key_claim(p_session VARBINARY(32), p_waiting BOOLEAN, OUT o_account INT UNSIGNED,
    OUT o_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin)
BEGIN
	IF p_waiting THEN
		SELECT id, login INTO o_account, o_login FROM key_session WHERE id_hash = UNHEX(SHA2(p_session, 256));
	ELSE
		SELECT id, login INTO o_account, o_login FROM live_session WHERE id_hash = UNHEX(SHA2(p_session, 256));
	END IF;
	IF o_account IS NULL THEN CALL refuse('sign_in_required'); END IF;
END
$$

-- Use the challenge up. o_good: it was this one, and not too old. One from the time to come is of a clock that was set back.
CREATE OR REPLACE PROCEDURE account_key_spend(p_session VARBINARY(32), p_challenge BINARY(32), OUT o_good BOOLEAN)
BEGIN
	DECLARE v_good BOOLEAN;

	SELECT challenge_at BETWEEN UTC_TIMESTAMP() - INTERVAL 2 MINUTE AND UTC_TIMESTAMP() INTO v_good FROM session
	WHERE id_hash = UNHEX(SHA2(p_session, 256)) AND challenge = p_challenge FOR UPDATE;
	SET o_good = COALESCE(v_good, FALSE);
	IF v_good IS NOT NULL THEN
		UPDATE session SET challenge = NULL, challenge_at = NULL WHERE id_hash = UNHEX(SHA2(p_session, 256));
	END IF;
END
$$

-- The security keys of the person signed in, the oldest first.
CREATE OR REPLACE PROCEDURE account_key_list(p_session VARBINARY(32))
	SELECT k.id AS key_id, k.name, DATE_FORMAT(k.created_at, '%Y-%m-%d %H:%i UTC') AS created_at,
	    DATE_FORMAT(k.last_used_at, '%Y-%m-%d %H:%i UTC') AS last_used_at
	FROM live_session me JOIN account_key k ON k.account_id = me.id
	WHERE me.id_hash = UNHEX(SHA2(p_session, 256)) ORDER BY k.id
$$

-- Whether p_proof is of the person's password; a wrong one counts as a failed sign-in.
CREATE OR REPLACE PROCEDURE account_key_prove(p_account INT UNSIGNED, p_login VARCHAR(190) CHARACTER SET utf8mb4,
    p_proof VARBINARY(64), p_address VARCHAR(45) CHARACTER SET ascii, OUT o_good BOOLEAN)
BEGIN
	CALL sign_in_guard(p_login, p_address);
	SET o_good = EXISTS (SELECT 1 FROM account WHERE id = p_account AND proof_fits(verifier, p_proof));
	IF NOT o_good THEN
		CALL sign_in_failed(p_login, CONCAT('account:', LEFT(p_login, 70)), 'password_refused', p_address, NULL);
	END IF;
END
$$

-- A person wants to add a key, and gives their password: the session keeps the challenge. Answers a row for each key there
-- is (one at least), with a name for the account that says nothing of it.
CREATE OR REPLACE PROCEDURE account_key_begin(p_session VARBINARY(32), p_proof VARBINARY(64), p_challenge BINARY(32),
    p_address VARCHAR(45) CHARACTER SET ascii)
account_key_begin: BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE v_good BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL account_key_claim(p_session, FALSE, v_account, v_login);
	CALL account_key_prove(v_account, v_login, p_proof, p_address, v_good);
	IF NOT v_good THEN
		COMMIT;
		SELECT 'password_wrong' AS code;
		LEAVE account_key_begin;
	END IF;
	IF (SELECT COUNT(*) FROM account_key WHERE account_id = v_account) >= 10 THEN CALL refuse('account_key_too_many|10'); END IF;
	UPDATE session SET challenge = p_challenge, challenge_at = UTC_TIMESTAMP() WHERE id_hash = UNHEX(SHA2(p_session, 256));
	COMMIT;
	SELECT 'ok' AS code, UNHEX(SHA2(CONCAT(s.value, ' account ', v_account), 256)) AS handle, k.credential
	FROM secret s LEFT JOIN account_key k ON k.account_id = v_account WHERE s.name = 'pepper';
END
$$

-- Keep a key that was made for the challenge. One that another account has is refused.
CREATE OR REPLACE PROCEDURE account_key_add(p_session VARBINARY(32), p_challenge BINARY(32), p_credential VARBINARY(1023),
    p_algorithm SMALLINT, p_public VARBINARY(512), p_count INT UNSIGNED, p_name VARCHAR(60) CHARACTER SET utf8mb4,
    p_address VARCHAR(45) CHARACTER SET ascii)
account_key_add: BEGIN
	DECLARE v_account, v_owner INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE v_good BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL account_key_claim(p_session, FALSE, v_account, v_login);
	SELECT account_id INTO v_owner FROM account_key WHERE credential_hash = UNHEX(SHA2(p_credential, 256));
	IF v_owner = v_account THEN
		COMMIT;		-- said before
		LEAVE account_key_add;
	END IF;
	IF v_owner IS NOT NULL THEN CALL refuse('account_key_refused'); END IF;
	DO (SELECT COUNT(*) FROM account WHERE id = v_account FOR UPDATE);
	IF (SELECT COUNT(*) FROM account_key WHERE account_id = v_account) >= 10 THEN CALL refuse('account_key_too_many|10'); END IF;
	CALL account_key_spend(p_session, p_challenge, v_good);
	IF NOT v_good THEN CALL refuse('account_key_late'); END IF;
	INSERT INTO account_key (account_id, credential, credential_hash, algorithm, public_key, sign_count, name, created_at)
	VALUES (v_account, p_credential, UNHEX(SHA2(p_credential, 256)), p_algorithm, p_public, p_count, p_name, UTC_TIMESTAMP());
	CALL outbox_tell_person(v_account, 'key_added');
	CALL audit_add(CONCAT('account:', LEFT(v_login, 70)), 'key_added', NULL, p_address, LAST_INSERT_ID());
	COMMIT;
END
$$

-- Remove a key of one's own; p_proof is of the password. One that is not there is removed already.
CREATE OR REPLACE PROCEDURE account_key_remove(p_session VARBINARY(32), p_proof VARBINARY(64), p_id INT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
account_key_remove: BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE v_good BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL account_key_claim(p_session, FALSE, v_account, v_login);
	CALL account_key_prove(v_account, v_login, p_proof, p_address, v_good);
	IF NOT v_good THEN
		COMMIT;
		SELECT 'password_wrong' AS code;
		LEAVE account_key_remove;
	END IF;
	DELETE FROM account_key WHERE id = p_id AND account_id = v_account;
	IF ROW_COUNT() > 0 THEN
		CALL outbox_tell_person(v_account, 'key_removed');
		CALL audit_add(CONCAT('account:', LEFT(v_login, 70)), 'key_removed', NULL, p_address, p_id);
	END IF;
	COMMIT;
	SELECT 'ok' AS code;
END
$$

-- A person who gave the password is to use their key: the session keeps the challenge. Answers which keys will do.
CREATE OR REPLACE PROCEDURE account_key_ask(p_session VARBINARY(32), p_challenge BINARY(32),
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL account_key_claim(p_session, TRUE, v_account, v_login);
	CALL sign_in_guard(v_login, p_address);
	UPDATE session SET challenge = p_challenge, challenge_at = UTC_TIMESTAMP() WHERE id_hash = UNHEX(SHA2(p_session, 256));
	COMMIT;
	SELECT credential FROM account_key WHERE account_id = v_account ORDER BY id;
END
$$

-- What an answer is judged by: the challenge of the session, as long as it is good, and the key of that name, if it is
-- this person's. No row: there is no challenge.
CREATE OR REPLACE PROCEDURE account_key_asked(p_session VARBINARY(32), p_credential VARBINARY(1023))
	SELECT s.challenge, k.id AS key_id, k.algorithm, k.public_key
	FROM session s LEFT JOIN account_key k ON k.account_id = s.account_id AND k.credential_hash = UNHEX(SHA2(p_credential, 256))
	WHERE s.id_hash = UNHEX(SHA2(p_session, 256)) AND s.challenge IS NOT NULL
	    AND s.challenge_at BETWEEN UTC_TIMESTAMP() - INTERVAL 2 MINUTE AND UTC_TIMESTAMP()
$$

-- An answer that the worker found wrong counts as a failed sign-in; the challenge is used up. p_waiting as for
-- account_key_claim.
CREATE OR REPLACE PROCEDURE account_key_refused(p_session VARBINARY(32), p_waiting BOOLEAN, p_challenge BINARY(32),
    p_why VARCHAR(100) CHARACTER SET ascii, p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_account INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE v_good BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL account_key_claim(p_session, p_waiting, v_account, v_login);
	CALL sign_in_guard(v_login, p_address);
	CALL account_key_spend(p_session, p_challenge, v_good);
	IF v_good THEN
		CALL sign_in_failed(v_login, CONCAT('account:', LEFT(v_login, 70)), 'key_refused', p_address, p_why);
	END IF;
	COMMIT;
END
$$

-- An answer that the worker found right signs in: the session that waited ends, another takes its place. The count must
-- go forward where the key counts at all (W3C WebAuthn Level 2, 7.2 step 21); one that does not is of a copy.
CREATE OR REPLACE PROCEDURE sign_in_key(p_session VARBINARY(32), p_challenge BINARY(32), p_key INT UNSIGNED,
    p_count INT UNSIGNED, p_new VARBINARY(32), p_idle INT UNSIGNED, p_max INT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
sign_in_key: BEGIN
	DECLARE v_account, v_count INT UNSIGNED;
	DECLARE v_login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
	DECLARE v_good BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF EXISTS (SELECT 1 FROM session WHERE id_hash = UNHEX(SHA2(p_new, 256))) THEN
		COMMIT;		-- said before
		SELECT 'ok' AS code, (SELECT initial FROM any_session WHERE id_hash = UNHEX(SHA2(p_new, 256))) AS initial;
		LEAVE sign_in_key;
	END IF;
	CALL account_key_claim(p_session, TRUE, v_account, v_login);
	CALL sign_in_guard(v_login, p_address);
	CALL account_key_spend(p_session, p_challenge, v_good);
	IF NOT v_good THEN CALL refuse('account_key_late'); END IF;
	SELECT sign_count INTO v_count FROM account_key WHERE id = p_key AND account_id = v_account FOR UPDATE;
	IF v_count IS NULL THEN CALL refuse('account_key_refused'); END IF;
	IF p_count <= v_count AND (p_count > 0 OR v_count > 0) THEN
		CALL sign_in_failed(v_login, CONCAT('account:', LEFT(v_login, 70)), 'key_refused', p_address,
		    CONCAT('count of key ', p_key, ': ', p_count, ' after ', v_count));
		COMMIT;
		SELECT 'account_key_refused' AS code;
		LEAVE sign_in_key;
	END IF;
	UPDATE account_key SET sign_count = p_count, last_used_at = UTC_TIMESTAMP() WHERE id = p_key;
	INSERT INTO session (id_hash, account_id, created_at, seen_at, idle, expires_at, browser)
	SELECT UNHEX(SHA2(p_new, 256)), v_account, UTC_TIMESTAMP(), UTC_TIMESTAMP(), p_idle,
	    UTC_TIMESTAMP() + INTERVAL p_max SECOND, browser
	FROM session WHERE id_hash = UNHEX(SHA2(p_session, 256));
	DELETE FROM session WHERE id_hash = UNHEX(SHA2(p_session, 256));
	CALL audit_add(CONCAT('account:', LEFT(v_login, 70)), 'signed_in', NULL, p_address, CONCAT('security key ', p_key));
	COMMIT;
	SELECT 'ok' AS code, (SELECT initial FROM any_session WHERE id_hash = UNHEX(SHA2(p_new, 256))) AS initial;
END
$$

-- ---------------------------------------------------------------- mailbox (web)

-- Wizard 1, step 1: keep the typed address.
CREATE OR REPLACE PROCEDURE mailbox_draft(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	UPDATE orders SET email_draft = p_email
	WHERE id = v_order AND mailbox_status IN ('waiting_for_data', 'waiting_for_verification');
	IF (SELECT mailbox_status FROM orders WHERE id = v_order) NOT IN ('waiting_for_data', 'waiting_for_verification')
	THEN
		CALL refuse('step_not_open');
	END IF;
	CALL audit_add(v_actor, 'email_saved', v_order, p_address, p_email);
	COMMIT;
END
$$

-- Wizard 1, step 2: p_email is the address the summary showed. Starts a verification and ends an earlier one.
CREATE OR REPLACE PROCEDURE mailbox_confirm(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_address VARCHAR(45) CHARACTER SET ascii)
mailbox_confirm: BEGIN
	DECLARE v_order, v_mailbox BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_draft, v_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin;
	DECLARE v_status VARCHAR(24);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	SELECT email_draft, email, mailbox_status, mailbox_id INTO v_draft, v_email, v_status, v_mailbox
	FROM orders WHERE id = v_order;
	IF v_status IN ('waiting_for_verification', 'verified') AND COALESCE(v_draft, v_email) = p_email
	    AND v_email = p_email THEN
		UPDATE orders SET email_draft = NULL WHERE id = v_order;
		COMMIT;		-- sent twice, or the same address once more: its mail is on the way already
		LEAVE mailbox_confirm;
	END IF;
	IF v_status NOT IN ('waiting_for_data', 'waiting_for_verification') THEN CALL refuse('step_not_open'); END IF;
	IF v_draft IS NULL THEN CALL refuse('email_draft_missing'); END IF;
	IF v_draft <> p_email THEN CALL refuse('summary_changed'); END IF;

	CALL mailbox_begin(v_order, v_mailbox, v_draft, v_actor, p_address);
	COMMIT;
END
$$

-- A fresh mail with a new value. Twice within five seconds is one click; then a pause of a minute. A mail from a time
-- that is still to come was asked for under a clock that ran ahead; it makes nobody wait.
CREATE OR REPLACE PROCEDURE mailbox_resend(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii,
    p_address VARCHAR(45) CHARACTER SET ascii)
mailbox_resend: BEGIN
	DECLARE v_order, v_mailbox BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_status VARCHAR(24);
	DECLARE v_age, v_waiting INT;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	SELECT mailbox_status, mailbox_id INTO v_status, v_mailbox FROM orders WHERE id = v_order;
	IF v_status <> 'waiting_for_verification' THEN CALL refuse('step_not_open'); END IF;
	SELECT TIMESTAMPDIFF(SECOND, MAX(IF(created_at <= UTC_TIMESTAMP(), created_at, NULL)), UTC_TIMESTAMP()),
	    SUM(state = 'waiting')
	INTO v_age, v_waiting
	FROM outbox WHERE order_id = v_order AND mailbox_id = v_mailbox AND kind = 'verification';
	IF v_waiting > 0 OR v_age < 5 THEN
		COMMIT;
		LEAVE mailbox_resend;
	END IF;
	IF v_age < 60 THEN CALL refuse(CONCAT('resend_too_soon|', 60 - v_age)); END IF;
	CALL outbox_verification(v_order);
	CALL audit_add(v_actor, 'resend_asked', v_order, p_address, NULL);
	COMMIT;
END
$$

-- What a value from a link stands for; changes nothing. state: ask, confirmed, rejected, replaced, expired; no
-- row when the value is unknown.
CREATE OR REPLACE PROCEDURE mailbox_value_show(p_value VARBINARY(64))
	SELECT CASE
		WHEN m.confirmed_at IS NOT NULL THEN 'confirmed'
		WHEN m.rejected_at IS NOT NULL THEN 'rejected'
		WHEN m.replaced_at IS NOT NULL OR o.cancelled_at IS NOT NULL THEN 'replaced'
		WHEN v.refused_at IS NOT NULL OR v.expires_at <= UTC_TIMESTAMP() THEN 'expired'
		ELSE 'ask' END AS state,
	    m.email AS address, o.customer_name AS asker, o.product AS product, CONCAT(o.number, '/', o.item) AS `order`,
	    DATE_FORMAT(m.initiated_at, '%Y-%m-%d %H:%i UTC') AS asked_at,
	    DATE_FORMAT(v.expires_at, '%Y-%m-%d %H:%i UTC') AS expires_at,
	    DATE_FORMAT(m.confirmed_at, '%Y-%m-%d %H:%i UTC') AS confirmed_at,
	    DATE_FORMAT(m.rejected_at, '%Y-%m-%d %H:%i UTC') AS rejected_at,
	    o.language AS language
	FROM mailbox_value v JOIN mailbox m ON m.id = v.mailbox_id JOIN orders o ON o.id = m.order_id
	WHERE v.hash = UNHEX(SHA2(p_value, 256))
$$

-- The holder's answer. p_agent, the browser's name, is kept as evidence against mail scanners.
CREATE OR REPLACE PROCEDURE mailbox_answer(p_value VARBINARY(64), p_confirm BOOLEAN,
    p_address VARCHAR(45) CHARACTER SET ascii, p_agent VARCHAR(200))
mailbox_answer: BEGIN
	DECLARE v_order, v_mailbox BIGINT UNSIGNED;
	DECLARE v_confirmed, v_rejected, v_replaced, v_made, v_cancelled DATETIME;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT m.order_id, m.id, v.created_at INTO v_order, v_mailbox, v_made
	FROM mailbox_value v JOIN mailbox m ON m.id = v.mailbox_id WHERE v.hash = UNHEX(SHA2(p_value, 256));
	IF v_order IS NULL THEN CALL refuse('value_unknown'); END IF;
	SELECT cancelled_at INTO v_cancelled FROM orders WHERE id = v_order FOR UPDATE;
	SELECT confirmed_at, rejected_at, replaced_at INTO v_confirmed, v_rejected, v_replaced
	FROM mailbox WHERE id = v_mailbox FOR UPDATE;
	IF (p_confirm AND v_confirmed IS NOT NULL) OR (NOT p_confirm AND v_rejected IS NOT NULL) THEN
		COMMIT;		-- said before
		LEAVE mailbox_answer;
	END IF;
	IF v_confirmed IS NOT NULL THEN CALL refuse('value_used'); END IF;
	IF v_rejected IS NOT NULL THEN CALL refuse('value_rejected'); END IF;
	IF v_replaced IS NOT NULL OR v_cancelled IS NOT NULL THEN CALL refuse('value_replaced'); END IF;
	IF (SELECT refused_at IS NOT NULL OR expires_at <= UTC_TIMESTAMP() FROM mailbox_value
	    WHERE hash = UNHEX(SHA2(p_value, 256))) THEN
		UPDATE mailbox_value SET refused_at = COALESCE(refused_at, UTC_TIMESTAMP())
		WHERE hash = UNHEX(SHA2(p_value, 256));
		COMMIT;		-- refused once, it stays so, should the clock go back
		CALL refuse('value_expired');
	END IF;

	UPDATE mailbox_value SET used_at = UTC_TIMESTAMP() WHERE hash = UNHEX(SHA2(p_value, 256));
	UPDATE outbox SET state = 'dropped', done_at = UTC_TIMESTAMP()
	WHERE order_id = v_order AND kind = 'verification' AND state = 'waiting';
	IF p_confirm THEN
		UPDATE mailbox SET confirmed_at = UTC_TIMESTAMP(), confirmed_from = p_address, confirmed_agent = p_agent,
		    value_at = v_made
		WHERE id = v_mailbox;
		UPDATE orders SET mailbox_status = 'verified', mailbox_reason = NULL, email_draft = NULL,
		    activation_status = 'waiting_for_data'
		WHERE id = v_order;
		INSERT IGNORE INTO activation (order_id) VALUES (v_order);
		CALL outbox_tell_customer(v_order, 'verified', NULL);
		CALL audit_add('holder', 'mailbox_verified', v_order, p_address, CONCAT(' | ', p_agent));
	ELSE
		UPDATE mailbox SET rejected_at = UTC_TIMESTAMP(), fresh_until = NULL, value_at = v_made WHERE id = v_mailbox;
		UPDATE orders SET mailbox_status = 'waiting_for_data', mailbox_reason = 'value_rejected', email_draft = NULL
		WHERE id = v_order;
		CALL outbox_tell_customer(v_order, 'rejected', NULL);
		CALL audit_add('holder', 'value_rejected', v_order, p_address, CONCAT(' | ', p_agent));
	END IF;
	COMMIT;
END
$$

-- Verifications initiated over 30 days ago no longer count (SBR 4.2.1); a few at a time.
CREATE OR REPLACE PROCEDURE mailbox_sweep()
BEGIN
	DECLARE v_count INT DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	FOR old IN (SELECT m.id, m.order_id FROM mailbox m JOIN orders o ON o.id = m.order_id
	    WHERE m.fresh_until <= UTC_TIMESTAMP() AND o.activation_status <> 'waiting_for_verification' LIMIT 100) DO
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		START TRANSACTION;
		IF (SELECT mailbox_id = old.id AND activation_status IN ('not_available', 'waiting_for_data')
		    FROM orders WHERE id = old.order_id FOR UPDATE) THEN
			CALL mailbox_back(old.order_id, 'mailbox_too_old');
			CALL outbox_tell_customer(old.order_id, 'problem', 'mailbox_too_old');
			CALL audit_add('sweep', 'mailbox_too_old', old.order_id, NULL, NULL);
			SET v_count = v_count + 1;
		END IF;
		UPDATE mailbox m JOIN orders o ON o.id = m.order_id SET m.fresh_until = NULL
		WHERE m.id = old.id AND o.activation_status <> 'waiting_for_verification';
		COMMIT;
	END FOR;
	SELECT v_count AS count;
END
$$

-- ---------------------------------------------------------------- activation (web)

-- Lock an order whose activation is open.
CREATE OR REPLACE PROCEDURE activation_claim(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, OUT o_order BIGINT UNSIGNED,
    OUT o_actor VARCHAR(80))
BEGIN
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', o_order, o_actor);
	IF (SELECT activation_status FROM orders WHERE id = o_order) <> 'waiting_for_data' THEN
		CALL refuse('step_not_open');
	END IF;
END
$$

-- Wizard 2, step 1: the optional fields chosen, as a SET ("emailAddress,commonName").
CREATE OR REPLACE PROCEDURE activation_data(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_fields VARCHAR(64),
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL activation_claim(p_who, p_secret, p_number, p_item, v_order, v_actor);
	UPDATE activation SET fields = p_fields WHERE order_id = v_order;
	CALL audit_add(v_actor, 'fields_saved', v_order, p_address, p_fields);
	COMMIT;
END
$$

-- Wizard 2, step 2. Another method than before lets go of the request handed in.
CREATE OR REPLACE PROCEDURE activation_method(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_method VARCHAR(8),
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL activation_claim(p_who, p_secret, p_number, p_item, v_order, v_actor);
	IF (SELECT fields FROM activation WHERE order_id = v_order) IS NULL THEN CALL refuse('step_not_open'); END IF;
	UPDATE activation SET csr = IF(method <> p_method, NULL, csr), spki_sha256 = IF(method <> p_method, NULL, spki_sha256),
	    key_type = IF(method <> p_method, NULL, key_type), key_bits = IF(method <> p_method, NULL, key_bits),
	    method = p_method
	WHERE order_id = v_order;
	CALL audit_add(v_actor, 'method_saved', v_order, p_address, p_method);
	COMMIT;
END
$$

-- Is this key on the block list, or another mailbox's? Refuses; used when it is handed in and again at issuance.
CREATE OR REPLACE PROCEDURE key_refuse(p_spki BINARY(32),
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin)
BEGIN
	IF EXISTS (SELECT 1 FROM key_block WHERE spki_sha256 = p_spki) THEN CALL refuse('csr_key_compromised'); END IF;
	IF EXISTS (SELECT 1 FROM certificate WHERE spki_sha256 = p_spki AND email <> p_email) THEN
		CALL refuse('csr_key_in_use');
	END IF;
END
$$

-- Wizard 2, step 3: the request, judged by the worker and judged again by the signer.
CREATE OR REPLACE PROCEDURE activation_key(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_csr BLOB, p_spki BINARY(32),
    p_type VARCHAR(16), p_bits INT UNSIGNED, p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL activation_claim(p_who, p_secret, p_number, p_item, v_order, v_actor);
	IF (SELECT method FROM activation WHERE order_id = v_order) IS NULL THEN CALL refuse('step_not_open'); END IF;
	CALL key_refuse(p_spki, (SELECT email FROM orders WHERE id = v_order));
	UPDATE activation SET csr = p_csr, spki_sha256 = p_spki, key_type = p_type, key_bits = p_bits
	WHERE order_id = v_order;
	CALL audit_add(v_actor, 'csr_saved', v_order, p_address, CONCAT(p_type, ' ', p_bits, ' | SPKI ', HEX(p_spki)));
	COMMIT;
END
$$

-- Freeze a complete activation and queue its issuance; or, when the verification has grown too old, or was begun under a
-- clock that ran ahead, so that nobody knows how old it is, take the order back to it. o_code says which: 'ok' or
-- 'mailbox_too_old'.
CREATE OR REPLACE PROCEDURE activation_freeze(p_order BIGINT UNSIGNED, p_spki BINARY(32),
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_fresh DATETIME, p_terms_version VARCHAR(16),
    p_actor VARCHAR(80), p_address VARCHAR(45) CHARACTER SET ascii, OUT o_code VARCHAR(40))
activation_freeze: BEGIN
	CALL key_refuse(p_spki, p_email);
	IF p_fresh IS NULL OR p_fresh <= UTC_TIMESTAMP() OR p_fresh > UTC_TIMESTAMP() + INTERVAL 30 DAY THEN
		CALL mailbox_back(p_order, 'mailbox_too_old');
		CALL audit_add(p_actor, 'mailbox_too_old', p_order, p_address, NULL);
		SET o_code = 'mailbox_too_old';
		LEAVE activation_freeze;
	END IF;
	UPDATE activation SET terms_version = p_terms_version, accepted_terms_at = UTC_TIMESTAMP(),
	    accepted_data_at = UTC_TIMESTAMP(), submitted_at = UTC_TIMESTAMP(), submitted_by = p_actor
	WHERE order_id = p_order;
	UPDATE orders SET activation_status = 'waiting_for_verification', activation_reason = NULL,
	    activation_reason_arg = NULL
	WHERE id = p_order;
	INSERT INTO issuance (order_id, queued_at, next_at) VALUES (p_order, UTC_TIMESTAMP(), UTC_TIMESTAMP())
	ON DUPLICATE KEY UPDATE state = 'waiting', queued_at = UTC_TIMESTAMP(), next_at = UTC_TIMESTAMP(),
	    taken_by = NULL, taken_until = NULL, attempts = 0, last_code = NULL;
	CALL audit_add(p_actor, 'activation_submitted', p_order, p_address,
	    CONCAT(' | terms ', p_terms_version, ', SPKI ', HEX(p_spki)));
	SET o_code = 'ok';
END
$$

-- Wizard 2, step 4: p_spki is the key the summary showed. Freezes the activation and queues the issuance.
CREATE OR REPLACE PROCEDURE activation_submit(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_spki BINARY(32),
    p_terms_version VARCHAR(16), p_address VARCHAR(45) CHARACTER SET ascii)
activation_submit: BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_spki BINARY(32);
	DECLARE v_submitted, v_fresh DATETIME;
	DECLARE v_code VARCHAR(40);
	DECLARE v_status VARCHAR(24);
	DECLARE v_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	SELECT o.activation_status, o.email, a.spki_sha256, a.submitted_at, m.fresh_until
	INTO v_status, v_email, v_spki, v_submitted, v_fresh
	FROM orders o LEFT JOIN activation a ON a.order_id = o.id LEFT JOIN mailbox m ON m.id = o.mailbox_id
	WHERE o.id = v_order;
	IF v_submitted IS NOT NULL AND v_spki = p_spki THEN
		COMMIT;		-- sent twice
		SELECT 'ok' AS code, v_order AS order_id;
		LEAVE activation_submit;
	END IF;
	IF v_status <> 'waiting_for_data' OR v_spki IS NULL THEN CALL refuse('step_not_open'); END IF;
	IF v_spki <> p_spki THEN CALL refuse('summary_changed'); END IF;
	CALL activation_freeze(v_order, v_spki, v_email, v_fresh, p_terms_version, v_actor, p_address, v_code);
	COMMIT;
	SELECT v_code AS code, v_order AS order_id;
END
$$

-- A request that was refused, counted for reports and told in the history; the request itself is not kept.
CREATE OR REPLACE PROCEDURE csr_refused(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_code VARCHAR(40),
    p_arg VARCHAR(200), p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	CALL audit_add(v_actor, 'csr_refused', v_order, p_address, TRIM(CONCAT(p_code, ' ', COALESCE(p_arg, ''))));
	COMMIT;
END
$$

-- Somebody pasted a private key: its public key serves nobody any more (SBR 6.1.1.3), nor does another of its number. What
-- the signer found out of a certificate (key_numbered) no worker changes.
CREATE OR REPLACE PROCEDURE key_pasted_with(p_spki BINARY(32), p_number BINARY(32),
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	INSERT IGNORE INTO key_block (spki_sha256, number_sha256, source, added_at)
	VALUES (p_spki, p_number, 'pasted', UTC_TIMESTAMP());
	IF ROW_COUNT() > 0 THEN
		CALL audit_add('web', 'key_pasted', NULL, p_address, HEX(p_spki));
	ELSE
		UPDATE key_block SET number_sha256 = p_number
		WHERE spki_sha256 = p_spki AND number_sha256 IS NULL AND source = 'pasted';
	END IF;
	COMMIT;
END
$$

-- As a worker of the version before blocks, which tells no number.
CREATE OR REPLACE PROCEDURE key_pasted(p_spki BINARY(32), p_address VARCHAR(45) CHARACTER SET ascii)
	CALL key_pasted_with(p_spki, NULL, p_address)
$$

-- Is this key blocked, or one of the same number? Answers by refusing; changes nothing. For the live check, before a
-- request is saved and submitted, and for an order that the signer could not reserve.
CREATE OR REPLACE PROCEDURE key_check_with(p_spki BINARY(32), p_number BINARY(32))
BEGIN
	IF EXISTS (SELECT 1 FROM key_block WHERE spki_sha256 = p_spki)
	    OR EXISTS (SELECT 1 FROM key_block WHERE number_sha256 = p_number) THEN
		CALL refuse('csr_key_compromised');
	END IF;
END
$$

-- As a worker of the version before asks.
CREATE OR REPLACE PROCEDURE key_check(p_spki BINARY(32))
	CALL key_check_with(p_spki, NULL)
$$

-- ---------------------------------------------------------------- outbox (mailer)

-- Take up to p_n waiting mails for p_lease seconds. A row whose mailer died comes round again after that, or at once when
-- the mailer that was started in its place says p_anew: it has nothing in hand, so what is taken in its name is nobody's.
CREATE OR REPLACE PROCEDURE outbox_take(p_mailer VARCHAR(64) CHARACTER SET ascii, p_n INT UNSIGNED, p_lease INT UNSIGNED,
    p_anew BOOLEAN)
take: BEGIN
	DECLARE v_ids LONGTEXT;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	-- Mostly nothing is due: then this look is all that happens.
	IF NOT p_anew AND NOT EXISTS (SELECT 1 FROM outbox WHERE state = 'waiting' AND next_at <= UTC_TIMESTAMP(3)) THEN
		LEAVE take;
	END IF;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_anew THEN
		UPDATE outbox SET next_at = UTC_TIMESTAMP(3) WHERE state = 'waiting' AND taken_by = p_mailer;
	END IF;
	SELECT JSON_ARRAYAGG(id) INTO v_ids FROM (SELECT id FROM outbox
	    WHERE state = 'waiting' AND next_at <= UTC_TIMESTAMP(3) ORDER BY next_at LIMIT p_n
	    FOR UPDATE SKIP LOCKED) AS due;
	IF v_ids IS NOT NULL THEN
		UPDATE outbox b JOIN JSON_TABLE(v_ids, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j ON j.id = b.id
		SET b.taken_by = p_mailer, b.next_at = UTC_TIMESTAMP(3) + INTERVAL p_lease SECOND,
		    b.attempts = b.attempts + 1;
	END IF;
	COMMIT;
	-- Mostly nothing is due; certificates are sorted in a table on the disk, which would be made for nothing.
	IF v_ids IS NOT NULL THEN
		SELECT b.id, b.kind, CONCAT(o.number, '/', o.item) AS order_number, b.recipient, o.email, b.language,
		    b.attempts - 1 AS attempts, UNIX_TIMESTAMP(b.created_at) AS created_at, UNIX_TIMESTAMP() AS now,
		    b.mailbox_id, o.customer_name, o.product, b.arg, o.activation_reason_arg,
		    UNIX_TIMESTAMP(CASE b.kind WHEN 'verified' THEN m.confirmed_at WHEN 'rejected' THEN m.rejected_at
			WHEN 'revoked' THEN c.revoked_at ELSE b.happened_at END) AS happened_at,
		    c.der AS certificate, i.certificate AS issuer, r.certificate AS root
		FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j
		JOIN outbox b ON b.id = j.id LEFT JOIN orders o ON o.id = b.order_id LEFT JOIN mailbox m ON m.id = b.mailbox_id
		LEFT JOIN certificate c ON c.order_id = o.id AND b.kind IN ('certificate_issued', 'revoked')
		LEFT JOIN issuer i ON i.id = c.issuer_id LEFT JOIN issuer r ON r.id = i.parent_id
		-- A mail about an order names it. One whose order does not show, whyever, is not handed out: it comes round
		-- again when its lease ends.
		WHERE b.order_id IS NULL OR o.id IS NOT NULL
		ORDER BY b.id;
	END IF;
END
$$

-- Note the hash of the random value that a verification mail is about to carry; it dies 24 hours later, to the
-- second. When the mail has no purpose any more it is dropped and the answer is value_replaced; when another mailer has
-- taken it meanwhile the answer is busy, and nothing may be sent.
CREATE OR REPLACE PROCEDURE outbox_value(p_id BIGINT UNSIGNED, p_mailer VARCHAR(64) CHARACTER SET ascii, p_hash BINARY(32))
BEGIN
	DECLARE v_mailbox BIGINT UNSIGNED;
	DECLARE v_holder VARCHAR(64) CHARACTER SET ascii;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT b.mailbox_id INTO v_mailbox
	FROM outbox b JOIN mailbox m ON m.id = b.mailbox_id JOIN orders o ON o.id = b.order_id
	WHERE b.id = p_id AND b.kind = 'verification' AND b.state = 'waiting' AND o.cancelled_at IS NULL
	    AND m.confirmed_at IS NULL AND m.rejected_at IS NULL AND m.replaced_at IS NULL;
	SELECT COALESCE(MAX(taken_by), '') INTO v_holder FROM outbox WHERE id = p_id AND state = 'waiting';
	IF v_mailbox IS NOT NULL AND v_holder <> p_mailer THEN CALL refuse('busy'); END IF;
	IF v_mailbox IS NULL THEN
		UPDATE outbox SET state = 'dropped', done_at = UTC_TIMESTAMP()
		WHERE id = p_id AND state = 'waiting' AND taken_by = p_mailer;
	ELSE
		INSERT IGNORE INTO mailbox_value (hash, mailbox_id, outbox_id, created_at, expires_at)
		VALUES (p_hash, v_mailbox, p_id, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 24 HOUR);
		UPDATE mailbox SET expires_at = UTC_TIMESTAMP() + INTERVAL 24 HOUR WHERE id = v_mailbox;
	END IF;
	COMMIT;
	SELECT IF(v_mailbox IS NULL, 'value_replaced', 'ok') AS code;
END
$$

-- A taken mail that never had its turn goes back as it was.
CREATE OR REPLACE PROCEDURE outbox_back(p_id BIGINT UNSIGNED, p_mailer VARCHAR(64) CHARACTER SET ascii)
	UPDATE outbox SET taken_by = NULL, next_at = UTC_TIMESTAMP(3), attempts = attempts - 1
	WHERE id = p_id AND state = 'waiting' AND taken_by = p_mailer
$$

-- How a mail ended: p_state 'sent', 'refused', 'given_up' or 'dropped', or 'waiting' to try again after p_pause
-- seconds. A verification that cannot be delivered is the person's to mend: the order says so. Only who holds the mail
-- may say so: a mailer whose lease ran out meanwhile says nothing of a mail that another one has in hand.
CREATE OR REPLACE PROCEDURE outbox_done(p_id BIGINT UNSIGNED, p_mailer VARCHAR(64) CHARACTER SET ascii, p_state VARCHAR(8),
    p_pause INT UNSIGNED, p_server VARCHAR(253), p_reply VARCHAR(512))
BEGIN
	DECLARE v_order, v_mailbox BIGINT UNSIGNED;
	DECLARE v_kind VARCHAR(24);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT mailbox_id INTO v_mailbox FROM outbox WHERE id = p_id AND kind = 'verification';
	DO (SELECT id FROM mailbox WHERE id = v_mailbox FOR UPDATE);
	SELECT order_id, kind INTO v_order, v_kind FROM outbox
	WHERE id = p_id AND state = 'waiting' AND taken_by = p_mailer FOR UPDATE;
	IF v_kind IS NOT NULL THEN
		IF p_state = 'sent' THEN
			UPDATE mailbox SET accepted_at = UTC_TIMESTAMP() WHERE id = v_mailbox AND accepted_at IS NULL;
		ELSEIF p_state IN ('refused', 'given_up') THEN
			UPDATE mailbox SET bounced_at = UTC_TIMESTAMP() WHERE id = v_mailbox;
		END IF;
		UPDATE outbox SET state = p_state, next_at = UTC_TIMESTAMP(3) + INTERVAL p_pause SECOND,
		    taken_by = NULL, done_at = IF(p_state = 'waiting', NULL, UTC_TIMESTAMP()), server = p_server,
		    reply = p_reply
		WHERE id = p_id;
		CALL audit_add('mailer', CASE
		    WHEN p_state = 'sent' AND v_kind = 'certificate_issued' THEN 'certificate_mailed'
		    WHEN p_state = 'dropped' THEN 'mail_dropped'
		    ELSE CONCAT(IF(v_kind = 'verification', 'mail_', 'notice_'), CASE p_state
			WHEN 'sent' THEN 'accepted' WHEN 'waiting' THEN 'delayed' ELSE 'failed' END) END,
		    v_order, NULL, CONCAT(COALESCE(p_server, ''), ': ', COALESCE(p_reply, '')));
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- issuance (signer)

-- Keys on their way to a certificate. Of several mailboxes that wait with one key, the first order gets it.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW issuance_key AS
SELECT a.spki_sha256, i.order_id, o.email,
    EXISTS (SELECT 1 FROM serial s WHERE s.order_id = i.order_id AND s.state = 'reserved') AS reserved
FROM activation a JOIN issuance i ON i.order_id = a.order_id AND i.state = 'waiting' JOIN orders o ON o.id = a.order_id
$$

-- May an order that a signer holds be signed until its lease ends? Asked of what stands in the books now, since hours may
-- lie between a check and its signature: a mailbox verification begun under 30 days before (SBR 4.2.1), the statements,
-- CAA permitted for this very domain and not past its time (SBR 4.2.2.1), and a key that is neither blocked nor another
-- holder's, nor on its way to one. What is about to run out counts as run out.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW issuance_held AS
SELECT i.order_id, i.taken_by, a.spki_sha256
FROM issuance i
JOIN orders o ON o.id = i.order_id AND o.activation_status = 'waiting_for_verification'
    AND o.mailbox_status = 'verified' AND o.cancelled_at IS NULL
JOIN mailbox m ON m.id = o.mailbox_id AND m.email = o.email AND m.confirmed_at IS NOT NULL AND m.rejected_at IS NULL
    AND m.replaced_at IS NULL AND m.initiated_at <= UTC_TIMESTAMP() AND m.initiated_at + INTERVAL 30 DAY >= i.taken_until
JOIN activation a ON a.order_id = i.order_id AND a.submitted_at IS NOT NULL AND a.accepted_terms_at IS NOT NULL
    AND a.accepted_data_at IS NOT NULL
WHERE i.state = 'waiting' AND i.taken_until > UTC_TIMESTAMP()
    AND EXISTS (SELECT 1 FROM caa_check k WHERE k.order_id = o.id AND k.decision = 'permitted'
	AND k.domain = SUBSTRING_INDEX(o.email, '@', -1) AND k.valid_until >= i.taken_until)
    AND NOT EXISTS (SELECT 1 FROM key_block b WHERE b.spki_sha256 = a.spki_sha256)
    AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.order_id = i.order_id)
    AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.spki_sha256 = a.spki_sha256 AND c.email <> o.email)
    AND NOT EXISTS (SELECT 1 FROM issuance_key y WHERE y.spki_sha256 = a.spki_sha256 AND y.email <> o.email
	AND (y.order_id < i.order_id OR y.reserved))
$$

-- Take up to p_n submitted orders for p_lease seconds, with all that is needed to judge them. p_anew as in outbox_take.
-- Refused where a connection may turn its clock back (SET timestamp): a worker could then answer with a value that expired.
CREATE OR REPLACE PROCEDURE issuance_take(p_signer VARCHAR(64) CHARACTER SET ascii, p_n INT UNSIGNED,
    p_lease INT UNSIGNED, p_anew BOOLEAN)
take: BEGIN
	DECLARE v_ids LONGTEXT;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	IF @@GLOBAL.secure_timestamp = 'NO' THEN
		CALL refuse('config_invalid|MariaDB must run with secure-timestamp = SUPER or YES');
	END IF;
	IF NOT p_anew AND NOT EXISTS (SELECT 1 FROM issuance WHERE state = 'waiting' AND next_at <= UTC_TIMESTAMP()) THEN
		LEAVE take;
	END IF;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_anew THEN
		UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE state = 'waiting' AND taken_by = p_signer;
	END IF;
	SELECT JSON_ARRAYAGG(order_id) INTO v_ids FROM (SELECT order_id FROM issuance
	    WHERE state = 'waiting' AND next_at <= UTC_TIMESTAMP() ORDER BY next_at LIMIT p_n
	    FOR UPDATE SKIP LOCKED) AS due;
	IF v_ids IS NOT NULL THEN
		UPDATE issuance s JOIN JSON_TABLE(v_ids, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j
		    ON j.id = s.order_id
		SET s.taken_by = p_signer, s.next_at = UTC_TIMESTAMP() + INTERVAL p_lease SECOND,
		    s.taken_until = UTC_TIMESTAMP() + INTERVAL p_lease SECOND, s.attempts = s.attempts + 1;
	END IF;
	COMMIT;
	SELECT o.id AS order_id, CONCAT(o.number, '/', o.item) AS order_number, o.product, o.email, s.attempts,
	    m.email AS mailbox_email, UNIX_TIMESTAMP(m.initiated_at) AS initiated_at,
	    UNIX_TIMESTAMP(m.confirmed_at) AS confirmed_at,
	    m.replaced_at IS NULL AND m.rejected_at IS NULL AND o.cancelled_at IS NULL
		AND o.mailbox_status = 'verified' AND o.activation_status = 'waiting_for_verification' AS standing,
	    a.fields, a.csr,
	    a.submitted_at IS NOT NULL AND a.accepted_terms_at IS NOT NULL AND a.accepted_data_at IS NOT NULL
		AS statements,
	    a.spki_sha256,
	    EXISTS (SELECT 1 FROM key_block k WHERE k.spki_sha256 = a.spki_sha256) AS key_blocked,
	    EXISTS (SELECT 1 FROM certificate x WHERE x.spki_sha256 = a.spki_sha256 AND x.email <> o.email)
		OR EXISTS (SELECT 1 FROM issuance_key y WHERE y.spki_sha256 = a.spki_sha256 AND y.email <> o.email
		    AND (y.order_id < o.id OR y.reserved)) AS key_in_use,
	    (SELECT UNIX_TIMESTAMP(MAX(k.valid_until)) FROM caa_check k WHERE k.order_id = o.id
		AND k.decision = 'permitted' AND k.domain = SUBSTRING_INDEX(o.email, '@', -1)) AS caa_valid_until,
	    UNIX_TIMESTAMP(s.taken_until) AS taken_until, UNIX_TIMESTAMP() AS now
	FROM JSON_TABLE(COALESCE(v_ids, '[]'), '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j
	JOIN orders o ON o.id = j.id JOIN issuance s ON s.order_id = o.id
	JOIN mailbox m ON m.id = o.mailbox_id JOIN activation a ON a.order_id = o.id;
END
$$

-- Write down serial and hash of what is about to be signed: [{"order": n, "issuer": n, "serial": "hex", "tbs": "hex",
-- "spki": "hex", "number": "hex, of the key", "lint": "name and version of the lint that passed it"}, …]. Another serial
-- reserved earlier for the same order was abandoned by a crash: it goes on the CRL. Answers the orders that may be signed now,
-- until the lease ends: none whose key's number is blocked, which only the signer can tell (one of the version before does not).
CREATE OR REPLACE PROCEDURE issuance_reserve(p_signer VARCHAR(64), p_batch LONGTEXT)
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	DO (SELECT COUNT(*) FROM orders WHERE id IN (SELECT j.id FROM JSON_TABLE(p_batch,
	    '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order')) j) FOR UPDATE);
	INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by)
	SELECT s.issuer_id, s.serial, UTC_TIMESTAMP(), 0, UTC_TIMESTAMP() + INTERVAL 825 DAY, 'signer:abandoned'
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', serial CHAR(32) PATH '$.serial')) j
	JOIN issuance i ON i.order_id = j.id AND i.state = 'waiting' AND i.taken_by = p_signer
	    AND i.taken_until > UTC_TIMESTAMP()
	JOIN serial s ON s.order_id = j.id AND s.state = 'reserved' AND s.serial <> UNHEX(j.serial);
	IF ROW_COUNT() > 0 THEN
		INSERT INTO audit (at, actor, event, order_id, detail)
		SELECT UTC_TIMESTAMP(6), CONCAT('signer:', p_signer), 'serial_abandoned', s.order_id, HEX(s.serial)
		FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order')) j
		JOIN serial s ON s.order_id = j.id AND s.state = 'reserved'
		JOIN revocation r ON r.issuer_id = s.issuer_id AND r.serial = s.serial;
		UPDATE JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order')) j
		JOIN serial s ON s.order_id = j.id AND s.state = 'reserved'
		JOIN revocation r ON r.issuer_id = s.issuer_id AND r.serial = s.serial
		SET s.state = 'abandoned';
	END IF;
	INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, lint, reserved_at)
	SELECT j.issuer, UNHEX(j.serial), j.id, UNHEX(j.tbs), j.lint, UTC_TIMESTAMP()
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', issuer INT PATH '$.issuer',
	    serial CHAR(32) PATH '$.serial', tbs CHAR(64) PATH '$.tbs', spki CHAR(64) PATH '$.spki',
	    number CHAR(64) PATH '$.number', lint VARCHAR(64) PATH '$.lint')) j
	JOIN issuance_held h ON h.order_id = j.id AND h.taken_by = p_signer AND h.spki_sha256 = UNHEX(j.spki)
	LEFT JOIN serial own ON own.issuer_id = j.issuer AND own.serial = UNHEX(j.serial) AND own.order_id = j.id
	WHERE own.order_id IS NULL AND j.lint <> ''
	    AND NOT EXISTS (SELECT 1 FROM key_block b WHERE b.number_sha256 = UNHEX(j.number));
	COMMIT;
	SELECT j.id AS order_id
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', issuer INT PATH '$.issuer',
	    serial CHAR(32) PATH '$.serial', tbs CHAR(64) PATH '$.tbs')) j
	JOIN serial s ON s.issuer_id = j.issuer AND s.serial = UNHEX(j.serial) AND s.order_id = j.id
	    AND s.tbs_sha256 = UNHEX(j.tbs) AND s.state = 'reserved';
END
$$

-- Store what was signed, p_batch: [{"order", "issuer", "serial", "sha256", "spki", "email", "not_before", "not_after",
-- "at", "len": where in p_ders its certificate stands, from 1, and how long it is}, …]. Only a serial still reserved
-- counts; with it end the order, its mail and its audit event. Answers the orders stored. The certificates come apart
-- from the rest, since every statement that names p_batch reads all of it.
CREATE OR REPLACE PROCEDURE issuance_store_with(p_signer VARCHAR(64), p_batch LONGTEXT, p_ders LONGBLOB)
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	DO (SELECT COUNT(*) FROM orders WHERE id IN (SELECT j.id FROM JSON_TABLE(p_batch,
	    '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order')) j) FOR UPDATE);
	INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after,
	    issued_at)
	SELECT j.id, j.issuer, s.serial, j.email, COALESCE(SUBSTR(p_ders, j.at, j.len), FROM_BASE64(j.der)),
	    UNHEX(j.sha256), UNHEX(j.spki), FROM_UNIXTIME(j.not_before), FROM_UNIXTIME(j.not_after), UTC_TIMESTAMP()
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', issuer INT PATH '$.issuer',
	    serial CHAR(32) PATH '$.serial', sha256 CHAR(64) PATH '$.sha256', spki CHAR(64) PATH '$.spki',
	    email VARCHAR(254) PATH '$.email', not_before BIGINT PATH '$.not_before', not_after BIGINT PATH '$.not_after',
	    at INT PATH '$.at', len INT PATH '$.len', der TEXT PATH '$.der')) j
	JOIN serial s ON s.issuer_id = j.issuer AND s.serial = UNHEX(j.serial) AND s.order_id = j.id
	    AND s.state = 'reserved'
	FOR UPDATE;
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, next_at)
	SELECT 'certificate_issued', o.id, o.mailbox_id, c.email, o.language, UTC_TIMESTAMP(), UTC_TIMESTAMP(3)
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', serial CHAR(32) PATH '$.serial')) j
	JOIN certificate c ON c.order_id = j.id AND c.serial = UNHEX(j.serial)
	JOIN serial s ON s.issuer_id = c.issuer_id AND s.serial = c.serial AND s.state = 'reserved'
	JOIN orders o ON o.id = j.id;
	INSERT INTO audit (at, actor, event, order_id, detail)
	SELECT UTC_TIMESTAMP(6), CONCAT('signer:', p_signer), 'certificate_issued', c.order_id,
	    CONCAT(HEX(c.serial), ' | SHA-256 ', HEX(c.sha256), ', lint ', COALESCE(s.lint, '-'))
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', serial CHAR(32) PATH '$.serial')) j
	JOIN certificate c ON c.order_id = j.id AND c.serial = UNHEX(j.serial)
	JOIN serial s ON s.issuer_id = c.issuer_id AND s.serial = c.serial AND s.state = 'reserved';
	UPDATE JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', serial CHAR(32) PATH '$.serial')) j
	JOIN certificate c ON c.order_id = j.id AND c.serial = UNHEX(j.serial)
	JOIN serial s ON s.issuer_id = c.issuer_id AND s.serial = c.serial AND s.state = 'reserved'
	JOIN issuance i ON i.order_id = j.id
	JOIN orders o ON o.id = j.id
	JOIN mailbox m ON m.id = o.mailbox_id
	SET s.state = 'issued', i.state = 'done', i.done_at = UTC_TIMESTAMP(), i.taken_by = NULL, i.last_code = NULL,
	    o.activation_status = 'verified', o.activation_reason = NULL, o.activation_reason_arg = NULL,
	    o.issued_at = c.issued_at, o.not_after = c.not_after, m.fresh_until = NULL;
	COMMIT;
	SELECT j.id AS order_id
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', serial CHAR(32) PATH '$.serial')) j
	JOIN certificate c ON c.order_id = j.id AND c.serial = UNHEX(j.serial);
END
$$

-- As a signer of the version before stores: each certificate in the batch, "der" in base64.
CREATE OR REPLACE PROCEDURE issuance_store(p_signer VARCHAR(64), p_batch LONGTEXT)
	CALL issuance_store_with(p_signer, p_batch, NULL)
$$

-- The signer will not issue: back to the person. p_step says which step must be done again.
CREATE OR REPLACE PROCEDURE issuance_return(p_order BIGINT UNSIGNED, p_signer VARCHAR(64), p_step VARCHAR(12),
    p_code VARCHAR(40), p_arg VARCHAR(200))
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	DO (SELECT id FROM orders WHERE id = p_order FOR UPDATE);
	UPDATE issuance SET state = 'returned', taken_by = NULL, last_code = p_code
	WHERE order_id = p_order AND state = 'waiting' AND taken_by = p_signer;
	IF ROW_COUNT() > 0 THEN
		CALL serial_abandon(p_order, CONCAT('signer:', p_signer));
		IF p_step = 'mailbox' THEN
			CALL mailbox_back(p_order, p_code);
		ELSE
			UPDATE activation SET submitted_at = NULL, accepted_terms_at = NULL, accepted_data_at = NULL
			WHERE order_id = p_order;
			UPDATE orders SET activation_status = 'waiting_for_data', activation_reason = p_code,
			    activation_reason_arg = p_arg
			WHERE id = p_order;
		END IF;
		CALL outbox_tell_customer(p_order, 'problem', p_code);
		CALL audit_add(CONCAT('signer:', p_signer), 'issuance_refused', p_order, NULL,
		    CONCAT(p_code, ' ', COALESCE(p_arg, '')));
	END IF;
	COMMIT;
END
$$

-- Not now: the signer tries again by itself after p_pause seconds.
CREATE OR REPLACE PROCEDURE issuance_later(p_order BIGINT UNSIGNED, p_signer VARCHAR(64), p_code VARCHAR(40),
    p_pause INT UNSIGNED)
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	UPDATE issuance SET next_at = UTC_TIMESTAMP() + INTERVAL p_pause SECOND, taken_by = NULL, taken_until = NULL,
	    last_code = p_code
	WHERE order_id = p_order AND state = 'waiting' AND taken_by = p_signer;
	IF ROW_COUNT() > 0 THEN
		CALL serial_abandon(p_order, CONCAT('signer:', p_signer));
		CALL audit_add(CONCAT('signer:', p_signer), 'issuance_delayed', p_order, NULL, p_code);
	END IF;
	COMMIT;
END
$$

-- Taken orders that did not have their turn go back as they were, behind all that is due now, p_batch: [{"order": n,
-- "code": what delays them or null, "issuer": n, "serial": "hex", the last two when a serial is reserved that never came to
-- the key}, …]. Such a serial was signed by nobody: it counts as unused, and nothing can be stored with it. Of the orders
-- there is no event, as nothing happened to them; of the serials there is one for some 25 of them.
CREATE OR REPLACE PROCEDURE issuance_back(p_signer VARCHAR(64) CHARACTER SET ascii, p_batch LONGTEXT)
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	DO (SELECT COUNT(*) FROM orders WHERE id IN (SELECT j.id FROM JSON_TABLE(p_batch,
	    '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order')) j) FOR UPDATE);
	INSERT INTO audit (at, actor, event, detail)
	SELECT UTC_TIMESTAMP(6), CONCAT('signer:', p_signer), 'serials_unused', GROUP_CONCAT(HEX(s.serial) SEPARATOR ' ')
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (n FOR ORDINALITY, id BIGINT UNSIGNED PATH '$.order',
	    issuer INT PATH '$.issuer', serial CHAR(32) PATH '$.serial')) j
	JOIN issuance i ON i.order_id = j.id AND i.state = 'waiting' AND i.taken_by = p_signer
	JOIN serial s ON s.issuer_id = j.issuer AND s.serial = UNHEX(j.serial) AND s.order_id = j.id AND s.state = 'reserved'
	GROUP BY (j.n - 1) DIV 25;
	UPDATE JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', issuer INT PATH '$.issuer',
	    serial CHAR(32) PATH '$.serial')) j
	JOIN issuance i ON i.order_id = j.id AND i.state = 'waiting' AND i.taken_by = p_signer
	JOIN serial s ON s.issuer_id = j.issuer AND s.serial = UNHEX(j.serial) AND s.order_id = j.id AND s.state = 'reserved'
	SET s.state = 'unused';
	UPDATE JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', code VARCHAR(40) PATH '$.code')) j
	JOIN issuance i ON i.order_id = j.id AND i.state = 'waiting' AND i.taken_by = p_signer
	SET i.taken_by = NULL, i.taken_until = NULL, i.next_at = UTC_TIMESTAMP(), i.attempts = GREATEST(i.attempts, 1) - 1,
	    i.last_code = COALESCE(j.code, i.last_code);
	COMMIT;
END
$$

-- What CAA look-ups of a round found, p_batch: [{"order", "domain", "decision", "found_at", "records", "secure",
-- "checked_at", "valid_until", "perspectives": what each remote one saw, JSON as a text, or null}, …]; an audit event each
-- (SBR 4.2.2.1). One commit for all, before any is signed.
CREATE OR REPLACE PROCEDURE caa_record(p_signer VARCHAR(64), p_batch LONGTEXT)
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	INSERT INTO caa_check (order_id, domain, decision, found_at, records, secure, checked_at, valid_until, perspectives)
	SELECT j.id, j.domain, j.decision, j.found_at, j.records, j.secure, FROM_UNIXTIME(j.checked_at),
	    FROM_UNIXTIME(j.valid_until), j.perspectives
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', domain VARCHAR(253) PATH '$.domain',
	    decision VARCHAR(12) PATH '$.decision', found_at VARCHAR(253) PATH '$.found_at',
	    records VARCHAR(2000) PATH '$.records', secure BOOLEAN PATH '$.secure', checked_at BIGINT PATH '$.checked_at',
	    valid_until BIGINT PATH '$.valid_until', perspectives TEXT PATH '$.perspectives')) j;
	INSERT INTO audit (at, actor, event, order_id, detail)
	SELECT UTC_TIMESTAMP(6), CONCAT('signer:', p_signer), CONCAT('caa_', j.decision), j.id,
	    LEFT(CONCAT(j.domain, ' | ', COALESCE(j.found_at, '-'), ' ', COALESCE(j.records, '')), 1000)
	FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$.order', domain VARCHAR(253) PATH '$.domain',
	    decision VARCHAR(12) PATH '$.decision', found_at VARCHAR(253) PATH '$.found_at',
	    records VARCHAR(2000) PATH '$.records')) j;
	COMMIT;
END
$$

-- Blocked keys whose number nobody told, in the order of their hashes: up to p_n behind p_after, each with a certificate
-- that has it, or NULL. Those of a revocation for keyCompromise, and those blocked before there were numbers; a
-- certificate that was cleared tells none.
CREATE OR REPLACE PROCEDURE key_unnumbered(p_after BINARY(32), p_n INT UNSIGNED)
	SELECT k.spki_sha256, c.der
	FROM (SELECT spki_sha256 FROM key_block WHERE number_sha256 IS NULL AND spki_sha256 > p_after
	    ORDER BY spki_sha256 LIMIT p_n) k
	LEFT JOIN certificate c ON c.id = (SELECT MIN(x.id) FROM certificate x
	    WHERE x.spki_sha256 = k.spki_sha256 AND x.der <> '')
	ORDER BY k.spki_sha256
$$

-- The number of such a key. It follows from what is blocked, so it is no event.
CREATE OR REPLACE PROCEDURE key_numbered(p_spki BINARY(32), p_number BINARY(32))
	UPDATE key_block SET number_sha256 = p_number WHERE spki_sha256 = p_spki AND number_sha256 IS NULL
$$

-- ---------------------------------------------------------------- certificate

-- Put a certificate's serial on the list of the next CRL (SBR 4.9). The signer sees it within a minute. p_with: what only
-- auditors want to know of it, or NULL.
CREATE OR REPLACE PROCEDURE revocation_put(p_order BIGINT UNSIGNED, p_reason TINYINT UNSIGNED, p_by VARCHAR(80),
    p_address VARCHAR(45) CHARACTER SET ascii, p_received_at DATETIME, p_with VARCHAR(100))
BEGIN
	INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by, received_at)
	SELECT issuer_id, serial, UTC_TIMESTAMP(), p_reason, not_after, p_by, p_received_at
	FROM certificate WHERE order_id = p_order;
	UPDATE certificate SET revoked_at = UTC_TIMESTAMP() WHERE order_id = p_order;
	UPDATE orders SET revoked_at = UTC_TIMESTAMP() WHERE id = p_order;
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, arg, created_at, next_at)
	SELECT 'revoked', o.id, o.mailbox_id, c.email, o.language, p_reason, UTC_TIMESTAMP(), UTC_TIMESTAMP(3)
	FROM certificate c JOIN orders o ON o.id = c.order_id WHERE c.order_id = p_order AND c.email <> '';
	CALL audit_add(p_by, 'certificate_revoked', p_order, p_address, CONCAT_WS(' | ', CONCAT('reason ', p_reason), p_with));
END
$$

-- Revoke an order's certificate; its order is locked. With a key that others know (keyCompromise) go all certificates of that
-- key that still hold: a mailbox may have several (SBR 4.9.1.1). Their orders are locked in the order of their ids; two at
-- once that began with different ones may meet in a deadlock, and one of them is run again.
CREATE OR REPLACE PROCEDURE revocation_add(p_order BIGINT UNSIGNED, p_reason TINYINT UNSIGNED, p_by VARCHAR(80),
    p_address VARCHAR(45) CHARACTER SET ascii, p_received_at DATETIME)
BEGIN
	CALL revocation_put(p_order, p_reason, p_by, p_address, p_received_at, NULL);
	IF p_reason = 1 THEN
		INSERT IGNORE INTO key_block (spki_sha256, source, added_at)
		SELECT spki_sha256, 'keyCompromise', UTC_TIMESTAMP() FROM certificate WHERE order_id = p_order;
		FOR other IN (SELECT c.order_id FROM certificate one JOIN certificate c ON c.spki_sha256 = one.spki_sha256
		    WHERE one.order_id = p_order AND c.order_id <> p_order AND c.revoked_at IS NULL AND c.not_after > UTC_TIMESTAMP()
		    ORDER BY c.order_id) DO
			DO (SELECT id FROM orders WHERE id = other.order_id FOR UPDATE);
			IF (SELECT revoked_at FROM certificate WHERE order_id = other.order_id) IS NULL THEN
				CALL revocation_put(other.order_id, p_reason, p_by, p_address, p_received_at,
				    (SELECT CONCAT('it has the key of ', number, '/', item) FROM orders WHERE id = p_order));
			END IF;
		END FOR;
	END IF;
END
$$

-- Self-service revocation. A second time with any reason is said calmly: certificate_revoked_already.
CREATE OR REPLACE PROCEDURE certificate_revoke(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_reason TINYINT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'revoke', v_order, v_actor);
	-- long after its end a certificate is cleared (retention.sql), and its revocation would mean nothing
	IF NOT EXISTS (SELECT 1 FROM certificate WHERE order_id = v_order AND email <> '') THEN
		CALL refuse('certificate_none_to_revoke');
	END IF;
	IF (SELECT revoked_at FROM certificate WHERE order_id = v_order) IS NULL THEN
		CALL revocation_add(v_order, p_reason, v_actor, p_address, UTC_TIMESTAMP());
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- the clock (signer)

-- The clock was set back by p_back seconds: what was to end or to begin at a time that was reckoned by the clock as it
-- stood would now do so that much later, a mail or an order that waits for its next turn by days. So these times go
-- back as far. Right they are either way: when the clock ran ahead, for what was written while it did; when it is
-- wrong now, for what was written before. What was written before a clock that ran ahead ends too early, never too late.
-- What is evidence (when something happened) stays as it was written.
CREATE OR REPLACE PROCEDURE clock_back(p_back INT UNSIGNED)
BEGIN
	UPDATE mailbox_value SET expires_at = expires_at - INTERVAL p_back SECOND
	WHERE expires_at > UTC_TIMESTAMP() AND used_at IS NULL;
	UPDATE issuance SET next_at = next_at - INTERVAL p_back SECOND, taken_until = taken_until - INTERVAL p_back SECOND
	WHERE state = 'waiting';
	UPDATE caa_check k JOIN issuance i ON i.order_id = k.order_id AND i.state = 'waiting'
	SET k.valid_until = k.valid_until - INTERVAL p_back SECOND WHERE k.valid_until > UTC_TIMESTAMP();
	UPDATE outbox SET next_at = next_at - INTERVAL p_back SECOND WHERE state = 'waiting';
	UPDATE callback SET next_at = next_at - INTERVAL p_back SECOND, tried_since = LEAST(tried_since, UTC_TIMESTAMP())
	WHERE state = 'waiting';
	UPDATE callback_address SET held_until = held_until - INTERVAL p_back SECOND WHERE held_until IS NOT NULL;
	UPDATE session SET seen_at = seen_at - INTERVAL p_back SECOND, expires_at = expires_at - INTERVAL p_back SECOND
	WHERE expires_at > UTC_TIMESTAMP();
	UPDATE sign_in_failure SET at = at - INTERVAL p_back SECOND WHERE at > UTC_TIMESTAMP();
	UPDATE partner_key_rate SET at = LEAST(at, UNIX_TIMESTAMP());
END
$$

-- Look whether this server's clock was set back by over a minute since the last look; every few seconds. Less than that
-- makes nothing wait or live long. Answers what the clock says, and by how many seconds it went back.
CREATE OR REPLACE PROCEDURE clock_watch()
BEGIN
	DECLARE v_server VARCHAR(64) CHARACTER SET ascii DEFAULT LEFT(COALESCE(@@hostname, ''), 64);
	DECLARE v_seen DATETIME;
	DECLARE v_back BIGINT;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	INSERT IGNORE INTO clock (server, seen_at) VALUES (v_server, UTC_TIMESTAMP());
	SELECT seen_at INTO v_seen FROM clock WHERE server = v_server FOR UPDATE;
	SET v_back = TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), v_seen);
	IF v_back > 60 THEN
		CALL clock_back(v_back);
		CALL audit_add('clock', 'clock_back', NULL, NULL, CONCAT('by ', v_back, ' seconds, from ', v_seen));
	END IF;
	UPDATE clock SET seen_at = UTC_TIMESTAMP() WHERE server = v_server;
	COMMIT;
	SELECT UNIX_TIMESTAMP() AS now, IF(v_back > 60, v_back, 0) AS back;
END
$$

-- ---------------------------------------------------------------- CRL (signer)

-- Begin the next CRL of an issuer if one is due: none yet, a day old, a revocation not listed, one begun over a minute
-- ago and never published, or one of a time that is still to come: the clock ran ahead, and readers whose clocks are right
-- have no CRL. By less than a minute its time does not go back, which is what time servers do. It names no revocation as
-- still to come. Claims the revocations so far for it, 50,000 at most, so that no flood of them takes
-- longer than a statement may: what is left makes the next CRL due at once. p_standing is the number of the CRL that stands
-- where readers find it on the signer's host: no number up to it is given out (the database may be restored from a
-- backup), and when it is behind what was published already, from another host or before the file was lost, the answer is
-- that CRL once more, under its own number. No row: nothing is to be done.
CREATE OR REPLACE PROCEDURE crl_begin(p_issuer SMALLINT UNSIGNED, p_signer VARCHAR(64), p_life INT UNSIGNED,
    p_standing BIGINT UNSIGNED)
BEGIN
	DECLARE v_number BIGINT UNSIGNED DEFAULT 0;
	DECLARE v_now, v_this, v_before, v_published DATETIME;
	DECLARE v_due BOOLEAN DEFAULT FALSE;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	DO (SELECT id FROM issuer WHERE id = p_issuer FOR UPDATE);
	SET v_now = UTC_TIMESTAMP();
	SELECT number, this_update, published_at INTO v_number, v_this, v_published FROM crl
	WHERE issuer_id = p_issuer ORDER BY number DESC LIMIT 1;
	SET v_due = v_this IS NULL OR v_this < v_now - INTERVAL 1 DAY OR v_this > v_now + INTERVAL 1 MINUTE
	    OR (v_published IS NULL AND v_this < v_now - INTERVAL 1 MINUTE)
	    OR (v_published IS NOT NULL AND EXISTS (SELECT 1 FROM revocation
		WHERE issuer_id = p_issuer AND listed_in IS NULL));
	IF v_due THEN
		SET v_number = GREATEST(v_number, p_standing) + 1;
		SET v_before = v_this;
		SET v_this = IF(v_this > v_now AND v_this <= v_now + INTERVAL 1 MINUTE, v_this, v_now);
		INSERT INTO crl (issuer_id, number, this_update, next_update)
		VALUES (p_issuer, v_number, v_this, v_this + INTERVAL p_life SECOND);
		UPDATE revocation SET listed_in = v_number, revoked_at = LEAST(revoked_at, v_this)
		WHERE issuer_id = p_issuer AND listed_in IS NULL LIMIT 50000;
		IF v_before > v_this THEN
			UPDATE revocation SET revoked_at = v_this WHERE issuer_id = p_issuer AND revoked_at > v_this;
		END IF;
		CALL audit_add(CONCAT('signer:', p_signer), 'crl_begun', NULL, NULL, CONCAT('number ', v_number));
	END IF;
	COMMIT;
	IF v_due OR (v_published IS NOT NULL AND p_standing < v_number) THEN
		SELECT number, UNIX_TIMESTAMP(this_update) AS this_update, UNIX_TIMESTAMP(next_update) AS next_update
		FROM crl WHERE issuer_id = p_issuer AND number = v_number;
	END IF;
END
$$

CREATE OR REPLACE PROCEDURE crl_published(p_issuer SMALLINT UNSIGNED, p_number BIGINT UNSIGNED, p_signer VARCHAR(64),
    p_entries INT UNSIGNED, p_sha256 BINARY(32))
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	UPDATE crl SET published_at = UTC_TIMESTAMP(), entries = p_entries, sha256 = p_sha256
	WHERE issuer_id = p_issuer AND number = p_number AND published_at IS NULL;
	IF ROW_COUNT() > 0 THEN
		CALL audit_add(CONCAT('signer:', p_signer), 'crl_published', NULL, NULL,
		    CONCAT('number ', p_number, ', entries ', p_entries, ', sha256 ', HEX(p_sha256)));
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- audit (signer)

-- Add a seal over the events of p_batch ([{"id", "hash"}, …], in the order of the chain from p_first on). stored is 0
-- when another signer sealed meanwhile: read the head again. Events are given numbers here and nowhere else.
CREATE OR REPLACE PROCEDURE audit_seal_add(p_first BIGINT UNSIGNED, p_last BIGINT UNSIGNED, p_sealed_at BIGINT,
    p_before BINARY(32), p_head BINARY(32), p_signature VARBINARY(128), p_batch LONGTEXT)
BEGIN
	DECLARE v_last BIGINT UNSIGNED;
	DECLARE v_stored BOOLEAN DEFAULT FALSE;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	SELECT last_seq INTO v_last FROM audit_seal ORDER BY last_seq DESC LIMIT 1 FOR UPDATE;
	IF COALESCE(v_last, 0) + 1 = p_first THEN
		INSERT INTO audit_seal (last_seq, first_seq, before_hash, hash, signature, sealed_at)
		VALUES (p_last, p_first, p_before, p_head, p_signature, FROM_UNIXTIME(p_sealed_at));
		INSERT INTO audit_chain (seq, event_id, hash)
		SELECT p_first + j.n - 1, j.id, UNHEX(j.hash)
		FROM JSON_TABLE(p_batch, '$[*]' COLUMNS (n FOR ORDINALITY, id BIGINT UNSIGNED PATH '$.id',
		    hash CHAR(64) PATH '$.hash')) j;
		SET v_stored = TRUE;
	END IF;
	COMMIT;
	SELECT v_stored AS stored;
END
$$
