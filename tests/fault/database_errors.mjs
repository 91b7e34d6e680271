// database_errors.mjs - the database fails at every statement of sql/statements.def: deadlock, lock wait timeout, lost
// connection, before the statement took effect and after; once, so that we try again ourselves, and so often that people
// are asked to come back. Then in the middle of each transaction. The auditor of the chaos test holds the books against
// what people were told each time. The programs are of the build with fault points (make V=fault).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pageForms } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { ROOT, sleep, Stack, until } from '../lib/stack.mjs';
import { at, statuses } from '../lib/steps.mjs';
import { audit, chaosStack, rest } from './lib/chaos.mjs';
import { Experience, People, Post } from './lib/people.mjs';
import { freshCsr } from './lib/csr.mjs';
import { Authenticator } from '../lib/authenticator.mjs';
import { seeded } from './lib/seed.mjs';

const TICKS = { accept_terms: 'yes', accept_data: 'yes' };
const dir = scratch();
const faults = path.join(dir, 'faults');
// Statements of the programs that serve (an admin's commands are tried one by one below).
const STATEMENTS = [...fs.readFileSync(path.join(ROOT, 'sql/statements.def'), 'utf8').matchAll(/^STMT\((\w+), (\w+), \d+/gm)]
	.map(([, name, account]) => ({ name, account }));
const ADMIN = [...fs.readFileSync(path.join(ROOT, 'sql/statements_admin.def'), 'utf8').matchAll(/^STMT\((\w+), ADMIN/gm)]
	.map(([, name]) => name);

let place, stack, people, post, run = 0, words = [];

before(async () => {
	fs.mkdirSync(faults);
	place = await chaosStack({
		name: 'database_errors', orders: 40, workers: 2,
		settings: { 'Web.BaseUrl': 'http://localhost:{port}', 'Dns.Timeout': 1, 'Signer.PollMs': 100, 'Signer.Lease': 10, 'Callback.AllowPrivate': 1 },
		env: { B: path.join(ROOT, 'build/fault'), MAILCERT_DB_FAULTS: faults },
	});
	stack = place.stack;
	post = new Post(stack);
	people = new People({
		stack, chance: { ...seeded(1), chance: () => false }, journal: place.journal, experience: new Experience(), post,
		callback: place.receiver.url, patience: 60,
	});
});
after(() => {
	post?.close();
	place?.stop();
});

// From now on every statement meets these errors, in this order, once; then it goes its way.
function plan(words) {
	for (const name of fs.readdirSync(faults))
		fs.rmSync(path.join(faults, name));
	fs.writeFileSync(path.join(faults, 'plan'), words.join('\n') + '\n');
}
const attempts = (name) => fs.existsSync(path.join(faults, name)) ? fs.statSync(path.join(faults, name)).size : 0;

// A person's client that comes back soon.
function client() {
	const one = people.client();
	one.pause = 0.05;
	return one;
}
async function restart(service) {
	await stack.tool('stop', service);
	await stack.tool('start', service);
}

// All that a customer can do, and what the signer may say to it.
async function customerWalk(n) {
	const { journal } = people;
	const me = client();
	await me.signIn();
	journal.told('signed_in', null);
	const order = stack.takeOrder(), back = stack.takeOrder(), later = stack.takeOrder(), kin = stack.takeOrder();
	for (const where of ['/', '/account', '/account/data', '/account/data-security-products', '/dashboard?tab=problems', '/dashboard?tab=new', '/dashboard?tab=expiration', '/certificates',
		'/certificates?q=00', '/tools', '/tools', '/tools', '/healthz', at(order)])
		await me.get(where);
	const front = pageForms((await me.get('/account')).text).find((form) => form.action === '/language');
	await me.post('/language', [...front.hidden, ['language', 'en']]);
	await stack.sql('UPDATE session SET seen_at = seen_at - INTERVAL 70 SECOND');
	for (let i = 0; i < 4; i++)
		await me.get('/account');

	const email = `customer${n}@mailbox.example`;
	await people.mailboxGiven(me, order, email);
	await me.submit(at(order, '/email/done'), {}, { action: at(order, '/email/resend') });
	await people.holderAnswers(order, email);
	await me.submit(at(order, '/activation/data'));
	await me.submit(at(order, '/activation/method'), { method: 'csr' });
	for (let i = 0; i < 3; i++) {
		await me.submit(at(order, '/activation/key'), { csr: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----' });
		makeCsr(dir, `pasted${n}-${i}`);
		await me.submit(at(order, '/activation/key'), { csr: fs.readFileSync(path.join(dir, `pasted${n}-${i}.key`), 'utf8') });
		await me.post('/csr/check', { csr: freshCsr().pem });
	}
	await submitted(me, order, await people.keyGiven(me, order));
	await people.fetched(me, order, at(order, '/certificate.cer'));
	for (let i = 0; i < 3; i++)
		assert.equal((await me.get(at(order, '/chain.pem'))).status, 200);

	// One goes back to the person, two must wait for the DNS, which says nothing, while the signer is started anew: some
	// things it asks once. There is time to ask for one of them in a round; and one's key is blocked by its number, which
	// is found out when the DNS is back.
	// Their mails go out over one connection that breaks, so the second one goes back untouched.
	const boxes = [[back, `back${n}@mailbox.example`], [later, `later${n}@mailbox.example`], [kin, `kin${n}@alive.example`]];
	await stack.tool('stop', 'mailer');
	for (const [one, email] of boxes)
		await people.mailboxGiven(me, one, email);
	place.smtp.mood = 'cut';
	await stack.tool('start', 'mailer');
	await until('a mail that goes back untouched', () => attempts('OUTBOX_BACK') > words.length, 40);
	place.smtp.mood = 'good';
	for (const [one, email] of boxes)
		await people.holderAnswers(one, email);
	await stack.tool('stop', 'signer');
	const dns = await stack.pid('dns');
	process.kill(-dns, 'SIGSTOP');
	const key = await people.keyGiven(me, back);
	await submitted(me, back, key);
	await stack.sql(`INSERT INTO key_block (spki_sha256, source, added_at) VALUES (UNHEX('${key.spki}'), 'import', UTC_TIMESTAMP())`);
	await submitted(me, later, await people.keyGiven(me, later));
	const other = await people.keyGiven(me, kin);
	await submitted(me, kin, other);
	await stack.sql(`INSERT INTO key_block (spki_sha256, number_sha256, source, added_at)
		VALUES (UNHEX(REVERSE('${other.spki}')), UNHEX('${other.number}'), 'import', UTC_TIMESTAMP())`);
	for (let i = 0; i < 3; i++)
		await restart('signer');
	await until('an order that waits', async () => (await stack.sql("SELECT 1 FROM issuance WHERE last_code = 'caa_unreachable'")).length > 0, 40);
	await until('an order that had no turn', () => attempts('ISSUANCE_BACK') > words.length, 120);
	process.kill(-dns, 'SIGCONT');
	await until('an order that went back', async () => (await statuses(me, back))[1] === 'waiting_for_data', 40);
	await until('the command to get through', () => stack.ctl('queue', 'retry', 'issuance').then(() => true, () => false));
	await people.fetched(me, later, at(later, '/certificate.cer'));
	await until('the key that is known by its number', async () => (await statuses(me, kin))[1] === 'waiting_for_data', 60);

	journal.asked('revoked', order);
	assert.equal((await me.submit(at(order, '/revoke'), { reason: 'keyCompromise', confirm: 'yes' })).status, 303);
	journal.told('revoked', order);
	for (let i = 0; i < 3; i++)
		assert.equal((await me.get(at(order))).status, 200);
	const leave = pageForms((await me.get('/account')).text).find((form) => form.action === '/sign-out');
	await me.post('/sign-out', leave.hidden);
}
// A person of their own changes a password, which was derived for less than it costs today.
async function passwordWalk(n) {
	const login = `person${n}`, older = 'an older password', newer = 'a newer password';
	const salt = crypto.randomBytes(16);
	const derived = crypto.scryptSync(older, salt, 32, { N: 2 ** 14, r: 8, p: 1 });
	const verifier = `salt = UNHEX('${salt.toString('hex')}'), cost = 14, verifier = UNHEX(SHA2(UNHEX('${derived.toString('hex')}'), 256))`;
	await stack.sql(`INSERT INTO account SET login = '${login}', kind = 'customer', name = 'Person', ${verifier}`);
	let one;
	// That deriving anew fails hinders nobody.
	do {
		await stack.sql(`UPDATE account SET ${verifier} WHERE login = '${login}'`);
		one = await client().signIn(login, older);
		people.journal.told('signed_in', null);
	} while (attempts('ACCOUNT_PASSWORD_RENEW') <= words.length);
	assert.deepEqual(await stack.sql(`SELECT cost FROM account WHERE login = '${login}'`), [['16']]);
	await client().signIn(login, older); // another session, to be ended
	const ends = pageForms((await one.get('/account')).text).find((form) => form.action.startsWith('/account/sessions/'));
	assert.equal((await one.post(ends.action, ends.hidden)).status, 303);
	assert.equal((await one.submit('/account', {}, { action: '/account/sign-out-others' })).status, 303);
	const changed = await one.submit('/account', { password: older, new_password: newer }, { action: '/account/password' });
	// 422: the answer to an earlier try was lost, and the older password is the older one already.
	assert.ok([303, 422].includes(changed.status), `${changed.status}`);
	await client().signIn(login, newer);
	people.journal.told('signed_in', null);
}
// A person adds a security key, signs in with it and removes it. Where an answer was lost they begin again.
async function keyWalk(n) {
	const login = `keyed${n}`, password = 'words of kay', key = new Authenticator(stack.base);
	const salt = crypto.randomBytes(16);
	const derived = crypto.scryptSync(password, salt, 32, { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 });
	await stack.sql(`INSERT INTO account SET login = '${login}', kind = 'customer', name = 'Kay', salt = UNHEX('${salt.toString('hex')}'), cost = 16,
		verifier = UNHEX(SHA2(UNHEX('${derived.toString('hex')}'), 256))`);
	const mine = async () => (await stack.sql(`SELECT k.id FROM account_key k JOIN account a ON a.id = k.account_id WHERE a.login = '${login}'`)).flat();
	const token = (page) => /name="form_token" value="([^"]*)"/.exec(page.text)[1];
	const me = await client().signIn(login, password);
	people.journal.told('signed_in', null);
	// The first answer will not do.
	for (let origin = 'https://evil.example'; (await mine()).length === 0; origin = stack.base) {
		const page = await me.submit('/account/keys/new', { key_name: 'a key', password });
		const [, challenge] = /data-challenge="([\w-]+)"/.exec(page.text);
		const answer = await me.post('/account/keys', { form_token: token(page), key_name: 'a key', ...key.made(challenge, { client: { origin } }) });
		assert.ok([303, 422].includes(answer.status), `${answer.status}`);
	}
	let one, signedIn = false;
	while (!signedIn) {
		one = client();
		assert.equal((await one.submit('/sign-in', { login, password })).location, '/sign-in/key');
		const form_token = token(await one.get('/sign-in/key'));
		const asked = await one.post('/sign-in/key/challenge', { form_token }, { json: true });
		await one.post('/sign-in/key', { form_token, ...key.used(JSON.parse(asked.text).challenge) });
		signedIn = (await one.get('/account')).status === 200;
	}
	people.journal.told('signed_in', null);
	const [id] = await mine();
	assert.equal((await one.submit(`/account/keys/${id}/remove`, { password })).status, 303);
	assert.deepEqual(await mine(), []);
}
async function submitted(me, order, key) {
	people.journal.asked('submitted', order, { spki: key.spki });
	assert.equal((await me.submit(at(order, '/activation/summary'), TICKS)).status, 303);
	people.journal.told('submitted', order, { spki: key.spki });
}

// A partner's program, then the panel. shown: whether a key must be shown, or may be "made already".
async function partnerWalk(n, shown) {
	const { journal } = people;
	const program = client();
	await people.partner(program);
	const json = { json: true, headers: people.partnerKey };
	const { order } = await people.partnerPost(program, '/partner/orders',
		{ product: stack.demo.PRODUCT, partner_ref: `walk-${n}`, email: `walk${n}@partner.example`, callback: people.callback }, 'order');
	journal.told('ordered', order, { ref: `walk-${n}` });
	await people.partnerPost(program, `/partner/orders/${order}/email`, { email: `other${n}@partner.example` }, 'email');
	journal.told('email_confirmed', order, { email: `other${n}@partner.example` });
	journal.asked('cancelled', order);
	await people.partnerPost(program, `/partner/orders/${order}/cancel`, {}, 'cancel');
	journal.told('cancelled', order);
	for (const where of ['/partner/orders', `/partner/orders/${order}`])
		assert.equal((await program.get(where, json)).status, 200);

	const me = client();
	await me.signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	journal.told('signed_in', null);
	for (const where of ['/account/data', '/partner/dashboard', '/partner/orders/new', '/partner/orders.csv', '/partner/keys', '/partner/callbacks', '/partner/bulk'])
		assert.equal((await me.get(where)).status, 200, where);
	const csv = `partner_ref,product,email\nbulk-${n}-1,${stack.demo.PRODUCT},b1@partner.example\nbulk-${n}-2,${stack.demo.PRODUCT},b2@partner.example\n`;
	const { hidden } = await me.form('/partner/bulk');
	const bulk = await me.post('/partner/bulk', [...hidden, ['csv', csv], ['action', 'order']]);
	assert.equal(bulk.status, 303);
	assert.equal((await me.get(bulk.location)).status, 200);
	const [[made]] = await stack.sql(`SELECT COUNT(*) FROM orders WHERE partner_ref LIKE 'bulk-${n}-%'`);
	assert.equal(made, '2');

	const key = await me.submit('/partner/keys', { label: `key ${n}`, scopes: 'read', days: '3' });
	if (shown)
		assert.match(key.text, /mck_[\w-]{43}/, 'the key is shown');
	const end = pageForms((await me.get('/partner/keys')).text).find((form) => /\/keys\/\d+\/revoke$/.test(form.action));
	assert.equal((await me.post(end.action, end.hidden)).status, 303);
	const hook = await me.submit('/partner/callbacks', { url: `${people.callback}/${n}` });
	if (shown)
		assert.match(hook.text, /mcs_[\w-]{43}/, 'the secret is shown');
	const log = (await me.get('/partner/callbacks')).text;
	const [one] = /\/partner\/callbacks\/\d+(?=")/.exec(log);
	assert.equal((await me.submit(one, {}, { action: `${one}/replay` })).status, 303);
	assert.equal((await me.get(`/partner/callbacks?state=done`)).status, 200);
	assert.equal((await me.get(`/partner/callbacks?order=${order}`)).status, 200);
	const [[address]] = await stack.sql(`SELECT id FROM callback_address WHERE url LIKE '%/hook/${n}'`);
	const place = `/partner/callbacks/addresses/${address}`;
	assert.equal((await me.submit(place, { url: `${people.callback}/moved/${n}` })).status, 303);
	assert.equal((await me.submit(place, {}, { action: `${place}/secret` })).status, 200);
	assert.equal((await me.submit(place, {}, { action: `${place}/remove` })).status, 303);
	// Each choice in the list of orders has a statement of its own.
	const [[bulkId]] = await stack.sql('SELECT MAX(id) FROM bulk');
	for (const query of ['status=issued', 'status=expiring', `product=${stack.demo.PRODUCT}`, `bulk=${bulkId}`, 'q=b1'])
		assert.equal((await me.get(`/partner/orders?${query}`)).status, 200, query);
}

// Everything once, and rest. A list that was begun and not published is taken up again a minute later: the clock is
// helped.
async function everything(shown) {
	run++;
	await Promise.all([customerWalk(run), partnerWalk(run, shown), passwordWalk(run), keyWalk(run)]);
	const helped = setInterval(() => stack.sql('UPDATE crl SET this_update = this_update - INTERVAL 2 MINUTE WHERE published_at IS NULL')
		.catch(() => {}), 1000);
	try {
		await rest(stack);
		// Each look at the figures says what failed of them; the signer sweeps when it starts and once a minute.
		await until('all statements to have met all errors', async () => {
			const left = STATEMENTS.filter(({ name }) => attempts(name) < words.length);
			if (left.some(({ account }) => account === 'METRICS'))
				await (await fetch(stack.demo.METRICS_URL)).text();
			if (left.some(({ name }) => name === 'MAILBOX_SWEEP'))
				await restart('signer');
			return left.length === 0;
		}, 60).catch(() => {});
	} finally {
		clearInterval(helped);
	}
	assert.deepEqual(people.experience.wrong, [], 'nothing but 503 with Retry-After');
	assert.deepEqual(audit(stack, place.journal).violations, []);
}

const PLANS = {
	'once each: deadlock; lost without effect, and after it took effect': ['1213-before', '2006-before', '2013-after'],
	'so often that we give up, without effect; then after it took effect': [
		'1205-before', '1213-before', '2006-before', '2013-before', '2013-after', '2013-after', '2013-after', '2013-after'],
};
for (const [name, list] of Object.entries(PLANS)) {
	const patient = list.length < 4; // all of it within one call
	test(`every statement fails ${name}`, async () => {
		words = list;
		plan(words);
		const before = { ...people.experience.errors };
		await everything(patient);
		// One that answers by refusing has answered, as soon as it comes to that.
		const wanted = ({ name }) => name === 'ISSUANCE_KEY_CHECK' ? words.filter((word) => word.endsWith('-before')).length + 1 : words.length;
		const missed = STATEMENTS.filter((one) => attempts(one.name) < wanted(one)).map((one) => `${one.name} ${attempts(one.name)}`);
		assert.deepEqual(missed, [], 'statements that did not meet all of it; a new one needs its step in this test');
		if (patient)
			assert.deepEqual(people.experience.errors, before, 'nobody noticed');
		else
			assert.ok((people.experience.errors[503] ?? 0) - (before[503] ?? 0) > 50, 'people were asked to come back');
	});
}

test('a lock wait timeout in the middle of each transaction, at its audit event: nothing is half done', async () => {
	words = [];
	plan([]);
	// A table that no rollback touches remembers which events met the error.
	await stack.sql(`CREATE TABLE fault_seen (event VARCHAR(40) CHARACTER SET ascii PRIMARY KEY) ENGINE=MyISAM;
		DELIMITER //
		CREATE TRIGGER fault_audit BEFORE INSERT ON audit FOR EACH ROW
		IF NOT EXISTS (SELECT 1 FROM fault_seen WHERE event = NEW.event) THEN
			INSERT INTO fault_seen VALUES (NEW.event);
			SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'as planned';
		END IF //
		DELIMITER ;`);
	const before = { ...people.experience.errors };
	await everything(true);
	assert.deepEqual(people.experience.errors, before, 'nobody noticed');
	const events = (await stack.sql('SELECT event FROM fault_seen')).map(([event]) => event);
	for (const event of ['email_saved', 'email_confirmed', 'mailbox_verified', 'activation_submitted', 'certificate_issued',
		'certificate_revoked', 'crl_begun', 'order_added', 'order_cancelled', 'mail_accepted', 'signed_in', 'issuance_refused'])
		assert.ok(events.includes(event), event);
	await stack.sql('DROP TRIGGER fault_audit; DROP TABLE fault_seen');
});

test('a statement that takes too long is ended by the server, and its transaction with it', async () => {
	const me = client();
	await me.signIn();
	people.journal.told('signed_in', null);
	const order = stack.takeOrder();
	await stack.sql(`DELIMITER //
		CREATE TRIGGER fault_audit BEFORE INSERT ON audit FOR EACH ROW
		IF NEW.event = 'email_saved' AND NEW.detail LIKE 'slow%' THEN DO SLEEP(20); END IF //
		DELIMITER ;`);
	const { hidden } = await me.form(at(order, '/email'));
	const slow = await me.attempt('POST', at(order, '/email'), { body: new URLSearchParams([...hidden, ['email', 'slow@mailbox.example']]) });
	assert.equal(slow, null, '503');
	assert.deepEqual(people.experience.wrong, []);
	// Whatever comes next over that connection must not commit it.
	for (let i = 0; i < 6; i++)
		await me.submit(at(stack.orders.at(-1 - i), '/email'), { email: `next${i}@mailbox.example` });
	assert.deepEqual(await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), [['NULL']]);
	await stack.sql('DROP TRIGGER fault_audit');
});

// mailcertctl: each command in the build with fault points, whose every statement fails once before and once after.
const COMMANDS = [
	['db', 'migrate'], ['db', 'status'], ['account', 'list'], ['partner', 'add', '--name', 'faulty', '--title', 'Faulty Ltd'],
	['partner', 'list'], ['partner', 'key', 'add', '--partner', 'faulty'], ['partner', 'key', 'list'],
	['partner', 'key', 'revoke', '--id', 'KEY', '--yes'], ['order', 'add', '--account', 'demo', '--product', 'smime-mailbox-365', '--count', '3'],
	['order', 'list'], ['order', 'show', 'ORDER'], ['order', 'cancel', 'ORDER', '--yes'], ['certificate', 'list'],
	['certificate', 'show', 'ISSUED'], ['certificate', 'show', 'ISSUED', '--pem'], ['certificate', 'revoke', 'ISSUED', '--reason', 'superseded', '--yes'],
	['queue'], ['queue', 'outbox'], ['queue', 'issuance'], ['queue', 'retry', 'outbox'], ['queue', 'retry', 'issuance'], ['ca', 'show'],
	['ca', 'register'], ['audit', 'list'], ['audit', 'status'], ['audit', 'export', '-'],
];
test("an admin's commands, whose statements fail once without and once with effect", async () => {
	const met = new Set();
	const fill = { ORDER: stack.orders.at(-1) };
	[[fill.ISSUED]] = await stack.sql(`SELECT CONCAT(o.number, '/', o.item) FROM certificate c JOIN orders o ON o.id = c.order_id
		WHERE c.revoked_at IS NULL LIMIT 1`);
	people.journal.asked('cancelled', fill.ORDER);
	people.journal.asked('revoked', fill.ISSUED);
	const count = async () => Number((await stack.sql('SELECT COUNT(*) FROM orders'))[0][0]);
	const orders = await count();
	for (const command of COMMANDS) {
		[[fill.KEY]] = await stack.sql('SELECT MAX(id) FROM partner_key');
		words = ['1213-before', '2013-after'];
		plan(words);
		await stack.ctl(...command.map((word) => fill[word] ?? word));
		fs.readdirSync(faults).filter((name) => ADMIN.includes(name) && attempts(name) > words.length).forEach((name) => met.add(name));
	}
	plan([]);
	for (const [login, more] of [['faulty', []], ['faulty-partner', ['--kind', 'partner', '--partner', 'faulty']]])
		stack.ctlInput('words of nobody', 'account', 'add', '--login', login, '--name', 'Faulty', ...more, '--password-stdin');
	assert.equal(await count() - orders, 3, 'three orders, not six');
	assert.deepEqual(await stack.sql("SELECT COUNT(*) FROM partner_key k JOIN partner p ON p.id = k.partner_id WHERE p.name = 'faulty'"), [['1']]);
	await rest(stack);
	assert.deepEqual(audit(stack, place.journal).violations, []);
	const CALLS = ADMIN.filter((name) => /^ADMIN_(ORDER_ADD|ORDER_CANCEL|PARTNER_ADD|PARTNER_KEY_ADD|PARTNER_KEY_REVOKE|OUTBOX_RETRY|ISSUANCE_RETRY|CERTIFICATE_REVOKE)$/.test(name));
	assert.deepEqual(CALLS.filter((name) => !met.has(name)), []);
});

test('no sanitizer complained', () => {
	const reports = place.stop();
	place = undefined;
	assert.deepEqual(reports, []);
});
