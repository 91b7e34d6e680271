-- reports.sql - the report views: what the account `report` may read, and nothing else (grants.sql). Ready-made questions
-- to them stand in reports/*.sql; `mailcertctl report` runs those.
--
-- The views are a contract: README.md says them column by column, as the comments here do (a test holds the two and the
-- views together), and `report_version` says which edition of it. A new view or a new column at the end is the same
-- version; a column that goes, is renamed or means something else raises it.
--
-- Days and times are UTC. No view tells a secret or a hash of one; people appear as order numbers only: no address of a
-- mailbox, no login, no name of a person, no network address. Partners are firms and are named.
--
-- How they stay fast: what counts by the order's day reads the index orders_report alone, whose order is that of the
-- groups; what counts rare events reads audit_event. See tests/bench/reports.mjs.
--
-- Applied again by every `mailcertctl db migrate`; each statement ends with the line "$$".

-- report_version: which edition of these views this is.
--	version		raised when a column goes or changes its meaning
--	schema		the newest migration
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_version AS
SELECT 1 AS version, MAX(version) AS `schema` FROM schema_migration
$$

-- report_order: how many orders came in, and how far they are now. Each order counts in one of the columns behind `orders`;
-- their names are the statuses that `mailcertctl order list` shows.
--	ordered_on	day of the order
--	product		product's id
--	partner		partner's short name; NULL: customers' own orders
--	orders		orders of that day
--	mailbox_waiting_for_data	of these: no mailbox address is being verified: not begun, or begun anew
--	mailbox_waiting_for_verification	of these: the mailbox's holder is asked
--	activation_waiting_for_data	of these: mailbox verified; the activation is not submitted
--	activation_waiting_for_verification	of these: activation submitted; the signer has it
--	issued		of these: the certificate was issued, whatever became of it since
--	cancelled	of these: ended without a certificate
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_order AS
SELECT g.ordered_on, g.product, p.name AS partner, g.orders, g.mailbox_waiting_for_data, g.mailbox_waiting_for_verification,
    g.activation_waiting_for_data, g.activation_waiting_for_verification, g.issued, g.cancelled
FROM (SELECT ordered_on, product, partner_id, COUNT(*) AS orders,
	COUNT(IF(cancelled_at IS NULL AND mailbox_status = 'waiting_for_data', 1, NULL)) AS mailbox_waiting_for_data,
	COUNT(IF(cancelled_at IS NULL AND mailbox_status = 'waiting_for_verification', 1, NULL)) AS mailbox_waiting_for_verification,
	COUNT(IF(cancelled_at IS NULL AND activation_status = 'waiting_for_data', 1, NULL)) AS activation_waiting_for_data,
	COUNT(IF(cancelled_at IS NULL AND activation_status = 'waiting_for_verification', 1, NULL)) AS activation_waiting_for_verification,
	COUNT(IF(cancelled_at IS NULL AND activation_status = 'verified', 1, NULL)) AS issued,
	COUNT(cancelled_at) AS cancelled
    FROM orders GROUP BY ordered_on, product, partner_id) g
LEFT JOIN partner p ON p.id = g.partner_id
$$

-- report_funnel: how many of a day's orders reached each step, and how long each step took. Sums of seconds, so that days
-- and partners can be added: divide by the count of the step that they lead to.
--	ordered_on	day of the order
--	product		product's id
--	partner		partner's short name; NULL: customers' own orders
--	ordered		orders of that day
--	initiated	of these: a mailbox address was given and its holder asked
--	verified	of these: the holder confirmed
--	submitted	of these: the activation was submitted
--	issued		of these: the certificate was issued
--	initiated_seconds	sum, from the order to the question to the holder
--	verified_seconds	sum, from there to the holder's yes
--	submitted_seconds	sum, from there to the submitted activation
--	issued_seconds	sum, from there to the certificate
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_funnel AS
SELECT g.ordered_on, g.product, p.name AS partner, g.ordered, g.initiated, g.verified, g.submitted, g.issued,
    g.initiated_seconds, g.verified_seconds, g.submitted_seconds, g.issued_seconds
FROM (SELECT o.ordered_on, o.product, o.partner_id, COUNT(*) AS ordered, COUNT(o.initiated_at) AS initiated,
	COUNT(o.verified_at) AS verified, COUNT(o.submitted_at) AS submitted, COUNT(o.issued_at) AS issued,
	SUM(TIMESTAMPDIFF(SECOND, o.ordered_at, o.initiated_at)) AS initiated_seconds,
	SUM(TIMESTAMPDIFF(SECOND, o.initiated_at, o.verified_at)) AS verified_seconds,
	SUM(TIMESTAMPDIFF(SECOND, o.verified_at, o.submitted_at)) AS submitted_seconds,
	SUM(TIMESTAMPDIFF(SECOND, o.submitted_at, o.issued_at)) AS issued_seconds
    FROM orders o GROUP BY o.ordered_on, o.product, o.partner_id) g
LEFT JOIN partner p ON p.id = g.partner_id
$$

-- report_mailbox_verification: what became of the verifications begun on a day. One verification is one address of one order,
-- whatever the number of its mails. The mails first, then the ends: the last five columns add up to `initiated`.
--	initiated_on	day the verification began
--	initiated	verifications of that day
--	sent		of these: a mail with a link went out
--	accepted	of these: a mail server took such a mail
--	bounced		of these: no server took one; the newest was refused or given up
--	confirmed	of these: the holder said yes
--	rejected	of these: the holder said no
--	expired		of these: nobody answered while a link was good
--	replaced	of these: ended sooner, by another address or a cancelled order
--	waiting		of these: the holder can still answer, or no mail has gone out yet
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_mailbox_verification AS
SELECT initiated_on, COUNT(*) AS initiated, COUNT(expires_at) AS sent, COUNT(accepted_at) AS accepted,
    COUNT(IF(accepted_at IS NULL, bounced_at, NULL)) AS bounced, COUNT(confirmed_at) AS confirmed,
    COUNT(rejected_at) AS rejected,
    COUNT(IF(confirmed_at IS NULL AND rejected_at IS NULL AND expires_at <= COALESCE(replaced_at, UTC_TIMESTAMP()), 1, NULL))
	AS expired,
    COUNT(IF(confirmed_at IS NULL AND rejected_at IS NULL AND (expires_at IS NULL OR expires_at > replaced_at), replaced_at, NULL))
	AS replaced,
    COUNT(IF(confirmed_at IS NULL AND rejected_at IS NULL AND replaced_at IS NULL
	AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP()), 1, NULL)) AS waiting
FROM mailbox GROUP BY initiated_on
$$

-- report_csr_refusal: certificate signing requests that were refused, one a row.
--	refused_at	when
--	code		what was wrong: a code of lib/base/faults.def
--	by_signer	0: when it was handed in; 1: later, by the signer, which checks again
--	order_number	for which order
--	partner		partner's short name; NULL: a customer's own order
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_csr_refusal AS
SELECT a.at AS refused_at, SUBSTRING_INDEX(a.detail, ' ', 1) AS code, a.event = 'issuance_refused' AS by_signer,
    CONCAT(o.number, '/', o.item) AS order_number, p.name AS partner
FROM audit a JOIN orders o ON o.id = a.order_id LEFT JOIN partner p ON p.id = o.partner_id
WHERE a.event IN ('csr_refused', 'issuance_refused') AND a.detail LIKE 'csr\_%'
$$

-- report_certificate_issued: certificates by the day they were issued.
--	issued_on	day
--	product		product's id
--	partner		partner's short name; NULL: customers' own orders
--	certificates	how many
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_certificate_issued AS
SELECT g.issued_on, g.product, p.name AS partner, g.certificates
FROM (SELECT issued_on, product, partner_id, COUNT(*) AS certificates
    FROM orders WHERE issued_on IS NOT NULL GROUP BY issued_on, product, partner_id) g
LEFT JOIN partner p ON p.id = g.partner_id
$$

-- report_certificate_expiring: every certificate that is neither expired nor revoked, one a row. Ask by not_after: that is
-- what the index serves.
--	not_after	when it expires
--	days_left	whole days until then
--	order_number	its order
--	product		product's id
--	partner		partner's short name; NULL: a customer's own order
--	issuer		name of the CA that signed it
--	serial		its serial number, hexadecimal
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_certificate_expiring AS
SELECT c.not_after, TIMESTAMPDIFF(DAY, UTC_TIMESTAMP(), c.not_after) AS days_left,
    CONCAT(o.number, '/', o.item) AS order_number, o.product, p.name AS partner, i.name AS issuer, LOWER(HEX(c.serial)) AS serial
FROM certificate c JOIN orders o ON o.id = c.order_id JOIN issuer i ON i.id = c.issuer_id
LEFT JOIN partner p ON p.id = o.partner_id
WHERE c.not_after > UTC_TIMESTAMP() AND c.revoked_at IS NULL
$$

-- report_certificate_end: how many certificates end on a day, past and to come.
--	not_after_on	day
--	certificates	that end on it
--	revoked		of these: revoked before
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_certificate_end AS
SELECT DATE(not_after) AS not_after_on, COUNT(*) AS certificates, COUNT(revoked_at) AS revoked
FROM certificate GROUP BY DATE(not_after)
$$

-- report_revocation: revoked certificates by day, reason and who asked; and serial numbers that were taken for a certificate
-- that perhaps was signed, but never stored.
--	revoked_on	day
--	reason		reason of RFC 5280 5.3.1 in words, such as keyCompromise; `abandoned` for a serial without a certificate
--	requested_by	customer, partner, admin or signer
--	revocations	how many
--	unlisted	of these: on no published CRL yet
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_revocation AS
SELECT DATE(r.revoked_at) AS revoked_on,
    IF(r.requested_by = 'signer:abandoned', 'abandoned', CASE r.reason WHEN 1 THEN 'keyCompromise' WHEN 3 THEN 'affiliationChanged'
	WHEN 4 THEN 'superseded' WHEN 5 THEN 'cessationOfOperation' WHEN 9 THEN 'privilegeWithdrawn' ELSE 'unspecified' END) AS reason,
    CASE SUBSTRING_INDEX(r.requested_by, ':', 1) WHEN 'account' THEN 'customer' ELSE SUBSTRING_INDEX(r.requested_by, ':', 1) END
	AS requested_by,
    COUNT(*) AS revocations, COUNT(IF(l.number >= r.listed_in, NULL, 1)) AS unlisted
FROM revocation r LEFT JOIN (SELECT issuer_id, MAX(number) AS number FROM crl WHERE published_at IS NOT NULL GROUP BY issuer_id) l
    ON l.issuer_id = r.issuer_id
GROUP BY 1, 2, 3
$$

-- report_revocation_clock: what is asked for and until when: certificate problem reports (SBR 4.9.5), and requests to revoke
-- (SBR 4.9.1.1, 24 hours from their receipt). Neither reporter nor mailbox is named.
--	source		problem_report or request
--	report		number of the problem report; NULL: a request
--	order_number	order of the certificate; NULL: the report names none of ours
--	cause		of a problem report: its cause; of a request: the reason in words
--	received_at	when it arrived; the clock runs from here
--	answer_due_at	of a problem report: the preliminary report is due
--	answered_at	of a problem report: it was given
--	revoke_due_at	a CRL with the revocation must be published by then
--	revoked_at	the certificate was revoked
--	published_at	the first CRL with it was published: the clock stops
--	state		open, overdue (open, and something is late), done, or late (done, but something was late)
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_revocation_clock AS
SELECT 'problem_report' AS source, k.id AS report, CONCAT(o.number, '/', o.item) AS order_number, k.cause, k.received_at,
    k.answer_due_at, k.answered_at, k.revoke_due_at, k.revoked_at, k.published_at,
    IF(k.done_at IS NULL OR (k.finding = 'revoked' AND k.published_at IS NULL),
	IF(k.answer_overdue OR k.revocation_overdue, 'overdue', 'open'),
	IF(k.answered_at > k.answer_due_at OR k.published_at > k.revoke_due_at, 'late', 'done')) AS state
FROM problem_report_clock k LEFT JOIN orders o ON o.id = k.order_id
UNION ALL
SELECT 'request', NULL, CONCAT(x.number, '/', x.item), x.cause, x.received_at, NULL, NULL, x.received_at + INTERVAL 24 HOUR,
    x.revoked_at, x.published_at,
    IF(x.published_at IS NULL, IF(x.received_at < UTC_TIMESTAMP() - INTERVAL 24 HOUR, 'overdue', 'open'),
	IF(x.published_at > x.received_at + INTERVAL 24 HOUR, 'late', 'done'))
FROM (SELECT o.number, o.item, r.received_at, r.revoked_at, CASE r.reason WHEN 1 THEN 'keyCompromise'
	WHEN 3 THEN 'affiliationChanged' WHEN 4 THEN 'superseded' WHEN 5 THEN 'cessationOfOperation'
	WHEN 9 THEN 'privilegeWithdrawn' ELSE 'unspecified' END AS cause, l.published_at
    -- In this order, and without a subquery in what `state` is made of: so a question for the open ones passes over what is on a
    -- CRL long since before it reads certificate and order.
    FROM revocation r LEFT JOIN (
	-- a signer that died has begun a CRL and not published it: the next one counts
	SELECT issuer_id, number, MIN(published_at) OVER (PARTITION BY issuer_id ORDER BY number DESC) AS published_at FROM crl) l
	ON l.issuer_id = r.issuer_id AND l.number = r.listed_in
    STRAIGHT_JOIN certificate c ON c.issuer_id = r.issuer_id AND c.serial = r.serial STRAIGHT_JOIN orders o ON o.id = c.order_id
    WHERE r.received_at IS NOT NULL) x
$$

-- report_key_blocked: certificates that are valid though their key is blocked: somebody pasted the private key, it is on a
-- list of known keys, or it was reported while the certificate was on its way. Whoever proves that others have the key has
-- the certificate revoked within 24 hours (SBR 4.9.1.1). Nobody does that by itself: look, then `mailcertctl certificate revoke`.
--	blocked_at	when the key was blocked, or the certificate issued, whichever was later
--	source		why the key is blocked: keyCompromise, pasted or import
--	order_number	order of the certificate
--	partner		partner's short name; NULL: a customer's own order
--	issuer		name of the CA that signed it
--	serial		its serial number, hexadecimal
--	not_after	when it expires
--	revoke_due_at	24 hours after blocked_at
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_key_blocked AS
SELECT GREATEST(b.added_at, c.issued_at) AS blocked_at, b.source, CONCAT(o.number, '/', o.item) AS order_number, p.name AS partner,
    i.name AS issuer, LOWER(HEX(c.serial)) AS serial, c.not_after,
    GREATEST(b.added_at, c.issued_at) + INTERVAL 24 HOUR AS revoke_due_at
FROM certificate c JOIN key_block b ON b.spki_sha256 = c.spki_sha256 JOIN orders o ON o.id = c.order_id
JOIN issuer i ON i.id = c.issuer_id LEFT JOIN partner p ON p.id = o.partner_id
WHERE c.not_after > UTC_TIMESTAMP() AND c.revoked_at IS NULL
$$

-- report_backlog: what waits for a process, how much and since when. An empty queue has no row.
--	queue		outbox (the mailer's), issuance (the signer's), callback, audit (events without a seal), crl (revocations not listed)
--	kind		kind of the mail; code of what delays an issuance; partner of the callbacks; else NULL
--	waiting		how many
--	taken		of these: in a process's hands now
--	tried		of these: tried before, in vain
--	oldest_at	since when the oldest waits
--	oldest_seconds	how long that is
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_backlog AS
SELECT q.queue, q.kind, q.waiting, q.taken, q.tried, q.oldest_at, TIMESTAMPDIFF(SECOND, q.oldest_at, UTC_TIMESTAMP()) AS oldest_seconds
FROM (SELECT 'outbox' AS queue, kind, COUNT(*) AS waiting, COUNT(taken_by) AS taken,
	COUNT(IF(attempts > IF(taken_by IS NULL, 0, 1), 1, NULL)) AS tried, MIN(created_at) AS oldest_at
    FROM outbox WHERE state = 'waiting' GROUP BY kind
    UNION ALL
    SELECT 'issuance', last_code, COUNT(*), COUNT(taken_by), COUNT(IF(attempts > IF(taken_by IS NULL, 0, 1), 1, NULL)), MIN(queued_at)
    FROM issuance WHERE state = 'waiting' GROUP BY last_code
    UNION ALL
    SELECT 'callback', p.name, COUNT(*), COUNT(c.taken_by), COUNT(IF(c.attempts > IF(c.taken_by IS NULL, 0, 1), 1, NULL)),
	MIN(c.happened_at)
    FROM callback c JOIN callback_address h ON h.id = c.address_id JOIN partner p ON p.id = h.partner_id
    WHERE c.state = 'waiting' GROUP BY p.name
    UNION ALL
    -- the signer gives events their places; it looks back as far as this (statements.def, AUDIT_UNSEALED)
    SELECT 'audit', NULL, COUNT(*), 0, 0, MIN(a.at)
    FROM audit a LEFT JOIN audit_chain c ON c.event_id = a.id
    WHERE a.id > (SELECT CAST(COALESCE(MAX(event_id), 0) AS SIGNED) FROM audit_chain) - 20000 AND c.seq IS NULL
    HAVING COUNT(*) > 0
    UNION ALL
    SELECT 'crl', NULL, COUNT(*), 0, 0, MIN(revoked_at) FROM revocation WHERE listed_in IS NULL HAVING COUNT(*) > 0) q
$$

-- report_callback: what partners were told of changes, by the day of the change.
--	happened_on	day of the change
--	partner		partner's short name
--	callbacks	changes to be told
--	done		of these: the partner's address took it
--	given_up	of these: it did not, for days
--	waiting		of these: still to be told
--	attempts	posts made for them, in all
--	done_seconds	of those done: sum of the seconds from the change to the answer
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_callback AS
SELECT g.happened_on, p.name AS partner, SUM(g.callbacks) AS callbacks, SUM(g.done) AS done, SUM(g.given_up) AS given_up,
    SUM(g.waiting) AS waiting, SUM(g.attempts) AS attempts, SUM(g.done_seconds) AS done_seconds
FROM (SELECT DATE(happened_at) AS happened_on, address_id, COUNT(*) AS callbacks, COUNT(IF(state = 'done', 1, NULL)) AS done,
	COUNT(IF(state = 'given_up', 1, NULL)) AS given_up, COUNT(IF(state = 'waiting', 1, NULL)) AS waiting,
	SUM(attempts) AS attempts, SUM(IF(state = 'done', TIMESTAMPDIFF(SECOND, happened_at, done_at), 0)) AS done_seconds
    FROM callback GROUP BY DATE(happened_at), address_id) g
JOIN callback_address h ON h.id = g.address_id JOIN partner p ON p.id = h.partner_id
GROUP BY g.happened_on, p.name
$$

-- report_sign_in_failure: refused sign-ins by day. How many logins and network addresses, not which.
--	failed_on	day
--	failures	wrong logins or passwords
--	logins		how many different logins were tried
--	addresses	from how many different network addresses
--	throttled	how often guessing was stopped for a while
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_sign_in_failure AS
SELECT DATE(at) AS failed_on, COUNT(IF(event = 'sign_in_refused', 1, NULL)) AS failures,
    COUNT(DISTINCT IF(event = 'sign_in_refused', actor, NULL)) AS logins,
    COUNT(DISTINCT IF(event = 'sign_in_refused', address, NULL)) AS addresses,
    COUNT(IF(event = 'sign_in_throttled', 1, NULL)) AS throttled
FROM audit WHERE event IN ('sign_in_refused', 'sign_in_throttled')
GROUP BY DATE(at)
$$

-- report_caa_denial: issuances that the CAA records of a mailbox's domain forbade, or that waited because the records could
-- not be asked for. One look-up a row.
--	checked_at	when
--	decision	denied or unreachable
--	order_number	order
--	partner		partner's short name; NULL: a customer's own order
--	domain		domain of the mailbox
--	found		where the records stood and what they said
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_caa_denial AS
SELECT a.at AS checked_at, IF(a.event = 'caa_denied', 'denied', 'unreachable') AS decision,
    CONCAT(o.number, '/', o.item) AS order_number, p.name AS partner, SUBSTRING_INDEX(a.detail, ' | ', 1) AS domain,
    SUBSTR(a.detail, 4 + CHAR_LENGTH(SUBSTRING_INDEX(a.detail, ' | ', 1))) AS found
FROM audit a JOIN orders o ON o.id = a.order_id LEFT JOIN partner p ON p.id = o.partner_id
WHERE a.event IN ('caa_denied', 'caa_unreachable')
$$

-- report_order_trail: everything that happened to an order, step by step. Ask by number and item. Details that would tell an
-- address or what a mail server said of one are left out; `mailcertctl order show` has them for who may know.
--	number		of the order, such as 0000123456
--	item		of the order, such as b01
--	event		number of the audit event; larger is later
--	at		when
--	actor		who: customer, partner:NAME, holder, admin:NAME, or the process (mailer, signer, sweep)
--	what		the event, such as mailbox_verified
--	detail		what about: kind of key, code of a refusal, serial number, reason
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_order_trail AS
SELECT o.number, o.item, a.id AS event, CAST(a.at AS DATETIME) AS at,
    CASE SUBSTRING_INDEX(a.actor, ':', 1) WHEN 'account' THEN IF(o.partner_id IS NULL, 'customer', 'partner')
	WHEN 'signer' THEN 'signer' ELSE a.actor END AS actor,
    a.event AS what,
    IF(a.event IN ('order_added', 'fields_saved', 'method_saved', 'csr_saved', 'csr_refused', 'issuance_refused',
	'issuance_delayed', 'serial_abandoned', 'certificate_issued', 'certificate_revoked'),
	NULLIF(TRIM(SUBSTRING_INDEX(a.detail, ' | ', 1)), ''), NULL) AS detail
FROM orders o JOIN audit a ON a.order_id = o.id
$$

-- report_partner_volume: what a partner used on a day, for invoices. An order counts on the day it was made, a certificate
-- on the day it was issued, so the two need not belong together.
--	day		day
--	partner		partner's short name
--	title		the firm as people write it
--	product		product's id
--	orders		orders made on that day
--	cancelled	of these: cancelled since
--	certificates	certificates issued on that day
--	revoked		of these: revoked since
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_partner_volume AS
SELECT g.day, p.name AS partner, p.title, g.product, g.orders, g.cancelled, g.certificates, g.revoked
FROM (SELECT ordered_on AS day, product, partner_id, COUNT(*) AS orders, COUNT(cancelled_at) AS cancelled, 0 AS certificates,
	0 AS revoked
    FROM orders WHERE partner_id IS NOT NULL GROUP BY ordered_on, product, partner_id
    UNION ALL
    SELECT issued_on, product, partner_id, 0, 0, COUNT(*), COUNT(revoked_at)
    FROM orders WHERE issued_on IS NOT NULL AND partner_id IS NOT NULL GROUP BY issued_on, product, partner_id) g
LEFT JOIN partner p ON p.id = g.partner_id
$$
