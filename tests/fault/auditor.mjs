// auditor.mjs - the auditor of the chaos test (tests/fault/lib/books.py) finds what is wrong: after a calm run it has
// nothing to say; then the books, the mails and the journal are tampered with, one thing at a time, and it names each.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../lib/stack.mjs';
import { audit, chaosStack, peopleGo, rest } from './lib/chaos.mjs';
import { Experience, People, Post } from './lib/people.mjs';
import { seeded } from './lib/seed.mjs';

let place, stack, journal;

before(async () => {
	place = await chaosStack({ name: 'auditor', orders: 30, workers: 2 });
	({ stack, journal } = place);
	const post = new Post(stack);
	const people = new People({ stack, chance: seeded(5), journal, experience: new Experience(), post, callback: place.receiver.url });
	let left = 12;
	try {
		assert.deepEqual(await peopleGo({ people, lanes: 4, ended: () => left-- <= 0 }), []);
		// One of each kind, whatever chance brought.
		const client = await people.customerSignIn();
		people.chance = { ...people.chance, chance: (part) => part === 0.1 };
		await people.customer(client, stack.takeOrder());
		people.chance.chance = (part) => part === 0.1;
		await people.partner(people.client());
	} finally {
		post.close();
	}
	await rest(stack);
	// A serial that was abandoned: a signer that died between writing it down and storing.
	await stack.tool('stop', 'signer');
	const [[order]] = await stack.sql('SELECT order_id FROM certificate LIMIT 1');
	await stack.sql(`INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) SELECT id, RANDOM_BYTES(16), ${order}, REPEAT('t', 32), UTC_TIMESTAMP(), 'reserved' FROM issuer
		WHERE kind = 'issuing'; CALL serial_abandon(${order}, 'signer:test')`);
	await stack.tool('start', 'signer');
	await rest(stack);
	await until('nothing to say', () => audit(stack, journal).violations.length === 0, 30).catch(() => {});
	for (const service of ['signer', 'mailer', 'callback', 'web'])
		await stack.tool('stop', service);
});
after(() => place?.stop());

const kinds = () => new Set(audit(stack, journal).violations.map((line) => /^VIOLATION ([\w-]+):/.exec(line)[1]));

test('after a calm run there is nothing to say', () => {
	const { figures, violations } = audit(stack, journal);
	assert.deepEqual(violations, []);
	assert.ok(figures.certificates >= 10 && figures.serials.abandoned === 1 && figures.told.revoked >= 1 && figures.told.cancelled >= 1
		&& figures.callbacks.done >= 5 && figures.seals >= 1, JSON.stringify(figures));
});

// Each: what is done to the books, how it is undone, and the kind of violation that must be named. The tables' own guards
// are out of the way: whoever tampers is not bound by them.
const FREE = 'SET SESSION foreign_key_checks = 0, check_constraint_checks = 0;';
const copy = (table, where) => `CREATE TABLE kept AS SELECT * FROM ${table} WHERE ${where}`;
// Without the strict mode a generated column is worked out anew instead of being refused.
const put = (table) => `${FREE} SET SESSION sql_mode = ''; REPLACE INTO ${table} SELECT * FROM kept; DROP TABLE kept`;
const one = (table, column, where = 'TRUE') => `${column} = (SELECT * FROM (SELECT ${column} FROM ${table} WHERE ${where} ORDER BY ${column} LIMIT 1) x)`;
function gone(table, where) {
	return { act: [copy(table, where), `${FREE} DELETE FROM ${table} WHERE ${where}`], undo: [put(table)] };
}
function changed(table, where, set) {
	return { act: [copy(table, where), `${FREE} UPDATE ${table} SET ${set} WHERE ${where}`], undo: [put(table)] };
}
const GUARDS = ['audit_unchanged', 'audit_kept', 'orders_callback', 'certificate_callback'];
const issuedOrder = one('certificate', 'order_id');
const CASES = {
	'an outbox row removed': ['mail-row', gone('outbox', one('outbox', 'id', "kind = 'verification' AND state = 'sent'"))],
	'a mail of a certificate removed from the outbox': ['mail-row', gone('outbox', one('outbox', 'id', "kind = 'certificate_issued'"))],
	'a mail that still waits': ['unfinished', changed('outbox', one('outbox', 'id', "state = 'sent'"), "state = 'waiting'")],
	'a second certificate for an order': ['two-certificates', {
		act: ['ALTER TABLE certificate DROP FOREIGN KEY certificate_ibfk_1', 'ALTER TABLE certificate DROP KEY order_id, ADD KEY plain (order_id)',
			`${FREE} INSERT INTO certificate SELECT 0, order_id, issuer_id, REPEAT('x', 16), email, der, REPEAT('y', 32), spki_sha256, not_before,
				not_after, issued_at, NULL FROM certificate WHERE ${issuedOrder}`],
		undo: ["DELETE FROM certificate WHERE serial = REPEAT('x', 16)", 'ALTER TABLE certificate DROP KEY plain, ADD UNIQUE KEY order_id (order_id)',
			'ALTER TABLE certificate ADD CONSTRAINT certificate_ibfk_1 FOREIGN KEY (order_id) REFERENCES orders (id)'],
	}],
	'a certificate lost': ['certificate-missing', gone('certificate', issuedOrder)],
	'a certificate exchanged for another key\'s': ['certificate', changed('certificate', issuedOrder, "spki_sha256 = REPEAT('k', 32)")],
	'an octet of a certificate changed': ['certificate', changed('certificate', issuedOrder, 'der = CONCAT(LEFT(der, LENGTH(der) - 1), CHAR(1))')],
	'a serial that nobody accounts for': ['serial', changed('serial', one('serial', 'serial', "state = 'abandoned'"), "state = 'reserved'")],
	'an issued serial without its certificate': ['serial', changed('serial', one('serial', 'serial', "state = 'abandoned'"), "state = 'issued'")],
	'what was written down before signing changed': ['serial', changed('serial', one('serial', 'serial', "state = 'issued'"), "tbs_sha256 = REPEAT('t', 32)")],
	'an abandoned serial that is said to be unused': ['serial', changed('serial', one('serial', 'serial', "state = 'abandoned'"), "state = 'unused'")],
	'a serial that is unused, and no event says so': ['audit-missing', {
		act: ["INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) SELECT issuer_id, REPEAT('z', 16), order_id, tbs_sha256, reserved_at, 'unused' FROM serial LIMIT 1"],
		undo: ["DELETE FROM serial WHERE serial = REPEAT('z', 16)"],
	}],
	'an abandoned serial that is not revoked': ['serial', gone('revocation', "requested_by = 'signer:abandoned'")],
	'a revocation that is on no list': ['crl', {
		act: ["INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state) SELECT issuer_id, REPEAT('z', 16), order_id, tbs_sha256, reserved_at, 'abandoned' FROM serial LIMIT 1",
			"INSERT INTO revocation SELECT issuer_id, REPEAT('z', 16), revoked_at, 0, not_after, 'signer:abandoned', NULL, listed_in FROM revocation LIMIT 1"],
		undo: ["DELETE FROM revocation WHERE serial = REPEAT('z', 16)", "DELETE FROM serial WHERE serial = REPEAT('z', 16)"],
	}],
	'a CRL number unpublished': ['crl', changed('crl', 'published_at IS NOT NULL', 'published_at = NULL')],
	'an audit event removed': ['audit-missing', gone('audit', one('audit', 'id', "event = 'mailbox_verified'"))],
	'an audit event removed, and its place in the chain': ['audit-chain', {
		act: [copy('audit', one('audit', 'id', "event = 'mailbox_verified'")), 'CREATE TABLE kept2 AS SELECT * FROM audit_chain WHERE event_id = (SELECT id FROM kept)',
			'DELETE FROM audit WHERE id = (SELECT id FROM kept)', 'DELETE FROM audit_chain WHERE event_id = (SELECT id FROM kept)'],
		undo: [put('audit'), 'INSERT INTO audit_chain SELECT * FROM kept2; DROP TABLE kept2'],
	}],
	'the last event removed with its place in the chain': ['audit-seal', {
		act: ['CREATE TABLE kept2 AS SELECT * FROM audit_chain ORDER BY seq DESC LIMIT 1', copy('audit', 'id = (SELECT event_id FROM kept2)'),
			'DELETE FROM audit WHERE id = (SELECT id FROM kept)', 'DELETE FROM audit_chain WHERE event_id = (SELECT id FROM kept)'],
		undo: [put('audit'), 'INSERT INTO audit_chain SELECT * FROM kept2; DROP TABLE kept2'],
	}],
	'an audit event changed': ['audit-changed', changed('audit', one('audit', 'id', "event = 'mailbox_verified'"), "address = '192.0.2.1'")],
	'an audit event added': ['audit-unsealed', {
		act: ["INSERT INTO audit (id, at, actor, event) VALUES (99999999, UTC_TIMESTAMP(6), 'nobody', 'nothing')"],
		undo: ['DELETE FROM audit WHERE id = 99999999'],
	}],
	'an event told twice': ['audit-twice', {
		act: [`INSERT INTO audit (id, at, actor, event, order_id) SELECT 99999999, at, actor, event, order_id FROM audit WHERE event = 'mailbox_verified' LIMIT 1`],
		undo: ['DELETE FROM audit WHERE id = 99999999'],
	}],
	'a seal forged': ['audit-seal', changed('audit_seal', one('audit_seal', 'last_seq'), "signature = REPEAT('s', 64)")],
	'a seal removed': ['audit-seal', gone('audit_seal', one('audit_seal', 'last_seq'))],
	'a verified mailbox undone': ['lost', changed('mailbox', one('mailbox', 'id', 'confirmed_at IS NOT NULL'), 'confirmed_at = NULL')],
	'an address exchanged': ['lost', changed('mailbox', one('mailbox', 'id', 'confirmed_at IS NOT NULL'), "email = 'thief@mailbox.example'")],
	'an order lost': ['lost', gone('orders', issuedOrder.replace('order_id =', 'id ='))],
	'a callback lost': ['callback-row', gone('callback', one('callback', 'id'))],
	'a callback given up': ['callback-lost', changed('callback', one('callback', 'id'), "state = 'given_up'")],
	'an issuance that never ends': ['unfinished', changed('issuance', one('issuance', 'order_id'), "state = 'waiting'")],
	'an order cancelled that nobody asked for': ['unasked', changed('orders', issuedOrder.replace('order_id =', 'id ='), 'cancelled_at = UTC_TIMESTAMP()')],
};

for (const [name, [kind, { act, undo }]] of Object.entries(CASES))
	test(`it finds: ${name}`, async () => {
		const [triggers] = [await stack.sql(`SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()
			AND trigger_name IN (${GUARDS.map((guard) => `'${guard}'`)})`)];
		for (const [trigger] of triggers)
			await stack.sql(`DROP TRIGGER ${trigger}`);
		for (const statement of act)
			await stack.sql(statement);
		const found = kinds();
		for (const statement of undo)
			await stack.sql(statement);
		assert.ok(found.has(kind), `it named ${[...found]}`);
	});

// What lies outside the database.
// The first certificate's mail: sent once.
const mail = () => fs.readdirSync(path.join(stack.demo.MAIL_DIR, 'new')).sort().map((name) => path.join(stack.demo.MAIL_DIR, 'new', name))
	.find((file) => /attachment/.test(fs.readFileSync(file, 'latin1')));
function fileCase(name, kind, file, change) {
	test(`it finds: ${name}`, () => {
		const which = file();
		const whole = fs.readFileSync(which);
		change(which, whole);
		const found = kinds();
		fs.writeFileSync(which, whole);
		assert.ok(found.has(kind), `it named ${[...found]}`);
	});
}
fileCase('a mail deleted', 'mail-lost', mail, (file) => fs.rmSync(file));
fileCase('a mail to somebody else', 'mail', mail, (file, whole) =>
	fs.writeFileSync(file, whole.toString('latin1').replace(/^Delivered-To: .*$/m, 'Delivered-To: thief@mailbox.example'), 'latin1'));
fileCase('a mail that nobody wrote', 'mail-unknown', mail, (file, whole) =>
	fs.writeFileSync(file, whole.toString('latin1').replace(/^Message-ID: .*$/im, 'Message-ID: <outbox.99999.1@mailcert.example>'), 'latin1'));
fileCase('an older CRL published', 'crl', () => path.join(stack.dir, 'public/crl/issuing-1.crl'), (file) =>
	fs.copyFileSync(path.join(stack.dir, 'public/crl/root-1.crl'), file));
fileCase('an answer that the books do not know', 'lost', () => journal.file, (file) =>
	fs.appendFileSync(file, `${JSON.stringify({ what: 'told', step: 'email_confirmed', order: stack.demo.CUSTOMER_ORDERS.split(',')[0], email: 'lost@mailbox.example' })}\n`));
fileCase('a person who has another certificate than the books', 'lost', () => journal.file, (file, whole) =>
	fs.writeFileSync(file, whole.toString().replace(/("step":"certificate".*"sha256":")./, '$1x')));
fileCase('a callback that never arrived', 'callback-lost', () => journal.file, (file, whole) =>
	fs.writeFileSync(file, whole.toString().replace(/^.*"step":"callback".*\n/m, '')));

test('and nothing more once all is as it was', () => assert.deepEqual(audit(stack, journal).violations, []));
