<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs set:Page.title = Words.account.title ?><?cs set:Page.nav = "account" ?>
<?cs def:content() ?>
<h1><?cs var:Words.account.title ?></h1>
<?cs call:account_tabs("account") ?>
<div class="card"><dl class="facts"><?cs call:fact(Words.account.name, Me.name) ?><?cs call:fact(Words.sign_in.login, Me.login) ?><?cs call:fact(Words.account.kind, Words.account_kind[Me.kind]) ?><?cs call:fact(Words.account.since, Account.since) ?><?cs call:fact(Words.account.signed_in_at, Account.signed_in_at) ?></dl></div>
<p><a href="/account/data-security-products"><?cs var:Words.account.to_products ?></a></p>
<p class="muted"><?cs var:Words.account.change ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<?cs /def ?>
<?cs include!"layout.cs" ?>
