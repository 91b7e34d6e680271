// clock.mjs - the clocks of our own processes jump, and stand in other time zones, in the middle of people's work: a day
// forward, a day back, a year forward, and back to right. The database's clock is the truth: what is stored, signed, mailed
// and shown holds to it, nothing is done twice or forgotten, no lease lasts. libfaketime sets each program's clock while it
// runs; only CLOCK_REALTIME jumps, as when an administrator or a bad time server sets it. What ends by the database's own
// clock, at the end of a year, in summer time or behind a leap second, is held to the second by tests/db/test_clock.sh;
// that clock itself jumps in clock_database.mjs.
//
// FULL=1: also looks up CAA with the DNS gone, after a jump, and waits for what the signer does once a minute, after its
// clock went back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { mailsFor, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { Curl } from '../lib/partner.mjs';
import { ROOT, Stack, until } from '../lib/stack.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation, waitCertificate } from '../lib/steps.mjs';

const DAY = 86400;
const SERVICES = ['signer', 'mailer', 'callback', 'web'];
const keys = scratch();

// --- programs whose clocks can be set --------------------------------------------------------------------------------

const library = `/usr/lib/${fs.readdirSync('/usr/lib').find((name) => fs.existsSync(`/usr/lib/${name}/faketime`))}/faketime/libfaketimeMT.so.1`;
const clock = path.join(keys, 'clock'), zone = path.join(keys, 'zone'), wrapped = path.join(keys, 'programs');
function put(file, text) {
	fs.writeFileSync(`${file}.new`, text);
	fs.renameSync(`${file}.new`, file);
}
const clockSet = (seconds) => put(clock, `${seconds < 0 ? '' : '+'}${seconds}\n`);
const real = path.resolve(ROOT, process.env.B ?? 'build/plain');
clockSet(0);
put(zone, 'UTC\n');
fs.mkdirSync(wrapped);
fs.symlinkSync(path.join(real, 'mailcertctl'), path.join(wrapped, 'mailcertctl'));
for (const service of SERVICES)
	fs.writeFileSync(path.join(wrapped, `mailcert-${service}`), `#!/bin/sh
TZ=$(cat ${zone}) LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=${clock} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export TZ LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC
exec ${path.join(real, `mailcert-${service}`)} "$@"
`, { mode: 0o755 });

// --- a partner's receiver, whose certificate is good for any of those clocks ----------------------------------------

const file = (name) => path.join(keys, name);
execFileSync('faketime', ['-f', '-3d', 'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650',
	'-subj', '/CN=receiver', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('tls.key'), '-out', file('tls.pem')], { stdio: 'pipe' });
const posts = [];
const receiver = https.createServer({ key: fs.readFileSync(file('tls.key')), cert: fs.readFileSync(file('tls.pem')) }, (request, response) => {
	let body = '';
	request.on('data', (part) => { body += part; });
	request.on('end', () => {
		posts.push({ arrived: Date.now() / 1000, signature: request.headers['x-mailcert-signature'], ...Object.fromEntries(new URLSearchParams(body)) });
		response.writeHead(204).end();
	});
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const hook = `https://127.0.0.1:${receiver.address().port}/hook`;

const stack = await Stack.start({
	name: 'clock', orders: 14, workers: 2, env: { B: wrapped },
	settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100, 'Callback.PollMs': 50, 'Callback.PauseLeast': 1, 'Callback.PauseMost': 1, 'Callback.CaFile': file('tls.pem'), 'Signer.Lease': 20, 'Dns.Timeout': 2 },
});
test.after(() => {
	receiver.closeAllConnections();
	receiver.close();
	stack.stopNow();
});
const began = Math.floor(Date.now() / 1000);
const curl = new Curl(stack);
const partner = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
assert.equal((await partner.submit('/partner/callbacks', { url: hook })).status, 200);
const customer = await new Client(stack).signIn();
const sessions = [customer, partner];

const one = async (sql) => (await stack.sql(sql))[0]?.[0];
const number = async (sql) => Number(await one(sql));
const ID = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
const now = () => Math.floor(Date.now() / 1000); // this process' clock and the database's are not touched
const between = (value, low, high, what) => assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low}..${high}`);

// --- what must hold of an order that went its way --------------------------------------------------------------------

async function certificateHolds(pem, order, from) {
	const dates = openssl(['x509', '-noout', '-dates'], pem);
	const [before, after] = ['notBefore', 'notAfter'].map((name) => Date.parse(new RegExp(`${name}=(.*)`).exec(dates)[1]) / 1000);
	between(before, from - 62, now() - 58, 'notBefore'); // a minute back, for the clocks of recipients
	assert.equal(after - before, 365 * DAY - 1);
	assert.deepEqual(await stack.sql(`SELECT UNIX_TIMESTAMP(not_before), UNIX_TIMESTAMP(not_after) FROM certificate WHERE order_id = ${ID(order)}`), [[String(before), String(after)]]);
}
async function verificationHolds(email, from) {
	const mail = await waitMail(stack, email);
	between(Date.parse(mail.date) / 1000, from - 1, now() + 1, 'Date');
	const told = Date.parse(/(\d{4}-\d\d-\d\d \d\d:\d\d) UTC/.exec(mail.text)[1].replace(' ', 'T').concat('Z')) / 1000;
	const [[made, ends]] = await stack.sql(`SELECT UNIX_TIMESTAMP(v.created_at), UNIX_TIMESTAMP(v.expires_at) FROM mailbox_value v JOIN mailbox m ON m.id = v.mailbox_id WHERE m.email = '${email}'`);
	between(Number(made), from - 1, now() + 1, 'the value was made');
	assert.equal(ends - made, DAY, 'it lives for a day');
	between(told, Number(ends) - 120, Number(ends), 'the mail says until when');
}
// Each mail once, whatever the clocks did.
async function mailsHold(order, email, kinds) {
	await until(`the mails of ${order}`, async () => await number(`SELECT COUNT(*) FROM outbox WHERE order_id = ${ID(order)} AND state = 'waiting'`) === 0);
	assert.deepEqual((await stack.sql(`SELECT kind, state FROM outbox WHERE order_id = ${ID(order)} ORDER BY id`)).map((row) => row.join(' ')), kinds.map((kind) => `${kind} sent`));
	const mails = await mailsFor(stack, email);
	assert.equal(new Set(mails.map((mail) => mail.messageId)).size, mails.length, 'none came twice');
	for (const mail of mails)
		between(Date.parse(mail.date) / 1000, began - 1, now() + 1, 'Date');
}
// Every moment that the database keeps: none is from a clock that jumped.
const AHEAD = { // seconds that a column may lie ahead
	'session.expires_at': DAY / 2, 'mailbox_value.expires_at': DAY, 'mailbox.expires_at': DAY, 'mailbox.fresh_until': 30 * DAY, 'caa_check.valid_until': DAY, 'crl.next_update': 365 * DAY,
	'issuance.taken_until': 20, 'issuance.next_at': 300, 'outbox.next_at': 3600, 'callback.next_at': 60, 'certificate.not_after': 365 * DAY, 'orders.not_after': 365 * DAY, 'serial.not_after': 365 * DAY,
	'revocation.not_after': 825 * DAY, 'issuer.not_after': 20 * 366 * DAY, 'partner_key.expires_at': 366 * DAY,
};
async function rowsHold() {
	const columns = await stack.sql(`SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.data_type IN ('datetime', 'timestamp')`);
	assert.ok(columns.length > 40, `${columns.length} columns`);
	const seen = await stack.sql(columns.map(([table, column]) => `SELECT '${table}.${column}', TIMESTAMPDIFF(SECOND, '1970-01-01', MIN(${column})), TIMESTAMPDIFF(SECOND, '1970-01-01', MAX(${column})) FROM ${table}`).join(' UNION ALL '));
	const wrong = seen.filter(([name, first, last]) => first !== 'NULL' && (Number(first) < began - 900 || Number(last) > now() + 1 + (AHEAD[name] ?? 0)));
	assert.deepEqual(wrong.map(([name, first, last]) => `${name}: ${first - began} to ${last - began}`), [], 'seconds from the beginning, of columns that hold a moment of no clock that was right');
}

// --- jumps -----------------------------------------------------------------------------------------------------------

let jumps = 0;
for (const [what, seconds] of [['a day forward', DAY], ['a day back, from a day ahead to a day behind', -DAY], ['a year forward', 365 * DAY], ['back to right', 0]]) {
	test(`the clocks of all programs jump ${what}`, async () => {
		const k = ++jumps, order = stack.takeOrder(), from = now(), mailbox = `half${k}@mailbox.example`;
		await giveMailbox(customer, order, mailbox);
		await waitMail(stack, mailbox);
		clockSet(seconds);
		const jumped = now();

		// An order of a partner's, from its beginning under this clock.
		const ref = `C-${k}`, theirs = (await curl.order(ref, { callback: hook })).json.order;
		const address = `c-${k}@partner.example`;
		await verificationHolds(address, jumped);
		await confirmMailbox(stack, address);

		// And the one that was half done.
		await verificationHolds(mailbox, from);
		await confirmMailbox(stack, mailbox);
		await giveKey(customer, order, makeCsr(keys, `half${k}`));
		await submitActivation(customer, order);
		await certificateHolds(await waitCertificate(customer, order), order, jumped);
		await mailsHold(order, mailbox, ['verification', 'verified', 'certificate_issued']);
		assert.equal(await number(`SELECT COUNT(*) FROM serial WHERE order_id = ${ID(order)}`), 1);

		// Callbacks, whose receivers hold the time of the signature against their own clock.
		const told = await until('the callback', () => posts.find((post) => post.order === theirs));
		between(Number(/^t=(\d+),/.exec(told.signature)[1]), told.arrived - 5, told.arrived + 1, 'signed at');
		assert.equal(posts.filter((post) => post.order === theirs).length, 1);

		// Sessions: those of before, and one begun now.
		sessions.push(await new Client(stack).signIn());
		for (const session of sessions)
			assert.equal((await session.get('/account')).status, 200);
		assert.deepEqual(await stack.sql('SELECT DISTINCT TIMESTAMPDIFF(SECOND, created_at, expires_at) FROM session'), [['43200']]);

		// Revocation, the CRL and the seals of the audit log.
		const serial = openssl(['x509', '-noout', '-serial'], (await customer.get(at(order, '/certificate.pem'))).text).trim().slice('serial='.length);
		await stack.ctl('certificate', 'revoke', order, '--reason', 'superseded', '--yes');
		const crl = await until('it on the CRL', async () => {
			const bytes = Buffer.from(await (await fetch(`${stack.url}/crl/issuing-1.crl`)).arrayBuffer());
			const text = openssl(['crl', '-inform', 'DER', '-noout', '-text'], bytes);
			return text.includes(serial) && text;
		});
		between(Date.parse(/Last Update: (.*)/.exec(crl)[1]) / 1000, jumped - 61, now() - 58, 'thisUpdate');
		between(Date.parse(/Next Update: (.*)/.exec(crl)[1]) / 1000, now() + DAY, now() + 11 * DAY, 'nextUpdate');
		await until('all events sealed', async () => await number('SELECT COUNT(*) FROM audit a LEFT JOIN audit_chain c ON c.event_id = a.id WHERE c.seq IS NULL') === 0);
		between(await number('SELECT UNIX_TIMESTAMP(MAX(sealed_at)) FROM audit_seal'), jumped - 1, now() + 1, 'sealed');
		await rowsHold();
	});
}

test('clocks jump a year forward and the programs die: what they held is taken up at once, not in a year', async () => {
	const order = stack.takeOrder(), mailbox = 'dies@mailbox.example';
	clockSet(365 * DAY);
	await giveMailbox(customer, order, mailbox);
	process.kill(await stack.pid('mailer'), 'SIGKILL');
	await confirmMailbox(stack, mailbox);
	await giveKey(customer, order, makeCsr(keys, 'dies'));
	await submitActivation(customer, order);
	process.kill(await stack.pid('signer'), 'SIGKILL');
	process.kill(await stack.pid('callback'), 'SIGKILL');
	clockSet(-DAY);
	const from = now();
	await certificateHolds(await waitCertificate(customer, order), order, from - 30);
	await until('nothing is held', async () => await number("SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'waiting') + (SELECT COUNT(*) FROM issuance WHERE done_at IS NULL)") === 0);
	await rowsHold();
	clockSet(0);
});

test('clocks are three years ahead: DNSSEC looks long expired, so an order waits for its CAA look-up, and is not refused', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'waits@dnssec.example');
	await confirmMailbox(stack, 'waits@dnssec.example');
	await giveKey(customer, order, makeCsr(keys, 'waits'));
	clockSet(3 * 365 * DAY);
	await submitActivation(customer, order);
	await until('the signer to put it off', async () => await one(`SELECT last_code FROM issuance WHERE order_id = ${ID(order)}`) === 'caa_unreachable');
	assert.equal(await number(`SELECT COUNT(*) FROM serial WHERE order_id = ${ID(order)}`), 0);
	clockSet(0);
	await stack.sql(`UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = ${ID(order)}`);
	await certificateHolds(await waitCertificate(customer, order), order, now() - 5);
});

if (process.env.FULL === '1') {
	test('what DNS said under another clock is not believed for longer: after a jump it is asked anew', async () => {
		const orders = [stack.takeOrder(), stack.takeOrder()];
		for (const [k, order] of orders.entries()) {
			await giveMailbox(customer, order, `kept${k}@kept.example`);
			await confirmMailbox(stack, `kept${k}@kept.example`);
			await giveKey(customer, order, makeCsr(keys, `kept${k}`));
		}
		clockSet(DAY);
		await submitActivation(customer, orders[0]);
		await waitCertificate(customer, orders[0]);
		clockSet(0);
		await stack.tool('stop', 'dns');
		await submitActivation(customer, orders[1]);
		await until('the signer to put it off', async () => await one(`SELECT last_code FROM issuance WHERE order_id = ${ID(orders[1])}`) === 'caa_unreachable');
		await stack.tool('start', 'dns');
		await stack.sql(`UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = ${ID(orders[1])}`);
		await waitCertificate(customer, orders[1]);
	});
	test('the signer goes on looking once a minute for verifications that grew too old, though its clock went back', async () => {
		const order = stack.takeOrder();
		await giveMailbox(customer, order, 'old@mailbox.example');
		await confirmMailbox(stack, 'old@mailbox.example');
		clockSet(-DAY);
		await stack.sql(`UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() - INTERVAL 31 DAY, fresh_until = UTC_TIMESTAMP() - INTERVAL 1 DAY WHERE email = 'old@mailbox.example'`);
		await until('it to go back to the person', async () => await one(`SELECT mailbox_reason FROM orders WHERE id = ${ID(order)}`) === 'mailbox_too_old', 90);
		clockSet(0);
		// It is as it was, so that the rows hold.
		await stack.sql(`UPDATE mailbox SET initiated_at = UTC_TIMESTAMP(), fresh_until = NULL WHERE email = 'old@mailbox.example'`);
	});
}

// --- zones ----------------------------------------------------------------------------------------------------------

async function zoneSet(name, seconds) {
	const then = await Promise.all(SERVICES.map((service) => stack.pid(service)));
	put(zone, `${name}\n`);
	clockSet(seconds);
	then.forEach((pid) => process.kill(pid, 'SIGTERM'));
	for (const [i, service] of SERVICES.entries())
		await until(`${service} anew`, async () => ![undefined, then[i]].includes(await stack.pid(service).catch(() => undefined)));
	await until('health', async () => (await customer.get('/healthz').catch(() => ({}))).status === 200);
}
test('summer time and the date line make no difference in what is stored or shown', async () => {
	const order = stack.takeOrder(), shown = async () => {
		const pages = await Promise.all([at(order), '/certificates', '/dashboard', '/account'].map((where) => customer.get(where)));
		return [...pages.map((page) => page.words.replace(/\s+/g, ' ')), (await curl.call('/partner/orders')).text, (await curl.call('/partner/orders.csv', undefined, { accept: 'text/csv' })).text];
	};
	await giveMailbox(customer, order, 'zones@mailbox.example');
	await confirmMailbox(stack, 'zones@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'zones'));
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
	await mailsHold(order, 'zones@mailbox.example', ['verification', 'verified', 'certificate_issued']);
	let before = await shown();
	assert.match(before[0], /UTC/);
	// In Warsaw the programs' clocks pass 02:00, which is 03:00 there, while they work; Apia is a day ahead.
	const summer = Date.parse('2027-03-28T00:59:58Z') / 1000;
	for (const [name, seconds] of [['Europe/Warsaw', () => summer - now()], ['Pacific/Apia', () => 0]]) {
		await zoneSet(name, seconds());
		assert.deepEqual(await shown(), before, name);
		const other = stack.takeOrder(), mailbox = `${name.replace('/', '-').toLowerCase()}@mailbox.example`, from = now();
		await giveMailbox(customer, other, mailbox);
		await verificationHolds(mailbox, from);
		await confirmMailbox(stack, mailbox);
		await giveKey(customer, other, makeCsr(keys, 'zone'));
		await submitActivation(customer, other);
		await certificateHolds(await waitCertificate(customer, other), other, from);
		await mailsHold(other, mailbox, ['verification', 'verified', 'certificate_issued']);
		await rowsHold();
		before = await shown(); // with the order just made; the next zone shows the same
	}
});

test('nobody complains, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.complaints([...SERVICES]).filter((line) => !/CAA of (dnssec|kept)\.example not known/.test(line)), []);
	assert.deepEqual(stack.stopNow(), []);
});
