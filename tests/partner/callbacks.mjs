// callbacks.mjs - a partner's program is told of every change: signed, repeated until taken, also when its receiver is
// away for a while; and never sent into private networks unless the configuration says so.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client, pageForms } from '../lib/client.mjs';
import { openssl, scratch } from '../lib/openssl.mjs';
import { Curl } from '../lib/partner.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { confirmMailbox } from '../lib/steps.mjs';

const dir = scratch();
const file = (name) => path.join(dir, name);

// An HTTPS receiver that keeps what arrives; it can be killed and come back on its port.
class Receiver {
	got = [];
	answer = 204;
	async start() {
		const tls = { key: fs.readFileSync(file('tls.key')), cert: fs.readFileSync(file('tls.pem')) };
		this.server = https.createServer(tls, (request, response) => {
			let body = '';
			request.on('data', (part) => { body += part; });
			request.on('end', () => {
				this.got.push({ headers: request.headers, body, fields: Object.fromEntries(new URLSearchParams(body)), status: this.answer });
				response.writeHead(this.answer).end('noted');
			});
		});
		await new Promise((resolve) => this.server.listen(this.port ?? 0, '127.0.0.1', resolve));
		this.port = this.server.address().port;
		return this;
	}
	async stop() {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
	taken(order) {
		return this.got.filter((one) => one.fields.order === order && one.status < 300);
	}
	url(rest = '') {
		return `https://127.0.0.1:${this.port}/hook${rest}`;
	}
}

let stack, curl, person, receiver;

before(async () => {
	openssl(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
		'-subj', '/CN=receiver', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('tls.key'), '-out', file('tls.pem')]);
	receiver = await new Receiver().start();
	stack = await Stack.start({
		name: 'partner-callbacks', orders: 2,
		settings: { 'Mail.PollMs': 100, 'Callback.PollMs': 50, 'Callback.PauseLeast': 1, 'Callback.PauseMost': 2,
			'Callback.AllowPrivate': 1, 'Callback.CaFile': file('tls.pem') },
	});
	curl = new Curl(stack);
	person = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
});
after(async () => {
	stack?.stopNow();
	await receiver?.stop();
});

async function register(url) {
	const answer = await person.submit('/partner/callbacks', { url });
	return { status: answer.status, secret: /<code>(mcs_[\w-]+)<\/code>/.exec(answer.text)?.[1] };
}

let secret;
test('an address is registered once and its secret shown once', async () => {
	for (const url of ['http://127.0.0.1/', 'https://user@host.example/', 'https:///x', 'https://a.example/#b', 'ftp://x'])
		assert.equal((await register(url)).status, 422, url);
	({ secret } = await register(receiver.url()));
	assert.match(secret, /^mcs_[\w-]{43}$/);
	const again = await register(receiver.url());
	assert.deepEqual([again.status, again.secret], [409, undefined]);
	assert.equal((await person.get('/partner/callbacks')).text.includes(secret), false);
});

test('a change of status arrives, signed', async () => {
	const { order } = (await curl.order('C-1', { callback: receiver.url() })).json;
	await confirmMailbox(stack, 'c-1@partner.example');
	const [one] = await until('the callback', () => receiver.taken(order).length > 0 && receiver.taken(order));
	assert.equal(one.headers['content-type'], 'application/x-www-form-urlencoded');
	assert.deepEqual([one.fields.status, one.fields.mailbox_status, one.fields.activation_status, one.fields.partner_ref],
		['activation_waiting_for_data', 'verified', 'waiting_for_data', 'C-1']);
	assert.equal(one.fields.id, one.headers['x-mailcert-id']);
	const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(one.headers['x-mailcert-signature']);
	assert.equal(v1, createHmac('sha256', secret).update(`${t}.${one.body}`).digest('hex'));
	assert.ok(Math.abs(Date.now() / 1000 - Number(t)) < 30);
	await curl.call(curl.at(order, '/cancel'), {});
	await until('the second callback', () => receiver.taken(order).length === 2);
	assert.deepEqual(receiver.taken(order).map((c) => c.fields.status), ['activation_waiting_for_data', 'cancelled']);
});

test('while the receiver refuses or is away nothing is lost', async () => {
	receiver.answer = 500;
	const orders = [];
	for (let i = 0; i < 6; i++)
		orders.push((await curl.order(`D-${i}`, { callback: receiver.url() })).json.order);
	for (let i = 0; i < 3; i++)
		await curl.call(curl.at(orders[i], '/cancel'), {});
	await until('a refused attempt', () => receiver.got.some((one) => one.status === 500));
	await receiver.stop();
	for (let i = 3; i < 6; i++)
		await curl.call(curl.at(orders[i], '/cancel'), {});
	await until('an attempt without an answer', async () =>
		(await stack.sql('SELECT COUNT(*) FROM callback_attempt WHERE http_status IS NULL'))[0][0] !== '0');
	receiver.answer = 200;
	await receiver.start();
	await until('all have arrived', () => orders.every((order) => receiver.taken(order).length > 0), 30);
	for (const order of orders)
		assert.equal(new Set(receiver.got.filter((one) => one.fields.order === order).map((one) => one.headers['x-mailcert-id'])).size, 1,
			'a repeat has the same id');
	const [[left]] = await stack.sql("SELECT COUNT(*) FROM callback WHERE state <> 'done'");
	assert.equal(left, '0');
});

test('what a sender that died had taken comes round again', async () => {
	const { order } = (await curl.order('E-1', { callback: receiver.url() })).json;
	await stack.tool('stop', 'callback');
	await curl.call(curl.at(order, '/cancel'), {});
	await stack.sql("UPDATE callback SET taken_by = 'dead:1', next_at = UTC_TIMESTAMP() WHERE state = 'waiting'");
	await stack.tool('start', 'callback');
	await until('it arrives', () => receiver.taken(order).length > 0);
});

test('replay sends it again under its id; the log tells of both', async () => {
	const [id] = (await stack.sql("SELECT MAX(id) FROM callback"))[0];
	const page = await person.get('/partner/callbacks');
	const form = pageForms(page.text).find((f) => f.action === `/partner/callbacks/${id}/replay`);
	const before = receiver.got.length;
	assert.equal((await person.post(form.action, form.hidden)).status, 303);
	await until('it arrives again', () => receiver.got.length > before);
	assert.equal(receiver.got.at(-1).headers['x-mailcert-id'], id);
	await until('two attempts in the log', async () =>
		(await stack.sql(`SELECT COUNT(*) FROM callback_attempt WHERE callback_id = ${id}`))[0][0] === '2');
});

test('an address that was removed hears nothing more', async () => {
	await register(receiver.url('/two'));
	const { order } = (await curl.order('F-1', { callback: receiver.url('/two') })).json;
	const [[id]] = await stack.sql("SELECT id FROM callback_address WHERE url LIKE '%/two'");
	const form = pageForms((await person.get('/partner/callbacks')).text).find((f) => f.action === `/partner/callbacks/${id}/remove`);
	assert.equal((await person.post(form.action, form.hidden)).status, 303);
	await curl.call(curl.at(order, '/cancel'), {});
	const [[rows]] = await stack.sql('SELECT COUNT(*) FROM callback x JOIN callback_address a ON a.id = x.address_id WHERE a.removed_at IS NOT NULL');
	assert.equal(rows, '0');
	assert.equal((await curl.order('F-2', { callback: receiver.url('/two') })).code, 'callback_unknown');
});

test('without leave nothing goes to private addresses, by number or by name', async () => {
	const config = path.join(stack.dir, 'mailcert.hdf');
	fs.appendFileSync(config, 'Callback.AllowPrivate = 0\n');
	await stack.tool('stop', 'callback');
	await stack.tool('start', 'callback');
	const before = receiver.got.length;
	for (const host of [`127.0.0.1:${receiver.port}`, `localhost:${receiver.port}`, `[::1]:${receiver.port}`, '10.0.0.1', '169.254.169.254',
		`[::ffff:127.0.0.1]:${receiver.port}`, '192.168.1.1', '0.0.0.0']) {
		const url = `https://${host}/private`;
		assert.equal((await register(url)).status, 200, url);
		const ref = `G-${host.replace(/[^\w.]/g, '-')}`;
		const { order } = (await curl.order(ref, { callback: url, email: 'g@partner.example' })).json;
		await curl.call(curl.at(order, '/cancel'), {});
		await until(`an attempt at ${url}`, async () => (await stack.sql(`SELECT t.says FROM callback_attempt t
			JOIN callback x ON x.id = t.callback_id JOIN callback_address a ON a.id = x.address_id
			WHERE a.url = '${url}' AND t.says LIKE 'refused: the address is not a public one'`)).length > 0);
	}
	assert.equal(receiver.got.length, before);
});

test('neither worker nor sender complained', () => assert.deepEqual(stack.complaints(['web', 'callback']), []));
