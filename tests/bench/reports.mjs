// reports.mjs - how long does each ready-made question of sql/reports take on a full database? Nothing else runs: a private
// MariaDB, filled by generate.sql, asked by the mariadb client as the account `report`, as an admin would.
//
//	node tests/bench/reports.mjs       ROWS=1000000 orders of two years; 15 minutes or more, nearly all to fill it, and 8 GB
//
// ROUNDS=5 is how often each is asked; POOL=1G the server's memory. KEEP=FOLDER keeps the database there, and the next run
// asks the one it finds; QUERY=orders asks only that. The first answer is one by a server that was just started. Each is
// asked as it stands (30 days, last month), and over all days, as nobody should every minute. The client's start, some
// 10 ms, is in every figure but `cpu`: what the server's processor spent on it, which a busy machine does not stretch.
// Figures go to build/bench/reports.txt as well.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, sleep } from '../lib/stack.mjs';

const ROWS = Number(process.env.ROWS ?? 1000000);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const POOL = process.env.POOL ?? '1G';
const BUILD = path.resolve(ROOT, process.env.B ?? 'build/plain');
const DB = 'mailcert_bench';
const ACCOUNTS = ['admin', 'web', 'mailer', 'signer', 'callback', 'report', 'metrics', 'retention'];
const dir = process.env.KEEP ?? fs.mkdtempSync(path.join(os.tmpdir(), 'mcb-'));
const socket = path.join(dir, 's');
const say = (text) => process.stdout.write(`${text}\n`);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

// --- the server ---

let server;
async function serverStart(...options) {
	fs.mkdirSync(path.join(dir, 'tmp'), { recursive: true });
	server = spawn('mariadbd', ['--no-defaults', `--user=${os.userInfo().username}`, `--datadir=${dir}/data`, `--socket=${socket}`,
		`--tmpdir=${dir}/tmp`, '--skip-networking', '--secure-timestamp=YES', `--innodb-buffer-pool-size=${POOL}`, ...options],
	{ stdio: ['ignore', 'ignore', fs.openSync(path.join(dir, 'server.log'), 'a')] });
	for (let tries = 0; ; tries++) {
		try {
			sql('SELECT 1', { user: 'root', database: '', stderr: 'ignore' });
			return;
		} catch (error) {
			if (tries > 300 || server.exitCode !== null)
				throw error;
			await sleep(200);
		}
	}
}
async function serverStop() {
	const ended = new Promise((resolve) => server.once('exit', resolve));
	server.kill('SIGTERM');
	await ended;
}
process.on('exit', () => {
	server?.kill('SIGKILL');
	if (process.env.KEEP === undefined)
		fs.rmSync(dir, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(130));

// Run statements by the mariadb client; an account's password is its name.
function sql(statements, { user = 'report', database = DB, form = ['-N', '-B'], stderr = 'inherit' } = {}) {
	return execFileSync('mariadb', ['--no-defaults', '-S', socket, `-u${user}`, ...(user === 'root' ? [] : [`-p${user}`]), ...form,
		...(database === '' ? [] : [database])], { input: statements, encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', stderr] });
}

// --- the database ---

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

async function fill() {
	fs.mkdirSync(dir, { recursive: true });
	execFileSync('mariadb-install-db', ['--no-defaults', `--user=${os.userInfo().username}`, `--datadir=${dir}/data`,
		'--auth-root-authentication-method=normal', '--skip-test-db'], { stdio: 'ignore' });
	// What fills it need not survive a crash.
	await serverStart('--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0', '--innodb-log-file-size=1G');
	sql(`SET @database = '${DB}', ${ACCOUNTS.map((name) => `@${name}_password = '${name}'`).join(', ')};\n${read('sql/accounts.sql')}`,
		{ user: 'root', database: '' });
	fs.writeFileSync(path.join(dir, 'admin'), 'admin\n', { mode: 0o600 });
	fs.writeFileSync(path.join(dir, 'conf.hdf'), `Db.Socket = ${socket}\nDb.Name = ${DB}\nDb.Admin.PasswordFile = ${dir}/admin\n`
		+ `Sql.Dir = ${ROOT}sql\nHdf.Dir = ${ROOT}hdf\n`);
	execFileSync(path.join(BUILD, 'mailcertctl'), ['--config', path.join(dir, 'conf.hdf'), 'db', 'migrate'], { stdio: 'ignore' });
	const began = Date.now();
	sql(`SET @orders = ${ROWS};\n${read('tests/bench/generate.sql')}`, { user: 'root', form: ['--batch'] });
	say(`filled in ${((Date.now() - began) / 60000).toFixed(1)} minutes`);
	await serverStop();
}

// --- the questions ---

const names = fs.readdirSync(path.join(ROOT, 'sql/reports')).map((file) => path.basename(file, '.sql'))
	.filter((name) => process.env.QUERY === undefined || process.env.QUERY === name).sort();

// Milliseconds of processor that the server has used so far, in steps of the kernel's clock (10 ms).
function cpu() {
	const words = fs.readFileSync(`/proc/${server.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
	return (Number(words[11]) + Number(words[12])) * 10;
}

// Ask once: milliseconds, those of the server's processor, and how many rows came.
function ask(name, options) {
	const before = cpu(), began = process.hrtime.bigint();
	const rows = sql(`${options}\n${read(`sql/reports/${name}.sql`)}`);
	return { ms: Number(process.hrtime.bigint() - began) / 1e6, cpu: cpu() - before, rows: rows.split('\n').length - 1 };
}

if (!fs.existsSync(path.join(dir, 'data/mysql')))
	await fill();
await serverStart();
const oneOrder = sql("SELECT CONCAT(number, '/', item) FROM orders WHERE issued_at IS NOT NULL ORDER BY id LIMIT 1", { user: 'root' }).trim();
const [[orders, events]] = sql('SELECT (SELECT COUNT(*) FROM orders), (SELECT COUNT(*) FROM audit)', { user: 'root' })
	.trim().split('\n').map((line) => line.split('\t').map(Number));
await serverStop();
await serverStart();

const order = `SET @order = '${oneOrder}';`;
const all = `${order} SET @from = '2000-01-01', @to = UTC_DATE(), @days = 800;`;
const lines = [`${orders} orders, ${events} audit events, ${POOL} of memory, median of ${ROUNDS}; milliseconds`, '',
	`${'question'.padEnd(24)}    first   median      cpu     rows    all days     rows`];
const figures = {};
for (const name of names) {
	const first = ask(name, order);
	const again = Array.from({ length: ROUNDS }, () => ask(name, order));
	const whole = ask(name, all);
	const f = figures[name] = { first: first.ms, median: median(again.map((one) => one.ms)), cpu: median(again.map((one) => one.cpu)),
		rows: first.rows, whole: whole.ms, wholeRows: whole.rows };
	lines.push(`${name.padEnd(24)} ${f.first.toFixed(0).padStart(8)} ${f.median.toFixed(0).padStart(8)} ${String(f.cpu).padStart(8)} `
		+ `${String(f.rows).padStart(8)} ${f.whole.toFixed(0).padStart(11)} ${String(f.wholeRows).padStart(8)}`);
	say(lines.at(-1));
}
const slow = Object.entries(figures).filter(([, figure]) => Math.max(figure.first, figure.median) >= 1000).map(([name]) => name);
lines.push('', slow.length === 0 ? 'each under 1 s' : `1 s or more: ${slow.join(' ')}`);
fs.mkdirSync(path.join(ROOT, 'build/bench'), { recursive: true });
fs.writeFileSync(path.join(ROOT, 'build/bench/reports.txt'), lines.join('\n') + '\n');
fs.writeFileSync(path.join(ROOT, 'build/bench/reports.json'), JSON.stringify({ orders, events, pool: POOL, figures }, null, '\t'));
say(`\n${lines.join('\n')}`);
await serverStop();
process.exit(0);
