-- 0008_certificate_expiring.sql - what expires next is listed from the index alone, with the order and serial number that
-- the report shows; reading each certificate's row, DER and all, took half of its time on a million orders.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE certificate
	ADD KEY IF NOT EXISTS certificate_expiring (not_after, revoked_at, order_id, issuer_id, serial),
	DROP KEY IF EXISTS certificate_end;
