/* order.h - step 1, order: a bought product, and where its two wizard steps stand.
 *
 * What pages need to know of an order is derived here from the row the database answers, once, for all pages:
 * one word for the whole order, and the next thing to do.
 */
#ifndef LIB_FLOW_ORDER_H
#define LIB_FLOW_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/flow/actor.h"

struct db_rows;

enum step_status { STEP_WAITING_FOR_DATA, STEP_WAITING_FOR_VERIFICATION, STEP_VERIFIED, STEP_NOT_AVAILABLE };

/* An order as a row of ORDER_COLUMNS (sql/statements.def). Texts belong to the rows and may be NULL. */
struct order {
	struct order_number on;
	const char *product, *customer_name, *language, *ordered_at;
	const char *email, *email_draft; /* canonical */
	enum step_status mailbox, activation;
	const char *mailbox_reason, *activation_reason, *activation_reason_arg; /* fault codes */
	const char *fields, *method;
	bool has_csr, cancelled, issued, revoked, expired;
	const char *not_after;
};

/* Read the order in a row; false when the row holds none (its order columns are NULL). */
bool order_from_row(struct order *out, const struct db_rows *rows, size_t row);

/* The stable word of a status: "waiting_for_data", … */
const char *step_status_word(enum step_status);

/* One word for the whole order: "mailbox_waiting_for_data" … "issued", "expired", "revoked", "cancelled". */
const char *order_state(const struct order *);

/* The next thing to do, as a code of the templates (hdf/README.md), and the page for it below the order's own
 * path: "/email", "/activation/key", "" for the order itself. Static strings. */
const char *order_next(const struct order *, const char **page);

/* The page where the activation goes on: the first of its wizard's pages that is not filled in yet. */
const char *activation_next_page(const struct order *);

#endif
