<?cs include!"macros.txt.cs" ?><?cs call:begin() ?><?cs var:Words.letter.verification.says ?>

<?cs call:fact(Words.letter.verification.asker, Mail.asker) ?><?cs call:order() ?>
<?cs var:Words.letter.verification.do ?>

<?cs var:Mail.link ?>

<?cs var:Words.letter.verification.expires_at ?>: <?cs var:Mail.expires_at ?>

<?cs var:Words.letter.verification.not_me ?>
<?cs call:end() ?>
