<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.callback_one + " " + Callback.callback_id ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<p class="over"><a href="/partner/callbacks"><?cs var:Words.partner.callbacks ?></a></p>
<h1><?cs var:Page.title ?></h1>
<section class="card" aria-labelledby="about"><div class="card-head"><h2 id="about"><a href="/partner/orders/<?cs var:Callback.order_number ?>"><?cs call:order_number(Callback.order_number) ?></a></h2><?cs call:state(Callback.status) ?></div>
<dl class="facts"><?cs call:fact(Words.partner.happened_at, Callback.at) ?><?cs call:code_fact(Words.partner.url, Callback.url) ?><?cs call:fact(Words.partner.delivery, Words.partner_callback[Callback.callback_state]) ?><?cs if:Callback.callback_state == "waiting" && Callback.attempts ?><?cs call:fact(Words.partner.next_at, Callback.next_at) ?><?cs /if ?></dl>
<?cs if:Callback.may_replay ?><form method="post" action="/partner/callbacks/<?cs var:Callback.callback_id ?>/replay"><?cs call:token() ?><button type="submit" class="button-quiet"><?cs var:Words.partner.replay ?></button></form><?cs else ?><p class="muted"><?cs var:Words.partner.no_replay ?></p><?cs /if ?>
</section>
<h2><?cs var:Words.partner.attempts ?></h2>
<?cs if:subcount(Attempt) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.attempts ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.tried_at) ?><?cs call:head(Words.partner.answer) ?><?cs call:head(Words.partner.took) ?></tr></thead>
<tbody role="rowgroup"><?cs each:a = Attempt ?>
<tr role="row"><th scope="row" role="rowheader"><span class="time"><?cs var:a.at ?></span></th>
<td role="cell" data-label="<?cs var:Words.partner.answer ?>"><?cs call:callback_answer(a.http_status, a.says) ?></td>
<td role="cell" data-label="<?cs var:Words.partner.took ?>"><?cs var:a.milliseconds ?> <?cs var:Words.partner.ms ?></td></tr><?cs /each ?>
</tbody></table><?cs else ?><p class="muted"><?cs var:Words.partner.no_attempts ?></p><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
