<?cs # csr_verdict.cs - the answer of the live check: a fragment that app.js puts below the field. ?>
<?cs include!"macros.cs" ?><?cs call:verdict() ?><?cs each:e = Error ?><div class="box box-wrong"><p class="says"><?cs call:icon("wrong") ?> <?cs var:e.says ?></p>
<?cs if:e.help ?><p><?cs var:e.help ?></p><?cs /if ?><?cs if:e.command ?><?cs call:command(e.command) ?><?cs /if ?></div><?cs /each ?>
