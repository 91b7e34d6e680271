<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.bulk ?><?cs if:subcount(Line) ?><?cs set:Page.title = Words.error.prefix + " " + Words.partner.bulk ?><?cs /if ?><?cs set:Page.nav = "partner" ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.bulk ?></h1>
<?cs call:partner_tabs("bulk") ?>
<p class="lead"><?cs var:Words.partner.bulk_says ?></p>
<?cs if:subcount(Line) ?><div class="box box-wrong" id="error-summary" role="alert" tabindex="-1"><p class="says"><?cs call:icon("wrong") ?> <?cs var:Words.partner.bulk_wrong ?> <?cs var:Bulk.wrong ?></p><p><?cs var:Words.partner.bulk_nothing ?></p><?cs if:Bulk.untold ?><p><?cs var:Words.partner.bulk_untold ?> <?cs var:Bulk.untold ?></p><?cs /if ?></div>
<table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.bulk_wrong ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.line) ?><?cs call:head(Words.partner.column) ?><?cs call:head(Words.partner.wrong) ?></tr></thead>
<tbody role="rowgroup"><?cs each:l = Line ?>
<tr role="row"><th scope="row" role="rowheader"><?cs var:l.number ?></th><td role="cell" data-label="<?cs var:Words.partner.column ?>"><code><?cs var:l.field ?></code></td><td role="cell" data-label="<?cs var:Words.partner.wrong ?>"><?cs var:l.says ?> <?cs var:l.help ?></td></tr><?cs /each ?>
</tbody></table><?cs
elif:Bulk.good && !subcount(Error) ?><div class="box box-good" role="status"><p class="says"><?cs call:icon("verified") ?> <?cs var:Words.partner.bulk_good ?> <?cs var:Bulk.good ?></p></div><?cs /if ?>
<section class="card sheet" aria-labelledby="bulk-new"><h2 id="bulk-new"><?cs var:Words.partner.bulk_csv ?></h2>
<form method="post" action="/partner/bulk" enctype="multipart/form-data" novalidate><?cs call:token() ?>
<div class="field"><label for="csv"><?cs var:Words.partner.bulk_paste ?></label>
<p class="hint" id="csv-hint"><?cs var:Words.partner.bulk_columns ?><?cs each:c = Column ?> <code><?cs var:c.name ?></code><?cs if:c.wanted ?> (<?cs var:Words.partner.wanted ?>)<?cs /if ?><?cs if:!last(c) ?>,<?cs /if ?><?cs /each ?></p>
<?cs call:field_error("csv") ?>
<textarea id="csv" name="csv" rows="10" class="code" autocomplete="off" spellcheck="false" wrap="off"<?cs call:field_ties("csv", "csv-hint") ?>><?cs var:Form.csv ?></textarea></div>
<div class="field"><label for="csv_file"><?cs var:Words.activation_key.file ?></label>
<input id="csv_file" name="csv_file" type="file" accept=".csv,text/csv"></div>
<div class="buttons"><button type="submit" class="button-quiet" name="action" value="check"><?cs var:Words.partner.bulk_check ?></button><button type="submit" name="action" value="order"><?cs var:Words.partner.bulk_button ?></button></div>
</form></section>
<details><summary><?cs var:Words.partner.bulk_example ?></summary><pre class="command"><code>partner_ref,product,email,customer_name
A-1001,<?cs var:Product[0].id ?>,joe.doe@youremail.example,Joe Doe
A-1002,<?cs var:Product[0].id ?>,ann.lee@youremail.example,Ann Lee</code></pre></details>
<?cs if:subcount(File) ?><h2><?cs var:Words.partner.bulk_files ?></h2>
<ul class="files"><?cs each:f = File ?><li><a href="/partner/bulk/<?cs var:f.id ?>"><?cs var:f.made_at ?></a> <span class="muted"><?cs var:f.made_by ?></span> <span class="count"><?cs var:f.count ?></span></li><?cs /each ?></ul><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
