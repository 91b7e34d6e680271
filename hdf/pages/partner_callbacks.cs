<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.callbacks ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.callbacks ?></h1>
<?cs call:partner_tabs("callbacks") ?>
<p class="lead"><?cs var:Words.partner.callbacks_says ?></p>
<?cs if:Page.secret ?><div class="box box-good" role="status"><p class="says"><?cs call:icon("verified") ?> <?cs var:Words.partner.secret_made ?></p><p><?cs var:Words.partner.secret_once ?></p><?cs call:command(Page.secret) ?></div><?cs /if ?>
<?cs if:subcount(Address) ?><ul class="files"><?cs each:a = Address ?>
<li><span class="address code"><?cs var:a.url ?></span><span class="muted"> <?cs var:Words.partner.waiting ?> <?cs var:a.waiting ?></span>
<form method="post" action="/partner/callbacks/<?cs var:a.id ?>/remove"><?cs call:token() ?><button type="submit" class="plain"><?cs var:Words.partner.address_remove ?><span class="hidden"> <?cs var:a.url ?></span></button></form></li><?cs /each ?></ul><?cs /if ?>
<section class="card sheet" aria-labelledby="url-new"><h2 id="url-new"><?cs var:Words.partner.url_new ?></h2>
<form method="post" action="/partner/callbacks" novalidate><?cs call:token() ?>
<div class="field"><label for="url"><?cs var:Words.partner.url ?></label>
<p class="hint" id="url-hint"><?cs var:Words.partner.url_hint ?></p>
<?cs call:field_error("url") ?>
<input id="url" name="url" type="url" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="500" required value="<?cs var:Form.url ?>"<?cs call:field_ties("url", "url-hint") ?>></div>
<div class="buttons"><button type="submit"><?cs var:Words.partner.url_button ?></button></div></form></section>
<h2><?cs var:Words.partner.callback_log ?></h2>
<?cs if:subcount(Callback) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.callback_log ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.order.number) ?><?cs call:head(Words.order.state) ?><?cs call:head(Words.partner.delivery) ?><?cs call:head(Words.partner.answer) ?></tr></thead>
<tbody role="rowgroup"><?cs each:c = Callback ?>
<tr role="row"><th scope="row" role="rowheader"><a href="/partner/orders/<?cs var:c.order_number ?>"><?cs call:order_number(c.order_number) ?></a><br><span class="muted"><?cs var:c.callback_id ?> · <span class="time"><?cs var:c.at ?></span></span></th>
<td role="cell" data-label="<?cs var:Words.order.state ?>"><?cs call:state(c.status) ?></td>
<td role="cell" data-label="<?cs var:Words.partner.delivery ?>"><?cs var:Words.partner_callback[c.callback_state] ?><?cs if:c.attempts ?><br><span class="muted"><?cs var:Words.partner.attempts ?> <?cs var:c.attempts ?></span><?cs /if ?><?cs if:c.callback_state == "waiting" && c.attempts ?><br><span class="muted"><?cs var:Words.partner.next_at ?> <span class="time"><?cs var:c.next_at ?></span></span><?cs /if ?>
<form method="post" action="/partner/callbacks/<?cs var:c.callback_id ?>/replay"><?cs call:token() ?><button type="submit" class="plain"><?cs var:Words.partner.replay ?><span class="hidden"> <?cs var:c.callback_id ?></span></button></form></td>
<td role="cell" data-label="<?cs var:Words.partner.answer ?>"><?cs if:c.tried_at ?><?cs if:c.http_status ?><strong><?cs var:c.http_status ?></strong> <?cs /if ?><span class="address"><?cs var:c.says ?></span><br><span class="muted"><span class="time"><?cs var:c.tried_at ?></span>, <?cs var:c.milliseconds ?> <?cs var:Words.partner.ms ?></span><?cs /if ?></td></tr><?cs /each ?>
</tbody></table>
<?cs call:paging() ?><?cs else ?><p class="muted"><?cs var:Words.partner.no_callbacks ?></p><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
