/* accounts.h - mailcertctl db accounts: the database's accounts and their passwords. */
#ifndef TOOLS_MAILCERTCTL_ACCOUNTS_H
#define TOOLS_MAILCERTCTL_ACCOUNTS_H

struct ctl;
struct err;

/* Make new passwords, put each into the file that the configuration names, and write the SQL that gives them
 * to the server (accounts.sql; with --only one statement) to standard output, which must not be a terminal.
 * An account without a PasswordFile signs in by the system's user of its name. */
int run_accounts(struct ctl *, struct err *e);

#endif
