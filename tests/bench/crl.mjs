// crl.mjs - how long the signer takes for a CRL, database and token included, and the most memory it ever had, by the number
// of entries: node tests/bench/crl.mjs [ENTRIES]... (10000 100000 1000000). Beside it, what the database alone takes to
// give the same rows: quote the ratio, not the seconds. tests/bench/crl.c measures the building alone.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Stack, until } from '../lib/stack.mjs';

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10000, 100000, 1000000];
const stack = await Stack.start({ name: 'bench-crl', workers: 1, orders: 1, settings: { 'Signer.PollMs': 200, 'Db.Timeout': 60 } });
await stack.tool('stop', 'mailer');
const one = async (sql) => (await stack.sql(sql))[0]?.[0];

process.stdout.write('  entries   seconds   rows alone   ratio   signer CPU s   signer peak MB\n');
let there = 0;
for (const entries of sizes) {
	await stack.tool('stop', 'signer');
	process.stderr.write(`# ${entries - there} more revocations\n`);
	await stack.sql(`SET SESSION unique_checks = 0, foreign_key_checks = 0;
		INSERT INTO serial (issuer_id, serial, order_id, tbs_sha256, reserved_at, state)
		SELECT i.id, UNHEX(CONCAT('4d', LEFT(SHA2(seq, 256), 30))), (SELECT MIN(id) FROM orders), REPEAT('t', 32), UTC_TIMESTAMP(), 'abandoned'
		FROM seq_1_to_${entries} JOIN issuer i ON i.name = 'issuing-1' WHERE seq > ${there};
		INSERT INTO revocation (issuer_id, serial, revoked_at, reason, not_after, requested_by)
		SELECT s.issuer_id, s.serial, UTC_TIMESTAMP(), IF(ORD(s.serial) % 2 = 0, 0, 4), UTC_TIMESTAMP() + INTERVAL 1 YEAR, 'bench'
		FROM serial s LEFT JOIN revocation r USING (issuer_id, serial) WHERE r.serial IS NULL`);
	there = entries;
	const begin = performance.now();
	spawnSync(path.join(ROOT, 'tools/stack'), ['sql', '-BN', '--quick', stack.demo.DB_NAME, '-e', 'SELECT serial, revoked_at, reason FROM revocation ORDER BY issuer_id, serial'],
		{ env: stack.env, stdio: 'ignore' });
	const rows = (performance.now() - begin) / 1000;
	await stack.tool('start', 'signer');
	await until(`a CRL of ${entries} entries`, async () => Number(await one('SELECT MAX(entries) FROM crl')) >= entries, 300);
	// The one of the next day: on the first all entries are new, which no day brings.
	const number = await one('SELECT MAX(number) FROM crl');
	await stack.sql('UPDATE crl SET this_update = this_update - INTERVAL 25 HOUR');
	await until('the next CRL', async () => await one(`SELECT 1 FROM crl WHERE number > ${number} AND entries = ${entries}`) === '1', 300);
	const seconds = Number(await one(`SELECT TIMESTAMPDIFF(MICROSECOND, MAX(IF(event = 'crl_begun', at, NULL)), MAX(IF(event = 'crl_published', at, NULL))) / 1e6 FROM audit`));
	const pid = await stack.pid('signer');
	// utime and stime in hundredths of a second, of both lists: what it took of a processor, whatever else the machine did
	const [user, system] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\)/, '').split(' ').slice(12, 14).map(Number);
	const peak = /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1] / 1024;
	process.stdout.write(`${String(entries).padStart(9)}${seconds.toFixed(3).padStart(10)}${rows.toFixed(3).padStart(13)}${(seconds / rows).toFixed(1).padStart(8)}${((user + system) / 100).toFixed(2).padStart(15)}${peak.toFixed(0).padStart(17)}\n`);
}
