<?cs # layout.cs - the frame of every page. The page defines content() and sets Page.title and Page.nav first. ?><!DOCTYPE html>
<html lang="<?cs var:Words.language.code ?>">
<head>
<meta charset="utf-8">
<title><?cs if:subcount(Error) ?><?cs var:Words.error.prefix ?> <?cs /if ?><?cs var:Page.title ?> – <?cs var:Brand.name ?></title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/static/style.css<?cs if:Page.assets ?>?v=<?cs var:Page.assets ?><?cs /if ?>">
<?cs if:Brand.style ?><link rel="stylesheet" href="<?cs var:Brand.style ?>"><?cs /if ?>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<script type="module" src="/static/app.js<?cs if:Page.assets ?>?v=<?cs var:Page.assets ?><?cs /if ?>"></script>
</head>
<body>
<a class="skip" href="#main"><?cs var:Words.layout.skip ?></a>
<header class="top">
<a class="brand" href="/"><svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false"><rect class="mark-ground" width="32" height="32" rx="7"/><path class="mark-line" d="M6 10h20v13H6zM6 11l10 7 10-7"/></svg> <?cs var:Brand.name ?></a>
<div class="top-end">
<?cs if:(Page.path || Page.language_here) && subcount(Language) ?><form class="language" method="post"<?cs if:Page.path ?> action="/language"<?cs /if ?>><?cs call:token() ?><?cs if:Page.path ?><input type="hidden" name="back" value="<?cs var:Page.path ?>"><?cs /if ?><?cs
each:l = Language ?><?cs if:l.code == Words.language.code ?><span class="language-current"><span class="hidden"><?cs var:Words.layout.language ?> </span><?cs var:l.name ?></span><?cs
else ?><button class="plain" name="language" value="<?cs var:l.code ?>" lang="<?cs var:l.code ?>"><?cs var:l.name ?></button><?cs /if ?><?cs /each ?></form><?cs /if ?>
<?cs if:Me.login ?><a class="me" href="/account"><?cs call:icon("account") ?> <span class="hidden"><?cs var:Words.layout.signed_in_as ?> </span><?cs if:Me.name ?><?cs var:Me.name ?><?cs else ?><?cs var:Me.login ?><?cs /if ?></a>
<form method="post" action="/sign-out"><?cs call:token() ?><button class="plain"><?cs var:Words.layout.sign_out ?></button></form><?cs /if ?>
</div>
</header>
<div class="frame<?cs if:!Me.login ?> frame-single<?cs /if ?>">
<?cs if:Me.login ?><nav class="side" aria-label="<?cs var:Words.layout.menu ?>">
<ul>
<?cs if:Me.kind == "partner" && Page.partner ?><li><a href="/partner/dashboard"<?cs if:Page.nav == "partner" ?> aria-current="page"<?cs /if ?>><?cs call:icon("partner") ?> <?cs var:Words.layout.partner ?></a></li>
<?cs
else ?><li><a href="/dashboard"<?cs if:Page.nav == "dashboard" ?> aria-current="page"<?cs /if ?>><?cs call:icon("dashboard") ?> <?cs var:Words.layout.dashboard ?></a></li>
<li><a href="/certificates"<?cs if:Page.nav == "certificates" ?> aria-current="page"<?cs /if ?>><?cs call:icon("certificates") ?> <?cs var:Words.layout.certificates ?></a></li>
<?cs /if ?><li><a href="/account"<?cs if:Page.nav == "account" ?> aria-current="page"<?cs /if ?>><?cs call:icon("account") ?> <?cs var:Words.layout.account ?></a></li>
<li><a href="/tools"<?cs if:Page.nav == "tools" ?> aria-current="page"<?cs /if ?>><?cs call:icon("tools") ?> <?cs var:Words.layout.tools ?></a></li>
<?cs
if:Demo.mail ?><li class="wide"><a href="/demo/mail"<?cs if:Page.nav == "mail" ?> aria-current="page"<?cs /if ?>><?cs call:icon("mail") ?> <?cs var:Words.layout.demo_mail ?></a></li>
<?cs /if ?></ul>
</nav>
<?cs /if ?><main id="main" tabindex="-1"<?cs if:Page.sheet ?> class="sheet"<?cs /if ?>>
<?cs if:Page.notice ?><div class="box box-info" role="status"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.notice[Page.notice] ?></p></div>
<?cs /if ?><?cs call:error_summary() ?>
<?cs call:content() ?>
</main>
</div>
<footer class="foot">
<ul>
<?cs if:!Me.login ?><li><a href="/tools"><?cs var:Words.layout.tools ?></a></li><?cs /if ?>
<?cs if:Demo.mail ?><li<?cs if:Me.login ?> class="narrow"<?cs /if ?>><a href="/demo/mail"><?cs var:Words.layout.demo_mail ?></a></li><?cs /if ?>
<li><a href="/terms"><?cs var:Words.layout.terms ?></a></li>
<li><a href="/accessibility"><?cs var:Words.layout.accessibility ?></a></li>
<li><?cs var:Words.layout.support ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></li>
</ul>
</footer>
</body>
</html>
