<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.password_initial.title ?>
<?cs def:content() ?>
<h1><?cs var:Words.password_initial.title ?></h1>
<p class="lead"><?cs var:Words.password_initial.lead ?></p>
<form method="post" action="/account/password" novalidate>
<?cs call:token() ?><input type="hidden" name="others" value="yes"><input type="text" name="username" value="<?cs var:Account.login ?>" autocomplete="username" hidden>
<div class="field">
<label for="password"><?cs var:Words.password_initial.given ?></label>
<?cs call:field_error("password") ?>
<input id="password" name="password" type="password" class="width-half" autocomplete="current-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("password", "") ?>>
</div>
<div class="field">
<label for="new_password"><?cs var:Words.account.password_new ?></label>
<p class="hint" id="new_password-hint"><?cs var:Words.account.password_hint ?></p>
<?cs call:field_error("new_password") ?>
<input id="new_password" name="new_password" type="password" class="width-half" autocomplete="new-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("new_password", "new_password-hint") ?>>
<?cs call:strength("new_password") ?>
</div>
<?cs call:go_on("", Words.password_initial.button) ?>
</form>
<form method="post" action="/sign-out"><?cs call:token() ?><p><button class="plain"><?cs var:Words.layout.sign_out ?></button></p></form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
