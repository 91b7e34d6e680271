-- metrics.sql - what the page /metrics asks the database, as the account `metrics`, which may read this and nothing else.
-- Figures only: no order, no address, no name.
--
-- Applied again by every `mailcertctl db migrate`, after reports.sql; each statement ends with the line "$$".

-- How much waits for each process, and since when. Every queue has a row.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW metrics_queue AS
SELECT q.queue, COALESCE(SUM(b.waiting), 0) AS waiting, COALESCE(MAX(b.oldest_seconds), 0) AS oldest_seconds
FROM (SELECT 'outbox' AS queue UNION ALL SELECT 'issuance' UNION ALL SELECT 'callback' UNION ALL SELECT 'audit'
    UNION ALL SELECT 'crl') q
LEFT JOIN report_backlog b ON b.queue = q.queue
GROUP BY q.queue
$$

-- What happened, to be counted from one reading to the next.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW metrics_event AS
SELECT id, at, event FROM audit
$$

-- Until when the newest published CRL of each CA is good.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW metrics_crl AS
SELECT i.name AS issuer, MAX(UNIX_TIMESTAMP(l.next_update)) AS next_update
FROM issuer i JOIN crl l ON l.issuer_id = i.id AND l.published_at IS NOT NULL
GROUP BY i.name
$$
