// partner.mjs - a partner with 100,000 orders: its program's posts and reads by key, its people's panel, each beside an empty
// FastCGI program with an answer of the same size behind the same nginx; and posts beside the durable commits that this
// machine's database makes, as each of them is one. On its own: node tests/bench/partner.mjs (about three minutes).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.mjs';
import { anotherPartner, partnerAccount } from '../lib/partner.mjs';
import { ROOT } from '../lib/stack.mjs';
import { sqlRun } from './orders.mjs';
import { commits, CONNECTIONS, cookieOf, cpuOf, emptyStart, figure, keys, load, minus, parts, ratios, rounds, say, SECONDS, stackStart } from './lib.mjs';

const PARTNER = 'many', PASSWORD = 'correct horse battery';

export default async function partner() {
	const stack = await stackStart({ orders: 0 });
	const curl = await anotherPartner(stack, PARTNER);
	sqlRun(stack, `SET @partner = '${PARTNER}'; ${fs.readFileSync(path.join(ROOT, 'tests/partner/many.sql'), 'utf8')}`);
	await stack.ctl('partner', 'throttle', PARTNER, '--rate', '100000', '--burst', '1000000');
	partnerAccount(stack, PARTNER, PARTNER, PASSWORD);
	const person = await new Client(stack).signIn(PARTNER, PASSWORD), cookie = cookieOf(person);
	const [order, middle] = sqlRun(stack, `SELECT CONCAT(number, '/', item) FROM orders WHERE id = 1050000; SELECT id FROM orders WHERE id = 1050001`).split('\n');

	// The scripts of wrk: what a program sends with every request; and new orders, no two with the same reference.
	const lua = (name, text) => {
		const file = path.join(keys, `${name}.lua`);
		fs.writeFileSync(file, `wrk.headers["Authorization"] = "Bearer ${curl.key}"\nwrk.headers["Accept"] = "application/json"\n${text}`);
		return file;
	};
	const read = lua('read', '');
	let posts = 0;
	const post = () => lua(`post-${++posts}`, `local n = 0
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
request = function()
	n = n + 1
	return wrk.format("POST", nil, nil, "product=${stack.demo.PRODUCT}&partner_ref=post-${posts}-" .. n .. "&email=user-" .. n .. "%40bench.example")
end`);
	// The dashboard counts all orders: eight at a time would only measure how they wait for one another, and those that follow.
	const alone = { connections: 1, seconds: 2 * SECONDS };
	const reads = {
		'order read by key': { target: curl.at(order), lua: read },
		'list read by key': { target: '/partner/orders', lua: read },
		'search by reference by key': { target: '/partner/orders?q=ref-50000', lua: read },
		'dashboard by key': { target: '/partner/dashboard', lua: read, ...alone },
		'list': { target: '/partner/orders', cookie },
		'list, in its middle': { target: `/partner/orders?page=${middle}`, cookie },
		'list, filtered': { target: '/partner/orders?status=mailbox_waiting_for_verification', cookie },
		'order': { target: curl.at(order), cookie },
		'dashboard': { target: '/partner/dashboard', cookie, ...alone },
	};
	const word = (name) => name.replace(/\W+/g, '-'), sizes = {};
	for (const [name, { target, lua: script }] of Object.entries(reads))
		sizes[word(name)] = Buffer.byteLength(script ? (await curl.call(target)).text : (await person.get(target)).text);
	const first = await curl.order('first');
	if (first.status !== 201)
		throw new Error(`a new order: ${first.status} ${first.text}`);
	sizes.post = Buffer.byteLength(first.text);
	await emptyStart(stack, sizes);
	for (const service of ['signer', 'mailer', 'callback'])
		await stack.tool('stop', service); // what comes after an order is not what is measured

	const jobs = { 'commits': () => commits(stack, CONNECTIONS), 'empty post': async () => (await load(stack, '/bench/post')).rate,
		'post of a new order': async () => (await load(stack, '/partner/orders', { lua: post() })).rate };
	for (const [name, { target, ...how }] of Object.entries(reads)) {
		jobs[`empty ${name}`] = async () => (await load(stack, `/bench/${word(name)}`, how)).rate;
		jobs[name] = async () => (await load(stack, target, how)).rate;
	}
	const found = await rounds(jobs);
	figure('post of a new order', found['post of a new order'], '/s');
	figure('post of a new order: of the empty program', ratios(found['post of a new order'], found['empty post']));
	figure(`post of a new order: of durable commits by ${CONNECTIONS} connections`, ratios(found['post of a new order'], found.commits));
	for (const name of Object.keys(reads)) {
		figure(name, found[name], '/s');
		figure(`${name}: of the empty program`, ratios(found[name], found[`empty ${name}`]));
	}
	for (const [name, { target, ...how }] of [['post of a new order', { target: '/partner/orders', lua: post() }], ...Object.entries(reads)]) {
		const before = await cpuOf(stack, ['nginx', 'web', 'mariadb']), { total, p50, p99 } = await load(stack, target, how);
		const spent = minus(await cpuOf(stack, ['nginx', 'web', 'mariadb']), before);
		say(`    ${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; CPU a request `
			+ `${Object.entries(spent).map(([who, s]) => `${who} ${Math.round(s * 1e6 / total)}`).join(', ')} us`);
	}
	// Every post that was answered 201 is an order: wrk counts what is no 2xx, and load() has thrown on one.
	const made = Number(sqlRun(stack, "SELECT COUNT(*) FROM orders WHERE partner_ref LIKE 'post-%'"));
	say(`    ${made} orders were posted, ${CONNECTIONS} connections at a time`);
	stack.stopNow();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await parts(['partner'], { partner: async () => ({ default: partner }) });
	process.exit(0);
}
