/* route.c - all addresses of the worker (journey.md), and how a request finds its handler.
 *
 * 404 and 405 fall out of the table. CRLs, CA certificates and static files are nginx's.
 */
#include "cgi/route.h"

#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <strings.h>

#include <openssl/rand.h>

#include "cgi/page.h"
#include "cgi/pages.h"
#include "lib/base/conf.h"
#include "lib/base/log.h"

const struct route routes[] = {
    {HTTP_GET, "/", page_home, R_PUBLIC},
    {HTTP_GET, "/sign-in", page_sign_in, R_PUBLIC},
    {HTTP_POST, "/sign-in", page_sign_in_post, R_PUBLIC},
    {HTTP_GET, "/sign-in/key", page_sign_in_key, 0},
    {HTTP_POST, "/sign-in/key", page_sign_in_key_post, 0},
    {HTTP_POST, "/sign-in/key/challenge", page_sign_in_key_ask_post, 0},
    {HTTP_POST, "/sign-out", page_sign_out_post, R_PUBLIC},
    {HTTP_POST, "/language", page_language_post, R_PUBLIC},
    {HTTP_GET, "/account", page_account, 0},
    {HTTP_GET, "/account/password", page_password, 0},
    {HTTP_POST, "/account/password", page_password_post, 0},
    {HTTP_POST, "/account/sign-out-others", page_sign_out_others_post, 0},
    {HTTP_POST, "/account/sessions/:id/end", page_session_end_post, 0},
    {HTTP_POST, "/account/keys", page_account_keys_post, 0},
    {HTTP_GET, "/account/keys/new", page_account_key_new, 0},
    {HTTP_POST, "/account/keys/new", page_account_key_new_post, 0},
    {HTTP_GET, "/account/keys/:id/remove", page_account_key_remove, 0},
    {HTTP_POST, "/account/keys/:id/remove", page_account_key_remove_post, 0},
    {HTTP_GET, "/account/data", page_account_data, 0},
    {HTTP_GET, "/account/data-security-products", page_products, 0},
    {HTTP_GET, "/dashboard", page_dashboard, 0},
    {HTTP_GET, "/certificates", page_certificates, 0},
    {HTTP_GET, "/certificates/:number/:item", page_order, 0},
    {HTTP_GET, "/certificates/:number/:item/email", page_mailbox_data, 0},
    {HTTP_POST, "/certificates/:number/:item/email", page_mailbox_data_post, 0},
    {HTTP_GET, "/certificates/:number/:item/email/summary", page_mailbox_summary, 0},
    {HTTP_POST, "/certificates/:number/:item/email/summary", page_mailbox_summary_post, 0},
    {HTTP_GET, "/certificates/:number/:item/email/done", page_mailbox_done, 0},
    {HTTP_POST, "/certificates/:number/:item/email/resend", page_mailbox_resend_post, 0},
    {HTTP_GET, "/certificates/:number/:item/activation/data", page_activation_data, 0},
    {HTTP_POST, "/certificates/:number/:item/activation/data", page_activation_data_post, 0},
    {HTTP_GET, "/certificates/:number/:item/activation/method", page_activation_method, 0},
    {HTTP_POST, "/certificates/:number/:item/activation/method", page_activation_method_post, 0},
    {HTTP_GET, "/certificates/:number/:item/activation/key", page_activation_key, 0},
    {HTTP_POST, "/certificates/:number/:item/activation/key", page_activation_key_post, R_FILE},
    {HTTP_GET, "/certificates/:number/:item/activation/summary", page_activation_summary, 0},
    {HTTP_POST, "/certificates/:number/:item/activation/summary", page_activation_summary_post, 0},
    {HTTP_GET, "/certificates/:number/:item/activation/done", page_activation_done, 0},
    {HTTP_GET, "/certificates/:number/:item/revoke", page_revoke, 0},
    {HTTP_POST, "/certificates/:number/:item/revoke", page_revoke_post, 0},
    {HTTP_GET, "/certificates/:number/:item/:file", page_certificate_file, 0},
    {HTTP_POST, "/csr/check", page_csr_check_post, R_NO_TOKEN | R_FILE | R_KEY | R_JSON},
    {HTTP_GET, "/partner", page_partner_dashboard, R_KEY | R_LED},
    {HTTP_GET, "/partner/", page_partner_dashboard, R_KEY | R_LED},
    {HTTP_GET, "/partner/dashboard", page_partner_dashboard, R_KEY},
    {HTTP_GET, "/partner/documentation", page_partner_docs, R_PUBLIC},
    {HTTP_GET, "/partner/orders", page_partner_orders, R_KEY},
    {HTTP_GET, "/partner/orders.csv", page_partner_orders_csv, R_KEY},
    {HTTP_POST, "/partner/orders", page_partner_order_post, R_KEY},
    {HTTP_GET, "/partner/orders/new", page_partner_new, 0},
    {HTTP_GET, "/partner/orders/:number/:item", page_partner_order, R_KEY},
    {HTTP_POST, "/partner/orders/:number/:item/email", page_partner_email_post, R_KEY},
    {HTTP_POST, "/partner/orders/:number/:item/resend", page_partner_resend_post, R_KEY},
    {HTTP_POST, "/partner/orders/:number/:item/activate", page_partner_activate_post, R_KEY | R_FILE},
    {HTTP_POST, "/partner/orders/:number/:item/revoke", page_partner_revoke_post, R_KEY},
    {HTTP_POST, "/partner/orders/:number/:item/cancel", page_partner_cancel_post, R_KEY},
    {HTTP_GET, "/partner/orders/:number/:item/email", page_partner_step, R_KEY | R_LED},
    {HTTP_GET, "/partner/orders/:number/:item/resend", page_partner_step, R_KEY | R_LED},
    {HTTP_GET, "/partner/orders/:number/:item/activate", page_partner_step, R_KEY | R_LED},
    {HTTP_GET, "/partner/orders/:number/:item/revoke", page_partner_step, R_KEY | R_LED},
    {HTTP_GET, "/partner/orders/:number/:item/cancel", page_partner_step, R_KEY | R_LED},
    {HTTP_GET, "/partner/orders/:number/:item/:file", page_certificate_file, R_KEY},
    {HTTP_GET, "/partner/bulk", page_partner_bulk, 0},
    {HTTP_POST, "/partner/bulk", page_partner_bulk_post, R_FILE},
    {HTTP_GET, "/partner/bulk/:id", page_partner_bulk_one, 0},
    {HTTP_GET, "/partner/keys", page_partner_keys, 0},
    {HTTP_POST, "/partner/keys", page_partner_keys_post, 0},
    {HTTP_POST, "/partner/keys/:id/revoke", page_partner_key_revoke_post, 0},
    {HTTP_GET, "/partner/callbacks", page_partner_callbacks, 0},
    {HTTP_POST, "/partner/callbacks", page_partner_callbacks_post, 0},
    {HTTP_POST, "/partner/callbacks/replay", page_partner_callbacks_replay_post, 0},
    {HTTP_GET, "/partner/callbacks/:id", page_partner_callback, 0},
    {HTTP_POST, "/partner/callbacks/:id/replay", page_partner_callback_replay_post, 0},
    {HTTP_GET, "/partner/callbacks/addresses/:id", page_partner_address, 0},
    {HTTP_POST, "/partner/callbacks/addresses/:id", page_partner_address_post, 0},
    {HTTP_POST, "/partner/callbacks/addresses/:id/secret", page_partner_address_secret_post, 0},
    {HTTP_POST, "/partner/callbacks/addresses/:id/remove", page_partner_address_remove_post, 0},
    {HTTP_GET, "/verify/:value", page_verify, R_PUBLIC},
    {HTTP_POST, "/verify/:value", page_verify_post, R_PUBLIC | R_NO_TOKEN},
    {HTTP_GET, "/tools", page_tools, R_PUBLIC},
    {HTTP_GET, "/terms", page_terms, R_PUBLIC},
    {HTTP_GET, "/accessibility", page_accessibility, R_PUBLIC},
    {HTTP_GET, "/healthz", page_health, R_PUBLIC},
    {HTTP_GET, "/metrics", page_metrics, R_PUBLIC},
    {HTTP_GET, "/demo/mail", page_demo_mail, R_PUBLIC},
    {HTTP_GET, "/demo/mail/:id", page_demo_mail_message, R_PUBLIC},
    {HTTP_GET, "/demo/mail/:id/:part", page_demo_mail_part, R_PUBLIC},
};
const size_t routes_count = sizeof(routes) / sizeof(routes[0]);

/* Whether path has the pattern's form; its ":name" segments go to params as offsets and lengths. */
static bool route_fits(const char *pattern, const char *path, size_t at[][2], size_t *params)
{
	const char *start = path;

	*params = 0;
	while (*pattern != '\0') {
		if (*pattern == ':') {
			size_t len = strcspn(path, "/");

			if (len == 0 || *params == REQ_PARAMS_MAX)
				return false;
			at[*params][0] = (size_t)(path - start);
			at[*params][1] = len;
			(*params)++;
			pattern += strcspn(pattern, "/");
			path += len;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

/* The route of a request, or NULL; then allow names the methods the address has, if any. */
static const struct route *route_find(struct req *r, char allow[32])
{
	enum http_method wanted = r->method == HTTP_HEAD ? HTTP_GET : r->method;
	size_t at[REQ_PARAMS_MAX][2], params;
	bool get = false, post = false;

	allow[0] = '\0';
	for (size_t i = 0; i < routes_count; i++) {
		if (!route_fits(routes[i].path, r->path, at, &params))
			continue;
		if (routes[i].method != wanted) {
			get = get || routes[i].method == HTTP_GET;
			post = post || routes[i].method == HTTP_POST;
			continue;
		}
		for (size_t p = 0; p < params; p++) {
			r->path[at[p][0] + at[p][1]] = '\0';
			r->params[p] = r->path + at[p][0];
		}
		return &routes[i];
	}
	(void)snprintf(
	    allow, 32, "%s%s%s", get ? "GET, HEAD" : "", get && post ? ", " : "", post ? "POST" : "");
	return NULL;
}

/* Read the fields of a POST. */
static int body_read(struct req *r, const struct route *route, const char *content_type, const char *body,
    size_t len, struct err *e)
{
	size_t type = strcspn(content_type, "; ");

	if (type == strlen("application/x-www-form-urlencoded") &&
	    strncasecmp(content_type, "application/x-www-form-urlencoded", type) == 0)
		return form_read_urlencoded(&r->form, body, len, e);
	if ((route->flags & R_FILE) != 0 && type == strlen("multipart/form-data") &&
	    strncasecmp(content_type, "multipart/form-data", type) == 0)
		return form_read_multipart(&r->form, content_type, body, len, e);
	if (len == 0)
		return 0;
	return err_set(e, FAULT_media_type_unsupported, "body of type %.60s", content_type);
}

/* Whether somebody is there who may act here; who it is, the handler's statement proves. */
static int actor_check(const struct req *r, const struct route *route, struct err *e)
{
	if ((route->flags & R_PUBLIC) != 0 || r->actor.kind == ACTOR_SESSION)
		return 0;
	if ((route->flags & R_KEY) != 0 && r->actor.kind == ACTOR_KEY)
		return 0;
	/* A program that forgot its key; a browser is sent to sign in. */
	if ((route->flags & R_KEY) != 0 && !r->html)
		return err_set(e, FAULT_partner_key_required, "no key for %.100s", r->path);
	return err_set(e, FAULT_sign_in_required, "no session for %.100s", r->path);
}

static int route_run(struct req *r, const char *content_type, const char *body, size_t len, struct err *e)
{
	const struct route *route;
	char allow[32];

	r->route = route = route_find(r, allow);
	if (route == NULL && *allow != '\0') {
		req_header(r, "Allow", "%s", allow);
		return err_set(e, FAULT_method_not_allowed, "%.100s allows %s", r->path, allow);
	}
	if (route == NULL)
		return err_set(e, FAULT_not_found, "no page %.100s", r->path);
	r->json = r->json || ((route->flags & R_JSON) != 0 && !r->html);
	if (actor_check(r, route, e) == -1)
		return -1;
	if (route->method == HTTP_POST) {
		if (len > (size_t)conf_number(r->w->conf, SET_WEB_BODY_MAX))
			return err_set(e, FAULT_body_too_large, "body of %zu octets", len);
		if (body_read(r, route, content_type, body, len, e) == -1)
			return -1;
	}
	if (route->method == HTTP_POST && (route->flags & R_NO_TOKEN) == 0 &&
	    !((route->flags & R_KEY) != 0 && r->actor.kind == ACTOR_KEY) && !req_form_token_good(r))
		return err_set(e, FAULT_form_token_invalid, "form token on %.100s", r->path);
	return route->handle(r, e);
}

/* A person who must sign in first is sent there, and back afterwards when they only wanted to look. */
static void sign_in_redirect(struct req *r)
{
	struct buf back = {0}, encoded = {0};

	r->headers.len = 0;
	if (r->method == HTTP_POST) {
		(void)req_see_other(r, "/sign-in?notice=session_ended");
		return;
	}
	buf_puts(&back, r->path);
	for (size_t i = 0; i < r->query.count; i++) {
		buf_puts(&back, i == 0 ? "?" : "&");
		url_encode(&back, r->query.fields[i].name);
		buf_puts(&back, "=");
		url_encode(&back, r->query.fields[i].value);
	}
	if (r->query.count > 0 && !back.failed && *req_back(back.data, "") != '\0')
		url_encode(&encoded, back.data);
	(void)req_see_other(r, "/sign-in?back=%s",
	    encoded.failed || encoded.len == 0 || encoded.len > BACK_MAX - 20 ? r->path : encoded.data);
	buf_free(&back);
	buf_free(&encoded);
}

/* The address for a log line: the value in a holder's link is a secret while it lives. */
static const char *path_logged(const char *path)
{
	if (path == NULL)
		return "?";
	return strncmp(path, "/verify/", strlen("/verify/")) == 0 ? "/verify/..." : path;
}

void route_dispatch(struct req *r, const char *content_type, const char *body, size_t body_len)
{
	struct err e = {.fault = FAULT_none};
	char incident[9], id[4];
	char *whole = strdup(r->path);

	page_begin(r);
	r->status = 200;
	if (route_run(r, content_type, body, body_len, &e) == 0)
		goto out;
	/* the params' ends were cut into the path; a way back needs it whole */
	if (whole != NULL)
		memcpy(r->path, whole, strlen(whole) + 1);
	r->body.len = 0;
	if (e.fault == FAULT_partner_key_required || e.fault == FAULT_partner_key_refused)
		req_header(r, "WWW-Authenticate", "Bearer realm=\"mailcert\"");
	if (e.fault == FAULT_sign_in_required && !r->json) {
		sign_in_redirect(r);
		goto out;
	}
	if (fault_status(e.fault) >= 500) {
		(void)RAND_bytes((unsigned char *)id, sizeof(id));
		hex_encode(incident, id, sizeof(id));
		log_err(LOG_LEVEL_ERROR, &e, "incident %s: %s %.200s", incident,
		    r->method == HTTP_POST ? "POST" : "GET", path_logged(whole));
		if (e.fault != FAULT_busy)
			req_header(r, "X-Incident", "%s", incident);
		page_show_fault(r, &e, incident);
	} else {
		if (r->html)
			me_load(r);
		page_show_fault(r, &e, NULL);
	}
out:
	free(whole);
}
