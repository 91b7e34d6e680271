-- accounts.sql - makes the database and one account per process; run once as the database's root.
--
-- Before: SET @database = 'mailcert', @admin_password = '…', @web_password = '…', @mailer_password = '…',
-- @signer_password = '…', @callback_password = '…', @report_password = '…';  A password that is NULL makes an account that signs in by
-- the operating system's user of the same name (unix_socket). Run again it sets the passwords anew. What each
-- account may do stands in grants.sql and is applied by `mailcertctl db migrate`.

DELIMITER $$
BEGIN NOT ATOMIC
	DECLARE EXIT HANDLER FOR SQLEXCEPTION RESIGNAL;

	EXECUTE IMMEDIATE CONCAT('CREATE DATABASE IF NOT EXISTS `', @database,
	    '` CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci');
	FOR account IN (
		SELECT 'admin' AS name, @admin_password AS password
		UNION ALL SELECT 'web', @web_password
		UNION ALL SELECT 'mailer', @mailer_password
		UNION ALL SELECT 'signer', @signer_password
		UNION ALL SELECT 'callback', @callback_password
		UNION ALL SELECT 'report', @report_password
	) DO
		EXECUTE IMMEDIATE CONCAT('CREATE USER IF NOT EXISTS `', account.name, '`@localhost');
		EXECUTE IMMEDIATE CONCAT('ALTER USER `', account.name, '`@localhost IDENTIFIED VIA ',
		    IF(account.password IS NULL, 'unix_socket',
			CONCAT('mysql_native_password USING PASSWORD(', QUOTE(account.password), ')')));
	END FOR;
	EXECUTE IMMEDIATE CONCAT('GRANT ALL ON `', @database, '`.* TO admin@localhost WITH GRANT OPTION');
END $$
DELIMITER ;
