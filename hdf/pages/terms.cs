<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.terms.title ?>
<?cs def:content() ?>
<h1><?cs var:Words.terms.title ?></h1>
<p class="lead"><?cs var:Words.terms.lead ?></p>
<?cs each:t = Words.terms.part ?><h2><?cs var:t ?></h2>
<?cs each:s = t ?><p><?cs var:s ?></p>
<?cs /each ?><?cs /each ?><p><?cs var:Words.terms.contact ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<?cs /def ?>
<?cs include!"layout.cs" ?>
