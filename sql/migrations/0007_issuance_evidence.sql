-- 0007_issuance_evidence.sql - what an auditor asks of an issuance beyond serial and hash: which lint passed it, and what
-- each perspective said of CAA; and an index by which the same key is found in other submitted orders.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE serial
	ADD COLUMN IF NOT EXISTS lint VARCHAR(64) CHARACTER SET ascii NULL
		COMMENT 'name and version of the lint that passed it (SBR 4.3.1.2)';

ALTER TABLE caa_check
	ADD COLUMN IF NOT EXISTS perspectives TEXT NULL
		COMMENT 'JSON, one object a remote perspective (TBR 3.2.2.9); NULL: only ours was asked';

ALTER TABLE activation
	ADD KEY IF NOT EXISTS activation_spki (spki_sha256);
