// lib.mjs - what the benches share: a stack made for measuring, the empty program behind its nginx, rounds that take turns,
// CPU time by process, and the table and pictures of build/bench.
//
// A figure is a ratio to a limit measured in the same run, in rounds that take turns with it: what else the machine does
// meets both. Each ratio is given as the median of its rounds, with the smallest and the largest.
import fs from 'node:fs';
import path from 'node:path';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT, Stack, until } from '../lib/stack.mjs';
import { scratch } from '../lib/openssl.mjs';

const run = promisify(execFile);
export const OUT = path.join(ROOT, 'build/bench');
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 1);
export const CONNECTIONS = 8;
export const say = (text) => process.stdout.write(`${text}\n`);

export const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
export const median = (numbers) => sorted(numbers)[Math.floor(numbers.length / 2)];

// --- figures ---------------------------------------------------------------------------------------------------

const figures = [];
let part = '';

// Keep a figure: its values (one, or one a round), its unit, and what is asked of it: { least } or { most }.
export function figure(name, values, unit = 'ratio', aim = {}) {
	const all = sorted([values].flat());
	const one = { part, name, unit, median: median(all), min: all[0], max: all.at(-1), rounds: all.length, ...aim };
	figures.push(one);
	say(`    ${line(one)}`);
	return one.median;
}
const plain = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2));
function verdict({ median: value, least, most }) {
	if (least !== undefined)
		return `at least ${least}: ${value >= least ? 'met' : 'missed'}`;
	return most === undefined ? '' : `at most ${most}: ${value <= most ? 'met' : 'missed'}`;
}
const line = (f) => `${f.name}: ${plain(f.median)} ${f.unit}${f.rounds > 1 ? ` (${plain(f.min)}..${plain(f.max)})` : ''}  ${verdict(f)}`;

// Write build/bench/figures.json and table.md from this run's parts and the kept ones of earlier runs.
function tableWrite(ran) {
	const file = path.join(OUT, 'figures.json');
	const kept = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).filter((f) => !ran.includes(f.part)) : [];
	const all = [...kept, ...figures];
	fs.writeFileSync(file, `${JSON.stringify(all, null, '\t')}\n`);
	fs.writeFileSync(path.join(OUT, 'table.md'), ['| part | figure | median | min | max | unit | asked |', '| --- | --- | --: | --: | --: | --- | --- |',
		...all.map((f) => `| ${f.part} | ${f.name} | ${plain(f.median)} | ${plain(f.min)} | ${plain(f.max)} | ${f.unit} | ${verdict(f)} |`), ''].join('\n'));
}

// Run the parts of the bench by name, one after the other.
export async function parts(names, all) {
	fs.mkdirSync(OUT, { recursive: true });
	const began = Date.now();
	for (const [i, name] of names.entries()) {
		part = name;
		say(`[${i + 1}/${names.length}] ${name} (${Math.round((Date.now() - began) / 1000)} s so far)`);
		await (await all[name]()).default();
	}
	tableWrite(names);
	say(`\n${fs.readFileSync(path.join(OUT, 'table.md'), 'utf8')}\n${path.relative(ROOT, OUT)}: table.md, figures.json and pictures`);
}

// A picture: lines over the same x, as SVG. series: { name: [[x, y], …] }; x is drawn on a logarithmic scale when log is set.
export function picture(file, { title, x, y, series, log = false }) {
	const [W, H, L, B, T] = [720, 400, 70, 50, 40];
	const points = Object.values(series).flat(), scale = (v) => (log ? Math.log2(v) : v);
	const xs = points.map(([v]) => scale(v)), top = Math.max(...points.map(([, v]) => v)) * 1.05 || 1;
	const [low, high] = [Math.min(...xs), Math.max(...xs)];
	const px = (v) => L + (W - L - 180) * (scale(v) - low) / (high - low || 1), py = (v) => H - B - (H - B - T) * v / top;
	const colours = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df'];
	const out = [`<svg xmlns="http://www.w3.org/2000/svg" width="${W}" height="${H}" font-family="sans-serif" font-size="12">`,
		`<rect width="${W}" height="${H}" fill="#fff"/><text x="${L}" y="22" font-size="15">${title}</text>`,
		`<path d="M${L} ${T}V${H - B}H${W - 180}" stroke="#888" fill="none"/><text x="${(L + W - 180) / 2}" y="${H - 12}" text-anchor="middle">${x}</text>`,
		`<text transform="translate(16 ${H / 2}) rotate(-90)" text-anchor="middle">${y}</text>`];
	for (const v of [...new Set(points.map(([at]) => at))])
		out.push(`<text x="${px(v)}" y="${H - B + 16}" text-anchor="middle">${v}</text>`);
	for (let i = 0; i <= 4; i++)
		out.push(`<text x="${L - 6}" y="${py(top * i / 4) + 4}" text-anchor="end">${plain(top * i / 4)}</text><path d="M${L} ${py(top * i / 4)}H${W - 180}" stroke="#eee"/>`);
	Object.entries(series).forEach(([name, list], i) => {
		const colour = colours[i % colours.length];
		out.push(`<polyline fill="none" stroke="${colour}" stroke-width="2" points="${list.map(([a, b]) => `${px(a)},${py(b)}`).join(' ')}"/>`,
			...list.map(([a, b]) => `<circle cx="${px(a)}" cy="${py(b)}" r="3" fill="${colour}"/>`),
			`<text x="${W - 170}" y="${T + 16 + 18 * i}" fill="${colour}">${name}</text>`);
	});
	fs.writeFileSync(path.join(OUT, file), [...out, '</svg>', ''].join('\n'));
}

// --- the stack -------------------------------------------------------------------------------------------------

export const keys = scratch();

// A stack for measuring: what slows strangers down (requests a second by address) is lifted, all else is as shipped.
export async function stackStart(options = {}) {
	const stack = await Stack.start({ name: 'bench', workers: 4, ...options,
		settings: { 'Mail.PollMs': 20, 'Signer.PollMs': 200, 'Web.RequestsPerWorker': 1000000, ...options.settings } });
	const file = path.join(stack.dir, 'nginx/nginx.conf');
	fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/rate=\d+r\/s/g, 'rate=1000000r/s'));
	process.kill(await stack.pid('nginx'), 'SIGHUP');
	return stack;
}

const children = new Set();
process.on('exit', () => children.forEach((child) => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* ended */ } }));

// Start a program that goes when the bench does; stop(it) ends it and all it started.
export function start(program, args, options = {}) {
	const child = spawn(program, args, { stdio: 'ignore', detached: true, ...options });
	children.add(child);
	return child;
}
export function stop(child) {
	children.delete(child);
	try { process.kill(-child.pid, 'SIGKILL'); } catch { /* ended */ }
}

// Whether an address answers 200; a connection that nginx closed while it reloads is a no.
export const answers = (url) => fetch(url).then((answer) => answer.status === 200, () => false);

// Put empty programs behind the stack's nginx: { name: octets of its answer } at /bench/NAME.
export async function emptyStart(stack, sizes, workers = 4) {
	const fastcgi = fs.readFileSync(path.join(stack.dir, 'nginx/fastcgi.conf'), 'utf8');
	for (const [name, octets] of Object.entries(sizes)) {
		const socket = path.join(keys, `${name}.sock`), conf = path.join(stack.dir, `nginx/empty-${name}.conf`);
		start('spawn-fcgi', ['-n', '-s', socket, '-M', '0600', '--', '/usr/bin/multiwatch', '-f', String(workers), '--',
			path.join(stack.env.B, 'tests/bench/empty'), String(octets)]);
		await until(`the empty program for ${name} listens`, () => fs.existsSync(socket));
		fs.writeFileSync(conf, fastcgi.replace(/fastcgi_pass [^;]*;/, `fastcgi_pass unix:${socket};`));
		fs.appendFileSync(path.join(stack.dir, 'nginx/site.conf'), `location = /bench/${name} { include ${conf}; }\n`);
	}
	process.kill(await stack.pid('nginx'), 'SIGHUP');
	for (const name of Object.keys(sizes))
		await until(`nginx passes /bench/${name} on`, () => answers(`${stack.url}/bench/${name}`));
}

export const cookieOf = (client) => [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

// wrk takes a redirect, to the sign-in page of a session that has ended, for an answer like any other.
async function pageThere(stack, target, cookie) {
	const { status } = await fetch(stack.url + target, { redirect: 'manual', headers: cookie ? { cookie } : {} });
	if (status !== 200)
		throw new Error(`${target} answers ${status}`);
}

// wrk on one address; gives requests a second, and latencies in milliseconds. lua: a script for wrk.
export async function load(stack, target, { cookie = '', connections = CONNECTIONS, seconds = SECONDS, lua, rate } = {}) {
	if (lua === undefined && rate !== 'may fail')
		await pageThere(stack, target, cookie);
	const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...(lua ? ['-s', lua] : []),
		...(cookie ? ['-H', `Cookie: ${cookie}`] : []), stack.url + target], { encoding: 'utf8', maxBuffer: 1 << 24 });
	const ms = (percent) => {
		const [, value, unit] = new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout) ?? [0, 0, 'ms'];
		return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit];
	};
	const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
	const total = Number(/(\d+) requests in/.exec(stdout)[1]), rateSeen = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]);
	if (failed > 0 && rate !== 'may fail')
		throw new Error(`${target} failed under load:\n${stdout}`);
	return { rate: rateSeen * (1 - failed / (total || 1)), failed, total, p50: ms(50), p99: ms(99), out: stdout };
}

// Rounds that take turns: jobs is { name: async () => number }; gives { name: [number, …] }.
export async function rounds(jobs, n = ROUNDS) {
	const found = Object.fromEntries(Object.keys(jobs).map((name) => [name, []]));
	for (let i = 0; i < n; i++) {
		say(`    round ${i + 1} of ${n}`);
		for (const [name, job] of Object.entries(jobs))
			found[name].push(await job());
	}
	return found;
}
export const ratios = (a, b) => a.map((value, i) => value / b[i]);

// --- processes -------------------------------------------------------------------------------------------------

const TICK = 100; // clock ticks a second of /proc/PID/stat, on every Linux with glibc

// A stack's processes, those of the sessions of its services: calls seen(service, pid, its stat from the third field on).
async function processesOf(stack, services, seen) {
	const sessions = new Map();
	for (const name of services)
		sessions.set(await stack.pid(name), name);
	for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		try {
			const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
			const name = sessions.get(Number(stat[3]));
			if (name !== undefined)
				seen(name, Number(pid), stat);
		} catch { /* ended meanwhile */ }
	}
}
const SERVICES = ['nginx', 'web', 'mariadb', 'signer', 'mailer'];

export async function pidsOf(stack, services = SERVICES) {
	const pids = [];
	await processesOf(stack, services, (_, pid) => pids.push(pid));
	return pids;
}

// CPU seconds of a stack's processes so far, by service.
export async function cpuOf(stack, services = SERVICES) {
	const spent = Object.fromEntries(services.map((name) => [name, 0]));
	await processesOf(stack, services, (name, _, stat) => {
		spent[name] += (Number(stat[11]) + Number(stat[12]) + Number(stat[13]) + Number(stat[14])) / TICK;
	});
	return spent;
}
export const minus = (a, b) => Object.fromEntries(Object.keys(a).map((name) => [name, a[name] - b[name]]));

// A line of /proc/PID/status in MiB.
export function memoryOf(pid, what = 'VmRSS') {
	return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

// --- what the machine can do -----------------------------------------------------------------------------------

// Signatures and verifications a second on one core, by `openssl speed`.
export function opensslSpeed(algorithm) {
	const out = execFileSync('openssl', ['speed', '-mr', '-seconds', '1', algorithm], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	const [, , , , sign, verify] = /^\+F([24]):(\d+):(\d+):([\d.]+):([\d.]+)/m.exec(out);
	return { sign: Number(sign), verify: Number(verify) }; // -mr prints rates
}

// Durable commits a second of the stack's MariaDB: rows inserted one by one over so many connections.
export async function commits(stack, connections, seconds = 1) {
	const { stdout } = await run(path.join(stack.env.B, 'tests/bench/commits'), [stack.demo.DB_SOCKET, String(connections), String(seconds)]);
	return Number(stdout);
}

// Signatures a second of the token with the issuing CA's key, by one session: the signer's limit.
export async function tokenRate(stack, seconds = 1) {
	const { stdout } = await run(path.join(stack.env.B, 'tests/bench/token'), [path.join(stack.dir, 'mailcert.hdf'), String(seconds)],
		{ env: { ...process.env, SOFTHSM2_CONF: path.join(stack.dir, 'softhsm2.conf') } });
	return Number(stdout);
}
