// injection.mjs - every field of every form and query, every part of every address and the headers that the worker
// reads, each filled with texts that mean something to HTML, SQL, HDF, templates, headers, logs, shells or spreadsheets.
// Nothing breaks (no 5xx), nothing of it is obeyed, and what is kept is kept as it was sent or refused.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Stack } from '../lib/stack.mjs';
import { fieldNames, routes } from '../lib/routes.mjs';
import { everybody, formToken, issuedOrder } from '../lib/roles.mjs';
import { request } from '../lib/raw.mjs';
import { pageForms } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { mailsFor, waitMail } from '../lib/mail.mjs';
import { at, verifiedMailbox } from '../lib/steps.mjs';

// A product of ten digits, so that no token of a page holds it by chance.
const FACTORS = '91193*91199', PRODUCT = String(91193 * 91199);

// Whatever is obeyed leaves a trace with "xq" in it where only names of elements, attributes and headers stand.
const NASTY = {
	'an element': '<xq1>xq</xq1>',
	'a script': '</textarea></title></script><script>xq=1</script>',
	'a way out of an attribute': '"><xq2 xq3="',
	'a handler in an attribute': '" onxq=alert(1) xq4="',
	'the same with an apostrophe': "' onxq='alert(1)",
	'an address that is a script': 'javascript:alert("xq")',
	'SQL': "xq' OR '1'='1' -- ",
	'SQL in a comment': "xq'/**/UNION/**/SELECT/**/login,verifier/**/FROM/**/account#",
	'SQL statements': "xq'; DROP TABLE orders; SELECT '",
	'a backslash before the end': 'xq\\',
	'wildcards': '%_%_%',
	'a template': '<?cs var:Brand.name ?>xq<?cs include:"/etc/passwd" ?>',
	'an expression': `\${${FACTORS}}{{${FACTORS}}}#{${FACTORS}}<%= ${FACTORS} %>`,
	'HDF': 'xq\nMe.kind = partner\nPage.notice = saved\n#include "/etc/passwd"\n',
	'HDF of many lines': 'xq\nPage.key << EOM\nxq\nEOM\n',
	'a header': 'xq\r\nSet-Cookie: xq=1\r\nX-Xq: 1',
	'a header by line separators': 'xq\u2028Bcc: xq@evil.example\u0085X-Xq: 1',
	'an answer': 'xq\r\n\r\nHTTP/1.1 200 OK\r\nX-Xq: 1\r\n\r\n<xq5>',
	'a log line': 'xq\n2026-01-01T00:00:00Z mailcert-web[1] error: forged xq',
	'a terminal\'s codes': 'xq\u001b]0;xq\u0007\u001b[2J\u009b2J',
	'a shell command': '$(touch /tmp/xq)`id`;id|id&id',
	'a path': '../../../../../../etc/passwd',
	'a path, encoded': '..%2f..%2f..%2fetc%2fpasswd',
	'a path of Windows': '..\\..\\..\\xq',
	'a format': '%s%s%s%n%x%1000000d',
	'a formula': '=HYPERLINK("http://evil.example/xq")',
	'JSON': '"],"xq":{"code":"',
	'a control octet': 'xq\u0001\u0008\u007f',
	'letters that turn round': 'xq\u202egpj.exe\u2066',
	'a letter beyond 16 bits': 'xq😀𝔵𝔮',
	'a word of no ASCII letter': 'żółć',
	'letters that fold to ASCII': 'ａｄｍｉｎ＜ｘｑ＞ﬀ',
	'a byte order mark': '\ufeffxq',
	'a very long word': 'xq'.repeat(3000),
	'long, of two octets a letter': `x${'ż'.repeat(3000)}`,
	'a negative number': '-1',
	'a large number': '99999999999999999999999999',
	'a number that is none': '1 OR 1=1',
	'nothing': '',
	'a blank': ' ',
};
// What cannot stand in UTF-8 at all, already encoded for a form: refused whole.
const BROKEN = { 'a zero octet': 'x%00q', 'half a letter': '%c5', 'an overlong slash': '%c0%af', 'a surrogate': '%ed%a0%80',
	'no escape': '%zz', 'Latin-1': 'caf%e9' };

const keys = scratch();
const stack = await Stack.start({ name: 'injection', orders: 12, workers: 2, settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 200 } });
const { who, PASSWORD } = await everybody(stack);
const [customer, partner, program] = [who['customer A'], who['partner A'], who['key order']];

// Orders that stand where each form is shown.
const fresh = stack.takeOrder();
const drafted = stack.takeOrder();
await customer.submit(at(drafted, '/email'), { email: 'drafted@mailbox.example' });
const verified = stack.takeOrder();
await verifiedMailbox(stack, customer, verified, 'verified@mailbox.example');
const atMethod = stack.takeOrder();
await verifiedMailbox(stack, customer, atMethod, 'method@mailbox.example');
await customer.submit(at(atMethod, '/activation/data'));
const atKey = stack.takeOrder();
await verifiedMailbox(stack, customer, atKey, 'key@mailbox.example');
await customer.submit(at(atKey, '/activation/data'));
await customer.submit(at(atKey, '/activation/method'), { method: 'csr' });
const atSummary = stack.takeOrder();
await verifiedMailbox(stack, customer, atSummary, 'summary@mailbox.example');
await customer.submit(at(atSummary, '/activation/data'));
await customer.submit(at(atSummary, '/activation/method'), { method: 'csr' });
await customer.submit(at(atSummary, '/activation/key'), { csr: makeCsr(keys, 'summary') });
const issued = await issuedOrder(stack, customer, keys);
const product = stack.demo.PRODUCT;
const made = JSON.parse((await program.post('/partner/orders', { product, partner_ref: 'BASE', email: 'base@partner.example' },
	{ json: true })).text).order;
const panel = (order, rest = '') => `/partner/orders/${order}${rest}`;
const csv = `partner_ref,product,email,customer_name\nCSV-1,${product},csv@partner.example,Ann\n`;

// Each form: what is sent when nothing is wrong. A field is tried in every form it stands in. `ready` gives the form anew
// when a text was good enough to be taken.
const FORMS = [
	{ route: 'POST /sign-in', as: 'nobody', to: '/sign-in', fields: { login: 'demo', password: PASSWORD, back: '/account' } },
	{ route: 'POST /sign-out', as: 'nobody', to: '/sign-out', fields: {} },
	{ route: 'POST /language', as: 'nobody', to: '/language', fields: { language: 'en', back: '/tools' } },
	{ route: 'POST /account/password', as: 'customer B', to: '/account/password', fields: { password: 'not it', new_password: '', others: '' } },
	{ route: 'POST /account/keys/new', as: 'customer B', to: '/account/keys/new', fields: { key_name: 'blue', password: 'not it' } },
	{ route: 'POST /account/keys', as: 'customer B', to: '/account/keys', fields: { key_name: 'blue', client_data: '', authenticator_data: '' } },
	{ route: 'POST /account/keys/:id/remove', as: 'customer B', to: '/account/keys/1/remove', fields: { password: 'not it' } },
	{ route: 'POST /sign-in/key', as: 'customer B', to: '/sign-in/key', fields: { credential: '', client_data: '', authenticator_data: '', signature: '', back: '/account' } },
	{ route: 'GET /sign-in/key', as: 'customer B', to: '/sign-in/key', query: { back: '/' } },
	{ route: 'POST /account/sign-out-others', as: 'customer B', to: '/account/sign-out-others', fields: {} },
	{ route: 'POST /certificates/:number/:item/email', as: 'customer A', to: at(fresh, '/email'), fields: { email: 'a@mailbox.example' } },
	{ route: 'POST /certificates/:number/:item/email/summary', as: 'customer A', to: at(drafted, '/email/summary'), fields: { email: 'drafted@mailbox.example' } },
	{ route: 'POST /certificates/:number/:item/email/resend', as: 'customer A', to: at(fresh, '/email/resend'), fields: {} },
	{ route: 'POST /certificates/:number/:item/activation/data', as: 'customer A', to: at(verified, '/activation/data'), fields: { fields: 'emailAddress' } },
	{ route: 'POST /certificates/:number/:item/activation/method', as: 'customer A', to: at(atMethod, '/activation/method'), fields: { method: 'csr' } },
	{ route: 'POST /certificates/:number/:item/activation/key', as: 'customer A', to: at(atKey, '/activation/key'), fields: { csr: '' }, files: { csr_file: '' } },
	{ route: 'POST /certificates/:number/:item/activation/summary', as: 'customer A', to: at(atSummary, '/activation/summary'),
		fields: { summary: '', accept_terms: '', accept_data: 'yes' } },
	{ route: 'POST /certificates/:number/:item/revoke', as: 'customer A', to: at(issued, '/revoke'), fields: { reason: 'superseded', confirm: '' } },
	{ route: 'POST /csr/check', as: 'customer A', to: '/csr/check', fields: { csr: '', order: atKey }, files: { csr_file: '' } },
	{ route: 'POST /verify/:value', as: 'nobody', to: `/verify/${'A'.repeat(43)}`, fields: { control: 'yes', action: 'confirm' } },
	{ route: 'POST /partner/orders', as: 'key order', to: '/partner/orders', fields: { product, partner_ref: 'NEW', email: 'new@partner.example', language: 'en',
		csr: '', fields: 'commonName', customer_name: 'Ann', callback: '' } },
	{ route: 'POST /partner/orders', as: 'partner A', to: '/partner/orders', fields: { product, partner_ref: 'NEW', email: 'new@partner.example', language: 'en',
		customer_name: 'Ann', callback: '' } },
	{ route: 'POST /partner/orders/:number/:item/email', as: 'key order', to: panel(made, '/email'), fields: { email: 'base@partner.example' } },
	{ route: 'POST /partner/orders/:number/:item/email', as: 'partner A', to: panel(made, '/email'), fields: { email: 'base@partner.example' } },
	{ route: 'POST /partner/orders/:number/:item/resend', as: 'key order', to: panel(made, '/resend'), fields: {} },
	{ route: 'POST /partner/orders/:number/:item/activate', as: 'key order', to: panel(made, '/activate'),
		fields: { csr: '', fields: 'commonName', accept_terms: 'yes', accept_data: '' }, files: { csr_file: '' } },
	{ route: 'POST /partner/orders/:number/:item/revoke', as: 'key revoke', to: panel(made, '/revoke'), fields: { reason: 'superseded' } },
	{ route: 'POST /partner/bulk', as: 'partner A', to: '/partner/bulk', fields: { action: 'check', csv }, files: { csv_file: '' } },
	{ route: 'POST /partner/keys', as: 'partner A', to: '/partner/keys', fields: { label: 'shop', days: '1', scopes: 'read', once: '' } },
	{ route: 'POST /partner/callbacks', as: 'partner A', to: '/partner/callbacks', fields: { url: 'https://partner.example/' } },
	{ route: 'POST /partner/callbacks/addresses/:id', as: 'partner A', to: '/partner/callbacks/addresses/1', fields: { url: 'https://partner.example/' } },
	{ route: 'GET /sign-in', as: 'nobody', to: '/sign-in', query: { back: '/', notice: 'saved' } },
	{ route: 'GET /sign-in', as: 'customer A', to: '/sign-in', query: { back: '/' } },
	{ route: 'GET /account', as: 'customer A', to: '/account', query: { notice: 'saved' } },
	{ route: 'GET /account/data-security-products', as: 'customer A', to: '/account/data-security-products', query: { page: '1' } },
	{ route: 'GET /account/data', as: 'customer A', to: '/account/data', query: { before: '99999999' } },
	{ route: 'GET /account/data', as: 'partner A', to: '/account/data', query: { before: '99999999' } },
	{ route: 'GET /dashboard', as: 'customer A', to: '/dashboard', query: { tab: 'new', notice: 'saved' } },
	{ route: 'GET /certificates', as: 'customer A', to: '/certificates', query: { q: 'a', status: 'issued', page: '1' } },
	{ route: 'GET /certificates/:number/:item/email/done', as: 'customer A', to: at(issued, '/email/done'), query: { notice: 'mail_resent' } },
	{ route: 'GET /partner/orders', as: 'partner A', to: '/partner/orders', query: { q: 'a', status: 'issued', product, bulk: '1', page: '1' } },
	{ route: 'GET /partner/orders', as: 'key read', to: '/partner/orders', query: { q: 'a', status: 'issued', product, bulk: '1', page: '1' } },
	{ route: 'GET /partner/orders.csv', as: 'partner A', to: '/partner/orders.csv', query: { q: 'a', status: 'issued', product, bulk: '1', page: '9' } },
	{ route: 'GET /partner/orders/new', as: 'partner A', to: '/partner/orders/new', query: { step: '3', product, partner_ref: 'R', email: 'a@b.example',
		customer_name: 'Ann', language: 'en', callback: '' } },
	{ route: 'GET /partner/orders/:number/:item', as: 'partner A', to: panel(made), query: { notice: 'saved' } },
	{ route: 'GET /partner/callbacks', as: 'partner A', to: '/partner/callbacks', query: { order: made, state: 'done', notice: 'saved', page: '1' } },
	{ route: 'GET /partner/dashboard', as: 'partner A', to: '/partner/dashboard', query: { page: '1' } },
];

// --- what is looked for ------------------------------------------------------------------------------------------

const BRAND = 'mailcert';

function names(html) {
	return [...html.matchAll(/<([a-z][^\s>/]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?)*)\s*\/?>/gi)].flatMap(([, tag, attributes]) =>
		[tag, ...[...attributes.matchAll(/\s([^\s=>/]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?/g)].map((m) => m[1])]);
}

// Whether an answer is well: no fault of ours, nothing obeyed, and readable as what it says it is.
function well(answer, what) {
	assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
	for (const [name, value] of answer.headers) {
		assert.doesNotMatch(name, /xq/i, what);
		if (name === 'set-cookie')
			assert.doesNotMatch(value, /xq/, what);
		if (name === 'location')
			assert.match(value, /^\/(?![/\\])[\x21-\x7e]*$/, `${what}: ${value}`);
	}
	assert.ok(Buffer.from(answer.text, 'utf8').equals(answer.bytes), `${what}: not UTF-8`);
	assert.ok(!answer.text.includes('root:x:0'), `${what}: a file of the host`);
	assert.ok(!answer.text.includes(`${BRAND}xq`), `${what}: a template was obeyed`);
	assert.doesNotMatch(answer.text, /SQLSTATE|syntax to use near/, what);
	assert.ok(!answer.text.includes(PRODUCT), `${what}: an expression was worked out`);
	const type = answer.headers.get('content-type') ?? '';
	if (/html/.test(type))
		for (const name of names(answer.text))
			assert.doesNotMatch(name, /xq/i, `${what}: the page obeyed it: ${name}`);
	if (/json/.test(type)) {
		const { error } = JSON.parse(answer.text);
		if (answer.status >= 400)
			assert.ok(error?.code && error.code !== 'internal' && error.message, `${what}: ${answer.text}`);
	}
}

const tokens = new Map();
async function tokenOf(client) {
	if (!tokens.has(client))
		tokens.set(client, await formToken(client));
	return tokens.get(client);
}

// Send one form with one of its fields changed; files go as multipart.
async function send(form, field, value, json) {
	const client = who[form.as];
	if (form.query)
		return client.get(`${form.to}?${new URLSearchParams({ ...form.query, [field]: value })}`, { json });
	const fields = { form_token: await tokenOf(client), ...form.fields, [field]: value };
	if (fields.once === '')
		fields.once = randomBytes(16).toString('hex');
	if (!form.files || !(field in form.files))
		return client.post(form.to, fields, { json });
	const body = new FormData();
	for (const [name, text] of Object.entries(fields))
		if (name !== field)
			body.append(name, text);
	body.append(field, new Blob([value]), value.replace(/[\r\n"]/g, '_').slice(0, 200) || 'file');
	return client.request('POST', form.to, { body, json });
}

const before = await counts();
async function counts() {
	return (await stack.sql(`SELECT (SELECT COUNT(*) FROM account), (SELECT COUNT(*) FROM certificate), (SELECT COUNT(*) FROM partner),
		(SELECT COUNT(*) FROM orders WHERE mailbox_status = 'verified'), (SELECT COUNT(*) FROM revocation WHERE reason <> 0)`))[0];
}

for (const form of FORMS) {
	const fields = [...Object.keys(form.fields ?? form.query), ...Object.keys(form.files ?? {}), ...(form.fields && !form.as.startsWith('key') ? ['form_token'] : [])];
	for (const field of fields)
		test(`${form.route} as ${form.as}: ${field}`, async () => {
			for (const [name, value] of Object.entries(NASTY))
				for (const json of [false, true])
					well(await send(form, field, value, json), `${field} = ${name}`);
			for (const [name, value] of Object.entries(BROKEN)) {
				const client = who[form.as];
				const answer = form.query ? await client.get(`${form.to}?${field}=${value}`)
					: await client.request('POST', form.to, { body: `form_token=${await tokenOf(client)}&${field}=${value}`,
						headers: { 'content-type': 'application/x-www-form-urlencoded' } });
				assert.ok(answer.status >= 400 && answer.status < 500, `${field} = ${name}: ${answer.status}`);
			}
		});
}

test('the table of forms names every field that the worker reads, and every form', () => {
	const tried = new Set(FORMS.flatMap((form) => Object.keys({ ...form.fields, ...form.query, ...form.files })));
	for (const name of fieldNames())
		assert.ok(tried.has(name) || name === 'form_token', `no form of this test has the field ${name}`);
	const without = ['POST /sign-in/key/challenge', 'POST /account/sessions/:id/end', 'POST /partner/orders/:number/:item/cancel', 'POST /partner/keys/:id/revoke', 'POST /partner/callbacks/replay',
		'POST /partner/callbacks/:id/replay', 'POST /partner/callbacks/addresses/:id/secret', 'POST /partner/callbacks/addresses/:id/remove']; // no fields but the token
	for (const route of routes().filter((r) => r.method === 'POST').map((r) => `POST ${r.path}`))
		assert.ok(without.includes(route) || FORMS.some((form) => form.route === route), `this test has no form for ${route}`);
});

// --- addresses and headers ---------------------------------------------------------------------------------------

test('every part of every address', async () => {
	const token = await tokenOf(partner);
	for (const route of routes())
		for (const part of route.path.match(/:\w+/g) ?? [])
			for (const [name, value] of Object.entries(NASTY)) {
				const where = route.path.replace(part, encodeURIComponent(value) || '%20').replace(/:number/, '0000000001').replace(/:item/, 'b01')
					.replace(/:\w+/g, '1');
				const client = route.path.startsWith('/partner') ? partner : customer;
				const answer = route.method === 'GET' ? await client.get(where) : await client.post(where, { form_token: token });
				well(answer, `${route.method} ${route.path}: ${part} = ${name}`);
				assert.ok([303, 400, 403, 404, 405, 414].includes(answer.status) && (answer.status !== 303 || route.path.startsWith('/verify')
					|| /^\/(partner\/)?(dashboard|orders|sign-in)/.test(answer.location)), `${route.method} ${where.slice(0, 100)}: ${answer.status} ${answer.location}`);
			}
});

test('the headers that the worker reads', async () => {
	const cookie = [...customer.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
	const texts = [...Object.values(NASTY), '\xff\xfe', '\x80'.repeat(300)].map((text) => Buffer.from(text, 'utf8').toString('latin1').replace(/[\r\n\0]/g, ' '));
	for (const header of ['User-Agent', 'Accept', 'Accept-Language', 'Cookie', 'Authorization', 'Content-Type', 'Content-Length', 'X-Forwarded-For',
		'X-Forwarded-Host', 'Referer', 'Origin', 'X-HTTP-Method-Override', 'X-Original-URL', 'X-Rewrite-URL', 'Forwarded'])
		for (const text of texts) {
			if (text.length > 4000)
				continue;
			const value = header === 'Cookie' ? `${cookie}; mailcert_language=${text}; mailcert_visitor=${text}; xq=${text}` : text;
			const [answer] = await request(stack, ['GET /certificates HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close',
				...(header === 'Cookie' ? [] : [`Cookie: ${cookie}`]), `${header}: ${value}`]);
			assert.ok(answer.status < 500, `${header}: ${text}: ${answer.status}`);
			assert.ok(!Object.keys(answer.headers).some((name) => /xq/.test(name)) && answer.cookies.every((line) => !/xq/.test(line)), header);
			for (const name of names(answer.body))
				assert.doesNotMatch(name, /xq/i, header);
			assert.match(answer.headers.location ?? '/', /^\/(?![/\\])/);
		}
});

test('a name of a browser full of signs is kept as evidence, in plain letters', async () => {
	const order = stack.takeOrder();
	await customer.submit(at(order, '/email'), { email: 'agent@mailbox.example' });
	await customer.submit(at(order, '/email/summary'));
	const link = /\/verify\/[\w-]+/.exec((await waitMail(stack, 'agent@mailbox.example')).text)[0];
	const body = 'control=yes';
	const [answer] = await request(stack, [`POST ${link} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', 'Content-Type: application/x-www-form-urlencoded',
		`Content-Length: ${body.length}`, `User-Agent: <xq>\x80\xff'; DROP TABLE audit; -- \x1b[2J ${'\xc5\xbc'.repeat(150)}`], body);
	assert.equal(answer.status, 303);
	const [[agent]] = await stack.sql("SELECT confirmed_agent FROM mailbox WHERE email = 'agent@mailbox.example'");
	assert.match(agent, /^<xq>\?\?'; DROP TABLE audit; -- \?\[2J \?+$/);
	assert.equal(agent.length, 200);
});

// --- what is kept ------------------------------------------------------------------------------------------------

// A text that the service took must stand in the database octet for octet.
async function kept(what, post, query) {
	let taken = 0;
	for (const [name, value] of Object.entries(NASTY)) {
		const answer = await post(value);
		if (answer.status >= 400 || value === '')
			continue;
		taken++;
		assert.equal((await stack.sql(query))[0][0], Buffer.from(value, 'utf8').toString('hex').toUpperCase(), `${what} = ${name}`);
	}
	return taken;
}

let number = 0;
const references = {};
test('a customer name is kept as it was sent, or refused', async () => {
	const taken = await kept('customer_name', async (customer_name) => {
		const email = `name${++number}@partner.example`;
		references[email] = customer_name;
		return program.post('/partner/orders', { product, partner_ref: `N-${number}`, email, customer_name }, { json: true });
	}, 'SELECT HEX(customer_name) FROM orders ORDER BY id DESC LIMIT 1');
	assert.ok(taken > 15, `${taken} taken`);
});

test('a key label is kept as it was sent, or refused', async () => {
	await stack.sql('UPDATE partner_key SET revoked_at = UTC_TIMESTAMP() WHERE once IS NOT NULL'); // a partner may have 50
	const taken = await kept('label', async (label) => partner.submit('/partner/keys', { label, scopes: 'read' }),
		'SELECT HEX(label) FROM partner_key ORDER BY id DESC LIMIT 1');
	assert.ok(taken > 15, `${taken} taken`);
});

test('an address of a mailbox is canonical, or refused', async () => {
	for (const [name, value] of Object.entries(NASTY)) {
		const email = `${value}@mailbox.example`;
		const answer = await customer.submit(at(fresh, '/email'), { email }, { json: true });
		if (answer.status < 400)
			assert.equal((await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${fresh}'`))[0][0].replaceAll('\\\\', '\\'), email, name);
		else
			assert.match(answer.code, /^email_/, name);
	}
});

test('the lists show what was kept, and obey nothing of it', async () => {
	for (const [client, where] of [[partner, '/partner/orders'], [partner, '/partner/keys'], [partner, '/partner/dashboard'], [partner, '/partner/callbacks'],
		[customer, at(fresh)], [customer, at(fresh, '/email')], [customer, '/dashboard'], [customer, '/certificates']])
		well(await client.get(where), where);
	const page = await partner.get('/partner/keys');
	assert.ok(page.words.includes('<xq1>xq</xq1>'), 'the label is shown as it was typed');
});

test('a spreadsheet runs nothing of the list', async () => {
	const { text } = await partner.get('/partner/orders.csv');
	assert.match(text, /"'=HYPERLINK/);
	assert.doesNotMatch(text, /(^|,)"[=+@\t\r]/m);
});

test('the mails say the name as it is: one message each, no header of it, no element of it', async () => {
	let seen = 0;
	for (const [email, name] of Object.entries(references)) {
		if ((await stack.sql(`SELECT 1 FROM orders WHERE email = '${email}'`)).length === 0)
			continue;
		const mail = await waitMail(stack, email);
		assert.equal((await mailsFor(stack, email)).length, 1, name);
		assert.ok(mail.text.replace(/\s+/g, ' ').includes((name || 'Demo Partner Ltd').replace(/\s+/g, ' ').trim().slice(0, 60)), name);
		for (const { key, value } of mail.headers)
			assert.ok(!/xq|bcc/i.test(key) && !/xq/.test(value), `${name}: header ${key}`);
		for (const element of names(mail.html))
			assert.doesNotMatch(element, /xq/i, name);
		assert.ok(!mail.html.includes(`${BRAND}xq`), name);
		seen++;
	}
	assert.ok(seen > 15);
	assert.deepEqual(await mailsFor(stack, 'xq@evil.example'), []);
});

test('no log line is forged, and none is written to hurt a terminal', () => {
	for (const service of ['web', 'mailer', 'signer']) {
		const bytes = fs.readFileSync(path.join(stack.dir, 'log', `${service}.log`));
		assert.ok(bytes.every((octet) => octet === 10 || octet >= 32 && octet < 127), service);
		for (const line of bytes.toString('latin1').split('\n').filter((one) => one !== ''))
			assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (mailcert-\w+\[\d+\] (error|warning|info|debug): |stack: )/, line);
	}
	for (const line of fs.readFileSync(path.join(stack.dir, 'log/nginx-access.log'), 'latin1').trim().split('\n'))
		assert.match(line, /^\d{4}-\d\d-\d\dT[\d:+]+ 127\.0\.0\.1 [A-Z]* "[^"\x00-\x1f\x7f-\xff]*" \d{3} \d+ [\d.]+ \S* "((account|partner):[!-~]+)?"$/, line);
});

test('nothing of it was an incident, a worker never died, and nothing was made that nobody asked for', async () => {
	assert.deepEqual(stack.complaints(['web', 'mailer', 'signer', 'callback']), []);
	assert.deepEqual((await counts()), before.map((n, i) => i === 3 ? String(Number(n) + 1) : n), 'accounts, certificates, partners, verified, revoked');
	assert.ok(!fs.existsSync('/tmp/xq'));
	assert.ok(pageForms((await customer.get('/dashboard')).text).length > 0);
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.stopNow(), []);
});
