-- retention.sql - what may go when its time is over. README.md has the rules as a table and says why; what section 5.4 and
-- 5.5 of the SBR want kept stays until two years after the certificate's end, and the skeleton of an order (numbers, days,
-- statuses, serial numbers, hashes of keys) stays for good, and so does the audit log.
--
-- A view a rule says what is due; it is the only place that does. retention_step() lets a few of them go, in one
-- transaction, with an audit event. The account `retention` may run it and read how much is due (grants.sql).
--
-- Applied again by every `mailcertctl db migrate`; each statement ends with the line "$$".

-- Ended a day ago: nothing asks for them any more. That they were there stands in the audit log.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_session AS
SELECT id_hash FROM session
WHERE LEAST(expires_at, seen_at + INTERVAL idle SECOND) < UTC_TIMESTAMP() - INTERVAL 1 DAY
$$
-- The throttle looks back a quarter of an hour.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_sign_in_failure AS
SELECT id FROM sign_in_failure WHERE at < UTC_TIMESTAMP() - INTERVAL 1 DAY
$$
-- Hashes of random values, so long after the end of their verification that nobody follows the link in the hope of a
-- kind word. When the value that was answered with was made stays in mailbox.value_at.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_mailbox_value AS
SELECT v.hash FROM mailbox_value v JOIN mailbox m ON m.id = v.mailbox_id
WHERE COALESCE(m.rejected_at, m.confirmed_at, m.replaced_at) < UTC_TIMESTAMP() - INTERVAL 90 DAY
$$
-- Mails that ended; that they were sent, and what the server said, stands in the audit log. The mail of a verification
-- that still waits is what its page shows.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_outbox AS
SELECT b.id FROM outbox b LEFT JOIN mailbox m ON m.id = b.mailbox_id
WHERE b.state IN ('sent', 'refused', 'given_up', 'dropped') AND b.next_at < UTC_TIMESTAMP(3) - INTERVAL 90 DAY
    AND b.done_at < UTC_TIMESTAMP() - INTERVAL 90 DAY
    AND (m.id IS NULL OR COALESCE(m.confirmed_at, m.rejected_at, m.replaced_at) IS NOT NULL)
$$
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_callback AS
SELECT id FROM callback WHERE state IN ('done', 'given_up') AND done_at < UTC_TIMESTAMP() - INTERVAL 90 DAY
$$
-- Verifications that came to nothing, of orders that have no certificate: their records are kept for two years.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_mailbox AS
SELECT m.id FROM mailbox m
WHERE COALESCE(m.rejected_at, m.replaced_at) < UTC_TIMESTAMP() - INTERVAL 2 YEAR AND m.email <> ''
    AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.order_id = m.order_id)
$$
-- Orders whose certificate ended two years ago, or that were cancelled two years ago.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_order AS
SELECT o.id FROM orders o LEFT JOIN certificate c ON c.order_id = o.id
WHERE (c.not_after < UTC_TIMESTAMP() - INTERVAL 2 YEAR AND c.email <> '')
    OR (c.id IS NULL AND o.cancelled_at < UTC_TIMESTAMP() - INTERVAL 2 YEAR AND o.customer_name <> '')
$$
-- Problem reports that were done with two years ago, and about no certificate that ended later.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_problem_report AS
SELECT p.id FROM problem_report p LEFT JOIN certificate c ON c.id = p.certificate_id
WHERE p.done_at < UTC_TIMESTAMP() - INTERVAL 2 YEAR AND p.reporter <> ''
    AND COALESCE(c.not_after < UTC_TIMESTAMP() - INTERVAL 2 YEAR, TRUE)
$$
-- Accounts disabled two years ago, of whose orders nothing personal is left.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_account AS
SELECT a.id FROM account a
WHERE a.disabled_at < UTC_TIMESTAMP() - INTERVAL 2 YEAR AND a.name <> ''
    AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.account_id = a.id AND o.customer_name <> '')
$$

-- The rules in the order in which they are followed, with what is due now. last: the largest number there is to look at;
-- 0: what is due is found without looking at all numbers one after the other.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW retention_due AS
SELECT 'session' AS rule, COUNT(*) AS due, 0 AS last FROM retention_session
UNION ALL SELECT 'sign_in_failure', COUNT(*), 0 FROM retention_sign_in_failure
UNION ALL SELECT 'mailbox_value', COUNT(*), 0 FROM retention_mailbox_value
UNION ALL SELECT 'outbox', COUNT(*), 0 FROM retention_outbox
UNION ALL SELECT 'callback', COUNT(*), 0 FROM retention_callback
UNION ALL SELECT 'mailbox', COUNT(*), (SELECT COALESCE(MAX(id), 0) FROM mailbox) FROM retention_mailbox
UNION ALL SELECT 'order', COUNT(*), (SELECT COALESCE(MAX(id), 0) FROM orders) FROM retention_order
UNION ALL SELECT 'problem_report', COUNT(*), 0 FROM retention_problem_report
UNION ALL SELECT 'account', COUNT(*), 0 FROM retention_account
$$

-- ---------------------------------------------------------------- inside retention_step() only

-- The address of a verification; and that of its order, unless the order has begun another one.
CREATE OR REPLACE PROCEDURE retention_clear_mailbox()
BEGIN
	UPDATE orders o JOIN mailbox m ON m.id = o.mailbox_id JOIN retention_batch b ON b.id = m.id
	SET o.email_draft = IF(o.email_draft = o.email, NULL, o.email_draft), o.email = NULL;
	UPDATE mailbox m JOIN retention_batch b ON b.id = m.id SET m.email = '', m.confirmed_from = NULL, m.confirmed_agent = NULL;
END
$$

-- All that tells of a person or a mailbox in an order and what hangs on it.
CREATE OR REPLACE PROCEDURE retention_clear_order()
BEGIN
	DELETE v FROM mailbox_value v JOIN mailbox m ON m.id = v.mailbox_id JOIN retention_batch b ON b.id = m.order_id;
	DELETE t FROM callback_attempt t JOIN callback k ON k.id = t.callback_id JOIN retention_batch b ON b.id = k.order_id;
	DELETE k FROM callback k JOIN retention_batch b ON b.id = k.order_id;
	DELETE x FROM outbox x JOIN retention_batch b ON b.id = x.order_id;
	DELETE x FROM caa_check x JOIN retention_batch b ON b.id = x.order_id;
	DELETE x FROM order_post x JOIN retention_batch b ON b.id = x.order_id;
	UPDATE mailbox m JOIN retention_batch b ON b.id = m.order_id
	SET m.email = '', m.confirmed_from = NULL, m.confirmed_agent = NULL;
	UPDATE activation a JOIN retention_batch b ON b.id = a.order_id
	SET a.csr = IF(a.csr IS NULL, NULL, ''), a.submitted_by = SUBSTRING_INDEX(a.submitted_by, ':', 1);
	UPDATE revocation r JOIN certificate c ON c.issuer_id = r.issuer_id AND c.serial = r.serial JOIN retention_batch b ON b.id = c.order_id
	SET r.requested_by = 'account' WHERE r.requested_by LIKE 'account:%';
	UPDATE certificate c JOIN retention_batch b ON b.id = c.order_id SET c.email = '', c.der = '';
	UPDATE orders o JOIN retention_batch b ON b.id = o.id
	SET o.customer_name = '', o.email = NULL, o.email_draft = NULL, o.activation_reason_arg = NULL;
	UPDATE bulk f JOIN (SELECT DISTINCT o.bulk_id FROM orders o JOIN retention_batch b ON b.id = o.id) x ON x.bulk_id = f.id
	SET f.made_by = 'account'
	WHERE f.made_by LIKE 'account:%' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.bulk_id = f.id AND o.customer_name <> '');
END
$$

-- Up to p_n of a rule that are due and have numbers behind p_after, into retention_batch; so many numbers at a time.
CREATE OR REPLACE PROCEDURE retention_take(p_rule VARCHAR(20), p_after BIGINT UNSIGNED, p_n INT UNSIGNED)
BEGIN
	CREATE OR REPLACE TEMPORARY TABLE retention_batch (id BIGINT UNSIGNED NOT NULL PRIMARY KEY);
	CASE p_rule
	WHEN 'sign_in_failure' THEN INSERT INTO retention_batch SELECT id FROM retention_sign_in_failure LIMIT p_n;
	WHEN 'outbox' THEN INSERT INTO retention_batch SELECT id FROM retention_outbox LIMIT p_n;
	WHEN 'callback' THEN INSERT INTO retention_batch SELECT id FROM retention_callback LIMIT p_n;
	WHEN 'mailbox' THEN INSERT INTO retention_batch SELECT id FROM retention_mailbox WHERE id > p_after AND id <= p_after + p_n;
	WHEN 'order' THEN
		INSERT INTO retention_batch SELECT id FROM retention_order WHERE id > p_after AND id <= p_after + p_n;
		DO (SELECT COUNT(*) FROM orders o WHERE o.id IN (SELECT id FROM retention_batch) FOR UPDATE);
	WHEN 'problem_report' THEN INSERT INTO retention_batch SELECT id FROM retention_problem_report LIMIT p_n;
	WHEN 'account' THEN INSERT INTO retention_batch SELECT id FROM retention_account LIMIT p_n;
	ELSE CALL admin_refuse(CONCAT('there is no rule "', p_rule, '"'));
	END CASE;
END
$$

-- ---------------------------------------------------------------- retention

-- Let up to p_n of what is due by a rule go; of the rules with numbers to look at, of the p_n numbers behind p_after.
-- Answers how many went.
CREATE OR REPLACE PROCEDURE retention_step(p_admin VARCHAR(64), p_rule VARCHAR(20) CHARACTER SET ascii,
    p_after BIGINT UNSIGNED, p_n INT UNSIGNED)
BEGIN
	DECLARE v_done INT UNSIGNED;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	START TRANSACTION;
	CASE p_rule
	WHEN 'session' THEN
		DELETE FROM session WHERE id_hash IN (SELECT id_hash FROM retention_session) LIMIT p_n;
		SET v_done = ROW_COUNT();
	WHEN 'mailbox_value' THEN
		DELETE FROM mailbox_value WHERE hash IN (SELECT hash FROM retention_mailbox_value) LIMIT p_n;
		SET v_done = ROW_COUNT();
	ELSE
		CALL retention_take(p_rule, p_after, p_n);
		SELECT COUNT(*) INTO v_done FROM retention_batch;
	END CASE;
	IF v_done > 0 THEN
		CASE p_rule
		WHEN 'sign_in_failure' THEN DELETE x FROM sign_in_failure x JOIN retention_batch b ON b.id = x.id;
		WHEN 'outbox' THEN DELETE x FROM outbox x JOIN retention_batch b ON b.id = x.id;
		WHEN 'callback' THEN
			DELETE x FROM callback_attempt x JOIN retention_batch b ON b.id = x.callback_id;
			DELETE x FROM callback x JOIN retention_batch b ON b.id = x.id;
		WHEN 'mailbox' THEN CALL retention_clear_mailbox();
		WHEN 'order' THEN
			CALL retention_clear_order();
			INSERT INTO audit (at, actor, event, order_id)
			SELECT UTC_TIMESTAMP(6), CONCAT('admin:', p_admin), 'order_cleared', id FROM retention_batch;
		WHEN 'problem_report' THEN
			UPDATE problem_report p JOIN retention_batch b ON b.id = p.id SET p.reporter = '', p.note = NULL, p.finding_note = NULL;
		WHEN 'account' THEN
			DELETE x FROM session x JOIN retention_batch b ON b.id = x.account_id;
			DELETE x FROM account_key x JOIN retention_batch b ON b.id = x.account_id;
			UPDATE bulk f JOIN account a ON f.made_by = CONCAT('account:', LEFT(a.login, 70)) COLLATE utf8mb4_nopad_bin
			JOIN retention_batch b ON b.id = a.id
			SET f.made_by = 'account';
			UPDATE account a JOIN retention_batch b ON b.id = a.id
			SET a.login = CONCAT('gone-', a.id), a.name = '', a.email = NULL, a.salt = RANDOM_BYTES(16),
			    a.verifier = RANDOM_BYTES(32);
		ELSE BEGIN END;
		END CASE;
		CALL admin_audit(p_admin, 'retention', NULL, CONCAT(p_rule, ': ', v_done));
	END IF;
	COMMIT;
	SELECT v_done AS done;
END
$$
