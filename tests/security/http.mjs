// http.mjs - what can be done with HTTP itself: hosts that are not ours, ambiguous requests (smuggling), addresses that
// lead out of their folders, redirects that lead away, caches, fields that nobody asked for, origins, methods and types;
// and what the words, statuses and lengths of answers tell of what is there.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Stack } from '../lib/stack.mjs';
import { Client, pageForms } from '../lib/client.mjs';
import { anotherKey } from '../lib/partner.mjs';
import { everybody, formToken, issuedOrder } from '../lib/roles.mjs';
import { answers, at as nginxAt, exchange, request } from '../lib/raw.mjs';
import { scratch } from '../lib/openssl.mjs';
import { verifyLink, waitMail } from '../lib/mail.mjs';
import { at, giveMailbox } from '../lib/steps.mjs';

const EVIL = 'evil.example';
const stack = await Stack.start({ name: 'http', orders: 9, workers: 2, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100 } });
const { who } = await everybody(stack);
const [customer, partner, program] = [who['customer A'], who['partner A'], who['key order']];
const mine = await issuedOrder(stack, customer, scratch());
const theirs = JSON.parse((await who['key B'].post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: 'B', email: 'b@partner.example' }, { json: true })).text).order;
const host = new URL(stack.url).host;
const cookieOf = (client) => [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
const log = () => fs.readFileSync(path.join(stack.dir, 'log/nginx-access.log'), 'utf8');
const one = async (sql) => (await stack.sql(sql))[0]?.[0];

// --- hosts -----------------------------------------------------------------------------------------------------------

test('a host that is not ours stands in no answer: not in a link, not in a redirect, not in a cookie', async () => {
	const cookie = `Cookie: ${cookieOf(customer)}`;
	const lines = { 'the Host itself': [`Host: ${EVIL}`], 'behind a port': [`Host: ${host}@${EVIL}`], 'as the port': [`Host: ${host}:80@${EVIL}`],
		'for a proxy': [`Host: ${host}`, `X-Forwarded-Host: ${EVIL}`, `X-Host: ${EVIL}`, `Forwarded: host=${EVIL}`, `X-Forwarded-Server: ${EVIL}`,
			`X-Original-Host: ${EVIL}`, 'X-Forwarded-Proto: https', `X-Forwarded-Prefix: //${EVIL}`] };
	for (const [name, head] of Object.entries(lines))
		for (const where of ['/', '/sign-in', '/dashboard', at(mine), at(mine, '/email'), '/partner/documentation', '/tools', '/nothing', '/static/none'])
			for (const more of [[], [cookie]]) {
				const [answer] = await request(stack, [`GET ${where} HTTP/1.1`, ...head, ...more, 'Connection: close']);
				assert.ok(answer.status < 500, `${name}: ${where}: ${answer.status}`);
				assert.ok(!JSON.stringify(answer).includes(EVIL), `${name}: ${where}`);
			}
	const [whole] = await request(stack, [`GET http://${EVIL}/dashboard HTTP/1.1`, `Host: ${host}`, 'Connection: close']);
	assert.ok(!JSON.stringify(whole).includes(EVIL), 'in the request line');
});

test('two Hosts, none, or one with letters that no host has, are refused', async () => {
	for (const head of [[`Host: ${host}`, `Host: ${EVIL}`], [], ['Host: a b'], ['Host: x/../y'], ['Host: \x01']]) {
		const [answer] = await request(stack, ['GET /sign-in HTTP/1.1', ...head, 'Connection: close']);
		assert.equal(answer.status, 400, head.join());
	}
});

test('links in mails come from the configuration, whatever host the request named', async () => {
	const order = stack.takeOrder();
	const form_token = await formToken(customer);
	for (const [where, fields] of [['/email', { email: 'poison@mailbox.example' }], ['/email/summary', {}]]) {
		const body = new URLSearchParams({ form_token, ...fields }).toString();
		const [answer] = await request(stack, [`POST ${at(order, where)} HTTP/1.1`, `Host: ${EVIL}`, `X-Forwarded-Host: ${EVIL}`, `Cookie: ${cookieOf(customer)}`,
			`Origin: https://${EVIL}`, `Referer: https://${EVIL}/`, 'Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`, 'Connection: close'], body);
		assert.equal(answer.status, 303, answer.body);
	}
	const mail = await waitMail(stack, 'poison@mailbox.example');
	verifyLink(stack, mail); // of the configured address, and no other
	assert.ok(!mail.raw.includes(EVIL));
});

// --- smuggling -------------------------------------------------------------------------------------------------------

// A request whose end two programs could see at different places. What stands behind must never be taken for another.
const HIDDEN = `GET /xq-smuggled HTTP/1.1\r\nHost: ${host}\r\nX: `;
const CHUNKED = `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;
const AMBIGUOUS = {
	'a length and chunks': [[`Content-Length: ${CHUNKED.length}`, 'Transfer-Encoding: chunked'], `0\r\n\r\n${HIDDEN}`],
	'chunks and a length': [['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${HIDDEN}`],
	'two lengths': [['Content-Length: 0', `Content-Length: ${HIDDEN.length}`], HIDDEN],
	'two lengths in one': [[`Content-Length: 0, ${HIDDEN.length}`], HIDDEN],
	'a length with a sign': [[`Content-Length: +${HIDDEN.length}`], HIDDEN],
	'a length below zero': [['Content-Length: -1'], HIDDEN],
	'a length in hex': [[`Content-Length: 0x${HIDDEN.length.toString(16)}`], HIDDEN],
	'a length that overflows': [['Content-Length: 18446744073709551616'], HIDDEN],
	'chunks under another name': [['Transfer-Encoding: xchunked'], CHUNKED],
	'chunks and identity': [['Transfer-Encoding: chunked, identity'], CHUNKED],
	'chunks twice': [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKED],
	'chunks of HTTP/1.0': [['Transfer-Encoding: chunked'], CHUNKED, '1.0'],
	'chunks behind a tab': [['Transfer-Encoding:\x0bchunked'], CHUNKED],
	'chunks in a name with a blank': [['Transfer-Encoding : chunked'], CHUNKED],
	'a folded header': [['X: y', ` Content-Length: ${HIDDEN.length}`], HIDDEN],
	'a chunk that is too long': [['Transfer-Encoding: chunked'], `ffffffffffffffff\r\n${HIDDEN}`],
	'a chunk of no number': [['Transfer-Encoding: chunked'], `xyz\r\n${HIDDEN}`],
	'a header with a bare carriage return': [[`X: y\rContent-Length: ${HIDDEN.length}`], HIDDEN],
	'a zero octet in a header': [[`X: y\0Content-Length: ${HIDDEN.length}`], HIDDEN],
};
for (const [name, [head, body, version = '1.1']] of Object.entries(AMBIGUOUS))
	test(`smuggling: ${name}`, async () => {
		const said = await request(stack, [`POST /sign-in HTTP/${version}`, `Host: ${host}`, 'Content-Type: application/x-www-form-urlencoded', ...head],
			body, { wait: 700, until: (text) => answers(text).length > 1 });
		assert.ok(said.length <= 1 || said[1].status === 400, `${said.length} answers: ${said.map((answer) => answer.status)}`);
		assert.ok(said.length === 0 || [400, 403, 413, 422, 501].includes(said[0].status), String(said[0]?.status));
		assert.match(said[0]?.headers['content-security-policy'] ?? 'default-src', /default-src/, 'also what nginx refuses by itself carries our headers');
		// What stands behind a request that was refused is never read as one: no line of the log names it.
		assert.ok(!/GET "\/xq-smuggled"/.test(log()), name);
	});

test('a body in honest chunks is a body', async () => {
	const form_token = await formToken(customer);
	const body = `form_token=${form_token}&language=pl`;
	const [answer] = await request(stack, ['POST /language HTTP/1.1', `Host: ${host}`, `Cookie: ${cookieOf(customer)}`, 'Transfer-Encoding: chunked',
		'Content-Type: application/x-www-form-urlencoded', 'Connection: close'], `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`);
	assert.equal(answer.status, 303, answer.body);
	await customer.post('/language', { form_token, language: 'en' });
});

test('headers of a visitor become no parameters of ours', async () => {
	const head = ['MAILCERT_LISTENER: metrics', 'Mailcert-Listener: metrics', 'REMOTE_ADDR: 192.0.2.200', 'Remote_Addr: 192.0.2.200', 'Script-Name: /metrics',
		'HTTPS: on', 'Path-Info: /metrics', 'Document-Uri: /metrics', 'Request-Uri: /metrics', 'Request_Uri: /metrics', 'Proxy: http://192.0.2.200/'];
	const [answer] = await request(stack, ['GET /metrics HTTP/1.1', `Host: ${host}`, ...head, 'Connection: close']);
	assert.equal(answer.status, 404);
	const body = new URLSearchParams({ form_token: createHash('sha256').update('formv').digest('base64url'), login: 'other', password: 'wrong' }).toString();
	await request(stack, ['POST /sign-in HTTP/1.1', `Host: ${host}`, 'Cookie: mailcert_visitor=v', ...head, 'X-Forwarded-For: 192.0.2.200', 'X-Real-IP: 192.0.2.200',
		'Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`, 'Connection: close'], body);
	assert.deepEqual(await stack.sql("SELECT address FROM audit WHERE event = 'sign_in_refused' AND actor = 'login:other'"), [['127.0.0.1']]);
});

// --- addresses that lead elsewhere -------------------------------------------------------------------------------------

test('no address leads out of its folder', async () => {
	const secret = fs.readFileSync(path.join(stack.dir, 'secrets/web'), 'utf8').trim();
	const ups = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%5c', '..\\', '....//', '.%00./', '%252e%252e%252f', '..;/', '%c0%ae%c0%ae/', '..%c0%af', '\u2025/'];
	const targets = ['etc/passwd', `${stack.dir.slice(1)}/secrets/web`, `${stack.dir.slice(1)}/mailcert.hdf`, 'proc/self/environ'];
	for (const from of ['/static/', '/static', '/crl/', '/crl', '/ca/', '/error/', '/static/chunk/', at(mine, '/'), '/partner/orders/', '/demo/mail/', '/demo/mail/x/', '/verify/'])
		for (const target of targets)
			await Promise.all(ups.map(async (up) => {
				const where = `${from}${up.repeat(12)}${target}`;
				const [answer] = await request(stack, [`GET ${where} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookieOf(customer)}`, 'Connection: close']);
				assert.ok([200, 303, 400, 404].includes(answer.status), `${where}: ${answer.status}`);
				assert.ok(!/root:x?:0|Db\.Web|PATH=/.test(answer.body) && !answer.body.includes(secret), where);
				// A page for a mistyped link, and nothing else, is shown for what is below /verify/.
				assert.ok(answer.status !== 200 || from === '/verify/', where);
			}));
});

test('folders are not listed, and what editors and version control leave is not served', async () => {
	for (const where of ['/static/', '/static', '/static/chunk/', '/crl/', '/ca/', '/error/', '/.git/HEAD', '/static/.git/config', '/static/style.css~', '/static/.style.css.swp',
		'/static/style.css.bak', '/static/app.js.map', '/.env', '/server-status', '/.DS_Store', '/static/Thumbs.db', '/ca/root-1.key', '/ca/issuing-1.key', '/crl/.tmp', '/error/503.html']) {
		const answer = await who.nobody.get(where);
		assert.ok([301, 404].includes(answer.status), `${where}: ${answer.status}`);
		assert.ok(!/Index of|href="\.\.\/"|PRIVATE KEY/.test(answer.text), where);
	}
});

test('nobody is led away: every place that takes a way back', async () => {
	const away = [`https://${EVIL}`, `//${EVIL}`, `///${EVIL}`, `/\\${EVIL}`, `\\\\${EVIL}`, `/%09/${EVIL}`, `/\t/${EVIL}`, `/\r\n//${EVIL}`, ` //${EVIL}`, `${EVIL}`,
		`javascript:alert(1)`, `data:text/html,x`, `https:${EVIL}`, `/..//${EVIL}`, `@${EVIL}`, `.${EVIL}`, `http://${host}@${EVIL}`, `/\u0000//${EVIL}`, 'x'.repeat(5000)];
	const leads = (answer, what) => {
		if (answer.location !== null) {
			const where = new URL(answer.location, stack.url);
			assert.equal(where.origin, stack.url, `${what}: ${answer.location}`);
			assert.match(answer.location, /^\/(?![/\\])/, what);
		}
		for (const form of pageForms(answer.text))
			for (const [name, value] of form.hidden)
				assert.ok(name !== 'back' || /^(\/(?![/\\]).*)?$/.test(value), `${what}: kept for later: ${value}`);
	};
	for (const back of away) {
		leads(await who.nobody.get(`/sign-in?back=${encodeURIComponent(back)}`), back);
		leads(await customer.get(`/sign-in?back=${encodeURIComponent(back)}`), back);
		leads(await customer.post('/language', { form_token: await formToken(customer), language: 'en', back }), back);
		const visitor = new Client(stack);
		if (/^.?\//.test(back) && !back.includes('\0')) // each costs a password's hash
			leads(await visitor.submit('/sign-in', { login: 'demo', password: stack.demo.CUSTOMER_PASSWORD, back }), back);
	}
	for (const where of [`//${EVIL}/dashboard`, `//${EVIL}/%2f..`, `/\\${EVIL}/`, `/${EVIL}//`]) {
		const [answer] = await request(stack, [`GET ${where} HTTP/1.1`, `Host: ${host}`, 'Connection: close']);
		assert.ok(!/^(https?:)?[/\\]{2}/.test(answer.headers.location ?? '/'), `${where}: ${answer.headers.location}`);
	}
});

// --- caches ------------------------------------------------------------------------------------------------------------

test('what is personal is never shown at an address that a cache would keep', async () => {
	for (const [client, from] of [[customer, '/dashboard'], [customer, '/account'], [customer, at(mine)], [customer, '/certificates'], [partner, '/partner/keys'], [partner, '/partner/orders']])
		for (const tail of ['/x.css', '/x.js', '/.css', ';x.css', '%2fx.css', '%3fx.css', '%00.css', '%23x.js', '/static/x.css', '/../static/style.css', '\\x.png', '.css']) {
			const answer = await client.get(`${from}${tail}`);
			const personal = /Joe Doe|Person panel|data-security|sign-out/.test(answer.text) && answer.status === 200;
			assert.ok(!personal, `${from}${tail}`);
			assert.ok(answer.status === 200 || !/public|immutable/.test(answer.headers.get('cache-control') ?? ''), `${from}${tail}: ${answer.headers.get('cache-control')}`);
		}
	const [odd] = await request(stack, ['GET /static/../dashboard HTTP/1.1', `Host: ${host}`, `Cookie: ${cookieOf(customer)}`, 'Connection: close']);
	assert.notEqual(odd.status, 200);
});

test('no page answers from memory: no validators, no ranges, and no difference by what a cache does not look at', async () => {
	for (const where of ['/dashboard', '/account', at(mine), at(mine, '/certificate.pem')]) {
		const plain = await customer.get(where);
		for (const headers of [{ 'if-none-match': '*' }, { 'if-modified-since': new Date(Date.now() + 1e6).toUTCString() }, { range: 'bytes=0-9' }]) {
			const answer = await customer.get(where, { headers });
			assert.equal(answer.status, 200, `${where} ${JSON.stringify(headers)}`);
			assert.equal(answer.bytes.length, plain.bytes.length);
		}
		assert.equal(plain.headers.get('etag'), null);
		assert.equal(plain.headers.get('last-modified'), null);
		assert.equal(plain.headers.get('cache-control'), 'no-store');
	}
});

// --- fields that nobody asked for ------------------------------------------------------------------------------------

const EXTRA = { id: '1', order_id: '1', account_id: '1', partner_id: '1', number: '0000000001', item: 'b01', kind: 'partner', login: 'panel-b', mailbox_status: 'verified',
	activation_status: 'verified', state: 'issued', verified: '1', confirmed_at: '2026-01-01 00:00:00', cancelled_at: '', email_draft: 'other@mailbox.example',
	mailbox_id: '1', admin: '1', role: 'admin', rate: '1000000', burst: '1000000', hash: 'x', secret: 'x', revoked_at: '', not_after: '2099-01-01', _method: 'DELETE',
	'Me.kind': 'partner', 'Config.VarEscapeMode': 'none', 'orders[state]': 'issued', '__proto__[kind]': 'partner' };

test('mass assignment: what a form does not have changes nothing, whatever it is called', async () => {
	const order = stack.takeOrder();
	const others = `SELECT o.*, a.kind, a.login FROM orders o LEFT JOIN account a ON a.id = o.account_id WHERE CONCAT(o.number, '/', o.item) <> '${order}' ORDER BY o.id`;
	const fixed = `SELECT account_id, partner_id, product, mailbox_status, activation_status, state, cancelled_at, mailbox_id, email FROM orders
		WHERE CONCAT(number, '/', item) = '${order}'`;
	const before = [await stack.sql(others), await stack.sql(fixed), await stack.sql('SELECT * FROM account ORDER BY id'), await stack.sql('SELECT * FROM partner')];
	const answer = await customer.submit(at(order, '/email'), { ...EXTRA, email: 'mass@mailbox.example' });
	assert.equal(answer.status, 303);
	assert.equal(await one(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), 'mass@mailbox.example');
	await customer.post('/language', { form_token: await formToken(customer), ...EXTRA, language: 'en' });
	const after = [await stack.sql(others), await stack.sql(fixed), await stack.sql('SELECT * FROM account ORDER BY id'), await stack.sql('SELECT * FROM partner')];
	assert.deepEqual(after, before);
	const made = await program.post('/partner/orders', { ...EXTRA, product: stack.demo.PRODUCT, partner_ref: 'MASS', email: 'mass@partner.example' }, { json: true });
	assert.ok([200, 201].includes(made.status), made.text);
	assert.deepEqual(await stack.sql("SELECT p.name, o.account_id, o.mailbox_status, o.activation_status, o.state, o.not_after FROM orders o JOIN partner p ON p.id = o.partner_id WHERE o.partner_ref = 'MASS'"),
		[['demo-partner', 'NULL', 'waiting_for_verification', 'not_available', 'mailbox_waiting_for_verification', 'NULL']]);
	const visitor = new Client(stack);
	await visitor.submit('/sign-in', { ...EXTRA, login: 'demo', password: stack.demo.CUSTOMER_PASSWORD });
	assert.equal((await visitor.get('/partner/keys')).status, 404, 'still a customer');
});

test('a field that comes twice counts once: the first, for the check and for what is kept', async () => {
	const order = stack.takeOrder();
	const token = await formToken(customer);
	for (const pairs of [[['form_token', 'wrong'], ['form_token', token]], [['form_token', ''], ['form_token', token]]])
		assert.equal((await customer.post(at(order, '/email'), [...pairs, ['email', 'a@mailbox.example']])).status, 403);
	assert.equal((await customer.post(at(order, '/email'), [['form_token', token], ['email', 'first@mailbox.example'], ['email', 'second@mailbox.example']])).status, 303);
	assert.equal(await one(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), 'first@mailbox.example');
	assert.equal((await customer.post(at(order, '/email'), [['form_token', token], ['email', 'not an address'], ['email', 'second@mailbox.example']])).status, 422);
	const query = await customer.post(`${at(order, '/email')}?email=query@mailbox.example`, { form_token: token }, { json: true });
	assert.equal(query.status, 422, 'the address is no form');
	assert.equal(await one(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), 'first@mailbox.example');
});

// --- origins, methods, types -----------------------------------------------------------------------------------------

test('no other origin may read an answer, and no origin opens anything', async () => {
	for (const origin of [`https://${EVIL}`, 'null', stack.url, 'https://sub.127.0.0.1'])
		for (const [client, where] of [[customer, '/dashboard'], [program, '/partner/documentation'], [who.nobody, '/healthz'], [who.nobody, '/static/style.css'], [who.nobody, '/crl/issuing-1.crl']]) {
			const answer = await client.get(where, { headers: { origin }, json: true });
			assert.equal(answer.headers.get('access-control-allow-origin'), null, `${origin} ${where}`);
			assert.equal(answer.headers.get('access-control-allow-credentials'), null);
			const flight = await client.request('OPTIONS', where, { headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' } });
			assert.equal(flight.status, 405, `${origin} ${where}`);
			assert.equal(flight.headers.get('access-control-allow-methods'), null);
		}
	assert.equal((await who.nobody.get('/dashboard', { headers: { origin: stack.url, referer: `${stack.url}/dashboard` }, json: true })).status, 401);
});

test('methods that no page has are refused by whoever meets them', async () => {
	for (const method of ['TRACE', 'TRACK', 'CONNECT', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'MKCOL', 'XQ', 'get', 'P\x01ST'])
		for (const where of ['/dashboard', '/static/style.css', '/crl/issuing-1.crl', '/verify/x']) {
			const [answer] = await request(stack, [`${method} ${where} HTTP/1.1`, `Host: ${host}`, 'X-HTTP-Method-Override: GET', `Cookie: ${cookieOf(customer)}`, 'Connection: close']);
			assert.ok([400, 403, 405].includes(answer.status), `${method} ${where}: ${answer.status}`);
			assert.ok(!answer.body.includes('X-HTTP-Method-Override'), 'not sent back');
			assert.match(answer.headers['content-security-policy'] ?? '', /default-src/, `${method} ${where}`);
		}
	// A GET that says it is a POST is a GET.
	const order = stack.takeOrder();
	const token = await formToken(customer);
	await customer.get(`${at(order, '/email')}?form_token=${token}&email=get@mailbox.example&_method=POST`, { headers: { 'x-http-method-override': 'POST' } });
	assert.equal(await one(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), 'NULL');
});

test('a body of another type than forms have is 415, whatever it holds', async () => {
	const order = stack.takeOrder();
	const body = new URLSearchParams({ form_token: await formToken(customer), email: 'type@mailbox.example' }).toString();
	for (const type of ['text/plain', 'application/json', 'application/xml', 'text/xml', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencodedx', 'application/octet-stream', ''])
		for (const where of [at(order, '/email'), '/partner/orders']) {
			const [client, cookie] = where === '/partner/orders' ? [program, `Authorization: Bearer ${program.key}`] : [customer, `Cookie: ${cookieOf(customer)}`];
			const [answer] = await request(stack, [`POST ${where} HTTP/1.1`, `Host: ${host}`, 'Accept: application/json', cookie, ...(type ? [`Content-Type: ${type}`] : []),
				`Content-Length: ${body.length}`, 'Connection: close'], body);
			assert.equal(answer.status, 415, `${type} to ${where} by ${client.constructor.name}`);
		}
	assert.equal(await one(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), 'NULL');
});

test('every answer says its type, texts with their letters; what programs are answered is a file to a browser', async () => {
	for (const [client, where] of [[who.nobody, '/sign-in'], [customer, '/dashboard'], [who.nobody, '/static/style.css'], [who.nobody, '/nothing'], [who.nobody, '/static/none'], [partner, '/partner/orders.csv']])
		assert.match((await client.get(where)).headers.get('content-type'), /^text\/(html|css|csv); ?charset=utf-8/i, where);
	for (const [client, where] of [[who.nobody, '/nothing'], [program, '/partner/nothing'], [who['key B'], `/partner/orders/${theirs}`], [customer, '/certificates/9999999999/b01'], [customer, '/dashboard;x.bat']]) {
		const answer = await client.get(where, { json: true });
		assert.match(answer.headers.get('content-type'), /^application\/json(; charset=utf-8)?$/, where);
		assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="answer.json"', where);
		assert.doesNotThrow(() => JSON.parse(answer.text));
	}
});

// --- what answers tell ---------------------------------------------------------------------------------------------------

// The words of an answer without what was asked for, its length and its headers but for the time.
function told(answer, asked) {
	return { status: answer.status, length: answer.bytes.length - asked.length * answer.text.split(asked).length, text: answer.text.replaceAll(asked, ''),
		headers: [...answer.headers].filter(([name]) => !['date', 'content-length', 'x-incident', 'set-cookie'].includes(name)).map(([name, value]) => [name, value.replaceAll(asked, '')]) };
}

test("keys that never were, that ended and whose partner is no more: the same words, status and length", async () => {
	const ended = await anotherKey(stack, 'demo-partner', 'read');
	await stack.sql('UPDATE partner_key SET revoked_at = UTC_TIMESTAMP() ORDER BY id DESC LIMIT 1');
	const old = await anotherKey(stack, 'demo-partner', 'read');
	await stack.sql('UPDATE partner_key SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 DAY ORDER BY id DESC LIMIT 1');
	await stack.ctl('partner', 'add', '--name', 'gone', '--title', 'Gone');
	const gone = await anotherKey(stack, 'gone', 'read');
	await stack.sql("UPDATE partner SET disabled_at = UTC_TIMESTAMP() WHERE name = 'gone'");
	const never = ended.replace(/.{20}$/, (tail) => [...tail].reverse().join(''));
	const seen = [];
	for (const key of [ended, old, gone, never])
		for (const where of ['/partner/orders', '/partner/dashboard'])
			seen.push(told(await who.nobody.get(where, { json: true, headers: { authorization: `Bearer ${key}` } }), key));
	for (const each of seen)
		assert.deepEqual(each, seen[0]);
	assert.equal(seen[0].status, 401);
});

test('links that never were and links of others who are no more: one page for all that nobody was sent', async () => {
	const values = [randomBytes(32), randomBytes(32), Buffer.alloc(32), Buffer.alloc(32, 255)].map((octets) => octets.toString('base64url'));
	const seen = [];
	for (const value of [...values, 'x'.repeat(43)])
		seen.push(told(await who.nobody.get(`/verify/${value}`), value));
	for (const each of seen)
		assert.deepEqual(each, seen[0]);
	assert.ok(!seen[0].text.includes('@mailbox.example'));
	const posted = [];
	for (const value of values)
		posted.push(told(await who.nobody.post(`/verify/${value}`, { control: 'yes' }, { json: true }), value));
	for (const each of posted)
		assert.deepEqual(each, posted[0]);
});

test('whether somebody has a certificate, an order or an account is told to nobody else', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'known@mailbox.example');
	// Another customer may name the same mailbox; the answer is that for any other.
	const other = (await stack.ctl('order', 'add', '--account', 'other', '--product', stack.demo.PRODUCT, '--count', '2')).trim().split('\n').map((line) => line.split('\t')[0]);
	const answersTo = [];
	for (const [number, email] of [[other[0], 'known@mailbox.example'], [other[1], 'never@mailbox.example']]) {
		const answer = await who['customer B'].submit(at(number, '/email'), { email });
		const page = await who['customer B'].get(at(number, '/email/summary'));
		answersTo.push([answer.status, page.status, page.words.replaceAll(email, '').replaceAll(number, '').replaceAll(number.split('/')[0], '')]);
	}
	assert.deepEqual(answersTo[0], answersTo[1]);
	const refs = [];
	await program.post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: 'TAKEN', email: 'a@partner.example' }, { json: true });
	for (const partner_ref of ['TAKEN', 'FREE1'])
		refs.push((await who['key B'].post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref, email: 'b@partner.example' }, { json: true })).status);
	assert.equal(refs[0], refs[1], 'a reference is its partner\'s own');
});

test('a flood of sign-ins from one address is asked to wait, others are served', async () => {
	const statuses = await Promise.all(Array.from({ length: 150 }, () => exchange(nginxAt(stack),
		`POST /sign-in HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, { wait: 20000 }).then((text) => answers(text)[0])));
	const refused = statuses.filter((answer) => answer.status === 429);
	assert.ok(refused.length > 20, `${refused.length} of 150`);
	assert.ok(refused.every((answer) => Number(answer.headers['retry-after']) > 0));
	assert.ok(statuses.every((answer) => answer.status < 500));
	assert.equal((await customer.get('/dashboard')).status, 200);
});

test('nothing of it was an incident, and all stops', () => {
	assert.deepEqual(stack.complaints(['web', 'mailer', 'signer', 'callback']), []);
	assert.deepEqual(stack.stopNow(), []);
});
