<?cs include!"macros.cs" ?>
<?cs include!"part_browser_key.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs if:Form.method == "browser" ?><?cs set:Page.title = Words.steps.key_pair_generation ?><?cs else ?><?cs set:Page.title = Words.activation_key.title ?><?cs /if ?><?cs set:Page.nav = "certificates" ?>
<?cs def:make_csr() ?><p><?cs if:Page.browser ?><a href="<?cs var:Order.path ?>/activation/method"><?cs var:Words.activation_key.browser ?></a><?cs else ?><a href="/tools"><?cs var:Words.activation_key.tools ?></a><?cs /if ?></p>
<details><summary><?cs var:Words.activation_key.how ?></summary>
<p><?cs var:Words.activation_key.how_says ?></p>
<?cs call:csr_command("rsa", Order.email, Order.file) ?>
<p><?cs var:Words.activation_key.how_ec ?></p>
<?cs call:csr_command("ec", Order.email, Order.file) ?>
<p><?cs var:Words.activation_key.how_then ?> <code><?cs var:Order.file ?>.csr</code></p></details><?cs /def ?>
<?cs def:content() ?>
<?cs call:activation_steps(3) ?>
<p class="over"><?cs call:order_number(Order.number) ?> · <?cs var:Order.email ?></p>
<h1><?cs var:Page.title ?></h1>
<?cs call:reason(Order.activation) ?>
<?cs if:Form.method == "browser" ?><?cs call:browser_key() ?><?cs else ?><p class="lead"><?cs var:Words.activation_key.lead ?></p>
<?cs call:make_csr() ?>
<form method="post" action="<?cs var:Order.path ?>/activation/key" enctype="multipart/form-data" data-csr-form data-order="<?cs var:Order.number ?>" novalidate>
<?cs call:token() ?>
<div class="field" data-drop>
<label for="csr"><?cs var:Words.activation_key.csr ?></label>
<p class="hint" id="csr-hint"><?cs var:Words.activation_key.hint ?></p>
<?cs call:field_error("csr") ?>
<textarea id="csr" name="csr" rows="12" class="code" autocomplete="off" autocapitalize="none" spellcheck="false" wrap="off"<?cs call:field_ties("csr", "csr-hint") ?>><?cs var:Form.csr ?></textarea>
<div id="csr-verdict" aria-live="polite" data-waits="<?cs var:Words.activation_key.checking ?>" data-secret="<?cs var:Words.activation_key.secret ?>"><?cs call:verdict() ?></div>
</div>
<div class="field">
<label for="csr_file"><?cs var:Words.activation_key.file ?></label>
<input id="csr_file" name="csr_file" type="file" accept=".csr,.pem,.p10,.der,.req,.txt,application/pkcs10">
</div>
<div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.activation_key.keep ?></p><p><?cs var:Words.activation_key.keep_help ?></p></div>
<?cs call:go_on(Order.path + "/activation/method", Words.button.next) ?>
</form><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
