-- What happened to one order, step by step?
--
-- order      its number, such as 0000123456/b01
SELECT DATE_FORMAT(t.at, '%Y-%m-%dT%H:%i:%sZ') AS at, actor, what, detail
FROM report_order_trail t
WHERE number = CONVERT(SUBSTRING_INDEX(@order, '/', 1) USING ascii) AND item = CONVERT(SUBSTRING_INDEX(@order, '/', -1) USING ascii)
ORDER BY event;
