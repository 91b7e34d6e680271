// callbacks.mjs - a partner's program is told of every change: signed, repeated until taken, also when its receiver is
// away for a while; and never sent into private networks unless the configuration says so.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client, pageForms } from '../lib/client.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
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
				this.got.push({ path: request.url, headers: request.headers, body, fields: Object.fromEntries(new URLSearchParams(body)),
					status: this.answer });
				if (this.answer === 'die')
					request.socket.destroy();
				else
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
		settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 200, 'Callback.PollMs': 50, 'Callback.PauseLeast': 1, 'Callback.PauseMost': 2,
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

test('what a killed sender had taken goes out when the next is started in its place, not when the lease ends', async () => {
	const { order } = (await curl.order('E-2', { callback: receiver.url() })).json;
	await stack.tool('stop', 'callback');
	await curl.call(curl.at(order, '/cancel'), {});
	await stack.sql(`UPDATE callback SET taken_by = '${os.hostname().slice(0, 40)}:1', next_at = UTC_TIMESTAMP() + INTERVAL 1 HOUR
		WHERE state = 'waiting'`);
	await stack.tool('start', 'callback');
	await until('it arrives', () => receiver.taken(order).length > 0);
});

// Press a button of the panel: the form of a page that goes to `action`.
async function press(where, action, fields = {}) {
	const form = pageForms((await person.get(where)).text).find((f) => f.action === action && f.method === 'post');
	assert.ok(form, `${where} has a form for ${action}`);
	return person.post(action, [...form.hidden, ...Object.entries(fields)]);
}

test('replay sends it again under its id; the log tells of both', async () => {
	const [id] = (await stack.sql("SELECT MAX(id) FROM callback"))[0];
	const before = receiver.got.length;
	assert.ok((await person.get('/partner/callbacks')).text.includes(`href="/partner/callbacks/${id}"`));
	const pressed = await press(`/partner/callbacks/${id}`, `/partner/callbacks/${id}/replay`);
	assert.deepEqual([pressed.status, pressed.location], [303, `/partner/callbacks/${id}?notice=callback_replayed`]);
	await until('it arrives again', () => receiver.got.length > before);
	assert.equal(receiver.got.at(-1).headers['x-mailcert-id'], id);
	await until('two attempts on its page', async () =>
		[...(await person.get(`/partner/callbacks/${id}`)).text.matchAll(/<strong>200<\/strong>/g)].length === 2);
});

test('every change of an order arrives, with the certificate\'s serial', async () => {
	const ticks = { accept_terms: 'yes', accept_data: 'yes' };
	const { order } = (await curl.order('L-1', { callback: receiver.url() })).json;
	await confirmMailbox(stack, 'l-1@partner.example');
	assert.equal((await curl.call(curl.at(order, '/activate'), { csr: makeCsr(dir, 'l1'), ...ticks })).status, 200);
	const issued = await until('the certificate', async () => {
		const { json } = await curl.call(curl.at(order));
		return json.status === 'issued' && json;
	}, 30);
	assert.equal((await curl.call(curl.at(order, '/revoke'), { reason: 'superseded' })).status, 200);
	await until('all four', () => receiver.taken(order).length === 4);
	const told = receiver.taken(order).sort((x, y) => x.fields.id - y.fields.id).map((one) => one.fields);
	assert.deepEqual(told.map((f) => f.status), ['activation_waiting_for_data', 'activation_waiting_for_verification', 'issued', 'revoked']);
	assert.deepEqual(told.map((f) => f.serial), [undefined, undefined, issued.certificate.serial, issued.certificate.serial]);
	for (const one of told)
		assert.match(one.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('one that was taken but not answered comes again, and can be recognised', async () => {
	const { order } = (await curl.order('M-1', { callback: receiver.url() })).json;
	receiver.answer = 'die';
	await curl.call(curl.at(order, '/cancel'), {});
	await until('it was heard', () => receiver.got.some((one) => one.fields.order === order));
	receiver.answer = 200;
	await until('it is taken', () => receiver.taken(order).length > 0);
	const ids = receiver.got.filter((one) => one.fields.order === order).map((one) => one.headers['x-mailcert-id']);
	assert.ok(ids.length >= 2);
	assert.equal(new Set(ids).size, 1);
});

const config = () => path.join(stack.dir, 'mailcert.hdf');
async function setUp(lines) {
	fs.appendFileSync(config(), lines);
	await stack.tool('stop', 'callback');
	await stack.tool('start', 'callback');
}
const rowOf = async (ref) => {
	const [row] = await stack.sql(`SELECT c.id, c.state, c.attempts, (SELECT COUNT(*) FROM callback_attempt t WHERE t.callback_id = c.id),
		COALESCE((SELECT TIMESTAMPDIFF(SECOND, MAX(t.at), c.next_at) FROM callback_attempt t WHERE t.callback_id = c.id), 0)
		FROM callback c JOIN orders o ON o.id = c.order_id WHERE o.partner_ref = '${ref}'`);
	return { id: row[0], state: row[1], attempts: Number(row[2]), tried: Number(row[3]), pause: Number(row[4]) };
};
// As if its pause, and that of its address, were over.
const dueNow = (ref) => stack.sql(`UPDATE callback_address SET held_until = NULL;
	UPDATE callback c JOIN orders o ON o.id = c.order_id SET c.next_at = UTC_TIMESTAMP(3) WHERE o.partner_ref = '${ref}'`);

test('pauses grow to an hour; after three days it is given up where people see it, and replay revives it', async () => {
	await setUp('Callback.PauseLeast = 5\nCallback.PauseMost = 3600\n');
	await register(receiver.url('/away'));
	receiver.answer = 503;
	const orders = {};
	for (const ref of ['T-old', 'T-untried', 'T-new'])
		orders[ref] = (await curl.order(ref, { callback: receiver.url('/away'), email: 't@partner.example' })).json.order;
	await curl.call(curl.at(orders['T-old'], '/cancel'), {});
	let least = 5;
	for (let attempt = 1; attempt <= 12; attempt++) {
		const row = await until(`attempt ${attempt}`, async () => {
			const now = await rowOf('T-old');
			return now.tried === attempt && now;
		});
		assert.equal(row.state, 'waiting');
		assert.ok(row.pause >= least - 1 && row.pause <= least * 1.2 + 1, `attempt ${attempt}: pause ${row.pause}, least ${least}`);
		least = Math.min(3600, least * 2);
		if (attempt < 12)
			await dueNow('T-old');
	}
	// Nearly three days old it is tried and waits; a second older than three days it is given up, and so is what waited as long.
	for (const ref of ['T-untried', 'T-new'])
		await curl.call(curl.at(orders[ref], '/cancel'), {});
	const age = (ref, seconds) => stack.sql(`UPDATE callback c JOIN orders o ON o.id = c.order_id
		SET c.tried_since = UTC_TIMESTAMP() - INTERVAL ${seconds} SECOND WHERE o.partner_ref = '${ref}'`);
	const days = 3 * 24 * 3600;
	await stack.sql(`UPDATE callback c JOIN orders o ON o.id = c.order_id SET c.next_at = UTC_TIMESTAMP() + INTERVAL 1 DAY
		WHERE o.partner_ref IN ('T-untried', 'T-new')`);
	await age('T-old', days - 60);
	await age('T-untried', days + 5);
	await dueNow('T-old');
	await until('attempt 13', async () => (await rowOf('T-old')).tried === 13);
	assert.equal((await rowOf('T-old')).state, 'waiting');
	await age('T-old', days + 1);
	await dueNow('T-old');
	await until('it is given up', async () => (await rowOf('T-old')).state === 'given_up');
	assert.equal((await rowOf('T-untried')).state, 'given_up');
	assert.equal((await rowOf('T-new')).state, 'waiting');

	const page = await person.get('/partner/callbacks');
	assert.match(page.words, /Callbacks that were given up: 2/);
	const log = await person.get('/partner/callbacks?state=given_up');
	assert.ok(log.text.includes(orders['T-old']) && log.text.includes(orders['T-untried']) && !log.text.includes(orders['T-new']));
	assert.match((await person.get(`/partner/callbacks/${(await rowOf('T-old')).id}`)).words, /Given up.*503/);
	const listed = JSON.parse(await stack.ctl('partner', 'callback', 'list', '--json')).find((one) => one.url.endsWith('/away'));
	assert.deepEqual([listed.given_up, listed.waiting], [2, 1]);

	receiver.answer = 200;
	assert.equal((await press('/partner/callbacks', '/partner/callbacks/replay')).status, 303);
	for (const ref of ['T-old', 'T-untried'])
		await until(`${ref} arrives`, () => receiver.taken(orders[ref]).length === 1);
	const ids = receiver.got.filter((one) => one.fields.order === orders['T-old']).map((one) => one.headers['x-mailcert-id']);
	assert.deepEqual([ids.length, new Set(ids).size], [15, 1], 'every attempt under one id');
	assert.doesNotMatch((await person.get('/partner/callbacks')).words, /given up: /);
	const { id } = await rowOf('T-old');
	assert.deepEqual(JSON.parse(await stack.ctl('partner', 'callback', 'replay', '--id', id, '--json')), { replayed: 1 });
	await until('by command it arrives again', () => receiver.taken(orders['T-old']).length === 2);
	await dueNow('T-new');
	await until('the new one arrives', () => receiver.taken(orders['T-new']).length === 1);
});

test('a receiver that is away does not hinder the others, however much waits for it', async () => {
	await register('https://127.0.0.1:9/dead');
	const { order } = (await curl.order('Q-1', { callback: 'https://127.0.0.1:9/dead' })).json;
	await curl.call(curl.at(order, '/cancel'), {});
	await until('it was tried', async () => (await rowOf('Q-1')).tried > 0);
	await stack.sql(`INSERT INTO callback (partner_id, address_id, order_id, status, mailbox_status, activation_status, happened_at, tried_since, next_at)
		SELECT partner_id, address_id, order_id, status, mailbox_status, activation_status, happened_at, tried_since, UTC_TIMESTAMP() - INTERVAL 1 DAY
		FROM callback, seq_1_to_20000 WHERE id = (SELECT MAX(c.id) FROM callback c)`);
	const other = (await curl.order('Q-2', { callback: receiver.url() })).json.order;
	await curl.call(curl.at(other, '/cancel'), {});
	await until('the other one arrives', () => receiver.taken(other).length === 1);
	const [[examined]] = await stack.sql(`FLUSH STATUS; SET @unused = (SELECT COUNT(*) FROM callback WHERE 0);
		CALL callback_take('test:1', 16, 60, FALSE);
		SELECT SUM(variable_value) FROM information_schema.session_status WHERE variable_name LIKE 'Handler_read%'`).then((rows) => rows.slice(-1));
	assert.ok(Number(examined) < 500, `${examined} rows were looked at`);
	await stack.sql("DELETE t FROM callback_attempt t JOIN callback c ON c.id = t.callback_id JOIN callback_address a ON a.id = c.address_id WHERE a.url LIKE '%/dead'");
	await stack.sql("DELETE c FROM callback c JOIN callback_address a ON a.id = c.address_id WHERE a.url LIKE '%/dead'");
});

test('an address is changed, gets a new secret, and is removed', async () => {
	await register(receiver.url('/two'));
	const { order } = (await curl.order('F-1', { callback: receiver.url('/two') })).json;
	const [[id]] = await stack.sql("SELECT id FROM callback_address WHERE url LIKE '%/two'");
	const where = `/partner/callbacks/addresses/${id}`;
	assert.equal((await press(where, where, { url: 'http://plain.example/' })).status, 422);
	assert.equal((await press(where, where, { url: receiver.url() })).status, 409, 'another address has it');
	assert.equal((await press(where, where, { url: receiver.url('/three') })).status, 303);
	const made = await press(where, `${where}/secret`);
	const anew = /<code>(mcs_[\w-]{43})<\/code>/.exec(made.text)[1];
	assert.equal((await person.get(where)).text.includes(anew), false, 'it is shown once');
	await curl.call(curl.at(order, '/cancel'), {});
	const [one] = await until('it arrives there', () => receiver.taken(order).length > 0 && receiver.taken(order));
	const [, t, v1] = /^t=(\d+),v1=(.*)$/.exec(one.headers['x-mailcert-signature']);
	assert.equal(v1, createHmac('sha256', anew).update(`${t}.${one.body}`).digest('hex'));
	assert.equal(one.path, '/hook/three');

	const gone = (await curl.order('F-2', { callback: receiver.url('/three') })).json.order;
	assert.equal((await press(where, `${where}/remove`)).status, 303);
	assert.equal((await person.get(where)).status, 404);
	await curl.call(curl.at(gone, '/cancel'), {});
	assert.equal((await stack.sql("SELECT COUNT(*) FROM callback c JOIN orders o ON o.id = c.order_id WHERE o.partner_ref = 'F-2'"))[0][0], '0');
	assert.equal((await curl.order('F-3', { callback: receiver.url('/three') })).code, 'callback_unknown');
});

test('nobody has more than fifty addresses', async () => {
	await stack.sql(`INSERT INTO callback_address (partner_id, url, secret, created_at) SELECT p.id, CONCAT('https://many.example/', seq), 'x', UTC_TIMESTAMP()
		FROM partner p, seq_1_to_50 WHERE p.name = 'demo-partner'`);
	const refused = await register('https://one-more.example/');
	assert.deepEqual([refused.status, refused.secret], [422, undefined]);
	await stack.sql("DELETE FROM callback_address WHERE url LIKE 'https://many.example/%'");
});

test('without leave nothing goes to private addresses, by number or by name', async () => {
	await setUp('Callback.AllowPrivate = 0\n');
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

test('what is under way when the database goes away is posted to its end', async (t) => {
	await setUp('Callback.AllowPrivate = 1\n');
	const held = []; // what the gate before the receiver keeps back
	const gate = net.createServer((client) => {
		const server = net.connect(receiver.port, '127.0.0.1');
		const end = () => { client.destroy(); server.destroy(); };
		client.on('error', end);
		server.on('error', end);
		held.push({ go: () => client.pipe(server).pipe(client), end });
	});
	t.after(async () => {
		held.forEach((one) => one.end());
		gate.close();
		await stack.tool('start', 'mariadb');
	});
	await new Promise((resolve) => { gate.listen(0, '127.0.0.1', resolve); });
	const url = `https://127.0.0.1:${gate.address().port}/hook/held`;
	assert.equal((await register(url)).status, 200);
	const { order } = (await curl.order('H-1', { callback: url, email: 'h@partner.example' })).json;
	await curl.call(curl.at(order, '/cancel'), {});
	await until('the post to be under way', () => held.length === 1);
	await stack.tool('stop', 'mariadb');
	held[0].go();
	await until('the post', () => receiver.taken(order).length === 1, 8);
});
