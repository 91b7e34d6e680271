// signer_kill.mjs - the signer dies by SIGKILL at each of its steps, a healthy one takes over, and the books are
// checked: exactly one certificate, every serial issued or abandoned, the abandoned ones on the CRL that nginx serves,
// one mail, all events. The dying signer is of the build with fault points (make V=fault).
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT, Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { mailsFor } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { at, giveKey, statuses, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const SIGNER = path.join(ROOT, 'build/fault/mailcert-signer');
const LEASE = 600; // seconds: the signer that is started in a dead one's place does not wait for its end
// Each point, and whether a serial that was reserved there is lost with the signer.
const POINTS = {
	'after-take': false, 'before-reserve': false, 'after-reserve': true,
	'after-sign': true, 'before-store': true, 'after-store': false,
};

const keys = scratch();
const stack = await Stack.start({
	name: 'signer_kill', workers: 2, orders: Object.keys(POINTS).length + 2,
	settings: { 'Signer.Lease': LEASE, 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
});
const customer = await new Client(stack).signIn();
await stack.tool('stop', 'signer');

async function prepare(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	return order;
}

// Let a signer run until it dies at a point.
function dieAt(point) {
	const died = spawnSync(SIGNER, ['--config', path.join(stack.dir, 'mailcert.hdf')], {
		env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf'), MAILCERT_DIE_AT: point },
		timeout: 20000, encoding: 'utf8',
	});
	assert.equal(died.signal, 'SIGKILL', `${died.error ?? ''} ${died.stderr}`);
	assert.ok(died.error === undefined, `it did not come to ${point}:\n${died.stderr}`);
}

const WHICH = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
async function serials(order) {
	const rows = await stack.sql(`SELECT HEX(serial), state FROM serial WHERE order_id = ${WHICH(order)} ORDER BY reserved_at`);
	return Object.fromEntries(['reserved', 'issued', 'abandoned'].map((state) =>
		[state, rows.filter((row) => row[1] === state).map((row) => row[0])]));
}
async function events(order, event) {
	return Number((await stack.sql(`SELECT COUNT(*) FROM audit WHERE order_id = ${WHICH(order)} AND event = '${event}'`))[0][0]);
}

// The serials on the CRL that nginx serves at the address in the certificates, after its signature was checked.
async function listed() {
	const response = await fetch(`${stack.url}/crl/issuing-1.crl`);
	if (response.status !== 200)
		return [];
	const issuer = Buffer.from(await (await fetch(`${stack.url}/ca/issuing-1.cer`)).arrayBuffer());
	const pem = path.join(keys, 'issuer.pem');
	openssl(['x509', '-inform', 'DER', '-out', pem], issuer);
	const text = openssl(['crl', '-inform', 'DER', '-CAfile', pem, '-noout', '-text'], Buffer.from(await response.arrayBuffer()));
	assert.doesNotMatch(text, /Reason Code/, 'an abandoned serial has no reason');
	return [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map((m) => m[1].padStart(32, '0'));
}

const issued = [];
const abandoned = [];

for (const [point, loses] of Object.entries(POINTS)) {
	test(`SIGKILL ${point}: one certificate, and the books balance`, async () => {
		const order = await prepare(point);
		await submitActivation(customer, order);
		dieAt(point);
		const left = await serials(order);
		assert.equal(left.reserved.length, loses ? 1 : 0, 'the signer died where it was meant to');
		assert.equal(left.issued.length, point === 'after-store' ? 1 : 0);

		await stack.tool('start', 'signer');
		const pem = await waitCertificate(customer, order);
		const serial = openssl(['x509', '-noout', '-serial'], pem).trim().slice('serial='.length).padStart(32, '0');
		const books = await serials(order);
		assert.deepEqual(books.issued, [serial]);
		assert.deepEqual(books.abandoned, left.reserved);
		assert.deepEqual(books.reserved, []);
		issued.push(serial);
		abandoned.push(...books.abandoned);
		await until('the CRL with the abandoned serials', async () => {
			const list = await listed();
			return abandoned.every((one) => list.includes(one));
		});
		await until('the certificate mailed', async () => await events(order, 'certificate_mailed') === 1);
		assert.equal((await mailsFor(stack, `${point}@mailbox.example`)).length, 2, 'verification and certificate');
		const [[mails]] = await stack.sql(`SELECT COUNT(*) FROM outbox WHERE kind = 'certificate_issued' AND order_id = ${WHICH(order)}`);
		assert.equal(mails, '1');
		assert.equal(await events(order, 'activation_submitted'), 1);
		assert.equal(await events(order, 'certificate_issued'), 1);
		assert.equal(await events(order, 'serial_abandoned'), loses ? 1 : 0);
		assert.ok(await events(order, 'caa_permitted') >= 1);
		await stack.tool('stop', 'signer');
	});
}

test('a serial that was reserved is abandoned too when its order goes back to the person, or is cancelled', async () => {
	const back = await prepare('back');
	const cancelled = await prepare('cancelled');
	await submitActivation(customer, back);
	await submitActivation(customer, cancelled);
	dieAt('after-reserve');
	const left = [...(await serials(back)).reserved, ...(await serials(cancelled)).reserved];
	assert.equal(left.length, 2);
	await stack.sql(`INSERT INTO key_block (spki_sha256, source, added_at)
		SELECT spki_sha256, 'keyCompromise', UTC_TIMESTAMP() FROM activation WHERE order_id = ${WHICH(back)}`);
	await assert.rejects(stack.ctl('order', 'cancel', cancelled, '--yes'), /order_being_issued/, 'not while the lease may run');
	await stack.sql(`UPDATE issuance SET taken_until = UTC_TIMESTAMP() WHERE order_id = ${WHICH(cancelled)}`);
	await stack.ctl('order', 'cancel', cancelled, '--yes');
	await stack.tool('start', 'signer');
	await until('the order to go back', async () => (await statuses(customer, back))[1] === 'waiting_for_data');
	for (const order of [back, cancelled]) {
		const books = await serials(order);
		assert.equal(books.abandoned.length, 1, order);
		assert.equal(books.reserved.length + books.issued.length, 0, order);
		assert.equal(await events(order, 'serial_abandoned'), 1);
		assert.equal((await customer.get(at(order, '/certificate.pem'))).status, 404);
	}
	abandoned.push(...left);
	await until('the CRL with the abandoned serials', async () => (await listed()).length === abandoned.length);
	assert.deepEqual((await listed()).sort(), [...abandoned].sort());
});

test('all in all: every serial is issued or abandoned, and the database itself refuses a second certificate', async () => {
	assert.deepEqual(await stack.sql('SELECT state, COUNT(*) FROM serial GROUP BY state ORDER BY state + 0'),
		[['issued', String(issued.length)], ['abandoned', String(abandoned.length)]]);
	const [[certificates, distinct]] = await stack.sql('SELECT COUNT(*), COUNT(DISTINCT order_id) FROM certificate');
	assert.deepEqual([certificates, distinct], [String(issued.length), String(issued.length)]);
	const columns = 'issuer_id, email, der, spki_sha256, not_before, not_after, issued_at';
	await assert.rejects(stack.sql(`INSERT INTO certificate (order_id, serial, sha256, ${columns})
		SELECT order_id, REPEAT('x', 16), REPEAT('x', 32), ${columns} FROM certificate LIMIT 1`), /1062.*order_id/);
	await assert.rejects(stack.sql(`INSERT INTO certificate (order_id, serial, sha256, ${columns})
		SELECT ${WHICH(stack.demo.CUSTOMER_ORDERS.split(',').at(-1))}, serial, REPEAT('x', 32), ${columns} FROM certificate LIMIT 1`), /1062/);
	assert.deepEqual(stack.complaints(), []);
});
