<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.summary.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<?cs call:mailbox_steps(2) ?>
<p class="over"><?cs call:order_number(Order.number) ?> · <?cs var:Order.product ?></p>
<h1><?cs var:Words.summary.title ?></h1>
<p class="lead"><?cs var:Words.mailbox_summary.lead ?></p>
<?cs if:Page.suggestion ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.mailbox_summary.suggestion ?></p><p class="address"><strong><?cs var:Page.suggestion ?></strong></p><p><a href="<?cs var:Order.path ?>/email"><?cs var:Words.mailbox_summary.mend ?></a></p></div><?cs /if ?>
<?cs if:Page.no_mail_server ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.mailbox_summary.no_mail_server ?></p><p><?cs var:Words.mailbox_summary.no_mail_server_help ?></p></div><?cs /if ?>
<dl class="summary"><div class="fact"><dt><?cs var:Words.order.email ?></dt><dd><?cs call:address(Order.email_draft, Order.email_draft_shown) ?></dd><dd><a href="<?cs var:Order.path ?>/email"><?cs var:Words.button.change ?><span class="hidden"> <?cs var:Words.order.email ?></span></a></dd></div>
<div class="fact"><dt><?cs var:Words.order.product ?></dt><dd><?cs var:Order.product ?></dd></div>
</dl>
<h2><?cs var:Words.mailbox_summary.then ?></h2>
<p><?cs var:Words.mailbox_summary.then_says ?></p>
<form method="post" action="<?cs var:Order.path ?>/email/summary">
<?cs call:token() ?><input type="hidden" name="email" value="<?cs var:Order.email_draft ?>"><?cs call:go_on(Order.path + "/email", Words.mailbox_summary.button) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
