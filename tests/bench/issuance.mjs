// issuance.mjs - from a submitted order to a durable, linted certificate with its audit events and mail: by the signer alone,
// and through POSTs of the Summary; beside cfssl with the same MariaDB and a P-256 issuer, durable as well, beside the raw
// limits (signatures, commits). Whether the sealing of audit events keeps up.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { sleep, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { at } from '../lib/steps.mjs';
import { CONNECTIONS, commits, cookieOf, figure, keys, load, opensslSpeed, ratios, say, stackStart, start, stop, tokenRate } from './lib.mjs';
import { ordersMake, requestMake, sqlRun } from './orders.mjs';

const ORDERS = Number(process.env.BENCH_ORDERS ?? 2000);
const ROUNDS = 3;

const issued = (stack) => Number(sqlRun(stack, 'SELECT COUNT(*) FROM certificate;'));
const unsealed = (stack) => Number(sqlRun(stack, 'SELECT COUNT(*) FROM audit a LEFT JOIN audit_chain c ON c.event_id = a.id WHERE c.seq IS NULL;'));

// Certificates a second of the last n, when nothing waits any more: from the first batch that was stored to the last, by the
// times of their audit events. The first batch does not count, so no start-up does; the database is asked seldom meanwhile.
export async function issuanceRate(stack, n, first = issued(stack)) {
	await until(`${n} certificates`, () => issued(stack) >= first + n, 180, 300);
	return Number(sqlRun(stack, `WITH e AS (SELECT at FROM audit WHERE event = 'certificate_issued' ORDER BY id DESC LIMIT ${n})
SELECT SUM(at > (SELECT MIN(at) FROM e)) / (UNIX_TIMESTAMP(MAX(at)) - UNIX_TIMESTAMP(MIN(at))) FROM e;`));
}

// So many signers beside the stack's own one; stop(it) ends each.
export function signersMore(stack, n) {
	const config = fs.readFileSync(path.join(stack.dir, 'mailcert.hdf'), 'utf8');
	return Array.from({ length: n }, (_, i) => {
		const file = path.join(stack.dir, `signer-${i}.hdf`);
		fs.writeFileSync(file, config.replace(/^Signer\.Socket = .*$/m, `Signer.Socket = ${stack.demo.SIGNER_SOCKET}.${i}`));
		return start(path.join(stack.env.B, 'mailcert-signer'), ['--config', file],
			{ env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf') } });
	});
}

// The signers alone: they stand still while the orders are made, and nobody sends the mails from then on: each would be an
// event to seal.
export async function signerRound(stack, n, signers = 1) {
	await stack.tool('stop', 'mailer');
	await stack.tool('stop', 'signer');
	ordersMake(stack, n);
	const first = issued(stack), more = signersMore(stack, signers - 1);
	await stack.tool('start', 'signer');
	const rate = await issuanceRate(stack, n, first);
	more.forEach(stop);
	return rate;
}

// Through the Summary: the last POST of the wizard for each of n orders, as fast as they are taken; nobody sends the mails.
async function summaryRound(stack, customer, n) {
	await stack.tool('stop', 'mailer');
	const orders = ordersMake(stack, n, { submitted: false });
	const form = await customer.form(at(orders[0].order, '/activation/summary'));
	// The form token is the session's. Without the name of what was shown, what is saved counts.
	const { form_token: token } = Object.fromEntries(form.hidden);
	const body = new URLSearchParams({ form_token: token, accept_terms: 'yes', accept_data: 'yes' });
	const lua = path.join(keys, 'summary.lua');
	fs.writeFileSync(lua, `local orders = {\n${orders.map((o) => `"${at(o.order, '/activation/summary')}"`).join(',\n')}}
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Cookie"] = "${cookieOf(customer)}" }
local i = -1 -- wrk asks for one request that it does not send
request = function()
	i = i + 1
	if i >= 1 and i <= #orders then return wrk.format("POST", orders[i], headers, "${body}") end
	return wrk.format("GET", "/static/style.css")
end
delay = function() return i > #orders and 1000 or 0 end
`);
	const first = issued(stack), posts = start('wrk', ['-t1', `-c${CONNECTIONS}`, '-d120s', '-s', lua, stack.url]);
	const rate = await issuanceRate(stack, n, first);
	stop(posts); // it would go on to the end of its time
	return rate;
}

// cfssl serve: a P-256 issuer, its records in a database of the stack's MariaDB.
async function cfsslStart(stack) {
	const file = (name) => path.join(keys, name);
	sqlRun(stack, `CREATE DATABASE IF NOT EXISTS cfssl; CREATE OR REPLACE TABLE cfssl.certificates (serial_number VARBINARY(128) NOT NULL,
authority_key_identifier VARBINARY(128) NOT NULL, ca_label VARBINARY(128), status VARBINARY(128) NOT NULL, reason INT,
expiry TIMESTAMP DEFAULT '0000-00-00 00:00:00', revoked_at TIMESTAMP DEFAULT '0000-00-00 00:00:00', pem VARBINARY(4096) NOT NULL,
PRIMARY KEY (serial_number, authority_key_identifier)) ENGINE=InnoDB;
CREATE OR REPLACE USER cfssl@localhost IDENTIFIED BY 'bench'; GRANT ALL ON cfssl.* TO cfssl@localhost;`);
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=bench CA', '-days', '400',
		'-keyout', file('cfssl.key'), '-out', file('cfssl.pem')], { stdio: 'ignore' });
	fs.writeFileSync(file('cfssl.json'), JSON.stringify({ signing: { default: { expiry: '8760h', usages: ['email protection', 'digital signature'] } } }));
	fs.writeFileSync(file('cfssl-db.json'), JSON.stringify({ driver: 'mysql', data_source: `cfssl:bench@unix(${stack.demo.DB_SOCKET})/cfssl?parseTime=true` }));
	const port = await new Promise((resolve) => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port: p } = s.address(); s.close(() => resolve(p)); }); });
	const child = start('cfssl', ['serve', '-address', '127.0.0.1', '-port', String(port), '-ca', file('cfssl.pem'), '-ca-key', file('cfssl.key'),
		'-config', file('cfssl.json'), '-db-config', file('cfssl-db.json'), '-loglevel', '5']);
	const url = `http://127.0.0.1:${port}`;
	await until('cfssl answers', async () => fetch(`${url}/api/v1/cfssl/info`, { method: 'POST', body: '{}' }).then(() => true, () => false));
	const lua = file('cfssl.lua');
	fs.writeFileSync(lua, `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[${
		JSON.stringify({ certificate_request: requestMake().pem, hosts: ['bench@mailbox.example'] })}]]\n`);
	return { child, url, lua };
}
async function cfsslRound(stack, cfssl) {
	const before = Number(sqlRun(stack, 'SELECT COUNT(*) FROM cfssl.certificates;'));
	const { total, rate } = await load({ url: cfssl.url }, '/api/v1/cfssl/sign', { lua: cfssl.lua, seconds: 2 });
	if (Number(sqlRun(stack, 'SELECT COUNT(*) FROM cfssl.certificates;')) - before < total)
		throw new Error('cfssl did not keep what it signed');
	return rate;
}

async function rsaIssuer() {
	const stack = await stackStart({ env: { CA_KEY: 'rsa4096' } });
	const rates = [], memory = [], token = [];
	for (let i = 0; i < ROUNDS; i++) {
		memory.push(opensslSpeed('rsa4096').sign);
		token.push(await tokenRate(stack));
		rates.push(await signerRound(stack, 400));
	}
	figure('RSA-4096 issuer: certificates, one signer', rates, '/s');
	figure('RSA-4096 issuer: of the signatures the token gives one session', ratios(rates, token), 'ratio', { least: 0.90 });
	figure('RSA-4096 issuer: of the signatures OpenSSL gives with the key in memory', ratios(rates, memory), 'ratio');
	stack.stopNow();
}

export default async function issuance() {
	const stack = await stackStart();
	const customer = await new Client(stack).signIn();
	const cfssl = await cfsslStart(stack);
	const found = { signer: [], signers: [], summary: [], cfssl: [], commits: [], sealed: [] };
	for (let i = 0; i < ROUNDS; i++) {
		say(`    round ${i + 1} of ${ROUNDS}`);
		found.cfssl.push(await cfsslRound(stack, cfssl));
		found.commits.push(await commits(stack, 8));
		found.signer.push(await signerRound(stack, ORDERS));
		const left = unsealed(stack), began = performance.now();
		await until('all is sealed', () => unsealed(stack) === 0, 60);
		found.sealed.push((performance.now() - began) / 1000);
		say(`    ${left} audit events without a seal when the last certificate was there`);
		found.signers.push(await signerRound(stack, ORDERS, 2));
		found.summary.push(await summaryRound(stack, customer, ORDERS / 4));
		await sleep(300);
	}
	stop(cfssl.child);
	figure('cfssl: certificates', found.cfssl, '/s');
	figure('durable commits, 8 connections', found.commits, '/s');
	figure('signatures P-256, one core, no token', opensslSpeed('ecdsap256').sign, '/s');
	figure('signatures P-256, the token, one session', await tokenRate(stack), '/s');
	figure('one signer alone: certificates', found.signer, '/s');
	figure('one signer alone: of cfssl', ratios(found.signer, found.cfssl), 'ratio');
	figure('two signers alone: certificates', found.signers, '/s');
	figure('two signers alone: of cfssl', ratios(found.signers, found.cfssl), 'ratio', { least: 2 });
	figure('through the Summary: certificates', found.summary, '/s');
	figure('through the Summary: of cfssl', ratios(found.summary, found.cfssl), 'ratio');
	figure('audit: all sealed after the last certificate', found.sealed, 's');
	stack.stopNow();
	await rsaIssuer();
}
