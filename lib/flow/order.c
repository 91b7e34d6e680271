/* order.c - reading an order and deriving where it stands; see order.h. */
#include "lib/flow/order.h"

#include <stdio.h>
#include <string.h>

#include "lib/db/db.h"

static const char *const status_words[] = {
    [STEP_WAITING_FOR_DATA] = "waiting_for_data",
    [STEP_WAITING_FOR_VERIFICATION] = "waiting_for_verification",
    [STEP_VERIFIED] = "verified",
    [STEP_NOT_AVAILABLE] = "not_available",
};

bool order_number_read(struct order_number *out, const char *number, const char *item)
{
	if (strlen(number) != 10 || strspn(number, "0123456789") != 10 || strlen(item) != 3 ||
	    item[0] < 'a' || item[0] > 'z' || strspn(item + 1, "0123456789") != 2)
		return false;
	memcpy(out->number, number, sizeof(out->number));
	memcpy(out->item, item, sizeof(out->item));
	return true;
}

const char *step_status_word(enum step_status status)
{
	return status_words[status];
}

static enum step_status status_read(const char *word)
{
	for (size_t i = 0; i < sizeof(status_words) / sizeof(status_words[0]); i++)
		if (strcmp(status_words[i], word) == 0)
			return (enum step_status)i;
	return STEP_NOT_AVAILABLE;
}

/* The columns are asked for in the order of ORDER_COLUMNS (sql/statements.def): each is then found at the
 * first look, where a list would go through all the columns for many of its cells. */
bool order_from_row(struct order *out, const struct db_rows *rows, size_t row)
{
	const char *number;

	memset(out, 0, sizeof(*out));
	if (db_rows_count(rows) <= row || db_null(rows, row, "order_id"))
		return false;
	number = db_text(rows, row, "number");
	if (!order_number_read(&out->on, number, db_text(rows, row, "item")))
		return false;
	out->product = db_text(rows, row, "product");
	out->customer_name = db_text(rows, row, "customer_name");
	out->language = db_text(rows, row, "language");
	out->cancelled = !db_null(rows, row, "cancelled_at");
	out->ordered_at = db_text(rows, row, "ordered_at");
	out->email = db_text(rows, row, "email");
	out->email_draft = db_text(rows, row, "email_draft");
	out->mailbox = status_read(db_text(rows, row, "mailbox_status"));
	out->mailbox_reason = db_text(rows, row, "mailbox_reason");
	out->activation = status_read(db_text(rows, row, "activation_status"));
	out->activation_reason = db_text(rows, row, "activation_reason");
	out->activation_reason_arg = db_text(rows, row, "activation_reason_arg");
	out->fields = db_text(rows, row, "fields");
	out->method = db_text(rows, row, "method");
	out->has_csr = db_number(rows, row, "has_csr") != 0;
	out->revoked = db_number(rows, row, "revoked") != 0;
	out->expired = db_number(rows, row, "expired") != 0;
	out->not_after = db_text(rows, row, "not_after");
	out->issued = out->not_after != NULL;
	return true;
}

const char *order_state(const struct order *o)
{
	static const char *const mailbox_states[] = {
	    [STEP_WAITING_FOR_DATA] = "mailbox_waiting_for_data",
	    [STEP_WAITING_FOR_VERIFICATION] = "mailbox_waiting_for_verification",
	    [STEP_VERIFIED] = "activation_waiting_for_data",
	    [STEP_NOT_AVAILABLE] = "mailbox_waiting_for_data",
	};

	if (o->cancelled)
		return "cancelled";
	if (o->revoked)
		return "revoked";
	if (o->expired)
		return "expired";
	if (o->issued)
		return "issued";
	if (o->activation == STEP_WAITING_FOR_VERIFICATION)
		return "activation_waiting_for_verification";
	return mailbox_states[o->mailbox];
}

const char *activation_next_page(const struct order *o)
{
	if (o->activation == STEP_WAITING_FOR_VERIFICATION || o->activation == STEP_VERIFIED)
		return "/activation/done";
	if (o->fields == NULL)
		return "/activation/data";
	if (o->method == NULL)
		return "/activation/method";
	return o->has_csr ? "/activation/summary" : "/activation/key";
}

const char *order_next(const struct order *o, const char **page)
{
	*page = "";
	if (o->cancelled || o->revoked || o->expired)
		return "view";
	if (o->issued)
		return "download";
	if (o->mailbox == STEP_WAITING_FOR_DATA) {
		*page = o->email_draft == NULL || o->mailbox_reason != NULL ? "/email" : "/email/summary";
		return o->email_draft == NULL || o->mailbox_reason != NULL ? "provide_email"
									   : "confirm_email";
	}
	if (o->mailbox == STEP_WAITING_FOR_VERIFICATION) {
		*page = "/email/done";
		return "wait_for_holder";
	}
	*page = activation_next_page(o);
	return o->activation == STEP_WAITING_FOR_VERIFICATION ? "wait_for_issuance" : "activate";
}
