-- accounts.sql - makes the database and one account per process; run once as the database's root.
--
-- Before: SET @database = 'mailcert', @admin_password = '…', @web_password = '…', @mailer_password = '…',
-- @signer_password = '…', @callback_password = '…', @report_password = '…', @metrics_password = '…',
-- @retention_password = '…';  A password that is NULL makes an account that signs in by the operating system's user
-- of the same name (unix_socket). With @web_old_password and so on that one serves beside the new one, until this is run
-- again without it. Run again it sets the passwords anew. The statements themselves hold the passwords' hashes, since the
-- binary log keeps statements of that kind. What each account may do stands in grants.sql and is applied by
-- `mailcertctl db migrate`; `mailcertctl db accounts` makes passwords and prints all this.

DELIMITER $$
BEGIN NOT ATOMIC
	DECLARE EXIT HANDLER FOR SQLEXCEPTION RESIGNAL;

	EXECUTE IMMEDIATE CONCAT('CREATE DATABASE IF NOT EXISTS `', @database,
	    '` CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci');
	FOR account IN (
		SELECT 'admin' AS name, @admin_password AS password, @admin_old_password AS old_password
		UNION ALL SELECT 'web', @web_password, @web_old_password
		UNION ALL SELECT 'mailer', @mailer_password, @mailer_old_password
		UNION ALL SELECT 'signer', @signer_password, @signer_old_password
		UNION ALL SELECT 'callback', @callback_password, @callback_old_password
		UNION ALL SELECT 'report', @report_password, @report_old_password
		UNION ALL SELECT 'metrics', @metrics_password, @metrics_old_password
		UNION ALL SELECT 'retention', @retention_password, @retention_old_password
	) DO
		EXECUTE IMMEDIATE CONCAT('CREATE USER IF NOT EXISTS `', account.name, '`@localhost');
		EXECUTE IMMEDIATE CONCAT('ALTER USER `', account.name, '`@localhost IDENTIFIED VIA ',
		    IF(account.password IS NULL, 'unix_socket',
			CONCAT('mysql_native_password USING ', QUOTE(PASSWORD(account.password)),
			    IF(account.old_password IS NULL, '',
				CONCAT(' OR mysql_native_password USING ', QUOTE(PASSWORD(account.old_password)))))));
	END FOR;
	EXECUTE IMMEDIATE CONCAT('GRANT ALL ON `', @database, '`.* TO admin@localhost WITH GRANT OPTION');
	-- tools/db-room, which holds writing while the disk is nearly full: a user of the operating system, and nothing more.
	CREATE USER IF NOT EXISTS 'mailcert-db-room'@localhost IDENTIFIED VIA unix_socket;
	GRANT READ_ONLY ADMIN ON *.* TO 'mailcert-db-room'@localhost;
END $$
DELIMITER ;
