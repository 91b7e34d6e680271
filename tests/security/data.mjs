// data.mjs - a person takes along what the service keeps of their account (/account/data): all of it, nothing of others,
// no secret; and however many orders a partner has, a file of bounded size that names the next one.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { waitMail, verifyLink } from '../lib/mail.mjs';
import { at, confirmMailbox, giveKey, giveMailbox, submitActivation, waitCertificate } from '../lib/steps.mjs';

const MANY = 230;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const dir = scratch();
const stack = await Stack.start({ name: 'data', orders: 3, workers: 2, settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 200 } });
const customer = await new Client(stack).signIn();
stack.ctlInput('correct horse battery', 'account', 'add', '--login', 'other', '--name', 'Olga Other', '--kind', 'customer', '--permanent', '--password-stdin');
const other = await new Client(stack).signIn('other', 'correct horse battery');
const order = stack.takeOrder(), draft = stack.takeOrder();

async function taken(client, where = '/account/data') {
	const answer = await client.get(where);
	assert.equal(answer.status, 200, answer.text.slice(0, 300));
	return { answer, data: JSON.parse(answer.text) };
}

// Two addresses, the second confirmed; a certificate, revoked.
await giveMailbox(customer, order, 'first@mailbox.example');
const value = verifyLink(stack, await waitMail(stack, 'first@mailbox.example')).split('/').at(-1);
await giveMailbox(customer, order, 'second@mailbox.example');
const used = (await confirmMailbox(stack, 'second@mailbox.example')).split('/').at(-1);
const csr = makeCsr(dir, 'data');
await giveKey(customer, order, csr);
await submitActivation(customer, order);
const pem = await waitCertificate(customer, order);
assert.equal((await customer.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' })).status, 303);
await customer.submit(at(draft, '/email'), { email: 'draft@mailbox.example' });

test('the page links to it, and it comes as a file with a name, in JSON', async () => {
	assert.match((await customer.get('/account')).text, /<a href="\/account\/data" download>Download my data<\/a>/);
	const { answer } = await taken(customer);
	assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
	assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="account-data.json"');
	assert.equal(answer.headers.get('cache-control'), 'no-store');
	assert.equal((await customer.request('HEAD', '/account/data')).status, 200);
});

test('all that is kept of an account is in it', async () => {
	const { data } = await taken(customer);
	assert.match(data.made_at, ISO);
	const { created_at, ...account } = data.account;
	assert.match(created_at, ISO);
	assert.deepEqual(account, { login: 'demo', kind: 'customer', name: 'Joe Doe', email: 'joe.doe@customer.example' });
	assert.deepEqual(data.sessions.map(({ mine, mark }) => [mine, /^[0-9a-f]{16}$/.test(mark)]), [[true, true]]);
	assert.ok(data.sessions.every((one) => [one.created_at, one.seen_at].every((when) => /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/.test(when))), JSON.stringify(data.sessions));
	assert.equal(data.orders.length, 3);
	assert.equal(data.next, undefined);

	const one = data.orders.find((row) => row.order === order);
	assert.deepEqual([one.product, one.customer_name, one.status], [stack.demo.PRODUCT, 'Joe Doe', 'revoked']);
	assert.deepEqual(one.mailbox, { status: 'verified', email: 'second@mailbox.example' });
	assert.deepEqual(one.mailboxes.map(({ email, confirmed_at, replaced_at }) => [email, ISO.test(confirmed_at), ISO.test(replaced_at)]),
		[['second@mailbox.example', true, false], ['first@mailbox.example', false, true]]);
	const { csr: request, accepted_terms_at, accepted_data_at, submitted_at, terms_version, ...activation } = one.activation;
	assert.deepEqual(activation, { status: 'verified', fields: 'emailAddress,commonName', method: 'csr', key_type: 'P-256', key_bits: 256 });
	assert.equal(request.trim(), csr.trim());
	assert.ok([accepted_terms_at, accepted_data_at, submitted_at].every((when) => ISO.test(when)) && terms_version.length > 0);
	assert.equal(one.certificate.pem, pem);
	assert.equal(one.certificate.serial, new X509Certificate(pem).serialNumber.toLowerCase());
	assert.ok(['issued_at', 'not_before', 'not_after', 'revoked_at'].every((when) => ISO.test(one.certificate[when])));
	assert.equal(one.certificate.revocation_reason, 'superseded');
	const mails = (await taken(customer)).data.orders.find((row) => row.order === order).mails;
	assert.deepEqual([...new Set(mails.filter(({ kind }) => kind === 'verification').map(({ recipient }) => recipient))],
		['second@mailbox.example', 'first@mailbox.example']);
	const events = one.history.map(({ event }) => event);
	assert.equal(events.at(-1), 'order_added');
	for (const event of ['email_confirmed', 'mailbox_verified', 'activation_submitted', 'certificate_issued', 'certificate_revoked'])
		assert.ok(events.includes(event), `${event} in ${events}`);
	assert.equal(data.orders.find((row) => row.order === draft).mailbox.email_draft, 'draft@mailbox.example');
});

test('no secret is in it, nor the hash of one', async () => {
	const { answer } = await taken(customer);
	const [[salt, verifier]] = await stack.sql("SELECT HEX(salt), HEX(verifier) FROM account WHERE login = 'demo'");
	const session = Buffer.from(customer.cookies.get('mailcert'), 'base64url');
	const octets = [session, Buffer.from(value, 'base64url'), Buffer.from(used, 'base64url')];
	const hashes = octets.map((one) => createHash('sha256').update(one).digest());
	const texts = [...octets, ...hashes, Buffer.from(salt, 'hex'), Buffer.from(verifier, 'hex')]
		.flatMap((one) => [one.toString('hex'), one.toString('base64'), one.toString('base64url')]);
	texts.push(stack.demo.CUSTOMER_PASSWORD, fs.readFileSync(path.join(dir, 'data.key'), 'utf8').split('\n')[1]);
	for (const text of texts)
		assert.ok(!answer.text.toLowerCase().includes(text.toLowerCase()), text);
});

test('nothing of others is in it, and who is not signed in has none', async () => {
	const { data, answer } = await taken(other);
	assert.deepEqual([data.account.login, data.sessions.length, data.orders], ['other', 1, []]);
	assert.ok(!answer.text.includes('mailbox.example'));
	const [[id]] = await stack.sql('SELECT MAX(id) + 1 FROM orders');
	for (const before of [id, '0', '-1', 'x', '99999999999999999999', "1' OR '1'='1"])
		assert.deepEqual((await taken(other, `/account/data?before=${encodeURIComponent(before)}`)).data.orders, []);
	const nobody = new Client(stack);
	assert.equal((await nobody.get('/account/data', { json: true })).status, 401);
	assert.equal((await nobody.get('/account/data')).location, '/sign-in?back=/account/data');
	assert.equal((await nobody.get('/account/data', { json: true, headers: { authorization: `Bearer ${stack.demo.PARTNER_KEY}` } })).status, 401);
});

test('a partner has many orders: each file has a hundred and says where the next are, in the language of the person', async () => {
	await stack.sql(`INSERT INTO orders (number, item, partner_id, partner_ref, product, customer_name, language)
		SELECT LPAD(9000000 + seq, 10, '0'), 'b01', (SELECT id FROM partner WHERE name = 'demo-partner'), CONCAT('many-', seq), 'smime-mailbox-365', 'Many', 'en'
		FROM seq_1_to_${MANY}`);
	const person = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	const sizes = [], refs = [];
	for (let where = '/account/data', data; where !== undefined; where = data.next && data.next.slice(stack.url.length)) {
		({ data } = await taken(person, where));
		assert.deepEqual(data.account.partner, { name: 'demo-partner', title: 'Demo Partner Ltd' });
		sizes.push(data.orders.length);
		refs.push(...data.orders.map((row) => row.partner_ref));
		assert.equal(data.next !== undefined, /"next"/.test(data.next_says ?? ''));
		assert.ok(sizes.length < 5);
	}
	assert.deepEqual(sizes, [100, 100, MANY - 200]);
	assert.deepEqual(refs, Array.from({ length: MANY }, (_, i) => `many-${MANY - i}`));
	await person.submit('/account', { language: 'pl' }, { action: '/language' });
	const { data } = await taken(person);
	assert.match(data.next_says, /Starsze są pod adresem/);
	assert.match(data.besides, /haseł, których usługa nie zna/);
});

test('and an order with a long history has its newest events, and says that it was cut', async () => {
	const [[id]] = await stack.sql(`SELECT id FROM orders WHERE CONCAT(number, '/', item) = '${draft}'`);
	await stack.sql(`INSERT INTO audit (at, actor, event, order_id, detail) SELECT UTC_TIMESTAMP(6), 'test', 'email_saved', ${id}, seq FROM seq_1_to_300`);
	const one = (await taken(customer)).data.orders.find((row) => row.order === draft);
	assert.deepEqual([one.history.length, one.history[0].detail, one.cut], [200, '300', true]);
	await until('the seals', async () => JSON.parse(await stack.ctl('audit', 'status', '--json')).count === 0);
});

// --- who reads what (ASVS 8.3.5)

// The last lines of nginx' log, once a request of ours is in it.
async function logged(where) {
	const file = path.join(stack.dir, 'log/nginx-access.log');
	let line;
	await until(`a log line for ${where}`, () => {
		line = fs.readFileSync(file, 'utf8').trim().split('\n').findLast((one) => one.includes(`"${where}"`));
		return line !== undefined;
	});
	return line;
}

test('the log tells who read what: an account, a partner by key, nobody; the visitor is told nothing of it', async () => {
	const bearer = { headers: { authorization: `Bearer ${stack.demo.PARTNER_KEY}` } };
	for (const [client, where, options, who] of [
		[customer, at(order), {}, 'account:demo'],
		[other, '/certificates', {}, 'account:other'],
		[new Client(stack), '/partner/orders', bearer, `partner:${(await stack.sql("SELECT id FROM partner WHERE name = 'demo-partner'"))[0][0]}`],
		[new Client(stack), '/terms', {}, ''],
	]) {
		const answer = await client.get(where, options);
		assert.equal(answer.headers.get('x-mailcert-who'), null);
		assert.ok((await logged(where)).endsWith(` "${who}"`), `${where}: ${await logged(where)}`);
	}
});

test('an admin who reads what is known of people leaves an audit event', async () => {
	const events = () => stack.sql("SELECT actor, detail FROM audit WHERE event = 'people_read' ORDER BY id");
	const before = (await events()).length;
	for (const words of [['order', 'show', order], ['order', 'list'], ['account', 'list'], ['certificate', 'show', order],
		['certificate', 'list'], ['problem-report', 'list'], ['db', 'status'], ['queue']])
		await stack.ctl(...words);
	const seen = (await events()).slice(before);
	assert.deepEqual(seen.map(([, detail]) => detail), [`order show ${order}`, 'order list', 'account list', `certificate show ${order}`,
		'certificate list', 'problem-report list']);
	assert.ok(seen.every(([actor]) => /^admin:./.test(actor)));
});

test('nothing was complained about', () => {
	assert.deepEqual(stack.complaints(), []);
	assert.deepEqual(stack.stopNow(), []);
});
