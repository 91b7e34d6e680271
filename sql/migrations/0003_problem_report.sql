-- 0003_problem_report.sql - certificate problem reports and their clock (SBR 4.9.1.1, 4.9.5): when each was received,
-- until when it must be answered and the certificate revoked, and when that was done.
--
-- Each statement can be run twice, see sql/README.md.

-- Why a certificate must be revoked, and how fast.
CREATE TABLE IF NOT EXISTS problem_cause (
	cause		VARCHAR(24) CHARACTER SET ascii NOT NULL PRIMARY KEY,
	item		TINYINT UNSIGNED NOT NULL COMMENT 'of SBR 4.9.1.1',
	hours		SMALLINT UNSIGNED NOT NULL COMMENT 'from the receipt of the report to the published revocation, at most',
	UNIQUE KEY (item)
);
INSERT IGNORE INTO problem_cause (cause, item, hours) VALUES
	('subscriber-asks', 1, 24),
	('request-unauthorised', 2, 24),
	('key-compromised', 3, 24),
	('key-weak', 4, 24),
	('validation-unreliable', 5, 24),
	('key-requirements', 6, 120),
	('misuse', 7, 120),
	('agreement-broken', 8, 120),
	('mailbox-unlawful', 9, 120),
	('data-changed', 10, 120),
	('misissued', 11, 120),
	('data-inaccurate', 12, 120),
	('right-to-issue-ended', 13, 120),
	('cps-demands', 14, 120),
	('key-method-flawed', 15, 120);

-- A report that something is wrong with a certificate; anybody may file one (SBR 4.9.2). The dues are stored, so that a
-- later change of the rules leaves them as they were.
CREATE TABLE IF NOT EXISTS problem_report (
	id		INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
	once		BINARY(16) NOT NULL COMMENT 'of the command that added it: sent twice, it is one report',
	certificate_id	BIGINT UNSIGNED NULL COMMENT 'NULL: none of ours is named',
	reporter	VARCHAR(200) NOT NULL COMMENT 'who reported, and where the answer goes',
	cause		VARCHAR(24) CHARACTER SET ascii NOT NULL,
	note		VARCHAR(1000) NULL COMMENT 'what was reported',
	received_at	DATETIME NOT NULL,
	answer_due_at	DATETIME NOT NULL COMMENT 'received_at + 24 hours (SBR 4.9.5)',
	answered_at	DATETIME NULL COMMENT 'the preliminary report went to reporter and subscriber',
	revoke_due_at	DATETIME NULL COMMENT 'received_at + the hours of the cause; NULL: no certificate is named',
	done_at		DATETIME NULL,
	finding		ENUM('revoked', 'kept') NULL COMMENT 'what became of the certificate; NULL: not decided',
	finding_note	VARCHAR(1000) NULL COMMENT 'why',
	UNIQUE KEY (once),
	KEY (done_at, answer_due_at),
	FOREIGN KEY (certificate_id) REFERENCES certificate (id),
	FOREIGN KEY (cause) REFERENCES problem_cause (cause),
	CONSTRAINT problem_report_done CHECK ((done_at IS NULL) = (finding IS NULL)),
	CONSTRAINT problem_report_order CHECK (done_at IS NULL OR answered_at IS NOT NULL)
);
