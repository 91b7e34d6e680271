-- 0002_partner.sql - what partners' programs need: a throttle per key, what they posted (to know the same post
-- again), callback addresses, the callbacks themselves with their log, and bulk orders.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE partner
	ADD COLUMN IF NOT EXISTS rate INT UNSIGNED NOT NULL DEFAULT 50 COMMENT 'requests a second that each key may go on with',
	ADD COLUMN IF NOT EXISTS burst INT UNSIGNED NOT NULL DEFAULT 1000 COMMENT 'requests at once after a rest';

-- The number that a form for a new key carries, so that the form sent twice makes one key.
ALTER TABLE partner_key
	ADD COLUMN IF NOT EXISTS once BINARY(16) NULL UNIQUE COMMENT 'of the form that made it; NULL: by mailcertctl';

-- What is left of a key's allowance. In memory: it is written at every request, and a restart may forget it.
CREATE TABLE IF NOT EXISTS partner_key_rate (
	key_id		INT UNSIGNED NOT NULL PRIMARY KEY,
	tokens		DOUBLE NOT NULL COMMENT 'requests left',
	at		DOUBLE NOT NULL COMMENT 'unix time of that'
) ENGINE=MEMORY;

-- An address of a partner that may be told of changes.
CREATE TABLE IF NOT EXISTS callback_address (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	partner_id	INT UNSIGNED NOT NULL,
	url		VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	secret		VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'signs the posts; needed as it is',
	created_at	DATETIME NOT NULL,
	removed_at	DATETIME NULL,
	held_until	DATETIME(3) NULL COMMENT 'it did not answer: nothing goes there before',
	UNIQUE KEY (partner_id, url),
	FOREIGN KEY (partner_id) REFERENCES partner (id)
);

-- A file of orders, made all or none.
CREATE TABLE IF NOT EXISTS bulk (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	partner_id	INT UNSIGNED NOT NULL,
	name		VARCHAR(200) NOT NULL COMMENT 'of the file',
	made_at		DATETIME NOT NULL,
	made_by		VARCHAR(80) NOT NULL,
	KEY (partner_id, id),
	FOREIGN KEY (partner_id) REFERENCES partner (id)
);

ALTER TABLE orders
	ADD COLUMN IF NOT EXISTS callback_address_id INT UNSIGNED NULL COMMENT 'who is told of changes of status',
	ADD COLUMN IF NOT EXISTS bulk_id INT UNSIGNED NULL,
	ADD KEY IF NOT EXISTS orders_partner (partner_id, id),
	ADD KEY IF NOT EXISTS orders_bulk (bulk_id),
	ADD CONSTRAINT orders_callback_address FOREIGN KEY IF NOT EXISTS (callback_address_id) REFERENCES callback_address (id),
	ADD CONSTRAINT orders_bulk FOREIGN KEY IF NOT EXISTS (bulk_id) REFERENCES bulk (id);

-- What a partner posted for an order, as it was sent: the same reference with other content is a conflict.
CREATE TABLE IF NOT EXISTS order_post (
	order_id	BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	product		VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	email		VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NULL,
	language	CHAR(2) CHARACTER SET ascii NULL,
	customer_name	VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	fields		VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
	csr_sha256	BINARY(32) NULL,
	callback	VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NULL,
	FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- One change of status that a partner's address must learn of; written by triggers in the transaction of the change.
CREATE TABLE IF NOT EXISTS callback (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	address_id	INT UNSIGNED NOT NULL,
	order_id	BIGINT UNSIGNED NOT NULL,
	status		VARCHAR(40) CHARACTER SET ascii NOT NULL COMMENT 'of the order then, in one word',
	mailbox_status	VARCHAR(24) CHARACTER SET ascii NOT NULL,
	activation_status VARCHAR(24) CHARACTER SET ascii NOT NULL,
	reason		VARCHAR(40) CHARACTER SET ascii NULL COMMENT 'fault code: why a step went back',
	happened_at	DATETIME NOT NULL,
	state		ENUM('waiting', 'done', 'given_up') NOT NULL DEFAULT 'waiting',
	tried_since	DATETIME NOT NULL COMMENT 'a replay begins anew',
	next_at		DATETIME(3) NOT NULL,
	taken_by	VARCHAR(64) CHARACTER SET ascii NULL,
	attempts	INT UNSIGNED NOT NULL DEFAULT 0,
	done_at		DATETIME NULL,
	KEY (state, next_at),
	KEY (order_id),
	KEY (address_id, id),
	FOREIGN KEY (address_id) REFERENCES callback_address (id),
	FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- Every attempt to deliver one, for the log in the panel.
CREATE TABLE IF NOT EXISTS callback_attempt (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	callback_id	BIGINT UNSIGNED NOT NULL,
	at		DATETIME NOT NULL,
	http_status	SMALLINT UNSIGNED NULL COMMENT 'NULL: no answer',
	says		VARCHAR(200) NOT NULL COMMENT 'what hindered, or the beginning of the answer',
	milliseconds	INT UNSIGNED NOT NULL,
	KEY (callback_id, id),
	FOREIGN KEY (callback_id) REFERENCES callback (id)
);
