<?cs include!"macros.cs" ?>
<?cs include!"part_browser.cs" ?><?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.sign_in_key.title ?>
<?cs def:content() ?>
<h1><?cs var:Words.sign_in_key.title ?></h1>
<p class="lead"><?cs var:Words.sign_in_key.lead ?></p>
<dl class="facts"><?cs call:fact(Words.sign_in.login, Account.login) ?></dl>
<div class="box box-warning without-script"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.account_key.no_script ?></p></div>
<form class="needs-script" method="post" action="/sign-in/key" data-security-key data-ask="/sign-in/key/challenge" data-wait="<?cs var:Words.account_key.wait ?>" data-failed="<?cs var:Words.sign_in_key.failed ?>" novalidate>
<?cs call:token() ?><?cs if:Form.back ?><input type="hidden" name="back" value="<?cs var:Form.back ?>"><?cs /if ?><input type="hidden" name="credential"><input type="hidden" name="client_data"><input type="hidden" name="authenticator_data"><input type="hidden" name="signature">
<p class="progress" role="status" data-status></p>
<?cs call:go_on("", Words.sign_in_key.button) ?>
</form>
<h2><?cs var:Words.sign_in_key.lost_title ?></h2>
<p><?cs var:Words.sign_in_key.lost ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<form method="post" action="/sign-out"><?cs call:token() ?><p><button class="plain"><?cs var:Words.sign_in_key.other ?></button></p></form>
<?cs call:module("security_key") ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
