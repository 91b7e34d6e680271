<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Words.accessibility.title ?>
<?cs def:content() ?>
<h1><?cs var:Words.accessibility.title ?></h1>
<p class="lead"><?cs var:Words.accessibility.lead ?></p>
<?cs each:t = Words.accessibility.part ?><h2><?cs var:t ?></h2>
<?cs each:s = t ?><p><?cs var:s ?></p>
<?cs /each ?><?cs /each ?><p><?cs var:Words.accessibility.contact ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<?cs /def ?>
<?cs include!"layout.cs" ?>
