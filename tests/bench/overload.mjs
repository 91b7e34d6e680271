// overload.mjs - what becomes of throughput and waiting when more is asked than the machine can serve: by many connections,
// each of which waits for its answer, and by requests that come at a steady rate whatever becomes of them, up to four
// times the rate at which most are served. What is asked is how much refusing takes from serving, so the steady rate is
// offered by a processor of its own, and the service has the others: where both share them, the offering itself takes as
// much again. Beside what was served a second stands what was served for a second of the service's own processor time
// (nginx, workers, MariaDB), refusing included, since other work of the machine shares them all the same.
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from '../lib/client.mjs';
import { at } from '../lib/steps.mjs';
import { cookieOf, cpuOf, figure, load, median, minus, picture, pidsOf, rounds, stackStart } from './lib.mjs';

const run = promisify(execFile);
const SERVICE = ['nginx', 'web', 'mariadb'];
const STEPS = [0.25, 0.5, 0.75, 1, 1.25, 1.5], TIMES = [1, 2, 3, 4], OFFER_SECONDS = 3;
const FIRST = 4000; // more a second than a few processors serve, to begin with

async function connections(stack, cookie, target) {
	const rates = [], waits = [];
	for (const n of [1, 2, 4, 8, 16, 32, 64, 128, 256]) {
		const { rate, p99, failed, total } = await load(stack, target, { cookie, connections: n, seconds: 2, rate: 'may fail' });
		rates.push([n, rate]);
		waits.push([n, p99]);
		if (failed > 0)
			figure(`${n} connections: refused, of all`, failed / total);
	}
	const peak = rates.reduce((a, b) => (b[1] > a[1] ? b : a));
	figure('peak of order pages', peak[1], '/s');
	figure('connections at the peak', peak[0], '');
	figure('p99 at 64 connections', waits.find(([n]) => n === 64)[1], 'ms');
	picture('connections.svg', { title: 'Order page: throughput over connections', x: 'connections', y: 'answers a second', series: { 'answers/s': rates }, log: true });
	picture('latency.svg', { title: 'Order page: p99 over connections', x: 'connections', y: 'milliseconds', series: { p99: waits }, log: true });
}

// From here on the service has all processors but the last, and whoever offers has that; with one there is nothing to part.
async function apart(stack) {
	const [, list] = /Cpus_allowed_list:\s+(\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
	const cpus = list.split(',').flatMap((range) => {
		const [from, to = from] = range.split('-').map(Number);
		return Array.from({ length: to - from + 1 }, (_, i) => from + i);
	});
	figure('processors of the service while load is offered', Math.max(1, cpus.length - 1), '');
	if (cpus.length === 1)
		return;
	const move = (pid, to) => execFileSync('taskset', ['-a', '-c', '-p', to.join(','), String(pid)], { stdio: 'ignore' });
	for (const pid of await pidsOf(stack))
		move(pid, cpus.slice(0, -1));
	move(process.pid, cpus.slice(-1));
}

// One step of offer.c: rates a second, and how many processors the offering and the service took.
async function offer(stack, cookie, targets, rate) {
	const before = await cpuOf(stack, SERVICE);
	const { stdout } = await run(path.join(stack.env.B, 'tests/bench/offer'),
		[new URL(stack.url).port, String(Math.round(rate)), String(OFFER_SECONDS), '4000', cookie, ...targets]);
	const spent = minus(await cpuOf(stack, SERVICE), before);
	const seen = JSON.parse(stdout);
	if (seen.wrong > 0)
		throw new Error(`${seen.wrong} answers were neither a page nor 503 with Retry-After`);
	return { served: seen.served / OFFER_SECONDS, refused: seen.refused / OFFER_SECONDS, refusedPart: seen.refused / seen.offered, lostPart: seen.lost / seen.offered,
		p99: seen.p99, refusedP99: seen.refused_p99, offering: seen.cpu / OFFER_SECONDS, nginx: spent.nginx / OFFER_SECONDS,
		perCpu: seen.served / (spent.nginx + spent.web + spent.mariadb) };
}

// The rate at which most are served, by steps; and the curve up to there: { peak, curve: { rate: [what was seen, …] } }.
async function climb(stack, cookie, targets, first) {
	const { full } = await rounds({ full: () => offer(stack, cookie, targets, first) }, 3);
	const rate = (step) => Math.round(median(full.map((one) => one.served)) * step);
	const curve = await rounds(Object.fromEntries(STEPS.map((step) => [rate(step), () => offer(stack, cookie, targets, rate(step))])), 3);
	const served = (one) => median(curve[one].map(({ served: n }) => n));
	const peak = Object.keys(curve).map(Number).reduce((a, b) => (served(b) > served(a) ? b : a));
	figure('offered load at which most is served', peak, '/s');
	return { peak, curve };
}

// Twice, three and four times that, in rounds that take turns with it.
async function overload(stack, cookie, targets, { peak, curve }) {
	const seen = await rounds(Object.fromEntries(TIMES.map((times) => [times, () => offer(stack, cookie, targets, peak * times)])));
	const all = (times, what) => seen[times].map((one) => one[what]);
	figure('served there', all(1, 'served'), '/s');
	for (const times of TIMES.slice(1)) {
		const of = (what) => all(times, what).map((one, i) => one / seen[1][i][what]);
		const aim = times === 3 ? { least: 0.9 } : {};
		figure(`${times} times that load: served, of the peak`, of('served'), 'ratio', aim);
		figure(`${times} times: served for the service's own processor time, of the peak`, of('perCpu'), 'ratio', aim);
		figure(`${times} times: refused, of all`, all(times, 'refusedPart'));
		figure(`${times} times: without an answer, of all`, all(times, 'lostPart'), 'ratio', { most: 0 });
		figure(`${times} times: p99 of the served`, all(times, 'p99'), 'ms');
		figure(`${times} times: p99 of the refused`, all(times, 'refusedP99'), 'ms');
		figure(`${times} times: processors taken by the offering`, all(times, 'offering'), '');
		figure(`${times} times: processors taken by nginx`, all(times, 'nginx'), '');
	}
	for (const times of TIMES)
		curve[peak * times] = [...(curve[peak * times] ?? []), ...seen[times]];
	const points = Object.entries(curve).map(([rate, list]) => [Number(rate), list]).sort(([a], [b]) => a - b);
	const line = (what) => points.map(([rate, list]) => [rate, median(list.map((one) => one[what]))]);
	picture('overload.svg', { title: 'Order page, list and dashboard: what becomes of the load that is offered', x: 'offered requests a second', y: 'answers a second; milliseconds',
		series: { served: line('served'), refused: line('refused'), 'p99 of served, ms': line('p99') } });
}

export default async function whole() {
	const stack = await stackStart();
	const customer = await new Client(stack).signIn(), cookie = cookieOf(customer), order = at(stack.takeOrder());
	await connections(stack, cookie, order);
	await apart(stack);
	const pages = [order, '/certificates', '/dashboard'];
	await overload(stack, cookie, pages, await climb(stack, cookie, pages, FIRST));
	stack.stopNow();
}
