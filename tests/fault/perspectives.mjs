// perspectives.mjs - CAA from several places (Caa.Remotes), by the signer in its cage: what each saw is stored, the quorum decides,
// and too few that see it stop the issuance until they are back. The demo's name server plays the remote resolvers; a port
// where nobody answers plays one that is away.
import test from 'node:test';
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Client, faultSays } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const keys = scratch();
const stack = await Stack.start({
	name: 'perspectives', workers: 2, orders: 5, settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100, 'Dns.Timeout': 2 },
});
const customer = await new Client(stack).signIn();
const conf = path.join(stack.dir, 'mailcert.hdf');
const seeing = /^Dns\.Stub = (\S+)/m.exec(fs.readFileSync(conf, 'utf8'))[1];
const nobody = dgram.createSocket('udp4').unref();
await new Promise((resolve) => { nobody.bind(0, '127.0.0.1', resolve); });
const silent = `127.0.0.1@${nobody.address().port}`;

async function remotes(...list) {
	await stack.tool('stop', 'signer');
	fs.appendFileSync(conf, `Caa.Remotes = ${list.join(', ')}\n`);
	await stack.tool('start', 'signer');
}
const WHICH = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
async function checks(order) {
	const rows = await stack.sql(`SELECT decision, valid_until > checked_at, perspectives FROM caa_check WHERE order_id = ${WHICH(order)} ORDER BY id`);
	return rows.map(([decision, holds, json]) => ({ decision, holds, seen: json === 'NULL' ? null : JSON.parse(json) }));
}
async function submitted(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	await submitActivation(customer, order);
	return order;
}

test('none is configured: our own look-up alone', async () => {
	const order = await submitted('own');
	await waitCertificate(customer, order);
	assert.deepEqual(await checks(order), [{ decision: 'permitted', holds: '1', seen: null }]);
});
test('section 9.16: what each perspective saw is stored', async () => {
	await remotes(seeing, seeing, seeing);
	const order = await submitted('three');
	await waitCertificate(customer, order);
	const [{ decision, seen }] = await checks(order);
	assert.equal(decision, 'permitted');
	assert.deepEqual(seen, Array(3).fill({ where: seeing, decision: 'permitted', reason: 'no_records', found_at: '', secure: true }));
	assert.match(fs.readFileSync(path.join(stack.dir, 'log/signer.log'), 'utf8'), /warning: .*Caa\.Remotes names 3 perspectives; methods that need remote ones need \d/);
});
test('one of two is away: the quorum permits', async () => {
	await remotes(seeing, silent);
	const order = await submitted('one-away');
	await waitCertificate(customer, order);
	const [{ decision, seen }] = await checks(order);
	assert.deepEqual([decision, ...seen.map((one) => one.decision)], ['permitted', 'permitted', 'unreachable']);
});
test('both are away: nothing is signed, the page says so; they are back, it is issued', async () => {
	await remotes(silent, silent);
	const order = await submitted('both-away');
	await until('the signer to put it off', async () =>
		(await stack.sql(`SELECT last_code FROM issuance WHERE order_id = ${WHICH(order)}`))[0][0] === 'caa_unreachable', 40);
	assert.ok((await customer.get(at(order))).words.includes(faultSays('caa_unreachable')));
	const [{ decision, holds, seen }] = await checks(order);
	assert.deepEqual([decision, holds, ...seen.map((one) => one.decision)], ['unreachable', '0', 'unreachable', 'unreachable']);
	await remotes(seeing, seeing);
	await stack.sql(`UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = ${WHICH(order)}`);
	await waitCertificate(customer, order);
});
