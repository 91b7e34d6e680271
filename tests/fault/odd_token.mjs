// odd_token.mjs - a token that goes wrong under the signer in other ways than by being away: slow, false, … (tests/lib/odd_token.c).
// What it was not asked for was not signed by it: such a serial is not put on the CRL.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, Stack, sleep, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const LEASE = 5;
const MANY = 12; // orders: more than a slow token signs within the lease, and so many that a thread signs them

const keys = scratch();
const words = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'mct-odd-')), 'words');
process.on('exit', () => fs.rmSync(path.dirname(words), { recursive: true, force: true }));
const stack = await Stack.start({
	name: 'odd_token', workers: 2, orders: 3 * MANY + 2, env: { ODD_TOKEN: words },
	settings: {
		'Signer.PollMs': 200, 'Signer.Lease': LEASE, 'Mail.PollMs': 100,
		'Ca.Pkcs11.Module': path.resolve(ROOT, process.env.B ?? 'build/plain', 'tests/lib/odd_token.so'),
	},
});
const customer = await new Client(stack).signIn();
const log = path.join(stack.dir, 'log/signer.log');
const tell = (text) => fs.writeFileSync(words, text);
const one = async (sql) => (await stack.sql(sql))[0]?.[0];
const serials = async (state) => Number(await one(`SELECT COUNT(*) FROM serial WHERE state = '${state}'`));
const events = async (event) => Number(await one(`SELECT COUNT(*) FROM audit WHERE event = '${event}'`));
let read = 0;
const logged = () => fs.readFileSync(log, 'utf8').slice(read);

async function submitted(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	await submitActivation(customer, order);
	return order;
}
// So many orders that the signer, told what its token does, finds all at once.
async function waiting(name, count, what) {
	await stack.tool('stop', 'signer');
	const orders = [];
	for (let n = 0; n < count; n++)
		orders.push(await submitted(`${name}-${n}`));
	await stack.sql("UPDATE issuance SET next_at = UTC_TIMESTAMP() + INTERVAL 1 HOUR WHERE state = 'waiting'");
	read = fs.statSync(log).size;
	await stack.tool('start', 'signer');
	await until('the signer to hold the key', () => /issuing as/.test(logged()));
	tell(what);
	await stack.sql("UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE state = 'waiting'");
	return orders;
}
async function accounted() {
	await until('nothing to wait', async () => await one("SELECT COUNT(*) FROM issuance WHERE state = 'waiting'") === '0');
	assert.equal(await serials('reserved'), 0);
	assert.equal(await one(`SELECT COUNT(*) FROM serial s LEFT JOIN revocation r USING (issuer_id, serial)
		WHERE (s.state = 'abandoned') <> (r.serial IS NOT NULL)`), '0', 'what was given up is revoked, and nothing else');
	assert.equal(await one(`SELECT COUNT(*) FROM serial s WHERE state = 'unused' AND NOT EXISTS
		(SELECT 1 FROM audit a WHERE a.event = 'serials_unused' AND a.detail LIKE CONCAT('%', HEX(s.serial), '%'))`), '0');
}

test('a token that cannot sign a batch within the lease: no serial is given up that it was not asked for', async () => {
	const orders = await waiting('slow', MANY, 'slow');
	for (const order of orders)
		await waitCertificate(customer, order, 90);
	tell('');
	assert.ok(await serials('unused') > 0, 'the lease ran out');
	assert.ok(await serials('abandoned') <= 1, 'at most one that it had in hand');
	assert.match(logged(), /its lease ran out before it was signed/);
	await accounted();
});

test('a false signature ends the round; the next tries come later and later, each with one order', async () => {
	const before = { abandoned: await serials('abandoned'), unused: await serials('unused') };
	const orders = await waiting('false', MANY, 'false');
	await until('the signer to say so', () => /error: false signature, nothing is issued for 10 seconds/.test(logged()));
	await sleep(5000);
	assert.equal(await serials('issued') + await serials('reserved'), MANY, 'nothing was issued');
	assert.equal(await serials('abandoned') - before.abandoned, 1, 'one was perhaps signed');
	assert.equal(await serials('unused') - before.unused, MANY - 1);
	await until('another try', () => /error: false signature, nothing is issued for 20 seconds/.test(logged()), 60);
	assert.equal(await serials('abandoned') - before.abandoned, 2);
	assert.equal(await serials('unused') - before.unused, MANY - 1, 'the second try took one order');
	tell('');
	for (const order of orders)
		await waitCertificate(customer, order, 60);
	assert.equal(await events('serial_abandoned'), await serials('abandoned'));
	await accounted();
});

test('a module that cannot be ended and does not sign is not one that refused the PIN: it signs again by itself', async () => {
	const pid = await stack.pid('signer');
	tell('held refuse');
	read = fs.statSync(log).size;
	const order = await submitted('held');
	await until('the signer to notice', () => /key is away/.test(logged()));
	await sleep(3000);
	assert.doesNotMatch(logged(), /not tried again/);
	tell('held');
	await waitCertificate(customer, order, 30);
	assert.match(logged(), /key is back/);
	assert.equal(await stack.pid('signer'), pid);
	tell('');
	await accounted();
});

for (const [name, count] of [['one order', 1], ['many, in a thread of their own', MANY]])
	test(`a signature that never comes back ends the signer, whose next one issues: ${name}`, async () => {
		const orders = await waiting(`hang-${count}`, count, 'hang');
		const pid = await stack.pid('signer');
		await until('the signer to end', () => /error: the key has not come back from a signature/.test(logged()), 60);
		tell('');
		for (const order of orders)
			await waitCertificate(customer, order, 60);
		assert.notEqual(await stack.pid('signer'), pid);
		await accounted();
	});
