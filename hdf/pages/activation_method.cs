<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.activation_method.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<?cs call:activation_steps(2) ?>
<p class="over"><?cs call:order_number(Order.number) ?> · <?cs var:Order.product ?></p>
<form method="post" action="<?cs var:Order.path ?>/activation/method">
<?cs call:token() ?>
<fieldset<?cs call:group_ties("method") ?>>
<legend><h1><?cs var:Words.activation_method.title ?></h1></legend>
<p class="lead"><?cs var:Words.activation_method.lead ?></p>
<?cs call:field_error("method") ?>
<?cs each:m = Method ?><div class="check"><input id="method<?cs if:!first(m) ?>-<?cs var:m.id ?><?cs /if ?>" name="method" type="radio" value="<?cs var:m.id ?>"<?cs if:Form.method == m.id || subcount(Method) == #1 ?> checked<?cs /if ?> aria-describedby="method-help-<?cs var:m.id ?>"><label for="method<?cs if:!first(m) ?>-<?cs var:m.id ?><?cs /if ?>"><strong><?cs var:Words.method[m.id] ?></strong></label><p class="hint" id="method-help-<?cs var:m.id ?>"><?cs var:Words.method_help[m.id] ?></p></div>
<?cs /each ?></fieldset>
<?cs call:go_on(Order.path + "/activation/data", Words.button.next) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
