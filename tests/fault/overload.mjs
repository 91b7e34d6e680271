// overload.mjs - more requests than the workers may have at a time (nginx/workers.conf): whoever comes then is told at once
// to come back, by a page or as a program reads it, and nothing of theirs was done; those who wait are all served. The
// workers are stopped here, so that nobody is served by chance; what a crowd does to throughput is the bench's to show.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { webSocket } from '../lib/fastcgi.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';

const QUEUE = 12, WORKERS = 2;

const stack = await Stack.start({ name: 'overload', orders: 4, workers: WORKERS, env: { QUEUE: String(QUEUE) } });
const customer = await new Client(stack).signIn();
const visitor = new Client(stack);
const order = stack.takeOrder(), other = stack.takeOrder();
const workers = Stack.workersOf(await stack.pid('web'));
const signal = (name) => workers.forEach((pid) => process.kill(pid, name));
// A worker that has not heard of it yet would still take a connection.
const still = (pid) => /\) T /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
async function workersStop() {
	signal('SIGSTOP');
	await until('the workers to stand still', () => workers.every(still));
}
process.on('exit', () => { try { signal('SIGCONT'); } catch { /* they have ended */ } });
const draft = async (which) => (await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${which}'`))[0][0];
const audited = async () => (await stack.sql('SELECT COUNT(*) FROM audit'))[0][0];

// Connections at the workers' socket, as /proc/net/unix has them: 02 no worker has accepted it yet, 03 one serves it.
const connections = (state) => fs.readFileSync('/proc/net/unix', 'utf8').split('\n')
	.filter((line) => line.endsWith(` ${webSocket(stack)}`) && line.split(/\s+/)[5] === state).length;
const queued = (count) => until(`${count} requests in the workers' queue`, () => connections('02') === count);
// Only then are all places free: nginx has a place back when the worker has closed, a moment after the answer.
const idle = () => until('no connection at the workers', () => connections('02') + connections('03') === 0);

// Requests that wait for a worker: their answers, and how many have come.
function wait(requests) {
	const waiting = { answered: 0 };
	waiting.all = Promise.all(requests.map(async (send) => {
		const answer = await send();
		waiting.answered++;
		return answer;
	}));
	return waiting;
}

const { hidden } = await customer.form(at(order, '/email'));
const save = (email, options) => customer.post(at(order, '/email'), [...hidden, ['email', email]], options);
let waiting;

test('workers stand still: as many as may wait do, one POST among them', async () => {
	await idle();
	await workersStop();
	waiting = wait([() => save('waited@mailbox.example'), ...Array.from({ length: QUEUE - 1 }, () => () => customer.get('/dashboard'))]);
	await queued(QUEUE);
	assert.equal(waiting.answered, 0, 'nobody is refused before there are too many');
});

test('the next is refused at once, with a page', async () => {
	for (const where of ['/sign-in', at(order), `/verify/${'A'.repeat(43)}`, '/tools']) {
		const answer = await visitor.get(where);
		assert.equal(answer.status, 503, where);
		assert.equal(answer.headers.get('retry-after'), '5');
		assert.equal(answer.headers.get('cache-control'), 'no-store');
		assert.equal(answer.headers.get('x-frame-options'), 'DENY');
		assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/);
		assert.match(answer.text, /<html lang="en">[\s\S]*Wait a few seconds[\s\S]*lang="pl"/);
	}
});

test('a program is told the same in JSON', async () => {
	const answer = await visitor.post('/partner/orders', { product: stack.demo.PRODUCT },
		{ json: true, headers: { authorization: `Bearer ${stack.demo.PARTNER_KEY}` } });
	assert.deepEqual([answer.status, answer.code, answer.headers.get('retry-after')], [503, 'busy', '5']);
	assert.match(answer.headers.get('content-type'), /^application\/json/);
});

test('static files and CRLs are served as ever', async () => {
	for (const where of ['/static/style.css', '/crl/issuing-1.crl'])
		assert.equal((await visitor.get(where)).status, 200, where);
});

test('a POST that was refused did nothing', async () => {
	const events = await audited();
	for (let n = 0; n < 5; n++)
		assert.equal((await customer.post(at(other, '/email'), [...hidden, ['email', `refused${n}@mailbox.example`]])).status, 503);
	assert.equal((await customer.post('/sign-out', hidden)).status, 503);
	assert.equal(await draft(other), 'NULL');
	assert.equal(await audited(), events);
});

test('who watches has places of their own, and waits in the same queue', async () => {
	const watched = wait([() => visitor.get('/healthz'), () => fetch(stack.demo.METRICS_URL)]);
	await queued(QUEUE + 2);
	assert.equal(watched.answered, 0, 'neither was refused');
	waiting.watched = watched;
});

test('a visitor who has given up keeps the place, as a worker will take the request all the same', async () => {
	const abort = new AbortController();
	const gone = wait(Array.from({ length: 6 }, () => () => visitor.get('/healthz', { signal: abort.signal }).catch(() => ({ status: 0 }))));
	await queued(QUEUE + 8);
	abort.abort();
	assert.deepEqual((await gone.all).map((answer) => answer.status), Array(6).fill(0));
	assert.equal((await visitor.get('/healthz')).status, 503, 'all eight places for who watches are taken');
});

test('the workers go on: all who waited are served, and what was refused succeeds', async () => {
	signal('SIGCONT');
	const answers = await waiting.all;
	assert.deepEqual(answers.map((answer) => answer.status), [303, ...Array(QUEUE - 1).fill(200)]);
	assert.deepEqual((await waiting.watched.all).map((answer) => answer.status), [200, 200]);
	assert.equal(await draft(order), 'waited@mailbox.example');
	assert.equal((await customer.post(at(other, '/email'), [...hidden, ['email', 'later@mailbox.example']])).status, 303);
	assert.equal(await draft(other), 'later@mailbox.example');
	assert.deepEqual(Stack.workersOf(await stack.pid('web')).sort(), workers.sort(), 'by the same workers');
});

async function allPlacesServe() {
	await idle();
	await workersStop();
	const all = wait(Array.from({ length: QUEUE }, () => () => visitor.get('/sign-in')));
	await queued(QUEUE);
	assert.equal(all.answered, 0);
	signal('SIGCONT');
	assert.deepEqual((await all.all).map((answer) => answer.status), Array(QUEUE).fill(200));
}
test('all places are free again', allPlacesServe);

test('a process of nginx that is killed leaves no place taken', async () => {
	const [nginx] = Stack.workersOf(await stack.pid('nginx'));
	await idle();
	await workersStop();
	const lost = wait(Array.from({ length: QUEUE }, () => () => visitor.get('/sign-in').catch(() => ({ status: 0 }))));
	await queued(QUEUE);
	process.kill(nginx, 'SIGKILL');
	assert.deepEqual((await lost.all).map((answer) => answer.status), Array(QUEUE).fill(0));
	signal('SIGCONT');
	await until('another process of nginx', async () => (await visitor.get('/sign-in').catch(() => ({}))).status === 200);
	await allPlacesServe();
});

test('nginx says so in its log, without the value of a mailbox holder\'s link', () => {
	const log = fs.readFileSync(path.join(stack.dir, 'log/nginx-error.log'), 'utf8');
	assert.match(log, /no live upstreams/);
	assert.doesNotMatch(log, /A{43}/);
	assert.deepEqual(stack.complaints(), []);
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.stopNow(), []);
});
