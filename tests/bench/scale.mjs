// scale.mjs - pages by the number of workers, certificates by the number of signers.
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

export default async function scale() {
	const stack = await stackStart();
	const customer = await new Client(stack).signIn(), cookie = cookieOf(customer), target = at(stack.takeOrder());
	const byWorkers = await workers(stack, cookie, target);
	const bySigners = await signers(stack);
	picture('scale.svg', { title: 'By processes, on the cores of this machine', x: 'processes', y: 'a second', log: true,
		series: { 'order pages by workers': byWorkers, 'certificates by signers': bySigners } });
	stack.stopNow();
}
