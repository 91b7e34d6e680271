-- On which days was somebody guessing passwords?
--
-- from, to   days; the last 30 when not given
SELECT failed_on, failures, logins, addresses, throttled
FROM report_sign_in_failure
WHERE failed_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
ORDER BY failed_on;
