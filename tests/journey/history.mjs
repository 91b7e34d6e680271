// history.mjs - an order's history as its page tells it: newest first, however many events there are, before and after its
// certificate, whether it came with the order or by itself.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Stack } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const keys = scratch();
const stack = await Stack.start({ name: 'history', orders: 4, workers: 2 });
const customer = await new Client(stack).signIn();
const order = stack.takeOrder(), issued = stack.takeOrder();

const idOf = async (one) => (await stack.sql(`SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${one}'`))[0][0];
// Events with a detail of their own: "w7".
const add = async (one, event, from, to) => stack.sql(`INSERT INTO audit (at, actor, event, order_id, detail)
	SELECT UTC_TIMESTAMP(6), 'test', '${event}', ${await idOf(one)}, CONCAT('w', seq, ' | for auditors') FROM seq_${from}_to_${to} ORDER BY seq`);
// The numbers of those that the page tells of, in its order.
async function told(one) {
	const { status, text } = await customer.get(at(one));
	assert.equal(status, 200);
	assert.ok(!text.includes('for auditors'));
	return [...text.matchAll(/\bw(\d+)\b/g)].map(([, n]) => Number(n));
}
const down = (from, to) => Array.from({ length: from - to + 1 }, (_, i) => from - i);

test('a fresh order tells when it was placed', async () => {
	assert.match((await customer.get(at(order))).text, /<strong>Ordered</);
	assert.deepEqual(await told(order), []);
});

test('what happened comes newest first; a mail that was dropped is left out', async () => {
	await add(order, 'notice_accepted', 1, 40);
	await add(order, 'mail_dropped', 41, 45);
	assert.deepEqual(await told(order), down(40, 1));
});

test('with so many events that they do not come along, the newest hundred are told', async () => {
	await add(order, 'notice_accepted', 46, 70);
	assert.deepEqual(await told(order), [...down(70, 46), ...down(40, 1)]);
	await add(order, 'notice_accepted', 71, 200);
	assert.deepEqual(await told(order), down(200, 101));
});

test('an order with its certificate tells from there to its beginning', async () => {
	await verifiedMailbox(stack, customer, issued, 'history@mailbox.example');
	await giveKey(customer, issued, makeCsr(keys, 'history'));
	await submitActivation(customer, issued);
	await waitCertificate(customer, issued);
	const { text } = await customer.get(at(issued));
	const places = ['Certificate issued', 'Submitted for issuance', 'Ordered'].map((words) => text.indexOf(`<strong>${words}<`));
	assert.ok(places.every((place, i) => place > 0 && (i === 0 || place > places[i - 1])), String(places));
	await add(issued, 'notice_accepted', 1, 3);
	assert.deepEqual(await told(issued), [3, 2, 1]);
});

test('nothing was complained about', () => {
	assert.deepEqual(stack.complaints(), []);
	assert.deepEqual(stack.stopNow(), []);
});
