-- How many certificates were revoked, for which reason and at whose request?
--
-- from, to   days; the last 30 when not given
SELECT reason, requested_by, SUM(revocations) AS revocations, SUM(unlisted) AS unlisted
FROM report_revocation
WHERE revoked_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
GROUP BY reason, requested_by
ORDER BY revocations DESC, reason, requested_by;
