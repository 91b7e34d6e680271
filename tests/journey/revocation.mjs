// revocation.mjs - a holder revokes their certificate, an admin another; what the CRL says of them at the address in the
// certificates, how long, and how the CRLs follow each other. Days are made by setting the database's rows back.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { keyNumber, makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const keys = scratch();
const stack = await Stack.start({ name: 'revocation', workers: 2, orders: 3, settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100 } });
const customer = await new Client(stack).signIn();

async function issued(name) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	const csr = makeCsr(keys, name);
	await giveKey(customer, order, csr);
	await submitActivation(customer, order);
	const pem = await waitCertificate(customer, order);
	const text = openssl(['x509', '-noout', '-text', '-serial'], pem);
	return { order, csr, url: /URI:(http:\S+\.crl)/.exec(text)[1], serial: /serial=(\w+)/.exec(text)[1] };
}
const leaked = await issued('leaked');
const ended = await issued('ended');

// The CRL at the address in the certificates: its number, times and reasons by serial.
async function crl() {
	const answer = await fetch(leaked.url);
	assert.equal(answer.status, 200);
	const text = openssl(['crl', '-inform', 'DER', '-noout', '-text', '-crlnumber'], Buffer.from(await answer.arrayBuffer()));
	const time = (name) => Date.parse(new RegExp(`${name}: (.*)`).exec(text)[1]);
	const entries = Object.fromEntries(text.split('Serial Number: ').slice(1).map((entry) =>
		[/^\w+/.exec(entry)[0], /Reason Code:[^\n]*\n\s+([^\n]*)/.exec(entry)?.[1] ?? '']));
	return { made: time('Last Update') / 1000, dates: [...text.matchAll(/Revocation Date: (.*)/g)].map((m) => Date.parse(m[1]) / 1000),
		number: Number(/crlNumber=(\w+)/i.exec(text)[1]), days: (time('Next Update') - time('Last Update')) / 86400000, entries };
}
// The CRL after the one with this number.
const next = (number) => until('the next CRL', async () => {
	const found = await crl();
	return found.number > number && found;
});
const aDayPasses = () => stack.sql('UPDATE crl SET this_update = this_update - INTERVAL 25 HOUR');

test('section 9.19: a holder revokes by themselves, with a reason; the CRL has both, and nobody else does', async () => {
	const page = await customer.get(at(leaked.order, '/revoke'));
	const reasons = [...page.text.matchAll(/name="reason"[^>]*value="(\w+)"|value="(\w+)"[^>]*name="reason"/g)].map((m) => m[1] ?? m[2]);
	assert.ok(reasons.length >= 3 && reasons.includes('keyCompromise'), reasons.join());
	assert.ok(!reasons.includes('certificateHold'));
	const refused = await customer.submit(at(leaked.order, '/revoke'), { reason: 'certificateHold', confirm: 'yes' });
	assert.equal(refused.status, 422, 'hold is impossible');
	const { number } = await crl();
	const done = await customer.submit(at(leaked.order, '/revoke'), { reason: 'keyCompromise', confirm: 'yes' });
	assert.equal(done.status, 303);
	const list = await next(number);
	assert.deepEqual(list.entries, { [leaked.serial]: 'Key Compromise' });
	assert.deepEqual(await stack.sql("SELECT source FROM key_block WHERE source = 'keyCompromise'"), [['keyCompromise']]);
	const numbered = await until('the signer to number the blocked key', async () =>
		(await stack.sql("SELECT LOWER(HEX(number_sha256)) FROM key_block WHERE source = 'keyCompromise' AND number_sha256 IS NOT NULL"))[0]?.[0]);
	assert.equal(numbered, keyNumber(leaked.csr));
});
test('a reader whose clock is behind can use a CRL that was made just now; no entry is later than it, and none changes', async () => {
	const list = await crl(), now = Date.now() / 1000;
	assert.ok(list.made <= now - 59 && list.made > now - 120, `made ${now - list.made} seconds ago`);
	assert.ok(list.dates.length > 0 && list.dates.every((date) => date <= list.made));
	leaked.dates = list.dates;
});
test('section 9.19: staff revoke by a command; a revocation without a reason has none on the CRL', async () => {
	const { number } = await crl();
	await stack.ctl('certificate', 'revoke', ended.order, '--reason', 'unspecified', '--yes');
	const list = await next(number);
	assert.equal(list.entries[ended.serial], '');
	assert.ok(leaked.dates.every((date) => list.dates.includes(date)), 'the first entry has its date');
});
test('section 9.20: a new CRL comes daily, its number grows, and its nextUpdate is under seven days away', async () => {
	let last = await crl();
	for (let day = 0; day < 3; day++) {
		assert.ok(last.days > 1 && last.days < 7, `${last.days} days`);
		await aDayPasses();
		const list = await next(last.number);
		assert.equal(list.number, last.number + 1);
		assert.deepEqual(list.entries, last.entries);
		last = list;
	}
});
test('section 9.20: an entry is on a CRL after the certificate has ended, then it goes', async () => {
	await stack.sql(`UPDATE revocation SET not_after = UTC_TIMESTAMP() - INTERVAL 7 DAY WHERE HEX(serial) = LPAD('${ended.serial}', 32, '0')`);
	let { number } = await crl();
	await aDayPasses();
	const kept = await next(number);
	assert.ok(ended.serial in kept.entries, 'a week later it is there');
	await stack.sql('UPDATE revocation SET not_after = not_after - INTERVAL 2 DAY WHERE not_after < UTC_TIMESTAMP()');
	({ number } = kept);
	await aDayPasses();
	assert.deepEqual(Object.keys((await next(number)).entries), [leaked.serial]);
});
test('nothing was complained about', () => {
	assert.deepEqual(stack.complaints(), []);
	assert.equal(path.basename(new URL(leaked.url).pathname), 'issuing-1.crl');
});
