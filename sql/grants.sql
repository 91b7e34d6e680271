-- grants.sql - what each process may do; applied again by every `mailcertctl db migrate`. What is not named here
-- is refused. Tables whose names do not follow GRANT SELECT are out of reach for that account.

-- web: the transitions, and the columns that pages show. It reads no hash of a session, password, partner key or
-- random value, and writes no table at all.
GRANT SELECT ON live_session TO web@localhost
$$
GRANT SELECT ON any_session TO web@localhost
$$
GRANT SELECT ON key_session TO web@localhost
$$
GRANT SELECT ON order_notice TO web@localhost
$$
GRANT SELECT (id, created_at) ON account TO web@localhost
$$
GRANT SELECT ON orders TO web@localhost
$$
GRANT SELECT ON mailbox TO web@localhost
$$
GRANT SELECT (mailbox_id, created_at, expires_at, refused_at) ON mailbox_value TO web@localhost
$$
GRANT SELECT ON activation TO web@localhost
$$
GRANT SELECT ON issuance TO web@localhost
$$
GRANT SELECT ON certificate TO web@localhost
$$
GRANT SELECT ON revocation TO web@localhost
$$
GRANT SELECT (id, name, kind, parent_id, certificate) ON issuer TO web@localhost
$$
GRANT SELECT ON outbox TO web@localhost
$$
GRANT SELECT (id, at, event, order_id, detail) ON audit TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE sign_in_begin TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE sign_in TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE sign_in_with TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE sign_out TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE session_touch TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_language TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_password TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_password_renew TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE sign_out_others TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE session_list TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE session_end TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_list TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_begin TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_add TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_remove TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_ask TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_asked TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE account_key_refused TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE sign_in_key TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE mailbox_draft TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE mailbox_confirm TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE mailbox_resend TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE mailbox_value_show TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE mailbox_answer TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE activation_data TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE activation_method TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE activation_key TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE activation_submit TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE certificate_revoke TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE csr_refused TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE key_pasted TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE key_pasted_with TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE key_check TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE key_check_with TO web@localhost
$$

-- mailer: its four transitions, nothing else.
GRANT EXECUTE ON PROCEDURE outbox_take TO mailer@localhost
$$
GRANT EXECUTE ON PROCEDURE outbox_value TO mailer@localhost
$$
GRANT EXECUTE ON PROCEDURE outbox_back TO mailer@localhost
$$
GRANT EXECUTE ON PROCEDURE outbox_done TO mailer@localhost
$$

-- signer: its transitions, and what it reads to make certificates and CRLs.
GRANT SELECT ON issuer TO signer@localhost
$$
GRANT SELECT ON revocation TO signer@localhost
$$
GRANT SELECT ON crl TO signer@localhost
$$
GRANT SELECT ON audit TO signer@localhost
$$
GRANT SELECT ON audit_chain TO signer@localhost
$$
GRANT SELECT ON audit_seal TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_take TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_reserve TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_store TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_store_with TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_return TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_later TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE issuance_back TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE caa_record TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE mailbox_sweep TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE clock_watch TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE key_check_with TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE key_unnumbered TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE key_numbered TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE crl_begin TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE audit_seal_add TO signer@localhost
$$
GRANT EXECUTE ON PROCEDURE crl_published TO signer@localhost
$$

-- partner: what partners' pages show and their transitions (partner.sql). No hash of a key, no secret of a callback.
GRANT SELECT (id, name, title) ON partner TO web@localhost
$$
GRANT SELECT (id, partner_id, label, scopes, created_at, expires_at, revoked_at, last_used_at) ON partner_key TO web@localhost
$$
GRANT SELECT (id, partner_id, url, created_at, removed_at) ON callback_address TO web@localhost
$$
GRANT SELECT ON callback TO web@localhost
$$
GRANT SELECT ON callback_attempt TO web@localhost
$$
GRANT SELECT ON bulk TO web@localhost
$$
GRANT EXECUTE ON FUNCTION partner_of TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_order_add TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_bulk_add TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_bulk_check TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_email TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_activate TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_cancel TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_key_add TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE partner_key_end TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE callback_address_add TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE callback_address_change TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE callback_address_remove TO web@localhost
$$
GRANT EXECUTE ON PROCEDURE callback_replay TO web@localhost
$$

-- callback: its two transitions, nothing else.
GRANT EXECUTE ON PROCEDURE callback_take TO callback@localhost
$$
GRANT EXECUTE ON PROCEDURE callback_done TO callback@localhost
$$

-- report: the report views, nothing else.
GRANT SELECT ON report_version TO report@localhost
$$
GRANT SELECT ON report_order TO report@localhost
$$
GRANT SELECT ON report_funnel TO report@localhost
$$
GRANT SELECT ON report_mailbox_verification TO report@localhost
$$
GRANT SELECT ON report_csr_refusal TO report@localhost
$$
GRANT SELECT ON report_certificate_issued TO report@localhost
$$
GRANT SELECT ON report_certificate_expiring TO report@localhost
$$
GRANT SELECT ON report_certificate_end TO report@localhost
$$
GRANT SELECT ON report_revocation TO report@localhost
$$
GRANT SELECT ON report_revocation_clock TO report@localhost
$$
GRANT SELECT ON report_key_blocked TO report@localhost
$$
GRANT SELECT ON report_backlog TO report@localhost
$$
GRANT SELECT ON report_callback TO report@localhost
$$
GRANT SELECT ON report_sign_in_failure TO report@localhost
$$
GRANT SELECT ON report_caa_denial TO report@localhost
$$
GRANT SELECT ON report_order_trail TO report@localhost
$$
GRANT SELECT ON report_partner_volume TO report@localhost
$$

-- metrics: figures for the page /metrics, nothing else.
GRANT SELECT ON metrics_queue TO metrics@localhost
$$
GRANT SELECT ON metrics_event TO metrics@localhost
$$
GRANT SELECT ON metrics_crl TO metrics@localhost
$$

-- retention: lets go what is due, and reads how much that is; nothing else.
GRANT SELECT ON retention_due TO retention@localhost
$$
GRANT EXECUTE ON PROCEDURE retention_step TO retention@localhost
$$
