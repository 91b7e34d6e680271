<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs set:Page.title = Message.subject ?><?cs set:Page.nav = "mail" ?>
<?cs def:content() ?>
<p><a class="back" href="/demo/mail"><?cs call:icon("back") ?> <?cs var:Words.demo_mail.title ?></a></p>
<h1><?cs var:Message.subject ?></h1>
<dl class="facts"><?cs call:fact(Words.demo_mail.from, Message.from) ?><?cs call:fact(Words.demo_mail.to, Message.to) ?><?cs call:fact(Words.demo_mail.at, Message.at) ?></dl>
<?cs if:Message.signed ?><p><?cs call:icon("verified") ?> <?cs var:Words.demo_mail.signed ?></p><?cs /if ?>
<?cs if:subcount(Message.link) ?><h2><?cs var:Words.demo_mail.links ?></h2>
<ul class="list"><?cs each:l = Message.link ?><li><a class="address" href="<?cs var:l ?>" rel="noreferrer"><?cs var:l ?></a></li><?cs /each ?></ul><?cs /if ?>
<h2><?cs var:Words.demo_mail.text ?></h2>
<pre class="message"><?cs var:Message.text ?></pre>
<?cs if:subcount(Message.attachment) ?><h2><?cs var:Words.demo_mail.attachments ?></h2>
<ul class="files"><?cs each:a = Message.attachment ?><li><a href="<?cs var:a.href ?>" download><?cs call:icon("download") ?> <?cs var:a.name ?></a> <span class="muted"><?cs var:a.size ?> B</span></li><?cs /each ?></ul><?cs /if ?>
<?cs /def ?>
<?cs include!"layout.cs" ?>
