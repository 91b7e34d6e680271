<?cs include!"macros.cs" ?>
<?cs set:Page.title = Words.order.title + " ORDER/" + Order.number ?><?cs set:Page.nav = "certificates" ?>
<?cs def:file(name, word, help) ?><li><a href="<?cs var:Order.path ?>/<?cs var:name ?>" download><?cs call:icon("download") ?> <?cs var:word ?></a><span class="muted"> <?cs var:help ?></span></li>
<?cs /def ?>
<?cs include!"part_browser_pfx.cs" ?>
<?cs def:certificate() ?><section class="card" aria-labelledby="certificate">
<div class="card-head"><h2 id="certificate"><?cs var:Words.certificate.title ?></h2><?cs call:state(Order.state) ?></div>
<?cs if:Certificate.revoked_at ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.certificate.is_revoked ?></p>
<dl class="facts"><?cs call:fact(Words.certificate.revoked_at, Certificate.revoked_at) ?><?cs call:fact(Words.certificate.reason, Words.reason[Certificate.reason]) ?></dl></div><?cs /if ?>
<dl class="facts"><?cs call:name_fact(Words.certificate.subject, Certificate.subject) ?><?cs call:fact(Words.certificate.not_before, Certificate.not_before) ?><?cs call:fact(Words.certificate.not_after, Certificate.not_after) ?><?cs call:fact(Words.certificate.key, Certificate.key) ?><?cs call:usage_fact(Words.certificate.usage, Certificate.usage) ?><?cs call:name_fact(Words.certificate.issuer, Certificate.issuer) ?><?cs call:code_fact(Words.certificate.serial, Certificate.serial) ?><?cs call:fingerprint_fact(Words.certificate.fingerprint, Certificate.fingerprint) ?></dl>
<h3><?cs var:Words.certificate.downloads ?></h3>
<ul class="files"><?cs call:file("certificate.pem", Words.certificate.pem, Words.certificate.pem_help) ?><?cs call:file("certificate.cer", Words.certificate.der, Words.certificate.der_help) ?><?cs call:file("chain.pem", Words.certificate.chain, Words.certificate.chain_help) ?><?cs call:file("issuer.pem", Words.certificate.subordinate, Words.certificate.subordinate_help) ?><?cs call:file("root.pem", Words.certificate.root, Words.certificate.root_help) ?><?cs call:file("bundle.p7b", Words.certificate.p7b, Words.certificate.p7b_help) ?></ul>
<?cs if:Certificate.may_revoke ?><p class="card-foot"><a href="<?cs var:Order.path ?>/revoke"><?cs var:Words.certificate.revoke ?></a></p><?cs /if ?>
</section>
<?cs if:!Certificate.revoked_at ?><section class="card" aria-labelledby="install"><h2 id="install"><?cs var:Words.certificate.install ?></h2>
<p><?cs var:Words.certificate.install_says ?></p>
<?cs call:browser_pfx() ?>
<details><summary><?cs var:Words.certificate.install_how ?></summary>
<dl class="facts"><?cs call:fact(Words.letter.certificate_issued.thunderbird, Words.letter.certificate_issued.thunderbird_says) ?><?cs call:fact(Words.letter.certificate_issued.outlook, Words.letter.certificate_issued.outlook_says) ?><?cs call:fact(Words.letter.certificate_issued.apple, Words.letter.certificate_issued.apple_says) ?><?cs call:fact(Words.letter.certificate_issued.gpgsm, Words.letter.certificate_issued.gpgsm_says) ?></dl></details>
<p><?cs var:Words.letter.certificate_issued.keep ?></p>
<?cs if:Demo.mail ?><p class="muted"><?cs var:Words.certificate.demo_root ?></p><?cs /if ?></section><?cs /if ?><?cs /def ?>
<?cs def:content() ?>
<h1><?cs var:Words.order.title ?> <?cs call:order_number(Order.number) ?></h1>
<div class="with-aside">
<div>
<?cs if:Order.state == "cancelled" ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.order.cancelled ?></p></div><?cs /if ?>
<?cs if:Certificate.serial ?><?cs call:certificate() ?><?cs /if ?>
<section class="card" aria-labelledby="mailbox">
<div class="card-head"><h2 id="mailbox"><?cs var:Words.order.mailbox ?></h2><?cs call:status(Order.mailbox.status) ?></div>
<?cs call:reason(Order.mailbox) ?>
<?cs if:Order.email ?><dl class="facts"><?cs call:address_fact(Words.order.email, Order.email, Order.email_shown) ?><?cs call:fact(Words.order.verified_at, Order.mailbox.verified_at) ?><?cs if:Order.mailbox.status == "waiting_for_verification" ?><?cs call:fact(Words.mail.accepted_at, Order.mail.accepted_at) ?><?cs call:fact(Words.mail.expires_at, Order.mail.expires_at) ?><?cs /if ?></dl><?cs
elif:Order.email_draft ?><dl class="facts"><?cs call:address_fact(Words.order.email_draft, Order.email_draft, Order.email_draft_shown) ?></dl><?cs
elif:Order.mailbox.status == "waiting_for_data" ?><p><?cs var:Words.order.mailbox_help ?></p><?cs /if ?>
<?cs if:Order.mailbox.status == "waiting_for_verification" ?><p><?cs var:Words.order.mailbox_waits ?></p><p><a class="button button-quiet" href="<?cs var:Order.path ?>/email/done"><?cs var:Words.next.wait_for_holder ?></a></p><?cs /if ?>
<?cs if:Order.mailbox.href ?><p><a class="button" href="<?cs var:Order.mailbox.href ?>"><?cs if:Order.mailbox.resume ?><?cs var:Words.order.mailbox_resume ?><?cs else ?><?cs var:Words.next.provide_email ?><?cs /if ?></a></p><?cs /if ?>
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
</div>
<div class="aside">
<section class="card" aria-labelledby="details"><h2 id="details"><?cs var:Words.order.details ?></h2>
<dl class="facts facts-narrow"><?cs call:fact(Words.order.category, Order.category) ?><?cs call:fact(Words.order.product, Order.product) ?><?cs call:fact(Words.order.ordered_at, Order.ordered_at) ?></dl></section>
<?cs call:history() ?>
</div>
</div>
<?cs /def ?>
<?cs include!"layout.cs" ?>
