<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.verify_title[Verify.state] ?>
<?cs def:verify_facts() ?><?cs if:Verify.address ?><dl class="summary"><?cs call:address_fact(Words.verify.address, Verify.address, Verify.address_shown) ?><?cs call:fact(Words.verify.asker, Verify.asker) ?><?cs call:fact(Words.order.product, Verify.product) ?><?cs if:Verify.order ?><div class="fact"><dt><?cs var:Words.order.number ?></dt><dd><?cs call:order_number(Verify.order) ?></dd></div><?cs /if ?><?cs call:fact(Words.verify.asked_at, Verify.asked_at) ?><?cs call:fact(Words.verify.confirmed_at, Verify.confirmed_at) ?><?cs call:fact(Words.verify.rejected_at, Verify.rejected_at) ?><?cs if:Verify.state == "ask" ?><?cs call:fact(Words.mail.expires_at, Verify.expires_at) ?><?cs elif:Verify.state == "expired" ?><?cs call:fact(Words.verify.expired_at, Verify.expires_at) ?><?cs /if ?></dl><?cs /if ?><?cs /def ?>
<?cs def:content() ?>
<?cs if:Verify.state == "ask" ?><h1><?cs var:Words.verify_title.ask ?></h1>
<p class="lead"><?cs var:Words.verify.ask ?></p>
<?cs call:verify_facts() ?>
<form method="post">
<?cs call:token() ?><?cs call:field_error("control") ?>
<div class="check"><input id="control" name="control" type="checkbox" value="yes"<?cs if:Form.control == "yes" ?> checked<?cs /if ?><?cs call:field_ties("control", "") ?>><label for="control"><?cs var:Words.verify.control ?></label></div>
<div class="buttons"><button type="submit"><?cs var:Words.verify.confirm ?></button></div>
</form>
<section class="quiet" aria-labelledby="not-me"><h2 id="not-me"><?cs var:Words.verify.not_me ?></h2>
<p><?cs var:Words.verify.not_me_says ?></p>
<form method="post"><?cs call:token() ?><button class="button-quiet" type="submit" name="action" value="reject"><?cs var:Words.verify.reject ?></button></form></section>
<?cs else ?><?cs if:Verify.state == "confirmed" ?><div class="panel"><?cs call:icon("verified") ?><h1><?cs var:Words.verify_title[Verify.state] ?></h1></div><?cs else ?><h1><?cs var:Words.verify_title[Verify.state] ?></h1><?cs /if ?>
<p class="lead"><?cs var:Words.verify_says[Verify.state] ?></p>
<?cs call:verify_facts() ?>
<p><?cs var:Words.verify_help[Verify.state] ?></p><?cs /if ?>
<p class="muted"><?cs var:Words.verify.doubt ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<?cs /def ?>
<?cs include!"layout.cs" ?>
