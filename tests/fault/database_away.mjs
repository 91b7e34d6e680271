// database_away.mjs - the database is gone, silent, full, read-only, or throws its clients out: whoever needs it is told
// to come back at once, nobody piles up behind anybody, and the same workers go on when it is back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Client } from '../lib/client.mjs';
import { sleep, Stack, until } from '../lib/stack.mjs';
import { at, giveMailbox } from '../lib/steps.mjs';

const WORKERS = 2;
// More requests than workers: with the limits of Db.Timeout and Db.ConnectTimeout one after the other they would take
// minutes.
const CROWD = 40;
const PATIENCE = 40; // seconds for the whole crowd

let stack, customer, workers;
const workersNow = async () => Stack.workersOf(await stack.pid('web')).sort();

before(async () => {
	stack = await Stack.start({ name: 'database_away', workers: WORKERS, orders: 12, settings: { 'Mail.PollMs': 100 } });
	customer = await new Client(stack).signIn();
	workers = await workersNow();
});
after(() => stack?.stopNow());

// Everybody at once; gives how many got which status. Each answer that is not a page must ask to come back.
async function crowd(where = '/account') {
	const answers = await Promise.all(Array.from({ length: CROWD }, () =>
		customer.get(where, { signal: AbortSignal.timeout(PATIENCE * 1000) })));
	const counts = {};
	for (const answer of answers) {
		counts[answer.status] = (counts[answer.status] ?? 0) + 1;
		if (answer.status >= 500) {
			assert.equal(answer.status, 503);
			assert.match(answer.headers.get('retry-after'), /^[1-9]\d*$/);
		}
	}
	return counts;
}
async function back() {
	await until('pages again', async () => (await customer.get('/account')).status === 200);
	await until('all workers to serve', async () => (await crowd())[200] === CROWD);
	assert.deepEqual(await workersNow(), workers, 'the same workers');
}

test('while it is gone: 503 for what needs it, the rest is served', async () => {
	await stack.tool('stop', 'mariadb');
	assert.deepEqual(await crowd(), { 503: CROWD });
	assert.equal((await customer.get('/tools')).status, 200);
	const health = await customer.get('/healthz');
	assert.equal(health.status, 503);
	assert.match(health.text, /database down/);
	const json = await customer.get('/certificates', { json: true });
	assert.equal(json.status, 503);
	await stack.tool('start', 'mariadb');
	await back();
});

test('while it is silent: nobody waits behind all the others', async () => {
	const mariadb = await stack.pid('mariadb');
	process.kill(mariadb, 'SIGSTOP');
	try {
		assert.deepEqual(await crowd(), { 503: CROWD });
	} finally {
		process.kill(mariadb, 'SIGCONT');
	}
	await back();
});

test('a POST that was not answered can be sent again and is done once', async () => {
	const order = stack.takeOrder(), email = 'again@mailbox.example';
	await customer.submit(at(order, '/email'), { email });
	const { hidden } = await customer.form(at(order, '/email/summary'));
	const mariadb = await stack.pid('mariadb');
	process.kill(mariadb, 'SIGSTOP');
	const answer = await customer.post(at(order, '/email/summary'), hidden);
	process.kill(mariadb, 'SIGCONT');
	assert.equal(answer.status, 503);
	await back();
	for (let i = 0; i < 2; i++)
		assert.equal((await customer.post(at(order, '/email/summary'), hidden)).status, 303);
	const [[boxes]] = await stack.sql(`SELECT COUNT(*) FROM mailbox WHERE email = '${email}'`);
	assert.equal(boxes, '1');
});

test('connections that the server ends are made anew, and nobody notices', async () => {
	const { hidden } = await customer.form(at(stack.orders[0], '/email'));
	for (let i = 0; i < 3; i++) {
		await stack.sql('KILL USER web@localhost');
		assert.deepEqual(await crowd(), { 200: CROWD });
		assert.equal((await customer.post(at(stack.orders[0], '/email'), [...hidden, ['email', `kill${i}@mailbox.example`]])).status, 303);
	}
	// What a connection must begin with is there again: strict mode and UTC.
	await stack.sql("SET GLOBAL time_zone = '+05:00'");
	await stack.sql('KILL USER web@localhost');
	await giveMailbox(customer, stack.takeOrder(), 'utc@mailbox.example');
	assert.deepEqual(await stack.sql("SELECT ABS(TIMESTAMPDIFF(SECOND, initiated_at, UTC_TIMESTAMP())) < 60 FROM mailbox WHERE email = 'utc@mailbox.example'"), [['1']]);
});

test('while it lets nobody else in: 503', async () => {
	const [[most]] = await stack.sql('SELECT @@max_connections');
	await stack.sql('SET GLOBAL max_connections = 12');
	const { DB_SOCKET, REPORT_USER, REPORT_PASSWORD } = stack.demo;
	const others = [];
	try {
		await until('a full server', async () => {
			await stack.sql('KILL USER web@localhost');
			for (let i = 0; i < 12; i++)
				others.push(spawn('mariadb', ['--no-defaults', `--socket=${DB_SOCKET}`, `--user=${REPORT_USER}`, '-e', 'DO SLEEP(60)'],
					{ env: { ...process.env, MYSQL_PWD: REPORT_PASSWORD }, stdio: 'ignore' }));
			await sleep(500);
			return (await customer.get('/account')).status === 503;
		});
		const counts = await crowd();
		assert.equal((counts[503] ?? 0) + (counts[200] ?? 0), CROWD);
	} finally {
		for (const one of others)
			one.kill('SIGKILL');
		await stack.sql(`SET GLOBAL max_connections = ${most}`);
	}
	await back();
});

test('while it is read-only pages are shown, and what would change something is asked to wait', async () => {
	const order = stack.takeOrder();
	const { hidden } = await customer.form(at(order, '/email'));
	await stack.sql('SET GLOBAL read_only = 1');
	try {
		assert.deepEqual(await crowd(), { 200: CROWD });
		const answer = await customer.post(at(order, '/email'), [...hidden, ['email', 'read@mailbox.example']]);
		assert.equal(answer.status, 503);
		assert.match(answer.headers.get('retry-after'), /^[1-9]\d*$/);
	} finally {
		await stack.sql('SET GLOBAL read_only = 0');
	}
	assert.equal((await customer.post(at(order, '/email'), [...hidden, ['email', 'read@mailbox.example']])).status, 303);
});

test('mailer and signer go on as well', async () => {
	await until('the mails', async () => (await stack.sql("SELECT 1 FROM outbox WHERE state = 'waiting'")).length === 0, 60);
	await until('health', async () => /database ok\nsigner ok/.test((await customer.get('/healthz')).text));
	assert.deepEqual(await workersNow(), workers);
});
