-- 0013_account_state.sql - a customer's dashboard reads open orders, and counts the others, from an index: with 20,000
-- certificates it took a tenth of a second of the database.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE orders
	ADD KEY IF NOT EXISTS orders_account_state (account_id, state, not_after, issued_at);
