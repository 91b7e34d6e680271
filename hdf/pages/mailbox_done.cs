<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs if:Order.mailbox.status == "verified" ?><?cs set:Page.title = Words.mailbox_done.verified ?><?cs elif:Order.mailbox.reason ?><?cs set:Page.title = Words.mailbox_done.expired ?><?cs elif:Order.mail.status == "failed" ?><?cs set:Page.title = Words.mailbox_done.failed ?><?cs else ?><?cs set:Page.title = Words.mailbox_done.title ?><?cs /if ?><?cs set:Page.nav = "certificates" ?>
<?cs def:mail_facts() ?><section class="card" aria-labelledby="mail">
<div class="card-head"><h2 id="mail"><?cs var:Words.mail.title ?></h2><?cs call:status(Order.mailbox.status) ?></div>
<?cs if:Order.mail.status == "delayed" ?><div class="box box-info"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.mail.delayed ?></p></div><?cs
elif:Order.mail.status == "queued" ?><p><?cs var:Words.mail.queued ?></p><?cs /if ?>
<dl class="facts"><?cs call:fact(Words.mail.address, Order.mail.address) ?><?cs call:fact(Words.mail.sent_at, Order.mail.sent_at) ?><?cs call:fact(Words.mail.accepted_at, Order.mail.accepted_at) ?><?cs call:fact(Words.mail.server, Order.mail.server) ?><?cs call:code_fact(Words.mail.reply, Order.mail.reply) ?><?cs if:!Order.mailbox.reason ?><?cs call:fact(Words.mail.expires_at, Order.mail.expires_at) ?><?cs /if ?></dl>
<p><a href="<?cs var:Order.path ?>/email/done"><?cs var:Words.mailbox_done.look ?></a></p>
<?cs if:Demo.mail ?><p><a href="/demo/mail"><?cs var:Words.mailbox_done.demo ?></a></p><?cs /if ?>
</section><?cs /def ?>
<?cs def:verified() ?><div class="panel"><?cs call:icon("verified") ?><h1><?cs var:Words.mailbox_done.verified ?></h1><p class="address"><?cs var:Order.email ?></p></div>
<p class="lead"><?cs var:Words.mailbox_done.verified_says ?></p>
<div class="buttons"><a class="back" href="<?cs var:Order.path ?>"><?cs var:Words.button.to_order ?></a><?cs if:Order.activation.href ?><a class="button" href="<?cs var:Order.activation.href ?>"><?cs var:Words.next.activate ?></a><?cs /if ?></div><?cs /def ?>
<?cs def:waiting() ?><?cs if:Order.mailbox.reason ?><h1><?cs var:Words.mailbox_done.expired ?></h1>
<?cs call:reason(Order.mailbox) ?><?cs
elif:Order.mail.status == "failed" ?><h1><?cs var:Words.mailbox_done.failed ?></h1>
<div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.mail.failed ?></p><p><?cs var:Words.mail.failed_help ?></p></div><?cs
else ?><div class="panel"><?cs call:icon("mail") ?><h1><?cs var:Words.mailbox_done.title ?></h1><p><?cs call:address(Order.email, Order.email_shown) ?></p></div>
<p class="lead"><?cs var:Words.mailbox_done.lead ?></p><?cs /if ?>
<?cs call:mail_facts() ?>
<section aria-labelledby="missing">
<?cs if:Order.mailbox.reason || Order.mail.status == "failed" ?><h2 id="missing"><?cs var:Words.mailbox_done.mend ?></h2><?cs
else ?><h2 id="missing"><?cs var:Words.mailbox_done.missing ?></h2>
<ul class="list"><li><?cs var:Words.mailbox_done.missing_1 ?></li><li><?cs var:Words.mailbox_done.missing_2 ?></li><li><?cs var:Words.mailbox_done.missing_3 ?></li></ul><?cs /if ?>
<?cs if:Order.mail.resend_in ?><p class="hint"><?cs var:Words.mailbox_done.resend_in ?> <span data-countdown><?cs var:Order.mail.resend_in ?></span> <?cs var:Words.mailbox_done.seconds ?></p><?cs /if ?>
<div class="row"><form method="post" action="<?cs var:Order.path ?>/email/resend"><?cs call:token() ?><button<?cs if:!Order.mailbox.reason ?> class="button-quiet"<?cs /if ?> type="submit"><?cs var:Words.mailbox_done.resend ?></button></form>
<a class="button button-quiet" href="<?cs var:Order.path ?>/email"><?cs var:Words.mailbox_done.change ?></a></div>
</section>
<p><a href="<?cs var:Order.path ?>"><?cs var:Words.button.to_order ?></a></p><?cs /def ?>
<?cs def:content() ?>
<?cs call:mailbox_steps(3) ?>
<p class="hidden" id="news" role="status"></p>
<?cs if:Order.mailbox.status == "verified" ?><div id="live"><?cs call:verified() ?></div>
<?cs else ?><div id="live" data-live="<?cs var:Order.mail.status ?> <?cs var:Order.mailbox.reason ?>"><?cs call:waiting() ?></div><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
