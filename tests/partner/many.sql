-- many.sql - 100,000 orders of the partner @partner, with what the panel's pages read of them. tests/bench/generate.sql
-- makes whole lives of orders; this is made in a few seconds, for a test that wants their number.
--
-- Of twenty orders fifteen are issued (a third of those expired, one in fifty revoked), one each is cancelled and stands at
-- one of the four open states; one in twenty of those that wait for the holder has a mail that was refused.
SET time_zone = '+00:00', SESSION unique_checks = 0, SESSION foreign_key_checks = 0;
SET @partner_id = (SELECT id FROM partner WHERE name = @partner), @issuer = (SELECT MIN(id) FROM issuer WHERE kind = 'issuing');
START TRANSACTION;
INSERT INTO callback_address (partner_id, url, secret, created_at) VALUES (@partner_id, 'https://many.example/', 'x', UTC_TIMESTAMP());
SET @address = LAST_INSERT_ID();
INSERT INTO bulk (id, partner_id, name, made_at, made_by) VALUES (7, @partner_id, 'orders.csv', UTC_TIMESTAMP(), 'test');
INSERT INTO orders (id, number, item, partner_id, partner_ref, product, customer_name, language, ordered_at, cancelled_at, mailbox_id,
    email, mailbox_status, mailbox_reason, activation_status, issued_at, not_after, revoked_at, callback_address_id, bulk_id)
SELECT 1000000 + n, LPAD(5000000000 + n, 10, '0'), 'b01', @partner_id, CONCAT('ref-', n), IF(n % 10, 'smime-mailbox-365', 'smime-mailbox-730'),
    CONCAT('Customer ', n % 997), 'en', at, IF(life = 15, at, NULL), IF(life IN (16, 18, 19), 1000000 + n, NULL),
    CONCAT('user-', n, '@many.example'),
    IF(life < 16 OR life > 17, 'verified', IF(life = 16, 'waiting_for_verification', 'waiting_for_data')),
    IF(life = 17 AND n % 400 = 17, 'value_rejected', NULL),
    CASE WHEN life < 15 THEN 'verified' WHEN life = 19 THEN 'waiting_for_verification' WHEN life IN (16, 17) THEN 'not_available'
	ELSE 'waiting_for_data' END,
    IF(life < 15, at, NULL), IF(life < 15, at + INTERVAL 365 DAY, NULL), IF(life < 15 AND n % 50 = 1, at, NULL), @address,
    IF(n % 1000 = 3, 7, NULL)
FROM (SELECT seq AS n, seq % 20 AS life, UTC_TIMESTAMP() - INTERVAL (100000 - seq) * 8 MINUTE AS at FROM seq_1_to_100000 LIMIT 100000) s;
INSERT INTO certificate (order_id, issuer_id, serial, email, der, sha256, spki_sha256, not_before, not_after, issued_at, revoked_at)
SELECT id, @issuer, UNHEX(MD5(id)), email, 'no certificate', UNHEX(SHA2(id, 256)), UNHEX(SHA2(number, 256)), issued_at, not_after,
    issued_at, revoked_at
FROM orders WHERE id > 1000000 AND issued_at IS NOT NULL;
INSERT INTO mailbox (id, order_id, email, initiated_at) SELECT mailbox_id, id, email, ordered_at
FROM orders WHERE id > 1000000 AND mailbox_id IS NOT NULL;
INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, attempts, done_at)
SELECT 'verification', id, mailbox_id, email, language, ordered_at, IF(id % 400 = 16, 'refused', 'sent'), ordered_at, 1, UTC_TIMESTAMP()
FROM orders WHERE id > 1000000 AND mailbox_id IS NOT NULL;
INSERT INTO callback (id, partner_id, address_id, order_id, status, mailbox_status, activation_status, happened_at, tried_since, next_at,
    state, attempts, done_at)
SELECT id, partner_id, @address, id, state, mailbox_status, activation_status, ordered_at, ordered_at, ordered_at,
    IF(id % 500 = 1, 'given_up', 'done'), 1, ordered_at
FROM orders WHERE id > 1000000;
INSERT INTO callback_attempt (callback_id, at, http_status, says, milliseconds)
SELECT id, happened_at, 204, '', 9 FROM callback WHERE id > 1000000;
INSERT INTO audit (at, actor, event, order_id, detail) SELECT ordered_at, 'partner:x', 'order_added', id, product
FROM orders WHERE id > 1000000;
COMMIT;
ANALYZE TABLE orders, certificate, mailbox, outbox, callback, callback_attempt, audit;
