-- 0004_report.sql - what the report views (reports.sql) count by: when each step of an order was reached first, what
-- became of each verification's mail, and the indexes that keep every report under a second at a million orders.
--
-- Each statement can be run twice, see sql/README.md.

-- The default answers today for the orders that are there; it is mended below, for all that come without asking the
-- table to be copied.
ALTER TABLE orders
	ADD COLUMN IF NOT EXISTS ordered_on DATE NOT NULL DEFAULT (UTC_DATE()) COMMENT 'day of ordered_at, for reports',
	ADD COLUMN IF NOT EXISTS initiated_at DATETIME NULL COMMENT 'a verification was begun, the first time',
	ADD COLUMN IF NOT EXISTS verified_at DATETIME NULL COMMENT 'the mailbox was verified, the first time',
	ADD COLUMN IF NOT EXISTS submitted_at DATETIME NULL COMMENT 'the activation was submitted, the first time',
	ADD COLUMN IF NOT EXISTS issued_at DATETIME NULL COMMENT 'the certificate was issued',
	ADD COLUMN IF NOT EXISTS issued_on DATE NULL COMMENT 'day of issued_at, for reports'
$$
ALTER TABLE orders ALTER COLUMN ordered_on SET DEFAULT (DATE(ordered_at))
$$
ALTER TABLE mailbox
	ADD COLUMN IF NOT EXISTS initiated_on DATE NOT NULL DEFAULT (UTC_DATE()) COMMENT 'day of initiated_at, for reports',
	ADD COLUMN IF NOT EXISTS accepted_at DATETIME NULL COMMENT 'a mail server took a mail with a value, the first time',
	ADD COLUMN IF NOT EXISTS bounced_at DATETIME NULL COMMENT 'a mail was refused or given up, the last time',
	ADD COLUMN IF NOT EXISTS expires_at DATETIME NULL COMMENT 'end of the newest value; NULL: none went out yet',
	ADD COLUMN IF NOT EXISTS value_at DATETIME NULL COMMENT 'when the value that the holder answered with was made'
$$
ALTER TABLE mailbox ALTER COLUMN initiated_on SET DEFAULT (DATE(initiated_at))
$$

-- As in transitions.sql, which puts it anew: from here on no order reaches a step unnoticed.
CREATE OR REPLACE TRIGGER orders_step BEFORE UPDATE ON orders FOR EACH ROW
	SET NEW.initiated_at = COALESCE(OLD.initiated_at, NEW.initiated_at, IF(NEW.mailbox_id IS NULL, NULL, UTC_TIMESTAMP())),
	    NEW.verified_at = COALESCE(OLD.verified_at, NEW.verified_at,
		IF(NEW.mailbox_status = 'verified', UTC_TIMESTAMP(), NULL)),
	    NEW.submitted_at = COALESCE(OLD.submitted_at, NEW.submitted_at,
		IF(NEW.activation_status IN ('waiting_for_verification', 'verified'), UTC_TIMESTAMP(), NULL)),
	    NEW.issued_at = COALESCE(OLD.issued_at, NEW.issued_at, IF(NEW.activation_status = 'verified', UTC_TIMESTAMP(), NULL)),
	    NEW.issued_on = DATE(NEW.issued_at)
$$

-- Orders and verifications of before, a thousand at a time, so that nobody waits long for a lock.
BEGIN NOT ATOMIC
	DECLARE v_from BIGINT UNSIGNED DEFAULT 0;
	DECLARE v_last BIGINT UNSIGNED DEFAULT (SELECT COALESCE(MAX(id), 0) FROM orders);

	WHILE v_from < v_last DO
		UPDATE orders o
		SET o.ordered_on = DATE(o.ordered_at),
		    o.initiated_at = (SELECT MIN(m.initiated_at) FROM mailbox m WHERE m.order_id = o.id),
		    o.verified_at = (SELECT MIN(m.confirmed_at) FROM mailbox m WHERE m.order_id = o.id),
		    o.submitted_at = COALESCE((SELECT a.submitted_at FROM activation a WHERE a.order_id = o.id),
			(SELECT i.queued_at FROM issuance i WHERE i.order_id = o.id)),
		    o.issued_at = (SELECT c.issued_at FROM certificate c WHERE c.order_id = o.id)
		WHERE o.id > v_from AND o.id <= v_from + 1000;
		COMMIT;
		SET v_from = v_from + 1000;
	END WHILE;
END
$$
BEGIN NOT ATOMIC
	DECLARE v_from BIGINT UNSIGNED DEFAULT 0;
	DECLARE v_last BIGINT UNSIGNED DEFAULT (SELECT COALESCE(MAX(id), 0) FROM mailbox);

	WHILE v_from < v_last DO
		UPDATE mailbox m
		SET m.initiated_on = DATE(m.initiated_at),
		    m.accepted_at = COALESCE(m.accepted_at, (SELECT MIN(b.done_at) FROM outbox b WHERE b.order_id = m.order_id
			AND b.mailbox_id = m.id AND b.kind = 'verification' AND b.state = 'sent')),
		    m.bounced_at = COALESCE(m.bounced_at, (SELECT MAX(b.done_at) FROM outbox b WHERE b.order_id = m.order_id
			AND b.mailbox_id = m.id AND b.kind = 'verification' AND b.state IN ('refused', 'given_up'))),
		    m.expires_at = COALESCE((SELECT MAX(v.expires_at) FROM mailbox_value v WHERE v.mailbox_id = m.id), m.expires_at),
		    m.value_at = COALESCE(m.value_at, (SELECT MAX(v.created_at) FROM mailbox_value v WHERE v.mailbox_id = m.id
			AND v.used_at IS NOT NULL))
		WHERE m.id > v_from AND m.id <= v_from + 1000;
		COMMIT;
		SET v_from = v_from + 1000;
	END WHILE;
END
$$

-- Reports by the day of the order or of its certificate read these indexes alone, group after group in their order.
ALTER TABLE orders ADD KEY IF NOT EXISTS orders_report (ordered_on, product, partner_id, ordered_at, cancelled_at, mailbox_status,
	activation_status, initiated_at, verified_at, submitted_at, issued_at),
	ADD KEY IF NOT EXISTS orders_issued (issued_on, product, partner_id)
$$
ALTER TABLE mailbox ADD KEY IF NOT EXISTS mailbox_report (initiated_on, confirmed_at, rejected_at, replaced_at, accepted_at,
	bounced_at, expires_at)
$$
-- What expires next and is not revoked, without the certificates themselves. It replaces the index on the end alone.
ALTER TABLE certificate ADD KEY IF NOT EXISTS certificate_end (not_after, revoked_at), DROP KEY IF EXISTS not_after
$$
-- The rare events: refused requests and sign-ins, what CAA forbade, what admins did.
ALTER TABLE audit ADD KEY IF NOT EXISTS audit_event (event, at)
$$
