// database_hosts.mjs - two database hosts, one of which goes silent without closing anything: one worker waits for it in
// vain and tells the others, who go to the next host at once. Two gates before one MariaDB are the hosts; what reaches a
// silent gate is counted. And a host without TLS where TLS is wanted. Whole clusters are tests/cluster's.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { Stack, until } from '../lib/stack.mjs';
import { at } from '../lib/steps.mjs';

const WORKERS = 4, ROUNDS = 3 * WORKERS;
const GOODBYES = [0x01, 0x19]; // COM_QUIT and COM_STMT_CLOSE, to which no answer is awaited

class Gate {
	silent = false;
	asked = new Set(); // connections on which something was asked while it was silent
	open = new Set();
	said = 0; // octets that reached it, ever
	async start(target) {
		this.server = net.createServer((client) => {
			const database = net.connect(target());
			this.open.add(client);
			const end = () => { this.open.delete(client); client.destroy(); database.destroy(); };
			for (const side of [client, database])
				side.on('error', end).on('close', end);
			client.on('data', (bytes) => {
				this.said += bytes.length;
				if (!this.silent)
					database.write(bytes);
				else if (!GOODBYES.includes(bytes[4]))
					this.asked.add(client);
			});
			database.on('data', (bytes) => !this.silent && client.write(bytes));
		});
		await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		this.host = `127.0.0.1:${this.server.address().port}`;
		return this;
	}
}

const stack = await Stack.start({ name: 'database_hosts', orders: 2, workers: WORKERS });
const gates = [await new Gate().start(() => stack.demo.DB_SOCKET), await new Gate().start(() => stack.demo.DB_SOCKET)];
fs.appendFileSync(path.join(stack.dir, 'mailcert.hdf'), `Db.Hosts = ${gates.map((gate) => gate.host)}\nDb.Timeout = 2\nDb.ConnectTimeout = 1\n`);
await stack.tool('stop', 'web');
await stack.tool('start', 'web');
const customer = await new Client(stack).signIn();
after(() => {
	const reports = stack.stopNow();
	gates.forEach((gate) => gate.server.close());
	assert.deepEqual(reports, []);
});
const order = stack.takeOrder();

// Requests one after the other, so that each idle worker has its turn; a POST among them.
let n = 0;
async function ask() {
	for (let i = 0; i < ROUNDS; i++)
		assert.equal((await customer.get(i % 2 === 0 ? '/account' : at(order))).status, 200);
	const email = `hosts${++n}@mailbox.example`;
	assert.equal((await customer.submit(at(order, '/email'), { email })).status, 303);
	assert.deepEqual(await stack.sql(`SELECT email_draft FROM orders WHERE CONCAT(number, '/', item) = '${order}'`), [[email]]);
}

test('all workers use the first host', async () => {
	await until('each of them', async () => {
		await Promise.all(Array.from({ length: WORKERS }, () => customer.get('/account')));
		return gates[0].open.size === WORKERS;
	});
	assert.equal(gates[1].open.size, 0);
});

test('it goes silent: one waits for it, and all serve by the next', async () => {
	gates[0].silent = true;
	await ask();
	assert.equal(gates[0].asked.size, 1, 'workers who asked it something');
	await until('all at the next', async () => {
		await Promise.all(Array.from({ length: WORKERS }, () => customer.get('/account')));
		return gates[1].open.size === WORKERS;
	});
	assert.equal(gates[0].asked.size, 1);
});

test('workers who begin now do not ask it first', async () => {
	const mine = gates[0].asked.size;
	for (const pid of Stack.workersOf(await stack.pid('web')))
		process.kill(pid, 'SIGKILL');
	await until('others', async () => Stack.workersOf(await stack.pid('web')).length === WORKERS);
	await ask();
	assert.equal(gates[0].asked.size, mine);
	assert.ok(gates[1].open.size > 0);
});

test('the next goes silent, and the first is back: all serve by that', async () => {
	gates[0].silent = false;
	gates[0].asked.clear();
	gates[1].silent = true;
	await ask();
	assert.equal(gates[1].asked.size, 1);
	assert.ok(gates[0].open.size > 0);
});

// A network's host must have TLS: the worker, and every other program, does not start with one that could be spoken to in
// clear; and with Db.TlsCa a host that offers none (or whose offer somebody on the way took out) is told nothing.
test('a database over the network is spoken to by TLS, or not at all', async () => {
	const gate = gates[gates.push(await new Gate().start(() => stack.demo.DB_SOCKET)) - 1], config = path.join(stack.dir, 'tls.hdf');
	const plain = fs.readFileSync(path.join(stack.dir, 'mailcert.hdf'), 'utf8').replaceAll(/^Db.Hosts.*\n/gm, '');
	const start = (program, lines, ...args) => new Promise((resolve) => {
		fs.writeFileSync(config, plain + lines);
		execFile(path.join(stack.env.B, program), ['--config', config, ...args], { timeout: 20000 },
			(error, stdout, stderr) => resolve({ status: error === null ? 0 : error.code, says: stdout + stderr })).stdin.end();
	});
	for (const [program, ...args] of [['mailcert-web'], ['mailcert-signer'], ['mailcert-mailer'], ['mailcert-callback'], ['mailcertctl', 'db', 'status']]) {
		const { status, says } = await start(program, 'Db.Hosts = 192.0.2.7:3306\n', ...args);
		assert.ok(Number.isInteger(status) && status > 0, `${program}: ${status} ${says}`);
		assert.match(says, /Db\.Hosts: 192\.0\.2\.7:3306 is not this machine's loopback: TLS is wanted, so Db\.TlsCa/, program);
	}
	const checked = await start('mailcertctl', 'Db.Hosts = 127.0.0.1:3307,db.example\n', 'config', 'check', config);
	assert.match(checked.says, /Db\.Hosts: db\.example .*\n.*1 wrong/);

	const { status } = await start('mailcertctl', `Db.Hosts = ${gate.host}\n`, 'db', 'status');
	assert.deepEqual([status, gate.said > 0], [0, true], 'by the loopback without TLS');
	gate.said = 0;
	const refused = await start('mailcertctl', `Db.Hosts = ${gate.host}\nDb.TlsCa = ${config}\n`, 'db', 'status');
	assert.notEqual(refused.status, 0);
	assert.match(refused.says, /SSL/);
	assert.equal(gate.said, 0, 'not even a name');
});
