// secrets.mjs - a stack lives a whole life (people sign in, with a wrong password too; a mailbox is confirmed; a private
// key is pasted; partners' keys and callback secrets are made and used; a certificate is issued and revoked; a password
// is changed; a fault of ours happens), and then every secret of it is looked for where none belongs: logs, arguments
// and environments of processes, the database, its files and its binary log, mails, files that were left behind.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { verifyLink, waitMail } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { Curl, partnerAccount } from '../lib/partner.mjs';
import { ROOT, sleep, Stack, until } from '../lib/stack.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation, waitCertificate } from '../lib/steps.mjs';
import { Receiver } from '../fault/lib/gates.mjs';

// --- who looks at processes ----------------------------------------------------------------------------------------

// Arguments and environment of all processes, gathered while they live: many live for a moment only.
const seen = new Map(); // what was read -> where
function lookAtProcesses() {
	for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid))
		for (const what of ['cmdline', 'environ'])
			try {
				const text = fs.readFileSync(`/proc/${pid}/${what}`, 'latin1');
				if (!seen.has(text))
					seen.set(text, `${what} of ${fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim()}`);
			} catch {
				// it has ended, or is not ours to read
			}
}
const looking = setInterval(lookAtProcesses, 20);

// --- the life --------------------------------------------------------------------------------------------------------

const dir = scratch();
const secrets = {}; // name -> text, as it was used
const heard = [];
const receiver = await new Receiver(dir, { told: (...what) => heard.push(what) }).start();
const stack = await Stack.start({
	name: 'secrets', orders: 4, workers: 2, settings: { 'Mail.PollMs': 50, 'Signer.PollMs': 100, 'Callback.PollMs': 100, 'Callback.CaFile': path.join(dir, 'tls.pem') },
	database: fs.readFileSync(path.join(ROOT, 'tools/systemd/mariadb.cnf'), 'utf8').split('\n').filter((line) => /^[a-z]/.test(line)).join('\n'), // an operator's
});
for (const name of ['admin', 'web', 'mailer', 'signer', 'callback', 'report', 'metrics', 'retention', 'pin', 'so-pin'])
	secrets[`the password ${name}`] = fs.readFileSync(path.join(stack.dir, 'secrets', name), 'utf8').trim();
secrets['the pepper'] = fs.readFileSync(path.join(stack.dir, 'secrets/pepper'), 'utf8').trim();
secrets['the key of the seals'] = fs.readFileSync(path.join(stack.dir, 'secrets/audit'), 'utf8').split('\n')[1];
secrets["the demo customer's password"] = stack.demo.CUSTOMER_PASSWORD;
secrets["the demo partner's password"] = stack.demo.PARTNER_PASSWORD;
secrets["the demo partner's key"] = stack.demo.PARTNER_KEY;

const PASSWORDS = { first: 'Zw3-first-of-anna', second: 'Qx7-second-of-anna', wrong: 'Vk9-mistyped-by-anna', panel: 'Jh4-of-the-panel' };
for (const [name, password] of Object.entries(PASSWORDS))
	secrets[`the ${name} password`] = password;
stack.ctlInput(PASSWORDS.first, 'account', 'add', '--login', 'anna', '--name', 'Anna', '--kind', 'customer', '--email', 'anna@customer.example', '--permanent', '--password-stdin');
partnerAccount(stack, 'demo-partner', 'panel', PASSWORDS.panel);
const order = (await stack.ctl('order', 'add', '--account', 'anna', '--product', stack.demo.PRODUCT)).trim().split('\t')[0];

const customer = new Client(stack);
let answer = await customer.submit('/sign-in', { login: 'anna', password: PASSWORDS.wrong });
assert.equal(answer.status, 422);
assert.ok(!answer.text.includes(PASSWORDS.wrong), 'what was typed as a password is not shown again');
answer = await customer.submit('/sign-in', { login: PASSWORDS.second, password: PASSWORDS.wrong }); // a password typed as a login
await customer.signIn('anna', PASSWORDS.first);
secrets['a session of the customer'] = customer.cookies.get('mailcert');
await giveMailbox(customer, order, 'anna@mailbox.example');
const link = new URL(verifyLink(stack, await waitMail(stack, 'anna@mailbox.example'))).pathname;
secrets['the value in the mail'] = link.split('/').at(-1);
const holder = new Client(stack);
await holder.get(`${link}/`);
await holder.get(`${link}?utm=1`);
await holder.request('PUT', link);
await holder.get(link, { headers: { cookie: `mailcert_visitor=${'x'.repeat(9000)}` } }); // nginx refuses it, and logs that
await holder.post(link, {}); // the box is not ticked
assert.equal((await holder.submit(link, { control: 'yes' })).status, 303);

// A private key, pasted into every field that takes one.
const pasted = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
secrets['the pasted private key'] = pasted.split('\n')[1];
await customer.submit(at(order, '/activation/data'));
await customer.submit(at(order, '/activation/method'), { method: 'csr' });
answer = await customer.submit(at(order, '/activation/key'), { csr: pasted }, { json: true });
assert.equal(answer.code, 'csr_is_private_key');
assert.ok(!(await customer.submit(at(order, '/activation/key'), { csr: pasted })).text.includes(secrets['the pasted private key']), 'not shown again');
await customer.post('/csr/check', { csr: pasted, form_token: 'x' });
await giveKey(customer, order, makeCsr(dir, 'anna'));
await submitActivation(customer, order);
await waitCertificate(customer, order);
await customer.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' });
secrets['the private key of the certificate'] = fs.readFileSync(path.join(dir, 'anna.key'), 'utf8').split('\n')[1];

// A changed password; another session.
await customer.submit('/account', { password: PASSWORDS.wrong, new_password: PASSWORDS.second }, { action: '/account/password' });
assert.equal((await customer.submit('/account', { password: PASSWORDS.first, new_password: PASSWORDS.second, others: 'yes' }, { action: '/account/password' })).status, 303);
const again = await new Client(stack).signIn('anna', PASSWORDS.second);
secrets['another session'] = again.cookies.get('mailcert');
await again.submit('/account', {}, { action: '/sign-out' });

// A partner: a key made in the panel, a callback address, an order by program.
const panel = await new Client(stack).signIn('panel', PASSWORDS.panel);
secrets["a session of the partner's"] = panel.cookies.get('mailcert');
answer = await panel.submit('/partner/keys', { label: 'shop', scopes: 'order' });
[secrets['a key of the partner']] = /mck_[\w-]+/.exec(answer.text) ?? assert.fail('no key shown');
answer = await panel.submit('/partner/callbacks', { url: receiver.url });
[secrets['the secret of a callback address']] = /mcs_[\w-]+/.exec(answer.text) ?? assert.fail('no secret shown');
receiver.secret = secrets['the secret of a callback address'];
const curl = new Curl(stack, secrets['a key of the partner']);
const made = await curl.order('SECRETS', { callback: receiver.url });
assert.ok([200, 201].includes(made.status), made.text);
await curl.call('/partner/orders', { product: 'x' });
await curl.call(`/partner/orders?key=1`, undefined, { key: `${secrets['a key of the partner']}x` });
secrets["the value in the partner's mail"] = (await confirmMailbox(stack, 'secrets@partner.example')).split('/').at(-1);
await until('the callback', () => heard.length > 0);
assert.equal(receiver.forged, 0);

// A fault of ours, which is logged with what it was about.
await stack.tool('stop', 'mariadb');
for (const [client, where] of [[customer, at(order)], [holder, link]])
	await client.get(where);
await customer.post(at(order, '/activation/key'), { csr: pasted });
await new Client(stack).request('POST', '/sign-in', { body: new URLSearchParams({ login: 'anna', password: PASSWORDS.second }) });
await stack.tool('stop', 'web');
await holder.get(link); // nginx itself answers, and says so in its log
await stack.tool('start', 'web');
await stack.tool('start', 'mariadb');
await sleep(300);
clearInterval(looking);

// --- where they may not be -------------------------------------------------------------------------------------------

// The forms in which a text could stand somewhere.
function forms(text) {
	const octets = Buffer.from(text, 'utf8');
	const list = [text, octets.toString('hex'), octets.toString('hex').toUpperCase(), octets.toString('base64').replace(/=+$/, ''), encodeURIComponent(text)];
	if (/^[\w-]{43}$/.test(text)) { // octets in base64url: also as the octets themselves
		const raw = Buffer.from(text, 'base64url');
		list.push(raw.toString('latin1'), raw.toString('hex'), raw.toString('hex').toUpperCase(), raw.toString('base64').replace(/=+$/, ''));
	}
	return [...new Set(list)];
}
function found(haystack, { but = [] } = {}) {
	return Object.entries(secrets).filter(([name, text]) => !but.includes(name) && forms(text).some((form) => haystack.includes(form))).map(([name]) => name);
}
function files(folder) {
	return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const file = path.join(folder, entry.name);
		return entry.isDirectory() ? files(file) : entry.isFile() ? [file] : [];
	});
}

test('the search itself: what is there is found, in each form', () => {
	for (const [name, text] of Object.entries(secrets))
		for (const form of forms(text))
			assert.deepEqual(found(`xx${form}yy`).includes(name), true, name);
	assert.ok(Object.keys(secrets).length >= 22);
	assert.ok(Object.values(secrets).every((text) => text?.length >= 8));
});

test('not in a log, of any program', () => {
	const logs = files(path.join(stack.dir, 'log'));
	assert.ok(logs.length >= 8);
	for (const file of logs)
		assert.deepEqual(found(fs.readFileSync(file, 'latin1')), [], file);
	assert.match(fs.readFileSync(path.join(stack.dir, 'log/web.log'), 'latin1'), /incident/, 'the fault of ours was logged');
	assert.match(fs.readFileSync(path.join(stack.dir, 'log/nginx-access.log'), 'latin1'), /"\/verify\/\.\.\."/);
});

test('not in the arguments or the environment of any process, however short its life', () => {
	for (const program of ['mailcert-web', 'mailcert-signer', 'mailcert-mailer', 'mailcert-callback', 'mailcertctl', 'mariadbd', 'nginx'])
		assert.ok([...seen.keys()].some((text) => text.includes(program)), `${program} was not seen`);
	const ours = [...seen].filter(([text]) => text.includes(stack.dir));
	assert.ok(ours.length > 20, `${ours.length} seen`);
	// This test's own client is handed the partner's key as its argument; OpenSC's tool, with which an admin makes the token,
	// takes PINs from its environment, which is its user's and root's to read.
	for (const [text, where] of ours.filter(([text, where]) => !text.startsWith('curl\0') && where !== 'environ of pkcs11-tool'))
		assert.deepEqual(found(text), [], where);
});

test('not in the database: hashes only; a callback\'s secret in its column, and nowhere else', async () => {
	// Every row of every table, octets as they are and in hex: what a dump would hold, and more.
	const tables = await stack.sql(`SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('mysql', '${stack.demo.DB_NAME}')
		AND table_name NOT IN ('help_topic', 'help_keyword', 'help_relation', 'transaction_registry')`);
	assert.ok(tables.length > 60);
	const holding = [];
	let all = '';
	for (const [schema, table] of tables)
		for (const how of [[], ['--binary-as-hex']]) {
			const done = spawnSync('mariadb', [`--defaults-file=${stack.dir}/my.cnf`, `--user=${os.userInfo().username}`, '-BNr', ...how, '-e', `SELECT * FROM \`${schema}\`.\`${table}\``],
				{ encoding: 'latin1', maxBuffer: 1 << 28 });
			assert.equal(done.status, 0, done.stderr);
			all += done.stdout;
			holding.push(...found(done.stdout).map((name) => `${table}: ${name}`));
		}
	assert.ok(all.includes(createHash('sha256').update(Buffer.from(secrets['the value in the mail'], 'base64url')).digest('hex').toUpperCase()), 'its hash is');
	assert.deepEqual([...new Set(holding)], ['callback_address: the secret of a callback address']);
});

test('not in the files of the database, its binary log among them', async () => {
	await stack.sql('FLUSH BINARY LOGS');
	await stack.tool('stop', 'mariadb');
	const all = files(path.join(stack.dir, 'mariadb'));
	assert.ok(all.some((file) => /mailcert\.0+1$/.test(file)), 'there is a binary log');
	let octets = 0;
	for (const file of all) {
		const text = fs.readFileSync(file, 'latin1');
		octets += text.length;
		assert.deepEqual(found(text, { but: ['the secret of a callback address'] }), [], file);
	}
	assert.ok(octets > 1e6);
});

test('in no mail but the value in its one', () => {
	const holding = files(stack.demo.MAIL_DIR).map((file) => [file, fs.readFileSync(file, 'latin1').replace(/=\r?\n/g, '')])
		.map(([file, text]) => [file, text, found(text)]).filter(([, , names]) => names.length > 0);
	assert.deepEqual(holding.map(([, , names]) => names).sort(), [['the value in the mail'], ["the value in the partner's mail"]]);
	for (const [, text, [name]] of holding)
		assert.match(text, name === 'the value in the mail' ? /^Delivered-To: anna@mailbox\.example/m : /^Delivered-To: secrets@partner\.example/m);
});

test('in no file that was left behind', () => {
	const may = [/\/secrets\/[\w-]+$/, /\/demo\.env$/, /\/mail\//, /\/mailview\//, /\/mariadb\//, /\/token\//, /\/mailcert\.hdf$/];
	for (const file of files(stack.dir).filter((name) => !may.some((one) => one.test(name))))
		assert.deepEqual(found(fs.readFileSync(file, 'latin1')), [], file);
	for (const file of files(path.join(stack.dir, 'secrets')))
		assert.equal(fs.statSync(file).mode & 0o77, 0, `${file} is its owner's`);
	assert.deepEqual(found(fs.readFileSync(path.join(stack.dir, 'mailcert.hdf'), 'latin1')), ["the demo customer's password"], 'the hint of the demo, and nothing else');
});

test('no core file can be: no process writes one, and none lets its memory be read', async () => {
	await stack.tool('start', 'mariadb');
	const pids = { signer: await stack.pid('signer'), mailer: await stack.pid('mailer'), callback: await stack.pid('callback') };
	for (const pid of Stack.workersOf(await stack.pid('web')))
		pids[`worker ${pid}`] = pid;
	assert.ok(Object.keys(pids).length >= 4);
	for (const [name, pid] of Object.entries(pids)) {
		assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m, name);
		// A process that may not be traced leaves its files in /proc to root; root's own owns them either way.
		if (process.getuid() !== 0)
			assert.equal(fs.statSync(`/proc/${pid}/environ`).uid, 0, name);
		process.kill(pid, 'SIGSEGV');
	}
	await until('all of them started again', async () => Object.values(pids).every((pid) => !fs.existsSync(`/proc/${pid}/exe`)) && await stack.pid('signer').catch(() => 0));
	assert.deepEqual(files(stack.dir).filter((file) => /(^|\/)core(\.|$)/.test(file)), []);
});

test('all stops, and the sanitizers have nothing to report', () => {
	receiver.stop();
	assert.deepEqual(stack.stopNow(), []);
});
