<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs set:Page.title = Words.certificates.title ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<h1><?cs var:Words.certificates.title ?></h1>
<?cs if:subcount(List) || Page.searched ?><form class="search" method="get" action="/certificates" role="search" aria-label="<?cs var:Words.certificates.search_label ?>">
<div class="field"><label for="q"><?cs var:Words.certificates.q ?></label>
<input id="q" name="q" type="search" autocomplete="off" autocapitalize="none" spellcheck="false" value="<?cs var:Form.q ?>"></div>
<div class="field"><label for="status"><?cs var:Words.order.state ?></label>
<select id="status" name="status"><option value=""><?cs var:Words.certificates.any ?></option><?cs each:s = Words.state ?><option value="<?cs name:s ?>"<?cs if:name(s) == Form.status ?> selected<?cs /if ?>><?cs var:s ?></option><?cs /each ?></select></div>
<div class="buttons"><?cs if:Page.searched ?><a class="back" href="/certificates"><?cs var:Words.certificates.clear ?></a><?cs /if ?><button type="submit"><?cs var:Words.certificates.search ?></button></div>
</form><?cs /if ?>
<?cs if:subcount(List) ?><?cs call:orders(Words.certificates.title) ?><?cs
elif:Page.searched ?><div class="empty" role="status"><p class="says"><?cs var:Words.certificates.no_match ?></p><p><?cs var:Words.certificates.no_match_help ?></p></div><?cs
else ?><div class="empty"><p class="says"><?cs var:Words.products.empty ?></p><p><?cs var:Words.products.empty_help ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p></div><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
