<?cs include!"macros.cs" ?>
<?cs set:Page.title = Words.partner.order + " ORDER/" + Order.number ?><?cs set:Page.nav = "partner" ?>
<?cs def:file(name, word, help) ?><li><a href="<?cs var:Order.panel ?>/<?cs var:name ?>" download><?cs call:icon("download") ?> <?cs var:word ?></a><span class="muted"> <?cs var:help ?></span></li>
<?cs /def ?>
<?cs def:certificate() ?><section class="card" aria-labelledby="certificate">
<div class="card-head"><h2 id="certificate"><?cs var:Words.certificate.title ?></h2><?cs call:state(Order.state) ?></div>
<?cs if:Certificate.revoked_at ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.certificate.is_revoked ?></p>
<dl class="facts"><?cs call:fact(Words.certificate.revoked_at, Certificate.revoked_at) ?><?cs call:fact(Words.certificate.reason, Words.reason[Certificate.reason]) ?></dl></div><?cs /if ?>
<dl class="facts"><?cs call:name_fact(Words.certificate.subject, Certificate.subject) ?><?cs call:fact(Words.certificate.not_before, Certificate.not_before) ?><?cs call:fact(Words.certificate.not_after, Certificate.not_after) ?><?cs call:fact(Words.certificate.key, Certificate.key) ?><?cs call:code_fact(Words.certificate.serial, Certificate.serial) ?><?cs call:fingerprint_fact(Words.certificate.fingerprint, Certificate.fingerprint) ?></dl>
<h3><?cs var:Words.certificate.downloads ?></h3>
<ul class="files"><?cs call:file("certificate.pem", Words.certificate.pem, Words.certificate.pem_help) ?><?cs call:file("certificate.cer", Words.certificate.der, Words.certificate.der_help) ?><?cs call:file("chain.pem", Words.certificate.chain, Words.certificate.chain_help) ?><?cs call:file("bundle.p7b", Words.certificate.p7b, Words.certificate.p7b_help) ?></ul>
<?cs if:Certificate.may_revoke ?><p class="card-foot"><a href="<?cs var:Order.path ?>/revoke"><?cs var:Words.certificate.revoke ?></a></p><?cs /if ?>
</section><?cs /def ?>
<?cs def:email_form() ?><details<?cs if:Error.0.field == "email" ?> open<?cs /if ?>><summary><?cs if:Order.email ?><?cs var:Words.mailbox_done.change ?><?cs else ?><?cs var:Words.next.provide_email ?><?cs /if ?></summary>
<form method="post" action="<?cs var:Order.panel ?>/email" novalidate><?cs call:token() ?>
<div class="field"><label for="email"><?cs var:Words.order.email ?></label>
<?cs call:field_error("email") ?>
<input id="email" name="email" type="email" inputmode="email" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="320" required value="<?cs var:Form.email ?>"<?cs call:field_ties("email", "") ?>></div>
<div class="buttons"><button type="submit"><?cs var:Words.mailbox_summary.button ?></button></div></form></details><?cs /def ?>
<?cs # What a program posted to a step whose form is elsewhere: what is wrong is said here, where the summary leads. ?>
<?cs def:step_errors() ?><?cs each:f = Error ?><?cs if:f.field && f.field != "email" ?><div id="<?cs var:f.field ?>" tabindex="-1"><?cs call:reason(f) ?></div><?cs /if ?><?cs /each ?><?cs /def ?>
<?cs def:content() ?>
<p class="over"><a href="/partner/orders"><?cs var:Words.partner.orders ?></a> · <?cs var:Order.partner_ref ?></p>
<h1><?cs var:Words.partner.order ?> <?cs call:order_number(Order.number) ?></h1>
<?cs call:step_errors() ?>
<div class="with-aside">
<div>
<?cs if:Order.state == "cancelled" ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.order.cancelled ?></p></div><?cs /if ?>
<?cs if:Certificate.serial ?><?cs call:certificate() ?><?cs /if ?>
<section class="card" aria-labelledby="mailbox">
<div class="card-head"><h2 id="mailbox"><?cs var:Words.order.mailbox ?></h2><?cs call:status(Order.mailbox.status) ?></div>
<?cs call:reason(Order.mailbox) ?>
<dl class="facts"><?cs call:address_fact(Words.order.email, Order.email, Order.email_shown) ?><?cs call:fact(Words.order.verified_at, Order.mailbox.verified_at) ?><?cs if:Order.mailbox.status == "waiting_for_verification" ?><?cs call:fact(Words.mail.accepted_at, Order.mail.accepted_at) ?><?cs call:fact(Words.mail.expires_at, Order.mail.expires_at) ?><?cs call:fact(Words.mail.server, Order.mail.server) ?><?cs call:fact(Words.mail.reply, Order.mail.reply) ?><?cs /if ?></dl>
<?cs if:Order.may_resend ?><?cs if:Order.mail.resend_in ?><p class="muted"><?cs var:Words.mailbox_done.resend_in ?> <?cs var:Order.mail.resend_in ?> <?cs var:Words.mailbox_done.seconds ?></p><?cs else ?><form method="post" action="<?cs var:Order.panel ?>/resend"><?cs call:token() ?><button type="submit" class="button-quiet"><?cs var:Words.mailbox_done.resend ?></button></form><?cs /if ?><?cs /if ?>
<?cs if:Order.may_email ?><?cs call:email_form() ?><?cs /if ?>
</section>
<section class="card" aria-labelledby="activation">
<div class="card-head"><h2 id="activation"><?cs var:Words.order.activation ?></h2><?cs call:status(Order.activation.status) ?></div>
<?cs call:reason(Order.activation) ?>
<?cs if:Order.activation.status == "not_available" ?><p class="muted"><?cs var:Words.order.activation_later ?></p><?cs
elif:Order.activation.status == "waiting_for_data" ?><p><?cs var:Words.order.activation_help ?></p><?cs
elif:Order.activation.status == "waiting_for_verification" ?><p><?cs var:Words.order.activation_waits ?></p><?cs /if ?>
<?cs if:Order.activation.submitted_at ?><dl class="facts"><?cs call:fact(Words.order.submitted_at, Order.activation.submitted_at) ?></dl><?cs /if ?>
<?cs if:Order.activation.href ?><p><a class="button" href="<?cs var:Order.activation.href ?>"><?cs if:Order.activation.resume ?><?cs var:Words.order.activation_resume ?><?cs else ?><?cs var:Words.next.activate ?><?cs /if ?></a></p><?cs /if ?>
</section>
<?cs if:Order.may_cancel ?><details><summary><?cs var:Words.partner.cancel ?></summary>
<p><?cs var:Words.partner.cancel_says ?></p>
<form method="post" action="<?cs var:Order.panel ?>/cancel"><?cs call:token() ?><button type="submit" class="button-danger"><?cs var:Words.partner.cancel_button ?></button></form></details><?cs /if ?>
</div>
<div class="aside">
<section class="card" aria-labelledby="details"><h2 id="details"><?cs var:Words.order.details ?></h2>
<dl class="facts facts-narrow"><?cs call:fact(Words.partner.partner_ref, Order.partner_ref) ?><?cs call:fact(Words.partner.customer_name, Order.customer_name) ?><?cs call:fact(Words.order.product, Order.product) ?><?cs call:fact(Words.order.ordered_at, Order.ordered_at) ?><?cs call:code_fact(Words.partner.callback, Order.callback) ?></dl>
<?cs if:Order.callback ?><p><a href="/partner/callbacks?order=<?cs var:Order.number ?>"><?cs var:Words.partner.callback_log ?></a></p><?cs /if ?></section>
<?cs call:history() ?>
</div>
</div>
<?cs /def ?>
<?cs include!"layout.cs" ?>
