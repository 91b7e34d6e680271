<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.account_key.remove_title ?><?cs set:Page.nav = "account" ?>
<?cs def:content() ?>
<h1><?cs var:Words.account_key.remove_title ?></h1>
<dl class="facts"><?cs call:fact(Words.account_key.name, Key.name) ?></dl>
<p><?cs if:Key.last ?><?cs var:Words.account_key.remove_last ?><?cs else ?><?cs var:Words.account_key.remove_says ?><?cs /if ?></p>
<form method="post" action="/account/keys/<?cs var:Key.id ?>/remove" novalidate>
<?cs call:token() ?><input type="text" name="username" value="<?cs var:Me.login ?>" autocomplete="username" hidden>
<div class="field">
<label for="password"><?cs var:Words.account.password_now ?></label>
<?cs call:field_error("password") ?>
<input id="password" name="password" type="password" class="width-half" autocomplete="current-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("password", "") ?>>
</div>
<?cs call:go_on("/account", Words.account_key.remove_button) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
