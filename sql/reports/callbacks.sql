-- Do partners' addresses take what they asked to be told?
--
-- from, to   days of the changes; the last 30 when not given
-- partner    only of this partner (its short name)
SELECT partner, SUM(callbacks) AS callbacks, SUM(done) AS done, SUM(given_up) AS given_up, SUM(waiting) AS waiting,
    ROUND(SUM(attempts) / SUM(callbacks), 2) AS attempts_each, ROUND(SUM(done_seconds) / SUM(done), 1) AS seconds_each
FROM report_callback
WHERE happened_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
    AND (@partner IS NULL OR partner = @partner)
GROUP BY partner
ORDER BY partner;
