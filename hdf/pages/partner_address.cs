<?cs include!"macros.cs" ?>
<?cs set:Page.title = Words.partner.address_title ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<p class="over"><a href="/partner/callbacks"><?cs var:Words.partner.callbacks ?></a></p>
<h1><?cs var:Words.partner.address_title ?></h1>
<?cs if:Page.secret ?><div class="box box-good" role="status"><p class="says"><?cs call:icon("verified") ?> <?cs var:Words.partner.secret_anew ?></p><p><?cs var:Words.partner.secret_once ?></p><?cs call:command(Page.secret) ?></div><?cs /if ?>
<p class="address code"><?cs var:Address.url ?></p>
<section class="card sheet" aria-labelledby="change"><h2 id="change"><?cs var:Words.partner.address_change ?></h2>
<form method="post" action="/partner/callbacks/addresses/<?cs var:Address.id ?>" novalidate><?cs call:token() ?>
<div class="field"><label for="url"><?cs var:Words.partner.url ?></label>
<p class="hint" id="url-hint"><?cs var:Words.partner.url_hint ?></p>
<?cs call:field_error("url") ?>
<input id="url" name="url" type="url" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="500" required value="<?cs var:Form.url ?>"<?cs call:field_ties("url", "url-hint") ?>></div>
<div class="buttons"><button type="submit"><?cs var:Words.partner.address_change_button ?></button></div></form></section>
<section class="card sheet" aria-labelledby="secret"><h2 id="secret"><?cs var:Words.partner.secret ?></h2>
<p><?cs var:Words.partner.secret_says ?></p>
<form method="post" action="/partner/callbacks/addresses/<?cs var:Address.id ?>/secret"><?cs call:token() ?><button type="submit" class="button-quiet"><?cs var:Words.partner.secret_button ?></button></form></section>
<section class="card sheet" aria-labelledby="remove"><h2 id="remove"><?cs var:Words.partner.address_remove ?></h2>
<p><?cs var:Words.partner.address_remove_says ?></p>
<form method="post" action="/partner/callbacks/addresses/<?cs var:Address.id ?>/remove"><?cs call:token() ?><button type="submit" class="button-danger"><?cs var:Words.partner.address_remove_button ?></button></form></section>
<?cs /def ?>
<?cs include!"layout.cs" ?>
