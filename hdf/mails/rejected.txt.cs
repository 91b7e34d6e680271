<?cs include!"macros.txt.cs" ?><?cs call:begin() ?><?cs var:Words.letter.rejected.says ?>

<?cs call:order() ?><?cs call:fact(Words.letter.rejected.at, Mail.rejected_at) ?>
<?cs var:Words.letter.rejected.do ?>

<?cs call:order_link() ?><?cs call:end() ?>
