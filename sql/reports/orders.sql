-- How many orders came in on each day, for which product and by whom, and how far are they now?
--
-- from, to   days of the orders; the last 30 when not given
-- product    only of this product (its id)
-- partner    only of this partner (its short name)
SELECT ordered_on, product, partner, orders, mailbox_waiting_for_data, mailbox_waiting_for_verification,
    activation_waiting_for_data, activation_waiting_for_verification, issued, cancelled
FROM report_order
WHERE ordered_on BETWEEN COALESCE(@from, UTC_DATE() - INTERVAL 29 DAY) AND COALESCE(@to, UTC_DATE())
    AND (@product IS NULL OR product = @product) AND (@partner IS NULL OR partner = @partner)
ORDER BY ordered_on, product, partner;
