-- partner.sql - what partners may do: order for their own customers, make keys, be told of changes. The rules of
-- transitions.sql hold here too; this file is applied after it.
--
-- A partner acts by a key (its program) or by a session (its people); the database proves either.

-- Who acts, as the partner's id; refuses everybody else. Of a key it checks the scope (empty: any), takes p_cost requests of its
-- allowance (0: it was paid already in this request) and notes, at most once a minute, that it is in use. A function,
-- so that a page's SELECT proves the key in its own round trip.
-- A key is looked up by its hash, never compared: what the time of that tells is of the hash, which makes no key.
CREATE OR REPLACE FUNCTION partner_of(p_who VARCHAR(8), p_secret VARBINARY(64), p_scope VARCHAR(8), p_cost INT UNSIGNED)
RETURNS INT UNSIGNED MODIFIES SQL DATA
BEGIN
	DECLARE v_partner, v_account, v_key, v_rate, v_burst INT UNSIGNED;
	DECLARE v_scopes VARCHAR(40);
	DECLARE v_used DATETIME;
	DECLARE v_now DOUBLE DEFAULT UNIX_TIMESTAMP(SYSDATE(3));

	IF p_who = 'session' THEN
		SELECT s.id, p.id INTO v_account, v_partner
		FROM live_session s LEFT JOIN partner p ON p.id = s.partner_id AND p.disabled_at IS NULL
		WHERE s.id_hash = UNHEX(SHA2(p_secret, 256));
		IF v_account IS NULL THEN CALL refuse('sign_in_required'); END IF;
		IF v_partner IS NULL THEN CALL refuse('not_found'); END IF;
		RETURN v_partner;
	END IF;
	SELECT k.id, k.partner_id, k.scopes, k.last_used_at, p.rate, p.burst
	INTO v_key, v_partner, v_scopes, v_used, v_rate, v_burst
	FROM partner_key k JOIN partner p ON p.id = k.partner_id
	WHERE k.hash = UNHEX(SHA2(p_secret, 256)) AND k.revoked_at IS NULL AND p.disabled_at IS NULL
	    AND (k.expires_at IS NULL OR k.expires_at > UTC_TIMESTAMP());
	IF v_key IS NULL THEN CALL refuse('partner_key_refused'); END IF;
	IF p_cost > 0 THEN CALL partner_key_spend(v_key, p_cost, v_rate, v_burst, v_now); END IF;
	IF p_scope <> '' AND FIND_IN_SET(p_scope, v_scopes) = 0 THEN CALL refuse('partner_key_scope'); END IF;
	IF v_used IS NULL OR v_used < UTC_TIMESTAMP() - INTERVAL 60 SECOND THEN
		UPDATE partner_key SET last_used_at = UTC_TIMESTAMP()
		WHERE id = v_key AND (last_used_at IS NULL OR last_used_at < UTC_TIMESTAMP() - INTERVAL 60 SECOND);
	END IF;
	RETURN v_partner;
END
$$

-- A bucket that fills by p_rate a second up to p_burst; each request takes p_cost. Refuses when too little is in it.
CREATE OR REPLACE PROCEDURE partner_key_spend(p_key INT UNSIGNED, p_cost INT UNSIGNED, p_rate INT UNSIGNED,
    p_burst INT UNSIGNED, p_now DOUBLE)
BEGIN
	DECLARE v_tokens DOUBLE;

	INSERT IGNORE INTO partner_key_rate (key_id, tokens, at) VALUES (p_key, p_burst, p_now);
	UPDATE partner_key_rate
	SET tokens = LEAST(p_burst, tokens + GREATEST(0, p_now - at) * p_rate) - p_cost, at = GREATEST(at, p_now)
	WHERE key_id = p_key AND LEAST(p_burst, tokens + GREATEST(0, p_now - at) * p_rate) >= p_cost;
	IF ROW_COUNT() = 0 THEN
		SELECT tokens + GREATEST(0, p_now - at) * p_rate INTO v_tokens FROM partner_key_rate WHERE key_id = p_key;
		CALL refuse(CONCAT('too_many_requests|',
		    LEAST(3600, GREATEST(1, CEIL((p_cost - v_tokens) / GREATEST(p_rate, 0.001))))));
	END IF;
END
$$

-- How the audit events call who acts; only after partner_of() has proved them.
CREATE OR REPLACE FUNCTION partner_actor(p_who VARCHAR(8), p_secret VARBINARY(64), p_partner INT UNSIGNED)
RETURNS VARCHAR(80) READS SQL DATA
BEGIN
	IF p_who = 'session' THEN
		RETURN (SELECT CONCAT('account:', LEFT(login, 70)) FROM live_session WHERE id_hash = UNHEX(SHA2(p_secret, 256)));
	END IF;
	RETURN (SELECT CONCAT('partner:', name) FROM partner WHERE id = p_partner);
END
$$

-- ---------------------------------------------------------------- order (web)

-- The first of the posted fields that differs from what the order was made of, or NULL.
CREATE OR REPLACE FUNCTION order_post_difference(p_order BIGINT UNSIGNED,
    p_product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_language CHAR(2) CHARACTER SET ascii,
    p_customer_name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    p_fields VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin, p_csr_sha256 BINARY(32),
    p_callback VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin)
RETURNS VARCHAR(20) READS SQL DATA
	RETURN (SELECT CASE
		WHEN o.product <> p_product THEN 'product'
		WHEN d.order_id IS NULL THEN 'partner_ref'
		WHEN NOT d.email <=> p_email THEN 'email'
		WHEN NOT d.language <=> p_language THEN 'language'
		WHEN NOT d.customer_name <=> p_customer_name THEN 'customer_name'
		WHEN NOT d.fields <=> p_fields THEN 'fields'
		WHEN NOT d.csr_sha256 <=> p_csr_sha256 THEN 'csr'
		WHEN NOT d.callback <=> p_callback THEN 'callback' END
	    FROM orders o LEFT JOIN order_post d ON d.order_id = o.id WHERE o.id = p_order)
$$

-- Make one order of a partner, inside a transaction, or find the one of the same reference; the database's UNIQUE key
-- decides which of two posts at once makes it. o_code: 'made', 'same', or the name of the field that differs.
-- The verification of the mailbox begins at once; a request handed in early waits for the activation.
CREATE OR REPLACE PROCEDURE partner_order_make(p_partner INT UNSIGNED, p_actor VARCHAR(80),
    p_ref VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    p_product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_language CHAR(2) CHARACTER SET ascii,
    p_customer_name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    p_fields VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin, p_csr BLOB, p_spki BINARY(32), p_type VARCHAR(16),
    p_bits INT UNSIGNED, p_callback VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin,
    p_bulk INT UNSIGNED, p_address VARCHAR(45) CHARACTER SET ascii, OUT o_order BIGINT UNSIGNED, OUT o_code VARCHAR(20))
partner_order_make: BEGIN
	DECLARE v_callback INT UNSIGNED;
	DECLARE v_made BOOLEAN DEFAULT FALSE;
	DECLARE v_number CHAR(10) CHARACTER SET ascii;
	DECLARE v_tries INT UNSIGNED DEFAULT 0;

	SELECT id INTO o_order FROM orders WHERE partner_id = p_partner AND partner_ref = p_ref;
	IF o_order IS NULL AND p_callback IS NOT NULL THEN
		SELECT id INTO v_callback FROM callback_address
		WHERE partner_id = p_partner AND url = p_callback AND removed_at IS NULL;
		IF v_callback IS NULL THEN CALL refuse(CONCAT('callback_unknown|', LEFT(p_callback, 90))); END IF;
	END IF;
	-- Another post may have made the order meanwhile, or taken the number: then there is none of this reference yet.
	WHILE o_order IS NULL DO
		SET v_made = TRUE, v_number = order_number_draw(), v_tries = v_tries + 1;
		BEGIN
			DECLARE CONTINUE HANDLER FOR 1062 SET v_made = FALSE;
			INSERT INTO orders (number, item, partner_id, partner_ref, product, customer_name, language, bulk_id)
			SELECT v_number, 'b01', p_partner, p_ref, p_product, COALESCE(p_customer_name, title),
			    COALESCE(p_language, 'en'), p_bulk
			FROM partner WHERE id = p_partner;
		END;
		IF v_made THEN
			SET o_order = LAST_INSERT_ID();
		ELSE
			SELECT id INTO o_order FROM orders WHERE partner_id = p_partner AND partner_ref = p_ref;
			IF o_order IS NULL AND v_tries = 10 THEN CALL refuse('busy'); END IF;
		END IF;
	END WHILE;
	IF NOT v_made THEN
		SET o_code = COALESCE(order_post_difference(o_order, p_product, p_email, p_language, p_customer_name,
		    p_fields, UNHEX(SHA2(p_csr, 256)), p_callback), 'same');
		LEAVE partner_order_make;
	END IF;
	INSERT INTO order_post (order_id, product, email, language, customer_name, fields, csr_sha256, callback)
	VALUES (o_order, p_product, p_email, p_language, p_customer_name, p_fields, UNHEX(SHA2(p_csr, 256)), p_callback);
	CALL audit_add(p_actor, 'order_added', o_order, p_address, p_product);
	IF p_email IS NOT NULL THEN CALL mailbox_begin(o_order, NULL, p_email, p_actor, p_address); END IF;
	IF p_csr IS NOT NULL OR p_fields IS NOT NULL THEN
		IF p_csr IS NOT NULL THEN CALL key_refuse(p_spki, p_email); END IF;
		INSERT INTO activation (order_id, fields, method, csr, spki_sha256, key_type, key_bits)
		VALUES (o_order, p_fields, IF(p_csr IS NULL, NULL, 'csr'), p_csr, p_spki, p_type, p_bits);
	END IF;
	-- Last, so that nobody is told of what the answer says itself.
	UPDATE orders SET callback_address_id = v_callback WHERE id = o_order AND v_callback IS NOT NULL;
	SET o_code = 'made';
END
$$

CREATE OR REPLACE PROCEDURE partner_order_add(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_ref VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    p_product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_language CHAR(2) CHARACTER SET ascii,
    p_customer_name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    p_fields VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin, p_csr BLOB, p_spki BINARY(32), p_type VARCHAR(16),
    p_bits INT UNSIGNED, p_callback VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_code VARCHAR(20);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of(p_who, p_secret, 'order', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL partner_order_make(v_partner, partner_actor(p_who, p_secret, v_partner), p_ref, p_product, p_email, p_language,
	    p_customer_name, p_fields, p_csr, p_spki, p_type, p_bits, p_callback, NULL, p_address, v_order, v_code);
	IF v_code NOT IN ('made', 'same') THEN CALL refuse(CONCAT('partner_ref_conflict|', v_code)); END IF;
	COMMIT;
	SELECT v_code AS code, number, item FROM orders WHERE id = v_order;
END
$$

-- Many orders, all or none: [{"line", "ref", "product", "email", "language", "customer_name", "callback"}, …]. Rows that are
-- there already with the same content are left as they are, so the file may be sent twice.
CREATE OR REPLACE PROCEDURE partner_bulk_add(p_who VARCHAR(8), p_secret VARBINARY(64), p_name VARCHAR(200),
    p_rows LONGTEXT CHARACTER SET utf8mb4, p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner, v_bulk INT UNSIGNED;
	DECLARE v_order, v_first BIGINT UNSIGNED;
	DECLARE v_code VARCHAR(20);
	DECLARE v_actor VARCHAR(80);
	DECLARE v_made INT UNSIGNED DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of(p_who, p_secret, 'order', 0);
	SET v_actor = partner_actor(p_who, p_secret, v_partner);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	INSERT INTO bulk (partner_id, name, made_at, made_by) VALUES (v_partner, p_name, UTC_TIMESTAMP(), v_actor);
	SET v_bulk = LAST_INSERT_ID();
	FOR line IN (SELECT j.* FROM JSON_TABLE(p_rows, '$[*]' COLUMNS (line INT PATH '$.line',
	    ref VARCHAR(64) PATH '$.ref', product VARCHAR(64) PATH '$.product', email VARCHAR(254) PATH '$.email',
	    language VARCHAR(2) PATH '$.language', customer_name VARCHAR(200) PATH '$.customer_name',
	    callback VARCHAR(500) PATH '$.callback')) j) DO
		CALL partner_order_make(v_partner, v_actor, line.ref, line.product, line.email, line.language,
		    line.customer_name, NULL, NULL, NULL, NULL, NULL, line.callback, v_bulk, p_address, v_order, v_code);
		IF v_code NOT IN ('made', 'same') THEN
			CALL refuse(CONCAT('partner_ref_conflict|', v_code, ' (', line.line, ')'));
		END IF;
		IF v_code = 'made' THEN SET v_made = v_made + 1; END IF;
		SET v_first = COALESCE(v_first, v_order);
	END FOR;
	IF v_made = 0 THEN
		DELETE FROM bulk WHERE id = v_bulk;
		SELECT bulk_id INTO v_bulk FROM orders WHERE id = v_first;
	END IF;
	COMMIT;
	SELECT v_bulk AS bulk, v_made AS made;
END
$$

-- What of such rows cannot be ordered, as far as only the database knows: the line, the fault's code and its argument.
CREATE OR REPLACE PROCEDURE partner_bulk_check(p_partner INT UNSIGNED, p_rows LONGTEXT CHARACTER SET utf8mb4,
    p_most INT UNSIGNED)
	SELECT j.line, IF(o.id IS NULL, 'callback_unknown', 'partner_ref_conflict') AS code,
	    IF(o.id IS NULL, LEFT(CONVERT(j.callback USING utf8mb4), 90), order_post_difference(o.id, j.product, j.email,
		j.language, j.customer_name, NULL, NULL, j.callback)) AS arg
	FROM JSON_TABLE(p_rows, '$[*]' COLUMNS (line INT PATH '$.line',
	    ref VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.ref', product VARCHAR(64) PATH '$.product',
	    email VARCHAR(254) PATH '$.email', language VARCHAR(2) PATH '$.language',
	    customer_name VARCHAR(200) PATH '$.customer_name',
	    callback VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin PATH '$.callback')) j
	LEFT JOIN orders o ON o.partner_id = p_partner AND o.partner_ref = j.ref
	WHERE IF(o.id IS NULL, j.callback IS NOT NULL AND NOT EXISTS (SELECT 1 FROM callback_address a
	    WHERE a.partner_id = p_partner AND a.url = j.callback AND a.removed_at IS NULL),
	    order_post_difference(o.id, j.product, j.email, j.language, j.customer_name, NULL, NULL, j.callback) IS NOT NULL)
	ORDER BY j.line LIMIT p_most
$$

-- Give (or change) the address and start its verification, both pages of the wizard in one. The same address again is
-- fine.
CREATE OR REPLACE PROCEDURE partner_email(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii,
    p_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin, p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_order, v_mailbox BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin;
	DECLARE v_status VARCHAR(24);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	SELECT email, mailbox_status, mailbox_id INTO v_email, v_status, v_mailbox FROM orders WHERE id = v_order;
	IF v_status NOT IN ('waiting_for_verification', 'verified') OR v_email <> p_email THEN
		IF v_status NOT IN ('waiting_for_data', 'waiting_for_verification') THEN CALL refuse('step_not_open'); END IF;
		CALL mailbox_begin(v_order, v_mailbox, p_email, v_actor, p_address);
	END IF;
	COMMIT;
END
$$

-- The whole activation in one: fields, request and statements. p_csr NULL: the request handed in before. Sent twice it
-- answers the same.
CREATE OR REPLACE PROCEDURE partner_activate(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii, p_fields VARCHAR(64), p_csr BLOB,
    p_spki BINARY(32), p_type VARCHAR(16), p_bits INT UNSIGNED, p_terms_version VARCHAR(16),
    p_address VARCHAR(45) CHARACTER SET ascii)
partner_activate: BEGIN
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_actor VARCHAR(80);
	DECLARE v_spki BINARY(32);
	DECLARE v_submitted, v_fresh DATETIME;
	DECLARE v_status VARCHAR(24);
	DECLARE v_code VARCHAR(40);
	DECLARE v_email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL order_claim(p_who, p_secret, p_number, p_item, 'order', v_order, v_actor);
	SELECT o.activation_status, o.email, a.spki_sha256, a.submitted_at, m.fresh_until
	INTO v_status, v_email, v_spki, v_submitted, v_fresh
	FROM orders o LEFT JOIN activation a ON a.order_id = o.id LEFT JOIN mailbox m ON m.id = o.mailbox_id
	WHERE o.id = v_order;
	IF v_submitted IS NOT NULL AND v_spki = COALESCE(p_spki, v_spki) THEN
		COMMIT;		-- sent twice
		SELECT 'ok' AS code, v_order AS order_id;
		LEAVE partner_activate;
	END IF;
	IF v_status <> 'waiting_for_data' THEN CALL refuse('step_not_open'); END IF;
	IF v_spki IS NULL AND p_csr IS NULL THEN CALL refuse('csr_missing'); END IF;
	IF p_csr IS NOT NULL THEN
		CALL key_refuse(p_spki, v_email);
		UPDATE activation SET method = 'csr', csr = p_csr, spki_sha256 = p_spki, key_type = p_type, key_bits = p_bits
		WHERE order_id = v_order;
		SET v_spki = p_spki;
	END IF;
	UPDATE activation SET fields = p_fields WHERE order_id = v_order;
	CALL activation_freeze(v_order, v_spki, v_email, v_fresh, p_terms_version, v_actor, p_address, v_code);
	COMMIT;
	SELECT v_code AS code, v_order AS order_id;
END
$$

-- End an order that has no certificate yet. A second time is fine.
CREATE OR REPLACE PROCEDURE partner_cancel(p_who VARCHAR(8), p_secret VARBINARY(64),
    p_number CHAR(10) CHARACTER SET ascii, p_item CHAR(3) CHARACTER SET ascii,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_order BIGINT UNSIGNED;
	DECLARE v_cancelled DATETIME;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of(p_who, p_secret, 'order', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT id, cancelled_at INTO v_order, v_cancelled FROM orders
	WHERE number = p_number AND item = p_item AND partner_id = v_partner FOR UPDATE;
	IF v_order IS NULL THEN CALL refuse('not_found'); END IF;
	IF v_cancelled IS NULL THEN
		CALL order_end(v_order);
		CALL audit_add(partner_actor(p_who, p_secret, v_partner), 'order_cancelled', v_order, p_address, NULL);
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- keys (web, only people)

-- Note a new key by its hash. p_once comes with the form: sent twice it makes one key, and the second answer has no row.
CREATE OR REPLACE PROCEDURE partner_key_add(p_session VARBINARY(64), p_once BINARY(16), p_hash BINARY(32),
    p_label VARCHAR(100), p_scopes VARCHAR(40), p_days INT UNSIGNED, p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_made BOOLEAN DEFAULT FALSE;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of('session', p_session, '', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	DO (SELECT id FROM partner WHERE id = v_partner FOR UPDATE);
	IF (SELECT COUNT(*) FROM partner_key WHERE partner_id = v_partner AND revoked_at IS NULL
	    AND COALESCE(expires_at > UTC_TIMESTAMP(), TRUE) AND NOT once <=> p_once) >= 50 THEN
		CALL refuse('key_too_many|50');
	END IF;
	INSERT IGNORE INTO partner_key (partner_id, hash, label, scopes, expires_at, once)
	VALUES (v_partner, p_hash, p_label, p_scopes, UTC_TIMESTAMP() + INTERVAL p_days DAY, p_once);
	SET v_made = ROW_COUNT() > 0;
	IF v_made THEN
		CALL audit_add(partner_actor('session', p_session, v_partner), 'partner_key_added', NULL, p_address,
		    CONCAT('key ', LAST_INSERT_ID(), ' ', p_label, ', ', p_scopes));
	END IF;
	COMMIT;
	SELECT id FROM partner_key WHERE hash = p_hash;
END
$$

CREATE OR REPLACE PROCEDURE partner_key_end(p_session VARBINARY(64), p_id BIGINT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of('session', p_session, '', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF NOT EXISTS (SELECT 1 FROM partner_key WHERE id = p_id AND partner_id = v_partner) THEN
		CALL refuse('not_found');
	END IF;
	UPDATE partner_key SET revoked_at = UTC_TIMESTAMP()
	WHERE id = p_id AND partner_id = v_partner AND revoked_at IS NULL;
	IF ROW_COUNT() > 0 THEN
		CALL audit_add(partner_actor('session', p_session, v_partner), 'partner_key_revoked', NULL, p_address,
		    CONCAT('key ', p_id));
	END IF;
	COMMIT;
END
$$

-- ---------------------------------------------------------------- callbacks

-- The three acts on addresses and the replay, for the panel below and for mailcertctl (admin.sql); inside a transaction.

-- o_made: FALSE when it is registered already. One that was removed is taken up again, with the new secret.
CREATE OR REPLACE PROCEDURE callback_address_put(p_partner INT UNSIGNED,
    p_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin, p_secret VARCHAR(64) CHARACTER SET ascii,
    p_actor VARCHAR(80), p_address VARCHAR(45) CHARACTER SET ascii, OUT o_made BOOLEAN)
BEGIN
	DO (SELECT id FROM partner WHERE id = p_partner FOR UPDATE);
	IF (SELECT COUNT(*) FROM callback_address WHERE partner_id = p_partner AND removed_at IS NULL AND url <> p_url) >= 50 THEN
		CALL refuse('callback_too_many|50');
	END IF;
	INSERT IGNORE INTO callback_address (partner_id, url, secret, created_at)
	VALUES (p_partner, p_url, p_secret, UTC_TIMESTAMP());
	SET o_made = ROW_COUNT() > 0;
	IF NOT o_made THEN
		UPDATE callback_address SET secret = p_secret, removed_at = NULL, held_until = NULL
		WHERE partner_id = p_partner AND url = p_url AND removed_at IS NOT NULL;
		SET o_made = ROW_COUNT() > 0;
	END IF;
	IF o_made THEN CALL audit_add(p_actor, 'callback_address_added', NULL, p_address, p_url); END IF;
END
$$

-- Another url, another secret, or both; NULL leaves it. What waits and the orders that name it go to the new url.
CREATE OR REPLACE PROCEDURE callback_address_edit(p_partner INT UNSIGNED, p_id BIGINT UNSIGNED,
    p_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin, p_secret VARCHAR(64) CHARACTER SET ascii,
    p_actor VARCHAR(80), p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin;

	SELECT url INTO v_url FROM callback_address
	WHERE id = p_id AND partner_id = p_partner AND removed_at IS NULL FOR UPDATE;
	IF v_url IS NULL THEN CALL refuse('not_found'); END IF;
	IF p_url <> v_url THEN
		IF EXISTS (SELECT 1 FROM callback_address WHERE partner_id = p_partner AND url = p_url AND removed_at IS NULL) THEN
			CALL refuse('callback_registered');
		END IF;
		-- One that was removed stands in the way of the UNIQUE key; no address that is registered has a '#'.
		UPDATE callback_address SET url = CONCAT(LEFT(url, 480), '#', id) WHERE partner_id = p_partner AND url = p_url;
	END IF;
	UPDATE callback_address SET url = COALESCE(p_url, url), secret = COALESCE(p_secret, secret), held_until = NULL
	WHERE id = p_id;
	CALL audit_add(p_actor, 'callback_address_changed', NULL, p_address, CONCAT(v_url,
	    IF(p_url <> v_url, CONCAT(' to ', p_url), ''), IF(p_secret IS NULL, '', ', new secret')));
END
$$

-- No further callbacks go there; those that wait are given up. A second time is fine.
CREATE OR REPLACE PROCEDURE callback_address_end(p_partner INT UNSIGNED, p_id BIGINT UNSIGNED, p_actor VARCHAR(80),
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	IF NOT EXISTS (SELECT 1 FROM callback_address WHERE id = p_id AND partner_id = p_partner) THEN
		CALL refuse('not_found');
	END IF;
	UPDATE callback_address SET removed_at = UTC_TIMESTAMP() WHERE id = p_id AND removed_at IS NULL;
	IF ROW_COUNT() > 0 THEN
		UPDATE callback SET state = 'given_up', done_at = UTC_TIMESTAMP() WHERE address_id = p_id AND state = 'waiting';
		CALL audit_add(p_actor, 'callback_address_removed', NULL, p_address,
		    (SELECT url FROM callback_address WHERE id = p_id));
	END IF;
END
$$

-- Send callbacks of a partner again under their old ids: p_id, or (NULL) all that were given up, of the address p_to
-- or (NULL) of all. Their three days begin anew. What a sender holds is left alone; a removed address gets nothing.
CREATE OR REPLACE PROCEDURE callback_again(p_partner INT UNSIGNED, p_id BIGINT UNSIGNED, p_to BIGINT UNSIGNED,
    p_actor VARCHAR(80), p_address VARCHAR(45) CHARACTER SET ascii, OUT o_count INT UNSIGNED)
BEGIN
	IF p_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM callback c JOIN callback_address a ON a.id = c.address_id
	    WHERE c.id = p_id AND c.partner_id = p_partner AND a.removed_at IS NULL) THEN
		CALL refuse('not_found');
	END IF;
	UPDATE callback SET state = 'waiting', tried_since = UTC_TIMESTAMP(), next_at = UTC_TIMESTAMP(3), attempts = 0,
	    done_at = NULL
	WHERE partner_id = p_partner AND taken_by IS NULL AND (p_id IS NULL OR id = p_id)
	    AND (p_id IS NOT NULL OR state = 'given_up') AND (p_to IS NULL OR address_id = p_to)
	    AND address_id IN (SELECT a.id FROM callback_address a WHERE a.removed_at IS NULL);
	SET o_count = ROW_COUNT();
	IF o_count > 0 THEN
		UPDATE callback_address SET held_until = NULL
		WHERE partner_id = p_partner AND held_until IS NOT NULL AND (p_to IS NULL OR id = p_to)
		    AND (p_id IS NULL OR id = (SELECT c.address_id FROM callback c WHERE c.id = p_id));
		CALL audit_add(p_actor, 'callback_replayed', (SELECT order_id FROM callback WHERE id = p_id), p_address,
		    IF(p_id IS NULL, CONCAT(o_count, ' given up'), CONCAT('callback ', p_id)));
	END IF;
END
$$

-- Register an address with the secret that signs what goes there. An address that is registered answers no row.
CREATE OR REPLACE PROCEDURE callback_address_add(p_session VARBINARY(64),
    p_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin, p_secret VARCHAR(64) CHARACTER SET ascii,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE v_made BOOLEAN;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of('session', p_session, '', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL callback_address_put(v_partner, p_url, p_secret, partner_actor('session', p_session, v_partner), p_address, v_made);
	COMMIT;
	SELECT id FROM callback_address WHERE partner_id = v_partner AND url = p_url AND secret = p_secret AND removed_at IS NULL;
END
$$

CREATE OR REPLACE PROCEDURE callback_address_change(p_session VARBINARY(64), p_id BIGINT UNSIGNED,
    p_url VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin, p_secret VARCHAR(64) CHARACTER SET ascii,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of('session', p_session, '', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL callback_address_edit(v_partner, p_id, p_url, p_secret, partner_actor('session', p_session, v_partner), p_address);
	COMMIT;
END
$$

CREATE OR REPLACE PROCEDURE callback_address_remove(p_session VARBINARY(64), p_id BIGINT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of('session', p_session, '', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL callback_address_end(v_partner, p_id, partner_actor('session', p_session, v_partner), p_address);
	COMMIT;
END
$$

-- p_id NULL: all that were given up.
CREATE OR REPLACE PROCEDURE callback_replay(p_session VARBINARY(64), p_id BIGINT UNSIGNED,
    p_address VARCHAR(45) CHARACTER SET ascii)
BEGIN
	DECLARE v_partner, v_count INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET v_partner = partner_of('session', p_session, '', 0);
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CALL callback_again(v_partner, p_id, NULL, partner_actor('session', p_session, v_partner), p_address, v_count);
	COMMIT;
END
$$

-- A change of status of an order whose partner wants to know, by whoever makes it. In triggers, so that no transition
-- can forget it. Most orders tell nobody: they are let go before a statement is begun. The address is locked, which the
-- new row's foreign key does anyway: one that is being removed would else get a callback that waits for ever.
CREATE OR REPLACE TRIGGER orders_callback AFTER UPDATE ON orders FOR EACH ROW
IF OLD.callback_address_id IS NOT NULL AND (OLD.mailbox_status <> NEW.mailbox_status
    OR OLD.activation_status <> NEW.activation_status OR OLD.state <> NEW.state) THEN
	INSERT INTO callback (partner_id, address_id, order_id, status, mailbox_status, activation_status, reason, happened_at,
	    tried_since, next_at)
	SELECT a.partner_id, a.id, NEW.id, NEW.state, NEW.mailbox_status, NEW.activation_status,
	    COALESCE(NEW.mailbox_reason, NEW.activation_reason), UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(3)
	FROM callback_address a WHERE a.id = NEW.callback_address_id AND a.removed_at IS NULL LOCK IN SHARE MODE;
END IF
$$
-- Up to version 0004 a revocation was noticed here; the trigger above sees it now.
DROP TRIGGER IF EXISTS certificate_callback
$$

-- Take up to p_n callbacks that are due for p_lease seconds, an equal share for each address that has some. An address
-- that did not answer is spared for a while; what waits for it is not even looked at. p_anew
-- as in outbox_take.
CREATE OR REPLACE PROCEDURE callback_take(p_sender VARCHAR(64) CHARACTER SET ascii, p_n INT UNSIGNED, p_lease INT UNSIGNED,
    p_anew BOOLEAN)
take: BEGIN
	DECLARE v_ids LONGTEXT DEFAULT '[]';
	DECLARE v_some LONGTEXT;
	DECLARE v_share INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	IF p_anew THEN
		UPDATE callback SET next_at = UTC_TIMESTAMP(3) WHERE state = 'waiting' AND taken_by = p_sender;
	END IF;
	-- The earliest of each address, one step of the index each (callback_due).
	FOR receiver IN (SELECT w.address_id, COUNT(*) OVER () AS addresses
	    FROM (SELECT a.id AS address_id, (SELECT c.next_at FROM callback c WHERE c.state = 'waiting' AND c.address_id = a.id
		ORDER BY c.next_at LIMIT 1) AS next_at
		FROM callback_address a
		WHERE a.removed_at IS NULL AND (a.held_until IS NULL OR a.held_until <= UTC_TIMESTAMP(3))) w
	    WHERE w.next_at <= UTC_TIMESTAMP(3) ORDER BY w.next_at LIMIT p_n) DO
		SET v_share = CEIL(p_n / LEAST(p_n, receiver.addresses));
		SELECT JSON_ARRAYAGG(id) INTO v_some FROM (SELECT c.id FROM callback c
		    WHERE c.state = 'waiting' AND c.address_id = receiver.address_id AND c.next_at <= UTC_TIMESTAMP(3)
		    ORDER BY c.next_at LIMIT v_share FOR UPDATE SKIP LOCKED) AS due;
		SET v_ids = IF(v_some IS NULL, v_ids, JSON_MERGE_PRESERVE(v_ids, v_some));
	END FOR;
	IF v_ids <> '[]' THEN
		UPDATE callback c JOIN JSON_TABLE(v_ids, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j ON j.id = c.id
		SET c.taken_by = p_sender, c.next_at = UTC_TIMESTAMP(3) + INTERVAL p_lease SECOND, c.attempts = c.attempts + 1;
	END IF;
	COMMIT;
	IF v_ids = '[]' THEN
		LEAVE take;
	END IF;
	SELECT c.id, a.url, a.secret, CONCAT(o.number, '/', o.item) AS order_number, o.partner_ref, c.status,
	    c.mailbox_status, c.activation_status, c.reason, DATE_FORMAT(c.happened_at, '%Y-%m-%dT%H:%i:%sZ') AS happened_at,
	    HEX(x.serial) AS serial, c.attempts, TIMESTAMPDIFF(SECOND, c.tried_since, UTC_TIMESTAMP()) AS age, UNIX_TIMESTAMP() AS now
	FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j
	JOIN callback c ON c.id = j.id JOIN callback_address a ON a.id = c.address_id JOIN orders o ON o.id = c.order_id
	LEFT JOIN certificate x ON x.order_id = o.id AND c.status IN ('issued', 'revoked')
	ORDER BY c.id;
END
$$

-- How an attempt ended: p_state 'done', 'given_up', or 'waiting' to try again after p_pause milliseconds; the address
-- is spared for that time too, a minute at most. p_status: HTTP status, or NULL without an answer. When one is given
-- up, so is all that has waited for its address as long: the address answered none of it.
CREATE OR REPLACE PROCEDURE callback_done(p_id BIGINT UNSIGNED, p_sender VARCHAR(64) CHARACTER SET ascii,
    p_state VARCHAR(8), p_pause INT UNSIGNED, p_status SMALLINT UNSIGNED, p_says VARCHAR(200), p_milliseconds INT UNSIGNED)
BEGIN
	DECLARE v_to INT UNSIGNED;
	DECLARE v_since DATETIME;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	SELECT address_id, tried_since INTO v_to, v_since FROM callback
	WHERE id = p_id AND taken_by = p_sender AND state = 'waiting' FOR UPDATE;
	IF v_to IS NOT NULL THEN
		UPDATE callback SET state = p_state, taken_by = NULL, next_at = UTC_TIMESTAMP(3) + INTERVAL p_pause * 1000 MICROSECOND,
		    done_at = IF(p_state = 'waiting', NULL, UTC_TIMESTAMP())
		WHERE id = p_id;
		INSERT INTO callback_attempt (callback_id, at, http_status, says, milliseconds)
		VALUES (p_id, UTC_TIMESTAMP(), p_status, p_says, p_milliseconds);
		IF p_state = 'given_up' THEN
			UPDATE callback SET state = 'given_up', done_at = UTC_TIMESTAMP()
			WHERE state = 'waiting' AND address_id = v_to AND taken_by IS NULL AND tried_since <= v_since;
		END IF;
		UPDATE callback_address SET held_until = IF(p_state = 'done', NULL, UTC_TIMESTAMP(3)
		    + INTERVAL IF(p_state = 'waiting', LEAST(p_pause, 60000), 60000) * 1000 MICROSECOND)
		WHERE id = v_to AND (p_state <> 'done' OR held_until IS NOT NULL);
	END IF;
	COMMIT;
END
$$
