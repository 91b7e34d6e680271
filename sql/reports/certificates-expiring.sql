-- Which certificates expire within so many days, the next one first?
--
-- days       30 when not given
-- partner    only of this partner (its short name)
SELECT DATE_FORMAT(c.not_after, '%Y-%m-%dT%H:%i:%sZ') AS not_after, days_left, order_number, product, partner, issuer, serial
FROM report_certificate_expiring c
WHERE c.not_after <= UTC_TIMESTAMP() + INTERVAL COALESCE(@days, 30) DAY AND (@partner IS NULL OR partner = @partner)
ORDER BY c.not_after, order_number;
