// plans.mjs - no statement reads a growing table whole. On a database with some thousand orders: the plan of every query of
// sql/statements.def, and of every statement that whole journeys of a customer and of a partner made the database run,
// those inside its procedures included (read from its log of statements).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { ROOT, Stack, sleep } from '../lib/stack.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const ORDERS = Number(process.env.ROWS ?? 4000);
const MANY = 400; // rows: more than that read whole are a growing table's; every one of those holds more here
const keys = scratch();
let stack, customer, order, log;

// The statements of a .def, as the C compiler sees them: { name, account, text }.
function statementsOf(file) {
	const out = execFileSync('cc', ['-E', '-P', '-x', 'c', '-I', ROOT, '-'], { encoding: 'utf8',
		input: `#define STMT(name, account, params, text) %% name account text %%\n#include "sql/${file}"\n` });
	return out.split('%%').map((one) => /^\s*(\w+)\s+(\w+)\s+(".*")\s*$/s.exec(one)).filter(Boolean).map(([, name, account, strings]) =>
		({ name, account, text: [...strings.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, s]) => JSON.parse(`"${s}"`)).join('') }));
}

// A statement with something to find in place of each "?", by what stands before it.
function filled(text, facts) {
	const [number, item] = facts.order.split('/');
	return text.replace(/SHA2\(\?/g, `SHA2(X'${facts.secret}'`).replace(/partner_of\(\?, \?, \?, \?\)/g, `${facts.partner}`)
		.replace(/(\S+\s+\S+\s*)\?/g, (whole, before_) => {
			const value = /LIMIT\s*$/i.test(before_) ? '21' : /number = $/.test(before_) ? `'${number}'` : /item = $/.test(before_) ? `'${item}'`
				: /partner_id = $/.test(before_) ? facts.partner : /LIKE $/.test(before_) ? "'user-0000%'"
					: /id < $/.test(before_) ? '9223372036854775807' : /(order_id|o\.id) = $/.test(before_) ? facts.id : "1";
			return before_ + value;
		}).replace(/\?/g, '1');
}

// Rows of a plan that read many rows of a table from end to end.
const whole = (plan) => plan.filter((row) => ['ALL', 'index'].includes(row.type) && !/^</.test(row.table) && Number(row.rows) > MANY);

// What the database ran since `from`: { sql, plan }.
function logged(from) {
	const text = fs.readFileSync(log, 'utf8').slice(from);
	return text.split(/^# (?=User@Host: )/m).slice(1).filter((one) => !one.startsWith(`User@Host: ${os.userInfo().username}[`)).map((one) => ({
		user: /^User@Host: (\w+)/.exec(one)[1],
		examined: Number(/Rows_examined: (\d+)/.exec(one)[1]),
		routine: /^# Stored_routine: \w+\.(\w+)/m.exec(one)?.[1],
		plan: [...one.matchAll(/^# explain: (.*)$/gm)].map((m) => m[1].split('\t')).filter((row) => row[0] !== 'id')
			.map(([, , table, type, , key, , , rows]) => ({ table, type, key, rows })),
		sql: one.split('\n').filter((line) => !line.startsWith('#') && !/^(SET timestamp|use )/.test(line)).join(' ').trim(),
	}));
}

before(async () => {
	stack = await Stack.start({ name: 'plans', orders: 6 });
	customer = await new Client(stack).signIn();
	order = stack.takeOrder();
	for (const service of ['signer', 'mailer', 'callback'])
		await stack.tool('stop', service);
	stack.file = path.join(stack.dir, 'generate.sql');
	fs.writeFileSync(stack.file, `SET @orders = ${ORDERS};\n${fs.readFileSync(path.join(ROOT, 'tests/bench/generate.sql'), 'utf8')}
ANALYZE TABLE orders, mailbox, mailbox_value, activation, issuance, serial, certificate, revocation, caa_check, outbox, audit, audit_chain;`);
	await stack.tool('sql', stack.demo.DB_NAME, '-e', `SOURCE ${stack.file}`);
	// What is left to be sent or issued of the made-up orders is not what this is about.
	await stack.sql(`UPDATE outbox SET state = 'dropped' WHERE state = 'waiting'; UPDATE issuance SET state = 'returned' WHERE state = 'waiting'`);
	log = path.join(stack.dir, 'log', 'statements.log');
	await stack.sql(`SET GLOBAL slow_query_log_file = '${log}', GLOBAL log_slow_verbosity = 'query_plan,explain', GLOBAL log_slow_disabled_statements = '',
		GLOBAL log_slow_min_examined_row_limit = 0, GLOBAL long_query_time = 0, GLOBAL slow_query_log = 1`);
	await stack.tool('stop', 'web');
	for (const service of ['signer', 'mailer', 'callback', 'web'])
		await stack.tool('start', service);
});
after(() => stack?.stopNow());

test('the check itself sees a table read whole', async () => {
	const rows = await stack.sql("EXPLAIN SELECT COUNT(*) FROM orders WHERE customer_name LIKE '%x%'");
	assert.equal(whole(rows.map(([, , table, type, , key, , , n]) => ({ table, type, key, rows: n }))).length, 1);
});

test('every query of statements.def', async () => {
	const secret = Buffer.from(customer.cookies.get('mailcert'), 'base64url').toString('hex');
	const [[partner]] = await stack.sql('SELECT partner_id FROM orders WHERE partner_id IS NOT NULL GROUP BY 1 ORDER BY COUNT(*) DESC LIMIT 1');
	const [[id]] = await stack.sql('SELECT MAX(order_id) FROM certificate');
	// An admin's lists and the sweep of old rows look at all by their nature. PARTNER_PROBLEMS reads 2,000 open orders at most,
	// and with tables as small as these it may rather read one whole; tests/partner/many.mjs sees it with 100,000 orders.
	const queries = statementsOf('statements.def').filter(({ name, account, text }) => /^\s*SELECT/i.test(text)
		&& !['ADMIN', 'REPORT', 'RETENTION'].includes(account) && name !== 'PARTNER_PROBLEMS');
	assert.ok(queries.length > 30, `only ${queries.length} queries found`);
	const bad = [];
	for (const { name, text } of queries) {
		const rows = await stack.sql(`EXPLAIN ${filled(text, { secret, partner, id, order })}`);
		for (const row of whole(rows.map(([, , table, type, , key, , , n]) => ({ table, type, key, rows: n }))))
			bad.push(`${name}: ${JSON.stringify(row)}`);
	}
	assert.deepEqual(bad, []);
});

test('every statement of whole journeys, in procedures too', async () => {
	const email = 'plans@mailbox.example', bearer = { authorization: `Bearer ${stack.demo.PARTNER_KEY}` };
	const person = await new Client(stack).signIn();
	await verifiedMailbox(stack, person, order, email);
	await giveKey(person, order, makeCsr(keys, 'plans'));
	await submitActivation(person, order);
	await waitCertificate(person, order);
	for (const where of ['/dashboard', '/dashboard?tab=problems', '/certificates', '/certificates?q=plans', '/account', '/account/data', '/account/data-security-products', at(order)])
		assert.equal((await person.get(where)).status, 200, where);
	const posted = await new Client(stack).post('/partner/orders', { product: stack.demo.PRODUCT, partner_ref: 'plans-1', email: 'p@mailbox.example',
		customer_name: 'Plans' }, { headers: bearer, json: true });
	assert.equal(posted.status, 201, posted.text);
	for (const where of ['/partner/orders', '/partner/orders?q=plans'])
		assert.equal((await new Client(stack).get(where, { headers: bearer, json: true })).status, 200, where);
	assert.equal((await person.submit(at(order, '/revoke'), { reason: 'superseded', confirm: 'yes' })).status, 303);
	await sleep(3000); // the CRL, the mails, the seals, the metrics
	const statements = logged(0), users = new Set(statements.map((one) => one.user));
	for (const user of ['web', 'mailer', 'signer'])
		assert.ok(users.has(user), `nothing of ${user} was logged`);
	const routines = new Set(statements.map((one) => one.routine));
	for (const routine of ['mailbox_confirm', 'mailbox_answer', 'outbox_take', 'activation_submit', 'issuance_take', 'issuance_store_with', 'certificate_revoke', 'crl_begin'])
		assert.ok(routines.has(routine), `nothing inside ${routine} was logged, only inside ${[...routines]}`);
	// The log does not give every statement's plan, least of all in procedures; but how many rows were looked at, always. The
	// audit log is sealed from 20,000 events back on, for what was committed late: many, but never more. A CALL is the sum of its statements, which are there themselves.
	const bad = new Set();
	for (const one of statements.filter(({ sql }) => !/FROM audit a LEFT JOIN audit_chain|\] CALL /.test(sql)))
		if (one.examined > MANY || whole(one.plan).length > 0)
			bad.add(`${one.routine ?? one.user}: ${one.examined} rows: ${one.sql.slice(0, 300)} ${JSON.stringify(whole(one.plan))}`);
	assert.deepEqual([...bad], []);
});
