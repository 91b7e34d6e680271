-- Of the orders of each day, what part came how far, and how long does a step take?
--
-- The four times are averages in minutes: from the order to the question to the mailbox's holder, to the holder's yes, to
-- the submitted activation, to the certificate.
--
-- from, to   days of the orders; the last 30 when not given
-- product    only of this product (its id)
-- partner    only of this partner (its short name)
SELECT ordered_on, SUM(ordered) AS ordered, SUM(initiated) AS initiated, SUM(verified) AS verified,
    SUM(submitted) AS submitted, SUM(issued) AS issued, ROUND(100 * SUM(issued) / SUM(ordered), 1) AS issued_percent,
    ROUND(SUM(initiated_seconds) / 60 / SUM(initiated), 1) AS initiated_minutes,
    ROUND(SUM(verified_seconds) / 60 / SUM(verified), 1) AS verified_minutes,
    ROUND(SUM(submitted_seconds) / 60 / SUM(submitted), 1) AS submitted_minutes,
    ROUND(SUM(issued_seconds) / 60 / SUM(issued), 1) AS issued_minutes
FROM report_funnel
WHERE ordered_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
    AND (@product IS NULL OR product = @product) AND (@partner IS NULL OR partner = @partner)
GROUP BY ordered_on
ORDER BY ordered_on;
