-- generate.sql - a database full of orders of a known shape, for the benches: made by set-based inserts alone.
--
-- Run it as the database's root or admin, on a migrated database, while no signer runs:
--
--	{ echo 'SET @orders = 1000000;'; cat tests/bench/generate.sql; } | mariadb -u root mailcert
--
-- From before, each with a default: @orders (1,000,000), @days the orders are spread over (730), @partners (40),
-- @customers (an eighth of the orders), @history (90) days of mails, random values and callbacks, which retention
-- deletes sooner than orders, @events (1) whether the audit log is filled too, @bare (0) 1: only orders, mailboxes,
-- activations, issuances and certificates. What it makes is added to what is there, and begins at order 5000000000.
--
-- The same parameters at the same time make the same rows: what looks random comes from MD5 of the order's place n.
-- Six orders in ten are partners', a few partners have most of them. An order goes on at its pace: the mailbox's
-- address after hours, the holder's answer within a day, the request after hours, the certificate after seconds; so
-- the newest stand at every step. One in five goes astray: see `fate` below. Certificates are real DER of one
-- template, with serial and address of their own; their signature is the template's, so no program can verify them.
-- The audit events' chain and seal are made up as well: `mailcertctl audit verify` calls such a log false.

SET @orders = COALESCE(@orders, 1000000), @days = COALESCE(@days, 730), @partners = COALESCE(@partners, 40),
    @history = COALESCE(@history, 90), @events = COALESCE(@events, 1), @bare = COALESCE(@bare, 0);
SET @customers = COALESCE(@customers, GREATEST(1, @orders DIV 8)), @now = UTC_TIMESTAMP();
SET time_zone = '+00:00', SESSION unique_checks = 0, SESSION foreign_key_checks = 0;

-- A certificate for user-000000000@mail000.example, signed by a demo CA; and a request with its key.
SET @template_email = 'user-000000000@mail000.example', @template_serial = UNHEX('39F0C21B565925060AA6FAB2823FF0C6');
SET @template_certificate = UNHEX(CONCAT(
    '308202C930820270A003020102021039F0C21B565925060AA6FAB2823FF0C6300A06082A8648CE3D0403023048310B300906',
    '035504061302504C31163014060355040A0C0D6D61696C636572742064656D6F3121301F06035504030C186D61696C636572',
    '742064656D6F2069737375696E67204341301E170D3236313132323230333532335A170D3237313132323230333532325A30',
    '583127302506035504030C1E757365722D303030303030303030406D61696C3030302E6578616D706C65312D302B06092A86',
    '4886F70D010901161E757365722D303030303030303030406D61696C3030302E6578616D706C653059301306072A8648CE3D',
    '020106082A8648CE3D0301070342000431F7C0365348D90AE5425E6D80C304A623964C03A1F9863B0227FC7A39599A3CFB4F',
    'E8D55F8F2303A95CE63C6CAF1451AE6103FB0F831C24E99B68A8A0E0C9A2A382012A30820126301F0603551D230418301680',
    '146230F432C488C552F9E16289844BC1D4FD2E665D301D0603551D0E04160414C3916557E8167047A6B75187703972512EFC',
    '27A5300E0603551D0F0101FF04040302038830130603551D25040C300A06082B0601050507030430140603551D20040D300B',
    '3009060767810C0105010330290603551D1104223020811E757365722D303030303030303030406D61696C3030302E657861',
    '6D706C6530390603551D1F04323030302EA02CA02A8628687474703A2F2F63726C2E6578616D706C652E6F72672F63726C2F',
    '69737375696E672D312E63726C304306082B0601050507010104373035303306082B060105050730028627687474703A2F2F',
    '63726C2E6578616D706C652E6F72672F63612F69737375696E672D312E636572300A06082A8648CE3D040302034700304402',
    '206536E63092AE016955B094EC78D4717ABDE48D10EA3C71A76506D3647BAE25EB02206A6B240BC24AA36F4DC770085838BA',
    '16D1722D01FFD55C3E8CA137BA0388C80E'));
SET @template_csr = UNHEX(CONCAT(
    '3081CD307502010030133111300F06035504030C08616E797468696E673059301306072A8648CE3D020106082A8648CE3D03',
    '01070342000431F7C0365348D90AE5425E6D80C304A623964C03A1F9863B0227FC7A39599A3CFB4FE8D55F8F2303A95CE63C',
    '6CAF1451AE6103FB0F831C24E99B68A8A0E0C9A2A000300A06082A8648CE3D040302034800304502201BAF12498A10023453',
    '78BC8A1F126DE1372A4A25C8C4A5A8C59129EB496653BC022100D73940DD493B327127811CF5DCD2763962515B3BC57BF8A5',
    '1E0A831B8A67A480'));

-- Who orders. Logins, keys and secrets are made up and open nothing.
SET @first_partner = (SELECT CAST(COALESCE(MAX(id), 0) + 1 AS SIGNED) FROM partner);
INSERT INTO partner (id, name, title, created_at)
SELECT @first_partner + seq - 1, CONCAT('partner-', @first_partner + seq - 1), CONCAT('Partner ', seq, ' Ltd'),
    @now - INTERVAL @days DAY
FROM seq_1_to_100000 WHERE seq <= @partners;
INSERT INTO partner_key (partner_id, hash, label, scopes, created_at)
SELECT id, UNHEX(SHA2(CONCAT('no key of ', name), 256)), 'bench', 'order,read,revoke', created_at
FROM partner WHERE id >= @first_partner;
-- Every other partner is told of changes.
SET @first_address = (SELECT CAST(COALESCE(MAX(id), 0) + 1 AS SIGNED) FROM callback_address);
INSERT INTO callback_address (id, partner_id, url, secret, created_at)
SELECT @first_address + (id - @first_partner) DIV 2, id, CONCAT('https://', name, '.example/callback'),
    MD5(name), created_at
FROM partner WHERE id >= @first_partner AND (id - @first_partner) % 2 = 0;
SET @first_account = (SELECT CAST(COALESCE(MAX(id), 0) + 1 AS SIGNED) FROM account);
INSERT INTO account (id, login, kind, name, email, salt, verifier, created_at)
SELECT @first_account + seq - 1, CONCAT('bench-', @first_account + seq - 1), 'customer', CONCAT('Customer ', seq),
    CONCAT('customer-', seq, '@mail000.example'), LEFT(UNHEX(MD5(seq)), 16), UNHEX(SHA2(seq, 256)),
    @now - INTERVAL @days DAY
FROM seq_1_to_100000000 WHERE seq <= @customers;
INSERT IGNORE INTO issuer (name, kind, certificate, sha256, not_after)
SELECT 'issuing-1', 'issuing', 'no certificate', UNHEX(SHA2('bench', 256)), @now + INTERVAL 10 YEAR
FROM (SELECT 1) AS one WHERE NOT EXISTS (SELECT 1 FROM issuer);

DELIMITER $$
CREATE OR REPLACE PROCEDURE bench_generate()
BEGIN
	DECLARE v_from BIGINT DEFAULT 0;
	DECLARE v_chunk INT DEFAULT 10000;
	DECLARE v_to, v_before BIGINT;
	DECLARE v_issuer SMALLINT UNSIGNED DEFAULT (SELECT id FROM issuer ORDER BY name = 'issuing-1' DESC, kind LIMIT 1);
	DECLARE v_order, v_mailbox BIGINT UNSIGNED;
	DECLARE v_history DATETIME DEFAULT @now - INTERVAL @history DAY;
	DECLARE v_crl BIGINT UNSIGNED DEFAULT (SELECT COALESCE(MAX(number), 0) FROM crl WHERE issuer_id = v_issuer);

	-- A CRL a day, that of the last day still to come.
	INSERT INTO crl (issuer_id, number, this_update, next_update, published_at, entries)
	SELECT v_issuer, v_crl + seq, @now - INTERVAL @days - seq DAY, @now - INTERVAL @days - seq - 7 DAY,
	    @now - INTERVAL @days - seq DAY + INTERVAL 1 SECOND, seq
	FROM seq_1_to_10000 WHERE seq < @days;
	SELECT COALESCE(MAX(id), 0), COUNT(IF(number >= '5000000000', 1, NULL)) INTO v_order, v_before FROM orders;
	SELECT COALESCE(MAX(id), 0) INTO v_mailbox FROM mailbox;

	WHILE v_from < @orders DO
		SET v_to = LEAST(@orders, v_from + v_chunk);
		START TRANSACTION;

		-- Five numbers from 0 to 1 for each order, of which all else is made.
		CREATE OR REPLACE TEMPORARY TABLE bench_made (id BIGINT UNSIGNED PRIMARY KEY) ENGINE=InnoDB
		-- LIMIT makes each of these a table of its own: without it every expression is written out wherever it is used.
		WITH rolled AS (SELECT v_from + seq AS n, MD5(CONCAT('mailcert', v_from + seq)) AS h FROM seq_1_to_10000
		    WHERE seq <= v_to - v_from LIMIT 100000),
		thrown AS (SELECT n, CONV(LEFT(h, 6), 16, 10) / 16777216 AS a, CONV(SUBSTR(h, 7, 6), 16, 10) / 16777216 AS b,
		    CONV(SUBSTR(h, 13, 6), 16, 10) / 16777216 AS c, CONV(SUBSTR(h, 19, 6), 16, 10) / 16777216 AS d,
		    CONV(SUBSTR(h, 25, 6), 16, 10) / 16777216 AS f FROM rolled LIMIT 100000),
		ordered AS (SELECT *,
		    LEAST(@now, @now - INTERVAL CAST(@days * 86400 * (1 - n / @orders) + a * 7200 AS SIGNED) SECOND) AS ordered_at,
		    -- 0 goes well; 1 cancelled at once; 2 cancelled while the holder was asked; 3 never begun; 4 never answered;
		    -- 5 the holder said no; 6 the mail was refused; 7 verified, never activated; 8 CAA forbids it; 9 revoked later
		    CASE WHEN f < 0.775 THEN 0 WHEN f < 0.800 THEN 9 WHEN f < 0.840 THEN 1 WHEN f < 0.860 THEN 2 WHEN f < 0.900 THEN 3
			WHEN f < 0.930 THEN 4 WHEN f < 0.940 THEN 5 WHEN f < 0.950 THEN 6 WHEN f < 0.990 THEN 7 ELSE 8 END AS fate,
		    IF(a < 0.6, CAST(@first_partner + FLOOR(@partners * POW(d, 3)) AS SIGNED), NULL) AS partner
		    FROM thrown LIMIT 100000),
		asked AS (SELECT *, IF(fate IN (1, 3), NULL, ordered_at + INTERVAL CAST(60 - LN(1 - b) * 21600 AS SIGNED) SECOND) AS e
		    FROM ordered LIMIT 100000),
		answered AS (SELECT *, e + INTERVAL LEAST(72000, CAST(60 - LN(1 - c) * 10800 AS SIGNED)) SECOND AS v FROM asked
		    LIMIT 100000),
		submitted AS (SELECT *, IF(fate IN (0, 8, 9), v + INTERVAL CAST(120 - LN(1 - d) * 28800 AS SIGNED) SECOND, NULL) AS s
		    FROM answered LIMIT 100000)
		SELECT v_order + n AS id, n, fate, CONCAT('5', LPAD(v_before + n, 9, '0')) AS number, ordered_at, partner,
		    IF(partner IS NULL, CAST(@first_account + FLOOR(@customers * d) AS SIGNED), NULL) AS account,
		    IF((partner - @first_partner) % 2 = 0, @first_address + (partner - @first_partner) DIV 2, NULL) AS address,
		    IF(b < 0.7, 'smime-mailbox-365', 'smime-mailbox-730') AS product, IF(b < 0.7, 365, 730) AS life,
		    IF(c < 0.7, 'en', 'pl') AS language,
		    CONCAT('user-', LPAD(v_before + n, 9, '0'), '@mail', LPAD(FLOOR(c * 1000), 3, '0'), '.example') AS email,
		    v_mailbox + n AS mailbox,
		    IF(e < @now, e, NULL) AS email_at,
		    -- when the holder said yes or no
		    IF(fate IN (0, 5, 7, 8, 9) AND v < @now, v, NULL) AS answered_at,
		    IF(s < @now, s, NULL) AS submitted_at,
		    IF(fate IN (0, 9) AND s + INTERVAL 20 SECOND < @now, s + INTERVAL CAST(5 + a * 15 AS SIGNED) SECOND, NULL) AS issued_at,
		    IF(fate IN (1, 2) AND ordered_at < @now - INTERVAL 2 DAY, ordered_at + INTERVAL 2 DAY, NULL) AS cancelled_at,
		    -- a verification is too old for an issuance after 30 days
		    IF(fate IN (4, 6, 7) AND e < @now - INTERVAL 30 DAY, e + INTERVAL 30 DAY, NULL) AS aged_at,
		    IF(fate = 9 AND s + INTERVAL CAST(1 + a * 100 AS SIGNED) DAY < @now,
			s + INTERVAL CAST(1 + a * 100 AS SIGNED) DAY, NULL) AS revoked_at,
		    ELT(1 + FLOOR(a * 10) % 4, 0, 1, 4, 3) AS reason,
		    UNHEX(CONCAT('4D', SUBSTR(SHA2(CONCAT('serial', v_before + n), 256), 1, 30))) AS serial,
		    UNHEX(SHA2(CONCAT('key', v_before + n), 256)) AS spki
		FROM submitted;

		INSERT INTO orders (id, number, item, account_id, partner_id, partner_ref, product, customer_name, language, ordered_at,
		    cancelled_at, mailbox_id, email, mailbox_status, mailbox_reason, activation_status, activation_reason,
		    callback_address_id, initiated_at, verified_at, submitted_at, issued_at, issued_on, not_after, revoked_at)
		SELECT id, number, 'b01', account, partner, IF(partner IS NULL, NULL, CONCAT('ref-', number)), product,
		    CONCAT('Customer ', n), language, ordered_at, cancelled_at, IF(email_at IS NULL, NULL, mailbox),
		    IF(email_at IS NULL, NULL, email),
		    CASE WHEN email_at IS NULL OR aged_at IS NOT NULL OR (fate = 5 AND answered_at IS NOT NULL) THEN 'waiting_for_data'
			WHEN answered_at IS NULL THEN 'waiting_for_verification' ELSE 'verified' END,
		    CASE WHEN aged_at IS NOT NULL THEN 'mailbox_too_old' WHEN fate = 5 AND answered_at IS NOT NULL THEN 'value_rejected' END,
		    CASE WHEN answered_at IS NULL OR aged_at IS NOT NULL OR fate = 5 THEN 'not_available'
			WHEN issued_at IS NOT NULL THEN 'verified'
			WHEN submitted_at IS NULL OR fate = 8 THEN 'waiting_for_data' ELSE 'waiting_for_verification' END,
		    IF(fate = 8 AND submitted_at IS NOT NULL, 'caa_denied', NULL), address, email_at, IF(fate = 5, NULL, answered_at),
		    submitted_at, issued_at, DATE(issued_at), issued_at + INTERVAL life DAY,
		    revoked_at
		FROM bench_made;

		INSERT INTO mailbox (id, order_id, email, initiated_at, confirmed_at, confirmed_from, confirmed_agent, rejected_at,
		    replaced_at, fresh_until, expires_at, accepted_at, bounced_at, value_at)
		SELECT mailbox, id, email, email_at, IF(fate = 5, NULL, answered_at), IF(fate = 5 OR answered_at IS NULL, NULL, '192.0.2.1'),
		    IF(fate = 5 OR answered_at IS NULL, NULL, 'Mozilla/5.0'), IF(fate = 5, answered_at, NULL),
		    COALESCE(cancelled_at, aged_at),
		    IF(COALESCE(cancelled_at, aged_at, issued_at, IF(fate = 5, answered_at, NULL)) IS NULL, email_at + INTERVAL 30 DAY, NULL),
		    email_at + INTERVAL 1 DAY, IF(fate = 6, NULL, email_at + INTERVAL 2 SECOND), IF(fate = 6, email_at + INTERVAL 2 SECOND, NULL),
		    IF(answered_at IS NULL, NULL, email_at)
		FROM bench_made WHERE email_at IS NOT NULL;

		INSERT INTO activation (order_id, fields, method, csr, spki_sha256, key_type, key_bits, terms_version, accepted_terms_at,
		    accepted_data_at, submitted_at, submitted_by)
		SELECT id, IF(submitted_at IS NULL, NULL, 'emailAddress,commonName'), IF(submitted_at IS NULL, NULL, 'csr'),
		    IF(submitted_at IS NULL, NULL, @template_csr), IF(submitted_at IS NULL, NULL, spki), IF(submitted_at IS NULL, NULL, 'P-256'),
		    IF(submitted_at IS NULL, NULL, 256), IF(submitted_at IS NULL OR fate = 8, NULL, '1.0'), IF(fate = 8, NULL, submitted_at),
		    IF(fate = 8, NULL, submitted_at), IF(fate = 8, NULL, submitted_at),
		    IF(submitted_at IS NULL, NULL, IF(partner IS NULL, CONCAT('account:bench-', account), CONCAT('partner:partner-', partner)))
		FROM bench_made WHERE answered_at IS NOT NULL AND fate <> 5;

		INSERT INTO issuance (order_id, state, queued_at, next_at, attempts, last_code, done_at)
		SELECT id, IF(fate = 8, 'returned', IF(issued_at IS NULL, 'waiting', 'done')), submitted_at, submitted_at,
		    IF(issued_at IS NULL, 0, 1), IF(fate = 8, 'caa_denied', NULL), issued_at
		FROM bench_made WHERE submitted_at IS NOT NULL;

		INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state)
		SELECT v_issuer, serial, id, UNHEX(SHA2(CONCAT('tbs', number), 256)), issued_at, 'issued'
		FROM bench_made WHERE issued_at IS NOT NULL ORDER BY serial;

		INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at,
		    revoked_at)
		SELECT id, v_issuer, serial, email, der, UNHEX(SHA2(der, 256)), spki, issued_at, issued_at + INTERVAL life DAY, issued_at,
		    revoked_at
		FROM (SELECT *, REPLACE(REPLACE(@template_certificate, @template_serial, serial), CAST(@template_email AS BINARY),
			CAST(email AS BINARY)) AS der FROM bench_made WHERE issued_at IS NOT NULL) AS issued
		ORDER BY id;

		INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by, received_at, listed_in)
		SELECT v_issuer, serial, revoked_at, reason, issued_at + INTERVAL life DAY,
		    IF(partner IS NULL, CONCAT('account:bench-', account), CONCAT('partner:partner-', partner)), revoked_at,
		    v_crl + TIMESTAMPDIFF(DAY, @now - INTERVAL @days DAY, revoked_at) + 1
		FROM bench_made WHERE revoked_at IS NOT NULL;

		IF NOT @bare THEN CALL bench_generate_rest(v_history); END IF;
		IF @events AND NOT @bare THEN CALL bench_generate_events(); END IF;
		COMMIT;
		SET v_from = v_to;
		IF v_from MOD 100000 = 0 THEN SELECT CONCAT(v_from, ' orders') AS ''; END IF;
	END WHILE;
	DROP TEMPORARY TABLE bench_made;
	CALL bench_generate_chain();
END
$$

-- For one chunk: what the steps leave behind.
CREATE OR REPLACE PROCEDURE bench_generate_rest(p_history DATETIME)
BEGIN
	INSERT INTO caa_check (order_id, domain, decision, found_at, records, secure, checked_at, valid_until)
	SELECT id, SUBSTRING_INDEX(email, '@', -1), IF(fate = 8, 'denied', 'permitted'),
	    IF(fate = 8, SUBSTRING_INDEX(email, '@', -1), NULL), IF(fate = 8, '0 issuemail "other.example"', 'no_records'),
	    n % 4 <> 0, submitted_at + INTERVAL 1 SECOND, submitted_at + INTERVAL 8 HOUR
	FROM bench_made WHERE submitted_at IS NOT NULL;

	-- Mails: the question, and its answer and the certificate for customers.
	INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, attempts, done_at, server, reply)
	SELECT 'verification', id, mailbox, email, language, email_at,
	    IF(email_at > @now - INTERVAL 5 SECOND, 'waiting', IF(fate = 6, 'refused', 'sent')), email_at, 1,
	    IF(email_at > @now - INTERVAL 5 SECOND, NULL, email_at + INTERVAL 2 SECOND), '192.0.2.25',
	    IF(fate = 6, '550 5.1.1 no such user', '250 2.0.0 kept')
	FROM bench_made WHERE email_at > p_history
	UNION ALL SELECT IF(fate = 5, 'rejected', 'verified'), id, mailbox, CONCAT('customer-', account, '@mail000.example'), language,
	    answered_at, 'sent', answered_at, 1, answered_at + INTERVAL 2 SECOND, '192.0.2.25', '250 2.0.0 kept'
	FROM bench_made WHERE answered_at > p_history AND account IS NOT NULL
	UNION ALL SELECT 'certificate_issued', id, mailbox, email, language, issued_at, 'sent', issued_at, 1,
	    issued_at + INTERVAL 2 SECOND, '192.0.2.25', '250 2.0.0 kept'
	FROM bench_made WHERE issued_at > p_history;
	INSERT INTO mailbox_value (hash, mailbox_id, outbox_id, created_at, expires_at, used_at)
	SELECT UNHEX(SHA2(CONCAT('value', m.number), 256)), m.mailbox, b.id, m.email_at, m.email_at + INTERVAL 1 DAY, m.answered_at
	FROM bench_made m JOIN outbox b ON b.order_id = m.id AND b.kind = 'verification'
	WHERE m.email_at > p_history AND m.fate <> 6;

	-- Callbacks: every change of status of the partners that want to know.
	INSERT INTO callback (partner_id, address_id, order_id, status, mailbox_status, activation_status, happened_at, state, tried_since, next_at,
	    attempts, done_at)
	SELECT m.partner, m.address, m.id, c.status, 'verified', 'waiting_for_data', c.at, IF(m.n % 500 = 0, 'given_up', 'done'), c.at, c.at, 1,
	    c.at + INTERVAL 1 SECOND
	FROM bench_made m JOIN (SELECT id, 'mailbox_waiting_for_verification' AS status, email_at AS at FROM bench_made
	    UNION ALL SELECT id, 'activation_waiting_for_data', answered_at FROM bench_made
	    UNION ALL SELECT id, 'activation_waiting_for_verification', submitted_at FROM bench_made
	    UNION ALL SELECT id, 'issued', issued_at FROM bench_made
	    UNION ALL SELECT id, 'cancelled', cancelled_at FROM bench_made) c ON c.id = m.id
	WHERE m.address IS NOT NULL AND c.at > p_history ORDER BY c.at;
	INSERT INTO callback_attempt (callback_id, at, http_status, says, milliseconds)
	SELECT c.id, c.happened_at, IF(c.state = 'done', 204, 500), '', 20 + c.id % 200
	FROM bench_made m JOIN callback c ON c.order_id = m.id;
END
$$

-- For one chunk: its audit events, kind by kind, in the order an order meets them. Every eighth request is refused at first.
CREATE OR REPLACE PROCEDURE bench_generate_events()
	INSERT INTO audit (at, actor, event, order_id, address, detail)
	WITH m AS (SELECT *, IF(partner IS NULL, CONCAT('account:bench-', account), CONCAT('partner:partner-', partner)) AS who,
	    IF(partner IS NULL, '192.0.2.7', '192.0.2.99') AS address_of FROM bench_made)
	SELECT ordered_at AS at, IF(partner IS NULL, 'admin:import', who), 'order_added', id, NULL, product FROM m
	UNION ALL SELECT email_at - INTERVAL 40 SECOND, who, 'signed_in', NULL, address_of, NULL FROM m WHERE email_at IS NOT NULL
	    AND partner IS NULL
	UNION ALL SELECT email_at - INTERVAL 60 SECOND, CONCAT('login:bench-', account), 'sign_in_refused', NULL, address_of, NULL
	    FROM m WHERE email_at IS NOT NULL AND partner IS NULL AND n % 20 = 0
	UNION ALL SELECT email_at - INTERVAL 10 SECOND, who, 'email_saved', id, address_of, email FROM m WHERE email_at IS NOT NULL
	    AND partner IS NULL
	UNION ALL SELECT email_at, who, 'email_confirmed', id, address_of, email FROM m WHERE email_at IS NOT NULL
	UNION ALL SELECT email_at + INTERVAL 2 SECOND, 'mailer', IF(fate = 6, 'mail_failed', 'mail_accepted'), id, NULL,
	    IF(fate = 6, '192.0.2.25: 550 5.1.1 no such user', '192.0.2.25: 250 2.0.0 kept') FROM m WHERE email_at IS NOT NULL
	UNION ALL SELECT answered_at, 'holder', IF(fate = 5, 'value_rejected', 'mailbox_verified'), id, '192.0.2.1', ' | Mozilla/5.0'
	    FROM m WHERE answered_at IS NOT NULL
	UNION ALL SELECT aged_at, 'sweep', 'mailbox_too_old', id, NULL, NULL FROM m WHERE aged_at IS NOT NULL
	UNION ALL SELECT submitted_at - INTERVAL 30 SECOND, who, 'fields_saved', id, address_of, 'emailAddress,commonName' FROM m
	    WHERE submitted_at IS NOT NULL AND partner IS NULL
	UNION ALL SELECT submitted_at - INTERVAL 25 SECOND, who, 'method_saved', id, address_of, 'csr' FROM m
	    WHERE submitted_at IS NOT NULL AND partner IS NULL
	UNION ALL SELECT submitted_at - INTERVAL 20 SECOND, who, 'csr_refused', id, address_of,
	    ELT(1 + n DIV 8 % 5, 'csr_not_pem', 'csr_is_certificate', 'csr_key_too_small', 'csr_truncated', 'csr_not_pem') FROM m
	    WHERE submitted_at IS NOT NULL AND n % 8 = 0
	UNION ALL SELECT submitted_at - INTERVAL 10 SECOND, who, 'csr_saved', id, address_of,
	    CONCAT('P-256 256 | SPKI ', HEX(spki)) FROM m WHERE submitted_at IS NOT NULL AND partner IS NULL
	UNION ALL SELECT submitted_at, who, 'activation_submitted', id, address_of, CONCAT(' | terms 1.0, SPKI ', HEX(spki)) FROM m
	    WHERE submitted_at IS NOT NULL
	UNION ALL SELECT submitted_at + INTERVAL 1 SECOND, 'signer:bench:1', IF(fate = 8, 'caa_denied', 'caa_permitted'), id, NULL,
	    CONCAT(SUBSTRING_INDEX(email, '@', -1), IF(fate = 8, ' | other', ' | - no_records')) FROM m WHERE submitted_at IS NOT NULL
	UNION ALL SELECT submitted_at + INTERVAL 2 SECOND, 'signer:bench:1', 'issuance_refused', id, NULL, 'caa_denied ' FROM m
	    WHERE submitted_at IS NOT NULL AND fate = 8
	UNION ALL SELECT issued_at, 'signer:bench:1', 'certificate_issued', id, NULL, HEX(serial) FROM m WHERE issued_at IS NOT NULL
	UNION ALL SELECT issued_at + INTERVAL 2 SECOND, 'mailer', 'certificate_mailed', id, NULL, '192.0.2.25: 250 2.0.0 kept' FROM m
	    WHERE issued_at IS NOT NULL
	UNION ALL SELECT cancelled_at, who, 'order_cancelled', id, address_of, NULL FROM m WHERE cancelled_at IS NOT NULL
	UNION ALL SELECT revoked_at, who, 'certificate_revoked', id, address_of, CONCAT('reason ', reason) FROM m
	    WHERE revoked_at IS NOT NULL
$$

-- At the end: made-up links of the chain over all of it, under one made-up seal, so that a signer has nothing to do.
CREATE OR REPLACE PROCEDURE bench_generate_chain()
BEGIN
	DECLARE v_last, v_event, v_end BIGINT UNSIGNED;

	SELECT COALESCE(MAX(seq), 0), COALESCE(MAX(event_id), 0) INTO v_last, v_event FROM audit_chain;
	SET @seq = v_last;
	SELECT COALESCE(MAX(id), 0) INTO v_end FROM audit;
	WHILE v_event < v_end DO
		INSERT INTO audit_chain (seq, event_id, hash)
		SELECT @seq := @seq + 1, id, UNHEX(CONCAT(MD5(id), MD5(event)))
		FROM audit WHERE id > v_event AND id <= v_event + 200000 ORDER BY id;
		SET v_event = v_event + 200000;
	END WHILE;
	INSERT INTO audit_seal (last_seq, first_seq, before_hash, hash, signature, sealed_at)
	SELECT seq, v_last + 1, REPEAT('b', 32), hash, REPEAT('s', 64), @now FROM audit_chain WHERE seq = @seq AND @seq > v_last;
END
$$
DELIMITER ;

CALL bench_generate();
DROP PROCEDURE bench_generate;
DROP PROCEDURE bench_generate_rest;
DROP PROCEDURE bench_generate_events;
DROP PROCEDURE bench_generate_chain;
ANALYZE TABLE orders, mailbox, activation, issuance, serial, certificate, revocation, caa_check, outbox, mailbox_value, callback,
    callback_attempt, audit, audit_chain, partner, account;
