-- Which domains' CAA records keep us from issuing, and which could not be asked?
--
-- from, to   days; the last 30 when not given
-- partner    only of this partner (its short name)
SELECT DATE_FORMAT(c.checked_at, '%Y-%m-%dT%H:%i:%sZ') AS checked_at, decision, order_number, partner, domain, found
FROM report_caa_denial c
WHERE c.checked_at >= COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND c.checked_at < COALESCE(@to, UTC_DATE()) + INTERVAL 1 DAY
    AND (@partner IS NULL OR partner = @partner)
ORDER BY c.checked_at, order_number;
