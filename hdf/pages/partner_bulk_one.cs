<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.bulk_progress ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.bulk_progress ?></h1>
<?cs call:partner_tabs("bulk") ?>
<section class="card" aria-labelledby="stages"><h2 id="stages"><?cs var:Words.partner.stages ?></h2>
<p><label for="issued"><?cs var:Words.partner.bulk_issued ?> <?cs var:Bulk.issued ?> / <?cs var:Bulk.total ?></label><br>
<progress id="issued" value="<?cs var:Bulk.issued ?>" max="<?cs var:Bulk.total ?>"></progress></p>
<?cs call:stages(Bulk.id) ?>
<dl class="facts"><?cs call:fact(Words.partner.made_at, Bulk.made_at) ?><?cs call:fact(Words.partner.made_by, Bulk.made_by) ?></dl>
<p><a class="button button-quiet" href="/partner/orders?bulk=<?cs var:Bulk.id ?>"><?cs var:Words.partner.bulk_orders ?></a></p></section>
<?cs /def ?>
<?cs include!"layout.cs" ?>
