// retention.mjs - an order whose time is over, as people still see it: its pages open, tell nobody's address any more and
// give no certificate; and all else goes on.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { Curl } from '../lib/partner.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, confirmMailbox, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const keys = scratch();
const stack = await Stack.start({ name: 'retention', orders: 6, workers: 2 });
const customer = await new Client(stack).signIn();
const partner = new Curl(stack);
const old = stack.takeOrder(), young = stack.takeOrder();

async function issue(order, email) {
	await verifiedMailbox(stack, customer, order, email);
	await giveKey(customer, order, makeCsr(keys, email.split('@')[0]));
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
}
await issue(old, 'old@mailbox.example');
await issue(young, 'young@mailbox.example');
const posted = await partner.order('old-1', { email: 'partner@mailbox.example', customer_name: 'Olga Old' });
assert.equal(posted.status, 201, posted.text);
const theirs = posted.json.order.replace('ORDER/', '');
await confirmMailbox(stack, 'partner@mailbox.example');
await partner.call(partner.at(theirs, '/activate'), { csr: makeCsr(keys, 'partner'), accept_terms: 'yes', accept_data: 'yes' });
await until('the partner\'s certificate', async () => (await partner.call(partner.at(theirs, '/certificate.pem'))).status === 200);

const FILES = ['certificate.pem', 'certificate.cer', 'chain.pem', 'issuer.pem', 'root.pem', 'bundle.p7b'];
const ids = `(SELECT id FROM orders WHERE CONCAT(number, '/', item) IN ('${old}', '${theirs}'))`;

// The id that the list which begins with an order ends before.
const after = async (order) => (await stack.sql(`SELECT id + 1 FROM orders WHERE CONCAT(number, '/', item) = '${order}'`))[0][0];

test('two years and a day after its certificate an order is cleared', async () => {
	await stack.sql(`UPDATE certificate SET not_after = UTC_TIMESTAMP() - INTERVAL 2 YEAR - INTERVAL 1 DAY WHERE order_id IN ${ids};
		UPDATE orders o JOIN certificate c ON c.order_id = o.id SET o.not_after = c.not_after`);
	assert.match(await stack.ctl('retention', '--dry-run', '--csv'), /^order,2\r?$/m);
	assert.match(await stack.ctl('retention', '--yes', '--csv'), /^order,2\r?$/m);
});

test('its page, the lists and the dashboard open and name no address', async () => {
	for (const where of [at(old), '/certificates', '/dashboard?tab=expiration', '/dashboard', '/account/data-security-products', '/account/data?before=' + await after(old), '/certificates?q=old']) {
		const page = await customer.get(where);
		assert.equal(page.status, 200, where);
		assert.ok(!page.text.includes('old@mailbox.example') && !page.text.includes('BEGIN CERTIFICATE'), where);
	}
	const page = await customer.get(at(old));
	assert.ok(page.text.includes(old));
	assert.equal((await customer.get('/certificates')).text.includes(old), true);
});

test('it has no downloads any more, and nothing to revoke', async () => {
	for (const file of FILES)
		assert.equal((await customer.get(at(old, `/${file}`), { json: true })).code, 'certificate_missing', file);
	assert.equal((await customer.submit(at(old, '/revoke'), { reason: 'superseded', confirm: 'yes' })).status, 409);
	assert.equal((await partner.call(partner.at(theirs, '/revoke'), { reason: 'superseded' })).code, 'certificate_none_to_revoke');
});

test('the partner\'s program and panel find theirs by number and reference', async () => {
	const order = await partner.call(partner.at(theirs));
	assert.equal(order.status, 200);
	assert.equal(order.json.partner_ref, 'old-1');
	assert.ok(!order.text.includes('mailbox.example') && !order.text.includes('Olga'), order.text);
	const list = await partner.call('/partner/orders');
	assert.equal(list.status, 200);
	assert.ok(list.text.includes('old-1') && !list.text.includes('Olga'));
	assert.equal((await partner.call('/partner/orders.csv')).status, 200);
	for (const file of FILES)
		assert.equal((await partner.call(partner.at(theirs, `/${file}`))).code, 'certificate_missing', file);
	// The same reference again is no new order.
	assert.equal((await partner.order('old-1', { email: 'partner@mailbox.example' })).code, 'partner_ref_conflict');
});

test('mailcertctl and the reports know it still', async () => {
	const shown = JSON.parse(await stack.ctl('order', 'show', old, '--json'));
	assert.deepEqual([shown.order, shown.status, shown.email], [old, 'expired', null]);
	assert.equal(JSON.parse(await stack.ctl('report', 'orders', '--json')).reduce((sum, row) => sum + row.issued, 0), 3);
	assert.match(await stack.ctl('report', 'order-trail', '--order', old), /order_cleared/);
});

test('the audit log is whole', async () => {
	await until('all events are sealed', async () => JSON.parse(await stack.ctl('audit', 'status', '--json')).count === 0);
	await stack.ctl('audit', 'export', `${keys}/log`);
	fs.writeFileSync(`${keys}/log.pub`, await stack.ctl('audit', 'key'));
	assert.match(await stack.ctl('audit', 'verify', `${keys}/log`, '--key', `${keys}/log.pub`), /^whole: /);
});

test('other orders are untouched', async () => {
	assert.match((await customer.get(at(young, '/certificate.pem'))).text, /BEGIN CERTIFICATE/);
	assert.ok((await customer.get(at(young))).text.includes('young@'));
	const order = stack.takeOrder();
	await issue(order, 'next@mailbox.example');
});

test('nothing was complained about', () => {
	assert.deepEqual(stack.complaints(), []);
	assert.deepEqual(stack.stopNow(), []);
});
