-- 0015_order_number.sql - order numbers are drawn in the strides of a Galera cluster, as 0001_base.sql makes the sequence now:
-- one that counts by 1 and keeps a cache is refused there, and two nodes could draw the same number from it. A server on its
-- own goes on counting by 1.
--
-- Each statement can be run twice, see sql/README.md.

ALTER SEQUENCE order_number INCREMENT BY 0 CACHE 100;
