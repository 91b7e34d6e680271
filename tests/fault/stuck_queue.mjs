// stuck_queue.mjs - an order waited for hours, or the signer stood still between two of its steps: what must hold at the
// moment of signing is held to then, not when the order was submitted, taken or judged. Hours and days are made by setting
// the rows of the database back. The signer that stands still is of the build with fault points (make V=fault).
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Stack, sleep, until } from '../lib/stack.mjs';
import { Client, faultSays } from '../lib/client.mjs';
import { keyNumber, makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, statuses, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const SIGNER = path.join(ROOT, 'build/fault/mailcert-signer');
const LEASE = 5; // seconds

const keys = scratch();
const stack = await Stack.start({
	name: 'stuck_queue', workers: 2, orders: 20,
	settings: { 'Signer.Lease': LEASE, 'Signer.PollMs': 200, 'Mail.PollMs': 100 },
	zone: 'denies.example. 60 IN MX 10 mail.demo-dns.\ndenies.example. 60 IN CAA 0 issuemail "other-ca.example"\n'
		+ 'denies.example. 60 IN CAA 0 iodef "mailto:security@denies.example"\n',
});
const customer = await new Client(stack).signIn();
await stack.tool('stop', 'signer');

const WHICH = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
const one = async (sql) => (await stack.sql(sql))[0]?.[0];
const serials = (order, state) => one(`SELECT COUNT(*) FROM serial WHERE order_id = ${WHICH(order)} AND state = '${state}'`).then(Number);
const certificates = (order) => one(`SELECT COUNT(*) FROM certificate WHERE order_id = ${WHICH(order)}`).then(Number);

async function submitted(email) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, email);
	await giveKey(customer, order, makeCsr(keys, email.replace(/@/, '-')));
	await submitActivation(customer, order);
	return order;
}
// A CAA look-up that permitted, so many hours ago.
const permittedAgo = (order, domain, hours) => stack.sql(`INSERT INTO caa_check (order_id, domain, decision, secure, checked_at, valid_until)
	VALUES (${WHICH(order)}, '${domain}', 'permitted', 1, UTC_TIMESTAMP() - INTERVAL ${hours} HOUR,
	    UTC_TIMESTAMP() - INTERVAL ${hours} HOUR + INTERVAL 8 HOUR)`);

async function goesBack(order, code, step) {
	await until(`${order} to go back`, async () => (await statuses(customer, order))[step] === 'waiting_for_data', 30);
	assert.ok((await customer.get(at(order))).words.includes(faultSays(code).split('{arg}')[0].trim()), code);
	assert.equal(await certificates(order), 0);
	assert.equal(await one(`SELECT COUNT(*) FROM audit WHERE order_id = ${WHICH(order)} AND event = 'issuance_refused' AND detail LIKE '${code}%'`), '1');
}

// A signer of the build with fault points.
function faulty(env) {
	const child = spawn(SIGNER, ['--config', path.join(stack.dir, 'mailcert.hdf')], {
		env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf'), ...env },
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	after(() => child.kill('SIGKILL')); // one that stands still when a test failed would keep us waiting
	const ended = new Promise((resolve) => { child.on('exit', resolve); });
	let log = '';
	child.stderr.on('data', (data) => { log += data; });
	return {
		child,
		go: () => child.kill('SIGCONT'),
		log: () => log,
		end: async () => { child.kill('SIGTERM'); await ended; },
	};
}

// Run a signer of the build with fault points until it stands still at a point; go() lets it go on, end() ends it.
async function standStill(point) {
	const signer = faulty({ MAILCERT_STOP_AT: point });
	await until(`the signer to stand still ${point}`, () => {
		assert.equal(signer.child.exitCode, null, signer.log());
		return / T /.test(fs.readFileSync(`/proc/${signer.child.pid}/stat`, 'utf8').replace(/.*\)/, ''));
	});
	return signer;
}

test('section 9.13: CAA permitted 9 hours ago, the queue stood since: it is asked anew, and denies', async () => {
	const order = await submitted('joe@denies.example');
	await permittedAgo(order, 'denies.example', 9);
	await stack.tool('start', 'signer');
	await goesBack(order, 'caa_denied', 1);
});
test('section 9.15: the denial is kept with all records, where they stand and whom to tell (iodef)', async () => {
	const [[decision, found, secure, records]] = await stack.sql(`SELECT decision, found_at, secure, REPLACE(records, '\\n', '; ') FROM caa_check
		WHERE domain = 'denies.example' ORDER BY id DESC LIMIT 1`);
	assert.deepEqual([decision, found, secure], ['denied', 'denies.example', '1']);
	assert.match(records, /other_issuers/);
	assert.match(records, /0 issuemail "other-ca\.example"/);
	assert.match(records, /iodef mailto:security@denies\.example/);
	assert.match(await one(`SELECT detail FROM audit WHERE event = 'caa_denied' ORDER BY id DESC LIMIT 1`), /other-ca\.example/);
});
test('CAA permitted 7 hours ago still holds', async () => {
	await stack.tool('stop', 'signer');
	const order = await submitted('ann@denies.example');
	await permittedAgo(order, 'denies.example', 7);
	await stack.tool('start', 'signer');
	await waitCertificate(customer, order);
});
test('a permission for another domain is none', async () => {
	await stack.tool('stop', 'signer');
	const order = await submitted('sue@denies.example');
	await permittedAgo(order, 'mailbox.example', 1);
	await stack.tool('start', 'signer');
	await goesBack(order, 'caa_denied', 1);
	await stack.tool('stop', 'signer');
});

test('section 9.23: judged good, then the signer stands still for long: the database judges again when it reserves', async () => {
	const old = await submitted('old@mailbox.example');
	const blocked = await submitted('blocked@mailbox.example');
	const kin = await submitted('kin@mailbox.example');
	const asked = await submitted('asked@mailbox.example');
	const good = await submitted('good@mailbox.example');
	const signer = await standStill('before-reserve');
	await stack.sql(`UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() - INTERVAL 31 DAY WHERE order_id = ${WHICH(old)}`);
	await stack.sql(`INSERT INTO key_block (spki_sha256, source, added_at)
		SELECT spki_sha256, 'keyCompromise', UTC_TIMESTAMP() FROM activation WHERE order_id = ${WHICH(blocked)}`);
	await stack.sql(`INSERT INTO key_block (spki_sha256, number_sha256, source, added_at)
		VALUES (REPEAT('k', 32), UNHEX('${keyNumber(fs.readFileSync(path.join(keys, 'kin-mailbox.example.csr'), 'utf8'))}'), 'pasted', UTC_TIMESTAMP())`);
	await stack.sql(`UPDATE caa_check SET checked_at = checked_at - INTERVAL 9 HOUR, valid_until = valid_until - INTERVAL 9 HOUR WHERE order_id = ${WHICH(asked)}`);
	signer.go();
	await waitCertificate(customer, good);
	for (const order of [old, blocked, kin, asked])
		assert.equal(await serials(order, 'reserved') + await serials(order, 'issued') + await serials(order, 'abandoned'), 0, 'nothing was reserved');
	// Two of a blocked key go back to the person at once. After the lease the others are judged anew: one goes back, for the
	// other CAA is asked again.
	await goesBack(old, 'mailbox_too_old', 0);
	await goesBack(blocked, 'csr_key_compromised', 1);
	await goesBack(kin, 'csr_key_compromised', 1);
	await waitCertificate(customer, asked);
	assert.equal(await one(`SELECT COUNT(*) FROM caa_check WHERE order_id = ${WHICH(asked)}`), '2');
	await signer.end();
});

test('reserved, then the signer stands still until its lease is over: it does not sign any more', async () => {
	const order = await submitted('late@mailbox.example');
	const cancelled = await submitted('cancelled@mailbox.example');
	const signer = await standStill('after-reserve');
	assert.deepEqual([await serials(order, 'reserved'), await serials(cancelled, 'reserved')], [1, 1]);
	await sleep((LEASE + 1) * 1000);
	await stack.ctl('order', 'cancel', cancelled, '--yes');
	signer.go();
	await waitCertificate(customer, order);
	assert.match(signer.log(), /its lease ran out before it was signed/);
	assert.deepEqual([await serials(order, 'unused'), await serials(order, 'issued')], [1, 1], 'the serial was given back, another taken');
	assert.equal(await one(`SELECT COUNT(*) FROM revocation WHERE serial =
		(SELECT serial FROM serial WHERE order_id = ${WHICH(order)} AND state = 'unused')`), '0', 'no key had it');
	assert.equal(await one(`SELECT COUNT(*) FROM audit WHERE event = 'serials_unused' AND detail LIKE
		(SELECT CONCAT('%', HEX(serial), '%') FROM serial WHERE order_id = ${WHICH(order)} AND state = 'unused')`), '1');
	assert.equal(await certificates(cancelled), 0);
	assert.deepEqual([await serials(cancelled, 'abandoned'), await serials(cancelled, 'issued'), await serials(cancelled, 'reserved')], [1, 0, 0]);
	await signer.end();
});

test('section 9.17: a finding of the lint stops the issuance, is logged and told; nothing is reserved or signed', async () => {
	const order = await submitted('bent@mailbox.example');
	const signer = faulty({ MAILCERT_BEND_AT: 'tbs' });
	await until('the signer to refuse', async () => await one(`SELECT last_code FROM issuance WHERE order_id = ${WHICH(order)}`) === 'lint_failed');
	await signer.end();
	assert.match(signer.log(), new RegExp(`error: order ${order}: lint \\w+ \\(`), signer.log());
	assert.equal(await serials(order, 'reserved') + await serials(order, 'issued') + await serials(order, 'abandoned'), 0);
	assert.equal(await one(`SELECT detail FROM audit WHERE order_id = ${WHICH(order)} AND event = 'issuance_delayed'`), 'lint_failed');
	await stack.sql(`UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = ${WHICH(order)}`);
	await stack.tool('start', 'signer');
	await waitCertificate(customer, order);
});

test('section 9.17: every serial that was taken names the lint that passed what was signed', async () => {
	const version = /LINT_VERSION "([^"]*)/.exec(fs.readFileSync(path.join(ROOT, 'lib/pki/lint.h'), 'utf8'))[1];
	const rows = await stack.sql('SELECT DISTINCT lint FROM serial');
	assert.equal(rows.length, 1);
	assert.ok(rows[0][0].startsWith(version), rows[0][0]);
	assert.ok((await one("SELECT detail FROM audit WHERE event = 'certificate_issued' LIMIT 1")).endsWith(`, lint ${rows[0][0]}`));
});
