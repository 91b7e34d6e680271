<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.orders ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.orders ?></h1>
<?cs call:partner_tabs("orders") ?>
<p><a class="button" href="/partner/orders/new"><?cs var:Words.partner.new ?></a></p>
<form class="search" method="get" action="/partner/orders" role="search" aria-label="<?cs var:Words.partner.search_label ?>"><?cs if:Form.bulk ?><input type="hidden" name="bulk" value="<?cs var:Form.bulk ?>"><?cs /if ?>
<div class="field"><label for="q"><?cs var:Words.partner.q ?></label>
<input id="q" name="q" type="search" autocomplete="off" autocapitalize="none" spellcheck="false" value="<?cs var:Form.q ?>"></div>
<div class="field"><label for="status"><?cs var:Words.order.state ?></label>
<select id="status" name="status"><option value=""><?cs var:Words.certificates.any ?></option><?cs each:s = Status ?><option value="<?cs var:s.id ?>"<?cs if:s.chosen ?> selected<?cs /if ?>><?cs if:s.id == "expiring" ?><?cs var:Words.partner.expiring_state ?><?cs else ?><?cs var:Words.state[s.id] ?><?cs /if ?></option><?cs /each ?></select></div>
<div class="field"><label for="product"><?cs var:Words.order.product ?></label>
<select id="product" name="product"><option value=""><?cs var:Words.certificates.any ?></option><?cs each:p = Product ?><option value="<?cs var:p.id ?>"<?cs if:p.id == Form.product ?> selected<?cs /if ?>><?cs var:p.name ?></option><?cs /each ?></select></div>
<div class="buttons"><?cs if:Page.searched ?><a class="back" href="/partner/orders"><?cs var:Words.certificates.clear ?></a><?cs /if ?><button type="submit"><?cs var:Words.certificates.search ?></button></div>
</form>
<?cs if:subcount(List) ?><table class="fold" role="table">
<caption class="hidden"><?cs var:Words.partner.orders ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.order.number) ?><?cs call:head(Words.partner.customer_name) ?><?cs call:head(Words.order.email) ?><?cs call:head(Words.order.state) ?></tr></thead>
<tbody role="rowgroup"><?cs each:o = List ?>
<tr role="row">
<th scope="row" role="rowheader"><a href="/partner/orders/<?cs var:o.number ?>"><?cs call:order_number(o.number) ?></a><br><span class="address"><?cs var:o.partner_ref ?></span><br><span class="muted"><?cs var:o.product ?><br><span class="time"><?cs var:o.ordered_at ?></span></span></th>
<td role="cell" data-label="<?cs var:Words.partner.customer_name ?>"><?cs var:o.customer_name ?></td>
<td role="cell" data-label="<?cs var:Words.order.email ?>"><?cs if:o.email ?><?cs call:address(o.email, o.email_shown) ?><?cs else ?><span class="muted"><?cs var:Words.order.no_email ?></span><?cs /if ?></td>
<td role="cell" data-label="<?cs var:Words.order.state ?>"><?cs call:state(o.state) ?><?cs if:o.not_after ?><br><span class="muted"><?cs var:Words.certificate.not_after ?>: <span class="time"><?cs var:o.not_after ?></span></span><?cs /if ?></td>
</tr><?cs /each ?>
</tbody>
</table>
<?cs call:paging() ?>
<p><a href="<?cs var:Page.csv ?>" download><?cs call:icon("download") ?> <?cs var:Words.partner.csv ?></a></p><?cs
elif:Page.searched ?><div class="empty" role="status"><p class="says"><?cs var:Words.partner.no_match ?></p><p><?cs var:Words.partner.no_match_help ?></p></div><?cs
else ?><div class="empty"><p class="says"><?cs var:Words.partner.no_orders ?></p></div><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
