<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs if:Order.mailbox.status == "verified" ?><?cs set:Page.title = Words.mailbox_done.verified ?><?cs else ?><?cs set:Page.title = Words.mailbox_done.title ?><?cs /if ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<?cs if:Order.mailbox.status == "verified" ?><?cs call:mailbox_steps(3) ?>
<div class="panel"><?cs call:icon("verified") ?><h1><?cs var:Words.mailbox_done.verified ?></h1><p class="address"><?cs var:Order.email ?></p></div>
<p class="lead"><?cs var:Words.mailbox_done.verified_says ?></p>
<div class="buttons"><a class="back" href="<?cs var:Order.path ?>"><?cs var:Words.button.to_order ?></a><?cs if:Order.activation.href ?><a class="button" href="<?cs var:Order.activation.href ?>"><?cs var:Words.next.activate ?></a><?cs /if ?></div>
<?cs else ?><?cs call:mailbox_steps(3) ?>
<div class="panel"><?cs call:icon("mail") ?><h1><?cs var:Words.mailbox_done.title ?></h1><p><?cs call:address(Order.email, Order.email_shown) ?></p></div>
<p class="lead"><?cs var:Words.mailbox_done.lead ?></p>
<?cs call:reason(Order.mailbox) ?>
<section class="card" aria-labelledby="mail">
<div class="card-head"><h2 id="mail"><?cs var:Words.mail.title ?></h2><?cs call:status(Order.mailbox.status) ?></div>
<?cs if:Order.mail.status == "failed" ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.mail.failed ?></p><p><?cs var:Words.mail.failed_help ?></p></div><?cs
elif:Order.mail.status == "delayed" ?><div class="box box-info"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.mail.delayed ?></p></div><?cs
elif:Order.mail.status == "queued" ?><p><?cs var:Words.mail.queued ?></p><?cs /if ?>
<dl class="facts"><?cs call:fact(Words.mail.address, Order.mail.address) ?><?cs call:fact(Words.mail.sent_at, Order.mail.sent_at) ?><?cs call:fact(Words.mail.accepted_at, Order.mail.accepted_at) ?><?cs call:fact(Words.mail.server, Order.mail.server) ?><?cs call:code_fact(Words.mail.reply, Order.mail.reply) ?><?cs call:fact(Words.mail.expires_at, Order.mail.expires_at) ?></dl>
<p><a href="<?cs var:Order.path ?>/email/done"><?cs var:Words.mailbox_done.look ?></a></p>
<?cs if:Demo.mail ?><p><a href="/demo/mail"><?cs var:Words.mailbox_done.demo ?></a></p><?cs /if ?>
</section>
<section aria-labelledby="missing">
<h2 id="missing"><?cs var:Words.mailbox_done.missing ?></h2>
<ul class="list"><li><?cs var:Words.mailbox_done.missing_1 ?></li><li><?cs var:Words.mailbox_done.missing_2 ?></li><li><?cs var:Words.mailbox_done.missing_3 ?></li></ul>
<div class="row"><form method="post" action="<?cs var:Order.path ?>/email/resend"><?cs call:token() ?><button class="button-quiet" type="submit"><?cs var:Words.mailbox_done.resend ?></button></form>
<a class="button button-quiet" href="<?cs var:Order.path ?>/email"><?cs var:Words.mailbox_done.change ?></a></div>
<?cs if:Order.mail.resend_in ?><p class="hint"><?cs var:Words.mailbox_done.resend_in ?> <span data-countdown><?cs var:Order.mail.resend_in ?></span></p><?cs /if ?>
</section>
<p><a href="<?cs var:Order.path ?>"><?cs var:Words.button.to_order ?></a></p>
<?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
