-- Which certificates are valid though their key is blocked, and until when must they be revoked?
SELECT DATE_FORMAT(k.blocked_at, '%Y-%m-%dT%H:%i:%sZ') AS blocked_at, source, order_number, partner, issuer, serial,
    DATE_FORMAT(k.not_after, '%Y-%m-%dT%H:%i:%sZ') AS not_after, DATE_FORMAT(k.revoke_due_at, '%Y-%m-%dT%H:%i:%sZ') AS revoke_due_at
FROM report_key_blocked k
ORDER BY k.revoke_due_at, order_number;
