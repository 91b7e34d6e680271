-- 0006_password_cost.sql - what the derivation of a password costs is kept with it, so that it can grow: a sign-in
-- derives anew what was made with less (account_password_renew).
--
-- And a login ends where it ends: under the older collation "demo" and "demo " were one account, but two logins to
-- whoever counts how often one was guessed at.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE account
	MODIFY COLUMN login VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
	ADD COLUMN IF NOT EXISTS cost TINYINT UNSIGNED NOT NULL DEFAULT 15 COMMENT 'of scrypt: N = 2^cost' AFTER salt,
	MODIFY COLUMN verifier BINARY(32) NOT NULL COMMENT 'SHA-256 of scrypt(password, salt, N = 2^cost, r = 8, p = 1)';
