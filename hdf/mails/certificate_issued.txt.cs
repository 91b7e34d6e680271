<?cs include!"macros.txt.cs" ?><?cs def:program(word, says) ?>* <?cs var:word ?>
  <?cs var:says ?>

<?cs /def ?><?cs call:begin() ?><?cs var:Words.letter.certificate_issued.says ?>

<?cs call:order() ?><?cs call:fact(Words.letter.certificate_issued.not_before, Mail.not_before) ?><?cs call:fact(Words.letter.certificate_issued.not_after, Mail.not_after) ?><?cs call:fact(Words.letter.certificate_issued.issuer, Mail.issuer) ?><?cs call:fact(Words.letter.certificate_issued.serial, Mail.serial) ?><?cs call:fact(Words.letter.certificate_issued.fingerprint, Mail.fingerprint) ?>
<?cs call:order_link() ?>
<?cs var:Words.letter.certificate_issued.install ?>

<?cs var:Words.letter.certificate_issued.pfx ?>

<?cs var:Mail.tools_href ?>

<?cs var:Words.letter.certificate_issued.pfx_openssl ?>

  openssl pkcs12 -export -inkey <?cs var:Mail.file ?>.key -in <?cs var:Mail.file ?>.pem -certfile chain.pem -name <?cs var:Mail.file ?> -out <?cs var:Mail.file ?>.p12

<?cs call:program(Words.letter.certificate_issued.thunderbird, Words.letter.certificate_issued.thunderbird_says) ?><?cs call:program(Words.letter.certificate_issued.outlook, Words.letter.certificate_issued.outlook_says) ?><?cs call:program(Words.letter.certificate_issued.apple, Words.letter.certificate_issued.apple_says) ?><?cs call:program(Words.letter.certificate_issued.gpgsm, Words.letter.certificate_issued.gpgsm_says) ?><?cs var:Words.letter.certificate_issued.keep ?>
<?cs call:end() ?>
