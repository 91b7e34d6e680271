// stack.mjs - a private stack (tools/stack) for one test file: free ports, a state folder of its own, and nothing
// left behind, also when the tests fail or are interrupted.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = path.join(ROOT, 'tools/stack');

// A loopback port that nobody listens on, below those that the kernel gives to outgoing connections.
async function freePort() {
	for (;;) {
		const port = 10000 + Math.floor(Math.random() * 10000);
		const free = await new Promise((resolve) => {
			const server = net.createServer();
			server.once('error', () => resolve(false));
			server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
		});
		if (free)
			return port;
	}
}

export function sleep(ms) {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

// Call `look` until it gives something true; fail with `what` after so many seconds.
export async function until(what, look, seconds = 20, pause = 100) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const found = await look();
		if (found)
			return found;
		if (Date.now() > end)
			throw new Error(`after ${seconds} s still not: ${what}`);
		await sleep(pause);
	}
}

export class Stack {
	// settings: lines of mailcert.hdf, such as { 'Mail.PollMs': 100 }, where {port} is the stack's; zone: lines added to the DNS; database: to my.cnf.
	// env: more for tools/stack and the programs.
	static async start({ name, settings = {}, zone = '', database = '', orders = 40, workers = 4, env = {} }) {
		const stack = new Stack();
		stack.name = name;
		stack.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mct-'));
		const port = String(await freePort());
		const lines = Object.entries(settings).map(([key, value]) => `${key} = ${String(value).replace('{port}', port)}\n`);
		fs.writeFileSync(path.join(stack.dir, 'local.hdf'), lines.join(''));
		fs.writeFileSync(path.join(stack.dir, 'local.zone'), zone);
		fs.writeFileSync(path.join(stack.dir, 'local.cnf'), database);
		stack.env = {
			...process.env, VAR: stack.dir, PORT: port, ORDERS: String(orders),
			WORKERS: String(workers), B: path.resolve(ROOT, process.env.B ?? 'build/plain'), ...env,
		};
		process.on('exit', stack.stopOnExit = () => stack.stopNow());
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
			process.on(signal, () => process.exit(130));
		try {
			await run(TOOL, ['start'], { env: stack.env, timeout: 120000 });
		} catch (error) {
			stack.stopNow();
			throw new Error(`the stack did not start:\n${error.stderr}`);
		}
		stack.demo = Object.fromEntries(fs.readFileSync(path.join(stack.dir, 'demo.env'), 'utf8').trim().split('\n')
			.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
		stack.url = stack.demo.URL;
		stack.base = (settings['Web.BaseUrl'] ?? stack.url).replace('{port}', port); // what mails and pages call the service
		stack.orders = stack.demo.CUSTOMER_ORDERS.split(',');
		return stack;
	}

	// An order of the demo customer that no test has taken yet.
	takeOrder() {
		const order = this.orders.shift();
		if (order === undefined)
			throw new Error('no unused orders are left; start the stack with more');
		return order;
	}

	async tool(...args) {
		return (await run(TOOL, args, { env: this.env, timeout: 60000 })).stdout;
	}
	async ctl(...args) {
		return this.tool('ctl', ...args);
	}
	// mailcertctl with something on its standard input.
	ctlInput(input, ...args) {
		const done = spawnSync(TOOL, ['ctl', ...args], { env: this.env, input, encoding: 'utf8' });
		if (done.status !== 0)
			throw new Error(`mailcertctl ${args.join(' ')}: ${done.stderr}`);
		return done.stdout;
	}
	// Rows of a query as the database's root, each an array of strings.
	async sql(query) {
		const out = await this.tool('sql', '-BN', this.demo.DB_NAME, '-e', query);
		return out === '' ? [] : out.replace(/\n$/, '').split('\n').map((line) => line.split('\t'));
	}
	async pid(service) {
		return Number(await this.tool('pid', service));
	}
	// The process ids of the workers: the children of multiwatch, whose own is pid('web'). None when it is gone.
	static workersOf(multiwatch) {
		const list = `/proc/${multiwatch}/task/${multiwatch}/children`;
		const children = fs.existsSync(list) ? fs.readFileSync(list, 'utf8').trim() : '';
		return children === '' ? [] : children.split(' ').map(Number);
	}

	// What the programs logged as errors, and reports of the sanitizers.
	complaints(services = ['web', 'signer', 'mailer']) {
		const found = [];
		for (const service of services) {
			const log = path.join(this.dir, 'log', `${service}.log`);
			const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
			found.push(...text.split('\n')
				.filter((line) => / error: |^no column |Sanitizer|runtime error:/.test(line))
				.map((line) => `${service}: ${line}`));
		}
		return found;
	}

	// Stop everything, keep the logs for whoever looks into a failure, remove the rest. Gives the reports of the
	// sanitizers, those of leaks at the programs' ends among them.
	stopNow() {
		process.off('exit', this.stopOnExit);
		if (!fs.existsSync(this.dir))
			return [];
		spawnSync(TOOL, ['stop'], { env: this.env });
		const reports = this.complaints().filter((line) => /Sanitizer|runtime error:/.test(line));
		const logs = path.join(this.dir, 'log');
		if (process.env.TEST_LOGS && fs.existsSync(logs))
			fs.cpSync(logs, path.join(process.env.TEST_LOGS, `stack-${this.name}`), { recursive: true });
		fs.rmSync(this.dir, { recursive: true, force: true });
		return reports;
	}
}
