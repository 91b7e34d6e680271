// page.mjs - pages of a signed-in customer, each beside an empty FastCGI program with an answer of the same size behind the
// same nginx; how long the slowest wait at half of the peak; what a worker needs of memory.
import { Stack } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { makeCsr } from '../lib/openssl.mjs';
import { at, giveKey, submitActivation, verifiedMailbox, waitCertificate } from '../lib/steps.mjs';
import { cookieOf, cpuOf, emptyStart, figure, keys, load, memoryOf, minus, ratios, rounds, say, stackStart } from './lib.mjs';

// An order with a certificate, made as a person would.
export async function issuedOrder(stack, customer) {
	const order = stack.takeOrder();
	await verifiedMailbox(stack, customer, order, 'issued@mailbox.example');
	await giveKey(customer, order, makeCsr(keys, 'issued'));
	await submitActivation(customer, order);
	await waitCertificate(customer, order);
	return order;
}

export default async function page() {
	const stack = await stackStart();
	const customer = await new Client(stack).signIn(), cookie = cookieOf(customer);
	const targets = { 'order, fresh': at(stack.takeOrder()), 'order, issued': at(await issuedOrder(stack, customer)),
		certificates: '/certificates', dashboard: '/dashboard' };
	const sizes = {};
	for (const [name, target] of Object.entries(targets))
		sizes[name.replace(/\W+/g, '-')] = Buffer.byteLength((await customer.get(target)).text);
	await emptyStart(stack, sizes);

	const jobs = {};
	for (const [name, target] of Object.entries(targets)) {
		jobs[`empty ${name}`] = async () => (await load(stack, `/bench/${name.replace(/\W+/g, '-')}`, { cookie })).rate;
		jobs[name] = async () => (await load(stack, target, { cookie })).rate;
	}
	const found = await rounds(jobs);
	for (const name of Object.keys(targets)) {
		figure(`${name}: requests`, found[name], '/s');
		figure(`${name}: of the empty program`, ratios(found[name], found[`empty ${name}`]), 'ratio', name === 'dashboard' ? {} : { least: 0.40 });
	}
	// The time a request costs each process: what is left to win, and where.
	for (const [name, target] of Object.entries(targets)) {
		const before = await cpuOf(stack), { total } = await load(stack, target, { cookie });
		const spent = minus(await cpuOf(stack), before);
		say(`    ${name}: CPU a request ${Object.entries(spent).map(([who, s]) => `${who} ${Math.round(s * 1e6 / total)}`).join(', ')} us`);
	}
	// Half of the peak: as many connections as half of it keeps busy is a guess, so the one whose rate comes nearest is taken.
	for (const name of ['order, fresh', 'order, issued', 'certificates']) {
		const peak = Math.max(...found[name]), tries = [];
		for (const connections of [1, 2, 3, 4])
			tries.push(await load(stack, targets[name], { cookie, connections }));
		const half = tries.sort((a, b) => Math.abs(a.rate - peak / 2) - Math.abs(b.rate - peak / 2))[0];
		figure(`${name}: p99 at ${Math.round(100 * half.rate / peak)} % of peak`, half.p99, 'ms', { most: 10 });
	}
	figure('largest worker, resident', Math.max(...Stack.workersOf(await stack.pid('web')).map((pid) => memoryOf(pid))), 'MiB', { most: 12 });
	stack.stopNow();
}
