-- Do the mails to mailbox holders arrive, and what do the holders answer?
--
-- from, to   days on which the verifications began; the last 30 when not given
SELECT initiated_on, initiated, sent, accepted, bounced, confirmed, rejected, expired, replaced, waiting
FROM report_mailbox_verification
WHERE initiated_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
ORDER BY initiated_on;
