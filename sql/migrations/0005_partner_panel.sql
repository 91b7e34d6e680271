-- 0005_partner_panel.sql - lists and counts of a partner with very many orders: an order's state in one column, what
-- its certificate says of it beside it, and the indexes that the panel reads by.
--
-- Each statement can be run twice, see sql/README.md.

-- Written with the certificate and with its revocation (issuance_store, revocation_add).
ALTER TABLE orders
	ADD COLUMN IF NOT EXISTS not_after DATETIME NULL COMMENT 'of its certificate; so is the next',
	ADD COLUMN IF NOT EXISTS revoked_at DATETIME NULL;
UPDATE orders o JOIN certificate c ON c.order_id = o.id SET o.not_after = c.not_after, o.revoked_at = c.revoked_at;

-- One word for both steps; what the clock makes of 'issued', namely expired, is the reader's to see from not_after.
ALTER TABLE orders
	ADD COLUMN IF NOT EXISTS state ENUM('mailbox_waiting_for_data', 'mailbox_waiting_for_verification',
		'activation_waiting_for_data', 'activation_waiting_for_verification', 'issued', 'revoked', 'cancelled')
		CHARACTER SET ascii AS (CASE
		WHEN cancelled_at IS NOT NULL THEN 'cancelled'
		WHEN revoked_at IS NOT NULL THEN 'revoked'
		WHEN activation_status = 'verified' THEN 'issued'
		WHEN activation_status = 'waiting_for_verification' THEN 'activation_waiting_for_verification'
		WHEN activation_status = 'waiting_for_data' THEN 'activation_waiting_for_data'
		WHEN mailbox_status = 'waiting_for_verification' THEN 'mailbox_waiting_for_verification'
		ELSE 'mailbox_waiting_for_data' END) PERSISTENT;

-- Behind each key InnoDB keeps the id: a list is read in the order it is shown, newest first, from the first.
ALTER TABLE orders
	ADD KEY IF NOT EXISTS orders_partner_state (partner_id, state),
	ADD KEY IF NOT EXISTS orders_partner_ending (partner_id, state, not_after),
	ADD KEY IF NOT EXISTS orders_partner_product (partner_id, product),
	ADD KEY IF NOT EXISTS orders_partner_ordered (partner_id, ordered_at),
	ADD KEY IF NOT EXISTS orders_partner_issued (partner_id, issued_at),
	ADD KEY IF NOT EXISTS orders_partner_email (partner_id, email),
	ADD KEY IF NOT EXISTS orders_partner_customer (partner_id, customer_name);

-- Callbacks: by the partner for its log, by the address for what waits there, and what is due an address at a time, so
-- that a receiver that is away costs the others nothing however much waits for it.
ALTER TABLE callback ADD COLUMN IF NOT EXISTS partner_id INT UNSIGNED NULL COMMENT 'of the address';
UPDATE callback c JOIN callback_address a ON a.id = c.address_id SET c.partner_id = a.partner_id;
ALTER TABLE callback
	ADD KEY IF NOT EXISTS callback_log (partner_id, state),
	ADD KEY IF NOT EXISTS callback_partner (partner_id, id),
	ADD KEY IF NOT EXISTS callback_due (state, address_id, next_at),
	ADD KEY IF NOT EXISTS callback_waiting (address_id, state),
	DROP KEY IF EXISTS state,
	DROP KEY IF EXISTS address_id;
