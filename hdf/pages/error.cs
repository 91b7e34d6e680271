<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs if:Words.error_title[Page.code] ?><?cs set:Page.title = Words.error_title[Page.code] ?><?cs else ?><?cs set:Page.title = Words.error.title ?><?cs /if ?>
<?cs def:content() ?>
<p class="over"><?cs var:Words.error.status ?> <?cs var:Page.status ?></p>
<h1><?cs var:Page.title ?></h1>
<p class="lead"><?cs var:Page.says ?></p>
<p><?cs var:Page.help ?></p>
<?cs if:Page.retry_after || Page.incident ?><dl class="summary"><?cs call:fact(Words.error.retry_after, Page.retry_after) ?><?cs call:code_fact(Words.error.incident, Page.incident) ?></dl><?cs /if ?>
<p><?cs if:Page.back ?><a class="button" href="<?cs var:Page.back ?>"><?cs var:Words.error.go_on ?></a><?cs else ?><a class="button" href="/"><?cs var:Words.error.home ?></a><?cs /if ?></p>
<p class="muted"><?cs var:Words.error.support ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<?cs /def ?>
<?cs include!"layout.cs" ?>
