<?cs include!"macros.txt.cs" ?><?cs call:begin() ?><?cs var:Words.letter.verified.says ?>

<?cs call:order() ?><?cs call:fact(Words.letter.verified.at, Mail.verified_at) ?>
<?cs var:Words.letter.verified.do ?>

<?cs var:Mail.next_href ?>
<?cs call:end() ?>
