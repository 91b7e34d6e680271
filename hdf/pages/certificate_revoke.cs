<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.revoke.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<p class="over"><?cs call:order_number(Order.number) ?></p>
<?cs if:Certificate.revoked_at ?><h1><?cs var:Words.certificate.is_revoked ?></h1>
<dl class="summary"><?cs call:address_fact(Words.order.email, Order.email, Order.email_shown) ?><?cs call:fact(Words.certificate.revoked_at, Certificate.revoked_at) ?><?cs call:fact(Words.certificate.reason, Words.reason[Certificate.reason]) ?></dl>
<p><?cs var:Words.revoke.done ?></p>
<p><a class="button" href="<?cs var:Order.path ?>"><?cs var:Words.button.to_order ?></a></p>
<?cs else ?><h1><?cs var:Words.revoke.title ?></h1>
<p class="lead"><?cs var:Words.revoke.lead ?></p>
<dl class="summary"><?cs call:address_fact(Words.order.email, Order.email, Order.email_shown) ?><?cs call:fact(Words.certificate.not_after, Certificate.not_after) ?><?cs call:code_fact(Words.certificate.serial, Certificate.serial) ?></dl>
<form method="post" action="<?cs var:Order.path ?>/revoke" novalidate>
<?cs call:token() ?>
<fieldset<?cs call:group_ties("reason") ?>><legend><h2><?cs var:Words.revoke.reason ?></h2></legend>
<?cs call:field_error("reason") ?>
<?cs each:r = Reason ?><div class="check"><input id="reason<?cs if:!first(r) ?>-<?cs var:r.id ?><?cs /if ?>" name="reason" type="radio" value="<?cs var:r.id ?>"<?cs if:Form.reason == r.id ?> checked<?cs /if ?>><label for="reason<?cs if:!first(r) ?>-<?cs var:r.id ?><?cs /if ?>"><?cs var:Words.reason[r.id] ?></label></div>
<?cs /each ?></fieldset>
<?cs call:field_error("confirm") ?>
<div class="check"><input id="confirm" name="confirm" type="checkbox" value="yes"<?cs if:Form.confirm == "yes" ?> checked<?cs /if ?> required<?cs call:field_ties("confirm", "") ?>><label for="confirm"><?cs var:Words.revoke.confirm ?></label></div>
<div class="buttons"><a class="back" href="<?cs var:Order.path ?>"><?cs call:icon("back") ?> <?cs var:Words.revoke.keep ?></a><button class="button-danger" type="submit"><?cs var:Words.revoke.button ?></button></div>
</form><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
