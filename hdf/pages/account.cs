<?cs include!"macros.cs" ?>
<?cs include!"orders.cs" ?><?cs set:Page.title = Words.account.title ?><?cs set:Page.nav = "account" ?>
<?cs def:content() ?>
<h1><?cs var:Words.account.title ?></h1>
<?cs call:account_tabs("account") ?>
<div class="card"><dl class="facts"><?cs call:fact(Words.account.name, Me.name) ?><?cs call:fact(Words.sign_in.login, Me.login) ?><?cs call:fact(Words.account.kind, Words.account_kind[Me.kind]) ?><?cs call:fact(Words.account.since, Account.since) ?><?cs if:Account.email ?><?cs call:fact(Words.account.email, Account.email) ?><?cs else ?><?cs call:fact(Words.account.email, Words.account.email_none) ?><?cs /if ?></dl></div>
<p><a href="/account/data-security-products"><?cs var:Words.account.to_products ?></a></p>
<section class="card" aria-labelledby="password-title"><h2 id="password-title"><?cs var:Words.account.password_title ?></h2>
<form method="post" action="/account/password" novalidate>
<?cs call:token() ?><input type="text" name="username" value="<?cs var:Me.login ?>" autocomplete="username" hidden>
<div class="field">
<label for="password"><?cs var:Words.account.password_now ?></label>
<?cs call:field_error("password") ?>
<input id="password" name="password" type="password" class="width-half" autocomplete="current-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("password", "") ?>>
</div>
<div class="field">
<label for="new_password"><?cs var:Words.account.password_new ?></label>
<p class="hint" id="new_password-hint"><?cs var:Words.account.password_hint ?></p>
<?cs call:field_error("new_password") ?>
<input id="new_password" name="new_password" type="password" class="width-half" autocomplete="new-password" required data-show="<?cs var:Words.sign_in.show ?>"<?cs call:field_ties("new_password", "new_password-hint") ?>>
<?cs call:strength("new_password") ?>
</div>
<div class="check"><input id="others" name="others" type="checkbox" value="yes" checked><label for="others"><?cs var:Words.account.password_others ?></label></div>
<?cs call:go_on("", Words.account.password_button) ?>
</form></section>
<section class="card" aria-labelledby="keys-title"><h2 id="keys-title"><?cs var:Words.account_key.title ?></h2>
<p><?cs var:Words.account_key.text ?></p>
<?cs if:subcount(Key) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.account_key.title ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.account_key.name) ?><?cs call:head(Words.account_key.added) ?><?cs call:head(Words.account_key.used) ?><?cs call:head(Words.account_key.remove) ?></tr></thead>
<tbody role="rowgroup"><?cs each:k = Key ?>
<tr role="row"><th scope="row" role="rowheader"><?cs var:k.name ?></th>
<td role="cell" data-label="<?cs var:Words.account_key.added ?>"><span class="time"><?cs var:k.created_at ?></span></td>
<td role="cell" data-label="<?cs var:Words.account_key.used ?>"><?cs if:k.last_used_at ?><span class="time"><?cs var:k.last_used_at ?></span><?cs else ?><?cs var:Words.account_key.never ?><?cs /if ?></td>
<td role="cell" data-label="<?cs var:Words.account_key.remove ?>"><a href="/account/keys/<?cs var:k.id ?>/remove"><?cs var:Words.account_key.remove ?><span class="hidden"> <?cs var:k.name ?></span></a></td></tr><?cs /each ?>
</tbody></table><?cs else ?><p class="muted"><?cs var:Words.account_key.none ?></p><?cs /if ?>
<?cs if:Page.keys_open ?><p class="without-script"><?cs var:Words.account_key.no_script ?></p>
<p class="needs-script"><a href="/account/keys/new"><?cs var:Words.account_key.add ?></a></p><?cs else ?><p class="muted"><?cs var:Words.account_key.not_here ?></p><?cs /if ?></section>
<section class="card" aria-labelledby="others-title"><h2 id="others-title"><?cs var:Words.account.others_title ?></h2>
<?cs if:subcount(Session) ?><table class="fold" role="table"><caption class="hidden"><?cs var:Words.account.others_title ?></caption>
<thead role="rowgroup"><tr role="row"><?cs call:head(Words.account.browser) ?><?cs call:head(Words.account.session_since) ?><?cs call:head(Words.account.session_seen) ?><?cs call:head(Words.account.session_end) ?></tr></thead>
<tbody role="rowgroup"><?cs each:s = Session ?>
<tr role="row"><th scope="row" role="rowheader"><?cs if:s.browser ?><?cs var:s.browser ?><?cs else ?><?cs var:Words.account.browser_unknown ?><?cs /if ?></th>
<td role="cell" data-label="<?cs var:Words.account.session_since ?>"><span class="time"><?cs var:s.created_at ?></span></td>
<td role="cell" data-label="<?cs var:Words.account.session_seen ?>"><span class="time"><?cs var:s.seen_at ?></span></td>
<td role="cell" data-label="<?cs var:Words.account.session_end ?>"><?cs if:s.mine ?><?cs var:Words.account.session_this ?><?cs else ?><form method="post" action="/account/sessions/<?cs var:s.mark ?>/end"><?cs call:token() ?><button type="submit" class="button-quiet"><?cs var:Words.account.session_end_button ?><span class="hidden"> <?cs if:s.browser ?><?cs var:s.browser ?><?cs else ?><?cs var:Words.account.browser_unknown ?><?cs /if ?>, <?cs var:s.created_at ?></span></button></form><?cs /if ?></td></tr><?cs /each ?>
</tbody></table><?cs /if ?>
<p><?cs var:Words.account.others_text ?></p>
<form method="post" action="/account/sign-out-others"><?cs call:token() ?><button type="submit" class="button-quiet"><?cs var:Words.account.others_button ?></button></form></section>
<section class="card" aria-labelledby="data-title"><h2 id="data-title"><?cs var:Words.account.data_title ?></h2>
<p><?cs var:Words.account.data_text ?></p>
<p><a href="/account/data" download><?cs var:Words.account.data_link ?></a></p></section>
<p class="muted"><?cs var:Words.account.change ?> <a href="mailto:<?cs var:Brand.support ?>"><?cs var:Brand.support ?></a></p>
<?cs /def ?>
<?cs include!"layout.cs" ?>
