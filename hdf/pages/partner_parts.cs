<?cs # partner_parts.cs - what the panel's pages share: the tabs, the choice of states; include after macros.cs and orders.cs. ?>
<?cs def:partner_tab(id, href, current, word) ?><li><a href="<?cs var:href ?>"<?cs if:current == id ?> aria-current="page"<?cs /if ?>><?cs var:word ?></a></li>
<?cs /def ?>
<?cs def:partner_tabs(current) ?><nav aria-label="<?cs var:Words.partner.panel ?>"><ul class="tabs">
<?cs call:partner_tab("dashboard", "/partner/dashboard", current, Words.partner.dashboard) ?><?cs call:partner_tab("orders", "/partner/orders", current, Words.partner.orders) ?><?cs call:partner_tab("bulk", "/partner/bulk", current, Words.partner.bulk) ?><?cs call:partner_tab("keys", "/partner/keys", current, Words.partner.keys) ?><?cs call:partner_tab("callbacks", "/partner/callbacks", current, Words.partner.callbacks) ?><?cs call:partner_tab("documentation", "/partner/documentation", current, Words.partner.documentation) ?></ul></nav><?cs /def ?>
<?cs # A state with how many orders stand there, leading to them; bulk: the file they came by, or empty. ?>
<?cs def:stage(s, bulk) ?><li><a href="/partner/orders?status=<?cs var:s.code ?><?cs if:bulk ?>&amp;bulk=<?cs var:bulk ?><?cs /if ?>"><?cs call:state(s.code) ?></a> <span class="count"><?cs var:s.count ?></span></li><?cs /def ?>
<?cs def:stages(bulk) ?><ul class="files stages"><?cs each:s = Stage ?><?cs call:stage(s, bulk) ?><?cs /each ?></ul><?cs /def ?>
<?cs # Those of one step, under its name; none: nothing. ?>
<?cs def:stages_of(step) ?><?cs set:Stages.some = 0 ?><?cs each:s = Stage ?><?cs if:s.step == step ?><?cs set:Stages.some = 1 ?><?cs /if ?><?cs /each ?><?cs
if:Stages.some ?><h3><?cs var:Words.partner_step[step] ?></h3><ul class="files stages"><?cs each:s = Stage ?><?cs if:s.step == step ?><?cs call:stage(s, "") ?><?cs /if ?><?cs /each ?></ul><?cs /if ?><?cs /def ?>
<?cs def:callback_answer(http_status, says) ?><?cs if:http_status ?><strong><?cs var:http_status ?></strong> <?cs /if ?><span class="address"><?cs var:says ?></span><?cs /def ?>
