<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.sign_in.title ?>
<?cs def:content() ?>
<h1><?cs var:Words.sign_in.title ?></h1>
<p class="lead"><?cs var:Words.sign_in.lead ?></p>
<?cs if:Demo.hint ?><div class="box box-info"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.sign_in.demo ?></p><p class="code"><?cs var:Demo.hint ?></p></div><?cs /if ?>
<form method="post" action="/sign-in" novalidate>
<?cs call:token() ?><?cs if:Form.back ?><input type="hidden" name="back" value="<?cs var:Form.back ?>"><?cs /if ?>
<div class="field">
<label for="login"><?cs var:Words.sign_in.login ?></label>
<?cs call:field_error("login") ?>
<input id="login" name="login" type="text" class="width-half" autocomplete="username" autocapitalize="none" spellcheck="false" required value="<?cs var:Form.login ?>"<?cs call:field_ties("login", "") ?>>
</div>
<div class="field">
<label for="password"><?cs var:Words.sign_in.password ?></label>
<?cs call:field_error("password") ?>
<input id="password" name="password" type="password" class="width-half" autocomplete="current-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("password", "") ?>>
</div>
<?cs call:go_on("", Words.sign_in.button) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
