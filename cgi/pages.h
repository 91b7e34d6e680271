/* pages.h - the handlers of route.c's table, one file a step; and what they share. */
#ifndef CGI_PAGES_H
#define CGI_PAGES_H

#include "cgi/page.h"
#include "cgi/req.h"
#include "lib/flow/order.h"

struct db_rows;
struct product;

/* An order's page in hand: the row of STMT_PAGE_ORDER and what was read from it. */
struct order_page {
	struct db_rows *rows; /* owned; order points into it */
	struct order order;
	const struct product *product; /* NULL: sold no more */
};

/* Read the session's person from the first row of a page's statement; FAULT_sign_in_required when there is
 * none. Keeps the session from ending by idleness. */
int me_read(struct req *, const struct db_rows *, struct err *e);
/* Load session and order of the address in one round trip; FAULT_not_found for somebody else's. Free with
 * order_page_free(), also after a failure. */
int order_page_load(struct req *, struct order_page *out, struct err *e);
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
/* Where a status of an order may be entered; else the page to redirect to is in *page. */
void show_address(struct req *, const char *prefix, const char *name, const char *address);

/* What lists and an order's page share (page_order.c). */
/* The page of a list: everything with a smaller id than ?page=, newest first. */
int64_t page_before(const struct req *);
/* Percent-encode for a query (RFC 3986 2.3). */
void url_encode(struct buf *out, const char *text);
/* A search as a LIKE pattern for the beginning: wildcards of the typed text are plain characters. */
void like_prefix(struct buf *out, const char *text);
/* History.N of the order in the first row, newest first. A detail that is a fault's code is told as its
 * sentence. */
int history_set(struct req *, const struct db_rows *order, struct err *e);

/* What a form handed in for the activation, for the wizard and for partners' posts (page_activation.c). */
/* The chosen fields as a list for the database; mandatory ones come whether sent or not (they are locked on
 * the page). field_unknown. */
int fields_read(const struct req *, const struct product *, char *out, size_t room, struct err *e);
/* Read and judge the request of a form; *out is the caller's. A pasted private key's public key is blocked,
 * and *secret says that the text must not be shown again. */
int csr_take(struct req *, const struct product *, struct csr **out, bool *secret, struct err *e);

/* Who acts for a partner and what is shown of them, from the first row of a partner's statement (show.c). A
 * key is nobody to greet. */
int partner_me_read(struct req *, const struct db_rows *, struct err *e);
/* The arguments such a statement begins with: kind and secret of who acts, the scope a key needs, and what
 * the request takes of its allowance. */
#define P_PARTNER(r, scope, cost)                                                             \
	P_TEXT((r)->actor.kind == ACTOR_KEY ? "key" : "session"),                             \
	    P_BYTES((r)->actor.secret, (r)->actor.secret_len), P_TEXT(scope), P_NUMBER(cost), \
	    P_BYTES((r)->actor.secret, (r)->actor.secret_len)
/* As order_page_load(), for the orders of the partner alone. */
int partner_order_load(struct req *, struct order_page *out, const char *scope, int cost, struct err *e);

/* The wizard's page for what a post of page_partner.c lacks, and one order with a fault on top:
 * page_partner_panel.c */
int partner_new_again(struct req *, const struct err *fault, struct err *e);
int partner_order_show(struct req *, const struct order_page *, struct err *e);

/* page_partner.c: form posts of partners' programs, and of the panel */
/* The fields of a new order, in the order in which they are read; the documentation is made from it. */
struct partner_field {
	const char *name;
	bool mandatory;
};
extern const struct partner_field partner_order_fields[];
extern const size_t partner_order_fields_count;
int page_partner_order_post(struct req *, struct err *);
int page_partner_order(struct req *, struct err *);
int page_partner_email_post(struct req *, struct err *);
int page_partner_resend_post(struct req *, struct err *);
int page_partner_activate_post(struct req *, struct err *);
int page_partner_revoke_post(struct req *, struct err *);
int page_partner_cancel_post(struct req *, struct err *);

/* page_partner_panel.c: dashboard, orders, new order */
int page_partner_dashboard(struct req *, struct err *);
int page_partner_orders(struct req *, struct err *);
int page_partner_orders_csv(struct req *, struct err *);
int page_partner_new(struct req *, struct err *);

/* page_partner_bulk.c: orders from a file */
int page_partner_bulk(struct req *, struct err *);
int page_partner_bulk_post(struct req *, struct err *);
int page_partner_bulk_one(struct req *, struct err *);

/* page_partner_keys.c: keys, callbacks and their log */
int page_partner_keys(struct req *, struct err *);
int page_partner_keys_post(struct req *, struct err *);
int page_partner_key_revoke_post(struct req *, struct err *);
int page_partner_callbacks(struct req *, struct err *);
int page_partner_callbacks_post(struct req *, struct err *);
int page_partner_callback_remove_post(struct req *, struct err *);
int page_partner_callback_replay_post(struct req *, struct err *);

/* page_partner_docs.c: what a partner's programmer reads */
int page_partner_docs(struct req *, struct err *);

/* page_account.c: signing in, account, language, dashboard */
int page_home(struct req *, struct err *);
int page_sign_in(struct req *, struct err *);
int page_sign_in_post(struct req *, struct err *);
int page_sign_out_post(struct req *, struct err *);
int page_language_post(struct req *, struct err *);
int page_account(struct req *, struct err *);
int page_dashboard(struct req *, struct err *);

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

/* page_about.c: pages without an order */
int page_tools(struct req *, struct err *);
int page_terms(struct req *, struct err *);
int page_accessibility(struct req *, struct err *);
int page_health(struct req *, struct err *);
int page_demo_mail(struct req *, struct err *);
int page_demo_mail_message(struct req *, struct err *);
int page_demo_mail_part(struct req *, struct err *);

#endif
