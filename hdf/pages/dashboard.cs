<?cs include!"macros.cs" ?>
<?cs set:Page.title = Words.dashboard.title ?><?cs set:Page.nav = "dashboard" ?>
<?cs def:tab(id) ?><li><a href="/dashboard?tab=<?cs var:id ?>"<?cs if:Page.tab == id ?> aria-current="page"<?cs /if ?>><?cs var:Words.tab[id] ?><?cs if:Tab[id].count ?> <span class="count"><?cs var:Tab[id].count ?></span><?cs /if ?></a></li>
<?cs /def ?>
<?cs def:task(task, word, help, icon) ?><?cs if:task.count ?><a class="task" href="<?cs var:task.href ?>"><?cs call:icon(icon) ?><span><strong><?cs var:word ?></strong> <span class="count"><?cs var:task.count ?></span><br><span class="muted"><?cs var:help ?></span></span> <?cs call:icon("next") ?></a>
<?cs /if ?><?cs /def ?>
<?cs def:content() ?>
<h1><?cs var:Words.dashboard.hello ?><?cs if:Me.name ?>, <?cs var:Me.name ?><?cs /if ?></h1>
<div class="with-aside">
<div>
<?cs if:Task.mailbox.count || Task.activation.count ?><section class="tasks" aria-labelledby="tasks">
<h2 id="tasks"><?cs var:Words.dashboard.tasks ?></h2>
<?cs call:task(Task.mailbox, Words.dashboard.task_mailbox, Words.dashboard.task_mailbox_help, "mail") ?><?cs call:task(Task.activation, Words.dashboard.task_activation, Words.dashboard.task_activation_help, "certificates") ?></section><?cs /if ?>
<section aria-labelledby="notifications">
<h2 id="notifications"><?cs var:Words.dashboard.notifications ?></h2>
<nav aria-labelledby="notifications"><ul class="tabs"><?cs call:tab("information") ?><?cs call:tab("problems") ?><?cs call:tab("expiration") ?><?cs call:tab("new") ?></ul></nav>
<?cs if:subcount(List) ?><ul class="notes"><?cs each:n = List ?>
<li class="note">
<div>
<h3><?cs var:Words.notification[n.code] ?></h3>
<p class="note-facts"><a href="<?cs var:n.path ?>"><?cs call:order_number(n.number) ?></a><?cs if:n.email ?> <span><?cs call:address(n.email, n.email_shown) ?></span><?cs /if ?> <span class="muted time"><?cs var:n.at ?></span></p>
<?cs if:n.reply ?><p><?cs var:Words.mail.reply ?>: <span class="code"><?cs var:n.reply ?></span></p><?cs /if ?>
<?cs if:n.says ?><p><?cs var:n.says ?></p><?cs if:n.help ?><p><?cs var:n.help ?></p><?cs /if ?><?cs if:n.command ?><?cs call:command(n.command) ?><?cs /if ?><?cs /if ?>
<?cs if:n.not_after ?><p><?cs var:Words.certificate.not_after ?>: <?cs var:n.not_after ?></p><?cs /if ?>
</div>
<?cs if:n.next.code ?><p class="note-next"><a class="button button-quiet" href="<?cs var:n.next.href ?>"><?cs var:Words.next[n.next.code] ?><span class="hidden"> ORDER/<?cs var:n.number ?></span></a></p><?cs /if ?>
</li><?cs /each ?>
</ul>
<?cs call:paging() ?><?cs else ?><div class="empty"><p class="says"><?cs var:Words.dashboard.empty ?></p><p><?cs var:Words.dashboard_empty[Page.tab] ?></p><p><a href="/account/data-security-products"><?cs var:Words.dashboard.empty_link ?></a></p></div><?cs /if ?>
</section>
</div>
<div class="aside">
<section class="card" aria-labelledby="panel-way"><h2 id="panel-way"><?cs var:Words.dashboard.way ?></h2>
<ol class="way"><li><?cs var:Words.dashboard.way_1 ?></li><li><?cs var:Words.dashboard.way_2 ?></li><li><?cs var:Words.dashboard.way_3 ?></li></ol></section>
<section class="card" aria-labelledby="panel-key"><h2 id="panel-key"><?cs var:Words.dashboard.key ?></h2>
<p><?cs var:Words.dashboard.key_says ?></p><p><a href="/tools"><?cs var:Words.dashboard.key_link ?></a></p></section>
</div>
</div>
<?cs /def ?>
<?cs include!"layout.cs" ?>
