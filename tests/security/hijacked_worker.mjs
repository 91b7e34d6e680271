// hijacked_worker.mjs - somebody has taken over a worker: its database account, its uid, its way to the signer. Each test
// is one try to get a certificate that must not be, to change what was submitted, to learn a random value, or to
// hurt the signer. Then the freshness rules, which the signer holds to on its own.
//
// What a hijacked worker can do and no database stops: act for a person whose cookie, key or random value passes
// through it while it is hijacked. It cannot make any of those.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Stack, sleep, until } from '../lib/stack.mjs';
import { Client, faultSays } from '../lib/client.mjs';
import { mailsFor, verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { at, giveKey, giveMailbox, statuses, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const TARGET = 'ceo@bank.example'; // never confirms anything
const keys = scratch();
const stack = await Stack.start({
	name: 'hijacked_worker', orders: 27, workers: 2,
	settings: { 'Signer.PollMs': 200, 'Mail.PollMs': 100, 'Dns.Timeout': 2 },
	// A short life, so that a mended record is seen at once.
	zone: 'flip.example. 1 IN MX 10 mail.demo-dns.\nflip.example. 1 IN CAA 0 issuemail "other-ca.example"\n',
});
stack.ctlInput('mallory password', 'account', 'add', '--login', 'mallory', '--name', 'Mallory', '--kind', 'customer', '--permanent', '--password-stdin');
const [malloryOrder, malloryOther] = (await stack.ctl('order', 'add', '--account', 'mallory', '--product', stack.demo.PRODUCT, '--count', '2'))
	.trim().split('\n').map((line) => line.split('\t')[0]);
const customer = await new Client(stack).signIn();
const mallory = await new Client(stack).signIn('mallory', 'mallory password');

// --- what the worker has -----------------------------------------------------------------------------------------

// Run SQL as an account of the database; gives rows, or "ERROR number text".
function as(account, sql) {
	const done = spawnSync('mariadb', ['--no-defaults', '--default-character-set=utf8mb4', '-S', stack.demo.DB_SOCKET, `-u${account}`,
		'-BN', stack.demo.DB_NAME, '-e', sql], {
		encoding: 'utf8', env: { ...process.env, MYSQL_PWD: fs.readFileSync(path.join(stack.dir, 'secrets', account), 'utf8').trim() },
	});
	return done.status === 0 ? done.stdout.trim() : /ERROR \d+ \([^)]*\)(?: at line \d+)?: .*/.exec(done.stderr)?.[0] ?? done.stderr;
}
const web = (sql) => as('web', sql);
const hex = (value) => `0x${Buffer.from(value).toString('hex')}`;
const sessionOf = (client) => hex(Buffer.from(client.cookies.get('mailcert'), 'base64url'));
const numbers = (order) => order.split('/').map((part) => `'${part}'`).join(', ');
const WHICH = (order) => `(SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${order}')`;
const one = async (sql) => (await stack.sql(sql))[0]?.[0];

// The victim: a mailbox waiting for its holder, and another order ready to be submitted.
const waiting = stack.takeOrder();
await giveMailbox(customer, waiting, TARGET);
const waitingMail = await waitMail(stack, TARGET);
const value = Buffer.from(verifyLink(stack, waitingMail).split('/').at(-1), 'base64url');
const valueHash = createHash('sha256').update(value).digest();
// Mallory's own order: a mailbox of their own, confirmed.
await verifiedMailbox(stack, mallory, malloryOrder, 'mallory@evil.example');
await giveKey(mallory, malloryOrder, makeCsr(keys, 'mallory'));

// Nothing may ever be issued for the target, whatever was tried before.
async function nothingFor(address = TARGET) {
	assert.equal(await one(`SELECT COUNT(*) FROM certificate WHERE email LIKE '%${address.split('@')[1]}%'`), '0', 'a certificate was issued');
	assert.equal(await one(`SELECT COUNT(*) FROM mailbox WHERE HEX(email) = HEX('${address}') AND confirmed_at IS NOT NULL`), '0', 'the mailbox counts as confirmed');
}
const GRANTS = /ERROR (1142|1143|1370|1044|1227|1095|1419|1045|1698) /;

function refused(name, sql, pattern = GRANTS) {
	test(name, async () => {
		assert.match(web(typeof sql === 'function' ? await sql() : sql), pattern);
		await nothingFor();
	});
}

// --- tables, past the transitions ----------------------------------------------------------------------------------

refused('mark the mailbox confirmed', `UPDATE mailbox SET confirmed_at = UTC_TIMESTAMP() WHERE email = '${TARGET}'`);
refused("mark the order's step verified", `UPDATE orders SET mailbox_status = 'verified' WHERE email = '${TARGET}'`);
refused('put the target into an order whose own mailbox is confirmed', `UPDATE orders SET email = '${TARGET}' WHERE email = 'mallory@evil.example'`);
refused('let an order point at a verification of another order', `UPDATE orders SET mailbox_id = 1 WHERE email = '${TARGET}'`);
refused('insert a confirmed verification', `INSERT INTO mailbox (order_id, email, initiated_at, confirmed_at) VALUES (1, '${TARGET}', UTC_TIMESTAMP(), UTC_TIMESTAMP())`);
refused('insert a random value of its own', `INSERT INTO mailbox_value (hash, mailbox_id, outbox_id, created_at, expires_at)
	SELECT UNHEX(SHA2('mine', 256)), id, 1, UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 1 DAY FROM mailbox WHERE email = '${TARGET}'`);
refused('lengthen the life of a value', 'UPDATE mailbox_value SET expires_at = expires_at + INTERVAL 1 YEAR');
refused('turn the mail aside to another address', "UPDATE outbox SET recipient = 'mallory@evil.example'");
refused('send a second mail with the value to another address', `INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, next_at)
	SELECT kind, order_id, mailbox_id, 'mallory@evil.example', language, created_at, next_at FROM outbox WHERE recipient = '${TARGET}'`);
refused('queue an issuance', `INSERT INTO issuance (order_id, queued_at, next_at) SELECT id, UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM orders WHERE email = '${TARGET}'`);
refused('insert a certificate', `INSERT INTO certificate SELECT * FROM certificate`);
refused('insert a serial', 'INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at) VALUES (1, 1, 1, 1, NOW())');
refused('say that CAA permits', "INSERT INTO caa_check (order_id, domain, decision, checked_at, valid_until) VALUES (1, 'bank.example', 'permitted', NOW(), NOW())");
refused('replace the CA by one of its own', "UPDATE issuer SET certificate = 'mine'");
refused('take a key off the block list', 'DELETE FROM key_block');
refused('take a certificate off the CRL', 'DELETE FROM revocation');
refused('change an audit event', "UPDATE audit SET detail = ''");
refused('remove an audit event', 'DELETE FROM audit');

// --- transitions of others, and the inner ones --------------------------------------------------------------------

refused('make a value as the mailer does', "CALL outbox_value(1, 'm1', UNHEX(SHA2('mine', 256)))");
refused('take mail as the mailer does', "CALL outbox_take('web', 10, 60, FALSE)");
refused('take an issuance as the signer does', "CALL issuance_take('web', 10, 60, FALSE)");
refused('reserve a serial as the signer does', "CALL issuance_reserve('web', '[]')");
refused('store a certificate as the signer does', "CALL issuance_store_with('web', '[]', '')");
refused('record CAA as the signer does', "CALL caa_record('web', '[]')");
refused('abandon a serial as the signer does', "CALL serial_abandon(1, 'web')");
refused('begin a verification past the rules', `CALL mailbox_begin(1, NULL, '${TARGET}', 'web', NULL)`);
refused('freeze an activation past the rules', `CALL activation_freeze(1, 'x', '${TARGET}', NOW(), '1', 'web', NULL, @code)`);
refused('write an audit event', "CALL audit_add('holder', 'mailbox_verified', 1, NULL, NULL)");
refused('change a transition', 'CREATE OR REPLACE PROCEDURE mailbox_answer() SELECT 1');
refused('make a trigger on what the signer writes', 'CREATE TRIGGER mine BEFORE INSERT ON serial FOR EACH ROW SET @x = 1');
refused('give itself rights', 'GRANT ALL ON mailcert.* TO web@localhost');
refused('become another account', "SET PASSWORD FOR signer@localhost = PASSWORD('mine')", /ERROR (1044|1142|1227|1131|1698) /);
test('sign in as another account of the database with its own password', () => {
	for (const account of ['signer', 'mailer', 'admin', 'callback', 'root']) {
		const done = spawnSync('mariadb', ['--no-defaults', '-S', stack.demo.DB_SOCKET, `-u${account}`, '-e', 'SELECT 1'], {
			encoding: 'utf8', env: { ...process.env, MYSQL_PWD: fs.readFileSync(path.join(stack.dir, 'secrets/web'), 'utf8').trim() },
		});
		// This process may be the database's root by its uid; a worker in production has a uid of its own.
		if (account !== 'root')
			assert.match(done.stderr, /ERROR 1045/, account);
	}
});
refused("end the signer's connection", async () =>
	`KILL ${await one("SELECT id FROM information_schema.processlist WHERE user = 'signer' LIMIT 1")}`);
refused('lock tables under the signer', 'LOCK TABLES issuance WRITE');
refused('stop the server', 'SHUTDOWN');
refused('read a file of the server', "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/mct-mine'", /ERROR (1045|1227) /);

// --- its own transitions, with something wrong --------------------------------------------------------------------

refused('answer for the holder with no value', 'CALL mailbox_answer(NULL, TRUE, NULL, NULL)', /value_unknown/);
refused('answer with an empty value', "CALL mailbox_answer('', TRUE, NULL, NULL)", /value_unknown/);
refused('answer with the hash of the value', () => `CALL mailbox_answer(${hex(valueHash)}, TRUE, NULL, NULL)`, /value_unknown/);
refused('answer with a guessed value', () => `CALL mailbox_answer(${hex(randomBytes(32))}, TRUE, NULL, NULL)`, /value_unknown/);
refused('answer with a wildcard', "CALL mailbox_answer('%', TRUE, NULL, NULL)", /value_unknown/);
refused("act in a stranger's order with a session of one's own", () =>
	`CALL mailbox_confirm('session', ${sessionOf(mallory)}, ${numbers(waiting)}, '${TARGET}', NULL)`, /not_found/);
for (const [who, secret] of [['admin', "'x'"], ['', "''"], ['session', 'NULL'], ['key', 'NULL'], ['signer', "''"], ['session', "REPEAT('x', 32)"]]) {
	refused(`act as '${who}' with the secret ${secret}`, () =>
		`CALL mailbox_confirm('${who}', ${secret}, ${numbers(waiting)}, '${TARGET}', NULL)`, /partner_key_refused|sign_in_required/);
}
refused('act with the hash of a session', async () =>
	`CALL mailbox_confirm('session', 0x${await one('SELECT HEX(id_hash) FROM session LIMIT 1')}, ${numbers(waiting)}, '${TARGET}', NULL)`, /sign_in_required/);
refused('sign in with the stored verifier', async () =>
	`CALL sign_in('demo', 0x${await one("SELECT HEX(verifier) FROM account WHERE login = 'demo'")}, NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1')`, /^sign_in_refused$/);
refused('sign in with no password', "CALL sign_in('demo', NULL, NULL, REPEAT('s', 32), 1800, 43200, '127.0.0.1')", /^sign_in_refused$/);
refused('change the address of an order once its mailbox is verified', () =>
	`CALL mailbox_draft('session', ${sessionOf(mallory)}, ${numbers(malloryOrder)}, '${TARGET}', NULL)`, /step_not_open/);
refused('confirm another address there', () =>
	`CALL mailbox_confirm('session', ${sessionOf(mallory)}, ${numbers(malloryOrder)}, '${TARGET}', NULL)`, /step_not_open/);
refused('hand in a key before the mailbox is verified', () =>
	`CALL activation_key('session', ${sessionOf(customer)}, ${numbers(waiting)}, 'csr', REPEAT('k', 32), 'P-256', 256, NULL)`, /step_not_open/);
refused('submit before the mailbox is verified', () =>
	`CALL activation_submit('session', ${sessionOf(customer)}, ${numbers(waiting)}, REPEAT('k', 32), '1', NULL)`, /step_not_open/);
refused('submit as a partner before the mailbox is verified', () =>
	`CALL partner_activate('session', ${sessionOf(customer)}, ${numbers(waiting)}, 'emailAddress', 'csr', REPEAT('k', 32), 'P-256', 256, '1', NULL)`, /step_not_open/);
test('turn the clock of its own connection back', async () => {
	// An expired value must stay dead, so no account may set the time of its connection.
	assert.match(web('SET timestamp = 1; SELECT UTC_TIMESTAMP()'), /ERROR 1290 .*secure-timestamp/);
	await nothingFor();
});

// An address with two mailboxes in it: whoever reads one of them would confirm both.
for (const [name, address] of Object.entries({
	'two addresses with a comma': `mallory@evil.example,${TARGET}`,
	'a second recipient in the envelope': `mallory@evil.example>\r\nRCPT TO:<${TARGET}`,
	'another case of the domain': 'ceo@BANK.example',
	'a blank behind': `${TARGET} `,
})) {
	test(`give an address that no page would take: ${name}`, async () => {
		const sql = (procedure) => `CALL ${procedure}('session', ${sessionOf(mallory)}, ${numbers(malloryOther)}, ${hex(address)}, NULL)`;
		web(sql('mailbox_draft'));
		web(sql('mailbox_confirm'));
		const [[state, stored]] = await stack.sql(`SELECT mailbox_status, HEX(email) FROM orders WHERE id = ${WHICH(malloryOther)}`);
		// As if the holder of the first one had confirmed it, which is the worst that can be.
		const id = await one(`SELECT mailbox_id FROM orders WHERE id = ${WHICH(malloryOther)}`);
		if (state === 'waiting_for_verification' && id !== 'NULL' && stored === Buffer.from(address).toString('hex').toUpperCase()) {
			await stack.sql(`UPDATE mailbox SET confirmed_at = UTC_TIMESTAMP() WHERE id = ${id};
				UPDATE orders SET mailbox_status = 'verified', activation_status = 'waiting_for_data' WHERE id = ${WHICH(malloryOther)};
				INSERT IGNORE INTO activation (order_id) VALUES (${WHICH(malloryOther)})`);
			await giveKey(mallory, malloryOther, makeCsr(keys, 'odd'));
			await submitActivation(mallory, malloryOther);
			await until('the signer to refuse', async () =>
				await one(`SELECT mailbox_reason FROM orders WHERE id = ${WHICH(malloryOther)}`) === 'mailbox_not_verified');
		}
		assert.equal(await one(`SELECT COUNT(*) FROM certificate WHERE order_id = ${WHICH(malloryOther)}`), '0');
		for (const mail of await mailsFor(stack, TARGET))
			assert.ok(!mail.text.includes(malloryOther), 'the mail of this order reached the target');
	});
}

// --- the key -----------------------------------------------------------------------------------------------------

const spkiOf = (name) => createHash('sha256').update(Buffer.from(
	openssl(['pkey', '-in', path.join(keys, `${name}.key`), '-pubout', '-outform', 'DER']), 'latin1')).digest();
const derOf = (pem) => Buffer.from(openssl(['req', '-outform', 'DER'], pem), 'latin1');

test('the key of a submitted order: no way to swap it, not even with the session of its owner', async () => {
	await stack.tool('stop', 'signer');
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'swap@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'honest'));
	await submitActivation(customer, order);
	const evil = derOf(makeCsr(keys, 'evil'));
	const session = sessionOf(customer);
	assert.match(web(`UPDATE activation SET csr = ${hex(evil)}`), GRANTS);
	assert.match(web(`CALL activation_key('session', ${session}, ${numbers(order)}, ${hex(evil)}, ${hex(spkiOf('evil'))}, 'P-256', 256, NULL)`), /step_not_open/);
	assert.match(web(`CALL activation_method('session', ${session}, ${numbers(order)}, 'browser', NULL)`), /step_not_open/);
	assert.match(web(`CALL activation_data('session', ${session}, ${numbers(order)}, 'commonName', NULL)`), /step_not_open/);
	assert.match(web(`CALL activation_submit('session', ${session}, ${numbers(order)}, ${hex(spkiOf('evil'))}, '1', NULL)`), /step_not_open|summary_changed/);
	assert.match(web(`CALL partner_activate('session', ${session}, ${numbers(order)}, 'emailAddress', ${hex(evil)}, ${hex(spkiOf('evil'))}, 'P-256', 256, '1', NULL)`), /step_not_open/);
	assert.match(web(`CALL mailbox_draft('session', ${session}, ${numbers(order)}, '${TARGET}', NULL)`), /step_not_open/);
	await stack.tool('start', 'signer');
	const pem = await waitCertificate(customer, order);
	assert.equal(openssl(['x509', '-noout', '-pubkey'], pem), openssl(['pkey', '-in', path.join(keys, 'honest.key'), '-pubout']));
});

// Requests that the worker's own check would refuse, stored past it; the signer judges them anew.
async function stored(name, csr, spki, code) {
	web(`CALL activation_key('session', ${sessionOf(mallory)}, ${numbers(malloryOrder)}, ${hex(csr)}, ${hex(spki)}, 'P-256', 256, NULL)`);
	assert.equal(web(`CALL activation_submit('session', ${sessionOf(mallory)}, ${numbers(malloryOrder)}, ${hex(spki)}, '1', NULL)`).split('\t')[0], 'ok', name);
	await until(`the signer to refuse (${code})`, async () =>
		await one(`SELECT activation_reason FROM orders WHERE id = ${WHICH(malloryOrder)} AND activation_status = 'waiting_for_data'`) === code);
	assert.equal(await one(`SELECT COUNT(*) FROM certificate WHERE order_id = ${WHICH(malloryOrder)}`), '0');
}
test('a request for another key than the person saw', async () => {
	await stored('other key', derOf(makeCsr(keys, 'shown')), spkiOf('mallory'), 'summary_changed');
});
test('section 9.23: the signer judges the key itself: a request with a weak key', async () => {
	await stored('weak', derOf(makeCsr(keys, 'weak', 'rsa1024')), spkiOf('weak'), 'csr_key_too_small');
});
test('section 9.23: the signer judges the request itself: a signature that is not of its key', async () => {
	const csr = derOf(makeCsr(keys, 'unsigned'));
	csr[csr.length - 3] ^= 1;
	await stored('unsigned', csr, spkiOf('unsigned'), 'csr_signature_invalid');
});
test('a request that is no request', async () => {
	await stored('junk', randomBytes(300), randomBytes(32), 'csr_not_pem');
});
test("somebody else's key", async () => {
	const csr = derOf(openssl(['req', '-new', '-key', path.join(keys, 'honest.key'), '-subj', '/CN=x']));
	assert.match(web(`CALL activation_key('session', ${sessionOf(mallory)}, ${numbers(malloryOrder)}, ${hex(csr)}, ${hex(spkiOf('honest'))}, 'P-256', 256, NULL)`), /csr_key_in_use/);
	// With a lie about the key it is stored; the signer is not deceived.
	await stored('in use', csr, spkiOf('mallory'), 'summary_changed');
});
test('section 9.5: a request full of names: the certificate is for the confirmed mailbox alone', async () => {
	const csr = openssl(['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', path.join(keys, 'names.key'),
		'-subj', `/O=Bank/CN=${TARGET}/emailAddress=${TARGET}`, '-addext', `subjectAltName=email:${TARGET}`, '-addext', 'basicConstraints=CA:TRUE']);
	await giveKey(mallory, malloryOrder, csr);
	await submitActivation(mallory, malloryOrder);
	const text = openssl(['x509', '-noout', '-text'], await waitCertificate(mallory, malloryOrder));
	assert.doesNotMatch(text, /bank|CA:TRUE/i);
	assert.match(text, /email:mallory@evil\.example/);
	await nothingFor();
});

// --- the random value --------------------------------------------------------------------------------------------

refused('read the hashes of values', 'SELECT hash FROM mailbox_value');
refused('compare them', `SELECT COUNT(*) FROM mailbox_value WHERE hash = ${hex(valueHash)}`);
refused('find them by joining', "SELECT m.email FROM mailbox m JOIN mailbox_value v ON v.mailbox_id = m.id AND HEX(v.hash) LIKE 'A%'");
refused('read the sessions', 'SELECT id_hash FROM session');
refused('read the keys of partners', 'SELECT hash FROM partner_key');
refused('read the pepper', 'SELECT * FROM secret');
test('section 9.2: the value and its hash stand nowhere in all that the worker can read', () => {
	const tables = web("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()").split('\n');
	assert.ok(tables.length > 10);
	let columns = 0;
	for (const table of tables) {
		const names = web(`SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '${table}'
			AND privileges LIKE '%select%'`).split('\n').filter((name) => name !== '');
		for (const name of names) {
			const got = web(`SELECT HEX(\`${name}\`) FROM \`${table}\``);
			assert.doesNotMatch(got, /^ERROR/);
			columns++;
			for (const secret of [value, valueHash, Buffer.from(value.toString('base64url')), Buffer.from(value.toString('hex'))])
				assert.ok(!got.includes(secret.toString('hex').toUpperCase()), `${table}.${name}`);
		}
	}
	assert.ok(columns > 50, `only ${columns} columns were looked at`);
});
test('section 9.2: nor in any log', () => {
	const log = path.join(stack.dir, 'log');
	for (const name of fs.readdirSync(log)) {
		const text = fs.readFileSync(path.join(log, name), 'latin1');
		assert.ok(!text.includes(value.toString('base64url')) && !text.includes(value.toString('hex')), name);
	}
});

// --- the signer's socket -------------------------------------------------------------------------------------------

// One conversation: send, wait for what comes back or for the end.
function converse(bytes, { wait = 1500, drip = 0 } = {}) {
	return new Promise((resolve) => {
		const socket = net.connect(stack.demo.SIGNER_SOCKET);
		const got = [];
		let timer = setTimeout(() => socket.destroy(), wait);
		socket.on('data', (data) => got.push(data));
		socket.on('error', () => {});
		socket.on('close', () => { clearTimeout(timer); timer = null; resolve(Buffer.concat(got)); });
		socket.on('connect', async () => {
			if (!drip) {
				socket.write(bytes);
				return;
			}
			for (const byte of bytes) {
				if (timer === null)
					return;
				socket.write(Buffer.from([byte]));
				await sleep(drip);
			}
		});
	});
}
function frame(...numbersOf16) {
	const body = Buffer.alloc(12);
	body.writeUInt16BE(numbersOf16[0], 0);
	body.writeUInt16BE(numbersOf16[1], 2);
	body.writeBigUInt64BE(BigInt(numbersOf16[2] ?? 0), 4);
	return Buffer.concat([Buffer.from([0, 0, 0, 12]), body]);
}
const PING = frame(1, 1);
const answerOf = (reply) => (reply.length === 8 ? reply.readUInt16BE(6) : null);
let signerPid;
async function signerWell(seconds = 3) {
	const began = Date.now();
	signerPid ??= await stack.pid('signer');
	assert.equal(answerOf(await converse(PING, { wait: seconds * 1000 })), 0, 'the signer answers a ping');
	assert.ok(Date.now() - began < seconds * 1000);
	assert.equal(await stack.pid('signer'), signerPid, 'it is the same process');
}

test('the signer answers a ping', () => signerWell());

const NOISE = {
	'nothing, then the end': [Buffer.alloc(0), null],
	'one octet': [Buffer.from([0]), null],
	'random octets': [randomBytes(600), null],
	'a length of 4 GiB': [Buffer.from('ffffffff', 'hex'), null],
	'a length over the bound': [Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.alloc(1025)]), null],
	'a length of nothing': [Buffer.from([0, 0, 0, 0]), 1],
	'a frame cut short': [PING.subarray(0, 9), null],
	'a frame with octets left over': [Buffer.concat([Buffer.from([0, 0, 0, 13]), PING.subarray(4), Buffer.from([0])]), 1],
	'another protocol': [frame(2, 1), 1],
	'an operation that does not exist': [frame(1, 3), 1],
	'the largest numbers': [frame(65535, 65535, 18446744073709551615n), 1],
	'a nudge for an order that is not': [frame(1, 2, 18446744073709551615n), 0],
	'HTTP': [Buffer.from('POST /sign HTTP/1.1\r\nHost: x\r\n\r\n'), null],
	'a megabyte': [Buffer.alloc(1 << 20, 'x'), null],
};
for (const [name, [bytes, answer]] of Object.entries(NOISE)) {
	test(`the signer is sent ${name}: ${answer === null ? 'no answer' : answer === 1 ? 'refused' : 'answered'}, and it stays well`, async () => {
		assert.equal(answerOf(await converse(bytes)), answer);
		await signerWell();
	});
}
test('the signer is sent one octet at a time: it waits half a second, not longer', async () => {
	const slow = converse(Buffer.concat([Buffer.from([0, 0, 4, 0]), Buffer.alloc(200)]), { drip: 100, wait: 10000 });
	await sleep(150);
	await signerWell(3);
	assert.equal((await slow).length, 0);
});
test('thirty peers that say nothing: orders are issued meanwhile', async () => {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'meanwhile@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'meanwhile'));
	const silent = Array.from({ length: 30 }, () => converse(Buffer.alloc(0), { wait: 20000 }));
	await submitActivation(customer, order);
	await waitCertificate(customer, order, 15);
	await Promise.all(silent);
	await signerWell();
});
test('a nudge for an order that is not verified: nothing happens', async () => {
	const id = BigInt(await one(`SELECT id FROM orders WHERE id = ${WHICH(waiting)}`));
	assert.equal(answerOf(await converse(frame(1, 2, id))), 0);
	await sleep(1000);
	await nothingFor();
	assert.deepEqual(await statuses(customer, waiting), ['waiting_for_verification', 'not_available']);
});
test('a stranger: another uid is hung up on', { skip: process.getuid() !== 0 && 'only root can become another uid' }, async () => {
	// The folders hold strangers off already; open them, so that the signer itself must.
	const folders = [stack.dir, path.dirname(stack.demo.SIGNER_SOCKET)];
	for (const folder of folders)
		fs.chmodSync(folder, 0o711);
	const script = `const s = require('net').connect(${JSON.stringify(stack.demo.SIGNER_SOCKET)}); let n = 0;
		s.on('data', (d) => { n += d.length; }); s.on('error', () => {}); s.on('close', () => console.log('octets', n));
		s.on('connect', () => { console.log('connected'); s.write(Buffer.from('${PING.toString('hex')}', 'hex')); });`;
	const done = spawnSync('setpriv', ['--reuid=65534', '--regid=0', '--clear-groups', process.execPath, '-e', script], { encoding: 'utf8', timeout: 10000 });
	for (const folder of folders)
		fs.chmodSync(folder, 0o700);
	assert.equal(done.stdout.trim(), 'connected\noctets 0', done.stderr);
	assert.match(fs.readFileSync(path.join(stack.dir, 'log/signer.log'), 'utf8'), /uid 65534.* refused/);
	await signerWell();
});
test('section 9.23: the signer can not be traced or dumped, and holds nothing it does not need', () => {
	const status = fs.readFileSync(`/proc/${signerPid}/status`, 'utf8');
	assert.match(status, /^NoNewPrivs:\s1$/m);
	assert.match(status, /^Seccomp:\s2$/m);
	assert.match(fs.readFileSync(`/proc/${signerPid}/limits`, 'utf8'), /^Max core file size\s+0\s+0\s/m);
});

test('section 9.1: a value has 128 bits or more, stands as a hash, and each mail has another', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'twice@mailbox.example');
	await waitMail(stack, 'twice@mailbox.example');
	await stack.sql(`UPDATE outbox SET created_at = created_at - INTERVAL 2 MINUTE WHERE order_id = ${WHICH(order)}`);
	await customer.submit(at(order, '/email/done'), {}, { action: at(order, '/email/resend') });
	const mails = await until('a second mail', async () => {
		const found = await mailsFor(stack, 'twice@mailbox.example');
		return found.length === 2 && found;
	});
	const values = mails.map((mail) => Buffer.from(verifyLink(stack, mail).split('/').at(-1), 'base64url'));
	assert.ok(values.every((octets) => octets.length >= 16));
	assert.notDeepEqual(values[0], values[1]);
	const stored = (await stack.sql(`SELECT LOWER(HEX(v.hash)) FROM mailbox_value v JOIN mailbox m ON m.id = v.mailbox_id WHERE m.order_id = ${WHICH(order)}`)).flat();
	assert.deepEqual(stored.sort(), values.map((octets) => createHash('sha256').update(octets).digest('hex')).sort());
});

// --- fresh or nothing ----------------------------------------------------------------------------------------------

// An order that is submitted while the signer is away; then something grows old; then the signer comes.
async function submittedThen(email, change) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, email);
	await giveKey(customer, order, makeCsr(keys, email.split('@')[0]));
	await stack.tool('stop', 'signer');
	await submitActivation(customer, order);
	await stack.sql(change(order));
	await stack.tool('start', 'signer');
	return order;
}
const MAILBOX = (order) => `(SELECT mailbox_id FROM orders WHERE id = ${WHICH(order)})`;

test('section 9.3: a verification begun 30 days and a second ago: back to the mailbox, and the page says why', async () => {
	const order = await submittedThen('old@mailbox.example', (which) =>
		`UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() - INTERVAL '30 0:0:1' DAY_SECOND WHERE id = ${MAILBOX(which)}`);
	await until('the order to go back', async () => (await statuses(customer, order))[0] === 'waiting_for_data');
	assert.deepEqual(await statuses(customer, order), ['waiting_for_data', 'not_available']);
	assert.ok((await customer.get(at(order))).words.includes(faultSays('mailbox_too_old')));
	assert.equal(await one(`SELECT COUNT(*) FROM certificate WHERE order_id = ${WHICH(order)}`), '0');
	assert.equal(await one(`SELECT COUNT(*) FROM audit WHERE order_id = ${WHICH(order)} AND event = 'issuance_refused' AND detail LIKE 'mailbox_too_old%'`), '1');
});
test('a verification begun five minutes under 30 days ago still serves', async () => {
	const order = await submittedThen('young@mailbox.example', (which) =>
		`UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() - INTERVAL '29 23:55' DAY_MINUTE WHERE id = ${MAILBOX(which)}`);
	await waitCertificate(customer, order);
});
test('a verification begun in the future does not count', async () => {
	const order = await submittedThen('future@mailbox.example', (which) =>
		`UPDATE mailbox SET initiated_at = UTC_TIMESTAMP() + INTERVAL 1 HOUR WHERE id = ${MAILBOX(which)}`);
	await until('the order to go back', async () => (await statuses(customer, order))[0] === 'waiting_for_data');
});
test('a verification that was replaced meanwhile does not count', async () => {
	const order = await submittedThen('replaced@mailbox.example', (which) =>
		`UPDATE mailbox SET replaced_at = UTC_TIMESTAMP() WHERE id = ${MAILBOX(which)}`);
	await until('the order to go back', async () => (await statuses(customer, order))[1] === 'waiting_for_data');
	assert.equal(await one(`SELECT COUNT(*) FROM certificate WHERE order_id = ${WHICH(order)}`), '0');
});
test('section 9.18: missing statements: back to the activation, and the page says why', async () => {
	const order = await submittedThen('statements@mailbox.example', (which) =>
		`UPDATE activation SET submitted_at = NULL, accepted_data_at = NULL WHERE order_id = ${WHICH(which)}`);
	await until('the order to go back', async () => (await statuses(customer, order))[1] === 'waiting_for_data');
	assert.ok((await customer.get(at(order))).words.includes(faultSays('statements_missing')));
	const again = await customer.submit(at(order, '/activation/summary'), { accept_terms: 'yes' });
	assert.equal(again.status, 422, 'one statement is not enough');
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
});
test('CAA denies: the order page says who may issue; the record mended, it is issued', async () => {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'joe@flip.example');
	await giveKey(customer, order, makeCsr(keys, 'flip'));
	await submitActivation(customer, order);
	await until('the order to go back', async () => (await statuses(customer, order))[1] === 'waiting_for_data');
	const page = await customer.get(at(order));
	assert.ok(page.words.includes(faultSays('caa_denied').split('{arg}')[0].trim()), page.words);
	assert.match(page.words, /other-ca\.example/);
	assert.match(page.words, /CAA 0 issuemail "mailcert\.example"/);
	assert.equal(await one(`SELECT decision FROM caa_check WHERE order_id = ${WHICH(order)} ORDER BY id DESC LIMIT 1`), 'denied');

	const dns = path.join(stack.dir, 'dns');
	const zone = path.join(dns, 'zone');
	fs.writeFileSync(zone, fs.readFileSync(zone, 'utf8').replace(/^(flip\.example\..*)other-ca\.example/m, '$1mailcert.example')
		.replace(/hostmaster\.demo-dns\. 1 /, 'hostmaster.demo-dns. 2 '));
	const signing = fs.readdirSync(dns).filter((name) => /^K.*\.key$/.test(name)).map((name) => name.slice(0, -4));
	const done = spawnSync('ldns-signzone', ['-u', '-o', '.', '-f', 'zone.signed', 'zone', ...signing],
		{ cwd: dns, encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
	assert.equal(done.status, 0, done.stderr);
	await stack.tool('stop', 'dns');
	await stack.tool('start', 'dns');
	await sleep(1500); // the old record lives a second
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
	assert.equal(await one(`SELECT decision FROM caa_check WHERE order_id = ${WHICH(order)} ORDER BY id DESC LIMIT 1`), 'permitted');
});
test('name servers away: no permission, the page says so; they are back, it is issued', async () => {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'joe@unseen-before.example.org');
	await giveKey(customer, order, makeCsr(keys, 'unseen'));
	await stack.tool('stop', 'dns');
	await submitActivation(customer, order);
	await until('the signer to put it off', async () =>
		await one(`SELECT last_code FROM issuance WHERE order_id = ${WHICH(order)}`) === 'caa_unreachable', 40);
	assert.ok((await customer.get(at(order))).words.includes(faultSays('caa_unreachable')));
	assert.equal(await one(`SELECT COUNT(*) FROM certificate WHERE order_id = ${WHICH(order)}`), '0');
	await stack.tool('start', 'dns');
	await sleep(1000);
	await stack.sql(`UPDATE issuance SET next_at = UTC_TIMESTAMP() WHERE order_id = ${WHICH(order)}`);
	await waitCertificate(customer, order, 30);
});

test('after all that: nothing for the target, and its holder can still confirm', async () => {
	await nothingFor();
	const answer = await new Client(stack).submit(new URL(verifyLink(stack, waitingMail)).pathname, { control: 'yes' });
	assert.ok([200, 303].includes(answer.status));
	assert.deepEqual(await statuses(customer, waiting), ['verified', 'waiting_for_data']);
});
