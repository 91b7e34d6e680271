// posts.mjs - a partner's program, plain curl and JSON: from order to certificate, the same post twice, keys and their
// scopes, throttle, and nothing of another partner.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { Curl, anotherKey, anotherPartner, partnerAccount } from '../lib/partner.mjs';
import { Client, pageText, pageTitle } from '../lib/client.mjs';
import { waitMail } from '../lib/mail.mjs';
import { routes } from '../lib/routes.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { confirmMailbox } from '../lib/steps.mjs';

let stack, curl;
const dir = scratch();
const ticks = { accept_terms: 'yes', accept_data: 'yes' };

before(async () => {
	stack = await Stack.start({ name: 'partner-posts', settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 200 }, orders: 2 });
	curl = new Curl(stack);
});
after(() => stack?.stopNow());

async function issued(order, program = curl) {
	return until(`certificate of ${order}`, async () => {
		const { json } = await program.call(program.at(order));
		return json.status === 'issued' && json;
	}, 30);
}

// The holder, by curl alone: the newest mail for an address in the demo's mailbox, its link, the page, the box ticked.
async function holderConfirms(address) {
	const see = (where, fields) => curl.call(where, fields, { accept: 'text/html', key: '' });
	const message = await until(`mail for ${address}`, async () => {
		const list = await see('/demo/mail');
		return list.text.split('<li').find((row) => row.includes(address))?.match(/href="(\/demo\/mail\/[^"]+)"/)?.[1];
	});
	const [link] = pageText((await see(message)).text).match(/http:\S+\/verify\/[\w-]+/);
	const page = await see(link);
	assert.equal(page.status, 200);
	assert.match(pageText(page.text), new RegExp(address.replaceAll('.', '\\.')));
	assert.equal((await see(link, {})).status, 422, 'an unticked box confirms nothing');
	assert.equal((await see(link, { control: 'yes' })).status, 303);
}

test('from order to certificate, and revoked', async () => {
	const made = await curl.order('A-1', { customer_name: 'Zażółć & Söhne', language: 'pl' });
	assert.equal(made.status, 201, made.text);
	const { order, status, links } = made.json;
	assert.match(order, /^\d{10}\/[a-z]\d\d$/);
	assert.equal(status, 'mailbox_waiting_for_verification');
	assert.equal(links.self, `${stack.url}/partner/orders/${order}`);
	assert.equal(made.headers.location, `/partner/orders/${order}`);
	assert.equal(made.json.customer_name, 'Zażółć & Söhne');
	assert.equal(made.json.certificate, null);
	const mail = await waitMail(stack, 'a-1@partner.example');
	assert.equal(mail.headers.find((h) => h.key === 'content-language')?.value, 'pl');

	const early = await curl.call(curl.at(order, '/activate'), { csr: makeCsr(dir, 'early'), ...ticks });
	assert.equal(early.status, 409);
	assert.equal(early.code, 'step_not_open');
	assert.equal((await curl.call(curl.at(order, '/certificate.pem'))).code, 'certificate_missing');
	const revoked = await curl.call(curl.at(order, '/revoke'), { reason: 'superseded' });
	assert.deepEqual([revoked.status, revoked.code], [409, 'certificate_none_to_revoke']);

	await holderConfirms('a-1@partner.example');
	const ready = (await curl.call(curl.at(order))).json;
	assert.equal(ready.mailbox.status, 'verified');
	assert.equal(ready.activation.status, 'waiting_for_data');
	assert.match(ready.mailbox.verified_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

	const small = await curl.call(curl.at(order, '/activate'), { csr: makeCsr(dir, 'small', 'rsa1024'), ...ticks });
	assert.equal(small.status, 422);
	assert.deepEqual([small.code, small.json.error.field], ['csr_key_too_small', 'csr']);
	assert.ok(small.json.error.message && small.json.error.help);
	const csr = makeCsr(dir, 'a1');
	assert.equal((await curl.call(curl.at(order, '/activate'), { csr })).code, 'accept_terms_missing');
	assert.equal((await curl.call(curl.at(order, '/activate'), { csr, accept_terms: 'yes' })).code, 'accept_data_missing');
	assert.equal((await curl.call(curl.at(order, '/activate'), ticks)).code, 'csr_missing');
	const check = await curl.call('/csr/check', { csr, order });
	assert.equal(check.status, 200);
	assert.equal(check.json.certificate.emailAddress, 'a-1@partner.example');

	const sent = await curl.call(curl.at(order, '/activate'), { csr, ...ticks });
	assert.equal(sent.status, 200, sent.text);
	assert.equal((await curl.call(curl.at(order, '/activate'), { csr, ...ticks })).status, 200, 'sent twice');
	const done = await issued(order);
	const pem = (await curl.call(curl.at(order, '/certificate.pem'))).text;
	const seen = openssl(['x509', '-noout', '-serial', '-email'], pem);
	assert.match(seen, /a-1@partner\.example/);
	assert.ok(seen.includes(done.certificate.serial.replace(/^0+/, '')));
	const chain = (await curl.call(curl.at(order, '/chain.pem'))).text;
	fs.writeFileSync(path.join(dir, 'chain.pem'), chain);
	fs.writeFileSync(path.join(dir, 'root.pem'), (await curl.call(curl.at(order, '/root.pem'))).text);
	assert.match(openssl(['verify', '-purpose', 'smimesign', '-CAfile', path.join(dir, 'root.pem'), '-untrusted', path.join(dir, 'chain.pem')], pem), /OK/);
	assert.equal(openssl(['x509', '-noout', '-pubkey'], pem), openssl(['req', '-noout', '-pubkey'], csr), 'the key is the program\'s');

	assert.equal((await curl.call(curl.at(order, '/cancel'), {})).code, 'order_issued');
	assert.equal((await curl.call(curl.at(order, '/revoke'), {})).code, 'revocation_reason_missing');
	assert.equal((await curl.call(curl.at(order, '/revoke'), { reason: 'boredom' })).code, 'revocation_reason_unknown');
	for (let i = 0; i < 2; i++) {
		const revoked = await curl.call(curl.at(order, '/revoke'), { reason: 'superseded' });
		assert.equal(revoked.status, 200, revoked.text);
		assert.deepEqual([revoked.json.status, revoked.json.certificate.reason], ['revoked', 'superseded']);
	}
});

test('a request handed in with the order waits for its activation', async () => {
	const made = await curl.order('A-2', { csr: makeCsr(dir, 'a2') });
	assert.equal(made.status, 201, made.text);
	assert.equal(made.json.activation.csr, true);
	await confirmMailbox(stack, 'a-2@partner.example');
	assert.equal((await curl.call(curl.at(made.json.order, '/activate'), ticks)).status, 200);
	await issued(made.json.order);
});

test('another address, another mail, cancelled', async () => {
	const { order } = (await curl.order('A-3')).json;
	await waitMail(stack, 'a-3@partner.example');
	assert.equal((await curl.call(curl.at(order, '/resend'), {})).status, 200, 'within five seconds it is one click');
	const changed = await curl.call(curl.at(order, '/email'), { email: 'other@partner.example' });
	assert.equal(changed.json.mailbox.email, 'other@partner.example');
	assert.equal((await curl.call(curl.at(order, '/email'), { email: 'no at' })).status, 422);
	await waitMail(stack, 'other@partner.example');
	await stack.sql(`INSERT INTO outbox (kind, order_id, mailbox_id, recipient, language, created_at, state, next_at, attempts)
		SELECT kind, order_id, mailbox_id, recipient, language, created_at, 'sent', next_at, 1 FROM outbox JOIN seq_1_to_8 WHERE recipient = 'other@partner.example'`);
	const often = await curl.call(curl.at(order, '/email'), { email: 'a-3@partner.example' });
	assert.deepEqual([often.status, often.code], [429, 'resend_too_often'], 'ten mails a day, whatever the address');
	assert.match(often.headers['retry-after'], /^\d+$/);
	for (let i = 0; i < 2; i++)
		assert.equal((await curl.call(curl.at(order, '/cancel'), {})).json.status, 'cancelled');
	const gone = await curl.call(curl.at(order, '/email'), { email: 'third@partner.example' });
	assert.deepEqual([gone.status, gone.code], [409, 'order_cancelled']);
});

test('the same reference: the same order, or the field that differs', async () => {
	const fields = { language: 'en', customer_name: 'Ann' };
	const first = await curl.order('A-4', fields);
	assert.equal(first.status, 201);
	const again = await curl.order('A-4', fields);
	assert.deepEqual([again.status, again.json.order], [200, first.json.order]);
	const csr = makeCsr(dir, 'a4');
	for (const [name, value] of [['email', 'x@partner.example'], ['language', 'pl'], ['customer_name', 'Bob'],
		['product', 'smime-mailbox-730'], ['fields', 'commonName'], ['csr', csr],
		['callback', 'https://not.registered.example/']]) {
		const other = await curl.order('A-4', { ...fields, [name]: value });
		assert.deepEqual([other.status, other.code], [409, 'partner_ref_conflict'], name);
		assert.ok(other.json.error.message.includes(`: ${name}.`), other.json.error.message);
	}
	const changed = await curl.call(curl.at(first.json.order, '/email'), { email: 'moved@partner.example' });
	assert.equal(changed.status, 200);
	assert.equal((await curl.order('A-4', fields)).status, 200, 'what was posted counts, not what became of it');
});

test('what is wrong with a new order', async () => {
	for (const [fields, code] of [[{ product: '' }, 'product_missing'], [{ product: 'none' }, 'product_unknown'], [{ partner_ref: '' }, 'partner_ref_missing'],
		[{ partner_ref: 'a b' }, 'partner_ref_invalid'], [{ partner_ref: 'x'.repeat(65) }, 'partner_ref_invalid'],
		[{ email: '' }, 'email_missing'], [{ language: 'xx' }, 'language_unknown'],
		[{ customer_name: 'a\nb' }, 'customer_name_invalid'], [{ customer_name: 'a\u202eb' }, 'customer_name_invalid'],
		[{ customer_name: 'x'.repeat(201) }, 'customer_name_invalid'], [{ fields: 'nobody' }, 'field_unknown'],
		[{ fields: 'emailAddress,nobody' }, 'field_unknown'], [{ fields: ',' }, 'field_unknown'],
		[{ csr: 'nothing' }, 'csr_not_pem'], [{ callback: 'https://not.registered.example/' }, 'callback_unknown']]) {
		const answer = await curl.order('A-5', fields);
		assert.deepEqual([answer.status, answer.code], [422, code], answer.text);
	}
	const odd = await curl.call('/partner/orders', { a: 1 }, { more: ['-H', 'Content-Type: text/plain'] });
	assert.equal(odd.status, 415);
	assert.equal((await curl.call('/partner/orders', undefined, { more: ['-d', 'email=%zz'] })).status, 400);
	assert.equal((await curl.call('/partner/orders', undefined, { more: ['-F', 'email=a@b.example'] })).status, 415);
	assert.equal((await curl.call('/partner/orders', undefined, { more: ['-d', 'email=a%00@b.example'] })).status, 400);
	for (const kilobytes of [300, 1100]) { // the worker's limit, and nginx's
		const file = path.join(dir, 'large');
		fs.writeFileSync(file, `email=${'a'.repeat(kilobytes * 1024)}`);
		const large = await curl.call('/partner/orders', undefined, { more: ['-d', `@${file}`] });
		assert.deepEqual([large.status, large.code, large.headers['retry-after']], [413, 'body_too_large', undefined]);
	}
	const [[count]] = await stack.sql("SELECT COUNT(*) FROM orders WHERE partner_ref = 'A-5'");
	assert.equal(count, '0');
});

test('what can be written in more than one way', async () => {
	const both = { language: 'PL', fields: 'emailAddress,commonName' };
	const made = await curl.order('A-8', both);
	assert.deepEqual([made.status, made.json.language], [201, 'pl'], made.text);
	const fields = ['-d', 'fields=emailAddress', '-d', 'fields=commonName'];
	assert.equal((await curl.call('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: 'A-8', email: 'a-8@partner.example',
		language: 'pl' }, { more: fields })).status, 200, 'one name a field is the same');
	for (const scheme of ['bearer', 'BEARER ', 'Bearer  '])
		assert.equal((await curl.call(curl.at(made.json.order), undefined,
			{ key: '', more: ['-H', `Authorization: ${scheme} ${curl.key}`] })).status, 200, scheme);
	assert.equal((await curl.call(curl.at(made.json.order), undefined,
		{ key: '', more: ['-H', `Authorization: Basic ${curl.key}`] })).code, 'partner_key_required');
});

test('other methods', async () => {
	const { order } = (await curl.order('A-9')).json;
	for (const [method, where, allow] of [['PUT', '', 'GET, HEAD'], ['DELETE', '', 'GET, HEAD'], ['GET', '/email', 'POST'],
		['GET', '/resend', 'POST'], ['GET', '/activate', 'POST'], ['GET', '/revoke', 'POST'], ['GET', '/cancel', 'POST']]) {
		const answer = await curl.call(curl.at(order, where), undefined, { more: ['-X', method] });
		assert.deepEqual([answer.status, answer.code, answer.headers.allow], [405, 'method_not_allowed', allow], method + where);
	}
	const led = await curl.call(curl.at(order, '/cancel'), undefined, { accept: 'text/html' });
	assert.deepEqual([led.status, led.headers.location], [303, curl.at(order)], 'a person who loads it again sees the order');
	assert.equal((await curl.call(curl.at(order))).json.status, 'mailbox_waiting_for_verification');
});

test('with a key the same pages as a person sees', async () => {
	const html = (where, fields) => curl.call(where, fields, { accept: 'text/html' });
	const order = { product: stack.demo.PRODUCT, partner_ref: 'A-10', email: 'nobody' };
	const wrong = await html('/partner/orders', order);
	assert.equal(wrong.status, 422);
	assert.match(pageTitle(wrong.text), /^Error: /);
	assert.match(pageText(wrong.text), /has an @ sign/);
	const made = await html('/partner/orders', { ...order, email: 'a-10@partner.example' });
	assert.equal(made.status, 303);
	const page = await html(made.headers.location);
	assert.equal(page.status, 200);
	assert.match(pageText(page.text), /a-10@partner\.example/);
	const where = new URL(made.headers.location, stack.url).pathname;
	const refused = await html(`${where}/activate`, ticks);
	assert.equal(refused.status, 409);
	assert.match(pageText(refused.text), /This step is not open now/);
	assert.equal((await html('/partner/orders?q=A-10')).status, 200);
});

test('keys: none, wrong, ended, and without the scope', async () => {
	const { order } = (await curl.order('A-6')).json;
	const none = await curl.call(curl.at(order), undefined, { key: '' });
	assert.deepEqual([none.status, none.code], [401, 'partner_key_required']);
	assert.match(none.headers['www-authenticate'], /^Bearer/);
	assert.equal((await curl.call(curl.at(order), undefined, { key: 'mck_wrong' })).code, 'partner_key_refused');
	assert.equal((await curl.call('/csr/check', { csr: 'x' }, { key: 'mck_wrong' })).status, 401);
	assert.equal((await curl.call(`/certificates/${order}`)).status, 401, 'a key opens partners\' addresses only');
	assert.equal((await curl.call('/partner/keys')).status, 401, 'a key makes no key');
	const reader = await anotherKey(stack, 'demo-partner', 'read');
	assert.equal((await curl.call(curl.at(order), undefined, { key: reader })).status, 200);
	for (const [rest, fields] of [['/cancel', {}], ['/email', { email: 'a@b.example' }], ['/revoke', { reason: 'superseded' }]]) {
		const refused = await curl.call(curl.at(order, rest), fields, { key: reader });
		assert.deepEqual([refused.status, refused.code], [403, 'partner_key_scope']);
	}
	const rows = await stack.sql('SELECT id, last_used_at IS NOT NULL FROM partner_key ORDER BY id DESC LIMIT 1');
	assert.equal(rows[0][1], '1', 'its last use is noted');
	await stack.ctl('partner', 'key', 'revoke', '--id', rows[0][0], '--yes');
	assert.equal((await curl.call(curl.at(order), undefined, { key: reader })).status, 401);
	const old = await anotherKey(stack, 'demo-partner', 'read', '--days', '1');
	await stack.sql("UPDATE partner_key SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND ORDER BY id DESC LIMIT 1");
	assert.equal((await curl.call(curl.at(order), undefined, { key: old })).status, 401);
});

test('each key has its allowance', async () => {
	const small = await anotherPartner(stack, 'small');
	await stack.ctl('partner', 'throttle', 'small', '--rate', '1', '--burst', '3');
	const { order } = (await small.order('S-1')).json;
	assert.equal((await small.call(small.at(order))).status, 200);
	await small.call(small.at(order));
	const refused = await small.call(small.at(order));
	assert.deepEqual([refused.status, refused.code], [429, 'too_many_requests']);
	assert.match(refused.headers['retry-after'], /^[1-9]\d*$/);
	assert.equal((await curl.order('A-7')).status, 201, 'others are not hindered');
	await until('the allowance has grown', async () => (await small.call(small.at(order))).status === 200, 10);
});

test('checks of requests are throttled, for people by address, for programs by key', async () => {
	const person = await new Client(stack).signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	let left = 6000, refused;
	// A header that is no key of a partner's does not make somebody a program.
	const ask = async () => {
		while (left-- > 0 && refused === undefined) {
			const answer = await person.post('/csr/check', { csr: 'x' }, { json: true, headers: { authorization: 'x' } });
			assert.ok([422, 429].includes(answer.status), String(answer.status));
			if (answer.status === 429)
				refused = answer;
		}
	};
	await Promise.all(Array.from({ length: 10 }, ask));
	assert.equal(refused?.code, 'too_many_requests');
	assert.match(refused.headers.get('retry-after'), /^[1-9]\d*$/);
	assert.equal((await curl.call('/csr/check', { csr: 'x' })).status, 422, 'a key is not hindered by that');
	const small = await anotherPartner(stack, 'checks');
	await stack.ctl('partner', 'throttle', 'checks', '--rate', '1', '--burst', '2');
	for (const status of [422, 422, 429])
		assert.equal((await small.call('/csr/check', { csr: 'x' })).status, status);
});

test('errors are JSON for a program that names no type, and wherever it names JSON', async () => {
	const ask = (headers, size) => fetch(`${stack.url}/csr/check`, { method: 'POST', body: new URLSearchParams({ csr: 'x'.repeat(size) }), headers });
	for (const [headers, size, status, code] of [
		[{ accept: '*/*' }, 1, 401, 'partner_key_required'],
		[{ accept: '*/*', authorization: `Bearer ${curl.key}` }, 300000, 413, 'body_too_large'],
		[{ accept: 'text/plain, application/json' }, 1100000, 413, 'body_too_large']]) { // the last is nginx'
		const answer = await ask(headers, size);
		assert.deepEqual([answer.status, (await answer.json()).error.code], [status, code]);
	}
});

test('200 posts of one order over 20 connections are one order', async () => {
	const form = () => new URLSearchParams({ product: stack.demo.PRODUCT, partner_ref: 'ONE', email: 'one@partner.example' });
	const answers = [];
	const post = async () => {
		for (let i = 0; i < 10; i++) {
			const answer = await fetch(`${stack.url}/partner/orders`, {
				method: 'POST', body: form(),
				headers: { accept: 'application/json', authorization: `Bearer ${curl.key}` },
			});
			answers.push([answer.status, (await answer.json()).order]);
		}
	};
	await Promise.all(Array.from({ length: 20 }, post));
	assert.equal(answers.length, 200);
	assert.equal(answers.filter(([status]) => status === 201).length, 1);
	assert.equal(answers.filter(([status]) => status === 200).length, 199);
	assert.equal(new Set(answers.map(([, order]) => order)).size, 1);
	const [[orders]] = await stack.sql("SELECT COUNT(*) FROM orders WHERE partner_ref = 'ONE'");
	const [[mails]] = await stack.sql("SELECT COUNT(*) FROM outbox b JOIN orders o ON o.id = b.order_id WHERE o.partner_ref = 'ONE'");
	assert.deepEqual([orders, mails], ['1', '1']);
});

test('every address of another partner\'s order is 404, by key and by session, as JSON and as pages, read or posted to', async () => {
	const other = await anotherPartner(stack, 'other');
	const { order } = (await other.order('A-1', { csr: makeCsr(dir, 'other') })).json;
	const before = await stack.sql(`SELECT * FROM orders WHERE number = '${order.split('/')[0]}'`);
	const events = () => stack.sql(`SELECT COUNT(*) FROM audit a JOIN orders o ON o.id = a.order_id
		WHERE o.number = '${order.split('/')[0]}' AND a.actor NOT LIKE 'mailer%'`);
	const told = await events();
	partnerAccount(stack, 'demo-partner', 'spy', 'spy-password-1');
	const spy = await new Client(stack).signIn('spy', 'spy-password-1');
	const token = (await spy.form('/partner/keys', '/partner/keys')).hidden.find(([name]) => name === 'form_token');
	const everything = { email: 'x@y.example', reason: 'superseded', csr: makeCsr(dir, 'o'), method: 'csr', confirm: 'yes', ...ticks };
	const [number, item] = order.split('/');
	let walked = 0;
	for (const route of routes().filter((one) => one.path.includes(':number'))) {
		const files = route.path.endsWith(':file') ? ['certificate.pem', 'certificate.cer', 'chain.pem', 'issuer.pem', 'root.pem', 'bundle.p7b'] : [''];
		for (const file of files) {
			const where = route.path.replace(':number', number).replace(':item', item).replace(':file', file);
			const post = route.method === 'POST' ? everything : undefined;
			for (const accept of ['application/json', 'text/html']) {
				const byKey = await curl.call(where, post, { accept });
				const notForKeys = !route.flags.includes('R_KEY');
				assert.ok(byKey.status === 404 || (notForKeys && (byKey.status === 401 || /^\/sign-in/.test(byKey.headers.location))),
					`${route.method} ${where} as ${accept} by key: ${byKey.status}`);
				const options = { json: accept.endsWith('json') };
				const byPerson = post ? await spy.post(where, [token, ...Object.entries(everything)], options) : await spy.get(where, options);
				assert.equal(byPerson.status, 404, `${route.method} ${where} as ${accept} by session`);
				walked += 2;
			}
		}
	}
	assert.ok(walked > 100, `${walked} requests`);
	assert.equal((await curl.call('/csr/check', { csr: makeCsr(dir, 'o'), order })).status, 404);
	for (const where of ['/partner/orders', '/partner/orders?q=A-1', `/partner/orders?q=${number}`])
		assert.equal((await curl.call(where)).json.orders.some((o) => o.order === order), false);
	assert.equal((await curl.call('/partner/orders.csv')).text.includes(number), false);
	assert.deepEqual(await stack.sql(`SELECT * FROM orders WHERE number = '${number}'`), before, 'nothing was changed');
	assert.deepEqual(await events(), told);
	assert.equal((await other.call(other.at(order))).status, 200);
});

test('nor are another partner\'s keys, callbacks and files to be seen', async () => {
	const spy = await new Client(stack).signIn('spy', 'spy-password-1');
	const token = (await spy.form('/partner/keys', '/partner/keys')).hidden.find(([name]) => name === 'form_token');
	await stack.ctl('partner', 'callback', 'add', '--partner', 'other', 'https://other.example/hook');
	await stack.sql(`INSERT INTO bulk (partner_id, name, made_at, made_by) SELECT id, 'x', UTC_TIMESTAMP(), 'x' FROM partner WHERE name = 'other';
		INSERT INTO callback (partner_id, address_id, order_id, status, mailbox_status, activation_status, happened_at, tried_since, next_at, state)
		SELECT a.partner_id, a.id, o.id, 'issued', 'verified', 'verified', UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(), 'given_up'
		FROM callback_address a JOIN orders o ON o.partner_id = a.partner_id LIMIT 1`);
	const [[key, address, callback, bulk]] = await stack.sql(`SELECT (SELECT k.id FROM partner_key k JOIN partner p ON p.id = k.partner_id
		WHERE p.name = 'other'), (SELECT MAX(id) FROM callback_address), (SELECT MAX(id) FROM callback), (SELECT MAX(id) FROM bulk)`);
	for (const where of [`/partner/callbacks/${callback}`, `/partner/callbacks/addresses/${address}`, `/partner/bulk/${bulk}`])
		assert.equal((await spy.get(where)).status, 404, where);
	for (const where of [`/partner/keys/${key}/revoke`, `/partner/callbacks/${callback}/replay`, `/partner/callbacks/addresses/${address}`,
		`/partner/callbacks/addresses/${address}/secret`, `/partner/callbacks/addresses/${address}/remove`])
		assert.equal((await spy.post(where, [token, ['url', 'https://spy.example/']])).status, 404, where);
	assert.equal((await spy.post('/partner/callbacks/replay', [token])).status, 303);
	assert.deepEqual(await stack.sql(`SELECT c.state, a.url, a.removed_at FROM callback c JOIN callback_address a ON a.id = c.address_id WHERE c.id = ${callback}`),
		[['given_up', 'https://other.example/hook', 'NULL']]);
	assert.equal((await spy.get('/partner/orders?bulk=' + bulk)).text.includes('/partner/orders/0'), false);
	const customer = await new Client(stack).signIn();
	for (const where of ['/partner/dashboard', '/partner/orders', '/partner/keys', '/partner/callbacks', '/partner/bulk'])
		assert.equal((await customer.get(where)).status, 404, where);
});

test('no worker complained', () => assert.deepEqual(stack.complaints(['web', 'signer', 'mailer', 'callback']), []));
