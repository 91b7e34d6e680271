-- 0012_account_key.sql - security keys of people (WebAuthn): asked for at sign-in, after the password.
--
-- Each statement can be run twice, see sql/README.md.

CREATE TABLE IF NOT EXISTS account_key (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	account_id	INT UNSIGNED NOT NULL,
	credential	VARBINARY(1023) NOT NULL COMMENT 'credential id, as the key drew it; names it, opens nothing',
	credential_hash	BINARY(32) NOT NULL COMMENT 'SHA-256 of that',
	algorithm	SMALLINT NOT NULL COMMENT 'of COSE: -7 ES256, -8 EdDSA, -257 RS256',
	public_key	VARBINARY(512) NOT NULL COMMENT 'as libfido2 holds it: EC x and y, Ed25519 octets, RSA n and e',
	sign_count	INT UNSIGNED NOT NULL COMMENT 'what it counted when it signed last; 0: it counts nothing',
	name		VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'given by the person',
	created_at	DATETIME NOT NULL,
	last_used_at	DATETIME NULL,
	UNIQUE KEY (credential_hash),
	KEY (account_id),
	FOREIGN KEY (account_id) REFERENCES account (id)
);

ALTER TABLE session
	ADD COLUMN IF NOT EXISTS key_wanted BOOLEAN NOT NULL DEFAULT FALSE
	    COMMENT 'the password was right, the security key is still to come: opens nothing but the page that asks for it',
	ADD COLUMN IF NOT EXISTS challenge BINARY(32) NULL COMMENT 'what a security key is to sign, good once',
	ADD COLUMN IF NOT EXISTS challenge_at DATETIME NULL COMMENT 'and for two minutes';

ALTER TABLE outbox
	MODIFY COLUMN kind ENUM('verification', 'verified', 'rejected', 'certificate_issued', 'problem', 'revoked',
	    'password_changed', 'address_changed', 'key_added', 'key_removed') NOT NULL;
