-- 0001_base.sql - the tables of the five steps (order, mailbox, activation, issuance, certificate), of the
-- people, and of the three logs (outbox, audit, sign-in failures).
--
-- All times are UTC DATETIMEs. Secrets are stored as hashes only. Rows of orders, mailbox, serial, certificate,
-- revocation and audit are never deleted (SBR 5.5.2); there is no cascade anywhere.
--
-- Each statement can be run twice, see sql/README.md.

-- What only procedures read: the pepper that makes a salt for logins that do not exist.
CREATE TABLE IF NOT EXISTS secret (
	name		VARCHAR(32) CHARACTER SET ascii NOT NULL PRIMARY KEY,
	value		VARBINARY(64) NOT NULL
);
INSERT IGNORE INTO secret (name, value) VALUES ('pepper', RANDOM_BYTES(32));

-- A firm that orders for its own customers.
CREATE TABLE IF NOT EXISTS partner (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name		VARCHAR(64) CHARACTER SET ascii NOT NULL COMMENT 'short name, for commands and reports',
	title		VARCHAR(200) NOT NULL COMMENT 'the firm as people write it',
	created_at	DATETIME NOT NULL DEFAULT UTC_TIMESTAMP(),
	disabled_at	DATETIME NULL,
	UNIQUE KEY (name)
);

-- A key of a partner's program; the key itself is shown once and never stored.
CREATE TABLE IF NOT EXISTS partner_key (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	partner_id	INT UNSIGNED NOT NULL,
	hash		BINARY(32) NOT NULL COMMENT 'SHA-256 of the key',
	label		VARCHAR(100) NOT NULL,
	scopes		SET('order', 'read', 'revoke') NOT NULL,
	created_at	DATETIME NOT NULL DEFAULT UTC_TIMESTAMP(),
	expires_at	DATETIME NULL,
	revoked_at	DATETIME NULL,
	last_used_at	DATETIME NULL,
	UNIQUE KEY (hash),
	FOREIGN KEY (partner_id) REFERENCES partner (id)
);

-- A person who signs in.
CREATE TABLE IF NOT EXISTS account (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	login		VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	kind		ENUM('customer', 'partner') NOT NULL,
	partner_id	INT UNSIGNED NULL COMMENT 'the partner this person works for',
	name		VARCHAR(200) NOT NULL,
	email		VARCHAR(254) CHARACTER SET ascii NULL COMMENT 'where news of the orders goes; NULL: nowhere',
	language	CHAR(2) CHARACTER SET ascii NULL COMMENT 'chosen by the person; NULL: by the browser',
	salt		BINARY(16) NOT NULL,
	verifier	BINARY(32) NOT NULL COMMENT 'SHA-256 of scrypt(password, salt, N=32768, r=8, p=1)',
	created_at	DATETIME NOT NULL DEFAULT UTC_TIMESTAMP(),
	disabled_at	DATETIME NULL,
	UNIQUE KEY (login),
	FOREIGN KEY (partner_id) REFERENCES partner (id),
	CONSTRAINT account_partner CHECK ((kind = 'partner') = (partner_id IS NOT NULL))
);

-- A signed-in browser. The cookie holds the id; here is its hash, so this table opens nothing.
CREATE TABLE IF NOT EXISTS session (
	id_hash		BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the 32 random octets in the cookie',
	account_id	INT UNSIGNED NOT NULL,
	created_at	DATETIME NOT NULL,
	seen_at		DATETIME NOT NULL,
	idle		INT UNSIGNED NOT NULL COMMENT 'seconds without a request after which it ends',
	expires_at	DATETIME NOT NULL COMMENT 'ends then in any case',
	KEY (account_id),
	KEY (expires_at),
	FOREIGN KEY (account_id) REFERENCES account (id)
);

-- Failed sign-ins, to slow guessing down by login and by address.
CREATE TABLE IF NOT EXISTS sign_in_failure (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	at		DATETIME NOT NULL,
	login_hash	BINARY(32) NOT NULL,
	address		VARCHAR(45) CHARACTER SET ascii NOT NULL,
	KEY (login_hash, at),
	KEY (address, at),
	KEY (at)
);

-- INCREMENT BY 0: by the server's auto_increment_increment, which is 1, or on a Galera cluster the number of nodes, so that
-- no two of them draw the same. No other kind with a cache is accepted there. Databases from before: 0015_order_number.sql.
CREATE SEQUENCE IF NOT EXISTS order_number START WITH 123456 MINVALUE 1 MAXVALUE 9999999999 INCREMENT BY 0 CACHE 100;

-- Step 1, order: a bought product, to be activated by its customer or partner.
CREATE TABLE IF NOT EXISTS orders (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	number		CHAR(10) CHARACTER SET ascii NOT NULL,
	item		CHAR(3) CHARACTER SET ascii NOT NULL,
	account_id	INT UNSIGNED NULL COMMENT 'the customer; NULL for a partner''s order',
	partner_id	INT UNSIGNED NULL,
	partner_ref	VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL COMMENT 'the partner''s own number',
	product		VARCHAR(64) CHARACTER SET ascii NOT NULL COMMENT 'id in hdf/products.hdf',
	customer_name	VARCHAR(200) NOT NULL COMMENT 'who asks, as the mailbox holder is told',
	language	CHAR(2) CHARACTER SET ascii NOT NULL COMMENT 'of the mails',
	ordered_at	DATETIME NOT NULL DEFAULT UTC_TIMESTAMP(),
	cancelled_at	DATETIME NULL,
	email_draft	VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'typed, not yet confirmed on Summary',
	mailbox_id	BIGINT UNSIGNED NULL COMMENT 'the verification that counts now',
	email		VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'of that verification, canonical',
	mailbox_status	ENUM('waiting_for_data', 'waiting_for_verification', 'verified', 'not_available')
			NOT NULL DEFAULT 'waiting_for_data',
	mailbox_reason	VARCHAR(40) CHARACTER SET ascii NULL COMMENT 'fault code: why it went back',
	activation_status ENUM('waiting_for_data', 'waiting_for_verification', 'verified', 'not_available')
			NOT NULL DEFAULT 'not_available',
	activation_reason VARCHAR(40) CHARACTER SET ascii NULL COMMENT 'fault code: why it went back or waits',
	activation_reason_arg VARCHAR(200) NULL,
	UNIQUE KEY (number, item),
	UNIQUE KEY (partner_id, partner_ref),
	KEY (account_id, id) COMMENT 'a customer''s list, paged by key',
	KEY (account_id, email) COMMENT 'search by mailbox',
	FOREIGN KEY (account_id) REFERENCES account (id),
	FOREIGN KEY (partner_id) REFERENCES partner (id),
	CONSTRAINT orders_owner CHECK (account_id IS NOT NULL OR partner_id IS NOT NULL),
	CONSTRAINT orders_steps CHECK (activation_status = 'not_available' OR mailbox_status = 'verified')
);

-- Step 2, mailbox: one verification of one address (SBR 3.2.2.2).
CREATE TABLE IF NOT EXISTS mailbox (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_id	BIGINT UNSIGNED NOT NULL,
	email		VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	method		VARCHAR(16) CHARACTER SET ascii NOT NULL DEFAULT '3.2.2.2' COMMENT 'section of the SBR',
	sbr_version	VARCHAR(16) CHARACTER SET ascii NOT NULL DEFAULT '1.0.16',
	initiated_at	DATETIME NOT NULL,
	confirmed_at	DATETIME NULL,
	confirmed_from	VARCHAR(45) CHARACTER SET ascii NULL,
	confirmed_agent	VARCHAR(200) NULL,
	rejected_at	DATETIME NULL,
	replaced_at	DATETIME NULL COMMENT 'another address was given, or the verification grew too old',
	fresh_until	DATETIME NULL COMMENT 'initiated_at + 30 days while it may still serve an issuance',
	KEY (order_id),
	KEY (fresh_until) COMMENT 'the sweep for verifications that grew too old',
	FOREIGN KEY (order_id) REFERENCES orders (id),
	CONSTRAINT mailbox_end CHECK (confirmed_at IS NULL OR rejected_at IS NULL)
);
ALTER TABLE orders ADD CONSTRAINT orders_mailbox FOREIGN KEY IF NOT EXISTS (mailbox_id) REFERENCES mailbox (id);

-- A random value that went out in one mail; only the holder of the mailbox ever has the value itself.
CREATE TABLE IF NOT EXISTS mailbox_value (
	hash		BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the value',
	mailbox_id	BIGINT UNSIGNED NOT NULL,
	outbox_id	BIGINT UNSIGNED NOT NULL COMMENT 'the mail that carries it',
	created_at	DATETIME NOT NULL,
	expires_at	DATETIME NOT NULL COMMENT '24 hours later, to the second',
	used_at		DATETIME NULL,
	KEY (mailbox_id, created_at),
	FOREIGN KEY (mailbox_id) REFERENCES mailbox (id)
);

-- Step 3, activation: what the person chose, handed in and declared; frozen while submitted_at stands.
CREATE TABLE IF NOT EXISTS activation (
	order_id	BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	fields		SET('emailAddress', 'commonName') NULL,
	method		ENUM('csr', 'browser') NULL,
	csr		BLOB NULL COMMENT 'CertificationRequest in DER',
	spki_sha256	BINARY(32) NULL,
	key_type	VARCHAR(16) CHARACTER SET ascii NULL,
	key_bits	SMALLINT UNSIGNED NULL,
	terms_version	VARCHAR(16) CHARACTER SET ascii NULL,
	accepted_terms_at DATETIME NULL,
	accepted_data_at DATETIME NULL,
	submitted_at	DATETIME NULL,
	submitted_by	VARCHAR(80) NULL,
	FOREIGN KEY (order_id) REFERENCES orders (id),
	CONSTRAINT activation_submitted CHECK (submitted_at IS NULL OR (fields IS NOT NULL AND csr IS NOT NULL
	    AND accepted_terms_at IS NOT NULL AND accepted_data_at IS NOT NULL))
);

-- A CA whose certificates we issue under; written by mailcertctl ca init.
CREATE TABLE IF NOT EXISTS issuer (
	id		SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name		VARCHAR(64) CHARACTER SET ascii NOT NULL,
	kind		ENUM('root', 'issuing') NOT NULL,
	parent_id	SMALLINT UNSIGNED NULL,
	certificate	BLOB NOT NULL COMMENT 'DER',
	sha256		BINARY(32) NOT NULL,
	not_after	DATETIME NOT NULL,
	created_at	DATETIME NOT NULL DEFAULT UTC_TIMESTAMP(),
	UNIQUE KEY (name),
	UNIQUE KEY (sha256),
	FOREIGN KEY (parent_id) REFERENCES issuer (id)
);

-- Step 4, issuance: the signer's work on a submitted order.
CREATE TABLE IF NOT EXISTS issuance (
	order_id	BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	state		ENUM('waiting', 'done', 'returned') NOT NULL DEFAULT 'waiting'
			COMMENT 'returned: back to the person, see orders.activation_reason',
	queued_at	DATETIME NOT NULL,
	next_at		DATETIME NOT NULL,
	taken_by	VARCHAR(64) CHARACTER SET ascii NULL,
	taken_until	DATETIME NULL,
	attempts	INT UNSIGNED NOT NULL DEFAULT 0,
	last_code	VARCHAR(40) CHARACTER SET ascii NULL,
	done_at		DATETIME NULL,
	KEY (state, next_at),
	FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- Every serial ever taken, with the hash of what it was taken for, written before anything is signed.
CREATE TABLE IF NOT EXISTS serial (
	issuer_id	SMALLINT UNSIGNED NOT NULL,
	serial		BINARY(16) NOT NULL,
	order_id	BIGINT UNSIGNED NOT NULL,
	tbs_sha256	BINARY(32) NOT NULL COMMENT 'SHA-256 of the tbsCertificate',
	reserved_at	DATETIME NOT NULL,
	state		ENUM('reserved', 'issued', 'abandoned') NOT NULL DEFAULT 'reserved',
	PRIMARY KEY (issuer_id, serial),
	KEY (order_id),
	FOREIGN KEY (issuer_id) REFERENCES issuer (id),
	FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- Step 5, certificate: what was issued.
CREATE TABLE IF NOT EXISTS certificate (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_id	BIGINT UNSIGNED NOT NULL,
	issuer_id	SMALLINT UNSIGNED NOT NULL,
	serial		BINARY(16) NOT NULL,
	email		VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	der		BLOB NOT NULL,
	sha256		BINARY(32) NOT NULL,
	spki_sha256	BINARY(32) NOT NULL,
	not_before	DATETIME NOT NULL,
	not_after	DATETIME NOT NULL,
	issued_at	DATETIME NOT NULL,
	revoked_at	DATETIME NULL COMMENT 'kept beside revocation.revoked_at for pages and lists',
	UNIQUE KEY (order_id) COMMENT 'an order gets at most one certificate',
	UNIQUE KEY (issuer_id, serial),
	KEY (spki_sha256) COMMENT 'is this key another holder''s?',
	KEY (not_after) COMMENT 'what expires next',
	FOREIGN KEY (order_id) REFERENCES orders (id),
	FOREIGN KEY (issuer_id, serial) REFERENCES serial (issuer_id, serial)
);

-- A serial on the CRL: a revoked certificate, or a serial abandoned between signing and storing.
CREATE TABLE IF NOT EXISTS revocation (
	issuer_id	SMALLINT UNSIGNED NOT NULL,
	serial		BINARY(16) NOT NULL,
	revoked_at	DATETIME NOT NULL,
	reason		TINYINT UNSIGNED NOT NULL COMMENT 'CRLReason of RFC 5280 5.3.1; 0: left out of the CRL',
	not_after	DATETIME NOT NULL COMMENT 'the entry may leave the CRL after that',
	requested_by	VARCHAR(80) NOT NULL,
	received_at	DATETIME NULL COMMENT 'when a problem report arrived',
	listed_in	BIGINT UNSIGNED NULL COMMENT 'number of the first CRL with this entry; NULL: none yet',
	PRIMARY KEY (issuer_id, serial),
	KEY (issuer_id, listed_in) COMMENT 'what the next CRL must bring',
	FOREIGN KEY (issuer_id, serial) REFERENCES serial (issuer_id, serial),
	CONSTRAINT revocation_reason CHECK (reason IN (0, 1, 3, 4, 5, 9))
);

CREATE TABLE IF NOT EXISTS crl (
	issuer_id	SMALLINT UNSIGNED NOT NULL,
	number		BIGINT UNSIGNED NOT NULL COMMENT 'cRLNumber, monotonic',
	this_update	DATETIME NOT NULL,
	next_update	DATETIME NOT NULL,
	published_at	DATETIME NULL COMMENT 'NULL: begun; a signer that died leaves it so, and a later number follows',
	entries		INT UNSIGNED NULL,
	sha256		BINARY(32) NULL,
	PRIMARY KEY (issuer_id, number),
	FOREIGN KEY (issuer_id) REFERENCES issuer (id)
);

-- Keys nobody may use again.
CREATE TABLE IF NOT EXISTS key_block (
	spki_sha256	BINARY(32) NOT NULL PRIMARY KEY,
	source		ENUM('keyCompromise', 'pasted', 'import') NOT NULL,
	added_at	DATETIME NOT NULL
);

-- One CAA look-up for one order (SBR 4.2.2.1), with what an auditor wants to see.
CREATE TABLE IF NOT EXISTS caa_check (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	order_id	BIGINT UNSIGNED NOT NULL,
	domain		VARCHAR(253) CHARACTER SET ascii NOT NULL,
	decision	ENUM('permitted', 'denied', 'unreachable') NOT NULL,
	found_at	VARCHAR(253) CHARACTER SET ascii NULL COMMENT 'the name whose RRset decided; NULL: none has one',
	records		VARCHAR(2000) NULL,
	secure		BOOLEAN NOT NULL COMMENT 'DNSSEC proved the answer',
	checked_at	DATETIME NOT NULL,
	valid_until	DATETIME NOT NULL COMMENT 'checked_at + max(TTL, 8 h)',
	KEY (order_id),
	FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- What must be mailed: a row written in the transaction that wants it.
CREATE TABLE IF NOT EXISTS outbox (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	kind		ENUM('verification', 'verified', 'rejected', 'certificate_issued', 'problem', 'revoked') NOT NULL,
	order_id	BIGINT UNSIGNED NOT NULL,
	mailbox_id	BIGINT UNSIGNED NULL,
	recipient	VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	language	CHAR(2) CHARACTER SET ascii NOT NULL,
	arg		VARCHAR(200) NULL COMMENT 'for kind problem: the fault code',
	created_at	DATETIME NOT NULL,
	state		ENUM('waiting', 'sent', 'refused', 'given_up', 'dropped') NOT NULL DEFAULT 'waiting'
			COMMENT 'dropped: what it was to say no longer holds',
	next_at		DATETIME(3) NOT NULL,
	taken_by	VARCHAR(64) CHARACTER SET ascii NULL,
	attempts	INT UNSIGNED NOT NULL DEFAULT 0,
	done_at		DATETIME NULL,
	server		VARCHAR(253) NULL COMMENT 'who took it',
	reply		VARCHAR(512) NULL COMMENT 'the server''s last words',
	KEY (state, next_at),
	KEY (order_id),
	FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- What happened. Append-only: no account may change or remove a row, triggers refuse it to all.
CREATE TABLE IF NOT EXISTS audit (
	id		BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	at		DATETIME(6) NOT NULL,
	actor		VARCHAR(80) NOT NULL COMMENT 'account:demo, partner:acme, holder, mailer, signer, admin:root',
	event		VARCHAR(40) CHARACTER SET ascii NOT NULL,
	order_id	BIGINT UNSIGNED NULL,
	address		VARCHAR(45) CHARACTER SET ascii NULL,
	detail		VARCHAR(1000) NULL,
	KEY (order_id, id)
);

-- The chain over the audit events, written by the signer alone (lib/pki/seal.h).
CREATE TABLE IF NOT EXISTS audit_chain (
	seq		BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	event_id	BIGINT UNSIGNED NOT NULL,
	hash		BINARY(32) NOT NULL,
	UNIQUE KEY (event_id)
);
CREATE TABLE IF NOT EXISTS audit_seal (
	last_seq	BIGINT UNSIGNED NOT NULL PRIMARY KEY,
	first_seq	BIGINT UNSIGNED NOT NULL,
	before_hash	BINARY(32) NOT NULL COMMENT 'head of the seal before',
	hash		BINARY(32) NOT NULL COMMENT 'hash of the event last_seq',
	signature	VARBINARY(128) NOT NULL,
	sealed_at	DATETIME NOT NULL,
	UNIQUE KEY (first_seq)
);
