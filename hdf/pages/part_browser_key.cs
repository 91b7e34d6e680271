<?cs # part_browser_key.cs - step 3 of the activation when the key is made in the browser (method=browser). ?>
<?cs include!"part_browser.cs" ?>
<?cs def:browser_key() ?>
<p class="lead needs-script"><?cs var:Words.tools.wizard_lead ?></p>
<div id="csr" tabindex="-1"><?cs call:field_error("csr") ?></div>
<?cs call:generator(Order.email, Order.file, Order.number) ?>
<form method="post" action="<?cs var:Order.path ?>/activation/key" enctype="multipart/form-data" data-send-csr<?cs if:Csr.key && !subcount(Error) ?> data-good<?cs /if ?> novalidate>
<?cs call:token() ?>
<div class="without-script">
<div class="box box-info"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.tools.no_script ?></p>
<p><?cs var:Words.tools.no_script_key ?></p>
<p><a href="<?cs var:Order.path ?>/activation/method"><?cs var:Words.tools.other_method ?></a></p></div>
<?cs call:csr_commands(Order.email, Order.file) ?>
<div class="field"><label for="csr_text"><?cs var:Words.tools.csr ?></label>
<textarea id="csr_text" name="csr" rows="10" class="code" autocomplete="off" autocapitalize="none" spellcheck="false" wrap="off"><?cs var:Form.csr ?></textarea></div>
</div>
<?cs if:Csr.key && !subcount(Error) ?><div data-verdict><?cs call:verdict() ?><p class="needs-script"><?cs var:Words.tools.made_before ?></p></div><?cs /if ?>
<div data-errors></div>
<?cs call:go_on(Order.path + "/activation/method", Words.button.next) ?>
</form>
<?cs call:browser_words() ?><?cs call:module("browser_key") ?><?cs /def ?>
