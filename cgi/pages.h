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

/* Read the session's person from the first row of a page's statement; FAULT_sign_in_required when there is none. Keeps
 * the session from ending by idleness. */
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
