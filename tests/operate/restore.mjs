// restore.mjs - back up and restore, as tools/README.md says it: a dump and a copy of the files, then work that only the binary
// log knows, then the disk is lost. Whatever was answered is there again: the session, a journey at every step, every
// certificate, the CA's key, the revocations; and the log, sealed before and after, is proved whole with the key printed before.
// tests/install does the same with the guide's own words, on a machine with systemd.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '../lib/client.mjs';
import { waitMail, verifyLink } from '../lib/mail.mjs';
import { makeCsr, openssl, scratch } from '../lib/openssl.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { at, giveKey, giveMailbox, statuses, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const PROCESSES = ['callback', 'mailer', 'web', 'signer'];
const keys = scratch(), away = scratch();
let stack, customer;
const orders = {}, certificates = {}, was = {};

// A line of the guide, with this stack's paths.
function shell(line) {
	return execFileSync('bash', ['-eu', '-o', 'pipefail', '-c', line], {
		encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
		env: { ...stack.env, VAR: stack.dir, AWAY: away, CLIENT: `--defaults-file=${stack.dir}/my.cnf`, ME: execFileSync('id', ['-un']).toString().trim(),
			CTL: `${stack.env.B}/mailcertctl --config ${stack.dir}/mailcert.hdf`, NAME: stack.demo.DB_NAME },
	});
}
async function issue(name) {
	await giveKey(customer, orders[name], makeCsr(keys, name));
	await submitActivation(customer, orders[name]);
	certificates[name] = await waitCertificate(customer, orders[name]);
}
// The issuing CA's CRL as mail programs fetch it.
async function crl() {
	const der = Buffer.from(await (await fetch(`${stack.url}/crl/issuing-1.crl`)).arrayBuffer());
	return { pem: openssl(['crl', '-inform', 'DER'], der), number: parseInt(/crlNumber=(0x)?(\w+)/i.exec(openssl(['crl', '-inform', 'DER',
		'-noout', '-crlnumber'], der))[2], 16), text: openssl(['crl', '-inform', 'DER', '-noout', '-text'], der) };
}
const serial = (pem) => /serial=(\w+)/.exec(openssl(['x509', '-noout', '-serial'], pem))[1];
const sealed = () => until('every event to be sealed',
	async () => JSON.parse(await stack.ctl('audit', 'status', '--json')).count === 0, 30);
async function revoke(name) {
	const answer = await customer.submit(at(orders[name], '/revoke'), { reason: 'superseded', confirm: 'yes' });
	assert.equal(answer.status, 303);
	await until('a CRL with it', async () => (await crl()).text.includes(serial(certificates[name])), 30);
}

before(async () => {
	stack = await Stack.start({
		name: 'restore', workers: 2, orders: 10, settings: { 'Signer.PollMs': 100, 'Mail.PollMs': 100 },
		// As tools/systemd/mariadb.cnf.
		database: 'secure-timestamp = SUPER\nlog-bin = mailcert\nbinlog-format = ROW\nlog-bin-trust-function-creators = ON\n'
			+ 'binlog-annotate-row-events = OFF\n',
	});
	customer = await new Client(stack).signIn();
	for (const name of ['issued', 'half', 'asked', 'revoked', 'later', 'late'])
		orders[name] = stack.takeOrder();
	await verifiedMailbox(stack, customer, orders.issued, 'issued@mailbox.example');
	await issue('issued');
	await verifiedMailbox(stack, customer, orders.revoked, 'revoked@mailbox.example');
	await issue('revoked');
	await verifiedMailbox(stack, customer, orders.half, 'half@mailbox.example');
	await giveKey(customer, orders.half, makeCsr(keys, 'half'));
	await giveMailbox(customer, orders.asked, 'asked@mailbox.example');
	was.link = new URL(verifyLink(stack, await waitMail(stack, 'asked@mailbox.example'))).pathname;
	await sealed();
	// Kept elsewhere: the key that proves the log.
	fs.writeFileSync(path.join(away, 'audit.pem'), await stack.ctl('audit', 'key'));
});
after(() => stack?.stopNow());

test('a dump and a copy of the files, while everything runs', () => {
	shell('mariadb-dump "$CLIENT" --user="$ME" --single-transaction --routines --triggers --master-data=2 "$NAME" | gzip >"$AWAY/database.sql.gz"');
	shell('tar -C "$VAR" -czf "$AWAY/files.tar.gz" secrets token ca public blocklist softhsm2.conf mailcert.hdf');
	assert.match(shell('zcat "$AWAY/database.sql.gz" | sed -n 1,40p'), /^-- CHANGE MASTER TO MASTER_LOG_FILE=/m);
});

test('work goes on after it, and only the binary log has it', async () => {
	await verifiedMailbox(stack, customer, orders.later, 'later@mailbox.example');
	await verifiedMailbox(stack, customer, orders.late, 'late@mailbox.example');
	await issue('late');
	await revoke('revoked');
	was.certificates = await stack.ctl('certificate', 'list', '--csv');
	was.crl = await crl();
	was.events = Number((await stack.sql('SELECT COUNT(*) FROM audit'))[0][0]);
});

test('the disk is lost', async () => {
	for (const name of [...PROCESSES, 'mariadb'])
		await stack.tool('stop', name);
	shell('cp -a "$VAR"/mariadb/mailcert.0* "$AWAY/"');
	// This server encrypts nothing, so the search by which tests/install finds no address in the files of one that does finds it here.
	const found = shell('cd "$VAR/mariadb" && grep -rlaF later@mailbox.example . | sed "s/[0-9]*$//" | sort -u').trim().split('\n');
	for (const file of [`./${stack.demo.DB_NAME}/mailbox.ibd`, './ib_logfile', './mailcert.'])
		assert.ok(found.includes(file), `${file}: ${found}`);
	shell('find "$VAR/mariadb" "$VAR/token" "$VAR/ca" "$VAR/public" "$VAR/secrets" "$VAR/blocklist" -mindepth 0 -delete');
	assert.equal((await customer.get('/healthz')).status, 503);
	assert.equal((await fetch(`${stack.url}/crl/issuing-1.crl`)).status, 404);
});

test('it is restored', async () => {
	shell('mariadb-install-db "$CLIENT" --user="$ME" --skip-test-db --auth-root-authentication-method=socket --auth-root-socket-user="$ME" >"$AWAY/install.log" 2>&1');
	// The copies become the server's own binary log, which it can read also where it is encrypted.
	shell(`rm -f "$VAR"/mariadb/mailcert.* && cp "$AWAY"/mailcert.0* "$VAR/mariadb/"
		cd "$VAR/mariadb" && printf './%s\n' mailcert.0* >mailcert.index && chown --reference=ibdata1 mailcert.*`);
	await stack.tool('start', 'mariadb');
	shell('tar -C "$VAR" -xzf "$AWAY/files.tar.gz"');
	shell('$CTL db accounts --again | mariadb "$CLIENT" --user="$ME"');
	shell('zcat "$AWAY/database.sql.gz" | mariadb "$CLIENT" --user="$ME" "$NAME"');
	shell(`cd "$AWAY"
		set -- $(zcat database.sql.gz | sed -n "s/^-- CHANGE MASTER TO MASTER_LOG_FILE='\\(.*\\)', MASTER_LOG_POS=\\([0-9]*\\);/\\1 \\2/p")
		mariadb-binlog --no-defaults --socket="$(mariadb "$CLIENT" --user="$ME" -BNe 'SELECT @@socket')" --user="$ME" \\
			--read-from-remote-server --database="$NAME" --start-position="$2" \\
			$(ls mailcert.0* | sed -n "/^$1\\$/,\\$p") | mariadb "$CLIENT" --user="$ME"`);
	shell('$CTL db migrate && $CTL db status');
	assert.equal((await stack.sql("SELECT COUNT(*) FROM audit WHERE event <> 'schema_migrated'"))[0][0],
		String(was.events - 1), 'every event, those after the dump among them');
	for (const name of [...PROCESSES].reverse())
		await stack.tool('start', name);
	await until('all to be well', async () => (await customer.get('/healthz')).status === 200, 30);
});

test('every certificate is there, and the session still holds', async () => {
	assert.equal(await stack.ctl('certificate', 'list', '--csv'), was.certificates);
	for (const name of ['issued', 'late'])
		assert.equal((await customer.get(at(orders[name], '/certificate.pem'))).text, certificates[name]);
	assert.equal((await customer.get('/account')).status, 200);
});

test('the journey that stood before its last step goes on to the certificate', async () => {
	await submitActivation(customer, orders.half);
	certificates.half = await waitCertificate(customer, orders.half);
	const file = (name, text) => { fs.writeFileSync(path.join(keys, name), text); return path.join(keys, name); };
	const text = async (name) => (await customer.get(at(orders.half, `/${name}`))).text;
	const trust = ['-CAfile', file('root.pem', await text('root.pem')), '-untrusted', file('issuer.pem', await text('issuer.pem'))];
	// The key in the token is the one that signed before: one chain verifies both.
	openssl(['verify', '-x509_strict', '-purpose', 'smimesign', ...trust, file('half.pem', certificates.half)]);
	openssl(['verify', '-x509_strict', ...trust, file('issued.pem', certificates.issued)]);
	const used = [...was.certificates.matchAll(/[0-9a-f]{32}/g)].map((m) => m[0]);
	assert.ok(used.length >= 3 && !used.includes(serial(certificates.half).toLowerCase()), 'its serial number is a new one');
});

test('so does the one whose holder was asked: the link in the old mail is good, once', async () => {
	const holder = new Client(stack);
	assert.ok([200, 303].includes((await holder.submit(was.link, { control: 'yes' })).status));
	assert.deepEqual(await statuses(customer, orders.asked), ['verified', 'waiting_for_data']);
	await issue('asked');
});

test('and the one that began after the dump', async () => {
	assert.deepEqual(await statuses(customer, orders.later), ['verified', 'waiting_for_data']);
	await issue('later');
});

test('what was revoked stays so, and the CRL does not go back', async () => {
	await revoke('late');
	const now = await crl();
	assert.ok(now.number > was.crl.number, `${now.number} after ${was.crl.number}`);
	assert.ok(now.text.includes(serial(certificates.revoked)));
	fs.writeFileSync(path.join(keys, 'now.crl'), now.pem);
	openssl(['crl', '-in', path.join(keys, 'now.crl'), '-CAfile', path.join(keys, 'issuer.pem'), '-noout']);
	const [[numbers, most]] = await stack.sql("SELECT COUNT(*), MAX(number) FROM crl WHERE issuer_id = (SELECT id FROM issuer WHERE name = 'issuing-1')");
	assert.equal(numbers, most, 'one CRL for each number');
});

test('the audit log is whole, with the seals of before and after', async () => {
	await sealed();
	await stack.ctl('audit', 'export', path.join(away, 'export.jsonl'));
	const said = await stack.ctl('audit', 'verify', '--key', path.join(away, 'audit.pem'), path.join(away, 'export.jsonl'));
	const events = Number((await stack.sql('SELECT COUNT(*) FROM audit'))[0][0]);
	assert.ok(events > was.events);
	assert.match(said, new RegExp(`^whole: ${events} events under \\d+ seals`));
	// One event of before that is another afterwards does not go unnoticed.
	const changed = path.join(away, 'changed.jsonl');
	fs.writeFileSync(changed, fs.readFileSync(path.join(away, 'export.jsonl'), 'utf8').replace('issued@mailbox.example', 'other1@mailbox.example'));
	await assert.rejects(stack.ctl('audit', 'verify', '--key', path.join(away, 'audit.pem'), changed));
	assert.deepEqual(stack.complaints().filter((line) => !/database|signer: .*socket|CRL|sealing|issuing|outbox|callbacks/.test(line)), []);
});
