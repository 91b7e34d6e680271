// rollover.mjs - a new issuing CA takes over: it issues from now on, and what the former one issued can still be revoked,
// since the signer goes on making its CRL (Ca.Former) at the address in its certificates.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const keys = scratch();
const stack = await Stack.start({
	name: 'rollover', workers: 2, orders: 4, settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
});
const customer = await new Client(stack).signIn();
const log = path.join(stack.dir, 'log/signer.log');
const config = path.join(stack.dir, 'mailcert.hdf');

async function issued(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	await submitActivation(customer, order);
	const pem = await waitCertificate(customer, order);
	const say = (...options) => openssl(['x509', '-noout', ...options], pem);
	return { order, serial: say('-serial').trim().slice('serial='.length), issuer: say('-issuer'), crl: /URI:(\S+\.crl)/.exec(say('-ext', 'crlDistributionPoints'))[1] };
}
async function revokedAtItsAddress({ order, serial, crl }) {
	await customer.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' });
	await until(`${serial} on ${crl}`, async () => {
		const response = await fetch(crl);
		return response.status === 200 && openssl(['crl', '-inform', 'DER', '-noout', '-text'], Buffer.from(await response.arrayBuffer())).includes(serial);
	});
}
async function restart(lines) {
	await stack.tool('stop', 'signer');
	fs.appendFileSync(config, lines);
	await stack.tool('start', 'signer');
}

test('a signer whose block list is empty says that it refuses no weak keys', () => {
	assert.match(fs.readFileSync(log, 'utf8'), /warning: .*Ca\.BlockList: 0 keys are too few for a list of Debian's weak ones/);
});
let old, young;
test('the new CA issues', async () => {
	old = await issued('old');
	await stack.ctl('ca', 'init', '--name', 'issuing-2', '--common-name', 'The second issuing CA');
	await restart('Ca.Issuer = issuing-2\n');
	young = await issued('young');
	assert.match(young.issuer, /second issuing CA/);
	assert.doesNotMatch(old.issuer, /second/);
	assert.notEqual(young.crl, old.crl);
});
test('a signer that is not told of the former CA says that nobody makes its CRL', () => {
	assert.match(fs.readFileSync(log, 'utf8'), /error: .*issuing-1.*Ca\.Former/);
});
test('told of it, it makes the CRLs of both', async () => {
	await restart('Ca.Former = issuing-1\n');
	await revokedAtItsAddress(old);
	await revokedAtItsAddress(young);
});
test('each CRL has its own numbers, and no serial of the other', async () => {
	const [one, two] = await Promise.all([old, young].map(async ({ crl }) =>
		openssl(['crl', '-inform', 'DER', '-noout', '-text'], Buffer.from(await (await fetch(crl)).arrayBuffer()))));
	assert.ok(!one.includes(young.serial) && !two.includes(old.serial));
	assert.deepEqual(await stack.sql('SELECT i.name, COUNT(*) > 0 FROM crl c JOIN issuer i ON i.id = c.issuer_id GROUP BY i.name ORDER BY i.name'),
		[['issuing-1', '1'], ['issuing-2', '1']]);
});
test('a former CA that is not there stops the start', async () => {
	await stack.tool('stop', 'signer');
	fs.appendFileSync(config, 'Ca.Former = issuing-1, issuing-9\n');
	const started = spawnSync(path.join(stack.env.B, 'mailcert-signer'), ['--config', config], {
		env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf') }, encoding: 'utf8', timeout: 20000,
	});
	assert.equal(started.status, 78, 'EX_CONFIG, which a supervisor need not try again');
	assert.match(started.stderr, /Ca\.Former: .*issuing-9/);
});
