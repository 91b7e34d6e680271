<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.panel ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.panel ?></h1>
<?cs call:partner_tabs("dashboard") ?>
<p><a class="button" href="/partner/orders/new"><?cs var:Words.partner.new ?></a></p>
<div class="with-aside">
<div>
<section class="card" aria-labelledby="stages"><h2 id="stages"><?cs var:Words.partner.stages ?></h2>
<?cs call:stages_of("mailbox") ?><?cs call:stages_of("activation") ?><?cs call:stages_of("ended") ?>
</section>
<section aria-labelledby="problems"><h2 id="problems"><?cs var:Words.partner.problems ?></h2>
<?cs if:subcount(List) ?><ul class="notes"><?cs each:n = List ?>
<li class="note"><div>
<h3><?cs var:Words.notification[n.code] ?></h3>
<p><a href="/partner/orders/<?cs var:n.number ?>"><?cs call:order_number(n.number) ?></a> · <?cs var:n.partner_ref ?><?cs if:n.email ?> · <?cs call:address(n.email, n.email_shown) ?><?cs /if ?></p>
<?cs if:n.says ?><p><?cs var:n.says ?></p><?cs if:n.help ?><p><?cs var:n.help ?></p><?cs /if ?><?cs /if ?>
<p class="muted"><?cs var:n.at ?></p></div></li><?cs /each ?>
</ul><?cs call:paging() ?><?cs else ?><p class="muted"><?cs var:Words.partner.no_problems ?></p><?cs /if ?>
</section>
</div>
<div class="aside">
<section class="card" aria-labelledby="expiring"><h2 id="expiring"><?cs var:Words.partner.expiring ?></h2>
<p><?cs var:Words.partner.expiring_says ?> <a href="/partner/orders?status=expiring"><span class="count"><?cs var:Expiring.count ?></span></a></p></section>
<section class="card" aria-labelledby="volumes"><h2 id="volumes"><?cs var:Words.partner.volumes ?></h2>
<?cs if:subcount(Volume) ?><table role="table">
<caption class="hidden"><?cs var:Words.partner.volumes ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.month) ?><?cs call:head(Words.partner.ordered) ?><?cs call:head(Words.partner.issued) ?></tr></thead>
<tbody role="rowgroup"><?cs each:v = Volume ?>
<tr role="row"><th scope="row" role="rowheader"><?cs var:v.month ?></th><td role="cell"><?cs var:v.ordered ?></td><td role="cell"><?cs var:v.issued ?></td></tr><?cs /each ?>
</tbody></table><?cs else ?><p class="muted"><?cs var:Words.partner.no_orders ?></p><?cs /if ?></section>
</div>
</div>
<?cs /def ?>
<?cs include!"layout.cs" ?>
