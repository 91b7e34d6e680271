-- 0011_clock.sql - the database's own clock may be set back: what was found to be over stays over, and what is to come
-- comes when it would have come.
--
-- Each statement can be run twice, see sql/README.md.

-- Which random values were refused as run out, so that none is good again.
ALTER TABLE mailbox_value
	MODIFY COLUMN expires_at DATETIME NOT NULL COMMENT '24 hours later, to the second; earlier when the clock was set back',
	ADD COLUMN IF NOT EXISTS refused_at DATETIME NULL COMMENT 'it was answered when it had run out: so it stays';

-- What clock_watch() goes by.
CREATE TABLE IF NOT EXISTS clock (
	server		VARCHAR(64) CHARACTER SET ascii NOT NULL PRIMARY KEY COMMENT 'each has a clock of its own',
	seen_at		DATETIME NOT NULL COMMENT 'what it said when a signer looked last'
);
