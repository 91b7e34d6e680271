// forms.mjs - the journey's forms by plain HTTP: bad input, GET changes nothing, steps that are not open, leaving and
// coming back, and what happens while a part of the house is down.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, sleep, until } from '../lib/stack.mjs';
import { Client, faultSays, pageForms } from '../lib/client.mjs';
import { mailsFor, verifyLink, waitMail } from '../lib/mail.mjs';
import { keyNumber, makeCsr, makeKinCsr, openssl, scratch } from '../lib/openssl.mjs';
import {
	at, confirmMailbox, giveKey, giveMailbox, statuses, submitActivation, verifiedMailbox, waitCertificate,
} from '../lib/steps.mjs';

const keys = scratch();
const file = (name) => path.join(keys, name);
const stack = await Stack.start({ name: 'forms', orders: 80, settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 500, 'Brand.Style': '/brand.css' } });
const customer = await new Client(stack).signIn();

// --- bad input: addresses --------------------------------------------------------------------------------------

const LONG_LOCAL = 'a'.repeat(65);
const LONG_ADDRESS = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(63)}.example`;
const BAD_ADDRESSES = [
	['nothing', '', 'email_missing'],
	['no @', 'joe.mailbox.example', 'email_no_at'],
	['two @', 'joe@doe@mailbox.example', 'email_several_at'],
	['a space', 'joe doe@mailbox.example', 'email_space'],
	['quotes', '"joe doe"@mailbox.example', 'email_quoted'],
	['header injection', 'joe@mailbox.example\r\nBcc: all@mailbox.example', 'email_control'],
	['a non-ASCII local part', 'jürgen@mailbox.example', 'email_local_not_ascii'],
	['an address literal', 'joe@[192.0.2.1]', 'email_domain_literal'],
	['a single label', 'joe@localhost', 'email_domain_single_label'],
	['65 octets before the @', `${LONG_LOCAL}@mailbox.example`, 'email_local_too_long'],
	['255 octets', LONG_ADDRESS.padStart(255, 'a').slice(-255), ['email_too_long', 'email_local_too_long']],
	['nothing before the @', '@mailbox.example', 'email_local_missing'],
	['nothing after the @', 'joe@', 'email_domain_missing'],
	['a bad character', 'joe(doe)@mailbox.example', 'email_local_syntax'],
];
for (const [name, email, codes] of BAD_ADDRESSES) {
	test(`a bad address gets its sentence and changes nothing: ${name}`, async () => {
		const order = stack.orders.at(-1);
		const json = await customer.submit(at(order, '/email'), { email }, { json: true });
		assert.equal(json.status, 422, json.text.slice(0, 300));
		assert.ok([codes].flat().includes(json.code), json.code);
		const answer = await customer.submit(at(order, '/email'), { email });
		assert.equal(answer.status, 422);
		assert.match(answer.title, /^Error:/);
		const typed = pageForms(answer.text).find((form) => form.controls.email).controls.email.value;
		assert.equal(typed.replace(/\s+/g, ' '), email.replace(/\s+/g, ' '));
		const says = faultSays(json.code);
		assert.ok(says, `no words for ${json.code}`);
		assert.ok(answer.words.includes(says.split('{arg}')[0].trim()), says);
		assert.deepEqual(await statuses(customer, order), ['waiting_for_data', 'not_available']);
		const [[draft]] = await stack.sql(`SELECT COALESCE(email_draft, email, '-') FROM orders
			WHERE CONCAT(number, '/', item) = '${order}'`);
		assert.equal(draft, '-');
	});
}

test('an internationalised domain is accepted, as A-labels', async () => {
	const order = stack.takeOrder();
	await customer.submit(at(order, '/email'), { email: 'joe@bücher.example' });
	const [[draft]] = await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`);
	assert.equal(draft, 'joe@xn--bcher-kva.example');
});

test('ten verification mails a day for an order: the summary says so, and what was typed stays', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'joe@mailbox.example');
	await waitMail(stack, 'joe@mailbox.example');
	await stack.sql(`INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, attempts)
		SELECT b.kind, b.order_id, b.mailbox_id, b.recipient, b.language, b.created_at, 'sent', b.next_at, 1 FROM outbox b JOIN orders o ON o.id = b.order_id JOIN seq_1_to_9
		WHERE CONCAT(o.number, '/', o.item) = '${order}'`);
	await customer.submit(at(order, '/email'), { email: 'ann@mailbox.example' });
	const json = await customer.submit(at(order, '/email/summary'), {}, { json: true });
	assert.deepEqual([json.status, json.code], [429, 'resend_too_often']);
	const page = await customer.submit(at(order, '/email/summary'), {});
	assert.equal(page.status, 429);
	assert.ok(Number(page.headers.get('retry-after')) > 86000, 'tomorrow');
	assert.match(page.title, /^Error:/);
	assert.ok(page.words.includes(faultSays('resend_too_often')) && page.words.includes('ann@mailbox.example'), page.words.slice(0, 500));
	assert.deepEqual(await statuses(customer, order), ['waiting_for_verification', 'not_available']);
});

// --- bad input: CSRs -------------------------------------------------------------------------------------------

let csrOrder;

test('a brand has its stylesheet linked after ours, on every page', async () => {
	for (const where of ['/dashboard', '/certificates', '/no-such-page']) {
		const sheets = [...(await customer.get(where)).text.matchAll(/<link rel="stylesheet" href="([^"?]+)/g)].map(([, href]) => href);
		assert.deepEqual(sheets, ['/static/style.css', '/brand.css'], where);
	}
});

test('an order waits for its key', async () => {
	csrOrder = stack.takeOrder();
	await verifiedMailbox(stack, customer, csrOrder, 'csr@mailbox.example');
	await customer.submit(at(csrOrder, '/activation/data'));
	await customer.submit(at(csrOrder, '/activation/method'), { method: 'csr' });
	for (const algorithm of ['p256', 'rsa1024', 'secp256k1'])
		makeCsr(keys, algorithm, algorithm);
	openssl(['req', '-x509', '-key', file('p256.key'), '-subj', '/CN=x', '-out', file('certificate')]);
	openssl(['pkey', '-in', file('p256.key'), '-pubout', '-out', file('public')]);
	const der = Buffer.from(openssl(['req', '-in', file('p256.csr'), '-outform', 'DER']), 'latin1');
	der[der.length - 1] ^= 1;
	fs.writeFileSync(file('forged'), openssl(['req', '-inform', 'DER'], der));
	const good = fs.readFileSync(file('p256.csr'), 'utf8');
	fs.writeFileSync(file('several'), good + makeCsr(keys, 'second'));
	fs.writeFileSync(file('truncated'), good.slice(0, good.length / 2));
	fs.writeFileSync(file('empty'), '');
	fs.writeFileSync(file('words'), 'please give me a certificate');
});

const BAD_CSRS = [
	['empty', 'empty', 'csr_missing'],
	['words', 'words', 'csr_not_pem'],
	['a certificate', 'certificate', 'csr_is_certificate'],
	['a private key', 'p256.key', 'csr_is_private_key'],
	['a public key', 'public', 'csr_is_public_key'],
	['truncated', 'truncated', ['csr_truncated', 'csr_not_parsable']],
	['several', 'several', 'csr_several'],
	['with a false signature', 'forged', 'csr_signature_invalid'],
	['with RSA of 1024 bits', 'rsa1024.csr', 'csr_key_too_small'],
	['with a curve outside P-256/384/521', 'secp256k1.csr', 'csr_curve_unsupported'],
];
for (const [name, source, codes] of BAD_CSRS) {
	test(`a bad CSR gets its sentence and changes nothing: ${name}`, async () => {
		const csr = fs.readFileSync(file(source), 'utf8');
		const where = at(csrOrder, '/activation/key');
		const json = await customer.submit(where, { csr }, { json: true });
		assert.equal(json.status, 422, json.text.slice(0, 300));
		assert.ok([codes].flat().includes(json.code), json.code);
		const answer = await customer.submit(where, { csr });
		assert.equal(answer.status, 422);
		assert.match(answer.title, /^Error:/);
		const says = faultSays(json.code);
		assert.ok(says && answer.words.includes(says.split('{arg}')[0].trim()), says);
		const typed = pageForms(answer.text).find((form) => form.controls.csr).controls.csr.value;
		if (source === 'p256.key')
			assert.ok(!answer.text.includes(csr.split('\n')[1]), 'a private key is never echoed');
		else
			assert.equal(typed.trim().replace(/\r/g, ''), csr.trim());
		const [[kept]] = await stack.sql(`SELECT a.csr IS NULL FROM activation a JOIN orders o ON o.id = a.order_id
			WHERE CONCAT(o.number, '/', o.item) = '${csrOrder}'`);
		assert.equal(kept, '1');
	});
}

test('section 9.8: a pasted private key is nowhere: not in the database, not in a log', async () => {
	const secret = fs.readFileSync(file('p256.key'), 'utf8').split('\n')[1];
	const hex = Buffer.from(secret, 'base64').subarray(0, 40).toString('hex');
	const dump = await stack.tool('sql', '-BN', stack.demo.DB_NAME, '-e',
		"SELECT COALESCE(HEX(csr), '') FROM activation; SELECT COALESCE(detail, '') FROM audit");
	assert.ok(!dump.toLowerCase().includes(hex) && !dump.includes(secret));
	for (const log of fs.readdirSync(path.join(stack.dir, 'log')))
		assert.ok(!fs.readFileSync(path.join(stack.dir, 'log', log), 'latin1').includes(secret), log);
	const spki = openssl(['pkey', '-in', file('p256.key'), '-pubout', '-outform', 'DER']);
	assert.deepEqual(await stack.sql(`SELECT source FROM key_block
		WHERE spki_sha256 = UNHEX('${createHash('sha256').update(Buffer.from(spki, 'latin1')).digest('hex')}')`), [['pasted']], 'and its public key serves nobody any more');
});

test('a key of the same number as a blocked one is refused: checked, handed in, and submitted', async () => {
	const kin = makeKinCsr(keys, 'kin', file('p256.key'));
	const check = await customer.post('/csr/check', { csr: kin }, { json: true });
	assert.equal(check.code, 'csr_key_compromised');
	const answer = await customer.submit(at(csrOrder, '/activation/key'), { csr: kin }, { json: true });
	assert.equal(answer.code, 'csr_key_compromised');
	assert.equal((await customer.submit(at(csrOrder, '/activation/key'), { csr: makeCsr(keys, 'later') })).status, 303);
	await stack.sql(`INSERT INTO key_block (spki_sha256, number_sha256, source, added_at)
		VALUES (REPEAT('k', 32), UNHEX('${keyNumber(fs.readFileSync(file('later.csr'), 'utf8'))}'), 'pasted', UTC_TIMESTAMP())`);
	const late = await customer.submit(at(csrOrder, '/activation/summary'), { accept_terms: 'yes', accept_data: 'yes' });
	assert.equal(late.status, 422);
	assert.ok(late.words.includes(faultSays('csr_key_compromised')));
	await stack.sql("DELETE FROM key_block WHERE spki_sha256 = REPEAT('k', 32)");
});

const NOISE = [
	['openssl req -text around it', () => openssl(['req', '-in', file('second.csr'), '-text'])],
	['CRLF', () => fs.readFileSync(file('second.csr'), 'utf8').replace(/\n/g, '\r\n')],
	['NEW CERTIFICATE REQUEST', () => fs.readFileSync(file('second.csr'), 'utf8').replaceAll('CERTIFICATE', 'NEW CERTIFICATE')],
	['blanks', () => `\n\n   ${fs.readFileSync(file('second.csr'), 'utf8').replace(/\n/g, '  \n')}\n\n`],
];
for (const [name, make] of NOISE) {
	test(`noise around a good CSR is accepted: ${name}`, async () => {
		const answer = await customer.submit(at(csrOrder, '/activation/key'), { csr: make() });
		assert.equal(answer.status, 303, answer.title);
		assert.equal(answer.location, at(csrOrder, '/activation/summary'));
		const check = await customer.post('/csr/check', { csr: make() });
		assert.equal(check.status, 200);
	});
}

// A file chosen in the form, as the browser sends it: with its own octets.
async function sendFile(octets, options) {
	const form = await customer.form(at(csrOrder, '/activation/key'));
	const body = new FormData();
	for (const [name, value] of form.hidden)
		body.append(name, value);
	body.append('csr', '');
	body.append('csr_file', new Blob([octets]), 'mail.csr');
	return customer.request('POST', at(csrOrder, '/activation/key'), { body, ...options });
}

test('a file in UTF-16, as Windows writes it, is taken, and a private key in one is noticed', async () => {
	const utf16 = (name) => Buffer.from(`\ufeff${fs.readFileSync(file(name), 'utf8').replace(/\n/g, '\r\n')}`, 'utf16le');
	const answer = await sendFile(utf16('second.csr'));
	assert.equal(answer.status, 303, answer.title);
	assert.equal(answer.location, at(csrOrder, '/activation/summary'));
	assert.equal((await sendFile(utf16('second.csr').swap16())).status, 303);
	makeCsr(keys, 'windows');
	const refused = await sendFile(utf16('windows.key'), { json: true });
	assert.equal(refused.status, 422);
	assert.equal(refused.code, 'csr_is_private_key');
});

test('the live check answers the verdict and changes nothing', async () => {
	const before = await stack.sql('SELECT order_id, HEX(csr) FROM activation');
	const bad = await customer.post('/csr/check', { csr: fs.readFileSync(file('certificate'), 'utf8') }, { json: true });
	assert.equal(bad.status, 422);
	assert.equal(bad.code, 'csr_is_certificate');
	assert.equal((await customer.post('/csr/check', { csr: fs.readFileSync(file('second.csr'), 'utf8') })).status, 200);
	assert.deepEqual(await stack.sql('SELECT order_id, HEX(csr) FROM activation'), before);
	assert.notEqual((await new Client(stack).post('/csr/check', { csr: 'x' }, { json: true })).status, 200);
});

test('section 9.18: the summary wants its statements, each by name', async () => {
	const where = at(csrOrder, '/activation/summary');
	for (const [fields, missing] of [
		[{}, ['accept_terms', 'accept_data']],
		[{ accept_terms: 'yes' }, ['accept_data']],
		[{ accept_data: 'yes' }, ['accept_terms']],
		[{ accept_terms: 'no', accept_data: 'no' }, ['accept_terms', 'accept_data']],
	]) {
		const answer = await customer.submit(where, fields);
		assert.equal(answer.status, 422);
		assert.match(answer.title, /^Error:/);
		for (const name of ['accept_terms', 'accept_data'])
			assert.equal(answer.words.includes(faultSays(`${name}_missing`)), missing.includes(name), name);
	}
	assert.deepEqual(await statuses(customer, csrOrder), ['verified', 'waiting_for_data']);
});

// --- bad input: requests ---------------------------------------------------------------------------------------

test('a form without a token, with another session\'s or a made-up one changes nothing', async () => {
	const order = stack.takeOrder();
	const other = await new Client(stack).signIn();
	const { hidden } = await other.form(at(order, '/email'));
	const foreign = Object.fromEntries(hidden).form_token;
	for (const form_token of [undefined, '', 'x', foreign]) {
		const answer = await customer.post(at(order, '/email'), { email: 'a@mailbox.example', ...(form_token !== undefined && { form_token }) },
			{ json: true });
		assert.equal(answer.status, 403);
		assert.equal(answer.code, 'form_token_invalid');
	}
	assert.equal((await customer.post(at(order, '/email'), { email: 'a@mailbox.example' })).status, 403);
	assert.equal((await stack.sql(`SELECT 1 FROM orders WHERE CONCAT(number, '/', item) = '${order}'
		AND email_draft IS NOT NULL`)).length, 0);
	stack.orders.push(order);
});

test('an old token, of a session that ended, is refused', async () => {
	const order = stack.orders.at(-1);
	const visitor = await new Client(stack).signIn();
	const { hidden } = await visitor.form(at(order, '/email'));
	await visitor.submit('/dashboard', {}, { action: '/sign-out' });
	await visitor.signIn();
	const answer = await visitor.post(at(order, '/email'), [...hidden, ['email', 'a@mailbox.example']], { json: true });
	assert.equal(answer.status, 403);
	assert.equal(answer.code, 'form_token_invalid');
});

test('a body over the limit is refused by the worker, a huge one by nginx', async () => {
	const order = stack.orders.at(-1);
	const { hidden } = await customer.form(at(order, '/email'));
	for (const size of [300_000, 3_000_000]) {
		const answer = await customer.post(at(order, '/email'), [...hidden, ['email', 'a'.repeat(size)]], { json: true });
		assert.equal(answer.status, 413);
		assert.equal(answer.code, 'body_too_large');
	}
});

test('someone else\'s order is the same as none', async () => {
	stack.ctlInput('open sesame, please\n', 'account', 'add', '--login', 'other', '--name', 'Olga Other', '--kind', 'customer', '--permanent', '--password-stdin');
	const foreign = (await stack.ctl('order', 'add', '--account', 'other', '--product', stack.demo.PRODUCT, '--count', '1')).trim();
	const none = '9999999999/b01';
	const csr = fs.readFileSync(file('p256.csr'), 'utf8');
	for (const rest of ['', '/email', '/email/summary', '/email/done', '/activation/data', '/activation/key', '/activation/summary',
		'/certificate.pem', '/revoke']) {
		const [theirs, nobodys] = [await customer.get(at(foreign, rest)), await customer.get(at(none, rest))];
		assert.equal(theirs.status, 404, rest);
		assert.equal(nobodys.status, 404, rest);
		assert.equal(theirs.words.replaceAll(foreign, none), nobodys.words, rest);
	}
	const { hidden } = await customer.form(at(stack.orders.at(-1), '/email'));
	for (const [rest, fields] of [['/email', { email: 'a@mailbox.example' }], ['/activation/key', { csr }], ['/email/summary', {}]]) {
		const answer = await customer.post(at(foreign, rest), [...hidden, ...Object.entries(fields)]);
		assert.equal(answer.status, 404, rest);
	}
});

test('an unknown page is 404, a method that a page does not have is 405 with Allow', async () => {
	for (const where of ['/nothing', '/certificates/x/y', '/certificates/0000123456/b01/nothing', '/verify/'])
		assert.equal((await customer.get(where)).status, 404, where);
	const wrong = [['GET', '/sign-out', 'POST'], ['GET', '/csr/check', 'POST'], ['DELETE', '/dashboard', 'GET'], ['PUT', '/sign-in', 'POST']];
	for (const [method, where, allowed] of wrong) {
		const answer = await customer.request(method, where);
		assert.equal(answer.status, 405, `${method} ${where}`);
		assert.match(answer.headers.get('allow'), new RegExp(`\\b${allowed}\\b`));
	}
});

test('a body of a wrong kind is 415, a broken one 400 or 422, never 500', async () => {
	const where = at(stack.orders.at(-1), '/email');
	const form = await customer.form(where);
	const token = Object.fromEntries(form.hidden).form_token;
	const post = (type, body) => customer.request('POST', where, { body, headers: { 'content-type': type }, json: true });
	assert.equal((await post('application/json', '{"email": "a@b.example"}')).status, 415);
	assert.equal((await post('text/plain', 'email=a')).status, 415);
	for (const body of [`form_token=${token}&email=%zz`, `form_token=${token}&email=%ff%fe`, `form_token=${token}&email=%00`,
		`form_token=${token}&email=a&email=b`, '&&&===', `form_token=${token}&` + 'a=b&'.repeat(5000)]) {
		const answer = await post('application/x-www-form-urlencoded', body);
		assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${body.slice(0, 80)}`);
	}
});

// --- the holder's link -----------------------------------------------------------------------------------------

test('section 9.2: GET and HEAD of the holder\'s link change nothing, and the box must be ticked', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'holder@mailbox.example');
	const link = new URL(verifyLink(stack, await waitMail(stack, 'holder@mailbox.example'))).pathname;
	const holder = new Client(stack);
	const books = () => stack.sql(`SELECT m.confirmed_at, m.rejected_at, o.mailbox_status FROM orders o
		JOIN mailbox m ON m.id = o.mailbox_id WHERE CONCAT(o.number, '/', o.item) = '${order}'`);
	const before = await books();
	for (const method of ['GET', 'HEAD', 'GET', 'HEAD'])
		assert.equal((await holder.request(method, link)).status, 200);
	assert.equal((await holder.get(`${link}?control=yes&action=reject`)).status, 200);
	const unticked = await holder.submit(link);
	assert.equal(unticked.status, 422);
	assert.match(unticked.title, /^Error:/);
	assert.ok(unticked.words.includes(faultSays('control_not_ticked')));
	assert.equal((await holder.submit(link, { control: 'no' })).status, 422);
	assert.deepEqual(await books(), before);
	assert.ok((await holder.submit(link, { control: 'yes' })).status < 400);
	assert.deepEqual(await statuses(customer, order), ['verified', 'waiting_for_data']);
	const again = await holder.get(link);
	assert.equal(again.status, 200);
	assert.equal(pageForms(again.text).some((form) => form.controls.control), false);
	assert.ok((await holder.post(link, { control: 'yes' })).status < 500);
});

test('the holder says no', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'no@mailbox.example');
	const link = new URL(verifyLink(stack, await waitMail(stack, 'no@mailbox.example'))).pathname;
	const holder = new Client(stack);
	assert.ok((await holder.submit(link, { action: 'reject' })).status < 400);
	assert.match((await holder.get(link)).words, /reject/i);
	await holder.post(link, { control: 'yes' });
	assert.notEqual((await statuses(customer, order))[0], 'verified');
});

test('mistyped, expired and replaced links get their own calm page', async () => {
	const holder = new Client(stack);
	const unknown = await holder.get(`/verify/${'A'.repeat(43)}`);
	assert.equal(unknown.status, 404);
	assert.match(unknown.words, /We do not know this link/);

	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'first@mailbox.example');
	const first = new URL(verifyLink(stack, await waitMail(stack, 'first@mailbox.example'))).pathname;
	await giveMailbox(customer, order, 'second@mailbox.example');
	const replaced = await holder.get(first);
	assert.equal(replaced.status, 410);
	assert.match(replaced.words, /no longer needed/);
	await holder.post(first, { control: 'yes' });
	assert.equal((await statuses(customer, order))[0], 'waiting_for_verification');

	const second = new URL(verifyLink(stack, await waitMail(stack, 'second@mailbox.example'))).pathname;
	await stack.sql(`UPDATE mailbox_value v JOIN orders o ON o.mailbox_id = v.mailbox_id
		SET v.created_at = v.created_at - INTERVAL 24 HOUR, v.expires_at = v.expires_at - INTERVAL 24 HOUR
		WHERE CONCAT(o.number, '/', o.item) = '${order}'`);
	const expired = await holder.get(second);
	assert.equal(expired.status, 410);
	assert.match(expired.words, /expired/);
	await holder.post(second, { control: 'yes' });
	assert.equal((await statuses(customer, order))[0], 'waiting_for_verification');
});

// --- GET changes nothing; leaving and coming back; steps that are not open -------------------------------------

test('GET of every page changes nothing in the database', async () => {
	const order = stack.takeOrder();
	await customer.submit(at(order, '/email'), { email: 'look@mailbox.example' });
	const tables = (await stack.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
		+ " AND table_type = 'BASE TABLE' AND table_name NOT IN ('session')")).flat();
	// The signer seals audit events and makes CRLs on its own time, so it rests meanwhile.
	await stack.tool('stop', 'signer');
	await stack.tool('stop', 'mailer');
	const books = async () => Object.fromEntries(await Promise.all(tables.map(async (table) => [table, (await stack.sql(`SELECT * FROM ${table}`)).map(String).sort()])));
	const before = await books();
	for (const where of ['/', '/dashboard', '/dashboard?tab=problems', '/account', '/account/data-security-products', '/certificates',
		'/certificates?q=look&status=issued&page=2', at(order), at(order, '/email'), at(order, '/email/summary'), at(order, '/email/done'),
		at(csrOrder, '/activation/data'), at(csrOrder, '/activation/method'), at(csrOrder, '/activation/key'),
		at(csrOrder, '/activation/summary'), at(csrOrder, '/activation/done'), at(order, '/certificate.pem'), at(order, '/revoke'),
		'/tools', '/terms', '/demo/mail', '/healthz', '/nothing'])
		for (const method of ['GET', 'HEAD'])
			assert.ok((await customer.request(method, where)).status < 500 || where === '/healthz', where);
	assert.deepEqual(await books(), before);
	await stack.tool('start', 'signer');
	await stack.tool('start', 'mailer');
});

// Pages tell the form of languages where they are, so that it leads back to them.
test('another language leaves everybody where they are, with what they searched', async () => {
	const order = stack.takeOrder();
	await customer.submit(at(order, '/email'), { email: 'sprache@mailbox.example' });
	for (const where of ['/dashboard?tab=problems', '/account', '/account/data-security-products', '/certificates?q=look&status=issued',
		at(order), at(order, '/email'), at(order, '/email/summary'), at(csrOrder, '/activation/data'),
		at(csrOrder, '/activation/method'), at(csrOrder, '/activation/key'), '/tools', '/terms', '/no-such-page']) {
		const form = pageForms((await customer.get(where)).text).find((one) => one.action === '/language');
		assert.equal(Object.fromEntries(form.hidden).back, where);
	}
	const nobody = new Client(stack);
	const { location } = await nobody.get('/certificates?q=look&status=issued');
	assert.equal((await customer.get(location)).location, '/certificates?q=look&status=issued', 'so does having to sign in first');
});

test('lists: by page, by a step\'s status, by the number as it is said, by an address that is not confirmed yet', async () => {
	const shown = async (query) => [...(await customer.get(`/certificates?${query}`)).text.matchAll(/href="\/certificates\/(\d+\/\w+)"/g)]
		.map(([, number]) => number).filter((number, i, all) => all.indexOf(number) === i);
	const orders = (await stack.sql(`SELECT CONCAT(number, '/', item) FROM orders WHERE account_id = (SELECT id FROM account
		WHERE login = '${stack.demo.CUSTOMER_LOGIN}') ORDER BY id DESC`)).flat();
	const [first, second] = [await shown(''), await shown('page=2')];
	assert.deepEqual(await shown('page=1'), first);
	assert.deepEqual([...first, ...second], orders.slice(0, 40));
	const next = /href="\/certificates\?[^"]*page=(2-\d+)"/.exec((await customer.get('/certificates')).text)[1];
	assert.deepEqual(await shown(`page=${next}`), second, 'the link to it says where it begins');
	assert.deepEqual(await shown('page=1000'), []);
	const order = stack.takeOrder();
	await customer.submit(at(order, '/email'), { email: 'draft.only@mailbox.example' });
	assert.deepEqual(await shown('q=draft.only'), [order]);
	assert.deepEqual(await shown(`q=${Number(order.split('/')[0])}`), orders.filter((one) => one.split('/')[0] === order.split('/')[0]));
	for (const status of ['waiting_for_data', 'verified'])
		assert.ok((await shown(`status=${status}`)).length > 0, status);
	assert.ok(!(await shown('status=verified')).includes(order));
});

test('leaving and coming back in another browser goes on where it stopped', async () => {
	const order = stack.takeOrder();
	await customer.submit(at(order, '/email'), { email: 'resume@mailbox.example' });
	const elsewhere = await new Client(stack).signIn();
	const form = await elsewhere.form(at(order, '/email'));
	assert.equal(form.controls.email.value, 'resume@mailbox.example');
	assert.match((await elsewhere.get(at(order, '/email/summary'))).words, /resume@mailbox\.example/);
	await elsewhere.submit(at(order, '/email/summary'));
	await confirmMailbox(stack, 'resume@mailbox.example');
	await elsewhere.submit(at(order, '/activation/data'));
	await elsewhere.submit(at(order, '/activation/method'), { method: 'csr' });
	assert.equal((await customer.get(at(order, '/activation/key'))).status, 200);
	await customer.submit(at(order, '/activation/key'), { csr: makeCsr(keys, 'resume') });
	assert.equal((await elsewhere.get(at(order, '/activation/summary'))).status, 200);
	await submitActivation(elsewhere, order);
	await waitCertificate(customer, order);
});

test('a step that is not open yet leads to the one that is', async () => {
	const order = stack.takeOrder();
	const leads = async (rest, where) => {
		const answer = await customer.get(at(order, rest));
		assert.equal(answer.status, 303, rest);
		assert.ok([where].flat().map((w) => at(order, w)).includes(answer.location.split('?')[0]), `${rest}: ${answer.location}`);
	};
	await leads('/email/summary', '/email');
	await leads('/email/done', ['/email', '']);
	for (const rest of ['/activation/data', '/activation/method', '/activation/key', '/activation/summary', '/activation/done'])
		await leads(rest, ['/email', '']);
	await giveMailbox(customer, order, 'steps@mailbox.example');
	for (const rest of ['/activation/data', '/activation/summary'])
		await leads(rest, ['/email/done', '']);
	await confirmMailbox(stack, 'steps@mailbox.example');
	for (const rest of ['/activation/method', '/activation/key', '/activation/summary', '/activation/done'])
		await leads(rest, '/activation/data');
	await customer.submit(at(order, '/activation/data'));
	for (const rest of ['/activation/key', '/activation/summary'])
		await leads(rest, '/activation/method');
	await customer.submit(at(order, '/activation/method'), { method: 'csr' });
	await leads('/activation/summary', '/activation/key');
	const early = await customer.post(at(order, '/activation/summary'),
		[...(await customer.form(at(order, '/activation/key'))).hidden, ['accept_terms', 'yes'], ['accept_data', 'yes']]);
	assert.ok([303, 409].includes(early.status), `${early.status}`);
	assert.deepEqual(await statuses(customer, order), ['verified', 'waiting_for_data']);
});

// --- the same thing twice, and parts that are down -------------------------------------------------------------

test('two tabs post the same summary at once: one certificate', async () => {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'tabs@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'tabs'));
	const { hidden } = await customer.form(at(order, '/activation/summary'));
	const fields = [...hidden, ['accept_terms', 'yes'], ['accept_data', 'yes']];
	const answers = await Promise.all(Array.from({ length: 6 }, () => customer.post(at(order, '/activation/summary'), fields)));
	assert.deepEqual(answers.map((a) => a.status), Array(6).fill(303));
	await waitCertificate(customer, order);
	const [[certificates, serials, submissions]] = await stack.sql(`SELECT
		(SELECT COUNT(*) FROM certificate c WHERE c.order_id = o.id), (SELECT COUNT(*) FROM serial s WHERE s.order_id = o.id),
		(SELECT COUNT(*) FROM issuance i WHERE i.order_id = o.id) FROM orders o WHERE CONCAT(o.number, '/', o.item) = '${order}'`);
	assert.deepEqual([certificates, serials, submissions], ['1', '1', '1']);
});

test('with the signer stopped, activation is still submitted; the certificate comes when it starts', async () => {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'signer@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'signer'));
	await stack.tool('stop', 'signer');
	await submitActivation(customer, order);
	assert.match((await customer.get(at(order, '/activation/done'))).words, /submitted/i);
	assert.deepEqual(await statuses(customer, order), ['verified', 'waiting_for_verification']);
	assert.equal((await customer.get('/healthz')).status, 503);
	await stack.tool('start', 'signer');
	await waitCertificate(customer, order);
	assert.equal((await customer.get('/healthz')).status, 200);
});

test('a signer killed with SIGKILL comes back and goes on', async () => {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'killed@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'killed'));
	process.kill(await stack.pid('signer'), 'SIGKILL');
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
});

test('with the mail sink stopped, the address is still saved; the mail comes when it starts', async () => {
	const order = stack.takeOrder();
	await stack.tool('stop', 'sink');
	await giveMailbox(customer, order, 'late@mailbox.example');
	await until('a failed attempt', async () => (await stack.sql(`SELECT 1 FROM outbox b JOIN orders o ON o.id = b.order_id
		WHERE CONCAT(o.number, '/', o.item) = '${order}' AND b.attempts > 0 AND b.state = 'waiting'`)).length > 0);
	assert.deepEqual(await mailsFor(stack, 'late@mailbox.example'), []);
	await stack.tool('start', 'sink');
	// The first pause is a minute.
	await waitMail(stack, 'late@mailbox.example', { seconds: 90 });
	await confirmMailbox(stack, 'late@mailbox.example');
	assert.deepEqual(await statuses(customer, order), ['verified', 'waiting_for_data']);
});

test('an address that bounces is said to have bounced', async () => {
	const order = stack.takeOrder();
	await giveMailbox(customer, order, 'bounce@mailbox.example');
	await until('the refusal on the page', async () => /550/.test((await customer.get(at(order, '/email/done'))).words));
});

test('workers killed with SIGKILL during POSTs leave nothing half done', async () => {
	const orders = Array.from({ length: 12 }, () => stack.takeOrder());
	for (const order of orders)
		await customer.submit(at(order, '/email'), { email: `half${order.slice(4, 10)}@mailbox.example` });
	const hidden = [];
	for (const order of orders)
		hidden.push((await customer.form(at(order, '/email/summary'))).hidden);
	const multiwatch = await stack.pid('web');
	let turn = 0;
	// Every other worker, then the rest: a POST takes so little time that one alone is seldom met at it.
	const kill = () => {
		turn++;
		for (const [i, worker] of Stack.workersOf(multiwatch).entries())
			try {
				if (i % 2 === turn % 2)
					process.kill(worker, 'SIGKILL');
			} catch {
				// It ended by itself.
			}
	};
	let busy = orders.length;
	const answers = orders.map(() => ({ status: 0, words: '' }));
	const posting = orders.map((order, i) => customer.post(at(order, '/email/summary'), hidden[i])
		.then((answer) => answers[i] = answer, () => {}).finally(() => busy--));
	while (busy > 0) {
		await sleep(3);
		kill();
	}
	await Promise.all(posting);
	assert.ok(answers.some((answer) => answer.status === 503), 'no worker died during a POST');
	const books = async (order) => (await stack.sql(`SELECT o.mailbox_status, (SELECT COUNT(*) FROM mailbox m WHERE m.order_id = o.id),
		(SELECT COUNT(*) FROM outbox b WHERE b.order_id = o.id AND b.kind = 'verification') FROM orders o
		WHERE CONCAT(o.number, '/', o.item) = '${order}'`))[0].join(' ');
	for (const [i, order] of orders.entries()) {
		const found = await books(order);
		assert.ok(['waiting_for_data 0 0', 'waiting_for_verification 1 1'].includes(found), `${order}: ${found}`);
		if (answers[i].status === 303)
			assert.equal(found, 'waiting_for_verification 1 1', 'what was answered is kept');
		else
			assert.ok([0, 503].includes(answers[i].status), `${answers[i].status} ${answers[i].words}`);
	}
	await until('a worker', async () => (await customer.get('/healthz')).status === 200);
	for (const [i, order] of orders.entries()) {
		assert.equal((await customer.post(at(order, '/email/summary'), hidden[i])).status, 303);
		assert.equal(await books(order), 'waiting_for_verification 1 1');
	}
});

test('a wrong password costs time, and says not whether the account exists', async () => {
	const visitor = new Client(stack);
	const wrong = await visitor.submit('/sign-in', { login: 'other', password: 'wrong' });
	const nobody = await visitor.submit('/sign-in', { login: 'nobody-here', password: 'wrong' });
	assert.deepEqual([wrong.status, nobody.status], [422, 422]);
	assert.equal(wrong.words, nobody.words);
	const codes = [];
	for (let i = 0; i < 25 && codes.at(-1) !== 'sign_in_throttled'; i++)
		codes.push((await visitor.submit('/sign-in', { login: 'other', password: `wrong${i}` }, { json: true })).code);
	assert.equal(codes.at(-1), 'sign_in_throttled');
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.stopNow(), []);
});
