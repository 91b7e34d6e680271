<?cs include!"macros.txt.cs" ?><?cs call:begin() ?><?cs var:Words.letter.revoked.says ?>

<?cs call:order() ?><?cs call:fact(Words.letter.certificate_issued.serial, Mail.serial) ?><?cs call:fact(Words.letter.revoked.at, Mail.revoked_at) ?><?cs call:fact(Words.letter.revoked.reason, Words.reason[Mail.reason]) ?>
<?cs var:Words.letter.revoked.keep ?>

<?cs call:order_link() ?><?cs call:end() ?>
