<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.activation_data.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<?cs call:activation_steps(1) ?>
<p class="over"><?cs call:order_number(Order.number) ?></p>
<h1><?cs var:Words.activation_data.title ?></h1>
<p class="lead"><?cs var:Words.activation_data.lead ?></p>
<?cs call:reason(Order.activation) ?>
<form method="post" action="<?cs var:Order.path ?>/activation/data">
<?cs call:token() ?>
<fieldset id="fields" tabindex="-1"<?cs call:group_ties("fields") ?>>
<legend><span class="over"><?cs var:Order.category ?></span> <?cs var:Order.product ?></legend>
<?cs call:field_error("fields") ?>
<?cs each:f = Field ?><div class="check"><?cs if:f.mandatory ?><input type="hidden" name="fields" value="<?cs var:f.name ?>"><input id="fields-<?cs var:f.name ?>" type="checkbox" checked disabled aria-describedby="mandatory-<?cs var:f.name ?>"><?cs else ?><input id="fields-<?cs var:f.name ?>" name="fields" type="checkbox" value="<?cs var:f.name ?>"<?cs if:f.chosen ?> checked<?cs /if ?>><?cs /if ?>
<label for="fields-<?cs var:f.name ?>"><?cs var:Words.field[f.name] ?>:<br><strong class="address"><?cs var:f.value ?></strong><?cs if:f.mandatory ?> <span class="tag" id="mandatory-<?cs var:f.name ?>"><?cs var:Words.activation_data.mandatory ?></span><?cs /if ?></label></div>
<?cs /each ?></fieldset>
<?cs call:go_on(Order.path, Words.button.next) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
