// slow_clients.mjs - clients that hold what they can: connections that say nothing, headers and bodies that trickle in or
// stop half way, answers that nobody reads, uploads past the limit, hundreds of requests in one breath. Honest people
// work on meanwhile, and each of their requests must be answered as ever; how long that took is printed, not asserted.
//
// FULL=1: 10,000 idle connections, 1,000 slow ones, for a minute.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { answers, at as nginxAt, exchange } from '../lib/raw.mjs';
import { sleep, Stack, until } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';

const FULL = process.env.FULL === '1';
const IDLE = FULL ? 10000 : 1500, SLOW = FULL ? 250 : 40, SECONDS = FULL ? 60 : 6, HONEST = 6;

const stack = await Stack.start({ name: 'slow_clients', orders: HONEST + 2, workers: 4, env: { UP_SECONDS: '60' } });
const where = nginxAt(stack);
const host = `${where.host}:${where.port}`;
const workersThen = Stack.workersOf(await stack.pid('web'));
const customer = await new Client(stack).signIn();
const cookie = [...customer.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
const untouched = stack.takeOrder();

// --- the hostile -----------------------------------------------------------------------------------------------------

let over = false;
const open = new Set();
const ended = {}; // by kind: connections that the service ended
const made = {};

// A connection; `act` is called when it stands, and again and again every `every` ms. When the service ends it, another
// is made.
function hold(kind, act, { every = 0, again = true, reads = true } = {}) {
	if (over)
		return;
	const socket = net.connect(where);
	open.add(socket);
	made[kind] = (made[kind] ?? 0) + 1;
	let timer, n = 0;
	socket.on('connect', () => {
		act(socket, n++);
		if (every)
			timer = setInterval(() => act(socket, n++), every);
	});
	if (reads)
		socket.on('data', () => {});
	else
		socket.pause();
	socket.on('error', () => {});
	socket.on('close', () => {
		clearInterval(timer);
		open.delete(socket);
		if (over)
			return;
		ended[kind] = (ended[kind] ?? 0) + 1;
		if (again)
			setTimeout(() => hold(kind, act, { every, again, reads }), 200);
	});
}
const post = (length, more = '') => `POST ${at(untouched, '/email')} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n${more}${length}\r\n\r\n`;
const KINDS = {
	'idle': [IDLE, () => {}],
	'kept alive and idle': [SLOW, (socket, n) => n === 0 && socket.write(`GET /sign-in HTTP/1.1\r\nHost: ${host}\r\n\r\n`)],
	'headers that trickle': [SLOW, (socket, n) => socket.write(n === 0 ? `GET /dashboard HTTP/1.1\r\nHost: ${host}\r\n` : `X-${n}: y\r\n`), { every: 500 }],
	'a body that trickles': [SLOW, (socket, n) => socket.write(n === 0 ? post('Content-Length: 200000') : 'email='[n % 6]), { every: 300 }],
	'a body in chunks that trickles': [SLOW, (socket, n) => socket.write(n === 0 ? post('Transfer-Encoding: chunked') : '1\r\na\r\n'), { every: 300 }],
	'a body that is cut off': [SLOW, (socket) => { socket.write(`${post('Content-Length: 5000')}email=cut%40off.example`); setTimeout(() => socket.destroy(), 50); }],
	'an answer that nobody reads': [SLOW, (socket) => socket.write(`GET /static/tools.js HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(50)), { reads: false }],
	'an upload past the limit': [4, (socket) => { socket.write(post('Content-Length: 50000000')); socket.write(Buffer.alloc(3000000, 97)); }],
	'an upload without an end': [4, (socket) => socket.writable && socket.write(Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536, 97), Buffer.from('\r\n')])), { every: 50 }],
	'what is no HTTP': [4, (socket) => socket.write(Buffer.alloc(100, 22))],
};

// --- the honest --------------------------------------------------------------------------------------------------------

const took = [], failed = [], kept = new Map();
async function person(k) {
	const client = await new Client(stack).signIn();
	const order = stack.takeOrder();
	for (let n = 0; !over; n++) {
		const steps = [['dashboard', () => client.get('/dashboard')], ['order', () => client.get(at(order))], ['style', () => client.get('/static/style.css')],
			['save', () => client.submit(at(order, '/email'), { email: `person${k}-${n}@mailbox.example` })]];
		for (const [what, step] of steps) {
			const began = Date.now();
			try {
				const answer = await step();
				if (answer.status !== (what === 'save' ? 303 : 200))
					failed.push(`${what}: ${answer.status}`);
				else if (what === 'save')
					kept.set(order, `person${k}-${n}@mailbox.example`);
			} catch (error) {
				failed.push(`${what}: ${error.cause?.code ?? error.message}`);
			}
			took.push(Date.now() - began);
		}
		await sleep(20);
	}
}
const quantile = (list, part) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))];
const figures = (list) => `${list.length} requests, median ${quantile(list, 0.5)} ms, p99 ${quantile(list, 0.99)} ms, longest ${Math.max(...list)} ms`;

test('honest people are answered, each time', async (t) => {
	const people = Array.from({ length: HONEST }, (_, k) => person(k));
	await sleep(SECONDS * 500);
	const calm = took.splice(0);
	t.diagnostic(`before: ${figures(calm)}`);
	for (const [kind, [count, act, options]] of Object.entries(KINDS))
		for (let i = 0; i < count; i++) {
			if (kind === 'an upload without an end')
				hold(kind, (socket, n) => (n === 0 ? socket.write(post('Transfer-Encoding: chunked')) : act(socket)), options);
			else
				hold(kind, act, options);
			if (i % 100 === 99)
				await sleep(20);
		}
	await until('all connections stand', () => open.size > IDLE, 60);
	took.splice(0);
	// nginx ends what says nothing for 15 s, all that came together at once; each is made again a moment later.
	const held = [];
	for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await sleep(100))
		held.push(open.size);
	over = true;
	await Promise.all(people);
	t.diagnostic(`with ${quantile(held, 0.5)} (${Math.min(...held)} to ${Math.max(...held)}) hostile connections open (made: ${JSON.stringify(made)}; ended by the service: ${JSON.stringify(ended)}): ${figures(took)}`);
	assert.deepEqual([...new Set(failed)], []);
	assert.ok(took.length > HONEST * 4, `${took.length} requests`);
	assert.ok(quantile(held, 0.5) > IDLE, 'the idle ones were there most of the time');
	for (const kind of ['a body that is cut off', 'an upload past the limit', 'what is no HTTP'])
		assert.ok(made[kind] > 4 && (ended[kind] ?? 0) > 0, kind);
	if (FULL)
		// A body may trickle for ever, as long as each pause is short: nginx knows no limit for the whole. It holds a
		// connection of nginx meanwhile, no worker and no place in their queue.
		for (const kind of ['idle', 'headers that trickle', 'kept alive and idle'])
			assert.ok(ended[kind] > 0, `${kind}: no such connection is kept for longer than its time`);
});

test('what was saved meanwhile stands in the database, what was cut off does not', async () => {
	for (const [order, email] of kept)
		assert.deepEqual(await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), [[email]]);
	assert.equal(kept.size, HONEST);
	assert.deepEqual(await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${untouched}'`), [['NULL']]);
});

test('no worker died or was held, nginx had room, and the connections are gone', async () => {
	assert.deepEqual(Stack.workersOf(await stack.pid('web')).sort(), workersThen.sort());
	for (const socket of open)
		socket.destroy();
	await until('the connections are gone', () => open.size === 0);
	assert.doesNotMatch(fs.readFileSync(path.join(stack.dir, 'log/nginx-error.log'), 'utf8'), /not enough|Too many open files|\[(alert|emerg|crit)\]/);
	assert.deepEqual(stack.complaints(['web', 'signer', 'mailer', 'callback']), []);
	const nginx = Stack.workersOf(await stack.pid('nginx'))[0];
	await until('nginx holds no descriptors of them', () => fs.readdirSync(`/proc/${nginx}/fd`).length < 100, 40);
});

test('a hundred requests in one breath are a hundred answers, in their order', async () => {
	const paths = Array.from({ length: 100 }, (_, n) => (n % 3 === 0 ? `/nothing-${n}` : n % 3 === 1 ? '/sign-in' : '/static/app.js'));
	const text = await exchange(where, paths.map((one, n) => `GET ${one} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\n${n === 99 ? 'Connection: close\r\n' : ''}\r\n`).join(''), { wait: 30000 });
	const got = answers(text);
	assert.deepEqual(got.map((answer) => answer.status), paths.map((one) => (one.startsWith('/nothing') ? 404 : 200)));
	got.forEach((answer, n) => assert.match(answer.headers['content-type'], n % 3 === 2 ? /javascript/ : /html/, String(n)));
	// A POST in between is done once, and what follows is not its body.
	const order = stack.takeOrder();
	const token = /name="form_token" value="([^"]*)"/.exec((await customer.get(at(order, '/email'))).text)[1];
	const body = new URLSearchParams({ form_token: token, email: 'pipelined@mailbox.example' }).toString();
	const mixed = await exchange(where, `GET /sign-in HTTP/1.1\r\nHost: ${host}\r\n\r\nPOST ${at(order, '/email')} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n`
		+ `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}GET /nothing HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, { wait: 20000 });
	assert.deepEqual(answers(mixed).map((answer) => answer.status), [200, 303, 404]);
	assert.deepEqual(await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), [['pipelined@mailbox.example']]);
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.stopNow(), []);
});
