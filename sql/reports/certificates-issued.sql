-- How many certificates were issued on each day?
--
-- from, to   days; the last 30 when not given
-- product    only of this product (its id)
-- partner    only of this partner (its short name)
SELECT issued_on, product, SUM(certificates) AS certificates
FROM report_certificate_issued
WHERE issued_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
    AND (@product IS NULL OR product = @product) AND (@partner IS NULL OR partner = @partner)
GROUP BY issued_on, product
ORDER BY issued_on, product;
