<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.nav = "partner" ?><?cs
if:Page.step == 1 ?><?cs set:Page.title = Words.partner.new_product ?><?cs
elif:Page.step == 2 ?><?cs set:Page.title = Words.partner.new_details ?><?cs
else ?><?cs set:Page.title = Words.partner.new_email ?><?cs /if ?>
<?cs def:keep(name, value) ?><?cs if:value ?><input type="hidden" name="<?cs var:name ?>" value="<?cs var:value ?>"><?cs /if ?><?cs /def ?>
<?cs def:keep_details() ?><?cs call:keep("partner_ref", Form.partner_ref) ?><?cs call:keep("customer_name", Form.customer_name) ?><?cs call:keep("language", Form.language) ?><?cs call:keep("callback", Form.callback) ?><?cs /def ?>
<?cs def:product_page() ?><form method="get" action="/partner/orders/new" novalidate><input type="hidden" name="step" value="2"><?cs call:keep_details() ?><?cs call:keep("email", Form.email) ?>
<fieldset<?cs call:group_ties("product") ?>><legend><h1><?cs var:Words.partner.new_product ?></h1></legend>
<?cs call:field_error("product") ?>
<?cs each:p = Product ?><div class="check"><input id="product<?cs if:!first(p) ?>-<?cs var:p.id ?><?cs /if ?>" name="product" type="radio" value="<?cs var:p.id ?>"<?cs if:Form.product == p.id ?> checked<?cs /if ?>><label for="product<?cs if:!first(p) ?>-<?cs var:p.id ?><?cs /if ?>"><?cs var:p.name ?></label></div>
<?cs /each ?></fieldset>
<?cs call:go_on("/partner/dashboard", Words.button.next) ?></form><?cs /def ?>
<?cs def:details_page() ?><h1><?cs var:Words.partner.new_details ?></h1>
<form method="get" action="/partner/orders/new" novalidate><input type="hidden" name="step" value="3"><?cs call:keep("product", Form.product) ?><?cs call:keep("email", Form.email) ?>
<div class="field"><label for="partner_ref"><?cs var:Words.partner.partner_ref ?></label>
<p class="hint" id="partner_ref-hint"><?cs var:Words.partner.partner_ref_hint ?></p>
<?cs call:field_error("partner_ref") ?>
<input id="partner_ref" name="partner_ref" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" required value="<?cs var:Form.partner_ref ?>"<?cs call:field_ties("partner_ref", "partner_ref-hint") ?>></div>
<div class="field"><label for="customer_name"><?cs var:Words.partner.customer_name ?></label>
<p class="hint" id="customer_name-hint"><?cs var:Words.partner.customer_name_hint ?></p>
<?cs call:field_error("customer_name") ?>
<input id="customer_name" name="customer_name" type="text" autocomplete="off" maxlength="200" value="<?cs var:Form.customer_name ?>"<?cs call:field_ties("customer_name", "customer_name-hint") ?>></div>
<div class="field"><label for="language"><?cs var:Words.partner.mail_language ?></label>
<?cs call:field_error("language") ?>
<select id="language" name="language"<?cs call:field_ties("language", "") ?>><?cs each:l = Language ?><option value="<?cs var:l.code ?>" lang="<?cs var:l.code ?>"<?cs if:Form.language == l.code ?> selected<?cs /if ?>><?cs var:l.name ?></option><?cs /each ?></select></div>
<?cs if:subcount(Address) ?><div class="field"><label for="callback"><?cs var:Words.partner.callback ?></label>
<?cs call:field_error("callback") ?>
<select id="callback" name="callback"<?cs call:field_ties("callback", "") ?>><option value=""><?cs var:Words.partner.no_callback ?></option><?cs each:a = Address ?><option value="<?cs var:a.url ?>"<?cs if:Form.callback == a.url ?> selected<?cs /if ?>><?cs var:a.url ?></option><?cs /each ?></select></div><?cs /if ?>
<div class="buttons"><a class="back" href="<?cs var:Page.back ?>"><?cs call:icon("back") ?> <?cs var:Words.button.back ?></a><button type="submit"><?cs var:Words.button.next ?></button></div></form><?cs /def ?>
<?cs def:email_page() ?><h1><?cs var:Words.partner.new_email ?></h1>
<p class="lead"><?cs var:Words.partner.new_email_says ?></p>
<dl class="summary"><?cs call:fact(Words.order.product, Form.product_name) ?><?cs call:fact(Words.partner.partner_ref, Form.partner_ref) ?><?cs call:fact(Words.partner.customer_name, Form.customer_name) ?></dl>
<form method="post" action="/partner/orders" novalidate><?cs call:token() ?><?cs call:keep("product", Form.product) ?><?cs call:keep_details() ?>
<div class="field"><label for="email"><?cs var:Words.order.email ?></label>
<p class="hint" id="email-hint"><?cs var:Words.mailbox_data.hint ?></p>
<?cs call:field_error("email") ?>
<input id="email" name="email" type="email" inputmode="email" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="320" required value="<?cs var:Form.email ?>"<?cs call:field_ties("email", "email-hint") ?>></div>
<div class="buttons"><a class="back" href="<?cs var:Page.back ?>"><?cs call:icon("back") ?> <?cs var:Words.button.back ?></a><button type="submit"><?cs var:Words.partner.new_button ?></button></div></form><?cs /def ?>
<?cs def:content() ?>
<ol class="steps" aria-label="<?cs var:Words.steps.label ?>">
<?cs call:step(1, Page.step, Words.partner.step_product) ?><?cs call:step(2, Page.step, Words.order.details) ?><?cs call:step(3, Page.step, Words.order.email) ?></ol>
<p class="over"><?cs var:Words.partner.new ?></p>
<?cs if:Page.step == 1 ?><?cs call:product_page() ?><?cs elif:Page.step == 2 ?><?cs call:details_page() ?><?cs else ?><?cs call:email_page() ?><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
