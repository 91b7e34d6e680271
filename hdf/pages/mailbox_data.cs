<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.mailbox_data.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<?cs call:mailbox_steps(1) ?>
<p class="over"><?cs call:order_number(Order.number) ?> · <?cs var:Order.product ?></p>
<h1><?cs var:Words.mailbox_data.title ?></h1>
<p class="lead"><?cs var:Words.mailbox_data.lead ?></p>
<?cs if:Page.change ?><div class="box box-info"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.mailbox_data.change ?></p></div><?cs /if ?>
<?cs call:reason(Order.mailbox) ?>
<form method="post" action="<?cs var:Order.path ?>/email" novalidate>
<?cs call:token() ?>
<div class="field">
<label class="label-upper" for="email"><?cs var:Words.mailbox_data.email ?><span aria-hidden="true">*</span></label>
<p class="hint" id="email-hint"><?cs var:Words.mailbox_data.hint ?></p>
<?cs call:field_error("email") ?>
<input id="email" name="email" type="email" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false" maxlength="320" required value="<?cs var:Form.email ?>"<?cs call:field_ties("email", "email-hint") ?>>
<p class="typo" id="email-typo" aria-live="polite" data-says="<?cs var:Words.mailbox_data.typo ?>" data-use="<?cs var:Words.mailbox_data.typo_use ?>"></p>
</div>
<?cs call:go_on(Order.path, Words.button.next) ?>
</form>
<?cs /def ?>
<?cs include!"layout.cs" ?>
