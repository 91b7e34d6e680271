// scale.mjs - pages by the number of workers, certificates by the number of signers, and what becomes of throughput and
// waiting as connections grow far beyond what the machine can serve.
import { Client } from '../lib/client.mjs';
import { at } from '../lib/steps.mjs';
import { until } from '../lib/stack.mjs';
import { answers, cookieOf, figure, load, picture, stackStart } from './lib.mjs';
import { signerRound } from './issuance.mjs';

async function workers(stack, cookie, target) {
	const drawn = [];
	for (const n of [1, 2, 4, 8]) {
		await stack.tool('stop', 'web');
		stack.env.WORKERS = String(n);
		await stack.tool('start', 'web');
		await until('the workers answer', () => answers(`${stack.url}/sign-in`));
		const rates = [];
		for (let i = 0; i < 3; i++)
			rates.push((await load(stack, target, { cookie, connections: 16 })).rate);
		drawn.push([n, figure(`${n} workers: order pages`, rates, '/s')]);
	}
	return drawn;
}

async function signers(stack) {
	const drawn = [];
	for (const n of [1, 2, 4])
		drawn.push([n, figure(`${n} signers: certificates`, await signerRound(stack, 2000, n), '/s')]);
	return drawn;
}

async function overload(stack, cookie, target) {
	const rates = [], waits = [];
	for (const connections of [1, 2, 4, 8, 16, 32, 64, 128, 256]) {
		const { rate, p99, failed } = await load(stack, target, { cookie, connections, seconds: 2, rate: 'may fail' });
		rates.push([connections, rate]);
		waits.push([connections, p99]);
		if (failed > 0)
			figure(`${connections} connections: refused`, failed, '');
	}
	const peak = rates.reduce((a, b) => (b[1] > a[1] ? b : a));
	figure('peak of order pages', peak[1], '/s');
	figure('connections at the peak', peak[0], '');
	figure('throughput at 256 connections, of the peak', rates.at(-1)[1] / peak[1], 'ratio', { least: 0.9 });
	figure('p99 at 256 connections', waits.at(-1)[1], 'ms');
	picture('overload.svg', { title: 'Order page: throughput over connections', x: 'connections', y: 'answers a second', series: { 'answers/s': rates }, log: true });
	picture('latency.svg', { title: 'Order page: p99 over connections', x: 'connections', y: 'milliseconds', series: { p99: waits }, log: true });
}

export default async function scale() {
	const stack = await stackStart();
	const customer = await new Client(stack).signIn(), cookie = cookieOf(customer), target = at(stack.takeOrder());
	const byWorkers = await workers(stack, cookie, target);
	stack.env.WORKERS = '4';
	await stack.tool('stop', 'web');
	await stack.tool('start', 'web');
	await until('the workers answer', () => answers(`${stack.url}/sign-in`));
	await overload(stack, cookie, target);
	const bySigners = await signers(stack);
	picture('scale.svg', { title: 'By processes, on the cores of this machine', x: 'processes', y: 'a second', log: true,
		series: { 'order pages by workers': byWorkers, 'certificates by signers': bySigners } });
	stack.stopNow();
}
