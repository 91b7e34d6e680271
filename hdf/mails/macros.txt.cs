<?cs # macros.txt.cs - beginning and end of the text part of every mail. No line end at the end of this file: it
would be the first line of each mail. ?><?cs
def:fact(word, value) ?><?cs if:value ?>  <?cs var:word ?>: <?cs var:value ?>
<?cs /if ?><?cs /def ?><?cs
def:begin() ?><?cs var:Words.letter.hello ?>

<?cs /def ?><?cs
def:order() ?><?cs call:fact(Words.letter.address, Mail.address) ?><?cs if:Mail.address_shown ?>    (<?cs var:Mail.address_shown ?>)
<?cs /if ?><?cs call:fact(Words.letter.product, Mail.product) ?>  <?cs var:Words.letter.order ?>: ORDER/<?cs var:Mail.order ?>
<?cs /def ?><?cs
def:order_link() ?><?cs var:Words.letter.open_order ?>
<?cs var:Mail.order_href ?>
<?cs /def ?><?cs
def:end() ?>
<?cs var:Words.letter.signature ?>
<?cs var:Brand.name ?>

<?cs var:Words.letter.support ?> <?cs var:Brand.support ?>

<?cs # Two hyphens and a blank: the mark of a signature (RFC 3676 4.3). ?>-- 
<?cs if:Mail.order ?><?cs var:Words.letter.why ?><?cs else ?><?cs var:Words.letter.why_account ?><?cs /if ?>
<?cs /def ?>