<?cs include!"macros.txt.cs" ?><?cs call:begin() ?><?cs var:Words.letter.problem.says ?>

<?cs var:Mail.says ?>

<?cs var:Mail.help ?>
<?cs if:Mail.command ?>
  <?cs var:Mail.command ?>
<?cs /if ?>
<?cs call:order() ?>
<?cs call:order_link() ?><?cs call:end() ?>
