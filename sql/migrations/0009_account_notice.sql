-- 0009_account_notice.sql - mails about an account, beside those about an order: its password was changed, or the address
-- to which such mails go. And what a person sees of their open sessions: which browser it was.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE outbox
	MODIFY COLUMN kind ENUM('verification', 'verified', 'rejected', 'certificate_issued', 'problem', 'revoked',
	    'password_changed', 'address_changed') NOT NULL,
	MODIFY COLUMN order_id BIGINT UNSIGNED NULL COMMENT 'NULL: the mail is about an account',
	MODIFY COLUMN arg VARCHAR(200) NULL COMMENT 'problem: the fault code; revoked: the reason; about an account: its login',
	ADD COLUMN IF NOT EXISTS happened_at DATETIME NULL COMMENT 'about an account: when it changed';

ALTER TABLE session
	ADD COLUMN IF NOT EXISTS browser VARCHAR(60) CHARACTER SET ascii NULL COMMENT 'as it called itself, in short: "Firefox, Linux"';
