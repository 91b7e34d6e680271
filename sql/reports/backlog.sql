-- What waits for the mailer, the signer or the sender of callbacks, how much of it, and since when?
SELECT queue, kind, waiting, taken, tried, DATE_FORMAT(b.oldest_at, '%Y-%m-%dT%H:%i:%sZ') AS oldest_at, oldest_seconds
FROM report_backlog b
ORDER BY b.oldest_at, queue, kind;
