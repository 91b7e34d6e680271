-- Why are certificate signing requests refused?
--
-- from, to   days; the last 30 when not given
-- partner    only of this partner (its short name)
SELECT code, COUNT(*) AS refusals, SUM(by_signer) AS by_signer,
    DATE_FORMAT(MIN(refused_at), '%Y-%m-%dT%H:%i:%sZ') AS first_at, DATE_FORMAT(MAX(refused_at), '%Y-%m-%dT%H:%i:%sZ') AS last_at
FROM report_csr_refusal
WHERE refused_at >= COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND refused_at < COALESCE(@to, UTC_DATE()) + INTERVAL 1 DAY
    AND (@partner IS NULL OR partner = @partner)
GROUP BY code
ORDER BY refusals DESC, code;
