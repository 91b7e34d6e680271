// growth.mjs - make bench-large: the same pages with an empty database and with ROWS orders (100,000 and 5,000,000 unless
// chosen): lists, search, panel, reports; how long the rows take to make (generate.sql) and how much room they need.
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { ROOT } from '../lib/stack.mjs';
import { Client } from '../lib/client.mjs';
import { at } from '../lib/steps.mjs';
import { cookieOf, cpuOf, emptyStart, figure, load, minus, picture, rounds, say, stackStart } from './lib.mjs';
import { sqlRun } from './orders.mjs';
import { issuedOrder } from './page.mjs';

// A pool that holds what the pages read, as an installation of that size has, and a log that takes the filling.
const DATABASE = `innodb-buffer-pool-size = ${process.env.BENCH_POOL ?? '8G'}\ninnodb-log-file-size = 2G\n`;
const SIZES = (process.env.ROWS ?? '100000 5000000').split(/\s+/).filter(Boolean).map(Number);

function fill(stack, orders) {
	const began = performance.now();
	sqlRun(stack, `SET @orders = ${orders};\n${fs.readFileSync(path.join(ROOT, 'tests/bench/generate.sql'), 'utf8')}\nANALYZE TABLE orders, mailbox, activation, certificate, audit;`);
	figure(`${orders} orders made in`, (performance.now() - began) / 1000, 's');
	const [bytes, rows] = sqlRun(stack, `SELECT SUM(data_length + index_length), (SELECT COUNT(*) FROM orders) FROM information_schema.tables
WHERE table_schema = DATABASE();`).split('\t').map(Number);
	figure(`${orders} orders: the database's room for one`, bytes / rows, 'bytes');
}
// Seconds of each ready-made report, by the admin's command: [the first time, when most of what it reads is on the disk,
// the second time].
function reports(stack) {
	const seconds = {};
	const ask = (name) => {
		const began = performance.now();
		execFileSync(path.join(ROOT, 'tools/stack'), ['ctl', 'report', name], { env: stack.env, stdio: 'ignore', timeout: 120000 });
		return (performance.now() - began) / 1000;
	};
	for (const name of fs.readdirSync(path.join(ROOT, 'sql/reports')).filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -4))) {
		try {
			seconds[name] = [ask(name), ask(name)];
		} catch { /* one that needs an order or a partner named */ }
	}
	return seconds;
}

const SERVED_BY = ['nginx', 'web', 'mariadb'];

export default async function growth() {
	const stack = await stackStart({ database: DATABASE });
	const customer = new Client(stack), partner = new Client(stack);
	// Filling takes longer than a session may be idle.
	const signIn = async () => {
		customer.cookies.clear();
		partner.cookies.clear();
		await customer.signIn();
		await partner.signIn(stack.demo.PARTNER_LOGIN, stack.demo.PARTNER_PASSWORD);
	};
	await signIn();
	const targets = { 'order, fresh': [at(stack.takeOrder()), customer], 'order, issued': [at(await issuedOrder(stack, customer)), customer],
		certificates: ['/certificates', customer], search: ['/certificates?q=issued', customer], dashboard: ['/dashboard', customer],
		'partner dashboard': ['/partner/dashboard', partner], 'partner orders': ['/partner/orders', partner] };
	await emptyStart(stack, { page: 8000 });
	// generate.sql writes what these take ids for; and what it makes is not theirs to send or to sign. Nor do they disturb.
	for (const service of ['signer', 'mailer', 'callback'])
		await stack.tool('stop', service);
	const jobs = { empty: async () => (await load(stack, '/bench/page')).rate };
	let spent = {}; // microseconds of the processor a request, which other work on the machine disturbs less than rates
	for (const [name, [target, who]] of Object.entries(targets))
		jobs[name] = async () => {
			const before = await cpuOf(stack, SERVED_BY), { rate, total } = await load(stack, target, { cookie: cookieOf(who) });
			const used = minus(await cpuOf(stack, SERVED_BY), before);
			(spent[name] ??= []).push(SERVED_BY.reduce((sum, one) => sum + used[one], 0) * 1e6 / total);
			return rate;
		};
	const small = await rounds(jobs), smallSpent = spent, drawn = Object.fromEntries(Object.keys(targets).map((name) => [name, [[1, 1]]]));
	let had = 0;
	for (const size of SIZES) {
		say(`    filling up to ${size} orders`);
		fill(stack, size - had);
		had = size;
		await signIn();
		spent = {};
		const large = await rounds(jobs);
		// Beside the empty program both times, so that what else the machine does falls out.
		for (const name of Object.keys(targets)) {
			const share = large[name].map((rate, i) => (rate / large.empty[i]) / (small[name][i] / small.empty[i]));
			drawn[name].push([size, figure(`${size} orders: ${name}, of the empty database`, share, 'ratio', { least: 0.9 })]);
			figure(`${size} orders: ${name}, processor time a request`, spent[name], 'us');
			figure(`${size} orders: ${name}, the same, times the empty database's`, spent[name].map((us, i) => us / smallSpent[name][i]), 'ratio');
		}
		for (const [name, [first, again]] of Object.entries(reports(stack))) {
			figure(`${size} orders: report ${name}, the first time`, first, 's');
			figure(`${size} orders: report ${name}, again`, again, 's');
		}
	}
	picture('growth.svg', { title: 'Pages of the empty database\'s rate', x: 'orders', y: 'ratio', series: drawn, log: true });
	stack.stopNow();
}
