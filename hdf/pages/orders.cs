<?cs # orders.cs - the table of orders, for the list of certificates and the tab of products; include after macros.cs. ?>
<?cs def:account_tabs(current) ?><nav aria-label="<?cs var:Words.account.title ?>"><ul class="tabs">
<li><a href="/account"<?cs if:current == "account" ?> aria-current="page"<?cs /if ?>><?cs var:Words.account.details ?></a></li>
<li><a href="/account/data-security-products"<?cs if:current == "products" ?> aria-current="page"<?cs /if ?>><?cs var:Words.products.title ?></a></li>
</ul></nav><?cs /def ?>
<?cs # Roles are named because a phone folds the rows into cards, and browsers then forget that it is a table. ?>
<?cs def:head(word) ?><th scope="col" role="columnheader"><?cs var:word ?></th><?cs /def ?>
<?cs def:orders(caption) ?><table class="fold" role="table">
<caption class="hidden"><?cs var:caption ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.order.number) ?><?cs call:head(Words.order.email) ?><?cs call:head(Words.order.state) ?><?cs call:head(Words.order.next) ?></tr></thead>
<tbody role="rowgroup"><?cs each:o = List ?>
<tr role="row">
<th scope="row" role="rowheader"><a href="<?cs var:o.path ?>"><?cs call:order_number(o.number) ?></a><br><span class="muted"><?cs var:o.product ?><br><span class="hidden"><?cs var:Words.order.ordered_at ?>: </span><span class="time"><?cs var:o.ordered_at ?></span></span></th>
<td role="cell" data-label="<?cs var:Words.order.email ?>"><?cs if:o.email ?><?cs call:address(o.email, o.email_shown) ?><?cs else ?><span class="muted"><?cs var:Words.order.no_email ?></span><?cs /if ?></td>
<td role="cell" data-label="<?cs var:Words.order.state ?>"><?cs call:state(o.state) ?><?cs if:o.not_after ?><br><span class="muted"><?cs var:Words.certificate.not_after ?>: <span class="time"><?cs var:o.not_after ?></span></span><?cs /if ?></td>
<td role="cell" class="cell-next"><?cs if:o.next.code ?><a class="button button-quiet" href="<?cs var:o.next.href ?>"><?cs var:Words.next[o.next.code] ?><span class="hidden"> ORDER/<?cs var:o.number ?></span></a><?cs /if ?></td>
</tr><?cs /each ?>
</tbody>
</table>
<?cs call:paging() ?><?cs /def ?>
