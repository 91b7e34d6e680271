// ca_revoked.mjs - the root revokes the issuing CA: what that CA issued is refused by whoever verifies, nothing more is
// issued from it, its CRL goes on, and what waits is issued by the CA that comes after it.
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
	name: 'ca_revoked', workers: 2, orders: 4, settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
});
const customer = await new Client(stack).signIn();
const one = async (sql) => (await stack.sql(sql))[0]?.[0];
const pem = (name) => path.join(keys, name);

async function submitted(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, makeCsr(keys, name));
	await submitActivation(customer, order);
	return order;
}
async function fetched(what) {
	const response = await fetch(`${stack.url}/${what}`);
	assert.equal(response.status, 200);
	return Buffer.from(await response.arrayBuffer());
}
// What openssl says of a leaf with the CRLs of both CAs.
async function verified(leaf) {
	for (const name of ['root-1', 'issuing-1']) {
		openssl(['x509', '-inform', 'DER', '-out', pem(`${name}.pem`)], await fetched(`ca/${name}.cer`));
		openssl(['crl', '-inform', 'DER', '-out', pem(`${name}.crl`)], await fetched(`crl/${name}.crl`));
	}
	fs.writeFileSync(pem('leaf.pem'), leaf);
	const done = spawnSync('openssl', ['verify', '-crl_check_all', '-CAfile', pem('root-1.pem'), '-untrusted', pem('issuing-1.pem'),
		'-CRLfile', pem('root-1.crl'), '-CRLfile', pem('issuing-1.crl'), pem('leaf.pem')], { encoding: 'utf8' });
	return done.stdout + done.stderr;
}
const complaint = / error: issuing: .*issuing-1 was revoked by root-1/;

let leaf, first, waiting;
test('before, a certificate is good', async () => {
	first = await submitted('first');
	leaf = await waitCertificate(customer, first);
	await until('its CRL', async () => await one('SELECT COUNT(*) FROM crl WHERE published_at IS NOT NULL') !== '0');
	assert.match(await verified(leaf), /leaf\.pem: OK/);
});
test('the CA is revoked: whoever verifies refuses what it issued', async () => {
	await stack.ctl('ca', 'revoke', 'issuing-1', '--reason', 'cACompromise', '--yes');
	assert.match(await verified(leaf), /certificate revoked/);
	assert.match(openssl(['crl', '-in', pem('root-1.crl'), '-noout', '-text']), /Reason Code:[^\n]*\n\s+CA Compromise/);
});
test('nothing more is issued from it, which the signer and /healthz say', async () => {
	await until('the signer to say so', () => complaint.test(fs.readFileSync(path.join(stack.dir, 'log/signer.log'), 'utf8')));
	waiting = await submitted('waiting');
	await new Promise((resolve) => setTimeout(resolve, 2000));
	assert.equal(await one('SELECT COUNT(*) FROM certificate'), '1');
	assert.equal(await one("SELECT COUNT(*) FROM issuance WHERE state = 'waiting'"), '1');
	assert.equal((await customer.get('/healthz', { json: true })).status, 503);
	assert.equal(fs.readFileSync(path.join(stack.dir, 'log/signer.log'), 'utf8').split('\n').filter((line) => complaint.test(line)).length, 1, 'once');
});
test('its CRL goes on', async () => {
	await customer.submit(at(first, '/revoke'), { reason: 'superseded', confirm: 'yes' });
	const serial = openssl(['x509', '-noout', '-serial'], leaf).trim().slice('serial='.length);
	await until('it on the CRL', async () => openssl(['crl', '-inform', 'DER', '-noout', '-text'], await fetched('crl/issuing-1.crl')).includes(serial));
});
test('another CA issues what waits', async () => {
	await stack.ctl('ca', 'init', '--name', 'issuing-2', '--common-name', 'The second issuing CA');
	await stack.tool('stop', 'signer');
	fs.appendFileSync(path.join(stack.dir, 'mailcert.hdf'), 'Ca.Issuer = issuing-2\nCa.Former = issuing-1\n');
	await stack.tool('start', 'signer');
	assert.match(openssl(['x509', '-noout', '-issuer'], await waitCertificate(customer, waiting)), /second issuing CA/);
});
test('nothing else was complained about', () => assert.deepEqual(stack.complaints().filter((line) => !complaint.test(line)), []));
