/* pages.h - the handlers of route.c's table, one file a step; and what they share. */
#ifndef CGI_PAGES_H
#define CGI_PAGES_H

#include "cgi/page.h"
#include "cgi/req.h"
#include "lib/flow/order.h"

struct db_rows;
struct product;

/* An order's page in hand: what its statement found and what was read from it, and what only some states have
 * besides. */
struct order_page {
	struct db_rows *rows; /* owned; order points into its first row */
	bool history;         /* rows are the order's whole history, one an event */
	struct db_rows *mail; /* owned; of STMT_PAGE_MAIL, while the holder is asked; else NULL */
	char last_code[48];   /* fault code: why a submitted order is not issued yet; or empty */
	int reason;           /* of the revocation, when revoked */
	struct order order;
	const struct product *product; /* NULL: sold no more */
};

/* Read the session's person from the first row of a page's statement; FAULT_sign_in_required when there is
 * none. Keeps the session from ending by idleness. */
int me_read(struct req *, const struct db_rows *, struct err *e);
/* The same for a list, which has no row either when there is nothing to list: then the session is asked
 * alone. */
int me_read_list(struct req *, const struct db_rows *, struct err *e);
/* The same for a page that shows no more of the account than its menu; nobody signed in, and a database that
 * is away, are no fault there. */
void me_load(struct req *);
/* Load session and order of the address in one round trip; FAULT_not_found for somebody else's. Free with
 * order_page_free(), also after a failure. */
int order_page_load(struct req *, struct order_page *out, struct err *e);
/* The same for a customer, with the history of an order without a certificate in the same round trip, unless
 * it is longer than HISTORY_ALONG events. */
#define HISTORY_ALONG 60
int order_history_load(struct req *, struct order_page *out, struct err *e);
void order_page_free(struct order_page *);

/* Put an order into the page's data below prefix ("Order", "List.3"). */
void show_order(struct req *, const char *prefix, const struct order *);
/* The rest of an order's page: mail, reasons, times, certificate. */
void show_order_page(struct req *, const struct order_page *);
/* Field.N: what the certificate will contain, as chosen. */
void show_fields(struct req *, const struct order_page *);
/* Csr.*: what was found in a good request. */
struct csr;
void show_csr(struct req *, const struct csr *);
/* "RSA 3072", "EC P-256", "Ed25519": how a key is called on all pages; type as in the database ("RSA",
 * "P-256"). */
void key_shown(char *out, size_t room, const char *type, int bits);
/* Put a mail address and, where its domain is written otherwise by people, that too (<name>_shown). */
void show_address(struct req *, const char *prefix, const char *name, const char *address);

/* What lists and an order's page share (page_order.c). */
/* The page of a partner's list: everything with a smaller id than ?page=, newest first. */
int64_t page_before(const struct req *);
/* Percent-encode for a query (RFC 3986 2.3). */
void url_encode(struct buf *out, const char *text);
/* A search as a LIKE pattern for the beginning: wildcards of the typed text are plain characters. */
void like_prefix(struct buf *out, const char *text);
#define NUMBER_LEN 10 /* digits of an order's number */
/* What was typed as the beginning of an order's number, as a LIKE pattern; without its leading zeros it is
 * the whole. "" fits none: what was typed is no number. */
void number_pattern(char out[NUMBER_LEN + 2], const char *typed);
/* History.N of an order, newest first; loaded unless it came along. A detail that is a fault's code is told
 * as its sentence. */
int history_set(struct req *, const struct order_page *, struct err *e);

/* What a form handed in for the activation, for the wizard and for partners' posts (page_activation.c). */
/* The chosen fields as a list for the database; mandatory ones come whether sent or not (they are locked on
 * the page); each `fields` of the form is one name or a list with commas. field_unknown. */
int fields_read(const struct req *, const struct product *, char *out, size_t room, struct err *e);
/* Read and judge the request of a form; *out is the caller's. A pasted private key's public key is blocked,
 * and *secret says that the text must not be shown again. */
int csr_take(struct req *, const struct product *, struct csr **out, bool *secret, struct err *e);
/* csr_key_compromised when the key of the request saved with the order was blocked since; 0 without one. */
int csr_saved_check(struct req *, const struct order_page *, struct err *e);

/* Who acts for a partner and what is shown of them, from the first row of a partner's statement (show.c). A
 * key is nobody to greet. */
int partner_me_read(struct req *, const struct db_rows *, struct err *e);
/* Prove who acts and that a key has the scope (empty: any), and take the request off its allowance;
 * r->partner is known then. What is read or changed of the partner comes behind it. partner_key_refused,
 * partner_key_scope, too_many_requests, sign_in_required, not_found for a customer. */
int partner_prove(struct req *, const char *scope, struct err *e);
/* The arguments such a statement begins with: kind and secret of who acts, the scope a key needs, and what
 * the request takes of its allowance. */
#define P_PARTNER(r, scope, cost) P_ACTOR(&(r)->actor), P_TEXT(scope), P_NUMBER(cost), P_SECRET(&(r)->actor)
/* As order_page_load(), for the orders of the partner alone. */
int partner_order_load(struct req *, struct order_page *out, const char *scope, int cost, struct err *e);

/* What the panel's pages share. The wizard's page for what a post of page_partner.c lacks
 * (page_partner_new.c); one order, with the faults that were added on top; an order of a list, in the page's
 * data and in JSON (NULL: out of memory); Product.N: what is sold (page_partner_orders.c). */
int partner_new_again(struct req *, const struct err *fault, struct err *e);
int partner_order_show(struct req *, const struct order_page *, struct err *e);
void partner_row_set(struct req *, const char *prefix, const struct db_rows *, size_t row);
struct json_t *partner_row_json(const struct db_rows *, size_t row);
void partner_products_set(struct req *);
/* Page.notice from ?notice=, when it is a code of the panel's. */
void partner_notice_set(struct req *);

/* page_partner.c: form posts of partners' programs, and of the panel */
/* The fields of a new order, in the order in which they are read; and the steps of an order, one post each.
 * The documentation is made from both. */
struct partner_field {
	const char *name;
	bool mandatory;
};
struct partner_step {
	const char *name;                   /* last segment of its address, and its link in JSON */
	bool (*open)(const struct order *); /* whether it can be done now */
	const struct partner_field *fields; /* NULL: none */
	size_t fields_count;
};
extern const struct partner_field partner_order_fields[];
extern const size_t partner_order_fields_count;
extern const struct partner_step partner_steps[];
extern const size_t partner_steps_count;
int page_partner_order_post(struct req *, struct err *);
int page_partner_order(struct req *, struct err *);
int page_partner_step(struct req *, struct err *);
int page_partner_email_post(struct req *, struct err *);
int page_partner_resend_post(struct req *, struct err *);
int page_partner_activate_post(struct req *, struct err *);
int page_partner_revoke_post(struct req *, struct err *);
int page_partner_cancel_post(struct req *, struct err *);

/* page_partner_dashboard.c */
int page_partner_dashboard(struct req *, struct err *);

/* page_partner_orders.c: the list as page, JSON and CSV, and one order */
int page_partner_orders(struct req *, struct err *);
int page_partner_orders_csv(struct req *, struct err *);

/* page_partner_new.c: the wizard of a new order */
int page_partner_new(struct req *, struct err *);

/* page_partner_bulk.c: orders from a file */
int page_partner_bulk(struct req *, struct err *);
int page_partner_bulk_post(struct req *, struct err *);
int page_partner_bulk_one(struct req *, struct err *);

/* page_partner_keys.c */
int page_partner_keys(struct req *, struct err *);
int page_partner_keys_post(struct req *, struct err *);
int page_partner_key_revoke_post(struct req *, struct err *);

/* page_partner_callbacks.c: addresses, and the log of callbacks */
int page_partner_callbacks(struct req *, struct err *);
int page_partner_callbacks_post(struct req *, struct err *);
int page_partner_callbacks_replay_post(struct req *, struct err *);
int page_partner_callback(struct req *, struct err *);
int page_partner_callback_replay_post(struct req *, struct err *);
int page_partner_address(struct req *, struct err *);
int page_partner_address_post(struct req *, struct err *);
int page_partner_address_secret_post(struct req *, struct err *);
int page_partner_address_remove_post(struct req *, struct err *);

/* page_partner_docs.c: what a partner's programmer reads */
int page_partner_docs(struct req *, struct err *);

/* page_account.c: signing in, account, language, dashboard */
/* Keep the language of a posted form for this browser and, signed in, for the account. language_unknown. */
int language_take(struct req *, struct err *e);
int page_home(struct req *, struct err *);
int page_sign_in(struct req *, struct err *);
int page_sign_in_post(struct req *, struct err *);
int page_sign_out_post(struct req *, struct err *);
int page_language_post(struct req *, struct err *);
int page_account(struct req *, struct err *);
int page_dashboard(struct req *, struct err *);

/* page_password.c: the forms of the account's page, and the page on which an admin's password is replaced */
int page_password(struct req *, struct err *);
int page_password_post(struct req *, struct err *);
int page_sign_out_others_post(struct req *, struct err *);
int page_session_end_post(struct req *, struct err *);

/* page_account_key.c: security keys */
/* Key.N of the person signed in, and whether one can be added at this address. */
int account_keys_set(struct req *, struct err *e);
/* Whether the session that the visitor has waits for their security key. busy. */
int key_session_find(struct req *, bool *there, struct err *e);
int page_account_key_new(struct req *, struct err *);
int page_account_key_new_post(struct req *, struct err *);
int page_account_keys_post(struct req *, struct err *);
int page_account_key_remove(struct req *, struct err *);
int page_account_key_remove_post(struct req *, struct err *);
int page_sign_in_key(struct req *, struct err *);
int page_sign_in_key_ask_post(struct req *, struct err *);
int page_sign_in_key_post(struct req *, struct err *);

/* page_data.c: what is kept of an account, as a file */
int page_account_data(struct req *, struct err *);

/* page_order.c: lists and one order */
int page_products(struct req *, struct err *);
int page_certificates(struct req *, struct err *);
int page_order(struct req *, struct err *);

/* page_mailbox.c: wizard 1 */
int page_mailbox_data(struct req *, struct err *);
int page_mailbox_data_post(struct req *, struct err *);
int page_mailbox_summary(struct req *, struct err *);
int page_mailbox_summary_post(struct req *, struct err *);
int page_mailbox_done(struct req *, struct err *);
int page_mailbox_resend_post(struct req *, struct err *);

/* page_verify.c: the holder's page */
int page_verify(struct req *, struct err *);
int page_verify_post(struct req *, struct err *);

/* page_activation.c: wizard 2 */
int page_activation_data(struct req *, struct err *);
int page_activation_data_post(struct req *, struct err *);
int page_activation_method(struct req *, struct err *);
int page_activation_method_post(struct req *, struct err *);
int page_activation_key(struct req *, struct err *);
int page_activation_key_post(struct req *, struct err *);
int page_activation_summary(struct req *, struct err *);
int page_activation_summary_post(struct req *, struct err *);
int page_activation_done(struct req *, struct err *);
int page_csr_check_post(struct req *, struct err *);

/* page_certificate.c: downloads and revocation */
int page_certificate_file(struct req *, struct err *);
int page_revoke(struct req *, struct err *);
int page_revoke_post(struct req *, struct err *);

/* Kind.N.id: the keys that the browser can make and the product takes (NULL: any), the best first; how many.
 */
int browser_kinds_set(struct req *, const struct product *);

/* page_metrics.c */
int page_metrics(struct req *, struct err *);

/* page_about.c: pages without an order */
int page_tools(struct req *, struct err *);
int page_terms(struct req *, struct err *);
int page_accessibility(struct req *, struct err *);
int page_health(struct req *, struct err *);
int page_demo_mail(struct req *, struct err *);
int page_demo_mail_message(struct req *, struct err *);
int page_demo_mail_part(struct req *, struct err *);

#endif
