<?cs include!"macros.cs" ?>
<?cs set:Page.sheet = 1 ?><?cs if:Certificate.serial ?><?cs set:Page.title = Words.activation_done.issued ?><?cs else ?><?cs set:Page.title = Words.activation_done.title ?><?cs /if ?><?cs set:Page.nav = "certificates" ?>
<?cs def:content() ?>
<?cs call:activation_steps(5) ?>
<p class="hidden" id="news" role="status"></p>
<div id="live"<?cs if:!Certificate.serial ?> data-live="<?cs var:Order.activation.status ?> <?cs var:Order.activation.reason ?>"<?cs /if ?>>
<?cs if:Certificate.serial ?><div class="panel"><?cs call:icon("verified") ?><h1><?cs var:Words.activation_done.issued ?></h1><p class="address"><?cs var:Order.email ?></p></div>
<p class="lead"><?cs var:Words.activation_done.issued_says ?></p>
<p><a class="button" href="<?cs var:Order.path ?>"><?cs var:Words.activation_done.to_certificate ?></a></p>
<?cs else ?><div class="panel"><?cs call:icon("waiting_for_verification") ?><h1><?cs var:Words.activation_done.title ?></h1><p class="address"><?cs var:Order.email ?></p></div>
<p class="lead"><?cs var:Words.activation_done.says ?></p>
<?cs call:reason(Order.activation) ?>
<dl class="facts"><?cs call:fact(Words.order.submitted_at, Order.activation.submitted_at) ?></dl>
<div class="buttons"><a class="button button-quiet" href="<?cs var:Order.path ?>/activation/done"><?cs var:Words.activation_done.look ?></a> <a class="button" href="<?cs var:Order.path ?>"><?cs var:Words.button.to_order ?></a></div><?cs /if ?>
</div>
<div class="box box-info"><p class="says"><?cs call:icon("info") ?> <?cs var:Words.activation_key.keep ?></p><p><?cs var:Words.activation_done.keep ?></p></div>
<?cs /def ?>
<?cs include!"layout.cs" ?>
