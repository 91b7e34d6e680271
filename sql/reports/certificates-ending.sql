-- How many certificates end on each of the days to come, and how many of them were revoked before?
--
-- days       30 when not given
SELECT not_after_on, certificates, revoked
FROM report_certificate_end
WHERE not_after_on BETWEEN UTC_DATE() AND UTC_DATE() + INTERVAL COALESCE(@days, 30) DAY
ORDER BY not_after_on;
