<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs set:Page.title = Words.products.title ?><?cs set:Page.nav = "account" ?>
<?cs def:content() ?>
<h1><?cs var:Words.account.title ?></h1>
<?cs call:account_tabs("products") ?>
<h2><?cs var:Words.products.title ?></h2>
<?cs if:subcount(List) ?><p><?cs var:Words.products.lead ?></p>
<?cs call:orders(Words.products.title) ?><?cs else ?><div class="empty"><p class="says"><?cs var:Words.products.empty ?></p><p><?cs var:Words.products.empty_help ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p></div><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
