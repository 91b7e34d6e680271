// access.mjs - who reaches what: every address of the worker's table, asked by everybody there is. What each must get
// stands in access.md beside this file; here it is tried. What is refused changes nothing, and says the same of what is
// somebody else's as of what is not there.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { ROLES, everybody, formToken, issuedOrder } from '../lib/roles.mjs';
import { routes } from '../lib/routes.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { verifyLink, waitMail } from '../lib/mail.mjs';
import { confirmMailbox, giveMailbox } from '../lib/steps.mjs';

// The table: [{ route, partners, want: { role: status } }].
const rows = fs.readFileSync(path.join(ROOT, 'tests/security/access.md'), 'utf8').split('\n')
	.filter((line) => /^\| (GET|POST) /.test(line))
	.map((line) => {
		const cells = line.split('|').slice(1, -1).map((cell) => cell.trim());
		const [, method, where, partners] = /^(GET|POST) (\S+)( of a partner)?$/.exec(cells[0]);
		return { method, where, partners: partners !== undefined, name: cells[0],
			want: Object.fromEntries(ROLES.map((role, i) => [role, Number(cells[i + 1])])) };
	});

const dir = scratch();
const stack = await Stack.start({ name: 'access', orders: 6, workers: 2, settings: { 'Mail.PollMs': 100, 'Signer.PollMs': 200 } });
const { who, PASSWORD, curl } = await everybody(stack);
const [customer, partner] = [who['customer A'], who['partner A']];

// --- what there is to reach ---------------------------------------------------------------------------------------

const mine = await issuedOrder(stack, customer, dir);
const made = await curl.order('ACCESS');
const theirs = made.json.order;
await confirmMailbox(stack, 'access@partner.example');
assert.equal((await curl.call(curl.at(theirs, '/activate'), { csr: makeCsr(dir, 'theirs'), accept_terms: 'yes', accept_data: 'yes' })).status, 200);
await until('the partner\'s certificate', async () => (await curl.call(curl.at(theirs))).json.status === 'issued');
await giveMailbox(customer, stack.takeOrder(), 'value@mailbox.example');
const value = verifyLink(stack, await waitMail(stack, 'value@mailbox.example')).split('/').at(-1);
await partner.submit('/partner/keys', { label: 'to be ended', scopes: 'read' });
for (const name of ['kept', 'removed'])
	await partner.submit('/partner/callbacks', { url: `https://127.0.0.1:9/${name}` });
const id = async (sql) => (await stack.sql(sql))[0][0];
const keptAddress = await id("SELECT id FROM callback_address WHERE url LIKE '%/kept'");
await stack.sql(`INSERT INTO callback (partner_id, address_id, order_id, status, mailbox_status, activation_status, happened_at, state, tried_since, next_at, done_at)
	SELECT partner_id, ${keptAddress}, id, 'issued', 'verified', 'verified', UTC_TIMESTAMP(), 'done', UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP()
	FROM orders WHERE partner_ref = 'ACCESS'`);
await partner.submit('/partner/bulk', { csv: `partner_ref,product,email\nB-1,${stack.demo.PRODUCT},b@partner.example\n`, action: 'order' });
const mail = fs.readdirSync(path.join(stack.dir, 'mailview')).find((name) => !name.startsWith('.'));
const another = await new Client(stack).signIn(); // another session of customer A's
await stack.sql(`INSERT INTO account_key (account_id, credential, credential_hash, algorithm, public_key, sign_count, name, created_at)
	SELECT id, 'a', REPEAT('a', 32), -7, 'p', 0, 'a key', UTC_TIMESTAMP() FROM account WHERE login = '${stack.demo.CUSTOMER_LOGIN}'`);
const IDS = {
	'/account/keys/:id/remove': await id('SELECT id FROM account_key'),
	'/account/sessions/:id/end': await id(`SELECT session_mark(UNHEX(SHA2(0x${Buffer.from(another.cookies.get('mailcert'), 'base64url').toString('hex')}, 256)))`),
	'/partner/bulk/:id': await id('SELECT MAX(id) FROM bulk'),
	'/partner/keys/:id/revoke': await id("SELECT id FROM partner_key WHERE label = 'to be ended'"),
	'/partner/callbacks/:id': await id('SELECT MAX(id) FROM callback'),
	'/partner/callbacks/:id/replay': await id('SELECT MAX(id) FROM callback'),
	'/partner/callbacks/addresses/:id': keptAddress,
	'/partner/callbacks/addresses/:id/secret': keptAddress,
	'/partner/callbacks/addresses/:id/remove': await id("SELECT id FROM callback_address WHERE url LIKE '%/removed'"),
	'/demo/mail/:id': mail, '/demo/mail/:id/:part': mail,
};

function address(row, order = row.partners || row.where.startsWith('/partner/') ? theirs : mine) {
	return row.where.replace(':number/:item', order).replace(':value', value).replace(':file', 'certificate.pem')
		.replace(':id', IDS[row.where]).replace(':part', 'no-such-part');
}

// What is posted besides the token, where a form without it would be refused before anybody is asked whose order it is.
const FIELDS = { '/certificates/:number/:item/email': { email: 'a@mailbox.example' } };

const tokens = new Map();
async function ask(row, role, { json = true, where = address(row) } = {}) {
	const client = who[role];
	if (row.method === 'GET')
		return client.get(where, { json });
	if (!tokens.has(role))
		tokens.set(role, await formToken(client));
	return client.post(where, { form_token: tokens.get(role), ...FIELDS[row.where] }, { json });
}

// All that an address could change.
async function everything() {
	return stack.tool('sql', '-BN', stack.demo.DB_NAME, '-e', `SELECT * FROM orders; SELECT * FROM mailbox; SELECT * FROM mailbox_value;
		SELECT * FROM activation; SELECT * FROM issuance; SELECT * FROM certificate; SELECT * FROM revocation; SELECT id, revoked_at FROM partner_key;
		SELECT id, url, secret, removed_at FROM callback_address; SELECT id, state, tried_since FROM callback; SELECT * FROM bulk;
		SELECT * FROM account; SELECT COUNT(*) FROM outbox; SELECT * FROM key_block`);
}

// --- the walk ------------------------------------------------------------------------------------------------------

test('the table has every address of cgi/route.c, and none besides', () => {
	const there = new Set(rows.map((row) => `${row.method} ${row.where}`));
	assert.deepEqual([...there].sort(), [...new Set(routes().map((route) => `${route.method} ${route.path}`))].sort());
});

const REFUSED = [401, 403, 404];
let before;
test('all is as it was before the first try', async () => {
	await until('the mails to be sent', async () => (await stack.sql("SELECT 1 FROM outbox WHERE state = 'waiting'")).length === 0);
	before = await everything();
});

for (const row of rows)
	test(`refused to whom it is not for: ${row.name}`, async () => {
		for (const role of ROLES.filter((one) => REFUSED.includes(row.want[one]))) {
			const json = await ask(row, role);
			assert.equal(json.status, row.want[role], `${role}: ${json.text.slice(0, 200)}`);
			assert.ok(json.code, role);
			const html = await ask(row, role, { json: false });
			if (html.status === 303)
				assert.match(html.location, /^\/sign-in(\?|$)/, role);
			assert.equal(html.status === 303 ? 401 : html.status, row.want[role], `${role}, as a page`);
			assert.ok(!/BEGIN CERTIFICATE|access@partner|to be ended|B-1/.test(html.text + json.text), `${role} was shown something`);
		}
	});

test('and nothing was changed by that', async () => {
	assert.equal(await everything(), before);
});

test("somebody else's is refused in the very words of what is not there", async () => {
	const none = '9999999999/b01';
	for (const row of rows.filter((one) => one.where.includes(':number')))
		for (const role of ROLES.filter((one) => row.want[one] === 404)) {
			const own = row.partners || row.where.startsWith('/partner/') ? theirs : mine;
			const [there, missing] = [await ask(row, role), await ask(row, role, { where: address(row, none) })];
			assert.equal(there.text, missing.text, `${row.name} as ${role}`);
			assert.equal(there.status, missing.status);
			assert.deepEqual([...there.headers.keys()].filter((name) => name !== 'date'), [...missing.headers.keys()].filter((name) => name !== 'date'), own);
		}
});

for (const row of rows)
	test(`open to whom it is for: ${row.name}`, async () => {
		for (const role of ROLES.filter((one) => !REFUSED.includes(row.want[one]))) {
			const answer = await ask(row, role);
			assert.equal(answer.status, row.want[role], `${role}: ${answer.text.slice(0, 200)}`);
			if (row.where === '/sign-out' && who[role].cookies.has('mailcert') === false && tokens.delete(role))
				await signInAgain(role);
		}
	});
const LOGINS = { 'customer A': [], 'customer B': ['other', PASSWORD], 'partner A': ['panel-a', PASSWORD], 'partner B': ['panel-b', PASSWORD] };
async function signInAgain(role) {
	if (LOGINS[role])
		who[role] = await new Client(stack).signIn(...LOGINS[role]);
	await stack.sql('UPDATE session SET key_wanted = FALSE'); // customer A's security key was used
}

// --- forms of strangers --------------------------------------------------------------------------------------------

test('every post of a signed-in person wants the token of their own session', async () => {
	const foreign = { none: undefined, empty: '', 'somebody else\'s': tokens.get('customer B') ?? await formToken(who['customer B']),
		'a visitor\'s': await formToken(new Client(stack)), 'cut': (await formToken(customer)).slice(0, -1), 'of another case': (await formToken(customer)).toLowerCase() };
	const at = await everything();
	for (const route of routes().filter((one) => one.method === 'POST' && !one.flags.includes('R_NO_TOKEN')))
		for (const role of ['customer A', 'partner A'])
			for (const [name, form_token] of Object.entries(foreign)) {
				const row = { method: 'POST', where: route.path };
				const answer = await who[role].post(address(row), form_token === undefined ? {} : { form_token }, { json: true });
				assert.deepEqual([answer.status, answer.code], [403, 'form_token_invalid'], `${route.path} as ${role} with ${name}`);
			}
	assert.equal(await everything(), at);
});

test('a key beside a session\'s cookie does not do without the token, and opens nothing of the session', async () => {
	const cookie = [...partner.cookies].map(([name, v]) => `${name}=${v}`).join('; ');
	for (const key of ['wrong', 'mck_wrong', curl.key]) {
		const answer = await who.nobody.post('/partner/keys', { label: 'x', scopes: 'read' }, { json: true, headers: { cookie, authorization: `Bearer ${key}` } });
		assert.ok([401, 403].includes(answer.status), `${key}: ${answer.status}`);
	}
});

test('the methods that an address does not have are refused, whoever asks', async () => {
	const paths = [...new Set(routes().map((route) => route.path))];
	for (const where of paths) {
		// Another address may fit as well: "replay" could be an id.
		const fits = (route) => new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(where);
		const has = routes().filter(fits).map((route) => route.method);
		for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
			if (has.includes(method))
				continue;
			for (const role of ['nobody', 'customer A', 'partner A', 'key order']) {
				const answer = await who[role].request(method, address({ where }), { json: true });
				// nginx itself refuses what is no method of pages.
				assert.ok([403, 405].includes(answer.status), `${method} ${where} as ${role}: ${answer.status}`);
				if (answer.status === 405 && answer.headers.get('allow'))
					assert.match(answer.headers.get('allow'), /^(GET, HEAD|POST|GET, HEAD, POST)$/, where);
			}
		}
	}
});

test('a disabled account and a disabled partner reach nothing any more, at once', async () => {
	await stack.sql("UPDATE account SET disabled_at = UTC_TIMESTAMP() WHERE login = 'other'; UPDATE partner SET disabled_at = UTC_TIMESTAMP() WHERE name = 'other-partner'");
	assert.equal((await who['customer B'].get('/dashboard', { json: true })).status, 401);
	assert.equal((await who['partner B'].get('/partner/orders', { json: true })).status, 404);
	assert.equal((await who['key B'].get('/partner/orders', { json: true })).status, 401);
	await assert.rejects(new Client(stack).signIn('other', PASSWORD), /422/);
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.stopNow(), []);
});
