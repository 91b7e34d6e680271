<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs include!"partner_parts.cs" ?><?cs set:Page.title = Words.partner.documentation ?><?cs set:Page.nav = "partner" ?>
<?cs # Rows of a table for the fields of a post. ?>
<?cs def:post_fields(list) ?><?cs each:f = list ?>
<tr role="row"><th scope="row" role="rowheader"><code><?cs var:f.name ?></code><?cs if:f.mandatory ?> <span class="tag"><?cs var:Words.partner.wanted ?></span><?cs /if ?></th><td role="cell"><?cs var:Words.partner_field[f.name] ?><?cs if:f.name == "product" ?><?cs each:p = Product ?> <code><?cs var:p.id ?></code><?cs if:!last(p) ?>,<?cs /if ?><?cs /each ?><?cs elif:f.name == "reason" ?><?cs each:x = Reason ?> <code><?cs var:x.id ?></code><?cs if:!last(x) ?>,<?cs /if ?><?cs /each ?><?cs /if ?></td></tr><?cs /each ?><?cs /def ?>
<?cs def:content() ?>
<h1><?cs var:Words.partner.documentation ?></h1>
<?cs if:Me.kind == "partner" ?><?cs call:partner_tabs("documentation") ?><?cs /if ?>
<p class="lead"><?cs var:Words.partner.doc_lead ?></p>
<h2><?cs var:Words.partner.doc_begin ?></h2>
<p><?cs var:Words.partner.doc_key ?></p>
<pre class="command example"><code>export MAILCERT=<?cs var:Doc.url ?> KEY=mck_...</code></pre>
<h2><?cs var:Words.partner.doc_order ?></h2>
<p><?cs var:Words.partner.doc_order_says ?></p>
<pre class="command example"><code>curl -sS "$MAILCERT/partner/orders" -H "Authorization: Bearer $KEY" -H 'Accept: application/json' \
  -d product=<?cs var:Product[0].id ?> -d partner_ref=A-1001 \
  --data-urlencode email=joe.doe@youremail.example --data-urlencode 'customer_name=Joe Doe'</code></pre>
<table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.doc_fields ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.doc_field) ?><?cs call:head(Words.partner.doc_meaning) ?></tr></thead>
<tbody role="rowgroup"><?cs call:post_fields(Field) ?>
</tbody></table>
<h2><?cs var:Words.partner.doc_follow ?></h2>
<p><?cs var:Words.partner.doc_follow_says ?></p>
<pre class="command example"><code>curl -sS "$MAILCERT/partner/orders/$ORDER" -H "Authorization: Bearer $KEY" -H 'Accept: application/json'</code></pre>
<h2><?cs var:Words.partner.doc_activate ?></h2>
<p><?cs var:Words.partner.doc_activate_says ?></p>
<pre class="command example"><code>openssl req -new -newkey rsa:3072 -nodes -sha256 -subj /CN=mailbox -keyout mailbox.key -out mailbox.csr
curl -sS "$MAILCERT/csr/check" -H "Authorization: Bearer $KEY" -H 'Accept: application/json' \
  -d order="$ORDER" --data-urlencode csr@mailbox.csr
curl -sS "$MAILCERT/partner/orders/$ORDER/activate" -H "Authorization: Bearer $KEY" -H 'Accept: application/json' \
  --data-urlencode csr@mailbox.csr -d accept_terms=yes -d accept_data=yes</code></pre>
<h2><?cs var:Words.partner.doc_certificate ?></h2>
<pre class="command example"><code>curl -sS -f "$MAILCERT/partner/orders/$ORDER/certificate.pem" -H "Authorization: Bearer $KEY" -o mailbox.pem
curl -sS -f "$MAILCERT/partner/orders/$ORDER/chain.pem" -H "Authorization: Bearer $KEY" -o chain.pem</code></pre>
<h2><?cs var:Words.partner.doc_revoke ?></h2>
<pre class="command example"><code>curl -sS "$MAILCERT/partner/orders/$ORDER/revoke" -H "Authorization: Bearer $KEY" -H 'Accept: application/json' \
  -d reason=superseded</code></pre>
<h2><?cs var:Words.partner.doc_steps ?></h2>
<p><?cs var:Words.partner.doc_steps_says ?></p>
<?cs each:x = Step ?><h3><code>POST /partner/orders/:number/:item/<?cs var:x.name ?></code></h3>
<p><?cs var:Words.partner_action[x.name] ?></p>
<?cs if:subcount(x.field) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.doc_fields_of ?> <?cs var:x.name ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.doc_field) ?><?cs call:head(Words.partner.doc_meaning) ?></tr></thead>
<tbody role="rowgroup"><?cs call:post_fields(x.field) ?>
</tbody></table><?cs /if ?><?cs /each ?>
<h2><?cs var:Words.partner.doc_states ?></h2>
<dl class="facts"><?cs each:x = Words.state ?><div class="fact"><dt><code><?cs name:x ?></code></dt><dd><?cs var:x ?></dd></div>
<?cs /each ?></dl>
<h2><?cs var:Words.partner.doc_list ?></h2>
<p><?cs var:Words.partner.doc_list_says ?></p>
<pre class="command example"><code>curl -sS "$MAILCERT/partner/orders?q=A-1001&amp;status=issued" -H "Authorization: Bearer $KEY" -H 'Accept: application/json'
curl -sS "$MAILCERT/partner/dashboard" -H "Authorization: Bearer $KEY" -H 'Accept: application/json'</code></pre>
<h2><?cs var:Words.partner.doc_addresses ?></h2>
<ul class="list"><?cs each:x = Route ?><li><code><?cs var:x.method ?> <?cs var:x.path ?></code></li><?cs /each ?></ul>
<h2><?cs var:Words.partner.callbacks ?></h2>
<p><?cs var:Words.partner.doc_callback ?></p>
<table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.doc_callback_fields ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.doc_field) ?><?cs call:head(Words.partner.doc_meaning) ?></tr></thead>
<tbody role="rowgroup"><?cs each:f = Told ?>
<tr role="row"><th scope="row" role="rowheader"><code><?cs var:f.name ?></code></th><td role="cell"><?cs var:Words.partner_told[f.name] ?></td></tr><?cs /each ?>
</tbody></table>
<p><?cs var:Words.partner.doc_signature ?></p>
<pre class="command example"><code>T=1764000000 BODY='id=4711&amp;order=0000123456%2Fb01' SECRET=mcs_...
printf '%s.%s' "$T" "$BODY" | openssl dgst -sha256 -hmac "$SECRET"</code></pre>
<p><?cs var:Words.partner.doc_repeat ?></p>
<h2><?cs var:Words.partner.doc_faults ?></h2>
<p><?cs var:Words.partner.doc_faults_says ?></p>
<table class="fold" role="table"><caption class="hidden"><?cs var:Words.partner.doc_faults ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.partner.doc_code) ?><?cs call:head(Words.error.status) ?><?cs call:head(Words.partner.doc_field) ?><?cs call:head(Words.partner.doc_meaning) ?></tr></thead>
<tbody role="rowgroup"><?cs each:c = Code ?>
<tr role="row"><th scope="row" role="rowheader"><code><?cs var:c.code ?></code></th><td role="cell" data-label="<?cs var:Words.error.status ?>"><?cs var:c.status ?></td><td role="cell" data-label="<?cs var:Words.partner.doc_field ?>"><?cs if:c.field ?><code><?cs var:c.field ?></code><?cs /if ?></td><td role="cell"><?cs var:c.says ?></td></tr><?cs /each ?>
</tbody></table>
<?cs /def ?>
<?cs include!"layout.cs" ?>
