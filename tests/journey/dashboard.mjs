// dashboard.mjs - the dashboard of a customer with thousands of orders: each notification stands under its tab, once, the
// newest first, however many pages that takes; the tabs count right; and open orders are read, not all.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Stack } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';

const stack = await Stack.start({ name: 'dashboard', orders: 5, workers: 1 });
const customer = await new Client(stack).signIn();
// Rows are made as they would stand; nobody is to work on them.
for (const service of ['signer', 'mailer', 'callback'])
	await stack.tool('stop', service);

const ISSUED = 3000;
// Orders 8000000001 on: n of them a state, the i-th done i DIV 7 minutes ago, so that some share their second.
async function ordersMake(first, n, columns, values) {
	await stack.sql(`SET foreign_key_checks = 0; INSERT INTO orders (id, number, item, account_id, product, customer_name, language, ordered_at, ${columns})
SELECT ${first} + seq, ${first} + seq, 'b01', (SELECT id FROM account WHERE login = '${stack.demo.CUSTOMER_LOGIN}'), '${stack.demo.PRODUCT}', 'Joe Doe', 'en',
    UTC_TIMESTAMP() - INTERVAL seq DIV 7 MINUTE, ${values} FROM seq_1_to_10000 WHERE seq <= ${n};`);
}
const verified = "'verified', 'verified', UTC_TIMESTAMP() - INTERVAL seq DIV 7 MINUTE";
await ordersMake(8000000000, ISSUED, 'mailbox_status, activation_status, issued_at, not_after', `${verified}, UTC_TIMESTAMP() + INTERVAL 300 DAY`);
await ordersMake(8100000000, 30, 'mailbox_status, activation_status, issued_at, not_after', `${verified}, UTC_TIMESTAMP() + INTERVAL seq DAY - INTERVAL 1 HOUR`);
await ordersMake(8200000000, 24, 'mailbox_status, activation_status, issued_at, not_after', `${verified}, UTC_TIMESTAMP() - INTERVAL seq HOUR`);
await ordersMake(8300000000, 23, 'mailbox_status, activation_status, issued_at, not_after, revoked_at',
	`${verified}, UTC_TIMESTAMP() + INTERVAL 300 DAY, UTC_TIMESTAMP() - INTERVAL seq DIV 7 MINUTE`);
await ordersMake(8400000000, 43, 'mailbox_reason', "'value_rejected'");
await ordersMake(8500000000, 21, 'cancelled_at', 'UTC_TIMESTAMP()');
const fresh = (await stack.sql("SELECT COUNT(*) FROM orders WHERE state = 'mailbox_waiting_for_data' AND mailbox_reason IS NULL"))[0][0];
const expected = { information: 23 + Number(fresh), problems: 43, expiration: 54, new: ISSUED };

// The notifications of a page: [order, time, words]; and what its tabs count.
function notices(text) {
	return [...text.matchAll(/<li class="note">([^]*?)<\/li>/g)].map(([, note]) => [/certificates\/(\d{10}\/b\d\d)/.exec(note)[1],
		/class="muted time">([^<]*)/.exec(note)[1], /<h3>([^<]*)/.exec(note)[1]]);
}
const counts = (text) => Object.fromEntries([...text.matchAll(/\?tab=(\w+)"[^>]*>[^<]*<span class="count">(\d+)/g)].map(([, tab, n]) => [tab, Number(n)]));

// Follow a tab to its end, or for so many pages.
async function tabRead(tab, pages = Infinity) {
	const seen = [];
	for (let next = `/dashboard?tab=${tab}`; next && pages > 0; pages--) {
		const page = await customer.get(next);
		assert.equal(page.status, 200, next);
		assert.deepEqual(counts(page.text), expected, next);
		const found = notices(page.text);
		assert.ok(found.length > 0 && found.length <= 20, `${next}: ${found.length} notifications`);
		seen.push(...found);
		next = (/rel="next"[^>]*href="([^"]*)"/.exec(page.text) ?? /href="([^"]*)"[^>]*rel="next"/.exec(page.text))?.[1].replaceAll('&amp;', '&');
	}
	return seen;
}
function inOrder(seen) {
	assert.equal(new Set(seen.map(([order]) => order)).size, seen.length, 'an order came twice');
	const times = seen.map(([, time]) => time);
	assert.deepEqual(times, [...times].sort().reverse(), 'not the newest first');
}

for (const [tab, n] of Object.entries(expected).filter(([name]) => name !== 'new')) {
	test(`${tab}: each order once, the newest first, over all pages`, async () => {
		const seen = await tabRead(tab);
		assert.equal(seen.length, n);
		inOrder(seen);
	});
}

test('new: the first pages of thousands', async () => {
	const seen = await tabRead('new', 4);
	assert.equal(seen.length, 80);
	inOrder(seen);
	assert.ok(seen.every(([order]) => order.startsWith('80000')));
});

test('what is under a tab belongs there', async () => {
	const first = (tab, part) => tabRead(tab).then((seen) => seen.filter(([order]) => order.startsWith(part)));
	assert.equal((await first('expiration', '81')).length, 30);
	assert.equal((await first('expiration', '82')).length, 24);
	assert.equal((await first('information', '83')).length, 23);
	assert.equal((await first('problems', '84')).length, 43);
	const words = new Set((await tabRead('expiration')).map(([, , says]) => says));
	assert.equal(words.size, 2, [...words].join());
});

test('a page looks at open orders, and at the others in an index once', async () => {
	await stack.sql('ANALYZE TABLE orders');
	const rows = async () => Number((await stack.sql("SELECT SUM(variable_value) FROM information_schema.global_status WHERE variable_name LIKE 'Handler\\_read%'"))[0][0]);
	const before = await rows();
	await customer.get('/dashboard?tab=problems');
	const read = await rows() - before;
	assert.ok(read < 1.4 * ISSUED, `${read} rows read of ${ISSUED} issued orders`);
});

test('a partner\'s person is sent to the panel', async () => {
	const partner = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	const answer = await partner.get('/dashboard');
	assert.equal(answer.status, 303);
	assert.equal(answer.location, '/partner/dashboard');
});
