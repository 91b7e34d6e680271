// resources.mjs - thousands of requests of every kind through one worker: its memory stays as it is after warming up, its
// descriptors and its connections to the database return to where they were.
//
// REQUESTS=5000, or 100,000 with FULL=1.
import test from 'node:test';
import assert from 'node:assert/strict';
import { held } from './lib/resources.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { formToken, issuedOrder } from '../lib/roles.mjs';
import { sleep, Stack, until } from '../lib/stack.mjs';
import { at, giveKey, verifiedMailbox } from '../lib/steps.mjs';

const REQUESTS = Number(process.env.REQUESTS || (process.env.FULL === '1' ? 100000 : 5000));
const WARM = 1500, LANES = 6, GROWTH_KB = 1024;

const dir = scratch();
const stack = await Stack.start({ name: 'resources', orders: 4, workers: 1, settings: { 'Web.RequestsPerWorker': 100000000, 'Mail.PollMs': 50, 'Signer.PollMs': 100 } });
await stack.sql('UPDATE partner SET rate = 100000, burst = 100000');
const customer = await new Client(stack).signIn();
const partner = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
const stranger = new Client(stack);
const issued = await issuedOrder(stack, customer, dir);
const fresh = stack.takeOrder();
const atKey = stack.takeOrder();
await verifiedMailbox(stack, customer, atKey, 'resources@mailbox.example');
await giveKey(customer, atKey, makeCsr(dir, 'resources'));
const csr = makeCsr(dir, 'another', 'p256');
const token = await formToken(customer);
const key = { authorization: `Bearer ${stack.demo.PARTNER_KEY}` };

await stranger.post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: 'AGAIN', email: 'again@partner.example' }, { headers: key });

// What is asked in turn, and the status it must get.
const KINDS = [
	[200, () => customer.get('/dashboard')], [200, () => customer.get('/certificates')], [200, () => customer.get(at(issued))],
	[200, () => customer.get(at(issued, '/bundle.p7b'))], [200, () => customer.get(at(atKey, '/activation/key'), { headers: { 'accept-language': 'pl' } })],
	[303, (n) => customer.post(at(fresh, '/email'), { form_token: token, email: `r${n}@mailbox.example` })],
	[422, () => customer.post(at(fresh, '/email'), { form_token: token, email: 'not an address' }, { json: true })],
	[422, () => customer.post(at(atKey, '/activation/key'), { form_token: token, csr: 'no request' })],
	[200, () => customer.post('/csr/check', { csr }, { json: true, headers: key })],
	[413, () => customer.post('/csr/check', { csr: 'A'.repeat(300000) }, { headers: key })],
	[403, () => customer.post('/language', { form_token: 'x', language: 'en' })], [404, () => customer.get('/nothing')],
	[200, () => partner.get('/partner/dashboard')], [200, () => partner.get('/partner/documentation')], [200, () => partner.get('/partner/orders.csv')],
	[200, () => stranger.post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: 'AGAIN', email: 'again@partner.example' }, { json: true, headers: key })],
	[404, () => stranger.get(`/verify/${'A'.repeat(43)}`)], [200, () => stranger.get('/healthz')], [303, () => stranger.get('/dashboard')],
	[401, () => stranger.get('/partner/orders', { json: true, headers: { authorization: 'Bearer mck_wrong' } })],
];
const [worker] = Stack.workersOf(await stack.pid('web'));
const wrong = new Map();
let asked = 0;
async function ask(count) {
	const end = asked + count;
	await Promise.all(Array.from({ length: LANES }, async () => {
		while (asked < end) {
			const n = asked++;
			const [status, send] = KINDS[n % KINDS.length];
			const answer = await send(n);
			if (answer.status !== status)
				wrong.set(`${KINDS[n % KINDS.length][1]}: ${answer.status} for ${status}`, (wrong.get(answer.status) ?? 0) + 1);
		}
	}));
}
const connections = async () => (await stack.sql("SELECT user, COUNT(*) FROM information_schema.processlist WHERE user IN ('web', 'metrics') GROUP BY user"));

test(`${REQUESTS} requests through one worker`, async (t) => {
	await ask(WARM);
	await sleep(500);
	const before = held(worker), then = await connections();
	await ask(REQUESTS);
	// A request that nginx has just given up is let go a moment later.
	const after = await until('its descriptors are as before', () => held(worker)?.fds === before?.fds && (held(worker) ?? {}), 10);
	assert.deepEqual([...wrong.keys()], []);
	assert.deepEqual(Stack.workersOf(await stack.pid('web')), [worker], 'it was the same worker all the time');
	assert.deepEqual(await connections(), then, 'connections to the database');
	if (before === null) {
		t.diagnostic('its memory cannot be read: only root may');
		return;
	}
	t.diagnostic(`memory ${before.kb} kB, then ${after.kb} kB; descriptors ${before.fds}, then ${after.fds}`);
	assert.ok(after.kb - before.kb < GROWTH_KB, `${before.kb} kB became ${after.kb} kB`);
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.complaints(['web', 'signer', 'callback']), []);
	assert.deepEqual(stack.stopNow(), []);
});
