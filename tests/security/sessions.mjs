// sessions.mjs - signing in, staying signed in, signing out: cookies, fixation, forged forms, guessing of passwords and
// of logins. The stack believes to be behind TLS, so that cookies are those of an installation.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes, scryptSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Stack } from '../lib/stack.mjs';
import { Client, pageForms } from '../lib/client.mjs';
import { formToken } from '../lib/roles.mjs';
import { routes } from '../lib/routes.mjs';
import { fastcgi } from '../lib/fastcgi.mjs';
import { scratch } from '../lib/openssl.mjs';
import { at } from '../lib/steps.mjs';
import { mailsFor, waitMail } from '../lib/mail.mjs';

const COOKIE = '__Host-mailcert', VISITOR = '__Host-mailcert_visitor';
const PASSWORD = 'correct horse battery';

// Counts the derivations of passwords: a library that stands before OpenSSL's and writes a letter for each.
const dir = scratch();
const counted = path.join(dir, 'counted');
function counter() {
	const source = path.join(dir, 'count.c');
	fs.writeFileSync(source, `#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <fcntl.h>
		#include <stddef.h>
		#include <stdint.h>
		#include <unistd.h>
		int EVP_PBE_scrypt(const char *p, size_t pl, const unsigned char *s, size_t sl, uint64_t N, uint64_t r, uint64_t q, uint64_t m,
		    unsigned char *k, size_t kl)
		{
			int (*real)(const char *, size_t, const unsigned char *, size_t, uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *, size_t) =
			    dlsym(RTLD_NEXT, "EVP_PBE_scrypt");
			int fd = open("${counted}", O_WRONLY | O_APPEND | O_CREAT, 0600);
			char cost[2] = {'a' + (char)(63 - __builtin_clzl(N)), '0' + (char)r};

			if (fd >= 0 && write(fd, cost, 2) == 2)
				close(fd);
			return real(p, pl, s, sl, N, r, q, m, k, kl);
		}`);
	const built = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', path.join(dir, 'count.so'), source, '-ldl'], { encoding: 'utf8' });
	assert.equal(built.status, 0, built.stderr);
	return path.join(dir, 'count.so');
}
process.env.LD_PRELOAD = counter();
const stack = await Stack.start({ name: 'sessions', orders: 4, workers: 2, settings: { 'Web.BaseUrl': 'https://mailcert.example', 'Mail.PollMs': 100 } });
delete process.env.LD_PRELOAD;
const derived = () => fs.readFileSync(counted, 'utf8');

const people = ['guessed', 'locked', 'known', 'disabled', 'many', 'Case'];
for (const login of people)
	stack.ctlInput(PASSWORD, 'account', 'add', '--login', login, '--name', 'Nick', '--kind', 'customer', '--permanent', '--password-stdin');
await stack.sql("UPDATE account SET disabled_at = UTC_TIMESTAMP() WHERE login = 'disabled'");

const signedIn = (client) => client.get('/dashboard', { json: true }).then((answer) => answer.status === 200);
function thief(cookie) {
	const client = new Client(stack);
	client.cookies.set(COOKIE, cookie);
	return client;
}

// --- the cookie ----------------------------------------------------------------------------------------------------

test('cookies are for this host, for TLS, for HTTP alone, and not sent along from elsewhere', async () => {
	const client = new Client(stack);
	const lines = [];
	for (const answer of [await client.get('/sign-in'), await client.submit('/sign-in', { login: 'demo', password: stack.demo.CUSTOMER_PASSWORD })])
		lines.push(...answer.headers.get('set-cookie').split(/, (?=[\w-]+=)/));
	assert.deepEqual(lines.map((line) => line.split('=')[0]).sort(), [COOKIE, VISITOR].sort());
	for (const line of lines)
		assert.match(line, /^__Host-mailcert(_visitor)?=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
	const language = await client.submit('/dashboard', { language: 'pl' }, { action: '/language' });
	assert.match(language.headers.get('set-cookie'), /; HttpOnly; SameSite=Lax; Secure$/);
	assert.match((await client.get('/dashboard')).headers.get('strict-transport-security'), /^max-age=\d{8}/);
});

test('a session is 256 random bits, each time others, and stands in no page and no address', async () => {
	const ids = new Set();
	for (let i = 0; i < 5; i++) {
		const client = await new Client(stack).signIn();
		const id = client.cookies.get(COOKIE);
		assert.match(id, /^[\w-]{43}$/);
		ids.add(id);
		for (const where of ['/dashboard', '/account', '/certificates', '/tools', at(stack.orders[0])]) {
			const page = await client.get(where);
			assert.ok(!page.text.includes(id) && !(page.location ?? '').includes(id), where);
			assert.ok(!page.text.includes(Buffer.from(id, 'base64url').toString('hex')), where);
		}
	}
	assert.equal(ids.size, 5);
	const kept = (await stack.sql('SELECT HEX(id_hash) FROM session')).flat().join();
	for (const id of ids)
		assert.ok(!kept.includes(Buffer.from(id, 'base64url').toString('hex').toUpperCase()), 'the table opens nothing');
});

test('fixation: an id that was there before is not taken over', async () => {
	const planted = randomBytes(32).toString('base64url');
	const client = thief(planted);
	await client.get('/sign-in');
	client.cookies.set(COOKIE, planted); // the page had ended it; somebody plants it again
	const token = await formTokenOf(client);
	const answer = await client.post('/sign-in', { form_token: token, login: 'demo', password: stack.demo.CUSTOMER_PASSWORD });
	assert.equal(answer.status, 303);
	assert.notEqual(client.cookies.get(COOKIE), planted);
	assert.ok(await signedIn(client));
	assert.ok(!await signedIn(thief(planted)));
});
// The token of a visitor whose cookie is no session: what the page would say.
async function formTokenOf(client) {
	return createHash('sha256').update(Buffer.concat([Buffer.from('form'), Buffer.from(client.cookies.get(COOKIE), 'base64url')])).digest('base64url');
}

test('signing in again ends the session that this browser had', async () => {
	const client = await new Client(stack).signIn();
	const first = client.cookies.get(COOKIE);
	const token = await formToken(client);
	assert.equal((await client.post('/sign-in', { form_token: token, login: 'known', password: PASSWORD })).status, 303);
	assert.ok(await signedIn(client));
	assert.ok(!await signedIn(thief(first)));
});

test('a failed sign-in ends it too, and gives none', async () => {
	const client = await new Client(stack).signIn();
	const first = client.cookies.get(COOKIE);
	const answer = await client.post('/sign-in', { form_token: await formToken(client), login: 'known', password: 'not it, sorry' });
	assert.equal(answer.status, 422);
	assert.ok(!await signedIn(thief(first)));
});

test('signing out ends it at the server: a copied cookie opens nothing', async () => {
	const client = await new Client(stack).signIn();
	const copy = thief(client.cookies.get(COOKIE));
	assert.ok(await signedIn(copy));
	assert.equal((await client.submit('/dashboard', {}, { action: '/sign-out' })).status, 303);
	assert.ok(!client.cookies.has(COOKIE));
	assert.ok(!await signedIn(copy));
});

test('cookies of another form are nobody', async () => {
	const { cookies } = await new Client(stack).signIn();
	const good = cookies.get(COOKIE);
	for (const bad of [good.slice(1), `${good}A`, good.toLowerCase(), good.replace(/.$/, '='), `"${good}"`, Buffer.from(good, 'base64url').toString('hex'),
		'%00'.repeat(10), 'A'.repeat(43), 'A'.repeat(5000), good.slice(0, -1) + String.fromCharCode(good.charCodeAt(42) + 1)])
		assert.ok(!await signedIn(thief(bad)), bad);
	// Of two cookies of that name, one decides; none can be added to another's.
	const two = new Client(stack);
	two.cookies.set('x', `1; ${COOKIE}=${'A'.repeat(43)}; ${COOKIE}=${good}`);
	assert.ok(!await signedIn(two));
	const plain = new Client(stack); // the name without the prefix, as a neighbour in the domain could set it
	plain.cookies.set('mailcert', good);
	assert.ok(!await signedIn(plain));
});

// --- forged forms --------------------------------------------------------------------------------------------------

test('nobody is signed in by somebody else\'s form', async () => {
	const attacker = new Client(stack);
	const token = await formToken(attacker);
	const victim = new Client(stack);
	const fields = { login: 'demo', password: stack.demo.CUSTOMER_PASSWORD };
	for (const form_token of [undefined, '', token, 'x'.repeat(43)]) {
		const answer = await victim.post('/sign-in', form_token === undefined ? fields : { ...fields, form_token }, { json: true });
		assert.deepEqual([answer.status, answer.code], [403, 'form_token_invalid']);
	}
	assert.ok(!victim.cookies.has(COOKIE));
	// A neighbour in the domain can set a cookie without the prefix, and knows its token: it is not heeded.
	victim.cookies.set('mailcert_visitor', attacker.cookies.get(VISITOR));
	assert.equal((await victim.post('/sign-in', { ...fields, form_token: token })).status, 403);
});

test('a token is of one session: not of the one before, and not the session itself', async () => {
	const client = await new Client(stack).signIn();
	const token = await formToken(client);
	const id = client.cookies.get(COOKIE);
	assert.ok(!token.includes(id) && !id.includes(token));
	const again = await new Client(stack).signIn();
	for (const wrong of [token, id, Buffer.from(id, 'base64url').toString('hex')])
		assert.equal((await again.post('/language', { form_token: wrong, language: 'en' })).status, 403);
	assert.equal((await client.post('/language', { form_token: token, language: 'en' })).status, 303);
});

test('a token in the address instead of the body does not count', async () => {
	const client = await new Client(stack).signIn();
	const token = await formToken(client);
	assert.equal((await client.post(`/language?form_token=${token}`, { language: 'en' })).status, 403);
});

// --- guessing --------------------------------------------------------------------------------------------------------

// A sign-in from an address of one's choice: only nginx can say it, so the test speaks to the worker as nginx does.
async function signInFrom(address, login, password) {
	const visitor = 'guessing';
	const form_token = createHash('sha256').update(`form${visitor}`).digest('base64url');
	return fastcgi(stack, { REQUEST_METHOD: 'POST', REQUEST_URI: '/sign-in', REMOTE_ADDR: address, HTTP_ACCEPT: 'application/json',
		HTTP_COOKIE: `${VISITOR}=${visitor}`, CONTENT_TYPE: 'application/x-www-form-urlencoded' },
		new URLSearchParams({ form_token, login, password }).toString());
}
const codeOf = (answer) => (answer.status >= 400 ? JSON.parse(answer.body).error.code : 'ok');

test('section 9.22: ten wrong passwords from one address: it must wait, with the right one too; the owner elsewhere need not', async () => {
	for (let i = 0; i < 10; i++)
		assert.equal(codeOf(await signInFrom('192.0.2.10', 'guessed', `wrong ${i}`)), 'sign_in_refused');
	const before = derived().length;
	const answer = await signInFrom('192.0.2.10', 'guessed', PASSWORD);
	assert.deepEqual([answer.status, codeOf(answer)], [429, 'sign_in_throttled']);
	assert.ok(Number(answer.headers['retry-after']) > 0 && Number(answer.headers['retry-after']) <= 900);
	assert.equal(derived().length, before, 'no password is hashed for it');
	assert.equal(codeOf(await signInFrom('192.0.2.11', 'guessed', PASSWORD)), 'ok');
	assert.equal(codeOf(await signInFrom('2001:db8::1', 'guessed', PASSWORD)), 'ok');
	assert.equal(codeOf(await signInFrom('192.0.2.10', 'known', PASSWORD)), 'ok', 'another login from there');
});

test('after a quarter of an hour it is forgotten', async () => {
	await stack.sql('UPDATE sign_in_failure SET at = at - INTERVAL 15 MINUTE');
	assert.equal(codeOf(await signInFrom('192.0.2.10', 'guessed', PASSWORD)), 'ok');
});

test('section 9.22: 24 wrong passwords from many addresses: nobody guesses further, whatever address they name', async () => {
	for (let i = 0; i < 24; i++)
		assert.equal(codeOf(await signInFrom(`198.51.100.${i}`, 'locked', `wrong ${i}`)), 'sign_in_refused', String(i));
	assert.equal(codeOf(await signInFrom('203.0.113.1', 'locked', PASSWORD)), 'sign_in_throttled');
	const forwarded = await new Client(stack).submit('/sign-in', { login: 'locked', password: PASSWORD },
		{ json: true, headers: { 'x-forwarded-for': '203.0.113.2', 'x-real-ip': '203.0.113.3', forwarded: 'for=203.0.113.4', 'client-ip': '203.0.113.5' } });
	assert.equal(forwarded.code, 'sign_in_throttled');
});

test('one address that guesses at many logins must wait as well', async () => {
	await stack.sql("INSERT INTO sign_in_failure (at, login_hash, address) SELECT UTC_TIMESTAMP(), UNHEX(SHA2(seq, 256)), '192.0.2.99' FROM seq_1_to_100");
	assert.equal(codeOf(await signInFrom('192.0.2.99', 'known', PASSWORD)), 'sign_in_throttled');
});

test('past the pages, at the database, guessing is held up as well', () => {
	const password = fs.readFileSync(path.join(stack.dir, 'secrets/web'), 'utf8').trim();
	const answers = Array.from({ length: 30 }, (_, i) => spawnSync('mariadb', ['--no-defaults', '-S', stack.demo.DB_SOCKET, '-uweb', '-BN', stack.demo.DB_NAME, '-e',
		`CALL sign_in('many', REPEAT('${i % 10}', 32), NULL, REPEAT('s', 32), 1800, 43200, '192.0.2.${i}')`],
		{ encoding: 'utf8', env: { ...process.env, MYSQL_PWD: password } }));
	assert.deepEqual(answers.map((done) => /sign_in_\w+/.exec(done.stdout + done.stderr)?.[0]),
		[...Array(24).fill('sign_in_refused'), ...Array(6).fill('sign_in_throttled')]);
});

test('a login has one spelling: others fail and count for themselves', async () => {
	for (const login of ['case', 'CASE', 'Case ', ' Case', 'Cáse', 'Ｃase', 'Case\u200b'])
		assert.equal(codeOf(await signInFrom('192.0.2.77', login, PASSWORD)), 'sign_in_refused', login);
	assert.equal(codeOf(await signInFrom('192.0.2.77', 'Case', PASSWORD)), 'ok');
});

test('every sign-in and every refusal is an audit event, without the password', async () => {
	const events = await stack.sql("SELECT event, actor, address, detail FROM audit WHERE event IN ('signed_in', 'sign_in_refused')");
	assert.ok(events.some(([event, actor, address]) => event === 'sign_in_refused' && actor === 'login:guessed' && address === '192.0.2.10'));
	assert.ok(events.some(([event, actor, address]) => event === 'signed_in' && actor === 'account:guessed' && address === '192.0.2.11'));
	assert.ok(!JSON.stringify(events).includes(PASSWORD) && !JSON.stringify(events).includes('wrong 1'));
});

// --- does it exist? -----------------------------------------------------------------------------------------------

// What the workers' account asked of the database, by kind.
async function asked() {
	return (await stack.sql("SELECT SELECT_COMMANDS, UPDATE_COMMANDS, OTHER_COMMANDS FROM information_schema.USER_STATISTICS WHERE USER = 'web'"))[0].map(Number);
}

test('a login that exists, one that does not and one that is disabled: the same words, headers and work', async () => {
	const seen = [];
	for (const login of ['known', 'nobody-has-this', 'disabled', 'known', 'nobody-has-this']) {
		const before = derived().length;
		const answer = await signInFrom('192.0.2.50', login, 'not the password');
		const headers = { ...answer.headers };
		seen.push({ status: answer.status, body: answer.body, headers, derived: derived().slice(before) });
	}
	for (const one of seen)
		assert.deepEqual(one, seen[0]);
	assert.equal(seen[0].derived.length, 2, 'one derivation each');
	await stack.sql('SET GLOBAL userstat = 1');
	await signInFrom('192.0.2.51', 'known', 'not the password');
	const askedFor = async (login) => {
		const before = await asked();
		await signInFrom('192.0.2.51', login, 'not the password');
		return (await asked()).map((n, i) => n - before[i]);
	};
	const known = await askedFor('known');
	assert.ok(known.some((n) => n > 0), 'nothing was counted');
	assert.deepEqual(known, await askedFor('nobody-has-this'), 'the database is asked the same');
	assert.deepEqual(known, await askedFor('disabled'));
});

test('the salt of a login that does not exist is the same each time, and of no other form', async () => {
	const password = fs.readFileSync(path.join(stack.dir, 'secrets/web'), 'utf8').trim();
	const salt = (login) => spawnSync('mariadb', ['--no-defaults', '-S', stack.demo.DB_SOCKET, '-uweb', '-BN', stack.demo.DB_NAME, '-e',
		`CALL sign_in_begin('${login}', '192.0.2.60')`], { encoding: 'buffer', env: { ...process.env, MYSQL_PWD: password } }).stdout;
	assert.ok(salt('ghost').equals(salt('ghost')));
	assert.ok(!salt('ghost').equals(salt('ghost2')));
	assert.ok(salt('known').length > 10 && salt('ghost').length > 10);
});

test('nothing else says who has an account: pages, headers and statuses for strangers are the same for all', async () => {
	const stranger = new Client(stack);
	for (const where of ['/account/known', '/accounts/known', '/users/known', '/sign-in?login=known', '/sign-in?back=/account'])
		assert.equal((await stranger.get(where)).words.includes('Nick'), false, where);
});

// --- passwords ------------------------------------------------------------------------------------------------------

function account(password, { login = `n${Math.random().toString(36).slice(2)}`, more = ['--permanent'] } = {}) {
	const done = spawnSync(path.join(stack.env.B, 'mailcertctl'), ['--config', path.join(stack.dir, 'mailcert.hdf'), 'account', 'add', '--login', login,
		'--name', 'Nick', '--kind', 'customer', ...more, '--password-stdin'], { input: `${password}\n`, encoding: 'utf8' });
	return { login, status: done.status, err: done.stderr };
}
test('a password has twelve letters at least; all letters, blanks and length count', async () => {
	assert.notEqual(account('eleven char').status, 0);
	assert.notEqual(account('ż'.repeat(11)).status, 0, 'eleven letters of two octets');
	assert.notEqual(account('A'.repeat(129)).status, 0);
	assert.match(account('password1234').err, /a common one/);
	assert.match(account('123456789012').err, /a common one/);
	for (const password of ['twelve chars', `${'long '.repeat(20)}end`, 'zażółć gęślą jaźń', '😀😀😀😀😀😀😀😀😀😀😀😀', '  blanks  around  ', 'A'.repeat(128)]) {
		const { login, status, err } = account(password);
		assert.equal(status, 0, err);
		assert.equal(codeOf(await signInFrom('192.0.2.70', login, password)), 'ok', password);
		for (const wrong of [password.slice(0, -1), `${password}x`, password.toUpperCase() === password ? password.toLowerCase() : password.toUpperCase()])
			if (wrong !== password)
				assert.equal(codeOf(await signInFrom('192.0.2.71', login, wrong)), 'sign_in_refused', wrong);
	}
});
test('a person changes their password: the present one is wanted, all other sessions end if they wish', async () => {
	const { login } = account(PASSWORD);
	const client = await new Client(stack).signIn(login, PASSWORD);
	const elsewhere = await new Client(stack).signIn(login, PASSWORD);
	const change = (fields, options) => client.submit('/account', fields, { action: '/account/password', ...options });
	for (const [fields, code] of [[{ password: 'not the one', new_password: 'another password' }, 'password_wrong'],
		[{ password: '', new_password: 'another password' }, 'password_missing'], [{ password: PASSWORD, new_password: 'short' }, 'password_short'],
		[{ password: PASSWORD, new_password: 'x'.repeat(129) }, 'password_long'], [{ password: PASSWORD }, 'password_short'],
		[{ password: PASSWORD, new_password: 'Administrator1!' }, 'password_common']]) {
		const page = await change(fields);
		assert.equal(page.status, 422);
		assert.match(page.title, /^Error:/);
		assert.equal((await change(fields, { json: true })).code, code);
	}
	assert.ok(await signedIn(elsewhere));
	const done = await change({ password: PASSWORD, new_password: 'another password', others: 'yes' });
	assert.deepEqual([done.status, done.location], [303, '/account?notice=password_changed']);
	assert.ok(await signedIn(client) && !await signedIn(elsewhere));
	await assert.rejects(new Client(stack).signIn(login, PASSWORD), /422/);
	const third = await new Client(stack).signIn(login, 'another password');
	assert.equal((await client.submit('/account', {}, { action: '/account/sign-out-others' })).status, 303);
	assert.ok(await signedIn(client) && !await signedIn(third));
});
// The open sessions that a person's page shows, and the forms that end them.
async function shown(client) {
	const page = await client.get('/account');
	return { page, rows: page.text.split('<tr role="row">').slice(2), ends: pageForms(page.text).map((form) => form.action).filter((one) => /^\/account\/sessions\//.test(one)) };
}
test('a person sees each of their open sessions and ends one of them; others are not theirs', async () => {
	const { login } = account(PASSWORD), stranger = account(PASSWORD);
	const client = await new Client(stack).signIn(login, PASSWORD);
	assert.deepEqual((await shown(client)).ends, [], 'this one is ended by signing out');
	const elsewhere = await new Client(stack).signIn(login, PASSWORD);
	const third = new Client(stack);
	const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 <b>"' };
	await third.post('/sign-in', { form_token: await formToken(third), login, password: PASSWORD }, { headers });
	const { page, rows, ends } = await shown(client);
	assert.equal(rows.length, 3);
	assert.match(rows[0], /This one/);
	assert.ok(rows.some((row) => row.includes('Firefox, Linux')), rows.join());
	assert.equal(ends.length, 2);
	for (const secret of [client, elsewhere, third].map((one) => one.cookies.get(COOKIE)))
		for (const form of [secret, Buffer.from(secret, 'base64url').toString('hex'), createHash('sha256').update(Buffer.from(secret, 'base64url')).digest('hex')])
			assert.ok(!page.text.toLowerCase().includes(form.toLowerCase()));

	const other = await new Client(stack).signIn(stranger.login, PASSWORD);
	const token = await formToken(other);
	const asked = [ends[0], '/account/sessions/ffffffffffffffff/end', `/account/sessions/${'f'.repeat(300)}/end`, '/account/sessions/%C5%BC/end'];
	const answers = await Promise.all(asked.map((where) => other.post(where, { form_token: token }, { json: true })));
	assert.deepEqual(answers.map(({ status, text }) => [status, text]), Array(4).fill([404, answers[1].text]));
	assert.ok(await signedIn(elsewhere) && await signedIn(third));

	const firefox = pageForms(rows.find((row) => row.includes('Firefox')))[0].action;
	for (let i = 0; i < 2; i++) {
		const done = await client.post(firefox, { form_token: await formToken(client) });
		assert.deepEqual([done.status, done.location], [303, '/account?notice=one_signed_out'], 'twice is no error');
	}
	assert.ok(await signedIn(client) && await signedIn(elsewhere) && !await signedIn(third));
	assert.equal((await shown(client)).rows.length, 2);
	assert.equal((await client.post(ends.find((one) => one !== firefox), {}, { json: true })).code, 'form_token_invalid');
	assert.ok(await signedIn(elsewhere));
});
test('a changed password is told by mail, whoever changed it: when and whose, without a secret or a link', async () => {
	const { login } = account(PASSWORD);
	await stack.ctl('account', 'email', '--login', login, '--email', `${login}@mailbox.example`);
	const client = await new Client(stack).signIn(login, PASSWORD);
	assert.ok((await client.get('/account')).words.includes(`${login}@mailbox.example`));
	const wish = 'yet another password';
	assert.equal((await client.submit('/account', { password: 'not the one', new_password: wish }, { action: '/account/password' })).status, 422);
	assert.equal((await client.submit('/account', { password: PASSWORD, new_password: wish }, { action: '/account/password' })).status, 303);
	stack.ctlInput('the admin made this', 'account', 'passwd', '--login', login);
	await stack.ctl('account', 'email', '--login', login, '--email', `${login}@elsewhere.example`);
	const mails = [1, 2, 3].map((count) => waitMail(stack, `${login}@mailbox.example`, { count }));
	const subjects = (await Promise.all(mails)).map((mail) => mail.subject);
	assert.deepEqual(subjects, ['Your password was changed', 'Your password was changed', 'E-mails about your account go to another address now']);
	for (const mail of await Promise.all(mails)) {
		assert.ok(mail.text.includes(login) && /\d{4}-\d\d-\d\d \d\d:\d\d UTC/.test(mail.text), mail.text);
		assert.ok(!/https?:/.test(mail.text) && !/href="(?!mailto:)/.test(mail.html), mail.html);
		for (const secret of [PASSWORD, wish, 'the admin made this', client.cookies.get(COOKIE)])
			assert.ok(!mail.raw.includes(secret), secret);
	}
	assert.equal((await mailsFor(stack, `${login}@mailbox.example`)).length, 3, 'a refused change is none');
});
test('a password that an admin made opens only the page on which it is replaced', async () => {
	const { login, err } = account(PASSWORD, { more: [] }), mine = 'a password of my own';
	assert.equal(err, '');
	const [[days]] = await stack.sql(`SELECT ROUND(TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), password_until) / 24) FROM account WHERE login = '${login}'`);
	assert.equal(days, '7');
	await stack.ctl('order', 'add', '--account', login, '--product', stack.demo.PRODUCT);
	const [[order]] = await stack.sql(`SELECT CONCAT(o.number, '/', o.item) FROM orders o JOIN account a ON a.id = o.account_id WHERE a.login = '${login}'`);
	const client = new Client(stack), change = (fields, options) => client.submit('/account/password', fields, { action: '/account/password', ...options });
	const entered = await client.submit('/sign-in', { login, password: PASSWORD, back: '/certificates' });
	assert.deepEqual([entered.status, entered.location], [303, '/account/password']);

	// Every address is as for nobody, but those that are for everybody.
	const form_token = await formToken(client);
	for (const { method, path: where, flags } of routes().filter((one) => !one.flags.includes('R_PUBLIC') && one.path !== '/account/password')) {
		const place = where.replace(':number/:item', order).replace(':file', 'certificate.pem').replace(/:\w+/g, '1');
		const answer = await client.request(method, place, { json: true, ...(method === 'POST' && { body: new URLSearchParams({ form_token, email: 'a@mailbox.example' }) }) });
		assert.equal(answer.status, 401, `${method} ${place} ${flags}: ${answer.text.slice(0, 100)}`);
		const html = await client.request(method, place, method === 'POST' ? { body: new URLSearchParams({ form_token }) } : {});
		assert.match(html.location ?? '', /^\/sign-in\?/, place);
		assert.equal((await client.get(html.location)).location, '/account/password');
	}
	assert.ok(!(await client.get('/tools')).text.includes('action="/sign-out"'), 'no menu either');
	const page = await client.get('/account/password');
	assert.equal(page.status, 200);
	assert.ok(!page.text.includes('<nav') && page.text.includes('action="/sign-out"'), page.text);
	await client.post('/language', { form_token, language: 'pl', back: '/account/password' });
	assert.match((await client.get('/account/password')).title, /^Ustaw własne hasło/);
	await client.post('/language', { form_token, language: 'en' });

	// It does not become the person's own, and what they take instead is judged as ever.
	for (const [fields, code] of [[{ password: PASSWORD, new_password: PASSWORD }, 'password_unchanged'], [{ password: PASSWORD, new_password: 'short' }, 'password_short'],
		[{ password: 'not the one', new_password: mine }, 'password_wrong']]) {
		const again = await change(fields);
		assert.deepEqual([again.status, /^Error: Choose your own password/.test(again.title)], [422, true]);
		assert.equal((await change(fields, { json: true })).code, code);
	}
	const elsewhere = new Client(stack);
	await elsewhere.submit('/sign-in', { login, password: PASSWORD });
	assert.deepEqual((({ status, location }) => [status, location])(await change({ password: PASSWORD, new_password: mine })), [303, '/account?notice=password_changed']);
	assert.ok(await signedIn(client) && !await signedIn(elsewhere));
	assert.equal((await client.get('/account/password')).location, '/account');
	assert.equal((await client.get(at(order))).status, 200);
	await assert.rejects(new Client(stack).signIn(login, PASSWORD), /422/);
	assert.ok(await signedIn(await new Client(stack).signIn(login, mine)));

	// An admin's new one is for one sign-in again; signing out of that session ends it.
	stack.ctlInput('the second one', 'account', 'passwd', '--login', login, '--days', '1');
	assert.ok(!await signedIn(client));
	const out = await new Client(stack).signIn(login, 'the second one');
	assert.ok(!await signedIn(out));
	const session = out.cookies.get(COOKIE);
	assert.equal((await out.submit('/account/password', {}, { action: '/sign-out' })).status, 303);
	assert.equal((await thief(session).get('/account/password', { json: true })).status, 401);
});
test('and nothing any more when its time is over', async () => {
	const { login } = account(PASSWORD, { more: ['--days', '2'] });
	const client = await new Client(stack).signIn(login, PASSWORD);
	await stack.sql(`UPDATE account SET password_until = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE login = '${login}'`);
	assert.equal((await client.get('/account/password', { json: true })).status, 401, 'a session that was open');
	assert.equal(codeOf(await signInFrom('192.0.2.80', login, 'not the password')), 'sign_in_refused');
	assert.equal(codeOf(await signInFrom('192.0.2.80', login, PASSWORD)), 'password_expired');
	const page = await new Client(stack).submit('/sign-in', { login, password: PASSWORD });
	assert.equal(page.status, 422);
	assert.ok(page.words.includes('its time is over'));
	assert.deepEqual(await stack.sql(`SELECT event, detail FROM audit WHERE actor = 'account:${login}' ORDER BY id DESC LIMIT 1`), [['sign_in_refused', 'password_expired']]);
	stack.ctlInput('a fresh password', 'account', 'passwd', '--login', login, '--permanent');
	assert.ok(await signedIn(await new Client(stack).signIn(login, 'a fresh password')), 'a permanent one opens all at once');
	assert.notEqual(account(PASSWORD, { more: ['--days', '2', '--permanent'] }).status, 0);
	assert.notEqual(account(PASSWORD, { more: ['--days', '31'] }).status, 0);
});
test('who found an open session cannot guess the password with it', async () => {
	const { login } = account(PASSWORD);
	const client = await new Client(stack).signIn(login, PASSWORD);
	const codes = [];
	for (let i = 0; i < 11; i++)
		codes.push((await client.submit('/account', { password: `wrong ${i}`, new_password: 'another password' }, { action: '/account/password', json: true })).code);
	assert.deepEqual(codes, [...Array(10).fill('password_wrong'), 'sign_in_throttled']);
});
test('a password that was hashed for less is hashed anew by the next sign-in', async () => {
	const { login } = account(PASSWORD);
	const salt = randomBytes(16);
	const old = scryptSync(PASSWORD, salt, 32, { N: 32768, r: 8, p: 1, maxmem: 1 << 27 });
	await stack.sql(`UPDATE account SET salt = 0x${salt.toString('hex')}, cost = 15, verifier = UNHEX(SHA2(0x${old.toString('hex')}, 256)) WHERE login = '${login}'`);
	assert.equal(codeOf(await signInFrom('192.0.2.72', login, 'not the password')), 'sign_in_refused');
	for (let i = 0; i < 2; i++)
		assert.equal(codeOf(await signInFrom('192.0.2.72', login, PASSWORD)), 'ok');
	const [[cost, same]] = await stack.sql(`SELECT cost, salt = 0x${salt.toString('hex')} FROM account WHERE login = '${login}'`);
	assert.deepEqual([cost, same], ['16', '0']);
});
// What is kept of a password, by another program: SHA-256(HMAC-SHA-256(pepper, scrypt(password, salt))).
const PEPPER = fs.readFileSync(path.join(stack.dir, 'secrets/pepper'), 'utf8').trim();
const scryptOf = (password, salt) => scryptSync(password, salt, 32, { N: 65536, r: 8, p: 1, maxmem: 1 << 28 });
const sha256 = (octets) => createHash('sha256').update(octets).digest('hex').toUpperCase();
const kept = (password, salt, pepper = PEPPER) => sha256(createHmac('sha256', pepper).update(scryptOf(password, salt)).digest());
const row = async (login) => (await stack.sql(`SELECT HEX(salt), HEX(verifier) FROM account WHERE login = '${login}'`)).map(([salt, verifier]) => ({ salt: Buffer.from(salt, 'hex'), verifier }))[0];
test('what the database keeps of a password wants a pepper that it has not: an admin\'s, one\'s own, and one from before', async () => {
	const { login } = account(PASSWORD);
	let { salt, verifier } = await row(login);
	assert.equal(verifier, kept(PASSWORD, salt), 'set by an admin');
	const client = await new Client(stack).signIn(login, PASSWORD);
	assert.deepEqual(await row(login), { salt, verifier }, 'nothing to be renewed');
	await client.submit('/account', { password: PASSWORD, new_password: 'another password' }, { action: '/account/password' });
	({ salt, verifier } = await row(login));
	assert.equal(verifier, kept('another password', salt), 'set by its person');

	// As of a version that had no pepper. A wrong password moves nothing, the right one does, once.
	const plain = async (password) => {
		salt = randomBytes(16);
		await stack.sql(`UPDATE account SET salt = 0x${salt.toString('hex')}, verifier = 0x${sha256(scryptOf(password, salt))} WHERE login = '${login}'`);
	};
	await plain(PASSWORD);
	assert.equal(codeOf(await signInFrom('192.0.2.90', login, 'not the password')), 'sign_in_refused');
	assert.deepEqual((await row(login)).salt, salt);
	assert.equal(codeOf(await signInFrom('192.0.2.90', login, PASSWORD)), 'ok');
	const moved = await row(login);
	assert.notDeepEqual(moved.salt, salt);
	assert.equal(moved.verifier, kept(PASSWORD, moved.salt));
	assert.equal(codeOf(await signInFrom('192.0.2.90', login, PASSWORD)), 'ok');
	assert.deepEqual(await row(login), moved);
	await plain(PASSWORD);
	const change = { password: PASSWORD, new_password: 'yet another password' };
	assert.equal((await client.submit('/account', change, { action: '/account/password' })).status, 303, 'changed without signing in again');
	({ salt, verifier } = await row(login));
	assert.equal(verifier, kept('yet another password', salt));
});
test('without the pepper, or with another one, no worker starts or no password fits; the mark tells the two apart', async () => {
	const { login } = account(PASSWORD), { salt, verifier } = await row(login);
	assert.notEqual(sha256(scryptOf(PASSWORD, salt)), verifier);
	assert.notEqual(kept(PASSWORD, salt, `${PEPPER}x`), verifier);
	const config = path.join(dir, 'pepper.hdf'), other = path.join(dir, 'pepper'), run = (program, ...args) => spawnSync(path.join(stack.env.B, program), ['--config', config, ...args], { encoding: 'utf8' });
	fs.writeFileSync(config, `${fs.readFileSync(path.join(stack.dir, 'mailcert.hdf'), 'utf8')}\nWeb.PepperFile = ${other}\n`);
	for (const [text, says] of [[undefined, /start: config_invalid: .*pepper/], ['too short\n', /a pepper of 32 characters or more is wanted/]]) {
		if (text)
			fs.writeFileSync(other, text, { mode: 0o600 });
		const { status, stderr } = run('mailcert-web');
		assert.equal(status, 1);
		assert.match(stderr, says);
	}
	fs.writeFileSync(other, `${PEPPER.replace(/./, 'x')}\n`);
	const marks = [run('mailcertctl', 'account', 'pepper').stdout.trim(), (await stack.ctl('account', 'pepper')).trim()];
	assert.ok(marks.every((mark) => /^[0-9a-f]{16}$/.test(mark)) && marks[0] !== marks[1], marks.join());
});
test('a password is hashed by scrypt with N = 2^16, r = 8, its own salt, and is nowhere else', async () => {
	assert.match(derived(), /^(p8|q8)*q8$/, 'q is the 17th letter: 2^16; p is the one of the older hash above');
	const rows = await stack.sql('SELECT HEX(salt), HEX(verifier) FROM account');
	assert.equal(new Set(rows.map(([salt]) => salt)).size, rows.length);
	assert.equal(new Set(rows.map(([, verifier]) => verifier)).size, rows.length, 'equal passwords look unlike');
});

test('all stops, and the sanitizers have nothing to report', () => {
	assert.deepEqual(stack.stopNow(), []);
});
