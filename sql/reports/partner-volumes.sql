-- What did each partner use in each month, for the invoice?
--
-- from, to   days; all of last month when not given
-- partner    only of this partner (its short name)
SELECT DATE_FORMAT(MIN(day), '%Y-%m') AS month, partner, MIN(title) AS title, product, SUM(orders) AS orders, SUM(cancelled) AS cancelled,
    SUM(certificates) AS certificates, SUM(revoked) AS revoked
FROM report_partner_volume
WHERE day BETWEEN COALESCE(@from, DATE_FORMAT(UTC_DATE() - INTERVAL 1 MONTH, '%Y-%m-01'))
	AND COALESCE(@to, LAST_DAY(COALESCE(@from, UTC_DATE() - INTERVAL 1 MONTH)))
    AND (@partner IS NULL OR partner = @partner)
GROUP BY EXTRACT(YEAR_MONTH FROM day), partner, product
ORDER BY month, partner, product;
