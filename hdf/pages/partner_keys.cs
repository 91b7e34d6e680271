<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.keys ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.keys ?></h1>
<?cs call:partner_tabs("keys") ?>
<p class="lead"><?cs var:Words.partner.keys_says ?></p>
<?cs if:Page.key ?><div class="box box-good" role="status"><p class="says"><?cs call:icon("verified") ?> <?cs var:Words.partner.key_made ?></p><p><?cs var:Words.partner.key_once ?></p><?cs call:command(Page.key) ?></div><?cs /if ?>
<?cs if:subcount(Key) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.keys ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.label) ?><?cs call:head(Words.partner.scopes) ?><?cs call:head(Words.partner.last_used) ?><?cs call:head(Words.order.state) ?></tr></thead>
<tbody role="rowgroup"><?cs each:k = Key ?>
<tr role="row"><th scope="row" role="rowheader"><?cs var:k.label ?><br><span class="muted"><?cs var:Words.partner.made_at ?>: <span class="time"><?cs var:k.created_at ?></span><?cs if:k.expires_at ?><br><?cs var:Words.partner.ends_at ?>: <span class="time"><?cs var:k.expires_at ?></span><?cs /if ?></span></th>
<td role="cell" data-label="<?cs var:Words.partner.scopes ?>"><code><?cs var:k.scopes ?></code></td>
<td role="cell" data-label="<?cs var:Words.partner.last_used ?>"><?cs if:k.last_used_at ?><span class="time"><?cs var:k.last_used_at ?></span><?cs else ?><?cs var:Words.partner.never ?><?cs /if ?></td>
<td role="cell" data-label="<?cs var:Words.order.state ?>"><?cs var:Words.partner_key[k.state] ?><?cs if:k.state == "valid" ?>
<details><summary><?cs var:Words.partner.key_end ?><span class="hidden"> <?cs var:k.label ?></span></summary>
<p><?cs var:Words.partner.key_end_says ?></p>
<form method="post" action="/partner/keys/<?cs var:k.id ?>/revoke"><?cs call:token() ?><button type="submit" class="button-danger"><?cs var:Words.partner.key_end_button ?></button></form></details><?cs /if ?></td></tr><?cs /each ?>
</tbody></table><?cs else ?><p class="muted"><?cs var:Words.partner.no_keys ?></p><?cs /if ?>
<section class="card sheet" aria-labelledby="key-new"><h2 id="key-new"><?cs var:Words.partner.key_new ?></h2>
<form method="post" action="/partner/keys" novalidate><?cs call:token() ?><input type="hidden" name="once" value="<?cs var:Form.once ?>">
<div class="field"><label for="label"><?cs var:Words.partner.label ?></label>
<p class="hint" id="label-hint"><?cs var:Words.partner.label_hint ?></p>
<?cs call:field_error("label") ?>
<input id="label" name="label" type="text" autocomplete="off" maxlength="100" required value="<?cs var:Form.label ?>"<?cs call:field_ties("label", "label-hint") ?>></div>
<fieldset<?cs call:group_ties("scopes") ?>><legend><?cs var:Words.partner.scopes ?></legend>
<?cs call:field_error("scopes") ?>
<?cs each:s = Scope ?><div class="check"><input id="scopes<?cs if:!first(s) ?>-<?cs var:s.id ?><?cs /if ?>" name="scopes" type="checkbox" value="<?cs var:s.id ?>"<?cs if:s.chosen ?> checked<?cs /if ?>><label for="scopes<?cs if:!first(s) ?>-<?cs var:s.id ?><?cs /if ?>"><?cs var:Words.partner_scope[s.id] ?></label></div>
<?cs /each ?></fieldset>
<div class="field"><label for="days"><?cs var:Words.partner.days ?></label>
<p class="hint" id="days-hint"><?cs var:Words.partner.days_hint ?></p>
<?cs call:field_error("days") ?>
<input id="days" name="days" type="text" inputmode="numeric" autocomplete="off" maxlength="4" class="width-half" value="<?cs var:Form.days ?>"<?cs call:field_ties("days", "days-hint") ?>></div>
<div class="buttons"><button type="submit"><?cs var:Words.partner.key_button ?></button></div></form></section>
<?cs /def ?>
<?cs include!"layout.cs" ?>
