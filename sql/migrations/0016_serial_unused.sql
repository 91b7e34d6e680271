-- 0016_serial_unused.sql - a serial that was reserved and given back before it came to the key: it is on no certificate, so it
-- need not stand on the CRL.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE serial
	MODIFY COLUMN state ENUM('reserved', 'issued', 'abandoned', 'unused') NOT NULL DEFAULT 'reserved'
		COMMENT 'abandoned: perhaps signed, on the CRL; unused: given back before it came to the key';
