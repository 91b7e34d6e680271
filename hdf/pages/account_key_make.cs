<?cs include!"macros.cs" ?>
<?cs include!"part_browser.cs" ?><?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.account_key.make_title ?><?cs set:Page.nav = "account" ?>
<?cs def:content() ?>
<h1><?cs var:Words.account_key.make_title ?></h1>
<p class="lead"><?cs var:Words.account_key.make_lead ?></p>
<div class="box box-warning without-script"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.account_key.no_script ?></p><p><a href="/account"><?cs var:Words.account_key.to_account ?></a></p></div>
<form class="needs-script" method="post" action="/account/keys" data-security-key data-challenge="<?cs var:Question.challenge ?>" data-site="<?cs var:Question.site ?>" data-service="<?cs var:Brand.name ?>" data-handle="<?cs var:Question.handle ?>" data-login="<?cs var:Me.login ?>" data-known="<?cs var:Question.known ?>" data-algorithms="<?cs var:Question.algorithms ?>" data-wait="<?cs var:Words.account_key.wait ?>" data-failed="<?cs var:Words.account_key.make_failed ?>" data-there="<?cs var:Words.account_key.there ?>" novalidate>
<?cs call:token() ?><input type="hidden" name="key_name" value="<?cs var:Form.key_name ?>"><input type="hidden" name="client_data"><input type="hidden" name="authenticator_data">
<p class="progress" role="status" data-status></p>
<?cs call:go_on("/account", Words.account_key.make_button) ?>
</form>
<?cs call:module("security_key") ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
