// clock_database.mjs - the database's own clock, by which every rule goes, jumps in the middle of people's work: an hour, a
// day and a year ahead and back to right, an hour and a day behind and back to right, as when a time server or an
// administrator sets it. libfaketime sets MariaDB's clock while it runs; monotonic clocks are left alone, and so are the
// clocks of all other programs. What has ended stays so, what lives does so no longer than it may by the clock as it
// is then, and nothing waits for the clock to come round. Each rule by itself: tests/db/test_clock.sh.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { mailsFor, verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { anotherPartner, Curl } from '../lib/partner.mjs';
import { ROOT, Stack, until } from '../lib/stack.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const HOUR = 3600, DAY = 86400, WEEK = 7 * DAY, YEAR = 365 * DAY;
const PAUSE = 10; // seconds until a mail is tried again
const keys = scratch();

// --- a MariaDB whose clock can be set, and a CA that is three days old, so that it serves a day ago ----------------------

const library = `/usr/lib/${fs.readdirSync('/usr/lib').find((name) => fs.existsSync(`/usr/lib/${name}/faketime`))}/faketime/libfaketimeMT.so.1`;
const clock = path.join(keys, 'clock'), servers = path.join(keys, 'servers'), programs = path.join(keys, 'programs');
const real = path.resolve(ROOT, process.env.B ?? 'build/plain');
function clockSet(seconds) {
	fs.writeFileSync(`${clock}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
	fs.renameSync(`${clock}.new`, clock);
}
clockSet(0);
for (const folder of [servers, programs])
	fs.mkdirSync(folder);
fs.writeFileSync(path.join(servers, 'mariadbd'), `#!/bin/sh
LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=${clock} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC
exec ${execFileSync('sh', ['-c', 'command -v mariadbd'], { encoding: 'utf8' }).trim()} "$@"
`, { mode: 0o755 });
for (const name of ['signer', 'mailer', 'callback', 'web'])
	fs.symlinkSync(path.join(real, `mailcert-${name}`), path.join(programs, `mailcert-${name}`));
fs.writeFileSync(path.join(programs, 'mailcertctl'), `#!/bin/sh
case "$*" in *' ca init'*) exec faketime -f -3d ${path.join(real, 'mailcertctl')} "$@" ;; esac
exec ${path.join(real, 'mailcertctl')} "$@"
`, { mode: 0o755 });

const stack = await Stack.start({
	name: 'clock_database', orders: 60, workers: 2, env: { B: programs, PATH: `${servers}:${process.env.PATH}` },
	settings: { 'Mail.PollMs': 50, 'Mail.PauseFirst': PAUSE, 'Signer.PollMs': 100, 'Callback.PollMs': 50, 'Callback.PauseLeast': 60, 'Callback.PauseMost': 60, 'Signer.Lease': 20, 'Dns.Timeout': 2 },
});
test.after(() => stack.stopNow());
const one = async (sql) => (await stack.sql(sql))[0]?.[0];
const number = async (sql) => Number(await one(sql));
const now = () => number('SELECT UNIX_TIMESTAMP()');
const ID = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
const between = (value, low, high, what) => assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low}..${high}`);

let customer, partner = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
assert.equal((await partner.submit('/partner/callbacks', { url: 'https://127.0.0.1:1/hook' })).status, 200); // nobody listens there
const slow = await anotherPartner(stack, 'slow', 'read');
await stack.sql("UPDATE partner SET rate = 1, burst = 3 WHERE name = 'slow'");
const curl = new Curl(stack);

// --- people at work --------------------------------------------------------------------------------------------------

let scenes = 0;
const address = (scene, name) => `${name === 'busy' ? 'defer-once' : 'joe'}@${name}${scene}.example`;
async function begun(client, scene, name) {
	const order = stack.takeOrder(), email = address(scene, name);
	await giveMailbox(client, order, email);
	return { order, email };
}
async function mailed(client, scene, name) {
	const it = await begun(client, scene, name);
	return { ...it, link: new URL(verifyLink(stack, await waitMail(stack, it.email))).pathname };
}
async function ready(client, scene, name) {
	const order = stack.takeOrder(), email = address(scene, name);
	await verifiedMailbox(stack, client, order, email);
	await giveKey(client, order, makeCsr(keys, `${name}${scene}`));
	return { order, email };
}
// Submitted while the DNS is gone, so that the signer, which knows nothing of it yet, puts it off.
async function putOff(client, it) {
	await stack.tool('stop', 'dns');
	await stack.tool('stop', 'signer');
	await submitActivation(client, it.order);
	await stack.tool('start', 'signer');
	await until('the signer to put it off', async () => await one(`SELECT last_code FROM issuance WHERE order_id = ${ID(it.order)}`) === 'caa_unreachable', 60);
	await stack.tool('start', 'dns');
}
const lookAgain = (it) => stack.sql(`UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = ${ID(it.order)}`);
async function goesBack(it) {
	await until(`${it.email} to be verified anew`, async () => await one(`SELECT mailbox_reason FROM orders WHERE id = ${ID(it.order)}`) === 'mailbox_too_old');
}
async function spend() {
	let answer;
	for (let i = 0; i < 20 && answer?.status !== 429; i++)
		answer = await slow.call('/partner/orders');
	assert.equal(answer.status, 429);
}
const page = async (link) => (await new Client(stack).get(link)).status; // 200: asks, 410: is over
const answer = async (link) => (await new Client(stack).post(link, { control: 'yes' })).status; // 303: it counts

// Somebody in each state, by a clock that is right.
async function scene() {
	const k = ++scenes;
	customer = await new Client(stack).signIn();
	const it = { k, issued: await ready(customer, k, 'issued'), waits: await mailed(customer, k, 'waits'), quiet: await mailed(customer, k, 'quiet'), later: await ready(customer, k, 'later') };
	await submitActivation(customer, it.issued.order);
	await waitCertificate(customer, it.issued.order);
	await putOff(customer, it.later);
	it.busy = await begun(customer, k, 'busy');
	await until('the mail to be put off', async () => await number(`SELECT COUNT(*) FROM outbox WHERE order_id = ${ID(it.busy.order)} AND attempts = 1 AND taken_by IS NULL`) === 1);
	assert.equal((await curl.order(`D-${k}`, { callback: 'https://127.0.0.1:1/hook' })).status, 201);
	await spend();
	return it;
}

// --- what must hold of every moment -----------------------------------------------------------------------------------

// How many seconds ahead of the clock may lie what waits, lives or was published.
const AHEAD = {
	"session WHERE expires_at > UTC_TIMESTAMP()": { seen_at: 0, expires_at: DAY / 2 },
	"mailbox_value WHERE used_at IS NULL AND refused_at IS NULL": { expires_at: DAY },
	"issuance WHERE state = 'waiting'": { taken_until: 20, next_at: 300 },
	"outbox WHERE state = 'waiting'": { next_at: 3600 },
	"callback WHERE state = 'waiting'": { next_at: 72, tried_since: 0 }, // a minute, and a fifth by chance
	"callback_address": { held_until: 60 },
	"sign_in_failure": { at: 0 },
	"revocation": { revoked_at: 0 },
	"caa_check WHERE order_id IN (SELECT order_id FROM issuance WHERE state = 'waiting')": { valid_until: DAY },
	"(SELECT this_update, next_update FROM crl ORDER BY number DESC LIMIT 1) c": { this_update: 0, next_update: 6 * DAY },
};
async function momentsHold() {
	const rows = Object.entries(AHEAD).flatMap(([table, columns]) => Object.entries(columns).map(([column, most]) =>
		`SELECT '${column} of ${table.replaceAll("'", '')}', COALESCE(MAX(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), ${column})), 0), ${most} FROM ${table}`));
	const wrong = (await stack.sql(rows.join(' UNION ALL '))).filter(([, ahead, most]) => Number(ahead) > Number(most) + 1);
	assert.deepEqual(wrong, [], 'what, how far ahead of the clock, how far it may');
}
// No certificate outlasts its issuer or begins before it, or lives longer than its product; each begins when the clock said.
async function certificatesHold() {
	const dates = async (where) => Promise.all((await stack.sql(`SELECT TO_BASE64(${where}`)).map(([der, ...more]) => {
		const text = openssl(['x509', '-inform', 'DER', '-noout', '-dates'], Buffer.from(der.replaceAll('\\n', ''), 'base64'));
		return [...['notBefore', 'notAfter'].map((name) => Date.parse(new RegExp(`${name}=(.*)`).exec(text)[1]) / 1000), ...more];
	}));
	const [[first, last]] = await dates("certificate) FROM issuer WHERE kind = 'issuing'");
	const all = await dates('der), UNIX_TIMESTAMP(issued_at) FROM certificate');
	assert.ok(all.length > 0);
	for (const [before, after, issued] of all) {
		assert.equal(after - before, 365 * DAY - 1);
		between(before, Math.max(first, issued - 120), issued - 58, 'notBefore');
		between(after, before, last, 'notAfter');
	}
}
async function crlHolds(serial, after, from) {
	const text = await until(`a CRL behind number ${after}`, async () => {
		const bytes = Buffer.from(await (await fetch(`${stack.url}/crl/issuing-1.crl`)).arrayBuffer());
		const found = openssl(['crl', '-inform', 'DER', '-noout', '-text'], bytes);
		return Number(/CRL Number:\s*(\w+)/.exec(found)[1]) > after && (serial === undefined || found.includes(serial)) && found;
	});
	const date = (name) => Date.parse(new RegExp(`${name}: (.*)`).exec(text)[1]) / 1000;
	between(date('Last Update'), from - 61, await now() - 58, 'thisUpdate');
	assert.equal(date('Next Update') - date('Last Update'), 6 * DAY + 60);
	for (const [, revoked] of text.matchAll(/Revocation Date: (.*)/g))
		assert.ok(Date.parse(revoked) / 1000 <= date('Last Update'), `revoked at ${revoked}, after the CRL was made`);
}
const crlNumber = () => number('SELECT COALESCE(MAX(number), 0) FROM crl WHERE published_at IS NOT NULL');
async function logHolds() {
	await until('all events sealed', async () => await number('SELECT COUNT(*) FROM audit a LEFT JOIN audit_chain c ON c.event_id = a.id WHERE c.seq IS NULL') === 0);
	const key = path.join(keys, 'audit.pem'), file = path.join(keys, 'export.jsonl');
	fs.writeFileSync(key, await stack.ctl('audit', 'key'));
	fs.rmSync(file, { force: true });
	await stack.ctl('audit', 'export', file);
	assert.match(await stack.ctl('audit', 'verify', '--key', key, file), /^whole: \d+ events under \d+ seals/);
}
async function all(...checks) {
	for (const check of [momentsHold, certificatesHold, logHolds, ...checks])
		await check();
}

// Set the clock back (from what it says to so many seconds from right) and wait until that was seen.
async function clockBack(seconds) {
	const seen = await number("SELECT COUNT(*) FROM audit WHERE event = 'clock_back'");
	// the clock was looked at since it jumped the last time
	const said = await now();
	await until('a look', async () => await number('SELECT MAX(UNIX_TIMESTAMP(seen_at)) FROM clock') >= said);
	clockSet(seconds);
	await until('the look after it', async () => await number("SELECT COUNT(*) FROM audit WHERE event = 'clock_back'") === seen + 1);
}
// From the typed address to the certificate, as if nothing had been.
async function wholeOrder(k, name) {
	const from = await now(), client = await new Client(stack).signIn(), it = await ready(client, k, name);
	await submitActivation(client, it.order);
	const before = Date.parse(/notBefore=(.*)/.exec(openssl(['x509', '-noout', '-startdate'], await waitCertificate(client, it.order)))[1]) / 1000;
	between(before, from - 62, await now() - 58, 'notBefore');
	await until('its mails', async () => await number(`SELECT COUNT(*) FROM outbox WHERE order_id = ${ID(it.order)} AND state = 'sent'`) === 3);
	assert.equal((await mailsFor(stack, it.email)).length, 2); // the third went to the customer
	assert.equal(await number(`SELECT COUNT(*) FROM serial WHERE order_id = ${ID(it.order)}`), 1);
	return it;
}

// --- ahead, and back to right ------------------------------------------------------------------------------------------

for (const [what, seconds] of [['an hour', HOUR], ['a day', DAY], ['a year', YEAR]]) {
	let it, ahead, client;

	test(`the database's clock jumps ${what} ahead: what ends by then has ended, and nothing waits`, async () => {
		it = await scene();
		clockSet(seconds);
		assert.equal((await customer.get('/account')).status, 303, 'half an hour without a request has gone');
		client = await new Client(stack).signIn();
		assert.equal(await page(it.waits.link), seconds < DAY ? 200 : 410);
		if (seconds >= DAY)
			assert.notEqual(await answer(it.waits.link), 303);
		await waitMail(stack, it.busy.email);
		assert.equal((await slow.call('/partner/orders')).status, 200);
		if (seconds < 30 * DAY) {
			await waitCertificate(client, it.later.order);
		} else {
			await goesBack(it.later);
			await stack.sql('CALL mailbox_sweep()'); // as the signer does once a minute
			await goesBack(it.waits);
		}
		ahead = { order: await wholeOrder(it.k, 'ahead'), ready: await ready(client, it.k, 'begun-ahead'), waits: await mailed(client, it.k, 'waits-ahead'), later: await ready(client, it.k, 'later-ahead'), crl: await crlNumber() };
		await putOff(client, ahead.later);
		await stack.ctl('certificate', 'revoke', it.issued.order, '--reason', 'superseded', '--yes');
		await crlHolds(await serialOf(client, it.issued), ahead.crl, await now() - 60);
		for (let i = 0; i < 10; i++)
			assert.equal((await new Client(stack).submit('/sign-in', { login: `nobody${it.k}`, password: 'x' })).status, 422);
		assert.equal((await new Client(stack).submit('/sign-in', { login: `nobody${it.k}`, password: 'x' })).status, 429);
		await spend();
		await all();
	});

	test('and back to right: what has ended stays so, what was begun ahead lives no longer than it may, nothing waits', async () => {
		const crl = await crlNumber();
		await clockBack(0);
		const back = await now();
		assert.equal((await customer.get('/account')).status, 303, 'the session of before stays ended');
		assert.equal((await client.get('/account')).status, 200, 'the one of now goes on');
		await all(() => crlHolds(undefined, crl, back - 10));

		// A value that its holder was told of stays over, one that nobody looked at ends as early, one made ahead has its day.
		assert.equal(await page(it.waits.link), seconds < DAY ? 200 : 410);
		assert.equal(await answer(it.waits.link) === 303, seconds < DAY);
		assert.equal(await page(it.quiet.link), seconds < DAY ? 200 : 410);
		assert.equal(await page(ahead.waits.link), 200);
		assert.equal(await answer(ahead.waits.link), 303);

		// Verifications that were begun ahead do not count for a certificate; the person does that step again.
		await submitActivation(client, ahead.ready.order).catch(() => {});
		await goesBack(ahead.ready);
		await lookAgain(ahead.later);
		await goesBack(ahead.later);
		await giveMailbox(client, ahead.ready.order, `again${it.k}@mailbox.example`);
		await confirmMailbox(stack, `again${it.k}@mailbox.example`);
		await giveKey(client, ahead.ready.order, makeCsr(keys, `again${it.k}`));
		await submitActivation(client, ahead.ready.order);
		await waitCertificate(client, ahead.ready.order);

		// A new mail for the one whose value has run out, a minute after the first.
		if (seconds === DAY) {
			await stack.sql(`UPDATE outbox SET created_at = created_at - INTERVAL 1 MINUTE WHERE order_id = ${ID(it.quiet.order)}`);
			await client.submit(at(it.quiet.order, '/email/done'), {}, { action: at(it.quiet.order, '/email/resend') });
			await confirmMailbox(stack, it.quiet.email, { count: 2 });
		}
		await until("the partner's allowance", async () => (await slow.call('/partner/orders')).status === 200);
		await wholeOrder(it.k, 'right');
		await all();
	});
}

// --- behind, and back to right -----------------------------------------------------------------------------------------

for (const [what, seconds] of [['an hour', HOUR], ['a day', DAY]]) {
	let it;

	test(`the database's clock jumps ${what} back: nothing waits or lives that much longer`, async () => {
		it = await scene();
		const crl = await crlNumber();
		await clockBack(-seconds);
		const back = await now();
		await all(() => crlHolds(undefined, crl, back - 10));
		assert.equal((await customer.get('/account')).status, 200, 'whoever is there stays signed in');
		assert.equal(await page(it.waits.link), 200);
		await until('the mail that was put off', async () => (await mailsFor(stack, it.busy.email)).length > 0, 3 * PAUSE);
		assert.equal((await mailsFor(stack, it.busy.email)).length, 1);
		await until("the partner's allowance", async () => (await slow.call('/partner/orders')).status === 200);
		await lookAgain(it.later);
		await goesBack(it.later); // begun at a time that is still to come
		await customer.submit(at(it.quiet.order, '/email/done'), {}, { action: at(it.quiet.order, '/email/resend') });
		assert.equal(await answer(new URL(verifyLink(stack, await waitMail(stack, it.quiet.email, { count: 2 }))).pathname), 303);
		it.behind = await wholeOrder(it.k, 'behind');
		it.values = await mailed(customer, it.k, 'waits-behind');
		await all();
	});

	test('and ahead to right: all goes on', async () => {
		const crl = await crlNumber();
		clockSet(0);
		const right = await now(), client = await new Client(stack).signIn();
		assert.equal(await page(it.values.link), seconds < DAY ? 200 : 410);
		assert.equal((await customer.get('/account')).status, 303);
		await stack.ctl('certificate', 'revoke', it.issued.order, '--reason', 'superseded', '--yes');
		await crlHolds(await serialOf(client, it.issued), crl, right - 1);
		await wholeOrder(it.k, 'again-right');
		await all();
	});
}

test('a week back, before the CA was made: an order waits, no serial is used up, and it goes on when the clock is right', async () => {
	customer = await new Client(stack).signIn();
	const it = await ready(customer, 0, 'early');
	await clockBack(-WEEK);
	const client = await new Client(stack).signIn(), early = await ready(client, 0, 'too-early');
	await submitActivation(client, early.order);
	await until('the signer to put it off', async () => await one(`SELECT last_code FROM issuance WHERE order_id = ${ID(early.order)}`) === 'internal');
	assert.equal(await number(`SELECT COUNT(*) FROM serial WHERE order_id = ${ID(early.order)}`), 0);
	clockSet(0);
	const right = await new Client(stack).signIn();
	await waitCertificate(right, early.order);
	await submitActivation(right, it.order);
	await waitCertificate(right, it.order);
	await all();
});

test('the signer told of each jump, and nobody complains', async () => {
	const log = fs.readFileSync(path.join(stack.dir, 'log', 'signer.log'), 'utf8');
	assert.equal([...log.matchAll(/warning: .*the database's clock went back by \d+ seconds/g)].length, 6);
	assert.ok([...log.matchAll(/warning: .*the database's clock jumped by \d+ seconds/g)].length >= 2);
	assert.deepEqual(stack.complaints().filter((line) => !/CAA of (later|later-ahead)\d+\.example not known|is not inside that of issuer/.test(line)), []);
	assert.deepEqual(stack.stopNow(), []);
});

async function serialOf(client, it) {
	return openssl(['x509', '-noout', '-serial'], (await client.get(at(it.order, '/certificate.pem'))).text).trim().slice('serial='.length);
}
