<?cs # macros.html.cs - frame and parts of the HTML part of every mail. Mail programs know little CSS and drop sheets, so
styles stand at the elements; no image, no address is fetched. ?><?cs
def:p(text) ?><p style="margin:0 0 16px"><?cs var:text ?></p>
<?cs /def ?><?cs
def:fact(word, value) ?><?cs if:value ?><tr><th scope="row" align="left" valign="top" style="padding:6px 16px 6px 0;font-weight:normal;opacity:.8"><?cs var:word ?></th><td valign="top" style="padding:6px 0;word-break:break-word"><?cs var:value ?></td></tr>
<?cs /if ?><?cs /def ?><?cs
def:table_begin() ?><table style="border-collapse:collapse;margin:0 0 16px">
<?cs /def ?><?cs
def:table_end() ?></table>
<?cs /def ?><?cs
def:order() ?><?cs call:fact(Words.letter.address, Mail.address) ?><?cs call:fact("", Mail.address_shown) ?><?cs call:fact(Words.letter.product, Mail.product) ?><?cs call:fact(Words.letter.order, "ORDER/" + Mail.order) ?><?cs /def ?><?cs
def:button(href, word) ?><p style="margin:0 0 8px"><a href="<?cs var:href ?>" style="display:inline-block;padding:12px 24px;border-radius:8px;background:#0a6170;color:#ffffff;font-weight:bold;text-decoration:none"><?cs var:word ?></a></p>
<p style="margin:0 0 16px;font-size:14px;word-break:break-all"><a href="<?cs var:href ?>"><?cs var:href ?></a></p>
<?cs /def ?><?cs
def:link(word, href) ?><p style="margin:0 0 16px"><?cs var:word ?><br><a href="<?cs var:href ?>" style="word-break:break-all"><?cs var:href ?></a></p>
<?cs /def ?><?cs
def:begin() ?><!DOCTYPE html>
<html lang="<?cs var:Words.language.code ?>">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title><?cs var:Brand.name ?></title>
</head>
<body style="margin:0;padding:24px 16px;background:Canvas;color:CanvasText;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif">
<main style="max-width:600px;margin:0 auto">
<h1 style="margin:0 0 24px;padding-bottom:12px;border-bottom:2px solid #0a6170;font-size:18px"><?cs var:Brand.name ?></h1>
<p style="margin:0 0 16px"><?cs var:Words.letter.hello ?></p>
<?cs /def ?><?cs
def:end() ?><p style="margin:24px 0 0"><?cs var:Words.letter.signature ?><br><?cs var:Brand.name ?></p>
<p style="margin:16px 0 0"><?cs var:Words.letter.support ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<p style="margin:24px 0 0;padding-top:12px;border-top:1px solid #8a98a4;font-size:14px;opacity:.8"><?cs if:Mail.order ?><?cs var:Words.letter.why ?><?cs else ?><?cs var:Words.letter.why_account ?><?cs /if ?></p>
</main>
</body>
</html>
<?cs /def ?>
