-- 0014_key_number.sql - a blocked key is known by its number as well: the modulus with another exponent, or the point's x with
-- the other y, is the same private key.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE key_block
	ADD COLUMN IF NOT EXISTS number_sha256 BINARY(32) NULL
		COMMENT 'SHA-256 of the number that makes the key (lib/pki/key.h); NULL: not known, or not yet',
	ADD KEY IF NOT EXISTS key_block_number (number_sha256);
