// audit.mjs - the audit log is sealed by itself, and an export proves that no event was removed, added, moved or changed.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, giveMailbox, statuses, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

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
await customer.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' });
// What is refused: a request, by the signer an order, by a holder their mailbox, a sign-in.
const refused = stack.takeOrder(), rejected = stack.takeOrder();
await verifiedMailbox(stack, customer, refused, 'refused@mailbox.example');
await giveKey(customer, refused, makeCsr(dir, 'refused'));
await customer.submit(at(refused, '/activation/key'), { csr: makeCsr(dir, 'small', 'rsa1024') });
await stack.tool('stop', 'signer');
await submitActivation(customer, refused);
await stack.sql(`INSERT INTO key_block (spki_sha256, source, added_at) SELECT a.spki_sha256, 'import', UTC_TIMESTAMP()
	FROM activation a JOIN orders o ON o.id = a.order_id WHERE CONCAT(o.number, '/', o.item) = '${refused}'`);
await stack.tool('start', 'signer');
await until('the signer to refuse', async () => (await statuses(customer, refused))[1] === 'waiting_for_data');
await giveMailbox(customer, rejected, 'rejected@mailbox.example');
await new Client(stack).submit(new URL(verifyLink(stack, await waitMail(stack, 'rejected@mailbox.example'))).pathname, { action: 'reject' });
await customer.submit('/account', {}, { action: '/sign-out' });
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

// Section 7 of the digest, row by row. Generation and destruction of keys happen in a ceremony, whose minutes are people's; the CA's
// row in the books is its event here. Installation, crashes, firewalls and doors are the system's journal and the operator's.
const RECORDED = {
	"the CA's certificates and lists": ['issuer_added', 'crl_begun', 'crl_published'],
	'requests and what was asked for': ['order_added', 'email_saved', 'fields_saved', 'method_saved', 'csr_saved', 'activation_submitted'],
	'every step of a verification': ['email_confirmed', 'mail_accepted', 'mailbox_verified', 'value_rejected'],
	'CAA look-ups': ['caa_permitted'],
	'approvals and rejections': ['csr_refused', 'issuance_refused'],
	'issuance and delivery': ['certificate_issued', 'certificate_mailed'],
	revocations: ['certificate_revoked'],
	'access, failed too': ['signed_in', 'sign_in_refused', 'signed_out'],
	'what staff did': ['account_added', 'partner_added'],
};
for (const [what, names] of Object.entries(RECORDED))
	test(`section 9.21: recorded: ${what}`, () => {
		for (const name of names) {
			const one = events.find((event) => event.event === name);
			assert.ok(one, name);
			assert.match(one.at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
			assert.ok(one.actor.length > 0);
		}
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

// A long transaction's events have ids from before those that others committed, and sealed, meanwhile.
test('an event that appears far behind the newest sealed one is sealed too', async () => {
	const late = path.join(dir, 'late');
	const unsealed = () => JSON.parse(ctl('audit', 'status', '--json').out).count;
	const add = (id) => stack.sql(`INSERT INTO audit (id, at, actor, event) VALUES (${id}, UTC_TIMESTAMP(6), 'admin:test', 'late')`);
	await until('nothing is left without a seal', () => unsealed() === 0);
	const newest = Number(await stack.sql('SELECT MAX(id) FROM audit'));
	await add(newest + 10000);
	await until('the newer one is sealed', () => unsealed() === 0);
	await add(newest + 1);
	await until('the older one is sealed', async () =>
		Number(await stack.sql(`SELECT COUNT(*) FROM audit_chain WHERE event_id = ${newest + 1}`)) === 1, 30);
	assert.equal(unsealed(), 0);
	assert.equal(ctl('audit', 'export', late).status, 0);
	assert.equal(ctl('audit', 'verify', late, '--key', key).status, 0);
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
