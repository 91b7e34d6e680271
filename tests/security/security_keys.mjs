// security_keys.mjs - security keys (WebAuthn): added on the account's pages, asked for at sign-in after the password. In a
// browser with Chromium's own virtual key, and by hand with answers that no honest browser sends. The service is called by
// a name, since browsers give such keys to no number.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { Browser } from '../lib/browser.mjs';
import { Authenticator } from '../lib/authenticator.mjs';
import { Client } from '../lib/client.mjs';
import { formToken } from '../lib/roles.mjs';
import { routes } from '../lib/routes.mjs';
import { mailsFor, waitMail } from '../lib/mail.mjs';
import { Stack } from '../lib/stack.mjs';
import { partnerAccount } from '../lib/partner.mjs';

const PASSWORD = 'correct horse battery';
const stack = await Stack.start({ name: 'security_keys', orders: 2, workers: 2, settings: { 'Web.BaseUrl': 'http://localhost:{port}', 'Mail.PollMs': 100 } });
const url = stack.base;
after(async () => {
	await Browser.stopAll();
	stack.stopNow();
});

let people = 0;
function account() {
	const login = `keys-${++people}`;
	stack.ctlInput(PASSWORD, 'account', 'add', '--login', login, '--name', 'Kay Keys', '--email', `${login}@mailbox.example`, '--permanent', '--password-stdin');
	return login;
}
const signedIn = async (client) => (await client.get('/account', { json: true })).status === 200;
const session = (client) => client.cookies.get('mailcert');
const countOf = async (sql) => Number((await stack.sql(`SELECT COUNT(*) FROM ${sql}`))[0][0]);
const forget = () => stack.sql('DELETE FROM sign_in_failure');

// --- in a browser ----------------------------------------------------------------------------------------------------

const browser = await Browser.start({ whole: true });
const { page } = browser;
const cdp = await browser.context.newCDPSession(page);
await cdp.send('WebAuthn.enable');
const virtual = () => cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: false,
	isUserVerified: false, automaticPresenceSimulation: true } });
const { authenticatorId } = await virtual();
const leave = (act) => Promise.all([page.waitForEvent('load'), act()]);
const at = () => new URL(page.url()).pathname;

async function typePassword(login) {
	await page.goto(`${url}/sign-in?back=/certificates`);
	await page.fill('#login', login);
	await page.fill('#password', PASSWORD);
	await leave(() => page.click('main button[type=submit]'));
}

const kay = account();
test('a person adds a security key: name and present password, then the key', async () => {
	await typePassword(kay);
	assert.equal(at(), '/certificates');
	await page.goto(`${url}/account`);
	await page.getByText('You have no security key yet.').waitFor();
	await leave(() => page.click('a[href="/account/keys/new"]'));
	await browser.seen('account_key_new');
	await leave(() => page.click('main form button[type=submit]'));
	assert.match(await page.title(), /^Error:/);
	await page.fill('#key_name', 'blue <one>');
	await page.fill('#password', 'not the one');
	await leave(() => page.click('main form[action="/account/keys/new"] button[type=submit]'));
	await browser.seen('account_key_new-wrong');
	assert.equal(await page.inputValue('#key_name'), 'blue <one>');
	await page.fill('#password', PASSWORD);
	await leave(() => page.click('main form[action="/account/keys/new"] button[type=submit]'));
	await browser.seen('account_key_make');
	await leave(() => page.click('main form[data-security-key] button[type=submit]'));
	assert.equal(at(), '/account');
	await page.getByText('The security key was added.').waitFor();
	await page.getByText('blue <one>').first().waitFor();
	await browser.seen('account-key_added');
	assert.match((await waitMail(stack, `${kay}@mailbox.example`)).subject, /security key was added/i);
	const [[event, actor]] = await stack.sql("SELECT event, actor FROM audit WHERE event = 'key_added' ORDER BY id DESC LIMIT 1");
	assert.deepEqual([event, actor], ['key_added', `account:${kay}`]);
});
test('the same key is not added twice', async () => {
	await page.goto(`${url}/account/keys/new`);
	await page.fill('#key_name', 'again');
	await page.fill('#password', PASSWORD);
	await leave(() => page.click('main form[action="/account/keys/new"] button[type=submit]'));
	await page.click('main form[data-security-key] button[type=submit]');
	await page.getByText('one of yours already').waitFor();
	assert.equal(at(), '/account/keys/new');
});
test('it is in what a person takes along, by name', async () => {
	const data = await page.evaluate(() => fetch('/account/data').then((answer) => answer.json()));
	assert.deepEqual(data.security_keys.map(({ name, ...rest }) => [name, Object.keys(rest)]), [['blue <one>', ['created_at']]]);
});

let posted;
test('from then on the password is not enough: the key is asked for, and gives another session', async () => {
	await page.goto(`${url}/account`);
	await leave(() => page.locator('form[action="/sign-out"] button').first().click());
	await typePassword(kay);
	assert.equal(at(), '/sign-in/key');
	await browser.seen('sign_in_key');
	assert.equal(await page.locator('nav').count(), 0);
	const before = (await browser.context.cookies()).find((one) => one.name === 'mailcert').value;
	for (const where of ['/', '/dashboard', '/account', '/account/password', '/account/data', '/certificates', '/sign-in']) {
		await page.goto(url + where);
		assert.equal(at(), '/sign-in/key', where);
	}
	await page.goto(`${url}/sign-in/key?back=/certificates`);
	const [request] = await Promise.all([page.waitForRequest((one) => one.method() === 'POST' && /\/sign-in\/key$/.test(one.url())),
		leave(() => page.click('main form[data-security-key] button[type=submit]'))]);
	posted = Object.fromEntries(new URLSearchParams(request.postData()));
	assert.equal(at(), '/certificates');
	const now = (await browser.context.cookies()).find((one) => one.name === 'mailcert').value;
	assert.notEqual(now, before);
	const thief = new Client(stack);
	thief.cookies.set('mailcert', before);
	for (const where of ['/account', '/sign-in/key'])
		assert.equal((await thief.get(where, { json: true })).status, 401, 'the session that waited is over');
	assert.equal(await countOf(`account_key WHERE name = 'blue <one>' AND last_used_at IS NOT NULL AND sign_count > 0`), 1);
});
test('without scripts the page says what is missing', async () => {
	const plain = await Browser.start({ javaScriptEnabled: false });
	await plain.page.goto(`${url}/sign-in`);
	await plain.page.fill('#login', kay);
	await plain.page.fill('#password', PASSWORD);
	await plain.page.click('main button[type=submit]');
	await plain.page.waitForURL(/\/sign-in\/key$/);
	assert.ok(await plain.page.getByText('This needs JavaScript').isVisible());
	assert.ok(await plain.page.locator('form[data-security-key]').isHidden());
	assert.ok(await plain.page.getByText('You do not have it any more?').isVisible());
	await plain.page.click('main form[action="/sign-out"] button');
	await plain.page.waitForURL(/\/sign-in\?notice=signed_out$/);
	await plain.stop();
});
test('at the width of a phone nothing is cut off', async () => {
	await page.setViewportSize({ width: 320, height: 640 });
	for (const where of ['/account', '/account/keys/new']) {
		await page.goto(url + where);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), where);
		await browser.seen(`narrow ${where}`);
	}
	await page.setViewportSize({ width: 1200, height: 900 });
});
test('another key of the browser is not one of theirs, and nothing is sent', async () => {
	await page.goto(`${url}/account`);
	await leave(() => page.locator('form[action="/sign-out"] button').first().click());
	await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
	const { authenticatorId: other } = await virtual();
	await typePassword(kay);
	await page.click('main form[data-security-key] button[type=submit]');
	await page.getByText('it is not one of yours').waitFor({ timeout: 130000 });
	assert.equal(at(), '/sign-in/key');
	await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: other });
});
test('"sign in as somebody else" ends the session that waits', async () => {
	await leave(() => page.click('main form[action="/sign-out"] button'));
	assert.equal(at(), '/sign-in');
	assert.equal(await countOf(`session s JOIN account a ON a.id = s.account_id WHERE a.login = '${kay}' AND s.key_wanted`), 0);
});
test('the browser had nothing to complain of, and axe has not', () => {
	assert.deepEqual(browser.errors.filter((line) => !/status of 401/.test(line)), []);
	assert.deepEqual(browser.violations, []);
});

// --- by hand ---------------------------------------------------------------------------------------------------------

// Put a key into the account of who is signed in.
async function enrol(client, key = new Authenticator(url), name = 'by hand') {
	const page = await client.submit('/account/keys/new', { key_name: name, password: PASSWORD });
	assert.equal(page.status, 200, page.words);
	const challenge = /data-challenge="([\w-]+)"/.exec(page.text)[1];
	const fields = { form_token: await formToken(client), key_name: name, ...key.made(challenge) };
	const done = await client.post('/account/keys', fields);
	assert.deepEqual([done.status, done.location], [303, '/account?notice=key_added'], done.words);
	return key;
}
// Somebody with a key of their own, as they stand after the password.
async function halfway(login) {
	const client = new Client(stack);
	const answer = await client.submit('/sign-in', { login, password: PASSWORD });
	assert.deepEqual([answer.status, answer.location], [303, '/sign-in/key']);
	client.token = /name="form_token" value="([^"]*)"/.exec((await client.get('/sign-in/key')).text)[1];
	return client;
}
async function ask(client) {
	const answer = await client.post('/sign-in/key/challenge', { form_token: client.token }, { json: true });
	assert.equal(answer.status, 200, answer.text);
	return JSON.parse(answer.text).challenge;
}
const send = (client, fields) => client.post('/sign-in/key', { form_token: client.token, ...fields }, { json: true });
async function signIn(login, key) {
	const client = await halfway(login);
	assert.equal((await send(client, key.used(await ask(client)))).status, 303);
	return client;
}
async function refused(client, fields, code = 'account_key_refused') {
	const answer = await send(client, fields);
	assert.deepEqual([answer.status, answer.code], [422, code]);
	assert.ok(!await signedIn(client));
}
async function someone(kind) {
	const login = account();
	const key = await enrol(await new Client(stack).signIn(login, PASSWORD), new Authenticator(url, kind));
	return { login, key };
}

test('a password alone opens nothing: every route, as customer and as partner', async () => {
	const { login } = await someone();
	partnerAccount(stack, 'demo-partner', 'keys-panel', PASSWORD);
	await enrol(await new Client(stack).signIn('keys-panel', PASSWORD));
	const open = ['/', '/sign-in', '/sign-out', '/language', '/verify/:value', '/csr/check', '/sign-in/key', '/sign-in/key/challenge'];
	for (const who of [login, 'keys-panel']) {
		const client = await halfway(who);
		for (const route of routes().filter((one) => !one.flags.includes('R_PUBLIC') && !open.includes(one.path))) {
			const where = route.path.replace(':number/:item', stack.orders[0]).replace(':file', 'certificate.pem').replace(/:\w+/, '1');
			const answer = route.method === 'GET' ? await client.get(where, { json: true })
				: await client.post(where, { form_token: client.token, email: 'a@mailbox.example', password: PASSWORD, new_password: 'another password of mine' }, { json: true });
			assert.equal(answer.status, 401, `${route.method} ${where} as ${who}: ${answer.text.slice(0, 200)}`);
		}
		assert.equal((await client.get('/account', {})).location, '/sign-in?back=/account');
		assert.equal((await client.get('/sign-in?back=/account')).location, '/sign-in/key?back=%2Faccount');
		assert.equal((await client.get('/sign-in?back=https://evil.example')).location, '/sign-in/key');
		await client.post('/language', { form_token: client.token, language: 'pl', back: '/sign-in/key' });
		assert.equal(await countOf(`account WHERE login = '${who}' AND language = 'pl'`), 0);
		assert.match((await client.get('/sign-in/key')).text, /lang="pl"/);
	}
});
for (const kind of ['ES256', 'EdDSA', 'RS256'])
	test(`signing in with a key of ${kind}`, async () => {
		const { login, key } = await someone(kind);
		const client = await signIn(login, key);
		assert.ok(await signedIn(client));
		const tampered = await halfway(login);
		const fields = key.used(await ask(tampered));
		const signature = Buffer.from(fields.signature, 'base64url');
		signature[signature.length - 3] ^= 1;
		await refused(tampered, { ...fields, signature: signature.toString('base64url') });
	});
test('the session is another one than before the key, and the one before is over', async () => {
	const { login, key } = await someone();
	const client = await halfway(login);
	const before = session(client);
	assert.equal((await send(client, key.used(await ask(client)))).status, 303);
	assert.notEqual(session(client), before);
	const thief = new Client(stack);
	thief.cookies.set('mailcert', before);
	assert.deepEqual([await signedIn(client), await signedIn(thief), (await thief.get('/sign-in/key', { json: true })).status], [true, false, 401]);
});
test('what was sent once is not taken again, nor is what a browser sent', async () => {
	await forget();
	const { login, key } = await someone();
	const first = await halfway(login);
	const fields = key.used(await ask(first));
	assert.equal((await send(first, fields)).status, 303);
	const second = await halfway(login);
	await refused(second, fields, 'account_key_late');
	await ask(second);
	await refused(second, fields);
	const captured = await halfway(kay);
	const { form_token, ...theirs } = posted;
	assert.ok(form_token.length > 20 && theirs.signature.length > 20);
	await ask(captured);
	await refused(captured, theirs);
});
test('a challenge is good for one answer, two minutes, and one session', async () => {
	const { login, key } = await someone();
	const client = await halfway(login), beside = await halfway(login);
	const challenge = await ask(client);
	await stack.sql('UPDATE session SET challenge_at = challenge_at - INTERVAL 121 SECOND WHERE challenge IS NOT NULL');
	await refused(client, key.used(challenge), 'account_key_late');
	const ahead = await ask(client);
	await stack.sql('UPDATE session SET challenge_at = challenge_at + INTERVAL 60 SECOND WHERE challenge IS NOT NULL');
	await refused(client, key.used(ahead), 'account_key_late');
	const again = await ask(client);
	await refused(client, key.used(again, { client: { origin: 'https://evil.example' } }));
	await refused(client, key.used(again), 'account_key_late');
	const theirs = await ask(client);
	await ask(beside);
	await refused(beside, key.used(theirs));
	assert.equal((await send(client, key.used(theirs))).status, 303);
});
test('a wrong answer is refused, and noted', async () => {
	const { login, key } = await someone(), other = await someone();
	const wrong = {
		'of another origin': [{ client: { origin: `${url}.evil.example` } }, 'another origin'], 'of the number instead of the name': [{ client: { origin: stack.url } }, 'another origin'],
		'in a frame': [{ client: { crossOrigin: true } }, 'in a frame of another origin'], 'of another kind': [{ client: { type: 'webauthn.create' } }, 'client data of another type'],
		'for another name': [{ site: 'evil.example' }, 'for a service of another name'], 'untouched': [{ flags: 0 }, 'nobody touched the key'],
		'of another challenge': [{ client: { challenge: 'A'.repeat(43) } }, 'another challenge'],
	};
	for (const [name, [change, why]] of Object.entries(wrong)) {
		await forget();
		const client = await halfway(login);
		await refused(client, key.used(await ask(client), change));
		const [[actor, detail]] = await stack.sql("SELECT actor, detail FROM audit WHERE event = 'key_refused' ORDER BY id DESC LIMIT 1");
		assert.deepEqual([actor, detail], [`account:${login}`, why], name);
	}
	await forget();
	const client = await halfway(login);
	await refused(client, other.key.used(await ask(client)));
	await refused(client, { ...other.key.used(await ask(client)), credential: key.id.toString('base64url') });
	const good = () => ask(client).then((challenge) => key.used(challenge));
	for (const [name, spoil] of Object.entries({ signature: () => 'AAAA', authenticator_data: () => 'AAAA', client_data: () => Buffer.from('[]').toString('base64url'), credential: () => '' }))
		await refused(client, { ...await good(), [name]: spoil() });
	await forget();
	for (const [name, value] of Object.entries({ signature: '', client_data: '=', authenticator_data: 'x'.repeat(20000) }))
		await refused(client, { ...await good(), [name]: value });
	assert.equal((await send(client, await good())).status, 303, 'and the right one is taken still');
});
test('a count that does not go forward is of a copy: refused, and an audit event', async () => {
	await forget();
	const { login, key } = await someone();
	key.count = 40;
	await signIn(login, key);
	for (const count of [41, 5, 0]) {
		const client = await halfway(login);
		await refused(client, key.used(await ask(client), { count }));
		const [[detail]] = await stack.sql("SELECT detail FROM audit WHERE event = 'key_refused' ORDER BY id DESC LIMIT 1");
		assert.match(detail, new RegExp(`^count of key \\d+: ${count} after 41$`));
	}
	key.count = 100;
	assert.ok(await signedIn(await signIn(login, key)));
});
test('a key that counts nothing is taken', async () => {
	const { login, key } = await someone();
	for (let i = 0; i < 2; i++) {
		const client = await halfway(login);
		assert.equal((await send(client, key.used(await ask(client), { count: 0 }))).status, 303);
	}
});
test('guessing at the key is bounded as guessing at the password is', async () => {
	await forget();
	const { login, key } = await someone();
	const client = await halfway(login);
	for (let i = 0; i < 10; i++)
		await refused(client, { ...key.used(await ask(client)), signature: 'AAAA' });
	const answer = await client.post('/sign-in/key/challenge', { form_token: client.token }, { json: true });
	assert.deepEqual([answer.status, answer.code], [429, 'sign_in_throttled']);
	await assert.rejects(new Client(stack).signIn(login, PASSWORD), /429|422/);
	await forget();
});
test('to add one wants the password, a challenge of this session, and an honest answer', async () => {
	const login = account(), key = new Authenticator(url);
	const client = await new Client(stack).signIn(login, PASSWORD);
	const form_token = await formToken(client);
	const add = (fields) => client.post('/account/keys', { form_token, key_name: 'x', ...fields }, { json: true });
	assert.equal((await add(key.made('A'.repeat(43)))).code, 'account_key_late', 'no challenge was asked for');
	for (const [password, code] of [['', 'password_missing'], ['not the one', 'password_wrong'], ['x'.repeat(2000), 'password_wrong']])
		assert.equal((await client.post('/account/keys/new', { form_token, key_name: 'x', password }, { json: true })).code, code);
	for (const key_name of ['', '   ', 'a\nb', 'ż'.repeat(61)])
		assert.equal((await client.post('/account/keys/new', { form_token, key_name, password: PASSWORD }, { json: true })).code, 'account_key_name_missing');
	const challenge = async () => /data-challenge="([\w-]+)"/.exec((await client.post('/account/keys/new', { form_token, key_name: 'x', password: PASSWORD })).text)[1];
	for (const change of [{ client: { origin: 'https://evil.example' } }, { client: { type: 'webauthn.get' } }, { flags: 0x40 }, { flags: 0x01 }, { site: 'evil.example' }])
		assert.equal((await add(key.made(await challenge(), change))).code, 'account_key_refused', JSON.stringify(change));
	const cut = key.made(await challenge());
	assert.equal((await add({ ...cut, authenticator_data: cut.authenticator_data.slice(0, 120) })).code, 'account_key_refused');
	await forget();
	const made = key.made(await challenge());
	assert.equal((await add(made)).status, 303);
	assert.equal((await add(made)).code, 'account_key_late');
	const other = await new Client(stack).signIn(account(), PASSWORD);
	const page = await other.submit('/account/keys/new', { key_name: 'stolen', password: PASSWORD });
	const stolen = await other.post('/account/keys', { form_token: await formToken(other), key_name: 'stolen',
		...key.made(/data-challenge="([\w-]+)"/.exec(page.text)[1]) }, { json: true });
	assert.deepEqual([stolen.status, stolen.code], [422, 'account_key_refused'], 'a key is of one account');
	await stack.sql(`INSERT INTO account_key (account_id, credential, credential_hash, algorithm, public_key, sign_count, name, created_at)
		SELECT a.id, seq, UNHEX(SHA2(CONCAT('many', seq), 256)), -7, 'x', 0, seq, UTC_TIMESTAMP() FROM account a, seq_1_to_9 WHERE a.login = '${login}'`);
	assert.equal((await client.post('/account/keys/new', { form_token, key_name: 'x', password: PASSWORD }, { json: true })).code, 'account_key_too_many');
});
test('removing one wants the password; somebody else\'s is not there', async () => {
	const { login, key } = await someone();
	const client = await signIn(login, key), stranger = await new Client(stack).signIn(account(), PASSWORD);
	const [[id]] = await stack.sql(`SELECT k.id FROM account_key k JOIN account a ON a.id = k.account_id WHERE a.login = '${login}'`);
	const where = `/account/keys/${id}/remove`;
	assert.equal((await stranger.get(where)).status, 404);
	await stranger.post(where, { form_token: await formToken(stranger), password: PASSWORD });
	for (const [password, code] of [['', 'password_missing'], ['not the one', 'password_wrong']])
		assert.equal((await client.post(where, { form_token: await formToken(client), password }, { json: true })).code, code);
	assert.equal(await countOf(`account_key WHERE id = ${id}`), 1);
	assert.match((await client.get(where)).words, /It is the only one you have/);
	for (let i = 0; i < 2; i++)
		assert.equal((await client.post(where, { form_token: await formToken(client), password: PASSWORD })).location, '/account?notice=key_removed', 'twice is no error');
	assert.equal(await countOf(`audit WHERE event = 'key_removed' AND actor = 'account:${login}'`), 1);
	assert.match((await waitMail(stack, `${login}@mailbox.example`, { count: 2 })).subject, /security key of your account was removed/);
	assert.ok(await signedIn(await new Client(stack).signIn(login, PASSWORD)));
});
test('a lost key: an admin lists and removes it, and its person is signed out everywhere', async () => {
	const { login, key } = await someone();
	const client = await signIn(login, key), waiting = await halfway(login);
	const [one] = JSON.parse(await stack.ctl('--json', 'account', 'key', 'list', '--login', login));
	assert.deepEqual([one.name, typeof one.id], ['by hand', 'number']);
	await assert.rejects(stack.ctl('account', 'key', 'remove', '--login', login, '--id', String(one.id + 1000), '--yes'), /no such security key/);
	await stack.ctl('account', 'key', 'remove', '--login', login, '--yes');
	assert.deepEqual([await signedIn(client), (await waiting.get('/sign-in/key', { json: true })).status], [false, 401]);
	assert.ok(await signedIn(await new Client(stack).signIn(login, PASSWORD)));
	assert.equal((await mailsFor(stack, `${login}@mailbox.example`)).length > 0, true);
});
test('an admin\'s password: first the key, then the page on which it is replaced', async () => {
	const { login, key } = await someone();
	stack.ctlInput('words of an admin', 'account', 'passwd', '--login', login, '--password-stdin');
	const client = new Client(stack);
	assert.equal((await client.submit('/sign-in', { login, password: 'words of an admin' })).location, '/sign-in/key');
	client.token = /name="form_token" value="([^"]*)"/.exec((await client.get('/sign-in/key')).text)[1];
	const change = { form_token: client.token, password: 'words of an admin', new_password: 'words of my own' };
	assert.equal((await client.post('/account/password', change, { json: true })).status, 401);
	assert.equal((await send(client, key.used(await ask(client)))).location, '/account/password');
	assert.ok(!await signedIn(client));
	assert.equal((await client.submit('/account/password', { password: 'words of an admin', new_password: 'words of my own' })).location, '/account?notice=password_changed');
	assert.ok(await signedIn(client));
});
test('a session that waits ends after a quarter of an hour, and is not among those that a person sees', async () => {
	const { login, key } = await someone();
	const client = await signIn(login, key), waiting = await halfway(login);
	assert.equal((await client.get('/account')).text.match(/<tr role="row">/g).length, 5, 'heads, and rows of one key and two sessions');
	await stack.sql(`UPDATE session SET expires_at = expires_at - INTERVAL 900 SECOND WHERE key_wanted`);
	assert.equal((await waiting.get('/sign-in/key', { json: true })).status, 401);
});
test('who is signed in, or nobody, is led on from the page that asks for a key', async () => {
	const client = await new Client(stack).signIn(account(), PASSWORD);
	assert.equal((await client.get('/sign-in/key')).location, '/sign-in?back=/');
	assert.equal((await client.get('/sign-in?back=/')).location, '/');
	assert.equal((await new Client(stack).get('/sign-in/key')).location, '/sign-in?back=/sign-in/key');
});
test('the Host header does not decide whom a key is for', async () => {
	const { login, key } = await someone();
	const client = await halfway(login);
	const answer = await client.post('/sign-in/key/challenge', { form_token: client.token }, { json: true, headers: { 'x-forwarded-host': 'evil.example', origin: 'http://evil.example' } });
	assert.equal(JSON.parse(answer.text).site, 'localhost');
	assert.ok(key);
});
test('no error in the logs', () => {
	assert.deepEqual(stack.complaints(), []);
});
