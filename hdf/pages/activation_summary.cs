<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.summary.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:change(href, word) ?><dd><a href="<?cs var:href ?>"><?cs var:Words.button.change ?><span class="hidden"> <?cs var:word ?></span></a></dd><?cs /def ?>
<?cs def:statement(name, ticked, word) ?><?cs call:field_error(name) ?><div class="check"><input id="<?cs var:name ?>" name="<?cs var:name ?>" type="checkbox" value="yes"<?cs if:ticked == "yes" ?> checked<?cs /if ?> required<?cs call:field_ties(name, "") ?>><label for="<?cs var:name ?>"><?cs var:word ?></label></div>
<?cs /def ?>
<?cs def:content() ?>
<?cs call:activation_steps(4) ?>
<p class="over"><?cs call:order_number(Order.number) ?></p>
<h1><?cs var:Words.summary.title ?></h1>
<p class="lead"><?cs var:Words.activation_summary.lead ?></p>
<?cs call:reason(Order.activation) ?>
<dl class="summary">
<div class="fact"><dt><?cs var:Words.order.product ?></dt><dd><?cs var:Order.product ?></dd></div>
<?cs each:f = Field ?><?cs if:f.chosen ?><div class="fact"><dt><?cs var:Words.field[f.name] ?></dt><dd class="address"><?cs var:f.value ?></dd><?cs call:change(Order.path + "/activation/data", Words.field[f.name]) ?></div>
<?cs /if ?><?cs /each ?>
<div class="fact"><dt><?cs var:Words.activation_method.title ?></dt><dd><?cs var:Words.method[Form.method] ?></dd><?cs call:change(Order.path + "/activation/method", Words.activation_method.title) ?></div>
<div class="fact"><dt><?cs var:Words.csr.key ?></dt><dd><?cs var:Csr.key ?></dd><?cs call:change(Order.path + "/activation/key", Words.csr.key) ?></div>
<div class="fact"><dt><?cs var:Words.csr.fingerprint ?></dt><dd class="code fingerprint"><?cs var:Csr.fingerprint ?></dd></div>
</dl>
<form method="post" action="<?cs var:Order.path ?>/activation/summary" novalidate>
<?cs call:token() ?><input type="hidden" name="summary" value="<?cs var:Form.summary ?>">
<fieldset><legend><h2><?cs var:Words.activation_summary.statements ?></h2></legend>
<?cs call:statement("accept_terms", Form.accept_terms, Words.activation_summary.accept_terms) ?><?cs call:statement("accept_data", Form.accept_data, Words.activation_summary.accept_data) ?></fieldset>
<p><a href="/terms"><?cs var:Words.activation_summary.read_terms ?></a></p>
<?cs call:go_on(Order.path + "/activation/key", Words.activation_summary.button) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
