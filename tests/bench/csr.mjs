// csr.mjs - the live check of a request: POST /csr/check beside the limit, which is an empty request plus one verification of
// a signature by that key.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { cookieOf, emptyStart, figure, keys, load, opensslSpeed, rounds, stackStart } from './lib.mjs';
import { requestMake } from './orders.mjs';

const algorithms = { 'RSA-2048': ['rsa2048', 'rsa2048'], 'P-256': ['p256', 'ecdsap256'] };

export default async function csr() {
	const stack = await stackStart();
	const customer = await new Client(stack).signIn(), cookie = cookieOf(customer);
	const jobs = {}, posts = {};
	for (const [name, [kind]] of Object.entries(algorithms)) {
		const body = new URLSearchParams({ csr: requestMake(kind).pem }).toString();
		const lua = path.join(keys, `csr-${kind}.lua`);
		fs.writeFileSync(lua, `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\nwrk.headers["Accept"] = "application/json"\nwrk.body = "${body}"\n`);
		const answer = await customer.request('POST', '/csr/check', { body, json: true, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
		if (answer.status !== 200)
			throw new Error(`/csr/check: ${answer.status} ${answer.text}`);
		posts[name] = { lua, octets: answer.bytes.length };
	}
	// The empty program gets the same body, so that both read it.
	await emptyStart(stack, Object.fromEntries(Object.entries(posts).map(([name, { octets }]) => [name, octets])));
	for (const [name, { lua }] of Object.entries(posts)) {
		jobs[`empty ${name}`] = async () => (await load(stack, `/bench/${name}`, { cookie, lua })).rate;
		jobs[name] = async () => (await load(stack, '/csr/check', { cookie, lua })).rate;
		jobs[`verify ${name}`] = async () => opensslSpeed(algorithms[name][1]).verify;
	}
	const found = await rounds(jobs, 3);
	for (const name of Object.keys(posts)) {
		// Verifications run on all cores, as everything else of a request does.
		const limits = found[`empty ${name}`].map((empty, i) => 1 / (1 / empty + 1 / (found[`verify ${name}`][i] * os.cpus().length)));
		figure(`${name}: checks`, found[name], '/s');
		figure(`${name}: of an empty request and a verification`, found[name].map((rate, i) => rate / limits[i]), 'ratio', { least: 0.75 });
	}
	stack.stopNow();
}
