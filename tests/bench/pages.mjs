// pages.mjs - how fast are pages and journeys? Each figure beside an empty FastCGI program with an answer of the same size
// behind the same nginx, in interleaved rounds of one run: quote the ratios, not the seconds.
//
//	make bench            about two minutes; BENCH_ROUNDS, BENCH_SECONDS, BENCH_JOURNEYS change its length
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { ROOT, Stack, sleep, until } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr, scratch } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
const JOURNEYS = Number(process.env.BENCH_JOURNEYS ?? 60);
const WORKERS = 4;
const keys = scratch();

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const say = (text) => process.stdout.write(`${text}\n`);

async function journey(stack, customer, order, name, csr) {
	await verifiedMailbox(stack, customer, order, `${name}@mailbox.example`);
	await giveKey(customer, order, csr);
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
}

// Put an empty program of that many octets behind the stack's nginx, at /bench/empty.
async function emptyStart(stack, octets) {
	const socket = path.join(keys, 'empty.sock');
	const child = spawn('spawn-fcgi', ['-n', '-s', socket, '-M', '0600', '--', '/usr/bin/multiwatch', '-f', String(WORKERS), '--',
		path.join(stack.env.B, 'tests/bench/empty'), String(octets)], { stdio: 'ignore', detached: true });
	process.on('exit', () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* ended */ } });
	await until('the empty program listens', () => fs.existsSync(socket));
	const site = path.join(stack.dir, 'nginx/site.conf');
	const fastcgi = fs.readFileSync(path.join(stack.dir, 'nginx/fastcgi.conf'), 'utf8');
	fs.writeFileSync(path.join(stack.dir, 'nginx/empty.conf'), fastcgi.replace(/fastcgi_pass [^;]*;/, `fastcgi_pass unix:${socket};`));
	fs.appendFileSync(site, `location = /bench/empty { include ${stack.dir}/nginx/empty.conf; }\n`);
	process.kill(await stack.pid('nginx'), 'SIGHUP');
	await until('nginx passes it on', async () => (await fetch(`${stack.url}/bench/empty`)).status === 200);
	return child;
}

function load(stack, target, cookie) {
	const out = execFileSync('wrk', ['-t1', '-c8', `-d${SECONDS}s`, '--latency', '-H', `Cookie: ${cookie}`, stack.url + target],
		{ encoding: 'utf8' });
	if (/Non-2xx/.test(out))
		throw new Error(`${target} failed under load:\n${out}`);
	return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]);
}

function workerMemory(stack) {
	const config = path.join(stack.dir, 'mailcert.hdf'), all = [];
	for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		try {
			const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
			if (words[0].endsWith('mailcert-web') && words.includes(config))
				all.push(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]));
		} catch { /* ended meanwhile */ }
	}
	return Math.max(...all);
}

const stack = await Stack.start({ name: 'bench', orders: JOURNEYS + 10, workers: WORKERS,
	settings: { 'Mail.PollMs': 20, 'Signer.PollMs': 500 } });
const customer = await new Client(stack).signIn();
const cookie = [...customer.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
const fresh = stack.takeOrder(), issued = stack.takeOrder();
await journey(stack, customer, issued, 'issued', makeCsr(keys, 'issued'));

const pages = { 'order, fresh': at(fresh), 'order, issued': at(issued), certificates: '/certificates', dashboard: '/dashboard' };
const size = Buffer.byteLength(await (await customer.get(at(fresh))).text);
const empty = await emptyStart(stack, size);
const figures = Object.fromEntries(['empty', ...Object.keys(pages)].map((name) => [name, []]));
for (let round = 1; round <= ROUNDS; round++) {
	say(`round ${round} of ${ROUNDS}`);
	figures.empty.push(load(stack, '/bench/empty', cookie));
	for (const [name, target] of Object.entries(pages))
		figures[name].push(load(stack, target, cookie));
}
process.kill(-empty.pid, 'SIGKILL');

say(`${JOURNEYS} journeys, 8 at a time`);
const csrs = Array.from({ length: JOURNEYS }, (_, i) => makeCsr(keys, `j${i}`));
const began = Date.now();
let next = 0;
await Promise.all(Array.from({ length: 8 }, async () => {
	for (let i = next++; i < JOURNEYS; i = next++)
		await journey(stack, customer, stack.takeOrder(), `j${i}`, csrs[i]);
}));
const rate = JOURNEYS / ((Date.now() - began) / 1000);

const base = median(figures.empty);
const lines = ['page                    requests/s   of empty'];
for (const [name, numbers] of Object.entries(figures))
	lines.push(`${name.padEnd(22)} ${median(numbers).toFixed(0).padStart(11)} ${(median(numbers) / base).toFixed(2).padStart(10)}`);
lines.push('', `answer of the empty program: ${size} octets; ${WORKERS} workers, 8 connections, median of ${ROUNDS} rounds`,
	`journeys: ${rate.toFixed(1)} a second (client included)`, `largest worker: ${(workerMemory(stack) / 1024).toFixed(1)} MiB resident`);
fs.mkdirSync(path.join(ROOT, 'build/bench'), { recursive: true });
fs.writeFileSync(path.join(ROOT, 'build/bench/pages.txt'), lines.join('\n') + '\n');
fs.writeFileSync(path.join(ROOT, 'build/bench/pages.json'), JSON.stringify({ figures, size, journeys: rate }, null, '\t'));
say(lines.join('\n'));
process.exit(0);
