<?cs include!"macros.cs" ?>
<?cs set:Page.title = Words.tools.title ?><?cs set:Page.nav = "tools" ?>
<?cs include!"part_browser.cs" ?>
<?cs def:content() ?>
<h1><?cs var:Words.tools.title ?></h1>
<p class="lead"><?cs var:Words.tools.lead ?></p>
<div class="box box-info without-script"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.tools.no_script ?></p><p><?cs var:Words.tools.no_script_tools ?></p></div>
<nav class="jumps" aria-label="<?cs var:Words.tools.jumps ?>"><ul>
<li><a href="#generator"><?cs var:Words.tools.generator ?></a></li>
<li><a href="#pfx"><?cs var:Words.tools.builder ?></a></li>
<li><a href="#viewer"><?cs var:Words.tools.viewer ?></a></li></ul></nav>
<section class="card" id="generator" aria-labelledby="generator-title" tabindex="-1">
<h2 id="generator-title"><?cs var:Words.tools.generator ?></h2>
<p><?cs var:Words.tools.generator_says ?></p>
<?cs call:generator("", "", "") ?>
<details><summary><?cs var:Words.tools.by_openssl ?></summary><?cs call:csr_commands("", "mailbox") ?></details>
</section>
<section class="card" id="pfx" aria-labelledby="pfx-title" tabindex="-1">
<h2 id="pfx-title"><?cs var:Words.tools.builder ?></h2>
<p><?cs var:Words.tools.builder_says ?></p>
<?cs call:pfx_builder("", "", "", "") ?>
<details><summary><?cs var:Words.tools.by_openssl ?></summary><?cs call:pfx_commands("mailbox.pem", "chain.pem", "mailbox") ?></details>
</section>
<section class="card" id="viewer" aria-labelledby="viewer-title" tabindex="-1">
<h2 id="viewer-title"><?cs var:Words.tools.viewer ?></h2>
<p><?cs var:Words.tools.viewer_says ?></p>
<form class="needs-script" data-viewer novalidate>
<div class="field"><label for="viewer_text"><?cs var:Words.tools.viewer_text ?></label>
<textarea id="viewer_text" rows="6" class="code" autocomplete="off" autocapitalize="none" spellcheck="false" wrap="off"></textarea></div>
<div class="field"><label for="viewer_file"><?cs var:Words.tools.viewer_file ?></label>
<input id="viewer_file" type="file" multiple accept=".pem,.crt,.cer,.der,.csr,.p10,.p7b,.p7c,.key,.txt"></div>
<p class="progress" role="status" data-status></p>
</form>
<div class="needs-script" id="viewer_shown"></div>
<details><summary><?cs var:Words.tools.by_openssl ?></summary>
<p><?cs var:Words.tools.command_view ?></p>
<?cs call:command_begin() ?>openssl req -in mailbox.csr -noout -verify -text<?cs call:command_end() ?>
<?cs call:command_begin() ?>openssl x509 -in mailbox.pem -noout -text -fingerprint -sha256<?cs call:command_end() ?>
<?cs call:command_begin() ?>openssl pkcs12 -in mailbox.p12 -info -noout<?cs call:command_end() ?></details>
</section>
<?cs call:browser_words() ?><?cs call:words_for_scripts("fact", Words.tools.fact) ?><?cs call:words_for_scripts("kind", Words.tools.kind) ?><?cs call:words_for_scripts("verdict", Words.tools.verdict) ?>
<?cs call:module("tools") ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
