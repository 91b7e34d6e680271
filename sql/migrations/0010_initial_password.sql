-- 0010_initial_password.sql - a password that an admin set is for one sign-in: it opens nothing but the page on which its
-- person replaces it, and nothing at all when its time is over. Passwords from before are their persons' own.
--
-- Each statement can be run twice, see sql/README.md.

ALTER TABLE account
	ADD COLUMN IF NOT EXISTS password_until DATETIME NULL
	    COMMENT 'set by an admin, to be replaced at the first sign-in: opens nothing after that; NULL: the person''s own';
