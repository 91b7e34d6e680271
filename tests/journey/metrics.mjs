// metrics.mjs - /healthz and /metrics: what they say while all is well, while an order goes its way, and while the signer
// or the database is away; that the counts outlive the workers; and that nobody but the listener for them gets them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Stack, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';
import { parse, value } from '../lib/prometheus.mjs';

const keys = scratch();
// Workers that end after fifty requests, so that counts must outlive them.
const stack = await Stack.start({ name: 'metrics', orders: 6, workers: 3, settings: { 'Web.RequestsPerWorker': 50, 'Db.Timeout': 2 } });
const customer = await new Client(stack).signIn();

async function scrape() {
	const answer = await fetch(stack.demo.METRICS_URL);
	assert.equal(answer.status, 200);
	assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
	return parse(await answer.text());
}
const requests = (metrics, method, route, status) => value(metrics, 'mailcert_http_requests_total', { method, route, status }) ?? 0;

test('/healthz is well, without signing in and whatever is accepted', async () => {
	for (const json of [true, false]) {
		const answer = await new Client(stack).get('/healthz', { json });
		assert.equal(answer.status, 200);
		assert.equal(answer.text, 'worker ok\ndatabase ok\nsigner ok\n');
	}
});

test('the text is what Prometheus reads, and names every figure that the guide promises', async () => {
	const metrics = await scrape();
	assert.equal(value(metrics, 'mailcert_up', { part: 'database' }), 1);
	assert.equal(value(metrics, 'mailcert_up', { part: 'signer' }), 1);
	assert.deepEqual(metrics.get('mailcert_queue_waiting').samples.map(({ labels }) => labels.queue), ['audit', 'callback', 'crl', 'issuance', 'outbox']);
	assert.ok(value(metrics, 'mailcert_crl_next_update_timestamp_seconds', { issuer: 'issuing-1' }) > Date.now() / 1000);
	const readme = fs.readFileSync(new URL('../../nginx/README.md', import.meta.url), 'utf8');
	for (const name of metrics.keys())
		assert.ok(readme.includes(`\`${name}\``), `${name} stands in nginx/README.md`);
});

test('requests are counted by route and status, over workers that come and go', async () => {
	const before = await scrape();
	for (let i = 0; i < 200; i++)
		await customer.get(i % 2 === 0 ? '/terms' : `/certificates/0000000000/b0${i % 9 + 1}`);
	await customer.request('HEAD', '/terms');
	await customer.get('/no/such/page');
	const after = await scrape();
	assert.equal(requests(after, 'GET', '/terms', '200') - requests(before, 'GET', '/terms', '200'), 101);
	assert.equal(requests(after, 'GET', '/certificates/:number/:item', '404') - requests(before, 'GET', '/certificates/:number/:item', '404'), 100);
	assert.equal(requests(after, '', '', '404') - requests(before, '', '', '404'), 1);
	// No address with a value in it became a label.
	assert.ok(![...after.get('mailcert_http_requests_total').samples].some(({ labels }) => /0000000000/.test(labels.route)));
	const statements = value(after, 'mailcert_db_statements_total') - value(before, 'mailcert_db_statements_total');
	assert.ok(statements >= 200, `${statements} statements`);
	assert.ok(value(after, 'mailcert_db_seconds_total') > value(before, 'mailcert_db_seconds_total'));
	const sum = 'mailcert_http_request_duration_seconds_sum', terms = { method: 'GET', route: '/terms' };
	assert.ok(value(after, sum, terms) > (value(before, sum, terms) ?? 0));
});

test('what happened to an order is counted once', async () => {
	const before = await scrape();
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'counted@mailbox.example');
	await customer.submit(at(order, '/activation/data'));
	await customer.submit(at(order, '/activation/method'), { method: 'csr' });
	assert.equal((await customer.submit(at(order, '/activation/key'), { csr: 'not a request' })).status, 422);
	await giveKey(customer, order, makeCsr(keys, 'counted'));
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
	const grown = async (name, labels) => value(await scrape(), name, labels) - value(before, name, labels);
	await until('the certificate is mailed', async () => await grown('mailcert_certificates_mailed_total') === 1);
	assert.equal(await grown('mailcert_certificates_issued_total'), 1);
	assert.equal(await grown('mailcert_mailbox_answers_total', { answer: 'yes' }), 1);
	assert.equal(await grown('mailcert_csr_refusals_total'), 1);
	assert.equal(await grown('mailcert_caa_checks_total', { decision: 'permitted' }), 1);
	assert.ok(await grown('mailcert_mails_total', { result: 'accepted' }) >= 1);
	assert.equal(await grown('mailcert_certificates_revoked_total'), 0);
});

test('events settle, and are still counted once', async () => {
	const before = await scrape();
	await new Client(stack).signIn();
	assert.equal(value(await scrape(), 'mailcert_sign_ins_total', { result: 'ok' }) - value(before, 'mailcert_sign_ins_total', { result: 'ok' }), 1);
	await stack.sql("INSERT INTO audit (at, actor, event) VALUES (UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, 'account:demo', 'signed_in')");
	for (let i = 0; i < 3; i++)
		assert.equal(value(await scrape(), 'mailcert_sign_ins_total', { result: 'ok' }) - value(before, 'mailcert_sign_ins_total', { result: 'ok' }), 2);
	// All of it is old enough now, so that the counts move on in the shared file.
	await until('31 seconds are over', async () => (await stack.sql("SELECT MAX(at) < UTC_TIMESTAMP(6) - INTERVAL 31 SECOND FROM audit WHERE event = 'signed_in'"))[0][0] === '1', 60);
	for (let i = 0; i < 3; i++)
		assert.equal(value(await scrape(), 'mailcert_sign_ins_total', { result: 'ok' }) - value(before, 'mailcert_sign_ins_total', { result: 'ok' }), 2);
});

test('nobody else gets the figures', async () => {
	for (const json of [true, false])
		assert.equal((await customer.get('/metrics', { json })).status, 404);
	for (const header of ['MAILCERT_LISTENER', 'Mailcert-Listener', 'MAILCERT-LISTENER'])
		assert.equal((await customer.get('/metrics', { headers: { [header]: 'metrics' } })).status, 404, header);
	// And the listener for them serves nothing else.
	for (const where of ['/', '/sign-in', '/metrics/', '/crl/issuing-1.crl', '/healthz'])
		assert.equal((await fetch(new URL(where, stack.demo.METRICS_URL), { redirect: 'manual' })).status, 404, where);
	assert.match(stack.demo.METRICS_URL, /^http:\/\/127\.0\.0\.1:/);
});

test('the account for them reads figures and nothing else', async () => {
	const metrics = (sql) => spawnSync('mariadb', ['--no-defaults', '-S', stack.demo.DB_SOCKET, '-umetrics', '-BN', stack.demo.DB_NAME, '-e', sql], {
		encoding: 'utf8', env: { ...process.env, MYSQL_PWD: fs.readFileSync(path.join(stack.dir, 'secrets/metrics'), 'utf8').trim() },
	});
	assert.equal(metrics('SHOW TABLES').stdout, 'metrics_crl\nmetrics_event\nmetrics_queue\n');
	for (const table of ['orders', 'audit', 'outbox', 'account', 'report_order', 'certificate'])
		assert.match(metrics(`SELECT * FROM ${table}`).stderr, /ERROR 1142 /, table);
	assert.match(metrics('SELECT actor FROM metrics_event').stderr, /ERROR 1054 /);
	assert.match(metrics("CALL sign_in_begin('demo', NULL)").stderr, /ERROR 1370 /);
	assert.match(metrics('DELETE FROM metrics_event').stderr, /ERROR 1142 /);
});

test('the signer away: both say so', async () => {
	await stack.tool('stop', 'signer');
	const answer = await customer.get('/healthz');
	assert.deepEqual([answer.status, answer.text, answer.headers.get('retry-after')], [503, 'worker ok\ndatabase ok\nsigner down\n', '5']);
	const metrics = await scrape();
	assert.deepEqual([value(metrics, 'mailcert_up', { part: 'signer' }), value(metrics, 'mailcert_up', { part: 'database' })], [0, 1]);
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'waits@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'waits'));
	await submitActivation(customer, order);
	const waiting = await until('a queue that waits', async () => {
		const now = await scrape();
		return value(now, 'mailcert_queue_oldest_seconds', { queue: 'issuance' }) > 0 && now;
	});
	assert.equal(value(waiting, 'mailcert_queue_waiting', { queue: 'issuance' }), 1);
	await stack.tool('start', 'signer');
	await waitCertificate(customer, order);
	assert.equal((await customer.get('/healthz')).status, 200);
	assert.equal(value(await scrape(), 'mailcert_queue_waiting', { queue: 'issuance' }), 0);
});

test('the database away: /healthz says so; /metrics still has what the workers counted', async () => {
	await stack.tool('stop', 'mariadb');
	const answer = await customer.get('/healthz');
	assert.equal(answer.status, 503);
	assert.match(answer.text, /^worker ok\ndatabase down\n/);
	const metrics = await scrape();
	assert.equal(value(metrics, 'mailcert_up', { part: 'database' }), 0);
	assert.ok(requests(metrics, 'GET', '/healthz', '503') >= 1);
	assert.ok(!metrics.has('mailcert_queue_waiting'), 'nothing is made up');
	await stack.tool('start', 'mariadb');
	await until('/healthz is well again', async () => (await customer.get('/healthz')).status === 200);
	assert.equal(value(await scrape(), 'mailcert_up', { part: 'database' }), 1);
});

test('the programs complained of nothing but that', async () => {
	assert.deepEqual(stack.complaints().filter((line) => !/database|incident/.test(line)), []);
	assert.deepEqual(stack.stopNow(), []);
});
