// crl_kill.mjs - the signer dies by SIGKILL at each step of publishing a CRL, a healthy one takes over, and the books are
// checked: the file that readers fetch is whole at every moment, its number only grows, no revocation is lost, nothing is
// left lying about. Then what else may happen to that file: gone, older than the database knows, newer than it knows.
// The dying signer is of the build with fault points (make V=fault).
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const SIGNER = path.join(ROOT, 'build/fault/mailcert-signer');
// Each point, and whether readers see the new CRL already when the signer dies there.
const POINTS = {
	'crl-after-begin': false, 'crl-after-sign': false, 'before-rename': false, 'after-rename': true, 'crl-after-published': true,
};

const keys = scratch();
const stack = await Stack.start({
	name: 'crl_kill', workers: 2, orders: Object.keys(POINTS).length + 4,
	settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
});
const customer = await new Client(stack).signIn();
const folder = path.join(stack.dir, 'public/crl');
const issuer = path.join(keys, 'issuer.pem');
const one = async (sql) => (await stack.sql(sql))[0]?.[0];

// What readers fetch by HTTP: its signature verified, its number and serials.
async function served() {
	const response = await fetch(`${stack.url}/crl/issuing-1.crl`);
	assert.equal(response.status, 200);
	const der = Buffer.from(await response.arrayBuffer());
	const text = openssl(['crl', '-inform', 'DER', '-CAfile', issuer, '-noout', '-text'], der);
	return {
		number: Number(/CRL Number:\s+(\d+)/.exec(text)[1]),
		serials: [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map((m) => m[1].padStart(32, '0')).sort(),
	};
}
async function issued(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	await submitActivation(customer, order);
	const pem = await waitCertificate(customer, order);
	return { order, serial: openssl(['x509', '-noout', '-serial'], pem).trim().slice('serial='.length).padStart(32, '0') };
}
async function revoke({ order }) {
	const answer = await customer.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' });
	assert.equal(answer.status, 303);
}
function dieAt(point) {
	const died = spawnSync(SIGNER, ['--config', path.join(stack.dir, 'mailcert.hdf')], {
		env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf'), MAILCERT_DIE_AT: point },
		timeout: 20000, encoding: 'utf8',
	});
	assert.equal(died.signal, 'SIGKILL', `${died.error ?? ''} ${died.stderr}`);
	assert.ok(died.error === undefined, `it did not come to ${point}:\n${died.stderr}`);
}
// One begun and never published is taken up after a minute; the tests do not wait for it.
const minutePasses = () => stack.sql('UPDATE crl SET this_update = this_update - INTERVAL 61 SECOND WHERE published_at IS NULL');

const certificates = [];
for (const name of [...Object.keys(POINTS), 'restored', 'queue'])
	certificates.push(await issued(name));
openssl(['x509', '-inform', 'DER', '-out', issuer], Buffer.from(await (await fetch(`${stack.url}/ca/issuing-1.cer`)).arrayBuffer()));
await until('the first CRL', async () => await one('SELECT COUNT(*) FROM crl WHERE published_at IS NOT NULL') === '1');
await stack.tool('stop', 'signer');
let last = (await served()).number;
const revoked = [];

for (const [point, seen] of Object.entries(POINTS)) {
	test(`section 9.20: SIGKILL ${point}: the file is whole, the number grows, no revocation is lost`, async () => {
		const before = await served();
		const certificate = certificates.shift();
		await revoke(certificate);
		dieAt(point);
		const begun = Number(await one('SELECT MAX(number) FROM crl'));
		assert.ok(begun > last, 'a number was taken');
		const after = await served();
		assert.deepEqual(after, seen ? { number: begun, serials: [...revoked, certificate.serial].sort() } : before);
		assert.equal(await one(`SELECT published_at IS NOT NULL FROM crl WHERE number = ${begun}`), point === 'crl-after-published' ? '1' : '0');
		revoked.push(certificate.serial);

		await minutePasses();
		await stack.tool('start', 'signer');
		await until('the CRL with every revocation', async () => (await served()).serials.join() === [...revoked].sort().join());
		await until('all noted', async () => await one('SELECT published_at IS NOT NULL FROM crl ORDER BY number DESC LIMIT 1') === '1');
		await stack.tool('stop', 'signer');
		const now = await served();
		assert.ok(now.number >= after.number && (seen || now.number > begun), 'monotonic, and a number is used once');
		assert.equal(now.number, Number(await one('SELECT MAX(number) FROM crl')));
		last = now.number;
		assert.deepEqual(fs.readdirSync(folder).sort(), ['issuing-1.crl', 'root-1.crl'], 'nothing is left lying about');
		assert.equal(await one('SELECT COUNT(*) FROM revocation WHERE listed_in IS NULL'), '0');
	});
}

test('the file is gone: it is there again at once, under its own number', async () => {
	fs.rmSync(path.join(folder, 'issuing-1.crl'));
	await stack.tool('start', 'signer');
	const again = await until('the CRL', async () => fs.existsSync(path.join(folder, 'issuing-1.crl')) && served());
	assert.deepEqual(again, { number: last, serials: [...revoked].sort() });
	assert.equal(await one('SELECT COUNT(*) FROM audit WHERE event = "crl_published" AND detail LIKE "number %"'), await one('SELECT COUNT(*) FROM crl WHERE published_at IS NOT NULL'));
});

test('the file is half: likewise', async () => {
	fs.truncateSync(path.join(folder, 'issuing-1.crl'), 200);
	await until('the CRL', async () => {
		try {
			return (await served()).number === last;
		} catch {
			return false;
		}
	});
});

test('the database comes from a backup and knows less numbers than were published: the next number is higher than any', async () => {
	await stack.tool('stop', 'signer');
	const standing = await served();
	await stack.sql(`DELETE FROM crl WHERE number > 2; UPDATE revocation SET listed_in = LEAST(listed_in, 2)`);
	const certificate = certificates.shift();
	await revoke(certificate);
	await stack.tool('start', 'signer');
	const now = await until('the CRL', async () => {
		const seen = await served();
		return seen.serials.includes(certificate.serial) && seen;
	});
	assert.ok(now.number > standing.number, `${now.number} after ${standing.number}`);
	revoked.push(certificate.serial);
	assert.deepEqual(now.serials, [...revoked].sort());
});

test('a queue that never ends: a revocation gets onto the CRL all the same, and peers are answered', async () => {
	const certificate = certificates.shift();
	// Sixty orders that fail at once, and a loop that makes them ready again while the signer works on them.
	await stack.sql(`INSERT INTO orders (number, item, account_id, product, customer_name, language, email, mailbox_status, activation_status)
			SELECT LPAD(NEXTVAL(order_number), 10, '0'), 'b01', (SELECT MIN(id) FROM account), 'none', 'x', 'en', 'x@mailbox.example', 'verified', 'waiting_for_verification' FROM seq_1_to_60;
		INSERT INTO mailbox (order_id, email, initiated_at, confirmed_at) SELECT id, email, UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM orders WHERE product = 'none';
		UPDATE orders o JOIN mailbox m ON m.order_id = o.id SET o.mailbox_id = m.id WHERE o.product = 'none';
		INSERT INTO activation (order_id) SELECT id FROM orders WHERE product = 'none';
		INSERT INTO issuance (order_id, queued_at, next_at) SELECT id, UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM orders WHERE product = 'none'`);
	const again = stack.tool('sql', '--delimiter=$$', stack.demo.DB_NAME, '-e', `BEGIN NOT ATOMIC WHILE EXISTS (SELECT 1 FROM issuance WHERE state = 'waiting') DO
		FOR one IN (SELECT order_id FROM issuance WHERE state = 'waiting') DO
			UPDATE issuance SET next_at = UTC_TIMESTAMP(), taken_by = NULL, taken_until = NULL WHERE order_id = one.order_id AND state = 'waiting';
		END FOR; END WHILE; END`);
	try {
		const rounds = async () => Number(await one("SELECT MAX(attempts) FROM issuance WHERE state = 'waiting'"));
		const began = await until('rounds without an end', rounds);
		await revoke(certificate);
		await until('the CRL with it', async () => (await served()).serials.includes(certificate.serial));
		assert.equal((await customer.get('/healthz', { json: true })).status, 200);
		await until('rounds without an end', async () => await rounds() > began + 5);
	} finally {
		await stack.sql("UPDATE issuance SET state = 'returned' WHERE state = 'waiting'");
		await again;
	}
});

test('the signers complained of nothing else', () => assert.deepEqual(stack.complaints().filter((line) => !/product none/.test(line)), []));
