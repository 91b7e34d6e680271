<?cs # part_browser.cs - the forms that make keys, CSRs and PFX files in the browser; tools.cs and part_browser_*.cs
put them on pages. Inputs that hold a secret have no name, so that no form can send them. ?>
<?cs def:module(name) ?><script type="module" src="/static/<?cs var:name ?>.js<?cs if:Page.assets ?>?v=<?cs var:Page.assets ?><?cs /if ?>"></script><?cs /def ?>

<?cs # The scripts have no words of their own: they take them from these templates. ?>
<?cs def:words_for_scripts(group, words) ?><?cs each:w = words ?><template data-word="<?cs var:group ?>.<?cs name:w ?>"><?cs var:w ?></template>
<?cs /each ?><?cs /def ?>
<?cs def:browser_words() ?><?cs call:words_for_scripts("js", Words.tools.js) ?><?cs call:words_for_scripts("fault", Words.tools.fault) ?>
<template data-icon="wrong"><?cs call:icon("wrong") ?></template><template data-icon="verified"><?cs call:icon("verified") ?></template><template data-icon="warning"><?cs call:icon("warning") ?></template><template data-icon="info"><?cs call:icon("info") ?></template>
<?cs /def ?>

<?cs # Text within '…' of a shell and within a -subj of openssl: ' ends the quotes, \' is the character, ' begins them
again; / would begin another attribute. ?>
<?cs def:subject_text(text) ?><?cs loop:i = #0, string.length(text) - #1, #1 ?><?cs set:Shell.c = string.slice(text, i, i + #1) ?><?cs
if:Shell.c == "'" ?>'\''<?cs elif:Shell.c == "/" ?>\/<?cs else ?><?cs var:Shell.c ?><?cs /if ?><?cs /loop ?><?cs /def ?>
<?cs def:command_begin() ?><pre class="command" data-copy="<?cs var:Words.command.copy ?>" data-copied="<?cs var:Words.command.copied ?>"><code><?cs /def ?>
<?cs def:command_end() ?></code></pre><?cs /def ?>

<?cs def:password_field(id, word, hint, complete) ?><div class="field" data-field="<?cs var:id ?>">
<label for="<?cs var:id ?>"><?cs var:word ?></label>
<?cs if:hint ?><p class="hint" id="<?cs var:id ?>-hint"><?cs var:hint ?></p><?cs /if ?>
<input id="<?cs var:id ?>" type="password" class="width-half" autocomplete="<?cs var:complete ?>" autocapitalize="none" spellcheck="false"<?cs if:hint ?> aria-describedby="<?cs var:id ?>-hint"<?cs /if ?>>
</div><?cs /def ?>
<?cs def:show_passwords(id) ?><div class="check"><input id="<?cs var:id ?>" type="checkbox" data-show-passwords><label for="<?cs var:id ?>"><?cs var:Words.tools.show_passwords ?></label></div><?cs /def ?>

<?cs def:kind_choice(id, chosen) ?><div class="check"><input id="key_kind-<?cs var:id ?>" name="key_kind" type="radio" value="<?cs var:id ?>"<?cs if:chosen ?> checked<?cs /if ?> aria-describedby="key_kind-help-<?cs var:id ?>"><label for="key_kind-<?cs var:id ?>"><strong><?cs var:Words.tools.key_kind[id] ?></strong></label><p class="hint" id="key_kind-help-<?cs var:id ?>"><?cs var:Words.tools.key_kind_help[id] ?></p></div>
<?cs /def ?>

<?cs # The generator. email: the mailbox, or empty for a field to type it; file: beginning of file names; order: its number. ?>
<?cs def:generator(email, file, order) ?><div class="needs-script">
<form data-generator data-email="<?cs var:email ?>" data-file="<?cs var:file ?>" data-order="<?cs var:order ?>" novalidate>
<div data-errors></div>
<?cs if:!email ?><div class="field" data-field="key_email">
<label for="key_email"><?cs var:Words.tools.key_email ?></label>
<p class="hint" id="key_email-hint"><?cs var:Words.tools.key_email_hint ?></p>
<input id="key_email" type="email" class="width-half" autocomplete="email" autocapitalize="none" spellcheck="false" aria-describedby="key_email-hint">
</div><?cs /if ?>
<fieldset class="field"><legend><?cs var:Words.tools.key_kind_title ?></legend>
<?cs each:k = Kind ?><?cs call:kind_choice(k.id, first(k)) ?><?cs /each ?></fieldset>
<?cs call:password_field("key_password", Words.tools.key_password, Words.tools.key_password_hint, "new-password") ?>
<?cs call:password_field("key_again", Words.tools.again, "", "new-password") ?>
<?cs call:show_passwords("key_show") ?>
<div class="check"><input id="key_keep" type="checkbox" checked aria-describedby="key_keep-help"><label for="key_keep"><?cs var:Words.tools.keep ?></label><p class="hint" id="key_keep-help"><?cs var:Words.tools.keep_help ?></p></div>
<div class="buttons"><button id="key_make" type="submit"><?cs var:Words.tools.make_key ?></button></div>
<p class="progress" role="status" data-status></p>
<div data-kept-key hidden class="box box-info"><p class="says"><?cs call:icon("info") ?> <span data-out="kept"></span></p>
<p><button type="button" class="button-quiet" data-use-kept><?cs var:Words.tools.use_kept ?></button></p></div>
</form>
<section id="key_made" class="box box-good" tabindex="-1" aria-labelledby="key_made-title" hidden>
<h2 id="key_made-title" class="says"><?cs call:icon("verified") ?> <?cs var:Words.tools.made ?></h2>
<dl class="facts"><div class="fact"><dt><?cs var:Words.tools.fact.key ?></dt><dd data-out="key"></dd></div>
<div class="fact"><dt><?cs var:Words.tools.fact.key_fingerprint ?></dt><dd class="code fingerprint" data-out="fingerprint"></dd></div></dl>
<p><?cs var:Words.tools.made_says ?></p>
<p class="saves"><a class="button" id="key_save" href="#key_made" data-out="key_file"><?cs call:icon("download") ?> <?cs var:Words.tools.save_key ?></a><?cs if:!order ?> <a class="button button-quiet" id="csr_save" href="#key_made" data-out="csr_file"><?cs call:icon("download") ?> <?cs var:Words.tools.save_csr ?></a><?cs /if ?></p>
<p class="progress" role="status" data-saved></p>
<details><summary><?cs var:Words.tools.show_csr ?></summary><p><button type="button" class="button-quiet" data-copy-csr data-copied="<?cs var:Words.command.copied ?>"><?cs var:Words.command.copy ?></button></p>
<pre class="command"><code data-out="csr"></code></pre></details>
</section>
</div><?cs /def ?>

<?cs # The PFX builder. order: "" on /tools, where the certificate is chosen too. ?>
<?cs def:pfx_builder(certificate, chain, file, order) ?><div class="needs-script">
<form data-builder data-certificate="<?cs var:certificate ?>" data-chain="<?cs var:chain ?>" data-file="<?cs var:file ?>" data-order="<?cs var:order ?>" novalidate>
<div data-errors></div>
<div class="field">
<label for="pfx_kept"><?cs var:Words.tools.pfx_kept ?></label>
<select id="pfx_kept"><option value=""><?cs var:Words.tools.pfx_from_file ?></option></select>
</div>
<div class="field" data-field="pfx_key" data-key-file>
<label for="pfx_key"><?cs var:Words.tools.pfx_key ?></label>
<p class="hint" id="pfx_key-hint"><?cs var:Words.tools.pfx_key_hint ?></p>
<input id="pfx_key" type="file" accept=".key,.pem,.p8,.der,.p12,.pfx" aria-describedby="pfx_key-hint">
</div>
<?cs call:password_field("pfx_key_password", Words.tools.pfx_key_password, Words.tools.pfx_key_password_hint, "off") ?>
<?cs if:!order ?><div class="field" data-field="pfx_certificate">
<label for="pfx_certificate"><?cs var:Words.tools.pfx_certificate ?></label>
<p class="hint" id="pfx_certificate-hint"><?cs var:Words.tools.pfx_certificate_hint ?></p>
<input id="pfx_certificate" type="file" multiple accept=".pem,.crt,.cer,.der,.p7b,.p7c,.txt" aria-describedby="pfx_certificate-hint">
<label for="pfx_pasted" class="label-second"><?cs var:Words.tools.pfx_pasted ?></label>
<textarea id="pfx_pasted" rows="4" class="code" autocomplete="off" autocapitalize="none" spellcheck="false" wrap="off"></textarea>
</div><?cs /if ?>
<fieldset class="field"><legend><?cs var:Words.tools.preset_title ?></legend>
<div class="check"><input id="pfx_preset-modern" name="pfx_preset" type="radio" value="modern" checked aria-describedby="pfx_preset-modern-help"><label for="pfx_preset-modern"><strong><?cs var:Words.tools.preset.modern ?></strong></label><p class="hint" id="pfx_preset-modern-help"><?cs var:Words.tools.preset_help.modern ?></p></div>
<div class="check"><input id="pfx_preset-older" name="pfx_preset" type="radio" value="older" aria-describedby="pfx_preset-older-help"><label for="pfx_preset-older"><strong><?cs var:Words.tools.preset.older ?></strong></label><p class="hint" id="pfx_preset-older-help"><?cs var:Words.tools.preset_help.older ?></p></div>
</fieldset>
<div class="check check-end"><input id="pfx_chain" type="checkbox" checked aria-describedby="pfx_chain-help"><label for="pfx_chain"><?cs var:Words.tools.with_chain ?></label><p class="hint" id="pfx_chain-help"><?cs var:Words.tools.with_chain_help ?></p></div>
<?cs call:password_field("pfx_password", Words.tools.pfx_password, Words.tools.pfx_password_hint, "new-password") ?>
<?cs call:password_field("pfx_again", Words.tools.again, "", "new-password") ?>
<?cs call:show_passwords("pfx_show") ?>
<div class="buttons"><button id="pfx_make" type="submit"><?cs var:Words.tools.make_pfx ?></button></div>
<p class="progress" role="status" data-status></p>
</form>
<section id="pfx_made" class="box box-good" tabindex="-1" aria-labelledby="pfx_made-title" hidden>
<h3 id="pfx_made-title" class="says"><?cs call:icon("verified") ?> <?cs var:Words.tools.pfx_made ?></h3>
<p data-out="content"></p>
<p><a class="button" id="pfx_save" href="#pfx_made" data-out="pfx_file"><?cs call:icon("download") ?> <?cs var:Words.tools.save_pfx ?></a></p>
<p class="progress" role="status" data-saved></p>
<div data-forget hidden><p><?cs var:Words.tools.forget_says ?></p>
<p><button type="button" class="button-quiet"><?cs var:Words.tools.forget ?></button></p></div>
</section>
</div><?cs /def ?>

<?cs # The same with openssl. email may be empty; file: beginning of file names; key: what follows -newkey. ?>
<?cs def:csr_command(key, email, file) ?><?cs call:command_begin() ?>openssl req -new -newkey <?cs if:key == "ec" ?>ec -pkeyopt ec_paramgen_curve:P-256<?cs else ?>rsa:3072<?cs /if ?> -sha256 -subj '/emailAddress=<?cs if:email ?><?cs call:subject_text(email) ?><?cs else ?><?cs var:Words.tools.example_email ?><?cs /if ?>' -keyout <?cs var:file ?>.key -out <?cs var:file ?>.csr<?cs call:command_end() ?><?cs /def ?>
<?cs def:csr_commands(email, file) ?><p><?cs var:Words.tools.command_rsa ?></p>
<?cs call:csr_command("rsa", email, file) ?>
<p><?cs var:Words.tools.command_ec ?></p>
<?cs call:csr_command("ec", email, file) ?>
<p><?cs var:Words.tools.command_check ?></p>
<?cs call:command_begin() ?>openssl req -in <?cs var:file ?>.csr -noout -verify -text<?cs call:command_end() ?><?cs /def ?>
<?cs def:pfx_commands(certificate, chain, file) ?><p><?cs var:Words.tools.command_pfx ?></p>
<?cs call:command_begin() ?>openssl pkcs12 -export -inkey <?cs var:file ?>.key -in <?cs var:certificate ?> -certfile <?cs var:chain ?> -name <?cs var:file ?> -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 -out <?cs var:file ?>.p12<?cs call:command_end() ?>
<p><?cs var:Words.tools.command_pfx_older ?></p>
<?cs call:command_begin() ?>openssl pkcs12 -export -inkey <?cs var:file ?>.key -in <?cs var:certificate ?> -certfile <?cs var:chain ?> -name <?cs var:file ?> -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -out <?cs var:file ?>-older.p12<?cs call:command_end() ?><?cs /def ?>
