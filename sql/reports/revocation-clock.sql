-- Which problem reports and requests to revoke are open or overdue, and until when must what be done?
--
-- days       also those received in so many days that are done by now; none when not given
SELECT source, report, order_number, cause, DATE_FORMAT(c.received_at, '%Y-%m-%dT%H:%i:%sZ') AS received_at,
    DATE_FORMAT(c.answer_due_at, '%Y-%m-%dT%H:%i:%sZ') AS answer_due_at,
    DATE_FORMAT(c.answered_at, '%Y-%m-%dT%H:%i:%sZ') AS answered_at,
    DATE_FORMAT(c.revoke_due_at, '%Y-%m-%dT%H:%i:%sZ') AS revoke_due_at,
    DATE_FORMAT(c.revoked_at, '%Y-%m-%dT%H:%i:%sZ') AS revoked_at,
    DATE_FORMAT(c.published_at, '%Y-%m-%dT%H:%i:%sZ') AS published_at, state
FROM report_revocation_clock c
WHERE state IN ('open', 'overdue') OR c.received_at >= UTC_TIMESTAMP() - INTERVAL COALESCE(@days, 0) DAY
ORDER BY COALESCE(c.revoke_due_at, c.answer_due_at), c.received_at, order_number;
