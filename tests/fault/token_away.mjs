// token_away.mjs - the token goes away under the real signer, in its cage, and comes back: orders wait and are issued, a
// revocation waits and gets onto the CRL, the log says both, and nobody has to do anything. The token is SoftHSM's folder,
// moved aside. No serial is wasted meanwhile but the one that was being signed when it went.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { Stack, sleep, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { at, giveKey, statuses, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const keys = scratch();
const stack = await Stack.start({
	name: 'token_away', workers: 2, orders: 6, settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
});
const customer = await new Client(stack).signIn();
const token = path.join(stack.dir, 'token');
const away = path.join(stack.dir, 'token.away');
const log = path.join(stack.dir, 'log/signer.log');

async function submitted(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	await submitActivation(customer, order);
	return order;
}
const one = async (sql) => (await stack.sql(sql))[0]?.[0];
const health = async () => (await customer.get('/healthz', { json: true })).status;
let read = fs.statSync(log).size;
// What the signer logged since the last time it was asked.
function logged() {
	const text = fs.readFileSync(log, 'utf8').slice(read);
	read += Buffer.byteLength(text);
	return text;
}
function listed() {
	const text = openssl(['crl', '-inform', 'DER', '-in', path.join(stack.dir, 'public/crl/issuing-1.crl'), '-noout', '-text']);
	return { number: Number(/CRL Number:\s+(\d+)/.exec(text)?.[1]), serials: [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map((m) => m[1].padStart(32, '0')) };
}

const first = await submitted('before');
await waitCertificate(customer, first);
const pid = await stack.pid('signer');

test('the signer is caged', () => {
	assert.match(fs.readFileSync(`/proc/${pid}/status`, 'utf8'), /^Seccomp:\s+2$/m);
});

let waiting;
test('the token goes away: the order waits, the person is told, /healthz and the log say so', async () => {
	logged();
	fs.renameSync(token, away);
	waiting = [await submitted('during-1')];
	await until('the signer to notice', () => /key is away/.test(fs.readFileSync(log, 'utf8').slice(read)));
	waiting.push(await submitted('during-2'));
	await until('/healthz to say so', async () => await health() === 503);
	await sleep(3000);
	for (const order of waiting) {
		assert.deepEqual(await statuses(customer, order), ['verified', 'waiting_for_verification']);
		assert.equal((await customer.get(at(order, '/certificate.pem'))).status, 404);
	}
	const said = logged();
	assert.equal(said.match(/key is away/g).length, 1, `once, not at every try:\n${said}`);
	assert.equal(await one("SELECT COUNT(*) FROM issuance WHERE state = 'waiting'"), '2');
	assert.ok(Number(await one("SELECT COUNT(*) FROM serial WHERE state = 'abandoned'")) <= 1, 'one serial at most was given up');
});

test('a revocation while it is away is kept', async () => {
	const { number } = listed();
	await customer.submit(at(first, '/revoke'), { reason: 'superseded', confirm: 'yes' });
	await sleep(2000);
	assert.equal(listed().number, number, 'no CRL without the key');
	assert.equal(await one('SELECT COUNT(*) FROM revocation WHERE reason = 4'), '1');
});

test('it comes back: the orders are issued by themselves, by the same process', async () => {
	fs.renameSync(away, token);
	for (const order of waiting)
		await waitCertificate(customer, order, 20);
	assert.match(logged(), /key is back/);
	assert.equal(await stack.pid('signer'), pid);
	await until('/healthz to be well', async () => await health() === 200);
});

test('and the revocation stands on the CRL', async () => {
	const serial = await one('SELECT HEX(serial) FROM revocation WHERE reason = 4');
	await until('the CRL with it', () => listed().serials.includes(serial));
});

test('away with no order waiting: a revocation alone finds it back', async () => {
	fs.renameSync(token, away);
	await customer.submit(at(waiting[0], '/revoke'), { reason: 'superseded', confirm: 'yes' });
	await until('the signer to notice', () => /key is away/.test(fs.readFileSync(log, 'utf8').slice(read)));
	fs.renameSync(away, token);
	const serial = await one(`SELECT HEX(serial) FROM certificate c JOIN orders o ON o.id = c.order_id WHERE CONCAT(o.number, '/', o.item) = '${waiting[0]}'`);
	await until('the CRL with it', () => listed().serials.includes(serial), 90);
	assert.match(logged(), /key is back/);
});

test('it comes back with another PIN: one try, since tokens lock after a few; the right PIN and a start mend it', async () => {
	const pinFile = path.join(stack.dir, 'secrets/pin');
	const pin = fs.readFileSync(pinFile, 'utf8').trim();
	fs.renameSync(token, away);
	const order = await submitted('pin');
	await until('the signer to notice', () => /key is away/.test(fs.readFileSync(log, 'utf8').slice(read)));
	const conf = path.join(stack.dir, 'softhsm2.away.conf');
	fs.writeFileSync(conf, fs.readFileSync(path.join(stack.dir, 'softhsm2.conf'), 'utf8').replace(token, away));
	const changed = spawnSync('pkcs11-tool', ['--module', '/usr/lib/softhsm/libsofthsm2.so', '--token-label', 'mailcert', '--login',
		'--change-pin', '--pin', pin, '--new-pin', '87654321'], { env: { ...process.env, SOFTHSM2_CONF: conf }, encoding: 'utf8' });
	assert.equal(changed.status, 0, changed.stderr);
	fs.renameSync(away, token);
	await until('the signer to give the PIN up', () => /PIN wrong or locked/.test(fs.readFileSync(log, 'utf8').slice(read)));
	await sleep(3000);
	assert.equal(logged().match(/PIN wrong or locked/g).length, 1);
	assert.deepEqual(await statuses(customer, order), ['verified', 'waiting_for_verification']);
	fs.writeFileSync(pinFile, '87654321\n');
	await stack.tool('stop', 'signer');
	await stack.tool('start', 'signer');
	await waitCertificate(customer, order, 20);
});

test('the books: a certificate for each order, every serial issued or given up and then on the CRL', async () => {
	const rows = await stack.sql('SELECT HEX(serial), state FROM serial');
	assert.deepEqual([...new Set(rows.map((row) => row[1]))].filter((state) => state === 'reserved'), []);
	assert.equal(rows.filter((row) => row[1] === 'issued').length, 4);
	const given = rows.filter((row) => row[1] === 'abandoned').map((row) => row[0]);
	assert.ok(given.length <= 3);
	await until('those on the CRL', () => given.every((serial) => listed().serials.includes(serial)), 90);
});

