<?cs include!"macros.txt.cs" ?><?cs call:begin() ?><?cs var:Words.letter.key_added.says ?>

<?cs call:fact(Words.letter.account, Mail.login) ?><?cs call:fact(Words.letter.changed_at, Mail.changed_at) ?>
<?cs var:Words.letter.key_added.you ?>

<?cs var:Words.letter.key_added.not_you ?>
<?cs call:end() ?>
