/* mailbox.h - step 2, mailbox: the address to certify, and its holder's word (SBR 3.2.2.2).
 *
 * Each function is one transition of sql/transitions.sql and safe to repeat. The random value of a mail is
 * made by the mailer at sending time and known to nobody else but the holder.
 */
#ifndef LIB_FLOW_MAILBOX_H
#define LIB_FLOW_MAILBOX_H

#include <stdbool.h>

#include "lib/flow/actor.h"

struct db;
struct db_rows;
struct err;

/* Octets of a random value: 256 bits, over the 112 that SBR 3.2.2.2 asks for. In links as base64url. */
#define MAILBOX_VALUE_LEN ((size_t)32)

/* Keep the typed address (canonical, see address.h) for the summary. step_not_open once verified. */
int mailbox_draft(
    struct db *, const struct actor *, const struct order_number *, const char *email, struct err *e);

/* Confirm the address the summary showed: ends an earlier verification, starts this one, asks for its mail.
 * email_draft_missing, summary_changed when another tab changed it, step_not_open; resend_too_often when the
 * order's mails of today have gone out, whatever the address. */
int mailbox_confirm(
    struct db *, const struct actor *, const struct order_number *, const char *email, struct err *e);

/* Ask for a fresh mail with a new value. resend_too_soon (arg: seconds), resend_too_often, step_not_open. */
int mailbox_resend(struct db *, const struct actor *, const struct order_number *, struct err *e);

/* What a link's value stands for, changing nothing: a row as of mailbox_value_show in transitions.sql; no row
 * for an unknown or malformed value. The caller frees *out. */
int mailbox_value_show(struct db *, const char *value, struct db_rows **out, struct err *e);

/* The holder's answer to a link: yes, or no. Saying the same again is fine. value_unknown, value_expired,
 * value_replaced, value_rejected, value_used. agent: the browser's name, kept as evidence (cut at 200). */
int mailbox_answer(
    struct db *, const char *value, bool confirm, const char *address, const char *agent, struct err *e);

#endif
