-- 0012_clock.sql - the database's own clock may be set back: what was found to be over stays over.
--
-- Each statement can be run twice, see sql/README.md.

-- Which random values were refused as run out, so that none is good again.
ALTER TABLE mailbox_value
	ADD COLUMN IF NOT EXISTS refused_at DATETIME NULL COMMENT 'somebody was told that it has run out: so it stays';
