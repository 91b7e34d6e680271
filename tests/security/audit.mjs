// audit.mjs - the audit log is sealed by itself, and an export proves that no event was removed, added, moved or changed.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const dir = scratch();
const stack = await Stack.start({ name: 'audit', workers: 2, orders: 3, settings: { 'Signer.PollMs': 100, 'Mail.PollMs': 100 } });

// mailcertctl of this stack; answers exit status and output.
function ctl(...args) {
	const done = spawnSync(path.join(stack.env.B, 'mailcertctl'), ['--config', path.join(stack.dir, 'mailcert.hdf'), ...args],
		{ encoding: 'utf8', timeout: 60000 });
	return { status: done.status, out: done.stdout, err: done.stderr };
}

const customer = await new Client(stack).signIn();
const order = stack.takeOrder();
await verifiedMailbox(stack, customer, order, 'audit@mailbox.example');
await giveKey(customer, order, makeCsr(dir, 'audit'));
await submitActivation(customer, order);
await waitCertificate(customer, order);
const guess = new Client(stack);
await guess.signIn(stack.demo.CUSTOMER_LOGIN, 'not the password').catch(() => {});

const key = path.join(dir, 'audit.pem'), whole = path.join(dir, 'whole');
await until('every event is sealed', () => JSON.parse(ctl('audit', 'status', '--json').out).count === 0);
fs.writeFileSync(key, ctl('audit', 'key').out);
assert.equal(ctl('audit', 'export', whole).status, 0);
const lines = fs.readFileSync(whole, 'utf8').trim().split('\n');
const events = lines.filter((line) => line.startsWith('{"event"')).map((line) => JSON.parse(line).event);

function verify(changed) {
	const file = path.join(dir, 'changed');
	fs.writeFileSync(file, changed.join('\n') + '\n');
	return ctl('audit', 'verify', file, '--key', key);
}

test('section 9.21: an untouched export is whole', () => {
	const answer = verify(lines);
	assert.equal(answer.status, 0, answer.err);
	assert.match(answer.out, new RegExp(`^whole: ${events.length} events`));
});

test('section 9.21: the journey left its events, the refused sign-in too', () => {
	const names = events.map((event) => event.event);
	for (const name of ['order_added', 'signed_in', 'email_saved', 'email_confirmed', 'mail_accepted', 'mailbox_verified',
		'fields_saved', 'method_saved', 'csr_saved', 'activation_submitted', 'caa_permitted', 'certificate_issued', 'crl_published'])
		assert.ok(names.includes(name), name);
});

test('no event holds the value of a link, a session or a password', () => {
	const text = lines.join('\n');
	assert.ok(!text.includes(stack.demo.CUSTOMER_PASSWORD));
	assert.doesNotMatch(text, /\/verify\//);
});

// A copy with n lines from i on replaced; a copy with one line replaced.
const spliced = (i, n, ...put) => [...lines.slice(0, i), ...put, ...lines.slice(i + n)];
const replaced = (i, line) => spliced(i, 1, line);

const middle = Math.floor(events.length / 2);
const tampered = {
	'an event removed': spliced(middle, 1),
	'the last event removed': spliced(events.length - 1, 1),
	'an event added': spliced(middle, 0, lines[middle]),
	'two events exchanged': spliced(middle, 2, lines[middle + 1], lines[middle]),
	'an actor changed': replaced(middle, lines[middle].replace(/"actor":"[^"]*"/, '"actor":"nobody"')),
	'a time changed': replaced(middle, lines[middle].replace(/("at":"\d{4})/, '$19')),
	'a detail emptied': replaced(0, lines[0].replace(/"detail":("[^"]*"|null)/, '"detail":"x"')),
	'an order changed': replaced(middle, lines[middle].replace(/"order_id":("\d+"|null)/, '"order_id":"999"')),
	'a seal removed': spliced(events.length, 1),
	'a seal changed': replaced(events.length, lines[events.length].replace(/"signature":"./, (found) =>
		found.slice(0, -1) + (found.endsWith('0') ? '1' : '0'))),
	'no seal at all': lines.slice(0, events.length),
	'a line that is none': spliced(middle, 0, 'hello'),
};
for (const [name, changed] of Object.entries(tampered))
	test(`section 9.21: found: ${name}`, () => {
		assert.notDeepEqual(changed, lines);
		const answer = verify(changed);
		assert.equal(answer.status, 1, `${answer.out}${answer.err}`);
		assert.doesNotMatch(answer.out, /whole/);
	});

test('the database itself refuses to change or remove an event, even to its root', async () => {
	await assert.rejects(stack.sql("UPDATE audit SET actor = 'nobody' LIMIT 1"), /append-only/);
	await assert.rejects(stack.sql('DELETE FROM audit LIMIT 1'), /append-only/);
});

test('another key does not verify', () => {
	const other = path.join(dir, 'other.pem');
	spawnSync('sh', ['-c', `openssl genpkey -algorithm ed25519 | openssl pkey -pubout > ${other}`]);
	assert.equal(ctl('audit', 'verify', whole, '--key', other).status, 1);
});

test('a new key seals from now on, and both together prove the log whole', async () => {
	const secret = path.join(stack.dir, 'secrets/audit'), again = path.join(dir, 'again');
	await stack.tool('stop', 'signer');
	fs.renameSync(secret, `${secret}.1`);
	const young = ctl('audit', 'key', '--create').out, old = fs.readFileSync(key, 'utf8');
	await stack.tool('start', 'signer');
	await new Client(stack).signIn();
	await until('the new events are sealed', () => JSON.parse(ctl('audit', 'status', '--json').out).count === 0);
	assert.equal(ctl('audit', 'export', again).status, 0);
	const verified = (...pems) => {
		const keys = path.join(dir, 'keys.pem');
		fs.writeFileSync(keys, pems.join(''));
		return ctl('audit', 'verify', again, '--key', keys).status;
	};
	assert.equal(verified(old, young), 0);
	assert.equal(verified(young, old), 1, 'in the order they were used');
	assert.equal(verified(young), 1);
	assert.equal(verified(old), 1);
	assert.equal(verified('no key at all\n'), 1);
});
