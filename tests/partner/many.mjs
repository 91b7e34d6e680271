// many.mjs - the panel of a partner with 100,000 orders: every list is read by an index, in the order in which it is
// shown, and goes on behind an id. What the database did for each page is read in its log of statements: the plan, and
// how many rows were looked at.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '../lib/client.mjs';
import { anotherPartner, partnerAccount } from '../lib/partner.mjs';
import { ROOT, sleep, Stack } from '../lib/stack.mjs';

const PASSWORD = 'correct horse battery';
const partner = 'many', count = 100000;
let stack, person, curl, log;

before(async () => {
	stack = await Stack.start({ name: 'partner-many', orders: 0, workers: 2 });
	for (const service of ['signer', 'mailer', 'callback'])
		await stack.tool('stop', service);
	curl = await anotherPartner(stack, partner);
	await stack.sql(`SET @partner = '${partner}'; ${fs.readFileSync(path.join(ROOT, 'tests/partner/many.sql'), 'utf8')}`);
	log = path.join(stack.dir, 'log', 'statements.log');
	await stack.sql(`SET GLOBAL slow_query_log_file = '${log}', GLOBAL log_slow_verbosity = 'query_plan,explain',
		GLOBAL log_slow_min_examined_row_limit = 0, GLOBAL long_query_time = 0, GLOBAL slow_query_log = 1`);
	await stack.tool('stop', 'web');
	await stack.tool('start', 'web');
	partnerAccount(stack, partner, 'many', PASSWORD);
	person = await new Client(stack).signIn('many', PASSWORD);
});
after(() => stack?.stopNow());

// What the workers asked the database since `from`: { sql, examined, plan: rows of EXPLAIN }.
function statements(from) {
	const text = fs.readFileSync(log, 'utf8').slice(from);
	return text.split(/^# (?=User@Host: )/m).slice(1).filter((one) => one.startsWith('User@Host: web[')).map((one) => ({
		examined: Number(/Rows_examined: (\d+)/.exec(one)[1]),
		plan: [...one.matchAll(/^# explain: (.*)$/gm)].map((m) => m[1].split('\t')).filter((row) => row[0] !== 'id')
			.map(([id, kind, table, type, possible, key, length, ref, rows, ...rest]) => ({ table, type, key, extra: rest.at(-1) })),
		sql: one.split('\n').filter((line) => !line.startsWith('#') && !/^SET timestamp/.test(line)).join(' ').trim(),
	}));
}

// Tables of few rows, however many orders there are.
const SMALL = /^(me|s|a|p|f|b|k|h|r|account|session|partner|issuer|<.*>|NULL|j|one)$/;

async function look(where, most) {
	const from = fs.statSync(log).size;
	const answer = await person.get(where);
	assert.equal(answer.status, 200, `${where}: ${answer.status} ${answer.title}`);
	const asked = statements(from);
	assert.ok(asked.length > 0, `${where}: nothing was logged`);
	for (const one of asked) {
		assert.ok(one.examined <= most, `${where}: ${one.examined} rows for ${one.sql.slice(0, 300)}\n${JSON.stringify(one.plan)}`);
		for (const row of one.plan)
			assert.ok(SMALL.test(row.table) || (row.key !== 'NULL' && row.type !== 'ALL' && row.type !== 'index'),
				`${where}: ${row.table} is read whole by ${one.sql.slice(0, 300)}\n${JSON.stringify(one.plan)}`);
	}
	return { ...answer, asked, text: answer.text, words: answer.words };
}

test('there are 100,000 orders', async () =>
	assert.equal((await stack.sql(`SELECT COUNT(*) FROM orders o JOIN partner p ON p.id = o.partner_id WHERE p.name = '${partner}'`))[0][0], String(count)));

test('lists: each page looks at a page of orders', async () => {
	const [[middle]] = await stack.sql(`SELECT o.id FROM orders o JOIN partner p ON p.id = o.partner_id WHERE p.name = '${partner}' LIMIT 1 OFFSET 50000`);
	for (const where of ['/partner/orders', `/partner/orders?page=${middle}`, '/partner/orders?page=30', '/partner/orders?product=smime-mailbox-730',
		'/partner/orders?product=none', '/partner/orders?bulk=7', '/partner/orders?bulk=8', '/partner/orders?status=nonsense',
		...['mailbox_waiting_for_data', 'mailbox_waiting_for_verification', 'activation_waiting_for_data', 'activation_waiting_for_verification',
			'issued', 'revoked', 'cancelled'].flatMap((status) => [`/partner/orders?status=${status}`, `/partner/orders?status=${status}&page=${middle}`])])
		await look(where, 400);
});

test('searches: by the index of what was typed', async () => {
	const [[number, ref, email, customer]] = await stack.sql(`SELECT o.number, o.partner_ref, o.email, o.customer_name FROM orders o
		JOIN partner p ON p.id = o.partner_id WHERE p.name = '${partner}' AND o.email IS NOT NULL LIMIT 1 OFFSET 70000`);
	for (const q of [number, `ORDER/${number}/b01`, ref, email, email.split('@')[0], customer, 'nothing-has-this', 'ż', '5', 'ref-', 'user-', 'Customer'])
		await look(`/partner/orders?q=${encodeURIComponent(q)}`, 400);
});

test('what ends by the clock is found in the index alone', async () => {
	for (const status of ['expired', 'expiring']) {
		const { asked } = await look(`/partner/orders?status=${status}`, count);
		const found = asked.flatMap((one) => one.plan).find((row) => row.table === 'o' && /orders_partner/.test(row.key));
		assert.ok(found, JSON.stringify(asked));
	}
});

test('dashboard: counts come from indexes alone, problems from the newest open orders', async () => {
	const { asked, text } = await look('/partner/dashboard', count * 2);
	const counts = asked.filter((one) => /GROUP BY o\.state|EXTRACT/.test(one.sql));
	assert.equal(counts.length, 2);
	for (const one of counts)
		for (const row of one.plan.filter((row) => /^(o|orders)$/.test(row.table)))
			assert.match(row.extra, /Using index/, JSON.stringify(one.plan));
	const problems = asked.find((one) => one.sql.includes('order_notice'));
	assert.ok(problems.examined < 40000, `${problems.examined}: ${JSON.stringify(problems.plan)}`);
	assert.match(text, /rel="next"/, 'more problems are on further pages');
	const told = (await curl.call('/partner/dashboard')).json;
	assert.equal(Object.values(told.orders).reduce((sum, n) => sum + n, 0), count);
	const [[issued, expired]] = await stack.sql(`SELECT SUM(c.not_after > UTC_TIMESTAMP()), SUM(c.not_after <= UTC_TIMESTAMP()) FROM certificate c
		JOIN orders o ON o.id = c.order_id JOIN partner p ON p.id = o.partner_id WHERE p.name = '${partner}' AND c.revoked_at IS NULL`);
	assert.deepEqual([told.orders.issued, told.orders.expired], [Number(issued), Number(expired)]);
});

test('the other pages', async () => {
	const [[order, id, callback, address]] = await stack.sql(`SELECT CONCAT(o.number, '/', o.item), o.id, c.id, c.address_id FROM callback c JOIN orders o ON o.id = c.order_id
		JOIN partner p ON p.id = c.partner_id WHERE p.name = '${partner}' ORDER BY c.id DESC LIMIT 1 OFFSET 20000`);
	for (const where of ['/partner/bulk', '/partner/bulk/7', '/partner/keys', '/partner/orders/new', `/partner/orders/${order}`])
		await look(where, 400);
	for (const where of [`/partner/callbacks/${callback}`, '/partner/callbacks?state=given_up', '/partner/callbacks?state=waiting', `/partner/callbacks?page=${callback}`,
		`/partner/callbacks?order=${order}`, '/partner/callbacks', `/partner/callbacks/addresses/${address}`])
		await look(where, 1500);
	for (const where of ['/account/data', `/account/data?before=${id}`])
		await look(where, 1000);
});

test('pages follow one another without a gap or a repeat', async () => {
	const seen = [];
	let where = '/partner/orders?status=activation_waiting_for_verification';
	for (let i = 0; where !== undefined && i < 50; i++) {
		const { json } = await curl.call(where);
		seen.push(...json.orders.map((o) => o.order));
		where = json.next;
	}
	const wanted = await stack.sql(`SELECT CONCAT(o.number, '/', o.item) FROM orders o JOIN partner p ON p.id = o.partner_id
		WHERE p.name = '${partner}' AND o.state = 'activation_waiting_for_verification' ORDER BY o.id DESC LIMIT 1000`);
	assert.deepEqual(seen, wanted.flat().slice(0, seen.length));
	assert.ok(where !== undefined || seen.length === wanted.length);
});

test('all of them in one CSV, some at a time', async () => {
	const from = fs.statSync(log).size;
	const csv = await person.get('/partner/orders.csv');
	assert.equal(csv.status, 200);
	const lines = csv.text.trim().split('\r\n');
	assert.equal(lines.length, 1 + Math.min(count, 100000));
	assert.equal(new Set(lines).size, lines.length);
	assert.ok(statements(from).every((one) => one.examined < 20000));
	await stack.sql(`INSERT INTO orders (number, item, partner_id, partner_ref, product, customer_name, language)
		SELECT '0000000001', 'b01', id, 'one-more', 'smime-mailbox-365', 'x', 'en' FROM partner WHERE name = '${partner}'`);
	const cut = await person.get('/partner/orders.csv');
	assert.equal(cut.text.trim().split('\r\n').length, 1 + 100000);
	const more = /<(.*?)>; rel="next"/.exec(cut.headers.get('link'))[1];
	const rest = (await person.get(more)).text.trim().split('\r\n');
	assert.equal(rest.length, 2, 'what does not fit is behind a link');
	assert.match(rest[1], /,ref-1,/);
});

test('who reads a long file slowly holds no worker', async () => {
	const url = new URL(stack.url), slow = [];
	const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
	try {
		for (let i = 0; i < 2 * 2; i++) { // twice as many as there are workers
			const socket = net.connect({ host: url.hostname, port: Number(url.port) });
			slow.push(socket);
			socket.on('error', () => {});
			// Several of them, since the kernel's buffers may hold one or two.
			socket.write(`GET /partner/orders.csv HTTP/1.1\r\nHost: ${url.host}\r\nCookie: ${cookie}\r\n\r\n`.repeat(4));
			await once(socket, 'readable'); // it has begun; nothing more of it is read
		}
		for (let i = 0; i < 10; i++, await sleep(1000))
			assert.equal((await person.get('/partner/dashboard', { signal: AbortSignal.timeout(20000) })).status, 200);
	} finally {
		slow.forEach((socket) => socket.destroy());
	}
});

test('no worker complained', () => assert.deepEqual(stack.complaints(['web']), []));
