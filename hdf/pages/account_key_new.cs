<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.account_key.new_title ?><?cs set:Page.nav = "account" ?>
<?cs def:content() ?>
<h1><?cs var:Words.account_key.new_title ?></h1>
<p class="lead"><?cs var:Words.account_key.new_lead ?></p>
<div class="box box-warning without-script"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.account_key.no_script ?></p></div>
<?cs if:!Page.keys_open ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.account_key.not_here ?></p></div><?cs /if ?>
<form method="post" action="/account/keys/new" novalidate>
<?cs call:token() ?><input type="text" name="username" value="<?cs var:Me.login ?>" autocomplete="username" hidden>
<div class="field">
<label for="key_name"><?cs var:Words.account_key.name ?></label>
<p class="hint" id="key_name-hint"><?cs var:Words.account_key.name_hint ?></p>
<?cs call:field_error("key_name") ?>
<input id="key_name" name="key_name" type="text" class="width-half" autocomplete="off" maxlength="60" required value="<?cs var:Form.key_name ?>"<?cs call:field_ties("key_name", "key_name-hint") ?>>
</div>
<div class="field">
<label for="password"><?cs var:Words.account.password_now ?></label>
<?cs call:field_error("password") ?>
<input id="password" name="password" type="password" class="width-half" autocomplete="current-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("password", "") ?>>
</div>
<?cs call:go_on("/account", Words.button.next) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
