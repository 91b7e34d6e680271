<?cs include!"macros.cs" ?>
<?cs set:Page.title = Words.demo_mail.title ?><?cs set:Page.nav = "mail" ?>
<?cs def:content() ?>
<h1><?cs var:Words.demo_mail.title ?></h1>
<p class="lead"><?cs var:Words.demo_mail.lead ?></p>
<?cs if:subcount(List) ?><ul class="notes"><?cs each:m = List ?>
<li class="note"><div><h2 class="note-title"><a href="<?cs var:m.href ?>"><?cs var:m.subject ?></a></h2>
<p><?cs var:Words.demo_mail.to ?> <span class="address"><?cs var:m.to ?></span></p>
<p class="muted"><?cs var:Words.demo_mail.from ?> <?cs var:m.from ?> · <?cs var:m.at ?></p></div></li><?cs /each ?>
</ul><?cs call:paging() ?><?cs else ?><div class="empty"><p class="says"><?cs var:Words.demo_mail.empty ?></p><p><?cs var:Words.demo_mail.empty_help ?></p></div><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
