<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.callbacks ?><?cs set:Page.nav = "partner" ?>
<?cs def:log_state(id) ?><option value="<?cs var:id ?>"<?cs if:id == Form.state ?> selected<?cs /if ?>><?cs var:Words.partner_callback[id] ?></option><?cs /def ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.callbacks ?></h1>
<?cs call:partner_tabs("callbacks") ?>
<p class="lead"><?cs var:Words.partner.callbacks_says ?></p>
<?cs if:Page.secret ?><div class="box box-good" role="status"><p class="says"><?cs call:icon("verified") ?> <?cs var:Words.partner.secret_made ?></p><p><?cs var:Words.partner.secret_once ?></p><?cs call:command(Page.secret) ?></div><?cs /if ?>
<?cs if:Page.given_up ?><div class="box box-warning"><p class="says"><?cs call:icon("warning") ?> <?cs var:Words.partner.given_up_says ?> <?cs var:Page.given_up ?></p>
<p><?cs var:Words.partner.given_up_help ?></p>
<form method="post" action="/partner/callbacks/replay"><?cs call:token() ?><button type="submit" class="button-quiet"><?cs var:Words.partner.replay_all ?></button></form></div><?cs /if ?>
<?cs if:subcount(Address) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.addresses ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.url) ?><?cs call:head(Words.partner_callback.waiting) ?><?cs call:head(Words.partner_callback.given_up) ?><th scope="col" role="columnheader"><span class="hidden"><?cs var:Words.partner.address_change ?></span></th></tr></thead>
<tbody role="rowgroup"><?cs each:a = Address ?>
<tr role="row"><th scope="row" role="rowheader"><span class="address code"><?cs var:a.url ?></span><br><span class="muted"><?cs var:Words.partner.made_at ?>: <span class="time"><?cs var:a.created_at ?></span></span></th>
<td role="cell" data-label="<?cs var:Words.partner_callback.waiting ?>"><?cs var:a.waiting ?></td>
<td role="cell" data-label="<?cs var:Words.partner_callback.given_up ?>"><?cs var:a.given_up ?></td>
<td role="cell" class="cell-next"><a class="button button-quiet" href="/partner/callbacks/addresses/<?cs var:a.id ?>"><?cs var:Words.partner.address_manage ?><span class="hidden"> <?cs var:a.url ?></span></a></td></tr><?cs /each ?>
</tbody></table><?cs /if ?>
<section class="card sheet" aria-labelledby="url-new"><h2 id="url-new"><?cs var:Words.partner.url_new ?></h2>
<form method="post" action="/partner/callbacks" novalidate><?cs call:token() ?>
<div class="field"><label for="url"><?cs var:Words.partner.url ?></label>
<p class="hint" id="url-hint"><?cs var:Words.partner.url_hint ?></p>
<?cs call:field_error("url") ?>
<input id="url" name="url" type="url" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="500" required value="<?cs var:Form.url ?>"<?cs call:field_ties("url", "url-hint") ?>></div>
<div class="buttons"><button type="submit"><?cs var:Words.partner.url_button ?></button></div></form></section>
<h2><?cs var:Words.partner.callback_log ?></h2>
<form class="search" method="get" action="/partner/callbacks" role="search" aria-label="<?cs var:Words.partner.callback_log ?>">
<div class="field"><label for="order"><?cs var:Words.order.number ?></label>
<input id="order" name="order" type="search" autocomplete="off" spellcheck="false" value="<?cs var:Form.order ?>"></div>
<div class="field"><label for="state"><?cs var:Words.partner.delivery ?></label>
<select id="state" name="state"><option value=""><?cs var:Words.certificates.any ?></option><?cs call:log_state("waiting") ?><?cs call:log_state("done") ?><?cs call:log_state("given_up") ?></select></div>
<div class="buttons"><?cs if:Form.order || Form.state ?><a class="back" href="/partner/callbacks"><?cs var:Words.certificates.clear ?></a><?cs /if ?><button type="submit"><?cs var:Words.certificates.search ?></button></div>
</form>
<?cs if:subcount(Callback) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.callback_log ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.order.number) ?><?cs call:head(Words.order.state) ?><?cs call:head(Words.partner.delivery) ?><?cs call:head(Words.partner.answer) ?></tr></thead>
<tbody role="rowgroup"><?cs each:c = Callback ?>
<tr role="row"><th scope="row" role="rowheader"><a href="/partner/orders/<?cs var:c.order_number ?>"><?cs call:order_number(c.order_number) ?></a><br><span class="muted"><span class="time"><?cs var:c.at ?></span></span></th>
<td role="cell" data-label="<?cs var:Words.order.state ?>"><?cs call:state(c.status) ?></td>
<td role="cell" data-label="<?cs var:Words.partner.delivery ?>"><a href="/partner/callbacks/<?cs var:c.callback_id ?>"><?cs var:Words.partner_callback[c.callback_state] ?><span class="hidden">, <?cs var:Words.partner.callback_one ?> <?cs var:c.callback_id ?></span></a><?cs if:c.attempts ?><br><span class="muted"><?cs var:Words.partner.attempts ?>: <?cs var:c.attempts ?></span><?cs /if ?><?cs if:c.callback_state == "waiting" && c.attempts ?><br><span class="muted"><?cs var:Words.partner.next_at ?>: <span class="time"><?cs var:c.next_at ?></span></span><?cs /if ?></td>
<td role="cell" data-label="<?cs var:Words.partner.answer ?>"><?cs if:c.tried_at ?><?cs call:callback_answer(c.http_status, c.says) ?><br><span class="muted"><span class="time"><?cs var:c.tried_at ?></span>, <?cs var:c.milliseconds ?> <?cs var:Words.partner.ms ?></span><?cs /if ?></td></tr><?cs /each ?>
</tbody></table>
<?cs call:paging() ?><?cs elif:Form.order || Form.state ?><p class="muted"><?cs var:Words.partner.no_callback_match ?></p><?cs else ?><p class="muted"><?cs var:Words.partner.no_callbacks ?></p><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
