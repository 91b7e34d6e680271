// upgrade.mjs - the schema of the next version comes while this version's processes run on and people come and write, and the
// command that brings it is killed on the way. Whoever is not answered is told to come back; whatever was answered is there
// afterwards, once; orders that were on their way get their certificates. The next version is this one with a migration more,
// whose statements are the slow kinds: a column, an index and a backfill on a table of 100,000 orders that everybody writes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { ROOT, sleep, Stack } from '../lib/stack.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const VISITORS = 3, PROGRAMS = 2, ACTIVATIONS = 4;
const HOOK = 'https://127.0.0.1:9/hook'; // nobody listens: what matters is that each change waits to be told, once
const dir = scratch(), next = path.join(dir, 'sql');
let stack, customer, name, number, said = '';
const traffic = { on: true, answered: 0, later: 0, failed: [], saved: new Map(), made: new Set(), cancelled: new Set() };

before(async () => {
	stack = await Stack.start({ name: 'upgrade', workers: 4, orders: 20, settings: { 'Mail.PollMs': 200, 'Signer.PollMs': 200, 'Signer.Lease': 10 } });
	await stack.sql(`SET @partner = 'demo-partner'; ${fs.readFileSync(path.join(ROOT, 'tests/partner/many.sql'), 'utf8')}`);
	await stack.ctl('partner', 'callback', 'add', '--partner', 'demo-partner', HOOK);
	customer = await new Client(stack).signIn();
	fs.cpSync(path.join(ROOT, 'sql'), next, { recursive: true });
	number = fs.readdirSync(path.join(next, 'migrations')).length + 1;
	name = `${String(number).padStart(4, '0')}_next`;
	fs.writeFileSync(path.join(next, 'migrations', `${name}.sql`), `
-- What the version after this one brings.
ALTER TABLE orders ADD COLUMN IF NOT EXISTS next_test INT NOT NULL DEFAULT 7;
CREATE TABLE IF NOT EXISTS next_test (order_id BIGINT UNSIGNED NOT NULL PRIMARY KEY, at DATETIME NOT NULL);
INSERT IGNORE INTO next_test SELECT id, ordered_at FROM orders;
UPDATE orders SET next_test = 8 WHERE partner_id IS NOT NULL;
ALTER TABLE orders ADD KEY IF NOT EXISTS next_test (next_test, id);
ALTER TABLE account MODIFY COLUMN name VARCHAR(201) NOT NULL, ALGORITHM=COPY;
`);
});
after(() => stack?.stopNow());

// An answer, or to come back later and when; all else is a failure.
async function take(what, run, done) {
	try {
		const answer = await run();
		if (answer.status < 400) {
			traffic.answered++;
			await done?.(answer);
		} else if (answer.status === 503 && /^[1-9]\d*$/.test(answer.headers.get('retry-after') ?? '')) {
			traffic.later++;
			await sleep(50);
		} else {
			traffic.failed.push(`${what}: ${answer.status} ${answer.title ?? ''}`);
		}
	} catch (error) {
		traffic.failed.push(`${what}: ${error.cause?.code ?? error.message}`);
	}
}
async function visitor(order, who) {
	const { hidden } = await customer.form(at(order, '/email'));
	for (let n = 0; traffic.on; n++) {
		const email = `${who}-${n}@mailbox.example`;
		await take('save', () => customer.post(at(order, '/email'), [...hidden, ['email', email]]),
			(answer) => { if (answer.status === 303) traffic.saved.set(order, email); });
		await take('page', () => customer.get(at(order)));
	}
}
// Each order is cancelled at once: a change that its partner must learn of, once.
async function program(who) {
	const post = (where, fields) => fetch(stack.url + where, { method: 'POST', body: new URLSearchParams(fields),
		headers: { Authorization: `Bearer ${stack.demo.PARTNER_KEY}`, Accept: 'application/json' } });
	for (let n = 0; traffic.on; n++) {
		const ref = `${who}-${n}`;
		let order;
		await take('post', () => post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: ref, email: `${ref}@partner.example`, callback: HOOK }),
			async (answer) => { traffic.made.add(ref); order = answer.json(); });
		if (order)
			await take('cancel', async () => post(`/partner/orders/${(await order).order.replace('ORDER/', '')}/cancel`, {}), () => traffic.cancelled.add(ref));
		await sleep(50);
	}
}
// Somebody's last step; told to come back later, they do.
async function activate(order) {
	for (let tries = 1; ; tries++) {
		try {
			return await submitActivation(customer, order);
		} catch (error) {
			if (!/^503 |\(503,/.test(error.message) || tries === 60)
				throw error;
			traffic.later++;
			await sleep(500);
		}
	}
}
// Run the next version's migration, and kill it when its time is over. Whether it ended by itself.
async function migrate(milliseconds) {
	const child = spawn(path.join(stack.env.B, 'mailcertctl'), ['--config', path.join(stack.dir, 'mailcert.hdf'), 'db', 'migrate', '--sql', next],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (part) => { said += part; });
	const timer = milliseconds && setTimeout(() => child.kill('SIGKILL'), milliseconds);
	const [status] = await new Promise((resolve) => child.once('close', (...how) => resolve(how)));
	clearTimeout(timer);
	return status;
}

test('the schema comes while people write, by a command that is killed on its way', async (t) => {
	const waiting = [];
	for (let i = 0; i < ACTIVATIONS; i++) {
		waiting.push(stack.takeOrder());
		await verifiedMailbox(stack, customer, waiting[i], `way-${i}@mailbox.example`);
		await giveKey(customer, waiting[i], makeCsr(dir, `way-${i}`));
	}
	const people = [];
	for (let i = 0; i < VISITORS; i++)
		people.push(visitor(stack.takeOrder(), `visitor-${i}`));
	for (let i = 0; i < PROGRAMS; i++)
		people.push(program(`program-${i}`));
	await sleep(500);
	let killed = 0;
	for (const milliseconds of [150, 600, 1200]) {
		const status = await migrate(milliseconds);
		killed += status === null ? 1 : 0;
		if (status === 0)
			break;
		assert.equal(status, null, said);
		// Somebody's last step falls between two attempts, with half of the new schema there.
		if (waiting.length > 0)
			await activate(waiting.shift()).catch((error) => traffic.failed.push(error.message));
	}
	assert.equal(await migrate(), 0, said);
	await sleep(500);
	traffic.on = false;
	await Promise.all(people);
	t.diagnostic(`killed ${killed} times; answered ${traffic.answered}, told to come back ${traffic.later}; ${traffic.made.size} orders posted`);
	assert.ok(killed >= 2, 'it was killed');
	assert.match(said, new RegExp(`migration ${name}: interrupted behind statement \\d+ of 6, going on`));
	assert.deepEqual(traffic.failed, []);
	assert.ok(traffic.answered > 100 && traffic.made.size > 10, 'people came meanwhile');
	for (const order of waiting.splice(0))
		await activate(order);
});

test('it is whole', async () => {
	assert.deepEqual(await stack.sql(`SELECT statements_done, finished_at IS NOT NULL FROM schema_migration WHERE version = ${number}`), [['6', '1']]);
	assert.deepEqual(await stack.sql('SELECT COUNT(*) FROM orders WHERE next_test NOT IN (7, 8)'), [['0']]);
	assert.deepEqual(await stack.sql('SELECT COUNT(*) FROM orders o LEFT JOIN next_test n ON n.order_id = o.id WHERE o.id BETWEEN 1000001 AND 1100000 AND (n.order_id IS NULL OR o.next_test <> 8)'), [['0']]);
});

test('what was answered is there, once', async () => {
	const drafts = new Map(await stack.sql("SELECT CONCAT(number, '/', item), email_draft FROM orders WHERE email_draft IS NOT NULL"));
	for (const [order, email] of traffic.saved)
		assert.equal(drafts.get(order), email);
	assert.equal(traffic.saved.size, VISITORS);
	const posted = await stack.sql(`SELECT o.partner_ref, COUNT(DISTINCT o.id), SUM(c.status = 'cancelled'),
		(SELECT COUNT(*) FROM outbox b WHERE b.order_id = o.id AND b.kind = 'verification'),
		(SELECT COUNT(*) FROM audit a WHERE a.order_id = o.id AND a.event = 'order_added')
		FROM orders o LEFT JOIN callback c ON c.order_id = o.id WHERE o.partner_ref LIKE 'program-%' GROUP BY o.partner_ref`);
	const found = new Map(posted.map(([ref, ...counts]) => [ref, counts.join()]));
	for (const ref of traffic.made)
		assert.match(found.get(ref), /^1,(NULL|0|1),1,1$/, `${ref}: order, callback, mail, event`);
	for (const ref of traffic.cancelled)
		assert.equal(found.get(ref), '1,1,1,1', `${ref}: order, callback, mail, event`);
	assert.ok(traffic.cancelled.size > 10);
});

// One whose row was locked while the signer had it is taken again when that lease is over.
test('orders on their way get their certificates', async () => {
	const issued = await stack.sql("SELECT CONCAT(number, '/', item) FROM orders WHERE email LIKE 'way-%'");
	assert.equal(issued.length, ACTIVATIONS);
	for (const [order] of issued)
		assert.match(await waitCertificate(customer, order, 60), /^-----BEGIN CERTIFICATE-----/);
	assert.deepEqual(await stack.sql("SELECT COUNT(*) FROM orders o JOIN certificate c ON c.order_id = o.id WHERE o.email LIKE 'way-%' AND o.not_after = c.not_after"),
		[[String(ACTIVATIONS)]]);
});

test('this version goes on with the newer schema, and says that it is newer', async () => {
	assert.equal((await customer.get('/healthz')).status, 200);
	await assert.rejects(stack.ctl('db', 'migrate'), /newer/);
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'after@mailbox.example');
	await giveKey(customer, order, makeCsr(dir, 'after'));
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
});
