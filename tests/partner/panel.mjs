// panel.mjs - the partner's panel as a new user would try it, in Chromium; every page held against axe's rules, in both
// languages and on a phone too. And the page for programmers, whose examples are run as they stand.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Browser } from '../lib/browser.mjs';
import { Client, unescapeHtml } from '../lib/client.mjs';
import { openssl, scratch } from '../lib/openssl.mjs';
import { Curl, anotherKey } from '../lib/partner.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { confirmMailbox } from '../lib/steps.mjs';

const run = promisify(execFile);
const dir = scratch();
let stack, browser, page;

before(async () => {
	stack = await Stack.start({ name: 'partner-panel', settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 200 }, orders: 2 });
	browser = await Browser.start();
	page = browser.page;
});
after(async () => {
	await Browser.stopAll();
	stack?.stopNow();
});

const open = (where) => page.goto(stack.url + where);

test('signing in leads to the panel, and its menu names it', async () => {
	await open('/sign-in');
	await page.fill('#login', stack.demo.PARTNER_LOGIN);
	await page.fill('#password', stack.demo.PARTNER_PASSWORD);
	await browser.goOn('#login');
	assert.equal(browser.path(), '/partner/dashboard');
	assert.equal(await page.locator('nav.side a[href="/partner/dashboard"]').getAttribute('aria-current'), 'page');
	await browser.seen('partner-dashboard-empty');
});

let order;
test('a new order by the wizard, with mistakes mended on the way', async () => {
	await page.click('main a[href="/partner/orders/new"]');
	await browser.goOn('[name=product]');
	assert.equal(await page.locator('#product-error').count(), 1, 'no product was chosen');
	await browser.seen('partner-new-product');
	await page.check('[name=product] >> nth=0');
	await browser.goOn('[name=product]');
	assert.match(await page.inputValue('#partner_ref'), /^panel-[0-9a-f]{12}$/, 'a reference is suggested');
	await page.fill('#partner_ref', 'has blanks');
	await page.fill('#customer_name', 'Łąka & <Sons>');
	await browser.goOn('#partner_ref');
	assert.equal(await page.locator('#partner_ref-error').count(), 1);
	assert.equal(await page.inputValue('#customer_name'), 'Łąka & <Sons>', 'what was typed is kept');
	await browser.seen('partner-new-details');
	await page.fill('#partner_ref', 'P-1');
	await browser.goOn('#partner_ref');
	await page.fill('#email', 'not an address');
	await browser.goOn('#email');
	assert.equal(await page.locator('#email-error').count(), 1);
	await browser.seen('partner-new-email');
	await page.click('a.back');
	assert.equal(await page.inputValue('#customer_name'), 'Łąka & <Sons>', 'also on the way back');
	await browser.goOn('#partner_ref');
	await page.fill('#email', 'p-1@partner.example');
	await browser.goOn('#email');
	assert.match(browser.path(), /^\/partner\/orders\/\d{10}\/b01$/);
	order = browser.path().slice('/partner/orders/'.length);
	await browser.seen('partner-order');
	assert.match(await page.locator('main').innerText(), /Łąka & <Sons>/);
});

test('the address is changed from the order\'s page', async () => {
	await page.click('details:has(#email) summary');
	await page.fill('#email', 'nobody');
	await browser.goOn('#email');
	assert.equal(await page.locator('#email-error').count(), 1);
	await page.fill('#email', 'p-2@partner.example');
	await browser.goOn('#email');
	await open(`/partner/orders/${order}`);
	assert.match(await page.locator('main').innerText(), /p-2@partner\.example/);
});

test('the activation goes on in the same wizard as a customer\'s, and ends in the panel', async () => {
	await confirmMailbox(stack, 'p-2@partner.example');
	await open(`/partner/orders/${order}`);
	await page.click(`a.button[href^="/certificates/${order}/activation"]`);
	assert.equal(browser.path(), `/certificates/${order}/activation/data`);
	await open(`/certificates/${order}`);
	assert.equal(browser.path(), `/partner/orders/${order}`, 'a partner sees the order in the panel');
});

test('orders: search, filter, CSV', async () => {
	await open('/partner/orders');
	await page.fill('#q', 'P-1');
	await browser.goOn('#q');
	assert.equal(await page.locator('tbody tr').count(), 1);
	await browser.seen('partner-orders');
	await page.selectOption('#status', 'revoked');
	await browser.goOn('#q');
	assert.equal(await page.locator('tbody tr').count(), 0);
	await browser.seen('partner-orders-none');
	const person = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	await new Curl(stack).order('F-1', { customer_name: '=cmd()"x"' });
	const csv = await person.get('/partner/orders.csv?q=');
	assert.match(csv.headers.get('content-type'), /^text\/csv/);
	const lines = csv.text.trim().split('\r\n');
	assert.equal(lines[0], 'order,partner_ref,status,product,customer_name,email,ordered_at,not_after,serial');
	assert.ok(lines.some((line) => line.includes(',P-1,') && line.includes(',Łąka & <Sons>,')));
	assert.ok(lines.some((line) => line.includes('"\'=cmd()""x"""')), 'no field is a formula');
});

test('lists have pages', async () => {
	const curl = new Curl(stack);
	for (let i = 0; i < 21; i++)
		assert.equal((await curl.order(`L-${i}`)).status, 201);
	await open('/partner/orders?q=L-');
	assert.equal(await page.locator('tbody tr').count(), 20);
	await page.click('a[rel=next]');
	assert.equal(await page.locator('tbody tr').count(), 1);
});

test('orders from a file: errors by line, then all or nothing, and how far they are', async () => {
	const count = async () => Number((await stack.sql("SELECT COUNT(*) FROM orders WHERE partner_ref LIKE 'B-%'"))[0][0]);
	const product = stack.demo.PRODUCT;
	await open('/partner/bulk');
	await browser.seen('partner-bulk');
	for (const [text, where] of [['', 'nothing'], ['a,b\n1,2\n', 'columns'], ['partner_ref,product,email\n1\n', 'fields']]) {
		await page.fill('#csv', text);
		await browser.goOn('#csv');
		assert.equal(await page.locator('#csv-error').count(), 1, where);
	}
	const head = 'partner_ref,product,email,customer_name\n';
	await page.fill('#csv', `${head}B-1,${product},b1@partner.example,"Bee, ""One"""\nB-2,${product},wrong,Two\nB-1,none,b3@partner.example,\n`);
	await browser.goOn('#csv');
	assert.deepEqual(await page.locator('tbody th').allInnerTexts(), ['3', '4']);
	assert.equal(await count(), 0);
	await browser.seen('partner-bulk-wrong');
	const good = head + Array.from({ length: 30 }, (_, i) => `B-${i},${product},b${i}@partner.example,"Bee, ""${i}"""`).join('\r\n');
	await page.fill('#csv', good);
	await page.click('button[value=check]');
	assert.equal(await count(), 0, 'only checked');
	await browser.seen('partner-bulk-good');
	await browser.goOn('#csv');
	assert.match(browser.path(), /^\/partner\/bulk\/\d+$/);
	assert.equal(await count(), 30);
	await browser.seen('partner-bulk-progress');
	const progress = browser.path();
	await open('/partner/bulk');
	await page.fill('#csv', good);
	await browser.goOn('#csv');
	assert.equal(browser.path(), progress, 'sent twice it is the same orders');
	assert.equal(await count(), 30);
	await open('/partner/bulk');
	const conflict = `${head.trim()},callback\nB-40,${product},b40@partner.example,,\nB-1,${product},changed@partner.example,,\n`
		+ `B-41,${product},nobody,,\nB-42,${product},b42@partner.example,,https://not.registered.example/\n`;
	for (const button of ['check', 'order']) {
		await page.fill('#csv', conflict);
		await page.click(`button[value=${button}]`);
		assert.deepEqual(await page.locator('table tbody th').allInnerTexts(), ['3', '4', '5'], 'also what only the database knows');
		assert.match(await page.locator('table tbody').innerText(), /differs in: email/);
		assert.match(await page.title(), /^Error: /);
	}
	assert.equal(await count(), 30, 'one conflict, and none of the file is ordered');
	await page.setInputFiles('#csv_file', { name: 'excel.csv', mimeType: 'text/csv',
		buffer: Buffer.from(`\ufeffpartner_ref;product;email\r\nB-50;${product};b50@partner.example\r\n`) });
	await page.fill('#csv', '');
	await browser.goOn('#csv');
	assert.equal(await count(), 31, 'a chosen file, with semicolons as spreadsheets write them');
	await open('/partner/bulk');
	assert.deepEqual(await page.locator('h2:has-text("Files") + ul .count').allInnerTexts(), ['1', '30']);
});

test('a key is made, shown once, works, and is ended', async () => {
	await open('/partner/keys');
	await browser.goOn('#label');
	assert.equal(await page.locator('#label-error').count(), 1);
	await page.fill('#label', 'shop <1>');
	await page.fill('#days', '30');
	await page.check('[name=scopes][value=read]');
	await browser.goOn('#label');
	const key = (await page.locator('.box-good code').innerText()).trim();
	assert.match(key, /^mck_[\w-]{43}$/);
	await browser.seen('partner-keys');
	const curl = new Curl(stack, key);
	assert.equal((await curl.call(curl.at(order))).status, 200);
	await page.reload().catch(() => {}); // the browser sends the form again
	assert.equal(await page.locator('.box-good').count(), 0, 'the form sent twice shows no second key');
	assert.equal((await stack.sql("SELECT COUNT(*) FROM partner_key WHERE label = 'shop <1>'"))[0][0], '1');
	await open('/partner/keys');
	assert.equal((await page.content()).includes(key), false);
	await stack.sql(`INSERT INTO partner_key (partner_id, hash, label, scopes) SELECT p.id, UNHEX(SHA2(CONCAT('many', seq), 256)), 'many', 'read'
		FROM partner p, seq_1_to_48 WHERE p.name = 'demo-partner'`);
	await page.fill('#label', 'one too many');
	await browser.goOn('#label');
	assert.match(await page.locator('#label-error').innerText(), /You have 50 keys/);
	await stack.sql("DELETE FROM partner_key WHERE label = 'many'");
	await open('/partner/keys');
	await page.click('tr:has-text("shop <1>") summary');
	await page.click('tr:has-text("shop <1>") button');
	assert.equal((await curl.call(curl.at(order))).status, 401);
});

test('callbacks: an address, and the log', async () => {
	await open('/partner/callbacks');
	await page.fill('#url', 'http://plain.example/');
	await browser.goOn('#url');
	assert.equal(await page.locator('#url-error').count(), 1);
	await page.fill('#url', 'https://127.0.0.1:9/hook');
	await browser.goOn('#url');
	assert.match(await page.locator('.box-good code').innerText(), /^mcs_/);
	const curl = new Curl(stack);
	const made = (await curl.order('H-1', { callback: 'https://127.0.0.1:9/hook' })).json;
	await curl.call(curl.at(made.order, '/cancel'), {});
	await until('an attempt', async () => (await stack.sql('SELECT COUNT(*) FROM callback_attempt'))[0][0] !== '0');
	await open('/partner/callbacks');
	assert.equal(await page.locator('tbody tr').count(), 2, 'the address, and one callback');
	await browser.seen('partner-callbacks');
	await page.selectOption('#state', 'done');
	await browser.goOn('#state');
	assert.equal(await page.locator('tbody tr').count(), 1, 'none was delivered');
	await open('/partner/callbacks');
	await page.click('tbody >> nth=1 >> td a');
	assert.match(await page.locator('main').innerText(), /Failed to connect|Couldn't connect/);
	await browser.seen('partner-callback');
	await open('/partner/callbacks');
	await page.click('tbody >> nth=0 >> td a');
	await browser.seen('partner-address');
	await page.fill('#url', 'http://plain.example/');
	await browser.goOn('#url');
	assert.equal(await page.locator('#url-error').count(), 1);
	await browser.seen('partner-address-wrong');
	await page.click('form[action$="/secret"] button');
	assert.match(await page.locator('.box-good code').innerText(), /^mcs_/);
});

test('an order is cancelled from its page', async () => {
	await open(`/partner/orders/${order}`);
	await page.click('details:has(button.button-danger) summary');
	await page.click('button.button-danger');
	assert.equal((await stack.sql("SELECT cancelled_at IS NOT NULL FROM orders WHERE partner_ref = 'P-1'"))[0][0], '1');
	await open('/partner/dashboard');
	await browser.seen('partner-dashboard');
});

test('the dashboard: open orders by step, problems, what expires, volumes; the same for a program', async () => {
	const states = Object.fromEntries(await stack.sql("SELECT state, COUNT(*) FROM orders WHERE partner_id = 1 GROUP BY state"));
	const shown = Object.fromEntries(await page.locator('section[aria-labelledby=stages] li').evaluateAll((items) =>
		items.map((item) => [new URL(item.querySelector('a').href).searchParams.get('status'), item.querySelector('.count').innerText])));
	for (const state of ['mailbox_waiting_for_data', 'activation_waiting_for_data'])
		states[state] ??= '0';
	assert.deepEqual(shown, { activation_waiting_for_verification: '0', ...states });

	// Certificates that were issued before, one of them gone, one about to go; and a holder who said no.
	const curl = new Curl(stack);
	for (const ref of ['E-soon', 'E-gone', 'E-fresh', 'E-no'])
		await curl.order(ref);
	for (const [ref, days, issued] of [['E-soon', 10, 20], ['E-gone', -1, 40], ['E-fresh', 300, 0]])
		await stack.sql(`UPDATE orders SET mailbox_status = 'verified', activation_status = 'verified',
			not_after = UTC_TIMESTAMP() + INTERVAL ${days} DAY WHERE partner_ref = '${ref}';
			UPDATE orders SET issued_at = UTC_TIMESTAMP() - INTERVAL ${issued} DAY WHERE partner_ref = '${ref}'`);
	await stack.sql("UPDATE orders SET mailbox_status = 'waiting_for_data', mailbox_reason = 'value_rejected' WHERE partner_ref = 'E-no'");
	const told = (await curl.call('/partner/dashboard')).json;
	assert.deepEqual([told.orders?.issued, told.orders?.expired, told.expiring], [2, 1, 1]);
	assert.deepEqual(told.problems.map((problem) => [problem.partner_ref, problem.code]), [['E-no', 'value_rejected']]);
	assert.ok(told.problems[0].message);
	assert.equal(told.volumes.reduce((sum, month) => sum + month.issued, 0), 3);
	assert.equal(told.volumes[0].ordered, Number((await stack.sql('SELECT COUNT(*) FROM orders WHERE partner_id = 1'))[0][0]));
	await open('/partner/dashboard');
	assert.match(await page.locator('section[aria-labelledby=problems]').innerText(), /E-no/);
	await page.click('section[aria-labelledby=expiring] a');
	assert.deepEqual(await page.locator('tbody th span.address').allInnerTexts(), ['E-soon']);
	assert.equal(await page.inputValue('#status'), 'expiring');
	await page.selectOption('#status', 'expired');
	await browser.goOn('#status');
	assert.deepEqual(await page.locator('tbody th span.address').allInnerTexts(), ['E-gone']);
	await page.selectOption('#status', 'issued');
	await browser.goOn('#status');
	assert.deepEqual(await page.locator('tbody th span.address').allInnerTexts(), ['E-fresh', 'E-soon']);
	await open('/partner/dashboard');
	await browser.seen('partner-dashboard-full');
	assert.equal((await curl.call('/partner/dashboard', undefined, { key: await anotherKey(stack, 'demo-partner', 'order') })).code, 'partner_key_scope');
});

test('a search finds by number as it is shown, reference, address and customer', async () => {
	const curl = new Curl(stack);
	const made = (await curl.order('S-zażółć'.replace(/[^\x20-\x7e]/g, ''), { customer_name: 'Żółw Sp. z o.o.', email: 'Search.Me@partner.example' })).json;
	const found = async (q) => (await curl.call(`/partner/orders?q=${encodeURIComponent(q)}`)).json.orders.map((o) => o.order);
	const [number] = made.order.split('/');
	for (const q of [made.order, `ORDER/${made.order}`, `order/${made.order}`, number, String(Number(number)), `${number}/`, made.partner_ref, 'Search.Me@', 'Żółw', 'żółw sp'])
		assert.ok((await found(q)).includes(made.order), q);
	assert.deepEqual(await found(number.slice(0, 9)), (await found(number.slice(0, 9))).filter((o) => o.startsWith(number.slice(0, 9))));
	for (const q of ['%', '_', '%%', '\\', "' OR 1=1 -- ", '999999999999', 'ż', '/b01'])
		assert.equal((await found(q)).includes(made.order), q === 'ż', q);
});

test('the examples of the page for programmers run as they stand', async () => {
	await open('/partner/documentation');
	await browser.seen('partner-documentation');
	const html = (await new Client(stack).get('/partner/documentation')).text;
	const examples = [...html.matchAll(/<pre class="command example"[^>]*><code>(.*?)<\/code>/gs)].map((m) => unescapeHtml(m[1]));
	assert.equal(examples.length, 8);
	const env = { ...process.env, MAILCERT: stack.url, KEY: stack.demo.PARTNER_KEY };
	assert.equal(examples[0], `export MAILCERT=${stack.url} KEY=mck_...`);
	const sh = async (text) => (await run('sh', ['-euc', text], { cwd: dir, env })).stdout;
	const made = JSON.parse(await sh(examples[1]));
	env.ORDER = made.order;
	assert.equal(JSON.parse(await sh(examples[2])).status, 'mailbox_waiting_for_verification');
	await confirmMailbox(stack, 'joe.doe@youremail.example');
	const [checked, sent] = (await sh(examples[3])).trim().split('\n').map((line) => JSON.parse(line));
	assert.equal(checked.verdict, 'Correct');
	assert.equal(sent.activation.status, 'waiting_for_verification');
	await until('the certificate', async () => JSON.parse(await sh(examples[2])).status === 'issued', 30);
	await sh(examples[4]);
	assert.match(openssl(['x509', '-noout', '-email', '-in', path.join(dir, 'mailbox.pem')]), /joe\.doe@youremail\.example/);
	assert.match(fs.readFileSync(path.join(dir, 'chain.pem'), 'utf8'), /BEGIN CERTIFICATE/);
	const [list, dashboard] = (await sh(examples[6])).trim().split('\n').map((line) => JSON.parse(line));
	assert.deepEqual(list.orders.map((o) => o.order), [env.ORDER]);
	assert.equal(dashboard.orders.issued, 3);
	assert.equal(JSON.parse(await sh(examples[5])).status, 'revoked');
	assert.match(await sh(examples[7].replace('mcs_...', 'secret')),
		new RegExp(createHmac('sha256', 'secret').update('1764000000.id=4711&order=0000123456%2Fb01').digest('hex')));
	for (const field of ['product', 'partner_ref', 'email', 'language', 'customer_name', 'fields', 'csr', 'callback'])
		assert.ok(html.includes(`<code>${field}</code>`), field);
	assert.ok(html.includes('<code>csr_key_too_small</code>'));
});

test('what the page for programmers calls required is required, field by field', async () => {
	const html = (await new Client(stack).get('/partner/documentation')).text;
	const curl = new Curl(stack);
	const required = (table) => [...table.matchAll(/<th [^>]*><code>(\w+)<\/code>(?: <span class="tag">([^<]*))?/g)]
		.filter(([, , tag]) => tag).map(([, name]) => name);
	const good = { product: stack.demo.PRODUCT, partner_ref: 'D-1', email: 'd-1@partner.example', reason: 'superseded', accept_terms: 'yes', accept_data: 'yes' };
	const [orders] = html.match(/<caption class="hidden">Fields of a new order.*?<\/table>/s);
	assert.deepEqual(required(orders), ['product', 'partner_ref', 'email']);
	const { json } = await curl.order('D-1');
	await confirmMailbox(stack, 'd-1@partner.example');
	const csr = execFileSync('openssl', ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', path.join(dir, 'd.key'), '-subj', '/CN=d'],
		{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	const steps = [...html.matchAll(/<h3><code>POST \/partner\/orders\/:number\/:item\/(\w+)<\/code><\/h3>(.*?)(?=<h3>|<h2>)/gs)]
		.map(([, name, rest]) => [curl.at(json.order, `/${name}`), required(rest)]);
	assert.deepEqual(steps.map(([where]) => where.split('/').pop()), ['email', 'resend', 'activate', 'cancel', 'revoke']);
	for (const [where, names] of [['/partner/orders', required(orders)], ...steps.filter(([where]) => !/revoke/.test(where))])
		for (const name of names) {
			const { [name]: _, ...rest } = { ...good, csr };
			const answer = await curl.call(where, rest);
			assert.deepEqual([answer.status, answer.json.error?.field], [422, name], `${where} without ${name}`);
		}
	assert.deepEqual(steps.find(([where]) => /revoke/.test(where))[1], ['reason']);
	for (const name of ['id', 'order', 'partner_ref', 'status', 'mailbox_status', 'activation_status', 'reason', 'serial', 'at'])
		assert.match(html, new RegExp(`Fields of a callback.*<code>${name}</code>`, 's'));
});

test('the same in Polish and on a phone', async () => {
	await page.click('button[name=language][value=pl]');
	await page.setViewportSize({ width: 360, height: 740 });
	const [[callback]] = await stack.sql('SELECT MAX(id) FROM callback');
	for (const name of ['dashboard', 'orders', 'bulk', 'keys', 'callbacks', `callbacks/${callback}`, 'callbacks/addresses/1', 'orders/new', 'documentation']) {
		await open(`/partner/${name}`);
		assert.equal(await page.locator('html').getAttribute('lang'), 'pl');
		await browser.seen(`partner-pl-${name.replaceAll('/', '-')}`);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} is too wide`);
	}
});

test('axe finds nothing, no page had an error', () => {
	assert.deepEqual(browser.violations, []);
	assert.deepEqual(browser.errors.filter((line) => !/status of 409/.test(line)), []);
	assert.deepEqual(stack.complaints(), []);
});
