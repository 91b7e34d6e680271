<?cs # macros.cs - the small parts every page is made of: icons, status, faults, steps, tables. Include it first. ?>
<?cs # Icons (icons.hdf) stand beside a word, so they are hidden from screen readers. ?>
<?cs def:icon(name) ?><?cs uvar:Icon[name] ?><?cs /def ?>

<?cs def:status(code) ?><span class="status status-<?cs var:code ?>"><?cs call:icon(code) ?> <?cs var:Words.status[code] ?></span><?cs /def ?>

<?cs # One word for a whole order: the icon of the step status it stands for. ?>
<?cs def:state(code) ?><?cs
if:code == "mailbox_waiting_for_data" || code == "activation_waiting_for_data" ?><span class="status status-waiting_for_data"><?cs call:icon("waiting_for_data") ?><?cs
elif:code == "issued" ?><span class="status status-verified"><?cs call:icon("verified") ?><?cs
elif:code == "revoked" || code == "cancelled" || code == "expired" ?><span class="status status-stopped"><?cs call:icon("stopped") ?><?cs
else ?><span class="status status-waiting_for_verification"><?cs call:icon("waiting_for_verification") ?><?cs
/if ?> <?cs var:Words.state[code] ?></span><?cs /def ?>

<?cs def:token() ?><input type="hidden" name="form_token" value="<?cs var:Form.token ?>"><?cs /def ?>

<?cs def:command(text) ?><pre class="command" data-copy="<?cs var:Words.command.copy ?>" data-copied="<?cs var:Words.command.copied ?>"><code><?cs var:text ?></code></pre><?cs /def ?>

<?cs # Faults of the form: one summary on top, each line leading to its field, and the sentence again at the field. ?>
<?cs def:error_summary() ?><?cs if:subcount(Error) ?><div class="error-summary" id="error-summary" role="alert" tabindex="-1" aria-labelledby="error-summary-title">
<h2 id="error-summary-title"><?cs call:icon("wrong") ?> <?cs var:Words.error.summary ?></h2>
<ul><?cs each:e = Error ?>
<li><?cs if:e.field ?><a href="#<?cs var:e.field ?>"><?cs var:e.says ?></a><?cs else ?><strong><?cs var:e.says ?></strong> <?cs var:e.help ?><?cs /if ?></li><?cs /each ?>
</ul>
</div><?cs /if ?><?cs /def ?>

<?cs def:field_error(field) ?><?cs each:e = Error ?><?cs if:e.field == field ?><div class="field-error" id="<?cs var:field ?>-error">
<p class="says"><?cs call:icon("wrong") ?> <span class="hidden"><?cs var:Words.error.prefix ?> </span><?cs var:e.says ?></p>
<?cs if:e.help ?><p><?cs var:e.help ?></p><?cs /if ?><?cs if:e.command ?><?cs call:command(e.command) ?><?cs /if ?>
</div><?cs /if ?><?cs /each ?><?cs /def ?>

<?cs # Attributes that tie a field to its hint and its fault; hint: the id of the hint, or empty. ?>
<?cs def:field_ties(field, hint) ?><?cs set:Tie.wrong = "" ?><?cs each:e = Error ?><?cs if:e.field == field ?><?cs set:Tie.wrong = field + "-error" ?><?cs /if ?><?cs /each ?><?cs
if:Tie.wrong ?> aria-invalid="true" aria-describedby="<?cs if:hint ?><?cs var:hint ?> <?cs /if ?><?cs var:Tie.wrong ?>"<?cs
elif:hint ?> aria-describedby="<?cs var:hint ?>"<?cs /if ?><?cs /def ?>

<?cs # The same for a fieldset, where aria-invalid has no meaning. ?>
<?cs def:group_ties(field) ?><?cs each:e = Error ?><?cs if:e.field == field ?> aria-describedby="<?cs var:field ?>-error"<?cs /if ?><?cs /each ?><?cs /def ?>

<?cs # Why a step went back or waits: a fault's sentence, remedy and command, from any node that holds them. ?>
<?cs def:reason(node) ?><?cs if:node.says ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:node.says ?></p>
<?cs if:node.help ?><p><?cs var:node.help ?></p><?cs /if ?><?cs if:node.command ?><?cs call:command(node.command) ?><?cs /if ?></div><?cs /if ?><?cs /def ?>

<?cs # Numbered steps of a wizard: done ones ticked, the present one marked. ?>
<?cs def:step(number, current, word) ?><?cs
if:#number < #current ?><li class="step step-done"><span class="step-number"><?cs call:icon("done") ?></span> <span><?cs var:word ?> <span class="hidden"><?cs var:Words.steps.done ?></span></span></li><?cs
elif:#number == #current ?><li class="step step-current" aria-current="step"><span class="step-number"><?cs var:number ?></span> <span><?cs var:word ?></span></li><?cs
else ?><li class="step"><span class="step-number"><?cs var:number ?></span> <span><?cs var:word ?></span></li><?cs /if ?>
<?cs /def ?>
<?cs def:mailbox_steps(current) ?><ol class="steps" aria-label="<?cs var:Words.steps.label ?>">
<?cs call:step(1, current, Words.steps.email_data) ?><?cs call:step(2, current, Words.steps.summary) ?></ol><?cs /def ?>
<?cs def:activation_steps(current) ?><ol class="steps" aria-label="<?cs var:Words.steps.label ?>">
<?cs call:step(1, current, Words.steps.certificate_data) ?><?cs call:step(2, current, Words.steps.generation_method) ?><?cs call:step(3, current, Words.steps.key_pair_generation) ?><?cs call:step(4, current, Words.steps.summary) ?></ol><?cs /def ?>

<?cs # One line of a list of facts. ?>
<?cs def:fact(word, value) ?><?cs if:value ?><div class="fact"><dt><?cs var:word ?></dt><dd><?cs var:value ?></dd></div>
<?cs /if ?><?cs /def ?>
<?cs def:code_fact(word, value) ?><?cs if:value ?><div class="fact"><dt><?cs var:word ?></dt><dd class="code"><?cs var:value ?></dd></div>
<?cs /if ?><?cs /def ?>
<?cs def:fingerprint_fact(word, value) ?><?cs if:value ?><div class="fact"><dt><?cs var:word ?></dt><dd class="code fingerprint"><?cs var:value ?></dd></div>
<?cs /if ?><?cs /def ?>
<?cs # A name of X.509, a line for each of its attributes; and what a key may be used for. ?>
<?cs def:name_fact(word, name) ?><?cs if:subcount(name) ?><div class="fact"><dt><?cs var:word ?></dt><dd><?cs each:n = name ?><?cs if:!first(n) ?><br><?cs /if ?><?cs var:n.name ?> = <?cs var:n.value ?><?cs /each ?></dd></div>
<?cs /if ?><?cs /def ?>
<?cs def:usage_fact(word, usage) ?><?cs if:subcount(usage) ?><div class="fact"><dt><?cs var:word ?></dt><dd><?cs each:u = usage ?><?cs if:!first(u) ?><br><?cs /if ?><?cs var:Words.usage[u] ?><?cs /each ?></dd></div>
<?cs /if ?><?cs /def ?>
<?cs # An address, and beside it the same as people write its domain. ?>
<?cs def:address(plain, shown) ?><?cs if:shown ?><span class="address"><?cs var:shown ?></span> <span class="muted address">(<?cs var:plain ?>)</span><?cs else ?><span class="address"><?cs var:plain ?></span><?cs /if ?><?cs /def ?>
<?cs def:address_fact(word, plain, shown) ?><?cs if:plain ?><div class="fact"><dt><?cs var:word ?></dt><dd><?cs call:address(plain, shown) ?></dd></div>
<?cs /if ?><?cs /def ?>

<?cs # What happened to an order, newest first. ?>
<?cs def:history_detail(h) ?><?cs if:h.method ?><?cs var:Words.method[h.method] ?><?cs elif:subcount(h.field) ?><?cs each:f = h.field ?><?cs if:!first(f) ?>, <?cs /if ?><?cs var:Words.field[f] ?><?cs /each ?><?cs else ?><?cs var:h.detail ?><?cs /if ?><?cs /def ?>
<?cs def:history() ?><?cs if:subcount(History) ?><section class="card" aria-labelledby="history"><h2 id="history"><?cs var:Words.order.history ?></h2>
<ol class="history" reversed><?cs each:h = History ?>
<li><span class="time"><?cs var:h.at ?></span><br><strong><?cs if:Words.event[h.event] ?><?cs var:Words.event[h.event] ?><?cs else ?><?cs var:h.event ?><?cs /if ?></strong><?cs if:h.detail || h.method || subcount(h.field) ?><br><span class="history-detail"><?cs call:history_detail(h) ?></span><?cs /if ?><?cs if:h.says ?><br><?cs var:h.says ?><?cs /if ?></li><?cs /each ?>
</ol></section><?cs /if ?><?cs /def ?>

<?cs def:order_number(number) ?><span class="number">ORDER/<?cs var:number ?></span><?cs /def ?>

<?cs # Buttons at the end of a wizard page: Back is a link; what goes on is the last submit button. ?>
<?cs # How hard a new password is to guess; password_meter.js fills it. ?>
<?cs def:strength(field) ?><p class="hint" role="status" data-meter="<?cs var:field ?>" data-label="<?cs var:Words.strength.label ?>" data-words="<?cs var:Words.strength.0 ?>|<?cs var:Words.strength.1 ?>|<?cs var:Words.strength.2 ?>|<?cs var:Words.strength.3 ?>|<?cs var:Words.strength.4 ?>"></p><?cs /def ?>

<?cs def:go_on(back, word) ?><div class="buttons"><?cs if:back ?><a class="back" href="<?cs var:back ?>"><?cs call:icon("back") ?> <?cs var:Words.button.back ?></a><?cs /if ?>
<button type="submit"><?cs var:word ?></button></div><?cs /def ?>

<?cs def:paging() ?><?cs if:Paging.prev || Paging.next ?><nav class="paging" aria-label="<?cs var:Words.paging.label ?>">
<?cs if:Paging.prev ?><a rel="prev" href="<?cs var:Paging.prev ?>"><?cs call:icon("back") ?> <?cs var:Words.paging.prev ?></a><?cs /if ?>
<?cs if:Paging.next ?><a rel="next" class="paging-next" href="<?cs var:Paging.next ?>"><?cs var:Words.paging.next ?> <?cs call:icon("next") ?></a><?cs /if ?>
</nav><?cs /if ?><?cs /def ?>

<?cs def:verdict() ?><?cs if:Csr.key ?><div class="box box-good"><p class="says"><?cs call:icon("verified") ?> <?cs var:Words.csr.correct ?></p>
<dl class="facts"><?cs call:fact(Words.csr.key, Csr.key) ?><?cs call:fact(Words.csr.signature, Csr.signature) ?><?cs call:fingerprint_fact(Words.csr.fingerprint, Csr.fingerprint) ?><?cs call:fact(Words.csr.subject, Csr.subject) ?></dl>
<?cs if:Csr.ignored ?><p><?cs var:Words.csr.ignored ?></p><?cs /if ?>
<?cs if:subcount(Field) ?><p><strong><?cs var:Words.csr.contains ?></strong></p>
<dl class="facts"><?cs each:f = Field ?><?cs if:f.chosen ?><?cs call:fact(Words.field[f.name], f.value) ?><?cs /if ?><?cs /each ?></dl><?cs /if ?></div><?cs /if ?><?cs /def ?>
