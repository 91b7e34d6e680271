<?cs # part_browser_pfx.cs - on the page of an order that has its certificate: join it with the key kept in this browser,
or in the key file, into a PFX. The page gives the openssl commands that do the same. ?>
<?cs include!"part_browser.cs" ?>
<?cs def:browser_pfx() ?>
<details class="needs-script"><summary class="button"><?cs var:Words.tools.pfx_here ?></summary>
<?cs call:pfx_builder(Order.path + "/certificate.pem", Order.path + "/chain.pem", Order.file, Order.number) ?></details>
<div class="without-script"><p><?cs var:Words.tools.no_script_pfx ?></p></div>
<details><summary><?cs var:Words.tools.by_openssl ?></summary><?cs call:pfx_commands(Certificate.pem_name, Certificate.chain_name, Order.file) ?></details>
<?cs call:browser_words() ?><?cs call:module("browser_pfx") ?><?cs /def ?>
